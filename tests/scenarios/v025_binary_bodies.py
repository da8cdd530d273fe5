# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies between text and bytes: contentHandling both ways, as AWS's tables have it; which media types are binary."""
import base64

import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, operation

# AWS's recorded vector: 67 bytes that reach the back end as 99 of text.
BYTES = bytes.fromhex("1f8b0800146cee6302ff4bcecf2d284a2d2e4e4d5148492c49d45128cec82fcd4951484a55c8cc2b4bccc94c51080d71d3b550282e29cacc4b0700b83910572f000000")
TEXT, ENCODED, FAILS = BYTES.decode("utf-8", "replace").encode(), base64.b64encode(BYTES), None
UNSET, TO_TEXT, TO_BINARY = None, "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"
BINARY, OTHER = "image/png", "text/plain"

# Content-Type, contentHandling, what the client sends, what the back end gets.
REQUESTS = [
    (OTHER, UNSET, BYTES, TEXT), (OTHER, TO_TEXT, BYTES, TEXT), (OTHER, TO_BINARY, ENCODED, BYTES), (OTHER, TO_BINARY, BYTES, FAILS),
    (BINARY, UNSET, BYTES, BYTES), (BINARY, TO_BINARY, BYTES, BYTES), (BINARY, TO_TEXT, BYTES, ENCODED),
]

# The back end's type, the client's Accept, then what the client gets of BYTES or of ENCODED by contentHandling.
ANSWERS = [
    (OTHER, OTHER, UNSET, BYTES, TEXT), (OTHER, OTHER, TO_BINARY, ENCODED, BYTES), (OTHER, OTHER, TO_TEXT, BYTES, TEXT),
    (OTHER, BINARY, UNSET, ENCODED, BYTES), (OTHER, BINARY, UNSET, BYTES, FAILS), (OTHER, BINARY, TO_BINARY, ENCODED, BYTES),
    (OTHER, BINARY, TO_TEXT, BYTES, TEXT),
    (BINARY, OTHER, UNSET, BYTES, ENCODED), (BINARY, OTHER, TO_BINARY, BYTES, BYTES), (BINARY, OTHER, TO_TEXT, BYTES, ENCODED),
    (BINARY, BINARY, UNSET, BYTES, BYTES), (BINARY, BINARY, TO_BINARY, BYTES, BYTES), (BINARY, BINARY, TO_TEXT, BYTES, ENCODED),
]

# What the list has, what the client asks for, is it binary? (REC: test_aws_proxy_binary_response)
TYPES = [
    ("image/png", "image/png", True), ("image/png", "image/*", False), ("image/png", "*/*", False), ("image/png", "image/jpg", False),
    ("application/*", "application/whatever", True), ("application/*", "application/*", True), ("*/test", "*/test", False), ("*/test", "random/test", False),
    ("image/png", "image/png,image/*,*/*;q=0.8", True), ("image/png", "image/webp,image/png", False), ("image/png", None, False),
    ("image/png", "application", False), ("*/*", "anything/goes", True), ("image/png", "IMAGE/PNG", True), ("image/png", "image/png; q=1", True),
]


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    for n, (kind, _, _, body, _) in enumerate(ANSWERS):
        made.answers[f"/a/{n}"] = 200, {"Content-Type": kind}, body
    made.answers["/encoded"] = 200, {"Content-Type": OTHER}, ENCODED
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    def handled(kind):
        return {"contentHandling": kind} if kind else {}

    paths = {f"/r/{n}": {"post": operation(http(f"{echo.url}/r", **handled(kind)))} for n, (_, kind, _, _) in enumerate(REQUESTS)}
    for n, (_, _, kind, _, _) in enumerate(ANSWERS):
        paths[f"/a/{n}"] = {"get": operation(http(f"{echo.url}/a/{n}", responses={"default": {"statusCode": "200", **handled(kind)}}))}
    paths["/templated"] = {"post": operation(http(f"{echo.url}/r", requestTemplates={BINARY: "$input.body"}))}
    paths["/templated-text"] = {"post": operation(http(f"{echo.url}/r", requestTemplates={BINARY: "$input.body"}, contentHandling=TO_TEXT))}
    made = Served(local, paths, **{"x-amazon-apigateway-binary-media-types": [BINARY]})
    yield made
    made.close()


@pytest.mark.parametrize("n", range(len(REQUESTS)))
def test_requests(api, echo, n):
    content, _, sent, wanted = REQUESTS[n]
    answer = api.post(f"/r/{n}", sent, content)
    if wanted is FAILS:
        assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')
    else:
        assert answer.status == 200 and echo.last.body == wanted


@pytest.mark.parametrize("n", range(len(ANSWERS)))
def test_answers(api, n):
    _, accept, _, _, wanted = ANSWERS[n]
    answer = api.get(f"/a/{n}", "-H", f"Accept: {accept}")
    if wanted is FAILS:
        assert (answer.status, answer.body) == (500, '{"message": "Internal server error"}')
    else:
        assert answer.status == 200 and answer.body.encode("utf-8", "surrogateescape") == wanted


def test_templates_take_text_only(api, echo):
    assert api.post("/templated", BYTES, BINARY).status == 500
    assert api.post("/templated", b"text", BINARY).status == 200 and echo.last.body == b"text"
    assert api.post("/templated-text", BYTES, BINARY).status == 200 and echo.last.body == ENCODED


def test_which_types_are_binary(local, echo):
    """One API whose list changes from row to row: text comes decoded where the client's type is binary."""
    api = Served(local, {"/": {"get": operation(http(f"{echo.url}/encoded"))}})
    try:
        listed = []
        for entry, accept, is_binary in TYPES:
            api.client.update_rest_api(restApiId=api.id, patchOperations=[
                *({"op": "remove", "path": "/binaryMediaTypes/" + old.replace("/", "~1")} for old in listed),
                {"op": "add", "path": "/binaryMediaTypes/" + entry.replace("/", "~1")}])
            listed = [entry]
            api.client.create_deployment(restApiId=api.id, stageName="prod")
            api.follow()
            # */* makes the back end's own type binary as well: then its bytes are passed as they are.
            wanted = BYTES if is_binary and entry != "*/*" else ENCODED
            answer = api.get("/", "-H", f"Accept: {accept}" if accept else "Accept:")
            assert answer.status == 200 and answer.body.encode("utf-8", "surrogateescape") == wanted, (entry, accept)
    finally:
        api.close()
