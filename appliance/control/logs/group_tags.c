/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of log groups, by ARN and by the older operations by name. */
#include <string.h>

#include "appliance/control/logs/groups.h"
#include "appliance/control/operations.h"
#include "appliance/control/tagging/resources.h"

/* Source: CloudWatch Logs API Reference, TagResource. */
enum { TAGS_MAX = 50 };

int log_tags_merge(struct call *call, struct json *group)
{
	const struct json *tags = json_find(call->input, "tags");
	struct json *own = json_ensure_object(group, "tags");

	JSON_EACH(tag, tags)
	if (!tagging_fits(json_name(tag), json_text(tag)))
		return call_fail(call, "InvalidParameterException", "Invalid tag: " VIEW_FMT, VIEW_ARG(json_name(tag)));
	json_merge(own, tags);
	if (json_count(own) > TAGS_MAX)
		return call_fail(call, "TooManyTagsException", "A resource can have no more than %d tags.", TAGS_MAX);
	return 0;
}

static int add(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;

	if (log_group_find(call, &group) < 0 || log_tags_merge(call, group) < 0)
		return CALL_FAILED;
	log_group_put(call, group);
	return 0;
}

static int take_away(struct call *call, const char *keys)
{
	struct json JSON_CLEANUP *group = NULL;
	int error = log_group_find(call, &group);

	if (error < 0)
		return error;
	JSON_EACH(key, json_find(call->input, keys))
	(void)json_remove_view(json_ensure_object(group, "tags"), json_text(key));
	log_group_put(call, group);
	return 0;
}

static int list(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	int error = log_group_find(call, &group);

	if (error == 0)
		json_set(call->output, "tags", json_copy(json_ensure_object(group, "tags")));
	return error;
}

int op_tag_log_resource(struct call *call)
{
	return add(call);
}

int op_tag_log_group(struct call *call)
{
	return add(call);
}

int op_untag_log_resource(struct call *call)
{
	return take_away(call, "tagKeys");
}

int op_untag_log_group(struct call *call)
{
	return take_away(call, "tags");
}

int op_list_tags_for_log_resource(struct call *call)
{
	return list(call);
}

int op_list_tags_log_group(struct call *call)
{
	return list(call);
}
