/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ImportRestApi and PutRestApi: an OpenAPI document becomes the records of an API. Source: spec/openapi.md 1 and 2. */
#include "appliance/control/apigateway/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/documentation.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* The arrays of a definition, the records they are kept in, and what names an item in its record's id. */
static const struct {
	const char *member;
	enum store_kind kind;
	const char *id_member;
} parts[] = {
	{ "resources", STORE_resource, "id" },
	{ "models", STORE_model, "name" },
	{ "authorizers", STORE_authorizer, "id" },
	{ "validators", STORE_requestvalidator, "id" },
	{ "gatewayResponses", STORE_gatewayresponse, "responseType" },
	{ "documentationParts", STORE_documentationpart, "id" },
};

struct json *import_definition(struct call *call, const struct json *api)
{
	const char *id = json_find_c_string(api, "id");
	struct json *definition = json_object_new();

	json_set(definition, "restApi", json_copy(api));
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		json_set(definition, parts[i].member, record_list(call, parts[i].kind, id));
	return definition;
}

/* Items by what names them. */
static void index_items(struct table *table, const struct json *items, const char *id_member)
{
	table_init(table);
	JSON_EACH(item, items)
	ASSERT(table_set(table, json_find_text(item, id_member), item, NULL) == 0);
}

static void store_items(
	struct call *call, size_t part, const char *api_id, const struct json *before, const struct json *after)
{
	const char *id_member = parts[part].id_member;
	struct table old, fresh;

	index_items(&old, before, id_member);
	index_items(&fresh, after, id_member);
	JSON_EACH(item, after)
	{
		struct view id = json_find_text(item, id_member);
		const struct json *same = table_find(&old, id);

		if (!same || !json_equals(same, item))
			record_put(call, parts[part].kind, call_text(call, "%s/" VIEW_FMT, api_id, VIEW_ARG(id)),
				api_id, item);
	}
	JSON_EACH(item, before)
	{
		struct view id = json_find_text(item, id_member);

		if (!table_find(&fresh, id))
			record_delete(call, parts[part].kind, call_text(call, "%s/" VIEW_FMT, api_id, VIEW_ARG(id)));
	}
	table_fini(&old);
	table_fini(&fresh);
}

void import_store(struct call *call, const char *api_id, const struct json *before, const struct json *after)
{
	const struct json *api = json_find(after, "restApi");
	const char *version = json_find_c_string(after, "documentationVersion");

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		store_items(call, i, api_id, json_find(before, parts[i].member), json_find(after, parts[i].member));
	if (api)
		record_put(call, STORE_restapi, api_id, NULL, api);
	/* A version that is there is what it was when it was made. */
	if (version && !record_exists(call, STORE_documentationversion, call_text(call, "%s/%s", api_id, version)))
		json_free(documentation_put_version(call, api_id, version, json_find(after, "documentationParts")));
}

/* --- judging what was imported ------------------------------------------------------------------------------------------------------- */

/* The document's policy; without one, the API keeps the one that it has. */
static int settle_policy(struct call *call, const struct json *old, struct json *api)
{
	const char *policy = json_find_c_string(api, "policy"), *normal;
	int error;

	if (!policy || view_equals_text(json_find_text(old, "policy"), policy))
		return 0;
	error = document_normalise(
		call, POLICY_KIND_API, document_api_arn(call, json_find_c_string(api, "id")), policy, &normal);
	if (error == 0)
		json_set_c_string(api, "policy", normal);
	return error;
}

static int settle_endpoints(struct call *call, struct json *api)
{
	struct json JSON_CLEANUP *configuration = json_copy(json_find(api, "endpointConfiguration"));

	return rest_api_take_configuration(call, api, configuration);
}

static enum openapi_base_path base_path_of(const struct call *call)
{
	const char *text = json_find_c_string(json_find(call->input, "parameters"), "basepath");

	if (text && strcasecmp(text, "prepend") == 0)
		return OPENAPI_BASE_PATH_PREPEND;
	if (text && strcasecmp(text, "split") == 0)
		return OPENAPI_BASE_PATH_SPLIT;
	return OPENAPI_BASE_PATH_IGNORE;
}

struct openapi_options import_options(const struct call *call, bool merge)
{
	const char *ignored = json_find_c_string(json_find(call->input, "parameters"), "ignore");

	return (struct openapi_options){
		.merge = merge,
		.fail_on_warnings = json_find_bool(call->input, "failOnWarnings", false),
		.ignore_documentation = ignored && strcasecmp(ignored, "documentation") == 0,
		.base_path = base_path_of(call),
		.account_id = view_from_text(control_account(call->control)),
		.region = view_from_text(control_region(call->control)),
		.timeout_max_ms = call->control->settings.integration_timeout_max_ms,
	};
}

int import_fail(struct call *call, struct openapi_failure *failure)
{
	if (failure->detail)
		call->detail = call_text(call, "%s", failure->detail);
	(void)call_fail(
		call, "BadRequestException", "%s", failure->message ? failure->message : "Invalid OpenAPI input.");
	openapi_failure_fini(failure);
	return CALL_FAILED;
}

int import_prepare(struct call *call, const struct json *api, bool merge, struct import *ret)
{
	struct openapi_options options = import_options(call, merge);
	struct openapi_failure failure;
	int error;

	*ret = (struct import){ .before = import_definition(call, api) };
	error = openapi_import(&ret->after, &ret->warnings, &failure, ret->before, call->request.body, &options);
	if (error == -EINVAL)
		return import_fail(call, &failure);
	if (error == 0)
		error = settle_policy(call, api, json_find(ret->after, "restApi"));
	if (error == 0)
		error = settle_endpoints(call, json_find(ret->after, "restApi"));
	return error == 0 ? rest_api_check_security(call, json_find(ret->after, "restApi")) : error;
}

void import_fini(struct import *import)
{
	json_free(import->before);
	json_free(import->after);
	json_free(import->warnings);
}

/* Import the request's body over `api` (a RestApi that is or will be stored) and answer. */
static int import(struct call *call, const struct json *api, bool merge, bool with_empty_tags)
{
	struct import made;
	int error = import_prepare(call, api, merge, &made);

	if (error == 0) {
		import_store(call, json_find_c_string(api, "id"), made.before, made.after);
		json_free(call->output);
		call->output = api_shown(json_find(made.after, "restApi"), with_empty_tags);
		if (json_count(made.warnings))
			json_set(call->output, "warnings", json_copy(made.warnings));
	}
	import_fini(&made);
	return error;
}

/* endpointConfigurationTypes=PRIVATE and endpointConfigurationVpcEndpointIds=vpce-1,vpce-2 of the query. */
static struct json *wanted_configuration(const struct call *call)
{
	static const struct {
		const char *parameter, *member;
	} lists[] = {
		{ "endpointConfigurationTypes", "types" },
		{ "endpointConfigurationVpcEndpointIds", "vpcEndpointIds" },
		{ "endpointConfigurationIpAddressType", NULL },
	};
	const struct json *parameters = json_find(call->input, "parameters");
	struct json *configuration = json_object_new();

	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct view rest = json_find_text(parameters, lists[i].parameter), part;

		if (!rest.at)
			continue;
		if (!lists[i].member) {
			json_set_text(configuration, "ipAddressType", rest);
			continue;
		}
		while (view_split(&rest, ',', &part))
			json_append_text(json_ensure_array(configuration, lists[i].member), view_trim(part));
	}
	return configuration;
}

static int check_wanted_types(struct call *call, const struct json *configuration)
{
	JSON_EACH(type, json_find(configuration, "types"))
	{
		struct view text = json_text(type);

		if (!view_equals_text(text, "EDGE") && !view_equals_text(text, "REGIONAL") &&
			!view_equals_text(text, "PRIVATE"))
			return call_fail(call, "BadRequestException",
				"Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE");
	}
	return 0;
}

int import_new_api(struct call *call, struct json *api)
{
	struct json JSON_CLEANUP *configuration = wanted_configuration(call);
	const char *id = record_new_id(call, STORE_restapi, "", 10);
	int error = check_wanted_types(call, configuration);

	if (error < 0)
		return error;
	json_set_c_string(api, "id", id);
	json_set_c_string(api, "name", "");
	json_set_integer(api, "createdDate", (int64_t)(call->request.received_wall_ms / 1000));
	json_set_c_string(api, "apiKeySource", "HEADER");
	error = rest_api_take_configuration(call, api, configuration);
	if (error < 0)
		return error;
	json_set_bool(api, "disableExecuteApiEndpoint", false);
	return 0;
}

int op_import_rest_api(struct call *call)
{
	struct json JSON_CLEANUP *api = json_object_new();
	int error = import_new_api(call, api);

	if (error < 0)
		return error;
	json_set_c_string(api, "rootResourceId", api_make_root(call, json_find_c_string(api, "id")));
	return import(call, api, true, false);
}

int op_put_rest_api(struct call *call)
{
	const char *mode = call_input(call, "mode");
	struct json JSON_CLEANUP *api = NULL;
	int error = api_find(call, &api);

	return error < 0 ? error : import(call, api, !mode || strcmp(mode, "overwrite") != 0, true);
}
