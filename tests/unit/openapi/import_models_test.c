/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of openapi/import_models: schemas in place, references to anywhere, and what references may not multiply. */
#include "tests/unit/openapi/imported.h"

#include "appliance/base/buffer.h"

#define DOCUMENT(paths, schemas)                                                                                       \
	"--- {openapi: 3.0.1, info: {title: t}, paths: {" paths "}, components: {schemas: {" schemas "}}}"
#define RESPONSE(schema) "{responses: {'200': {content: {application/json: {schema: " schema "}}}}}"
#define URL "https://apigateway.amazonaws.com/restapis/abcde12345/models/"

/* The model of the 200 response of GET. */
static const char *model_of(const struct outcome *outcome, const char *path)
{
	const char *name = json_find_c_string(
		json_find_path(method(outcome, path, "GET"), "methodResponses", "200", "responseModels", NULL),
		"application/json");

	return name ? name : "none";
}

static const char *schema_of(const struct outcome *outcome, const char *name)
{
	const char *schema = json_find_c_string(item(outcome, "models", "name", name), "schema");

	return schema ? schema : "none";
}

static size_t model_count(const struct outcome *outcome)
{
	return json_count(json_find(outcome->definition, "models"));
}

static void equal_schemas_in_place_are_one_model(void **state)
{
	static const char text[] =
		DOCUMENT("/a: {get: " RESPONSE("{type: object, title: x}") "}, /b: {get: " RESPONSE(
				 "{type: object, title: x}") "}, /c: {get: " RESPONSE("{type: object, title: y}") "}",
			"Named: {type: object, title: x}");
	struct openapi_options merge = overwrite;
	struct outcome first = good(text, &overwrite), again, merged;
	const char *name = model_of(&first, "/a");

	(void)state;
	merge.merge = true;
	assert_int_equal(3, model_count(&first));
	assert_int_equal(11, strlen(name));
	assert_memory_equal("MODEL", name, 5);
	assert_int_equal(strlen(name), strspn(name, "MODEL0123456789abcdefghijklmnopqrstuvwxyz"));
	assert_string_equal(name, model_of(&first, "/b"));
	assert_string_not_equal(name, model_of(&first, "/c"));
	assert_string_equal("{\"type\":\"object\",\"title\":\"x\"}", schema_of(&first, name));
	/* Importing it again makes no others. */
	again = import_over(first.definition, text, &overwrite);
	merged = import_over(first.definition, text, &merge);
	assert_true(json_equals(json_find(first.definition, "models"), json_find(again.definition, "models")));
	assert_true(json_equals(json_find(first.definition, "models"), json_find(merged.definition, "models")));
	outcome_fini(&first);
	outcome_fini(&again);
	outcome_fini(&merged);
}

static void a_name_that_another_model_has_is_not_taken(void **state)
{
	struct openapi_options merge = overwrite;
	struct outcome first = good(DOCUMENT("/a: {get: " RESPONSE("{title: x}") "}", ""), &overwrite), second;
	struct json *model = json_at(json_find(first.definition, "models"), 0);
	const char *name = json_find_c_string(model, "name");

	(void)state;
	merge.merge = true;
	json_set_c_string(model, "schema", "{\"title\":\"changed since\"}");
	second = import_over(first.definition, DOCUMENT("/b: {get: " RESPONSE("{title: x}") "}", ""), &merge);
	assert_int_equal(2, model_count(&second));
	assert_string_equal("{\"title\":\"changed since\"}", schema_of(&second, name));
	assert_string_equal(name, model_of(&second, "/a"));
	assert_string_equal("{\"title\":\"x\"}", schema_of(&second, model_of(&second, "/b")));
	outcome_fini(&first);
	outcome_fini(&second);
}

static void references_go_anywhere_in_the_document(void **state)
{
	struct outcome outcome = good(
		DOCUMENT(
			"/alias: {get: " RESPONSE(
				"{$ref: '#/components/schemas/Alias'}") "},"
									"/escaped: {get: " RESPONSE(
										"{$ref: "
										"'#/components/%73chemas/"
										"Tr%65e'}") "},"
											    "/deep: "
											    "{get: " RESPONSE(
												    "{$ref: "
												    "'#/"
												    "components/"
												    "schemas/"
												    "Tree/"
												    "properties/"
												    "a~1b'}") "},"
													      "/s"
													      "el"
													      "f:"
													      " {"
													      "ge"
													      "t:"
													      " " RESPONSE(
														      "{properties: {me: {$ref: "
														      "'#/paths/~1self/get/responses/200/content/application~1json/schema'}}}") "},"
																								"/url: {get: " RESPONSE(
																									"{$ref: '" URL
																									"Tree'}") "}",
			"Alias: {$ref: '#/components/schemas/Tree'},"
			"Tree: {properties: {a/b: {enum: [{$ref: none}]}, left: {$ref: "
			"'#/components/schemas/Tree'},"
			"leaf: {$ref: '#/components/schemas/Tree/properties/a~1b'}}}"),
		&overwrite);
	char expected[300];

	(void)state;
	assert_int_equal(0, json_count(outcome.warnings));
	assert_string_equal("Alias", model_of(&outcome, "/alias"));
	assert_string_equal("Tree", model_of(&outcome, "/escaped"));
	assert_string_equal("Tree", model_of(&outcome, "/url"));
	assert_string_equal("{\"$ref\":\"" URL "Tree\"}", schema_of(&outcome, "Alias"));
	assert_string_equal("{\"enum\":[{\"$ref\":\"none\"}]}", schema_of(&outcome, model_of(&outcome, "/deep")));
	snprintf(expected, sizeof expected,
		"{\"properties\":{\"a/b\":{\"enum\":[{\"$ref\":\"none\"}]},\"left\":{\"$ref\":\"" URL "Tree\"},"
		"\"leaf\":{\"$ref\":\"" URL "%s\"}}}",
		model_of(&outcome, "/deep"));
	assert_string_equal(expected, schema_of(&outcome, "Tree"));
	snprintf(expected, sizeof expected, "{\"properties\":{\"me\":{\"$ref\":\"" URL "%s\"}}}",
		model_of(&outcome, "/self"));
	assert_string_equal(expected, schema_of(&outcome, model_of(&outcome, "/self")));
	assert_int_equal(4, model_count(&outcome));
	outcome_fini(&outcome);
}

static void what_refers_to_nothing(void **state)
{
	static const char *const wrong[] = {
		DOCUMENT("", "A: {$ref: '#/components/schemas/B'}"),
		DOCUMENT("", "A: {items: {$ref: 'other.json'}}"),
		DOCUMENT("", "A: {items: {$ref: '#/info/title'}}"),
		DOCUMENT("", "A: {items: {$ref: '" URL "B'}}"),
		DOCUMENT("/a: {get: " RESPONSE("{items: {$ref: '#/no'}}") "}", ""),
	};
	struct outcome outcome = good(
		DOCUMENT(
			"/a: {get: " RESPONSE(
				"{$ref: '#/components/schemas/B'}") "},"
								    "/b: {get: " RESPONSE(
									    "{$ref: 'other.json'}") "},"
												    "/c: "
												    "{get: " RESPONSE(
													    "{$ref: "
													    "'#/"
													    "components"
													    "/schemas/"
													    "Error'}") "},"
														       "/d: {get: " RESPONSE(
															       "{type: boolean}") "}",
			""),
		&overwrite);

	(void)state;
	assert_json(
		"[\"Reference to model 'B' not found. Ignoring.\",\"Reference to model 'other.json' not found. "
		"Ignoring.\",\"Unsupported model type 'BooleanSchema' in 200 response to method 'GET /d'. Ignoring.\"]",
		outcome.warnings);
	assert_string_equal("none", model_of(&outcome, "/a"));
	assert_string_equal("Error", model_of(&outcome, "/c"));
	assert_int_equal(1, model_count(&outcome));
	outcome_fini(&outcome);
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		outcome = import(wrong[i], &overwrite);
		assert_int_equal(-EINVAL, outcome.result);
		assert_non_null(strstr(outcome.failure.message, "Invalid model reference specified: "));
		outcome_fini(&outcome);
	}
}

static void models_of_the_api_count_only_when_it_is_merged(void **state)
{
	static const char text[] = DOCUMENT("/a: {get: " RESPONSE("{$ref: '#/components/schemas/Old'}") "}", "");
	struct openapi_options merge = overwrite;
	struct outcome first = good(DOCUMENT("", "Old: {type: object}"), &overwrite), outcome;

	(void)state;
	merge.merge = true;
	outcome = import_over(first.definition, text, &merge);
	assert_string_equal("Old", model_of(&outcome, "/a"));
	assert_int_equal(0, json_count(outcome.warnings));
	outcome_fini(&outcome);
	outcome = import_over(first.definition, text, &overwrite);
	assert_string_equal("none", model_of(&outcome, "/a"));
	assert_int_equal(1, json_count(outcome.warnings));
	outcome_fini(&outcome);
	outcome_fini(&first);
}

/* `count` members "<name><i>: <value>". */
static void members(struct buffer *text, const char *name, size_t count, const char *value)
{
	for (size_t i = 0; i < count; i++)
		buffer_printf(text, "%s%s%zu: %s", i ? ", " : "", name, i, value);
}

static void references_do_not_multiply_a_document(void **state)
{
	static const char *const verbs[] = { "get", "put", "post", "delete", "head", "patch", "options" };
	struct outcome outcome;
	struct buffer text;

	(void)state;
	buffer_init(&text, 1 << 20);
	buffer_append_text(&text, "--- {openapi: 3.0.1, info: {title: t}, paths: {");
	members(&text, "/p", 4500, "{$ref: '#/components/x-item'}");
	buffer_append_text(&text, "}, components: {responses: {R: {headers: {");
	members(&text, "H", 100, "{}");
	buffer_append_text(&text, "}}}, x-item: {");
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		buffer_printf(&text, "%s%s: {responses: {'200': {$ref: '#/components/responses/R'}}}", i ? ", " : "",
			verbs[i]);
	buffer_append_text(&text, "}}}");
	outcome = import(buffer_text(&text), &overwrite);
	assert_int_equal(-EINVAL, outcome.result);
	assert_non_null(strstr(outcome.failure.message, "References make the definition larger than"));
	outcome_fini(&outcome);
	buffer_fini(&text);
}

static void what_is_too_many_or_too_long_is_refused(void **state)
{
	static const struct {
		const char *before, *name;
		size_t count;
		const char *value, *after, *message;
	} cases[] = {
		{ "paths: {}, components: {schemas: {", "M", OPENAPI_MODELS_MAX_COUNT + 1, "{}", "}}",
			"Maximum number of models for this API has been reached" },
		{ "paths: {", "/p", OPENAPI_RESOURCES_MAX_COUNT, "{}", "}",
			"Maximum number of resources for this API has been reached" },
		{ "paths: {/a: {get: {responses: {'200': {headers: {", "H", OPENAPI_ENTRIES_MAX_COUNT + 1, "{}",
			"}}}}}}", "a response has more than 1000 headers" },
		{ "paths: {/a: {get: {responses: {'200': {content: {", "a/b", OPENAPI_ENTRIES_MAX_COUNT + 1,
			"{schema: {type: object}}", "}}}}}}", "it has more than 1000 media types" },
		{ "paths: {/a: {get: {x-amazon-apigateway-integration: {type: mock, requestTemplates: {", "a/b",
			OPENAPI_ENTRIES_MAX_COUNT + 1, "x", "}}}}}", "requestTemplates has more than 1000 entries" },
		{ "paths: {}, components: {securitySchemes: {", "s", OPENAPI_ENTRIES_MAX_COUNT + 1, "{}", "}}",
			"there must be no more than 1000 security schemes" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct outcome outcome;
		struct buffer text;

		buffer_init(&text, 1 << 20);
		buffer_printf(&text, "--- {openapi: 3.0.1, info: {title: t}, %s", cases[i].before);
		members(&text, cases[i].name, cases[i].count, cases[i].value);
		buffer_printf(&text, "%s}", cases[i].after);
		outcome = import(buffer_text(&text), &overwrite);
		if (outcome.result != -EINVAL || !strstr(outcome.failure.message, cases[i].message))
			fail_msg("case %zu: %s", i, outcome.failure.message);
		outcome_fini(&outcome);
		buffer_fini(&text);
	}
}

static void a_long_path_is_refused_and_long_words_are_cut(void **state)
{
	struct outcome outcome;
	struct buffer text;

	(void)state;
	buffer_init(&text, 1 << 20);
	buffer_append_text(&text, "{\"openapi\": \"3.0.1\", \"info\": {\"title\": \"t\"}, \"paths\": {\"/a");
	for (size_t i = 0; i < 2 * OPENAPI_PATH_MAX_BYTES; i++)
		buffer_append_text(&text, "é");
	buffer_append_text(&text, "\": {}}}");
	outcome = import(buffer_text(&text), &overwrite);
	assert_int_equal(-EINVAL, outcome.result);
	if (!strstr(outcome.failure.message, "the path is longer than 4096 bytes"))
		fail_msg("%s", outcome.failure.message);
	assert_true(strlen(outcome.failure.message) < 500 && view_is_utf8(view_from_text(outcome.failure.message)));
	outcome_fini(&outcome);
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_schemas_in_place_are_one_model),
		cmocka_unit_test(a_name_that_another_model_has_is_not_taken),
		cmocka_unit_test(references_go_anywhere_in_the_document),
		cmocka_unit_test(what_refers_to_nothing),
		cmocka_unit_test(models_of_the_api_count_only_when_it_is_merged),
		cmocka_unit_test(references_do_not_multiply_a_document),
		cmocka_unit_test(what_is_too_many_or_too_long_is_refused),
		cmocka_unit_test(a_long_path_is_refused_and_long_words_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
