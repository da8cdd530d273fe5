# SPDX-License-Identifier: GPL-3.0-or-later
"""Integrations of type AWS: what SQS, SNS, Step Functions, Firehose, EventBridge, SSM and services that nobody has heard of are sent,
byte for byte, each signature checked by botocore's signer; as whom; and what is said when that can't be."""
import json
import socket
import ssl
import struct
import threading

import pytest

from conftest import Local, follows
from lab.appliance import ACCOUNT, REGION, allow, policy
from lab.aws_services import Metadata, Recorder, Sts
from lab.network import wait_for

BASE, BASE_SECRET = "AKIABASE000000000000", "base/secret+with=marks"
FIXED, FIXED_SECRET, FIXED_TOKEN = "ASIAFIXED00000000000", "fixed-secret", "fixed//token=="
FIXED_ROLE = f"arn:aws:iam::{ACCOUNT}:role/fixed"
JSON_TYPE = {"Content-Type": "application/json"}


def uri(service, rest, region=REGION):
    return f"arn:aws:apigateway:{region}:{service}:{rest}"


def integration(where, credentials=FIXED_ROLE, **more):
    return {"type": "aws", "httpMethod": "POST", "uri": where, "credentials": credentials,
            "responses": {"default": {"statusCode": "200"}, "4\\d{2}": {"statusCode": "400"}}, **more}


def method(made, path=(), **more):
    return {"parameters": [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in path],
            "responses": {"200": {"description": ""}, "400": {"description": ""}}, "x-amazon-apigateway-integration": made, **more}


def document(**paths):
    """OpenAPI of {name or path: {verb: method}}."""
    return json.dumps({"openapi": "3.0.1", "info": {"title": "aws", "version": "1"},
                       "paths": {("" if p.startswith("/") else "/") + p: verbs for p, verbs in paths.items()}})


class Services:
    """An appliance in local mode that calls the recorder for every service, and whoever else plays a part."""

    def __init__(self, folder, ports, settings):
        self.recorder = Recorder({BASE: (BASE_SECRET, None), FIXED: (FIXED_SECRET, FIXED_TOKEN)})
        self.sts = Sts({BASE: (BASE_SECRET, None)}, self.recorder)
        self.local = Local(folder, *ports)
        self.local.state.mkdir(parents=True)
        (self.local.state / "settings.yaml").write_text(json.dumps(settings(self)))
        self.local.start()
        self.apis = []

    def serve(self, paths, variables=None, stage="prod"):
        api = self.local.serve_api(None, allow(), document=document(**paths), stage=stage)
        self.apis.append(api)
        if variables:
            self.local.boto3("apigateway").update_stage(restApiId=api, stageName=stage, patchOperations=[
                {"op": "replace", "path": f"/variables/{k}", "value": v} for k, v in variables.items()])
            wait_for(lambda: follows(self.local.metrics()), "the gateway to follow", 10)
        return api

    def call(self, api, path, *options, stage="prod"):
        return self.local.get(api, path, *options, stage=stage)

    def post(self, api, path, body, *options, kind="application/json"):
        return self.call(api, path, "-X", "POST", "-H", f"Content-Type: {kind}", "--data-binary", body, *options)

    def begin(self, api, path):
        """A connection that has sent a POST and reads no answer."""
        address, port = self.local.traffic.rsplit(":", 1)
        name = f"{api}.execute-api.{REGION}.amazonaws.com"
        made = ssl.create_default_context(cafile=self.local.ca).wrap_socket(socket.create_connection((address, int(port))), server_hostname=name)
        made.sendall(f"POST /prod{path} HTTP/1.1\r\nHost: {name}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        return made

    def open_requests(self):
        return sum(v for k, v in self.local.metrics().items() if k.startswith("postern_requests_active"))

    def log_of(self, api, path, verb="GET", **more):
        client = self.local.boto3("apigateway")
        found = {r["path"]: r["id"] for r in client.get_resources(restApiId=api, limit=500)["items"]}
        return client.test_invoke_method(restApiId=api, resourceId=found[path], httpMethod=verb, **more)

    def close(self):
        self.local.stop()
        self.recorder.close()
        self.sts.close()


def everything_here(services):
    return {"aws_endpoints": [{"service": "*", "url": services.recorder.url}, {"service": "sts", "url": services.sts.url},
                              {"service": "pathed", "url": f"{services.recorder.url}/below/"}],
            "aws_roles": [{"role_arn": FIXED_ROLE, "access_key_id": FIXED, "secret_access_key": FIXED_SECRET, "session_token": FIXED_TOKEN}],
            "aws_access_key_id": BASE, "aws_secret_access_key": BASE_SECRET}


@pytest.fixture(scope="module")
def services(folder):
    made = Services(folder / "aws", ("127.0.0.1:14631", "127.0.0.1:18631"), everything_here)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def afresh(services):
    services.recorder.answer = lambda request: (200, {"Content-Type": "application/json", "x-amzn-RequestId": "id-1"}, b'{"a":1}')
    yield
    for api in services.apis:
        services.local.boto3("apigateway").delete_rest_api(restApiId=api)
    services.apis.clear()


# -- what services are sent ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("service, action, target, kind", [
    ("states", "StartExecution", "AWSStepFunctions.StartExecution", "application/x-amz-json-1.0"),
    ("dynamodb", "PutItem", "DynamoDB_20120810.PutItem", "application/x-amz-json-1.0"),
    ("kinesis", "PutRecord", "Kinesis_20131202.PutRecord", "application/x-amz-json-1.1"),
    ("firehose", "PutRecord", "Firehose_20150804.PutRecord", "application/x-amz-json-1.1"),
    ("events", "PutEvents", "AWSEvents.PutEvents", "application/x-amz-json-1.1"),
    ("logs", "PutLogEvents", "Logs_20140328.PutLogEvents", "application/x-amz-json-1.1"),
])
def test_actions_of_services_that_speak_json(services, service, action, target, kind):
    api = services.serve({"x": {"post": method(integration(uri(service, f"action/{action}")))}})
    body = '{"input":"\u00fc \\u0000", "n":1.0}'
    answer = services.post(api, "/x", body)
    assert (answer.status, answer.json()) == (200, {"a": 1})
    request = services.recorder.last()
    assert (request.method, request.target, request.body) == ("POST", f"/?Action={action}", body.encode())
    assert (request.service, request.region, request.access_key) == (service, REGION, FIXED)
    assert (request.field("X-Amz-Target"), request.field("Content-Type")) == (target, kind)
    assert request.field("Accept") == "application/json" and request.field("User-Agent") == f"AmazonAPIGateway_{api}"
    assert request.field("X-Amzn-Apigateway-Api-Id") == api and request.field("X-Amzn-Trace-Id").startswith("Root=1-")
    assert {"x-amz-target", "content-type", "host", "x-amz-date", "x-amz-security-token"} <= set(request.signed)


def test_what_is_mapped_wins(services):
    api = services.serve({"x": {"get": method(integration(uri("kinesis", "action/ListStreams"), requestParameters={
        "integration.request.header.Content-Type": "'application/x-amz-json-9'", "integration.request.header.X-Amz-Target": "'A.B'",
        "integration.request.header.X-Mine": "method.request.header.x-mine", "integration.request.header.Accept": "'text/plain'",
        "integration.request.header.Referer": "'http://r'", "integration.request.header.Via": "'1.1 v'",
        "integration.request.querystring.q": "method.request.querystring.q"}), parameters=[
            {"name": "x-mine", "in": "header", "schema": {"type": "string"}}, {"name": "q", "in": "query", "schema": {"type": "string"}}])}})
    assert services.call(api, "/x?q=a%20b%26c%2B%C3%BC", "-H", "x-mine:  two   blanks ").status == 200
    request = services.recorder.last()
    assert (request.field("Content-Type"), request.field("X-Amz-Target"), request.field("Accept")) == (
        "application/x-amz-json-9", "A.B", "text/plain")
    assert request.target == "/?Action=ListStreams&q=a%20b%26c%2B%C3%BC"
    assert request.field("X-Mine") == "two   blanks" and "x-mine" in request.signed
    assert request.field("Referer") is None and request.field("Via") is None


@pytest.mark.parametrize("header", ["Authorization", "Connection", "Expect", "TE", "Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id",
                                    "X-Amz-Date", "X-Amz-Security-Token"])
def test_fields_that_only_the_gateway_may_make(services, header):
    api = services.serve({"x": {"get": method(integration(uri("kinesis", "action/ListStreams"), requestParameters={
        f"integration.request.header.{header}": "'x'"}))}})
    before = len(services.recorder.requests)
    answer = services.call(api, "/x")
    assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')
    assert len(services.recorder.requests) == before


def test_sns_by_its_action(services):
    api = services.serve({"x": {"post": method(integration(uri("sns", "action/Publish&TopicArn=arn%3Aaws%3Asns"), requestParameters={
        "integration.request.querystring.Message": "method.request.querystring.message"}),
        parameters=[{"name": "message", "in": "query", "schema": {"type": "string"}}])}})
    assert services.post(api, "/x?message=a%2Bb%20%26%3D/%C3%BC", "{}").status == 200
    request = services.recorder.last()
    assert (request.service, request.method) == ("sns", "POST")
    assert request.target == "/?Action=Publish&TopicArn=arn%3Aaws%3Asns&Message=a%2Bb%20%26%3D%2F%C3%BC&Version=2010-03-31"
    assert request.field("X-Amz-Target") is None and request.field("Content-Type") == "application/json"


def test_literals_are_encoded_by_their_author(services):
    api = services.serve({"x": {"post": method(integration(uri("sns", "action/Publish"), requestParameters={
        "integration.request.querystring.Message": "'a%20b+c d'"}))}})
    assert services.post(api, "/x", "{}").status == 200
    assert services.recorder.last().target == "/?Action=Publish&Message=a%20b%20c%20d&Version=2010-03-31"


def test_sqs_by_its_path(services):
    form = "Action=SendMessage&MessageBody=a%26b"
    api = services.serve({"q/{queue}": {"post": method(integration(uri("sqs", f"path/{ACCOUNT}/{{queue}}"), requestParameters={
        "integration.request.path.queue": "method.request.path.queue",
        "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        requestTemplates={"application/json": form}), ["queue"])}})
    assert services.post(api, "/q/orders", "{}").status == 200
    request = services.recorder.last()
    assert (request.method, request.target, request.body.decode()) == ("POST", f"/{ACCOUNT}/orders", form)
    assert (request.service, request.field("Content-Type")) == ("sqs", "application/x-www-form-urlencoded")


def test_ssm_answers_as_a_query_service(services):
    services.recorder.answer = lambda r: (200, {"x-amzn-RequestId": "11-22"}, b'{"Parameter":{"Name":"n","Value":"v"}}')
    api = services.serve({"x": {"post": method(integration(uri("ssm", "action/GetParameter")))}})
    answer = services.post(api, "/x", '{"Name":"n"}')
    assert answer.json() == {"GetParameterResponse": {"GetParameterResult": {"Parameter": {"Name": "n", "Value": "v"}},
                                                    "ResponseMetadata": {"RequestId": "11-22"}}}
    assert services.recorder.last().field("X-Amz-Target") == "AmazonSSM.GetParameter"
    services.recorder.answer = lambda r: (400, {}, b'{"__type":"ParameterNotFound"}')
    answer = services.post(api, "/x", '{"Name":"n"}')
    assert (answer.status, answer.json()) == (400, {"__type": "ParameterNotFound"})


# -- the general rule ---------------------------------------------------------------------------------------------------
def test_services_that_nobody_has_heard_of(services):
    api = services.serve({
        "json": {"post": method(integration(uri("frobnicate", "action/Frob"), requestParameters={
            "integration.request.header.X-Amz-Target": "'Frob_2030.Frob'",
            "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"}))},
        "query": {"get": method(integration(uri("data.quux", "action/List&Version=2031-01-01&Max=5"), httpMethod="GET"))},
        "rest/{p+}": {"x-amazon-apigateway-any-method": method(integration(uri("corge", "path/v1/{p}/end?a=b"), httpMethod="PUT",
            requestParameters={"integration.request.path.p": "method.request.path.p"}), ["p"])},
        "below": {"get": method(integration(uri("pathed", "path//x"), httpMethod="DELETE"))}})
    assert services.post(api, "/json", '{"x":1}').status == 200
    request = services.recorder.last()
    assert (request.service, request.target, request.body) == ("frobnicate", "/?Action=Frob", b'{"x":1}')
    assert request.field("X-Amz-Target") == "Frob_2030.Frob"
    assert services.call(api, "/query").status == 200
    request = services.recorder.last()
    assert (request.service, request.method, request.target) == ("quux", "GET", "/?Action=List&Version=2031-01-01&Max=5")
    assert services.call(api, "/rest/a/b%20c%2Fd").status == 200
    request = services.recorder.last()
    assert (request.service, request.method, request.target) == ("corge", "PUT", "/v1/a/b%20c%2Fd/end?a=b")
    assert services.call(api, "/below").status == 200
    assert (services.recorder.last().method, services.recorder.last().target) == ("DELETE", "/below/x")


def test_no_value_leads_out_of_its_place(services):
    api = services.serve({"f/{p+}": {"get": method(integration(uri("corge", "path/mine/{p}"), httpMethod="GET", requestParameters={
        "integration.request.path.p": "method.request.path.p"}), ["p"])}})
    for path, target in (("a%3Fb", "/mine/a%3Fb"), ("a&b=c", "/mine/a%26b%3Dc"), ("a/..b", "/mine/a/..b")):
        assert services.call(api, f"/f/{path}", "--path-as-is").status == 200
        assert services.recorder.last().target == target
    before = len(services.recorder.requests)
    for path in ("../x", "a/%2e%2E/x", "%2e", "a/.."):
        assert services.call(api, f"/f/{path}", "--path-as-is").status == 500, path
    assert len(services.recorder.requests) == before


def test_stage_variables_stand_in_uris_and_roles(services):
    api = services.serve({"x": {"post": method(integration(
        uri("sqs", "path/1/${stageVariables.queue}"), f"arn:aws:iam::{ACCOUNT}:role/${{stageVariables.role}}"))}},
        {"queue": "variable-queue", "role": "fixed"})
    assert services.post(api, "/x", "{}").status == 200
    request = services.recorder.last()
    assert (request.path, request.access_key) == ("/1/variable-queue", FIXED)


def test_answers_are_selected_by_status_and_redirects_are_answers(services):
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), responses={
        "default": {"statusCode": "200", "responseParameters": {"method.response.header.Where": "integration.response.header.Location"}},
        "4\\d{2}": {"statusCode": "400"}}))}})
    for status, seen in ((201, 200), (302, 200), (307, 200), (404, 400), (503, 200)):
        services.recorder.answer = lambda r, status=status: (status, {"Location": "http://127.0.0.1:1/elsewhere"}, b'{"s":1}')
        answer = services.post(api, "/x", "{}")
        assert (answer.status, answer.json()) == (seen, {"s": 1}), status
        assert answer.headers.get("where") == ("http://127.0.0.1:1/elsewhere" if seen == 200 else None)
    assert len({r.path for r in services.recorder.requests[-5:]}) == 1


# -- as whom ------------------------------------------------------------------------------------------------------------
def test_without_a_role_the_gateway_calls_as_itself(services):
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), None))}})
    assert services.post(api, "/x", "{}").status == 200
    request = services.recorder.last()
    assert request.access_key == BASE and request.field("X-Amz-Security-Token") is None


def test_a_role_is_assumed_once_for_many_who_wait(services):
    role = f"arn:aws:iam::{ACCOUNT}:role/many"
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), role))}})
    services.sts.gate, statuses = threading.Event(), []
    callers = [threading.Thread(target=lambda: statuses.append(services.post(api, "/x", "{}").status)) for _ in range(6)]
    for caller in callers:
        caller.start()
    wait_for(lambda: role in services.sts.roles(), "the gateway to ask", 10)
    services.sts.gate.set()
    for caller in callers:
        caller.join()
    services.sts.gate = None
    assert statuses == [200] * 6 and services.sts.roles().count(role) == 1
    assert services.sts.last().access_key == BASE and services.sts.last().service == "sts"
    assert services.recorder.last().access_key.startswith("ASIA0") and services.recorder.last().field("X-Amz-Security-Token")
    assert services.post(api, "/x", "{}").status == 200 and services.sts.roles().count(role) == 1


def test_clients_that_go_while_a_role_is_assumed(services):
    role = f"arn:aws:iam::{ACCOUNT}:role/left"
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), role))}})
    services.sts.gate, before = threading.Event(), services.local.children("postern-gateway")
    calls = len(services.recorder.requests)
    clients = [services.begin(api, "/x") for _ in range(3)]
    wait_for(lambda: role in services.sts.roles(), "the gateway to ask", 10)
    wait_for(lambda: services.open_requests() == 3, "all three to wait", 10)
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    wait_for(lambda: services.open_requests() == 0, "all three to be forgotten", 10)
    services.sts.gate.set()
    services.sts.gate = None
    assert services.post(api, "/x", "{}").status == 200
    assert services.sts.roles().count(role) == 1 and services.local.children("postern-gateway") == before
    assert len(services.recorder.requests) == calls + 1  # nobody was left to be called for


def test_keys_that_end_soon_are_replaced_while_they_are_good(services):
    role = f"arn:aws:iam::{ACCOUNT}:role/short"
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), role))}})
    services.sts.life_s = 4
    assert services.post(api, "/x", "{}").status == 200
    first = services.recorder.last().access_key
    services.sts.life_s = 3600

    def replaced():
        assert services.post(api, "/x", "{}").status == 200
        return services.recorder.last().access_key != first
    wait_for(replaced, "another key", 10)
    assert services.sts.roles().count(role) == 2


def test_a_role_that_is_refused_is_not_asked_for_again_at_once(services):
    role = f"arn:aws:iam::{ACCOUNT}:role/refused"
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), role))}})
    services.sts.refuses = True
    for _ in range(3):
        answer = services.post(api, "/x", "{}")
        assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')
    said = services.log_of(api, "/x", "POST", body="{}")["log"]
    assert "STS answered 403: AccessDenied: not authorized to perform: sts:AssumeRole" in said
    assert services.sts.roles().count(role) <= 3  # a worker that had not asked yet may ask the source, which has the answer
    services.sts.refuses = False
    wait_for(lambda: services.post(api, "/x", "{}").status == 200, "it to be tried again", 15)


def test_the_callers_identity_is_refused(services):
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q"), "arn:aws:iam::*:user/*"))}})
    assert services.post(api, "/x", "{}").status == 500
    assert "the caller's identity can't be passed on" in services.log_of(api, "/x", "POST", body="{}")["log"]


# -- nothing is set -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def machine(folder):
    """An appliance without keys, on a machine with a role; only sqs and sts have an endpoint."""
    made = Services(folder / "machine", ("127.0.0.1:14632", "127.0.0.1:18632"), lambda s: {
        "aws_endpoints": [{"service": "sqs", "url": s.recorder.url}, {"service": "sts", "url": s.sts.url}],
        "aws_instance_metadata": Metadata(s.recorder, s.sts).url})
    yield made
    made.close()


def test_the_machines_own_role_and_roles_that_it_may_assume(machine):
    role = f"arn:aws:iam::{ACCOUNT}:role/by-machine"
    api = machine.serve({"own": {"post": method(integration(uri("sqs", "path/1/q"), None))},
                         "role": {"post": method(integration(uri("sqs", "path/1/q"), role))}})
    assert machine.post(api, "/role", "{}").status == 200
    assert machine.sts.last().access_key == Metadata.KEY and machine.recorder.last().access_key.startswith("ASIA0")
    assert machine.post(api, "/own", "{}").status == 200
    assert machine.recorder.last().access_key == Metadata.KEY


def test_a_service_without_an_endpoint_is_not_called(machine):
    api = machine.serve({"x": {"get": method(integration(uri("dynamodb", "action/ListTables"), None))}})
    assert machine.call(api, "/x").status == 500
    assert ("there is no endpoint for the AWS service 'dynamodb': set a row of aws_endpoints for it, or aws_public_endpoints"
            in machine.log_of(api, "/x")["log"])


def test_secrets_are_nowhere(services):
    """Neither in a log nor in what a support bundle or `postern settings` would show."""
    assert (services.local.state / "settings.yaml").stat().st_mode & 0o777 == 0o600
    api = services.serve({"x": {"post": method(integration(uri("sqs", "path/1/q")))}})
    log = services.log_of(api, "/x", "POST", body="{}")["log"]
    assert "X-Amz-Security-Token=*" in log and "Authorization=*" in log
    assert FIXED_TOKEN not in log and services.recorder.last().field("Authorization") not in log
    said = services.local.log.read_text()
    for secret in (BASE_SECRET, FIXED_SECRET, FIXED_TOKEN, "secret/1+", "token/1=="):
        assert secret not in said
    for file in services.local.state.glob("*.log"):
        text = file.read_text(errors="replace")
        assert BASE_SECRET not in text and FIXED_TOKEN not in text
