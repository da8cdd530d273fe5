# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts need to talk at all passes the filter, from denied hosts too: ARP, neighbour discovery, multicast listeners, echo, ICMP errors with
path MTU discovery. Sources that may not be, or are not of the VPC, are refused for reasons of their own."""
import ipaddress
import re
import socket
import ssl
import struct

import pytest

from b050_filter_packets import ALLOWED, DENIED, FAMILIES, PORTS, filtered, outcome  # noqa: F401
from lab.appliance import allow
from lab.network import run
from lab.packets import ACK, ARP, HOP_BY_HOP, ICMP, ICMPV6, IPV4, IPV6, SYN, TCP, UDP, Ends, inside, mac_bytes, options_header, packed

BROADCAST = "ff:ff:ff:ff:ff:ff"
CLIENT_KINDS = pytest.mark.parametrize("source", [ALLOWED, DENIED], ids=["allowed", "denied"])
ROUTER_ALERT = b"\x05\x02\0\0\x01\0"


@CLIENT_KINDS
@pytest.mark.parametrize("destination_mac", [BROADCAST, None], ids=["broadcast", "unicast"])
def test_arp_is_answered(filtered, source, destination_mac):
    talk = filtered.talk(source)
    ends = Ends(talk.source, talk.destination, talk.source_mac, destination_mac or talk.destination_mac)
    request = (struct.pack("!HHBBH", 1, IPV4, 6, 4, 1) + mac_bytes(talk.source_mac) + packed(talk.source) + bytes(6) + packed(talk.destination))
    before = filtered.counters()
    replies = [p for p in talk.exchange(ends.ethernet(ARP, request)) if p.kind == ARP and p.payload[6:8] == b"\0\2"]
    assert replies and replies[0].payload[8:14] == mac_bytes(talk.destination_mac)
    assert filtered.counters() == before


@CLIENT_KINDS
@pytest.mark.parametrize("unicast", [False, True], ids=["multicast", "unicast"])
def test_a_neighbour_solicitation_is_answered(filtered, source, unicast):
    talk = filtered.talk(source, "IPv6")
    low = packed(talk.destination)[-3:]
    group = str(ipaddress.IPv6Address(packed("ff02::1:ff00:0")[:13] + low))
    ends = talk if unicast else Ends(talk.source, group, talk.source_mac, f"33:33:ff:{low.hex(':')}")
    message = ends.control(135, data=packed(talk.destination) + b"\x01\x01" + mac_bytes(talk.source_mac))
    head = bytearray(ends.packet(ICMPV6, message))
    head[7] = 255  # the hop limit that shows it comes from this link
    before = filtered.counters()
    answers = [p for p in talk.exchange(ends.ethernet(IPV6, bytes(head))) if p.protocol == ICMPV6 and p.payload[0] == 136]
    assert answers and (answers[0].payload[8:24], answers[0].source_mac) == (packed(talk.destination), talk.destination_mac)
    assert filtered.counters() == before


@CLIENT_KINDS
@pytest.mark.parametrize("kind", [131, 132, 143], ids=["report", "done", "report of version 2"])
def test_multicast_listeners_report(filtered, source, kind):
    """Their packets carry a hop-by-hop header, and come from :: as long as a host has no address."""
    talk = filtered.talk(source, "IPv6")
    before, passed = filtered.counters(), counter(filtered, "passed")
    for address in ("::", talk.source):
        ends = Ends(address, "ff02::16", talk.source_mac, "33:33:00:00:00:16")
        message = ends.control(kind, data=struct.pack("!HH", 0, 1) + packed("ff02::fb") if kind == 143 else packed("ff02::fb"))
        alert = options_header(ICMPV6, ROUTER_ALERT)
        talk.exchange(ends.frame(HOP_BY_HOP, alert + message))
    assert filtered.counters() == before
    assert counter(filtered, "passed") >= passed + 4  # two reports, two echoes


def counter(filtered, reason):
    return next(c["packets"] for c in filtered.stats()["counters"] if c["reason"] == reason)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_removed_deny_restores_service_at_once(filtered, subnet, family):
    """The very first SYN after the answered deployment gets through: neighbours knew one another all along."""
    talk, host = filtered.talk(DENIED, family), subnet.host(DENIED)
    host.run("ip", "neigh", "flush", "all")
    assert host.connect_milliseconds(talk.destination, 443)[0] == "refused"
    filtered.put(allow())
    try:
        answers, counted = filtered.send(talk, talk.frame(TCP, talk.segment(next(PORTS), SYN)))
        assert (outcome(answers), counted) == ("syn-ack", {})
    finally:
        filtered.put(*filtered.statements)
    answers, counted = filtered.send(talk, talk.frame(TCP, talk.segment(next(PORTS), SYN)))
    assert (outcome(answers), counted) == ("rst", {"source_denied": 1})


@CLIENT_KINDS
@pytest.mark.parametrize("family", FAMILIES)
def test_names_are_answered(filtered, source, family):
    """Who may ask is DNS's own setting: every source that the endpoint admits, whatever policies say of it."""
    talk = filtered.talk(source, family)
    question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"".join(
        bytes((len(part),)) + part.encode() for part in filtered.gateway.name_of(filtered.api).split(".")) + b"\0\0\x01\0\x01"
    before = filtered.counters()
    talk.wire.clear()
    port = next(PORTS)
    talk.wire.send(talk.frame(UDP, talk.datagram(port, 53, question)))
    answer = talk.wire.until(lambda p: p.protocol == UDP and p.payload[:4] == struct.pack("!HH", 53, port))[-1]
    assert packed(filtered.gateway.ipv4) in answer.payload
    assert filtered.counters() == before


@pytest.mark.parametrize("source, reason", [("::ffff:10.20.0.10", "source_invalid"), ("::ffff:10.20.0.66", "source_invalid"),
                                            ("2001:db8::9", "source_not_admitted"), ("192.0.2.9", "source_not_admitted")])
@pytest.mark.parametrize("mode", ["reset", "observe"])
def test_sources_that_are_not_the_vpcs(filtered, mode, source, reason):
    """Not even mode observe lets them in."""
    talk = filtered.talk(ALLOWED, "IPv6" if ":" in source else "IPv4")
    ends = Ends(source, talk.destination, talk.source_mac, talk.destination_mac)
    filtered.gateway.mode(mode)
    try:
        before = filtered.counters()
        seen = [p for p in talk.exchange(ends.frame(TCP, ends.segment(next(PORTS), SYN))) if p.destination == source]
        after = filtered.counters()
    finally:
        filtered.gateway.mode("reset")
    assert {r: after[r] - before[r] for r in after if after[r] != before[r]} == {reason: 1}
    assert outcome(seen) == ("silence" if reason == "source_invalid" else "rst")


@pytest.mark.parametrize("reason, kind, mac", [("not_ip", 0x88CC, None), ("not_ip", 0x8863, None), ("other_host", IPV4, "02:00:00:00:00:99")])
def test_frames_that_are_not_for_the_endpoint(filtered, reason, kind, mac):
    talk = filtered.talk(ALLOWED)
    ends = Ends(talk.source, talk.destination, talk.source_mac, mac or talk.destination_mac)
    before = counter(filtered, reason)
    talk.exchange(ends.ethernet(kind, ends.packet(TCP, ends.segment(next(PORTS), SYN)) if mac else bytes(46)))
    assert counter(filtered, reason) > before


class Download:
    """A connection of TLS from an allowed host, kept alive, and what it carries on the wire."""

    def __init__(self, filtered, subnet, family):
        self.talk = filtered.talk(ALLOWED, family)
        self.name = filtered.gateway.name_of(filtered.api)
        plain = inside(subnet.host(ALLOWED).name, lambda: socket.socket(socket.AF_INET6 if self.talk.v6 else socket.AF_INET))
        plain.settimeout(20)
        plain.connect((self.talk.destination, 443))
        self.port = plain.getsockname()[1]
        self.stream = ssl.create_default_context(cafile=str(filtered.gateway.ca)).wrap_socket(plain, server_hostname=self.name)
        self.file = self.stream.makefile("rb")

    def get(self, count):
        """GET the file of that many bytes; (the largest IP packet of a segment on the wire, the next sequence number that the endpoint uses)."""
        self.talk.wire.clear()
        self.stream.sendall(f"GET /prod/store/files/mtu HTTP/1.1\r\nHost: {self.name}\r\n\r\n".encode())
        assert b" 200 " in self.file.readline()
        length = 0
        for line in iter(self.file.readline, b"\r\n"):
            field, _, value = line.partition(b":")
            length = int(value) if field.lower() == b"content-length" else length
        assert length == count and len(self.file.read(count)) == count
        largest, following, packet = 0, 0, self.talk.wire.receive()
        while packet:
            if packet.protocol == TCP and packet.source == self.talk.destination and packet.to == self.port and packet.data:
                header = (40 if self.talk.v6 else 20) + len(packet.payload) - len(packet.data)
                largest, following = max(largest, header + (packet.gso_size or len(packet.data))), packet.seq + len(packet.data)
            packet = self.talk.wire.receive()
        return largest, following

    def close(self):
        self.stream.close()


@pytest.mark.parametrize("family, mtu", [("IPv4", 1000), ("IPv6", 1300)])
def test_path_mtu_discovery(filtered, subnet, backend, family, mtu):
    """A router on the way, which no policy allows, says that a segment was too big: the endpoint sends smaller ones."""
    (backend.folder / "files/mtu").write_bytes(b"m" * 200000)
    download = Download(filtered, subnet, family)
    talk, router = download.talk, filtered.talk(DENIED, family)
    at_endpoint = ["nsenter", f"--net=/run/netns/postern-{filtered.gateway.vpce}"]

    def path_mtu():
        peer = f"[{talk.source}]" if talk.v6 else talk.source
        text = run(*at_endpoint, "ss", "-Htin", f"dst {peer} and dport = :{download.port}").stdout
        return int(re.search(r"pmtu:(\d+)", text).group(1))

    try:
        largest, following = download.get(200000)
        assert largest == 1500 and path_mtu() == 1500
        lost = Ends(talk.destination, talk.source, talk.destination_mac, talk.source_mac)
        quoted = lost.packet(TCP, lost.segment(443, ACK, following, to=download.port, data=b"m" * 1000))[:48 if talk.v6 else 28]
        error = (ICMPV6, router.control(2, 0, struct.pack("!I", mtu), quoted)) if talk.v6 else (
            ICMP, router.control(3, 4, struct.pack("!HH", 0, mtu), quoted))
        answers, counted = filtered.send(router, router.frame(*error))
        assert counted == {}
        assert path_mtu() == mtu
        largest, _ = download.get(200000)
        assert largest == mtu
    finally:
        download.close()
        run(*at_endpoint, "ip", "-6" if talk.v6 else "-4", "route", "flush", "cache")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_icmp_error_ends_what_it_is_about_and_nothing_else(filtered, subnet, family):
    """Port unreachable for a connection that is not there: passes, and is without effect on others."""
    talk = filtered.talk(DENIED, family)
    lost = Ends(talk.destination, talk.source, talk.destination_mac, talk.source_mac)
    quoted = lost.packet(TCP, lost.segment(443, ACK, 1))[:48 if talk.v6 else 28]
    kind, code = (1, 4) if talk.v6 else (3, 3)
    answers, counted = filtered.send(talk, talk.frame(ICMPV6 if talk.v6 else ICMP, talk.control(kind, code, data=quoted)))
    assert (answers, counted) == ([], {})
    assert filtered.gateway.get(subnet.host(ALLOWED), filtered.api, address=talk.destination).status == 200
