# SPDX-License-Identifier: GPL-3.0-or-later
"""What the metrics count is what happened, and each request has its line in the access log: JSON, with request id, status,
latency and, for a denial, whose policy and which statement it rests on."""
import json
import re
import subprocess
import time

import pytest

from lab.appliance import allow, deny
from lab.network import run, wait_for

CLIENT, DENIED = "10.20.0.10", "10.20.0.66"
NO_PET = {"Sid": "NoPet", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/GET/pets/*"}


@pytest.fixture
def line(gateway):
    """line(answer): the access log's line for that answer."""
    log = gateway.folder / "log" / "access.log"

    def find(answer):
        wanted = answer.headers["x-amzn-requestid"]
        return wait_for(lambda: next((json.loads(l) for l in log.read_text().splitlines() if wanted in l), None), "its line", 5)

    return find


class Difference:
    """What the metrics have gained since this was made."""

    def __init__(self, gateway):
        self.gateway, self.before, self.since = gateway, None, time.monotonic()
        wait_for(self.is_quiet, "the counters to rest", 10)

    def is_quiet(self):
        """Workers publish what they count of connections each 200 ms: all of it is in when nothing has come for twice that."""
        counted = ("postern_connections_accepted", "postern_tls")
        now = {name: value for name, value in self.gateway.metrics().items() if name.startswith(counted)}
        if now != self.before:
            self.before, self.since = now, time.monotonic()
        quiet = time.monotonic() - self.since > 0.4
        if quiet:
            self.before = self.gateway.metrics()
        return quiet

    def of(self, name):
        return self.gateway.metrics()[name] - self.before.get(name, 0)

    def settles_at(self, wanted):
        """Counters of connections are published a moment later than those of requests."""
        def reached():
            return {name: self.of(name) for name in wanted} == wanted
        try:
            wait_for(reached, "counters", 5)
        except TimeoutError:
            assert {name: self.of(name) for name in wanted} == wanted


def test_requests_by_class_of_status(subnet, gateway):
    api, client = gateway.serve_api(allow(), NO_PET), subnet.host(CLIENT)
    gained = Difference(gateway)
    assert [gateway.get(client, api, path).status for path in ("/pets", "/health", "/pets/1", "/nothing")] == [200, 200, 403, 403]
    gained.settles_at({
        'postern_requests_total{class="2xx"}': 2, 'postern_requests_total{class="4xx"}': 2, 'postern_requests_total{class="5xx"}': 0,
        'postern_requests_denied_total{by="resource_policy"}': 1, 'postern_request_seconds_count': 4,
        'postern_upstream_requests_total{result="answered"}': 1,
        'postern_connections_accepted_total{listener="tls"}': 4, 'postern_tls_handshakes_total{result="full"}': 4,
        'postern_access_log_lines_total{outcome="ok"}': 4,
    })
    assert 0 < gained.of("postern_request_seconds_sum") < 4


def test_connections_that_are_open(subnet, gateway):
    open_now = 'postern_connections_open{listener="tls"}'
    # A client that an earlier scenario denied in the middle of its connection leaves it open until it times out.
    gateway.kill("postern-gateway")
    wait_for(lambda: gateway.metrics()[open_now] == 0, "all connections to end", 15)
    program = ("import socket,ssl,sys\n"
               "c=ssl._create_unverified_context()\n"
               "held=[c.wrap_socket(socket.create_connection((sys.argv[1],443))) for _ in range(5)]\n"
               "print('held',flush=True); sys.stdin.read()")
    holder = subnet.host(CLIENT).popen("/usr/bin/python3", "-c", program, gateway.ipv4, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    wait_for(lambda: gateway.metrics()[open_now] == 5, "five open connections", 5)
    holder.communicate(timeout=10)
    wait_for(lambda: gateway.metrics()[open_now] == 0, "none", 5)


def test_dropped_packets_by_reason(subnet, gateway):
    gateway.serve_api(allow(), deny("NotThese", "IpAddress", "aws:VpcSourceIp", DENIED))
    name = f'postern_filter_packets_total{{endpoint="{gateway.vpce}",reason="source_denied"}}'
    gained = Difference(gateway)
    assert [subnet.host(DENIED).connect_milliseconds(gateway.ipv4, 443)[0] for _ in range(3)] == ["refused"] * 3
    gained.settles_at({name: 3})


def test_the_text_is_prometheus(gateway):
    """Each sample has its HELP and TYPE before it; histograms rise to their count."""
    text = run("curl", "-sSf", "-D", "/dev/stderr", f"{gateway.management}/metrics")
    assert re.search(r"(?im)^content-type: text/plain; version=0\.0\.4", text.stderr)
    typed, helped, buckets = {}, set(), {}
    for row in text.stdout.splitlines():
        if row.startswith("# TYPE "):
            _, _, name, kind = row.split()
            typed[name] = kind
        elif row.startswith("# HELP "):
            helped.add(row.split()[2])
        elif row:
            name, labels, value = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="[^"]*",?)+\})? ([0-9.e+-]+)', row).groups()
            base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in typed else name
            assert base in typed and base in helped, row
            if name.endswith("_bucket"):
                buckets.setdefault(base, []).append(float(value))
            elif name.endswith("_count") and typed[base] == "histogram":
                assert buckets[base] == sorted(buckets[base]) and buckets[base][-1] == float(value)
    assert buckets and {"counter", "gauge", "histogram"} == set(typed.values())


def test_a_line_says_what_was_answered(subnet, gateway, line):
    api, client = gateway.serve_api(), subnet.host(CLIENT)
    before = time.time()
    answer = gateway.get(client, api, "/pets", "-H", 'User-Agent: odd "agent" \\ {é}')
    found = line(answer)
    assert {name: found[name] for name in ("vpceId", "sourceIp", "domainName", "apiId", "stage", "httpMethod", "resourcePath", "path",
                                           "protocol", "status", "responseLength", "tlsVersion", "integrationStatus")} == {
        "vpceId": gateway.vpce, "sourceIp": CLIENT, "domainName": gateway.name_of(api), "apiId": api, "stage": "prod", "httpMethod": "GET",
        "resourcePath": "/pets", "path": "/prod/pets", "protocol": "HTTP/1.1", "status": 200, "responseLength": len(answer.body),
        "tlsVersion": "TLSv1.3", "integrationStatus": 200}
    assert found["requestId"] == answer.headers["x-amzn-requestid"] and found["extendedRequestId"] == answer.headers["x-amz-apigw-id"]
    assert 0 < found["integrationLatencyUs"] <= found["latencyUs"] < answer.seconds * 1e6
    assert time.strftime("%Y-%m-%dT%H:", time.gmtime(before)) in found["time"] or time.gmtime(before).tm_min == 59
    assert found["userAgent"] == 'odd "agent" \\ {é}'
    assert "deniedBy" not in found and "reason" not in found


def test_an_answer_of_the_gateway_itself_has_a_latency_too(subnet, gateway, line):
    api = gateway.serve_api()
    found = line(gateway.get(subnet.host(CLIENT), api, "/health"))
    assert 0 < found["latencyUs"] < 1e6


@pytest.mark.parametrize("path, wanted", [
    ("/pets/1", {"deniedBy": "resource", "deniedStatement": 1, "deniedSid": "NoPet", "errorType": "ACCESS_DENIED"}),
    ("/nothing", {"errorType": "MISSING_AUTHENTICATION_TOKEN", "reason": "no resource and method serve this path"}),
])
def test_a_line_says_why_it_was_refused(subnet, gateway, line, path, wanted):
    api = gateway.serve_api(allow(), NO_PET)
    answer = gateway.get(subnet.host(CLIENT), api, path)
    found = line(answer)
    assert found["status"] == answer.status == 403
    assert {name: found.get(name) for name in wanted} == wanted
    assert "NoPet" not in answer.body and "NoPet" not in str(answer.headers)  # the client is not told


def test_silence_is_a_denial_without_a_statement(subnet, gateway, line):
    """Nothing allows this path, and nothing denies it: the line names the policy, and no statement."""
    api = gateway.serve_api({**allow(), "Resource": "execute-api:/*/GET/health"})
    found = line(gateway.get(subnet.host(CLIENT), api, "/pets"))
    assert (found["status"], found["deniedBy"]) == (403, "resource")
    assert "deniedSid" not in found and "deniedStatement" not in found


def test_in_mode_observe_the_line_names_who_would_have_been_dropped(subnet, gateway, line):
    api = gateway.serve_api(allow(), deny("NotThese", "IpAddress", "aws:VpcSourceIp", DENIED))
    gateway.mode("observe")
    found = line(gateway.get(subnet.host(DENIED), api))
    assert (found["status"], found["sourceIp"], found["deniedSid"]) == (403, DENIED, "NotThese")
