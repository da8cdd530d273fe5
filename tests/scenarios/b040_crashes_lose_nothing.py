# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of each of the three programs under load: connections wait and none is refused, answered calls are kept, and a
denied source stays refused all along."""
import threading

import pytest

from b030_policy_change_under_load import Load
from lab.appliance import allow, deny
from lab.network import run, wait_for

ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"


@pytest.fixture
def closed_api(gateway):
    return gateway.serve_api(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", "10.20.0.0/26", "fd20:5071:e2::/122"))


class Prober(threading.Thread):
    """A denied client that tries all the time; what ever differs from `refused` is kept."""

    def __init__(self, host, address):
        super().__init__(daemon=True)
        self.host, self.address, self.tries, self.wrong, self.ended = host, address, 0, [], threading.Event()

    def run(self):
        while not self.ended.is_set():
            outcome = self.host.connect_milliseconds(self.address, 443, 1.0)[0]
            self.tries += 1
            if outcome != "refused":
                self.wrong.append(outcome)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(10)


def test_the_gateway_is_killed(subnet, gateway, closed_api):
    allowed = subnet.host(ALLOWED)
    with Prober(subnet.host(DENIED), gateway.ipv4) as prober:
        load = Load(allowed, gateway, closed_api, "--threads", "3")
        for _ in range(3):
            pid = gateway.kill("postern-gateway")
            wait_for(lambda: [p for p in gateway.children("postern-gateway") if p != pid], "a successor", 15)
            wait_for(lambda: gateway.get(allowed, closed_api, "/health").status == 200, "service", 15)
        summary = load.end()
        wait_for(lambda: prober.tries > 3, "the denied client's tries", 30)
    assert set(summary["failures"]) <= {"broken", "handshake"} and sum(summary["failures"].values()) <= 3 * 3, summary
    assert summary["statuses"].keys() == {"200"}
    assert prober.wrong == []


def test_control_is_killed(subnet, gateway, closed_api):
    client = gateway.boto3("apigateway")
    answered, ended, refused = [], threading.Event(), []

    def work():
        while not ended.is_set() and len(answered) < 200:
            try:
                answered.append(client.create_rest_api(name=f"kept-{len(answered)}")["id"])
            except Exception as error:
                if "Could not connect" in str(error):
                    refused.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    load = Load(subnet.host(ALLOWED), gateway, closed_api)
    thread.start()
    for _ in range(3):
        had = len(answered)
        wait_for(lambda: len(answered) >= had + 5, "five answered calls", 20)
        gateway.kill("postern-control")
    had = len(answered)
    wait_for(lambda: len(answered) >= had + 5, "five answered calls after the last kill", 20)
    ended.set()
    thread.join(30)
    assert refused == []
    stored = set()
    for page in client.get_paginator("get_rest_apis").paginate():
        stored |= {item["id"] for item in page["items"]}
    assert set(answered) <= stored
    summary = load.end()
    assert summary["failures"] == {} and summary["statuses"].keys() == {"200"}, summary
    gateway.made.extend(answered)


def test_posternd_is_killed(subnet, gateway, closed_api):
    allowed = subnet.host(ALLOWED)
    namespaces, links = run("ip", "netns", "list").stdout, run("ip", "-br", "link").stdout
    children = gateway.children("postern-gateway") + gateway.children("postern-control")
    with Prober(subnet.host(DENIED), gateway.ipv4) as prober:
        load = Load(allowed, gateway, closed_api)
        gateway.kill("posternd")
        gateway.process.wait(10)
        assert gateway.get(allowed, closed_api).status == 200  # the children go on serving by themselves
        gateway.start()
        wait_for(lambda: gateway.postern("status")["endpoints"], "the successor to know its endpoints", 15)
        assert gateway.get(allowed, closed_api).status == 200
        summary = load.end()
    assert summary["failures"] == {} and summary["statuses"].keys() == {"200"}, summary
    assert prober.wrong == [] and prober.tries > 3
    assert gateway.children("postern-gateway") + gateway.children("postern-control") == children
    assert run("ip", "netns", "list").stdout == namespaces
    assert [l.split()[0] for l in run("ip", "-br", "link").stdout.splitlines()] == [l.split()[0] for l in links.splitlines()]
    pid = gateway.kill("postern-gateway")  # and the successor supervises them
    wait_for(lambda: [p for p in gateway.children("postern-gateway") if p != pid], "a successor of the gateway", 15)
    wait_for(lambda: gateway.get(allowed, closed_api).status == 200, "service", 15)
