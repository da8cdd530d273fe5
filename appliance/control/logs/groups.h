/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * groups: what the operations of CloudWatch Logs share: finding groups and streams with AWS's refusals, pages, judging names.
 *
 * Threads: the operations thread. Source: CloudWatch Logs API Reference.
 */
#ifndef POSTERN_CONTROL_LOG_GROUPS_H
#define POSTERN_CONTROL_LOG_GROUPS_H

#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/log_events.h"

/* A group's key in the database of events: lower-case letters and digits. */
#define LOG_GROUP_KEY_BYTES 24

/* Postern's own limits: AWS's are a million groups and any number of streams. */
#define LOG_GROUPS_MAX 10000
#define LOG_STREAMS_MAX 10000

/* Source: DescribeLogGroups, DescribeLogStreams. */
#define LOG_PAGE_MAX 50

/* The key in a group's record. */
struct view log_group_key(const struct json *group);

/*
 * The group that logGroupName names, or logGroupIdentifier (a name or an ARN), or resourceArn: its record, the caller's to free. 0 or
 * CALL_FAILED, with `*ret` NULL.
 */
int log_group_find(struct call *call, struct json **ret);

/* The same for the operations that go on with its events: 503 if there is no database of them now. Lines that wait are fetched. */
int log_group_find_events(struct call *call, struct json **ret);

/* Refuse when there is no database of events. 0 or CALL_FAILED. */
int log_events_check(struct call *call);

/* The stream that logStreamName names. 0 or CALL_FAILED. */
int log_stream_find(struct call *call, const struct json *group, int64_t *ret_id);

/* Store a group's record. */
void log_group_put(struct call *call, const struct json *group);

/* "arn:aws:logs:…:log-group:{name}". */
const char *log_group_arn(struct call *call, struct view name);

/*
 * Judge a text member of the input (absent is fine): at most 512 characters, at least `min`, all of `characters` or, with
 * `forbidden`, none of them. `pattern` is how AWS prints the rule. 0 or CALL_FAILED.
 */
struct log_name_rule {
	const char *characters;
	bool forbidden;
	const char *pattern;
};
extern const struct log_name_rule log_group_name_rule, log_stream_name_rule;
int log_name_check(struct call *call, const char *member, const struct log_name_rule *rule);

/* An integer member within bounds; `otherwise` if absent. 0 or CALL_FAILED. */
int log_integer(struct call *call, const char *member, int64_t min, int64_t max, int64_t otherwise, int64_t *ret);

/* A failure by one of AWS's constraints. Returns CALL_FAILED. */
int log_violation(struct call *call, struct view value, const char *member, const char *constraint);

/* What the store of events said, as a failure of the call. */
int log_events_fail(struct call *call, int error);

/* Tags of a request that are to be merged into those of `group`: judged. 0 or CALL_FAILED. */
int log_tags_merge(struct call *call, struct json *group);

#endif
