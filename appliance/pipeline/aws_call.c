/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/aws_call.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/integrate/header_rules.h"
#include "appliance/pipeline/integrate_parts.h"

/* Fields that are sent besides the mapped ones: Accept, User-Agent, X-Amzn-Apigateway-Api-Id, X-Amzn-Trace-Id, Content-Type. */
#define DEFAULT_FIELDS 5

/* ---- where and as whom ---- */

static struct view variable(void *context, struct view name)
{
	return resolve_variable(context, name);
}

/* A text with placeholders: the URI, or the credentials' ARN, which knows stage variables only. */
static int render(struct pipeline *p, const struct integration_uri *uri, bool with_parameters, struct view *ret)
{
	const struct aws_uri_values values = {
		.variable = variable,
		.context = &p->resolved,
		.parameters = p->parameters,
		.parameter_count = with_parameters ? p->parameter_count : 0,
	};

	return aws_uri_render(&p->exchange->arena, uri, &values, ret);
}

/* `why` with a name, or the bare text if there is no memory for it. */
static enum verdict fail_naming(struct pipeline *p, const char *format, struct view name, const char *otherwise)
	__attribute__((format(printf, 2, 0)));

static enum verdict fail_naming(struct pipeline *p, const char *format, struct view name, const char *otherwise)
{
	struct view why = arena_printf(&p->exchange->arena, format, VIEW_ARG(name));

	return integrate_misconfigured(p, why.at ? why.at : otherwise);
}

static enum verdict find_endpoint(struct pipeline *p, struct aws_call *call)
{
	const struct aws_endpoints *endpoints = p->worker->integrate->aws_endpoints;
	const struct aws_endpoints none = { .count = 0 };
	int error;

	aws_service_find(call->uri.name, &call->service);
	error = aws_endpoint_find(endpoints ? endpoints : &none, &p->exchange->arena, call->uri.partition,
		call->uri.region, call->uri.name, &call->endpoint);
	switch (error) {
	case 0:
		return VERDICT_NEXT;
	case -ENOENT:
		return fail_naming(p,
			"there is no endpoint for the AWS service '" VIEW_FMT
			"': set a row of aws_endpoints for it, or aws_public_endpoints to call AWS's own",
			call->uri.name, "there is no endpoint for the AWS service: see aws_endpoints");
	case -ENOMEM:
		return integrate_misconfigured(p, "the request does not fit into memory");
	default:
		return integrate_misconfigured(p, "Invalid endpoint address");
	}
}

/* Credentials are there, or will not be. */
static void on_credentials(struct credentials_waiter *waiter)
{
	struct pipeline *p = CONTAINER_OF(waiter, struct pipeline, credentials);

	ASSERT_MAGIC(p, PIPELINE_MAGIC);
	state_resume(p, false);
}

static enum verdict find_credentials(struct pipeline *p, struct aws_call *call)
{
	const struct integration *integration = p->match.method->integration;
	struct view role = { 0 };
	const char *why = "credentials can't be had here";
	int error = render(p, &integration->credentials, false, &role);

	if (error)
		return integrate_misconfigured(p, "the integration's credentials are no ARN");
	p->credentials.ready = on_credentials;
	error = p->worker->integrate->credentials ? credentials_find(p->worker->integrate->credentials, view_trim(role),
							    &p->credentials, &call->credentials, &why)
						  : -EACCES;
	if (error == -EAGAIN)
		return VERDICT_WAIT;
	if (error)
		return fail_naming(p, VIEW_FMT, view_from_text(why), "there are no credentials for the call");
	return VERDICT_NEXT;
}

enum verdict aws_call_prepare(struct pipeline *p, struct aws_call *ret)
{
	struct view text;
	enum verdict verdict;
	int error = render(p, &p->match.method->integration->uri, true, &text);

	if (error == -ENOMEM)
		return integrate_misconfigured(p, "the request does not fit into memory");
	if (error || aws_uri_parse(&ret->uri, text) < 0)
		return integrate_misconfigured(p, "Invalid endpoint address");
	verdict = find_endpoint(p, ret);
	return verdict == VERDICT_NEXT ? find_credentials(p, ret) : verdict;
}

/* ---- fields ---- */

struct aws_field *aws_call_find_field(struct aws_field *fields, size_t count, struct view name)
{
	for (size_t i = count; i > 0; i--)
		if (view_equals_ignore_case(fields[i - 1].name, name))
			return &fields[i - 1];
	return NULL;
}

static void add(struct aws_field *fields, size_t *count, struct view name, struct view value, bool is_unsigned)
{
	if (!aws_call_find_field(fields, *count, name))
		fields[(*count)++] = (struct aws_field){ .name = name, .value = value, .is_unsigned = is_unsigned };
}

/* The client's Content-Type goes with a body that a client sends. */
static struct view client_type(const struct pipeline *p)
{
	const struct http1_header *header = http1_find(&p->exchange->request, HTTP1_HEADER_CONTENT_TYPE);

	if (!header || view_equals(p->method, view_of("GET")) || view_equals(p->method, view_of("HEAD")) ||
		view_equals(p->method, view_of("OPTIONS")))
		return (struct view){ 0 };
	return header->value;
}

enum verdict aws_call_fields(struct pipeline *p, size_t extra_count, struct aws_field **ret_fields, size_t *ret_count)
{
	struct arena *arena = &p->exchange->arena;
	struct aws_field *fields =
		ARENA_NEW_ARRAY(arena, struct aws_field, p->parameter_count + DEFAULT_FIELDS + extra_count);
	struct view agent = arena_printf(arena, "AmazonAPIGateway_" VIEW_FMT, VIEW_ARG(p->resolved.api->id));
	struct view type = client_type(p);
	size_t count = 0;

	if (!fields || !agent.at)
		return integrate_misconfigured(p, "the request does not fit into memory");
	for (size_t i = 0; i < p->parameter_count; i++) {
		const struct integrate_parameter *parameter = &p->parameters[i];

		if (parameter->kind != MAPPING_TO_REQUEST_HEADER)
			continue;
		switch (header_rule_mapped(p->match.method->integration->type, parameter->name)) {
		case HEADER_RULE_REFUSE:
			return integrate_misconfigured(p, "a mapped header is already present");
		case HEADER_RULE_IGNORE:
			continue;
		case HEADER_RULE_SET:
			break;
		}
		fields[count++] = (struct aws_field){ .name = parameter->name,
			.value = parameter->value,
			.is_unsigned = view_equals_ignore_case(parameter->name, view_of("User-Agent")) };
	}
	integrate_make_trace_id(p);
	if (type.count)
		add(fields, &count, view_of("Content-Type"), type, false);
	add(fields, &count, view_of("Accept"), view_of("application/json"), false);
	add(fields, &count, view_of("User-Agent"), agent, true);
	add(fields, &count, view_of("X-Amzn-Apigateway-Api-Id"), p->resolved.api->id, false);
	add(fields, &count, view_of("X-Amzn-Trace-Id"), p->trace_id, true);
	*ret_fields = fields;
	*ret_count = count;
	return VERDICT_NEXT;
}

/* ---- the request ---- */

enum verdict aws_call_write(
	struct pipeline *p, const struct aws_call *call, const struct aws_call_request *what, struct http_request *ret)
{
	struct view method = p->match.method->integration->http_method;
	struct aws_request_input input = {
		.endpoint = &call->endpoint,
		.service = &call->service,
		.region = call->uri.region,
		.method = what->method.count ? what->method
			  : method.count     ? method
					     : p->method,
		.path = what->path,
		.query = what->query,
		.fields = what->fields,
		.field_count = what->field_count,
		.body = what->body,
		.credentials = &call->credentials,
		.now_s = (int64_t)(clock_turn_wall_ms() / 1000),
	};

	switch (aws_request_write(&p->exchange->arena, &input, ret)) {
	case 0:
		return VERDICT_NEXT;
	case -EEXIST:
		return integrate_misconfigured(p, "a mapped header is already present");
	case -ENOMEM:
		return integrate_misconfigured(p, "the request does not fit into memory");
	case -EMSGSIZE:
		return integrate_misconfigured(p, "the request to the AWS service is too long");
	default:
		return integrate_misconfigured(p, "Invalid endpoint address");
	}
}
