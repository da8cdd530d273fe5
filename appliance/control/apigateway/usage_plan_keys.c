/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UsagePlanKey: which keys are in which usage plans. */
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

void usage_plan_key_put(struct call *call, const char *plan_id, const char *key_id)
{
	const char *id = usage_plan_key_id(call, plan_id, key_id);
	struct json JSON_CLEANUP *member = json_object_new();

	if (record_exists(call, STORE_usageplankey, id))
		return;
	json_set_c_string(member, "id", key_id);
	page_note_created(call, member);
	record_put(call, STORE_usageplankey, id, plan_id, member);
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

static bool is_among(const struct json *ids, struct view id)
{
	JSON_EACH(known, ids)
	if (view_equals(json_text(known), id))
		return true;
	return false;
}

/* A stage that both plans name, or NULL. */
static const struct json *common_stage(const struct json *plan, const struct json *other)
{
	JSON_EACH(stage, json_find(plan, "apiStages"))
	if (usage_plan_stage(other, json_find_text(stage, "apiId"), json_find_text(stage, "stage"), NULL))
		return stage;
	return NULL;
}

const char *usage_plan_key_fault(struct call *call, const struct json *plans, const char *key_id,
	const struct json *wanted, const char **ret_code)
{
	struct json JSON_CLEANUP *all = NULL;
	const struct json *stage;

	if (json_count(wanted) == 0)
		return NULL;
	all = json_array_new(); /* ids of the plans that the key is going to be in */
	JSON_EACH(plan, plans)
	{
		struct view id = json_find_text(plan, "id");

		if (is_among(wanted, id) ||
			(key_id && record_exists(call, STORE_usageplankey,
					   usage_plan_key_id(call, json_find_c_string(plan, "id"), key_id))))
			json_append_text(all, id);
	}
	*ret_code = "LimitExceededException";
	if (json_count(all) > QUOTA_PLANS_OF_A_KEY)
		return "Maximum number of Usage Plans of an API Key has been reached.";
	*ret_code = "ConflictException";
	JSON_EACH(id, wanted)
	JSON_EACH(other, all)
	{
		if (view_equals(json_text(id), json_text(other)))
			continue;
		stage = common_stage(usage_plan_in(plans, json_text(id)), usage_plan_in(plans, json_text(other)));
		if (stage)
			return call_text(call,
				"An API Key can't be in the usage plans " VIEW_FMT " and " VIEW_FMT
				", which both have the API Stage {api: %s, stage: %s}",
				VIEW_ARG(json_text(id)), VIEW_ARG(json_text(other)), json_find_c_string(stage, "apiId"),
				json_find_c_string(stage, "stage"));
	}
	return NULL;
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
	struct json JSON_CLEANUP *plan = NULL, *key = NULL, *plans = NULL, *wanted = json_array_new();
	int error = usage_plan_find(call, &plan);

	if (error < 0)
		return error;
	if (!view_equals_text(json_find_text(call->input, "keyType"), "API_KEY"))
		return call_fail(call, "BadRequestException", "Invalid key type specified. Must be one of: [API_KEY]");
	error = api_key_find(call, key_id, &key);
	if (error < 0)
		return error;
	if (record_exists(call, STORE_usageplankey, usage_plan_key_id(call, plan_id, key_id)))
		return call_fail(call, "ConflictException", "Usage Plan Key already exists");
	plans = record_list(call, STORE_usageplan, NULL);
	json_append_text(wanted, view_from_text(plan_id));
	fault = usage_plan_key_fault(call, plans, key_id, wanted, &code);
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
	if (!record_exists(call, STORE_usageplankey, usage_plan_key_id(call, call_input(call, "usagePlanId"), key_id)))
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

	page_newest_first(members);
	JSON_EACH(member, members)
	{
		struct json *key = record_find(call, STORE_apikey, json_find_c_string(member, "id"));

		if (key)
			json_append(keys, key);
	}
	page_keep_prefix(keys, "name", call_input(call, "nameQuery"));
	return page_list_shown(call, keys, "id", show);
}

int op_delete_usage_plan_key(struct call *call)
{
	struct json JSON_CLEANUP *key = NULL;
	int error = member_find(call, &key);

	if (error == 0)
		drop(call, call_input(call, "usagePlanId"), call_input(call, "keyId"));
	return error;
}
