# SPDX-License-Identifier: GPL-3.0-or-later
"""The same denied source in the three modes of an endpoint's filter; a mode acts at once and on new connections alone."""
import json

from lab.appliance import ACCOUNT, REGION, allow, deny

DENIED = "10.20.0.66"


def serve(gateway):
    return gateway.serve_api(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", "10.20.0.0/26", "fd20:5071:e2::/122"))


def test_drop_is_silence(subnet, gateway):
    serve(gateway)
    gateway.mode("drop")
    for address in (gateway.ipv4, gateway.ipv6):
        assert subnet.host(DENIED).connect_milliseconds(address, 443, 1.0)[0] == "silent"
    assert gateway.filter_event(DENIED, "OnlyLeft")["reason"] == "source_denied"


def test_observe_leaves_the_403_to_the_pipeline(subnet, gateway):
    api = serve(gateway)
    gateway.mode("observe")
    answer = gateway.get(subnet.host(DENIED), api)
    arn = f"arn:aws:execute-api:{REGION}:********{ACCOUNT[-4:]}:{api}/prod/GET/pets"
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException" and answer.headers["content-type"] == "application/json"
    assert {"x-amzn-requestid", "x-amz-apigw-id"} <= set(answer.headers)
    assert answer.body == json.dumps({"Message": "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
                                      f"{arn} with an explicit deny in a resource-based policy"}, separators=(",", ":"))


def test_only_the_endpoints_services_are_reachable(subnet, gateway):
    serve(gateway)
    host = subnet.host("10.20.0.10")
    for port in (22, 80, 4566, 8443):
        assert host.connect_milliseconds(gateway.ipv4, port, 1.0)[0] == "refused"
