/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UsagePlanKey: which keys are in which usage plans. */
#include <stdio.h>

#include "appliance/control/apigateway/api_key_value.h"
#include "appliance/control/apigateway/api_keys.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

const char *usage_plan_key_id(struct call *call, const char *plan_id, const char *key_id)
{
	return call_text(call, "%s/%s", plan_id, key_id);
}

bool usage_plan_has_key(struct call *call, const char *plan_id, const char *key_id)
{
	/* Not in the call's arena: this is asked for thousands of keys. */
	char id[STORE_ID_MAX_BYTES];
	int count = snprintf(id, sizeof id, "%s/%s", plan_id, key_id);

	return count > 0 && (size_t)count < sizeof id && record_exists(call, STORE_usageplankey, id);
}

void usage_plan_key_put(struct call *call, const char *plan_id, const char *key_id)
{
	struct json JSON_CLEANUP *member = json_object_new();

	if (usage_plan_has_key(call, plan_id, key_id))
		return;
	json_set_c_string(member, "id", key_id);
	page_note_created(call, member);
	record_put(call, STORE_usageplankey, usage_plan_key_id(call, plan_id, key_id), plan_id, member);
}

static void drop(struct call *call, const char *plan_id, const char *key_id)
{
	const char *id = usage_plan_key_id(call, plan_id, key_id);

	record_delete(call, STORE_usageplankey, id);
	record_delete(call, STORE_usage, id);
}

void usage_plans_drop_key(struct call *call, const char *key_id)
{
	struct json JSON_CLEANUP *plans = record_list(call, STORE_usageplan, NULL);

	JSON_EACH(plan, plans)
	drop(call, json_find_c_string(plan, "id"), key_id);
}

/* --- which plans a key may be in --------------------------------------------------------------------------------------------------- */

/* A stage that both plans name, or NULL. */
static const struct json *common_stage(const struct json *plan, const struct json *other)
{
	JSON_EACH(stage, json_find(plan, "apiStages"))
	if (usage_plan_stage(other, json_find_text(stage, "apiId"), json_find_text(stage, "stage"), NULL))
		return stage;
	return NULL;
}

/* Which of two plans with a common stage counts would be open. */
static const char *conflict(struct call *call, const struct json *plan, const struct json *other)
{
	const struct json *stage = common_stage(plan, other);

	if (!stage)
		return NULL;
	return call_text(call,
		"An API Key can't be in the usage plans %s and %s, which both have the API Stage {api: %s, stage: %s}",
		json_find_c_string(plan, "id"), json_find_c_string(other, "id"), json_find_c_string(stage, "apiId"),
		json_find_c_string(stage, "stage"));
}

const char *usage_plan_key_fault(struct call *call, const struct table *plans, const struct json *members,
	const struct json *wanted, const char **ret_code)
{
	struct json JSON_CLEANUP *all = json_array_new(); /* ids of the plans that the key is going to be in */
	const char *fault = NULL;

	JSON_EACH(id, wanted)
	json_append_text(all, json_text(id));
	JSON_EACH(id, members)
	if (!json_has_text(wanted, json_text(id)))
		json_append_text(all, json_text(id));
	*ret_code = "LimitExceededException";
	if (json_count(wanted) && json_count(all) > QUOTA_PLANS_OF_A_KEY)
		return "Maximum number of Usage Plans of an API Key has been reached.";
	*ret_code = "ConflictException";
	JSON_EACH(id, wanted)
	JSON_EACH(other, all)
	if (!fault && !view_equals(json_text(id), json_text(other)))
		fault = conflict(call, table_find(plans, json_text(id)), table_find(plans, json_text(other)));
	return fault;
}

/* Is there a key that both plans have? */
static bool have_common_key(struct call *call, const char *plan_id, const char *other_id)
{
	struct json JSON_CLEANUP *keys = record_list(call, STORE_usageplankey, other_id);

	JSON_EACH(key, keys)
	if (usage_plan_has_key(call, plan_id, json_find_c_string(key, "id")))
		return true;
	return false;
}

int usage_plan_check_stages(struct call *call, const struct json *plan)
{
	struct json JSON_CLEANUP *plans = record_list(call, STORE_usageplan, NULL);
	const struct json *stored = usage_plan_in(plans, json_find_text(plan, "id"));
	const char *id = json_find_c_string(plan, "id");

	if (json_equals(json_find(stored, "apiStages"), json_find(plan, "apiStages")))
		return 0;
	JSON_EACH(other, plans)
	{
		const char *fault = other == stored ? NULL : conflict(call, plan, other);

		if (fault && have_common_key(call, id, json_find_c_string(other, "id")))
			return call_fail(call, "ConflictException", "%s", fault);
	}
	return 0;
}

/* --- operations ------------------------------------------------------------------------------------------------------------------------ */

/* A key as a member of a plan is shown with its value: whoever may read the plan's keys may read those. */
static struct json *show(struct call *call, const struct json *key)
{
	struct json *shown = json_object_new();

	json_set_c_string(shown, "id", json_find_c_string(key, "id"));
	json_set_c_string(shown, "type", "API_KEY");
	api_key_value_show(call, shown, key);
	json_set_c_string(shown, "name", json_find_c_string(key, "name"));
	return shown;
}

static void answer(struct call *call, const struct json *key)
{
	struct json JSON_CLEANUP *shown = show(call, key);

	call_answer(call, shown);
}

int op_create_usage_plan_key(struct call *call)
{
	const char *key_id = call_input(call, "keyId"), *plan_id = call_input(call, "usagePlanId"), *fault, *code;
	struct table by_id = { 0 };
	struct json JSON_CLEANUP *plan = NULL, *key = NULL, *plans = NULL;
	struct json JSON_CLEANUP *members = json_array_new(), *wanted = json_array_new();
	int error = usage_plan_find(call, &plan);

	if (error < 0)
		return error;
	if (!view_equals_text(json_find_text(call->input, "keyType"), "API_KEY"))
		return call_fail(call, "BadRequestException", "Invalid key type specified. Must be one of: [API_KEY]");
	error = api_key_find(call, key_id, &key);
	if (error < 0)
		return error;
	if (usage_plan_has_key(call, plan_id, key_id))
		return call_fail(call, "ConflictException", "Usage Plan Key already exists");
	plans = record_list(call, STORE_usageplan, NULL);
	JSON_EACH(other, plans)
	if (usage_plan_has_key(call, json_find_c_string(other, "id"), key_id))
		json_append_text(members, json_find_text(other, "id"));
	json_append_text(wanted, view_from_text(plan_id));
	usage_plans_index(&by_id, plans);
	fault = usage_plan_key_fault(call, &by_id, members, wanted, &code);
	table_fini(&by_id);
	if (fault)
		return call_fail(call, code, "%s", fault);
	usage_plan_key_put(call, plan_id, key_id);
	answer(call, key);
	return 0;
}

/* The key named by keyId, which is in the plan; 404 otherwise. */
static int member_find(struct call *call, struct json **ret)
{
	const char *key_id = call_input(call, "keyId");
	struct json JSON_CLEANUP *plan = NULL;
	int error = usage_plan_find(call, &plan);

	if (error < 0)
		return error;
	if (!usage_plan_has_key(call, call_input(call, "usagePlanId"), key_id))
		return call_fail(call, "NotFoundException", "Invalid API Key identifier specified");
	return api_key_find(call, key_id, ret);
}

int op_get_usage_plan_key(struct call *call)
{
	struct json JSON_CLEANUP *key = NULL;
	int error = member_find(call, &key);

	if (error == 0)
		answer(call, key);
	return error;
}

/* The keys of a plan that is not there are none. Source: spec/control-plane.md 6.3. */
int op_get_usage_plan_keys(struct call *call)
{
	struct json JSON_CLEANUP *members = record_list(call, STORE_usageplankey, call_input(call, "usagePlanId"));
	struct json *keys = json_array_new();

	JSON_EACH(member, members)
	{
		struct json *key = record_find(call, STORE_apikey, json_find_c_string(member, "id"));

		if (!key)
			continue;
		/* They are in the order in which they came into the plan. */
		page_set_created(key, member);
		json_append(keys, key);
	}
	page_keep_prefix(keys, "name", call_input(call, "nameQuery"));
	return page_list_newest_first(call, keys, show);
}

int op_delete_usage_plan_key(struct call *call)
{
	struct json JSON_CLEANUP *key = NULL;
	int error = member_find(call, &key);

	if (error == 0)
		drop(call, call_input(call, "usagePlanId"), call_input(call, "keyId"));
	return error;
}
