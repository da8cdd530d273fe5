/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/function_call.h"

#include "appliance/integrate/lambda_event.h"
#include "appliance/pipeline/integrate_parts.h"

bool function_call_is_one(const struct aws_call *call)
{
	struct lambda_function function;
	struct view path, query;

	(void)view_cut(call->uri.rest, '?', &path, &query);
	return !call->uri.is_action && view_equals_text(call->service.name, "lambda") &&
	       lambda_function_parse(&function, path) == 0;
}

/* Path and query as the endpoint wants them. A name alone has its qualifier in the query. */
static struct view rest_of(struct arena *arena, const struct lambda_function *function, struct view query, bool by_name)
{
	struct view path = lambda_function_path(arena, function, by_name);
	const char *mark = query.count ? "?" : "";

	if (!path.at)
		return path;
	if (by_name && function->qualifier.count)
		return arena_printf(arena, VIEW_FMT "?Qualifier=" VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(path),
			VIEW_ARG(function->qualifier), query.count ? "&" : "", VIEW_ARG(query));
	return arena_printf(arena, VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(path), mark, VIEW_ARG(query));
}

enum verdict function_call_too_long(struct pipeline *p)
{
	return state_fail(
		p, GATEWAY_RESPONSE_REQUEST_TOO_LARGE, "the event is longer than a function can be called with");
}

enum verdict function_call_begin(struct pipeline *p, struct aws_call *call, struct lambda_function *ret)
{
	const struct integration *integration = p->match.method->integration;
	struct view method = integration->http_method.count ? integration->http_method : p->method;
	struct view path, query;

	(void)view_cut(call->uri.rest, '?', &path, &query);
	if (lambda_function_parse(ret, path) < 0)
		return integrate_misconfigured(p, "Invalid endpoint address");
	if (!view_equals_text(method, "POST"))
		return integrate_misconfigured(p, "functions are invoked by POST: see the integration's httpMethod");
	if (ret->streams != (integration->streams && integration->type == INTEGRATION_AWS_PROXY))
		return integrate_misconfigured(p, "responseTransferMode STREAM and .../response-streaming-invocations "
						  "belong together, in a proxy");
	if (integration->type == INTEGRATION_AWS && p->mapped_body.count > LAMBDA_EVENT_MAX_BYTES)
		return function_call_too_long(p);
	p->calls_function = true;
	call->uri.rest = rest_of(&p->exchange->arena, ret, query, call->endpoint.functions_by_name);
	return call->uri.rest.at ? VERDICT_NEXT : integrate_misconfigured(p, "the request does not fit into memory");
}

bool function_call_add_fields(struct pipeline *p, struct aws_field *fields, size_t *count)
{
	struct view path = p->match.method->resource->path;
	struct view source = arena_printf(&p->exchange->arena, VIEW_FMT VIEW_FMT VIEW_FMT,
		VIEW_ARG(p->resolved.stage->arn_prefix), VIEW_ARG(p->method), VIEW_ARG(path));

	fields[(*count)++] = (struct aws_field){ .name = view_of("x-amzn-lambda-integration-tag"),
		.value = view_from(p->request_id, sizeof p->request_id) };
	fields[(*count)++] = (struct aws_field){ .name = view_of("X-Amz-Source-Arn"), .value = source };
	return source.at != NULL;
}
