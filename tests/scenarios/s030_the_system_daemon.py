# SPDX-License-Identifier: GPL-3.0-or-later
"""The appliance image's system daemon beside a Postern of the subnet: it finds a start good by what it asks itself, says what fails while
something does, answers to control alone, and judges settings before it tries them. Without it, on a host, operators are told so."""
import json
import pathlib
import signal
import subprocess

import pytest

from lab.network import run, wait_for

CONTROL_USER, GATEWAY_USER = 64702, 64701
CONNECT = "import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]); print(len(s.recv(9)))"


class Daemon:
    """Runs from start() to stop(); `init` is the process that it asks for a restart of the machine."""

    def __init__(self, gateway, folder):
        self.folder, self.log = folder, folder / "log"
        self.run_folder = pathlib.Path(gateway.settings["run_dir"])
        programs, share = folder / "programs", folder / "share"
        for part in (programs, share):
            part.mkdir()
        for part in (folder, *folder.parents):
            if str(part).startswith("/tmp/"):
                part.chmod(0o755)
        (programs / "postern-control").symlink_to(gateway.build / "postern-control")
        (programs / "configure").symlink_to(gateway.build / "image/configure/configure")
        (share / "version").write_text("1.0\n")
        self.init = subprocess.Popen(["env", "--default-signal=INT", "sleep", "600"])  # whoever runs the tests may ignore it
        self.command = [gateway.build / "image/system/system", "--run", self.run_folder, "--state", folder / "state", "--share", share,
                        "--programs", programs, "--user", CONTROL_USER, "--init", self.init.pid]

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in self.command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    def said(self, text, seconds=60):
        return wait_for(lambda: next((line for line in self.log.read_text().splitlines() if text in line), None), f"{text!r} of the daemon", seconds)

    def stop(self):
        for process in (self.process, self.init):
            if process.poll() is None:
                process.kill()
            process.wait()
        (self.run_folder / "system.sock").unlink(missing_ok=True)


@pytest.fixture
def daemon(gateway, tmp_path):
    made = Daemon(gateway, tmp_path / "system")
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def folder_of_daemon(tmp_path):
    (tmp_path / "system").mkdir()


def test_a_host_has_none(gateway):
    for arguments in (["status"], ["restart"], ["settings", "/dev/null"]):
        answer = gateway.postern("system", *arguments, check=False)
        assert "This is no appliance of the image" in answer["error"] or "settings must have" in answer["error"], (arguments, answer)
    assert "No checkpoint is open" in gateway.postern("system", "confirm", check=False)["error"]


def test_a_start_is_good_once_everything_answers(gateway, daemon):
    stopped = gateway.children("postern-gateway")[0]
    # It is there and takes connections, as far as anybody can see from outside; but nothing is served.
    subprocess.run(["kill", "-STOP", str(stopped)], check=True)
    try:
        daemon.start()
        line = daemon.said("this start is not good yet: vpce-")
        assert gateway.vpce in line and "port 443" in line, line
        assert "good: slot" not in daemon.log.read_text()
    finally:
        subprocess.run(["kill", "-CONT", str(stopped)], check=True)
    daemon.said("good: slot -, version 1.0: endpoints that answered: 1")
    state = gateway.postern("system", "status")
    assert state["good"] and state["version"] == "1.0" and state["settings"] == {"from": "userData", "onTrial": False}
    assert any(line.startswith("postern") for line in gateway.metrics())


def test_it_answers_to_control_alone(daemon):
    daemon.start()
    socket = daemon.run_folder / "system.sock"
    wait_for(socket.exists, "the daemon's socket")
    assert oct(socket.stat().st_mode & 0o777) == "0o600" and socket.stat().st_uid == CONTROL_USER
    # Who must not even open it; and root, who may open everything and is asked who it is.
    refused = run("setpriv", f"--reuid={GATEWAY_USER}", "--regid=64700", "--clear-groups", "/usr/bin/python3", "-c", CONNECT, socket, check=False)
    assert refused.returncode != 0 and "PermissionError" in refused.stderr
    closed = run("/usr/bin/python3", "-c", CONNECT, socket, check=False)
    assert closed.stdout == "0\n" or "ConnectionResetError" in closed.stderr, closed


def test_settings_are_judged_then_tried(gateway, daemon, tmp_path):
    daemon.start()
    daemon.said("good: ")
    file = tmp_path / "settings.yaml"
    file.write_text("workers: 1\nmanagment: []\n")
    error = gateway.postern("system", "settings", file, check=False)["error"]
    assert "settings:2:" in error and "managment: there is no such setting" in error, error
    assert daemon.init.poll() is None and not (daemon.folder / "state").exists()
    # The image's users, which good settings lead to, are not on this host: whatever comes is good now.
    judge = daemon.folder / "programs/configure"
    judge.unlink()
    judge.write_text("#!/bin/sh\nexit 0\n")
    judge.chmod(0o755)
    file.write_text("workers: 1\naccess_key_id: AKIAEXAMPLE\nsecret_access_key: of-the-example-that-is-long-enough-000000\n")
    document = {"settings": file.read_text(), "confirmSeconds": 60}
    run("curl", "-sSf", "-X", "PUT", "--aws-sigv4", "aws:amz:us-east-1:postern", "--user", ":".join(gateway.credentials()),
        "-H", "Content-Type: application/json", "--data-binary", json.dumps(document), f"{gateway.management}/postern/v1/system/settings")
    daemon.said("the machine restarts: new settings are to be tried")
    assert daemon.init.wait(10) == -signal.SIGINT
    assert (daemon.folder / "state/1/settings.yaml").read_text() == file.read_text()
    assert (daemon.folder / "state/state").read_text().startswith("current 0 next 1 trial 0 ")
