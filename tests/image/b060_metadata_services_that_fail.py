# SPDX-License-Identifier: GPL-3.0-or-later
"""A metadata service that is absent, slow, or answers nonsense does not stop the boot (more ways to fail: tests/unit/configure): the appliance serves with the image's own
settings, management is closed, and the console says why and what to add."""
import re

import pytest

from guest import SERVING, two_nics
from private_subnet import SERVICES

# Of init.c's table: then it goes on without.
CONFIGURE_SECONDS = 60


@pytest.mark.full
@pytest.mark.parametrize("mode", ["absent", "slow", "garbage"])
def test_the_boot_goes_on(guest, subnet, kernel, mode):
    given = two_nics(subnet)
    given.network["ethernets"]["first"]["gateway4"] = str(given.where.ipv4[SERVICES])
    made = guest(given)
    words = {"network-config": made.words["network-config"]}
    if mode == "absent":
        machine = made.boot(words=words, kernel=kernel)
        at = machine.wait(SERVING)
    else:
        with subnet.metadata(given.where, mode) as service:
            machine = made.boot(words=words, kernel=kernel)
            at = machine.wait(SERVING)
            assert "PUT /latest/api/token" in service.text(), "nobody asked it"
    asked = machine.wait("configure: EC2's metadata service .*")
    assert re.search("does not answer" if mode == "absent" else "can't be used|does not answer", machine.lines[asked - 1])
    assert machine.said("configure: there is no user-data: give settings by")
    assert machine.said("configure: .*management is closed to the outside")
    assert machine.arrived[at - 1] < CONFIGURE_SECONDS
    outcome, _ = made.operator.connect_milliseconds(given.addresses[0], given.PORT)
    assert outcome == "refused"
