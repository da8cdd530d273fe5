# SPDX-License-Identifier: GPL-3.0-or-later
"""From the start of QEMU to the first 200 that an allowed client gets of an API that was made before. Alone on the machine: under
software emulation, whatever else runs is part of the figure."""
import socket
import ssl
import statistics
import time

import pytest

import figures
from guest import two_nics
from machine import PATIENCE_SECONDS
from private_subnet import entered

STARTS = 3
# A lost SYN is not waited for: the next one is sent at once.
CONNECT_SECONDS = 0.05


def answers(address, name, tls):
    """Is this asked and answered with a 200?"""
    try:
        with socket.create_connection((address, 443), timeout=CONNECT_SECONDS) as plain:
            plain.settimeout(PATIENCE_SECONDS)
            with tls.wrap_socket(plain, server_hostname=name) as stream:
                stream.sendall(f"GET /prod/health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in stream.recv(4096).partition(b"\r\n")[0]
    except OSError:
        return False


@pytest.mark.full
@pytest.mark.alone
def test_a_start_with_an_endpoint(guest, subnet):
    made = guest(two_nics(subnet))
    api = made.start().attach().serve()
    name, tls, times = made.name_of(api), ssl.create_default_context(cafile=made.ca), []
    for _ in range(STARTS):
        made.switch_off()
        machine = made.boot()
        with entered(subnet.allowed):
            while not answers(made.ipv4, name, tls):
                assert time.monotonic() - machine.begun < PATIENCE_SECONDS, machine.tail()
            times.append((time.monotonic() - machine.begun) * 1000)
        machine.wait("init: serving")
    figures.note("boot_to_200_ms", round(statistics.median(times)))
