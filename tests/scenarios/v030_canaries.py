# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: a share of the requests gets the canary's deployment and variables; $context and logs say so."""
import json

import pytest

from lab.appliance import ACCOUNT, REGION
from lab.network import wait_for
from lab.rows import Served, mock, operation

SHOWN = "$stageVariables.testVar|$stageVariables.noStageVar|$stageVariables.defaultVar|$context.isCanaryRequest|"
GROUP = "/v030/access"


def set_response(api, text):
    api.client.update_integration_response(restApiId=api.id, resourceId=api.resource("/x"), httpMethod="GET", statusCode="200", patchOperations=[
        {"op": "replace", "path": "/responseTemplates/application~1json", "value": text}])


@pytest.fixture
def api(local):
    made = Served(local, {"/x": {"get": operation(mock(response="old " + SHOWN))}}, variables={"testVar": "default", "defaultVar": "default"})
    yield made
    made.close()


def canary(api, percent):
    set_response(api, "new " + SHOWN)
    api.client.create_deployment(restApiId=api.id, stageName="prod", canarySettings={
        "percentTraffic": percent, "stageVariableOverrides": {"testVar": "canary", "noStageVar": "canary"}})
    api.follow()


def share(api, percent):
    api.update_stage({"op": "replace", "path": "/canarySettings/percentTraffic", "value": str(percent)})


def test_all_or_nothing(api):
    """As recorded from AWS (test_invoking_canary_deployment)."""
    assert api.get("/x").body == "old default||default||"
    canary(api, 0.0)
    assert {api.get("/x").body for _ in range(10)} == {"old default||default|false|"}
    share(api, 100.0)
    assert {api.get("/x").body for _ in range(10)} == {"new canary|canary|default|true|"}
    api.update_stage({"op": "remove", "path": "/canarySettings"})
    assert api.get("/x").body == "old default||default||"


def test_a_share(api):
    canary(api, 30.0)
    seen = [api.get("/x").body for _ in range(120)]
    both = {"old default||default|false|", "new canary|canary|default|true|"}
    assert set(seen) == both and 12 <= sum(body.startswith("new") for body in seen) <= 66


def test_a_policy_comes_with_the_deployment(local, api):
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}
    local.put_policy(api.id, deny)
    canary(api, 100.0)
    assert api.get("/x").status == 403
    share(api, 0.0)
    assert api.get("/x").status == 200


def test_a_promoted_canary(api):
    canary(api, 0.0)
    api.update_stage({"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
                     {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"}, {"op": "remove", "path": "/canarySettings"})
    assert api.get("/x").body == "new canary|canary|default||"


def test_lines_go_to_both_groups(local, api):
    logs = local.boto3("logs")
    for group in (GROUP, GROUP + "/Canary"):
        logs.create_log_group(logGroupName=group)
    try:
        api.update_stage({"op": "replace", "path": "/accessLogSettings/destinationArn", "value": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"},
                         {"op": "replace", "path": "/accessLogSettings/format", "value": '{"id":"$context.requestId","canary":"$context.isCanaryRequest"}'})

        def lines(group):
            return {(line := json.loads(event["message"]))["id"]: line["canary"]
                    for event in logs.filter_log_events(logGroupName=group)["events"]}

        plain = api.get("/x").headers["x-amzn-requestid"]
        canary(api, 100.0)
        other = api.get("/x").headers["x-amzn-requestid"]
        wait_for(lambda: {plain, other} <= set(lines(GROUP)), "both lines", 15)
        wait_for(lambda: other in lines(GROUP + "/Canary"), "the canary's line", 15)
        assert lines(GROUP) == {plain: "-", other: "true"} and set(lines(GROUP + "/Canary")) == {other}
    finally:
        for group in (GROUP, GROUP + "/Canary"):
            logs.delete_log_group(logGroupName=group)
