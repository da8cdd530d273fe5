# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of requests and responses: each kind of source and target, bodies by JSONPath, and AWS's recorded merge of a proxy."""
import json

import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, mock, operation

BODY = '{"a":{"b":"text","n":1.50,"t":true,"none":null,"list":[1,2],"o":{"x":1}}}'

# Source of integration.request.header.X → what the back end gets; None: no field at all.
SOURCES = [
    ("method.request.path.id", "a%20b"), ("method.request.path.other", None),
    ("method.request.querystring.q", "two words"), ("method.request.querystring.empty", None), ("method.request.querystring.none", None),
    ("method.request.header.X-In", "last"), ("method.request.header.x-in", None), ("method.request.multivalueheader.X-In", "first,last"),
    ("method.request.multivaluequerystring.single", "1"), ("method.request.multivaluequerystring.q", "one,two words"),
    ("stageVariables.one", "uno"), ("stageVariables.none", None),
    ("context.httpMethod", "POST"), ("context.identity.sourceIp", "127.0.0.1"), ("context.nothing", None),
    ("'static text'", "static text"), ("''", None),
    ("method.request.body", BODY), ("method.request.body.a.b", "text"), ("method.request.body.a.n", "1.50"), ("method.request.body.a.t", "true"),
    ("method.request.body.a.none", None), ("method.request.body.a.list", "[1,2]"), ("method.request.body.a.list[1]", "2"),
    ("method.request.body.a.list[*]", "[1,2]"), ("method.request.body.a.o", '{"x":1}'), ("method.request.body.none", None),
]

# Source of method.response.header.X → what the client gets.
ANSWERS = [
    ("integration.response.header.X-Back", "b2"), ("integration.response.header.x-back", None), ("integration.response.multivalueheader.X-Back", "b1,b2"),
    ("integration.response.body", BODY), ("integration.response.body.a.b", "text"), ("integration.response.body.a.o", '{"x":1}'),
    ("integration.response.body.a.none", None), ("integration.response.body.message.deep", None), ("stageVariables.one", "uno"),
    ("context.stage", "prod"), ("'static'", "static"),
]


def parameters(*names, place="header"):
    return [{"name": name, "in": place, "schema": {"type": "string"}} for name in names]


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    made.answers["/back"] = 200, [("X-Back", "b1"), ("X-Back", "b2"), ("Content-Type", JSON)], BODY
    made.answers["/error"] = 400, {"Content-Type": JSON}, json.dumps({"errorMessage": json.dumps({"trace": {"function": "f"}})})
    made.answers["/bad"] = 200, {"Content-Type": JSON}, "{bad"
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    paths, back = {}, f"{echo.url}/back"
    for n, (source, _) in enumerate(SOURCES):
        paths[f"/sources/{n}/{{id}}"] = {"post": operation(http(f"{echo.url}/s", requestParameters={"integration.request.header.X": source}))}
    for n, (source, _) in enumerate(ANSWERS):
        paths[f"/answers/{n}"] = {"get": operation(http(back, responses={"default": {
            "statusCode": "200", "responseParameters": {"method.response.header.X": source}}}), {"200": ["X"]})}
    paths["/merge/{pathVariable}"] = {"get": operation(http(
        f"{echo.url}/?testVar={{pathVar}}&testQs={{qsVar}}", "GET", "http_proxy", requestParameters={
            "integration.request.header.headerVar": "method.request.header.foobar", "integration.request.path.qsVar": "method.request.querystring.testVar",
            "integration.request.path.pathVar": "method.request.path.pathVariable",
            "integration.request.querystring.queryString": "method.request.querystring.testQueryString",
            "integration.request.querystring.testQs": "method.request.querystring.testQueryString",
            "integration.request.querystring.testEmptyQs": "method.request.header.emptyheader"}))}
    paths["/repeated"] = {"get": operation(http(f"{echo.url}/r", requestParameters={
        "integration.request.querystring.q": "method.request.multivaluequerystring.q"}))}
    paths["/bad-body"] = {"post": operation(http(f"{echo.url}/s", requestParameters={"integration.request.header.X": "method.request.body.a"}))}
    paths["/proxied-body"] = {"post": operation(http(f"{echo.url}/s", "POST", "http_proxy", requestParameters={
        "integration.request.header.X": "method.request.body.a"}))}
    for name, source in (("error", "integration.response.body.errorMessage.trace.function"), ("bad", "integration.response.body.a")):
        paths[f"/{name}"] = {"get": operation(http(f"{echo.url}/{name}", responses={"default": {
            "statusCode": "200", "responseParameters": {"method.response.header.X": source}}}), {"200": ["X"]})}
    paths["/query"] = {"get": operation(mock(response="$input.params().querystring $input.params('b')"))}
    for kind in ("http", "http_proxy"):
        paths[f"/encoded/{kind}"] = {"get": operation(http(f"{echo.url}/r/{{p}}", "GET", kind, requestParameters={
            "integration.request.path.p": "method.request.querystring.p", "integration.request.querystring.fixed": "'a%20b c'",
            "integration.request.header.Authorization": "method.request.querystring.who"}))}
    made = Served(local, paths, variables={"one": "uno"})
    yield made
    made.close()


@pytest.mark.parametrize("n", range(len(SOURCES)), ids=[source for source, _ in SOURCES])
def test_requests(api, echo, n):
    answer = api.post(f"/sources/{n}/a%20b?q=one&q=two+words&empty=&single=1", BODY, JSON, "-H", "X-In: first", "-H", "X-In: last")
    assert answer.status == 200, answer
    assert echo.last.headers.get("x") == SOURCES[n][1]


@pytest.mark.parametrize("n", range(len(ANSWERS)), ids=[source for source, _ in ANSWERS])
def test_answers(api, n):
    answer = api.get(f"/answers/{n}")
    assert (answer.status, answer.headers.get("x")) == (200, ANSWERS[n][1])


def test_a_proxys_request_is_merged_as_recorded(api, echo):
    assert api.get("/merge/foobar?testQueryString=foo&testVar=bar", "-H", "foobar: mapped-value", "-H", "headerVar: request-value",
                   "-H", "emptyheader;").status == 200
    got = echo.last
    assert got.query == "testVar=foobar&testQs=bar&testQueryString=foo&testVar=bar&queryString=foo&testQs=foo"
    assert [v for n, v in got.fields if n.lower() == "headervar"] == ["mapped-value"] and got.headers["foobar"] == "mapped-value"


def test_a_repeated_parameter_stays_so(api, echo):
    assert api.get("/repeated?q=1&q=2&q=3").status == 200
    assert echo.last.query == "q=1&q=2&q=3"


@pytest.mark.parametrize("query, wanted", [("q=1&a", "{q=1, a=} "), ("a&q=1", "{a=, q=1} "), ("q=1;b=2", "{q=1, b=2} 2"), (";b=1;;b=2&", "{b=2} 2"),
                                           ("b=1%3Bc=2", "{b=1;c=2} 1;c=2")])
def test_what_a_query_is_taken_apart_into(api, query, wanted):
    assert api.get(f"/query?{query}").body == wanted


@pytest.mark.parametrize("kind", ["http", "http_proxy"])
def test_what_goes_encoded(api, echo, kind):
    """A literal is encoded by its author; a value in a path as far as it must be; a signature made for the gateway goes nowhere."""
    for who in ("AWS4-HMAC-SHA256+x", "Bearer+x"):
        assert api.get(f"/encoded/{kind}?p=a%20%C3%A9%0A/b&who={who}").status == 200
        assert echo.last.path == "/r/a%20%C3%A9%0A/b" and echo.last.query.endswith("fixed=a%20b%20c")
        assert echo.last.headers.get("authorization") == (None if who.startswith("AWS4") else "Bearer x")


@pytest.mark.parametrize("body", ["{bad", "[1", '"open', "'single'", ' {"a":1}x'])
def test_a_body_that_looks_like_json_must_be(api, body):
    answer = api.post("/bad-body", body)
    assert (answer.status, answer.body) == (400, '{"message":"Invalid JSON in request body"}')
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"


@pytest.mark.parametrize("body", ["plain text", "7", ""])
def test_any_other_body_is_an_empty_object(api, echo, body):
    assert api.post("/bad-body", body).status == 200
    assert "x" not in echo.last.headers and echo.last.body == body.encode()


def test_a_proxys_body_can_be_looked_into(api, echo):
    assert api.post("/proxied-body", '{"a": "in", "b": [1,  2]}').status == 200
    assert echo.last.headers["x"] == "in" and echo.last.body == b'{"a": "in", "b": [1,  2]}'


def test_messages_of_functions_are_descended_into(api):
    assert api.get("/error").headers["x"] == "f"


def test_an_answer_that_is_not_json(api):
    answer = api.get("/bad")
    assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')
