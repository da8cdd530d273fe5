/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integrate_http: types HTTP and HTTP_PROXY. A proxy streams both bodies between client and back end; HTTP sends what was mapped,
 * and has the back end's answer gathered.
 */
#include <errno.h>

#include "appliance/pipeline/coding.h"
#include "appliance/pipeline/integrate_parts.h"

/* A proxy goes on with the head, which then streams; who wants to read the body has it gathered. */
static void on_proxy_head(struct http_call *call, const struct http1_head *head)
{
	struct pipeline *p = integrate_pipeline_of(call);

	call->hold_bytes = coding_hold_bytes(p, head);
	if (p->log || call->hold_bytes) {
		integrate_on_head(call, head);
		return;
	}
	p->candidate_status = p->answer.status = head->status;
	p->back_end_head = head;
	state_resume(p, true); /* p may be gone */
}

/* What was gathered to see how long it becomes is long: it streams after all. */
static void on_proxy_overflow(struct http_call *call)
{
	state_resume(integrate_pipeline_of(call), true); /* p may be gone */
}

static const struct http_call_owner proxy_owner = {
	.head = on_proxy_head, .overflow = on_proxy_overflow, .done = integrate_on_done, .failed = integrate_on_failed
};

/* Of a private integration: the target that is called, which p->call has a lease of. */
static enum verdict choose_target(struct pipeline *p, struct http_request *request)
{
	const struct integration *integration = p->match.method->integration;
	struct arena *arena = &p->exchange->arena;
	const struct target_wanted wanted = {
		.snapshot = p->snapshot,
		.link_id = target_text(arena, &integration->connection, p->resolved.variables),
		.arn = target_text(arena, &integration->balancer, p->resolved.variables),
	};

	if (!wanted.link_id.at || !wanted.arn.at || !p->worker->integrate->targets)
		return integrate_misconfigured(p, "the request does not fit into memory");
	switch (target_take(p->worker->integrate->targets, &wanted, &request->target, &p->call.lease)) {
	case 0:
		return VERDICT_NEXT;
	case -ENOENT:
		return integrate_misconfigured(p, "there is no such VPC link, or nothing behind it");
	default:
		return state_fail(p, GATEWAY_RESPONSE_INTEGRATION_FAILURE,
			"the load balancer has no listener or target for this call");
	}
}

enum verdict integrate_http(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	struct http_request_input input = {
		.integration = integration,
		.api_id = p->resolved.api->id,
		.variables = p->resolved.variables,
		.client = &p->exchange->request,
		.method = p->method,
		.parameters = p->parameters,
		.parameter_count = p->parameter_count,
	};
	struct http_request request;
	int error;

	integrate_make_trace_id(p);
	input.trace_id = p->trace_id;
	error = http_request_write(&p->exchange->arena, &input, &request);
	if (error)
		return integrate_misconfigured(p, error == -EINVAL   ? "Invalid endpoint address"
						  : error == -EEXIST ? "a mapped header is already present"
								     : "the request does not fit into memory");
	if (integration->is_private && choose_target(p, &request) != VERDICT_NEXT)
		return VERDICT_FAIL;
	if (integration->type == INTEGRATION_HTTP_PROXY)
		return integrate_call_owned(p, &request, &proxy_owner);
	return integrate_call(p, &request);
}
