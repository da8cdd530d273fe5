# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern apply` brings APIs, policies, stages, domains and names to the state that files describe: the plan is printed first, a
second run changes nothing, a run that broke off is finished by the next, and only what the estate made is pruned."""
import json
import os
import pty
import subprocess
import uuid

import pytest
import yaml

from conftest import Here
from lab.appliance import REGION, allow, deny, policy
from lab.certificate import Authority
from lab.network import run, wait_for

NO_CHANGES = "No changes: everything is as the files say."


def mock(text, **more):
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}}, **more}}


def document(**paths):
    return {"openapi": "3.0.1", "info": {"title": "from the document", "version": "1"},
            "paths": {f"/{path}": methods for path, methods in paths.items()}}


class Estate:
    """Files in a folder, and `postern apply` on them."""

    def __init__(self, appliance, folder):
        self.appliance, self.folder = appliance, folder
        self.tag = uuid.uuid4().hex[:8]
        self.name, self.api = f"team-{self.tag}", f"pets-{self.tag}"
        self.content = {"estate": self.name, "apis": [{
            "name": self.api, "openapi": "pets.yaml", "policy": "policy.json",
            "stages": [{"name": "prod", "variables": {"color": "blue"}}]}]}
        self.write("pets.yaml", document(pets={"get": mock('{"v":1}')}))
        self.write("policy.json", policy(allow()))

    def write(self, name, content):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def save(self):
        return self.write("estate.postern.yaml", yaml.safe_dump(self.content, sort_keys=False))

    @property
    def environment(self):
        return {**self.appliance.environment(), "POSTERN_ENDPOINT": self.appliance.management}

    def apply(self, *options, status=0):
        self.save()
        done = run(self.appliance.build / "postern", "apply", self.folder, *options, env=self.environment, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def find(self, name=None):
        apis = self.appliance.boto3("apigateway").get_paginator("get_rest_apis").paginate().build_full_result()["items"]
        return next((api for api in apis if api["name"] == (name or self.api)), None)

    def revision(self):
        return self.appliance.metrics()["postern_store_revision"]


@pytest.fixture
def estate(local, tmp_path):
    made = Estate(local, tmp_path)
    yield made
    client = local.boto3("apigateway")
    for domain in local.postern("domain", "list")["item"]:  # Debian's boto3 does not know their ids
        if domain.get("tags", {}).get("postern:managed-by") == made.name:
            local.postern("domain", "delete", domain["domainName"], "--id", domain["domainNameId"])
    for api in client.get_rest_apis(limit=500)["items"]:
        if made.tag in api["name"]:
            client.delete_rest_api(restApiId=api["id"])


def answer(appliance, api, path="/pets", expected=None):
    """The body of a request, once it is `expected`."""
    def asked():
        body = appliance.get(api, path).body
        return (body, True) if expected is None or body == expected else None
    return wait_for(asked, f"the answer {expected}", 10)[0]


# -- the plan, the run, the second run ----------------------------------------------------------------------------------
def test_a_plan_is_shown_and_changes_nothing(estate):
    before = estate.revision()
    shown = estate.apply("--plan", status=2).stdout
    assert shown.splitlines() == [
        f"+ api {estate.api}", "      + GET /pets  MOCK",
        '      + documentation {"type":"RESPONSE","path":"/pets","method":"GET","statusCode":"200"}',
        '      + policy statement {"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}',
        f"+ stage prod of api {estate.api}", "      deploy: the definition as it will be", '      variables.color: "blue"', "",
        "Plan: 2 to create, 0 to change, 0 to delete."]
    assert estate.revision() == before and estate.find() is None


def test_what_is_applied_is_served_and_a_second_run_writes_nothing(estate):
    done = estate.apply("--yes")
    api = estate.find()
    assert f"+ api {estate.api}: done, id {api['id']}" in done.stdout and "Applied: 2 created, 0 changed, 0 deleted." in done.stdout
    assert api["endpointConfiguration"]["types"] == ["PRIVATE"] and api["tags"] == {"postern:managed-by": estate.name}
    assert answer(estate.appliance, api["id"]) == '{"v":1}'
    revision, audited = estate.revision(), estate.appliance.postern("audit", "--limit", "1000")["events"]
    assert audited
    assert estate.apply("--yes").stdout.strip() == NO_CHANGES
    assert estate.apply("--plan").stdout.strip() == NO_CHANGES
    assert estate.revision() == revision and estate.appliance.postern("audit", "--limit", "1000")["events"] == audited


def test_a_change_is_told_deployed_and_served(estate):
    estate.apply("--yes")
    api = estate.find()["id"]
    estate.write("pets.yaml", document(pets={"get": mock('{"v":2}'), "post": mock('{"v":3}')}))
    estate.write("policy.json", policy(allow(), deny("far", "IpAddress", "aws:VpcSourceIp", "10.9.0.0/16")))
    estate.content["apis"][0]["tags"] = {"team": "cats"}
    estate.content["apis"][0]["stages"][0] |= {
        "variables": {"size": 7}, "description": "the first", "methodSettings": {"GET /pets": {"throttlingRateLimit": 10}},
        "accessLog": {"destinationArn": f"arn:aws:logs:{REGION}:123456789012:log-group:pets", "format": "$context.requestId"}}
    shown = estate.apply("--plan", status=2).stdout
    for line in (f"~ api {estate.api} ({api})", "      ~ GET /pets", "      + POST /pets  MOCK",
                 '          methodIntegration.integrationResponses.200.responseTemplates.application/json: "{\\"v\\":1}" -> "{\\"v\\":2}"',
                 "          policy: Allow -> ExplicitDeny for action: execute-api:Invoke; aws:VpcSourceIp: 10.9.0.0/16",
                 '      tags.team: "cats"', f"~ stage prod of api {estate.api}", "      deploy: the definition as it will be",
                 '      variables.size: "7"', '      variables.color: "blue" -> (none)', '      description: "the first"',
                 "      methodSettings.GET /pets.throttlingRateLimit: 10", '      accessLog.format: "$context.requestId"',
                 "Plan: 0 to create, 2 to change, 0 to delete."):
        assert line in shown.splitlines(), shown
    told = json.loads(estate.apply("--yes", "--json").stdout)
    assert told["applied"] and [step["done"] for step in told["steps"]] == [True, True] and told["change"] == 2
    assert answer(estate.appliance, api, expected='{"v":2}') == '{"v":2}'
    stage = estate.appliance.boto3("apigateway").get_stage(restApiId=api, stageName="prod")
    assert stage["variables"] == {"size": "7"} and stage["methodSettings"]["~1pets/GET"]["throttlingRateLimit"] == 10
    assert estate.find()["tags"] == {"team": "cats", "postern:managed-by": estate.name}
    assert estate.apply("--plan").stdout.strip() == NO_CHANGES


def test_what_others_changed_is_put_back(estate):
    estate.apply("--yes")
    client, api = estate.appliance.boto3("apigateway"), estate.find()["id"]
    root = next(r for r in client.get_resources(restApiId=api)["items"] if r["path"] == "/")["id"]
    client.create_resource(restApiId=api, parentId=root, pathPart="extra")
    client.update_stage(restApiId=api, stageName="prod", patchOperations=[{"op": "replace", "path": "/variables/color", "value": "red"}])
    shown = estate.apply("--yes").stdout
    assert "      - resource /extra" in shown and '      variables.color: "red" -> "blue"' in shown and "deploy" not in shown
    assert [r["path"] for r in client.get_resources(restApiId=api)["items"]] == ["/", "/pets"]


def test_a_stage_that_serves_an_old_definition_is_deployed(estate):
    estate.apply("--yes")
    client, api = estate.appliance.boto3("apigateway"), estate.find()["id"]
    estate.write("pets.yaml", document(pets={"get": mock('{"v":"new"}')}))
    estate.content["apis"][0]["stages"][0]["deploy"] = "never"
    shown = estate.apply("--yes").stdout
    assert f"! stage prod of api {estate.api} serves another definition and has deploy: never" in shown
    assert answer(estate.appliance, api) == '{"v":1}'
    del estate.content["apis"][0]["stages"][0]["deploy"]
    estate.content["apis"][0]["stages"].append({"name": "next"})
    shown = estate.apply("--yes").stdout
    assert "          ~ GET /pets" in shown
    stages = {stage["stageName"]: stage for stage in client.get_stages(restApiId=api)["item"]}
    assert stages["prod"]["deploymentId"] == stages["next"]["deploymentId"], "one deployment serves all stages of a run"
    assert answer(estate.appliance, api, expected='{"v":"new"}')


def test_the_name_of_the_file_stands_above_the_title(estate):
    del estate.content["apis"][0]["name"]
    estate.write("pets.yaml", {**document(pets={"get": mock("{}")}), "info": {"title": f"title-{estate.tag}", "version": "1"}})
    estate.apply("--yes")
    made = estate.find(f"title-{estate.tag}")["id"]
    estate.content["apis"][0] |= {"name": f"renamed-{estate.tag}", "id": made}
    assert f'          name: "title-{estate.tag}" -> "renamed-{estate.tag}"' in estate.apply("--yes").stdout
    assert estate.find(f"renamed-{estate.tag}")["id"] == made
    assert estate.apply("--plan").stdout.strip() == NO_CHANGES


# -- domains --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def domain(estate):
    """The estate with a domain that has all that a domain can have."""
    name = f"pets-{estate.tag}.corp.test"
    authority = Authority(estate.folder / "ca")
    certificate, key = authority.issue(name)
    endpoint = estate.appliance.postern("status")["endpoints"][0]
    estate.content["domains"] = [{
        "name": name, "certificate": {"certificate": str(certificate.relative_to(estate.folder)),
                                      "privateKey": str(key.relative_to(estate.folder))},
        "policy": policy(allow()), "tags": {"team": "pets"},
        "mappings": [{"basePath": "v1", "api": estate.api, "stage": "prod"}], "vpcEndpointIds": [endpoint["id"]],
        "aliases": [{"zone": f"{estate.tag}.corp.test", "vpcId": endpoint["vpcId"], "endpoint": endpoint["id"]}]}]
    estate.content["domains"][0]["name"] = name = f"pets.{estate.tag}.corp.test"
    certificate, key = authority.issue(name)
    estate.content["domains"][0]["certificate"] = {"certificate": f"ca/{certificate.name}", "privateKey": f"ca/{key.name}"}
    estate.domain, estate.authority, estate.key = name, authority, key
    return estate


def records(estate):
    client = estate.appliance.boto3("route53")
    zone = next(z for z in client.list_hosted_zones()["HostedZones"] if z["Name"] == f"{estate.tag}.corp.test.")
    return zone["Id"], {(s["Name"], s["Type"]): s for s in client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]}


def test_a_domain_with_all_that_belongs_to_it(domain):
    done = domain.apply("--yes")
    for line in (f"+ certificate of {domain.domain}", f"+ domain {domain.domain}", f"+ base path v1 of {domain.domain}",
                 f"+ access to {domain.domain} by ", f"+ private zone {domain.tag}.corp.test. for ", f"+ alias {domain.domain} in zone "):
        assert f"\n{line}" in done.stdout, done.stdout
    revision = domain.revision()
    assert domain.apply("--yes").stdout.strip() == NO_CHANGES and domain.revision() == revision
    address, port = domain.appliance.traffic.rsplit(":", 1)

    def asked():
        try:
            return Here.curl(f"https://{domain.domain}:{port}/v1/pets", resolve=(domain.domain, port, address),
                             ca=domain.authority.certificate).body == '{"v":1}'
        except (RuntimeError, subprocess.CalledProcessError):
            return None
    wait_for(asked, "the domain to be served", 10)
    assert any(name == f"{domain.domain}." and "AliasTarget" in s for (name, _), s in records(domain)[1].items())
    secret = "".join(line for line in domain.key.read_text().splitlines() if "-----" not in line)
    assert secret[:40] not in done.stdout + done.stderr + domain.appliance.log.read_text()


def test_a_renewed_certificate_keeps_its_arn(domain):
    domain.apply("--yes")
    client = domain.appliance.boto3("apigateway")
    arn = next(d for d in client.get_domain_names(limit=500)["items"] if d["domainName"] == domain.domain)["certificateArn"]
    domain.authority.issue(domain.domain)
    done = domain.apply("--yes")
    assert f"~ certificate of {domain.domain}: imported anew as {arn}: done" in done.stdout
    assert "Applied: 0 created, 1 changed, 0 deleted." in done.stdout and domain.apply("--plan").stdout.strip() == NO_CHANGES


def test_a_certificate_that_another_domain_uses_is_not_replaced(domain):
    other = f"other.{domain.tag}.corp.test"
    domain.authority.issue(domain.domain, other)
    domain.apply("--yes")
    client = domain.appliance.boto3("apigateway")
    arn = next(d for d in client.get_domain_names(limit=500)["items"] if d["domainName"] == domain.domain)["certificateArn"]
    domain.content["domains"].append({"name": other, "certificateArn": arn, "policy": policy(allow())})
    domain.apply("--yes")
    domain.authority.issue(domain.domain)
    done = domain.apply("--yes")
    assert f"+ certificate of {domain.domain}\n" in done.stdout and f"certificateArn: {arn} -> (new)" in done.stdout, done.stdout
    found = {d["domainName"]: d["certificateArn"] for d in client.get_domain_names(limit=500)["items"]}
    assert found[other] == arn != found[domain.domain] and domain.apply("--plan").stdout.strip() == NO_CHANGES


def test_a_mapping_moves_and_what_the_files_do_not_name_stays(domain):
    domain.apply("--yes")
    domain.content["apis"][0]["stages"].append({"name": "beta"})
    domain.content["domains"][0]["mappings"] = [{"basePath": "v2", "api": domain.api, "stage": "beta"}]
    assert f"! base path v1 of {domain.domain} is not in the files and stays" in domain.apply("--yes").stdout
    domain.content["domains"][0]["mappings"][0]["stage"] = "prod"
    assert '      stage: "beta" -> "prod"' in domain.apply("--yes").stdout
    assert f"- base path v1 of {domain.domain}: done" in domain.apply("--yes", "--prune").stdout
    assert domain.apply("--plan", "--prune").stdout.strip() == NO_CHANGES


# -- failures -----------------------------------------------------------------------------------------------------------------
def test_a_run_that_breaks_off_is_finished_by_the_next(domain):
    domain.content["domains"][0]["mappings"].append({"basePath": "v2", "api": domain.api, "stage": "missing"})
    done = domain.apply("--yes", status=1)
    assert f"postern: base path v2 of {domain.domain}: the appliance answered 400: Invalid stage identifier specified. " in done.stderr
    assert "5 of 9 steps are done, 4 are not; running it again does the rest" in done.stderr, done.stderr
    api = domain.find()["id"]
    domain.content["domains"][0]["mappings"].pop()
    done = domain.apply("--yes")
    assert domain.find()["id"] == api and "Applied: 3 created, 0 changed, 0 deleted." in done.stdout
    assert domain.apply("--plan").stdout.strip() == NO_CHANGES


def test_a_document_that_is_wrong_is_told_by_its_own_lines(estate):
    estate.write("pets.yaml", "openapi: 3.0.1\ninfo: {title: x, version: '1'}\npaths:\n  pets: {}\n")
    before = estate.revision()
    done = estate.apply("--yes", status=1)
    assert f"estate.postern.yaml:3: api {estate.api}, {estate.folder}/pets.yaml: the appliance answered 400: Invalid OpenAPI input." in done.stderr
    assert "line 4, column 9" in done.stderr and "a path must begin with '/'" in done.stderr
    assert estate.revision() == before


def test_a_private_api_without_a_policy_is_refused_in_the_plan(estate):
    del estate.content["apis"][0]["policy"]
    assert "can't be deployed without a resource policy" in estate.apply("--plan", status=1).stderr


def test_a_plan_that_is_no_longer_true_does_nothing(estate):
    estate.apply("--yes")
    api = estate.find()["id"]
    estate.content["apis"][0]["stages"][0]["variables"] = {"color": "green"}
    estate.save()
    here, there = pty.openpty()
    process = subprocess.Popen([estate.appliance.build / "postern", "apply", estate.folder], stdin=there, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=estate.environment, text=True)
    shown = ""
    while not shown.endswith("Only yes is taken for yes: "):
        piece = process.stdout.read(1)
        assert piece, process.stderr.read()
        shown += piece
    client = estate.appliance.boto3("apigateway")
    client.update_stage(restApiId=api, stageName="prod", patchOperations=[{"op": "replace", "path": "/description", "value": "of another"}])
    revision = estate.revision()
    os.write(here, b"yes\n")
    _, error = process.communicate(timeout=30)
    os.close(here)
    os.close(there)
    assert process.returncode == 1 and f"nothing was done: the appliance answered 412: a stage of restapi/{api} was changed meanwhile" in error
    assert estate.revision() == revision
    assert client.get_stage(restApiId=api, stageName="prod")["variables"] == {"color": "blue"}
    assert '"blue" -> "green"' in estate.apply("--yes").stdout


@pytest.mark.parametrize("typed, applied", [("yes", True), ("y", False), ("no", False)])
def test_only_yes_is_taken_for_yes(estate, typed, applied):
    estate.save()
    here, there = pty.openpty()
    os.write(here, typed.encode() + b"\n")
    done = subprocess.run([estate.appliance.build / "postern", "apply", estate.folder], stdin=there, env=estate.environment,
                          capture_output=True, text=True, timeout=30)
    os.close(here)
    os.close(there)
    assert (done.returncode, estate.find() is not None) == ((0, True) if applied else (1, False))
    assert applied or "postern: nothing was done" in done.stderr


def test_without_a_terminal_it_has_to_be_told(estate):
    done = estate.apply(status=1)
    assert "Plan: 2 to create" in done.stdout and "nothing was done: --yes applies without asking" in done.stderr and not estate.find()


# -- ownership -----------------------------------------------------------------------------------------------------------------
def test_only_what_the_estate_made_is_pruned(domain):
    client = domain.appliance.boto3("apigateway")
    domain.content["apis"].append({"name": f"second-{domain.tag}", "openapi": document(x={"get": mock("{}")}), "policy": policy(allow())})
    domain.apply("--yes")
    foreign = client.create_rest_api(name=f"foreign-{domain.tag}", endpointConfiguration={"types": ["PRIVATE"]})["id"]
    first = domain.find()["id"]
    deployment = client.get_stage(restApiId=first, stageName="prod")["deploymentId"]
    client.create_stage(restApiId=first, stageName="foreign", deploymentId=deployment)
    domain.content["apis"].pop()
    del domain.content["domains"]
    shown = domain.apply("--plan").stdout
    assert f"! domain {domain.domain} (" in shown and "is not in the files any more: --prune deletes it" in shown
    done = domain.apply("--yes", "--prune")
    for line in (f"- alias {domain.domain}. in zone ", f"- domain {domain.domain} (", f"- api second-{domain.tag} ("):
        assert f"\n{line}" in f"\n{done.stdout}", done.stdout
    assert f"! stage foreign of api {domain.api} is not in the files and stays" in done.stdout
    assert not domain.find(f"second-{domain.tag}") and domain.find(f"foreign-{domain.tag}")["id"] == foreign
    assert not any(name.startswith("pets.") for name, _ in records(domain)[1])
    assert "No changes" in domain.apply("--plan", "--prune").stdout


def test_an_alias_that_the_files_no_longer_name_is_pruned(domain):
    domain.apply("--yes")
    zone, _ = records(domain)
    alias = domain.content["domains"][0].pop("aliases")
    assert f"! alias {domain.domain}. in zone " in domain.apply("--plan").stdout
    assert f"- alias {domain.domain}. in zone {zone.rpartition('/')[2]}: done" in domain.apply("--yes", "--prune").stdout
    assert not any(name.startswith("pets.") for name, _ in records(domain)[1])
    tags = next(d for d in domain.appliance.postern("domain", "list")["item"] if d["domainName"] == domain.domain)["tags"]
    assert "postern:alias-zones" not in tags and "postern:managed-by" in tags
    domain.appliance.boto3("route53").delete_hosted_zone(Id=zone)
    assert "No changes" in domain.apply("--plan", "--prune").stdout
    domain.content["domains"][0]["aliases"] = alias
    assert "Applied: 2 created" in domain.apply("--yes").stdout and "No changes" in domain.apply("--plan").stdout


def test_two_runs_at_once_do_not_mix(estate):
    """One of them does all, the other stops where it sees the first: the state is that of the files, once."""
    estate.apply("--yes")
    estate.write("pets.yaml", document(pets={"get": mock('{"v":2}')}))
    estate.content["apis"][0]["stages"] += [{"name": f"s{number}"} for number in range(5)]
    estate.save()
    runs = [subprocess.Popen([estate.appliance.build / "postern", "apply", "--yes", estate.folder], env=estate.environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in runs]
    assert any(status == 0 for _, _, status in ended), ended
    assert all(status == 0 or "was changed meanwhile" in error for _, error, status in ended), ended
    assert estate.apply("--plan").stdout.strip() == NO_CHANGES
    deployments = estate.appliance.boto3("apigateway").get_deployments(restApiId=estate.find()["id"])["items"]
    assert len(deployments) == 2, "the first, and that of the run that won"


def test_an_api_of_many_resources(estate):
    estate.write("pets.yaml", document(**{f"part{number}/{{id}}": {"get": mock(json.dumps({"number": number, "text": "x" * 4000}))}
                                          for number in range(300)}))
    assert "Applied: 2 created" in estate.apply("--yes").stdout
    assert estate.apply("--plan").stdout.strip() == NO_CHANGES
    assert answer(estate.appliance, estate.find()["id"], "/part299/1", json.dumps({"number": 299, "text": "x" * 4000}))


def test_what_was_made_elsewhere_is_changed_and_never_pruned(estate):
    client = estate.appliance.boto3("apigateway")
    api = client.create_rest_api(name=estate.api, endpointConfiguration={"types": ["PRIVATE"]})["id"]
    assert f"~ api {estate.api} ({api}): done" in estate.apply("--yes").stdout
    assert "postern:managed-by" not in estate.find().get("tags", {})
    estate.content["apis"] = []
    assert estate.apply("--yes", "--prune").stdout.strip() == NO_CHANGES and estate.find()["id"] == api


def test_what_another_estate_made_is_noted_and_not_pruned(domain):
    domain.apply("--yes")
    domain.content["estate"] = f"others-{domain.tag}"
    shown = domain.apply("--plan").stdout
    assert f"! api {domain.api} was made by the estate {domain.name}: two estates" in shown and f"! domain {domain.domain} was made by" in shown
    domain.content |= {"apis": [], "domains": []}
    assert domain.apply("--yes", "--prune").stdout.strip() == NO_CHANGES and domain.find()


def test_pruning_needs_an_estate(estate):
    del estate.content["estate"]
    assert "--prune needs the key `estate`" in estate.apply("--prune", "--yes", status=1).stderr


def test_two_apis_of_one_name_need_an_id(estate):
    client = estate.appliance.boto3("apigateway")
    ids = [client.create_rest_api(name=estate.api)["id"] for _ in range(2)]
    assert "there are several APIs of this name" in estate.apply("--plan", status=1).stderr
    estate.content["apis"][0]["id"] = ids[1]
    assert f"~ api {estate.api} ({ids[1]})" in estate.apply("--plan", status=2).stdout


def test_two_wishes_for_one_api_are_an_error(estate):
    estate.content["apis"].append({"openapi": "pets.yaml", "policy": "policy.json"})
    estate.write("pets.yaml", {**document(pets={"get": mock("{}")}), "info": {"title": estate.api, "version": "1"}})
    assert "is the same one" in estate.apply("--plan", status=1).stderr
    estate.content["apis"].pop()
    estate.apply("--yes")
    estate.content["apis"].append({"openapi": "pets.yaml", "policy": "policy.json"})
    assert "is the same one" in estate.apply("--yes", status=1).stderr


# -- files ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text, said", [
    ("apis:\n  - nmae: x\n    openapi: pets.yaml\n", ":2:11: api: unknown key nmae (is name meant?)"),
    ("apis:\n  - name: x\n    opnapi: pets.yaml\n", "api: openapi is missing"),
    ("domain: []\n", "file: unknown key domain (is domains meant?)"),
    ("apis:\n  - name: x\n    openapi: pets.yaml\n    stages: {}\n", "stages: must be a list"),
    ("apis:\n  - name: x\n    openapi: missing.yaml\n", "missing.yaml: No such file or directory"),
    ("apis:\n  - {name: x, openapi: pets.yaml}\n  - {name: x, openapi: pets.yaml}\n", "API x is in "),
    ("apis:\n  - name: x\n    name: y\n    openapi: pets.yaml\n", "estate.postern.yaml:3:"),
    ("apis: [1, 2\n", "estate.postern.yaml:"),
    ("apis:\n  - name: x\n    openapi: pets.yaml\n    disableExecuteApiEndpoint: maybe\n", "must be true or false"),
    ("- a\n", "must be a map of keys"),
    ("apis:\n  - name: x\n    openapi: pets.yaml\n    tags: {postern:managed-by: y}\n", "are apply's own"),
    ("apis:\n  - name: x\n    openapi: {openapi: 3.0.1, x-amazon-apigateway-policy: {}}\n    policy: policy.json\n", "say a policy: leave one out"),
])
def test_a_wrong_file_is_told_with_its_place(estate, text, said):
    file = estate.write("estate.postern.yaml", text)
    done = run(estate.appliance.build / "postern", "apply", "--plan", file, env=estate.environment, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert said in done.stderr and "estate.postern.yaml" in done.stderr, done.stderr


def test_a_file_that_is_not_there_is_named_once(estate):
    done = run(estate.appliance.build / "postern", "apply", "--plan", "nosuch.yaml", env=estate.environment, check=False)
    assert done.returncode == 1 and done.stderr.count("nosuch.yaml") == 1 and "No such file" in done.stderr


def test_several_files_and_folders_are_one_estate(estate):
    estate.write("deep/er/more.postern.json", {"estate": estate.name, "apis": [
        {"name": f"more-{estate.tag}", "openapi": "../../pets.yaml", "policy": "../../policy.json"}]})
    estate.write("deep/er/no.yaml", "not: read")
    done = estate.apply("--plan", status=2)
    assert f"+ api {estate.api}\n" in done.stdout and f"+ api more-{estate.tag}\n" in done.stdout
    estate.write("deep/er/more.postern.json", {"estate": "another"})
    assert "estate: another file says" in estate.apply("--plan", status=1).stderr


def test_folders_that_are_too_deep_are_an_error(estate):
    estate.write("/".join("d" * 17) + "/more.postern.json", {"estate": estate.name})
    assert "folders are more than 16 deep" in estate.apply("--plan", status=1).stderr


def test_no_secret_is_in_a_plan(estate):
    secret = {"requestParameters": {"integration.request.header.Authorization": "'Bearer t080-secret-token'"}}
    estate.write("pets.yaml", document(pets={"get": mock("{}", **secret)}))
    estate.apply("--yes")
    secret["requestParameters"]["integration.request.header.Authorization"] = "'Bearer t080-other-token'"
    estate.write("pets.yaml", document(pets={"get": mock("{}", **secret)}))
    shown = estate.apply("--plan", status=2).stdout
    assert "integration.request.header.Authorization" in shown and "t080" not in shown
    assert "t080" not in estate.apply("--yes", "--json").stdout


def test_usage_is_a_failure_since_2_means_changes(estate):
    for arguments in ([], ["--nonsense"]):
        done = run(estate.appliance.build / "postern", "apply", *arguments, env=estate.environment, check=False)
        assert done.returncode == 1 and "usage: postern apply" in done.stderr
    keys = run(estate.appliance.build / "postern", "apply", "--keys").stdout
    assert "vpcEndpointIds" in keys and keys.startswith("file\n")
