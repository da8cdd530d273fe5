/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attributes of load balancers, listeners and target groups: the table attributes.def.
 * Source: ELBv2 API Reference: DescribeLoadBalancerAttributes, ModifyLoadBalancerAttributes and those of the others.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/elbv2/elbv2.h"
#include "appliance/control/operations.h"

enum types { TYPES_any, TYPES_network, TYPES_application };
enum form { FORM_text, FORM_boolean, FORM_number };

/* Longest value: a bucket's name with a prefix fits well. */
enum { VALUE_MAX_CHARS = 1024 };

static const struct row {
	enum store_kind kind;
	enum types types;
	const char *key, *value;
	enum form form;
	uint64_t least, most; /* of a number */
	const char *words;    /* "a, b": what a text may be; "": anything */
} rows[] = {
#define ATTRIBUTE(kind, types, key, value, form, least, most, words)                                                   \
	{ STORE_##kind, TYPES_##types, key, value, FORM_##form, least, most, words },
#include "appliance/control/elbv2/attributes.def"
#undef ATTRIBUTE
};

static enum types types_of(enum store_kind kind, const struct json *record)
{
	struct view protocol = json_find_text(record, "Protocol");

	if (kind == STORE_loadbalancer)
		return view_equals_text(json_find_text(record, "Type"), "network") ? TYPES_network : TYPES_application;
	return view_starts_with(protocol, view_of("HTTP")) ? TYPES_application : TYPES_network;
}

static bool applies(const struct row *row, enum store_kind kind, enum types types)
{
	return row->kind == kind && (row->types == TYPES_any || row->types == types);
}

static const char *value_of(const struct row *row, const struct json *record)
{
	const char *set = json_find_c_string(json_find_path(record, "postern", "attributes", NULL), row->key);

	return set ? set : row->value;
}

static const struct row *find_row(enum store_kind kind, const struct json *record, struct view key)
{
	enum types types = types_of(kind, record);

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (applies(&rows[i], kind, types) && view_equals_text(key, rows[i].key))
			return &rows[i];
	return NULL;
}

const char *elbv2_attribute(enum store_kind kind, const struct json *record, const char *key)
{
	const struct row *row = find_row(kind, record, view_from_text(key));

	ASSERT(row);
	return value_of(row, record);
}

/* --- operations --------------------------------------------------------------------------------------------------------------------- */

static const char *words_of(enum store_kind kind)
{
	return kind == STORE_loadbalancer ? "Load balancer" : kind == STORE_listener ? "Listener" : "Target group";
}

static const char *arn_member_of(enum store_kind kind)
{
	return kind == STORE_loadbalancer ? "LoadBalancerArn"
	       : kind == STORE_listener   ? "ListenerArn"
					  : "TargetGroupArn";
}

static void answer(struct call *call, enum store_kind kind, const struct json *record)
{
	struct json *list = json_ensure_array(call->output, "Attributes");
	enum types types = types_of(kind, record);

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct json *shown;

		if (!applies(&rows[i], kind, types))
			continue;
		shown = json_object_new();
		json_set_c_string(shown, "Key", rows[i].key);
		json_set_c_string(shown, "Value", value_of(&rows[i], record));
		json_append(list, shown);
	}
}

static int describe(struct call *call, enum store_kind kind)
{
	struct json JSON_CLEANUP *record = NULL;
	int error = elbv2_find(call, kind, call_input(call, arn_member_of(kind)), &record);

	if (error == 0)
		answer(call, kind, record);
	return error;
}

static bool is_word(const char *words, struct view value)
{
	struct view rest = view_from_text(words), one;

	while (view_split(&rest, ',', &one))
		if (view_equals(view_trim(one), value))
			return true;
	return false;
}

static bool fits(const struct row *row, struct view value)
{
	uint64_t number;

	switch (row->form) {
	case FORM_boolean:
		return view_equals_text(value, "true") || view_equals_text(value, "false");
	case FORM_number:
		return view_parse_u64(value, row->most, &number) == 0 && number >= row->least;
	case FORM_text:
		break;
	}
	return value.count <= VALUE_MAX_CHARS && (!row->words[0] || is_word(row->words, value));
}

static int set_attribute(struct call *call, enum store_kind kind, struct json *record, const struct json *wanted)
{
	struct view key = json_find_text(wanted, "Key"), value = json_find_text(wanted, "Value");
	const struct row *row = find_row(kind, record, key);

	if (!row)
		return call_fail(call, "ValidationError", "%s attribute key '" VIEW_FMT "' is not recognized",
			words_of(kind), VIEW_ARG(key));
	if (!fits(row, value))
		return call_fail(call, "ValidationError", "%s attribute value '" VIEW_FMT "' of '%s' is not valid",
			words_of(kind), VIEW_ARG(value), row->key);
	json_set_text(json_ensure_object(json_ensure_object(record, "postern"), "attributes"), row->key, value);
	return 0;
}

static int modify(struct call *call, enum store_kind kind)
{
	struct json JSON_CLEANUP *record = NULL;
	int error = elbv2_find(call, kind, call_input(call, arn_member_of(kind)), &record);

	if (error == 0 && json_count(json_find(call->input, "Attributes")) == 0)
		error = call_fail(call, "ValidationError", "At least one attribute must be specified");
	JSON_EACH(wanted, json_find(call->input, "Attributes"))
	if (error == 0)
		error = set_attribute(call, kind, record, wanted);
	if (error < 0)
		return error;
	elbv2_put(call, kind, record);
	answer(call, kind, record);
	return 0;
}

int op_describe_load_balancer_attributes(struct call *call)
{
	return describe(call, STORE_loadbalancer);
}

int op_modify_load_balancer_attributes(struct call *call)
{
	return modify(call, STORE_loadbalancer);
}

int op_describe_listener_attributes(struct call *call)
{
	return describe(call, STORE_listener);
}

int op_modify_listener_attributes(struct call *call)
{
	return modify(call, STORE_listener);
}

int op_describe_target_group_attributes(struct call *call)
{
	return describe(call, STORE_targetgroup);
}

int op_modify_target_group_attributes(struct call *call)
{
	return modify(call, STORE_targetgroup);
}
