# SPDX-License-Identifier: GPL-3.0-or-later
"""Each management call of an IAM user is judged by the user's own policies: actions on ARNs as AWS defines them, an explicit deny
wins, and what nothing allows is refused, with the reason for the operator."""
import json
import pathlib
import re
import time
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from lab.appliance import ACCOUNT, REGION, allow, policy
from lab.user import User, identity_policy, statement

ROWS = re.findall(r'^OPERATION\((\w+), (\w+), "(\w*)", "([^"]*)", \d+, \w+, "([^"]*)"',
                  (pathlib.Path(__file__).parents[2] / "appliance/control/operations.def").read_text(), re.M)
REST = [row for row in ROWS if row[3]]
APIS = f"arn:aws:apigateway:{REGION}::/restapis"


@pytest.fixture(scope="module")
def api(local):
    gateway = local.boto3("apigateway")
    made = gateway.create_rest_api(name="guarded", tags={"team": "blue"})["id"]
    yield made
    gateway.delete_rest_api(restApiId=made)


def refused(call, **arguments):
    """(code, message, status) of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"].get("Message") or answer.get("Message"), answer["ResponseMetadata"]["HTTPStatusCode"]


def denial(user, action, resource, why=None):
    on = f" on resource: {resource}" if resource != "*" else ""
    return (f"User: {user.arn} is not authorized to perform: {action}{on} "
            + (why or f"because no identity-based policy allows the {action} action"))


# --- every operation ----------------------------------------------------------------------------------------------------------
def test_a_reader_of_one_api_is_refused_all_else(local, api):
    """All operations of apigateway, as operations.def has them: with the path of this API, and with that of another."""
    rows = [row for row in REST if row[0] == "apigateway"]
    assert len(rows) >= 100 and {"CreateRestApi", "GetStages", "UpdateUsage", "PutRestApi"} <= {row[1] for row in rows}
    with User(local, "reader", statement("apigateway:GET", [f"{APIS}/{api}", f"{APIS}/{api}/*"])) as reader:
        for _, name, method, uri, _ in rows:
            path, _, query = uri.partition("?")
            of = re.sub(r"\{(?!restapi_id)[^}]*\}", "x1", path)
            other, own = (of.replace("{restapi_id}", id) + (f"?{query}" if query else "") for id in ("other00001", api))
            body = {} if method not in ("GET", "DELETE") else b""
            message = reader.refusal(method, other, body)
            assert message.startswith(f"User: {reader.arn} is not authorized to perform: apigateway:{method} on resource: "), (name, message)
            may = method == "GET" and "{restapi_id}" in uri
            answer = reader.signed(method, own, body)
            assert (answer.status == 403) is not may, (name, answer)
        assert local.boto3("apigateway").get_rest_api(restApiId=api)["name"] == "guarded"


def test_every_other_service_is_refused_too(local):
    with User(local, "stranger", statement("apigateway:*")) as stranger:
        calls = [("ec2", "describe_vpcs", {}, "ec2:DescribeVpcs", "*", "UnauthorizedOperation", 403),
                 ("acm", "list_certificates", {}, "acm:ListCertificates", "*", "AccessDeniedException", 400),
                 ("route53", "list_hosted_zones", {}, "route53:ListHostedZones", "*", "AccessDenied", 403),
                 ("route53", "get_hosted_zone", {"Id": "Z1"}, "route53:GetHostedZone", "arn:aws:route53:::hostedzone/Z1", "AccessDenied", 403),
                 ("iam", "list_users", {}, "iam:ListUsers", f"arn:aws:iam::{ACCOUNT}:user/", "AccessDenied", 403),
                 ("iam", "get_user", {}, "iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/stranger", "AccessDenied", 403),
                 ("ec2", "delete_vpc_endpoints", {"VpcEndpointIds": ["vpce-1"]}, "ec2:DeleteVpcEndpoints",
                  f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-endpoint/vpce-1", "UnauthorizedOperation", 403)]
        for service, name, arguments, action, resource, code, status in calls:
            got = refused(getattr(stranger.client(service), name), **arguments)
            lead = "You are not authorized to perform this operation. " if service == "ec2" else ""
            assert got == (code, lead + denial(stranger, action, resource), status)
        # Postern's own operations, by the same table.
        for _, name, method, uri, action in (row for row in REST if row[0] == "postern"):
            path = re.sub(r"\{[^}]*\}", "x1", uri)
            message = stranger.refusal(method, path, {} if method not in ("GET", "DELETE") else b"", service="postern")
            assert f"not authorized to perform: {action} on " in message, (name, message)


def test_a_definition_is_read_by_who_may_read_its_api(local, api):
    definition = f"/postern/v1/restapis/{api}/deployments/x1"
    with User(local, "surveyor", statement("postern:*")) as surveyor:
        assert surveyor.refusal("GET", definition, b"", service="postern") == denial(
            surveyor, "apigateway:GET", f"{APIS}/{api}/deployments/x1")
    with User(local, "surveyor", statement("postern:*"), statement("apigateway:GET", f"{APIS}/{api}/*")) as surveyor:
        assert surveyor.signed("GET", definition, service="postern").status == 404


def test_nothing_is_allowed_without_a_policy(local):
    with User(local, "nothing") as nobody:
        answer = nobody.signed("GET", "/restapis")
        assert (answer.status, answer.body) == (403, {"Message": denial(nobody, "apigateway:GET", APIS)})
        assert answer.headers["x-postern-reason"] == f"no identity-based policy of nothing allows apigateway:GET on {APIS}"
        # Before the input is judged: what is wrong with it is no business of a stranger.
        assert nobody.refusal("POST", "/restapis", {"name": 5}) == denial(nobody, "apigateway:POST", APIS)


# --- deny, and policies of the API ----------------------------------------------------------------------------------------------
def test_an_explicit_deny_wins(local, api):
    with User(local, "denied", statement("apigateway:*"), statement("apigateway:DELETE", effect="Deny", Sid="NeverDelete")) as user:
        gateway = user.client("apigateway")
        assert gateway.get_rest_api(restApiId=api)["id"] == api
        assert refused(gateway.delete_rest_api, restApiId=api)[1] == denial(
            user, "apigateway:DELETE", f"{APIS}/{api}", "with an explicit deny in an identity-based policy")
        local.boto3("iam").attach_user_policy(UserName="denied", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        answer = user.signed("DELETE", f"/restapis/{api}")
        assert answer.status == 403 and answer.headers["x-postern-reason"] == "statement 2 (NeverDelete) of the inline policy p denies it"
        for spelling in (f"/restapis/%{ord(api[0]):02x}{api[1:]}", f"/restapis/{api}/"):
            assert user.signed("DELETE", spelling).status == 403


def test_tags_can_not_be_had_by_another_spelling(local, api):
    own = f"{APIS}/{api}"
    with User(local, "tagger", statement("apigateway:*"), statement("apigateway:*", f"arn:aws:apigateway:*::/tags/{quote(own, safe='')}", effect="Deny")) as user:
        assert user.signed("GET", f"/tags/{quote(own, safe='')}").status == 403
        for other in (own.replace("::", f":{ACCOUNT}:"), own.replace("::", ":x:")):
            answer = user.signed("GET", f"/tags/{quote(other, safe='')}")
            assert (answer.status, answer.message) == (400, "Invalid ARN specified in the request")


def test_a_policy_change_needs_its_own_permission(local, api):
    document = json.dumps(policy(allow()))
    patch = {"restApiId": api, "patchOperations": [{"op": "replace", "path": "/policy", "value": document}]}
    openapi = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}
    with User(local, "editor", statement(["apigateway:POST", "apigateway:PUT", "apigateway:PATCH", "apigateway:GET"])) as editor:
        gateway = editor.client("apigateway")
        needed = denial(editor, "apigateway:UpdateRestApiPolicy", f"{APIS}/{api}")
        assert refused(gateway.update_rest_api, **patch)[1] == needed
        gateway.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/description", "value": "d"}])
        with_policy = json.dumps({**openapi, "x-amazon-apigateway-policy": policy(allow())})
        assert refused(gateway.put_rest_api, restApiId=api, body=with_policy)[1] == needed
        gateway.put_rest_api(restApiId=api, body=json.dumps(openapi))
        assert refused(gateway.create_rest_api, name="x", policy=document)[1] == denial(editor, "apigateway:UpdateRestApiPolicy", APIS)
        assert refused(gateway.import_rest_api, body=with_policy)[1] == denial(editor, "apigateway:UpdateRestApiPolicy", APIS)
        assert "policy" not in gateway.get_rest_api(restApiId=api)
        # A copy is a way to read.
        editor.allow(statement(["apigateway:POST"]))
        assert refused(gateway.create_rest_api, name="copy", cloneFrom=api)[1] == denial(editor, "apigateway:GET", f"{APIS}/{api}")
        editor.allow(statement("apigateway:*"))
        assert "policy" in gateway.update_rest_api(**patch)
        editor.allow(statement(["apigateway:PATCH", "apigateway:GET"]))
        taken = {**patch, "patchOperations": [{"op": "replace", "path": "/policy", "value": ""}]}
        assert refused(gateway.update_rest_api, **taken)[1] == needed
        assert "policy" in gateway.get_rest_api(restApiId=api)


# --- conditions -------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("condition, may", [
    ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ({"Bool": {"aws:SecureTransport": "false"}}, True),
    ({"Bool": {"aws:SecureTransport": "true"}}, False),
    ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
    ({"NumericGreaterThan": {"aws:EpochTime": "1500000000"}}, True),
    ({"StringEquals": {"aws:username": "conditional"}}, True),
    ({"StringEquals": {"aws:username": "else"}}, False),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/team/*"}}, True),
    ({"StringEquals": {"aws:PrincipalTag/role": "dev"}}, True),
    ({"StringEquals": {"aws:PrincipalTag/role": "ops"}}, False),
    ({"StringEquals": {"aws:PrincipalType": "User", "aws:PrincipalAccount": ACCOUNT, "aws:RequestedRegion": REGION}}, True),
    ({"StringLike": {"aws:UserAgent": "Python-urllib*"}}, True),
    ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, True),
    ({"StringEquals": {"aws:ResourceTag/team": "red"}}, False),
    ({"Null": {"aws:ResourceTag/other": "true"}}, True),
    ({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}, True),
])
def test_conditions(conditional, api, condition, may):
    conditional.allow(statement("apigateway:GET", Condition=condition))
    # What is in an API has the API's tags.
    for path in (f"/restapis/{api}", f"/restapis/{api}/resources"):
        assert conditional.signed("GET", path).status == (200 if may else 403)


@pytest.fixture(scope="module")
def conditional(local):
    with User(local, "conditional", path="/team/", tags=(("role", "dev"), ("team", "blue"))) as made:
        yield made


def test_tags_of_the_request(conditional):
    conditional.allow(statement("apigateway:*", Condition={"StringEquals": {"aws:RequestTag/team": "blue"},
                                                           "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
                      statement("apigateway:DELETE"))
    gateway = conditional.client("apigateway")
    made = gateway.create_rest_api(name="tagged", tags={"team": "blue"})["id"]
    gateway.delete_rest_api(restApiId=made)
    for tags in ({"team": "red"}, {"team": "blue", "more": "x"}, {}):
        assert refused(gateway.create_rest_api, name="tagged", tags=tags)[0] == "AccessDeniedException"


# --- at once, and who it was ---------------------------------------------------------------------------------------------------------
def test_changes_act_on_the_next_call(local, api):
    iam = local.boto3("iam")
    made = iam.create_policy(PolicyName="changing", PolicyDocument=identity_policy(statement("apigateway:GET")))["Policy"]["Arn"]
    with User(local, "changing") as user:
        def status():
            return user.signed("GET", f"/restapis/{api}").status

        assert status() == 403
        iam.attach_user_policy(UserName="changing", PolicyArn=made)
        assert status() == 200
        iam.create_policy_version(PolicyArn=made, PolicyDocument=identity_policy(statement("apigateway:POST")), SetAsDefault=True)
        assert status() == 403
        iam.set_default_policy_version(PolicyArn=made, VersionId="v1")
        assert status() == 200
        iam.update_user(UserName="changing", NewUserName="changed")
        user.name = "changed"
        assert status() == 200 and user.client("sts").get_caller_identity()["Arn"].endswith(":user/changed")
        iam.detach_user_policy(UserName="changed", PolicyArn=made)
        assert status() == 403
    iam.delete_policy_version(PolicyArn=made, VersionId="v2")
    iam.delete_policy(PolicyArn=made)


def test_a_user_does_not_give_itself_more(local):
    own = f"arn:aws:iam::{ACCOUNT}:user/climber"
    with User(local, "climber", statement(["iam:GetUser", "iam:CreateAccessKey", "iam:DeleteAccessKey"], own), statement("postern:*")) as user:
        iam = user.client("iam")
        assert iam.get_user()["User"]["UserName"] == "climber"
        for call, arguments in ((iam.put_user_policy, {"PolicyName": "q", "PolicyDocument": identity_policy(statement("*"))}),
                                (iam.attach_user_policy, {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})):
            assert refused(call, UserName="climber", **arguments)[0] == "AccessDenied"
        # Nor by the door of Postern's own operations: root's keys are root's.
        assert "access keys of the root user" in user.signed("POST", "/postern/v1/credentials", {}, service="postern").message
        root = local.credentials()[0]
        assert user.signed("DELETE", f"/postern/v1/credentials/{root}", service="postern").status == 403
        assert user.signed("POST", "/postern/v1/credentials", {"userName": "other"}, service="postern").status == 403
        made = user.signed("POST", "/postern/v1/credentials", {"userName": "climber"}, service="postern")
        assert made.status == 201 and made.body["userName"] == "climber"
        assert user.signed("DELETE", f"/postern/v1/credentials/{made.body['accessKeyId']}", service="postern").status == 200


def test_the_audit_log_says_who_and_why(local, api):
    with User(local, "audited", statement("apigateway:PATCH", f"{APIS}/{api}")) as user:
        user.client("apigateway").update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/name", "value": f"n{time.time_ns()}"}])
        user.refusal("DELETE", f"/restapis/{api}")
        events = [e for e in local.postern("audit", "--limit", "1000")["events"] if e.get("principal") == user.arn]
        assert [(e["operation"], e["status"], e["accessKeyId"]) for e in events] == [
            ("UpdateRestApi", 200, user.key[0]), ("DeleteRestApi", 403, user.key[0])]
        assert events[1]["code"] == "AccessDeniedException" and events[1]["sourceAddress"] == "127.0.0.1"
        assert events[1]["reason"] == f"no identity-based policy of audited allows apigateway:DELETE on {APIS}/{api}"
        assert user.key[1] not in json.dumps(local.postern("audit", "--limit", "1000"))
    local.boto3("apigateway").update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/name", "value": "guarded"}])
