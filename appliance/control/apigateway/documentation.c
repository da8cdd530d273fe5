/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DocumentationPart and DocumentationVersion. Source: spec/openapi.md 4.2; spec/control-plane.md 5.1 and 8. */
#include "appliance/control/apigateway/documentation.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/import.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/openapi/documentation.h"

/* --- DocumentationPart --------------------------------------------------------------------------------------------------- */

static int part_find(struct call *call, struct json **ret)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_documentationpart, api_key(call, call_input(call, "documentationPartId")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Documentation part identifier specified");
}

static void part_put(struct call *call, const struct json *part)
{
	record_put(call, STORE_documentationpart, api_key(call, json_find_c_string(part, "id")),
		call_input(call, "restApiId"), part);
}

/* The properties are the text of a JSON object. */
static int check_properties(struct call *call, const char *text)
{
	struct json JSON_CLEANUP *tree = NULL;

	if (text && json_parse(view_from_text(text), NULL, &tree, NULL) == 0 && json_is_object(tree))
		return 0;
	return call_fail(call, "BadRequestException", "Documentation part properties must be a JSON object");
}

static bool same_location(const struct json *one, const struct json *other)
{
	return json_equals(json_find(one, "location"), json_find(other, "location"));
}

/* There is room for one part a location, and for so many at all. */
static int check_room(struct call *call, const struct json *part)
{
	struct json JSON_CLEANUP *all = record_list(call, STORE_documentationpart, call_input(call, "restApiId"));

	if (json_count(all) >= OPENAPI_PARTS_MAX_COUNT)
		return call_fail(call, "LimitExceededException",
			"Maximum number of documentation parts for this API has been reached: %d",
			OPENAPI_PARTS_MAX_COUNT);
	JSON_EACH(other, all)
	{
		char *text;

		if (!same_location(other, part))
			continue;
		text = openapi_location_text(json_find(part, "location"));
		(void)call_fail(call, "ConflictException",
			"Documentation part already exists for the specified location: %s.", text);
		free(text);
		return CALL_FAILED;
	}
	return 0;
}

int op_create_documentation_part(struct call *call)
{
	struct json JSON_CLEANUP *part = json_object_new();
	char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES];
	int error = api_check(call);

	if (error < 0)
		return error;
	json_set_c_string(part, "id", record_new_id(call, STORE_documentationpart, api_key(call, ""), 6));
	call_take(call, part, "location", "properties", NULL);
	if (openapi_location_complete(json_find(part, "location"), message) < 0)
		return call_fail(call, "BadRequestException", "%s", message);
	error = check_properties(call, call_input(call, "properties"));
	if (error == 0)
		error = check_room(call, part);
	if (error < 0)
		return error;
	part_put(call, part);
	call_answer(call, part);
	return 0;
}

int op_get_documentation_part(struct call *call)
{
	struct json JSON_CLEANUP *part = NULL;
	int error = part_find(call, &part);

	if (error == 0)
		call_answer(call, part);
	return error;
}

/* --- The list of parts --------------------------------------------------------------------------------------------------- */

/* Does the item have the type, the name and the path that are asked for? */
static bool is_wanted(const struct call *call, const struct json *item)
{
	static const char *const filters[] = { "type", "name", "path" };

	for (size_t i = 0; i < ARRAY_COUNT(filters); i++) {
		const char *wanted = call_input(call, filters[i]);

		if (wanted && !view_equals_text(json_find_text(json_find(item, "location"), filters[i]), wanted))
			return false;
	}
	return true;
}

/* The member by which items without id are paged; never shown. */
static const char page_key[] = "key";

static struct view set_page_key(struct json *item)
{
	char *text = openapi_location_text(json_find(item, "location"));

	json_set_c_string(item, page_key, text);
	free(text);
	return json_find_text(item, page_key);
}

/* Whatever can be documented and is not: {"location": …}, in order of the resources. `parts` is consumed. */
static struct json *undocumented(struct call *call, const struct json *api, struct json *parts)
{
	struct json JSON_CLEANUP *definition = import_definition(call, api), *documented = parts;
	struct json JSON_CLEANUP *locations = openapi_locations(definition);
	struct json *list = json_array_new();
	struct table known;

	table_init(&known);
	JSON_EACH(part, documented)
	ASSERT(table_set(&known, set_page_key(part), part, NULL) == 0);
	while (json_count(locations)) {
		struct json *item = json_object_new();

		json_set(item, "location", json_take_at(locations, json_count(locations) - 1));
		if (!table_find(&known, set_page_key(item)) && is_wanted(call, item))
			json_append(list, item);
		else
			json_free(item);
	}
	table_fini(&known);
	return list;
}

int op_get_documentation_parts(struct call *call)
{
	const char *status = call_input(call, "locationStatus");
	struct json JSON_CLEANUP *api = NULL;
	struct json *list, *wanted;
	int error = api_find(call, &api);

	if (error < 0)
		return error;
	list = record_list(call, STORE_documentationpart, call_input(call, "restApiId"));
	if (status && strcmp(status, "UNDOCUMENTED") == 0) {
		list = undocumented(call, api, list);
		sort_by(list, page_key);
		error = page_list(call, list, page_key);
		JSON_EACH(item, json_find(call->output, "item"))
		(void)json_remove(item, page_key);
		return error;
	}
	wanted = json_array_new();
	JSON_EACH(part, list)
	if (is_wanted(call, part))
		json_append(wanted, json_copy(part));
	json_free(list);
	return page_list(call, wanted, "id");
}

/* --- Changing parts ------------------------------------------------------------------------------------------------------- */

static int patch_properties(struct call *call, const struct patch *patch, struct json *part)
{
	int error = check_properties(call, patch->value);

	return error < 0 ? error : patch_set_text(call, patch, part);
}

static int patch_part(struct call *call, const struct patch *patch, struct json *part)
{
	static const struct patch_row rows[] = { { "/properties", PATCH_ON_REPLACE, patch_properties } };

	return patch_by_listed_rows(call, patch, part, rows, ARRAY_COUNT(rows));
}

int op_update_documentation_part(struct call *call)
{
	struct json JSON_CLEANUP *part = NULL;
	int error = part_find(call, &part);

	if (error == 0)
		error = patch_apply(call, part, patch_part);
	if (error < 0)
		return error;
	part_put(call, part);
	call_answer(call, part);
	return 0;
}

int op_delete_documentation_part(struct call *call)
{
	struct json JSON_CLEANUP *part = NULL;
	int error = part_find(call, &part);

	if (error == 0)
		record_delete(call, STORE_documentationpart, api_key(call, call_input(call, "documentationPartId")));
	return error;
}

int op_import_documentation_parts(struct call *call)
{
	const char *mode = call_input(call, "mode"), *api_id = call_input(call, "restApiId");
	struct json JSON_CLEANUP *before = json_object_new(), *after = json_object_new(), *ids = NULL, *warnings = NULL;
	struct openapi_options options = import_options(call, !mode || strcmp(mode, "overwrite") != 0);
	struct json *parts = NULL;
	struct openapi_failure failure;
	int error = api_check(call);

	if (error < 0)
		return error;
	json_set(before, "documentationParts", record_list(call, STORE_documentationpart, api_id));
	error = openapi_import_parts(&parts, &ids, &warnings, &failure, before, call->request.body, &options);
	if (error == -EINVAL)
		return import_fail(call, &failure);
	if (error < 0)
		return error;
	json_set(after, "documentationParts", parts);
	import_store(call, api_id, before, after);
	json_set(call->output, "ids", json_copy(ids));
	if (json_count(warnings))
		json_set(call->output, "warnings", json_copy(warnings));
	return 0;
}

/* --- DocumentationVersion --------------------------------------------------------------------------------------------------- */

static int version_find(struct call *call, struct json **ret)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_documentationversion, api_key(call, call_input(call, "documentationVersion")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Documentation version specified");
}

struct json *documentation_put_version(
	struct call *call, const char *api_id, const char *version, const struct json *parts)
{
	struct json *record = json_object_new();
	const char *description = call_input(call, "description");

	json_set_c_string(record, "version", version);
	json_set_integer(record, "createdDate", (int64_t)(call->request.received_wall_ms / 1000));
	json_set_c_string(record, "description", description);
	json_set(json_ensure_object(record, "postern"), "documentationParts", json_copy(parts));
	record_put(call, STORE_documentationversion, call_text(call, "%s/%s", api_id, version), api_id, record);
	return record;
}

/* Put a stage onto the version. */
static int move_stage(struct call *call, const char *name, const char *version)
{
	struct json JSON_CLEANUP *stage = record_find(call, STORE_stage, api_key(call, name));

	if (!stage)
		return call_fail(call, "NotFoundException", "Invalid stage identifier specified");
	json_set_c_string(stage, "documentationVersion", version);
	json_set_integer(stage, "lastUpdatedDate", (int64_t)(call->request.received_wall_ms / 1000));
	record_put(call, STORE_stage, api_key(call, name), call_input(call, "restApiId"), stage);
	return 0;
}

int op_create_documentation_version(struct call *call)
{
	const char *version = call_input(call, "documentationVersion"), *stage = call_input(call, "stageName");
	struct json JSON_CLEANUP *parts = NULL, *record = NULL;
	int error = api_check(call);

	if (error < 0)
		return error;
	if (!*version || strlen(version) > OPENAPI_DOCUMENTATION_VERSION_MAX_BYTES)
		return call_fail(call, "BadRequestException", "Invalid Documentation version specified");
	if (record_exists(call, STORE_documentationversion, api_key(call, version)))
		return call_fail(call, "ConflictException",
			"Documentation version already exists for this REST API: %s", version);
	if (stage && move_stage(call, stage, version) < 0)
		return CALL_FAILED;
	parts = record_list(call, STORE_documentationpart, call_input(call, "restApiId"));
	record = documentation_put_version(call, call_input(call, "restApiId"), version, parts);
	call_answer(call, record);
	return 0;
}

int op_get_documentation_version(struct call *call)
{
	struct json JSON_CLEANUP *version = NULL;
	int error = version_find(call, &version);

	if (error == 0)
		call_answer(call, version);
	return error;
}

int op_get_documentation_versions(struct call *call)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	return page_list(
		call, record_list_bare(call, STORE_documentationversion, call_input(call, "restApiId")), "version");
}

static int patch_version(struct call *call, const struct patch *patch, struct json *version)
{
	static const struct patch_row rows[] = { { "/description", PATCH_ON_REPLACE, patch_set_text } };

	return patch_by_listed_rows(call, patch, version, rows, ARRAY_COUNT(rows));
}

int op_update_documentation_version(struct call *call)
{
	struct json JSON_CLEANUP *version = NULL;
	int error = version_find(call, &version);

	if (error == 0)
		error = patch_apply(call, version, patch_version);
	if (error < 0)
		return error;
	record_put(call, STORE_documentationversion, api_key(call, call_input(call, "documentationVersion")),
		call_input(call, "restApiId"), version);
	call_answer(call, version);
	return 0;
}

int op_delete_documentation_version(struct call *call)
{
	const char *name = call_input(call, "documentationVersion");
	struct json JSON_CLEANUP *version = NULL, *stages = NULL;
	int error = version_find(call, &version);

	if (error < 0)
		return error;
	stages = record_list(call, STORE_stage, call_input(call, "restApiId"));
	JSON_EACH(stage, stages)
	if (view_equals_text(json_find_text(stage, "documentationVersion"), name))
		return call_fail(call, "BadRequestException",
			"Cannot delete documentation version because there are API Stages associated with it.");
	record_delete(call, STORE_documentationversion, api_key(call, name));
	return 0;
}
