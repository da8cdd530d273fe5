# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing's calls, by boto3: what is made is shown, in pages and with tags; what can't be is refused as AWS refuses it."""
import json
import urllib.parse

import boto3
import pytest

from lab.calls import refusal
from lab.signed import signed
from lab.targets import Balancing

NOTHING = "arn:aws:elasticloadbalancing:us-east-1:123456789012:{}/0123456789abcdef"


def invalid(message):
    return 400, "ValidationError", message


def unsupported_type(name):
    return 400, "InvalidConfigurationRequest", f"Target type '{name}' is not supported: targets are registered by their addresses, as type 'ip'"


def form(local, **wanted):
    """A call that clients would not make."""
    return signed(local, "POST", "/", urllib.parse.urlencode({"Version": "2015-12-01", **wanted}), service="elasticloadbalancing",
                  headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})


@pytest.fixture
def balancing(local):
    made = Balancing(local, "v071")
    yield made
    made.close()


def test_a_load_balancer_is_as_asked_for(balancing):
    made = balancing.client.create_load_balancer(Name="v071-net", Type="network", Scheme="internal", Subnets=["subnet-0a", "subnet-0b"],
                                                 Tags=[{"Key": "a", "Value": "b"}])["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    balancing.balancers.append(arn)
    shown = balancing.client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert shown == {**made, "State": {"Code": "active"}}
    assert made["DNSName"] == f"v071-net-{arn.rsplit('/', 1)[1]}.elb.us-east-1.amazonaws.com"
    assert [zone["ZoneName"] for zone in made["AvailabilityZones"]] == ["us-east-1a", "us-east-1b"]
    again = balancing.client.create_load_balancer(Name="v071-net", Type="network", Scheme="internal", Subnets=["subnet-0a", "subnet-0b"],
                                                  Tags=[{"Key": "a", "Value": "b"}])["LoadBalancers"][0]
    assert again == shown
    assert refusal(balancing.client.create_load_balancer, Name="v071-net", Type="network", Subnets=["subnet-0a"]) == (
        400, "DuplicateLoadBalancerName", "A load balancer with the same name 'v071-net' exists, but with different settings")
    assert balancing.client.describe_tags(ResourceArns=[arn])["TagDescriptions"] == [{"ResourceArn": arn, "Tags": [{"Key": "a", "Value": "b"}]}]


def test_subnets_and_groups_are_set_later(local, balancing):
    client = balancing.client
    balancer = balancing.balancer("set", SubnetMappings=[{"SubnetId": "subnet-0a", "PrivateIPv4Address": "10.0.0.9"}], Subnets=[])
    zones = client.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]["AvailabilityZones"]
    assert zones == [{"ZoneName": "us-east-1a", "SubnetId": "subnet-0a", "LoadBalancerAddresses": [{"PrivateIPv4Address": "10.0.0.9"}]}]
    changed = client.set_subnets(LoadBalancerArn=balancer, Subnets=["subnet-0a", "subnet-0b"])["AvailabilityZones"]
    assert [zone["SubnetId"] for zone in changed] == ["subnet-0a", "subnet-0b"]
    group = local.boto3("ec2").create_security_group(GroupName="v071", Description="v071", VpcId=balancing.vpc)["GroupId"]
    assert client.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[group])["SecurityGroupIds"] == [group]
    assert refusal(local.boto3("ec2").delete_security_group, GroupId=group) == (400, "DependencyViolation", f"resource {group} has a dependent object")
    assert client.set_ip_address_type(LoadBalancerArn=balancer, IpAddressType="dualstack")["IpAddressType"] == "dualstack"
    shown = client.describe_load_balancers(Names=["v071-set"])["LoadBalancers"][0]
    assert shown["IpAddressType"] == "dualstack" and shown["AvailabilityZones"] == changed and shown["SecurityGroups"] == [group]
    client.delete_load_balancer(LoadBalancerArn=balancer)
    local.boto3("ec2").delete_security_group(GroupId=group)


@pytest.mark.parametrize("wanted, refused", [
    ({"Name": "a_b"}, invalid("Load balancer name 'a_b' can only contain characters that are alphanumeric characters or hyphens(-)")),
    ({"Name": "-a"}, invalid("Load balancer name '-a' cannot begin or end with '-'")),
    ({"Name": "a" * 33}, invalid(f"Load balancer name '{'a' * 33}' cannot be longer than '32' characters")),
    ({"Name": "internal-a"}, invalid("Load balancer name 'internal-a' cannot begin with 'internal-'")),
    ({"Type": "other"}, invalid("1 validation error detected: Value 'other' at 'type' failed to satisfy constraint: "
                                "Member must satisfy enum value set: [application, network, gateway]")),
    ({"Subnets": []}, invalid("At least one subnet must be specified")),
    ({"Type": "application"}, invalid("At least two subnets in two different Availability Zones must be specified")),
    ({"Subnets": ["x"]}, (400, "SubnetNotFound", "The subnet ID 'x' does not exist")),
    ({"SecurityGroups": ["sg-1"]}, (400, "InvalidConfigurationRequest", "One or more security groups are invalid")),
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, (400, "DuplicateTagKeys", "Tag key was specified more than once: a")),
])
def test_a_load_balancer_that_can_not_be(balancing, wanted, refused):
    assert refusal(balancing.client.create_load_balancer, **{"Name": "v071-x", "Type": "network", "Subnets": ["subnet-0a"], **wanted}) == refused


def test_target_groups_have_defaults_of_their_kind(balancing):
    network = balancing.client.create_target_group(Name="v071-net", Protocol="TCP", Port=80, VpcId=balancing.vpc, TargetType="ip")["TargetGroups"][0]
    application = balancing.client.create_target_group(Name="v071-app", Protocol="HTTP", Port=8080, VpcId=balancing.vpc, TargetType="ip")["TargetGroups"][0]
    balancing.groups += [network["TargetGroupArn"], application["TargetGroupArn"]]

    def check(group):
        return {name: value for name, value in group.items() if name.startswith(("Health", "Unhealthy", "Matcher"))}
    assert check(network) == {"HealthCheckProtocol": "TCP", "HealthCheckPort": "traffic-port", "HealthCheckEnabled": True, "HealthCheckIntervalSeconds": 30,
                              "HealthCheckTimeoutSeconds": 10, "HealthyThresholdCount": 5, "UnhealthyThresholdCount": 2}
    assert check(application) == {"HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port", "HealthCheckEnabled": True, "HealthCheckIntervalSeconds": 30,
                                  "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 5, "UnhealthyThresholdCount": 2, "HealthCheckPath": "/",
                                  "Matcher": {"HttpCode": "200"}}
    assert application["ProtocolVersion"] == "HTTP1" and application["LoadBalancerArns"] == []
    changed = balancing.client.modify_target_group(TargetGroupArn=network["TargetGroupArn"], HealthCheckProtocol="HTTP", HealthCheckPath="/h",
                                                   HealthCheckIntervalSeconds=15)["TargetGroups"][0]
    assert check(changed) == {**check(network), "HealthCheckProtocol": "HTTP", "HealthCheckPath": "/h", "HealthCheckIntervalSeconds": 15, "Matcher": {"HttpCode": "200-399"}}
    assert balancing.client.describe_target_groups(TargetGroupArns=[network["TargetGroupArn"]])["TargetGroups"] == [changed]


@pytest.mark.parametrize("wanted, refused", [
    ({"HealthCheckIntervalSeconds": 301}, invalid("1 validation error detected: Value '301' at 'healthCheckIntervalSeconds' failed to satisfy constraint: "
                                                  "Member must have value less than or equal to 300")),
    ({"Protocol": "HTTP", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5}, invalid("Health check interval must be greater than the timeout.")),
    ({"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 6}, invalid("Health check timeout '6' must be smaller than or equal to the interval '5'")),
    ({"HealthCheckProtocol": "HTTP", "HealthCheckPath": "x"}, invalid("Health check path 'x' must begin with a '/' character")),
    ({"HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "99"}}, invalid("Health check matcher HTTP code '99' must be within '200-599' inclusive")),
    ({"HealthCheckPort": "0"}, invalid("Health check port '0' must be 'traffic-port' or in the range 1-65535")),
    ({"VpcId": "vpc-none"}, invalid("The VPC ID 'vpc-none' is not found")),
    ({"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/a b"}, invalid("Health check path '/a b' can only contain printable ASCII characters without blanks")),
    ({"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/a\r\nX: y"}, invalid("Health check path '/a\r\nX: y' can only contain printable ASCII characters "
                                                                            "without blanks")),
    ({"Matcher": {"HttpCode": "200"}}, invalid("Health check matcher is not supported for health checks with TCP protocol")),
    ({"Protocol": "HTTP", "Matcher": {"GrpcCode": "0"}}, invalid("Health check matcher GRPC code is only supported for the protocol version GRPC")),
    ({"TargetType": "lambda"}, unsupported_type("lambda")),
    ({"TargetType": "instance"}, unsupported_type("instance")),
    ({"TargetType": None}, unsupported_type("instance")),
    ({"Protocol": "UDP"}, (400, "InvalidConfigurationRequest", "Target group protocol 'UDP' is not supported")),
])
def test_a_target_group_that_can_not_be(balancing, wanted, refused):
    wanted = {"Name": "v071-x", "Protocol": "TCP", "Port": 80, "VpcId": balancing.vpc, "TargetType": "ip", **wanted}
    assert refusal(balancing.client.create_target_group, **{name: value for name, value in wanted.items() if value is not None}) == refused


def test_targets_are_addresses(local, balancing):
    group, register = balancing.group("addresses"), balancing.client.register_targets
    assert refusal(register, TargetGroupArn=group, Targets=[{"Id": "10.0.0.256"}]) == invalid("The IP address '10.0.0.256' is not a valid IPv4 address")
    register(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}, {"Id": "10.0.0.1", "Port": 81}, {"Id": "10.0.0.1"}])
    assert sorted(balancing.health(group)) == [80, 81]
    # Without a port the group's is meant.
    balancing.client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}, {"Id": "10.0.0.9"}])
    assert {port: state for port, (state, _) in balancing.health(group).items()} == {80: "draining", 81: "unused"}
    balancing.client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 81}])
    assert {state for state, _ in balancing.health(group).values()} == {"draining"}
    shown = balancing.client.describe_target_health(TargetGroupArn=group, Targets=[{"Id": "10.0.0.2"}])["TargetHealthDescriptions"]
    assert shown == [{"Target": {"Id": "10.0.0.2", "Port": 80}, "TargetHealth": {
        "State": "unused", "Reason": "Target.NotRegistered", "Description": "Target is not registered to the target group"}}]
    # A list must be one, and not be empty.
    for action in ("RegisterTargets", "DeregisterTargets"):
        answer = form(local, Action=action, TargetGroupArn=group, Targets="x")
        assert answer.status == 400 and "At least one target must be specified" in answer.body


@pytest.mark.parametrize("target, v6", [("0.0.0.0", False), ("255.255.255.255", False), ("224.0.0.1", False), ("::", True), ("ff02::1", True),
                                        ("::ffff:10.0.0.1", True)])
def test_addresses_that_are_no_targets(balancing, target, v6):
    group = balancing.group("unfit", IpAddressType="ipv6" if v6 else "ipv4")
    assert refusal(balancing.client.register_targets, TargetGroupArn=group, Targets=[{"Id": target}]) == invalid(
        f"The IP address '{target}' cannot be registered as a target")


def test_an_address_has_one_spelling(balancing):
    client, group = balancing.client, balancing.group("spelling", IpAddressType="ipv6")
    client.register_targets(TargetGroupArn=group, Targets=[{"Id": "FD00:0::1"}, {"Id": "fd00::0001"}])
    shown = client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [item["Target"] for item in shown] == [{"Id": "fd00::1", "Port": 80}]
    client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "fd00:0:0::1"}])
    assert balancing.health(group) == {80: ("draining", "Target.DeregistrationInProgress")}


def test_zones_of_targets(balancing):
    client, group = balancing.client, balancing.group("zones")
    assert refusal(client.register_targets, TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "AvailabilityZone": "x"}]) == invalid(
        "The Availability Zone 'x' is not valid")
    client.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "AvailabilityZone": "all"}, {"Id": "10.0.0.2", "AvailabilityZone": "us-east-1b"}])
    shown = client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [item["Target"]["AvailabilityZone"] for item in shown] == ["all", "us-east-1b"]


def test_no_more_than_a_thousand_drain(balancing):
    client, group = balancing.client, balancing.group("drain")
    for batch in range(11):
        targets = [{"Id": f"10.1.{batch}.{index}"} for index in range(1, 101)]
        client.register_targets(TargetGroupArn=group, Targets=targets)
        client.deregister_targets(TargetGroupArn=group, Targets=targets)
    shown = [item["Target"]["Id"] for item in client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]]
    assert len(shown) == 1000 and shown[0] == "10.1.1.1"


def test_listeners_are_judged(balancing):
    balancer, group = balancing.balancer("judged"), balancing.group("judged")
    application = balancing.balancer("app", Type="application", Subnets=["subnet-0a", "subnet-0b"])
    listener = balancing.listener(balancer, group)
    shown = balancing.client.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    assert shown == {"ListenerArn": listener, "LoadBalancerArn": balancer, "Port": 80, "Protocol": "TCP", "DefaultActions": [
        {"Type": "forward", "TargetGroupArn": group, "Order": 1, "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}], "TargetGroupStickinessConfig": {"Enabled": False}}}]}
    assert balancing.client.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"][0]["LoadBalancerArns"] == [balancer]

    def refused(arn=balancer, **wanted):
        return refusal(balancing.client.create_listener, LoadBalancerArn=arn, **{
            "Protocol": "TCP", "Port": 81, "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}], **wanted})
    assert refused(Port=80) == (400, "DuplicateListener", f"A listener already exists on this port for this load balancer '{balancer}'")
    assert refused(Protocol="HTTP") == invalid("Listener protocol 'HTTP' must be one of 'TCP, TLS'")
    assert refused(application) == invalid("Listener protocol 'TCP' must be one of 'HTTP, HTTPS'")
    assert refused(application, Protocol="HTTP")[1] == "IncompatibleProtocols"
    assert refused(Protocol="TLS")[1] == "CertificateNotFound"
    missing = NOTHING.format("targetgroup/x")
    assert refused(DefaultActions=[{"Type": "forward", "TargetGroupArn": missing}]) == (400, "TargetGroupNotFound", f"Target group '{missing}' not found")
    assert refused(DefaultActions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}])[1] == "InvalidLoadBalancerAction"
    twice = [{"TargetGroupArn": group, "Weight": weight} for weight in (1, 2)]
    assert refused(DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": twice}}]) == invalid(
        f"Target group '{group}' is named twice by a forward action")
    other = balancing.balancer("other")
    assert refused(other)[1] == "TargetGroupAssociationLimit"
    modify = balancing.client.modify_listener
    changed = modify(ListenerArn=listener, Port=82)["Listeners"][0]
    assert changed == {**shown, "Port": 82}
    assert refusal(modify, ListenerArn=listener, Protocol="TLS")[1] == "CertificateNotFound"
    assert refusal(modify, ListenerArn=listener, DefaultActions=[{"Type": "forward", "TargetGroupArn": missing}])[1] == "TargetGroupNotFound"
    assert balancing.client.describe_listeners(LoadBalancerArn=balancer)["Listeners"] == [changed]
    # Named twice, shown once.
    assert balancing.client.describe_listeners(ListenerArns=[listener, listener])["Listeners"] == [changed]
    found = balancing.client.describe_load_balancers(LoadBalancerArns=[balancer, balancer])["LoadBalancers"]
    assert [item["LoadBalancerArn"] for item in found] == [balancer]
    assert len(balancing.client.describe_load_balancers(Names=["v071-judged", "v071-judged"])["LoadBalancers"]) == 1
    found = balancing.client.describe_target_groups(TargetGroupArns=[group, group])["TargetGroups"]
    assert [item["TargetGroupArn"] for item in found] == [group]
    assert refusal(balancing.client.describe_target_groups, TargetGroupArns=[group, missing])[1] == "TargetGroupNotFound"


def test_certificates_of_listeners_stay(local, balancing, authority):
    acm = local.boto3("acm")
    certificate, key = authority.issue("pets.internal")
    arn = acm.import_certificate(Certificate=open(certificate, "rb").read(), PrivateKey=open(key, "rb").read())["CertificateArn"]
    balancer = balancing.balancer("certified")
    listener = balancing.listener(balancer, balancing.group("certified"), 443, "TLS", Certificates=[{"CertificateArn": arn}])
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == [balancer]
    assert refusal(acm.delete_certificate, CertificateArn=arn)[1] == "ResourceInUseException"
    assert balancing.client.modify_listener(ListenerArn=listener, Port=444)["Listeners"][0]["Port"] == 444
    balancing.client.delete_listener(ListenerArn=listener)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == []
    acm.delete_certificate(CertificateArn=arn)


def test_what_is_in_use_stays(balancing):
    client = balancing.client
    balancer, group = balancing.balancer("used"), balancing.group("used")
    listener, link = balancing.listener(balancer, group), balancing.link(balancer)
    assert refusal(client.delete_target_group, TargetGroupArn=group) == (400, "ResourceInUse", f"Target group '{group}' is currently in use by a listener or a rule")
    assert refusal(client.delete_load_balancer, LoadBalancerArn=balancer) == (
        400, "ResourceInUse", f"Load balancer '{balancer}' cannot be deleted because it is currently associated with another service")
    balancing.gateway.delete_vpc_link(vpcLinkId=balancing.links.pop())
    client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}])
    assert refusal(client.delete_load_balancer, LoadBalancerArn=balancer) == (
        400, "OperationNotPermitted", f"Load balancer '{balancer}' cannot be deleted because deletion protection is enabled")
    client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}])
    client.delete_load_balancer(LoadBalancerArn=balancer)
    client.delete_load_balancer(LoadBalancerArn=balancer)
    assert refusal(client.describe_listeners, ListenerArns=[listener]) == (400, "ListenerNotFound", "One or more listeners not found")
    client.delete_target_group(TargetGroupArn=group)
    assert refusal(client.describe_target_groups, TargetGroupArns=[group]) == (400, "TargetGroupNotFound", "One or more target groups not found")
    assert link


def test_links_fail_as_those_of_aws(balancing):
    def link(arn):
        made = balancing.gateway.create_vpc_link(name="v071", targetArns=[arn])["id"]
        balancing.links.append(made)
        shown = balancing.gateway.get_vpc_link(vpcLinkId=made)
        return shown["status"], shown["statusMessage"]
    balancer = balancing.balancer("linked")
    assert link(balancer) == ("AVAILABLE", "Your vpc link is ready for use")
    assert link(balancer) == ("FAILED", "NLB is already associated with another VPC Endpoint Service")
    assert link(balancing.balancer("app", Type="application", Subnets=["subnet-0a", "subnet-0b"])) == ("FAILED", "NLB ARN is malformed")
    assert link(NOTHING.format("loadbalancer/net/x"))[0] == "FAILED"


def test_lists_come_in_pages(balancing):
    made = {balancing.group(f"page-{index}") for index in range(5)}
    pages = list(balancing.client.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2}))
    found = [group["TargetGroupArn"] for page in pages for group in page["TargetGroups"]]
    assert made <= set(found) and len(found) == len(set(found)) and len(pages) >= 3
    assert refusal(balancing.client.describe_target_groups, PageSize=2, Marker="bm90aGluZw==")[1] == "ValidationError"
    # A page goes on although what the one before ended with has gone.
    first = balancing.client.describe_target_groups(PageSize=2)
    gone = first["TargetGroups"][-1]["TargetGroupArn"]
    balancing.client.delete_target_group(TargetGroupArn=gone)
    rest = balancing.client.describe_target_groups(Marker=first["NextMarker"])["TargetGroups"]
    assert [group["TargetGroupArn"] for group in rest] == [arn for arn in found if arn not in [group["TargetGroupArn"] for group in first["TargetGroups"]]]


def test_attributes_have_defaults_and_are_set(local, balancing):
    client, balancer, group = balancing.client, balancing.balancer("attributes"), balancing.group("attributes")

    def shown(answer):
        return {item["Key"]: item["Value"] for item in answer["Attributes"]}
    assert shown(client.describe_load_balancer_attributes(LoadBalancerArn=balancer))["load_balancing.cross_zone.enabled"] == "false"
    changed = client.modify_target_group_attributes(TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}])
    assert shown(changed) == shown(client.describe_target_group_attributes(TargetGroupArn=group))
    client.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])
    client.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])
    assert balancing.health(group) == {}
    assert refusal(client.modify_load_balancer_attributes, LoadBalancerArn=balancer, Attributes=[{"Key": "x", "Value": "y"}]) == invalid(
        "Load balancer attribute key 'x' is not recognized")
    for key, value in (("deregistration_delay.timeout_seconds", "3601"), ("stickiness.type", "lb_cookie"), ("stickiness.type", "")):
        assert refusal(client.modify_target_group_attributes, TargetGroupArn=group, Attributes=[{"Key": key, "Value": value}]) == invalid(
            f"Target group attribute value '{value}' of '{key}' is not valid")
    assert refusal(client.modify_target_group_attributes, TargetGroupArn=group, Attributes=[]) == invalid("At least one attribute must be specified")
    listener = balancing.listener(balancer, group)
    # Newer clients than Debian's know these.
    wanted = {"ListenerArn": listener, "Attributes.member.1.Key": "tcp.idle_timeout.seconds", "Attributes.member.1.Value": "60"}
    for action, value in (("Describe", "350"), ("Modify", "60"), ("Describe", "60")):
        answer = form(local, Action=f"{action}ListenerAttributes", **wanted)
        assert answer.status == 200 and f"<Key>tcp.idle_timeout.seconds</Key><Value>{value}</Value>" in answer.body


def test_tags(balancing):
    client, group = balancing.client, balancing.group("tags")
    client.add_tags(ResourceArns=[group], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    client.add_tags(ResourceArns=[group], Tags=[{"Key": "a", "Value": "3"}])
    client.remove_tags(ResourceArns=[group], TagKeys=["b", "c"])
    assert client.describe_tags(ResourceArns=[group])["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": "3"}]
    missing = NOTHING.format("loadbalancer/net/x")
    assert refusal(client.describe_tags, ResourceArns=[missing]) == (400, "LoadBalancerNotFound", "One or more load balancers not found")
    assert refusal(client.describe_tags, ResourceArns=["x"]) == invalid("'x' is not a valid load balancer ARN")


def test_users_need_permissions(local, balancing):
    iam = local.boto3("iam")
    iam.create_user(UserName="v071")
    key = iam.create_access_key(UserName="v071")["AccessKey"]
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["elasticloadbalancing:Create*", "elasticloadbalancing:AddTags"], "Resource": "arn:aws:elasticloadbalancing:*:*:loadbalancer/net/v071-*"},
        {"Effect": "Allow", "Action": "elasticloadbalancing:DescribeLoadBalancers", "Resource": "*"}]}
    iam.put_user_policy(UserName="v071", PolicyName="p", PolicyDocument=json.dumps(document))
    client = boto3.client("elbv2", region_name="us-east-1", endpoint_url=balancing.client.meta.endpoint_url, aws_access_key_id=key["AccessKeyId"],
                          aws_secret_access_key=key["SecretAccessKey"])
    try:
        made = client.create_load_balancer(Name="v071-user", Type="network", Subnets=["subnet-0a"])["LoadBalancers"][0]["LoadBalancerArn"]
        balancing.balancers.append(made)
        assert client.describe_load_balancers(LoadBalancerArns=[made])["LoadBalancers"]
        assert refusal(client.create_load_balancer, Name="other", Type="network", Subnets=["subnet-0a"])[:2] == (403, "AccessDenied")
        assert refusal(client.create_load_balancer, Name="v071-user", Type="application", Subnets=["subnet-0a", "subnet-0b"])[:2] == (403, "AccessDenied")
        assert refusal(client.delete_load_balancer, LoadBalancerArn=made)[:2] == (403, "AccessDenied")
    finally:
        iam.delete_user_policy(UserName="v071", PolicyName="p")
        iam.delete_access_key(UserName="v071", AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName="v071")
