# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes that two parsers could read as different requests: refused with the right status, the connection closed, and nothing
of them reaches the back end."""
import socket
import ssl

import pytest

from lab.appliance import REGION

HEAD = "GET /prod/pets HTTP/1.1\r\nHost: {host}\r\n"
SHAPES = {
    "both length and chunked": ("POST /prod/pets HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (HEAD + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
    "two equal lengths": (HEAD + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    "a length list": (HEAD + "Content-Length: 0, 0\r\n\r\n", 400),
    "a signed length": (HEAD + "Content-Length: +0\r\n\r\n", 400),
    "an endless length": (HEAD + "Content-Length: 99999999999999999999\r\n\r\n", 400),
    "a blank before the colon": (HEAD + "Content-Length : 0\r\n\r\n", 400),
    "a folded line": (HEAD + "X-A: b\r\n c\r\n\r\n", 400),
    "a bare line feed": ("GET /prod/pets HTTP/1.1\nHost: {host}\n\n", 400),
    "a bare carriage return": (HEAD + "X-A: b\rc\r\n\r\n", 400),
    "a NUL": (HEAD + "X-A: b\0c\r\n\r\n", 400),
    "two hosts": (HEAD + "Host: other\r\n\r\n", 400),
    "no host": ("GET /prod/pets HTTP/1.1\r\n\r\n", 400),
    "chunked twice": (HEAD + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "an unknown coding": (HEAD + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunked in 1.0": ("POST /prod/pets HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "an unknown version": ("GET /prod/pets HTTP/2.3\r\nHost: {host}\r\n\r\n", 505),
    "a control byte in the target": ("GET /prod/\x01 HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
}


def exchange(local, data, timeout=10):
    """Send the bytes over TLS and read until the server closes."""
    address, port = local.traffic.rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(local.ca))
    with socket.create_connection((address, int(port)), timeout=timeout) as plain:
        with context.wrap_socket(plain, server_hostname=f"smuggle.execute-api.{REGION}.amazonaws.com") as stream:
            stream.sendall(data)
            received = b""
            while piece := stream.recv(65536):
                received += piece
            return received


@pytest.fixture(scope="module")
def api(local, backend):
    return local.serve_api(backend.url)


@pytest.mark.parametrize("shape", SHAPES)
def test_refused_and_closed(local, backend, api, shape):
    text, status = SHAPES[shape]
    before = len(backend.requests("/pets"))
    smuggled = f"GET /prod/pets HTTP/1.1\r\nHost: {api}.execute-api.{REGION}.amazonaws.com\r\n\r\n"
    answer = exchange(local, (text.replace("{host}", f"{api}.execute-api.{REGION}.amazonaws.com") + smuggled).encode("latin-1"))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1, "the bytes behind a refused request were taken for another"
    assert len(backend.requests("/pets")) == before


def test_a_malformed_chunk_ends_the_exchange(local, api):
    host = f"{api}.execute-api.{REGION}.amazonaws.com"
    for chunk in ("-1\r\nx\r\n", "0x1\r\nx\r\n", "1 \r\nx\r\n", "1\nx\n", "2\r\nx\r\n0\r\n\r\n", "ffffffffffffffffff\r\n"):
        answer = exchange(local, f"POST /prod/store/pets HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}GET / HTTP/1.1\r\n".encode())
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 504 ")), (chunk, answer[:100])
        assert answer.count(b"HTTP/1.1 ") <= 1
