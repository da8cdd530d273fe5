# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames byte by byte: what is sent is just what a scenario says, and what comes back is seen before any kernel has judged it.

`Ends` builds frames between two hosts, `Wire` sends and captures them in a namespace, `Packet` is what was captured, taken
apart. Numbers are in host order; addresses are text."""
import ctypes
import fcntl
import ipaddress
import json
import os
import socket
import struct
import threading
import time

from .network import run

ARP, IPV4, IPV6, VLAN, SERVICE_VLAN = 0x0806, 0x0800, 0x86DD, 0x8100, 0x88A8
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60
EXTENSIONS = (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION)
FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, SO_RCVBUFFORCE = 263, 8, 15, 23, 33
AUXDATA, VNET = struct.Struct("=IIIHHHH"), struct.Struct("=BBHHHH")  # struct tpacket_auxdata, struct virtio_net_hdr
TP_STATUS_VLAN_VALID = 0x10
NEEDS_CHECKSUM = 1
CLONE_NEWNET = 0x40000000
SIOCETHTOOL, ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM = 0x8946, 0x16, 0x17


# -- namespaces -------------------------------------------------------------------------------------------------------
def inside(namespace, function):
    """What `function()` returns when a thread runs it in that network namespace (None: this one). A socket made there stays there."""
    if namespace is None:
        return function()
    outcome = {}

    def work():
        try:
            with open(f"/run/netns/{namespace}", "rb") as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns {namespace}")
            outcome["value"] = function()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def link(namespace, name=None, alias=None):
    """(name, MAC) of the link of that name or alias in a namespace (None: this one), or of the only one that is not loopback."""
    where = ["-n", namespace] if namespace else []
    chosen = next(one for one in json.loads(run("ip", *where, "-j", "link").stdout)
                  if one["link_type"] == "ether" and name in (None, one["ifname"]) and alias in (None, one.get("ifalias")))
    return chosen["ifname"], chosen["address"]


def checksum_offload(namespace, name, on=None):
    """Is the sender's checksum left to that link (ethtool -k)? With `on`, change it (ethtool -K tx on|off)."""
    def ask(command, value=0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            order = bytearray(struct.pack("=II", command, value))
            address = (ctypes.c_char * len(order)).from_buffer(order)
            fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("=16sQ16x", name.encode(), ctypes.addressof(address)))
            return struct.unpack("=II", bytes(order))[1]
    if on is not None:
        inside(namespace, lambda: ask(ETHTOOL_STXCSUM, int(on)))
    return bool(inside(namespace, lambda: ask(ETHTOOL_GTXCSUM)))


# -- building -----------------------------------------------------------------------------------------------------------
def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def packed(address):
    return ipaddress.ip_address(address).packed


def sum_of(data):
    """One's complement sum of 16-bit words."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return ~sum_of(data) & 0xFFFF


def pseudo_header(source, destination, protocol, count):
    return packed(source) + packed(destination) + struct.pack("!II", count, protocol)


def options_header(following, data=b"\x01\x04\0\0\0\0"):
    """A hop-by-hop or destination options header; `data` is padded to whole units of eight bytes."""
    data += b"\0" * (-(len(data) + 2) % 8)
    return bytes((following, (len(data) + 2) // 8 - 1)) + data


def routing_header(following):
    """Type 0 with no segment left: nothing to do for whoever gets it."""
    return bytes((following, 0, 0, 0)) + bytes(4)


def fragment_header(following, offset=0, more=False, number=1):
    """`offset` in bytes."""
    return struct.pack("!BBHI", following, 0, offset | more, number)


def authentication_header(following):
    """RFC 4302 with 12 bytes of check value."""
    return struct.pack("!BBHII", following, 4, 0, 0x1234, 1) + bytes(12)


BUILD = {HOP_BY_HOP: options_header, DESTINATION: options_header, ROUTING: routing_header, FRAGMENT: fragment_header,
         AUTHENTICATION: authentication_header}


class Ends:
    """Frames from one host to another: `source` and `destination` are addresses of the same family."""

    def __init__(self, source, destination, source_mac, destination_mac):
        self.source, self.destination = source, destination
        self.source_mac, self.destination_mac = source_mac, destination_mac
        self.v6 = ":" in source

    def ethernet(self, kind, payload, tags=()):
        """`tags` are (EtherType of the tag, VLAN number), outermost first."""
        head = mac_bytes(self.destination_mac) + mac_bytes(self.source_mac)
        return head + b"".join(struct.pack("!HH", *tag) for tag in tags) + struct.pack("!H", kind) + payload

    def packet(self, protocol, payload, options=b"", extensions=(), fragment=None, number=1, length=None, version=None, words=None):
        """An IP packet. `fragment` is (offset in bytes, more): for IPv6 a fragment header behind `extensions`. `length`, `version`
        and `words` (the header's length) are told in place of the true ones."""
        if self.v6:
            headers = [(kind, BUILD[kind]) for kind in extensions]
            if fragment:
                headers.append((FRAGMENT, lambda following: fragment_header(following, *fragment, number)))
            for kind, build in reversed(headers):
                payload, protocol = build(protocol) + payload, kind
            told = len(payload) if length is None else length
            return struct.pack("!IHBB", (version or 6) << 28, told, protocol, 64) + packed(self.source) + packed(self.destination) + payload
        header_words = 5 + len(options) // 4
        offset, more = fragment or (0, False)
        told = 4 * header_words + len(payload) if length is None else length
        head = struct.pack("!BBHHHBBH", (version or 4) << 4 | (header_words if words is None else words), 0, told, number,
                           offset // 8 | more << 13, 64, protocol, 0) + packed(self.source) + packed(self.destination) + options
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload

    def transport(self, protocol, payload, at):
        """The payload with its checksum, over the pseudo header, at offset `at`."""
        value = checksum(pseudo_header(self.source, self.destination, protocol, len(payload)) + payload) or 0xFFFF
        return payload[:at] + struct.pack("!H", value) + payload[at + 2:]

    def segment(self, port, flags, seq=0, ack=0, data=b"", to=443, options=b"", words=None):
        """A TCP segment from `port`; `words` is told as the header's length in place of the true one."""
        words = 5 + len(options) // 4 if words is None else words
        head = struct.pack("!HHIIBBHHH", port, to, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, words << 4, flags, 64240, 0, 0) + options
        return self.transport(TCP, head + data, 16)

    def datagram(self, port, to, data=b""):
        return self.transport(UDP, struct.pack("!HHHH", port, to, 8 + len(data), 0) + data, 6)

    def control(self, kind, code=0, rest=b"\0\0\0\0", data=b""):
        """An ICMP or ICMPv6 message; `rest` are the four bytes behind the checksum."""
        message = bytes((kind, code, 0, 0)) + rest + data
        if self.v6:
            return self.transport(ICMPV6, message, 2)
        return message[:2] + struct.pack("!H", checksum(message)) + message[4:]

    def frame(self, protocol, payload, tags=(), **options):
        return self.ethernet(IPV6 if self.v6 else IPV4, self.packet(protocol, payload, **options), tags)


# -- captured -----------------------------------------------------------------------------------------------------------
class Packet:
    """A captured frame. `tags` as Ends.ethernet() takes them; `partial`: its checksum is left to whoever sends it on; `gso_size`: the
    segments that it will be cut into; `extensions`: the IPv6 headers passed over."""

    def __init__(self, frame, tags=(), partial=False, gso_size=0):
        self.frame, self.tags, self.partial, self.gso_size = frame, list(tags), partial, gso_size
        self.destination_mac, self.source_mac = frame[:6].hex(":"), frame[6:12].hex(":")
        at = 12
        self.kind = struct.unpack_from("!H", frame, at)[0]
        while self.kind in (VLAN, SERVICE_VLAN):
            self.tags.append(struct.unpack_from("!HH", frame, at))
            at += 4
            self.kind = struct.unpack_from("!H", frame, at)[0]
        self.protocol, self.source, self.destination, self.extensions, self.payload = None, None, None, [], frame[at + 2:]
        if self.kind == IPV4 and len(self.payload) >= 20:
            self.read_ipv4(self.payload)
        elif self.kind == IPV6 and len(self.payload) >= 40:
            self.read_ipv6(self.payload)
        if self.protocol == TCP and len(self.payload) >= 20:
            self.port, self.to, self.seq, self.ack, words, self.flags, self.window, self.check = struct.unpack_from("!HHIIBBHH", self.payload)
            self.data = self.payload[(words >> 4) * 4:]

    def read_ipv4(self, header):
        words, total, self.protocol = header[0] & 15, struct.unpack_from("!H", header, 2)[0], header[9]
        self.header_right = sum_of(header[:4 * words]) == 0xFFFF
        self.source, self.destination = (str(ipaddress.ip_address(header[a:a + 4])) for a in (12, 16))
        self.payload = header[4 * words:total]

    def read_ipv6(self, header):
        count, following = struct.unpack_from("!HB", header, 4)
        self.header_right = True
        self.source, self.destination = (str(ipaddress.ip_address(header[a:a + 16])) for a in (8, 24))
        self.payload = header[40:40 + count]
        while following in EXTENSIONS:
            units = 8 if following == FRAGMENT else (self.payload[1] + 2) * 4 if following == AUTHENTICATION else (self.payload[1] + 1) * 8
            self.extensions.append(following)
            following, self.payload = self.payload[0], self.payload[units:]
        self.protocol = following

    @property
    def pseudo(self):
        return pseudo_header(self.source, self.destination, self.protocol, len(self.payload))

    @property
    def sum_stands(self):
        """Is the checksum right as it stands in the packet?"""
        return sum_of(self.pseudo + self.payload) == 0xFFFF

    @property
    def sum_completes(self):
        """Would it be right if a device completed it: does its field hold the sum of the pseudo header?"""
        return self.check == sum_of(self.pseudo)

    def __repr__(self):
        if self.protocol == TCP and hasattr(self, "flags"):
            return f"<{self.source}:{self.port} to {self.destination}:{self.to} flags {self.flags:#x} seq {self.seq} ack {self.ack} tags {self.tags}>"
        return f"<{self.source} to {self.destination}, {self.kind:#x}, protocol {self.protocol}, {self.payload[:16].hex()}>"


class Wire:
    """Everything that crosses an interface of a namespace, and a way to put frames onto it."""

    def __init__(self, namespace, interface="eth0"):
        self.interface, self.mac = link(namespace, interface)
        self.socket = inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
        for option in (PACKET_AUXDATA, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING):
            self.socket.setsockopt(SOL_PACKET, option, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.socket.bind((self.interface, ETH_P_ALL))

    def send(self, frame, partial=None):
        """`partial` is (start, offset) of a checksum that the kernel or the device is to complete, as with offload on."""
        self.socket.send(VNET.pack(NEEDS_CHECKSUM if partial else 0, 0, 0, 0, *(partial or (0, 0))) + frame)

    def receive(self, seconds=0.0):
        """The next Packet, or None if none comes in time."""
        self.socket.settimeout(seconds or 0.0)
        try:
            data, messages, _, _ = self.socket.recvmsg(1 << 17, 256)
        except (BlockingIOError, TimeoutError, socket.timeout):
            return None
        flags, _, _, gso_size, _, _ = VNET.unpack_from(data)
        tags = []
        for level, kind, content in messages:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tag, protocol = AUXDATA.unpack_from(content)
                if status & TP_STATUS_VLAN_VALID:
                    tags.append((protocol or VLAN, tag))
        return Packet(data[VNET.size:], tags, bool(flags & NEEDS_CHECKSUM), gso_size)

    def until(self, wanted, seconds=5.0):
        """All packets up to and with the first that `wanted(packet)` is true of; fails if that does not come."""
        seen, deadline = [], time.monotonic() + seconds
        while True:
            packet = self.receive(max(0.001, deadline - time.monotonic()))
            if packet:
                seen.append(packet)
                if wanted(packet):
                    return seen
            elif time.monotonic() > deadline:
                raise TimeoutError(f"the packet that was waited for did not come; what came: {seen[-10:]}")

    def clear(self):
        while self.receive():
            pass

    def close(self):
        self.socket.close()


class Talk(Ends):
    """Ends with a wire at the source: send frames, see what answers them.

    A frame is known to be done with when the echo that was sent behind it is answered: nothing here waits for silence."""

    def __init__(self, wire, source, destination, destination_mac):
        super().__init__(source, destination, wire.mac, destination_mac)
        self.wire, self.echoes = wire, 0

    def echo(self):
        """An echo request and what its reply begins with."""
        self.echoes += 1
        number = struct.pack("!HH", os.getpid() & 0xFFFF, self.echoes & 0xFFFF)
        request, reply = (128, 129) if self.v6 else (8, 0)
        return self.frame(ICMPV6 if self.v6 else ICMP, self.control(request, 0, number, b"settled")), (reply, number)

    def exchange(self, *frames, partial=None, wire=None):
        """Send the frames; the packets that came back before the reply to the echo that was sent last."""
        sender = wire or self.wire
        echo, (kind, number) = self.echo()
        self.wire.clear()
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(allowed)})  # one CPU's queue: what is sent first is judged first
        try:
            for frame in frames:
                sender.send(frame, partial)
            self.wire.send(echo)
        finally:
            os.sched_setaffinity(0, allowed)
        return self.wire.until(lambda p: p.protocol in (ICMP, ICMPV6) and p.source == self.destination and p.payload[:1] == bytes((kind,))
                               and p.payload[4:8] == number)[:-1]
