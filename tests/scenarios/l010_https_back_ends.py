# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends over HTTPS: the certificate must be vouched for by a trusted CA and be of that name, unless the integration says
insecureSkipVerification; connections are kept; what is no TLS, or does not answer, ends in time."""
import re
import socket
import ssl

import pytest

from conftest import Local
from i010_back_ends_that_fail import Peer, answer_once
from lab.appliance import allow
from lab.certificate import Authority
from lab.names import NameServer
from lab.network import run

NETWORK_ERROR = (504, '{"message": "Network error communicating with endpoint"}', "InternalServerErrorException")
DOCUMENT = """openapi: 3.0.1
info: {{title: t, version: "1"}}
paths:
  /x:
    x-amazon-apigateway-any-method:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: ANY, uri: "{uri}", timeoutInMillis: 10000, tlsConfig: {{insecureSkipVerification: {insecure}}}}}
"""


class TlsPeer(Peer):
    """A back end over TLS. `names` are the server names that clients asked for."""

    def __init__(self, certificate, key):
        self.names = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.sni_callback = lambda connection, name, context: self.names.append(name)
        super().__init__(answer_once)

    def serve(self, connection, number):
        try:
            super().serve(self.context.wrap_socket(connection, server_side=True), number)
        except (ssl.SSLError, OSError):
            connection.close()


@pytest.fixture(scope="module")
def place(folder):
    made = folder / "https"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def company(place):
    return Authority(place / "company", "Company Root")


@pytest.fixture(scope="module")
def names():
    made = NameServer()
    made.records = {name: (60, ["127.0.0.1"]) for name in ("good.internal", "other.internal")}
    yield made
    made.close()


@pytest.fixture(scope="module")
def appliance(place, company, names):
    """Local mode; back ends' names come from `names`, their certificates from `company`."""
    made = Local(place, "127.0.0.1:14581", "127.0.0.1:18481")
    made.start()
    assert made.stop() == 0
    with open(made.state / "settings.yaml", "a") as file:
        file.write(f"name_servers: [\"{names.address}\"]\nbackend_ca_file: {company.certificate}\nbackend_connect_timeout_ms: 1000\nworkers: 1\n")
    yield made.start()
    assert made.stop() == 0


@pytest.fixture
def call(appliance):
    peers = []

    def make(uri, insecure=False, peer=None):
        peers.append(peer)
        api = appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=uri, insecure=str(insecure).lower()))
        return lambda *options: appliance.get(api, "/x", *options)

    yield make
    for peer in filter(None, peers):
        peer.close()


def outcome(answer):
    return answer.status, answer.body, answer.headers.get("x-amzn-errortype")


def test_a_good_certificate(call, company):
    peer = TlsPeer(*company.issue("good.internal"))
    get = call(f"https://good.internal:{peer.port}/x", peer=peer)
    assert [outcome(get())[:2] for _ in range(3)] == [(200, "ok")] * 3
    assert peer.names == ["good.internal"] and len(peer.open) == 1  # asked for by name, and the connection is kept
    assert all(re.search(rb"\r\nhost: good\.internal:\d+\r\n", head.lower()) for head in peer.heads)


def test_another_name(call, company):
    peer = TlsPeer(*company.issue("other.internal"))
    get = call(f"https://good.internal:{peer.port}/x", peer=peer)
    assert outcome(get()) == NETWORK_ERROR
    assert peer.heads == []  # nothing was sent to it
    skipping = call(f"https://good.internal:{peer.port}/x", insecure=True)
    assert outcome(skipping()) == NETWORK_ERROR and peer.heads == []  # which is of the authority alone


def test_a_ca_that_nobody_trusts(call, place):
    peer = TlsPeer(*Authority(place / "stranger", "Stranger").issue("good.internal"))
    get = call(f"https://good.internal:{peer.port}/x", peer=peer)
    assert outcome(get()) == NETWORK_ERROR
    assert peer.heads == []
    assert outcome(call(f"https://good.internal:{peer.port}/x", insecure=True)())[:2] == (200, "ok")
    assert outcome(get()) == NETWORK_ERROR  # and a connection that was not verified is not used where it must be


def test_an_expired_certificate(call, company):
    certificate, key = company.issue("other.internal")
    run("openssl", "x509", "-req", "-in", company.folder / "other.csr", "-CA", company.certificate, "-CAkey", company.key,
        "-CAcreateserial", "-out", certificate, "-days", "-1", "-extfile", company.folder / "other.ext")
    peer = TlsPeer(certificate, key)
    assert outcome(call(f"https://other.internal:{peer.port}/x", peer=peer)()) == NETWORK_ERROR
    assert outcome(call(f"https://other.internal:{peer.port}/x", insecure=True)()) == NETWORK_ERROR


def test_an_expired_certificate_of_a_ca_that_nobody_trusts(call, place):
    stranger = Authority(place / "late", "Late")
    certificate, key = stranger.issue("other.internal")
    run("openssl", "x509", "-req", "-in", stranger.folder / "other.csr", "-CA", stranger.certificate, "-CAkey", stranger.key,
        "-CAcreateserial", "-out", certificate, "-days", "-1", "-extfile", stranger.folder / "other.ext")
    peer = TlsPeer(certificate, key)
    assert outcome(call(f"https://other.internal:{peer.port}/x", insecure=True, peer=peer)()) == NETWORK_ERROR


def test_an_address_instead_of_a_name(call, company):
    """The certificate would have to name the address."""
    peer = TlsPeer(*company.issue("good.internal"))
    assert outcome(call(f"https://127.0.0.1:{peer.port}/x", peer=peer)()) == NETWORK_ERROR


def test_it_speaks_no_tls(call):
    peer = Peer(answer_once)
    assert outcome(call(peer.uri.replace("http:", "https:").replace("127.0.0.1", "good.internal"), peer=peer)()) == NETWORK_ERROR


def test_it_accepts_and_says_nothing(call):
    """The connect time-out covers the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = call(f"https://good.internal:{silent.getsockname()[1]}/x")()
    assert answer.status == 504 and 0.9 < answer.seconds < 5, answer


def test_it_does_not_accept(call):
    """A host that drops SYNs, as one behind a firewall does: a listener whose queue is full."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        answer = call(f"http://127.0.0.1:{full.getsockname()[1]}/x")()
        for filler in fillers:
            filler.close()
    assert answer.status == 504 and 0.9 < answer.seconds < 5, answer
