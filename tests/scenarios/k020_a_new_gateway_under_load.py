# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway is replaced by a new binary (SIGTERM of the old one) under load: it drains, its successor polls the same sockets,
and no request is lost, whether clients keep their connections or make new ones."""
import os
import shutil
import signal

import pytest

from b030_policy_change_under_load import Load
from conftest import Gateway, subnet_settings
from lab.appliance import build_folder
from lab.network import run, wait_for

PROGRAMS = ("postern", "posternd", "postern-gateway", "postern-control", "postern-settings", "libpostern-wolfssl.so")


@pytest.fixture
def installed(folder, subnet, backend):
    """An appliance whose programs are in a folder of its own, as an installation is."""
    place = folder / "installed"
    place.mkdir()
    for name in PROGRAMS:
        shutil.copy2(build_folder() / name, place / name)
    settings = subnet_settings(place, "127.0.0.1:14580")
    settings["networks"][0]["ipv4_pool"] = "10.20.0.140-10.20.0.149"
    settings["networks"][0]["ipv6_pool"] = "fd20:5071:e2::140-fd20:5071:e2::149"
    made = Gateway(place, settings, [place / "postern", "run", "--settings", place / "postern.yaml"], "127.0.0.1:14580")
    made.build, made.made = place, []
    try:
        yield made.start().prepare(backend)
    finally:
        made.stop()
        run(place / "postern", "down", "--settings", made.settings_file, check=False)


def test_no_request_is_lost(installed, subnet):
    api = installed.serve_api()
    client = subnet.host("10.20.0.10")
    loads = [Load(client, installed, api, "--threads", "2"), Load(client, installed, api, "--keep-alive")]
    program = installed.build / "postern-gateway"
    for _ in range(3):
        shutil.copy2(build_folder() / "postern-gateway", program.with_suffix(".new"))
        program.with_suffix(".new").rename(program)
        old = next(pid for pid in map(int, open(f"/proc/{installed.process.pid}/task/{installed.process.pid}/children").read().split())
                   if "postern-gateway" in os.readlink(f"/proc/{pid}/exe"))
        os.kill(old, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f"/proc/{old}"), "the end of the old one")
        new = wait_for(lambda: installed.children("postern-gateway"), "the new one")
        assert os.stat(f"/proc/{new[0]}/exe").st_ino == program.stat().st_ino
        assert installed.get(client, api).status == 200
    for load in loads:
        summary = load.end()
        assert summary["failures"] == {} and summary["statuses"].keys() == {"200"}, summary
        assert summary["statuses"]["200"] > 50 and summary["slowest_ms"] < 5000, summary
