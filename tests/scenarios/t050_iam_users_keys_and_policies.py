# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM as its stock clients know it: users, access keys, inline and managed policies, tags, lists in pages, and AWS's refusals."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT, CallFailed
from lab.signed import signed
from lab.user import User, identity_policy, statement

ALLOW = identity_policy(statement("apigateway:GET"))


@pytest.fixture(scope="module")
def iam(local):
    return local.boto3("iam")


@pytest.fixture
def bob(local):
    with User(local, "bob", path="/team/") as made:
        yield made


def error(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def not_found(name):
    return 404, "NoSuchEntity", f"The user with name {name} cannot be found."


def violates(member, constraint):
    return 400, "ValidationError", f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"


# --- users -----------------------------------------------------------------------------------------------------------------
def test_a_users_life(iam):
    made = iam.create_user(UserName="carol", Path="/team/", Tags=[{"Key": "team", "Value": "blue"}, {"Key": "A", "Value": ""}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/carol" and made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    assert isinstance(made["CreateDate"], datetime.datetime) and made["Path"] == "/team/"
    assert made["Tags"] == [{"Key": "A", "Value": ""}, {"Key": "team", "Value": "blue"}]
    assert iam.get_user(UserName="CAROL")["User"] == made
    listed = iam.list_users(PathPrefix="/team/")
    assert [u["UserName"] for u in listed["Users"]] == ["carol"] and "Tags" not in listed["Users"][0] and listed["IsTruncated"] is False
    assert iam.list_users(PathPrefix="/other/")["Users"] == []
    iam.tag_user(UserName="carol", Tags=[{"Key": "team", "Value": "red"}])
    iam.untag_user(UserName="carol", TagKeys=["A", "unknown"])
    assert iam.list_user_tags(UserName="carol")["Tags"] == [{"Key": "team", "Value": "red"}]
    assert iam.list_groups_for_user(UserName="carol")["Groups"] == []
    iam.update_user(UserName="carol", NewUserName="Caroline", NewPath="/")
    moved = iam.get_user(UserName="caroline")["User"]
    assert (moved["Arn"], moved["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:user/Caroline", made["UserId"])
    assert error(iam.get_user, UserName="carol") == not_found("carol")
    iam.delete_user(UserName="Caroline")
    assert error(iam.delete_user, UserName="Caroline") == not_found("Caroline")


def test_refusals_of_users(iam, bob):
    assert error(iam.create_user, UserName="BOB") == (409, "EntityAlreadyExists", "User with name BOB already exists.")
    assert error(iam.update_user, UserName="nobody", NewPath="/") == not_found("nobody")
    # A limit that would not act is no silent promise.
    assert error(iam.create_user, UserName="x", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")[1] == "InvalidInput"
    assert error(iam.create_user, UserName="x" * 65) == violates("userName", "Member must have length less than or equal to 64")
    code = "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    assert error(iam.create_user, UserName="a b") == (400, "ValidationError", code)
    assert error(iam.create_user, UserName="x", Path="team") == (
        400, "ValidationError", "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.")
    for other in "aA":
        assert error(iam.create_user, UserName="x", Tags=[{"Key": "a", "Value": "1"}, {"Key": other, "Value": "2"}]) == (
            400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    assert error(iam.tag_user, UserName="bob", Tags=[{"Key": f"k{i}", "Value": ""} for i in range(51)]) == violates(
        "tags", "Member must have length less than or equal to 50")
    assert error(iam.tag_user, UserName="bob", Tags=[{"Key": "k", "Value": "?"}]) == violates(
        "tags.1.member.value", "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+")
    assert error(iam.list_users, MaxItems=1000, Marker="bm9ib2R5") == (400, "ValidationError", "Invalid Marker: bm9ib2R5")
    assert error(iam.delete_user, UserName="bob") == (409, "DeleteConflict", "Cannot delete entity, must delete access keys first.")
    bob.allow(statement("*"))
    assert error(iam.delete_user, UserName="bob") == (409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
    assert iam.get_user(UserName="bob")["User"]["Path"] == "/team/"


def test_lists_come_in_pages(iam):
    names = [f"page{i:02}" for i in range(5)]
    for name in reversed(names):
        iam.create_user(UserName=name, Path="/pages/")
    first = iam.list_users(PathPrefix="/pages/", MaxItems=2)
    assert first["IsTruncated"] and [u["UserName"] for u in first["Users"]] == names[:2]
    pages = iam.get_paginator("list_users").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 2})
    assert [u["UserName"] for page in pages for u in page["Users"]] == names
    for name in names:
        iam.delete_user(UserName=name)


def test_a_call_without_a_name_is_about_the_caller(local, iam, bob):
    bob.allow(statement("iam:*", f"arn:aws:iam::{ACCOUNT}:user/team/${{aws:username}}"))
    own = bob.client("iam")
    assert own.get_user()["User"]["UserName"] == "bob"
    assert [k["AccessKeyId"] for k in own.list_access_keys()["AccessKeyMetadata"]] == [bob.key[0]]
    assert error(own.get_user, UserName="alice")[:2] == (403, "AccessDenied")
    root = iam.get_user()["User"]
    assert (root["UserId"], root["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


@pytest.mark.parametrize("operation, member", [
    ("list_groups_for_user", "Groups"), ("list_mfa_devices", "MFADevices"), ("list_ssh_public_keys", "SSHPublicKeys"),
    ("list_signing_certificates", "Certificates"), ("list_service_specific_credentials", "ServiceSpecificCredentials"),
])
def test_what_users_do_not_have(iam, bob, operation, member):
    """What clients ask for before they delete a user."""
    assert getattr(iam, operation)(UserName="bob")[member] == []
    assert error(getattr(iam, operation), UserName="nobody") == not_found("nobody")


def test_no_passwords_and_no_devices(iam, bob):
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert error(iam.delete_login_profile, UserName="bob") == (404, "NoSuchEntity", "Login Profile for User bob cannot be found.")


# --- access keys --------------------------------------------------------------------------------------------------------------
def test_access_keys(local, iam, bob):
    second = iam.create_access_key(UserName="bob")["AccessKey"]
    assert second["Status"] == "Active" and len(second["SecretAccessKey"]) == 40 and second["AccessKeyId"].startswith("AKIA")
    assert error(iam.create_access_key, UserName="bob") == (409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    unused = iam.get_access_key_last_used(AccessKeyId=second["AccessKeyId"])
    assert (unused["UserName"], unused["AccessKeyLastUsed"]) == ("bob", {"ServiceName": "N/A", "Region": "N/A"})
    assert bob.client("sts").get_caller_identity()["Arn"] == bob.arn
    used = iam.get_access_key_last_used(AccessKeyId=bob.key[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-1") and isinstance(used["LastUsedDate"], datetime.datetime)
    assert "SecretAccessKey" not in json.dumps(iam.list_access_keys(UserName="bob"), default=str)
    iam.delete_access_key(UserName="bob", AccessKeyId=second["AccessKeyId"])
    unknown = 404, "NoSuchEntity", f"The Access Key with id {second['AccessKeyId']} cannot be found."
    assert error(iam.delete_access_key, UserName="bob", AccessKeyId=second["AccessKeyId"]) == unknown
    assert error(iam.update_access_key, UserName="bob", AccessKeyId=second["AccessKeyId"], Status="Active") == unknown
    assert error(iam.create_access_key, UserName="nobody") == not_found("nobody")
    assert error(iam.get_access_key_last_used, AccessKeyId=second["AccessKeyId"])[:2] == (403, "AccessDenied")


def test_inactive_and_deleted_keys_end_at_once(local, iam, bob):
    bob.allow(statement("*"))
    calls = [("apigateway", "get_rest_apis", "UnrecognizedClientException"), ("iam", "list_users", "InvalidClientTokenId"),
             ("ec2", "describe_vpcs", "AuthFailure"), ("sts", "get_caller_identity", "InvalidClientTokenId"),
             ("route53", "list_hosted_zones", "InvalidClientTokenId"), ("acm", "list_certificates", "UnrecognizedClientException")]

    def outcomes():
        return [None if ok(getattr(bob.client(s), name)) else error(getattr(bob.client(s), name))[1] for s, name, _ in calls]

    def ok(call):
        try:
            call()
        except ClientError:
            return False
        return True

    assert outcomes() == [None] * len(calls)
    iam.update_access_key(UserName="bob", AccessKeyId=bob.key[0], Status="Inactive")
    assert outcomes() == [code for _, _, code in calls]
    iam.update_access_key(UserName="bob", AccessKeyId=bob.key[0], Status="Active")
    assert outcomes() == [None] * len(calls)
    iam.delete_access_key(UserName="bob", AccessKeyId=bob.key[0])
    assert outcomes() == [code for _, _, code in calls]


def test_secrets_are_sealed(local, bob):
    secret = bob.key[1].encode()
    for file in (local.state / "store.db", local.state / "store.db-wal", local.log):
        assert not file.exists() or secret not in file.read_bytes(), file
    assert secret.decode() not in json.dumps(local.postern("credentials", "list"))


# --- inline policies --------------------------------------------------------------------------------------------------------------
def test_inline_policies(iam, bob):
    document = '{ "Version": "2012-10-17", "Statement": {"Effect":"Allow","Action":"apigateway:GET","Resource":"*"} }'
    iam.put_user_policy(UserName="bob", PolicyName="read", PolicyDocument=document)
    got = iam.get_user_policy(UserName="bob", PolicyName="read")
    assert (got["UserName"], got["PolicyName"], got["PolicyDocument"]) == ("bob", "read", json.loads(document))
    assert iam.list_user_policies(UserName="bob")["PolicyNames"] == ["read"]
    missing = 404, "NoSuchEntity", "The user policy with name other cannot be found."
    assert error(iam.get_user_policy, UserName="bob", PolicyName="other") == missing
    assert error(iam.delete_user_policy, UserName="bob", PolicyName="other") == missing
    big = identity_policy(*(statement("apigateway:GET", f"arn:aws:apigateway:*::/restapis/{i:030}") for i in range(20)))
    assert error(iam.put_user_policy, UserName="bob", PolicyName="big", PolicyDocument=big) == (
        409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user bob")
    iam.delete_user_policy(UserName="bob", PolicyName="read")
    assert iam.list_user_policies(UserName="bob")["PolicyNames"] == []


SYNTAX = "Syntax errors in policy."


@pytest.mark.parametrize("document, message", [
    ("no json", SYNTAX),
    ({"Statement": statement("s3:Get")}, "Policy document must be version 2012-10-17 or greater."),
    ({"Version": "2008-10-17", "Statement": statement("s3:Get")}, "Policy document must be version 2012-10-17 or greater."),
    ({"Version": "2013-10-17", "Statement": statement("s3:Get")}, SYNTAX),
    ({"Version": "2012-10-17"}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": []}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": ["x"]}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", Extra=1)}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", effect="allow")}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", Principal="*")}, "Policy document should not specify a principal."),
    ({"Version": "2012-10-17", "Statement": statement("invalid")}, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    ({"Version": "2012-10-17", "Statement": statement("a a:Get")}, "Vendor a a is not valid"),
    ({"Version": "2012-10-17", "Statement": statement("s3:List:Bucket")}, "Actions/Condition can contain only one colon."),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", "x y")}, 'Resource x y must be in ARN format or "*".'),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", "a:b:cadfsdf")}, 'Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".'),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", "a:bsdf")}, 'Partition "bsdf" is not valid for resource "arn:bsdf:*:*:*:*".'),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", "arn:aws")}, "Resource vendor must be fully qualified and cannot contain regexes."),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", "arn:aws:s3::b")}, "The policy failed legacy parsing"),
    ({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get"}}, "Policy statement must contain resources."),
    ({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*"}}, "Policy statement must contain actions."),
    ({"Version": "2012-10-17", "Statement": statement([])}, "Policy statement must contain actions."),
    ({"Version": "2012-10-17", "Statement": [statement("s3:Get", Sid="a"), statement("s3:Put", Sid="a")]},
     "Statement IDs (SID) in a single policy must be unique."),
    ({"Version": "2012-10-17", "Statement": statement("s3:Get", Condition={"a": "b"})}, SYNTAX),
])
def test_malformed_documents(iam, bob, document, message):
    text = document if isinstance(document, str) else json.dumps(document)
    for call, arguments in ((iam.put_user_policy, {"UserName": "bob"}), (iam.create_policy, {})):
        assert error(call, PolicyName="bad", PolicyDocument=text, **arguments) == (400, "MalformedPolicyDocument", message)


# --- managed policies ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def managed(iam):
    made = iam.create_policy(PolicyName="managed", Path="/x/", Description="what for", PolicyDocument=ALLOW, Tags=[{"Key": "k", "Value": "v"}])["Policy"]
    yield made
    for version in iam.list_policy_versions(PolicyArn=made["Arn"])["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=made["Arn"], VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=made["Arn"])


def test_managed_policies(iam, managed, bob):
    arn = managed["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/x/managed" and managed["PolicyId"].startswith("ANPA") and "Description" not in managed
    assert (managed["AttachmentCount"], managed["DefaultVersionId"], managed["IsAttachable"]) == (0, "v1", True)
    iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (got["AttachmentCount"], got["Description"], got["Tags"]) == (1, "what for", [{"Key": "k", "Value": "v"}])
    assert iam.list_attached_user_policies(UserName="bob")["AttachedPolicies"] == [{"PolicyName": "managed", "PolicyArn": arn}]
    assert [u["UserName"] for u in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == ["bob"]
    assert [p["Arn"] for p in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]] == [arn]
    assert error(iam.delete_policy, PolicyArn=arn) == (409, "DeleteConflict", "Cannot delete a policy attached to entities.")
    assert error(iam.create_policy, PolicyName="MANAGED", PolicyDocument=ALLOW) == (
        409, "EntityAlreadyExists", "A policy called MANAGED already exists. Duplicate names are not allowed.")
    iam.detach_user_policy(UserName="bob", PolicyArn=arn)
    assert error(iam.detach_user_policy, UserName="bob", PolicyArn=arn) == (404, "NoSuchEntity", f"Policy {arn} was not found.")
    assert error(iam.attach_user_policy, UserName="bob", PolicyArn=arn + "x") == (
        404, "NoSuchEntity", f"Policy {arn}x does not exist or is not attachable.")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["k"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    large = identity_policy(*(statement("apigateway:GET", f"arn:aws:apigateway:*::/restapis/{i:030}") for i in range(60)))
    assert error(iam.create_policy, PolicyName="large", PolicyDocument=large) == (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def test_versions_of_a_policy(iam, managed):
    arn = managed["Arn"]
    other = identity_policy(statement("apigateway:POST"))
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=other, SetAsDefault=True)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"], "Document" in made) == ("v2", True, False)
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == json.loads(other)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW)
    assert error(iam.create_policy_version, PolicyArn=arn, PolicyDocument=ALLOW) == (
        409, "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == [
        ("v5", False), ("v4", False), ("v3", False), ("v2", True), ("v1", False)]
    assert error(iam.delete_policy, PolicyArn=arn)[1] == "DeleteConflict"
    assert error(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == (409, "DeleteConflict", "Cannot delete the default version of a policy.")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW)["PolicyVersion"]["VersionId"] == "v6"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v6")
    missing = f"Policy {arn} version v1 does not exist or is not attachable."
    assert error(iam.set_default_policy_version, PolicyArn=arn, VersionId="v1") == (404, "NoSuchEntity", missing)
    assert error(iam.get_policy_version, PolicyArn=arn, VersionId="v1") == (404, "NoSuchEntity", missing)
    assert error(iam.get_policy_version, PolicyArn=arn, VersionId="1") == violates(
        "versionId", "Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?")


def test_what_aws_manages(iam):
    aws = {p["PolicyName"]: p["Arn"] for p in iam.list_policies(Scope="AWS")["Policies"]}
    assert aws["AdministratorAccess"] == "arn:aws:iam::aws:policy/AdministratorAccess" and "AmazonAPIGatewayAdministrator" in aws
    document = iam.get_policy_version(PolicyArn=aws["AdministratorAccess"], VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"] == [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    assert error(iam.delete_policy, PolicyArn=aws["AdministratorAccess"])[:2] == (403, "AccessDenied")


def test_the_stock_command_line(local):
    assert local.aws("iam", "create-user", "--user-name", "cli", "--tags", "Key=a,Value=b")["User"]["Tags"] == [{"Key": "a", "Value": "b"}]
    local.aws("iam", "put-user-policy", "--user-name", "cli", "--policy-name", "p", "--policy-document", ALLOW)
    assert local.aws("iam", "get-user-policy", "--user-name", "cli", "--policy-name", "p")["PolicyDocument"] == json.loads(ALLOW)
    local.aws("iam", "delete-user-policy", "--user-name", "cli", "--policy-name", "p")
    local.aws("iam", "delete-user", "--user-name", "cli")
    with pytest.raises(CallFailed) as caught:
        local.aws("iam", "get-user", "--user-name", "cli")
    assert caught.value.code == "NoSuchEntity"


# --- STS --------------------------------------------------------------------------------------------------------------------------
def test_who_calls(local, bob):
    root = local.boto3("sts").get_caller_identity()
    assert (root["UserId"], root["Account"], root["Arn"]) == (ACCOUNT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    # No permission is needed for it, and none can take it away.
    bob.allow(statement("*", effect="Deny"))
    own = bob.client("sts").get_caller_identity()
    assert (own["UserId"], own["Account"], own["Arn"]) == (bob.user["UserId"], ACCOUNT, bob.arn)
    assert local.boto3("sts").get_access_key_info(AccessKeyId=bob.key[0])["Account"] == ACCOUNT
    assert error(bob.client("sts").get_access_key_info, AccessKeyId=bob.key[0])[:2] == (403, "AccessDenied")


def test_answers_are_those_of_the_service(local):
    def form(text):
        return signed(local, "POST", "/", text, service="iam", headers={"Content-Type": "application/x-www-form-urlencoded"})

    created = form("Action=CreateUser&UserName=wire&Version=2010-05-08")
    assert created.body.startswith("<?xml") and '<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User>' in created.body
    deleted = form("Action=DeleteUser&UserName=wire&Version=2010-05-08")
    assert "<DeleteUserResult" not in deleted.body and "<ResponseMetadata><RequestId>" in deleted.body
    for text, message in (("Action=CreateUser", "Value at 'userName' failed to satisfy constraint: Member must not be null"),
                          ("Action=ListUsers&MaxItems=x", "Value at 'maxItems' failed"), ("Action=ListUsers&MaxItems=0", "greater than or equal to 1")):
        wrong = form(text)
        assert wrong.status == 400 and "<Code>ValidationError</Code>" in wrong.body and message in wrong.body
