/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of API Gateway: Model, RequestValidator, Authorizer and GatewayResponse.
 * Source: the service's public API model, version 2015-07-09; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape_member get_models_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_models = { SHAPE_MEMBERS(get_models_members) };

static const struct shape_member get_model_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_MODEL_NAME,
	{ .name = "flatten", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
};
const struct shape shape_get_model = { SHAPE_MEMBERS(get_model_members) };

static const struct shape_member create_model_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "name", .required = true },
	{ .name = "description" },
	{ .name = "schema" },
	{ .name = "contentType", .required = true },
};
const struct shape shape_create_model = { SHAPE_MEMBERS(create_model_members) };

static const struct shape_member update_model_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_MODEL_NAME,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_model = { SHAPE_MEMBERS(update_model_members) };

static const struct shape_member delete_model_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_MODEL_NAME,
};
const struct shape shape_delete_model = { SHAPE_MEMBERS(delete_model_members) };

static const struct shape_member get_request_validators_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_request_validators = { SHAPE_MEMBERS(get_request_validators_members) };

static const struct shape_member get_request_validator_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_REQUEST_VALIDATOR_ID,
};
const struct shape shape_get_request_validator = { SHAPE_MEMBERS(get_request_validator_members) };

static const struct shape_member create_request_validator_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "name" },
	{ .name = "validateRequestBody", .type = SHAPE_BOOL },
	{ .name = "validateRequestParameters", .type = SHAPE_BOOL },
};
const struct shape shape_create_request_validator = { SHAPE_MEMBERS(create_request_validator_members) };

static const struct shape_member update_request_validator_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_REQUEST_VALIDATOR_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_request_validator = { SHAPE_MEMBERS(update_request_validator_members) };

static const struct shape_member delete_request_validator_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_REQUEST_VALIDATOR_ID,
};
const struct shape shape_delete_request_validator = { SHAPE_MEMBERS(delete_request_validator_members) };

static const struct shape_member get_authorizers_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_authorizers = { SHAPE_MEMBERS(get_authorizers_members) };

static const struct shape_member get_authorizer_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_AUTHORIZER_ID,
};
const struct shape shape_get_authorizer = { SHAPE_MEMBERS(get_authorizer_members) };

static const struct shape_member create_authorizer_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "name", .required = true },
	{ .name = "type", .enumeration = "TOKEN, REQUEST, COGNITO_USER_POOLS", .required = true },
	{ .name = "providerARNs", .type = SHAPE_LIST },
	{ .name = "authType" },
	{ .name = "authorizerUri" },
	{ .name = "authorizerCredentials" },
	{ .name = "identitySource" },
	{ .name = "identityValidationExpression" },
	{ .name = "authorizerResultTtlInSeconds", .type = SHAPE_INTEGER },
};
const struct shape shape_create_authorizer = { SHAPE_MEMBERS(create_authorizer_members) };

static const struct shape_member update_authorizer_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_AUTHORIZER_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_authorizer = { SHAPE_MEMBERS(update_authorizer_members) };

static const struct shape_member delete_authorizer_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_AUTHORIZER_ID,
};
const struct shape shape_delete_authorizer = { SHAPE_MEMBERS(delete_authorizer_members) };

static const struct shape_member get_gateway_responses_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_gateway_responses = { SHAPE_MEMBERS(get_gateway_responses_members) };

static const struct shape_member get_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESPONSE_TYPE,
};
const struct shape shape_get_gateway_response = { SHAPE_MEMBERS(get_gateway_response_members) };

static const struct shape_member put_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESPONSE_TYPE,
	{ .name = "statusCode", .pattern = SHAPE_STATUS_CODES },
	{ .name = "responseParameters", .type = SHAPE_MAP },
	{ .name = "responseTemplates", .type = SHAPE_MAP },
};
const struct shape shape_put_gateway_response = { SHAPE_MEMBERS(put_gateway_response_members) };

static const struct shape_member update_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESPONSE_TYPE,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_gateway_response = { SHAPE_MEMBERS(update_gateway_response_members) };

static const struct shape_member delete_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESPONSE_TYPE,
};
const struct shape shape_delete_gateway_response = { SHAPE_MEMBERS(delete_gateway_response_members) };
