/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The request's body: how it leaves the input and reaches whoever wants it, or nobody. */
#include <errno.h>

#include "appliance/http/connection.h"
#include "appliance/http/memory.h"

/* A collected body begins with this room and grows by four: 10 MB take 15 MB of arena at most. */
#define COLLECT_FIRST_BYTES 16384

static const struct view continue_line = VIEW_INIT("HTTP/1.1 100 Continue\r\n\r\n");

static bool body_is_wanted(const struct exchange *x)
{
	return x && x->body_state == BODY_WANTED && !x->body_paused;
}

bool body_is_awaited(const struct http_connection *connection)
{
	if (connection->state == CONNECTION_DISCARD)
		return true;
	return connection->body_open && body_is_wanted(connection->x);
}

void body_begin(struct http_connection *connection, const struct http1_head *head)
{
	connection->body_framing = head->framing;
	connection->body_open = false;
	connection->discarded_bytes = 0;
	if (head->framing == HTTP1_FRAMING_CHUNKED) {
		http1_chunked_init(&connection->chunked);
		connection->body_open = true;
	} else if (head->framing == HTTP1_FRAMING_LENGTH && head->content_length_bytes > 0) {
		connection->body_left_bytes = head->content_length_bytes;
		connection->body_open = true;
	}
}

void body_fail(struct http_connection *connection, int error)
{
	struct exchange *x = connection->x;

	connection->close_after = connection->linger_after = true;
	if (x && x->body_state == BODY_WANTED) {
		x->body_state = BODY_FAILED;
		x->sink->failed(x, error);
	}
}

/* The next piece of the body in the input: 1 and `*ret_piece`, 0 if there is none now, negative if it is malformed. */
static int take_piece(struct http_connection *connection, struct view *ret_piece)
{
	struct view *input = &connection->input;
	size_t consumed = 0;

	*ret_piece = view_part(*input, 0, 0);
	if (connection->body_framing == HTTP1_FRAMING_LENGTH) {
		*ret_piece = view_part(*input, 0, connection->body_left_bytes);
		*input = view_after(*input, ret_piece->count);
		connection->body_left_bytes -= ret_piece->count;
		connection->body_open = connection->body_left_bytes > 0;
		return ret_piece->count > 0;
	}
	switch (http1_chunked_next(&connection->chunked, input->at, input->count, &consumed, ret_piece)) {
	case HTTP1_OK:
		*input = view_after(*input, consumed);
		return 1;
	case HTTP1_END:
		*input = view_after(*input, consumed);
		connection->body_open = false;
		return 0;
	case HTTP1_NEED_MORE:
		*input = view_after(*input, input->count);
		return 0;
	case HTTP1_REFUSED:
		break;
	}
	return -EPROTO;
}

/* One step of a body that is read past. */
static bool discard(struct http_connection *connection)
{
	struct view piece;
	int taken;

	if (connection->body_open) {
		if (connection->input.count == 0)
			return false;
		taken = take_piece(connection, &piece);
		connection->discarded_bytes += piece.count;
		if (taken < 0 || connection->discarded_bytes > HTTP_DISCARD_MAX_BYTES) {
			connection->close_after = connection->linger_after = true;
			connection_finish(connection);
			return false;
		}
	}
	if (!connection->body_open)
		connection_exchange_ended(connection);
	return true;
}

bool body_advance(struct http_connection *connection)
{
	struct exchange *x = connection->x;
	struct view piece;
	int taken;

	if (connection->state == CONNECTION_DISCARD)
		return discard(connection);
	if (!body_is_wanted(x))
		return false;
	if (connection->body_open) {
		if (connection->input.count == 0)
			return false;
		taken = take_piece(connection, &piece);
		if (taken < 0) {
			body_fail(connection, taken);
			return true;
		}
		if (taken > 0) {
			x->request_body_bytes += piece.count;
			connection->server->stats.request_bytes += piece.count;
			if (x->request_body_bytes > x->body_max_bytes)
				body_fail(connection, -EMSGSIZE);
			else
				x->sink->data(x, piece);
			return true;
		}
		if (connection->body_open)
			return connection->input.count > 0;
	}
	x->body_state = BODY_ENDED;
	x->sink->end(x);
	return true;
}

/* --- the handler's side ---------------------------------------------------------------------------------------------- */

bool http_body_try_whole(struct exchange *x, struct view *ret_body)
{
	struct http_connection *connection = x->connection;

	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	if (x->memory)
		return memory_body_try_whole(x, ret_body);
	if (x->body_state != BODY_UNREAD || !connection->processing)
		return false;
	if (connection->body_open && (connection->body_framing != HTTP1_FRAMING_LENGTH ||
					     connection->input.count < connection->body_left_bytes ||
					     connection->body_left_bytes > x->body_max_bytes))
		return false;
	*ret_body = view_part(connection->input, 0, 0);
	if (connection->body_open)
		(void)take_piece(connection, ret_body);
	x->request_body_bytes = ret_body->count;
	connection->server->stats.request_bytes += ret_body->count;
	x->body_state = BODY_ENDED;
	return true;
}

int http_body_start(struct exchange *x, const struct http_body_sink *sink)
{
	struct http_connection *connection = x->connection;

	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	ASSERT(!x->memory);
	if (x->body_state != BODY_UNREAD)
		return -EALREADY;
	if (connection->body_open && connection->body_framing == HTTP1_FRAMING_LENGTH &&
		connection->body_left_bytes > x->body_max_bytes) {
		connection->close_after = connection->linger_after = true;
		return -EMSGSIZE;
	}
	x->sink = sink;
	x->body_state = BODY_WANTED;
	if (x->continue_owed && connection->state == CONNECTION_EXCHANGE) {
		x->continue_owed = false;
		if (x->status == 0)
			output_append(connection, continue_line);
	}
	connection_process_soon(connection);
	return 0;
}

void http_body_pause(struct exchange *x)
{
	x->body_paused = true;
}

void http_body_resume(struct exchange *x)
{
	if (!x->body_paused)
		return;
	x->body_paused = false;
	connection_process_soon(x->connection);
}

/* --- collecting ------------------------------------------------------------------------------------------------------ */

struct http_collect {
	http_collected_fn *collected;
	uint64_t limit_bytes;
	char *bytes;
	size_t count, room;
};

static void collect_fail(struct exchange *x, int error)
{
	struct http_collect *collect = x->collect;

	x->body_state = BODY_FAILED;
	x->connection->close_after = x->connection->linger_after = true;
	collect->collected(x, error, view_part(x->request.path, 0, 0));
}

/* Make room for `count_bytes` more. Returns 0, -EMSGSIZE or -ENOMEM. */
static int collect_reserve(struct exchange *x, size_t count_bytes)
{
	struct http_collect *collect = x->collect;
	size_t room = collect->room ? collect->room * 4 : COLLECT_FIRST_BYTES;
	char *larger;

	if (count_bytes > collect->limit_bytes - collect->count)
		return -EMSGSIZE;
	if (count_bytes <= collect->room - collect->count)
		return 0;
	/* Announcing a body gets no memory, only sending it does: clients share what a worker has. */
	if (x->request.framing == HTTP1_FRAMING_LENGTH && x->request.content_length_bytes < room)
		room = (size_t)x->request.content_length_bytes;
	if (room > collect->limit_bytes)
		room = (size_t)collect->limit_bytes;
	if (room < collect->count + count_bytes)
		room = collect->count + count_bytes;
	larger = arena_alloc(&x->arena, room);
	if (!larger)
		return -ENOMEM;
	if (collect->count)
		memcpy(larger, collect->bytes, collect->count);
	collect->bytes = larger;
	collect->room = room;
	return 0;
}

static void collect_data(struct exchange *x, struct view bytes)
{
	struct http_collect *collect = x->collect;
	int error = collect_reserve(x, bytes.count);

	if (error) {
		collect_fail(x, error);
		return;
	}
	memcpy(collect->bytes + collect->count, bytes.at, bytes.count);
	collect->count += bytes.count;
}

static void collect_end(struct exchange *x)
{
	x->collect->collected(x, 0, view_from(x->collect->bytes, x->collect->count));
}

static const struct http_body_sink collect_sink = {
	.data = collect_data,
	.end = collect_end,
	.failed = collect_fail,
};

int http_body_collect(struct exchange *x, uint64_t limit_bytes, http_collected_fn *collected)
{
	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	ASSERT(!x->memory);
	if (x->body_state != BODY_UNREAD)
		return -EALREADY;
	if (limit_bytes > x->body_max_bytes)
		limit_bytes = x->body_max_bytes;
	if (x->request.framing == HTTP1_FRAMING_LENGTH && x->request.content_length_bytes > limit_bytes) {
		x->connection->close_after = x->connection->linger_after = true;
		return -EMSGSIZE;
	}
	x->collect = ARENA_NEW(&x->arena, struct http_collect);
	if (!x->collect)
		return -ENOMEM;
	x->collect->collected = collected;
	x->collect->limit_bytes = limit_bytes;
	return http_body_start(x, &collect_sink);
}
