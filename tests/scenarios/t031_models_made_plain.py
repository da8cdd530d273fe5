# SPDX-License-Identifier: GPL-3.0-or-later
"""GetModelTemplate writes a mapping template for a model; GetModel with flatten shows a model without references."""
import json

import pytest
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT
from lab.signed import signed

FIRST = "#set($inputRoot = $input.path('$'))\n"


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture(scope="module")
def api(client):
    made = client.create_rest_api(name="t031")["id"]
    url = f"https://apigateway.amazonaws.com/restapis/{made}/models/"
    schemas = {
        "Input": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "properties": {
            "a": {"type": "number"}, "b": {"type": "number"}, "op": {"type": "string"}, "c": {"type": "number"}}},
        "Node": {"type": "object", "properties": {"id": {"type": "integer"}, "next": {"$ref": url + "Node"}, "input": {"$ref": url + "Input"}}},
        "List": {"type": "array", "items": {"$ref": url + "Node"}},
    }
    for name, schema in schemas.items():
        client.create_model(restApiId=made, name=name, contentType="application/json", schema=json.dumps(schema))
    yield made
    client.delete_rest_api(restApiId=made)


@pytest.mark.parametrize("name, template", [
    ("Empty", "{ }"),
    ("Input", '{\n  "a" : 3.1415,\n  "b" : 3.1415,\n  "op" : "foo",\n  "c" : 3.1415\n}'),
    ("List", "[\n##TO" "DO: Update this foreach loop to reference array from input json\n#foreach($elem in $inputRoot)\n"
     '  {\n    "id" : 42,\n    "next" : { },\n    "input" : {\n      "a" : 3.1415,\n      "b" : 3.1415,\n      "op" : "foo",\n      "c" : 3.1415\n'
     "    }\n  }\n#if($foreach.hasNext),#end\n#end\n]"),
])
def test_a_template_makes_an_example(client, api, name, template):
    assert client.get_model_template(restApiId=api, modelName=name)["value"] == FIRST + template


def test_the_command_line_shows_it(local, api):
    assert local.aws("apigateway", "get-model-template", "--rest-api-id", api, "--model-name", "Empty") == {"value": FIRST + "{ }"}


def test_a_template_as_hal_knows_its_address(local, api):
    path = f"/restapis/{api}/models/Empty/default_template"
    shown = signed(local, "GET", path, headers={"Accept": "application/hal+json"}).body
    assert shown["_links"]["self"]["href"] == path and shown["value"] == FIRST + "{ }"


def test_a_flat_model_has_circular_references_only(client, api):
    node = f"https://apigateway.amazonaws.com/restapis/{api}/models/Node"
    stored = client.get_model(restApiId=api, modelName="List")
    flat = client.get_model(restApiId=api, modelName="List", flatten=True)
    items = json.loads(flat["schema"])["items"]
    assert items["properties"]["next"] == {"$ref": node}
    assert items["properties"]["input"]["properties"]["op"] == {"type": "string"} and "$schema" not in items["properties"]["input"]
    assert {**stored, "schema": 0, "ResponseMetadata": 0} == {**flat, "schema": 0, "ResponseMetadata": 0}
    assert client.get_model(restApiId=api, modelName="List", flatten=False)["schema"] == stored["schema"]


@pytest.mark.parametrize("operation", ["get_model_template", "get_model"])
def test_what_is_not_there(client, api, operation):
    for names, message in (({"modelName": "Nonono"}, "Invalid model name specified: Nonono"),
                           ({"restApiId": "nonono1234"}, f"Invalid API identifier specified {ACCOUNT}:nonono1234")):
        with pytest.raises(ClientError) as refused:
            getattr(client, operation)(**{"restApiId": api, "modelName": "Empty", **names})
        assert refused.value.response["Error"] == {"Code": "NotFoundException", "Message": message}


def test_a_template_of_endless_size_is_refused(client, api):
    url = f"https://apigateway.amazonaws.com/restapis/{api}/models/"
    for i in reversed(range(30)):
        schema = {"properties": {name: {"$ref": f"{url}Deep{i + 1}"} if i < 29 else {} for name in "ab"}}
        client.create_model(restApiId=api, name=f"Deep{i}", contentType="application/json", schema=json.dumps(schema))
    with pytest.raises(ClientError, match="The mapping template of model Deep0 would be too large"):
        client.get_model_template(restApiId=api, modelName="Deep0")
    assert len(client.get_model(restApiId=api, modelName="Deep0", flatten=True)["schema"]) < 1 << 20
