# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario may ask for. `gateway` is a whole Postern in the private subnet (root: namespaces, filter); `local` is one
in local mode. Each is started once for the session; a scenario makes an API of its own and leaves the rest alone."""
import json
import pathlib
import string
import sys

import pytest

sys.path[:0] = map(str, pathlib.Path(__file__).resolve().parents[:2])  # scenarios may use one another's helpers, and the lab

from lab.appliance import ACCOUNT, REGION, SUBNET, VPC, ZONE, Appliance, allow, build_folder, policy
from lab.backend import Backend
from lab.certificate import Authority
from lab.network import Subnet, run, wait_for

PREFIX = "ps"
MANAGEMENT, LOCAL_MANAGEMENT, LOCAL_TRAFFIC = "127.0.0.1:14566", "127.0.0.1:14567", "127.0.0.1:18443"
PETSTORE = string.Template((pathlib.Path(__file__).parents[1] / "lab/petstore.yaml").read_text())
SERVICE = f"com.amazonaws.{REGION}.execute-api"


def subnet_settings(folder, management=MANAGEMENT):
    """postern.yaml of an appliance at the bridge of the scenarios' subnet."""
    return {
        "account_id": ACCOUNT, "region": REGION, "workers": 2,
        "state_dir": str(folder / "state"), "run_dir": str(folder / "run"), "log_dir": str(folder / "log"),
        "gateway_uid": 64701, "control_uid": 64702, "group_gid": 64700, "management": [management],
        "networks": [{
            "vpc_id": VPC, "subnet_id": SUBNET, "availability_zone": ZONE,
            "ipv4_prefix": "10.20.0.0/24", "ipv4_pool": "10.20.0.100-10.20.0.119",
            "ipv6_prefix": "fd20:5071:e2::/64", "ipv6_pool": "fd20:5071:e2::100-fd20:5071:e2::11f",
            "attachment": "bridge", "interface": f"{PREFIX}-bridge",
        }],
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("postern")
    for part in (made, *made.parents):
        if str(part).startswith("/tmp/"):
            part.chmod(0o755)
    return made


@pytest.fixture(scope="session")
def subnet():
    made = Subnet(PREFIX)
    yield made
    made.close()


@pytest.fixture(scope="session")
def backend(folder, subnet):
    made = Backend(folder / "backend", PREFIX, network="10.31.0")
    yield made
    made.close()


@pytest.fixture(scope="session")
def authority(folder):
    made = Authority(folder / "authority")
    made.folder.chmod(0o755)
    return made


def serve(appliance, document, statements, stage, **parameters):
    """Import, policy, deployment, as most scenarios begin; by boto3, which takes a tenth of the time that three `aws` take."""
    client = appliance.boto3("apigateway")
    api = client.import_rest_api(body=document.encode(), parameters={"endpointConfigurationTypes": "PRIVATE", **parameters})["id"]
    text = json.dumps(policy(*(statements or [allow()])))
    client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": text}])
    client.create_deployment(restApiId=api, stageName=stage)
    wait_for(lambda: follows(appliance.metrics()), "the gateway to follow", 10)
    return api


def follows(metrics):
    """Does the gateway serve the newest revision of the store?"""
    return metrics["postern_snapshot_revision"] >= metrics["postern_store_revision"]


class Gateway(Appliance):
    """An appliance in the subnet with one endpoint, and what scenarios do with it."""

    def prepare(self, backend):
        self.backend = backend
        made = self.aws("ec2", "create-vpc-endpoint", "--vpc-id", VPC, "--vpc-endpoint-type", "Interface", "--service-name", SERVICE,
                        "--subnet-ids", SUBNET, "--ip-address-type", "dualstack")["VpcEndpoint"]
        self.vpce, self.vpce_name = made["VpcEndpointId"], made["DnsEntries"][0]["DnsName"]
        self.vpce_zone = made["DnsEntries"][0]["HostedZoneId"]
        addresses = next(e for e in self.postern("status")["endpoints"] if e["id"] == self.vpce)["addresses"]
        self.ipv4 = next(a for a in addresses if ":" not in a)
        self.ipv6 = next(a for a in addresses if ":" in a)
        return self

    def serve_api(self, *statements, document=None, stage="prod"):
        """A private API behind the endpoint with that policy, deployed; its id. The default document is the pet store."""
        text = document or PETSTORE.safe_substitute(backend=self.backend.url)
        self.made.append(serve(self, text, statements, stage, endpointConfigurationVpcEndpointIds=self.vpce))
        return self.made[-1]

    def set_policy(self, api, *statements, stage="prod"):
        """The policy of the API is these statements, deployed. By boto3: under load, `aws` takes seconds for a call."""
        client, value = self.boto3("apigateway"), json.dumps(policy(*statements))
        client.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": value}])
        client.create_deployment(restApiId=api, stageName=stage)

    def name_of(self, api):
        return f"{api}-{self.vpce}.execute-api.{REGION}.amazonaws.com"

    def get(self, host, api, path="/pets", *options, address=None, stage="prod"):
        """GET by the default name of the API from `host`."""
        name = self.name_of(api)
        return host.curl(f"https://{name}/{stage}{path}", *options, resolve=(name, 443, address or self.ipv4), ca=self.ca)

    def mode(self, mode):
        self.postern("filter", "mode", self.vpce, mode)

    def filter_event(self, source, sid=None, endpoint=None, seconds=5):
        """The newest event of that source (and of that statement, if `sid` says so): events come a moment after their packets."""
        def newest():
            events = self.postern("filter", "events", "--endpoint", endpoint or self.vpce)["events"]
            return next((e for e in reversed(events) if e["source"] == source and sid in (None, e.get("sid"))), None)
        return wait_for(newest, f"a filter event of {source}", seconds)

    def dropped(self, reason):
        return sum(v for k, v in self.metrics().items()
                   if k.startswith("postern_filter_packets_total") and reason in k and self.vpce in k)


@pytest.fixture(scope="session")
def running_gateway(folder, subnet, backend):
    made = Gateway(folder / "gateway", subnet_settings(folder / "gateway"), management=MANAGEMENT)
    made.made = []
    try:
        made.start()
        yield made.prepare(backend)
    finally:
        made.stop()
        run(made.build / "postern", "down", "--settings", made.settings_file, check=False)


@pytest.fixture
def gateway(running_gateway):
    """The gateway with no API of an earlier scenario and its filter in mode reset."""
    for api in running_gateway.made:
        running_gateway.boto3("apigateway").delete_rest_api(restApiId=api)
    running_gateway.made.clear()
    running_gateway.mode("reset")
    return running_gateway


class Local(Appliance):
    """An appliance in local mode."""

    def __init__(self, folder, management=LOCAL_MANAGEMENT, traffic=LOCAL_TRAFFIC, options=()):
        command = [build_folder() / "postern", "run", "--local", folder / "local", "--management", management, "--traffic", traffic,
                   "--account", ACCOUNT, "--region", REGION, *options]
        super().__init__(folder, None, command, management)
        self.traffic = traffic

    @property
    def state(self):
        return self.folder / "local"

    def serve_api(self, backend_url, *statements, document=None, stage="prod"):
        text = document or PETSTORE.safe_substitute(backend=backend_url)
        return serve(self, text, statements, stage)

    def get(self, api, path="/pets", *options, stage="prod"):
        name = f"{api}.execute-api.{REGION}.amazonaws.com"
        address, port = self.traffic.rsplit(":", 1)
        return Here.curl(f"https://{name}:{port}/{stage}{path}", *options, resolve=(name, port, address), ca=self.ca)


class _Here:
    """This namespace as a host."""
    name = None

    def run(self, *command, **options):
        return run(*command, **options)


from lab.network import Host  # noqa: E402

_Here.curl = Host.curl
_Here.connect_milliseconds = Host.connect_milliseconds
Here = _Here()


@pytest.fixture(scope="session")
def here():
    return Here


@pytest.fixture(scope="session")
def local(folder):
    made = Local(folder / "localmode")
    try:
        yield made.start()
    finally:
        made.stop()
