# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of API Gateway's inputs that act are seen to act by a client of the gateway; what it can't enforce is never served open."""
import json

import pytest

from conftest import follows
from lab.appliance import allow, policy
from lab.calls import patch
from lab.network import wait_for

LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
FORBIDDEN = (403, '{"message":"Forbidden"}')


class Served:
    """An API with GET / that answers with a mock; `changes` are made before it is deployed."""

    def __init__(self, local):
        self.local, self.client = local, local.boto3("apigateway")
        self.id = self.client.create_rest_api(name="t073", endpointConfiguration={"types": ["PRIVATE"]}, policy=json.dumps(policy(allow())))["id"]
        self.root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.method = {"restApiId": self.id, "resourceId": self.root, "httpMethod": "GET"}

    def put(self, method=(), integration=(), response=()):
        header = {"method.response.header.x-answer": True}
        self.client.put_method(**self.method, **{"authorizationType": "NONE", **dict(method)})
        self.client.put_integration(**self.method, **{"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}, **dict(integration)})
        for status in ("200", "404"):
            self.client.put_method_response(**self.method, statusCode=status, responseParameters=header)
        self.client.put_integration_response(**self.method, statusCode="200", **dict(response))
        return self

    def deploy(self, stage="prod", **wanted):
        made = self.client.create_deployment(restApiId=self.id, stageName=stage, **wanted)["id"]
        self.follow()
        return made

    def follow(self):
        wait_for(lambda: follows(self.local.metrics()), "the gateway to follow", 10)

    def update_stage(self, *operations, stage="prod"):
        self.client.update_stage(restApiId=self.id, stageName=stage, patchOperations=list(operations))
        self.follow()

    def get(self, path="/", *options, stage="prod"):
        return self.local.get(self.id, path, *options, stage=stage)


@pytest.fixture
def served(local):
    made = Served(local)
    yield made
    made.client.delete_rest_api(restApiId=made.id)


def seen(answer):
    return answer.status, answer.body


def test_a_stage_is_served_from_its_deployment_on(served):
    served.put(response={"responseTemplates": {"application/json": "one"}})
    first = served.deploy()
    assert seen(served.get()) == (200, "one") and seen(served.get(stage="beta")) == FORBIDDEN
    served.client.update_integration_response(**served.method, statusCode="200", patchOperations=patch("replace", "/responseTemplates/application~1json", "two"))
    served.follow()
    assert seen(served.get()) == (200, "one")
    second = served.client.create_deployment(restApiId=served.id)["id"]
    served.follow()
    assert seen(served.get()) == (200, "one")
    served.update_stage(*patch("replace", "/deploymentId", second))
    assert seen(served.get()) == (200, "two")
    served.update_stage(*patch("replace", "/deploymentId", first))
    assert seen(served.get()) == (200, "one")
    served.client.delete_stage(restApiId=served.id, stageName="prod")
    served.follow()
    assert seen(served.get()) == FORBIDDEN


def test_variables_act_at_once(served):
    served.put(response={"responseParameters": {"method.response.header.x-answer": "stageVariables.v"}}).deploy(variables={"v": "one"})
    assert served.get().headers["x-answer"] == "one"
    served.update_stage(*patch("replace", "/variables/v", "two"))
    assert served.get().headers["x-answer"] == "two"


def test_a_promoted_canary_is_served(served):
    served.put(response={"responseTemplates": {"application/json": "one"}})
    served.deploy()
    served.client.update_integration_response(**served.method, statusCode="200", patchOperations=patch("replace", "/responseTemplates/application~1json", "canary"))
    served.deploy(canarySettings={"percentTraffic": 0.0})
    assert seen(served.get()) == (200, "one")
    served.update_stage({"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"})
    assert seen(served.get()) == (200, "canary")


def test_a_gateway_response_is_the_answer(served):
    served.put().client.put_gateway_response(restApiId=served.id, responseType="MISSING_AUTHENTICATION_TOKEN", statusCode="404", responseParameters={"gatewayresponse.header.x-why": "'none'"},
                                             responseTemplates={"application/json": '{"nothing":$context.error.messageString}'})
    served.deploy()
    answer = served.get("/nowhere")
    assert seen(answer) == (404, '{"nothing":"Missing Authentication Token"}') and answer.headers["x-why"] == "none"


def test_the_default_endpoint_goes_with_the_next_change_of_a_stage(served):
    served.put().deploy()
    served.client.update_rest_api(restApiId=served.id, patchOperations=patch("replace", "/disableExecuteApiEndpoint", "True"))
    served.follow()
    assert served.get().status == 200
    served.update_stage(*patch("replace", "/description", "x"))
    assert seen(served.get()) == FORBIDDEN


def test_a_policy_acts_from_the_deployment_on(served):
    served.put().deploy()
    text = json.dumps(policy(allow(), allow(Effect="Deny", Resource="execute-api:/prod/GET/")))
    served.client.update_rest_api(restApiId=served.id, patchOperations=patch("replace", "/policy", text))
    served.follow()
    assert served.get().status == 200
    served.deploy()
    assert served.get().status == 403


def test_passthrough(served):
    served.put(integration={"passthroughBehavior": "NEVER"}).deploy()
    assert served.get("/", "-H", "Content-Type: text/x-none").status == 415
    assert served.get("/", "-H", "Content-Type: application/json").status == 200


@pytest.mark.parametrize("method", [
    {"authorizationType": "COGNITO_USER_POOLS"}, {"authorizationType": "CUSTOM"}, {"authorizationType": "AWS_IAM"}, {"apiKeyRequired": True}])
def test_nothing_is_served_that_can_not_be_guarded(served, method):
    if method.get("authorizationType") in ("CUSTOM", "COGNITO_USER_POOLS"):
        kind = {"CUSTOM": {"type": "TOKEN", "authorizerUri": LAMBDA, "identitySource": "method.request.header.A"},
                "COGNITO_USER_POOLS": {"type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"], "identitySource": "method.request.header.A"}}
        method = {**method, "authorizerId": served.client.create_authorizer(restApiId=served.id, name="a", **kind[method["authorizationType"]])["id"]}
    served.put(method=method).deploy()
    assert seen(served.get()) == (500, '{"message": "Internal server error"}')


def test_a_domain_that_wants_client_certificates_is_named(local, authority):
    acm, client, name = local.boto3("acm"), local.boto3("apigateway"), "mutual.t073.internal"
    certificate, key = authority.issue(name)
    arn = acm.import_certificate(Certificate=open(certificate, "rb").read(), PrivateKey=open(key, "rb").read())["CertificateArn"]
    client.create_domain_name(domainName=name, regionalCertificateArn=arn, endpointConfiguration={"types": ["REGIONAL"]}, securityPolicy="TLS_1_2",
                              mutualTlsAuthentication={"truststoreUri": "s3://bucket/key"})
    try:
        assert any(name in warning for warning in local.postern("status")["warnings"])
    finally:
        client.delete_domain_name(domainName=name)
        acm.delete_certificate(CertificateArn=arn)
    assert not any(name in warning for warning in local.postern("status").get("warnings", []))
