/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/yaml.h"
#include "appliance/model/validator.h"

static struct arena arena;
static struct validator_models models;

static struct json *tree(const char *text)
{
	struct json *value = NULL;

	assert_int_equal(0, yaml_parse(view_from_text(text), NULL, &value, NULL));
	return value;
}

/* What `method` asks for, among these validators and models. */
static const struct validator *compiled(const char *method_text, const char **ret_refused)
{
	struct json JSON_CLEANUP *validators =
		tree("[{id: all, validateRequestBody: true, validateRequestParameters: true}, "
		     "{id: body, validateRequestBody: true}, {id: none, validateRequestBody: false}]");
	struct json JSON_CLEANUP *list = tree(
		"- {name: Pet, schema: '{\"$ref\":\"https://apigateway.amazonaws.com/restapis/api1/models/Base\"}'}\n"
		"- {name: Base, schema: '{\"required\":[\"a\"]}'}\n"
		"- {name: Bare}\n"
		"- {name: Xml, contentType: application/xml, schema: <a/>}\n"
		"- {name: Other, schema: "
		"'{\"$ref\":\"https://apigateway.amazonaws.com/restapis/api2/models/Base\"}'}\n");
	struct json JSON_CLEANUP *method = tree(method_text);
	const struct validator *validator = NULL;

	*ret_refused = NULL;
	validator_models_fini(&models);
	validator_models_init(&models, &arena, view_of("api1"), list);
	assert_int_equal(0, validator_compile(&models, validators, method, &validator, ret_refused));
	return validator;
}

static void parameters_are_in_the_order_of_their_keys(void **state)
{
	static const char *const names[] = { "Z", "a.b", "id", "a", "b" };
	const char *refused;
	const struct validator *validator = compiled(
		"{requestValidatorId: all, requestParameters: {method.request.querystring.b: true, "
		"method.request.path.id: true, method.request.header.a.b: true, method.request.header.Z: true, "
		"method.request.querystring.a: true, method.request.header.maybe: false, odd: true}}",
		&refused);

	(void)state;
	assert_null(refused);
	assert_int_equal(5, validator->parameter_count);
	for (size_t i = 0; i < 5; i++)
		assert_true(view_equals_text(validator->parameters[i].name, names[i]));
	assert_int_equal(VALIDATOR_HEADER, validator->parameters[1].place);
	assert_int_equal(VALIDATOR_PATH, validator->parameters[2].place);
	assert_int_equal(VALIDATOR_QUERYSTRING, validator->parameters[4].place);
}

static void a_media_type_has_its_model(void **state)
{
	const char *refused;
	const struct validator *validator =
		compiled("{requestValidatorId: body, requestParameters: {method.request.header.a: true}, "
			 "requestModels: {Application/JSON: Pet, $default: Bare}}",
			&refused);

	(void)state;
	assert_null(refused);
	assert_int_equal(0, validator->parameter_count);
	assert_ptr_equal(&validator->bodies[0], validator_find_body(validator, view_of("application/json")));
	assert_ptr_equal(&validator->bodies[1], validator_find_body(validator, view_of("text/plain")));
	validator = compiled("{requestValidatorId: body, requestModels: {application/json: Pet}}", &refused);
	assert_null(validator_find_body(validator, view_of("text/plain")));
}

static void who_asks_for_nothing_has_none(void **state)
{
	static const char *const methods[] = {
		"{}",
		"{requestValidatorId: gone, requestModels: {a/b: Pet}}",
		"{requestValidatorId: none, requestModels: {a/b: Xml}}",
		"{requestValidatorId: none, requestParameters: {method.request.path.a: true}}",
		"{requestValidatorId: all}",
		"{requestValidatorId: all, requestParameters: {method.request.path.a: false}}",
	};
	const char *refused;

	(void)state;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		assert_null(compiled(methods[i], &refused));
		assert_null(refused);
	}
}

static void models_that_can_t_be_compiled_are_told(void **state)
{
	const char *refused;

	(void)state;
	compiled("{requestValidatorId: body, requestModels: {a/b: Gone}}", &refused);
	assert_string_equal("request model 'Gone': there is no such model", refused);
	compiled("{requestValidatorId: body, requestModels: {a/b: Xml}}", &refused);
	assert_string_equal("request model 'Xml': its schema is no JSON object", refused);
	compiled("{requestValidatorId: body, requestModels: {a/b: Other}}", &refused);
	assert_non_null(strstr(refused,
		"request model 'Other': #: 'https://apigateway.amazonaws.com/restapis/api2/models/Base' "
		"refers to no model"));
}

static void a_new_model_may_refer_to_itself_and_others(void **state)
{
	struct json JSON_CLEANUP *list = tree("[{name: Base, schema: '{}'}]");
	struct schema_error why;

	(void)state;
	assert_int_equal(
		0, validator_check_model(view_of("a"), list, view_of("New"),
			   view_of("{\"items\":{\"$ref\":\"https://apigateway.amazonaws.com/restapis/a/models/New\"},"
				   "\"not\":{\"$ref\":\"https://apigateway.amazonaws.com/restapis/a/models/Base\"}}"),
			   &why));
	assert_int_equal(-EINVAL,
		validator_check_model(view_of("a"), list, view_of("New"),
			view_of("{\"not\":{\"$ref\":\"https://apigateway.amazonaws.com/restapis/a/models/No\"}}"),
			&why));
	assert_string_equal("#/not", why.place);
	assert_int_equal(-EINVAL, validator_check_model(view_of("a"), list, view_of("New"), view_of("[]"), &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_in_the_order_of_their_keys),
		cmocka_unit_test(a_media_type_has_its_model),
		cmocka_unit_test(who_asks_for_nothing_has_none),
		cmocka_unit_test(models_that_can_t_be_compiled_are_told),
		cmocka_unit_test(a_new_model_may_refer_to_itself_and_others),
	};
	int failed;

	arena_init(&arena, NULL, (size_t)16 << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	validator_models_fini(&models);
	arena_fini(&arena);
	return failed;
}
