# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends that are gone, slow, broken or forbidden: AWS's answers, and nothing is sent twice that must not be."""
import socket
import threading

import pytest

from lab.appliance import allow

DOCUMENT = """openapi: 3.0.1
info: {{title: t, version: "1"}}
paths:
  /x:
    x-amazon-apigateway-any-method:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: ANY, uri: "{uri}", timeoutInMillis: {timeout}}}
"""


class Peer(threading.Thread):
    """A back end that treats each connection as `behave(connection, number)` says; it counts requests."""

    def __init__(self, behave, address="127.0.0.1", port=0):
        super().__init__(daemon=True)
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]
        self.uri = f"http://{address}:{self.port}/x"
        self.behave, self.heads, self.open = behave, [], []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection, len(self.open)), daemon=True).start()

    def serve(self, connection, number):
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                try:
                    piece = connection.recv(65536)
                except ConnectionResetError:  # the gateway has given the call up
                    piece = b""
                if not piece:
                    connection.close()
                    return
                head += piece
            self.heads.append(head)
            if not self.behave(connection, number):
                return

    def close(self):
        self.listener.close()
        for connection in self.open:
            connection.close()


@pytest.fixture
def call(local):
    made = []

    def make(behave=None, uri=None, timeout=1000):
        if behave:
            made.append(Peer(behave))
        api = local.serve_api(None, allow(), document=DOCUMENT.format(uri=uri or made[-1].uri, timeout=timeout))
        made.append(api)
        return (lambda *options: local.get(api, "/x", *options)), (made[-2] if behave else None)

    yield make
    for thing in made:
        if isinstance(thing, str):
            local.boto3("apigateway").delete_rest_api(restApiId=thing)
        else:
            thing.close()


def test_nobody_listens(call):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        uri = f"http://127.0.0.1:{gone.getsockname()[1]}/x"
    get, _ = call(uri=uri)
    answer = get()
    assert (answer.status, answer.body) == (504, '{"message": "Network error communicating with endpoint"}')
    assert answer.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_it_never_answers(call):
    get, peer = call(lambda connection, number: True, timeout=300)
    answer = get()
    assert (answer.status, answer.body) == (504, '{"message": "Endpoint request timed out"}')
    assert 0.25 < answer.seconds < 3
    assert len(peer.heads) == 1


@pytest.mark.parametrize("bytes_sent", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"])
def test_it_answers_nonsense(call, bytes_sent):
    def behave(connection, number):
        connection.sendall(bytes_sent)
        connection.close()

    get, _ = call(behave)
    assert get().status in (502, 504)


def test_a_cut_answer_is_not_passed_on_as_whole(call):
    def behave(connection, number):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
        connection.close()

    get, _ = call(behave)
    assert get().error != 0


def answer_once(connection, number):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return True


def test_a_stale_connection_is_retried_for_get_alone(call):
    """Each kept connection answers once and meets the next request with a close. The workers keep connections of their own, and it is
    chance which of them a client meets: so it is done often, and counted."""
    served = set()

    def behave(connection, number):
        if number not in served:
            served.add(number)
            return answer_once(connection, number)
        connection.close()
        return False

    get, peer = call(behave)
    for _ in range(8):
        assert get().body == "ok"
    assert len(peer.heads) > 8  # some were sent again, and no client saw it

    statuses = []
    for _ in range(8):
        assert get().body == "ok"
        statuses.append(get("-X", "POST", "-d", "{}").status)
    assert set(statuses) <= {200, 504} and 504 in statuses
    assert sum(head.startswith(b"POST ") for head in peer.heads) == len(statuses)  # none was sent twice


def test_hop_by_hop_headers_stay_home(call):
    get, peer = call(answer_once)
    assert get("-H", "Connection: x-secret", "-H", "X-Secret: 1", "-H", "TE: trailers", "-H", "Proxy-Authorization: x").body == "ok"
    head = peer.heads[0].lower()
    assert b"x-secret" not in head and b"\r\nte:" not in head
    assert b"\r\nhost: 127.0.0.1:" in head


def test_metadata_addresses_are_never_called(call):
    get, _ = call(uri="http://169.254.169.254/latest/meta-data")
    assert get().status == 504


def test_management_is_no_back_end(call, local):
    """Loopback is allowed in local mode, but not the port of management there."""
    get, _ = call(uri=f"{local.management}/metrics")
    assert get().status == 504
