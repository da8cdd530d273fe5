# SPDX-License-Identifier: GPL-3.0-or-later
"""One `postern apply` leads from nothing to a client in the subnet that resolves the domain's name at the endpoint and is served over
TLS with the operator's certificate; a second one shuts out who may no longer come, and the kernel drops them."""
import pytest

from c010_names_resolve_at_the_endpoint import dig
from lab.appliance import VPC, allow, deny, policy
from lab.network import wait_for
from t080_apply import NO_CHANGES, Estate, document, mock

HOST, DENIED = "10.20.0.10", "10.20.0.66"


@pytest.fixture
def estate(gateway, authority, tmp_path):
    made = Estate(gateway, tmp_path)
    made.domain = f"pets.{made.tag}.corp.test"
    certificate, key = authority.issue(made.domain)
    made.content["apis"][0] |= {"vpcEndpointIds": [gateway.vpce]}
    made.content["domains"] = [{
        "name": made.domain, "certificate": {"certificate": str(certificate), "privateKey": str(key), "chain": str(authority.certificate)},
        "policy": policy(allow()), "mappings": [{"basePath": "v1", "api": made.api, "stage": "prod"}], "vpcEndpointIds": [gateway.vpce],
        "aliases": [{"zone": f"{made.tag}.corp.test", "vpcId": VPC, "endpoint": gateway.vpce}]}]
    yield made
    made.content |= {"apis": [], "domains": []}
    made.apply("--yes", "--prune")


def test_from_files_to_an_answer(gateway, subnet, authority, estate):
    host, denied = subnet.host(HOST), subnet.host(DENIED)
    estate.apply("--yes")
    assert estate.apply("--plan").stdout.strip() == NO_CHANGES
    wait_for(lambda: dig(host, gateway.ipv4, estate.domain, "A") == ("NOERROR", [gateway.ipv4]), "the name")

    def get(client, path="/v1/pets"):
        return client.curl(f"https://{estate.domain}{path}", resolve=(estate.domain, 443, gateway.ipv4), ca=authority.certificate)
    wait_for(lambda: get(host).body == '{"v":1}', "the domain to be served")
    assert get(denied).body == '{"v":1}'

    estate.write("policy.json", policy(allow(), deny("far", "IpAddress", "aws:VpcSourceIp", DENIED)))
    estate.write("pets.yaml", document(pets={"get": mock('{"v":2}')}))
    assert f"policy: Allow -> ExplicitDeny for action: execute-api:Invoke; aws:VpcSourceIp: {DENIED}" in estate.apply("--yes").stdout
    wait_for(lambda: get(host).body == '{"v":2}', "the change to be served")
    wait_for(lambda: get(denied).status != 200, "the policy to be in force")
