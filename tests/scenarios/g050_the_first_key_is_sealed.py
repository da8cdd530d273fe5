# SPDX-License-Identifier: GPL-3.0-or-later
"""With an operator's certificate in the settings the access key that is made is sealed to it: shown once, kept, in the clear nowhere."""
import configparser
import re
import subprocess

import pytest
import yaml

from conftest import ACCOUNT, REGION
from lab.appliance import Appliance, CallFailed, build_folder
from lab.network import run

CMS = re.compile(r"-----BEGIN CMS-----\n.*?-----END CMS-----\n", re.S)
EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Operator:
    """A key pair with its certificate, and what openssl opens with it."""

    def __init__(self, folder, name, *key):
        self.key, self.certificate = folder / f"{name}.key", folder / f"{name}.pem"
        self.message = folder / f"{name}.cms"
        run("openssl", "req", "-x509", "-newkey", *key, "-nodes", "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}")

    def open(self, text):
        self.message.write_text(text)
        parser = configparser.ConfigParser()
        parser.read_string(run("openssl", "cms", "-decrypt", "-inform", "PEM", "-in", self.message, "-inkey", self.key,
                               "-recip", self.certificate).stdout)
        return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]


class Sealed(Appliance):
    """An appliance in local mode from a settings file; its calls are signed with `pair`."""
    pair = None

    def __init__(self, folder, **settings):
        super().__init__(folder, {"account_id": ACCOUNT, "region": REGION, "local": True, "local_traffic": "127.0.0.1:18610",
                                  "management": ["127.0.0.1:14610"], "state_dir": str(folder / "state"),
                                  "run_dir": str(folder / "run"), "log_dir": str(folder / "log"), **settings},
                         management="127.0.0.1:14610")
        (folder / "state").mkdir(mode=0o700)

    def credentials(self):
        return self.pair

    def start(self, **settings):
        self.settings |= settings
        self.settings_file.write_text(yaml.safe_dump(self.settings))
        before = self.log.stat().st_size if self.log.exists() else 0
        super().start()
        self.said = self.log.read_text()[before:]
        return self

    def stop(self):
        assert super().stop() == 0


@pytest.fixture
def appliance(tmp_path):
    made = Sealed(tmp_path / "appliance")
    yield made
    made.stop()


@pytest.mark.parametrize("key", (("rsa:3072",), EC), ids=("rsa", "ec"))
def test_openssl_opens_what_is_shown_and_the_aws_cli_works_with_it(tmp_path, appliance, key):
    operator = Operator(tmp_path, "operator", *key)
    appliance.start(operator_certificate=operator.certificate.read_text())
    appliance.pair = operator.open(CMS.search(appliance.said)[0])
    assert appliance.aws("sts", "get-caller-identity")["Account"] == ACCOUNT
    assert operator.open(CMS.search((appliance.state / "credentials.cms").read_text())[0]) == appliance.pair
    assert not (appliance.state / "credentials").exists()
    files = [file for file in appliance.folder.rglob("*") if file.is_file()]
    assert appliance.log in files and appliance.state / "store.db" in files
    for file in files:
        assert appliance.pair[1].encode() not in file.read_bytes(), f"{file} holds the secret"
    appliance.stop()
    appliance.start()
    assert not CMS.search(appliance.said), "it is shown once"
    assert appliance.aws("sts", "get-caller-identity")["Account"] == ACCOUNT


def test_another_operator_gets_another_key_and_the_old_one_ends(tmp_path, appliance):
    first, second = Operator(tmp_path, "first", *EC), Operator(tmp_path, "second", "rsa:2048")
    appliance.start(operator_certificate=first.certificate.read_text())
    appliance.pair = first.open(CMS.search(appliance.said)[0])
    appliance.stop()
    appliance.start(operator_certificate=second.certificate.read_text())
    with pytest.raises(CallFailed, match="InvalidClientTokenId|security token"):
        appliance.aws("sts", "get-caller-identity")
    shown = CMS.search(appliance.said)[0]
    with pytest.raises(Exception):
        first.open(shown)
    appliance.pair = second.open(shown)
    assert appliance.aws("sts", "get-caller-identity")["Account"] == ACCOUNT


def test_the_authority_on_the_console_is_the_one_in_its_file(appliance):
    for _ in range(2):
        appliance.start()
        printed = run("openssl", "x509", "-in", appliance.ca, "-noout", "-fingerprint", "-sha256").stdout.partition("=")[2].strip()
        assert f"SHA256 Fingerprint={printed}\n" in appliance.said
        appliance.stop()
    appliance.start()


def check(tmp_path, certificate):
    file = tmp_path / "judged.yaml"
    file.write_text(yaml.safe_dump({"operator_certificate": certificate}))
    return subprocess.run([build_folder() / "postern", "settings", "--check", file], capture_output=True, text=True)


def test_a_certificate_that_has_ended_is_refused_when_settings_are_judged(tmp_path):
    operator = Operator(tmp_path, "operator", *EC)
    assert check(tmp_path, operator.certificate.read_text()).returncode == 0
    run("openssl", "x509", "-in", operator.certificate, "-signkey", operator.key, "-days", "-1", "-out", tmp_path / "ended.pem")
    judged = check(tmp_path, (tmp_path / "ended.pem").read_text())
    assert judged.returncode == 1 and "operator_certificate: the certificate ended on" in judged.stderr


def test_what_is_no_certificate_is_refused_when_settings_are_judged(tmp_path):
    operator = Operator(tmp_path, "operator", *EC)
    for text, why in (("garbage", "must be one certificate in PEM"),
                      (operator.certificate.read_text() * 2, "must be one certificate, without the chain"),
                      (operator.certificate.read_text() + operator.key.read_text(), "holds a private key")):
        judged = check(tmp_path, text)
        assert judged.returncode == 1 and f"operator_certificate: {why}" in judged.stderr
