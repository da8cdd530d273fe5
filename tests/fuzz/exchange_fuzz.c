/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as the input of an HTTP connection, in pieces, against handlers of every habit: those that answer at once or later,
 * take the body whole, collected, or with pauses, answer before the body, end too early. Whatever comes, no exchange and no
 * connection is left, and the server's assertions hold.
 *
 * The first byte is the size of the pieces, the second the handler's habits, the third the client's; the rest is sent.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/http/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum habit { ANSWER, COLLECT, PIECES, WHOLE, EARLY, LATE, BREAK, STREAM, HABIT_COUNT };

static struct loop *loop;
static struct http_server *server;
static struct http_listener *listener;
static unsigned habits, request_count;

struct later {
	struct loop_task task;
	struct exchange *x;
};

static void answer(struct exchange *x, struct view body)
{
	(void)!http_respond(x, 200, NULL, 0, body);
	http_done(x);
}

static void collected(struct exchange *x, int error, struct view body)
{
	if (error == -EMSGSIZE) {
		http_respond_too_large(x);
		http_done(x);
	} else {
		answer(x, error ? view_of("error") : body);
	}
}

static void resume(struct loop_task *task)
{
	struct later *later = CONTAINER_OF(task, struct later, task);

	http_body_resume(later->x);
}

static void piece(struct exchange *x, struct view bytes)
{
	struct later *later = x->pipeline;

	ASSERT(bytes.count > 0 && !x->body_paused);
	if (bytes.count % 2) {
		http_body_pause(x);
		loop_defer(loop, &later->task, resume);
	}
}

static void ended(struct exchange *x)
{
	answer(x, view_of("pieces"));
}

static void failed(struct exchange *x, int error)
{
	collected(x, error, view_of(""));
}

static void late(struct loop_task *task)
{
	struct later *later = CONTAINER_OF(task, struct later, task);

	if (http_body_collect(later->x, UINT64_MAX, collected) != 0)
		collected(later->x, -EMSGSIZE, view_of(""));
}

static void stream(struct exchange *x)
{
	static const char bytes[20000];

	if (http_respond_head(x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN) == 0) {
		for (int i = 0; i < 4; i++)
			(void)http_respond_body(x, view_from(bytes, i % 2 ? sizeof bytes : 10), i == 3);
	}
	http_done(x);
}

static void request(struct exchange *x)
{
	static const struct http_body_sink sink = { piece, ended, failed };
	enum habit habit = (habits + request_count++) % HABIT_COUNT;
	struct later *later = ARENA_NEW(&x->arena, struct later);
	struct view body;

	ASSERT(later && x->request.path.count > 0);
	later->x = x;
	x->pipeline = later;
	switch (habit) {
	case ANSWER:
	case EARLY:
		answer(x, view_of("answer"));
		break;
	case COLLECT:
		if (http_body_collect(x, UINT64_MAX, collected) != 0)
			collected(x, -EMSGSIZE, view_of(""));
		break;
	case PIECES:
		if (http_body_start(x, &sink) != 0)
			collected(x, -EMSGSIZE, view_of(""));
		break;
	case WHOLE:
		answer(x, http_body_try_whole(x, &body) ? body : view_of("not here"));
		break;
	case LATE:
		loop_defer(loop, &later->task, late);
		break;
	case BREAK:
		http_done(x);
		break;
	case STREAM:
	case HABIT_COUNT:
		stream(x);
		break;
	}
}

static void gone(struct exchange *x)
{
	struct later *later = x->pipeline;

	if (later)
		loop_task_cancel(loop, &later->task);
	http_done(x);
}

static const struct http_handler handler = { .request = request, .gone = gone };

static void prepare(void)
{
	struct http_listener_settings settings = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct sockaddr_storage nobody = { .ss_family = AF_UNIX };

	/* An abstract address that the kernel chooses. Connections are handed in; nobody connects. */
	ASSERT(bind(settings.fd, (struct sockaddr *)&nobody, sizeof(sa_family_t)) == 0 && listen(settings.fd, 1) == 0);
	loop = loop_new();
	ASSERT(loop);
	server = http_server_new(loop, NULL, &http_limits_private, &handler, NULL);
	ASSERT(server && http_listener_open(server, &settings, &listener) == 0);
}

static void turn(int client, bool reads)
{
	static char taken[1 << 16];

	ASSERT(loop_turn(loop, false) == 0);
	if (reads)
		while (recv(client, taken, sizeof taken, 0) > 0)
			;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_storage nobody = { .ss_family = AF_UNIX };
	size_t step;
	bool reads, half_closes;
	int pair[2];

	if (size < 3 || size > 65536)
		return 0;
	if (!loop)
		prepare();
	step = (size_t)data[0] * data[0] + 1;
	habits = data[1];
	reads = !(data[2] & 1);
	half_closes = data[2] & 2;
	request_count = 0;
	data += 3;
	size -= 3;
	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	connection_open(listener, pair[0], &nobody);
	for (size_t at = 0; at < size; at += step) {
		/* A server that has closed or holds the client up loses it the rest; that too is a case. */
		(void)!send(pair[1], data + at, step < size - at ? step : size - at, MSG_NOSIGNAL);
		turn(pair[1], reads);
	}
	if (half_closes)
		shutdown(pair[1], SHUT_WR);
	for (int i = 0; i < 4; i++)
		turn(pair[1], reads);
	close(pair[1]);
	for (int i = 0; i < 8 && http_server_stats(server)->connections_open; i++)
		turn(-1, false);
	ASSERT(http_server_stats(server)->connections_open == 0);
	ASSERT(http_server_stats(server)->exchanges_open == 0);
	return 0;
}
