# SPDX-License-Identifier: GPL-3.0-or-later
"""Access log lines of an endpoint's clients reach their log group where gateway and control are users of their own, in a sandbox."""
import pytest

from conftest import follows
from lab.appliance import ACCOUNT, REGION, allow
from lab.calls import patch
from lab.network import wait_for

CLIENT, GROUP = "10.20.0.10", "/t063"
FORMAT = "$context.requestId $context.identity.sourceIp $context.identity.vpceId $context.status"


@pytest.fixture
def logs(gateway):
    client = gateway.boto3("logs")
    client.create_log_group(logGroupName=GROUP)
    yield client
    client.delete_log_group(logGroupName=GROUP)


def test_lines_of_an_endpoint(subnet, gateway, logs):
    api = gateway.serve_api(allow())
    gateway.boto3("apigateway").update_stage(restApiId=api, stageName="prod", patchOperations=[
        *patch("replace", "/accessLogSettings/destinationArn", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"),
        *patch("replace", "/accessLogSettings/format", FORMAT)])
    wait_for(lambda: follows(gateway.metrics()), "the gateway to follow", 10)
    wanted = gateway.get(subnet.host(CLIENT), api).headers["x-amzn-requestid"]

    def line():
        events = logs.filter_log_events(logGroupName=GROUP, filterPattern=f'"{wanted}"')["events"]
        return events and events[0]["message"]

    assert wait_for(line, "the line", 10) == f"{wanted} {CLIENT} {gateway.vpce} 200"


def test_who_may_read_the_files(gateway):
    """lines.record is root's, for the group to read; events are control's, for nobody but the group."""
    record, events = gateway.state / "lines.record", gateway.state / "logs.db"
    settings = gateway.settings
    assert (record.stat().st_uid, record.stat().st_gid, record.stat().st_mode & 0o777) == (0, settings["group_gid"], 0o640)
    assert (events.stat().st_uid, events.stat().st_mode & 0o777) == (settings["control_uid"], 0o640)
