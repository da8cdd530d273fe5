/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree and the writer. What is JSON and what is not: json_scanner_test.c. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json.h"
#include "appliance/base/json_writer.h"

static struct json *parsed(const char *text)
{
	struct json *value = NULL;

	assert_int_equal(0, json_parse(view_from(at_page_end(text, strlen(text)), strlen(text)), NULL, &value, NULL));
	return value;
}

static void assert_prints(const char *expected, const struct json *value)
{
	char *text = json_print_text(value);

	assert_string_equal(expected, text);
	free(text);
}

static void what_is_parsed_prints_the_same(void **state)
{
	static const char *const texts[] = { "null", "true", "false", "\"\"", "0", "-0.50e+10", "1e400",
		"12345678901234567890123", "[]", "{}", "[1,[2,[3,{}]],\"x\"]", "{\"b\":1,\"a\":{\"c\":[null]}}",
		"\"\xf0\x9f\x98\x80\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\"", "\"a\\u0000b\"", "{\"\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct json *value = parsed(texts[i]), *copy = json_copy(value);

		assert_prints(texts[i], value);
		assert_prints(texts[i], copy);
		assert_true(json_equals(value, copy));
		json_free(value);
		json_free(copy);
	}
}

static void readers_forgive_and_find(void **state)
{
	struct json *value = parsed("{\n  \"name\": \"pets\", \"n\": 1.20e1, \"deep\": {\"er\": [true, \"\\u0061\"]}}");
	int64_t number;

	(void)state;
	assert_true(view_equals_text(json_find_text(value, "name"), "pets"));
	assert_string_equal("pets", json_find_c_string(value, "name"));
	assert_null(json_find_text(value, "n").at);
	assert_null(json_find(json_find(value, "name"), "x"));
	assert_int_equal(12, json_find_integer(value, "n", 0));
	assert_int_equal(5, json_find_integer(value, "absent", 5));
	assert_true(view_equals_text(json_text(json_at(json_find_path(value, "deep", "er", NULL), 1)), "a"));
	assert_true(json_bool(json_at(json_find_path(value, "deep", "er", NULL), 0), false));
	assert_null(json_find_path(value, "deep", "no", "er", NULL));
	assert_int_equal(2, json_line(json_find(value, "name")));
	assert_int_equal(11, json_column(json_find(value, "name")));
	assert_int_equal(0, json_count(NULL));
	assert_int_equal(-EINVAL, json_integer(NULL, 0, 1, &number));
	json_free(value);
}

static void integers_are_what_they_mean(void **state)
{
	static const struct {
		const char *text;
		int error;
		int64_t number;
	} cases[] = { { "0", 0, 0 }, { "-0", 0, 0 }, { "1.0", 0, 1 }, { "1e3", 0, 1000 }, { "1200e-2", 0, 12 },
		{ "0.5e1", 0, 5 }, { "1.5", -EINVAL, 0 }, { "1e-1", -EINVAL, 0 }, { "0e999999999999", 0, 0 },
		{ "1e999999999999", -ERANGE, 0 }, { "1e-999999999999", -EINVAL, 0 },
		{ "9223372036854775807", 0, INT64_MAX }, { "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -ERANGE, 0 }, { "100000000000000000000e-2", 0, 1000000000000000000 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json *value = json_number_new(view_from_text(cases[i].text));
		int64_t number = 0;

		assert_int_equal(cases[i].error, json_integer(value, INT64_MIN, INT64_MAX, &number));
		assert_true(number == cases[i].number || cases[i].error);
		json_free(value);
	}
}

static void trees_are_built_and_changed(void **state)
{
	struct json *object = json_object_new(), *taken;

	(void)state;
	json_set_c_string(object, "a", "x");
	json_set_integer(object, "b", -5);
	json_set_bool(object, "c", true);
	json_set_c_string(object, "none", NULL);
	json_set(object, "b", json_null_new()); /* keeps its place */
	json_append_text(json_ensure_array(object, "list"), view_of("1"));
	json_append(json_ensure_array(object, "list"), json_integer_new(2));
	json_insert(json_find(object, "list"), 0, json_text_new_printf("%d", 0));
	json_set_integer(json_ensure_object(object, "o"), "k", INT64_MIN);
	assert_prints("{\"a\":\"x\",\"b\":null,\"c\":true,\"list\":[\"0\",\"1\",2],\"o\":{\"k\":-9223372036854775808}}",
		object);
	taken = json_take(object, "list");
	assert_null(json_parent(taken));
	assert_true(json_remove_at(taken, 1));
	assert_false(json_remove(object, "list"));
	json_set(object, "o", taken);
	json_set(object, "a", NULL);
	assert_prints("{\"b\":null,\"c\":true,\"o\":[\"0\",2]}", object);
	json_merge(object, json_find(object, "absent"));
	json_free(object);
}

static void equality_ignores_the_order_of_members(void **state)
{
	struct json *a = parsed("{\"x\":1,\"y\":[1,2]}"), *b = parsed("{\"y\":[1,2],\"x\":1}"),
		    *c = parsed("{\"y\":[2,1],\"x\":1}");
	int count = 0;

	(void)state;
	assert_true(json_equals(a, b));
	assert_false(json_equals(b, c));
	JSON_EACH(member, a)
	{
		count++;
		if (view_equals_text(json_name(member), "x"))
			break;
	}
	assert_int_equal(1, count);
	json_free(a);
	json_free(b);
	json_free(c);
}

static void the_writer_makes_json_of_any_bytes(void **state)
{
	struct json_writer writer;
	struct buffer buffer;
	struct json *value;
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	buffer_init(&buffer, 10000);
	json_writer_init(&writer, &buffer);
	json_write_object_begin(&writer);
	json_write_member_text(&writer, "bytes", view_from(at_page_end(bytes, 256), 256));
	json_write_name(&writer, view_of("list"));
	json_write_array_begin(&writer);
	json_write_integer(&writer, INT64_MIN);
	json_write_unsigned(&writer, UINT64_MAX);
	json_write_null(&writer);
	json_write_object_begin(&writer);
	json_write_object_end(&writer);
	json_write_array_end(&writer);
	json_write_member_bool(&writer, "end", true);
	json_write_object_end(&writer);
	value = parsed(buffer_text(&buffer));
	assert_int_equal(3, json_count(value));
	assert_int_equal(4, json_count(json_find(value, "list")));
	assert_int_equal(128 + 128 * 3, json_find_text(value, "bytes").count);
	json_free(value);
	buffer_fini(&buffer);
}

static void pretty_printing_is_readable(void **state)
{
	struct json *value = parsed("{\"a\":[1,{}],\"b\":[]}");
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 1000);
	json_print_pretty(value, &buffer);
	assert_string_equal("{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}", buffer_text(&buffer));
	buffer_fini(&buffer);
	json_free(value);
}

static void a_fixed_tree_reads_as_any(void **state)
{
	struct view text = view_of(
		"{\"a name that is longer than most\":[1,2.50,\"t\\u00e9xt\",true,null,{}],\"b\":{\"c\":\"d\"}}");
	struct json *fixed, *loose, *array, *copy;

	(void)state;
	assert_int_equal(0, json_parse_fixed(text, NULL, &fixed, NULL));
	assert_int_equal(0, json_parse(text, NULL, &loose, NULL));
	assert_true(json_equals(fixed, loose));
	assert_string_equal("d", json_c_string(json_find_path(fixed, "b", "c", NULL)));
	/* Nothing of a copy is fixed; a whole tree may be put into a list. */
	copy = json_copy(fixed);
	json_set_c_string(json_find(copy, "b"), "c", "e");
	assert_false(json_equals(copy, loose));
	array = json_array_new();
	json_append(array, fixed);
	json_append(array, copy);
	assert_int_equal(2, json_count(array));
	json_free(array);
	json_free(loose);
	for (size_t count = 0; count < text.count; count++)
		assert_int_equal(-EBADMSG, json_parse_fixed(view_part(text, 0, count), NULL, &fixed, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_tree_reads_as_any),
		cmocka_unit_test(what_is_parsed_prints_the_same),
		cmocka_unit_test(readers_forgive_and_find),
		cmocka_unit_test(integers_are_what_they_mean),
		cmocka_unit_test(trees_are_built_and_changed),
		cmocka_unit_test(equality_ignores_the_order_of_members),
		cmocka_unit_test(the_writer_makes_json_of_any_bytes),
		cmocka_unit_test(pretty_printing_is_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
