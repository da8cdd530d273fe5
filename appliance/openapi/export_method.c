/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One Method as an operation. */
#include "appliance/openapi/export_work.h"

#include "appliance/base/assert.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/parameter.h"
#include "appliance/openapi/schema.h"

/* What the helpers of one operation need. */
struct operation {
	struct openapi_export *export;
	struct view path, verb;
	const struct json *method;
	struct json *json;
};

static bool is_swagger(const struct operation *operation)
{
	return operation->export->options->is_swagger;
}

/* Set `property` of `to` to what the documentation has for something of that type. False if it has nothing. */
static bool put_documented(const struct operation *operation, struct json *to, const char *type, struct view status,
	struct view name, const char *property)
{
	const struct json *text = openapi_export_documented(
		operation->export, type, operation->path, operation->verb, status, name, property);

	if (text)
		json_set(to, property, json_copy(text));
	return text != NULL;
}

/* The type of a parameter or header, all of which are texts: beside its other members, or as a schema of its own. */
static void set_type(const struct operation *operation, struct json *to, bool is_list)
{
	struct json *holder = is_swagger(operation) ? to : json_ensure_object(to, "schema");

	json_set_c_string(holder, "type", is_list ? "array" : "string");
	if (is_list)
		json_set_c_string(json_ensure_object(holder, "items"), "type", "string");
}

/* --- Parameters ----------------------------------------------------------------------------------------------------- */

static struct json *parameter_of(
	const struct operation *operation, const struct parameter_place *place, struct view name, bool required)
{
	struct json *parameter = json_object_new();
	bool is_path = view_equals_text(place->in, "path"), exact = operation->export->options->integrations;

	json_set_text(parameter, "name", name);
	json_set_text(parameter, "in", place->in);
	put_documented(operation, parameter, place->documentation_type, view_of(""), name, "description");
	/* OpenAPI knows no path parameter that may be missing. */
	if (is_path || required || is_swagger(operation))
		json_set_bool(parameter, "required", is_path || required);
	set_type(operation, parameter, place->has_many_values);
	if (exact && is_path && !required)
		json_set_bool(parameter, OPENAPI_X_REQUIRED, false);
	if (exact && place->has_many_values)
		json_set_bool(parameter, OPENAPI_X_MULTIVALUE, true);
	return parameter;
}

static void put_parameters(const struct operation *operation, struct json *list)
{
	JSON_EACH(entry, json_find(operation->method, "requestParameters"))
	for (size_t i = 0; i < PARAMETER_PLACE_COUNT; i++) {
		struct view expression = json_name(entry), prefix = parameter_places[i].prefix;

		if (view_starts_with(expression, prefix))
			json_append(list, parameter_of(operation, &parameter_places[i],
						  view_after(expression, prefix.count), json_bool(entry, false)));
	}
}

/* --- Bodies --------------------------------------------------------------------------------------------------------- */

static struct json *reference_to(const struct operation *operation, struct view model)
{
	struct json *schema = json_object_new();

	json_set(schema, "$ref",
		json_text_new_printf(
			VIEW_FMT VIEW_FMT, VIEW_ARG(schema_prefix(is_swagger(operation))), VIEW_ARG(model)));
	return schema;
}

/* The entries of {media type: model} whose model is there, the caller's. */
static struct json *known_models(const struct operation *operation, const struct json *models)
{
	struct json *known = json_object_new();

	JSON_EACH(model, models)
	if (table_find(&operation->export->models, json_text(model)))
		json_add_unchecked(known, json_name(model), json_copy(model));
	return known;
}

/* OpenAPI 3: {media type: {"schema"}}. */
static struct json *content_of(const struct operation *operation, const struct json *models)
{
	struct json *content = json_object_new();

	JSON_EACH(model, models)
	{
		struct json *media = json_object_new();

		json_set(media, "schema", reference_to(operation, json_text(model)));
		json_add_unchecked(content, json_name(model), media);
	}
	return content;
}

/* Swagger has one model for all media types of an operation: that of JSON, or the first. */
static struct view only_model(const struct json *models)
{
	const struct json *of_json = json_find(models, "application/json");

	return json_text(of_json ? of_json : json_at(models, 0));
}

/* Is {media type: model} the same model for each of the media types, as Swagger says it? */
static bool is_one_for_all(const struct json *models, const struct json *media_types)
{
	if (json_count(models) != json_count(media_types))
		return false;
	JSON_EACH(type, media_types)
	if (!view_equals(json_text(json_find_view(models, json_text(type))), only_model(models)))
		return false;
	return true;
}

static void add_types(struct json *list, const struct json *map)
{
	JSON_EACH(entry, map)
	{
		bool known = false;

		for (size_t i = 0; i < json_count(list); i++)
			known = known || view_equals(json_text(json_at(list, i)), json_name(entry));
		if (!known && view_find_byte(json_name(entry), '/') != VIEW_NOWHERE)
			json_append_text(list, json_name(entry));
	}
}

/* consumes: the media types of the models, or else of the integration's templates. */
static struct json *consumed(const struct operation *operation, const struct json *models)
{
	struct json *types = json_array_new();

	add_types(types, models);
	if (json_count(types) == 0)
		add_types(types, json_find_path(operation->method, "methodIntegration", "requestTemplates", NULL));
	return types;
}

/* produces: the same for all responses together. */
static struct json *produced(const struct operation *operation)
{
	struct json *types = json_array_new();

	JSON_EACH(response, json_find(operation->method, "methodResponses"))
	{
		struct json JSON_CLEANUP *models = known_models(operation, json_find(response, "responseModels"));

		add_types(types, models);
	}
	if (json_count(types))
		return types;
	JSON_EACH(response, json_find_path(operation->method, "methodIntegration", "integrationResponses", NULL))
	add_types(types, json_find(response, "responseTemplates"));
	return types;
}

/* Source: "Export a REST API from API Gateway": an API whose payloads are no JSON can't be exported. */
static void check_request_models(const struct operation *operation)
{
	const struct json *models = json_find(operation->method, "requestModels");

	JSON_EACH(model, models)
	{
		struct view type = json_name(model);

		if (view_equals_ignore_case(type, view_of("application/json")) ||
			view_ends_with(type, view_of("+json")) || view_equals_text(type, "$default"))
			return;
	}
	if (json_count(models))
		openapi_export_refuse(operation->export,
			"Only found non-JSON body models for method " VIEW_FMT " of resource " VIEW_FMT,
			VIEW_ARG(operation->verb), VIEW_ARG(operation->path));
}

static void put_swagger_body(const struct operation *operation, const struct json *models, struct json *parameters)
{
	struct view model = only_model(models);
	struct json *body = json_object_new();

	json_set_c_string(body, "in", "body");
	json_set_text(body, "name", model);
	put_documented(operation, body, "REQUEST_BODY", view_of(""), view_of(""), "description");
	json_set_bool(body, "required", true);
	json_set(body, "schema", reference_to(operation, model));
	json_append(parameters, body);
}

static void put_request(const struct operation *operation)
{
	struct json JSON_CLEANUP *models = known_models(operation, json_find(operation->method, "requestModels"));
	struct json *parameters = json_array_new(), *body, *types;

	check_request_models(operation);
	if (is_swagger(operation)) {
		types = consumed(operation, models);
		if (json_count(models) && operation->export->options->integrations && !is_one_for_all(models, types))
			json_set(operation->json, OPENAPI_X_MODELS, json_copy(models));
		openapi_export_set_filled(operation->json, "consumes", types);
		openapi_export_set_filled(operation->json, "produces", produced(operation));
	}
	put_parameters(operation, parameters);
	if (is_swagger(operation) && json_count(models))
		put_swagger_body(operation, models, parameters);
	openapi_export_set_filled(operation->json, "parameters", parameters);
	if (is_swagger(operation) || json_count(models) == 0)
		return;
	body = json_ensure_object(operation->json, "requestBody");
	put_documented(operation, body, "REQUEST_BODY", view_of(""), view_of(""), "description");
	json_set(body, "content", content_of(operation, models));
	json_set_bool(body, "required", true);
}

/* --- Responses ------------------------------------------------------------------------------------------------------ */

static struct json *headers_of(const struct operation *operation, const struct json *response, struct view status)
{
	static const struct view prefix = VIEW_INIT("method.response.header.");
	struct json *headers = json_object_new();

	JSON_EACH(entry, json_find(response, "responseParameters"))
	{
		struct view name = view_after(json_name(entry), prefix.count);
		struct json *header;

		if (!view_starts_with(json_name(entry), prefix))
			continue;
		header = json_object_new();
		put_documented(operation, header, "RESPONSE_HEADER", status, name, "description");
		set_type(operation, header, false);
		if (json_bool(entry, false) && operation->export->options->integrations)
			json_set_bool(header, OPENAPI_X_REQUIRED, true);
		json_add_unchecked(headers, name, header);
	}
	return headers;
}

static struct json *response_of(const struct operation *operation, const struct json *response)
{
	struct json JSON_CLEANUP *models = known_models(operation, json_find(response, "responseModels"));
	struct view status = json_name(response);
	struct json *made = json_object_new();

	if (!put_documented(operation, made, "RESPONSE", status, view_of(""), "description"))
		json_set(made, "description", json_text_new_printf(VIEW_FMT " response", VIEW_ARG(status)));
	openapi_export_set_filled(made, "headers", headers_of(operation, response, status));
	if (!is_swagger(operation)) {
		json_set(made, "content", content_of(operation, models));
		return made;
	}
	if (json_count(models) == 0)
		return made;
	json_set(made, "schema", reference_to(operation, only_model(models)));
	if (operation->export->options->integrations && !is_one_for_all(models, json_find(operation->json, "produces")))
		json_set(made, OPENAPI_X_MODELS, json_copy(models));
	return made;
}

static void put_responses(const struct operation *operation)
{
	struct json *responses = json_object_new();

	JSON_EACH(response, json_find(operation->method, "methodResponses"))
	json_add_unchecked(responses, json_name(response), response_of(operation, response));
	json_set(operation->json, "responses", responses);
}

/* --- Security ------------------------------------------------------------------------------------------------------- */

static void require(struct json *security, struct view scheme, const struct json *scopes)
{
	struct json *requirement = json_object_new();

	json_set_view(requirement, scheme, scopes ? json_copy(scopes) : json_array_new());
	json_append(security, requirement);
}

static void put_security(const struct operation *operation)
{
	struct openapi_export *export = operation->export;
	const struct json *method = operation->method, *scopes = json_find(method, "authorizationScopes");
	struct view type = json_find_text(method, "authorizationType"), id = json_find_text(method, "authorizerId");
	const struct view *scheme = table_find(&export->scheme_names, id);
	struct json *security = json_array_new();

	if (view_equals_text(type, "AWS_IAM")) {
		export->uses_iam = true;
		require(security, export->iam_scheme, NULL);
	} else if (type.count && !view_equals_text(type, "NONE")) {
		/* An authorizer that is gone is named all the same: the method must not seem to be open. */
		require(security, scheme ? *scheme : id, scopes);
		scopes = NULL;
	}
	if (json_count(scopes) && export->options->integrations)
		json_set(operation->json, OPENAPI_X_SCOPES, json_copy(scopes));
	if (json_find_bool(method, "apiKeyRequired", false)) {
		export->uses_api_key = true;
		require(security, export->api_key_scheme, NULL);
	}
	openapi_export_set_filled(operation->json, "security", security);
}

/* --- The operation -------------------------------------------------------------------------------------------------- */

static void put_documentation(const struct operation *operation)
{
	static const char *const properties[] = { "tags", "summary", "description" };

	for (size_t i = 0; i < ARRAY_COUNT(properties); i++)
		put_documented(operation, operation->json, "METHOD", view_of(""), view_of(""), properties[i]);
}

static void put_extensions(const struct operation *operation, const struct json *resource)
{
	const struct openapi_export_options *options = operation->export->options;
	const struct json *method = operation->method, *integration = json_find(method, "methodIntegration");
	const struct view *validator =
		table_find(&operation->export->validator_names, json_find_text(method, "requestValidatorId"));

	if (validator && (options->integrations || options->validators))
		json_set_text(operation->json, "x-amazon-apigateway-request-validator", *validator);
	if (integration && options->integrations)
		json_set(operation->json, "x-amazon-apigateway-integration",
			openapi_export_integration(operation->export, resource, integration));
}

struct json *openapi_export_method(
	struct openapi_export *export, const struct json *resource, const struct json *method)
{
	struct operation operation = { .export = export,
		.path = json_find_text(resource, "path"),
		.verb = json_name(method),
		.method = method,
		.json = json_object_new() };
	const struct json *name = json_find(method, "operationName");

	put_documentation(&operation);
	if (name)
		json_set(operation.json, "operationId", json_copy(name));
	put_request(&operation);
	put_responses(&operation);
	put_security(&operation);
	put_extensions(&operation, resource);
	return operation.json;
}
