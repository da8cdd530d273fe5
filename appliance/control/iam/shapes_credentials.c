/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs of Postern's operations on access keys. UserName is called as in IAM, so that its permissions follow. */
#include "appliance/control/shapes.h"

static const struct shape_member create_credentials_members[] = {
	{ .name = "UserName", .wire = "userName" },
};
const struct shape shape_create_credentials = { SHAPE_MEMBERS(create_credentials_members) };

const struct shape shape_list_credentials = { .type = SHAPE_STRUCT };

static const struct shape_member revoke_credentials_members[] = {
	{ .name = "AccessKeyId", .wire = "access_key_id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_revoke_credentials = { SHAPE_MEMBERS(revoke_credentials_members) };
