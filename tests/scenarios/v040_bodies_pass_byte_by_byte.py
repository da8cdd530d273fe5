# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of HTTP_PROXY stream: each byte is there before the next one is sent, in both directions and in both at once, by TLS and
without; a side that takes nothing holds the other one up; nothing is gathered in between, however long a body is."""
import hashlib
import socket
import ssl
import threading

import pytest

from conftest import Local
from lab.appliance import REGION, allow
from lab.certificate import Authority
from lab.wire import Listener, dial

DOCUMENT = """openapi: 3.0.1
info: {{title: t, version: "1"}}
paths:
  /x:
    x-amazon-apigateway-any-method:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: ANY, uri: "{uri}/x", responseTransferMode: {mode},
        tlsConfig: {{insecureSkipVerification: true}}}}
"""
BYTES = 200
LONG = 96 << 20


def started(folder, management, traffic, *lines):
    """An appliance in local mode with these lines in its settings."""
    made = Local(folder, management, traffic)
    made.start()
    assert made.stop() == 0
    with open(made.state / "settings.yaml", "a") as file:
        file.write("".join(f"{line}\n" for line in (*lines, "workers: 1")))
    return made.start()


class Scene:
    """An appliance, and back ends at hand. `dial()` is a client's connection."""

    def __init__(self, appliance, secure):
        self.appliance, self.secure, self.listeners = appliance, secure, []

    def api(self, context=None, document=DOCUMENT, mode="BUFFERED", **values):
        listener = Listener(context)
        self.listeners.append(listener)
        api = self.appliance.serve_api(None, allow(), document=document.format(uri=listener.uri, mode=mode, **values))
        return listener, f"{api}.execute-api.{REGION}.amazonaws.com"

    def dial(self, name):
        return dial(self.appliance.traffic, name, self.appliance.ca if self.secure else None)

    def resident_kb(self):
        pid, = self.appliance.children("postern-gateway")
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.fixture(scope="module")
def certificate(folder):
    return Authority(folder / "v040").issue("localhost")


@pytest.fixture(scope="module", params=["plain", "tls"])
def scene(request, folder):
    secure = request.param == "tls"
    number = 82 + secure
    made = Scene(started(folder / f"v040-{request.param}", f"127.0.0.1:145{number}", f"127.0.0.1:184{number}",
                         "streamed_body_max_bytes: 0", f"local_traffic_tls: {str(secure).lower()}"), secure)
    yield made
    for listener in made.listeners:
        listener.close()
    assert made.appliance.stop() == 0


@pytest.fixture(params=["plain", "tls"])
def back(request, scene, certificate):
    """(listener, name of the API)"""
    context = None
    if request.param == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    return scene.api(context, mode="STREAM" if request.param == "tls" else "BUFFERED")


def begin(scene, back, *fields, method="POST"):
    """A request whose head has gone out: (client, server)."""
    listener, name = back
    client = scene.dial(name).send(f"{method} /prod/x HTTP/1.1\r\nHost: {name}\r\n", *(f"{field}\r\n" for field in fields), "\r\n")
    server = listener.accept()
    first, server.fields = server.head()
    assert first.startswith(f"{method} /x HTTP/1.1")
    return client, server


def answered(client, server, *fields):
    server.send("HTTP/1.1 200 OK\r\n", *(f"{field}\r\n" for field in fields), "\r\n")
    first, client.fields = client.head()
    assert first == "HTTP/1.1 200 OK"


def test_a_request_byte_by_byte(scene, back):
    client, server = begin(scene, back, "Transfer-Encoding: chunked")
    for i in range(BYTES):
        client.send_chunk(bytes([i]))
        assert server.chunk() == bytes([i])  # only now the next one is sent
    client.send_last_chunk()
    assert server.chunk() == b""
    answered(client, server, "Content-Length: 0")


def test_a_request_of_known_length_byte_by_byte(scene, back):
    client, server = begin(scene, back, f"Content-Length: {BYTES}")
    assert server.fields["content-length"] == str(BYTES)
    for i in range(BYTES):
        client.send(bytes([i]))
        assert server.exactly(1) == bytes([i])
    answered(client, server, "Content-Length: 0")


def test_an_answer_byte_by_byte(scene, back):
    client, server = begin(scene, back, method="GET")
    answered(client, server, "Transfer-Encoding: chunked")
    for i in range(BYTES):
        server.send_chunk(bytes([i]))
        assert client.chunk() == bytes([i])
    server.send_last_chunk()
    assert client.chunk() == b""


def test_an_answer_of_known_length_byte_by_byte(scene, back):
    client, server = begin(scene, back, method="GET")
    answered(client, server, f"Content-Length: {BYTES}")
    for i in range(BYTES):
        server.send(bytes([i]))
        assert client.exactly(1) == bytes([i])


def test_both_at_once(scene, back):
    """The answer begins with the request's first byte; each byte is answered before the next."""
    client, server = begin(scene, back, "Transfer-Encoding: chunked")
    client.send_chunk(b"0")
    assert server.chunk() == b"0"
    answered(client, server, "Transfer-Encoding: chunked")
    for i in range(BYTES):
        server.send_chunk(bytes([i]))
        assert client.chunk() == bytes([i])
        client.send_chunk(bytes([i, i]))
        assert server.chunk() == bytes([i, i])
    client.send_last_chunk()
    assert server.chunk() == b""
    server.send_last_chunk()
    assert client.chunk() == b""


def pour(wire, total, digest):
    block = bytes(range(256)) * 1024
    for _ in range(total // len(block)):
        digest.update(block)
        wire.send(block)


def drink(wire, total, digest):
    while total:
        data = wire.exactly(min(total, 1 << 18))
        digest.update(data)
        total -= len(data)


def poured(source, sink, total):
    """`total` bytes from one to the other; the same on both sides."""
    given, taken = hashlib.sha256(), hashlib.sha256()
    thread = threading.Thread(target=pour, args=(source, total, given))
    thread.start()
    drink(sink, total, taken)
    thread.join()
    assert given.digest() == taken.digest()


def test_long_bodies_take_no_memory(scene, back):
    for _ in range(2):  # the first fills the gateway's pools
        client, server = begin(scene, back, f"Content-Length: {LONG}")
        before = scene.resident_kb()
        poured(client, server, LONG)
        answered(client, server, f"Content-Length: {LONG}")
        poured(server, client, LONG)
        growth = scene.resident_kb() - before
        client.close()
        server.close()
    assert growth <= 2048, growth


def fill(wire):
    """Send until the other end has taken nothing for a second; how many bytes went."""
    block, count = bytes(1 << 16), 0
    wire.connection.settimeout(1)
    try:
        while count < LONG:
            count += wire.connection.send(block)
    except (socket.timeout, ssl.SSLWantWriteError):
        pass
    wire.connection.settimeout(10)
    return count


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_who_takes_nothing_holds_the_other_up(scene, back, direction):
    """Buffers of kernels fill, a few megabytes on loopback; the gateway's are as they were."""
    if direction == "request":
        client, server = begin(scene, back, f"Content-Length: {LONG}")
        source = client
    else:
        client, server = begin(scene, back, method="GET")
        answered(client, server, f"Content-Length: {LONG}")
        source = server
    before = scene.resident_kb()
    assert fill(source) < LONG // 2
    assert scene.resident_kb() - before <= 2048
    client.close()
    server.close()
