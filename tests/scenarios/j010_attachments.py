# SPDX-License-Identifier: GPL-3.0-or-later
"""One endpoint in three subnets, attached in each of the three ways: a veth on a bridge, a macvlan on a NIC, a whole NIC. Each
serves IPv4 and IPv6 behind its filter; routed clients reach it; deleting it and `postern down` remove what Postern made, no more."""
import ipaddress
import json

import pytest

from conftest import Gateway, SERVICE, subnet_settings
from lab.appliance import VPC, allow, deny
from lab.network import Host, Subnet, run, wait_for

MANAGEMENT = "127.0.0.1:14578"
CLIENT, DENIED = 10, 66
SUBNETS = {"bridge": "subnet-0a1b2c3d4e5f60718", "macvlan": "subnet-0a1b2c3d4e5f60719", "nic": "subnet-0a1b2c3d4e5f6071a"}


def links(namespace=None):
    """Names of the links of this or another namespace."""
    where = ["-n", namespace] if namespace else []
    return {link["ifname"]: link for link in json.loads(run("ip", *where, "-j", "-d", "link").stdout)}


def namespaces():
    return {line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines()}


def nic(subnet, name):
    """A NIC of this host that is cabled to the subnet: one end of a veth whose other end is a port of the bridge."""
    run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-port")
    run("ip", "link", "set", f"{name}-port", "master", subnet.bridge, "up")
    run("ip", "link", "set", name, "up")


@pytest.fixture(scope="module")
def subnets():
    made = {"bridge": Subnet("pj", "10.21.0.0/24", "fd21::/64"), "macvlan": Subnet("pk", "10.22.0.0/24", "fd22::/64"),
            "nic": Subnet("pm", "10.23.0.0/24", "fd23::/64")}
    nic(made["macvlan"], "pk-nic")
    nic(made["nic"], "pm-nic")
    yield made
    for name in ("pk-nic", "pm-nic"):
        run("ip", "link", "delete", name, check=False)
    for subnet in made.values():
        subnet.close()


@pytest.fixture(scope="module")
def router(subnets):
    """Joins the first two subnets, and a network that is not the VPC's."""
    made = Host("pj-router")
    for subnet in ("bridge", "macvlan"):
        on = subnets[subnet]
        run("ip", "link", "add", f"{on.prefix}-r", "type", "veth", "peer", "name", on.prefix, "netns", made.name)
        run("ip", "link", "set", f"{on.prefix}-r", "master", on.bridge, "up")
        made.run("ip", "address", "add", f"{on.ipv4[1]}/24", "dev", on.prefix)
        made.run("ip", "address", "add", f"{on.ipv6[1]}/64", "dev", on.prefix, "nodad")
        made.run("ip", "link", "set", on.prefix, "up")
    for setting in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"):
        made.run("sysctl", "-qw", setting)
    made.run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
    yield made
    made.close()


@pytest.fixture(scope="module")
def settings(folder, subnets):
    made = subnet_settings(folder / "attachments", MANAGEMENT)
    made["networks"] = []
    for zone, (attachment, interface) in zip("abc", (("bridge", "pj-bridge"), ("macvlan", "pk-nic"), ("nic", "pm-nic"))):
        on = subnets[attachment]
        made["networks"].append({
            "vpc_id": VPC, "subnet_id": SUBNETS[attachment], "availability_zone": f"us-east-1{zone}",
            "ipv4_prefix": str(on.ipv4), "ipv4_pool": f"{on.ipv4[100]}-{on.ipv4[103]}", "ipv4_gateway": str(on.ipv4[1]),
            "ipv6_prefix": str(on.ipv6), "ipv6_pool": f"{on.ipv6[100]}-{on.ipv6[103]}", "ipv6_gateway": str(on.ipv6[1]),
            "attachment": attachment, "interface": interface})
    return made


@pytest.fixture(scope="module")
def running(folder, subnets, settings, backend):
    made = Gateway(folder / "attachments", settings, management=MANAGEMENT)
    made.made, made.backend = [], backend
    try:
        yield made.start()
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)


@pytest.fixture
def endpoint(running):
    """make(attachment, …): an endpoint in these subnets; its addresses by attachment. Deleted with the scenario."""
    ec2, made = running.boto3("ec2"), []

    def make(*attachments):
        running.vpce = ec2.create_vpc_endpoint(
            VpcId=VPC, VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[SUBNETS[a] for a in attachments],
            IpAddressType="dualstack")["VpcEndpoint"]["VpcEndpointId"]
        made.append(running.vpce)
        shown = next(e for e in running.postern("status")["endpoints"] if e["id"] == running.vpce)["addresses"]
        addresses = {}
        for network in running.settings["networks"]:
            within = [a for a in shown if any(ipaddress.ip_address(a) in ipaddress.ip_network(network[k]) for k in ("ipv4_prefix", "ipv6_prefix"))]
            if within:
                addresses[network["attachment"]] = sorted(within, key=lambda a: ":" in a)
        assert sum(map(len, addresses.values())) == len(shown) == 2 * len(attachments)
        return addresses

    yield make
    for api in running.made:
        running.boto3("apigateway").delete_rest_api(restApiId=api)
    running.made.clear()
    left = {e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    for vpce in set(made) & left:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[vpce])
        wait_for(lambda: f"postern-{vpce}" not in namespaces(), "the endpoint's end")


def test_each_attachment_serves_behind_its_filter(running, subnets, endpoint):
    addresses = endpoint("bridge", "macvlan", "nic")
    denied = [f"{part}/128" if ":" in part else f"{part}/32" for on in subnets.values()
              for part in (str(on.ipv4[DENIED]), on.ipv6_of(str(on.ipv4[DENIED])))]
    api = running.serve_api(allow(), deny("NotThese", "IpAddress", "aws:VpcSourceIp", *denied))
    for attachment, on in subnets.items():
        client, refused = on.host(str(on.ipv4[CLIENT])), on.host(str(on.ipv4[DENIED]))
        for address in addresses[attachment]:
            assert running.get(client, api, "/health", address=address).status == 200, (attachment, address)
            outcome, milliseconds = refused.connect_milliseconds(address, 443)
            assert (outcome, milliseconds < 50) == ("refused", True), (attachment, address, outcome, milliseconds)
        running.filter_event(str(on.ipv4[DENIED]))


@pytest.mark.parametrize("attachment", ["bridge", "macvlan", "nic"])
def test_an_address_that_an_earlier_endpoint_had(running, subnets, endpoint, attachment):
    """Clients that remember the earlier one's MAC are told the new one: they need not wait until their cache runs out."""
    on = subnets[attachment]
    client = on.host(str(on.ipv4[CLIENT]))
    given = []
    for _ in range(2):
        given.append(endpoint(attachment)[attachment])
        for address in given[-1]:
            assert client.connect_milliseconds(address, 443)[0] == "connected"
        running.boto3("ec2").delete_vpc_endpoints(VpcEndpointIds=[running.vpce])
        wait_for(lambda: f"postern-{running.vpce}" not in namespaces(), "the endpoint's end")
    assert given[0] == given[1]


def test_a_client_behind_a_router(running, subnets, endpoint, router):
    addresses = endpoint("bridge")["bridge"]
    api = running.serve_api(allow())
    client, near = subnets["macvlan"].host("10.22.0.20"), subnets["bridge"]
    client.run("ip", "route", "replace", str(near.ipv4), "via", "10.22.0.1")
    client.run("ip", "-6", "route", "replace", str(near.ipv6), "via", "fd22::1")
    for address in addresses:
        assert running.get(client, api, "/health", address=address).status == 200, address


def test_a_source_outside_of_the_vpc_is_not_admitted(running, endpoint, router):
    address = endpoint("bridge")["bridge"][0]
    running.serve_api(allow())
    before = running.dropped("source_not_admitted")
    done = router.run("curl", "-sk", "--interface", "192.0.2.1", "--connect-timeout", "1", f"https://{address}/ping", check=False)
    assert done.returncode in (7, 28)  # refused, or no answer
    wait_for(lambda: running.dropped("source_not_admitted") > before, "the drop in the counters")
    assert running.filter_event("192.0.2.1")["reason"] == "source_not_admitted"


def test_a_subnet_that_has_no_address_left(running, endpoint):
    ec2, others = running.boto3("ec2"), namespaces()
    for _ in range(4):
        ec2.create_vpc_endpoint(VpcId=VPC, VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[SUBNETS["bridge"]],
                                PrivateDnsEnabled=False)
    before = namespaces()
    code, text = running.aws_error("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name",
                                   SERVICE, "--subnet-ids", SUBNETS["bridge"], "--no-private-dns-enabled")
    assert code == "InsufficientFreeAddressesInSubnet", text
    assert namespaces() == before
    ec2.delete_vpc_endpoints(VpcEndpointIds=[e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]])
    wait_for(lambda: not namespaces() - others, "the endpoints' end")


def test_deleting_an_endpoint_gives_everything_back(running, endpoint):
    before_links, before_namespaces = set(links()), namespaces()
    endpoint("bridge", "macvlan", "nic")
    assert "pm-nic" not in links() and "pm-nic" in links(f"postern-{running.vpce}")
    assert namespaces() - before_namespaces == {f"postern-{running.vpce}"}
    running.aws("ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", running.vpce)
    wait_for(lambda: namespaces() == before_namespaces, "the namespace's end")
    wait_for(lambda: set(links()) == before_links, "the links of before")
    assert running.postern("status")["endpoints"] == []
    assert run("tc", "qdisc", "show", "dev", "pm-nic").stdout.count("clsact") == 0  # the NIC comes back without our filter


def test_posternd_is_killed(running, subnets, endpoint):
    """Its successor adopts the endpoint whatever it is attached by, and makes nothing twice."""
    addresses = endpoint("bridge", "macvlan", "nic")
    api = running.serve_api(allow())
    before = set(links()), namespaces(), set(links(f"postern-{running.vpce}"))
    running.process.kill()
    running.process.wait(10)
    running.start()
    wait_for(lambda: running.postern("status")["endpoints"], "the successor to know its endpoint", 15)
    assert (set(links()), namespaces(), set(links(f"postern-{running.vpce}"))) == before
    for attachment, on in subnets.items():
        assert running.get(on.host(str(on.ipv4[CLIENT])), api, "/health", address=addresses[attachment][0]).status == 200


def test_down_removes_what_postern_made_and_nothing_else(running, subnets, endpoint):
    before_links, before_namespaces = set(links()), namespaces()
    endpoint("bridge", "macvlan", "nic")
    theirs = Host("postern-of-somebody-else")  # names that look like ours
    run("ip", "link", "add", "pe0123456789ab", "type", "veth", "peer", "name", "pe-peer")
    try:
        done = run(running.build / "postern", "down", "--settings", running.settings_file)
        assert "down: 1 endpoint removed" in done.stdout
        assert running.process.wait(15) == 0
        assert namespaces() == before_namespaces | {theirs.name}
        assert set(links()) == before_links | {"pe0123456789ab", "pe-peer"}
        again = run(running.build / "postern", "down", "--settings", running.settings_file, "--json")
        assert json.loads(again.stdout) == {"removed": 0, "complete": True}
        running.start()  # the store knows the endpoint: the next start makes it again
        wait_for(lambda: f"postern-{running.vpce}" in namespaces(), "the endpoint of before")
    finally:
        theirs.close()
        run("ip", "link", "delete", "pe0123456789ab", check=False)
