/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/yaml.h"

static int parse(const char *text, struct json **ret, struct json_error *error)
{
	return yaml_parse(view_from(at_page_end(text, strlen(text)), strlen(text)), NULL, ret, error);
}

static void documents_become_the_tree_that_json_would(void **state)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{ "", "null" },
		{ "# nothing\n", "null" },
		{ "a: 1\nb:\n  - x\n  - {c: [~, true, False]}\n", "{\"a\":1,\"b\":[\"x\",{\"c\":[null,true,false]}]}" },
		{ "200: ok\n'x': \"y\\n\"\n", "{\"200\":\"ok\",\"x\":\"y\\n\"}" },
		{ "[yes, no, on, off, null, Null, nUll, '', \"1\", ]",
			"[\"yes\",\"no\",\"on\",\"off\",null,null,\"nUll\",\"\",\"1\"]" },
		{ "[0x1F, 0o17, 017, +5, -0, 1., .5, 1e3, -1.5E+2, 1_000, 0x, 1e, ., +.]",
			"[31,15,17,5,-0,1,0.5,1e3,-1.5E+2,\"1_000\",\"0x\",\"1e\",\".\",\"+.\"]" },
		{ "a: |\n  two\n  lines\nb: >-\n  one\n  line\n", "{\"a\":\"two\\nlines\\n\",\"b\":\"one line\"}" },
		{ "[!!str 1, !!int \"7\", !!float 1.5, ! 5, !!null ~]", "[\"1\",7,1.5,\"5\",null]" },
		{ "account: 000000000000\nt: 12:30\nd: 2015-03-30\n",
			"{\"account\":0,\"t\":\"12:30\",\"d\":\"2015-03-30\"}" },
		{ "{\"json\": [1, {\"too\": \"\\u0041\"}]}", "{\"json\":[1,{\"too\":\"A\"}]}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json *value = NULL;
		struct json_error error;
		char *text;

		if (parse(cases[i].yaml, &value, &error) != 0)
			fail_msg("%s: %s", cases[i].yaml, error.rule);
		text = json_print_text(value);
		assert_string_equal(cases[i].json, text);
		free(text);
		json_free(value);
	}
}

static void what_is_not_allowed_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *yaml;
		int error;
		uint32_t line, column;
	} cases[] = {
		{ "a: 1\na: 2\n", -EEXIST, 2, 1 },
		{ "a: &x 1\nb: 2\n", -EBADMSG, 1, 4 },
		{ "a: 1\nb: *x\n", -EBADMSG, 2, 4 },
		{ "[&x [*x]]", -EBADMSG, 1, 2 },
		{ "? [a]\n: 1\n", -EBADMSG, 1, 3 },
		{ "a: 1\n---\nb: 2\n", -EBADMSG, 2, 1 },
		{ "a: !ruby/object x\n", -EBADMSG, 1, 4 },
		{ "a: !!int x\n", -EBADMSG, 1, 4 },
		{ "<<: {a: 1}\n", -EBADMSG, 1, 1 },
		{ "a: .inf\n", -EBADMSG, 1, 4 },
		{ "a: [1\n", -EBADMSG, 2, 1 },
		{ "a: b: c\n", -EBADMSG, 1, 5 },
		{ "a: \"\x01\"\n", -EBADMSG, 1, 1 },
		{ "a: \xff\n", -EBADMSG, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json *value = NULL;
		struct json_error error;

		assert_int_equal(cases[i].error, parse(cases[i].yaml, &value, &error));
		assert_null(value);
		assert_non_null(error.rule);
		if (error.line != cases[i].line || error.column != cases[i].column)
			fail_msg("%s at %u:%u: %s", cases[i].yaml, error.line, error.column, error.rule);
	}
}

static void depth_size_and_count_are_bounded(void **state)
{
	const struct json_limits limits = { .max_bytes = 20, .max_depth = 2, .max_values = 4 };
	struct json *value = NULL;
	char deep[1000];

	(void)state;
	assert_int_equal(-EMSGSIZE, yaml_parse(view_of("[[[1]]]"), &limits, &value, NULL));
	assert_int_equal(-EMSGSIZE, yaml_parse(view_of("[1,2,3,4]"), &limits, &value, NULL));
	assert_int_equal(-EMSGSIZE, yaml_parse(view_of("aaaaaaaaaaaaaaaaaaaaaaa"), &limits, &value, NULL));
	memset(deep, '[', sizeof deep);
	assert_true(yaml_parse(view_from(deep, sizeof deep), NULL, &value, NULL) < 0);
}

static void every_beginning_is_judged_without_harm(void **state)
{
	static const char text[] = "openapi: 3.0.1\npaths:\n  /pets:\n    get: {responses: {'200': {description: "
				   "\"a\\tb\"}}}\n    x: |\n      y\n";

	(void)state;
	for (size_t count = 0; count < sizeof text; count++) {
		struct json *value = NULL;

		if (yaml_parse(view_from(at_page_end(text, count), count), NULL, &value, NULL) == 0)
			json_free(value);
	}
}

static void assert_printed(const struct json *value, const char *expected)
{
	struct json *again = NULL;
	struct json_error error;
	struct buffer text;

	buffer_init(&text, 1 << 20);
	assert_int_equal(0, yaml_print(value, &text));
	assert_int_equal(0, buffer_error(&text));
	if (expected)
		assert_string_equal(expected, buffer_text(&text));
	if (yaml_parse(buffer_view(&text), NULL, &again, &error) != 0)
		fail_msg("%s: %u:%u: %s", buffer_text(&text), error.line, error.column, error.rule);
	if (!json_equals(value, again))
		fail_msg("%s", buffer_text(&text));
	json_free(again);
	buffer_fini(&text);
}

static void a_tree_is_printed_as_yaml_and_read_again(void **state)
{
	static const struct {
		const char *json, *yaml;
	} cases[] = {
		{ "null", "null\n" },
		{ "\"\"", "\"\"\n" },
		{ "{}", "{}\n" },
		{ "[]", "[]\n" },
		{ "{\"a\":1,\"b\":[\"x\",{\"c\":[null,true,false]}],\"d\":{},\"e\":[]}",
			"a: 1\nb:\n- \"x\"\n- c:\n  - null\n  - true\n  - false\nd: {}\ne: []\n" },
		{ "{\"200\":\"200\",\"no\":\"yes\",\"/pets/{id}\":\"~\",\"$ref\":\"#/a\"}",
			"\"200\": \"200\"\n\"no\": \"yes\"\n/pets/{id}: \"~\"\n$ref: \"#/a\"\n" },
		{ "[1e3,-1.5E+2,0.5,0,-0,123456789012345678901234567890]", NULL },
		{ "[\"null\",\"true\",\"1\",\"0x1f\",\".inf\",\"2015-03-30\",\"1:30\",\"<<\",\"- a\",\"a: b\",\"a "
		  "#b\"]",
			NULL },
		{ "{\"\":1,\"~\":2,\"<<\":3,\"a: b\":4,\" a \":5,\"- \":6,\"?\":7,\"#\":8,\"1.5\":9,\"=\":10,\"é\":11}",
			NULL },
		{ "[\"two\\nlines\\n\",\"\\ttab \",\" \\u0001\\u007f\\u0085\\u2028\\ufeff\",\"\\\\ \\\" '\",\"é 中 "
		  "😀\"]",
			NULL },
	};
	char long_name[5000];
	struct json *value;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(0, json_parse(view_from_text(cases[i].json), NULL, &value, NULL));
		assert_printed(value, cases[i].yaml);
		json_free(value);
	}
	for (size_t count = 1; count < sizeof long_name; count = 2 * count + 1) {
		memset(long_name, 'a', count);
		long_name[count / 2] = ' ';
		value = json_object_new();
		json_set_view(value, view_from(long_name, count), json_text_new(view_from(long_name, count)));
		assert_printed(value, NULL);
		json_free(value);
	}
}

static void the_deepest_tree_is_printed_and_no_more_than_fits(void **state)
{
	char deep[2 * JSON_MAX_DEPTH];
	struct json *value;
	struct buffer text;

	(void)state;
	memset(deep, '[', JSON_MAX_DEPTH);
	memset(deep + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(0, json_parse(view_from(deep, sizeof deep), NULL, &value, NULL));
	assert_printed(value, NULL);
	buffer_init(&text, 1);
	assert_int_equal(0, yaml_print(value, &text));
	assert_int_equal(-EMSGSIZE, buffer_error(&text));
	buffer_fini(&text);
	json_free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_become_the_tree_that_json_would),
		cmocka_unit_test(what_is_not_allowed_is_refused_with_its_place),
		cmocka_unit_test(depth_size_and_count_are_bounded),
		cmocka_unit_test(every_beginning_is_judged_without_harm),
		cmocka_unit_test(a_tree_is_printed_as_yaml_and_read_again),
		cmocka_unit_test(the_deepest_tree_is_printed_and_no_more_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
