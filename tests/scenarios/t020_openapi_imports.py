# SPDX-License-Identifier: GPL-3.0-or-later
"""ImportRestApi and PutRestApi make of OpenAPI documents what AWS makes of them; a document that is wrong changes nothing."""
import json

import pytest
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT, REGION
from lab.network import wait_for

OK = {"description": "fine"}
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}
KEY = {"type": "apiKey", "name": "x-api-key", "in": "header"}
TOKEN = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "oauth2",
         "x-amazon-apigateway-authorizer": {"type": "token", "authorizerResultTtlInSeconds": 60, "identityValidationExpression": "^x-[a-z]+",
                                            "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"}}
COGNITO = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
           "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools",
                                              "providerARNs": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc"]}}
IAM = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
POLICY = {"Version": "2012-10-17",
          "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": ["execute-api:/*"]}]}


def operation(**members):
    return {"responses": {"200": OK}, **members}


def openapi(paths, **members):
    return {"openapi": "3.0.1", "info": {"title": "t020", "version": "1"}, "paths": paths, **members}


def swagger(paths, **members):
    return {"swagger": "2.0", "info": {"title": "t020", "version": "1"}, "paths": paths, **members}


# The first example of everything: query parameter, header of a response, patterns, base path.
V1 = swagger({"/x": {"get": {
    "parameters": [{"name": "q", "in": "query", "required": True, "type": "string"}],
    "responses": {"200": {"description": "ok", "headers": {"H": {"type": "string"}}}},
    "x-amazon-apigateway-integration": {
        "type": "MOCK", "requestTemplates": {"application/json": '{"statusCode":200}'},
        "responses": {"4\\d{2}": {"statusCode": "400"},
                      "default": {"statusCode": "200", "responseParameters": {"method.response.header.H": "'v'"}}}}}}}, basePath="/a/b")


class Imported:
    """An API, read back as it is."""

    def __init__(self, client, answer):
        self.client, self.answer, self.id = client, answer, answer["id"]

    def items(self, operation, **arguments):
        return self.client.get_paginator(operation).paginate(restApiId=self.id, **arguments).build_full_result().get("items", [])

    def resources(self):
        return {r["path"]: r for r in self.items("get_resources", embed=["methods"])}

    def method(self, path, verb="GET"):
        return self.resources()[path]["resourceMethods"][verb]

    def authorizers(self):
        return {a["name"]: a for a in self.client.get_authorizers(restApiId=self.id)["items"]}

    def parts(self):
        return {json.dumps(p["location"], sort_keys=True): json.loads(p["properties"])
                for p in self.client.get_documentation_parts(restApiId=self.id, limit=500)["items"]}

    def everything(self):
        members = {name: self.client.get_rest_api(restApiId=self.id).get(name) for name in ("name", "version", "policy", "binaryMediaTypes")}
        return (members, self.resources(), self.items("get_models"), self.authorizers(), self.parts(),
                self.client.get_gateway_responses(restApiId=self.id)["items"])


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture
def make(client):
    made = []

    def run(document, fail=False, **parameters):
        body = document if isinstance(document, (str, bytes)) else json.dumps(document)
        answer = client.import_rest_api(body=body, failOnWarnings=fail, parameters=parameters)
        made.append(answer["id"])
        return Imported(client, answer)

    yield run
    for api in made:
        client.delete_rest_api(restApiId=api)


def put(api, document, mode="merge", **parameters):
    answer = api.client.put_rest_api(restApiId=api.id, mode=mode, body=json.dumps(document), parameters=parameters)
    return Imported(api.client, answer)


def refused(call, *words):
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == "BadRequestException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    for text in words:
        assert text in caught.value.response["Error"]["Message"]
    return caught.value.response["Error"]["Message"]


def test_a_document_becomes_resources_methods_and_integrations(make):
    api = make(V1, basepath="split")
    resources = api.resources()
    assert list(resources) == ["/", "/b", "/b/x"] and "warnings" not in api.answer
    assert "resourceMethods" not in resources["/b"]
    get = resources["/b/x"]["resourceMethods"]["GET"]
    assert get["requestParameters"] == {"method.request.querystring.q": True}
    assert get["methodResponses"] == {"200": {"statusCode": "200", "responseParameters": {"method.response.header.H": False}}}
    assert (get["apiKeyRequired"], get["authorizationType"]) == (False, "NONE")
    assert get["methodIntegration"] == {
        "type": "MOCK", "requestTemplates": {"application/json": '{"statusCode":200}'}, "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000, "cacheNamespace": resources["/b/x"]["id"], "cacheKeyParameters": [],
        "integrationResponses": {"200": {"statusCode": "200", "responseParameters": {"method.response.header.H": "'v'"}},
                                 "400": {"statusCode": "400", "selectionPattern": "4\\d{2}"}}}
    assert api.items("get_models") == [], "an imported API has no models but its own"


def test_yaml_is_the_same_as_json(make):
    import yaml

    assert make(yaml.safe_dump(V1)).method("/x")["methodResponses"] == make(V1).method("/x")["methodResponses"]


def test_what_is_dropped_is_told_or_fails(client, make):
    document = json.loads(json.dumps(V1))
    document["paths"]["/x"]["get"]["x-amazon-apigateway-integration"]["requestParameters"] = {"integration.request.header.n": True}
    warning = ("Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.n' of resource "
               "'/x' and method 'GET' but got 'true'")
    before = len(client.get_rest_apis(limit=500)["items"])
    assert refused(lambda: make(document, fail=True)) == f"Warnings found during import:\n\t{warning}"
    assert len(client.get_rest_apis(limit=500)["items"]) == before
    api = make(document)
    assert api.answer["warnings"] == [warning] and "requestParameters" not in api.method("/x")["methodIntegration"]


def test_merge_adds_and_overwrite_replaces(make):
    api = make(V1, basepath="split")
    root = api.resources()["/"]["id"]
    x = api.resources()["/b/x"]["id"]
    merged = put(api, swagger({"/y": {"get": operation()}}, info={"title": "other", "version": "2"}))
    assert merged.answer["name"] == "other" and merged.answer["version"] == "2" and merged.answer["tags"] == {}
    assert set(merged.resources()) == {"/", "/b", "/b/x", "/y"} and merged.resources()["/b/x"]["id"] == x
    replaced = put(api, swagger({"/y": {"put": operation()}}), "overwrite")
    assert set(replaced.resources()) == {"/", "/y"} and replaced.resources()["/"]["id"] == root
    assert set(replaced.resources()["/y"]["resourceMethods"]) == {"PUT"}


def test_a_merged_method_is_replaced_whole_and_types_are_appended(make):
    types = "x-amazon-apigateway-binary-media-types"
    api = make(openapi({"/a": {"get": {"responses": {"200": OK, "206": OK}}}}, **{types: ["image/heif"]}))
    merged = put(api, openapi({"/a": {"get": {"responses": {"200": OK, "400": OK}}}}, **{types: ["image/png", "image/heif", "image/jpg"]}))
    assert set(merged.method("/a")["methodResponses"]) == {"200", "400"}
    assert merged.answer["binaryMediaTypes"] == ["image/heif", "image/png", "image/jpg"]
    assert put(api, openapi({}, **{types: ["a/b"]}), "overwrite").answer["binaryMediaTypes"] == ["a/b"]
    assert "binaryMediaTypes" not in put(api, openapi({}), "overwrite").answer


@pytest.mark.parametrize("servers, mode, paths", [
    ([{"url": "https://testdomain.com/base-url/part/"}], "ignore", ["/test"]),
    ([{"url": "https://testdomain.com/base-url/part/"}], "prepend", ["/base-url", "/base-url/part", "/base-url/part/test"]),
    ([{"url": "https://testdomain.com/base-url/part/"}], "split", ["/part", "/part/test"]),
    ([{"url": "https://x/y", "variables": {"basePath": {"default": "base-var"}}}], "split", ["/test"]),
    ([{"url": "https://x/y", "variables": {"basePath": {"default": "base-var"}}}], "prepend", ["/base-var", "/base-var/test"]),
])
def test_base_paths_of_servers(make, servers, mode, paths):
    assert list(make(openapi({"/test": {"get": operation()}}, servers=servers), basepath=mode).resources()) == ["/", *paths]


@pytest.mark.parametrize("body", ['{ "openapi": 1', "openapi: [", "", "[]", '{"openapi":"3.1.0","info":{"title":"t"},"paths":{}}',
                                  '{"openapi":"3.0.1","paths":{}}', '{"openapi":"3.0.1","info":{"title":"t"}}'])
def test_what_is_no_document_has_one_message(client, make, body):
    api = make(V1)
    before = api.everything()
    if body:
        assert refused(lambda: client.import_rest_api(body=body)) == "Invalid OpenAPI input."
        assert refused(lambda: client.put_rest_api(restApiId=api.id, body=body)) == "Invalid OpenAPI input."
    else:
        refused(lambda: client.put_rest_api(restApiId=api.id, body=b" "), "Invalid OpenAPI input.")
    assert api.everything() == before


def bad_integration(**members):
    return openapi({"/p": {"get": operation(**{"x-amazon-apigateway-integration": members})}})


PUT_INTEGRATION = "Unable to put integration on 'GET' for resource at path '/p': "


@pytest.mark.parametrize("document, message", [
    (openapi({"/a{b}": {}}), "Unable to create resource at path '/a{b}': Resource's path part only allow"),
    (openapi({"/{a}": {}, "/{b}": {}}), "A sibling ({a}) of this resource already has a variable path part -- only one is allowed"),
    (openapi({"/{proxy+}/a": {}}), "Cannot create a child of a resource with a greedy path variable: {proxy+}"),
    (bad_integration(type="aws", httpMethod="POST", uri="nonsense"), PUT_INTEGRATION + "Invalid ARN specified in the request"),
    (bad_integration(type="aws", httpMethod="POST", uri="arn:aws:x"), PUT_INTEGRATION + "AWS ARN for integration must contain path or action"),
    (bad_integration(type="aws_proxy", httpMethod="POST", uri="arn:aws:apigateway:us-east-1:s3:path/x"),
     PUT_INTEGRATION + "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."),
    (bad_integration(type="http", uri="http://a"), PUT_INTEGRATION + "Enumeration value for HttpMethod must be non-empty"),
    (bad_integration(type="http", httpMethod="GET", uri="a"), PUT_INTEGRATION + "Invalid HTTP endpoint specified for URI"),
    (bad_integration(type="mock", timeoutInMillis=1), PUT_INTEGRATION + "Timeout should be between 50 ms and 29000 ms"),
    (bad_integration(type="mock", requestTemplates={"x": "{}"}),
     PUT_INTEGRATION + "Validation Result: warnings : [], errors : [Invalid content type specified: x]"),
    (openapi({"/p": {"get": operation(parameters=[{"name": "a b", "in": "query"}])}}),
     "Unable to put method 'GET' on resource at path '/p': Invalid mapping expression specified: Validation Result: warnings : [], errors : "
     "[Invalid mapping expression parameter specified: method.request.querystring.a b]"),
    (openapi({"/p": {"get": operation(parameters=[{"name": "a", "in": "query"}, {"name": "a", "in": "header"}])}}),
     "Parameter names must be unique across querystring, header and path"),
    (openapi({}, components={"schemas": {"a-b": {}}}), "Unable to create model for 'a-b': Model name must be alphanumeric: a-b"),
    (openapi({}, components={"schemas": {"A": {"$ref": "https://example.com/x.json"}}}), "Unable to create model for 'A': Invalid model specified"),
    (openapi({}, **{"x-amazon-apigateway-gateway-responses": {"NONSENSE": {}}}), "Invalid gateway response type 'NONSENSE'"),
    (openapi({}, **{"x-amazon-apigateway-minimum-compression-size": 10485761}),
     "Invalid minimum compression size, must be between 0 and 10485760"),
    (openapi({}, **{"x-amazon-apigateway-api-key-source": "X"}), "Invalid API key source specified. Valid options are HEADER,AUTHORIZER"),
    (openapi({}, **{"x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_3_2025_09"}), "x-amazon-apigateway-endpoint-access-mode"),
    (openapi({}, **{"x-amazon-apigateway-documentation": {"documentationParts": [{"location": {"type": "API", "path": "/"}, "properties": {}}]}}),
     "field 'path' is not valid for type 'API'"),
])
def test_an_error_is_told_and_changes_nothing(client, make, document, message):
    api = make(V1)
    before = api.everything()
    document["paths"]["/fine"] = {"get": operation()}
    for mode in ("merge", "overwrite"):
        assert refused(lambda: put(api, document, mode), message).startswith("Errors found during import:\n\t")
    assert api.everything() == before


def test_a_policy_is_expanded_and_outlives_documents_without_one(make):
    api = make(openapi({"/a": {"get": operation()}}, **{"x-amazon-apigateway-policy": POLICY}), endpointConfigurationTypes="PRIVATE")
    policy = json.loads(api.answer["policy"].replace('\\"', '"'))
    assert policy["Statement"][0]["Resource"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/*"
    for mode in ("merge", "overwrite"):
        assert put(api, openapi({"/b": {"get": operation()}}), mode).answer["policy"] == api.answer["policy"]
    other = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Resource": "execute-api:/prod/*"}]}
    assert "/prod/*" in put(api, openapi({}, **{"x-amazon-apigateway-policy": other})).answer["policy"]


def secured(**schemes):
    return openapi({"/a": {
        "get": operation(security=[{"token": []}]), "put": operation(security=[{"key": []}]), "post": operation(security=[{"iam": []}]),
        "delete": operation(security=[{"cognito": ["email", "openid"], "key": []}]), "head": operation(security=[]),
        "patch": operation(security=[{"token": []}, {"cognito": []}]),
        "options": operation(**{"x-amazon-apigateway-auth": {"type": "aws_iam"}}),
        "x-amazon-apigateway-any-method": operation()}},
        security=[{"cognito": []}], components={"securitySchemes": {"key": KEY, "token": TOKEN, "cognito": COGNITO, "iam": IAM, **schemes}})


def test_security_becomes_authorizers_keys_and_iam(make):
    api = make(secured())
    authorizers = api.authorizers()
    token, cognito = authorizers["token"], authorizers["cognito"]
    assert {k: v for k, v in token.items() if k not in ("id", "authorizerUri")} == {
        "authType": "oauth2", "authorizerResultTtlInSeconds": 60, "identitySource": "method.request.header.Authorization",
        "identityValidationExpression": "^x-[a-z]+", "name": "token", "type": "TOKEN"}
    assert cognito["authType"] == "cognito_user_pools" and "authorizerResultTtlInSeconds" not in cognito
    found = {verb: tuple(m.get(k) for k in ("authorizationType", "authorizerId", "authorizationScopes", "apiKeyRequired"))
             for verb, m in api.resources()["/a"]["resourceMethods"].items()}
    assert found == {
        "GET": ("CUSTOM", token["id"], None, False), "PUT": ("NONE", None, None, True), "POST": ("AWS_IAM", None, None, False),
        "DELETE": ("COGNITO_USER_POOLS", cognito["id"], ["email", "openid"], True), "HEAD": ("NONE", None, None, False),
        "PATCH": ("CUSTOM", token["id"], None, False), "OPTIONS": ("AWS_IAM", None, None, False),
        "ANY": ("COGNITO_USER_POOLS", cognito["id"], None, False)}
    assert api.answer["warnings"] == ["More than one authorizer for resource '/a' and method 'PATCH', 'cognito' ignored"]


def test_an_overwritten_authorizer_is_another_one_only_if_it_differs(make):
    api = make(secured())
    before = api.authorizers()
    changed = json.loads(json.dumps(TOKEN))
    changed["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] = "61"
    after = put(api, secured(token=changed), "overwrite").authorizers()
    assert after["cognito"] == before["cognito"] and after["token"]["id"] != before["token"]["id"]
    assert after["token"]["authorizerResultTtlInSeconds"] == 61
    assert put(api, secured()).authorizers()["token"]["id"] == after["token"]["id"]


def test_extensions_of_the_api(make):
    api = make(openapi({"/a": {"get": operation(), "put": operation(**{"x-amazon-apigateway-request-validator": "none"}),
                               "post": operation(**{"x-amazon-apigateway-request-validator": "missing"})}}, **{
        "x-amazon-apigateway-api-key-source": "AUTHORIZER", "x-amazon-apigateway-minimum-compression-size": 1024,
        "x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_3_2025_09", "x-amazon-apigateway-endpoint-access-mode": "STRICT",
        "x-amazon-apigateway-request-validators": {"basic": {"validateRequestBody": True, "validateRequestParameters": True}, "none": {}},
        "x-amazon-apigateway-request-validator": "basic", "x-amazon-apigateway-importexport-version": "1.0", "x-amazon-apigateway-other": {},
        "x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 420, "responseParameters": {"gatewayresponse.header.X": "'1'"},
                                                                "responseTemplates": {"text/plain": "slow"}}},
        "servers": [{"url": "https://x", "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True}}]}), endpointConfigurationTypes="REGIONAL")
    shown = api.client.get_rest_api(restApiId=api.id)
    assert (shown["apiKeySource"], shown["minimumCompressionSize"], shown["disableExecuteApiEndpoint"]) == ("AUTHORIZER", 1024, True)
    validators = {v["name"]: v for v in api.items("get_request_validators")}
    assert {n: (v["validateRequestBody"], v["validateRequestParameters"]) for n, v in validators.items()} == {
        "basic": (True, True), "none": (False, False)}
    assert [api.method("/a", verb).get("requestValidatorId") for verb in ("GET", "PUT", "POST")] == [
        validators["basic"]["id"], validators["none"]["id"], None]
    assert api.answer["warnings"] == ["Request validator 'missing' of resource '/a' and method 'POST' is not defined, ignored"]
    throttled = api.client.get_gateway_response(restApiId=api.id, responseType="THROTTLED")
    assert (throttled["statusCode"], throttled["responseParameters"], throttled["responseTemplates"], throttled["defaultResponse"]) == (
        "420", {"gatewayresponse.header.X": "'1'"}, {"text/plain": "slow"}, False)


def test_every_key_of_an_integration(make):
    wanted = {
        "type": "http", "httpMethod": "post", "uri": "http://127.0.0.1:1/${stageVariables.x}", "connectionType": "internet",
        "credentials": "arn:aws:iam::*:user/*", "requestParameters": {"integration.request.header.a": "'static'"},
        "requestTemplates": {"application/json": "{}"}, "passthroughBehavior": "when_no_templates", "contentHandling": "CONVERT_TO_TEXT",
        "timeoutInMillis": 50, "cacheNamespace": "space", "cacheKeyParameters": ["method.request.path.id"],
        "responses": {"2\\d\\d": {"statusCode": 200, "responseTemplates": {"application/json": "x"}, "contentHandling": "CONVERT_TO_BINARY"}},
        "tlsConfig": {"insecureSkipVerification": True}}
    shared = {"$ref": "#/components/x-amazon-apigateway-integrations/One"}
    api = make(openapi({"/{id}": {"get": operation(**{"x-amazon-apigateway-integration": shared})}},
                       components={"x-amazon-apigateway-integrations": {"One": wanted}}))
    assert api.method("/{id}")["methodIntegration"] == {
        **{k: v for k, v in wanted.items() if k != "responses"}, "type": "HTTP", "httpMethod": "POST", "connectionType": "INTERNET",
        "passthroughBehavior": "WHEN_NO_TEMPLATES",
        "integrationResponses": {"200": {"statusCode": "200", "selectionPattern": "2\\d\\d", "responseTemplates": {"application/json": "x"},
                                         "contentHandling": "CONVERT_TO_BINARY"}}}


def test_models_of_every_kind(make):
    schemas = {
        "Node": {"type": "object", "description": "a node", "properties": {
            "next": {"$ref": "#/components/schemas/Node"}, "kind": {"$ref": "#/components/schemas/Tree/properties/kind"}}},
        "Tree": {"allOf": [{"$ref": "#/components/schemas/Node"}, {"oneOf": [{"type": "string"}, {"type": "integer"}]}],
                 "anyOf": [{"type": "object"}], "properties": {"kind": {"type": "string", "enum": ["a", "b"]}}},
        "Alias": {"$ref": "#/components/schemas/Node"}}

    def content(schema):
        return {"description": "x", "content": {"application/json": {"schema": schema}}}

    body = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
    api = make(openapi({"/a": {
        "parameters": [{"$ref": "#/components/parameters/Limit"}],
        "post": {"requestBody": {"$ref": "#/components/requestBodies/Trees"},
                 "responses": {"200": content({"$ref": "#/components/schemas/Node"}), "201": {"$ref": "#/components/responses/Trees"},
                               "400": content({"$ref": "#/components/schemas/Missing"}), "500": content({"$ref": "#/components/schemas/Empty"}),
                               "404": content({"type": "string"})}}}},
        components={"schemas": schemas, "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
                    "requestBodies": {"Trees": content(body)}, "responses": {"Trees": content(body)}}))
    models = {m["name"]: m for m in api.items("get_models")}
    base = f"https://apigateway.amazonaws.com/restapis/{api.id}/models/"
    generated = [name for name in models if name.startswith("MODEL")]
    assert len(generated) == 2 and set(models) == {"Node", "Tree", "Alias", "Empty", *generated}
    method = api.method("/a", "POST")
    trees = method["requestModels"]["application/json"]
    kind = next(name for name in generated if name != trees)
    assert json.loads(models["Node"]["schema"])["properties"] == {"next": {"$ref": base + "Node"}, "kind": {"$ref": base + kind}}
    assert json.loads(models["Tree"]["schema"])["allOf"][0] == {"$ref": base + "Node"}
    assert json.loads(models[trees]["schema"]) == {"type": "array", "items": {"$ref": base + "Tree"}}
    assert models["Node"]["description"] == "a node" and models["Node"]["contentType"] == "application/json"
    assert method["requestParameters"] == {"method.request.querystring.limit": False}
    assert {s: r.get("responseModels", {}).get("application/json") for s, r in method["methodResponses"].items()} == {
        "200": "Node", "201": trees, "400": None, "404": None, "500": "Empty"}
    assert set(api.answer["warnings"]) == {
        "Reference to model 'Missing' not found. Ignoring.",
        "Unsupported model type 'StringSchema' in 404 response to method 'POST /a'. Ignoring."}


def test_media_types_of_swagger(make):
    thing = {"$ref": "#/definitions/Thing"}
    api = make(swagger({"/a": {
        "put": {"consumes": ["text/xml", "application/json"], "parameters": [{"in": "body", "name": "b", "schema": thing}],
                "responses": {"200": {"description": "x", "schema": thing}}},
        "post": {"parameters": [{"in": "body", "name": "b", "schema": thing}], "responses": {200: OK}}}},
        produces=["text/csv"], definitions={"Thing": {"type": "object"}}))
    assert api.method("/a", "PUT")["requestModels"] == {"text/xml": "Thing", "application/json": "Thing"}
    assert api.method("/a", "PUT")["methodResponses"]["200"]["responseModels"] == {"text/csv": "Thing"}
    assert api.method("/a", "POST")["requestModels"] == {"application/json": "Thing"}


DOCUMENTED = openapi({"/a": {"get": operation(
    summary="short", description="long", tags=["t"], parameters=[{"name": "q", "in": "query", "description": "a query"}],
    responses={"200": {"description": "200 response"}, "404": {"description": "not here", "headers": {"H": {"description": "a header"}}}})}},
    info={"title": "t", "version": "1", "description": "an api"}, components={"schemas": {"M": {"type": "object", "description": "a model"}}})


def location(**members):
    return json.dumps(members, sort_keys=True)


def test_descriptions_become_documentation(make):
    plain = {
        location(type="API"): {"info": {"description": "an api"}}, location(type="MODEL", name="M"): {"description": "a model"},
        location(type="METHOD", path="/a", method="GET"): {"tags": ["t"], "summary": "short", "description": "long"},
        location(type="QUERY_PARAMETER", path="/a", method="GET", name="q"): {"description": "a query"},
        location(type="RESPONSE", path="/a", method="GET", statusCode="404"): {"description": "not here"},
        location(type="RESPONSE_HEADER", path="/a", method="GET", statusCode="404", name="H"): {"description": "a header"}}
    assert make(DOCUMENTED).parts() == plain
    assert make(DOCUMENTED, ignore="documentation").parts() == {}
    listed = {"x-amazon-apigateway-documentation": {"version": "1.0.3", "documentationParts": [
        {"location": {"type": "METHOD", "method": "GET"}, "properties": {"description": "listed"}}]}}
    api = make({**DOCUMENTED, **listed})
    assert api.parts() == {location(type="METHOD", path="/", method="GET"): {"description": "listed"}}
    assert [v["version"] for v in api.client.get_documentation_versions(restApiId=api.id)["items"]] == ["1.0.3"]


def test_what_can_not_run_yet_is_kept_named_and_not_served(local, make):
    template = "#set($x = $input.json('$'))$x"
    mock = {**MOCK, "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": template}}}}
    api = make(openapi({"/echo": {"get": operation(**{"x-amazon-apigateway-integration": mock})},
                        "/guarded": {"get": operation(**{"x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "x-amazon-apigateway-integration": MOCK})}}, **{"x-amazon-apigateway-policy": POLICY}),
               endpointConfigurationTypes="PRIVATE")
    assert api.method("/echo")["methodIntegration"]["integrationResponses"]["200"]["responseTemplates"] == {"application/json": template}
    api.client.create_deployment(restApiId=api.id, stageName="prod")
    status = local.postern("status")
    assert [(row["method"], row["resource"], row["stage"]) for row in status["notServed"] if row["api"] == api.id] == [("GET", "/guarded", "prod")]
    wait_for(lambda: local.get(api.id, "/echo").status == 200, "the gateway to follow", 10)
    assert local.get(api.id, "/guarded").status == 500


def test_variables_of_aws_are_filled_in(make):
    uri = "http://127.0.0.1:1/${AWS::Region}/${AWS::AccountId}/${AWS::Partition}/${stageVariables.x}"
    api = make(openapi({"/a": {"get": operation(**{"x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": uri}})}}))
    assert api.method("/a")["methodIntegration"]["uri"] == f"http://127.0.0.1:1/{REGION}/{ACCOUNT}/aws/${{stageVariables.x}}"


def test_a_wrong_mode_and_an_unknown_api(client, make):
    api = make(V1)
    with pytest.raises(ClientError) as caught:
        client.put_rest_api(restApiId=api.id, mode="append", body=b"{}")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError) as caught:
        client.put_rest_api(restApiId="nothing", body=b"{}")
    assert caught.value.response["Error"]["Code"] == "NotFoundException"
