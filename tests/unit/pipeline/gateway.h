/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway: a whole gateway worker in a thread of the test: HTTP server on loopback, pipeline, back-end pool, access log into
 * a file in memory; beside it a back end that answers as the test says, and a client that speaks plain HTTP.
 *
 * The test's own thread is the client and the follower (it publishes snapshots).
 */
#ifndef POSTERN_TESTS_UNIT_PIPELINE_GATEWAY_H
#define POSTERN_TESTS_UNIT_PIPELINE_GATEWAY_H

#include "tests/unit/estate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/http/server.h"
#include "appliance/integrate/integrate.h"
#include "appliance/model/build.h"
#include "appliance/model/current.h"
#include "appliance/observe/observe.h"
#include "appliance/outbound/destination.h"
#include "appliance/outbound/outbound.h"
#include "appliance/pipeline/pipeline.h"

/* Longest that a test waits for something that should come at once. */
#define GATEWAY_WAIT_MS 10000

/* ---- back end ---- */

struct back_end;

/* One request at the back end; `answer` writes to `fd` whatever it likes, and returns false to close. */
typedef bool back_end_answer(struct back_end *back_end, int fd, const char *request);

struct back_end {
	int listener;
	uint16_t port;
	back_end_answer *answer;
	char last[65536];     /* the last request as it came; read after the response did */
	pthread_mutex_t lock; /* of `last`, among connections */
	sem_t go;             /* for answers that wait for the test */
	_Atomic unsigned connections;
};

struct back_end_connection {
	struct back_end *back_end;
	int fd;
};

static inline void send_text(int fd, const char *text)
{
	size_t count = strlen(text), sent = 0;

	while (sent < count) {
		ssize_t n = send(fd, text + sent, count - sent, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

/* Is the message in `text` complete, by Content-Length or its last chunk? */
static inline bool message_is_complete(const char *text, size_t count, bool until_close)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length: ");
	size_t head_count;

	if (!end)
		return false;
	head_count = (size_t)(end + 4 - text);
	if (length && length < end)
		return count >= head_count + strtoul(length + 18, NULL, 10);
	length = strcasestr(text, "\r\nTransfer-Encoding: chunked");
	if (length && length < end)
		return count >= head_count + 5 && strcmp(text + count - 5, "0\r\n\r\n") == 0;
	return !until_close;
}

static inline void *back_end_serve(void *argument)
{
	struct back_end_connection *connection = argument;
	struct back_end *back_end = connection->back_end;
	static _Thread_local char request[65536];
	bool more = true;

	while (more) {
		size_t count = 0;

		request[0] = '\0';
		while (!message_is_complete(request, count, false)) {
			ssize_t n = recv(connection->fd, request + count, sizeof request - 1 - count, 0);

			if (n <= 0) {
				more = false;
				break;
			}
			count += (size_t)n;
			request[count] = '\0';
		}
		if (more) {
			pthread_mutex_lock(&back_end->lock);
			memcpy(back_end->last, request, count + 1);
			pthread_mutex_unlock(&back_end->lock);
			more = back_end->answer(back_end, connection->fd, request);
		}
	}
	close(connection->fd);
	free(connection);
	return NULL;
}

static inline void *back_end_run(void *argument)
{
	struct back_end *back_end = argument;

	for (;;) {
		struct back_end_connection *connection = malloc(sizeof *connection);
		pthread_t thread;

		ASSERT(connection);
		connection->back_end = back_end;
		connection->fd = accept(back_end->listener, NULL, NULL);
		if (connection->fd < 0) {
			free(connection);
			return NULL;
		}
		back_end->connections++;
		ASSERT(pthread_create(&thread, NULL, back_end_serve, connection) == 0);
		pthread_detach(thread);
	}
}

static inline int listen_on_loopback(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t count = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(fd, 64));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &count));
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* The thread ends with the process. */
static inline void back_end_start(struct back_end *back_end, back_end_answer *answer)
{
	pthread_t thread;

	memset(back_end, 0, sizeof *back_end);
	back_end->answer = answer;
	pthread_mutex_init(&back_end->lock, NULL);
	sem_init(&back_end->go, 0, 0);
	back_end->listener = listen_on_loopback(&back_end->port);
	assert_int_equal(0, pthread_create(&thread, NULL, back_end_run, back_end));
	pthread_detach(thread);
}

/* ---- gateway ---- */

struct gateway {
	struct estate estate;
	struct store *reader;
	struct compile compile;
	struct current *current;
	uint16_t port;
	int listener_fd, log_fd;
	off_t log_offset; /* read so far */
	char log_text[65536];
	size_t log_count;
	struct loop *loop;
	pthread_t thread;
	sem_t ready;
	struct pipeline_worker worker;
	struct pipeline_listener listener;
};

static inline void *gateway_run(void *argument)
{
	struct gateway *gateway = argument;
	static struct destination_rules rules;
	struct outbound_settings settings;
	struct integrate_worker integrate = { 0 };
	struct http_listener_settings listener = { .fd = gateway->listener_fd, .identity = &gateway->listener };
	struct http_listener *opened;
	struct http_server *server;
	struct loop *loop = loop_new();

	ASSERT(loop && (rules.allowed_count || destination_allow(&rules, "127.0.0.0/8") == 0));
	outbound_settings_init(&settings);
	settings.destinations = &rules;
	integrate.outbound = outbound_new(loop, &settings);
	gateway->worker =
		(struct pipeline_worker){ .current = gateway->current, .loop = loop, .integrate = &integrate };
	gateway->worker.observe = observe_new(loop, gateway->log_fd, NULL);
	ASSERT(integrate.outbound && gateway->worker.observe && pipeline_worker_init(&gateway->worker) == 0);
	snprintf(gateway->listener.endpoint_id, sizeof gateway->listener.endpoint_id, "%s", ESTATE_VPCE);
	gateway->listener.worker = &gateway->worker;
	server = http_server_new(loop, NULL, &http_limits_private, &pipeline_handler, &gateway->worker);
	ASSERT(server && http_listener_open(server, &listener, &opened) == 0);
	gateway->loop = loop;
	sem_post(&gateway->ready);
	ASSERT(loop_run(loop) == 0);
	http_server_free(server);
	outbound_free(integrate.outbound);
	observe_free(gateway->worker.observe);
	pipeline_worker_fini(&gateway->worker);
	loop_free(loop);
	return NULL;
}

static inline void gateway_start(struct gateway *gateway)
{
	const char *reason;

	memset(gateway, 0, sizeof *gateway);
	estate_open(&gateway->estate);
	assert_int_equal(0, store_open_reader(&gateway->reader, gateway->estate.path, &reason));
	gateway->compile = (struct compile){ .no_tls = true, .worker_count = 1 };
	gateway->current = current_new(1);
	gateway->log_fd = memfd_create("access log", MFD_CLOEXEC);
	assert_true(gateway->log_fd >= 0);
	gateway->listener_fd = listen_on_loopback(&gateway->port);
	sem_init(&gateway->ready, 0, 0);
	assert_int_equal(0, pthread_create(&gateway->thread, NULL, gateway_run, gateway));
	sem_wait(&gateway->ready);
}

static inline void gateway_stop(struct gateway *gateway)
{
	loop_request_stop(gateway->loop);
	pthread_join(gateway->thread, NULL);
	current_free(gateway->current);
	store_close(gateway->reader);
	estate_close(&gateway->estate);
	close(gateway->log_fd);
}

/* Commit what was put, and serve it. */
static inline void gateway_publish(struct gateway *gateway)
{
	struct snapshot *snapshot;
	struct build_result result;

	estate_commit(&gateway->estate);
	if (build_snapshot(&gateway->compile, gateway->reader, current_peek(gateway->current), &snapshot, &result))
		fail_msg("%s", gateway->compile.message);
	assert_non_null(snapshot);
	assert_int_equal(0, current_publish(gateway->current, snapshot));
}

/* The next whole line of the access log, parsed. */
static inline struct json *gateway_next_log_line(struct gateway *gateway)
{
	uint64_t until_ms = clock_monotonic_ms() + GATEWAY_WAIT_MS;
	struct json *line;
	char *end;

	while (!(end = memchr(gateway->log_text, '\n', gateway->log_count))) {
		ssize_t n = pread(gateway->log_fd, gateway->log_text + gateway->log_count,
			sizeof gateway->log_text - gateway->log_count, gateway->log_offset);

		assert_true(n >= 0 && clock_monotonic_ms() < until_ms);
		gateway->log_count += (size_t)n;
		gateway->log_offset += n;
		if (n == 0)
			sched_yield();
	}
	*end = '\0';
	line = estate_json(gateway->log_text);
	gateway->log_count -= (size_t)(end + 1 - gateway->log_text);
	memmove(gateway->log_text, end + 1, gateway->log_count);
	return line;
}

/* The access log's line of the request with that id; earlier ones are skipped. json_free() it. */
static inline struct json *gateway_log_line(struct gateway *gateway, const char *request_id)
{
	for (;;) {
		struct json *line = gateway_next_log_line(gateway);

		if (view_equals_text(json_find_text(line, "requestId"), request_id))
			return line;
		json_free(line);
	}
}

/* ---- client ---- */

static inline int client_connect(const struct gateway *gateway)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(gateway->port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	struct timeval limit = { .tv_sec = GATEWAY_WAIT_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&address, sizeof address));
	return fd;
}

/* Read one response, or until the peer closes. The text is the calling thread's until its next call. */
static inline const char *client_read(int fd)
{
	static _Thread_local char text[1 << 16];
	size_t count = 0;

	text[0] = '\0';
	while (!message_is_complete(text, count, true)) {
		ssize_t n = recv(fd, text + count, sizeof text - 1 - count, 0);

		if (n <= 0)
			break;
		count += (size_t)n;
		text[count] = '\0';
	}
	return text;
}

/* Read until `text` has come, and no further than it need be. */
static inline void client_wait_for(int fd, const char *text)
{
	char received[4096] = "";
	size_t count = 0;

	while (!strstr(received, text)) {
		ssize_t n = recv(fd, received + count, 1, 0);

		assert_int_equal(1, n);
		received[++count] = '\0';
		assert_true(count < sizeof received - 1);
	}
}

/* One request on a connection of its own. */
static inline const char *client_ask(const struct gateway *gateway, const char *request)
{
	int fd = client_connect(gateway);
	const char *response;

	send_text(fd, request);
	response = client_read(fd);
	close(fd);
	return response;
}

/* GET of `path` with the API's default name and more fields ("" or "Name: value\r\n"). */
static inline const char *client_get(const struct gateway *gateway, const char *path, const char *fields)
{
	static char request[16384];

	snprintf(request, sizeof request,
		"GET %s HTTP/1.1\r\nHost: a1b2c3d4e5.execute-api.us-east-1.amazonaws.com\r\n%s\r\n", path, fields);
	return client_ask(gateway, request);
}

/* ---- looking at responses ---- */

static inline int status_of(const char *response)
{
	return strncmp(response, "HTTP/1.1 ", 9) == 0 ? (int)strtol(response + 9, NULL, 10) : 0;
}

static inline const char *body_of(const char *response)
{
	const char *end = strstr(response, "\r\n\r\n");

	return end ? end + 4 : "";
}

/* The value of the field of exactly that name, or NULL. */
static inline const char *field_of(const char *response, const char *name)
{
	static char value[8][1024];
	static unsigned turn;
	char start[256];
	const char *at, *end;

	snprintf(start, sizeof start, "\r\n%s: ", name);
	at = strstr(response, start);
	if (!at || at > strstr(response, "\r\n\r\n"))
		return NULL;
	at += strlen(start);
	end = strstr(at, "\r\n");
	turn = (turn + 1) % 8;
	snprintf(value[turn], sizeof value[turn], "%.*s", (int)(end - at), at);
	return value[turn];
}

#endif
