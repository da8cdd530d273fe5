/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths as resources, operations as their methods. */
#include "appliance/openapi/import_work.h"

#include "appliance/base/assert.h"
#include "appliance/base/random.h"
#include "appliance/openapi/operation.h"

/* Of a wrong path as much is repeated in the error as tells it apart. */
#define PATH_SHOWN_MAX_BYTES 64

/* --- What stands before every path ----------------------------------------------------------------------------------- */

/* The default of the first server variable called basePath, else the path of the first server's URL. */
static struct view server_path(struct openapi_work *work)
{
	const struct json *servers = json_find(work->document, "servers");
	struct view url, path = { 0 };
	size_t authority;

	JSON_EACH(server, servers)
	{
		const struct json *variable = json_find_path(server, "variables", "basePath", "default", NULL);

		if (variable)
			return openapi_text(work, "/" VIEW_FMT, VIEW_ARG(openapi_scalar(work, variable)));
	}
	url = json_find_text(json_at(servers, 0), "url");
	authority = view_find(url, view_of("://"));
	if (authority != VIEW_NOWHERE)
		url = view_after(url, authority + 3);
	if (authority == VIEW_NOWHERE && view_starts_with(url, view_of("/")))
		return url;
	view_cut(url, '/', &url, &path);
	return openapi_text(work, "/" VIEW_FMT, VIEW_ARG(path));
}

struct view openapi_base_path(struct openapi_work *work)
{
	struct view path, parts = view_of(""), part;
	bool first = true;

	if (work->options->base_path == OPENAPI_BASE_PATH_IGNORE)
		return parts;
	path = work->is_swagger ? json_find_text(work->document, "basePath") : server_path(work);
	if (path.count >= OPENAPI_PATH_MAX_BYTES) {
		openapi_invalid(work, work->document, "the base path is too long");
		return parts;
	}
	while (view_split(&path, '/', &part)) {
		if (part.count == 0)
			continue;
		if (!first || work->options->base_path == OPENAPI_BASE_PATH_PREPEND)
			parts = openapi_text(work, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(parts), VIEW_ARG(part));
		first = false;
	}
	return parts;
}

/* --- Resources --------------------------------------------------------------------------------------------------------- */

static bool is_variable(struct view part)
{
	return part.count && part.at[0] == '{';
}

static bool is_greedy(struct view part)
{
	return is_variable(part) && view_ends_with(part, view_of("+}"));
}

/* A literal segment, {name} or {name+}. */
static bool part_is_valid(struct view part)
{
	const char *allowed = is_variable(part) ? "._-:" : "._-:~$!*'(),;=@&+%";
	struct view name = part;

	if (is_variable(part)) {
		if (!view_ends_with(part, view_of("}")))
			return false;
		name = view_part(part, 1, part.count - (is_greedy(part) ? 3 : 2));
	}
	for (size_t i = 0; i < name.count; i++) {
		char byte = view_lower_byte(name.at[i]);

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte && strchr(allowed, byte))))
			return false;
	}
	return name.count > 0;
}

/* May `part` be made below `parent`? An error says why not. */
static bool part_fits(struct openapi_work *work, const struct json *at, const struct json *parent, struct view part)
{
	struct view parent_part = json_find_text(parent, "pathPart"), path = json_name(at);
	const struct json *sibling = table_find(&work->variable_children, json_find_text(parent, "id"));

	if (!part_is_valid(part)) {
		openapi_error(work, at,
			"Unable to create resource at path '" VIEW_FMT
			"': Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly "
			"braces at the "
			"beginning and the end.",
			VIEW_ARG(path));
		return false;
	}
	if (is_greedy(parent_part)) {
		openapi_error(work, at,
			"Unable to create resource at path '" VIEW_FMT
			"': Cannot create a child of a resource with a greedy path variable: " VIEW_FMT,
			VIEW_ARG(path), VIEW_ARG(parent_part));
		return false;
	}
	if (!sibling || !is_variable(part))
		return true;
	openapi_error(work, at,
		"Unable to create resource at path '" VIEW_FMT "': A sibling (" VIEW_FMT
		") of this resource already has a variable path part -- only one is allowed",
		VIEW_ARG(path), VIEW_ARG(json_find_text(sibling, "pathPart")));
	return false;
}

/* The keys are members' own texts, which live as long as the resource. */
static void index_resource(struct openapi_work *work, struct json *resource)
{
	ASSERT(table_set(&work->resources, json_find_text(resource, "path"), resource, NULL) == 0);
	ASSERT(table_set(&work->resource_ids, json_find_text(resource, "id"), resource, NULL) == 0);
	if (is_variable(json_find_text(resource, "pathPart")))
		ASSERT(table_set(&work->variable_children, json_find_text(resource, "parentId"), resource, NULL) == 0);
}

/* The id that the path had, else a new one. */
static void set_resource_id(struct openapi_work *work, struct json *resource, struct view path)
{
	const struct json *old = table_find(&work->old_resources, path);
	char id[7];

	if (old) {
		json_set(resource, "id", json_copy(json_find(old, "id")));
		return;
	}
	do
		random_lower_alnum(id, 6);
	while (table_find(&work->resource_ids, view_from(id, 6)));
	json_set_c_string(resource, "id", id);
}

static struct json *add_resource(
	struct openapi_work *work, const struct json *at, const struct json *parent, struct view part, struct view path)
{
	struct json *resources = json_ensure_array(work->definition, "resources"), *resource;

	if (json_count(resources) >= OPENAPI_RESOURCES_MAX_COUNT) {
		openapi_error(work, at, "Maximum number of resources for this API has been reached: %d",
			OPENAPI_RESOURCES_MAX_COUNT);
		return NULL;
	}
	if (parent && !part_fits(work, at, parent, part))
		return NULL;
	if (!openapi_charge(work, at, path.count))
		return NULL;
	resource = json_object_new();
	set_resource_id(work, resource, path);
	if (parent) {
		json_set_text(resource, "parentId", json_find_text(parent, "id"));
		json_set_text(resource, "pathPart", part);
	}
	json_set_text(resource, "path", path);
	json_append(resources, resource);
	index_resource(work, resource);
	return resource;
}

/* The resource of `path` below `start`, with all above it made as needed. NULL after an error. */
static struct json *resource_at(struct openapi_work *work, const struct json *at, struct json *start, struct view path)
{
	char so_far[OPENAPI_PATH_MAX_BYTES];
	struct view part, start_path = json_find_text(start, "path");
	struct json *resource = start;
	size_t count = json_find(start, "parentId") ? start_path.count : 0;

	memcpy(so_far, start_path.at, count);
	while (resource && view_split(&path, '/', &part)) {
		struct json *child;

		if (part.count == 0)
			continue;
		if (count + 1 + part.count > sizeof so_far) {
			openapi_error(work, at,
				"Unable to create resource at path '" VIEW_FMT "': the path is longer than %d bytes",
				VIEW_ARG(view_part(json_name(at), 0, PATH_SHOWN_MAX_BYTES)), OPENAPI_PATH_MAX_BYTES);
			return NULL;
		}
		so_far[count] = '/';
		memcpy(so_far + count + 1, part.at, part.count);
		count += 1 + part.count;
		child = table_find(&work->resources, view_from(so_far, count));
		resource = child ? child : add_resource(work, at, resource, part, view_from(so_far, count));
	}
	return resource;
}

void openapi_resources_start(struct openapi_work *work)
{
	const struct json *old = json_find(work->existing, "resources"), *root;
	struct json *resources = json_ensure_array(work->definition, "resources");

	JSON_EACH(resource, old)
	{
		ASSERT(table_set(&work->old_resources, json_find_text(resource, "path"), resource, NULL) == 0);
		ASSERT(table_set(&work->resource_ids, json_find_text(resource, "id"), resource, NULL) == 0);
		if (work->options->merge)
			json_append(resources, json_copy(resource));
	}
	root = table_find(&work->old_resources, view_of("/"));
	if (!work->options->merge && root) {
		struct json *bare = json_copy(root);

		json_remove(bare, "resourceMethods");
		json_append(resources, bare);
	}
	JSON_EACH(resource, resources)
	index_resource(work, resource);
	if (!root) {
		struct json *made = add_resource(work, work->document, NULL, view_of(""), view_of("/"));

		json_set_text(
			json_ensure_object(work->definition, "restApi"), "rootResourceId", json_find_text(made, "id"));
	}
}

/* --- Operations -------------------------------------------------------------------------------------------------------- */

static void read_path_item(struct openapi_work *work, const struct json *at, struct json *resource)
{
	const struct json *item = openapi_resolve(work, at);

	if (item && !json_is_object(item)) {
		openapi_invalid(work, item, "a path's value must be an object of operations");
		return;
	}
	for (size_t i = 0; i < OPERATION_VERB_COUNT; i++) {
		const struct json *operation = json_find(item, operation_verbs[i].name);
		struct view verb = view_from_text(operation_verbs[i].verb);

		if (!operation || !openapi_charge(work, operation, verb.count))
			continue;
		if (!json_is_object(operation)) {
			openapi_invalid(work, operation, "an operation must be an object");
			continue;
		}
		json_set_view(json_ensure_object(resource, "resourceMethods"), verb,
			openapi_method(work, resource, verb, item, operation));
	}
	if (json_find(item, "trace"))
		openapi_warn(work, "Unsupported method 'trace' of resource '" VIEW_FMT "' ignored",
			VIEW_ARG(json_find_text(resource, "path")));
}

void openapi_read_paths(struct openapi_work *work)
{
	const struct json *paths = json_find(work->document, "paths");
	struct json *base;

	if (!json_is_object(paths)) {
		openapi_invalid(work, paths ? paths : work->document, "'paths' must be an object");
		return;
	}
	base = resource_at(work, paths, table_find(&work->resources, view_of("/")), openapi_base_path(work));
	if (!base)
		return;
	JSON_EACH(item, paths)
	{
		struct view path = json_name(item);
		struct json *resource;

		if (view_starts_with(path, view_of("x-")))
			continue;
		if (!view_starts_with(path, view_of("/"))) {
			openapi_invalid(work, item, "a path must begin with '/'");
			continue;
		}
		resource = resource_at(work, item, base, path);
		if (work->error_count > OPENAPI_ERRORS_MAX_COUNT)
			break;
		if (resource)
			read_path_item(work, item, resource);
	}
}

/* A path as its resource has it: no empty parts. */
static struct view resource_path(struct openapi_work *work, struct view base, struct view path)
{
	struct view clean = view_trim_set(path, "/"), part;

	if (view_find(clean, view_of("//")) == VIEW_NOWHERE)
		return base.count + clean.count ? openapi_text(work, VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(base),
							  clean.count ? "/" : "", VIEW_ARG(clean))
						: view_of("/");
	clean = base;
	while (view_split(&path, '/', &part)) {
		if (part.count)
			clean = openapi_text(work, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(clean), VIEW_ARG(part));
	}
	return clean;
}

void openapi_each_operation(struct openapi_work *work, openapi_use_operation *use)
{
	struct view base = openapi_base_path(work);

	JSON_EACH(at, json_find(work->document, "paths"))
	{
		const struct json *item = openapi_resolve(work, at);
		struct view path = resource_path(work, base, json_name(at));

		if (!json_is_object(item) || !view_starts_with(json_name(at), view_of("/")))
			continue;
		use(work, path, view_of(""), item, NULL);
		for (size_t i = 0; i < OPERATION_VERB_COUNT; i++) {
			const struct json *operation = json_find(item, operation_verbs[i].name);

			if (json_is_object(operation))
				use(work, path, view_from_text(operation_verbs[i].verb), item, operation);
		}
	}
}
