# SPDX-License-Identifier: GPL-3.0-or-later
"""Knocks at an endpoint's door from many addresses at once, with SYNs made by hand, and accounts for what each kind of client is told: let in
(SYN-ACK), refused (RST) or nothing. A SYN that nothing answers is repeated after a second, as TCP does. What the hosts' kernels do
with a SYN-ACK that they did not ask for is an RST, so no connection comes of it.

It prints `started` when each kind has had a first answer, and one JSON object when it is told to end, or after at most --seconds: `outcomes`
{kind: {outcome: count}}, `repeated`, and with --knocks each answered knock as [address, sent, answered, outcome], times being those of
the monotonic clock, which all processes share.

usage: prober.py --destination IPV4 --destination IPV6 --mac MAC --kind NAME=NAMESPACE=ADDRESS,… … [--rate N] [--seconds S] [--knocks]
"""
import argparse
import collections
import json
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab.packets import ACK, RST, SYN, TCP, Ends, Wire  # noqa: E402

REPEAT_SECONDS, TRIES = 1.0, 5
LET_IN, REFUSED, NOTHING = "let in", "refused", "nothing"


class Knock:
    def __init__(self, kind, wire, frame, seq, now):
        self.kind, self.wire, self.frame, self.seq, self.tries = kind, wire, frame, seq, 1
        self.sent, self.again = now, now + REPEAT_SECONDS


class Prober:
    def __init__(self, destinations, mac, kinds, rate):
        """`kinds` is {name: (namespace, [address, …])}."""
        self.rate, self.outcomes = rate, {kind: collections.Counter() for kind in kinds}
        self.wires = {namespace: Wire(namespace) for namespace, _ in kinds.values()}
        self.clients = [(kind, self.wires[namespace], Ends(address, next(d for d in destinations if (":" in d) == (":" in address)),
                                                           self.wires[namespace].mac, mac))
                        for kind, (namespace, addresses) in kinds.items() for address in addresses]
        self.open, self.ports, self.repeated, self.knocks = {}, collections.Counter(), 0, []

    def knock(self, now):
        kind, wire, ends = random.choice(self.clients)
        self.ports[ends.source] += 1
        port, seq = 1024 + self.ports[ends.source] % 64000, random.getrandbits(32)
        knock = Knock(kind, wire, ends.frame(TCP, ends.segment(port, SYN, seq)), seq, now)
        self.open[ends.source, port] = knock
        wire.send(knock.frame)

    def listen(self):
        for wire in self.wires.values():
            packet = wire.receive()
            while packet:
                knock = self.open.get((packet.destination, packet.to)) if packet.protocol == TCP and packet.port == 443 else None
                if knock and packet.flags & ACK and packet.ack == (knock.seq + 1) & 0xFFFFFFFF and packet.flags & (SYN | RST):
                    outcome = LET_IN if packet.flags & SYN else REFUSED
                    self.outcomes[knock.kind][outcome] += 1
                    self.knocks.append((packet.destination, knock.sent, time.monotonic(), outcome))
                    del self.open[packet.destination, packet.to]
                packet = wire.receive()

    def repeat(self, now):
        for key, knock in list(self.open.items()):
            if knock.again > now:
                break  # they are in the order of their time
            del self.open[key]
            if knock.tries == TRIES:
                self.outcomes[knock.kind][NOTHING] += 1
                continue
            knock.tries, knock.again = knock.tries + 1, now + REPEAT_SECONDS
            self.repeated += 1
            self.open[key] = knock
            knock.wire.send(knock.frame)

    def run(self, end, seconds):
        began = following = time.monotonic()
        started = False
        while not end.is_set() and time.monotonic() < began + seconds:
            now = time.monotonic()
            while following <= now:
                self.knock(now)
                following += 1 / self.rate
            self.listen()
            self.repeat(now)
            if not started and all(self.outcomes.values()):
                print("started", flush=True)
                started = True
            time.sleep(max(0.0, min(following - time.monotonic(), 0.05)))
        self.listen()


class Probing:
    """The program, run for as long as the block lasts; afterwards what it told: outcomes, repeated, knocks. `gateway` and its subnet say where to knock;
    `kinds` is {name: (Host, [address, …])}."""

    def __init__(self, gateway, mac, kinds, rate=200, knocks=False):
        command = ["/usr/bin/python3", __file__, "--destination", gateway.ipv4, "--destination", gateway.ipv6, "--mac", mac, "--rate", str(rate)]
        for kind, (host, addresses) in kinds.items():
            command += ["--kind", f"{kind}={host.name}={','.join(addresses)}"]
        self.process = subprocess.Popen(command + ["--knocks"] * knocks, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline().strip() == "started"
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        told = json.loads(self.process.communicate(timeout=30)[0])
        self.outcomes, self.repeated, self.knocks = told["outcomes"], told["repeated"], told["knocks"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--destination", action="append", required=True)
    parser.add_argument("--mac", required=True)
    parser.add_argument("--kind", action="append", required=True)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--knocks", action="store_true")
    options = parser.parse_args()
    kinds = {name: (namespace, addresses.split(",")) for name, namespace, addresses in (kind.split("=") for kind in options.kind)}
    prober, end = Prober(options.destination, options.mac, kinds, options.rate), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    prober.run(end, options.seconds)
    print(json.dumps({"outcomes": prober.outcomes, "repeated": prober.repeated, "knocks": prober.knocks if options.knocks else []}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
