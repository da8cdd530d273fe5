/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stage: create, read, delete; its PATCH is in stage_patch.c. */
#include "appliance/control/apigateway/stages.h"

#include <string.h>

#include "appliance/control/apigateway/api_keys.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/rest_api_limits.h"
#include "appliance/control/apigateway/stage_rules.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

static void put(struct call *call, const struct json *stage)
{
	record_put(call, STORE_stage, api_key(call, json_find_c_string(stage, "stageName")),
		call_input(call, "restApiId"), stage);
}

void stage_refresh(struct call *call, struct json *stage)
{
	struct json JSON_CLEANUP *api = record_find(call, STORE_restapi, call_input(call, "restApiId"));

	json_set_bool(json_ensure_object(stage, "postern"), "disableExecuteApiEndpoint",
		json_find_bool(api, "disableExecuteApiEndpoint", false));
}

static bool name_valid(const char *name)
{
	size_t length = strlen(name);

	/* Source: API Gateway quotas: "Stage name: a-z, A-Z, 0-9, hyphen, underscore; at most 128 characters". */
	return length > 0 && length <= 128 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == length;
}

/* Members that CreateStage and CreateDeployment both may carry. */
static void take_settings(struct call *call, struct json *stage)
{
	call_take(call, stage, "cacheClusterEnabled", "cacheClusterSize", "variables", "tracingEnabled", NULL);
	if (json_find_bool(stage, "cacheClusterEnabled", false)) {
		json_set_c_string(stage, "cacheClusterStatus", "AVAILABLE");
		if (!json_find(stage, "cacheClusterSize"))
			json_set_c_string(stage, "cacheClusterSize", "0.5");
	} else {
		json_set_c_string(stage, "cacheClusterStatus", "NOT_AVAILABLE");
	}
}

static int check_count(struct call *call)
{
	struct json JSON_CLEANUP *stages = record_list(call, STORE_stage, call_input(call, "restApiId"));

	if (json_count(stages) < REST_API_STAGES_MAX)
		return 0;
	return call_fail(call, "LimitExceededException",
		"Maximum number of stages for this API has been reached. Please contact AWS if you need additional "
		"stages.");
}

/* What CreateStage alone may carry. */
static int take_own(struct call *call, struct json *stage)
{
	const struct json *canary = json_find(call->input, "canarySettings");

	call_take(call, stage, "documentationVersion", NULL);
	if (json_find_text(stage, "documentationVersion").count == 0)
		(void)json_remove(stage, "documentationVersion");
	if (stage_check_documentation(call, stage) < 0)
		return CALL_FAILED;
	if (canary)
		(void)stage_set_canary(stage, canary, json_find(stage, "deploymentId"));
	if (tags_check(call, json_find(call->input, "tags")) < 0)
		return CALL_FAILED;
	if (json_count(json_find(call->input, "tags")))
		call_take(call, stage, "tags", NULL);
	return 0;
}

int stage_create(struct call *call, const char *deployment_id, const char *description)
{
	const char *name = call_input(call, "stageName");
	struct json JSON_CLEANUP *stage = json_object_new();
	int64_t now = (int64_t)(call->request.received_wall_ms / 1000);
	int error = 0;

	if (!name_valid(name))
		return call_fail(call, "BadRequestException", "Stage name only allows a-zA-Z0-9_-");
	if (check_count(call) < 0)
		return CALL_FAILED;
	json_set_c_string(stage, "deploymentId", deployment_id);
	json_set_c_string(stage, "stageName", name);
	json_set_c_string(stage, "description", description);
	json_set_bool(stage, "cacheClusterEnabled", false);
	json_set(stage, "methodSettings", json_object_new());
	json_set_bool(stage, "tracingEnabled", false);
	take_settings(call, stage);
	if (call->operation->handle == op_create_stage)
		error = take_own(call, stage);
	if (error == 0)
		error = stage_check(call, stage);
	if (error < 0)
		return error;
	stage_refresh(call, stage);
	json_set_integer(stage, "createdDate", now);
	json_set_integer(stage, "lastUpdatedDate", now);
	put(call, stage);
	call_answer(call, stage);
	return 0;
}

int stage_move(struct call *call, struct json *stage, const char *deployment_id)
{
	json_set_c_string(stage, "deploymentId", deployment_id);
	if (call_input_has(call, "stageDescription"))
		json_set_c_string(stage, "description", call_input(call, "stageDescription"));
	take_settings(call, stage);
	if (stage_check(call, stage) < 0)
		return CALL_FAILED;
	stage_refresh(call, stage);
	json_set_integer(stage, "lastUpdatedDate", (int64_t)(call->request.received_wall_ms / 1000));
	put(call, stage);
	return 0;
}

int stage_put_canary(struct call *call, struct json *stage, const char *deployment_id, const struct json *settings)
{
	struct json JSON_CLEANUP *id = json_text_new_c(deployment_id);

	(void)stage_set_canary(stage, settings, id);
	if (stage_check(call, stage) < 0)
		return CALL_FAILED;
	json_set_integer(stage, "lastUpdatedDate", (int64_t)(call->request.received_wall_ms / 1000));
	put(call, stage);
	return 0;
}

int op_create_stage(struct call *call)
{
	const char *deployment_id = call_input(call, "deploymentId");
	int error = api_check(call);

	if (error < 0)
		return error;
	if (!record_exists(call, STORE_deployment, api_key(call, deployment_id)))
		return call_fail(call, "BadRequestException", "Deployment id does not exist");
	if (record_exists(call, STORE_stage, api_key(call, call_input(call, "stageName"))))
		return call_fail(call, "ConflictException", "Stage already exists");
	return stage_create(call, deployment_id, call_input(call, "description"));
}

static int find(struct call *call, struct json **ret)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_stage, api_key(call, call_input(call, "stageName")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid stage identifier specified");
}

int op_get_stage(struct call *call)
{
	struct json JSON_CLEANUP *stage = NULL;
	int error = find(call, &stage);

	if (error == 0)
		call_answer(call, stage);
	return error;
}

int op_get_stages(struct call *call)
{
	const char *deployment_id = call_input(call, "deploymentId");
	struct json JSON_CLEANUP *stages = NULL;
	struct json *list;
	int error = api_check(call);

	if (error < 0)
		return error;
	stages = record_list(call, STORE_stage, call_input(call, "restApiId"));
	list = json_ensure_array(call->output, "item");
	JSON_EACH(stage, stages)
	{
		struct json *shown;

		if (deployment_id && !view_equals_text(json_find_text(stage, "deploymentId"), deployment_id))
			continue;
		shown = json_copy(stage);
		(void)json_remove(shown, "postern");
		json_append(list, shown);
	}
	return 0;
}

/* A domain that leads to the stage would lead nowhere. */
static int check_unmapped(struct call *call)
{
	const char *name = call_input(call, "stageName");
	struct json JSON_CLEANUP *mappings = record_list(call, STORE_basepathmapping, NULL);

	JSON_EACH(mapping, mappings)
	if (view_equals_text(json_find_text(mapping, "restApiId"), call_input(call, "restApiId")) &&
		view_equals_text(json_find_text(mapping, "stage"), name))
		return call_fail(call, "BadRequestException",
			"Deleting stage %s failed. Please remove all base path mappings related to the stage in your "
			"domains before deleting it.",
			name);
	return 0;
}

int op_delete_stage(struct call *call)
{
	struct json JSON_CLEANUP *stage = NULL;
	int error = find(call, &stage);

	if (error == 0)
		error = check_unmapped(call);
	if (error < 0)
		return error;
	usage_plans_drop_stage(call, call_input(call, "restApiId"), call_input(call, "stageName"));
	api_keys_drop_stage(call, call_input(call, "restApiId"), call_input(call, "stageName"));
	record_delete(call, STORE_stage, api_key(call, call_input(call, "stageName")));
	return 0;
}

/*
 * Note since when what a cache of the stage holds counts for nothing. Gateways keep what they cache to themselves and follow
 * the stage's record, so this is how they hear of it.
 */
static int flush(struct call *call, const char *member)
{
	struct json JSON_CLEANUP *stage = NULL;
	int error = find(call, &stage);

	if (error < 0)
		return error;
	json_set_integer(json_ensure_object(stage, "postern"), member, (int64_t)call->request.received_wall_ms);
	put(call, stage);
	return 0;
}

int op_flush_stage_cache(struct call *call)
{
	return flush(call, "cacheFlushedMs");
}

int op_flush_stage_authorizers_cache(struct call *call)
{
	return flush(call, "authorizersCacheFlushedMs");
}
