/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EC2: tags of endpoints, security groups and their rules.
 * Source: EC2 API Reference: CreateTags, DeleteTags, TagSpecification; EC2 User Guide: Tag restrictions. Messages other than that
 * of InvalidID are unconfirmed.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/authorize.h"
#include "appliance/control/ec2/ec2.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/security_groups.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: EC2 User Guide: Tag restrictions. */
enum { TAGS_MAX = 50, KEY_MAX_CHARACTERS = 127, VALUE_MAX_CHARACTERS = 256, RESOURCES_MAX = 1000 };

static long find_key(const struct json *tags, struct view key)
{
	for (size_t i = 0; i < json_count(tags); i++)
		if (view_equals(json_find_text(json_at(tags, i), "key"), key))
			return (long)i;
	return -1;
}

static size_t characters(struct view text)
{
	size_t count = 0;

	while (text.count) {
		size_t bytes = view_utf8_character(text, NULL);

		text = view_after(text, bytes ? bytes : 1);
		count++;
	}
	return count;
}

static int check_tag(struct call *call, struct view key, struct view value)
{
	if (key.count == 0)
		return call_fail(call, "InvalidParameterValue", "Tag key cannot be empty.");
	if (characters(key) > KEY_MAX_CHARACTERS)
		return call_fail(call, "InvalidParameterValue", "Tag key exceeds the maximum length of %d characters",
			KEY_MAX_CHARACTERS);
	if (characters(value) > VALUE_MAX_CHARACTERS)
		return call_fail(call, "InvalidParameterValue", "Tag value exceeds the maximum length of %d characters",
			VALUE_MAX_CHARACTERS);
	if (view_starts_with(key, view_of("aws:")))
		return call_fail(
			call, "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
	return 0;
}

/* Set a tag, in its place if the key is known. */
static int set_tag(struct call *call, struct json *tags, const struct json *tag)
{
	struct view key = json_find_text(tag, "Key"), value = json_find_text(tag, "Value");
	long index = find_key(tags, key);
	struct json *entry;

	if (check_tag(call, key, value) < 0)
		return CALL_FAILED;
	if (index < 0 && json_count(tags) == TAGS_MAX)
		return call_fail(
			call, "TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
	if (index < 0) {
		entry = json_object_new();
		json_set_text(entry, "key", key);
		json_append(tags, entry);
	} else {
		entry = json_at(tags, (size_t)index);
	}
	json_set_text(entry, "value", value);
	return 0;
}

/* To make something with tags is to tag it, too: it has no id yet. */
static int authorize_tags(struct call *call, const struct json *tags, const char *resource_type)
{
	if (json_count(tags) == 0)
		return 0;
	return authorize_action(call, "ec2:CreateTags",
		call_view(call, "arn:aws:ec2:%s:%s:%s/*", control_region(call->control), control_account(call->control),
			resource_type));
}

struct json *ec2_take_tags(struct call *call, const char *resource_type)
{
	struct json *tags = json_array_new();

	JSON_EACH(specification, json_find(call->input, "TagSpecification"))
	{
		struct view type = json_find_text(specification, "ResourceType");
		int error = 0;

		if (!view_equals_text(type, resource_type))
			error = call_fail(call, "InvalidParameterValue",
				"'" VIEW_FMT "' is not a valid taggable resource type for this operation.",
				VIEW_ARG(type));
		JSON_EACH(tag, json_find(specification, "Tag"))
		if (error == 0 && find_key(tags, json_find_text(tag, "Key")) >= 0)
			error = call_fail(call, "InvalidParameterValue", "Duplicate tag key '" VIEW_FMT "' specified.",
				VIEW_ARG(json_find_text(tag, "Key")));
		else if (error == 0)
			error = set_tag(call, tags, tag);
		if (error < 0) {
			json_free(tags);
			return NULL;
		}
	}
	if (authorize_tags(call, tags, resource_type) < 0) {
		json_free(tags);
		return NULL;
	}
	return tags;
}

/* --- CreateTags, DeleteTags ------------------------------------------------------------------------------------------------------- */

struct tagged {
	struct json *record; /* owned */
	struct json *holder; /* what has the tagSet: the record, or a rule in it */
	bool is_endpoint;
};

static int find_rule(struct call *call, const char *id, struct tagged *ret)
{
	struct json JSON_CLEANUP *groups = security_group_list(call);

	for (size_t i = 0; i < json_count(groups); i++)
		JSON_EACH(rule, json_find(json_at(groups, i), "securityGroupRuleSet"))
	if (view_equals_text(json_find_text(rule, "securityGroupRuleId"), id)) {
		*ret = (struct tagged){ .record = json_take_at(groups, i), .holder = rule };
		return 0;
	}
	return call_fail(
		call, "InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id);
}

static int find_tagged(struct call *call, const char *id, struct tagged *ret)
{
	*ret = (struct tagged){ .record = NULL };
	if (id && strncmp(id, "sgr-", 4) == 0)
		return find_rule(call, id, ret);
	if (id && strncmp(id, "sg-", 3) == 0) {
		int error = ec2_find_group(call, id, &ret->record);

		ret->holder = ret->record;
		return error;
	}
	if (!id || strncmp(id, "vpce-", 5) != 0)
		return call_fail(call, "InvalidID", "The ID '%s' is not valid", id ? id : "");
	ret->is_endpoint = true;
	ret->holder = ret->record = record_find(call, STORE_vpcendpoint, id);
	if (ret->record)
		return 0;
	return call_fail(call, "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id);
}

static void put_tagged(struct call *call, const struct tagged *tagged)
{
	if (tagged->is_endpoint)
		record_put(call, STORE_vpcendpoint, json_find_c_string(tagged->record, "vpcEndpointId"), NULL,
			tagged->record);
	else
		security_group_put(call, tagged->record);
}

/* Without a value the key alone decides; an empty value is a value. Without tags all go. */
static void remove_tags(struct json *tags, const struct json *unwanted)
{
	for (size_t i = json_count(tags); i-- > 0;) {
		bool goes = json_count(unwanted) == 0;

		JSON_EACH(tag, unwanted)
		goes = goes ||
		       (view_equals(json_find_text(tag, "Key"), json_find_text(json_at(tags, i), "key")) &&
			       (!json_find(tag, "Value") || view_equals(json_find_text(tag, "Value"),
								    json_find_text(json_at(tags, i), "value"))));
		if (goes)
			(void)json_remove_at(tags, i);
	}
}

static int change_tags(struct call *call, bool removes)
{
	const struct json *ids = json_find(call->input, "ResourceId"), *tags = json_find(call->input, "Tag");

	if (json_count(ids) > RESOURCES_MAX)
		return call_fail(
			call, "InvalidParameterValue", "The maximum number of resources is %d.", RESOURCES_MAX);
	JSON_EACH(id, ids)
	{
		struct tagged tagged;
		int error = find_tagged(call, json_c_string(id), &tagged);
		struct json *set = error == 0 ? json_ensure_array(tagged.holder, "tagSet") : NULL;

		if (removes)
			remove_tags(set, tags);
		JSON_EACH(tag, removes ? NULL : tags)
		if (error == 0)
			error = set_tag(call, set, tag);
		if (error == 0)
			put_tagged(call, &tagged);
		json_free(tagged.record);
		if (error < 0)
			return error;
	}
	if (ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	json_set_bool(call->output, "return", true);
	return 0;
}

int op_create_tags(struct call *call)
{
	return change_tags(call, false);
}

int op_delete_tags(struct call *call)
{
	return change_tags(call, true);
}
