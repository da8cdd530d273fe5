# SPDX-License-Identifier: GPL-3.0-or-later
"""`backend_from: endpoint`: back ends in the endpoint's own subnet, which Postern's host has no way to, are called from the endpoint's
address, and their names are asked for from there. Whom the endpoint calls may answer; nobody else gets in, and nothing is ever called
from elsewhere."""
import concurrent.futures
import json
import os
import pathlib
import signal

import pytest

from conftest import Gateway, SERVICE, subnet_settings
from j010_attachments import nic
from lab.appliance import VPC, allow, deny
from lab.backend import NGINX, PETS
from lab.network import Subnet, run, wait_for

LOAD = pathlib.Path(__file__).parents[1] / "lab/load.py"
MANAGEMENT = "127.0.0.1:14586"
CLIENT, BACK_END, NAMES, DENIED = 10, 30, 53, 66
VPCS = {"bridge": VPC, "macvlan": "vpc-0b1c2d3e4f5061729"}
SUBNETS = {"bridge": "subnet-0a1b2c3d4e5f60718", "macvlan": "subnet-0a1b2c3d4e5f60719"}
DOCUMENT = """
openapi: "3.0.1"
info: {{title: from the endpoint, version: "1"}}
paths:
  /pets:
    get:
      responses: {{"200": {{description: pets}}}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: GET, uri: "{uri}", timeoutInMillis: {timeout}}}
"""
# Connects from a port of its own to another: how it ends.
CONNECT = """
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.settimeout(3)
s.bind(("", int(sys.argv[1])))
try:
    s.connect((sys.argv[2], int(sys.argv[3]))); print("connected")
except ConnectionRefusedError:
    print("refused")
except (TimeoutError, socket.timeout):
    print("silent")
"""


class Far:
    """A subnet with a back end and a name server, neither of which has any address but there."""

    def __init__(self, folder, prefix, ipv4, ipv6):
        self.subnet = Subnet(prefix, ipv4, ipv6)
        self.folder = folder / prefix
        self.folder.mkdir(parents=True)
        self.client, self.denied = self.host(CLIENT), self.host(DENIED)
        self.back_end, self.names = self.host(BACK_END), self.host(NAMES)
        listen = ";listen ".join(f"{a}:8080" if "." in a else f"[{a}]:8080" for a in self.back_end.addresses)
        configuration = self.folder / "nginx.conf"
        nginx = NGINX.format(folder=self.folder, listen=listen, pets=PETS)
        # At another port nothing is kept alive.
        once = nginx[nginx.index("  server {"):].replace("8080", "8083").replace("listen ", "keepalive_timeout 0; listen ", 1)
        configuration.write_text(nginx.rstrip().removesuffix("}") + once)
        self.processes = [
            self.back_end.popen("nginx", "-c", configuration),
            self.names.popen("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file",
                             "--user=root", "--log-queries", f"--log-facility={self.folder}/names.log", "--bind-interfaces",
                             f"--host-record=pets.internal,{self.back_end.addresses[0]},{self.back_end.addresses[1]},1")]
        wait_for(lambda: (self.folder / "nginx.pid").exists() and "started" in self.said("names.log"), "the subnet's servers")

    def host(self, number):
        return self.subnet.host(str(self.subnet.ipv4[number]))

    def said(self, log):
        file = self.folder / log
        return file.read_text() if file.exists() else ""

    def callers(self):
        """Who called the back end, by nginx's log."""
        return [line.split()[0] for line in self.said("nginx-access.log").splitlines()]

    def close(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        self.subnet.close()


@pytest.fixture(scope="module")
def place(folder, request):
    """A folder for each of the files whose scenarios these are, by their numbers: names of sockets must be short."""
    return folder / request.module.__name__.rpartition(".")[2][:4]


@pytest.fixture(scope="module")
def far(place):
    made = {"bridge": Far(place / "far", "pv", "10.21.0.0/24", "fd21::/64"),
            "macvlan": Far(place / "far", "pw", "10.22.0.0/24", "fd22::/64")}
    nic(made["macvlan"].subnet, "pw-nic")
    yield made
    run("ip", "link", "delete", "pw-nic", check=False)
    for one in made.values():
        one.close()


@pytest.fixture(scope="module")
def running(place, far, backend):
    settings = subnet_settings(place / "outgoing", MANAGEMENT)
    settings["backend_from"] = "endpoint"
    settings["backend_allow"] = ["127.0.0.0/8"]  # in force here too, and yet no way into the endpoint itself
    settings["name_servers"] = [one.names.addresses[0] for one in far.values()]
    settings["networks"] = [{
        "vpc_id": VPCS[attachment], "subnet_id": SUBNETS[attachment], "availability_zone": "us-east-1a",
        "ipv4_prefix": str(on.ipv4), "ipv4_pool": f"{on.ipv4[100]}-{on.ipv4[103]}",
        "ipv6_prefix": str(on.ipv6), "ipv6_pool": f"{on.ipv6[100]}-{on.ipv6[103]}",
        "attachment": attachment, "interface": interface}
        for attachment, interface, on in (("bridge", "pv-bridge", far["bridge"].subnet), ("macvlan", "pw-nic", far["macvlan"].subnet))]
    made = Gateway(place / "outgoing", settings, management=MANAGEMENT)
    made.made, made.backend = [], backend
    try:
        yield made.start()
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)


class Endpoint:
    """An endpoint in one of the subnets."""

    def __init__(self, running, far, attachment):
        self.running, self.far, self.attachment = running, far[attachment], attachment
        self.id = running.boto3("ec2").create_vpc_endpoint(
            VpcId=VPCS[attachment], VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[SUBNETS[attachment]],
            IpAddressType="dualstack", PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]
        shown = next(e for e in running.postern("status")["endpoints"] if e["id"] == self.id)["addresses"]
        self.ipv4, self.ipv6 = sorted(shown, key=lambda address: ":" in address)

    def get(self, uri, *statements, timeout=3000):
        """What a client of an API with that back end is answered."""
        return self.asker(uri, *statements, timeout=timeout)()

    def make(self, uri, *statements, timeout=3000):
        """An API with that back end; its id."""
        self.running.vpce = self.id
        return self.running.serve_api(*statements, document=DOCUMENT.format(uri=uri, timeout=timeout))

    def asker(self, uri, *statements, timeout=3000):
        """What calls an API with that back end."""
        name = self.running.name_of(self.make(uri, *statements, timeout=timeout))
        return lambda: self.far.client.curl(f"https://{name}/prod/pets", resolve=(name, 443, self.ipv4), ca=self.running.ca)

    def sockets(self, event):
        return self.running.metrics()[f'postern_upstream_endpoint_sockets_total{{event="{event}"}}']

    def why(self, answer):
        """What the access log says of it."""
        def line():
            log = (self.running.folder / "log" / "access.log").read_text().splitlines()
            return next((one for one in log if answer.headers["x-amzn-requestid"] in one), None)
        return json.loads(wait_for(line, "the line of the access log"))["integrationError"]

    def delete(self):
        self.running.boto3("ec2").delete_vpc_endpoints(VpcEndpointIds=[self.id])
        wait_for(lambda: self.id not in run("ip", "netns", "list").stdout, "the endpoint's end")

    def run(self, *command):
        return run("ip", "netns", "exec", f"postern-{self.id}", *command).stdout


@pytest.fixture(scope="module")
def endpoints(running, far):
    made = {attachment: Endpoint(running, far, attachment) for attachment in SUBNETS}
    yield made
    for endpoint in made.values():
        endpoint.delete()


@pytest.fixture(autouse=True)
def nothing_else(running):
    yield
    for api in running.made:
        running.boto3("apigateway").delete_rest_api(restApiId=api)
    running.made.clear()


@pytest.fixture(params=SUBNETS)
def endpoint(endpoints, request):
    return endpoints[request.param]


def test_the_host_has_no_way_to_the_back_end(far):
    """Whatever the host's own network has at these addresses, it is not this."""
    for one in far.values():
        assert PETS not in run("curl", "-s", "--max-time", "1", f"http://{one.back_end.addresses[0]}:8080/pets", check=False).stdout


def test_a_method_is_tried_from_the_endpoints_address(running, endpoint):
    """TestInvokeMethod calls back ends from where the API's clients have them called."""
    client, url = running.boto3("apigateway"), f"http://{endpoint.far.back_end.addresses[0]}:8080/pets"
    api = endpoint.make(url)
    resource = next(r["id"] for r in client.get_resources(restApiId=api)["items"] if r["path"] == "/pets")
    got = client.test_invoke_method(restApiId=api, resourceId=resource, httpMethod="GET")
    assert (got["status"], got["body"]) == (200, PETS)
    assert f"Endpoint request URI: {url}\n" in got["log"]
    wait_for(lambda: endpoint.far.callers()[-1:] == [endpoint.ipv4], "the line of nginx's log")


@pytest.mark.parametrize("family", [4, 6])
def test_a_back_end_of_the_subnet_is_called_from_the_endpoints_address(endpoint, family):
    ipv4, ipv6 = endpoint.far.back_end.addresses
    get = endpoint.asker(f"http://{ipv4}:8080/pets" if family == 4 else f"http://[{ipv6}]:8080/pets")
    before = len(endpoint.far.callers())
    answers = [get() for _ in range(3)]
    assert [(a.status, len(a.json())) for a in answers] == [(200, 3)] * 3, answers
    assert set(endpoint.far.callers()[before:]) == {endpoint.ipv4 if family == 4 else endpoint.ipv6}


def test_its_name_is_asked_for_from_there(endpoint):
    """The name server of the other subnet, which is asked in vain, stands first or second in the settings."""
    answer = endpoint.get("http://pets.internal:8080/pets", timeout=10000)
    assert (answer.status, len(answer.json())) == (200, 3), answer
    assert f"query[A] pets.internal from {endpoint.ipv4}" in endpoint.far.said("names.log")


def test_a_name_that_does_not_exist_there(endpoint):
    answer = endpoint.get("http://nobody.internal:8080/pets", timeout=10000)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "InternalServerErrorException"), answer


def test_denied_sources_are_denied_still(endpoint):
    """Among them the back end itself: it may answer, and not ask."""
    far = endpoint.far
    uri = f"http://{far.back_end.addresses[0]}:8080/pets"
    closed = deny("NotThese", "IpAddress", "aws:VpcSourceIp", f"{far.denied.addresses[0]}/32", f"{far.back_end.addresses[0]}/32")
    get = endpoint.asker(uri, allow(), closed)
    wait_for(lambda: far.denied.connect_milliseconds(endpoint.ipv4, 443)[0] == "refused", "the filter to follow")
    assert get().status == 200
    assert far.back_end.connect_milliseconds(endpoint.ipv4, 443)[0] == "refused"
    assert endpoint.running.filter_event(far.back_end.addresses[0], "NotThese", endpoint.id)["reason"] == "source_denied"
    assert get().status == 200


def test_nobody_else_reaches_the_ports_of_such_connections(endpoint):
    far, running = endpoint.far, endpoint.running
    back_end = far.back_end.addresses[0]
    assert endpoint.get(f"http://{back_end}:8080/pets").status == 200

    def kept():  # the connection is kept for the next call
        lines = [line.split() for line in endpoint.run("ss", "-Htn", "state", "established", "dst", back_end).splitlines()]
        return [int(line[-2].rpartition(":")[2]) for line in lines]

    port = wait_for(kept, "the connection to the back end")[0]
    before = running.dropped("port_refused")
    for host, source_port, target in ((far.denied, 8080, port), (far.client, 8080, port), (far.back_end, 40001, port),
                                      (far.back_end, 40002, port ^ 1), (far.names, 40003, port)):
        outcome = host.run("/usr/bin/python3", "-c", CONNECT, source_port, endpoint.ipv4, target).stdout.strip()
        assert outcome == "refused", (host.name, source_port, target)
    wait_for(lambda: running.dropped("port_refused") >= before + 5, "the counter")
    assert kept()[0] == port  # nothing of it touched the connection


def test_what_only_the_host_reaches_is_not_reached(endpoint, backend):
    assert run("curl", "-s", f"{backend.url}/pets").returncode == 0
    before = len(backend.requests("/pets"))
    answer = endpoint.get(f"{backend.url}/pets", timeout=1000)
    assert answer.status == 504 and endpoint.why(answer) == "the back end did not accept a connection", answer
    assert len(backend.requests("/pets")) == before


@pytest.mark.parametrize("where", ["its own address", "its own IPv6 address", "loopback", "another of loopback", "metadata"])
def test_a_place_that_no_back_end_may_have(endpoint, where):
    address = {"its own address": endpoint.ipv4, "its own IPv6 address": f"[{endpoint.ipv6}]", "loopback": "127.0.0.1",
               "another of loopback": "127.0.0.9", "metadata": "169.254.169.254"}[where]
    answer = endpoint.get(f"http://{address}:443/pets", timeout=1000)
    assert answer.status == 504 and answer.seconds < 1, answer
    assert endpoint.why(answer) == "the back end's address is not allowed"


def test_one_endpoints_connections_are_not_anothers(endpoints):
    """The same back end, an address that both subnets could have: each endpoint has its own way to it, or none."""
    uri = f"http://{endpoints['bridge'].far.back_end.addresses[0]}:8080/pets"
    first, second = endpoints["bridge"].asker(uri), endpoints["macvlan"].asker(uri, timeout=1000)
    assert first().status == 200
    assert second().status == 504
    assert first().status == 200


def test_a_back_end_that_keeps_nothing_alive_under_load(endpoint):
    """Every request takes a new socket: workers order them as they need them, and no request fails for want of one."""
    far, running = endpoint.far, endpoint.running
    api = endpoint.make(f"http://{far.back_end.addresses[0]}:8083/pets")
    used = endpoint.sockets("used")
    done = json.loads(far.client.run("/usr/bin/python3", LOAD, "--address", endpoint.ipv4, "--port", "443", "--name", running.name_of(api),
                                     "--path", "/prod/pets", "--ca", running.ca, "--threads", "16", "--seconds", "2",
                                     "--keep-alive").stdout.splitlines()[-1])
    assert set(done["statuses"]) == {"200"} and not done["failures"], done
    count = done["statuses"]["200"]
    wait_for(lambda: endpoint.sockets("used") - used >= count, "the counter")
    assert endpoint.sockets("waited") < endpoint.sockets("used") / 2, "most calls found a socket ready"
    print(f"{count} requests, each on a connection of its own")


def test_sockets_are_counted(endpoint):
    sockets = endpoint.sockets

    used = sockets("used")
    endpoint.get(f"http://{endpoint.far.back_end.addresses[0]}:8081/pets")  # nobody listens: nothing is kept alive
    wait_for(lambda: sockets("used") > used, "the counter")
    assert sockets("received") >= sockets("used")


def test_a_new_gateway_and_a_new_posternd(endpoint):
    running = endpoint.running
    uri = f"http://{endpoint.far.back_end.addresses[0]}:8080/pets"
    get = endpoint.asker(uri)
    assert get().status == 200
    killed = running.kill("postern-gateway")
    wait_for(lambda: running.children("postern-gateway") not in ([], [killed]), "a new gateway")
    assert get().status == 200
    fresh = endpoint.asker(f"http://[{endpoint.far.back_end.addresses[1]}]:8080/pets", timeout=20000)
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(fresh) for _ in range(4)]  # for sockets, those of them that need some
        running.start()
        assert [answer.result().status for answer in waiting] == [200] * 4


def test_a_deleted_endpoint_leaves_no_descriptor(running, far):
    def descriptors():
        return len(list(pathlib.Path(f"/proc/{running.children('postern-gateway')[0]}/fd").iterdir()))

    before = descriptors()
    endpoint = Endpoint(running, far, "bridge")
    assert endpoint.get(f"http://{far['bridge'].back_end.addresses[0]}:8080/pets").status == 200
    assert descriptors() > before
    endpoint.delete()
    wait_for(lambda: descriptors() <= before, "the gateway to let go of the namespace")
