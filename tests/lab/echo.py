# SPDX-License-Identifier: GPL-3.0-or-later
"""A back end that keeps each request as it came, byte for byte, and answers what a test has laid down for its path."""
import json
import re
import socket
import threading


class Request:
    """What the back end got: `fields` in order, `headers` by lower-case name (values joined with ", ")."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ")
        self.path, _, self.query = self.target.partition("?")
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.headers = {}
        for name, value in self.fields:
            seen = self.headers.get(name.lower())
            self.headers[name.lower()] = value if seen is None else f"{seen}, {value}"
        self.body = body


class Echo(threading.Thread):
    """Answers 200 with what `answers` has for the path: (status, fields, body); else with the request itself as JSON."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests, self.answers = [], {}
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while True:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = stream.readline()
                    if not line:
                        return
                    head += line
                request = Request(head[:-4], self.read_body(head, stream))
                self.requests.append(request)
                connection.sendall(self.answer(request))
        except OSError:
            pass
        finally:
            connection.close()

    def read_body(self, head, stream):
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        if length:
            return stream.read(int(length[1]))
        body = b""
        if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
            while size := int(stream.readline(), 16):
                body += stream.read(size)
                stream.readline()
            stream.readline()
        return body

    def answer(self, request):
        status, fields, body = self.answers.get(request.path, (200, {"Content-Type": "application/json"}, None))
        if body is None:
            body = json.dumps({"method": request.method, "target": request.target, "headers": dict(request.fields),
                               "body": request.body.decode("utf-8", "replace")})
        body = body.encode() if isinstance(body, str) else body
        pairs = fields.items() if isinstance(fields, dict) else fields
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in pairs), f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if request.method == "HEAD" else body)

    @property
    def last(self):
        return self.requests[-1]

    def close(self):
        self.listener.close()
