/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/resource_arn.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/iam/users.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"
#include "appliance/wire/uri.h"

/* Items of a list that are told apart: as many as the dialects with lists of resources read. */
enum { LIST_ITEMS_MAX = 1000 };

struct expansion {
	struct call *call;
	struct buffer text;
	size_t index;      /* which item of a list */
	size_t list_count; /* items of the list that was met; 1 without one */
};

/* --- the path ----------------------------------------------------------------------------------------------------------------------- */

/* Segments of a path as policies spell them: "(none)", "name+id" and "$default" stay readable. */
static void append_segment(struct buffer *text, struct view value)
{
	for (size_t i = 0; i < value.count; i++) {
		unsigned char byte = (unsigned char)value.at[i];

		if (uri_is_unreserved(byte) || strchr("$()+@,;=!'", byte))
			buffer_append_byte(text, value.at[i]);
		else
			buffer_printf(text, "%%%02X", byte);
	}
}

/* The operation's own path with the values of the call: not what the client wrote, which has many spellings. */
static void append_path(struct expansion *expansion, size_t skipped_count)
{
	const struct operation *operation = expansion->call->operation;
	struct view rest, query, segment;

	(void)view_cut(view_from_text(operation->uri), '?', &rest, &query);
	rest = view_after(rest, 1);
	for (size_t i = 0; view_split(&rest, '/', &segment); i++) {
		const struct shape_member *member = NULL;

		if (i < skipped_count)
			continue;
		buffer_append_byte(&expansion->text, '/');
		if (segment.count > 2 && segment.at[0] == '{')
			member =
				shape_find_wire(operation->shape, SHAPE_PATH, view_part(segment, 1, segment.count - 2));
		if (member)
			append_segment(&expansion->text, json_find_text(expansion->call->input, member->name));
		else
			buffer_append(&expansion->text, segment);
	}
}

/* --- forms of members ----------------------------------------------------------------------------------------------------------------- */

static void append_last(struct buffer *text, struct view value)
{
	size_t slash = view_find_last_byte(value, '/');

	buffer_append(text, slash == VIEW_NOWHERE ? value : view_after(value, slash + 1));
}

static void append_ec2(struct buffer *text, struct view value)
{
	static const struct {
		const char *start, *type;
	} types[] = {
		{ "vpce-", "vpc-endpoint" },
		{ "vpc-", "vpc" },
		{ "subnet-", "subnet" },
		{ "sgr-", "security-group-rule" },
		{ "sg-", "security-group" },
		{ "eni-", "network-interface" },
	};
	const char *type = "*";

	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (view_starts_with(value, view_from_text(types[i].start))) {
			type = types[i].type;
			break;
		}
	buffer_printf(text, "%s/" VIEW_FMT, type, VIEW_ARG(value));
}

/* Of the type that CreateLoadBalancer names. */
static void append_load_balancer(struct buffer *text, struct view value)
{
	buffer_append_text(text, view_equals_text(value, "network")   ? "net"
				 : view_equals_text(value, "gateway") ? "gwy"
								      : "app");
}

static void append_log_group(struct buffer *text, struct view value)
{
	size_t start = view_find(value, view_of(":log-group:"));

	if (start != VIEW_NOWHERE)
		value = view_after(value, start + strlen(":log-group:"));
	buffer_append(text, view_part(value, 0, view_find_byte(value, ':')));
}

static const struct {
	const char *name;
	void (*append)(struct buffer *text, struct view value);
} forms[] = {
	{ "last", append_last },
	{ "ec2", append_ec2 },
	{ "log-group", append_log_group },
	{ "load-balancer", append_load_balancer },
};

static void append_in_form(struct buffer *text, struct view form, struct view value)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (view_equals_text(form, forms[i].name)) {
			forms[i].append(text, value);
			return;
		}
	ASSERT(form.count == 0);
	buffer_append(text, value);
}

/* --- templates ------------------------------------------------------------------------------------------------------------------------ */

/* The member's text, that of the item at hand of a list; false if the call has none. */
static bool find_member(struct expansion *expansion, struct view name, struct view *ret)
{
	const struct json *value = json_find_view(expansion->call->input, name);

	if (json_is_array(value)) {
		expansion->list_count = json_count(value);
		if (expansion->list_count > LIST_ITEMS_MAX)
			return false;
		value = json_at(value, expansion->index);
	}
	*ret = json_text(value);
	return json_is_text(value);
}

static bool append_member(struct expansion *expansion, struct view placeholder)
{
	struct view name, otherwise, form = { 0 }, value;
	bool has_default = view_cut(placeholder, '|', &name, &otherwise);

	(void)view_cut(name, ':', &name, &form);
	if (find_member(expansion, name, &value))
		append_in_form(&expansion->text, form, value);
	else if (has_default)
		buffer_append(&expansion->text, otherwise);
	else
		return false;
	return true;
}

static bool append_user(struct expansion *expansion, const char *place)
{
	if (place)
		buffer_append_text(&expansion->text, place);
	return place != NULL;
}

static bool append_value(struct expansion *expansion, struct view placeholder)
{
	struct call *call = expansion->call;

	if (view_equals_text(placeholder, "region"))
		buffer_append_text(&expansion->text, control_region(call->control));
	else if (view_equals_text(placeholder, "account"))
		buffer_append_text(&expansion->text, control_account(call->control));
	else if (view_equals_text(placeholder, "path"))
		append_path(expansion, 0);
	else if (view_equals_text(placeholder, "path/2"))
		append_path(expansion, 2);
	else if (view_equals_text(placeholder, "user"))
		return append_user(expansion, user_place_wanted(call));
	else if (view_equals_text(placeholder, "new-user"))
		return append_user(expansion, user_place_renamed(call));
	else if (view_equals_text(placeholder, "key-user"))
		return append_user(expansion, user_place_of_key(call, call_input(call, "AccessKeyId")));
	else
		return append_member(expansion, placeholder);
	return true;
}

static bool expand(struct expansion *expansion, struct view template)
{
	struct view literal, rest;

	buffer_reset(&expansion->text);
	while (view_cut(template, '{', &literal, &rest)) {
		struct view placeholder;

		buffer_append(&expansion->text, literal);
		ASSERT(view_cut(rest, '}', &placeholder, &template));
		if (!append_value(expansion, placeholder))
			return false;
	}
	buffer_append(&expansion->text, template);
	return true;
}

/* Each item of the list that it names, or the one. False if the call lacks a member. */
static bool expand_all(struct expansion *expansion, struct view template, struct json *ret)
{
	expansion->list_count = 1;
	for (expansion->index = 0; expansion->index < expansion->list_count; expansion->index++) {
		if (!expand(expansion, template))
			return false;
		json_append_text(ret, buffer_view(&expansion->text));
	}
	return true;
}

void resource_arns(struct call *call, const char *templates, struct json *ret)
{
	struct expansion expansion = { .call = call };
	struct view rest = view_from_text(templates), template;
	bool found = false;

	buffer_init(&expansion.text, RESOURCE_ARN_MAX_BYTES);
	while (!found && view_split(&rest, ' ', &template))
		found = view_equals_text(template, "-") || expand_all(&expansion, template, ret);
	buffer_fini(&expansion.text);
	if (!found)
		json_append_text(ret, view_of("*"));
}
