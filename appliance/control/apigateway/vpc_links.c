/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VpcLink: where private integrations go. Links are ready at once: only the answer that makes one says that it is pending. */
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

enum { ID_CHARS = 6 };

static int find(struct call *call, struct json **ret)
{
	*ret = record_find(call, STORE_vpclink, call_input(call, "vpcLinkId"));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Vpc Link identifier specified");
}

static void answer(struct call *call, const struct json *link)
{
	struct json JSON_CLEANUP *shown = tags_shown(link, true);

	call_answer(call, shown);
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

int op_create_vpc_link(struct call *call)
{
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
	json_set_c_string(link, "status", "AVAILABLE");
	json_set_c_string(link, "statusMessage", "Your vpc link is ready for use");
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
		answer(call, link);
	return error;
}

static struct json *show_in_list(struct call *call, const struct json *link)
{
	(void)call;
	return tags_shown(link, false);
}

int op_get_vpc_links(struct call *call)
{
	return page_list_shown(call, record_list(call, STORE_vpclink, NULL), "id", show_in_list);
}

static int patch_link(struct call *call, const struct patch *patch, struct json *link)
{
	if (patch_is(patch, "targetArns"))
		return call_fail(call, "BadRequestException", "Target arns are not allowed to be changed/added.");
	if (patch->op != PATCH_REPLACE || (!patch_is(patch, "name") && !patch_is(patch, "description")))
		return patch_invalid_strict(call, patch, "/name, /description");
	if (patch_is(patch, "name") && check_name(call, patch->value) < 0)
		return CALL_FAILED;
	patch_text(link, patch->parts[0], patch);
	return 0;
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
	answer(call, link);
	return 0;
}

/* --- who uses a link ------------------------------------------------------------------------------------------------------------------- */

/* More are not told. */
enum { TOLD_MAX = 20 };

struct search {
	struct call *call;
	struct view id;
	const char *stage; /* NULL: what is not deployed */
	const char *found; /* "api:GET:resource, …", or NULL */
	size_t count;
};

static void look_at_resource(struct search *search, const char *api_id, const struct json *resource)
{
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		const struct json *integration = json_find(method, "methodIntegration");

		if (!view_equals(json_find_text(integration, "connectionId"), search->id) ||
			search->count++ >= TOLD_MAX)
			continue;
		search->found = call_text(search->call, "%s%s%s:" VIEW_FMT ":%s%s%s",
			search->found ? search->found : "", search->found ? ", " : "", api_id,
			VIEW_ARG(json_name(method)), json_find_c_string(resource, "id"), search->stage ? ":" : "",
			search->stage ? search->stage : "");
	}
}

/* Most records do not have the id in them, and need not be parsed. */
static bool may_use(const struct search *search, const struct store_record *record)
{
	return view_find(view_from(record->body, record->body_bytes), search->id) != VIEW_NOWHERE;
}

static int look_at_record(void *context, const struct store_record *record)
{
	struct search *search = context;
	struct json JSON_CLEANUP *resource = NULL;

	if (!may_use(search, record))
		return 0;
	resource = record_find(search->call, STORE_resource, record->id);
	look_at_resource(search, record->parent, resource);
	return 0;
}

static int look_at_stage(void *context, const struct store_record *record)
{
	struct search *search = context;
	struct call *call = search->call;
	struct json JSON_CLEANUP *stage = record_find(call, STORE_stage, record->id), *deployment = NULL;
	const char *id = call_text(call, "%s/%s", record->parent, json_find_c_string(stage, "deploymentId"));
	struct store_record frozen;
	bool may;

	if (store_get(call->control->store, STORE_deployment, id, &frozen) < 0)
		return 0;
	may = may_use(search, &frozen);
	store_record_fini(&frozen);
	if (!may)
		return 0;
	deployment = record_find(call, STORE_deployment, id);
	search->stage = json_find_c_string(stage, "stageName");
	JSON_EACH(resource, json_find_path(deployment, "postern", "definition", "resources", NULL))
	look_at_resource(search, record->parent, resource);
	return 0;
}

static int refuse(struct call *call, const struct search *search, const char *format)
{
	return call_fail(call, "BadRequestException",
		"Cannot delete vpc link. Vpc link '" VIEW_FMT "', is referenced in [%s] in format of [%s].",
		VIEW_ARG(search->id), search->found, format);
}

int op_delete_vpc_link(struct call *call)
{
	struct search deployed = { .call = call, .id = json_find_text(call->input, "vpcLinkId") };
	struct search defined = deployed;
	struct json JSON_CLEANUP *link = NULL;
	int error = find(call, &link);

	if (error < 0)
		return error;
	record_error(call, store_each(call->control->store, STORE_stage, NULL, look_at_stage, &deployed));
	if (deployed.found)
		return refuse(call, &deployed, "RESTApiId:Method:Resource:Stage");
	record_error(call, store_each(call->control->store, STORE_resource, NULL, look_at_record, &defined));
	if (defined.found)
		return refuse(call, &defined, "RESTApiId:Method:Resource");
	record_delete(call, STORE_vpclink, call_input(call, "vpcLinkId"));
	return 0;
}
