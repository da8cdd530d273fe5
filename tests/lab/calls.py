# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of API Gateway by boto3, as tables of cases make them."""
import botocore.exceptions
import pytest


def refusal(call, **parameters):
    """The refusal that a call must end with: (status, code, message)."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def bad(message):
    return 400, "BadRequestException", message


def missing(message):
    return 404, "NotFoundException", message


def patch(op, path, value=None):
    """The list of one patch operation."""
    return [{"op": op, "path": path, **({} if value is None else {"value": value})}]


def members(answer):
    """An answer without what every answer has."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def pages(call, size, **parameters):
    """All items of a list, read by pages of `size`."""
    found, position = [], {}
    while True:
        page = call(limit=size, **parameters, **position)
        assert len(page["items"]) <= size
        found += page["items"]
        if "position" not in page:
            return found
        position = {"position": page["position"]}


def deployed_api(client, *stages, name="keys"):
    """An API with GET and POST of /pets/{id} and GET of /, deployed to those stages; its id."""
    api = client.create_rest_api(name=name)["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    pets = client.create_resource(restApiId=api, parentId=root, pathPart="pets")["id"]
    pet = client.create_resource(restApiId=api, parentId=pets, pathPart="{id}")["id"]
    for resource, method in ((root, "GET"), (pet, "GET"), (pet, "POST")):
        client.put_method(restApiId=api, resourceId=resource, httpMethod=method, authorizationType="NONE")
        client.put_integration(restApiId=api, resourceId=resource, httpMethod=method, type="MOCK")
    for stage in stages:
        client.create_deployment(restApiId=api, stageName=stage)
    return api
