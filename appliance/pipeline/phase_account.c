/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase account: the access log line, the counters and the records. */
#include "appliance/pipeline/account.h"

#include "appliance/base/clock.h"
#include "appliance/base/counters.h"
#include "appliance/pipeline/context_value.h"
#include "appliance/pipeline/records.h"

static int64_t milliseconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns >= from_ns ? (int64_t)((to_ns - from_ns) / 1000000) : 0;
}

static int64_t microseconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns >= from_ns ? (int64_t)((to_ns - from_ns) / 1000) : 0;
}

static void record_route(const struct pipeline *p, struct access_record *ret)
{
	const struct resolve_result *resolved = &p->resolved;

	if (p->snapshot)
		ret->account_id = p->snapshot->account_id;
	if (resolved->api)
		ret->api_id = resolved->api->id;
	if (resolved->stage) {
		ret->stage = resolved->stage->name;
		ret->deployment_id = resolved->deployment->id;
	}
	if (resolved->base_path)
		ret->base_path = resolved->base_path->path;
	if (resolved->endpoint)
		ret->vpc_id = resolved->endpoint->vpc_id;
	ret->vpce_id = view_from_text(p->listener->endpoint_id);
	ret->domain_name = view_from(resolved->host, resolved->host_bytes);
	if (p->match.method) {
		ret->resource_id = p->match.method->resource->id;
		ret->resource_path = p->match.method->resource->path;
	}
}

static void record_request(const struct pipeline *p, struct access_record *ret)
{
	const struct exchange *x = p->exchange;
	const struct http1_header *user_agent = http1_find(&x->request, HTTP1_HEADER_USER_AGENT);
	struct view relative = resolve_relative(x->request.path);

	ret->request_id = view_from(p->request_id, sizeof p->request_id);
	ret->extended_request_id = view_from(p->extended_id, sizeof p->extended_id);
	ret->trace_id = p->trace_id;
	ret->http_method = p->method.count ? p->method : x->request.method_text;
	/* Leading slashes count as one; all else is as the client sent it. */
	ret->path = x->request.path;
	if (relative.count < x->request.path.count)
		ret->path = view_after(x->request.path, x->request.path.count - relative.count - 1);
	ret->protocol = x->request.minor_version == 0 ? view_of("HTTP/1.0") : view_of("HTTP/1.1");
	ret->source_ip = x->peer->text;
	ret->user_agent = user_agent ? user_agent->value : (struct view){ 0 };
	ret->tls_version = view_from_text(x->tls->version);
	ret->tls_cipher = view_from_text(x->tls->cipher);
	ret->request_time_ms = (int64_t)x->received_wall_ms;
	ret->request_length_bytes = (int64_t)x->request_body_bytes;
}

static void record_outcome(const struct pipeline *p, struct access_record *ret)
{
	const struct exchange *x = p->exchange;
	/* Not the turn's time: a request that is answered in the turn in which it came would have taken no time at all. */
	uint64_t now_ns = clock_monotonic_ns();

	ret->status = x->status ? x->status : (p->status ? p->status : -1);
	ret->response_length_bytes = (int64_t)x->response_body_bytes;
	ret->response_latency_ms = milliseconds(x->received_ns, now_ns);
	ret->response_latency_us = microseconds(x->received_ns, now_ns);
	ret->integration_status = p->candidate_status ? p->candidate_status : -1;
	ret->back_end_status = ret->integration_status;
	if (p->calls_function && p->match.method->integration->type == INTEGRATION_AWS_PROXY)
		ret->back_end_status = p->function_status ? p->function_status : -1;
	ret->integration_latency_ms = ret->integration_latency_us = -1;
	if (p->call.started_ns && p->call.head_ns) {
		ret->integration_latency_ms = milliseconds(p->call.started_ns, p->call.head_ns);
		ret->integration_latency_us = microseconds(p->call.started_ns, p->call.head_ns);
	}
	if (p->call.error)
		ret->integration_error = view_from_text(outbound_error_text(p->call.error));
	if (!p->failed || p->failure_fixed)
		return;
	ret->error_type = gateway_response_defaults(p->failure_type)->name;
	ret->error_message = p->failure_message;
	ret->validation_error = p->validation_error;
	if (!p->failure_message.at) {
		/* The table holds it as JSON: a quoted text without escapes, or null. */
		struct view message = gateway_response_defaults(p->failure_type)->message;

		if (message.at[0] == '"')
			ret->error_message = view_part(message, 1, message.count - 2);
	}
}

static void record_denial(const struct pipeline *p, struct access_record *ret)
{
	struct policy_text sid;

	ret->denied_statement = -1;
	ret->reason = view_from_text(p->why);
	if (!p->failed || p->failure_type != GATEWAY_RESPONSE_ACCESS_DENIED || p->decision.verdict == POLICY_ALLOW)
		return;
	ret->denied_by = view_from_text(combine_by_name(p->decision.by));
	ret->denied_statement = p->decision.statement;
	if (!p->decided_by || p->decision.statement < 0)
		return;
	sid = policy_statement_sid(p->decided_by, (size_t)p->decision.statement);
	ret->denied_sid = view_from(sid.bytes, sid.count);
}

void account_record(struct pipeline *p, struct access_record *ret)
{
	*ret = (struct access_record){ 0 };
	record_route(p, ret);
	record_request(p, ret);
	record_outcome(p, ret);
	record_denial(p, ret);
	ret->is_canary = context_text(p, CONTEXT_IS_CANARY_REQUEST);
	ret->endpoint_request_id = context_text(p, CONTEXT_AWS_ENDPOINT_REQUEST_ID);
}

enum verdict phase_account(struct pipeline *p)
{
	const struct snapshot_stage *stage = p->resolved.stage;
	struct observe_access access = { 0 };
	struct access_record record;

	/* A call that never began has not given it back. */
	if (!p->call_begun)
		target_give_back(&p->call.lease);
	if (p->log)
		execution_log_end(p);
	if (p->is_test)
		return VERDICT_NEXT;
	if (p->gone && !p->exchange->response_complete && !p->why)
		p->why = "the client went away";
	account_record(p, &record);
	if (stage)
		access = (struct observe_access){ .format = stage->access_log_format,
			.log_group = stage->access_log_group,
			.is_canary = p->resolved.is_canary };
	observe_finish(p->worker->observe, access, &record);
	records_note(p);
	return VERDICT_NEXT;
}
