# SPDX-License-Identifier: GPL-3.0-or-later
"""A big estate: 600 private APIs of 300 resources in one store, and how long its operator waits.

estate_list_ms    the slowest page of a list: APIs, resources of one, stages, deployments (the median of three readings of each)
estate_import_ms  an OpenAPI document of 6 MB: from the call to its answer
estate_deploy_ms  from the call of CreateDeployment to the first request that meets what was deployed
estate_start_ms   from the start of all programs to the first request that is served, all of it read from the store
"""
import http.client
import json
import ssl
import statistics
import time

from lab.appliance import allow, policy
from lab.network import wait_for

APIS, RESOURCES = 600, 300
IMPORT_BYTES = 6 << 20
MOCK = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {
    "statusCode": "200", "responseTemplates": {"application/json": "ANSWER"}}}}


def document(name, resources, answer="fine", padding=0):
    """An API whose paths are /part0 … with what a document has: a parameter, a model, an integration."""
    integration = json.loads(json.dumps(MOCK).replace("ANSWER", answer))
    operation = {"operationId": "get", "description": "x" * padding, "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                 "responses": {"200": {"description": "it", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Part"}}}}},
                 "x-amazon-apigateway-integration": integration}
    return json.dumps({"openapi": "3.0.1", "info": {"title": name, "version": "1"}, "paths": {
        f"/part{number}": {"get": {**operation, "operationId": f"get{number}"}} for number in range(resources - 1)},
        "components": {"schemas": {"Part": {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}}},
        "x-amazon-apigateway-policy": policy(allow())}).encode()


class Estate:
    def __init__(self, appliance, say):
        self.appliance, self.say = appliance, say
        self.client = appliance.boto3("apigateway")
        text, self.apis = document("estate", RESOURCES), []
        begun = time.monotonic()
        for number in range(APIS):
            self.apis.append(self.client.import_rest_api(body=text, parameters={"endpointConfigurationTypes": "PRIVATE"})["id"])
            self.client.create_deployment(restApiId=self.apis[-1], stageName="prod")
            if (number + 1) % 100 == 0:
                say(f"estate: {number + 1} APIs after {time.monotonic() - begun:.1f} s")
        self.last = "fine"
        self.request("/part0", 200, "fine", 60)

    def once(self, path):
        context = ssl.create_default_context(cafile=str(self.appliance.ca))
        context.check_hostname = False
        try:
            connection = http.client.HTTPSConnection("127.0.0.1", self.appliance.port, context=context, timeout=30)
            connection.request("GET", f"/prod{path}", headers={"Host": f"{self.apis[-1]}.execute-api.us-east-1.amazonaws.com"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return None, None

    def request(self, path, status, body, seconds):
        wait_for(lambda: self.once(path) == (status, body), "the answer of the newest API", seconds)

    def list_ms(self):
        client, one = self.client, self.apis[300]
        pages = {"apis": lambda: client.get_rest_apis(limit=500), "resources": lambda: client.get_resources(restApiId=one, limit=500),
                 "resources with methods": lambda: client.get_resources(restApiId=one, limit=500, embed=["methods"]),
                 "stages": lambda: client.get_stages(restApiId=one), "deployments": lambda: client.get_deployments(restApiId=one, limit=500)}
        slowest = 0
        for name, page in pages.items():
            times = []
            for _ in range(3):
                begun = time.monotonic()
                page()
                times.append((time.monotonic() - begun) * 1000)
            self.say(f"estate_list_ms: {name}: " + " ".join(f"{ms:.1f}" for ms in times))
            slowest = max(slowest, statistics.median(times))
        return slowest

    def import_ms(self):
        times = []
        for number in range(3):
            text = document("large", RESOURCES, padding=(IMPORT_BYTES - 400_000) // RESOURCES)
            assert IMPORT_BYTES * 0.9 < len(text) <= IMPORT_BYTES, len(text)
            begun = time.monotonic()
            made = self.client.import_rest_api(body=text, parameters={"endpointConfigurationTypes": "PRIVATE"})["id"]
            times.append((time.monotonic() - begun) * 1000)
            self.client.delete_rest_api(restApiId=made)
        text = document("many", 5000)
        begun = time.monotonic()
        made = self.client.import_rest_api(body=text, parameters={"endpointConfigurationTypes": "PRIVATE"})["id"]
        times.append((time.monotonic() - begun) * 1000)
        self.client.delete_rest_api(restApiId=made)
        self.say(f"estate_import_ms: {' '.join(f'{ms:.0f}' for ms in times)}; the last: 5,000 resources, {len(text)} bytes")
        return statistics.median(times)

    def deploy_ms(self):
        times = []
        for number in range(9):
            text = document("estate", RESOURCES, answer=f"turn{number}")
            self.client.put_rest_api(restApiId=self.apis[-1], mode="overwrite", body=text)
            begun = time.monotonic()
            self.client.create_deployment(restApiId=self.apis[-1], stageName="prod")
            self.request("/part0", 200, f"turn{number}", 30)
            times.append((time.monotonic() - begun) * 1000)
        self.say("estate_deploy_ms: " + " ".join(f"{ms:.0f}" for ms in times))
        self.last = f"turn{number}"
        return statistics.median(times)

    def start_ms(self):
        times = []
        for _ in range(3):
            self.appliance.stop()
            begun = time.monotonic()
            self.appliance.start()
            self.request("/part0", 200, self.last, 60)
            times.append((time.monotonic() - begun) * 1000)
        self.say("estate_start_ms: " + " ".join(f"{ms:.0f}" for ms in times))
        return statistics.median(times)
