# SPDX-License-Identifier: GPL-3.0-or-later
"""The data partition is full or read-only: serving goes on, management reads and says why it does not write."""
import os
import re
import subprocess

import pytest

import disk as layout
from guest import only_from, two_nics
from lab.appliance import allow

BLOCK_BYTES = 4096
# Of fs/ext4/super.c: the most that the kernel keeps for itself.
KERNEL_RESERVE_BLOCKS = 4096


def debugfs(part, *commands):
    for command in commands:
        done = subprocess.run(["debugfs", "-w", "-R", command, part], env=layout.ENVIRONMENT, capture_output=True, text=True, check=True)
        assert "failed" not in done.stderr and "No space" not in done.stderr, done.stderr


def fill(part, folder):
    """A file takes all that programs may take; what the file system reserves for a user, and the kernel for itself (2%), stays."""
    facts = subprocess.run(["dumpe2fs", "-h", part], env=layout.ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    free, reserved, whole = (int(re.search(rf"^{name}:\s+(\d+)", facts, re.M)[1])
                             for name in ("Free blocks", "Reserved block count", "Block count"))
    with open(folder / "filler", "wb") as filler:
        filler.write(os.urandom(BLOCK_BYTES) * (free - reserved - min(whole // 50, KERNEL_RESERVE_BLOCKS)))
    debugfs(part, f"write {folder}/filler filler")
    (folder / "filler").unlink()


@pytest.fixture
def stored(guest, subnet, kernel):
    """(guest, API): switched off after its endpoint has served; its disk is prepared for the next start."""
    made = guest(two_nics(subnet), kernel=kernel)
    api = made.start().attach().serve(allow(), only_from(subnet.allowed))
    made.serves(api)
    made.switch_off()
    return made, api


def serves_and_refuses_changes(made, api, subnet, why):
    made.serves(api)
    made.refuses(subnet.denied)
    assert made.apis(), "management reads"
    code, text = made.aws_error("apigateway", "create-rest-api", "--name", "one too many")
    assert re.search(why, text), text
    assert len(made.apis()) == 1
    made.serves(api)


@pytest.mark.full
def test_full(stored, subnet, disk, tmp_path):
    made, api = stored
    part = disk.part("data", tmp_path / "data.ext4")
    fill(part, tmp_path)
    disk.put("data", part)
    made.start()
    serves_and_refuses_changes(made, api, subnet, "no space is left")
    made.switch_off()
    part = disk.part("data", tmp_path / "data.ext4")
    debugfs(part, "rm filler")
    disk.put("data", part)
    made.start()
    made.aws("apigateway", "create-rest-api", "--name", "there is room again")
    assert len(made.apis()) == 2


@pytest.mark.full
def test_read_only(stored, subnet, disk, tmp_path):
    made, api = stored
    part = disk.part("data", tmp_path / "data.ext4")
    subprocess.run(["tune2fs", "-O", "read-only", part], env=layout.ENVIRONMENT, check=True, capture_output=True)
    disk.put("data", part)
    made.start()
    assert made.machine.said("init: the data partition is read-only"), made.machine.tail()
    serves_and_refuses_changes(made, api, subnet, "The store is read-only")


@pytest.mark.full
@pytest.mark.long
def test_a_disk_that_takes_no_writes(stored, subnet):
    """As the one before, and the boot loader can't count."""
    made, api = stored
    made.start(read_only=True, kernel=None)
    assert made.machine.said("init: the data partition is read-only"), made.machine.tail()
    serves_and_refuses_changes(made, api, subnet, "The store is read-only")
