/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UsagePlan: create, read, list, delete; its PATCH is in usage_plan_patch.c. */
#include "appliance/control/apigateway/usage_plans.h"

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

enum { ID_CHARS = 6 };

int usage_plan_find(struct call *call, struct json **ret)
{
	return record_need(
		call, STORE_usageplan, call_input(call, "usagePlanId"), "Invalid Usage Plan ID specified", ret);
}

struct json *usage_plan_in(const struct json *plans, struct view id)
{
	JSON_EACH(plan, plans)
	if (view_equals(json_find_text(plan, "id"), id))
		return plan;
	return NULL;
}

void usage_plans_index(struct table *table, const struct json *plans)
{
	JSON_EACH(plan, plans)
	ASSERT(table_set(table, json_find_text(plan, "id"), plan, NULL) == 0);
}

/* A copy with the members that the model has; NULL if there is nothing to copy. */
static struct json *copy_known(const struct json *from, const char *first, const char *second, const char *third)
{
	const char *const names[] = { first, second, third };
	struct json *copy;

	if (!from)
		return NULL;
	copy = json_object_new();
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (names[i] && !json_is_null(json_find(from, names[i])))
			json_set(copy, names[i], json_copy(json_find(from, names[i])));
	return copy;
}

static struct json *copy_throttle(const struct json *from)
{
	return copy_known(from, "burstLimit", "rateLimit", NULL);
}

/* One stage of the input, with the throttles of its methods. */
static int take_stage(struct call *call, struct json *plan, const struct json *wanted)
{
	struct view api_id = json_find_text(wanted, "apiId"), stage = json_find_text(wanted, "stage");
	const char *api = call_text_of(call, api_id), *name = call_text_of(call, stage);
	struct json *entry;

	if (api_id.count == 0 || stage.count == 0)
		return call_fail(call, "BadRequestException",
			"Invalid API Stage {api: %s, stage: %s} specified for usageplan %s", api, name,
			json_find_c_string(plan, "id"));
	if (!record_exists(call, STORE_stage, call_text(call, "%s/%s", api, name)))
		return call_fail(call, "NotFoundException", "API Stage not found: %s:%s", api, name);
	if (usage_plan_stage(plan, api_id, stage, NULL))
		return call_fail(
			call, "BadRequestException", "Duplicate API Stage {api: %s, stage: %s} specified", api, name);
	if (usage_plan_check_throttle_count(call, json_find(wanted, "throttle")) < 0)
		return CALL_FAILED;
	entry = usage_plan_add_stage(plan, api_id, stage);
	JSON_EACH(throttle, json_find(wanted, "throttle"))
	{
		if (usage_plan_check_method(call, api, json_name(throttle)) < 0)
			return CALL_FAILED;
		json_set_view(json_ensure_object(entry, "throttle"), json_name(throttle), copy_throttle(throttle));
	}
	return 0;
}

int op_create_usage_plan(struct call *call)
{
	struct json JSON_CLEANUP *plan = json_object_new();
	struct json *quota;

	if (quota_check(call, STORE_usageplan, QUOTA_USAGE_PLANS, "Usage Plans") < 0)
		return CALL_FAILED;
	json_set_c_string(plan, "id", record_new_id(call, STORE_usageplan, "", ID_CHARS));
	call_take(call, plan, "name", "description", NULL);
	json_set(plan, "apiStages", json_array_new());
	JSON_EACH(stage, json_find(call->input, "apiStages"))
	if (take_stage(call, plan, stage) < 0)
		return CALL_FAILED;
	json_set(plan, "throttle", copy_throttle(json_find(call->input, "throttle")));
	quota = copy_known(json_find(call->input, "quota"), "limit", "offset", "period");
	json_set(plan, "quota", quota);
	if (quota && !json_find(quota, "offset"))
		json_set_integer(quota, "offset", 0);
	if (tags_take(call, plan) < 0 || usage_plan_check(call, plan) < 0)
		return CALL_FAILED;
	record_put(call, STORE_usageplan, json_find_c_string(plan, "id"), NULL, plan);
	tags_answer(call, plan, false);
	return 0;
}

int op_get_usage_plan(struct call *call)
{
	struct json JSON_CLEANUP *plan = NULL;
	int error = usage_plan_find(call, &plan);

	if (error == 0)
		tags_answer(call, plan, true);
	return error;
}

int op_get_usage_plans(struct call *call)
{
	struct json *plans = record_list(call, STORE_usageplan, NULL);
	const char *key_id = call_input(call, "keyId");

	for (size_t i = json_count(plans); key_id && i-- > 0;)
		if (!usage_plan_has_key(call, json_find_c_string(json_at(plans, i), "id"), key_id))
			(void)json_remove_at(plans, i);
	return page_list_shown(call, plans, "id", tags_show_item);
}

int op_delete_usage_plan(struct call *call)
{
	const char *id = call_input(call, "usagePlanId");
	struct json JSON_CLEANUP *plan = NULL;
	const struct json *stage;
	int error = usage_plan_find(call, &plan);

	if (error < 0)
		return error;
	stage = json_at(json_find(plan, "apiStages"), 0);
	if (stage)
		return call_fail(call, "BadRequestException",
			"Cannot delete Usage Plan %s because there are API Stages associated with it, including "
			"%s:%s",
			id, json_find_c_string(stage, "apiId"), json_find_c_string(stage, "stage"));
	record_delete_children(call, STORE_usageplankey, id);
	record_delete_children(call, STORE_usage, id);
	record_delete(call, STORE_usageplan, id);
	return 0;
}
