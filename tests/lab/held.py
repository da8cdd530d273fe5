# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that holds one TLS connection open: it asks when it is told to, and says how and when the connection ends.

It prints one JSON object a line: {"status": N} for an answer, {"end": "reset" | "closed" | …, "at": CLOCK_MONOTONIC} at the end.
A line on its standard input makes it ask.

usage: held.py ADDRESS NAME PATH CA
"""
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import time


class Held:
    """The program on `host`, connected to `address` as a client of `name`, and answered once."""

    def __init__(self, host, address, name, path, ca):
        self.process = host.popen("/usr/bin/python3", __file__, address, name, path, ca, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask()

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def told(self, seconds=10):
        """The next line."""
        assert select.select([self.process.stdout], [], [], seconds)[0], "the client says nothing"
        return json.loads(self.process.stdout.readline())

    def is_quiet(self):
        return not select.select([self.process.stdout], [], [], 0)[0]

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def say(**told):
    print(json.dumps(told), flush=True)


def main():
    address, name, path, ca = sys.argv[1:]
    try:
        with ssl.create_default_context(cafile=ca).wrap_socket(socket.create_connection((address, 443), 10), server_hostname=name) as connection:
            while select.select([connection, sys.stdin], [], [])[0] != [connection]:
                if not sys.stdin.readline():
                    return
                connection.sendall(f"GET {path} HTTP/1.1\r\nhost: {name}\r\n\r\n".encode())
                answer = b""
                while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < length(answer):
                    answer += receive(connection)
                say(status=int(answer.split()[1]))
            receive(connection)
            end = "more"
    except ConnectionResetError:
        end = "reset"
    except EOFError:
        end = "closed"
    except OSError as error:
        end = repr(error)
    say(end=end, at=time.monotonic())


def receive(connection):
    if not connection.pending():
        select.select([connection], [], [])
        # Asked of the socket: the TLS layer takes a reset for an end without goodbye.
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
    part = connection.recv(65536)
    if not part:
        raise EOFError
    return part


def length(answer):
    lines = answer.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    return next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))


if __name__ == "__main__":
    main()
