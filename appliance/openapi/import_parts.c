/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models, request validators, authorizers and gateway responses of an OpenAPI document. */
#include "appliance/openapi/import_work.h"

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/mapping/mapping_parameter.h"

/* --- Models --------------------------------------------------------------------------------------------------------- */

static const struct json *schemas(const struct openapi_work *work)
{
	return work->is_swagger ? json_find(work->document, "definitions")
				: json_find_path(work->document, "components", "schemas", NULL);
}

/* The name behind #/definitions/ or #/components/schemas/, or at the end of a model's URL; empty for other references. */
static struct view model_of_reference(struct view reference)
{
	static const struct view prefixes[] = { VIEW_INIT("#/definitions/"), VIEW_INIT("#/components/schemas/") };
	size_t slash;

	for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
		if (view_starts_with(reference, prefixes[i]))
			return view_after(reference, prefixes[i].count);
	}
	slash = view_find_last_byte(reference, '/');
	if (view_starts_with(reference, view_of("https://apigateway.amazonaws.com/restapis/")) && slash != VIEW_NOWHERE)
		return view_after(reference, slash + 1);
	return view_of("");
}

/* Keys of OpenAPI that JSON schema draft 4 does not know. Source: "Amazon API Gateway important notes". */
static bool is_dropped(struct view name)
{
	static const char *const dropped[] = { "deprecated", "discriminator", "example", "nullable", "readOnly",
		"writeOnly", "externalDocs", "xml" };

	for (size_t i = 0; i < ARRAY_COUNT(dropped); i++) {
		if (view_equals_text(name, dropped[i]))
			return true;
	}
	return false;
}

/* A schema as a model keeps it: references as URLs of models, without the keys above. */
static struct json *model_schema(struct openapi_work *work, const struct json *schema, bool names_are_properties)
{
	struct view api_id = json_find_text(json_find(work->existing, "restApi"), "id");
	struct json *copy;

	if (json_is_array(schema)) {
		copy = json_array_new();
		for (size_t i = 0; i < json_count(schema); i++)
			json_append(copy, model_schema(work, json_at(schema, i), false));
		return copy;
	}
	if (!json_is_object(schema))
		return json_copy(schema);
	copy = json_object_new();
	for (size_t i = 0; i < json_count(schema); i++) {
		const struct json *member = json_at(schema, i);
		struct view name = json_name(member);
		bool of_properties =
			!names_are_properties && json_is_object(member) &&
			(view_equals_text(name, "properties") || view_equals_text(name, "patternProperties") ||
				view_equals_text(name, "definitions"));

		if (!names_are_properties && view_equals_text(name, "$ref") && json_is_text(member)) {
			struct view model = model_of_reference(json_text(member));

			if (model.count == 0)
				openapi_error(work, member, "Unable to resolve reference '" VIEW_FMT "'",
					VIEW_ARG(json_text(member)));
			json_set(copy, "$ref",
				json_text_new_printf("https://apigateway.amazonaws.com/restapis/" VIEW_FMT
						     "/models/" VIEW_FMT,
					VIEW_ARG(api_id), VIEW_ARG(model)));
		} else if (names_are_properties || !is_dropped(name)) {
			json_set_view(copy, name, model_schema(work, member, of_properties));
		}
	}
	return copy;
}

static bool model_name_is_valid(struct view name)
{
	for (size_t i = 0; i < name.count; i++) {
		char byte = view_lower_byte(name.at[i]);

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')))
			return false;
	}
	return name.count > 0;
}

static void put_model(struct openapi_work *work, struct view name, const struct json *schema)
{
	struct json *model = json_object_new(), *kept = model_schema(work, schema, false);
	char *text = json_print_text(kept);

	json_set_text(model, "name", name);
	if (json_is_text(json_find(schema, "description")))
		json_set(model, "description", json_copy(json_find(schema, "description")));
	json_set_c_string(model, "schema", text);
	json_set_c_string(model, "contentType", "application/json");
	openapi_put(work, "models", "name", true, model);
	free(text);
	json_free(kept);
}

static void read_models(struct openapi_work *work)
{
	const struct json *all = schemas(work);

	for (size_t i = 0; i < json_count(all); i++) {
		const struct json *schema = json_at(all, i);
		struct view name = json_name(schema);

		if (!model_name_is_valid(name))
			openapi_error(work, schema,
				"Unable to create model '" VIEW_FMT "': Model name must be alphanumeric: " VIEW_FMT,
				VIEW_ARG(name), VIEW_ARG(name));
		else if (!json_is_object(schema))
			openapi_error(work, schema,
				"Unable to create model '" VIEW_FMT "': Invalid model schema specified",
				VIEW_ARG(name));
		else
			put_model(work, name, schema);
	}
}

struct view openapi_model_of(struct openapi_work *work, const struct json *schema)
{
	const struct json *reference = json_find(schema, "$ref");
	struct view name;
	char *text;

	if (!json_is_object(schema)) {
		openapi_error(work, schema, "Invalid model schema specified");
		return view_of("");
	}
	if (reference) {
		name = model_of_reference(json_text(reference));
		if (openapi_find(json_find(work->definition, "models"), "name", name))
			return name;
		if (view_equals_text(name, "Empty")) { /* every API may refer to it */
			struct json *empty = json_object_new();

			json_set_c_string(empty, "title", "Empty Schema");
			json_set_c_string(empty, "type", "object");
			put_model(work, name, empty);
			json_free(empty);
			return name;
		}
		openapi_error(work, reference, "Invalid model identifier specified: " VIEW_FMT, VIEW_ARG(name));
		return view_of("");
	}
	/* A model of its own, called after its content: importing again gives the same one. */
	text = json_print_text(schema);
	name = openapi_text(work, "MODEL%06x", (unsigned)(table_hash_keyed(view_from_text(text), 0, 0) & 0xffffff));
	free(text);
	put_model(work, name, schema);
	return name;
}

/* --- Request validators --------------------------------------------------------------------------------------------- */

static void read_validators(struct openapi_work *work)
{
	const struct json *all = json_find(work->document, "x-amazon-apigateway-request-validators");

	for (size_t i = 0; i < json_count(all); i++) {
		const struct json *wanted = json_at(all, i);
		struct json *validator;

		if (!json_is_object(wanted) || json_name(wanted).count == 0) {
			openapi_error(work, wanted, "a request validator must be an object with a name");
			continue;
		}
		validator = json_object_new();
		json_set_text(validator, "name", json_name(wanted));
		json_set_bool(validator, "validateRequestBody", json_find_bool(wanted, "validateRequestBody", false));
		json_set_bool(validator, "validateRequestParameters",
			json_find_bool(wanted, "validateRequestParameters", false));
		openapi_put(work, "validators", "name", true, validator);
	}
}

/* --- Authorizers ---------------------------------------------------------------------------------------------------- */

static void set_ttl(struct openapi_work *work, struct json *authorizer, const struct json *wanted)
{
	const struct json *ttl = json_find(wanted, "authorizerResultTtlInSeconds");
	uint64_t seconds;

	if (!ttl)
		return;
	if (view_parse_u64(openapi_scalar(work, ttl), 3600, &seconds) < 0)
		openapi_error(work, ttl, "authorizerResultTtlInSeconds must be a number from 0 to 3600");
	else
		json_set_integer(authorizer, "authorizerResultTtlInSeconds", (int64_t)seconds);
}

static void put_authorizer(struct openapi_work *work, const struct json *scheme, const struct json *wanted)
{
	static const char *const texts[] = { "authorizerUri", "authorizerCredentials", "identityValidationExpression" };
	static const char *const types[] = { "TOKEN", "REQUEST", "COGNITO_USER_POOLS" };
	const struct json *source = json_find(wanted, "identitySource"),
			  *auth_type = json_find(scheme, "x-amazon-apigateway-authtype"),
			  *arns = json_find(wanted, "providerARNs");
	struct view asked = json_find_text(wanted, "type");
	const char *type = NULL;
	struct json *authorizer;

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		if (view_equals_ignore_case(asked, view_from_text(types[i])))
			type = types[i];
	}
	if (!type) {
		openapi_error(work, wanted,
			"Unable to create authorizer '" VIEW_FMT
			"': its type must be token, request or cognito_user_pools",
			VIEW_ARG(json_name(scheme)));
		return;
	}
	authorizer = json_object_new();
	json_set_text(authorizer, "name", json_name(scheme));
	json_set_c_string(authorizer, "type", type);
	if (json_is_array(arns))
		json_set(authorizer, "providerARNs", json_copy(arns));
	json_set_text(authorizer, "authType",
		json_is_text(auth_type) ? json_text(auth_type)
		: type == types[2]      ? view_of("cognito_user_pools")
					: view_of("custom"));
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (json_is_text(json_find(wanted, texts[i])))
			json_set(authorizer, texts[i], json_copy(json_find(wanted, texts[i])));
	}
	if (json_is_text(source))
		json_set(authorizer, "identitySource", json_copy(source));
	else if (type != types[1])
		json_set_text(authorizer, "identitySource",
			openapi_text(
				work, "method.request.header." VIEW_FMT, VIEW_ARG(json_find_text(scheme, "name"))));
	set_ttl(work, authorizer, wanted);
	openapi_put(work, "authorizers", "name", true, authorizer);
}

static const struct json *security_schemes(const struct openapi_work *work)
{
	return work->is_swagger ? json_find(work->document, "securityDefinitions")
				: json_find_path(work->document, "components", "securitySchemes", NULL);
}

static void read_authorizers(struct openapi_work *work)
{
	const struct json *all = security_schemes(work);

	for (size_t i = 0; i < json_count(all); i++) {
		const struct json *scheme = json_at(all, i),
				  *wanted = json_find(scheme, "x-amazon-apigateway-authorizer");

		if (json_is_object(wanted))
			put_authorizer(work, scheme, wanted);
		else if (wanted)
			openapi_error(work, wanted, "x-amazon-apigateway-authorizer must be an object");
	}
}

static void set_type(struct json *method, const char *type)
{
	json_set_c_string(method, "authorizationType", type);
}

/* One entry of a security requirement: a scheme by name, with its scopes. */
static void apply_scheme(struct openapi_work *work, const struct json *requirement, struct view path, bool *authorized,
	struct json *method)
{
	struct view name = json_name(requirement), verb = json_find_text(method, "httpMethod");
	const struct json *scheme = openapi_resolve(work, json_find_view(security_schemes(work), name));
	const struct json *authorizer = openapi_find(json_find(work->definition, "authorizers"), "name", name);
	bool is_iam =
		view_equals_ignore_case(json_find_text(scheme, "x-amazon-apigateway-authtype"), view_of("awsSigv4"));

	if (view_equals_ignore_case(json_find_text(scheme, "type"), view_of("apiKey")) && !authorizer && !is_iam &&
		view_equals_ignore_case(json_find_text(scheme, "name"), view_of("x-api-key"))) {
		json_set_bool(method, "apiKeyRequired", true);
		return;
	}
	if (!authorizer && !is_iam) {
		openapi_warn(work,
			"Security scheme '" VIEW_FMT "' of resource '" VIEW_FMT "' and method '" VIEW_FMT
			"' is not supported, ignored",
			VIEW_ARG(name), VIEW_ARG(path), VIEW_ARG(verb));
		return;
	}
	if (*authorized) {
		openapi_warn(work,
			"More than one authorizer for resource '" VIEW_FMT "' and method '" VIEW_FMT "', '" VIEW_FMT
			"' ignored",
			VIEW_ARG(path), VIEW_ARG(verb), VIEW_ARG(name));
		return;
	}
	*authorized = true;
	if (!authorizer) {
		set_type(method, "AWS_IAM");
		return;
	}
	set_type(method, view_equals_text(json_find_text(authorizer, "type"), "COGNITO_USER_POOLS")
				 ? "COGNITO_USER_POOLS"
				 : "CUSTOM");
	json_set(method, "authorizerId", json_copy(json_find(authorizer, "id")));
	if (json_count(requirement) && json_is_array(requirement))
		json_set(method, "authorizationScopes", json_copy(requirement));
}

void openapi_set_security(
	struct openapi_work *work, const struct json *operation, struct view path, struct json *method)
{
	const struct json *own = json_find(operation, "security"),
			  *security = own ? own : json_find(work->document, "security");
	struct view iam = json_find_text(json_find(operation, "x-amazon-apigateway-auth"), "type");
	bool authorized = false;

	set_type(method, "NONE");
	json_set_bool(method, "apiKeyRequired", false);
	for (size_t i = 0; i < json_count(security); i++) {
		const struct json *requirement = json_at(security, i);

		for (size_t j = 0; j < json_count(requirement); j++)
			apply_scheme(work, json_at(requirement, j), path, &authorized, method);
	}
	if (view_equals_ignore_case(iam, view_of("AWS_IAM")) || view_equals_ignore_case(iam, view_of("NONE"))) {
		set_type(method, view_equals_ignore_case(iam, view_of("NONE")) ? "NONE" : "AWS_IAM");
		json_remove(method, "authorizerId");
		json_remove(method, "authorizationScopes");
	} else if (iam.count) {
		openapi_warn(work,
			"Invalid x-amazon-apigateway-auth type '" VIEW_FMT "' of resource '" VIEW_FMT "' ignored",
			VIEW_ARG(iam), VIEW_ARG(path));
	}
}

/* --- Gateway responses ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *type;
	int status;
} response_types[] = {
#define GATEWAY_RESPONSE(type, status, parent, blank, key, message, error_type) { #type, status },
#include "appliance/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
};

static void check_parameters(struct openapi_work *work, const struct json *parameters)
{
	for (size_t i = 0; i < json_count(parameters); i++) {
		const struct json *entry = json_at(parameters, i);
		struct mapping_parameter compiled;
		const char *rule;

		if (json_is_text(entry) && mapping_parameter_compile(&compiled, MAPPING_GATEWAY_RESPONSE,
						   json_name(entry), json_text(entry), &rule) < 0)
			openapi_error(work, entry, "Invalid gateway response parameter '" VIEW_FMT "': %s",
				VIEW_ARG(json_name(entry)), rule);
	}
}

static void put_gateway_response(struct openapi_work *work, const struct json *wanted, const char *type, int status)
{
	const struct json *parameters = json_find(wanted, "responseParameters"),
			  *templates = json_find(wanted, "responseTemplates");
	struct view asked = openapi_scalar(work, json_find(wanted, "statusCode")), name = json_name(wanted);
	struct json *response = json_object_new(), *texts;
	uint64_t number;

	json_set_c_string(response, "responseType", type);
	if (asked.at && (view_parse_u64(asked, 599, &number) < 0 || number < 100))
		openapi_error(work, json_find(wanted, "statusCode"),
			"a gateway response's statusCode must be from 100 to 599");
	if (asked.at)
		json_set_text(response, "statusCode", asked);
	else if (status)
		json_set(response, "statusCode", json_text_new_printf("%d", status));
	check_parameters(work, parameters);
	json_set(response, "responseParameters",
		openapi_text_map(work, parameters, "responseParameters", name, view_of("")));
	texts = openapi_text_map(work, templates, "responseTemplates", name, view_of(""));
	if (!templates)
		json_set_c_string(texts, "application/json", "{\"message\":$context.error.messageString}");
	json_set(response, "responseTemplates", texts);
	json_set_bool(response, "defaultResponse", false);
	openapi_put(work, "gatewayResponses", "responseType", false, response);
}

static void read_gateway_responses(struct openapi_work *work)
{
	const struct json *all = json_find(work->document, "x-amazon-apigateway-gateway-responses");

	for (size_t i = 0; i < json_count(all); i++) {
		const struct json *wanted = json_at(all, i);
		size_t row = 0;

		while (row < ARRAY_COUNT(response_types) &&
			!view_equals_text(json_name(wanted), response_types[row].type))
			row++;
		if (row == ARRAY_COUNT(response_types))
			openapi_error(work, wanted, "Invalid gateway response type '" VIEW_FMT "'",
				VIEW_ARG(json_name(wanted)));
		else
			put_gateway_response(work, wanted, response_types[row].type, response_types[row].status);
	}
}

void openapi_read_parts(struct openapi_work *work)
{
	read_models(work);
	read_validators(work);
	read_authorizers(work);
	read_gateway_responses(work);
}
