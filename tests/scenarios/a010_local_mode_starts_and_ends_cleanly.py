# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern run --local DIR`: one line `ready` with two URLs, credentials in AWS's format, the same identity after a restart."""
import configparser
import os
import re
import stat
import subprocess
import time

from conftest import LOCAL_MANAGEMENT, LOCAL_TRAFFIC, Local
from lab.appliance import AWS, REGION
from lab.network import run


def test_ready_line_credentials_and_identity(tmp_path):
    appliance = Local(tmp_path, "127.0.0.1:14571", "127.0.0.1:18471").start()
    try:
        urls = re.findall(r"https?://\S+", appliance.ready_line)
        assert urls == ["http://127.0.0.1:14571", "https://127.0.0.1:18471"]
        parser = configparser.ConfigParser()
        assert parser.read(appliance.state / "credentials")
        assert len(parser["default"]["aws_secret_access_key"]) == 40
        assert stat.S_IMODE(os.stat(appliance.state / "credentials").st_mode) & 0o077 == 0
        first = appliance.postern("status")
        assert first["localMode"] and first["accountId"] == "123456789012" and first["region"] == REGION
        builtin = [e for e in first["endpoints"] if e["builtin"]]
        assert len(builtin) == 1 and re.fullmatch(r"vpce-[0-9a-f]{17}", builtin[0]["id"])
        api = appliance.aws("apigateway", "create-rest-api", "--name", "kept")["id"]
    finally:
        assert appliance.stop() == 0
    appliance.start()
    try:
        assert appliance.postern("status")["endpoints"][0]["id"] == builtin[0]["id"]
        assert [item["id"] for item in appliance.aws("apigateway", "get-rest-apis")["items"]] == [api]
    finally:
        assert appliance.stop() == 0


def test_the_credentials_file_serves_the_stock_cli(local):
    environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": str(local.state / "credentials"), "AWS_DEFAULT_REGION": REGION}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        environment.pop(name, None)
    done = run(AWS, "--endpoint-url", local.management, "apigateway", "get-rest-apis", env=environment)
    assert '"items"' in done.stdout


def test_a_port_in_use_is_named(local, tmp_path):
    second = Local(tmp_path, LOCAL_MANAGEMENT, LOCAL_TRAFFIC)
    started = time.monotonic()
    done = subprocess.run([str(c) for c in second.command], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and time.monotonic() - started < 10
    assert LOCAL_MANAGEMENT in done.stderr and "in use" in done.stderr
    assert "ready" not in done.stdout


def test_another_account_is_refused_later(tmp_path):
    first = Local(tmp_path, "127.0.0.1:14572", "127.0.0.1:18472").start()
    assert first.stop() == 0
    command = [c if c != "123456789012" else "210987654321" for c in map(str, first.command)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "account" in done.stderr and "123456789012" in done.stderr
