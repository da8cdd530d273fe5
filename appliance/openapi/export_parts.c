/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operations refer to: schemas, security schemes, request validators; gateway responses; documentation. */
#include "appliance/openapi/export_work.h"

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/schema.h"

/* --- Names ---------------------------------------------------------------------------------------------------------- */

/*
 * Names are keys of the document: one that is missing or that another item has becomes the item's id. Fills `names`, by id.
 */
static void name_items(struct openapi_export *export, const char *list, struct table *names)
{
	struct table taken = { 0 };

	JSON_EACH(item, json_find(export->definition, list))
	{
		struct view id = json_find_text(item, "id"), *name = ARENA_NEW(&export->arena, struct view);

		ASSERT(name);
		*name = json_find_text(item, "name");
		if (name->count == 0 || table_find(&taken, *name))
			*name = id;
		ASSERT(table_set(&taken, *name, item, NULL) == 0);
		ASSERT(table_set(names, id, name, NULL) == 0);
	}
	table_fini(&taken);
}

/* `wanted`, or something like it that no authorizer is called. */
static struct view free_scheme_name(struct openapi_export *export, struct view wanted)
{
	bool taken = false;

	JSON_EACH(authorizer, json_find(export->definition, "authorizers"))
	taken = taken || view_equals(json_find_text(authorizer, "name"), wanted);
	return taken ? free_scheme_name(export, openapi_export_text(export, VIEW_FMT "_", VIEW_ARG(wanted))) : wanted;
}

/* Lives until the next one is made. */
static struct view location_key(struct openapi_export *export, struct view type, struct view path, struct view method,
	struct view status, struct view name)
{
	const struct view fields[] = { type, path, method, status, name };

	buffer_reset(&export->key);
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		buffer_append(&export->key, fields[i]);
		buffer_append_byte(&export->key, '\n');
	}
	return buffer_view(&export->key);
}

static void index_part(struct openapi_export *export, struct json *part)
{
	const struct json *location = json_find(part, "location");
	struct view key = arena_copy(
		&export->arena, location_key(export, json_find_text(location, "type"), json_find_text(location, "path"),
					json_find_text(location, "method"), json_find_text(location, "statusCode"),
					json_find_text(location, "name")));

	ASSERT(key.at && table_set(&export->parts, key, part, NULL) == 0);
	ASSERT(table_set(&export->part_types, json_find_text(location, "type"), part, NULL) == 0);
}

/* A part as documents have it, `properties` being parsed from those of `part` and taken over. */
static struct json *shown_part(struct openapi_export *export, const struct json *part, struct json *properties)
{
	struct json *shown = json_object_new();
	char *text = json_print_text(properties);

	json_set(shown, "location", json_copy(json_find(part, "location")));
	json_set(shown, "properties", properties);
	if (export->options->integrations && !view_equals_text(json_find_text(part, "properties"), text))
		json_set(shown, OPENAPI_X_PROPERTIES, json_copy(json_find(part, "properties")));
	free(text);
	return shown;
}

static void read_documentation(struct openapi_export *export)
{
	export->documentation = json_array_new();
	JSON_EACH(part, json_find(export->definition, "documentationParts"))
	{
		struct json *properties = NULL, *read;

		if (json_parse(json_find_text(part, "properties"), NULL, &properties, NULL) < 0)
			continue;
		read = shown_part(export, part, properties);
		json_append(export->documentation, read);
		index_part(export, read);
	}
}

void openapi_export_names(struct openapi_export *export)
{
	JSON_EACH(model, json_find(export->definition, "models"))
	ASSERT(table_set(&export->models, json_find_text(model, "name"), model, NULL) == 0);
	name_items(export, "validators", &export->validator_names);
	name_items(export, "authorizers", &export->scheme_names);
	export->api_key_scheme = free_scheme_name(export, view_of("api_key"));
	export->iam_scheme = free_scheme_name(export, view_of("sigv4"));
	read_documentation(export);
}

/* --- Schemas -------------------------------------------------------------------------------------------------------- */

struct json *openapi_export_schemas(struct openapi_export *export)
{
	struct view api_id = json_find_text(json_find(export->definition, "restApi"), "id");
	struct json *schemas = json_object_new();

	JSON_EACH(model, json_find(export->definition, "models"))
	json_add_unchecked(schemas, json_find_text(model, "name"),
		schema_export(
			model, api_id, schema_prefix(export->options->is_swagger), export->options->integrations));
	return schemas;
}

/* --- Security schemes ----------------------------------------------------------------------------------------------- */

static struct json *key_scheme(struct view name)
{
	struct json *scheme = json_object_new();

	json_set_c_string(scheme, "type", "apiKey");
	json_set_text(scheme, "name", name);
	json_set_c_string(scheme, "in", "header");
	return scheme;
}

/* The only header that an identity source names, or empty. */
static struct view only_header(struct view source)
{
	static const struct view prefix = VIEW_INIT("method.request.header.");

	if (!view_starts_with(source, prefix) || view_find_byte(source, ',') != VIEW_NOWHERE)
		return view_of("");
	return view_after(source, prefix.count);
}

struct json *openapi_export_lower(struct openapi_export *export, struct view text)
{
	char *lower = arena_alloc(&export->arena, text.count + 1);

	ASSERT(lower);
	for (size_t i = 0; i < text.count; i++)
		lower[i] = view_lower_byte(text.at[i]);
	return json_text_new(view_from(lower, text.count));
}

static struct json *authorizer_scheme(struct openapi_export *export, const struct json *authorizer)
{
	const struct json *source = json_find(authorizer, "identitySource");
	struct view header = only_header(json_text(source));
	bool is_request = view_equals_text(json_find_text(authorizer, "type"), "REQUEST");
	struct json *scheme = key_scheme(header.count ? header : view_of("Unused")), *extension;

	if (!export->options->authorizers)
		return scheme;
	json_set(scheme, "x-amazon-apigateway-authtype", json_copy(json_find(authorizer, "authType")));
	extension = json_object_new();
	json_set(scheme, "x-amazon-apigateway-authorizer", extension);
	json_set(extension, "type", openapi_export_lower(export, json_find_text(authorizer, "type")));
	openapi_export_copy(extension, authorizer, "providerARNs", "authorizerUri", "authorizerCredentials",
		"identityValidationExpression", "authorizerResultTtlInSeconds", NULL);
	/* Of other types the header that the scheme names is the source, unless something else is said. */
	if (source && (is_request || header.count == 0))
		json_set(extension, "identitySource", json_copy(source));
	else if (!source && !is_request)
		json_set_c_string(extension, "identitySource", "");
	return scheme;
}

struct json *openapi_export_schemes(struct openapi_export *export)
{
	struct json *schemes = json_object_new();

	JSON_EACH(authorizer, json_find(export->definition, "authorizers"))
	{
		const struct view *name = table_find(&export->scheme_names, json_find_text(authorizer, "id"));

		json_set_view(schemes, *name, authorizer_scheme(export, authorizer));
	}
	if (export->uses_api_key)
		json_set_view(schemes, export->api_key_scheme, key_scheme(view_of("x-api-key")));
	if (export->uses_iam) {
		struct json *scheme = key_scheme(view_of("Authorization"));

		if (export->options->integrations || export->options->authorizers)
			json_set_c_string(scheme, "x-amazon-apigateway-authtype", "awsSigv4");
		json_set_view(schemes, export->iam_scheme, scheme);
	}
	return schemes;
}

/* --- Extensions of the API ------------------------------------------------------------------------------------------ */

static struct json *validators_of(struct openapi_export *export)
{
	struct json *validators = json_object_new();

	JSON_EACH(validator, json_find(export->definition, "validators"))
	{
		const struct view *name = table_find(&export->validator_names, json_find_text(validator, "id"));
		struct json *shown = json_object_new();

		openapi_export_copy(shown, validator, "validateRequestParameters", "validateRequestBody", NULL);
		json_set_view(validators, *name, shown);
	}
	return validators;
}

static struct json *gateway_responses_of(struct openapi_export *export)
{
	struct json *responses = json_object_new();

	JSON_EACH(response, json_find(export->definition, "gatewayResponses"))
	{
		struct json *shown = json_object_new();

		openapi_export_copy(shown, response, "statusCode", "responseParameters", NULL);
		/* Also if there are none: without a word on them an import takes the default. */
		if (json_find(response, "responseTemplates"))
			json_set(shown, "responseTemplates", json_copy(json_find(response, "responseTemplates")));
		json_set_view(responses, json_find_text(response, "responseType"), shown);
	}
	return responses;
}

/* Would an import make parts of what the document describes, unless it is told which parts there are? */
static bool has_descriptions(const struct openapi_export *export)
{
	const struct json *schemas = export->options->is_swagger
					     ? json_find(export->document, "definitions")
					     : json_find_path(export->document, "components", "schemas", NULL);

	JSON_EACH(schema, schemas)
	if (json_find(schema, "description"))
		return true;
	return json_find_path(export->document, "info", "description", NULL) != NULL;
}

static void put_documentation(struct openapi_export *export)
{
	struct view version = json_find_text(export->definition, "documentationVersion");
	struct json *documentation;

	if (json_count(export->documentation) == 0 && version.count == 0 &&
		!(export->options->integrations && has_descriptions(export)))
		return;
	documentation = json_ensure_object(export->document, "x-amazon-apigateway-documentation");
	if (version.count)
		json_set_text(documentation, "version", version);
	json_set(documentation, "documentationParts", json_copy(export->documentation));
}

void openapi_export_parts(struct openapi_export *export)
{
	const struct openapi_export_options *options = export->options;

	if (options->integrations || options->validators)
		openapi_export_set_filled(
			export->document, "x-amazon-apigateway-request-validators", validators_of(export));
	if (options->integrations)
		openapi_export_set_filled(
			export->document, "x-amazon-apigateway-gateway-responses", gateway_responses_of(export));
	if (options->integrations || options->postman)
		put_documentation(export);
}

/* --- Documentation -------------------------------------------------------------------------------------------------- */

/* The property of the part at exactly that location, or NULL. */
static const struct json *property_at(struct openapi_export *export, struct view type, struct view path,
	struct view method, struct view status, struct view name, const char *property)
{
	const struct json *part = table_find(&export->parts, location_key(export, type, path, method, status, name));

	return json_find_path(part, "properties", property, NULL);
}

/* The path above: "/a" for "/a/b", "/" for "/a"; empty for "/". */
static struct view path_above(struct view path)
{
	size_t slash = view_find_last_byte(path, '/');

	if (path.count <= 1 || slash == VIEW_NOWHERE)
		return view_of("");
	return view_part(path, 0, slash ? slash : 1);
}

/* A part is for all paths below its own, and "*" for any method or status. */
const struct json *openapi_export_documented(struct openapi_export *export, const char *type, struct view path,
	struct view verb, struct view status, struct view name, const char *property)
{
	const struct view any = view_of("*"), methods[] = { verb, any }, statuses[] = { status, any };
	size_t status_count = status.count ? 2 : 1;

	if (!table_find(&export->part_types, view_from_text(type)))
		return NULL;
	for (; path.count; path = path_above(path))
		for (size_t i = 0; i < 2 * status_count; i++) {
			const struct json *found = property_at(export, view_from_text(type), path,
				methods[i / status_count], statuses[i % status_count], name, property);

			if (found)
				return found;
		}
	return NULL;
}
