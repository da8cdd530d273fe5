# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that stand when a new policy denies their source: with filter_cut_connections they end before the call that denied
them is answered; without it their next packet is refused. Others are not touched."""
import json
import re
import time

import pytest

from conftest import Gateway, subnet_settings
from lab.appliance import allow, deny, policy
from lab.held import Held
from lab.network import Subnet, run, wait_for

ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"
LEFT = ("10.20.0.0/26", "fd20:5071:e2::/122")
MANAGEMENT = "127.0.0.1:14592"


@pytest.fixture(scope="module")
def cutting(folder, backend):
    """An appliance that cuts, in a subnet of its own."""
    subnet = Subnet("pu")
    settings = subnet_settings(folder / "cutting", MANAGEMENT) | {"filter_cut_connections": True}
    settings["networks"][0]["interface"] = subnet.bridge
    made = Gateway(folder / "cutting", settings, management=MANAGEMENT)
    made.made, made.subnet = [], subnet
    try:
        made.start()
        yield made.prepare(backend)
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)
        subnet.close()


class Clients:
    """Connections of both hosts, over both families, to an API that allows both; each has had an answer."""

    def __init__(self, gateway, subnet, mode):
        for api in gateway.made:
            gateway.boto3("apigateway").delete_rest_api(restApiId=api)
        gateway.made.clear()
        gateway.mode(mode)
        self.gateway, self.api = gateway, gateway.serve_api(allow())
        name = gateway.name_of(self.api)
        self.held = {(ip, family): Held(subnet.host(ip), address, name, "/prod/pets", gateway.ca)
                     for ip in (ALLOWED, DENIED) for family, address in (("IPv4", gateway.ipv4), ("IPv6", gateway.ipv6))}
        for held in self.held.values():
            assert held.told() == {"status": 200}
        # A client acknowledges the answer a moment later: that packet is not to be the one that the filter refuses.
        wait_for(self.all_is_acknowledged, "acknowledgements of the answers")

    def all_is_acknowledged(self):
        lines = run("nsenter", f"--net=/run/netns/postern-{self.gateway.vpce}", "ss", "-Htn", "state", "established", "sport", "=", ":443").stdout
        return [line.split()[1] for line in lines.splitlines()] == ["0"] * len(self.held)

    def of(self, ip):
        return [held for (host, _), held in self.held.items() if host == ip]

    def deny(self):
        """DENIED is denied from now on; when the call was answered."""
        client = self.gateway.boto3("apigateway")
        value = json.dumps(policy(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", *LEFT)))
        client.update_rest_api(restApiId=self.api, patchOperations=[{"op": "replace", "path": "/policy", "value": value}])
        assert all(held.is_quiet() for held in self.held.values()), "what is not deployed is not in force"
        client.create_deployment(restApiId=self.api, stageName="prod")
        return time.monotonic()

    def expect_allowed_untouched(self):
        for held in self.of(ALLOWED):
            assert held.is_quiet()
            held.ask()
            assert held.told() == {"status": 200}

    def close(self):
        for held in self.held.values():
            held.close()


@pytest.fixture
def clients(request):
    made = []
    yield lambda *arguments: made.append(Clients(*arguments)) or made[-1]
    for each in made:
        each.close()


def gateway_pid(gateway):
    return (gateway.folder / "run" / "gateway.pid").read_bytes()


def cut_count(gateway):
    return sum(map(int, re.findall(r": (\d+) established connections? of denied sources cut", gateway.log.read_text())))


@pytest.mark.parametrize("mode", ["reset", "drop"])
def test_denied_connections_end_with_the_call(cutting, clients, mode):
    made, before = clients(cutting, cutting.subnet, mode), cut_count(cutting)
    answered = made.deny()
    for held in made.of(DENIED):
        told = held.told()
        assert told["end"] == "reset", told
        # The client's own program may be scheduled a moment later than the call's.
        assert told["at"] < answered + 0.2
    made.expect_allowed_untouched()
    assert wait_for(lambda: cut_count(cutting) - before, "the log to tell") == 2


def test_the_gateway_goes_on(cutting, clients):
    """What is cut leaves nothing behind in the gateway: it serves whom it served, and the denied source when it is allowed again."""
    made = clients(cutting, cutting.subnet, "reset")
    pid = gateway_pid(cutting)
    made.deny()
    assert [held.told()["end"] for held in made.of(DENIED)] == ["reset", "reset"]
    value = json.dumps(policy(allow()))
    client = cutting.boto3("apigateway")
    client.update_rest_api(restApiId=made.api, patchOperations=[{"op": "replace", "path": "/policy", "value": value}])
    client.create_deployment(restApiId=made.api, stageName="prod")
    assert cutting.get(cutting.subnet.host(DENIED), made.api).status == 200
    made.expect_allowed_untouched()
    assert gateway_pid(cutting) == pid


def test_observe_cuts_nothing(cutting, clients):
    made, before = clients(cutting, cutting.subnet, "observe"), cut_count(cutting)
    made.deny()
    for held in made.of(DENIED):
        held.ask()
        assert held.told() == {"status": 403}  # the pipeline's
    made.expect_allowed_untouched()
    assert cut_count(cutting) == before


def test_without_the_setting_the_next_packet_is_refused(subnet, gateway, clients):
    made = clients(gateway, subnet, "reset")
    made.deny()
    assert all(held.is_quiet() for held in made.of(DENIED)), "nobody told the client anything yet"
    before = gateway.dropped("source_denied")
    for held in made.of(DENIED):
        held.ask()
        assert held.told()["end"] == "reset"
    assert gateway.dropped("source_denied") >= before + 2
    made.expect_allowed_untouched()
    assert cut_count(gateway) == 0
