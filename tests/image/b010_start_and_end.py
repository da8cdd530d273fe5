# SPDX-License-Identifier: GPL-3.0-or-later
"""The appliance starts, serves, is switched off by its power button, and knows next time what it knew."""
import re

import pytest

from conftest import MEMORY_MB

# What serves has answered a request: what `system` says then, the boot loader knows already.
SERVING = r"system: good: slot [ab], "


def start(machine, disk, **options):
    """Started and serving; the machine, and what it said until then."""
    guest = machine(disk.path, **options)
    at = guest.wait(SERVING)
    return guest, guest.lines[:at]


def switch_off(guest):
    begun = len(guest.lines)
    guest.order("system_powerdown")
    guest.wait("init: switching off", begun)
    guest.wait_for_end()


def revision(lines):
    """The store's revision when control began to serve it: 0 is an empty one."""
    return int(re.search(r'"a snapshot serves","revision":(\d+)', "\n".join(lines))[1])


def test_the_store_outlives_a_restart(machine, disk):
    guest, said = start(machine, disk)
    assert revision(said) <= 1
    assert any("issued the certificate of the default names" in line for line in said)
    switch_off(guest)
    assert disk.words() == {"slot": "a", "tries": "3"}
    guest, said = start(machine, disk)
    assert revision(said) >= 1
    assert not any("issued the certificate" in line for line in said)
    switch_off(guest)


@pytest.mark.full
def test_under_uefi(machine, disk):
    guest, said = start(machine, disk, firmware="uefi", memory_mb=MEMORY_MB["uefi"])
    switch_off(guest)
    assert disk.words() == {"slot": "a", "tries": "3"}


@pytest.mark.full
def test_on_an_nvme_disk(machine, disk):
    guest, said = start(machine, disk, drive="nvme")
    switch_off(guest)
    assert disk.words() == {"slot": "a", "tries": "3"}


@pytest.mark.full
@pytest.mark.long
def test_a_power_cut_is_survived(machine, disk):
    guest, said = start(machine, disk, cache="none")
    guest.wait(r'"a snapshot serves","revision":1')
    guest.stop()
    guest, said = start(machine, disk, cache="none")
    assert revision(said) >= 1


@pytest.mark.full
def test_a_larger_disk_is_used_to_its_end(machine, disk):
    with open(disk.path, "r+b") as image:
        image.truncate(1 << 30)
    guest, said = start(machine, disk)
    switch_off(guest)
    super_block = disk.read("data", 1024, 1024)
    blocks = int.from_bytes(super_block[4:8], "little")
    assert blocks * 4096 > 800 << 20
    guest, said = start(machine, disk)
    assert not any("partition" in line for line in said), said


@pytest.mark.full
def test_without_a_data_partition_serving_goes_on(machine, disk):
    disk.write("data", 0, bytes(1 << 20))
    guest, said = start(machine, disk)
    assert any("no data partition" in line for line in said)
