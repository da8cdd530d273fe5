/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase respond: the answer goes to the client; a streamed one lasts as long as the back end's. */
#include <errno.h>

#include "appliance/pipeline/coding.h"

static void add_ids(struct pipeline *p)
{
	if (!p->fields)
		return;
	state_add_field(p, view_of("x-amzn-RequestId"), view_from(p->request_id, sizeof p->request_id));
	state_add_field(p, view_of("x-amz-apigw-id"), view_from(p->extended_id, sizeof p->extended_id));
}

/* The answer that was made can't be sent as it is: give a bare one. */
static void respond_bare(struct pipeline *p, const char *why)
{
	const struct http_field fields[] = {
		{ .name = view_of("Content-Type"), .value = view_of("application/json") },
		{ .name = view_of("x-amzn-ErrorType"), .value = view_of("InternalServerErrorException") },
		{ .name = view_of("x-amzn-RequestId"), .value = view_from(p->request_id, sizeof p->request_id) },
		{ .name = view_of("x-amz-apigw-id"), .value = view_from(p->extended_id, sizeof p->extended_id) },
	};

	p->why = why;
	p->failed = true;
	p->failure_type = GATEWAY_RESPONSE_API_CONFIGURATION_ERROR;
	p->failure_message = (struct view){ 0 };
	if (http_respond(p->exchange, 500, fields, sizeof fields / sizeof *fields,
		    view_of("{\"message\": \"Internal server error\"}")))
		p->gone = true;
}

static void cancel_call(struct pipeline *p)
{
	if (p->call_begun && !p->call_ended)
		http_call_cancel(&p->call);
	p->call_ended = true;
}

static enum verdict respond_streaming(struct pipeline *p)
{
	int error;

	coding_begin_streamed(p);
	error = http_respond_head(p->exchange, p->status, p->fields, p->field_count, p->body_length);
	/* What pointed into the back end's head is on its way or given up. */
	p->back_end_head = NULL;
	state_set_fields(p, NULL, 0, 0);
	if (!error)
		return VERDICT_WAIT;
	cancel_call(p);
	if (error == -EPIPE)
		p->gone = true;
	else
		respond_bare(p, "the answer's fields can't be sent");
	return VERDICT_NEXT;
}

enum verdict phase_respond(struct pipeline *p)
{
	enum verdict verdict;
	int error;

	if (p->gone)
		return VERDICT_NEXT;
	if (p->too_large) {
		http_respond_too_large(p->exchange);
		return VERDICT_NEXT;
	}
	if (p->failed) {
		/* A streamed answer that could not be begun leaves its call behind. */
		cancel_call(p);
		state_write_failure(p);
	}
	/* Of a test AWS shows the method's own fields. */
	if (!p->is_test)
		add_ids(p);
	if (p->status < 200) {
		/* The API may be told such a status, but to HTTP it is no answer. */
		respond_bare(p, "the status is below 200");
		return VERDICT_NEXT;
	}
	if (p->streams && !p->failed)
		return respond_streaming(p);
	verdict = coding_respond(p, &error);
	if (error == -EPIPE)
		p->gone = true;
	else if (error)
		respond_bare(p, "the answer's fields can't be sent");
	return verdict;
}
