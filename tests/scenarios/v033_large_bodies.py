# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads near AWS's 10,485,760 bytes through everything that maps bodies, both ways, and just over them."""
import json

import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, operation

LIMIT = 10485760
ITEM = '{"id":12345,"name":"an item of a list","tags":["one","two"],"more":{"a":1.5,"b":true}}'
LARGE = '{"list":[' + ",".join([ITEM] * (9000000 // len(ITEM))) + "]}"

TEMPLATES = {"body": "$input.body", "json": "$input.json('$')", "size": "$input.path('$.list').size()", "last": "$input.json('$.list[-1:].id')"}
WANTED = {"body": LARGE, "json": LARGE, "size": str(LARGE.count("12345")), "last": "[12345]"}


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    made.answers["/large"] = 200, {"Content-Type": JSON}, LARGE
    made.answers["/small"] = 200, {"Content-Type": JSON}, "{}"
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    paths = {f"/{way}/{name}": {"post": operation(
        http(f"{echo.url}/small", requestTemplates={JSON: text}) if way == "to" else
        http(f"{echo.url}/large", responses={"default": {"statusCode": "200", "responseTemplates": {JSON: text}}}))}
        for name, text in TEMPLATES.items() for way in ("to", "back")}
    paths["/both"] = {"post": operation(http(f"{echo.url}/large", requestTemplates={JSON: "$input.json('$')"}, responses={"default": {
        "statusCode": "200", "responseTemplates": {JSON: "$input.json('$')"}}}))}
    made = Served(local, paths)
    yield made
    made.close()


@pytest.mark.parametrize("name", TEMPLATES)
def test_requests(api, echo, name):
    assert api.post(f"/to/{name}", LARGE.encode()).status == 200
    assert echo.last.body.decode() == WANTED[name]


@pytest.mark.parametrize("name", TEMPLATES)
def test_answers(api, name):
    answer = api.post(f"/back/{name}", "{}")
    assert answer.status == 200 and answer.body == WANTED[name]


def test_both_ways(api, echo):
    answer = api.post("/both", LARGE.encode())
    assert answer.status == 200 and answer.body == LARGE and echo.last.body.decode() == LARGE
    assert json.loads(answer.body)["list"][0]["id"] == 12345


def test_over_the_limit(api):
    answer = api.post("/to/body", b"x" * (LIMIT + 1))
    assert (answer.status, answer.body) == (413, f"HTTP content length exceeded {LIMIT} bytes.")
