/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VpcLink: where private integrations go. Links are ready at once, or have failed, which does not change any more: only the
 * answer that makes one says that it is pending.
 * Source: API Gateway API Reference: CreateVpcLink; messages of failed links as users reported them, but that of an unknown balancer.
 */
#include "appliance/base/assert.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/references.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

enum { ID_CHARS = 6 };

static int find(struct call *call, struct json **ret)
{
	return record_need(
		call, STORE_vpclink, call_input(call, "vpcLinkId"), "Invalid Vpc Link identifier specified", ret);
}

/* arn:partition:service:region:account:resource */
static bool is_arn(struct view text)
{
	enum { ARN_PARTS = 6 };
	struct view part, rest = text;
	size_t count = 0;

	if (!view_starts_with(text, view_of("arn:")))
		return false;
	while (count < ARN_PARTS && view_split(&rest, ':', &part))
		count++;
	return count == ARN_PARTS && part.count > 0;
}

static int check_targets(struct call *call)
{
	const struct json *targets = json_find(call->input, "targetArns");
	struct view target = json_text(json_at(targets, 0));

	if (json_count(targets) == 0)
		return call_fail(call, "BadRequestException", "No target arn specified for vpc link.");
	if (json_count(targets) > 1)
		return call_fail(call, "BadRequestException", "More than one target arn specified for vpc link.");
	if (!is_arn(target))
		return call_fail(
			call, "BadRequestException", "Invalid ARN. ARN is not well formed " VIEW_FMT, VIEW_ARG(target));
	return 0;
}

static int check_name(struct call *call, const char *name)
{
	return name && *name ? 0 : call_fail(call, "BadRequestException", "Name cannot be empty");
}

static bool is_linked(struct call *call, struct view target)
{
	struct json JSON_CLEANUP *links = record_list(call, STORE_vpclink, NULL);

	JSON_EACH(link, links)
	if (json_has_text(json_find(link, "targetArns"), target) &&
		view_equals_text(json_find_text(link, "status"), "AVAILABLE"))
		return true;
	return false;
}

/* Why a link to that target can't be made, or NULL. AWS makes an endpoint service for each, of which a balancer has one. */
static const char *find_fault(struct call *call, struct view target)
{
	if (view_find(target, view_of(":loadbalancer/net/")) == VIEW_NOWHERE)
		return "NLB ARN is malformed";
	if (!record_exists(call, STORE_loadbalancer, call_text_of(call, target)))
		return "NLB is not found";
	return is_linked(call, target) ? "NLB is already associated with another VPC Endpoint Service" : NULL;
}

int op_create_vpc_link(struct call *call)
{
	const char *fault;
	struct json JSON_CLEANUP *link = json_object_new(), *shown = NULL;
	const char *id;

	if (check_name(call, call_input(call, "name")) < 0 || check_targets(call) < 0 ||
		quota_check(call, STORE_vpclink, QUOTA_VPC_LINKS, "VPC Links") < 0)
		return CALL_FAILED;
	id = record_new_id(call, STORE_vpclink, "", ID_CHARS);
	json_set_c_string(link, "id", id);
	call_take(call, link, "name", "description", "targetArns", NULL);
	if (tags_take(call, link) < 0)
		return CALL_FAILED;
	fault = find_fault(call, json_text(json_at(json_find(link, "targetArns"), 0)));
	json_set_c_string(link, "status", fault ? "FAILED" : "AVAILABLE");
	json_set_c_string(link, "statusMessage", fault ? fault : "Your vpc link is ready for use");
	record_put(call, STORE_vpclink, id, NULL, link);
	shown = tags_shown(link, false);
	json_set_c_string(shown, "status", "PENDING");
	(void)json_remove(shown, "statusMessage");
	call_answer(call, shown);
	return 0;
}

int op_get_vpc_link(struct call *call)
{
	struct json JSON_CLEANUP *link = NULL;
	int error = find(call, &link);

	if (error == 0)
		tags_answer(call, link, true);
	return error;
}

int op_get_vpc_links(struct call *call)
{
	return page_list_shown(call, record_list(call, STORE_vpclink, NULL), "id", tags_show_item);
}

static int patch_name(struct call *call, const struct patch *patch, struct json *link)
{
	return check_name(call, patch->value) < 0 ? CALL_FAILED : patch_set_text(call, patch, link);
}

static int patch_link(struct call *call, const struct patch *patch, struct json *link)
{
	static const struct patch_row rows[] = {
		{ "/name", PATCH_ON_REPLACE, patch_name },
		{ "/description", PATCH_ON_REPLACE, patch_set_text },
	};

	if (patch_is(patch, "targetArns"))
		return call_fail(call, "BadRequestException", "Target arns are not allowed to be changed/added.");
	return patch_by_listed_rows(call, patch, link, rows, ARRAY_COUNT(rows));
}

int op_update_vpc_link(struct call *call)
{
	struct json JSON_CLEANUP *link = NULL;
	int error = find(call, &link);

	if (error == 0)
		error = patch_apply(call, link, patch_link);
	if (error < 0)
		return error;
	record_put(call, STORE_vpclink, call_input(call, "vpcLinkId"), NULL, link);
	tags_answer(call, link, true);
	return 0;
}

/* --- who uses a link ------------------------------------------------------------------------------------------------------------------- */

/* A resource of an API; of a stage's deployment, or (NULL) as it is defined now. */
static void look_at_resource(
	struct references *references, const char *api_id, const struct json *resource, const char *stage)
{
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	if (view_equals(json_text(json_find_path(method, "methodIntegration", "connectionId", NULL)), references->id))
		references_add(references, "%s:" VIEW_FMT ":%s%s%s", api_id, VIEW_ARG(json_name(method)),
			json_find_c_string(resource, "id"), stage ? ":" : "", stage ? stage : "");
}

static int look_at_record(void *context, const struct store_record *record)
{
	struct references *references = context;
	struct json JSON_CLEANUP *resource = NULL;

	if (!references_possible(references, record))
		return 0;
	resource = record_find(references->call, STORE_resource, record->id);
	look_at_resource(references, record->parent, resource, NULL);
	return 0;
}

static int look_at_stage(void *context, const struct store_record *record)
{
	struct references *references = context;
	struct call *call = references->call;
	struct json JSON_CLEANUP *stage = record_find(call, STORE_stage, record->id), *deployment = NULL;
	const char *id = call_text(call, "%s/%s", record->parent, json_find_c_string(stage, "deploymentId"));
	struct store_record frozen;
	bool possible;

	if (store_get(call->control->store, STORE_deployment, id, &frozen) < 0)
		return 0;
	possible = references_possible(references, &frozen);
	store_record_fini(&frozen);
	if (!possible)
		return 0;
	deployment = record_find(call, STORE_deployment, id);
	JSON_EACH(resource, json_find_path(deployment, "postern", "definition", "resources", NULL))
	look_at_resource(references, record->parent, resource, json_find_c_string(stage, "stageName"));
	return 0;
}

int op_delete_vpc_link(struct call *call)
{
	struct references deployed = { .call = call, .id = json_find_text(call->input, "vpcLinkId") };
	struct references defined = deployed;
	struct json JSON_CLEANUP *link = NULL;
	int error = find(call, &link);

	if (error < 0)
		return error;
	record_error(call, store_each(call->control->store, STORE_stage, NULL, look_at_stage, &deployed));
	if (deployed.list)
		return references_refuse(&deployed, "vpc link", "RESTApiId:Method:Resource:Stage");
	record_error(call, store_each(call->control->store, STORE_resource, NULL, look_at_record, &defined));
	if (defined.list)
		return references_refuse(&defined, "vpc link", "RESTApiId:Method:Resource");
	record_delete(call, STORE_vpclink, call_input(call, "vpcLinkId"));
	return 0;
}
