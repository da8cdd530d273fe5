# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings given to the running appliance: judged, tried in one start, and kept only if they are confirmed. What locks its author out, or is
tried when the power goes, is gone at the next start."""
import pytest
import yaml

from guest import two_nics
from updates import postern

pytestmark = [pytest.mark.full, pytest.mark.long]

GOOD = r"system: good: slot a, "


def file_of(made, folder, **changes):
    """The settings that the machine was given, changed."""
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump({**made.settings, **changes}, sort_keys=False))
    return path


def settings_of(made):
    return postern(made, "system", "status")["settings"]


def test_settings_on_trial(guest, subnet, tmp_path):
    made = guest(two_nics(subnet)).start()
    made.machine.wait(GOOD)
    # Wrong ones change nothing.
    wrong = postern(made, "system", "settings", file_of(made, tmp_path, workers="many"))
    assert "settings:" in wrong["error"] and "workers" in wrong["error"]
    assert settings_of(made) == {"from": "userData", "onTrial": False}
    # The command confirms what it can reach.
    state = postern(made, "system", "settings", file_of(made, tmp_path, workers=1))
    assert state["settings"] == {"from": "appliance", "onTrial": False}, state
    assert made.postern("status")["workers"] == 1
    # The operator confirms, or does not: here the power goes first.
    state = postern(made, "system", "settings", file_of(made, tmp_path, workers=2), "--confirm", "600")
    assert state["settings"]["onTrial"] and state["settings"]["secondsLeft"] > 0
    assert made.postern("status")["workers"] == 2
    made.cut()
    made.start()
    made.machine.wait(GOOD)
    state = settings_of(made)
    assert state["from"] == "appliance" and not state["onTrial"] and "taken back" in state["last"]
    assert made.postern("status")["workers"] == 1
    # What its author can't reach any more is taken back by itself.
    begun = len(made.machine.lines)
    locked_out = file_of(made, tmp_path, management=["127.0.0.1:4566"])
    answer = postern(made, "system", "settings", locked_out, "--confirm", "10")
    at = made.machine.wait("system: the machine restarts: the settings on trial were not confirmed", begun)
    made.machine.wait(GOOD, at)
    assert "taken back" in answer["error"] or "can't be reached" in answer["error"]
    assert made.postern("status")["workers"] == 1
    assert postern(made, "system", "confirm")["error"]
