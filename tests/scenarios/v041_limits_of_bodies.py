# SPDX-License-Identifier: GPL-3.0-or-later
"""10,485,760 bytes are the limit of a body, either way, of every type; AWS's answers beyond it. streamed_body_max_bytes moves it for
HTTP_PROXY alone (v040 has none at all)."""
import threading

import pytest

from v040_bodies_pass_byte_by_byte import Scene, started

LIMIT = 10485760
PROXY = """openapi: 3.0.1
info: {{title: t, version: "1"}}
paths:
  /x:
    x-amazon-apigateway-any-method:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: ANY, uri: "{uri}/x", responseTransferMode: {mode}}}
  /http:
    post:
      responses: {{"200": {{description: ok}}}}
      x-amazon-apigateway-integration:
        {{type: http, httpMethod: POST, uri: "{uri}/x", passthroughBehavior: when_no_match, responses: {{default: {{statusCode: "200"}}}}}}
"""
TOO_LONG = b"HTTP content length exceeded 10485760 bytes."


@pytest.fixture(params=["BUFFERED", "STREAM"])
def mode(request):
    return request.param


@pytest.fixture
def scene(local):
    made = Scene(local, True)
    yield made
    for listener in made.listeners:
        listener.close()


@pytest.fixture(scope="module")
def raised(folder):
    made = Scene(started(folder / "v041", "127.0.0.1:14582", "127.0.0.1:18482", f"streamed_body_max_bytes: {2 * LIMIT}"), True)
    yield made
    for listener in made.listeners:
        listener.close()
    assert made.appliance.stop() == 0


def ask(scene, name, *fields, path="/x", method="POST"):
    return scene.dial(name).send(f"{method} /prod{path} HTTP/1.1\r\nHost: {name}\r\n", *(f"{field}\r\n" for field in fields), "\r\n")


def outcome(client):
    first, fields = client.head()
    return int(first.split()[1]), fields, client.body(fields)


def put(client, total, chunked=False):
    block = bytes(1 << 16)
    try:
        while total:
            piece = block[:total]
            client.send_chunk(piece) if chunked else client.send(piece)
            total -= len(piece)
    except (ConnectionResetError, BrokenPipeError):
        pass  # whoever is over the limit is not read to the end
    return client


def drain(listener):
    """A back end that takes what comes."""
    try:
        listener.accept().rest()
    except OSError:
        pass


@pytest.mark.parametrize("path", ["/x", "/http"])
def test_a_request_of_just_the_limit(scene, mode, path):
    listener, name = scene.api(document=PROXY, mode=mode)
    client = ask(scene, name, f"Content-Length: {LIMIT}", path=path)
    sender = threading.Thread(target=put, args=(client, LIMIT))
    sender.start()
    server = listener.accept()
    _, fields = server.head()
    assert len(server.body(fields)) == LIMIT
    sender.join()
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert outcome(client)[::2] == (200, b"ok")


@pytest.mark.parametrize("path", ["/x", "/http"])
def test_a_request_that_announces_more(scene, path):
    _, name = scene.api(document=PROXY, mode="BUFFERED")
    status, fields, body = outcome(ask(scene, name, f"Content-Length: {LIMIT + 1}", path=path))
    assert (status, body, fields["content-type"]) == (413, TOO_LONG, "text; charset=utf-8")


@pytest.mark.parametrize("path", ["/x", "/http"])
def test_a_request_that_becomes_longer(scene, path):
    listener, name = scene.api(document=PROXY, mode="BUFFERED")
    client = ask(scene, name, "Transfer-Encoding: chunked", path=path)
    threading.Thread(target=drain, args=(listener,), daemon=True).start()
    put(client, LIMIT + 1, chunked=True)
    assert outcome(client)[::2] == (413, TOO_LONG)


def answer(scene, mode, *fields, document=PROXY, path="/x"):
    """A request without a body that has been answered with these fields: (client, server)."""
    listener, name = scene.api(document=document, mode=mode)
    client = ask(scene, name, "Content-Length: 0", path=path)
    server = listener.accept()
    server.head()
    return client, server.send("HTTP/1.1 200 OK\r\n", *(f"{field}\r\n" for field in fields), "\r\n")


def test_an_answer_that_announces_more(scene, mode):
    client, _ = answer(scene, mode, f"Content-Length: {LIMIT + 1}")
    status, fields, body = outcome(client)
    assert (status, body, fields["x-amzn-errortype"]) == (500, b'{"message": "Internal server error"}', "InternalServerErrorException")


def test_an_answer_of_just_the_limit(scene, mode):
    client, server = answer(scene, mode, f"Content-Length: {LIMIT}")
    threading.Thread(target=put, args=(server, LIMIT)).start()
    status, _, body = outcome(client)
    assert (status, len(body)) == (200, LIMIT)


def test_an_answer_that_becomes_longer_is_cut(scene, mode):
    """Its head has left long before: the client sees a broken connection, and never a body that looks whole."""
    client, server = answer(scene, mode, "Transfer-Encoding: chunked")
    assert client.head()[0] == "HTTP/1.1 200 OK"
    threading.Thread(target=put, args=(server, LIMIT + 1, True)).start()
    received, broke = client.rest()
    assert (broke or len(received) < LIMIT) and not received.endswith(b"0\r\n\r\n")


def test_a_gathered_answer_that_is_longer(scene):
    client, server = answer(scene, "BUFFERED", f"Content-Length: {LIMIT + 1}", path="/http")
    put(server, LIMIT + 1)
    assert outcome(client)[0] == 500


def test_a_raised_limit(raised, mode):
    listener, name = raised.api(document=PROXY, mode=mode)
    client = ask(raised, name, f"Content-Length: {2 * LIMIT}")
    sender = threading.Thread(target=put, args=(client, 2 * LIMIT))
    sender.start()
    server = listener.accept()
    assert len(server.body(server.head()[1])) == 2 * LIMIT
    sender.join()
    server.send(f"HTTP/1.1 200 OK\r\nContent-Length: {2 * LIMIT}\r\n\r\n")
    threading.Thread(target=put, args=(server, 2 * LIMIT)).start()
    status, _, body = outcome(client)
    assert (status, len(body)) == (200, 2 * LIMIT)


def test_beyond_a_raised_limit(raised):
    listener, name = raised.api(document=PROXY, mode="BUFFERED")
    status, _, body = outcome(ask(raised, name, f"Content-Length: {2 * LIMIT + 1}"))
    assert (status, body) == (413, b"HTTP content length exceeded 20971520 bytes.")
    status, _, body = outcome(ask(raised, name, f"Content-Length: {LIMIT + 1}", path="/http"))
    assert (status, body) == (413, TOO_LONG)  # type HTTP has AWS's limit whatever the setting says
