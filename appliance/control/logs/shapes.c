/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of CloudWatch Logs. What names and numbers must be is judged by the operations (groups.h).
 * Source: the service's public API model, version 2014-03-28.
 */
#include "appliance/control/shapes.h"

#define GROUP                                                                                                          \
	{                                                                                                              \
		.name = "logGroupName", .required = true                                                               \
	}
#define STREAM                                                                                                         \
	{                                                                                                              \
		.name = "logStreamName", .required = true                                                              \
	}
#define ARN                                                                                                            \
	{                                                                                                              \
		.name = "resourceArn", .required = true                                                                \
	}
/* Either of them. */
#define GROUP_OR_IDENTIFIER                                                                                            \
	{ .name = "logGroupName" },                                                                                    \
	{                                                                                                              \
		.name = "logGroupIdentifier"                                                                           \
	}

static const struct shape_member create_log_group_members[] = {
	GROUP,
	{ .name = "kmsKeyId" },
	{ .name = "tags", .type = SHAPE_MAP },
	{ .name = "logGroupClass", .enumeration = "STANDARD, INFREQUENT_ACCESS, DELIVERY" },
	{ .name = "deletionProtectionEnabled", .type = SHAPE_BOOL },
};
const struct shape shape_create_log_group = { SHAPE_MEMBERS(create_log_group_members) };

static const struct shape_member group_members[] = { GROUP };
const struct shape shape_delete_log_group = { SHAPE_MEMBERS(group_members) };
const struct shape shape_delete_retention_policy = { SHAPE_MEMBERS(group_members) };
const struct shape shape_list_tags_log_group = { SHAPE_MEMBERS(group_members) };

static const struct shape_member describe_log_groups_members[] = {
	{ .name = "accountIdentifiers", .type = SHAPE_LIST },
	{ .name = "logGroupNamePrefix" },
	{ .name = "logGroupNamePattern" },
	{ .name = "nextToken" },
	{ .name = "limit", .type = SHAPE_INTEGER },
	{ .name = "includeLinkedAccounts", .type = SHAPE_BOOL },
	{ .name = "logGroupIdentifiers", .type = SHAPE_LIST },
	{ .name = "logGroupClass", .enumeration = "STANDARD, INFREQUENT_ACCESS, DELIVERY" },
};
const struct shape shape_describe_log_groups = { SHAPE_MEMBERS(describe_log_groups_members) };

static const struct shape_member put_deletion_protection_members[] = {
	{ .name = "logGroupIdentifier", .required = true },
	{ .name = "deletionProtectionEnabled", .type = SHAPE_BOOL, .required = true },
};
const struct shape shape_put_log_group_deletion_protection = { SHAPE_MEMBERS(put_deletion_protection_members) };

static const struct shape_member put_retention_policy_members[] = {
	GROUP,
	{ .name = "retentionInDays", .type = SHAPE_INTEGER, .required = true },
};
const struct shape shape_put_retention_policy = { SHAPE_MEMBERS(put_retention_policy_members) };

static const struct shape_member stream_members[] = { GROUP, STREAM };
const struct shape shape_create_log_stream = { SHAPE_MEMBERS(stream_members) };
const struct shape shape_delete_log_stream = { SHAPE_MEMBERS(stream_members) };

static const struct shape_member describe_log_streams_members[] = {
	GROUP_OR_IDENTIFIER,
	{ .name = "logStreamNamePrefix" },
	{ .name = "orderBy", .enumeration = "LogStreamName, LastEventTime" },
	{ .name = "descending", .type = SHAPE_BOOL },
	{ .name = "nextToken" },
	{ .name = "limit", .type = SHAPE_INTEGER },
};
const struct shape shape_describe_log_streams = { SHAPE_MEMBERS(describe_log_streams_members) };

static const struct shape_member event_members[] = {
	{ .name = "timestamp", .type = SHAPE_INTEGER, .required = true },
	{ .name = "message", .required = true },
};
static const struct shape event_shape = { SHAPE_MEMBERS(event_members) };

static const struct shape_member put_log_events_members[] = {
	GROUP,
	STREAM,
	{ .name = "logEvents", .type = SHAPE_LIST, .of = &event_shape, .required = true },
	{ .name = "sequenceToken" },
};
const struct shape shape_put_log_events = { SHAPE_MEMBERS(put_log_events_members) };

static const struct shape_member get_log_events_members[] = {
	GROUP_OR_IDENTIFIER,
	STREAM,
	{ .name = "startTime", .type = SHAPE_INTEGER },
	{ .name = "endTime", .type = SHAPE_INTEGER },
	{ .name = "nextToken" },
	{ .name = "limit", .type = SHAPE_INTEGER },
	{ .name = "startFromHead", .type = SHAPE_BOOL },
	{ .name = "unmask", .type = SHAPE_BOOL },
};
const struct shape shape_get_log_events = { SHAPE_MEMBERS(get_log_events_members) };

static const struct shape_member filter_log_events_members[] = {
	GROUP_OR_IDENTIFIER,
	{ .name = "logStreamNames", .type = SHAPE_LIST },
	{ .name = "logStreamNamePrefix" },
	{ .name = "startTime", .type = SHAPE_INTEGER },
	{ .name = "endTime", .type = SHAPE_INTEGER },
	{ .name = "filterPattern", .max_length = 1024 },
	{ .name = "nextToken" },
	{ .name = "limit", .type = SHAPE_INTEGER },
	{ .name = "interleaved", .type = SHAPE_BOOL },
	{ .name = "unmask", .type = SHAPE_BOOL },
};
const struct shape shape_filter_log_events = { SHAPE_MEMBERS(filter_log_events_members) };

static const struct shape_member tag_log_resource_members[] = {
	ARN,
	{ .name = "tags", .type = SHAPE_MAP, .required = true },
};
const struct shape shape_tag_log_resource = { SHAPE_MEMBERS(tag_log_resource_members) };

static const struct shape_member untag_log_resource_members[] = {
	ARN,
	{ .name = "tagKeys", .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_log_resource = { SHAPE_MEMBERS(untag_log_resource_members) };

static const struct shape_member list_tags_for_log_resource_members[] = { ARN };
const struct shape shape_list_tags_for_log_resource = { SHAPE_MEMBERS(list_tags_for_log_resource_members) };

static const struct shape_member tag_log_group_members[] = {
	GROUP,
	{ .name = "tags", .type = SHAPE_MAP, .required = true },
};
const struct shape shape_tag_log_group = { SHAPE_MEMBERS(tag_log_group_members) };

static const struct shape_member untag_log_group_members[] = {
	GROUP,
	{ .name = "tags", .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_log_group = { SHAPE_MEMBERS(untag_log_group_members) };
