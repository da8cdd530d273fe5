# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's metadata service, version 2, as a program; or one that behaves badly.

usage: metadata.py ADDRESS MODE [USER-DATA-FILE]
  works     a token for PUT, user-data for a GET with that token, 401 without
  silent    takes connections and never answers
  slow      begins to answer and goes on with a byte each second
  endless   answers with a body that does not end
  garbage   answers with bytes that are no HTTP
  redirect  sends every request to another server
Prints a line for each request.
"""
import itertools
import pathlib
import socket
import socketserver
import sys
import threading

TOKEN = "the-token-of-this-machine=="
PORT = 80
BLOCK = b"x" * 65536


def answer(status, body=b"", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: text/plain", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Handler(socketserver.StreamRequestHandler):
    def head(self):
        """(request line, {header: value}); the request line is empty at the end of the connection."""
        first, headers = self.rfile.readline(4096).decode("latin-1").strip(), {}
        while line := self.rfile.readline(4096).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return first, headers

    def handle(self):
        try:
            first, headers = self.head()
            print(first, flush=True)
            getattr(self, self.server.mode)(first, headers)
        except OSError:
            pass

    def works(self, first, headers):
        if first.startswith("PUT /latest/api/token ") and "x-aws-ec2-metadata-token-ttl-seconds" in headers:
            self.wfile.write(answer("200 OK", TOKEN.encode(), "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 60"))
        elif headers.get("x-aws-ec2-metadata-token") != TOKEN:
            self.wfile.write(answer("401 Unauthorized"))
        elif first.startswith("GET /latest/user-data "):
            self.wfile.write(answer("200 OK", self.server.user_data))
        else:
            self.wfile.write(answer("404 Not Found"))

    def silent(self, first, headers):
        self.rfile.read(1)

    def slow(self, first, headers):
        for byte in itertools.chain(b"HTTP/1.1 200 OK\r\n", itertools.repeat(ord("x"))):
            self.wfile.write(bytes([byte]))
            if self.server.ended.wait(1):
                return

    def endless(self, first, headers):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while not self.server.ended.is_set():
            self.wfile.write(BLOCK)

    def garbage(self, first, headers):
        self.wfile.write(bytes(range(256)) * 16)

    def redirect(self, first, headers):
        self.wfile.write(answer("302 Found", b"", "Location: http://127.0.0.1:4566/latest/user-data"))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, address_family = True, True, socket.AF_INET


def main():
    address, mode = sys.argv[1:3]
    with Server((address, PORT), Handler) as server:
        server.mode, server.ended = mode, threading.Event()
        server.user_data = pathlib.Path(sys.argv[3]).read_bytes() if len(sys.argv) > 3 else b""
        print(f"{mode} at {address}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
