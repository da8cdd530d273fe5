/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs of TestInvokeMethod and TestInvokeAuthorizer. Source: as shapes.c. */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape texts = { .type = SHAPE_LIST };

/* clang-format off */
#define REQUEST \
	{ .name = "pathWithQueryString" }, \
	{ .name = "body" }, \
	{ .name = "headers", .type = SHAPE_MAP }, \
	{ .name = "multiValueHeaders", .type = SHAPE_MAP, .of = &texts }, \
	{ .name = "stageVariables", .type = SHAPE_MAP }
/* clang-format on */

static const struct shape_member test_invoke_method_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_RESOURCE_ID,
	SHAPE_HTTP_METHOD,
	REQUEST,
	{ .name = "clientCertificateId" },
};
const struct shape shape_test_invoke_method = { SHAPE_MEMBERS(test_invoke_method_members) };

static const struct shape_member test_invoke_authorizer_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "authorizerId", .wire = "authorizer_id", .place = SHAPE_PATH, .required = true },
	REQUEST,
	{ .name = "additionalContext", .type = SHAPE_MAP },
};
const struct shape shape_test_invoke_authorizer = { SHAPE_MEMBERS(test_invoke_authorizer_members) };
