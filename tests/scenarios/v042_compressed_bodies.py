# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed bodies: what clients send is decompressed on its way, what they get is compressed if the API says so and they ask for it,
both as streams; a few bytes that become many stay within the limits."""
import gzip
import threading
import zlib

import pytest

from v040_bodies_pass_byte_by_byte import Scene
from v041_limits_of_bodies import LIMIT, TOO_LONG, ask, drain, outcome

DOCUMENT = """openapi: 3.0.1
info: {{title: t, version: "1"}}
{compression}
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
  /mock:
    get:
      responses: {{"200": {{description: ok}}}}
      x-amazon-apigateway-integration:
        {{type: mock, requestTemplates: {{application/json: '{{"statusCode": 200}}'}}, responses: {{default: {{statusCode: "200", responseTemplates: {{application/json: "{mock}"}}}}}}}}
"""
UNSUPPORTED = (415, b'{"message": "Unsupported Media Type"}')
TEXT = b"".join(b"%d apples and pears\n" % i for i in range(3000))  # 58 KB
CODED = {"gzip": (gzip.compress, gzip.decompress), "deflate": (zlib.compress, zlib.decompress)}


@pytest.fixture
def scene(local):
    made = Scene(local, True)
    yield made
    for listener in made.listeners:
        listener.close()


def serve(scene, threshold=None, mode="BUFFERED"):
    compression = "" if threshold is None else f"x-amazon-apigateway-minimum-compression-size: {threshold}"
    return scene.api(document=DOCUMENT, mode=mode, compression=compression, mock="m" * 2000)


# --- requests ----------------------------------------------------------------------------------------------------------------

def send_body(client, body, step):
    if step is None:
        client.send(body)
        return
    for i in range(0, len(body), step):
        client.send_chunk(body[i:i + step])
    client.send_last_chunk()


def received(listener, client, body, step=None):
    """What the back end gets of that body: (fields, bytes)."""
    sender = threading.Thread(target=send_body, args=(client, body, step))
    sender.start()
    server = listener.accept()
    _, fields = server.head()
    data = server.body(fields)
    sender.join()
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert outcome(client)[0] == 200
    return fields, data


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("path", ["/x", "/http"])
def test_a_request_is_decompressed(scene, coding, path):
    listener, name = serve(scene)
    body = CODED[coding][0](TEXT)
    client = ask(scene, name, f"Content-Encoding: {coding.upper()}", f"Content-Length: {len(body)}", path=path)
    fields, data = received(listener, client, body)
    assert data == TEXT and "content-encoding" not in fields


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_request_in_pieces(scene, step):
    listener, name = serve(scene)
    text = TEXT[:2000]
    client = ask(scene, name, "Content-Encoding: gzip", "Transfer-Encoding: chunked")
    assert received(listener, client, gzip.compress(text), step)[1] == text


def test_several_members_of_gzip(scene):
    listener, name = serve(scene)
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    client = ask(scene, name, "Content-Encoding: gzip", f"Content-Length: {len(body)}")
    assert received(listener, client, body)[1] == b"one two"


def test_identity_is_as_it_is(scene):
    listener, name = serve(scene)
    client = ask(scene, name, "Content-Encoding: identity", "Content-Length: 5")
    assert received(listener, client, b"\x1f\x8bxyz")[1] == b"\x1f\x8bxyz"


def test_each_piece_passes_at_once(scene):
    """A client that flushes its compressor is heard before it goes on."""
    listener, name = serve(scene)
    client = ask(scene, name, "Content-Encoding: gzip", "Transfer-Encoding: chunked")
    server = listener.accept()
    server.head()
    compressor = zlib.compressobj(wbits=31)
    for i in range(100):
        word = b"word %d" % i
        client.send_chunk(compressor.compress(word) + compressor.flush(zlib.Z_SYNC_FLUSH))
        got = b""
        while len(got) < len(word):
            got += server.chunk()
        assert got == word
    client.send_chunk(compressor.flush()).send_last_chunk()
    assert server.chunk() == b""
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert outcome(client)[0] == 200


GOOD = gzip.compress(TEXT)
BAD = {"unknown": ("br", b"abc"), "two": ("gzip, deflate", b"abc"), "none of it": ("gzip", b"this is no gzip"), "cut": ("gzip", GOOD[:-9]),
       "flipped": ("gzip", GOOD[:400] + bytes(20) + GOOD[420:]), "more behind": ("deflate", zlib.compress(b"x") + b"y"),
       "raw deflate": ("deflate", zlib.compress(TEXT)[2:-4])}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/x", "/http"])
@pytest.mark.parametrize("case", BAD)
def test_what_is_not_of_its_coding(scene, case, path, chunked):
    _, name = serve(scene)
    coding, body = BAD[case]
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    client = ask(scene, name, f"Content-Encoding: {coding}", framing, path=path)
    send_body(client, body, 100 if chunked else None)
    status, fields, answer = outcome(client)
    assert (status, answer) == UNSUPPORTED and fields["x-amzn-errortype"] == "BadRequestException"


@pytest.mark.parametrize("path", ["/x", "/http"])
@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_a_bomb(scene, path, size):
    """10 KB that become 10 MB: just as many are passed on, and not one more."""
    listener, name = serve(scene)
    body = gzip.compress(bytes(size))
    before = scene.resident_kb()
    client = ask(scene, name, "Content-Encoding: gzip", "Transfer-Encoding: chunked", path=path)
    if size == LIMIT:
        assert len(received(listener, client, body, 5000)[1]) == LIMIT
    else:
        threading.Thread(target=drain, args=(listener,), daemon=True).start()
        send_body(client, body, 5000)
        assert outcome(client)[::2] == (413, TOO_LONG)
    if path == "/x":
        assert scene.resident_kb() - before <= 2048


def test_a_bomb_waits_for_the_back_end(scene):
    """The back end takes nothing: nothing is decompressed either, however little the client need send."""
    listener, name = serve(scene)
    body = gzip.compress(bytes(LIMIT))
    before = scene.resident_kb()
    client = ask(scene, name, "Content-Encoding: gzip", f"Content-Length: {len(body)}", "Expect: 100-continue")
    client.head()
    client.send(body)
    server = listener.accept()
    _, fields = server.head()
    assert scene.resident_kb() - before <= 2048
    assert len(server.body(fields)) == LIMIT


# --- answers -----------------------------------------------------------------------------------------------------------------

def answered(scene, served, *fields, body=TEXT, wants="gzip", path="/x", answer=(), step=None):
    """A request with that Accept-Encoding, answered with that body: (fields, body) as the client gets them."""
    listener, name = served
    client = ask(scene, name, "Content-Length: 0", *([f"Accept-Encoding: {wants}"] if wants is not None else []), *fields, path=path)
    server = listener.accept()
    server.head()
    head = "HTTP/1.1 200 OK\r\n" + "".join(f"{field}\r\n" for field in answer)

    def send():
        server.send(head, "Transfer-Encoding: chunked\r\n\r\n" if step else f"Content-Length: {len(body)}\r\n\r\n")
        send_body(server, body, step)

    threading.Thread(target=send).start()
    status, got, data = outcome(client)
    assert status == 200
    return got, data


@pytest.mark.parametrize("path", ["/x", "/http"])
@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("times", [1, 20])  # in one go, and piece by piece
def test_an_answer_is_compressed(scene, path, coding, times):
    fields, data = answered(scene, serve(scene, 1000), wants=coding, path=path, body=TEXT * times)
    assert fields["content-encoding"] == coding and CODED[coding][1](data) == TEXT * times and len(data) < len(TEXT) * times // 3


def test_a_mock_is_compressed(scene):
    _, name = serve(scene, 2000)
    fields, data = outcome(ask(scene, name, "Accept-Encoding: gzip", path="/mock", method="GET"))[1:]
    assert fields["content-encoding"] == "gzip" and gzip.decompress(data) == b"m" * 2000


@pytest.mark.parametrize("threshold, size, coded", [(None, 5000, False), (0, 1, True), (1, 0, False), (1000, 999, False), (1000, 1000, True)])
@pytest.mark.parametrize("path", ["/x", "/http"])
@pytest.mark.parametrize("step", [None, 100])
def test_from_which_size_on(scene, threshold, size, coded, path, step):
    """Also if it is not known before the end."""
    fields, data = answered(scene, serve(scene, threshold), body=b"a" * size, path=path, step=step)
    assert ("content-encoding" in fields) == coded and (gzip.decompress(data) if coded else data) == b"a" * size


@pytest.mark.parametrize("wants, coding", [
    ("gzip", "gzip"), ("deflate", "deflate"), ("GZIP", "gzip"), ("gzip, deflate", "gzip"), ("deflate, gzip", "deflate"), ("deflate;q=0.5, gzip;q=0.8", "gzip"),
    ("gzip;q=0", None), ("*", None), (None, None), ("", None), ("identity", None), ("br", None), ("br, gzip", "gzip"), ("br;q=1, gzip;q=0.5", None),
    ("identity, gzip;q=0.5", None), ("gzip;q=1.5", None), ("gzip, deflate, br, zstd", "gzip")])
def test_what_the_client_wants(scene, wants, coding):
    fields, data = answered(scene, serve(scene, 0), wants=wants)
    assert fields.get("content-encoding") == coding and (CODED[coding][1](data) if coding else data) == TEXT


def test_each_piece_of_an_answer_passes_at_once(scene):
    listener, name = serve(scene, 0)
    client = ask(scene, name, "Accept-Encoding: gzip", method="GET")
    server = listener.accept()
    server.head()
    server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert client.head()[1]["content-encoding"] == "gzip"
    decompressor = zlib.decompressobj(wbits=31)
    for i in range(100):
        word, got = b"word %d" % i, b""
        server.send_chunk(word)
        while len(got) < len(word):
            got += decompressor.decompress(client.chunk())
        assert got == word
    server.send_last_chunk()
    rest = b"".join(iter(client.chunk, b""))
    assert decompressor.decompress(rest) == b"" and decompressor.eof


@pytest.mark.parametrize("mode, coded", [("BUFFERED", True), ("STREAM", False)])
def test_a_beginning_that_was_held_is_followed_at_once(scene, mode, coded):
    """Of an answer of unknown length as much is held as shows that it is to be compressed, and nothing more."""
    listener, name = serve(scene, 1000, mode=mode)
    client = ask(scene, name, "Accept-Encoding: gzip", method="GET")
    server = listener.accept()
    server.head()
    server.send("HTTP/1.1 200 OK\r\nX-Its: own\r\nConnection: X-Hop\r\nX-Hop: z\r\nTransfer-Encoding: chunked\r\n\r\n").send_chunk(b"a" * 999)
    if not coded:
        client.head()
        assert client.chunk() == b"a" * 999
        return
    server.send_chunk(b"b")
    fields = client.head()[1]
    assert fields["content-encoding"] == "gzip" and fields["x-its"] == "own" and "x-hop" not in fields
    decompressor, got = zlib.decompressobj(wbits=31), b""
    for wanted in (b"a" * 999 + b"b", b"c", b"d"):
        got = b""
        while len(got) < len(wanted):
            got += decompressor.decompress(client.chunk())
        assert got == wanted
        server.send_chunk(b"d" if wanted == b"c" else b"c")
    server.close()
    assert client.rest()[0][-5:] != b"0\r\n\r\n"  # cut off by the back end: so is the client


def test_a_long_answer_in_many_chunks_waits_for_its_client(scene):
    """The gateway stops the back end; what comes in chunks all the same waits in order."""
    listener, name = serve(scene)
    client = ask(scene, name, method="GET")
    server = listener.accept()
    server.head()
    body = gzip.compress(bytes(9 << 20) + TEXT)
    server.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    send_body(server, body, 100)  # all of it is on its way before the client reads
    before = scene.resident_kb()
    _, fields = client.head()
    data = client.body(fields)
    assert data == bytes(9 << 20) + TEXT and scene.resident_kb() - before <= 2048


def test_answers_in_mode_stream_are_left_alone(scene):
    fields, data = answered(scene, serve(scene, 0, mode="STREAM"))
    assert "content-encoding" not in fields and data == TEXT
    fields, data = answered(scene, serve(scene, 0, mode="STREAM"), body=GOOD, answer=["Content-Encoding: gzip"])
    assert fields["content-encoding"] == "gzip" and data == GOOD


@pytest.mark.parametrize("coding", CODED)
def test_a_back_end_that_compresses(scene, coding):
    """A proxy drops Content-Encoding, so the body is decompressed, and is not compressed again."""
    fields, data = answered(scene, serve(scene, 0), body=CODED[coding][0](TEXT * 20), answer=[f"Content-Encoding: {coding}"])
    assert "content-encoding" not in fields and data == TEXT * 20


def test_a_back_end_that_compresses_as_we_do_not(scene):
    fields, data = answered(scene, serve(scene, 0), body=b"brotli", answer=["Content-Encoding: br"])
    assert fields["content-encoding"] == "br" and data == b"brotli"


def test_a_back_end_that_says_so_and_does_not(scene):
    fields, data = answered(scene, serve(scene, 0), body=TEXT, answer=["Content-Encoding: gzip"])
    assert "content-encoding" not in fields and data == TEXT


def test_an_answer_that_becomes_too_long(scene):
    """A back end's bomb: the client gets at most the limit, and a broken connection."""
    listener, name = serve(scene)
    client = ask(scene, name, method="GET")
    server = listener.accept()
    server.head()
    body, before = gzip.compress(bytes(LIMIT + 1)), scene.resident_kb()
    server.send(f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n", body)
    client.head()
    received_bytes, _ = client.rest()
    assert len(received_bytes) < LIMIT + 65536 and not received_bytes.endswith(b"0\r\n\r\n")
    assert scene.resident_kb() - before <= 2048


def test_head_and_errors_are_not_compressed(scene):
    listener, name = serve(scene, 0)
    client = ask(scene, name, "Accept-Encoding: gzip", method="HEAD")
    server = listener.accept()
    server.head()
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    assert client.head()[1]["content-length"] == "5000"
    status, fields, _ = outcome(ask(scene, name, "Accept-Encoding: gzip", path="/nothing"))
    assert status == 403 and "content-encoding" not in fields


def test_http_1_0_clients(scene):
    """No chunks for them: the end of the connection ends a body whose length is not known."""
    listener, name = serve(scene, 0)
    client = scene.dial(name).send(f"GET /prod/x HTTP/1.0\r\nHost: {name}\r\nAccept-Encoding: gzip\r\n\r\n")
    server = listener.accept()
    server.head()
    server.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(TEXT)}\r\n\r\n", TEXT)
    assert client.head()[1]["content-encoding"] == "gzip"
    assert gzip.decompress(client.rest()[0]) == TEXT


# --- what looks at requests ----------------------------------------------------------------------------------------------------

CHECKED = """openapi: 3.0.1
info: {{title: t, version: "1"}}
x-amazon-apigateway-request-validators: {{body: {{validateRequestBody: true, validateRequestParameters: false}}}}
x-amazon-apigateway-request-validator: body
components: {{schemas: {{Pet: {{type: object, required: [name]}}}}}}
paths:
  /x:
    post:
      requestBody: {{content: {{application/json: {{schema: {{$ref: "#/components/schemas/Pet"}}}}}}}}
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: POST, uri: "{uri}/x"}}
  /templated:
    post:
      responses: {{"200": {{description: ok}}}}
      x-amazon-apigateway-integration: {{type: http, httpMethod: POST, uri: "{uri}/x", requestTemplates: {{application/json: "[$input.json('$.name')]"}},
        responses: {{default: {{statusCode: "200"}}}}}}
"""


def test_models_and_templates_see_the_text(scene):
    listener, name = scene.api(document=CHECKED)

    def send(path, text):
        body = gzip.compress(text)
        return ask(scene, name, "Content-Encoding: gzip", "Content-Type: application/json", f"Content-Length: {len(body)}", path=path), body

    client, body = send("/x", b'{"nam": "Rex"}')
    client.send(body)
    assert outcome(client)[0] == 400
    fields, data = received(listener, *send("/x", b'{"name": "Rex"}'))
    assert data == b'{"name": "Rex"}' and fields["content-length"] == "15"
    assert received(listener, *send("/templated", b'{"name": "Rex"}'))[1] == b'["Rex"]'
