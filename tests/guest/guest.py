#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postern on Debian's cloud kernel 6.1, the oldest that it is made for, in a guest under software emulation.

usage: guest.py [--memory MB] [SUITE...]
  filter     the unit tests of ebpf, and policies against the program: this kernel's verifier, tries and BPF_PROG_TEST_RUN
  endpoints  posternd's unit tests with real namespaces, links, clsact, swaps of tables, cut connections and calls of back ends
  product    all of Postern: an endpoint on a bridge and on an ipvlan, a private API, clients in namespaces

The kernel and a static busybox come out of Debian's packages without being installed, everything else from this machine and
the build folder (POSTERN_BUILD); a suite is one initramfs, one boot, and a script in the guest; as many run side by side as
there are processors. A guest has no disk, no NIC and no port of the host; it speaks on its serial console, which is kept in
BUILD/guest/SUITE.log. Fails on a failed test, on one without a result, on a warning or panic of the kernel, and after
GUEST_SECONDS (default 600). GUEST_ACCEL=kvm is for hosts where KVM boots stock kernels. Needs no root.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import string
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "image"))
import packages
from initramfs import Initramfs

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", "build")).resolve()
CACHE = BUILD / "guest"
SECONDS = float(os.environ.get("GUEST_SECONDS", "600"))
ACCEL = os.environ.get("GUEST_ACCEL", "tcg,tb-size=128")

# A panic ends QEMU; ramfs, because a tmpfs as root takes no more than half of the memory; what the kernel does not know is
# the environment of init: how many random policies the proof takes.
COMMAND_LINE = "console=ttyS0 quiet loglevel=1 panic=-1 oops=panic rootfstype=ramfs POSTERN_POLICIES=50"
# What a Debian host has and loads when the kernel asks for it, as here.
MODULES = ("veth", "bridge", "macvlan", "ipvlan", "sch_ingress", "cls_bpf", "tcp_diag")
USERS = "root:x:0:0::/root:/bin/sh\npostern-gateway:x:101:101::/:/bin/false\npostern-control:x:102:101::/:/bin/false\n"
GROUPS = "root:x:0:\npostern:x:101:\n"

SETTINGS = """
account_id: "123456789012"
state_dir: /state
access_key_id: AKIAIOSFODNN7GUEST
secret_access_key: the-guests-own-secret-of-forty-characters
# Here the store is in memory.
client_record_kb: 512
request_record_kb: 512
line_record_kb: 512
networks:
  - vpc_id: vpc-0b1c2d3e4f5061728
    subnet_id: subnet-0a1b2c3d4e5f60718
    availability_zone: us-east-1a
    ipv4_prefix: 10.20.0.0/24
    ipv4_pool: 10.20.0.100-10.20.0.100
    ipv6_prefix: fd20:5071:e2::/64
    ipv6_pool: fd20:5071:e2::100-fd20:5071:e2::100
    attachment: bridge
    interface: pg-bridge
  - vpc_id: vpc-0b1c2d3e4f5061728
    subnet_id: subnet-0a1b2c3d4e5f60719
    availability_zone: us-east-1b
    ipv4_prefix: 10.21.0.0/24
    ipv4_pool: 10.21.0.100-10.21.0.100
    ipv6_prefix: fd20:5071:e3::/64
    ipv6_pool: fd20:5071:e3::100-fd20:5071:e3::100
    attachment: ipvlan
    interface: pg-nic
"""

def unit_tests(*patterns):
    """Makes the content of a suite of unit tests: those of tests/unit/PATTERN, and the tools that they call."""
    def fill(archive):
        for pattern in patterns:
            for test in sorted((ROOT / "tests/unit").glob(f"{pattern}_test.c")):
                archive.program(f"tests/{test.stem}", BUILD / "tests/unit" / test.parent.name / test.stem)
        archive.file("filter.o", (BUILD / "ebpf/endpoint_filter.bpf.o").read_bytes())
        tools(archive, "ip", "setpriv", "bpftool")
    return fill


def product(archive):
    for name in ("posternd", "postern-gateway", "postern-control", "postern-settings", "postern"):
        archive.program(f"postern/{name}", BUILD / name)
    archive.file("postern.yaml", SETTINGS)
    document = string.Template((ROOT / "tests/lab/petstore.yaml").read_text())
    archive.file("petstore.yaml", document.safe_substitute(backend="http://10.30.0.2:8080"))
    tools(archive, "ip", "bridge", "curl")


# Of unit tests those whose outcome the kernel decides; parsers and supervision are the same everywhere.
Suite = collections.namedtuple("Suite", "fill script memory_mb")
SUITES = {
    "filter": Suite(unit_tests("ebpf/*", "netns/filter_proof"), "units.sh", 192),
    "endpoints": Suite(unit_tests("netns/endpoint", "netns/load", "netns/outgoing"), "units.sh", 192),
    "product": Suite(product, "product.sh", 128),
}


def tools(archive, *names):
    for name in names:
        path = shutil.which(name, path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
        if path is None:
            raise packages.Unavailable(f"{name} is missing: run `make deps`")
        archive.program(f"usr/bin/{name}", path)


def make(suite, kernel, busybox):
    """The initramfs of a suite."""
    archive = Initramfs(CACHE / "scratch")
    for folder in ("dev", "proc", "sys", "run", "tmp", "root", "etc"):
        archive.folder(folder)
    archive.file("bin/busybox", (busybox / "bin/busybox").read_bytes(), 0o755)
    archive.program("bin/sh", "/bin/dash")  # busybox's shell would take its own applets for the real tools
    archive.file("init", (HERE / "init").read_bytes(), 0o755)
    archive.file("suite", (HERE / SUITES[suite].script).read_bytes())
    archive.file("etc/passwd", USERS)
    archive.file("etc/group", GROUPS)
    archive.link("sbin/modprobe", "/bin/busybox")
    for module in kernel.modules(*MODULES):
        archive.file(f"lib/modules/{kernel.release}/{module.name}", module.read_bytes())
    SUITES[suite].fill(archive)
    path = CACHE / f"{suite}.cpio.gz"
    archive.write(path)
    return path


class Judge:
    """Reads the console line by line, collects in `report` what people want to see, and keeps score."""

    def __init__(self):
        self.passed, self.failures, self.open, self.done, self.report = 0, [], None, False, []

    def say(self, text):
        self.report.append(f"  {text}")

    def fail(self, text):
        if text not in self.failures:  # cmocka names each twice
            self.failures.append(text)
            self.say(f"FAILED {text}")

    def read(self, line):
        said = re.match(r"guest: (\w+) ?(.*)", line)
        if said:
            getattr(self, f"on_{said[1]}", lambda text: self.fail(line))(said[2])
        elif re.match(r"\[       OK \]", line):
            self.passed += 1
        elif re.match(r"\[  FAILED  \] \w+$", line):
            self.fail(f"{self.open}: {line[13:]}")
        elif "Kernel panic" in line:
            self.fail(line)
        elif re.match(r"\w+_insns \d", line):
            self.say(line)

    def on_kernel(self, release):
        self.say(f"kernel {release}")
        if not release.startswith("6.1."):
            self.fail(f"kernel {release} is not 6.1")

    def on_begin(self, name):
        self.open = name

    def on_end(self, text):
        name, status, seconds = text.split()
        self.open = None
        if status != "0":
            self.fail(f"{name}: exit {status}")
        else:
            self.say(f"ok     {name} in {seconds} s")

    def on_ok(self, text):
        self.passed += 1
        self.say(f"ok     {text}")

    def on_fact(self, text):
        self.say(text)

    def on_failed(self, text):
        self.fail(text)

    def on_booted(self, seconds):
        self.say(f"booted in {seconds} s")

    def on_memory(self, text):
        total, used = map(int, text.split())
        self.say(f"{used // 1024} of {total // 1024} MB of memory used at the end")

    def on_done(self, seconds):
        self.done = True


def boot(suite, kernel, initramfs, memory_mb):
    """Run the guest to its end; the judge of what it said."""
    judge = Judge()
    command = ["qemu-system-x86_64", "-machine", "q35", "-accel", ACCEL, "-cpu", "qemu64,+rdrand", "-smp", "2", "-m", str(memory_mb),
               "-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-serial", "stdio", "-no-reboot",
               "-kernel", str(kernel.image), "-initrd", str(initramfs), "-append", COMMAND_LINE]
    begun = time.monotonic()
    with open(CACHE / f"{suite}.log", "w", encoding="utf-8") as log:
        guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        late = threading.Event()
        timer = threading.Timer(SECONDS, lambda: (late.set(), guest.kill()))
        timer.start()
        try:
            for line in guest.stdout:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                print(text, file=log, flush=True)
                judge.read(text)
            guest.wait()
        finally:
            timer.cancel()
            guest.kill()
            guest.wait()
    if judge.open or not judge.done:
        how = f"after {SECONDS:.0f} s" if late.is_set() else "by itself"
        judge.fail(f"the guest ended {how} in {judge.open or 'the suite'}")
    if judge.done and judge.passed == 0:
        judge.fail("no test ran")
    print("\n".join([f"guest {suite}", *judge.report]))
    if judge.failures:
        print("\n".join((CACHE / f"{suite}.log").read_text().splitlines()[-60:]))
    score = f"{judge.passed} passed, {len(judge.failures)} failed"
    print(f"guest {suite}: {score}, {memory_mb} MB, {time.monotonic() - begun:.1f} s", flush=True)
    return not judge.failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", type=int)
    parser.add_argument("suites", nargs="*", metavar="SUITE", default=list(SUITES))
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    try:
        if shutil.which("qemu-system-x86_64") is None:
            raise packages.Unavailable("qemu-system-x86_64 is missing: run `make deps`")
        kernel, busybox = packages.Kernel(CACHE), packages.unpack(CACHE, "busybox-static")
        images = [(suite, make(suite, kernel, busybox), options.memory or SUITES[suite].memory_mb) for suite in options.suites]
    except (packages.Unavailable, FileNotFoundError) as error:
        print(f"guest: {error}", file=sys.stderr)
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda image: boot(image[0], kernel, *image[1:]), images))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
