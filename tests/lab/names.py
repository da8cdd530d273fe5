# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server over UDP whose answers a test changes as it goes, and that counts what it is asked."""
import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28
NXDOMAIN = 3


class NameServer(threading.Thread):
    """`records` is {name: (ttl, [address, …])}; other names do not exist. `asked` are the (name, type) of all questions."""

    def __init__(self, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.address = f"{address}:{self.socket.getsockname()[1]}"
        self.records, self.asked, self.silent = {}, [], False
        self.start()

    def count(self, name):
        return sum(1 for asked, _ in self.asked if asked == name)

    def run(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            answer = self.answer(query)
            if answer and not self.silent:
                self.socket.sendto(answer, peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack_from("!H", query, at + 1)[0]
        question = query[12:at + 5]
        self.asked.append((name, kind))
        ttl, addresses = self.records.get(name, (0, None))
        wanted = [a.packed for a in map(ipaddress.ip_address, addresses or ()) if (a.version, kind) in ((4, A), (6, AAAA))]
        flags = 0x8180 | (NXDOMAIN if addresses is None else 0)
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(wanted), 0, 0)
        return head + question + b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(a)) + a for a in wanted)

    def close(self):
        self.socket.close()
