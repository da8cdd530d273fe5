# SPDX-License-Identifier: GPL-3.0-or-later
"""One NIC for everything: endpoints have an address of their own on it, by a MAC address of their own or, where the network drops
packets of unknown ones as clouds do, by the NIC's."""
import pytest

from guest import one_nic, only_from
from lab.appliance import allow
from lab.network import run


def lock(tap, mac):
    """The port takes packets of that MAC address alone."""
    run("bridge", "link", "set", "dev", tap, "learning", "off", "locked", "on")
    run("bridge", "fdb", "replace", mac, "dev", tap, "master", "static")


@pytest.mark.full
@pytest.mark.parametrize("attachment", ["macvlan", "ipvlan"])
def test_management_back_ends_and_an_endpoint(guest, subnet, kernel, attachment):
    given = one_nic(subnet, attachment=attachment)
    if attachment == "ipvlan":
        lock(*given.nics[0])
    made = guest(given, kernel=kernel).start().attach()
    api = made.serve(allow(), only_from(subnet.allowed))
    made.serves(api)
    made.refuses(subnet.denied)


@pytest.mark.full
@pytest.mark.parametrize("attachment", ["macvlan", "ipvlan"])
def test_back_ends_are_reached_from_the_endpoint(guest, subnet, kernel, attachment):
    """The back end sees the endpoint's address, and answers it; the policy still refuses whom it refuses."""
    given = one_nic(subnet, attachment=attachment, backend_from="endpoint")
    if attachment == "ipvlan":
        lock(*given.nics[0])
    made = guest(given, kernel=kernel).start().attach()
    api = made.serve(allow(), only_from(subnet.allowed))
    made.serves(api)
    made.refuses(subnet.denied)
    assert subnet.who_asked(given.where, "/pets") >= {made.ipv4}
