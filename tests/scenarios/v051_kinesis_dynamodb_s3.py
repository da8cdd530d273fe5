# SPDX-License-Identifier: GPL-3.0-or-later
"""An API as a proxy of Kinesis, DynamoDB and S3, each a real server: bodies that pass as they come, binary objects, what the servers
refuse."""
import base64
import json

import boto3
import pytest
from botocore.config import Config

from conftest import Local
from lab.appliance import ACCOUNT, REGION, allow, build_folder
from lab.aws_services import dynamodb, free_port, kinesis, s3
from lab.network import wait_for

KEY, SECRET, S3_KEY = "AKIAREAL000000000000", "real-secret", "S3RVER"
ROLE, S3_ROLE = f"arn:aws:iam::{ACCOUNT}:role/api", f"arn:aws:iam::{ACCOUNT}:role/files"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
ALL_BYTES = bytes(range(256)) * 16

RECORDS = """{"StreamName": "$input.params('stream')", "Records": [
#foreach($elem in $input.path('$.records'))
  {"Data": "$util.base64Encode($elem.data)", "PartitionKey": "$elem.partition-key"}#if($foreach.hasNext),#end
#end
]}"""
STREAMS = """{"streams": $input.json('$.StreamNames')}"""
QUERY_ANSWER = """#set($found = $input.path('$'))
{"count": $found.Count, "items": [#foreach($item in $found.Items){"when": $item.when.N, "text": "$util.escapeJavaScript($item.text.S)"}#if($foreach.hasNext),#end#end]}"""


def aws(service, rest, method="POST", role=ROLE, template=None, headers=(), paths=(), answers=(), **more):
    made = {"type": "aws", "httpMethod": method, "uri": f"arn:aws:apigateway:{REGION}:{service}:{rest}", "credentials": role,
            "requestParameters": {**{f"integration.request.header.{k}": v for k, v in dict(headers).items()},
                                  **{f"integration.request.path.{k}": f"method.request.path.{k}" for k in paths}},
            "responses": {"default": {"statusCode": "200", **dict(answers)}, "4\\d{2}": {"statusCode": "400"},
                          "5\\d{2}": {"statusCode": "500"}}, **more}
    if template:
        made |= {"requestTemplates": {"application/json": template}, "passthroughBehavior": "never"}
    return made


def method(integration, paths=(), headers=(), model=None):
    made = {"parameters": [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in paths],
            "responses": {s: {"description": "", "headers": {h: {"schema": {"type": "string"}} for h in headers}} for s in ("200", "400", "500")},
            "x-amazon-apigateway-integration": integration}
    if model:
        made |= {"requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}},
                 "x-amazon-apigateway-request-validator": "body"}
    return made


JSON_11, JSON_10 = {"Content-Type": "'application/x-amz-json-1.1'"}, {"Content-Type": "'application/x-amz-json-1.0'"}
OF_OBJECT = {"responseParameters": {f"method.response.header.{h}": f"integration.response.header.{h}" for h in ("Content-Type", "ETag")}}
DOCUMENT = {
    "openapi": "3.0.1", "info": {"title": "proxy", "version": "1"},
    "x-amazon-apigateway-binary-media-types": ["image/png", "application/octet-stream"],
    "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True, "validateRequestParameters": False}},
    "components": {"schemas": {"Records": {
        "type": "object", "required": ["records"], "properties": {"records": {"type": "array", "items": {
            "type": "object", "required": ["data", "partition-key"],
            "properties": {"data": {"type": "string"}, "partition-key": {"type": "string"}}}}}}}},
    "paths": {
        "/streams": {"get": method(aws("kinesis", "action/ListStreams", template="{}", headers=JSON_11,
                                       answers={"responseTemplates": {"application/json": STREAMS}}))},
        "/streams/{stream}/records": {"post": method(aws("kinesis", "action/PutRecords", template=RECORDS, headers=JSON_11), ["stream"], model="Records")},
        "/raw": {"post": method(aws("kinesis", "action/PutRecord"))},
        "/items": {"post": method(aws("dynamodb", "action/PutItem", headers=JSON_10, template="""{"TableName": "items", "Item": {
            "owner": {"S": "$input.path('$.owner')"}, "when": {"N": "$input.path('$.when')"}, "text": {"S": $input.json('$.text')}}}"""))},
        "/items/{owner}": {"get": method(aws("dynamodb", "action/Query", template="""{"TableName": "items",
            "KeyConditionExpression": "#o = :o", "ExpressionAttributeNames": {"#o": "owner"},
            "ExpressionAttributeValues": {":o": {"S": "$input.params('owner')"}}}""", answers={"responseTemplates": {"application/json": QUERY_ANSWER}}), ["owner"])},
        "/items/{owner}/{when}": {"get": method(aws("dynamodb", "action/GetItem", headers=JSON_10, template="""{"TableName": "items",
            "Key": {"owner": {"S": "$input.params('owner')"}, "when": {"N": "$input.params('when')"}}}"""), ["owner", "when"])},
        "/tables": {"post": method(aws("dynamodb", "action/ListTables"))},
        "/files/{key+}": {
            "put": method(aws("s3", "path/files/{key}", "PUT", S3_ROLE, paths=["key"], answers=OF_OBJECT), ["key"], ["Content-Type", "ETag"]),
            "get": method(aws("s3", "path/files/{key}", "GET", S3_ROLE, paths=["key"], answers=OF_OBJECT), ["key"], ["Content-Type", "ETag"]),
            "delete": method(aws("files.s3", "path/{key}", "DELETE", S3_ROLE, paths=["key"]), ["key"])},
        "/list": {"get": method(aws("s3", "path/files?list-type=2&prefix=a%2F", "GET", S3_ROLE, answers=OF_OBJECT), [], ["Content-Type", "ETag"])},
        "/other": {"get": method(aws("s3", "path/files/x", "GET", ROLE))},
    },
}


class Proxy:
    def __init__(self, folder):
        self.kinesis, self.dynamodb, self.s3 = kinesis(build_folder()), dynamodb(build_folder()), s3(build_folder(), folder / "s3")
        self.local = Local(folder, "127.0.0.1:14633", "127.0.0.1:18633")
        self.local.state.mkdir(parents=True)
        (self.local.state / "settings.yaml").write_text(json.dumps({
            "aws_endpoints": [{"service": n, "url": getattr(self, n).url} for n in ("kinesis", "dynamodb", "s3")],
            "aws_roles": [{"role_arn": S3_ROLE, "access_key_id": S3_KEY, "secret_access_key": S3_KEY},
                          {"role_arn": "*", "access_key_id": KEY, "secret_access_key": SECRET}]}))
        self.local.start()
        self.api = self.local.serve_api(None, allow(), document=json.dumps(DOCUMENT))

    def client(self, service):
        key, secret = (S3_KEY, S3_KEY) if service == "s3" else (KEY, SECRET)
        return boto3.client(service, endpoint_url=getattr(self, service).url, region_name=REGION, aws_access_key_id=key,
                            aws_secret_access_key=secret, config=Config(s3={"addressing_style": "path"}))

    def get(self, path, *options):
        return self.local.get(self.api, path, *options)

    def post(self, path, body, *options, kind="application/json"):
        return self.get(path, "-X", "POST", "-H", f"Content-Type: {kind}", "--data-binary", body if isinstance(body, str) else json.dumps(body), *options)

    def close(self):
        self.local.stop()
        for part in (self.kinesis, self.dynamodb, self.s3):
            part.close()


@pytest.fixture(scope="module")
def proxy(folder):
    made = Proxy(folder / f"proxy-{free_port()}")
    yield made
    made.close()


# -- bodies as they come ------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def stream(proxy):
    client = proxy.client("kinesis")
    for name in ("events", "others"):
        client.create_stream(StreamName=name, ShardCount=1)
        wait_for(lambda: client.describe_stream(StreamName=name)["StreamDescription"]["StreamStatus"] == "ACTIVE", name)
    return client


def records(client, name):
    shard = client.describe_stream(StreamName=name)["StreamDescription"]["Shards"][0]["ShardId"]
    at = client.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return [(r["PartitionKey"], r["Data"]) for r in client.get_records(ShardIterator=at)["Records"]]


@pytest.fixture(scope="module")
def table(proxy):
    client = proxy.client("dynamodb")
    client.create_table(TableName="items", BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=[{"AttributeName": "owner", "AttributeType": "S"}, {"AttributeName": "when", "AttributeType": "N"}],
                        KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "when", "KeyType": "RANGE"}])
    wait_for(lambda: client.describe_table(TableName="items")["Table"]["TableStatus"] == "ACTIVE", "the table")
    return client


def test_a_body_that_passes_through(proxy, stream):
    body = {"StreamName": "others", "Data": base64.b64encode(b"raw").decode(), "PartitionKey": "k"}
    answer = proxy.post("/raw", body)
    assert answer.status == 200 and answer.json()["ShardId"]
    assert records(stream, "others")[-1] == ("k", b"raw")


def test_a_body_without_a_template(proxy, table):
    answer = proxy.post("/tables", "{}")
    assert (answer.status, answer.json()) == (200, {"TableNames": ["items"]})


# -- S3 -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["plain.png", "a/b/deep.png", "a/with%20blank%2Band%20%C3%BC.png", "~tilde-_.'()*!.png"])
def test_objects_are_put_and_got_byte_for_byte(proxy, tmp_path, key):
    from urllib.parse import unquote
    for kind, content in (("image/png", PIXEL), ("application/octet-stream", ALL_BYTES)):
        (tmp_path / "in").write_bytes(content)
        answer = proxy.get(f"/files/{key}", "-X", "PUT", "-H", f"Content-Type: {kind}", "--data-binary", f"@{tmp_path}/in")
        assert answer.status == 200 and answer.headers["etag"]
        stored = proxy.client("s3").get_object(Bucket="files", Key=unquote(key))
        assert stored["Body"].read() == content
        answer = proxy.get(f"/files/{key}", "-H", f"Accept: {kind}")
        # curl's answer is text with what is no UTF-8 escaped.
        assert answer.status == 200 and answer.body.encode("utf-8", "surrogateescape") == content


def test_objects_are_listed_and_deleted(proxy):
    proxy.client("s3").put_object(Bucket="files", Key="a/listed", Body=b"x")
    answer = proxy.get("/list")
    assert answer.status == 200 and "<Key>a/listed</Key>" in answer.body and answer.headers["content-type"].startswith("application/xml")
    assert proxy.get("/files/a/listed", "-X", "DELETE").status == 200
    assert "<Key>a/listed</Key>" not in proxy.get("/list").body


def test_what_is_not_there_and_who_may_not(proxy):
    answer = proxy.get("/files/nothing")
    assert answer.status == 400 and "<Code>NoSuchKey</Code>" in answer.body
    answer = proxy.get("/other")  # a key that the server does not know
    assert answer.status == 400 and "<Code>InvalidAccessKeyId</Code>" in answer.body


def test_a_service_that_is_away(proxy):
    proxy.kinesis.close()
    answer = proxy.post("/raw", "{}")
    assert (answer.status, answer.body) == (504, '{"message": "Network error communicating with endpoint"}')
