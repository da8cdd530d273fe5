/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An Integration as x-amazon-apigateway-integration: what an import takes for granted is left out. */
#include "appliance/openapi/export_work.h"

#include "appliance/openapi/extensions.h"

enum { TIMEOUT_DEFAULT_MS = 29000 };

/* Documents have enumerations in lower case. */
static void set_lower(
	struct openapi_export *export, struct json *extension, const struct json *integration, const char *name)
{
	struct view text = json_find_text(integration, name);

	if (text.at)
		json_set(extension, name, openapi_export_lower(export, text));
}

static struct json *response_of(const struct json *response)
{
	struct json *made = json_object_new();

	openapi_export_copy(
		made, response, "statusCode", "responseParameters", "responseTemplates", "contentHandling", NULL);
	return made;
}

/* Keys are patterns, each once; "default" has none. Whose pattern can't be a key goes into the list. */
static void set_responses(struct json *extension, const struct json *integration)
{
	struct json *responses = json_object_new(), *others = json_array_new();

	JSON_EACH(response, json_find(integration, "integrationResponses"))
	{
		const struct json *pattern = json_find(response, "selectionPattern");
		struct view key = pattern ? json_text(pattern) : view_of("default");
		struct json *made = response_of(response);

		if (!json_find_view(responses, key) && (!pattern || !view_equals_text(key, "default"))) {
			json_add_unchecked(responses, key, made);
			continue;
		}
		if (pattern)
			json_set(made, "selectionPattern", json_copy(pattern));
		json_append(others, made);
	}
	openapi_export_set_filled(extension, "responses", responses);
	openapi_export_set_filled(extension, OPENAPI_X_RESPONSES, others);
}

/* A mock calls nothing. */
static void set_target(struct json *extension, const struct json *integration)
{
	bool is_mock = view_equals_text(json_find_text(integration, "type"), "MOCK");
	struct json *target = is_mock ? json_object_new() : extension;

	openapi_export_copy(target, integration, "httpMethod", "uri", NULL);
	if (is_mock)
		openapi_export_set_filled(extension, OPENAPI_X_MOCK, target);
}

struct json *openapi_export_integration(
	struct openapi_export *export, const struct json *resource, const struct json *integration)
{
	struct json *extension = json_object_new();
	const struct json *space = json_find(integration, "cacheNamespace");
	bool is_http = view_starts_with(json_find_text(integration, "type"), view_of("HTTP"));

	set_lower(export, extension, integration, "type");
	set_target(extension, integration);
	openapi_export_copy(extension, integration, "credentials", NULL);
	if (!is_http || !view_equals_text(json_find_text(integration, "connectionType"), "INTERNET"))
		openapi_export_copy(extension, integration, "connectionType", NULL);
	openapi_export_copy(extension, integration, "connectionId", "integrationTarget", NULL);
	set_responses(extension, integration);
	openapi_export_copy(extension, integration, "requestParameters", "requestTemplates", NULL);
	set_lower(export, extension, integration, "passthroughBehavior");
	if (json_find_integer(integration, "timeoutInMillis", TIMEOUT_DEFAULT_MS) != TIMEOUT_DEFAULT_MS)
		openapi_export_copy(extension, integration, "timeoutInMillis", NULL);
	if (space && !json_equals(space, json_find(resource, "id")))
		openapi_export_copy(extension, integration, "cacheNamespace", NULL);
	openapi_export_copy(extension, integration, "cacheKeyParameters", "contentHandling", "tlsConfig",
		"responseTransferMode", NULL);
	return extension;
}
