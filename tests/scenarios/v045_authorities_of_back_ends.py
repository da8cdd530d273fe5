# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS back ends are vouched for by the system's CAs and, besides, by those of backend_ca_file."""
import pytest

from conftest import Local
from l010_https_back_ends import DOCUMENT, NETWORK_ERROR, TlsPeer, outcome
from lab.appliance import allow
from lab.certificate import Authority
from lab.names import NameServer

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(scope="module")
def authorities(folder):
    place = folder / "v045"
    return {name: Authority(place / name, f"{name} Root") for name in ("system", "company", "stranger")}


@pytest.fixture(scope="module", params=[True, False], ids=["with a file", "without"])
def appliance(request, folder, authorities):
    """Its system, a mount namespace, trusts one authority; the file of the settings, if there is one, names another."""
    names = NameServer()
    names.records = {"good.internal": (60, ["127.0.0.1"])}
    made = Local(folder / f"v045-{request.param}", "127.0.0.1:14582", "127.0.0.1:18482")
    made.start()
    assert made.stop() == 0
    with open(made.state / "settings.yaml", "a") as file:
        file.write(f"name_servers: [\"{names.address}\"]\nworkers: 1\n")
        if request.param:
            file.write(f"backend_ca_file: {authorities['company'].certificate}\n")
    made.command = ["unshare", "--mount", "sh", "-c", f'mount --bind "$0" {BUNDLE} && exec "$@"', authorities["system"].certificate, *made.command]
    made.has_file = request.param
    yield made.start()
    assert made.stop() == 0
    names.close()


@pytest.mark.parametrize("who", ["system", "company", "stranger"])
def test_who_vouches(appliance, authorities, who):
    peer = TlsPeer(*authorities[who].issue("good.internal"))
    api = appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=f"https://good.internal:{peer.port}/x", insecure="false"))
    trusted = who == "system" or (who == "company" and appliance.has_file)
    answer = outcome(appliance.get(api, "/x"))
    assert answer[:2] == (200, "ok") if trusted else answer == NETWORK_ERROR
    peer.close()
