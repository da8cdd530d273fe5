# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API and stage a request means, by endpoint, Host, x-apigw-api-id and path (R1 to R17 of the endpoints' specification)."""
import pytest

from lab.appliance import REGION, allow
from lab.backend import PETS

HOST = "10.20.0.10"
FORBIDDEN = '{"message":"Forbidden"}'


@pytest.fixture
def client(subnet, gateway):
    class Client:
        def __init__(self):
            self.host, self.gateway = subnet.host(HOST), gateway

        def get(self, name, path, *options):
            return self.host.curl(f"https://{name}{path}", *options, resolve=(name, 443, gateway.ipv4), ca=gateway.ca)

    return Client()


def default_name(api, region=REGION):
    return f"{api}.execute-api.{region}.amazonaws.com"


def test_served_by_each_name(gateway, client):
    api, other = gateway.serve_api(), gateway.serve_api(allow(Resource="execute-api:/prod/GET/health"))
    assert client.get(default_name(api), "/prod/pets").body == PETS                                                    # R1
    answer = client.get(gateway.vpce_name, "/prod/pets")                                                               # R2
    assert (answer.status, answer.body, answer.headers["x-amzn-errortype"]) == (403, FORBIDDEN, "ForbiddenException")
    assert client.get(gateway.vpce_name, "/prod/pets", "-H", f"x-apigw-api-id: {api}").body == PETS                    # R3
    answer = client.get(default_name(api), "/prod/pets", "-H", f"x-apigw-api-id: {other}")                             # R4
    assert answer.status == 403 and other in answer.body
    for name in (default_name(api, "eu-west-1"), f"{api}.example.com"):                                                # R5
        assert client.get(gateway.vpce_name, "/prod/pets", "-H", f"Host: {name}").body == FORBIDDEN
    assert client.get(gateway.vpce_name, "/prod/pets", "-H", f"Host: {default_name(api).upper()}:443").body == PETS    # R6
    stranger = f"{api}-vpce-0123456789abcdef0.execute-api.{REGION}.amazonaws.com"
    assert client.get(stranger, "/prod/pets").body == FORBIDDEN                                                        # R7
    assert client.get(gateway.name_of(api), "/prod/pets").body == PETS


def test_paths(gateway, client):
    api = gateway.serve_api()
    for path in ("/", "/unknown/pets"):                                                                                # R9
        assert client.get(default_name(api), path).body == FORBIDDEN
    for path in ("/prod", "/prod/", "/prod/nosuch"):                                                                   # R10, R11
        answer = client.get(default_name(api), path)
        assert (answer.status, answer.body) == (403, '{"message":"Missing Authentication Token"}')
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert client.get(default_name(api), "//prod//pets").status == 200


def test_what_is_not_private_is_not_served_here(gateway, client):
    api = gateway.aws("apigateway", "create-rest-api", "--name", "regional", "--endpoint-configuration", "types=REGIONAL")["id"]
    gateway.made.append(api)
    assert client.get(default_name(api), "/prod/pets").body == FORBIDDEN                                               # R8
    closed = gateway.serve_api()
    gateway.aws("apigateway", "update-rest-api", "--rest-api-id", closed, "--patch-operations",
                "op=replace,path=/disableExecuteApiEndpoint,value=true")
    gateway.deploy(closed)
    assert client.get(default_name(closed), "/prod/pets").body == FORBIDDEN                                            # R13


def test_tls_and_protocol(gateway, subnet):
    host = subnet.host(HOST)
    api = gateway.serve_api()
    name = default_name(api)

    def s_client(*options):
        return host.run("openssl", "s_client", "-connect", f"{gateway.ipv4}:443", "-servername", name, "-CAfile", gateway.ca, "-brief",
                        *options, input="", check=False)

    assert "Protocol version: TLSv1.3" in s_client("-verify_return_error").stderr
    assert "Protocol version: TLSv1.2" in s_client("-tls1_2", "-verify_return_error").stderr
    old = s_client("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert old.returncode != 0 and "Protocol version" not in old.stderr                                                # R15
    plain = host.run("curl", "-sS", "--max-time", "5", f"http://{gateway.ipv4}:443/", check=False)
    assert plain.returncode != 0
    shown = host.run("curl", "-sv", "--http2", "--max-time", "5", "--resolve", f"{name}:443:{gateway.ipv4}", "--cacert", gateway.ca,
                     f"https://{name}/prod/health").stderr
    assert "HTTP/1.1 200" in shown                                                                                     # R16


def test_ping_is_health(gateway, client):
    assert client.get(gateway.vpce_name, "/ping").status == 200
