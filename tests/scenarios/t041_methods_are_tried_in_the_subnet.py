# SPDX-License-Identifier: GPL-3.0-or-later
"""TestInvokeMethod against a real nginx, by an appliance with namespaces, users and sandboxes: the policy that denies everybody is not
asked, and what was changed since the deployment is what is tried."""
import json

from lab.appliance import deny
from lab.backend import PETS
from lab.network import wait_for


def test_pets_are_had_without_the_policy_and_without_a_deployment(gateway, backend):
    client, api = gateway.boto3("apigateway"), gateway.serve_api(deny("Nobody", "IpAddress", "aws:VpcSourceIp", "0.0.0.0/0", "::/0"))
    resources = {r["path"]: r["id"] for r in client.get_resources(restApiId=api)["items"]}
    got = client.test_invoke_method(restApiId=api, resourceId=resources["/pets"], httpMethod="GET", pathWithQueryString="/pets?type=dog")
    assert (got["status"], json.loads(got["body"])) == (200, json.loads(PETS))
    lines = [line.partition(" UTC ")[2][7:] for line in got["log"].splitlines()[1:]]
    assert lines[1] == "HTTP Method: GET, Resource Path: /pets"
    assert [line for line in lines if line.startswith("Sending request to ")] == [f"Sending request to {backend.url}/pets?type=dog"]
    assert lines[-2:] == ["Successfully completed execution", "Method completed with status: 200"]
    assert "Server=nginx" in next(line for line in lines if line.startswith("Endpoint response headers: "))
    wait_for(lambda: len(backend.requests("/pets?type=dog")) == 1, "the line of nginx's log")
    client.update_integration(restApiId=api, resourceId=resources["/pets"], httpMethod="GET",
                              patchOperations=[{"op": "replace", "path": "/uri", "value": f"{backend.url}/pets/3"}])
    assert json.loads(client.test_invoke_method(restApiId=api, resourceId=resources["/pets"], httpMethod="GET")["body"]) == {"id": 3}

