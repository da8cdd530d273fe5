/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/request_body.h"

#include <errno.h>

#include "appliance/pipeline/coding.h"

enum verdict request_body_fail(struct pipeline *p, int error)
{
	if (error == -EMSGSIZE) {
		p->too_large = true;
		p->failure_fixed = true;
		return state_fail(p, GATEWAY_RESPONSE_REQUEST_TOO_LARGE, "the body is over the limit");
	}
	if (error == -ENOMEM)
		return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, "the body does not fit into memory");
	if (error == -EBADMSG)
		return coding_refuse(p);
	p->failure_fixed = true;
	p->failure_status = error == -ETIMEDOUT ? 408 : 400;
	return state_fail_with(p, GATEWAY_RESPONSE_DEFAULT_4XX,
		error == -ETIMEDOUT ? view_of("Request Timeout") : view_of("Bad Request"),
		error == -ETIMEDOUT ? "the client was too slow with its body" : "the body is malformed");
}

static void on_collected(struct exchange *x, int error, struct view body)
{
	struct pipeline *p = x->pipeline;

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	if (error) {
		request_body_fail(p, error);
		state_resume_failed(p);
		return;
	}
	p->body_collected = true;
	p->request_body = body;
	if (coding_decode_gathered(p) == VERDICT_NEXT)
		state_resume(p, false);
	else
		state_resume_failed(p);
}

enum verdict request_body_collect(struct pipeline *p)
{
	struct exchange *x = p->exchange;
	enum compression_coding coding;
	int error;

	if (p->body_collected || !http_body_is_expected(x)) {
		p->body_collected = true;
		return VERDICT_NEXT;
	}
	/* A coding that is not known need not be read first. */
	if (coding_of_request(p, &coding) != VERDICT_NEXT)
		return VERDICT_FAIL;
	if (p->in_request && http_body_try_whole(x, &p->request_body)) {
		p->body_collected = true;
		return coding_decode_gathered(p);
	}
	error = http_body_collect(x, REQUEST_BODY_MAX_BYTES, on_collected);
	return error ? request_body_fail(p, error) : VERDICT_WAIT;
}
