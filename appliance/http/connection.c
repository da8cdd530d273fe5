/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection: its states, what it does with input, its one timer. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "appliance/base/clock.h"
#include "appliance/http/connection.h"
#include "appliance/http/memory.h"

/* An incomplete head is parsed again when a line end came, or so many bytes: bytes that trickle in cost little. */
#define HEAD_STEP_BYTES 2048

/* A kept-alive connection that was unused for so long is not about to be used when a drain closes it. */
#define STALE_MS 1000

static const struct stream_owner stream_owner;
static void connection_process(struct http_connection *connection, bool may_read);

/* --- time limits ----------------------------------------------------------------------------------------------------- */

static void time_is_up(struct timer *timer);

void connection_set_deadline(struct http_connection *connection, uint64_t delay_ms)
{
	struct loop *loop = connection->server->loop;

	if (delay_ms == UINT64_MAX) {
		connection->deadline_ms = UINT64_MAX;
		return;
	}
	connection->deadline_ms = loop_now_ms(loop) + delay_ms;
	connection->sent_bytes = connection->stream.sent_bytes;
	/* A timer that is due earlier moves itself on: a limit per request then costs no more than these words. */
	if (timer_is_armed(&connection->timer) && connection->timer_ms <= connection->deadline_ms)
		return;
	connection->timer_ms = connection->deadline_ms;
	timer_arm(loop, &connection->timer, delay_ms, time_is_up);
}

static void update_deadline(struct http_connection *connection)
{
	const struct http_limits *limits = connection->server->limits;
	bool is_sending = stream_waiting_bytes(&connection->stream) > 0;

	switch (connection->state) {
	case CONNECTION_IDLE:
		connection_set_deadline(connection, is_sending ? limits->send_timeout_ms : limits->idle_timeout_ms);
		break;
	case CONNECTION_EXCHANGE:
		if (body_is_awaited(connection))
			connection_set_deadline(connection, limits->body_timeout_ms);
		else
			connection_set_deadline(connection, is_sending ? limits->send_timeout_ms : UINT64_MAX);
		break;
	default:
		break; /* their limit is set once, when the state begins */
	}
}

void connection_set_state(struct http_connection *connection, enum connection_state state)
{
	const struct http_limits *limits = connection->server->limits;

	ASSERT(connection->state != CONNECTION_CLOSED);
	ASSERT((state == CONNECTION_EXCHANGE) <= (connection->x != NULL));
	connection->state = state;
	switch (state) {
	case CONNECTION_HANDSHAKE:
		connection_set_deadline(connection, limits->handshake_timeout_ms);
		break;
	case CONNECTION_HEAD:
		connection_set_deadline(connection, limits->head_timeout_ms);
		break;
	case CONNECTION_DISCARD:
		connection_set_deadline(connection, limits->body_timeout_ms);
		break;
	case CONNECTION_CLOSING:
		connection_set_deadline(connection, limits->send_timeout_ms);
		break;
	case CONNECTION_LINGER:
		connection_set_deadline(connection, limits->linger_timeout_ms);
		break;
	case CONNECTION_IDLE:
	case CONNECTION_EXCHANGE:
	case CONNECTION_CLOSED:
		update_deadline(connection);
		break;
	}
}

/* --- endings --------------------------------------------------------------------------------------------------------- */

void connection_tell_gone(struct http_connection *connection)
{
	struct exchange *x = connection->x;
	const struct http_handler *handler = connection->server->handler;

	if (!x || x->response_complete || x->gone_told)
		return;
	x->gone_told = true;
	if (handler->gone)
		handler->gone(x);
}

static void process_task_is_due(struct loop_task *task)
{
	struct http_connection *connection = CONTAINER_OF(task, struct http_connection, process_task);

	ASSERT_MAGIC(connection, CONNECTION_MAGIC);
	if (connection->state == CONNECTION_CLOSED)
		connection_tell_gone(connection);
	else
		connection_process(connection, false);
}

void connection_process_soon(struct http_connection *connection)
{
	if (!connection->processing)
		loop_defer(connection->server->loop, &connection->process_task, process_task_is_due);
}

void connection_close(struct http_connection *connection, bool reset)
{
	struct loop *loop = connection->server->loop;
	struct exchange *x = connection->x;

	if (connection->state == CONNECTION_CLOSED)
		return;
	output_drop(connection);
	timer_disarm(loop, &connection->timer);
	loop_task_cancel(loop, &connection->process_task);
	stream_close(&connection->stream, reset);
	chunk_list_clear(loop, &connection->kept);
	connection->input = view_of("");
	connection->deadline_ms = UINT64_MAX;
	connection->state = CONNECTION_CLOSED;
	server_unlink_connection(connection);
	if (!x) {
		server_free_connection_later(connection);
	} else if (!x->response_complete) {
		x->abandoned = true;
		connection->server->stats.exchanges_abandoned++;
		loop_defer(loop, &connection->process_task, process_task_is_due);
	}
}

static void end_output(struct http_connection *connection)
{
	bool unread = connection->kept.bytes > 0 || connection->input.count > 0;

	if (connection->input_ended || (!connection->linger_after && !unread)) {
		connection_close(connection, false);
		return;
	}
	stream_end(&connection->stream);
	chunk_list_clear(connection->server->loop, &connection->kept);
	connection->input = view_of("");
	connection_set_state(connection, CONNECTION_LINGER);
	stream_resume(&connection->stream);
}

void connection_finish(struct http_connection *connection)
{
	struct http_server *server = connection->server;

	if (server->output_owner == connection)
		output_flush(server);
	if (connection->state == CONNECTION_CLOSED)
		return;
	if (stream_waiting_bytes(&connection->stream) > 0) {
		connection_set_state(connection, CONNECTION_CLOSING);
		stream_pause(&connection->stream);
		return;
	}
	end_output(connection);
}

void connection_end_soon(struct http_connection *connection, bool also_recent)
{
	bool is_recent = connection->idle_since_ms + STALE_MS > loop_now_ms(connection->server->loop);
	bool is_idle = connection->state == CONNECTION_IDLE && connection->kept.bytes == 0 &&
		       stream_waiting_bytes(&connection->stream) == 0;

	if (is_idle && (also_recent || !is_recent))
		connection_finish(connection);
	else if (also_recent)
		connection->close_after = true;
}

void connection_exchange_ended(struct http_connection *connection)
{
	connection->idle_since_ms = loop_now_ms(connection->server->loop);
	connection_set_state(connection, CONNECTION_IDLE);
	if (connection->processing)
		return;
	if (connection->kept.bytes > 0 || connection->input_ended)
		connection_process_soon(connection);
	else
		stream_resume(&connection->stream);
}

void http_done(struct exchange *x)
{
	struct http_connection *connection = x->connection;
	bool complete = x->response_complete, keep_alive = x->keep_alive;
	bool client_goes_on = x->request.keep_alive;

	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	if (x->memory) {
		memory_done(x);
		return;
	}
	connection->x = NULL;
	server_give_exchange(connection->server, x);
	if (connection->state == CONNECTION_CLOSED) {
		loop_task_cancel(connection->server->loop, &connection->process_task);
		server_free_connection_later(connection);
		return;
	}
	if (!complete) {
		connection_close(connection, true);
		return;
	}
	if (connection->close_after || !keep_alive) {
		connection->close_after = true;
		/* It may be sending more, or its next request, before it sees our end; a reset would cost it the response. */
		if (connection->body_open || client_goes_on)
			connection->linger_after = true;
		connection_finish(connection);
		return;
	}
	if (connection->body_open) {
		connection_set_state(connection, CONNECTION_DISCARD);
		stream_resume(&connection->stream);
		connection_process_soon(connection);
		return;
	}
	connection_exchange_ended(connection);
}

static void time_is_up(struct timer *timer)
{
	struct http_connection *connection = CONTAINER_OF(timer, struct http_connection, timer);
	struct http_server *server = connection->server;
	uint64_t now_ms = loop_now_ms(server->loop);

	ASSERT_MAGIC(connection, CONNECTION_MAGIC);
	if (connection->deadline_ms == UINT64_MAX)
		return;
	if (now_ms < connection->deadline_ms) {
		connection_set_deadline(connection, connection->deadline_ms - now_ms);
		return;
	}
	/* A client that has taken something since the limit was set is slow, not stuck. */
	if (stream_waiting_bytes(&connection->stream) > 0 && connection->sent_bytes != connection->stream.sent_bytes) {
		connection_set_deadline(connection, server->limits->send_timeout_ms);
		return;
	}
	server->stats.timeouts++;
	switch (connection->state) {
	case CONNECTION_HEAD:
		connection_refuse(connection, 408);
		break;
	case CONNECTION_EXCHANGE:
		if (body_is_awaited(connection))
			body_fail(connection, -ETIMEDOUT);
		else
			connection_close(connection, true);
		break;
	case CONNECTION_HANDSHAKE:
		server->stats.handshakes_failed++;
		connection_close(connection, false);
		break;
	case CONNECTION_IDLE:
	case CONNECTION_DISCARD:
	case CONNECTION_LINGER:
		connection_close(connection, false);
		break;
	case CONNECTION_CLOSING:
		connection_close(connection, true);
		break;
	case CONNECTION_CLOSED:
		ASSERT_UNREACHABLE();
	}
}

/* --- heads ----------------------------------------------------------------------------------------------------------- */

/* Move a view of the `count` bytes at `from` to the same place at `to`; views of static text stay. */
static void move_view(struct view *view, const char *from, size_t count, const char *to)
{
	if (view->at >= from && view->at <= from + count)
		view->at = to + (view->at - from);
}

/* Copy a parsed head and its header table out of the worker's buffers into the exchange's arena. Returns 0 or -ENOMEM. */
static int keep_head(struct exchange *x, const char *bytes, size_t count)
{
	struct http1_head *head = &x->request;
	struct http1_header *headers = arena_alloc(&x->arena, head->header_count * sizeof *headers + count);
	char *copy = (char *)(headers + head->header_count);

	if (!headers)
		return -ENOMEM;
	memcpy(headers, head->headers, head->header_count * sizeof *headers);
	memcpy(copy, bytes, count);
	head->headers = headers;
	head->bytes = copy;
	for (size_t i = 0; i < head->header_count; i++) {
		move_view(&headers[i].name, bytes, count, copy);
		move_view(&headers[i].value, bytes, count, copy);
	}
	move_view(&head->method_text, bytes, count, copy);
	move_view(&head->target, bytes, count, copy);
	move_view(&head->path, bytes, count, copy);
	move_view(&head->query, bytes, count, copy);
	move_view(&head->host, bytes, count, copy);
	return 0;
}

static void begin_exchange(struct http_connection *connection, struct exchange *x)
{
	x->connection = connection;
	x->loop = connection->server->loop;
	x->context = connection->server->context;
	x->identity = connection->listener->settings.identity;
	x->peer = &connection->peer;
	x->tls = &connection->tls;
	x->begun_ns = connection->begun_ns;
	x->received_ns = loop_now_ns(x->loop);
	x->received_wall_ms = clock_turn_wall_ms();
	connection->x = x;
}

static void answer_refused(struct exchange *x, int status)
{
	static const struct http_field fields[] = { { VIEW_INIT("Content-Type"), VIEW_INIT("application/json") } };
	struct view reason = http1_reason(status);
	char body[128];
	int count = snprintf(body, sizeof body, "{\"message\":\"" VIEW_FMT "\"}", VIEW_ARG(reason));

	ASSERT(count > 0 && (size_t)count < sizeof body);
	/* Fails only if the client is gone, and then there is nobody to answer. */
	(void)!http_respond(x, status, fields, 1, view_from(body, (size_t)count));
	http_done(x);
}

static void refuse(struct http_connection *connection, struct exchange *x, int status)
{
	const struct http_handler *handler = connection->server->handler;

	begin_exchange(connection, x);
	connection->close_after = connection->linger_after = true;
	connection->body_open = false;
	x->body_state = BODY_FAILED;
	connection->server->stats.requests_refused++;
	connection_set_state(connection, CONNECTION_EXCHANGE);
	if (handler->refused)
		handler->refused(x, status);
	else
		answer_refused(x, status);
}

void connection_refuse(struct http_connection *connection, int status)
{
	struct exchange *x = server_take_exchange(connection->server);

	http1_head_init(&x->request, NULL, 0);
	refuse(connection, x, status);
}

static void accept_head(struct http_connection *connection, struct exchange *x, size_t consumed)
{
	struct http_server *server = connection->server;

	if (keep_head(x, connection->input.at, consumed) < 0) {
		server_give_exchange(server, x);
		connection_close(connection, true);
		return;
	}
	connection->input = view_after(connection->input, consumed);
	begin_exchange(connection, x);
	body_begin(connection, &x->request);
	x->continue_owed = x->request.expect_continue && connection->body_open && connection->input.count == 0;
	server->stats.requests++;
	server->stats.request_bytes += consumed;
	connection_set_state(connection, CONNECTION_EXCHANGE);
	server->handler->request(x);
}

/* Parse the head at the start of the input. False if it is not complete. */
static bool advance_head(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	struct view fresh = view_after(connection->input, connection->head_seen_bytes);
	struct exchange *x;
	size_t consumed = 0;

	if (connection->state == CONNECTION_IDLE) {
		connection->begun_ns = loop_now_ns(server->loop);
		connection->head_seen_bytes = 0;
	} else if (fresh.count < HEAD_STEP_BYTES && !memchr(fresh.at, '\n', fresh.count)) {
		return false;
	}
	x = server_take_exchange(server);
	http1_head_init(&x->request, server->headers, HTTP1_HEADERS_MAX_COUNT);
	switch (http1_parse_request(
		&x->request, connection->input.at, connection->input.count, &server->limits->head, &consumed)) {
	case HTTP1_OK:
		accept_head(connection, x, consumed);
		return true;
	case HTTP1_REFUSED:
		refuse(connection, x, http1_rule_status(x->request.rule));
		return true;
	case HTTP1_NEED_MORE:
	case HTTP1_END:
		break;
	}
	server_give_exchange(server, x);
	connection->head_seen_bytes = connection->input.count;
	if (connection->state == CONNECTION_IDLE)
		connection_set_state(connection, CONNECTION_HEAD);
	return false;
}

/* --- input ----------------------------------------------------------------------------------------------------------- */

/* One step with the input at hand; false if nothing more can be done now. */
static bool advance(struct http_connection *connection)
{
	switch (connection->state) {
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
		/* The next answer waits until the client has taken the last one: its memory is bounded so. */
		if (connection->input.count == 0 || stream_waiting_bytes(&connection->stream) > 0)
			return false;
		return advance_head(connection);
	case CONNECTION_EXCHANGE:
	case CONNECTION_DISCARD:
		return body_advance(connection);
	default:
		return false;
	}
}

/* The client has ended its side, and all that it sent was looked at. */
static void end_of_input(struct http_connection *connection)
{
	switch (connection->state) {
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
		/* Complete requests that wait for their turn are still answered; a part of one is not. */
		if (stream_waiting_bytes(&connection->stream) == 0)
			connection_finish(connection);
		break;
	case CONNECTION_EXCHANGE:
		if (body_is_awaited(connection))
			connection_close(connection, true);
		break;
	case CONNECTION_DISCARD:
		connection_finish(connection);
		break;
	default:
		break;
	}
}

static void update_reading(struct http_connection *connection)
{
	bool wanted;

	switch (connection->state) {
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
		wanted = stream_waiting_bytes(&connection->stream) == 0;
		break;
	case CONNECTION_EXCHANGE:
		/* Also when no body is wanted, to learn that the client has gone; until it sends ahead too much. */
		wanted = body_is_awaited(connection) || connection->kept.bytes == 0;
		break;
	case CONNECTION_CLOSING:
		wanted = false;
		break;
	default:
		wanted = true;
	}
	if (wanted)
		stream_resume(&connection->stream);
	else
		stream_pause(&connection->stream);
}

static void connection_process(struct http_connection *connection, bool may_read)
{
	struct loop *loop = connection->server->loop;
	char *buffer = loop_receive_buffer(loop);
	size_t count = chunk_list_take(loop, &connection->kept, buffer, LOOP_RECEIVE_BUFFER_BYTES);

	ASSERT(!connection->processing && connection->kept.bytes == 0);
	if (may_read && count < LOOP_RECEIVE_BUFFER_BYTES) {
		ssize_t received = stream_read(&connection->stream, buffer + count, LOOP_RECEIVE_BUFFER_BYTES - count);

		if (received < 0 && received != -EAGAIN) {
			connection_close(connection, true);
			return;
		}
		if (received == 0)
			connection->input_ended = true;
		else if (received > 0)
			count += (size_t)received;
	}
	connection->input = view_from(buffer, count);
	connection->processing = true;
	while (advance(connection))
		;
	connection->processing = false;
	if (connection->state == CONNECTION_CLOSED)
		return;
	chunk_list_append(loop, &connection->kept, connection->input.at, connection->input.count);
	connection->input = view_of("");
	if (connection->input_ended)
		end_of_input(connection);
	if (connection->state == CONNECTION_CLOSED)
		return;
	update_reading(connection);
	update_deadline(connection);
}

/* Input that nobody wants yet: the next requests of a pipelining client, or a body that has not been asked for. */
static void keep_input(struct http_connection *connection)
{
	struct loop *loop = connection->server->loop;
	char *buffer = loop_receive_buffer(loop);
	ssize_t received = stream_read(&connection->stream, buffer, HTTP_KEPT_MAX_BYTES);

	if (received == -EAGAIN)
		return;
	if (received < 0) {
		connection_close(connection, true);
		return;
	}
	if (received == 0)
		connection->input_ended = true;
	chunk_list_append(loop, &connection->kept, buffer, (size_t)received);
	update_reading(connection);
}

static void drop_input(struct http_connection *connection)
{
	char *buffer = loop_receive_buffer(connection->server->loop);
	ssize_t received = stream_read(&connection->stream, buffer, LOOP_RECEIVE_BUFFER_BYTES);

	if (received == 0 || (received < 0 && received != -EAGAIN))
		connection_close(connection, false);
}

/* --- the stream's owner ---------------------------------------------------------------------------------------------- */

static struct http_connection *connection_of(struct stream *stream)
{
	struct http_connection *connection = CONTAINER_OF(stream, struct http_connection, stream);

	ASSERT_MAGIC(connection, CONNECTION_MAGIC);
	return connection;
}

static void stream_is_readable(struct stream *stream)
{
	struct http_connection *connection = connection_of(stream);

	if (connection->state == CONNECTION_LINGER || connection->state == CONNECTION_CLOSING)
		drop_input(connection);
	else if (connection->state == CONNECTION_EXCHANGE && !body_is_awaited(connection))
		keep_input(connection);
	else
		connection_process(connection, true);
}

static void stream_is_drained(struct stream *stream)
{
	struct http_connection *connection = connection_of(stream);
	struct exchange *x = connection->x;

	switch (connection->state) {
	case CONNECTION_CLOSING:
		end_output(connection);
		return;
	case CONNECTION_EXCHANGE:
		update_deadline(connection);
		if (!x->response_complete && connection->server->handler->drained)
			connection->server->handler->drained(x);
		return;
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
		connection_process_soon(connection);
		return;
	default:
		return;
	}
}

static void stream_has_failed(struct stream *stream, int error)
{
	struct http_connection *connection = connection_of(stream);

	(void)error;
	if (connection->state == CONNECTION_HANDSHAKE)
		connection->server->stats.handshakes_failed++;
	connection_close(connection, false);
}

static void stream_is_secured(struct stream *stream)
{
	struct http_connection *connection = connection_of(stream);

	tls_facts_read(stream, &connection->tls);
	connection->server->stats.handshakes_done++;
	connection->server->stats.handshakes_resumed += connection->tls.resumed;
	connection->idle_since_ms = loop_now_ms(connection->server->loop);
	connection_set_state(connection, CONNECTION_IDLE);
}

static const struct stream_owner stream_owner = {
	.readable = stream_is_readable,
	.drained = stream_is_drained,
	.failed = stream_has_failed,
	.secured = stream_is_secured,
};

/* --- beginning ------------------------------------------------------------------------------------------------------- */

static void read_peer(struct http_connection *connection, const struct sockaddr_storage *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct http_peer *peer = &connection->peer;
	const void *binary = NULL;

	*peer = (struct http_peer){ 0 };
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;

		memcpy(peer->address, mapped, sizeof mapped);
		memcpy(peer->address + 12, &v4->sin_addr, 4);
		peer->port = ntohs(v4->sin_port);
		binary = peer->address + 12;
		peer->is_ipv4 = true;
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)address;

		memcpy(peer->address, &v6->sin6_addr, 16);
		peer->port = ntohs(v6->sin6_port);
		peer->is_ipv4 = memcmp(peer->address, mapped, sizeof mapped) == 0;
		binary = peer->is_ipv4 ? peer->address + 12 : peer->address;
	}
	if (binary)
		inet_ntop(peer->is_ipv4 ? AF_INET : AF_INET6, binary, connection->peer_text, HTTP_PEER_TEXT_BYTES);
	peer->text = view_from_text(connection->peer_text);
}

void connection_open(struct http_listener *listener, int fd, const struct sockaddr_storage *address)
{
	struct http_server *server = listener->server;
	const struct http_listener_settings *settings = &listener->settings;
	struct http_connection *connection = server_take_connection(listener);
	int error;

	connection->deadline_ms = UINT64_MAX;
	read_peer(connection, address);
	tls_facts_read(NULL, &connection->tls);
	if (settings->choose)
		error = tls_server_open(&connection->stream, server->tls, fd, &stream_owner, settings->choose,
			settings->choose_context ? settings->choose_context : settings->identity);
	else
		error = stream_open_plain(&connection->stream, server->loop, fd, &stream_owner);
	if (error) {
		connection->state = CONNECTION_CLOSED;
		server_unlink_connection(connection);
		server_free_connection_later(connection);
		return;
	}
	connection->idle_since_ms = loop_now_ms(server->loop);
	connection_set_state(connection, settings->choose ? CONNECTION_HANDSHAKE : CONNECTION_IDLE);
}
