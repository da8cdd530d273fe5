# SPDX-License-Identifier: GPL-3.0-or-later
"""Too long, too many, too slow, half closed, no TLS at all: the right status or a close, and nobody else waits for it."""
import os
import socket
import ssl
import time

import pytest

from e010_request_smuggling_is_refused import exchange
from lab.appliance import REGION
from lab.backend import PETS
from lab.network import wait_for


@pytest.fixture(scope="module")
def api(local, backend):
    return local.serve_api(backend.url)


def host_of(api):
    return f"{api}.execute-api.{REGION}.amazonaws.com"


def secure(local, api):
    address, port = local.traffic.rsplit(":", 1)
    plain = socket.create_connection((address, int(port)), timeout=20)
    return ssl.create_default_context(cafile=str(local.ca)).wrap_socket(plain, server_hostname=host_of(api))


def test_a_long_url_and_long_headers(local, api):
    host = host_of(api)
    answer = exchange(local, f"GET /prod/pets?{'x' * 9000} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 414 ")
    answer = exchange(local, f"GET /prod/pets HTTP/1.1\r\nHost: {host}\r\nX-Long: {'x' * 8000}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 431 ")
    many = "".join(f"x-{i}: y\r\n" for i in range(300))
    assert exchange(local, f"GET /prod/pets HTTP/1.1\r\nHost: {host}\r\n{many}\r\n".encode()).startswith(b"HTTP/1.1 431 ")


def test_a_body_over_10_mb(local, api):
    body = local.folder / "large"
    body.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    answer = local.get(api, "/store/anything", "-X", "POST", "-H", "Expect:", "--data-binary", f"@{body}")
    assert answer.status == 413 and answer.body == "HTTP content length exceeded 10485760 bytes."
    assert "x-amzn-errortype" not in answer.headers


def test_bodies_stream_both_ways(local, backend, api):
    content = os.urandom(3 * 1024 * 1024)
    (backend.folder / "files/large").write_bytes(content)
    target = local.folder / "got"
    answer = local.get(api, "/store/files/large", "-o", str(target))
    assert answer.error == 0
    assert target.read_bytes().endswith(content)
    answer = local.get(api, "/store/nothing", "-X", "POST", "--data-binary", f"@{backend.folder / 'files/large'}")
    assert answer.status == 404
    answer = local.get(api, "/store/nothing", "-X", "POST", "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{backend.folder / 'files/large'}")
    assert answer.status == 404


def test_pipelined_requests_are_answered_in_order(local, api):
    paths = ["/prod/pets/1", "/prod/health", "/prod/pets/3", "/prod/nosuch"]
    data = "".join(f"GET {p} HTTP/1.1\r\nHost: {host_of(api)}\r\n\r\n" for p in paths[:-1])
    data += f"GET {paths[-1]} HTTP/1.1\r\nHost: {host_of(api)}\r\nConnection: close\r\n\r\n"
    answer = exchange(local, data.encode())
    places = [answer.index(text) for text in (b'{"id":1}', b'{"status":"fine"}', b'{"id":3}', b"Missing Authentication Token")]
    assert places == sorted(places)


def test_bytewise_requests_and_half_closed_clients(local, api):
    request = f"GET /prod/pets HTTP/1.1\r\nHost: {host_of(api)}\r\nConnection: close\r\n\r\n".encode()
    with secure(local, api) as stream:
        for i in range(len(request)):
            stream.sendall(request[i:i + 1])
        received = b""
        while piece := stream.recv(65536):
            received += piece
        assert PETS.encode() in received


def test_expect_100_continue(local, api):
    with secure(local, api) as stream:
        stream.sendall(f"POST /prod/store/nothing HTTP/1.1\r\nHost: {host_of(api)}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                       "Connection: close\r\n\r\n".encode())
        assert stream.recv(1024).startswith(b"HTTP/1.1 100 ")
        stream.sendall(b"{}")
        received = b""
        while piece := stream.recv(65536):
            received += piece
        assert received.startswith(b"HTTP/1.1 404 ")


def test_garbage_instead_of_tls_is_closed(local):
    address, port = local.traffic.rsplit(":", 1)
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 200, os.urandom(4096), b"\x80" * 3):
        with socket.create_connection((address, int(port)), timeout=15) as plain:
            plain.sendall(garbage)
            plain.shutdown(socket.SHUT_WR)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionResetError:
                pass


def test_slow_clients_hold_nobody_up(local, api):
    slow = [secure(local, api) for _ in range(100)]
    for stream in slow:
        stream.sendall(b"GET /prod/pets HTTP/1.1\r\nHost: ")
    started = time.monotonic()
    assert local.get(api).status == 200
    assert time.monotonic() - started < 2
    for stream in slow:
        stream.close()


def test_a_client_that_does_not_read_costs_no_memory(local, backend, api):
    (backend.folder / "files/huge").write_bytes(b"x" * (10 * 1024 * 1024))
    gateway = local.children("postern-gateway")[-1]

    def resident_kb():
        with open(f"/proc/{gateway}/status", encoding="ascii") as status:
            return int(next(l for l in status if l.startswith("VmRSS")).split()[1])

    before = resident_kb()
    streams = [secure(local, api) for _ in range(24)]
    for stream in streams:
        stream.sendall(f"GET /prod/store/files/huge HTTP/1.1\r\nHost: {host_of(api)}\r\n\r\n".encode())
    for stream in streams:
        assert stream.recv(1024).startswith(b"HTTP/1.1 200 ")
    assert local.get(api).status == 200
    assert resident_kb() - before < 16 * 1024
    for stream in streams:
        stream.close()
    wait_for(lambda: local.get(api).status == 200, "service")
