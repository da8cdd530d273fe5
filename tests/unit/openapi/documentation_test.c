/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of openapi/documentation: locations, and the parts that documents list or describe. */
#include "tests/unit/openapi/imported.h"

#include "appliance/openapi/documentation.h"

static void a_location_gets_the_fields_of_its_type(void **state)
{
	static const struct {
		const char *given, *complete, *text;
	} cases[] = {
		{ "{type: API}", "{type: API}", "type 'API'" },
		{ "{type: API, path: null, name: ''}", "{type: API}", "type 'API'" },
		{ "{type: MODEL, name: m}", "{type: MODEL, name: m}", "type 'MODEL', name 'm'" },
		{ "{type: METHOD, method: GET}", "{type: METHOD, path: /, method: GET}",
			"type 'METHOD', path '/', method 'GET'" },
		{ "{type: RESPONSE_HEADER, name: h, statusCode: '404'}",
			"{type: RESPONSE_HEADER, path: /, method: '*', statusCode: '404', name: h}",
			"type 'RESPONSE_HEADER', path '/', method '*', status code '404', name 'h'" },
	};
	char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json JSON_CLEANUP *location = tree(cases[i].given);
		char *text;

		assert_int_equal(0, openapi_location_complete(location, message));
		assert_json(cases[i].complete, location);
		text = openapi_location_text(location);
		assert_string_equal(cases[i].text, text);
		free(text);
	}
}

static void a_location_that_is_wrong_is_told_and_left_alone(void **state)
{
	static const struct {
		const char *given, *rule;
	} cases[] = {
		{ "{}", "'' is not a valid type" },
		{ "{type: METHODS}", "'METHODS' is not a valid type" },
		{ "{type: 1}", "is not a valid type" },
		{ "{type: API, path: /}", "field 'path' is not valid for type 'API'" },
		{ "{type: RESOURCE, method: GET}", "field 'method' is not valid for type 'RESOURCE'" },
		{ "{type: MODEL}", "type 'MODEL' needs a name" },
		{ "{type: QUERY_PARAMETER, path: /}", "type 'QUERY_PARAMETER' needs a name" },
		{ "{type: RESOURCE, path: pets}", "'pets' is not a valid path" },
		{ "{type: METHOD, method: get}", "'get' is not a valid method" },
		{ "{type: RESPONSE, statusCode: '99'}", "'99' is not a valid status code" },
		{ "{type: RESPONSE, statusCode: 200}", "'' is not a valid status code" },
		{ "{type: API, extra: 1}", "there is no field 'extra'" },
	};
	char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json JSON_CLEANUP *location = tree(cases[i].given);

		assert_int_equal(-EINVAL, openapi_location_complete(location, message));
		if (!strstr(message, cases[i].rule))
			fail_msg("case %zu: %s", i, message);
		assert_json(cases[i].given, location);
	}
}

#define HEAD "--- {swagger: '2.0', info: {title: t, version: '1', description: all}, "
#define PATHS                                                                                                          \
	"paths: {/a/: {parameters: [{in: query, name: q, description: of path}, {in: header, name: h, description: "   \
	"head}], get: {description: does, parameters: [{in: query, name: q, description: of method}, {in: body, "      \
	"name: "                                                                                                       \
	"b, description: body, schema: {$ref: '#/definitions/M'}}], responses: {'200': {description: 200 response}, "  \
	"'404': {description: none, headers: {X: {description: ex}}}, default: {description: d}}}}}, "                 \
	"definitions: {M: {description: m}, N: {}}, "                                                                  \
	"securityDefinitions: {auth: {type: apiKey, name: a, in: header, description: who, "                           \
	"x-amazon-apigateway-authorizer: {type: token}}, key: {type: apiKey, name: x-api-key, in: header, "            \
	"description: k}}"

/* {text of location: properties} of all parts. */
static struct json *parts_of(const struct json *parts)
{
	struct json *found = json_object_new();

	JSON_EACH(part, parts)
	{
		char *text = openapi_location_text(json_find(part, "location"));

		assert_int_equal(6, json_find_text(part, "id").count);
		json_set(found, text, tree(json_find_c_string(part, "properties")));
		free(text);
	}
	return found;
}

static void assert_parts(const char *expected, const struct json *parts)
{
	struct json JSON_CLEANUP *found = parts_of(parts);

	assert_json(expected, found);
}

#define MADE(path)                                                                                                     \
	"{\"type 'API'\": {info: {description: all}}, \"type 'AUTHORIZER', name 'auth'\": {description: who}, "        \
	"\"type 'MODEL', name 'M'\": {description: m}, "                                                               \
	"\"type 'METHOD', path '" path "', method 'GET'\": {description: does}, "                                      \
	"\"type 'QUERY_PARAMETER', path '" path "', method 'GET', name 'q'\": {description: of method}, "              \
	"\"type 'REQUEST_HEADER', path '" path "', method 'GET', name 'h'\": {description: head}, "                    \
	"\"type 'REQUEST_BODY', path '" path "', method 'GET'\": {description: body}, "                                \
	"\"type 'RESPONSE', path '" path "', method 'GET', status code '404'\": {description: none}, "                 \
	"\"type 'RESPONSE_HEADER', path '" path "', method 'GET', status code '404', name 'X'\": {description: ex}}"

static void descriptions_make_parts_unless_the_document_lists_them(void **state)
{
	struct openapi_options options = overwrite;
	struct outcome outcome = good(HEAD PATHS "}", &options);

	(void)state;
	assert_parts(MADE("/a"), json_find(outcome.definition, "documentationParts"));
	assert_null(json_find(outcome.definition, "documentationVersion"));
	outcome_fini(&outcome);
	options.base_path = OPENAPI_BASE_PATH_PREPEND;
	outcome = good(HEAD "basePath: //v/1, " PATHS "}", &options);
	assert_parts(MADE("/v/1/a"), json_find(outcome.definition, "documentationParts"));
	outcome_fini(&outcome);
	outcome = good(HEAD PATHS ", x-amazon-apigateway-documentation: {version: 1.0, documentationParts: [{location: "
				  "{type: METHOD}, properties: '{\"a\":1}'}]}}",
		&options);
	assert_parts("{\"type 'METHOD', path '/', method '*'\": {a: 1}}",
		json_find(outcome.definition, "documentationParts"));
	assert_string_equal("1.0", json_find_c_string(outcome.definition, "documentationVersion"));
	outcome_fini(&outcome);
	options.ignore_documentation = true;
	outcome = good(HEAD PATHS ", x-amazon-apigateway-documentation: {version: 1.0}}", &options);
	assert_int_equal(0, json_count(json_find(outcome.definition, "documentationParts")));
	assert_null(json_find(outcome.definition, "documentationVersion"));
	outcome_fini(&outcome);
}

static void merged_parts_replace_those_of_the_same_location(void **state)
{
	static const char text[] = HEAD "paths: {}, x-amazon-apigateway-documentation: {documentationParts: "
					"[{location: {type: API}, properties: {b: 2}}]}}";
	struct json JSON_CLEANUP *existing = fresh();
	struct openapi_options options = overwrite;
	struct json *parts, *ids, *warnings;
	struct openapi_failure failure;

	(void)state;
	json_set(existing, "documentationParts",
		tree("[{id: aaaaaa, location: {type: API}, properties: '{\"a\":1}'}, "
		     "{id: bbbbbb, location: {type: RESOURCE, path: /x}, properties: '{}'}]"));
	options.merge = true;
	assert_int_equal(
		0, openapi_import_parts(&parts, &ids, &warnings, &failure, existing, view_from_text(text), &options));
	assert_parts("{\"type 'API'\": {b: 2}, \"type 'RESOURCE', path '/x'\": {}}", parts);
	assert_json("[aaaaaa]", ids);
	assert_json("[]", warnings);
	json_free(parts);
	json_free(ids);
	json_free(warnings);
	options.merge = false;
	assert_int_equal(
		0, openapi_import_parts(&parts, &ids, &warnings, &failure, existing, view_from_text(text), &options));
	assert_parts("{\"type 'API'\": {b: 2}}", parts);
	assert_string_not_equal("aaaaaa", json_c_string(json_at(ids, 0)));
	json_free(parts);
	json_free(ids);
	json_free(warnings);
}

#define LONG_VERSION                                                                                                   \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                            \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void parts_that_are_wrong_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{", "Unable to build importer with provided input." },
		{ "[]", "Unable to build importer with provided input." },
		{ "--- {paths: {}}", "Unable to build importer with provided input." },
		{ HEAD "x-amazon-apigateway-documentation: []}", "must be an object with 'documentationParts'" },
		{ HEAD "x-amazon-apigateway-documentation: {documentationParts: {}}}", "must be an object with" },
		{ HEAD "x-amazon-apigateway-documentation: {version: []}}", "must be an object with" },
		{ HEAD "x-amazon-apigateway-documentation: {version: " LONG_VERSION "}}", "is longer than 128 bytes" },
		{ HEAD "x-amazon-apigateway-documentation: {documentationParts: [1]}}", "must have a 'location'" },
		{ HEAD "x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}}]}}",
			"the 'properties' of a documentation part must be an object" },
		{ HEAD "x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: "
		       "x}]}}",
			"the 'properties' of a documentation part must be an object" },
		{ HEAD "x-amazon-apigateway-documentation: {documentationParts: [{location: {type: X}, properties: "
		       "{}}]}}",
			"'X' is not a valid type" },
		{ HEAD "x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: "
		       "{}}, "
		       "{location: {type: API}, properties: {}}]}}",
			"Documentation part already exists for the specified location: type 'API'." },
	};
	struct json JSON_CLEANUP *existing = fresh();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json *parts, *ids, *warnings;
		struct openapi_failure failure;

		assert_int_equal(-EINVAL, openapi_import_parts(&parts, &ids, &warnings, &failure, existing,
						  view_from_text(cases[i].text), &overwrite));
		if (!strstr(failure.message, cases[i].message))
			fail_msg("case %zu: %s", i, failure.message);
		openapi_failure_fini(&failure);
	}
}

static void parts_of_the_api_count_too(void **state)
{
	const char *text =
		HEAD "x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: "
		     "{}}]}}";
	struct json JSON_CLEANUP *existing = fresh();
	struct json *old = json_ensure_array(existing, "documentationParts"), *parts, *ids, *warnings;
	struct openapi_options options = overwrite;
	struct openapi_failure failure;

	(void)state;
	options.merge = true;
	for (unsigned i = 0; i < OPENAPI_PARTS_MAX_COUNT; i++) {
		struct json *part = json_object_new(), *location = json_ensure_object(part, "location");

		json_set(part, "id", json_text_new_printf("%06u", i));
		json_set_c_string(location, "type", "MODEL");
		json_set(location, "name", json_text_new_printf("M%u", i));
		json_set_c_string(part, "properties", "{}");
		json_append(old, part);
	}
	assert_int_equal(-EINVAL,
		openapi_import_parts(&parts, &ids, &warnings, &failure, existing, view_from_text(text), &options));
	assert_non_null(strstr(failure.message, "no more than 20000 documentation parts"));
	openapi_failure_fini(&failure);
	(void)json_remove_at(old, 0);
	assert_int_equal(
		0, openapi_import_parts(&parts, &ids, &warnings, &failure, existing, view_from_text(text), &options));
	assert_int_equal(OPENAPI_PARTS_MAX_COUNT, json_count(parts));
	json_free(parts);
	json_free(ids);
	json_free(warnings);
}

static void everything_that_can_be_documented_is_found(void **state)
{
	struct outcome outcome = good(HEAD PATHS "}", &overwrite);
	struct json JSON_CLEANUP *locations = openapi_locations(outcome.definition), *found = json_array_new();

	(void)state;
	JSON_EACH(location, locations)
	{
		struct json JSON_CLEANUP *copy = json_copy(location);
		char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES], *text = openapi_location_text(location);

		assert_int_equal(0, openapi_location_complete(copy, message));
		assert_true(json_equals(location, copy));
		json_append_text(found, view_from_text(text));
		free(text);
	}
	assert_json(
		"[\"type 'API'\", \"type 'AUTHORIZER', name 'auth'\", \"type 'MODEL', name 'M'\", \"type 'MODEL', name "
		"'N'\", \"type 'RESOURCE', path '/'\", \"type 'RESOURCE', path '/a'\", \"type 'METHOD', path '/a', "
		"method "
		"'GET'\", \"type 'QUERY_PARAMETER', path '/a', method 'GET', name 'q'\", \"type 'REQUEST_HEADER', path "
		"'/a', method 'GET', name 'h'\", \"type 'REQUEST_BODY', path '/a', method 'GET'\", \"type 'RESPONSE', "
		"path "
		"'/a', method 'GET', status code '200'\", \"type 'RESPONSE', path '/a', method 'GET', status code "
		"'404'\", "
		"\"type 'RESPONSE_HEADER', path '/a', method 'GET', status code '404', name 'X'\"]",
		found);
	outcome_fini(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_location_gets_the_fields_of_its_type),
		cmocka_unit_test(a_location_that_is_wrong_is_told_and_left_alone),
		cmocka_unit_test(descriptions_make_parts_unless_the_document_lists_them),
		cmocka_unit_test(merged_parts_replace_those_of_the_same_location),
		cmocka_unit_test(parts_that_are_wrong_are_refused),
		cmocka_unit_test(parts_of_the_api_count_too),
		cmocka_unit_test(everything_that_can_be_documented_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
