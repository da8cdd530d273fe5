# SPDX-License-Identifier: GPL-3.0-or-later
"""A support bundle says what whoever helps wants to know, and none of the secrets that an appliance has seen: its own keys, those
of certificates, of clients and of back ends, and what calls that failed have quoted."""
import base64
import json
import zipfile

import pytest

from conftest import subnet_settings
from lab.appliance import AWS, Appliance, CallFailed, allow, deny
from lab.network import run

CLIENT, DENIED = "10.20.0.10", "10.20.0.66"
BEARER, PASSWORD, STAGE_SECRET, BACKEND_PASSWORD = "eyJhbGciOi.s020.bearer", "s020-hunter2", "s020-stage-variable", "s020-backend-pw"
WRONG_SECRET = "wJalrXUtnFEMI7K7MDENGbPxRfiCYEXAMPLEKEY1"


def secrets_of(gateway, key_file):
    """Every form in which a secret of this appliance could stand in a text."""
    raw = (gateway.state / "secret.key").read_bytes()
    private_key = [line for line in key_file.read_text().splitlines() if not line.startswith("-----")]
    store = (gateway.state / "store.db").read_bytes() + (gateway.state / "store.db-wal").read_bytes()
    sealed = {part.split(b'"')[0].decode() for name in (b'"sealedKey":"', b'"sealedSecret":"') for part in store.split(name)[1:]}
    assert len(sealed) >= 3
    return [gateway.credentials()[1], raw, raw.hex(), base64.b64encode(raw).decode(), *private_key, *sealed, BEARER, PASSWORD, STAGE_SECRET,
            BACKEND_PASSWORD, WRONG_SECRET]


def holds(content, secret):
    return (secret if isinstance(secret, bytes) else secret.encode()) in content


def members_of(file):
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name.removeprefix("postern-support/"): archive.read(name) for name in archive.namelist()}


@pytest.fixture
def lived_in(subnet, gateway, authority):
    """The gateway after some life: a certificate, clients with credentials, a denied one, calls that fail; and the key file."""
    api = gateway.serve_api(allow(), deny("NotYou", "IpAddress", "aws:VpcSourceIp", DENIED))
    gateway.aws("apigateway", "update-stage", "--rest-api-id", api, "--stage-name", "prod", "--patch-operations",
                f"op=replace,path=/variables/password,value={STAGE_SECRET}")
    certificate, key = authority.issue("s020.example.com")
    arn = gateway.aws("acm", "import-certificate", "--certificate", f"fileb://{certificate}", "--private-key", f"fileb://{key}")["CertificateArn"]
    client = subnet.host(CLIENT)
    assert gateway.get(client, api, "/pets", "-H", f"Authorization: Bearer {BEARER}", "-H", f"Cookie: session={PASSWORD}").status == 200
    assert subnet.host(DENIED).connect_milliseconds(gateway.ipv4, 443)[0] == "refused"
    gateway.filter_event(DENIED)
    # Calls that are refused, and whose refusals quote what they were given.
    environment = {**gateway.environment(), "AWS_SECRET_ACCESS_KEY": WRONG_SECRET}
    assert run(AWS, "--endpoint-url", gateway.management, "apigateway", "get-rest-apis", env=environment, check=False).returncode != 0
    run("curl", "-s", "-H", f"Authorization: AWS4-HMAC-SHA256 Credential={PASSWORD}, Signature={BEARER}", f"{gateway.management}/restapis")
    run("curl", "-s", "-H", f"Authorization: Bearer {BEARER}", f"{gateway.management}/restapis")
    gateway.aws("apigateway", "put-integration", "--rest-api-id", api, "--resource-id", "none", "--http-method", "GET", "--type", "HTTP",
                "--uri", f"http://user:{BACKEND_PASSWORD}@10.0.0.1/", check=False)
    yield gateway, key
    gateway.aws("acm", "delete-certificate", "--certificate-arn", arn)


def test_it_tells_all_but_secrets(lived_in, tmp_path):
    gateway, key = lived_in
    file = tmp_path / "bundle.zip"
    made = gateway.postern("system", "support-bundle", file, "--settings", gateway.settings_file)
    assert made["file"] == str(file) and made["bytes"] == file.stat().st_size and file.stat().st_mode & 0o777 == 0o600
    members = members_of(file)
    assert {"about.json", "status.json", "facts.json", "filter-stats.json", "filter-events.json", "audit.json", "metrics.txt",
            "doctor.json"} <= members.keys()
    told = {name: json.loads(content) for name, content in members.items() if name.endswith(".json")}
    assert told["about.json"]["postern"] == run(gateway.build / "postern", "--version").stdout.split()[1]
    assert gateway.vpce in [e["id"] for e in told["status.json"]["endpoints"]]
    facts = told["facts.json"]
    assert facts["settings"]["region"] == "us-east-1" and facts["settings"]["networks"][0]["ipv4_prefix"] == "10.20.0.0/24"
    assert facts["machine"]["kernel"] == run("uname", "-r").stdout.strip() and facts["store"]["records"]["vpcendpoint"] == 1
    assert facts["store"]["diskFreeBytes"] > 0 and any("s020.example.com" in json.dumps(c) for c in facts["certificates"])
    assert any(e["source"] == DENIED for e in told["filter-events.json"]["events"])
    operations = [e.get("operation") for e in told["audit.json"]["events"]]
    assert "ImportCertificate" in operations and "PutIntegration" in operations
    assert b"postern_store_revision" in members["metrics.txt"] and told["doctor.json"]["checks"]
    found = [(name, secret) for secret in secrets_of(gateway, key) for name, content in members.items() if holds(content, secret)]
    assert found == []


def test_a_key_that_stands_in_the_settings_is_not_told(tmp_path):
    for part in (tmp_path, *tmp_path.parents):
        if str(part).startswith("/tmp/"):
            part.chmod(0o755)
    management = "127.0.0.1:14581"
    settings = {**subnet_settings(tmp_path / "own", management), "access_key_id": "AKIAS020S020S020S020", "secret_access_key": WRONG_SECRET,
                "networks": []}
    appliance = Appliance(tmp_path / "own", settings, management=management).start()
    try:
        appliance.postern("system", "support-bundle", tmp_path / "bundle.zip", "--settings", appliance.settings_file)
    finally:
        assert appliance.stop() == 0
    content = b"".join(members_of(tmp_path / "bundle.zip").values())
    assert holds(content, "AKIAS020S020S020S020") and holds(content, '"secret_access_key":"[redacted]"')
    assert not holds(content, WRONG_SECRET)


def test_it_is_written_without_an_appliance_and_over_nothing(gateway, tmp_path):
    file = tmp_path / "bundle.zip"
    done = run(gateway.build / "postern", "system", "support-bundle", file, "--endpoint-url", "http://127.0.0.1:1", check=False,
               env=gateway.environment())
    assert done.returncode == 1 and "nothing answers at http://127.0.0.1:1" in done.stderr
    members = members_of(file)
    assert "doctor.json" in members
    assert json.loads(members["about.json"])["problems"][0]["part"] == "status.json"
    with pytest.raises(CallFailed, match="exists: name a new file"):
        gateway.postern("system", "support-bundle", file)
    with pytest.raises(CallFailed, match="can't write"):
        gateway.postern("system", "support-bundle", tmp_path / "none/bundle.zip")
    assert [f.name for f in tmp_path.iterdir()] == ["bundle.zip"]
