# SPDX-License-Identifier: GPL-3.0-or-later
"""What API Gateway's operations answer, to good input and bad: status, code, words and members are AWS's."""
import json
import re

import pytest

from lab.appliance import allow, policy
from lab.signed import signed

TYPES = "Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]"
OPS = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
WRONG_TYPES = f"Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: {TYPES}"
WRONG_ADDRESS = ("Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: "
                 "Member must satisfy enum value set: [ipv4, dualstack]")


@pytest.fixture(scope="module")
def api(local):
    made = signed(local, "POST", "/restapis", {"name": "o010", "endpointConfiguration": {"types": ["PRIVATE"]}}).body
    yield made
    signed(local, "DELETE", f"/restapis/{made['id']}")


def refused(answer, status, code, message):
    assert (answer.status, answer.code, answer.message) == (status, code, message)


@pytest.mark.parametrize("wanted, shown", [
    (None, {"types": ["EDGE"], "ipAddressType": "ipv4"}),
    ({"types": ["REGIONAL"]}, {"types": ["REGIONAL"], "ipAddressType": "ipv4"}),
    ({"types": ["REGIONAL"], "ipAddressType": "dualstack"}, {"types": ["REGIONAL"], "ipAddressType": "dualstack"}),
    ({"types": ["PRIVATE"]}, {"types": ["PRIVATE"], "ipAddressType": "dualstack"}),
])
def test_a_created_api_shows_its_constant_members(local, wanted, shown):
    made = signed(local, "POST", "/restapis", {"name": "x", **({"endpointConfiguration": wanted} if wanted else {})})
    assert made.status == 201 and made.body["endpointConfiguration"] == shown
    assert made.body["apiKeySource"] == "HEADER" and made.body["disableExecuteApiEndpoint"] is False and "tags" not in made.body
    for member in ("id", "rootResourceId"):
        assert re.fullmatch("[a-z0-9]{10}", made.body[member])
    assert isinstance(made.body["createdDate"], (int, float))
    assert signed(local, "GET", f"/restapis/{made.body['id']}").body == {**made.body, "tags": {}}
    assert signed(local, "GET", f"/restapis/{made.body['id']}/resources").body == {"item": [{"id": made.body["rootResourceId"], "path": "/"}]}
    assert {m["name"] for m in signed(local, "GET", f"/restapis/{made.body['id']}/models").body["item"]} == {"Empty", "Error"}
    gone = signed(local, "DELETE", f"/restapis/{made.body['id']}")
    assert (gone.status, gone.body) == (202, "")


@pytest.mark.parametrize("body, code, message", [
    ({"endpointConfiguration": {"types": []}}, "BadRequestException", "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
    ({"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}}, "BadRequestException", "Cannot create an api with multiple Endpoint Types."),
    ({"endpointConfiguration": {"types": ["wrong"]}}, "ValidationException", f"1 validation error detected: {WRONG_TYPES}"),
    ({"endpointConfiguration": {"ipAddressType": "wrong", "types": ["wrong"]}}, "ValidationException",
     f"2 validation errors detected: {WRONG_TYPES}; {WRONG_ADDRESS}"),
    ({"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}}, "BadRequestException",
     "Only dualstack ipAddressType is supported for Private APIs."),
    ({"description": "", "endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}}, "BadRequestException",
     "Description cannot be an empty string"),
    ({"name": True}, "SerializationException", "class java.lang.Boolean can not be converted to an String"),
    ({"name": 5}, "SerializationException", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"),
    ({"name": None}, "ValidationException",
     "1 validation error detected: Value null at 'createRestApiInput.name' failed to satisfy constraint: Member must not be null"),
    ({"minimumCompressionSize": -1}, "BadRequestException", "Invalid minimum compression size, must be between 0 and 10485760"),
    ({"name": "x\0y"}, "ValidationException", "name holds a NUL character or bytes that are not UTF-8"),
    ({"tags": {f"k{i}": "v" for i in range(51)}}, "BadRequestException", "A resource can have at most 50 tags"),
    ({"endpointConfiguration": {"types": ["PRIVATE"], "vpcEndpointIds": ["vpce-0"]}}, "BadRequestException", "Invalid VPC endpoint ID specified: vpce-0"),
])
def test_a_bad_api_is_not_created(local, body, code, message):
    refused(signed(local, "POST", "/restapis", {"name": "x", **body}), 400, code, message)


@pytest.mark.parametrize("text", ["{", "[]", '{"name":"x","name":"y"}', "[" * 100000, b'{"name":"\xff"}', '{"name":"x"} x'])
def test_what_is_no_input_is_told_so(local, text):
    assert signed(local, "POST", "/restapis", text).code == "SerializationException"


@pytest.mark.parametrize("operation, message", [
    ({"op": "wrong", "path": "/name"}, f"1 validation error detected: Value 'wrong' at 'updateRestApiInput.patchOperations.1.member.op' failed to satisfy constraint: {OPS}"),
    ({"op": "replace", "path": "/wrongPath", "value": "z"}, "Invalid patch path /wrongPath"),
    ({"op": "replace", "value": "z"}, "Invalid patch path null"),
    ({"op": "add", "path": "/binaryMediaTypes", "value": "x"}, "Invalid patch path /binaryMediaTypes"),
    ({"op": "add", "path": "/minimumCompressionSize", "value": "1"}, "Invalid patch operation specified. Must be one of: [replace]"),
    ({"op": "replace", "path": "/minimumCompressionSize", "value": "x"}, "Invalid minimum compression size, must be between 0 and 10485760"),
    ({"op": "remove", "path": "/endpointConfiguration/ipAddressType"}, "Invalid patch operation specified. Must be one of: [replace]"),
    ({"op": "remove", "path": "/endpointConfiguration/types/0"}, "Invalid patch operation specified. Must be 'add'|'remove'|'replace'"),
    ({"op": "replace", "path": "/endpointConfiguration/types/0", "value": "x"}, "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
    ({"op": "replace", "path": "/endpointConfiguration/ipAddressType", "value": "x"}, "ipAddressType must be either ipv4 or dualstack."),
    ({"op": "replace", "path": "/endpointConfiguration/ipAddressType", "value": "ipv4"}, "Only dualstack ipAddressType is supported for Private APIs."),
])
def test_a_bad_patch_changes_nothing(local, api, operation, message):
    good = {"op": "replace", "path": "/name", "value": "changed"}
    before = signed(local, "GET", f"/restapis/{api['id']}").body
    answer = signed(local, "PATCH", f"/restapis/{api['id']}", {"patchOperations": [operation]})
    assert (answer.status, answer.message) == (400, message)
    assert signed(local, "PATCH", f"/restapis/{api['id']}", {"patchOperations": [good, operation]}).status == 400
    assert signed(local, "GET", f"/restapis/{api['id']}").body == before


def test_patches_are_counted(local, api):
    operations = [{"op": "add", "path": f"/binaryMediaTypes/a~1{i}"} for i in range(1001)]
    refused(signed(local, "PATCH", f"/restapis/{api['id']}", {"patchOperations": operations}), 400, "BadRequestException",
            "A request can have at most 1000 patch operations")
    wrong = signed(local, "PATCH", f"/restapis/{api['id']}", {"patchOperations": [{"op": "x", "path": "/y"}] * 1000})
    assert wrong.message.startswith("1000 validation errors detected: Value 'x' at 'updateRestApiInput.patchOperations.1.member.op'")


def test_a_policy_is_shown_escaped_and_a_bad_one_explained(local, api):
    text = json.dumps(policy(allow(Resource=f"arn:aws:execute-api:us-east-1:123456789012:{api['id']}/*")), separators=(",", ":"))
    shown = signed(local, "PATCH", f"/restapis/{api['id']}", {"patchOperations": [{"op": "replace", "path": "/policy", "value": text}]})
    assert shown.status == 200 and shown.body["policy"] == text.replace('"', '\\"')
    bad = json.dumps(policy(allow(Condition={"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/33"}})), indent=1)
    answer = signed(local, "PATCH", f"/restapis/{api['id']}", {"patchOperations": [{"op": "replace", "path": "/policy", "value": bad}]})
    refused(answer, 400, "BadRequestException", "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.")
    detail = answer.headers["x-postern-reason"]
    line = next(number for number, text in enumerate(bad.splitlines(), 1) if "/33" in text)
    assert f"line {line}" in detail and "10.0.0.0/33" in detail, detail


@pytest.mark.parametrize("path, message", [
    ("/restapis/abcde12345", "Invalid API identifier specified 123456789012:abcde12345"),
    ("/restapis/{upper}", "Invalid API identifier specified 123456789012:{upper}"),
    ("/restapis/{id}/resources/nonono", "Invalid Resource identifier specified"),
    ("/restapis/{id}/resources/{root}/methods/GET", "Invalid Method identifier specified"),
    ("/restapis/{id}/models/MySchema", "Invalid model name specified: MySchema"),
    ("/restapis/{id}/requestvalidators/nonono", "Invalid Request Validator identifier specified"),
    ("/restapis/{id}/stages/nonono", "Invalid stage identifier specified"),
    ("/domainnames/a.b", "Invalid domain name identifier specified"),
])
def test_what_is_not_there(local, api, path, message):
    names = {"id": api["id"], "upper": api["id"].upper(), "root": api["rootResourceId"]}
    refused(signed(local, "GET", path.format(**names)), 404, "NotFoundException", message.format(**names))


def test_odd_paths_are_answered(local, api):
    pid = local.children("postern-control")
    refused(signed(local, "GET", f"/restapis/{api['id']}%00x"), 400, "ValidationException", "restApiId holds a NUL character or bytes that are not UTF-8")
    assert signed(local, "GET", "/restapis/%ff").code == "ValidationException"
    assert signed(local, "GET", "/restapis/a%2fb").message == "Invalid API identifier specified 123456789012:a/b"
    assert signed(local, "GET", "/nonsense").status == signed(local, "PUT", "/account").status == 404
    long = signed(local, "GET", "/restapis/" + "%C3%A9" * 2500)
    assert long.status == 404 and long.message.startswith("Invalid API identifier specified 123456789012:éé")
    assert local.children("postern-control") == pid


def test_pages_hold_each_item_once(local):
    made = {signed(local, "POST", "/restapis", {"name": f"page-{i}"}).body["id"] for i in range(7)}
    seen, position = [], ""
    for _ in range(100):
        page = signed(local, "GET", f"/restapis?limit=2{position}").body
        seen += [item["id"] for item in page["item"]]
        if "position" not in page:
            break
        assert len(page["item"]) == 2
        position = "&position=" + page["position"].replace("=", "%3D")
    assert len(seen) == len(set(seen)) and made <= set(seen)
    assert signed(local, "GET", "/restapis?limit=-1").status == 200
    refused(signed(local, "GET", "/restapis?position=abc"), 400, "BadRequestException", "Invalid position parameter")
    for id in made:
        assert signed(local, "DELETE", f"/restapis/{id}").status == 202


@pytest.fixture(scope="module")
def method(local, api):
    path = f"/restapis/{api['id']}/resources/{api['rootResourceId']}/methods/GET"
    assert signed(local, "PUT", path, {"authorizationType": "NONE"}).status == 201
    return path


@pytest.mark.parametrize("body, message", [
    ({"type": "HTTP_PROXY"}, "Enumeration value for HttpMethod must be non-empty"),
    ({"type": "HTTP_PROXY", "httpMethod": "BAD", "uri": "http://a"}, "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"),
    ({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": "foo"}, "Invalid HTTP endpoint specified for URI"),
    ({"type": "AWS_PROXY", "httpMethod": "POST", "uri": "invalid"}, "Invalid ARN specified in the request"),
    ({"type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:lambda:test"}, "AWS ARN for integration must contain path or action"),
    ({"type": "AWS_PROXY", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:sqs:path/x"},
     "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."),
    ({"type": "MOCK", "requestTemplates": {"123": "{}"}}, "Validation Result: warnings : [], errors : [Invalid content type specified: 123]"),
    ({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": "http://a", "timeoutInMillis": 49}, "Timeout should be between 50 ms and 29000 ms"),
])
def test_a_bad_integration(local, method, body, message):
    refused(signed(local, "PUT", f"{method}/integration", body), 400, "BadRequestException", message)


def test_an_integration_response_maps_declared_headers_alone(local, method):
    shown = signed(local, "PUT", f"{method}/integration", {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}})
    assert shown.status == 201 and {k: shown.body[k] for k in ("passthroughBehavior", "timeoutInMillis", "cacheKeyParameters")} == {
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "cacheKeyParameters": []}
    mapped = {"responseParameters": {"method.response.header.x-a": "'1'"}}
    words = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.response.header.x-a]"
    refused(signed(local, "PUT", f"{method}/integration/responses/200", mapped), 400, "BadRequestException", words)
    assert signed(local, "PUT", f"{method}/responses/200", {"responseParameters": {"method.response.header.x-a": True}}).status == 201
    assert signed(local, "PUT", f"{method}/integration/responses/200", mapped).body == {"statusCode": "200", **mapped}
    path = f"{method}/responses/200"
    patch = lambda *operations: signed(local, "PATCH", path, {"patchOperations": list(operations)})
    refused(patch({"op": "replace", "path": "/responseParameters/method.response.header.none", "value": "true"}), 404, "NotFoundException", "Invalid parameter name specified")
    refused(patch({"op": "replace", "path": "/responseModels/application~1json", "value": "Empty"}), 404, "NotFoundException", "Content-Type specified was not found")
    assert patch({"op": "add", "path": "/responseModels/application~1json", "value": "Empty"}).status == 201
    assert [signed(local, "DELETE", f"{method}{part}").status for part in ("/integration/responses/200", "/integration", "/responses/200")] == [204] * 3


def test_deployments_want_something_to_deploy(local):
    api = signed(local, "POST", "/restapis", {"name": "d", "endpointConfiguration": {"types": ["PRIVATE"]}}).body
    base, method = f"/restapis/{api['id']}", f"/restapis/{api['id']}/resources/{api['rootResourceId']}/methods/GET"
    deploy = lambda **body: signed(local, "POST", f"{base}/deployments", body)
    refused(deploy(), 400, "BadRequestException", "The REST API doesn't contain any methods")
    signed(local, "PUT", method, {"authorizationType": "NONE"})
    refused(deploy(), 400, "BadRequestException", "No integration defined for method")
    signed(local, "PUT", f"{method}/integration", {"type": "MOCK"})
    refused(deploy(), 400, "BadRequestException", "Private REST API doesn't have a resource policy attached to it")
    signed(local, "PATCH", base, {"patchOperations": [{"op": "replace", "path": "/policy", "value": json.dumps(policy(allow()))}]})
    refused(deploy(canarySettings={"percentTraffic": 5}), 400, "BadRequestException",
            "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is null")
    made = deploy(stageName="prod")
    assert made.status == 201 and set(made.body) == {"id", "createdDate"} and len(made.body["id"]) == 6
    stage = signed(local, "GET", f"{base}/stages/prod").body
    constant = {"cacheClusterEnabled": False, "cacheClusterStatus": "NOT_AVAILABLE", "methodSettings": {}, "tracingEnabled": False}
    assert {k: stage[k] for k in constant} == constant and stage["deploymentId"] == made.body["id"] and "tags" not in stage
    refused(signed(local, "DELETE", f"{base}/deployments/{made.body['id']}"), 400, "BadRequestException",
            "Active stages pointing to this deployment must be moved or deleted")
    refused(signed(local, "PATCH", f"{base}/stages/prod", {"patchOperations": [{"op": "remove", "path": "/*/*"}]}), 400, "BadRequestException",
            "Cannot remove method setting */* because there is no method setting for this method ")
    assert signed(local, "DELETE", base).status == 202
