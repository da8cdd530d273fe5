# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes on trial: what is not confirmed in time is taken back, by the kernel filter, the endpoints and the gateway alike; what
is confirmed stays; and neither a kill -9 nor a restart of everything changes that."""
import concurrent.futures
import random

import pytest

from conftest import SERVICE
from lab.appliance import SUBNET, VPC, CallFailed, allow, deny, policy
from lab.backend import PETS
from lab.network import run, wait_for

CLIENT = "10.20.0.10"
LOCKED_OUT = deny("Everyone", "IpAddress", "aws:VpcSourceIp", "0.0.0.0/0", "::/0")


@pytest.fixture
def on_trial(gateway):
    """The gateway; whatever a test leaves open is ended."""
    yield gateway
    if gateway.postern("system", "checkpoint", "--show")["state"] == "open":
        gateway.postern("system", "confirm")


def state(gateway):
    return gateway.postern("system", "checkpoint", "--show")["state"]


def answered_state(gateway):
    """The state, or None while the management address does not answer."""
    try:
        return state(gateway)
    except CallFailed:
        return None


def lock_out(gateway, api):
    """As an operator does it, with aws."""
    gateway.put_policy(api, policy(allow(), LOCKED_OUT))
    gateway.deploy(api)


def test_who_locks_the_clients_out_is_forgiven(subnet, on_trial):
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    begun = on_trial.postern("system", "checkpoint", "--confirm-within", "10")
    assert begun["state"] == "open" and begun["principal"].startswith("arn:aws:iam::")
    lock_out(on_trial, api)
    assert client.connect_milliseconds(on_trial.ipv4, 443)[0] == "refused"
    assert client.connect_milliseconds(on_trial.ipv6, 443)[0] == "refused"
    wait_for(lambda: client.connect_milliseconds(on_trial.ipv4, 443)[0] == "connected", "the former policy", 15)
    wait_for(lambda: on_trial.get(client, api).body == PETS, "an answer", 5)
    assert client.connect_milliseconds(on_trial.ipv6, 443)[0] == "connected"
    ended = on_trial.postern("system", "checkpoint", "--show")
    assert ended["state"] == "undone" and ended["reason"] == "it was not confirmed in time" and ended["records"] > 0
    line = next(e for e in reversed(on_trial.postern("audit")["events"]) if e["operation"] == "RollbackCheckpoint")
    assert line["principal"] == "postern" and line["reason"] == "not confirmed within 10 s" and line["status"] == 200
    # The deployment of the former policy is the stage's again, and the later one is gone.
    stage = on_trial.aws("apigateway", "get-stage", "--rest-api-id", api, "--stage-name", "prod")
    deployments = on_trial.aws("apigateway", "get-deployments", "--rest-api-id", api)["items"]
    assert [d["id"] for d in deployments] == [stage["deploymentId"]]


def test_what_is_confirmed_stays(subnet, on_trial):
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    on_trial.postern("system", "checkpoint", "--confirm-within", "10")
    with pytest.raises(CallFailed, match="open already"):
        on_trial.postern("system", "checkpoint")
    lock_out(on_trial, api)
    assert on_trial.postern("status")["checkpoint"]["state"] == "open"
    assert on_trial.postern("system", "confirm")["state"] == "confirmed"
    with pytest.raises(CallFailed, match="No checkpoint is open"):
        on_trial.postern("system", "rollback")
    assert client.connect_milliseconds(on_trial.ipv4, 443)[0] == "refused"


def test_all_that_was_made_and_deleted(subnet, on_trial, authority):
    """An endpoint, a security group, a certificate, a domain, a zone that were made are gone; those that were deleted serve."""
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    # with a group of its own in the place of the default one
    group = on_trial.aws("ec2", "create-security-group", "--group-name", "kept", "--description", "kept", "--vpc-id", VPC)["GroupId"]
    on_trial.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr",
                 "10.20.0.0/24")
    endpoint = on_trial.aws("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name", SERVICE,
                            "--subnet-ids", SUBNET, "--no-private-dns-enabled", "--security-group-ids", group)["VpcEndpoint"]["VpcEndpointId"]
    address = next(e for e in on_trial.postern("status")["endpoints"] if e["id"] == endpoint)["addresses"][0]
    wait_for(lambda: on_trial.get(client, api, address=address).status in (200, 403), "the second endpoint", 10)
    before = on_trial.get(client, api, address=address).status

    on_trial.postern("system", "checkpoint", "--confirm-within", "600")
    on_trial.aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", "10.20.0.0/24")
    assert client.connect_milliseconds(address, 443)[0] != "connected"
    on_trial.aws("ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)
    wait_for(lambda: f"postern-{endpoint}" not in run("ip", "netns", "list").stdout, "the endpoint to go", 10)
    on_trial.aws("ec2", "delete-security-group", "--group-id", group)
    other = on_trial.aws("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name", SERVICE,
                         "--subnet-ids", SUBNET, "--no-private-dns-enabled")["VpcEndpoint"]["VpcEndpointId"]
    certificate, key = authority.issue("trial.example.com")
    arn = on_trial.aws("acm", "import-certificate", "--certificate", f"fileb://{certificate}", "--private-key", f"fileb://{key}")["CertificateArn"]
    on_trial.postern("domain", "create", "--name", "trial.example.com", "--certificate-arn", arn)
    on_trial.aws("route53", "create-hosted-zone", "--name", "trial.example.com", "--caller-reference", "s010", "--vpc",
                 f"VPCRegion=us-east-1,VPCId={VPC}")
    on_trial.aws("apigateway", "delete-rest-api", "--rest-api-id", api)

    undone = on_trial.postern("system", "rollback")
    assert undone["state"] == "undone" and undone["reason"] == "it was asked for"
    status = on_trial.postern("status")
    assert {e["id"] for e in status["endpoints"]} == {endpoint, on_trial.vpce}
    assert next(e for e in status["endpoints"] if e["id"] == endpoint)["addresses"] == [address]
    assert on_trial.aws("acm", "list-certificates")["CertificateSummaryList"] == []
    assert on_trial.aws("apigateway", "get-domain-names")["items"] == []
    assert on_trial.aws("route53", "list-hosted-zones")["HostedZones"] == []
    listed = run("ip", "netns", "list").stdout
    assert f"postern-{endpoint}" in listed and f"postern-{other}" not in listed
    wait_for(lambda: on_trial.get(client, api, address=address).status == before, "the endpoint that was deleted", 10)
    assert on_trial.get(client, api).body == PETS
    on_trial.aws("ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)
    on_trial.aws("ec2", "delete-security-group", "--group-id", group)


def test_interfaces_of_an_endpoint_come_back(subnet, on_trial):
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    on_trial.postern("system", "checkpoint", "--confirm-within", "600")
    on_trial.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", on_trial.vpce, "--ip-address-type", "ipv4")
    assert client.connect_milliseconds(on_trial.ipv6, 443, 1.0)[0] != "connected"
    on_trial.postern("system", "rollback")
    wait_for(lambda: on_trial.get(client, api, address=on_trial.ipv6).body == PETS, "the IPv6 address", 10)
    assert on_trial.get(client, api).body == PETS


def test_control_is_killed_around_the_deadline(subnet, on_trial):
    """Again and again from a second before until it is taken back, so that a kill falls into every step."""
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    on_trial.postern("system", "checkpoint", "--confirm-within", "10")
    lock_out(on_trial, api)
    wait_for(lambda: on_trial.postern("system", "checkpoint", "--show").get("remainingSeconds", 0) <= 1, "the last second", 15)
    killed = 0
    while killed < 6:
        pid = wait_for(lambda: on_trial.children("postern-control"), "a control program", 15)[0]
        wait_for(lambda: answered_state(on_trial) or on_trial.children("postern-control") != [pid], "an answer", 15)
        if killed < 6 and on_trial.children("postern-control") == [pid]:
            on_trial.kill("postern-control")
        killed += 1
    wait_for(lambda: answered_state(on_trial) == "undone", "the changes to be taken back", 30)
    wait_for(lambda: on_trial.get(client, api).body == PETS, "an answer", 10)


def test_control_is_killed_while_it_takes_back(subnet, on_trial):
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    chance = random.Random(5)
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        for _ in range(4):
            on_trial.postern("system", "checkpoint", "--confirm-within", "600")
            lock_out(on_trial, api)
            call = other.submit(on_trial.postern, "system", "rollback", check=False)
            concurrent.futures.wait([call], timeout=chance.uniform(0, 0.06))
            on_trial.kill("postern-control")
            call.result()
            left = wait_for(lambda: answered_state(on_trial), "a successor", 20)
            assert left in ("open", "undone")
            if left == "open":
                on_trial.postern("system", "rollback")
            wait_for(lambda: on_trial.get(client, api).body == PETS, "an answer", 10)


def test_a_restart_does_not_stop_the_clock(subnet, on_trial):
    client, api = subnet.host(CLIENT), on_trial.serve_api()
    on_trial.postern("system", "checkpoint", "--confirm-within", "20")
    lock_out(on_trial, api)
    assert on_trial.stop() == 0
    on_trial.start()
    shown = wait_for(lambda: on_trial.postern("system", "checkpoint", "--show"), "an answer", 20)
    assert shown["state"] == "open" and shown["remainingSeconds"] < 20
    assert client.connect_milliseconds(on_trial.ipv4, 443)[0] == "refused"
    wait_for(lambda: answered_state(on_trial) == "undone", "the changes to be taken back", 25)
    wait_for(lambda: on_trial.get(client, api).body == PETS, "an answer", 10)
