# SPDX-License-Identifier: GPL-3.0-or-later
"""Mapping templates of requests and responses, run for real requests: $input, $context, $stageVariables, overrides; what fails."""
import re

import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, mock, operation

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
KEYS = ("resourceId, resourcePath, httpMethod, extendedRequestId, requestTime, path, accountId, protocol, requestOverride, stage, domainPrefix, "
        "requestTimeEpoch, requestId, identity, domainName, deploymentId, responseOverride, apiId")
IDENTITY = ("cognitoIdentityPoolId, accountId, cognitoIdentityId, caller, sourceIp, principalOrgId, accessKey, cognitoAuthenticationType, "
            "cognitoAuthenticationProvider, userArn, userAgent, user")

# Rendered by the response template of a MOCK: template → what the client gets, as a pattern.
CONTEXT = [
    ("$context.httpMethod $context.resourcePath $context.path", r"GET /context/0 /prod/context/0"),
    ("$context.stage $context.accountId $context.protocol", r"prod 123456789012 HTTP/1\.1"),
    ("$context.requestId", UUID),
    ("$context.extendedRequestId", r"[A-Za-z0-9_-]{15}="),
    ("$context.requestTime", r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000"),
    ("#set($later = $context.requestTimeEpoch + 1)$later", r"\d{13}"),
    ("$context.identity.sourceIp|$context.identity.userAgent|$context.identity.user|", r"127\.0\.0\.1\|probe\|\|"),
    ("$context.domainName $context.domainPrefix", r"([a-z0-9]{10})\.execute-api\.us-east-1\.amazonaws\.com \1"),
    ("$context.apiId $context.deploymentId $context.resourceId", r"[a-z0-9]{10} [a-z0-9]+ [a-z0-9]+"),
    ("[$context.isCanaryRequest][$context.authorizer.principalId][$context.nothing]", r"\[\]\[\]\[\]"),
    ('[$context.get("identity")]', r"\[\]"),
    ("#foreach($k in $context.keySet())$k#if($foreach.hasNext), #end#end", re.escape(KEYS)),
    ("#foreach($k in $context.identity.keySet())$k#if($foreach.hasNext), #end#end", re.escape(IDENTITY) + r"(, [a-zA-Z]+)*"),
    ("#foreach($k in $context.requestOverride.keySet())$k #end", "path header querystring "),
    ("#foreach($k in $context.responseOverride.keySet())$k #end", "header "),
    ("${stageVariables.one}|$stageVariables['two-']|${stageVariables.three}|$stageVariables.get('one')", r"1\|\|\|1"),
]

# Request templates towards the echo server: (template, request body, what it must get).
REQUESTS = [
    ("$input.body", '{"a": [1 , 2]}', '{"a": [1 , 2]}'),
    ("$input.json('$')", '{ "a" : [ 1 , 2 ] }', '{"a":[1,2]}'),
    ("$input.json('$.a')$input.json('$.none')", '{"a":{"b":1.50}}', '{"b":1.5}""'),
    ("$input.path('$.a')", '{"a":{"foo":"bar"}}', "{foo=bar}"),
    ("$input.json('$')", "", "{}"),
    ("$input.body", "", "{}"),
    ("$input.json('$')", "a=b", '"a=b"'),
    ("$util.escapeJavaScript($input.path('$.s'))", '{"s":"say \\"hi\\""}', 'say \\"hi\\"'),
    ('$input.params("q")|$input.params("X-Own")|$input.params("id")|$input.params("none")|', "{}", "two|mine|{n}||"),
    ('#foreach($k in $input.params().querystring.keySet())$k#end', "{}", "q"),
    ('#foreach($k in $input.params().keySet())$k #end', "{}", "path querystring header "),
    ('$input.params().path.id', "{}", "{n}"),
    ('$input.params("Connection")$input.params("TE")$input.params("Expect")|', "{}", "|"),
    ("{\"literal\": true}", "whatever", '{"literal": true}'),
]

BROKEN = [
    ("#if($x)", "", 500, "Internal server error"),
    ("#foreach($x in", "", 500, "Internal server error"),
    ("$input.json('$.a')", "{a", 400, "Could not parse request body into json"),
]


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    paths = {f"/context/{n}": {"get": operation(mock(response=template))} for n, (template, _) in enumerate(CONTEXT)}
    for n, (template, _, _) in enumerate(REQUESTS):
        paths[f"/requests/{n}/{{id}}"] = {"post": operation(http(echo.url + "/r", requestTemplates={JSON: template}))}
    for n, (template, *_) in enumerate(BROKEN):
        paths[f"/broken/{n}"] = {"post": operation(http(echo.url + "/r", requestTemplates={JSON: template}))}
    paths["/loop"] = {"post": operation(mock(response="#foreach($i in [1..5000])x#end"))}
    paths["/back"] = {"get": operation(http(echo.url + "/back", responses={"default": {"statusCode": "200", "responseTemplates": {
        JSON: "{\"n\":$input.path('$.list').size(),\"first\":$input.json('$.list[0]'),\"q\":\"$input.params('q')\"}"}}}))}
    paths["/broken-back"] = {"get": operation(http(echo.url + "/broken", responses={"default": {"statusCode": "200", "responseTemplates": {
        JSON: "$input.json('$.a')"}}}))}
    echo.answers["/back"] = 200, {"Content-Type": JSON}, '{"list":[{"id":1},2,3]}'
    echo.answers["/broken"] = 200, {"Content-Type": JSON}, "{a"
    made = Served(local, paths, variables={"one": "1"})
    yield made
    made.close()


@pytest.mark.parametrize("n", range(len(CONTEXT)))
def test_context(api, n):
    answer = api.get(f"/context/{n}", "-A", "probe")
    assert answer.status == 200 and re.fullmatch(CONTEXT[n][1].replace("/context/0", f"/context/{n}"), answer.body), answer


@pytest.mark.parametrize("n", range(len(REQUESTS)))
def test_request_templates(api, echo, n):
    _, body, wanted = REQUESTS[n]
    answer = api.post(f"/requests/{n}/{n}?q=one&q=two", body, JSON, "-H", "X-Own: mine", "-H", "TE: trailers")
    assert answer.status == 200, answer
    assert echo.last.body.decode() == wanted.replace("{n}", str(n))


@pytest.mark.parametrize("n", range(len(BROKEN)))
def test_what_fails(api, n):
    _, body, status, message = BROKEN[n]
    answer = api.post(f"/broken/{n}", body)
    assert (answer.status, answer.body) == (status, f'{{"message": "{message}"}}')


def test_responses_are_templates_too(api):
    assert api.get("/back?q=7").body == '{"n":3,"first":{"id":1},"q":"7"}'
    answer = api.get("/broken-back")
    assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')


def test_loops_end_after_a_thousand(api):
    assert api.post("/loop", "{}").body == "x" * 1000


def test_what_is_no_template_is_stored(api):
    """As with AWS: put, read, deployed; it fails when it is used, and `postern status` says so."""
    key = {"restApiId": api.id, "resourceId": api.resource("/broken/0"), "httpMethod": "POST"}
    assert api.client.get_integration(**key)["requestTemplates"] == {JSON: "#if($x)"}
    status = api.local.postern("status")
    assert [w for w in status["warnings"] if f"API {api.id} stage prod POST /broken/0: " in w and "'application/json', line 1, column " in w], status
    assert not [row for row in status["notServed"] if row["api"] == api.id]
