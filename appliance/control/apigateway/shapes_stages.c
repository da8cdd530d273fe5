/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of API Gateway: Deployment and Stage.
 * Source: the service's public API model, version 2015-07-09; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape_member deployment_canary_settings_shape_members[] = {
	{ .name = "percentTraffic", .type = SHAPE_NUMBER },
	{ .name = "stageVariableOverrides", .type = SHAPE_MAP },
	{ .name = "useStageCache", .type = SHAPE_BOOL },
};
static const struct shape deployment_canary_settings_shape = { SHAPE_MEMBERS(
	deployment_canary_settings_shape_members) };

static const struct shape_member create_deployment_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName" },
	{ .name = "stageDescription" },
	{ .name = "description" },
	{ .name = "cacheClusterEnabled", .type = SHAPE_BOOL },
	{ .name = "cacheClusterSize", .enumeration = SHAPE_CACHE_SIZES },
	{ .name = "variables", .type = SHAPE_MAP },
	{ .name = "canarySettings", .type = SHAPE_STRUCT, .of = &deployment_canary_settings_shape },
	{ .name = "tracingEnabled", .type = SHAPE_BOOL },
};
const struct shape shape_create_deployment = { SHAPE_MEMBERS(create_deployment_members) };

static const struct shape_member get_deployments_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_deployments = { SHAPE_MEMBERS(get_deployments_members) };

static const struct shape_member get_deployment_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_DEPLOYMENT_ID,
	SHAPE_EMBED,
};
const struct shape shape_get_deployment = { SHAPE_MEMBERS(get_deployment_members) };

static const struct shape_member update_deployment_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_DEPLOYMENT_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_deployment = { SHAPE_MEMBERS(update_deployment_members) };

static const struct shape_member delete_deployment_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_DEPLOYMENT_ID,
};
const struct shape shape_delete_deployment = { SHAPE_MEMBERS(delete_deployment_members) };

static const struct shape_member canary_settings_shape_members[] = {
	{ .name = "percentTraffic", .type = SHAPE_NUMBER },
	{ .name = "deploymentId" },
	{ .name = "stageVariableOverrides", .type = SHAPE_MAP },
	{ .name = "useStageCache", .type = SHAPE_BOOL },
};
static const struct shape canary_settings_shape = { SHAPE_MEMBERS(canary_settings_shape_members) };

static const struct shape_member create_stage_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName", .required = true },
	{ .name = "deploymentId", .required = true },
	{ .name = "description" },
	{ .name = "cacheClusterEnabled", .type = SHAPE_BOOL },
	{ .name = "cacheClusterSize", .enumeration = SHAPE_CACHE_SIZES },
	{ .name = "variables", .type = SHAPE_MAP },
	{ .name = "documentationVersion" },
	{ .name = "canarySettings", .type = SHAPE_STRUCT, .of = &canary_settings_shape },
	{ .name = "tracingEnabled", .type = SHAPE_BOOL },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_stage = { SHAPE_MEMBERS(create_stage_members) };

static const struct shape_member get_stages_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "deploymentId", .place = SHAPE_QUERY },
};
const struct shape shape_get_stages = { SHAPE_MEMBERS(get_stages_members) };

static const struct shape_member get_stage_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_STAGE_NAME,
};
const struct shape shape_get_stage = { SHAPE_MEMBERS(get_stage_members) };

static const struct shape_member update_stage_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_STAGE_NAME,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_stage = { SHAPE_MEMBERS(update_stage_members) };

static const struct shape_member delete_stage_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_STAGE_NAME,
};
const struct shape shape_delete_stage = { SHAPE_MEMBERS(delete_stage_members) };

static const struct shape_member flush_stage_cache_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_STAGE_NAME,
};
const struct shape shape_flush_stage_cache = { SHAPE_MEMBERS(flush_stage_cache_members) };
const struct shape shape_flush_stage_authorizers_cache = { SHAPE_MEMBERS(flush_stage_cache_members) };
