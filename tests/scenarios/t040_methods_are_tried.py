# SPDX-License-Identifier: GPL-3.0-or-later
"""TestInvokeMethod and TestInvokeAuthorizer: methods as they stand in the store, deployed or not, run by the gateway with stock clients;
the log compared line by line; what goes wrong on the way; others' calls meanwhile."""
import concurrent.futures
import json
import re
import socket
import threading
import time

import botocore.config
import botocore.session
import pytest
from botocore.exceptions import ClientError

from i010_back_ends_that_fail import Peer
from lab.network import wait_for

# What the integration is, by the name of the resource; BACKEND is a back end that answers, CLOSED a port where nobody listens.
JSON_TEMPLATE = {"application/json": '{"statusCode": 200}'}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d \d\d:\d\d:\d\d UTC \d{4} : ")


def answer(status, body=b"", **fields):
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    return head.encode() + b"\r\n" + body


class BackEnd(Peer):
    """Answers by path; /slow waits until it is let go."""

    def __init__(self):
        self.go = threading.Event()
        super().__init__(self.reply)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection, number):
        try:
            super().serve(connection, number)
        except OSError:  # a test that was given up
            connection.close()

    def reply(self, connection, number):
        head = self.heads[-1]
        path = head.split(b" ")[1].partition(b"?")[0]
        if path == b"/slow":
            self.go.wait(40)
        if path == b"/large":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n" + bytes(10485761))
        elif path == b"/big":
            connection.sendall(answer(200, b"0123456789" * 900000))
        elif path == b"/broken":
            connection.sendall(b"nonsense\r\n\r\n")
            connection.close()
            return False
        else:
            connection.sendall(answer(404 if path == b"/missing" else 200, b'{"pet": 1}', **{"Content-Type": "application/json"}))
        return True


@pytest.fixture(scope="module")
def back_end():
    made = BackEnd()
    yield made
    made.go.set()
    made.close()


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


class Api:
    """An API that is never deployed, with a method for each thing to be tried."""

    def __init__(self, client, back_end):
        self.client = client
        made = client.create_rest_api(name="tried", endpointConfiguration={"types": ["PRIVATE"]})
        self.id, self.resources = made["id"], {}
        self.root = client.get_resources(restApiId=self.id)["items"][0]["id"]
        with socket.create_server(("127.0.0.1", 0)) as gone:
            self.closed = gone.getsockname()[1]
        self.base = back_end.base

    def resource(self, *parts):
        parent = self.root
        for part in parts:
            parent = self.resources.get((parent, part)) or self.resources.setdefault((parent, part), self.client.create_resource(
                restApiId=self.id, parentId=parent, pathPart=part)["id"])
        return parent

    def method(self, parts, verb="GET", responses=None, method=None, **integration):
        """A method with its integration; `responses`: of the integration, by status."""
        at = {"restApiId": self.id, "resourceId": self.resource(*parts), "httpMethod": verb}
        self.client.put_method(**at, **{"authorizationType": "NONE", **(method or {})})
        if integration:
            if integration["type"] != "MOCK":
                integration.setdefault("integrationHttpMethod", verb)
            self.client.put_integration(**at, **integration)
        for status, response in (responses or {}).items():
            names = {name: False for name in response.get("responseParameters", {})}
            self.client.put_method_response(**at, statusCode=status, responseParameters=names)
            self.client.put_integration_response(**at, statusCode=status, **response)
        return at

    def mock(self, parts, **more):
        return self.method(parts, type="MOCK", requestTemplates=JSON_TEMPLATE,
                           responses={"200": {"responseTemplates": {"application/json": '{"mock": true}'}}}, **more)

    def http(self, parts, path, verb="GET", **more):
        return self.method(parts, verb, type="HTTP", uri=self.base + path, responses=more.pop("responses", {"200": {}}), **more)


@pytest.fixture(scope="module")
def api(client, back_end):
    made = Api(client, back_end)
    yield made
    client.delete_rest_api(restApiId=made.id)


def masked(log, *words):
    """The lines of a log, ids, times, latencies, traces and addresses of this run made the same; each line but the first has a time."""
    assert log.endswith("\n")
    lines = log[:-1].split("\n")
    for line in lines[1:]:
        assert TIME.match(line), line
    lines = [lines[0]] + [TIME.sub("", line) for line in lines[1:]]
    for pattern, text in [(UUID, "ID"), (re.compile(r"latency: \d+ ms"), "latency: N ms"), (re.compile(r"X-Amzn-Trace-Id=[^,}]*"), "TRACE"),
                          *((re.compile(re.escape(word)), name) for word, name in words)]:
        lines = [pattern.sub(text, line) for line in lines]
    return lines


def beginning(verb, path, parameters="{}", query="{}", headers="{}", body=""):
    return ["Execution log for request ID", "Starting execution for request: ID", f"HTTP Method: {verb}, Resource Path: {path}",
            f"Method request path: {parameters}", f"Method request query string: {query}", f"Method request headers: {headers}",
            f"Method request body before transformations: {body}"]


# --- what comes of a test ---------------------------------------------------------------------------------------------------

def test_a_mock_has_exactly_eleven_lines(client, api):
    at = api.mock(["pets", "{petId}"])
    got = client.test_invoke_method(**at, pathWithQueryString="/pets/123?foo=bar", headers={"a": "1"}, body="")
    assert (got["status"], got["body"], got["headers"]) == (200, '{"mock": true}', {"Content-Type": "application/json"})
    assert got["multiValueHeaders"] == {"Content-Type": ["application/json"]}
    assert isinstance(got["latency"], int) and got["latency"] < 5000
    assert masked(got["log"]) == beginning("GET", "/pets/123", "{petId=123}", "{foo=bar}", "{a=1}") + [
        'Method response body after transformations: {"mock": true}',
        "Method response headers: {Content-Type=application/json}", "Successfully completed execution", "Method completed with status: 200"]
    assert len(masked(got["log"])) == 11
    # Without a path the template is taken literally; one that is another resource's has no parameters, and the method runs all the same.
    assert masked(client.test_invoke_method(**at)["log"])[2:4] == [
        "HTTP Method: GET, Resource Path: /pets/{petId}", "Method request path: {petId={petId}}"]
    assert masked(client.test_invoke_method(**at, pathWithQueryString="/elsewhere")["log"])[2:4] == [
        "HTTP Method: GET, Resource Path: /elsewhere", "Method request path: {}"]


def test_a_back_end_is_called_and_both_sides_are_logged(client, api, back_end):
    at = api.http(["orders", "{id}"], "/orders/{oid}", "POST", requestParameters={
        "integration.request.path.oid": "method.request.path.id", "integration.request.header.X-Stage": "context.stage",
        "integration.request.querystring.v": "stageVariables.v"}, method={"requestParameters": {"method.request.path.id": True}},
        responses={"200": {"responseParameters": {"method.response.header.X-Kind": "'pet'"}}})
    got = client.test_invoke_method(**at, pathWithQueryString="/orders/7?q=a%20b&q=c", body='{"n": 1}', stageVariables={"v": "two"},
                                    headers={"Content-Type": "application/json"}, multiValueHeaders={"X-Many": ["a", "b"]})
    assert (got["status"], got["body"]) == (200, '{"pet": 1}')
    assert got["headers"]["X-Kind"] == "pet" and set(got["headers"]) == {"X-Kind", "Content-Type", "X-Amzn-Trace-Id"}
    backend = f"127.0.0.1:{back_end.port}"
    lines = masked(got["log"], (backend, "BACKEND"), (api.id, "API"))
    assert lines == beginning("POST", "/orders/7", "{id=7}", "{q=a b,c}", "{Content-Type=application/json, X-Many=a,b}", '{"n": 1}') + [
        "Endpoint request URI: http://BACKEND/orders/7?v=two",
        "Endpoint request headers: {X-Stage=test-invoke-stage, Host=BACKEND, Content-Type=application/json, Accept=application/json, "
        "User-Agent=AmazonAPIGateway_API, X-Amzn-Apigateway-Api-Id=API, TRACE}",
        'Endpoint request body after transformations: {"n": 1}', "Sending request to http://BACKEND/orders/7?v=two",
        "Received response. Status: 200, Integration latency: N ms",
        "Endpoint response headers: {Content-Length=10, Content-Type=application/json}",
        'Endpoint response body before transformations: {"pet": 1}', 'Method response body after transformations: {"pet": 1}',
        "Method response headers: {TRACE, X-Kind=pet, Content-Type=application/json}", "Successfully completed execution",
        "Method completed with status: 200"]
    assert b"POST /orders/7?v=two HTTP/1.1\r\n" in back_end.heads[-1] and b"\r\nX-Stage: test-invoke-stage\r\n" in back_end.heads[-1]


def test_a_proxy_passes_what_the_back_end_said(client, api):
    at = api.method(["{any+}"], "ANY", type="HTTP_PROXY", uri=api.base + "/echo")
    got = client.test_invoke_method(**{**at, "httpMethod": "PUT"}, pathWithQueryString="/a/b?x=1", body="text")
    assert (got["status"], got["body"]) == (200, '{"pet": 1}')
    assert "HTTP Method: PUT, Resource Path: /a/b" in masked(got["log"]) and "Method request path: {any=a/b}" in masked(got["log"])
    assert client.test_invoke_method(**at)["status"] == 200
    assert client.test_invoke_method(**{**at, "httpMethod": "HEAD"})["body"] == ""


def test_authorization_keys_and_policies_are_not_asked(client, api):
    at = api.mock(["guarded"], method={"authorizationType": "AWS_IAM", "apiKeyRequired": True})
    assert client.test_invoke_method(**at)["status"] == 200


def test_a_change_shows_without_a_deployment(client, api):
    at = api.mock(["changed"])
    for n in range(5):
        client.put_integration_response(**at, statusCode="200", responseTemplates={"application/json": f'{{"n": {n}}}'})
        assert client.test_invoke_method(**at)["body"] == f'{{"n": {n}}}'


def test_a_large_answer_comes_whole(client, api):
    got = client.test_invoke_method(**api.http(["big"], "/big"), body="9" * 5000000)
    assert (got["status"], got["body"]) == (200, "0123456789" * 900000)
    assert max(map(len, got["log"].splitlines())) < 1100


FAILURES = [
    ("gone", "http://127.0.0.1:CLOSED/", {}, 504, "Network error communicating with endpoint",
     "Execution failed due to a network error communicating with endpoint"),
    ("broken", "BACKEND/broken", {}, 504, "Network error communicating with endpoint",
     "Execution failed due to a network error communicating with endpoint"),
    ("late", "BACKEND/slow", {"timeoutInMillis": 60}, 504, "Endpoint request timed out", "Execution failed due to a timeout error"),
    ("unmapped", "BACKEND/missing", {}, 500, "Internal server error", "Execution failed due to configuration error: No match for output "
     "mapping and no default output mapping configured. Endpoint Response Status Code: 404"),
    ("nowhere", "http://no-such-host.invalid/", {}, 500, "Internal server error",
     "Execution failed due to configuration error: Invalid endpoint address"),
    ("unset", "http://${stageVariables.host}/", {}, 500, "Internal server error",
     "Execution failed due to configuration error: Invalid endpoint address"),
    ("too-large", "BACKEND/large", {}, 500, "Internal server error",
     "Execution failed due to configuration error: the back end's answer is over 10 MB"),
]


@pytest.mark.parametrize("name, uri, more, status, message, line", FAILURES, ids=[row[0] for row in FAILURES])
def test_a_failure_is_an_answer(client, api, name, uri, more, status, message, line):
    uri = uri.replace("BACKEND", api.base).replace("CLOSED", str(api.closed))
    at = api.method([name], type="HTTP", uri=uri, responses={"200": {"selectionPattern": "200"}}, **more)
    got = client.test_invoke_method(**at)
    assert (got["status"], got["body"]) == (status, json.dumps({"message": message}))
    assert got["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}
    assert got["multiValueHeaders"] == {"x-amzn-ErrorType": ["InternalServerErrorException"]}
    assert masked(got["log"])[-2:] == [line, f"Method completed with status: {status}"]
    assert masked(got["log"])[:7] == beginning("GET", f"/{name}")


def test_a_function_without_an_endpoint_says_so(client, api):
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
    at = api.method(["function"], "POST", type="AWS_PROXY", uri=uri)
    got = client.test_invoke_method(**at)
    assert (got["status"], got["body"]) == (500, '{"message": "Internal server error"}')
    assert masked(got["log"]) == beginning("POST", "/function") + [
        "Execution failed due to configuration error: there is no endpoint for the AWS service 'lambda': set a row of aws_endpoints for it, "
        "or aws_public_endpoints to call AWS's own",
        "Method completed with status: 500"]


def test_a_gateway_response_of_the_api_is_given(client, api):
    client.put_gateway_response(restApiId=api.id, responseType="INTEGRATION_FAILURE", statusCode="599",
                                responseParameters={"gatewayresponse.header.X-Own": "'mine'"}, responseTemplates={"text/plain": "custom"})
    at = api.method(["custom"], type="HTTP", uri=f"http://127.0.0.1:{api.closed}/", responses={"200": {}})
    got = client.test_invoke_method(**at)
    client.delete_gateway_response(restApiId=api.id, responseType="INTEGRATION_FAILURE")
    assert (got["status"], got["body"], got["headers"]["X-Own"]) == (599, "custom", "mine")


def test_lines_are_cut_and_secrets_masked(client, api):
    at = api.mock(["long"])
    got = client.test_invoke_method(**at, body="x" * 5000, headers={"Authorization": "Bearer 0123456789", "x-api-key": "abcdefghij"})
    lines = masked(got["log"])
    assert lines[5] == "Method request headers: {Authorization=***********456789, x-api-key=****efghij}"
    assert lines[6] == ("Method request body before transformations: " + "x" * 5000)[:1024] + " [TRUNCATED]"


# --- authorizers ------------------------------------------------------------------------------------------------------------

URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
TOKEN = {"type": "TOKEN", "authorizerUri": URI, "identitySource": "method.request.header.Auth", "identityValidationExpression": "Bearer .+"}
REQUEST = {"type": "REQUEST", "authorizerUri": URI, "identitySource": "method.request.querystring.q,stageVariables.v,context.extra"}
POOL = {"type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"],
        "identitySource": "method.request.header.Auth"}
AUTHORIZERS = [
    (TOKEN, {}, 401), (TOKEN, {"headers": {"auth": "Basic x"}}, 401), (TOKEN, {"headers": {"auth": "Bearer x"}}, 500),
    (TOKEN, {"multiValueHeaders": {"Auth": ["Bearer x"]}}, 500), (POOL, {}, 401), (POOL, {"headers": {"Auth": "token"}}, 500),
    (REQUEST, {"pathWithQueryString": "/?q=1", "stageVariables": {"v": "1"}, "additionalContext": {"extra": "1"}}, 500),
    (REQUEST, {"pathWithQueryString": "/?q=1", "stageVariables": {"v": "1"}}, 401),
    (REQUEST, {"pathWithQueryString": "/?q=1", "additionalContext": {"extra": "1"}}, 401),
    (REQUEST, {"stageVariables": {"v": "1"}, "additionalContext": {"extra": "1"}}, 401),
    ({**REQUEST, "authorizerResultTtlInSeconds": 0}, {}, 500),
]


@pytest.mark.parametrize("number", range(len(AUTHORIZERS)))
def test_an_authorizer_wants_an_identity_first(client, api, number):
    authorizer, request, status = AUTHORIZERS[number]
    made = client.create_authorizer(restApiId=api.id, name=f"a{number}", **authorizer)["id"]
    got = client.test_invoke_authorizer(restApiId=api.id, authorizerId=made, **request)
    assert got["clientStatus"] == status and got["latency"] >= 0
    assert not {"principalId", "policy", "authorization", "claims"} & set(got)
    last = "Unauthorized request: ID" if status == 401 else "Execution failed due to configuration error: " + (
        "Amazon Cognito user pools are not asked by this version" if authorizer is POOL else "Lambda authorizers are not called by this version")
    assert masked(got["log"], (made, "AUTHORIZER")) == ["Execution log for request ID", "Starting authorizer: AUTHORIZER for request: ID", last]
    client.delete_authorizer(restApiId=api.id, authorizerId=made)


# --- what is refused --------------------------------------------------------------------------------------------------------

def test_what_is_not_there_is_not_found(client, api):
    at = api.mock(["there"])
    for change, message in [({"restApiId": "abcde0"}, "Invalid Resource identifier specified"),
                            ({"resourceId": "abcde0"}, "Invalid Resource identifier specified"),
                            ({"httpMethod": "POST"}, "Invalid Method identifier specified"),
                            ({"clientCertificateId": "abcde0"}, "Invalid Client Certificate identifier specified")]:
        with pytest.raises(ClientError) as refused:
            client.test_invoke_method(**{**at, **change})
        assert (refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]) == ("NotFoundException", message)
    with pytest.raises(ClientError, match="Invalid Authorizer identifier specified"):
        client.test_invoke_authorizer(restApiId=api.id, authorizerId="abcde0")
    with pytest.raises(ClientError, match="Invalid API identifier specified"):
        client.test_invoke_authorizer(restApiId="abcde0", authorizerId="abcde0")


def test_what_no_client_could_send_is_refused(client, api):
    at = api.mock(["odd"])
    for more in [{"headers": {"X": "a\nb"}}, {"headers": {"X Y": "a"}}, {"pathWithQueryString": "/" + "x" * 9000},
                 {"headers": {"X": "y" * 9000}}, {"multiValueHeaders": {f"X-{n}": ["y"] for n in range(150)}}]:
        with pytest.raises(ClientError) as refused:
            client.test_invoke_method(**at, **more)
        assert refused.value.response["Error"]["Code"] == "BadRequestException", more
    with pytest.raises(ClientError, match="SerializationException"):
        no_types = botocore.session.get_session().create_client("apigateway", **access(client), config=botocore.config.Config(
            parameter_validation=False))
        no_types.test_invoke_method(**at, headers={"X": ["a"]})


def access(client):
    credentials = client._request_signer._credentials
    return {"endpoint_url": client.meta.endpoint_url, "region_name": client.meta.region_name,
            "aws_access_key_id": credentials.access_key, "aws_secret_access_key": credentials.secret_key}


# --- others meanwhile, and what ends ----------------------------------------------------------------------------------------

@pytest.fixture
def slow(client, api, back_end):
    """Tests that hang at the back end until they are let go."""
    back_end.go.clear()
    parts = ["slow"]
    at = {"restApiId": api.id, "resourceId": api.resource(*parts), "httpMethod": "GET"}
    try:
        client.get_method(**at)
    except ClientError:
        api.http(parts, "/slow")
    pool = concurrent.futures.ThreadPoolExecutor(16)
    seen = len(back_end.heads)

    def begin(count=1):
        begun = [pool.submit(client.test_invoke_method, **at) for _ in range(count)]
        wait_for(lambda: len([h for h in back_end.heads[seen:] if b" /slow " in h]) >= min(count, 8), "the tests to hang")
        return begun

    yield begin
    back_end.go.set()
    pool.shutdown()


def test_other_calls_go_on_during_a_test(client, api, slow, back_end):
    hanging, began = slow(), time.monotonic()
    at = api.mock(["meanwhile"])
    for n in range(20):
        assert client.get_rest_api(restApiId=api.id)["id"] == api.id
        client.update_rest_api(restApiId=api.id, patchOperations=[{"op": "replace", "path": "/description", "value": str(n)}])
        assert client.test_invoke_method(**at)["status"] == 200
    assert not hanging[0].done() and time.monotonic() - began < 10
    back_end.go.set()
    assert hanging[0].result()["status"] == 200


def test_no_more_than_a_few_tests_at_a_time(client, slow, back_end):
    hanging = slow(12)
    refused = wait_for(lambda: [h for h in hanging if h.done()][:4] if len([h for h in hanging if h.done()]) >= 4 else None, "four refusals")
    for test in refused:
        assert test.exception().response["Error"]["Code"] == "TooManyRequestsException"
    back_end.go.set()
    assert sorted(h.result()["status"] for h in hanging if h not in refused) == [200] * 8


def test_a_killed_gateway_is_said_and_the_next_one_asked(local, client, api, slow, back_end):
    hanging = slow()[0]
    local.kill("postern-gateway")
    error = hanging.exception(20).response
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (503, "ServiceUnavailableException")
    assert error["Error"]["Message"] == "The gateway ended before the test did. Please try again."
    back_end.go.set()
    at = api.mock(["again"])

    def answers():
        try:
            return client.test_invoke_method(**at)["status"] == 200
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "ServiceUnavailableException"
            return False
    wait_for(answers, "the next gateway to try methods", 20)


def test_a_test_leaves_no_trace_in_traffic(local, client, api):
    at = api.mock(["quiet"])
    before = local.metrics()
    client.test_invoke_method(**at)
    after = local.metrics()
    assert {k: v for k, v in after.items() if k.startswith("postern_requests_total")} == {
        k: v for k, v in before.items() if k.startswith("postern_requests_total")}


def test_who_tried_what_is_audited(local, client, api):
    at = api.mock(["audited"])
    client.test_invoke_method(**at)
    events = local.postern("audit", "--resource", api.id, "--operation", "TestInvokeMethod", "--limit", "1")["events"]
    assert [(e["status"], e["principal"]) for e in events] == [(200, "arn:aws:iam::123456789012:root")]


def test_the_command_line_does_it_too(local, api):
    at = api.mock(["cli"])
    got = local.aws("apigateway", "test-invoke-method", "--rest-api-id", at["restApiId"], "--resource-id", at["resourceId"],
                    "--http-method", "GET", "--path-with-query-string", "/cli?a=b")
    assert got["status"] == 200 and "Method request query string: {a=b}" in got["log"]
