/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of AWS STS.
 * Source: the service's public API model, version 2011-06-15; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/shapes.h"

const struct shape shape_get_caller_identity = { .type = SHAPE_STRUCT };

static const struct shape_member get_access_key_info_members[] = {
	{ .name = "AccessKeyId", .required = true },
};
const struct shape shape_get_access_key_info = { SHAPE_MEMBERS(get_access_key_info_members) };
