# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, a bridge that is the private subnet, hosts on it. Whatever is made here is removed again by close()."""
import ipaddress
import json
import subprocess
import time


def run(*command, check=True, timeout=60, text=True, **options):
    """Run a command to its end; its output as text (with `text` false as bytes, line ends untouched)."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=text, timeout=timeout, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def wait_for(condition, what, seconds=20.0):
    """Call `condition` until it returns something true, and return that; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Host:
    """A network namespace with one interface."""

    def __init__(self, name):
        self.name = name
        self.addresses = []
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def command(self, *command):
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, command)]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def popen(self, *command, **options):
        return subprocess.Popen(self.command(*command), **options)

    def curl(self, url, *options, resolve=None, ca=None):
        """GET `url`; a dict with status, headers (lower case, last wins), body and the seconds that it took."""
        arguments = ["curl", "-sS", "-i", "--max-time", "20", *options]
        if resolve:
            name, port, address = resolve
            bracketed = f"[{address}]" if ":" in address else address
            arguments += ["--resolve", f"{name}:{port}:{bracketed}"]
        if ca:
            arguments += ["--cacert", str(ca)]
        started = time.monotonic()
        done = self.run(*arguments, url, check=False, text=False)
        return Answer(done, time.monotonic() - started)

    def connect_milliseconds(self, address, port, timeout_seconds=3.0):
        """How a TCP connect ends: ('connected' | 'refused' | 'silent', milliseconds)."""
        program = (
            "import socket,sys,time\n"
            "s=socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)\n"
            "s.settimeout(float(sys.argv[3])); t=time.monotonic()\n"
            "try:\n s.connect((sys.argv[1],int(sys.argv[2]))); r='connected'\n"
            "except ConnectionRefusedError: r='refused'\n"
            "except (TimeoutError,socket.timeout): r='silent'\n"
            "print(r,(time.monotonic()-t)*1000)\n")
        outcome, milliseconds = self.run("/usr/bin/python3", "-c", program, address, port, timeout_seconds).stdout.split()
        return outcome, float(milliseconds)

    def close(self):
        """With its interfaces: those of a namespace that is only deleted go some time later."""
        links = json.loads(run("ip", "-json", "-n", self.name, "link", "show", "type", "veth", check=False).stdout or "[]")
        for link in links:
            run("ip", "-n", self.name, "link", "delete", link["ifname"], check=False)
        run("ip", "netns", "delete", self.name, check=False)


class Answer:
    """What curl got: `error` is its exit code (0 = answered)."""

    def __init__(self, done, seconds):
        self.error, self.seconds, self.message = done.returncode, seconds, done.stderr.decode("utf-8", "replace").strip()
        text = done.stdout.decode("utf-8", "surrogateescape")
        while text.startswith("HTTP/1.1 100"):
            text = text.partition("\r\n\r\n")[2]
        head, _, self.body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else 0
        self.fields = [(n.strip().lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        self.headers = dict(self.fields)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status or 'no answer'} {self.body or self.message!r}>"


class Subnet:
    """A private subnet: a bridge in this namespace without an address of its own, and hosts on it."""

    def __init__(self, prefix="pl", ipv4="10.20.0.0/24", ipv6="fd20:5071:e2::/64"):
        self.prefix = prefix
        self.ipv4, self.ipv6 = ipaddress.ip_network(ipv4), ipaddress.ip_network(ipv6)
        self.bridge = f"{prefix}-bridge"
        self.hosts = {}
        self.clean(prefix)
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("sysctl", "-q", "-w", f"net.ipv6.conf.{self.bridge}.disable_ipv6=1", check=False)
        run("ip", "link", "set", self.bridge, "up")

    @staticmethod
    def clean(prefix):
        """Remove what an interrupted earlier run left behind."""
        for line in run("ip", "-j", "netns", "list").stdout.splitlines() or []:
            for entry in json.loads(line or "[]"):
                if entry["name"].startswith(f"{prefix}-"):
                    run("ip", "netns", "delete", entry["name"], check=False)
        run("ip", "link", "delete", f"{prefix}-bridge", check=False)
        run("ip", "link", "delete", f"{prefix}-back", check=False)

    def ipv6_of(self, ipv4):
        return str(self.ipv6[int(ipaddress.ip_address(ipv4)) - int(self.ipv4.network_address)])

    def host(self, ipv4):
        """The host with that address, made when it is first asked for; its IPv6 address ends in the same number."""
        if ipv4 in self.hosts:
            return self.hosts[ipv4]
        number = ipv4.rsplit(".", 1)[1]
        host = Host(f"{self.prefix}-host{number}")
        outer = f"{self.prefix}-h{number}"
        run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        run("ip", "link", "set", outer, "master", self.bridge, "up")
        run("ip", "-n", host.name, "address", "add", f"{ipv4}/{self.ipv4.prefixlen}", "dev", "eth0")
        run("ip", "-n", host.name, "address", "add", f"{self.ipv6_of(ipv4)}/{self.ipv6.prefixlen}", "dev", "eth0", "nodad")
        run("ip", "-n", host.name, "link", "set", "eth0", "up")
        host.addresses = [ipv4, self.ipv6_of(ipv4)]
        self.hosts[ipv4] = host
        return host

    def close(self):
        for host in self.hosts.values():
            host.close()
        run("ip", "link", "delete", self.bridge, check=False)
