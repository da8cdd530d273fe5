# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of requests and answers: HAL for who does not ask for JSON, what is said of input that is none, copies, limits, pages."""
import base64
import json
import re

import pytest

from lab.appliance import allow, policy
from lab.signed import signed

HAL = {"Accept": "application/hal+json"}
NUMBER = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
ONE = "1 validation error detected: Value "
OPS = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
TYPES = "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN"


@pytest.fixture(scope="module")
def api(local):
    """An API with GET of / and of /pets/{id}, a stage and what methods refer to."""
    client = local.boto3("apigateway")
    api = client.create_rest_api(name="t072", endpointConfiguration={"types": ["PRIVATE"]}, policy=json.dumps(policy(allow())), binaryMediaTypes=["a/b"], tags={"k": "v"})["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    pets = client.create_resource(restApiId=api, parentId=root, pathPart="pets")["id"]
    pet = client.create_resource(restApiId=api, parentId=pets, pathPart="{id}")["id"]
    client.create_model(restApiId=api, name="Pet", contentType="application/json", schema='{"type":"object"}')
    authorizer = client.create_authorizer(restApiId=api, name="a", type="TOKEN", identitySource="method.request.header.A",
                                          authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations")["id"]
    validator = client.create_request_validator(restApiId=api, name="v", validateRequestBody=True)["id"]
    for resource, more in ((root, {}), (pet, {"requestModels": {"application/json": "Pet"}, "requestValidatorId": validator, "authorizationType": "CUSTOM", "authorizerId": authorizer})):
        method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
        client.put_method(**method, **{"authorizationType": "NONE", **more})
        client.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        client.put_method_response(**method, statusCode="200")
        client.put_integration_response(**method, statusCode="200")
    greedy = client.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    deployment = client.create_deployment(restApiId=api, stageName="prod")["id"]
    yield {"id": api, "root": root, "pet": pet, "greedy": greedy, "deployment": deployment}
    client.delete_rest_api(restApiId=api)


def hal(local, path, method="GET", body=b"", headers=HAL):
    answer = signed(local, method, path, body, headers=headers)
    assert answer.status in (200, 201) and answer.headers["Content-Type"] == "application/hal+json", answer
    return answer.body


def links_of(value):
    """All links of a HAL answer, at any depth."""
    for name, link in value.get("_links", {}).items():
        if name != "curies":
            yield from link if isinstance(link, list) else [link]
    for child in value.get("_embedded", {}).values():
        for one in child if isinstance(child, list) else [child]:
            yield from links_of(one)


def test_hal_of_an_api(local, api):
    plain, shown = signed(local, "GET", f"/restapis/{api['id']}").body, hal(local, f"/restapis/{api['id']}")
    assert shown["_links"]["self"] == {"href": f"/restapis/{api['id']}"}
    assert shown["_links"]["restapi:resources"] == {"href": f"/restapis/{api['id']}/resources{{?limit,embed}}", "templated": True}
    assert {"href": "https://docs.aws.amazon.com/apigateway/latest/developerguide/restapi-restapis-{rel}.html", "name": "restapi", "templated": True} in shown["_links"]["curies"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown["createdDate"]) and isinstance(plain["createdDate"], (int, float))
    assert shown["binaryMediaTypes"] == "a/b" and shown["endpointConfiguration"]["types"] == "PRIVATE"
    assert {name: value for name, value in shown.items() if name in ("id", "name", "tags")} == {name: plain[name] for name in ("id", "name", "tags")}


def test_links_lead_to_what_they_say(local, api):
    """Whatever is linked and not templated can be got, or there is no GET of it."""
    for path in (f"/restapis/{api['id']}", f"/restapis/{api['id']}/resources?embed=methods", f"/restapis/{api['id']}/stages/prod", f"/restapis/{api['id']}/models", "/account", "/domainnames", "/apikeys", "/sdktypes"):
        for link in links_of(hal(local, path)):
            if not link.get("templated"):
                assert signed(local, "GET", link["href"]).status in (200, 404) and signed(local, "GET", link["href"]).code in (None, "UnknownOperationException"), link


def test_hal_embeds_methods(local, api):
    shown = hal(local, f"/restapis/{api['id']}/resources/{api['root']}?embed=methods")
    method = shown["_embedded"]["resource:methods"]
    assert method["httpMethod"] == "GET" and method["_embedded"]["method:integration"]["type"] == "MOCK"
    assert method["_embedded"]["method:integration"]["_embedded"]["integration:responses"]["statusCode"] == "200"
    assert method["_links"]["self"]["href"] == f"/restapis/{api['id']}/resources/{api['root']}/methods/GET"
    bare = hal(local, f"/restapis/{api['id']}/resources/{api['root']}")
    assert "_embedded" not in bare and bare["_links"]["resource:methods"]["name"] == "GET"


def test_hal_pages(local, api):
    first = hal(local, f"/restapis/{api['id']}/models?limit=2")
    assert len(first["_embedded"]["item"]) == len(first["_links"]["item"]) == 2 and "position" not in first
    second = hal(local, first["_links"]["next"]["href"])
    assert isinstance(second["_embedded"]["item"], dict) and "next" not in second["_links"]
    names = {item["name"] for item in (*first["_embedded"]["item"], second["_embedded"]["item"])}
    assert names == {"Empty", "Error", "Pet"} and second["_embedded"]["item"]["_links"]["self"]["href"] == f"/restapis/{api['id']}/models/{second['_embedded']['item']['name']}"


@pytest.mark.parametrize("accept", [None, "*/*", "text/html,*/*;q=0.8"])
def test_who_gets_hal(local, api, accept):
    assert "_links" in hal(local, f"/restapis/{api['id']}", headers={"Accept": accept or ""})
    made = hal(local, f"/restapis/{api['id']}/resources/{api['root']}", "POST", {"pathPart": "x"}, {"Accept": accept or ""})
    assert made["_links"]["self"]["href"].endswith(f"/resources/{made['id']}")
    assert signed(local, "DELETE", made["_links"]["self"]["href"], headers={"Accept": "*/*"}).body == ""


def test_refusals_are_no_hal(local):
    answer = signed(local, "GET", "/restapis/none", headers=HAL)
    assert answer.headers["Content-Type"] == "application/json" and set(answer.body) == {"message"}


# Method, path, body, code, beginning of the message; <name> stands for the id of that name.
INPUT = [
    ("POST", "/restapis", {"name": {}}, "SerializationException", "Start of structure or map found where not expected."),
    ("POST", "/restapis", {"name": []}, "SerializationException", "Start of list found where not expected"),
    ("POST", "/restapis", {"name": "x", "tags": []}, "SerializationException", "Expected null"),
    ("POST", "/restapis", {"name": "x", "tags": {"a": 1}}, "SerializationException", NUMBER + "an String"),
    ("POST", "/restapis", {"name": "x", "tags": {"a": None}}, "ValidationException", ONE + "null at 'createRestApiInput.tags.a.member' failed to satisfy constraint: Member must not be null"),
    ("POST", "/restapis", {"name": "x", "binaryMediaTypes": "a"}, "SerializationException", "Expected list or null"),
    ("POST", "/restapis", {"name": "x", "binaryMediaTypes": [True]}, "SerializationException", "class java.lang.Boolean can not be converted to an String"),
    ("POST", "/restapis", {"name": "x", "binaryMediaTypes": [None]}, "ValidationException", ONE + "null at 'createRestApiInput.binaryMediaTypes.1.member' failed to satisfy constraint: Member must not be null"),
    ("POST", "/restapis", {"name": "x", "minimumCompressionSize": 1.5}, "SerializationException", NUMBER + "an Integer"),
    ("POST", "/restapis", '{"name":"x","minimumCompressionSize":' + "9" * 400 + "}", "SerializationException", NUMBER + "an Integer"),
    ("POST", "/restapis", {"name": "x", "minimumCompressionSize": "5"}, "SerializationException", "STRING_VALUE can not be converted to Integer"),
    ("POST", "/restapis", {"name": "x", "disableExecuteApiEndpoint": "true"}, "SerializationException", "class java.lang.String can not be converted to a Boolean"),
    ("POST", "/restapis", {"name": "x", "endpointConfiguration": "PRIVATE"}, "SerializationException", "Expected null"),
    ("POST", "/restapis", {"name": "x", "apiKeySource": "x", "endpointAccessMode": "y"}, "ValidationException",
     "2 validation errors detected: Value 'x' at 'createRestApiInput.apiKeySource' failed to satisfy constraint: Member must satisfy enum value set: [HEADER, AUTHORIZER]; "
     "Value 'y' at 'createRestApiInput.endpointAccessMode' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, STRICT]"),
    ("POST", "/restapis", {"name": ""}, "BadRequestException", "Name cannot be an empty string"),
    ("POST", "/restapis", {"name": "x", "cloneFrom": "none"}, "NotFoundException", "Invalid API identifier specified 123456789012:none"),
    ("PATCH", "/restapis/<api>", {"patchOperations": {}}, "SerializationException", "Expected list or null"),
    ("PATCH", "/restapis/<api>", {"patchOperations": ["x"]}, "SerializationException", "Expected null"),
    ("PATCH", "/restapis/<api>", {"patchOperations": [{"op": "replace", "path": "/name", "value": 5}]}, "SerializationException", NUMBER + "an String"),
    ("PATCH", "/restapis/<api>", {"patchOperations": [{"op": "add"}, {"op": "wrong"}]}, "ValidationException", ONE + f"'wrong' at 'updateRestApiInput.patchOperations.2.member.op' failed to satisfy constraint: {OPS}"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/POST", {"authorizationType": "NONE", "requestParameters": {"method.request.header.x": "true"}}, "SerializationException",
     "class java.lang.String can not be converted to a Boolean"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/POST", {}, "ValidationException", ONE + "null at 'putMethodInput.authorizationType' failed to satisfy constraint: Member must not be null"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/FETCH", {"authorizationType": "NONE"}, "BadRequestException",
     "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/POST", {"authorizationType": "CUSTOM"}, "BadRequestException",
     "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."),
    ("PUT", "/restapis/<api>/resources/<root>/methods/POST", {"authorizationType": "NONE", "requestParameters": {"method.request.header.a": True, "method.request.querystring.a": True}}, "BadRequestException",
     "Parameter names must be unique across querystring, header and path"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET", {"authorizationType": "NONE"}, "ConflictException", "Method already exists for this resource"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/responses/wrong", {}, "ValidationException", ONE + "'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/responses/201", {"responseParameters": {"x": True}}, "BadRequestException",
     "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: x]"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/responses/200", {}, "ConflictException", "Response already exists for this resource"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/integration", {"type": "HTTPS_PROXY"}, "ValidationException",
     ONE + "'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/integration", {"type": "MOCK", "requestParameters": {"integration.request.header.x": "true"}}, "BadRequestException",
     "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/integration", {"type": "MOCK", "requestTemplates": {"application/json": "x" * 307201}}, "BadRequestException",
     "The mapping template for application/json is larger than 307200 bytes"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/integration", {"type": "MOCK", "passthroughBehavior": "X"}, "BadRequestException",
     "Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER"),
    ("PUT", "/restapis/<api>/resources/<root>/methods/GET/integration", {"type": "HTTP", "httpMethod": "GET", "uri": "http://a", "connectionType": "VPC_LINK"}, "BadRequestException",
     "Connection type VPC_LINK requires a connection ID"),
    ("PUT", "/restapis/<api>/gatewayresponses/FAKE", {}, "ValidationException", ONE + f"'FAKE' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: [{TYPES}"),
    ("PUT", "/restapis/<api>/gatewayresponses/THROTTLED", {"responseParameters": {"x": "'1'"}}, "BadRequestException",
     "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: x]"),
    ("DELETE", "/restapis/<api>/gatewayresponses/THROTTLED", b"", "NotFoundException", "Gateway response type not defined on api"),
    ("POST", "/restapis/<api>/models", {"name": "", "contentType": "a/b", "schema": "{}"}, "BadRequestException", "Model name must be non-empty"),
    ("POST", "/restapis/<api>/models", {"name": "Pet", "contentType": "a/b", "schema": '{"a":1}'}, "ConflictException", "Model name already exists for this REST API"),
    ("POST", "/restapis/<api>/models", {"name": "M", "contentType": "a/b", "schema": "{}"}, "BadRequestException", "Model schema must have at least 1 property or array items defined"),
    ("POST", "/restapis/<api>/models", {"name": "M", "contentType": "a/b", "schema": '{"a":"' + "x" * 409600 + '"}'}, "BadRequestException", "The model schema is larger than 409600 bytes"),
    ("DELETE", "/restapis/<api>/models/Pet", b"", "ConflictException", "Cannot delete model 'Pet', is referenced in method request: /pets/{id}/GET"),
    ("POST", "/restapis/none/requestvalidators", {"name": "x"}, "BadRequestException", "Invalid REST API identifier specified"),
    ("POST", "/restapis/none/authorizers", {"name": "x", "type": "TOKEN"}, "ConflictException", "Unable to complete operation due to concurrent modification. Please try again later."),
    ("POST", "/restapis/none/resources/none", {"pathPart": "x"}, "NotFoundException", "Invalid Resource identifier specified"),
    ("PATCH", "/restapis/<api>/resources/<root>", {"patchOperations": [{"op": "replace", "path": "/parentId", "value": "x"}]}, "BadRequestException", "Root resource cannot update its parentId."),
    ("PATCH", "/restapis/<api>/resources/<root>", {"patchOperations": [{"op": "replace", "path": "/pathPart", "value": "x"}]}, "BadRequestException", "Root resource cannot update its pathPart."),
    ("PATCH", "/restapis/<api>/resources/<pet>", {"patchOperations": [{"op": "replace", "path": "/parentId", "value": "<pet>"}]}, "BadRequestException", "Resources cannot be cyclical."),
    ("POST", "/restapis/<api>/resources/<root>", {"pathPart": "pets"}, "ConflictException", "Another resource with the same parent already has this name: pets"),
    ("POST", "/restapis/<api>/resources/<greedy>", {"pathPart": "x"}, "BadRequestException", "Cannot create a child of a resource with a greedy path variable: {proxy+}"),
    ("POST", "/restapis/<api>/resources/<root>", {"pathPart": "{id}"}, "BadRequestException", "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed"),
    ("DELETE", "/restapis/<api>/resources/<root>", b"", "BadRequestException", "Root resource cannot be deleted."),
    ("POST", "/restapis/<api>/stages", {"stageName": "prod", "deploymentId": "none"}, "BadRequestException", "Deployment id does not exist"),
    ("POST", "/restapis/<api>/stages", {"stageName": "x", "deploymentId": "<deployment>", "canarySettings": {"percentTraffic": 101}}, "BadRequestException",
     "Invalid canary percentTraffic, must be between 0.0 and 100.0"),
    ("POST", "/restapis/<api>/stages", {"stageName": "x", "deploymentId": "<deployment>", "canarySettings": {"percentTraffic": "5"}}, "SerializationException", "STRING_VALUE can not be converted to Integer"),
    ("POST", "/restapis/<api>/stages", {"stageName": "x", "deploymentId": "<deployment>", "variables": {f"v{i}": "x" for i in range(101)}}, "BadRequestException", "A stage can have at most 100 variables"),
    ("POST", "/restapis/<api>/stages", {"stageName": "a b", "deploymentId": "<deployment>"}, "BadRequestException", "Stage name only allows a-zA-Z0-9_-"),
    ("POST", "/restapis/<api>/stages", {"stageName": "prod", "deploymentId": "<deployment>"}, "ConflictException", "Stage already exists"),
    ("POST", "/restapis/<api>/stages", {"stageName": "x", "deploymentId": "<deployment>", "cacheClusterSize": "2"}, "ValidationException",
     ONE + "'2' at 'createStageInput.cacheClusterSize' failed to satisfy constraint: Member must satisfy enum value set: [0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237]"),
    ("GET", "/restapis?limit=x", b"", "SerializationException", "STRING_VALUE can not be converted to Integer"),
    ("GET", "/restapis?position=%21", b"", "BadRequestException", "Invalid position parameter"),
    ("GET", "/domainnames?resourceOwner=ME", b"", "ValidationException", ONE + "'ME' at 'resourceOwner' failed to satisfy constraint: Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS]"),
    ("BREW", "/restapis", b"", "UnknownOperationException", "This path has no such method"),
    ("GET", "/restapi", b"", "UnknownOperationException", "Postern has no such operation"),
]


def filled(text, names):
    return re.sub("<([a-z]+)>", lambda found: names[found[1]], text)


@pytest.mark.parametrize("method, path, body, code, message", INPUT)
def test_input_that_is_none(local, api, method, path, body, code, message):
    names = {**api, "api": api["id"]}
    before = signed(local, "GET", f"/restapis/{api['id']}").body
    answer = signed(local, method, filled(path, names), filled(json.dumps(body), names) if isinstance(body, dict) else body)
    assert answer.code == code and answer.message.startswith(message), answer
    assert answer.status == {"NotFoundException": 404, "ConflictException": 409, "UnknownOperationException": 404}.get(code, 400)
    assert signed(local, "GET", f"/restapis/{api['id']}").body == before


def test_a_copy_is_whole_and_its_own(local, api):
    client = local.boto3("apigateway")
    copy = client.create_rest_api(name="copy", cloneFrom=api["id"])
    try:
        assert copy["binaryMediaTypes"] == ["a/b"] and "policy" not in copy and copy["endpointConfiguration"]["types"] == ["EDGE"] and "tags" not in copy
        resources = {r["path"]: r for r in client.get_resources(restApiId=copy["id"], embed=["methods"])["items"]}
        original = {r["path"]: r for r in client.get_resources(restApiId=api["id"], embed=["methods"])["items"]}
        assert set(resources) == set(original) and not {r["id"] for r in resources.values()} & {r["id"] for r in original.values()}
        pet = resources["/pets/{id}"]
        assert pet["parentId"] == resources["/pets"]["id"] and resources["/pets"]["parentId"] == resources["/"]["id"] and re.fullmatch("[a-z0-9]{10}", resources["/"]["id"])
        method = pet["resourceMethods"]["GET"]
        assert method["methodIntegration"]["cacheNamespace"] == pet["id"] and method["requestModels"] == {"application/json": "Pet"}
        assert client.get_authorizer(restApiId=copy["id"], authorizerId=method["authorizerId"])["name"] == "a"
        assert client.get_request_validator(restApiId=copy["id"], requestValidatorId=method["requestValidatorId"])["validateRequestBody"] is True
        client.update_resource(restApiId=copy["id"], resourceId=resources["/pets"]["id"], patchOperations=[{"op": "replace", "path": "/pathPart", "value": "cats"}])
        assert {r["path"] for r in client.get_resources(restApiId=api["id"])["items"]} == set(original)
    finally:
        client.delete_rest_api(restApiId=copy["id"])


def test_a_list_goes_on_behind_what_was_deleted(local):
    client = local.boto3("apigateway")
    made = sorted(client.create_rest_api(name=f"t072-{i}")["id"] for i in range(4))
    try:
        position = base64.b64encode(f"id=S{made[1]}".encode()).decode()
        behind = lambda: [a["id"] for a in client.get_rest_apis(position=position, limit=500)["items"] if a["id"] in made]
        assert behind() == made[2:]
        client.delete_rest_api(restApiId=made.pop(1))
        assert behind() == made[1:]
    finally:
        for api in made:
            client.delete_rest_api(restApiId=api)


def test_limits_of_an_api(local, api):
    client = local.boto3("apigateway")
    copy = client.create_rest_api(name="limits", cloneFrom=api["id"])["id"]
    try:
        deployment = client.create_deployment(restApiId=copy)["id"]
        made = {"stages": ({"stageName": "s{}", "deploymentId": deployment}, 10, "stages"),
                "authorizers": ({"name": "a{}", "type": "REQUEST", "identitySource": "method.request.header.A", "authorizerUri":
                                 "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"}, 9, "authorizers")}
        for path, (body, count, what) in made.items():
            post = lambda i: signed(local, "POST", f"/restapis/{copy}/{path}", json.dumps(body).replace("{}", str(i)))
            assert {post(i).status for i in range(count)} == {201}
            last = post(count)
            assert (last.status, last.code, last.headers["Retry-After"]) == (429, "LimitExceededException", "60") and last.message.startswith(f"Maximum number of {what} for this API has been reached."), last
    finally:
        client.delete_rest_api(restApiId=copy)


def test_limits_of_a_resource(local):
    client = local.boto3("apigateway")
    made = signed(local, "POST", "/restapis", {"name": "limits"}).body
    base = f"/restapis/{made['id']}/resources"
    parameters = lambda count: {"authorizationType": "NONE", "requestParameters": {f"method.request.header.h{i}": False for i in range(count)}}
    put = lambda resource, count: signed(local, "PUT", f"{base}/{resource}/methods/GET", parameters(count))
    try:
        full = put(made["rootResourceId"], 5000)
        assert (full.status, full.code, full.message) == (400, "BadRequestException", "requestParameters has more than 1000 entries")
        assert put(made["rootResourceId"], 1000).status == 201
        parts = ["a" * 2000, "b" * 2000, "c" * 93]
        below = made["rootResourceId"]
        for part in parts:
            answer = signed(local, "POST", f"{base}/{below}", {"pathPart": part})
            assert answer.status == 201
            top, below = below, answer.body["id"]
        long = [signed(local, "POST", f"{base}/{below}", {"pathPart": "d"}), signed(local, "PATCH", f"{base}/{top}", {"patchOperations": [
            {"op": "replace", "path": "/pathPart", "value": "b" * 2001}]})]
        assert {(a.status, a.code, a.message) for a in long} == {(400, "BadRequestException", "The path of a resource is longer than 4096 bytes")}
        assert [r["path"] for r in client.get_resources(restApiId=made["id"], limit=500)["items"]] == ["/" + "/".join(parts[:i]) for i in range(4)]
    finally:
        client.delete_rest_api(restApiId=made["id"])


def test_a_limit_of_domain_names(local, authority):
    client, acm = local.boto3("apigateway"), local.boto3("acm")
    certificate, key = authority.issue("*.t072.internal")
    arn = acm.import_certificate(Certificate=open(certificate, "rb").read(), PrivateKey=open(key, "rb").read())["CertificateArn"]
    create = lambda i: signed(local, "POST", "/domainnames", {"domainName": f"d{i}.t072.internal", "certificateArn": arn, "endpointConfiguration": {"types": ["PRIVATE"]}})
    there = sum(d["endpointConfiguration"]["types"] == ["PRIVATE"] for d in client.get_domain_names(limit=500)["items"])
    made = [create(i).body for i in range(50 - there)]
    delete = lambda domain: signed(local, "DELETE", f"/domainnames/{domain['domainName']}?domainNameId={domain['domainNameId']}").status
    try:
        answer = create("x")
        assert (answer.status, answer.code, answer.message) == (429, "LimitExceededException", "Maximum number of private domain names for this account has been reached.")
        assert delete(made.pop()) == 202
        made.append(create("x").body)
    finally:
        assert {delete(domain) for domain in made} == {202}
        acm.delete_certificate(CertificateArn=arn)


def test_a_limit_of_resources(local):
    client = local.boto3("apigateway")
    paths = {f"/r{i}": {} for i in range(299)}
    api = client.import_rest_api(body=json.dumps({"openapi": "3.0.1", "info": {"title": "t072"}, "paths": paths}))
    post = lambda part: signed(local, "POST", f"/restapis/{api['id']}/resources/{signed(local, 'GET', '/restapis/' + api['id']).body['rootResourceId']}", {"pathPart": part})
    try:
        assert post("last").status == 201
        full = post("more")
        assert (full.status, full.code) == (429, "LimitExceededException") and full.message.startswith("Maximum number of resources for this API has been reached.")
    finally:
        client.delete_rest_api(restApiId=api["id"])
