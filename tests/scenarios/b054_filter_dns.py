# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask an endpoint's DNS server is a setting of its own, `filter_dns`: every source that the endpoint admits (the default; b052 asks as a
denied host), only whom a policy may allow, or nobody."""
import struct

import pytest

from b050_filter_packets import ALLOWED, DENIED, FAMILIES, PORTS, Filtered, outcome
from conftest import Gateway, subnet_settings
from lab.network import Subnet, run
from lab.packets import SYN, TCP, UDP

MANAGEMENT = "127.0.0.1:14597"


@pytest.fixture(scope="module")
def subnet_of_its_own():
    made = Subnet("pc")
    yield made
    made.close()


@pytest.fixture(scope="module", params=["policy", "off"])
def setting(request, folder, backend, subnet_of_its_own):
    """(the setting's value, an endpoint that has it)"""
    settings = subnet_settings(folder / f"dns-{request.param}", MANAGEMENT) | {"filter_dns": request.param}
    settings["networks"][0]["interface"] = subnet_of_its_own.bridge
    gateway = Gateway(folder / f"dns-{request.param}", settings, management=MANAGEMENT)
    gateway.made, made = [], None
    try:
        gateway.start()
        made = Filtered(gateway.prepare(backend), subnet_of_its_own)
        yield request.param, made
    finally:
        if made:
            made.close()
        gateway.stop()
        run(gateway.build / "postern", "down", "--settings", gateway.settings_file, check=False)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("source", [ALLOWED, DENIED], ids=["allowed", "denied"])
def test_who_is_told_a_name(setting, family, source):
    value, filtered = setting
    if (value, source) == ("policy", ALLOWED):
        host, address = filtered.subnet.host(ALLOWED), filtered.gateway.ipv6 if family == "IPv6" else filtered.gateway.ipv4
        name = filtered.gateway.name_of(filtered.api)
        for transport in ("+notcp", "+tcp"):
            asked = host.run("dig", "+short", "+time=2", "+tries=1", transport, f"@{address}", name, "A").stdout
            assert asked.split() == [filtered.gateway.ipv4]
        return
    reason = {"policy": "source_denied", "off": "dns_refused"}[value]
    talk = filtered.talk(source, family)
    query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x01a\0\0\x01\0\x01"
    answers, counted = filtered.send(talk, talk.frame(UDP, talk.datagram(next(PORTS), 53, query)))
    assert (answers, counted) == ([], {reason: 1})
    answers, counted = filtered.send(talk, talk.frame(TCP, talk.segment(next(PORTS), SYN, to=53)))
    assert (outcome(answers), counted) == ("rst", {reason: 1})


def test_what_is_not_dns_is_not_concerned(setting):
    filtered = setting[1]
    assert filtered.gateway.get(filtered.subnet.host(ALLOWED), filtered.api).status == 200
