/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/answer_field.h"

#include "appliance/integrate/header_rules.h"

/* The name that the rules leave a field: `count` 0 if it is dropped, `at` NULL without memory. */
static struct view client_name(struct pipeline *p, struct view name)
{
	/* Proxies, whose rules differ, map nothing; gateway responses are alike for all types. */
	switch (header_rule_answer(INTEGRATION_MOCK, name)) {
	case HEADER_RULE_DROP:
		return view_of("");
	case HEADER_RULE_REMAP:
		return arena_printf(
			&p->exchange->arena, VIEW_FMT VIEW_FMT, VIEW_ARG(header_rule_remapped_prefix), VIEW_ARG(name));
	case HEADER_RULE_PASS:
		break;
	}
	return name;
}

/* Take the fields of that name out: what is set stands alone. */
static void remove_fields(struct pipeline *p, struct view name)
{
	size_t count = 0;

	for (size_t i = 0; i < p->field_count; i++) {
		if (!view_equals_ignore_case(p->fields[i].name, name))
			p->fields[count++] = p->fields[i];
	}
	p->field_count = count;
}

static bool set(struct pipeline *p, struct view name, struct view value)
{
	if (!name.at)
		return false;
	/* Values, and the names of overrides, may come from outside. */
	if (value.count == 0 || !http1_value_is_valid(value) || !http1_name_is_valid(name))
		return true;
	remove_fields(p, name);
	state_add_field(p, name, value);
	return true;
}

bool answer_field_set(struct pipeline *p, struct view name, struct view value)
{
	return set(p, client_name(p, name), value);
}

bool answer_field_set_gateway(struct pipeline *p, struct view name, struct view value)
{
	bool is_challenge = http1_header_id(name) == HTTP1_HEADER_WWW_AUTHENTICATE;

	return set(p, is_challenge ? name : client_name(p, name), value);
}
