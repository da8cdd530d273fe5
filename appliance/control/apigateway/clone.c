/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/clone.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Ids are an API's own: the copies get new ones. `is_named`: the record's key is what its user calls it, and stays. */
static const struct {
	enum store_kind kind;
	const char *id_member;
	bool is_named;
	size_t id_chars;
} parts[] = {
	{ STORE_authorizer, "id", false, 6 },
	{ STORE_requestvalidator, "id", false, 6 },
	{ STORE_model, "name", true, 0 },
	{ STORE_gatewayresponse, "responseType", true, 0 },
	{ STORE_documentationpart, "id", false, 6 },
	{ STORE_resource, "id", false, 6 },
};

/* Give each id of a kind's records that is not a name a new one in `renamed`: {old: new}. */
static void rename_all(struct call *call, struct json *renamed, const char *id, const struct json *records, size_t part)
{
	JSON_EACH(record, records)
	{
		const char *old = json_find_c_string(record, parts[part].id_member);
		bool is_root = parts[part].kind == STORE_resource && !json_find(record, "parentId");

		json_set_c_string(renamed, old,
			record_new_id(call, parts[part].kind, call_text(call, "%s/", id),
				is_root ? 10 : parts[part].id_chars));
	}
}

/* A member that holds an id gets the new one. */
static void rename_member(struct json *object, const char *member, const struct json *renamed)
{
	const struct json *new_id = json_find_view(renamed, json_find_text(object, member));

	if (json_find(object, member) && new_id)
		json_set(object, member, json_copy(new_id));
}

static void rename_references(struct json *record, const struct json *renamed)
{
	rename_member(record, "id", renamed);
	rename_member(record, "parentId", renamed);
	JSON_EACH(method, json_find(record, "resourceMethods"))
	{
		rename_member(method, "authorizerId", renamed);
		rename_member(method, "requestValidatorId", renamed);
		rename_member(json_find(method, "methodIntegration"), "cacheNamespace", renamed);
	}
}

static void copy_part(struct call *call, const char *original_id, const char *id, struct json *renamed, size_t part)
{
	struct json JSON_CLEANUP *records = record_list(call, parts[part].kind, original_id);

	if (!parts[part].is_named)
		rename_all(call, renamed, id, records, part);
	JSON_EACH(record, records)
	{
		rename_references(record, renamed);
		record_put(call, parts[part].kind,
			call_text(call, "%s/" VIEW_FMT, id, VIEW_ARG(json_find_text(record, parts[part].id_member))),
			id, record);
	}
}

int clone_api(struct call *call, const char *original_id, struct json *api)
{
	static const char *const members[] = { "binaryMediaTypes", "minimumCompressionSize", "apiKeySource" };
	struct json JSON_CLEANUP *original = record_find(call, STORE_restapi, original_id),
				 *renamed = json_object_new();
	const char *id = json_find_c_string(api, "id");

	if (!original)
		return call_fail(call, "NotFoundException", "Invalid API identifier specified %s:%s",
			control_account(call->control), original_id);
	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (!call_input_has(call, members[i]) && json_find(original, members[i]))
			json_set(api, members[i], json_copy(json_find(original, members[i])));
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		copy_part(call, original_id, id, renamed, i);
	json_set(api, "rootResourceId", json_copy(json_find_view(renamed, json_find_text(original, "rootResourceId"))));
	return 0;
}
