# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's certificate in user-data: the first start makes an access key and prints it once, for the holder of the certificate's
key alone. Without certificate and key, management is closed."""
import re

import pytest

from guest import two_nics
from lab.network import run


def opened(lines, folder, key, certificate):
    """The access key out of the console's lines, by openssl: (id, secret)."""
    text = "\n".join(re.sub(r"^posternd: ", "", line) for line in lines)
    sealed = re.findall(r"-----BEGIN CMS-----\n.*?\n-----END CMS-----\n", text, re.S)
    assert len(sealed) == 1, text
    (folder / "key.cms").write_text(sealed[0])
    clear = run("openssl", "cms", "-decrypt", "-inform", "PEM", "-in", folder / "key.cms", "-inkey", key, "-recip", certificate).stdout
    return tuple(re.search(rf"{name}\s*=\s*(\S+)", clear)[1] for name in ("aws_access_key_id", "aws_secret_access_key"))


@pytest.mark.full
@pytest.mark.parametrize("kind", [
    pytest.param(("rsa:2048",), id="rsa"),
    pytest.param(("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), id="ec", marks=pytest.mark.long)])
def test_sealed_to_the_operator(guest, subnet, kernel, tmp_path, kind):
    key, certificate = tmp_path / "operator.key", tmp_path / "operator.pem"
    run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key, "-out", certificate, "-days", "30", "-subj", "/CN=operator")
    given = two_nics(subnet)
    del given.settings["access_key_id"], given.settings["secret_access_key"]
    given.settings["operator_certificate"] = certificate.read_text()
    made = guest(given)
    made.start(kernel=kernel)
    given.settings["access_key_id"], given.settings["secret_access_key"] = secrets = opened(made.said, tmp_path, key, certificate)
    assert made.apis() == {}
    assert not made.machine.said(re.escape(secrets[1])), "a secret on the console"
    made.switch_off()
    made.start(kernel=kernel)
    assert not made.machine.said("BEGIN CMS"), "printed twice"
    assert made.apis() == {}


@pytest.mark.full
def test_closed_without_either(guest, subnet, kernel):
    given = two_nics(subnet)
    del given.settings["access_key_id"], given.settings["secret_access_key"]
    made = guest(given)
    machine = made.boot(kernel=kernel)
    machine.wait("init: serving")
    assert machine.said("configure: management is closed to the outside: .* operator_certificate"), machine.tail()
    outcome, _ = made.operator.connect_milliseconds(given.addresses[0], given.PORT)
    assert outcome == "refused"
