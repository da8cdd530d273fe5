# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes in each step of an update: while chunks are written, while the slot is read back, when the boot loader has just been told, in
the first start, and in one that was found good. What starts then is the one version or the other, whole; nothing that was answered is lost,
and the same command brings the update to its end."""
import subprocess
import threading

import pytest

from guest import two_nics
from updates import GOOD_SECONDS, Update, postern

pytestmark = pytest.mark.full

NEW = "99.1"
GOOD = r"system: good: slot [ab], version {}:"
# A line of the console, and the version that has to run after a power cut at it; None: either.
MOMENTS = {
    "the head": (r"system: an update to 99.1 was begun", "old"),
    "a chunk": (r'"operation":"PutSystemUpdateChunk"', "old"),
    "the last chunk": (r'"operation":"FinishSystemUpdate"', None),
    "the boot loader": (r"system: update: 99.1 is in slot b, and is to be tried", "new"),
    "the restart": (r"init: restarting", "new"),
    "the first start": (r"system: version 99.1 is on trial in slot b", "new"),
}


def test_power_cuts(guest, subnet, tmp_path):
    update = Update(tmp_path / "update", NEW, trial_seconds=GOOD_SECONDS)
    made = guest(two_nics(subnet), cache="none").start()
    made.machine.wait(r"system: good: ")
    old = postern(made, "system", "status")["version"]
    made.aws("apigateway", "create-rest-api", "--name", "before")
    fresh = tmp_path / "fresh.raw"
    made.cut()
    subprocess.run(["cp", "--sparse=always", made.disk.path, fresh], check=True)
    for name, (line, wanted) in MOMENTS.items():
        subprocess.run(["cp", "--sparse=always", fresh, made.disk.path], check=True)
        made.start()
        made.machine.wait(r"system: good: ")
        cut_at(made, update, line)
        words = made.disk.words()
        made.start()
        made.machine.wait(r"system: good: ")
        state = postern(made, "system", "status")
        assert state["version"] == {"old": old, "new": NEW}.get(wanted, state["version"]), (name, words, state)
        assert state["tries"] == 3 and not state["onTrial"], (name, state)
        assert "before" in made.apis().values(), name
        if state["version"] == old:
            assert state["otherSlot"] == ("usable" if name == "the head" else "unusable") or wanted is None, (name, words, state)
    # And then to its end, from where it was broken off.
    subprocess.run(["cp", "--sparse=always", fresh, made.disk.path], check=True)
    made.start()
    made.machine.wait(r"system: good: ")
    cut_at(made, update, MOMENTS["a chunk"][0], number=4)
    made.start()
    made.machine.wait(r"system: good: ")
    state = postern(made, "system", "update", update.file)
    assert state["version"] == NEW and state["lastUpdate"] == f"{NEW} is installed"
    fresh.unlink()


def cut_at(made, update, line, number=1):
    """Update, and cut the power as soon as the console has said `line`, `number` times."""
    at = len(made.machine.lines)
    command = threading.Thread(target=try_to, args=(made, update))
    command.start()
    for _ in range(number):
        at = made.machine.wait(line, at)
    made.cut()
    command.join()


def try_to(made, update):
    """The command, which loses its appliance."""
    made.run(made.build / "postern", "system", "update", update.file, "--wait", "0", "--ca", made.ca,
             env={**made.environment(), "POSTERN_ENDPOINT": made.management}, check=False, timeout=300)
