# SPDX-License-Identifier: GPL-3.0-or-later
"""Overrides whose values are pieces of template: what they do when they are sent, which is after the template that made them has ended."""
import pytest

from lab.echo import Echo
from lab.rows import JSON, Served, http, mock, operation

INTERNAL = (500, '{"message": "Internal server error"}')


def block(kind, text):
    """A template whose override X is that block."""
    return f"#define($b){text}#end#set($context.{kind}.header.X = $b)ok"


def grow(kind, count):
    return block(kind, f"""#foreach($j in [1..{count // 40}])#foreach($i in [1..40])$context.{kind}.header.put("x${{j}}_$i",'v')#end#end""")


# What a response template leaves → status, fields.
ANSWERS = {
    "grows": (grow("responseOverride", 40), 200, {"x1_1": "v", "x1_40": "v"}),
    "grows too far": (grow("responseOverride", 4000), 500, {}),
    "context": (block("responseOverride", "$context.resourcePath"), 200, {"x": "/answers/context"}),
    "variables": ("#set($context.responseOverride.header.X = $stageVariables)ok", 200, {"x": "{v=var}"}),
    "variable": (block("responseOverride", "$stageVariables.v"), 200, {"x": "var"}),
    "parameters": (block("responseOverride", "$input.params('q')"), 200, {"x": "asked"}),
    "group": ("#set($context.responseOverride.header.X = $context.identity)ok", 200, {}),
}


@pytest.fixture(scope="module")
def echo():
    made = Echo()
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(local, echo):
    def mapped(template):
        return {"post": operation(http(echo.url + "/r", requestTemplates={JSON: template}))}

    paths = {f"/answers/{name.replace(' ', '-')}": {"get": operation(mock(response=template))} for name, (template, _, _) in ANSWERS.items()}
    paths["/grows"] = mapped(grow("requestOverride", 40))
    paths["/grows-too-far"] = mapped(grow("requestOverride", 4000))
    paths["/context"] = mapped(block("requestOverride", "$context.resourcePath"))
    paths["/early"] = {"get": operation(mock(block("responseOverride", "$context.resourcePath")[:-2] + '{"statusCode": 200}'))}
    echo.answers["/body"] = 200, {"Content-Type": JSON}, '{"a": [1]}'
    paths["/body"] = {"get": operation(http(echo.url + "/body", responses={"default": {"statusCode": "200", "responseTemplates": {
        JSON: block("responseOverride", "$input.json('$.a')")}}}))}
    made = Served(local, paths, variables={"v": "var"})
    yield made
    made.close()


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(api, name):
    _, status, fields = ANSWERS[name]
    answer = api.get(f"/answers/{name.replace(' ', '-')}?q=asked")
    assert answer.status == status, answer
    assert {n: answer.headers.get(n) for n in fields} == fields


def test_a_block_adds_parameters_when_it_is_sent(api, echo):
    assert api.post("/grows", "{}").status == 200
    assert {f"x1_{i}" for i in range(1, 41)} <= set(echo.last.headers)
    answer = api.post("/grows-too-far", "{}")
    assert (answer.status, answer.body) == INTERNAL
    assert api.post("/context", "{}").status == 200
    assert echo.last.headers["x"] == "/context"


def test_a_block_reads_the_body_that_its_template_had(api):
    answer = api.get("/body")
    assert (answer.status, answer.body, answer.headers["x"]) == (200, "ok", "[1]")


def test_what_the_request_template_left_runs_with_the_answer(api):
    assert api.get("/early").headers["x"] == "/early"
