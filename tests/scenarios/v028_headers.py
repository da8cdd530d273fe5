# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of fields on their way to a back end and back: the rows that were recorded from AWS."""
import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, mock, operation

HIDDEN = ("Connection", "Content-MD5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server", "TE", "Trailer", "Upgrade", "WWW-Authenticate")
REFUSED = ("Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id")
DROPPED = ("Via", "Expect", "Proxy-Authenticate", "TE", "Connection")  # to an HTTP back end, even if mapped
SET = ("Content-Encoding", "Authorization", "Date", "Referer", "User-Agent", "Accept", "X-Own", "Warn", "Pragma")
REMAPPED = ("Authorization", "Connection", "Content-Length", "Content-MD5", "Date", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate", "Server",
            "Trailer", "Upgrade", "User-Agent", "WWW-Authenticate")
PASSED = ("Accept", "Accept-Charset", "Accept-Encoding", "Age", "Pragma", "Range", "Referer", "TE", "Via", "Warn", "X-Own")


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    made.answers["/proxied"] = 200, [("Date", "d"), ("Server", "s"), ("TE", "t"), ("WWW-Authenticate", "w"), ("x-amzn-RequestId", "r"), ("Via", "v"),
                                     ("Content-Encoding", "odd"), ("X-Own", "o"), ("Set-Cookie", "a=1"), ("Content-Type", "text/plain")], "x"
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    paths, own = {}, f"{echo.url}/r"
    for name in HIDDEN:
        paths[f"/seen/{name}"] = {"get": operation(mock(response=f"$input.params('{name}')|$input.params().header.get('{name}')|"))}
    for name in REFUSED + DROPPED + SET:
        for kind in ("http", "http_proxy"):
            paths[f"/{kind}/{name}"] = {"get": operation(http(own, "GET", kind, requestParameters={f"integration.request.header.{name}": "'mapped'"}))}
    for name in REMAPPED + PASSED + ("Transfer-Encoding",):
        paths[f"/back/{name}"] = {"get": operation(mock(parameters={f"method.response.header.{name}": "'mapped'"}), {"200": [name]})}
    paths["/bare"] = {"x-amazon-apigateway-any-method": operation(http(own))}
    paths["/proxy"] = {"x-amazon-apigateway-any-method": operation(http(own, "ANY", "http_proxy"))}
    paths["/proxied"] = {"get": operation(http(f"{echo.url}/proxied", "GET", "http_proxy"))}
    made = Served(local, paths)
    yield made
    made.close()


@pytest.mark.parametrize("name", HIDDEN)
def test_what_no_template_sees(api, name):
    assert api.get(f"/seen/{name}", "-H", f"{name}: x").body in ("||", "") or name in ("Expect", "Upgrade", "Trailer")


@pytest.mark.parametrize("kind", ["http", "http_proxy"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_mapped(api, kind, name):
    answer = api.get(f"/{kind}/{name}")
    assert (answer.status, answer.body, answer.headers["x-amzn-errortype"]) == (500, '{"message": "Internal server error"}', "InternalServerErrorException")


@pytest.mark.parametrize("kind", ["http", "http_proxy"])
@pytest.mark.parametrize("name", DROPPED + SET)
def test_what_is_mapped(api, echo, kind, name):
    assert api.get(f"/{kind}/{name}").status == 200
    assert [v for n, v in echo.last.fields if n.lower() == name.lower() and v == "mapped"] == (["mapped"] if name in SET else [])


def test_what_type_http_sends(api, echo):
    assert api.post("/bare", "{}", "application/json; charset=utf-8", "-H", "X-Own: x", "-A", "probe").status == 200
    got = echo.last
    assert set(got.headers) == {"host", "accept", "user-agent", "content-type", "content-length", "x-amzn-apigateway-api-id", "x-amzn-trace-id"}
    assert (got.headers["accept"], got.headers["user-agent"], got.headers["content-type"], got.headers["x-amzn-apigateway-api-id"]) == (
        JSON, f"AmazonAPIGateway_{api.id}", "application/json; charset=utf-8", api.id)
    assert api.get("/bare", "-H", "Content-Type: text/plain").status == 200 and "content-type" not in echo.last.headers


def test_what_a_proxy_sends(api, echo):
    assert api.get("/proxy", "-H", "X-Own: x", "-A", "probe", "-H", "Via: v", "-H", "Content-Encoding: identity", "-H", "Max-Forwards: 1").status == 200
    got = echo.last
    assert (got.headers["x-own"], got.headers["user-agent"], got.headers["accept"]) == ("x", "probe", "*/*")
    assert not {"via", "content-encoding", "max-forwards"} & set(got.headers) and "x-forwarded-for" not in got.headers
    assert api.get("/proxy", "-H", "Authorization: AWS4-HMAC-SHA256 Credential=x").status == 200 and "authorization" not in echo.last.headers
    assert api.get("/proxy", "-H", "Authorization: Bearer x").status == 200 and echo.last.headers["authorization"] == "Bearer x"


@pytest.mark.parametrize("name", REMAPPED)
def test_what_is_remapped(api, name):
    answer = api.get(f"/back/{name}")
    assert answer.status == 200 and answer.headers[f"x-amzn-remapped-{name.lower()}"] == "mapped" and answer.headers.get(name.lower()) != "mapped"


@pytest.mark.parametrize("name", PASSED)
def test_what_is_passed(api, name):
    assert api.get(f"/back/{name}").headers[name.lower()] == "mapped"


def test_what_is_dropped(api):
    answer = api.get("/back/Transfer-Encoding")
    assert answer.status == 200 and not [n for n in answer.headers if "transfer-encoding" in n]


def test_what_a_proxys_client_gets(api):
    headers = api.get("/proxied").headers
    assert {n: headers[f"x-amzn-remapped-{n}"] for n in ("date", "server", "www-authenticate", "x-amzn-requestid")} == {
        "date": "d", "server": "s", "www-authenticate": "w", "x-amzn-requestid": "r"}
    assert headers["x-own"] == "o" and headers["te"] == "t" and headers["set-cookie"] == "a=1" and headers["content-type"] == "text/plain"
    assert not {"via", "content-encoding", "transfer-encoding", "x-amzn-trace-id"} & set(headers)


def test_a_requests_id_that_is_none_is_not_logged(api):
    resource = api.resource("/seen/TE")
    for given, shown in (("mine", "UUID_REPLACED_INVALID_REQUEST_ID"), ("0f3b2b1c-0d4e-4f5a-8b6c-7d8e9f0a1b2c", "0f3b2b1c-0d4e-4f5a-8b6c-7d8e9f0a1b2c")):
        log = api.client.test_invoke_method(restApiId=api.id, resourceId=resource, httpMethod="GET", headers={"x-amzn-RequestId": given})["log"]
        assert f"Method request headers: {{x-amzn-RequestId={shown}}}" in log and ("request: " + shown in log) == (given == shown)
        assert "mine" not in log
