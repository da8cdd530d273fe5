/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of API Gateway.
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
static const struct shape endpoint_configuration_shape = { SHAPE_MEMBERS(endpoint_configuration_shape_members) };

static const struct shape_member create_rest_api_members[] = {
	{ .name = "name", .required = true },
	{ .name = "description" },
	{ .name = "version" },
	{ .name = "cloneFrom" },
	{ .name = "binaryMediaTypes", .type = SHAPE_LIST },
	{ .name = "minimumCompressionSize", .type = SHAPE_INTEGER },
	{ .name = "apiKeySource", .enumeration = "HEADER, AUTHORIZER" },
	{ .name = "endpointConfiguration", .type = SHAPE_STRUCT, .of = &endpoint_configuration_shape },
	{ .name = "policy" },
	{ .name = "tags", .type = SHAPE_MAP },
	{ .name = "disableExecuteApiEndpoint", .type = SHAPE_BOOL },
	{ .name = "securityPolicy" },
	{ .name = "endpointAccessMode", .enumeration = "BASIC, STRICT" },
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
	{ .name = "embed", .place = SHAPE_QUERY, .type = SHAPE_LIST },
};
const struct shape shape_get_resources = { SHAPE_MEMBERS(get_resources_members) };

static const struct shape_member get_resource_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	{ .name = "embed", .place = SHAPE_QUERY, .type = SHAPE_LIST },
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
static const struct shape_member put_method_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
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
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
};
const struct shape shape_get_method = { SHAPE_MEMBERS(get_method_members) };

static const struct shape_member update_method_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_method = { SHAPE_MEMBERS(update_method_members) };

static const struct shape_member delete_method_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
};
const struct shape shape_delete_method = { SHAPE_MEMBERS(delete_method_members) };

static const struct shape_member put_method_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
	{ .name = "responseParameters", .type = SHAPE_MAP, .of = &shape_of_bools },
	{ .name = "responseModels", .type = SHAPE_MAP },
};
const struct shape shape_put_method_response = { SHAPE_MEMBERS(put_method_response_members) };

static const struct shape_member get_method_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
};
const struct shape shape_get_method_response = { SHAPE_MEMBERS(get_method_response_members) };

static const struct shape_member update_method_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_method_response = { SHAPE_MEMBERS(update_method_response_members) };

static const struct shape_member delete_method_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
};
const struct shape shape_delete_method_response = { SHAPE_MEMBERS(delete_method_response_members) };

static const struct shape_member tls_config_shape_members[] = {
	{ .name = "insecureSkipVerification", .type = SHAPE_BOOL },
};
static const struct shape tls_config_shape = { SHAPE_MEMBERS(tls_config_shape_members) };

static const struct shape_member put_integration_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "type", .enumeration = "HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS", .required = true },
	{ .name = "integrationHttpMethod", .wire = "httpMethod" },
	{ .name = "uri" },
	{ .name = "connectionType", .enumeration = "INTERNET, VPC_LINK" },
	{ .name = "connectionId" },
	{ .name = "credentials" },
	{ .name = "requestParameters", .type = SHAPE_MAP },
	{ .name = "requestTemplates", .type = SHAPE_MAP },
	{ .name = "passthroughBehavior" },
	{ .name = "cacheNamespace" },
	{ .name = "cacheKeyParameters", .type = SHAPE_LIST },
	{ .name = "contentHandling", .enumeration = "CONVERT_TO_BINARY, CONVERT_TO_TEXT" },
	{ .name = "timeoutInMillis", .type = SHAPE_INTEGER },
	{ .name = "tlsConfig", .type = SHAPE_STRUCT, .of = &tls_config_shape },
	{ .name = "responseTransferMode", .enumeration = "BUFFERED, STREAM" },
	{ .name = "integrationTarget" },
};
const struct shape shape_put_integration = { SHAPE_MEMBERS(put_integration_members) };

static const struct shape_member get_integration_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
};
const struct shape shape_get_integration = { SHAPE_MEMBERS(get_integration_members) };

static const struct shape_member update_integration_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_integration = { SHAPE_MEMBERS(update_integration_members) };

static const struct shape_member delete_integration_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
};
const struct shape shape_delete_integration = { SHAPE_MEMBERS(delete_integration_members) };

static const struct shape_member put_integration_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
	{ .name = "selectionPattern" },
	{ .name = "responseParameters", .type = SHAPE_MAP },
	{ .name = "responseTemplates", .type = SHAPE_MAP },
	{ .name = "contentHandling", .enumeration = "CONVERT_TO_BINARY, CONVERT_TO_TEXT" },
};
const struct shape shape_put_integration_response = { SHAPE_MEMBERS(put_integration_response_members) };

static const struct shape_member get_integration_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
};
const struct shape shape_get_integration_response = { SHAPE_MEMBERS(get_integration_response_members) };

static const struct shape_member update_integration_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_integration_response = { SHAPE_MEMBERS(update_integration_response_members) };

static const struct shape_member delete_integration_response_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	{ .name = "statusCode",
		.wire = "status_code",
		.place = SHAPE_PATH,
		.pattern = "[1-5]\\d\\d",
		.required = true },
};
const struct shape shape_delete_integration_response = { SHAPE_MEMBERS(delete_integration_response_members) };

static const struct shape_member get_models_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_models = { SHAPE_MEMBERS(get_models_members) };

static const struct shape_member get_model_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "modelName", .wire = "model_name", .place = SHAPE_PATH, .required = true },
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
	{ .name = "modelName", .wire = "model_name", .place = SHAPE_PATH, .required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_model = { SHAPE_MEMBERS(update_model_members) };

static const struct shape_member delete_model_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "modelName", .wire = "model_name", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_delete_model = { SHAPE_MEMBERS(delete_model_members) };

static const struct shape_member get_request_validators_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_request_validators = { SHAPE_MEMBERS(get_request_validators_members) };

static const struct shape_member get_request_validator_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "requestValidatorId", .wire = "requestvalidator_id", .place = SHAPE_PATH, .required = true },
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
	{ .name = "requestValidatorId", .wire = "requestvalidator_id", .place = SHAPE_PATH, .required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_request_validator = { SHAPE_MEMBERS(update_request_validator_members) };

static const struct shape_member delete_request_validator_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "requestValidatorId", .wire = "requestvalidator_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_delete_request_validator = { SHAPE_MEMBERS(delete_request_validator_members) };

static const struct shape_member get_authorizers_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_authorizers = { SHAPE_MEMBERS(get_authorizers_members) };

static const struct shape_member get_authorizer_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "authorizerId", .wire = "authorizer_id", .place = SHAPE_PATH, .required = true },
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

static const struct shape_member delete_authorizer_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "authorizerId", .wire = "authorizer_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_delete_authorizer = { SHAPE_MEMBERS(delete_authorizer_members) };

static const struct shape_member get_gateway_responses_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_gateway_responses = { SHAPE_MEMBERS(get_gateway_responses_members) };

static const struct shape_member get_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "responseType",
		.wire = "response_type",
		.place = SHAPE_PATH,
		.enumeration = "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, "
			       "MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, "
			       "BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, "
			       "ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, "
			       "API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN",
		.required = true },
};
const struct shape shape_get_gateway_response = { SHAPE_MEMBERS(get_gateway_response_members) };

static const struct shape_member put_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "responseType",
		.wire = "response_type",
		.place = SHAPE_PATH,
		.enumeration = "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, "
			       "MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, "
			       "BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, "
			       "ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, "
			       "API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN",
		.required = true },
	{ .name = "statusCode", .pattern = "[1-5]\\d\\d" },
	{ .name = "responseParameters", .type = SHAPE_MAP },
	{ .name = "responseTemplates", .type = SHAPE_MAP },
};
const struct shape shape_put_gateway_response = { SHAPE_MEMBERS(put_gateway_response_members) };

static const struct shape_member update_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "responseType",
		.wire = "response_type",
		.place = SHAPE_PATH,
		.enumeration = "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, "
			       "MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, "
			       "BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, "
			       "ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, "
			       "API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN",
		.required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_gateway_response = { SHAPE_MEMBERS(update_gateway_response_members) };

static const struct shape_member delete_gateway_response_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "responseType",
		.wire = "response_type",
		.place = SHAPE_PATH,
		.enumeration = "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, "
			       "MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, "
			       "BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, "
			       "ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, "
			       "API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN",
		.required = true },
};
const struct shape shape_delete_gateway_response = { SHAPE_MEMBERS(delete_gateway_response_members) };

static const struct shape_member deployment_canary_settings_shape_members[] = {
	{ .name = "percentTraffic", .type = SHAPE_NUMBER },
	{ .name = "stageVariableOverrides", .type = SHAPE_MAP },
	{ .name = "useStageCache", .type = SHAPE_BOOL },
};
static const struct shape deployment_canary_settings_shape = { SHAPE_MEMBERS(
	deployment_canary_settings_shape_members) };

static const struct shape_member create_deployment_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName" },
	{ .name = "stageDescription" },
	{ .name = "description" },
	{ .name = "cacheClusterEnabled", .type = SHAPE_BOOL },
	{ .name = "cacheClusterSize", .enumeration = "0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237" },
	{ .name = "variables", .type = SHAPE_MAP },
	{ .name = "canarySettings", .type = SHAPE_STRUCT, .of = &deployment_canary_settings_shape },
	{ .name = "tracingEnabled", .type = SHAPE_BOOL },
};
const struct shape shape_create_deployment = { SHAPE_MEMBERS(create_deployment_members) };

static const struct shape_member get_deployments_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_deployments = { SHAPE_MEMBERS(get_deployments_members) };

static const struct shape_member get_deployment_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "deploymentId", .wire = "deployment_id", .place = SHAPE_PATH, .required = true },
	{ .name = "embed", .place = SHAPE_QUERY, .type = SHAPE_LIST },
};
const struct shape shape_get_deployment = { SHAPE_MEMBERS(get_deployment_members) };

static const struct shape_member update_deployment_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "deploymentId", .wire = "deployment_id", .place = SHAPE_PATH, .required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_deployment = { SHAPE_MEMBERS(update_deployment_members) };

static const struct shape_member delete_deployment_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "deploymentId", .wire = "deployment_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_delete_deployment = { SHAPE_MEMBERS(delete_deployment_members) };

static const struct shape_member canary_settings_shape_members[] = {
	{ .name = "percentTraffic", .type = SHAPE_NUMBER },
	{ .name = "deploymentId" },
	{ .name = "stageVariableOverrides", .type = SHAPE_MAP },
	{ .name = "useStageCache", .type = SHAPE_BOOL },
};
static const struct shape canary_settings_shape = { SHAPE_MEMBERS(canary_settings_shape_members) };

static const struct shape_member create_stage_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName", .required = true },
	{ .name = "deploymentId", .required = true },
	{ .name = "description" },
	{ .name = "cacheClusterEnabled", .type = SHAPE_BOOL },
	{ .name = "cacheClusterSize", .enumeration = "0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237" },
	{ .name = "variables", .type = SHAPE_MAP },
	{ .name = "documentationVersion" },
	{ .name = "canarySettings", .type = SHAPE_STRUCT, .of = &canary_settings_shape },
	{ .name = "tracingEnabled", .type = SHAPE_BOOL },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_stage = { SHAPE_MEMBERS(create_stage_members) };

static const struct shape_member get_stages_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "deploymentId", .place = SHAPE_QUERY },
};
const struct shape shape_get_stages = { SHAPE_MEMBERS(get_stages_members) };

static const struct shape_member get_stage_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName", .wire = "stage_name", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_get_stage = { SHAPE_MEMBERS(get_stage_members) };

static const struct shape_member update_stage_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName", .wire = "stage_name", .place = SHAPE_PATH, .required = true },
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_stage = { SHAPE_MEMBERS(update_stage_members) };

static const struct shape_member delete_stage_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "stageName", .wire = "stage_name", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_delete_stage = { SHAPE_MEMBERS(delete_stage_members) };

static const struct shape_member mutual_tls_authentication_input_shape_members[] = {
	{ .name = "truststoreUri" },
	{ .name = "truststoreVersion" },
};
static const struct shape mutual_tls_authentication_input_shape = { SHAPE_MEMBERS(
	mutual_tls_authentication_input_shape_members) };

static const struct shape_member create_domain_name_members[] = {
	{ .name = "domainName", .required = true },
	{ .name = "certificateName" },
	{ .name = "certificateBody" },
	{ .name = "certificatePrivateKey" },
	{ .name = "certificateChain" },
	{ .name = "certificateArn" },
	{ .name = "regionalCertificateName" },
	{ .name = "regionalCertificateArn" },
	{ .name = "endpointConfiguration", .type = SHAPE_STRUCT, .of = &endpoint_configuration_shape },
	{ .name = "tags", .type = SHAPE_MAP },
	{ .name = "securityPolicy" },
	{ .name = "mutualTlsAuthentication", .type = SHAPE_STRUCT, .of = &mutual_tls_authentication_input_shape },
	{ .name = "ownershipVerificationCertificateArn" },
	{ .name = "policy" },
	{ .name = "endpointAccessMode", .enumeration = "BASIC, STRICT" },
	{ .name = "routingMode",
		.enumeration = "BASE_PATH_MAPPING_ONLY, ROUTING_RULE_ONLY, ROUTING_RULE_THEN_BASE_PATH_MAPPING" },
};
const struct shape shape_create_domain_name = { SHAPE_MEMBERS(create_domain_name_members) };

static const struct shape_member get_domain_names_members[] = {
	SHAPE_PAGE,
	{ .name = "resourceOwner", .place = SHAPE_QUERY, .enumeration = "SELF, OTHER_ACCOUNTS" },
};
const struct shape shape_get_domain_names = { SHAPE_MEMBERS(get_domain_names_members) };

static const struct shape_member get_domain_name_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_get_domain_name = { SHAPE_MEMBERS(get_domain_name_members) };

static const struct shape_member update_domain_name_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	SHAPE_PATCH_OPERATIONS,
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_update_domain_name = { SHAPE_MEMBERS(update_domain_name_members) };

static const struct shape_member delete_domain_name_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_delete_domain_name = { SHAPE_MEMBERS(delete_domain_name_members) };

static const struct shape_member create_base_path_mapping_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	{ .name = "basePath" },
	{ .name = "restApiId", .required = true },
	{ .name = "stage" },
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_create_base_path_mapping = { SHAPE_MEMBERS(create_base_path_mapping_members) };

static const struct shape_member get_base_path_mappings_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	SHAPE_PAGE,
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_get_base_path_mappings = { SHAPE_MEMBERS(get_base_path_mappings_members) };

static const struct shape_member get_base_path_mapping_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	{ .name = "basePath", .wire = "base_path", .place = SHAPE_PATH, .required = true },
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_get_base_path_mapping = { SHAPE_MEMBERS(get_base_path_mapping_members) };

static const struct shape_member update_base_path_mapping_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	{ .name = "basePath", .wire = "base_path", .place = SHAPE_PATH, .required = true },
	SHAPE_PATCH_OPERATIONS,
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_update_base_path_mapping = { SHAPE_MEMBERS(update_base_path_mapping_members) };

static const struct shape_member delete_base_path_mapping_members[] = {
	{ .name = "domainName", .wire = "domain_name", .place = SHAPE_PATH, .required = true },
	{ .name = "basePath", .wire = "base_path", .place = SHAPE_PATH, .required = true },
	{ .name = "domainNameId", .place = SHAPE_QUERY },
};
const struct shape shape_delete_base_path_mapping = { SHAPE_MEMBERS(delete_base_path_mapping_members) };

static const struct shape_member create_domain_access_members[] = {
	{ .name = "domainNameArn", .required = true },
	{ .name = "accessAssociationSourceType", .enumeration = "VPCE", .required = true },
	{ .name = "accessAssociationSource", .required = true },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_domain_access = { SHAPE_MEMBERS(create_domain_access_members) };

static const struct shape_member get_domain_accesses_members[] = {
	SHAPE_PAGE,
	{ .name = "resourceOwner", .place = SHAPE_QUERY, .enumeration = "SELF, OTHER_ACCOUNTS" },
};
const struct shape shape_get_domain_accesses = { SHAPE_MEMBERS(get_domain_accesses_members) };

static const struct shape_member delete_domain_access_members[] = {
	{ .name = "domainNameAccessAssociationArn",
		.wire = "domain_name_access_association_arn",
		.place = SHAPE_PATH,
		.required = true },
};
const struct shape shape_delete_domain_access = { SHAPE_MEMBERS(delete_domain_access_members) };

const struct shape shape_get_account = { .type = SHAPE_STRUCT };

static const struct shape_member tag_resource_members[] = {
	{ .name = "resourceArn", .wire = "resource_arn", .place = SHAPE_PATH, .required = true },
	{ .name = "tags", .type = SHAPE_MAP, .required = true },
};
const struct shape shape_tag_resource = { SHAPE_MEMBERS(tag_resource_members) };

static const struct shape_member get_tags_members[] = {
	{ .name = "resourceArn", .wire = "resource_arn", .place = SHAPE_PATH, .required = true },
	SHAPE_PAGE,
};
const struct shape shape_get_tags = { SHAPE_MEMBERS(get_tags_members) };

static const struct shape_member untag_resource_members[] = {
	{ .name = "resourceArn", .wire = "resource_arn", .place = SHAPE_PATH, .required = true },
	{ .name = "tagKeys", .place = SHAPE_QUERY, .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_resource = { SHAPE_MEMBERS(untag_resource_members) };
