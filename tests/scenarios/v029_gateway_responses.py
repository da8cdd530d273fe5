# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the gateway itself: default ones to the byte, customised ones by type and by parent, with templates, parameters and status."""
import re

import pytest

from lab.appliance import allow, policy
from lab.rows import JSON, Served, http, mock, operation

XML = "application/xml"

# What is asked → type, status, body, x-amzn-ErrorType, as AWS has them.
DEFAULTS = {
    "none": ("MISSING_AUTHENTICATION_TOKEN", 403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"),
    "denied": ("ACCESS_DENIED", 403, None, "AccessDeniedException"),
    "media": ("UNSUPPORTED_MEDIA_TYPE", 415, '{"message": "Unsupported Media Type"}', "BadRequestException"),
    "config": ("API_CONFIGURATION_ERROR", 500, '{"message": "Internal server error"}', "InternalServerErrorException"),
    "refused": ("INTEGRATION_FAILURE", 504, '{"message": "Network error communicating with endpoint"}', "InternalServerErrorException"),
}
PATHS = {
    "/media": {"get": operation({"type": "mock", "passthroughBehavior": "never", "responses": {"default": {"statusCode": "200"}}})},
    "/config": {"get": operation(mock("{}"))},
    "/refused": {"get": operation(http("http://127.0.0.1:65001/", "GET"))},
    "/denied": {"get": operation(mock())},
}
TEMPLATE = '{"m":$context.error.messageString,"t":"$context.error.responseType","s":"$context.stage","v":"$stageVariables.one","q":"$method.request.querystring.q"}'


def served(local, responses=None):
    made = Served(local, PATHS, variables={"one": "1"}, responses=responses)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/*/denied"}
    local.put_policy(made.id, policy(allow(), deny))
    local.deploy(made.id)
    made.follow()
    return made


@pytest.fixture(scope="module")
def api(local):
    made = served(local)
    yield made
    made.close()


@pytest.mark.parametrize("path", DEFAULTS)
def test_defaults(api, path):
    _, status, body, kind = DEFAULTS[path]
    answer = api.get(f"/{path}")
    assert (answer.status, answer.headers["x-amzn-errortype"], answer.headers["content-type"]) == (status, kind, JSON)
    if body:
        assert answer.body == body
    else:
        assert re.fullmatch(r'{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:'
                            r'\*{8}9012:[a-z0-9]{10}/prod/GET/denied with an explicit deny in a resource-based policy"}', answer.body)
    assert {"x-amzn-requestid", "x-amz-apigw-id"} <= set(answer.headers) and "x-amzn-trace-id" not in answer.headers


def test_every_type_can_be_customised(local, api):
    """All 21 are listed with their defaults, put and shown, and removed again."""
    listed = {r["responseType"]: r for r in api.client.get_gateway_responses(restApiId=api.id, limit=500)["items"]}
    assert len(listed) == 21 and all(r["defaultResponse"] for r in listed.values())
    for kind in listed:
        put = api.client.put_gateway_response(restApiId=api.id, responseType=kind, statusCode="599", responseTemplates={JSON: "x"})
        assert put["statusCode"] == "599" and put["defaultResponse"] is False
        api.client.delete_gateway_response(restApiId=api.id, responseType=kind)


def test_the_guides_example(local):
    """spec 16.2: MISSING_AUTHENTICATION_TOKEN becomes a 404 with a header from the query."""
    api = served(local, {"MISSING_AUTHENTICATION_TOKEN": {
        "statusCode": 404, "responseParameters": {"gatewayresponse.header.x-request-query": "method.request.querystring.q"},
        "responseTemplates": {JSON: '{"message":$context.error.messageString,"type":"$context.error.responseType","stage":"$context.stage"}'}}})
    try:
        answer = api.get("/none?q=5")
        assert (answer.status, answer.headers["x-request-query"]) == (404, "5")
        assert answer.body == '{"message":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN","stage":"prod"}'
        assert "x-request-query" not in api.get("/none").headers and api.get("/config").body == DEFAULTS["config"][2]
    finally:
        api.close()


def test_types_templates_parameters_and_status(local):
    api = served(local, {
        DEFAULTS[path][0]: {"statusCode": 460 + n, "responseParameters": {"gatewayresponse.header.X-Own": "'yes'", "gatewayresponse.header.X-From": "context.httpMethod"},
                            "responseTemplates": {JSON: TEMPLATE, XML: "<m>$context.error.message</m>"}}
        for n, path in enumerate(DEFAULTS)})
    try:
        for n, (path, (kind, _, body, error)) in enumerate(DEFAULTS.items()):
            answer = api.get(f"/{path}?q=here")
            assert (answer.status, answer.headers["x-own"], answer.headers["x-from"], answer.headers["x-amzn-errortype"]) == (460 + n, "yes", "GET", error)
            assert {name: answer.json()[name] for name in "tsvq"} == {"t": kind, "s": "prod", "v": "1", "q": "here"}
            if body:
                assert body.partition(":")[2].strip(' "}') == answer.json()["m"]
                answer = api.get(f"/{path}", "-H", f"Accept: {XML}")
                assert (answer.body, answer.headers["content-type"]) == (f"<m>{body.partition(':')[2].strip(' ' + chr(34) + '}')}</m>", XML)
    finally:
        api.close()


def test_fields_that_stand_for_the_gateways_own(local):
    """A mapped field is the only one of its name; those that HTTP keeps for itself are remapped, as in method responses."""
    own = {"Content-Type": "text/own", "x-amzn-ErrorType": "Own", "X-Once": "1", "WWW-Authenticate": "Basic", "Vary": "x"}
    remapped = ("Date", "Connection", "Content-Length", "Server", "x-amzn-RequestId")
    api = served(local, {"MISSING_AUTHENTICATION_TOKEN": {"responseParameters": {
        **{f"gatewayresponse.header.{name}": f"'{value}'" for name, value in own.items()},
        **{f"gatewayresponse.header.{name}": "'77'" for name in (*remapped, "Transfer-Encoding")}}}})
    try:
        answer = api.get("/none")
        assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})
        assert {name: answer.headers.get(name.lower()) for name in own} == own
        assert {answer.headers[f"x-amzn-remapped-{name.lower()}"] for name in remapped} == {"77"}
        assert [[name for name, _ in answer.fields].count(name) for name in ("content-type", "x-amzn-errortype", "date", "content-length")] == [1] * 4
    finally:
        api.close()


def test_parents(local):
    """DEFAULT_4XX and DEFAULT_5XX stand for all types without a row of their own, their status too; a put of parameters alone keeps the status."""
    api = served(local, {"DEFAULT_5XX": {"statusCode": 599, "responseTemplates": {JSON: '{"t":"$context.error.responseType"}'}},
                         "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
                         "UNSUPPORTED_MEDIA_TYPE": {"statusCode": 499}})
    try:
        for path in ("config", "refused"):
            answer = api.get(f"/{path}")
            assert (answer.status, answer.body) == (599, f'{{"t":"{DEFAULTS[path][0]}"}}')
        answer = api.get("/none")
        assert (answer.status, answer.body, answer.headers["access-control-allow-origin"]) == (403, DEFAULTS["none"][2], "*")
        # A put fills in the template that AWS shows for every type, which has no blank.
        answer = api.get("/media")
        assert (answer.status, answer.body) == (499, '{"message":"Unsupported Media Type"}') and "access-control-allow-origin" not in answer.headers
    finally:
        api.close()
