# SPDX-License-Identifier: GPL-3.0-or-later
"""Which integration response an answer selects, which status the client gets, and what is missing then."""
import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, mock, operation

ERROR = '{"message": "Internal server error"}'
SOME = {"default": "200", "404": "404", "4\\d{2}": "400", "5..": "502", "2": "299"}

# Patterns with their statuses, the back end's status, the client's.
TABLE = [
    (SOME, 200, 200), (SOME, 201, 200), (SOME, 404, 400), (SOME, 422, 400), (SOME, 503, 502), (SOME, 302, 200),
    ({"404": "404"}, 200, 500), ({"404": "404"}, 404, 404), ({"404|410": "410"}, 410, 410), ({"40": "400", "default": "200"}, 404, 200),
    ({".*": "207"}, 503, 207), ({"[0-9&&[^4]][0-9]*": "299", "default": "200"}, 404, 200), ({"[0-9&&[^4]][0-9]*": "299", "default": "200"}, 503, 299), ({"(?i)[45]\\d\\d": "400", "default": "200"}, 500, 400),
]


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    for status in {row[1] for row in TABLE}:
        made.answers[f"/{status}"] = status, {"Content-Type": JSON}, f'"{status}"'
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    paths = {}
    for n, (patterns, status, _) in enumerate(TABLE):
        paths[f"/{n}"] = {"get": operation(http(f"{echo.url}/{status}", responses={p: {"statusCode": s} for p, s in patterns.items()}), set(patterns.values()))}
    paths["/undeclared"] = {"get": operation(http(f"{echo.url}/200", responses={"default": {"statusCode": "201"}}), ("200",))}
    paths["/overridden"] = {"get": operation(http(f"{echo.url}/200", responses={"default": {"statusCode": "201", "responseTemplates": {
        JSON: "#set($context.responseOverride.status = 299)x"}}}), ("200",))}
    paths["/plain-400"] = {"get": operation(http(f"{echo.url}/404"), ("200",))}
    paths["/proxied-400"] = {"get": operation(http(f"{echo.url}/404", "GET", "http_proxy"))}
    paths["/mocked"] = {"get": operation({"type": "mock", "requestTemplates": {JSON: '{"statusCode": $input.params("s")}'}, "responses": {
        "default": {"statusCode": "200"}, "5\\d\\d": {"statusCode": "500", "responseTemplates": {JSON: "five"}}}}, ("200", "500"))}
    made = Served(local, paths)
    yield made
    made.close()


@pytest.mark.parametrize("n", range(len(TABLE)))
def test_patterns_match_the_whole_status(api, n):
    _, status, wanted = TABLE[n]
    answer = api.get(f"/{n}")
    assert answer.status == wanted and answer.body == (ERROR if wanted == 500 else f'"{status}"')


def test_a_status_must_be_declared(api):
    assert (answer := api.get("/undeclared")).status == 500 and answer.body == ERROR
    assert (answer := api.get("/overridden")).status == 299 and answer.body == "x"


def test_a_proxy_passes_what_a_mapping_hides(api):
    assert api.get("/plain-400").status == 200 and api.get("/proxied-400").status == 404


@pytest.mark.parametrize("status, wanted, body", [("200", 200, ""), ("503", 500, "five"), ('"503"', 500, ERROR), ("", 500, ERROR)])
def test_mocks_select_by_what_they_render(api, status, wanted, body):
    answer = api.get("/mocked", "-G", "--data-urlencode", f"s={status}")
    assert (answer.status, answer.body) == (wanted, body)
