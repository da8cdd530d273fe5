# SPDX-License-Identifier: GPL-3.0-or-later
"""APIs for tables of cases: each case is a resource of its own in one API, so that a table costs one deployment."""
import json

from .network import wait_for

JSON = "application/json"
MOCK_200 = {JSON: '{"statusCode": 200}'}


def operation(integration, responses=("200",), parameters=(), **more):
    """An operation of an OpenAPI document. `responses` are statuses, or declared headers by status."""
    declared = responses if isinstance(responses, dict) else {status: () for status in responses}
    return {
        **({"parameters": list(parameters)} if parameters else {}),
        "responses": {status: {"description": status, **({"headers": {name: {"schema": {"type": "string"}} for name in headers}} if headers else {})}
                      for status, headers in declared.items()},
        "x-amazon-apigateway-integration": integration, **more}


def mock(request='{"statusCode": 200}', response=None, content=JSON, parameters=None, status="200", **more):
    """A MOCK integration with one default response."""
    return {"type": "mock", "requestTemplates": {content: request} if request is not None else {},
            "responses": {"default": {"statusCode": status, **({"responseTemplates": {JSON: response}} if response is not None else {}),
                                      **({"responseParameters": parameters} if parameters else {})}}, **more}


def http(uri, method="ANY", kind="http", responses=None, **more):
    return {"type": kind, "httpMethod": method, "uri": uri, "responses": responses or {"default": {"statusCode": "200"}}, **more}


class Served:
    """An API made of `paths` ({path: {method: operation}}), deployed."""

    def __init__(self, local, paths, stage="prod", variables=None, responses=None, **top):
        extra = {"x-amazon-apigateway-gateway-responses": responses} if responses else {}
        document = {"openapi": "3.0.1", "info": {"title": "rows", "version": "1"}, "paths": paths, **extra, **top}
        self.local, self.client, self.stage = local, local.boto3("apigateway"), stage
        self.id = local.serve_api(None, document=json.dumps(document), stage=stage)
        if variables:
            self.update_stage(*({"op": "replace", "path": f"/variables/{name}", "value": value} for name, value in variables.items()))

    def follow(self):
        from conftest import follows
        wait_for(lambda: follows(self.local.metrics()), "the gateway to follow", 10)

    def update_stage(self, *operations, stage=None):
        self.client.update_stage(restApiId=self.id, stageName=stage or self.stage, patchOperations=list(operations))
        self.follow()

    def resource(self, path):
        return next(r["id"] for page in self.client.get_paginator("get_resources").paginate(restApiId=self.id) for r in page["items"] if r["path"] == path)

    def get(self, path, *options):
        return self.local.get(self.id, path, *options, stage=self.stage)

    def post(self, path, body="", content=JSON, *options):
        if isinstance(body, bytes):
            file = self.local.folder / "body"
            file.write_bytes(body)
            body = f"@{file}"
        return self.get(path, "-X", "POST", "--data-binary", body, "-H", f"Content-Type: {content}" if content else "Content-Type:", *options)

    def close(self):
        self.client.delete_rest_api(restApiId=self.id)
