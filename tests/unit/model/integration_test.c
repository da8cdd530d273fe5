/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/integration: what an Integration object compiles to, and what is refused with which words. */
#include "tests/unit/estate.h"

#include <errno.h>

#include "appliance/base/yaml.h"
#include "appliance/model/compile.h"

static struct compile compile;
static struct arena arena;
static struct integration integration;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static int compile_text(const char *text)
{
	struct json *json = estate_json(text);
	int error = integration_compile(&compile, &arena, view_of("GET /x"), json, &integration);

	json_free(json);
	return error;
}

static void refused(int error, const char *message, const char *text)
{
	assert_int_equal(error, compile_text(text));
	if (!strstr(compile.message, message))
		fail_msg("'%s' is not in '%s'", message, compile.message);
}

static void a_fixed_uri_knows_where_it_goes(void **state)
{
	(void)state;
	assert_int_equal(0,
		compile_text("{\"type\":\"HTTP_PROXY\",\"httpMethod\":\"ANY\",\"uri\":\"https://b.example:8443/p?x=1\","
			     "\"tlsConfig\":{\"insecureSkipVerification\":true}}"));
	assert_int_equal(INTEGRATION_HTTP_PROXY, integration.type);
	assert_int_equal(0, integration.http_method.count);
	assert_int_equal(29000, integration.timeout_ms);
	assert_int_equal(INTEGRATION_WHEN_NO_MATCH, integration.passthrough);
	assert_true(integration.uri.is_fixed);
	assert_true(integration.has_origin);
	assert_true(integration.origin.target.tls);
	assert_true(integration.origin.target.verification == TLS_VERIFY_NAME);
	assert_int_equal(8443, integration.origin.target.port);
	assert_true(view_equals_text(integration.origin.target.host, "b.example"));
	integration_fini(&integration);
}

/* The parts, as text: 'literal', {path}, $variable. */
static const char *parts_of(const char *uri)
{
	static char text[512];
	char json[512];
	size_t count = 0;

	snprintf(json, sizeof json, "{\"type\":\"HTTP\",\"httpMethod\":\"GET\",\"uri\":\"%s\"}", uri);
	assert_int_equal(0, compile_text(json));
	text[0] = '\0';
	for (size_t i = 0; i < integration.uri.part_count; i++) {
		const struct integration_uri_part *part = &integration.uri.parts[i];
		static const char *const forms[] = { "'" VIEW_FMT "'", "{" VIEW_FMT "}", "$" VIEW_FMT "" };

		count += (size_t)snprintf(text + count, sizeof text - count,
			part->kind == INTEGRATION_URI_TEXT             ? forms[0]
			: part->kind == INTEGRATION_URI_PATH_PARAMETER ? forms[1]
								       : forms[2],
			VIEW_ARG(part->text));
	}
	integration_fini(&integration);
	return text;
}

static void placeholders_are_cut_once(void **state)
{
	(void)state;
	assert_string_equal("'http://b/p/'{id}'/x'", parts_of("http://b/p/{id}/x"));
	assert_string_equal("'http://b?a='{p}'&b='{q}", parts_of("http://b?a={p}&b={q}"));
	assert_false(integration.uri.is_fixed);
	assert_true(integration.has_origin);
	assert_string_equal("'http://'$host'/'{p+}", parts_of("http://${stageVariables.host}/{p+}"));
	assert_false(integration.has_origin);
	/* Only the exact form of a stage variable is one. */
	assert_string_equal("'http://b/$'{stage.x}", parts_of("http://b/${stage.x}"));
	assert_string_equal("'http://b/{}'", parts_of("http://b/{}"));
}

static void responses_with_a_pattern_come_first_in_ascending_order(void **state)
{
	(void)state;
	assert_int_equal(0, compile_text("{\"type\":\"MOCK\",\"integrationResponses\":{"
					 "\"200\":{\"statusCode\":\"200\"},"
					 "\"504\":{\"statusCode\":\"504\",\"selectionPattern\":\"200\"},"
					 "\"405\":{\"statusCode\":\"405\",\"selectionPattern\":\".*four hundred.*\","
					 "\"responseTemplates\":{\"text/xml\":\"<a/>\",\"application/json\":\"{}\"}},"
					 "\"502\":{\"statusCode\":\"502\",\"selectionPattern\":\".+\"}}}"));
	assert_int_equal(4, integration.response_count);
	assert_int_equal(405, integration.responses[0].status);
	assert_int_equal(502, integration.responses[1].status);
	assert_int_equal(504, integration.responses[2].status);
	assert_int_equal(200, integration.responses[3].status);
	assert_null(integration.responses[3].selection);
	assert_true(view_equals_text(integration.responses[0].templates[0].media_type, "application/json"));
	assert_true(view_equals_text(integration.responses[0].templates[1].media_type, "text/xml"));
	integration_fini(&integration);
}

static void what_can_t_be_meant_is_refused_with_its_place(void **state)
{
	(void)state;
	refused(-EINVAL, "GET /x: integration: type: 'HTTPS'", "{\"type\":\"HTTPS\"}");
	refused(-EINVAL, "uri", "{\"type\":\"HTTP\",\"httpMethod\":\"GET\"}");
	refused(-EINVAL, "uri: 'ftp://b/'", "{\"type\":\"HTTP\",\"httpMethod\":\"GET\",\"uri\":\"ftp://b/\"}");
	refused(-EINVAL, "uri: 'http:// b/'", "{\"type\":\"HTTP\",\"httpMethod\":\"GET\",\"uri\":\"http:// b/\"}");
	refused(-EINVAL, "uri: it must begin with http", "{\"type\":\"HTTP\",\"uri\":\"${stageVariables.url}/\"}");
	refused(-EINVAL, "timeoutInMillis: it must be between 50 and 900000",
		"{\"type\":\"MOCK\",\"timeoutInMillis\":49}");
	refused(-EINVAL, "passthroughBehavior: 'SOMETIMES'",
		"{\"type\":\"MOCK\",\"passthroughBehavior\":\"SOMETIMES\"}");
	refused(-EINVAL, "selectionPattern '('",
		"{\"type\":\"MOCK\",\"integrationResponses\":{\"200\":{\"statusCode\":\"200\",\"selectionPattern\":\"("
		"\"}}}");
	refused(-EINVAL, "statusCode: 'x'",
		"{\"type\":\"MOCK\",\"integrationResponses\":{\"x\":{\"statusCode\":\"x\"}}}");
	refused(-EINVAL, "'integration.request.body.x'",
		"{\"type\":\"HTTP\",\"uri\":\"http://b/"
		"\",\"requestParameters\":{\"integration.request.body.x\":\"'1'\"}}");
}

static void what_can_t_be_run_is_marked_and_kept(void **state)
{
	static const char *const texts[] = {
		("{\"type\":\"AWS_PROXY\",\"uri\":\"arn:aws:apigateway:us-east-1:lambda:path/x\","
		 "\"connectionType\":\"VPC_LINK\"}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(0, compile_text(texts[i]));
		assert_non_null(integration.refused);
		integration_fini(&integration);
	}
}

static struct json *tree(const char *text)
{
	struct json *value;

	assert_int_equal(0, yaml_parse(view_from_text(text), NULL, &value, NULL));
	return value;
}

static void templates_that_are_none_are_told(void **state)
{
	struct json JSON_CLEANUP *method = tree("{authorizationType: NONE, methodIntegration: {type: MOCK, "
						"requestTemplates: {a/b: '#if($x', c/d: '#end'}}}");
	char broken[CHECK_MESSAGE_MAX_BYTES];

	(void)state;
	assert_null(check_refusal(NULL, method, broken));
	assert_true(view_starts_with(view_from_text(broken), view_of("template 'a/b', line 1, column ")));
}

static void templates_are_programs(void **state)
{
	static const struct {
		const char *text;
		bool is_literal, is_program;
		int mock_status;
	} cases[] = {
		{ "{\\\"statusCode\\\": 201}", true, true, 201 },
		{ "", true, true, 0 },
		{ "$input.body", false, true, 0 },
		{ "## nothing but words", false, true, 0 },
		{ "#if($x)", false, false, 0 },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "{\"type\":\"MOCK\",\"requestTemplates\":{\"a/b\":\"%s\"}}", cases[i].text);
		assert_int_equal(0, compile_text(text));
		assert_null(integration.refused);
		assert_int_equal(cases[i].is_literal, integration.templates[0].is_literal);
		assert_int_equal(cases[i].is_program, integration.templates[0].program != NULL);
		assert_int_equal(cases[i].mock_status, integration.templates[0].mock_status);
		integration_fini(&integration);
	}
}

static void what_is_not_served_is_told(void **state)
{
	static const struct {
		const char *method, *refusal;
	} cases[] = {
		{ "{authorizationType: NONE, methodIntegration: {type: MOCK}}", NULL },
		{ "{authorizationType: NONE}", NULL },
		{ "{authorizationType: AWS_IAM}", "authorization other than NONE" },
		{ "{authorizationType: NONE, apiKeyRequired: true}", "API keys" },
		{ "{authorizationType: NONE, requestValidatorId: none}", NULL },
		{ "{authorizationType: NONE, requestValidatorId: body, requestModels: {a/b: Good}}", NULL },
		{ "{authorizationType: NONE, requestValidatorId: body, requestModels: {a/b: Bad}}", "a model" },
		{ "{authorizationType: NONE, requestValidatorId: body, requestModels: {a/b: Gone}}", "a model" },
		{ "{authorizationType: NONE, requestValidatorId: none, requestModels: {a/b: Bad}}", NULL },
		{ "{authorizationType: NONE, requestValidatorId: unknown}", NULL },
		{ "{authorizationType: NONE, methodIntegration: {type: AWS_PROXY, uri: 'arn:aws:x:path/y'}}", NULL },
		{ "{authorizationType: NONE, methodIntegration: {type: MOCK, requestTemplates: {a/b: $x}}}", NULL },
	};
	struct json JSON_CLEANUP *definition =
		tree("validators: [{id: none, validateRequestBody: false, validateRequestParameters: false}, "
		     "{id: body, validateRequestBody: true, validateRequestParameters: false}]\n"
		     "models: [{name: Good, schema: '{}'}, {name: Bad, schema: '[]'}]");

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json JSON_CLEANUP *method = tree(cases[i].method);
		char broken[CHECK_MESSAGE_MAX_BYTES];
		const char *refusal = check_refusal(definition, method, broken);

		if (!refusal != !cases[i].refusal || (refusal && !strstr(refusal, cases[i].refusal)))
			fail_msg("case %zu: %s", i, refusal ? refusal : "served");
		assert_string_equal("", broken);
	}
}

static void checks_say_what_the_builder_would(void **state)
{
	const struct check_identity identity = { .account_id = view_of("123456789012"),
		.region = view_of("us-east-1") };
	char message[CHECK_MESSAGE_MAX_BYTES];

	(void)state;
	assert_int_equal(0, check_integration(view_of("{\"type\":\"MOCK\"}"), message));
	assert_string_equal("", message);
	assert_int_equal(-EINVAL, check_integration(view_of("{\"type\":\"x\"}"), message));
	assert_non_null(strstr(message, "type: 'x'"));
	assert_int_equal(-EBADMSG, check_integration(view_of("{"), message));
	assert_non_null(strstr(message, "line 1, column 2"));
	assert_int_equal(-EINVAL, check_deployment(&identity, view_of("api"), view_of("{\"id\":\"d\"}"), message));
	assert_non_null(strstr(message, "postern.definition is missing"));
	assert_int_equal(
		0, check_deployment(&identity, view_of("api"),
			   view_of("{\"id\":\"d\",\"postern\":{\"definition\":" ESTATE_MOCK_DEFINITION "}}"), message));
	assert_int_equal(-EINVAL, check_domain(&identity, view_of("d"), view_of("{\"domainName\":\"\"}"), message));
	assert_int_equal(0, check_domain(&identity, view_of("d"), view_of("{\"domainName\":\"a.b\"}"), message));
	assert_int_equal(-EINVAL,
		check_endpoint(
			view_of("{\"vpcEndpointId\":\"v\",\"postern\":{\"addresses\":[{\"ipv4\":\"10.20.0\"}]}}"),
			message));
	assert_non_null(strstr(message, "'10.20.0' is no address"));
	assert_int_equal(
		-EINVAL, check_endpoint(view_of("{\"vpcEndpointId\":\"v\",\"policyDocument\":\"{\"}"), message));
	assert_non_null(strstr(message, "policyDocument: "));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_fixed_uri_knows_where_it_goes),
		TEST(placeholders_are_cut_once),
		TEST(responses_with_a_pattern_come_first_in_ascending_order),
		TEST(what_can_t_be_meant_is_refused_with_its_place),
		TEST(what_can_t_be_run_is_marked_and_kept),
		TEST(templates_are_programs),
		TEST(templates_that_are_none_are_told),
		TEST(what_is_not_served_is_told),
		TEST(checks_say_what_the_builder_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
