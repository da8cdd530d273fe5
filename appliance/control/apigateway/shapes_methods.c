/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of API Gateway: Method, MethodResponse, Integration and IntegrationResponse.
 * Source: the service's public API model, version 2015-07-09; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape_member put_method_members[] = {
	SHAPE_METHOD,
	{ .name = "authorizationType", .required = true },
	{ .name = "authorizerId" },
	{ .name = "apiKeyRequired", .type = SHAPE_BOOL },
	{ .name = "operationName" },
	{ .name = "requestParameters", .type = SHAPE_MAP, .of = &shape_of_bools },
	{ .name = "requestModels", .type = SHAPE_MAP },
	{ .name = "requestValidatorId" },
	{ .name = "authorizationScopes", .type = SHAPE_LIST },
};
const struct shape shape_put_method = { SHAPE_MEMBERS(put_method_members) };

static const struct shape_member get_method_members[] = {
	SHAPE_METHOD,
};
const struct shape shape_get_method = { SHAPE_MEMBERS(get_method_members) };

static const struct shape_member update_method_members[] = {
	SHAPE_METHOD,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_method = { SHAPE_MEMBERS(update_method_members) };

static const struct shape_member delete_method_members[] = {
	SHAPE_METHOD,
};
const struct shape shape_delete_method = { SHAPE_MEMBERS(delete_method_members) };

static const struct shape_member put_method_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
	{ .name = "responseParameters", .type = SHAPE_MAP, .of = &shape_of_bools },
	{ .name = "responseModels", .type = SHAPE_MAP },
};
const struct shape shape_put_method_response = { SHAPE_MEMBERS(put_method_response_members) };

static const struct shape_member get_method_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
};
const struct shape shape_get_method_response = { SHAPE_MEMBERS(get_method_response_members) };

static const struct shape_member update_method_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_method_response = { SHAPE_MEMBERS(update_method_response_members) };

static const struct shape_member delete_method_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
};
const struct shape shape_delete_method_response = { SHAPE_MEMBERS(delete_method_response_members) };

static const struct shape_member tls_config_shape_members[] = {
	{ .name = "insecureSkipVerification", .type = SHAPE_BOOL },
};
static const struct shape tls_config_shape = { SHAPE_MEMBERS(tls_config_shape_members) };

static const struct shape_member put_integration_members[] = {
	SHAPE_METHOD,
	{ .name = "type", .enumeration = "HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS", .required = true },
	{ .name = "integrationHttpMethod", .wire = "httpMethod" },
	{ .name = "uri" },
	{ .name = "connectionType", .enumeration = SHAPE_CONNECTION_TYPES },
	{ .name = "connectionId" },
	{ .name = "credentials" },
	{ .name = "requestParameters", .type = SHAPE_MAP },
	{ .name = "requestTemplates", .type = SHAPE_MAP },
	{ .name = "passthroughBehavior" },
	{ .name = "cacheNamespace" },
	{ .name = "cacheKeyParameters", .type = SHAPE_LIST },
	{ .name = "contentHandling", .enumeration = SHAPE_CONTENT_HANDLINGS },
	{ .name = "timeoutInMillis", .type = SHAPE_INTEGER },
	{ .name = "tlsConfig", .type = SHAPE_STRUCT, .of = &tls_config_shape },
	{ .name = "responseTransferMode", .enumeration = SHAPE_TRANSFER_MODES },
	{ .name = "integrationTarget" },
};
const struct shape shape_put_integration = { SHAPE_MEMBERS(put_integration_members) };

static const struct shape_member get_integration_members[] = {
	SHAPE_METHOD,
};
const struct shape shape_get_integration = { SHAPE_MEMBERS(get_integration_members) };

static const struct shape_member update_integration_members[] = {
	SHAPE_METHOD,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_integration = { SHAPE_MEMBERS(update_integration_members) };

static const struct shape_member delete_integration_members[] = {
	SHAPE_METHOD,
};
const struct shape shape_delete_integration = { SHAPE_MEMBERS(delete_integration_members) };

static const struct shape_member put_integration_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
	{ .name = "selectionPattern" },
	{ .name = "responseParameters", .type = SHAPE_MAP },
	{ .name = "responseTemplates", .type = SHAPE_MAP },
	{ .name = "contentHandling", .enumeration = SHAPE_CONTENT_HANDLINGS },
};
const struct shape shape_put_integration_response = { SHAPE_MEMBERS(put_integration_response_members) };

static const struct shape_member get_integration_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
};
const struct shape shape_get_integration_response = { SHAPE_MEMBERS(get_integration_response_members) };

static const struct shape_member update_integration_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_integration_response = { SHAPE_MEMBERS(update_integration_response_members) };

static const struct shape_member delete_integration_response_members[] = {
	SHAPE_METHOD,
	SHAPE_STATUS_CODE,
};
const struct shape shape_delete_integration_response = { SHAPE_MEMBERS(delete_integration_response_members) };
