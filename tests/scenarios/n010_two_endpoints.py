# SPDX-License-Identifier: GPL-3.0-or-later
"""Two endpoints in two VPCs that use the very same addresses: one gateway serves both and knows for each connection by which it
came, for associations of APIs and domains, for aws:SourceVpce, aws:SourceVpc and aws:VpcSourceIp, in the kernel and in the pipeline."""
import json

import pytest

from conftest import PETSTORE, Gateway, SERVICE, serve, subnet_settings
from d020_private_custom_domain import import_certificate
from lab.appliance import REGION, VPC, allow, deny, policy
from lab.network import Subnet, run, wait_for

VPCS = [VPC, "vpc-0b1c2d3e4f5061729"]
SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
MANAGEMENT, CLIENT = "127.0.0.1:14583", "10.20.0.10"


@pytest.fixture(scope="module")
def subnets():
    made = [Subnet("pn"), Subnet("po")]
    yield made
    for subnet in made:
        subnet.close()


class Both(Gateway):
    """`vpces` are the two endpoints; `ask(number, …)` asks from the client that is in the subnet of endpoint number."""

    def ask(self, number, api, path="/pets", vpce=None):
        name = f"{api}-{vpce or self.vpces[number]}.execute-api.{REGION}.amazonaws.com"
        return self.clients_of[number].curl(f"https://{name}/prod{path}", resolve=(name, 443, self.ipv4), ca=self.ca)

    def api(self, *statements, endpoints=(0, 1)):
        ids = ",".join(self.vpces[number] for number in endpoints)
        text = PETSTORE.safe_substitute(backend=self.backend.url)
        return serve(self, text, statements, "prod", **({"endpointConfigurationVpcEndpointIds": ids} if ids else {}))


@pytest.fixture(scope="module")
def both(folder, subnets, backend):
    settings = subnet_settings(folder / "both", MANAGEMENT)
    network = settings["networks"][0]
    settings["networks"] = [{**network, "vpc_id": vpc, "subnet_id": subnet, "interface": on.bridge}
                            for vpc, subnet, on in zip(VPCS, SUBNETS, subnets)]
    made = Both(folder / "both", settings, management=MANAGEMENT)
    made.made, made.backend = [], backend
    try:
        made.start()
        made.vpces = [made.boto3("ec2").create_vpc_endpoint(
            VpcId=vpc, VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[subnet],
            IpAddressType="dualstack")["VpcEndpoint"]["VpcEndpointId"] for vpc, subnet in zip(VPCS, SUBNETS)]
        addresses = {tuple(sorted(e["addresses"])) for e in made.postern("status")["endpoints"]}
        assert len(addresses) == 1, "the two endpoints have the same addresses"
        made.ipv4 = next(a for a in addresses.pop() if ":" not in a)
        made.clients_of = [subnet.host(CLIENT) for subnet in subnets]
        yield made
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)


def statuses(both, api, **options):
    """How each endpoint answers its client: a status, or 'refused' by the kernel."""
    answers = [both.ask(number, api, **options) for number in (0, 1)]
    return ["refused" if answer.error == 7 else answer.status for answer in answers]


@pytest.fixture(autouse=True)
def nothing_else(both):
    """No other API behind the endpoints, so that the kernel may drop what the one at hand denies."""
    yield
    client = both.boto3("apigateway")
    for api in client.get_rest_apis(limit=500)["items"]:
        client.delete_rest_api(restApiId=api["id"])


def test_an_api_is_reached_through_the_endpoints_it_is_associated_with(both):
    everywhere, first = both.api(endpoints=(0, 1)), both.api(endpoints=(0,))
    assert statuses(both, everywhere) == [200, 200]
    assert statuses(both, first) == [200, 403]


def test_the_name_of_the_other_endpoint_does_not_lead_there(both):
    api = both.api(endpoints=(1,))
    assert both.ask(1, api).status == 200
    assert both.ask(0, api, vpce=both.vpces[1]).status == 403


@pytest.mark.parametrize("key, values", [("aws:SourceVpce", "vpces"), ("aws:SourceVpc", None)])
def test_a_policy_that_allows_one(both, key, values):
    identity = both.vpces[0] if values else VPCS[0]
    api = both.api({**allow(), "Condition": {"StringEquals": {key: identity}}})
    assert statuses(both, api) == [200, "refused"]
    both.postern("filter", "mode", both.vpces[1], "observe")
    try:
        assert statuses(both, api) == [200, 403]  # the pipeline says the same
    finally:
        both.postern("filter", "mode", both.vpces[1], "reset")


@pytest.mark.parametrize("key, values", [("aws:SourceVpce", "vpces"), ("aws:SourceVpc", None)])
def test_a_policy_that_denies_one(both, key, values):
    identity = both.vpces[0] if values else VPCS[0]
    api = both.api(allow(), deny("NotTheFirst", "StringEquals", key, identity))
    assert statuses(both, api) == ["refused", 200]
    assert both.filter_event(CLIENT, "NotTheFirst", both.vpces[0])["reason"] == "source_denied"


def test_the_same_address_is_judged_by_its_vpc(both):
    """10.20.0.10 of the first VPC and 10.20.0.10 of the second are not the same client."""
    here = {"IpAddress": {"aws:VpcSourceIp": f"{CLIENT}/32"}, "StringEquals": {"aws:SourceVpc": VPCS[1]}}
    api = both.api(allow(), {**allow(), "Effect": "Deny", "Sid": "ThatOne", "Condition": here})
    assert statuses(both, api) == [200, "refused"]


def test_the_kernel_keeps_out_only_whom_every_api_denies(both):
    """An API can be asked for at any endpoint by its private DNS name: so the kernel of the first endpoint may not drop a client
    that the API of the second lets in. Without that one it may, and does."""
    closed = both.api(allow(), deny("Closed", "IpAddress", "aws:VpcSourceIp", CLIENT), endpoints=(0,))
    assert both.ask(0, closed).error == 7
    opened = both.api(endpoints=(1,))
    name = f"{opened}.execute-api.{REGION}.amazonaws.com"
    assert both.clients_of[0].curl(f"https://{name}/prod/pets", resolve=(name, 443, both.ipv4), ca=both.ca).status == 200
    assert both.ask(0, closed).status == 403


def test_a_domain_is_served_where_it_is_associated(both, authority):
    api, name = both.api(), "pets.n010.internal"
    arn = import_certificate(both, authority, name)
    made = both.postern("domain", "create", "--name", name, "--certificate-arn", arn, "--policy", json.dumps(policy(allow())), "--api",
                        api, "--stage", "prod", "--endpoint", both.vpces[0])
    try:
        first, second = (client.curl(f"https://{name}/pets", "-k", resolve=(name, 443, both.ipv4)) for client in both.clients_of)
        assert first.status == 200 and second.status == 403
        trusting = [client.curl(f"https://{name}/pets", resolve=(name, 443, both.ipv4), ca=authority.certificate) for client in both.clients_of]
        assert trusting[0].status == 200
    finally:
        both.postern("domain", "delete", name, "--id", made["domainNameId"])


def test_names_are_answered_at_the_endpoint_they_are_meant_for(both):
    """Each endpoint's DNS answers for its own private name."""
    api = both.api()
    for number, client in enumerate(both.clients_of):
        name = f"{api}-{both.vpces[number]}.execute-api.{REGION}.amazonaws.com"
        assert client.run("dig", "+short", "+time=2", "+tries=1", f"@{both.ipv4}", name, "A").stdout.split() == [both.ipv4]


def test_one_endpoint_goes_and_the_other_serves_on(both, subnets):
    api = both.api()
    assert statuses(both, api) == [200, 200]
    both.boto3("ec2").delete_vpc_endpoints(VpcEndpointIds=[both.vpces[1]])
    wait_for(lambda: both.vpces[1] not in run("ip", "netns", "list").stdout, "the second endpoint's end")
    assert both.ask(0, api).status == 200
    assert both.clients_of[1].connect_milliseconds(both.ipv4, 443, 0.5)[0] != "connected"
