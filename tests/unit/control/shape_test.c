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
		cmocka_unit_test(many_violations_do_not_overflow),
		cmocka_unit_test(every_row_is_reached_by_its_own_request),
		cmocka_unit_test(paths_that_are_none_reach_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
