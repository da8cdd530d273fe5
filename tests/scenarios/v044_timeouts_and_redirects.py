# SPDX-License-Identifier: GPL-3.0-or-later
"""Timeouts of integrations, from 50 ms up to the ceiling of the settings; redirects go to the client; a method by its override."""
import pytest

from i010_back_ends_that_fail import Peer
from lab.appliance import allow
from v040_bodies_pass_byte_by_byte import started

TIMED_OUT = (504, '{"message": "Endpoint request timed out"}')
DOCUMENT = """openapi: 3.0.1
info: {{title: t, version: "1"}}
paths:
  /x:
    x-amazon-apigateway-any-method:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: ANY, uri: "{uri}", timeoutInMillis: {timeout}, responseTransferMode: {mode}}}
  /mapped:
    x-amazon-apigateway-any-method:
      parameters: [{{name: X-HTTP-Method-Override, in: header, schema: {{type: string}}}}]
      responses: {{"200": {{description: ok}}}}
      x-amazon-apigateway-integration: {{type: http, httpMethod: ANY, uri: "{uri}", passthroughBehavior: when_no_match,
        requestParameters: {{integration.request.header.X-HTTP-Method-Override: method.request.header.X-HTTP-Method-Override}},
        responses: {{default: {{statusCode: "200"}}}}}}
  /only-put:
    put:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: PUT, uri: "{uri}"}}
"""


@pytest.fixture(scope="module")
def raised(folder):
    """A ceiling of a minute."""
    made = started(folder / "v044", "127.0.0.1:14582", "127.0.0.1:18482", "integration_timeout_max_ms: 60000")
    yield made
    assert made.stop() == 0


@pytest.fixture
def call():
    made = []

    def make(appliance, behave, timeout=1000, mode="BUFFERED"):
        peer = Peer(behave)
        api = appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=peer.uri, timeout=timeout, mode=mode))
        made.append((appliance, api, peer))
        return peer, lambda path="/x", *options: appliance.get(api, path, *options)

    yield make
    for appliance, api, peer in made:
        appliance.boto3("apigateway").delete_rest_api(restApiId=api)
        peer.close()


def ok(connection, number):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return True


def silent(connection, number):
    return True


@pytest.mark.parametrize("timeout", [50, 400])
@pytest.mark.parametrize("mode", ["BUFFERED", "STREAM"])
def test_a_timeout_holds(local, call, timeout, mode):
    _, get = call(local, silent, timeout, mode)
    answer = get()
    assert (answer.status, answer.body) == TIMED_OUT and timeout / 1000 <= answer.seconds < 5


def integration_of(client):
    api = client.create_rest_api(name="v044")["id"]
    method = {"restApiId": api, "resourceId": client.get_resources(restApiId=api)["items"][0]["id"], "httpMethod": "GET"}
    client.put_method(**method, authorizationType="NONE")
    return method


@pytest.mark.parametrize("appliance, ceiling", [("local", 29000), ("raised", 60000)])
def test_the_ceiling_when_saved(request, appliance, ceiling):
    client = request.getfixturevalue(appliance).boto3("apigateway")
    method = integration_of(client)
    wrong = client.exceptions.BadRequestException
    text = f"Timeout should be between 50 ms and {ceiling} ms"
    for timeout in (49, ceiling + 1):
        with pytest.raises(wrong, match=text):
            client.put_integration(**method, type="MOCK", timeoutInMillis=timeout)
    for timeout in (50, ceiling):
        assert client.put_integration(**method, type="MOCK", timeoutInMillis=timeout)["timeoutInMillis"] == timeout
    assert client.put_integration(**method, type="MOCK")["timeoutInMillis"] == 29000
    for value in ("49", str(ceiling + 1)):
        with pytest.raises(wrong, match=text):
            client.update_integration(**method, patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": value}])
    changed = client.update_integration(**method, patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": str(ceiling)}])
    assert changed["timeoutInMillis"] == ceiling
    document = DOCUMENT.format(uri="http://b.internal/x", timeout=ceiling + 1, mode="BUFFERED").encode()
    with pytest.raises(wrong, match="between 50 ms"):
        client.import_rest_api(body=document)
    client.import_rest_api(body=document.replace(str(ceiling + 1).encode(), str(ceiling).encode()))


def test_a_lower_ceiling_holds_for_what_was_deployed(folder, call):
    """The setting is the operator's: what was accepted under a higher one is served with the lower one."""
    appliance = started(folder / "v044-lower", "127.0.0.1:14583", "127.0.0.1:18483")
    peer = Peer(silent)
    api = appliance.serve_api(None, allow(), document=DOCUMENT.format(uri=peer.uri, timeout=29000, mode="BUFFERED"))
    assert appliance.stop() == 0
    with open(appliance.state / "settings.yaml", "a") as file:
        file.write("integration_timeout_max_ms: 300\n")
    appliance.start()
    try:
        answer = appliance.get(api, "/x")
        assert (answer.status, answer.body) == TIMED_OUT and answer.seconds < 5
    finally:
        assert appliance.stop() == 0
        peer.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_the_clients_business(local, call, status):
    target = "https://elsewhere.internal/y?z=1"
    peer, get = call(local, lambda connection, number: connection.sendall(
        f"HTTP/1.1 {status} Go\r\nLocation: {target}\r\nContent-Length: 4\r\n\r\naway".encode()) or True)
    answer = get()
    assert (answer.status, answer.body, answer.headers["location"]) == (status, "away", target) and len(peer.heads) == 1


def first_line(peer):
    return peer.heads[-1].split(b"\r\n", 1)[0]


def test_a_method_by_its_override(local, call):
    peer, get = call(local, ok)
    assert get("/x", "-X", "POST", "-H", "X-HTTP-Method-Override: PATCH").status == 200
    assert first_line(peer) == b"PATCH /x HTTP/1.1" and b"override" not in peer.heads[-1].lower()
    # It is routed by it, before anything else looks at the request.
    assert get("/only-put").status == 403
    assert get("/only-put", "-H", "X-HTTP-Method-Override: PUT").status == 200
    # What is no method of API Gateway's overrides nothing.
    assert get("/x", "-H", "X-HTTP-Method-Override: CONNECT").status == 200 and first_line(peer) == b"GET /x HTTP/1.1"
    # Mapped, it is passed on.
    assert get("/mapped", "-X", "POST", "-H", "X-HTTP-Method-Override: PUT").status == 200
    assert first_line(peer) == b"PUT /x HTTP/1.1" and b"x-http-method-override: put" in peer.heads[-1].lower()
