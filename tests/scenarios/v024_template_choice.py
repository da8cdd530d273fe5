# SPDX-License-Identifier: GPL-3.0-or-later
"""Which template is taken, and what becomes of a body that none fits: AWS's table of passthrough behaviours, and Accept."""
import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, operation

XML = "application/xml"
T, P, R = "template", "body", 415  # rendered, passed through, refused
BEHAVIOURS = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")

# Templates defined, Content-Type sent, what happens by behaviour.
TABLE = [
    ((), None, (P, P, R)), ((), JSON, (P, P, R)), ((), XML, (P, P, R)),
    ((JSON,), None, (T, T, T)), ((JSON,), JSON, (T, T, T)), ((JSON,), JSON + "; charset=utf-8", (T, T, T)), ((JSON,), "APPLICATION/JSON", (T, T, T)),
    ((JSON,), XML, (P, R, R)),
    ((XML,), None, (P, R, R)), ((XML,), JSON, (P, R, R)), ((XML,), XML, (T, T, T)),
    (("$default",), "text/odd", (T, T, T)), (("$default",), None, (T, T, T)),
]
CASES = [(n, b) for n in range(len(TABLE)) for b in range(3)]

# Response templates defined, Accept sent, which one is taken.
ACCEPTS = [
    ({JSON: "j", XML: "x"}, None, "j"), ({JSON: "j", XML: "x"}, XML, "x"), ({JSON: "j", XML: "x"}, f"{XML};q=0.9, {JSON}", "x"),
    ({JSON: "j", XML: "x"}, "text/html", "j"), ({XML: "x"}, "text/html", "x"), ({XML: "x"}, None, "x"), ({}, XML, "passed"), ({JSON: ""}, None, "passed"),
]


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    made.answers["/fixed"] = 200, {"Content-Type": "text/plain"}, "passed"
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    paths = {f"/t/{n}-{b}": {"post": operation(http(f"{echo.url}/t", requestTemplates={kind: "template" for kind in TABLE[n][0]},
                                                    passthroughBehavior=BEHAVIOURS[b]))} for n, b in CASES}
    for n, (templates, _, _) in enumerate(ACCEPTS):
        paths[f"/a/{n}"] = {"get": operation(http(f"{echo.url}/fixed", responses={"default": {"statusCode": "200", "responseTemplates": templates}}))}
    made = Served(local, paths)
    yield made
    made.close()


@pytest.mark.parametrize("n, b", CASES)
def test_requests(api, echo, n, b):
    _, content, wanted = TABLE[n]
    before = len(echo.requests)
    answer = api.post(f"/t/{n}-{b}", "body", content)
    if wanted[b] == R:
        assert (answer.status, answer.body) == (415, '{"message": "Unsupported Media Type"}')
        assert answer.headers["x-amzn-errortype"] == "BadRequestException" and len(echo.requests) == before
    else:
        assert answer.status == 200 and echo.last.body.decode() == wanted[b]


@pytest.mark.parametrize("n", range(len(ACCEPTS)))
def test_responses(api, n):
    _, accept, wanted = ACCEPTS[n]
    assert api.get(f"/a/{n}", "-H", f"Accept: {accept}" if accept else "Accept:").body == wanted
