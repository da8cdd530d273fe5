/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter_targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/documents.h"
#include "appliance/control/records.h"
#include "appliance/control/rest_api_rules.h"
#include "appliance/control/state.h"

struct deployment_policy {
	char *key, *arn;
	struct policy *policy; /* NULL: the API has none */
	bool is_private, others_can_grant;
	uint64_t turn;
};

static void free_deployment(struct deployment_policy *deployment)
{
	policy_free(deployment->policy);
	free(deployment->key);
	free(deployment->arn);
	free(deployment);
}

/* Signed callers may be allowed by their own policies, others by an authorizer's. */
static bool can_others_grant(const struct json *resources)
{
	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		struct view type = json_find_text(method, "authorizationType");

		if (view_equals_text(type, "AWS_IAM") || view_equals_text(type, "CUSTOM"))
			return true;
	}
	return false;
}

static int load(struct call *call, const char *api_id, const char *key, struct deployment_policy **ret)
{
	struct json JSON_CLEANUP *record = record_find(call, STORE_deployment, key);
	const struct json *definition = json_find_path(record, "postern", "definition", NULL);
	const struct json *api = json_find(definition, "restApi");
	struct view text = json_find_text(api, "policy");
	struct policy_options options = { .kind = POLICY_KIND_API, .stored = true };
	struct deployment_policy *deployment;
	int error = 0;

	if (!record)
		return call->store_error < 0 ? call->store_error : -ENOENT;
	deployment = calloc(1, sizeof *deployment);
	ASSERT(deployment);
	deployment->key = strdup(key);
	deployment->arn = strdup(document_api_arn(call, api_id));
	ASSERT(deployment->key && deployment->arn);
	deployment->is_private = rest_api_is_private(api);
	deployment->others_can_grant = can_others_grant(json_find(definition, "resources"));
	options.owner_arn = policy_text_of(deployment->arn);
	if (text.count)
		error = policy_parse(&deployment->policy, text.at, text.count, &options, NULL);
	if (error < 0) {
		log_error("the policy of a deployment can't be read", LOG_TEXT("deployment", key), LOG_ERRNO(error));
		free_deployment(deployment);
		return error;
	}
	*ret = deployment;
	return 0;
}

static int find_or_load(struct filter_targets *targets, struct call *call, const char *api_id,
	const char *deployment_id, struct deployment_policy **ret)
{
	const char *key = call_text(call, "%s/%s", api_id, deployment_id);
	int error = 0;

	*ret = table_find(&targets->deployments, view_from_text(key));
	if (!*ret) {
		error = load(call, api_id, key, ret);
		if (error == 0)
			ASSERT(table_set(&targets->deployments, view_from_text((*ret)->key), *ret, NULL) == 0);
	}
	if (error == 0)
		(*ret)->turn = targets->turn;
	return error;
}

static int add(struct filter_targets *targets, struct call *call, const char *api_id, const char *stage,
	const char *deployment_id)
{
	struct deployment_policy *deployment;
	int error = find_or_load(targets, call, api_id, deployment_id, &deployment);

	/* A stage without its deployment serves nothing. */
	if (error == -ENOENT || (error == 0 && !deployment->is_private))
		return 0;
	if (error < 0)
		return error;
	if (targets->count == targets->room) {
		targets->room = targets->room ? 2 * targets->room : 64;
		targets->items = reallocarray(targets->items, targets->room, sizeof *targets->items);
		ASSERT(targets->items);
	}
	targets->items[targets->count++] = (struct source_filter_target){
		.policy = deployment->policy,
		.arn = policy_text_of(deployment->arn),
		.stage = policy_text_of(call_text(call, "%s", stage)),
		.others_can_grant = deployment->others_can_grant,
	};
	return 0;
}

static void drop_unused(struct filter_targets *targets)
{
	struct deployment_policy *deployment;
	size_t cursor;

	do {
		cursor = 0;
		while ((deployment = table_next(&targets->deployments, &cursor, NULL)) != NULL)
			if (deployment->turn != targets->turn)
				break;
		if (deployment) {
			(void)table_take(&targets->deployments, view_from_text(deployment->key));
			free_deployment(deployment);
		}
	} while (deployment);
}

struct walk {
	struct filter_targets *targets;
	struct call *call;
};

static int add_stage(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct json JSON_CLEANUP *stage = NULL;
	const char *canary, *name, *deployment_id;
	int error = json_parse(view_from(record->body, record->body_bytes), NULL, &stage, NULL);

	if (error < 0)
		return error;
	name = json_find_c_string(stage, "stageName");
	deployment_id = json_find_c_string(stage, "deploymentId");
	canary = json_find_c_string(json_find(stage, "canarySettings"), "deploymentId");
	if (name && deployment_id)
		error = add(walk->targets, walk->call, record->parent, name, deployment_id);
	if (error == 0 && name && canary)
		error = add(walk->targets, walk->call, record->parent, name, canary);
	return error;
}

int filter_targets_gather(struct filter_targets *targets, struct call *call)
{
	struct walk walk = { .targets = targets, .call = call };
	int error;

	targets->count = 0;
	targets->turn++;
	error = store_each(call->control->store, STORE_stage, NULL, add_stage, &walk);
	if (error == 0)
		drop_unused(targets);
	return error;
}

void filter_targets_fini(struct filter_targets *targets)
{
	targets->turn++;
	drop_unused(targets);
	table_fini(&targets->deployments);
	free(targets->items);
	*targets = (struct filter_targets){ 0 };
}
