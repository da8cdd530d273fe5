/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of openapi/export: recorded documents; import of an export is the identity. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/yaml.h"
#include "appliance/openapi/export.h"
#include "appliance/openapi/import.h"
#include "tests/unit/openapi/neutral.h"

static const struct openapi_export_options plain = {
	.stage = VIEW_INIT("local"),
	.version = VIEW_INIT("2026-01-02T03:04:05Z"),
	.account_id = VIEW_INIT(NEUTRAL_ACCOUNT),
	.region = VIEW_INIT(NEUTRAL_REGION),
};

static struct json *tree(const char *text)
{
	struct json *value = NULL;
	struct json_error error;

	if (json_parse(view_from_text(text), NULL, &value, &error) != 0)
		fail_msg("%u:%u: %s in %s", error.line, error.column, error.rule, text);
	return value;
}

static struct openapi_export_options all_of(bool is_swagger)
{
	struct openapi_export_options options = plain;

	options.is_swagger = is_swagger;
	options.integrations = options.authorizers = options.validators = options.postman = true;
	return options;
}

static struct json *exported(const struct json *definition, const struct openapi_export_options *options)
{
	struct json *document = NULL;
	char *message = NULL;

	if (openapi_export(&document, &message, definition, options) != 0)
		fail_msg("%s", message);
	return document;
}

static void assert_same(const char *what, const struct json *expected, const struct json *value)
{
	char *left, *right;

	if (json_equals(expected, value))
		return;
	left = json_print_text(expected);
	right = json_print_text(value);
	fail_msg("%s\nexpected %s\nfound    %s", what, left, right);
}

/* --- Round trips --------------------------------------------------------------------------------------------------- */

/* An API as it is right after it was made, of another id. */
static struct json *fresh(void)
{
	return tree("{\"restApi\":{\"id\":\"" NEUTRAL_OTHER_ID "\",\"name\":\"new\",\"rootResourceId\":\"root567890\","
		    "\"apiKeySource\":\"HEADER\",\"disableExecuteApiEndpoint\":false,"
		    "\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]}},"
		    "\"resources\":[{\"id\":\"root567890\",\"path\":\"/\"}]}");
}

static void import_and_compare(const struct json *definition, const char *text, bool merge)
{
	const struct openapi_options options = {
		.merge = merge, .account_id = plain.account_id, .region = plain.region
	};
	struct json JSON_CLEANUP *existing = fresh(), *imported = NULL, *warnings = NULL, *before = NULL, *after = NULL;
	struct openapi_failure failure;

	if (openapi_import(&imported, &warnings, &failure, existing, view_from_text(text), &options) != 0)
		fail_msg("%s %s\n%s", failure.message, failure.detail, text);
	before = neutral_definition(definition);
	after = neutral_definition(imported);
	assert_same(text, before, after);
}

/* To both formats, in both syntaxes, and back into a new API in both modes. */
static void round_trip(const struct json *definition)
{
	for (int round = 0; round < 8; round++) {
		struct openapi_export_options options = all_of(round & 1);
		struct json JSON_CLEANUP *document = exported(definition, &options);
		struct buffer text;

		buffer_init(&text, OPENAPI_MAX_BYTES);
		if (round & 2)
			assert_int_equal(0, yaml_print(document, &text));
		else
			json_print_pretty(document, &text);
		import_and_compare(definition, buffer_text(&text), round & 4);
		buffer_fini(&text);
	}
}

static uint64_t random_state;

static uint64_t draw(uint64_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % bound;
}

static bool maybe(void)
{
	return draw(2);
}

/* Texts that a careless printer or reader would take for something else. */
static const char *any_text(void)
{
	static const char *const texts[] = { "text", "1.0", "007", "0x1f", "1e3", "yes", "null", "~", "true", ".inf",
		" leading and trailing ", "two\nlines\n", "tab\tand \x7f", "a: b # c", "- a", "\"quoted\" \\ 'too'",
		"\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80", "{}", "[a]", "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">",
		"?", "2026-01-02", "${stageVariables.x}", "$context.requestId", "200 response" };

	return texts[draw(ARRAY_COUNT(texts))];
}

static const char *pick(const char *const *texts, size_t count)
{
	return texts[draw(count)];
}
#define PICK(...) pick((const char *const[]){ __VA_ARGS__ }, ARRAY_COUNT(((const char *const[]){ __VA_ARGS__ })))

static void maybe_set(struct json *object, const char *name, const char *text)
{
	if (maybe())
		json_set_c_string(object, name, text);
}

static struct json *item_of(struct json *definition, const char *list)
{
	struct json *item = json_object_new();

	json_append(json_ensure_array(definition, list), item);
	return item;
}

static const char *numbered(char ret[24], const char *prefix, uint64_t number)
{
	snprintf(ret, 24, "%s%llu", prefix, (unsigned long long)number);
	return ret;
}

static void add_api(struct json *definition)
{
	struct json *api = json_ensure_object(definition, "restApi"), *types;

	json_set_c_string(api, "id", NEUTRAL_ID);
	json_set_c_string(api, "name", any_text());
	maybe_set(api, "description", any_text());
	maybe_set(api, "version", any_text());
	json_set_c_string(api, "apiKeySource", PICK("HEADER", "AUTHORIZER"));
	json_set_bool(api, "disableExecuteApiEndpoint", maybe());
	types = json_ensure_array(json_ensure_object(api, "endpointConfiguration"), "types");
	json_append_text(types, view_of("PRIVATE"));
	if (maybe())
		json_append_text(json_ensure_array(json_find(api, "endpointConfiguration"), "vpcEndpointIds"),
			view_of("vpce-0a1b2c3d"));
	if (maybe())
		json_set_integer(api, "minimumCompressionSize", (int64_t)draw(10485761));
	for (uint64_t i = draw(3); i > 0; i--)
		json_append_text(
			json_ensure_array(api, "binaryMediaTypes"), view_from_text(i == 1 ? "image/png" : "*/*"));
	maybe_set(api, "policy",
		PICK("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
		     "\"execute-api:Invoke\",\"Resource\":\"arn:aws:execute-api:us-east-1:000000000000:" NEUTRAL_ID
		     "/*\"}]}",
			"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\","
			"\"Action\":"
			"\"execute-api:Invoke\",\"NotResource\":[\"arn:aws:execute-api:us-east-1:"
			"000000000000:" NEUTRAL_ID "/a/GET/b\",\"arn:aws:execute-api:eu-west-1:000000000000:" NEUTRAL_ID
			"/*\"]}]}"));
	if (maybe()) {
		json_set_c_string(api, "securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09");
		json_set_c_string(api, "endpointAccessMode", "STRICT");
	}
}

#define MODEL_URL "https://apigateway.amazonaws.com/restapis/" NEUTRAL_ID "/models/"

static void add_models(struct json *definition, uint64_t count)
{
	static const char *const schemas[] = {
		"{\"type\":\"object\"}",
		"{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"T\"\n}",
		"{\"type\":\"object\",\"description\":\"own\",\"properties\":{\"$ref\":{\"type\":\"string\"},"
		"\"example\":{"
		"\"type\":\"number\"}}}",
		"{\"type\":\"array\",\"items\":{\"$ref\":\"" MODEL_URL "M0\"}}",
		"{\"properties\":{\"next\":{\"$ref\":\"" MODEL_URL
		"M0\"},\"a/b~c\":{\"enum\":[1,1.50,-2e3,null,\"x\"]}}}",
		"{\"definitions\":{\"x\":{\"type\":\"string\",\"readOnly\":true}},\"allOf\":[{\"$ref\":\"#/definitions/"
		"x\"},{"
		"\"$ref\":\"#\"}]}",
		"{\"type\":[\"object\",\"null\"],\"example\":{\"a\":1},\"nullable\":true,\"minItems\":3}",
	};
	char name[24];

	for (uint64_t i = 0; i < count; i++) {
		struct json *model = item_of(definition, "models");

		json_set_c_string(model, "id", numbered(name, "model", i));
		json_set_c_string(model, "name", numbered(name, "M", i));
		json_set_c_string(model, "schema", schemas[draw(ARRAY_COUNT(schemas))]);
		json_set_c_string(model, "contentType", draw(8) ? "application/json" : "application/xml");
		maybe_set(model, "description", maybe() ? "own" : any_text());
	}
}

static void add_authorizers(struct json *definition, uint64_t count)
{
	char name[24];

	for (uint64_t i = 0; i < count; i++) {
		struct json *authorizer = item_of(definition, "authorizers");
		const char *type = PICK("TOKEN", "REQUEST", "COGNITO_USER_POOLS");
		bool is_request = strcmp(type, "REQUEST") == 0;

		json_set_c_string(authorizer, "id", numbered(name, "auth", i));
		json_set_c_string(authorizer, "name", i == 0 ? "api_key" : i == 1 ? "sigv4" : numbered(name, "A ", i));
		json_set_c_string(authorizer, "type", type);
		json_set_c_string(authorizer, "authType", PICK("custom", "oauth2", "cognito_user_pools"));
		maybe_set(authorizer, "authorizerUri", "arn:aws:apigateway:us-east-1:lambda:path/x");
		maybe_set(authorizer, "authorizerCredentials", "arn:aws:iam::000000000000:role/r");
		maybe_set(authorizer, "identityValidationExpression", "^x-[a-z]+");
		if (maybe())
			json_set_integer(authorizer, "authorizerResultTtlInSeconds", (int64_t)draw(3601));
		if (strcmp(type, "COGNITO_USER_POOLS") == 0)
			json_append_text(json_ensure_array(authorizer, "providerARNs"), view_of("arn:x"));
		maybe_set(authorizer, "identitySource",
			is_request ? PICK("method.request.header.X, method.request.querystring.y", "stageVariables.z",
					     "method.request.header.X")
				   : PICK("method.request.header.X-Token", "context.odd"));
	}
}

static void add_other_parts(struct json *definition)
{
	char name[24];

	for (uint64_t i = draw(3); i > 0; i--) {
		struct json *validator = item_of(definition, "validators");

		json_set_c_string(validator, "id", numbered(name, "val", i));
		json_set_c_string(validator, "name", i == 1 ? "all" : "body: only");
		json_set_bool(validator, "validateRequestBody", maybe());
		json_set_bool(validator, "validateRequestParameters", maybe());
	}
	for (uint64_t i = draw(3); i > 0; i--) {
		struct json *response = item_of(definition, "gatewayResponses");

		json_set_c_string(response, "responseType", i == 1 ? "DEFAULT_4XX" : "THROTTLED");
		if (i != 1 || maybe())
			json_set_c_string(response, "statusCode", "420");
		json_ensure_object(response, "responseParameters");
		if (maybe())
			json_set_c_string(json_find(response, "responseParameters"), "gatewayresponse.header.X", "'1'");
		json_ensure_object(response, "responseTemplates");
		if (maybe())
			json_set_c_string(json_find(response, "responseTemplates"), "text/plain", any_text());
		json_set_bool(response, "defaultResponse", false);
	}
}

static void add_documentation(struct json *definition)
{
	static const char *const locations[] = {
		"{\"type\":\"API\"}",
		"{\"type\":\"RESOURCE\",\"path\":\"/a\"}",
		"{\"type\":\"METHOD\",\"path\":\"/a\",\"method\":\"GET\"}",
		"{\"type\":\"METHOD\",\"path\":\"/\",\"method\":\"*\"}",
		"{\"type\":\"RESPONSE\",\"path\":\"/\",\"method\":\"*\",\"statusCode\":\"200\"}",
		"{\"type\":\"RESPONSE_HEADER\",\"path\":\"/\",\"method\":\"*\",\"statusCode\":\"*\",\"name\":\"H\"}",
		"{\"type\":\"PATH_PARAMETER\",\"path\":\"/a/{id}\",\"method\":\"*\",\"name\":\"id\"}",
		"{\"type\":\"REQUEST_BODY\",\"path\":\"/a\",\"method\":\"POST\"}",
		"{\"type\":\"MODEL\",\"name\":\"M0\"}",
		"{\"type\":\"AUTHORIZER\",\"name\":\"A 3\"}",
	};

	bool has_none = draw(3) == 0;

	for (size_t i = 0; i < ARRAY_COUNT(locations); i++) {
		struct json JSON_CLEANUP *properties = json_object_new();
		struct json *part;
		char *text, id[24];

		if (has_none || maybe())
			continue;
		json_set_c_string(properties, "description", any_text());
		maybe_set(properties, "summary", any_text());
		text = json_print_text(properties);
		part = item_of(definition, "documentationParts");
		json_set_c_string(part, "id", numbered(id, "part", i));
		json_set(part, "location", tree(locations[i]));
		json_set(part, "properties", json_text_new_printf("%s%s", text, maybe() ? " " : ""));
		free(text);
	}
	if (json_count(json_find(definition, "documentationParts")) && maybe())
		json_set_c_string(definition, "documentationVersion", "1.0");
}

static struct json *random_integration(const char *resource_id)
{
	static const char *const patterns[] = { NULL, NULL, "", "4\\d{2}", ".*", "default" };
	struct json *integration = json_object_new(), *responses = json_object_new();
	const char *type = PICK("MOCK", "HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY");
	bool is_http = strncmp(type, "HTTP", 4) == 0, is_aws = strncmp(type, "AWS", 3) == 0;

	json_set_c_string(integration, "type", type);
	if (is_http || is_aws || maybe())
		json_set_c_string(integration, "httpMethod", PICK("GET", "POST", "ANY"));
	if (is_http) {
		json_set_c_string(integration, "uri", "http://back.end/{x}?y=${stageVariables.y}");
		json_set_c_string(integration, "connectionType", "INTERNET");
	} else if (is_aws) {
		json_set_c_string(integration, "uri",
			"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:x/invocations");
		maybe_set(integration, "credentials", "arn:aws:iam::*:user/*");
		maybe_set(integration, "connectionType", PICK("INTERNET", "VPC_LINK"));
	}
	if (strcmp(type, "MOCK") == 0 || is_aws)
		json_set_c_string(json_ensure_object(integration, "requestTemplates"), "application/json",
			is_aws ? any_text() : "{\"statusCode\": 200}");
	if (!is_aws && maybe())
		json_set_c_string(json_ensure_object(integration, "requestParameters"), "integration.request.header.N",
			PICK("'1'", "method.request.header.H", "stageVariables.x", "context.requestId"));
	json_set_c_string(integration, "passthroughBehavior", PICK("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"));
	if (is_aws)
		maybe_set(integration, "contentHandling", PICK("CONVERT_TO_TEXT", "CONVERT_TO_BINARY"));
	json_set_integer(integration, "timeoutInMillis", maybe() ? 29000 : 50 + (int64_t)draw(28000));
	json_set_c_string(integration, "cacheNamespace", maybe() ? resource_id : "other");
	json_ensure_array(integration, "cacheKeyParameters");
	if (maybe())
		json_append_text(json_find(integration, "cacheKeyParameters"), view_of("method.request.header.H"));
	if (is_http && maybe())
		json_set_bool(json_ensure_object(integration, "tlsConfig"), "insecureSkipVerification", maybe());
	if (is_aws)
		maybe_set(integration, "responseTransferMode", PICK("BUFFERED", "STREAM"));
	for (uint64_t i = draw(5); i > 0; i--) {
		struct json *response = json_object_new();
		const char *pattern = patterns[draw(ARRAY_COUNT(patterns))];
		char status[24];

		json_set_c_string(response, "statusCode", numbered(status, "20", i));
		json_set_c_string(response, "selectionPattern", pattern);
		if (maybe())
			json_set_c_string(
				json_ensure_object(response, "responseParameters"), "method.response.header.H", "'v'");
		if (is_aws)
			json_set_c_string(json_ensure_object(response, "responseTemplates"),
				PICK("application/json", "text/html"), any_text());
		json_set(responses, status, response);
	}
	json_set(integration, "integrationResponses", responses);
	return integration;
}

static struct json *random_models(uint64_t model_count, bool is_request)
{
	struct json *models = json_object_new();
	char name[24];

	if (model_count == 0)
		return models;
	if (is_request && maybe())
		json_set_c_string(models, "application/json", numbered(name, "M", draw(model_count)));
	if ((!is_request || json_count(models)) && maybe())
		json_set_c_string(models, PICK("text/xml", "application/json", "image/*"),
			numbered(name, "M", draw(model_count)));
	return models;
}

static void set_authorization(struct json *definition, struct json *method)
{
	const struct json *authorizers = json_find(definition, "authorizers");
	const struct json *authorizer =
		json_count(authorizers) ? json_at(authorizers, draw(json_count(authorizers))) : NULL;

	json_set_bool(method, "apiKeyRequired", maybe());
	json_set_c_string(method, "authorizationType", PICK("NONE", "AWS_IAM"));
	if (maybe())
		json_append_text(json_ensure_array(method, "authorizationScopes"), view_of("email"));
	if (!authorizer || maybe())
		return;
	json_set_c_string(method, "authorizationType",
		view_equals_text(json_find_text(authorizer, "type"), "COGNITO_USER_POOLS") ? "COGNITO_USER_POOLS"
											   : "CUSTOM");
	json_set(method, "authorizerId", json_copy(json_find(authorizer, "id")));
}

static struct json *random_method(
	struct json *definition, const char *verb, const char *resource_id, uint64_t model_count)
{
	static const char *const parameters[] = { "method.request.querystring.q", "method.request.header.H",
		"method.request.path.id", "method.request.multivaluequerystring.m",
		"method.request.multivalueheader.n" };
	const struct json *validators = json_find(definition, "validators");
	struct json *method = json_object_new(), *responses = json_ensure_object(method, "methodResponses");

	json_set_c_string(method, "httpMethod", verb);
	set_authorization(definition, method);
	maybe_set(method, "operationName", any_text());
	if (json_count(validators) && maybe())
		json_set(method, "requestValidatorId",
			json_copy(json_find(json_at(validators, draw(json_count(validators))), "id")));
	for (size_t i = 0; i < ARRAY_COUNT(parameters); i++)
		if (maybe())
			json_set_bool(json_ensure_object(method, "requestParameters"), parameters[i], maybe());
	json_set(method, "requestModels", random_models(model_count, true));
	for (uint64_t i = draw(4); i > 0; i--) {
		struct json *response = json_object_new();
		char status[24];

		json_set_c_string(response, "statusCode", numbered(status, "20", i));
		if (maybe())
			json_set_bool(json_ensure_object(response, "responseParameters"), "method.response.header.H",
				maybe());
		json_set(response, "responseModels", random_models(model_count, false));
		json_set(responses, status, response);
	}
	if (draw(8))
		json_set(method, "methodIntegration", random_integration(resource_id));
	return method;
}

static void add_resources(struct json *definition, uint64_t model_count)
{
	static const struct {
		const char *path, *part;
		int parent;
	} rows[] = { { "/", NULL, -1 }, { "/a", "a", 0 }, { "/a/{id}", "{id}", 1 }, { "/a/{id}/b", "b", 2 },
		{ "/{proxy+}", "{proxy+}", 0 }, { "/c", "c", 0 }, { "/c/d.e:f", "d.e:f", 5 }, { "/c/200", "200", 5 } };
	bool there[ARRAY_COUNT(rows)] = { true };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct json *resource;
		char id[24];

		if (i)
			there[i] = there[rows[i].parent] && maybe();
		if (!there[i])
			continue;
		resource = item_of(definition, "resources");
		json_set_c_string(resource, "id", numbered(id, "res", i));
		if (i) {
			char parent[24];

			json_set_c_string(resource, "parentId", numbered(parent, "res", (uint64_t)rows[i].parent));
			json_set_c_string(resource, "pathPart", rows[i].part);
		}
		json_set_c_string(resource, "path", rows[i].path);
		for (uint64_t j = draw(4); j > 0; j--) {
			const char *verb = PICK("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "ANY");

			json_set(json_ensure_object(resource, "resourceMethods"), verb,
				random_method(definition, verb, id, model_count));
		}
	}
}

static void importing_an_export_is_the_identity(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 250; seed++) {
		struct json JSON_CLEANUP *definition = json_object_new();
		uint64_t model_count;

		random_state = seed;
		model_count = draw(5);
		add_api(definition);
		add_models(definition, model_count);
		add_authorizers(definition, draw(4));
		add_other_parts(definition);
		add_documentation(definition);
		add_resources(definition, model_count);
		round_trip(definition);
	}
}

/* --- What documents look like -------------------------------------------------------------------------------------- */

/* The API of a recorded export. */
static const char petstore[] =
	"{\"restApi\":{\"id\":\"" NEUTRAL_ID "\",\"name\":\"Simple PetStore (Swagger)\",\"version\":\"1.0.0\","
	"\"apiKeySource\":\"HEADER\",\"disableExecuteApiEndpoint\":false,\"binaryMediaTypes\":[\"image/png\",\"image/"
	"jpg\"],"
	"\"endpointConfiguration\":{\"types\":[\"EDGE\"],\"ipAddressType\":\"ipv4\"}},"
	"\"resources\":[{\"id\":\"root567890\",\"path\":\"/\"},"
	"{\"id\":\"pets01\",\"parentId\":\"root567890\",\"pathPart\":\"pets\",\"path\":\"/pets\"},"
	"{\"id\":\"petid1\",\"parentId\":\"pets01\",\"pathPart\":\"{petId}\",\"path\":\"/pets/{petId}\","
	"\"resourceMethods\":{\"GET\":{\"httpMethod\":\"GET\",\"authorizationType\":\"NONE\",\"apiKeyRequired\":false,"
	"\"requestParameters\":{\"method.request.path.petId\":true},"
	"\"methodResponses\":{\"200\":{\"statusCode\":\"200\"}},"
	"\"methodIntegration\":{\"type\":\"HTTP\",\"httpMethod\":\"GET\","
	"\"uri\":\"http://petstore-demo-endpoint.execute-api.com/petstore/pets/{id}\",\"connectionType\":\"INTERNET\","
	"\"requestParameters\":{\"integration.request.path.id\":\"method.request.path.petId\"},"
	"\"passthroughBehavior\":\"WHEN_NO_MATCH\",\"timeoutInMillis\":29000,\"cacheNamespace\":\"petid1\","
	"\"cacheKeyParameters\":[],\"integrationResponses\":{\"200\":{\"statusCode\":\"200\"}}}}}}],"
	"\"models\":[],\"authorizers\":[],\"validators\":[],\"gatewayResponses\":[]}";

#define PETSTORE_INTEGRATION                                                                                           \
	",\"x-amazon-apigateway-integration\":{\"httpMethod\":\"GET\",\"uri\":\"http://"                               \
	"petstore-demo-endpoint.execute-api.com/petstore/pets/{id}\",\"responses\":{\"default\":{\"statusCode\":"      \
	"\"200\"}},\"requestParameters\":{\"integration.request.path.id\":\"method.request.path.petId\"},"             \
	"\"passthroughBehavior\":\"when_no_match\",\"type\":\"http\"}"
#define PETSTORE_BINARY ",\"x-amazon-apigateway-binary-media-types\":[\"image/png\",\"image/jpg\"]"
#define PETSTORE_OAS30(integration, binary)                                                                            \
	"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"Simple PetStore (Swagger)\",\"version\":\"1.0.0\"},"             \
	"\"servers\":[{\"url\":\"https://" NEUTRAL_ID ".execute-api.us-east-1.amazonaws.com/{basePath}\","             \
	"\"variables\":{\"basePath\":{\"default\":\"local\"}}}],"                                                      \
	"\"paths\":{\"/pets/{petId}\":{\"get\":{\"parameters\":[{\"name\":\"petId\",\"in\":\"path\",\"required\":"     \
	"true,\"schema\":{\"type\":\"string\"}}],\"responses\":{\"200\":{\"description\":\"200 response\",\"content\"" \
	":{}}}" integration "}}},\"components\":{}" binary "}"
#define PETSTORE_SWAGGER(integration, binary)                                                                          \
	"{\"swagger\":\"2.0\",\"info\":{\"title\":\"Simple PetStore (Swagger)\",\"version\":\"1.0.0\"},"               \
	"\"host\":\"" NEUTRAL_ID                                                                                       \
	".execute-api.us-east-1.amazonaws.com\",\"basePath\":\"/local\",\"schemes\":[\"https\"],"                      \
	"\"paths\":{\"/pets/{petId}\":{\"get\":{\"parameters\":[{\"name\":\"petId\",\"in\":\"path\",\"required\":"     \
	"true,\"type\":\"string\"}],\"responses\":{\"200\":{\"description\":\"200 response\"}}" integration            \
	"}}}" binary "}"

static void a_recorded_api_is_exported_as_it_was(void **state)
{
	static const struct {
		bool is_swagger, integrations;
		const char *document;
	} cases[] = {
		{ false, true, PETSTORE_OAS30(PETSTORE_INTEGRATION, PETSTORE_BINARY) },
		{ false, false, PETSTORE_OAS30("", "") },
		{ true, true, PETSTORE_SWAGGER(PETSTORE_INTEGRATION, PETSTORE_BINARY) },
		{ true, false, PETSTORE_SWAGGER("", "") },
	};
	struct json JSON_CLEANUP *definition = tree(petstore);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct openapi_export_options options = plain;
		struct json JSON_CLEANUP *expected = tree(cases[i].document), *document = NULL;

		options.is_swagger = cases[i].is_swagger;
		options.integrations = cases[i].integrations;
		document = exported(definition, &options);
		assert_same("petstore", expected, document);
	}
	round_trip(definition);
}

/* One method POST / with these members, an authorizer, a validator and two models. */
#define RICH(method_members, more)                                                                                     \
	"{\"restApi\":{\"id\":\"" NEUTRAL_ID                                                                           \
	"\",\"name\":\"n\",\"description\":\"d\"},\"resources\":[{\"id\":\"r\",\"path\":\"/\","                        \
	"\"resourceMethods\":{\"POST\":{\"httpMethod\":\"POST\"" method_members "}}}],"                                \
	"\"models\":[{\"id\":\"1\",\"name\":\"Pet\",\"contentType\":\"application/json\",\"schema\":\"{\\\"type\\\":"  \
	"\\\"object\\\",\\\"properties\\\":{\\\"e\\\":{\\\"$ref\\\":\\\"" MODEL_URL                                    \
	"Err\\\"}}}\"},{\"id\":\"2\",\"name\":\"Err\",\"description\":\"an error\",\"contentType\":\"application/"     \
	"json\",\"schema\":\"{ \\\"$schema\\\": \\\"s\\\", \\\"title\\\": \\\"Err\\\" }\"}],"                          \
	"\"authorizers\":[{\"id\":\"a1\",\"name\":\"own\",\"type\":\"TOKEN\",\"authType\":\"custom\","                 \
	"\"authorizerUri\":"                                                                                           \
	"\"arn:u\",\"authorizerResultTtlInSeconds\":300,\"identitySource\":\"method.request.header.X-Token\"}],"       \
	"\"validators\":[{\"id\":\"v1\",\"name\":\"basic\",\"validateRequestBody\":true,\"validateRequestParameters\"" \
	":false},{\"id\":\"v2\",\"validateRequestBody\":false,\"validateRequestParameters\":true}],"                   \
	"\"gatewayResponses\":[]" more "}"

/* What stands at a path of names in the export of a definition. */
#define OWN_SCHEME "{\"type\":\"apiKey\",\"name\":\"X-Token\",\"in\":\"header\"}"
static const struct {
	const char *definition, *extensions; /* "s" Swagger, "i" integrations, "a" authorizers, "p" postman */
	const char *path[5];
	const char *expected; /* NULL: nothing */
} placed[] = {
	{ RICH("", ""), "", { "info" },
		"{\"title\":\"n\",\"description\":\"d\",\"version\":\"2026-01-02T03:04:05Z\"}" },
	{ RICH("", ""), "i", { "info", "x-postern-version" }, "\"2026-01-02T03:04:05Z\"" },
	{ RICH("", ""), "", { "components", "schemas", "Pet" },
		"{\"type\":\"object\",\"properties\":{\"e\":{\"$ref\":\"#/components/schemas/Err\"}}}" },
	{ RICH("", ""), "s", { "definitions", "Pet" },
		"{\"type\":\"object\",\"properties\":{\"e\":{\"$ref\":\"#/definitions/Err\"}}}" },
	{ RICH("", ""), "", { "components", "schemas", "Err" }, "{\"title\":\"Err\"}" },
	{ RICH("", ""), "i", { "components", "schemas", "Pet", "x-postern-model" }, NULL },
	{ RICH("", ""), "i", { "components", "schemas", "Err", "x-postern-model" },
		"{\"schema\":\"{ \\\"$schema\\\": \\\"s\\\", \\\"title\\\": \\\"Err\\\" "
		"}\",\"description\":\"an "
		"error\",\"contentType\":\"application/json\"}" },
	{ RICH("", ""), "", { "components", "securitySchemes", "own" }, OWN_SCHEME },
	{ RICH("", ""), "s", { "securityDefinitions", "own" }, OWN_SCHEME },
	{ RICH("", ""), "i", { "components", "securitySchemes", "own" }, OWN_SCHEME },
	{ RICH("", ""), "a", { "components", "securitySchemes", "own" },
		"{\"type\":\"apiKey\",\"name\":\"X-Token\",\"in\":\"header\",\"x-amazon-apigateway-authtype\":"
		"\"custom\",\"x-amazon-apigateway-authorizer\":{\"type\":\"token\",\"authorizerUri\":\"arn:u\","
		"\"authorizerResultTtlInSeconds\":300}}" },
	{ RICH("", ""), "", { "x-amazon-apigateway-request-validators" }, NULL },
	{ RICH("", ""), "i", { "x-amazon-apigateway-request-validators" },
		"{\"basic\":{\"validateRequestParameters\":false,\"validateRequestBody\":true},"
		"\"v2\":{\"validateRequestParameters\":true,\"validateRequestBody\":false}}" },
	{ RICH(",\"requestValidatorId\":\"v1\"", ""), "v",
		{ "paths", "/", "post", "x-amazon-apigateway-request-validator" }, "\"basic\"" },
	{ RICH(",\"requestValidatorId\":\"v1\"", ""), "a",
		{ "paths", "/", "post", "x-amazon-apigateway-request-validator" }, NULL },
	{ RICH(",\"operationName\":\"op\"", ""), "", { "paths", "/", "post", "operationId" }, "\"op\"" },
	{ RICH(",\"authorizationType\":\"CUSTOM\",\"authorizerId\":\"a1\",\"apiKeyRequired\":true", ""), "",
		{ "paths", "/", "post", "security" }, "[{\"own\":[]},{\"api_key\":[]}]" },
	{ RICH(",\"authorizationType\":\"COGNITO_USER_POOLS\",\"authorizerId\":\"a1\",\"authorizationScopes\":["
	       "\"s\"]",
		  ""),
		"", { "paths", "/", "post", "security" }, "[{\"own\":[\"s\"]}]" },
	{ RICH(",\"authorizationType\":\"CUSTOM\",\"authorizerId\":\"gone\"", ""), "",
		{ "paths", "/", "post", "security" }, "[{\"gone\":[]}]" },
	{ RICH(",\"apiKeyRequired\":true", ""), "", { "components", "securitySchemes", "api_key" },
		"{\"type\":\"apiKey\",\"name\":\"x-api-key\",\"in\":\"header\"}" },
	{ RICH(",\"authorizationType\":\"AWS_IAM\"", ""), "s", { "securityDefinitions", "sigv4" },
		"{\"type\":\"apiKey\",\"name\":\"Authorization\",\"in\":\"header\"}" },
	{ RICH(",\"authorizationType\":\"AWS_IAM\"", ""), "i", { "components", "securitySchemes", "sigv4" },
		"{\"type\":\"apiKey\",\"name\":\"Authorization\",\"in\":\"header\",\"x-amazon-apigateway-"
		"authtype\":"
		"\"awsSigv4\"}" },
	{ RICH(",\"requestModels\":{\"application/json\":\"Pet\"}", ""), "", { "paths", "/", "post", "requestBody" },
		"{\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
		"Pet\"}}},\"required\":true}" },
	{ RICH(",\"requestModels\":{\"application/json\":\"Pet\"}", ""), "s", { "paths", "/", "post", "parameters" },
		"[{\"in\":\"body\",\"name\":\"Pet\",\"required\":true,\"schema\":{\"$ref\":\"#/definitions/"
		"Pet\"}}]" },
	{ RICH(",\"requestModels\":{\"application/json\":\"Pet\",\"text/xml\":\"Pet\"}", ""), "si",
		{ "paths", "/", "post", "consumes" }, "[\"application/json\",\"text/xml\"]" },
	{ RICH(",\"requestModels\":{\"application/json\":\"Pet\",\"text/xml\":\"Pet\"}", ""), "si",
		{ "paths", "/", "post", "x-postern-models" }, NULL },
	{ RICH(",\"requestModels\":{\"application/json\":\"Pet\",\"text/xml\":\"Err\"}", ""), "si",
		{ "paths", "/", "post", "x-postern-models" }, "{\"application/json\":\"Pet\",\"text/xml\":\"Err\"}" },
	{ RICH(",\"requestModels\":{\"application/json\":\"Gone\"}", ""), "", { "paths", "/", "post", "requestBody" },
		NULL },
	{ RICH(",\"requestParameters\":{\"method.request.querystring.q\":false,\"method.request.header.H\":"
	       "true}",
		  ""),
		"", { "paths", "/", "post", "parameters" },
		"[{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},{\"name\":\"H\",\"in\":"
		"\"header\","
		"\"required\":true,\"schema\":{\"type\":\"string\"}}]" },
	{ RICH(",\"requestParameters\":{\"method.request.querystring.q\":false}", ""), "s",
		{ "paths", "/", "post", "parameters" },
		"[{\"name\":\"q\",\"in\":\"query\",\"required\":false,\"type\":\"string\"}]" },
	{ RICH(",\"methodResponses\":{\"404\":{\"statusCode\":\"404\",\"responseModels\":{\"application/json\":"
	       "\"Err\"},\"responseParameters\":{\"method.response.header.H\":false}}}",
		  ""),
		"", { "paths", "/", "post", "responses", "404" },
		"{\"description\":\"404 "
		"response\",\"headers\":{\"H\":{\"schema\":{\"type\":\"string\"}}},\"content\":{"
		"\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Err\"}}}}" },
	{ RICH(",\"methodResponses\":{\"404\":{\"statusCode\":\"404\",\"responseModels\":{\"application/json\":"
	       "\"Err\"},\"responseParameters\":{\"method.response.header.H\":false}}}",
		  ""),
		"s", { "paths", "/", "post", "responses", "404" },
		"{\"description\":\"404 "
		"response\",\"headers\":{\"H\":{\"type\":\"string\"}},\"schema\":{\"$ref\":"
		"\"#/definitions/Err\"}}" },
	{ RICH(",\"methodIntegration\":{\"type\":\"MOCK\",\"requestTemplates\":{\"application/json\":\"{}\"},"
	       "\"integrationResponses\":{\"200\":{\"statusCode\":\"200\",\"responseTemplates\":{\"text/html\":"
	       "\"<p>\"}}}}",
		  ""),
		"s", { "paths", "/", "post" },
		"{\"consumes\":[\"application/json\"],\"produces\":[\"text/html\"],\"responses\":{}}" },
	{ RICH("", ",\"documentationParts\":[{\"location\":{\"type\":\"METHOD\",\"path\":\"/"
		   "\",\"method\":\"*\"},"
		   "\"properties\":\"{\\\"summary\\\":\\\"any\\\",\\\"tags\\\":[\\\"t\\\"]}\"},{\"location\":{"
		   "\"type\":\"METHOD\","
		   "\"path\":\"/\",\"method\":\"POST\"},\"properties\":\"{\\\"summary\\\":\\\"this\\\"}\"}]"),
		"", { "paths", "/", "post" }, "{\"tags\":[\"t\"],\"summary\":\"this\",\"responses\":{}}" },
	{ RICH("", ",\"documentationParts\":[{\"location\":{\"type\":\"API\"},\"properties\":\"{}\"}],"
		   "\"documentationVersion\":\"7\""),
		"p", { "x-amazon-apigateway-documentation" },
		"{\"version\":\"7\",\"documentationParts\":[{\"location\":{\"type\":\"API\"},\"properties\":{}}"
		"]}" },
	{ RICH("", ",\"documentationParts\":[{\"location\":{\"type\":\"API\"},\"properties\":\"{}\"}]"), "",
		{ "x-amazon-apigateway-documentation" }, NULL },
};

static void what_a_definition_has_stands_where_openapi_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(placed); i++) {
		struct openapi_export_options options = plain;
		struct json JSON_CLEANUP *definition = tree(placed[i].definition), *document = NULL, *expected = NULL;
		const struct json *found;

		options.is_swagger = strchr(placed[i].extensions, 's');
		options.integrations = strchr(placed[i].extensions, 'i');
		options.authorizers = strchr(placed[i].extensions, 'a');
		options.validators = strchr(placed[i].extensions, 'v');
		options.postman = strchr(placed[i].extensions, 'p');
		document = exported(definition, &options);
		found = document;
		for (size_t j = 0; j < ARRAY_COUNT(placed[i].path) && placed[i].path[j]; j++)
			found = json_find(found, placed[i].path[j]);
		if (!placed[i].expected && found)
			fail_msg("case %zu is there", i);
		if (!placed[i].expected)
			continue;
		expected = tree(placed[i].expected);
		if (!found || !json_equals(expected, found)) {
			char *text = json_print_text(found);

			fail_msg("case %zu: expected %s\nfound %s", i, placed[i].expected, text);
		}
	}
}

static void who_shares_a_name_is_called_by_its_id(void **state)
{
	struct json JSON_CLEANUP *definition = tree(
		"{\"restApi\":{\"id\":\"" NEUTRAL_ID "\",\"name\":\"n\"},\"resources\":[{\"id\":\"r\",\"path\":\"/\","
		"\"resourceMethods\":{\"GET\":{\"authorizationType\":\"CUSTOM\",\"authorizerId\":\"a2\","
		"\"requestValidatorId\":"
		"\"v2\"}}}],\"authorizers\":[{\"id\":\"a1\",\"name\":\"same\"},{\"id\":\"a2\",\"name\":\"same\"}],"
		"\"validators\":[{\"id\":\"v1\",\"name\":\"same\"},{\"id\":\"v2\",\"name\":\"same\"}]}");
	struct openapi_export_options options = all_of(false);
	struct json JSON_CLEANUP *document = exported(definition, &options), *security = tree("[{\"a2\":[]}]");
	const struct json *get = json_find_path(document, "paths", "/", "get", NULL);

	(void)state;
	assert_same("security", security, json_find(get, "security"));
	assert_string_equal("v2", json_find_c_string(get, "x-amazon-apigateway-request-validator"));
	assert_int_equal(2, json_count(json_find_path(document, "components", "securitySchemes", NULL)));
}

static void payloads_without_json_can_not_be_exported(void **state)
{
	static const char text[] = RICH(",\"requestModels\":{\"text/xml\":\"Pet\"}", "");
	struct json JSON_CLEANUP *definition = tree(text), *document = NULL;
	char *message;

	(void)state;
	assert_int_equal(-EINVAL, openapi_export(&document, &message, definition, &plain));
	assert_string_equal("Only found non-JSON body models for method POST of resource /", message);
	free(message);
}

static void an_edited_document_counts_as_it_is(void **state)
{
	static const struct openapi_options options = { .account_id = VIEW_INIT(NEUTRAL_ACCOUNT),
		.region = VIEW_INIT(NEUTRAL_REGION) };
	static const char text[] = RICH("", "");
	struct openapi_export_options all = all_of(false);
	struct json JSON_CLEANUP *definition = tree(text), *document = exported(definition, &all), *existing = fresh(),
				 *imported = NULL, *warnings = NULL;
	struct json *schema = json_find_path(document, "components", "schemas", "Err", NULL);
	struct openapi_failure failure;
	char *edited;

	(void)state;
	json_set_c_string(schema, "title", "Edited");
	json_set_c_string(json_find(document, "info"), "version", "2");
	edited = json_print_text(document);
	assert_int_equal(0, openapi_import(&imported, &warnings, &failure, existing, view_from_text(edited), &options));
	free(edited);
	assert_string_equal("2", json_find_c_string(json_find(imported, "restApi"), "version"));
	JSON_EACH(model, json_find(imported, "models"))
	if (view_equals_text(json_find_text(model, "name"), "Err"))
		assert_string_equal("{\"title\":\"Edited\"}", json_find_c_string(model, "schema"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_api_is_exported_as_it_was),
		cmocka_unit_test(what_a_definition_has_stands_where_openapi_has_it),
		cmocka_unit_test(who_shares_a_name_is_called_by_its_id),
		cmocka_unit_test(payloads_without_json_can_not_be_exported),
		cmocka_unit_test(an_edited_document_counts_as_it_is),
		cmocka_unit_test(importing_an_export_is_the_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
