/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs of Route 53 on tags and comments. Source: the service's public API model, version 2013-04-01. */
#include "appliance/control/shapes.h"

#define RESOURCE                                                                                                       \
	{ .name = "ResourceType", .place = SHAPE_PATH, .enumeration = "healthcheck, hostedzone", .required = true },   \
	{                                                                                                              \
		.name = "ResourceId", .place = SHAPE_PATH, .required = true                                            \
	}

static const struct shape_member tag_members[] = {
	{ .name = "Key" },
	{ .name = "Value" },
};
static const struct shape tag_shape = { SHAPE_MEMBERS(tag_members) };

static const struct shape_member change_zone_tags_members[] = {
	RESOURCE,
	{ .name = "AddTags", .type = SHAPE_LIST, .item_name = "Tag", .of = &tag_shape },
	{ .name = "RemoveTagKeys", .type = SHAPE_LIST, .item_name = "Key" },
};
const struct shape shape_change_zone_tags = { SHAPE_MEMBERS(change_zone_tags_members) };

static const struct shape_member list_zone_tags_members[] = { RESOURCE };
const struct shape shape_list_zone_tags = { SHAPE_MEMBERS(list_zone_tags_members) };

static const struct shape_member update_zone_comment_members[] = {
	{ .name = "Id", .place = SHAPE_PATH, .required = true },
	{ .name = "Comment" },
};
const struct shape shape_update_zone_comment = { SHAPE_MEMBERS(update_zone_comment_members) };
