# SPDX-License-Identifier: GPL-3.0-or-later
"""A malformed OpenAPI file, policy, certificate or settings file gets an error that names the place and the rule, and changes nothing."""
import json
import subprocess

import pytest

from conftest import PETSTORE
from lab.appliance import allow, build_folder, policy
from lab.network import run

DOCUMENTS = {
    "no JSON and no YAML": ("{", ""),
    "a list": ("[]", ""),
    "no version": ("info: {title: x}\npaths: {}\n", ""),
    "a selection pattern": (PETSTORE.safe_substitute(backend="http://127.0.0.1:1").replace("          default:", "          '(':", 1), "selectionPattern"),
    "a bad integration type": (PETSTORE.safe_substitute(backend="http://127.0.0.1:1").replace("type: mock", "type: magic", 1), "magic"),
    "a duplicate member": ("openapi: 3.0.1\nopenapi: 3.0.1\ninfo: {title: x, version: '1'}\npaths: {}\n", ""),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_openapi(local, case, tmp_path):
    text, words = DOCUMENTS[case]
    before = local.aws("apigateway", "get-rest-apis", "--query", "length(items)")
    file = tmp_path / "openapi"
    file.write_text(text)
    code, message = local.aws_error("apigateway", "import-rest-api", "--body", f"fileb://{file}", "--parameters", "endpointConfigurationTypes=PRIVATE")
    assert code == "BadRequestException" and words in message, message
    assert local.aws("apigateway", "get-rest-apis", "--query", "length(items)") == before


POLICIES = {
    "syntax": "{",
    "an unknown member": json.dumps({**policy(allow()), "Surprise": 1}),
    "an unknown statement member": json.dumps(policy({**allow(), "Conditions": {}})),
    "no principal": json.dumps(policy({k: v for k, v in allow().items() if k != "Principal"})),
    "a wildcard principal": json.dumps(policy(allow(Principal={"AWS": "arn:aws:iam::111122223333:*"}))),
    "a bad CIDR": json.dumps(policy(allow(Condition={"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/33"}}))),
    "a bad date": json.dumps(policy(allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-13-01"}}))),
    "an unknown operator": json.dumps(policy(allow(Condition={"StringSimilar": {"aws:Referer": "x"}}))),
    "a duplicate member": '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
    "too large": json.dumps(policy(*[allow(Sid=f"S{i}", Resource=f"execute-api:/{'x' * 400}{i}") for i in range(30)])),
}


@pytest.mark.parametrize("case", POLICIES)
def test_policy(local, backend, case):
    api = local.serve_api(backend.url)
    before = local.aws("apigateway", "get-rest-api", "--rest-api-id", api)
    operation = json.dumps([{"op": "replace", "path": "/policy", "value": POLICIES[case]}])
    code, message = local.aws_error("apigateway", "update-rest-api", "--rest-api-id", api, "--patch-operations", operation)
    assert code == "BadRequestException"
    assert "Invalid policy document. Please check the policy syntax and ensure that Principals are valid." in message or case == "too large"
    assert local.aws("apigateway", "get-rest-api", "--rest-api-id", api) == before
    local.aws("apigateway", "delete-rest-api", "--rest-api-id", api)


def test_certificates(local, authority):
    certificate, key = authority.issue("f010.internal")
    _, other_key = authority.issue("other.f010.internal")
    before = local.aws("acm", "list-certificates", "--includes", "keyTypes=EC_prime256v1")
    for body, private in ((certificate, other_key), (key, key), (certificate, certificate)):
        code, _ = local.aws_error("acm", "import-certificate", "--certificate", f"fileb://{body}", "--private-key", f"fileb://{private}")
        assert code == "ValidationException"
    assert local.aws("acm", "list-certificates", "--includes", "keyTypes=EC_prime256v1") == before


SETTINGS = {
    "region: us-east-1\nregin: x\n": "regin",
    "workers: many\n": "workers",
    "workers: 100000\n": "workers",
    "networks:\n  - vpc_id: nonsense\n": "vpc_id",
    "account_id: '12'\n": "account_id",
    "a: [\n": "line",
}


@pytest.mark.parametrize("text", SETTINGS)
def test_settings(text, tmp_path):
    file = tmp_path / "postern.yaml"
    file.write_text(text)
    done = run(build_folder() / "postern", "settings", "--check", file, check=False)
    assert done.returncode != 0 and str(file) in done.stderr and (SETTINGS[text] in done.stderr or SETTINGS[text] == "line"), done.stderr
    assert any(character.isdigit() for character in done.stderr.split(str(file), 1)[1][:8]), "names no line"


def test_the_documented_defaults_are_valid(tmp_path):
    file = tmp_path / "postern.yaml"
    file.write_text(run(build_folder() / "postern", "settings").stdout)
    assert run(build_folder() / "postern", "settings", "--check", file).returncode == 0


def test_a_wrong_command_line_says_what_is_right():
    for arguments in ([], ["nonsense"], ["status", "--nonsense"], ["filter"], ["filter", "mode", "x"], ["policy"], ["backup"]):
        done = subprocess.run([build_folder() / "postern", *arguments], capture_output=True, text=True, timeout=10)
        assert done.returncode == 2 and "usage: postern" in done.stderr, arguments
    for command in ("run", "status", "filter", "policy", "domain", "settings", "doctor", "backup", "restore", "down"):
        assert "usage: postern" in run(build_folder() / "postern", command, "--help").stdout
    assert run(build_folder() / "postern", "--version").stdout.startswith("postern ")
