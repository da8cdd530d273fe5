/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ApiKey: create, read, list, change, delete; ImportApiKeys is in api_key_import.c. */
#include "appliance/control/apigateway/api_keys.h"

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/api_key_value.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: spec/control-plane.md 8.4 for names; the description's limit is what AWS's own answers show. */
enum { NAME_MAX_BYTES = 1024, DESCRIPTION_MAX_BYTES = 125000, ID_CHARS = 10 };

int api_key_find(struct call *call, const char *id, struct json **ret)
{
	return record_need(call, STORE_apikey, id, "Invalid API Key identifier specified", ret);
}

struct json *api_key_new(struct call *call)
{
	struct json *key = json_object_new();

	json_set_c_string(key, "id", record_new_id(call, STORE_apikey, "", ID_CHARS));
	json_set_bool(key, "enabled", false);
	json_set_integer(key, "createdDate", (int64_t)(call->request.received_wall_ms / 1000));
	json_set(key, "stageKeys", json_array_new());
	page_note_created(call, key);
	return key;
}

void api_key_put(struct call *call, struct json *key)
{
	json_set_integer(key, "lastUpdatedDate", (int64_t)(call->request.received_wall_ms / 1000));
	record_put(call, STORE_apikey, json_find_c_string(key, "id"), NULL, key);
}

const char *api_key_name_fault(struct view name)
{
	return name.count > NAME_MAX_BYTES ? "Invalid API Key name, can be at most 1024 characters." : NULL;
}

const char *api_key_description_fault(struct view description)
{
	return description.count > DESCRIPTION_MAX_BYTES ? "Invalid API Key description specified." : NULL;
}

/* NULL is no fault. */
static int refuse(struct call *call, const char *fault)
{
	return fault ? call_fail(call, "BadRequestException", "%s", fault) : 0;
}

/*
 * Stages that a key names itself: kept and shown, as clients of before usage plans expect. They open nothing: that is what usage
 * plans do.
 */
static int add_stage_key(struct call *call, struct json *key, const char *api_id, const char *stage)
{
	struct json *list = json_ensure_array(key, "stageKeys");
	const char *text = call_text(call, "%s/%s", api_id, stage);

	if (!record_exists(call, STORE_restapi, api_id))
		return call_fail(call, "NotFoundException", "Invalid API identifier specified %s:%s",
			control_account(call->control), api_id);
	if (!record_exists(call, STORE_stage, text))
		return call_fail(call, "NotFoundException", "Invalid stage identifier specified");
	if (patch_list_index(list, text) < 0)
		json_append_text(list, view_from_text(text));
	return 0;
}

static int take_stage_keys(struct call *call, struct json *key)
{
	JSON_EACH(item, json_find(call->input, "stageKeys"))
	{
		const char *api_id = json_find_c_string(item, "restApiId"),
			   *stage = json_find_c_string(item, "stageName");

		if (add_stage_key(call, key, api_id ? api_id : "", stage ? stage : "") < 0)
			return CALL_FAILED;
	}
	return 0;
}

struct ended {
	struct call *call;
	struct view stage; /* "api/stage", or "api/" for all of them */
	bool all;
};

static int drop_from_key(void *context, const struct store_record *record)
{
	const struct ended *ended = context;
	struct json JSON_CLEANUP *key = NULL;
	struct json *stages;

	/* Hardly a key names a stage: the others need not be parsed. */
	if (view_find(view_from(record->body, record->body_bytes), ended->stage) == VIEW_NOWHERE)
		return 0;
	key = record_find(ended->call, STORE_apikey, record->id);
	stages = json_find(key, "stageKeys");
	for (size_t i = json_count(stages); i-- > 0;) {
		struct view stage = json_text(json_at(stages, i));

		if (ended->all ? view_starts_with(stage, ended->stage) : view_equals(stage, ended->stage))
			(void)json_remove_at(stages, i);
	}
	if (key)
		record_put(ended->call, STORE_apikey, record->id, NULL, key);
	return 0;
}

void api_keys_drop_stage(struct call *call, const char *api_id, const char *stage)
{
	struct ended ended = {
		.call = call, .stage = call_view(call, "%s/%s", api_id, stage ? stage : ""), .all = !stage
	};

	record_error(call, store_each(call->control->store, STORE_apikey, NULL, drop_from_key, &ended));
}

int op_create_api_key(struct call *call)
{
	struct view value = json_find_text(call->input, "value"), name = json_find_text(call->input, "name");
	struct json JSON_CLEANUP *key = NULL, *shown = NULL;
	int error;

	if (refuse(call, api_key_name_fault(name)) < 0 ||
		refuse(call, value.count ? api_key_value_fault(value) : NULL) < 0 ||
		refuse(call, api_key_description_fault(json_find_text(call->input, "description"))) < 0)
		return CALL_FAILED;
	if (value.count == 0)
		value = api_key_value_new(call);
	if (api_key_value_owner(call, value))
		return call_fail(call, "ConflictException", "API Key already exists");
	if (quota_check(call, STORE_apikey, QUOTA_API_KEYS, "API Keys") < 0)
		return CALL_FAILED;
	key = api_key_new(call);
	call_take(call, key, "customerId", "description", "enabled", NULL);
	if (name.count)
		call_take(call, key, "name", NULL);
	if (take_stage_keys(call, key) < 0 || tags_take(call, key) < 0)
		return CALL_FAILED;
	error = api_key_value_put(call, key, value);
	if (error < 0)
		return error;
	api_key_put(call, key);
	shown = tags_shown(key, false);
	json_set_text(shown, "value", value);
	call_answer(call, shown);
	return 0;
}

int op_get_api_key(struct call *call)
{
	struct json JSON_CLEANUP *key = NULL, *shown = NULL;
	int error = api_key_find(call, call_input(call, "apiKey"), &key);

	if (error < 0)
		return error;
	shown = tags_shown(key, true);
	if (json_find_bool(call->input, "includeValue", false))
		api_key_value_show(call, shown, key);
	call_answer(call, shown);
	return 0;
}

static struct json *show_in_list(struct call *call, const struct json *key)
{
	struct json *shown = tags_shown(key, false);

	if (json_find_bool(call->input, "includeValues", false))
		api_key_value_show(call, shown, key);
	return shown;
}

int op_get_api_keys(struct call *call)
{
	struct json *keys = record_list(call, STORE_apikey, NULL);

	page_keep_prefix(keys, "name", call_input(call, "nameQuery"));
	page_keep_equal(keys, "customerId", call_input(call, "customerId"));
	return page_list_newest_first(call, keys, show_in_list);
}

/* Labels are kept and shown nowhere, as with AWS. */
static int patch_label(struct call *call, const struct patch *patch, struct json *key)
{
	(void)call;
	patch_list(json_ensure_array(json_ensure_object(key, "postern"), "labels"), patch,
		patch->value ? patch->value : "");
	return 0;
}

static int patch_stages(struct call *call, const struct patch *patch, struct json *key)
{
	struct view api_id, stage;

	if (!patch->value || !view_cut(view_from_text(patch->value), '/', &api_id, &stage))
		return call_fail(call, "BadRequestException", "Invalid stage key specified");
	if (patch->op == PATCH_ADD)
		return add_stage_key(call, key, call_text_of(call, api_id), call_text_of(call, stage));
	patch_list(json_ensure_array(key, "stageKeys"), patch, patch->value);
	return 0;
}

static int patch_name(struct call *call, const struct patch *patch, struct json *key)
{
	if (refuse(call, api_key_name_fault(view_from_text(patch->value))) < 0)
		return CALL_FAILED;
	return patch_set_text(call, patch, key);
}

static int patch_description(struct call *call, const struct patch *patch, struct json *key)
{
	if (refuse(call, api_key_description_fault(view_from_text(patch->value))) < 0)
		return CALL_FAILED;
	return patch_set_text(call, patch, key);
}

static int patch_api_key(struct call *call, const struct patch *patch, struct json *key)
{
	static const struct patch_row rows[] = {
		{ "/labels", PATCH_ON_ADD_REMOVE, patch_label },
		{ "/stages", PATCH_ON_ADD_REMOVE, patch_stages },
		{ "/description", PATCH_ON_REPLACE, patch_description },
		{ "/enabled", PATCH_ON_REPLACE, patch_set_bool },
		{ "/name", PATCH_ON_REPLACE, patch_name },
		{ "/customerId", PATCH_ON_REPLACE, patch_set_text },
	};

	return patch_by_listed_rows(call, patch, key, rows, ARRAY_COUNT(rows));
}

int op_update_api_key(struct call *call)
{
	struct json JSON_CLEANUP *key = NULL;
	int error = api_key_find(call, call_input(call, "apiKey"), &key);

	if (error == 0)
		error = patch_apply(call, key, patch_api_key);
	if (error < 0)
		return error;
	api_key_put(call, key);
	tags_answer(call, key, true);
	return 0;
}

int op_delete_api_key(struct call *call)
{
	const char *id = call_input(call, "apiKey");
	struct json JSON_CLEANUP *key = NULL;
	int error = api_key_find(call, id, &key);

	if (error < 0)
		return error;
	usage_plans_drop_key(call, id);
	api_key_value_delete(call, key);
	record_delete(call, STORE_apikey, id);
	return 0;
}
