# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host lacks is named, with what to do about it: by `postern doctor` beforehand, and by the start itself."""
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest
import yaml

from conftest import Gateway, SERVICE, subnet_settings
from lab.appliance import VPC, build_folder
from lab.certificate import Authority
from lab.network import run

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
PORT = 14574


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The programs where every user can run them."""
    made = tmp_path_factory.mktemp("programs")
    for part in (made, *made.parents):
        if str(part).startswith("/tmp/"):
            part.chmod(0o755)
    for name in ("postern", "posternd", "postern-gateway", "postern-control", "postern-settings", "libpostern-wolfssl.so"):
        shutil.copy2(build_folder() / name, made / name)
    return made


@pytest.fixture
def host(subnet, programs, folder):
    """postern.yaml for a bridge that is there, changed as a scenario likes."""
    class Host:
        # A short name: run_dir has to fit into the address of a Unix socket.
        place = pathlib.Path(tempfile.mkdtemp(prefix="host", dir=folder))

        def settings(self, **changes):
            made = {**subnet_settings(self.place, f"127.0.0.1:{PORT}"), "connections_per_worker": 1000, **changes}
            file = self.place / "postern.yaml"
            file.write_text(yaml.safe_dump(made))
            return file

        def run(self, *command, prefix=()):
            return run(*prefix, programs / "postern", *command, check=False, timeout=20)

        def doctor(self, file, prefix=()):
            """(exit status, checks by name)"""
            done = self.run("doctor", "--settings", file, "--json", prefix=prefix)
            report = json.loads(done.stdout)
            assert report["ok"] == (done.returncode == 0)
            return done.returncode, {check["check"]: check for check in report["checks"]}

        def refused(self, file, prefix=(), settings="--settings"):
            """What an appliance that does not start says last, and that it leaves nothing behind."""
            before = run("ip", "netns", "list").stdout
            done = self.run("run", settings, file, prefix=prefix)
            assert done.returncode == 1 and "ready" not in done.stdout
            assert run("ip", "netns", "list").stdout == before
            return "\n".join(json.loads(line)["message"] if line.startswith("{") else line for line in done.stderr.splitlines())

    made = Host()
    made.place.chmod(0o755)
    return made


def test_a_good_host(host):
    status, checks = host.doctor(host.settings())
    assert status == 0, checks
    for name in ("kernel 6.1 or newer", "seccomp filters", "posternd", "root with its capabilities", "network namespaces", "veth links",
                 "macvlan links", "clsact", "tc filters in BPF", "BPF maps", "cutting connections", "networks[0] bridge",
                 f"management address 127.0.0.1:{PORT}"):
        assert checks[name]["status"] == "ok" and "remedy" not in checks[name], checks[name]


def test_the_same_for_people(host):
    done = host.run("doctor", "--settings", host.settings())
    assert done.returncode == 0
    assert "ok      clsact: works" in done.stdout.splitlines()


def test_authorities_that_the_gateway_can_not_read(host):
    root = Authority(host.place / "authority").certificate
    file = host.settings(backend_ca_file=str(host.place / "ca.pem"))
    shutil.copy(root, host.place / "ca.pem")
    for part in (host.place, *host.place.parents):
        if str(part).startswith("/tmp/"):
            part.chmod(0o755)
    (host.place / "ca.pem").chmod(0o600)
    status, checks = host.doctor(file)
    assert status == 1 and checks["backend_ca_file"]["found"] == f"{host.place}/ca.pem: Permission denied" and "gateway_uid" in checks["backend_ca_file"]["remedy"]
    (host.place / "ca.pem").chmod(0o644)
    status, checks = host.doctor(file)
    assert status == 0 and checks["backend_ca_file"]["status"] == "ok"


def test_no_bridge(host):
    file = host.settings(networks=[{**subnet_settings(host.place)["networks"][0], "interface": "ps-gone"}])
    status, checks = host.doctor(file)
    assert status == 1
    assert checks["networks[0] bridge"]["status"] == "missing" and checks["networks[0] bridge"]["found"] == "ps-gone"
    assert "ip link add ps-gone type bridge" in checks["networks[0] bridge"]["remedy"]
    said = host.refused(file)
    assert "there is no bridge ps-gone" in said and "ip link add ps-gone type bridge" in said


def test_a_name_server_that_endpoints_do_not_reach(host):
    def found(**changes):
        status, checks = host.doctor(host.settings(**changes))
        assert status == 0
        check = checks.get("name server for endpoints")
        return check and (check["status"], check["found"])

    assert found(name_servers=["127.0.0.53"]) is None
    assert found(backend_from="endpoint", name_servers=["127.0.0.53"]) == ("warning", "127.0.0.53")
    assert found(backend_from="endpoint", name_servers=["[::1]:53"]) == ("warning", "[::1]:53")
    assert found(backend_from="endpoint", name_servers=["10.20.0.2"]) == ("ok", "10.20.0.2")


def test_a_nic_that_is_no_bridge(host):
    file = host.settings(networks=[{**subnet_settings(host.place)["networks"][0], "interface": "lo"}])
    assert host.doctor(file)[1]["networks[0] bridge"]["status"] == "missing"
    assert "lo is not a bridge" in host.refused(file)


def test_a_port_in_use(host):
    file = host.settings()
    with socket.create_server(("127.0.0.1", PORT)):
        status, checks = host.doctor(file)
        check = checks[f"management address 127.0.0.1:{PORT}"]
        assert check["status"] == "warning" and check["found"] == "Address already in use" and "ss -ltnp" in check["remedy"]
        assert f"management address 127.0.0.1:{PORT} is in use: end the program that listens there" in host.refused(file)


def test_without_root(host):
    file = host.settings()
    status, checks = host.doctor(file, prefix=NOBODY)
    assert status == 1
    lacking = checks["root with its capabilities"]
    for name in ("NET_ADMIN", "SYS_ADMIN", "BPF", "NET_BIND_SERVICE", "SETUID", "SETGID", "SETPCAP", "KILL"):
        assert name in lacking["found"].replace(",", "").split()
    assert "--local DIR" in lacking["remedy"]
    assert "needs root" in host.refused(file, prefix=NOBODY) and "--local DIR" in host.refused(file, prefix=NOBODY)


@pytest.mark.parametrize("capability", ["net_admin", "bpf", "sys_admin", "setpcap"])
def test_root_of_a_container_without_a_capability(host, capability):
    file = host.settings()
    without = ["setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}"]
    _, checks = host.doctor(file, prefix=without)
    assert checks["root with its capabilities"]["found"] == f"lacks {capability.upper()}"
    assert f"CAP_{capability.upper()} is missing: give it to this container or service" in host.refused(file, prefix=without)


@pytest.fixture
def nic():
    run("ip", "link", "add", "pg-nic", "type", "veth", "peer", "name", "pg-port")
    yield "pg-nic"
    run("ip", "link", "delete", "pg-nic")


def test_a_kernel_without_ipvlan(host, nic):
    """Where the kernel has it, tests/guest shows that it serves."""
    if run("ip", "link", "add", "pg-probe", "link", nic, "type", "ipvlan", "mode", "l2", check=False).returncode == 0:
        run("ip", "link", "delete", "pg-probe")
        assert host.doctor(host.settings())[1]["ipvlan links"]["status"] == "ok"
        return
    assert host.doctor(host.settings())[1]["ipvlan links"]["status"] == "warning"
    settings = subnet_settings(host.place, f"127.0.0.1:{PORT}")
    settings["networks"][0] |= {"attachment": "ipvlan", "interface": nic}
    status, checks = host.doctor(host.settings(networks=settings["networks"]))
    assert status == 1 and checks["networks[0] NIC"]["status"] == "ok"
    assert checks["ipvlan links"]["status"] == "missing" and "modprobe ipvlan" in checks["ipvlan links"]["remedy"]
    appliance = Gateway(host.place, settings, management=f"127.0.0.1:{PORT}")
    try:
        appliance.start()
        code, text = appliance.aws_error("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface",
                                         "--service-name", SERVICE, "--subnet-ids", settings["networks"][0]["subnet_id"])
        assert code == "UnsupportedOperation" and "modprobe ipvlan" in text
        assert appliance.postern("status")["endpoints"] == []
    finally:
        appliance.stop()
        run(appliance.build / "postern", "down", "--settings", appliance.settings_file, check=False)


def test_users_that_the_host_does_not_have(host):
    file = host.settings(gateway_uid="nobody-by-that-name")
    check = host.doctor(file)[1]["gateway_uid"]
    assert check["status"] == "missing" and "useradd --system --no-create-home --gid 64700 nobody-by-that-name" in check["remedy"]
    assert "gateway_uid: this host has no user nobody-by-that-name" in host.refused(file)


@pytest.mark.parametrize("wrong, said", [
    ("workers: many\n", ":1:10: workers: must be a whole number"),
    ("wrokers: 2\n", ":1:10: wrokers: there is no such setting"),
    ("networks: [{\n", ":2:1: "),
    ("account_id: '12'\n", ":1:13: account_id: "),
])
def test_settings_that_are_wrong(host, wrong, said):
    file = host.place / "postern.yaml"
    file.write_text(wrong)
    assert f"{file}{said}" in host.refused(file)
    doctor = host.run("doctor", "--settings", file)
    assert doctor.returncode == 1 and f"{file}{said}" in doctor.stderr


def test_settings_that_can_not_be_read(host):
    file = host.settings()
    file.chmod(0o600)
    assert f"{file}: can't be opened: Permission denied" in host.refused(file, prefix=NOBODY)
    assert "can't be opened: No such file" in host.refused(host.place / "gone.yaml")


def test_a_second_appliance_with_the_same_folders(host, gateway):
    """It says who is in the way, and the first one does not notice."""
    said = host.refused(gateway.settings_file)
    assert "another posternd runs" in said and "postern down" in said
    assert gateway.postern("status")["endpoints"]


class TestLocalMode:
    @pytest.fixture
    def state(self, host):
        made = host.place / "local"
        made.mkdir()
        shutil.chown(made, 65534, 65534)
        return made

    def refused(self, host, state, *options):
        done = host.run("run", "--local", state, *options, prefix=NOBODY)
        assert done.returncode == 1 and "ready" not in done.stdout
        return done.stderr

    def test_a_traffic_port_in_use(self, host, state):
        with socket.create_server(("127.0.0.1", PORT)):
            said = self.refused(host, state, "--management", f"127.0.0.1:{PORT + 1}", "--traffic", f"127.0.0.1:{PORT}")
        assert f"traffic address 127.0.0.1:{PORT} is in use" in said

    def test_a_port_that_needs_root(self, host, state):
        allowed = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
        assert allowed > 443, "this host lets everybody bind port 443"
        said = self.refused(host, state, "--management", f"127.0.0.1:{PORT + 1}", "--traffic", "127.0.0.1:443")
        assert "traffic address 127.0.0.1:443: this port needs root: choose one from 1024 on" in said

    @pytest.mark.parametrize("option, value, said", [
        ("--management", "localhost:1", "management[0]: must be ADDRESS:PORT"),
        ("--traffic", "127.0.0.1", "local_traffic: must be ADDRESS:PORT"),
        ("--account", "12", "account_id: "),
        ("--region", "us east", "region: "),
    ])
    def test_a_wrong_option_is_not_kept(self, host, state, option, value, said):
        assert said in self.refused(host, state, option, value)
        assert not (state / "settings.yaml").exists()

    def test_a_folder_of_somebody_else(self, host, state):
        state.chmod(0o755)
        shutil.chown(state, 0, 0)
        assert f"{state} belongs to another user" in self.refused(host, state)
