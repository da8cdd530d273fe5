# SPDX-License-Identifier: GPL-3.0-or-later
"""A private custom domain with an operator's certificate: served where it is associated, under its base paths, judged by its
own policy as well as the API's."""
import json

import pytest

from lab.appliance import REGION, allow, deny, policy
from lab.backend import PETS

HOST = "10.20.0.10"


def import_certificate(gateway, authority, *names):
    certificate, key = authority.issue(*names)
    return gateway.aws("acm", "import-certificate", "--certificate", f"fileb://{certificate}", "--private-key", f"fileb://{key}",
                       "--certificate-chain", f"fileb://{authority.certificate}")["CertificateArn"]


@pytest.fixture
def domain(gateway, authority):
    """make(name, api, policy, *options) -> the domain as created; removed afterwards."""
    made = []

    def make(name, api, document, *options):
        arn = import_certificate(gateway, authority, name)
        answer = gateway.postern("domain", "create", "--name", name, "--certificate-arn", arn, "--policy", json.dumps(document), "--api",
                                 api, "--endpoint", gateway.vpce, *options)
        made.append((name, answer["domainNameId"]))
        return answer

    yield make
    for name, identifier in made:
        gateway.postern("domain", "delete", name, "--id", identifier)


def get(host, gateway, authority, name, path, *options):
    return host.curl(f"https://{name}{path}", *options, resolve=(name, 443, gateway.ipv4), ca=authority.certificate)


def test_served_with_its_own_certificate(subnet, gateway, authority, domain):
    api, host = gateway.serve_api(), subnet.host(HOST)
    domain("api.d020.internal", api, policy(allow()), "--stage", "prod")
    answer = get(host, gateway, authority, "api.d020.internal", "/pets")
    assert (answer.error, answer.status, answer.body) == (0, 200, PETS)
    assert get(host, gateway, authority, "other.d020.internal", "/pets").error == 60  # the default certificate, not trusted here


def test_base_path_and_stage_in_the_path(subnet, gateway, authority, domain):
    api, host = gateway.serve_api(), subnet.host(HOST)
    domain("base.d020.internal", api, policy(allow()), "--base-path", "shop")
    assert get(host, gateway, authority, "base.d020.internal", "/shop/prod/pets").body == PETS
    assert get(host, gateway, authority, "base.d020.internal", "/prod/pets").body == '{"message":"Forbidden"}'


def test_the_domains_policy_decides_too(subnet, gateway, authority, domain):
    api, host = gateway.serve_api(), subnet.host(HOST)
    domain("closed.d020.internal", api, policy(allow(), deny("NotHere", "StringEquals", "aws:SourceVpce", gateway.vpce)), "--stage", "prod")
    answer = get(host, gateway, authority, "closed.d020.internal", "/pets")
    assert answer.status == 403 and answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert gateway.get(host, api).status == 200


def test_a_certificate_that_does_not_fit_is_refused(gateway, authority):
    api = gateway.serve_api()
    arn = import_certificate(gateway, authority, "fits.d020.internal")
    before = gateway.postern("domain", "list")
    with pytest.raises(RuntimeError, match="(?i)certificate"):
        gateway.postern("domain", "create", "--name", "another.d020.internal", "--certificate-arn", arn, "--api", api)
    assert gateway.postern("domain", "list") == before
