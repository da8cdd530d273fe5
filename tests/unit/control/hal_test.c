/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/apigateway/hal: links, embedded resources, lists of one, times. */
#include "tests/unit/support.h"

#include "appliance/control/apigateway/hal.h"

static struct json *hal;
static char *shown;

static struct json *parsed(const char *text)
{
	struct json *value = NULL;

	assert_int_equal(0, json_parse(view_from_text(text), NULL, &value, NULL));
	return value;
}

static void make(const char *operation, const char *input, const char *path, const char *output)
{
	const struct operation *row = operation_find(SERVICE_apigateway, view_from_text(operation));
	struct json JSON_CLEANUP *input_tree = parsed(input), *output_tree = parsed(output);

	assert_non_null(row);
	json_free(hal);
	hal = hal_new(row, input_tree, view_from_text(path), output_tree);
}

/* What lies below these members as text. */
static const char *at(const char *first, const char *second, const char *third)
{
	free(shown);
	shown = json_print_text(json_find_path(hal, first, second, third, NULL));
	return shown;
}

static int end(void **state)
{
	(void)state;
	json_free(hal);
	hal = NULL;
	free(shown);
	shown = NULL;
	return 0;
}

static void only_json_is_plain(void **state)
{
	(void)state;
	assert_true(hal_wanted((struct view){ 0 }));
	assert_true(hal_wanted(view_of("*/*")));
	assert_true(hal_wanted(view_of("application/hal+json, application/json")));
	assert_false(hal_wanted(view_of("application/json")));
	assert_false(hal_wanted(view_of("text/html, application/json;q=0.5")));
}

static void a_resource_has_links_and_times(void **state)
{
	(void)state;
	make("GetRestApi", "{\"restApiId\":\"a1\"}", "/restapis/a1",
		"{\"id\":\"a1\",\"name\":\"n\",\"createdDate\":1586371545,\"binaryMediaTypes\":[\"a/b\"],\"tags\":{},"
		"\"endpointConfiguration\":{\"types\":[\"PRIVATE\"],\"vpcEndpointIds\":[\"x\",\"y\"]}}");
	assert_string_equal("{\"href\":\"/restapis/a1\"}", at("_links", "self", NULL));
	assert_string_equal("{\"href\":\"/restapis/a1/resources{?limit,embed}\",\"templated\":true}",
		at("_links", "restapi:resources", NULL));
	assert_string_equal("{\"href\":\"/restapis/a1/models/{model_name}{?flatten}\",\"templated\":true}",
		at("_links", "model:by-name", NULL));
	assert_string_equal("{\"href\":\"/restapis/a1\"}", at("_links", "restapi:update", NULL));
	assert_string_equal("\"2020-04-08T18:45:45Z\"", at("createdDate", NULL, NULL));
	assert_string_equal("\"a/b\"", at("binaryMediaTypes", NULL, NULL));
	assert_string_equal(
		"{\"types\":\"PRIVATE\",\"vpcEndpointIds\":[\"x\",\"y\"]}", at("endpointConfiguration", NULL, NULL));
	assert_true(json_count(json_find_path(hal, "_links", "curies", NULL)) > 5);
}

static void what_was_created_is_linked_by_its_own_id(void **state)
{
	(void)state;
	make("CreateResource", "{\"restApiId\":\"a1\",\"parentId\":\"root\",\"pathPart\":\"x\"}",
		"/restapis/a1/resources/root",
		"{\"id\":\"r2\",\"parentId\":\"root\",\"pathPart\":\"x\",\"path\":\"/x\"}");
	assert_string_equal("{\"href\":\"/restapis/a1/resources/r2\"}", at("_links", "self", NULL));
	make("CreateStage", "{\"restApiId\":\"a1\",\"stageName\":\"p\",\"deploymentId\":\"d\"}", "/restapis/a1/stages",
		"{\"stageName\":\"p\"}");
	assert_string_equal("{\"href\":\"/restapis/a1/stages/p\"}", at("_links", "self", NULL));
}

static void lists_of_one_and_more(void **state)
{
	(void)state;
	make("GetModels", "{\"restApiId\":\"a1\"}", "/restapis/a1/models",
		"{\"item\":[{\"name\":\"M\",\"id\":\"i\"}]}");
	assert_string_equal("{\"href\":\"/restapis/a1/models/M\"}", at("_links", "item", NULL));
	assert_string_equal("\"M\"", at("_embedded", "item", "name"));
	assert_string_equal("{\"href\":\"https://docs.aws.amazon.com/apigateway/latest/developerguide/"
			    "restapi-models-{rel}.html\",\"name\":\"model\",\"templated\":true}",
		at("_links", "curies", NULL));
	make("GetModels", "{\"restApiId\":\"a1\",\"limit\":2}", "/restapis/a1/models",
		"{\"position\":\"a+b=\",\"item\":[{\"name\":\"M\"},{\"name\":\"N\"}]}");
	assert_string_equal("[{\"href\":\"/restapis/a1/models/M\"},{\"href\":\"/restapis/a1/models/N\"}]",
		at("_links", "item", NULL));
	assert_string_equal("{\"href\":\"/restapis/a1/models?position=a%2Bb%3D&limit=2\"}", at("_links", "next", NULL));
	assert_int_equal(2, json_count(json_find_path(hal, "_embedded", "item", NULL)));
	assert_null(json_find(hal, "position"));
	make("GetModels", "{\"restApiId\":\"a1\"}", "/restapis/a1/models", "{\"item\":[]}");
	assert_string_equal("[]", at("_embedded", "item", NULL));
}

static void sub_resources_are_embedded(void **state)
{
	(void)state;
	make("GetResource", "{\"restApiId\":\"a1\",\"resourceId\":\"r\"}", "/restapis/a1/resources/r",
		"{\"id\":\"r\",\"path\":\"/"
		"\",\"resourceMethods\":{\"GET\":{\"httpMethod\":\"GET\",\"methodIntegration\":{"
		"\"type\":\"MOCK\",\"integrationResponses\":{\"200\":{\"statusCode\":\"200\"}}},\"methodResponses\":{"
		"\"200\":{\"statusCode\":\"200\"},\"404\":{\"statusCode\":\"404\"}}}}}");
	assert_null(json_find(hal, "resourceMethods"));
	assert_string_equal("{\"href\":\"/restapis/a1/resources/r/methods/GET\",\"name\":\"GET\",\"title\":\"GET\"}",
		at("_links", "resource:methods", NULL));
	assert_string_equal("\"GET\"", at("_embedded", "resource:methods", "httpMethod"));
	assert_int_equal(2, json_count(json_find_path(
				    hal, "_embedded", "resource:methods", "_embedded", "method:responses", NULL)));
	assert_true(view_equals_text(
		json_text(json_find_path(hal, "_embedded", "resource:methods", "_embedded", "method:integration",
			"_embedded", "integration:responses", "statusCode", NULL)),
		"200"));
	make("GetResource", "{\"restApiId\":\"a1\",\"resourceId\":\"r\"}", "/restapis/a1/resources/r",
		"{\"id\":\"r\",\"path\":\"/\",\"resourceMethods\":{\"GET\":{}}}");
	assert_null(json_find(hal, "_embedded"));
	assert_non_null(json_find_path(hal, "_links", "resource:methods", NULL));
}

static void odd_names_are_encoded(void **state)
{
	(void)state;
	make("GetDomainNames", "{}", "/domainnames",
		"{\"item\":[{\"domainName\":\"*.a.b\",\"domainNameId\":\"i d\"},{\"domainName\":\"c.d\"}]}");
	assert_string_equal("[{\"href\":\"/domainnames/%2A.a.b?domainNameId=i%20d\"},{\"href\":\"/domainnames/c.d\"}]",
		at("_links", "item", NULL));
	make("GetBasePathMapping", "{\"domainName\":\"a.b\",\"basePath\":\"(none)\",\"domainNameId\":\"x\"}",
		"/domainnames/a.b/basepathmappings/%28none%29", "{\"basePath\":\"(none)\",\"restApiId\":\"a\"}");
	assert_string_equal("{\"href\":\"/domainnames/a.b/basepathmappings/%28none%29?domainNameId=x\"}",
		at("_links", "self", NULL));
}

static void what_is_no_resource_links_to_itself(void **state)
{
	(void)state;
	make("GetTags", "{\"resourceArn\":\"arn\"}", "/tags/arn", "{\"tags\":{\"a\":\"b\"}}");
	assert_string_equal("{\"href\":\"/tags/arn\"}", at("_links", "self", NULL));
	assert_string_equal("\"b\"", at("tags", "a", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_json_is_plain),
		cmocka_unit_test_teardown(a_resource_has_links_and_times, end),
		cmocka_unit_test_teardown(what_was_created_is_linked_by_its_own_id, end),
		cmocka_unit_test_teardown(lists_of_one_and_more, end),
		cmocka_unit_test_teardown(sub_resources_are_embedded, end),
		cmocka_unit_test_teardown(odd_names_are_encoded, end),
		cmocka_unit_test_teardown(what_is_no_resource_links_to_itself, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
