/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/resource_tags.h"

#include "appliance/base/assert.h"
#include "appliance/control/records.h"
#include "appliance/wire/uri.h"

#define ARN_START "arn:aws:apigateway:"

static void merge_of(struct call *call, enum store_kind kind, const char *id, struct json *ret)
{
	struct json JSON_CLEANUP *record = record_find(call, kind, id);

	json_merge(ret, json_find(record, "tags"));
}

/* A segment of the path as it is in the store. */
static const char *plain(struct call *call, struct view segment)
{
	char *room = arena_alloc_zero(&call->arena, segment.count + 1);

	/* Lenient decoding takes every text. */
	ASSERT(room && uri_decode(room, segment, false, true) >= 0);
	return room;
}

/* What follows "arn:aws:apigateway:region:account:/", with the account, or NULL. */
static bool find_path(struct view arn, struct view *ret_path)
{
	struct view region, account, rest;

	if (!view_starts_with(arn, view_of(ARN_START)))
		return false;
	return view_cut(view_after(arn, sizeof ARN_START - 1), ':', &region, &rest) &&
	       view_cut(rest, ':', &account, &rest) && view_cut(rest, '/', &account, ret_path);
}

void resource_tags(struct call *call, struct view arn, struct json *ret)
{
	static const struct {
		const char *collection;
		enum store_kind kind;
	} collections[] = {
		{ "restapis", STORE_restapi },
		{ "domainnames", STORE_domainname },
		{ "apikeys", STORE_apikey },
		{ "usageplans", STORE_usageplan },
		{ "vpclinks", STORE_vpclink },
		{ "clientcertificates", STORE_clientcertificate },
	};
	struct view path, collection, id, part, name;

	if (!find_path(arn, &path) || !view_split(&path, '/', &collection) || !view_split(&path, '/', &id))
		return;
	/* The operations on tags name their resource whole, in one segment. */
	if (view_equals_text(collection, "tags")) {
		struct view tagged = view_from_text(plain(call, id));

		if (find_path(tagged, &part) && !view_starts_with(part, view_of("tags/")))
			resource_tags(call, tagged, ret);
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(collections); i++)
		if (view_equals_text(collection, collections[i].collection))
			merge_of(call, collections[i].kind, plain(call, id), ret);
	if (view_equals_text(collection, "restapis") && view_split(&path, '/', &part) &&
		view_equals_text(part, "stages") && view_split(&path, '/', &name))
		merge_of(call, STORE_stage, call_text(call, "%s/%s", plain(call, id), plain(call, name)), ret);
}
