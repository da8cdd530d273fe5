# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's calls, replayed: a log (private_api.json) says what its AWS provider sends for each resource and what of the answers it
compares with the configuration. Where that is equal, `terraform plan` shows no changes."""
import json
import pathlib
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree

from ..network import wait_for
from ..signed import signed

LOG = pathlib.Path(__file__).with_name("private_api.json")
QUERY_VERSIONS = {"ec2": "2016-11-15", "iam": "2010-05-08", "sts": "2011-06-15", "elasticloadbalancing": "2015-12-01"}
JSON_TARGETS = {"logs": "Logs_20140328"}
NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"


def equivalent(policy):
    """A policy as awspolicyequivalence sees it: one is a list of one, and everybody is everybody."""
    def listed(value):
        return sorted(value) if isinstance(value, list) else [value]

    def statement(given):
        principal = given.get("Principal")
        return {**given, "Action": listed(given["Action"]), "Resource": listed(given["Resource"]),
                "Principal": listed(principal["AWS"]) if isinstance(principal, dict) else listed(principal),
                "Condition": {operator: {key: listed(values) for key, values in keys.items()} for operator, keys in given.get("Condition", {}).items()}}
    document = json.loads(policy) if isinstance(policy, str) else policy
    return {**document, "Statement": [statement(s) for s in document["Statement"]]}


def xml_of(value):
    return "".join(f"<{name}>{xml_of(child)}</{name}>" for name, child in value.items()) if isinstance(value, dict) else value


class Answer:
    """What was answered; values by path, in JSON and XML alike."""

    def __init__(self, answer):
        self.status, self.body, self.code = answer.status, answer.body, answer.code
        self.is_xml = isinstance(self.body, str) and self.body.lstrip().startswith("<")
        if self.is_xml:
            self.root = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", self.body, count=1))
            found = self.root.find(".//Code")
            self.code = found.text if found is not None else None

    def all(self, path):
        if self.is_xml:
            return [element.text or "" for element in self.root.findall(path)]
        return self.one(path) or []

    def one(self, path):
        if self.is_xml:
            return self.root.findtext(path)
        value = self.body
        for part in path.split("/"):
            value = value[int(part)] if isinstance(value, list) else (value or {}).get(part)
        return value


class Replay:
    """The resources of the log against an appliance. `known` are values of the test: ${run}, ${vpc} ..."""

    def __init__(self, appliance, **known):
        self.log = json.loads(LOG.read_text())
        self.appliance = appliance
        self.known = {**self.log["variables"], **known}
        self.count = 0

    # -- values -----------------------------------------------------------------------------------------------------------
    def fill(self, value):
        if isinstance(value, dict):
            return {name: self.fill(child) for name, child in value.items()}
        if isinstance(value, list):
            return [self.fill(child) for child in value]
        whole = re.fullmatch(r"\$\{(\w+)\}", value) if isinstance(value, str) else None
        if whole:
            return self.fill(self.known[whole[1]])
        return re.sub(r"\$\{(?:(json|quote):)?(\w+)\}", self.text, value) if isinstance(value, str) else value

    def text(self, match):
        value = self.fill(self.known[match[2]])
        return json.dumps(value) if match[1] == "json" else urllib.parse.quote(value, safe="") if match[1] == "quote" else str(value)

    # -- one call -----------------------------------------------------------------------------------------------------------
    def send(self, step):
        service, _, rest = self.fill(step["call"]).partition(" ")
        if service in QUERY_VERSIONS:
            form = {"Action": rest, "Version": QUERY_VERSIONS[service], **self.fill(step.get("parameters", {}))}
            answer = signed(self.appliance, "POST", "/", urllib.parse.urlencode(form), service, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
        elif service in JSON_TARGETS:
            answer = signed(self.appliance, "POST", "/", self.fill(step["body"]), service,
                            {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{JSON_TARGETS[service]}.{rest}"})
        else:
            method, _, path = rest.partition(" ")
            body = self.fill(step["body"]) if "body" in step else b""
            if "xml" in step:
                (name, content), = self.fill(step["xml"]).items()
                body = f'<{name} xmlns="{NAMESPACE}">{xml_of(content)}</{name}>'
            answer = signed(self.appliance, method, path, body, service, {"Content-Type": "application/xml"} if "xml" in step else {})
        self.count += 1
        return Answer(answer)

    def step(self, step):
        if "until" in step:
            wanted = self.fill(step["until"])
            wait_for(lambda: all(self.send(step).one(path) == value for path, value in wanted.items()), f"{step['call']}: {wanted}", 30)
            return
        answer = self.send(step)
        where = f"{self.fill(step['call'])}: {answer.body}"
        assert answer.status == step.get("status", 200), where
        assert "code" not in step or answer.code == step["code"], where
        if "find" in step:
            find = self.fill(step["find"])
            answer.body = next(item for item in answer.one(find["list"]) if item[find["member"]] == find["value"])
        for path, value in self.fill(step.get("same", {})).items():
            assert answer.one(path) == value, f"{path}: {answer.one(path)!r} is not {value!r}: {where}"
        for path, values in self.fill(step.get("set", {})).items():
            assert sorted(answer.all(path)) == sorted(values), f"{path}: {where}"
        for path, value in self.fill(step.get("policy", {})).items():
            # API Gateway shows policies with their quotation marks escaped once more.
            text = answer.one(path)
            text = text if answer.is_xml else json.loads(f'"{text}"')
            assert equivalent(text) == equivalent(value), f"{path}: {where}"
        for name, path in step.get("keep", {}).items():
            self.known[name] = answer.one(path)
            assert self.known[name], f"{path}: {where}"

    def steps(self, resource, kind):
        for step in resource.get(kind, []):
            self.step(step)

    # -- what an operator types ------------------------------------------------------------------------------------------------
    def apply(self):
        for resource in self.log["resources"]:
            self.steps(resource, "create")
            self.steps(resource, "read")

    def refresh(self):
        """`terraform plan`: everything is read and must be what the configuration says."""
        for resource in self.log["resources"]:
            self.steps(resource, "read")

    def change(self):
        self.known.update(self.log["changed"])
        for resource in self.log["resources"]:
            if "update" in resource:
                self.steps(resource, "update")
                self.steps(resource, "read")
        for resource in self.log["resources"]:
            self.steps(resource, "after_update")

    def destroy(self):
        for resource in reversed(self.log["resources"]):
            self.steps(resource, "delete")
            if "gone" in resource:
                self.step(resource["gone"])
