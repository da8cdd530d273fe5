/* SPDX-License-Identifier: GPL-3.0-or-later */
/* APIs: the definition with its policy, the endpoint configuration, tags. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply.h"
#include "appliance/cli/apply_diff.h"
#include "appliance/cli/apply_file.h"

#define EXTENSION_POLICY "x-amazon-apigateway-policy"
#define EXTENSION_ENDPOINTS "x-amazon-apigateway-endpoint-configuration"
#define TYPE_PRIVATE "PRIVATE"

static const char *type_of(const struct apply_api *api)
{
	const char *type = json_find_c_string(api->wish, "endpointType");

	return type ? type : TYPE_PRIVATE;
}

static int wrong(struct apply *apply, const struct apply_api *api, const char *text)
{
	return cli_fail(
		apply->cli, VIEW_FMT ": api %s: %s", VIEW_ARG(json_find_text(api->wish, APPLY_PLACE)), api->name, text);
}

/* --- finding it ------------------------------------------------------------------------------------------------------------- */

static int find_existing(struct apply *apply, struct apply_api *api)
{
	const char *id = json_find_c_string(api->wish, "id");

	JSON_EACH(other, apply->apis)
	{
		bool fits = id ? view_equals_text(json_find_text(other, "id"), id)
			       : view_equals_text(json_find_text(other, "name"), api->name);

		if (!fits)
			continue;
		if (api->existing)
			return wrong(
				apply, api, "there are several APIs of this name: say with `id` which one is meant");
		api->existing = other;
	}
	if (id && !api->existing)
		return wrong(apply, api, "there is no API of this id; without `id` one of this name is made");
	api->id = json_find_c_string(api->existing, "id");
	apply_depend(apply, "restapi", api->id);
	for (const struct apply_api *other = apply->wanted_apis; other != api; other = other->next)
		if (api->existing ? other->existing == api->existing
				  : !other->existing && strcmp(other->name, api->name) == 0)
			return wrong(apply, api,
				apply_text(apply, "the API of " VIEW_FMT " is the same one",
					VIEW_ARG(json_find_text(other->wish, APPLY_PLACE))));
	return 0;
}

/* --- the document ----------------------------------------------------------------------------------------------------------- */

static void drop_endpoints(struct json *holder, const struct json *wish)
{
	struct json *extension = json_find(holder, EXTENSION_ENDPOINTS);

	if (json_find(wish, "vpcEndpointIds"))
		(void)json_remove(extension, "vpcEndpointIds");
	if (json_find(wish, "disableExecuteApiEndpoint"))
		(void)json_remove(extension, "disableExecuteApiEndpoint");
}

/* The document as it is imported: with the name and the policy that the file says. */
static int prepare_document(struct apply *apply, struct apply_api *api)
{
	const struct json *policy = json_find_path(api->wish, "policy", "tree", NULL);
	struct json *servers;

	api->document = apply_keep(apply, json_copy(json_find_path(api->wish, "openapi", "tree", NULL)));
	api->name = json_find_c_string(api->wish, "name");
	if (!api->name)
		api->name = json_find_c_string(json_find(api->document, "info"), "title");
	if (!api->name) {
		api->name = "?";
		return wrong(apply, api, "it needs a `name`, or a document with info.title");
	}
	/* It may be the text of the very member that is set. */
	api->name = apply_text(apply, "%s", api->name);
	json_set_c_string(json_ensure_object(api->document, "info"), "title", api->name);
	if (policy && json_find(api->document, EXTENSION_POLICY))
		return wrong(apply, api,
			"both `policy` and the document's " EXTENSION_POLICY " say a policy: leave one out");
	if (policy)
		json_set(api->document, EXTENSION_POLICY, json_copy(policy));
	drop_endpoints(api->document, api->wish);
	servers = json_find(api->document, "servers");
	drop_endpoints(json_at(servers, 0), api->wish);
	return 0;
}

static const char *base_path_query(struct apply *apply, const struct apply_api *api)
{
	const char *base_path = json_find_c_string(api->wish, "basePath");

	return base_path ? apply_text(apply, "&basepath=%s", client_encode(apply->cli, base_path)) : "";
}

static struct view preview_target(struct apply *apply, const struct apply_api *api)
{
	struct buffer target;

	buffer_init_arena(&target, &apply->cli->arena, 65536);
	buffer_printf(&target, "/postern/v1/restapis/preview?mode=overwrite%s", base_path_query(apply, api));
	if (api->id) {
		buffer_printf(&target, "&restApiId=%s", client_encode(apply->cli, api->id));
		return buffer_view(&target);
	}
	buffer_printf(&target, "&endpointConfigurationTypes=%s", client_encode(apply->cli, type_of(api)));
	for (size_t i = 0; i < json_count(json_find(api->wish, "vpcEndpointIds")); i++)
		buffer_printf(&target, "%s%s", i ? "," : "&endpointConfigurationVpcEndpointIds=",
			client_encode(apply->cli, json_c_string(json_at(json_find(api->wish, "vpcEndpointIds"), i))));
	return buffer_view(&target);
}

/* What the import would make of it. What is wrong with the document is told by its own lines and columns. */
static int preview(struct apply *apply, const struct apply_api *api, const struct json **ret)
{
	const struct json *given = json_find(api->wish, "openapi");
	struct view target = preview_target(apply, api), text = json_find_text(given, APPLY_TEXT);
	char *document = json_print_text(api->document);
	bool was_quiet = apply->cli->quiet;
	const char *said;
	int error;

	apply->cli->quiet = true;
	error = apply_ask(apply, CLIENT_POSTERN, target, view_from_text(document), ret);
	said = apply->cli->said;
	if (error && text.count && apply_ask(apply, CLIENT_POSTERN, target, text, ret) != 0)
		said = apply->cli->said;
	apply->cli->quiet = was_quiet;
	free(document);
	if (error)
		return cli_fail(apply->cli, VIEW_FMT ": api %s%s" VIEW_FMT ": %s",
			VIEW_ARG(json_find_text(api->wish, APPLY_PLACE)), api->name, text.count ? ", " : "",
			VIEW_ARG(json_find_text(given, APPLY_PATH)), said);
	return 0;
}

/* --- the definition as wished ----------------------------------------------------------------------------------------------- */

/* What an import does not say: endpoint type, endpoints, whether the default name leads to it. */
static void configure(struct apply *apply, struct apply_api *api, struct json *rest_api)
{
	struct json *configuration = json_ensure_object(rest_api, "endpointConfiguration");
	const struct json *ids = json_find(api->wish, "vpcEndpointIds"),
			  *old = json_find(configuration, "vpcEndpointIds"),
			  *disable = json_find(api->wish, "disableExecuteApiEndpoint");
	struct view type = json_text(json_at(json_find(configuration, "types"), 0));

	if (!view_equals_text(type, type_of(api))) {
		apply_patch(api->patches, "replace", type_of(api), "/endpointConfiguration/types/" VIEW_FMT,
			VIEW_ARG(type));
		json_set(configuration, "types", json_array_new());
		json_append(json_find(configuration, "types"), json_text_new_c(type_of(api)));
	}
	if (ids) {
		JSON_EACH(id, ids)
		if (!apply_has_text(old, json_text(id)))
			apply_patch(api->patches, "add", json_c_string(id), "/endpointConfiguration/vpcEndpointIds");
		JSON_EACH(id, old)
		if (!apply_has_text(ids, json_text(id)))
			apply_patch(api->patches, "remove", json_c_string(id), "/endpointConfiguration/vpcEndpointIds");
		json_set(configuration, "vpcEndpointIds", json_count(ids) ? json_copy(ids) : NULL);
	}
	if (disable && json_bool(disable, false) != json_find_bool(rest_api, "disableExecuteApiEndpoint", false)) {
		apply_patch(api->patches, "replace", json_bool(disable, false) ? "true" : "false",
			"/disableExecuteApiEndpoint");
		json_set(rest_api, "disableExecuteApiEndpoint", json_copy(disable));
	}
	(void)apply;
}

/* --- steps ------------------------------------------------------------------------------------------------------------------ */

static int put_definition(struct apply *apply, const struct apply_api *api)
{
	char *document = json_print_text(api->document);
	int error = apply_change(apply, "PUT",
		apply_view(apply, "/restapis/%s?mode=overwrite%s", client_encode(apply->cli, api->id),
			base_path_query(apply, api)),
		NULL, view_from_text(document), NULL);

	free(document);
	return error;
}

/* Made empty with its tags first, so that a run that breaks off here leaves what the next one knows as its own. */
static int run_create(struct apply *apply, struct apply_step *step)
{
	struct apply_api *api = step->subject;
	struct json *body JSON_CLEANUP = json_object_new(),
			  *configuration = json_ensure_object(body, "endpointConfiguration");
	const struct json *answer = NULL;
	int error;

	json_set_c_string(body, "name", api->name);
	json_append(json_ensure_array(configuration, "types"), json_text_new_c(type_of(api)));
	if (json_count(json_find(api->wish, "vpcEndpointIds")))
		json_set(configuration, "vpcEndpointIds", json_copy(json_find(api->wish, "vpcEndpointIds")));
	if (json_find(api->wish, "disableExecuteApiEndpoint"))
		json_set(body, "disableExecuteApiEndpoint",
			json_copy(json_find(api->wish, "disableExecuteApiEndpoint")));
	json_set(body, "tags", apply_tags_new(apply, json_find(api->wish, "tags")));
	error = apply_change(apply, "POST", view_of("/restapis"), body, (struct view){ 0 }, &answer);
	if (error)
		return error;
	api->id = json_find_c_string(answer, "id");
	apply_depend(apply, "restapi", api->id);
	step->result = apply_text(apply, "id %s", api->id);
	return put_definition(apply, api);
}

static int run_change(struct apply *apply, struct apply_step *step)
{
	struct apply_api *api = step->subject;
	int error = api->is_imported ? put_definition(apply, api) : 0;

	if (!error)
		error = apply_patch_send(
			apply, apply_text(apply, "/restapis/%s", client_encode(apply->cli, api->id)), api->patches);
	if (!error)
		error = apply_tags_change(apply,
			apply_text(apply, "arn:aws:apigateway:%s::/restapis/%s", apply->region, api->id), &api->tags);
	return error;
}

static void plan_new(struct apply *apply, struct apply_api *api)
{
	struct apply_step *step =
		apply_step_add(apply, APPLY_CREATE, APPLY_RANK_API, run_create, api, "api %s", api->name);
	struct json *facts JSON_CLEANUP = json_copy(api->facts);
	const struct json *policy = json_find(api->document, EXTENSION_POLICY);
	char *text = policy ? json_print_text(policy) : NULL;

	(void)json_remove(facts, "settings");
	apply_diff_facts(NULL, facts, step->lines);
	/* As it is written: what it is stored as names an id that is not given yet. */
	apply_diff_policies((struct view){ 0 }, view_from_text(text), step->lines);
	free(text);
	api->definition_changes = true;
}

static void plan_existing(
	struct apply *apply, struct apply_api *api, const struct json *before, const char *arn, bool is_imported)
{
	struct json *old JSON_CLEANUP = apply_facts(before), *lines JSON_CLEANUP = json_array_new();
	struct view old_policy = json_find_text(json_find(before, "restApi"), "policy");
	struct apply_step *step;

	apply_note_owner(apply, "api", api->name, json_find(api->existing, "tags"));
	api->is_imported = is_imported;
	apply_diff_facts(old, api->facts, lines);
	apply_policy_lines(apply, old_policy, view_from_text(api->policy ? api->policy : ""), arn, lines);
	api->definition_changes = json_count(lines) != 0;
	apply_tags_plan(apply, json_find(api->wish, "tags"), json_find(api->existing, "tags"), lines, &api->tags);
	if (!json_count(lines))
		return;
	step = apply_step_add(apply, APPLY_CHANGE, APPLY_RANK_API, run_change, api, "api %s (%s)", api->name, api->id);
	JSON_EACH(line, lines)
	json_append_text(step->lines, json_text(line));
}

/* Does the import itself change anything? */
static bool import_changes(const struct json *before, const struct json *after)
{
	struct json *old JSON_CLEANUP = apply_facts(before), *new JSON_CLEANUP = apply_facts(after);

	return !json_equals(old, new) || !view_equals(json_find_text(json_find(before, "restApi"), "policy"),
						 json_find_text(json_find(after, "restApi"), "policy"));
}

static int plan_api(struct apply *apply, struct apply_api *api)
{
	const struct json *made = NULL, *before;
	struct json *wished;
	bool is_imported;
	int error = prepare_document(apply, api);

	if (!error)
		error = find_existing(apply, api);
	if (!error)
		error = preview(apply, api, &made);
	if (error)
		return error;
	before = json_find(made, "before");
	is_imported = import_changes(before, json_find(made, "after"));
	wished = apply_keep(apply, json_copy(json_find(made, "after")));
	api->patches = apply_keep(apply, json_array_new());
	configure(apply, api, json_find(wished, "restApi"));
	api->facts = apply_keep(apply, apply_facts(wished));
	api->policy = json_find_c_string(json_find(wished, "restApi"), "policy");
	apply_note_region(apply, json_find_c_string(made, "apiArn"));
	if (strcmp(type_of(api), TYPE_PRIVATE) == 0 && !api->policy && json_count(json_find(api->wish, "stages")))
		return wrong(apply, api,
			"a private API can't be deployed without a resource policy: name one with `policy`, or "
			"put " EXTENSION_POLICY " into the document");
	JSON_EACH(warning, json_find(made, "warnings"))
	if (!view_starts_with(json_text(warning), view_of("The document has no " EXTENSION_POLICY)))
		apply_note(apply, "api %s: the document: " VIEW_FMT, api->name, VIEW_ARG(json_text(warning)));
	if (api->existing)
		plan_existing(apply, api, before, json_find_c_string(made, "apiArn"), is_imported);
	else
		plan_new(apply, api);
	return apply_plan_stages(apply, api);
}

/* --- all of them ------------------------------------------------------------------------------------------------------------ */

static bool is_wanted(const struct apply *apply, struct view id)
{
	for (const struct apply_api *api = apply->wanted_apis; api; api = api->next)
		if (api->id && view_equals_text(id, api->id))
			return true;
	return false;
}

static void prune(struct apply *apply)
{
	JSON_EACH(api, apply->apis)
	{
		const char *id = json_find_c_string(api, "id");

		if (!apply_owns(apply, json_find(api, "tags")) || is_wanted(apply, view_from_text(id)))
			continue;
		if (!apply->prune) {
			apply_note(apply, "api " VIEW_FMT " (%s) is not in the files any more: --prune deletes it",
				VIEW_ARG(json_find_text(api, "name")), id);
			continue;
		}
		apply_depend(apply, "restapi", id);
		apply_step_delete(apply, APPLY_RANK_END_API, apply_text(apply, "/restapis/%s", id),
			apply_text(apply, "api " VIEW_FMT " (%s)", VIEW_ARG(json_find_text(api, "name")), id));
	}
}

int apply_plan_apis(struct apply *apply)
{
	struct apply_api **last = &apply->wanted_apis;
	int error = apply_list(apply, "/restapis", &apply->apis);

	if (error)
		return error;
	JSON_EACH(wish, json_find(apply->estate, "apis"))
	{
		struct apply_api *api = ARENA_NEW(&apply->cli->arena, struct apply_api);

		ASSERT(api);
		api->wish = wish;
		*last = api;
		last = &api->next;
		error = plan_api(apply, api);
		if (error)
			return error;
	}
	if (apply->has_name)
		prune(apply);
	return 0;
}
