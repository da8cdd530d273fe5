# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 by hand, byte for byte, on either end of a connection: for what clients and servers of a library smooth over."""
import socket
import ssl

PATIENCE_S = 10


class Wire:
    """One connection, blocking; whoever waits longer than PATIENCE_S fails."""

    def __init__(self, connection):
        self.connection, self.buffer = connection, b""
        connection.settimeout(PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *parts):
        self.connection.sendall(b"".join(part.encode() if isinstance(part, str) else part for part in parts))
        return self

    def more(self):
        piece = self.connection.recv(1 << 18)
        self.buffer += piece
        return len(piece)

    def head(self):
        """The next head: its first line and its fields, names in lower case; repeated ones are joined."""
        while b"\r\n\r\n" not in self.buffer:
            assert self.more(), f"the connection ended within a head: {self.buffer}"
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {}
        for name, value in (line.split(":", 1) for line in lines):
            name = name.strip().lower()
            fields[name] = f"{fields[name]}, {value.strip()}" if name in fields else value.strip()
        return first, fields

    def exactly(self, count):
        while len(self.buffer) < count:
            assert self.more(), f"the connection ended {count - len(self.buffer)} bytes too early"
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            assert self.more(), "the connection ended within a line"
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def chunk(self):
        """The next chunk of a body; empty: the body has ended."""
        size = int(self.line().split(b";")[0], 16)
        data = self.exactly(size)
        assert self.line() == b""
        return data

    def send_chunk(self, data):
        return self.send(b"%x\r\n" % len(data), data, b"\r\n")

    def send_last_chunk(self):
        return self.send(b"0\r\n\r\n")

    def body(self, fields):
        """The whole of a body whose head had these fields."""
        if "content-length" in fields:
            return self.exactly(int(fields["content-length"]))
        if fields.get("transfer-encoding") != "chunked":
            return b""
        chunks = []
        while not chunks or chunks[-1]:
            chunks.append(self.chunk())
        return b"".join(chunks)

    def rest(self):
        """What comes until the other end closes or breaks the connection; whether it broke."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            return self.buffer, True
        return self.buffer, False

    def close(self):
        self.connection.close()


class Listener:
    """A server's end, for one connection at a time; TLS with a context."""

    def __init__(self, context=None):
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.port = self.listener.getsockname()[1]
        self.uri = f"{'https://localhost' if context else 'http://127.0.0.1'}:{self.port}"

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(PATIENCE_S)
        return Wire(self.context.wrap_socket(connection, server_side=True) if self.context else connection)

    def close(self):
        self.listener.close()


def dial(address, name=None, ca=None):
    """A client's end: to "127.0.0.1:8443", by TLS if there is a CA file that vouches for `name`."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), PATIENCE_S)
    if ca:
        connection = ssl.create_default_context(cafile=str(ca)).wrap_socket(connection, server_hostname=name)
    return Wire(connection)
