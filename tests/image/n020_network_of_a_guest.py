# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's network-config, or a DHCP server, says about its network is what it does: addresses, names of back ends, time."""
import pytest

from guest import two_nics
from lab.appliance import allow
from lab.network import wait_for

PETS = "pets.corp.example"


def by_name(made):
    """An API whose back end has a name, which only the subnet's DNS server knows."""
    made.given.backend = made.given.backend.replace(str(made.given.where.ipv4[2]), PETS)
    return made.serve(allow())


@pytest.mark.full
@pytest.mark.long
def test_dhcp_late_names_and_time(guest, subnet, root):
    """Without a network-config: DHCP, DHCPv6, router advertisements on the first NIC; the other is the endpoint's. The start does not wait for
    ever, and what servers say later holds: addresses, names of back ends, time. One that says another time server is heeded, too."""
    given = two_nics(subnet)
    given.settings["management"] = [f"0.0.0.0:{given.PORT}", f"[::]:{given.PORT}"]
    made = guest(given)
    made.words.pop("network-config")
    machine = made.boot()
    machine.wait(r"init: serving after")
    assert machine.said(r"network: eth0: DHCP DHCPv6 router-advertisements")
    with (subnet.dhcp(given.where, (given.nics[0][1], *given.addresses), names=[PETS]), subnet.time(given.where, root / "usr/sbin/chronyd")):
        machine.wait(r"lease: eth0: name servers 10\.40\.0\.2")
        wait_for(lambda: made.operator.run("curl", "-sk", f"{made.management}/", check=False).returncode == 0, "management")
        made.trust()
        made.attach()
        made.serves(by_name(made))
        at = machine.wait(r"chronyd: .*Selected source 10\.40\.0\.2")
    with another_time_server(subnet, given):
        for is_up, said in ((False, "carrier lost"), (True, "carrier acquired")):
            machine.order("set_link", name="n0", up=is_up)
            machine.wait(f"dhcpcd: eth0: {said}", at)
        at = machine.wait("chronyd: .*exiting", at)
        machine.wait("chronyd: .*starting", at)
    assert not machine.said("chronyd: .*(denied|Could not)")


def another_time_server(subnet, given):
    """A DHCP server that names a source of time where there is none."""
    return subnet.running(subnet.services[given.where], "dnsmasq-time", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                          "--no-hosts", "--user=root", "--log-facility=-", "--pid-file", f"--dhcp-leasefile={subnet.folder}/leases-time", "--no-ping",
                          "--interface=eth0", "--bind-interfaces", "--dhcp-authoritative", f"--dhcp-host={given.mac(0)},{given.addresses[0]}",
                          f"--dhcp-range={given.where.ipv4[200]},{given.where.ipv4[220]},{given.where.ipv4.netmask},10m",
                          f"--dhcp-option=option:ntp-server,{given.where.ipv4[62]}", says="started")


@pytest.mark.full
@pytest.mark.long
def test_names_that_are_given_and_a_name_server(guest, subnet):
    """NICs get names by their MAC addresses, crosswise, and settings use these; the name server is given, and so is a wrong value."""
    given = two_nics(subnet)
    first = given.network["ethernets"]["first"]
    first |= {"set-name": "eth1", "mtu": 1400, "nameservers": {"addresses": [str(given.where.ipv4[2])], "search": ["corp.example"]},
              "gateway4": "no address"}
    given.network["ethernets"]["second"] = {"match": {"macaddress": given.mac(1)}, "set-name": "eth0"}
    given.settings["networks"][0]["interface"] = "eth0"
    made = guest(given)
    with subnet.dhcp(given.where, names=[PETS]):
        made.start().attach()
        made.serves(by_name(made))
    assert made.machine.said(r"network: network-config:\d+:\d+: ethernets\.first\.gateway4: must be an IPv4 address: left out")
    assert made.machine.said(r"network: eth0: for an endpoint")


@pytest.mark.full
@pytest.mark.long
def test_a_nic_for_endpoints_alone(guest, subnet):
    """One that no network-config names and `networks` has carry links: it is up, and has no address of the appliance's own."""
    given = two_nics(subnet)
    given.settings["networks"][0] |= {"attachment": "macvlan", "interface": "eth1"}
    made = guest(given).start().attach()
    made.serves(made.serve(allow()))
    assert made.machine.said(r"network: eth1: for endpoints' links")
    # Nothing of the appliance answers on the clients' side, not even to its link-local address.
    neighbours = subnet.allowed.run("ping", "-6", "-c", "2", "-W", "1", "ff02::1%eth0", check=False).stdout
    assert given.nics[1][1].replace("52:54", "5054") not in neighbours
