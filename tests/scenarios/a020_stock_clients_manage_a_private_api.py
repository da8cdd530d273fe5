# SPDX-License-Identifier: GPL-3.0-or-later
"""aws, boto3 and curl from nothing to a served private API, and AWS's own refusals on the way."""
import json

import pytest

from conftest import PETSTORE
from lab.appliance import ACCOUNT, REGION, allow, deny, policy
from lab.backend import PETS

ARN = f"arn:aws:execute-api:{REGION}:********{ACCOUNT[-4:]}:"


def test_import_policy_deploy_and_call(local, backend):
    api = local.import_api(PETSTORE.safe_substitute(backend=backend.url))
    code, text = local.aws_error("apigateway", "create-deployment", "--rest-api-id", api, "--stage-name", "prod")
    assert code == "BadRequestException" and "Private REST API doesn't have a resource policy attached to it" in text
    local.put_policy(api, policy(allow()))
    local.deploy(api)
    answer = local.get(api)
    assert (answer.status, answer.body) == (200, PETS)
    assert local.get(api, "/pets/2").body == '{"id":2}'
    assert local.get(api, "/store/headers?a=b%20c").json()["query"] == "a=b%20c"
    assert local.get(api, "/health").json() == {"status": "fine"}


def test_the_same_made_call_by_call_with_boto3(local, backend):
    client = local.boto3("apigateway")
    api = client.create_rest_api(name="by hand", endpointConfiguration={"types": ["PRIVATE"]},
                                 policy=json.dumps(policy(allow())))["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    pets = client.create_resource(restApiId=api, parentId=root, pathPart="pets")["id"]
    client.put_method(restApiId=api, resourceId=pets, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=pets, httpMethod="GET", type="HTTP_PROXY", integrationHttpMethod="GET",
                           uri=f"{backend.url}/pets")
    client.create_deployment(restApiId=api, stageName="prod")
    assert local.get(api).body == PETS
    client.delete_rest_api(restApiId=api)
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_rest_api(restApiId=api)


def test_nothing_acts_before_it_is_deployed(local, backend):
    api = local.serve_api(backend.url)
    local.put_policy(api, policy(allow(), deny("Everybody", "Bool", "aws:SecureTransport", "true")))
    assert local.get(api).status == 200
    local.deploy(api)
    answer = local.get(api)
    assert answer.status == 403 and answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert answer.body == json.dumps({"Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {ARN}{api}"
                                      "/prod/GET/pets with an explicit deny in a resource-based policy"}, separators=(",", ":"))


def test_an_implicit_deny_has_its_own_text(local, backend):
    api = local.serve_api(backend.url, allow(Resource="execute-api:/prod/GET/health"))
    assert local.get(api, "/health").status == 200
    answer = local.get(api)
    assert answer.status == 403
    assert answer.json()["Message"] == (f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {ARN}{api}"
                                        "/prod/GET/pets because no resource-based policy allows the execute-api:Invoke action")


def test_unknown_routes_and_stages(local, backend):
    api = local.serve_api(backend.url)
    for path, body, kind in (("/nosuch", "Missing Authentication Token", "MissingAuthenticationTokenException"),):
        answer = local.get(api, path)
        assert (answer.status, answer.body) == (403, json.dumps({"message": body}, separators=(",", ":")))
        assert answer.headers["x-amzn-errortype"] == kind
    answer = local.get(api, stage="nosuch")
    assert (answer.status, answer.body) == (403, '{"message":"Forbidden"}')


def test_the_policy_reads_back_as_aws_prints_it(local, backend):
    api = local.serve_api(backend.url)
    escaped = local.aws("apigateway", "get-rest-api", "--rest-api-id", api)["policy"]
    assert escaped.startswith('{\\"Version\\"')
    read = json.loads(json.loads(f'"{escaped}"'))
    assert read["Statement"][0]["Resource"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*"


@pytest.mark.parametrize("change, code", [
    ({"access": "AKIAAAAAAAAAAAAAAAAA"}, "UnrecognizedClientException"), ({"secret": "x" * 40}, "InvalidSignatureException")])
def test_wrong_keys_are_refused(local, change, code):
    import boto3
    import botocore.exceptions
    from botocore.config import Config
    key, secret = local.credentials()
    client = boto3.client("apigateway", endpoint_url=local.management, region_name=REGION, aws_access_key_id=change.get("access", key),
                          aws_secret_access_key=change.get("secret", secret), config=Config(retries={"max_attempts": 0}))
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client.get_rest_apis()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
