# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged slot says so and hands over to the other one; the boot loader counts, under both firmwares."""
import pytest

from b010_start_and_end import SERVING
from conftest import MEMORY_MB

BIOS, UEFI = (("bios", MEMORY_MB["bios"]), ("uefi", MEMORY_MB["uefi"]))


# c020 has ten of them under BIOS.
@pytest.mark.full
@pytest.mark.long
@pytest.mark.parametrize("firmware, memory_mb", [BIOS, UEFI])
def test_a_flipped_bit_in_the_root(machine, disk, firmware, memory_mb):
    at = 1_234_567
    disk.write("root-a", at, bytes([disk.read("root-a", at, 1)[0] ^ 1]))
    guest = machine(disk.path, firmware=firmware, memory_mb=memory_mb)
    at = guest.wait("postern: slot a does not start: its root is damaged near block")
    at = guest.wait("init: slot b was started because slot a does not start: its root is damaged", at)
    guest.wait(SERVING, at)
    guest.stop()
    assert disk.words()["slot"] == "b" and disk.words()["tries"] == "3"


# d010 has a broken kernel under BIOS.
@pytest.mark.full
@pytest.mark.parametrize("firmware, memory_mb", [pytest.param(*BIOS, marks=pytest.mark.long), UEFI])
def test_a_kernel_that_never_comes_up_uses_up_its_tries(machine, disk, firmware, memory_mb):
    kernel = disk.find("boot-a", b"MZ")
    disk.write("boot-a", kernel, bytes(4096))
    guest = machine(disk.path, firmware=firmware, memory_mb=memory_mb)
    at = 0
    for left in (2, 1, 0):
        at = guest.wait(f"postern: slot a, tries left {left}", at)
        at = guest.wait("postern: slot a can't be loaded", at)
    at = guest.wait("init: slot b was started because slot a used up its tries", at)
    guest.wait(SERVING, at)
