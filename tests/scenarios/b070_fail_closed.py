# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever fails, a denied client stays out. Each fault is made on the running system while a denied client knocks all along, over IPv4
and IPv6; afterwards the system mends itself: the newest policy is in force, and who is allowed is served."""
import contextlib
import itertools
import json
import os
import re
import signal
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from b050_filter_packets import FAMILIES, PORTS, Filtered, outcome
from conftest import SERVICE, Gateway, subnet_settings
from lab.appliance import SUBNET, VPC, allow, deny, policy
from lab.network import Subnet, run, wait_for
from lab.packets import SYN, TCP, Talk, link
from lab.prober import NOTHING, REFUSED, Probing
from lab.strace import Tampered

MANAGEMENT = "127.0.0.1:14591"
ALLOWED, DENIED, CHANGING = "10.20.0.10", "10.20.0.66", "10.20.0.77"
HEAL_SECONDS = 30
RING_EVENTS = 256 * 1024 // 80  # bytes of the event buffer, bytes of an event with its header


def answered(operation, **parameters):
    """Is a call answered well? A program that was killed may have left a connection behind it."""
    try:
        return operation(**parameters)
    except (BotoCoreError, ClientError):
        return None


class Closed(Filtered):
    """The appliance of these scenarios. Policies deny DENIED always; change() has them deny CHANGING, or no longer."""

    def __init__(self, gateway, subnet):
        super().__init__(gateway, subnet)
        self.shut = True
        self.change()
        self.expect_healed()

    def change(self):
        """A new policy that differs in CHANGING alone, deployed. What a broken system answers to that does not matter."""
        self.shut = not self.shut
        names = [a for host in [DENIED] + [CHANGING] * self.shut for a in self.subnet.host(host).addresses]
        client = self.gateway.boto3("apigateway")
        statement = deny("These", "IpAddress", "aws:VpcSourceIp", *(f"{a}/{128 if ':' in a else 32}" for a in names))
        operation = {"op": "replace", "path": "/policy", "value": json.dumps(policy(allow(), statement))}
        wait_for(lambda: answered(client.update_rest_api, restApiId=self.api, patchOperations=[operation]), "UpdateRestApi", HEAL_SECONDS)
        answered(client.create_deployment, restApiId=self.api, stageName="prod")

    def door(self, host):
        """What a SYN of the host is told, over each family."""
        told = []
        for family in FAMILIES:
            talk = self.talk(host, family)
            told.append(outcome(p for p in talk.exchange(talk.frame(TCP, talk.segment(next(PORTS), SYN))) if p.source == talk.destination))
        return told

    def is_in_force(self):
        return self.door(CHANGING) == ["rst" if self.shut else "syn-ack"] * 2

    def expect_healed(self):
        wait_for(self.is_in_force, "the newest policy to be in force", HEAL_SECONDS)
        assert self.door(ALLOWED) == ["syn-ack", "syn-ack"]
        # A flood may have used up this second's resets.
        wait_for(lambda: self.door(DENIED) == ["rst", "rst"], "a reset for who is denied", HEAL_SECONDS)
        gateway, host = self.gateway, self.subnet.host(ALLOWED)
        wait_for(lambda: all(gateway.get(host, self.api, address=a).status == 200 for a in (gateway.ipv4, gateway.ipv6)), "service", HEAL_SECONDS)

        def status_is_fine():
            status = gateway.postern("status", check=False)
            return status and [e["id"] for e in status["endpoints"]] == [gateway.vpce] and not status["warnings"]
        wait_for(status_is_fine, "a status without warnings", HEAL_SECONDS)

    @contextlib.contextmanager
    def denied_client(self):
        """Knocks while the block lasts; never gets in."""
        host = self.subnet.host(DENIED)
        with Probing(self.gateway, self.mac, {"denied": (host, host.addresses)}, rate=300) as probing:
            yield
        denied = probing.outcomes["denied"]
        assert denied.keys() <= {REFUSED, NOTHING} and denied[REFUSED] > 0, denied

    def program(self):
        """The number of the filter's program in the kernel."""
        namespace = f"postern-{self.gateway.vpce}"
        text = run("tc", "-n", namespace, "filter", "show", "dev", link(namespace)[0], "ingress").stdout
        return re.search(r" id (\d+)", text).group(1)

    def posternd(self):
        return self.gateway.children("posternd")[0]

    def fate_of_posternd(self):
        if self.gateway.process.poll() is not None:
            return "dead"
        return "alive" if self.gateway.postern("filter", "stats", check=False) else None

    def restart_posternd(self):
        self.gateway.process.wait(10)
        self.gateway.start()


@pytest.fixture(scope="module")
def closed(folder, backend):
    subnet = Subnet("pi")
    settings = subnet_settings(folder / "closed", MANAGEMENT)
    settings["networks"][0]["interface"] = subnet.bridge
    settings["filter_events_per_second"] = 1000000
    gateway = Gateway(folder / "closed", settings, management=MANAGEMENT)
    gateway.made, made = [], None
    try:
        gateway.start()
        made = Closed(gateway.prepare(backend), subnet)
        yield made
    finally:
        if made:
            made.close()
        gateway.stop()
        run(gateway.build / "postern", "down", "--settings", gateway.settings_file, check=False)
        subnet.close()


@pytest.fixture(autouse=True)
def knocking(closed):
    """A denied client knocks during each scenario and until the system is whole again."""
    with closed.denied_client():
        yield
        closed.expect_healed()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "dies"])
def test_the_gateway(closed, how):
    pid = closed.gateway.children("postern-gateway")[0]
    os.kill(pid, how)
    try:
        assert closed.door(DENIED) == ["rst", "rst"]
        closed.change()
        wait_for(closed.is_in_force, "the kernel to heed a policy without the gateway")
    finally:
        if how == signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)


def test_posternd_hangs(closed):
    pid = closed.posternd()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert closed.door(DENIED) == ["rst", "rst"] and closed.door(ALLOWED) == ["syn-ack", "syn-ack"]
        closed.change()
        assert closed.door(DENIED) == ["rst", "rst"]
    finally:
        os.kill(pid, signal.SIGCONT)


def test_posternd_dies(closed):
    """Its successor adopts the filter in force: the same program, and the counters go on."""
    program, denied = closed.program(), closed.counters()["source_denied"]
    closed.gateway.kill("posternd")
    closed.gateway.process.wait(10)
    assert closed.door(DENIED) == ["rst", "rst"] and closed.door(ALLOWED) == ["syn-ack", "syn-ack"]
    closed.change()
    assert closed.door(DENIED) == ["rst", "rst"]
    closed.gateway.start()
    wait_for(closed.is_in_force, "the policy that came meanwhile")
    assert closed.program() == program and closed.counters()["source_denied"] > denied


@pytest.mark.parametrize("threads", [False, True], ids=["at the swap", "at the making of a table"])
def test_posternd_dies_in_a_load(closed, threads):
    """At each call of bpf() that a load makes, until one is reached that no load makes."""
    program, deaths = closed.program(), 0
    for number in itertools.count(1):
        with Tampered(closed.posternd(), "bpf", f"signal=SIGKILL:when={number}", threads=threads):
            closed.change()
        if wait_for(closed.fate_of_posternd, "posternd to die or to answer") == "alive":
            break
        deaths += 1
        assert closed.door(DENIED) == ["rst", "rst"] and closed.door(ALLOWED) == ["syn-ack", "syn-ack"]
        closed.restart_posternd()
        closed.expect_healed()
        assert closed.program() == program
    assert deaths >= 2, deaths


@pytest.mark.parametrize("error", ["ENOSPC", "ENOMEM", "EPERM"])
@pytest.mark.parametrize("threads", [False, True], ids=["at the swap", "at the making of a table"])
def test_the_kernel_refuses(closed, folder, threads, error):
    """ENOSPC is what a full map says. From each call of a load on, all fail; once they no longer do, the load is made good."""
    faults = 0
    for number in itertools.count(1):
        log = folder / f"refusals-{error}-{threads}-{number}"
        with Tampered(closed.posternd(), "bpf", f"error={error}:when={number}+", threads=threads, log=log) as tampered:
            closed.change()
            if "INJECTED" not in tampered.seen():
                break
            faults += 1
            assert closed.door(DENIED) == ["rst", "rst"] and closed.door(ALLOWED) == ["syn-ack", "syn-ack"]
        closed.expect_healed()
    assert faults >= 2 and closed.gateway.process.poll() is None


def test_the_event_buffer_is_full(closed):
    """posternd hangs and reads no events: those that find no room are counted, their packets dropped as ever."""
    talk, before, count = closed.talk(DENIED), closed.stats(), 4 * RING_EVENTS
    frame = talk.frame(TCP, talk.segment(next(PORTS), SYN))
    pid = closed.posternd()
    os.kill(pid, signal.SIGSTOP)
    try:
        let_in = [p for p in talk.exchange(*[frame] * count) if outcome([p]) == "syn-ack"]
        assert let_in == [] and set(closed.door(DENIED)) <= {"rst", "silence"}
    finally:
        os.kill(pid, signal.SIGCONT)
    after = closed.stats()
    assert after["eventsLost"] - before["eventsLost"] >= count - RING_EVENTS - 1000 and after["eventsSent"] > before["eventsSent"]
    wait_for(lambda: closed.stats()["eventsSent"] > after["eventsSent"], "events to find room again")


@pytest.mark.parametrize("call", ["memfd_create", "sendmsg"], ids=["before the table", "with the table in its hands"])
def test_control_dies_between_commit_and_load(closed, call):
    """What it had committed is in force as soon as it is there again."""
    pid = closed.gateway.children("postern-control")[0]
    with Tampered(pid, call, "signal=SIGKILL:when=1"):
        closed.change()
        wait_for(lambda: pid not in closed.gateway.children("postern-control"), "control's end")
        assert closed.door(DENIED) == ["rst", "rst"] and closed.door(ALLOWED) == ["syn-ack", "syn-ack"]


def test_a_table_that_is_shorter_than_told(closed, folder):
    """One record is lost on its way into the memfd. posternd ends a child that sends such a thing, and loads nothing of it."""
    pid = closed.gateway.children("postern-control")[0]
    log = folder / "short"
    with Tampered(pid, "write", "retval=24:when=1", path="/memfd:postern-filter", log=log) as tampered:
        closed.change()
        wait_for(lambda: pid not in closed.gateway.children("postern-control"), "control's end")
        assert "INJECTED" in tampered.seen()
    assert closed.door(DENIED) == ["rst", "rst"] and closed.door(ALLOWED) == ["syn-ack", "syn-ack"]
    assert "are not the sealed table that it announced" in closed.gateway.log.read_text()


def namespaces():
    return {line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines()}


def test_an_endpoint_that_has_no_table_yet(closed, folder):
    """Control stops between making an endpoint and loading its filter: nobody gets in, and no mode or policy of others opens it."""
    gateway, before, made = closed.gateway, namespaces(), []
    pid, client = gateway.children("postern-control")[0], gateway.boto3("ec2")

    def create():
        made.append(client.create_vpc_endpoint(VpcId=VPC, VpcEndpointType="Interface", ServiceName=SERVICE, SubnetIds=[SUBNET],
                                               IpAddressType="dualstack", PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"])

    def knock(host, family):
        talk = closed.talk(host, family)
        there = Talk(talk.wire, talk.source, addresses[family], mac)
        return outcome(there.exchange(there.frame(TCP, there.segment(next(PORTS), SYN))))

    creating = threading.Thread(target=create)
    try:
        with Tampered(pid, "memfd_create", "signal=SIGSTOP:when=1", log=folder / "stopped") as tampered:
            creating.start()
            wait_for(lambda: "stopped by SIGSTOP" in tampered.seen(), "control to stop")
        namespace = (namespaces() - before).pop()
        interface, mac = link(namespace)
        shown = json.loads(run("ip", "-n", namespace, "-j", "address", "show", "dev", interface).stdout)[0]["addr_info"]
        addresses = {"IPv6" if a["family"] == "inet6" else "IPv4": a["local"] for a in shown if a["scope"] == "global"}
        for host, family in itertools.product((ALLOWED, DENIED), FAMILIES):
            assert knock(host, family) == "rst"
        os.kill(pid, signal.SIGCONT)
        creating.join(30)
        stats = gateway.postern("filter", "stats", "--endpoint", made[0])["endpoints"][0]
        assert next(c["packets"] for c in stats["counters"] if c["reason"] == "no_policy") == 4 and stats["generation"] > 0
        assert knock(ALLOWED, "IPv4") == "syn-ack" and knock(DENIED, "IPv4") == "rst"
    finally:
        os.kill(pid, signal.SIGCONT)
        creating.join(30)
        client.delete_vpc_endpoints(VpcEndpointIds=made)
        wait_for(lambda: namespaces() == before, "the endpoint's end")
