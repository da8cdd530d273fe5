# SPDX-License-Identifier: GPL-3.0-or-later
"""RST answers and drop events are limited for each endpoint and second; what is beyond is dropped in silence, and counted."""
import math
import time

import pytest

from b050_filter_packets import DENIED, FAMILIES, Filtered, filtered  # noqa: F401
from conftest import Gateway, subnet_settings
from lab.network import Subnet, run, wait_for
from lab.packets import RST, SYN, TCP

MANAGEMENT = "127.0.0.1:14590"
RESETS, EVENTS, BURST = 100, 40, 1000
RESETS_DEFAULT, FLOOD = 10000, 40000


@pytest.fixture(scope="module")
def limited(folder, backend):
    """An endpoint with low limits, in a subnet of its own."""
    subnet = Subnet("pa")
    settings = subnet_settings(folder / "limited", MANAGEMENT)
    settings["networks"][0]["interface"] = subnet.bridge
    settings |= {"filter_resets_per_second": RESETS, "filter_events_per_second": EVENTS}
    gateway = Gateway(folder / "limited", settings, management=MANAGEMENT)
    gateway.made, made = [], None
    try:
        gateway.start()
        made = Filtered(gateway.prepare(backend), subnet)
        yield made
    finally:
        if made:
            made.close()
        gateway.stop()
        run(gateway.build / "postern", "down", "--settings", gateway.settings_file, check=False)
        subnet.close()


def resets(packets):
    return sum(p.protocol == TCP and bool(p.flags & RST) for p in packets)


def burst(filtered, family, count):
    """Send so many denied SYNs: (RSTs that came, seconds of the clock that it fell into, how the counters changed)."""
    talk = filtered.talk(DENIED, family)
    frame = talk.frame(TCP, talk.segment(30000, SYN))  # the same one again and again: making them would take longer than sending
    frames = [frame] * count
    wait_for(lambda: resets(talk.exchange(frame)), "a second that has answers left", 5)
    before, began = filtered.stats(), time.monotonic()
    answered = resets(talk.exchange(*frames))
    seconds, after = math.floor(time.monotonic()) - math.floor(began) + 1, filtered.stats()
    changes = {key: after[key] - before[key] for key in after if key.startswith(("resets", "events"))}
    changes["denied"] = sum(c["packets"] * sign for stats, sign in ((after, 1), (before, -1)) for c in stats["counters"] if c["reason"] == "source_denied")
    return answered, seconds, changes


@pytest.mark.parametrize("family", FAMILIES)
def test_a_burst_of_denied_connections(limited, family):
    answered, seconds, changes = burst(limited, family, BURST)
    assert changes["denied"] == BURST, "each is refused, answered or not"
    assert changes["resetsSent"] == answered and changes["resetsLimited"] == BURST - answered
    assert changes["eventsSent"] + changes["eventsLost"] == BURST
    assert 0 < answered <= RESETS * seconds < BURST
    assert 0 < changes["eventsSent"] <= EVENTS * seconds


def test_a_second_later_there_is_an_answer_again(limited):
    host, address = limited.subnet.host(DENIED), limited.gateway.ipv4
    burst(limited, "IPv4", BURST)
    # A client repeats its SYN after a second, and is then told.
    outcome, milliseconds = host.connect_milliseconds(address, 443, 5.0)
    assert outcome == "refused" and milliseconds < 3500


def test_the_limit_by_default(filtered):
    """10,000 in a second."""
    _, seconds, changes = burst(filtered, "IPv4", FLOOD)
    assert changes["denied"] == FLOOD and changes["resetsSent"] + changes["resetsLimited"] == FLOOD
    assert 0.9 * RESETS_DEFAULT < changes["resetsSent"] <= RESETS_DEFAULT * seconds  # a few went to look for a fresh second
