# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that crashes is started again and serving goes on; a machine whose process 1 hangs is restarted by the watchdog. Both are
brought about from within, by a program that stands in a service's place in the image."""
import pathlib

import pytest

from guest import two_nics
from updates import Update
from lab.appliance import allow
from lab.network import run

pytestmark = [pytest.mark.full, pytest.mark.long]

HERE = pathlib.Path(__file__).resolve().parent
# The watchdog waits a minute; an emulated machine's clock may be slower than ours.
WATCHDOG_SECONDS = 180


def put_in(disk, folder, program):
    """`program` in the place of the service `rotate`, in the slot that starts."""
    built = folder / program
    folder.mkdir()
    run("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", built, HERE / f"{program}.c")
    made = Update(folder, "1", change_root=lambda root: built.replace(root / "usr/lib/postern/rotate"))
    disk.put("boot-a", folder / "boot.fat")
    disk.put("root-a", made.image)


def test_each_program_that_is_killed_comes_back(guest, subnet, disk, tmp_path):
    put_in(disk, tmp_path / "changed", "killer")
    made = guest(two_nics(subnet)).start().attach()
    at = 0
    for name in ("system", "postern-gateway", "postern-control", "posternd"):
        at = made.machine.wait(rf"rotate: killed {name} (\d+), now it is (\d+)", at)
    made.machine.wait("rotate: killed all", at)
    api = made.serve(allow())
    made.serves(api)


def test_a_hung_process_1_is_found_by_the_watchdog(machine, disk, tmp_path):
    put_in(disk, tmp_path / "changed", "hanger")
    guest = machine(disk.path)
    at = guest.wait("hanger: process 1 is stopped")
    guest.wait("postern: slot a, tries left", at, seconds=WATCHDOG_SECONDS)
