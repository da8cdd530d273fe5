# SPDX-License-Identifier: GPL-3.0-or-later
"""MOCK: the status is read from the rendered request leniently; CORS as Serverless Framework deploys it."""
import pytest

from lab.rows import JSON, Served, mock, operation

ERROR = 500, '{"message": "Internal server error"}'

# Request templates, and what the client gets; the response template is "ok".
TABLE = [
    ('{"statusCode": 200}', (200, "ok")), ("{statusCode: 200}", (200, "ok")), ("{'statusCode': 200}", (200, "ok")), ('{"statusCode": 200,}', (200, "ok")),
    ('{"statusCode": 200 stray}', (200, "ok")), ('{"statusCode": 200', ERROR), ('{"statusCode": "200"}', ERROR), ("{}", ERROR), ("", ERROR),
    ("#if($input.params('id') == '1'){\"statusCode\": 200}#else{\"statusCode\": 404}#end", (200, "ok")),
    ('#set($body = $input.path("$")){"statusCode": #if($body.want)$body.want#{else}200#end}', (200, "ok")),
]


@pytest.fixture(scope="module")
def api(local):
    paths = {f"/{n}/{{id}}": {"get": operation(mock(template, "ok"))} for n, (template, _) in enumerate(TABLE)}
    paths["/no-template"] = {"get": operation(mock())}
    paths["/never"] = {"post": operation({"type": "mock", "passthroughBehavior": "never", "responses": {"default": {"statusCode": "200"}}})}
    paths["/passed"] = {"post": operation({"type": "mock", "responses": {"default": {"statusCode": "200"}, "404": {"statusCode": "404"}}}, ("200", "404"))}
    origin = '#set($origin = $input.params("Origin"))\n#if($origin == "") #set($origin = $input.params("origin")) #end\n' \
             '#if($origin.matches("https://.*[.]example[.]com")) #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin) #end'
    paths["/cors"] = {"options": operation(mock('{"statusCode": 200}', origin, parameters={
        "method.response.header.Access-Control-Allow-Headers": "'Content-Type,X-Amz-Date'", "method.response.header.Access-Control-Allow-Methods": "'OPTIONS,GET'",
        "method.response.header.Access-Control-Allow-Origin": "'https://one.example'"}),
        {"200": ["Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin"]})}
    made = Served(local, paths)
    yield made
    made.close()


@pytest.mark.parametrize("n", range(len(TABLE)))
def test_the_status_is_read_leniently(api, n):
    answer = api.get(f"/{n}/1")
    assert (answer.status, answer.body) == TABLE[n][1]


def test_without_templates(api):
    answer = api.get("/no-template")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, "", JSON)
    assert "x-amzn-trace-id" not in answer.headers
    assert api.post("/never", '{"statusCode": 200}').status == 415
    assert api.post("/passed", '{"statusCode": 404}').status == 404
    assert api.post("/passed", '{"statusCode": 777}').status == 200


@pytest.mark.parametrize("field, wanted", [
    ("Origin: https://a.example.com", "https://a.example.com"), ("origin: https://b.example.com", "https://b.example.com"),
    ("Origin: https://evil.test", "https://one.example"), ("X-None: x", "https://one.example")])
def test_cors(api, field, wanted):
    answer = api.get("/cors", "-X", "OPTIONS", "-H", field)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, wanted)
    assert answer.headers["access-control-allow-methods"] == "OPTIONS,GET"
