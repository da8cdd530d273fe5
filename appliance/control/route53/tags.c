/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Route 53: tags of hosted zones, and their comment: what tools that keep zones in a wished state read and write. */
#include <string.h>

#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/route53/zones.h"

/* Source: Route 53 API Reference, ChangeTagsForResource: 10 tags to add or remove; AWS's 50 tags a resource. */
enum { TAGS_MAX = 50, CHANGED_MAX = 10, KEY_MAX_BYTES = 128, VALUE_MAX_BYTES = 256 };

/* The zone that ResourceType and ResourceId name. There are no health checks. */
static int find(struct call *call, struct json **ret)
{
	const char *id = call_input(call, "ResourceId");

	if (strcmp(call_input(call, "ResourceType"), "hostedzone") != 0)
		return call_fail(call, "NoSuchHealthCheck",
			"A health check with id %s does not exist or you are not the owner", id);
	*ret = record_find(call, STORE_hostedzone, id);
	if (*ret)
		return 0;
	return call_fail(call, "NoSuchHostedZone", "No hosted zone found with ID: %s", id);
}

static long index_of(const struct json *tags, struct view key)
{
	for (size_t i = 0; i < json_count(tags); i++)
		if (view_equals(json_find_text(json_at(tags, i), "Key"), key))
			return (long)i;
	return -1;
}

static void remove_tag(struct json *tags, struct view key)
{
	long index = index_of(tags, key);

	if (index >= 0)
		(void)json_remove_at(tags, (size_t)index);
}

static int check(struct call *call, const struct json *tag)
{
	struct view key = json_find_text(tag, "Key");

	if (key.count == 0 || key.count > KEY_MAX_BYTES || json_find_text(tag, "Value").count > VALUE_MAX_BYTES ||
		view_starts_with_ignore_case(key, view_of("aws:")))
		return call_fail(call, "InvalidInput", "The tag key or value is not valid: " VIEW_FMT, VIEW_ARG(key));
	return 0;
}

int op_change_zone_tags(struct call *call)
{
	const struct json *added = json_find(call->input, "AddTags"),
			  *removed = json_find(call->input, "RemoveTagKeys");
	struct json JSON_CLEANUP *zone = NULL;
	struct json *tags;
	int error = find(call, &zone);

	if (error < 0)
		return error;
	if (json_count(added) + json_count(removed) == 0 || json_count(added) > CHANGED_MAX ||
		json_count(removed) > CHANGED_MAX)
		return call_fail(
			call, "InvalidInput", "A request must add or remove between 1 and %d tags", CHANGED_MAX);
	tags = json_ensure_array(json_ensure_object(zone, "postern"), "tags");
	JSON_EACH(key, removed)
	remove_tag(tags, json_text(key));
	JSON_EACH(tag, added)
	{
		struct json *copy;

		if (check(call, tag) < 0)
			return CALL_FAILED;
		remove_tag(tags, json_find_text(tag, "Key"));
		copy = json_object_new();
		json_set_text(copy, "Key", json_find_text(tag, "Key"));
		json_set_text(
			copy, "Value", json_find_text(tag, "Value").at ? json_find_text(tag, "Value") : view_of(""));
		json_append(tags, copy);
	}
	if (json_count(tags) > TAGS_MAX)
		return call_fail(call, "InvalidInput", "A resource can have at most %d tags", TAGS_MAX);
	record_put(call, STORE_hostedzone, call_input(call, "ResourceId"), NULL, zone);
	return 0;
}

int op_list_zone_tags(struct call *call)
{
	const struct json *tags;
	struct json JSON_CLEANUP *zone = NULL;
	struct json *set;
	int error = find(call, &zone);

	if (error < 0)
		return error;
	set = json_ensure_object(call->output, "ResourceTagSet");
	json_set_c_string(set, "ResourceType", call_input(call, "ResourceType"));
	json_set_c_string(set, "ResourceId", call_input(call, "ResourceId"));
	tags = json_find_path(zone, "postern", "tags", NULL);
	json_set(set, "Tags", tags ? json_copy(tags) : json_array_new());
	return 0;
}

int op_update_zone_comment(struct call *call)
{
	const char *comment = call_input(call, "Comment");
	struct json JSON_CLEANUP *zone = NULL;
	struct json *shown;
	int error = zone_find(call, &zone);

	if (error < 0)
		return error;
	if (comment && *comment)
		json_set_c_string(json_ensure_object(zone, "Config"), "Comment", comment);
	else
		(void)json_remove(json_find(zone, "Config"), "Comment");
	record_put(call, STORE_hostedzone, zone_id(call), NULL, zone);
	shown = json_copy(zone);
	(void)json_remove(shown, "VPCs");
	(void)json_remove(shown, "postern");
	json_set(call->output, "HostedZone", shown);
	return 0;
}
