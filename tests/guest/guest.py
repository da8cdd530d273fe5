#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postern on Debian's cloud kernel 6.1, the oldest that it is made for, in a guest under software emulation.

usage: guest.py [--memory MB] SUITE...
  units     the unit tests that ask the kernel: the filter's program through this kernel's verifier and BPF_PROG_TEST_RUN, and
            posternd's endpoints with real links, clsact and namespaces
  product   all of Postern: an endpoint on a bridge, a private API, clients in namespaces

The kernel and a static busybox come out of Debian's packages without being installed, everything else from this machine and
the build folder (POSTERN_BUILD); a suite is one initramfs, one boot, and a script in the guest. The guest has no disk, no NIC
and no port of the host; it speaks on its serial console, which is kept in BUILD/guest/SUITE.log. Fails on a failed test, on a
test without a result, on a warning or panic of the kernel, and after GUEST_SECONDS (default 300). GUEST_ACCEL=kvm is for hosts where
KVM boots stock kernels.
"""
import argparse
import os
import pathlib
import re
import shutil
import string
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import debian
from initramfs import Initramfs

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", "build")).resolve()
CACHE = BUILD / "guest"
SECONDS = float(os.environ.get("GUEST_SECONDS", "300"))
ACCEL = os.environ.get("GUEST_ACCEL", "tcg,tb-size=128")

# A panic ends QEMU; ramfs, because a tmpfs as root takes no more than half of the memory.
COMMAND_LINE = "console=ttyS0 quiet loglevel=1 panic=-1 oops=panic rootfstype=ramfs"
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
"""

# Of each folder those whose outcome the kernel decides; parsers and supervision are the same everywhere.
UNIT_TESTS = {"ebpf": "*", "netns": "endpoint*"}


def units(archive):
    """What the unit tests need: themselves, and the tools that they call."""
    for folder, names in UNIT_TESTS.items():
        for test in sorted((ROOT / "tests/unit" / folder).glob(f"{names}_test.c")):
            archive.program(f"tests/{folder}_{test.stem}", BUILD / "tests/unit" / folder / test.stem)
    archive.file("filter.o", (BUILD / "ebpf/endpoint_filter.bpf.o").read_bytes())
    tools(archive, "ip", "setpriv", "bpftool")


def product(archive):
    for name in ("posternd", "postern-gateway", "postern-control", "postern"):
        archive.program(f"postern/{name}", BUILD / name)
    archive.file("postern.yaml", SETTINGS)
    archive.file("petstore.yaml", string.Template((ROOT / "tests/lab/petstore.yaml").read_text()).safe_substitute(backend="http://10.30.0.2:8080"))
    tools(archive, "ip", "curl")


SUITES = {"units": (units, 192), "product": (product, 128)}


def tools(archive, *names):
    for name in names:
        path = shutil.which(name, path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
        if path is None:
            raise debian.Unavailable(f"{name} is missing: run `make deps`")
        archive.program(f"usr/bin/{name}", path)


def make(suite, kernel, busybox):
    """The initramfs of a suite."""
    archive = Initramfs(CACHE / "scratch")
    for folder in ("dev", "proc", "sys", "run", "tmp", "root", "etc"):
        archive.folder(folder)
    archive.file("bin/busybox", (busybox / "bin/busybox").read_bytes(), 0o755)
    archive.program("bin/sh", "/bin/dash")  # busybox's shell would take its own applets for the real tools
    archive.file("init", (HERE / "init").read_bytes(), 0o755)
    archive.file("suite", (HERE / f"{suite}.sh").read_bytes())
    archive.file("etc/passwd", USERS)
    archive.file("etc/group", GROUPS)
    modules = kernel.modules(*MODULES)
    for module in modules:
        archive.file(f"modules/{module.name}", module.read_bytes())
    archive.file("modules/order", "".join(f"{module.name}\n" for module in modules))
    SUITES[suite][0](archive)
    path = CACHE / f"{suite}.cpio.gz"
    archive.write(path)
    return path


class Judge:
    """Reads the console line by line, prints what people want to see, and keeps score."""

    def __init__(self):
        self.passed, self.failures, self.open, self.done = 0, [], None, False

    def fail(self, text):
        if text in self.failures:  # cmocka names each twice
            return
        self.failures.append(text)
        print(f"  FAILED {text}", flush=True)

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
            print(f"  {line}", flush=True)

    def on_kernel(self, release):
        print(f"  kernel {release}", flush=True)
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
            print(f"  ok     {name} in {seconds} s", flush=True)

    def on_ok(self, text):
        self.passed += 1
        print(f"  ok     {text}", flush=True)

    def on_fact(self, text):
        print(f"  {text}", flush=True)

    def on_failed(self, text):
        self.fail(text)

    def on_booted(self, seconds):
        self.on_fact(f"booted in {seconds} s")

    def on_memory(self, text):
        total, used = map(int, text.split())
        self.on_fact(f"{used // 1024} of {total // 1024} MB of memory used at the end")

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
        judge.fail(f"the guest ended {f'after {SECONDS:.0f} s' if late.is_set() else 'by itself'} in {judge.open or 'the suite'}")
    if judge.done and judge.passed == 0:
        judge.fail("no test ran")
    print(f"guest {suite}: {judge.passed} passed, {len(judge.failures)} failed, {memory_mb} MB, {time.monotonic() - begun:.1f} s", flush=True)
    return judge


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", type=int)
    parser.add_argument("suites", nargs="+", choices=SUITES)
    options = parser.parse_args()
    try:
        if shutil.which("qemu-system-x86_64") is None:
            raise debian.Unavailable("qemu-system-x86_64 is missing: run `make deps`")
        kernel, busybox = debian.Kernel(CACHE), debian.unpack(CACHE, "busybox-static")
        images = {suite: make(suite, kernel, busybox) for suite in options.suites}
    except (debian.Unavailable, FileNotFoundError) as error:
        print(f"guest: {error}", file=sys.stderr)
        return 1
    failed = 0
    for suite, image in images.items():
        judge = boot(suite, kernel, image, options.memory or SUITES[suite][1])
        failed += len(judge.failures)
        if judge.failures:
            print("\n".join((CACHE / f"{suite}.log").read_text().splitlines()[-60:]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
