# SPDX-License-Identifier: GPL-3.0-or-later
"""The management address serves its operator whatever others send it or hold open, and no API leads to it."""
import json
import socket
import time

import pytest

from conftest import Local
from lab.appliance import allow, policy
from lab.network import wait_for
from lab.signed import signed


@pytest.fixture(scope="module")
def appliance(tmp_path_factory):
    made = Local(tmp_path_factory.mktemp("attacked"), "127.0.0.1:14579", "127.0.0.1:18479").start()
    yield made
    assert made.stop() == 0


def connect(appliance):
    host, port = appliance.management.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def exchange(appliance, text):
    """The status line of the answer to raw bytes, "" if the connection just ends."""
    with connect(appliance) as made:
        try:
            made.sendall(text)
            return made.recv(200).split(b"\r\n")[0].decode()
        except ConnectionError:
            return ""


def resident_megabytes(appliance):
    status = open(f"/proc/{appliance.children('postern-control')[0]}/status").read()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def test_connections_that_ask_nothing_keep_nobody_out(appliance):
    held = [connect(appliance) for _ in range(300)]
    started = time.monotonic()
    assert signed(appliance, "GET", "/restapis").status == 200
    assert time.monotonic() - started < 9
    for made in held:
        made.close()


def test_slow_heads_delay_nobody(appliance):
    held = [connect(appliance) for _ in range(100)]
    for made in held:
        made.sendall(b"POST /restapis HTTP/1.1\r\nHost: x\r\n")
    started = time.monotonic()
    assert signed(appliance, "GET", "/restapis").status == 200
    assert time.monotonic() - started < 2
    for made in held:
        made.close()


def test_an_unsigned_body_gets_no_room(appliance):
    before, held = resident_megabytes(appliance), []
    for _ in range(40):
        made = connect(appliance)
        made.sendall(b"POST /restapis HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n")
        held.append(made)
    for made in held:
        assert made.recv(100).startswith(b"HTTP/1.1 403 ")
    for made in held:
        made.settimeout(0.2)
        try:
            made.sendall(b" " * 4_000_000)
        except OSError:
            pass
    assert resident_megabytes(appliance) < before + 40
    for made in held:
        made.close()


@pytest.mark.parametrize("text, status", [
    (b"POST /restapis HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nContent-Length: 10485761\r\n\r\n", "413"),
    (b"POST /restapis HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"),
    (b"POST /restapis HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "400"),
    (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
    (b"GET /restapis HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(3000)) + b"\r\n", "431"),
    (b"\x16\x03\x01\x02\x00\x01\x00" * 20, "400"), (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "400"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
])
def test_odd_requests_are_answered(appliance, text, status):
    assert f" {status} " in exchange(appliance, text)
    assert signed(appliance, "GET", "/restapis").status == 200


def test_what_is_large_but_allowed_takes_its_time_only(appliance):
    started = time.monotonic()
    many = b'{"name":"x","nonsense":[' + b",".join([b"{}"] * 400000) + b"]}"
    made = signed(appliance, "POST", "/restapis", many)
    assert made.status == 201 and time.monotonic() - started < 10
    form = b"Action=DescribeVpcs&" + b"&".join(b"VpcId.%d=vpc-%d" % (i, i) for i in range(1, 4000))
    assert "InvalidVpcID.NotFound" in signed(appliance, "POST", "/", form, service="ec2", headers={"Content-Type": "application/x-www-form-urlencoded"}).body
    assert time.monotonic() - started < 10


def test_xml_documents_expand_nothing(appliance):
    entity = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><CreateHostedZoneRequest><Name>&d;</Name></CreateHostedZoneRequest>'
    for text in (entity, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><CreateHostedZoneRequest/>', "<a>" * 5000):
        answer = signed(appliance, "POST", "/2013-04-01/hostedzone", text, service="route53")
        assert answer.status == 400 and "<Code>InvalidInput</Code>" in answer.body and "root:" not in answer.body


@pytest.mark.parametrize("address", ["127.0.0.1:14579", "localhost:14579", "[::ffff:127.0.0.1]:14579", "0.0.0.0:14579"])
def test_no_api_leads_to_it(appliance, address):
    api = signed(appliance, "POST", "/restapis", {"name": "m", "endpointConfiguration": {"types": ["PRIVATE"]}, "policy": json.dumps(policy(allow()))}).body
    method = f"/restapis/{api['id']}/resources/{api['rootResourceId']}/methods/GET"
    assert signed(appliance, "PUT", method, {"authorizationType": "NONE"}).status == 201
    made = signed(appliance, "PUT", f"{method}/integration", {"type": "HTTP_PROXY", "httpMethod": "GET", "uri": f"http://{address}/metrics"})
    if made.status == 201:
        assert signed(appliance, "POST", f"/restapis/{api['id']}/deployments", {"stageName": "p"}).status == 201
        answer = wait_for(lambda: (a := appliance.get(api["id"], "", stage="p")).status != 403 and a, "the stage")
        assert answer.status >= 500 and "postern" not in answer.body
    assert signed(appliance, "DELETE", f"/restapis/{api['id']}").status == 202
