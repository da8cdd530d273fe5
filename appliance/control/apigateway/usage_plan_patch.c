/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UpdateUsagePlan: the PATCH paths of a usage plan. Source: spec/control-plane.md 8.1 to 8.3. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* As AWS prints it. */
#define STAGE_THROTTLE "/apiStages/<apidId:stageName>/throttle"
#define METHOD_THROTTLE STAGE_THROTTLE "/<resourcePath>/<httpMethod>"
#define LIMITS                                                                                                         \
	"/productCode, /quota/limit, /quota/offset, /quota/period, /throttle/burstLimit, /throttle/rateLimit, "        \
	"" STAGE_THROTTLE ", " METHOD_THROTTLE "/burstLimit, " METHOD_THROTTLE "/rateLimit"

static int invalid_path(struct call *call, const struct patch *patch)
{
	static const char *const paths[] = {
		[PATCH_ADD] = "/apiStages, " LIMITS,
		[PATCH_REMOVE] = "/apiStages, /quota, /throttle, /productCode, " METHOD_THROTTLE ", " STAGE_THROTTLE,
		[PATCH_REPLACE] = "/name, /description, " LIMITS,
	};

	return patch_invalid_listed(call, patch, patch->op < ARRAY_COUNT(paths) ? paths[patch->op] : NULL);
}

static bool sets(const struct patch *patch)
{
	return patch->op == PATCH_ADD || patch->op == PATCH_REPLACE;
}

/* --- throttle and quota ---------------------------------------------------------------------------------------------------------- */

static bool is_throttle_member(const char *name)
{
	return strcmp(name, "burstLimit") == 0 || strcmp(name, "rateLimit") == 0;
}

static int patch_throttle(struct call *call, const struct patch *patch, struct json *plan)
{
	if (patch->op == PATCH_REMOVE && patch->part_count == 1) {
		(void)json_remove(plan, "throttle");
		return 0;
	}
	if (!sets(patch) || patch->part_count != 2 || !is_throttle_member(patch->parts[1]))
		return invalid_path(call, patch);
	patch_number(json_ensure_object(plan, "throttle"), patch->parts[1], patch);
	return 0;
}

static int patch_quota(struct call *call, const struct patch *patch, struct json *plan)
{
	const char *member = patch->parts[1];
	struct json *quota;

	if (patch->op == PATCH_REMOVE && patch->part_count == 1) {
		(void)json_remove(plan, "quota");
		return 0;
	}
	if (!sets(patch) || patch->part_count != 2 ||
		(strcmp(member, "limit") != 0 && strcmp(member, "offset") != 0 && strcmp(member, "period") != 0))
		return invalid_path(call, patch);
	quota = json_ensure_object(plan, "quota");
	if (strcmp(member, "period") == 0)
		patch_text(quota, member, patch);
	else
		patch_number(quota, member, patch);
	if (!json_find(quota, "offset"))
		json_set_integer(quota, "offset", 0);
	return 0;
}

/* --- apiStages ------------------------------------------------------------------------------------------------------------------- */

/* "apiId:stage" cut in two. */
static int cut_stage(struct call *call, const char *text, struct view *ret_api_id, struct view *ret_stage)
{
	if (text && view_cut(view_from_text(text), ':', ret_api_id, ret_stage) && ret_api_id->count && ret_stage->count)
		return 0;
	return call_fail(call, "BadRequestException", "Invalid API Stage specified");
}

static int no_stage(struct call *call, const struct json *plan, struct view api_id, struct view stage)
{
	return call_fail(call, "NotFoundException",
		"Invalid API Stage {api: " VIEW_FMT ", stage: " VIEW_FMT "} specified for usageplan %s",
		VIEW_ARG(api_id), VIEW_ARG(stage), json_find_c_string(plan, "id"));
}

static int patch_stages(struct call *call, const struct patch *patch, struct json *plan)
{
	const struct json *entry;
	struct view api_id, stage;
	size_t index;

	if (patch->op != PATCH_ADD && patch->op != PATCH_REMOVE)
		return invalid_path(call, patch);
	if (cut_stage(call, patch->value, &api_id, &stage) < 0)
		return CALL_FAILED;
	entry = usage_plan_stage(plan, api_id, stage, &index);
	if (patch->op == PATCH_REMOVE) {
		if (!entry)
			return no_stage(call, plan, api_id, stage);
		(void)json_remove_at(json_find(plan, "apiStages"), index);
		return 0;
	}
	if (!record_exists(
		    call, STORE_stage, call_text(call, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(api_id), VIEW_ARG(stage))))
		return no_stage(call, plan, api_id, stage);
	if (!entry)
		(void)usage_plan_add_stage(plan, api_id, stage);
	return 0;
}

/* {"rateLimit": 1, "burstLimit": 2}, or one of both. */
static bool is_throttle(struct call *call, const struct json *value)
{
	JSON_EACH(member, value)
	if (!is_throttle_member(call_text_of(call, json_name(member))))
		return false;
	return json_is_object(value);
}

static int invalid_throttles(struct call *call, const struct patch *patch)
{
	return call_fail(call, "BadRequestException",
		"Invalid value for %s: Must be a map of methods to throttle settings", patch->path);
}

/* All method throttles of a stage: the value is them as JSON. */
static int replace_stage_throttle(struct call *call, const struct patch *patch, struct json *entry, const char *api_id)
{
	struct json JSON_CLEANUP *throttles = NULL;

	if (!patch->value || json_parse(view_from_text(patch->value), NULL, &throttles, NULL) < 0 ||
		!json_is_object(throttles))
		return invalid_throttles(call, patch);
	if (usage_plan_check_throttle_count(call, throttles) < 0)
		return CALL_FAILED;
	JSON_EACH(throttle, throttles)
	{
		if (!is_throttle(call, throttle))
			return invalid_throttles(call, patch);
		if (usage_plan_check_method(call, api_id, json_name(throttle)) < 0)
			return CALL_FAILED;
	}
	json_set(entry, "throttle", json_copy(throttles));
	return 0;
}

/* The key of a method's throttle, "/pets/GET", from parts 3 up to `end`: the path is one part (~1pets) or several (/pets). */
static const char *method_key(struct call *call, const struct patch *patch, size_t end)
{
	const char *key = patch->parts[3];

	for (size_t i = 4; i < end; i++)
		key = call_text(call, "%s/%s", key, patch->parts[i]);
	return key;
}

static int patch_stage_throttle(struct call *call, const struct patch *patch, struct json *plan)
{
	const char *last = patch->parts[patch->part_count - 1], *api, *key;
	struct view api_id, stage;
	struct json *entry;

	if (patch->part_count < 3 || strcmp(patch->parts[2], "throttle") != 0 || patch->part_count == 4)
		return invalid_path(call, patch);
	if (cut_stage(call, patch->parts[1], &api_id, &stage) < 0)
		return CALL_FAILED;
	entry = usage_plan_stage(plan, api_id, stage, NULL);
	if (!entry)
		return no_stage(call, plan, api_id, stage);
	api = call_text_of(call, api_id);
	if (patch->op == PATCH_REMOVE) {
		if (patch->part_count == 3)
			(void)json_remove(entry, "throttle");
		else
			(void)json_remove(json_find(entry, "throttle"), method_key(call, patch, patch->part_count));
		if (json_count(json_find(entry, "throttle")) == 0)
			(void)json_remove(entry, "throttle");
		return 0;
	}
	if (!sets(patch) || (patch->part_count > 3 && (patch->part_count < 6 || !is_throttle_member(last))))
		return invalid_path(call, patch);
	if (patch->part_count == 3)
		return replace_stage_throttle(call, patch, entry, api);
	key = method_key(call, patch, patch->part_count - 1);
	if (usage_plan_check_method(call, api, view_from_text(key)) < 0)
		return CALL_FAILED;
	patch_number(json_ensure_object(json_ensure_object(entry, "throttle"), key), last, patch);
	return 0;
}

/* --- the plan ---------------------------------------------------------------------------------------------------------------------- */

static int patch_plan(struct call *call, const struct patch *patch, struct json *plan)
{
	const char *first = patch->parts[0];

	if (strcmp(first, "apiStages") == 0)
		return patch->part_count == 1 ? patch_stages(call, patch, plan)
					      : patch_stage_throttle(call, patch, plan);
	if (strcmp(first, "throttle") == 0)
		return patch_throttle(call, patch, plan);
	if (strcmp(first, "quota") == 0)
		return patch_quota(call, patch, plan);
	if (patch_is(patch, "productCode") && (sets(patch) || patch->op == PATCH_REMOVE)) {
		patch_text(plan, "productCode", patch);
		return 0;
	}
	if (patch->op != PATCH_REPLACE || (!patch_is(patch, "name") && !patch_is(patch, "description")))
		return invalid_path(call, patch);
	patch_text(plan, first, patch);
	return 0;
}

int op_update_usage_plan(struct call *call)
{
	struct json JSON_CLEANUP *plan = NULL;
	int error = usage_plan_find(call, &plan);

	if (error == 0)
		error = patch_apply(call, plan, patch_plan);
	if (error == 0)
		error = usage_plan_check(call, plan);
	if (error == 0)
		error = usage_plan_check_stages(call, plan);
	if (error < 0)
		return error;
	record_put(call, STORE_usageplan, json_find_c_string(plan, "id"), NULL, plan);
	tags_answer(call, plan, true);
	return 0;
}
