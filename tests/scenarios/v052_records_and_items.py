# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients put records into a Kinesis stream and list streams, put, get and query items of DynamoDB: made by templates of what they
sent, validated at the gateway."""
from v051_kinesis_dynamodb_s3 import proxy, records, stream, table  # noqa: F401


def test_streams_are_listed(proxy, stream):
    answer = proxy.get("/streams")
    assert (answer.status, answer.json()) == (200, {"streams": ["events", "others"]})


def test_records_are_put_into_a_stream(proxy, stream):
    answer = proxy.post("/streams/events/records", {"records": [
        {"data": "some data", "partition-key": "a"}, {"data": "more \u00fc \"data\"\n", "partition-key": "b"}]})
    assert answer.status == 200 and answer.json()["FailedRecordCount"] == 0
    assert records(stream, "events") == [("a", b"some data"), ("b", "more \u00fc \"data\"\n".encode())]


def test_what_is_no_record_never_reaches_the_stream(proxy, stream):
    before = records(stream, "others")
    for wrong in ({}, {"records": "x"}, {"records": [{"data": 1, "partition-key": "a"}]}, {"records": [{"data": "d"}]}, "[", ""):
        answer = proxy.post("/streams/others/records", wrong)
        assert (answer.status, answer.body) == (400, '{"message": "Invalid request body"}'), wrong
    assert records(stream, "others") == before


def test_what_the_service_refuses_is_its_answer(proxy, stream):
    answer = proxy.post("/streams/nowhere/records", {"records": [{"data": "d", "partition-key": "a"}]})
    assert answer.status == 400 and answer.json()["__type"] == "ResourceNotFoundException"


def test_items_are_put_got_and_queried(proxy, table):
    for when, text in ((1, "first"), (2, "second \"\u00e4\"\n")):
        assert proxy.post("/items", {"owner": "ann", "when": when, "text": text}).status == 200
    assert table.get_item(TableName="items", Key={"owner": {"S": "ann"}, "when": {"N": "2"}})["Item"]["text"] == {"S": "second \"\u00e4\"\n"}
    answer = proxy.get("/items/ann/1")
    assert (answer.status, answer.json()) == (200, {"Item": {"owner": {"S": "ann"}, "when": {"N": "1"}, "text": {"S": "first"}}})
    answer = proxy.get("/items/ann")
    assert (answer.status, answer.json()) == (200, {"count": 2, "items": [{"when": 1, "text": "first"}, {"when": 2, "text": "second \"\u00e4\"\n"}]})
    assert proxy.get("/items/nobody").json() == {"count": 0, "items": []}
    assert proxy.get("/items/ann/none").status == 400
