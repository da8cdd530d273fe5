# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line against an appliance elsewhere: https with a private CA, found as aws finds it; and when something is wrong, one
line that says what, and what to do."""
import os

import pytest

from conftest import ACCOUNT, REGION
from lab.appliance import AWS, Appliance
from lab.network import Host, run

HERE, THERE, PORT = "10.77.7.1", "10.77.7.2", 4566


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A whole machine as far as the network goes: the appliance in a namespace of its own, with a link to this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for part in (folder, *folder.parents):
        if str(part).startswith("/tmp/"):
            part.chmod(0o755)
    machine = Host("ps-elsewhere")
    run("ip", "link", "add", "ps-away", "type", "veth", "peer", "name", "eth0", "netns", machine.name)
    run("ip", "address", "add", f"{HERE}/24", "dev", "ps-away")
    run("ip", "link", "set", "ps-away", "up")
    run("ip", "-n", machine.name, "address", "add", f"{THERE}/24", "dev", "eth0")
    run("ip", "-n", machine.name, "link", "set", "eth0", "up")
    settings = {"account_id": ACCOUNT, "region": "eu-west-1", "workers": 1, "management": [f"{THERE}:{PORT}", f"127.0.0.1:{PORT}"],
                "state_dir": str(folder / "state"), "run_dir": str(folder / "run"), "log_dir": str(folder / "log"),
                "gateway_uid": 64701, "control_uid": 64702, "group_gid": 64700}
    appliance = Appliance(folder, settings, management=f"{THERE}:{PORT}")
    appliance.command = machine.command(*appliance.command)
    appliance.management = f"https://{THERE}:{PORT}"
    try:
        yield appliance.start()
    finally:
        appliance.stop()
        run(*machine.command(appliance.build / "postern", "down", "--settings", appliance.settings_file), check=False)
        machine.close()


@pytest.fixture
def operator(elsewhere, tmp_path):
    """The operator's own machine: a home folder, the key pair, nothing else."""
    key, secret = elsewhere.credentials()
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(f"[remote]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return Operator(elsewhere, tmp_path)


class Operator:
    def __init__(self, elsewhere, home):
        self.elsewhere, self.home = elsewhere, home
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_PROFILE": "remote", "AWS_REGION": "eu-west-1",
                            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}

    def postern(self, *arguments, **environment):
        return run(self.elsewhere.build / "postern", *arguments, env={**self.environment, **environment}, check=False)

    def named(self, *arguments, **environment):
        return self.postern(*arguments, "--endpoint-url", self.elsewhere.management, **environment)

    def ca(self):
        file = self.home / "ca.pem"
        if not file.exists():
            assert self.named("system", "ca", file).returncode == 0
        return file


def test_the_ca_is_got_and_compared(elsewhere, operator):
    fingerprint = run("openssl", "x509", "-in", elsewhere.ca, "-noout", "-fingerprint", "-sha256").stdout.strip().rpartition("=")[2]
    assert fingerprint in elsewhere.log.read_text(), "the console says it too"
    file = operator.home / "got.pem"
    done = operator.named("system", "ca", file, "--fingerprint", fingerprint)
    assert done.returncode == 0 and fingerprint in done.stderr and "Not compared" not in done.stderr
    assert file.read_text() == elsewhere.ca.read_text()
    done = operator.named("system", "ca", "--fingerprint", f"sha256 Fingerprint={fingerprint.lower().replace(':', '')}")
    assert done.returncode == 0 and done.stdout == elsewhere.ca.read_text()
    done = operator.named("system", "ca", operator.home / "other.pem", "--fingerprint", fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1"))
    assert done.returncode == 1 and "shows another CA" in done.stderr and not (operator.home / "other.pem").exists()
    done = operator.named("system", "ca")
    assert done.returncode == 0 and "Not compared yet" in done.stderr
    assert "exists" in operator.named("system", "ca", file).stderr
    assert "is not https" in operator.postern("system", "ca", "--endpoint-url", f"http://{THERE}:{PORT}").stderr


@pytest.mark.parametrize("way", ["option", "environment", "profile"])
def test_the_ca_is_found_as_aws_finds_it(operator, way):
    ca, arguments, environment = operator.ca(), [], {}
    if way == "option":
        arguments = ["--ca", ca]
    elif way == "environment":
        environment = {"AWS_CA_BUNDLE": str(ca)}
    else:
        (operator.home / ".aws/config").write_text(f"[profile remote]\nca_bundle = {ca}\n")
    done = operator.named("status", *arguments, **environment)
    assert done.returncode == 0 and "region eu-west-1" in done.stdout, done.stderr
    if way != "option":
        said = run(AWS, "--endpoint-url", operator.elsewhere.management, "sts", "get-caller-identity",
                   env={**operator.environment, **environment}, check=False)
        assert said.returncode == 0 and ACCOUNT in said.stdout, said.stderr


def test_a_profile_says_it_all(operator):
    (operator.home / ".aws/config").write_text(
        f"[profile remote]\nregion = eu-west-1\nca_bundle = {operator.ca()}\nendpoint_url = {operator.elsewhere.management}\n")
    operator.environment.pop("AWS_REGION")
    assert operator.postern("status").returncode == 0
    assert operator.postern("system", "checkpoint", "--confirm-within", "60").returncode == 0
    assert "confirmed" in operator.postern("system", "confirm").stdout
    bundle = operator.home / "bundle.zip"
    done = operator.postern("system", "support-bundle", bundle)
    assert done.returncode == 0 and bundle.stat().st_size > 1000, done.stderr
    assert b"doctor.json" not in bundle.read_bytes(), "what this machine lacks is of no interest"
    backup = operator.home / "backup.db"
    assert operator.postern("backup", backup).returncode == 0 and backup.stat().st_size > 4096


def test_what_is_wrong_is_said(operator):
    url, ca = operator.elsewhere.management, operator.ca()
    other = operator.home / "other-ca.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", operator.home / "k", "-out", other,
        "-subj", "/CN=Another")
    for arguments, environment, said in (
            (["status"], {}, ["is not vouched for by the system's authorities", "postern system ca", "--ca or AWS_CA_BUNDLE"]),
            (["status", "--ca", other], {}, [f"is not vouched for by {other}"]),
            (["status", "--ca", "/nowhere/ca.pem"], {}, ["can't read authorities from /nowhere/ca.pem"]),
            (["status", "--ca", ca, "--endpoint-url", f"http://{THERE}:{PORT}"], {}, ["elsewhere it is https://"]),
            (["status", "--ca", ca, "--endpoint-url", f"https://{THERE}:1"], {}, [f"nothing answers at https://{THERE}:1"]),
            (["status", "--ca", ca, "--endpoint-url", "https://no-such-name.invalid:4566"], {}, ["can't call https://no-such-name.invalid:4566"]),
            (["status", "--ca", ca], {"AWS_ACCESS_KEY_ID": "AKIANOSUCHKEY0000000", "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": ""},
             ["the appliance answered 403", "(access key AKIANOSUCHKEY0000000 from the environment, region eu-west-1)"]),
            (["status", "--ca", ca], {"AWS_REGION": "us-east-2"}, ["the appliance answered 403", "valid region", "region us-east-2"]),
            (["status", "--ca", ca], {"AWS_PROFILE": "none"}, ["no credentials"])):
        if "--endpoint-url" not in arguments:
            arguments = [*arguments, "--endpoint-url", url]
        done = operator.postern(*arguments, **environment)
        assert done.returncode == 1 and done.stdout == "" and len(done.stderr.splitlines()) == 1, (arguments, done)
        assert all(part in done.stderr for part in said), (arguments, done.stderr)


def test_another_name_is_said(operator, tmp_path):
    """Called by a name that its certificate has not."""
    with open("/etc/hosts", encoding="utf-8") as file:
        hosts = tmp_path / "hosts"
        hosts.write_text(file.read() + f"\n{THERE} gateway.example.org\n")
    command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, operator.elsewhere.build / "postern", "status",
               "--ca", operator.ca(), "--endpoint-url", f"https://gateway.example.org:{PORT}"]
    done = run(*command, env=operator.environment, check=False)
    assert done.returncode == 1 and "another name's" in done.stderr and "management_names" in done.stderr, done.stderr
