# SPDX-License-Identifier: GPL-3.0-or-later
"""The private subnet that guests are attached to, and all around it: client hosts, an operator's host, and what a cloud or a company
provides: back ends, DHCP, router advertisement, time, metadata.

Everything is in namespaces of the test's own (`isolate()`): two bridges without addresses in it, hosts on them, a tap for each NIC of a
guest. Nothing of it outlives the process.

    private   10.20.0.0/24  fd20:5071:e2::/64  clients; endpoints
    manage    10.40.0.0/24  fd40:5071:e4::/64  operator; management and back ends of a guest with two NICs
"""
import contextlib
import ctypes
import itertools
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lab.backend import NGINX, PETS
from lab.network import Subnet, run, wait_for

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
ALLOWED, DENIED, OPERATOR, SERVICES = 11, 12, 5, 2
BACKEND_PORT = 8080
METADATA, METADATA_PROGRAM = "169.254.169.254", pathlib.Path(__file__).resolve().parent / "metadata.py"

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def isolate():
    """Move the calling thread, and with it all that it starts, into network and mount namespaces of its own."""
    check(libc.unshare(CLONE_NEWNET | CLONE_NEWNS))
    run("mount", "--make-rprivate", "/")
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "none", "/run/netns")
    run("mount", "--make-shared", "/run/netns")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("ip", "link", "set", "lo", "up")


@contextlib.contextmanager
def entered(host):
    """What the calling thread connects and listens to in this block, it does on `host`."""
    with open("/proc/thread-self/ns/net", "rb") as own, open(f"/run/netns/{host.name}", "rb") as other:
        check(libc.setns(other.fileno(), CLONE_NEWNET))
        try:
            yield host
        finally:
            check(libc.setns(own.fileno(), CLONE_NEWNET))


class Process:
    """A program on a host, from construction to close()."""

    def __init__(self, host, folder, name, *command):
        self.log = pathlib.Path(folder) / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = host.popen(*command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def text(self):
        return self.log.read_text(errors="replace")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PrivateSubnet:
    """Bridges, hosts, taps; what else runs there is started by the tests that need it (`running`)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.private = Subnet("private", "10.20.0.0/24", "fd20:5071:e2::/64")
        self.manage = Subnet("manage", "10.40.0.0/24", "fd40:5071:e4::/64")
        self.processes, self.taps, self.serials = [], 0, itertools.count()
        self.allowed, self.denied = self.host(self.private, ALLOWED), self.host(self.private, DENIED)
        # A guest with one NIC is managed from within the private subnet.
        self.operators = {subnet: self.host(subnet, OPERATOR) for subnet in (self.private, self.manage)}
        self.services = {subnet: self.host(subnet, SERVICES) for subnet in (self.private, self.manage)}
        for subnet, host in self.services.items():
            serve_pets(self, host, self.folder / f"nginx-{subnet.prefix}")

    @staticmethod
    def host(subnet, number):
        return subnet.host(str(subnet.ipv4[number]))

    def tap(self, subnet):
        """A new tap on that bridge: the other end of a guest's NIC."""
        name = f"tap{self.taps}"
        self.taps += 1
        run("ip", "tuntap", "add", name, "mode", "tap")
        run("ip", "link", "set", name, "master", subnet.bridge, "up")
        return name

    def backend(self, subnet):
        return f"http://{subnet.ipv4[SERVICES]}:{BACKEND_PORT}"

    def who_asked(self, subnet, path):
        """The addresses of those who asked the back end for `path`."""
        log = (self.folder / f"nginx-{subnet.prefix}/nginx-access.log").read_text()
        return {line.split()[0].removeprefix("::ffff:") for line in log.splitlines() if f" {path} " in line}

    @contextlib.contextmanager
    def running(self, host, name, *command, says=None):
        """A program on `host` for as long as the block lasts; it has begun once it `says` so."""
        process = Process(host, self.folder, name, *command)
        try:
            if says:
                wait_for(lambda: says in process.text(), f"{name} to say {says!r}")
            yield process
        finally:
            process.close()

    def metadata(self, subnet, mode, user_data=None):
        """The metadata service of the machines on `subnet` (metadata.py)."""
        host = self.services[subnet]
        host.run("ip", "address", "replace", f"{METADATA}/32", "dev", "lo")
        return self.running(host, f"metadata-{mode}", "/usr/bin/python3", METADATA_PROGRAM, METADATA, mode, *([user_data] if user_data else []),
                            says=f"{mode} at")

    def dhcp(self, subnet, *leases, names=()):
        """DHCP for both families, router advertisements and names: `leases` are (MAC address, IPv4, IPv6) of machines, `names` of the
        services' host."""
        host, number = self.services[subnet], next(self.serials)
        us = [str(net[SERVICES]) for net in (subnet.ipv4, subnet.ipv6)]
        command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--log-facility=-",
                   "--log-dhcp", "--pid-file", f"--dhcp-leasefile={self.folder}/leases-{number}", "--interface=eth0", "--bind-interfaces",
                   f"--dhcp-range={subnet.ipv4[200]},{subnet.ipv4[220]},{subnet.ipv4.netmask},10m",
                   f"--dhcp-range={subnet.ipv6[0x200]},{subnet.ipv6[0x220]},{subnet.ipv6.prefixlen},10m",
                   "--enable-ra", "--dhcp-authoritative", f"--dhcp-option=option:ntp-server,{us[0]}"]
        command += [f"--dhcp-host={mac},{ipv4},[{ipv6}]" for mac, ipv4, ipv6 in leases]
        command += [f"--address=/{name}/{address}" for name in names for address in us]
        return self.running(host, f"dnsmasq-{number}", *command, says="started")

    def time(self, subnet, chronyd):
        """A server of the right time; `chronyd` is the program."""
        number = next(self.serials)
        configuration = self.folder / f"chrony-{number}.conf"
        configuration.write_text(f"local stratum 5\nallow all\ncmdport 0\nbindcmdaddress /\npidfile {self.folder}/chrony-{number}.pid\n")
        return self.running(self.services[subnet], f"chronyd-{number}", chronyd, "-x", "-d", "-u", "root", "-f", configuration, says="starting")

    def close(self):
        for process in self.processes:
            process.close()
        for number in range(self.taps):
            run("ip", "link", "delete", f"tap{number}", check=False)
        self.private.close()
        self.manage.close()


def serve_pets(subnet, host, folder):
    """The back end: a real nginx that serves the pets, on all addresses of `host`."""
    folder.mkdir(parents=True)
    for part in (folder, *folder.parents):
        if part.is_relative_to("/tmp"):
            part.chmod(part.stat().st_mode | 0o055)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, listen=f"[::]:{BACKEND_PORT} ipv6only=off", pets=PETS))
    subnet.processes.append(Process(host, folder, "nginx", "nginx", "-c", configuration))
    wait_for(lambda: host.run("curl", "-s", f"http://{host.addresses[0]}:{BACKEND_PORT}/pets", check=False).returncode == 0, "nginx")
