/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/map_function.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/integrate_parts.h"

/* Room for X-Amzn-Trace-Id, and for what later phases add. */
#define EXTRA_FIELDS (1 + STATE_EXTRA_FIELDS)

enum verdict map_function_fail(struct pipeline *p, const char *why, struct view detail)
{
	p->failure_status = 502;
	p->log_detail = detail;
	return integrate_misconfigured(p, why);
}

enum verdict map_function_malformed(struct pipeline *p)
{
	return map_function_fail(p, "the function's answer is malformed", view_of("Malformed Lambda proxy response"));
}

static struct view lambda_request_id(const struct pipeline *p)
{
	return integrate_answer_field(p, view_of("x-amzn-RequestId"));
}

void map_function_say_error(struct pipeline *p, struct view message)
{
	if (p->log)
		execution_log_printf(p->log,
			"Lambda execution failed with status %d due to customer function error: " VIEW_FMT
			". Lambda request id: " VIEW_FMT,
			p->answer.status, VIEW_ARG(message), VIEW_ARG(lambda_request_id(p)));
}

/* --- calls that Lambda refused ------------------------------------------------------------------------------------------ */

static bool is_refused(const struct pipeline *p)
{
	return p->answer.status < 200 || p->answer.status > 299;
}

/* The message of Lambda's own error: {"message": …} or {"Message": …}. */
static struct view refusal_text(struct pipeline *p)
{
	struct json_value value;
	struct view text;

	if (json_value_parse(&p->exchange->arena, p->answer.body, NULL, &value, NULL))
		return view_of("Internal server error");
	text = json_value_text(json_value_find(&value, view_of("message")));
	if (!text.at)
		text = json_value_text(json_value_find(&value, view_of("Message")));
	return text.at ? text : view_of("Internal server error");
}

static enum verdict refused(struct pipeline *p)
{
	enum integration_type type = p->match.method->integration->type;

	if (p->log)
		execution_log_printf(p->log, "Lambda invocation failed with status: %d. Lambda request id: " VIEW_FMT,
			p->answer.status, VIEW_ARG(lambda_request_id(p)));
	switch (p->answer.status) {
	case 403:
		p->log_detail = view_of("Invalid permissions on Lambda function");
		return integrate_misconfigured(p, "the function may not be invoked by the gateway");
	case 413:
		return state_fail(p, GATEWAY_RESPONSE_REQUEST_TOO_LARGE,
			"the event is longer than a function can be called with");
	case 429:
		p->log_detail = refusal_text(p);
		return integrate_misconfigured(p, "the function is throttled");
	case 400:
		if (type == INTEGRATION_AWS)
			return state_fail_with(p, GATEWAY_RESPONSE_BAD_REQUEST_BODY, refusal_text(p),
				"Lambda takes the body for no JSON");
		break;
	default:
		break;
	}
	if (type == INTEGRATION_AWS) {
		p->log_detail = refusal_text(p);
		return integrate_misconfigured(p, "Lambda refused the call");
	}
	return map_function_fail(p, "Lambda refused the call", refusal_text(p));
}

/* --- AWS ---------------------------------------------------------------------------------------------------------------- */

/* Most results have no errorMessage, and need not be read to know it. */
static bool may_have_error(struct view body)
{
	return view_find(body, view_of("errorMessage")) != VIEW_NOWHERE ||
	       view_find(body, view_of("\\u")) != VIEW_NOWHERE;
}

enum verdict map_function_result(struct pipeline *p)
{
	if (is_refused(p))
		return refused(p);
	p->answer.candidate = may_have_error(p->answer.body)
				      ? lambda_answer_error_message(&p->exchange->arena, p->answer.body)
				      : view_of("");
	return VERDICT_NEXT;
}

/* --- AWS_PROXY ---------------------------------------------------------------------------------------------------------- */

/* Does the client ask for one of the API's binary media types? Who asks for nothing does not. */
static bool accepts_binary(const struct pipeline *p)
{
	const struct http1_head *request = &p->exchange->request;

	return http1_find(request, HTTP1_HEADER_ACCEPT) &&
	       binary_matches(p->resolved.deployment, accept_first(request));
}

enum verdict map_function_head(struct pipeline *p, struct lambda_answer *answer)
{
	p->status = p->function_status = answer->status;
	state_set_fields(p, answer->fields, answer->field_count, answer->field_count + EXTRA_FIELDS);
	if (p->trace_id.count)
		state_add_field(p, view_of("X-Amzn-Trace-Id"), p->trace_id);
	return VERDICT_NEXT;
}

static enum verdict no_memory(struct pipeline *p)
{
	return integrate_misconfigured(p, "the answer does not fit into memory");
}

enum verdict map_function_answer(struct pipeline *p)
{
	struct arena *arena = &p->exchange->arena;
	struct lambda_answer answer;
	int error;

	if (is_refused(p))
		return refused(p);
	if (integrate_answer_field(p, view_of("X-Amz-Function-Error")).at) {
		map_function_say_error(p, lambda_answer_error_message(arena, p->answer.body));
		return map_function_fail(p, "the function failed", view_of(""));
	}
	error = lambda_answer_parse(arena, p->answer.body, EXTRA_FIELDS, &answer);
	if (error)
		return error == -ENOMEM ? no_memory(p) : map_function_malformed(p);
	error = lambda_answer_body(arena, &answer, accepts_binary(p), &p->body);
	if (error == -ENOMEM)
		return no_memory(p);
	if (error)
		return integrate_misconfigured(p, "the function's body is not base64");
	return map_function_head(p, &answer);
}
