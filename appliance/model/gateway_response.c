/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/gateway_response.h"

static const struct gateway_response_default defaults[GATEWAY_RESPONSE_COUNT] = {
#define GATEWAY_RESPONSE(type, status_, parent_, blank_, key_, message_, error_type_)                                  \
	[GATEWAY_RESPONSE_##type] = {                                                                                  \
		.name = VIEW_INIT(#type),                                                                              \
		.status = status_,                                                                                     \
		.parent = GATEWAY_RESPONSE_##parent_,                                                                  \
		.blank = blank_,                                                                                       \
		.key = VIEW_INIT(key_),                                                                                \
		.message = VIEW_INIT(message_),                                                                        \
		.error_type = VIEW_INIT(error_type_),                                                                  \
	},
#include "appliance/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
};

const struct gateway_response_default *gateway_response_defaults(enum gateway_response_type type)
{
	return &defaults[type];
}

enum gateway_response_type gateway_response_parse(struct view name)
{
	for (unsigned i = 0; i < GATEWAY_RESPONSE_COUNT; i++) {
		if (view_equals(defaults[i].name, name))
			return (enum gateway_response_type)i;
	}
	return GATEWAY_RESPONSE_COUNT;
}

struct gateway_response_choice gateway_response_choose(
	const struct gateway_response_set *set, enum gateway_response_type type)
{
	struct gateway_response_choice choice = { .defaults = &defaults[type], .status = defaults[type].status };

	if (!set)
		return choice;
	choice.custom = set->types[type] ? set->types[type] : set->types[defaults[type].parent];
	if (choice.custom && choice.custom->status)
		choice.status = choice.custom->status;
	return choice;
}
