# SPDX-License-Identifier: GPL-3.0-or-later
"""PATCH: every path that API Gateway's resources have, with each of the six operations: what AWS lists acts and shows, all else is
refused and changes nothing."""
import json

import botocore.exceptions
import pytest

from lab.appliance import allow, policy
from lab.calls import bad, members, missing, patch, refusal
from t070_every_member_is_set_and_read import ENHANCED, LAMBDA, of, world  # noqa: F401


OPS = ("add", "remove", "replace", "copy", "move", "test")
PRIVATE_POLICY = json.dumps(policy(allow()))


class Path:
    """One path: the operations that it has, a value, and the member (a tuple of names) that then shows it, or what `shown` says.
    `before` are operations that make room for it. `value`, `shown` and `before` may be functions of the world."""

    def __init__(self, path, ops, member, value, shown=..., removed=None, before=(), together=()):
        self.path, self.ops, self.member, self.value = path, ops.split(), member if isinstance(member, tuple) else (member,), value
        self.shown, self.removed, self.before, self.together = shown, removed, before, together


def entry(map, key, ops="add replace remove", value="v", shown=...):
    """An entry of a map, which is there before it is replaced or removed."""
    path = f"/{map}/{key.replace('/', '~1')}"
    return Path(path, ops, (map, key), value, shown=shown, before=patch("add", path, value))


def setting(group, name, member, value, shown):
    return [Path(f"/{place}/{group}/{name}", "replace", ("methodSettings", place, member), value, shown=shown) for place in ("*/*", "~1pets~1{id}/GET")]


BOOLS = {"value": "true", "shown": True}

# Operation -> what makes the resource (once for the operation), and its paths.
PATHS = {
    "UpdateRestApi": (lambda w: {"restApiId": w.new_api(endpointConfiguration={"types": ["PRIVATE"]})}, [
        Path("/name", "replace", "name", "n"), Path("/description", "add replace remove", "description", "d"), Path("/apiKeySource", "replace", "apiKeySource", "AUTHORIZER"),
        Path("/disableExecuteApiEndpoint", "replace", "disableExecuteApiEndpoint", "True", shown=True), Path("/minimumCompressionSize", "replace", "minimumCompressionSize", "10", shown=10),
        Path("/policy", "replace remove", "policy", PRIVATE_POLICY, shown=lambda w: ...), Path("/securityPolicy", "replace", "securityPolicy", "TLS_1_2"),
        Path("/endpointAccessMode", "replace", "endpointAccessMode", "STRICT", together=patch("replace", "/securityPolicy", ENHANCED)),
        Path("/binaryMediaTypes/a~1b", "add replace remove", "binaryMediaTypes", "a/b", shown=["a/b"], before=patch("add", "/binaryMediaTypes/a~1b")),
        Path("/endpointConfiguration/vpcEndpointIds", "add remove", ("endpointConfiguration", "vpcEndpointIds"), lambda w: w.vpce, shown=lambda w: [w.vpce]),
        Path("/endpointConfiguration/ipAddressType", "replace", ("endpointConfiguration", "ipAddressType"), "dualstack"),
        Path("/endpointConfiguration/types/PRIVATE", "replace", ("endpointConfiguration", "types"), "REGIONAL", shown=["REGIONAL"]),
        Path("/endpointConfiguration/types/0", "replace", ("endpointConfiguration", "types"), "EDGE", shown=["EDGE"], together=patch("replace", "/securityPolicy", "SecurityPolicy_TLS13_2025_EDGE"))]),
    "UpdateResource": (lambda w: {"restApiId": w.api, "resourceId": w.new_resource()}, [
        Path("/pathPart", "replace", "pathPart", "t071"), Path("/parentId", "replace", "parentId", lambda w: w.method["resourceId"])]),
    "UpdateMethod": (lambda w: w.new_method(authorizationType="CUSTOM", authorizerId=w.draft_authorizer), [
        Path("/authorizationType", "replace", "authorizationType", "AWS_IAM"), Path("/authorizerId", "replace", "authorizerId", lambda w: w.draft_authorizer),
        Path("/apiKeyRequired", "replace", "apiKeyRequired", **BOOLS), Path("/operationName", "replace", "operationName", "o"),
        Path("/requestValidatorId", "replace", "requestValidatorId", lambda w: w.draft_validator), Path("/authorizationScopes", "add remove", "authorizationScopes", "s", shown=["s"], removed=[]),
        entry("requestParameters", "method.request.header.q", **BOOLS), entry("requestModels", "application/json", value="Model")]),
    "UpdateMethodResponse": (lambda w: w.new_response(), [
        entry("responseParameters", "method.response.header.q", **BOOLS), entry("responseModels", "application/json", value="Model")]),
    "UpdateIntegration": (lambda w: w.new_integration(type="HTTP", integrationHttpMethod="GET", uri="http://a.b", connectionId="c"), [
        entry("requestParameters", "integration.request.header.q", value="'1'"), entry("requestTemplates", "application/json", value="{}"),
        Path("/cacheKeyParameters/method.request.header.q", "add replace remove", "cacheKeyParameters", "method.request.header.q", shown=["method.request.header.q"], removed=[],
             before=patch("add", "/cacheKeyParameters/method.request.header.q")),
        Path("/cacheNamespace", "replace", "cacheNamespace", "n"), Path("/connectionId", "replace", "connectionId", "l"), Path("/connectionType", "replace", "connectionType", "VPC_LINK"),
        Path("/contentHandling", "replace", "contentHandling", "CONVERT_TO_TEXT"), Path("/httpMethod", "replace", "httpMethod", "PUT"), Path("/integrationTarget", "replace", "integrationTarget", "arn:t"),
        Path("/passthroughBehavior", "replace", "passthroughBehavior", "NEVER"), Path("/responseTransferMode", "replace", "responseTransferMode", "STREAM"),
        Path("/timeoutInMillis", "replace", "timeoutInMillis", "100", shown=100), Path("/tlsConfig/insecureSkipVerification", "replace", ("tlsConfig", "insecureSkipVerification"), **BOOLS),
        Path("/uri", "replace", "uri", "http://c.d"), Path("/credentials", "replace", "credentials", "arn:aws:iam::1:role/r"), Path("/type", "", "type", "MOCK")]),
    "UpdateIntegrationResponse": (lambda w: w.new_response(), [
        Path("/contentHandling", "replace", "contentHandling", "CONVERT_TO_TEXT"), Path("/selectionPattern", "replace", "selectionPattern", "2.*"),
        entry("responseParameters", "method.response.header.x", value="'1'"), entry("responseTemplates", "application/json", value="{}")]),
    "UpdateModel": (lambda w: {"restApiId": w.api, "modelName": w.model}, [Path("/description", "replace", "description", "x"), Path("/schema", "replace", "schema", '{"type":"array"}')]),
    "UpdateRequestValidator": (lambda w: {"restApiId": w.api, "requestValidatorId": w.validator}, [Path("/name", "replace", "name", "x"),
        Path("/validateRequestBody", "replace", "validateRequestBody", **BOOLS), Path("/validateRequestParameters", "replace", "validateRequestParameters", **BOOLS)]),
    "UpdateAuthorizer": (lambda w: {"restApiId": w.api, "authorizerId": w.new_authorizer()}, [
        Path("/authorizerUri", "replace", "authorizerUri", LAMBDA), Path("/authorizerCredentials", "replace", "authorizerCredentials", "arn:aws:iam::123456789012:role/r"),
        Path("/authorizerResultTtlInSeconds", "replace", "authorizerResultTtlInSeconds", "60", shown=60), Path("/authType", "replace", "authType", "custom"),
        Path("/identityValidationExpression", "replace", "identityValidationExpression", ".*"), Path("/name", "replace", "name", "x"),
        Path("/identitySource", "add replace", "identitySource", "method.request.header.Z"), Path("/type", "replace", "type", "REQUEST")]),
    "UpdateGatewayResponse": (lambda w: {"restApiId": w.api, "responseType": "QUOTA_EXCEEDED"}, [Path("/statusCode", "replace", "statusCode", "430"),
        entry("responseParameters", "gatewayresponse.header.x", value="'1'"), entry("responseTemplates", "text/plain", value="x")]),
    "UpdateDocumentationPart": (lambda w: {"restApiId": w.api, "documentationPartId": w.part}, [Path("/properties", "replace", "properties", '{"x":"y"}')]),
    "UpdateDocumentationVersion": (lambda w: {"restApiId": w.api, "documentationVersion": w.version}, [Path("/description", "replace", "description", "x")]),
    "UpdateDeployment": (lambda w: {"restApiId": w.api, "deploymentId": w.deployment}, [Path("/description", "replace", "description", "x")]),
    "UpdateStage": (lambda w: {"restApiId": w.api, "stageName": w.stage}, [
        Path("/accessLogSettings/destinationArn", "add replace", ("accessLogSettings", "destinationArn"), "arn:aws:logs:us-east-1:123456789012:log-group:g"),
        Path("/accessLogSettings/format", "add replace", ("accessLogSettings", "format"), "$context.requestId"),
        Path("/accessLogSettings", "remove", "accessLogSettings", None, before=patch("replace", "/accessLogSettings/format", "$context.requestId")),
        Path("/cacheClusterEnabled", "replace", "cacheClusterEnabled", **BOOLS), Path("/cacheClusterSize", "replace", "cacheClusterSize", "118"),
        Path("/canarySettings/deploymentId", "replace", ("canarySettings", "deploymentId"), lambda w: w.deployment), Path("/canarySettings/percentTraffic", "replace", ("canarySettings", "percentTraffic"), "7", shown=7.0),
        Path("/canarySettings/stageVariableOverrides", "replace", ("canarySettings", "stageVariableOverrides"), '{"a":"b"}', shown={"a": "b"}),
        Path("/canarySettings/stageVariableOverrides/k", "replace", ("canarySettings", "stageVariableOverrides", "k"), "v"),
        Path("/canarySettings/useStageCache", "replace", ("canarySettings", "useStageCache"), **BOOLS),
        Path("/canarySettings", "remove", "canarySettings", None, before=patch("replace", "/canarySettings/percentTraffic", "1")),
        Path("/clientCertificateId", "replace", "clientCertificateId", lambda w: w.client_certificate), Path("/description", "replace", "description", "x"),
        Path("/documentationVersion", "replace", "documentationVersion", lambda w: w.version), Path("/deploymentId", "replace", "deploymentId", lambda w: w.deployment),
        Path("/variables", "replace remove", "variables", '{"a":"b"}', shown={"a": "b"}), entry("variables", "k"), Path("/tracingEnabled", "replace", "tracingEnabled", **BOOLS),
        Path("/methodSettings", "", "methodSettings", "{}"), Path("/*/*", "remove", ("methodSettings", "*/*"), None, before=patch("replace", "/*/*/caching/enabled", "true")),
        *setting("metrics", "enabled", "metricsEnabled", **BOOLS), *setting("logging", "dataTrace", "dataTraceEnabled", **BOOLS), *setting("logging", "loglevel", "loggingLevel", "INFO", "INFO"),
        *setting("throttling", "burstLimit", "throttlingBurstLimit", "9", 9), *setting("throttling", "rateLimit", "throttlingRateLimit", "2.5", 2.5),
        *setting("caching", "enabled", "cachingEnabled", **BOOLS), *setting("caching", "dataEncrypted", "cacheDataEncrypted", **BOOLS), *setting("caching", "ttlInSeconds", "cacheTtlInSeconds", "60", 60),
        *setting("caching", "requireAuthorizationForCacheControl", "requireAuthorizationForCacheControl", "false", False),
        *setting("caching", "unauthorizedCacheControlHeaderStrategy", "unauthorizedCacheControlHeaderStrategy", "FAIL_WITH_403", "FAIL_WITH_403")]),
    "UpdateDomainName": (lambda w: w.named(w.new_domain(endpointConfiguration={"types": ["REGIONAL"]}, certificateArn=w.certificate, regionalCertificateArn=w.certificate, securityPolicy="TLS_1_2")), [
        Path("/certificateName", "add replace remove", "certificateName", "c"), Path("/certificateArn", "add replace remove", "certificateArn", lambda w: w.certificate),
        Path("/regionalCertificateName", "add replace remove", "regionalCertificateName", "r"), Path("/regionalCertificateArn", "add replace", "regionalCertificateArn", lambda w: w.certificate),
        Path("/ownershipVerificationCertificateArn", "add replace remove", "ownershipVerificationCertificateArn", lambda w: w.certificate),
        Path("/endpointConfiguration/types", "add remove", ("endpointConfiguration", "types"), "EDGE", shown=["REGIONAL", "EDGE"], removed=["REGIONAL"], together=[{"op": "replace", "path": "/certificateArn", "value": None}]),
        Path("/endpointConfiguration/ipAddressType", "replace", ("endpointConfiguration", "ipAddressType"), "dualstack"),
        Path("/endpointAccessMode", "replace", "endpointAccessMode", "BASIC", together=patch("replace", "/securityPolicy", ENHANCED)),
        Path("/securityPolicy", "replace", "securityPolicy", "TLS_1_0", together=patch("replace", "/endpointAccessMode", "")),
        Path("/routingMode", "replace", "routingMode", "ROUTING_RULE_ONLY"), Path("/policy", "", "policy", PRIVATE_POLICY), Path("/managementPolicy", "", "managementPolicy", PRIVATE_POLICY),
        *(Path(f"/mutualTlsAuthentication/{name}", "add replace remove", ("mutualTlsAuthentication", name), "s3://b/k", together=patch("replace", "/securityPolicy", "TLS_1_2"))
          for name in ("truststoreUri", "truststoreVersion"))]),
    "UpdateBasePathMapping": (lambda w: w.new_mapping(), [Path("/stage", "replace", "stage", lambda w: w.stage), Path("/restapiId", "replace", "restApiId", lambda w: w.api)]),
    "UpdateApiKey": (lambda w: {"apiKey": w.key["id"]}, [Path("/customerId", "replace", "customerId", "x"), Path("/description", "replace", "description", "x"),
        Path("/enabled", "replace", "enabled", **BOOLS), Path("/name", "replace", "name", "x"), Path("/stages", "add remove", "stageKeys", lambda w: f"{w.api}/{w.stage}", shown=lambda w: [f"{w.api}/{w.stage}"], removed=[])]),
    "UpdateUsagePlan": (lambda w: {"usagePlanId": w.new_plan()}, [Path("/name", "replace", "name", "x"), Path("/description", "replace", "description", "x"),
        Path("/productCode", "add replace remove", "productCode", "p"), Path("/throttle/burstLimit", "add replace", ("throttle", "burstLimit"), "2", shown=2),
        Path("/throttle/rateLimit", "add replace", ("throttle", "rateLimit"), "2.5", shown=2.5), Path("/throttle", "remove", "throttle", None, before=patch("replace", "/throttle/rateLimit", "1")),
        Path("/quota/limit", "add replace", ("quota", "limit"), "9", shown=9, together=patch("replace", "/quota/period", "WEEK")),
        Path("/quota/period", "add replace", ("quota", "period"), "MONTH"), Path("/quota/offset", "add replace", ("quota", "offset"), "1", shown=1), Path("/quota", "remove", "quota", None, before=[
            *patch("replace", "/quota/limit", "9"), *patch("replace", "/quota/period", "WEEK")])]),
    "UpdateClientCertificate": (lambda w: {"clientCertificateId": w.client_certificate}, [Path("/description", "replace", "description", "x")]),
    "UpdateVpcLink": (lambda w: {"vpcLinkId": w.link}, [Path("/name", "replace", "name", "x"), Path("/description", "replace", "description", "x")]),
    "UpdateAccount": (lambda w: {}, [Path("/cloudwatchRoleArn", "replace", "cloudwatchRoleArn", "arn:aws:iam::123456789012:role/r")]),
}

# What AWS says, word for word: recorded.
SETTINGS = ("/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, "
            "/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, "
            "/{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, "
            "/{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "
            "/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, "
            "/*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, "
            "/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled")
ONLY_REPLACE, UNSUPPORTED = bad("Invalid patch operation specified. Must be one of: [replace]"), "Invalid patch path  '{}' specified for op '{}'. Please choose supported operations"
MUST_BE = "Invalid patch path  '{}' specified for op 'replace'. Must be one of: [{}]"
NO_SETTING = "Cannot remove method setting {} because there is no method setting for this method "
COPY = ("Invalid copy operation with path: {} and from {}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are "
        "[/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]")
WORDS = [
    ("UpdateRestApi", patch("replace", "/wrongPath", "x"), bad("Invalid patch path /wrongPath")),
    ("UpdateRestApi", patch("add", "/binaryMediaTypes", "x"), bad("Invalid patch path /binaryMediaTypes")),
    ("UpdateRestApi", patch("add", "/minimumCompressionSize", "1"), ONLY_REPLACE),
    ("UpdateRestApi", patch("replace", "/name", ""), bad("Name cannot be an empty string")),
    ("UpdateRestApi", patch("replace", "/endpointAccessMode", "BASIC"), bad("An endpoint access mode can only be specified with a security policy that begins with SecurityPolicy_")),
    ("UpdateRestApi", patch("replace", "/securityPolicy", ENHANCED), bad(f"An endpoint access mode must be specified with the security policy {ENHANCED}")),
    ("UpdateRestApi", patch("replace", "/securityPolicy", "x"), bad("Invalid security policy specified")),
    ("UpdateResource", patch("replace", "/invalid", "x"), bad(MUST_BE.format("/invalid", "/parentId, /pathPart"))),
    ("UpdateResource", patch("add", "/pathPart", "x"), bad(UNSUPPORTED.format("/pathPart", "add"))),
    ("UpdateResource", patch("remove", "/pathPart"), bad(UNSUPPORTED.format("/pathPart", "remove"))),
    ("UpdateResource", patch("replace", "/parentId", "nonono"), missing("Invalid Resource identifier specified")),
    ("UpdateMethod", patch("replace", "/httpMethod", "PUT"), bad("Invalid patch path /httpMethod")),
    ("UpdateMethod", patch("replace", "/requestParameters", "x"), bad("Invalid patch path /requestParameters")),
    ("UpdateMethod", patch("add", "/requestModels/application/json", "x"), bad("Invalid patch path /requestModels/application/json")),
    ("UpdateMethod", patch("add", "/apiKeyRequired", "true"), ONLY_REPLACE),
    ("UpdateMethod", patch("add", "/requestModels/application~1json", "petModel"), bad("Invalid model identifier specified: petModel")),
    ("UpdateMethodResponse", patch("add", "/wrong/method.response.header.my-header", "true"), bad("Invalid patch path /wrong/method.response.header.my-header")),
    ("UpdateMethodResponse", patch("replace", "/responseParameters/method.response.header.none", "true"), missing("Invalid parameter name specified")),
    ("UpdateMethodResponse", patch("replace", "/responseModels/text~1none", "Model"), missing("Content-Type specified was not found")),
    ("UpdateModel", patch("replace", "/name", "x"), bad(MUST_BE.format("/name", "/description, /schema"))),
    ("UpdateModel", patch("replace", "/schema", "{}"), bad("Model schema must have at least 1 property or array items defined")),
    ("UpdateRequestValidator", patch("replace", "/invalidPath", "x"), bad(MUST_BE.format("/invalidPath", "/name, /validateRequestParameters, /validateRequestBody"))),
    ("UpdateRequestValidator", patch("add", "/validateRequestBody", "true"), bad(UNSUPPORTED.format("/validateRequestBody", "add"))),
    ("UpdateRequestValidator", patch("remove", "/validateRequestBody"), bad(UNSUPPORTED.format("/validateRequestBody", "remove"))),
    ("UpdateRequestValidator", patch("replace", "/name", ""), bad("Request Validator name cannot be blank")),
    ("UpdateDocumentationPart", patch("replace", "/invalidPath", "x"), bad(MUST_BE.format("/invalidPath", "/properties"))),
    ("UpdateDocumentationPart", patch("add", "/properties", "{}"), bad(UNSUPPORTED.format("/properties", "add"))),
    ("UpdateGatewayResponse", patch("add", "/statusCode", "500"), bad("Invalid patch path /statusCode")),
    ("UpdateGatewayResponse", patch("replace", "/responseTemplates/application~1json"), bad("Invalid null or empty value in responseTemplates")),
    ("UpdateGatewayResponse", patch("replace", "/responseParameters/gatewayresponse.header.x", ""), bad("Invalid null or empty value in responseParameters")),
    ("UpdateStage", patch("replace", "/documentation_version", "x"), bad(f"Invalid method setting path: /documentation_version. Must be one of: [{SETTINGS}]")),
    ("UpdateStage", patch("replace", "/tags/tag1", "x"), bad(f"Invalid method setting path: /tags/tag1. Must be one of: [{SETTINGS}]")),
    ("UpdateStage", patch("replace", "/canarySettings", "x"), bad(f"Invalid method setting path: /canarySettings. Must be one of: [{SETTINGS}]")),
    ("UpdateStage", patch("replace", "/canarySettings/badPath", "x"), bad(f"Invalid method setting path: /canarySettings/badPath. Must be one of: [{SETTINGS}]")),
    ("UpdateStage", patch("add", "/canarySettings/deploymentId", "x"), bad("Invalid add operation with path: /canarySettings/deploymentId")),
    ("UpdateStage", patch("replace", "/canarySettings/deploymentId", "deploy"), bad("Deployment id does not exist")),
    ("UpdateStage", patch("remove", "/canarySettings/badPath"), bad(NO_SETTING.format("canarySettings/badPath"))),
    ("UpdateStage", patch("remove", "/canarySettings/stageVariableOverrides"), bad(NO_SETTING.format("canarySettings/stageVariableOverrides"))),
    ("UpdateStage", patch("remove", "/nothing/GET"), bad(NO_SETTING.format("nothing/GET"))),
    ("UpdateStage", patch("remove", "/accessLogSettings/*"), bad(NO_SETTING.format("accessLogSettings/*"))),
    ("UpdateStage", patch("remove", "/accessLogSettings/destinationArn"), bad(NO_SETTING.format("accessLogSettings/destinationArn"))),
    ("UpdateStage", patch("add", "/accessLogSettings/randomValue", "x"), bad("Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]")),
    ("UpdateStage", patch("replace", "/accessLogSettings/format", ""), bad("Access Log value must not be empty")),
    ("UpdateStage", [*patch("remove", "/canarySettings"), {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}], bad("Promotion not available. Canary does not exist.")),
    ("UpdateStage", [{"op": "copy", "from": "/variables", "path": "/canarySettings/stageVariableOverrides"}], bad(COPY.format("/canarySettings/stageVariableOverrides", "/variables"))),
    ("UpdateStage", patch("replace", "/variables/bad-name", "x"), bad("Invalid stage variable name: bad-name. Please use names of at most 64 alphanumeric characters and underscores.")),
    ("UpdateStage", patch("replace", "/variables/k", "a|b"), bad("Invalid stage variable value: a|b. Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.")),
    ("UpdateStage", patch("replace", "/*/*/caching/ttlInSeconds", "3601"), bad("Invalid value for /*/*/caching/ttlInSeconds: 3601")),
    ("UpdateStage", patch("replace", "/*/*/throttling/rateLimit", "x"), bad("Invalid value for /*/*/throttling/rateLimit: x")),
    ("UpdateStage", patch("replace", "/*/*/logging/loglevel", "x"), bad("Invalid loglevel specified. Valid options are OFF, ERROR, INFO")),
    ("UpdateStage", patch("replace", "/canarySettings/percentTraffic", "101"), bad("Invalid value for /canarySettings/percentTraffic: 101")),
    ("UpdateDomainName", [*patch("add", "/certificateName", "x"), *patch("remove", "/regionalCertificateName")], bad("Certificates can't be added and removed in the same request.")),
    ("UpdateDomainName", patch("replace", "/policy", PRIVATE_POLICY), bad("Policies are supported for private domain names only.")),
    ("UpdateDomainName", patch("remove", "/endpointConfiguration/types", "REGIONAL"), bad("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE")),
    ("UpdateBasePathMapping", patch("replace", "/basepath", "ping"), bad("The base path ping is reserved for health checks")),
    ("UpdateApiKey", patch("replace", "/id", "x"), bad(MUST_BE.format("/id", "/description, /enabled, /name, /customerId"))),
    ("UpdateRestApi", [{"op": "replace", "value": "x"}], bad("Invalid patch path null")),
]


@pytest.fixture(scope="module")
def resources(world):
    """The resource of each operation, made when it is first asked for."""
    made = {}

    def one(operation):
        if operation not in made:
            made[operation] = dict(PATHS[operation][0](world))
        return made[operation]
    return one


def perform(world, operation, **given):
    return getattr(world.client, botocore.xform_name(operation))(**given)


def found(answer, path):
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def unchanging(answer):
    return {name: value for name, value in members(answer).items() if name != "lastUpdatedDate"}


def act(world, operation, given, row, value, op):
    """An operation that the path has: its answer shows it, and so does the resource."""
    if row.before and op != "add":
        perform(world, operation, **given, patchOperations=row.before)
    together = [{**one, "value": world.certificate if one["value"] is None else one["value"]} for one in row.together]
    answer = perform(world, operation, **given, patchOperations=[*together, *patch(op, row.path, value)])
    expected = row.removed if op == "remove" else value if row.shown is ... else of(row.shown, world)
    if expected is not ...:
        assert found(answer, row.member) == expected, op
    return answer


@pytest.mark.parametrize("operation, row", [(operation, row) for operation, (_, paths) in PATHS.items() for row in paths],
                         ids=lambda value: value.path if isinstance(value, Path) else value)
def test_a_path(world, resources, operation, row):
    given, value, answer = resources(operation), of(row.value, world), None
    read = lambda: unchanging(perform(world, operation.replace("Update", "Get"), **given))
    for op in OPS:
        if op in row.ops:
            answer = act(world, operation, given, row, value, op)
    before = read()
    assert answer is None or before == unchanging(answer)
    for op in OPS:
        if op not in row.ops:
            status, code, _ = refusal(getattr(world.client, botocore.xform_name(operation)), **given, patchOperations=patch(op, row.path, value))
            assert (status, code) in ((400, "BadRequestException"), (404, "NotFoundException")), op
    assert read() == before


@pytest.mark.parametrize("operation, operations, words", WORDS, ids=[f"{operation}-{index}" for index, (operation, _, _) in enumerate(WORDS)])
def test_the_words_of_a_refusal(world, operation, operations, words):
    given = dict(PATHS[operation][0](world))
    assert refusal(getattr(world.client, botocore.xform_name(operation)), **given, patchOperations=operations) == words


def test_a_canary_is_promoted(world):
    stage = world.one_stage(made=True)
    update = lambda *operations: members(world.client.update_stage(restApiId=world.api, stageName=stage, patchOperations=list(operations)))
    other = world.new_deployment()
    update(*patch("replace", "/variables/a", "1"), *patch("replace", "/variables/b", "1"))
    made = update(*patch("replace", "/canarySettings/percentTraffic", "10"))["canarySettings"]
    assert made == {"percentTraffic": 10.0, "deploymentId": world.deployment, "useStageCache": False}
    update(*patch("replace", "/canarySettings/deploymentId", other), *patch("replace", "/canarySettings/stageVariableOverrides/b", "2"))
    promoted = update({"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
                      {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"})
    assert promoted["deploymentId"] == other and promoted["variables"] == {"a": "1", "b": "2"} and promoted["canarySettings"]["percentTraffic"] == 0.0
    assert "canarySettings" not in update(*patch("remove", "/canarySettings"))


def test_settings_begin_with_their_defaults(world):
    stage = world.one_stage(made=True)
    shown = world.client.update_stage(restApiId=world.api, stageName=stage, patchOperations=patch("replace", "/*/*/caching/enabled", "true"))
    assert shown["methodSettings"] == {"*/*": {
        "cacheDataEncrypted": False, "cacheTtlInSeconds": 300, "cachingEnabled": True, "dataTraceEnabled": False, "metricsEnabled": False, "requireAuthorizationForCacheControl": True,
        "throttlingBurstLimit": 5000, "throttlingRateLimit": 10000.0, "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER"}}
