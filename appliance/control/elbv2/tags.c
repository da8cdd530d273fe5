/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of load balancers, listeners and target groups. Source: ELBv2 API Reference: AddTags, RemoveTags, DescribeTags. */
#include <string.h>

#include "appliance/control/authorize.h"
#include "appliance/control/elbv2/elbv2.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

enum { TAGS_MAX = 50, KEY_MAX_CHARACTERS = 128, VALUE_MAX_CHARACTERS = 256, DESCRIBED_MAX = 20 };

static struct json *find_tag(const struct json *tags, struct view key)
{
	JSON_EACH(tag, tags)
	if (view_equals(json_find_text(tag, "Key"), key))
		return tag;
	return NULL;
}

static int check(struct call *call, const struct json *tags)
{
	JSON_EACH(tag, tags)
	{
		struct view key = json_find_text(tag, "Key"), value = json_find_text(tag, "Value");

		if (key.count == 0)
			return elbv2_violates(
				call, "", "tags.1.member.key", "Member must have length greater than or equal to 1");
		if (view_character_count(key) > KEY_MAX_CHARACTERS)
			return elbv2_violates(call, call_text_of(call, key), "tags.1.member.key",
				"Member must have length less than or equal to 128");
		if (view_character_count(value) > VALUE_MAX_CHARACTERS)
			return elbv2_violates(call, call_text_of(call, value), "tags.1.member.value",
				"Member must have length less than or equal to 256");
		if (view_starts_with_ignore_case(key, view_of("aws:")))
			return call_fail(call, "ValidationError", "Tag keys cannot start with 'aws:'");
		if (find_tag(tags, key) != tag)
			return call_fail(call, "DuplicateTagKeys", "Tag key was specified more than once: " VIEW_FMT,
				VIEW_ARG(key));
	}
	return 0;
}

static int set_tags(struct call *call, struct json *record, const struct json *tags)
{
	struct json *list = json_ensure_array(json_ensure_object(record, "postern"), "tags");

	JSON_EACH(tag, tags)
	{
		struct json *known = find_tag(list, json_find_text(tag, "Key"));

		if (!known) {
			known = json_object_new();
			json_set_text(known, "Key", json_find_text(tag, "Key"));
			json_append(list, known);
		}
		json_set_text(known, "Value", json_find_text(tag, "Value"));
	}
	if (json_count(list) > TAGS_MAX)
		return call_fail(call, "TooManyTags", "The maximum number of tags per resource has been reached");
	return 0;
}

int elbv2_take_tags(struct call *call, struct json *record, const char *arn)
{
	const struct json *tags = json_find(call->input, "Tags");

	if (json_count(tags) == 0)
		return 0;
	if (check(call, tags) < 0 || authorize_action(call, "elasticloadbalancing:AddTags", view_from_text(arn)) < 0)
		return CALL_FAILED;
	return set_tags(call, record, tags);
}

/* --- operations ------------------------------------------------------------------------------------------------------------------ */

static enum store_kind kind_of(const char *arn)
{
	if (strstr(arn, ":listener/"))
		return STORE_listener;
	return strstr(arn, ":targetgroup/") ? STORE_targetgroup : STORE_loadbalancer;
}

static void remove_tags(struct json *record, const struct json *keys)
{
	struct json *list = json_find(json_find(record, "postern"), "tags");

	for (size_t i = json_count(list); i-- > 0;)
		if (json_has_text(keys, json_find_text(json_at(list, i), "Key")))
			(void)json_remove_at(list, i);
}

static int change(struct call *call, bool removes)
{
	const struct json *tags = json_find(call->input, "Tags");

	if (!removes && check(call, tags) < 0)
		return CALL_FAILED;
	JSON_EACH(item, json_find(call->input, "ResourceArns"))
	{
		const char *arn = json_c_string(item);
		struct json JSON_CLEANUP *record = NULL;
		int error = elbv2_find(call, kind_of(arn), arn, &record);

		if (error == 0 && removes)
			remove_tags(record, json_find(call->input, "TagKeys"));
		else if (error == 0)
			error = set_tags(call, record, tags);
		if (error < 0)
			return error;
		elbv2_put(call, kind_of(arn), record);
	}
	return 0;
}

int op_elbv2_add_tags(struct call *call)
{
	return change(call, false);
}

int op_elbv2_remove_tags(struct call *call)
{
	return change(call, true);
}

int op_elbv2_describe_tags(struct call *call)
{
	const struct json *arns = json_find(call->input, "ResourceArns");
	struct json *list = json_ensure_array(call->output, "TagDescriptions");

	if (json_count(arns) > DESCRIBED_MAX)
		return call_fail(call, "ValidationError", "Cannot have more than %d resources described. Given: %zu",
			DESCRIBED_MAX, json_count(arns));
	JSON_EACH(item, arns)
	{
		const char *arn = json_c_string(item);
		struct json JSON_CLEANUP *record = NULL;
		struct json *shown;
		const struct json *tags;

		if (elbv2_find(call, kind_of(arn), arn, &record) < 0)
			return CALL_FAILED;
		tags = json_find(json_find(record, "postern"), "tags");
		shown = json_object_new();
		json_set_c_string(shown, "ResourceArn", arn);
		json_set(shown, "Tags", tags ? json_copy(tags) : json_array_new());
		json_append(list, shown);
	}
	return 0;
}
