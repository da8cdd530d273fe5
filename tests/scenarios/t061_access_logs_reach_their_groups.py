# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage whose access log names a log group: its lines become events of that group, whatever happens to the control program or to
the group, and lines without a group are counted."""
import hashlib
import itertools
import json
import subprocess

import pytest

from conftest import follows
from lab.appliance import ACCOUNT, REGION
from lab.calls import bad, patch, refusal
from lab.network import wait_for

GROUP, OTHER = "/t061/access", "/t061/other"
FORMAT = '{"id":"$context.requestId","status":"$context.status","ip":"$context.identity.sourceIp","path":"$context.path"}'
STREAMS = {hashlib.md5(str(worker).encode()).hexdigest() for worker in range(64)}


def arn(group):
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


@pytest.fixture(scope="module")
def logs(local):
    return local.boto3("logs")


@pytest.fixture(scope="module")
def api(local):
    made = local.serve_api("http://127.0.0.1:1")  # of the pet store, /health asks no back end
    yield made
    local.boto3("apigateway").delete_rest_api(restApiId=made)


def set_destination(local, api, destination, format_text=FORMAT):
    local.boto3("apigateway").update_stage(restApiId=api, stageName="prod", patchOperations=[
        *patch("replace", "/accessLogSettings/destinationArn", destination), *patch("replace", "/accessLogSettings/format", format_text)])


@pytest.fixture
def group(local, api, logs):
    logs.create_log_group(logGroupName=GROUP)
    set_destination(local, api, arn(GROUP))
    wait_for(lambda: follows(local.metrics()), "the gateway to follow", 10)
    yield GROUP
    local.boto3("apigateway").update_stage(restApiId=api, stageName="prod", patchOperations=patch("remove", "/accessLogSettings"))
    try:
        logs.delete_log_group(logGroupName=GROUP)
    except logs.exceptions.ResourceNotFoundException:
        pass


def call(local, api, count=1, path="/health"):
    """The ids of `count` requests."""
    return [local.get(api, path).headers["x-amzn-requestid"] for _ in range(count)]


def lines(local, group=GROUP, **more):
    """The lines of a group by their ids. A control program that was killed may have to come back first."""
    def read():
        try:
            return list(itertools.chain.from_iterable(
                page["events"] for page in local.boto3("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **more)))
        except Exception as error:  # noqa: BLE001 (connections end in many ways)
            if "ResourceNotFound" in str(error):
                raise
            return None
    return {json.loads(event["message"])["id"]: event for event in wait_for(lambda: read() or [()], "the log group", 15) if event}


def outcomes(local):
    return {outcome: local.metrics()[f'postern_log_group_lines_total{{outcome="{outcome}"}}'] for outcome in ("stored", "no_group", "lost")}


def test_lines_become_events(local, api, logs, group):
    found, missing = call(local, api), call(local, api, path="/no/such/path")
    events = wait_for(lambda: (seen := lines(local)).keys() >= {*found, *missing} and seen, "the lines", 10)
    line = json.loads(events[found[0]]["message"])
    assert line == {"id": found[0], "status": line["status"], "ip": "127.0.0.1", "path": "/prod/health"}
    assert events[found[0]]["logStreamName"] in STREAMS
    assert {s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]} <= STREAMS
    # By the stock command line, as an operator looks for them.
    pattern = '{ $.status = 403 && $.ip = "127.*" }'
    shown = local.aws("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", pattern)["events"]
    assert missing[0] in {json.loads(event["message"])["id"] for event in shown}
    assert all(json.loads(event["message"])["status"] == "403" for event in shown)


def test_the_access_log_has_them_too(local, api, group):
    wanted, = call(local, api)
    wait_for(lambda: wanted in (local.state / "access.log").read_text(), "the line", 5)


def test_the_command_line_follows(local, api, group, tmp_path):
    output = tmp_path / "tail"
    with open(output, "wb") as file:
        tail = subprocess.Popen(["/usr/bin/aws", "--endpoint-url", local.management, "logs", "tail", group, "--follow", "--since", "1m"],
                                env={**local.environment(), "PYTHONUNBUFFERED": "1"}, stdout=file, stderr=subprocess.STDOUT)
    try:
        first, = call(local, api)
        wait_for(lambda: first in output.read_text(), "the first line", 20)
        second, = call(local, api)
        wait_for(lambda: second in output.read_text(), "a line that came later", 20)
        assert output.read_text().count(first) == 1
    finally:
        tail.terminate()
        tail.wait(10)


def test_no_line_is_lost_while_control_is_killed(local, api, group):
    before, sent = outcomes(local), call(local, api, 20)
    for _ in range(2):
        local.kill("postern-control")
        sent += call(local, api, 40)
    events = wait_for(lambda: (seen := lines(local)).keys() >= set(sent) and seen, "the lines", 20)
    assert len(events) == len(sent)  # none twice
    # A new control program counts from 0.
    assert outcomes(local)["lost"] <= before["lost"]


def test_a_gateway_that_is_killed_leaves_its_lines(local, api, group):
    sent = call(local, api, 20)
    local.kill("postern-gateway")
    wait_for(lambda: len(local.children("postern-gateway")) == 1, "the gateway", 10)
    sent += wait_for(lambda: answered(local, api), "the gateway to answer", 15)
    events = wait_for(lambda: (seen := lines(local)).keys() >= set(sent) and seen, "the lines", 10)
    assert set(sent) <= set(events)


def answered(local, api):
    try:
        return call(local, api)
    except Exception:  # noqa: BLE001 (curl fails in many ways)
        return None


def test_a_group_that_is_deleted_hurts_nobody(local, api, logs, group):
    sent = call(local, api, 5)
    wait_for(lambda: lines(local).keys() >= set(sent), "the lines", 10)
    before = outcomes(local)
    logs.delete_log_group(logGroupName=group)
    assert len(call(local, api, 10)) == 10
    wait_for(lambda: outcomes(local)["no_group"] - before["no_group"] == 10, "the count of lines without a group", 10)
    # Made again, it gets what comes from then on.
    logs.create_log_group(logGroupName=group)
    sent = call(local, api, 3)
    wait_for(lambda: lines(local).keys() == set(sent), "the lines", 10)


def test_a_change_of_destination_acts_without_a_deployment(local, api, logs, group):
    logs.create_log_group(logGroupName=OTHER)
    try:
        first = call(local, api)
        set_destination(local, api, arn(OTHER))
        wait_for(lambda: follows(local.metrics()), "the gateway to follow", 10)
        second = call(local, api)
        wait_for(lambda: lines(local, OTHER).keys() == set(second), "the line", 10)
        assert lines(local).keys() == set(first)
    finally:
        logs.delete_log_group(logGroupName=OTHER)


NAMES = "Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', '.': "


@pytest.mark.parametrize("settings, wanted", [
    ({"destinationArn": f"{arn(GROUP)}:*"}, bad(f"{NAMES}'log-group:{GROUP}:*'")),
    ({"destinationArn": "nonsense"}, bad("Invalid ARN specified in the request")),
    ({"destinationArn": "arn:aws:s3:::bucket"}, bad("Invalid ARN specified in the request")),
    ({"destinationArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/other"},
     bad("Invalid ARN specified in the request")),
    ({"format": "$context.requestId\n$context.status"},
     bad("Access Log format must be single line, new line character is allowed only at end of the format")),
    ({"format": "$context.status"},
     bad("Access Log format must include either $context.requestId or $context.extendedRequestId : '$context.status'")),
    ({"destinationArn": ""}, bad("Access Log value must not be empty")),
])
def test_settings_that_are_refused(local, api, settings, wanted):
    operations = [op for member, value in settings.items() for op in patch("replace", f"/accessLogSettings/{member}", value)]
    assert refusal(local.boto3("apigateway").update_stage, restApiId=api, stageName="prod", patchOperations=operations) == wanted
