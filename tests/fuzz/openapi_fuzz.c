/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as an OpenAPI document: refused with a message, or imported; then its integrations build, every resource has
 * its parent, and importing it once more over the result, merging or overwriting, gives the same paths.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/import.h"

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
	struct json *definition = NULL, *warnings = NULL;
	struct openapi_failure failure;

	options.merge = merge;
	ASSERT(openapi_import(&definition, &warnings, &failure, first, text, &options) == 0);
	check_tree(definition);
	ASSERT(json_count(json_find(definition, "resources")) == json_count(json_find(first, "resources")));
	json_free(definition);
	json_free(warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct view existing_text =
		VIEW_INIT("{\"restApi\":{\"id\":\"abcde12345\",\"rootResourceId\":\"root567890\"},\"resources\":[{"
			  "\"id\":\"root567890\",\"path\":\"/\"}]}");
	struct openapi_options options = { .account_id = view_of("000000000000"), .region = view_of("us-east-1") };
	struct json *existing, *definition = NULL, *warnings = NULL;
	struct openapi_failure failure;
	struct view text = view_from(data, size);

	if (size)
		options.base_path = (enum openapi_base_path)(data[size - 1] % 3);
	ASSERT(json_parse(existing_text, NULL, &existing, NULL) == 0);
	if (openapi_import(&definition, &warnings, &failure, existing, text, &options) == 0) {
		check_tree(definition);
		check_again(definition, text, options, false);
		check_again(definition, text, options, true);
	} else {
		ASSERT(failure.message && *failure.message);
	}
	json_free(definition);
	json_free(warnings);
	json_free(existing);
	openapi_failure_fini(&failure);
	return 0;
}
