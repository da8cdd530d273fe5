# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions in JavaScript and Python behind an API, served by a Lambda endpoint that was not made for Postern: serverless-offline, which
knows functions by name."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from lab.appliance import REGION, build_folder
from lab.aws_services import free_port
from lab.network import wait_for
from v060_functions_behind_proxies import ERROR, Scene, custom, proxy, uri

SOURCE = pathlib.Path(__file__).parents[1] / "serverless"


class Serverless:
    """serverless-offline with the functions of tests/serverless; `url` is its Lambda's. Nothing of it looks for the network."""

    def __init__(self, folder):
        packages = build_folder() / "serverless"
        shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("package*.json"))
        (folder / "node_modules").symlink_to(packages / "node_modules")
        port = free_port()
        self.url, self.log = f"http://127.0.0.1:{port}", folder / "serverless.log"
        variables = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off",
                     "SLS_ANALYTICS_URL": "", "CI": "1", "AWS_EC2_METADATA_DISABLED": "true", "LAMBDA_PORT": str(port),
                     "HTTP_PORT": str(free_port()), "WEBSOCKET_PORT": str(free_port()), "LANG": os.environ.get("LANG", "C.UTF-8")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["node", packages / "node_modules/serverless/bin/serverless.js", "offline", "start"], cwd=folder,
                                            env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(self.serves, "serverless-offline", 60)

    def serves(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended: {self.log.read_text()}")
        return f"[http for lambda] listening on {self.url}" in self.log.read_text()

    def close(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def scene(folder):
    serverless = Serverless(folder / "serverless")
    made = Scene(folder / "v062", "127.0.0.1:14564", "127.0.0.1:18564", named="name", aws_endpoints=[
        {"service": "lambda", "url": serverless.url, "functions": "name"}])
    yield made
    made.close()
    serverless.close()


@pytest.fixture(scope="module")
def api(scene):
    return scene.serve({"/node/{proxy+}": proxy("lab-dev-echo"), "/python": proxy("lab-dev-python"), "/answer": proxy("lab-dev-answer"),
                        "/result": custom(uri=uri("lab-dev-result")), "/nobody": proxy("lab-dev-nobody")}, {"colour": "red"})


def test_a_function_in_javascript_gets_the_event(scene, api):
    answer = scene.call(api, "/node/a/b?q=1&q=2", "-X", "POST", "--data-binary", '{"ü":1}', "-H", "Content-Type: application/json")
    event = answer.json()
    assert answer.status == 201 and answer.headers["x-runtime"] == "node" and answer.headers["x-multi"] == "2"
    assert event["pathParameters"] == {"proxy": "a/b"} and event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert event["body"] == '{"ü":1}' and event["stageVariables"] == {"colour": "red"}
    assert event["requestContext"]["domainName"] == f"{api}.execute-api.{REGION}.amazonaws.com"


def test_a_function_in_python_gets_the_event(scene, api):
    answer = scene.call(api, "/python")
    assert answer.status == 202 and answer.headers["x-runtime"] == "python"
    assert answer.json()["resource"] == "/python" and answer.json()["body"] is None


@pytest.mark.parametrize("made, status, body", [
    ({"statusCode": "418", "body": "tea"}, 418, "tea"), ({}, 200, ""), ({"statusCode": 200, "surprise": 1}, 502, ERROR), ([], 502, ERROR), (None, 502, ERROR)])
def test_what_a_function_returns_is_the_answer(scene, api, made, status, body):
    answer = scene.call(api, "/answer", "-X", "POST", "--data-binary", json.dumps(made), "-H", "Content-Type: application/json")
    assert (answer.status, answer.body) == (status, body)


def test_a_function_that_throws_is_502(scene, api):
    answer = scene.call(api, "/answer")
    assert (answer.status, answer.body) == (502, ERROR)


def test_a_function_that_is_not_there(scene, api):
    answer = scene.call(api, "/nobody")
    assert (answer.status, answer.body) == (502, ERROR)
    assert "Lambda invocation failed with status: 404." in scene.log(api, "/nobody")["log"]


def test_type_aws_gives_the_body_and_takes_the_result(scene, api):
    answer = scene.call(api, "/result", "-X", "POST", "--data-binary", '{"a":[1,2.50]}', "-H", "Content-Type: application/json")
    assert (answer.status, answer.json()) == (200, {"seen": {"a": [1, 2.5]}})


@pytest.mark.parametrize("error, status", [("Raising four hundred", 405), ("Raising five hundred", 502)])
def test_error_messages_select_the_response(scene, api, error, status):
    answer = scene.call(api, "/result", "-X", "POST", "--data-binary", json.dumps({"fail": error}), "-H", "Content-Type: application/json")
    assert answer.status == status and answer.json()["errorMessage"] == error
