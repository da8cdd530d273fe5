# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS back ends are vouched for by the system's CAs and, besides, by those of backend_ca_file."""
import json
import subprocess

import pytest

from conftest import Local
from l010_https_back_ends import DOCUMENT, NETWORK_ERROR, TlsPeer, outcome
from lab.appliance import allow, build_folder
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


@pytest.mark.parametrize("text, reason", [(None, "No such file or directory"), ("no certificate\n", "not certificates in PEM")], ids=["missing", "no PEM"])
def test_a_file_that_can_not_be_used_is_told_and_left_out(folder, authorities, text, reason):
    file = folder / "v045-bad.pem"
    file.unlink(missing_ok=True)
    if text:
        file.write_text(text)
    names = NameServer()
    names.records = {"good.internal": (60, ["127.0.0.1"])}
    made = Local(folder / f"v045-bad-{bool(text)}", "127.0.0.1:14583", "127.0.0.1:18483")
    made.start()
    assert made.stop() == 0
    with open(made.state / "settings.yaml", "a") as settings:
        settings.write(f"name_servers: [\"{names.address}\"]\nworkers: 1\nbackend_ca_file: {file}\n")
    checked = subprocess.run([build_folder() / "postern", "doctor", "--local", "--settings", made.state / "settings.yaml", "--json"], capture_output=True, text=True)
    found = {check["check"]: check for check in json.loads(checked.stdout)["checks"]}["backend_ca_file"]
    assert found["status"] == "missing" and found["found"] == f"{file}: {reason}" and "PEM" in found["remedy"]
    checked = subprocess.run([build_folder() / "postern", "settings", "--check", made.state / "settings.yaml"], capture_output=True, text=True)
    assert (checked.returncode, f"backend_ca_file: {file}: not certificates in PEM" in checked.stderr) == ((1, True) if text else (0, False))
    made.command = ["unshare", "--mount", "sh", "-c", f'mount --bind "$0" {BUNDLE} && exec "$@"', authorities["system"].certificate, *made.command]
    made.start()
    peer = TlsPeer(*authorities["system"].issue("good.internal"))
    api = made.serve_api(None, allow(), document=DOCUMENT.format(uri=f"https://good.internal:{peer.port}/x", insecure="false"))
    assert outcome(made.get(api, "/x"))[:2] == (200, "ok")
    lines = [json.loads(line) for line in made.log.read_text().splitlines() if line.startswith("{")]
    said = [line for line in lines if line["message"].startswith("backend_ca_file can't be used")]
    assert [(line["level"], line["path"], line["reason"]) for line in said] == [("error", str(file), reason)]
    assert made.stop() == 0
    peer.close()
    names.close()


@pytest.mark.parametrize("who", ["system", "company", "stranger"])
def test_who_vouches(appliance, authorities, who):
    peer = TlsPeer(*authorities[who].issue("good.internal"))
    api = appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=f"https://good.internal:{peer.port}/x", insecure="false"))
    trusted = who == "system" or (who == "company" and appliance.has_file)
    answer = outcome(appliance.get(api, "/x"))
    assert answer[:2] == (200, "ok") if trusted else answer == NETWORK_ERROR
    peer.close()
