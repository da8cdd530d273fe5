# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that no policy can allow is refused by the kernel, at once, and the operator sees which statement did it."""
from lab.appliance import allow, deny

ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"
LEFT = ("10.20.0.0/26", "fd20:5071:e2::/122")


def test_denied_source_is_reset(subnet, gateway):
    allowed, denied = subnet.host(ALLOWED), subnet.host(DENIED)
    api = gateway.serve_api(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", *LEFT))
    before = gateway.dropped("source_denied")

    assert gateway.get(allowed, api).status == 200

    for address in (gateway.ipv4, gateway.ipv6):
        outcome, milliseconds = denied.connect_milliseconds(address, 443)
        assert outcome == "refused" and milliseconds < 50
    event = gateway.filter_event(DENIED, "OnlyLeft")
    assert (event["endpoint"], event["reason"], event["sid"]) == (gateway.vpce, "source_denied", "OnlyLeft")
    assert gateway.filter_event(denied.addresses[1], "OnlyLeft")["reason"] == "source_denied"
    assert gateway.dropped("source_denied") >= before + 2


def test_an_allowed_host_gets_in_over_ipv6(subnet, gateway):
    allowed = subnet.host(ALLOWED)
    api = gateway.serve_api(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", *LEFT))
    assert gateway.get(allowed, api, address=gateway.ipv6).status == 200


def test_a_deny_of_one_stage_is_not_the_kernels_business(subnet, gateway):
    denied = subnet.host(DENIED)
    statement = deny("OnlyProd", "NotIpAddress", "aws:VpcSourceIp", *LEFT)
    statement["Resource"] = "execute-api:/prod/GET/pets"
    api = gateway.serve_api(allow(), statement)
    answer = gateway.get(denied, api)
    assert answer.status == 403 and "explicit deny" in answer.body
    assert gateway.get(denied, api, "/health").status == 200


def test_one_api_that_may_allow_keeps_the_door_open(subnet, gateway):
    denied = subnet.host(DENIED)
    closed = gateway.serve_api(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", *LEFT))
    opened = gateway.serve_api(allow())
    assert gateway.get(denied, opened).status == 200
    assert gateway.get(denied, closed).status == 403
