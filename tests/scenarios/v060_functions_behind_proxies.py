# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS_PROXY and AWS with Lambda functions: the event to the byte, what becomes of each kind of answer, functions that fail, calls that
Lambda refuses. Rows: spec/rest-dataplane.md 9, 11, 12; spec/lambda.md 3; spec/recorded-errors.md 2."""
import base64
import json
import threading

import pytest

from conftest import Here, Local, follows
from lab.appliance import ACCOUNT, REGION, allow, policy
from lab.functions import Failed, Functions, Refused
from lab.network import wait_for

KEY, SECRET = "AKIAFUNCTIONS0000000", "functions/secret+"
ERROR = '{"message": "Internal server error"}'
INTERNAL = "InternalServerErrorException"


def arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def uri(name, streams=False):
    path = "2021-11-15/functions/{}/response-streaming-invocations" if streams else "2015-03-31/functions/{}/invocations"
    return f"arn:aws:apigateway:{REGION}:lambda:path/" + path.format(arn(name))


def proxy(name, **more):
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": uri(name), **more}


def document(paths, **more):
    """OpenAPI of {path: integration} whose methods are ANY, or {path: (integration, members of the method)}."""
    made = {}
    for path, integration in paths.items():
        integration, members = integration if isinstance(integration, tuple) else (integration, {})
        made[path] = {"x-amazon-apigateway-any-method": {
            "parameters": [{"name": n.strip("{}+"), "in": "path", "required": True, "schema": {"type": "string"}} for n in path.split("/") if n.startswith("{")],
            "responses": {str(s): {"description": ""} for s in (200, 400, 405, 502, 504)}, "x-amazon-apigateway-integration": integration, **members}}
    return json.dumps({"openapi": "3.0.1", "info": {"title": "functions", "version": "1"}, "paths": made, **more})


class Scene:
    """An appliance in local mode whose Lambda is `functions`."""

    def __init__(self, folder, management, traffic, named="arn", **settings):
        self.functions = Functions({KEY: (SECRET, None)})
        self.local = Local(folder, management, traffic)
        self.local.state.mkdir(parents=True)
        (self.local.state / "settings.yaml").write_text(json.dumps({
            "aws_endpoints": [{"service": "lambda", "url": self.functions.url, "functions": named},
                              {"service": "firehose", "url": self.functions.url}],
            "aws_access_key_id": KEY, "aws_secret_access_key": SECRET, **settings}))
        self.local.start()
        self.apis = []

    def serve(self, paths, variables=None, **more):
        api = self.local.serve_api(None, allow(), document=document(paths, **more))
        self.apis.append(api)
        if variables:
            self.local.boto3("apigateway").update_stage(restApiId=api, stageName="prod", patchOperations=[
                {"op": "replace", "path": f"/variables/{k}", "value": v} for k, v in variables.items()])
            self.follow()
        return api

    def follow(self):
        wait_for(lambda: follows(self.local.metrics()), "the gateway to follow", 10)

    def call(self, api, path="/f", *options):
        return self.local.get(api, path, *options)

    def log(self, api, path="/f", **more):
        client = self.local.boto3("apigateway")
        resource = next(r["id"] for r in client.get_resources(restApiId=api, limit=500)["items"] if r["path"] == path)
        return client.test_invoke_method(restApiId=api, resourceId=resource, httpMethod="ANY", **more)

    def returns(self, function):
        """The function `f` is that, or returns it."""
        self.functions.functions["f"] = function if callable(function) else lambda request: function

    def forget(self):
        for api in self.apis:
            self.local.boto3("apigateway").delete_rest_api(restApiId=api)
        self.apis.clear()
        self.functions.functions.clear()
        self.functions.calls.clear()

    def close(self):
        assert self.local.stop() == 0
        self.functions.close()


@pytest.fixture(scope="module")
def running(folder):
    made = Scene(folder / "v060", "127.0.0.1:14560", "127.0.0.1:18560")
    yield made
    made.close()


@pytest.fixture
def scene(running):
    yield running
    running.forget()


@pytest.fixture(scope="module")
def served(running):
    """One API for the tests that only want a function behind /f."""
    return running.local.serve_api(None, allow(), document=document({"/f": proxy("f")}, **{"x-amazon-apigateway-binary-media-types": ["image/png", "application/*"]}))


# -- events -------------------------------------------------------------------------------------------------------------
def test_the_event_is_aws_own_to_the_byte(scene):
    api = scene.serve({"/{proxy+}": proxy("f")}, {"colour": "red"})
    scene.returns({"statusCode": 200})
    name = f"{api}.execute-api.{REGION}.amazonaws.com"
    host = f"{name}:{scene.local.traffic.rsplit(':')[1]}"
    assert scene.call(api, "/a//b%20c/?q=1&q=a+b%2B&z", "-H", "user-agent: me", "-H", "X-Multi: 1", "-H", "x-multi: 2", "-H", "Via: v",
                      "-H", "Expect:", "-H", "TE: trailers", "-X", "PUT", "--data-binary", '{"a": "ü"}', "-H", "Content-Type: application/json").status == 200
    text = scene.functions.last().body.decode()
    event = json.loads(text)
    context = event["requestContext"]
    fields = {"Accept": ["*/*"], "Content-Type": ["application/json"], "Host": [host], "User-Agent": ["me"], "Via": ["v"],
              "X-Amzn-Trace-Id": [event["headers"]["X-Amzn-Trace-Id"]], "X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Port": ["443"],
              "X-Forwarded-Proto": ["https"], "X-Multi": ["1", "2"]}
    client = scene.local.boto3("apigateway")
    resource = next(r["id"] for r in client.get_resources(restApiId=api)["items"] if r["path"] == "/{proxy+}")
    expected = {
        "resource": "/{proxy+}", "path": "/a//b%20c/", "httpMethod": "PUT", "headers": {k: v[-1] for k, v in fields.items()},
        "multiValueHeaders": fields, "queryStringParameters": {"q": "a b+", "z": ""}, "multiValueQueryStringParameters": {"q": ["1", "a b+"], "z": [""]},
        "pathParameters": {"proxy": "a//b%20c"}, "stageVariables": {"colour": "red"},
        "requestContext": {
            "resourceId": resource, "resourcePath": "/{proxy+}", "httpMethod": "PUT", "extendedRequestId": context["extendedRequestId"],
            "requestTime": context["requestTime"], "path": "/prod/a//b%20c/", "accountId": ACCOUNT, "protocol": "HTTP/1.1", "stage": "prod",
            "domainPrefix": api, "requestTimeEpoch": context["requestTimeEpoch"], "requestId": context["requestId"],
            "identity": {"cognitoIdentityPoolId": None, "accountId": None, "cognitoIdentityId": None, "vpceId": context["identity"]["vpceId"], "caller": None,
                         "sourceIp": "127.0.0.1", "principalOrgId": None, "accessKey": None, "vpcId": context["identity"]["vpcId"],
                         "cognitoAuthenticationType": None, "cognitoAuthenticationProvider": None, "userArn": None, "userAgent": "me", "user": None},
            "domainName": name, "deploymentId": client.get_stage(restApiId=api, stageName="prod")["deploymentId"], "apiId": api},
        "body": '{"a": "ü"}', "isBase64Encoded": False}
    assert text == json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    assert context["identity"]["vpceId"].startswith("vpce-") and isinstance(context["requestTimeEpoch"], int)


def test_lambda_is_called_as_api_gateway_calls_it(scene):
    api = scene.serve({"/f": proxy("f:live")})
    scene.returns({})
    answer = scene.call(api)
    request = scene.functions.last()
    assert (request.method, request.service, request.region) == ("POST", "lambda", REGION)
    assert request.path.replace("%3A", ":") == f"/2015-03-31/functions/{arn('f')}:live/invocations"
    assert scene.functions.calls[-1] == ("f", "live", None)
    assert request.field("x-amzn-lambda-integration-tag") == answer.headers["x-amzn-requestid"]
    assert request.field("x-amzn-apigateway-api-id") == api and request.field("User-Agent") == f"AmazonAPIGateway_{api}"
    assert (request.field("Accept"), request.field("Content-Type")) == ("application/json", "application/json")
    assert request.field("X-Amz-Source-Arn") == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/prod/GET/f"
    assert request.field("X-Amzn-Trace-Id") == answer.headers["x-amzn-trace-id"] == json.loads(request.body)["headers"]["X-Amzn-Trace-Id"]


def test_names_may_come_from_stage_variables_and_paths(scene):
    api = scene.serve({"/f": proxy("${stageVariables.fn}:${stageVariables.alias}")}, {"fn": "g", "alias": "blue"})
    scene.functions.functions["g"] = lambda request: {"statusCode": 202}
    assert scene.call(api).status == 202
    assert scene.functions.calls == [("g", "blue", None)]


def test_bodies_are_text_or_base64(scene, served):
    scene.returns({})

    def event(body, *options):
        assert scene.call(served, "/f", "-X", "POST", "--data-binary", body, *options).status == 200
        made = json.loads(scene.functions.last().body)
        return made["body"], made["isBase64Encoded"]
    png = scene.local.folder / "body.png"
    png.write_bytes(bytes(range(256)))
    assert event(f"@{png}", "-H", "Content-Type: image/png; x=y") == (base64.b64encode(bytes(range(256))).decode(), True)
    assert event(f"@{png}", "-H", "Content-Type: image/jpeg") == (bytes(range(256)).decode(errors="replace"), False)
    assert event("{}", "-H", "Content-Type: application/json") == ("e30=", True)
    assert event("text", "-H", "Content-Type:") == ("text", False)
    assert event("", "-H", "Content-Type: image/png") == (None, False)


def test_six_megabytes_are_the_most_that_a_function_is_called_with(scene, served):
    scene.returns({"statusCode": 200})
    large = scene.local.folder / "large"
    for count, status in ((6 * 1048576 - 8192, 200), (6 * 1048576, 413), (9 * 1048576, 413)):
        large.write_bytes(b"x" * count)
        answer = scene.call(served, "/f", "-X", "POST", "--data-binary", f"@{large}", "-H", "Content-Type: text/plain", "-H", "Expect:")
        assert answer.status == status, count
    assert (answer.body, answer.headers["x-amzn-errortype"]) == ('{"message": "Request Too Long"}', "BadRequestException")
    large.write_bytes(b"x" * (6 * 1048576 // 4 * 3))
    assert scene.call(served, "/f", "-X", "POST", "--data-binary", f"@{large}", "-H", "Content-Type: image/png", "-H", "Expect:").status == 413


def test_a_canary_sees_its_own_variables(scene):
    api = scene.serve({"/f": proxy("f")}, {"kept": "stage", "changed": "stage"})
    client = scene.local.boto3("apigateway")
    client.create_deployment(restApiId=api, stageName="prod", canarySettings={"percentTraffic": 100.0, "stageVariableOverrides": {"changed": "canary"}})
    scene.follow()
    scene.returns({})
    assert scene.call(api).status == 200
    event = json.loads(scene.functions.last().body)
    assert event["stageVariables"] == {"changed": "canary", "kept": "stage"}
    assert event["requestContext"]["isCanaryRequest"] is True
    client.update_stage(restApiId=api, stageName="prod", patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0"}])
    scene.follow()
    assert scene.call(api).status == 200
    event = json.loads(scene.functions.last().body)
    assert event["stageVariables"] == {"changed": "stage", "kept": "stage"} and event["requestContext"]["isCanaryRequest"] is False


def test_a_base_path_stays_in_the_path(scene, authority):
    api, name = scene.serve({"/{proxy+}": proxy("f")}), "shop.v060.internal"
    scene.returns({})
    assert scene.call(api, "/x").status == 200
    vpce = json.loads(scene.functions.last().body)["requestContext"]["identity"]["vpceId"]
    certificate, key = authority.issue(name)
    arn_of = scene.local.aws("acm", "import-certificate", "--certificate", f"fileb://{certificate}", "--private-key", f"fileb://{key}",
                             "--certificate-chain", f"fileb://{authority.certificate}")["CertificateArn"]
    made = scene.local.postern("domain", "create", "--name", name, "--certificate-arn", arn_of, "--policy", json.dumps(policy(allow())),
                               "--api", api, "--endpoint", vpce, "--base-path", "shop", "--stage", "prod")
    scene.follow()
    address, port = scene.local.traffic.rsplit(":", 1)
    answer = Here.curl(f"https://{name}:{port}/shop//a/b/", resolve=(name, port, address), ca=authority.certificate)
    event = json.loads(scene.functions.last().body)
    scene.local.postern("domain", "delete", name, "--id", made["domainNameId"])
    assert (answer.status, event["path"], event["pathParameters"]) == (200, "/shop//a/b/", {"proxy": "a/b"})
    context = event["requestContext"]
    assert (context["path"], context["stage"], context["domainName"], context["domainPrefix"]) == ("/shop//a/b/", "prod", name, "shop")


# -- answers ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("result, status, body", [
    ({"statusCode": 200}, 200, ""), ({}, 200, ""), ({"statusCode": "201"}, 201, ""), ({"headers": None}, 200, ""),
    ({"statusCode": 404, "body": '{"a":1}'}, 404, '{"a":1}'), ({"statusCode": 204}, 204, ""), ({"body": None}, 200, ""),
    ({"statusCode": "test"}, 502, ERROR), ({"statusCode": 200, "wrongValue": "v"}, 502, ERROR), ("justAString", 502, ERROR),
    ({"multiValueHeaders": {"a": "v1"}}, 502, ERROR), ({"multiValueHeaders": []}, 502, ERROR), ({"body": {"a": 1}}, 502, ERROR),
    ([], 502, ERROR), (None, 502, ERROR), (b"", 502, ERROR), (b"{", 502, ERROR), ({"headers": {"a": "b\r\nc: d"}}, 502, ERROR),
])
def test_answers_are_taken_or_malformed(scene, served, result, status, body):
    scene.returns(result)
    answer = scene.call(served)
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("content-type") == "application/json"
    assert answer.headers.get("x-amzn-errortype") == (INTERNAL if status == 502 else None)
    if status == 502:
        said = scene.log(served)["log"]
        assert "Execution failed due to configuration error: Malformed Lambda proxy response\n" in said
        assert said.endswith("Method completed with status: 502\n")


def test_six_megabytes_are_the_most_that_a_function_returns(scene, served):
    for count, status in ((6291556 - len('{"body":""}'), 200), (6291556, 502)):
        scene.returns(b'{"body":"' + b"x" * count + b'"}')
        answer = scene.call(served)
        assert answer.status == status and len(answer.body) == (count if status == 200 else len(ERROR))


def test_fields_of_answers(scene, served):
    scene.returns({"headers": {"test-multi": "s", "flag": True, "Date": "d", "Connection": "close", "Content-Type": "text/x", "transfer-encoding": "x"},
                   "multiValueHeaders": {"tesT-Multi": ["m"], "Set-Cookie": ["a=1", "b=2"]}, "body": "ü"})
    done = scene.local.get(served, "/f", "--raw", "-D", "/dev/stderr")
    lines = done.message.splitlines()
    assert [line for line in lines if line.lower().startswith("test-multi")] == ["tesT-Multi: m", "tesT-Multi: s"]
    assert [line for line in lines if line.startswith("Set-Cookie")] == ["Set-Cookie: a=1", "Set-Cookie: b=2"]
    assert "flag: true" in lines and "x-amzn-Remapped-Date: d" in lines and "x-amzn-Remapped-Connection: close" in lines
    assert done.headers["content-type"] == "text/x" and done.headers["content-length"] == "2" and done.headers["x-amzn-trace-id"]


@pytest.mark.parametrize("accept, encoded, body, status, seen", [
    ("image/png", True, b"\x89PNG", 200, b"\x89PNG"), ("image/png,image/*,*/*;q=0.8", True, b"\x89PNG", 200, b"\x89PNG"),
    ("image/webp,image/png", True, b"x", 200, b"eA=="), ("*/*", True, b"x", 200, b"eA=="), ("image/png", False, b"x", 200, b"eA=="),
    ("application/whatever", True, b"x", 200, b"x"), ("application", True, b"x", 200, b"eA=="), (None, True, b"x", 200, b"eA=="),
])
def test_base64_is_decoded_for_who_asks_for_binary(scene, served, accept, encoded, body, status, seen):
    scene.returns({"body": base64.b64encode(body).decode(), "isBase64Encoded": encoded})
    answer = scene.call(served, "/f", "-H", f"Accept: {accept}" if accept else "Accept:")
    assert (answer.status, answer.body.encode("utf-8", "surrogateescape")) == (status, seen)


def test_base64_that_is_none_is_500(scene, served):
    scene.returns({"body": "no base64!", "isBase64Encoded": True})
    assert scene.call(served, "/f", "-H", "Accept: image/png").status == 500


# -- what goes wrong ----------------------------------------------------------------------------------------------------
def raising(error):
    def function(request):
        raise error
    return function


def test_functions_that_fail_are_502(scene, served):
    scene.returns(raising(Failed({"errorMessage": "boom", "errorType": "Exception", "requestId": "1", "stackTrace": []})))
    answer = scene.call(served)
    assert (answer.status, answer.body, answer.headers["x-amzn-errortype"]) == (502, ERROR, INTERNAL)
    said = scene.log(served)["log"]
    assert "Lambda execution failed with status 200 due to customer function error: boom. Lambda request id: lambda-1\n" in said
    assert "Execution failed due to configuration error" not in said and said.endswith("Method completed with status: 502\n")


@pytest.mark.parametrize("status, kind, body, seen, text", [
    (429, "TooManyRequestsException", {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}, 500, "Rate Exceeded."),
    (403, "AccessDeniedException", {"Message": "not authorized"}, 500, "Invalid permissions on Lambda function"),
    (404, "ResourceNotFoundException", {"Type": "User", "Message": "Function not found: x"}, 502, "Function not found: x"),
    (500, "ServiceException", {"Message": "oh"}, 502, "oh"),
])
def test_calls_that_lambda_refuses(scene, served, status, kind, body, seen, text):
    scene.returns(raising(Refused(status, kind, body)))
    answer = scene.call(served)
    assert (answer.status, answer.body, answer.headers["x-amzn-errortype"]) == (seen, ERROR, INTERNAL)
    said = scene.log(served)["log"]
    assert f"Lambda invocation failed with status: {status}. Lambda request id: lambda-1\n" in said
    assert f"Execution failed due to configuration error: {text}\n" in said


def test_a_payload_that_lambda_refuses_is_413(scene, served):
    scene.returns(raising(Refused(413, "RequestEntityTooLargeException", {"message": "too large"})))
    answer = scene.call(served)
    assert (answer.status, answer.body) == (413, '{"message": "Request Too Long"}')


def test_functions_are_invoked_by_post(scene):
    api = scene.serve({"/f": proxy("f", httpMethod="GET")})
    scene.returns({})
    answer = scene.call(api)
    assert (answer.status, answer.body) == (500, ERROR) and not scene.functions.calls


def test_functions_that_take_too_long_are_504(scene):
    api, gate = scene.serve({"/f": proxy("f", timeoutInMillis=100)}), threading.Event()
    scene.returns(lambda request: gate.wait(20) and {})
    answer = scene.call(api)
    gate.set()
    assert (answer.status, answer.body) == (504, '{"message": "Endpoint request timed out"}')


def test_the_log_is_aws_own(scene, served):
    scene.returns({"statusCode": 200, "body": "hello"})
    made = scene.log(served, body='{"test": "val123"}', headers={"Content-Type": "text/plain"})
    lines = [line.partition(" : ")[2] for line in made["log"].splitlines()[1:]]
    begins = ["Starting execution for request: ", "HTTP Method: GET, Resource Path: /f", "Method request path: {}", "Method request query string: {}",
              "Method request headers: {", 'Method request body before transformations: {"test": "val123"}',
              f"Endpoint request URI: {scene.functions.url}/2015-03-31/functions/", "Endpoint request headers: {",
              'Endpoint request body after transformations: {"resource":"/f","path":"/f"', f"Sending request to {scene.functions.url}/2015-03-31/functions/",
              "Received response. Status: 200, Integration latency: ", "Endpoint response headers: {",
              'Endpoint response body before transformations: {"statusCode": 200, "body": "hello"}',
              "Method response body after transformations: hello", "Method response headers: {", "Successfully completed execution",
              "Method completed with status: 200"]
    assert len(lines) == len(begins) and all(line.startswith(begin) for line, begin in zip(lines, begins)), made["log"]
    assert made["status"] == 200 and made["body"] == "hello"


def test_the_access_log_knows_lambda_and_the_function(scene):
    api, group = scene.serve({"/f": proxy("f")}), "/v060/access"
    logs = scene.local.boto3("logs")
    logs.create_log_group(logGroupName=group)
    scene.local.boto3("apigateway").update_stage(restApiId=api, stageName="prod", patchOperations=[
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"},
        {"op": "replace", "path": "/accessLogSettings/format",
         "value": "$context.requestId $context.status $context.integrationStatus $context.integration.status $context.integration.requestId"}])
    scene.follow()
    for result, seen in (({"statusCode": 404}, "404 200 404 lambda-1"), ("malformed", "502 200 - lambda-1")):
        scene.returns(result)
        line = f"{scene.call(api).headers['x-amzn-requestid']} {seen}"
        wait_for(lambda: any(e["message"].strip() == line for e in logs.filter_log_events(logGroupName=group)["events"]), line, 10)


# -- type AWS -----------------------------------------------------------------------------------------------------------
def custom(**more):
    responses = {"default": {"statusCode": "200"}, ".*four hundred.*": {"statusCode": "405"}, ".+": {"statusCode": "502"}, "200": {"statusCode": "504"}}
    return {"type": "aws", "httpMethod": "POST", "uri": uri("f"), "responses": responses, **more}


def test_error_messages_select_the_response(scene):
    api = scene.serve({"/f": custom()})
    for error, status in ((None, 200), ("Raising four hundred from within", 405), ("Raising five hundred", 502)):
        payload = {"errorMessage": error, "errorType": "Exception", "requestId": "1", "stackTrace": []}
        scene.returns(raising(Failed(payload)) if error else "Pass")
        answer = scene.call(api, "/f", "-X", "POST", "--data-binary", '{"a":1}', "-H", "Content-Type: application/json")
        assert (answer.status, answer.json()) == (status, payload if error else "Pass")
        assert scene.functions.last().body == b'{"a":1}'


def test_calls_in_the_background(scene):
    api = scene.serve({"/f": custom(requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"})})
    scene.returns({})
    answer = scene.call(api)
    assert (answer.status, answer.body) == (200, "") and scene.functions.calls == [("f", None, "Event")]


def test_a_proxy_is_never_called_in_the_background(scene):
    api = scene.serve({"/f": proxy("f", requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"})})
    scene.returns({"statusCode": 201})
    assert scene.call(api).status == 201 and scene.functions.calls == [("f", None, None)]


def test_error_messages_that_are_json_are_looked_into(scene):
    responses = {"default": {"statusCode": "200"}, ".*function.*": {"statusCode": "400", "responseParameters": {
        "method.response.header.Where": "integration.response.body.errorMessage.trace.function"}}}
    api = scene.serve({"/f": custom(responses=responses)})
    scene.returns(raising(Failed({"errorMessage": json.dumps({"trace": {"function": "abc()"}})})))
    answer = scene.call(api)
    assert (answer.status, answer.headers.get("where")) == (400, "abc()")


@pytest.mark.parametrize("status, body, seen, text", [
    (403, {"Message": "no"}, 500, ERROR), (429, {"message": "Rate Exceeded."}, 500, ERROR), (404, {"Message": "Function not found"}, 500, ERROR),
    (413, {"message": "x"}, 413, '{"message": "Request Too Long"}'),
    (400, {"Type": "User", "message": "Could not parse request body into json: x"}, 400, '{"message": "Could not parse request body into json: x"}'),
])
def test_refusals_select_nothing(scene, status, body, seen, text):
    api = scene.serve({"/f": custom()})
    scene.returns(raising(Refused(status, "Exception", body)))
    answer = scene.call(api)
    assert (answer.status, answer.body) == (seen, text)


# -- Firehose -----------------------------------------------------------------------------------------------------------
def test_firehose_gets_the_body_as_it_is(scene, monkeypatch):
    api = scene.serve({"/f": {"type": "aws_proxy", "httpMethod": "POST", "uri": f"arn:aws:apigateway:{REGION}:firehose:action/PutRecord"}})
    monkeypatch.setattr(scene.functions, "find", lambda request: lambda _: {"RecordId": "1", "Encrypted": False})
    body = '{"DeliveryStreamName":"d","Record":{"Data":"aGk="}}'
    answer = scene.call(api, "/f", "-X", "POST", "--data-binary", body, "-H", "Content-Type: application/json")
    request = scene.functions.last()
    assert (answer.status, answer.json()) == (200, {"RecordId": "1", "Encrypted": False})
    assert (request.service, request.body.decode()) == ("firehose", body)
    assert request.field("X-Amz-Target") == "Firehose_20150804.PutRecord" and request.field("Content-Type") == "application/x-amz-json-1.1"


# -- endpoints that know names ------------------------------------------------------------------------------------------
def test_functions_may_be_called_by_their_names(folder):
    made = Scene(folder / "v060-names", "127.0.0.1:14561", "127.0.0.1:18561", named="name")
    api = made.serve({"/f": proxy("f:live"), "/g": custom(uri=uri("g"))})
    made.functions.functions.update(f=lambda request: {"statusCode": 200}, g=lambda request: "g")
    assert (made.call(api).status, made.call(api, "/g").body) == (200, '"g"')
    assert [r.target for r in made.functions.requests] == ["/2015-03-31/functions/f/invocations?Qualifier=live", "/2015-03-31/functions/g/invocations"]
    made.close()
