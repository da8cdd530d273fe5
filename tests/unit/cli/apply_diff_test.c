/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/apply_diff: what counts as a difference between definitions, how it is told, and what is never told. */
#include "tests/unit/support.h"

#include "appliance/cli/apply_diff.h"

static struct json *parsed(const char *text)
{
	struct json *value = NULL;

	assert_int_equal(0, json_parse(view_from_text(text), NULL, &value, NULL));
	return value;
}

/* The lines on how one definition becomes another, joined by "\n". */
static const char *difference(const char *before, const char *after)
{
	static char room[8192];
	struct json *old JSON_CLEANUP = before ? parsed(before) : NULL, *new JSON_CLEANUP = parsed(after);
	struct json *old_facts JSON_CLEANUP = apply_facts(old), *new_facts JSON_CLEANUP = apply_facts(new),
			       *lines JSON_CLEANUP = json_array_new();
	struct buffer buffer;

	apply_diff_facts(old_facts, new_facts, lines);
	buffer_init_fixed(&buffer, room, sizeof room);
	JSON_EACH(line, lines)
	buffer_printf(&buffer, "%s" VIEW_FMT, buffer.count ? "\n" : "", VIEW_ARG(json_text(line)));
	return buffer.count ? buffer_text(&buffer) : "";
}

#define DEFINITION(api, id, method, rest)                                                                              \
	"{\"restApi\":{\"id\":\"a\",\"name\":\"n\"" api "},\"resources\":[{\"id\":\"" id                               \
	"\",\"path\":\"/pets\",\"pathPart\":\"pets\",\"resourceMethods\":{\"GET\":{\"httpMethod\":\"GET\"" method      \
	"}}}]" rest "}"

static void what_means_the_same_is_no_difference(void **state)
{
	static const char *const rows[][2] = {
		{ DEFINITION("", "one", "", ""), DEFINITION("", "two", "", "") },
		/* When, by which id, and the cache's default name are no matter. */
		{ DEFINITION(",\"createdDate\":1", "one",
			  ",\"methodIntegration\":{\"type\":\"MOCK\",\"cacheNamespace\":\"one\"}", ""),
			DEFINITION(",\"createdDate\":2", "two",
				",\"methodIntegration\":{\"cacheNamespace\":\"two\",\"type\":\"MOCK\"}", "") },
		{ DEFINITION("", "r", ",\"authorizerId\":\"x\"", ",\"authorizers\":[{\"id\":\"x\",\"name\":\"auth\"}]"),
			DEFINITION("", "r", ",\"authorizerId\":\"y\"",
				",\"authorizers\":[{\"id\":\"y\",\"name\":\"auth\"}]") },
		{ DEFINITION("", "r", "", ",\"models\":[{\"name\":\"M\",\"schema\":\"{\\\"a\\\": 1, \\\"b\\\": 2}\"}]"),
			DEFINITION("", "r", "",
				",\"models\":[{\"name\":\"M\",\"schema\":\"{\\\"b\\\":2,\\\"a\\\":1}\"}]") },
		{ DEFINITION(",\"endpointConfiguration\":{\"vpcEndpointIds\":[\"a\",\"b\"]}", "r", "", ""),
			DEFINITION(",\"endpointConfiguration\":{\"vpcEndpointIds\":[\"b\",\"a\"]}", "r", "", "") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal("", difference(rows[i][0], rows[i][1]));
}

static void a_difference_is_told_by_name(void **state)
{
	static const struct {
		const char *before, *after, *expected;
	} rows[] = {
		{ NULL, DEFINITION("", "r", ",\"methodIntegration\":{\"type\":\"HTTP\",\"uri\":\"http://b/\"}", ""),
			"+ settings\n+ GET /pets  HTTP \"http://b/\"" },
		{ DEFINITION("", "r", ",\"apiKeyRequired\":false", ""),
			DEFINITION("", "r", ",\"apiKeyRequired\":true", ""),
			"~ GET /pets\n    apiKeyRequired: false -> true" },
		{ DEFINITION("", "r", ",\"methodIntegration\":{\"type\":\"MOCK\"}", ""), DEFINITION("", "r", "", ""),
			"~ GET /pets\n    methodIntegration: {\"type\":\"MOCK\"} -> (none)" },
		{ DEFINITION("", "r", "", ",\"models\":[{\"name\":\"M\",\"schema\":\"{}\"}]"),
			DEFINITION("", "r", "", ""), "- model M" },
		{ DEFINITION("", "r", "", ""),
			DEFINITION("", "r", "",
				",\"gatewayResponses\":[{\"responseType\":\"DEFAULT_4XX\",\"statusCode\":\"404\"}]"),
			"+ gateway response DEFAULT_4XX" },
		{ DEFINITION(",\"description\":\"a\"", "r", "", ""), DEFINITION(",\"description\":\"b\"", "r", "", ""),
			"~ settings\n    description: \"a\" -> \"b\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(rows[i].expected, difference(rows[i].before, rows[i].after));
}

static void secrets_are_not_told(void **state)
{
	const char *told = difference(
		DEFINITION("", "r",
			",\"requestParameters\":{\"integration.request.header.Authorization\":\"'Bearer abcdefghij'\"}",
			""),
		DEFINITION("", "r",
			",\"requestParameters\":{\"integration.request.header.Authorization\":\"'Bearer klmnopqrst'\"}",
			""));

	(void)state;
	assert_non_null(strstr(told, "integration.request.header.Authorization: "));
	assert_null(strstr(told, "abcdefghij"));
	assert_null(strstr(told, "klmnopqrst"));
	told = difference(DEFINITION("", "r", ",\"authorizationType\":\"NONE\"", ""),
		DEFINITION("", "r", ",\"authorizationType\":\"AWS_IAM\"", ""));
	assert_string_equal("~ GET /pets\n    authorizationType: \"NONE\" -> \"AWS_IAM\"", told);
}

static void a_long_value_is_cut_where_it_differs(void **state)
{
	struct json *lines JSON_CLEANUP = json_array_new(), *before, *after;
	char text[2000];
	struct view line;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	before = json_text_new_c(text);
	text[1500] = 'y';
	after = json_text_new_c(text);
	apply_diff_value("template", before, after, lines);
	line = json_text(json_at(lines, 0));
	assert_true(line.count < 3 * APPLY_VALUE_MAX_BYTES);
	assert_true(view_find_byte(line, 'y') != VIEW_NOWHERE);
	json_free(before);
	json_free(after);
}

static void statements_are_compared_by_what_they_say(void **state)
{
	struct json *lines JSON_CLEANUP = json_array_new();

	(void)state;
	apply_diff_policies(view_of("{\"Statement\":[{\"Sid\":\"a\",\"Effect\":\"Allow\"},{\"Sid\":\"b\"}]}"),
		view_of("{\"Statement\":[{\"Sid\":\"c\"},{\"Effect\":\"Allow\",\"Sid\":\"a\"}]}"), lines);
	assert_int_equal(2, json_count(lines));
	assert_true(view_equals_text(json_text(json_at(lines, 0)), "- policy statement {\"Sid\":\"b\"}"));
	assert_true(view_equals_text(json_text(json_at(lines, 1)), "+ policy statement {\"Sid\":\"c\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_means_the_same_is_no_difference),
		cmocka_unit_test(a_difference_is_told_by_name),
		cmocka_unit_test(secrets_are_not_told),
		cmocka_unit_test(a_long_value_is_cut_where_it_differs),
		cmocka_unit_test(statements_are_compared_by_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
