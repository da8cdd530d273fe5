/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Method and MethodResponse. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/method_parts.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* method.request.header.X, method.request.querystring.X, method.request.path.X: the part behind the third dot, or empty. */
static struct view parameter_name(struct view expression)
{
	static const char *const places[] = { "method.request.header.", "method.request.querystring.",
		"method.request.path.", "method.request.multivaluequerystring.", "method.request.multivalueheader." };

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		if (view_starts_with(expression, view_from_text(places[i])))
			return view_after(expression, strlen(places[i]));
	}
	return view_of("");
}

static int check_parameters(struct call *call, const struct json *parameters)
{
	struct table names;
	int error = part_check_count(call, parameters);

	table_init(&names);
	JSON_EACH(parameter, error == 0 ? parameters : NULL)
	{
		struct view name = parameter_name(json_name(parameter));

		if (name.count == 0)
			error = part_fail_parameter(call, json_name(parameter));
		else if (table_add(&names, name, parameter) < 0)
			error = call_fail(call, "BadRequestException",
				"Parameter names must be unique across querystring, header and path");
		if (error < 0)
			break;
	}
	table_fini(&names);
	return error;
}

static int check_models(struct call *call, const struct json *models)
{
	if (part_check_count(call, models) < 0)
		return CALL_FAILED;
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

	if (error == 0)
		error = part_check_verb(call, view_from_text(verb));
	if (error < 0)
		return error;
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
	return part_keep(call, resource, method, check_method);
}

int op_get_method(struct call *call)
{
	return part_get(call, resource_method_find);
}

int op_delete_method(struct call *call)
{
	return part_delete(call, resource_method_find);
}

static int patch_scopes(struct call *call, const struct patch *patch, struct json *method)
{
	(void)call;
	if (patch->value)
		patch_list(json_ensure_array(method, "authorizationScopes"), patch, patch->value);
	return 0;
}

/* Ignored while nobody is authorized by it. */
static int patch_authorizer(struct call *call, const struct patch *patch, struct json *method)
{
	if (view_equals_text(json_find_text(method, "authorizationType"), "NONE"))
		return 0;
	return patch_set_or_unset(call, patch, method);
}

static int patch_authorization(struct call *call, const struct patch *patch, struct json *method)
{
	if (patch->value && strcmp(patch->value, "NONE") == 0)
		(void)json_remove(method, "authorizerId");
	return patch_set_text(call, patch, method);
}

static int patch_method(struct call *call, const struct patch *patch, struct json *method)
{
	static const struct patch_row rows[] = {
		{ "/authorizationScopes", PATCH_ON_ADD_REMOVE, patch_scopes },
		{ "/authorizationType", PATCH_ON_REPLACE, patch_authorization },
		{ "/authorizerId", PATCH_ON_REPLACE, patch_authorizer },
		{ "/apiKeyRequired", PATCH_ON_REPLACE, patch_set_bool },
		{ "/operationName", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/requestValidatorId", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/requestParameters/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_bool_entry },
		{ "/requestModels/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_entry },
	};

	return patch_by_rows(call, patch, method, rows, ARRAY_COUNT(rows));
}

int op_update_method(struct call *call)
{
	return part_update(call, resource_method_find, patch_method, check_method);
}

/* --- MethodResponse ---------------------------------------------------------------------------------------------------- */

static int response_find(struct call *call, struct json **ret_resource, struct json **ret_response)
{
	struct json *method;
	int error = resource_method_find(call, ret_resource, &method);

	if (error < 0)
		return error;
	return part_response(call, json_find(method, "methodResponses"), ret_response);
}

/* Everything that must hold of a method's response as a whole. */
static int check_response(struct call *call, const struct json *response)
{
	const struct view header = view_of("method.response.header.");

	if (part_check_count(call, json_find(response, "responseParameters")) < 0)
		return CALL_FAILED;
	JSON_EACH(parameter, json_find(response, "responseParameters"))
	{
		struct view name = json_name(parameter);

		if (!view_starts_with(name, header) || name.count == header.count)
			return part_fail_parameter(call, name);
	}
	return check_models(call, json_find(response, "responseModels"));
}

int op_put_method_response(struct call *call)
{
	const char *status = call_input(call, "statusCode");
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method, *responses, *response;
	int error = resource_method_find(call, &resource, &method);

	if (error < 0)
		return error;
	responses = json_ensure_object(method, "methodResponses");
	if (json_find(responses, status))
		return call_fail(call, "ConflictException", "Response already exists for this resource");
	response = json_object_new();
	json_set(responses, status, response);
	json_set_c_string(response, "statusCode", status);
	call_take(call, response, "responseParameters", "responseModels", NULL);
	return part_keep(call, resource, response, check_response);
}

int op_get_method_response(struct call *call)
{
	return part_get(call, response_find);
}

int op_delete_method_response(struct call *call)
{
	return part_delete(call, response_find);
}

/* An entry that is not there can't be replaced or removed. */
static int patch_parameter(struct call *call, const struct patch *patch, struct json *response)
{
	if (patch->op != PATCH_ADD && !json_find(json_find(response, "responseParameters"), patch->parts[1]))
		return call_fail(call, "NotFoundException", "Invalid parameter name specified");
	return patch_set_bool_entry(call, patch, response);
}

static int patch_model(struct call *call, const struct patch *patch, struct json *response)
{
	if (patch->op != PATCH_ADD && !json_find(json_find(response, "responseModels"), patch->parts[1]))
		return call_fail(call, "NotFoundException", "Content-Type specified was not found");
	return patch_set_entry(call, patch, response);
}

static int patch_method_response(struct call *call, const struct patch *patch, struct json *response)
{
	static const struct patch_row rows[] = {
		{ "/responseParameters/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_parameter },
		{ "/responseModels/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_model },
	};

	return patch_by_rows(call, patch, response, rows, ARRAY_COUNT(rows));
}

int op_update_method_response(struct call *call)
{
	return part_update(call, response_find, patch_method_response, check_response);
}
