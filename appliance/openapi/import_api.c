/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an OpenAPI document says of the API as a whole: the RestApi. */
#include "appliance/openapi/import_work.h"

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/extensions.h"

/* Source: API Gateway API Reference, CreateRestApi. */
enum { TITLE_MAX_CHARACTERS = 1024, COMPRESSION_MAX_BYTES = 10485760 };

/* Set, or remove what an overwriting document does not have. */
static void set_or_drop(struct openapi_work *work, struct json *api, const char *name, const struct json *value)
{
	struct view text = openapi_scalar(work, value);

	if (text.at)
		json_set_text(api, name, text);
	else if (!work->options->merge)
		json_remove(api, name);
}

static void read_info(struct openapi_work *work, struct json *api)
{
	const struct json *info = json_find(work->document, "info"), *title = json_find(info, "title"),
			  *version = json_find(info, "version");
	struct view text = openapi_scalar(work, title);

	if (!json_is_object(info)) {
		openapi_invalid(work, info ? info : work->document, "'info' with the API's 'title' is missing");
		return;
	}
	if (view_trim(text).count == 0 || text.count > TITLE_MAX_CHARACTERS) {
		openapi_invalid(
			work, title ? title : info, "'info.title', the API's name, must have 1 to 1,024 characters");
		return;
	}
	json_set_text(api, "name", text);
	set_or_drop(work, api, "description", json_find(info, "description"));
	/* A version that an export made up is none. */
	set_or_drop(work, api, "version",
		version && json_equals(version, json_find(info, OPENAPI_X_VERSION)) ? NULL : version);
}

static void read_binary_media_types(struct openapi_work *work, struct json *api)
{
	const struct json *types = json_find(work->document, "x-amazon-apigateway-binary-media-types");
	struct json *list;

	if (!work->options->merge)
		json_remove(api, "binaryMediaTypes");
	if (!types)
		return;
	if (!json_is_array(types) || json_count(types) > OPENAPI_ENTRIES_MAX_COUNT) {
		openapi_error(work, types, "x-amazon-apigateway-binary-media-types must be a list of media types");
		return;
	}
	list = json_ensure_array(api, "binaryMediaTypes");
	JSON_EACH(type, types)
	{
		bool known = false;

		for (size_t i = 0; i < json_count(list); i++)
			known = known || json_equals(json_at(list, i), type);
		if (!json_is_text(type) || view_find_byte(json_text(type), '/') == VIEW_NOWHERE)
			openapi_error(work, type, "a binary media type must be a text such as image/png");
		else if (!known)
			json_append(list, json_copy(type));
	}
	if (json_count(list) == 0)
		json_remove(api, "binaryMediaTypes");
}

static void read_policy(struct openapi_work *work, struct json *api)
{
	const struct json *policy = json_find(work->document, "x-amazon-apigateway-policy");
	char *text;

	if (!policy)
		return;
	if (!json_is_object(policy)) {
		openapi_error(work, policy, "x-amazon-apigateway-policy must be a policy object");
		return;
	}
	text = json_print_text(policy);
	json_set_c_string(api, "policy", text);
	free(text);
}

/* At the root of a Swagger document, in the first server of an OpenAPI document. */
static const struct json *endpoint_configuration(struct openapi_work *work)
{
	static const char extension[] = "x-amazon-apigateway-endpoint-configuration";
	const struct json *servers = json_find(work->document, "servers");
	bool elsewhere = false;

	if (work->is_swagger)
		return json_find(work->document, extension);
	for (size_t i = 1; i < json_count(servers); i++)
		elsewhere = elsewhere || json_find(json_at(servers, i), extension);
	if (elsewhere)
		openapi_warn(work, "More than one server provided. Ignoring all but the first for defining endpoint "
				   "configuration");
	return json_find(json_at(servers, 0), extension);
}

static void read_endpoint_configuration(struct openapi_work *work, struct json *api)
{
	const struct json *wanted = endpoint_configuration(work), *ids = json_find(wanted, "vpcEndpointIds"),
			  *disable = json_find(wanted, "disableExecuteApiEndpoint");

	if (json_is_bool(disable))
		json_set(api, "disableExecuteApiEndpoint", json_copy(disable));
	else if (disable)
		openapi_error(work, disable, "disableExecuteApiEndpoint must be true or false");
	if (!ids)
		return;
	if (!json_is_array(ids))
		openapi_error(work, ids, "vpcEndpointIds must be a list");
	JSON_EACH(id, ids)
	{
		if (!json_is_text(id))
			openapi_error(work, id, "a VPC endpoint id must be a text");
	}
	json_set(json_ensure_object(api, "endpointConfiguration"), "vpcEndpointIds", json_copy(ids));
}

/* Members that are one of some texts, or, without values, any text. */
static void read_texts(struct openapi_work *work, struct json *api)
{
	static const struct {
		const char *extension, *member, *values[2], *rule;
	} rows[] = {
		{ "x-amazon-apigateway-api-key-source", "apiKeySource", { "HEADER", "AUTHORIZER" },
			"Invalid API key source specified. Valid options are HEADER,AUTHORIZER" },
		{ "x-amazon-apigateway-security-policy", "securityPolicy", { NULL, NULL },
			"x-amazon-apigateway-security-policy must be a text" },
		{ "x-amazon-apigateway-endpoint-access-mode", "endpointAccessMode", { "STRICT", "BASIC" },
			"Invalid endpoint access mode specified. Valid options are BASIC,STRICT" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct json *value = json_find(work->document, rows[i].extension);
		struct view text = json_text(value);
		bool is_known = text.count && !rows[i].values[0];

		for (size_t j = 0; j < ARRAY_COUNT(rows[i].values) && rows[i].values[j]; j++)
			is_known = is_known || view_equals_text(text, rows[i].values[j]);
		if (is_known)
			json_set(api, rows[i].member, json_copy(value));
		else if (value)
			openapi_error(work, value, "%s", rows[i].rule);
	}
	if (view_starts_with(json_find_text(api, "securityPolicy"), view_of("SecurityPolicy_")) &&
		!json_find(api, "endpointAccessMode"))
		openapi_error(work, json_find(work->document, rows[1].extension),
			"The security policy " VIEW_FMT " needs an x-amazon-apigateway-endpoint-access-mode",
			VIEW_ARG(json_find_text(api, "securityPolicy")));
}

void openapi_read_api(struct openapi_work *work)
{
	const struct json *compression = json_find(work->document, "x-amazon-apigateway-minimum-compression-size");
	struct json *api = json_ensure_object(work->definition, "restApi");
	int64_t bytes;

	read_info(work, api);
	read_binary_media_types(work, api);
	read_policy(work, api);
	read_endpoint_configuration(work, api);
	read_texts(work, api);
	if (compression && json_integer(compression, 0, COMPRESSION_MAX_BYTES, &bytes) < 0)
		openapi_error(work, compression, "Invalid minimum compression size, must be between 0 and 10485760");
	else if (compression)
		json_set_integer(api, "minimumCompressionSize", bytes);
}
