/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Resource Groups Tagging API. Source: Resource Groups Tagging API Reference. */
#include <errno.h>
#include <string.h>

#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/tagging/resources.h"

/* Source: as above: GetResources, GetTagKeys, TagResources. */
enum {
	RESOURCES_PER_PAGE = 50,
	RESOURCES_PER_PAGE_MAX = 100,
	TAGS_PER_PAGE_MIN = 100,
	TAGS_PER_PAGE_MAX = 500,
	FILTERS_MAX = 50,
	VALUES_MAX = 20,
	ARNS_WANTED_MAX = 100,
	ARNS_CHANGED_MAX = 20,
	TAGS_MAX = TAGGING_TAGS_MAX,
	NAMES_PER_PAGE = 1000
};

static int invalid(struct call *call, const char *why)
{
	return call_fail(call, "InvalidParameterException", "%s", why);
}

/* ---- GetResources ---- */

static bool has_text(const struct json *list, struct view text)
{
	JSON_EACH(item, list)
	if (view_equals(json_text(item), text))
		return true;
	return false;
}

/* "apigateway" and "restapis" of arn:aws:apigateway:us-east-1::/restapis/abc. */
static void take_type(struct view arn, struct view *ret_service, struct view *ret_type)
{
	struct view rest = arn, part = { 0 };
	size_t count = 0;

	*ret_service = (struct view){ 0 };
	for (unsigned i = 0; i < 5; i++) {
		(void)view_split(&rest, ':', &part);
		if (i == 2)
			*ret_service = part;
	}
	if (rest.count && rest.at[0] == '/')
		rest = view_after(rest, 1);
	while (count < rest.count && rest.at[count] != '/' && rest.at[count] != ':')
		count++;
	*ret_type = view_part(rest, 0, count);
}

/* "ec2" or "ec2:vpc-endpoint". */
static bool type_fits(const struct json *filters, struct view arn)
{
	struct view service, type, wanted_service, wanted_type;

	if (json_count(filters) == 0)
		return true;
	take_type(arn, &service, &type);
	JSON_EACH(filter, filters)
	{
		if (!view_cut(json_text(filter), ':', &wanted_service, &wanted_type)) {
			wanted_service = json_text(filter);
			wanted_type = type;
		}
		if (wanted_type.count && wanted_type.at[0] == '/')
			wanted_type = view_after(wanted_type, 1);
		if (view_equals(service, wanted_service) && view_equals(type, wanted_type))
			return true;
	}
	return false;
}

static bool tag_fits(const struct json *tags, const struct json *filter)
{
	const struct json *values = json_find(filter, "Values");

	JSON_EACH(tag, tags)
	if (view_equals(json_find_text(tag, "Key"), json_find_text(filter, "Key")))
		return json_count(values) == 0 || has_text(values, json_find_text(tag, "Value"));
	return false;
}

static bool is_wanted(const struct call *call, const struct json *row)
{
	const struct json *arns = json_find(call->input, "ResourceARNList");

	if (json_count(arns) && !has_text(arns, json_find_text(row, "ResourceARN")))
		return false;
	if (!type_fits(json_find(call->input, "ResourceTypeFilters"), json_find_text(row, "ResourceARN")))
		return false;
	JSON_EACH(filter, json_find(call->input, "TagFilters"))
	if (!tag_fits(json_find(row, "Tags"), filter))
		return false;
	return true;
}

static int check_wish(struct call *call, int64_t resources, int64_t tags)
{
	const struct json *filters = json_find(call->input, "TagFilters");
	const struct json *arns = json_find(call->input, "ResourceARNList");

	if (resources < 1 || resources > RESOURCES_PER_PAGE_MAX)
		return invalid(call, "ResourcesPerPage must be between 1 and 100");
	if (tags < TAGS_PER_PAGE_MIN || tags > TAGS_PER_PAGE_MAX)
		return invalid(call, "TagsPerPage must be between 100 and 500");
	if (json_count(filters) > FILTERS_MAX)
		return invalid(call, "TagFilters can have at most 50 items");
	if (json_count(arns) > ARNS_WANTED_MAX)
		return invalid(call, "ResourceARNList can have at most 100 items");
	if (json_count(arns) &&
		(json_count(filters) || json_count(json_find(call->input, "ResourceTypeFilters")) ||
			call_input_has(call, "ResourcesPerPage") || call_input_has(call, "TagsPerPage")))
		return invalid(call, "ResourceARNList cannot be combined with filters or page sizes");
	JSON_EACH(filter, filters)
	if (json_find_text(filter, "Key").count == 0 || json_count(json_find(filter, "Values")) > VALUES_MAX)
		return invalid(call, "A filter has a Key, and at most 20 Values");
	return 0;
}

int op_get_tagged_resources(struct call *call)
{
	struct json JSON_CLEANUP *all = NULL;
	struct json *rows = json_ensure_array(call->output, "ResourceTagMappingList");
	int64_t resources = json_find_integer(call->input, "ResourcesPerPage",
		json_count(json_find(call->input, "ResourceARNList")) ? ARNS_WANTED_MAX : RESOURCES_PER_PAGE);
	int64_t tags = json_find_integer(call->input, "TagsPerPage", TAGS_PER_PAGE_MAX), tag_count = 0;
	struct view after = json_find_text(call->input, "PaginationToken");
	bool behind = after.count == 0;

	json_set_c_string(call->output, "PaginationToken", "");
	if (check_wish(call, resources, tags) < 0)
		return CALL_FAILED;
	all = tagging_list(call);
	/* In order of ARNs; the token is the last one shown, which may be gone by now. */
	JSON_EACH(row, all)
	{
		struct view arn = json_find_text(row, "ResourceARN");

		behind = behind ||
			 strcmp(json_find_c_string(row, "ResourceARN"), call_input(call, "PaginationToken")) > 0;
		if (!behind || !is_wanted(call, row))
			continue;
		tag_count += (int64_t)json_count(json_find(row, "Tags"));
		if (json_count(rows) == (size_t)resources || (json_count(rows) && tag_count > tags)) {
			json_set_text(call->output, "PaginationToken", after);
			break;
		}
		json_append(rows, json_copy(row));
		after = arn;
	}
	return 0;
}

/* ---- GetTagKeys, GetTagValues ---- */

static int compare_texts(const struct json *left, const struct json *right)
{
	return strcmp(json_c_string(left), json_c_string(right));
}

/* The page of names that is asked for, each once, in order. */
static void answer_names(struct call *call, struct json *names, const char *member)
{
	struct json *list = json_ensure_array(call->output, member);
	const char *after = call_input(call, "PaginationToken");
	struct view last = { 0 };

	json_sort(names, compare_texts);
	json_set_c_string(call->output, "PaginationToken", "");
	JSON_EACH(name, names)
	{
		if ((after && *after && strcmp(json_c_string(name), after) <= 0) ||
			(last.at && view_equals(last, json_text(name))))
			continue;
		if (json_count(list) == NAMES_PER_PAGE) {
			json_set_text(call->output, "PaginationToken", last);
			break;
		}
		last = json_text(name);
		json_append_text(list, last);
	}
}

/* Keys of all tags, or the values of one key. */
static void gather(struct call *call, struct view key, const char *member)
{
	struct json JSON_CLEANUP *all = tagging_list(call), *names = json_array_new();

	JSON_EACH(row, all)
	JSON_EACH(tag, json_find(row, "Tags"))
	if (!key.at)
		json_append_text(names, json_find_text(tag, "Key"));
	else if (view_equals(json_find_text(tag, "Key"), key))
		json_append_text(names, json_find_text(tag, "Value"));
	answer_names(call, names, member);
}

int op_get_tag_keys(struct call *call)
{
	gather(call, (struct view){ 0 }, "TagKeys");
	return 0;
}

int op_get_tag_values(struct call *call)
{
	gather(call, json_find_text(call->input, "Key"), "TagValues");
	return 0;
}

/* ---- TagResources, UntagResources ---- */

static void note_failure(struct call *call, struct view arn, const char *why)
{
	struct json *failed = json_ensure_object(call->output, "FailedResourcesMap"), *row = json_object_new();

	json_set_integer(row, "StatusCode", 400);
	json_set_c_string(row, "ErrorCode", "InvalidParameterException");
	json_set_c_string(row, "ErrorMessage", why);
	json_set_view(failed, arn, row);
}

static int change(struct call *call, const struct json *tags, const struct json *keys)
{
	const struct json *arns = json_find(call->input, "ResourceARNList");

	json_set(call->output, "FailedResourcesMap", json_object_new());
	if (json_count(arns) == 0 || json_count(arns) > ARNS_CHANGED_MAX)
		return invalid(call, "ResourceARNList has 1 to 20 items");
	JSON_EACH(arn, arns)
	{
		int error = tagging_change(call, json_text(arn), tags, keys);

		if (error == -E2BIG)
			note_failure(call, json_text(arn), "A resource can have at most 50 tags");
		else if (error == -ENOENT)
			note_failure(call, json_text(arn), "There is no such resource");
		else if (error < 0)
			return error;
	}
	return 0;
}

int op_tag_resources(struct call *call)
{
	const struct json *tags = json_find(call->input, "Tags");

	if (json_count(tags) == 0 || json_count(tags) > TAGS_MAX)
		return invalid(call, "Tags has 1 to 50 items");
	JSON_EACH(tag, tags)
	{
		if (!tagging_fits(json_name(tag), json_text(tag)))
			return invalid(call, call_text(call, "Invalid tag: " VIEW_FMT, VIEW_ARG(json_name(tag))));
	}
	return change(call, tags, NULL);
}

int op_untag_resources(struct call *call)
{
	const struct json *keys = json_find(call->input, "TagKeys");

	if (json_count(keys) == 0 || json_count(keys) > TAGS_MAX)
		return invalid(call, "TagKeys has 1 to 50 items");
	return change(call, NULL, keys);
}
