# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not valid reaches no back end, of proxies neither; what is valid reaches it byte for byte, however it was sent. An OpenAPI
document says it all."""
import gzip
import json

import pytest

from conftest import follows
from lab.appliance import allow, policy
from lab.echo import Echo
from lab.network import wait_for

DOCUMENT = {
    "openapi": "3.0.1", "info": {"title": "v012", "version": "1"},
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
    "x-amazon-apigateway-request-validator": "all",
    "components": {"schemas": {
        "Record": {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}, "key": {"type": "number"}}},
        "Records": {"type": "object", "required": ["records"], "properties": {"records": {"type": "array", "items": {"$ref": "#/components/schemas/Record"}}}},
    }},
}
INVALID = (400, '{"message": "Invalid request body"}')


def method(kind, url):
    integration = {"type": kind, "httpMethod": "POST", "uri": f"{url}/{kind}"}
    if kind == "http":
        integration |= {"responses": {"default": {"statusCode": "200"}}, "passthroughBehavior": "when_no_match"}
    return {"post": {
        "parameters": [{"name": "stream", "in": "query", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Records"}}}},
        "responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration}}


@pytest.fixture
def echo():
    made = Echo()
    yield made
    made.listener.close()


@pytest.fixture(params=["http", "http_proxy"])
def post(request, local, echo):
    """Sends a body to the method and tells what came back and what the back end got."""
    client = local.boto3("apigateway")
    document = {**DOCUMENT, "paths": {"/records": method(request.param, echo.url)}, "x-amazon-apigateway-policy": policy(allow())}
    api = client.import_rest_api(body=json.dumps(document), parameters={"endpointConfigurationTypes": "PRIVATE"})["id"]
    client.create_deployment(restApiId=api, stageName="prod")
    wait_for(lambda: follows(local.metrics()), "the gateway to follow", 10)

    def send(body, *options, folder=request.getfixturevalue("tmp_path"), path="/records?stream=s"):
        (folder / "body").write_bytes(body)
        before = len(echo.requests)
        answer = local.get(api, path, "-X", "POST", "-H", "Content-Type: application/json", "--data-binary", f"@{folder / 'body'}", *options)
        return (answer.status, answer.body), [r.body for r in echo.requests[before:]]
    yield send
    client.delete_rest_api(restApiId=api)


def test_what_is_not_valid_reaches_nobody(post):
    for body in (b'{"records":[{"key":1}]}', b'{"records":[{"data":7}]}', b"", b"[", b'{"records":[]}x'):
        assert post(body) == (INVALID, [])
    answer, seen = post(b'{"records":[]}', path="/records")
    assert answer == (400, '{"message": "Missing required request parameters: [stream]"}') and seen == []


@pytest.mark.parametrize("options", [(), ("-H", "Transfer-Encoding: chunked")], ids=["length", "chunked"])
def test_what_is_valid_passes_as_it_is(post, options):
    for body in (b' {"records" : [ {"data":"\\u00e4","key":1.0e2} ] }\n', json.dumps({"records": [{"data": "x" * 100}] * 5000}).encode()):
        answer, seen = post(body, *options)
        assert answer[0] == 200 and seen == [body]


def test_a_compressed_body_is_checked_in_plain(post):
    good, bad = b'{"records":[{"data":"x"}]}', b'{"records":[{}]}'
    answer, seen = post(gzip.compress(good), "-H", "Content-Encoding: gzip")
    assert answer[0] == 200 and seen == [good]
    assert post(gzip.compress(bad), "-H", "Content-Encoding: gzip") == (INVALID, [])
