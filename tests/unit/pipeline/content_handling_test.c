/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of pipeline/content_handling: the two tables of conversions, and AWS's recorded example. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "appliance/pipeline/content_handling.h"

#define UNSET INTEGRATION_CONTENT_UNSET
#define TEXT INTEGRATION_CONVERT_TO_TEXT
#define BINARY INTEGRATION_CONVERT_TO_BINARY

static void requests(void **state)
{
	static const struct {
		bool is_binary;
		enum integration_content_handling handling;
		enum content_conversion conversion;
	} rows[] = {
		{ false, UNSET, CONTENT_TO_TEXT },
		{ false, TEXT, CONTENT_TO_TEXT },
		{ false, BINARY, CONTENT_TO_BYTES },
		{ true, UNSET, CONTENT_AS_IS },
		{ true, TEXT, CONTENT_TO_BASE64 },
		{ true, BINARY, CONTENT_AS_IS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(rows[i].conversion, content_handling_request(rows[i].is_binary, rows[i].handling));
}

static void answers(void **state)
{
	static const struct {
		bool type_is_binary, accept_is_binary;
		enum content_conversion unset, binary, text;
	} rows[] = {
		{ false, false, CONTENT_TO_TEXT, CONTENT_TO_BYTES, CONTENT_TO_TEXT },
		{ false, true, CONTENT_TO_BYTES, CONTENT_TO_BYTES, CONTENT_TO_TEXT },
		{ true, false, CONTENT_TO_BASE64, CONTENT_AS_IS, CONTENT_TO_BASE64 },
		{ true, true, CONTENT_AS_IS, CONTENT_AS_IS, CONTENT_TO_BASE64 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool type = rows[i].type_is_binary, accept = rows[i].accept_is_binary;

		assert_int_equal(rows[i].unset, content_handling_response(type, accept, UNSET));
		assert_int_equal(rows[i].binary, content_handling_response(type, accept, BINARY));
		assert_int_equal(rows[i].text, content_handling_response(type, accept, TEXT));
	}
}

/* Bytes that a client sent as image/png to an API that lists no binary type; the back end got 99. */
static const unsigned char recorded[] = { 0x1f, 0x8b, 0x08, 0x00, 0x14, 0x6c, 0xee, 0x63, 0x02, 0xff, 0x4b, 0xce, 0xcf,
	0x2d, 0x28, 0x4a, 0x2d, 0x2e, 0x4e, 0x4d, 0x51, 0x48, 0x49, 0x2c, 0x49, 0xd4, 0x51, 0x28, 0xce, 0xc8, 0x2f,
	0xcd, 0x49, 0x51, 0x48, 0x4a, 0x55, 0xc8, 0xcc, 0x2b, 0x4b, 0xcc, 0xc9, 0x4c, 0x51, 0x08, 0x0d, 0x71, 0xd3,
	0xb5, 0x50, 0x28, 0x2e, 0x29, 0xca, 0xcc, 0x4b, 0x07, 0x00, 0xb8, 0x39, 0x10, 0x57, 0x2f, 0x00, 0x00, 0x00 };

static void conversions(void **state)
{
	struct view body = view_from((const char *)recorded, sizeof recorded), text, back;
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(67, body.count);
	assert_int_equal(0, content_handling_convert(&arena, CONTENT_TO_TEXT, body, &text));
	assert_int_equal(99, text.count);
	assert_true(view_starts_with(text, view_of("\x1f\xef\xbf\xbd\x08\x00\x14l\xef\xbf\xbd\x63\x02\xef\xbf\xbd")));
	assert_int_equal(0, content_handling_convert(&arena, CONTENT_TO_BASE64, body, &text));
	assert_int_equal(0, content_handling_convert(&arena, CONTENT_TO_BYTES, text, &back));
	assert_true(view_equals(back, body));
	assert_int_equal(0, content_handling_convert(&arena, CONTENT_AS_IS, body, &back));
	assert_ptr_equal(body.at, back.at);
	assert_int_equal(-EINVAL, content_handling_convert(&arena, CONTENT_TO_BYTES, view_of("{}"), &back));
	for (enum content_conversion c = CONTENT_AS_IS; c <= CONTENT_TO_BASE64; c++) {
		assert_int_equal(0, content_handling_convert(&arena, c, view_of(""), &back));
		assert_int_equal(0, back.count);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(conversions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
