# SPDX-License-Identifier: GPL-3.0-or-later
"""What network-config says, and what DHCP servers and routers say, is the appliance's network: the image's own programs against a real
dnsmasq."""
import contextlib
import json

import pytest

from lab.network import wait_for
from namespace_machine import CONFIG, NamespaceMachine

SERVER4, SERVER6 = "10.20.0.2", "fd20:5071:e2::2"
DHCP4 = "--dhcp-range=10.20.0.200,10.20.0.220,255.255.255.0,10m"
DHCP6 = "--dhcp-range=fd20:5071:e2::200,fd20:5071:e2::220,64,10m"

# Whoever is a router on eth0's link says so, to all.
SOLICIT = ("import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6); "
           "s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255); "
           "s.sendto(bytes([133] + 7 * [0]), ('ff02::2', 0, 0, socket.if_nametoindex('eth0')))")


@pytest.fixture
def box(tmp_path, subnet):
    made = NamespaceMachine(tmp_path, subnet.private, subnet.manage)
    yield made
    made.close()


@pytest.fixture
def dnsmasq(tmp_path, subnet):
    """dnsmasq(option, …): on the subnet's host of services, while the block lasts."""
    def start(*options):
        return subnet.running(subnet.services[subnet.private], "dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                              "--no-hosts", "--user=root", "--log-facility=-", "--pid-file", f"--dhcp-leasefile={tmp_path}/leases", "--no-ping",
                              "--interface=eth0", "--bind-interfaces", "--dhcp-authoritative", *options, says="started")
    return start


def test_everything_that_is_static(box):
    said = box.start("""
network:
  version: 2
  ethernets:
    clients:
      match: {name: eth0}
      set-name: eth1
      mtu: 1400
      addresses: [10.20.0.50/24, "fd20:5071:e2::50/64"]
      gateway4: 10.20.0.1
      gateway6: "fd20:5071:e2::1"
      routes:
        - {to: 10.77.1.2/16, via: 10.20.0.7, metric: 50}
        - {to: 192.0.2.0/24, via: 198.51.100.1, on-link: true}
        - {to: 203.0.113.0/24, via: 9.9.9.9}
      nameservers: {addresses: [10.20.0.2, "fe80::53"], search: [corp.example]}
    others: {match: {name: eth1}, set-name: eth0, accept-ra: false, addresses: [10.40.0.50/24]}
""")
    assert "route to 203.0.113.0/24 via 9.9.9.9" in said and "on-link" in said
    assert box.addresses("eth1") == ["10.20.0.50/24", "fd20:5071:e2::50/64"]
    assert box.addresses("eth0") == ["10.40.0.50/24"]
    assert box.routes() == {(4, "default", "10.20.0.1"), (4, "10.77.0.0/16", "10.20.0.7"), (4, "192.0.2.0/24", "198.51.100.1"),
                            (6, "default", "fd20:5071:e2::1")}
    assert json.loads(box.run("ip", "-j", "link", "show", "eth1").stdout)[0]["mtu"] == 1400
    assert box.resolver() == "nameserver 10.20.0.2\nnameserver fe80::53%eth1\nsearch corp.example\n"
    assert box.client is None
    # An address can be listened on from the first moment, before the link has been asked for another owner.
    box.run("python3", "-c", "import socket; socket.create_server(('fd20:5071:e2::50', 4566), family=socket.AF_INET6)")


def test_without_network_config(box, dnsmasq):
    with dnsmasq(DHCP4, DHCP6, "--enable-ra", "--domain=corp.example", "--dhcp-option=option6:domain-search,six.example"):
        assert "eth0: DHCP DHCPv6 router-advertisements" in box.start()
        box.wait_for_resolver(f"nameserver {SERVER4}\n", f"nameserver {SERVER6}\n", "nameserver fe80::", "search corp.example six.example\n")
    addresses = box.addresses()
    assert len(addresses) == 2 and addresses[0].startswith("10.20.0.2") and addresses[1].startswith("fd20:5071:e2::2"), addresses
    assert (4, "default", SERVER4) in box.routes()
    assert any(family == 6 and to == "default" and via.startswith("fe80::") for family, to, via in box.routes() if via)
    assert box.addresses("eth1") == []
    # What its child that meets the network may do: nothing as root.
    users = box.run("ps", "-C", "dhcpcd", "-o", "user=,args=").stdout.split("\n")
    assert sum(line.startswith("dhcpcd") for line in users) >= 2 and sum(line.startswith("root") for line in users) == 1, users


def test_servers_that_change_their_mind(box, dnsmasq):
    with dnsmasq(DHCP4, "--dhcp-option=option:dns-server,10.20.0.7"):
        box.start("ethernets: {eth0: {dhcp4: true, accept-ra: false, nameservers: {addresses: [10.20.0.9]}}}")
        box.wait_for_resolver("nameserver 10.20.0.9\nnameserver 10.20.0.7\n")
        before = box.addresses()
    with dnsmasq(DHCP4, "--dhcp-option=option:dns-server,10.20.0.8"):
        box.run("ip", "link", "set", "eth0", "down")
        box.run("ip", "link", "set", "eth0", "up")
        box.wait_for_resolver("nameserver 10.20.0.9\nnameserver 10.20.0.8\n")
    assert "10.20.0.7" not in box.resolver()
    assert box.addresses() == before


def test_hostile_words_of_servers(box, dnsmasq):
    with dnsmasq(DHCP4, "--dhcp-option-force=15,a b;$(reboot) `x`", "--dhcp-option=option:dns-server,10.20.0.7",
                 "--dhcp-option-force=119,0a:6e:61:6d:65:20:73:65:72:76:0a:00"):
        box.start("ethernets: {eth0: {dhcp4: true, accept-ra: false}}")
        box.wait_for_resolver("nameserver 10.20.0.7\n")
    assert set(box.resolver()) <= set("abcdefghijklmnopqrstuvwxyz0123456789. \n"), box.resolver()
    assert "$" not in box.resolver() and "`" not in box.resolver()


def test_dhcpv6_without_routers(box, dnsmasq):
    with dnsmasq(DHCP6):
        box.start("ethernets: {eth0: {dhcp6: true, accept-ra: false}}")
        box.wait_for_resolver(f"nameserver {SERVER6}\n")
    assert [a for a in box.addresses() if a.startswith("fd20:5071:e2::2")], box.addresses()


@pytest.mark.parametrize("said, addresses, names", [("accept-ra: true", True, True), ("optional: true", True, False), ("accept-ra: false", False, False)])
def test_router_advertisements(box, dnsmasq, said, addresses, names):
    """true: addresses, routes and name servers; not said: the kernel takes addresses and routes; false: nothing."""
    with dnsmasq("--dhcp-range=fd20:5071:e2::,ra-only,64,10m", "--enable-ra") as server:
        box.start(f"ethernets: {{eth0: {{{said}}}, eth1: {{accept-ra: false, addresses: [10.40.0.50/24]}}}}")
        if addresses:
            wait_for(lambda: box.addresses(), "an address")
        if names:
            box.wait_for_resolver("nameserver fe80::")
        before = server.text().count("RTR-ADVERT")
        wait_for(lambda: box.run("python3", "-c", SOLICIT, check=False).returncode == 0 and server.text().count("RTR-ADVERT") > before, "a router")
    assert bool(box.addresses()) == addresses
    assert ("nameserver" in box.resolver()) == names


@pytest.mark.parametrize("said", ["dhcp4: true, dhcp6: true", "optional: true"])
def test_given_routes_win(box, dnsmasq, said):
    """Over those of DHCP and of routers, whether these are heard by dhcpcd or by the kernel."""
    with dnsmasq(DHCP4, "--dhcp-range=fd20:5071:e2::,slaac,64,10m", "--enable-ra"):
        box.start("ethernets: {eth0: {addresses: [10.20.0.50/24, 'fd20:5071:e2::50/64'], gateway4: 10.20.0.7, gateway6: 'fd20:5071:e2::7', " + said + "}}")
        wait_for(lambda: any(family == 6 and to == "default" and via.startswith("fe80::") for family, to, via in box.routes() if via), "a router")
        if "dhcp4" in said:
            wait_for(lambda: (4, "default", SERVER4) in box.routes(), "a route of DHCP")
        for to, via in (("192.0.2.1", "10.20.0.7"), ("2001:db8::1", "fd20:5071:e2::7")):
            wait_for(lambda: json.loads(box.run("ip", "-j", "route", "get", to).stdout)[0]["gateway"] == via, f"{to} by {via}")


def test_nics_of_endpoints(box):
    """One that `networks` moves gets its name and stays down; one that carries links is up, without any address."""
    box.run("mkdir", "-p", "/var/lib/system")
    settings = "networks: [{attachment: nic, interface: service}, {attachment: macvlan, interface: eth1}]"
    box.write(f"{CONFIG}/source/user-data", settings)
    box.write("/var/lib/system/user-data", settings)
    said = box.start("ethernets: {a: {match: {name: eth0}, set-name: service, dhcp4: true}}")
    assert "service is given to an endpoint" in said and "service: for an endpoint" in said
    links = {one["ifname"]: one for one in json.loads(box.run("ip", "-j", "address").stdout)}
    assert "UP" not in links["service"]["flags"] and "UP" in links["eth1"]["flags"]
    assert links["eth1"]["addr_info"] == [] and box.client is None


def test_version_1_is_refused(box, dnsmasq):
    with dnsmasq(DHCP4):
        said = box.start("version: 1\nconfig: [{type: physical, name: eth0}]\n")
        assert "network-config:1:10: only version 2 is understood" in said and "set up by DHCP" in said
        wait_for(lambda: box.addresses(), "an address")
