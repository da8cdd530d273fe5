/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/validate/schema.h"

static struct arena arena;
static struct pattern_scratch *scratch;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)256 << 20);
	scratch = pattern_scratch_new();
	return scratch ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	pattern_scratch_free(scratch);
	arena_fini(&arena);
	return 0;
}

static struct json_value *parsed(struct view text)
{
	struct json_value *value = ARENA_NEW(&arena, struct json_value);

	assert_int_equal(0,
		json_value_parse(&arena, view_from(at_page_end(text.at, text.count), text.count), NULL, value, NULL));
	return value;
}

static struct schema *compiled(const struct json_value *json, schema_resolve_fn *resolve)
{
	struct schema_error error;
	struct schema *schema = NULL;

	if (schema_compile(&arena, json, resolve, NULL, &schema, &error))
		fail_msg("%s: %s", error.place, error.text);
	return schema;
}

/* The list of messages, or "" if it is valid. */
static const char *judged(const struct schema *schema, const struct json_value *value)
{
	struct buffer report;
	int result;

	buffer_init_arena(&report, &arena, 65536);
	result = schema_check(schema, value, &arena, scratch, NULL, &report);
	assert_int_equal(result == 1 ? 0 : 1, report.count > 0);
	assert_int_equal(result, schema_check(schema, value, &arena, scratch, NULL, NULL));
	return buffer_text(&report);
}

static const char *judge(const char *schema_text, const char *body)
{
	struct schema *schema = compiled(parsed(view_from_text(schema_text)), NULL);
	const char *list = judged(schema, parsed(view_from_text(body)));

	schema_fini(schema);
	return list;
}

static void the_vectors_hold(void **state)
{
	size_t count;
	char *text = whole_file("tests/vectors/validation-vectors.json", &count);
	struct json_value *vectors = parsed(view_from(text, count));

	(void)state;
	assert_true(json_value_count(vectors) >= 50);
	for (size_t i = 0; i < json_value_count(vectors); i++) {
		const struct json_value *vector = json_value_at(vectors, i);
		const struct json_value *expected = json_value_find(vector, view_of("validationErrorString"));
		struct schema *schema = compiled(json_value_find(vector, view_of("schema")), NULL);
		const char *list = judged(schema, json_value_find(vector, view_of("body")));
		struct view name = json_value_text(json_value_find(vector, view_of("name")));

		if (json_value_is_text(expected) ? !view_equals_text(json_value_text(expected), list) : *list)
			fail_msg(VIEW_FMT ": %s", VIEW_ARG(name), list);
		schema_fini(schema);
	}
	free(text);
}

/* What the vectors leave out. */
static const struct {
	const char *schema, *body, *list;
} cases[] = {
	{ "{\"properties\":{\"b\":{\"minimum\":5},\"a\":{\"maxLength\":1}}}", "{\"b\":1,\"a\":\"xx\"}",
		"[string \"xx\" is too long (length: 2, maximum allowed: 1), numeric instance is lower than the "
		"required "
		"minimum (minimum: 5, found: 1)]" },
	{ "{\"maximum\":500.0}", "1e3",
		"[numeric instance is greater than the required maximum (maximum: 500.0, found: 1E+3)]" },
	{ "{\"maximum\":5,\"exclusiveMaximum\":true}", "5.0",
		"[numeric instance is not strictly lower than the required maximum 5]" },
	{ "{\"multipleOf\":0.1}", "0.35", "[remainder of division is not zero (0.35 / 0.1)]" },
	{ "{\"items\":[{}],\"additionalItems\":false}", "[1,2]",
		"[schema only allows 1 elements in array but instance has 2 elements]" },
	{ "{\"additionalItems\":false}", "[1,2]", "" },
	{ "{\"items\":[{}],\"additionalItems\":{\"type\":\"null\"}}", "[1,null,2]",
		"[instance type (integer) does not match any allowed primitive type (allowed: [\"null\"])]" },
	{ "{\"additionalProperties\":false,\"properties\":{\"a\":{}}}", "{\"c\":1,\"a\":1,\"b\":1}",
		"[object instance has properties which are not allowed by the schema: [\"b\",\"c\"]]" },
	{ "{\"additionalProperties\":{\"type\":\"null\"},\"properties\":{\"a\":{}}}", "{\"c\":1,\"a\":1}",
		"[instance type (integer) does not match any allowed primitive type (allowed: [\"null\"])]" },
	{ "{\"allOf\":[{\"type\":\"string\"},{\"maximum\":1}]}", "2",
		"[instance failed to match all required schemas (matched only 0 out of 2)]" },
	{ "{\"oneOf\":[{\"type\":\"string\"},{\"maximum\":1}]}", "2",
		"[instance failed to match exactly one schema (matched 0 out of 2)]" },
	{ "{\"enum\":[{\"a\":[1.50,\"\\u0001\\\"\"]},1e3]}", "{\"a\":[1,\"x\"]}",
		"[instance value ({\"a\":[1,\"x\"]}) not found in enum (possible values: "
		"[{\"a\":[1.50,\"\\u0001\\\"\"]},1E+3])]" },
	{ "{\"enum\":[1.0]}", "1", "" },
	{ "{\"enum\":[{\"b\":1,\"a\":2}]}", "{\"a\":2.0,\"b\":1}", "" },
	{ "{\"required\":[\"b\",\"a\",\"b\"],\"properties\":{\"a\":{}}}", "{\"a\":1,\"x\":2}",
		"[object has missing required properties ([\"b\"])]" },
	{ "{\"required\":[]}", "{}", "" },
	{ "{\"dependencies\":{\"z\":[\"c\",\"b\"],\"a\":{\"required\":[\"q\"]},\"y\":[\"z\"]}}",
		"{\"z\":1,\"a\":2,\"c\":3}",
		"[property \"z\" of object has missing property dependencies (schema requires [\"b\",\"c\"]; missing: "
		"[\"b\"]), "
		"object has missing required properties ([\"q\"])]" },
	{ "{\"uniqueItems\":true}",
		"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,{\"a\":1,\"b\":[]},{\"b\":[],\"a\":1.0}]",
		"[array must not contain duplicate elements]" },
	{ "{\"uniqueItems\":true}", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,\"1\",true,[1],{\"a\":1},{\"a\":2}]",
		"" },
	{ "{\"minProperties\":1,\"maxLength\":1,\"minItems\":9,\"maximum\":0,\"pattern\":\"^$\"}", "null", "" },
	{ "{\"format\":\"uuid\"}", "\"x\"", "[input string \"x\" is not a valid UUID]" },
	{ "{\"format\":\"md5\"}", "\"abc\"", "[input string has bad length (3, expected 32)]" },
	{ "{\"format\":\"base64\"}", "\"abc\"", "[input has illegal length (must be a multiple of 4, found 3)]" },
	{ "{\"format\":\"uri\"}", "\"http://a b\"", "[string \"http://a b\" is not a valid URI]" },
	{ "{\"properties\":{\"$ref\":{\"type\":\"string\"}}}", "{\"$ref\":1}",
		"[instance type (integer) does not match any allowed primitive type (allowed: [\"string\"])]" },
	{ "{\"definitions\":{\"a/b\":{\"type\":\"null\"}},\"items\":{\"$ref\":\"#/definitions/"
	  "a~1b\",\"type\":\"string\"}}",
		"[1]", "[instance type (integer) does not match any allowed primitive type (allowed: [\"null\"])]" },
	{ "{\"definitions\":{\"a%b c\":{\"type\":\"null\"}},\"items\":{\"$ref\":\"#/definitions/a%25b%20c\"}}",
		"[null]", "" },
	{ "{\"properties\":{\"next\":{\"$ref\":\"#\"},\"n\":{\"type\":\"integer\"}}}",
		"{\"next\":{\"next\":{\"n\":\"x\"}}}",
		"[instance type (string) does not match any allowed primitive type (allowed: [\"integer\"])]" },
	{ "{\"allOf\":[{\"$ref\":\"#\"}]}", "1", "[the instance takes too much to be checked]" },
	{ "{\"not\":{\"not\":{\"$ref\":\"#\"}}}", "1", "[the instance takes too much to be checked]" },
	{ "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"},{}]}", "1", "[the instance takes too much to be checked]" },
	{ "{\"pattern\":\"^(a+)+$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
		"[the instance takes too much to be checked]" },
	{ "{\"patternProperties\":{\"^b\":{\"type\":\"null\"},\"^a\":{\"minimum\":3},\"a$\":{\"multipleOf\":5}}}",
		"{\"aa\":1,\"b\":1}",
		"[numeric instance is lower than the required minimum (minimum: 3, found: 1), remainder of division is "
		"not zero "
		"(1 / 5), instance type (integer) does not match any allowed primitive type (allowed: [\"null\"])]" },
};

static void messages_are_those_of_the_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(cases[i].list, judge(cases[i].schema, cases[i].body));
}

static void what_is_no_schema_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *schema, *place;
		int error;
	} bad[] = {
		{ "[]", "#", -EINVAL },
		{ "{\"properties\":{\"a\":{\"type\":\"text\"}}}", "#/properties/a", -EINVAL },
		{ "{\"items\":{\"type\":[\"null\",1]}}", "#/items", -EINVAL },
		{ "{\"required\":true}", "#", -EINVAL },
		{ "{\"minLength\":-1}", "#", -EINVAL },
		{ "{\"minLength\":1.5}", "#", -EINVAL },
		{ "{\"multipleOf\":0}", "#", -EINVAL },
		{ "{\"multipleOf\":1.23456789012345678901234567890123456789}", "#", -EMSGSIZE },
		{ "{\"pattern\":\"(\"}", "#", -EINVAL },
		{ "{\"exclusiveMinimum\":3,\"minimum\":1}", "#", -EINVAL },
		{ "{\"anyOf\":[{},3]}", "#/anyOf/1", -EINVAL },
		{ "{\"enum\":[]}", "#", -EINVAL },
		{ "{\"dependencies\":{\"a\":\"b\"}}", "#", -EINVAL },
		{ "{\"not\":{\"$ref\":\"#/definitions/x\"}}", "#/not", -EINVAL },
		{ "{\"items\":{\"$ref\":\"https://elsewhere/x\"}}", "#/items", -EINVAL },
		{ "{\"$ref\":\"#\"}", "#", -EINVAL },
		{ "{\"definitions\":{\"a\":{\"$ref\":\"#/definitions/b\"},\"b\":{\"$ref\":\"#/definitions/a\"}},"
		  "\"not\":{\"$ref\":\"#/definitions/a\"}}",
			"#/not", -EINVAL },
		{ "{\"uniqueItems\":1}", "#", -EINVAL },
		{ "{\"additionalProperties\":1}", "#", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct schema *schema = NULL;
		struct schema_error error;

		assert_int_equal(bad[i].error,
			schema_compile(&arena, parsed(view_from_text(bad[i].schema)), NULL, NULL, &schema, &error));
		assert_string_equal(bad[i].place, error.place);
		assert_true(error.text[0] != '\0');
		assert_null(schema);
	}
}

static const struct json_value *find_model(void *context, struct view url)
{
	static const struct json_value *pet, *owner;

	(void)context;
	if (!pet) {
		pet = parsed(view_of(
			"{\"type\":\"object\",\"properties\":{\"owner\":{\"$ref\":\"https://m/Owner\"},"
			"\"tag\":{\"$ref\":\"#/definitions/tag\"}},\"definitions\":{\"tag\":{\"maxLength\":3}}}"));
		owner = parsed(view_of("{\"properties\":{\"pets\":{\"items\":{\"$ref\":\"https://m/Pet#\"}},"
				       "\"age\":{\"type\":\"integer\"}}}"));
	}
	if (view_equals_text(url, "https://m/Pet"))
		return pet;
	return view_equals_text(url, "https://m/Owner") ? owner : NULL;
}

static void models_refer_to_each_other(void **state)
{
	struct schema *schema = compiled(parsed(view_of("{\"items\":{\"$ref\":\"https://m/Pet\"}}")), find_model);

	(void)state;
	assert_string_equal(
		"", judged(schema, parsed(view_of("[{\"owner\":{\"pets\":[{\"tag\":\"abc\"}],\"age\":3}}]"))));
	assert_string_equal("[string \"abcd\" is too long (length: 4, maximum allowed: 3)]",
		judged(schema, parsed(view_of("[{\"owner\":{\"pets\":[{\"tag\":\"abcd\"}],\"age\":3}}]"))));
	schema_fini(schema);
}

static void limits_hold(void **state)
{
	static const struct schema_limits tight = { .max_depth = 2, .max_steps = 20, .max_report_bytes = 70 };
	struct schema *schema =
		compiled(parsed(view_of("{\"items\":{\"$ref\":\"#\"},\"pattern\":\"^[a-z]*$\",\"minimum\":0}")), NULL);
	struct buffer report;
	char deep[2 * SCHEMA_MAX_DEPTH + 2];

	(void)state;
	buffer_init_arena(&report, &arena, 65536);
	assert_int_equal(1, schema_check(schema, parsed(view_of("[[1]]")), &arena, scratch, &tight, &report));
	assert_int_equal(0, schema_check(schema, parsed(view_of("[[[1]]]")), &arena, scratch, &tight, &report));
	assert_string_equal("[the instance takes too much to be checked]", buffer_text(&report));
	assert_int_equal(0, schema_check(schema, parsed(view_of("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]")), &arena,
				    scratch, &tight, NULL));
	buffer_reset(&report);
	assert_int_equal(0, schema_check(schema, parsed(view_of("[\"A\",\"B\"]")), &arena, scratch, &tight, &report));
	assert_string_equal("[ECMA 262 regex \"^[a-z]*$\" does not match input string \"A\"]", buffer_text(&report));
	buffer_reset(&report);
	assert_int_equal(0, schema_check(schema, parsed(view_of("[\"AAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"B\"]")), &arena,
				    scratch, &tight, &report));
	assert_string_equal("[the messages are too long]", buffer_text(&report));
	memset(deep, '[', sizeof deep / 2);
	memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
	assert_int_equal(0, schema_check(schema, parsed(view_from(deep, sizeof deep)), &arena, scratch, NULL, NULL));
	assert_int_equal(
		1, schema_check(schema, parsed(view_from(deep + 1, sizeof deep - 2)), &arena, scratch, NULL, NULL));
	schema_fini(schema);
}

/* Of an object with so many members, whose names are the letter so often and a number behind. */
static const struct json_value *members(size_t count, int letters)
{
	char letter[64] = "";
	struct buffer text;

	memset(letter, 'a', (size_t)letters);
	buffer_init_arena(&text, &arena, (size_t)16 << 20);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&text, "%c\"%s%zu\":1", i ? ',' : '{', letter, i);
	buffer_append_byte(&text, '}');
	return parsed(buffer_view(&text));
}

/* What takes long for each member, and what takes long because there are many patterns. */
static void regular_expressions_share_a_time(void **state)
{
	struct buffer many;
	struct {
		struct view schema;
		const struct json_value *value;
	} heavy[2];

	(void)state;
	buffer_init_arena(&many, &arena, (size_t)1 << 20);
	for (size_t i = 0; i < 500; i++)
		buffer_printf(&many, "%s\"^b%zu\":{}", i ? "," : "{\"patternProperties\":{", i);
	buffer_append_text(&many, "}}");
	heavy[0].schema = view_of("{\"patternProperties\":{\"^(a+)+$\":{}}}");
	heavy[0].value = members(20000, 14);
	heavy[1].schema = buffer_view(&many);
	heavy[1].value = members(30000, 1);
	for (size_t i = 0; i < 2; i++) {
		struct schema *schema = compiled(parsed(heavy[i].schema), NULL);
		uint64_t start_ns = clock_thread_ns();
		struct buffer report;

		buffer_init_arena(&report, &arena, 65536);
		assert_int_equal(0, schema_check(schema, heavy[i].value, &arena, scratch, NULL, &report));
		assert_string_equal("[the instance takes too much to be checked]", buffer_text(&report));
		assert_in_range(clock_thread_ns() - start_ns, 0, 2 * PATTERN_BUDGET_NS);
		schema_fini(schema);
	}
}

static void a_long_chain_of_definitions_takes_no_stack(void **state)
{
	struct buffer text;
	struct schema *schema;

	(void)state;
	buffer_init_arena(&text, &arena, (size_t)8 << 20);
	buffer_append_text(&text, "{\"$ref\":\"#/definitions/d0\",\"definitions\":{");
	for (size_t i = 0; i < 5000; i++)
		buffer_printf(&text, "\"d%zu\":{\"items\":{\"$ref\":\"#/definitions/d%zu\"}},", i, i + 1);
	buffer_append_text(&text, "\"d5000\":{}}}");
	schema = compiled(parsed(buffer_view(&text)), NULL);
	assert_string_equal("", judged(schema, parsed(view_of("[[[1]]]"))));
	schema_fini(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_hold),
		cmocka_unit_test(messages_are_those_of_the_library),
		cmocka_unit_test(what_is_no_schema_is_refused_with_its_place),
		cmocka_unit_test(models_refer_to_each_other),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(regular_expressions_share_a_time),
		cmocka_unit_test(a_long_chain_of_definitions_takes_no_stack),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
