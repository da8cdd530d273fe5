/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pair: what the tests of tls/ share: certificates made on the spot, and a server's and a client's stream on one loop, joined by
 * a relay that hands their bytes on in pieces of a chosen size, so that every record is cut everywhere.
 */
#ifndef POSTERN_TESTS_UNIT_TLS_PAIR_H
#define POSTERN_TESTS_UNIT_TLS_PAIR_H

#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/crypto/authority.h"
#include "appliance/tls/client.h"
#include "appliance/tls/facts.h"
#include "appliance/tls/server.h"

#define PAIR_WAIT_MS 20000

struct end {
	struct stream stream;
	bool secured, ended, drained;
	int error; /* what `failed` or a read said */
	size_t count, read_room;
	char input[4 << 20];
};

struct pair {
	struct loop *loop;
	struct tls_worker *worker;
	struct tls_ticket_seed seed;
	struct arena arena;
	struct authority_pair authority, certificate, other;
	struct tls_server_context *context;
	struct tls_client_context *trusting;
	struct tls_client_session session;
	struct tls_hello hello; /* the last one that the chooser saw */
	struct end server, client;
	/* The relay's two sockets, and how much it hands on at once; 0: the ends are joined directly. */
	size_t piece_bytes;
	int relay[2];
};

static struct pair pair;

static inline struct end *end_of(struct stream *stream)
{
	return CONTAINER_OF(stream, struct end, stream);
}

static inline void end_is_readable(struct stream *stream)
{
	struct end *end = end_of(stream);
	size_t room = sizeof end->input - end->count;
	ssize_t count = stream_read(stream, end->input + end->count, room < end->read_room ? room : end->read_room);

	if (count > 0)
		end->count += (size_t)count;
	else if (count == 0)
		end->ended = true;
	else if (count != -EAGAIN)
		end->error = (int)count;
}

static inline void end_is_drained(struct stream *stream)
{
	end_of(stream)->drained = true;
}

static inline void end_failed(struct stream *stream, int error)
{
	end_of(stream)->error = error;
	stream_close(stream, false);
}

static inline void end_secured(struct stream *stream)
{
	end_of(stream)->secured = true;
}

static const struct stream_owner end_owner = { end_is_readable, end_is_drained, end_failed, end_secured };

static inline struct tls_server_context *pair_choose(void *context, const struct tls_hello *hello, int fd)
{
	assert_true(fd >= 0);
	assert_ptr_equal(&pair, context);
	pair.hello = *hello;
	return pair.context;
}

static inline int pair_context(
	struct tls_server_context **ret, const struct authority_pair *certificate, const char *policy, unsigned workers)
{
	struct tls_server_settings settings = { .certificate_pem = certificate->certificate_pem,
		.private_key_pem = certificate->key_pem,
		.policy = tls_policy_find(policy, strlen(policy)),
		.worker_count = workers };

	assert_non_null(settings.policy);
	return tls_server_context_new(ret, &settings);
}

static inline int pair_set_up(void **state)
{
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	const struct view names[] = { VIEW_INIT("api.pets.internal"), VIEW_INIT("*.example.test") };
	struct tls_client_settings settings = { 0 };

	(void)state;
	memset(&pair, 0, sizeof pair);
	arena_init(&pair.arena, NULL, 1 << 20);
	pair.loop = loop_new();
	assert_non_null(pair.loop);
	assert_int_equal(0, tls_ticket_seed_make(&pair.seed));
	pair.worker = tls_worker_new(pair.loop, 0, &pair.seed);
	assert_non_null(pair.worker);
	assert_int_equal(
		0, authority_new(&pair.authority, view_of("Test CA"), now_s - 3600, now_s + 86400, &pair.arena));
	assert_int_equal(0, authority_issue(&pair.certificate, &pair.authority, names, 2, now_s - 3600, now_s + 86400,
				    &pair.arena));
	assert_int_equal(
		0, authority_issue(&pair.other, &pair.authority, names, 1, now_s - 3600, now_s + 86400, &pair.arena));
	assert_int_equal(0, pair_context(&pair.context, &pair.certificate, "TLS_1_2", 2));
	settings.authorities_path = "";
	settings.authorities_pem = pair.authority.certificate_pem;
	assert_int_equal(0, tls_client_context_new(&pair.trusting, &settings));
	return 0;
}

static inline void pair_close(void)
{
	stream_close(&pair.server.stream, false);
	stream_close(&pair.client.stream, false);
	for (int i = 0; i < 2; i++) {
		if (pair.piece_bytes && pair.relay[i] > 0)
			close(pair.relay[i]);
		pair.relay[i] = 0;
	}
}

static inline int pair_tear_down(void **state)
{
	(void)state;
	pair_close();
	tls_client_session_clear(&pair.session);
	tls_client_context_free(pair.trusting);
	tls_server_context_unref(pair.context);
	tls_worker_free(pair.worker);
	loop_free(pair.loop);
	arena_fini(&pair.arena);
	return 0;
}

/* Sockets for the two ends, with the relay between them if it has pieces to make. */
static inline void pair_sockets(int *ret_server, int *ret_client)
{
	int left[2], right[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, left));
	*ret_server = left[0];
	*ret_client = left[1];
	if (!pair.piece_bytes)
		return;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, right));
	*ret_client = right[1];
	pair.relay[0] = left[1];
	pair.relay[1] = right[0];
}

static inline void pair_reset_ends(void)
{
	struct end *ends[] = { &pair.server, &pair.client };

	for (int i = 0; i < 2; i++) {
		ends[i]->secured = ends[i]->ended = ends[i]->drained = false;
		ends[i]->error = 0;
		ends[i]->count = 0;
		ends[i]->read_room = LOOP_RECEIVE_BUFFER_BYTES;
	}
}

static inline void pair_open_as(struct tls_worker *server_worker, struct tls_client_context *trusting, const char *name)
{
	int server_fd, client_fd;

	pair_reset_ends();
	pair_sockets(&server_fd, &client_fd);
	assert_int_equal(
		0, tls_server_open(&pair.server.stream, server_worker, server_fd, &end_owner, pair_choose, &pair));
	assert_int_equal(0, tls_client_open(&pair.client.stream, pair.worker, client_fd, &end_owner, trusting,
				    view_from_text(name), &pair.session, NULL));
}

static inline void pair_open(void)
{
	pair_open_as(pair.worker, pair.trusting, "api.pets.internal");
}

/* Hand one piece on in each direction, and ends of input. */
static inline void pair_relay(void)
{
	char piece[65536];

	for (int i = 0; pair.piece_bytes && i < 2; i++) {
		ssize_t count = recv(pair.relay[i], piece, pair.piece_bytes, 0);

		if (count > 0)
			assert_int_equal(count, send(pair.relay[1 - i], piece, (size_t)count, MSG_NOSIGNAL));
		else if (count == 0)
			shutdown(pair.relay[1 - i], SHUT_WR);
	}
}

static inline void pair_turn(void)
{
	pair_relay();
	assert_int_equal(0, loop_turn(pair.loop, false));
}

#define PAIR_UNTIL(condition)                                                                                          \
	do {                                                                                                           \
		uint64_t give_up_ms = clock_monotonic_ms() + PAIR_WAIT_MS;                                             \
		while (!(condition)) {                                                                                 \
			if (clock_monotonic_ms() > give_up_ms)                                                         \
				fail_msg("never: %s (errors %d, %d)", #condition, pair.server.error,                   \
					pair.client.error);                                                            \
			pair_turn();                                                                                   \
		}                                                                                                      \
	} while (0)

#define PAIR_SECURED() PAIR_UNTIL(pair.server.secured &&pair.client.secured)

static inline void end_write(struct end *end, const char *bytes, size_t count)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = count };

	assert_true(stream_write(&end->stream, &part, 1) >= 0);
}

/* Have the client say something and the server answer: after that the client holds its session ticket. */
static inline void pair_talk(void)
{
	end_write(&pair.client, "ping", 4);
	PAIR_UNTIL(pair.server.count == 4);
	end_write(&pair.server, "pong", 4);
	PAIR_UNTIL(pair.client.count == 4);
}

#endif
