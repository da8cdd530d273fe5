/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/http_request.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/buffer.h"
#include "appliance/integrate/header_rules.h"
#include "appliance/wire/uri.h"

/* Rendered URIs: the back end's own limit is lower in practice, and uri_parse() takes no more. */
#define TARGET_MAX_BYTES URI_MAX_BYTES

bool http_request_port_is_allowed(uint16_t port)
{
	return port == 80 || port == 443 || port >= 1024;
}

/* --- URI and query ---------------------------------------------------------------------------------------------------- */

static const struct integrate_parameter *find_parameter(
	const struct http_request_input *input, enum mapping_target_kind kind, struct view name)
{
	for (size_t i = 0; i < input->parameter_count; i++)
		if (input->parameters[i].kind == kind && view_equals(input->parameters[i].name, name))
			return &input->parameters[i];
	return NULL;
}

/* Where in a URI something stands. */
enum uri_place { IN_AUTHORITY, IN_PATH, IN_QUERY };

/* What place comes behind `text`, the start of a URI? */
static enum uri_place place_behind(struct view text)
{
	size_t colon = view_find(text, view_of("://"));
	struct view rest = colon == VIEW_NOWHERE ? (struct view){ 0 } : view_after(text, colon + 3);

	if (view_find_byte(rest, '?') != VIEW_NOWHERE)
		return IN_QUERY;
	return view_find_byte(rest, '/') != VIEW_NOWHERE ? IN_PATH : IN_AUTHORITY;
}

/*
 * Append what a client had a say in. It stays in its place: in the authority it can only be a part of a host name, the path does
 * not end with it, and it makes no further parameter of a query. All else that a URI holds goes as it came, percent-encoded or not.
 */
static int append_client_value(struct buffer *ret, struct view value)
{
	static const char *const enders[] = { [IN_PATH] = "?#", [IN_QUERY] = "&#" };
	enum uri_place place = place_behind(buffer_view(ret));

	for (size_t i = 0; i < value.count; i++) {
		char byte = value.at[i], encoded[3];

		if (place == IN_AUTHORITY && !uri_is_unreserved((unsigned char)byte))
			return -EINVAL;
		if (place != IN_AUTHORITY && byte && strchr(enders[place], byte))
			buffer_append_bytes(ret, encoded, uri_encode(encoded, view_part(value, i, 1), false));
		else
			buffer_append_bytes(ret, encoded, uri_encode_unsafe(encoded, view_part(value, i, 1)));
	}
	return 0;
}

/* The URI with its placeholders filled in. -EINVAL for a {name} that nothing was mapped to, or that breaks out of its place. */
static int render_uri(const struct http_request_input *input, struct buffer *ret)
{
	const struct integration_uri *uri = &input->integration->uri;

	for (size_t i = 0; i < uri->part_count; i++) {
		const struct integration_uri_part *part = &uri->parts[i];
		const struct integrate_parameter *parameter;

		switch (part->kind) {
		case INTEGRATION_URI_TEXT:
			buffer_append(ret, part->text);
			break;
		case INTEGRATION_URI_PATH_PARAMETER:
			parameter = find_parameter(input, MAPPING_TO_REQUEST_PATH, part->text);
			if (!parameter || append_client_value(ret, parameter->value) < 0)
				return -EINVAL;
			break;
		case INTEGRATION_URI_STAGE_VARIABLE:
			/* One that is not set is the empty text. */
			buffer_append(ret, snapshot_variable(input->variables, part->text));
			break;
		}
	}
	return buffer_error(ret) == -EMSGSIZE ? -EINVAL : buffer_error(ret);
}

/* Append '?' or '&', whichever is due. */
static void begin_query(struct buffer *target, bool *has_query)
{
	buffer_append_byte(target, *has_query ? '&' : '?');
	*has_query = true;
}

static void append_encoded(struct buffer *target, struct view text, bool is_literal)
{
	char *room = buffer_reserve(target, 3 * text.count);

	if (room)
		buffer_commit(target, is_literal ? uri_encode_unsafe(room, text) : uri_encode(room, text, false));
}

/* What follows the authority: path, the URI's query, the client's, the mapped one, in this order. */
static int write_target(const struct http_request_input *input, struct view rest, struct buffer *ret)
{
	bool has_query = view_find_byte(rest, '?') != VIEW_NOWHERE;

	if (rest.count == 0 || rest.at[0] != '/')
		buffer_append_byte(ret, '/');
	buffer_append(ret, rest);
	if (input->integration->type == INTEGRATION_HTTP_PROXY && input->client->query.count) {
		begin_query(ret, &has_query);
		buffer_append(ret, input->client->query);
	}
	for (size_t i = 0; i < input->parameter_count; i++) {
		const struct integrate_parameter *parameter = &input->parameters[i];

		if (parameter->kind != MAPPING_TO_REQUEST_QUERYSTRING)
			continue;
		begin_query(ret, &has_query);
		append_encoded(ret, parameter->name, false);
		buffer_append_byte(ret, '=');
		append_encoded(ret, parameter->value, parameter->is_literal);
	}
	return buffer_error(ret) == -EMSGSIZE ? -EINVAL : buffer_error(ret);
}

/* Where the request goes to, and what the URI says behind the authority. */
static int locate(struct arena *arena, const struct http_request_input *input, struct outbound_origin *ret_origin,
	struct view *ret_rest)
{
	const struct integration *integration = input->integration;
	struct view text = integration->uri.text;
	size_t fragment;
	int r;

	if (!integration->uri.is_fixed) {
		struct buffer rendered;

		buffer_init_arena(&rendered, arena, TARGET_MAX_BYTES);
		r = render_uri(input, &rendered);
		if (r < 0)
			return r;
		text = buffer_view(&rendered);
	}
	if (integration->has_origin) {
		*ret_origin = integration->origin;
	} else {
		r = outbound_origin_parse(ret_origin, text, true, integration->tls_verification);
		if (r < 0)
			return -EINVAL;
	}
	if (!http_request_port_is_allowed(ret_origin->target.port))
		return -EINVAL;
	*ret_rest = view_after(text, ret_origin->count);
	/* A fragment, which a stage variable may bring in, is for whoever displays the answer: it is not sent. */
	fragment = view_find_byte(*ret_rest, '#');
	if (fragment != VIEW_NOWHERE)
		*ret_rest = view_part(*ret_rest, 0, fragment);
	return 0;
}

/* --- fields ----------------------------------------------------------------------------------------------------------- */

/* A field that is not to be sent although its rule lets it pass, whether the client's or mapped. */
static bool is_signature(enum http1_header_id id, struct view value)
{
	/* A SigV4 signature was made for us and means nothing to anyone else. */
	return id == HTTP1_HEADER_AUTHORIZATION && view_starts_with(value, view_of("AWS4-HMAC-SHA256"));
}

static bool is_mapped(const struct http_request_input *input, const struct http1_header *header)
{
	for (size_t i = 0; i < input->parameter_count; i++)
		if (input->parameters[i].kind == MAPPING_TO_REQUEST_HEADER &&
			view_equals_ignore_case(input->parameters[i].name, header->name))
			return true;
	return false;
}

/* Copy a field as it was parsed: its bytes were judged then, so they are not judged again. */
static void copy_field(struct http1_writer *writer, const struct http1_header *header)
{
	size_t count = header->name.count + 2 + header->value.count + 2;
	char *at = writer->at;

	if (writer->full || (size_t)(writer->end - at) < count) {
		writer->full = true;
		return;
	}
	memcpy(at, header->name.at, header->name.count);
	at += header->name.count;
	memcpy(at, ": ", 2);
	at += 2;
	memcpy(at, header->value.at, header->value.count);
	at += header->value.count;
	memcpy(at, "\r\n", 2);
	writer->at = at + 2;
}

/* Which fields the head has already, so that defaults are added for the others only. */
struct written {
	bool host, accept, user_agent;
};

static void note(struct written *written, enum http1_header_id id)
{
	written->host |= id == HTTP1_HEADER_HOST;
	written->accept |= id == HTTP1_HEADER_ACCEPT;
	written->user_agent |= id == HTTP1_HEADER_USER_AGENT;
}

static void write_client_fields(
	const struct http_request_input *input, struct http1_writer *writer, struct written *written)
{
	const struct http1_head *client = input->client;

	for (size_t i = 0; i < client->header_count; i++) {
		const struct http1_header *header = &client->headers[i];

		if (header_rule_request(header) == HEADER_RULE_DROP || is_signature(header->id, header->value))
			continue;
		if (input->parameter_count && is_mapped(input, header))
			continue;
		copy_field(writer, header);
		note(written, header->id);
	}
}

/* Type HTTP sends nothing of the client's but the type of the body. */
static void write_client_type(const struct http_request_input *input, struct http1_writer *writer)
{
	const struct http1_header *header = http1_find(input->client, HTTP1_HEADER_CONTENT_TYPE);

	if (!header || is_mapped(input, header) || view_equals(input->method, view_of("GET")) ||
		view_equals(input->method, view_of("HEAD")) || view_equals(input->method, view_of("OPTIONS")))
		return;
	copy_field(writer, header);
}

static int write_mapped_fields(
	const struct http_request_input *input, struct http1_writer *writer, struct written *written)
{
	for (size_t i = 0; i < input->parameter_count; i++) {
		const struct integrate_parameter *parameter = &input->parameters[i];
		enum http1_header_id id;

		if (parameter->kind != MAPPING_TO_REQUEST_HEADER)
			continue;
		id = http1_header_id(parameter->name);
		if (is_signature(id, parameter->value))
			continue;
		switch (header_rule_mapped(input->integration->type, parameter->name)) {
		case HEADER_RULE_REFUSE:
			return -EEXIST;
		case HEADER_RULE_IGNORE:
			continue;
		case HEADER_RULE_SET:
			break;
		}
		http1_write_header(writer, parameter->name, parameter->value);
		note(written, id);
	}
	return 0;
}

static void write_defaults(
	const struct http_request_input *input, struct http1_writer *writer, const struct written *written)
{
	struct view api_id = input->api_id;

	if (!written->accept)
		http1_write_raw(writer, view_of("Accept: application/json\r\n"));
	if (!written->user_agent) {
		http1_write_raw(writer, view_of("User-Agent: AmazonAPIGateway_"));
		http1_write_raw(writer, api_id);
		http1_write_raw(writer, view_of("\r\n"));
	}
	http1_write_raw(writer, view_of("X-Amzn-Apigateway-Api-Id: "));
	http1_write_raw(writer, api_id);
	http1_write_raw(writer, view_of("\r\n"));
	http1_write_header(writer, view_of("X-Amzn-Trace-Id"), input->trace_id);
}

/* --- the head --------------------------------------------------------------------------------------------------------- */

/* Room that is certainly enough for the fields. */
static size_t fields_room(const struct http_request_input *input, struct view authority)
{
	size_t room = 256 + authority.count + 2 * input->api_id.count + input->trace_id.count;

	room += input->client->header_section_bytes + 2u * input->client->header_count;
	for (size_t i = 0; i < input->parameter_count; i++)
		room += input->parameters[i].name.count + input->parameters[i].value.count + 4;
	return room;
}

static size_t target_room(const struct http_request_input *input, struct view rest)
{
	size_t room = 3 + rest.count + input->client->query.count;

	for (size_t i = 0; i < input->parameter_count; i++)
		if (input->parameters[i].kind == MAPPING_TO_REQUEST_QUERYSTRING)
			room += 3 * (input->parameters[i].name.count + input->parameters[i].value.count) + 2;
	return room;
}

static bool is_idempotent(struct view method)
{
	return view_equals(method, view_of("GET")) || view_equals(method, view_of("HEAD")) ||
	       view_equals(method, view_of("PUT")) || view_equals(method, view_of("DELETE")) ||
	       view_equals(method, view_of("OPTIONS")) || view_equals(method, view_of("TRACE"));
}

int http_request_write(struct arena *arena, const struct http_request_input *input, struct http_request *ret)
{
	const struct integration *integration = input->integration;
	struct view method = integration->http_method.count ? integration->http_method : input->method, rest;
	struct outbound_origin origin;
	struct written written = { 0 };
	struct http1_writer writer;
	struct buffer target;
	size_t room, target_bytes;
	char *start, *target_at;
	int r = locate(arena, input, &origin, &rest);

	if (r < 0)
		return r;
	target_bytes = target_room(input, rest);
	target_at = arena_alloc(arena, target_bytes);
	if (!target_at)
		return -ENOMEM;
	buffer_init_fixed(&target, target_at, target_bytes);
	r = write_target(input, rest, &target);
	if (r < 0)
		return r;
	room = method.count + target.count + 16 + fields_room(input, origin.authority);
	start = arena_alloc(arena, room);
	if (!start)
		return -ENOMEM;
	writer = http1_writer_at(start, room);
	http1_write_request_line(&writer, method, buffer_view(&target));
	r = write_mapped_fields(input, &writer, &written);
	if (r < 0)
		return r;
	if (!written.host)
		http1_write_header(&writer, view_of("Host"), origin.authority);
	if (integration->type == INTEGRATION_HTTP_PROXY)
		write_client_fields(input, &writer, &written);
	else
		write_client_type(input, &writer);
	write_defaults(input, &writer, &written);
	if (writer.bad || writer.full)
		return -EINVAL;
	*ret = (struct http_request){
		.target = origin.target,
		.authority = origin.authority,
		.head = view_from(start, (size_t)(writer.at - start)),
		.is_head = view_equals(method, view_of("HEAD")),
		.idempotent = is_idempotent(method),
	};
	return 0;
}
