/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * phase integrate: what answers the method. MOCK answers from its template; HTTP_PROXY streams both bodies between client
 * and back end; HTTP sends a template or the client's body as text, and collects the back end's.
 */
#include <errno.h>

#include "appliance/mapping/mapping_template.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/map_response.h"
#include "appliance/pipeline/state.h"

/* Payload of a request that something needs the whole of (Quotas for configuring and running a REST API). */
#define BODY_MAX_BYTES 10485760

static enum verdict internal_error(struct pipeline *p, const char *why)
{
	return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, why);
}

/* The client's body could not be had: answer as the HTTP server would. */
static enum verdict body_failure(struct pipeline *p, int error)
{
	if (error == -EMSGSIZE) {
		p->too_large = true;
		p->failure_fixed = true;
		return state_fail(p, GATEWAY_RESPONSE_REQUEST_TOO_LARGE, "the body is over the limit");
	}
	if (error == -ENOMEM)
		return internal_error(p, "the body does not fit into memory");
	p->failure_fixed = true;
	p->failure_status = error == -ETIMEDOUT ? 408 : 400;
	return state_fail_with(p, GATEWAY_RESPONSE_DEFAULT_4XX,
		error == -ETIMEDOUT ? view_of("Request Timeout") : view_of("Bad Request"),
		error == -ETIMEDOUT ? "the client was too slow with its body" : "the body is malformed");
}

/* ---- a whole request body ---- */

static void on_collected(struct exchange *x, int error, struct view body)
{
	struct pipeline *p = x->pipeline;

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	if (error) {
		body_failure(p, error);
		state_resume_failed(p);
		return;
	}
	p->body_collected = true;
	p->request_body = body;
	state_resume(p, false);
}

/* Have the whole body. VERDICT_NEXT: it is in p->request_body. VERDICT_WAIT: this phase is called again with it. */
static enum verdict collect_body(struct pipeline *p)
{
	struct exchange *x = p->exchange;
	int error;

	if (p->body_collected || !http_body_is_expected(x) ||
		(p->in_request && http_body_try_whole(x, &p->request_body))) {
		p->body_collected = true;
		return VERDICT_NEXT;
	}
	error = http_body_collect(x, BODY_MAX_BYTES, on_collected);
	return error ? body_failure(p, error) : VERDICT_WAIT;
}

/* ---- MOCK ---- */

static enum verdict integrate_mock(struct pipeline *p)
{
	enum verdict verdict;

	if (p->request_template) {
		p->candidate_status = p->request_template->mock_status;
	} else {
		verdict = collect_body(p);
		if (verdict != VERDICT_NEXT)
			return verdict;
		p->candidate_status = mapping_template_mock_status(p->request_body);
	}
	if (p->candidate_status == 0)
		return internal_error(p,
			"Unable to parse statusCode. It should be an integer that is defined in the request template.");
	return VERDICT_NEXT;
}

/* ---- HTTP and HTTP_PROXY ---- */

static struct pipeline *pipeline_of(struct http_call *call)
{
	struct pipeline *p = CONTAINER_OF(call, struct pipeline, call);

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	return p;
}

/* HTTP_PROXY goes on with the head; HTTP maps what it needs of it and waits for the body. */
static void on_head(struct http_call *call, const struct http1_head *head)
{
	struct pipeline *p = pipeline_of(call);

	p->candidate_status = head->status;
	p->back_end_head = head;
	if (p->log)
		execution_log_answer(p, head);
	if (p->match.method->integration->type == INTEGRATION_HTTP_PROXY && !p->log) {
		state_resume(p, true);
		return; /* p may be gone */
	}
	/* Who wants to read the body has it collected. */
	call->buffer = true;
	if (p->match.method->integration->type == INTEGRATION_HTTP_PROXY)
		map_response_proxy_head(p, head);
	else
		map_response_head(p, head);
	p->back_end_head = NULL;
	if (p->failed)
		state_resume_failed(p);
}

static void on_done(struct http_call *call)
{
	struct pipeline *p = pipeline_of(call);

	p->call_ended = true;
	state_resume(p, true);
}

static void choose_failure(struct pipeline *p, enum http_call_failure failure)
{
	switch (failure) {
	case HTTP_CALL_BACK_END:
		break;
	case HTTP_CALL_BODY_TOO_LARGE:
		body_failure(p, -EMSGSIZE);
		return;
	case HTTP_CALL_BODY_BAD:
		body_failure(p, -EPROTO);
		return;
	case HTTP_CALL_BODY_SLOW:
		body_failure(p, -ETIMEDOUT);
		return;
	case HTTP_CALL_ANSWER_TOO_LARGE:
		internal_error(p, "the back end's answer is over 10 MB");
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
		internal_error(p, outbound_error_text(p->call.error));
		break;
	default:
		state_fail(p, GATEWAY_RESPONSE_INTEGRATION_FAILURE, outbound_error_text(p->call.error));
	}
}

/* Before the answer was begun there is a gateway response; afterwards the client can only be cut off. */
static void on_failed(struct http_call *call, enum http_call_failure failure)
{
	struct pipeline *p = pipeline_of(call);

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

static const struct http_call_owner call_owner = { .head = on_head, .done = on_done, .failed = on_failed };

/* HTTP sends its template, or the client's body, which is text unless its type is listed as binary; a proxy what came. */
static enum verdict choose_body(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	enum verdict verdict;

	if (integration->type == INTEGRATION_HTTP_PROXY && !p->body_collected)
		return VERDICT_NEXT;
	p->call.body_source = HTTP_CALL_BODY_WHOLE;
	if (p->request_template) {
		p->call.whole = p->request_template->text;
		return VERDICT_NEXT;
	}
	verdict = collect_body(p);
	if (verdict != VERDICT_NEXT)
		return verdict;
	p->call.whole = p->request_body;
	if (integration->type == INTEGRATION_HTTP_PROXY)
		return VERDICT_NEXT;
	if (binary_matches(p->resolved.stage->deployment, accept_content_type(&p->exchange->request)))
		return VERDICT_NEXT;
	p->call.whole = binary_to_text(&p->exchange->arena, p->request_body);
	return p->call.whole.at ? VERDICT_NEXT : internal_error(p, "the body does not fit into memory");
}

static void make_trace_id(struct pipeline *p)
{
	const struct http1_header *given = http1_find(&p->exchange->request, HTTP1_HEADER_X_AMZN_TRACE_ID);

	p->trace_id = request_id_trace(observe_ids(p->worker->observe), given ? given->value : (struct view){ 0 },
		p->exchange->received_wall_ms, p->trace_id_room);
}

static enum verdict integrate_http(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	const struct http_request_input input = {
		.integration = integration,
		.stage = p->resolved.stage,
		.client = &p->exchange->request,
		.method = p->method,
		.parameters = p->parameters,
		.parameter_count = p->parameter_count,
	};
	struct http_request_input with_trace = input;
	struct http_request request;
	enum verdict verdict = choose_body(p);
	int error;

	if (verdict != VERDICT_NEXT)
		return verdict;
	make_trace_id(p);
	with_trace.trace_id = p->trace_id;
	error = http_request_write(&p->exchange->arena, &with_trace, &request);
	if (error)
		return internal_error(p, error == -EINVAL   ? "Invalid endpoint address"
					 : error == -EEXIST ? "a mapped header is already present"
							    : "the request does not fit into memory");
	if (p->log)
		execution_log_call(p, &request);
	p->call.owner = &call_owner;
	p->call.exchange = p->exchange;
	p->call.place = p->listener->place;
	p->call.in_request = p->in_request;
	error = http_call_start(&p->call, p->worker->integrate, &request, integration->timeout_ms);
	if (error)
		return body_failure(p, error);
	p->call_begun = true;
	return VERDICT_WAIT;
}

enum verdict phase_integrate(struct pipeline *p)
{
	switch (p->match.method->integration->type) {
	case INTEGRATION_MOCK:
		return integrate_mock(p);
	case INTEGRATION_HTTP:
	case INTEGRATION_HTTP_PROXY:
		return integrate_http(p);
	default:
		/* Refused in phase authorize. */
		return internal_error(p, "the integration's type is not served by this version");
	}
}
