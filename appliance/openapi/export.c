/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/export.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/export_work.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/operation.h"

/* Texts of one export: names. */
#define EXPORT_ARENA_MAX_BYTES ((size_t)128 << 20)

/* --- Shared --------------------------------------------------------------------------------------------------------- */

struct view openapi_export_text(struct openapi_export *export, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(&export->arena, format, arguments);
	va_end(arguments);
	ASSERT(text.at);
	return text;
}

void openapi_export_refuse(struct openapi_export *export, const char *format, ...)
{
	va_list arguments;

	if (export->refusal)
		return;
	va_start(arguments, format);
	ASSERT(vasprintf(&export->refusal, format, arguments) >= 0);
	va_end(arguments);
}

static bool is_empty(const struct json *value)
{
	return (json_is_object(value) || json_is_array(value)) && json_count(value) == 0;
}

void openapi_export_copy(struct json *to, const struct json *from, ...)
{
	const char *name;
	va_list names;

	va_start(names, from);
	while ((name = va_arg(names, const char *)) != NULL) {
		const struct json *value = json_find(from, name);

		if (value && !is_empty(value))
			json_set(to, name, json_copy(value));
	}
	va_end(names);
}

void openapi_export_set_filled(struct json *to, const char *name, struct json *member)
{
	if (is_empty(member))
		json_free(member);
	else
		json_set(to, name, member);
}

/* --- The API itself ------------------------------------------------------------------------------------------------- */

static const struct json *api_of(const struct openapi_export *export)
{
	return json_find(export->definition, "restApi");
}

struct view openapi_export_version(const struct json *definition, const struct openapi_export_options *options)
{
	struct view own = json_find_text(json_find(definition, "restApi"), "version");

	return own.at ? own : options->version;
}

static void put_info(struct openapi_export *export)
{
	const struct json *api = api_of(export);
	struct view version = openapi_export_version(export->definition, export->options);
	struct json *info = json_ensure_object(export->document, "info");

	json_set_text(info, "title", json_find_text(api, "name"));
	openapi_export_copy(info, api, "description", NULL);
	json_set_text(info, "version", version);
	if (!json_find(api, "version") && export->options->integrations)
		json_set_text(info, OPENAPI_X_VERSION, version);
}

static void put_endpoint_configuration(struct openapi_export *export, struct json *holder)
{
	const struct json *api = api_of(export);
	struct json *shown = json_object_new();

	if (json_find_bool(api, "disableExecuteApiEndpoint", false))
		json_set_bool(shown, "disableExecuteApiEndpoint", true);
	openapi_export_copy(shown, json_find(api, "endpointConfiguration"), "vpcEndpointIds", NULL);
	if (export->options->integrations)
		openapi_export_set_filled(holder, "x-amazon-apigateway-endpoint-configuration", shown);
	else
		json_free(shown);
}

static void put_place(struct openapi_export *export)
{
	struct view stage = export->options->stage,
		    host = openapi_export_text(export, VIEW_FMT ".execute-api." VIEW_FMT ".amazonaws.com",
			    VIEW_ARG(json_find_text(api_of(export), "id")), VIEW_ARG(export->options->region));
	struct json *document = export->document, *server, *variables;

	if (export->options->is_swagger) {
		json_set_text(document, "host", host);
		json_set_text(document, "basePath", openapi_export_text(export, "/" VIEW_FMT, VIEW_ARG(stage)));
		json_append_text(json_ensure_array(document, "schemes"), view_of("https"));
		put_endpoint_configuration(export, document);
		return;
	}
	server = json_object_new();
	json_append(json_ensure_array(document, "servers"), server);
	json_set_text(server, "url", openapi_export_text(export, "https://" VIEW_FMT "/{basePath}", VIEW_ARG(host)));
	variables = json_ensure_object(server, "variables");
	json_set_text(json_ensure_object(variables, "basePath"), "default", stage);
	put_endpoint_configuration(export, server);
}

/* --- The policy ----------------------------------------------------------------------------------------------------- */

/* Resources as any API may have them: what begins with the API's own ARN in its short form. */
static struct json *shortened(const struct json *resources, struct view own_arn)
{
	struct json *list;

	if (json_is_text(resources) && view_starts_with(json_text(resources), own_arn))
		return json_text_new_printf(
			"execute-api:/" VIEW_FMT, VIEW_ARG(view_after(json_text(resources), own_arn.count)));
	if (!json_is_array(resources))
		return json_copy(resources);
	list = json_array_new();
	JSON_EACH(resource, resources)
	json_append(list, shortened(resource, own_arn));
	return list;
}

static void shorten(struct json *statement, struct view own_arn)
{
	static const char *const members[] = { "Resource", "NotResource" };

	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		const struct json *resources = json_find(statement, members[i]);

		if (resources)
			json_set(statement, members[i], shortened(resources, own_arn));
	}
}

static void put_policy(struct openapi_export *export)
{
	const struct json *api = api_of(export);
	struct view own_arn = openapi_export_text(export, "arn:aws:execute-api:" VIEW_FMT ":" VIEW_FMT ":" VIEW_FMT "/",
		VIEW_ARG(export->options->region), VIEW_ARG(export->options->account_id),
		VIEW_ARG(json_find_text(api, "id")));
	struct json *policy = NULL, *statements;

	if (json_parse(json_find_text(api, "policy"), NULL, &policy, NULL) < 0)
		return;
	statements = json_find(policy, "Statement");
	if (json_is_object(statements))
		shorten(statements, own_arn);
	JSON_EACH(statement, json_is_array(statements) ? statements : NULL)
	shorten(statement, own_arn);
	json_set(export->document, "x-amazon-apigateway-policy", policy);
}

static void put_api_extensions(struct openapi_export *export)
{
	static const struct {
		const char *member, *extension;
	} members[] = {
		{ "minimumCompressionSize", "x-amazon-apigateway-minimum-compression-size" },
		{ "securityPolicy", "x-amazon-apigateway-security-policy" },
		{ "endpointAccessMode", "x-amazon-apigateway-endpoint-access-mode" },
		{ "binaryMediaTypes", "x-amazon-apigateway-binary-media-types" },
		{ "apiKeySource", "x-amazon-apigateway-api-key-source" },
	};
	const struct json *api = api_of(export);

	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		const struct json *value = json_find(api, members[i].member);

		if (value && !is_empty(value) && !view_equals_text(json_text(value), "HEADER"))
			json_set(export->document, members[i].extension, json_copy(value));
	}
	put_policy(export);
}

/* --- Paths ---------------------------------------------------------------------------------------------------------- */

static struct json *path_item(struct openapi_export *export, const struct json *resource)
{
	struct json *item = json_object_new();

	for (size_t i = 0; i < OPERATION_VERB_COUNT; i++) {
		const struct json *method = json_find(json_find(resource, "resourceMethods"), operation_verbs[i].verb);

		if (method)
			json_set(item, operation_verbs[i].name, openapi_export_method(export, resource, method));
	}
	return item;
}

/* A resource without methods is made by one below it; only if there is none, it must be told of. */
static void put_paths(struct openapi_export *export)
{
	const struct json *resources = json_find(export->definition, "resources");
	struct json *paths = json_ensure_object(export->document, "paths");
	struct table parents = { 0 };

	JSON_EACH(resource, resources)
	ASSERT(table_set(&parents, json_find_text(resource, "parentId"), resource, NULL) == 0);
	JSON_EACH(resource, resources)
	{
		struct json *item = path_item(export, resource);
		bool is_root = !json_find(resource, "parentId");

		if (json_count(item) || (!is_root && !table_find(&parents, json_find_text(resource, "id"))))
			json_add_unchecked(paths, json_find_text(resource, "path"), item);
		else
			json_free(item);
	}
	table_fini(&parents);
}

static void put_components(struct openapi_export *export)
{
	struct json *schemas = openapi_export_schemas(export), *schemes = openapi_export_schemes(export);
	struct json *holder = export->document;

	if (export->options->is_swagger) {
		openapi_export_set_filled(holder, "securityDefinitions", schemes);
		openapi_export_set_filled(holder, "definitions", schemas);
		return;
	}
	holder = json_ensure_object(holder, "components");
	openapi_export_set_filled(holder, "schemas", schemas);
	openapi_export_set_filled(holder, "securitySchemes", schemes);
}

/* --- The whole ------------------------------------------------------------------------------------------------------ */

int openapi_export(struct json **ret, char **ret_message, const struct json *definition,
	const struct openapi_export_options *options)
{
	struct openapi_export export = { .options = options, .definition = definition, .document = json_object_new() };

	arena_init(&export.arena, NULL, EXPORT_ARENA_MAX_BYTES);
	buffer_init(&export.key, SIZE_MAX / 2);
	openapi_export_names(&export);
	json_set_c_string(
		export.document, options->is_swagger ? "swagger" : "openapi", options->is_swagger ? "2.0" : "3.0.1");
	put_info(&export);
	put_place(&export);
	put_paths(&export);
	put_components(&export);
	openapi_export_parts(&export);
	if (options->integrations)
		put_api_extensions(&export);
	if (export.refusal)
		json_free(export.document);
	else
		*ret = export.document;
	*ret_message = export.refusal;
	json_free(export.documentation);
	table_fini(&export.parts);
	table_fini(&export.part_types);
	buffer_fini(&export.key);
	table_fini(&export.models);
	table_fini(&export.validator_names);
	table_fini(&export.scheme_names);
	arena_fini(&export.arena);
	return export.refusal ? -EINVAL : 0;
}
