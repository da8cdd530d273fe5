# SPDX-License-Identifier: GPL-3.0-or-later
"""Overrides: what templates put into $context.requestOverride and $context.responseOverride, and AWS's rules for it."""
import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, mock, operation

GUIDE = """#set($header1Override = "foo")
#set($header3Value = "$input.params('header1')$input.params('header2')")
$input.json("$")
#set($context.requestOverride.header.header3 = $header3Value)
#set($context.requestOverride.header.header1 = $header1Override)
#set($context.requestOverride.header.multivalueheader=[$header1Override, $header3Value])"""

# Ways to assign (REC: test_integration_mock_with_vtl_map_assignation), each sets x to v.
FORMS = ["#set($context.requestOverride.header.x = 'v')", '#set($context.requestOverride.header["x"] = "v")',
         '#set($n = "x")#set($context.requestOverride.header[$n] = "v")', '#set($void = $context.requestOverride.header.put("x", "v"))',
         '#set($context["requestOverride"].header["x"] = "v")']

# What a response template sets → status, fields.
ANSWERS = [
    ("#set($context.responseOverride.status = 418)", 418, {}),
    ("#set($context.responseOverride.status = 99)", 200, {}),
    ("#set($context.responseOverride.status = 600)", 200, {}),
    ("#set($context.responseOverride.status = 'odd')", 200, {}),
    ("#set($context.responseOverride.header.X-One = 'new')", 200, {"x-one": "new"}),
    ("#set($context.responseOverride.header.X-Two = 'two')", 200, {"x-one": "mapped", "x-two": "two"}),
    ("#set($context.responseOverride.header.X-List = ['a', 'b'])", 200, {"x-list": "a,b"}),
    ("#set($context.responseOverride.header.Date = 'never')", 200, {"x-amzn-remapped-date": "never"}),
    ("#set($context.responseOverride.header.Content-Type = 'text/plain')", 200, {"content-type": "text/plain"}),
    ("#set($context.responseOverride.header.X-One = 'a')#set($context.responseOverride.header.X-One = 'b')", 500, {}),
]


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    def mapped(template, uri="/r", **more):
        return operation(http(echo.url + uri, requestTemplates={JSON: template}, **more))

    paths = {"/guide": {"post": mapped(GUIDE)}}
    for n, template in enumerate(FORMS):
        paths[f"/forms/{n}"] = {"post": mapped(template)}
    paths["/places/{a}"] = {"post": mapped(
        "#set($context.requestOverride.path.where = 'there')#set($context.requestOverride.querystring.q = 'over')"
        "#set($context.requestOverride.querystring.extra = 'a b')#set($context.requestOverride.header.X-Mapped = 'over')", "/x/{where}",
        requestParameters={"integration.request.path.where": "method.request.path.a", "integration.request.querystring.q": "method.request.querystring.q",
                           "integration.request.querystring.kept": "'kept'", "integration.request.header.X-Mapped": "'mapped'"})}
    paths["/twice"] = {"post": mapped("#set($context.requestOverride.header.x = 'a')#set($context.requestOverride.header.x = 'b')")}
    paths["/own"] = {"post": mapped("#set($context.requestOverride.header.Content-Length = '1')")}
    for n, (template, _, _) in enumerate(ANSWERS):
        paths[f"/answers/{n}"] = {"get": operation(mock(response=template, parameters={"method.response.header.X-One": "'mapped'"}), {"200": ["X-One"]})}
    paths["/through"] = {"get": operation(mock(
        '#set($context.requestOverride.header.x = "from the request")#set($context.responseOverride.custom = "kept")'
        '#set($context.responseOverride.header.X-Early = "early")#set($context.responseOverride.status = 201){"statusCode": 200}',
        "$context.requestOverride.header.x|$context.responseOverride.custom"))}
    made = Served(local, paths)
    yield made
    made.close()


def test_the_guides_example(api, echo):
    answer = api.post("/guide", '{"a": 1}', JSON, "-H", "header1: header1Val", "-H", "header2: header2Val")
    assert answer.status == 200
    got = echo.last
    assert {n: got.headers[n] for n in ("header1", "header3", "multivalueheader")} == {
        "header1": "foo", "header3": "header1Valheader2Val", "multivalueheader": "foo,header1Valheader2Val"}
    assert got.body.decode().strip() == '{"a":1}'


@pytest.mark.parametrize("n", range(len(FORMS)))
def test_all_forms_of_assignment(api, echo, n):
    assert api.post(f"/forms/{n}", "{}").status == 200
    assert echo.last.headers["x"] == "v"


def test_overrides_take_the_place_of_mappings(api, echo):
    assert api.post("/places/here?q=mapped", "{}").status == 200
    got = echo.last
    assert got.path == "/x/there" and sorted(got.query.split("&")) == ["extra=a%20b", "kept=kept", "q=over"]
    assert [v for n, v in got.fields if n.lower() == "x-mapped"] == ["over"]


@pytest.mark.parametrize("path", ["/twice", "/own"])
def test_what_may_not_be_overridden(api, path):
    answer = api.post(path, "{}")
    assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')


@pytest.mark.parametrize("n", range(len(ANSWERS)))
def test_answers(api, n):
    _, status, fields = ANSWERS[n]
    answer = api.get(f"/answers/{n}")
    assert answer.status == status, answer
    assert {name: answer.headers.get(name) for name in fields} == fields


def test_one_set_of_overrides_for_both_templates(api):
    answer = api.get("/through")
    assert (answer.status, answer.body) == (201, "from the request|kept")
    assert answer.headers["x-early"] == "early"
