# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP under load rotates the access log without losing a line; SIGTERM lets requests that are under way end, within the limit."""
import json
import os
import signal
import socket
import ssl
import threading

import pytest

from b030_policy_change_under_load import Load
from conftest import Local
from i010_back_ends_that_fail import DOCUMENT, Peer, answer_once
from lab.appliance import allow
from lab.network import wait_for


def lines_for(file, path):
    """The access log's lines for requests of `path`; each line must be whole."""
    return [line for line in map(json.loads, file.read_text().splitlines()) if line["path"] == path]


def test_rotation_loses_no_line(subnet, gateway):
    api = gateway.serve_api()
    log = gateway.folder / "log" / "access.log"
    before = len(lines_for(log, "/prod/pets"))
    load = Load(subnet.host("10.20.0.10"), gateway, api, "--keep-alive")
    parts = [log]
    for number in range(1, 4):
        seen = log.stat().st_size
        wait_for(lambda: log.stat().st_size > seen, "lines")
        parts.append(log.with_name(f"access.log.{number}"))
        log.rename(parts[-1])
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(log.exists, "a new access log")
        wait_for(lambda: log.stat().st_size > 0, "a line in the new access log")
    summary = load.end()
    assert summary["failures"] == {} and summary["statuses"].keys() == {"200"}, summary
    answered = summary["statuses"]["200"]
    wait_for(lambda: sum(len(lines_for(part, "/prod/pets")) for part in parts) - before >= answered, "all lines", 5)
    assert sum(len(lines_for(part, "/prod/pets")) for part in parts) - before == answered
    assert all(lines_for(part, "/prod/pets") for part in parts)
    for part in parts[1:]:
        part.unlink()


@pytest.fixture
def slow(tmp_path):
    """An appliance in local mode, and a back end that answers when it is told to."""
    class Slow:
        appliance = Local(tmp_path, "127.0.0.1:14579", "127.0.0.1:18479")
        told = threading.Event()

        def restart(self, **settings):
            """The same appliance with other settings."""
            assert self.appliance.stop() == 0
            with open(self.appliance.state / "settings.yaml", "a") as file:
                file.writelines(f"{name}: {value}\n" for name, value in settings.items())
            self.appliance.start()

        def behave(self, connection, number):
            self.told.wait(60)
            try:
                return answer_once(connection, number)
            except OSError:  # nobody waits for it any more
                return False

        def begin(self):
            """A request that has reached the back end; its answer comes into `answers`."""
            self.answers = []
            self.client = threading.Thread(target=lambda: self.answers.append(self.appliance.get(self.api, "/x")), daemon=True)
            self.client.start()
            wait_for(lambda: self.peer.heads, "the request at the back end")

    made = Slow()
    made.appliance.start()
    made.peer = Peer(made.behave)
    made.api = made.appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=made.peer.uri, timeout=29000))
    yield made
    made.told.set()
    made.peer.close()
    made.appliance.stop()


def messages(appliance):
    return [json.loads(line)["message"] for line in appliance.log.read_text().splitlines() if line.startswith("{")]


def test_a_request_under_way_is_finished(slow):
    slow.begin()
    slow.appliance.process.send_signal(signal.SIGTERM)
    wait_for(lambda: messages(slow.appliance).count("draining") == 2, "gateway and control to drain")
    with pytest.raises(OSError):  # a new client is told at once, and does not wait for what never comes
        with socket.create_connection(("127.0.0.1", 18479), timeout=5) as connection:
            context = ssl.create_default_context(cafile=str(slow.appliance.ca))
            context.check_hostname = False
            context.wrap_socket(connection, server_hostname="x.execute-api.us-east-1.amazonaws.com")
    assert slow.appliance.process.poll() is None and slow.answers == []
    slow.told.set()
    slow.client.join(10)
    assert [(a.status, a.body) for a in slow.answers] == [(200, "ok")]
    assert slow.appliance.process.wait(10) == 0


def test_an_idle_connection_does_not_hold_it_up(slow):
    host = "x.execute-api.us-east-1.amazonaws.com"
    context = ssl.create_default_context(cafile=str(slow.appliance.ca))
    with context.wrap_socket(socket.create_connection(("127.0.0.1", 18479)), server_hostname=host) as connection:
        connection.settimeout(10)
        connection.sendall(f"GET /ping HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        slow.appliance.process.send_signal(signal.SIGTERM)
        assert connection.recv(65536) == b""  # closed, in order
    assert slow.appliance.process.wait(10) == 0


def test_the_limit_ends_what_does_not_end(slow):
    slow.restart(drain_timeout_ms=500)
    slow.begin()
    slow.appliance.process.send_signal(signal.SIGTERM)
    assert slow.appliance.process.wait(10) == 0  # the back end would be waited for 29 s
    slow.client.join(10)
    assert slow.answers[0].error != 0
    assert not [pid for name in ("postern-gateway", "postern-control") for pid in slow.appliance.children(name)
                if str(slow.appliance.state).encode() in open(f"/proc/{pid}/cmdline", "rb").read()]


def test_a_second_sigterm_does_not_wait(slow):
    slow.begin()
    slow.appliance.process.send_signal(signal.SIGTERM)
    wait_for(lambda: messages(slow.appliance).count("draining") == 2, "gateway and control to drain")
    os.kill(slow.appliance.process.pid, signal.SIGTERM)
    assert slow.appliance.process.wait(10) == 0


def test_the_log_level_changes_at_hangup(slow):
    file = slow.appliance.state / "settings.yaml"
    good = file.read_text()

    def reload(level):
        file.write_text(good + f"log_level: {level}\n")
        slow.appliance.process.send_signal(signal.SIGHUP)

    client = slow.appliance.boto3("apigateway")

    def is_logged():
        """Is a call that changes something logged? The line is written before the answer."""
        had = messages(slow.appliance).count("management call")
        client.create_rest_api(name="logged")
        return messages(slow.appliance).count("management call") > had

    assert is_logged()
    reload("error")
    wait_for(lambda: not is_logged(), "silence at level error")
    reload("info")
    wait_for(is_logged, "management calls in the log again")
