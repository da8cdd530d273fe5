# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes at random moments while an operator changes things: whatever was answered is there at the next start. What was under
way is there wholly or not at all.

The machine is killed, with the host's cache out of the way (cache=none). These starts go past the boot loader: what is tested is the
data partition, and half of a start under emulation is the loader's; it has cuts of its own in the tests of updates and in b010."""
import random
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from guest import two_nics
from lab.appliance import VPC
from lab.ledger import Ledger, read_back

CUTS, DISKS = 50, 2
# After the first write: longer than the longest of them takes.
CUT_LATEST_SECONDS = 1.2


def write_until_cut(made, ledger, clients, after_seconds):
    """Changes one after the other; the power goes `after_seconds` after the first began."""
    def cut():
        made.machine.process.kill()
        made.machine.process.wait()
        # Nobody is there to end its connections.
        made.operator.run("ss", "-K", "dst", made.given.addresses[0], check=False)

    timer = threading.Timer(after_seconds, cut)
    timer.start()
    try:
        while made.machine.process.poll() is None:
            ledger.write(*clients)
    except ClientError:
        raise
    except BotoCoreError:
        pass
    finally:
        timer.join()


@pytest.mark.full
@pytest.mark.parametrize("number", range(DISKS))
def test_what_was_answered_is_there(guest, subnet, kernel, number):
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    made, ledger, ids = guest(two_nics(subnet), cache="none"), Ledger(dice, VPC), {}
    for cut in range(CUTS // DISKS + 1):
        made.start(kernel=kernel)
        with made.from_operator():
            clients = made.boto3("apigateway"), made.boto3("ec2"), ids
            found = read_back(*clients)
            told = f"seed {seed}, cut {cut}: {ledger.answered} changes were answered"
            ledger.settle(found, told)
            if cut < CUTS // DISKS:
                write_until_cut(made, ledger, clients, dice.uniform(0, CUT_LATEST_SECONDS))
        made.cut()
    assert ledger.answered >= CUTS // DISKS
