/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/rest_api_rules.h"

#include <string.h>

#include "appliance/control/apigateway/tags.h"
#include "appliance/control/records.h"

bool rest_api_is_private(const struct json *api)
{
	return view_equals_text(
		json_text(json_at(json_find_path(api, "endpointConfiguration", "types", NULL), 0)), "PRIVATE");
}

static int check_vpc_endpoints(struct call *call, const struct json *ids, bool is_private)
{
	if (json_count(ids) && !is_private)
		return call_fail(call, "BadRequestException", "VPC endpoints can only be specified with PRIVATE apis.");
	JSON_EACH(id, ids)
	if (!record_exists(call, STORE_vpcendpoint, json_c_string(id)))
		return call_fail(
			call, "BadRequestException", "Invalid VPC endpoint ID specified: %s", json_c_string(id));
	return 0;
}

int rest_api_take_configuration(struct call *call, struct json *api, const struct json *wanted)
{
	const struct json *types = json_find(wanted, "types"), *ids = json_find(wanted, "vpcEndpointIds");
	const char *address_type = json_find_c_string(wanted, "ipAddressType");
	struct json *configuration, *type_list;
	struct view type = view_of("EDGE");
	bool is_private;
	int error;

	if (types && json_count(types) == 0)
		return call_fail(call, "BadRequestException",
			"REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.");
	if (json_count(types) > 1)
		return call_fail(call, "BadRequestException", "Cannot create an api with multiple Endpoint Types.");
	if (types)
		type = json_text(json_at(types, 0));
	is_private = view_equals_text(type, "PRIVATE");
	if (is_private && address_type && strcmp(address_type, "dualstack") != 0)
		return call_fail(
			call, "BadRequestException", "Only dualstack ipAddressType is supported for Private APIs.");
	error = check_vpc_endpoints(call, ids, is_private);
	if (error < 0)
		return error;
	configuration = json_object_new();
	type_list = json_array_new();
	json_append_text(type_list, type);
	json_set(configuration, "types", type_list);
	json_set_c_string(configuration, "ipAddressType",
		address_type ? address_type
		: is_private ? "dualstack"
			     : "ipv4");
	if (json_count(ids))
		json_set(configuration, "vpcEndpointIds", json_copy(ids));
	json_set(api, "endpointConfiguration", configuration);
	return 0;
}

int rest_api_check_security(struct call *call, const struct json *api)
{
	struct view policy = json_find_text(api, "securityPolicy"), mode = json_find_text(api, "endpointAccessMode");
	bool is_enhanced = view_starts_with(policy, view_of("SecurityPolicy_"));
	bool is_edge_policy = view_find(policy, view_of("_EDGE")) != VIEW_NOWHERE, is_edge;

	is_edge = view_equals_text(
		json_text(json_at(json_find_path(api, "endpointConfiguration", "types", NULL), 0)), "EDGE");
	if (policy.count && !view_equals_text(policy, "TLS_1_0") && !view_equals_text(policy, "TLS_1_2") &&
		!is_enhanced)
		return call_fail(call, "BadRequestException", "Invalid security policy specified");
	if (mode.count && !view_equals_text(mode, "BASIC") && !view_equals_text(mode, "STRICT"))
		return call_fail(call, "BadRequestException",
			"Invalid endpoint access mode specified. Valid options are BASIC, STRICT");
	if (is_enhanced && mode.count == 0)
		return call_fail(call, "BadRequestException",
			"An endpoint access mode must be specified with the security policy " VIEW_FMT,
			VIEW_ARG(policy));
	if (!is_enhanced && mode.count)
		return call_fail(call, "BadRequestException",
			"An endpoint access mode can only be specified with a security policy that begins with "
			"SecurityPolicy_");
	if (is_enhanced && is_edge != is_edge_policy)
		return call_fail(call, "BadRequestException",
			"The security policy " VIEW_FMT " is not supported for this endpoint type", VIEW_ARG(policy));
	return 0;
}

int rest_api_take(struct call *call, struct json *api)
{
	const char *description = call_input(call, "description");
	int64_t compression = json_find_integer(call->input, "minimumCompressionSize", -1);
	int error;

	if (!*call_input(call, "name"))
		return call_fail(call, "BadRequestException", "Name cannot be an empty string");
	if (description && !*description)
		return call_fail(call, "BadRequestException", "Description cannot be an empty string");
	if (call_input_has(call, "minimumCompressionSize") &&
		(compression < 0 || compression > REST_API_COMPRESSION_MAX_BYTES))
		return call_fail(call, "BadRequestException",
			"Invalid minimum compression size, must be between 0 and 10485760");
	json_set_c_string(api, "name", call_input(call, "name"));
	json_set_c_string(api, "description", description);
	json_set_integer(api, "createdDate", (int64_t)(call->request.received_wall_ms / 1000));
	json_set_c_string(api, "version", call_input(call, "version"));
	if (json_count(json_find(call->input, "binaryMediaTypes")))
		json_set(api, "binaryMediaTypes", json_copy(json_find(call->input, "binaryMediaTypes")));
	if (compression >= 0)
		json_set_integer(api, "minimumCompressionSize", compression);
	json_set_c_string(api, "apiKeySource",
		call_input_has(call, "apiKeySource") ? call_input(call, "apiKeySource") : "HEADER");
	error = rest_api_take_configuration(call, api, json_find(call->input, "endpointConfiguration"));
	if (error < 0)
		return error;
	if (tags_check(call, json_find(call->input, "tags")) < 0)
		return CALL_FAILED;
	if (json_count(json_find(call->input, "tags")))
		json_set(api, "tags", json_copy(json_find(call->input, "tags")));
	json_set_bool(
		api, "disableExecuteApiEndpoint", json_find_bool(call->input, "disableExecuteApiEndpoint", false));
	json_set_c_string(api, "securityPolicy", call_input(call, "securityPolicy"));
	json_set_c_string(api, "endpointAccessMode", call_input(call, "endpointAccessMode"));
	return rest_api_check_security(call, api);
}
