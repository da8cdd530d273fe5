/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resource: the tree of paths of an API. */
#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/rest_api_limits.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/openapi/import.h"

static bool is_root(const struct json *resource)
{
	return json_find_c_string(resource, "parentId") == NULL;
}

static bool is_variable(const char *part)
{
	return part[0] == '{';
}

static bool is_greedy(const char *part)
{
	size_t length = strlen(part);

	return is_variable(part) && length > 3 && part[length - 2] == '+';
}

/* A literal segment, {name} or {name+}. */
static bool path_part_valid(const char *part)
{
	static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:";
	size_t length = strlen(part), name_length;

	if (length == 0)
		return false;
	if (!is_variable(part))
		return strspn(part,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:~$!*'(),;=@&+%") ==
		       length;
	name_length = strspn(part + 1, name_bytes);
	return name_length > 0 &&
	       (strcmp(part + 1 + name_length, "}") == 0 || strcmp(part + 1 + name_length, "+}") == 0);
}

/* The path of `part` below a parent; NULL (and the call has failed) if it is longer than an imported one may be. */
static const char *path_below(struct call *call, const char *parent_path, const char *part)
{
	const char *path = call_text(call, "%s/%s", strcmp(parent_path, "/") == 0 ? "" : parent_path, part);

	if (strlen(path) <= OPENAPI_PATH_MAX_BYTES)
		return path;
	(void)call_fail(
		call, "BadRequestException", "The path of a resource is longer than %d bytes", OPENAPI_PATH_MAX_BYTES);
	return NULL;
}

/* May a resource `id` (NULL: a new one) called `part` lie below `parent`? */
static int check_place(struct call *call, const struct json *parent, const char *part, const char *id)
{
	struct json JSON_CLEANUP *all = NULL;
	const char *parent_part = json_find_c_string(parent, "pathPart");

	if (!path_part_valid(part))
		return call_fail(call, "BadRequestException",
			"Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly "
			"braces at the beginning "
			"and the end.");
	if (parent_part && is_greedy(parent_part))
		return call_fail(call, "BadRequestException",
			"Cannot create a child of a resource with a greedy path variable: %s", parent_part);
	all = record_list(call, STORE_resource, call_input(call, "restApiId"));
	JSON_EACH(sibling, all)
	{
		const char *sibling_part = json_find_c_string(sibling, "pathPart");

		if (!sibling_part || (id && view_equals_text(json_find_text(sibling, "id"), id)) ||
			!view_equals(json_find_text(sibling, "parentId"), json_find_text(parent, "id")))
			continue;
		if (strcmp(sibling_part, part) == 0)
			return call_fail(call, "ConflictException",
				"Another resource with the same parent already has this name: %s", part);
		if (is_variable(sibling_part) && is_variable(part))
			return call_fail(call, "BadRequestException",
				"A sibling (%s) of this resource already has a variable path part -- only one is "
				"allowed",
				sibling_part);
	}
	/* The root is not counted. */
	if (!id && json_count(all) > REST_API_RESOURCES_MAX)
		return call_fail(call, "LimitExceededException",
			"Maximum number of resources for this API has been reached. Please contact AWS if you need "
			"additional resources.");
	return 0;
}

int op_create_resource(struct call *call)
{
	const char *api_id = call_input(call, "restApiId"), *part = call_input(call, "pathPart"), *path;
	struct json JSON_CLEANUP *parent =
		record_find(call, STORE_resource, api_key(call, call_input(call, "parentId")));
	struct json JSON_CLEANUP *resource = json_object_new();
	int error;

	if (!parent)
		return call_fail(call, "NotFoundException", "Invalid Resource identifier specified");
	error = check_place(call, parent, part, NULL);
	if (error < 0)
		return error;
	path = path_below(call, json_find_c_string(parent, "path"), part);
	if (!path)
		return CALL_FAILED;
	json_set_c_string(resource, "id", record_new_id(call, STORE_resource, call_text(call, "%s/", api_id), 6));
	json_set_text(resource, "parentId", json_find_text(parent, "id"));
	json_set_c_string(resource, "pathPart", part);
	json_set_c_string(resource, "path", path);
	resource_put(call, resource);
	call_answer(call, resource);
	return 0;
}

/* Methods are shown as empty objects unless `embed=methods` asks for them. */
static struct json *shown(const struct call *call, const struct json *resource)
{
	struct json *copy = json_copy(resource), *names;
	const struct json *methods = json_find(copy, "resourceMethods");

	if (json_count(methods) == 0) {
		(void)json_remove(copy, "resourceMethods");
		return copy;
	}
	if (patch_list_index(json_find(call->input, "embed"), "methods") >= 0)
		return copy;
	names = json_object_new();
	JSON_EACH(method, methods)
	json_set_view(names, json_name(method), json_object_new());
	json_set(copy, "resourceMethods", names);
	return copy;
}

int op_get_resource(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	int error = resource_find(call, &resource);

	if (error < 0)
		return error;
	json_free(call->output);
	call->output = shown(call, resource);
	return 0;
}

int op_get_resources(struct call *call)
{
	struct json JSON_CLEANUP *resources = NULL;
	struct json *list = json_array_new();
	int error = api_check(call);

	if (error < 0) {
		json_free(list);
		return error;
	}
	resources = resource_list(call, call_input(call, "restApiId"));
	JSON_EACH(resource, resources)
	json_append(list, shown(call, resource));
	/* Paths name resources as well as ids do, and the list is in their order. */
	return page_list(call, list, "path");
}

/* Does `path` lie in the subtree of `top`, which is not the root? Stored paths tell, since all of a subtree are kept up. */
static bool lies_below(struct view path, struct view top)
{
	return view_starts_with(path, top) && (path.count == top.count || path.at[top.count] == '/');
}

int op_delete_resource(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL, *all = NULL;
	int error = resource_find(call, &resource);

	if (error < 0)
		return error;
	if (is_root(resource))
		return call_fail(call, "BadRequestException", "Root resource cannot be deleted.");
	all = record_list(call, STORE_resource, call_input(call, "restApiId"));
	JSON_EACH(other, all)
	if (lies_below(json_find_text(other, "path"), json_find_text(resource, "path")))
		record_delete(call, STORE_resource, api_key(call, json_find_c_string(other, "id")));
	return 0;
}

static int patch_parent(struct call *call, const struct patch *patch, struct json *resource)
{
	struct json JSON_CLEANUP *parent = NULL;

	if (is_root(resource))
		return call_fail(call, "BadRequestException", "Root resource cannot update its parentId.");
	parent = patch->value ? record_find(call, STORE_resource, api_key(call, patch->value)) : NULL;
	if (!parent)
		return call_fail(call, "NotFoundException", "Invalid Resource identifier specified");
	if (lies_below(json_find_text(parent, "path"), json_find_text(resource, "path")))
		return call_fail(call, "BadRequestException", "Resources cannot be cyclical.");
	json_set_c_string(resource, "parentId", patch->value);
	return check_place(call, parent, json_find_c_string(resource, "pathPart"), json_find_c_string(resource, "id"));
}

static int patch_path_part(struct call *call, const struct patch *patch, struct json *resource)
{
	struct json JSON_CLEANUP *parent = NULL;
	int error;

	if (is_root(resource))
		return call_fail(call, "BadRequestException", "Root resource cannot update its pathPart.");
	parent = record_find(call, STORE_resource, api_key(call, json_find_c_string(resource, "parentId")));
	error = check_place(call, parent, patch->value ? patch->value : "", json_find_c_string(resource, "id"));
	if (error == 0)
		json_set_c_string(resource, "pathPart", patch->value);
	return error;
}

static int patch_resource(struct call *call, const struct patch *patch, struct json *resource)
{
	static const struct patch_row rows[] = {
		{ "/parentId", PATCH_ON_REPLACE, patch_parent },
		{ "/pathPart", PATCH_ON_REPLACE, patch_path_part },
	};

	return patch_by_listed_rows(call, patch, resource, rows, ARRAY_COUNT(rows));
}

/*
 * Write the paths of a resource, whose parent or path part may be another than its path says, and of all below it. 0 or
 * CALL_FAILED.
 */
static int rewrite_paths(struct call *call, const struct json *resource)
{
	struct json JSON_CLEANUP *parent =
		record_find(call, STORE_resource, api_key(call, json_find_c_string(resource, "parentId")));
	struct view old = json_find_text(resource, "path");
	struct json JSON_CLEANUP *all = NULL;
	const char *path;

	if (!parent)
		return -EUCLEAN;
	path = path_below(call, json_find_c_string(parent, "path"), json_find_c_string(resource, "pathPart"));
	if (!path)
		return CALL_FAILED;
	if (view_equals_text(old, path))
		return 0;
	all = record_list(call, STORE_resource, call_input(call, "restApiId"));
	JSON_EACH(other, all)
	{
		struct view known = json_find_text(other, "path");
		const char *moved = path;

		if (!lies_below(known, old))
			continue;
		if (known.count > old.count)
			moved = path_below(call, path, call_text_of(call, view_after(known, old.count + 1)));
		if (!moved)
			return CALL_FAILED;
		json_set_c_string(other, "path", moved);
		resource_put(call, other);
	}
	return 0;
}

/* There are two paths to patch, and each operation reads all resources of the API. */
enum { CHANGES_MAX = 10 };

int op_update_resource(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL, *changed = NULL;
	int error = resource_find(call, &resource);

	if (error == 0 && json_count(json_find(call->input, "patchOperations")) > CHANGES_MAX)
		error = call_fail(call, "BadRequestException",
			"A request can have at most %d patch operations on a resource", CHANGES_MAX);
	if (error == 0)
		error = patch_apply(call, resource, patch_resource);
	if (error < 0)
		return error;
	resource_put(call, resource);
	error = is_root(resource) ? 0 : rewrite_paths(call, resource);
	if (error < 0)
		return error;
	changed = record_find(call, STORE_resource, api_key(call, call_input(call, "resourceId")));
	json_free(call->output);
	call->output = shown(call, changed);
	return 0;
}
