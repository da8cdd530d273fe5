# SPDX-License-Identifier: GPL-3.0-or-later
"""One request through all of it, made with the stock command line: parameters, template, back end, selection, mapped answer; then the
same method tried with TestInvokeMethod, whose log shows each step."""
import json

import pytest

from lab.echo import Echo
from lab.network import wait_for
from conftest import follows
from lab.appliance import allow, policy

TEMPLATE = '{"q":"$input.params(\'q\')","item":$input.json(\'$.item\')}'


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    made.answers["/o/7"] = 409, {"code": "E1", "Content-Type": "text/plain"}, "no"
    yield made
    made.close()


@pytest.fixture(scope="module")
def method(local, echo):
    """POST /orders/{id}, by `aws apigateway`."""
    def aws(*arguments):
        return local.aws("apigateway", *arguments)

    api = aws("create-rest-api", "--name", "orders", "--endpoint-configuration", "types=PRIVATE")
    root, at = api["rootResourceId"] if "rootResourceId" in api else aws("get-resources", "--rest-api-id", api["id"])["items"][0]["id"], None
    for part in ("orders", "{id}"):
        root = aws("create-resource", "--rest-api-id", api["id"], "--parent-id", root, "--path-part", part)["id"]
    at = ["--rest-api-id", api["id"], "--resource-id", root, "--http-method", "POST"]
    aws("put-method", *at, "--authorization-type", "NONE")
    aws("put-integration", *at, "--type", "HTTP", "--integration-http-method", "POST", "--uri", f"{echo.url}/o/{{oid}}",
        "--request-templates", json.dumps({"application/json": TEMPLATE}), "--request-parameters", json.dumps({
            "integration.request.path.oid": "method.request.path.id", "integration.request.querystring.v": "'1'", "integration.request.header.X-Src": "context.stage"}))
    for status in ("200", "422"):
        aws("put-method-response", *at, "--status-code", status, "--response-parameters", "method.response.header.X-Code=false")
    aws("put-integration-response", *at, "--status-code", "200", "--selection-pattern", "")
    aws("put-integration-response", *at, "--status-code", "422", "--selection-pattern", "4\\d{2}",
        "--response-parameters", json.dumps({"method.response.header.X-Code": "integration.response.header.code"}))
    local.put_policy(api["id"], policy(allow()))
    local.deploy(api["id"], "dev")
    wait_for(lambda: follows(local.metrics()), "the gateway to follow", 10)
    yield api["id"], root
    aws("delete-rest-api", "--rest-api-id", api["id"])


def test_the_request(local, echo, method):
    answer = local.get(method[0], "/orders/7?q=z", "-X", "POST", "-H", "Content-Type: application/json; charset=utf-8", "-d", '{"item":{"a":1}}', stage="dev")
    got = echo.last
    assert (got.method, got.target, got.body) == ("POST", "/o/7?v=1", b'{"q":"z","item":{"a":1}}')
    assert {n: got.headers[n] for n in ("content-type", "accept", "user-agent", "x-amzn-apigateway-api-id", "x-src")} == {
        "content-type": "application/json; charset=utf-8", "accept": "application/json", "user-agent": f"AmazonAPIGateway_{method[0]}",
        "x-amzn-apigateway-api-id": method[0], "x-src": "dev"}
    assert (answer.status, answer.headers["x-code"], answer.headers["content-type"], answer.body) == (422, "E1", "application/json", "no")
    assert "x-amzn-trace-id" in answer.headers


def test_it_is_tried(local, echo, method):
    tried = local.aws("apigateway", "test-invoke-method", "--rest-api-id", method[0], "--resource-id", method[1], "--http-method", "POST",
                      "--path-with-query-string", "/orders/7?q=y", "--body", '{"item": [1, 2]}', "--headers", "Content-Type=application/json")
    assert (tried["status"], tried["body"], tried["headers"]["X-Code"]) == (422, "no", "E1")
    assert echo.last.body == b'{"q":"y","item":[1,2]}' and echo.last.headers["x-src"] == "test-invoke-stage"
    lines = [line.partition(" UTC ")[2].partition(" : ")[2] for line in tried["log"].splitlines()[1:]]
    wanted = ["Starting execution for request: ", "HTTP Method: POST, Resource Path: /orders/7", "Method request path: {id=7}",
              "Method request query string: {q=y}", "Method request headers: {", 'Method request body before transformations: {"item": [1, 2]}',
              f"Endpoint request URI: {echo.url}/o/7?v=1", "Endpoint request headers: {", 'Endpoint request body after transformations: {"q":"y","item":[1,2]}',
              f"Sending request to {echo.url}/o/7?v=1", "Received response. Status: 409, Integration latency: ", "Endpoint response headers: {",
              "Endpoint response body before transformations: no", "Method response body after transformations: no", "Method response headers: {",
              "Successfully completed execution", "Method completed with status: 422"]
    assert len(lines) == len(wanted) and all(line.startswith(start) for line, start in zip(lines, wanted)), lines


def test_a_template_that_fails_says_where(local, method):
    at = {"restApiId": method[0], "resourceId": method[1], "httpMethod": "POST"}
    client = local.boto3("apigateway")
    client.update_integration(**at, patchOperations=[{"op": "replace", "path": "/requestTemplates/application~1json", "value": "#set($x = $input.path('$').foo.substring(9))$x"}])
    try:
        tried = client.test_invoke_method(**at, body='{"foo":"short"}')
        assert (tried["status"], tried["body"]) == (500, '{"message": "Internal server error"}')
        assert "Execution failed due to configuration error: Unable to transform request\n" in tried["log"]
        tried = client.test_invoke_method(**at, body="{bad")
        assert (tried["status"], json.loads(tried["body"])["message"]) == (400, "Could not parse request body into json")
    finally:
        client.update_integration(**at, patchOperations=[{"op": "replace", "path": "/requestTemplates/application~1json", "value": TEMPLATE}])
