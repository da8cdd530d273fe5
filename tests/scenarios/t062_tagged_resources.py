# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources of all services by their tags: found, in pages, tagged and untagged by the tagging API."""
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT, REGION
from lab.calls import deployed_api, members, refusal
from lab.user import User, statement

GATEWAY = f"arn:aws:apigateway:{REGION}::"


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("resourcegroupstaggingapi")


@pytest.fixture(scope="module")
def tagged(local):
    """The ARNs of an API, a stage, a key, a plan and a log group, each tagged with t062 and its kind."""
    gateway, logs = local.boto3("apigateway"), local.boto3("logs")
    api = deployed_api(gateway, "dev", name="t062")
    key = gateway.create_api_key(name="t062", tags={"t062": "key"})["id"]
    plan = gateway.create_usage_plan(name="t062", tags={"t062": "plan"})["id"]
    logs.create_log_group(logGroupName="/t062", tags={"t062": "group", "more": "x"})
    arns = {"api": f"{GATEWAY}/restapis/{api}", "stage": f"{GATEWAY}/restapis/{api}/stages/dev", "key": f"{GATEWAY}/apikeys/{key}",
            "plan": f"{GATEWAY}/usageplans/{plan}", "group": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t062"}
    for kind in ("api", "stage"):
        gateway.tag_resource(resourceArn=arns[kind], tags={"t062": kind})
    yield arns
    gateway.delete_rest_api(restApiId=api)
    gateway.delete_api_key(apiKey=key)
    gateway.delete_usage_plan(usagePlanId=plan)
    logs.delete_log_group(logGroupName="/t062")


def arns(answer):
    return {row["ResourceARN"] for row in answer["ResourceTagMappingList"]}


def test_found_by_tag_type_and_arn(client, tagged):
    def ask(**wanted):
        return arns(client.get_resources(**wanted))

    mine = [{"Key": "t062"}]
    assert ask(TagFilters=mine) == set(tagged.values())
    assert ask(TagFilters=[{"Key": "t062", "Values": ["key", "group"]}]) == {tagged["key"], tagged["group"]}
    assert ask(TagFilters=[*mine, {"Key": "more", "Values": ["x"]}]) == {tagged["group"]}
    assert ask(TagFilters=mine, ResourceTypeFilters=["logs"]) == {tagged["group"]}
    assert ask(TagFilters=mine, ResourceTypeFilters=["apigateway:restapis"]) == {tagged["api"], tagged["stage"]}
    assert ask(TagFilters=mine, ResourceTypeFilters=["logs:log-group", "apigateway:apikeys"]) == {tagged["key"], tagged["group"]}
    assert ask(ResourceARNList=[tagged["plan"], f"{GATEWAY}/restapis/none"]) == {tagged["plan"]}
    row, = client.get_resources(ResourceARNList=[tagged["group"]])["ResourceTagMappingList"]
    assert sorted(row["Tags"], key=lambda tag: tag["Key"]) == [{"Key": "more", "Value": "x"}, {"Key": "t062", "Value": "group"}]


def test_pages(client, tagged):
    pages = list(client.get_paginator("get_resources").paginate(TagFilters=[{"Key": "t062"}], ResourcesPerPage=2))
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 2, 1]
    assert set().union(*map(arns, pages)) == set(tagged.values()) and pages[-1]["PaginationToken"] == ""


def test_keys_and_values(client, local, tagged):
    assert {"t062", "more"} <= set(client.get_tag_keys()["TagKeys"])
    assert client.get_tag_values(Key="t062")["TagValues"] == sorted(tagged)
    assert local.aws("resourcegroupstaggingapi", "get-tag-values", "--key", "more")["TagValues"] == ["x"]


def test_tagged_and_untagged_by_arn(client, local, tagged):
    vpc = local.boto3("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group = local.boto3("ec2").create_security_group(GroupName="t062", Description="d", VpcId=vpc)["GroupId"]
    try:
        arn, none = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{group}", f"{GATEWAY}/restapis/none"
        answer = client.tag_resources(ResourceARNList=[tagged["api"], arn, none], Tags={"extra": "1"})
        assert set(answer["FailedResourcesMap"]) == {none}
        assert answer["FailedResourcesMap"][none]["ErrorCode"] == "InvalidParameterException"
        assert arns(client.get_resources(TagFilters=[{"Key": "extra", "Values": ["1"]}])) == {tagged["api"], arn}
        assert local.boto3("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"] == [{"Key": "extra", "Value": "1"}]
        assert local.boto3("apigateway").get_tags(resourceArn=tagged["api"])["tags"] == {"t062": "api", "extra": "1"}
        assert members(client.untag_resources(ResourceARNList=[tagged["api"], arn], TagKeys=["extra"])) == {"FailedResourcesMap": {}}
        assert arns(client.get_resources(TagFilters=[{"Key": "extra"}])) == set()
    finally:
        local.boto3("ec2").delete_security_group(GroupId=group)


@pytest.mark.parametrize("call, parameters, why", [
    ("get_resources", {"ResourcesPerPage": 101}, "ResourcesPerPage must be between 1 and 100"),
    ("get_resources", {"TagsPerPage": 99}, "TagsPerPage must be between 100 and 500"),
    ("get_resources", {"ResourceARNList": ["arn:x"], "TagFilters": [{"Key": "k"}]},
     "ResourceARNList cannot be combined with filters or page sizes"),
    ("get_resources", {"TagFilters": [{"Values": ["v"]}]}, "A filter has a Key, and at most 20 Values"),
    ("tag_resources", {"ResourceARNList": ["arn:x"], "Tags": {"aws:k": "v"}}, "Invalid tag: aws:k"),
    ("tag_resources", {"ResourceARNList": [f"arn:{i}" for i in range(21)], "Tags": {"k": "v"}}, "ResourceARNList has 1 to 20 items"),
])
def test_refused(client, call, parameters, why):
    assert refusal(getattr(client, call), **parameters) == (400, "InvalidParameterException", why)


def test_a_user_needs_the_services_own_permission_too(local, tagged):
    """Tags decide about access: the tagging API is no way around what API Gateway or CloudWatch Logs would refuse."""
    with User(local, "t062", statement("tag:*"), statement("logs:TagResource", tagged["group"])) as user:
        tagging = user.client("resourcegroupstaggingapi")
        assert members(tagging.tag_resources(ResourceARNList=[tagged["group"]], Tags={"mine": "1"})) == {"FailedResourcesMap": {}}
        for call, action, resource, wanted in (
                (tagging.tag_resources, "apigateway:PUT", f"{GATEWAY}/tags/{quote(tagged['api'], safe='')}", {"Tags": {"mine": "1"}}),
                (tagging.untag_resources, "apigateway:DELETE", f"{GATEWAY}/tags/{quote(tagged['api'], safe='')}", {"TagKeys": ["t062"]})):
            with pytest.raises(ClientError, match=f"{action} on resource: {resource} "):
                call(ResourceARNList=[tagged["group"] if "Tags" in wanted else tagged["api"], tagged["api"]], **wanted)
        with pytest.raises(ClientError, match=f"logs:UntagResource on resource: {tagged['group']} "):
            tagging.untag_resources(ResourceARNList=[tagged["group"]], TagKeys=["mine"])
    assert local.boto3("logs").list_tags_log_group(logGroupName="/t062")["tags"] == {"t062": "group", "more": "x", "mine": "1"}
    local.boto3("logs").untag_log_group(logGroupName="/t062", tags=["mine"])


def test_who_makes_a_group_with_tags_may_tag_it(local):
    wanted = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t062/made"
    with User(local, "t062", statement("logs:CreateLogGroup"), statement("logs:DeleteLogGroup")) as user:
        logs = user.client("logs")
        with pytest.raises(ClientError, match=f"logs:TagResource on resource: {wanted} "):
            logs.create_log_group(logGroupName="/t062/made", tags={"a": "b"})
        logs.create_log_group(logGroupName="/t062/made")
        logs.delete_log_group(logGroupName="/t062/made")
