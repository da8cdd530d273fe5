/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shape_parts: members that many inputs of API Gateway have, as rows of a table of members. */
#ifndef POSTERN_CONTROL_APIGATEWAY_SHAPE_PARTS_H
#define POSTERN_CONTROL_APIGATEWAY_SHAPE_PARTS_H

#include "appliance/control/shape.h"

extern const struct shape shape_of_patch_operation;
extern const struct shape shape_of_bools; /* values of a map */
extern const struct shape shape_of_endpoint_configuration;

/* Enumerations that several inputs have, in the order in which AWS prints them. */
#define SHAPE_RESPONSE_TYPES                                                                                           \
	"REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, "        \
	"BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, "           \
	"UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, "   \
	"THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN"
#define SHAPE_SECURITY_POLICIES                                                                                        \
	"TLS_1_0, TLS_1_2, SecurityPolicy_TLS13_1_3_2025_09, SecurityPolicy_TLS13_1_3_FIPS_2025_09, "                  \
	"SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09, SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09, "                          \
	"SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09, SecurityPolicy_TLS13_1_2_PQ_2025_09, "                          \
	"SecurityPolicy_TLS13_1_2_2021_06, SecurityPolicy_TLS13_2025_EDGE, SecurityPolicy_TLS12_PFS_2025_EDGE, "       \
	"SecurityPolicy_TLS12_2018_EDGE"
#define SHAPE_ACCESS_MODES "BASIC, STRICT"
#define SHAPE_CACHE_SIZES "0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237"
#define SHAPE_CONTENT_HANDLINGS "CONVERT_TO_BINARY, CONVERT_TO_TEXT"
#define SHAPE_CONNECTION_TYPES "INTERNET, VPC_LINK"
#define SHAPE_TRANSFER_MODES "BUFFERED, STREAM"
#define SHAPE_ROUTING_MODES "BASE_PATH_MAPPING_ONLY, ROUTING_RULE_ONLY, ROUTING_RULE_THEN_BASE_PATH_MAPPING"
#define SHAPE_STATUS_CODES "[1-5]\\d\\d"

/* clang-format off */
#define SHAPE_IN_PATH(member, wire_name) { .name = (member), .wire = (wire_name), .place = SHAPE_PATH, .required = true }
#define SHAPE_REST_API_ID SHAPE_IN_PATH("restApiId", "restapi_id")
#define SHAPE_RESOURCE_ID SHAPE_IN_PATH("resourceId", "resource_id")
#define SHAPE_HTTP_METHOD SHAPE_IN_PATH("httpMethod", "http_method")
#define SHAPE_METHOD SHAPE_REST_API_ID, SHAPE_RESOURCE_ID, SHAPE_HTTP_METHOD
#define SHAPE_STATUS_CODE { .name = "statusCode", .wire = "status_code", .place = SHAPE_PATH, .pattern = SHAPE_STATUS_CODES, .required = true }
#define SHAPE_MODEL_NAME SHAPE_IN_PATH("modelName", "model_name")
#define SHAPE_REQUEST_VALIDATOR_ID SHAPE_IN_PATH("requestValidatorId", "requestvalidator_id")
#define SHAPE_AUTHORIZER_ID SHAPE_IN_PATH("authorizerId", "authorizer_id")
#define SHAPE_RESPONSE_TYPE { .name = "responseType", .wire = "response_type", .place = SHAPE_PATH, .enumeration = SHAPE_RESPONSE_TYPES, .required = true }
#define SHAPE_DEPLOYMENT_ID SHAPE_IN_PATH("deploymentId", "deployment_id")
#define SHAPE_STAGE_NAME SHAPE_IN_PATH("stageName", "stage_name")
#define SHAPE_DOMAIN_NAME SHAPE_IN_PATH("domainName", "domain_name")
#define SHAPE_DOMAIN_NAME_ID { .name = "domainNameId", .place = SHAPE_QUERY }
#define SHAPE_BASE_PATH SHAPE_IN_PATH("basePath", "base_path")
#define SHAPE_RESOURCE_ARN SHAPE_IN_PATH("resourceArn", "resource_arn")
#define SHAPE_EMBED { .name = "embed", .place = SHAPE_QUERY, .type = SHAPE_LIST }
#define SHAPE_PATCH_OPERATIONS { .name = "patchOperations", .type = SHAPE_LIST, .of = &shape_of_patch_operation }
#define SHAPE_PAGE { .name = "position", .place = SHAPE_QUERY }, { .name = "limit", .place = SHAPE_QUERY, .type = SHAPE_INTEGER }
/* clang-format on */

#endif
