/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/memory.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/http/connection.h"

/* --- the request ----------------------------------------------------------------------------------------------------- */

static bool describes_framing(struct view name)
{
	enum http1_header_id id = http1_header_id(name);

	return id == HTTP1_HEADER_CONTENT_LENGTH || id == HTTP1_HEADER_TRANSFER_ENCODING;
}

static size_t head_room(const struct http_memory_request *request)
{
	size_t room = request->method.count + request->target.count + 32;

	for (size_t i = 0; i < request->field_count; i++)
		room += request->fields[i].name.count + request->fields[i].value.count + 4;
	return room;
}

/* HTTP/1.0, for a request of that version needs no Host. */
static void write_head(struct http1_writer *writer, const struct http_memory_request *request)
{
	if (!http1_name_is_valid(request->method) || !http1_value_is_valid(request->target))
		writer->bad = true;
	http1_write_raw(writer, request->method);
	http1_write_raw(writer, view_of(" "));
	http1_write_raw(writer, request->target);
	http1_write_raw(writer, view_of(" HTTP/1.0\r\n"));
	for (size_t i = 0; i < request->field_count; i++) {
		if (!describes_framing(request->fields[i].name))
			http1_write_header(writer, request->fields[i].name, request->fields[i].value);
	}
}

static int make_head(struct http_memory *memory, const struct http_memory_request *request)
{
	struct http1_head *head = &memory->exchange.request;
	size_t room = head_room(request), consumed;
	char *start = arena_alloc(&memory->exchange.arena, room);
	struct http1_writer writer;

	if (!start)
		return -ENOMEM;
	writer = http1_writer_at(start, room);
	write_head(&writer, request);
	if (http1_write_end(&writer))
		return -EINVAL;
	if (http1_parse_request(head, start, (size_t)(writer.at - start), &http1_limits_private, &consumed) != HTTP1_OK)
		return -EINVAL;
	head->minor_version = 1;
	if (request->body.count) {
		head->framing = HTTP1_FRAMING_LENGTH;
		head->content_length_bytes = request->body.count;
	}
	return 0;
}

int http_memory_open(struct http_memory *memory, const struct http_memory_request *request)
{
	static const struct tls_facts plain;
	struct exchange *x = &memory->exchange;

	memset(memory, 0, sizeof *memory);
	memory->handler = request->handler;
	memory->done = request->done;
	memory->body = request->body;
	memory->peer.text = request->peer_text;
	x->magic = EXCHANGE_MAGIC;
	x->body_max_bytes = http_limits_private.body_max_bytes;
	x->memory = memory;
	x->loop = request->loop;
	x->context = request->context;
	x->identity = request->identity;
	x->peer = &memory->peer;
	x->tls = &plain;
	x->begun_ns = x->received_ns = loop_now_ns(x->loop);
	x->received_wall_ms = clock_turn_wall_ms();
	arena_init(&x->arena, NULL, EXCHANGE_ARENA_MAX_BYTES);
	/* Not the arena's: a body that grew in there would be in there several times. */
	buffer_init(&memory->answer, HTTP_MEMORY_ANSWER_MAX_BYTES);
	http1_head_init(&x->request, memory->headers, HTTP1_HEADERS_MAX_COUNT);
	return make_head(memory, request);
}

void http_memory_begin(struct http_memory *memory)
{
	memory->handler->request(&memory->exchange);
}

void http_memory_abandon(struct http_memory *memory)
{
	struct exchange *x = &memory->exchange;

	if (x->abandoned || x->response_complete)
		return;
	x->abandoned = true;
	memory->handler->gone(x);
}

void http_memory_close(struct http_memory *memory)
{
	buffer_fini(&memory->answer);
	arena_fini(&memory->exchange.arena);
	memory->exchange.magic = 0;
}

bool memory_body_try_whole(struct exchange *x, struct view *ret_body)
{
	if (x->body_state != BODY_UNREAD)
		return false;
	x->body_state = BODY_ENDED;
	x->request_body_bytes = x->memory->body.count;
	*ret_body = x->memory->body;
	return true;
}

/* --- the response ---------------------------------------------------------------------------------------------------- */

int memory_respond_head(struct exchange *x, int status, const struct http_field *fields, size_t field_count)
{
	struct http_memory *memory = x->memory;

	memory->field_count = 0;
	memory->fields = ARENA_NEW_ARRAY(&x->arena, struct http_field, field_count);
	if (!memory->fields)
		return -ENOBUFS;
	for (size_t i = 0; i < field_count; i++) {
		struct http_field *field = &memory->fields[i];

		if (!http1_name_is_valid(fields[i].name) || !http1_value_is_valid(fields[i].value))
			return -EINVAL;
		field->name = arena_copy(&x->arena, fields[i].name);
		field->value = arena_copy(&x->arena, fields[i].value);
		if (!field->name.at || !field->value.at)
			return -ENOBUFS;
		memory->field_count++;
	}
	x->status = status;
	x->response_bodiless = status == 204 || status == 304 || x->request.method == HTTP1_METHOD_HEAD;
	return 0;
}

ssize_t memory_respond_body(struct exchange *x, struct view bytes, bool last)
{
	if (!x->response_bodiless) {
		x->response_body_bytes += bytes.count;
		buffer_append(&x->memory->answer, bytes);
		if (buffer_error(&x->memory->answer))
			return -ENOBUFS;
	}
	x->response_complete = last;
	return 0;
}

void memory_done(struct exchange *x)
{
	x->memory->done(x->memory);
}
