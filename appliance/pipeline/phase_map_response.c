/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase map_response: from what the integration answered to what the client gets. */
#include <errno.h>
#include <stdio.h>

#include "appliance/base/pattern.h"
#include "appliance/crypto/base64.h"
#include "appliance/integrate/http_response.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/map_response.h"
#include "appliance/pipeline/values.h"

/* Longest joined value: an answer's head is bounded below that. */
#define VALUE_MAX_BYTES OUTBOUND_HEAD_MAX_BYTES

static const struct view remapped_prefix = VIEW_INIT("x-amzn-Remapped-");

static enum verdict internal_error(struct pipeline *p, const char *why)
{
	return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, why);
}

/* ---- selection ---- */

static bool is_selected(struct pipeline *p, const struct integration_response *response, struct view candidate)
{
	/* A pattern that runs into its limits selects nothing. */
	return !response->selection || pattern_match(response->selection, p->worker->patterns, candidate, NULL, 0) == 1;
}

/* Those with a pattern come first, the default last. */
static const struct integration_response *select_response(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	char text[12];
	struct view candidate = view_from(text, (size_t)snprintf(text, sizeof text, "%d", p->candidate_status));

	for (size_t i = 0; i < integration->response_count; i++) {
		if (is_selected(p, &integration->responses[i], candidate))
			return &integration->responses[i];
	}
	return NULL;
}

static bool has_method_response(const struct snapshot_method *method, int status)
{
	for (size_t i = 0; i < method->response_count; i++) {
		if (method->responses[i].status == status)
			return true;
	}
	return false;
}

/* ---- header parameters ---- */

/* The last value of a header of the answer; its name compares exactly. */
static struct view answer_header(struct pipeline *p, const struct http1_head *head, struct view name, bool joined)
{
	struct buffer values;
	struct view last = { 0 };
	size_t count = 0;

	buffer_init_arena(&values, &p->exchange->arena, VALUE_MAX_BYTES);
	for (size_t i = 0; head && i < head->header_count; i++) {
		if (!view_equals(head->headers[i].name, name))
			continue;
		last = head->headers[i].value;
		if (!joined)
			continue;
		if (count++ > 0)
			buffer_append_byte(&values, ',');
		buffer_append(&values, last);
	}
	if (joined && count > 0)
		return buffer_error(&values) ? (struct view){ 0 } : buffer_view(&values);
	return last.at ? arena_copy(&p->exchange->arena, last) : last;
}

static struct view response_value(
	struct pipeline *p, const struct http1_head *head, const struct mapping_parameter *mapping)
{
	switch (mapping->source_kind) {
	case MAPPING_FROM_HEADER:
		return answer_header(p, head, mapping->source_text, false);
	case MAPPING_FROM_MULTIVALUE_HEADER:
		return answer_header(p, head, mapping->source_text, true);
	default:
		return values_source(p, mapping);
	}
}

/* What becomes of a mapped header's name (spec/rest-dataplane.md 10.4, HTTP): as it is, remapped, or dropped (empty). */
static struct view client_name(struct pipeline *p, struct view name)
{
	switch (http1_header_id(name)) {
	case HTTP1_HEADER_TRANSFER_ENCODING:
		return (struct view){ 0 };
	case HTTP1_HEADER_AUTHORIZATION:
	case HTTP1_HEADER_CONNECTION:
	case HTTP1_HEADER_CONTENT_LENGTH:
	case HTTP1_HEADER_CONTENT_MD5:
	case HTTP1_HEADER_DATE:
	case HTTP1_HEADER_EXPECT:
	case HTTP1_HEADER_HOST:
	case HTTP1_HEADER_MAX_FORWARDS:
	case HTTP1_HEADER_PROXY_AUTHENTICATE:
	case HTTP1_HEADER_SERVER:
	case HTTP1_HEADER_TRAILER:
	case HTTP1_HEADER_UPGRADE:
	case HTTP1_HEADER_USER_AGENT:
	case HTTP1_HEADER_WWW_AUTHENTICATE:
		return arena_printf(&p->exchange->arena, VIEW_FMT VIEW_FMT, VIEW_ARG(remapped_prefix), VIEW_ARG(name));
	default:
		return name;
	}
}

static bool is_field_value(struct view value)
{
	for (size_t i = 0; i < value.count; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return value.at != NULL;
}

/* The media type of the answer's body, without parameters. */
static struct view answer_media_type(struct pipeline *p, const struct http1_head *head)
{
	const struct http1_header *header = head ? http1_find(head, HTTP1_HEADER_CONTENT_TYPE) : NULL;
	struct view type, parameters;

	if (!header)
		return (struct view){ 0 };
	view_cut(header->value, ';', &type, &parameters);
	return arena_copy(&p->exchange->arena, view_trim(type));
}

/* What AWS's execution log says of a failure; `format` takes a status. */
__attribute__((format(printf, 2, 0))) static void say_detail(struct pipeline *p, const char *format, int status)
{
	if (p->log)
		p->log_detail = arena_printf(&p->exchange->arena, format, status);
}

void map_response_head(struct pipeline *p, const struct http1_head *head)
{
	const struct integration_response *response = select_response(p);
	bool has_content_type = false;

	p->answer_type = answer_media_type(p, head);
	p->integration_response = response;
	if (!response) {
		internal_error(p, "no integration response fits the status, and there is no default");
		say_detail(p,
			"No match for output mapping and no default output mapping configured. Endpoint Response "
			"Status Code: %d",
			p->candidate_status);
		return;
	}
	if (!has_method_response(p->match.method, response->status)) {
		internal_error(p, "the method has no response for the selected status");
		say_detail(p, "Output mapping refers to an invalid method response: %d", response->status);
		return;
	}
	p->status = response->status;
	p->fields = ARENA_NEW_ARRAY(
		&p->exchange->arena, struct http_field, response->parameter_count + 1 + STATE_EXTRA_FIELDS);
	if (!p->fields) {
		internal_error(p, "out of memory");
		return;
	}
	if (p->trace_id.count)
		state_add_field(p, view_of("X-Amzn-Trace-Id"), p->trace_id);
	for (size_t i = 0; i < response->parameter_count; i++) {
		struct view name = client_name(p, response->parameters[i].target_name);
		struct view value = response_value(p, head, &response->parameters[i]);

		if (name.count == 0 || value.count == 0 || !is_field_value(value))
			continue;
		has_content_type = has_content_type || http1_header_id(name) == HTTP1_HEADER_CONTENT_TYPE;
		state_add_field(p, name, value);
	}
	if (!has_content_type)
		state_add_field(p, view_of("Content-Type"), view_of("application/json"));
}

/* ---- bodies ---- */

/* The back end's body, by what its type and the client's Accept are (spec/rest-dataplane.md 8.3). */
static enum verdict pass_body(struct pipeline *p)
{
	const struct snapshot_deployment *deployment = p->resolved.stage->deployment;
	bool type_is_binary = binary_matches(deployment, p->answer_type);
	bool accept_is_binary = binary_matches(deployment, accept_first(&p->exchange->request));
	struct arena *arena = &p->exchange->arena;
	char *room;
	long count;

	p->body = p->call.body;
	if (type_is_binary && accept_is_binary)
		return VERDICT_NEXT;
	if (!type_is_binary && !accept_is_binary) {
		p->body = binary_to_text(arena, p->body);
		return p->body.at ? VERDICT_NEXT : internal_error(p, "the answer does not fit into memory");
	}
	room = arena_alloc(arena, BASE64_CHARS(p->body.count) + 1);
	if (!room)
		return internal_error(p, "the answer does not fit into memory");
	if (type_is_binary) {
		base64_encode(room, p->body.at, p->body.count);
		p->body = view_from(room, BASE64_CHARS(p->body.count));
		return VERDICT_NEXT;
	}
	count = base64_decode((uint8_t *)room, p->body);
	if (count < 0)
		return internal_error(p, "the answer is not base64");
	p->body = view_from(room, (size_t)count);
	return VERDICT_NEXT;
}

/* MOCK and HTTP: the template that the client's Accept asks for, else the back end's body. */
static enum verdict map_templated(struct pipeline *p)
{
	const struct integration_template *template;

	if (p->match.method->integration->type == INTEGRATION_MOCK) {
		map_response_head(p, NULL);
		if (p->failed)
			return VERDICT_FAIL;
	}
	template = accept_response_template(p->integration_response, accept_first(&p->exchange->request));
	if (template && template->text.count > 0) {
		p->body = template->text;
		return VERDICT_NEXT;
	}
	if (p->match.method->integration->type == INTEGRATION_MOCK)
		return VERDICT_NEXT;
	return pass_body(p);
}

/* Status and fields of a proxy's answer; they point into its head. False without memory. */
static bool take_proxy_head(struct pipeline *p, const struct http1_head *head)
{
	p->status = head->status;
	return http_response_fields(&p->exchange->arena, head, STATE_EXTRA_FIELDS, &p->fields, &p->field_count) == 0;
}

void map_response_proxy_head(struct pipeline *p, const struct http1_head *head)
{
	struct arena *arena = &p->exchange->arena;
	bool fits = take_proxy_head(p, head);

	for (size_t i = 0; fits && i < p->field_count; i++) {
		p->fields[i].name = arena_copy(arena, p->fields[i].name);
		p->fields[i].value = arena_copy(arena, p->fields[i].value);
		fits = p->fields[i].name.at && p->fields[i].value.at;
	}
	if (!fits)
		internal_error(p, "the answer's head does not fit into memory");
}

static enum verdict map_proxy(struct pipeline *p)
{
	if (p->call.buffer) {
		p->body = p->call.body;
		return VERDICT_NEXT;
	}
	if (!take_proxy_head(p, p->back_end_head))
		return internal_error(p, "the answer's head does not fit into memory");
	p->body_length = http_response_length(p->back_end_head, p->exchange->request.method == HTTP1_METHOD_HEAD);
	p->streams = true;
	return VERDICT_NEXT;
}

enum verdict phase_map_response(struct pipeline *p)
{
	enum integration_type type = p->match.method->integration->type;
	enum verdict verdict;

	if (p->log && type != INTEGRATION_MOCK)
		execution_log_answer_body(p);
	verdict = type == INTEGRATION_HTTP_PROXY ? map_proxy(p) : map_templated(p);
	if (p->log && verdict == VERDICT_NEXT)
		execution_log_response(p);
	return verdict;
}
