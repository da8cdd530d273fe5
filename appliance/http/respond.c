/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Responses. Heads and small pieces are written into the worker's one output buffer, which is sent when another
 * connection needs it, when it is full, or at the end of the turn: so a head and its body leave in one send, and a pipeline of
 * small responses too. Large pieces are gathered behind what the buffer holds, without a copy.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "appliance/base/clock.h"
#include "appliance/http/connection.h"
#include "appliance/http/memory.h"

/* Why a response does not begin or go on; what callers are told. */
#define CLIENT_IS_GONE (-EPIPE)

static void response_written(struct http_connection *connection, ssize_t waiting)
{
	if (waiting < 0) {
		connection_close(connection, true);
		return;
	}
	/* A client that takes nothing for this long is given up; each piece it takes moves the limit (connection.c). */
	if (waiting > 0 && !body_is_awaited(connection))
		connection_set_deadline(connection, connection->server->limits->send_timeout_ms);
}

void output_flush(struct http_server *server)
{
	struct http_connection *connection = server->output_owner;
	struct iovec part = { .iov_base = server->output, .iov_len = server->output_count };

	server->output_owner = NULL;
	server->output_count = 0;
	if (connection && part.iov_len && stream_is_open(&connection->stream))
		response_written(connection, stream_write(&connection->stream, &part, 1));
}

void output_drop(struct http_connection *connection)
{
	struct http_server *server = connection->server;

	if (server->output_owner != connection)
		return;
	server->output_owner = NULL;
	server->output_count = 0;
}

static void flush_at_end_of_turn(struct loop_task *task)
{
	output_flush(CONTAINER_OF(task, struct http_server, output_task));
}

/* Make the output buffer `connection`'s, with `room_bytes` free, and return where they begin. */
static char *output_reserve(struct http_connection *connection, size_t room_bytes)
{
	struct http_server *server = connection->server;

	ASSERT(room_bytes <= sizeof server->output);
	if (server->output_owner != connection || sizeof server->output - server->output_count < room_bytes)
		output_flush(server);
	if (!server->output_owner) {
		server->output_owner = connection;
		loop_defer(server->loop, &server->output_task, flush_at_end_of_turn);
	}
	return server->output + server->output_count;
}

void output_append(struct http_connection *connection, struct view bytes)
{
	memcpy(output_reserve(connection, bytes.count), bytes.at, bytes.count);
	connection->server->output_count += bytes.count;
}

/* Send large pieces behind what the buffer holds for this connection, in one send. */
static void output_gather(struct http_connection *connection, struct iovec *parts, int part_count)
{
	struct http_server *server = connection->server;

	if (server->output_owner != connection)
		output_flush(server);
	if (!stream_is_open(&connection->stream))
		return;
	parts[0] = (struct iovec){ .iov_base = server->output, .iov_len = server->output_count };
	server->output_owner = NULL;
	server->output_count = 0;
	if (parts[0].iov_len == 0) {
		parts++;
		part_count--;
	}
	response_written(connection, stream_write(&connection->stream, parts, part_count));
}

/* --- heads ----------------------------------------------------------------------------------------------------------- */

/* Does the server write this field itself? By length first: few names are as long as these. */
static bool is_servers_field(struct view name)
{
	switch (name.count) {
	case 4:
		return view_equals_ignore_case(name, view_of("date"));
	case 10:
		return view_equals_ignore_case(name, view_of("connection")) ||
		       view_equals_ignore_case(name, view_of("keep-alive"));
	case 14:
		return view_equals_ignore_case(name, view_of("content-length"));
	case 17:
		return view_equals_ignore_case(name, view_of("transfer-encoding"));
	default:
		return false;
	}
}

static bool status_has_no_body(int status)
{
	return status < 200 || status == 204 || status == 304;
}

/* May another request follow on this connection? Decided when the head is written, because it says so. */
static bool decide_keep_alive(const struct exchange *x)
{
	const struct http_connection *connection = x->connection;

	if (!x->request.keep_alive || connection->close_after || connection->server->draining ||
		connection->input_ended)
		return false;
	if (!connection->body_open || x->body_state == BODY_WANTED)
		return true;
	/* An unread body: a client that waits for 100 Continue may send it or not, and a long one is not worth reading. */
	return !x->continue_owed && connection->body_framing == HTTP1_FRAMING_LENGTH &&
	       connection->body_left_bytes <= HTTP_DISCARD_MAX_BYTES;
}

static void write_head(struct http1_writer *writer, const struct exchange *x, int status,
	const struct http_field *fields, size_t field_count, int64_t content_length)
{
	http1_write_status_line(writer, status, view_of(""));
	http1_write_raw(writer, view_of("Date: "));
	http1_write_raw(writer, clock_turn_http());
	http1_write_raw(writer, view_of("\r\n"));
	for (size_t i = 0; i < field_count; i++) {
		if (is_servers_field(fields[i].name))
			writer->bad = true;
		http1_write_header(writer, fields[i].name, fields[i].value);
	}
	if (x->response_chunked)
		http1_write_raw(writer, view_of("Transfer-Encoding: chunked\r\n"));
	else if (content_length >= 0 && status != 204)
		http1_write_header_number(writer, view_of("Content-Length"), (uint64_t)content_length);
	http1_write_raw(
		writer, x->keep_alive ? view_of("Connection: keep-alive\r\n") : view_of("Connection: close\r\n"));
}

int http_respond_head(
	struct exchange *x, int status, const struct http_field *fields, size_t field_count, int64_t content_length)
{
	struct http_connection *connection = x->connection;
	struct http1_writer writer;
	char *start;
	int error;

	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	ASSERT(x->status == 0 && status >= 200 && status <= 599);
	if (x->abandoned)
		return CLIENT_IS_GONE;
	if (x->memory)
		return memory_respond_head(x, status, fields, field_count);
	x->keep_alive = decide_keep_alive(x);
	x->response_bodiless = status_has_no_body(status) || x->request.method == HTTP1_METHOD_HEAD;
	x->response_chunked = content_length < 0 && !status_has_no_body(status) && x->request.minor_version >= 1;
	if (content_length < 0 && !x->response_bodiless && !x->response_chunked)
		x->keep_alive = false; /* HTTP/1.0: the end of the connection is the end of the body */
	start = output_reserve(connection, HTTP_RESPONSE_HEAD_MAX_BYTES);
	if (x->abandoned)
		return CLIENT_IS_GONE;
	writer = http1_writer_at(start, HTTP_RESPONSE_HEAD_MAX_BYTES);
	write_head(&writer, x, status, fields, field_count, content_length);
	error = http1_write_end(&writer);
	if (error)
		return error;
	x->status = status;
	x->response_left_bytes = content_length;
	x->response_bytes += (uint64_t)(writer.at - start);
	connection->server->stats.response_bytes += (uint64_t)(writer.at - start);
	connection->server->output_count += (size_t)(writer.at - start);
	return 0;
}

/* --- bodies ---------------------------------------------------------------------------------------------------------- */

/* Send a piece with its framing: copied if it is small, else gathered. */
static void write_piece(struct exchange *x, struct view bytes, bool last)
{
	struct http_connection *connection = x->connection;
	char chunk_start[HTTP1_CHUNK_START_MAX_BYTES];
	struct view before = view_of(""), after = view_of("");
	struct iovec parts[4] = { 0 };

	if (x->response_chunked) {
		if (bytes.count) {
			before = view_from(chunk_start, http1_chunk_start(chunk_start, bytes.count));
			after = last ? view_of(HTTP1_CHUNK_END HTTP1_CHUNKED_END) : view_of(HTTP1_CHUNK_END);
		} else if (last) {
			after = view_of(HTTP1_CHUNKED_END);
		}
	}
	x->response_bytes += before.count + bytes.count + after.count;
	connection->server->stats.response_bytes += before.count + bytes.count + after.count;
	if (bytes.count <= HTTP_COPY_MAX_BYTES) {
		char *to = output_reserve(connection, before.count + bytes.count + after.count);

		if (before.count)
			memcpy(to, before.at, before.count);
		if (bytes.count)
			memcpy(to + before.count, bytes.at, bytes.count);
		if (after.count)
			memcpy(to + before.count + bytes.count, after.at, after.count);
		connection->server->output_count += before.count + bytes.count + after.count;
		return;
	}
	parts[1] = (struct iovec){ .iov_base = (void *)(uintptr_t)before.at, .iov_len = before.count };
	parts[2] = (struct iovec){ .iov_base = (void *)(uintptr_t)bytes.at, .iov_len = bytes.count };
	parts[3] = (struct iovec){ .iov_base = (void *)(uintptr_t)after.at, .iov_len = after.count };
	output_gather(connection, parts, 4);
}

ssize_t http_respond_body(struct exchange *x, struct view bytes, bool last)
{
	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	ASSERT(x->status != 0 && !x->response_complete);
	if (x->abandoned)
		return CLIENT_IS_GONE;
	if (x->memory)
		return memory_respond_body(x, bytes, last);
	if (x->response_left_bytes >= 0 && !x->response_bodiless) {
		if (bytes.count > (uint64_t)x->response_left_bytes ||
			(last && bytes.count < (uint64_t)x->response_left_bytes)) {
			/* Whatever is sent now, the client would take a wrong part for the body: it must see a broken connection. */
			connection_close(x->connection, true);
			return -EPROTO;
		}
		x->response_left_bytes -= (int64_t)bytes.count;
	}
	if (!x->response_bodiless) {
		x->response_body_bytes += bytes.count;
		write_piece(x, bytes, last);
	}
	if (x->abandoned)
		return CLIENT_IS_GONE;
	x->response_complete = last;
	return (ssize_t)stream_waiting_bytes(&x->connection->stream);
}

int http_respond(struct exchange *x, int status, const struct http_field *fields, size_t field_count, struct view body)
{
	int error = http_respond_head(x, status, fields, field_count, (int64_t)body.count);
	ssize_t waiting;

	if (error)
		return error;
	waiting = http_respond_body(x, body, true);
	return waiting < 0 ? (int)waiting : 0;
}

void http_respond_too_large(struct exchange *x)
{
	static const struct http_field fields[] = { { VIEW_INIT("Content-Type"), VIEW_INIT("text; charset=utf-8") } };
	char text[72];
	int count = snprintf(text, sizeof text, "HTTP content length exceeded %" PRIu64 " bytes.", x->body_max_bytes);

	http_close_after(x);
	/* Fails only if the client is gone, which the handler is told by itself. */
	(void)!http_respond(x, 413, fields, 1, view_from(text, (size_t)count));
}

size_t http_waiting_bytes(const struct exchange *x)
{
	return x->abandoned || x->memory ? 0 : stream_waiting_bytes(&x->connection->stream);
}

void http_close_after(struct exchange *x)
{
	if (x->memory)
		return;
	x->connection->close_after = true;
	if (x->connection->body_open)
		x->connection->linger_after = true;
}
