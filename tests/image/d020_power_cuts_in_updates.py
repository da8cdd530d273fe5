# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes in each step of an update: while chunks are written, while the slot is read back, when the boot loader has just been told, and
in the first start. What starts then is the one version or the other, whole; nothing that was answered is lost, and the same command
brings the update to its end."""
import threading

import pytest

from guest import two_nics
from updates import GOOD_SECONDS, Update, postern

pytestmark = pytest.mark.full

NEW = "99.1"
GOOD = r"system: good: "
# In this order on one disk: a line of the console, how often it is said before the power goes, and the slot that has to start then, by that which ran;
# None: either.
MOMENTS = (
    (r"system: an update to 99.1 was begun", 1, "same"),
    (r'"operation":"PutSystemUpdateChunk"', 4, "same"),
    (r'"operation":"FinishSystemUpdate"', 1, None),
    (r"system: update: 99.1 is in slot [ab], and is to be tried", 1, "other"),
    (r"init: restarting", 1, "other"),
    (r"system: version 99.1 is on trial in slot [ab]", 1, "other"),
)


def test_a_power_cut_in_each_step(guest, subnet, tmp_path):
    update = Update(tmp_path / "update", NEW, trial_seconds=GOOD_SECONDS)
    made = guest(two_nics(subnet), cache="none").start()
    made.machine.wait(GOOD)
    state = postern(made, "system", "status")
    versions = {state["slot"]: state["version"]}
    for number, moment in enumerate(MOMENTS):
        made.aws("apigateway", "create-rest-api", "--name", f"before-{number}")
        state = cut_and_start(made, update, versions, state, *moment)
    # It goes on from where it was broken off, to its end.
    state = postern(made, "system", "update", update.file)
    assert state["version"] == NEW and state["lastUpdate"] == f"{NEW} is installed"
    assert set(made.apis().values()) == {f"before-{number}" for number in range(len(MOMENTS))}


def cut_and_start(made, update, versions, before, line, number, wanted):
    """The state after the start that followed."""
    other = "b" if before["slot"] == "a" else "a"
    cut_at(made, update, line, number)
    words = made.disk.words()
    made.start()
    made.machine.wait(GOOD)
    state = postern(made, "system", "status")
    assert state["slot"] == {"same": before["slot"], "other": other}.get(wanted, state["slot"]), (line, words, state)
    assert state["tries"] == 3 and not state["onTrial"], (line, state)
    if state["slot"] == other:
        versions[other] = NEW
    assert state["version"] == versions[state["slot"]], (line, state)
    return state


def cut_at(made, update, line, number):
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
