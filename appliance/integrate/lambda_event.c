/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/lambda_event.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/base/json_writer.h"
#include "appliance/crypto/base64.h"
#include "appliance/integrate/header_rules.h"
#include "appliance/wire/uri.h"

/* What an event has besides its body: heads have 16 KB at most, and most of what is in them stands there twice. */
#define EVENT_BESIDES_BODY_BYTES 4096
/* Fields that the event has and the client need not have sent: trace id, and three of X-Forwarded. */
#define OWN_FIELDS_COUNT 4

/* A name with a value; those of one name are chained in the order in which they came. */
struct pair {
	struct view name, value;
	struct pair *next;
	struct view last_value; /* of the first of a chain */
	bool is_first;
};

struct pairs {
	struct pair *at; /* in the order in which they came */
	struct pair **sorted;
	size_t count;
};

/* --- pairs of one name ---------------------------------------------------------------------------------------------------- */

static int compare_names(struct view left, struct view right, bool ignore_case)
{
	size_t count = left.count < right.count ? left.count : right.count;

	if (!ignore_case)
		return view_compare(left, right);
	for (size_t i = 0; i < count; i++) {
		int difference =
			(unsigned char)view_lower_byte(left.at[i]) - (unsigned char)view_lower_byte(right.at[i]);

		if (difference)
			return difference;
	}
	return (left.count > right.count) - (left.count < right.count);
}

/* By name, and those of one name as they came. */
static bool is_before(const struct pair *left, const struct pair *right, bool ignore_case)
{
	int order = compare_names(left->name, right->name, ignore_case);

	return order < 0 || (order == 0 && left < right);
}

static void sift_down(struct pair **heap, size_t at, size_t count, bool ignore_case)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct pair *moved;

		if (child >= count)
			return;
		if (child + 1 < count && is_before(heap[child], heap[child + 1], ignore_case))
			child++;
		if (!is_before(heap[at], heap[child], ignore_case))
			return;
		moved = heap[at];
		heap[at] = heap[child];
		heap[child] = moved;
		at = child;
	}
}

/* A heap's sort: a query has thousands of names if somebody wants it to, and this is never worse than that takes. */
static void sort(struct pairs *pairs, bool ignore_case)
{
	for (size_t i = pairs->count / 2; i > 0; i--)
		sift_down(pairs->sorted, i - 1, pairs->count, ignore_case);
	for (size_t end = pairs->count; end > 1; end--) {
		struct pair *last = pairs->sorted[0];

		pairs->sorted[0] = pairs->sorted[end - 1];
		pairs->sorted[end - 1] = last;
		sift_down(pairs->sorted, 0, end - 1, ignore_case);
	}
}

/* Sort, and chain those of one name. */
static void chain(struct pairs *pairs, bool ignore_case)
{
	struct pair *first = NULL, *last = NULL;

	for (size_t i = 0; i < pairs->count; i++)
		pairs->sorted[i] = &pairs->at[i];
	sort(pairs, ignore_case);
	for (size_t i = 0; i < pairs->count; i++) {
		struct pair *pair = pairs->sorted[i];

		if (first && compare_names(first->name, pair->name, ignore_case) == 0) {
			last->next = pair;
		} else {
			first = pair;
			first->is_first = true;
		}
		first->last_value = pair->value;
		last = pair;
	}
}

static int make_room(struct arena *arena, size_t count, struct pairs *ret)
{
	*ret = (struct pairs){ .at = ARENA_NEW_ARRAY(arena, struct pair, count),
		.sorted = arena_alloc_array(arena, count, sizeof *ret->sorted) };
	return ret->at && ret->sorted ? 0 : -ENOMEM;
}

static void add_pair(struct pairs *pairs, struct view name, struct view value)
{
	pairs->at[pairs->count++] = (struct pair){ .name = name, .value = value };
}

/* --- fields ------------------------------------------------------------------------------------------------------------- */

/* The spelling that the event has. */
static struct view event_name(const struct http1_header *header)
{
	switch (header->id) {
	case HTTP1_HEADER_AUTHORIZATION:
		return view_of("Authorization");
	case HTTP1_HEADER_USER_AGENT:
		return view_of("User-Agent");
	default:
		return header->name;
	}
}

static bool is_for_the_function(const struct http1_header *header)
{
	switch (header->id) {
	case HTTP1_HEADER_X_AMZN_TRACE_ID:
	case HTTP1_HEADER_X_FORWARDED_FOR:
	case HTTP1_HEADER_X_FORWARDED_PORT:
	case HTTP1_HEADER_X_FORWARDED_PROTO:
		return false; /* made below */
	case HTTP1_HEADER_X_HTTP_METHOD_OVERRIDE:
		return false;
	case HTTP1_HEADER_AUTHORIZATION:
		return !view_starts_with(header->value, view_of("AWS4-HMAC-SHA256"));
	default:
		return header_rule_is_seen(header);
	}
}

/* The addresses that the client names, and its own behind them; `at` NULL without memory. */
static struct view forwarded_for(struct arena *arena, const struct lambda_event_input *input)
{
	struct view joined = { 0 };

	for (const struct http1_header *header = http1_find(input->client, HTTP1_HEADER_X_FORWARDED_FOR); header;
		header = http1_find_next(input->client, header))
		joined = joined.count ? arena_printf(arena, VIEW_FMT ", " VIEW_FMT, VIEW_ARG(joined),
						VIEW_ARG(header->value))
				      : header->value;
	if (joined.count == 0)
		return input->source_ip.at ? input->source_ip : view_of("");
	return arena_printf(arena, VIEW_FMT ", " VIEW_FMT, VIEW_ARG(joined), VIEW_ARG(input->source_ip));
}

static int read_fields(struct arena *arena, const struct lambda_event_input *input, struct pairs *ret)
{
	const struct http1_head *client = input->client;
	struct view addresses = forwarded_for(arena, input);
	int error = make_room(arena, client->header_count + (size_t)OWN_FIELDS_COUNT, ret);

	if (error || !addresses.at)
		return -ENOMEM;
	for (size_t i = 0; i < client->header_count; i++) {
		const struct http1_header *header = &client->headers[i];

		if (is_for_the_function(header))
			add_pair(ret, event_name(header), header->value);
	}
	if (input->trace_id.at)
		add_pair(ret, view_of("X-Amzn-Trace-Id"), input->trace_id);
	add_pair(ret, view_of("X-Forwarded-For"), addresses);
	add_pair(ret, view_of("X-Forwarded-Port"), view_of("443"));
	add_pair(ret, view_of("X-Forwarded-Proto"), view_of("https"));
	chain(ret, true);
	return 0;
}

/* --- the query ---------------------------------------------------------------------------------------------------------- */

static bool decode(struct arena *arena, struct view *text)
{
	char *room;
	long count;

	if (view_find_byte(*text, '%') == VIEW_NOWHERE && view_find_byte(*text, '+') == VIEW_NOWHERE)
		return true;
	room = arena_alloc(arena, text->count);
	if (!room)
		return false;
	count = uri_decode(room, *text, true, true);
	*text = view_from(room, count < 0 ? 0 : (size_t)count);
	return true;
}

static int read_query(struct arena *arena, struct view text, struct pairs *ret)
{
	struct uri_query query = { .rest = text, .semicolons = true };
	struct view name, value;
	size_t count = text.count > 0;
	int error;

	for (size_t i = 0; i < text.count; i++)
		count += text.at[i] == '&' || text.at[i] == ';';
	error = make_room(arena, count, ret);
	while (!error && ret->count < count && uri_query_next(&query, &name, &value, NULL)) {
		if (!decode(arena, &name) || !decode(arena, &value))
			error = -ENOMEM;
		else
			add_pair(ret, name, value);
	}
	if (!error)
		chain(ret, false);
	return error;
}

/* --- writing ------------------------------------------------------------------------------------------------------------ */

static void write_member(struct json_writer *writer, const char *name, struct view text)
{
	json_write_name(writer, view_from_text(name));
	if (text.at)
		json_write_text(writer, text);
	else
		json_write_null(writer);
}

/* Left out if there is none. */
static void write_known(struct json_writer *writer, const char *name, struct view text)
{
	if (text.at)
		write_member(writer, name, text);
}

static void write_pair(struct json_writer *writer, const struct pair *pair, bool all)
{
	if (!pair->is_first)
		return;
	json_write_name(writer, pair->name);
	if (!all) {
		json_write_text(writer, pair->last_value);
		return;
	}
	json_write_array_begin(writer);
	for (; pair; pair = pair->next)
		json_write_text(writer, pair->value);
	json_write_array_end(writer);
}

/* A map of the last value of each name, or of all of them; null if it is empty. */
static void write_pairs(struct json_writer *writer, const char *name, const struct pairs *pairs, bool sorted, bool all)
{
	json_write_name(writer, view_from_text(name));
	if (pairs->count == 0) {
		json_write_null(writer);
		return;
	}
	json_write_object_begin(writer);
	for (size_t i = 0; i < pairs->count; i++)
		write_pair(writer, sorted ? pairs->sorted[i] : &pairs->at[i], all);
	json_write_object_end(writer);
}

static void write_path_parameters(struct json_writer *writer, const struct lambda_event_input *input)
{
	json_write_name(writer, view_of("pathParameters"));
	if (input->path_parameter_count == 0) {
		json_write_null(writer);
		return;
	}
	json_write_object_begin(writer);
	for (size_t i = 0; i < input->path_parameter_count; i++) {
		json_write_name(writer, input->path_parameters[i].name);
		json_write_text(writer, input->path_parameters[i].value);
	}
	json_write_object_end(writer);
}

static void write_variables(struct json_writer *writer, const struct snapshot_variables *variables)
{
	json_write_name(writer, view_of("stageVariables"));
	if (!variables || variables->count == 0) {
		json_write_null(writer);
		return;
	}
	json_write_object_begin(writer);
	for (size_t i = 0; i < variables->count; i++) {
		json_write_name(writer, variables->at[i].name);
		json_write_text(writer, variables->at[i].value);
	}
	json_write_object_end(writer);
}

static void write_identity(struct json_writer *writer, const struct lambda_event_input *input)
{
	const struct view unknown = { 0 };

	json_write_name(writer, view_of("identity"));
	json_write_object_begin(writer);
	write_member(writer, "cognitoIdentityPoolId", unknown);
	write_member(writer, "accountId", unknown);
	write_member(writer, "cognitoIdentityId", unknown);
	write_known(writer, "vpceId", input->vpce_id);
	write_known(writer, "apiKey", input->api_key);
	write_member(writer, "caller", unknown);
	write_member(writer, "sourceIp", input->source_ip);
	write_member(writer, "principalOrgId", unknown);
	write_member(writer, "accessKey", unknown);
	write_known(writer, "vpcId", input->vpc_id);
	write_member(writer, "cognitoAuthenticationType", unknown);
	write_member(writer, "cognitoAuthenticationProvider", unknown);
	write_member(writer, "userArn", unknown);
	write_known(writer, "apiKeyId", input->api_key_id);
	write_member(writer, "userAgent", input->user_agent);
	write_member(writer, "user", unknown);
	json_write_object_end(writer);
}

static void write_context(struct json_writer *writer, const struct lambda_event_input *input)
{
	char time[CLOCK_TEXT_MAX_BYTES];
	struct view prefix, rest;

	(void)view_cut(input->domain_name, '.', &prefix, &rest);
	json_write_name(writer, view_of("requestContext"));
	json_write_object_begin(writer);
	write_member(writer, "resourceId", input->resource_id);
	if (input->authorizer.at) {
		json_write_name(writer, view_of("authorizer"));
		json_write_raw(writer, input->authorizer);
	}
	write_member(writer, "resourcePath", input->resource);
	write_member(writer, "httpMethod", input->method);
	write_member(writer, "extendedRequestId", input->extended_request_id);
	write_member(writer, "requestTime", view_from(time, clock_write_clf(time, input->time_ms)));
	write_member(writer, "path", input->request_path);
	write_member(writer, "accountId", input->account_id);
	write_member(writer, "protocol", input->protocol);
	write_member(writer, "stage", input->stage);
	write_member(writer, "domainPrefix", prefix);
	json_write_member_unsigned(writer, "requestTimeEpoch", input->time_ms);
	write_member(writer, "requestId", input->request_id);
	write_identity(writer, input);
	write_member(writer, "domainName", input->domain_name);
	write_member(writer, "deploymentId", input->deployment_id);
	write_member(writer, "apiId", input->api_id);
	if (input->has_canary)
		json_write_member_bool(writer, "isCanaryRequest", input->is_canary);
	json_write_object_end(writer);
}

static void write_body(struct json_writer *writer, const struct lambda_event_input *input)
{
	size_t count = BASE64_CHARS(input->body.count);
	char *room;

	json_write_name(writer, view_of("body"));
	if (input->body.count == 0) {
		json_write_null(writer);
	} else if (!input->is_binary) {
		json_write_text(writer, input->body);
	} else {
		/* Straight into the event: a body of megabytes is not held twice. */
		json_write_raw(writer, view_of("\""));
		room = buffer_reserve(writer->buffer, count);
		if (room) {
			base64_encode(room, input->body.at, input->body.count);
			buffer_commit(writer->buffer, count);
		}
		buffer_append_byte(writer->buffer, '"');
	}
	json_write_member_bool(writer, "isBase64Encoded", input->is_binary && input->body.count > 0);
}

int lambda_event_write(struct arena *arena, const struct lambda_event_input *input, struct buffer *ret)
{
	size_t body_bytes = input->is_binary ? BASE64_CHARS(input->body.count) : input->body.count;
	struct pairs fields, query;
	struct json_writer writer;
	int error;

	if (body_bytes > ret->limit_bytes)
		return -EMSGSIZE;
	error = read_fields(arena, input, &fields);
	if (!error)
		error = read_query(arena, input->client->query, &query);
	if (error)
		return error;
	if (body_bytes + EVENT_BESIDES_BODY_BYTES <= ret->limit_bytes)
		(void)buffer_reserve(ret, body_bytes + EVENT_BESIDES_BODY_BYTES);
	json_writer_init(&writer, ret);
	json_write_object_begin(&writer);
	write_member(&writer, "resource", input->resource);
	write_member(&writer, "path", input->path);
	write_member(&writer, "httpMethod", input->method);
	write_pairs(&writer, "headers", &fields, true, false);
	write_pairs(&writer, "multiValueHeaders", &fields, true, true);
	write_pairs(&writer, "queryStringParameters", &query, false, false);
	write_pairs(&writer, "multiValueQueryStringParameters", &query, false, true);
	write_path_parameters(&writer, input);
	write_variables(&writer, input->variables);
	write_context(&writer, input);
	write_body(&writer, input);
	json_write_object_end(&writer);
	return buffer_error(ret);
}
