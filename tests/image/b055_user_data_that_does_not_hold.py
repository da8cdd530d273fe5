# SPDX-License-Identifier: GPL-3.0-or-later
"""User-data that is refused, that names no operator, or that is not there any more: what holds then, and what the console says. One
disk, no network: the starts are those of one appliance."""
import subprocess

import pytest

import disk as layout

KEYS = "access_key_id: AKIAPOSTERNGUEST0001\nsecret_access_key: secret-of-this-guest-forty-characters-00\n"
OPEN = 'management: ["0.0.0.0:4566"]\n'


class Starts:
    """Starts of the appliance on `disk`, each with user-data by fw_cfg, with these media, or with nothing."""

    def __init__(self, machine, disk, folder):
        self.machine, self.disk, self.folder, self.kernel = machine, disk, folder, disk.kernel(folder)

    def __call__(self, user_data=None, media=()):
        """(where management listens, what `configure` said)"""
        words = {}
        if user_data is not None:
            words["user-data"] = self.folder / "user-data"
            words["user-data"].write_text(user_data)
        guest = self.machine(self.disk.path, words=words, media=media, kernel=self.kernel)
        at = guest.wait("posternd: ready management=")
        guest.stop()
        said = [line.removeprefix("configure: ") for line in guest.lines[:at] if line.startswith("configure: ")]
        return guest.lines[at - 1].partition("management=")[2].split()[0], said


@pytest.fixture
def start(machine, disk, tmp_path):
    return Starts(machine, disk, tmp_path)


CLOSED = "http://127.0.0.1:4566"


@pytest.mark.full
@pytest.mark.long
def test_what_is_refused_is_said_and_closed(start):
    management, said = start(OPEN + KEYS)
    assert management == "https://0.0.0.0:4566"
    management, said = start("#cloud-config\n" + OPEN + "managment: 1\nregion: 7\n" + KEYS)
    assert management == CLOSED
    assert said[:4] == ["refused: the user-data of fw_cfg:",
                        "  user-data:3:12: managment: there is no such setting; `postern settings` lists them",
                        "  user-data:4:9: region: must be a text: put the number into quotes",
                        "the image's own settings hold: management is closed to the outside"]
    management, said = start(OPEN)
    assert management == CLOSED
    assert said[:2] == ["the settings are the user-data of fw_cfg",
                        "management is closed to the outside: the settings have neither access_key_id with secret_access_key nor "
                        "operator_certificate: add one of them"]
    # A secret is on no console, not even one that was not good.
    assert "secret-of-this-guest" not in "\n".join(said)


@pytest.mark.full
@pytest.mark.long
def test_a_seed_disk_may_be_detached(start, tmp_path):
    management, said = start()
    assert management == CLOSED and said[0].startswith("there is no user-data: give settings by fw_cfg")
    seed = tmp_path / "seed.vfat"
    with open(seed, "wb") as image:
        image.truncate(1 << 20)
    (tmp_path / "on-the-seed").write_text(OPEN + KEYS)
    subprocess.run(["mkfs.vfat", "-n", "cidata", seed], check=True, env=layout.ENVIRONMENT, capture_output=True)
    subprocess.run(["mcopy", "-i", seed, tmp_path / "on-the-seed", "::/user-data"], check=True, env=layout.ENVIRONMENT)
    management, said = start(media=[seed])
    assert management == "https://0.0.0.0:4566"
    assert said[0] == "the settings are the user-data of the volume CIDATA on /dev/sda"
    management, said = start()
    assert management == "https://0.0.0.0:4566"
    assert said[0] == "no source has user-data this time: what held last goes on"
