/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/documentation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/buffer.h"
#include "appliance/openapi/operation.h"
#include "appliance/openapi/parameter.h"

enum field { PATH, METHOD, STATUS, NAME, FIELD_COUNT };

static const struct {
	const char *member;
	const char *label;     /* in the words of the service */
	const char *otherwise; /* NULL: there is no default */
} fields[FIELD_COUNT] = {
	[PATH] = { "path", "path", "/" },
	[METHOD] = { "method", "method", "*" },
	[STATUS] = { "statusCode", "status code", "*" },
	[NAME] = { "name", "name", NULL },
};

static const struct {
	const char *type;
	bool has[FIELD_COUNT];
} types[] = {
	{ "API", { 0 } },
	{ "AUTHORIZER", { [NAME] = true } },
	{ "MODEL", { [NAME] = true } },
	{ "RESOURCE", { [PATH] = true } },
	{ "METHOD", { [PATH] = true, [METHOD] = true } },
	{ "PATH_PARAMETER", { [PATH] = true, [METHOD] = true, [NAME] = true } },
	{ "QUERY_PARAMETER", { [PATH] = true, [METHOD] = true, [NAME] = true } },
	{ "REQUEST_HEADER", { [PATH] = true, [METHOD] = true, [NAME] = true } },
	{ "REQUEST_BODY", { [PATH] = true, [METHOD] = true } },
	{ "RESPONSE", { [PATH] = true, [METHOD] = true, [STATUS] = true } },
	{ "RESPONSE_HEADER", { [PATH] = true, [METHOD] = true, [STATUS] = true, [NAME] = true } },
	{ "RESPONSE_BODY", { [PATH] = true, [METHOD] = true, [STATUS] = true } },
};

__attribute__((format(printf, 2, 3))) static int refuse(
	char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, OPENAPI_LOCATION_MESSAGE_MAX_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static bool value_fits(enum field field, struct view value)
{
	switch (field) {
	case PATH:
		return view_starts_with(value, view_of("/")) && value.count <= OPENAPI_PATH_MAX_BYTES;
	case METHOD:
		for (size_t i = 0; i < OPERATION_VERB_COUNT; i++) {
			if (view_equals_text(value, operation_verbs[i].verb))
				return true;
		}
		return view_equals_text(value, "*");
	case STATUS:
		return view_equals_text(value, "*") || operation_is_status(value);
	default:
		return value.count <= OPENAPI_PATH_MAX_BYTES;
	}
}

/* An absent, null or empty field. */
static bool is_blank(const struct json *value)
{
	return json_is_null(value) || (json_is_text(value) && json_text(value).count == 0);
}

static int check_field(const struct json *location, size_t row, enum field field, char *message)
{
	const struct json *value = json_find(location, fields[field].member);
	int shown;

	if (is_blank(value)) {
		if (types[row].has[field] && !fields[field].otherwise)
			return refuse(message, "Invalid documentation part location: type '%s' needs a name",
				types[row].type);
		return 0;
	}
	if (!types[row].has[field])
		return refuse(message, "Invalid documentation part location: field '%s' is not valid for type '%s'",
			fields[field].member, types[row].type);
	shown = (int)(json_text(value).count < 64 ? json_text(value).count : 64);
	if (!json_is_text(value) || !value_fits(field, json_text(value)))
		return refuse(message, "Invalid documentation part location: '%.*s' is not a valid %s", shown,
			json_is_text(value) ? json_text(value).at : "", fields[field].label);
	return 0;
}

static int check_members(const struct json *location, char *message)
{
	JSON_EACH(member, location)
	{
		struct view name = json_name(member);
		bool known = view_equals_text(name, "type");

		for (size_t i = 0; i < FIELD_COUNT; i++)
			known = known || view_equals_text(name, fields[i].member);
		if (!known)
			return refuse(message, "Invalid documentation part location: there is no field '%.*s'",
				(int)(name.count < 64 ? name.count : 64), name.at);
	}
	return 0;
}

int openapi_location_complete(struct json *location, char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES])
{
	struct json *found[FIELD_COUNT];
	struct view type = json_find_text(location, "type");
	size_t row = 0;
	int error;

	while (row < ARRAY_COUNT(types) && !view_equals_text(type, types[row].type))
		row++;
	if (row == ARRAY_COUNT(types))
		return refuse(message, "Invalid documentation part location: '%.*s' is not a valid type",
			(int)(type.count < 64 ? type.count : 64), type.count ? type.at : "");
	error = check_members(location, message);
	for (size_t i = 0; error == 0 && i < FIELD_COUNT; i++)
		error = check_field(location, row, (enum field)i, message);
	if (error < 0)
		return error;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		found[i] = json_take(location, fields[i].member);
		if (!types[row].has[i] || is_blank(found[i])) {
			json_free(found[i]);
			found[i] = types[row].has[i] ? json_text_new_c(fields[i].otherwise) : NULL;
		}
	}
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (found[i])
			json_set(location, fields[i].member, found[i]);
	}
	return 0;
}

char *openapi_location_text(const struct json *location)
{
	struct buffer text;
	char *taken;

	buffer_init(&text, SIZE_MAX / 2);
	buffer_printf(&text, "type '" VIEW_FMT "'", VIEW_ARG(json_find_text(location, "type")));
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const struct json *value = json_find(location, fields[i].member);

		if (json_is_text(value))
			buffer_printf(&text, ", %s '" VIEW_FMT "'", fields[i].label, VIEW_ARG(json_text(value)));
	}
	taken = buffer_take(&text, NULL);
	ASSERT(taken && "out of memory");
	return taken;
}

/* --- All that can be documented ------------------------------------------------------------------------------------------ */

/* A location of a type with the fields that are not empty. */
static void add(
	struct json *list, const char *type, struct view path, struct view method, struct view status, struct view name)
{
	const struct view values[FIELD_COUNT] = { [PATH] = path, [METHOD] = method, [STATUS] = status, [NAME] = name };
	struct json *location = json_object_new();

	json_set_c_string(location, "type", type);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (values[i].count)
			json_set_text(location, fields[i].member, values[i]);
	}
	json_append(list, location);
}

static void add_named(struct json *list, const char *type, const struct json *items)
{
	JSON_EACH(item, items)
	add(list, type, view_of(""), view_of(""), view_of(""), json_find_text(item, "name"));
}

static void add_parameters(struct json *list, struct view path, const struct json *method)
{
	JSON_EACH(parameter, json_find(method, "requestParameters"))
	{
		for (size_t i = 0; i < PARAMETER_PLACE_COUNT; i++) {
			if (view_starts_with(json_name(parameter), parameter_places[i].prefix))
				add(list, parameter_places[i].documentation_type, path, json_name(method), view_of(""),
					view_after(json_name(parameter), parameter_places[i].prefix.count));
		}
	}
}

static void add_response(struct json *list, struct view path, struct view verb, const struct json *response)
{
	static const struct view prefix = VIEW_INIT("method.response.header.");
	struct view status = json_name(response);

	add(list, "RESPONSE", path, verb, status, view_of(""));
	JSON_EACH(parameter, json_find(response, "responseParameters"))
	if (view_starts_with(json_name(parameter), prefix))
		add(list, "RESPONSE_HEADER", path, verb, status, view_after(json_name(parameter), prefix.count));
	if (json_count(json_find(response, "responseModels")))
		add(list, "RESPONSE_BODY", path, verb, status, view_of(""));
}

static void add_resource(struct json *list, const struct json *resource)
{
	struct view path = json_find_text(resource, "path");

	add(list, "RESOURCE", path, view_of(""), view_of(""), view_of(""));
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		add(list, "METHOD", path, json_name(method), view_of(""), view_of(""));
		add_parameters(list, path, method);
		if (json_count(json_find(method, "requestModels")))
			add(list, "REQUEST_BODY", path, json_name(method), view_of(""), view_of(""));
		JSON_EACH(response, json_find(method, "methodResponses"))
		add_response(list, path, json_name(method), response);
	}
}

struct json *openapi_locations(const struct json *definition)
{
	struct json *list = json_array_new();

	add(list, "API", view_of(""), view_of(""), view_of(""), view_of(""));
	add_named(list, "AUTHORIZER", json_find(definition, "authorizers"));
	add_named(list, "MODEL", json_find(definition, "models"));
	JSON_EACH(resource, json_find(definition, "resources"))
	add_resource(list, resource);
	return list;
}
