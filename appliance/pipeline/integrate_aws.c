/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integrate_aws: type AWS. A path goes as it is; an action becomes Action= in the query and,
 * for services that speak JSON, X-Amz-Target. What an unknown service wants beyond that is mapped by the integration.
 */
#include "appliance/base/buffer.h"
#include "appliance/pipeline/aws_call.h"
#include "appliance/pipeline/function_call.h"
#include "appliance/pipeline/integrate_parts.h"
#include "appliance/wire/uri.h"

/* Longest query: what a URI may have. */
#define QUERY_MAX_BYTES URI_MAX_BYTES

/* ---- the query ---- */

static void begin_parameter(struct buffer *query)
{
	if (query->count)
		buffer_append_byte(query, '&');
}

static void append_encoded(struct buffer *query, struct view text)
{
	char *room = buffer_reserve(query, 3 * text.count);

	if (room)
		buffer_commit(query, uri_encode(room, text, false));
}

/* As its author encoded it. Of a '+' not every verifier of signatures thinks the same: it goes as the blank that it stands for. */
static void append_literal(struct buffer *query, struct view text)
{
	char encoded[3];

	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '+')
			buffer_append(query, view_of("%20"));
		else
			buffer_append_bytes(query, encoded, uri_encode_unsafe(encoded, view_part(text, i, 1)));
	}
}

static void append_parameter(struct buffer *query, struct view name, struct view value, bool is_literal)
{
	begin_parameter(query);
	append_encoded(query, name);
	buffer_append_byte(query, '=');
	if (is_literal)
		append_literal(query, value);
	else
		append_encoded(query, value);
}

static bool has_parameter(struct view query, struct view name)
{
	struct uri_query walk = { .rest = query };
	struct view found, value;

	while (uri_query_next(&walk, &found, &value, NULL))
		if (view_equals(found, name))
			return true;
	return false;
}

/* Action, what follows it in the URI, Version of a query service, then what is mapped; of a path, its query and what is mapped. */
static void write_query(struct pipeline *p, const struct aws_call *call, struct buffer *query)
{
	struct view name, more;

	if (call->uri.is_action) {
		view_cut(call->uri.rest, '&', &name, &more);
		begin_parameter(query);
		buffer_append(query, view_of("Action="));
		buffer_append(query, name);
	} else {
		view_cut(call->uri.rest, '?', &name, &more);
	}
	if (more.count) {
		begin_parameter(query);
		buffer_append(query, more);
	}
	for (size_t i = 0; i < p->parameter_count; i++)
		if (p->parameters[i].kind == MAPPING_TO_REQUEST_QUERYSTRING)
			append_parameter(
				query, p->parameters[i].name, p->parameters[i].value, p->parameters[i].is_literal);
	if (call->uri.is_action && call->service.protocol == AWS_PROTOCOL_QUERY && call->service.version.count &&
		!has_parameter(buffer_view(query), view_of("Version")))
		append_parameter(query, view_of("Version"), call->service.version, true);
}

/* ---- the fields of an action ---- */

static bool is_json(const struct aws_service *service)
{
	return service->protocol == AWS_PROTOCOL_JSON_10 || service->protocol == AWS_PROTOCOL_JSON_11;
}

/* Is a Content-Type what a client says of plain JSON? Such a body is the service's own kind of JSON too. */
static bool is_plain_json(struct view type)
{
	struct view media_type, parameters;

	view_cut(type, ';', &media_type, &parameters);
	return view_equals_ignore_case(view_trim(media_type), view_of("application/json"));
}

static bool is_mapped(const struct pipeline *p, struct view name)
{
	for (size_t i = 0; i < p->parameter_count; i++)
		if (p->parameters[i].kind == MAPPING_TO_REQUEST_HEADER &&
			view_equals_ignore_case(p->parameters[i].name, name))
			return true;
	return false;
}

/* X-Amz-Target and the Content-Type of its protocol, unless the integration maps them. False without memory. */
static bool add_json_fields(struct pipeline *p, const struct aws_call *call, struct aws_field *fields, size_t *count)
{
	struct view action, more, target;
	struct view type = call->service.protocol == AWS_PROTOCOL_JSON_10 ? view_of("application/x-amz-json-1.0")
									  : view_of("application/x-amz-json-1.1");
	struct aws_field *given = aws_call_find_field(fields, *count, view_of("Content-Type"));

	if (!given)
		fields[(*count)++] = (struct aws_field){ .name = view_of("Content-Type"), .value = type };
	else if (!is_mapped(p, view_of("Content-Type")) && is_plain_json(given->value))
		given->value = type;
	if (aws_call_find_field(fields, *count, view_of("X-Amz-Target")))
		return true;
	view_cut(call->uri.rest, '&', &action, &more);
	target = arena_printf(
		&p->exchange->arena, VIEW_FMT "." VIEW_FMT, VIEW_ARG(call->service.target_prefix), VIEW_ARG(action));
	fields[(*count)++] = (struct aws_field){ .name = view_of("X-Amz-Target"), .value = target };
	return target.at != NULL;
}

/* ---- answers in the form of query services ---- */

/*
 * SSM's actions answer API Gateway as its query protocol does: {"XResponse":{"XResult":…,"ResponseMetadata":{"RequestId":…}}}. An
 * answer that has this form already, and an error, stay as they are.
 */
static void wrap_answer(struct pipeline *p)
{
	struct view body = p->call.body, id = integrate_answer_field(p, view_of("x-amzn-RequestId"));
	struct view action = p->wrapped_action, wrapped;
	struct view wrapper = arena_printf(&p->exchange->arena, "{\"" VIEW_FMT "Response\":", VIEW_ARG(action));

	body = view_trim_set(body, " \t\r\n");
	if (p->answer.status != 200 || body.count == 0 || body.at[0] != '{' || !wrapper.at ||
		view_starts_with(body, wrapper))
		return;
	wrapped = arena_printf(&p->exchange->arena,
		VIEW_FMT "{\"" VIEW_FMT "Result\":" VIEW_FMT ",\"ResponseMetadata\":{\"RequestId\":\"" VIEW_FMT "\"}}}",
		VIEW_ARG(wrapper), VIEW_ARG(action), VIEW_ARG(body), VIEW_ARG(id));
	if (wrapped.at)
		p->call.body = wrapped;
}

static void on_wrapped_done(struct http_call *call)
{
	wrap_answer(integrate_pipeline_of(call));
	integrate_on_done(call);
}

static const struct http_call_owner wrapping_owner = {
	.head = integrate_on_head, .done = on_wrapped_done, .failed = integrate_on_failed
};

/* ---- the integration ---- */

enum verdict integrate_aws_service(struct pipeline *p, const struct aws_call *call)
{
	struct aws_call_request what = { .path = view_of("/"), .body = p->mapped_body };
	struct http_request request;
	struct aws_field *fields;
	struct buffer query;
	struct view rest;
	enum verdict verdict = aws_call_fields(p, 2 + FUNCTION_CALL_FIELDS, &fields, &what.field_count);

	if (verdict != VERDICT_NEXT)
		return verdict;
	if (p->calls_function && !function_call_add_fields(p, fields, &what.field_count))
		return integrate_misconfigured(p, "the request does not fit into memory");
	buffer_init_arena(&query, &p->exchange->arena, QUERY_MAX_BYTES);
	write_query(p, call, &query);
	if (buffer_error(&query))
		return integrate_misconfigured(p, "the request to the AWS service is too long");
	what.query = buffer_view(&query);
	if (!call->uri.is_action)
		view_cut(call->uri.rest, '?', &what.path, &rest);
	else if (is_json(&call->service) && call->service.target_prefix.count &&
		 !add_json_fields(p, call, fields, &what.field_count))
		return integrate_misconfigured(p, "the request does not fit into memory");
	what.fields = fields;
	verdict = aws_call_write(p, call, &what, &request);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (!call->uri.is_action || !call->service.answers_wrapped)
		return integrate_call(p, &request);
	view_cut(call->uri.rest, '&', &p->wrapped_action, &rest);
	return integrate_call_owned(p, &request, &wrapping_owner);
}

enum verdict integrate_aws(struct pipeline *p)
{
	struct aws_call call;
	struct lambda_function function;
	enum verdict verdict = aws_call_prepare(p, &call);

	if (verdict == VERDICT_NEXT && function_call_is_one(&call))
		verdict = function_call_begin(p, &call, &function);
	return verdict == VERDICT_NEXT ? integrate_aws_service(p, &call) : verdict;
}
