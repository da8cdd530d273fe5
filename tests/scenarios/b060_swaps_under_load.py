# SPDX-License-Identifier: GPL-3.0-or-later
"""While policies are swapped under load, as fast as deployments are answered, no packet passes that the old and the new policy both deny, and none
is refused that both allow: some addresses always, others by policies that two deployments in a row agree on. 1,000 swaps, or as many as POSTERN_SWAPS says."""
import bisect
import ipaddress
import os
import random
import time

import pytest

from b030_policy_change_under_load import Load
from b050_filter_packets import Filtered
from lab.appliance import allow, deny
from lab.network import run
from lab.prober import LET_IN, NOTHING, REFUSED, Probing

SWAPS = int(os.environ.get("POSTERN_SWAPS", "1000"))
HOSTS = {"allowed": "10.20.0.20", "denied": "10.20.0.30", "alternating": "10.20.0.40"}
ADDRESSES_EACH = 4
# Nobody's addresses, to make tables of many sizes.
OTHERS_MAX = 60


@pytest.fixture
def kinds(subnet):
    """{kind: (host, its addresses)}: several of both families."""
    made = {}
    for kind, first in HOSTS.items():
        host, number = subnet.host(first), int(first.rpartition(".")[2])
        addresses = list(host.addresses)
        for more in range(number + 1, number + ADDRESSES_EACH):
            both = [f"10.20.0.{more}", subnet.ipv6_of(f"10.20.0.{more}")]
            for address, bits in zip(both, (24, 64)):
                run("ip", "-n", host.name, "address", "replace", f"{address}/{bits}", "dev", "eth0", *(["nodad"] if bits == 64 else []))
            addresses += both
        made[kind] = host, addresses
    return made


def prefix(address):
    return f"{address}/{128 if ':' in address else 32}"


class Swap:
    """A policy, and when it came: it may be in force from `called` on, and is from `answered` on until the next is called."""

    def __init__(self, chance, kinds, put):
        """Denies the denied and some of the alternating addresses; said in one of two ways, with others' addresses among them."""
        alternating = kinds["alternating"][1]
        closed = [a for a in alternating if chance.random() < 0.5]
        others = [str(ipaddress.ip_network((f"172.16.{chance.randrange(256)}.{chance.randrange(256)}", bits), strict=False))
                  for bits in chance.choices(range(20, 33), k=chance.randrange(OTHERS_MAX))]
        self.denied = set(kinds["denied"][1] + closed)
        if chance.random() < 0.5:
            statement = deny("These", "IpAddress", "aws:VpcSourceIp", *map(prefix, self.denied), *others)
        else:
            names = kinds["allowed"][1] + [a for a in alternating if a not in closed]
            statement = deny("NotThose", "NotIpAddress", "aws:VpcSourceIp", *map(prefix, names), *others)
        self.called = time.monotonic()
        put(allow(), statement)
        self.answered = time.monotonic()


def judge(knocks, swaps):
    """(knocks that every policy which may have judged them judges otherwise, how many were judged by policies that agree)"""
    called, answered = [s.called for s in swaps], [s.answered for s in swaps]
    wrong, clear = [], 0
    for address, sent, told, outcome in knocks:
        first, last = bisect.bisect_right(answered, sent) - 1, bisect.bisect_right(called, told)
        verdicts = {address in swap.denied for swap in swaps[max(first, 0):last]}
        if len(verdicts) == 1 and first >= 0:
            clear += 1
            if verdicts != {outcome == REFUSED}:
                wrong.append((address, sent, told, outcome))
    return wrong, clear


def test_policies_are_swapped_under_load(subnet, gateway, kinds):
    chance = random.Random(SWAPS)
    filtered = Filtered(gateway, subnet)
    filtered.close()
    swaps = [Swap(chance, kinds, filtered.put)]
    generation = filtered.stats()["generation"]
    load = Load(kinds["allowed"][0], gateway, filtered.api, "--threads", "1")
    with Probing(gateway, filtered.mac, kinds, rate=600, knocks=True) as probing:
        began = time.monotonic()
        for _ in range(SWAPS):
            swaps.append(Swap(chance, kinds, filtered.put))
        seconds = time.monotonic() - began
    summary, loaded = load.end(), filtered.stats()["generation"] - generation
    wrong, clear = judge(probing.knocks, swaps)
    print(f"\n{SWAPS} deployments, {loaded} tables loaded in {seconds:.1f} s; {probing.outcomes}, {probing.repeated} repeated; "
          f"{clear} of {len(probing.knocks)} knocks judged alike by all policies that they may have met; {summary}")
    allowed, denied, alternating = (probing.outcomes[kind] for kind in ("allowed", "denied", "alternating"))
    assert loaded >= 0.99 * SWAPS  # two policies in a row may happen to mean the same
    assert denied.keys() <= {REFUSED, NOTHING} and denied[REFUSED] > SWAPS
    assert allowed.keys() == {LET_IN} and allowed[LET_IN] > SWAPS
    assert alternating.keys() >= {LET_IN, REFUSED} and min(alternating[LET_IN], alternating[REFUSED]) > SWAPS / 10, "swaps do something"
    assert wrong == [] and clear > (allowed[LET_IN] + denied[REFUSED]) * 1.05, "and what two policies agree on is so all the while"
    assert summary["failures"] == {} and summary["statuses"].keys() == {"200"}, summary
