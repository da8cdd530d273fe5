/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inputs of the operations on documentation parts and versions. */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

/* In the order in which AWS prints them. Source: spec/control-plane.md 3.8. */
#define PART_TYPES                                                                                                     \
	"RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, "              \
	"REQUEST_BODY, "                                                                                               \
	"QUERY_PARAMETER, API, REQUEST_HEADER"
#define PART_ID SHAPE_IN_PATH("documentationPartId", "part_id")
#define VERSION SHAPE_IN_PATH("documentationVersion", "doc_version")

static const struct shape_member location_members[] = {
	{ .name = "type", .enumeration = PART_TYPES, .required = true },
	{ .name = "path" },
	{ .name = "method" },
	{ .name = "statusCode", .pattern = "^([1-5]\\d\\d|\\*|\\s*)$" },
	{ .name = "name" },
};
static const struct shape shape_of_location = { SHAPE_MEMBERS(location_members) };

static const struct shape_member create_documentation_part_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "location", .type = SHAPE_STRUCT, .of = &shape_of_location, .required = true },
	{ .name = "properties", .required = true },
};
const struct shape shape_create_documentation_part = { SHAPE_MEMBERS(create_documentation_part_members) };

static const struct shape_member get_documentation_part_members[] = {
	SHAPE_REST_API_ID,
	PART_ID,
};
const struct shape shape_get_documentation_part = { SHAPE_MEMBERS(get_documentation_part_members) };

static const struct shape_member get_documentation_parts_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "type", .place = SHAPE_QUERY, .enumeration = PART_TYPES },
	{ .name = "name", .place = SHAPE_QUERY },
	{ .name = "path", .place = SHAPE_QUERY },
	{ .name = "locationStatus", .place = SHAPE_QUERY, .enumeration = "DOCUMENTED, UNDOCUMENTED" },
	SHAPE_PAGE,
};
const struct shape shape_get_documentation_parts = { SHAPE_MEMBERS(get_documentation_parts_members) };

static const struct shape_member update_documentation_part_members[] = {
	SHAPE_REST_API_ID,
	PART_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_documentation_part = { SHAPE_MEMBERS(update_documentation_part_members) };

static const struct shape_member delete_documentation_part_members[] = {
	SHAPE_REST_API_ID,
	PART_ID,
};
const struct shape shape_delete_documentation_part = { SHAPE_MEMBERS(delete_documentation_part_members) };

static const struct shape_member import_documentation_parts_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "mode", .place = SHAPE_QUERY, .enumeration = "merge, overwrite" },
	{ .name = "failOnWarnings", .wire = "failonwarnings", .place = SHAPE_QUERY, .type = SHAPE_BOOL },
	{ .name = "body", .place = SHAPE_PAYLOAD, .type = SHAPE_BLOB, .required = true },
};
const struct shape shape_import_documentation_parts = { SHAPE_MEMBERS(import_documentation_parts_members) };

static const struct shape_member create_documentation_version_members[] = {
	SHAPE_REST_API_ID,
	{ .name = "documentationVersion", .required = true },
	{ .name = "stageName" },
	{ .name = "description" },
};
const struct shape shape_create_documentation_version = { SHAPE_MEMBERS(create_documentation_version_members) };

static const struct shape_member get_documentation_version_members[] = {
	SHAPE_REST_API_ID,
	VERSION,
};
const struct shape shape_get_documentation_version = { SHAPE_MEMBERS(get_documentation_version_members) };

static const struct shape_member get_documentation_versions_members[] = {
	SHAPE_REST_API_ID,
	SHAPE_PAGE,
};
const struct shape shape_get_documentation_versions = { SHAPE_MEMBERS(get_documentation_versions_members) };

static const struct shape_member update_documentation_version_members[] = {
	SHAPE_REST_API_ID,
	VERSION,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_documentation_version = { SHAPE_MEMBERS(update_documentation_version_members) };

static const struct shape_member delete_documentation_version_members[] = {
	SHAPE_REST_API_ID,
	VERSION,
};
const struct shape shape_delete_documentation_version = { SHAPE_MEMBERS(delete_documentation_version_members) };
