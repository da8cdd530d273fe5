/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GetExport: what a stage serves as an OpenAPI document. Source: spec/openapi.md 7. */
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/yaml.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/exports.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/openapi/export.h"
#include "appliance/openapi/import.h"

/* Of a version as much as a file name should have. */
#define FILE_VERSION_MAX_BYTES 100

/* --- What is asked for ------------------------------------------------------------------------------------------------------- */

static int read_type(struct call *call, struct openapi_export_options *options)
{
	const char *type = call_input(call, "exportType");

	options->is_swagger = strcmp(type, "swagger") == 0;
	if (!options->is_swagger && strcmp(type, "oas30") != 0)
		return call_fail(
			call, "BadRequestException", "Invalid export type specified. Valid options are oas30,swagger");
	return 0;
}

static int read_extensions(struct call *call, struct openapi_export_options *options)
{
	struct view rest = json_find_text(json_find(call->input, "parameters"), "extensions"), part;
	const struct {
		const char *name;
		bool *wanted;
	} extensions[] = {
		{ "integrations", &options->integrations },
		{ "apigateway", &options->integrations },
		{ "authorizers", &options->authorizers },
		{ "validators", &options->validators },
		{ "postman", &options->postman },
	};

	while (rest.count && view_split(&rest, ',', &part)) {
		size_t i = 0;

		while (i < ARRAY_COUNT(extensions) && !view_equals_text(view_trim(part), extensions[i].name))
			i++;
		if (i == ARRAY_COUNT(extensions))
			return call_fail(call, "BadRequestException",
				"Invalid extensions specified. Valid options are "
				"integrations,apigateway,authorizers,validators,postman");
		*extensions[i].wanted = true;
	}
	return 0;
}

/* The first of the accepted types that there is; JSON if none is named. Weights are not looked at. */
static int read_accepted(struct call *call, bool *ret_yaml)
{
	struct view rest = call_field(call, "Accept"), part;

	*ret_yaml = false;
	if (view_trim(rest).count == 0)
		return 0;
	while (view_split(&rest, ',', &part)) {
		struct view type = part, parameters;

		(void)view_cut(part, ';', &type, &parameters);
		type = view_trim(type);
		*ret_yaml = view_equals_ignore_case(type, view_of("application/yaml"));
		if (*ret_yaml || view_equals_ignore_case(type, view_of("application/json")) ||
			view_equals_text(type, "*/*") || view_equals_text(type, "application/*"))
			return 0;
	}
	return call_fail(call, "BadRequestException",
		"Invalid Accept header specified. Valid options are application/json,application/yaml");
}

/* --- What is exported -------------------------------------------------------------------------------------------------------- */

/*
 * The documentation of a stage is the version that it names. One that names none shows what is there, as an export would
 * otherwise lose it.
 */
static void add_documentation(struct call *call, const struct json *stage, struct json *definition)
{
	const char *version = json_find_c_string(stage, "documentationVersion");
	struct json JSON_CLEANUP *record =
		version ? record_find(call, STORE_documentationversion, api_key(call, version)) : NULL;
	const struct json *kept = json_find_path(record, "postern", "documentationParts", NULL);

	if (record)
		json_set_c_string(definition, "documentationVersion", version);
	json_set(definition, "documentationParts",
		record ? json_copy(kept) : record_list(call, STORE_documentationpart, call_input(call, "restApiId")));
}

int exports_find_definition(struct call *call, struct json **ret, uint64_t *ret_created_ms)
{
	struct json JSON_CLEANUP *stage = NULL, *deployment = NULL;
	const char *deployment_id;
	int error = api_check(call);

	if (error < 0)
		return error;
	stage = record_find(call, STORE_stage, api_key(call, call_input(call, "stageName")));
	deployment_id = json_find_c_string(stage, "deploymentId");
	if (deployment_id)
		deployment = record_find(call, STORE_deployment, api_key(call, deployment_id));
	if (!deployment)
		return call_fail(call, "NotFoundException", "Invalid stage identifier specified");
	*ret_created_ms = 1000 * (uint64_t)json_find_integer(deployment, "createdDate", 0);
	*ret = json_copy(json_find_path(deployment, "postern", "definition", NULL));
	add_documentation(call, stage, *ret);
	return 0;
}

/* swagger_1.0.0.json: the version as far as a file name and a field can hold it. */
static const char *file_name(struct call *call, struct view version, bool is_yaml)
{
	char *safe = arena_text(&call->arena, view_part(version, 0, FILE_VERSION_MAX_BYTES));

	ASSERT(safe);
	for (char *at = safe; *at; at++)
		if (*at < ' ' || *at > '~' || strchr("\"\\/", *at))
			*at = '_';
	return call_text(call, "attachment; filename=\"%s_%s.%s\"", call_input(call, "exportType"), safe,
		is_yaml ? "yaml" : "json");
}

/* For people, unless an import would then find it too large. */
static void print_json(const struct json *document, struct buffer *text)
{
	json_print_pretty(document, text);
	if (text->count <= OPENAPI_MAX_BYTES)
		return;
	buffer_reset(text);
	json_print(document, text);
}

int op_get_export(struct call *call)
{
	struct openapi_export_options options = {
		.stage = view_from_text(call_input(call, "stageName")),
		.account_id = view_from_text(control_account(call->control)),
		.region = view_from_text(control_region(call->control)),
	};
	struct json JSON_CLEANUP *definition = NULL, *document = NULL;
	char version[CLOCK_TEXT_MAX_BYTES], *message = NULL;
	uint64_t created_ms = 0;
	bool is_yaml = false;
	int error = exports_find_definition(call, &definition, &created_ms);

	if (error == 0)
		error = read_type(call, &options);
	if (error == 0)
		error = read_extensions(call, &options);
	if (error == 0)
		error = read_accepted(call, &is_yaml);
	if (error < 0)
		return error;
	options.version = view_from(version, clock_write_iso(version, created_ms));
	error = openapi_export(&document, &message, definition, &options);
	if (error < 0) {
		error = call_fail(call, "BadRequestException", "%s", message);
		free(message);
		return error;
	}
	if (is_yaml)
		error = yaml_print(document, &call->raw);
	else
		print_json(document, &call->raw);
	call->raw_content_type = "application/octet-stream";
	call->disposition = file_name(call, openapi_export_version(definition, &options), is_yaml);
	return error;
}
