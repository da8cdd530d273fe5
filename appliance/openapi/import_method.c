/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One operation of an OpenAPI document as a Method. */
#include "appliance/openapi/import_work.h"

#include "appliance/base/assert.h"
#include "appliance/mapping/mapping_parameter.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/operation.h"
#include "appliance/openapi/parameter.h"

/* What the helpers of one operation need. */
struct operation {
	struct openapi_work *work;
	struct view path, verb;
	const struct json *json;
	struct json *method;
	const struct json *body; /* Swagger: the schema of the parameter in the body */
	struct buffer other;     /* the name of a parameter if it were elsewhere */
};

/* --- Parameters ----------------------------------------------------------------------------------------------------- */

/* AWS's sentence for whatever is wrong with a method. */
__attribute__((format(printf, 3, 4))) static void refuse(
	struct operation *operation, const struct json *at, const char *format, ...)
{
	struct view rule;
	va_list arguments;

	va_start(arguments, format);
	rule = arena_vprintf(&operation->work->arena, format, arguments);
	va_end(arguments);
	openapi_error(operation->work, at,
		"Unable to put method '" VIEW_FMT "' on resource at path '" VIEW_FMT "': " VIEW_FMT,
		VIEW_ARG(operation->verb), VIEW_ARG(operation->path), VIEW_ARG(rule));
}

/* Is there a parameter of that name elsewhere? */
static bool is_taken(struct operation *operation, struct view expression, struct view name)
{
	const struct json *parameters = json_find(operation->method, "requestParameters");

	for (size_t i = 0; i < PARAMETER_PLACE_COUNT; i++) {
		struct view other;

		buffer_reset(&operation->other);
		buffer_append(&operation->other, parameter_places[i].prefix);
		buffer_append(&operation->other, name);
		other = buffer_view(&operation->other);
		if (!view_equals(other, expression) && json_find_view(parameters, other))
			return true;
	}
	return false;
}

static void put_mapped(
	struct operation *operation, const struct json *parameter, struct view prefix, struct view name, bool required)
{
	struct openapi_work *work = operation->work;
	struct view expression = openapi_text(work, VIEW_FMT VIEW_FMT, VIEW_ARG(prefix), VIEW_ARG(name));
	struct json *parameters = json_ensure_object(operation->method, "requestParameters");

	if (!mapping_name_is_valid(name))
		refuse(operation, parameter,
			"Invalid mapping expression specified: Validation Result: warnings : [], errors : "
			"[Invalid mapping expression parameter specified: " VIEW_FMT "]",
			VIEW_ARG(expression));
	else if (is_taken(operation, expression, name))
		refuse(operation, parameter, "Parameter names must be unique across querystring, header and path");
	else if (json_count(parameters) >= OPENAPI_ENTRIES_MAX_COUNT)
		refuse(operation, parameter, "it has more than %d parameters", OPENAPI_ENTRIES_MAX_COUNT);
	else if (openapi_charge(work, parameter, expression.count))
		json_set_view(parameters, expression, json_bool_new(required));
}

static void put_parameter(struct operation *operation, const struct json *given)
{
	struct openapi_work *work = operation->work;
	const struct json *parameter = openapi_resolve(work, given);
	struct view in = json_find_text(parameter, "in"), name = json_find_text(parameter, "name");
	bool required = view_equals_text(in, "path") ? json_find_bool(parameter, OPENAPI_X_REQUIRED, true)
						     : json_find_bool(parameter, "required", false),
	     has_many_values = json_find_bool(parameter, OPENAPI_X_MULTIVALUE, false);

	if (!parameter)
		return;
	if (view_equals_text(in, "body") && work->is_swagger) {
		operation->body = json_find(parameter, "schema");
		return;
	}
	if (name.count == 0 || in.count == 0) {
		openapi_invalid(work, parameter, "a parameter must have a 'name' and an 'in'");
		return;
	}
	for (size_t i = 0; i < PARAMETER_PLACE_COUNT; i++) {
		if (view_equals(in, parameter_places[i].in) && has_many_values == parameter_places[i].has_many_values) {
			put_mapped(operation, parameter, parameter_places[i].prefix, name, required);
			return;
		}
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
	if (json_count(list) > OPENAPI_ENTRIES_MAX_COUNT) {
		refuse(operation, list, "it has more than %d parameters", OPENAPI_ENTRIES_MAX_COUNT);
		return;
	}
	JSON_EACH(parameter, list)
	put_parameter(operation, parameter);
}

/* --- Bodies --------------------------------------------------------------------------------------------------------- */

static void put_model(struct operation *operation, struct json *models, const struct json *at, struct view media_type,
	struct view model)
{
	if (json_count(models) >= OPENAPI_ENTRIES_MAX_COUNT)
		refuse(operation, at, "it has more than %d media types", OPENAPI_ENTRIES_MAX_COUNT);
	else if (media_type.count && openapi_charge(operation->work, at, media_type.count + model.count))
		json_set_view(models, media_type, json_text_new(model));
}

/* The models that an export kept beside the one that Swagger has room for; none if that one is not among them any more. */
static bool put_kept_models(
	struct operation *operation, struct json *models, const struct json *holder, struct view shown)
{
	const struct json *kept = json_find(holder, OPENAPI_X_MODELS);
	bool is_same = false;

	JSON_EACH(model, kept)
	{
		is_same = is_same || view_equals(json_text(model), shown);
		if (!openapi_find_item(operation->work, OPENAPI_MODELS, json_text(model)))
			return false;
	}
	JSON_EACH(model, is_same ? kept : NULL)
	put_model(operation, models, model, json_name(model), json_text(model));
	return is_same;
}

/*
 * Swagger: the media types of an operation, else of the document, else application/json; each with the same model. `holder`
 * is the operation or response whose schema it is.
 */
static void put_model_for_all(struct operation *operation, struct json *models, const char *member,
	const struct json *holder, const struct json *schema)
{
	const struct json *own = json_find(operation->json, member),
			  *types = own ? own : json_find(operation->work->document, member);
	struct view model = openapi_model_of(operation->work, schema);

	if (model.count == 0 || put_kept_models(operation, models, holder, model))
		return;
	JSON_EACH(type, json_is_array(types) ? types : NULL)
	put_model(operation, models, type, json_text(type), model);
	if (json_count(models) == 0)
		put_model(operation, models, schema, view_of("application/json"), model);
}

/* Is it a schema in place that is no object and no list? Those are no models. Source: warnings of the service. */
static bool is_primitive(struct operation *operation, struct view status, const struct json *schema)
{
	static const struct {
		const char *type, *name;
	} types[] = { { "string", "String" }, { "integer", "Integer" }, { "number", "Number" },
		{ "boolean", "Boolean" }, { "file", "File" } };

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		if (!view_equals_text(json_find_text(schema, "type"), types[i].type))
			continue;
		openapi_warn(operation->work,
			"Unsupported model type '%s%s' in " VIEW_FMT " response to method '" VIEW_FMT " " VIEW_FMT
			"'. Ignoring.",
			types[i].name, operation->work->is_swagger ? "Property" : "Schema", VIEW_ARG(status),
			VIEW_ARG(operation->verb), VIEW_ARG(operation->path));
		return true;
	}
	return false;
}

/* OpenAPI 3: {media type: {schema}}. With a `status`, of a response. */
static void put_models(struct operation *operation, struct json *models, struct view status, const struct json *content)
{
	JSON_EACH(media, content)
	{
		const struct json *schema = json_find(media, "schema");
		bool is_wanted = schema && !(status.count && is_primitive(operation, status, schema));
		struct view model = is_wanted ? openapi_model_of(operation->work, schema) : view_of("");

		if (model.count)
			put_model(operation, models, media, json_name(media), model);
	}
}

/* Set a map, or throw it away if nothing is in it. */
static void set_map(struct json *to, const char *member, struct json *map)
{
	if (json_count(map))
		json_set(to, member, map);
	else
		json_free(map);
}

static void put_request_models(struct operation *operation)
{
	const struct json *body = openapi_resolve(operation->work, json_find(operation->json, "requestBody"));
	struct json *models = json_object_new();

	if (operation->work->is_swagger && operation->body)
		put_model_for_all(operation, models, "consumes", operation->json, operation->body);
	else if (!operation->work->is_swagger)
		put_models(operation, models, view_of(""), json_find(body, "content"));
	set_map(operation->method, "requestModels", models);
}

/* --- Responses ------------------------------------------------------------------------------------------------------ */

static void put_header(struct operation *operation, struct json *parameters, const struct json *header)
{
	struct view name = json_name(header);

	if (!mapping_name_is_valid(name))
		refuse(operation, header, "Invalid response header name: " VIEW_FMT, VIEW_ARG(name));
	else if (json_count(parameters) >= OPENAPI_ENTRIES_MAX_COUNT)
		refuse(operation, header, "a response has more than %d headers", OPENAPI_ENTRIES_MAX_COUNT);
	else if (openapi_charge(operation->work, header, name.count))
		json_set_view(parameters,
			openapi_text(operation->work, "method.response.header." VIEW_FMT, VIEW_ARG(name)),
			json_bool_new(json_find_bool(header, OPENAPI_X_REQUIRED, false)));
}

static void put_response(struct operation *operation, struct view status, const struct json *given)
{
	const struct json *wanted = openapi_resolve(operation->work, given), *schema = json_find(wanted, "schema");
	struct json *response = json_object_new(), *models = json_object_new(), *parameters = json_object_new();

	json_set_text(response, "statusCode", status);
	JSON_EACH(header, json_find(wanted, "headers"))
	put_header(operation, parameters, header);
	set_map(response, "responseParameters", parameters);
	if (operation->work->is_swagger && schema) {
		if (!is_primitive(operation, status, schema))
			put_model_for_all(operation, models, "produces", wanted, schema);
	} else if (!operation->work->is_swagger) {
		put_models(operation, models, status, json_find(wanted, "content"));
	}
	set_map(response, "responseModels", models);
	json_set_view(json_ensure_object(operation->method, "methodResponses"), status, response);
}

static void put_responses(struct operation *operation)
{
	const struct json *responses = json_find(operation->json, "responses");

	if (!json_is_object(responses))
		openapi_warn(operation->work,
			"Method must have a response: resource '" VIEW_FMT "' and method '" VIEW_FMT "'",
			VIEW_ARG(operation->path), VIEW_ARG(operation->verb));
	JSON_EACH(response, responses)
	{
		struct view status = json_name(response);

		if (operation_is_status(status))
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
	const struct json *validator = openapi_find_item(operation->work, OPENAPI_VALIDATORS, json_text(wanted));

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

	buffer_init(&operation.other, 4 * OPENAPI_MAX_BYTES);
	json_set_text(operation.method, "httpMethod", verb);
	openapi_set_security(work, operation_json, operation.path, operation.method);
	if (json_is_text(id))
		json_set(operation.method, "operationName", json_copy(id));
	put_parameters(&operation, json_find(path_item, "parameters"));
	put_parameters(&operation, json_find(operation_json, "parameters"));
	buffer_fini(&operation.other);
	put_request_models(&operation);
	put_validator(&operation);
	put_responses(&operation);
	if (integration)
		json_set(operation.method, "methodIntegration", integration);
	return operation.method;
}
