# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside the APIs: client certificates, VPC links, the account, authorizers that change, associations that are rejected."""
import datetime
import json
import re
import urllib.parse

import pytest

from lab.appliance import allow, policy
from lab.calls import bad, deployed_api, members, missing, pages, patch, refusal
from lab.network import run
from lab.signed import signed

NO_CERTIFICATE, NO_LINK = missing("Invalid Client Certificate identifier specified"), missing("Invalid Vpc Link identifier specified")
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/nlb/0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/logs"
NO_PERMISSION = ("The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the "
                 "required role policy.")


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture(scope="module")
def certificate(client):
    made = client.generate_client_certificate(description="t012", tags={"a": "b"})
    yield made
    client.delete_client_certificate(clientCertificateId=made["clientCertificateId"])


# -- client certificates ---------------------------------------------------------------------------------------------------

def test_a_certificate_is_real(client, local, certificate, tmp_path):
    assert certificate["ResponseMetadata"]["HTTPStatusCode"] == 201 and re.fullmatch("[a-z0-9]{6}", certificate["clientCertificateId"])
    assert certificate["expirationDate"] - certificate["createdDate"] == datetime.timedelta(days=365)
    assert members(client.get_client_certificate(clientCertificateId=certificate["clientCertificateId"])) == members(certificate)
    file = tmp_path / "certificate.pem"
    file.write_text(certificate["pemEncodedCertificate"])
    text = run("openssl", "x509", "-in", file, "-noout", "-text").stdout
    for words in ("Public-Key: (2048 bit)", "Signature Algorithm: sha256WithRSAEncryption", "Subject: CN = ApiGateway", "Issuer: CN = ApiGateway",
                  "TLS Web Client Authentication", "Digital Signature"):
        assert words in text
    until = datetime.datetime.strptime(re.search("Not After : (.*) GMT", text).group(1), "%b %d %H:%M:%S %Y")
    assert until == certificate["expirationDate"].astimezone(datetime.timezone.utc).replace(tzinfo=None)
    run("openssl", "verify", "-CAfile", file, "-purpose", "sslclient", file)


def test_its_private_key_is_sealed(local, certificate):
    seen = b"".join(path.read_bytes() for path in local.state.rglob("store.db*"))
    assert certificate["clientCertificateId"].encode() in seen and b"PRIVATE KEY" not in seen and b"sealedKey" in seen


def test_certificates_change_and_are_listed(client, certificate):
    name = certificate["clientCertificateId"]
    other = client.generate_client_certificate()["clientCertificateId"]
    assert {item["clientCertificateId"] for item in pages(client.get_client_certificates, 1)} >= {name, other}
    changed = client.update_client_certificate(clientCertificateId=name, patchOperations=patch("replace", "/description", "new"))
    assert changed["description"] == "new" and members(changed) == members(client.get_client_certificate(clientCertificateId=name))
    client.delete_client_certificate(clientCertificateId=other)
    assert refusal(client.get_client_certificate, clientCertificateId=other) == NO_CERTIFICATE


@pytest.mark.parametrize("operation, message", [
    (("add", "/description", "x"), "Invalid patch path  '/description' specified for op 'add'. Please choose supported operations"),
    (("replace", "/expirationDate", "x"), "Invalid patch path  '/expirationDate' specified for op 'replace'. Must be one of: [/description]"),
])
def test_refused_certificates(client, certificate, operation, message):
    assert refusal(client.update_client_certificate, clientCertificateId=certificate["clientCertificateId"], patchOperations=patch(*operation)) == bad(message)
    for call in (client.get_client_certificate, client.update_client_certificate, client.delete_client_certificate):
        assert refusal(call, clientCertificateId="nonono") == NO_CERTIFICATE


def test_tags_of_certificates(client, certificate):
    arn = f"arn:aws:apigateway:us-east-1::/clientcertificates/{certificate['clientCertificateId']}"
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    shown = client.get_client_certificate(clientCertificateId=certificate["clientCertificateId"])
    assert client.get_tags(resourceArn=arn)["tags"] == shown["tags"] == {"c": "d"}
    client.untag_resource(resourceArn=arn, tagKeys=["c"])
    client.tag_resource(resourceArn=arn, tags={"a": "b"})


def test_a_certificate_in_use_stays(client, certificate):
    name, api = certificate["clientCertificateId"], deployed_api(client, "dev")
    client.update_stage(restApiId=api, stageName="dev", patchOperations=patch("replace", "/clientCertificateId", name))
    assert refusal(client.delete_client_certificate, clientCertificateId=name) == bad(
        f"Cannot delete client certificate. Client certificate '{name}', is referenced in [{api}:dev] in format of [RESTApiId:Stage].")
    client.delete_rest_api(restApiId=api)


# -- VPC links --------------------------------------------------------------------------------------------------------------

@pytest.fixture
def balancer(local):
    elbv2 = local.boto3("elbv2")
    made = elbv2.create_load_balancer(Name="t012", Type="network", Subnets=["subnet-0a"])["LoadBalancers"][0]["LoadBalancerArn"]
    yield made
    elbv2.delete_load_balancer(LoadBalancerArn=made)


@pytest.fixture
def link(client, balancer):
    made = client.create_vpc_link(name="t012", description="d", targetArns=[balancer])
    yield made
    client.delete_vpc_link(vpcLinkId=made["id"])


def test_a_link_is_pending_and_then_there(client, link, balancer):
    assert link["ResponseMetadata"]["HTTPStatusCode"] == 202
    asked = {"id": link["id"], "name": "t012", "description": "d", "targetArns": [balancer]}
    assert members(link) == {**asked, "status": "PENDING"}
    assert members(client.get_vpc_link(vpcLinkId=link["id"])) == {
        **asked, "status": "AVAILABLE", "statusMessage": "Your vpc link is ready for use", "tags": {}}


@pytest.mark.parametrize("wanted, message", [
    ({"name": ""}, bad("Name cannot be empty")),
    ({"targetArns": ["invalid-arn"]}, bad("Invalid ARN. ARN is not well formed invalid-arn")),
    ({"targetArns": ["arn:aws:x"]}, bad("Invalid ARN. ARN is not well formed arn:aws:x")),
    ({"targetArns": []}, bad("No target arn specified for vpc link.")),
    ({"targetArns": [BALANCER, BALANCER]}, bad("More than one target arn specified for vpc link.")),
])
def test_a_bad_link_is_not_made(client, wanted, message):
    assert refusal(client.create_vpc_link, **{"name": "x", "targetArns": [BALANCER], **wanted}) == message


@pytest.mark.parametrize("member", ["name", "description"])
def test_links_change(client, link, member):
    changed = client.update_vpc_link(vpcLinkId=link["id"], patchOperations=patch("replace", f"/{member}", "new"))
    assert changed[member] == "new" and members(changed) == members(client.get_vpc_link(vpcLinkId=link["id"]))


@pytest.mark.parametrize("operation, message", [
    (("replace", "/name", ""), "Name cannot be empty"),
    (("replace", "/targetArns", BALANCER), "Target arns are not allowed to be changed/added."),
    (("add", "/name", "x"), "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations"),
    (("replace", "/status", "x"), "Invalid patch path  '/status' specified for op 'replace'. Must be one of: [/name, /description]"),
])
def test_refused_links(client, link, operation, message):
    assert refusal(client.update_vpc_link, vpcLinkId=link["id"], patchOperations=patch(*operation)) == bad(message)
    for call in (client.get_vpc_link, client.update_vpc_link, client.delete_vpc_link):
        assert refusal(call, vpcLinkId="nonono") == NO_LINK


def test_links_in_pages_with_tags_and_a_quota(client, link):
    made = [client.create_vpc_link(name=f"t012-{index}", targetArns=[BALANCER], tags={"n": str(index)})["id"] for index in range(19)]
    full = "Maximum number of VPC Links has been reached. Please contact AWS if you need additional VPC Links."
    assert refusal(client.create_vpc_link, name="x", targetArns=[BALANCER]) == (429, "LimitExceededException", full)
    found = [item["id"] for item in pages(client.get_vpc_links, 7)]
    assert len(found) == 20 and set(found) == {*made, link["id"]}
    arn = f"arn:aws:apigateway:us-east-1::/vpclinks/{made[0]}"
    client.tag_resource(resourceArn=arn, tags={"a": "b"})
    client.untag_resource(resourceArn=arn, tagKeys=["n"])
    assert client.get_vpc_link(vpcLinkId=made[0])["tags"] == client.get_tags(resourceArn=arn)["tags"] == {"a": "b"}
    for name in made:
        client.delete_vpc_link(vpcLinkId=name)


def test_a_link_in_use_stays(client, link):
    api, name = deployed_api(client), link["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://nlb.internal/",
                           connectionType="VPC_LINK", connectionId=name)
    words = f"Cannot delete vpc link. Vpc link '{name}', is referenced in "
    assert refusal(client.delete_vpc_link, vpcLinkId=name) == bad(f"{words}[{api}:GET:{root}] in format of [RESTApiId:Method:Resource].")
    client.create_deployment(restApiId=api, stageName="dev")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    assert refusal(client.delete_vpc_link, vpcLinkId=name) == bad(f"{words}[{api}:GET:{root}:dev] in format of [RESTApiId:Method:Resource:Stage].")
    client.delete_rest_api(restApiId=api)


# -- the account --------------------------------------------------------------------------------------------------------------

ACCOUNT = {"throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}, "features": ["UsagePlans"], "apiKeyVersion": "4"}


def test_the_account(client):
    update = lambda *operation: members(client.update_account(patchOperations=patch(*operation)))
    assert members(client.get_account()) == ACCOUNT
    assert update("replace", "/cloudwatchRoleArn", ROLE) == {**ACCOUNT, "cloudwatchRoleArn": ROLE} == members(client.get_account())
    assert update("add", "/features", "UsagePlans") == {**ACCOUNT, "cloudwatchRoleArn": ROLE}
    assert update("replace", "/cloudwatchRoleArn", "") == ACCOUNT == members(client.get_account())


@pytest.mark.parametrize("operation, message", [
    (("replace", "/cloudwatchRoleArn", "logs"), "Invalid ARN specified in the request"),
    (("replace", "/cloudwatchRoleArn", "arn:aws:iam::123456789012:user/x"), NO_PERMISSION),
    (("replace", "/cloudwatchRoleArn", "arn:aws:iam::999999999999:role/x"), NO_PERMISSION),
    (("add", "/features", "nonono"), "Invalid feature specified. Must be one of: [UsagePlans]"),
    (("remove", "/features", "UsagePlans"), "The feature UsagePlans cannot be removed"),
    (("replace", "/features", "x"), "Invalid patch path  '/features' specified for op 'replace'. Must be one of: [/cloudwatchRoleArn]"),
    (("remove", "/cloudwatchRoleArn"), "Invalid patch path  '/cloudwatchRoleArn' specified for op 'remove'. Must be one of: [/features]"),
    (("replace", "/apiKeyVersion", "5"), "Invalid patch path  '/apiKeyVersion' specified for op 'replace'. Must be one of: [/cloudwatchRoleArn]"),
])
def test_refused_accounts(client, operation, message):
    assert refusal(client.update_account, patchOperations=patch(*operation)) == bad(message)
    assert members(client.get_account()) == ACCOUNT


# -- authorizers ------------------------------------------------------------------------------------------------------------------

URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc"
TTL = "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds."
REPLACEABLE = ("/authorizerUri, /authorizerCredentials, /authorizerResultTtlInSeconds, /authType, /identitySource, "
               "/identityValidationExpression, /name, /type")


@pytest.fixture(scope="module")
def api(client):
    made = client.create_rest_api(name="t012")["id"]
    client.create_authorizer(restApiId=made, name="taken", type="TOKEN", authorizerUri=URI, identitySource="method.request.header.Auth")
    yield made
    client.delete_rest_api(restApiId=made)


@pytest.fixture
def authorizer(client, api):
    made = client.create_authorizer(restApiId=api, name="a", type="TOKEN", authorizerUri=URI, identitySource="method.request.header.Auth")
    yield {"restApiId": api, "authorizerId": made["id"]}
    client.delete_authorizer(restApiId=api, authorizerId=made["id"])


@pytest.mark.parametrize("operation, member, value", [
    (("replace", "/name", "b"), "name", "b"),
    (("replace", "/type", "REQUEST"), "type", "REQUEST"),
    (("replace", "/authType", "own"), "authType", "own"),
    (("replace", "/authorizerUri", URI + "2"), "authorizerUri", URI + "2"),
    (("replace", "/authorizerCredentials", ROLE), "authorizerCredentials", ROLE),
    (("replace", "/authorizerResultTtlInSeconds", "0"), "authorizerResultTtlInSeconds", 0),
    (("replace", "/identityValidationExpression", "^x"), "identityValidationExpression", "^x"),
    (("replace", "/identitySource", "method.request.header.B"), "identitySource", "method.request.header.B"),
    (("add", "/identitySource", "method.request.header.C"), "identitySource", "method.request.header.C"),
    (("add", "/providerARNs", POOL), "providerARNs", [POOL]),
])
def test_authorizers_change(client, authorizer, operation, member, value):
    changed = client.update_authorizer(patchOperations=patch(*operation), **authorizer)
    assert changed[member] == value and members(changed) == members(client.get_authorizer(**authorizer))


@pytest.mark.parametrize("operation, message", [
    (("replace", "/id", "x"), f"Invalid patch path  '/id' specified for op 'replace'. Must be one of: [{REPLACEABLE}]"),
    (("add", "/name", "x"), "Invalid patch path  '/name' specified for op 'add'. Must be one of: [/identitySource, /providerARNs]"),
    (("move", "/name"), "Invalid patch path  '/name' specified for op 'move'. Please choose supported operations"),
    (("replace", "/name", ""), "Authorizer name cannot be empty"),
    (("replace", "/name", "taken"), "Authorizer name must be unique. Authorizer taken already exists in this RestApi."),
    (("replace", "/authorizerResultTtlInSeconds", "3601"), TTL),
    (("replace", "/authorizerResultTtlInSeconds", "soon"), TTL),
    (("replace", "/type", "JWT"), "Invalid authorizer type specified. Must be one of: [TOKEN, REQUEST, COGNITO_USER_POOLS]"),
    (("replace", "/type", "COGNITO_USER_POOLS"), "ProviderARNs cannot be empty"),
    (("remove", "/identitySource"), "IdentitySource cannot be empty"),
    (("add", "/providerARNs", "pool"), "Invalid ARN specified in the request"),
])
def test_refused_authorizers(client, authorizer, operation, message):
    before = members(client.get_authorizer(**authorizer))
    assert refusal(client.update_authorizer, patchOperations=patch(*operation), **authorizer) == bad(message)
    assert members(client.get_authorizer(**authorizer)) == before
    assert refusal(client.update_authorizer, **{**authorizer, "authorizerId": "nonono"}) == missing("Invalid Authorizer identifier specified")


def test_pools_come_and_go(client, api):
    made = client.create_authorizer(restApiId=api, name="pools", type="COGNITO_USER_POOLS", providerARNs=[POOL])["id"]
    update = lambda op, pool: client.update_authorizer(restApiId=api, authorizerId=made, patchOperations=patch(op, "/providerARNs", pool))["providerARNs"]
    assert update("add", POOL + "2") == [POOL, POOL + "2"] and update("remove", POOL) == [POOL + "2"]
    client.delete_authorizer(restApiId=api, authorizerId=made)


# -- access associations of domains --------------------------------------------------------------------------------------------------

@pytest.fixture
def association(local, authority):
    certificate, key = (open(path, "rb").read() for path in authority.issue("t012.internal"))
    acm = local.boto3("acm")
    arn = acm.import_certificate(Certificate=certificate, PrivateKey=key, CertificateChain=open(authority.certificate, "rb").read())["CertificateArn"]
    domain = signed(local, "POST", "/domainnames", {"domainName": "t012.internal", "certificateArn": arn, "policy": json.dumps(policy(allow())),
                                                    "endpointConfiguration": {"types": ["PRIVATE"]}}).body
    vpce = local.boto3("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]["VpcEndpointId"]
    made = signed(local, "POST", "/domainnameaccessassociations",
                  {"domainNameArn": domain["domainNameArn"], "accessAssociationSource": vpce, "accessAssociationSourceType": "VPCE"})
    yield made.body
    signed(local, "DELETE", f"/domainnames/t012.internal?domainNameId={domain['domainNameId']}")
    acm.delete_certificate(CertificateArn=arn)


def test_an_association_is_rejected(local, association):
    def reject(**change):
        query = {name: association[name] for name in ("domainNameAccessAssociationArn", "domainNameArn")}
        return signed(local, "POST", "/rejectdomainnameaccessassociations?" + urllib.parse.urlencode({**query, **change}))
    other = reject(domainNameArn=association["domainNameArn"] + "x")
    assert (other.status, other.code, other.message) == missing("Invalid domain name identifier specified")
    done = reject()
    assert (done.status, done.body) == (202, "")
    gone = reject()
    assert (gone.status, gone.code, gone.message) == missing("Invalid domain name access association identifier specified")
    assert signed(local, "GET", "/domainnameaccessassociations").body["item"] == []
    none = signed(local, "POST", "/rejectdomainnameaccessassociations")
    assert (none.status, none.code) == (400, "ValidationException") and none.message.startswith("2 validation errors detected: ")
