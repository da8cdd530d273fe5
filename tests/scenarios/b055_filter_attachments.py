# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets of b050 and the resets of b051 at endpoints that are attached in the other two ways: a macvlan on a NIC, a whole NIC."""
import pytest

from b050_filter_packets import ALLOWED, DENIED, EACH, PORTS, Filtered, outcome
from b051_filter_resets import DRESSED, FAMILIES, check_reset
from conftest import Gateway, subnet_settings
from j010_attachments import nic
from lab.network import Subnet, run
from lab.packets import SYN, TCP

MANAGEMENT = "127.0.0.1:14598"


@pytest.fixture(scope="module", params=["macvlan", "nic"])
def attached(request, folder, backend):
    name = f"attached-{request.param}"
    subnet = Subnet("pv")
    nic(subnet, "pv-nic")
    settings = subnet_settings(folder / name, MANAGEMENT)
    settings["networks"][0] |= {"attachment": request.param, "interface": "pv-nic"}
    gateway = Gateway(folder / name, settings, management=MANAGEMENT)
    gateway.made, made = [], None
    try:
        gateway.start()
        made = Filtered(gateway.prepare(backend), subnet, "pv-nic-port")
        yield made
    finally:
        if made:
            made.close()
        gateway.stop()
        run(gateway.build / "postern", "down", "--settings", gateway.settings_file, check=False)
        run("ip", "link", "delete", "pv-nic", check=False)
        subnet.close()


@pytest.mark.parametrize("family, case", EACH)
def test_packets(attached, family, case):
    for host, reasons, answer in ((ALLOWED, case.allowed, case.answer), (DENIED, case.denied, case.reset if case.denied else case.answer)):
        talk = attached.talk(host, family)
        answers, counted = attached.send(talk, *case.build(talk, next(PORTS)), wire=attached.port if case.behind_bridge else None)
        assert (counted, outcome(answers)) == (reasons, answer), (host, answers)


@pytest.mark.parametrize("family", FAMILIES)
def test_resets(attached, family):
    for dress in DRESSED.values():
        if ("options" if family == "IPv6" else "extensions") not in dress:
            talk = attached.talk(DENIED, family)
            answers, _ = attached.send(talk, talk.frame(TCP, talk.segment(next(PORTS), SYN), **dress))
            assert len(answers) == 1 and answers[0].tags == dress.get("tags", [])
            check_reset(talk, answers[0])
