# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a policy is put in force, the operator learns which of the clients that were seen it would cut off or let in."""
import json
import subprocess

import pytest

from d020_private_custom_domain import domain, get as get_by_domain  # noqa: F401
from lab.appliance import allow, deny, policy
from lab.network import wait_for
from v010_explain_a_past_request import explain

HERE, OTHER = "10.20.0.10", "10.20.0.66"
FUTURE = "2099-01-01T00:00:00Z"


class Impact:
    def __init__(self, appliance, api, new, *options, text=None):
        self.file = file = appliance.folder / "new-policy.json"
        file.write_text(text if text is not None else json.dumps(new))
        self.command = [str(appliance.build / "postern"), "policy", "impact", "-" if "-" in options else str(file), "--api", api,
                        *(o for o in options if o != "-")]
        self.environment = {**appliance.environment(), "POSTERN_ENDPOINT": appliance.management}
        done = self.run("--json")
        self.status, self.errors = done.returncode, done.stderr
        self.answer = json.loads(done.stdout.splitlines()[0]) if done.stdout.strip() else None

    def run(self, *options):
        with open(self.file, "rb") as stdin:
            return subprocess.run([*self.command, *options], stdin=stdin, capture_output=True, text=True, env=self.environment)

    def clients(self):
        return {(c["source"], c["method"], c["resource"]): c for c in self.answer["clients"]}

    def text(self):
        return self.run().stdout


def seen(appliance, api, count):
    """Wait until so many requests to the API are in the record: any policy that denies all cuts those off that were allowed."""
    closed = policy(deny("All", "StringLike", "aws:SourceVpce", "*"))

    def requests():
        return sum(c["count"] for c in Impact(appliance, api, closed).answer["clients"]) >= count
    wait_for(requests, f"{count} requests in the record")


def test_cut_off_let_in_and_nothing(local, backend):
    api = local.serve_api(backend.url, allow(), {**deny("NoHealth", "StringLike", "aws:SourceVpce", "*"),
                                                 "Resource": "execute-api:/prod/GET/health"})
    for path in ("/pets", "/pets", "/pets/2", "/health"):
        local.get(api, path)
    wait_for(lambda: Impact(local, api, policy(allow())).answer["summary"]["clients"] == 3, "three clients in the record")

    nothing = Impact(local, api, policy(allow(), {**deny("Renamed", "StringLike", "aws:SourceVpce", "vpce-*"),
                                                  "Resource": "execute-api:/prod/GET/health"}))
    assert (nothing.status, nothing.answer["clients"]) == (0, []) and nothing.answer["summary"]["unchanged"] == 3

    made = Impact(local, api, policy(allow(Resource=["execute-api:/prod/GET/pets", "execute-api:/prod/GET/health"])), "-")
    assert made.status == 1
    clients = made.clients()
    assert {k[1:]: c["change"] for k, c in clients.items()} == {("GET", "/pets/{petId}"): "cutOff", ("GET", "/health"): "letIn"}
    cut, let = clients["127.0.0.1", "GET", "/pets/{petId}"], clients["127.0.0.1", "GET", "/health"]
    assert (cut["samplePath"], cut["count"], cut["principal"], cut["stage"]) == ("/pets/2", 1, "anonymous", "prod")
    assert cut["before"] == {"verdict": "Allow", "by": "resource", "statement": 0}
    assert cut["after"]["verdict"] == "ImplicitDeny"
    assert let["before"] == {"verdict": "ExplicitDeny", "by": "resource", "statement": 1, "sid": "NoHealth"}
    assert (let["after"]["verdict"], let["deniedCount"], let["allowedCount"]) == ("Allow", 1, 0)
    text = made.text()
    assert "cut off: 127.0.0.1, anonymous, GET /pets/{petId} of stage prod" in text
    assert "before  ExplicitDeny by resource, statement 1 (NoHealth)" in text
    assert "1 cut off, 1 let in, 0 depend, 1 unchanged" in text and "postern filter events" in text


def test_what_the_record_does_not_hold_is_not_guessed(local, backend):
    api = local.serve_api(backend.url)
    local.get(api, "/pets/2")
    seen(local, api, 1)
    for statement, key in (
            (deny("Later", "DateGreaterThan", "aws:CurrentTime", FUTURE), "aws:CurrentTime"),
            (deny("Agent", "StringLike", "aws:UserAgent", "curl*"), "aws:UserAgent"),
            (deny("Referer", "Null", "aws:Referer", "true"), "aws:Referer"),
            ({**deny("OnePet", "StringLike", "aws:SourceVpce", "*"), "Resource": "execute-api:/prod/GET/pets/3"}, "Resource")):
        made = Impact(local, api, policy(allow(), statement))
        assert made.status == 1, statement
        [client] = made.answer["clients"]
        assert (client["change"], client["dependsOn"], client["mayBeCutOff"], client["mayBeLetIn"]) == ("depends", [key], True, False)
        assert f"depends on {key}" in made.text()


def test_what_can_not_be_asked(local, backend):
    api = local.serve_api(backend.url)
    bad = Impact(local, api, None, text='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",\n'
                 '"Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/33"}}}]}')
    assert bad.status == 2 and bad.answer["findings"][0]["rule"] == "bad_cidr" and bad.answer["findings"][0]["line"] == 2
    assert Impact(local, "nosuchapi0", policy(allow())).status == 2
    assert Impact(local, api, policy(allow()), "--hours", "0").status == 2
    assert Impact(local, api, policy(allow()), "--hours", "1000000").status == 2
    unseen = Impact(local, api, policy(allow()), "--hours", "1")
    assert (unseen.status, unseen.answer["summary"]["clients"]) == (0, 0)


def test_counts_go_on_after_kill_of_the_gateway(local, backend):
    api = local.serve_api(backend.url)
    for _ in range(3):
        local.get(api)
    seen(local, api, 3)
    local.kill("postern-gateway")
    wait_for(lambda: local.get(api).status == 200, "the gateway's successor", 15)
    seen(local, api, 4)
    [client] = Impact(local, api, policy(deny("All", "StringLike", "aws:SourceVpce", "*"))).answer["clients"]
    assert client["count"] >= 4 and client["firstSeen"] < client["lastSeen"]


def test_a_damaged_record_is_begun_anew(local, backend):
    api = local.serve_api(backend.url)
    local.get(api)
    seen(local, api, 1)
    with open(local.state / "clients.record", "r+b") as record:
        record.write(b"damage" * 10)
    made = Impact(local, api, policy(allow()))
    assert made.status == 2 and "has not begun its record of clients" in made.errors
    assert local.get(api).status == 200
    local.kill("postern-gateway")
    wait_for(lambda: local.get(api).status == 200, "the gateway's successor", 15)
    seen(local, api, 1)
    made = Impact(local, api, policy(allow()))
    assert made.status == 0 and any("begun within the hours" in note for note in made.answer["notes"])


def test_clients_of_the_subnet(subnet, gateway):
    """Two hosts by both families and as many workers as there are: each is told by its address, prefix by prefix."""
    here, other = subnet.host(HERE), subnet.host(OTHER)
    api = gateway.serve_api(allow())
    for _ in range(4):
        for host in (here, other):
            assert gateway.get(host, api).status == 200
    assert gateway.get(here, api, address=gateway.ipv6).status == 200
    seen(gateway, api, 9)
    made = Impact(gateway, api, policy(allow(), deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", "10.20.0.0/26", "fd20:5071:e2::/64")))
    assert made.status == 1 and made.answer["summary"] | {"notListed": 0} == {
        "clients": 3, "cutOff": 1, "letIn": 0, "depends": 0, "unchanged": 2, "gone": 0, "notListed": 0}
    [client] = made.answer["clients"]
    assert (client["source"], client["endpoint"], client["count"], client["after"]["sid"]) == (OTHER, gateway.vpce, 4, "OnlyLeft")
    made = Impact(gateway, api, policy(allow(Condition={"IpAddress": {"aws:VpcSourceIp": "10.20.0.0/24"}})))
    assert [c["source"] for c in made.answer["clients"]] == [here.addresses[1]]


def test_by_a_private_custom_domain(subnet, gateway, authority, domain):  # noqa: F811
    """Denied by the domain's policy: no policy of the API lets such a client in; the explanation says who said no."""
    host, name = subnet.host(HERE), "v020.internal"
    api = gateway.serve_api(allow())
    domain(name, api, policy(allow(), deny("NotHere", "StringEquals", "aws:SourceVpce", gateway.vpce)), "--stage", "prod")
    answer = wait_for(lambda: (a := get_by_domain(host, gateway, authority, name, "/pets")).status == 403 and a, "the domain")
    made = explain(gateway, answer)
    assert made["decision"] == {"verdict": "ExplicitDeny", "by": "domain", "statement": 1}
    assert made["domainArn"].split("/domainnames/")[1].startswith(f"{name}+")
    assert made["explanation"]["by"] == "domain"
    assert [p["policy"] for p in made["explanation"]["policies"]][-1] == "policy"
    assert next(p for p in made["explanation"]["policies"] if p["policy"] == "domainPolicy")["verdict"] == "ExplicitDeny"
    assert gateway.get(host, api).status == 200
    seen(gateway, api, 1)
    made = Impact(gateway, api, policy(deny("All", "StringLike", "aws:SourceVpce", "*")))
    assert [c.get("domainArn") for c in made.answer["clients"]] == [None] and made.answer["summary"]["unchanged"] == 1


@pytest.mark.parametrize("part", ["impact", "explain"])
def test_help(local, part):
    done = subprocess.run([local.build / "postern", "policy", part, "--help"], capture_output=True, text=True, check=True)
    assert ("--api ID" if part == "impact" else "--request ID") in done.stdout
