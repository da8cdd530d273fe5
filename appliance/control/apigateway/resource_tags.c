/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/resource_tags.h"

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/wire/uri.h"

#define ARN_START "arn:aws:apigateway:"

static void merge_of(struct call *call, struct view arn, struct json *ret)
{
	struct json JSON_CLEANUP *record = tags_find_record(call, call_text_of(call, arn));

	json_merge(ret, json_find(record, "tags"));
}

/* The ARN up to the end of that many segments of its path; the whole of it if it has fewer. */
static struct view cut_behind(struct view arn, size_t start, size_t segment_count)
{
	for (size_t i = start; i < arn.count; i++)
		if (arn.at[i] == '/' && segment_count-- == 0)
			return view_part(arn, 0, i);
	return arn;
}

/* The operations on tags name their resource whole, in one segment. */
static void merge_of_tagged(struct call *call, struct view encoded, struct json *ret)
{
	char *arn = arena_alloc_zero(&call->arena, encoded.count + 1);

	/* Lenient decoding takes every text. */
	ASSERT(arn && uri_decode(arn, encoded, false, true) >= 0);
	merge_of(call, view_from_text(arn), ret);
}

void resource_tags(struct call *call, struct view arn, struct json *ret)
{
	size_t path = view_find(arn, view_of(":/"));
	struct view rest;

	if (!view_starts_with(arn, view_of(ARN_START)) || path == VIEW_NOWHERE)
		return;
	path += sizeof ":/" - 1;
	rest = view_after(arn, path);
	if (view_starts_with(rest, view_of("tags/"))) {
		merge_of_tagged(call, view_after(rest, sizeof "tags/" - 1), ret);
		return;
	}
	merge_of(call, cut_behind(arn, path, 1), ret);
	if (view_starts_with(rest, view_of("restapis/")) && view_find(rest, view_of("/stages/")) != VIEW_NOWHERE)
		merge_of(call, cut_behind(arn, path, 3), ret);
}
