/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integrate_lambda: type AWS_PROXY: the request as an event for a Lambda function; and the other thing that AWS lets it be, a call of
 * Firehose with the client's body as it is. Mapped parameters fill in the URI and are otherwise for nobody.
 */
#include <errno.h>

#include "appliance/integrate/lambda_event.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/account.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/function_call.h"
#include "appliance/pipeline/integrate_parts.h"

/* What the pipeline knows, in the event's words. */
static void describe(struct pipeline *p, const struct access_record *record, struct lambda_event_input *ret)
{
	struct view relative = resolve_relative(p->resolved.path);

	*ret = (struct lambda_event_input){
		.client = &p->exchange->request,
		.method = p->method,
		.resource = record->resource_path,
		.resource_id = record->resource_id,
		/* The stage is cut off; what a custom domain's base path says is not. */
		.path = p->resolved.domain ? record->path
			: relative.count   ? view_from(relative.at - 1, relative.count + 1)
					   : view_of("/"),
		.request_path = record->path,
		.protocol = record->protocol,
		.path_parameter_count = p->match.parameter_count,
		.path_parameters = p->match.parameters,
		.variables = p->resolved.variables,
		.account_id = record->account_id,
		.api_id = record->api_id,
		.stage = record->stage,
		.deployment_id = record->deployment_id,
		.request_id = record->request_id,
		.extended_request_id = record->extended_request_id,
		.trace_id = p->trace_id,
		.domain_name = record->domain_name,
		.time_ms = p->exchange->received_wall_ms,
		.source_ip = record->source_ip,
		.user_agent = record->user_agent,
		.vpc_id = record->vpc_id,
		.vpce_id = record->vpce_id,
		.has_canary = p->resolved.stage->canary != NULL,
		.is_canary = p->resolved.is_canary,
	};
}

/* Who names no media type sends text. */
static bool is_binary(const struct pipeline *p)
{
	const struct http1_head *request = &p->exchange->request;

	return http1_find(request, HTTP1_HEADER_CONTENT_TYPE) &&
	       binary_matches(p->resolved.deployment, accept_content_type(request));
}

static enum verdict write_event(struct pipeline *p)
{
	struct lambda_event_input input;
	struct access_record record;
	struct buffer event;

	account_record(p, &record);
	describe(p, &record, &input);
	input.is_binary = is_binary(p);
	input.body = input.is_binary ? p->request_body : binary_to_text(&p->exchange->arena, p->request_body);
	if (p->request_body.count > 0 && !input.body.at)
		return integrate_misconfigured(p, "the event does not fit into memory");
	buffer_init_arena(&event, &p->exchange->arena, LAMBDA_EVENT_MAX_BYTES);
	switch (lambda_event_write(&p->exchange->arena, &input, &event)) {
	case 0:
		p->has_mapped_body = true;
		p->mapped_body = buffer_view(&event);
		return VERDICT_NEXT;
	case -EMSGSIZE:
		return function_call_too_long(p);
	default:
		return integrate_misconfigured(p, "the event does not fit into memory");
	}
}

/* An event is JSON, whatever the client sent. */
static void set_content_type(struct aws_field *fields, size_t *count)
{
	struct aws_field *given = aws_call_find_field(fields, *count, view_of("Content-Type"));

	if (!given)
		given = &fields[(*count)++];
	*given = (struct aws_field){ .name = view_of("Content-Type"), .value = view_of("application/json") };
}

static enum verdict call_function(struct pipeline *p, struct aws_call *call)
{
	struct aws_call_request what = { 0 };
	struct lambda_function function;
	struct http_request request;
	struct aws_field *fields;
	enum verdict verdict = function_call_begin(p, call, &function);

	if (verdict != VERDICT_NEXT)
		return verdict;
	p->parameter_count = 0;
	verdict = aws_call_fields(p, 1 + FUNCTION_CALL_FIELDS, &fields, &what.field_count);
	if (verdict == VERDICT_NEXT)
		verdict = write_event(p);
	if (verdict != VERDICT_NEXT)
		return verdict;
	set_content_type(fields, &what.field_count);
	if (!function_call_add_fields(p, fields, &what.field_count))
		return integrate_misconfigured(p, "the request does not fit into memory");
	what.fields = fields;
	what.body = p->mapped_body;
	(void)view_cut(call->uri.rest, '?', &what.path, &what.query);
	verdict = aws_call_write(p, call, &what, &request);
	if (verdict != VERDICT_NEXT)
		return verdict;
	return function.streams ? function_call_stream(p, &request) : integrate_call(p, &request);
}

enum verdict integrate_lambda(struct pipeline *p)
{
	struct aws_call call;
	enum verdict verdict = aws_call_prepare(p, &call);

	if (verdict != VERDICT_NEXT)
		return verdict;
	if (view_equals_text(call.service.name, "firehose"))
		return integrate_aws_service(p, &call);
	return call_function(p, &call);
}
