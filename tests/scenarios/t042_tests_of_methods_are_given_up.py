# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of a method whose asker is gone, or whose gateway ends, is given up, with its call of the back end."""
import concurrent.futures
import socket

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from conftest import Local
from lab.network import wait_for


@pytest.fixture
def own(folder, request):
    """An appliance of the scenario's own: its programs are killed."""
    made = Local(folder / f"t042-{request.node.name[5:12]}", management="127.0.0.1:14588", traffic="127.0.0.1:18488")
    yield made.start()
    made.stop()


@pytest.fixture
def hanging(own):
    """A test that hangs at a back end: its future, and the back end's side of the connection."""
    client = own.boto3("apigateway")
    with socket.create_server(("127.0.0.1", 0)) as listener, concurrent.futures.ThreadPoolExecutor(1) as pool:
        listener.settimeout(20)
        api = client.create_rest_api(name="hangs")["id"]
        at = {"restApiId": api, "resourceId": client.get_resources(restApiId=api)["items"][0]["id"], "httpMethod": "GET"}
        client.put_method(**at, authorizationType="NONE")
        client.put_integration(**at, type="HTTP_PROXY", integrationHttpMethod="GET", uri=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        begun = pool.submit(client.test_invoke_method, **at)
        connection, _ = listener.accept()
        connection.settimeout(20)
        assert connection.recv(65536).startswith(b"GET / ")
        yield begun, connection, at
        connection.close()


def is_given_up(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_killed_control_program_has_its_test_given_up(own, hanging):
    begun, connection, at = hanging
    own.kill("postern-control")
    assert is_given_up(connection)
    assert isinstance(begun.exception(20), (BotoCoreError, ClientError))
    client = own.boto3("apigateway")

    def tried():
        """Its successor asks anew: the back end, which answers nothing, is called again."""
        try:
            client.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
            return "Execution failed" in client.test_invoke_method(**at)["log"]
        except BotoCoreError:
            return False
    wait_for(tried, "the next control program", 20)


def test_an_appliance_that_ends_does_not_wait_for_a_test(own, hanging):
    begun, connection, _ = hanging
    assert own.stop(10) == 0
    assert is_given_up(connection)
    error = begun.exception(10)
    assert isinstance(error, ClientError), error
    assert error.response["Error"]["Code"] == "ServiceUnavailableException"
