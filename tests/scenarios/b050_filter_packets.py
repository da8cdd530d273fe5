# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel filter makes of a connection attempt, however it is dressed: VLAN tags, options, fragments, extension headers, other
ports and protocols, broken headers. Real frames of a host that the policy allows and of one that it denies, in every mode: what
comes back, and which reason is counted."""
import itertools

import pytest

from lab.appliance import allow, deny
from lab.packets import (ACK, AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP, ICMP, ICMPV6, ROUTING, RST, SERVICE_VLAN, SYN, TCP, UDP,
                         VLAN, Talk, Wire, link)

ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"
LEFT = ("10.20.0.0/26", "fd20:5071:e2::/122")
FAMILIES = ("IPv4", "IPv6")
PORTS = itertools.count(20000)
# What a subnet is full of, without a scenario's doing.
NOISE = {"passed", "other_host", "not_ip"}


class Filtered:
    """An endpoint whose one API denies DENIED, and hosts that send frames to it. `port` is the bridge's end of the endpoint's link, if
    it is not the one that Postern made."""

    def __init__(self, gateway, subnet, port=None):
        self.gateway, self.subnet, self.talks, self.wires = gateway, subnet, {}, []
        self.statements = [allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", *LEFT)]
        self.api = gateway.serve_api(*self.statements)
        self.mac = link(f"postern-{gateway.vpce}")[1]
        self.port = Wire(None, port or link(None, alias=gateway.vpce)[0])
        self.wires.append(self.port)

    def talk(self, host, family="IPv4"):
        """The host's talk with the endpoint."""
        if (host, family) not in self.talks:
            made = self.subnet.host(host)
            self.wires.append(Wire(made.name))
            v6 = family == "IPv6"
            self.talks[host, family] = Talk(self.wires[-1], made.addresses[v6], self.gateway.ipv6 if v6 else self.gateway.ipv4, self.mac)
        return self.talks[host, family]

    def counters(self):
        """Packets by reason, as `postern filter stats` says."""
        return {c["reason"]: c["packets"] for c in self.stats()["counters"] if c["reason"] not in NOISE}

    def stats(self):
        return self.gateway.postern("filter", "stats", "--endpoint", self.gateway.vpce)["endpoints"][0]

    def send(self, talk, *frames, **options):
        """Send frames: (what TCP or UDP answered them, {reason: packets counted for it})."""
        before = self.counters()
        answers = [p for p in talk.exchange(*frames, **options) if p.source == talk.destination and p.protocol in (TCP, UDP)]
        after = self.counters()
        return answers, {reason: after[reason] - before[reason] for reason in after if after[reason] != before[reason]}

    def put(self, *statements):
        """The policy is these statements from now on."""
        self.gateway.set_policy(self.api, *statements)

    def close(self):
        for wire in self.wires:
            wire.close()


@pytest.fixture(scope="module")
def filtered(running_gateway, subnet):
    for api in running_gateway.made:
        running_gateway.boto3("apigateway").delete_rest_api(restApiId=api)
    running_gateway.made.clear()
    running_gateway.mode("reset")
    made = Filtered(running_gateway, subnet)
    yield made
    made.close()


def outcome(answers):
    """How the endpoint took it: 'syn-ack', 'rst', 'udp', or 'silence'."""
    for packet in answers:
        if packet.protocol == TCP:
            return "rst" if packet.flags & RST else "syn-ack" if packet.flags == SYN | ACK else "segment"
        if packet.protocol == UDP:
            return "udp"
    return "silence"


class Case:
    """`build(ends, port)` makes the frames. `denied` and `allowed`: the reasons counted for a host of either kind, each with its number of
    packets; `answer` is what the allowed host gets, `reset` what is answered to a refused packet in mode reset. `behind_bridge`: a bridge
    with netfilter would drop it already, so it is put onto the link behind the bridge."""

    def __init__(self, build, denied=None, allowed=None, answer="syn-ack", reset="rst", families=FAMILIES, behind_bridge=False):
        self.build, self.answer, self.reset, self.families, self.behind_bridge = build, answer, reset, families, behind_bridge
        self.denied, self.allowed = {"source_denied": 1} if denied is None else denied, allowed or {}


def refused(reason, build, reset="rst", **options):
    """A case that is refused whoever sends it."""
    return Case(build, {reason: 1}, {reason: 1}, reset, reset, **options)


def malformed(build, **options):
    return refused("malformed", build, "silence", behind_bridge=True, **options)


def syn(ends, port, tags=(), **packet):
    return [ends.frame(TCP, ends.segment(port, SYN, seq=port << 12), tags, **packet)]


def fragments(ends, port, *cuts, order=None):
    """A SYN with data, 64 bytes of TCP in all, cut into (from, to) pieces."""
    whole = ends.segment(port, SYN, seq=1, options=b"\x01" * 4, data=b"x" * 40)
    pieces = [ends.frame(TCP, whole[start:end], fragment=(start, end < len(whole)), number=port) for start, end in cuts]
    return [pieces[i] for i in order or range(len(pieces))]


# The kernel reads one tag of a frame before the filter does (it is then offloaded), the second stays in the frame; 802.1p marks (VLAN 0) belong
# to no VLAN, so the endpoint's host takes such frames as its own. It has no part in VLAN 5: the filter judges, nobody is at home.
CASES = {
    "a plain SYN": Case(syn),
    "one tag, priority only": Case(lambda e, p: syn(e, p, [(VLAN, 0)])),
    "one tag": Case(lambda e, p: syn(e, p, [(VLAN, 5)]), answer="silence"),
    "two tags, priority only": Case(lambda e, p: syn(e, p, [(SERVICE_VLAN, 0), (VLAN, 0)])),
    "two tags": Case(lambda e, p: syn(e, p, [(SERVICE_VLAN, 7), (VLAN, 5)]), answer="silence"),
    "two tags of the inner kind": Case(lambda e, p: syn(e, p, [(VLAN, 7), (VLAN, 5)]), answer="silence"),
    "three tags": refused("too_many_headers", lambda e, p: syn(e, p, [(SERVICE_VLAN, 0), (VLAN, 0), (VLAN, 0)]), "silence"),
    "options that do nothing": Case(lambda e, p: syn(e, p, options=b"\x01\x01\x01\0"), families=["IPv4"]),
    "a router alert": Case(lambda e, p: syn(e, p, options=b"\x94\x04\0\0"), families=["IPv4"]),
    "as many options as there can be": Case(lambda e, p: syn(e, p, options=b"\x01" * 40), families=["IPv4"]),
    "a loose source route": Case(lambda e, p: syn(e, p, options=b"\x83\x07\x04\x0a\x14\x00\x01\0"), families=["IPv4"], answer="silence"),
    "two fragments": Case(lambda e, p: fragments(e, p, (0, 32), (32, 64)), {"source_denied": 2}),
    "the later fragment first": Case(lambda e, p: fragments(e, p, (0, 32), (32, 64), order=(1, 0)), {"source_denied": 2}),
    "three fragments": Case(lambda e, p: fragments(e, p, (0, 24), (24, 48), (48, 64)), {"source_denied": 3}),
    "a later fragment alone": Case(lambda e, p: fragments(e, p, (32, 64)), answer="silence", reset="silence"),
    "a tiny first fragment": Case(lambda e, p: fragments(e, p, (0, 8), (8, 64)), {"malformed": 1, "source_denied": 1}, {"malformed": 1}, "silence",
                                  "silence"),
    "a first fragment that cuts the TCP header": Case(lambda e, p: fragments(e, p, (0, 16), (16, 64)), {"malformed": 1, "source_denied": 1},
                                                      {"malformed": 1}, "silence", "silence"),
    "overlapping fragments": Case(lambda e, p: fragments(e, p, (0, 32), (8, 40), (32, 64)), {"source_denied": 3}, answer="silence"),
    "a fragment header around the whole": Case(lambda e, p: syn(e, p, extensions=[FRAGMENT]), families=["IPv6"]),
    "hop-by-hop options": Case(lambda e, p: syn(e, p, extensions=[HOP_BY_HOP]), families=["IPv6"]),
    "destination options": Case(lambda e, p: syn(e, p, extensions=[DESTINATION]), families=["IPv6"]),
    "a routing header": Case(lambda e, p: syn(e, p, extensions=[ROUTING]), families=["IPv6"]),
    "every header that may be": Case(lambda e, p: syn(e, p, extensions=[HOP_BY_HOP, DESTINATION, ROUTING, FRAGMENT, DESTINATION]), families=["IPv6"]),
    "eight headers": Case(lambda e, p: syn(e, p, extensions=[HOP_BY_HOP] + 7 * [DESTINATION]), families=["IPv6"]),
    "nine headers": refused("too_many_headers", lambda e, p: syn(e, p, extensions=[HOP_BY_HOP] + 8 * [DESTINATION]), "silence", families=["IPv6"]),
    "fragments behind other headers": Case(
        lambda e, p: [e.frame(TCP, piece, extensions=[HOP_BY_HOP, ROUTING], fragment=(at, at == 0), number=p) for at, piece in
                      ((0, e.segment(p, SYN, data=b"x" * 16)[:32]), (32, e.segment(p, SYN, data=b"x" * 16)[32:]))],
        {"source_denied": 2}, families=["IPv6"]),
    "an authentication header": Case(lambda e, p: syn(e, p, extensions=[AUTHENTICATION]), families=["IPv6"], answer="silence"),
    "an authentication header, IPv4": refused("protocol_refused", lambda e, p: [e.frame(51, e.segment(p, SYN))], "silence", families=["IPv4"]),
    "GRE": refused("protocol_refused", lambda e, p: [e.frame(47, bytes(8))], "silence"),
    "SCTP": refused("protocol_refused", lambda e, p: [e.frame(132, bytes(16))], "silence"),
    "SSH": refused("port_refused", lambda e, p: [e.frame(TCP, e.segment(p, SYN, to=22))]),
    "the management port": refused("port_refused", lambda e, p: [e.frame(TCP, e.segment(p, SYN, to=4566))]),
    "UDP to 443": refused("port_refused", lambda e, p: [e.frame(UDP, e.datagram(p, 443, b"quic"))], "silence"),
    "UDP to 123": refused("port_refused", lambda e, p: [e.frame(UDP, e.datagram(p, 123, b"time"))], "silence"),
    "DNS over TCP": Case(lambda e, p: [e.frame(TCP, e.segment(p, SYN, to=53))], {}),
    "ICMP of no use to a host": refused("icmp_refused", lambda e, p: [e.frame(*((ICMPV6, e.control(139)) if e.v6 else (ICMP, e.control(13))))], "silence"),
    "a wrong version": malformed(lambda e, p: syn(e, p, version=5)),
    "a header that is too short": malformed(lambda e, p: syn(e, p, words=4), families=["IPv4"]),
    "a packet that claims more than there is": malformed(lambda e, p: syn(e, p, length=200)),
    "a packet that ends in its TCP header": malformed(lambda e, p: syn(e, p, length=12 if e.v6 else 32)),
}
EACH = [pytest.param(family, case, id=f"{family}-{name}") for name, case in CASES.items() for family in case.families]


@pytest.fixture(scope="module", params=["reset", "drop", "observe"])
def mode(request, filtered):
    filtered.gateway.mode(request.param)
    yield request.param
    filtered.gateway.mode("reset")


@pytest.mark.parametrize("family, case", EACH)
def test_an_allowed_host(filtered, mode, family, case):
    talk = filtered.talk(ALLOWED, family)
    answers, counted = filtered.send(talk, *case.build(talk, next(PORTS)), wire=filtered.port if case.behind_bridge else None)
    assert counted == case.allowed
    assert outcome(answers) == ("silence" if case.allowed and mode == "drop" else case.answer), answers


@pytest.mark.parametrize("family, case", EACH)
def test_a_denied_host(filtered, mode, family, case):
    talk = filtered.talk(DENIED, family)
    answers, counted = filtered.send(talk, *case.build(talk, next(PORTS)), wire=filtered.port if case.behind_bridge else None)
    wanted = case.denied
    if mode == "observe" and "source_denied" in case.denied or not case.denied:
        # Let through: what the host's kernel then sends to the answer is counted too.
        assert outcome(answers) == case.answer, answers
        assert counted.keys() == wanted.keys() and all(counted[reason] >= wanted[reason] for reason in wanted)
        return
    assert counted == wanted
    assert outcome(answers) == ("silence" if mode == "drop" else case.reset), answers
