# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes in each step of an update: while chunks are written, while the slot is read back, when the boot loader has just been told, in
the first start, and in one that was found good. What starts then is the one version or the other, whole; nothing that was answered is lost,
and the same command brings the update to its end."""
import threading

import pytest

from guest import two_nics
from updates import GOOD_SECONDS, Update, postern

pytestmark = pytest.mark.full

NEW = "99.1"
GOOD = r"system: good: "
# A line of the console, how often it is said before the power goes, and the version that has to run then; None: either.
MOMENTS = {
    "the_head": (r"system: an update to 99.1 was begun", 1, "old"),
    "a_chunk": (r'"operation":"PutSystemUpdateChunk"', 4, "old"),
    "the_last_chunk": (r'"operation":"FinishSystemUpdate"', 1, None),
    "the_boot_loader": (r"system: update: 99.1 is in slot b, and is to be tried", 1, "new"),
    "the_restart": (r"init: restarting", 1, "new"),
    "the_first_start": (r"system: version 99.1 is on trial in slot b", 1, "new"),
}


@pytest.fixture(scope="session")
def update(tmp_path_factory):
    return Update(tmp_path_factory.mktemp("update"), NEW, trial_seconds=GOOD_SECONDS)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_at(moment, guest, subnet, update):
    line, number, wanted = MOMENTS[moment]
    made = guest(two_nics(subnet), cache="none").start()
    made.machine.wait(GOOD)
    old = postern(made, "system", "status")["version"]
    made.aws("apigateway", "create-rest-api", "--name", "before")
    cut_at(made, update, line, number)
    words = made.disk.words()
    made.start()
    made.machine.wait(GOOD)
    state = postern(made, "system", "status")
    assert state["version"] == {"old": old, "new": NEW}.get(wanted, state["version"]), (words, state)
    assert state["tries"] == 3 and not state["onTrial"], state
    assert "before" in made.apis().values()
    if state["version"] == NEW:
        assert made.disk.words() == {"slot": "b", "tries": "3"}
        return
    # It goes on from where it was broken off, to its end.
    assert words.get("unusable", "") == ("" if moment == "the_head" else "b")
    if moment == "a_chunk":
        state = postern(made, "system", "update", update.file)
        assert state["version"] == NEW and state["lastUpdate"] == f"{NEW} is installed"


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
