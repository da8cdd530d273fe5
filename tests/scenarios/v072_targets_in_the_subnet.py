# SPDX-License-Identifier: GPL-3.0-or-later
"""Private integrations of an appliance with namespaces and sandboxes: what no back end may be is no target either; with
`backend_from: endpoint` targets are called and checked from the endpoint's address; TestInvokeMethod calls a target too."""
import collections
import json

import pytest

from conftest import follows
from j020_back_ends_from_the_endpoint import SUBNETS, VPCS, Endpoint, far, nothing_else, place, running  # noqa: F401: fixtures
from lab.appliance import SUBNET, VPC
from lab.backend import PETS
from lab.network import wait_for
from lab.targets import Balancing

Target = collections.namedtuple("Target", "address port")
DOCUMENT = """
openapi: "3.0.1"
info: {{title: private, version: "1"}}
paths:
  /pets:
    get:
      responses: {{"200": {{description: pets}}}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: GET, uri: "http://pets.internal/pets", connectionType: VPC_LINK, connectionId: "{link}"}}
"""


def linked(balancing, *targets, **wanted):
    """A group with these targets behind a link: both."""
    group, balancer = balancing.group("subnet", *targets, **wanted), balancing.balancer("subnet")
    balancing.listener(balancer, group)
    return group, balancing.link(balancer)


@pytest.fixture
def balancing(gateway):
    made = Balancing(gateway, "v072", VPC, SUBNET)
    yield made
    for api in gateway.made:
        gateway.boto3("apigateway").delete_rest_api(restApiId=api)
    gateway.made.clear()
    made.close()


def test_what_is_no_back_end_is_no_target(gateway, subnet, backend, balancing):
    good, bad = Target(backend.address, backend.port), Target("127.0.0.1", 22)
    group, link = linked(balancing, good, bad, HealthCheckProtocol="HTTP", HealthCheckPath="/pets")
    api, client = gateway.serve_api(document=DOCUMENT.format(link=link)), subnet.host("10.20.0.10")
    balancing.wait(group, p8080="healthy", p22="unhealthy")
    assert balancing.health(group)[22] == ("unhealthy", "Target.FailedHealthChecks")
    for _ in range(4):
        answer = gateway.get(client, api)
        assert (answer.status, answer.body) == (200, PETS)
    balancing.deregister(group, good)
    wait_for(lambda: follows(gateway.metrics()), "the gateway to follow", 10)
    assert gateway.get(client, api).status == 504


def test_a_private_integration_is_tried(gateway, backend, balancing):
    group, link = linked(balancing, Target(backend.address, backend.port))
    api = gateway.serve_api(document=DOCUMENT.format(link=link))
    client = gateway.boto3("apigateway")
    resource = next(r["id"] for r in client.get_resources(restApiId=api)["items"] if r["path"] == "/pets")
    got = client.test_invoke_method(restApiId=api, resourceId=resource, httpMethod="GET")
    assert (got["status"], json.loads(got["body"])) == (200, json.loads(PETS))
    assert "Sending request to http://pets.internal/pets" in got["log"]
    client.update_integration(restApiId=api, resourceId=resource, httpMethod="GET", patchOperations=[
        {"op": "replace", "path": "/connectionId", "value": "${stageVariables.link}"}])
    got = client.test_invoke_method(restApiId=api, resourceId=resource, httpMethod="GET", stageVariables={"link": link})
    assert got["status"] == 200
    assert client.test_invoke_method(restApiId=api, resourceId=resource, httpMethod="GET")["status"] == 500


def test_targets_are_called_and_checked_from_the_endpoint(running, far):  # noqa: F811
    endpoint = Endpoint(running, far, "bridge")
    balancing = Balancing(running, "v072", VPCS["bridge"], SUBNETS["bridge"])
    back_end = far["bridge"].back_end
    group, link = linked(balancing, Target(back_end.addresses[0], 8080), Target(endpoint.ipv4, 443), HealthCheckProtocol="HTTP", HealthCheckPath="/pets")
    # The endpoint itself is no target.
    balancing.wait(group, p8080="healthy", p443="unhealthy")
    running.vpce = endpoint.id
    api = running.serve_api(document=DOCUMENT.format(link=link))
    name = running.name_of(api)
    answer = far["bridge"].client.curl(f"https://{name}/prod/pets", resolve=(name, 443, endpoint.ipv4), ca=running.ca)
    assert (answer.status, answer.body) == (200, PETS)
    assert set(far["bridge"].callers()) == {endpoint.ipv4}
    # It goes while its targets are checked: nothing is checked from elsewhere, and what was known stays.
    running.boto3("apigateway").delete_rest_api(restApiId=api)
    running.made.clear()
    endpoint.delete()
    count = len(far["bridge"].callers())
    other = Endpoint(running, far, "macvlan")
    assert balancing.health(group)[8080][0] in ("healthy", "unhealthy")
    assert running.boto3("elbv2").describe_target_groups()["TargetGroups"]
    assert set(far["bridge"].callers()[count:]) <= {endpoint.ipv4}
    balancing.close()
    other.delete()
    assert running.metrics()["postern_gateway_starts_total"] == 1
