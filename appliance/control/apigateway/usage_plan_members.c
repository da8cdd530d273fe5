/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/usage_plan_members.h"

#include "appliance/base/assert.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* The id of the record says it all: "plan id/key id". */
static int add_record(void *context, const struct store_record *record)
{
	struct view plan_id, key_id;

	if (view_cut(view_from_text(record->id), '/', &plan_id, &key_id))
		usage_plan_members_add(context, plan_id, key_id);
	return 0;
}

void usage_plan_members_init(struct usage_plan_members *members, struct call *call)
{
	members->lists = json_object_new();
	table_init(&members->by_key);
	record_error(call, store_each(call->control->store, STORE_usageplankey, NULL, add_record, members));
}

void usage_plan_members_fini(struct usage_plan_members *members)
{
	table_fini(&members->by_key);
	json_free(members->lists);
}

const struct json *usage_plan_members_of(const struct usage_plan_members *members, const char *key_id)
{
	return table_find(&members->by_key, view_from_text(key_id));
}

void usage_plan_members_add(struct usage_plan_members *members, struct view plan_id, struct view key_id)
{
	struct json *list = table_find(&members->by_key, key_id);

	if (!list) {
		list = json_array_new();
		json_add_unchecked(members->lists, key_id, list);
		ASSERT(table_add(&members->by_key, json_name(list), list) == 0);
	}
	if (!json_has_text(list, plan_id))
		json_append_text(list, plan_id);
}
