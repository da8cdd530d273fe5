# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing: the recorded tables of resources and methods, of slashes and of encodings, as templates see them."""
import pytest

from lab.echo import Echo
from lab.rows import Served, mock, operation

SEEN = '$context.resourcePath|$context.httpMethod|$input.params("proxy")$input.params("param")$input.params("p")|$context.path'
MISSING = 403, '{"message":"Missing Authentication Token"}'


def at(**methods):
    return {name.replace("any", "x-amazon-apigateway-any-method"): operation(mock(response=SEEN)) for name in methods if methods[name]}


# Resources with their methods, then requests: method, path, resource chosen (None: 403), parameter.
TREES = [
    ({"/test": at(post=1), "/test/any": at(any=1), "/{proxy+}": at(options=1)}, [
        ("OPTIONS", "/test", "/{proxy+}", "test"), ("POST", "/test", "/test", ""), ("OPTIONS", "/test/any", "/test/any", ""), ("GET", "/test", None, None)]),
    ({"/part1": at(get=1), "/part1/hardcoded-value": at(get=1), "/{param+}": at(get=1)}, [
        ("GET", "/part1/random-value", "/{param+}", "part1/random-value"), ("GET", "/part1", "/part1", ""),
        ("GET", "/part1/hardcoded-value", "/part1/hardcoded-value", "")]),
    ({"/{proxy+}": at(any=1)}, [("GET", "/", None, None), ("DELETE", "/a/b", "/{proxy+}", "a/b"), ("TRACE", "/a", None, None)]),
    ({"/a": at(any=1), "/{p}": at(get=1)}, [("GET", "/a", "/a", ""), ("GET", "/b", "/{p}", "b"), ("POST", "/b", None, None), ("HEAD", "/b", None, None)]),
]
ROWS = [(tree, *row) for tree, (_, rows) in enumerate(TREES) for row in rows]

# Requests to /{proxy+} and /hardcoded: target, resource, parameter, $context.path.
SLASHES = [
    ("/prod/proxy-value", "/{proxy+}", "proxy-value", "/prod/proxy-value"), ("/prod/proxy-value/", "/{proxy+}", "proxy-value", "/prod/proxy-value/"),
    ("/prod/proxy-value//double-slash", "/{proxy+}", "proxy-value//double-slash", "/prod/proxy-value//double-slash"),
    ("//prod/proxy-value", "/{proxy+}", "proxy-value", "/prod/proxy-value"), ("/prod//proxy-value", "/{proxy+}", "proxy-value", "/prod//proxy-value"),
    ("/prod//hardcoded", "/hardcoded", "", "/prod//hardcoded"),
    ("/prod/u/test%2Balias@gmail.com/plus/test+alias@gmail.com", "/{proxy+}", "u/test%2Balias@gmail.com/plus/test+alias@gmail.com",
     "/prod/u/test%2Balias@gmail.com/plus/test+alias@gmail.com"),
]

QUERIES = [("q=2023-06-12T18:05:10.123456+00:00", "2023-06-12T18:05:10.123456 00:00"), ("q=test%2Balias@gmail.com", "test+alias@gmail.com"),
           ("q=electronics&q=books", "books"), ("q=10&q=20&q=30", "30"), ("q=", ""), ("q", ""), ("q=a%7Cb", "a|b")]


@pytest.fixture(scope="module")
def apis(local):
    made = [Served(local, tree) for tree, _ in TREES]
    made.append(Served(local, {"/{proxy+}": at(any=1), "/hardcoded": at(any=1), "/query": {"get": operation(mock(response='$input.params("q")|'))}}))
    yield made
    for api in made:
        api.close()


@pytest.mark.parametrize("tree, method, path, resource, parameter", ROWS)
def test_resources_and_methods(apis, tree, method, path, resource, parameter):
    answer = apis[tree].get(path, "-X", method, *(["--head"] if method == "HEAD" else []))
    if resource is None:
        assert answer.status == 403 and (method == "HEAD" or (answer.status, answer.body) == MISSING)
    else:
        assert answer.body == f"{resource}|{method}|{parameter}|/prod{path}"


@pytest.mark.parametrize("target, resource, parameter, path", SLASHES)
def test_slashes_and_encodings(apis, target, resource, parameter, path):
    answer = apis[-1].get("/hardcoded", "--path-as-is", "--request-target", target)
    assert answer.body == f"{resource}|GET|{parameter}|{path}"


@pytest.mark.parametrize("query, value", QUERIES)
def test_queries(apis, query, value):
    assert apis[-1].get(f"/query?{query}").body == value + "|"


def test_a_method_is_overridden(apis):
    answer = apis[0].get("/test", "-X", "GET", "-H", "X-HTTP-Method-Override: POST")
    assert answer.body == "/test|POST||/prod/test"
