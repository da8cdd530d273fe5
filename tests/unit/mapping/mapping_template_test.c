/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of mapping/mapping_template: MOCK statuses, gateway responses' references. */
#include "tests/unit/support.h"

#include "appliance/base/assert.h"
#include "appliance/mapping/mapping_template.h"

static struct view edge(const char *text)
{
	return view_from(at_page_end(text, strlen(text)), strlen(text));
}

static void the_mock_status_is_found_leniently(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "{\"statusCode\": 200}", 200 },
		{ " {\"a\":{\"statusCode\":1},\"statusCode\":404,\"b\":[500]}\n", 404 },
		{ "{statusCode: 200}", 200 },
		{ "{'statusCode': 201,}", 201 },
		{ "{\"statusCode\": 202 and more}", 202 },
		{ "{\"statusCode\":203,}", 203 },
		{ "{\"statusCode\": \"200\"}", 0 },
		{ "{\"statusCode\": 200.5}", 0 },
		{ "{\"statusCode\": 200", 0 },
		{ "{statusCode: x}", 0 },
		{ "{statusCode 200}", 0 },
		{ "{statusCode", 0 },
		{ "{}", 0 },
		{ "", 0 },
		{ "200", 0 },
		{ "{\"statusCode\": 99999999999999999999}", 0 },
		{ "[{\"statusCode\": 200}]", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_int_equal(cases[i].status, mapping_template_mock_status(edge(cases[i].text)));
}

static void gateway_templates_are_cut_into_pieces(void **state)
{
	static const struct {
		enum mapping_piece_kind kind;
		const char *text;
	} expected[] = {
		{ MAPPING_PIECE_LITERAL, "{\"message\":" },
		{ MAPPING_PIECE_CONTEXT, "error.messageString" },
		{ MAPPING_PIECE_LITERAL, ",\"s\":\"" },
		{ MAPPING_PIECE_STAGE_VARIABLE, "x_1" },
		{ MAPPING_PIECE_CONTEXT, "stage" },
		{ MAPPING_PIECE_LITERAL, ". $other $context. ${context.a " },
		{ MAPPING_PIECE_REQUEST, "header.X-A" },
		{ MAPPING_PIECE_LITERAL, "\" $" },
	};
	struct view rest =
		edge("{\"message\":$context.error.messageString,\"s\":\"$stageVariables.x_1${context.stage}. $other "
		     "$context. ${context.a $method.request.header.X-A\" $");
	struct mapping_piece piece;
	size_t i = 0;

	(void)state;
	for (; mapping_piece_next(&piece, &rest); i++) {
		assert_true(i < ARRAY_COUNT(expected));
		assert_int_equal(expected[i].kind, piece.kind);
		if (!view_equals_text(piece.text, expected[i].text))
			fail_msg("\"" VIEW_FMT "\"", VIEW_ARG(piece.text));
	}
	assert_int_equal(ARRAY_COUNT(expected), i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mock_status_is_found_leniently),
		cmocka_unit_test(gateway_templates_are_cut_into_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
