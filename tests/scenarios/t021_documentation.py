# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation parts and versions: where a part may stand, what lists show, what a version keeps, what an import brings."""
import json

import pytest
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT
from lab.signed import signed

TYPES = ("RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, "
         "REQUEST_HEADER")
PATH, METHOD, STATUS, NAME = {"path": "/"}, {"method": "*"}, {"statusCode": "*"}, {"name": "n"}
COMPLETE = {
    "API": {}, "MODEL": NAME, "AUTHORIZER": NAME, "RESOURCE": PATH, "METHOD": {**PATH, **METHOD}, "REQUEST_BODY": {**PATH, **METHOD},
    "PATH_PARAMETER": {**PATH, **METHOD, **NAME}, "QUERY_PARAMETER": {**PATH, **METHOD, **NAME}, "REQUEST_HEADER": {**PATH, **METHOD, **NAME},
    "RESPONSE": {**PATH, **METHOD, **STATUS}, "RESPONSE_BODY": {**PATH, **METHOD, **STATUS},
    "RESPONSE_HEADER": {**PATH, **METHOD, **STATUS, **NAME}}
VALUES = {"path": "/pets/{id}", "method": "GET", "statusCode": "404", "name": "n"}


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture
def api(client):
    made = client.create_rest_api(name="t021")["id"]
    yield made
    client.delete_rest_api(restApiId=made)


def create(client, api, location, properties='{"description": "d"}'):
    return client.create_documentation_part(restApiId=api, location=location, properties=properties)


def refused(call, status, code, message=None):
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (status, code)
    assert message is None or error["Error"]["Message"] == message
    return error["Error"]["Message"]


def listed(client, api, **filters):
    return client.get_documentation_parts(restApiId=api, limit=500, **filters)["items"]


@pytest.mark.parametrize("kind", COMPLETE)
def test_a_location_has_the_fields_of_its_type(client, api, kind):
    least = {"type": kind, **({"name": "n"} if "name" in COMPLETE[kind] else {})}
    made = create(client, api, least)
    assert made["location"] == {"type": kind, **COMPLETE[kind]} and json.loads(made["properties"]) == {"description": "d"}
    assert client.get_documentation_part(restApiId=api, documentationPartId=made["id"])["location"] == made["location"]
    where = ", ".join(f"{word} '{COMPLETE[kind][field]}'" for field, word in
                      (("path", "path"), ("method", "method"), ("statusCode", "status code"), ("name", "name")) if field in COMPLETE[kind])
    message = f"Documentation part already exists for the specified location: type '{kind}'{', ' if where else ''}{where}."
    refused(lambda: create(client, api, {"type": kind, **COMPLETE[kind]}), 409, "ConflictException", message)
    full = {"type": kind, **{field: VALUES[field] for field in COMPLETE[kind]}}
    if full != made["location"]:
        assert create(client, api, full)["location"] == full
    for field in set(VALUES) - set(COMPLETE[kind]):
        assert f"'{field}' is not valid for type '{kind}'" in refused(
            lambda field=field: create(client, api, {**least, field: VALUES[field]}), 400, "BadRequestException")
    if "name" in COMPLETE[kind]:
        refused(lambda: create(client, api, {"type": kind}), 400, "BadRequestException")


@pytest.mark.parametrize("location, properties", [
    ({"type": "METHOD", "method": "FETCH"}, "{}"), ({"type": "RESOURCE", "path": "pets"}, "{}"), ({"type": "API"}, "no json"), ({"type": "API"}, "[]"),
])
def test_a_part_that_is_wrong(client, api, location, properties):
    refused(lambda: create(client, api, location, properties), 400, "BadRequestException")
    assert listed(client, api) == []


def test_constraints_come_first(local, client, api):
    path = f"/restapis/{api}/documentation/parts"
    answer = signed(local, "POST", path, {"location": {"type": "INVALID"}, "properties": "{}"})
    assert (answer.status, answer.code, answer.message) == (
        400, "ValidationException", "1 validation error detected: Value 'INVALID' at 'createDocumentationPartInput.location.type' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{TYPES}]")
    assert signed(local, "POST", path, {"location": {"type": "API"}}).code == "ValidationException"
    assert signed(local, "GET", path + "?locationStatus=NO").code == "ValidationException"
    assert signed(local, "POST", f"/restapis/{api}/documentation/versions", {}).code == "ValidationException"


def test_lists_are_filtered_and_paged(client, api):
    for kind in COMPLETE:
        create(client, api, {"type": kind, **({"name": kind.lower()} if "name" in COMPLETE[kind] else {})})
    create(client, api, {"type": "METHOD", "path": "/pets"})
    assert len(listed(client, api)) == 13
    assert [p["location"]["path"] for p in sorted(listed(client, api, type="METHOD"), key=lambda p: p["location"]["path"])] == ["/", "/pets"]
    assert [p["location"]["type"] for p in listed(client, api, nameQuery="model")] == ["MODEL"]
    assert [p["location"]["type"] for p in listed(client, api, path="/pets")] == ["METHOD"]
    assert listed(client, api, type="METHOD", path="/nowhere") == []
    assert len(listed(client, api, locationStatus="DOCUMENTED")) == 13
    first = client.get_documentation_parts(restApiId=api, limit=10)
    rest = client.get_documentation_parts(restApiId=api, limit=10, position=first["position"])
    assert len(first["items"]) == 10 and len(rest["items"]) == 3 and "position" not in rest


def test_what_is_not_documented_yet(client, api):
    create(client, api, {"type": "API"})
    document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/pets/{id}": {"get": {
        "parameters": [{"name": "id", "in": "path"}], "responses": {"200": {"description": "200 response", "headers": {"H": {}}}}}}}}
    client.put_rest_api(restApiId=api, body=json.dumps(document))
    missing = [p["location"] for p in listed(client, api, locationStatus="UNDOCUMENTED")]
    assert {"type": "PATH_PARAMETER", "path": "/pets/{id}", "method": "GET", "name": "id"} in missing
    assert {"type": "RESPONSE_HEADER", "path": "/pets/{id}", "method": "GET", "statusCode": "200", "name": "H"} in missing
    assert {"type": "API"} not in missing and {"type": "MODEL", "name": "Empty"} in missing
    assert [p["location"] for p in listed(client, api, locationStatus="UNDOCUMENTED", type="METHOD")] == [
        {"type": "METHOD", "path": "/pets/{id}", "method": "GET"}]


def test_a_part_is_changed_by_its_properties_alone(client, api):
    part = create(client, api, {"type": "API"})["id"]

    def patch(**operation):
        return client.update_documentation_part(restApiId=api, documentationPartId=part, patchOperations=[operation])

    assert json.loads(patch(op="replace", path="/properties", value='{"description": "new"}')["properties"]) == {"description": "new"}
    refused(lambda: patch(op="replace", path="/location", value="x"), 400, "BadRequestException",
            "Invalid patch path  '/location' specified for op 'replace'. Must be one of: [/properties]")
    refused(lambda: patch(op="add", path="/properties", value="{}"), 400, "BadRequestException",
            "Invalid patch path  '/properties' specified for op 'add'. Please choose supported operations")
    refused(lambda: patch(op="replace", path="/properties", value="no"), 400, "BadRequestException")
    assert client.delete_documentation_part(restApiId=api, documentationPartId=part)["ResponseMetadata"]["HTTPStatusCode"] == 202
    unknown = "Invalid Documentation part identifier specified"
    for call in (client.get_documentation_part, client.delete_documentation_part, client.update_documentation_part):
        refused(lambda call=call: call(restApiId=api, documentationPartId=part), 404, "NotFoundException", unknown)


def document(*parts, **members):
    return json.dumps({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}, **members,
                       "x-amazon-apigateway-documentation": {"documentationParts": list(parts)}})


def test_parts_are_imported(client, api):
    kept = create(client, api, {"type": "RESOURCE", "path": "/kept"})["id"]
    old = create(client, api, {"type": "API"})["id"]
    new = document({"location": {"type": "API"}, "properties": {"info": {"description": "new"}}},
                   {"location": {"type": "METHOD", "method": "GET"}, "properties": {"description": "m"}})
    answer = client.import_documentation_parts(restApiId=api, mode="merge", body=new)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200 and len(answer["ids"]) == 2 and "warnings" not in answer
    assert {p["id"] for p in listed(client, api)} == {kept, *answer["ids"]} and old in answer["ids"]
    replaced = client.import_documentation_parts(restApiId=api, mode="overwrite", body=new)["ids"]
    assert {p["id"] for p in listed(client, api)} == set(replaced) and not {kept, old} & set(replaced)
    assert {p["location"]["type"]: json.loads(p["properties"]) for p in listed(client, api)} == {
        "API": {"info": {"description": "new"}}, "METHOD": {"description": "m"}}
    assert [p["location"] for p in listed(client, api, type="METHOD")] == [{"type": "METHOD", "path": "/", "method": "GET"}]


@pytest.mark.parametrize("body, message", [
    ('{ "openapi": 1', "Unable to build importer with provided input."), ("[]", "Unable to build importer with provided input."),
    (document({"location": {"type": "API"}, "properties": {}}, {"location": {"type": "API"}, "properties": {}}), None),
    (document({"location": {"type": "API", "path": "/"}, "properties": {}}), None), (document({"location": {"type": "API"}}), None),
])
def test_parts_that_can_not_be_imported_change_nothing(client, api, body, message):
    create(client, api, {"type": "API"})
    before = listed(client, api)
    for mode in ("merge", "overwrite"):
        refused(lambda mode=mode: client.import_documentation_parts(restApiId=api, mode=mode, body=body), 400, "BadRequestException", message)
    assert listed(client, api) == before


def test_a_version_keeps_the_parts(client, api):
    create(client, api, {"type": "API"})
    made = client.create_documentation_version(restApiId=api, documentationVersion="v 1/2", description="first")
    assert made["version"] == "v 1/2" and made["description"] == "first" and made["createdDate"]
    refused(lambda: client.create_documentation_version(restApiId=api, documentationVersion="v 1/2"), 409, "ConflictException")
    assert client.get_documentation_version(restApiId=api, documentationVersion="v 1/2")["version"] == "v 1/2"
    client.create_documentation_version(restApiId=api, documentationVersion="v2")
    shown = client.get_documentation_versions(restApiId=api)["items"]
    assert [v["version"] for v in shown] == ["v 1/2", "v2"] and all(set(v) <= {"version", "createdDate", "description"} for v in shown)
    first = client.get_documentation_versions(restApiId=api, limit=1)
    assert [v["version"] for v in client.get_documentation_versions(restApiId=api, limit=1, position=first["position"])["items"]] == ["v2"]

    def patch(**operation):
        return client.update_documentation_version(restApiId=api, documentationVersion="v2", patchOperations=[operation])

    assert patch(op="replace", path="/description", value="second")["description"] == "second"
    refused(lambda: patch(op="replace", path="/version", value="x"), 400, "BadRequestException",
            "Invalid patch path  '/version' specified for op 'replace'. Must be one of: [/description]")
    refused(lambda: patch(op="remove", path="/description"), 400, "BadRequestException",
            "Invalid patch path  '/description' specified for op 'remove'. Please choose supported operations")
    answer = client.delete_documentation_version(restApiId=api, documentationVersion="v2")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    for call in (client.get_documentation_version, client.delete_documentation_version, client.update_documentation_version):
        refused(lambda call=call: call(restApiId=api, documentationVersion="v2"), 404, "NotFoundException",
                "Invalid Documentation version specified")


def test_a_version_for_a_stage(client):
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}
    text = {"openapi": "3.0.1", "info": {"title": "t021", "version": "1"}, "paths": {"/": {"get": {
        "responses": {"200": {"description": "200 response"}}, "x-amazon-apigateway-integration": mock}}}}
    api = client.import_rest_api(body=json.dumps(text))["id"]
    client.create_deployment(restApiId=api, stageName="prod")
    refused(lambda: client.create_documentation_version(restApiId=api, documentationVersion="1", stageName="none"), 404, "NotFoundException",
            "Invalid stage identifier specified")
    refused(lambda: client.get_documentation_version(restApiId=api, documentationVersion="1"), 404, "NotFoundException")
    client.create_documentation_version(restApiId=api, documentationVersion="1", stageName="prod")
    assert client.get_stage(restApiId=api, stageName="prod")["documentationVersion"] == "1"
    client.delete_rest_api(restApiId=api)


def test_an_unknown_api(client):
    calls = [
        lambda: create(client, "nothing", {"type": "API"}), lambda: listed(client, "nothing"),
        lambda: client.import_documentation_parts(restApiId="nothing", body=b"{}"),
        lambda: client.create_documentation_version(restApiId="nothing", documentationVersion="1"),
        lambda: client.get_documentation_versions(restApiId="nothing"),
        lambda: client.get_documentation_part(restApiId="nothing", documentationPartId="x"),
        lambda: client.get_documentation_version(restApiId="nothing", documentationVersion="x")]
    for call in calls:
        refused(call, 404, "NotFoundException", f"Invalid API identifier specified {ACCOUNT}:nothing")
