/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase integrate: what answers the method, by its type; and what the types share (integrate_parts.h). */
#include <errno.h>

#include "appliance/pipeline/coding.h"
#include "appliance/pipeline/integrate_parts.h"
#include "appliance/pipeline/request_body.h"

enum verdict integrate_misconfigured(struct pipeline *p, const char *why)
{
	return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, why);
}

void integrate_make_trace_id(struct pipeline *p)
{
	const struct http1_header *given = http1_find(&p->exchange->request, HTTP1_HEADER_X_AMZN_TRACE_ID);

	p->trace_id = request_id_trace(observe_ids(p->worker->observe), given ? given->value : (struct view){ 0 },
		p->exchange->received_wall_ms, p->trace_id_room);
}

struct pipeline *integrate_pipeline_of(struct http_call *call)
{
	struct pipeline *p = CONTAINER_OF(call, struct pipeline, call);

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	return p;
}

struct view integrate_answer_field(const struct pipeline *p, struct view name)
{
	for (size_t i = p->answer.field_count; i > 0; i--) {
		if (view_equals_ignore_case(p->answer.fields[i - 1].name, name))
			return p->answer.fields[i - 1].value;
	}
	return (struct view){ 0 };
}

/* ---- the answer ---- */

/* The head lives only while it is handed over: copy its fields. False without memory. */
static bool copy_fields(struct pipeline *p, const struct http1_head *head)
{
	struct arena *arena = &p->exchange->arena;
	struct http_field *fields = ARENA_NEW_ARRAY(arena, struct http_field, head->header_count);
	size_t count = 0;

	if (!fields)
		return false;
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http1_header *header = &head->headers[i];

		/* What Connection names was meant for us alone. */
		if (header->hop_by_hop && header->id == HTTP1_HEADER_OTHER)
			continue;
		fields[count].name = arena_copy(arena, header->name);
		fields[count].value = arena_copy(arena, header->value);
		if (!fields[count].name.at || !fields[count].value.at)
			return false;
		count++;
	}
	p->answer.fields = fields;
	p->answer.field_count = count;
	return true;
}

void integrate_on_head(struct http_call *call, const struct http1_head *head)
{
	struct pipeline *p = integrate_pipeline_of(call);

	p->candidate_status = p->answer.status = head->status;
	if (p->log)
		execution_log_answer(p, head);
	call->buffer = true;
	if (!copy_fields(p, head)) {
		integrate_misconfigured(p, "the answer's head does not fit into memory");
		state_resume_failed(p);
	}
}

void integrate_on_done(struct http_call *call)
{
	struct pipeline *p = integrate_pipeline_of(call);

	p->call_ended = true;
	if (call->buffer)
		p->answer.body = call->body.at ? call->body : view_of("");
	state_resume(p, true);
}

static void choose_failure(struct pipeline *p, enum http_call_failure failure)
{
	switch (failure) {
	case HTTP_CALL_BACK_END:
		break;
	case HTTP_CALL_BODY_TOO_LARGE:
		request_body_fail(p, -EMSGSIZE);
		return;
	case HTTP_CALL_BODY_CODING:
		request_body_fail(p, -EBADMSG);
		return;
	case HTTP_CALL_BODY_BAD:
		request_body_fail(p, -EPROTO);
		return;
	case HTTP_CALL_BODY_SLOW:
		request_body_fail(p, -ETIMEDOUT);
		return;
	case HTTP_CALL_ANSWER_TOO_LARGE:
		integrate_misconfigured(p, "the back end's answer is over 10 MB");
		return;
	case HTTP_CALL_ANSWER_CODING:
		integrate_misconfigured(p, "the back end's answer is not of the coding that it says");
		return;
	}
	switch (p->call.error) {
	case OUTBOUND_TIMEOUT:
		state_fail(p, GATEWAY_RESPONSE_INTEGRATION_TIMEOUT, outbound_error_text(p->call.error));
		break;
	case OUTBOUND_NAME:
		p->log_detail = view_of("Invalid endpoint address");
		/* fall through */
	case OUTBOUND_OVERLOADED:
		integrate_misconfigured(p, outbound_error_text(p->call.error));
		break;
	default:
		state_fail(p, GATEWAY_RESPONSE_INTEGRATION_FAILURE, outbound_error_text(p->call.error));
	}
}

/* Before the answer was begun there is a gateway response; afterwards the client can only be cut off. */
void integrate_on_failed(struct http_call *call, enum http_call_failure failure)
{
	struct pipeline *p = integrate_pipeline_of(call);

	p->call_ended = true;
	p->back_end_head = NULL;
	if (p->phase < PHASE_respond) {
		choose_failure(p, failure);
		state_resume_failed(p);
		return;
	}
	p->why = "the back end's answer broke off";
	state_resume(p, true);
}

/* ---- the call ---- */

enum verdict integrate_call_owned(
	struct pipeline *p, const struct http_request *request, const struct http_call_owner *owner)
{
	const struct integration *integration = p->match.method->integration;
	int error;

	if (p->has_mapped_body) {
		p->call.body_source = HTTP_CALL_BODY_WHOLE;
		p->call.whole = p->mapped_body;
	} else if (coding_of_request(p, &p->call.decode) != VERDICT_NEXT) {
		target_give_back(&p->call.lease);
		return VERDICT_FAIL;
	}
	if (integration->type == INTEGRATION_HTTP || integration->type == INTEGRATION_HTTP_PROXY)
		p->call.identity = p->resolved.stage->identity;
	if (p->log)
		execution_log_call(p, request);
	p->call.owner = owner;
	p->call.exchange = p->exchange;
	p->call.place = p->listener->place;
	p->call.in_request = p->in_request;
	error = http_call_start(&p->call, p->worker->integrate, request, integration->timeout_ms);
	if (error)
		return request_body_fail(p, error);
	p->call_begun = true;
	return VERDICT_WAIT;
}

enum verdict integrate_call(struct pipeline *p, const struct http_request *request)
{
	static const struct http_call_owner owner = {
		.head = integrate_on_head, .done = integrate_on_done, .failed = integrate_on_failed
	};

	return integrate_call_owned(p, request, &owner);
}

enum verdict phase_integrate(struct pipeline *p)
{
	switch (p->match.method->integration->type) {
	case INTEGRATION_MOCK:
		return integrate_mock(p);
	case INTEGRATION_HTTP:
	case INTEGRATION_HTTP_PROXY:
		return integrate_http(p);
	case INTEGRATION_AWS:
		return integrate_aws(p);
	case INTEGRATION_AWS_PROXY:
		return integrate_lambda(p);
	case INTEGRATION_TYPE_COUNT:
		break;
	}
	return integrate_misconfigured(p, "the integration has no type");
}
