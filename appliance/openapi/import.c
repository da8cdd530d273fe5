/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/random.h"
#include "appliance/base/yaml.h"
#include "appliance/openapi/import_work.h"

/* Texts of one import: names, pointers, warnings. */
#define WORK_ARENA_MAX_BYTES ((size_t)128 << 20)

void openapi_failure_fini(struct openapi_failure *failure)
{
	free(failure->message);
	free(failure->detail);
	*failure = (struct openapi_failure){ 0 };
}

/* --- The text ------------------------------------------------------------------------------------------------------- */

/* ${AWS::AccountId} and its like are replaced before anything is parsed; other ${…} stay. */
static void substitute(struct buffer *ret, struct view text, const struct openapi_options *options)
{
	const struct {
		struct view name, value;
	} variables[] = {
		{ view_of("${AWS::AccountId}"), options->account_id },
		{ view_of("${AWS::Partition}"), view_of("aws") },
		{ view_of("${AWS::Region}"), options->region },
	};

	while (text.count) {
		size_t start = view_find(text, view_of("${AWS::")), i = 0;
		struct view rest;

		if (start == VIEW_NOWHERE)
			start = text.count;
		buffer_append(ret, view_part(text, 0, start));
		rest = view_after(text, start);
		while (i < ARRAY_COUNT(variables) && !view_starts_with(rest, variables[i].name))
			i++;
		if (i < ARRAY_COUNT(variables)) {
			buffer_append(ret, variables[i].value);
			start += variables[i].name.count;
		} else if (rest.count) {
			buffer_append_byte(ret, rest.at[0]);
			start++;
		}
		text = view_after(text, start);
	}
}

static int parse(struct openapi_work *work, struct view text, struct openapi_failure *failure)
{
	const struct json_limits limits = {
		.max_bytes = 2 * OPENAPI_MAX_BYTES, .max_depth = JSON_MAX_DEPTH, .max_values = JSON_MAX_VALUES
	};
	struct view start = view_trim_set(text, " \t\r\n");
	struct json_error error = { 0 };
	bool is_json = start.count && start.at[0] == '{';
	int result = is_json ? json_parse(text, &limits, &work->document, &error)
			     : yaml_parse(text, &limits, &work->document, &error);

	if (result == 0 || result == -ENOMEM)
		return result;
	failure->line = error.line;
	failure->column = error.column;
	failure->message = strdup("Invalid OpenAPI input.");
	if (asprintf(&failure->detail, "line %u, column %u: %s: %s", error.line, error.column,
		    is_json ? "the document is not JSON" : "the document is not YAML",
		    error.rule ? error.rule : "it is too large") < 0)
		failure->detail = NULL;
	return -EINVAL;
}

/* --- The API itself ------------------------------------------------------------------------------------------------- */

static void check_version(struct openapi_work *work)
{
	const struct json *openapi = json_find(work->document, "openapi"),
			  *swagger = json_find(work->document, "swagger");
	struct view version = openapi_scalar(work, openapi ? openapi : swagger);

	work->is_swagger = !openapi && view_equals(version, view_of("2.0"));
	if (work->is_swagger)
		return;
	if (!openapi && !swagger)
		openapi_invalid(
			work, work->document, "'openapi' or 'swagger' must say the version of the specification");
	else if (!openapi || !view_starts_with(version, view_of("3.0")))
		openapi_invalid(work, openapi ? openapi : swagger, "only OpenAPI 3.0 and Swagger 2.0 are supported");
}

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
	const struct json *info = json_find(work->document, "info"), *title = json_find(info, "title");
	struct view text = openapi_scalar(work, title);

	if (!json_is_object(info)) {
		openapi_invalid(work, info ? info : work->document, "'info' with the API's 'title' is missing");
		return;
	}
	if (view_trim(text).count == 0 || text.count > 1024) {
		openapi_invalid(
			work, title ? title : info, "'info.title', the API's name, must have 1 to 1,024 characters");
		return;
	}
	json_set_text(api, "name", text);
	set_or_drop(work, api, "description", json_find(info, "description"));
	set_or_drop(work, api, "version", json_find(info, "version"));
}

static void read_binary_media_types(struct openapi_work *work, struct json *api)
{
	struct json *types = json_find(work->document, "x-amazon-apigateway-binary-media-types");
	struct json *list;

	if (!work->options->merge)
		json_remove(api, "binaryMediaTypes");
	if (!types)
		return;
	if (!json_is_array(types)) {
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

static void read_endpoint_configuration(struct openapi_work *work, struct json *api)
{
	const struct json *holder =
		work->is_swagger ? work->document : json_at(json_find(work->document, "servers"), 0);
	const struct json *wanted = json_find(holder, "x-amazon-apigateway-endpoint-configuration");
	struct json *ids = json_find(wanted, "vpcEndpointIds");

	if (json_is_bool(json_find(wanted, "disableExecuteApiEndpoint")))
		json_set(api, "disableExecuteApiEndpoint", json_copy(json_find(wanted, "disableExecuteApiEndpoint")));
	if (!ids)
		return;
	JSON_EACH(id, ids)
	{
		if (!json_is_text(id))
			openapi_error(work, id, "a VPC endpoint id must be a text");
	}
	json_set(json_ensure_object(api, "endpointConfiguration"), "vpcEndpointIds", json_copy(ids));
}

static void read_api(struct openapi_work *work)
{
	static const struct {
		const char *extension, *member;
	} texts[] = {
		{ "x-amazon-apigateway-api-key-source", "apiKeySource" },
		{ "x-amazon-apigateway-security-policy", "securityPolicy" },
		{ "x-amazon-apigateway-endpoint-access-mode", "endpointAccessMode" },
	};
	const struct json *compression = json_find(work->document, "x-amazon-apigateway-minimum-compression-size");
	struct json *api = json_ensure_object(work->definition, "restApi");
	int64_t bytes;

	read_info(work, api);
	read_binary_media_types(work, api);
	read_policy(work, api);
	read_endpoint_configuration(work, api);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		const struct json *value = json_find(work->document, texts[i].extension);

		if (json_is_text(value))
			json_set(api, texts[i].member, json_copy(value));
		else if (value)
			openapi_error(work, value, "%s must be a text", texts[i].extension);
	}
	if (compression && json_integer(compression, 0, 10485760, &bytes) < 0)
		openapi_error(work, compression, "Invalid minimum compression size, must be between 0 and 10485760");
	else if (compression)
		json_set_integer(api, "minimumCompressionSize", bytes);
}

/* --- Paths ---------------------------------------------------------------------------------------------------------- */

/* The default of the first server variable called basePath, else the path of the first server's URL. */
static struct view server_path(struct openapi_work *work)
{
	struct json *servers = json_find(work->document, "servers");
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

/* What stands before every path: "" or "/a/b". */
static struct view base_path(struct openapi_work *work)
{
	struct view path, parts = { 0 }, part;
	bool first = true;

	if (work->options->base_path == OPENAPI_BASE_PATH_IGNORE)
		return view_of("");
	path = work->is_swagger ? json_find_text(work->document, "basePath") : server_path(work);
	parts = view_of("");
	while (view_split(&path, '/', &part)) {
		if (part.count == 0)
			continue;
		if (!first || work->options->base_path == OPENAPI_BASE_PATH_PREPEND)
			parts = openapi_text(work, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(parts), VIEW_ARG(part));
		first = false;
	}
	return parts;
}

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
	struct json *resources = json_find(work->definition, "resources");

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
	for (size_t i = 0; is_variable(part) && i < json_count(resources); i++) {
		const struct json *sibling = json_at(resources, i);

		if (!is_variable(json_find_text(sibling, "pathPart")) ||
			!view_equals(json_find_text(sibling, "parentId"), json_find_text(parent, "id")))
			continue;
		openapi_error(work, at,
			"Unable to create resource at path '" VIEW_FMT "': A sibling (" VIEW_FMT
			") of this resource already has a variable path part -- only one is allowed",
			VIEW_ARG(path), VIEW_ARG(json_find_text(sibling, "pathPart")));
		return false;
	}
	return true;
}

/* The keys are members' own texts, which live as long as the resource. */
static void index_resource(struct openapi_work *work, struct json *resource)
{
	ASSERT(table_set(&work->resources, json_find_text(resource, "path"), resource, NULL) == 0);
	ASSERT(table_set(&work->resource_ids, json_find_text(resource, "id"), resource, NULL) == 0);
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

/* The resource of `path`, with all above it made as needed. NULL after an error. */
static struct json *resource_at(struct openapi_work *work, const struct json *at, struct view path)
{
	struct json *resource = table_find(&work->resources, view_of("/"));
	struct view so_far = view_of(""), part;

	while (resource && view_split(&path, '/', &part)) {
		struct json *child;

		if (part.count == 0)
			continue;
		so_far = openapi_text(work, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(so_far), VIEW_ARG(part));
		child = table_find(&work->resources, so_far);
		resource = child ? child : add_resource(work, at, resource, part, so_far);
	}
	return resource;
}

static const struct {
	const char *name, *verb;
} verbs[] = {
	{ "get", "GET" },
	{ "put", "PUT" },
	{ "post", "POST" },
	{ "delete", "DELETE" },
	{ "options", "OPTIONS" },
	{ "head", "HEAD" },
	{ "patch", "PATCH" },
	{ "x-amazon-apigateway-any-method", "ANY" },
};

static void read_path_item(struct openapi_work *work, const struct json *at, struct json *resource)
{
	const struct json *item = openapi_resolve(work, at);

	if (item && !json_is_object(item)) {
		openapi_invalid(work, item, "a path's value must be an object of operations");
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
		const struct json *operation = json_find(item, verbs[i].name);
		struct view verb = view_from_text(verbs[i].verb);

		if (!operation)
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

static void read_paths(struct openapi_work *work)
{
	struct json *paths = json_find(work->document, "paths");
	struct view base = base_path(work);

	if (!json_is_object(paths)) {
		openapi_invalid(work, paths ? paths : work->document, "'paths' must be an object");
		return;
	}
	if (base.count && !resource_at(work, paths, base))
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
		resource =
			resource_at(work, item, openapi_text(work, VIEW_FMT VIEW_FMT, VIEW_ARG(base), VIEW_ARG(path)));
		if (resource)
			read_path_item(work, item, resource);
	}
}

/* --- The whole ------------------------------------------------------------------------------------------------------ */

/* What the import starts from: everything that exists, or the bare API with its root. */
static void start_definition(struct openapi_work *work)
{
	static const char *const lists[] = { "resources", "models", "authorizers", "validators", "gatewayResponses" };
	struct json *old = json_find(work->existing, "resources"), *resources;
	const struct json *root;

	JSON_EACH(resource, old)
	{
		ASSERT(table_set(&work->old_resources, json_find_text(resource, "path"), resource, NULL) == 0);
		ASSERT(table_set(&work->resource_ids, json_find_text(resource, "id"), resource, NULL) == 0);
	}
	root = table_find(&work->old_resources, view_of("/"));
	work->definition = work->options->merge ? json_copy(work->existing) : json_object_new();
	if (!work->options->merge)
		json_set(work->definition, "restApi", json_copy(json_find(work->existing, "restApi")));
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		json_ensure_array(work->definition, lists[i]);
	resources = json_find(work->definition, "resources");
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

static int report(struct openapi_work *work, struct openapi_failure *failure)
{
	struct buffer message;

	if (work->error_count == 0 && (work->warning_count == 0 || !work->options->fail_on_warnings))
		return 0;
	buffer_init(&message, 1 << 20);
	if (work->is_invalid) {
		buffer_append_text(&message, "Invalid OpenAPI input.");
	} else if (work->error_count) {
		buffer_append_text(&message, "Errors found during import:");
		buffer_append(&message, buffer_view(&work->errors));
		if (work->error_count > OPENAPI_ERRORS_MAX_COUNT)
			buffer_printf(&message, "\n\tand %zu more", work->error_count - OPENAPI_ERRORS_MAX_COUNT);
	} else {
		buffer_append_text(&message, "Warnings found during import:");
		JSON_EACH(warning, work->warnings)
		buffer_printf(&message, "\n\t" VIEW_FMT, VIEW_ARG(json_text(warning)));
	}
	failure->message = buffer_take(&message, NULL);
	failure->detail = work->details.count ? buffer_take(&work->details, NULL) : NULL;
	failure->line = work->line;
	failure->column = work->column;
	buffer_fini(&message);
	return -EINVAL;
}

static bool holds_nul(struct view text)
{
	return text.count && memchr(text.at, '\0', text.count);
}

/* The first value whose text or name holds a NUL, or NULL: as C strings they would be others. The parsers bound the depth. */
static const struct json *find_nul(const struct json *value)
{
	JSON_EACH(child, value)
	{
		const struct json *found = find_nul(child);

		if (holds_nul(json_name(child)) || (json_is_text(child) && holds_nul(json_text(child))))
			return child;
		if (found)
			return found;
	}
	return NULL;
}

static int run(struct openapi_work *work, struct openapi_failure *failure)
{
	const struct json *odd = find_nul(work->document);

	if (odd) {
		openapi_invalid(
			work, holds_nul(json_name(odd)) ? json_parent(odd) : odd, "texts hold no NUL character");
		return report(work, failure);
	}
	if (!json_is_object(work->document)) {
		openapi_invalid(work, work->document, "the document must be an object");
		return report(work, failure);
	}
	check_version(work);
	if (work->error_count)
		return report(work, failure);
	start_definition(work);
	read_api(work);
	openapi_read_parts(work);
	read_paths(work);
	return report(work, failure);
}

int openapi_import(struct json **ret_definition, struct json **ret_warnings, struct openapi_failure *ret_failure,
	const struct json *existing, struct view text, const struct openapi_options *options)
{
	struct openapi_work work = { .options = options, .existing = existing };
	struct buffer substituted;
	int result;

	*ret_failure = (struct openapi_failure){ 0 };
	if (text.count > OPENAPI_MAX_BYTES) {
		ret_failure->message = strdup("Invalid OpenAPI input.");
		ret_failure->detail = strdup("the document is larger than 6 MB");
		return -EINVAL;
	}
	arena_init(&work.arena, NULL, WORK_ARENA_MAX_BYTES);
	table_init(&work.resources);
	table_init(&work.resource_ids);
	table_init(&work.old_resources);
	buffer_init(&work.errors, 1 << 20);
	buffer_init(&work.details, 1 << 20);
	buffer_init(&substituted, 2 * OPENAPI_MAX_BYTES);
	work.warnings = json_array_new();
	substitute(&substituted, text, options);
	result = buffer_error(&substituted) ? -ENOMEM : parse(&work, buffer_view(&substituted), ret_failure);
	if (result == 0)
		result = run(&work, ret_failure);
	if (result == 0) {
		*ret_definition = work.definition;
		*ret_warnings = work.warnings;
		work.definition = work.warnings = NULL;
	}
	json_free(work.definition);
	json_free(work.warnings);
	json_free(work.document);
	buffer_fini(&substituted);
	buffer_fini(&work.errors);
	buffer_fini(&work.details);
	table_fini(&work.resources);
	table_fini(&work.resource_ids);
	table_fini(&work.old_resources);
	arena_fini(&work.arena);
	return result;
}
