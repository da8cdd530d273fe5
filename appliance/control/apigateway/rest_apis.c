/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RestApi: create, read, patch, delete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/clone.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

int op_create_rest_api(struct call *call)
{
	struct json JSON_CLEANUP *api = json_object_new();
	const char *id = record_new_id(call, STORE_restapi, "", 10), *normal = NULL;
	const char *policy = call_input(call, "policy"), *original = call_input(call, "cloneFrom");
	int error;

	json_set_c_string(api, "id", id);
	error = rest_api_take(call, api);
	if (error == 0 && policy && *policy)
		error = document_normalise(call, POLICY_KIND_API, document_api_arn(call, id), policy, &normal);
	if (error < 0)
		return error;
	json_set_c_string(api, "policy", normal);
	if (original && clone_api(call, original, api) < 0)
		return CALL_FAILED;
	if (!original)
		json_set_c_string(api, "rootResourceId", api_furnish(call, id));
	record_put(call, STORE_restapi, id, NULL, api);
	json_free(call->output);
	call->output = api_shown(api, false);
	return 0;
}

int op_get_rest_api(struct call *call)
{
	struct json JSON_CLEANUP *api = NULL;
	int error = api_find(call, &api);

	if (error < 0)
		return error;
	json_free(call->output);
	call->output = api_shown(api, true);
	return 0;
}

int op_get_rest_apis(struct call *call)
{
	struct json JSON_CLEANUP *apis = record_list(call, STORE_restapi, NULL);
	struct json *shown = json_array_new();

	JSON_EACH(api, apis)
	json_append(shown, api_shown(api, false));
	return page_list(call, shown, "id");
}

/* Is the API mapped to a domain? */
static bool is_mapped(struct call *call, const char *id)
{
	struct json JSON_CLEANUP *mappings = record_list(call, STORE_basepathmapping, NULL);

	JSON_EACH(mapping, mappings)
	if (view_equals_text(json_find_text(mapping, "restApiId"), id))
		return true;
	return false;
}

int op_delete_rest_api(struct call *call)
{
	const char *id = call_input(call, "restApiId");
	int error = api_check(call);

	if (error < 0)
		return error;
	if (is_mapped(call, id))
		return call_fail(call, "BadRequestException",
			"Please remove all base path mappings related to the API in your account before deleting it.");
	api_delete_all(call, id);
	return 0;
}

/* --- PATCH ------------------------------------------------------------------------------------------------------------- */

static int patch_type(struct call *call, const struct patch *patch, struct json *api)
{
	struct json *configuration = json_find(api, "endpointConfiguration");
	const char *old = json_c_string(json_at(json_find(configuration, "types"), 0));
	const char *wanted = patch->value ? patch->value : "";
	struct json *types;

	if (patch->op != PATCH_REPLACE)
		return call_fail(call, "BadRequestException",
			"Invalid patch operation specified. Must be 'add'|'remove'|'replace'");
	if (strcmp(wanted, "EDGE") != 0 && strcmp(wanted, "REGIONAL") != 0 && strcmp(wanted, "PRIVATE") != 0)
		return call_fail(call, "BadRequestException",
			"Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE");
	if (strcmp(patch->parts[2], "0") != 0 && strcmp(patch->parts[2], old) != 0)
		return patch_invalid_path(call, patch);
	if (strcmp(old, "PRIVATE") == 0 && strcmp(wanted, "EDGE") == 0)
		return call_fail(
			call, "BadRequestException", "A private API cannot be changed to an edge-optimized API.");
	/* A private domain serves private APIs alone, a public one public APIs. */
	if ((strcmp(old, "PRIVATE") == 0) != (strcmp(wanted, "PRIVATE") == 0) &&
		is_mapped(call, json_find_c_string(api, "id")))
		return call_fail(call, "BadRequestException",
			"The endpoint type of an API that is mapped to a domain name cannot be changed.");
	types = json_array_new();
	json_append_text(types, view_from_text(wanted));
	json_set(configuration, "types", types);
	if (strcmp(wanted, "PRIVATE") == 0)
		json_set_c_string(configuration, "ipAddressType", "dualstack");
	else
		(void)json_remove(configuration, "vpcEndpointIds");
	return 0;
}

static int patch_ip_address_type(struct call *call, const struct patch *patch, struct json *api)
{
	const char *wanted = patch->value ? patch->value : "";

	if (strcmp(wanted, "ipv4") != 0 && strcmp(wanted, "dualstack") != 0)
		return call_fail(call, "BadRequestException", "ipAddressType must be either ipv4 or dualstack.");
	if (rest_api_is_private(api) && strcmp(wanted, "dualstack") != 0)
		return call_fail(
			call, "BadRequestException", "Only dualstack ipAddressType is supported for Private APIs.");
	json_set_c_string(json_find(api, "endpointConfiguration"), "ipAddressType", wanted);
	return 0;
}

static int patch_vpc_endpoint_ids(struct call *call, const struct patch *patch, struct json *api)
{
	struct json *configuration = json_find(api, "endpointConfiguration"), *ids;

	if (!rest_api_is_private(api))
		return call_fail(call, "BadRequestException", "VPC endpoints can only be specified with PRIVATE apis.");
	if (!patch->value || (patch->op == PATCH_ADD && !record_exists(call, STORE_vpcendpoint, patch->value)))
		return call_fail(call, "BadRequestException", "Invalid VPC endpoint ID specified: %s",
			patch->value ? patch->value : "null");
	ids = json_ensure_array(configuration, "vpcEndpointIds");
	patch_list(ids, patch, patch->value);
	if (json_count(ids) == 0)
		(void)json_remove(configuration, "vpcEndpointIds");
	return 0;
}

static int patch_binary_media_types(struct call *call, const struct patch *patch, struct json *api)
{
	struct json *list = json_ensure_array(api, "binaryMediaTypes");
	long index = patch_list_index(list, patch->parts[1]);

	(void)call;
	if (index >= 0 && patch->op != PATCH_ADD)
		(void)json_remove_at(list, (size_t)index);
	if (patch->op == PATCH_ADD && index < 0)
		json_append_text(list, view_from_text(patch->parts[1]));
	if (patch->op == PATCH_REPLACE)
		json_append_text(list, view_from_text(patch->value ? patch->value : patch->parts[1]));
	if (json_count(list) == 0)
		(void)json_remove(api, "binaryMediaTypes");
	return 0;
}

static int patch_policy(struct call *call, const struct patch *patch, struct json *api)
{
	const char *normal = NULL;
	int error;

	if (patch->op == PATCH_REMOVE || !patch->value || !*patch->value) {
		(void)json_remove(api, "policy");
		return 0;
	}
	error = document_normalise(
		call, POLICY_KIND_API, document_api_arn(call, json_find_c_string(api, "id")), patch->value, &normal);
	if (error == 0)
		json_set_c_string(api, "policy", normal);
	return error;
}

static int patch_compression(struct call *call, const struct patch *patch, struct json *api)
{
	int64_t size;

	if (!patch->value || !*patch->value) {
		(void)json_remove(api, "minimumCompressionSize");
		return 0;
	}
	if (view_parse_i64(view_from_text(patch->value), 0, REST_API_COMPRESSION_MAX_BYTES, &size) < 0)
		return call_fail(call, "BadRequestException",
			"Invalid minimum compression size, must be between 0 and 10485760");
	json_set_integer(api, "minimumCompressionSize", size);
	return 0;
}

static int patch_key_source(struct call *call, const struct patch *patch, struct json *api)
{
	const char *wanted = patch->value ? patch->value : "";

	if (strcmp(wanted, "HEADER") != 0 && strcmp(wanted, "AUTHORIZER") != 0)
		return call_fail(call, "BadRequestException",
			"Invalid API key source specified. Valid options are HEADER,AUTHORIZER");
	json_set_c_string(api, "apiKeySource", wanted);
	return 0;
}

static int patch_name(struct call *call, const struct patch *patch, struct json *api)
{
	if (!patch->value || !*patch->value)
		return call_fail(call, "BadRequestException", "Name cannot be an empty string");
	return patch_set_text(call, patch, api);
}

static int patch_rest_api(struct call *call, const struct patch *patch, struct json *api)
{
	static const struct patch_row rows[] = {
		{ "/name", PATCH_ON_REPLACE, patch_name },
		{ "/description", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_text },
		{ "/apiKeySource", PATCH_ON_REPLACE, patch_key_source },
		{ "/binaryMediaTypes/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_binary_media_types },
		{ "/disableExecuteApiEndpoint", PATCH_ON_REPLACE, patch_set_bool },
		{ "/endpointAccessMode", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/endpointConfiguration/ipAddressType", PATCH_ON_REPLACE, patch_ip_address_type },
		{ "/endpointConfiguration/types/*", PATCH_ON_ANY, patch_type },
		{ "/endpointConfiguration/vpcEndpointIds", PATCH_ON_ADD_REMOVE, patch_vpc_endpoint_ids },
		{ "/minimumCompressionSize", PATCH_ON_REPLACE, patch_compression },
		{ "/policy", PATCH_ON_REPLACE | PATCH_ON(PATCH_REMOVE), patch_policy },
		{ "/securityPolicy", PATCH_ON_REPLACE, patch_set_text },
	};

	return patch_by_rows(call, patch, api, rows, ARRAY_COUNT(rows));
}

int op_update_rest_api(struct call *call)
{
	struct json JSON_CLEANUP *api = NULL;
	int error = api_find(call, &api);

	if (error == 0)
		error = patch_apply(call, api, patch_rest_api);
	if (error == 0)
		error = rest_api_check_security(call, api);
	if (error < 0)
		return error;
	record_put(call, STORE_restapi, call_input(call, "restApiId"), NULL, api);
	json_free(call->output);
	call->output = api_shown(api, true);
	return 0;
}
