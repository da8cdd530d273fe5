# SPDX-License-Identifier: GPL-3.0-or-later
"""A load generator that misses nothing: it runs in a client's namespace until it is told to end (or for at most --seconds),
and accounts for every request: statuses, refused connections, answers that broke off, the slowest.

It prints `started` when each of its threads has had a first answer, and one JSON object when it ends.

usage: load.py --address A --port P --name NAME --path /PATH --ca FILE [--threads N] [--seconds S] [--keep-alive] [--header 'N: V']
"""
import argparse
import collections
import json
import signal
import socket
import ssl
import sys
import threading
import time


class Account:
    """What happened, over all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.statuses, self.failures = collections.Counter(), collections.Counter()
        self.slowest_ms, self.examples = 0.0, []

    def status(self, status, milliseconds):
        with self.lock:
            self.statuses[status] += 1
            self.slowest_ms = max(self.slowest_ms, milliseconds)

    def failure(self, kind, text):
        with self.lock:
            self.failures[kind] += 1
            if len(self.examples) < 20:
                self.examples.append(f"{kind}: {text}")

    def summary(self):
        return {"statuses": dict(self.statuses), "failures": dict(self.failures), "slowest_ms": round(self.slowest_ms, 1),
                "examples": self.examples}


class Client:
    """One connection at a time; a request is a failure of kind refused, handshake, broken or timeout, or an answer."""

    def __init__(self, options, account):
        self.options, self.account, self.socket = options, account, None
        self.context = ssl.create_default_context(cafile=options.ca) if options.ca else None
        lines = [f"GET {options.path} HTTP/1.1", f"Host: {options.name}", *options.header]
        if not options.keep_alive:
            lines.append("Connection: close")
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def connect(self):
        plain = socket.create_connection((self.options.address, self.options.port), timeout=30)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is None:
            return plain
        try:
            return self.context.wrap_socket(plain, server_hostname=self.options.name)
        except (OSError, ssl.SSLError) as error:
            plain.close()
            raise ConnectionError(f"handshake: {error}") from error

    def read_answer(self):
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionResetError("closed before the head of an answer was whole")
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        left = int(headers.get("content-length", "0")) - len(body)
        while left > 0:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionResetError("closed inside of a body")
            left -= len(piece)
        return int(lines[0].split()[1]), headers.get("connection", "").lower() != "close"

    def once(self):
        started, stay = time.monotonic(), False
        try:
            if self.socket is None:
                self.socket = self.connect()
            self.socket.sendall(self.request)
            status, stay = self.read_answer()
            self.account.status(status, (time.monotonic() - started) * 1000)
            return True
        except ConnectionRefusedError as error:
            self.account.failure("refused", str(error))
        except (TimeoutError, socket.timeout) as error:
            self.account.failure("timeout", str(error))
        except (ConnectionError, OSError, ssl.SSLError) as error:
            self.account.failure("handshake" if "handshake" in str(error) else "broken", str(error))
        finally:
            if self.socket is not None and not (stay and self.options.keep_alive):
                self.socket.close()
                self.socket = None
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--name", required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--ca")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--keep-alive", action="store_true")
    parser.add_argument("--header", action="append", default=[])
    options = parser.parse_args()
    account, end = Account(), threading.Event()
    first = threading.Barrier(options.threads + 1)
    signal.signal(signal.SIGTERM, lambda *_: end.set())

    def work():
        client = Client(options, account)
        client.once()
        first.wait()
        while not end.is_set():
            if not client.once():
                end.wait(0.01)

    threads = [threading.Thread(target=work) for _ in range(options.threads)]
    for thread in threads:
        thread.start()
    first.wait()
    print("started", flush=True)
    end.wait(options.seconds)
    end.set()
    for thread in threads:
        thread.join()
    print(json.dumps(account.summary()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
