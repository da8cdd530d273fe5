# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's operations on interface endpoints, by boto3: what they check, what they answer, and that what they say is there."""
import json

import botocore.exceptions
import pytest

from conftest import SERVICE
from lab.appliance import SUBNET, VPC, allow, policy
from lab.network import run, wait_for

GOOD = {"VpcId": VPC, "ServiceName": SERVICE, "VpcEndpointType": "Interface", "SubnetIds": [SUBNET], "PrivateDnsEnabled": False}


@pytest.fixture(scope="module")
def ec2(running_gateway):
    return running_gateway.boto3("ec2")


@pytest.fixture
def made(ec2, running_gateway):
    """Endpoints to be removed at the end."""
    ids = []
    yield ids
    if ids:
        assert ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"] == []
    for id in ids:
        wait_for(lambda: f"postern-{id}" not in run("ip", "netns", "list").stdout, "the namespace to be gone")


def failure(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def addresses(appliance, id):
    return next(e["addresses"] for e in appliance.postern("status")["endpoints"] if e["id"] == id)


@pytest.mark.parametrize("change, code, message", [
    ({"VpcId": "vpc-00000000000000000"}, "InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000000000000' does not exist"),
    ({"ServiceName": "com.amazonaws.us-east-1.s3"}, "InvalidServiceName", "The Vpc Endpoint Service 'com.amazonaws.us-east-1.s3' does not exist"),
    ({"SubnetIds": ["subnet-00000000000000000"]}, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-00000000000000000' does not exist"),
    ({"SubnetIds": ["x"]}, "InvalidSubnetId.Malformed",
     "Invalid Subnet Id: 'x' (expecting 'subnet-...; the Id may only contain lowercase alphanumeric characters and a single dash')"),
    ({"SubnetIds": [SUBNET, SUBNET]}, "DuplicateSubnetsInSameZone", f"Found another VPC endpoint subnet in the availability zone of {SUBNET}. "
     "VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service."),
    ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound", "The security group 'sg-00000000000000000' does not exist"),
    ({"RouteTableIds": ["rtb-1"]}, "InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint."),
    ({"PolicyDocument": '{\n "Statement": [}'}, "InvalidPolicyDocument", "The Policy Document is not valid. Syntax error at position (2,16)"),
    ({"PrivateDnsEnabled": True}, "InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
     f"execute-api.us-east-1.amazonaws.com in the VPC {VPC}"),
])
def test_a_bad_endpoint_is_not_made(ec2, running_gateway, change, code, message):
    before = run("ip", "netns", "list").stdout
    assert failure(ec2.create_vpc_endpoint, **{**GOOD, **change}) == (400, code, message)
    assert run("ip", "netns", "list").stdout == before


def test_dry_runs_and_missing_parameters(ec2, running_gateway):
    words = "Request would have succeeded, but DryRun flag is set."
    assert failure(ec2.create_vpc_endpoint, **GOOD, DryRun=True) == (412, "DryRunOperation", words)
    assert failure(ec2.describe_vpc_endpoints, DryRun=True) == (412, "DryRunOperation", words)
    assert failure(ec2.delete_vpc_endpoints, VpcEndpointIds=[running_gateway.vpce], DryRun=True) == (412, "DryRunOperation", words)
    assert failure(ec2.modify_vpc_endpoint, VpcEndpointId=running_gateway.vpce, IpAddressType="ipv4", DryRun=True)[1] == "DryRunOperation"
    assert len(addresses(running_gateway, running_gateway.vpce)) == 2
    assert failure(ec2.describe_instances)[1:] == ("InvalidAction", "The action DescribeInstances is not valid for this web service.")


def test_a_client_token_makes_one_endpoint(ec2, made):
    first = ec2.create_vpc_endpoint(**GOOD, ClientToken="o020")
    made.append(first["VpcEndpoint"]["VpcEndpointId"])
    again = ec2.create_vpc_endpoint(**GOOD, ClientToken="o020")
    assert again["VpcEndpoint"] == first["VpcEndpoint"] and again["ClientToken"] == "o020"
    assert failure(ec2.create_vpc_endpoint, **{**GOOD, "IpAddressType": "ipv6"}, ClientToken="o020")[:2] == (400, "IdempotentParameterMismatch")


def test_what_is_answered_is_there(ec2, running_gateway, made):
    endpoint = ec2.create_vpc_endpoint(**GOOD, TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "team", "Value": "red"}]}])["VpcEndpoint"]
    made.append(endpoint["VpcEndpointId"])
    assert endpoint["State"] == "available" and endpoint["IpAddressType"] == "ipv4" and endpoint["OwnerId"] == "123456789012"
    assert endpoint["Groups"][0]["GroupName"] == "default" and len(endpoint["NetworkInterfaceIds"]) == 1 and endpoint["SubnetIds"] == [SUBNET]
    assert endpoint["DnsEntries"][0]["DnsName"].startswith(endpoint["VpcEndpointId"] + "-") and endpoint["DnsEntries"][0]["HostedZoneId"] == "Z7HUB22UULQXV"
    assert json.loads(endpoint["PolicyDocument"]) == {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}
    [address] = addresses(running_gateway, endpoint["VpcEndpointId"])
    assert f"inet {address}/24" in run("ip", "netns", "exec", f"postern-{endpoint['VpcEndpointId']}", "ip", "addr").stdout

    def found(**filters):
        wanted = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
        return endpoint["VpcEndpointId"] in [e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]]

    assert found(vpc_id=[VPC]) and found(service_name=["x", "*.execute-api"]) and found(vpc_endpoint_type=["Interfac?"]) and found(tag_key=["team"])
    assert found(service_region=["us-east-1"]) and found(ip_address_type=["ipv4"], vpc_endpoint_state=["available"])
    assert not found(vpc_id=["VPC"]) and not found(tag_key=["team"], vpc_id=["x"]) and not found(vpc_endpoint_id=["vpce-00000000000000000"])
    tagged = ec2.describe_vpc_endpoints(Filters=[{"Name": "tag:team", "Values": ["r*"]}])["VpcEndpoints"]
    assert [e["VpcEndpointId"] for e in tagged] == [endpoint["VpcEndpointId"]] and tagged[0] == {**endpoint, "State": tagged[0]["State"]}
    assert failure(ec2.describe_vpc_endpoints, Filters=[{"Name": "x", "Values": ["y"]}]) == (400, "InvalidParameterValue", "The filter 'x' is invalid")
    pages = list(ec2.get_paginator("describe_vpc_endpoints").paginate(PaginationConfig={"PageSize": 1}))
    assert [len(page["VpcEndpoints"]) for page in pages] == [1] * len(pages) and len(pages) >= 2
    assert failure(ec2.describe_vpc_endpoints, MaxResults=0)[1] == "InvalidParameterValue"


def test_the_address_type_can_change(ec2, running_gateway, subnet, made):
    id = ec2.create_vpc_endpoint(**GOOD)["VpcEndpoint"]["VpcEndpointId"]
    made.append(id)
    [ipv4] = addresses(running_gateway, id)
    ec2.modify_vpc_endpoint(VpcEndpointId=id, IpAddressType="dualstack")
    both = addresses(running_gateway, id)
    assert ipv4 in both and len(both) == 2
    ipv6 = next(a for a in both if ":" in a)
    shown = wait_for(lambda: run("ip", "netns", "exec", f"postern-{id}", "ip", "addr", check=False).stdout, "the namespace")
    assert f"inet6 {ipv6}/64" in shown and f"inet {ipv4}/24" in shown
    ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={"DnsRecordIpType": "ipv6"})
    endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"][0]
    assert endpoint["IpAddressType"] == "dualstack" and endpoint["DnsOptions"]["DnsRecordIpType"] == "ipv6"
    ec2.modify_vpc_endpoint(VpcEndpointId=id, IpAddressType="ipv6")
    assert addresses(running_gateway, id) == [ipv6]
    running_gateway.serve_api()
    host = subnet.host("10.20.0.10")
    assert wait_for(lambda: host.connect_milliseconds(ipv6, 443, 1.0)[0] == "connected", "the endpoint made anew")


def test_modify_judges_first(ec2, running_gateway):
    id = running_gateway.vpce
    assert failure(ec2.modify_vpc_endpoint, VpcEndpointId="x")[1:] == ("InvalidVpcEndpointId.Malformed", "Invalid Id: 'x' (expecting 'vpce-...')")
    assert failure(ec2.modify_vpc_endpoint, VpcEndpointId="vpce-00000000000000000")[1] == "InvalidVpcEndpointId.NotFound"
    assert failure(ec2.modify_vpc_endpoint, VpcEndpointId=id, AddRouteTableIds=["rtb-1"])[1] == "InvalidParameter"
    [group] = ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"][0]["Groups"]
    assert failure(ec2.modify_vpc_endpoint, VpcEndpointId=id, RemoveSecurityGroupIds=[group["GroupId"]])[1] == "InvalidParameter"
    assert failure(ec2.modify_vpc_endpoint, VpcEndpointId=id, PolicyDocument="{")[1] == "InvalidPolicyDocument"
    narrow = json.dumps(policy(allow(Resource="*")))
    ec2.modify_vpc_endpoint(VpcEndpointId=id, PolicyDocument=narrow)
    assert json.loads(ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"][0]["PolicyDocument"]) == json.loads(narrow)
    ec2.modify_vpc_endpoint(VpcEndpointId=id, ResetPolicy=True)


def test_delete_lists_what_it_could_not(ec2, running_gateway):
    id = ec2.create_vpc_endpoint(**GOOD)["VpcEndpoint"]["VpcEndpointId"]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-1", id])["Unsuccessful"] == [
        {"Error": {"Code": "InvalidVpcEndpointId.NotFound", "Message": "The Vpc Endpoint Id 'vpce-1' does not exist"}, "ResourceId": "vpce-1"}]
    wait_for(lambda: f"postern-{id}" not in run("ip", "netns", "list").stdout, "the namespace to be gone")
    assert failure(ec2.describe_vpc_endpoints, VpcEndpointIds=[id]) == (
        400, "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{id}' does not exist")


def test_management_can_not_be_reached_from_an_endpoint(running_gateway, subnet):
    inside = ["ip", "netns", "exec", f"postern-{running_gateway.vpce}"]
    assert run(*inside, "curl", "-s", "-m", "2", running_gateway.management + "/ping", check=False).returncode == 7  # refused
    port = running_gateway.management.rsplit(":", 1)[1]
    assert subnet.host("10.20.0.10").connect_milliseconds(running_gateway.ipv4, int(port), 1.0)[0] != "connected"
    assert run("curl", "-s", running_gateway.management + "/ping").stdout.startswith('{"status":"ok"}')
