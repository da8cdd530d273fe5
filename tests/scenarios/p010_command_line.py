# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: every command tells about itself, speaks JSON when asked to, and says what is wrong with its arguments; and
an ordinary user runs an appliance in local mode with it."""
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import Local, SERVICE
from g030_host_that_lacks_something import NOBODY, programs  # noqa: F401 (a fixture)
from lab.appliance import allow, build_folder
from lab.network import run

COMMANDS = ["run", "status", "apply", "policy", "policy evaluate", "policy explain", "policy filter", "template", "template render", "schema", "schema validate", "filter", "filter events", "filter stats",
            "filter show", "filter mode", "audit", "credentials", "credentials create", "credentials list", "credentials revoke", "domain", "domain create", "domain list", "domain delete", "settings", "doctor", "backup",
            "restore", "down",
            "system", "system status", "system update", "system settings", "system restart", "system checkpoint", "system confirm",
            "system rollback", "system ca", "system support-bundle"]
POSTERN = build_folder() / "postern"
REPOSITORY = pathlib.Path(__file__).parents[2]


def postern(*arguments, **options):
    return run(POSTERN, *arguments, check=False, **options)


def test_every_command_that_help_names_is_tested_here():
    listed = [line.split()[0] for line in postern("--help").stdout.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted(command for command in COMMANDS if " " not in command)


def test_manual_pages_tell_of_every_part():
    spec = importlib.util.spec_from_file_location("manual", REPOSITORY / "image/debian/manual.py")
    manual = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(manual)
    pages = manual.pages(build_folder(), "2026-01-01", "1")
    for command, part in (command.split() for command in COMMANDS if " " in command):
        lines = pages[f"postern-{command}.1"].splitlines()
        assert f".SS {part}" in lines and any(line.startswith(f"\\fBpostern {command} {part}".replace("-", "\\-")) for line in lines), (command, part)
    with pytest.raises(manual.NotUnderstood):
        manual.parts_of("postern thing PART …")
    with pytest.raises(manual.NotUnderstood):
        manual.parts_of("postern thing a, b [--help]")


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    done = postern(*command.split(), "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"usage: postern {command} ") or done.stdout.startswith(f"usage: postern {command}\n")
    assert "--json" in done.stdout and "--help" in done.stdout


@pytest.mark.parametrize("program", ["postern", "posternd", "postern-gateway", "postern-control", "postern-settings"])
def test_version(program):
    done = run(build_folder() / program, "--version")
    name, version = done.stdout.split()
    assert name == program and version == postern("--version").stdout.split()[1]


@pytest.mark.parametrize("arguments, said", [
    (["nonsense"], "nonsense: no such command"),
    (["run", "extra"], "extra: unexpected argument"),
    (["run", "--nonsense"], "--nonsense: unknown option"),
    (["run", "--local"], "--local: its value is missing"),
    (["run", "--traffic", "127.0.0.1:1"], "go with --local"),
    (["run", "--local", "/tmp", "--settings", "x"], "exclude each other"),
    (["filter", "nonsense"], "nonsense: no such part"),
    (["filter"], "an argument is missing"),
    (["backup"], "an argument is missing"),
    (["credentials"], "an argument is missing"),
    (["credentials", "revoke"], "an argument is missing"),
    (["system"], "an argument is missing"),
    (["system", "checkpoint", "--confirm-within", "soon"], "no number of seconds"),
    (["system", "checkpoint", "--show", "--confirm-within", "20"], "exclude each other"),
    (["domain", "create"], "--name and --certificate-arn are needed"),
    (["policy", "evaluate"], "is needed"),
])
def test_wrong_arguments(arguments, said):
    done = postern(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and "usage: postern" in done.stderr


def test_json_of_what_needs_no_appliance(tmp_path):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow()]})
    resource = "arn:aws:execute-api:us-east-1:123456789012:abc123/prod/GET/pets"
    good = tmp_path / "good.yaml"
    good.write_text("workers: 1\n")
    for arguments in (["settings"], ["settings", "--check", good], ["doctor", "--local"],
                      ["policy", "evaluate", "--policy", policy, "--resource", resource],
                      ["policy", "explain", "--policy", policy, "--resource", resource],
                      ["policy", "filter", "--policy", policy]):
        done = postern(*arguments, "--json")
        assert json.loads(done.stdout), arguments
    bad = postern("settings", "--check", "/etc/passwd", "--json")
    assert bad.returncode == 1 and "/etc/passwd:1:1" in json.loads(bad.stdout)["error"]


def test_json_of_what_asks_the_appliance(gateway, tmp_path):
    gateway.serve_api()
    assert gateway.postern("status")["endpoints"]
    assert gateway.postern("filter", "stats")["endpoints"]
    assert "events" in gateway.postern("filter", "events")
    assert gateway.postern("filter", "show", gateway.vpce)
    assert gateway.postern("filter", "mode", gateway.vpce, "reset")
    assert isinstance(gateway.postern("domain", "list"), dict)
    assert gateway.postern("audit", "--limit", "1")["events"]
    assert gateway.postern("backup", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size > 0


def test_no_appliance_is_there(tmp_path):
    """Who asks gets told where it was looked for."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    done = postern("status", "--endpoint-url", "http://127.0.0.1:1", env=environment)
    assert done.returncode == 1 and "127.0.0.1:1" in done.stderr
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment.pop(name)
    environment |= {"HOME": str(tmp_path), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    done = postern("status", "--state", tmp_path, env=environment)
    assert done.returncode == 1 and "no credentials" in done.stderr and f"{tmp_path}/credentials" in done.stderr


class TestAnOrdinaryUser:
    @pytest.fixture
    def appliance(self, folder, programs, request):  # noqa: F811
        place = folder / request.node.name
        place.mkdir(mode=0o755)
        (place / "local").mkdir()
        shutil.chown(place / "local", 65534, 65534)
        made = Local(place, "127.0.0.1:14584", "127.0.0.1:18484")
        made.command = [*NOBODY, programs / "postern", *made.command[1:], "--json"]
        made.build = programs
        yield made
        made.stop()

    def test_serves_in_local_mode(self, appliance, backend):
        with open(appliance.log, "wb") as log:
            appliance.process = subprocess.Popen([str(c) for c in appliance.command], stdout=subprocess.PIPE, stderr=log, text=True)
        ready = json.loads(appliance.process.stdout.readline())
        assert ready == {"ready": True, "management": "http://127.0.0.1:14584", "traffic": "https://127.0.0.1:18484"}
        assert "no namespaces and no kernel filter; policies are enforced in the request pipeline alone" in appliance.log.read_text()
        for name in ("postern-gateway", "postern-control"):
            assert [os.stat(f"/proc/{pid}").st_uid for pid in appliance.children(name)] == [65534]
        api = appliance.serve_api(backend.url)
        assert appliance.get(api).status == 200
        assert appliance.postern("status")["localMode"]
        code, text = appliance.aws_error("ec2", "create-vpc-endpoint", "--vpc-id", "vpc-0b1c2d3e4f5061728", "--vpc-endpoint-type",
                                         "Interface", "--service-name", SERVICE)
        assert code and "local mode" in text
        assert appliance.stop() == 0
