# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends over HTTPS that ask who calls see the client certificate of the stage, and no other one; whoever has none does not get in."""
import ssl

import pytest

from i010_back_ends_that_fail import Peer
from lab.appliance import allow
from lab.calls import patch
from lab.certificate import Authority
from lab.network import wait_for
from conftest import follows

DOCUMENT = """openapi: 3.0.1
info: {{title: t, version: "1"}}
paths:
  /x:
    x-amazon-apigateway-any-method:
      responses: {{}}
      x-amazon-apigateway-integration: {{type: http_proxy, httpMethod: ANY, uri: "{uri}", tlsConfig: {{insecureSkipVerification: true}}}}
"""
NETWORK_ERROR = (504, '{"message": "Network error communicating with endpoint"}')


def answer(connection, number):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return True


class AskingPeer(Peer):
    """A back end that lets in who has one of `certificates` (PEM); `shown` is what it was shown, in order of requests."""

    def __init__(self, own, certificates, version):
        self.shown = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = self.context.maximum_version = version
        self.context.load_cert_chain(*own)
        self.context.verify_mode = ssl.CERT_REQUIRED
        # All have one name: it is the very certificate that is trusted, not whoever signed it.
        self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self.context.load_verify_locations(cadata="".join(certificates))
        super().__init__(self.answer)
        self.uri = self.uri.replace("http:", "https:").replace("127.0.0.1", "localhost")

    def answer(self, connection, number):
        self.shown.append(ssl.DER_cert_to_PEM_cert(connection.getpeercert(True)).strip())
        return answer(connection, number)

    def serve(self, connection, number):
        try:
            super().serve(self.context.wrap_socket(connection, server_side=True), number)
        except (ssl.SSLError, OSError):
            connection.close()


@pytest.fixture(scope="module")
def client(local):
    return local.boto3("apigateway")


@pytest.fixture(scope="module")
def certificates(client):
    """Two: [{clientCertificateId, pemEncodedCertificate}]"""
    made = [client.generate_client_certificate() for _ in range(2)]
    yield made
    for certificate in made:
        client.delete_client_certificate(clientCertificateId=certificate["clientCertificateId"])


@pytest.fixture(scope="module")
def own(folder):
    return Authority(folder / "v043").issue("localhost")


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls 1.2", "tls 1.3"])
def scene(request, local, client, certificates, own):
    """(peer, API with stages prod and other)"""
    peer = AskingPeer(own, [c["pemEncodedCertificate"] for c in certificates], request.param)
    api = local.serve_api(None, allow(), document=DOCUMENT.format(uri=peer.uri))
    client.create_deployment(restApiId=api, stageName="other")
    yield peer, api
    client.delete_rest_api(restApiId=api)
    peer.close()


def use(local, client, api, stage, certificate):
    value = certificate["clientCertificateId"] if certificate else ""
    client.update_stage(restApiId=api, stageName=stage, patchOperations=patch("replace", "/clientCertificateId", value))
    wait_for(lambda: follows(local.metrics()), "the gateway to follow", 10)


def ask(local, api, stage):
    answer = local.get(api, "/x", stage=stage)
    return answer.status, answer.body


def test_a_stage_shows_its_certificate(local, client, certificates, scene):
    peer, api = scene
    first, second = certificates
    assert ask(local, api, "prod") == NETWORK_ERROR
    use(local, client, api, "prod", first)  # at once: nothing is deployed
    assert [ask(local, api, "prod") for _ in range(3)] == [(200, "ok")] * 3
    assert peer.shown == [first["pemEncodedCertificate"].strip()] * 3
    assert ask(local, api, "other") == NETWORK_ERROR  # a connection of the one stage is not lent to the other
    use(local, client, api, "other", second)
    assert ask(local, api, "other") == ask(local, api, "prod") == (200, "ok")
    assert peer.shown[3:] == [second["pemEncodedCertificate"].strip(), first["pemEncodedCertificate"].strip()]
    use(local, client, api, "prod", second)
    assert ask(local, api, "prod") == (200, "ok") and peer.shown[-1] == second["pemEncodedCertificate"].strip()
    use(local, client, api, "prod", None)
    assert ask(local, api, "prod") == NETWORK_ERROR


def test_a_tried_method_shows_the_one_that_is_named(client, certificates, scene):
    peer, api = scene
    resource = next(r["id"] for r in client.get_resources(restApiId=api)["items"] if r["path"] == "/x")
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    assert client.test_invoke_method(**method)["status"] == 504
    tried = client.test_invoke_method(**method, clientCertificateId=certificates[0]["clientCertificateId"])
    assert (tried["status"], tried["body"]) == (200, "ok") and peer.shown == [certificates[0]["pemEncodedCertificate"].strip()]


def test_a_certificate_in_use_stays(client, certificates, scene, local):
    _, api = scene
    use(local, client, api, "prod", certificates[0])
    with pytest.raises(client.exceptions.BadRequestException):
        client.delete_client_certificate(clientCertificateId=certificates[0]["clientCertificateId"])


def test_plain_back_ends_are_called_as_ever(local, client, certificates):
    peer = Peer(answer)
    api = local.serve_api(None, allow(), document=DOCUMENT.format(uri=peer.uri))
    use(local, client, api, "prod", certificates[0])
    assert ask(local, api, "prod") == (200, "ok")
    client.delete_rest_api(restApiId=api)
    peer.close()
