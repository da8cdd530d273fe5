/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ImportRestApi and PutRestApi: an OpenAPI document becomes the records of an API. Source: spec/openapi.md 1 and 2. */
#include "appliance/control/apigateway/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/model/check.h"
#include "appliance/openapi/import.h"

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
};

static struct json *definition_of(struct call *call, const struct json *api, const char *id)
{
	struct json *definition = json_object_new();

	json_set(definition, "restApi", json_copy(api));
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		json_set(definition, parts[i].member, record_list(call, parts[i].kind, id));
	return definition;
}

static bool has_item(const struct json *items, const char *id_member, struct view id)
{
	JSON_EACH(item, items)
	if (view_equals(json_find_text(item, id_member), id))
		return true;
	return false;
}

/* Store the definition's parts, and delete what only the old one had. */
static void store_definition(struct call *call, const struct json *old, const struct json *definition, const char *id)
{
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		const struct json *items = json_find(definition, parts[i].member);

		JSON_EACH(item, items)
		record_put(call, parts[i].kind,
			call_text(call, "%s/" VIEW_FMT, id, VIEW_ARG(json_find_text(item, parts[i].id_member))), id,
			item);
		JSON_EACH(item, json_find(old, parts[i].member))
		{
			struct view item_id = json_find_text(item, parts[i].id_member);

			if (!has_item(items, parts[i].id_member, item_id))
				record_delete(
					call, parts[i].kind, call_text(call, "%s/" VIEW_FMT, id, VIEW_ARG(item_id)));
		}
	}
	record_put(call, STORE_restapi, id, NULL, json_find(definition, "restApi"));
}

/* --- judging what was imported ------------------------------------------------------------------------------------------------------- */

static int check_method_builds(struct call *call, const struct json *resource, const struct json *method)
{
	const struct json *integration = json_find(method, "methodIntegration");
	char message[CHECK_MESSAGE_MAX_BYTES] = "";
	char *text;
	int error;

	/* Integrations with AWS services are kept until they can be run, and not served meanwhile. */
	if (!integration || view_starts_with(json_find_text(integration, "type"), view_of("AWS")))
		return 0;
	text = json_print_text(integration);
	error = check_integration(view_from_text(text), message);
	free(text);
	if (error == -EINVAL || error == -ENOTSUP)
		return call_fail(call, "BadRequestException",
			"Errors found during import:\n\tUnable to put integration on '" VIEW_FMT
			"' for resource at path '" VIEW_FMT "': %s",
			VIEW_ARG(json_name(method)), VIEW_ARG(json_find_text(resource, "path")), message);
	return error;
}

static int check_builds(struct call *call, const struct json *definition)
{
	JSON_EACH(resource, json_find(definition, "resources"))
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		int error = check_method_builds(call, resource, method);

		if (error < 0)
			return error;
	}
	return 0;
}

/* The document's policy, or the one that was there: an import that does not mention it never erases it. */
static int settle_policy(struct call *call, const struct json *old, struct json *api, struct json *warnings)
{
	const char *policy = json_find_c_string(api, "policy"), *kept = json_find_c_string(old, "policy"), *normal;
	int error;

	if (!policy && kept) {
		json_set_c_string(api, "policy", kept);
		json_append_text(warnings, view_of("The document has no x-amazon-apigateway-policy: the resource "
						   "policy of the API is kept"));
		return 0;
	}
	if (!policy)
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

static int fail_import(struct call *call, struct openapi_failure *failure)
{
	const char *message = failure->message ? failure->message : "Invalid OpenAPI input.";
	bool is_bare = strcmp(message, "Invalid OpenAPI input.") == 0 && failure->detail;

	/* AWS says no more than that it is invalid; where and why helps. */
	(void)call_fail(
		call, "BadRequestException", "%s%s%s", message, is_bare ? "\n\t" : "", is_bare ? failure->detail : "");
	openapi_failure_fini(failure);
	return CALL_FAILED;
}

int import_prepare(struct call *call, const struct json *api, bool merge, struct import *ret)
{
	const char *id = json_find_c_string(api, "id");
	struct openapi_options options = {
		.merge = merge,
		.fail_on_warnings = json_find_bool(call->input, "failOnWarnings", false),
		.base_path = base_path_of(call),
		.account_id = view_from_text(control_account(call->control)),
		.region = view_from_text(control_region(call->control)),
	};
	struct openapi_failure failure;
	int error;

	*ret = (struct import){ .before = definition_of(call, api, id) };
	error = openapi_import(&ret->after, &ret->warnings, &failure, ret->before, call->request.body, &options);
	if (error == -EINVAL)
		return fail_import(call, &failure);
	if (error < 0)
		return error;
	error = settle_policy(call, api, json_find(ret->after, "restApi"), ret->warnings);
	if (error == 0)
		error = settle_endpoints(call, json_find(ret->after, "restApi"));
	return error == 0 ? check_builds(call, ret->after) : error;
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
		store_definition(call, made.before, made.after, json_find_c_string(api, "id"));
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
	json_set_c_string(api, "rootResourceId", api_furnish(call, json_find_c_string(api, "id")));
	return import(call, api, true, false);
}

int op_put_rest_api(struct call *call)
{
	const char *mode = call_input(call, "mode");
	struct json JSON_CLEANUP *api = NULL;
	int error = api_find(call, &api);

	return error < 0 ? error : import(call, api, !mode || strcmp(mode, "overwrite") != 0, true);
}
