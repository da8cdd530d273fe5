/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log groups: create, describe, delete, retention; and what all operations share (groups.h). */
#include "appliance/control/logs/groups.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/authorize.h"
#include "appliance/control/logs/logs.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const struct log_name_rule log_group_name_rule = { LETTERS_AND_DIGITS "._-/#", false, "[\\.\\-_/#A-Za-z0-9]+" };
const struct log_name_rule log_stream_name_rule = { ":*", true, "[^:*]*" };

enum { NAME_MAX_CHARACTERS = 512 };

/* Most groups that DescribeLogGroups names. Source: CloudWatch Logs API Reference, DescribeLogGroups. */
enum { IDENTIFIERS_MAX = 50 };

/* ---- judging ---- */

int log_violation(struct call *call, struct view value, const char *member, const char *constraint)
{
	return call_fail(call, "InvalidParameterException",
		"1 validation error detected: Value '" VIEW_FMT "' at '%s' failed to satisfy constraint: %s",
		VIEW_ARG(value), member, constraint);
}

int log_name_check(struct call *call, const char *member, const struct log_name_rule *rule)
{
	const char *name = call_input(call, member);
	size_t length, fitting;

	if (!name)
		return 0;
	length = strlen(name);
	if (length == 0)
		return log_violation(call, view_of(""), member, "Member must have length greater than or equal to 1");
	if (length > NAME_MAX_CHARACTERS)
		return log_violation(
			call, view_from_text(name), member, "Member must have length less than or equal to 512");
	fitting = rule->forbidden ? strcspn(name, rule->characters) : strspn(name, rule->characters);
	if (fitting == length)
		return 0;
	return log_violation(call, view_from_text(name), member,
		call_text(call, "Member must satisfy regular expression pattern: %s", rule->pattern));
}

int log_integer(struct call *call, const char *member, int64_t min, int64_t max, int64_t otherwise, int64_t *ret)
{
	const struct json *value = json_find(call->input, member);
	bool is_integer;

	*ret = otherwise;
	if (json_is_null(value))
		return 0;
	is_integer = json_integer(value, INT64_MIN, INT64_MAX, ret) == 0;
	if (is_integer && *ret >= min && *ret <= max)
		return 0;
	if (!is_integer || *ret > max)
		return log_violation(call, json_number_text(value), member,
			call_text(call, "Member must have value less than or equal to %lld", (long long)max));
	return log_violation(call, json_number_text(value), member,
		call_text(call, "Member must have value greater than or equal to %lld", (long long)min));
}

int log_events_fail(struct call *call, int error)
{
	/* Full or read-only disks and the like are told in the words that the store has for them. */
	record_error(call, error);
	return error;
}

int log_events_check(struct call *call)
{
	if (call->control->logs.events)
		return 0;
	return call_fail(call, "ServiceUnavailableException", "The service cannot complete the request.");
}

/* ---- finding ---- */

struct view log_group_key(const struct json *group)
{
	return json_find_text(json_find(group, "postern"), "key");
}

const char *log_group_arn(struct call *call, struct view name)
{
	return call_text(call, "arn:aws:logs:%s:%s:log-group:" VIEW_FMT, control_region(call->control),
		control_account(call->control), VIEW_ARG(name));
}

/* The name in an ARN of ours, with or without ":*"; NULL if it is none. */
static const char *name_in_arn(struct call *call, const char *arn)
{
	const char *start = log_group_arn(call, view_of(""));
	struct view rest;

	if (strncmp(arn, start, strlen(start)) != 0)
		return NULL;
	rest = view_from_text(arn + strlen(start));
	if (view_ends_with(rest, view_of(":*")))
		rest = view_part(rest, 0, rest.count - 2);
	return call_text_of(call, rest);
}

/* The name that an identifier stands for: itself, or within an ARN. Empty if that is none of ours. */
static const char *name_of(struct call *call, const char *identifier)
{
	const char *name = identifier;

	if (strncmp(identifier, "arn:", 4) == 0)
		name = name_in_arn(call, identifier);
	return name ? name : "";
}

static const char *wanted_name(struct call *call)
{
	const char *identifier = call_input(call, "logGroupIdentifier");

	if (call_input(call, "logGroupName"))
		return call_input(call, "logGroupName");
	if (!identifier)
		identifier = call_input(call, "resourceArn");
	return identifier ? name_of(call, identifier) : NULL;
}

int log_group_find(struct call *call, struct json **ret)
{
	const char *name;

	*ret = NULL;
	if (log_name_check(call, "logGroupName", &log_group_name_rule) < 0)
		return CALL_FAILED;
	if (call_input_has(call, "logGroupName") && call_input_has(call, "logGroupIdentifier"))
		return call_fail(call, "InvalidParameterException",
			"LogGroupName and LogGroupIdentifier cannot be specified at the same time.");
	name = wanted_name(call);
	if (!name)
		return call_fail(call, "InvalidParameterException",
			"Either LogGroupName or LogGroupIdentifier must be specified.");
	*ret = record_find(call, STORE_loggroup, name);
	if (*ret)
		return 0;
	return call_fail(call, "ResourceNotFoundException", "The specified log group does not exist.");
}

int log_group_find_events(struct call *call, struct json **ret)
{
	int error = log_group_find(call, ret);

	if (error == 0)
		error = log_events_check(call);
	if (error == 0)
		logs_take_lines(call->control);
	return error;
}

int log_stream_find(struct call *call, const struct json *group, int64_t *ret_id)
{
	int error;

	if (log_name_check(call, "logStreamName", &log_stream_name_rule) < 0)
		return CALL_FAILED;
	error = log_events_find_stream(call->control->logs.events, log_group_key(group),
		view_from_text(call_input(call, "logStreamName")), ret_id);
	if (error == -ENOENT)
		return call_fail(call, "ResourceNotFoundException", "The specified log stream does not exist.");
	return error < 0 ? log_events_fail(call, error) : 0;
}

void log_group_put(struct call *call, const struct json *group)
{
	record_put(call, STORE_loggroup, json_find_c_string(group, "logGroupName"), NULL, group);
}

/* ---- operations ---- */

int op_create_log_group(struct call *call)
{
	struct json JSON_CLEANUP *group = json_object_new();
	char key[LOG_GROUP_KEY_BYTES + 1] = "";

	if (log_name_check(call, "logGroupName", &log_group_name_rule) < 0)
		return CALL_FAILED;
	if (record_exists(call, STORE_loggroup, call_input(call, "logGroupName")))
		return call_fail(call, "ResourceAlreadyExistsException", "The specified log group already exists");
	if (record_count(call, STORE_loggroup) >= LOG_GROUPS_MAX)
		return call_fail(call, "LimitExceededException", "Resource limit exceeded.");
	call_take(call, group, "logGroupName", "kmsKeyId", "deletionProtectionEnabled", NULL);
	json_set_integer(group, "creationTime", (int64_t)call->request.received_wall_ms);
	json_set_c_string(group, "logGroupClass",
		call_input(call, "logGroupClass") ? call_input(call, "logGroupClass") : "STANDARD");
	if (log_tags_merge(call, group) < 0)
		return CALL_FAILED;
	/* Source: CreateLogGroup: who makes a group with tags needs the permission to tag it. */
	if (json_count(json_find(call->input, "tags")) &&
		authorize_action(call, "logs:TagResource",
			view_from_text(log_group_arn(call, json_find_text(group, "logGroupName")))) < 0)
		return CALL_FAILED;
	random_lower_alnum(key, LOG_GROUP_KEY_BYTES);
	json_set_c_string(json_ensure_object(group, "postern"), "key", key);
	log_group_put(call, group);
	return 0;
}

int op_delete_log_group(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	int error = log_group_find(call, &group);

	if (error < 0)
		return error;
	if (json_find_bool(group, "deletionProtectionEnabled", false))
		return call_fail(call, "ValidationException",
			"The log group cannot be deleted: deletion protection is enabled.");
	record_delete(call, STORE_loggroup, json_find_c_string(group, "logGroupName"));
	/* Its events are unreachable from now on; they go when there is time. */
	call->control->logs.keep_ms = 0;
	return 0;
}

int op_put_log_group_deletion_protection(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	int error = log_group_find(call, &group);

	if (error < 0)
		return error;
	call_take(call, group, "deletionProtectionEnabled", NULL);
	log_group_put(call, group);
	return 0;
}

static struct json *shown(struct call *call, const struct json *group)
{
	struct view name = json_find_text(group, "logGroupName");
	const char *arn = log_group_arn(call, name);
	struct json *row = json_copy(group);
	int64_t bytes = log_events_bytes(call->control->logs.events, log_group_key(group));

	(void)json_remove(row, "postern");
	(void)json_remove(row, "tags");
	json_set_integer(row, "metricFilterCount", 0);
	json_set_c_string(row, "arn", call_text(call, "%s:*", arn));
	json_set_c_string(row, "logGroupArn", arn);
	json_set_integer(row, "storedBytes", bytes < 0 ? 0 : bytes);
	return row;
}

/* The names that are asked for, each found out once. */
static int resolve_identifiers(struct call *call, struct json *names)
{
	const struct json *identifiers = json_find(call->input, "logGroupIdentifiers");

	if (json_count(identifiers) > IDENTIFIERS_MAX)
		return log_violation(
			call, view_of("[]"), "logGroupIdentifiers", "Member must have length less than or equal to 50");
	JSON_EACH(identifier, identifiers)
	json_append(names, json_text_new_c(json_c_string(identifier) ? name_of(call, json_c_string(identifier)) : ""));
	return 0;
}

/* `names`: one of them, unless there are none. */
static bool is_described(struct call *call, const struct json *group, const struct json *names)
{
	struct view name = json_find_text(group, "logGroupName");
	const char *prefix = call_input(call, "logGroupNamePrefix"), *part = call_input(call, "logGroupNamePattern");
	const char *class = call_input(call, "logGroupClass");
	bool is_named = json_count(names) == 0;

	if (class && !view_equals_text(json_find_text(group, "logGroupClass"), class))
		return false;
	JSON_EACH(wanted, names)
	is_named = is_named || view_equals(name, json_text(wanted));
	if (!is_named)
		return false;
	if (part)
		return memmem(name.at, name.count, part, strlen(part)) != NULL;
	return !prefix || view_starts_with(name, view_from_text(prefix));
}

int op_describe_log_groups(struct call *call)
{
	struct json JSON_CLEANUP *all = NULL, *names = json_array_new();
	struct json *rows = json_ensure_array(call->output, "logGroups");
	const char *after = call_input(call, "nextToken");
	int64_t limit;

	if (log_name_check(call, "logGroupNamePrefix", &log_group_name_rule) < 0 ||
		log_integer(call, "limit", 1, LOG_PAGE_MAX, LOG_PAGE_MAX, &limit) < 0 ||
		resolve_identifiers(call, names) < 0 || log_events_check(call) < 0)
		return CALL_FAILED;
	if (call_input_has(call, "logGroupNamePrefix") && call_input_has(call, "logGroupNamePattern"))
		return call_fail(call, "InvalidParameterException",
			"LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
	logs_take_lines(call->control);
	all = record_list(call, STORE_loggroup, NULL);
	/* Records come in order of their names, and the token is the last one shown. */
	JSON_EACH(group, all)
	{
		const char *name = json_find_c_string(group, "logGroupName");

		if (!is_described(call, group, names) || (after && strcmp(name, after) <= 0))
			continue;
		if (json_count(rows) == (size_t)limit) {
			json_set(call->output, "nextToken",
				json_copy(json_find(json_at(rows, json_count(rows) - 1), "logGroupName")));
			break;
		}
		json_append(rows, shown(call, group));
	}
	return 0;
}

/* ---- retention ---- */

#define RETENTION_DAYS                                                                                                 \
	"1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"

int op_put_retention_policy(struct call *call)
{
	const struct json *wanted = json_find(call->input, "retentionInDays");
	struct view rest = view_of(RETENTION_DAYS), days;
	struct json JSON_CLEANUP *group = NULL;
	bool known = false;
	int64_t number;

	while (view_split(&rest, ',', &days))
		known = known || view_equals(view_trim(days), json_number_text(wanted));
	if (!known)
		return log_violation(call, json_number_text(wanted), "retentionInDays",
			"Member must satisfy enum value set: [" RETENTION_DAYS "]");
	if (log_group_find(call, &group) < 0 || log_integer(call, "retentionInDays", 1, INT64_MAX, 1, &number) < 0)
		return CALL_FAILED;
	json_set_integer(group, "retentionInDays", number);
	log_group_put(call, group);
	call->control->logs.keep_ms = 0;
	return 0;
}

int op_delete_retention_policy(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	int error = log_group_find(call, &group);

	if (error < 0)
		return error;
	(void)json_remove(group, "retentionInDays");
	log_group_put(call, group);
	return 0;
}
