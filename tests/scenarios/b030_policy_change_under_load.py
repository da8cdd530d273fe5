# SPDX-License-Identifier: GPL-3.0-or-later
"""A new policy takes effect at the answered CreateDeployment, and a load that it allows loses nothing."""
import json
import pathlib
import signal
import subprocess

from lab.appliance import allow, deny
from lab.network import wait_for

ALLOWED, DENIED = "10.20.0.10", "10.20.0.66"
LOAD = str(pathlib.Path(__file__).parents[1] / "lab/load.py")


class Load:
    """The load generator against an API's default name, in a host's namespace."""

    def __init__(self, host, gateway, api, *options):
        self.process = host.popen("/usr/bin/python3", LOAD, "--address", gateway.ipv4, "--name", gateway.name_of(api), "--path",
                                  "/prod/pets", "--ca", str(gateway.ca), *options, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "started"

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=60)[0])


def test_policies_change_and_no_allowed_request_is_lost(subnet, gateway):
    allowed, denied = subnet.host(ALLOWED), subnet.host(DENIED)
    left = deny("OnlyLeft", "NotIpAddress", "aws:VpcSourceIp", "10.20.0.0/26", "fd20:5071:e2::/122")
    api = gateway.serve_api(allow(), left)
    loads = [Load(allowed, gateway, api), Load(allowed, gateway, api, "--keep-alive")]
    for _ in range(3):
        gateway.set_policy(api, allow())
        wait_for(lambda: denied.connect_milliseconds(gateway.ipv4, 443, 1.0)[0] == "connected", "the kernel to let it in", 5)
        wait_for(lambda: gateway.get(denied, api).status == 200, "the pipeline to let it in", 5)
        gateway.set_policy(api, allow(), left)
        assert denied.connect_milliseconds(gateway.ipv4, 443, 1.0)[0] == "refused"
    for load in loads:
        summary = load.end()
        assert summary["failures"] == {} and summary["statuses"].keys() == {"200"}, summary
        assert summary["statuses"]["200"] > 50


def test_an_endpoint_policy_acts_at_once(subnet, gateway):
    allowed = subnet.host(ALLOWED)
    api = gateway.serve_api()
    assert gateway.get(allowed, api).status == 200
    closed = {"Statement": [{"Sid": "Closed", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
    gateway.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", gateway.vpce, "--policy-document", json.dumps(closed))
    try:
        assert allowed.connect_milliseconds(gateway.ipv4, 443)[0] == "refused"
        assert gateway.filter_event(ALLOWED, "Closed")["reason"] == "source_denied"
    finally:
        gateway.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", gateway.vpce, "--reset-policy")
    wait_for(lambda: gateway.get(allowed, api).status == 200, "service to be back", 5)
