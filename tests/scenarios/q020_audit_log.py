# SPDX-License-Identifier: GPL-3.0-or-later
"""Each management call leaves a line in the audit log: who, from where, what, with which
result and for which rule; never a secret."""
import base64
import json
import signal
import time

import botocore.exceptions
import pytest

from lab.appliance import allow, policy
from lab.certificate import Authority
from lab.network import run, wait_for


@pytest.fixture
def log(gateway):
    return gateway.folder / "log" / "audit.log"


@pytest.fixture
def lines(log):
    """What was appended since the test began, as objects."""
    start = log.stat().st_size

    def read():
        with open(log, "rb") as file:
            file.seek(start)
            return [json.loads(line) for line in file.read().splitlines()]
    return read


def refused(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response


def test_a_refused_policy_is_told_with_place_and_rule(gateway, lines):
    api = gateway.serve_api()
    wrong = policy(allow(), allow(Condition={"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/33"}}))
    answer = refused(gateway.boto3("apigateway").update_rest_api, restApiId=api,
                     patchOperations=[{"op": "replace", "path": "/policy", "value": json.dumps(wrong)}])
    line = lines()[-1]
    assert (line["service"], line["operation"], line["status"], line["code"]) == ("apigateway", "UpdateRestApi", 400, "BadRequestException")
    assert line["message"] == answer["Error"]["Message"] and line["requestId"] == answer["ResponseMetadata"]["RequestId"]
    reason = line["reason"]
    assert reason == answer["ResponseMetadata"]["HTTPHeaders"]["x-postern-reason"]
    assert reason.startswith("statement 1, Condition.IpAddress.aws:VpcSourceIp: bad_cidr: ")
    assert line["resources"] == [f"/restapis/{api}"] and line["sourceAddress"] == "127.0.0.1"
    assert line["accessKeyId"] == gateway.credentials()[0] and line["principal"] == "arn:aws:iam::123456789012:root"
    assert "revision" not in line


def changes(lines):
    """Without those of calls that were answered and changed nothing."""
    return [line for line in lines if "readOnly" not in line or line["status"] >= 400]


def test_every_call_is_told(gateway, lines):
    client, ec2 = gateway.boto3("apigateway"), gateway.boto3("ec2")
    before = time.time()
    made = client.create_rest_api(name="audited")["id"]
    client.get_rest_apis()
    client.get_rest_api(restApiId=made)
    client.delete_rest_api(restApiId=made)
    refused(client.get_rest_api, restApiId=made)
    ec2.describe_vpc_endpoints()
    refused(ec2.delete_security_group, GroupId="sg-00000000000000000")
    run("curl", "-s", f"{gateway.management}/restapis/{made}?a=b")
    told = lines()
    assert [line.get("operation") for line in told] == [
        "CreateRestApi", "GetRestApis", "GetRestApi", "DeleteRestApi", "GetRestApi", "DescribeVpcEndpoints", "DeleteSecurityGroup", None]
    assert [line["operation"] for line in told if "readOnly" in line] == ["GetRestApis", "GetRestApi", "GetRestApi", "DescribeVpcEndpoints"]
    assert told[2]["resources"] == [f"/restapis/{made}"] and told[2]["status"] == 200
    told = changes(told)
    assert made in told[0]["resources"] and told[0]["revision"] < told[1]["revision"] and "code" not in told[0]
    assert told[2]["code"] == "NotFoundException" and told[3]["resources"] == ["sg-00000000000000000"]
    assert told[4]["status"] == 403 and told[4]["resources"] == [f"/restapis/{made}"] and "principal" not in told[4]
    assert all(line["time"].endswith("Z") and line["time"] >= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before)) for line in told)


def test_an_operator_reads_it_by_the_command_line(gateway, lines):
    client = gateway.boto3("apigateway")
    made = client.create_rest_api(name="shown")["id"]
    client.get_rest_api(restApiId=made)
    client.delete_rest_api(restApiId=made)
    refused(client.get_rest_api, restApiId=made)
    shown = gateway.postern("audit", "--resource", made)
    assert shown["complete"] and shown["events"] == changes(lines())
    assert [e["operation"] for e in gateway.postern("audit", "--resource", made, "--reads")["events"]] == [
        "CreateRestApi", "GetRestApi", "DeleteRestApi", "GetRestApi"]
    assert [e["operation"] for e in gateway.postern("audit", "--resource", made, "--refused")["events"]] == ["GetRestApi"]
    assert [e["operation"] for e in gateway.postern("audit", "--resource", made, "--limit", "2")["events"]] == ["DeleteRestApi", "GetRestApi"]
    assert [e["status"] for e in gateway.postern("audit", "--resource", made, "--operation", "CreateRestApi")["events"]] == [201]
    assert gateway.postern("audit", "--since", "9999")["events"] == []
    done = run(gateway.build / "postern", "audit", "--limit", "0", check=False)
    assert done.returncode != 0 and "--limit 0: it must be a number from 1 to 1000" in done.stderr
    text = run(gateway.build / "postern", "audit", "--limit", "1", "--resource", made,
               env={**gateway.environment(), "POSTERN_ENDPOINT": gateway.management}).stdout
    assert f" 404 apigateway:GetRestApi by arn:aws:iam::123456789012:root ({gateway.credentials()[0]}) from 127.0.0.1: /restapis/{made}: NotFoundException: " in text


def test_secrets_are_not_told(gateway, log, folder):
    authority = Authority(folder / "audited")
    certificate, key = authority.issue("audited.example.com")
    acm = gateway.boto3("acm")
    text = key.read_bytes()
    made = acm.import_certificate(Certificate=certificate.read_bytes(), PrivateKey=text)["CertificateArn"]
    refused(acm.import_certificate, Certificate=b"no certificate", PrivateKey=text)
    acm.delete_certificate(CertificateArn=made)
    told = log.read_text()
    assert made in told
    for secret in (gateway.credentials()[1], "PRIVATE KEY", *text.decode().split("\n")[1:-2], base64.b64encode(text).decode()):
        assert secret not in told and secret[:24] not in told


def test_a_new_control_program_goes_on_with_it(gateway, lines):
    killed = gateway.kill("postern-control")
    wait_for(lambda: gateway.children("postern-control") not in ([], [killed]), "another control program")
    wait_for(lambda: run("curl", "-s", gateway.management + "/ping", check=False).returncode == 0, "management")
    made = gateway.boto3("apigateway").create_rest_api(name="after")["id"]
    assert made in lines()[-1]["resources"]
    gateway.boto3("apigateway").delete_rest_api(restApiId=made)


def test_the_log_is_opened_anew_on_sighup(gateway, log):
    facts = log.stat()
    assert (oct(facts.st_mode & 0o7777), facts.st_uid) == ("0o640", 0)
    moved = log.with_suffix(".1")
    log.rename(moved)
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(log.exists, "a new audit log")

    def call():
        gateway.boto3("apigateway").delete_rest_api(restApiId=gateway.boto3("apigateway").create_rest_api(name="rotated")["id"])
        return log.stat().st_size > 0
    wait_for(call, "a line in the new audit log")
    for line in moved.read_text().splitlines() + log.read_text().splitlines():
        json.loads(line)
    written = {k: v for k, v in gateway.metrics().items() if k.startswith("postern_audit_log_lines_total")}
    assert written['postern_audit_log_lines_total{outcome="failed"}'] == 0 and written['postern_audit_log_lines_total{outcome="ok"}'] > 0
