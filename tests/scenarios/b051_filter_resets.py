# SPDX-License-Identifier: GPL-3.0-or-later
"""The RST with which mode reset answers a denied host: its numbers by RFC 9293 3.10.7.1, its checksums whoever completes them, its addresses
and VLAN tags, and what is never answered."""
import socket

import pytest

from b050_filter_packets import ALLOWED, DENIED, FAMILIES, PORTS, filtered  # noqa: F401
from lab.appliance import allow, deny
from lab.packets import (ACK, DESTINATION, FIN, FRAGMENT, HOP_BY_HOP, PUSH, ROUTING, RST, SERVICE_VLAN, SYN, TCP, VLAN, Ends, checksum_offload,
                         inside, pseudo_header, sum_of)

SEQ, NUMBER = 0xFFFFFFF0, 0x12345678  # a sequence number near its end, so that sums wrap

# What is sent: (flags, bytes of data), and what answers: (seq, ack), None for no answer, or no acknowledgement.
ANSWERS = {
    "SYN": (SYN, 0, 0, SEQ + 1),
    "SYN with data": (SYN, 100, 0, SEQ + 101),
    "SYN and FIN": (SYN | FIN, 0, 0, SEQ + 2),
    "FIN": (FIN, 0, 0, SEQ + 1),
    "no flag": (0, 0, 0, SEQ),
    "no flag, data": (0, 33, 0, SEQ + 33),
    "ACK": (ACK, 0, NUMBER, None),
    "data": (ACK | PUSH, 1000, NUMBER, None),
    "FIN and ACK": (FIN | ACK, 0, NUMBER, None),
    "SYN and ACK": (SYN | ACK, 0, NUMBER, None),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("flags, count, seq, ack", ANSWERS.values(), ids=ANSWERS)
def test_numbers(filtered, family, flags, count, seq, ack):
    talk, port = filtered.talk(DENIED, family), next(PORTS)
    answers, counted = filtered.send(talk, talk.frame(TCP, talk.segment(port, flags, SEQ, NUMBER if flags & ACK else 0, b"x" * count)))
    assert counted == {"source_denied": 1} and len(answers) == 1
    rst = answers[0]
    assert (rst.port, rst.to, rst.seq, rst.data) == (443, port, seq, b"")
    if ack is None:
        assert rst.flags == RST
    else:
        assert (rst.flags, rst.ack) == (RST | ACK, ack & 0xFFFFFFFF)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("flags", [RST, RST | ACK, RST | SYN, RST | FIN | ACK], ids=["RST", "RST and ACK", "RST and SYN", "RST, FIN and ACK"])
def test_a_reset_is_never_answered(filtered, family, flags):
    talk = filtered.talk(DENIED, family)
    sent = filtered.stats()["resetsSent"]
    answers, counted = filtered.send(talk, talk.frame(TCP, talk.segment(next(PORTS), flags, SEQ, NUMBER)))
    assert (answers, counted) == ([], {"source_denied": 1})
    assert filtered.stats()["resetsSent"] == sent


@pytest.mark.parametrize("family", FAMILIES)
def test_a_header_that_is_none_is_not_answered(filtered, family):
    talk = filtered.talk(DENIED, family)
    answers, counted = filtered.send(talk, talk.frame(TCP, talk.segment(next(PORTS), SYN, words=4)))
    assert answers == [] and set(counted) <= {"source_denied", "malformed"} and sum(counted.values()) == 1


def test_frames_for_everyone_are_not_answered(filtered):
    """A denied packet in a broadcast or multicast frame: RFC 1122 4.2.3.10."""
    talk = filtered.talk(DENIED)
    for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"):
        ends = Ends(talk.source, talk.destination, talk.source_mac, mac)
        answers, counted = filtered.send(talk, ends.frame(TCP, ends.segment(next(PORTS), SYN)))
        assert (answers, counted) == ([], {"source_denied": 1})


def check_reset(talk, rst):
    """All that does not depend on what was asked."""
    assert (rst.source, rst.destination) == (talk.destination, talk.source)
    assert (rst.source_mac, rst.destination_mac) == (talk.destination_mac, talk.source_mac)
    assert rst.header_right and len(rst.payload) == 20 and rst.flags & RST
    assert rst.sum_stands, "right if nobody completes it"
    if rst.partial:
        assert rst.sum_completes, "right if a device completes it"


DRESSED = {
    "plain": {},
    "one tag": {"tags": [(VLAN, 5)]},
    "two tags": {"tags": [(SERVICE_VLAN, 7), (VLAN, 5)]},
    "options": {"options": b"\x94\x04\0\0\x01\x01\x01\0"},
    "all options": {"options": b"\x01" * 40},
    "hop-by-hop": {"extensions": [HOP_BY_HOP]},
    "many headers": {"extensions": [HOP_BY_HOP, DESTINATION, ROUTING, FRAGMENT, DESTINATION]},
    "eight headers": {"extensions": [HOP_BY_HOP] + 7 * [DESTINATION]},
}


@pytest.mark.parametrize("offload", [False, True], ids=["checksum whole", "checksum left to the device"])
@pytest.mark.parametrize("family, dress", [pytest.param(f, d, id=f"{f}-{n}") for n, d in DRESSED.items() for f in FAMILIES
                                           if ("options" if f == "IPv6" else "extensions") not in d])
def test_checksums(filtered, family, dress, offload):
    """The sender's order to complete the checksum stays with the buffer that the RST is written into, and can't be seen there."""
    talk, port = filtered.talk(DENIED, family), next(PORTS)
    segment, partial = talk.segment(port, SYN, SEQ, data=b"odd"), None
    if offload:
        pseudo = sum_of(pseudo_header(talk.source, talk.destination, TCP, len(segment)))
        segment = segment[:16] + pseudo.to_bytes(2, "big") + segment[18:]
    frame = talk.frame(TCP, segment, **dress)
    if offload:
        partial = (len(frame) - len(segment), 16)
    answers, counted = filtered.send(talk, frame, partial=partial)
    assert counted == {"source_denied": 1} and len(answers) == 1
    rst = answers[0]
    check_reset(talk, rst)
    assert (rst.flags, rst.ack, rst.tags) == (RST | ACK, (SEQ + 4) & 0xFFFFFFFF, dress.get("tags", []))
    assert rst.extensions == ([DESTINATION] if "extensions" in dress else [])


@pytest.mark.parametrize("offload", [True, False], ids=["tx on", "tx off"])
def test_a_real_client_believes_it(filtered, subnet, offload):
    """connect() of a kernel whose link completes checksums, or does not (ethtool -K tx on|off)."""
    host = subnet.host(DENIED)
    before = checksum_offload(host.name, "eth0")
    assert checksum_offload(host.name, "eth0", offload) == offload
    try:
        for family in FAMILIES:
            talk = filtered.talk(DENIED, family)
            talk.wire.clear()
            result, milliseconds = host.connect_milliseconds(talk.destination, 443)
            assert result == "refused" and milliseconds < 100
            check_reset(talk, talk.wire.until(lambda p: p.protocol == TCP and p.source == talk.destination)[-1])
    finally:
        checksum_offload(host.name, "eth0", before)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_established_connection_that_a_policy_cuts(filtered, subnet, family):
    """What the host sends next is answered by an RST that its kernel takes for the endpoint's: it has the right number."""
    host = subnet.host(ALLOWED)
    talk = filtered.talk(ALLOWED, family)
    kind = socket.AF_INET6 if family == "IPv6" else socket.AF_INET
    connection = inside(host.name, lambda: socket.socket(kind))
    connection.settimeout(5)
    connection.connect((talk.destination, 443))
    everybody = deny("Closed", "IpAddress", "aws:VpcSourceIp", *(f"{a}/{128 if ':' in a else 32}" for a in host.addresses))
    try:
        filtered.put(allow(), everybody)
        talk.wire.clear()
        connection.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        rst = talk.wire.until(lambda p: p.protocol == TCP and p.source == talk.destination and p.flags & RST)[-1]
        assert rst.flags == RST
        check_reset(talk, rst)
    finally:
        connection.close()
        filtered.put(*filtered.statements)
