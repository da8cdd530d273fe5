# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator explains a request that is over by its id; the caller's own answer stays AWS's, and no secret is kept."""
import json
import os
import pathlib
import uuid

import pytest

from conftest import Local
from lab.appliance import REGION, VPC, CallFailed, allow, deny, policy
from lab.network import run, wait_for

HOST = "10.20.0.10"
SECRETS = ("authorization-secret", "cookie-secret", "key-secret", "query-secret", "referer-secret", "header-secret", "body-secret")


def explain(appliance, answer):
    """The explanation of the request that got this answer; the record is written when the answer has been."""
    identity = answer.headers["x-amzn-requestid"]
    return wait_for(lambda: appliance.postern("policy", "explain", "--request", identity, check=False).get("requestId") and
                    appliance.postern("policy", "explain", "--request", identity), f"request {identity} in the record")


def decisive(explanation, name):
    found = next(p for p in explanation["explanation"]["policies"] if p["policy"] == name)
    return next(s for s in found["statements"] if s["decisive"])


def test_a_request_that_the_resource_policy_denied(local, backend):
    api = local.serve_api(backend.url, allow(), deny("NoCurl", "StringLike", "aws:UserAgent", "curl*"))
    answer = local.get(api, "/pets/2")
    assert answer.status == 403 and "explicit deny in a resource-based policy" in answer.body
    made = explain(local, answer)
    assert (made["outcome"], made["status"], made["api"], made["stage"], made["method"], made["path"], made["resource"]) == (
        "denied", 403, api, "prod", "GET", "pets/2", "/pets/{petId}")
    assert made["decision"] == {"verdict": "ExplicitDeny", "by": "resource", "statement": 1}
    assert made["source"] == "127.0.0.1" and made["userAgent"].startswith("curl/") and made["tls"].startswith("TLS")
    assert [p for p in made["policies"] if p["decided"]][0]["sid"] == "NoCurl"
    assert not any(p["changed"] or p["gone"] for p in made["policies"])
    assert made["explanation"]["verdict"] == "ExplicitDeny"
    statement = decisive(made, "policy")
    agent = next(p for p in statement["parts"] if p["part"] == "aws:UserAgent")
    assert statement["sid"] == "NoCurl" and agent["matched"] and agent["actual"] == [made["userAgent"]] and agent["remedy"]


def test_a_request_that_was_allowed_and_one_that_no_policy_judged(local, backend):
    api = local.serve_api(backend.url)
    made = explain(local, local.get(api))
    assert (made["outcome"], made["decision"]["verdict"], made["status"]) == ("allowed", "Allow", 200)
    assert made["explanation"]["verdict"] == "Allow"
    made = explain(local, local.get(api, "/nosuch"))
    assert (made["outcome"], made["why"]) == ("unjudged", "no resource and method serve this path")
    made = explain(local, local.get(api, stage="nosuch"))
    assert (made["outcome"], made["why"]) == ("unjudged", "the API has no such stage")
    assert "explanation" not in made


def test_what_is_asked_is_the_policy_that_judged(local, backend):
    api = local.serve_api(backend.url, allow(), deny("Old", "StringLike", "aws:UserAgent", "curl*"))
    answer = local.get(api)
    local.put_policy(api, policy(allow()))
    local.deploy(api)
    wait_for(lambda: local.get(api).status == 200, "the new deployment")
    made = explain(local, answer)
    assert made["decision"]["verdict"] == made["explanation"]["verdict"] == "ExplicitDeny"
    local.boto3("apigateway").delete_rest_api(restApiId=api)
    made = explain(local, answer)
    assert made["policies"][-1]["gone"] and "explanation" not in made and made["decision"]["statement"] == 1


def test_the_text_for_people_and_what_is_not_found(local, backend):
    api = local.serve_api(backend.url, allow(Resource="execute-api:/prod/GET/health"))
    answer = local.get(api)
    made = explain(local, answer)
    environment = {**local.environment(), "POSTERN_ENDPOINT": local.management}

    def command(*arguments, env=environment):
        return run(local.build / "postern", "policy", "explain", *arguments, env=env, check=False)

    text = command("--request", made["requestId"]).stdout
    assert f"request {made['requestId']} at {made['time']}: 403, denied by resource: ImplicitDeny" in text
    assert "  path          pets" in text and "statement 0 Allow: does not apply" in text and "Nearest is statement 0" in text
    assert command("--request", made["requestId"].upper()).returncode == 0

    nobody = command("--request", str(uuid.uuid4()))
    assert nobody.returncode == 1 and "the oldest: 20" in nobody.stderr and "postern filter events" in nobody.stderr
    assert "is no request id" in command("--request", "nosense").stderr
    # Operators only.
    stranger = {**environment, "AWS_SECRET_ACCESS_KEY": "wrong"}
    assert command("--request", made["requestId"], env=stranger).returncode == 1


def test_an_id_that_a_client_chose(local, backend):
    api, identity = local.serve_api(backend.url), str(uuid.uuid4())
    for path in ("/pets", "/health"):
        answer = local.get(api, path, "-H", f"x-amzn-requestid: {identity}")
        assert answer.headers["x-amzn-requestid"] == identity
    made = wait_for(lambda: (m := explain(local, answer))["sameId"] == 2 and m, "both requests")
    assert made["path"] == "health"


def test_no_secret_is_kept(local, backend):
    api = local.serve_api(backend.url, allow(), deny("NoCats", "StringEquals", "aws:Referer", "https://cats.example/"))
    for referer in ("https://dogs.example/?token=referer-secret", "https://cats.example/"):
        answer = local.get(api, "/store/headers?token=query-secret", "-X", "POST", "-H", "Authorization: Bearer authorization-secret",
                           "-H", "Cookie: session=cookie-secret", "-H", "x-api-key: key-secret", "-H", f"Referer: {referer}",
                           "-H", "X-Other: header-secret", "--data", "body-secret")
        made = explain(local, answer)
    assert made["outcome"] == "denied" and made["referer"] == "https://cats.example/"
    records = [(local.state / name).read_bytes() for name in ("clients.record", "requests.record")]
    assert all(api.encode() in record for record in records) and b"https://dogs.example/" in records[1]
    for secret in SECRETS:
        assert not any(secret.encode() in record for record in records), secret


def test_requests_survive_kill_of_the_gateway(local, backend):
    api = local.serve_api(backend.url, allow(), deny("NoCurl", "StringLike", "aws:UserAgent", "curl*"))
    answer = local.get(api)
    before = explain(local, answer)
    local.kill("postern-gateway")
    wait_for(lambda: local.get(api).status == 403, "the gateway's successor", 15)
    assert explain(local, answer) == before


def test_no_record_is_kept_if_the_settings_say_so(folder, backend):
    made = Local(folder / "norecord", "127.0.0.1:14577", "127.0.0.1:18453")
    made.state.mkdir(parents=True)
    (made.state / "settings.yaml").write_text("client_record_kb: 0\nrequest_record_kb: 0\nline_record_kb: 0\n")
    try:
        api = made.start().serve_api(backend.url)
        identity = made.get(api).headers["x-amzn-requestid"]
        with pytest.raises(CallFailed, match="No record of requests is kept: request_record_kb"):
            made.postern("policy", "explain", "--request", identity)
        assert not list(made.state.glob("*.record"))
    finally:
        made.stop()


@pytest.fixture
def open_endpoint_policy(gateway):
    yield
    text = json.dumps(policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}))
    gateway.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", gateway.vpce, "--policy-document", text)


def test_the_endpoints_policy_in_the_subnet(subnet, gateway, open_endpoint_policy):
    """Denied by the endpoint's policy, which then changes; the same host is known by its address."""
    host = subnet.host(HOST)
    api = gateway.serve_api(allow())
    text = json.dumps(policy(allow(Resource="*"), {**deny("NotThat", "StringEquals", "aws:SourceVpc", VPC),
                                                   "Resource": f"arn:aws:execute-api:{REGION}:*:{api}/prod/GET/pets"}))
    gateway.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", gateway.vpce, "--policy-document", text)
    answer = wait_for(lambda: (a := gateway.get(host, api)).status == 403 and a, "the endpoint's policy")
    made = explain(gateway, answer)
    assert made["decision"] == {"verdict": "ExplicitDeny", "by": "endpoint", "statement": 1}
    assert (made["endpoint"], made["vpcId"], made["source"]) == (gateway.vpce, VPC, HOST)
    assert decisive(made, "vpcEndpointPolicy")["sid"] == "NotThat"
    gateway.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", gateway.vpce, "--policy-document",
                json.dumps(policy(allow(Resource="*"))))
    made = explain(gateway, answer)
    assert next(p for p in made["policies"] if p["policy"] == "vpcEndpointPolicy")["changed"]
    assert made["decision"]["verdict"] == "ExplicitDeny" and made["explanation"]["verdict"] == "Allow"


def test_the_files_are_the_gateways_and_nobody_elses(gateway):
    for name in ("clients.record", "requests.record"):
        facts = os.stat(pathlib.Path(gateway.state) / name)
        assert facts.st_mode & 0o007 == 0
