/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of API Gateway: RestApi and Resource.
 * Source: the service's public API model, version 2015-07-09; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape_member patch_operation_shape_members[] = {
	{ .name = "op", .enumeration = "add, remove, move, test, replace, copy" },
	{ .name = "path" },
	{ .name = "value" },
	{ .name = "from" },
};
const struct shape shape_of_patch_operation = { SHAPE_MEMBERS(patch_operation_shape_members) };

const struct shape shape_of_bools = { .type = SHAPE_BOOL };

static const struct shape_member endpoint_configuration_shape_members[] = {
	{ .name = "types", .type = SHAPE_LIST, .enumeration = "PRIVATE, EDGE, REGIONAL" },
	{ .name = "ipAddressType", .enumeration = "ipv4, dualstack" },
	{ .name = "vpcEndpointIds", .type = SHAPE_LIST },
};
const struct shape shape_of_endpoint_configuration = { SHAPE_MEMBERS(endpoint_configuration_shape_members) };

static const struct shape_member create_rest_api_members[] = {
	{ .name = "name", .required = true },
	{ .name = "description" },
	{ .name = "version" },
	{ .name = "cloneFrom" },
	{ .name = "binaryMediaTypes", .type = SHAPE_LIST },
	{ .name = "minimumCompressionSize", .type = SHAPE_INTEGER },
	{ .name = "apiKeySource", .enumeration = "HEADER, AUTHORIZER" },
	{ .name = "endpointConfiguration", .type = SHAPE_STRUCT, .of = &shape_of_endpoint_configuration },
	{ .name = "policy" },
	{ .name = "tags", .type = SHAPE_MAP },
	{ .name = "disableExecuteApiEndpoint", .type = SHAPE_BOOL },
	{ .name = "securityPolicy", .enumeration = SHAPE_SECURITY_POLICIES },
	{ .name = "endpointAccessMode", .enumeration = SHAPE_ACCESS_MODES },
};
const struct shape shape_create_rest_api = { SHAPE_MEMBERS(create_rest_api_members) };

static const struct shape_member import_rest_api_members[] = {
	{ .name = "failOnWarnings", .wire = "failonwarnings", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "parameters", .place = SHAPE_QUERY_ANY, .type = SHAPE_MAP },
	{ .name = "body", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_import_rest_api = { SHAPE_MEMBERS(import_rest_api_members) };

static const struct shape_member get_rest_apis_members[] = {
	SHAPE_PAGE,
};
const struct shape shape_get_rest_apis = { SHAPE_MEMBERS(get_rest_apis_members) };

static const struct shape_member get_rest_api_members[] = {
	SHAPE_REST_API_ID,
};
const struct shape shape_get_rest_api = { SHAPE_MEMBERS(get_rest_api_members) };

static const struct shape_member put_rest_api_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "mode", .place = SHAPE_QUERY, .enumeration = "merge, overwrite" },
	{ .name = "failOnWarnings", .wire = "failonwarnings", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "parameters", .place = SHAPE_QUERY_ANY, .type = SHAPE_MAP },
	{ .name = "body", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_put_rest_api = { SHAPE_MEMBERS(put_rest_api_members) };

static const struct shape_member update_rest_api_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_rest_api = { SHAPE_MEMBERS(update_rest_api_members) };

static const struct shape_member delete_rest_api_members[] = {
	SHAPE_REST_API_ID,
};
const struct shape shape_delete_rest_api = { SHAPE_MEMBERS(delete_rest_api_members) };

static const struct shape_member get_resources_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
	SHAPE_EMBED,
};
const struct shape shape_get_resources = { SHAPE_MEMBERS(get_resources_members) };

static const struct shape_member get_resource_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_EMBED,
};
const struct shape shape_get_resource = { SHAPE_MEMBERS(get_resource_members) };

static const struct shape_member create_resource_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "parentId", .wire = "parent_id", .place = SHAPE_PATH, .required = true },
	{ .name = "pathPart", .required = true },
};
const struct shape shape_create_resource = { SHAPE_MEMBERS(create_resource_members) };

static const struct shape_member update_resource_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_resource = { SHAPE_MEMBERS(update_resource_members) };

static const struct shape_member delete_resource_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
};
const struct shape shape_delete_resource = { SHAPE_MEMBERS(delete_resource_members) };
