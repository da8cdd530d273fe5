/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json_scanner.h"

static int check(const char *text, size_t count, struct json_error *error)
{
	return json_check(view_from(at_page_end(text, count), count), NULL, error);
}

static const char *const good[] = { "0", " null\r\n", "[true , false]", "{ \"a\" : { \"b\" : [ ] } , \"c\" : -1.5E-3 }",
	"\"\\ud83d\\ude00\"", "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}", "\"\\/\\u0041\"" };

static void json_is_accepted_and_no_beginning_of_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		size_t count = strlen(good[i]);

		assert_int_equal(0, check(good[i], count, NULL));
		while (count > 0 && strchr(" \r\n", good[i][count - 1]))
			count--;
		while (count-- > 0) {
			struct json_error error;

			assert_int_equal(-EBADMSG, check(good[i], count, &error));
			if (strchr(good[i], '\\'))
				continue; /* an escape that is cut short has rules of its own */
			assert_string_equal("the text ends too early", error.rule);
			assert_int_equal(count, error.offset);
		}
	}
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = { { "[1,]", 3 }, { "{\"a\":1,}", 7 }, { "{a:1}", 1 }, { "{\"a\" 1}", 5 }, { "[1 2]", 3 },
		{ "01", 1 }, { "-a", 1 }, { "1.x", 2 }, { "1e+x", 3 }, { "+1", 0 }, { ".5", 0 }, { "nul!", 0 },
		{ "nulll", 4 }, { "{} x", 3 }, { "[}", 1 }, { "[1}", 2 }, { "{]", 1 }, { "]", 0 }, { "\"\x01\"", 1 },
		{ "\"\n\"", 1 }, { "\"\\x\"", 2 }, { "\"\\u12g4\"", 2 }, { "\"\\ud800\"", 7 }, { "\"\\udc00\"", 2 },
		{ "\"\\ud800\\u0041\"", 7 }, { "\"\x80\"", 1 }, { "\"\xed\xa0\x80\"", 1 }, { "\xef\xbb\xbf{}", 0 },
		{ "'a'", 0 }, { "/* */1", 0 }, { "NaN", 0 }, { "[1]\x01", 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json_error error;

		assert_int_equal(-EBADMSG, check(cases[i].text, strlen(cases[i].text), &error));
		assert_int_equal(cases[i].offset, error.offset);
		assert_non_null(error.rule);
	}
	assert_int_equal(-EBADMSG, json_check(view_from(at_page_end("1\0", 2), 2), NULL, NULL));
}

static void a_name_given_twice_is_refused_whatever_its_spelling(void **state)
{
	static const char *const twice[] = { "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
		"{\"\\u0061\":{},\"b\":1,\"a\":2}", "[{\"x\":{\"y\":1},\"x\":1}]", "{\"\":1,\"\":2}" };
	struct json_error error;
	struct buffer buffer;

	(void)state;
	for (size_t i = 0; i < sizeof twice / sizeof *twice; i++)
		assert_int_equal(-EEXIST, check(twice[i], strlen(twice[i]), NULL));
	assert_int_equal(-EEXIST, check("{\"a\":1,\n \"a\":2}", 15, &error));
	assert_true(error.line == 2 && error.column == 2);
	buffer_init(&buffer, 1 << 20);
	buffer_append_byte(&buffer, '{');
	for (int i = 0; i < 5000; i++)
		buffer_printf(&buffer, "\"%d\":{\"0\":0},", i);
	buffer_append_text(&buffer, "\"4999\":1}");
	assert_int_equal(-EEXIST, json_check(buffer_view(&buffer), NULL, &error));
	buffer_truncate(&buffer, buffer.count - 9);
	buffer_append_text(&buffer, "\"5000\":1}");
	assert_int_equal(0, json_check(buffer_view(&buffer), NULL, NULL));
	buffer_fini(&buffer);
}

static void limits_are_kept(void **state)
{
	const struct json_limits limits = { .max_bytes = 10, .max_depth = 2, .max_values = 4 };
	struct view deep;
	char text[300];

	(void)state;
	assert_int_equal(0, json_check(view_of("[[1],2]"), &limits, NULL));
	assert_int_equal(-EMSGSIZE, json_check(view_of("[[[1]]]"), &limits, NULL));
	assert_int_equal(-EMSGSIZE, json_check(view_of("[1,2,3,4]"), &limits, NULL));
	assert_int_equal(-EMSGSIZE, json_check(view_of("\"123456789\""), &limits, NULL));
	memset(text, '[', 150);
	memset(text + 150, ']', 150);
	deep = view_from(text + 150 - JSON_MAX_DEPTH, 2 * JSON_MAX_DEPTH);
	assert_int_equal(0, json_check(deep, NULL, NULL));
	assert_int_equal(-EMSGSIZE, json_check(view_from(text, 300), NULL, NULL));
}

static void tokens_carry_text_and_place(void **state)
{
	struct json_scanner scanner;
	struct json_token token;

	(void)state;
	json_scanner_init(&scanner, view_of("{\n\t\"n\\n\": 1e400}"), NULL);
	assert_int_equal(0, json_scanner_next(&scanner, &token));
	assert_int_equal(JSON_TOKEN_OBJECT_BEGIN, token.type);
	assert_int_equal(0, json_scanner_next(&scanner, &token));
	assert_true(token.type == JSON_TOKEN_NAME && token.escaped && token.line == 2 && token.column == 2);
	assert_int_equal(0, json_scanner_next(&scanner, &token));
	assert_true(token.type == JSON_TOKEN_NUMBER && view_equals_text(token.raw, "1e400"));
	assert_int_equal(0, json_scanner_next(&scanner, &token));
	assert_int_equal(JSON_TOKEN_OBJECT_END, token.type);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(0, json_scanner_next(&scanner, &token));
		assert_int_equal(JSON_TOKEN_END, token.type);
	}
	json_scanner_fini(&scanner);
	json_scanner_init(&scanner, view_of("x"), NULL);
	assert_int_equal(-EBADMSG, json_scanner_next(&scanner, &token));
	assert_int_equal(-EBADMSG, json_scanner_next(&scanner, &token));
	json_scanner_fini(&scanner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_accepted_and_no_beginning_of_it_is),
		cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
		cmocka_unit_test(a_name_given_twice_is_refused_whatever_its_spelling),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(tokens_carry_text_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
