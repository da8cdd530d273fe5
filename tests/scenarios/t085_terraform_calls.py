# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that Terraform's AWS provider makes for a private API with all around it, replayed from a log (tests/lab/terraform), as no
provider is on the machine: applied, planned with no changes, changed, planned again, destroyed; and it serves meanwhile."""
import uuid

import pytest

from conftest import SERVICE
from lab.appliance import ACCOUNT, REGION, SUBNET, VPC
from lab.certificate import Authority
from lab.network import wait_for
from lab.terraform import Replay


@pytest.fixture
def replay(gateway, tmp_path):
    run = uuid.uuid4().hex[:8]
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.issue(f"pets.tf-{run}.test")
    arn = gateway.boto3("acm").import_certificate(Certificate=certificate.read_bytes(), PrivateKey=key.read_bytes())["CertificateArn"]
    made = Replay(gateway, run=run, account=ACCOUNT, region=REGION, vpc=VPC, subnet=SUBNET, service=SERVICE, certificate=arn,
                 zone_name=f"tf-{run}.test", domain=f"pets.tf-{run}.test", log_group_arn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:tf-{run}")
    yield made
    gateway.boto3("acm").delete_certificate(CertificateArn=arn)


def color(gateway, subnet, replay):
    """What a client behind the endpoint of the configuration is answered."""
    host = subnet.host("10.20.0.10")
    endpoint = next(e for e in gateway.postern("status")["endpoints"] if e["id"] == replay.known["endpoint"])
    address = next(a for a in endpoint["addresses"] if ":" not in a)
    name = f"{replay.known['api']}-{replay.known['endpoint']}.execute-api.{REGION}.amazonaws.com"

    def asked():
        answer = host.curl(f"https://{name}/prod/pets", resolve=(name, 443, address), ca=gateway.ca)
        return answer.headers["x-color"] if answer.status == 200 and answer.body == '{"pets":[]}' else None
    return wait_for(asked, "an answer", 15)


def test_a_private_api_is_applied_planned_changed_and_destroyed(gateway, subnet, replay):
    replay.apply()
    replay.refresh()
    assert color(gateway, subnet, replay) == "blue"
    replay.change()
    replay.refresh()
    wait_for(lambda: color(gateway, subnet, replay) == "green", "the change to be served", 10)
    replay.destroy()
    assert replay.count > 150
