/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model, RequestValidator and Authorizer: what methods refer to. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/authorizers.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/rest_api_limits.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/model/authorizer.h"
#include "appliance/model/validator.h"
#include "appliance/openapi/schema.h"

static int list(struct call *call, enum store_kind kind, const char *id_member)
{
	int error = api_check(call);

	return error < 0 ? error : page_list(call, record_list(call, kind, call_input(call, "restApiId")), id_member);
}

/* --- Model ------------------------------------------------------------------------------------------------------------------ */

static int model_find(struct call *call, struct json **ret)
{
	const char *name = call_input(call, "modelName");
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_model, api_key(call, name));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid model name specified: %s", name);
}

/* Would the gateway be able to check bodies against it, and does it refer to models that there are? */
static int check_compiles(struct call *call, const char *name, const char *schema)
{
	struct json JSON_CLEANUP *models = record_list(call, STORE_model, call_input(call, "restApiId"));
	struct schema_error why;

	if (validator_check_model(view_from_text(call_input(call, "restApiId")), models, view_from_text(name),
		    view_from_text(schema), &why) == 0)
		return 0;
	return call_fail(call, "BadRequestException",
		"Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified: "
		"%s: %s]",
		why.place, why.text);
}

static int check_schema(struct call *call, const char *name, const char *schema)
{
	struct json JSON_CLEANUP *tree = NULL;
	struct json_error problem;

	if (!schema || json_parse(view_from_text(schema), NULL, &tree, &problem) < 0)
		return call_fail(call, "BadRequestException",
			"Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema "
			"specified]");
	if (strlen(schema) > REST_API_SCHEMA_MAX_BYTES)
		return call_fail(call, "BadRequestException", "The model schema is larger than %d bytes",
			REST_API_SCHEMA_MAX_BYTES);
	if (!json_is_object(tree) || json_count(tree) == 0)
		return call_fail(call, "BadRequestException",
			"Model schema must have at least 1 property or array items defined");
	return check_compiles(call, name, schema);
}

int op_create_model(struct call *call)
{
	const char *name = call_input(call, "name");
	struct json JSON_CLEANUP *model = json_object_new();
	char id[7];
	int error = api_check(call);

	if (error < 0)
		return error;
	if (!*name)
		return call_fail(call, "BadRequestException", "Model name must be non-empty");
	for (const char *byte = name; *byte; byte++)
		if (!isalnum((unsigned char)*byte))
			return call_fail(call, "BadRequestException", "Model name must be alphanumeric: %s", name);
	if (record_exists(call, STORE_model, api_key(call, name)))
		return call_fail(call, "ConflictException", "Model name already exists for this REST API");
	error = check_schema(call, name, call_input_has(call, "schema") ? call_input(call, "schema") : "{}");
	if (error < 0)
		return error;
	random_lower_alnum(id, 6);
	json_set_c_string(model, "id", id);
	call_take(call, model, "name", "description", "schema", "contentType", NULL);
	record_put(call, STORE_model, api_key(call, name), call_input(call, "restApiId"), model);
	call_answer(call, model);
	return 0;
}

/* The models of the API that the model is of: what its references may refer to. */
static struct json *models_around(struct call *call)
{
	return record_list(call, STORE_model, call_input(call, "restApiId"));
}

static void answer_flat(struct call *call, struct view name)
{
	struct json JSON_CLEANUP *models = models_around(call), *flat = schema_flatten(models, name);
	char *text = json_print_text(flat);

	if (flat)
		json_set_c_string(call->output, "schema", text);
	free(text);
}

int op_get_model(struct call *call)
{
	struct json JSON_CLEANUP *model = NULL;
	int error = model_find(call, &model);

	if (error < 0)
		return error;
	call_answer(call, model);
	if (json_find_bool(call->input, "flatten", false))
		answer_flat(call, json_find_text(model, "name"));
	return 0;
}

int op_get_model_template(struct call *call)
{
	struct json JSON_CLEANUP *model = NULL, *models = NULL;
	int error = model_find(call, &model);
	char *text;

	if (error < 0)
		return error;
	models = models_around(call);
	text = schema_template(models, json_find_text(model, "name"));
	if (!text)
		return call_fail(call, "BadRequestException", "The mapping template of model %s would be too large",
			call_input(call, "modelName"));
	json_set_c_string(call->output, "value", text);
	free(text);
	return 0;
}

int op_get_models(struct call *call)
{
	return list(call, STORE_model, "name");
}

static int patch_schema(struct call *call, const struct patch *patch, struct json *model)
{
	return check_schema(call, call_input(call, "modelName"), patch->value) < 0 ? CALL_FAILED
										   : patch_set_text(call, patch, model);
}

static int patch_model(struct call *call, const struct patch *patch, struct json *model)
{
	static const struct patch_row rows[] = {
		{ "/description", PATCH_ON_REPLACE, patch_set_text },
		{ "/schema", PATCH_ON_REPLACE, patch_schema },
	};

	return patch_by_listed_rows(call, patch, model, rows, ARRAY_COUNT(rows));
}

int op_update_model(struct call *call)
{
	struct json JSON_CLEANUP *model = NULL;
	int error = model_find(call, &model);

	if (error == 0)
		error = patch_apply(call, model, patch_model);
	if (error < 0)
		return error;
	record_put(
		call, STORE_model, api_key(call, call_input(call, "modelName")), call_input(call, "restApiId"), model);
	call_answer(call, model);
	return 0;
}

static bool refers_to(const struct json *models, const char *name)
{
	JSON_EACH(model, models)
	if (view_equals_text(json_text(model), name))
		return true;
	return false;
}

static bool is_response_of(const struct json *method, const char *name)
{
	JSON_EACH(response, json_find(method, "methodResponses"))
	if (refers_to(json_find(response, "responseModels"), name))
		return true;
	return false;
}

int op_delete_model(struct call *call)
{
	const char *name = call_input(call, "modelName");
	struct json JSON_CLEANUP *model = NULL, *resources = NULL;
	int error = model_find(call, &model);

	if (error < 0)
		return error;
	resources = resource_list(call, call_input(call, "restApiId"));
	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		bool in_request = refers_to(json_find(method, "requestModels"), name);

		if (in_request || is_response_of(method, name))
			return call_fail(call, "ConflictException",
				"Cannot delete model '%s', is referenced in method %s: " VIEW_FMT "/" VIEW_FMT, name,
				in_request ? "request" : "response", VIEW_ARG(json_find_text(resource, "path")),
				VIEW_ARG(json_name(method)));
	}
	record_delete(call, STORE_model, api_key(call, name));
	return 0;
}

/* --- RequestValidator ---------------------------------------------------------------------------------------------------------- */

static int validator_find(struct call *call, struct json **ret)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_requestvalidator, api_key(call, call_input(call, "requestValidatorId")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Request Validator identifier specified");
}

int op_create_request_validator(struct call *call)
{
	struct json JSON_CLEANUP *validator = json_object_new();
	const char *id;

	if (!record_exists(call, STORE_restapi, call_input(call, "restApiId")))
		return call_fail(call, "BadRequestException", "Invalid REST API identifier specified");
	if (call_input_has(call, "name") && !*call_input(call, "name"))
		return call_fail(call, "BadRequestException", "Request Validator name cannot be blank");
	id = record_new_id(call, STORE_requestvalidator, api_key(call, ""), 6);
	json_set_c_string(validator, "id", id);
	json_set_bool(validator, "validateRequestBody", false);
	json_set_bool(validator, "validateRequestParameters", false);
	call_take(call, validator, "name", "validateRequestBody", "validateRequestParameters", NULL);
	record_put(call, STORE_requestvalidator, api_key(call, id), call_input(call, "restApiId"), validator);
	call_answer(call, validator);
	return 0;
}

int op_get_request_validator(struct call *call)
{
	struct json JSON_CLEANUP *validator = NULL;
	int error = validator_find(call, &validator);

	if (error == 0)
		call_answer(call, validator);
	return error;
}

int op_get_request_validators(struct call *call)
{
	return list(call, STORE_requestvalidator, "id");
}

static int patch_validator_name(struct call *call, const struct patch *patch, struct json *validator)
{
	if (!patch->value || !*patch->value)
		return call_fail(call, "BadRequestException", "Request Validator name cannot be blank");
	return patch_set_text(call, patch, validator);
}

static int patch_validator(struct call *call, const struct patch *patch, struct json *validator)
{
	static const struct patch_row rows[] = {
		{ "/name", PATCH_ON_REPLACE, patch_validator_name },
		{ "/validateRequestParameters", PATCH_ON_REPLACE, patch_set_bool },
		{ "/validateRequestBody", PATCH_ON_REPLACE, patch_set_bool },
	};

	return patch_by_listed_rows(call, patch, validator, rows, ARRAY_COUNT(rows));
}

int op_update_request_validator(struct call *call)
{
	struct json JSON_CLEANUP *validator = NULL;
	int error = validator_find(call, &validator);

	if (error == 0)
		error = patch_apply(call, validator, patch_validator);
	if (error < 0)
		return error;
	record_put(call, STORE_requestvalidator, api_key(call, call_input(call, "requestValidatorId")),
		call_input(call, "restApiId"), validator);
	call_answer(call, validator);
	return 0;
}

int op_delete_request_validator(struct call *call)
{
	struct json JSON_CLEANUP *validator = NULL, *resources = NULL;
	const char *id = call_input(call, "requestValidatorId");
	int error = validator_find(call, &validator);

	if (error < 0)
		return error;
	resources = resource_list(call, call_input(call, "restApiId"));
	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	if (view_equals_text(json_find_text(method, "requestValidatorId"), id))
		return call_fail(call, "ConflictException",
			"Cannot delete request validator '%s', is referenced in method request: " VIEW_FMT "/" VIEW_FMT,
			id, VIEW_ARG(json_find_text(resource, "path")), VIEW_ARG(json_name(method)));
	record_delete(call, STORE_requestvalidator, api_key(call, id));
	return 0;
}

/* --- Authorizer: kept and shown; a method that asks for one is refused by the gateway until authorizers can run. -------------- */

int authorizer_find(struct call *call, struct json **ret)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_authorizer, api_key(call, call_input(call, "authorizerId")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Authorizer identifier specified");
}

static int check_authorizer_count(struct call *call)
{
	struct json JSON_CLEANUP *all = record_list(call, STORE_authorizer, call_input(call, "restApiId"));

	if (json_count(all) < REST_API_AUTHORIZERS_MAX)
		return 0;
	return call_fail(call, "LimitExceededException",
		"Maximum number of authorizers for this API has been reached. Please contact AWS if you need "
		"additional authorizers.");
}

int op_create_authorizer(struct call *call)
{
	struct json JSON_CLEANUP *authorizer = json_object_new();
	const char *id;

	if (!record_exists(call, STORE_restapi, call_input(call, "restApiId")))
		return call_fail(call, "ConflictException",
			"Unable to complete operation due to concurrent modification. Please try again later.");
	if (check_authorizer_count(call) < 0)
		return CALL_FAILED;
	id = record_new_id(call, STORE_authorizer, api_key(call, ""), 6);
	json_set_c_string(authorizer, "id", id);
	json_set_c_string(authorizer, "authType",
		strcmp(call_input(call, "type"), "COGNITO_USER_POOLS") == 0 ? "cognito_user_pools" : "custom");
	if (strcmp(call_input(call, "type"), "COGNITO_USER_POOLS") != 0)
		json_set_integer(authorizer, "authorizerResultTtlInSeconds", AUTHORIZER_TTL_DEFAULT_S);
	call_take(call, authorizer, "name", "type", "providerARNs", "authType", "authorizerUri",
		"authorizerCredentials", "identitySource", "identityValidationExpression",
		"authorizerResultTtlInSeconds", NULL);
	if (authorizer_check(call, authorizer) < 0 || authorizer_check_name(call, authorizer) < 0)
		return CALL_FAILED;
	record_put(call, STORE_authorizer, api_key(call, id), call_input(call, "restApiId"), authorizer);
	call_answer(call, authorizer);
	return 0;
}

int op_get_authorizer(struct call *call)
{
	struct json JSON_CLEANUP *authorizer = NULL;
	int error = authorizer_find(call, &authorizer);

	if (error == 0)
		call_answer(call, authorizer);
	return error;
}

int op_get_authorizers(struct call *call)
{
	return list(call, STORE_authorizer, "id");
}

int op_delete_authorizer(struct call *call)
{
	struct json JSON_CLEANUP *authorizer = NULL, *resources = NULL;
	const char *id = call_input(call, "authorizerId");
	int error = authorizer_find(call, &authorizer);

	if (error < 0)
		return error;
	resources = resource_list(call, call_input(call, "restApiId"));
	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	if (view_equals_text(json_find_text(method, "authorizerId"), id))
		return call_fail(call, "ConflictException",
			"Cannot delete authorizer '%s', is referenced in method: " VIEW_FMT "/" VIEW_FMT, id,
			VIEW_ARG(json_find_text(resource, "path")), VIEW_ARG(json_name(method)));
	record_delete(call, STORE_authorizer, api_key(call, id));
	return 0;
}
