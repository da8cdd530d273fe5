# SPDX-License-Identifier: GPL-3.0-or-later
"""The same user-data and network-config from everywhere that an appliance looks: volumes, the kernel's command line, a cloud's
metadata service. (By fw_cfg they come in most other tests.)"""
import base64
import shutil
import subprocess

import pytest

import disk as layout
from guest import one_nic, two_nics


def volume(folder, files, kind):
    """A NoCloud volume with these files."""
    path = folder / f"seed.{kind}"
    if kind == "iso":
        staged = folder / "seed"
        staged.mkdir()
        for name, file in files.items():
            shutil.copy(file, staged / name)
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-volid", "CIDATA", "-joliet", "-rock", "-output", path, staged], check=True)
        return path
    with open(path, "wb") as image:
        image.truncate(1 << 20)
    subprocess.run(["mkfs.vfat", "-n", "CIDATA", path], check=True, env=layout.ENVIRONMENT, capture_output=True)
    for name, file in files.items():
        subprocess.run(["mcopy", "-i", path, file, f"::/{name}"], check=True, env=layout.ENVIRONMENT)
    return path


@pytest.mark.full
@pytest.mark.parametrize("kind", ["vfat", "iso"])
def test_a_volume(guest, subnet, kernel, tmp_path, kind):
    made = guest(two_nics(subnet))
    made.start(words={}, media=[volume(tmp_path, made.words, kind)], kernel=kernel)
    assert made.machine.said("configure: the settings are the user-data of .*CIDATA"), made.machine.tail()
    assert made.apis() == {}


@pytest.mark.full
def test_the_command_line(guest, subnet, kernel):
    made = guest(two_nics(subnet))
    kernel, initrd, options = kernel
    for name in ("user-data", "network-config"):
        options += f" postern.{name}={base64.urlsafe_b64encode(made.words[name].read_bytes()).decode()}"
    made.start(words={}, kernel=(kernel, initrd, options))
    assert made.machine.said("configure: the settings are the user-data of the kernel's command line"), made.machine.tail()
    assert made.apis() == {}


@pytest.mark.full
def test_a_cloud(guest, subnet, kernel):
    """Addresses by DHCP, DHCPv6 and router advertisement, settings from the metadata service, one NIC whose MAC address is its only
    one: nothing is given to the machine itself."""
    given = one_nic(subnet, attachment="ipvlan")
    given.settings["management"] = [f"0.0.0.0:{given.PORT}", f"[::]:{given.PORT}"]
    made = guest(given, kernel=kernel, extra=["-smbios", "type=1,manufacturer=Amazon EC2"])
    with subnet.dhcp(given.where, (given.nics[0][1], *given.addresses)), subnet.metadata(given.where, "works", made.words["user-data"]):
        made.start(words={})
        assert made.machine.said("configure: the settings are the user-data of EC2's metadata service"), made.machine.tail()
        api = made.attach().serve()
        made.serves(api)
        # Over IPv6 as well: the address is DHCPv6's.
        made.management = f"https://[{given.addresses[1]}]:{given.PORT}"
        made.clients.clear()
        assert list(made.apis()) == [api]
