# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of postern-control at random instants of random changes: whatever was answered is there afterwards, what was under way is
there wholly or not at all. POSTERN_KILLS says how often (make fuzz: 1,000)."""
import os
import random
import signal
import threading

import pytest
from botocore.exceptions import BotoCoreError, ConnectionClosedError

from conftest import Local
from lab.ledger import Ledger, read_back
from lab.network import wait_for

KILLS = int(os.environ.get("POSTERN_KILLS", "50"))
# Longer than the longest change takes, from the first that is begun.
LATEST_SECONDS = 0.15


@pytest.fixture
def mortal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mortal")
    folder.chmod(0o755)
    made = Local(folder, management="127.0.0.1:14580", traffic="127.0.0.1:18480")
    try:
        yield made.start()
    finally:
        made.stop()


def write_until_killed(appliance, ledger, clients, seconds):
    """Changes one after the other; control is killed `seconds` after the first began."""
    pid, = wait_for(lambda: appliance.children("postern-control"), "control", 20)
    timer = threading.Timer(seconds, os.kill, [pid, signal.SIGKILL])
    timer.start()
    try:
        while timer.is_alive():
            ledger.write(*clients)
    except BotoCoreError:
        pass  # A call without an answer. One that is refused (ClientError) fails the test.
    finally:
        timer.join()
    wait_for(lambda: pid not in appliance.children("postern-control"), "its end", 20)


def found_after(clients):
    """What the successor knows. Each client may hold one connection that ended with the process before."""
    for _ in clients:
        try:
            return read_back(*clients)
        except ConnectionClosedError:
            pass
    return read_back(*clients)


def test_answered_changes_are_kept(mortal):
    seed = int(os.environ.get("POSTERN_SEED", random.randrange(1 << 32)))
    dice, ids = random.Random(seed), {}
    clients = mortal.boto3("apigateway"), mortal.boto3("ec2"), ids
    ledger = Ledger(dice, clients[1].describe_vpcs()["Vpcs"][0]["VpcId"])
    for kill in range(KILLS):
        write_until_killed(mortal, ledger, clients, dice.uniform(0, LATEST_SECONDS))
        ledger.settle(found_after(clients), f"seed {seed}, kill {kill}: {ledger.answered} changes were answered")
    assert ledger.answered >= KILLS
    print(f"{KILLS} kills, {ledger.answered} answered changes, seed {seed}")
