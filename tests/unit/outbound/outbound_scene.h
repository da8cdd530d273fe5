/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outbound_scene: calls against a scripted back end on loopback, in one thread: the loop, the pool, a call that notes all that it is
 * told, a back end that is a handful of blocking calls. Each test gets a new one by set_up() and tear_down().
 */
#ifndef POSTERN_TESTS_UNIT_OUTBOUND_SCENE_H
#define POSTERN_TESTS_UNIT_OUTBOUND_SCENE_H

#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/counters.h"
#include "appliance/loop/timer.h"
#include "appliance/outbound/destination.h"
#include "appliance/outbound/outbound.h"

/* A test that waits longer than this for anything has failed. */
#define PATIENCE_MS 5000

static struct loop *loop;
static struct counters *counters;
static struct destination_rules rules;
static struct outbound_settings settings;
static struct outbound *outbound;
static int listener;
static uint16_t port;
static struct outbound_target target;

/* A call with all that it was told. */
struct test_call {
	struct outbound_call call;
	int status;
	unsigned int heads, lasts, errors, writables;
	enum outbound_error error;
	size_t body_count;
	char body[1 << 20];
	bool cancel_in_head, pause_in_head;
	struct test_call *start_at_end;
	const struct outbound_request *next_request;
};

static void on_head(struct outbound_call *call, const struct http1_head *head);
static void on_body(struct outbound_call *call, struct view bytes, bool last);

static void on_writable(struct outbound_call *call)
{
	((struct test_call *)call)->writables++;
}

static void on_error(struct outbound_call *call, enum outbound_error error)
{
	((struct test_call *)call)->errors++;
	((struct test_call *)call)->error = error;
}

static const struct outbound_handlers handlers = { on_head, on_body, on_writable, on_error };

static void on_head(struct outbound_call *call, const struct http1_head *head)
{
	struct test_call *test = (struct test_call *)call;

	test->heads++;
	test->status = head->status;
	if (test->cancel_in_head)
		outbound_cancel(call);
	if (test->pause_in_head)
		outbound_pause(call);
}

static void on_body(struct outbound_call *call, struct view bytes, bool last)
{
	struct test_call *test = (struct test_call *)call;

	assert_true(test->body_count + bytes.count <= sizeof test->body);
	if (bytes.count)
		memcpy(test->body + test->body_count, bytes.at, bytes.count);
	test->body_count += bytes.count;
	test->lasts += last;
	if (last && test->start_at_end)
		outbound_start(outbound, &test->start_at_end->call, &handlers, test->next_request);
}

/* --- the loop and the back end ------------------------------------------------------------------------------------------ */

static bool expired;

static void patience_ends(struct timer *timer)
{
	(void)timer;
	expired = true;
}

/* Turn the loop until `condition` holds. */
#define TURN_UNTIL(condition)                                                                                          \
	do {                                                                                                           \
		struct timer patience = { 0 };                                                                         \
		expired = false;                                                                                       \
		timer_arm(loop, &patience, PATIENCE_MS, patience_ends);                                                \
		while (!(condition)) {                                                                                 \
			assert_int_equal(0, loop_turn(loop, true));                                                    \
			if (expired)                                                                                   \
				fail_msg("waited in vain for %s", #condition);                                         \
		}                                                                                                      \
		timer_disarm(loop, &patience);                                                                         \
	} while (0)

static inline bool is_over(const struct test_call *test)
{
	return test->lasts || test->errors;
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, timeout_ms) == 1;
}

/* Let the loop work until the back end's descriptor has something. */
static void turn_until_readable(int fd)
{
	for (int i = 0; i < PATIENCE_MS && !is_readable(fd, 0); i++) {
		assert_int_equal(0, loop_turn(loop, false));
		if (is_readable(fd, 1))
			return;
	}
	assert_true(is_readable(fd, 0));
}

static inline int back_end_accept(void)
{
	int fd;

	turn_until_readable(listener);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Read exactly `text` from the client. */
static inline void back_end_expect(int fd, const char *text)
{
	char bytes[65536];
	size_t count = 0, wanted = strlen(text);

	assert_true(wanted < sizeof bytes);
	while (count < wanted) {
		ssize_t got;

		turn_until_readable(fd);
		got = recv(fd, bytes + count, wanted - count, 0);
		assert_true(got > 0);
		count += (size_t)got;
	}
	bytes[count] = '\0';
	assert_string_equal(text, bytes);
	assert_false(is_readable(fd, 0));
}

static inline void back_end_send(int fd, const char *text)
{
	assert_int_equal((ssize_t)strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static inline void back_end_expect_end(int fd)
{
	char byte;

	turn_until_readable(fd);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static inline uint64_t counted(enum counters_metric metric, unsigned int label)
{
	return counters_read(counters, metric, label);
}

static int set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET }; /* all of 127/8 reaches it */
	socklen_t address_bytes = sizeof address;

	(void)state;
	memset(&rules, 0, sizeof rules);
	assert_int_equal(0, destination_allow(&rules, "127.0.0.0/8"));
	loop = loop_new();
	assert_non_null(loop);
	counters = counters_new_private(1);
	outbound_settings_init(&settings);
	settings.destinations = &rules;
	settings.counters = counters_slot(counters, 0);
	settings.name_servers = "127.0.0.1:9"; /* nobody: names come from /etc/hosts or not at all */
	outbound = outbound_new(loop, &settings);
	assert_non_null(outbound);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(listener, 16));
	assert_int_equal(0, getsockname(listener, (struct sockaddr *)&address, &address_bytes));
	port = ntohs(address.sin_port);
	assert_int_equal(0, outbound_target_init(&target, view_of("127.0.0.1"), port, false, TLS_VERIFY_ALL));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outbound_free(outbound);
	loop_free(loop);
	counters_unmap(counters);
	close(listener);
	return 0;
}

#define GET_HEAD "GET /p HTTP/1.1\r\nHost: b\r\n"
#define POST_HEAD "POST /p HTTP/1.1\r\nHost: b\r\n"

static inline struct outbound_request get(void)
{
	return (struct outbound_request){
		.target = &target, .head = view_of(GET_HEAD), .timeout_ms = 2000, .idempotent = true
	};
}

static inline struct outbound_request post(const char *body)
{
	return (struct outbound_request){ .target = &target,
		.head = view_of(POST_HEAD),
		.timeout_ms = 2000,
		.body = OUTBOUND_BODY_LENGTH,
		.first_body = view_from_text(body),
		.body_bytes = strlen(body),
		.body_complete = true };
}

static inline struct test_call *start(const struct outbound_request *request)
{
	struct test_call *test = calloc(1, sizeof *test);

	assert_non_null(test);
	outbound_start(outbound, &test->call, &handlers, request);
	return test;
}

/* One whole GET over a new or kept connection. */
static inline void exchange_one(int fd)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);

	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	free(test);
}

static inline int open_connection(void)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);
	int fd = back_end_accept();

	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	TURN_UNTIL(is_over(test));
	assert_int_equal(200, test->status);
	assert_int_equal(2, test->body_count);
	assert_memory_equal("ok", test->body, 2);
	free(test);
	return fd;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
