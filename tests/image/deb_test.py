# SPDX-License-Identifier: GPL-3.0-or-later
"""`make deb`: what is in the package, and its whole life on a host with systemd: installed by apt, serving an endpoint, crashed,
reloaded, rotated, installed over itself, stopped, removed, purged. The tests after `host` build on one another, in their order."""
import hashlib
import json
import os
import pathlib
import re
import stat
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(SOURCE / "image/debian")]

from lab.appliance import PYTHON, REGION, SUBNET, VPC, ZONE, build_folder  # noqa: E402
from lab.network import Answer, run, wait_for  # noqa: E402
from systemd_host import SystemdHost  # noqa: E402

UNIT, PROGRAMS = "posternd.service", ("posternd", "postern-gateway", "postern-control", "postern-settings", "postern")
# Of `systemd-analyze security`, 0 (safe) to 10: what posternd's work leaves. A higher figure is a setting that was lost.
EXPOSURE_MOST = 5.4
SETTINGS = f"""
account_id: "123456789012"
region: {REGION}
workers: 2
networks:
  - vpc_id: {VPC}
    subnet_id: {SUBNET}
    availability_zone: {ZONE}
    ipv4_prefix: 10.20.0.0/24
    ipv4_pool: 10.20.0.100-10.20.0.119
    attachment: bridge
    interface: br0
"""
NETWORK = """
set -e
ip link add br0 type bridge
ip link set br0 up
ip netns add client
ip link add to-client type veth peer name eth0 netns client
ip link set to-client master br0 up
ip -n client address add 10.20.0.10/24 dev eth0
ip -n client link set eth0 up
"""
# A private API that answers by itself, and its policy: anybody at the endpoint.
API = {
    "openapi": "3.0.1", "info": {"title": "hello", "version": "1"},
    "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]},
    "paths": {"/hello": {"get": {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "hello"}}}}}}},
}


# -- the package ------------------------------------------------------------------------------------------------------
def built(output, umask=0o022, **environment):
    """The package, built anew into `output`; its path."""
    version = re.search(r"^VERSION := (\S+)", (SOURCE / "Makefile").read_text(), re.M)[1]
    done = run(PYTHON, "-B", SOURCE / "image/debian/build.py", "--version", version, "--build", build_folder(), "--output", output,
               env={**os.environ, **environment}, preexec_fn=lambda: os.umask(umask))
    return pathlib.Path(done.stdout.strip())


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return built(tmp_path_factory.mktemp("package"), SOURCE_DATE_EPOCH="1700000000")


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    run("dpkg-deb", "--raw-extract", package, folder)
    return folder


def test_the_same_bytes_are_built_again(package, tmp_path):
    again = built(tmp_path / "elsewhere", umask=0o077, SOURCE_DATE_EPOCH="1700000000", TZ="Pacific/Auckland", LC_ALL="C", COLUMNS="40")
    assert hashlib.sha256(package.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()
    times = {line.split()[3] for line in run("dpkg-deb", "--contents", package).stdout.splitlines()}
    assert times == {"2023-11-14"}, "the time that was asked for"


def test_files_belong_to_root_and_have_their_modes(package):
    lines = run("dpkg-deb", "--contents", package).stdout.splitlines()
    modes = {line.split()[5]: line.split()[:2] for line in lines}
    assert {owner for _, owner in modes.values()} == {"root/root"}
    assert modes["./etc/postern/postern.yaml"][0] == "-rw-r-----", "it may hold a secret access key"
    others = {mode for name, (mode, _) in modes.items() if name != "./etc/postern/postern.yaml"}
    assert others == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"}
    assert {name for name, (mode, _) in modes.items() if mode == "-rwxr-xr-x"} == {f"./usr/lib/postern/{p}" for p in PROGRAMS}


def test_checksums_and_configuration_files(tree):
    run("md5sum", "--check", "--quiet", "DEBIAN/md5sums", cwd=tree)
    listed = {line.split("  ")[1] for line in (tree / "DEBIAN/md5sums").read_text().splitlines()}
    assert listed == {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file() and not p.is_symlink() and "DEBIAN" not in p.parts}
    assert (tree / "DEBIAN/conffiles").read_text().split() == ["/etc/logrotate.d/postern", "/etc/postern/postern.yaml"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_stripped_and_hardened(tree, name):
    path = tree / "usr/lib/postern" / name
    sections, headers = (run("readelf", "--wide", option, path).stdout for option in ("--sections", "--segments"))
    assert ".debug" not in sections and ".symtab" not in sections
    assert "GNU_RELRO" in headers and "DYN" in headers, "position independent, with the GOT sealed"
    assert "NOW" in run("readelf", "--wide", "--dynamic", path).stdout
    identities = run("readelf", "--notes", path).stdout
    assert re.search(r"Build ID: (?!0+$)[0-9a-f]{40}", identities)


def test_every_library_has_its_package(package, tree):
    depends = re.findall(r"[^ ,]+(?= \(|,|$)", run("dpkg-deb", "--field", package, "Depends").stdout.strip())
    programs = list((tree / "usr/lib/postern").iterdir())
    dynamic = [run("readelf", "--dynamic", path).stdout for path in programs]
    wanted = set(re.findall(r"NEEDED.*\[(.+)\]", "".join(dynamic))) - {path.name for path in programs}
    owners = {library: set() for library in wanted}
    for line in run("dpkg", "--search", *wanted).stdout.splitlines():
        package_name, path = re.match(r"([^:]+).*: (\S+)$", line).groups()
        for library in wanted & {path.rsplit("/", 1)[1]}:
            owners[library].add(package_name)
    assert len(wanted) > 10 and all(of & set(depends) for of in owners.values()), (owners, depends)


def test_settings_are_documented_and_judged_good(tree):
    file = tree / "etc/postern/postern.yaml"
    run(tree / "usr/bin/postern", "settings", "--check", file)
    names = re.findall(r"^([a-z0-9_]+):", run(tree / "usr/bin/postern", "settings").stdout, re.M)
    text = file.read_text()
    assert len(names) > 40 and all(f"\n#{name}:" in text for name in names)
    uncommented = tree / "uncommented.yaml"
    uncommented.write_text(re.sub(r"^#([a-z0-9_]+:)", r"\1", text, flags=re.M))
    run(tree / "usr/bin/postern", "settings", "--check", uncommented)


# -- man pages --------------------------------------------------------------------------------------------------------
def rendered(page):
    """The page as a terminal shows it, on one line; whatever groff complains of fails."""
    done = run("man", "--warnings", "--encoding=UTF-8", "--local-file", page, env={**os.environ, "MANWIDTH": "2000", "LC_ALL": "C.UTF-8",
                                                                                  "MANROFFSEQ": "", "MANPAGER": "cat", "PAGER": "cat"})
    assert done.stderr == "", page
    return " ".join(re.sub(r".\x08", "", done.stdout).split())


def words(text):
    return " ".join(text.replace("`", "").split())


def test_a_page_for_every_command(tree):
    program = tree / "usr/bin/postern"
    commands = re.findall(r"^  ([a-z]+) +(\S.*)$", run(program, "--help").stdout, re.M)
    main = rendered(tree / "usr/share/man/man1/postern.1.gz")
    assert len(commands) >= 11
    for name, text in commands:
        assert f"postern-{name}(1) {words(text)}" in main
        page = rendered(tree / f"usr/share/man/man1/postern-{name}.1.gz")
        assert page.startswith(f"POSTERN-{name.upper()}(1)")
        said = run(program, name, "--help").stdout
        parts = re.match(r"usage: postern \S+ ((?:[a-z-]+\|)*[a-z-]+) \[--help\]", said)
        for part in [[]] + [[part] for part in (parts[1].split("|") if parts else [])]:
            said = run(program, name, *part, "--help").stdout
            usage, about, options = re.fullmatch(r"usage: (.+)\n\n((?:.+\n)+)\n((?:.+\n)+)", said).groups()
            assert words(about) in page, part
            if part or not parts:
                assert words(usage) in page
            for option in options.splitlines():
                assert words(option) in page or words(option) in main, option


def test_pages_of_posternd_and_of_the_settings(tree):
    page = rendered(tree / "usr/share/man/man8/posternd.8.gz")
    for option in re.findall(r"^  (--.+)$", run(tree / "usr/sbin/posternd", "--help").stdout, re.M):
        assert words(option) in page
    page = rendered(tree / "usr/share/man/man5/postern.yaml.5.gz")
    described = json.loads(run(tree / "usr/bin/postern", "settings", "--json").stdout)
    for setting in described["settings"]:
        assert f"{setting['name']}: {words(setting['default']) or '(empty)'} {words(setting['text'])}" in page
    for key in described["networks"] + described["aws_endpoints"] + described["aws_roles"]:
        assert f"{key['name']} " in page and words(key["text"]) in page


# -- the unit ---------------------------------------------------------------------------------------------------------
def unit_settings():
    """{name: words} of the unit; a name that comes twice adds up."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (SOURCE / "image/debian" / UNIT).read_text(), re.M):
        found[name] = found.get(name, []) + value.split()
    return found


def kept_capabilities():
    return set(re.findall(r'"(CAP_\w+)"', (SOURCE / "netns/privilege.c").read_text()))


def test_capabilities_are_those_that_posternd_needs():
    to_make_folders = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID"}
    assert len(kept_capabilities()) == 8
    assert set(unit_settings()["CapabilityBoundingSet"]) == kept_capabilities() | to_make_folders


# -- life on a host ---------------------------------------------------------------------------------------------------
class Host(SystemdHost):
    def apt(self, *command):
        return self.run("apt-get", "--quiet", "--yes", "--no-install-recommends", *command, timeout=180)

    def pid_of(self, program):
        """The pid over there of the only process of that program; None if there is none."""
        pids = self.run("pidof", program, check=False).stdout.split()
        assert len(pids) <= 1, (program, pids)
        return int(pids[0]) if pids else None

    def pids(self):
        return {program: self.pid_of(f"/usr/lib/postern/{program}") for program in ("posternd", "postern-gateway", "postern-control")}

    def status_of(self, program):
        text = self.run("cat", f"/proc/{self.pid_of(f'/usr/lib/postern/{program}')}/status").stdout
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def aws(self, *command):
        said = self.run("env", "AWS_SHARED_CREDENTIALS_FILE=/var/lib/postern/credentials", f"AWS_DEFAULT_REGION={REGION}", "aws",
                        "--endpoint-url", "http://127.0.0.1:4566", "--output", "json", *command).stdout
        return json.loads(said) if said.strip() else None

    def curl(self):
        """How the API is asked by its default name."""
        name = f"{self.api}-{self.vpce}.execute-api.{REGION}.amazonaws.com"
        return (f"curl --silent --show-error --max-time 20 --cacert /var/lib/postern/ca.pem --resolve {name}:443:{self.address} "
                f"https://{name}/prod/hello")

    def get(self):
        """What the client in the subnet gets."""
        return Answer(subprocess.run(self.command("ip", "netns", "exec", "client", *self.curl().split(), "--include"),
                                     capture_output=True, timeout=60), 0)

    def installed(self):
        """The state that dpkg knows of the package."""
        return self.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", "postern", check=False).stdout

    def active(self):
        return self.property(UNIT, "ActiveState") == "active"


@pytest.fixture(scope="module")
def host(package):
    made = Host()
    try:
        made.path("/tmp/postern.deb").write_bytes(package.read_bytes())
        yield made
        print(made.journal(UNIT))
    finally:
        made.close()


def test_apt_installs_a_running_service(host):
    host.apt("install", "/tmp/postern.deb")
    assert host.installed() == "installed"
    assert host.active(), host.journal(UNIT)
    assert host.systemctl("is-enabled", UNIT).stdout.strip() == "enabled"
    assert host.property(UNIT, "StatusText") == "serving"
    assert all(host.pids().values())
    assert json.loads(host.run("postern", "status", "--json").stdout)["endpoints"] == []
    assert host.run("man", "--where", "8", "posternd").stdout.strip() == "/usr/share/man/man8/posternd.8.gz"


def test_systemd_has_nothing_to_say_against_the_unit(host):
    verdict = host.run("systemd-analyze", "verify", UNIT)
    assert verdict.stdout + verdict.stderr == ""
    said = host.run("systemd-analyze", "security", UNIT, check=False).stdout
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)[1])
    assert exposure <= EXPOSURE_MOST, said


def test_privileges_of_the_three(host):
    bits = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SETPCAP": 8, "CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12,
            "CAP_SYS_ADMIN": 21, "CAP_BPF": 39}
    posternd = host.status_of("posternd")
    assert int(posternd["CapBnd"], 16) == int(posternd["CapEff"], 16) == sum(1 << bits[name] for name in kept_capabilities())
    passwd = dict((line.split(":")[0], line.split(":")[2]) for line in host.path("/etc/passwd").read_text().splitlines())
    for program, user in (("postern-gateway", "postern-gateway"), ("postern-control", "postern-control")):
        status = host.status_of(program)
        assert set(status["Uid"].split()) == {passwd[user]} and passwd[user] != "0"
        assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0
    for program in ("posternd", "postern-gateway", "postern-control"):
        status = host.status_of(program)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), program


def test_no_mount_namespace_of_its_own(host):
    """An endpoint's name is a mount in /run/netns: seen by the host, and by the next posternd, only if they share it."""
    assert host.run("readlink", f"/proc/{host.pids()['posternd']}/ns/mnt").stdout == host.run("readlink", "/proc/1/ns/mnt").stdout


def test_an_endpoint_on_a_bridge_serves(host):
    host.run("sh", "-c", NETWORK)
    host.systemctl("stop", UNIT)
    # Account and region are written into the store at its first start.
    host.run("sh", "-c", "rm -rf /var/lib/postern/*")
    host.path("/etc/postern/postern.yaml").write_text(SETTINGS)
    host.systemctl("start", UNIT)
    made = host.aws("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name",
                    f"com.amazonaws.{REGION}.execute-api", "--subnet-ids", SUBNET)["VpcEndpoint"]
    host.vpce = made["VpcEndpointId"]
    host.path("/tmp/api.json").write_text(json.dumps(API))
    host.api = host.aws("apigateway", "import-rest-api", "--body", "fileb:///tmp/api.json", "--parameters",
                        f"endpointConfigurationTypes=PRIVATE,endpointConfigurationVpcEndpointIds={host.vpce}")["id"]
    host.aws("apigateway", "create-deployment", "--rest-api-id", host.api, "--stage-name", "prod")
    endpoint = json.loads(host.run("postern", "status", "--json").stdout)["endpoints"][0]
    host.address = endpoint["addresses"][0]
    answer = wait_for(lambda: (a := host.get()).status == 200 and a, "an answer of the API", 20)
    assert answer.body == "hello"
    names = host.run("ip", "netns", "list").stdout
    assert host.vpce.removeprefix("vpce-")[:8] in names or len(names.split("\n")) > 2, names


def test_a_crash_of_posternd_ends_nothing(host):
    before = host.pids()
    host.systemctl("kill", "--kill-who=main", "--signal=KILL", UNIT)
    answers = []

    def restarted():
        answers.append(host.get().status)
        return host.property(UNIT, "NRestarts") == "1" and host.active()

    wait_for(restarted, "posternd's restart", 30)
    after = host.pids()
    assert after["posternd"] != before["posternd"]
    assert (after["postern-gateway"], after["postern-control"]) == (before["postern-gateway"], before["postern-control"])
    assert set(answers) == {200} and host.get().status == 200


def test_reload_reads_the_settings_again(host):
    host.path("/etc/postern/postern.yaml").write_text(SETTINGS + "log_level: debug\n")
    host.systemctl("reload", UNIT)
    wait_for(lambda: "the settings were read again" in host.journal(UNIT), "the reload", 20)
    assert host.active() and host.get().status == 200


def test_logs_are_rotated(host):
    log = host.path("/var/log/postern/access.log")
    wait_for(lambda: log.stat().st_size > 0, "the access log", 10)
    number = log.stat().st_ino
    host.run("logrotate", "--force", "/etc/logrotate.d/postern")
    wait_for(lambda: log.exists() and log.stat().st_ino != number, "a new access log", 20)
    assert host.path("/var/log/postern/access.log.1").stat().st_ino == number
    facts = log.stat()
    assert (facts.st_uid, stat.S_IMODE(facts.st_mode)) == (0, 0o640)

    def written():
        host.get()
        return log.stat().st_size > 0

    wait_for(written, "a line in the new log", 20)


def test_a_newer_package_takes_over(host):
    """The same version again goes the way of an upgrade. A client that makes one connection after the other sees nothing of it."""
    before, first = host.pids(), len(host.journal(UNIT))
    host.path("/tmp/ask").write_text(f"while [ ! -e /tmp/enough ]; do ip netns exec client {host.curl()} "
                                     "--output /dev/null --write-out '%{http_code}\\n'; done > /tmp/answers 2>&1")
    asking = subprocess.Popen(host.command("sh", "/tmp/ask"))
    host.apt("install", "--reinstall", "--option", "Dpkg::Options::=--force-confold", "/tmp/postern.deb")

    def replaced():
        now = host.pids()
        return all(now.values()) and not set(now.values()) & set(before.values())

    wait_for(replaced, "three new processes", 60)
    wait_for(lambda: host.journal(UNIT)[first:].count(" serves") >= 4, "two taken over, and their two successors serving", 30)
    assert host.active(), host.journal(UNIT)
    assert host.get().status == 200
    host.path("/tmp/enough").touch()
    asking.wait(30)
    answers = host.path("/tmp/answers").read_text().split("\n")[:-1]
    assert len(answers) > 20 and set(answers) == {"200"}, answers
    programs = {line.split()[-1] for line in host.run("sh", "-c", "ls -l /proc/[0-9]*/exe 2> /dev/null", check=False).stdout.splitlines()
                if "postern" in line}
    assert programs == {f"/usr/lib/postern/{name}" for name in PROGRAMS[:3]}, "none runs from a file that was replaced"
    assert "log_level: debug" in host.path("/etc/postern/postern.yaml").read_text(), "the operator's settings stay"


def test_stop_waits_for_requests_for_as_long_as_the_settings_say(host):
    """A gateway that does not end (stopped by a signal) is waited for longer than the manager's own limit, and killed then."""
    folder = host.path("/etc/systemd/system/posternd.service.d")
    folder.mkdir(parents=True)
    (folder / "test.conf").write_text("[Service]\nTimeoutStopSec=1s\n")
    host.path("/etc/postern/postern.yaml").write_text(SETTINGS + "drain_timeout_ms: 3000\n")
    host.systemctl("daemon-reload")
    host.systemctl("restart", UNIT)
    wait_for(lambda: host.get().status == 200, "an answer", 20)
    host.run("kill", "-STOP", host.pids()["postern-gateway"])
    host.systemctl("stop", UNIT)
    assert set(host.pids().values()) == {None}
    assert (host.property(UNIT, "ActiveState"), host.property(UNIT, "Result")) == ("inactive", "success"), host.journal(UNIT)
    assert "children did not end in time" in host.journal(UNIT)
    assert len(host.run("ip", "netns", "list").stdout.splitlines()) == 2, "the endpoint waits for the next start"
    (folder / "test.conf").unlink()
    host.systemctl("daemon-reload")
    host.systemctl("start", UNIT)
    wait_for(lambda: host.get().status == 200, "an answer of the same API", 20)


def test_down_is_no_crash(host):
    host.run("postern", "down")
    wait_for(lambda: host.property(UNIT, "ActiveState") == "inactive", "the end of the service", 20)
    assert host.property(UNIT, "Result") == "success"
    assert host.run("ip", "netns", "list").stdout.split()[0] == "client" and set(host.pids().values()) == {None}
    host.systemctl("start", UNIT)
    wait_for(lambda: host.get().status == 200, "an answer: the endpoint was made again", 20)


def test_what_outlives_posternd_serves_and_can_be_ended(host):
    """posternd crashes and can't come back, for its settings are bad by now: nobody outside notices. `stop` has no process of its
    own to end then; `kill` ends what is left, as removing the package does."""
    before, restarts = host.pids(), int(host.property(UNIT, "NRestarts"))
    host.path("/etc/postern/postern.yaml").write_text("nonsense: 1\n")
    host.systemctl("kill", "--kill-who=main", "--signal=KILL", UNIT)
    wait_for(lambda: int(host.property(UNIT, "NRestarts")) >= restarts + 2, "starts that fail", 20)
    assert host.get().status == 200
    host.systemctl("stop", UNIT)
    assert host.get().status == 200 and host.pids() == {**before, "posternd": None}
    host.systemctl("kill", UNIT)
    wait_for(lambda: not any(host.pids().values()), "the end of the others", 30)
    host.path("/etc/postern/postern.yaml").write_text(SETTINGS)
    host.systemctl("start", UNIT)
    wait_for(lambda: host.get().status == 200, "an answer of the next", 20)


def test_removal_leaves_state_and_purge_does_not(host):
    host.apt("remove", "postern")
    assert host.installed() == "config-files"
    assert set(host.pids().values()) == {None}
    assert host.run("ip", "netns", "list").stdout.split()[0] == "client"
    assert not [line for line in host.run("ip", "-o", "link").stdout.splitlines() if "br0" in line and "to-client" not in line
                and ": br0:" not in line], "no link of an endpoint is left at the bridge"
    assert not host.path("/usr/lib/postern").exists()
    for kept in ("/var/lib/postern/store.db", "/var/log/postern/audit.log", "/etc/postern/postern.yaml"):
        assert host.path(kept).exists(), kept
    host.apt("purge", "postern")
    assert host.installed() in ("", "not-installed")
    for gone in ("/var/lib/postern", "/var/log/postern", "/etc/postern", "/etc/logrotate.d/postern"):
        assert not host.path(gone).exists(), gone
