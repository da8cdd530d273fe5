/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as an OpenAPI document: refused with a message, or imported; then its integrations build, every resource has
 * its parent, and importing it once more over the result, merging or overwriting, gives as many paths, models
 * and so on; its documentation alone gives the same parts. What was imported is
 * exported, as OpenAPI and Swagger, in JSON and YAML, and imported into another API, which gives the same definition.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"
#include "appliance/openapi/documentation.h"
#include "appliance/openapi/export.h"
#include "appliance/openapi/import.h"
#include "tests/unit/openapi/neutral.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tree(struct json *definition)
{
	struct json *resources = json_find(definition, "resources");
	size_t roots = 0;

	JSON_EACH(resource, resources)
	{
		struct view parent = json_find_text(resource, "parentId");
		bool found = false;

		ASSERT(json_find_text(resource, "id").count && json_find_text(resource, "path").count);
		if (parent.count == 0)
			roots++;
		for (size_t i = 0; i < json_count(resources); i++)
			found = found || view_equals(json_find_text(json_at(resources, i), "id"), parent);
		ASSERT(found || parent.count == 0);
	}
	ASSERT(roots == 1);
}

static void check_again(const struct json *first, struct view text, struct openapi_options options, bool merge)
{
	static const char *const lists[] = { "resources", "models", "authorizers", "validators", "gatewayResponses",
		"documentationParts" };
	struct json *definition = NULL, *warnings = NULL;
	struct openapi_failure failure;

	options.merge = merge;
	ASSERT(openapi_import(&definition, &warnings, &failure, first, text, &options) == 0);
	check_tree(definition);
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		ASSERT(json_count(json_find(definition, lists[i])) == json_count(json_find(first, lists[i])));
	json_free(definition);
	json_free(warnings);
}

/* The documentation alone: of a document that can be imported as a whole, the same parts. */
static void check_parts(const struct json *definition, struct view text, const struct openapi_options *options)
{
	struct json JSON_CLEANUP *none = json_object_new(), *parts = NULL, *ids = NULL, *warnings = NULL;
	struct openapi_failure failure;

	if (openapi_import_parts(&parts, &ids, &warnings, &failure, none, text, options) < 0) {
		ASSERT(!definition && failure.message && *failure.message);
		openapi_failure_fini(&failure);
		return;
	}
	ASSERT(json_count(parts) == json_count(ids));
	ASSERT(!definition || json_count(parts) == json_count(json_find(definition, "documentationParts")));
	JSON_EACH(part, parts)
	{
		struct json JSON_CLEANUP *location = json_copy(json_find(part, "location"));
		char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES];

		ASSERT(openapi_location_complete(location, message) == 0);
		ASSERT(json_equals(location, json_find(part, "location")));
	}
}

static struct json *new_api(const char *id)
{
	struct json *api = NULL;
	char text[256];

	snprintf(text, sizeof text,
		"{\"restApi\":{\"id\":\"%s\",\"rootResourceId\":\"root567890\"},\"resources\":[{\"id\":\"root567890\","
		"\"path\":\"/\"}]}",
		id);
	ASSERT(json_parse(view_from_text(text), NULL, &api, NULL) == 0);
	return api;
}

static void check_document(const struct json *definition, const struct json *document, bool is_yaml)
{
	const struct openapi_options options = { .account_id = view_of(NEUTRAL_ACCOUNT),
		.region = view_of(NEUTRAL_REGION) };
	struct json JSON_CLEANUP *other = new_api(NEUTRAL_OTHER_ID), *imported = NULL, *warnings = NULL, *before = NULL,
				 *after = NULL;
	struct openapi_failure failure;
	struct buffer text;
	int result = 0;

	buffer_init(&text, 2 * OPENAPI_MAX_BYTES);
	if (is_yaml)
		ASSERT(yaml_print(document, &text) == 0);
	else
		json_print(document, &text);
	/* A document that is close to a limit may be too large or too deep once it is exported. */
	if (buffer_error(&text) == 0 && text.count < OPENAPI_MAX_BYTES)
		result = openapi_import(&imported, &warnings, &failure, other, buffer_view(&text), &options);
	if (result < 0) {
		ASSERT(failure.detail &&
			(strstr(failure.detail, "nested too deep") || strstr(failure.detail, "more than")));
		openapi_failure_fini(&failure);
	} else if (imported) {
		before = neutral_definition(definition);
		after = neutral_definition(imported);
		ASSERT(json_equals(before, after));
	}
	buffer_fini(&text);
}

static void check_exports(const struct json *definition)
{
	struct openapi_export_options options = {
		.integrations = true,
		.authorizers = true,
		.stage = view_of("prod"),
		.version = view_of("2026-01-02T03:04:05Z"),
		.account_id = view_of(NEUTRAL_ACCOUNT),
		.region = view_of(NEUTRAL_REGION),
	};

	for (int round = 0; round < 4; round++) {
		struct json JSON_CLEANUP *document = NULL;
		char *message = NULL;

		options.is_swagger = round & 1;
		if (openapi_export(&document, &message, definition, &options) == 0)
			check_document(definition, document, round & 2);
		else
			ASSERT(message && strstr(message, "non-JSON"));
		free(message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct openapi_options options = { .account_id = view_of("000000000000"), .region = view_of("us-east-1") };
	struct json *existing, *definition = NULL, *warnings = NULL;
	struct openapi_failure failure;
	struct view text = view_from(data, size);

	if (size)
		options.base_path = (enum openapi_base_path)(data[size - 1] % 3);
	existing = new_api(NEUTRAL_ID);
	if (openapi_import(&definition, &warnings, &failure, existing, text, &options) == 0) {
		check_tree(definition);
		check_again(definition, text, options, false);
		check_again(definition, text, options, true);
		check_exports(definition);
	} else {
		ASSERT(failure.message && *failure.message);
	}
	check_parts(definition, text, &options);
	json_free(definition);
	json_free(warnings);
	json_free(existing);
	openapi_failure_fini(&failure);
	return 0;
}
