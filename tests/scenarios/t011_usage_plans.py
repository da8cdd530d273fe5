# SPDX-License-Identifier: GPL-3.0-or-later
"""Usage plans, their keys and what is left of their quotas: shown, changed and refused as AWS does."""
import datetime
import json
import re

import pytest

from lab.calls import bad, deployed_api, members, missing, pages, patch, refusal
from lab.signed import signed

NO_PLAN, NO_KEY = missing("Invalid Usage Plan ID specified"), missing("Invalid API Key identifier specified")
QUOTA_LIMIT = bad("Usage Plan quota limit must be a non-negative numeric")
FINE_GRAIN = bad("Can not define fine grain throttling if usage plan throttle is not defined.")
BURST, RATE = (bad(f"Usage Plan throttle {which} limit must be a non-negative numeric") for which in ("burst", "rate"))
REMOVABLE = ("/apiStages, /quota, /throttle, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, "
             "/apiStages/<apidId:stageName>/throttle")


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture(scope="module")
def api(client):
    made = deployed_api(client, "dev", "prod")
    yield made
    client.delete_rest_api(restApiId=made)


def drop(client, plan):
    """Delete a plan, if it is there, with the stages it names."""
    for stage in client.get_usage_plan(usagePlanId=plan)["apiStages"]:
        client.update_usage_plan(usagePlanId=plan, patchOperations=patch("remove", "/apiStages", f"{stage['apiId']}:{stage['stage']}"))
    client.delete_usage_plan(usagePlanId=plan)


@pytest.fixture
def make(client):
    """Make plans that are gone afterwards."""
    made = []

    def one(**wanted):
        made.append(client.create_usage_plan(**{"name": "t011", **wanted}))
        return made[-1]
    yield one
    for plan in made:
        drop(client, plan["id"])


@pytest.fixture
def make_key(client):
    made = []

    def one(name="t011"):
        made.append(client.create_api_key(name=name, enabled=True))
        return made[-1]
    yield one
    for key in made:
        client.delete_api_key(apiKey=key["id"])


@pytest.fixture
def plan(make, api):
    return make(description="d", apiStages=[{"apiId": api, "stage": "dev"}], throttle={"burstLimit": 3, "rateLimit": 2.5},
                quota={"limit": 10, "period": "MONTH"})


def test_the_smallest_plan(client, make):
    made = make()
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201 and re.fullmatch("[a-z0-9]{6}", made["id"])
    assert members(made) == {"id": made["id"], "name": "t011", "apiStages": []}
    assert members(client.get_usage_plan(usagePlanId=made["id"])) == {**members(made), "tags": {}}


def test_a_plan_with_everything(client, make, api):
    method = {"/pets/{id}/GET": {"burstLimit": 1, "rateLimit": 0.5}, "//GET": {"rateLimit": 7.0}}
    wanted = {"description": "d", "apiStages": [{"apiId": api, "stage": "dev", "throttle": method}, {"apiId": api, "stage": "prod"}],
              "throttle": {"burstLimit": 3, "rateLimit": 2.5}, "quota": {"limit": 10, "offset": 6, "period": "WEEK"}, "tags": {"a": "b"}}
    made = make(**wanted)
    assert members(made) == {"id": made["id"], "name": "t011", **wanted}
    assert members(client.get_usage_plan(usagePlanId=made["id"])) == members(made)


@pytest.mark.parametrize("wanted, message", [
    ({"name": ""}, bad("Usage Plan name cannot be empty")),
    ({"quota": {"period": "DAY"}}, QUOTA_LIMIT),
    ({"quota": {"limit": -1, "period": "DAY"}}, QUOTA_LIMIT),
    ({"quota": {"limit": 1}}, bad("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]")),
    ({"quota": {"limit": 1, "offset": 1, "period": "DAY"}}, bad("Usage Plan quota offset must be zero in the DAY period")),
    ({"quota": {"limit": 1, "offset": 7, "period": "WEEK"}}, bad("Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period")),
    ({"quota": {"limit": 1, "offset": 28, "period": "MONTH"}}, bad("Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period")),
    ({"quota": {"limit": 1, "offset": -1, "period": "MONTH"}}, bad("Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period")),
    ({"throttle": {"burstLimit": -1}}, BURST),
    ({"throttle": {"rateLimit": -0.5}}, RATE),
    ({"apiStages": [{"apiId": "nonono", "stage": "dev"}]}, missing("API Stage not found: nonono:dev")),
    ({"apiStages": [{"apiId": "{api}", "stage": "nonono"}]}, missing("API Stage not found: {api}:nonono")),
    ({"apiStages": [{"apiId": "{api}", "stage": "dev"}] * 2}, bad("Duplicate API Stage {{api: {api}, stage: dev}} specified")),
    ({"apiStages": [{"apiId": "{api}", "stage": "dev", "throttle": {"/pets/{id}/GET": {"burstLimit": 1}}}]}, FINE_GRAIN),
    ({"throttle": {"burstLimit": 1}, "apiStages": [{"apiId": "{api}", "stage": "dev", "throttle": {"/pets/{id}/GET": {"burstLimit": -1}}}]}, BURST),
    ({"throttle": {"burstLimit": 1}, "apiStages": [{"apiId": "{api}", "stage": "dev", "throttle": {"/pets": {}}}]},
     missing("Invalid method {{resourcePath: /pets,method: }} specified")),
    ({"throttle": {"burstLimit": 1}, "apiStages": [{"apiId": "{api}", "stage": "dev", "throttle": {"/pets/GET": {}}}]},
     missing("Invalid method {{resourcePath: /pets,method: GET}} specified")),
    ({"tags": {f"k{i}": "v" for i in range(51)}}, bad("A resource can have at most 50 tags")),
])
def test_a_bad_plan_is_not_made(client, api, wanted, message):
    fill = lambda text: text.replace("{api}", api).replace("{{", "{").replace("}}", "}")
    before = len(pages(client.get_usage_plans, 500))
    assert refusal(client.create_usage_plan, **{"name": "t011", **json.loads(json.dumps(wanted).replace("{api}", api))}) == (*message[:2], fill(message[2]))
    assert len(pages(client.get_usage_plans, 500)) == before


def test_a_stage_needs_both_names(client, api):
    status, code, message = refusal(client.create_usage_plan, name="t011", apiStages=[{"apiId": "", "stage": "dev"}])
    assert (status, code) == (400, "BadRequestException")
    assert re.fullmatch(r"Invalid API Stage \{api: , stage: dev\} specified for usageplan [a-z0-9]{6}", message)


def test_members_that_no_model_has_are_not_kept(client, local, api):
    throttle = {"burstLimit": 1, "colour": "red", "rateLimit": None}
    made = signed(local, "POST", "/usageplans", {"name": "t011", "throttle": throttle, "quota": {"limit": 1, "period": "DAY", "colour": "red"},
                                                 "apiStages": [{"apiId": api, "stage": "dev", "throttle": {"//GET": throttle}}]})
    assert made.status == 201 and made.body["throttle"] == {"burstLimit": 1} and made.body["quota"] == {"limit": 1, "offset": 0, "period": "DAY"}
    assert made.body["apiStages"] == [{"apiId": api, "stage": "dev", "throttle": {"//GET": {"burstLimit": 1}}}]
    drop(client, made.body["id"])


def test_a_wrong_period_is_a_wrong_value(local):
    answer = signed(local, "POST", "/usageplans", {"name": "x", "quota": {"limit": 1, "period": "YEAR"}})
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert answer.message == ("1 validation error detected: Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy constraint: "
                              "Member must satisfy enum value set: [DAY, WEEK, MONTH]")


# -- PATCH -----------------------------------------------------------------------------------------------------------------

METHOD = "/apiStages/{api}:dev/throttle/~1pets~1{{id}}/GET"
TERRAFORMS = "/apiStages/{api}:dev/throttle//pets/{{id}}/GET"  # as Terraform's provider writes it


def stage(answer, name):
    return next(s for s in answer["apiStages"] if s["stage"] == name)


@pytest.mark.parametrize("operation, shown", [
    (("replace", "/name", "n2"), {"name": "n2"}),
    (("replace", "/description", "d2"), {"description": "d2"}),
    (("add", "/productCode", "p"), {"productCode": "p"}),
    (("replace", "/productCode", "p2"), {"productCode": "p2"}),
    (("add", "/quota/limit", "20"), {"quota": {"limit": 20, "offset": 0, "period": "MONTH"}}),
    (("replace", "/quota/offset", "5"), {"quota": {"limit": 10, "offset": 5, "period": "MONTH"}}),
    (("replace", "/quota/period", "DAY"), {"quota": {"limit": 10, "offset": 0, "period": "DAY"}}),
    (("replace", "/throttle/burstLimit", "9"), {"throttle": {"burstLimit": 9, "rateLimit": 2.5}}),
    (("add", "/throttle/rateLimit", "100"), {"throttle": {"burstLimit": 3, "rateLimit": 100.0}}),
])
def test_patches(client, plan, operation, shown):
    changed = client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch(*operation))
    assert members(changed) == {**members(plan), "tags": {}, **shown} == members(client.get_usage_plan(usagePlanId=plan["id"]))


@pytest.mark.parametrize("path, member", [("/quota", "quota"), ("/throttle", "throttle"), ("/productCode", "productCode")])
def test_what_is_removed(client, plan, path, member):
    changed = client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch("add", "/productCode", "p") + patch("remove", path))
    assert member not in changed


@pytest.mark.parametrize("path", [METHOD, TERRAFORMS])
def test_throttles_of_methods(client, api, plan, path):
    update = lambda *operation: stage(client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch(*operation)), "dev").get("throttle")
    base, whole = path.format(api=api), f"/apiStages/{api}:dev/throttle"
    assert update("add", base + "/rateLimit", "1.5") == {"/pets/{id}/GET": {"rateLimit": 1.5}}
    assert update("replace", base + "/burstLimit", "2") == {"/pets/{id}/GET": {"rateLimit": 1.5, "burstLimit": 2}}
    assert update("add", f"{whole}/~1/GET/burstLimit", "4")["//GET"] == {"burstLimit": 4}
    assert update("remove", base) == {"//GET": {"burstLimit": 4}}
    assert update("replace", whole, json.dumps({"/pets/{id}/POST": {"rateLimit": 3}})) == {"/pets/{id}/POST": {"rateLimit": 3}}
    assert refusal(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=patch("remove", "/throttle")) == FINE_GRAIN
    assert update("remove", whole) is None


def test_stages_of_a_plan(client, api, plan):
    update = lambda *operation: [s["stage"] for s in client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch(*operation))["apiStages"]]
    assert update("add", "/apiStages", f"{api}:prod") == update("add", "/apiStages", f"{api}:prod") == ["dev", "prod"]
    assert update("remove", "/apiStages", f"{api}:dev") == ["prod"]


REFUSED = [
    (("replace", "/id", "x"), "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/name, /description, *"),
    (("add", "/name", "x"), "Invalid patch path  '/name' specified for op 'add'. Must be one of: [/apiStages, *"),
    (("remove", "/name"), f"Invalid patch path  '/name' specified for op 'remove'. Must be one of: [{REMOVABLE}]"),
    (("remove", "/apiStages/{api}:dev"), f"Invalid patch path  '/apiStages/{{api}}:dev' specified for op 'remove'. Must be one of: [{REMOVABLE}]"),
    (("copy", "/name"), "Invalid patch path  '/name' specified for op 'copy'. Please choose supported operations"),
    (("replace", "/apiStages", "{api}:dev"), "Invalid patch path  '/apiStages' specified for op 'replace'. *"),
    (("replace", "/quota", "1"), "Invalid patch path  '/quota' specified for op 'replace'. *"),
    (("replace", "/quota/nonono", "1"), "Invalid patch path  '/quota/nonono' specified for op 'replace'. *"),
    (("remove", "/quota/limit"), f"Invalid patch path  '/quota/limit' specified for op 'remove'. Must be one of: [{REMOVABLE}]"),
    (("replace", "/throttle/nonono", "1"), "Invalid patch path  '/throttle/nonono' specified for op 'replace'. *"),
    (("add", "/apiStages/{api}:dev/throttle/~1pets", "1"), "Invalid patch path  '/apiStages/{api}:dev/throttle/~1pets' specified for op 'add'. *"),
    (("add", "/apiStages/{api}:dev/nonono/x", "1"), "Invalid patch path  '/apiStages/{api}:dev/nonono/x' specified for op 'add'. *"),
    (("add", METHOD + "/nonono", "1"), "Invalid patch path  *"),
    (("replace", "/name", ""), "Usage Plan name cannot be empty"),
    (("replace", "/quota/limit", "many"), QUOTA_LIMIT[2]),
    (("replace", "/quota/limit", "1.5"), QUOTA_LIMIT[2]),
    (("replace", "/quota/limit", "99999999999"), QUOTA_LIMIT[2]),
    (("replace", "/quota/period", "YEAR"), "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"),
    (("replace", "/quota/offset", "28"), "Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period"),
    (("replace", "/throttle/burstLimit", "x"), BURST[2]),
    (("replace", "/throttle/rateLimit", "-1"), RATE[2]),
    (("replace", "/throttle/rateLimit", "1e999"), RATE[2]),
    (("add", METHOD + "/burstLimit", "x"), BURST[2]),
    (("replace", "/apiStages/{api}:dev/throttle", "[]"), "Invalid value for /apiStages/{api}:dev/throttle: Must be a map of methods to throttle settings"),
    (("replace", "/apiStages/{api}:dev/throttle", '{"//GET": {"x": 1}}'), "Invalid value for /apiStages/{api}:dev/throttle: Must be a map of methods to throttle settings"),
    (("add", "/apiStages"), "Invalid API Stage specified"),
    (("add", "/apiStages", "nonono"), "Invalid API Stage specified"),
    (("remove", "/apiStages", ":dev"), "Invalid API Stage specified"),
    (("add", "/apiStages/nonono/throttle/~1/GET/rateLimit", "1"), "Invalid API Stage specified"),
]


@pytest.mark.parametrize("operation, message", REFUSED)
def test_refused_patches_change_nothing(client, api, plan, operation, message):
    fill = lambda text: text.replace("{api}", api).replace("{{", "{").replace("}}", "}") if text else text
    operations = patch("replace", "/description", "changed") + patch(*map(fill, operation))
    status, code, told = refusal(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=operations)
    assert (status, code) == (400, "BadRequestException")
    assert told == fill(message) or (message.endswith("*") and told.startswith(fill(message[:-1])))
    assert members(client.get_usage_plan(usagePlanId=plan["id"])) == {**members(plan), "tags": {}}


@pytest.mark.parametrize("operation, message", [
    (("add", "/apiStages", "{api}b:dev"), "Invalid API Stage {{api: {api}b, stage: dev}} specified for usageplan {plan}"),
    (("add", "/apiStages", "{api}:fakestagename"), "Invalid API Stage {{api: {api}, stage: fakestagename}} specified for usageplan {plan}"),
    (("remove", "/apiStages", "{api}:prod"), "Invalid API Stage {{api: {api}, stage: prod}} specified for usageplan {plan}"),
    (("add", "/apiStages/{api}:prod/throttle/~1/GET/rateLimit", "1"), "Invalid API Stage {{api: {api}, stage: prod}} specified for usageplan {plan}"),
    (("add", "/apiStages/{api}:dev/throttle/~1/POST/rateLimit", "1"), "Invalid method {{resourcePath: /,method: POST}} specified"),
])
def test_stages_and_methods_that_are_not_there(client, api, plan, operation, message):
    operations = patch(*(text.format(api=api) for text in operation))
    assert refusal(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=operations) == missing(message.format(api=api, plan=plan["id"]))


# -- lists, tags, ends -------------------------------------------------------------------------------------------------------

def test_lists(client, make, make_key):
    made, key = [make(name=f"t011-{index}")["id"] for index in range(5)], make_key()["id"]
    found = [item["id"] for item in pages(client.get_usage_plans, 2)]
    assert len(found) == len(set(found)) and set(made) <= set(found)
    assert refusal(client.get_usage_plans, position="nonono") == bad("Invalid position parameter")
    for name in made[1:3]:
        client.create_usage_plan_key(usagePlanId=name, keyId=key, keyType="API_KEY")
    assert {item["id"] for item in client.get_usage_plans(keyId=key)["items"]} == set(made[1:3])
    assert client.get_usage_plans(keyId="nonono")["items"] == []


def test_tags(client, plan):
    arn = f"arn:aws:apigateway:us-east-1::/usageplans/{plan['id']}"
    client.tag_resource(resourceArn=arn, tags={"a": "b", "c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.get_tags(resourceArn=arn)["tags"] == client.get_usage_plan(usagePlanId=plan["id"])["tags"] == {"c": "d"}


def test_plans_that_are_not_there(client):
    for call in (client.get_usage_plan, client.delete_usage_plan, client.update_usage_plan):
        assert refusal(call, usagePlanId="nonono") == NO_PLAN


def test_a_plan_with_stages_stays(client, api, plan):
    message = f"Cannot delete Usage Plan {plan['id']} because there are API Stages associated with it, including {api}:dev"
    assert refusal(client.delete_usage_plan, usagePlanId=plan["id"]) == bad(message)


def test_stages_and_apis_that_end_leave_their_plans(client, make):
    api = deployed_api(client, "one", "two", "three")
    stages = [{"apiId": api, "stage": name} for name in ("one", "two", "three")]
    made = make(apiStages=stages)["id"]
    client.delete_stage(restApiId=api, stageName="two")
    assert client.get_usage_plan(usagePlanId=made)["apiStages"] == [stages[0], stages[2]]
    client.delete_rest_api(restApiId=api)
    assert client.get_usage_plan(usagePlanId=made)["apiStages"] == []


# -- keys of plans -------------------------------------------------------------------------------------------------------------

def test_keys_of_a_plan(client, plan, make_key):
    keys = [make_key(name) for name in ("t011-a", "t011-b", "other")]
    for key in keys:
        made = client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
        assert members(made) == {"id": key["id"], "type": "API_KEY", "value": key["value"], "name": key["name"]}
        assert members(client.get_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])) == members(made)
    names = lambda **query: [item["name"] for item in pages(client.get_usage_plan_keys, 2, usagePlanId=plan["id"], **query)]
    assert names() == ["other", "t011-b", "t011-a"] and names(nameQuery="t011-") == ["t011-b", "t011-a"] and names(nameQuery="b") == []
    client.delete_usage_plan_key(usagePlanId=plan["id"], keyId=keys[0]["id"])
    assert names() == ["other", "t011-b"]
    assert client.get_usage_plan_keys(usagePlanId="nonono")["items"] == []


def test_refused_keys_of_plans(client, make, make_key):
    made, key = make()["id"], make_key()["id"]
    create = lambda plan, name, type="API_KEY": refusal(client.create_usage_plan_key, usagePlanId=plan, keyId=name, keyType=type)
    assert create("nonono", key) == NO_PLAN and create(made, "nonono") == NO_KEY
    assert create(made, key, "PASSWORD") == bad("Invalid key type specified. Must be one of: [API_KEY]")
    for call in (client.get_usage_plan_key, client.delete_usage_plan_key):
        assert refusal(call, usagePlanId="nonono", keyId=key) == NO_PLAN and refusal(call, usagePlanId=made, keyId=key) == NO_KEY
    client.create_usage_plan_key(usagePlanId=made, keyId=key, keyType="API_KEY")
    assert create(made, key) == (409, "ConflictException", "Usage Plan Key already exists")


def test_a_key_is_in_ten_plans_at_most(client, make, make_key):
    plans, key = [make()["id"] for _ in range(11)], make_key()["id"]
    for plan in plans[:10]:
        client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert refusal(client.create_usage_plan_key, usagePlanId=plans[10], keyId=key, keyType="API_KEY") == (
        429, "LimitExceededException", "Maximum number of Usage Plans of an API Key has been reached.")


def test_a_key_is_in_one_plan_of_a_stage(client, api, make, make_key):
    first, second, key = make(apiStages=[{"apiId": api, "stage": "prod"}])["id"], make()["id"], make_key()["id"]
    add = {"usagePlanId": second, "patchOperations": patch("add", "/apiStages", f"{api}:prod")}
    told = lambda a, b: f"An API Key can't be in the usage plans {a} and {b}, which both have the API Stage {{api: {api}, stage: prod}}"
    for plan in (first, second):
        client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert refusal(client.update_usage_plan, **add) == (409, "ConflictException", told(second, first))
    client.delete_usage_plan_key(usagePlanId=second, keyId=key)
    client.update_usage_plan(**add)
    assert refusal(client.create_usage_plan_key, usagePlanId=second, keyId=key, keyType="API_KEY") == (409, "ConflictException", told(second, first))


def test_what_ends_with_a_key_and_with_a_plan(client, make, make_key):
    made, key = make()["id"], make_key()["id"]
    gone = client.create_api_key()["id"]
    for name in (key, gone):
        client.create_usage_plan_key(usagePlanId=made, keyId=name, keyType="API_KEY")
    client.delete_api_key(apiKey=gone)
    assert [item["id"] for item in client.get_usage_plan_keys(usagePlanId=made)["items"]] == [key]
    other = client.create_usage_plan(name="t011")["id"]
    client.create_usage_plan_key(usagePlanId=other, keyId=key, keyType="API_KEY")
    client.delete_usage_plan(usagePlanId=other)
    assert client.get_usage_plan_keys(usagePlanId=other)["items"] == [] and client.get_api_key(apiKey=key)["id"] == key


# -- usage ---------------------------------------------------------------------------------------------------------------------

def day(offset=0):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


@pytest.fixture
def member(client, make, make_key):
    """A plan of 10 requests a day with a key in it."""
    made, key = make(quota={"limit": 10, "period": "DAY"})["id"], make_key()["id"]
    client.create_usage_plan_key(usagePlanId=made, keyId=key, keyType="API_KEY")
    return {"usagePlanId": made, "keyId": key}


def test_usage_day_by_day(client, member):
    shown = members(client.get_usage(startDate=day(-2), endDate=day(), **member))
    assert shown == {"usagePlanId": member["usagePlanId"], "startDate": day(-2), "endDate": day(), "items": {member["keyId"]: [[0, 10]] * 3}}
    granted = members(client.update_usage(patchOperations=patch("replace", "/remaining", "25"), **member))
    assert granted == {"usagePlanId": member["usagePlanId"], "startDate": day(), "endDate": day(), "items": {member["keyId"]: [[0, 25]]}}
    shown = client.get_usage(startDate=day(-1), endDate=day(1), **member)["items"]
    assert shown == {member["keyId"]: [[0, 10], [0, 25], [0, 10]]}
    client.update_usage_plan(usagePlanId=member["usagePlanId"], patchOperations=patch("remove", "/quota"))
    assert client.get_usage(startDate=day(), endDate=day(), **member)["items"] == {member["keyId"]: [[0, -1]]}
    message = f"Usage Plan {member['usagePlanId']} has no quota"
    assert refusal(client.update_usage, patchOperations=patch("replace", "/remaining", "1"), **member) == bad(message)


def test_usage_in_pages(client, make, make_key):
    made, keys = make()["id"], {make_key()["id"] for _ in range(5)}
    for key in keys:
        client.create_usage_plan_key(usagePlanId=made, keyId=key, keyType="API_KEY")
    seen, position = [], {}
    while True:
        page = client.get_usage(usagePlanId=made, startDate=day(), endDate=day(), limit=2, **position)
        seen += page["items"]
        if "position" not in page:
            break
        position = {"position": page["position"]}
    assert len(seen) == 5 and set(seen) == keys


@pytest.mark.parametrize("query, message", [
    ({"startDate": "yesterday"}, bad("Invalid startDate specified. Must be of the form YYYY-MM-DD")),
    ({"startDate": "2026-02-30"}, bad("Invalid startDate specified. Must be of the form YYYY-MM-DD")),
    ({"endDate": "2026-01-01T00:00:00Z"}, bad("Invalid endDate specified. Must be of the form YYYY-MM-DD")),
    ({"startDate": "2026-01-02", "endDate": "2026-01-01"}, bad("Invalid date range specified. endDate is before startDate")),
    ({"startDate": "2025-01-01", "endDate": "2026-01-02"}, bad("Invalid date range specified. It can have at most 366 days")),
    ({"keyId": "nonono"}, missing("Invalid Key identifier specified")),
    ({"usagePlanId": "nonono"}, NO_PLAN),
    ({"position": "nonono"}, bad("Invalid position parameter")),
])
def test_refused_usage(client, member, query, message):
    assert refusal(client.get_usage, **{"startDate": "2026-01-01", "endDate": "2026-01-01", **member, **query}) == message


@pytest.mark.parametrize("operation, message", [
    (("add", "/remaining", "1"), "Invalid patch path  '/remaining' specified for op 'add'. Please choose supported operations"),
    (("replace", "/used", "1"), "Invalid patch path  '/used' specified for op 'replace'. Must be one of: [/remaining]"),
    (("replace", "/remaining", "many"), "Remaining quota must be a non-negative numeric"),
    (("replace", "/remaining", "-1"), "Remaining quota must be a non-negative numeric"),
    (("replace", "/remaining"), "Remaining quota must be a non-negative numeric"),
])
def test_refused_grants(client, member, operation, message):
    assert refusal(client.update_usage, patchOperations=patch(*operation), **member) == bad(message)
    assert refusal(client.update_usage, patchOperations=[], **{**member, "keyId": "nonono"}) == missing("Invalid Key identifier specified")
