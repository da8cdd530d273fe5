/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deployment: a frozen copy of an API's definition. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/apigateway/stages.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/model/check.h"

static int check_methods(struct call *call, const struct json *resources)
{
	size_t count = 0;

	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		if (!json_find(method, "methodIntegration"))
			return call_fail(call, "BadRequestException", "No integration defined for method");
		count++;
	}
	if (count == 0)
		return call_fail(call, "BadRequestException", "The REST API doesn't contain any methods");
	return 0;
}

/* Frozen copies of everything that serving needs. */
static struct json *freeze(struct call *call, const struct json *api, struct json *resources)
{
	const char *id = call_input(call, "restApiId");
	struct json *definition = json_object_new();

	json_set(definition, "restApi", json_copy(api));
	json_set(definition, "resources", resources);
	json_set(definition, "models", record_list(call, STORE_model, id));
	json_set(definition, "authorizers", record_list(call, STORE_authorizer, id));
	json_set(definition, "validators", record_list(call, STORE_requestvalidator, id));
	json_set(definition, "gatewayResponses", record_list(call, STORE_gatewayresponse, id));
	return definition;
}

static int check_builds(struct call *call, const struct json *deployment)
{
	const struct check_identity identity = {
		.account_id = view_from_text(control_account(call->control)),
		.region = view_from_text(control_region(call->control)),
	};
	char message[CHECK_MESSAGE_MAX_BYTES] = "";
	char *text = json_print_text(deployment);
	int error = check_deployment(
		&identity, view_from_text(call_input(call, "restApiId")), view_from_text(text), message);

	free(text);
	if (error == -EINVAL || error == -ENOTSUP)
		return call_fail(call, "BadRequestException", "%s", message);
	return error;
}

/* Put the deployment on the stage that the input names, if it names one. */
static int put_on_stage(struct call *call, const char *deployment_id)
{
	const char *name = call_input(call, "stageName");
	const struct json *canary = json_find(call->input, "canarySettings");
	struct json JSON_CLEANUP *stage = name ? record_find(call, STORE_stage, api_key(call, name)) : NULL;

	if (canary && (!name || !*name))
		return call_fail(call, "BadRequestException",
			"Invalid deployment content specified.Non null and non empty stageName must be provided for "
			"canary deployment. Provided "
			"value is %s",
			name ? "" : "null");
	if (canary && !stage)
		return call_fail(call, "BadRequestException",
			"Invalid deployment content specified.Stage %s must already be created before making a canary "
			"release deployment",
			name);
	if (!name || !*name)
		return 0;
	if (canary)
		return stage_put_canary(call, stage, deployment_id, canary);
	if (stage)
		return stage_move(call, stage, deployment_id);
	return stage_create(call, deployment_id, call_input(call, "stageDescription"));
}

int op_create_deployment(struct call *call)
{
	struct json JSON_CLEANUP *api = NULL, *deployment = json_object_new();
	struct json *resources;
	const char *id;
	int error = api_find(call, &api);

	if (error < 0)
		return error;
	resources = resource_list(call, call_input(call, "restApiId"));
	/* The definition owns the list from here on, also when the checks refuse it. */
	json_set(json_ensure_object(deployment, "postern"), "definition", freeze(call, api, resources));
	error = check_methods(call, resources);
	if (error < 0)
		return error;
	if (rest_api_is_private(api) && !json_find_c_string(api, "policy"))
		return call_fail(
			call, "BadRequestException", "Private REST API doesn't have a resource policy attached to it");
	id = record_new_id(call, STORE_deployment, api_key(call, ""), 6);
	json_set_c_string(deployment, "id", id);
	call_take(call, deployment, "description", NULL);
	json_set_integer(deployment, "createdDate", (int64_t)(call->request.received_wall_ms / 1000));
	error = check_builds(call, deployment);
	if (error < 0)
		return error;
	record_put(call, STORE_deployment, api_key(call, id), call_input(call, "restApiId"), deployment);
	error = put_on_stage(call, id);
	if (error < 0)
		return error;
	call_answer(call, deployment);
	return 0;
}

/* {path: {VERB: {authorizationType, apiKeyRequired}}} */
static struct json *summary_of(const struct json *deployment)
{
	struct json *summary = json_object_new();

	JSON_EACH(resource, json_find_path(deployment, "postern", "definition", "resources", NULL))
	{
		struct json *verbs = json_object_new();

		JSON_EACH(method, json_find(resource, "resourceMethods"))
		{
			struct json *entry = json_object_new();

			json_set(entry, "authorizationType", json_copy(json_find(method, "authorizationType")));
			json_set(entry, "apiKeyRequired", json_copy(json_find(method, "apiKeyRequired")));
			json_set_view(verbs, json_name(method), entry);
		}
		if (json_count(verbs))
			json_set_view(summary, json_find_text(resource, "path"), verbs);
		else
			json_free(verbs);
	}
	return summary;
}

static int deployment_find(struct call *call, struct json **ret)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_deployment, api_key(call, call_input(call, "deploymentId")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Deployment identifier specified");
}

int op_get_deployment(struct call *call)
{
	struct json JSON_CLEANUP *deployment = NULL;
	int error = deployment_find(call, &deployment);

	if (error < 0)
		return error;
	call_answer(call, deployment);
	if (patch_list_index(json_find(call->input, "embed"), "apisummary") >= 0)
		json_set(call->output, "apiSummary", summary_of(deployment));
	return 0;
}

int op_get_deployments(struct call *call)
{
	int error = api_check(call);

	if (error < 0)
		return error;
	return page_list(call, record_list_bare(call, STORE_deployment, call_input(call, "restApiId")), "id");
}

static int patch_deployment(struct call *call, const struct patch *patch, struct json *deployment)
{
	static const struct patch_row rows[] = { { "/description", PATCH_ON_REPLACE, patch_set_text } };

	return patch_by_rows(call, patch, deployment, rows, ARRAY_COUNT(rows));
}

int op_update_deployment(struct call *call)
{
	struct json JSON_CLEANUP *deployment = NULL;
	int error = deployment_find(call, &deployment);

	if (error == 0)
		error = patch_apply(call, deployment, patch_deployment);
	if (error < 0)
		return error;
	record_put(call, STORE_deployment, api_key(call, call_input(call, "deploymentId")),
		call_input(call, "restApiId"), deployment);
	call_answer(call, deployment);
	return 0;
}

int op_delete_deployment(struct call *call)
{
	const char *id = call_input(call, "deploymentId");
	struct json JSON_CLEANUP *deployment = NULL, *stages = NULL;
	int error = deployment_find(call, &deployment);

	if (error < 0)
		return error;
	stages = record_list(call, STORE_stage, call_input(call, "restApiId"));
	JSON_EACH(stage, stages)
	if (view_equals_text(json_find_text(stage, "deploymentId"), id) ||
		view_equals_text(json_find_text(json_find(stage, "canarySettings"), "deploymentId"), id))
		return call_fail(call, "BadRequestException",
			"Active stages pointing to this deployment must be moved or deleted");
	record_delete(call, STORE_deployment, api_key(call, id));
	return 0;
}
