/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One operation of an OpenAPI document as a Method. */
#include "appliance/openapi/import_work.h"

#include "appliance/mapping/mapping_parameter.h"

/* What the helpers of one operation need. */
struct operation {
	struct openapi_work *work;
	struct view path, verb;
	const struct json *json;
	struct json *method;
	const struct json *body; /* Swagger: the schema of the parameter in the body */
};

/* --- Parameters ----------------------------------------------------------------------------------------------------- */

static void put_parameter(struct operation *operation, const struct json *given)
{
	static const struct {
		struct view in, prefix;
	} places[] = {
		{ VIEW_INIT("query"), VIEW_INIT("method.request.querystring.") },
		{ VIEW_INIT("header"), VIEW_INIT("method.request.header.") },
		{ VIEW_INIT("path"), VIEW_INIT("method.request.path.") },
	};
	struct openapi_work *work = operation->work;
	const struct json *parameter = openapi_resolve(work, given);
	struct view in = json_find_text(parameter, "in"), name = json_find_text(parameter, "name");
	bool required = json_find_bool(parameter, "required", false) || view_equals_text(in, "path");

	if (!parameter)
		return;
	if (view_equals_text(in, "body")) {
		operation->body = json_find(parameter, "schema");
		return;
	}
	if (name.count == 0 || in.count == 0) {
		openapi_invalid(work, parameter, "a parameter must have a 'name' and an 'in'");
		return;
	}
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct view expression;

		if (!view_equals(in, places[i].in))
			continue;
		expression = openapi_text(work, VIEW_FMT VIEW_FMT, VIEW_ARG(places[i].prefix), VIEW_ARG(name));
		if (!mapping_name_is_valid(name))
			openapi_error(work, parameter,
				"Unable to put method '" VIEW_FMT "' on resource at path '" VIEW_FMT
				"': Invalid mapping expression specified: Validation Result: warnings : [], errors : "
				"[Invalid mapping "
				"expression parameter specified: " VIEW_FMT "]",
				VIEW_ARG(operation->verb), VIEW_ARG(operation->path), VIEW_ARG(expression));
		else
			json_set_view(json_ensure_object(operation->method, "requestParameters"), expression,
				json_bool_new(required));
		return;
	}
	if (!view_equals_text(in, "cookie"))
		openapi_warn(work,
			"Parameter '" VIEW_FMT "' in '" VIEW_FMT "' of resource '" VIEW_FMT "' and method '" VIEW_FMT
			"' is not supported, ignored",
			VIEW_ARG(name), VIEW_ARG(in), VIEW_ARG(operation->path), VIEW_ARG(operation->verb));
}

static void put_parameters(struct operation *operation, const struct json *list)
{
	if (list && !json_is_array(list)) {
		openapi_invalid(operation->work, list, "'parameters' must be a list");
		return;
	}
	for (size_t i = 0; i < json_count(list); i++)
		put_parameter(operation, json_at(list, i));
}

/* --- Bodies --------------------------------------------------------------------------------------------------------- */

/* Swagger: the media types of an operation, else of the document, else application/json; each with the same model. */
static void put_model_for_all(
	struct operation *operation, struct json *models, const char *member, const struct json *schema)
{
	const struct json *own = json_find(operation->json, member),
			  *types = own ? own : json_find(operation->work->document, member);
	struct view model = openapi_model_of(operation->work, schema);

	if (model.count == 0)
		return;
	if (json_count(types) == 0)
		json_set_text(models, "application/json", model);
	for (size_t i = 0; i < json_count(types); i++)
		json_set_view(models, json_text(json_at(types, i)), json_text_new(model));
}

/* OpenAPI 3: {media type: {schema}}. */
static void put_models(struct operation *operation, struct json *models, const struct json *content)
{
	for (size_t i = 0; i < json_count(content); i++) {
		const struct json *media = json_at(content, i), *schema = json_find(media, "schema");
		struct view model = schema ? openapi_model_of(operation->work, schema) : view_of("");

		if (model.count)
			json_set_view(models, json_name(media), json_text_new(model));
	}
}

static void put_request_models(struct operation *operation)
{
	const struct json *body = openapi_resolve(operation->work, json_find(operation->json, "requestBody"));
	struct json *models = json_object_new();

	if (operation->work->is_swagger && operation->body)
		put_model_for_all(operation, models, "consumes", operation->body);
	else if (!operation->work->is_swagger)
		put_models(operation, models, json_find(body, "content"));
	if (json_count(models))
		json_set(operation->method, "requestModels", models);
	else
		json_free(models);
}

/* --- Responses ------------------------------------------------------------------------------------------------------ */

static bool is_status(struct view text)
{
	return text.count == 3 && text.at[0] >= '1' && text.at[0] <= '5' && text.at[1] >= '0' && text.at[1] <= '9' &&
	       text.at[2] >= '0' && text.at[2] <= '9';
}

static void put_response(struct operation *operation, struct view status, const struct json *given)
{
	const struct json *wanted = openapi_resolve(operation->work, given), *headers = json_find(wanted, "headers");
	struct json *response = json_object_new(), *models = json_object_new();

	json_set_text(response, "statusCode", status);
	for (size_t i = 0; i < json_count(headers); i++) {
		struct view name = json_name(json_at(headers, i));

		if (mapping_name_is_valid(name))
			json_set_view(json_ensure_object(response, "responseParameters"),
				openapi_text(operation->work, "method.response.header." VIEW_FMT, VIEW_ARG(name)),
				json_bool_new(false));
		else
			openapi_error(operation->work, json_at(headers, i), "Invalid response header name: " VIEW_FMT,
				VIEW_ARG(name));
	}
	if (operation->work->is_swagger && json_find(wanted, "schema"))
		put_model_for_all(operation, models, "produces", json_find(wanted, "schema"));
	else if (!operation->work->is_swagger)
		put_models(operation, models, json_find(wanted, "content"));
	if (json_count(models))
		json_set(response, "responseModels", models);
	else
		json_free(models);
	json_set_view(json_ensure_object(operation->method, "methodResponses"), status, response);
}

static void put_responses(struct operation *operation)
{
	const struct json *responses = json_find(operation->json, "responses");

	if (!json_is_object(responses) || json_count(responses) == 0)
		openapi_warn(operation->work,
			"Method must have a response: resource '" VIEW_FMT "' and method '" VIEW_FMT "'",
			VIEW_ARG(operation->path), VIEW_ARG(operation->verb));
	for (size_t i = 0; i < json_count(responses); i++) {
		const struct json *response = json_at(responses, i);
		struct view status = json_name(response);

		if (is_status(status))
			put_response(operation, status, response);
		else if (!view_equals_text(status, "default") && !view_starts_with(status, view_of("x-")))
			openapi_warn(operation->work,
				"Invalid status '" VIEW_FMT "' of resource '" VIEW_FMT "' and method '" VIEW_FMT
				"' ignored",
				VIEW_ARG(status), VIEW_ARG(operation->path), VIEW_ARG(operation->verb));
	}
}

/* --- The method ----------------------------------------------------------------------------------------------------- */

static void put_validator(struct operation *operation)
{
	static const char extension[] = "x-amazon-apigateway-request-validator";
	const struct json *own = json_find(operation->json, extension),
			  *wanted = own ? own : json_find(operation->work->document, extension);
	const struct json *validator =
		openapi_find(json_find(operation->work->definition, "validators"), "name", json_text(wanted));

	if (validator && json_is_text(wanted))
		json_set(operation->method, "requestValidatorId", json_copy(json_find(validator, "id")));
	else if (wanted)
		openapi_warn(operation->work,
			"Request validator '" VIEW_FMT "' of resource '" VIEW_FMT "' and method '" VIEW_FMT
			"' is not defined, ignored",
			VIEW_ARG(json_text(wanted)), VIEW_ARG(operation->path), VIEW_ARG(operation->verb));
}

struct json *openapi_method(struct openapi_work *work, const struct json *resource, struct view verb,
	const struct json *path_item, const struct json *operation_json)
{
	const struct json *id = json_find(operation_json, "operationId"),
			  *extension = json_find(operation_json, "x-amazon-apigateway-integration");
	struct operation operation = { .work = work,
		.path = json_find_text(resource, "path"),
		.verb = verb,
		.json = operation_json,
		.method = json_object_new() };
	struct json *integration = extension ? openapi_integration(work, resource, verb, extension) : NULL;

	json_set_text(operation.method, "httpMethod", verb);
	openapi_set_security(work, operation_json, operation.path, operation.method);
	if (json_is_text(id))
		json_set(operation.method, "operationName", json_copy(id));
	put_parameters(&operation, json_find(path_item, "parameters"));
	put_parameters(&operation, json_find(operation_json, "parameters"));
	put_request_models(&operation);
	put_validator(&operation);
	put_responses(&operation);
	if (integration)
		json_set(operation.method, "methodIntegration", integration);
	return operation.method;
}
