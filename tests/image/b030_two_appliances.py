# SPDX-License-Identifier: GPL-3.0-or-later
"""Two appliances of one image at the same time, told apart by their user-data alone; and a restart, after which each is what it was."""
import pytest

from guest import one_nic, only_from, two_nics
from lab.appliance import VPC, allow


def everything(made):
    """What its management answers, as far as a restart must not change it."""
    with made.from_operator():
        gateway, ec2 = made.boto3("apigateway"), made.boto3("ec2")
        apis = gateway.get_rest_apis(limit=500)["items"]
        answers = [
            apis, *(gateway.get_stages(restApiId=api["id"])["item"] for api in apis),
            *(gateway.get_resources(restApiId=api["id"], embed=["methods"])["items"] for api in apis),
            ec2.describe_vpc_endpoints()["VpcEndpoints"], ec2.describe_security_groups()["SecurityGroups"],
            ec2.describe_security_group_rules()["SecurityGroupRules"], ec2.describe_network_interfaces()["NetworkInterfaces"],
            made.boto3("route53").list_hosted_zones()["HostedZones"]]
    return answers


@pytest.mark.full
def test_each_is_its_own_and_outlives_a_restart(guest, subnet):
    made = [guest(two_nics(subnet, 0), own_disk=True), guest(one_nic(subnet, 1), own_disk=True)]
    for one in made:
        one.boot()
    for one in made:
        one.wait_until_it_serves()
    assert made[0].ca.read_text() != made[1].ca.read_text()
    apis = [one.attach().serve(allow(), only_from(subnet.allowed)) for one in made]
    for one, api in zip(made, apis):
        group = one.aws("ec2", "create-security-group", "--group-name", f"group-of-{one.given.number}", "--description", "kept", "--vpc-id", VPC)
        one.aws("ec2", "authorize-security-group-ingress", "--group-id", group["GroupId"], "--protocol", "tcp", "--port", "443",
                "--cidr", "10.20.0.0/24")
        assert list(one.apis()) == [api]
        one.serves(api)
        one.refuses(subnet.denied)
    before = [everything(one) for one in made]
    for one in made:
        one.switch_off()
    for one in made:
        one.boot()
    for one, api, was in zip(made, apis, before):
        one.wait_until_it_serves()
        assert everything(one) == was
        one.serves(api)
        one.refuses(subnet.denied)
