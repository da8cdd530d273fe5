# SPDX-License-Identifier: GPL-3.0-or-later
"""A syslog server over TLS, and who vouches for it: rsyslog with GnuTLS."""
import signal
import socket
import subprocess

from lab.network import wait_for

RSYSLOG = """
global(workDirectory="{folder}" defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{folder}/authority.pem"
       defaultNetstreamDriverCertFile="{folder}/server.pem" defaultNetstreamDriverKeyFile="{folder}/server.key")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="fields" type="string" string="%pri%|%timereported:::date-rfc3339%|%hostname%|%app-name%|%msgid%|%msg%\\n")
ruleset(name="all") {{ action(type="omfile" file="{folder}/got" template="fields" asyncWriting="off" flushOnTXEnd="on") }}
input(type="imtcp" port="{port}" address="{address}" ruleset="all")
"""


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_authority(folder, name="authority"):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")


def make_certificate(folder, names="DNS:localhost,IP:127.0.0.1", days="1"):
    (folder / "extensions").write_text(f"subjectAltName={names}\n")
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server", "-keyout", "server.key",
            "-out", "server.csr")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", days,
            "-extfile", "extensions", "-out", "server.pem")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """rsyslog: `lines()` are those that it wrote down, as tuples of RSYSLOG's fields."""

    def __init__(self, folder, address="127.0.0.1", port=None, popen=subprocess.Popen):
        self.folder, self.address, self.port, self.popen, self.process = folder, address, port or free_port(), popen, None
        (folder / "rsyslog.conf").write_text(RSYSLOG.format(folder=folder, address=address, port=self.port))

    def start(self):
        """Running; on this host it also listens already."""
        self.process = self.popen(["/usr/sbin/rsyslogd", "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.address == "127.0.0.1":
            wait_for(self.answers, "rsyslog listens")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, number=signal.SIGTERM):
        if self.process:
            self.process.send_signal(number)
            self.process.wait(20)
        self.process = None

    def lines(self):
        got = self.folder / "got"
        return [tuple(line.split("|", 5)) for line in got.read_text().splitlines()] if got.exists() else []

    def texts(self, source):
        return [line[5] for line in self.lines() if line[4] == source]
