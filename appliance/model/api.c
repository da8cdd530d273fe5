/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api: an API with its deployed stages → struct snapshot_api. */
#include <errno.h>
#include <stdlib.h>

#include "appliance/model/compile.h"

struct api_object {
	struct snapshot_api api; /* first */
	struct arena arena;
};

static void api_free(struct catalog_object *object)
{
	struct api_object *api = (struct api_object *)(void *)object;

	for (size_t i = 0; i < api->api.stage_count; i++) {
		const struct snapshot_stage *stage = api->api.stages[i];

		catalog_object_unref(&stage->deployment->object);
		if (stage->canary)
			catalog_object_unref(&stage->canary->deployment->object);
		identity_wipe(stage->identity);
	}
	arena_fini(&api->arena);
	free(api);
}

static int pair_compare(const void *left, const void *right)
{
	const struct snapshot_pair *a = left, *b = right;

	return view_compare(a->name, b->name);
}

static int copy_pair(struct compile *compile, struct arena *arena, const struct json *entry, struct snapshot_pair *ret)
{
	ret->name = arena_copy(arena, json_name(entry));
	ret->value = arena_copy(arena, json_text(entry));
	return ret->name.at && ret->value.at ? 0 : compile_no_memory(compile);
}

/* The variables in `map`, overlaid by those in `overrides` (NULL: none). */
static int compile_variables(struct compile *compile, struct arena *arena, const struct json *map,
	const struct json *overrides, struct snapshot_variables *ret)
{
	size_t count = 0;
	struct snapshot_pair *pairs =
		ARENA_NEW_ARRAY(arena, struct snapshot_pair, json_count(map) + json_count(overrides));
	int error = pairs ? 0 : compile_no_memory(compile);

	JSON_EACH(entry, map)
	{
		if (!error && !json_find_view(overrides, json_name(entry)))
			error = copy_pair(compile, arena, entry, &pairs[count++]);
	}
	JSON_EACH(entry, overrides)
	{
		if (!error)
			error = copy_pair(compile, arena, entry, &pairs[count++]);
	}
	if (!error && count > 1)
		qsort(pairs, count, sizeof *pairs, pair_compare);
	*ret = (struct snapshot_variables){ .count = count, .at = pairs };
	return error;
}

static int compile_canary(struct compile *compile, struct arena *arena, const struct compile_stage *input,
	const struct snapshot_canary **ret)
{
	const struct json *settings = json_find(input->body, "canarySettings");
	struct snapshot_canary *canary;

	if (!input->canary)
		return 0;
	canary = ARENA_NEW(arena, struct snapshot_canary);
	if (!canary)
		return compile_no_memory(compile);
	if (json_double(json_find(settings, "percentTraffic"), &canary->percent) < 0 || !(canary->percent >= 0.0) ||
		canary->percent > 100.0)
		return compile_fail(
			compile, -EINVAL, "canarySettings.percentTraffic: it must be between 0.0 and 100.0");
	canary->deployment = input->canary;
	*ret = canary;
	return compile_variables(compile, arena, json_find(input->body, "variables"),
		json_find(settings, "stageVariableOverrides"), &canary->variables);
}

/* The name in arn:aws:logs:{region}:{account}:log-group:{name}; empty for other destinations. */
static struct view log_group_of(struct view arn)
{
	struct view rest = arn, part = { 0 };
	size_t parts = 0;

	while (parts < 6 && view_split(&rest, ':', &part)) {
		if ((parts == 2 && !view_equals_text(part, "logs")) ||
			(parts == 5 && !view_equals_text(part, "log-group")))
			return (struct view){ 0 };
		parts++;
	}
	/* Terraform's older versions leave the ":*" that DescribeLogGroups shows. */
	return parts == 6 && view_split(&rest, ':', &part) ? part : (struct view){ 0 };
}

static int compile_stage(struct compile *compile, struct api_object *object, const struct compile_stage *input,
	struct snapshot_stage *stage)
{
	struct arena *arena = &object->arena;
	const struct json *override = json_find_path(input->body, "postern", "disableExecuteApiEndpoint", NULL);
	const struct json *access_log = json_find(input->body, "accessLogSettings");
	int error;

	stage->api_id = object->api.id;
	stage->name = arena_copy(arena, json_find_text(input->body, "stageName"));
	stage->arn_prefix = arena_printf(arena,
		"arn:aws:execute-api:" VIEW_FMT ":" VIEW_FMT ":" VIEW_FMT "/" VIEW_FMT "/", VIEW_ARG(compile->region),
		VIEW_ARG(compile->account_id), VIEW_ARG(object->api.id), VIEW_ARG(stage->name));
	stage->access_log_format = arena_copy(arena, json_find_text(access_log, "format"));
	stage->access_log_group = arena_copy(arena, log_group_of(json_find_text(access_log, "destinationArn")));
	if (!stage->name.at || !stage->arn_prefix.at || !stage->access_log_format.at || !stage->access_log_group.at)
		return compile_no_memory(compile);
	stage->deployment = input->deployment;
	/* It acts when anything on a stage is updated: control then copies it into the stage. */
	stage->default_endpoint_disabled = json_bool(override, input->deployment->default_endpoint_disabled);
	stage->revision = input->revision;
	error = compile_canary(compile, arena, input, &stage->canary);
	if (!error && input->client_certificate && !compile->no_tls)
		error = identity_compile(compile, arena, input->client_certificate, &stage->identity);
	return error ? error
		     : compile_variables(compile, arena, json_find(input->body, "variables"), NULL, &stage->variables);
}

static int compile_stages(
	struct compile *compile, struct api_object *object, const struct compile_stage *inputs, size_t count)
{
	struct snapshot_stage **stages = ARENA_NEW_ARRAY(&object->arena, struct snapshot_stage *, count);

	if (!stages)
		return compile_no_memory(compile);
	object->api.stages = stages;
	for (size_t i = 0; i < count; i++) {
		struct snapshot_stage *stage = ARENA_NEW(&object->arena, struct snapshot_stage);
		size_t at = i;
		int error;

		if (!stage)
			return compile_no_memory(compile);
		error = compile_stage(compile, object, &inputs[i], stage);
		if (error)
			return error;
		for (; at > 0 && view_compare(stages[at - 1]->name, stage->name) > 0; at--)
			stages[at] = stages[at - 1];
		stages[at] = stage;
		catalog_object_ref(&inputs[i].deployment->object);
		if (stage->canary)
			catalog_object_ref(&inputs[i].canary->object);
		object->api.stage_count = i + 1;
	}
	return 0;
}

int api_compile(struct compile *compile, struct view id, struct view name, const struct compile_stage *stages,
	size_t stage_count, struct snapshot_api **ret)
{
	struct api_object *object = calloc(1, sizeof *object);
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->api.object.free = api_free;
	object->api.object.reference_count = 1;
	object->api.id = arena_copy(&object->arena, id);
	object->api.object.key = object->api.id;
	object->api.name = arena_copy(&object->arena, name);
	error = object->api.id.at && object->api.name.at ? 0 : compile_no_memory(compile);
	if (!error)
		error = compile_stages(compile, object, stages, stage_count);
	if (error) {
		api_free(&object->api.object);
		return error;
	}
	*ret = &object->api;
	return 0;
}
