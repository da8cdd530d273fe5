# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint's DNS answers for hosted zones, for the endpoint's own names and for the private names of APIs, over UDP and
TCP; what is not its own it refuses; garbage does not disturb it."""
import json
import socket
import struct

import pytest

from lab.appliance import REGION, VPC
from lab.network import wait_for

HOST = "10.20.0.10"


def dig(host, server, name, kind, *options):
    text = host.run("dig", "+tries=1", "+time=3", *options, f"@{server}", name, kind, check=False).stdout
    status = next((l.split("status: ")[1].split(",")[0] for l in text.splitlines() if "status:" in l), None)
    answer = [l.split() for l in text.splitlines() if l and not l.startswith(";")]
    return status, [fields[-1] for fields in answer if len(fields) >= 5 and fields[3] == kind]


@pytest.fixture
def zone(gateway):
    made = gateway.aws("route53", "create-hosted-zone", "--name", "lab.internal", "--caller-reference", "c010", "--vpc",
                       f"VPCRegion={REGION},VPCId={VPC}", "--hosted-zone-config", "PrivateZone=true")["HostedZone"]["Id"]
    target = {"HostedZoneId": gateway.vpce_zone, "DNSName": gateway.vpce_name, "EvaluateTargetHealth": False}
    sets = [{"Name": "api.lab.internal", "Type": kind, "AliasTarget": target} for kind in ("A", "AAAA")]
    sets.append({"Name": "text.lab.internal", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"hello there"'}]})
    sets.append({"Name": "www.lab.internal", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "api.lab.internal"}]})

    def change(action):
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": s} for s in sets]}
        gateway.aws("route53", "change-resource-record-sets", "--hosted-zone-id", made, "--change-batch", json.dumps(changes))

    change("CREATE")
    yield made
    change("DELETE")
    gateway.aws("route53", "delete-hosted-zone", "--id", made)


def test_an_alias_resolves_to_the_endpoint(subnet, gateway, zone):
    host = subnet.host(HOST)
    wait_for(lambda: dig(host, gateway.ipv4, "api.lab.internal", "A")[1], "the alias")
    for server in (gateway.ipv4, gateway.ipv6):
        for transport in ("+notcp", "+tcp"):
            assert dig(host, server, "api.lab.internal", "A", transport) == ("NOERROR", [gateway.ipv4])
            assert dig(host, server, "API.Lab.Internal", "AAAA", transport) == ("NOERROR", [gateway.ipv6])
    assert dig(host, gateway.ipv4, "text.lab.internal", "TXT")[0] == "NOERROR"
    assert dig(host, gateway.ipv4, "api.lab.internal", "MX") == ("NOERROR", [])
    assert dig(host, gateway.ipv4, "nosuch.lab.internal", "A") == ("NXDOMAIN", [])
    assert gateway.ipv4 in dig(host, gateway.ipv4, "www.lab.internal", "A")[1]


def test_the_names_of_endpoint_and_apis(subnet, gateway):
    host, api = subnet.host(HOST), gateway.serve_api()
    wait_for(lambda: dig(host, gateway.ipv4, gateway.name_of(api), "A")[1] == [gateway.ipv4], "the alias name of the API")
    assert dig(host, gateway.ipv4, gateway.vpce_name, "A") == ("NOERROR", [gateway.ipv4])
    assert dig(host, gateway.ipv4, f"{api}.execute-api.{REGION}.amazonaws.com", "AAAA") == ("NOERROR", [gateway.ipv6])


def test_what_is_not_its_own_is_refused(subnet, gateway):
    for name in ("example.com", "amazonaws.com", "."):
        assert dig(subnet.host(HOST), gateway.ipv4, name, "A")[0] == "REFUSED"


def test_garbage_is_answered_or_dropped_and_service_goes_on(subnet, gateway):
    host = subnet.host(HOST)
    program = (
        "import os,socket,sys\n"
        "u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.settimeout(0.2)\n"
        "for size in list(range(0,64))+[511,512,513,1500]:\n"
        " u.sendto(os.urandom(size),(sys.argv[1],53))\n"
        "t=socket.create_connection((sys.argv[1],53),timeout=3)\n"
        "t.sendall(b'\\xff\\xff'+os.urandom(100)); t.close()\n")
    host.run("/usr/bin/python3", "-c", program, gateway.ipv4)
    assert dig(host, gateway.ipv4, gateway.vpce_name, "A") == ("NOERROR", [gateway.ipv4])
