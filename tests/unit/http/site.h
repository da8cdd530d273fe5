/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * site: what the tests of http/ share: a server with a handler that does what the path says, and clients on real loopback
 * sockets, all in one thread, so that every order of events can be made. Nothing waits on time: each wait is for a
 * condition, with a limit that only a defect reaches.
 *
 *	/hello   answers at once              /wait     keeps the exchange in `site.held` until the test goes on
 *	/echo    collects the body, answers it   /pieces   takes the body piece by piece, answers the byte count
 *	/whole   answers what http_body_try_whole() gives, or 500
 *	/big     answers site.big_bytes bytes in pieces, with water marks; /chunked the same without a length
 *	/pour    ends the held exchange, then pours out small pieces until the client is gone
 *	/empty   204          /early   answers without looking at the body        /broken  ends before its response is complete
 */
#ifndef POSTERN_TESTS_UNIT_HTTP_SITE_H
#define POSTERN_TESTS_UNIT_HTTP_SITE_H

#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "appliance/base/clock.h"
#include "appliance/http/server.h"

#define SITE_WAIT_MS 20000

struct site {
	struct loop *loop;
	struct http_limits limits;
	struct http_server *server;
	struct http_listener *listener;
	struct sockaddr_in address;
	struct exchange *held;
	const char *held_path;
	bool pause_pieces;
	size_t big_bytes, big_sent;
	size_t high_water_bytes; /* most that ever waited */
	unsigned gone_count, drained_count, released_count;
	int body_error;
	bool answers_refusals; /* set before site_listen(): the handler answers malformed requests itself */
	enum http1_rule refused_rule;
};

static struct site site;

static inline char site_byte(size_t at)
{
	return (char)('a' + at % 23);
}

static inline void site_answer(struct exchange *x, int status, struct view body)
{
	static const struct http_field fields[] = { { VIEW_INIT("Content-Type"), VIEW_INIT("text/plain") } };

	(void)!http_respond(x, status, fields, 1, body);
	http_done(x);
}

static inline void site_collected(struct exchange *x, int error, struct view body)
{
	site.body_error = error;
	if (error == -EMSGSIZE) {
		http_respond_too_large(x);
		http_done(x);
	} else {
		site_answer(x, error == -ETIMEDOUT ? 408 : error ? 400 : 200, body);
	}
}

static inline void site_piece(struct exchange *x, struct view bytes)
{
	x->pipeline = (void *)((uintptr_t)x->pipeline + bytes.count);
	if (site.pause_pieces) {
		http_body_pause(x);
		site.held = x;
	}
}

static inline void site_pieces_end(struct exchange *x)
{
	struct view count = arena_printf(&x->arena, "%zu", (size_t)(uintptr_t)x->pipeline);

	site.held = NULL;
	site_answer(x, 200, count);
}

static inline void site_pieces_failed(struct exchange *x, int error)
{
	site_collected(x, error, view_of("failed"));
}

static inline void site_go_on(struct exchange *x)
{
	char piece[16384];

	while (site.big_sent < site.big_bytes) {
		size_t count =
			site.big_bytes - site.big_sent < sizeof piece ? site.big_bytes - site.big_sent : sizeof piece;
		ssize_t waiting;

		for (size_t i = 0; i < count; i++)
			piece[i] = site_byte(site.big_sent + i);
		site.big_sent += count;
		waiting = http_respond_body(x, view_from(piece, count), site.big_sent == site.big_bytes);
		if (waiting < 0)
			return;
		if ((size_t)waiting > site.high_water_bytes)
			site.high_water_bytes = (size_t)waiting;
		if (waiting > HTTP_WAITING_HIGH_BYTES && site.big_sent < site.big_bytes)
			return;
	}
	site.held = NULL;
	http_done(x);
}

static inline void site_pour(struct exchange *x)
{
	char piece[4096] = "";
	ssize_t waiting = 0;

	if (site.held)
		http_done(site.held);
	site.held = NULL;
	assert_int_equal(0, http_respond_head(x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN));
	while (waiting >= 0 && waiting < 1 << 20)
		waiting = http_respond_body(x, view_from(piece, sizeof piece), false);
	assert_int_equal(-EPIPE, waiting);
	http_done(x);
}

static inline void site_request(struct exchange *x)
{
	static const struct http_body_sink sink = { site_piece, site_pieces_end, site_pieces_failed };
	struct view path = x->request.path, body;

	assert_null(x->pipeline);
	if (view_equals(path, view_of("/hello"))) {
		site_answer(x, 200, view_of("hello"));
	} else if (view_equals(path, view_of("/echo"))) {
		if (http_body_collect(x, UINT64_MAX, site_collected) == -EMSGSIZE)
			site_collected(x, -EMSGSIZE, view_of(""));
	} else if (view_equals(path, view_of("/pieces"))) {
		if (http_body_start(x, &sink) == -EMSGSIZE)
			site_collected(x, -EMSGSIZE, view_of(""));
	} else if (view_equals(path, view_of("/whole"))) {
		bool is_whole = http_body_try_whole(x, &body);

		site_answer(x, is_whole ? 200 : 500, is_whole ? body : view_of("not here"));
	} else if (view_equals(path, view_of("/big")) || view_equals(path, view_of("/chunked"))) {
		site.held = x;
		site.big_sent = 0;
		assert_int_equal(
			0, http_respond_head(x, 200, NULL, 0,
				   view_equals(path, view_of("/big")) ? (int64_t)site.big_bytes : HTTP_LENGTH_UNKNOWN));
		site_go_on(x);
	} else if (view_equals(path, view_of("/pour"))) {
		site_pour(x);
	} else if (view_equals(path, view_of("/empty"))) {
		site_answer(x, 204, view_of("not sent"));
	} else if (view_equals(path, view_of("/broken"))) {
		assert_int_equal(0, http_respond_head(x, 200, NULL, 0, 10));
		assert_true(http_respond_body(x, view_of("half"), false) >= 0);
		http_done(x);
	} else if (view_equals(path, view_of("/wait"))) {
		site.held = x;
	} else {
		site_answer(x, 404, view_of("none"));
	}
}

static inline void site_drained(struct exchange *x)
{
	site.drained_count++;
	if (x == site.held && x->status)
		site_go_on(x);
}

static inline void site_gone(struct exchange *x)
{
	assert_true(x->abandoned);
	site.gone_count++;
	site.held = NULL;
	http_done(x);
}

static inline void site_release(void *identity)
{
	assert_ptr_equal(&site, identity);
	site.released_count++;
}

static inline void site_refused(struct exchange *x, int status)
{
	site.refused_rule = x->request.rule;
	assert_int_equal(http1_rule_status(x->request.rule), status);
	site_answer(x, status, view_from_text(http1_rule_text(x->request.rule)));
}

static const struct http_handler site_refusing_handler = { .request = site_request, .refused = site_refused };
static const struct http_handler site_handler = { .request = site_request, .drained = site_drained, .gone = site_gone };

static inline void site_listen(struct tls_worker *tls, tls_server_choose_fn *choose)
{
	struct http_listener_settings settings = { .identity = &site, .release = site_release, .choose = choose };
	socklen_t address_bytes = sizeof site.address;

	site.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	settings.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(settings.fd, (struct sockaddr *)&site.address, sizeof site.address));
	assert_int_equal(0, listen(settings.fd, 64));
	assert_int_equal(0, getsockname(settings.fd, (struct sockaddr *)&site.address, &address_bytes));
	site.server = http_server_new(
		site.loop, tls, &site.limits, site.answers_refusals ? &site_refusing_handler : &site_handler, NULL);
	assert_non_null(site.server);
	assert_int_equal(0, http_listener_open(site.server, &settings, &site.listener));
}

static inline int site_set_up(void **state)
{
	(void)state;
	site = (struct site){ .limits = http_limits_private };
	site.loop = loop_new();
	assert_non_null(site.loop);
	site_listen(NULL, NULL);
	return 0;
}

static inline int site_tear_down(void **state)
{
	(void)state;
	http_server_free(site.server);
	assert_int_equal(1, site.released_count);
	loop_free(site.loop);
	return 0;
}

static inline void site_turn(void)
{
	assert_int_equal(0, loop_turn(site.loop, false));
}

/* --- clients */

struct client {
	int fd;
	bool ended; /* end of input, or reset */
	bool was_reset;
	size_t count;
	char input[1 << 20];
};

static inline void client_open(struct client *client)
{
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client->ended = client->was_reset = false;
	client->count = 0;
	assert_int_equal(0, connect(client->fd, (struct sockaddr *)&site.address, sizeof site.address));
	assert_int_equal(0, fcntl(client->fd, F_SETFL, O_NONBLOCK));
}

static inline void client_close(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

/* Read what is there, if it fits. */
static inline void client_read(struct client *client)
{
	while (!client->ended && client->count < sizeof client->input) {
		ssize_t count = read(client->fd, client->input + client->count, sizeof client->input - client->count);

		if (count > 0) {
			client->count += (size_t)count;
		} else if (count == 0 || errno != EAGAIN) {
			client->was_reset = count < 0;
			client->ended = true;
		} else {
			break;
		}
	}
}

/* Turn the loop and read until `condition` holds. */
#define SITE_UNTIL(client, condition)                                                                                  \
	do {                                                                                                           \
		uint64_t give_up_ms = clock_monotonic_ms() + SITE_WAIT_MS;                                             \
		while (!(condition)) {                                                                                 \
			if (clock_monotonic_ms() > give_up_ms)                                                         \
				fail_msg("never: %s; got '%.*s'", #condition, (int)(client)->count, (client)->input);  \
			site_turn();                                                                                   \
			client_read(client);                                                                           \
		}                                                                                                      \
	} while (0)

static inline void client_send(struct client *client, const char *bytes, size_t count)
{
	for (size_t sent = 0; sent < count;) {
		ssize_t now = send(client->fd, bytes + sent, count - sent, MSG_NOSIGNAL);

		if (now > 0) {
			sent += (size_t)now;
			continue;
		}
		assert_int_equal(EAGAIN, errno);
		site_turn();
		client_read(client);
	}
}

static inline void client_send_text(struct client *client, const char *text)
{
	client_send(client, text, strlen(text));
}

static inline bool client_has(const struct client *client, const char *text)
{
	return memmem(client->input, client->count, text, strlen(text)) != NULL;
}

static inline size_t client_count_of(const struct client *client, const char *text)
{
	size_t count = 0;

	for (const char *at = client->input;
		(at = memmem(at, client->count - (size_t)(at - client->input), text, strlen(text))); at++)
		count++;
	return count;
}

/* Until the server's side of connections and exchanges is as the test wants it. */
#define SITE_UNTIL_CONNECTIONS(client, n) SITE_UNTIL(client, http_server_stats(site.server)->connections_open == (n))

#endif
