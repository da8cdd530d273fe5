/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs of operations that make documents of an API. */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape_member get_export_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_STAGE_NAME,
	SHAPE_IN_PATH("exportType", "export_type"),
	{ .name = "parameters", .place = SHAPE_QUERY_ANY, .type = SHAPE_MAP },
};
const struct shape shape_get_export = { SHAPE_MEMBERS(get_export_members) };

static const struct shape_member get_model_template_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_MODEL_NAME,
};
const struct shape shape_get_model_template = { SHAPE_MEMBERS(get_model_template_members) };

static const struct shape_member get_sdk_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_STAGE_NAME,
	SHAPE_IN_PATH("sdkType", "sdk_type"),
	{ .name = "parameters", .place = SHAPE_QUERY_ANY, .type = SHAPE_MAP },
};
const struct shape shape_get_sdk = { SHAPE_MEMBERS(get_sdk_members) };

static const struct shape_member get_sdk_types_members[] = {
	SHAPE_PAGE,
};
const struct shape shape_get_sdk_types = { SHAPE_MEMBERS(get_sdk_types_members) };

static const struct shape_member get_sdk_type_members[] = {
	SHAPE_IN_PATH("id", "sdktype_id"),
};
const struct shape shape_get_sdk_type = { SHAPE_MEMBERS(get_sdk_type_members) };
