# SPDX-License-Identifier: GPL-3.0-or-later
"""GetSdk: the JavaScript SDK of a stage, unpacked and used by Node against the gateway, by the names and the certificate that a client has."""
import io
import json
import re
import zipfile

import pytest
from botocore.exceptions import ClientError

from lab.appliance import REGION
from lab.javascript import node

HOST = "10.20.0.10"
DOCUMENT = json.dumps({
    "openapi": "3.0.1", "info": {"title": "shop", "version": "1"},
    "paths": {
        "/": {"get": {"responses": {}, "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "BACKEND/pets"}}},
        "/pets": {"get": {
            "operationId": "listPets", "parameters": [{"name": "type", "in": "query", "schema": {"type": "string"}},
                                                      {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "all", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pets"}}}}},
            "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "BACKEND/headers"}},
            "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}, "responses": {"200": {"description": "kept"}},
                     "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                                                         "responses": {"default": {"statusCode": "200"}}}}},
        "/pets/{petId}": {"get": {
            "parameters": [{"name": "petId", "in": "path", "required": True, "schema": {"type": "string"}}], "responses": {},
            "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "BACKEND/pets/{petId}", "requestParameters": {
                "integration.request.path.petId": "method.request.path.petId"}}}},
        "/lost": {"get": {"responses": {}, "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "BACKEND/lost"}}},
        "/any": {"x-amazon-apigateway-any-method": {"responses": {}, "x-amazon-apigateway-integration": {
            "type": "http_proxy", "httpMethod": "ANY", "uri": "BACKEND/pets"}}}},
    "components": {"schemas": {
        "Pet": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "integer"}, "type": {"type": "string", "enum": ["dog", "cat"]}, "parents": {"$ref": "#/components/schemas/Pets"}}},
        "Pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}})


@pytest.fixture
def api(gateway, backend):
    return gateway.serve_api(document=DOCUMENT.replace("BACKEND", backend.url))


def unpack(answer, folder):
    zipfile.ZipFile(io.BytesIO(answer["body"].read())).extractall(folder)
    return folder / "apiGateway-js-sdk"


@pytest.fixture
def sdk(gateway, api, tmp_path):
    return unpack(gateway.boto3("apigateway").get_sdk(restApiId=api, stageName="prod", sdkType="javascript"), tmp_path)


def ask(gateway, subnet, sdk, program):
    return node("const apigClientFactory = require('./apigClient.js');\n" + program, host=subnet.host(HOST), folder=sdk, ca=gateway.ca,
                name_server=gateway.ipv4)


def test_the_archive(gateway, api, tmp_path):
    file = tmp_path / "sdk.zip"
    facts = gateway.aws("apigateway", "get-sdk", "--rest-api-id", api, "--stage-name", "prod", "--sdk-type", "javascript", str(file))
    assert facts["contentType"] == "application/octet-stream"
    assert re.fullmatch(r'attachment; filename="javascript_\d{4}-\d\d-\d\d_\d\d-\d\dZ\.zip"', facts["contentDisposition"])
    names = set(zipfile.ZipFile(file).namelist())
    assert {"apiGateway-js-sdk/" + name for name in (
        "apigClient.js", "apigClient.d.ts", "README.md", "lib/apiGatewayCore/apiGatewayClient.js", "lib/apiGatewayCore/sigV4Client.js",
        "lib/apiGatewayCore/simpleHttpClient.js", "lib/apiGatewayCore/utils.js", "lib/axios/dist/axios.standalone.js")} <= names
    assert zipfile.ZipFile(file).testzip() is None


def test_functions_reach_the_api(gateway, subnet, sdk):
    found = ask(gateway, subnet, sdk, """
        const client = apigClientFactory.newClient({ apiKey: "a-key" });
        const pet = await client.petsPetIdGet({ petId: "7" });
        const all = await client.petsGet({ type: "dog & cat", "X-Trace": "t" }, undefined, { queryParams: { page: [2, 1] } });
        const alias = await client.listPets({});
        const root = await client.rootGet();
        const made = await client.petsPost({}, { id: 1 });
        const lost = await client.lostGet().catch((error) => ({ status: error.status, data: error.data, nested: error.response.status }));
        const missing = await client.petsPetIdGet({}).catch((error) => error.message);
        console.log(JSON.stringify({ functions: Object.keys(client).sort(), pet: [pet.status, pet.data], query: all.data.query,
            alias: alias.status, root: root.data.length, made: made.status, lost, missing, type: pet.headers["content-type"] }));""")
    assert found == {
        "functions": ["listPets", "lostGet", "petsGet", "petsPetIdGet", "petsPost", "rootGet"],
        "pet": [200, {"id": 7}], "query": found["query"], "alias": 200, "root": 3, "made": 200,
        "lost": {"status": 404, "data": {"message": "no such thing"}, "nested": 404}, "missing": "petId must be defined",
        "type": "application/json"}
    assert sorted(found["query"].split("&")) == ["page=1", "page=2", "type=dog%20%26%20cat"]


def test_functions_of_one_name_are_numbered(gateway, tmp_path):
    mock = {"get": {"responses": {}, "x-amazon-apigateway-integration": {"type": "mock"}}}
    api = gateway.serve_api(document=json.dumps({
        "openapi": "3.0.1", "info": {"title": "numbers", "version": "1"}, "paths": {path: mock for path in ("/a-b", "/aB", "/a/b", "/ab")}}))
    sdk = unpack(gateway.boto3("apigateway").get_sdk(restApiId=api, stageName="prod", sdkType="javascript"), tmp_path)
    names = re.findall(r'"(\w+)"\(params', (sdk / "apigClient.d.ts").read_text())
    assert sorted(names) == ["aBGet", "aBGet2", "aBGet3", "abGet"]


def test_requests_are_signed(sdk):
    """The signature of a published example's form: the same that botocore makes of the same request."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import datetime
    from unittest import mock

    now = datetime.datetime(2026, 4, 1, 12, 0, 0)
    cases = [("GET", "/prod/pets/a%20b", {"b": "2 x", "a": "1"}, None), ("POST", "/prod/pets", {}, '{"id": 1}')]
    program = "const { sign } = require('./lib/apiGatewayCore/sigV4Client.js');\nconst found = [];\n"
    wanted = []
    for verb, path, query, body in cases:
        program += (
            "found.push((await sign({ accessKey: 'AKIDEXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: 'token', "
            f"region: '{REGION}', serviceName: 'execute-api', endpoint: 'https://x.example' }}, {json.dumps({'verb': verb, 'path': path, 'queryParams': query})}, "
            f"{{}}, {json.dumps(body) if body else 'undefined'}, new Date('2026-04-01T12:00:00.123Z'))).Authorization);\n")
        request = AWSRequest(verb, "https://x.example" + path, params=query, data=body)
        with mock.patch("botocore.auth.datetime.datetime") as clock:
            clock.utcnow.return_value = now
            SigV4Auth(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token"), "execute-api", REGION).add_auth(request)
        wanted.append(request.headers["Authorization"])
    assert node(program + "console.log(JSON.stringify(found));", folder=sdk) == wanted


def test_signed_requests_are_served(gateway, subnet, sdk):
    found = ask(gateway, subnet, sdk, """
        const client = apigClientFactory.newClient({ accessKey: "AKIDEXAMPLE", secretKey: "secret" });
        console.log(JSON.stringify((await client.petsPetIdGet({ petId: 3 })).data));""")
    assert found == {"id": 3}


def test_models_are_types(sdk):
    types = (sdk / "apigClient.d.ts").read_text()
    assert 'export type Pet = { "id": number; "type"?: "dog" | "cat"; "parents"?: Pets; [name: string]: unknown; };' in types
    assert "export type Pets = Array<Pet>;" in types
    assert '"petsGet"(params?: { "type"?: Parameter; "X-Trace"?: Parameter; [name: string]: Parameter | undefined }, body?: unknown, ' \
        "additionalParams?: AdditionalParams): Promise<Result<Pets>>;" in types
    assert ', body?: Pet, ' in types


def test_an_api_of_any_methods_has_no_client(gateway, backend, tmp_path):
    document = json.loads(DOCUMENT.replace("BACKEND", backend.url))
    document["paths"] = {"/any": document["paths"]["/any"]}
    api = gateway.serve_api(document=json.dumps(document))
    folder = unpack(gateway.boto3("apigateway").get_sdk(restApiId=api, stageName="prod", sdkType="javascript"), tmp_path)
    assert not (folder / "apigClient.js").exists() and (folder / "lib/apiGatewayCore/utils.js").exists()


def test_what_is_not_made(gateway, api):
    client = gateway.boto3("apigateway")

    def error(**arguments):
        with pytest.raises(ClientError) as failure:
            client.get_sdk(**{"restApiId": api, "stageName": "prod", **arguments})
        found = failure.value.response
        return found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"], found["Error"]["Message"]

    parameters = {
        "android": ["groupId", "artifactId", "artifactVersion", "invokerPackage"], "java": ["serviceName", "javaPackageName"],
        "objectivec": ["classPrefix"], "swift": ["classPrefix"], "ruby": ["service.name"]}
    for kind, names in parameters.items():
        assert error(sdkType=kind) == (400, "BadRequestException", f"Missing required SDK parameter: {names[0]}")
        status, code, message = error(sdkType=kind, parameters={name: "x" for name in names})
        assert (status, code) == (400, "BadRequestException") and "Supported SDK types: javascript" in message
    assert error(sdkType="cobol")[:2] == (400, "BadRequestException")
    assert error(sdkType="javascript", stageName="nosuch")[:2] == (404, "NotFoundException")
    assert error(sdkType="javascript", restApiId="nosuch0000")[:2] == (404, "NotFoundException")


def test_the_types(gateway):
    client = gateway.boto3("apigateway")
    types = client.get_sdk_types()["items"]
    assert [kind["id"] for kind in types] == ["android", "java", "javascript", "objectivec", "ruby", "swift"]
    first = client.get_sdk_types(limit=2)
    assert [kind["id"] for kind in client.get_sdk_types(limit=2, position=first["position"])["items"]] == ["javascript", "objectivec"]
    java = client.get_sdk_type(id="java")
    assert [(p["name"], p["required"]) for p in java["configurationProperties"]] == [("serviceName", True), ("javaPackageName", True)]
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_sdk_type(id="cobol")
