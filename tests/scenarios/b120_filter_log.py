# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel filter does can be read in the log and in the metrics: a denied source has a line with the statement behind it,
and no line for each of its packets; counters, resets, events and the table in force are metrics of the endpoint."""
import json

from lab.appliance import allow, deny
from lab.network import wait_for

DENIED = "10.20.0.66"
LEFT = ("10.20.0.0/26", "fd20:5071:e2::/122")


def drops(gateway, source):
    """The log's lines of that source; a line may still be in the writing."""
    found = []
    for line in gateway.log.read_text(errors="replace").splitlines():
        if '"packet dropped"' in line and line.endswith("}"):
            fields = json.loads(line)
            found += [fields] if fields["source"] == source else []
    return found


def test_drops_are_logged_once_and_counted_all(subnet, gateway):
    denied = subnet.host(DENIED)
    api = gateway.serve_api(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", *LEFT))
    source = denied.addresses[1]  # an IPv6 address: other scenarios deny the IPv4 one
    logged, before = len(drops(gateway, source)), gateway.metrics()

    attempts = 30
    for _ in range(attempts):
        assert denied.connect_milliseconds(gateway.ipv6, 443)[0] == "refused"
    wait_for(lambda: len(drops(gateway, source)) > logged, "a line of the log")
    wait_for(lambda: drops(gateway, source)[-1].get("sid") == "OnlyLeft", "a line that names the statement", 15)
    line = drops(gateway, source)[-1]
    assert (line["endpoint"], line["port"], line["reason"], line["statement"]) == (gateway.vpce, 443, "source_denied", 1)
    assert line["policy"].endswith(f":{api}") and line["level"] == "info" and line["program"] == "control"
    assert len(drops(gateway, source)) - logged <= 3

    after = gateway.metrics()

    def gained(name, labels=""):
        key = f'postern_filter_{name}{{endpoint="{gateway.vpce}"{labels}}}'
        return after[key] - before.get(key, 0)

    assert gained("packets_total", ',reason="source_denied"') >= attempts
    assert gained("bytes_total", ',reason="source_denied"') >= attempts * 60
    assert gained("resets_sent_total") >= attempts and gained("events_sent_total") >= 1
    labels = f'{{endpoint="{gateway.vpce}"'
    assert after[f'postern_filter_mode{labels},mode="reset"}}'] == 1 and after[f'postern_filter_mode{labels},mode="drop"}}'] == 0
    stats = gateway.postern("filter", "stats", "--endpoint", gateway.vpce)["endpoints"][0]
    assert after[f"postern_filter_prefixes{labels}}}"] == stats["prefixes"]
    assert after[f"postern_filter_generation{labels}}}"] == stats["generation"]


def test_counters_are_logged_each_minute(gateway):
    def counted():
        lines = [l for l in gateway.log.read_text(errors="replace").splitlines() if '"packets judged so far"' in l and gateway.vpce in l]
        return lines and json.loads(lines[0])
    assert wait_for(counted, "a line of counters", 70)["endpoint"] == gateway.vpce
