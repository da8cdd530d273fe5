# SPDX-License-Identifier: GPL-3.0-or-later
"""Management on other addresses than loopback: its certificate covers what clients call it by, and comes with its authority."""
import re

import pytest

from conftest import ACCOUNT, REGION, Here
from lab.appliance import AWS, Appliance
from lab.network import run

PORT = 14612


@pytest.fixture
def appliance(tmp_path):
    folder = tmp_path / "appliance"
    made = Appliance(folder, {
        "account_id": ACCOUNT, "region": REGION, "local": True, "local_traffic": "127.0.0.1:18612",
        "management": [f"0.0.0.0:{PORT}", f"[::]:{PORT + 1}"], "management_names": ["gw.example.net", "192.0.2.7"],
        "state_dir": str(folder / "state"), "run_dir": str(folder / "run"), "log_dir": str(folder / "log")})
    (folder / "state").mkdir(mode=0o700)
    made.management = f"https://127.0.0.1:{PORT}"
    try:
        yield made.start()
    finally:
        assert made.stop() == 0


def ping(appliance, name, *options, port=PORT):
    """/ping with the certificate verified against ca.pem, called by that name."""
    done = Here.run("curl", "-sS", "--cacert", appliance.ca, *options, f"https://{name}:{port}/ping", check=False)
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return done.stdout


def test_every_local_address_is_covered_when_it_is_called(appliance):
    # 127.0.0.0/8 are this host's addresses, as those of a NIC that got them after the start would be.
    for address in ("127.0.0.1", "127.0.0.2", "127.6.5.4", "127.0.0.1"):
        assert '"ok"' in ping(appliance, address)
    assert '"ok"' in ping(appliance, "[::1]", port=PORT + 1)
    assert '"ok"' in ping(appliance, "localhost")


def test_names_of_the_settings_are_covered_and_others_are_not(appliance):
    for name in ("gw.example.net", "192.0.2.7"):
        assert '"ok"' in ping(appliance, name, "--connect-to", f"{name}:{PORT}:127.0.0.1:{PORT}")
    done = Here.run("curl", "-sS", "--cacert", appliance.ca, "--connect-to", f"other.example.net:{PORT}:127.0.0.1:{PORT}",
                    f"https://other.example.net:{PORT}/ping", check=False)
    assert done.returncode == 60, "a name that nobody gave it is not covered"


def test_the_aws_cli_works_with_the_authority_that_the_connection_shows(appliance, tmp_path):
    shown = run("openssl", "s_client", "-showcerts", "-connect", f"127.0.0.2:{PORT}", input="").stdout
    authority = tmp_path / "shown.pem"
    authority.write_text(re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", shown, re.S)[-1])
    assert authority.read_text() == appliance.ca.read_text()
    done = run(AWS, "--endpoint-url", f"https://127.0.0.2:{PORT}", "--ca-bundle", authority, "sts", "get-caller-identity",
               env=appliance.environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert ACCOUNT in done.stdout


def test_the_credentials_name_the_address_to_call(appliance):
    assert f"--endpoint-url https://gw.example.net:{PORT} " in (appliance.state / "credentials").read_text()
