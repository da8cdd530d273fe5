# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose battery says 1970: certificates hold for clients who know better, and a time server sets it right."""
import pytest

from conftest import BUILD
from guest import only_from, two_nics
from lab.appliance import CallFailed, allow
from lab.network import wait_for

import packages

EPOCH = "1970-01-01T00:00:00"


def is_right(made):
    """Signatures are refused by a clock that is minutes off."""
    try:
        return made.postern("status")
    except CallFailed:
        return None


@pytest.mark.full
def test_a_battery_that_is_empty(guest, subnet, kernel):
    given = two_nics(subnet)
    given.settings["ntp_servers"] = [str(given.where.ipv4[2])]
    made = guest(given, clock=EPOCH, kernel=kernel)
    with subnet.time(given.where, packages.unpack(BUILD / "guest", "chrony") / "usr/sbin/chronyd"):
        made.start()
        assert made.machine.said("init: the clock stood at 1970-01-01T00:00:.* and was set to 20"), made.machine.tail()
        wait_for(lambda: is_right(made), "the right time", 60)
        api = made.attach().serve(allow(), only_from(subnet.allowed))
        made.serves(api)
    made.switch_off()
    # Again, and nobody tells the time: not before what the appliance has seen last.
    made.start()
    made.serves(api)
    made.refuses(subnet.denied)
    assert made.apis(), "the clock is so near that signatures are good"
