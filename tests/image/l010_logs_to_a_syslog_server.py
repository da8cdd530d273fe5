# SPDX-License-Identifier: GPL-3.0-or-later
"""The program `syslog` and a real server (rsyslog with GnuTLS, or openssl's): every line arrives, whatever breaks, and only there."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lab.network import wait_for
from machine import BUILD
from syslog_server import Server, free_port, make_authority, make_certificate

PROGRAM = BUILD / "image/syslog/syslog"
CONSOLE, AUDIT, ACCESS = "run/postern/console.log", "var/log/postern/audit.log", "var/log/postern/access.log"
# Of the image's passwd file.
USER, GROUP = 106, 101


class Sender:
    """The program over a folder of logs of its own. What it says is in `said`."""

    def __init__(self, folder):
        self.folder, self.process, self.said = folder / "appliance", None, []
        for name in (CONSOLE, AUDIT, "var/lib/syslog/places"):
            (self.folder / name).parent.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(self.folder / "var/lib/syslog", USER, USER)
            for name in (CONSOLE, AUDIT):
                os.chown((self.folder / name).parent, 0, GROUP)
                (self.folder / name).parent.chmod(0o2750)
            # The program's user has a way to it.
            for parent in [folder, *folder.parents]:
                if not parent.stat().st_mode & 0o001:
                    parent.chmod(0o755)

    def write(self, log, *lines):
        with open(self.folder / log, "a", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        if os.geteuid() == 0:
            os.chown(self.folder / log, 0, GROUP)
            (self.folder / log).chmod(0o640)

    def rotate(self, log):
        for number in (3, 2, 1):
            before = self.folder / (f"{log}.{number - 1}" if number > 1 else log)
            if before.exists():
                before.rename(self.folder / f"{log}.{number}")

    def start(self, host, port, authorities):
        config = self.folder / "syslog.conf"
        config.write_text(f"server {host} {port}\n" + authorities)
        self.process = subprocess.Popen([PROGRAM, config, self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, args=(self.process.stderr,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.said.append(json.loads(line))

    def heard(self, message, **fields):
        return [line for line in self.said if line["message"] == message and fields.items() <= line.items()]

    def stop(self, number=signal.SIGTERM):
        if self.process:
            self.process.send_signal(number)
            self.process.wait(20)
        self.process = None


@pytest.fixture
def folder(tmp_path):
    make_authority(tmp_path)
    make_certificate(tmp_path)
    return tmp_path


@pytest.fixture
def server(folder):
    made = Server(folder)
    yield made
    made.stop(signal.SIGKILL)


@pytest.fixture
def sender(folder):
    made = Sender(folder)
    yield made
    made.stop(signal.SIGKILL)


def begin(sender, server, host="127.0.0.1", logs=""):
    sender.start(host, server.port, logs + (server.folder / "authority.pem").read_text())
    wait_for(lambda: sender.heard("logs are sent"), "the connection", 30)


def access(first, last):
    return [f'{{"time":"2026-11-22T13:00:00.000Z","request":{number}}}' for number in range(first, last)]


@pytest.mark.parametrize("host", ("127.0.0.1", "localhost"))
def test_each_log_arrives_as_what_it_is(server, sender, host):
    server.start()
    sender.write(CONSOLE, "2026-11-22T16:28:00.123Z init: serving", '2026-11-22T16:28:01.000Z posternd: {"time":"x","level":"warning","message":"m"}')
    sender.write(AUDIT, '{"time": "2026-11-22T13:00:00.123Z", "operation": "UpdateRestApi", "name": "Käse"}')
    sender.write(ACCESS, *access(0, 1))
    begin(sender, server, host)
    wait_for(lambda: len(server.lines()) == 4, "four lines")
    host_name = socket.gethostname()
    assert set(server.lines()) == {
        ("30", "2026-11-22T16:28:00.123Z", host_name, "init", "console", "serving"),
        ("28", "2026-11-22T16:28:01.000Z", host_name, "posternd", "console", '{"time":"x","level":"warning","message":"m"}'),
        ("109", "2026-11-22T13:00:00.123Z", host_name, "postern", "audit",
         '{"time": "2026-11-22T13:00:00.123Z", "operation": "UpdateRestApi", "name": "Käse"}'),
        ("134", "2026-11-22T13:00:00.000Z", host_name, "postern", "access", '{"time":"2026-11-22T13:00:00.000Z","request":0}')}


def test_logs_may_have_other_names(server, sender):
    server.start()
    sender.write("var/log/postern/calls", '{"n": 1}')
    sender.write(AUDIT, '{"n": 2}')
    begin(sender, server, logs="audit calls\naccess \n")
    sender.write("var/log/postern/calls", '{"n": 3}')
    wait_for(lambda: server.texts("audit") == ['{"n": 1}', '{"n": 3}'], "the lines")


def test_it_can_do_nothing_else(server, sender):
    server.start()
    begin(sender, server)
    status = pathlib.Path(f"/proc/{sender.process.pid}/status").read_text()
    assert re.search(r"^Seccomp:\t2$", status, re.M) and re.search(r"^NoNewPrivs:\t1$", status, re.M)
    if os.geteuid() == 0:
        assert re.search(rf"^Uid:\t{USER}\t{USER}\t{USER}\t{USER}$", status, re.M)
        assert re.search(rf"^Groups:\t{GROUP} $", status, re.M)
        assert re.search(r"^CapPrm:\t0+$", status, re.M) and re.search(r"^CapEff:\t0+$", status, re.M)


@pytest.mark.full
def test_lines_go_on_through_rotations_without_loss_or_repetition(server, sender):
    server.start()
    sender.write(ACCESS, *access(0, 1000))
    begin(sender, server)
    for part in range(1, 6):
        sender.rotate(ACCESS)
        sender.write(ACCESS, *access(part * 1000, part * 1000 + 1000))
        wait_for(lambda part=part: len(server.texts("access")) == part * 1000 + 1000, "a part of the lines")
    assert server.texts("access") == access(0, 6000)


def test_what_a_server_missed_is_sent_again(server, sender):
    """A server that is killed while lines come: none is missing afterwards."""
    server.start()
    sender.write(ACCESS, *access(0, 100))
    begin(sender, server)
    wait_for(lambda: len(server.texts("access")) == 100, "the first lines")
    server.stop()
    sender.write(ACCESS, *access(100, 30000))
    sender.write(AUDIT, '{"time": "2026-11-22T13:00:00.123Z", "n": 1}')
    wait_for(lambda: sender.heard("logs can't be sent; trying again"), "that it says so")
    server.start()
    wait_for(lambda: set(server.texts("access")) >= set(access(0, 30000)), "every line")
    assert len(server.texts("audit")) == 1
    assert len(server.texts("access")) < 33000


@pytest.mark.full
def test_a_restart_goes_on_where_it_was(server, sender):
    server.start()
    sender.write(AUDIT, *(f'{{"n": {number}}}' for number in range(1000)))
    begin(sender, server)
    wait_for(lambda: len(server.texts("audit")) == 1000, "the lines")
    sender.write(CONSOLE, "2026-11-22T16:28:00.123Z init: switching off")
    sender.stop()
    # What was said just before the end has arrived.
    wait_for(lambda: server.texts("console") == ["switching off"], "the last line")
    sender.write(AUDIT, '{"n": 1000}')
    sender.rotate(AUDIT)
    sender.write(AUDIT, '{"n": 1001}')
    sender.said.clear()
    begin(sender, server)
    wait_for(lambda: len(server.texts("audit")) >= 1002, "the lines since")
    assert server.texts("audit") == [f'{{"n": {number}}}' for number in range(1002)]
    assert server.texts("console") == ["switching off"]
    sender.stop(signal.SIGKILL)
    sender.write(AUDIT, '{"n": 1002}')
    sender.said.clear()
    begin(sender, server)
    wait_for(lambda: '{"n": 1002}' in server.texts("audit"), "the line after a crash")


@pytest.mark.full
def test_lines_that_rotation_removes_are_counted(server, sender):
    sender.write(ACCESS, *access(0, 500))
    sender.start("127.0.0.1", server.port, (server.folder / "authority.pem").read_text())
    wait_for(lambda: sender.heard("logs can't be sent; trying again"), "that it says so")
    for part in range(1, 5):
        sender.rotate(ACCESS)
        sender.write(ACCESS, *access(part * 500, part * 500 + 500))
    wait_for(lambda: sender.heard("lines were removed before they could be sent", log="access.log", lines=500), "the count of lines")
    server.start()
    wait_for(lambda: server.texts("access")[-1:] == access(2499, 2500), "all that is left", 60)
    assert server.texts("access") == access(500, 2500)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.full
def test_a_server_that_takes_nothing_is_waited_for(server, sender):
    """It neither costs memory nor processor time, and all arrives when it goes on."""
    server.start()
    begin(sender, server)
    server.process.send_signal(signal.SIGSTOP)
    lines = [f'{{"request":{number},"more":"{"x" * 1000}"}}' for number in range(20000)]
    sender.write(ACCESS, *lines)
    samples = [(time.monotonic(), cpu_seconds(sender.process))]

    def is_quiet():
        now = (time.monotonic(), cpu_seconds(sender.process))
        if now[1] - samples[-1][1] > 0.05:
            samples.append(now)
        return now[0] - samples[-1][0] > 1

    wait_for(is_quiet, "a second in which it does nothing", 30)
    assert len(server.texts("access")) < len(lines)
    server.process.send_signal(signal.SIGCONT)
    wait_for(lambda: set(server.texts("access")) == set(lines), "all lines", 60)


def test_a_place_that_cant_be_kept_is_said_once(server, sender):
    server.start()
    begin(sender, server)
    places = sender.folder / "var/lib/syslog"
    places.rmdir()
    for number in range(3):
        sender.write(AUDIT, f'{{"n": {number}}}')
        wait_for(lambda number=number: len(server.texts("audit")) == number + 1, "the line")
        wait_for(lambda: sender.heard("it can't be written down how much has been sent"), "that it says so")
    sender.stop()
    assert len(sender.heard("it can't be written down how much has been sent")) == 1


def refused(sender, server, text):
    wait_for(lambda: sender.heard("logs can't be sent; trying again"), "the refusal")
    assert text in sender.heard("logs can't be sent; trying again")[0]["reason"]
    assert server.lines() == []


def test_only_a_server_that_is_vouched_for_gets_lines(folder, server, sender):
    server.start()
    make_authority(folder, "other")
    sender.write(AUDIT, '{"n": 1}')
    sender.start("127.0.0.1", server.port, (folder / "other.pem").read_text())
    refused(sender, server, "not signed by an authority")
    sender.stop()
    # The system's authorities don't know it either.
    sender.said.clear()
    sender.start("127.0.0.1", server.port, "")
    refused(sender, server, "not signed by an authority")


@pytest.mark.parametrize("names,days,text", [("DNS:other.example.net,IP:127.0.0.2", "1", "for another name"), ("IP:127.0.0.1", "-1", "expired")])
def test_only_a_certificate_that_fits_is_taken(folder, server, sender, names, days, text):
    make_certificate(folder, names, days)
    server.start()
    sender.write(AUDIT, '{"n": 1}')
    sender.start("127.0.0.1", server.port, (folder / "authority.pem").read_text())
    refused(sender, server, text)


def test_a_plain_server_gets_nothing(folder, sender):
    """Nor does one that says nothing keep the program from ending."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender.write(AUDIT, '{"n": "secret"}')
        sender.start("127.0.0.1", silent.getsockname()[1], (folder / "authority.pem").read_text())
        stream, _ = silent.accept()
        stream.settimeout(20)
        hello = stream.recv(65536)
        assert hello[0] == 0x16 and b"secret" not in hello
        begun = time.monotonic()
        sender.stop()
        assert time.monotonic() - begun < 5
        stream.close()


def frame(stream):
    """RFC 5425, 4.3: the octet count, a blank, the message."""
    count = b""
    while not count.endswith(b" "):
        count += stream.read(1)
    return stream.read(int(count))


@pytest.mark.parametrize("version", ("tls1_1", "tls1_2", "tls1_3"))
def test_old_tls_is_refused(folder, sender, version):
    """openssl's server: the frames as they are on the wire."""
    port = free_port()
    with subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "server.pem", "-key", "server.key", "-quiet", f"-{version}",
                           "-cipher", "ALL:@SECLEVEL=0"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as wire:
        try:
            sender.write(AUDIT, '{"time": "2026-11-22T13:00:00.123Z"}', '{"n": 2}')
            sender.start("localhost", port, (folder / "authority.pem").read_text())
            if version == "tls1_1":
                wait_for(lambda: sender.heard("logs can't be sent; trying again"), "the refusal")
                return
            name = socket.gethostname().encode()
            for text in (b'{"time": "2026-11-22T13:00:00.123Z"}', b'{"n": 2}'):
                assert re.fullmatch(rb"<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z " + re.escape(name) + rb" postern - audit - " + re.escape(text),
                                    frame(wire.stdout))
        finally:
            wire.kill()


@pytest.mark.full
def test_little_memory_whatever_waits(server, sender):
    lines = [f'{{"time":"2026-11-22T13:00:00.000Z","request":{number},"more":"{"x" * 300}"}}' for number in range(50000)]
    for _ in range(3):
        sender.write(ACCESS, *lines)
    server.start()
    begin(sender, server)
    begun = time.monotonic()
    wait_for(lambda: (server.folder / "got").exists() and (server.folder / "got").stat().st_size > 150000 * 400, "all lines", 120)
    seconds = time.monotonic() - begun
    peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{sender.process.pid}/status").read_text())[1])
    print(f"syslog_lines_per_second {150000 / seconds:.0f}\nsyslog_memory_kb {peak}")
    assert peak < 16 * 1024
