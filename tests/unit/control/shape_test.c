/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/shape and control/operations: recorded messages, and that every row of the table can be reached. */
#include "tests/unit/support.h"

#include "appliance/control/dialect.h"
#include "appliance/control/operations.h"
#include "appliance/control/shapes.h"

static struct json *parsed(const char *text)
{
	struct json *value = NULL;

	assert_int_equal(0, json_parse(view_from_text(text), NULL, &value, NULL));
	return value;
}

static void assert_judged(const char *operation, const char *input, enum shape_failure wanted, const char *message)
{
	const struct operation *row = operation_find(SERVICE_apigateway, view_from_text(operation));
	struct json JSON_CLEANUP *tree = parsed(input);
	struct buffer buffer;

	assert_non_null(row);
	buffer_init(&buffer, SHAPE_MESSAGE_MAX_BYTES);
	assert_int_equal(wanted, shape_check(row->shape, tree, row->name, SHAPE_STYLE_REST_JSON, &buffer));
	assert_string_equal(message, buffer.count ? buffer_text(&buffer) : "");
	buffer_fini(&buffer);
}

static void recorded_violations_are_reproduced(void **state)
{
	(void)state;
	assert_judged("CreateRestApi",
		"{\"name\":\"x\",\"endpointConfiguration\":{\"ipAddressType\":\"wrong\",\"types\":[\"wrong\"]}}",
		SHAPE_VIOLATED,
		"2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' "
		"failed to satisfy "
		"constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, "
		"REGIONAL]]; Value 'wrong' "
		"at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must "
		"satisfy enum value "
		"set: [ipv4, dualstack]");
	assert_judged("UpdateMethodResponse",
		"{\"restApiId\":\"a\",\"resourceId\":\"b\",\"httpMethod\":\"GET\",\"statusCode\":\"wrong\","
		"\"patchOperations\":[{\"op\":\"add\"},"
		"{\"op\":\"wrong_op\"}]}",
		SHAPE_VIOLATED,
		"2 validation errors detected: Value 'wrong_op' at "
		"'updateMethodResponseInput.patchOperations.2.member.op' failed to satisfy "
		"constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]; Value "
		"'wrong' at 'statusCode' "
		"failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d");
	assert_judged("CreateRestApi", "{}", SHAPE_VIOLATED,
		"1 validation error detected: Value null at 'createRestApiInput.name' failed to satisfy constraint: "
		"Member must not be null");
}

static void wrong_types_are_serialization_failures(void **state)
{
	(void)state;
	assert_judged("CreateRestApi", "{\"name\":true}", SHAPE_WRONG_TYPE,
		"class java.lang.Boolean can not be converted to an String");
	assert_judged("CreateRestApi", "{\"name\":1.5}", SHAPE_WRONG_TYPE,
		"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String");
	assert_judged("CreateRestApi", "{\"name\":\"a\",\"binaryMediaTypes\":\"x\"}", SHAPE_WRONG_TYPE,
		"Expected list or null");
	assert_judged("CreateRestApi", "{\"name\":\"a\",\"tags\":{\"k\":5}}", SHAPE_WRONG_TYPE,
		"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String");
	assert_judged("CreateRestApi", "{\"name\":\"a\",\"tags\":null}", SHAPE_FITS, "");
}

/* A shape with every kind of constraint: operations have few of them so far, and their messages must be right all the same. */
static const struct shape_member item_members[] = { { .name = "kind", .enumeration = "A, B" },
	{ .name = "count", .type = SHAPE_INTEGER, .min = 1, .max = 9 } };
static const struct shape item_shape = { SHAPE_MEMBERS(item_members) };
static const struct shape texts_shape = { .type = SHAPE_LIST };
static const struct shape_member sample_members[] = {
	{ .name = "name", .min_length = 2, .max_length = 3 },
	{ .name = "limit", .place = SHAPE_QUERY, .type = SHAPE_INTEGER, .min = 1, .max = 500 },
	{ .name = "items", .type = SHAPE_LIST, .of = &item_shape, .max_length = 2 },
	{ .name = "fields", .type = SHAPE_MAP, .of = &texts_shape },
	{ .name = "texts", .type = SHAPE_LIST, .min_length = 1 },
	{ .name = "rate", .type = SHAPE_NUMBER },
	{ .name = "struct", .type = SHAPE_STRUCT, .of = &item_shape },
	{ .name = "truth", .type = SHAPE_BOOL },
};
static const struct shape sample_shape = { SHAPE_MEMBERS(sample_members) };

#define AT(value, path) "Value " value " at '" path "' failed to satisfy constraint: Member must "
#define ONE "1 validation error detected: "

static void every_constraint_has_its_words(void **state)
{
	static const struct {
		const char *input;
		enum shape_failure failure;
		const char *message;
	} cases[] = {
		{ "{\"name\":\"\u00e4\u00f6\u00fc\",\"limit\":500,\"items\":[{\"kind\":\"A\",\"count\":1}],\"texts\":["
		  "\"x\"]}",
			SHAPE_FITS, "" },
		{ "{\"name\":\"x\"}", SHAPE_VIOLATED,
			ONE AT("'x'", "sampleInput.name") "have length greater than or equal to 2" },
		{ "{\"name\":\"xxxx\"}", SHAPE_VIOLATED,
			ONE AT("'xxxx'", "sampleInput.name") "have length less than or equal to 3" },
		{ "{\"limit\":0}", SHAPE_VIOLATED, ONE AT("'0'", "limit") "have value greater than or equal to 1" },
		{ "{\"limit\":501}", SHAPE_VIOLATED, ONE AT("'501'", "limit") "have value less than or equal to 500" },
		{ "{\"items\":[{},{\"kind\":\"C\",\"count\":10}]}", SHAPE_VIOLATED,
			"2 validation errors detected: " AT(
				"'C'", "sampleInput.items.2.member.kind") "satisfy enum value set: [A, B]; " AT("'10'",
				"sampleInput.items.2.member.count") "have value less than or equal to 9" },
		{ "{\"struct\":{\"kind\":\"C\"}}", SHAPE_VIOLATED,
			ONE AT("'C'", "sampleInput.struct.kind") "satisfy enum value set: [A, B]" },
		{ "{\"texts\":[]}", SHAPE_VIOLATED,
			ONE AT("'[]'", "sampleInput.texts") "have length greater than or equal to 1" },
		{ "{\"texts\":[\"a\",null]}", SHAPE_VIOLATED,
			ONE AT("null", "sampleInput.texts.2.member") "not be null" },
		{ "{\"fields\":{\"a\":[\"b\",null]}}", SHAPE_VIOLATED,
			ONE AT("null", "sampleInput.fields.a.member.2.member") "not be null" },
		{ "{\"fields\":{\"a\":\"b\"}}", SHAPE_WRONG_TYPE, "Expected list or null" },
		{ "{\"fields\":{\"a\":[true]}}", SHAPE_WRONG_TYPE,
			"class java.lang.Boolean can not be converted to an String" },
		{ "{\"limit\":1.5}", SHAPE_WRONG_TYPE,
			"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an "
			"Integer" },
		{ "{\"limit\":1e30}", SHAPE_WRONG_TYPE,
			"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an "
			"Integer" },
		{ "{\"rate\":1e999}", SHAPE_WRONG_TYPE,
			"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a "
			"Double" },
		{ "{\"limit\":\"x\"}", SHAPE_WRONG_TYPE, "STRING_VALUE can not be converted to Integer" },
		{ "{\"truth\":\"true\"}", SHAPE_WRONG_TYPE,
			"class java.lang.String can not be converted to a Boolean" },
		{ "{\"struct\":[]}", SHAPE_WRONG_TYPE, "Expected null" },
		{ "{\"name\":[]}", SHAPE_WRONG_TYPE, "Start of list found where not expected" },
		{ "{\"name\":{}}", SHAPE_WRONG_TYPE, "Start of structure or map found where not expected." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json JSON_CLEANUP *tree = parsed(cases[i].input);
		struct buffer buffer;

		buffer_init(&buffer, SHAPE_MESSAGE_MAX_BYTES);
		assert_int_equal(
			cases[i].failure, shape_check(&sample_shape, tree, "Sample", SHAPE_STYLE_REST_JSON, &buffer));
		assert_string_equal(cases[i].message, buffer.count ? buffer_text(&buffer) : "");
		buffer_fini(&buffer);
	}
}

static void numbers_are_kept_as_aws_keeps_them(void **state)
{
	struct json JSON_CLEANUP *tree = parsed(
		"{\"limit\":1e2,\"rate\":5,\"items\":[{\"count\":3.0}],\"struct\":{\"count\":10e-1},\"name\":\"1e2\"}");
	char *text;

	(void)state;
	shape_settle(&sample_shape, tree);
	text = json_print_text(tree);
	assert_string_equal(
		"{\"limit\":100,\"rate\":5.0,\"items\":[{\"count\":3}],\"struct\":{\"count\":1},\"name\":\"1e2\"}",
		text);
	free(text);
}

static void many_violations_do_not_overflow(void **state)
{
	struct json JSON_CLEANUP *input = parsed("{\"restApiId\":\"a\"}");
	const struct operation *row = operation_find(SERVICE_apigateway, view_of("UpdateRestApi"));
	struct json *list = json_ensure_array(input, "patchOperations");
	struct buffer buffer;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct json *operation = json_object_new();

		json_set_c_string(operation, "op", "wrong");
		json_append(list, operation);
	}
	buffer_init(&buffer, SHAPE_MESSAGE_MAX_BYTES);
	assert_int_equal(SHAPE_VIOLATED, shape_check(row->shape, input, row->name, SHAPE_STYLE_REST_JSON, &buffer));
	assert_true(view_starts_with(buffer_view(&buffer), view_of("1000 validation errors detected: ")));
	buffer_fini(&buffer);
}

/* The URI of a row with each placeholder filled in. */
static void fill_uri(const struct operation *row, char *path, size_t path_bytes, struct view *ret_query)
{
	struct view template, rest, segment;
	size_t used = 0;

	*ret_query = (struct view){ 0 };
	(void)view_cut(view_from_text(row->uri), '?', &template, ret_query);
	rest = view_after(template, 1);
	while (view_split(&rest, '/', &segment))
		used += (size_t)snprintf(path + used, path_bytes - used, "/" VIEW_FMT,
			VIEW_ARG(segment.at[0] == '{' ? view_of("a%2Fb") : segment));
}

static void every_row_is_reached_by_its_own_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < operation_count; i++) {
		const struct operation *row = &operations[i];
		struct json JSON_CLEANUP *input = json_object_new();
		char path[512];
		struct view query;
		bool known;

		assert_ptr_equal(row, operation_find(row->service, view_from_text(row->name)));
		if (!row->uri[0])
			continue;
		fill_uri(row, path, sizeof path, &query);
		assert_ptr_equal(row, operation_route(row->service, view_from_text(row->method), view_from_text(path),
					      query, input, &known));
		assert_true(known);
		for (size_t m = 0; m < row->shape->member_count; m++)
			if (row->shape->members[m].place == SHAPE_PATH)
				assert_string_equal("a/b", json_find_c_string(input, row->shape->members[m].name));
	}
}

static void paths_that_are_none_reach_nothing(void **state)
{
	static const char *const paths[] = { "/", "//", "/restapis//resources", "/restapis/a/resources/", "restapis",
		"/RestApis", "/restapis/a/b/c/d/e/f/g" };
	struct json JSON_CLEANUP *input = json_object_new();
	bool known;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct view path = view_from(at_page_end(paths[i], strlen(paths[i])), strlen(paths[i]));
		const struct operation *row =
			operation_route(SERVICE_apigateway, view_of("GET"), path, (struct view){ 0 }, input, &known);

		/* A slash at the end is forgiven. */
		if (i == 3)
			assert_string_equal("GetResources", row->name);
		else
			assert_null(row);
	}
	assert_null(operation_route(
		SERVICE_apigateway, view_of("PUT"), view_of("/restapis"), (struct view){ 0 }, input, &known));
	assert_true(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_violations_are_reproduced),
		cmocka_unit_test(wrong_types_are_serialization_failures),
		cmocka_unit_test(every_constraint_has_its_words),
		cmocka_unit_test(numbers_are_kept_as_aws_keeps_them),
		cmocka_unit_test(many_violations_do_not_overflow),
		cmocka_unit_test(every_row_is_reached_by_its_own_request),
		cmocka_unit_test(paths_that_are_none_reach_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
