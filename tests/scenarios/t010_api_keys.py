# SPDX-License-Identifier: GPL-3.0-or-later
"""API keys: made, imported, listed, changed and deleted as AWS does; their values are nowhere in the clear."""
import json
import re
import string

import pytest

from lab.calls import bad, deployed_api, members, missing, pages, patch, refusal
from lab.signed import signed

NO_KEY = missing("Invalid API Key identifier specified")
SHORT, LONG = bad("API Key value should be at least 20 characters"), bad("API Key value exceeds maximum size of 128 characters")
EXISTS = (409, "ConflictException", "API Key already exists")
REPLACEABLE = "Must be one of: [/description, /enabled, /name, /customerId]"


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture(scope="module")
def api(client):
    made = deployed_api(client, "dev")
    yield made
    client.delete_rest_api(restApiId=made)


@pytest.fixture
def key(client):
    made = client.create_api_key(name="t010", description="first", customerId="c1", tags={"team": "red"})
    yield made
    client.delete_api_key(apiKey=made["id"])


@pytest.fixture
def delete(client):
    """Deletes at the end whatever keys were added to it."""
    made = []
    yield made
    for name in made:
        client.delete_api_key(apiKey=name)


def test_a_key_has_a_value_of_its_own(client, delete):
    made = client.create_api_key()
    delete.append(made["id"])
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert re.fullmatch("[a-z0-9]{10}", made["id"]) and re.fullmatch("[A-Za-z0-9]{40}", made["value"])
    assert set(members(made)) == {"id", "value", "enabled", "createdDate", "lastUpdatedDate", "stageKeys"}
    assert made["enabled"] is False and made["stageKeys"] == []


def test_what_was_given_is_shown_and_the_value_when_asked_for(client, key):
    shown = members(client.get_api_key(apiKey=key["id"]))
    assert shown == {name: value for name, value in members(key).items() if name != "value"}
    assert (shown["name"], shown["description"], shown["customerId"], shown["tags"]) == ("t010", "first", "c1", {"team": "red"})
    assert client.get_api_key(apiKey=key["id"], includeValue=True)["value"] == key["value"]


@pytest.mark.parametrize("wanted, message", [
    ({"value": "x" * 19}, SHORT),
    ({"value": "x" * 129}, LONG),
    ({"value": "x" * 19 + " y"}, bad("API Key value can only have visible ASCII characters")),
    ({"value": "x" * 19 + "\u00e9"}, bad("API Key value can only have visible ASCII characters")),
    ({"name": "n" * 1025}, bad("Invalid API Key name, can be at most 1024 characters.")),
    ({"description": "d" * 125001}, bad("Invalid API Key description specified.")),
    ({"stageKeys": [{"restApiId": "nonono", "stageName": "dev"}]}, missing("Invalid API identifier specified 123456789012:nonono")),
    ({"stageKeys": [{}]}, missing("Invalid API identifier specified 123456789012:")),
    ({"tags": {f"k{i}": "v" for i in range(51)}}, bad("A resource can have at most 50 tags")),
])
def test_a_bad_key_is_not_made(client, wanted, message):
    before = len(pages(client.get_api_keys, 500))
    assert refusal(client.create_api_key, **wanted) == message
    assert len(pages(client.get_api_keys, 500)) == before


@pytest.mark.parametrize("length", [20, 128])
def test_chosen_values_are_unique(client, delete, length):
    value = f"t010-{length}-".ljust(length, "x")
    made = client.create_api_key(value=value, name="")
    delete.append(made["id"])
    assert made["value"] == value and "name" not in made
    assert refusal(client.create_api_key, value=value) == EXISTS
    client.delete_api_key(apiKey=delete.pop())
    again = client.create_api_key(value=value)
    delete.append(again["id"])
    assert again["id"] != made["id"] and client.get_api_key(apiKey=again["id"], includeValue=True)["value"] == value


def test_stages_of_a_key(client, api, delete):
    made = client.create_api_key(stageKeys=[{"restApiId": api, "stageName": "dev"}])
    delete.append(made["id"])
    assert made["stageKeys"] == [f"{api}/dev"]
    update = lambda *operation: client.update_api_key(apiKey=made["id"], patchOperations=patch(*operation))["stageKeys"]
    assert update("remove", "/stages", f"{api}/dev") == []
    assert update("add", "/stages", f"{api}/dev") == update("add", "/stages", f"{api}/dev") == [f"{api}/dev"]
    assert refusal(client.update_api_key, apiKey=made["id"], patchOperations=patch("add", "/stages", f"{api}/nonono")) == missing("Invalid stage identifier specified")
    assert refusal(client.update_api_key, apiKey=made["id"], patchOperations=patch("add", "/stages", "nonono")) == bad("Invalid stage key specified")


def test_stages_that_end_leave_their_keys(client, delete):
    api = deployed_api(client, "one", "two", "three")
    stages = [{"restApiId": api, "stageName": name} for name in ("one", "two", "three")]
    delete.append(client.create_api_key(stageKeys=stages)["id"])
    client.delete_stage(restApiId=api, stageName="two")
    assert client.get_api_key(apiKey=delete[0])["stageKeys"] == [f"{api}/one", f"{api}/three"]
    client.delete_rest_api(restApiId=api)
    assert client.get_api_key(apiKey=delete[0])["stageKeys"] == []


@pytest.mark.parametrize("operation, member, value", [
    (("replace", "/name", "renamed"), "name", "renamed"),
    (("replace", "/description", "second"), "description", "second"),
    (("replace", "/customerId", "c2"), "customerId", "c2"),
    (("replace", "/enabled", "true"), "enabled", True),
    (("replace", "/enabled", "TRUE"), "enabled", True),
    (("replace", "/enabled", "nonsense"), "enabled", False),
    (("add", "/labels", "gold"), "name", "t010"),
    (("remove", "/labels", "gold"), "name", "t010"),
])
def test_patches(client, key, operation, member, value):
    changed = client.update_api_key(apiKey=key["id"], patchOperations=patch(*operation))
    assert changed[member] == value and "value" not in changed
    assert members(changed) == members(client.get_api_key(apiKey=key["id"]))


@pytest.mark.parametrize("operation, message", [
    (("replace", "/id", "x"), f"Invalid patch path  '/id' specified for op 'replace'. {REPLACEABLE}"),
    (("replace", "/value", "x" * 30), f"Invalid patch path  '/value' specified for op 'replace'. {REPLACEABLE}"),
    (("add", "/name", "x"), "Invalid patch path  '/name' specified for op 'add'. Must be one of: [/labels, /stages]"),
    (("remove", "/name"), "Invalid patch path  '/name' specified for op 'remove'. Must be one of: [/labels, /stages]"),
    (("copy", "/name"), "Invalid patch path  '/name' specified for op 'copy'. Please choose supported operations"),
    (("replace", "/name", "n" * 1025), "Invalid API Key name, can be at most 1024 characters."),
    (("replace", "/description", "d" * 125001), "Invalid API Key description specified."),
])
def test_refused_patches_change_nothing(client, key, operation, message):
    operations = patch("replace", "/name", "changed") + patch(*operation)
    assert refusal(client.update_api_key, apiKey=key["id"], patchOperations=operations) == bad(message)
    assert client.get_api_key(apiKey=key["id"])["name"] == "t010"


def test_what_is_not_there(client):
    for call in (client.get_api_key, client.delete_api_key, client.update_api_key):
        assert refusal(call, apiKey="nonono") == NO_KEY


def test_lists_are_newest_first_in_pages_and_by_prefix(client, delete):
    for index, name in enumerate(("t010-List-a", "t010-List-b", "t010-list-c", "x-t010-List")):
        delete.append(client.create_api_key(name=name, customerId=f"list-{index % 2}", enabled=True)["id"])
    a, b, c, other = delete
    names = lambda **query: [item["id"] for item in pages(client.get_api_keys, 2, **query)]
    assert names(nameQuery="t010-List") == [b, a]
    assert names(nameQuery="t010-") == [c, b, a] and names(nameQuery="List") == []
    assert names(customerId="list-1") == [other, b] and names(customerId="list") == []
    shown = {item["id"]: item for item in client.get_api_keys(limit=500)["items"]}
    assert "value" not in shown[a] and "tags" not in shown[a] and shown[a]["enabled"] is True
    values = client.get_api_keys(nameQuery="t010-List", includeValues=True)["items"]
    assert [item["value"] for item in values] == [client.get_api_key(apiKey=name, includeValue=True)["value"] for name in (b, a)]
    assert client.get_api_keys(limit=-1)["items"]
    first = client.get_api_keys(nameQuery="t010-", limit=1)
    client.delete_api_key(apiKey=delete.pop(2))
    assert [item["id"] for item in client.get_api_keys(nameQuery="t010-", position=first["position"])["items"]] == [b, a], "the list goes on behind a deleted key"
    assert refusal(client.get_api_keys, position="nonono") == bad("Invalid position parameter")


def test_tags(client, local, key):
    arn = f"arn:aws:apigateway:us-east-1::/apikeys/{key['id']}"
    assert client.get_tags(resourceArn=arn)["tags"] == {"team": "red"}
    client.tag_resource(resourceArn=arn, tags={"stage": "one"})
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert client.get_api_key(apiKey=key["id"])["tags"] == client.get_tags(resourceArn=arn)["tags"] == {"stage": "one"}
    client.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert client.get_api_key(apiKey=key["id"])["tags"] == {}
    assert client.get_api_key(apiKey=key["id"], includeValue=True)["value"] == key["value"]


# -- import ----------------------------------------------------------------------------------------------------------------

def value_of(name):
    return f"t010-import-{name}".ljust(24, "0")


@pytest.mark.parametrize("head, row, wanted", [
    ("Key,name", "{a},first", {"name": "first", "description": "", "enabled": True}),
    ("Name,key,description,Enabled", "first, {a} , An imported key,TRUE", {"name": "first", "description": "An imported key", "enabled": True}),
    ("enabled,NAME,KEY,colour", "false,first,{a},red", {"name": "first", "enabled": False}),
    ("enabled,name,key", "perhaps,\"a \"\"b\"\", c\",'{a}'", {"name": 'a "b", c', "enabled": False}),
])
def test_files_are_imported(client, delete, head, row, wanted):
    body = f"{head}\r\n{row.format(a=value_of('a'))}\r\n\r\n"
    answer = client.import_api_keys(body=body.encode(), format="csv", failOnWarnings=True)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201 and "warnings" not in answer
    delete += answer["ids"]
    shown = client.get_api_key(apiKey=answer["ids"][0], includeValue=True)
    assert shown["value"] == value_of("a") and {name: shown[name] for name in wanted} == wanted


def test_keys_of_a_file_are_put_into_plans(client, delete):
    plans = [client.create_usage_plan(name=f"t010-{index}")["id"] for index in range(2)]
    body = f"Enabled,Name,key,UsageplanIds\ntrue,both,{value_of('both')},\"{plans[0]},{plans[1]}\"\ntrue,one,{value_of('one')},{plans[1]}\n"
    both, one = client.import_api_keys(body=body.encode(), format="csv")["ids"]
    delete += [both, one]
    assert [{key["id"] for key in client.get_usage_plan_keys(usagePlanId=plan)["items"]} for plan in plans] == [{both}, {both, one}]
    for plan in plans:
        client.delete_usage_plan(usagePlanId=plan)


def test_the_newer_record_wins(client, delete):
    rows = "".join(f"{name},{value_of('again')},{name} words\n" for name in ("old", "new"))
    first = client.import_api_keys(body=("name,key,description\n" + rows).encode(), format="csv")["ids"]
    assert first[0] == first[1]
    delete.append(first[0])
    assert client.get_api_key(apiKey=first[0])["description"] == "new words"
    later = client.import_api_keys(body=f"key,name,enabled\n{value_of('again')},later,false\n".encode(), format="csv")["ids"]
    assert later == first[:1] and client.get_api_key(apiKey=first[0])["name"] == "later"


BAD_ROWS = [
    ("short,abcdefghij,", "API Key value should be at least 20 characters"),
    (f"long,{'x' * 129},", "API Key value exceeds maximum size of 128 characters"),
    (f"{'n' * 1025},{value_of('name')},", "Invalid API Key name, can be at most 1024 characters."),
    (f"plan,{value_of('plan')},nonono", "Invalid Usage Plan ID specified"),
    (f"\"open,{value_of('open')},", "A quote is not closed"),
    (f"'x'y,{value_of('text')},", "Text follows a closing quote"),
]


def test_bad_records_are_passed_over_or_end_the_import(client, delete):
    file = "\n".join(["name,key,usageplanids", f"good,{value_of('good')},", *(row for row, _ in BAD_ROWS), f"last,{value_of('last')},", ""]).encode()
    warnings = [f"Skipped invalid record: {index + 2}. {words}" for index, (_, words) in enumerate(BAD_ROWS)]
    before = {item["id"] for item in pages(client.get_api_keys, 500)}
    assert refusal(client.import_api_keys, body=file, format="csv", failOnWarnings=True) == bad("; ".join(warnings))
    assert {item["id"] for item in pages(client.get_api_keys, 500)} == before
    answer = client.import_api_keys(body=file, format="csv", failOnWarnings=False)
    delete += answer["ids"]
    assert answer["warnings"] == warnings and [client.get_api_key(apiKey=name)["name"] for name in answer["ids"]] == ["good", "last"]


@pytest.mark.parametrize("body, words", [
    (b"\n\n", "Invalid API key file: It is empty"),
    (b"name,description\na,b\n", "Invalid API key file: The columns Name and Key are required"),
    (b"\"name,key\n", "Invalid API key file: A quote is not closed"),
    (b"name,key\n\xff,x\n", "Invalid API key file: It is not UTF-8 text"),
    (b"name,key\na\x00b,x\n", "Invalid API key file: It is not UTF-8 text"),
])
def test_what_is_no_file_of_keys(client, body, words):
    assert refusal(client.import_api_keys, body=body, format="csv") == bad(words)


def test_other_formats_are_refused(local):
    answer = signed(local, "POST", "/apikeys?mode=import&format=xml", "x", headers={"Content-Type": "text/csv"})
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert answer.message == "1 validation error detected: Value 'xml' at 'format' failed to satisfy constraint: Member must satisfy enum value set: [csv]"


def test_by_the_command_line(client, local, delete, tmp_path):
    file = tmp_path / "keys.csv"
    file.write_text(f"name,key\ncli,{value_of('cli')}\n")
    imported = local.aws("apigateway", "import-api-keys", "--format", "csv", "--fail-on-warnings", "--body", f"fileb://{file}")
    delete += imported["ids"]
    shown = local.aws("apigateway", "get-api-keys", "--name-query", "cli", "--include-values")["items"]
    assert [(item["id"], item["value"]) for item in shown] == [(imported["ids"][0], value_of("cli"))]
    operation = "op=replace,path=/enabled,value=false"
    assert local.aws("apigateway", "update-api-key", "--api-key", imported["ids"][0], "--patch-operations", operation)["enabled"] is False


# -- secrets ---------------------------------------------------------------------------------------------------------------

def test_values_are_nowhere_in_the_clear(client, local, delete):
    chosen, imported = "t010secret" + string.ascii_letters, "t010secretimport" + string.ascii_letters
    made = client.create_api_key(value=chosen, name="t010-kept")
    generated = client.create_api_key()
    delete += [made["id"], generated["id"], *client.import_api_keys(body=f"name,key\nx,{imported}\n".encode(), format="csv")["ids"]]
    assert refusal(client.create_api_key, value=chosen) == EXISTS
    client.import_api_keys(body=f"name,key\nx,{imported}\nshort,t010secretshort\n".encode(), format="csv")
    client.get_api_keys(includeValues=True)
    log = next(local.folder.rglob("audit.log")).read_text()
    imported_line = next(json.loads(line) for line in reversed(log.splitlines()) if '"ImportApiKeys"' in line and delete[-1] in line)
    assert imported_line["resources"] == ["/apikeys", delete[-1]]
    seen = b"".join(path.read_bytes() for path in local.folder.rglob("*") if path.is_file())
    assert b"t010-kept" in seen
    for value in (chosen, imported, generated["value"], "t010secretshort"):
        assert value.encode() not in seen
