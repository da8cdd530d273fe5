# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource policies when they are saved: what AWS refuses is refused in AWS's words, the place and the rule stand in a header; what
is accepted reads back as AWS and Terraform have it. Nothing of a refused call is kept."""
import json

import pytest

from lab.appliance import allow, policy
from lab.signed import signed

REFUSED = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."


@pytest.fixture(scope="module")
def api(local):
    made = signed(local, "POST", "/restapis", {"name": "o070", "endpointConfiguration": {"types": ["PRIVATE"]}}).body
    yield made["id"]
    signed(local, "DELETE", f"/restapis/{made['id']}")


def arn(api, rest):
    return f"arn:aws:execute-api:us-east-1:123456789012:{api}{rest}"


def save(local, api, text, op="replace"):
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return signed(local, "PATCH", f"/restapis/{api}", {"patchOperations": [{"op": op, "path": "/policy", "value": text}]})


def without(member, **members):
    return {name: value for name, value in allow(**members).items() if name != member}


def condition(operator, key, value):
    return policy(allow(Condition={operator: {key: value}}))


BAD = [
    ("{", "syntax", None, ""),
    ('{"Statement":[]}x', "syntax", None, ""),
    ('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', "duplicate_member", None, ""),
    ("[]", "wrong_type", None, ""),
    ('"text"', "wrong_type", None, ""),
    ({"Version": "2012-10-17"}, "missing_member", None, "Statement"),
    ({"Version": "2012-10-18", "Statement": [allow()]}, "bad_version", None, "Version"),
    ({"Version": 2012, "Statement": [allow()]}, "wrong_type", None, "Version"),
    ({"Version": "2012-10-17", "statement": [allow()]}, "unknown_member", None, ""),
    (policy(), "empty_list", None, "Statement"),
    (policy("x"), "wrong_type", 0, "Statement"),
    (policy(allow(), allow(Comment="x")), "unknown_member", 1, ""),
    (policy(allow(Effect="allow")), "bad_effect", 0, "Effect"),
    (policy(without("Effect")), "missing_member", 0, "Effect"),
    (policy(without("Principal")), "missing_member", 0, "Principal"),
    (policy(allow(NotPrincipal="*")), "exclusive_members", 0, "NotPrincipal"),
    (policy(allow(NotAction="x:y")), "exclusive_members", 0, "NotAction"),
    (policy(allow(NotResource="*")), "exclusive_members", 0, "NotResource"),
    (policy(allow(Sid="A"), allow(Sid="A")), "duplicate_sid", 1, "Sid"),
    (policy(allow(Principal="me")), "bad_principal", 0, "Principal"),
    (policy(allow(Principal={"AWS": "arn:aws:iam::111122223333:user/*"})), "wildcard_principal", 0, "Principal"),
    (policy(allow(Principal={"AWS": "arn:aws:iam::111122223333:*"})), "wildcard_principal", 0, "Principal"),
    (policy(allow(Principal={"AWS": "11112222333"})), "bad_principal", 0, "Principal"),
    (policy(allow(Principal={"AWS": "${aws:userid}"})), "bad_principal", 0, "Principal"),
    (policy(allow(Principal={"AWS": []})), "empty_list", 0, "Principal"),
    (policy(allow(Principal={})), "empty_list", 0, "Principal"),
    (policy(allow(Principal={"Somebody": "x"})), "unknown_member", 0, "Principal"),
    (policy(allow(Action=[])), "empty_list", 0, "Action"),
    (policy(allow(Action="Invoke")), "bad_action", 0, "Action"),
    (policy(allow(Action="exec*:Invoke")), "bad_action", 0, "Action"),
    (policy(allow(Action=["execute-api:Invoke", 5])), "wrong_type", 0, "Action"),
    (policy(allow(Resource="prod/GET/pets")), "bad_resource", 0, "Resource"),
    (policy(allow(Resource="arn:aws:execute-*:us-east-1:1:x/*")), "wildcard_service", 0, "Resource"),
    (policy(allow(Resource="arn:aws:execute-api:${aws:x}:1:x/*")), "variable_place", 0, "Resource"),
    (policy(allow(Resource="execute-api:/${}/x")), "bad_variable", 0, "Resource"),
    (policy(allow(Condition=[])), "wrong_type", 0, "Condition"),
    (condition("StringMatches", "aws:SourceVpce", "x"), "unknown_operator", 0, "Condition.StringMatches"),
    (condition("NullIfExists", "aws:SourceVpce", "true"), "unknown_operator", 0, "Condition.NullIfExists"),
    (condition("IpAddress", "aws:VpcSourceIp", "10.0.0.0/33"), "bad_cidr", 0, "Condition.IpAddress.aws:VpcSourceIp"),
    (condition("IpAddress", "aws:VpcSourceIp", ["10.0.0.0/8", "10.1"]), "bad_cidr", 0, "Condition.IpAddress.aws:VpcSourceIp"),
    (condition("NotIpAddress", "aws:VpcSourceIp", "fe80::1%eth0"), "bad_cidr", 0, "Condition.NotIpAddress.aws:VpcSourceIp"),
    (condition("DateLessThan", "aws:CurrentTime", "2026-02-30"), "bad_date", 0, "Condition.DateLessThan.aws:CurrentTime"),
    (condition("NumericEquals", "aws:EpochTime", "1e3"), "bad_number", 0, "Condition.NumericEquals.aws:EpochTime"),
    (condition("Bool", "aws:SecureTransport", "yes"), "bad_boolean", 0, "Condition.Bool.aws:SecureTransport"),
    (condition("Null", "aws:SourceVpce", "maybe"), "bad_boolean", 0, "Condition.Null.aws:SourceVpce"),
    (condition("BinaryEquals", "k", "?"), "bad_binary", 0, "Condition.BinaryEquals.k"),
    (condition("StringEquals", "aws:SourceVpce", {"a": "b"}), "wrong_type", 0, "Condition.StringEquals.aws:SourceVpce"),
    (condition("StringEquals", "aws:SourceVpce", None), "wrong_type", 0, "Condition.StringEquals.aws:SourceVpce"),
    (condition("StringEquals", "", "x"), "bad_key", 0, "Condition.StringEquals."),
    (policy(allow(Condition={"StringEquals": {"a": "x"}, "stringequals": {"b": "x"}})), "duplicate_operator", 0, "Condition.stringequals"),
    (policy(allow(Condition={"StringEquals": {"aws:SourceVpce": "x", "AWS:SourceVpce": "y"}})), "duplicate_key", 0,
     "Condition.StringEquals.AWS:SourceVpce"),
    (policy(allow(Effect="Erlaubt \u00fc\u2014\U0001f600")), "bad_effect", 0, "Effect"),
    (policy(allow(Effect="two\r\nlines")), "bad_effect", 0, "Effect"),
    (policy(*[allow(Sid=f"S{i}", Resource=f"execute-api:/{'x' * 60}/GET/{i}") for i in range(60)]), "too_large", None, ""),
]


@pytest.mark.parametrize("document, rule, statement, member", BAD)
def test_a_bad_policy_is_refused_with_place_and_rule(local, api, document, rule, statement, member):
    before = signed(local, "GET", f"/restapis/{api}").body
    answer = save(local, api, document)
    assert (answer.status, answer.code, answer.message) == (400, "BadRequestException", REFUSED)
    reason = answer.headers["x-postern-reason"]
    place = ", ".join(part for part in (f"statement {statement}" if statement is not None else "", member) if part)
    assert reason.startswith(f"{place}: {rule}: " if place else f"{rule}: "), reason
    assert answer.headers["x-amzn-RequestId"] and answer.headers["x-amzn-ErrorType"].startswith("BadRequestException")
    assert signed(local, "GET", f"/restapis/{api}").body == before
    made = signed(local, "POST", "/restapis", {"name": "x", "policy": document if isinstance(document, str) else json.dumps(document)})
    assert (made.status, made.message) == (400, REFUSED)


def by_stock_client(api, document):
    """The guide's way: a quoted text within the shorthand syntax."""
    text = json.dumps(json.dumps(document))
    return "apigateway", "update-rest-api", "--rest-api-id", api, "--patch-operations", f"op=replace,path=/policy,value={text}"


def test_the_stock_client_sees_aws_s_words(local, api):
    wildcard = allow(Principal={"AWS": "arn:aws:iam::111122223333:user/*"})
    code, said = local.aws_error(*by_stock_client(api, policy(wildcard)))
    assert code == "BadRequestException" and said.endswith(REFUSED)
    good = allow(Resource=["execute-api:/*"], Condition={"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}})
    kept = allow(Resource="*/*", Condition={"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}})
    assert local.aws(*by_stock_client(api, policy(good)))["policy"] == shown_of(policy(kept), api)


GOOD = [
    (policy(allow()), policy(allow(Resource="*/*"))),
    (policy(allow(Resource=["execute-api:/*"])), policy(allow(Resource="*/*"))),
    (policy(allow(Resource=["execute-api:/prod/GET/a", "execute-api:/"])), policy(allow(Resource=["*/prod/GET/a", "*/"]))),
    (policy(without("Resource", NotResource="execute-api:/dev/*")), policy(without("Resource", NotResource="*/dev/*"))),
    (policy(allow(Resource="*", Action=["execute-api:Invoke"], Principal={"AWS": ["*"]})), policy(allow(Resource="*", Principal={"AWS": "*"}))),
    ({"Statement": allow(Resource="*"), "Id": "x"}, {"Statement": allow(Resource="*"), "Id": "x"}),
    (policy(allow(Resource="*", Condition={"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"aws:EpochTime": [5.50]}})),
     policy(allow(Resource="*", Condition={"Bool": {"aws:SecureTransport": "true"}, "NumericLessThan": {"aws:EpochTime": "5.5"}}))),
    (policy(allow(Resource="*", Condition={"StringEquals": {"aws:Referer": "a/\u00fc\"\\\t\u2028<"}})),
     policy(allow(Resource="*", Condition={"StringEquals": {"aws:Referer": "a/\u00fc\"\\\t\u2028<"}}))),
    (policy(allow(Resource="*", Condition={"StringEquals": {"aws:Referer": []}})), policy(allow(Resource="*", Condition={"StringEquals": {"aws:Referer": []}}))),
    (policy(allow(Resource="*", Principal={"AWS": ["111122223333"], "Service": "x.amazonaws.com"})),
     policy(allow(Resource="*", Principal={"AWS": "111122223333", "Service": "x.amazonaws.com"}))),
]


def shown_of(document, api):
    """What AWS shows: compact JSON, an ARN where the table has */, and each quote and backslash escaped once more."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).replace('"*/', f'"{arn(api, "/")}')
    return text.replace("\\", "\\\\").replace('"', '\\"')


@pytest.mark.parametrize("given, kept", GOOD)
def test_a_good_policy_reads_back_normalised_and_escaped(local, api, given, kept):
    answer = save(local, api, json.dumps(given, indent=2))
    assert answer.status == 200 and answer.body["policy"] == shown_of(kept, api)
    shown = signed(local, "GET", f"/restapis/{api}").body["policy"]
    assert shown == answer.body["policy"]
    assert [one["policy"] for one in signed(local, "GET", "/restapis?limit=500").body["item"] if one["id"] == api] == [shown]
    # What Terraform does: unescape once more, compare, and send what it read.
    plain = json.loads(f'"{shown}"')
    assert json.loads(plain)["Statement"]
    assert save(local, api, plain).body["policy"] == shown
    assert local.aws("apigateway", "get-rest-api", "--rest-api-id", api)["policy"] == shown


def test_the_quota_counts_the_normalised_text(local, api):
    one = policy(allow(Resource="*", Condition={"StringEquals": {"aws:Referer": ""}}))
    room = 8192 - len(json.dumps(one, separators=(",", ":")))
    fill = lambda count: policy(allow(Resource="*", Condition={"StringEquals": {"aws:Referer": "x" * count}}))
    assert save(local, api, json.dumps(fill(room), indent=9)).status == 200
    answer = save(local, api, fill(room + 1))
    assert (answer.status, answer.message) == (400, REFUSED) and answer.headers["x-postern-reason"].startswith("too_large: ")
    # Bytes, not characters; and the shorthand counts as what it stands for.
    assert save(local, api, json.dumps(fill(room), ensure_ascii=False).replace("xx", "\u00fc", 10)).status == 200
    assert save(local, api, json.dumps(fill(room), ensure_ascii=False).replace("x", "\u00fc", 1)).status == 400
    short = fill(room)
    short["Statement"][0]["Resource"] = "execute-api:/*"
    assert save(local, api, short).status == 400


@pytest.mark.parametrize("op, value", [("replace", ""), ("remove", None)])
def test_a_policy_is_taken_away(local, api, op, value):
    assert save(local, api, policy(allow())).status == 200
    operation = {"op": op, "path": "/policy", **({"value": value} if value is not None else {})}
    answer = signed(local, "PATCH", f"/restapis/{api}", {"patchOperations": [operation]})
    assert answer.status == 200 and "policy" not in answer.body
    assert "policy" not in signed(local, "GET", f"/restapis/{api}").body


def test_an_imported_policy_is_judged_alike(local, api):
    document = {"openapi": "3.0.1", "info": {"title": "o070", "version": "1"}, "paths": {}}
    good, bad = policy(allow(Resource=["execute-api:/*"])), condition("IpAddress", "aws:VpcSourceIp", "10.0.0.0/33")
    answer = signed(local, "PUT", f"/restapis/{api}?mode=overwrite", {**document, "x-amazon-apigateway-policy": good})
    assert answer.status == 200 and answer.body["policy"] == shown_of(policy(allow(Resource="*/*")), api)
    refused = signed(local, "PUT", f"/restapis/{api}?mode=overwrite", {**document, "x-amazon-apigateway-policy": bad})
    assert (refused.status, refused.code) == (400, "BadRequestException")
    assert "bad_cidr" in refused.headers["x-postern-reason"]
    assert signed(local, "GET", f"/restapis/{api}").body["policy"] == answer.body["policy"]
