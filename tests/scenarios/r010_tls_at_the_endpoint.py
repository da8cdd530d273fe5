# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as clients see it: versions, ALPN, the certificate of the name that is asked for, session tickets that do not lead from one
name to another, a renewed certificate that is served at once."""
import re

import pytest

from d020_private_custom_domain import domain, get  # noqa: F401 (a fixture)
from lab.appliance import REGION, allow, policy
from lab.network import wait_for

HOST = "10.20.0.10"
DEFAULT = f"x.execute-api.{REGION}.amazonaws.com"


@pytest.fixture
def s_client(subnet, gateway):
    """s_client(name, …): what openssl says of a handshake and one request."""
    def connect(name, *options, request="GET /ping HTTP/1.1"):
        sni = ["-servername", name] if name else ["-noservername"]
        text = f"{request}\r\nHost: {name or DEFAULT}\r\nConnection: close\r\n\r\n"
        done = subnet.host(HOST).run("openssl", "s_client", "-connect", f"{gateway.ipv4}:443", "-CAfile", gateway.ca, "-ign_eof", *sni, *options,
                                     check=False, input=text, timeout=20)
        return done.stdout + done.stderr
    return connect


@pytest.mark.parametrize("option, said", [([], "Protocol  : TLSv1.3"), (["-tls1_3"], "New, TLSv1.3"), (["-tls1_2"], "New, TLSv1.2")])
def test_versions_that_are_served(s_client, option, said):
    answer = s_client(DEFAULT, *option)
    assert said.split()[-1] in answer and "Verify return code: 0 (ok)" in answer and "HTTP/1.1 200" in answer


@pytest.mark.parametrize("option", ["-tls1_1", "-tls1"])
def test_versions_that_are_not(s_client, option):
    answer = s_client(DEFAULT, option, "-cipher", "ALL:@SECLEVEL=0")
    assert "HTTP/1.1" not in answer and "alert protocol version" in answer, answer


@pytest.mark.parametrize("offered, chosen", [("http/1.1", "ALPN protocol: http/1.1"), ("h2,http/1.1", "ALPN protocol: http/1.1"),
                                             ("spdy/3,http/1.1", "ALPN protocol: http/1.1")])
def test_alpn(s_client, offered, chosen):
    answer = s_client(DEFAULT, "-alpn", offered)
    assert chosen in answer and "HTTP/1.1 200" in answer


def test_a_protocol_that_is_not_spoken(s_client):
    """RFC 7301 3.2: no_application_protocol, rather than an answer in another one."""
    assert "alert no application protocol" in s_client(DEFAULT, "-alpn", "spdy/3")


def test_a_client_without_sni_gets_the_default_certificate(s_client):
    answer = s_client(None)
    assert "Verify return code: 0 (ok)" in answer and "HTTP/1.1 200" in answer


@pytest.mark.parametrize("version", ["-tls1_3", "-tls1_2"])
def test_a_ticket_saves_the_next_handshake(s_client, gateway, tmp_path, version):
    name = 'postern_tls_handshakes_total{result="resumed"}'
    before = gateway.metrics().get(name, 0)
    session = tmp_path / "session"
    assert "New, TLSv1" in s_client(DEFAULT, version, "-sess_out", session)
    again = s_client(DEFAULT, version, "-sess_in", session)
    assert "Reused, TLSv1" in again and "HTTP/1.1 200" in again
    wait_for(lambda: gateway.metrics().get(name, 0) == before + 1, "the resumed handshake in the metrics", 5)


@pytest.mark.parametrize("version", ["-tls1_3", "-tls1_2"])
def test_a_ticket_of_one_name_does_not_open_another(s_client, gateway, authority, domain, tmp_path, version):  # noqa: F811
    """Resuming with another SNI is a new handshake with that name's own certificate (RFC 8446 4.6.1, RFC 6066 3)."""
    api = gateway.serve_api()
    domain("first.r010.internal", api, policy(allow()), "--stage", "prod")
    domain("second.r010.internal", api, policy(allow()), "--stage", "prod")
    session = tmp_path / "session"
    assert "New, TLSv1" in s_client("first.r010.internal", version, "-sess_out", session, request="GET /health HTTP/1.1")
    other = s_client("second.r010.internal", version, "-sess_in", session, request="GET /health HTTP/1.1")
    assert "New, TLSv1" in other and "CN = second.r010.internal" in other and "HTTP/1.1 200" in other, other


def test_a_renewed_certificate_is_served_at_once(subnet, gateway, authority, domain):  # noqa: F811
    api, name = gateway.serve_api(), "renewed.r010.internal"
    made = domain(name, api, policy(allow()), "--stage", "prod")
    host = subnet.host(HOST)

    def serial():
        done = host.run("openssl", "s_client", "-connect", f"{gateway.ipv4}:443", "-servername", name, "-showcerts", input="")
        leaf = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout, re.S).group()
        return host.run("openssl", "x509", "-noout", "-serial", input=leaf).stdout

    before = serial()
    certificate, key = authority.issue(name)
    gateway.aws("acm", "import-certificate", "--certificate-arn", made["certificateArn"], "--certificate", f"fileb://{certificate}", "--private-key",
                f"fileb://{key}", "--certificate-chain", f"fileb://{authority.certificate}")
    wait_for(lambda: serial() != before, "the new certificate", 2)
    assert get(host, gateway, authority, name, "/pets").status == 200
