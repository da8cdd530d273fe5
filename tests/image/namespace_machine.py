# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of an appliance without a machine around it: `configure network` and dhcpcd as the image runs them, in namespaces with NICs
on a subnet's bridge. A start takes a second instead of ten; what needs the image's kernel and init is tested in a guest."""
import itertools
import json
import pathlib
import subprocess

import packages
from lab.network import run, wait_for
from machine import BUILD

PROGRAM = BUILD / "image/configure/configure"
CONFIG = "/run/postern/config"
USERS = ("dhcpcd:x:104:104::/run/empty:/nonexistent", "postern-configure:x:105:105::/nonexistent:/nonexistent")
numbers = itertools.count()


class NamespaceMachine:
    """From construction to close(). `nics` are subnets: eth0, eth1 … are on their bridges."""

    def __init__(self, folder, *nics):
        self.folder, self.number = pathlib.Path(folder), next(numbers)
        self.log = self.folder / "dhcpcd.log"
        self.holder = subprocess.Popen(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sleep", "infinity"])
        self.client = None
        children = pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children")
        self.pid = wait_for(children.read_text, "namespaces").strip()
        wait_for(lambda: pathlib.Path(f"/proc/{self.pid}/comm").read_text() == "sleep\n", "namespaces")
        self.links = [f"nm{self.number}-{place}" for place in range(len(nics))]
        for place, (link, subnet) in enumerate(zip(self.links, nics)):
            run("ip", "link", "add", link, "type", "veth", "peer", "name", f"eth{place}", "netns", self.pid)
            run("ip", "link", "set", link, "master", subnet.bridge, "up")
        self.prepare()

    def prepare(self):
        """What init and the image's root have."""
        for path, target in (("passwd", "/etc/passwd"), ("group", "/etc/group")):
            lines = [line for line in pathlib.Path(target).read_text().splitlines() if not line.startswith(("dhcpcd:", "postern-configure:"))]
            lines += USERS if path == "passwd" else ["dhcpcd:x:104:", "postern-configure:x:105:"]
            (self.folder / path).write_text("\n".join(lines) + "\n")
            self.run("mount", "--bind", self.folder / path, target)
        self.run("mount", "-t", "tmpfs", "none", "/run")
        self.run("mount", "-t", "tmpfs", "none", "/var/lib")
        self.run("mkdir", "-p", "-m", "0700", f"{CONFIG}/source", "/run/empty")
        self.run("ln", "-s", PROGRAM, "/run/lease")
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *command):
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", *map(str, command)]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def read(self, path):
        return self.run("cat", path).stdout

    def write(self, path, text):
        self.run("sh", "-c", f"cat > {path}", input=text)

    def start(self, network_config=None):
        """Set the network up, and start dhcpcd if that is wanted. What was said."""
        if network_config is not None:
            # As a file that the sources have found: none of these is asked here.
            self.write(f"{CONFIG}/source/network-config", network_config)
        said = self.run(PROGRAM, "network").stdout
        if self.run("test", "-e", f"{CONFIG}/dhcpcd.conf", check=False).returncode == 0:
            self.run("sed", "-i", "s#^script .*#script /run/lease#", f"{CONFIG}/dhcpcd.conf")
            dhcpcd = packages.unpack(BUILD / "guest", "dhcpcd-base") / "usr/sbin/dhcpcd"
            with open(self.log, "ab") as log:
                self.client = subprocess.Popen(self.command(dhcpcd, "-B", "-f", f"{CONFIG}/dhcpcd.conf"), stdout=log, stderr=log)
        return said

    def addresses(self, nic="eth0"):
        """Those that packets can leave from, with their prefix lengths; no link-local ones."""
        shown = json.loads(self.run("ip", "-j", "address", "show", "dev", nic).stdout)[0]
        return sorted(f"{one['local']}/{one['prefixlen']}" for one in shown["addr_info"] if one["scope"] == "global")

    def routes(self):
        """{(family, to, via)} without those of the kernel's own."""
        return {(family, one["dst"], one.get("gateway")) for family in (4, 6)
                for one in json.loads(self.run("ip", "-j", f"-{family}", "route").stdout) if one["protocol"] != "kernel"}

    def resolver(self):
        return self.run("cat", "/run/resolver/resolv.conf", check=False).stdout

    def wait_for_resolver(self, *parts):
        wait_for(lambda: all(part in self.resolver() for part in parts), f"{parts} in resolv.conf: {self.resolver()!r}\n{self.log_text()}")

    def log_text(self):
        return self.log.read_text() if self.log.exists() else ""

    def close(self):
        self.holder.kill()
        self.holder.wait()
        if self.client:
            self.client.wait()
        for link in self.links:
            run("ip", "link", "delete", link, check=False)
