# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes on trial in a real appliance: the power goes while they are open, and they are taken back all the same, no later than was
asked for. And what a support bundle of the image holds."""
import zipfile

import pytest

from guest import only_from, two_nics
from lab.appliance import CallFailed, allow, deny
from lab.network import wait_for

SECONDS = 100  # for three calls under emulation, with room: a start does not count


@pytest.mark.full
@pytest.mark.long
def test_the_power_goes_while_changes_are_on_trial(guest, subnet):
    made = guest(two_nics(subnet), own_disk=True)
    made.start().attach()
    api = made.serve(allow(), only_from(subnet.allowed))
    made.serves(api)
    begun = made.postern("system", "checkpoint", "--confirm-within", SECONDS)
    assert begun["state"] == "open" and begun["remainingSeconds"] == SECONDS
    made.set_policy(api, allow(), deny("Everyone", "IpAddress", "aws:VpcSourceIp", "0.0.0.0/0", "::/0"))
    made.aws("ec2", "create-security-group", "--group-name", "on-trial", "--description", "x", "--vpc-id",
             made.settings["networks"][0]["vpc_id"])
    made.refuses(subnet.allowed)
    made.cut()
    made.start()
    shown = made.postern("system", "checkpoint", "--show")
    assert shown["state"] == "open" and shown["remainingSeconds"] < SECONDS
    made.refuses(subnet.allowed)
    assert made.machine.said("a checkpoint is open: changes are taken back unless they are confirmed")

    def undone():
        return made.postern("system", "checkpoint", "--show")["state"] == "undone"

    wait_for(undone, "the changes to be taken back", shown["remainingSeconds"] + 20)
    made.serves(api)
    made.refuses(subnet.denied)
    groups = made.aws("ec2", "describe-security-groups")["SecurityGroups"]
    assert [group["GroupName"] for group in groups] == ["default"]
    with pytest.raises(CallFailed, match="No checkpoint is open"):
        made.postern("system", "rollback")

    file = made.folder / "bundle.zip"
    made.postern("system", "support-bundle", file)
    with zipfile.ZipFile(file) as archive:
        members = {name.removeprefix("postern-support/"): archive.read(name) for name in archive.namelist()}
    assert {"about.json", "status.json", "facts.json", "system.json", "audit.json", "metrics.txt", "console.log"} <= members.keys()
    assert b"posternd: " in members["console.log"] and b"RollbackCheckpoint" in members["audit.json"]
    secret = made.credentials()[1].encode()
    assert [name for name, content in members.items() if secret in content] == []
