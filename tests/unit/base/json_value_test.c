/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json_value.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct json_value parsed(const char *text)
{
	struct json_value value = { 0 };
	size_t count = strlen(text);

	assert_int_equal(0, json_value_parse(&arena, view_from(at_page_end(text, count), count), NULL, &value, NULL));
	return value;
}

static const char *written(const struct json_value *value)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &arena, (size_t)16 << 20);
	json_value_write(&buffer, value);
	return buffer_text(&buffer);
}

static void values_are_written_as_they_were_read(void **state)
{
	static const char *const texts[] = { "null", "true", "false", "0", "-0", "1.0", "1e400",
		"12345678901234567890123456789.00100", "\"\"", "\"a\"", "[]", "{}", "[[],{}]",
		"{\"b\":1,\"a\":[1,2.50,{\"x\":null}],\"\":\"\"}",
		"[true,false,null,[[[\"\xc3\xa4\xf0\x9f\x98\x80\"]]]]",
		"{\"0123456789abcdef0123456789abcdef\":\"0123456789abcdef0123456789abcdef\\n\"}",
		"\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001F\x7f/\"" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct json_value value = parsed(texts[i]);

		assert_string_equal(texts[i], written(&value));
	}
}

static void what_the_scanner_refuses_is_refused_at_the_same_place(void **state)
{
	static const char *const texts[] = { "", " ", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "[1 2]", "01", "-a",
		"1.x", "1e+x", "+1", ".5", "nul!", "nulll", "{} x", "[}", "[1}", "{]", "]", "\"\x01\"", "\"\n\"",
		"\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\x80\"",
		"\"\xed\xa0\x80\"", "\xef\xbb\xbf{}", "'a'", "/* */1", "NaN", "[1]\x01", "{\"a\":", "[\n[\n1\n2]",
		"\"\\", "{\"a\"\n:tru" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t count = strlen(texts[i]);
		struct view text = view_from(at_page_end(texts[i], count), count);
		struct json_error error, expected;
		struct json_value value;

		assert_int_equal(-EBADMSG, json_check(text, NULL, &expected));
		assert_int_equal(-EBADMSG, json_value_parse(&arena, text, NULL, &value, &error));
		assert_int_equal(expected.offset, error.offset);
		assert_int_equal(expected.line, error.line);
		assert_int_equal(expected.column, error.column);
		assert_string_equal(expected.rule, error.rule);
	}
}

static void no_beginning_of_a_text_is_read_over_its_end(void **state)
{
	static const char text[] =
		"{ \"a\" : [ 1.5e-3 , \"\\u00e4\\ud83d\\ude00\xc3\xa4\", { } , true ], \"bcdefghijklmnopqr\": null }";

	(void)state;
	for (size_t count = 0; count < sizeof text - 1; count++) {
		struct json_value value;
		struct view part = view_from(at_page_end(text, count), count);

		assert_int_equal(-EBADMSG, json_value_parse(&arena, part, NULL, &value, NULL));
	}
	parsed(text);
}

static void escapes_are_resolved(void **state)
{
	struct json_value value = parsed("{\"\\u0061\\n\":\"\\ud83d\\ude00\\/\\\"x\"}");

	(void)state;
	assert_true(view_equals(view_of("a\n"), json_value_name_at(&value, 0)));
	assert_true(view_equals(view_of("\xf0\x9f\x98\x80/\"x"), json_value_text(json_value_at(&value, 0))));
	assert_non_null(json_value_find(&value, view_of("a\n")));
	assert_null(json_value_find(&value, view_of("a")));
}

static void of_members_of_one_name_the_last_wins_in_the_place_of_the_first(void **state)
{
	struct json_value value = parsed("{\"a\":1,\"b\":2,\"\\u0061\":{\"a\":3,\"a\":4},\"c\":5,\"b\":6}");
	struct buffer text;

	(void)state;
	assert_string_equal("{\"a\":{\"a\":4},\"b\":6,\"c\":5}", written(&value));
	/* Enough of them for every way in which they are looked for. */
	for (size_t count = 1; count < 700; count = count * 3 / 2 + 1) {
		buffer_init_arena(&text, &arena, 65536);
		buffer_append_byte(&text, '{');
		for (size_t i = 0; i < 2 * count; i++)
			buffer_printf(&text, "%s\"name %zu\":%zu", i ? "," : "", i % count, i);
		buffer_append_byte(&text, '}');
		value = parsed(buffer_text(&text));
		assert_int_equal(count, json_value_count(&value));
		for (size_t i = 0; i < count; i++) {
			char number[24];

			snprintf(number, sizeof number, "%zu", i + count);
			assert_true(view_equals_text(json_value_text(json_value_at(&value, i)), number));
		}
	}
}

static void limits_hold(void **state)
{
	static const struct json_limits tight = { .max_bytes = 20, .max_depth = 2, .max_values = 4 };
	struct json_value value;
	struct json_error error;
	char deep[2 * JSON_MAX_DEPTH + 2];

	(void)state;
	assert_int_equal(0, json_value_parse(&arena, view_of("[[1,2]]"), &tight, &value, NULL));
	assert_int_equal(-EMSGSIZE, json_value_parse(&arena, view_of("[[1,2,3]]"), &tight, &value, &error));
	assert_string_equal("too many values", error.rule);
	assert_int_equal(-EMSGSIZE, json_value_parse(&arena, view_of("[[[]]]"), &tight, &value, &error));
	assert_string_equal("nested too deep", error.rule);
	assert_int_equal(-EMSGSIZE, json_value_parse(&arena, view_of("                    1"), &tight, &value, &error));
	assert_string_equal("the text is too long", error.rule);
	memset(deep, '[', sizeof deep / 2);
	memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
	assert_int_equal(-EMSGSIZE, json_value_parse(&arena, view_from(deep, sizeof deep), NULL, &value, NULL));
	assert_int_equal(0, json_value_parse(&arena, view_from(deep + 1, sizeof deep - 2), NULL, &value, NULL));
}

static void what_is_full_of_commas_needs_little_memory(void **state)
{
	size_t count = (size_t)1 << 20;
	char *text = malloc(count);
	struct json_value value;
	struct arena small;

	(void)state;
	assert_non_null(text);
	memset(text, ',', count);
	text[0] = '"';
	text[1] = '\\';
	text[2] = '"';
	text[count - 1] = '"';
	arena_init(&small, NULL, (size_t)2 << 20);
	assert_int_equal(0, json_value_parse(&small, view_from(text, count), NULL, &value, NULL));
	assert_int_equal(count - 3, json_value_text(&value).count);
	arena_fini(&small);
	free(text);
}

static void memory_that_ends_is_an_error(void **state)
{
	struct json_value value;
	struct arena small;

	(void)state;
	arena_init(&small, NULL, 4096);
	assert_int_equal(
		-ENOMEM, json_value_parse(&small,
				 view_of("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
					 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"),
				 NULL, &value, NULL));
	arena_fini(&small);
}

static void equality_is_that_of_values(void **state)
{
	static const struct {
		const char *left, *right;
		bool equal;
	} cases[] = { { "1", "1.0", true }, { "1", "\"1\"", false }, { "true", "false", false },
		{ "null", "null", true }, { "[1,2]", "[1.0,20e-1]", true }, { "[1,2]", "[2,1]", false },
		{ "[]", "{}", false }, { "{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true },
		{ "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false }, { "{\"a\":1}", "{\"b\":1}", false },
		{ "{\"a\":1}", "{\"a\":1,\"b\":1}", false }, { "0", "false", false }, { "\"a\"", "\"\\u0061\"", true },
		{ "0.1", "0.10000000000000001", false } };
	struct json_value forward, backward;
	struct buffer one, other;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json_value left = parsed(cases[i].left), right = parsed(cases[i].right);

		assert_int_equal(cases[i].equal, json_value_equals(&left, &right));
		assert_int_equal(cases[i].equal, json_value_equals(&right, &left));
		assert_int_equal(cases[i].equal, json_value_hash(&left) == json_value_hash(&right));
	}
	buffer_init_arena(&one, &arena, 65536);
	buffer_init_arena(&other, &arena, 65536);
	for (size_t i = 0; i < 100; i++) {
		buffer_printf(&one, "%s\"n%zu\":%zu", i ? "," : "{", i, i);
		buffer_printf(&other, "%s\"n%zu\":%zu.0", i ? "," : "{", 99 - i, 99 - i);
	}
	buffer_append_byte(&one, '}');
	buffer_append_byte(&other, '}');
	forward = parsed(buffer_text(&one));
	backward = parsed(buffer_text(&other));
	assert_true(json_value_equals(&forward, &backward));
	assert_false(json_value_equals(&forward, NULL));
	assert_true(json_value_equals(NULL, &json_value_null));
}

static void readers_take_what_is_not_there(void **state)
{
	struct json_value value = parsed("{\"a\":[1]}");

	(void)state;
	assert_int_equal(JSON_VALUE_NULL, json_value_kind(NULL));
	assert_null(json_value_text(&value).at);
	assert_null(json_value_text(NULL).at);
	assert_int_equal(0, json_value_count(NULL));
	assert_null(json_value_at(&value, 1));
	assert_null(json_value_at(NULL, 0));
	assert_null(json_value_name_at(json_value_at(&value, 0), 0).at);
	assert_null(json_value_find(NULL, view_of("a")));
	assert_non_null(json_value_at(json_value_find(&value, view_of("a")), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_written_as_they_were_read),
		cmocka_unit_test(what_the_scanner_refuses_is_refused_at_the_same_place),
		cmocka_unit_test(no_beginning_of_a_text_is_read_over_its_end),
		cmocka_unit_test(escapes_are_resolved),
		cmocka_unit_test(of_members_of_one_name_the_last_wins_in_the_place_of_the_first),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(what_is_full_of_commas_needs_little_memory),
		cmocka_unit_test(memory_that_ends_is_an_error),
		cmocka_unit_test(equality_is_that_of_values),
		cmocka_unit_test(readers_take_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
