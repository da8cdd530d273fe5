/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs about API keys, usage plans and usage. */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

/* clang-format off */
#define SHAPE_API_KEY { .name = "apiKey", .wire = "api_Key", .place = SHAPE_PATH, .required = true }
#define SHAPE_USAGE_PLAN_ID { .name = "usagePlanId", .wire = "usageplanId", .place = SHAPE_PATH, .required = true }
#define SHAPE_KEY_ID { .name = "keyId", .place = SHAPE_PATH, .required = true }
#define SHAPE_NAME_QUERY { .name = "nameQuery", .wire = "name", .place = SHAPE_QUERY }
/* clang-format on */

static const struct shape_member stage_key_members[] = {
	{ .name = "restApiId" },
	{ .name = "stageName" },
};
static const struct shape stage_key = { SHAPE_MEMBERS(stage_key_members) };

static const struct shape_member create_api_key_members[] = {
	{ .name = "name" },
	{ .name = "description" },
	{ .name = "enabled", .type = SHAPE_BOOL },
	{ .name = "generateDistinctId", .type = SHAPE_BOOL },
	{ .name = "value" },
	{ .name = "stageKeys", .type = SHAPE_LIST, .of = &stage_key },
	{ .name = "customerId" },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_api_key = { SHAPE_MEMBERS(create_api_key_members) };

static const struct shape_member get_api_key_members[] = {
	SHAPE_API_KEY,
	{ .name = "includeValue", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
};
const struct shape shape_get_api_key = { SHAPE_MEMBERS(get_api_key_members) };

static const struct shape_member get_api_keys_members[] = {
	SHAPE_PAGE,
	SHAPE_NAME_QUERY,
	{ .name = "customerId", .place = SHAPE_QUERY },
	{ .name = "includeValues", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
};
const struct shape shape_get_api_keys = { SHAPE_MEMBERS(get_api_keys_members) };

static const struct shape_member update_api_key_members[] = {
	SHAPE_API_KEY,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_api_key = { SHAPE_MEMBERS(update_api_key_members) };

static const struct shape_member delete_api_key_members[] = {
	SHAPE_API_KEY,
};
const struct shape shape_delete_api_key = { SHAPE_MEMBERS(delete_api_key_members) };

static const struct shape_member import_api_keys_members[] = {
	{ .name = "format", .place = SHAPE_QUERY, .enumeration = "csv", .required = true },
	{ .name = "failOnWarnings", .wire = "failonwarnings", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "body", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_import_api_keys = { SHAPE_MEMBERS(import_api_keys_members) };

static const struct shape_member throttle_members[] = {
	{ .name = "burstLimit", .type = SHAPE_INTEGER },
	{ .name = "rateLimit", .type = SHAPE_NUMBER },
};
static const struct shape throttle = { SHAPE_MEMBERS(throttle_members) };

static const struct shape_member quota_members[] = {
	{ .name = "limit", .type = SHAPE_INTEGER },
	{ .name = "offset", .type = SHAPE_INTEGER },
	{ .name = "period", .enumeration = "DAY, WEEK, MONTH" },
};
static const struct shape quota = { SHAPE_MEMBERS(quota_members) };

static const struct shape_member api_stage_members[] = {
	{ .name = "apiId" },
	{ .name = "stage" },
	{ .name = "throttle", .type = SHAPE_MAP, .of = &throttle },
};
static const struct shape api_stage = { SHAPE_MEMBERS(api_stage_members) };

static const struct shape_member create_usage_plan_members[] = {
	{ .name = "name", .required = true },
	{ .name = "description" },
	{ .name = "apiStages", .type = SHAPE_LIST, .of = &api_stage },
	{ .name = "throttle", .type = SHAPE_STRUCT, .of = &throttle },
	{ .name = "quota", .type = SHAPE_STRUCT, .of = &quota },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_usage_plan = { SHAPE_MEMBERS(create_usage_plan_members) };

static const struct shape_member get_usage_plan_members[] = {
	SHAPE_USAGE_PLAN_ID,
};
const struct shape shape_get_usage_plan = { SHAPE_MEMBERS(get_usage_plan_members) };

static const struct shape_member get_usage_plans_members[] = {
	SHAPE_PAGE,
	{ .name = "keyId", .place = SHAPE_QUERY },
};
const struct shape shape_get_usage_plans = { SHAPE_MEMBERS(get_usage_plans_members) };

static const struct shape_member update_usage_plan_members[] = {
	SHAPE_USAGE_PLAN_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_usage_plan = { SHAPE_MEMBERS(update_usage_plan_members) };

static const struct shape_member delete_usage_plan_members[] = {
	SHAPE_USAGE_PLAN_ID,
};
const struct shape shape_delete_usage_plan = { SHAPE_MEMBERS(delete_usage_plan_members) };

static const struct shape_member create_usage_plan_key_members[] = {
	SHAPE_USAGE_PLAN_ID,
	{ .name = "keyId", .required = true },
	{ .name = "keyType", .required = true },
};
const struct shape shape_create_usage_plan_key = { SHAPE_MEMBERS(create_usage_plan_key_members) };

static const struct shape_member get_usage_plan_key_members[] = {
	SHAPE_USAGE_PLAN_ID,
	SHAPE_KEY_ID,
};
const struct shape shape_get_usage_plan_key = { SHAPE_MEMBERS(get_usage_plan_key_members) };

static const struct shape_member get_usage_plan_keys_members[] = {
	SHAPE_USAGE_PLAN_ID,
	SHAPE_PAGE,
	SHAPE_NAME_QUERY,
};
const struct shape shape_get_usage_plan_keys = { SHAPE_MEMBERS(get_usage_plan_keys_members) };

static const struct shape_member delete_usage_plan_key_members[] = {
	SHAPE_USAGE_PLAN_ID,
	SHAPE_KEY_ID,
};
const struct shape shape_delete_usage_plan_key = { SHAPE_MEMBERS(delete_usage_plan_key_members) };

static const struct shape_member get_usage_members[] = {
	SHAPE_USAGE_PLAN_ID,
	{ .name = "keyId", .place = SHAPE_QUERY },
	{ .name = "startDate", .place = SHAPE_QUERY, .required = true },
	{ .name = "endDate", .place = SHAPE_QUERY, .required = true },
	SHAPE_PAGE,
};
const struct shape shape_get_usage = { SHAPE_MEMBERS(get_usage_members) };

static const struct shape_member update_usage_members[] = {
	SHAPE_USAGE_PLAN_ID,
	SHAPE_KEY_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_usage = { SHAPE_MEMBERS(update_usage_members) };
