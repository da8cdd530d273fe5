# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups, streams and events by the stock clients: made, described, filled, read, filtered, refused as CloudWatch Logs does."""
import json
import re
import time

import pytest

from lab.appliance import ACCOUNT, REGION
from lab.calls import members, refusal
from lab.network import wait_for
from lab.signed import signed

GROUP = "/t060/group"
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
HOUR, DAY = 3600_000, 86_400_000


def now():
    return int(time.time() * 1000)


def invalid(message):
    return 400, "InvalidParameterException", message


def violated(value, member, constraint):
    return invalid(f"1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}")


NO_GROUP = (400, "ResourceNotFoundException", "The specified log group does not exist.")
NO_STREAM = (400, "ResourceNotFoundException", "The specified log stream does not exist.")
NO_TOKEN = invalid("The specified nextToken is invalid.")


def logs_call(local, operation, **members):
    """A call that the stock client's model does not know; its answer."""
    answer = signed(local, "POST", "/", members, service="logs", headers={"X-Amz-Target": f"Logs_20140328.{operation}"})
    assert answer.status == 200, answer
    return answer.body


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("logs")


@pytest.fixture
def make(client):
    """Make groups that are gone afterwards."""
    made = []

    def one(name=GROUP, **wanted):
        made.append(name)
        client.create_log_group(logGroupName=name, **wanted)
        return name
    yield one
    for name in made:
        client.delete_log_group(logGroupName=name)


@pytest.fixture
def group(make, client):
    """A group with the streams a (ten events, a second apart) and b (one event between them)."""
    name, start = make(), now() - HOUR
    for stream, events in (("a", [(start + 1000 * i, f"line {i}") for i in range(10)]), ("b", [(start + 4500, "between")])):
        client.create_log_stream(logGroupName=name, logStreamName=stream)
        client.put_log_events(logGroupName=name, logStreamName=stream, logEvents=[{"timestamp": t, "message": m} for t, m in events])
    return start


def messages(answer):
    return [event["message"] for event in answer["events"]]


# -- groups -------------------------------------------------------------------------------------------------------------------

def test_a_group(client, make):
    before = now()
    make(tags={"team": "red"})
    shown, = client.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert before - 1000 <= shown.pop("creationTime") <= now() + 1000
    shown.pop("logGroupArn", None), shown.pop("logGroupClass", None)  # newer clients know them
    assert shown == {"logGroupName": GROUP, "arn": f"{ARN}{GROUP}:*", "storedBytes": 0, "metricFilterCount": 0}
    assert refusal(client.create_log_group, logGroupName=GROUP) == (
        400, "ResourceAlreadyExistsException", "The specified log group already exists")
    client.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    assert client.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"] == 7
    client.delete_retention_policy(logGroupName=GROUP)
    assert "retentionInDays" not in client.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]


def test_a_group_that_is_made_again_is_empty(client, group):
    client.delete_log_group(logGroupName=GROUP)
    assert refusal(client.filter_log_events, logGroupName=GROUP) == NO_GROUP
    client.create_log_group(logGroupName=GROUP)
    assert client.describe_log_streams(logGroupName=GROUP)["logStreams"] == []
    assert client.filter_log_events(logGroupName=GROUP)["events"] == []


def test_groups_in_pages(client, make):
    names = [make(f"/t060/pages/{i}") for i in range(5)]
    seen = [g["logGroupName"] for page in client.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="/t060/pages/", PaginationConfig={"PageSize": 2}) for g in page["logGroups"]]
    assert seen == names


def test_groups_by_prefix_and_pattern(client, local, make):
    make("/t060/one"), make("/t060/two")
    assert [g["logGroupName"] for g in client.describe_log_groups(logGroupNamePattern="60/t")["logGroups"]] == ["/t060/two"]
    assert refusal(client.describe_log_groups, logGroupNamePattern="t", logGroupNamePrefix="t") == invalid(
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    # What this client's model does not know yet.
    newer = logs_call(local, "DescribeLogGroups", logGroupIdentifiers=["/t060/one", f"{ARN}/t060/two:*", "/none", "arn:aws:s3:::x"])
    assert [(g["logGroupName"], g["logGroupClass"], g["logGroupArn"]) for g in newer["logGroups"]] == [
        (name, "STANDARD", ARN + name) for name in ("/t060/one", "/t060/two")]
    assert logs_call(local, "DescribeLogGroups", logGroupClass="DELIVERY")["logGroups"] == []


def test_a_protected_group_stays(client, local, make):
    make()
    for protected in (True, False):
        assert logs_call(local, "PutLogGroupDeletionProtection", logGroupIdentifier=GROUP, deletionProtectionEnabled=protected) == ""
        if protected:
            assert refusal(client.delete_log_group, logGroupName=GROUP)[1] == "ValidationException"
    assert refusal(client.delete_log_group, logGroupName="none") == NO_GROUP


def test_tags_by_both_operations(client, make):
    arn = f"{ARN}{make(tags={'a': '1'})}"
    client.tag_log_group(logGroupName=GROUP, tags={"b": "2"})
    client.tag_resource(resourceArn=arn, tags={"a": "3", "c": "4"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "3", "b": "2", "c": "4"}
    client.untag_log_group(logGroupName=GROUP, tags=["b", "nothing"])
    client.untag_resource(resourceArn=f"{arn}:*", tagKeys=["c"])
    assert client.list_tags_log_group(logGroupName=GROUP)["tags"] == {"a": "3"}
    assert refusal(client.tag_resource, resourceArn=arn, tags={f"k{i}": "" for i in range(50)}) == (
        400, "TooManyTagsException", "A resource can have no more than 50 tags.")
    assert refusal(client.tag_log_group, logGroupName=GROUP, tags={"aws:x": "1"}) == invalid("Invalid tag: aws:x")
    assert refusal(client.list_tags_for_resource, resourceArn=f"{ARN}/none") == NO_GROUP


RETENTION = "[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]"
PATTERN = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"


@pytest.mark.parametrize("call, parameters, wanted", [
    ("create_log_group", {"logGroupName": "a b"}, violated("'a b'", "logGroupName", PATTERN)),
    ("create_log_group", {"logGroupName": "x" * 513}, violated(f"'{'x' * 513}'", "logGroupName", "Member must have length less than or equal to 512")),
    ("delete_log_group", {"logGroupName": "none"}, NO_GROUP),
    ("describe_log_groups", {"limit": 51}, violated("'51'", "limit", "Member must have value less than or equal to 50")),
    ("put_retention_policy", {"logGroupName": GROUP, "retentionInDays": 2},
     violated("'2'", "retentionInDays", f"Member must satisfy enum value set: {RETENTION}")),
    ("put_retention_policy", {"logGroupName": "none", "retentionInDays": 1}, NO_GROUP),
    ("delete_retention_policy", {"logGroupName": "none"}, NO_GROUP),
    ("create_log_stream", {"logGroupName": "none", "logStreamName": "s"}, NO_GROUP),
    ("create_log_stream", {"logGroupName": GROUP, "logStreamName": "a"},
     (400, "ResourceAlreadyExistsException", "The specified log stream already exists")),
    ("create_log_stream", {"logGroupName": GROUP, "logStreamName": "a:b"},
     violated("'a:b'", "logStreamName", "Member must satisfy regular expression pattern: [^:*]*")),
    ("delete_log_stream", {"logGroupName": GROUP, "logStreamName": "none"}, NO_STREAM),
    ("describe_log_streams", {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"},
     invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")),
    ("describe_log_streams", {"logGroupName": GROUP, "orderBy": "Size"},
     violated("'Size'", "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]")),
    ("describe_log_streams", {"logGroupName": GROUP, "orderBy": "LastEventTime", "nextToken": "none"}, NO_TOKEN),
    ("put_log_events", {"logGroupName": GROUP, "logStreamName": "none", "logEvents": [{"timestamp": 1, "message": "m"}]}, NO_STREAM),
    ("put_log_events", {"logGroupName": GROUP, "logStreamName": "a", "logEvents": [{"timestamp": 2, "message": "m"}, {"timestamp": 1, "message": "m"}]},
     invalid("Log events in a single PutLogEvents request must be in chronological order.")),
    ("put_log_events", {"logGroupName": GROUP, "logStreamName": "a", "logEvents": [{"timestamp": 1, "message": "m"}, {"timestamp": DAY + 2, "message": "m"}]},
     invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")),
    ("put_log_events", {"logGroupName": GROUP, "logStreamName": "a", "logEvents": [{"timestamp": 1, "message": "x" * 262_119}]},
     invalid("Log event too large: 262145 bytes exceeds limit of 262144")),
    ("put_log_events", {"logGroupName": GROUP, "logStreamName": "a", "logEvents": [{"timestamp": 1, "message": "x" * 209_690}] * 5},
     invalid("Upload too large: 1048580 bytes exceeds limit of 1048576")),
    ("get_log_events", {"logGroupName": GROUP, "logStreamName": "none"}, NO_STREAM),
    ("get_log_events", {"logGroupName": GROUP, "logStreamName": "a", "nextToken": "f/12"}, NO_TOKEN),
    ("get_log_events", {"logGroupName": GROUP, "logStreamName": "a", "limit": 10_001},
     violated("'10001'", "limit", "Member must have value less than or equal to 10000")),
    ("filter_log_events", {"logGroupName": "none"}, NO_GROUP),
    ("filter_log_events", {"logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "a"},
     invalid("logStreamNames and logStreamNamePrefix cannot be specified at the same time.")),
    ("filter_log_events", {"logGroupName": GROUP, "logStreamNames": ["a", "none"]}, NO_STREAM),
    ("filter_log_events", {"logGroupName": GROUP, "filterPattern": "a-b"}, invalid("Invalid character(s) in term 'a-b'")),
    ("filter_log_events", {"logGroupName": GROUP, "filterPattern": "{ $.a = }"}, invalid("Invalid filter pattern: a comparison has no value")),
    ("filter_log_events", {"logGroupName": GROUP, "nextToken": "x"}, NO_TOKEN),
    ("filter_log_events", {"logGroupName": GROUP, "startTime": 2, "endTime": 1}, invalid("endTime must be greater than or equal to startTime")),
])
def test_refused(client, group, call, parameters, wanted):
    assert refusal(getattr(client, call), **parameters) == wanted


# -- streams and events ---------------------------------------------------------------------------------------------------------

def test_streams(client, group):
    a, b = client.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert (a["firstEventTimestamp"], a["lastEventTimestamp"]) == (group, group + 9000)
    assert abs(a["lastIngestionTime"] - now()) < HOUR and a["arn"] == f"{ARN}{GROUP}:log-stream:a" and a["storedBytes"] == 0
    assert b["logStreamName"] == "b"
    latest = client.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True, limit=1)
    assert latest["logStreams"][0]["logStreamName"] == "a"
    rest = client.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True, nextToken=latest["nextToken"])
    assert [s["logStreamName"] for s in rest["logStreams"]] == ["b"]
    token = client.describe_log_streams(logGroupName=GROUP, limit=1)["nextToken"]
    client.delete_log_stream(logGroupName=GROUP, logStreamName="a")
    for more in ({}, {"nextToken": token}):
        assert [s["logStreamName"] for s in client.describe_log_streams(logGroupName=GROUP, **more)["logStreams"]] == ["b"]
    assert client.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["storedBytes"] == len("between") + 26


def test_events_are_read_in_both_directions(client, group):
    def read(**more):
        return client.get_log_events(logGroupName=GROUP, logStreamName="a", **more)

    assert messages(read(limit=3)) == ["line 7", "line 8", "line 9"]
    first = read(startFromHead=True, limit=4)
    assert messages(first) == [f"line {i}" for i in range(4)]
    assert first["events"][0] == {"timestamp": group, "message": "line 0", "ingestionTime": first["events"][0]["ingestionTime"]}
    second = read(nextToken=first["nextForwardToken"], limit=4)
    assert messages(second) == [f"line {i}" for i in range(4, 8)]
    assert messages(read(nextToken=second["nextBackwardToken"], limit=2)) == ["line 2", "line 3"]
    last = read(nextToken=second["nextForwardToken"])
    assert messages(last) == ["line 8", "line 9"]
    end = read(nextToken=last["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == last["nextForwardToken"]
    assert messages(read(nextToken=end["nextBackwardToken"], limit=1)) == ["line 9"]
    assert messages(read(startTime=group + 3000, endTime=group + 5000)) == ["line 3", "line 4"]
    # A reader that waits at the end sees what comes.
    client.put_log_events(logGroupName=GROUP, logStreamName="a", logEvents=[{"timestamp": group + 9500, "message": "late"}])
    assert messages(read(nextToken=end["nextForwardToken"])) == ["late"]


def test_events_are_filtered(client, group):
    def ask(**more):
        return client.filter_log_events(logGroupName=GROUP, **more)

    everything = ask()
    assert messages(everything) == [f"line {i}" for i in range(5)] + ["between"] + [f"line {i}" for i in range(5, 10)]
    assert "nextToken" not in everything and everything["searchedLogStreams"] == []
    event = everything["events"][5]
    assert event["logStreamName"] == "b" and re.fullmatch(r"\d{56}", event["eventId"])
    assert messages(ask(logStreamNames=["b", "b"])) == messages(ask(logStreamNames=["b"])) == messages(ask(logStreamNamePrefix="b")) == ["between"]
    assert messages(ask(filterPattern='line -3 -4 -5 -6 -7 -8 -9')) == ["line 0", "line 1", "line 2"]
    assert messages(ask(startTime=group + 4000, endTime=group + 5000)) == ["line 4", "between", "line 5"]


def test_events_by_the_groups_identifier(local, group):
    for identifier in (GROUP, ARN + GROUP):
        assert messages(logs_call(local, "FilterLogEvents", logGroupIdentifier=identifier, limit=1)) == ["line 0"]
        assert messages(logs_call(local, "GetLogEvents", logGroupIdentifier=identifier, logStreamName="b")) == ["between"]
        assert len(logs_call(local, "DescribeLogStreams", logGroupIdentifier=identifier)["logStreams"]) == 2
    for wish, wanted in (({}, "Either LogGroupName or LogGroupIdentifier must be specified."),
                             ({"logGroupName": GROUP, "logGroupIdentifier": GROUP},
                              "LogGroupName and LogGroupIdentifier cannot be specified at the same time."),
                             ({"logGroupIdentifier": "arn:aws:s3:::none"}, NO_GROUP[2])):
        answer = signed(local, "POST", "/", wish, service="logs", headers={"X-Amz-Target": "Logs_20140328.FilterLogEvents"})
        assert (answer.status, answer.message) == (400, wanted)


def test_groups_by_identifiers(local, make):
    make()
    assert len(logs_call(local, "DescribeLogGroups", logGroupIdentifiers=["/none", ARN + GROUP] * 25)["logGroups"]) == 1
    answer = signed(local, "POST", "/", {"logGroupIdentifiers": [GROUP] * 51}, service="logs",
                    headers={"X-Amz-Target": "Logs_20140328.DescribeLogGroups"})
    assert (answer.status, answer.message) == (400, violated("'[]'", "logGroupIdentifiers", "Member must have length less than or equal to 50")[2])


def test_filtered_pages(client, group):
    everything = client.filter_log_events(logGroupName=GROUP)
    pages = list(client.get_paginator("filter_log_events").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 4}))
    assert [len(page["events"]) for page in pages] == [4, 4, 3]
    assert [m for page in pages for m in messages(page)] == messages(everything)


def test_a_long_search_comes_in_pieces(client, make):
    make()
    client.create_log_stream(logGroupName=GROUP, logStreamName="s")
    start = now()
    for batch in range(9):
        client.put_log_events(logGroupName=GROUP, logStreamName="s",
                              logEvents=[{"timestamp": start + batch, "message": f"{batch} " + "x" * 250_000}] * 4)
    first = client.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert first["events"] == [] and first["nextToken"]
    assert "nextToken" not in client.filter_log_events(logGroupName=GROUP, filterPattern="needle", nextToken=first["nextToken"])


def test_events_out_of_time_are_told(client, make):
    make()
    client.create_log_stream(logGroupName=GROUP, logStreamName="s")
    client.put_retention_policy(logGroupName=GROUP, retentionInDays=3)

    def put(*times):
        return members(client.put_log_events(logGroupName=GROUP, logStreamName="s",
                                             logEvents=[{"timestamp": t, "message": "m"} for t in times]))

    assert put(now() - 15 * DAY)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 1}
    assert put(now() - 4 * DAY, now() - 4 * DAY + HOUR)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 2}
    taken = put(now(), now() + HOUR, now() + 3 * HOUR)
    assert taken["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 2} and re.fullmatch(r"\d{56}", taken["nextSequenceToken"])
    assert len(client.filter_log_events(logGroupName=GROUP)["events"]) == 2
    # Retention that is shortened later takes away what is older by then.
    client.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": now() - 2 * DAY, "message": "older"}])
    client.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    wait_for(lambda: len(client.filter_log_events(logGroupName=GROUP)["events"]) == 2, "retention", 10)


# -- the command line -----------------------------------------------------------------------------------------------------------

def test_the_stock_command_line(local, group):
    found = local.aws("logs", "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", '?between ?"line 9"')
    assert messages(found) == ["between", "line 9"]
    read = local.aws("logs", "get-log-events", "--log-group-name", GROUP, "--log-stream-name", "b")
    assert messages(read) == ["between"]
    lines = local.run("/usr/bin/aws", "--endpoint-url", local.management, "logs", "tail", GROUP, "--since", "2h", "--format", "short",
                      env=local.environment()).stdout.splitlines()
    assert [line.split(" ", 1)[1] for line in lines][5] == "between" and len(lines) == 11


def test_what_is_written_is_audited(local, group):
    events = [e for e in local.postern("audit")["events"] if e["service"] == "logs"]
    assert {"CreateLogGroup", "CreateLogStream", "PutLogEvents"} <= {e["operation"] for e in events}
    assert "line 0" not in json.dumps(events)
