/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stages: deployments, variables, settings, tags. */
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply.h"
#include "appliance/cli/apply_diff.h"

struct stage {
	struct apply_api *api;
	const struct json *wish, *existing;
	const char *name;
	bool is_deployed;     /* anew */
	struct json *patches; /* what CreateStage takes, too */
	struct json *later;   /* what only UpdateStage takes */
	struct apply_tags tags;
};

/* Members that CreateStage takes, and UpdateStage by the path of their name. */
static const char *const members[] = { "description", "tracingEnabled", "cacheClusterEnabled", "cacheClusterSize",
	"documentationVersion" };

static const struct {
	const char *member, *path;
} method_settings[] = {
	{ "metricsEnabled", "metrics/enabled" },
	{ "dataTraceEnabled", "logging/dataTrace" },
	{ "loggingLevel", "logging/loglevel" },
	{ "throttlingBurstLimit", "throttling/burstLimit" },
	{ "throttlingRateLimit", "throttling/rateLimit" },
	{ "cachingEnabled", "caching/enabled" },
	{ "cacheTtlInSeconds", "caching/ttlInSeconds" },
	{ "cacheDataEncrypted", "caching/dataEncrypted" },
	{ "requireAuthorizationForCacheControl", "caching/requireAuthorizationForCacheControl" },
	{ "unauthorizedCacheControlHeaderStrategy", "caching/unauthorizedCacheControlHeaderStrategy" },
};

/* A scalar as PATCH operations carry it. */
static const char *scalar(struct apply *apply, const struct json *value)
{
	if (json_is_bool(value))
		return json_bool(value, false) ? "true" : "false";
	if (json_is_number(value))
		return apply_text(apply, VIEW_FMT, VIEW_ARG(json_number_text(value)));
	return json_c_string(value);
}

/* Numbers are equal by value: 100 is 100.0. */
static bool same(const struct json *a, const struct json *b)
{
	double left, right;

	if (json_double(a, &left) == 0 && json_double(b, &right) == 0)
		return !(left < right) && !(left > right);
	return a && b && json_equals(a, b);
}

static void plan_member(struct apply *apply, struct json *patches, const struct json *wish, const struct json *actual,
	const char *name, const char *shown, const char *path, struct json *lines)
{
	const struct json *wanted = json_find(wish, name), *old = json_find(actual, name);

	if (!wanted || same(wanted, old))
		return;
	apply_patch(patches, "replace", scalar(apply, wanted), "%s", path);
	apply_diff_value(shown, old, wanted, lines);
}

static void plan_variables(struct apply *apply, struct stage *stage, struct json *lines)
{
	const struct json *wish = json_find(stage->wish, "variables"),
			  *actual = json_find(stage->existing, "variables");

	if (!wish)
		return;
	JSON_EACH(variable, wish)
	if (!same(variable, json_find_view(actual, json_name(variable))))
		apply_patch(stage->patches, "replace", json_c_string(variable), "/variables/%s",
			apply_pointer(apply, json_name(variable)));
	JSON_EACH(variable, actual)
	if (!json_find_view(wish, json_name(variable)))
		apply_patch(stage->patches, "remove", NULL, "/variables/%s", apply_pointer(apply, json_name(variable)));
	apply_diff_members("variables.", actual, wish, lines);
}

/* The API's key for a method: "GET /pets/{id}" is "~1pets~1{id}/GET". */
static const char *method_key(struct apply *apply, struct view name)
{
	struct view verb, path;

	if (!view_cut(name, ' ', &verb, &path))
		return apply_text(apply, VIEW_FMT, VIEW_ARG(name));
	return apply_text(apply, "%s/" VIEW_FMT, apply_pointer(apply, view_trim(path)), VIEW_ARG(verb));
}

static void plan_method_settings(struct apply *apply, struct stage *stage, struct json *lines)
{
	JSON_EACH(wish, json_find(stage->wish, "methodSettings"))
	{
		const char *key = method_key(apply, json_name(wish));
		const struct json *actual = json_find(json_find(stage->existing, "methodSettings"), key);

		for (size_t i = 0; i < ARRAY_COUNT(method_settings); i++)
			plan_member(apply, stage->later, wish, actual, method_settings[i].member,
				apply_text(apply, "methodSettings." VIEW_FMT ".%s", VIEW_ARG(json_name(wish)),
					method_settings[i].member),
				apply_text(apply, "/%s/%s", key, method_settings[i].path), lines);
	}
}

static void plan_settings(struct apply *apply, struct stage *stage, struct json *lines)
{
	static const char *const access_log[] = { "destinationArn", "format" };

	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		plan_member(apply, stage->patches, stage->wish, stage->existing, members[i], members[i],
			apply_text(apply, "/%s", members[i]), lines);
	plan_variables(apply, stage, lines);
	plan_member(apply, stage->later, stage->wish, stage->existing, "clientCertificateId", "clientCertificateId",
		"/clientCertificateId", lines);
	for (size_t i = 0; i < ARRAY_COUNT(access_log); i++)
		plan_member(apply, stage->later, json_find(stage->wish, "accessLog"),
			json_find(stage->existing, "accessLogSettings"), access_log[i],
			apply_text(apply, "accessLog.%s", access_log[i]),
			apply_text(apply, "/accessLogSettings/%s", access_log[i]), lines);
	plan_method_settings(apply, stage, lines);
}

/* --- deployments ------------------------------------------------------------------------------------------------------------ */

/* One deployment serves all stages of a run. */
static int deploy(struct apply *apply, struct apply_api *api)
{
	struct json *body JSON_CLEANUP = NULL;
	const struct json *answer = NULL;
	int error;

	if (api->deployment_id)
		return 0;
	body = json_object_new();
	json_set_c_string(body, "description", "postern apply");
	error = apply_change(apply, "POST",
		apply_view(apply, "/restapis/%s/deployments", client_encode(apply->cli, api->id)), body,
		(struct view){ 0 }, &answer);
	if (!error)
		api->deployment_id = json_find_c_string(answer, "id");
	return error;
}

/* The facts that a deployment freezes: documentation is a version of its own. */
static struct json *deployable(const struct json *facts)
{
	struct json *copy = json_copy(facts);

	for (size_t i = json_count(copy); i-- > 0;)
		if (view_starts_with(json_name(json_at(copy, i)), view_of("documentation ")))
			(void)json_remove_at(copy, i);
	return copy;
}

/* Does the stage serve what is wished? If not, lines on what its clients will see change. */
static int plan_deployment(struct apply *apply, struct stage *stage, struct json *lines)
{
	const char *id = json_find_c_string(stage->existing, "deploymentId");
	struct json *facts JSON_CLEANUP = NULL, *changes JSON_CLEANUP = json_array_new(),
			   *wished JSON_CLEANUP = deployable(stage->api->facts);
	const struct json *answer = NULL, *definition;
	int error;

	error = apply_get(apply, CLIENT_POSTERN,
		apply_view(apply, "/postern/v1/restapis/%s/deployments/%s", client_encode(apply->cli, stage->api->id),
			client_encode(apply->cli, id ? id : "")),
		&answer);
	if (error)
		return error;
	definition = json_find(answer, "definition");
	facts = apply_facts(definition);
	apply_diff_facts(facts, wished, changes);
	apply_diff_policies(json_find_text(json_find(definition, "restApi"), "policy"),
		view_from_text(stage->api->policy ? stage->api->policy : ""), changes);
	if (!json_count(changes))
		return 0;
	if (view_equals_text(json_find_text(stage->wish, "deploy"), "never")) {
		apply_note(apply, "stage %s of api %s serves another definition and has deploy: never", stage->name,
			stage->api->name);
		return 0;
	}
	stage->is_deployed = true;
	json_append_text(lines, view_of("deploy: the definition as it will be"));
	if (!stage->api->definition_changes)
		JSON_EACH(line, changes)
	json_append_text(lines, apply_view(apply, "    " VIEW_FMT, VIEW_ARG(json_text(line))));
	return 0;
}

/* --- steps ------------------------------------------------------------------------------------------------------------------ */

static const char *target_of(struct apply *apply, const struct stage *stage)
{
	return apply_text(apply, "/restapis/%s/stages/%s", client_encode(apply->cli, stage->api->id),
		client_encode(apply->cli, stage->name));
}

static int run_create(struct apply *apply, struct apply_step *step)
{
	struct stage *stage = step->subject;
	struct json *body JSON_CLEANUP = NULL;
	int error = deploy(apply, stage->api);

	if (error)
		return error;
	body = json_object_new();
	json_set_c_string(body, "stageName", stage->name);
	json_set_c_string(body, "deploymentId", stage->api->deployment_id);
	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (json_find(stage->wish, members[i]))
			json_set(body, members[i], json_copy(json_find(stage->wish, members[i])));
	if (json_find(stage->wish, "variables"))
		json_set(body, "variables", json_copy(json_find(stage->wish, "variables")));
	json_set(body, "tags", apply_tags_new(apply, json_find(stage->wish, "tags")));
	error = apply_change(apply, "POST",
		apply_view(apply, "/restapis/%s/stages", client_encode(apply->cli, stage->api->id)), body,
		(struct view){ 0 }, NULL);
	return error ? error : apply_patch_send(apply, target_of(apply, stage), stage->later);
}

static int run_change(struct apply *apply, struct apply_step *step)
{
	struct stage *stage = step->subject;
	int error = stage->is_deployed ? deploy(apply, stage->api) : 0;

	if (error)
		return error;
	JSON_EACH(operation, stage->later)
	json_append(stage->patches, json_copy(operation));
	if (stage->is_deployed)
		apply_patch(stage->patches, "replace", stage->api->deployment_id, "/deploymentId");
	error = apply_patch_send(apply, target_of(apply, stage), stage->patches);
	return error ? error
		     : apply_tags_change(apply,
			       apply_text(apply, "arn:aws:apigateway:%s::/restapis/%s/stages/%s", apply->region,
				       stage->api->id, stage->name),
			       &stage->tags);
}

static const struct json *find_stage(const struct json *stages, struct view name)
{
	JSON_EACH(stage, stages)
	if (view_equals(json_find_text(stage, "stageName"), name))
		return stage;
	return NULL;
}

static int plan_stage(struct apply *apply, struct stage *stage)
{
	struct json *lines = apply_keep(apply, json_array_new());
	struct apply_step *step;
	int error = 0;

	stage->patches = apply_keep(apply, json_array_new());
	stage->later = apply_keep(apply, json_array_new());
	if (!stage->existing && view_equals_text(json_find_text(stage->wish, "deploy"), "never"))
		return cli_fail(apply->cli,
			"api %s: stage %s does not exist, and with deploy: never there is nothing to make it of",
			stage->api->name, stage->name);
	if (stage->existing)
		error = plan_deployment(apply, stage, lines);
	else
		json_append_text(lines, view_of("deploy: the definition as it will be"));
	if (error)
		return error;
	plan_settings(apply, stage, lines);
	apply_tags_plan(apply, json_find(stage->wish, "tags"), json_find(stage->existing, "tags"), lines, &stage->tags);
	if (!json_count(lines))
		return 0;
	step = apply_step_add(apply, stage->existing ? APPLY_CHANGE : APPLY_CREATE, APPLY_RANK_STAGE,
		stage->existing ? run_change : run_create, stage, "stage %s of api %s", stage->name, stage->api->name);
	step->lines = lines;
	return 0;
}

/* Stages that are there and not in the files. */
static void plan_others(struct apply *apply, struct apply_api *api, const struct json *stages)
{
	JSON_EACH(stage, stages)
	{
		const char *name = json_find_c_string(stage, "stageName");
		bool is_wanted = false;

		JSON_EACH(wish, json_find(api->wish, "stages"))
		is_wanted = is_wanted || view_equals_text(json_find_text(wish, "name"), name);
		if (is_wanted)
			continue;
		if (apply->prune && apply_owns(apply, json_find(stage, "tags")))
			apply_step_delete(apply, APPLY_RANK_END_STAGE,
				apply_text(apply, "/restapis/%s/stages/%s", api->id, client_encode(apply->cli, name)),
				apply_text(apply, "stage %s of api %s", name, api->name));
		else
			apply_note(apply, "stage %s of api %s is not in the files and stays", name, api->name);
	}
}

int apply_plan_stages(struct apply *apply, struct apply_api *api)
{
	const struct json *answer = NULL, *stages = NULL;

	if (api->existing) {
		int error = apply_get(apply, CLIENT_APIGATEWAY,
			apply_view(apply, "/restapis/%s/stages", client_encode(apply->cli, api->id)), &answer);

		if (error)
			return error;
		stages = json_find(answer, "item");
	}
	JSON_EACH(wish, json_find(api->wish, "stages"))
	{
		struct stage *stage = ARENA_NEW(&apply->cli->arena, struct stage);
		int error;

		ASSERT(stage);
		*stage = (struct stage){ .api = api,
			.wish = wish,
			.name = json_find_c_string(wish, "name"),
			.existing = find_stage(stages, json_find_text(wish, "name")) };
		error = plan_stage(apply, stage);
		if (error)
			return error;
	}
	plan_others(apply, api, stages);
	return 0;
}
