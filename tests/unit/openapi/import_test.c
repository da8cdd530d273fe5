/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of openapi/import: recorded facts of AWS's importer, and what is refused with which place and rule. */
#include "tests/unit/openapi/imported.h"

#define V1                                                                                                             \
	"{\"swagger\":\"2.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"basePath\":\"/a/b\",\"paths\":{\"/"       \
	"x\":{\"get\":{"                                                                                               \
	"\"parameters\":[{\"name\":\"q\",\"in\":\"query\",\"required\":true,\"type\":\"string\"}],"                    \
	"\"responses\":{\"200\":{\"description\":\"ok\",\"headers\":{\"H\":{\"type\":\"string\"}}}},"                  \
	"\"x-amazon-apigateway-integration\":{\"type\":\"MOCK\",\"requestTemplates\":{\"application/"                  \
	"json\":\"{\\\"statusCode\\\":200}\"},"                                                                        \
	"\"responses\":{\"4\\\\d{2}\":{\"statusCode\":\"400\"},\"default\":{\"statusCode\":\"200\","                   \
	"\"responseParameters\":{\"method.response.header.H\":\"'v'\"}}}%s}}}}}"

static void a_swagger_document_becomes_resources_and_methods(void **state)
{
	struct openapi_options options = overwrite;
	struct outcome outcome;
	char text[2048];
	struct json *get;

	(void)state;
	options.base_path = OPENAPI_BASE_PATH_SPLIT;
	snprintf(text, sizeof text, V1, "");
	outcome = good(text, &options);
	assert_int_equal(3, json_count(json_find(outcome.definition, "resources")));
	assert_string_equal("root567890", json_find_c_string(resource(&outcome, "/"), "id"));
	assert_string_equal("root567890", json_find_c_string(resource(&outcome, "/b"), "parentId"));
	assert_string_equal("x", json_find_c_string(resource(&outcome, "/b/x"), "pathPart"));
	assert_null(json_find(resource(&outcome, "/b"), "resourceMethods"));
	get = method(&outcome, "/b/x", "GET");
	assert_json("{\"method.request.querystring.q\":true}", json_find(get, "requestParameters"));
	assert_json("{\"200\":{\"statusCode\":\"200\",\"responseParameters\":{\"method.response.header.H\":false}}}",
		json_find(get, "methodResponses"));
	assert_string_equal("NONE", json_find_c_string(get, "authorizationType"));
	assert_false(json_find_bool(get, "apiKeyRequired", true));
	get = json_find(get, "methodIntegration");
	assert_string_equal("WHEN_NO_MATCH", json_find_c_string(get, "passthroughBehavior"));
	assert_int_equal(29000, json_find_integer(get, "timeoutInMillis", 0));
	assert_true(
		view_equals(json_find_text(get, "cacheNamespace"), json_find_text(resource(&outcome, "/b/x"), "id")));
	assert_null(json_find(get, "connectionType"));
	assert_json("{\"200\":{\"statusCode\":\"200\",\"responseParameters\":{\"method.response.header.H\":\"'v'\"}},"
		    "\"400\":{\"statusCode\":\"400\",\"selectionPattern\":\"4\\\\d{2}\"}}",
		json_find(get, "integrationResponses"));
	assert_json("{\"id\":\"abcde12345\",\"name\":\"t\",\"version\":\"1\",\"rootResourceId\":\"root567890\","
		    "\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]}}",
		json_find(outcome.definition, "restApi"));
	assert_int_equal(0, json_count(outcome.warnings));
	outcome_fini(&outcome);
}

static void a_parameter_that_is_no_text_is_dropped_with_a_warning(void **state)
{
	struct openapi_options strict = overwrite;
	struct outcome outcome;
	char text[2048];

	(void)state;
	snprintf(text, sizeof text, V1,
		",\"requestParameters\":{\"integration.request.header.n\":true,\"integration.request.header.m\":\"'1'"
		"\"}");
	outcome = good(text, &overwrite);
	assert_json("[\"Invalid format for 'requestParameters'. Expected type string for property "
		    "'integration.request.header.n' of "
		    "resource '/x' and method 'GET' but got 'true'\"]",
		outcome.warnings);
	assert_json("{\"integration.request.header.m\":\"'1'\"}",
		json_find(json_find(method(&outcome, "/x", "GET"), "methodIntegration"), "requestParameters"));
	outcome_fini(&outcome);
	strict.fail_on_warnings = true;
	outcome = import(text, &strict);
	assert_int_equal(-EINVAL, outcome.result);
	assert_non_null(strstr(outcome.failure.message, "Warnings found during import:\n\tInvalid format for"));
	outcome_fini(&outcome);
}

static const char pets_yaml[] =
	"openapi: 3.0.1\n"
	"info: {title: Pets, version: 1.0, description: all pets}\n"
	"servers:\n"
	"  - url: https://example.com/{basePath}/\n"
	"    variables: {basePath: {default: /v1/eu}}\n"
	"    x-amazon-apigateway-endpoint-configuration: {vpcEndpointIds: [vpce-1]}\n"
	"x-amazon-apigateway-policy:\n"
	"  Version: '2012-10-17'\n"
	"  Statement: [{Effect: Allow, Principal: '*', Action: execute-api:Invoke, Resource: execute-api:/*}]\n"
	"x-amazon-apigateway-request-validators:\n"
	"  basic: {validateRequestBody: true, validateRequestParameters: true}\n"
	"x-amazon-apigateway-request-validator: basic\n"
	"x-amazon-apigateway-binary-media-types: [image/png, image/jpg]\n"
	"x-amazon-apigateway-gateway-responses:\n"
	"  THROTTLED: {statusCode: 420, responseParameters: {gatewayresponse.header.X: \"'1'\"}}\n"
	"paths:\n"
	"  /pets/{id}:\n"
	"    parameters:\n"
	"      - {$ref: '#/components/parameters/Id'}\n"
	"    get:\n"
	"      operationId: getPet\n"
	"      parameters: [{name: X-Trace, in: header, schema: {type: string}}, {name: c, in: cookie}]\n"
	"      responses:\n"
	"        200: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}\n"
	"        default: {description: odd}\n"
	"      x-amazon-apigateway-integration:\n"
	"        type: http_proxy\n"
	"        httpMethod: get\n"
	"        uri: http://back.end:8080/pets/{id}?r=${AWS::Region}&v=${stageVariables.v}\n"
	"        requestParameters: {integration.request.path.id: method.request.path.id}\n"
	"        timeoutInMillis: 5000\n"
	"  /{proxy+}:\n"
	"    x-amazon-apigateway-any-method:\n"
	"      requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}\n"
	"      responses: {'200': {description: ok}}\n"
	"    trace: {}\n"
	"components:\n"
	"  parameters:\n"
	"    Id: {name: id, in: path, required: false, schema: {type: string}}\n"
	"  schemas:\n"
	"    Pet: {type: object, description: a pet, example: {a: 1}, properties: {example: {type: string}, next: "
	"{$ref: "
	"'#/components/schemas/Pet'}}}\n";

static void a_yaml_document_with_all_its_parts(void **state)
{
	struct outcome outcome = good(pets_yaml, &overwrite);
	struct json *get = method(&outcome, "/pets/{id}", "GET"), *any = method(&outcome, "/{proxy+}", "ANY");
	struct json *api = json_find(outcome.definition, "restApi"),
		    *validator = item(&outcome, "validators", "name", "basic");

	(void)state;
	assert_string_equal("1.0", json_find_c_string(api, "version"));
	assert_string_equal("all pets", json_find_c_string(api, "description"));
	assert_json("[\"vpce-1\"]", json_find_path(api, "endpointConfiguration", "vpcEndpointIds", NULL));
	assert_json("[\"PRIVATE\"]", json_find_path(api, "endpointConfiguration", "types", NULL));
	assert_json("[\"image/png\",\"image/jpg\"]", json_find(api, "binaryMediaTypes"));
	assert_string_equal("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
			    "\"Action\":\"execute-"
			    "api:Invoke\",\"Resource\":\"execute-api:/*\"}]}",
		json_find_c_string(api, "policy"));
	assert_string_equal("getPet", json_find_c_string(get, "operationName"));
	assert_json("{\"method.request.path.id\":true,\"method.request.header.X-Trace\":false}",
		json_find(get, "requestParameters"));
	assert_json("{\"200\":{\"statusCode\":\"200\",\"responseModels\":{\"application/json\":\"Pet\"}}}",
		json_find(get, "methodResponses"));
	assert_true(view_equals(json_find_text(validator, "id"), json_find_text(get, "requestValidatorId")));
	assert_true(json_find_bool(validator, "validateRequestBody", false));
	get = json_find(get, "methodIntegration");
	assert_string_equal("HTTP_PROXY", json_find_c_string(get, "type"));
	assert_string_equal("GET", json_find_c_string(get, "httpMethod"));
	assert_string_equal(
		"http://back.end:8080/pets/{id}?r=us-east-1&v=${stageVariables.v}", json_find_c_string(get, "uri"));
	assert_string_equal("INTERNET", json_find_c_string(get, "connectionType"));
	assert_int_equal(5000, json_find_integer(get, "timeoutInMillis", 0));
	assert_non_null(any);
	assert_null(json_find(any, "methodIntegration"));
	assert_int_equal(1, json_count(json_find(any, "requestModels")));
	assert_memory_equal("MODEL", json_text(json_at(json_find(any, "requestModels"), 0)).at, 5);
	assert_string_equal("{\"type\":\"object\",\"description\":\"a "
			    "pet\",\"properties\":{\"example\":{\"type\":\"string\"},\"next\":{"
			    "\"$ref\":\"https://apigateway.amazonaws.com/restapis/abcde12345/models/Pet\"}}}",
		json_find_c_string(item(&outcome, "models", "name", "Pet"), "schema"));
	assert_json("{\"responseType\":\"THROTTLED\",\"statusCode\":\"420\",\"responseParameters\":{\"gatewayresponse."
		    "header.X\":\"'1'\"},"
		    "\"responseTemplates\":{\"application/json\":\"{\\\"message\\\":$context.error.messageString}\"},"
		    "\"defaultResponse\":false}",
		item(&outcome, "gatewayResponses", "responseType", "THROTTLED"));
	assert_json("[\"Unsupported method 'trace' of resource '/{proxy+}' ignored\"]", outcome.warnings);
	outcome_fini(&outcome);
}

static void base_paths_are_ignored_prepended_or_split(void **state)
{
	static const struct {
		const char *servers;
		enum openapi_base_path mode;
		const char *path;
	} cases[] = {
		{ "[{\"url\":\"https://testdomain.com/base-url/part/\"}]", OPENAPI_BASE_PATH_IGNORE, "/test" },
		{ "[{\"url\":\"https://testdomain.com/base-url/part/\"}]", OPENAPI_BASE_PATH_PREPEND,
			"/base-url/part/test" },
		{ "[{\"url\":\"https://testdomain.com/base-url/part/\"}]", OPENAPI_BASE_PATH_SPLIT, "/part/test" },
		{ "[{\"url\":\"https://a\"},{\"url\":\"https://"
		  "b\",\"variables\":{\"basePath\":{\"default\":\"base-var\"}}}]",
			OPENAPI_BASE_PATH_SPLIT, "/test" },
		{ "[{\"url\":\"/rel/x\"}]", OPENAPI_BASE_PATH_PREPEND, "/rel/x/test" },
		{ "[{\"url\":\"https://a\"}]", OPENAPI_BASE_PATH_PREPEND, "/test" },
		{ "[]", OPENAPI_BASE_PATH_SPLIT, "/test" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct openapi_options options = overwrite;
		struct outcome outcome;
		char text[512];

		options.base_path = cases[i].mode;
		snprintf(text, sizeof text,
			"{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"servers\":%s,\"paths\":{"
			"\"/test\":{\"get\":{\"responses\":"
			"{\"200\":{\"description\":\"\"}}}}}}",
			cases[i].servers);
		outcome = good(text, &options);
		assert_non_null(method(&outcome, cases[i].path, "GET"));
		outcome_fini(&outcome);
	}
}

#define MINIMAL(extra, paths)                                                                                          \
	"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\",\"version\":\"2\"}" extra ",\"paths\":{" paths "}}"
#define MOCK_OPERATION                                                                                                 \
	"{\"responses\":{\"200\":{\"description\":\"\"}},\"x-amazon-apigateway-integration\":{\"type\":\"mock\","      \
	"\"requestTemplates\":{"                                                                                       \
	"\"application/json\":\"{\\\"statusCode\\\": 200}\"},\"responses\":{\"default\":{\"statusCode\":200}}}}"

static void merge_keeps_and_overwrite_drops_what_the_document_has_not(void **state)
{
	struct openapi_options merge = overwrite;
	struct outcome first = good(MINIMAL(",\"x-amazon-apigateway-binary-media-types\":[\"image/heif\"]",
					    "\"/x/y\":{\"get\":" MOCK_OPERATION ",\"put\":" MOCK_OPERATION "}"),
		&overwrite);
	static const char second[] = MINIMAL(
		",\"x-amazon-apigateway-binary-media-types\":[\"image/png\",\"image/heif\"]",
		"\"/x/y\":{\"get\":{\"operationId\":\"new\",\"responses\":{\"400\":{\"description\":\"\"}}}},\"/"
		"z\":{\"get\":" MOCK_OPERATION "}");
	struct outcome merged, replaced;

	(void)state;
	merge.merge = true;
	merged = import_over(first.definition, second, &merge);
	assert_int_equal(0, merged.result);
	assert_non_null(method(&merged, "/x/y", "PUT"));
	assert_non_null(method(&merged, "/z", "GET"));
	assert_string_equal("new", json_find_c_string(method(&merged, "/x/y", "GET"), "operationName"));
	assert_json("{\"400\":{\"statusCode\":\"400\"}}", json_find(method(&merged, "/x/y", "GET"), "methodResponses"));
	assert_json("[\"image/heif\",\"image/png\"]",
		json_find_path(merged.definition, "restApi", "binaryMediaTypes", NULL));
	assert_true(json_equals(json_find(resource(&first, "/x/y"), "id"), json_find(resource(&merged, "/x/y"), "id")));

	replaced = import_over(first.definition, MINIMAL("", "\"/z\":{\"get\":" MOCK_OPERATION "}"), &overwrite);
	assert_int_equal(0, replaced.result);
	assert_null(resource(&replaced, "/x"));
	assert_null(json_find_path(replaced.definition, "restApi", "binaryMediaTypes", NULL));
	assert_string_equal("root567890", json_find_c_string(resource(&replaced, "/"), "id"));
	assert_int_equal(2, json_count(json_find(replaced.definition, "resources")));
	outcome_fini(&first);
	outcome_fini(&merged);
	outcome_fini(&replaced);
}

/* Validators of one name, made by the API: the document means one of them, the other goes on. */
static void merge_keeps_what_shares_a_name(void **state)
{
	struct openapi_options merge = overwrite;
	struct json JSON_CLEANUP *existing = fresh();
	struct outcome merged;

	(void)state;
	merge.merge = true;
	json_set(existing, "validators",
		tree("[{id: aaaaaa, name: v, validateRequestBody: true}, {id: bbbbbb, name: v}, {id: cccccc, name: "
		     "w}]"));
	merged = import_over(existing,
		MINIMAL(",\"x-amazon-apigateway-request-validators\":{\"v\":{\"validateRequestBody\":false}}", ""),
		&merge);
	assert_int_equal(0, merged.result);
	assert_int_equal(3, json_count(json_find(merged.definition, "validators")));
	assert_non_null(item(&merged, "validators", "id", "aaaaaa"));
	assert_non_null(item(&merged, "validators", "id", "bbbbbb"));
	assert_non_null(item(&merged, "validators", "id", "cccccc"));
	outcome_fini(&merged);
}

static void security_becomes_authorizers_keys_and_iam(void **state)
{
	static const char text[] = MINIMAL(",\"security\":[{\"lambda\":[]}],\"components\":{\"securitySchemes\":{"
					   "\"key\":{\"type\":\"apiKey\",\"name\":\"x-api-key\",\"in\":\"header\"},"
					   "\"iam\":{\"type\":\"apiKey\",\"name\":\"Authorization\",\"in\":\"header\","
					   "\"x-amazon-apigateway-authtype\":\"awsSigv4\"},"
					   "\"cognito\":{\"type\":\"apiKey\",\"name\":\"Authorization\",\"in\":"
					   "\"header\",\"x-amazon-apigateway-authtype\":"
					   "\"cognito_user_pools\",\"x-amazon-apigateway-authorizer\":{\"type\":"
					   "\"cognito_user_pools\",\"providerARNs\":[\"arn:x\"]}},"
					   "\"lambda\":{\"type\":\"apiKey\",\"name\":\"Authorization\",\"in\":"
					   "\"header\",\"x-amazon-apigateway-authtype\":\"oauth2\","
					   "\"x-amazon-apigateway-authorizer\":{\"type\":\"token\",\"authorizerUri\":"
					   "\"arn:y\",\"authorizerResultTtlInSeconds\":60,"
					   "\"identityValidationExpression\":\"^x-[a-z]+\"}}}}",
		"\"/a\":{\"get\":{\"responses\":{\"200\":{\"description\":\"\"}}},"
		"\"put\":{\"security\":[],\"responses\":{\"200\":{\"description\":\"\"}}},"
		"\"post\":{\"security\":[{\"key\":[],\"iam\":[]}],\"responses\":{\"200\":{\"description\":\"\"}}},"
		"\"delete\":{\"security\":[{\"cognito\":[\"email\",\"openid\"]},{\"lambda\":[]}],\"responses\":{"
		"\"200\":{\"description\":\"\"}}},"
		"\"patch\":{\"x-amazon-apigateway-auth\":{\"type\":\"aws_iam\"},\"responses\":{\"200\":{"
		"\"description\":\"\"}}}}");
	struct outcome outcome = good(text, &overwrite);
	struct json *lambda = item(&outcome, "authorizers", "name", "lambda"),
		    *cognito = item(&outcome, "authorizers", "name", "cognito");
	struct json *found;

	(void)state;
	assert_string_equal("oauth2", json_find_c_string(lambda, "authType"));
	assert_string_equal("TOKEN", json_find_c_string(lambda, "type"));
	assert_int_equal(60, json_find_integer(lambda, "authorizerResultTtlInSeconds", 0));
	assert_string_equal("method.request.header.Authorization", json_find_c_string(lambda, "identitySource"));
	assert_string_equal("COGNITO_USER_POOLS", json_find_c_string(cognito, "type"));
	found = method(&outcome, "/a", "GET");
	assert_string_equal("CUSTOM", json_find_c_string(found, "authorizationType"));
	assert_true(json_equals(json_find(lambda, "id"), json_find(found, "authorizerId")));
	assert_null(json_find(found, "authorizationScopes"));
	assert_string_equal("NONE", json_find_c_string(method(&outcome, "/a", "PUT"), "authorizationType"));
	found = method(&outcome, "/a", "POST");
	assert_string_equal("AWS_IAM", json_find_c_string(found, "authorizationType"));
	assert_true(json_find_bool(found, "apiKeyRequired", false));
	found = method(&outcome, "/a", "DELETE");
	assert_string_equal("COGNITO_USER_POOLS", json_find_c_string(found, "authorizationType"));
	assert_json("[\"email\",\"openid\"]", json_find(found, "authorizationScopes"));
	found = method(&outcome, "/a", "PATCH");
	assert_string_equal("AWS_IAM", json_find_c_string(found, "authorizationType"));
	assert_null(json_find(found, "authorizerId"));
	assert_int_equal(1, json_count(outcome.warnings));
	outcome_fini(&outcome);
}

static void malformed_documents_name_place_and_rule(void **state)
{
	static const struct {
		const char *text, *message, *detail;
	} cases[] = {
		{ "{ \"openapi\": 1", "Invalid OpenAPI input.", "line 1, column" },
		{ "openapi: 3.0.1\n\tinfo: x\n", "Invalid OpenAPI input.", "line 2, column" },
		{ "", "Invalid OpenAPI input.", "the document must be an object" },
		{ "[1]", "Invalid OpenAPI input.", "the document must be an object" },
		{ "{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\\u0000u\"},\"paths\":{}}", "Invalid OpenAPI input.",
			"line 1, column 36, /info/title: texts hold no NUL" },
		{ "{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\"},\"paths\":{\"/a\\u0000b\":{}}}",
			"Invalid OpenAPI input.", "/paths: texts hold no NUL" },
		{ "openapi: 3.0.1\ninfo: {title: \"t\\0u\"}\npaths: {}\n", "Invalid OpenAPI input.",
			"line 2, column 15, /info/title" },
		{ "{\"info\":{\"title\":\"t\"},\"paths\":{}}", "Invalid OpenAPI input.",
			"'openapi' or 'swagger' must say" },
		{ "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"t\"},\"paths\":{}}", "Invalid OpenAPI input.",
			"line 1, column 12, /openapi: only OpenAPI 3.0" },
		{ "{\"swagger\":\"1.2\"}", "Invalid OpenAPI input.", "only OpenAPI 3.0" },
		{ "{\"openapi\":\"3.0.0\",\"paths\":{}}", "Invalid OpenAPI input.", "'info' with the API's 'title'" },
		{ "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\" \"},\"paths\":{}}", "Invalid OpenAPI input.",
			"/info/title: 'info.title'" },
		{ "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\"}}", "Invalid OpenAPI input.",
			"'paths' must be an object" },
		{ MINIMAL("", "\"pets\":{}"), "Invalid OpenAPI input.", "/paths/pets: a path must begin with '/'" },
		{ MINIMAL("", "\"/pets\":{\"get\":1}"), "Invalid OpenAPI input.",
			"/paths/~1pets/get: an operation must be an object" },
		{ MINIMAL("", "\"/pets\":{\"get\":{\"parameters\":[{\"in\":\"query\"}]}}"), "Invalid OpenAPI input.",
			"/paths/~1pets/get/parameters/0: a parameter must have" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct outcome outcome = import(cases[i].text, &overwrite);

		assert_int_equal(-EINVAL, outcome.result);
		assert_string_equal(cases[i].message, outcome.failure.message);
		if (!outcome.failure.detail || !strstr(outcome.failure.detail, cases[i].detail))
			fail_msg("case %zu: %s", i, outcome.failure.detail);
		outcome_fini(&outcome);
	}
}

#define INTEGRATION(members)                                                                                           \
	MINIMAL("", "\"/"                                                                                              \
		    "pets\":{\"get\":{\"responses\":{\"200\":{\"description\":\"\"}},\"x-amazon-apigateway-"           \
		    "integration\":{" members "}}}")

static void what_can_not_be_served_is_refused_as_aws_does(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ MINIMAL("", "\"/a{b}\":{}"),
			"Unable to create resource at path '/a{b}': Resource's path part only allow" },
		{ MINIMAL("", "\"/{}\":{}"),
			"Unable to create resource at path '/{}': Resource's path part only allow" },
		{ MINIMAL("", "\"/{p+}/x\":{}"),
			"Cannot create a child of a resource with a greedy path variable: {p+}" },
		{ MINIMAL("", "\"/{a}\":{},\"/{b}\":{}"),
			"A sibling ({a}) of this resource already has a variable path part" },
		{ MINIMAL("", "\"/x\":{\"$ref\":\"other.yaml#/x\"}"),
			"Only references within the document are supported" },
		{ MINIMAL("", "\"/x\":{\"$ref\":\"#/components/nothing\"}"),
			"Unable to resolve reference '#/components/nothing'" },
		{ MINIMAL(",\"x-loop\":{\"$ref\":\"#/x-loop\"}", "\"/x\":{\"$ref\":\"#/x-loop\"}"),
			"References form a circle" },
		{ INTEGRATION("\"type\":\"soap\""),
			"Unable to put integration on 'GET' for resource at path '/pets': "
			"its type must be http, http_proxy, aws, aws_proxy or mock, not 'soap' "
			"(line 1, column " },
		{ INTEGRATION("\"type\":\"http\",\"uri\":\"http://a\""),
			"Enumeration value for HttpMethod must be non-empty" },
		{ INTEGRATION("\"type\":\"http\",\"httpMethod\":\"FETCH\",\"uri\":\"http://a\""),
			"Invalid value for httpMethod specified" },
		{ INTEGRATION("\"type\":\"http_proxy\",\"httpMethod\":\"GET\",\"uri\":\"ftp://a\""),
			"Invalid HTTP endpoint specified for URI" },
		{ INTEGRATION("\"type\":\"aws\",\"httpMethod\":\"POST\",\"uri\":\"http://a\""),
			"Invalid ARN specified in the request" },
		{ INTEGRATION("\"type\":\"aws\",\"httpMethod\":\"POST\",\"uri\":\"arn:aws:x\""),
			"AWS ARN for integration must contain path or action" },
		{ INTEGRATION(
			  "\"type\":\"http_proxy\",\"httpMethod\":\"GET\",\"uri\":\"http://a/\",\"timeoutInMillis\":5"),
			"Timeout should be between 50 ms and 29000 ms" },
		{ INTEGRATION("\"type\":\"mock\",\"responses\":{\"default\":{\"statusCode\":\"ok\"}}"),
			"an integration response must have a statusCode" },
		{ INTEGRATION("\"type\":\"http_proxy\",\"httpMethod\":\"GET\",\"uri\":\"http://a/"
			      "\",\"requestParameters\":{\"integration.request."
			      "header.a\":\"nonsense\"}"),
			"integration.request.header.a" },
		{ MINIMAL("", "\"/"
			      "x\":{\"get\":{\"parameters\":[{\"in\":\"query\",\"name\":\"a[]\"}],\"responses\":{"
			      "\"200\":{}}}}"),
			"Invalid mapping expression parameter specified: method.request.querystring.a[]" },
		{ MINIMAL(",\"components\":{\"schemas\":{\"a-b\":{}}}", ""), "Model name must be alphanumeric: a-b" },
		{ MINIMAL(",\"x-amazon-apigateway-gateway-responses\":{\"ODD\":{}}", ""),
			"Invalid gateway response type 'ODD'" },
		{ MINIMAL(",\"x-amazon-apigateway-gateway-responses\":{\"THROTTLED\":{\"responseParameters\":{\"x\":\"'"
			  "1'\"}}}",
			  ""),
			"Invalid gateway response parameter 'x'" },
		{ MINIMAL(",\"x-amazon-apigateway-minimum-compression-size\":-1", ""),
			"Invalid minimum compression size" },
		{ MINIMAL(",\"x-amazon-apigateway-policy\":\"text\"", ""),
			"x-amazon-apigateway-policy must be a policy object" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct outcome outcome = import(cases[i].text, &overwrite);

		if (outcome.result != -EINVAL || !strstr(outcome.failure.message, cases[i].message) ||
			strncmp(outcome.failure.message, "Errors found during import:\n\t", 29) != 0)
			fail_msg("case %zu: %s", i, outcome.failure.message);
		outcome_fini(&outcome);
	}
}

static void all_errors_are_told_at_once(void **state)
{
	struct outcome outcome = import(MINIMAL("", "\"/a{b}\":{},\"/{p+}/x\":{},\"/x\":{\"$ref\":\"y\"}"), &overwrite);
	size_t lines = 0;

	(void)state;
	assert_int_equal(-EINVAL, outcome.result);
	for (const char *at = outcome.failure.message; (at = strstr(at, "\n\t")); at++)
		lines++;
	assert_int_equal(3, lines);
	outcome_fini(&outcome);
}

static void an_undefined_empty_model_is_made(void **state)
{
	struct outcome outcome =
		good("{\"swagger\":\"2.0\",\"info\":{\"title\":\"t\"},\"produces\":[\"text/html\"],\"paths\":{\"/"
		     "\":{\"get\":{\"responses\":{\"200\":{"
		     "\"schema\":{\"$ref\":\"#/definitions/"
		     "Empty\"}}}},\"post\":{\"parameters\":[{\"in\":\"body\",\"name\":\"x\",\"schema\":{\"$ref\":"
		     "\"#/definitions/Empty\"}}],\"responses\":{\"201\":{}}}}}}",
			&overwrite);

	(void)state;
	assert_non_null(item(&outcome, "models", "name", "Empty"));
	assert_json("{\"text/html\":\"Empty\"}",
		json_find(json_find(json_find(method(&outcome, "/", "GET"), "methodResponses"), "200"),
			"responseModels"));
	assert_json("{\"application/json\":\"Empty\"}", json_find(method(&outcome, "/", "POST"), "requestModels"));
	assert_int_equal(1, json_count(json_find(outcome.definition, "resources")));
	outcome_fini(&outcome);
}

static void a_mock_calls_nothing(void **state)
{
	struct outcome outcome = good("--- {openapi: 3.0.1, info: {title: t}, paths: {/a: {get: {responses: {}, "
				      "x-amazon-apigateway-integration: "
				      "{type: mock, httpMethod: POST, uri: 'http://a'}}, put: {responses: {}, "
				      "x-amazon-apigateway-integration: {type: "
				      "mock, x-postern-mock: {httpMethod: POST, uri: 'http://a'}}}}}}",
		&overwrite);
	struct json *get = json_find(method(&outcome, "/a", "GET"), "methodIntegration"),
		    *put = json_find(method(&outcome, "/a", "PUT"), "methodIntegration");

	(void)state;
	assert_int_equal(0, json_count(outcome.warnings));
	assert_true(!json_find(get, "httpMethod") && !json_find(get, "uri"));
	assert_string_equal("POST", json_find_c_string(put, "httpMethod"));
	assert_string_equal("http://a", json_find_c_string(put, "uri"));
	outcome_fini(&outcome);
}

static void every_cut_of_a_document_is_survived(void **state)
{
	struct json JSON_CLEANUP *existing = fresh();

	(void)state;
	for (size_t count = 0; count < sizeof pets_yaml - 1; count++) {
		struct outcome outcome = { 0 };

		outcome.result = openapi_import(&outcome.definition, &outcome.warnings, &outcome.failure, existing,
			view_from(at_page_end(pets_yaml, count), count), &overwrite);
		assert_true(outcome.result == 0 || (outcome.result == -EINVAL && outcome.failure.message));
		outcome_fini(&outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swagger_document_becomes_resources_and_methods),
		cmocka_unit_test(a_parameter_that_is_no_text_is_dropped_with_a_warning),
		cmocka_unit_test(a_yaml_document_with_all_its_parts),
		cmocka_unit_test(base_paths_are_ignored_prepended_or_split),
		cmocka_unit_test(merge_keeps_and_overwrite_drops_what_the_document_has_not),
		cmocka_unit_test(merge_keeps_what_shares_a_name),
		cmocka_unit_test(security_becomes_authorizers_keys_and_iam),
		cmocka_unit_test(malformed_documents_name_place_and_rule),
		cmocka_unit_test(what_can_not_be_served_is_refused_as_aws_does),
		cmocka_unit_test(all_errors_are_told_at_once),
		cmocka_unit_test(an_undefined_empty_model_is_made),
		cmocka_unit_test(a_mock_calls_nothing),
		cmocka_unit_test(every_cut_of_a_document_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
