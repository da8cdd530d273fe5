/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase map_response: from what the integration answered to what the client gets. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "appliance/base/pattern.h"
#include "appliance/integrate/http_response.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/answer_field.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/body_value.h"
#include "appliance/pipeline/content_handling.h"
#include "appliance/pipeline/integrate_parts.h"
#include "appliance/pipeline/map_function.h"
#include "appliance/pipeline/render.h"
#include "appliance/pipeline/values.h"

/* ---- selection ---- */

static bool is_selected(struct pipeline *p, const struct integration_response *response, struct view candidate,
	struct pattern_budget *budget)
{
	/* A pattern that runs into its limits selects nothing. */
	return !response->selection ||
	       pattern_match_within(response->selection, p->worker->patterns, budget, candidate, 0, NULL, 0) == 1;
}

/* Those with a pattern come first, the default last. */
static const struct integration_response *select_response(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	char text[12];
	struct view candidate = p->answer.candidate;
	struct pattern_budget budget = { 0 };

	if (!candidate.at)
		candidate = view_from(text, (size_t)snprintf(text, sizeof text, "%d", p->answer.status));
	for (size_t i = 0; i < integration->response_count; i++) {
		if (is_selected(p, &integration->responses[i], candidate, &budget))
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

/* What AWS's execution log says of a failure; `format` takes a status. */
__attribute__((format(printf, 2, 0))) static void say_detail(struct pipeline *p, const char *format, int status)
{
	if (p->log)
		p->log_detail = arena_printf(&p->exchange->arena, format, status);
}

static enum verdict choose_response(struct pipeline *p)
{
	enum verdict verdict;

	p->integration_response = select_response(p);
	if (!p->integration_response) {
		verdict =
			integrate_misconfigured(p, "no integration response fits the answer, and there is no default");
		say_detail(p,
			"No match for output mapping and no default output mapping configured. Endpoint Response "
			"Status Code: %d",
			p->answer.status);
		return verdict;
	}
	p->status = p->integration_response->status;
	return VERDICT_NEXT;
}

static enum verdict check_status(struct pipeline *p)
{
	enum verdict verdict;

	if (has_method_response(p->match.method, p->status))
		return VERDICT_NEXT;
	verdict = integrate_misconfigured(p, "the method has no response for the selected status");
	say_detail(p, "Output mapping refers to an invalid method response: %d", p->status);
	return verdict;
}

/* ---- fields ---- */

static enum verdict map_field(struct pipeline *p, const struct mapping_parameter *mapping)
{
	struct view value;
	int error = 0;

	if (mapping->source_kind == MAPPING_FROM_BODY)
		error = body_value_answer(p, mapping, &value);
	else
		value = values_answer(p, mapping);
	if (error)
		return integrate_misconfigured(p, error == -EBADMSG
							  ? "the answer's body is not JSON"
							  : "a mapped part of the body does not fit into memory");
	if (!answer_field_set(p, mapping->target_name, value))
		return integrate_misconfigured(p, "the answer's fields do not fit into memory");
	return VERDICT_NEXT;
}

static bool has_content_type(const struct pipeline *p)
{
	for (size_t i = 0; i < p->field_count; i++) {
		if (http1_header_id(p->fields[i].name) == HTTP1_HEADER_CONTENT_TYPE)
			return true;
	}
	return false;
}

/* What is mapped, and in its place what overrides it. */
static enum verdict map_fields(struct pipeline *p, const struct render_overrides *overrides)
{
	const struct integration_response *response = p->integration_response;
	size_t room = response->parameter_count + overrides->field_count + 2 + STATE_EXTRA_FIELDS;
	enum verdict verdict = VERDICT_NEXT;

	state_set_fields(p, ARENA_NEW_ARRAY(&p->exchange->arena, struct http_field, room), 0, room);
	if (!p->fields)
		return integrate_misconfigured(p, "the answer's fields do not fit into memory");
	if (p->trace_id.count)
		state_add_field(p, view_of("X-Amzn-Trace-Id"), p->trace_id);
	for (size_t i = 0; verdict == VERDICT_NEXT && i < response->parameter_count; i++)
		verdict = map_field(p, &response->parameters[i]);
	for (size_t i = 0; verdict == VERDICT_NEXT && i < overrides->field_count; i++) {
		if (!answer_field_set(p, overrides->fields[i].name, overrides->fields[i].value))
			verdict = integrate_misconfigured(p, "the answer's fields do not fit into memory");
	}
	return verdict;
}

/* ---- bodies ---- */

/* The media type of the answer's body, without parameters; empty if it named none. */
static struct view answer_media_type(const struct pipeline *p)
{
	struct view type, parameters;

	(void)view_cut(integrate_answer_field(p, view_of("Content-Type")), ';', &type, &parameters);
	return view_trim(type);
}

/* The back end's body, by what its type, the client's Accept and contentHandling are. */
static enum verdict convert_body(struct pipeline *p)
{
	bool type_is_binary = binary_matches(p->resolved.deployment, answer_media_type(p));
	bool accept_is_binary = binary_matches(p->resolved.deployment, accept_first(&p->exchange->request));
	enum content_conversion conversion =
		content_handling_response(type_is_binary, accept_is_binary, p->integration_response->content_handling);

	switch (content_handling_convert(&p->exchange->arena, conversion, p->answer.body, &p->body)) {
	case 0:
		return VERDICT_NEXT;
	case -EINVAL:
		return integrate_misconfigured(p, "the answer is not base64");
	default:
		return integrate_misconfigured(p, "the answer does not fit into memory");
	}
}

/* The template that the client's Accept asks for, or the back end's body. */
static enum verdict map_body(struct pipeline *p)
{
	const struct integration_template *template =
		accept_response_template(p->integration_response, accept_first(&p->exchange->request));
	enum verdict verdict = VERDICT_NEXT;

	/* An empty template lets the body pass, as none does. */
	if (template && template->text.count == 0)
		template = NULL;
	if (template && template->is_literal) {
		p->body = template->text;
		return VERDICT_NEXT;
	}
	if (p->answer.body.at)
		verdict = convert_body(p);
	return verdict == VERDICT_NEXT && template ? render_response(p, template) : verdict;
}

/* All but proxies. */
static enum verdict map_templated(struct pipeline *p)
{
	enum verdict verdict = choose_response(p);
	struct render_overrides overrides;

	if (verdict == VERDICT_NEXT)
		verdict = map_body(p);
	if (verdict == VERDICT_NEXT)
		verdict = render_response_overrides(p, &overrides);
	if (verdict == VERDICT_NEXT)
		verdict = map_fields(p, &overrides);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (!has_content_type(p))
		state_add_field(p, view_of("Content-Type"), view_of("application/json"));
	/* A status that a template has set needs no method response. */
	if (overrides.status == 0)
		return check_status(p);
	p->status = overrides.status;
	return VERDICT_NEXT;
}

/* ---- proxies ---- */

/* The fields of a proxy's answer. False without memory. */
static bool pass_fields(struct pipeline *p, const struct http1_head *head)
{
	struct http_field *fields;
	size_t count;

	if (http_response_fields(&p->exchange->arena, head, STATE_EXTRA_FIELDS, &fields, &count))
		return false;
	state_set_fields(p, fields, count, count + STATE_EXTRA_FIELDS);
	return true;
}

/* Fields of a proxy's answer that was gathered, or of which the beginning was. */
static enum verdict pass_gathered(struct pipeline *p)
{
	const struct pipeline_answer *answer = &p->answer;
	struct http1_head head;
	struct http1_header *headers = ARENA_NEW_ARRAY(&p->exchange->arena, struct http1_header, answer->field_count);

	if (!headers)
		return integrate_misconfigured(p, "the answer's head does not fit into memory");
	http1_head_init(&head, headers, answer->field_count);
	for (size_t i = 0; i < answer->field_count; i++) {
		enum http1_header_id id = http1_header_id(answer->fields[i].name);

		headers[i] = (struct http1_header){
			.name = answer->fields[i].name, .value = answer->fields[i].value, .id = (uint8_t)id
		};
		if (id != HTTP1_HEADER_OTHER && !head.first[id])
			head.first[id] = (uint8_t)(i + 1);
	}
	head.header_count = (uint16_t)answer->field_count;
	if (!pass_fields(p, &head))
		return integrate_misconfigured(p, "the answer's head does not fit into memory");
	p->status = answer->status;
	p->body = answer->body;
	/* Only the beginning was gathered, if the call goes on. */
	p->streams = !p->call_ended;
	p->body_length = HTTP_LENGTH_UNKNOWN;
	return VERDICT_NEXT;
}

/* Status and fields of a proxy's answer that streams; they point into its head. */
static enum verdict map_proxy(struct pipeline *p)
{
	const struct http1_head *head = p->back_end_head;

	if (!head)
		return pass_gathered(p);
	if (!pass_fields(p, head))
		return integrate_misconfigured(p, "the answer's head does not fit into memory");
	if (head->framing == HTTP1_FRAMING_LENGTH && head->content_length_bytes > p->call.answer_max_bytes) {
		p->log_detail = arena_printf(&p->exchange->arena,
			"Integration response of reported length %" PRIu64 " is larger than allowed maximum of %" PRIu64
			" bytes.",
			head->content_length_bytes, p->call.answer_max_bytes);
		return integrate_misconfigured(p, "the back end's answer is over the limit");
	}
	p->status = head->status;
	p->body_length = http_response_length(head, p->exchange->request.method == HTTP1_METHOD_HEAD);
	p->streams = true;
	return VERDICT_NEXT;
}

/* By what the integration is, and by what it called. */
static enum verdict map(struct pipeline *p)
{
	enum verdict verdict;

	switch (p->match.method->integration->type) {
	case INTEGRATION_HTTP_PROXY:
		return map_proxy(p);
	case INTEGRATION_AWS_PROXY:
		return p->calls_function ? map_function_answer(p) : pass_gathered(p);
	case INTEGRATION_AWS:
		verdict = p->calls_function ? map_function_result(p) : VERDICT_NEXT;
		return verdict == VERDICT_NEXT ? map_templated(p) : verdict;
	default:
		return map_templated(p);
	}
}

enum verdict phase_map_response(struct pipeline *p)
{
	enum verdict verdict;

	/* A function's metadata were mapped when they came. */
	if (p->streams)
		return VERDICT_NEXT;
	if (p->log && p->match.method->integration->type != INTEGRATION_MOCK)
		execution_log_answer_body(p);
	verdict = map(p);
	if (p->log && verdict == VERDICT_NEXT)
		execution_log_response(p);
	return verdict;
}
