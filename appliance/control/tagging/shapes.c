/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of the Resource Groups Tagging API.
 * Source: the service's public API model, version 2017-01-26.
 */
#include "appliance/control/shapes.h"

static const struct shape_member filter_members[] = {
	{ .name = "Key" },
	{ .name = "Values", .type = SHAPE_LIST },
};
static const struct shape filter_shape = { SHAPE_MEMBERS(filter_members) };

static const struct shape_member get_resources_members[] = {
	{ .name = "PaginationToken", .max_length = 2048 },
	{ .name = "TagFilters", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "ResourcesPerPage", .type = SHAPE_INTEGER },
	{ .name = "TagsPerPage", .type = SHAPE_INTEGER },
	{ .name = "ResourceTypeFilters", .type = SHAPE_LIST },
	{ .name = "IncludeComplianceDetails", .type = SHAPE_BOOL },
	{ .name = "ExcludeCompliantResources", .type = SHAPE_BOOL },
	{ .name = "ResourceARNList", .type = SHAPE_LIST },
};
const struct shape shape_get_tagged_resources = { SHAPE_MEMBERS(get_resources_members) };

static const struct shape_member get_tag_keys_members[] = {
	{ .name = "PaginationToken", .max_length = 2048 },
};
const struct shape shape_get_tag_keys = { SHAPE_MEMBERS(get_tag_keys_members) };

static const struct shape_member get_tag_values_members[] = {
	{ .name = "PaginationToken", .max_length = 2048 },
	{ .name = "Key", .required = true, .max_length = 128 },
};
const struct shape shape_get_tag_values = { SHAPE_MEMBERS(get_tag_values_members) };

static const struct shape_member tag_resources_members[] = {
	{ .name = "ResourceARNList", .type = SHAPE_LIST, .required = true },
	{ .name = "Tags", .type = SHAPE_MAP, .required = true },
};
const struct shape shape_tag_resources = { SHAPE_MEMBERS(tag_resources_members) };

static const struct shape_member untag_resources_members[] = {
	{ .name = "ResourceARNList", .type = SHAPE_LIST, .required = true },
	{ .name = "TagKeys", .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_resources = { SHAPE_MEMBERS(untag_resources_members) };
