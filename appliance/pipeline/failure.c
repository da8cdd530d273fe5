/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failure: choosing a gateway response, and writing it as the API's owner or AWS would. */
#include "appliance/base/counters.h"
#include "appliance/base/json_writer.h"
#include "appliance/mapping/mapping_template.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/answer_field.h"
#include "appliance/pipeline/state.h"
#include "appliance/pipeline/values.h"

/* Longest body of a gateway response: the longest template (300 KB) with its values. */
#define FAILURE_BODY_MAX_BYTES 1048576

static const struct view application_json = VIEW_INIT("application/json");

enum verdict state_fail_with(struct pipeline *p, enum gateway_response_type type, struct view message, const char *why)
{
	p->failed = true;
	p->failure_type = type;
	p->failure_message = message;
	if (why)
		p->why = why;
	return VERDICT_FAIL;
}

enum verdict state_fail(struct pipeline *p, enum gateway_response_type type, const char *why)
{
	return state_fail_with(p, type, (struct view){ 0 }, why);
}

enum verdict state_forbid(struct pipeline *p, const char *why)
{
	p->failure_fixed = true;
	return state_fail(p, GATEWAY_RESPONSE_INVALID_API_KEY, why);
}

enum verdict state_deny(struct pipeline *p, const struct policy *policy)
{
	static const unsigned labels[] = {
		[COMBINE_BY_NOBODY] = COUNTERS_DENIED_RESOURCE_POLICY,
		[COMBINE_BY_ENDPOINT] = COUNTERS_DENIED_ENDPOINT_POLICY,
		[COMBINE_BY_DOMAIN] = COUNTERS_DENIED_DOMAIN_POLICY,
		[COMBINE_BY_RESOURCE] = COUNTERS_DENIED_RESOURCE_POLICY,
		[COMBINE_BY_IDENTITY] = COUNTERS_DENIED_AUTHORIZATION,
		[COMBINE_BY_AUTHORIZER] = COUNTERS_DENIED_AUTHORIZATION,
	};
	enum combine_style style = p->worker->classic_denials ? COMBINE_STYLE_CLASSIC : COMBINE_STYLE_2025;
	char *text = arena_alloc(&p->exchange->arena, COMBINE_DENIAL_MAX_BYTES);
	size_t count = 0;

	counters_up(observe_counters(p->worker->observe), COUNTERS_denied, labels[p->decision.by]);
	p->decided_by = policy;
	if (text)
		count = combine_denial_write(&p->decision, &p->policy_request, style, text, COMBINE_DENIAL_MAX_BYTES);
	if (count >= COMBINE_DENIAL_MAX_BYTES)
		count = COMBINE_DENIAL_MAX_BYTES - 1;
	return state_fail_with(p, GATEWAY_RESPONSE_ACCESS_DENIED, view_from(text, count), NULL);
}

enum verdict state_answer_plain(struct pipeline *p, int status, struct view media_type, struct view body)
{
	p->status = status;
	p->body = body;
	state_set_fields(p, ARENA_NEW_ARRAY(&p->exchange->arena, struct http_field, 1 + STATE_EXTRA_FIELDS), 0,
		1 + STATE_EXTRA_FIELDS);
	if (p->fields)
		state_add_field(p, view_of("Content-Type"), media_type);
	return VERDICT_ANSWER;
}

void state_set_fields(struct pipeline *p, struct http_field *fields, size_t count, size_t room)
{
	p->fields = fields;
	p->field_count = fields ? count : 0;
	p->field_room = fields ? room : 0;
}

void state_add_field(struct pipeline *p, struct view name, struct view value)
{
	ASSERT(p->field_count < p->field_room);
	p->fields[p->field_count++] = (struct http_field){ .name = name, .value = value };
}

/* `{"message":"..."}` in the spacing of the type. */
static void write_default_body(struct pipeline *p, const struct gateway_response_default *defaults, struct buffer *body)
{
	buffer_append(body, view_of("{\""));
	buffer_append(body, defaults->key);
	buffer_append(body, defaults->blank ? view_of("\": ") : view_of("\":"));
	if (p->failure_message.at) {
		buffer_append_byte(body, '"');
		json_write_escaped(body, p->failure_message);
		buffer_append_byte(body, '"');
	} else {
		buffer_append(body, defaults->message);
	}
	buffer_append_byte(body, '}');
}

static void write_template(struct pipeline *p, struct view text, struct buffer *body)
{
	struct mapping_piece piece;
	struct view value = { 0 };

	while (mapping_piece_next(&piece, &text)) {
		switch (piece.kind) {
		case MAPPING_PIECE_LITERAL:
			value = piece.text;
			break;
		case MAPPING_PIECE_CONTEXT:
			value = values_context(p, piece.text);
			/* What has no message has the JSON literal, so that a template stays JSON. */
			if (!value.at && view_equals_text(piece.text, "error.messageString"))
				value = view_of("null");
			break;
		case MAPPING_PIECE_STAGE_VARIABLE:
			value = resolve_variable(&p->resolved, piece.text);
			break;
		case MAPPING_PIECE_REQUEST:
			value = values_request(p, piece.text);
			break;
		}
		buffer_append(body, value);
	}
}

/* By the rules of mapped fields, in the place of the gateway's own. False without memory. */
static bool add_custom_fields(struct pipeline *p, const struct gateway_response *custom)
{
	bool fits = true;

	for (size_t i = 0; fits && i < custom->parameter_count; i++)
		fits = answer_field_set_gateway(
			p, custom->parameters[i].target_name, values_source(p, &custom->parameters[i]));
	return fits;
}

/* Not even the arena has room for an answer: the bare minimum, from static memory. */
static enum verdict write_minimum(struct pipeline *p)
{
	p->status = 500;
	state_set_fields(p, NULL, 0, 0);
	p->body = view_of("{\"message\": \"Internal server error\"}");
	return VERDICT_NEXT;
}

enum verdict state_write_failure(struct pipeline *p)
{
	const struct snapshot_deployment *deployment = p->failure_fixed ? NULL : p->resolved.deployment;
	struct gateway_response_choice choice =
		gateway_response_choose(deployment ? deployment->gateway_responses : NULL, p->failure_type);
	size_t custom_count = choice.custom ? choice.custom->parameter_count : 0;
	size_t room = custom_count + 2 + STATE_EXTRA_FIELDS;
	struct view media_type = application_json;
	struct buffer body;

	state_set_fields(p, ARENA_NEW_ARRAY(&p->exchange->arena, struct http_field, room), 0, room);
	if (!p->fields)
		return write_minimum(p);
	p->status = p->failure_status ? p->failure_status : choice.status;
	if (choice.custom && choice.custom->status)
		p->status = choice.custom->status;
	buffer_init_arena(&body, &p->exchange->arena, FAILURE_BODY_MAX_BYTES);
	if (choice.custom && choice.custom->template_count > 0) {
		const struct gateway_response_template *template =
			accept_gateway_template(&p->exchange->request, choice.custom);

		media_type = template->media_type;
		write_template(p, template->text, &body);
	} else {
		write_default_body(p, choice.defaults, &body);
	}
	if (buffer_error(&body))
		return write_minimum(p);
	p->body = buffer_view(&body);
	/* A test is not shown the type of what AWS itself made (spec/control-plane.md 8.5). */
	if (!p->is_test || choice.custom)
		state_add_field(p, view_of("Content-Type"), media_type);
	state_add_field(
		p, view_of("x-amzn-ErrorType"), p->error_type.count ? p->error_type : choice.defaults->error_type);
	if (choice.custom && !add_custom_fields(p, choice.custom))
		return write_minimum(p);
	return VERDICT_NEXT;
}
