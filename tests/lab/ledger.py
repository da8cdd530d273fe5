# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator has changed and what has been answered: for tests that end an appliance in the middle of a change."""
import copy
import json

from .appliance import REGION, allow, policy

# A group takes 60 rules, an API 10 stages.
APIS_MOST, RULES_MOST, STAGES_MOST = 6, 50, 10
DOCUMENT = json.dumps({
    "openapi": "3.0.1", "info": {"title": "cut", "version": "1"},
    "paths": {"/health": {"get": {"responses": {"200": {"description": "fine"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}}}}})


class Ledger:
    """What has been answered, and the one change that was under way at the cut. Things are known by the names that they were given."""

    def __init__(self, dice, vpc):
        self.dice, self.vpc, self.serial, self.answered = dice, vpc, 0, 0
        self.state = {"apis": {}, "groups": {}}
        self.under_way = None

    def name(self, kind):
        self.serial += 1
        return f"{kind}-{self.serial}"

    # Each makes one change: (how `state` looks after it, the call).
    def import_api(self, after, gateway, ec2, ids):
        name = self.name("api")
        after["apis"][name] = {"description": None, "policy": None, "tags": {}, "stages": []}

        def call():
            ids[name] = gateway.import_rest_api(body=DOCUMENT.replace('"cut"', f'"{name}"').encode(),
                                                parameters={"endpointConfigurationTypes": "PRIVATE"})["id"]
        return call

    def patch(self, gateway, ids, name, path, value):
        return lambda: gateway.update_rest_api(restApiId=ids[name], patchOperations=[{"op": "replace", "path": path, "value": value}])

    def describe(self, after, gateway, ec2, ids):
        name, value = self.dice.choice(list(after["apis"])), self.name("description")
        after["apis"][name]["description"] = value
        return self.patch(gateway, ids, name, "/description", value)

    def set_policy(self, after, gateway, ec2, ids):
        name = self.dice.choice(list(after["apis"]))
        value = policy(allow(Condition={"IpAddress": {"aws:VpcSourceIp": f"10.{self.dice.randrange(256)}.0.0/16"}}))
        after["apis"][name]["policy"] = value
        return self.patch(gateway, ids, name, "/policy", json.dumps(value))

    def deploy(self, after, gateway, ec2, ids):
        name, stage = self.dice.choice(self.deployable()), self.name("stage").replace("-", "")
        after["apis"][name]["stages"] = sorted([*after["apis"][name]["stages"], stage])
        return lambda: gateway.create_deployment(restApiId=ids[name], stageName=stage)

    def tag(self, after, gateway, ec2, ids):
        name, value = self.dice.choice(list(after["apis"])), self.name("tag")
        after["apis"][name]["tags"]["owner"] = value
        return lambda: gateway.tag_resource(resourceArn=f"arn:aws:apigateway:{REGION}::/restapis/{ids[name]}", tags={"owner": value})

    def delete_api(self, after, gateway, ec2, ids):
        name = self.dice.choice(list(after["apis"]))
        del after["apis"][name]
        return lambda: gateway.delete_rest_api(restApiId=ids[name])

    def create_group(self, after, gateway, ec2, ids):
        name = self.name("group")
        after["groups"][name] = []

        def call():
            ids[name] = ec2.create_security_group(GroupName=name, Description="cut", VpcId=self.vpc)["GroupId"]
        return call

    def authorize(self, after, gateway, ec2, ids):
        self.serial += 1
        name, prefix = self.dice.choice(list(after["groups"])), f"10.{self.serial >> 8 & 255}.{self.serial & 255}.0/24"
        after["groups"][name] = sorted([*after["groups"][name], prefix])
        return lambda: ec2.authorize_security_group_ingress(GroupId=ids[name], IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": prefix}]}])

    def delete_group(self, after, gateway, ec2, ids):
        name = max(after["groups"], key=lambda group: len(after["groups"][group]))
        del after["groups"][name]
        return lambda: ec2.delete_security_group(GroupId=ids[name])

    def settle(self, found, told):
        """Fail unless `found` is what was answered, with the change that was under way at the end or without it; go on from there."""
        assert found in [self.state, *([self.under_way] if self.under_way else [])], told
        self.state, self.under_way = found, None

    def choose(self):
        if len(self.state["apis"]) >= APIS_MOST:
            return self.delete_api
        if any(len(rules) >= RULES_MOST for rules in self.state["groups"].values()):
            return self.delete_group
        if not self.state["apis"]:
            return self.import_api
        if not self.state["groups"]:
            return self.create_group
        return self.dice.choice([self.import_api, self.describe, self.set_policy, self.tag, self.authorize,
                                 self.deploy if self.deployable() else self.set_policy])

    def deployable(self):
        """A private API without a policy is not deployed."""
        return [name for name, api in self.state["apis"].items() if api["policy"] and len(api["stages"]) < STAGES_MOST]

    def write(self, *clients):
        """One change, answered; or the exception of a call that was not."""
        after = copy.deepcopy(self.state)
        call = self.choose()(after, *clients)
        self.under_way = after
        call()
        self.state, self.under_way = after, None
        self.answered += 1


def read_back(gateway, ec2, ids):
    """What the appliance knows, in the form of Ledger.state; `ids` are those of now."""
    ids.clear()
    found = {"apis": {}, "groups": {}}
    for api in gateway.get_rest_apis(limit=500)["items"]:
        ids[api["name"]] = api["id"]
        # The field holds the policy as a JSON text without its outer quotes.
        held = json.loads(json.loads(f'"{api["policy"]}"')) if api.get("policy") else None
        for statement in held["Statement"] if held else ():
            statement["Resource"] = "execute-api:/*"
        found["apis"][api["name"]] = {
            "description": api.get("description"), "policy": held, "tags": api.get("tags", {}),
            "stages": sorted(stage["stageName"] for stage in gateway.get_stages(restApiId=api["id"])["item"])}
    for group in ec2.describe_security_groups(Filters=[{"Name": "description", "Values": ["cut"]}])["SecurityGroups"]:
        ids[group["GroupName"]] = group["GroupId"]
        found["groups"][group["GroupName"]] = sorted(
            part["CidrIp"] for permission in group["IpPermissions"] for part in permission["IpRanges"])
    return found
