/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs of Postern's own operations. */
#include "appliance/control/shapes.h"

const struct shape shape_get_status = { .type = SHAPE_STRUCT };
const struct shape shape_get_backup = { .type = SHAPE_STRUCT };
const struct shape shape_get_support_facts = { .type = SHAPE_STRUCT };
const struct shape shape_get_support_log = { .type = SHAPE_STRUCT };
const struct shape shape_get_checkpoint = { .type = SHAPE_STRUCT };
const struct shape shape_confirm_checkpoint = { .type = SHAPE_STRUCT };
const struct shape shape_rollback_checkpoint = { .type = SHAPE_STRUCT };

static const struct shape_member begin_checkpoint_members[] = {
	{ .name = "confirmWithinSeconds", .type = SHAPE_INTEGER },
};
const struct shape shape_begin_checkpoint = { SHAPE_MEMBERS(begin_checkpoint_members) };

static const struct shape_member list_filter_events_members[] = {
	{ .name = "endpoint", .place = SHAPE_QUERY },
	{ .name = "after", .place = SHAPE_QUERY, .type = SHAPE_INTEGER },
	{ .name = "limit", .place = SHAPE_QUERY, .type = SHAPE_INTEGER },
};
const struct shape shape_list_filter_events = { SHAPE_MEMBERS(list_filter_events_members) };

static const struct shape_member preview_import_members[] = {
	{ .name = "restApiId", .place = SHAPE_QUERY },
	{ .name = "mode", .place = SHAPE_QUERY, .enumeration = "merge, overwrite" },
	{ .name = "failOnWarnings", .wire = "failonwarnings", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "parameters", .place = SHAPE_QUERY_ANY, .type = SHAPE_MAP },
	{ .name = "body", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_preview_import = { SHAPE_MEMBERS(preview_import_members) };

static const struct shape_member get_deployed_definition_members[] = {
	{ .name = "restApiId", .wire = "restapi_id", .place = SHAPE_PATH, .required = true },
	{ .name = "deploymentId", .wire = "deployment_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_get_deployed_definition = { SHAPE_MEMBERS(get_deployed_definition_members) };

static const struct shape_member list_audit_events_members[] = {
	{ .name = "limit", .place = SHAPE_QUERY, .type = SHAPE_INTEGER },
	{ .name = "refused", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "reads", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "operation", .place = SHAPE_QUERY },
	{ .name = "resource", .place = SHAPE_QUERY },
	{ .name = "since", .place = SHAPE_QUERY },
};
const struct shape shape_list_audit_events = { SHAPE_MEMBERS(list_audit_events_members) };

static const struct shape_member get_filter_stats_members[] = {
	{ .name = "endpoint", .place = SHAPE_QUERY },
};
const struct shape shape_get_filter_stats = { SHAPE_MEMBERS(get_filter_stats_members) };

static const struct shape_member get_filter_members[] = {
	{ .name = "endpointId", .wire = "endpoint_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_get_filter = { SHAPE_MEMBERS(get_filter_members) };

static const struct shape_member put_filter_mode_members[] = {
	{ .name = "endpointId", .wire = "endpoint_id", .place = SHAPE_PATH, .required = true },
	{ .name = "mode", .enumeration = "reset, drop, observe", .required = true },
};
const struct shape shape_put_filter_mode = { SHAPE_MEMBERS(put_filter_mode_members) };

static const struct shape_member get_request_members[] = {
	{ .name = "requestId", .wire = "request_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_get_request = { SHAPE_MEMBERS(get_request_members) };

static const struct shape_member get_policy_impact_members[] = {
	{ .name = "restApiId", .required = true },
	{ .name = "policy", .required = true },
	{ .name = "hours", .type = SHAPE_INTEGER },
};
const struct shape shape_get_policy_impact = { SHAPE_MEMBERS(get_policy_impact_members) };

const struct shape shape_get_system = { .type = SHAPE_STRUCT };

static const struct shape_member begin_system_update_members[] = {
	{ .name = "allowOlder", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "head", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_begin_system_update = { SHAPE_MEMBERS(begin_system_update_members) };

static const struct shape_member put_system_update_chunk_members[] = {
	{ .name = "index", .place = SHAPE_PATH, .required = true },
	{ .name = "chunk", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_put_system_update_chunk = { SHAPE_MEMBERS(put_system_update_chunk_members) };

const struct shape shape_finish_system_update = { .type = SHAPE_STRUCT };
const struct shape shape_cancel_system_update = { .type = SHAPE_STRUCT };

static const struct shape_member put_system_settings_members[] = {
	{ .name = "settings", .required = true },
	{ .name = "networkConfig" },
	{ .name = "confirmSeconds", .type = SHAPE_INTEGER },
};
const struct shape shape_put_system_settings = { SHAPE_MEMBERS(put_system_settings_members) };

const struct shape shape_restart_system = { .type = SHAPE_STRUCT };
