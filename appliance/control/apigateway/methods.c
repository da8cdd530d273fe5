/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Method and MethodResponse. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/patch.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

static const char *const verbs[] = { "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY" };

static bool is_verb(const char *text)
{
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		if (strcmp(verbs[i], text) == 0)
			return true;
	return false;
}

/* method.request.header.X, method.request.querystring.X, method.request.path.X: the part behind the third dot, or NULL. */
static const char *parameter_name(const char *expression)
{
	static const char *const places[] = { "method.request.header.", "method.request.querystring.",
		"method.request.path.", "method.request.multivaluequerystring.", "method.request.multivalueheader." };

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		size_t length = strlen(places[i]);

		if (strncmp(expression, places[i], length) == 0 && expression[length])
			return expression + length;
	}
	return NULL;
}

static int check_parameters(struct call *call, const struct json *parameters)
{
	JSON_EACH(parameter, parameters)
	{
		const char *expression = call_text_of(call, json_name(parameter)), *name = parameter_name(expression);

		if (!name)
			return call_fail(call, "BadRequestException",
				"Invalid mapping expression specified: Validation Result: warnings : [], errors : "
				"[Invalid mapping expression "
				"parameter specified: %s]",
				expression);
		JSON_EACH(other, parameters)
		{
			const char *other_name =
				other == parameter ? NULL : parameter_name(call_text_of(call, json_name(other)));

			if (other_name && strcmp(name, other_name) == 0)
				return call_fail(call, "BadRequestException",
					"Parameter names must be unique across querystring, header and path");
		}
	}
	return 0;
}

static int check_models(struct call *call, const struct json *models)
{
	JSON_EACH(model, models)
	{
		const char *name = json_c_string(model);

		if (!name || !record_exists(call, STORE_model, api_key(call, name)))
			return call_fail(call, "BadRequestException", "Invalid model identifier specified: %s",
				name ? name : "");
	}
	return 0;
}

static int check_authorization(struct call *call, const struct json *method)
{
	const char *type = json_find_c_string(method, "authorizationType"),
		   *id = json_find_c_string(method, "authorizerId");

	if (!type || (strcmp(type, "NONE") != 0 && strcmp(type, "AWS_IAM") != 0 && strcmp(type, "CUSTOM") != 0 &&
			     strcmp(type, "COGNITO_USER_POOLS") != 0))
		return call_fail(call, "BadRequestException",
			"Invalid authorization type specified. Valid options are "
			"NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS");
	if (strcmp(type, "NONE") == 0 || strcmp(type, "AWS_IAM") == 0)
		return 0;
	if (!id || !record_exists(call, STORE_authorizer, api_key(call, id)))
		return call_fail(call, "BadRequestException",
			"Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
			"COGNITO_USER_POOLS requires a valid "
			"authorizer.");
	return 0;
}

/* Everything that must hold of a method as a whole. */
static int check_method(struct call *call, const struct json *method)
{
	const char *validator = json_find_c_string(method, "requestValidatorId");
	int error = check_authorization(call, method);

	if (error == 0 && validator && *validator &&
		!record_exists(call, STORE_requestvalidator, api_key(call, validator)))
		return call_fail(call, "BadRequestException", "Invalid Request Validator identifier specified");
	if (error == 0)
		error = check_models(call, json_find(method, "requestModels"));
	if (error == 0)
		error = check_parameters(call, json_find(method, "requestParameters"));
	return error;
}

int op_put_method(struct call *call)
{
	const char *verb = call_input(call, "httpMethod");
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method, *methods;
	int error = resource_find(call, &resource);

	if (error < 0)
		return error;
	if (!is_verb(verb))
		return call_fail(call, "BadRequestException",
			"Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY");
	methods = json_ensure_object(resource, "resourceMethods");
	if (json_find(methods, verb))
		return call_fail(call, "ConflictException", "Method already exists for this resource");
	method = json_object_new();
	json_set_c_string(method, "httpMethod", verb);
	json_set(methods, verb, method);
	json_set_bool(method, "apiKeyRequired", false);
	call_take(call, method, "authorizationType", "authorizerId", "apiKeyRequired", "operationName",
		"requestParameters", "requestModels", "requestValidatorId", "authorizationScopes", NULL);
	if (view_equals_text(json_find_text(method, "authorizationType"), "NONE"))
		(void)json_remove(method, "authorizerId");
	error = check_method(call, method);
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, method);
	return 0;
}

int op_get_method(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method;
	int error = method_find(call, &resource, &method);

	if (error == 0)
		call_answer(call, method);
	return error;
}

int op_delete_method(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method;
	int error = method_find(call, &resource, &method);

	if (error < 0)
		return error;
	(void)json_remove(json_find(resource, "resourceMethods"), call_input(call, "httpMethod"));
	resource_put(call, resource);
	return 0;
}

static int patch_scopes(struct json *method, const struct patch *patch)
{
	if (patch->value)
		patch_list(json_ensure_array(method, "authorizationScopes"), patch, patch->value);
	return 0;
}

static int patch_method(struct call *call, const struct patch *patch, struct json *method)
{
	static const char *const texts[] = { "authorizationType", "authorizerId", "operationName",
		"requestValidatorId" };

	if (patch_is_entry(patch, "requestParameters")) {
		patch_bool_map(json_ensure_object(method, "requestParameters"), patch);
		return 0;
	}
	if (patch_is_entry(patch, "requestModels")) {
		patch_map(json_ensure_object(method, "requestModels"), patch);
		return 0;
	}
	if (patch_is(patch, "authorizationScopes"))
		return patch_scopes(method, patch);
	if (patch_is(patch, "apiKeyRequired")) {
		if (patch_only_replace(call, patch) < 0)
			return CALL_FAILED;
		patch_bool(method, "apiKeyRequired", patch);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (!patch_is(patch, texts[i]))
			continue;
		if (patch_only_replace(call, patch) < 0)
			return CALL_FAILED;
		/* Ignored while nobody is authorized by it. */
		if (i == 1 && view_equals_text(json_find_text(method, "authorizationType"), "NONE"))
			return 0;
		patch_text(method, texts[i], patch);
		return 0;
	}
	return patch_invalid_path(call, patch);
}

int op_update_method(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method;
	int error = method_find(call, &resource, &method);

	if (error == 0)
		error = patch_apply(call, method, patch_method);
	if (error == 0)
		error = check_method(call, method);
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, method);
	return 0;
}

/* --- MethodResponse ---------------------------------------------------------------------------------------------------- */

static int response_find(struct call *call, struct json **ret_resource, struct json **ret_response)
{
	struct json *method;
	int error = method_find(call, ret_resource, &method);

	if (error < 0)
		return error;
	*ret_response = json_find(json_find(method, "methodResponses"), call_input(call, "statusCode"));
	if (*ret_response)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Response status code specified");
}

int op_put_method_response(struct call *call)
{
	const char *status = call_input(call, "statusCode");
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method, *responses, *response;
	int error = method_find(call, &resource, &method);

	if (error < 0)
		return error;
	responses = json_ensure_object(method, "methodResponses");
	if (json_find(responses, status))
		return call_fail(call, "ConflictException", "Response already exists for this resource");
	error = check_models(call, json_find(call->input, "responseModels"));
	if (error < 0)
		return error;
	response = json_object_new();
	json_set(responses, status, response);
	json_set_c_string(response, "statusCode", status);
	call_take(call, response, "responseParameters", "responseModels", NULL);
	resource_put(call, resource);
	call_answer(call, response);
	return 0;
}

int op_get_method_response(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *response;
	int error = response_find(call, &resource, &response);

	if (error == 0)
		call_answer(call, response);
	return error;
}

int op_delete_method_response(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *response;
	int error = response_find(call, &resource, &response);

	if (error < 0)
		return error;
	(void)json_remove(json_parent(response), call_input(call, "statusCode"));
	resource_put(call, resource);
	return 0;
}

static int patch_method_response(struct call *call, const struct patch *patch, struct json *response)
{
	bool parameters = patch_is_entry(patch, "responseParameters"), models = patch_is_entry(patch, "responseModels");
	struct json *map;

	if (!parameters && !models)
		return patch_invalid_path(call, patch);
	map = json_ensure_object(response, parameters ? "responseParameters" : "responseModels");
	if (patch->op != PATCH_ADD && !json_find(map, patch->parts[1]))
		return call_fail(call, "NotFoundException", "%s",
			parameters ? "Invalid parameter name specified" : "Content-Type specified was not found");
	if (parameters)
		patch_bool_map(map, patch);
	else
		patch_map(map, patch);
	return 0;
}

int op_update_method_response(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *response;
	int error = response_find(call, &resource, &response);

	if (error == 0)
		error = patch_apply(call, response, patch_method_response);
	if (error == 0)
		error = check_models(call, json_find(response, "responseModels"));
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, response);
	return 0;
}
