# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP: what can change does, what can't is named, a wrong file changes nothing, the access log is opened anew; clients notice nothing."""
import json
import signal
import subprocess

import pytest

from conftest import Here, Local
from lab.network import wait_for


@pytest.fixture
def appliance(tmp_path):
    made = Local(tmp_path, "127.0.0.1:14573", "127.0.0.1:18473")
    try:
        yield made.start()
    finally:
        assert made.stop() == 0


def ping(appliance):
    done = Here.run("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--resolve", "x.execute-api.us-east-1.amazonaws.com:18473:127.0.0.1",
                    "https://x.execute-api.us-east-1.amazonaws.com:18473/ping", check=False)
    return done.stdout == "200"


def events(appliance, message):
    lines = [json.loads(line) for line in appliance.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["message"] == message]


def hang_up(appliance):
    appliance.process.send_signal(signal.SIGHUP)


def test_the_access_log_is_opened_anew(appliance):
    log = appliance.state / "access.log"
    assert ping(appliance)
    wait_for(lambda: log.stat().st_size > 0, "the first line")
    log.rename(appliance.state / "access.log.1")
    hang_up(appliance)
    wait_for(log.exists, "a new access log")
    wait_for(lambda: ping(appliance) and log.stat().st_size > 0, "a line in the new access log")
    for line in log.read_text().splitlines():
        json.loads(line)


def test_settings_that_can_change_do_and_others_are_named(appliance):
    file = appliance.state / "settings.yaml"
    file.write_text(file.read_text() + "log_level: warning\nidle_timeout_ms: 5000\n")
    hang_up(appliance)
    told = wait_for(lambda: events(appliance, "settings need a restart to change"), "the names of what can't change")
    assert all(line["settings"] == "idle_timeout_ms" for line in told)
    assert ping(appliance)


def test_a_wrong_file_changes_nothing(appliance):
    file = appliance.state / "settings.yaml"
    good = file.read_text()
    file.write_text(good + "workers: many\n")
    hang_up(appliance)
    wait_for(lambda: "workers: must be a whole number" in appliance.log.read_text(), "the place and the rule in the log")
    assert ping(appliance)
    file.write_text(good)
    assert subprocess.run([appliance.build / "postern", "settings", "--check", file], check=False).returncode == 0
