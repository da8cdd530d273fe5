/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of openapi/schema: models in documents, flat models, templates. */
#include "tests/unit/support.h"

#include "appliance/base/assert.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/schema.h"

#define URL "https://apigateway.amazonaws.com/restapis/abcde12345/models/"

static struct json *tree(struct view text)
{
	struct json *value = NULL;

	if (json_parse(text, NULL, &value, NULL) != 0)
		fail_msg(VIEW_FMT, VIEW_ARG(text));
	return value;
}

static void assert_json(const char *expected, const struct json *value)
{
	struct json JSON_CLEANUP *wanted = tree(view_from_text(expected));
	char *text;

	if (value && json_equals(wanted, value))
		return;
	text = json_print_text(value);
	fail_msg("%s\nexpected %s", text, expected);
}

static void references_name_models(void **state)
{
	static const struct {
		const char *reference, *model;
	} cases[] = {
		{ "#/definitions/Pet", "Pet" },
		{ "#/components/schemas/Pet", "Pet" },
		{ URL "Pet", "Pet" },
		{ "https://apigateway.amazonaws.com/restapis/Pet", "Pet" },
		{ "https://example.com/models/Pet", "" },
		{ "#/paths/Pet", "" },
		{ "Pet", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct view model = schema_model_of(view_from_text(cases[i].reference));

		if (!view_equals_text(model, cases[i].model))
			fail_msg("%s: " VIEW_FMT, cases[i].reference, VIEW_ARG(model));
	}
}

static void schemas_go_into_documents_and_out(void **state)
{
	struct json JSON_CLEANUP *kept = tree(view_of("{\"$schema\":\"s\",\"properties\":{\"$ref\":{\"$ref\":\"" URL
						      "Pet\"},\"example\":{\"$ref\":\"#/definitions/x\"}},"
						      "\"definitions\":{\"x\":{\"example\":1}},\"allOf\":[{\"$ref\":\"#"
						      "\"},{\"$ref\":\"http://else/\"}],\"enum\":[{\"a\":1}]}"));
	struct json JSON_CLEANUP *shown = schema_to_document(kept, view_of("M"), view_of("#/components/schemas/"));
	struct json JSON_CLEANUP *again = NULL;

	(void)state;
	assert_json(
		"{\"properties\":{\"$ref\":{\"$ref\":\"#/components/schemas/Pet\"},\"example\":{\"$ref\":"
		"\"#/components/schemas/M/definitions/x\"}},\"definitions\":{\"x\":{\"example\":1}},"
		"\"allOf\":[{\"$ref\":\"#/components/schemas/M\"},{\"$ref\":\"http://else/\"}],\"enum\":[{\"a\":1}]}",
		shown);
	again = schema_from_document(shown, view_of("zyxwv98765"));
	assert_json("\"https://apigateway.amazonaws.com/restapis/zyxwv98765/models/Pet\"",
		json_find_path(again, "properties", "$ref", "$ref", NULL));
	assert_json("{\"x\":{}}", json_find(again, "definitions"));
	assert_json("\"http://else/\"", json_find(json_at(json_find(again, "allOf"), 1), "$ref"));
}

static void a_model_is_restored_unless_it_was_edited(void **state)
{
	static const char schema[] = "{ \"$schema\": \"s\", \"items\": { \"$ref\": \"" URL "M\" } }";
	struct json JSON_CLEANUP *model = json_object_new(), *restored = json_object_new(), *shown = NULL;
	struct view name = view_of("M"), prefix = view_of("#/definitions/"), other = view_of("zyxwv98765");

	(void)state;
	json_set_c_string(model, "name", "M");
	json_set_c_string(model, "schema", schema);
	json_set_c_string(model, "contentType", "application/json");
	json_set_c_string(model, "description", "d");
	shown = schema_export(model, view_of("abcde12345"), prefix, false);
	assert_json("{\"items\":{\"$ref\":\"#/definitions/M\"}}", shown);
	assert_false(schema_restore(restored, shown, name, prefix, other));
	json_free(shown);
	shown = schema_export(model, view_of("abcde12345"), prefix, true);
	assert_non_null(json_find(shown, OPENAPI_X_MODEL));
	assert_true(schema_restore(restored, shown, name, prefix, other));
	assert_string_equal("{ \"$schema\": \"s\", \"items\": { \"$ref\": "
			    "\"https://apigateway.amazonaws.com/restapis/zyxwv98765/models/M\" } }",
		json_find_c_string(restored, "schema"));
	assert_string_equal("d", json_find_c_string(restored, "description"));
	json_set_c_string(shown, "title", "edited");
	assert_false(schema_restore(restored, shown, name, prefix, other));
	json_set_c_string(json_find(shown, OPENAPI_X_MODEL), "schema", "{");
	assert_false(schema_restore(restored, shown, name, prefix, other));
}

/* An array of Models from {name: schema}. */
static struct json *models_of(const char *schemas)
{
	struct json JSON_CLEANUP *all = tree(view_from_text(schemas));
	struct json *models = json_array_new();

	JSON_EACH(schema, all)
	{
		struct json *model = json_object_new();
		char *text = json_print_text(schema);

		json_set_text(model, "name", json_name(schema));
		json_set_c_string(model, "schema", text);
		json_append(models, model);
		free(text);
	}
	return models;
}

#define REF(name) "{\"$ref\":\"" URL name "\"}"

static void references_are_replaced_by_what_they_refer_to(void **state)
{
	static const struct {
		const char *models, *flat;
	} cases[] = {
		{ "{\"A\":{\"type\":\"object\"}}", "{\"type\":\"object\"}" },
		{ "{\"A\":{\"properties\":{\"b\":" REF("B") "}},\"B\":{\"$schema\":\"s\",\"items\":[" REF(
			  "C") "]},\"C\":{\"type\":\"null\"}}",
			"{\"properties\":{\"b\":{\"items\":[{\"type\":\"null\"}]}}}" },
		{ "{\"A\":{\"properties\":{\"a\":" REF("A") ",\"b\":" REF("B") "}},\"B\":{\"items\":" REF(
			  "A") ",\"not\":" REF("B") "}}",
			"{\"properties\":{\"a\":" REF("A") ",\"b\":{\"items\":" REF("A") ",\"not\":" REF("B") "}}}" },
		{ "{\"A\":" REF("B") ",\"B\":{\"type\":\"string\"}}", "{\"type\":\"string\"}" },
		{ "{\"A\":{\"not\":{\"$ref\":\"#/definitions/"
		  "B\"},\"definitions\":{\"B\":{}}},\"B\":{\"type\":\"string\"}}",
			"{\"not\":{\"$ref\":\"#/definitions/B\"},\"definitions\":{\"B\":{}}}" },
		{ "{\"A\":" REF("B") ",\"B\":{\"items\":{\"$ref\":\"#\"}}}", REF("B") },
		{ "{\"A\":{\"properties\":{\"$ref\":" REF("Gone") "}}}",
			"{\"properties\":{\"$ref\":" REF("Gone") "}}" },
		{ "{\"A\":{\"oneOf\":[" REF("B") "," REF("B") "]},\"B\":{\"type\":\"string\"}}",
			"{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"string\"}]}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json JSON_CLEANUP *models = models_of(cases[i].models), *flat = NULL;

		flat = schema_flatten(models, view_of("A"));
		assert_json(cases[i].flat, flat);
	}
}

static void what_grows_without_bound_stays_a_reference(void **state)
{
	struct json JSON_CLEANUP *models = json_array_new(), *flat = NULL;
	char *text;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct json *model = json_object_new();

		json_set(model, "name", json_text_new_printf("M%d", i));
		json_set(model, "schema",
			json_text_new_printf("{\"properties\":{\"a\":{\"$ref\":\"" URL "M%d\"},\"b\":{\"$ref\":\"" URL
					     "M%d\"}}}",
				i + 1, i + 1));
		json_append(models, model);
	}
	flat = schema_flatten(models, view_of("M0"));
	text = json_print_text(flat);
	assert_true(strlen(text) > SCHEMA_FLAT_MAX_BYTES / 4);
	assert_true(strlen(text) < 2 * SCHEMA_FLAT_MAX_BYTES);
	free(text);
	assert_null(schema_template(models, view_of("M0")));
	assert_null(schema_flatten(models, view_of("Gone")));
	assert_null(schema_template(models, view_of("Gone")));
}

#define LINE "#set($inputRoot = $input.path('$'))\n"
#define LOOP                                                                                                           \
	"##TO"                                                                                                         \
	"DO: Update this foreach loop to reference array from input json\n#foreach($elem in $inputRoot)\n"

static void templates_make_examples(void **state)
{
	static const struct {
		const char *models, *template;
	} cases[] = {
		{ "{\"A\":{\"title\":\"Empty Schema\",\"type\":\"object\"}}", LINE "{ }" },
		{ "{\"A\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"},\"b\":{\"type\":\"number\"},"
		  "\"op\":{\"type\":\"string\"},\"c\":{\"type\":\"number\"}}}}",
			LINE "{\n  \"a\" : 3.1415,\n  \"b\" : 3.1415,\n  \"op\" : \"foo\",\n  \"c\" : 3.1415\n}" },
		{ "{\"A\":{\"properties\":{\"i\":{\"type\":\"integer\"},\"t\":{\"type\":[\"null\",\"boolean\"]},\"o\":{"
		  "\"type\":\"object\",\"properties\":{\"\\\"\":{\"type\":\"null\"}}}}}}",
			LINE "{\n  \"i\" : 42,\n  \"t\" : true,\n  \"o\" : {\n    \"\\\"\" : null\n  }\n}" },
		{ "{\"A\":{\"type\":\"array\",\"items\":" REF(
			  "B") "},\"B\":{\"properties\":{\"x\":{\"type\":\"string\"}}}}",
			LINE "[\n" LOOP "  {\n    \"x\" : \"foo\"\n  }\n#if($foreach.hasNext),#end\n#end\n]" },
		{ "{\"A\":{\"properties\":{\"l\":{\"items\":{\"type\":\"string\"}}}}}",
			LINE "{\n  \"l\" : [\n" LOOP "    \"foo\"\n#if($foreach.hasNext),#end\n#end\n  ]\n}" },
		{ "{\"A\":{\"properties\":{\"a\":" REF("A") "}}}", LINE "{\n  \"a\" : { }\n}" },
		{ "{\"A\":{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}}", LINE "42" },
		{ "{\"A\":{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"string\"}}},{\"properties\":{\"b\":{\"type\":"
		  "\"string\"}}}]}}",
			LINE "{\n  \"a\" : \"foo\",\n  \"b\" : \"foo\"\n}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct json JSON_CLEANUP *models = models_of(cases[i].models);
		char *text = schema_template(models, view_of("A"));

		assert_non_null(text);
		assert_string_equal(cases[i].template, text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_name_models),
		cmocka_unit_test(schemas_go_into_documents_and_out),
		cmocka_unit_test(a_model_is_restored_unless_it_was_edited),
		cmocka_unit_test(references_are_replaced_by_what_they_refer_to),
		cmocka_unit_test(what_grows_without_bound_stays_a_reference),
		cmocka_unit_test(templates_make_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
