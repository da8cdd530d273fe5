# SPDX-License-Identifier: GPL-3.0-or-later
"""A Lambda endpoint in this process, for what a real one does rarely: it refuses calls, gives malformed answers, streams byte by
byte. Signatures are checked as those of the other services are."""
import binascii
import json
import struct
import threading
import urllib.parse

from .aws_services import Handler, Recorder, Request

NULS = b"\0" * 8


class Refused(Exception):
    """The service does not call the function."""

    def __init__(self, status, kind, body):
        super().__init__(kind)
        self.status, self.kind, self.body = status, kind, body


class Failed(Exception):
    """The function ended with an error: its payload."""

    def __init__(self, payload):
        super().__init__(payload)
        self.payload = payload


def message(headers, payload):
    """One message of application/vnd.amazon.eventstream."""
    encoded = b"".join(bytes([len(n)]) + n.encode() + b"\x07" + struct.pack(">H", len(v)) + v.encode() for n, v in headers.items())
    prelude = struct.pack(">II", len(encoded) + len(payload) + 16, len(encoded))
    whole = prelude + struct.pack(">I", binascii.crc32(prelude)) + encoded + payload
    return whole + struct.pack(">I", binascii.crc32(whole))


def chunk(payload):
    return message({":message-type": "event", ":event-type": "PayloadChunk", ":content-type": "application/octet-stream"}, payload)


def complete(**members):
    return message({":message-type": "event", ":event-type": "InvokeComplete", ":content-type": "application/json"},
                   json.dumps(members).encode())


def metadata(body=b"", **members):
    """What a function that streams begins with, and the start of its body."""
    return chunk(json.dumps(members).encode() + NULS + body)


class Functions(Recorder):
    """`functions` is {name: function}; each is called with the request and returns what the function returns: bytes as they are, all
    else as JSON; raises Refused or Failed; or, of a function that streams, is a generator of the bytes on the wire. `calls` are
    (name, qualifier, invocation type) as they were asked for."""

    def __init__(self, keys):
        super().__init__(keys)
        self.RequestHandlerClass = _FunctionHandler
        self.functions, self.calls, self.stopped = {}, [], threading.Event()

    def find(self, request):
        """The function that a path names: by ARN or by name."""
        parts = request.path.split("/")
        assert parts[1:3] in (["2015-03-31", "functions"], ["2021-11-15", "functions"]) and len(parts) == 5, request.path
        reference = urllib.parse.unquote(parts[3])
        fields = reference.split(":")
        name, qualifier = (fields[6], fields[7:8]) if fields[0] == "arn" else (fields[0], fields[1:2])
        qualifier = qualifier or [v for k, v in request.parameters if k == "Qualifier"] or [None]
        with self.lock:
            self.calls.append((name, qualifier[0], request.field("X-Amz-Invocation-Type")))
        if name not in self.functions:
            raise Refused(404, "ResourceNotFoundException", {"Type": "User", "Message": f"Function not found: {reference}"})
        return self.functions[name]

    def close(self):
        self.stopped.set()
        super().close()


class _FunctionHandler(Handler):
    def answer(self, status, fields, body):
        self.send_response_only(status)
        for name, value in {"x-amzn-RequestId": "lambda-1", "Content-Type": "application/json", **fields, "Content-Length": len(body)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, pieces):
        self.send_response_only(200)
        for name, value in {"x-amzn-RequestId": "lambda-1", "Content-Type": "application/vnd.amazon.eventstream",
                            "X-Amz-Executed-Version": "$LATEST", "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def invoke(self, request):
        if request.wrong:
            raise Refused(403, "AccessDeniedException", {"Message": request.wrong})
        made = self.server.find(request)(request)
        if hasattr(made, "__next__"):
            self.stream(made)
        elif request.field("X-Amz-Invocation-Type") == "Event":
            self.answer(202, {"X-Amzn-Trace-Id": "root=1;sampled=0"}, b"")
        else:
            self.answer(200, {"X-Amz-Executed-Version": "$LATEST"}, made if isinstance(made, bytes) else json.dumps(made).encode())

    def handle(self):
        try:
            super().handle()
        except ConnectionResetError:
            pass  # the gateway has given up a call and its connection

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, list(self.headers.items()), body, self.server.keys)
        with self.server.lock:
            self.server.requests.append(request)
        try:
            self.invoke(request)
        except Refused as refused:
            self.answer(refused.status, {"x-amzn-ErrorType": refused.kind}, json.dumps(refused.body).encode())
        except Failed as failed:
            self.answer(200, {"X-Amz-Function-Error": "Unhandled", "X-Amz-Executed-Version": "$LATEST"}, json.dumps(failed.payload).encode())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the gateway waits no more

    do_GET = do_POST = handle_any
