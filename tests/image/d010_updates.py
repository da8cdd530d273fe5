# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed update is written into the other slot and tried there. It stays once it has served; one with a kernel, a posternd or a gateway
that is broken ends on the slot before, and everybody can read why."""
import pytest

from conftest import MEMORY_MB
from guest import two_nics
from updates import GOOD_SECONDS, Update, broken_kernel, ends_at_once, postern
from lab.appliance import allow
from lab.network import run

pytestmark = pytest.mark.full

GOOD = r"system: good: slot {}, "
NEW = "99.1"


def serving(guest, subnet, **options):
    """An appliance that serves a policy to a client, and is good."""
    made = guest(two_nics(subnet), **options).start().attach()
    api = made.serve(allow())
    made.serves(api)
    made.machine.wait(GOOD.format("a"))
    return made, api


def settled(made):
    """What the operator reads, once the start is good."""
    state = made.postern("system", "status")
    assert state["good"] and not state["onTrial"], state
    return state


def test_broken_ones_end_on_the_slot_before_and_a_good_one_stays(guest, subnet, tmp_path):
    made, api = serving(guest, subnet)
    ends_on_the_slot_before(made, api, broken_in_the_kernel(tmp_path), "slot b used up its tries")
    ends_on_the_slot_before(made, api, Update(tmp_path / "update", NEW, change_root=ends_at_once("posternd")),
                            "slot b was not good within 10 s: nothing was heard of the control program")
    ends_on_the_slot_before(made, api, Update(tmp_path / "update", NEW, change_root=ends_at_once("postern-gateway")),
                            "slot b was not good within 10 s: the gateway is not ready")
    stays(made, api, Update(tmp_path / "update", NEW, trial_seconds=GOOD_SECONDS))


@pytest.mark.long
def test_under_uefi(guest, subnet, tmp_path):
    made, api = serving(guest, subnet, firmware="uefi", memory_mb=MEMORY_MB["uefi"])
    ends_on_the_slot_before(made, api, broken_in_the_kernel(tmp_path), "slot b used up its tries")
    stays(made, api, Update(tmp_path / "update", NEW, trial_seconds=GOOD_SECONDS))


def broken_in_the_kernel(folder):
    return Update(folder / "update", NEW, change_boot=broken_kernel)


def stays(made, api, update):
    assert settled(made)["version"] != NEW
    state = postern(made, "system", "update", update.file)
    assert (state["version"], state["slot"]) == (NEW, "b") and state["lastUpdate"] == f"{NEW} is installed"
    assert made.machine.said(f"system: version {NEW} is on trial in slot b")
    made.serves(api)
    words = made.disk.words()
    assert words == {"slot": "b", "tries": "3"}, words
    begun = len(made.machine.lines)
    postern(made, "system", "restart")
    made.machine.wait(GOOD.format("b"), begun)
    made.serves(api)


def ends_on_the_slot_before(made, api, update, why):
    version = settled(made)["version"]
    begun = len(made.machine.lines)
    answer = postern(made, "system", "update", update.file, "--wait", "900")
    assert answer["error"] == f"version {version} runs: {NEW} failed: {why}"
    at = begun
    for left in (2, 1, 0):
        at = made.machine.wait(f"postern: slot b, tries left {left}", at)
    at = made.machine.wait(f"init: slot a was started because {why}", at)
    made.machine.wait(GOOD.format("a"), at)
    made.serves(api)
    state = settled(made)
    assert (state["version"], state["slot"], state["otherSlot"]) == (version, "a", "unusable")
    assert state["lastUpdate"] == f"{NEW} failed: {why}" and state["startedBecause"] == why
    assert made.disk.words() == {"slot": "a", "tries": "3", "unusable": "b"}


@pytest.mark.long
def test_what_is_not_ours_is_refused(guest, subnet, tmp_path):
    """Signed by another key, changed after it was signed, cut off, older: nothing of it reaches the other slot."""
    other_key = tmp_path / "other.pem"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", other_key)
    good = Update(tmp_path / "update", NEW)
    made, api = serving(guest, subnet)
    slot = made.disk.read("boot-b", 0, 1 << 20)

    def error(content):
        file = tmp_path / "hostile.update"
        file.write_bytes(content)
        return postern(made, "system", "update", file)["error"]

    content = good.file.read_bytes()
    foreign = Update(tmp_path / "foreign", NEW, key=other_key).file.read_bytes()
    assert "its signature is not by the key that this image trusts" in error(foreign)
    changed = bytearray(content)
    changed[100] ^= 1
    assert "its signature is not by the key that this image trusts" in error(bytes(changed))
    assert "it is not complete" in error(content[:-4096])
    assert "is no update file" in error(b"POSTUPD0" + content[8:])
    assert "is no update file" in error(b"")
    older = Update(tmp_path / "older", "0.0.1").file.read_bytes()
    assert "--allow-older installs it" in error(older)
    assert made.disk.read("boot-b", 0, 1 << 20) == slot
    assert made.disk.words() == {"slot": "a", "tries": "3"}
    # A chunk that is another one is refused before it is written.
    changed = bytearray(content)
    changed[-1_500_000] ^= 1
    assert "is not what the update's head says: the file is damaged" in error(bytes(changed))
    assert made.disk.words() == {"slot": "a", "tries": "3", "unusable": "b"}
    state = settled(made)
    assert state["slot"] == "a"
    made.serves(api)
