/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/values.h"

#include "appliance/integrate/header_rules.h"
#include "appliance/pipeline/account.h"
#include "appliance/pipeline/context_value.h"

/* Longest value of a context variable or of joined headers: a header section has 8,000 bytes. */
#define VALUE_MAX_BYTES 16384

struct view values_path(const struct pipeline *p, struct view name)
{
	for (size_t i = 0; i < p->match.parameter_count; i++) {
		if (view_equals(p->match.parameters[i].name, name))
			return p->match.parameters[i].value;
	}
	return (struct view){ 0 };
}

struct view values_decode(struct pipeline *p, struct view text)
{
	char *room;
	long count;

	if (view_find_byte(text, '%') == VIEW_NOWHERE && view_find_byte(text, '+') == VIEW_NOWHERE)
		return text;
	room = arena_alloc(&p->exchange->arena, text.count);
	if (!room)
		return (struct view){ 0 };
	count = uri_decode(room, text, true, true);
	return count < 0 ? (struct view){ 0 } : view_from(room, (size_t)count);
}

/* Is `raw`, decoded, that name? Takes no memory: a query may have thousands of parameters. */
static bool is_named(struct view raw, struct view name)
{
	size_t at = 0, step;

	for (size_t i = 0; i < raw.count; i += step) {
		char bytes[3];

		step = raw.at[i] == '%' && raw.count - i >= 3 ? 3 : 1;
		if (uri_decode(bytes, view_part(raw, i, step), true, true) > 1)
			step = 1; /* no escape: the percent sign stands for itself */
		if (at == name.count || name.at[at++] != bytes[0])
			return false;
	}
	return at == name.count;
}

struct uri_query values_query_of(const struct pipeline *p)
{
	return (struct uri_query){ .rest = p->exchange->request.query, .semicolons = true };
}

bool values_query_next(struct pipeline *p, struct uri_query *query, struct view name, struct view *ret_value)
{
	struct view part_name, part_value;

	while (uri_query_next(query, &part_name, &part_value, NULL)) {
		if (is_named(part_name, name)) {
			*ret_value = values_decode(p, part_value);
			return true;
		}
	}
	return false;
}

struct view values_query(struct pipeline *p, struct view name)
{
	struct uri_query query = values_query_of(p);
	struct view part_name, part_value, last = { 0 };

	while (uri_query_next(&query, &part_name, &part_value, NULL)) {
		if (is_named(part_name, name))
			last = part_value;
	}
	return last.at ? values_decode(p, last) : last;
}

struct view values_header(const struct pipeline *p, struct view name)
{
	const struct http1_head *head = &p->exchange->request;

	for (size_t i = head->header_count; i > 0; i--) {
		const struct http1_header *header = &head->headers[i - 1];

		if (view_equals(header->name, name) && values_header_is_seen(header))
			return header->value;
	}
	return (struct view){ 0 };
}

bool values_header_is_seen(const struct http1_header *header)
{
	return header_rule_is_seen(header);
}

struct view values_headers_joined(struct pipeline *p, struct view name)
{
	const struct http1_head *head = &p->exchange->request;
	struct buffer joined;
	size_t count = 0;

	buffer_init_arena(&joined, &p->exchange->arena, VALUE_MAX_BYTES);
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http1_header *header = &head->headers[i];

		if (!view_equals(header->name, name) || !values_header_is_seen(header))
			continue;
		if (count++ > 0)
			buffer_append_byte(&joined, ',');
		buffer_append(&joined, header->value);
	}
	if (count == 0 || buffer_error(&joined))
		return (struct view){ 0 };
	return buffer_view(&joined);
}

struct view values_context(struct pipeline *p, struct view path)
{
	struct access_record record;
	struct buffer text;
	int slot = context_slot(path);

	if (slot >= 0)
		return context_text(p, (enum context_slot)slot);
	account_record(p, &record);
	buffer_init_arena(&text, &p->exchange->arena, VALUE_MAX_BYTES);
	if (!access_format_append_variable(path, &record, &text) || buffer_error(&text))
		return (struct view){ 0 };
	return buffer_view(&text);
}

struct view values_request(struct pipeline *p, struct view reference)
{
	struct view place, name;

	if (!view_cut(reference, '.', &place, &name))
		return (struct view){ 0 };
	if (view_equals_text(place, "header"))
		return values_header(p, name);
	if (view_equals_text(place, "querystring"))
		return values_query(p, name);
	if (view_equals_text(place, "path"))
		return values_path(p, name);
	return (struct view){ 0 };
}

/* All values of a query parameter, as what takes but one gets a list: joined with ','. */
static struct view queries_joined(struct pipeline *p, struct view name)
{
	struct uri_query query = values_query_of(p);
	struct buffer joined;
	struct view value;
	size_t count = 0;

	buffer_init_arena(&joined, &p->exchange->arena, VALUE_MAX_BYTES);
	while (values_query_next(p, &query, name, &value)) {
		if (count++ > 0)
			buffer_append_byte(&joined, ',');
		buffer_append(&joined, value);
	}
	return count == 0 || buffer_error(&joined) ? (struct view){ 0 } : buffer_view(&joined);
}

struct view values_source(struct pipeline *p, const struct mapping_parameter *mapping)
{
	switch (mapping->source_kind) {
	case MAPPING_FROM_LITERAL:
		return mapping->source_text;
	case MAPPING_FROM_PATH:
		return values_path(p, mapping->source_text);
	case MAPPING_FROM_QUERYSTRING:
		return values_query(p, mapping->source_text);
	case MAPPING_FROM_MULTIVALUE_QUERYSTRING:
		return queries_joined(p, mapping->source_text);
	case MAPPING_FROM_HEADER:
		return values_header(p, mapping->source_text);
	case MAPPING_FROM_MULTIVALUE_HEADER:
		return values_headers_joined(p, mapping->source_text);
	case MAPPING_FROM_STAGE_VARIABLE:
		return resolve_variable(&p->resolved, mapping->source_text);
	case MAPPING_FROM_CONTEXT:
		return values_context(p, mapping->source_text);
	case MAPPING_FROM_BODY:
		break; /* body_value.h */
	}
	return (struct view){ 0 };
}

/* ---- the integration's answer ---- */

static struct view answer_field(const struct pipeline *p, struct view name)
{
	for (size_t i = p->answer.field_count; i > 0; i--) {
		if (view_equals(p->answer.fields[i - 1].name, name))
			return p->answer.fields[i - 1].value;
	}
	return (struct view){ 0 };
}

static struct view answer_fields_joined(struct pipeline *p, struct view name)
{
	struct buffer joined;
	size_t count = 0;

	buffer_init_arena(&joined, &p->exchange->arena, OUTBOUND_HEAD_MAX_BYTES);
	for (size_t i = 0; i < p->answer.field_count; i++) {
		if (!view_equals(p->answer.fields[i].name, name))
			continue;
		if (count++ > 0)
			buffer_append_byte(&joined, ',');
		buffer_append(&joined, p->answer.fields[i].value);
	}
	return count == 0 || buffer_error(&joined) ? (struct view){ 0 } : buffer_view(&joined);
}

struct view values_answer(struct pipeline *p, const struct mapping_parameter *mapping)
{
	switch (mapping->source_kind) {
	case MAPPING_FROM_HEADER:
		return answer_field(p, mapping->source_text);
	case MAPPING_FROM_MULTIVALUE_HEADER:
		return answer_fields_joined(p, mapping->source_text);
	default:
		return values_source(p, mapping);
	}
}
