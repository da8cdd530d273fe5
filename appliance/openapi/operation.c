/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/operation.h"

const struct operation_verb operation_verbs[OPERATION_VERB_COUNT] = {
	{ "GET", "get" },
	{ "PUT", "put" },
	{ "POST", "post" },
	{ "DELETE", "delete" },
	{ "OPTIONS", "options" },
	{ "HEAD", "head" },
	{ "PATCH", "patch" },
	{ "ANY", "x-amazon-apigateway-any-method" },
};

bool operation_is_status(struct view text)
{
	return text.count == 3 && text.at[0] >= '1' && text.at[0] <= '5' && text.at[1] >= '0' && text.at[1] <= '9' &&
	       text.at[2] >= '0' && text.at[2] <= '9';
}
