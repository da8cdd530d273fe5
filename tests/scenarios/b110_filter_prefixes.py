# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that needs more prefixes than the settings allow: the call that leads to it is refused with the count and nothing has
changed; or, if the settings say so, the filter drops fewer sources, never others, and the gateway answers those."""
import json

import pytest
import yaml
from botocore.exceptions import ClientError

from conftest import Gateway, subnet_settings
from lab.appliance import allow, deny, policy
from lab.network import Subnet, run, wait_for

ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"
MANAGEMENT = "127.0.0.1:14593"
LIMIT = 16
# As many as are allowed, each larger than a single address, and none next to another.
OTHERS = [f"10.30.0.{4 * i}/31" for i in range(LIMIT)]


@pytest.fixture(scope="module")
def small(folder, backend):
    """An appliance with small filters, in a subnet of its own."""
    subnet = Subnet("px")
    settings = subnet_settings(folder / "small", MANAGEMENT) | {"filter_prefixes": LIMIT}
    settings["networks"][0]["interface"] = subnet.bridge
    made = Gateway(folder / "small", settings, management=MANAGEMENT)
    made.made, made.subnet = [], subnet
    try:
        made.start()
        yield made.prepare(backend)
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)
        subnet.close()


def restart(gateway, **settings):
    gateway.stop()
    gateway.settings |= settings
    gateway.settings_file.write_text(yaml.safe_dump(gateway.settings, sort_keys=False))
    gateway.start()
    wait_for(lambda: shown(gateway).get("prefixesAllowed"), "the filter of the endpoint")


def shown(gateway):
    return gateway.postern("filter", "show", gateway.vpce)


def denying(*prefixes):
    return json.dumps(policy(allow(), deny("Listed", "IpAddress", "aws:VpcSourceIp", *prefixes)))


def put(gateway, api, text):
    client = gateway.boto3("apigateway")
    client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": text}])
    return client.create_deployment(restApiId=api, stageName="prod")


def refusal(call, *arguments, **parameters):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    return caught.value.response


def test_a_call_that_makes_a_filter_too_fine_is_refused_with_the_count(small):
    allowed, denied = small.subnet.host(ALLOWED), small.subnet.host(DENIED)
    api = small.serve_api(allow(), deny("Listed", "IpAddress", "aws:VpcSourceIp", *OTHERS[1:], DENIED))
    assert denied.connect_milliseconds(small.ipv4, 443)[0] == "refused"
    before, deployed = shown(small), small.boto3("apigateway").get_stage(restApiId=api, stageName="prod")["deploymentId"]

    error = refusal(put, small, api, denying(*OTHERS, DENIED))
    assert error["Error"]["Code"] == "BadRequestException"
    assert f"{LIMIT + 1} prefixes, but {LIMIT} are allowed" in error["Error"]["Message"]
    assert error["ResponseMetadata"]["HTTPHeaders"]["x-postern-reason"] == (
        f"filter_prefixes: source filter of {small.vpce}: {LIMIT + 1} needed, {LIMIT} allowed")
    endpoint_policy = denying(*OTHERS, DENIED).replace("execute-api:/*", "*")
    error = refusal(small.boto3("ec2").modify_vpc_endpoint, VpcEndpointId=small.vpce, PolicyDocument=endpoint_policy)
    assert error["Error"]["Code"] == "InvalidParameter" and f"{LIMIT + 1} prefixes" in error["Error"]["Message"]

    assert small.boto3("apigateway").get_stage(restApiId=api, stageName="prod")["deploymentId"] == deployed
    assert shown(small) == before
    assert denied.connect_milliseconds(small.ipv4, 443)[0] == "refused"
    assert small.get(allowed, api).status == 200


def test_with_widening_the_largest_stay_dropped_and_the_gateway_refuses_the_rest(small):
    allowed, denied = small.subnet.host(ALLOWED), small.subnet.host(DENIED)
    restart(small, filter_over_limit="widen")
    for api in small.made:
        small.boto3("apigateway").delete_rest_api(restApiId=api)
    small.made.clear()
    api = small.serve_api(allow(), deny("Listed", "IpAddress", "aws:VpcSourceIp", *OTHERS, DENIED))
    filter = shown(small)
    assert (filter["widened"], filter["prefixesNeeded"], filter["prefixesAllowed"]) == (True, LIMIT + 1, LIMIT)
    dropped = {p["prefix"] for p in filter["prefixes"] if p["reason"] == "source_denied"}
    assert dropped == set(OTHERS)
    answer = small.get(denied, api)
    assert answer.status == 403 and "explicit deny" in answer.body
    assert small.get(allowed, api).status == 200
    assert small.metrics()[f'postern_filter_widened{{endpoint="{small.vpce}"}}'] == 1
    wait_for(lambda: "so it is widened" in small.log.read_text(), "the warning")

    # Larger than single addresses, it is among those that stay.
    put(small, api, denying(f"{DENIED.rpartition('.')[0]}.64/29", *(f"10.30.0.{2 * i}" for i in range(LIMIT))))
    assert shown(small)["widened"]
    assert denied.connect_milliseconds(small.ipv4, 443)[0] == "refused"
    assert small.get(allowed, api).status == 200


def test_a_limit_that_was_lowered_widens_what_is_stored_and_refuses_what_is_worse(small):
    denied = small.subnet.host(DENIED)
    restart(small, filter_over_limit="refuse")
    filter = shown(small)
    assert filter["widened"] and filter["prefixesNeeded"] == LIMIT + 1
    assert denied.connect_milliseconds(small.ipv4, 443)[0] == "refused"
    api = small.made[0]
    assert put(small, api, denying(f"{DENIED.rpartition('.')[0]}.64/28", *(f"10.30.0.{2 * i}" for i in range(LIMIT))))["id"]
    error = refusal(put, small, api, denying(f"{DENIED.rpartition('.')[0]}.64/28", *(f"10.30.0.{2 * i}" for i in range(LIMIT + 1))))
    assert f"{LIMIT + 2} prefixes" in error["Error"]["Message"]
