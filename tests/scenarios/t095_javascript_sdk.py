# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS SDK for JavaScript: the operations and members that are newer than the stock Python client of Debian."""
import json

import pytest

from d020_private_custom_domain import import_certificate
from lab.appliance import ACCOUNT, REGION, allow, policy
from lab.javascript import node, packages, version

NODE_MAJOR = version()[0]
CLIENTS = ["client-api-gateway-18", pytest.param("client-api-gateway-current", marks=pytest.mark.skipif(
    NODE_MAJOR < 20, reason=f"the newest SDK needs Node 20, this is Node {NODE_MAJOR}"))]


@pytest.fixture(params=CLIENTS)
def script(request, local):
    """script(program): its answer; `send(name, input)` in it makes a call, `fails(name, input)` one that is refused."""
    folder = packages(local.build)

    def run(program):
        return node(f"""
            const sdk = require("{request.param}");
            const client = new sdk.APIGatewayClient({{ endpoint: "{local.management}", region: "{REGION}", maxAttempts: 1 }});
            const send = (name, input) => client.send(new sdk[name + "Command"](input));
            const fails = (name, input) => send(name, input).then(() => "no failure",
                (error) => [error.$metadata.httpStatusCode, error.name, error.message]);
            {program}""", folder=folder, environment=local.environment())
    return run


def test_access_associations(script, local, authority):
    certificate = import_certificate(local, authority, "js.t095.internal")
    vpce = local.boto3("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]["VpcEndpointId"]
    found = script(f"""
        const domain = await send("CreateDomainName", {{ domainName: "js.t095.internal", certificateArn: "{certificate}",
            endpointConfiguration: {{ types: ["PRIVATE"] }}, securityPolicy: "TLS_1_2", policy: {json.dumps(json.dumps(policy(allow())))} }});
        const input = {{ domainNameArn: domain.domainNameArn, accessAssociationSourceType: "VPCE", accessAssociationSource: "{vpce}" }};
        const made = await send("CreateDomainNameAccessAssociation", input);
        const again = await fails("CreateDomainNameAccessAssociation", input);
        const listed = (await send("GetDomainNameAccessAssociations", {{ resourceOwner: "SELF" }})).items;
        const arn = made.domainNameAccessAssociationArn;
        await send("DeleteDomainNameAccessAssociation", {{ domainNameAccessAssociationArn: arn }});
        const second = (await send("CreateDomainNameAccessAssociation", input)).domainNameAccessAssociationArn;
        await send("RejectDomainNameAccessAssociation", {{ domainNameAccessAssociationArn: second, domainNameArn: domain.domainNameArn }});
        const gone = await fails("RejectDomainNameAccessAssociation", {{ domainNameAccessAssociationArn: second, domainNameArn: domain.domainNameArn }});
        const left = (await send("GetDomainNameAccessAssociations", {{}})).items;
        await send("DeleteDomainName", {{ domainName: "js.t095.internal", domainNameId: domain.domainNameId }});
        console.log(JSON.stringify({{ domain, made, again, listed: listed.map((one) => one.domainNameAccessAssociationArn), gone,
            left: left.length }}));""")
    assert found["domain"]["domainNameArn"].startswith(f"arn:aws:apigateway:{REGION}:{ACCOUNT}:/domainnames/js.t095.internal+")
    assert found["made"]["accessAssociationSource"] == vpce
    assert found["again"][:2] == [409, "ConflictException"] and found["gone"][:2] == [404, "NotFoundException"]
    assert found["listed"] == [found["made"]["domainNameAccessAssociationArn"]] and found["left"] == 0


def test_newer_members(script):
    found = script("""
        const api = await send("CreateRestApi", { name: "t095", endpointConfiguration: { types: ["PRIVATE"], ipAddressType: "dualstack" },
            tags: { owner: "t095" } });
        const method = { restApiId: api.id, resourceId: api.rootResourceId, httpMethod: "GET" };
        await send("PutMethod", { ...method, authorizationType: "NONE" });
        const integration = await send("PutIntegration", { ...method, type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: "https://back.example/x",
            responseTransferMode: "BUFFERED", tlsConfig: { insecureSkipVerification: true } });
        const patched = await send("UpdateIntegration", { ...method, patchOperations: [
            { op: "replace", path: "/tlsConfig/insecureSkipVerification", value: "false" }] });
        const refused = await fails("CreateRestApi", { name: "t095", endpointConfiguration: { types: ["PRIVATE"], ipAddressType: "ipv4" } });
        const read = await send("GetRestApi", { restApiId: api.id });
        await send("DeleteRestApi", { restApiId: api.id });
        const gone = await fails("GetRestApi", { restApiId: api.id });
        console.log(JSON.stringify({ api, integration, patched, refused, read, gone, created: read.createdDate instanceof Date }));""")
    assert found["api"]["endpointConfiguration"] == {"types": ["PRIVATE"], "ipAddressType": "dualstack"}
    assert found["integration"]["responseTransferMode"] == "BUFFERED" and found["integration"]["tlsConfig"] == {"insecureSkipVerification": True}
    assert found["patched"]["tlsConfig"] == {"insecureSkipVerification": False}
    assert found["refused"] == [400, "BadRequestException", "Only dualstack ipAddressType is supported for Private APIs."]
    assert found["read"]["tags"] == {"owner": "t095"} and found["created"]
    assert found["gone"] == [404, "NotFoundException", f"Invalid API identifier specified {ACCOUNT}:{found['api']['id']}"]
