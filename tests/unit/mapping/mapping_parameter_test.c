/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of mapping/mapping_parameter: what may be mapped to what, at each side. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/mapping/mapping_parameter.h"

static void entries_are_compiled(void **state)
{
	static const struct {
		enum mapping_side side;
		const char *target, *source;
		enum mapping_target_kind target_kind;
		const char *target_name;
		enum mapping_source_kind source_kind;
		const char *source_text;
	} cases[] = {
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.path.id", "method.request.path.petId",
			MAPPING_TO_REQUEST_PATH, "id", MAPPING_FROM_PATH, "petId" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.querystring.v", "'1'",
			MAPPING_TO_REQUEST_QUERYSTRING, "v", MAPPING_FROM_LITERAL, "1" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.X-Src", "context.identity.sourceIp",
			MAPPING_TO_REQUEST_HEADER, "X-Src", MAPPING_FROM_CONTEXT, "identity.sourceIp" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "$context.stage",
			MAPPING_TO_REQUEST_HEADER, "a", MAPPING_FROM_CONTEXT, "stage" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "stageVariables.x_1",
			MAPPING_TO_REQUEST_HEADER, "a", MAPPING_FROM_STAGE_VARIABLE, "x_1" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.multivalueheader.b",
			MAPPING_TO_REQUEST_HEADER, "a", MAPPING_FROM_MULTIVALUE_HEADER, "b" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.multivaluequerystring.b",
			MAPPING_TO_REQUEST_HEADER, "a", MAPPING_FROM_MULTIVALUE_QUERYSTRING, "b" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.body",
			MAPPING_TO_REQUEST_HEADER, "a", MAPPING_FROM_BODY, "" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.body.pet.names[0]",
			MAPPING_TO_REQUEST_HEADER, "a", MAPPING_FROM_BODY, "pet.names[0]" },
		{ MAPPING_METHOD_RESPONSE, "method.response.header.Access-Control-Allow-Origin", "'*'",
			MAPPING_TO_RESPONSE_HEADER, "Access-Control-Allow-Origin", MAPPING_FROM_LITERAL, "*" },
		{ MAPPING_METHOD_RESPONSE, "method.response.header.a", "''", MAPPING_TO_RESPONSE_HEADER, "a",
			MAPPING_FROM_LITERAL, "" },
		{ MAPPING_METHOD_RESPONSE, "method.response.header.a", "integration.response.header.b",
			MAPPING_TO_RESPONSE_HEADER, "a", MAPPING_FROM_HEADER, "b" },
		{ MAPPING_METHOD_RESPONSE, "method.response.header.a", "integration.response.body.error.code",
			MAPPING_TO_RESPONSE_HEADER, "a", MAPPING_FROM_BODY, "error.code" },
		{ MAPPING_GATEWAY_RESPONSE, "gatewayresponse.header.x-q", "method.request.querystring.q",
			MAPPING_TO_RESPONSE_HEADER, "x-q", MAPPING_FROM_QUERYSTRING, "q" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct mapping_parameter parameter;
		size_t source_bytes = strlen(cases[i].source), target_bytes = strlen(cases[i].target);

		assert_int_equal(0, mapping_parameter_compile(&parameter, cases[i].side,
					    view_from(at_page_end(cases[i].target, target_bytes), target_bytes),
					    view_from(at_page_end(cases[i].source, source_bytes), source_bytes), NULL));
		assert_int_equal(cases[i].target_kind, parameter.target_kind);
		assert_true(view_equals_text(parameter.target_name, cases[i].target_name));
		assert_int_equal(cases[i].source_kind, parameter.source_kind);
		assert_true(view_equals_text(parameter.source_text, cases[i].source_text));
	}
}

static void what_a_side_has_not_is_refused(void **state)
{
	static const struct {
		enum mapping_side side;
		const char *target, *source;
	} cases[] = {
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.body.x", "'1'" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.", "'1'" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a b", "'1'" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a\r\nb", "'1'" },
		{ MAPPING_INTEGRATION_REQUEST, "method.response.header.a", "'1'" },
		{ MAPPING_INTEGRATION_REQUEST, "", "'1'" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "true" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "'" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "'a\r\nb: c'" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "'a" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.header." },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.cookie.b" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.body." },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "method.request.bodyx" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "integration.response.header.b" },
		{ MAPPING_INTEGRATION_REQUEST, "integration.request.header.a", "stageVariables" },
		{ MAPPING_METHOD_RESPONSE, "method.response.header.a", "method.request.header.b" },
		{ MAPPING_METHOD_RESPONSE, "integration.request.header.a", "'1'" },
		{ MAPPING_GATEWAY_RESPONSE, "gatewayresponse.header.a", "integration.response.header.b" },
		{ MAPPING_GATEWAY_RESPONSE, "gatewayresponse.header.a", "method.request.body" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct mapping_parameter parameter;
		const char *rule = NULL;

		if (mapping_parameter_compile(&parameter, cases[i].side, view_from_text(cases[i].target),
			    view_from_text(cases[i].source), &rule) != -EINVAL)
			fail_msg("%s <- %s was compiled", cases[i].target, cases[i].source);
		assert_non_null(rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_compiled),
		cmocka_unit_test(what_a_side_has_not_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
