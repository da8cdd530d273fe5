# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS_PROXY with responseTransferMode STREAM: metadata make the client's head, each piece of body is there before the next one is
sent, a client that takes nothing holds the function up, nothing is gathered. What goes wrong is 502 or a connection that breaks."""
import json
import queue
import threading

import pytest

from lab.appliance import REGION, allow
from lab.functions import NULS, Refused, chunk, complete, message, metadata
from lab.network import wait_for
from lab.wire import dial
from v060_functions_behind_proxies import ERROR, INTERNAL, Scene, document, proxy, raising, uri

LONG = 96 << 20
PIECE = 60000


@pytest.fixture(scope="module")
def running(folder):
    made = Scene(folder / "v061", "127.0.0.1:14562", "127.0.0.1:18562", workers=1, streamed_body_max_bytes=0, local_traffic_tls=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(running):
    return serve(running, {"/f": streamed()})


def streamed(name="f", **more):
    return proxy(name, uri=uri(name, streams=True), responseTransferMode="STREAM", **more)


def serve(scene, paths):
    return scene.local.serve_api(None, allow(), document=document(paths))


class Client:
    """A client of the API that has sent its request."""

    def __init__(self, scene, api, method="GET", fields=""):
        name = f"{api}.execute-api.{REGION}.amazonaws.com"
        self.wire = dial(scene.local.traffic).send(f"{method} /prod/f HTTP/1.1\r\nHost: {name}\r\n{fields}\r\n")

    def head(self):
        first, self.fields = self.wire.head()
        self.status = int(first.split()[1])
        return self.status

    def body(self):
        return self.wire.body(self.fields)


def pieces(*parts):
    """A function that sends these bytes, one after the other."""
    return lambda request: iter(parts)


def test_metadata_make_the_head(running, served):
    running.returns(pieces(metadata(statusCode=201, headers={"X-Plain": "a", "Content-Type": "text/plain", "Date": "d"},
                                    multiValueHeaders={"X-Multi": ["1", "2"]}, cookies=["c=1", "d=2"]), chunk(b"Hello, "), chunk(b"world"), complete()))
    client = Client(running, served)
    assert client.head() == 201 and client.body() == b"Hello, world"
    assert client.fields["x-plain"] == "a" and client.fields["content-type"] == "text/plain" and client.fields["x-amzn-remapped-date"] == "d"
    assert client.fields["x-multi"] == "1, 2" and client.fields["set-cookie"] == "c=1, d=2" and client.fields["x-amzn-requestid"]
    event = json.loads(running.functions.last().body)
    assert event["path"] == "/f" and event["requestContext"]["stage"] == "prod"
    assert running.functions.last().path.replace("%3A", ":").startswith("/2021-11-15/functions/arn:aws:lambda:")


def test_metadata_may_come_in_any_pieces(running, served):
    text = json.dumps({"statusCode": 200}).encode() + NULS + b"\0body"
    wire = b"".join(chunk(text[i:i + 1]) for i in range(len(text))) + complete()
    running.returns(pieces(*(wire[i:i + 7] for i in range(0, len(wire), 7))))
    client = Client(running, served)
    assert client.head() == 200 and client.body() == b"\0body"


def test_every_byte_is_there_before_the_next_one_is_sent(running, served):
    allowed = queue.Queue()

    def function(request):
        yield metadata(statusCode=200)
        for i in range(100):
            assert allowed.get(timeout=10) == i
            yield chunk(bytes([i]))
        assert allowed.get(timeout=10) == 100
        yield complete()
    running.returns(function)
    client = Client(running, served)
    assert client.head() == 200  # with nothing of the body sent
    for i in range(100):
        allowed.put(i)
        assert client.wire.chunk() == bytes([i])
    allowed.put(100)
    assert client.wire.chunk() == b""


def resident_kb(scene):
    pid, = scene.local.children("postern-gateway")
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_a_client_that_takes_nothing_holds_the_function_up(running, served):
    sent, piece = [0], chunk(bytes(PIECE))

    def function(request):
        yield metadata(statusCode=200)
        while sent[0] < LONG:
            sent[0] += PIECE
            yield piece
        yield complete()
    running.returns(function)
    client = Client(running, served)
    assert client.head() == 200
    before = resident_kb(running)
    still = [-1]

    def held():
        still.append(sent[0])
        return still[-1] == still[-2] > 0
    wait_for(held, "the function to be held up", 10)
    assert sent[0] < LONG // 2
    received = 0
    while data := client.wire.chunk():
        received += len(data)
    assert received == sent[0] >= LONG
    assert resident_kb(running) - before <= 2048


def test_a_client_that_goes_ends_the_call(running, served):
    ended = threading.Event()

    def function(request):
        try:
            yield metadata(statusCode=200)
            while True:
                yield chunk(bytes(PIECE))
        finally:
            ended.set()
    running.returns(function)
    client = Client(running, served)
    assert client.head() == 200
    client.wire.close()
    assert ended.wait(10)


def test_a_client_does_not_wait_for_the_back_ends_end(running, served):
    given_up = threading.Event()

    def function(request):
        try:
            yield metadata(b"whole", statusCode=200)
            yield complete()
            while True:
                yield chunk(bytes(PIECE))  # what follows matters to nobody
        finally:
            given_up.set()
    running.returns(function)
    client = Client(running, served)
    assert client.head() == 200 and client.body() == b"whole"
    assert given_up.wait(10)
    held = threading.Event()

    def silent(request):
        yield metadata(b"whole", statusCode=200)
        yield complete()
        assert held.wait(10)
    running.returns(silent)
    client = Client(running, served)
    assert client.head() == 200 and client.body() == b"whole"
    running.returns(pieces(metadata(b"next", statusCode=200), complete()))
    client.wire.send(f"GET /prod/f HTTP/1.1\r\nHost: {served}.execute-api.{REGION}.amazonaws.com\r\n\r\n")
    assert client.head() == 200 and client.body() == b"next"
    held.set()


def test_an_empty_body_and_head(running, served):
    running.returns(pieces(metadata(statusCode=200), complete()))
    client = Client(running, served)
    assert client.head() == 200 and client.body() == b""
    running.returns(pieces(metadata(b"not for HEAD", statusCode=200), complete()))
    client = Client(running, served, "HEAD")
    assert client.head() == 200
    client.wire.send(f"GET /prod/f HTTP/1.1\r\nHost: {served}.execute-api.{REGION}.amazonaws.com\r\n\r\n")
    assert client.head() == 200 and client.body() == b"not for HEAD"


# -- what goes wrong before the answer begins ---------------------------------------------------------------------------
@pytest.mark.parametrize("parts", [
    [complete(ErrorCode="Unhandled", ErrorDetails="boom")],
    [chunk(b'{"statusCode":200,"body":"x"}'), complete()],
    [chunk(b'{"statusCode":200}' + NULS[:7] + b"body"), complete()],
    [chunk(b'{"statusCode":"x"}' + NULS), complete()], [chunk(b'{"body":"x"}' + NULS), complete()], [chunk(b"nothing" + NULS), complete()],
    [chunk(b" " * 16384), chunk(b'{"statusCode":200}' + NULS), complete()],
    [metadata(statusCode=200)[:-13]], [b""], [b"this is no event stream at all"],
    [message({":message-type": "exception", ":exception-type": "ServiceException"}, b"{}")],
], ids=["failed", "no-delimiter", "short-delimiter", "status", "unknown-key", "no-json", "over-16-kb", "cut", "empty", "no-stream", "exception"])
def test_what_goes_wrong_before_is_502(running, served, parts):
    running.returns(pieces(*(p for p in parts if p)))
    client = Client(running, served)
    assert client.head() == 502 and client.fields["x-amzn-errortype"] == INTERNAL
    assert client.body().decode() == ERROR


def test_calls_that_are_refused(running, served):
    for status, seen in ((403, 500), (429, 500), (404, 502)):
        running.returns(raising(Refused(status, "Exception", {"message": "no"})))
        client = Client(running, served)
        assert client.head() == seen and client.body().decode() == ERROR


def test_mode_and_uri_belong_together(running):
    api = serve(running, {"/f": proxy("f", responseTransferMode="STREAM"), "/g": proxy("f", uri=uri("f", streams=True))})
    running.returns(pieces(metadata(statusCode=200), complete()))
    for path in ("/f", "/g"):
        said = running.log(api, path)
        assert said["status"] == 500 and "responseTransferMode STREAM" in said["log"]


# -- and afterwards -----------------------------------------------------------------------------------------------------
def damaged(payload):
    made = bytearray(chunk(payload))
    made[-6] ^= 1
    return bytes(made)


@pytest.mark.parametrize("end", [complete(ErrorCode="Unhandled", ErrorDetails="boom"), damaged(b"half"), b"", chunk(b"half")[:-9]],
                         ids=["failed", "damaged", "no-end", "cut"])
def test_half_an_answer_never_looks_whole(running, served, end):
    seen = threading.Event()

    def function(request):
        yield metadata(b"begun", statusCode=200)
        assert seen.wait(10)  # a connection that breaks takes with it what was not read yet
        if end:
            yield end
    running.returns(function)
    client = Client(running, served)
    assert client.head() == 200 and client.wire.chunk() == b"begun"
    seen.set()
    rest, _ = client.wire.rest()
    assert not rest.endswith(b"0\r\n\r\n")


def test_tests_of_methods_see_the_answer(running, served):
    running.returns(pieces(metadata(b"streamed", statusCode=201, headers={"A": "b"}), complete()))
    made = running.log(served)
    assert (made["status"], made["body"], made["headers"]["A"]) == (201, "streamed", "b")


def test_an_endless_answer_ends_the_test_of_a_method(running, served):
    ended = threading.Event()

    def function(request):
        try:
            yield metadata(statusCode=200)
            while True:
                yield chunk(bytes(PIECE))
        finally:
            ended.set()
    running.returns(function)
    with pytest.raises(running.local.boto3("apigateway").exceptions.BadRequestException, match="too large to be shown"):
        running.log(served)
    assert ended.wait(10)


def test_streams_have_the_limit_of_the_settings(folder):
    scene = Scene(folder / "v061-limit", "127.0.0.1:14563", "127.0.0.1:18563", workers=1, streamed_body_max_bytes=1048576, local_traffic_tls=False)
    api = serve(scene, {"/f": streamed()})
    seen = threading.Event()

    def function(more):
        yield metadata(statusCode=200)
        for _ in range(16):
            yield chunk(bytes(65536))
        assert seen.wait(10)
        if more:
            yield chunk(b"!")
        yield complete()
    for more in (False, True):
        seen.clear()
        scene.returns(lambda request, more=more: function(more))
        client = Client(scene, api)
        assert client.head() == 200
        count = 0
        while count < 1048576:
            count += len(client.wire.chunk())
        seen.set()
        assert count == 1048576 and (client.wire.rest()[0] if more else client.wire.chunk()) == b""
    scene.close()
