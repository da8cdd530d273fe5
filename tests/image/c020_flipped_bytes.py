# SPDX-License-Identifier: GPL-3.0-or-later
"""One flipped byte anywhere in the used part of the root: the boot stops with a clear message, and the other slot starts."""
import random
import re

import pytest

from conftest import OUT
from guest import SERVING

COUNT = 10


class Flip:
    """A byte of a slot's root that is another one, until undo()."""

    def __init__(self, disk, slot, dice):
        self.disk, self.slot, self.at = disk, slot, dice.randrange((OUT / "root.img").stat().st_size)
        self.was = disk.read(f"root-{slot}", self.at, 1)[0]
        disk.write(f"root-{slot}", self.at, bytes([self.was ^ dice.randrange(1, 256)]))

    def undo(self):
        self.disk.write(f"root-{self.slot}", self.at, bytes([self.was]))


@pytest.mark.full
def test_ten_of_them(machine, disk):
    """Both slots have one: each start ends at its own, and is followed by one of the other slot, whose byte has been replaced by a
    new one meanwhile. The last start finds a slot that is whole."""
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    waiting = [Flip(disk, "a", dice), Flip(disk, "b", dice)]
    guest, at = machine(disk.path), 0
    for number in range(COUNT):
        flip = waiting.pop(0)
        told = guest.wait(r"postern: slot \w", at)
        assert f"slot {flip.slot}, tries left 2" in guest.lines[told - 1], f"seed {seed}, start {number}:\n{guest.tail()}"
        at = guest.wait(r"postern: slot \w does not start|init: ", told)
        assert re.search(rf"slot {flip.slot} does not start: its root is damaged near block \d+ of \d+$", guest.lines[at - 1]), \
            f"seed {seed}, start {number}, byte {flip.at} of slot {flip.slot}:\n{guest.tail()}"
        flip.undo()
        if number + len(waiting) + 1 < COUNT:
            waiting.append(Flip(disk, flip.slot, dice))
    at = guest.wait("init: slot a was started because slot b does not start: its root is damaged near block", at)
    guest.wait(SERVING, at)
