# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups decide who reaches an endpoint's port 443 before any policy is asked; a change acts within the call. DNS is not
theirs to decide."""
import botocore.exceptions
import pytest

from conftest import SERVICE
from lab.appliance import SUBNET, VPC
from lab.network import run, wait_for

FIRST, SECOND, ROUTER = "10.20.0.10", "10.20.0.66", "10.20.0.1"


def failure(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def rule(cidr, first=443, last=None, protocol="tcp"):
    ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
    return [{"IpProtocol": protocol, "FromPort": first, "ToPort": last or first, **ranges}]


def outcome(host, address):
    return host.connect_milliseconds(address, 443, 1.0)[0]


def resolves(gateway, host):
    return host.run("dig", "+short", "+tries=1", "+time=2", f"@{gateway.ipv4}", gateway.vpce_name, "A").stdout.strip() == gateway.ipv4


@pytest.fixture(scope="module")
def ec2(running_gateway):
    return running_gateway.boto3("ec2")


@pytest.fixture
def groups(gateway, ec2):
    """Make groups; the endpoint has those of `groups.use()`, and its own again at the end."""
    class Groups:
        made = []

        @property
        def used(self):
            return [g["GroupId"] for g in ec2.describe_vpc_endpoints(VpcEndpointIds=[gateway.vpce])["VpcEndpoints"][0]["Groups"]]

        def make(self, *permissions):
            name = f"q010-{len(self.made)}"
            self.made.append(ec2.create_security_group(GroupName=name, Description="scenario", VpcId=VPC)["GroupId"])
            for permission in permissions:
                ec2.authorize_security_group_ingress(GroupId=self.made[-1], IpPermissions=permission)
            return self.made[-1]

        def use(self, *ids):
            used = self.used
            ec2.modify_vpc_endpoint(VpcEndpointId=gateway.vpce, AddSecurityGroupIds=[i for i in ids if i not in used],
                                    RemoveSecurityGroupIds=[i for i in used if i not in ids])

    made = Groups()
    made.made = []
    original = made.used
    yield made
    made.use(*original)
    for group in made.made:
        ec2.delete_security_group(GroupId=group)


def test_only_whom_a_group_admits_is_served(gateway, subnet, groups):
    """With the aws command line, as an operator does it."""
    first, second = subnet.host(FIRST), subnet.host(SECOND)
    api = gateway.serve_api()
    [default] = groups.used
    assert gateway.get(first, api).status == gateway.get(second, api).status == 200
    group = gateway.aws("ec2", "create-security-group", "--group-name", "clients", "--description", "who may call", "--vpc-id", VPC)["GroupId"]
    groups.made.append(group)
    gateway.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", f"{FIRST}/32")
    gateway.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", gateway.vpce, "--add-security-group-ids", group,
                "--remove-security-group-ids", default)
    assert gateway.get(first, api).status == 200
    before = gateway.dropped("source_not_admitted")
    ended, milliseconds = second.connect_milliseconds(gateway.ipv4, 443)
    assert ended == "refused" and milliseconds < 50
    wait_for(lambda: gateway.dropped("source_not_admitted") > before, "the drop to be counted")
    event = gateway.filter_event(SECOND)
    assert (event["reason"], event["port"], event["reset"]) == ("source_not_admitted", 443, True)
    assert resolves(gateway, first) and resolves(gateway, second)
    shown = {p["prefix"]: p["services"] for p in gateway.postern("filter", "show", gateway.vpce)["prefixes"]}
    assert shown[f"{FIRST}/32"] == ["https", "dns"] and "https" not in shown["10.20.0.0/24"] and "dns" in shown["10.20.0.0/24"]

    added = gateway.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443",
                        "--cidr", f"{SECOND}/32")["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    assert gateway.get(second, api).status == 200
    gateway.aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--security-group-rule-ids", added)
    assert outcome(second, gateway.ipv4) == "refused" and gateway.get(first, api).status == 200
    code, text = gateway.aws_error("ec2", "delete-security-group", "--group-id", group)
    assert code == "DependencyViolation" and f"resource {group} has a dependent object" in text


def test_other_ports_and_protocols_admit_nobody(gateway, subnet, groups, ec2):
    host = subnet.host(FIRST)
    group = groups.make(rule("0.0.0.0/0", 80), rule("0.0.0.0/0", 444, 65535), rule("0.0.0.0/0", 443, protocol="udp"), rule("0.0.0.0/0", 1, 442))
    groups.use(group)
    assert outcome(host, gateway.ipv4) == "refused" and resolves(gateway, host)
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule(f"{FIRST}/32", 400, 500))
    assert outcome(host, gateway.ipv4) == "connected"
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule(f"{FIRST}/32", 400, 500))
    assert outcome(host, gateway.ipv4) == "refused"
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": f"{FIRST}/32"}]}])
    assert outcome(host, gateway.ipv4) == "connected"


def test_groups_add_up_and_families_are_two(gateway, subnet, groups, ec2):
    first, second = subnet.host(FIRST), subnet.host(SECOND)
    one, two = groups.make(rule(f"{FIRST}/32")), groups.make(rule(f"{SECOND}/32"), rule(f"{first.addresses[1]}/128"))
    groups.use(one)
    assert [outcome(h, gateway.ipv4) for h in (first, second)] == ["connected", "refused"]
    assert [outcome(h, gateway.ipv6) for h in (first, second)] == ["refused", "refused"]
    groups.use(one, two)
    assert [outcome(h, gateway.ipv4) for h in (first, second)] == ["connected", "connected"]
    assert [outcome(h, gateway.ipv6) for h in (first, second)] == ["connected", "refused"]
    groups.use(two)
    assert [outcome(h, gateway.ipv4) for h in (first, second)] == ["refused", "connected"]
    gateway.mode("drop")
    assert outcome(first, gateway.ipv4) == "silent"


def test_everything_of_one_family_is_nothing_of_the_other(gateway, subnet, groups):
    host = subnet.host(FIRST)
    groups.use(groups.make(rule("::/0")))
    assert (outcome(host, gateway.ipv4), outcome(host, gateway.ipv6)) == ("refused", "connected")
    groups.use(groups.make(rule("0.0.0.0/0")))
    assert (outcome(host, gateway.ipv4), outcome(host, gateway.ipv6)) == ("connected", "refused")


def test_sources_outside_of_the_vpc_need_a_rule_of_their_own(gateway, subnet, groups, ec2):
    """A peered network behind the subnet's router."""
    router = subnet.host(ROUTER)
    run("ip", "-n", router.name, "address", "replace", "10.77.0.5/32", "dev", "lo")
    run("ip", "-n", f"postern-{gateway.vpce}", "route", "replace", "10.77.0.0/16", "via", ROUTER)
    api = gateway.serve_api()
    peer = ("--interface", "10.77.0.5", "--connect-timeout", "1")
    assert gateway.get(router, api, "/pets", *peer).error != 0
    group = groups.make(rule("10.77.0.0/16"))
    groups.use(*groups.used, group)
    assert gateway.get(router, api, "/pets", *peer).status == 200
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule("10.77.0.0/16"))
    assert gateway.get(router, api, "/pets", *peer).error != 0


def test_the_default_group_is_changed_like_any_other(gateway, subnet, groups, ec2):
    host = subnet.host(FIRST)
    [default] = groups.used
    [shown] = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [VPC]}, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    assert shown["GroupId"] == default and shown["Description"] == "default VPC security group"
    [inbound] = shown["IpPermissions"]
    assert [r["CidrIp"] for r in inbound["IpRanges"]] == ["10.20.0.0/24"] and [r["CidrIpv6"] for r in inbound["Ipv6Ranges"]] == ["fd20:5071:e2::/64"]
    assert outcome(host, gateway.ipv4) == "connected"
    ec2.revoke_security_group_ingress(GroupId=default, IpPermissions=[inbound])
    try:
        assert ec2.describe_security_groups(GroupIds=[default])["SecurityGroups"][0]["IpPermissions"] == []
        assert outcome(host, gateway.ipv4) == outcome(host, gateway.ipv6) == "refused"
    finally:
        ec2.authorize_security_group_ingress(GroupId=default, IpPermissions=[inbound])
    assert outcome(host, gateway.ipv4) == outcome(host, gateway.ipv6) == "connected"
    assert failure(ec2.delete_security_group, GroupId=default)[0] == "CannotDelete"


def test_what_terraform_does(gateway, ec2):
    """aws_security_group with inline rules and aws_vpc_endpoint with it: created, read, changed, destroyed."""
    tags = [{"Key": "Name", "Value": "tf"}]
    group = ec2.create_security_group(GroupName="tf", Description="Managed by Terraform", VpcId=VPC,
                                      TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])["GroupId"]
    [read] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert (read["GroupName"], read["VpcId"], read["OwnerId"], read["Tags"], read["IpPermissions"]) == ("tf", VPC, "123456789012", tags, [])
    everything = {"IpProtocol": "-1", "UserIdGroupPairs": [], "PrefixListIds": []}
    assert read["IpPermissionsEgress"] == [{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    for range in ({"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}):
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[{"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, **range}])
    inbound = {"FromPort": 443, "ToPort": 443, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.20.0.0/24", "Description": "clients"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[inbound])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    [read] = ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroups"]
    assert read["IpPermissions"] == [{**inbound, "Ipv6Ranges": [], "UserIdGroupPairs": [], "PrefixListIds": []}]
    assert read["IpPermissionsEgress"] == [{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": []}]
    assert failure(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[inbound]) == (
        "InvalidPermission.Duplicate", 'the specified rule "peer: 10.20.0.0/24, TCP, from port: 443, to port: 443, ALLOW" already exists')
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert sorted((r["IsEgress"], r["IpProtocol"], r["FromPort"], r["ToPort"], r["CidrIpv4"]) for r in rules) == [
        (False, "tcp", 443, 443, "10.20.0.0/24"), (True, "-1", -1, -1, "0.0.0.0/0")]
    endpoint = ec2.create_vpc_endpoint(VpcId=VPC, ServiceName=SERVICE, VpcEndpointType="Interface", SubnetIds=[SUBNET], PrivateDnsEnabled=False,
                                       SecurityGroupIds=[group])["VpcEndpoint"]
    try:
        assert endpoint["Groups"] == [{"GroupId": group, "GroupName": "tf"}]
        assert ec2.describe_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [SERVICE]}])["PrefixLists"] == []
        [interface] = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]
        assert [interface["NetworkInterfaceId"]] == endpoint["NetworkInterfaceIds"] and interface["Groups"] == endpoint["Groups"]
        assert interface["SubnetId"] == SUBNET and interface["InterfaceType"] == "vpc_endpoint" and interface["RequesterManaged"]
        assert f"inet {interface['PrivateIpAddress']}/24" in run("ip", "-n", f"postern-{endpoint['VpcEndpointId']}", "address").stdout
        assert ec2.describe_vpc_attribute(VpcId=VPC, Attribute="enableDnsSupport")["EnableDnsSupport"] == {"Value": True}
        ec2.update_security_group_rule_descriptions_ingress(
            GroupId=group, IpPermissions=[{**inbound, "IpRanges": [{"CidrIp": "10.20.0.0/24", "Description": "changed"}]}])
        ec2.create_tags(Resources=[group], Tags=[{"Key": "Name", "Value": "changed"}])
        [read] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        assert read["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.20.0.0/24", "Description": "changed"}] and read["Tags"][0]["Value"] == "changed"
        assert failure(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    finally:
        assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["Unsuccessful"] == []
    lingering = [{"Name": "group-id", "Values": [group]}, {"Name": "status", "Values": ["available"]}]
    assert ec2.describe_network_interfaces(Filters=lingering)["NetworkInterfaces"] == []
    ec2.delete_security_group(GroupId=group)
    assert failure(ec2.describe_security_groups, GroupIds=[group]) == ("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    wait_for(lambda: f"postern-{endpoint['VpcEndpointId']}" not in run("ip", "netns", "list").stdout, "the namespace to be gone")
