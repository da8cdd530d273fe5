/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GetSdkTypes, GetSdkType, GetSdk: clients of an API made from its definition. Source: spec/openapi.md 8.1. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/control/apigateway/exports.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"
#include "appliance/openapi/sdk.h"

#define PROPERTIES_MAX 5

struct property {
	const char *name, *friendly_name, *description;
	bool required;
	const char *default_value;
};

/* The types that AWS has; Postern makes the one that `make` is given for. */
static const struct sdk_type {
	const char *id, *friendly_name, *description;
	int (*make)(struct buffer *archive, const struct json *definition, const struct sdk_options *options);
	struct property properties[PROPERTIES_MAX];
} types[] = {
	{ "android", "Android", "Android SDK in Java with AWS Mobile SDK for Android as runtime dependency", NULL,
		{ { "groupId", "Group ID", "The Maven group ID for the SDK", true, NULL },
			{ "artifactId", "Artifact ID", "The Maven artifact ID for the SDK", true, NULL },
			{ "artifactVersion", "Artifact version", "The Maven artifact version for the SDK", true, NULL },
			{ "invokerPackage", "Invoker package", "The Java package for the SDK", true, NULL } } },
	{ "java", "Java SDK", "Java SDK for the API", NULL,
		{ { "serviceName", "Service name", "Name of the generated service", true, NULL },
			{ "javaPackageName", "Java package name", "Name of the generated package", true, NULL } } },
	{ "javascript", "JavaScript", "JavaScript SDK for browsers and Node.js", sdk_javascript, { { 0 } } },
	{ "objectivec", "iOS (Objective-C)", "Objective-C SDK with AWS Mobile SDK for iOS as runtime dependency", NULL,
		{ { "classPrefix", "Prefix", "The prefix of the generated classes", true, NULL } } },
	{ "ruby", "Ruby", "Ruby SDK for the API", NULL,
		{ { "service.name", "Service name", "Name of the generated service", true, NULL },
			{ "ruby.gem-name", "Gem name", "Name of the generated gem", false, NULL },
			{ "ruby.gem-version", "Gem version", "Version of the generated gem", false, NULL } } },
	{ "swift", "iOS (Swift)", "Swift SDK with AWS Mobile SDK for iOS as runtime dependency", NULL,
		{ { "classPrefix", "Prefix", "The prefix of the generated classes", true, NULL } } },
};

static const struct sdk_type *find_type(const char *id)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (strcmp(types[i].id, id) == 0)
			return &types[i];
	return NULL;
}

static struct json *shown(const struct sdk_type *type)
{
	struct json *item = json_object_new();

	json_set_c_string(item, "id", type->id);
	json_set_c_string(item, "friendlyName", type->friendly_name);
	json_set_c_string(item, "description", type->description);
	for (const struct property *property = type->properties;
		property < type->properties + PROPERTIES_MAX && property->name; property++) {
		struct json *of = json_object_new();

		json_set_c_string(of, "name", property->name);
		json_set_c_string(of, "friendlyName", property->friendly_name);
		json_set_c_string(of, "description", property->description);
		json_set_bool(of, "required", property->required);
		json_set_c_string(of, "defaultValue", property->default_value);
		json_append(json_ensure_array(item, "configurationProperties"), of);
	}
	return item;
}

int op_get_sdk_types(struct call *call)
{
	struct json *items = json_array_new();

	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		json_append(items, shown(&types[i]));
	return page_list(call, items, "id");
}

int op_get_sdk_type(struct call *call)
{
	const struct sdk_type *type = find_type(call_input(call, "id"));

	if (!type)
		return call_fail(call, "NotFoundException", "Invalid SDK type identifier specified");
	json_free(call->output);
	call->output = shown(type);
	return 0;
}

static int check_parameters(struct call *call, const struct sdk_type *type)
{
	const struct json *given = json_find(call->input, "parameters");

	for (const struct property *property = type->properties;
		property < type->properties + PROPERTIES_MAX && property->name; property++)
		if (property->required && json_find_text(given, property->name).count == 0)
			return call_fail(
				call, "BadRequestException", "Missing required SDK parameter: %s", property->name);
	return 0;
}

/* javascript_2016-02-22_23-52Z.zip */
static const char *file_name(struct call *call, const struct sdk_type *type)
{
	struct clock_civil now;

	clock_civil_from_ms(&now, call->request.received_wall_ms);
	return call_text(call, "attachment; filename=\"%s_%04d-%02d-%02d_%02d-%02dZ.zip\"", type->id, now.year,
		now.month, now.day, now.hour, now.minute);
}

int op_get_sdk(struct call *call)
{
	const struct sdk_type *type = find_type(call_input(call, "sdkType"));
	struct sdk_options options = {
		.region = view_from_text(control_region(call->control)),
		.invoke_url = call_view(call, "https://%s.execute-api.%s.amazonaws.com/%s",
			call_input(call, "restApiId"), control_region(call->control), call_input(call, "stageName")),
		.wall_ms = call->request.received_wall_ms,
	};
	struct json JSON_CLEANUP *definition = NULL;
	uint64_t created_ms;
	int error = exports_find_definition(call, &definition, &created_ms);

	if (error < 0)
		return error;
	if (!type)
		return call_fail(call, "BadRequestException",
			"Invalid SDK type specified. Valid options are android,java,javascript,objectivec,ruby,swift");
	error = check_parameters(call, type);
	if (error < 0)
		return error;
	if (!type->make)
		return call_fail(call, "BadRequestException",
			"SDKs of type %s are not made here. Supported SDK types: javascript. For others, export the "
			"stage as "
			"OpenAPI (GetExport) and use a generator of that language.",
			type->id);
	call->raw_content_type = "application/octet-stream";
	call->disposition = file_name(call, type);
	return type->make(&call->raw, definition, &options);
}
