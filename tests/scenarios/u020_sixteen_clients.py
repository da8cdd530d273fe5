# SPDX-License-Identifier: GPL-3.0-or-later
"""Sixteen clients that create, change and delete at once: no update is lost, no call hangs, and who comes second is told so as by AWS."""
import threading

import pytest
from botocore.exceptions import ClientError

CLIENTS, ROUNDS = 16, 12
ALLOWED = {"ConflictException", "NotFoundException", "TooManyRequestsException"}


@pytest.fixture
def api(local):
    """An API with a stage: its id and that of its root."""
    client = local.boto3("apigateway")
    made = client.create_rest_api(name="sixteen", endpointConfiguration={"types": ["REGIONAL"]})
    made["rootResourceId"] = client.get_resources(restApiId=made["id"])["items"][0]["id"]
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**method, authorizationType="NONE")
    client.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    client.create_deployment(restApiId=made["id"], stageName="prod")
    yield made
    client.delete_rest_api(restApiId=made["id"])


def at_once(work):
    """work(number) in sixteen threads; what they return, in order. A failure of one is a failure of all."""
    results, failures, begin = [None] * CLIENTS, [], threading.Barrier(CLIENTS)

    def run(number):
        begin.wait()
        try:
            results[number] = work(number)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a call hangs"
    assert not failures, failures
    return results


def refused(call, **arguments):
    """None if the call is answered, else the code of its refusal, which has to be one of those for who comes second."""
    try:
        call(**arguments)
        return None
    except ClientError as error:
        assert error.response["Error"]["Code"] in ALLOWED, error
        return error.response["Error"]["Code"]


def test_no_update_is_lost(local, api):
    """All of them patch one stage, one API and one method, each what is its own."""
    client = local.boto3("apigateway")
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}

    def work(number):
        for turn in range(ROUNDS):
            client.update_stage(restApiId=api["id"], stageName="prod", patchOperations=[
                {"op": "replace", "path": f"/variables/client{number}", "value": str(turn)}])
            client.update_method(**method, patchOperations=[
                {"op": "add", "path": f"/requestParameters/method.request.header.client{number}turn{turn}", "value": "false"}])
            client.update_rest_api(restApiId=api["id"], patchOperations=[{"op": "add", "path": f"/binaryMediaTypes/image~1c{number}t{turn}"}])
        client.tag_resource(resourceArn=arn, tags={f"client{number}": "was here"})

    at_once(work)
    assert client.get_stage(restApiId=api["id"], stageName="prod")["variables"] == {f"client{number}": str(ROUNDS - 1) for number in range(CLIENTS)}
    assert len(client.get_method(**method)["requestParameters"]) == CLIENTS * ROUNDS
    found = client.get_rest_api(restApiId=api["id"])
    assert len(found["binaryMediaTypes"]) == CLIENTS * ROUNDS and len(found["tags"]) == CLIENTS


def test_one_of_sixteen_wins(local, api):
    """The same name, created by all at once: one is answered, the others are told that it is taken."""
    client = local.boto3("apigateway")
    for turn in range(ROUNDS):
        told = at_once(lambda _, turn=turn: refused(
            client.create_resource, restApiId=api["id"], parentId=api["rootResourceId"], pathPart=f"part{turn}"))
        assert sorted(map(str, told)) == ["ConflictException"] * (CLIENTS - 1) + ["None"]
        told = at_once(lambda _, turn=turn: refused(client.create_model, restApiId=api["id"], name=f"Model{turn}", schema='{"type":"object"}',
                                                    contentType="application/json"))
        assert told.count(None) == 1
    paths = [item["path"] for item in client.get_resources(restApiId=api["id"], limit=500)["items"]]
    assert sorted(paths) == sorted(["/", *(f"/part{turn}" for turn in range(ROUNDS))])


def test_deleting_and_creating(local, api):
    """Resources come and go while everybody lists: nobody sees half of one."""
    client = local.boto3("apigateway")

    def work(number):
        outcomes = []
        for turn in range(ROUNDS):
            path = f"shared{(number + turn) % 3}"
            outcomes.append(refused(client.create_resource, restApiId=api["id"], parentId=api["rootResourceId"], pathPart=path))
            items = client.get_resources(restApiId=api["id"], limit=500)["items"]
            assert all(item["path"] == "/" or item["parentId"] for item in items)
            found = next((item["id"] for item in items if item.get("pathPart") == path), None)
            if found:
                outcomes.append(refused(client.put_method, restApiId=api["id"], resourceId=found, httpMethod="GET", authorizationType="NONE"))
                outcomes.append(refused(client.delete_resource, restApiId=api["id"], resourceId=found))
        return outcomes

    outcomes = sum(at_once(work), [])
    assert None in outcomes and "ConflictException" in outcomes and "NotFoundException" in outcomes
    for item in client.get_resources(restApiId=api["id"], limit=500)["items"]:
        if item["path"] != "/":
            client.delete_resource(restApiId=api["id"], resourceId=item["id"])
    client.create_deployment(restApiId=api["id"], stageName="prod")


def test_each_has_an_api_of_its_own(local):
    client = local.boto3("apigateway")

    def work(number):
        ids = [client.create_rest_api(name=f"own-{number}-{turn}")["id"] for turn in range(3)]
        for one in ids[1:]:
            client.delete_rest_api(restApiId=one)
        return ids[0]

    ids = at_once(work)
    names = {item["id"]: item["name"] for item in client.get_rest_apis(limit=500)["items"]}
    assert [names[one] for one in ids] == [f"own-{number}-0" for number in range(CLIENTS)]
    assert not any(name.startswith("own-") and not name.endswith("-0") for name in names.values())
    for one in ids:
        client.delete_rest_api(restApiId=one)
