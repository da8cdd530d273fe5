# SPDX-License-Identifier: GPL-3.0-or-later
"""Request validation: required parameters, then the body against its model; exact answers, and nothing reaches the integration."""
import json

import pytest

from conftest import follows
from lab.appliance import allow, policy
from lab.calls import patch
from lab.network import wait_for

PET = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["type", "name", "price"], "properties": {
    "id": {"type": "integer"}, "type": {"type": "string", "enum": ["dog", "cat", "fish"]}, "name": {"type": "string"},
    "price": {"type": "number", "minimum": 25.0, "maximum": 500.0}}}
GOOD = {"name": "Marco", "type": "dog", "price": 260}
INVALID_BODY = (400, '{"message": "Invalid request body"}')


def missing(names):
    return 400, '{"message": "Missing required request parameters: [%s]"}' % names


class Validated:
    """An API with the resource /{id} whose methods are made by put()."""

    def __init__(self, local):
        self.local, self.client = local, local.boto3("apigateway")
        self.id = self.client.create_rest_api(name="v011", endpointConfiguration={"types": ["PRIVATE"]}, policy=json.dumps(policy(allow())))["id"]
        self.root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.resource = self.client.create_resource(restApiId=self.id, parentId=self.root, pathPart="{id}")["id"]

    def url(self, model):
        return f"https://apigateway.amazonaws.com/restapis/{self.id}/models/{model}"

    def model(self, name, schema, content_type="application/json"):
        self.client.create_model(restApiId=self.id, name=name, contentType=content_type, schema=json.dumps(schema))

    def validator(self, body, parameters):
        return self.client.create_request_validator(restApiId=self.id, name="v", validateRequestBody=body, validateRequestParameters=parameters)["id"]

    def put(self, verb, **wanted):
        method = {"restApiId": self.id, "resourceId": self.resource, "httpMethod": verb}
        self.client.put_method(**method, authorizationType="NONE", **wanted)
        self.client.put_integration(**method, type="MOCK", requestTemplates={"$default": '{"statusCode": 200}'})
        self.client.put_method_response(**method, statusCode="200")
        self.client.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": '"served"'})
        return method

    def deploy(self):
        self.client.create_deployment(restApiId=self.id, stageName="prod")
        wait_for(lambda: follows(self.local.metrics()), "the gateway to follow", 10)

    def call(self, verb, path="/7", headers=(), body=None):
        options = ["-X", verb, *(o for h in headers for o in ("-H", h))]
        if body is not None:
            options += ["-H", "Content-Type: application/json"] if not any(h.startswith("Content-Type") for h in headers) else []
            options += ["--data-binary", body if isinstance(body, str) else json.dumps(body)]
        answer = self.local.get(self.id, path, *options)
        return answer.status, answer.body

    def detail(self):
        """From now on a body that is refused is answered with what is wrong with it."""
        self.client.put_gateway_response(restApiId=self.id, responseType="BAD_REQUEST_BODY", responseTemplates={"application/json": "$context.error.validationErrorString"})


@pytest.fixture
def api(local):
    made = Validated(local)
    yield made
    made.client.delete_rest_api(restApiId=made.id)


SERVED = (200, '"served"')


def test_parameters_that_are_required_must_be_there_and_not_blank(api):
    wanted = {f"method.request.{key}": True for key in ("querystring.b", "querystring.a", "header.x-Z", "header.x-a", "path.id", "path.issuer")}
    api.put("GET", requestValidatorId=api.validator(False, True), requestParameters={**wanted, "method.request.header.x-maybe": False})
    api.put("PUT", requestValidatorId=api.validator(False, True), requestParameters={"method.request.querystring.q1": True})
    api.deploy()
    assert api.call("GET") == missing("x-Z, x-a, issuer, a, b")
    assert api.call("GET", "/7?a=1&b=2", ["x-Z: 1", "x-a: 1"]) == missing("issuer")
    assert api.call("GET", "/7?a=&b=%20", ["x-Z;", "x-a: 1"]) == missing("x-Z, issuer, a, b")
    assert api.call("GET", "/7?A=1&b=2", ["X-Z: 1", "x-a: 1"]) == missing("x-Z, issuer, a")
    assert api.call("PUT", "/7?q1=cat") == SERVED
    assert api.call("PUT", "/7?q1=") == missing("q1")


def test_a_body_must_match_its_model(api):
    api.model("Pet", PET)
    api.put("POST", requestValidatorId=api.validator(True, True), requestModels={"application/json": "Pet"}, requestParameters={"method.request.header.h1": True})
    api.deploy()
    given = ["h1: v1"]
    assert api.call("POST", headers=given, body=GOOD) == SERVED
    assert api.call("POST", headers=given, body={**GOOD, "id": 1.0}) == INVALID_BODY  # 1.0 is no integer
    assert api.call("POST", headers=given, body={**GOOD, "type": "bird"}) == INVALID_BODY
    assert api.call("POST", headers=given, body={**GOOD, "price": 501}) == INVALID_BODY
    assert api.call("POST", headers=given, body="\"str\"") == api.call("POST", headers=given, body="{") == INVALID_BODY
    assert api.call("POST", headers=given) == INVALID_BODY  # no body counts as {}
    # Parameters come first.
    assert api.call("POST", body={"type": "bird"}) == missing("h1")
    refused = api.local.get(api.id, "/7", "-X", "POST", "-H", "h1: v1", "--data-binary", "{}", "-H", "Content-Type: application/json")
    assert refused.headers["x-amzn-errortype"] == "BadRequestException" and refused.headers["content-type"] == "application/json"


def test_the_media_type_says_which_model(api):
    api.model("Pet", PET)
    api.model("Numbers", {"type": "array", "items": {"type": "number"}})
    body, both = api.validator(True, False), {"application/json": "Pet", "$default": "Numbers"}
    api.put("POST", requestValidatorId=body, requestModels=both)
    api.put("PUT", requestValidatorId=body, requestModels={"application/json": "Pet"})
    api.put("PATCH", requestValidatorId=body)
    api.deploy()
    assert api.call("POST", body="[1]", headers=["Content-Type: application/x-numbers"]) == SERVED
    assert api.call("POST", body="{}", headers=["Content-Type: application/x-numbers"]) == INVALID_BODY
    assert api.call("POST", body="[1]", headers=["Content-Type: Application/JSON; charset=utf-8"]) == INVALID_BODY
    # What no model is of is not looked at.
    assert api.call("PUT", body="<pet/>", headers=["Content-Type: application/xml"]) == SERVED
    assert api.call("PATCH", body="{") == SERVED


def test_models_refer_to_models_of_their_api(api):
    api.model("Status", {"type": "object", "required": ["Status", "Order"], "properties": {"Status": {"type": "string"}, "Order": {"type": "integer"}}})
    api.model("Test", {"type": "object", "properties": {"status": {"oneOf": [{"type": "null"}, {"$ref": api.url("Status")}]}}, "required": ["status"]})
    api.put("POST", requestValidatorId=api.validator(True, False), requestModels={"application/json": "Test"})
    api.deploy()
    assert api.call("POST", body={"status": None}) == api.call("POST", body={"status": {"Status": "x", "Order": 1}}) == SERVED
    assert api.call("POST", body={}) == api.call("POST", body={"status": {"Status": "x", "Order": "1"}}) == INVALID_BODY
    for schema in ({"$ref": api.url("Gone")}, {"items": {"$ref": "https://apigateway.amazonaws.com/restapis/other00000/models/Status"}},
                   {"type": "text"}, {"properties": {"a": {"pattern": "("}}}):
        with pytest.raises(api.client.exceptions.BadRequestException, match="Invalid model specified: Validation Result"):
            api.model("Bad", schema)


def test_what_is_wrong_is_told_to_the_owner(api):
    api.model("Pet", PET)
    api.detail()
    method = api.put("POST", requestValidatorId=api.validator(True, False), requestModels={"application/json": "Pet"})
    api.deploy()
    assert api.call("POST", body={"type": "dog"}) == (400, '[object has missing required properties (["name","price"])]')
    assert api.call("POST", body={**GOOD, "price": 1e3, "type": "bird"}) == (
        400, '[numeric instance is greater than the required maximum (maximum: 500.0, found: 1000.0), '
             'instance value ("bird") not found in enum (possible values: ["dog","cat","fish"])]')
    tested = api.client.test_invoke_method(**method, pathWithQueryString="/7", body='"str"')
    assert tested["status"] == 400
    assert 'Request body does not match model schema for content type application/json: ' \
           '[instance type (string) does not match any allowed primitive type (allowed: ["object"])]\n' in tested["log"]


def test_flags_act_with_the_next_deployment(api):
    api.model("Pet", PET)
    validator = api.validator(True, False)
    api.put("POST", requestValidatorId=validator, requestModels={"application/json": "Pet"})
    api.deploy()
    assert api.call("POST", body={}) == INVALID_BODY
    api.client.update_request_validator(restApiId=api.id, requestValidatorId=validator, patchOperations=patch("replace", "/validateRequestBody", "false"))
    assert api.call("POST", body={}) == INVALID_BODY
    api.deploy()
    assert api.call("POST", body={}) == SERVED
