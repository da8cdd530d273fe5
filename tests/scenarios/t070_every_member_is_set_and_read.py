# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation of API Gateway with every member of its input: set, and read back. The list is the service model's, so that a
member that the table below has forgotten fails."""
import json
import time

import botocore.exceptions
import pytest

from lab import newest
from lab.appliance import allow, policy
from lab.calls import members

MODEL = newest.service_model()
ENHANCED = "SecurityPolicy_TLS13_1_2_2021_06"
LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
SCHEMA = '{"type": "object", "title": "t"}'
PERCENT = {"percentTraffic": 12.5, "stageVariableOverrides": {"v": "canary"}, "useStageCache": True}
TEMPLATE = {"application/json": '{"statusCode": 200}'}


class Set:
    """A member's value. `value`, `more` (further members that it needs) and `shown` may be functions of the world. What is shown is the
    value unless `shown` says otherwise; `read` is a function of the answer and the world that finds it, or that judges (True, False).
    `refused` are the words with which what the gateway can't do is refused."""

    def __init__(self, value, shown=..., read=None, more=(), refused=None):
        self.value, self.shown, self.read, self.more, self.refused = value, shown, read, more, refused


class Case:
    """An operation: `base` makes the input without which it can't be called, `values` its other members; `get` reads what it made."""

    def __init__(self, base, get=None, **values):
        self.base, self.get, self.values = base, get, values


def of(value, world):
    return value(world) if callable(value) else value


class World:
    """What operations refer to, made once; and fresh ones of what an operation uses up."""

    def __init__(self, client, certificate, pems, vpce):
        self.client, self.certificate, self.pems, self.vpce = client, certificate, pems, vpce
        self.count, self.apis, self.undo, self.passing, self.rejected = 0, [], [], None, None
        self.api = self.new_api(endpointConfiguration={"types": ["PRIVATE"]}, policy=json.dumps(policy(allow())))
        self.root = self.root_of(self.api)
        self.parameter = self.new_resource("{id}")
        self.draft = self.new_api()
        self.draft_root = self.root_of(self.draft)
        for api in (self.api, self.draft):
            self.model = client.create_model(restApiId=api, name="Model", contentType="application/json", schema=SCHEMA)["name"]
        self.validator, self.draft_validator = (client.create_request_validator(restApiId=api, name="v")["id"] for api in (self.api, self.draft))
        self.authorizer, self.draft_authorizer = self.new_authorizer(), self.new_authorizer(self.draft)
        self.method = {"restApiId": self.api, "resourceId": self.new_resource(), "httpMethod": "GET"}
        client.put_method(**self.method, authorizationType="NONE", requestParameters={"method.request.header.x": False})
        client.put_integration(**self.method, type="MOCK", requestTemplates=TEMPLATE)
        client.put_method_response(**self.method, statusCode="200", responseParameters={"method.response.header.x": True})
        client.put_integration_response(**self.method, statusCode="200")
        self.deployment = self.new_deployment()
        self.stage = self.new_stage()
        self.version = self.new_documentation_version()
        self.part = self.new_part()
        self.domain = self.new_domain()
        self.mapping = self.new_mapping()
        self.association = self.new_association()
        self.key = client.create_api_key(name=self.name("key"), customerId="cust-t070", enabled=True, stageKeys=[])
        self.plan = self.new_plan(apiStages=[{"apiId": self.api, "stage": self.stage}], quota={"limit": 10, "period": "DAY"})
        client.create_usage_plan_key(usagePlanId=self.plan, keyId=self.key["id"], keyType="API_KEY")
        self.client_certificate = client.generate_client_certificate(description="t070")["clientCertificateId"]
        self.link = self.new_link()

    def name(self, what="t070"):
        self.count += 1
        return f"{what}{self.count}"

    def end(self):
        for call, parameters in reversed(self.undo):
            try:
                call(**parameters)
            except botocore.exceptions.ClientError:
                pass  # a test used it up
        for api in self.apis:
            try:
                self.client.delete_rest_api(restApiId=api)
            except botocore.exceptions.ClientError:
                pass

    def new_api(self, **wanted):
        self.apis.append(self.client.create_rest_api(**{"name": self.name("api"), **wanted})["id"])
        return self.apis[-1]

    def root_of(self, api):
        return next(r for r in self.client.get_resources(restApiId=api, limit=500)["items"] if r["path"] == "/")["id"]

    def new_resource(self, part=None):
        return self.client.create_resource(restApiId=self.api, parentId=self.root, pathPart=part or self.name("part"))["id"]

    def new_place(self):
        """A resource without methods, of an API that is never deployed."""
        resource = self.client.create_resource(restApiId=self.draft, parentId=self.draft_root, pathPart=self.name("part"))["id"]
        return {"restApiId": self.draft, "resourceId": resource, "httpMethod": "POST"}

    def new_method(self, **wanted):
        method = self.new_place()
        self.client.put_method(**method, **{"authorizationType": "NONE", **wanted})
        return method

    def new_integration(self, **wanted):
        method = self.new_method()
        self.client.put_integration(**method, **{"type": "MOCK", **wanted})
        return method

    def new_response(self):
        method = self.new_integration()
        self.client.put_method_response(**method, statusCode="200", responseParameters={"method.response.header.x": True})
        self.client.put_integration_response(**method, statusCode="200", responseParameters={"method.response.header.x": "'1'"})
        return {**method, "statusCode": "200"}

    def new_authorizer(self, api=None):
        return self.client.create_authorizer(restApiId=api or self.api, name=self.name("auth"), type="TOKEN", authorizerUri=LAMBDA,
                                             identitySource="method.request.header.Authorization")["id"]

    def new_deployment(self, **wanted):
        return self.client.create_deployment(restApiId=self.api, **wanted)["id"]

    def new_stage(self):
        name = self.name("stage")
        self.client.create_stage(restApiId=self.api, stageName=name, deploymentId=self.deployment)
        return name

    def new_part(self):
        return self.client.create_documentation_part(restApiId=self.api, location={"type": "MODEL", "name": self.name("M")}, properties='{"a":"b"}')["id"]

    def new_documentation_version(self):
        return self.client.create_documentation_version(restApiId=self.api, documentationVersion=self.name("v"))["version"]

    def domain_wanted(self, **wanted):
        return {"domainName": f"{self.name('d')}.t070.internal", "certificateArn": self.certificate, "endpointConfiguration": {"types": ["PRIVATE"]}, **wanted}

    def new_domain(self, **wanted):
        made = self.client.create_domain_name(**self.domain_wanted(**wanted))
        named = {"domainName": made["domainName"], **({"domainNameId": made["domainNameId"]} if "domainNameId" in made else {})}
        self.undo.append((self.client.delete_domain_name, named))
        return {**named, "arn": made["domainNameArn"]}

    def named(self, domain=None):
        return {name: value for name, value in (domain or self.domain).items() if name != "arn"}

    def new_mapping(self):
        path = self.name("base")
        self.client.create_base_path_mapping(**self.named(), restApiId=self.api, stage=self.stage, basePath=path)
        return {**self.named(), "basePath": path}

    def new_association(self):
        wanted = {"domainNameArn": self.new_domain()["arn"], "accessAssociationSourceType": "VPCE", "accessAssociationSource": self.vpce}
        return self.client.create_domain_name_access_association(**wanted)

    def new_key(self):
        made = self.client.create_api_key(name=self.name("key"))["id"]
        self.undo.append((self.client.delete_api_key, {"apiKey": made}))
        return made

    def new_plan(self, **wanted):
        made = self.client.create_usage_plan(name=self.name("plan"), **wanted)["id"]
        self.undo.append((self.client.delete_usage_plan, {"usagePlanId": made}))
        return made

    def new_link(self):
        made = self.client.create_vpc_link(name=self.name("link"), targetArns=["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/b"])["id"]
        self.undo.append((self.client.delete_vpc_link, {"vpcLinkId": made}))
        return made

    def one_stage(self, made=False):
        """The name of a stage that is free, or made; an API has at most ten, so the one before goes."""
        if self.passing:
            try:
                self.client.delete_stage(restApiId=self.api, stageName=self.passing)
            except botocore.exceptions.ClientError:
                pass  # a test deleted it
        self.passing = self.name("stage")
        if made:
            self.client.create_stage(restApiId=self.api, stageName=self.passing, deploymentId=self.deployment)
        return self.passing

    def rejectable(self):
        made = self.new_association()
        self.rejected = {name: made[name] for name in ("domainNameArn", "domainNameAccessAssociationArn")}
        return self.rejected

    def new_plan_key(self):
        made = {"usagePlanId": self.new_plan(), "keyId": self.new_key()}
        self.client.create_usage_plan_key(**made, keyType="API_KEY")
        return made

    def method_path(self):
        return self.client.get_resource(restApiId=self.api, resourceId=self.method["resourceId"])["path"]

    def today(self):
        return time.strftime("%Y-%m-%d", time.gmtime())

    def arn(self, path):
        return f"arn:aws:apigateway:us-east-1::{path}"


def get(call, *same, **renamed):
    """Read what was made: `same` are taken from the input, `renamed` from the answer."""
    def read(world, given, answer):
        found = {name: given[name] for name in same if name in given}
        return getattr(world.client, call)(**found, **{name: answer[source] for name, source in renamed.items() if source in answer})
    return read


def patched(base, read, path, value, op="replace", shown=...):
    """An Update operation: one patch operation that `read` finds in the answer. All four members of a patch operation count."""
    return Case(base, patchOperations=Set([{"op": op, "path": path, "value": value}], shown=value if shown is ... else shown, read=lambda a, w: read(a)))


def api_of(w):
    return {"restApiId": w.api}


def page(base=lambda w: {}, **values):
    """A list: the position of its first page, and a limit that it keeps."""
    return Case(base, limit=Set(1, shown=True, read=lambda a, w: len(a["items"]) <= 1), position=Set(None), **values)


METHOD = ("restApiId", "resourceId", "httpMethod")
STAGE_OF = get("get_stage", "restApiId", "stageName")
PATHS = lambda client, api: sorted((r["path"], sorted(r.get("resourceMethods", {}))) for r in client.get_resources(restApiId=api, limit=500)["items"])
UNESCAPED = lambda answer, world: json.loads(answer["policy"].replace('\\"', '"'))
ON_DOMAIN = lambda w: w.named()


def staged(name, value):
    """A member of CreateDeployment that shows at the stage."""
    return Set(value, read=lambda a, w: w.client.get_stage(restApiId=w.api, stageName=w.stage)[name], more=lambda w: {"stageName": w.stage})


def documents(*parts):
    return json.dumps({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}, "x-amazon-apigateway-documentation": {"documentationParts": list(parts)}})


CASES = {
    # --- APIs
    "CreateRestApi": Case(lambda w: {"name": w.name("made")}, get("get_rest_api", restApiId="id"), name="n", description="d", version="v1",
        cloneFrom=Set(lambda w: w.api, shown=lambda w: PATHS(w.client, w.api), read=lambda a, w: PATHS(w.client, a["id"])),
        binaryMediaTypes=["image/png", "a/b"], minimumCompressionSize=5, apiKeySource="AUTHORIZER",
        endpointConfiguration=Set(lambda w: {"types": ["PRIVATE"], "ipAddressType": "dualstack", "vpcEndpointIds": [w.vpce]}),
        policy=Set(json.dumps(policy(allow())), shown=policy(allow(Resource="arn:…")), read=lambda a, w: {**UNESCAPED(a, w), "Statement": [{**UNESCAPED(a, w)["Statement"][0], "Resource": "arn:…"}]}),
        tags={"a": "b"}, disableExecuteApiEndpoint=True, securityPolicy="TLS_1_2",
        endpointAccessMode=Set("BASIC", more={"securityPolicy": ENHANCED, "endpointConfiguration": {"types": ["REGIONAL"]}})),
    "GetRestApi": Case(api_of), "GetRestApis": page(),
    "DeleteRestApi": Case(lambda w: {"restApiId": w.new_api()}),
    "UpdateRestApi": patched(lambda w: {"restApiId": w.new_api()}, lambda a: a["name"], "/name", "new"),
    "ImportRestApi": Case(lambda w: {"body": json.dumps({"openapi": "3.0.1", "info": {"title": "made"}, "paths": {}})}, get("get_rest_api", restApiId="id"),
        body=Set(json.dumps({"openapi": "3.0.1", "info": {"title": "other"}, "paths": {}}), shown="other", read=lambda a, w: a["name"]),
        failOnWarnings=Set(True, shown=True, read=lambda a, w: "id" in a),
        parameters=Set({"endpointConfigurationTypes": "PRIVATE"}, shown=["PRIVATE"], read=lambda a, w: a["endpointConfiguration"]["types"])),
    "PutRestApi": Case(lambda w: {"restApiId": w.new_api(), "body": json.dumps({"openapi": "3.0.1", "info": {"title": "put"}, "paths": {}})}, get("get_rest_api", "restApiId"),
        body=Set(json.dumps({"openapi": "3.0.1", "info": {"title": "other"}, "paths": {}}), shown="other", read=lambda a, w: a["name"], more={"mode": "overwrite"}),
        mode=Set("overwrite", shown="put", read=lambda a, w: a["name"]), failOnWarnings=Set(True, shown=True, read=lambda a, w: "id" in a),
        parameters=Set({"basepath": "prepend"}, shown=["/a/b"], read=lambda a, w: [r["path"] for r in w.client.get_resources(restApiId=a["id"], limit=500)["items"]][-1:],
                       more={"body": json.dumps({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "basePath": "/a", "paths": {"/b": {}}})})),
    # --- resources
    "GetResources": page(api_of, embed=Set(["methods"], shown="MOCK", read=lambda a, w: next(
        m["GET"]["methodIntegration"]["type"] for m in (r.get("resourceMethods", {}) for r in a["items"]) if "GET" in m), more={"limit": 500})),
    "GetResource": Case(lambda w: {"restApiId": w.api, "resourceId": w.method["resourceId"]},
        embed=Set(["methods"], shown="MOCK", read=lambda a, w: a["resourceMethods"]["GET"]["methodIntegration"]["type"])),
    "CreateResource": Case(lambda w: {"restApiId": w.api, "parentId": w.root, "pathPart": w.name("part")}, get("get_resource", "restApiId", resourceId="id"), pathPart=Set(lambda w: w.name("x"))),
    "UpdateResource": patched(lambda w: {"restApiId": w.api, "resourceId": w.new_resource()}, lambda a: a["path"], "/pathPart", "patched", shown="/patched"),
    "DeleteResource": Case(lambda w: {"restApiId": w.api, "resourceId": w.new_resource()}),
    # --- methods
    "PutMethod": Case(lambda w: {**w.new_place(), "authorizationType": "NONE"}, get("get_method", *METHOD),
        authorizationType="AWS_IAM", authorizerId=Set(lambda w: w.draft_authorizer, more={"authorizationType": "CUSTOM"}), apiKeyRequired=True, operationName="op",
        requestParameters={"method.request.header.x": True}, requestModels=Set(lambda w: {"application/json": w.model}), requestValidatorId=Set(lambda w: w.draft_validator),
        authorizationScopes=["a/b", "c"]),
    "GetMethod": Case(lambda w: w.method), "DeleteMethod": Case(lambda w: w.new_method()),
    "UpdateMethod": patched(lambda w: w.new_method(), lambda a: a["apiKeyRequired"], "/apiKeyRequired", "true", shown=True),
    "PutMethodResponse": Case(lambda w: {**w.new_method(), "statusCode": "201"}, get("get_method_response", *METHOD, "statusCode"),
        responseParameters={"method.response.header.y": False}, responseModels=Set(lambda w: {"application/json": w.model})),
    "GetMethodResponse": Case(lambda w: {**w.method, "statusCode": "200"}), "DeleteMethodResponse": Case(lambda w: w.new_response()),
    "UpdateMethodResponse": patched(lambda w: w.new_response(), lambda a: a["responseModels"]["application/json"], "/responseModels/application~1json", "Model", op="add"),
    "PutIntegration": Case(lambda w: {**w.new_method(), "type": "MOCK"}, get("get_integration", *METHOD), type=Set("HTTP_PROXY", more={"integrationHttpMethod": "GET", "uri": "http://a.b"}),
        integrationHttpMethod=Set("PATCH", read=lambda a, w: a["httpMethod"], more={"type": "HTTP", "uri": "http://a.b"}),
        uri=Set(LAMBDA, more={"type": "AWS_PROXY", "integrationHttpMethod": "POST"}),
        connectionType=Set("VPC_LINK", more=lambda w: {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://a.b", "connectionId": w.link}),
        connectionId=Set(lambda w: w.link, more={"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://a.b", "connectionType": "VPC_LINK"}),
        credentials=Set("arn:aws:iam::123456789012:role/r", more={"type": "AWS", "integrationHttpMethod": "POST", "uri": LAMBDA}),
        requestParameters={"integration.request.header.x": "'static'"}, requestTemplates={"application/json": '{"statusCode": 201}'},
        passthroughBehavior="NEVER", cacheNamespace="ns", cacheKeyParameters=["method.request.header.x"], contentHandling="CONVERT_TO_TEXT", timeoutInMillis=50,
        tlsConfig=Set({"insecureSkipVerification": True}, more={"type": "HTTP", "integrationHttpMethod": "GET", "uri": "https://a.b"}),
        responseTransferMode=Set("STREAM", more={"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://a.b"}),
        integrationTarget=Set("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/b",
                              more=lambda w: {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://a.b", "connectionType": "VPC_LINK", "connectionId": w.link})),
    "GetIntegration": Case(lambda w: w.method), "DeleteIntegration": Case(lambda w: w.new_integration()),
    "UpdateIntegration": patched(lambda w: w.new_integration(), lambda a: a["timeoutInMillis"], "/timeoutInMillis", "5000", shown=5000),
    "PutIntegrationResponse": Case(lambda w: w.new_response(), get("get_integration_response", *METHOD, "statusCode"), selectionPattern="4\\d\\d",
        responseParameters={"method.response.header.x": "'2'"}, responseTemplates={"application/json": "{}"}, contentHandling="CONVERT_TO_BINARY"),
    "GetIntegrationResponse": Case(lambda w: {**w.method, "statusCode": "200"}), "DeleteIntegrationResponse": Case(lambda w: w.new_response()),
    "UpdateIntegrationResponse": patched(lambda w: w.new_response(), lambda a: a["selectionPattern"], "/selectionPattern", "5.*"),
    "TestInvokeMethod": Case(lambda w: w.method, pathWithQueryString=Set("/?a=b", shown=200, read=lambda a, w: a["status"]), body=Set("{}", shown=200, read=lambda a, w: a["status"]),
        headers=Set({"x": "y"}, shown=True, read=lambda a, w: "x=y" in a["log"]), multiValueHeaders=Set({"z": ["1", "2"]}, shown=True, read=lambda a, w: "z=" in a["log"]),
        clientCertificateId=Set(lambda w: w.client_certificate, shown=200, read=lambda a, w: a["status"]),
        stageVariables=Set({"v": "1"}, shown=200, read=lambda a, w: a["status"])),
    # --- what belongs to an API
    "CreateModel": Case(lambda w: {"restApiId": w.api, "name": w.name("Model"), "contentType": "application/json", "schema": SCHEMA}, get("get_model", "restApiId", modelName="name"),
        name=Set(lambda w: w.name("N")), description="d", schema='{"type": "string"}', contentType="application/xml"),
    "GetModel": Case(lambda w: {"restApiId": w.api, "modelName": w.model}, flatten=Set(True, shown="object", read=lambda a, w: json.loads(a["schema"])["type"])),
    "GetModels": page(api_of), "GetModelTemplate": Case(lambda w: {"restApiId": w.api, "modelName": w.model}),
    "UpdateModel": patched(lambda w: {"restApiId": w.api, "modelName": w.model}, lambda a: a["description"], "/description", "new"),
    "DeleteModel": Case(lambda w: {"restApiId": w.api, "modelName": w.client.create_model(restApiId=w.api, name=w.name("M"), contentType="a/b", schema=SCHEMA)["name"]}),
    "CreateRequestValidator": Case(api_of, get("get_request_validator", "restApiId", requestValidatorId="id"), name="n", validateRequestBody=True, validateRequestParameters=True),
    "GetRequestValidator": Case(lambda w: {"restApiId": w.api, "requestValidatorId": w.validator}), "GetRequestValidators": page(api_of),
    "UpdateRequestValidator": patched(lambda w: {"restApiId": w.api, "requestValidatorId": w.validator}, lambda a: a["name"], "/name", "new"),
    "DeleteRequestValidator": Case(lambda w: {"restApiId": w.api, "requestValidatorId": w.client.create_request_validator(restApiId=w.api, name="x")["id"]}),
    "CreateAuthorizer": Case(lambda w: {"restApiId": w.new_api(), "name": w.name("auth"), "type": "TOKEN", "authorizerUri": LAMBDA, "identitySource": "method.request.header.A"},
        get("get_authorizer", "restApiId", authorizerId="id"), name="n", type="REQUEST", authType="custom", authorizerUri=LAMBDA.replace("function:f", "function:g"),
        providerARNs=Set(["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"], more={"type": "COGNITO_USER_POOLS"}),
        authorizerCredentials="arn:aws:iam::123456789012:role/r", identitySource="method.request.header.B", identityValidationExpression="^x$", authorizerResultTtlInSeconds=0),
    "GetAuthorizer": Case(lambda w: {"restApiId": w.api, "authorizerId": w.authorizer}), "GetAuthorizers": page(api_of),
    "UpdateAuthorizer": patched(lambda w: {"restApiId": w.api, "authorizerId": w.authorizer}, lambda a: a["name"], "/name", "new"),
    "DeleteAuthorizer": Case(lambda w: {"restApiId": w.api, "authorizerId": w.new_authorizer()}),
    "TestInvokeAuthorizer": Case(lambda w: {"restApiId": w.api, "authorizerId": w.authorizer}, **{name: Set(value, shown=True, read=lambda a, w: "latency" in a) for name, value in {
        "headers": {"Authorization": "t"}, "multiValueHeaders": {"Authorization": ["t"]}, "pathWithQueryString": "/x?y=z", "body": "b", "stageVariables": {"v": "1"},
        "additionalContext": {"k": "v"}}.items()}),
    "PutGatewayResponse": Case(lambda w: {"restApiId": w.api, "responseType": "THROTTLED"}, get("get_gateway_response", "restApiId", "responseType"), statusCode="418",
        responseParameters={"gatewayresponse.header.x": "'1'"}, responseTemplates={"application/json": "{}"}),
    "GetGatewayResponse": Case(lambda w: {"restApiId": w.api, "responseType": "ACCESS_DENIED"}), "GetGatewayResponses": page(api_of),
    "UpdateGatewayResponse": patched(lambda w: {"restApiId": w.api, "responseType": "UNAUTHORIZED"}, lambda a: a["statusCode"], "/statusCode", "402"),
    "DeleteGatewayResponse": Case(lambda w: {"restApiId": w.api, "responseType": w.client.put_gateway_response(restApiId=w.api, responseType="WAF_FILTERED")["responseType"]}),
    "CreateDocumentationPart": Case(lambda w: {"restApiId": w.api, "location": {"type": "MODEL", "name": w.name("M")}, "properties": "{}"}, get("get_documentation_part", "restApiId", documentationPartId="id"),
        location=Set({"type": "RESPONSE_HEADER", "path": "/a", "method": "GET", "statusCode": "200", "name": "h"}), properties='{"x":"y"}'),
    "GetDocumentationPart": Case(lambda w: {"restApiId": w.api, "documentationPartId": w.part}),
    "GetDocumentationParts": page(api_of, type=Set("MODEL", shown=True, read=lambda a, w: all(p["location"]["type"] == "MODEL" for p in a["items"])),
        nameQuery=Set("M", shown=True, read=lambda a, w: "items" in a), path=Set("/a", shown=True, read=lambda a, w: "items" in a),
        locationStatus=Set("DOCUMENTED", shown=True, read=lambda a, w: len(a["items"]) > 0)),
    "UpdateDocumentationPart": patched(lambda w: {"restApiId": w.api, "documentationPartId": w.part}, lambda a: a["properties"], "/properties", '{"n":"n"}'),
    "DeleteDocumentationPart": Case(lambda w: {"restApiId": w.api, "documentationPartId": w.new_part()}),
    "ImportDocumentationParts": Case(lambda w: {"restApiId": w.api, "body": documents({"location": {"type": "API"}, "properties": {"a": "b"}})},
        mode=Set("merge", shown=1, read=lambda a, w: len(a["ids"])), failOnWarnings=Set(True, shown=1, read=lambda a, w: len(a["ids"])),
        body=Set(lambda w: documents({"location": {"type": "API"}, "properties": {"a": w.name("c")}}), shown=1, read=lambda a, w: len(a["ids"]))),
    "CreateDocumentationVersion": Case(lambda w: {"restApiId": w.api, "documentationVersion": w.name("v")}, get("get_documentation_version", "restApiId", documentationVersion="version"),
        documentationVersion=Set(lambda w: w.name("w"), read=lambda a, w: a["version"]), description="d",
        stageName=Set(lambda w: w.stage, shown=True, read=lambda a, w: w.client.get_stage(restApiId=w.api, stageName=w.stage)["documentationVersion"] == a["version"])),
    "GetDocumentationVersion": Case(lambda w: {"restApiId": w.api, "documentationVersion": w.version}), "GetDocumentationVersions": page(api_of),
    "UpdateDocumentationVersion": patched(lambda w: {"restApiId": w.api, "documentationVersion": w.version}, lambda a: a["description"], "/description", "new"),
    "DeleteDocumentationVersion": Case(lambda w: {"restApiId": w.api, "documentationVersion": w.new_documentation_version()}),
    # --- deployments and stages
    "CreateDeployment": Case(api_of, get("get_deployment", "restApiId", deploymentId="id"), description="d",
        stageName=Set(lambda w: w.stage, shown=True, read=lambda a, w: w.client.get_stage(restApiId=w.api, stageName=w.stage)["deploymentId"] == a["id"]),
        stageDescription=staged("description", "sd"), cacheClusterEnabled=staged("cacheClusterEnabled", True),
        cacheClusterSize=staged("cacheClusterSize", "1.6"), variables=staged("variables", {"v": "x"}),
        tracingEnabled=staged("tracingEnabled", True),
        canarySettings=Set(PERCENT, shown=PERCENT, read=lambda a, w: {k: v for k, v in w.client.get_stage(restApiId=w.api, stageName=w.stage)["canarySettings"].items() if k != "deploymentId"},
                           more=lambda w: {"stageName": w.stage})),
    "GetDeployment": Case(lambda w: {"restApiId": w.api, "deploymentId": w.deployment},
        embed=Set(["apisummary"], shown={"authorizationType": "NONE", "apiKeyRequired": False}, read=lambda a, w: next(v["GET"] for v in a["apiSummary"].values() if "GET" in v))),
    "GetDeployments": page(api_of),
    "UpdateDeployment": patched(lambda w: {"restApiId": w.api, "deploymentId": w.deployment}, lambda a: a["description"], "/description", "new"),
    "DeleteDeployment": Case(lambda w: {"restApiId": w.api, "deploymentId": w.new_deployment()}),
    "CreateStage": Case(lambda w: {"restApiId": w.api, "stageName": w.one_stage(), "deploymentId": w.deployment}, STAGE_OF, stageName=Set(lambda w: w.one_stage()),
        deploymentId=Set(lambda w: w.new_deployment()), description="d", cacheClusterEnabled=True, cacheClusterSize="6.1", variables={"v": "x"}, documentationVersion=Set(lambda w: w.version),
        canarySettings=Set(lambda w: {**PERCENT, "deploymentId": w.deployment}), tracingEnabled=True, tags={"a": "b"}),
    "GetStage": Case(lambda w: {"restApiId": w.api, "stageName": w.stage}),
    "GetStages": Case(api_of, deploymentId=Set(lambda w: w.deployment, shown=True, read=lambda a, w: all(s["deploymentId"] == w.deployment for s in a["item"]))),
    "UpdateStage": Case(lambda w: {"restApiId": w.api, "stageName": w.stage}, patchOperations=Set(lambda w: [
        {"op": "replace", "path": "/canarySettings/deploymentId", "value": w.deployment}, {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}],
        shown=lambda w: w.deployment, read=lambda a, w: a["deploymentId"])),
    "DeleteStage": Case(lambda w: {"restApiId": w.api, "stageName": w.one_stage(made=True)}),
    "FlushStageCache": Case(lambda w: {"restApiId": w.api, "stageName": w.stage}), "FlushStageAuthorizersCache": Case(lambda w: {"restApiId": w.api, "stageName": w.stage}),
    "GetExport": Case(lambda w: {"restApiId": w.api, "stageName": w.stage, "exportType": "oas30"},
        parameters=Set({"extensions": "integrations"}, shown=True, read=lambda a, w: b"x-amazon-apigateway-integration" in a["body"].read()),
        accepts=Set("application/yaml", shown=True, read=lambda a, w: a["body"].read().startswith((b"openapi", b"---")))),
    "GetSdk": Case(lambda w: {"restApiId": w.api, "stageName": w.stage, "sdkType": "javascript"}, parameters=Set({"x": "y"}, shown=b"PK", read=lambda a, w: a["body"].read()[:2])),
    "GetSdkType": Case(lambda w: {"id": "javascript"}), "GetSdkTypes": page(),
    # --- domains
    "CreateDomainName": Case(lambda w: w.domain_wanted(), get("get_domain_name", domainName="domainName", domainNameId="domainNameId"), domainName=Set(lambda w: f"{w.name('n')}.t070.internal"),
        certificateName="cn", certificateArn=Set(lambda w: w.certificate), endpointConfiguration=Set({"types": ["PRIVATE"], "ipAddressType": "dualstack"}), tags={"a": "b"},
        securityPolicy="TLS_1_2", policy=Set(json.dumps(policy(allow())), shown="Allow", read=lambda a, w: UNESCAPED(a, w)["Statement"][0]["Effect"]), routingMode="ROUTING_RULE_ONLY",
        regionalCertificateName=Set("rn"), regionalCertificateArn=Set(lambda w: w.certificate, more={"endpointConfiguration": {"types": ["REGIONAL"]}}),
        endpointAccessMode=Set("STRICT", more=lambda w: {"securityPolicy": ENHANCED, "endpointConfiguration": {"types": ["REGIONAL"]}, "regionalCertificateArn": w.certificate}),
        mutualTlsAuthentication=Set({"truststoreUri": "s3://b/t.pem", "truststoreVersion": "1"}, more=lambda w: {"securityPolicy": "TLS_1_2", "endpointConfiguration": {"types": ["REGIONAL"]}, "regionalCertificateArn": w.certificate}),
        ownershipVerificationCertificateArn=Set(lambda w: w.certificate),
        **{name: Set(lambda w, name=name: w.pems[name], shown=True, read=lambda a, w: a["certificateArn"].startswith("arn:aws:acm:") and a["certificateArn"] != w.certificate,
                     more=lambda w: {**w.pems, "certificateArn": None}) for name in ("certificateBody", "certificatePrivateKey", "certificateChain")}),
    "GetDomainName": Case(ON_DOMAIN),
    "GetDomainNames": page(resourceOwner=Set("OTHER_ACCOUNTS", shown=[], read=lambda a, w: a["items"])),
    "UpdateDomainName": patched(lambda w: w.named(), lambda a: a["routingMode"], "/routingMode", "ROUTING_RULE_ONLY"),
    "DeleteDomainName": Case(lambda w: w.named(w.new_domain())),
    "CreateBasePathMapping": Case(lambda w: {**w.named(), "restApiId": w.api, "basePath": w.name("b")}, get("get_base_path_mapping", "domainName", "domainNameId", basePath="basePath"),
        basePath=Set(lambda w: w.name("b")), restApiId=Set(lambda w: w.api), stage=Set(lambda w: w.stage)),
    "GetBasePathMapping": Case(lambda w: w.mapping), "GetBasePathMappings": page(ON_DOMAIN),
    "UpdateBasePathMapping": Case(lambda w: w.mapping, patchOperations=Set(lambda w: [{"op": "replace", "path": "/stage", "value": w.stage}], shown=lambda w: w.stage, read=lambda a, w: a["stage"])),
    "DeleteBasePathMapping": Case(lambda w: w.new_mapping()),
    "CreateDomainNameAccessAssociation": Case(lambda w: {"domainNameArn": w.new_domain()["arn"], "accessAssociationSourceType": "VPCE", "accessAssociationSource": w.vpce},
        domainNameArn=Set(lambda w: w.new_domain()["arn"]), accessAssociationSourceType="VPCE", accessAssociationSource=Set(lambda w: w.vpce), tags={"a": "b"}),
    "GetDomainNameAccessAssociations": page(resourceOwner=Set("SELF", shown=True, read=lambda a, w: len(a["items"]) > 0)),
    "DeleteDomainNameAccessAssociation": Case(lambda w: {"domainNameAccessAssociationArn": w.new_association()["domainNameAccessAssociationArn"]}),
    "RejectDomainNameAccessAssociation": Case(lambda w: w.rejectable(), **{name: Set(lambda w, name=name: w.rejected[name], shown=202, read=lambda a, w: a["ResponseMetadata"]["HTTPStatusCode"])
        for name in ("domainNameArn", "domainNameAccessAssociationArn")}),
    # --- keys and plans
    "CreateApiKey": Case(lambda w: {}, get("get_api_key", apiKey="id"), name="n", description="d", enabled=True, customerId="c", tags={"a": "b"},
        generateDistinctId=Set(True, shown=True, read=lambda a, w: a["id"] != ""), value=Set(lambda w: w.name("v" * 30), read=lambda a, w: w.client.get_api_key(apiKey=a["id"], includeValue=True)["value"]),
        stageKeys=Set(lambda w: [{"restApiId": w.api, "stageName": w.stage}], shown=lambda w: [f"{w.api}/{w.stage}"])),
    "GetApiKey": Case(lambda w: {"apiKey": w.key["id"]}, includeValue=Set(True, shown=lambda w: w.key["value"], read=lambda a, w: a["value"])),
    "GetApiKeys": page(nameQuery=Set(lambda w: w.key["name"], shown=True, read=lambda a, w: [k["id"] for k in a["items"]] == [w.key["id"]]),
        customerId=Set("cust-t070", shown=True, read=lambda a, w: [k["id"] for k in a["items"]] == [w.key["id"]]), includeValues=Set(True, shown=True, read=lambda a, w: all("value" in k for k in a["items"]))),
    "UpdateApiKey": patched(lambda w: {"apiKey": w.key["id"]}, lambda a: a["description"], "/description", "new"),
    "DeleteApiKey": Case(lambda w: {"apiKey": w.new_key()}),
    "ImportApiKeys": Case(lambda w: {"format": "csv", "body": f"name,key\n{w.name('i')},{w.name('k' * 30)}\n"}, format=Set("csv", shown=1, read=lambda a, w: len(a["ids"])),
        failOnWarnings=Set(True, shown=1, read=lambda a, w: len(a["ids"])), body=Set(lambda w: f"name,key\n{w.name('j')},{w.name('l' * 30)}\n", shown=1, read=lambda a, w: len(a["ids"]))),
    "CreateUsagePlan": Case(lambda w: {"name": w.name("plan")}, get("get_usage_plan", usagePlanId="id"), name="n", description="d", quota={"limit": 5, "offset": 1, "period": "WEEK"},
        throttle={"burstLimit": 2, "rateLimit": 1.5}, tags={"a": "b"},
        apiStages=Set(lambda w: [{"apiId": w.api, "stage": w.stage, "throttle": {w.method_path() + "/GET": {"burstLimit": 1, "rateLimit": 2.0}}}], more={"throttle": {"burstLimit": 2, "rateLimit": 5.0}})),
    "GetUsagePlan": Case(lambda w: {"usagePlanId": w.plan}), "GetUsagePlans": page(keyId=Set(lambda w: w.key["id"], shown=True, read=lambda a, w: [p["id"] for p in a["items"]] == [w.plan])),
    "UpdateUsagePlan": patched(lambda w: {"usagePlanId": w.plan}, lambda a: a["name"], "/name", "new"),
    "DeleteUsagePlan": Case(lambda w: {"usagePlanId": w.new_plan()}),
    "CreateUsagePlanKey": Case(lambda w: {"usagePlanId": w.new_plan(), "keyId": w.new_key(), "keyType": "API_KEY"}, get("get_usage_plan_key", "usagePlanId", keyId="id"),
        keyId=Set(lambda w: w.new_key(), read=lambda a, w: a["id"]), keyType=Set("API_KEY", read=lambda a, w: a["type"])),
    "GetUsagePlanKey": Case(lambda w: {"usagePlanId": w.plan, "keyId": w.key["id"]}),
    "GetUsagePlanKeys": page(lambda w: {"usagePlanId": w.plan}, nameQuery=Set("no such", shown=[], read=lambda a, w: a["items"])),
    "DeleteUsagePlanKey": Case(lambda w: w.new_plan_key()),
    "GetUsage": Case(lambda w: {"usagePlanId": w.plan, "startDate": w.today(), "endDate": w.today()}, startDate=Set(lambda w: w.today()), endDate=Set(lambda w: w.today()),
        keyId=Set(lambda w: w.key["id"], shown=True, read=lambda a, w: set(a["items"]) <= {w.key["id"]}), limit=Set(1, shown=True, read=lambda a, w: len(a.get("items", {})) <= 1), position=Set(None)),
    "UpdateUsage": Case(lambda w: {"usagePlanId": w.plan, "keyId": w.key["id"]},
        patchOperations=Set([{"op": "replace", "path": "/remaining", "value": "7"}], shown=7, read=lambda a, w: a["items"][w.key["id"]][-1][1])),
    "GenerateClientCertificate": Case(lambda w: {}, get("get_client_certificate", clientCertificateId="clientCertificateId"), description="d", tags={"a": "b"}),
    "GetClientCertificate": Case(lambda w: {"clientCertificateId": w.client_certificate}), "GetClientCertificates": page(),
    "UpdateClientCertificate": patched(lambda w: {"clientCertificateId": w.client_certificate}, lambda a: a["description"], "/description", "new"),
    "DeleteClientCertificate": Case(lambda w: {"clientCertificateId": w.client.generate_client_certificate()["clientCertificateId"]}),
    "CreateVpcLink": Case(lambda w: {"name": "n", "targetArns": ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/c/d"]}, get("get_vpc_link", vpcLinkId="id"), name="m", description="d",
        targetArns=["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/e/f"], tags={"a": "b"}),
    "GetVpcLink": Case(lambda w: {"vpcLinkId": w.link}), "GetVpcLinks": page(),
    "UpdateVpcLink": patched(lambda w: {"vpcLinkId": w.link}, lambda a: a["name"], "/name", "new"),
    "DeleteVpcLink": Case(lambda w: {"vpcLinkId": w.new_link()}),
    # --- the account, tags
    "GetAccount": Case(lambda w: {}),
    "UpdateAccount": patched(lambda w: {}, lambda a: a["cloudwatchRoleArn"], "/cloudwatchRoleArn", "arn:aws:iam::123456789012:role/logs"),
    "TagResource": Case(lambda w: {"resourceArn": w.arn(f"/restapis/{w.api}"), "tags": {"x": "y"}}, get("get_tags", "resourceArn"),
        tags=Set({"k": "v"}, shown="v", read=lambda a, w: w.client.get_tags(resourceArn=w.arn(f"/restapis/{w.api}"))["tags"]["k"])),
    "GetTags": Case(lambda w: {"resourceArn": w.arn(f"/restapis/{w.api}")}, limit=Set(1, shown=True, read=lambda a, w: "tags" in a), position=Set(None)),
    "UntagResource": Case(lambda w: {"resourceArn": w.arn(f"/restapis/{w.api}"), "tagKeys": ["none"]},
        tagKeys=Set(["k"], shown=False, read=lambda a, w: "k" in w.client.get_tags(resourceArn=w.arn(f"/restapis/{w.api}"))["tags"])),
}

# Structures of which some member is refused: its operation has no use for it.
REFUSED = {("CreateDomainName", "endpointConfiguration"): {"vpcEndpointIds"}}
# Lists that are empty rather than missing.
EMPTY = {("GetUsagePlanKeys", "usagePlanId")}


def input_of(operation):
    """Members of an operation's input: {name: (where it travels, shape)}."""
    shape = MODEL["operations"][operation].get("input")
    members_of_shape = MODEL["shapes"][shape["shape"]]["members"] if shape else {}
    return {name: (member.get("location", "body"), MODEL["shapes"][member["shape"]]) for name, member in members_of_shape.items()}


def names(operation):
    """The members that name what the operation is about: those of the path, and the id without which a domain is a public one."""
    return [name for name, (where, _) in input_of(operation).items() if where == "uri" or name == "domainNameId"]


def status_of(operation):
    return MODEL["operations"][operation]["http"].get("responseCode", 200)


@pytest.fixture(scope="module")
def world(local, authority, tmp_path_factory):
    acm = local.boto3("acm")
    certificate, key = authority.issue("*.t070.internal")
    read = lambda path: open(path).read()
    pems = {"certificateBody": read(certificate), "certificatePrivateKey": read(key), "certificateChain": read(authority.certificate)}
    arn = acm.import_certificate(Certificate=pems["certificateBody"], PrivateKey=pems["certificatePrivateKey"])["CertificateArn"]
    vpce = local.boto3("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]["VpcEndpointId"]
    made = World(newest.client(local, tmp_path_factory.mktemp("model")), arn, pems, vpce)
    yield made
    made.end()
    for domain in made.client.get_domain_names(limit=500)["items"]:
        if domain["domainName"].endswith("t070.internal"):
            made.client.delete_domain_name(**{name: domain[name] for name in ("domainName", "domainNameId") if name in domain})
    for summary in acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]:
        if summary["DomainName"].endswith("t070.internal"):
            acm.delete_certificate(CertificateArn=summary["CertificateArn"])


def perform(world, operation, given):
    import botocore
    return getattr(world.client, botocore.xform_name(operation))(**{name: value for name, value in given.items() if value is not None})


def test_the_table_forgets_nobody():
    assert set(CASES) == set(MODEL["operations"])
    for operation, case in CASES.items():
        wanted = set(input_of(operation)) - set(names(operation))
        assert set(case.values) == wanted, f"{operation}: {set(case.values) ^ wanted}"


def follow(world, operation, given):
    """A position: the page behind the first one, which begins with another item."""
    first = perform(world, operation, {**given, "limit": 1})
    if "position" in first:
        second = perform(world, operation, {**given, "limit": 1, "position": first["position"]})
        assert second["items"] and second["items"] != first["items"]
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        perform(world, operation, {**given, "position": "no position"})
    assert caught.value.response["Error"] == {"Code": "BadRequestException", "Message": "Invalid position parameter"}


def in_order(value):
    return sorted(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else value


@pytest.mark.parametrize("operation, member", [(o, m) for o, case in CASES.items() for m in case.values])
def test_a_member(world, operation, member):
    case, shape = CASES[operation], input_of(operation)[member][1]
    wanted = case.values[member] if isinstance(case.values[member], Set) else Set(case.values[member])
    given = case.base(world)
    if member == "position":
        return None if operation == "GetTags" else follow(world, operation, given)
    given = {**given, **dict(of(wanted.more, world) if wanted.more else {}), member: of(wanted.value, world)}
    if shape["type"] == "structure":
        assert set(given[member]) == set(shape["members"]) - REFUSED.get((operation, member), set())
    if wanted.refused:
        with pytest.raises(botocore.exceptions.ClientError, match=wanted.refused):
            perform(world, operation, given)
        return None
    answer = perform(world, operation, given)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status_of(operation)
    expected = given[member] if wanted.shown is ... else of(wanted.shown, world)
    read = wanted.read or (lambda shown, world: shown[member])
    assert in_order(read(answer, world)) == in_order(expected)
    if not case.get or wanted.read:
        return None
    assert in_order(case.get(world, given, answer)[member]) == in_order(expected)


@pytest.mark.parametrize("operation", [o for o, case in CASES.items() if not case.values])
def test_an_operation_without_members(world, operation):
    answer = perform(world, operation, CASES[operation].base(world))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status_of(operation)


@pytest.mark.parametrize("operation, member", [(o, m) for o in CASES for m in names(o)])
def test_a_name_of_nothing(world, operation, member):
    given = {**CASES[operation].base(world), member: "nonono0"}
    if (operation, member) in EMPTY:
        assert perform(world, operation, given)["items"] == []
        return
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        perform(world, operation, given)
    status, code = caught.value.response["ResponseMetadata"]["HTTPStatusCode"], caught.value.response["Error"]["Code"]
    assert (status, code) in ((404, "NotFoundException"), (400, "BadRequestException"), (400, "ValidationException"), (409, "ConflictException")), caught.value
