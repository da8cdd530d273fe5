# SPDX-License-Identifier: GPL-3.0-or-later
"""GetExport writes what a stage serves as OpenAPI, and ImportRestApi of that makes the same API again."""
import json
import re

import pytest
import yaml
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT, REGION

LAMBDA = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:{REGION}:{ACCOUNT}:function:f/invocations"
ODD = "007: yes, \"no\" \\ 'ok' #é😀\n\ttwo lines\n"
ALL = "integrations,authorizers"


def fill(client, api, root):
    """One of everything that an API may have; what is plain and what neither OpenAPI nor AWS's extensions can say."""
    schema = {"type": "object", "properties": {"next": {"$ref": f"https://apigateway.amazonaws.com/restapis/{api}/models/Pet"}}}
    client.create_model(restApiId=api, name="Pet", contentType="application/json", schema=json.dumps(schema), description=ODD)
    client.create_model(restApiId=api, name="Plain", contentType="application/json", schema='{"type":"object"}')
    token = client.create_authorizer(restApiId=api, name="api_key", type="TOKEN", authorizerUri=LAMBDA, authorizerResultTtlInSeconds=60,
                                     identitySource="method.request.header.X-Token", identityValidationExpression="^x-[a-z]+")["id"]
    client.create_authorizer(restApiId=api, name="by request", type="REQUEST", authorizerUri=LAMBDA,
                             identitySource="method.request.header.A,method.request.querystring.b")
    pool = client.create_authorizer(restApiId=api, name="pool", type="COGNITO_USER_POOLS", identitySource="method.request.header.Authorization",
                                    providerARNs=[f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_abc"])["id"]
    validator = client.create_request_validator(restApiId=api, name="all: of it", validateRequestBody=True)["id"]
    client.put_gateway_response(restApiId=api, responseType="THROTTLED", statusCode="420", responseTemplates={"text/plain": ODD},
                                responseParameters={"gatewayresponse.header.X": "'1'"})
    pets = client.create_resource(restApiId=api, parentId=root, pathPart="pets")["id"]
    pet = client.create_resource(restApiId=api, parentId=pets, pathPart="{id}")["id"]
    client.create_resource(restApiId=api, parentId=root, pathPart="empty")
    put_method(client, api, pets, "POST", requestModels={"application/json": "Pet", "text/xml": "Plain"}, requestValidatorId=validator,
               operationName=ODD, authorizationType="COGNITO_USER_POOLS", authorizerId=pool, authorizationScopes=["email"], apiKeyRequired=True)
    put_method(client, api, pet, "GET", authorizationType="CUSTOM", authorizerId=token,
               requestParameters={"method.request.path.id": False, "method.request.querystring.q": True, "method.request.header.H": False,
                                  "method.request.multivaluequerystring.m": True})
    put_method(client, api, pet, "ANY", authorizationType="AWS_IAM")
    put_method(client, api, root, "GET")
    integrate(client, api, pets, "POST", "AWS_PROXY", uri=LAMBDA, integrationHttpMethod="POST", timeoutInMillis=3000,
              credentials=f"arn:aws:iam::{ACCOUNT}:role/r", contentHandling="CONVERT_TO_TEXT")
    integrate(client, api, pet, "GET", "HTTP", uri="http://back.end/{id}", integrationHttpMethod="GET", cacheNamespace="shared",
              cacheKeyParameters=["method.request.path.id"], passthroughBehavior="NEVER", tlsConfig={"insecureSkipVerification": True},
              requestParameters={"integration.request.path.id": "method.request.path.id"})
    integrate(client, api, pet, "ANY", "AWS", uri=LAMBDA, integrationHttpMethod="POST", requestTemplates={"application/json": ODD})
    integrate(client, api, root, "GET", "MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    for status, pattern in (("200", {}), ("201", {}), ("400", {"selectionPattern": "4\\d{2}"}), ("500", {"selectionPattern": "default"})):
        client.put_method_response(restApiId=api, resourceId=pet, httpMethod="GET", statusCode=status,
                                   responseModels={"application/json": "Pet", **({"text/html": "Plain"} if status == "200" else {})},
                                   responseParameters={"method.response.header.H": status == "200"})
        client.put_integration_response(restApiId=api, resourceId=pet, httpMethod="GET", statusCode=status, **pattern,
                                        responseParameters={"method.response.header.H": "'v'"})
    for location, properties in (({"type": "API"}, {"description": "all"}), ({"type": "MODEL", "name": "Pet"}, {"description": ODD}),
                                 ({"type": "RESPONSE", "path": "/pets/{id}", "method": "GET", "statusCode": "200"}, {"description": "a pet"})):
        client.create_documentation_part(restApiId=api, location=location, properties=json.dumps(properties))


def put_method(client, api, resource, verb, authorizationType="NONE", **members):
    client.put_method(restApiId=api, resourceId=resource, httpMethod=verb, authorizationType=authorizationType, **members)


def integrate(client, api, resource, verb, kind, **members):
    client.put_integration(restApiId=api, resourceId=resource, httpMethod=verb, type=kind, **members)


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture(scope="module")
def made(client):
    """Ids of the APIs that this scenario makes; they go at its end."""
    ids = []
    yield ids
    for api in ids:
        client.delete_rest_api(restApiId=api)


@pytest.fixture(scope="module")
def api(client, made):
    answer = client.create_rest_api(name=ODD, description=ODD, endpointConfiguration={"types": ["REGIONAL"]}, apiKeySource="AUTHORIZER",
                                    binaryMediaTypes=["image/png", "*/*"], minimumCompressionSize=100, disableExecuteApiEndpoint=True,
                                    policy=json.dumps({"Version": "2012-10-17", "Statement": [{
                                        "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}))
    made.append(answer["id"])
    root = client.get_resources(restApiId=answer["id"])["items"][0]["id"]
    fill(client, answer["id"], root)
    client.create_deployment(restApiId=answer["id"], stageName="prod")
    return answer["id"]


def export(client, api, kind="oas30", extensions=ALL, **members):
    answer = client.get_export(restApiId=api, stageName="prod", exportType=kind, parameters={"extensions": extensions} if extensions else {},
                               **members)
    return answer, answer["body"].read()


def without(item, *names):
    return {name: value for name, value in item.items() if name not in names}


def everything(client, api):
    """All that the API has, with names in the place of ids."""
    def items(operation, key="items"):
        return getattr(client, operation)(restApiId=api, limit=500)[key]
    authorizers, validators = items("get_authorizers"), items("get_request_validators")
    names = {item["id"]: item["name"] for item in authorizers + validators}
    resources = {}
    for resource in client.get_resources(restApiId=api, limit=500, embed=["methods"])["items"]:
        text = json.dumps(resource.get("resourceMethods", {})).replace(resource["id"], "(own)")
        for id_, name in names.items():
            text = text.replace(id_, name)
        resources[resource["path"]] = json.loads(text)
    shown = without(client.get_rest_api(restApiId=api), "id", "createdDate", "ResponseMetadata", "tags", "rootResourceId")
    shown["policy"] = shown["policy"].replace(api, "(own)")
    return {
        "api": shown, "resources": resources,
        "authorizers": {a["name"]: without(a, "id") for a in authorizers},
        "validators": {v["name"]: without(v, "id") for v in validators},
        "models": {m["name"]: {**without(m, "id"), "schema": m["schema"].replace(api, "(own)")} for m in items("get_models")},
        "gateway responses": {r["responseType"]: r for r in items("get_gateway_responses")},
        "documentation": sorted((json.dumps(p["location"], sort_keys=True), p["properties"]) for p in items("get_documentation_parts")),
    }


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
@pytest.mark.parametrize("accepts", ["application/json", "application/yaml"])
def test_importing_an_export_is_the_identity(client, api, made, kind, accepts):
    _, document = export(client, api, kind, accepts=accepts)
    answer = client.import_rest_api(body=document, parameters={"endpointConfigurationTypes": "REGIONAL"})
    made.append(answer["id"])
    assert "warnings" not in answer, answer["warnings"]
    assert everything(client, answer["id"]) == everything(client, api)
    again = client.put_rest_api(restApiId=answer["id"], mode="overwrite", body=document)
    assert "warnings" not in again and everything(client, answer["id"]) == everything(client, api)


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
def test_yaml_and_json_say_the_same(client, api, kind):
    in_json, in_yaml = (export(client, api, kind, accepts=accepts)[1] for accepts in ("application/json", "application/yaml"))
    assert yaml.safe_load(in_yaml) == json.loads(in_json)


@pytest.mark.parametrize("kind, accepts, name", [
    ("oas30", "application/json", "oas30_{version}.json"),
    ("swagger", "application/json", "swagger_{version}.json"),
    ("oas30", "application/yaml", "oas30_{version}.yaml"),
])
def test_an_export_is_a_file(client, api, kind, accepts, name):
    answer, body = export(client, api, kind, accepts=accepts)
    version = yaml.safe_load(body)["info"]["version"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", version), "the API has no version: it is the time of the deployment"
    assert answer["contentType"] == "application/octet-stream"
    assert answer["contentDisposition"] == f'attachment; filename="{name.format(version=version)}"'


def test_extensions_are_there_if_they_are_asked_for(client, api):
    documents = {e: export(client, api, extensions=e)[1].decode() for e in (None, "integrations", "apigateway", "authorizers", "validators", "postman")}
    def has(name):
        return {extensions for extensions, text in documents.items() if f'"x-amazon-apigateway-{name}"' in text}
    assert documents["integrations"] == documents["apigateway"]
    assert has("integration") == has("policy") == has("gateway-responses") == {"integrations", "apigateway"}
    assert has("authorizer") == {"authorizers"}
    assert has("request-validators") == has("request-validator") == {"integrations", "apigateway", "validators"}
    assert has("documentation") == {"integrations", "apigateway", "postman"}
    for extensions, text in documents.items():
        assert ("x-postern-" in text) == (extensions in ("integrations", "apigateway"))
        document = json.loads(text)
        assert document["servers"][0]["url"] == f"https://{api}.execute-api.{REGION}.amazonaws.com/{{basePath}}"
        assert document["paths"]["/pets/{id}"]["get"]["responses"]["200"]["description"] == "a pet"
        assert document["paths"]["/pets/{id}"]["get"]["responses"]["400"]["description"] == "400 response"
        assert {"api_key": []} in document["paths"]["/pets/{id}"]["get"]["security"]


def test_the_command_line_writes_the_file(local, api, tmp_path):
    target = tmp_path / "export.yaml"
    shown = local.aws("apigateway", "get-export", "--rest-api-id", api, "--stage-name", "prod", "--export-type", "swagger",
                      "--accepts", "application/yaml", "--parameters", "extensions='integrations,authorizers'", target)
    assert shown["contentType"] == "application/octet-stream" and 'filename="swagger_' in shown["contentDisposition"]
    document = yaml.safe_load(target.read_text())
    assert document["swagger"] == "2.0" and document["basePath"] == "/prod" and document["schemes"] == ["https"]
    assert document["host"] == f"{api}.execute-api.{REGION}.amazonaws.com" and document["info"]["title"] == ODD


def test_an_export_shows_what_the_stage_serves(client, made):
    document = {"openapi": "3.0.1", "info": {"title": "t030 served", "version": "1/0 \"x\""}, "paths": {"/a": {"get": {
        "responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}}}}}
    api = client.import_rest_api(body=json.dumps(document))["id"]
    made.append(api)
    client.create_deployment(restApiId=api, stageName="prod")
    answer, before = export(client, api, extensions=None)
    assert answer["contentDisposition"] == 'attachment; filename="oas30_1_0 _x_.json"'
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.create_resource(restApiId=api, parentId=root, pathPart="later")
    assert export(client, api, extensions=None)[1] == before
    client.create_deployment(restApiId=api, stageName="prod")
    assert list(json.loads(export(client, api, extensions=None)[1])["paths"]) == ["/a", "/later"]


def test_a_stage_shows_the_documentation_that_it_names(client, made):
    document = {"openapi": "3.0.1", "info": {"title": "t030 documented", "version": "1"}, "paths": {"/a": {"get": {
        "responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}}}}}
    api = client.import_rest_api(body=json.dumps(document))["id"]
    made.append(api)
    client.create_deployment(restApiId=api, stageName="prod")
    client.create_documentation_version(restApiId=api, documentationVersion="v1")
    part = client.get_documentation_parts(restApiId=api, type="RESPONSE")["items"][0]["id"]
    client.update_documentation_part(restApiId=api, documentationPartId=part, patchOperations=[
        {"op": "replace", "path": "/properties", "value": '{"description":"fine"}'}])
    def shown():
        document = json.loads(export(client, api, extensions="postman")[1])
        return (document["paths"]["/a"]["get"]["responses"]["200"]["description"], document["x-amazon-apigateway-documentation"].get("version"))
    assert shown() == ("fine", None)
    client.update_stage(restApiId=api, stageName="prod", patchOperations=[{"op": "replace", "path": "/documentationVersion", "value": "v1"}])
    assert shown() == ("ok", "v1")


@pytest.mark.parametrize("change, code, status, message", [
    ({"restApiId": "nonono1234"}, "NotFoundException", 404, f"Invalid API identifier specified {ACCOUNT}:nonono1234"),
    ({"stageName": "nonono"}, "NotFoundException", 404, "Invalid stage identifier specified"),
    ({"exportType": "raml"}, "BadRequestException", 400, "Invalid export type specified. Valid options are oas30,swagger"),
    ({"exportType": "OAS30"}, "BadRequestException", 400, "Invalid export type specified. Valid options are oas30,swagger"),
    ({"parameters": {"extensions": "integrations,nonsense"}}, "BadRequestException", 400,
     "Invalid extensions specified. Valid options are integrations,apigateway,authorizers,validators,postman"),
    ({"accepts": "text/html"}, "BadRequestException", 400, "Invalid Accept header specified. Valid options are application/json,application/yaml"),
])
def test_what_can_not_be_exported(client, api, change, code, status, message):
    with pytest.raises(ClientError) as refused:
        client.get_export(**{"restApiId": api, "stageName": "prod", "exportType": "oas30", **change})
    error = refused.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]) == (code, status, message)


def test_payloads_that_are_no_json_can_not_be_exported(client, made):
    document = {"openapi": "3.0.1", "info": {"title": "t030 xml", "version": "1"}, "paths": {"/x": {"post": {
        "requestBody": {"content": {"text/xml": {"schema": {"type": "object"}}}}, "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "POST", "uri": "http://back.end/"}}}}}
    api = client.import_rest_api(body=json.dumps(document))["id"]
    made.append(api)
    client.create_deployment(restApiId=api, stageName="prod")
    with pytest.raises(ClientError, match="Only found non-JSON body models for method POST of resource /x"):
        export(client, api)


@pytest.mark.parametrize("accept, is_yaml", [("*/*", False), ("application/*;q=0.5", False), ("text/html, application/yaml;q=0.9", True)])
def test_any_client_may_ask(client, api, accept, is_yaml):
    body = export(client, api, accepts=accept)[1]
    assert body.startswith(b"openapi: \"3.0.1\"\n" if is_yaml else b"{")
