# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest with a syslog server in its user-data: what it says and does is there, to the last line, and its own files are bounded."""
import subprocess

import pytest

from guest import one_nic
from lab.appliance import allow
from lab.network import wait_for
from syslog_server import Server, make_authority, make_certificate

PORT = 6514
# Of a data partition of 128 MiB a log may be a thirty-second part.
FULL_BYTES = 5 << 20


def debugfs(part, *commands):
    for command in commands:
        subprocess.run(["debugfs", "-w", "-R", command, part], check=True, capture_output=True)


def sizes(part, folder):
    """{name: bytes} of a folder of the data partition."""
    listing = subprocess.run(["debugfs", "-R", f"ls -l {folder}", part], check=True, capture_output=True, text=True).stdout
    rows = [row.split() for row in listing.splitlines() if row.strip()]
    return {row[-1]: int(row[5]) for row in rows}


@pytest.fixture
def server(tmp_path, subnet):
    host = subnet.services[subnet.private]
    address = str(subnet.private.ipv4[2])
    make_authority(tmp_path)
    make_certificate(tmp_path, f"IP:{address}")
    made = Server(tmp_path, address, PORT, lambda command, **options: host.popen(*command, **options))
    made.start()
    yield made
    made.stop()


@pytest.mark.full
def test_console_audit_and_access_log_arrive_and_stay_bounded(tmp_path, guest, subnet, server, disk):
    part = disk.part("data", tmp_path / "data.ext4")
    (tmp_path / "long").write_bytes(b"x" * 99 + b"\n" + bytes(FULL_BYTES - 100))
    debugfs(part, "mkdir log", "mkdir log/postern", f"write {tmp_path / 'long'} log/postern/access.log")
    disk.put("data", part)
    made = guest(one_nic(subnet, syslog_server=server.address, syslog_authorities=(tmp_path / "authority.pem").read_text())).start().attach()
    api = made.serve(allow())
    made.serves(api)
    sender = made.given.addresses[0]

    def seen(source, text):
        return any(line[2] == sender and line[4] == source and text in line[5] for line in server.lines())

    wait_for(lambda: seen("console", "serving after"), "a line of init's", 60)
    wait_for(lambda: seen("audit", '"operation":"ImportRestApi"'), "a line of the audit log", 60)
    wait_for(lambda: seen("access", "/pets"), "a line of the access log", 60)
    made.switch_off()
    assert seen("console", "switching off")
    disk.part("data", part)
    logs = sizes(part, "/log/postern")
    # What was there was too much: it was moved away, and posternd writes a new one.
    assert logs["access.log.1"] == FULL_BYTES and 0 < logs["access.log"] < FULL_BYTES
    assert "clock" in sizes(part, "/lib")
    levels = {(line[0], line[3]) for line in server.lines() if line[4] == "console"}
    assert {("30", "init"), ("30", "posternd"), ("4", "kernel")} <= levels, levels
