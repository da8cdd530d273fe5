/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The documentation parts of an OpenAPI document: those that it lists, else those that its plain descriptions make. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/documentation.h"
#include "appliance/openapi/extensions.h"
#include "appliance/openapi/import_work.h"
#include "appliance/openapi/operation.h"
#include "appliance/openapi/parameter.h"

/* --- One part ------------------------------------------------------------------------------------------------------------ */

/*
 * Add the part; takes over its location and properties; `exact` is their text if it matters. 0, or -EINVAL with the reason in
 * `ret_rule`.
 */
static int put_part(struct openapi_work *work, const struct json *at, struct json *taken_location,
	struct json *taken_properties, struct view exact, struct view *ret_rule)
{
	struct json JSON_CLEANUP *location = taken_location, *properties = taken_properties;
	char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES], *text;
	struct json *part;
	struct view key;

	if (openapi_location_complete(location, message) < 0) {
		*ret_rule = openapi_text(work, "%s", message);
		return -EINVAL;
	}
	text = openapi_location_text(location);
	key = openapi_text(work, "%s", text);
	free(text);
	if (table_find(&work->lists[OPENAPI_PARTS].by_key, key)) {
		*ret_rule = openapi_text(work,
			"Documentation part already exists for the specified location: " VIEW_FMT ".", VIEW_ARG(key));
		return -EINVAL;
	}
	text = json_print_text(properties);
	if (openapi_charge(work, at, strlen(text) + key.count)) {
		part = json_object_new();
		json_set(part, "location", json_copy(location));
		json_set_text(part, "properties", exact.count ? exact : view_from_text(text));
		openapi_put(work, OPENAPI_PARTS, key, part);
	}
	free(text);
	return 0;
}

/* --- Parts that the document lists --------------------------------------------------------------------------------------- */

/* The text of the properties that an export kept; empty if there is none or they were edited since. */
static struct view exact_text(const struct json *part, const struct json *properties)
{
	struct view text = json_find_text(part, OPENAPI_X_PROPERTIES);
	struct json JSON_CLEANUP *again = NULL;

	if (!text.at || json_parse(text, NULL, &again, NULL) < 0 || !json_equals(again, properties))
		return view_of("");
	return text;
}

static void put_listed(struct openapi_work *work, const struct json *part)
{
	const struct json *location = json_find(part, "location"), *properties = json_find(part, "properties");
	struct json *parsed = NULL;
	struct view rule, exact;

	if (!json_is_object(location)) {
		openapi_error(work, part, "a documentation part must have a 'location'");
		return;
	}
	if (json_is_text(properties) && json_parse(json_text(properties), NULL, &parsed, NULL) < 0)
		parsed = NULL;
	else if (!json_is_text(properties) && properties)
		parsed = json_copy(properties);
	if (!json_is_object(parsed)) {
		json_free(parsed);
		openapi_error(work, part, "the 'properties' of a documentation part must be an object");
		return;
	}
	exact = exact_text(part, parsed);
	if (put_part(work, part, json_copy(location), parsed, exact, &rule) < 0)
		openapi_error(work, part, VIEW_FMT, VIEW_ARG(rule));
}

static void read_listed(struct openapi_work *work, const struct json *extension)
{
	const struct json *parts = json_find(extension, "documentationParts"),
			  *version = json_find(extension, "version");
	struct view text = openapi_scalar(work, version);

	if (!json_is_object(extension) || (parts && !json_is_array(parts)) || (version && !text.at)) {
		openapi_error(work, extension,
			"x-amazon-apigateway-documentation must be an object with 'documentationParts' and 'version'");
		return;
	}
	if (json_count(parts) > OPENAPI_PARTS_MAX_COUNT) {
		openapi_error(
			work, parts, "there must be no more than %d documentation parts", OPENAPI_PARTS_MAX_COUNT);
		return;
	}
	if (text.count > OPENAPI_DOCUMENTATION_VERSION_MAX_BYTES) {
		openapi_error(work, version, "the 'version' of the documentation is longer than %d bytes",
			OPENAPI_DOCUMENTATION_VERSION_MAX_BYTES);
		return;
	}
	JSON_EACH(part, parts)
	put_listed(work, part);
	if (text.count)
		json_set_text(work->definition, "documentationVersion", text);
}

/* --- Parts that plain descriptions make ---------------------------------------------------------------------------------- */

/* Where the descriptions of an operation stand. */
struct place {
	struct view path, verb, status;
};

static const char *const described[] = { "description", NULL };

/* There are as many parts as there may be. */
static bool is_full(struct openapi_work *work)
{
	return json_count(work->lists[OPENAPI_PARTS].items) >= OPENAPI_PARTS_MAX_COUNT;
}

/* The members of `from` that tell people something, and have the right form; none when no more parts are made. */
static struct json *telling(struct openapi_work *work, const struct json *from, const char *const *members)
{
	struct json *properties = json_object_new();
	bool is_over = is_full(work) || work->definition_bytes > OPENAPI_DEFINITION_MAX_BYTES;

	for (; from && *members && !is_over; members++) {
		const struct json *value = json_find(from, *members);
		bool is_list = strcmp(*members, "tags") == 0;

		if (is_list ? json_count(value) && json_is_array(value)
			    : json_text(value).count || json_is_object(value))
			json_set(properties, *members, json_copy(value));
	}
	return properties;
}

/* A part of `type` from `properties`, which are taken over, if they say anything. */
static void put_made(struct openapi_work *work, const struct json *at, const char *type, const struct place *place,
	struct view name, struct json *properties)
{
	struct json *location;
	struct view rule;

	if (json_count(properties) == 0 || is_full(work)) {
		json_free(properties);
		return;
	}
	location = json_object_new();
	json_set_c_string(location, "type", type);
	if (place && place->path.count)
		json_set_text(location, "path", place->path);
	if (place && place->verb.count)
		json_set_text(location, "method", place->verb);
	if (place && place->status.count)
		json_set_text(location, "statusCode", place->status);
	if (name.count)
		json_set_text(location, "name", name);
	/* A parameter may be there twice, two paths may be one resource: the first says it. */
	(void)put_part(work, at, location, properties, view_of(""), &rule);
}

static void read_api(struct openapi_work *work)
{
	static const char *const of_info[] = { "description", "termsOfService", "contact", "license", NULL };
	static const char *const of_document[] = { "tags", NULL };
	struct json *info = telling(work, json_find(work->document, "info"), of_info);
	struct json *properties = telling(work, work->document, of_document);

	if (json_count(info))
		json_set(properties, "info", info);
	else
		json_free(info);
	put_made(work, work->document, "API", NULL, view_of(""), properties);
}

static void read_named(struct openapi_work *work, const char *type, const char *extension, const struct json *all)
{
	JSON_EACH(given, all)
	{
		if (!extension || json_find(given, extension))
			put_made(work, given, type, NULL, json_name(given), telling(work, given, described));
	}
}

/* What a parameter is called in locations, or NULL. */
static const char *parameter_type(const struct json *parameter)
{
	struct view in = json_find_text(parameter, "in");

	for (size_t i = 0; i < PARAMETER_PLACE_COUNT; i++) {
		if (view_equals(in, parameter_places[i].in))
			return parameter_places[i].documentation_type;
	}
	return view_equals_text(in, "body") ? "REQUEST_BODY" : NULL;
}

/* Those of the path item that the operation does not have itself. */
static bool is_overridden(struct openapi_work *work, const struct json *own, const struct json *parameter)
{
	JSON_EACH(given, own)
	{
		const struct json *other = openapi_resolve(work, given);

		if (view_equals(json_find_text(other, "in"), json_find_text(parameter, "in")) &&
			(view_equals_text(json_find_text(other, "in"), "body") ||
				view_equals(json_find_text(other, "name"), json_find_text(parameter, "name"))))
			return true;
	}
	return false;
}

static void read_parameters(
	struct openapi_work *work, const struct place *place, const struct json *list, const struct json *overriding)
{
	JSON_EACH(given, list)
	{
		const struct json *parameter = openapi_resolve(work, given);
		const char *type = parameter_type(parameter);
		bool is_body = type && strcmp(type, "REQUEST_BODY") == 0;

		if (!type || (is_body && !work->is_swagger) || json_find_text(parameter, "description").count == 0 ||
			is_overridden(work, overriding, parameter))
			continue;
		put_made(work, parameter, type, place, is_body ? view_of("") : json_find_text(parameter, "name"),
			telling(work, parameter, described));
	}
}

/* A response must have a description: that which an export makes up says nothing. */
static bool is_made_up(struct view description, struct view status)
{
	return view_starts_with(description, status) &&
	       view_equals_text(view_after(description, status.count), " response");
}

static void read_responses(struct openapi_work *work, const struct place *around, const struct json *responses)
{
	JSON_EACH(given, responses)
	{
		const struct json *response = openapi_resolve(work, given);
		struct place place = { .path = around->path, .verb = around->verb, .status = json_name(given) };

		if (!operation_is_status(place.status))
			continue;
		if (!is_made_up(json_find_text(response, "description"), place.status))
			put_made(work, response, "RESPONSE", &place, view_of(""), telling(work, response, described));
		JSON_EACH(header, json_find(response, "headers"))
		put_made(work, header, "RESPONSE_HEADER", &place, json_name(header),
			telling(work, openapi_resolve(work, header), described));
	}
}

static void read_operation(struct openapi_work *work, struct view path, struct view verb, const struct json *item,
	const struct json *operation)
{
	static const char *const of_resource[] = { "summary", "description", NULL };
	static const char *const of_method[] = { "tags", "summary", "description", NULL };
	const struct place place = { .path = path, .verb = verb };
	const struct json *parameters = json_find(operation, "parameters");

	if (!operation) {
		put_made(work, item, "RESOURCE", &place, view_of(""), telling(work, item, of_resource));
		return;
	}
	put_made(work, operation, "METHOD", &place, view_of(""), telling(work, operation, of_method));
	read_parameters(work, &place, json_find(item, "parameters"), parameters);
	read_parameters(work, &place, parameters, NULL);
	if (!work->is_swagger)
		put_made(work, operation, "REQUEST_BODY", &place, view_of(""),
			telling(work, openapi_resolve(work, json_find(operation, "requestBody")), described));
	read_responses(work, &place, json_find(operation, "responses"));
}

static void read_plain(struct openapi_work *work)
{
	read_api(work);
	read_named(work, "AUTHORIZER", "x-amazon-apigateway-authorizer", openapi_security_schemes(work));
	read_named(work, "MODEL", NULL, openapi_schemas(work));
	openapi_each_operation(work, read_operation);
	if (is_full(work))
		openapi_warn(
			work, "Only the first %d descriptions became documentation parts", OPENAPI_PARTS_MAX_COUNT);
}

void openapi_read_documentation(struct openapi_work *work)
{
	const struct json *extension = json_find(work->document, "x-amazon-apigateway-documentation");

	if (work->options->ignore_documentation)
		return;
	if (extension)
		read_listed(work, extension);
	else if (work->error_count == 0)
		read_plain(work);
}

static int run(struct openapi_work *work, struct json **ret_ids, struct openapi_failure *failure)
{
	work->renews_parts = true;
	if (openapi_check_version(work)) {
		work->definition = json_object_new();
		openapi_lists_start(work);
		openapi_read_documentation(work);
		*ret_ids = json_array_new();
		JSON_EACH(part, work->lists[OPENAPI_PARTS].items)
		json_append(*ret_ids, json_copy(json_find(part, "id")));
		openapi_lists_finish(work);
	}
	return openapi_report(work, failure);
}

int openapi_import_parts(struct json **ret_parts, struct json **ret_ids, struct json **ret_warnings,
	struct openapi_failure *ret_failure, const struct json *existing, struct view text,
	const struct openapi_options *options)
{
	struct json *ids = NULL;
	struct openapi_work work;
	int result = openapi_work_init(&work, ret_failure, existing, text, options);
	bool is_readable = result == 0;

	if (result == 0)
		result = run(&work, &ids, ret_failure);
	if (result == 0) {
		*ret_parts = json_take(work.definition, "documentationParts");
		*ret_ids = ids;
		*ret_warnings = work.warnings;
		work.warnings = ids = NULL;
	}
	if (result == -EINVAL && (!is_readable || work.is_invalid)) {
		free(ret_failure->message);
		ret_failure->message = strdup("Unable to build importer with provided input.");
	}
	json_free(ids);
	openapi_work_fini(&work);
	return result;
}
