/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound: calls against a scripted back end on loopback, in one thread: what is on the wire, both ways. */
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
#define TURN_UNTIL(condition) \
	do { \
		struct timer patience = { 0 }; \
		expired = false; \
		timer_arm(loop, &patience, PATIENCE_MS, patience_ends); \
		while (!(condition)) { \
			assert_int_equal(0, loop_turn(loop, true)); \
			if (expired) \
				fail_msg("waited in vain for %s", #condition); \
		} \
		timer_disarm(loop, &patience); \
	} while (0)

static bool is_over(const struct test_call *test)
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

static int back_end_accept(void)
{
	int fd;

	turn_until_readable(listener);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Read exactly `text` from the client. */
static void back_end_expect(int fd, const char *text)
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

static void back_end_send(int fd, const char *text)
{
	assert_int_equal((ssize_t)strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static void back_end_expect_end(int fd)
{
	char byte;

	turn_until_readable(fd);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static uint64_t counted(enum counters_metric metric, unsigned int label)
{
	return counters_read(counters, metric, label);
}

static int set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
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
	assert_int_equal(0, outbound_target_init(&target, view_of("127.0.0.1"), port, false, false));
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

static struct outbound_request get(void)
{
	return (struct outbound_request){ .target = &target, .head = view_of(GET_HEAD), .timeout_ms = 2000, .idempotent = true };
}

static struct outbound_request post(const char *body)
{
	return (struct outbound_request){ .target = &target, .head = view_of(POST_HEAD), .timeout_ms = 2000,
		.body = OUTBOUND_BODY_LENGTH, .first_body = view_from_text(body), .body_bytes = strlen(body), .body_complete = true };
}

static struct test_call *start(const struct outbound_request *request)
{
	struct test_call *test = calloc(1, sizeof *test);

	assert_non_null(test);
	outbound_start(outbound, &test->call, &handlers, request);
	return test;
}

/* One whole GET over a new or kept connection. */
static void exchange_one(int fd)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);

	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	free(test);
}

static int open_connection(void)
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

/* --- framing ------------------------------------------------------------------------------------------------------------- */

static void a_connection_is_kept_and_used_again(void **state)
{
	int fd = open_connection();

	(void)state;
	for (int i = 0; i < 3; i++)
		exchange_one(fd);
	assert_int_equal(1, counted(COUNTERS_upstream_connections, COUNTERS_UPSTREAM_FRESH));
	assert_int_equal(3, counted(COUNTERS_upstream_connections, COUNTERS_UPSTREAM_REUSED));
	assert_int_equal(4, counted(COUNTERS_upstream_requests, COUNTERS_UPSTREAM_ANSWERED));
	assert_int_equal(1, counted(COUNTERS_upstream_connections_open, 0));
	close(fd);
}

static void a_whole_body_is_sent_with_its_length(void **state)
{
	struct outbound_request request = post("hello");
	struct test_call *test = start(&request);
	int fd = back_end_accept();

	(void)state;
	back_end_expect(fd, POST_HEAD "Content-Length: 5\r\n\r\nhello");
	back_end_send(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(204, test->status);
	assert_int_equal(0, test->body_count);
	free(test);
	close(fd);
}

static void pieces_are_sent_as_chunks(void **state)
{
	struct outbound_request request = { .target = &target, .head = view_of(POST_HEAD), .timeout_ms = 2000,
		.body = OUTBOUND_BODY_CHUNKED, .first_body = view_of("first") };
	struct test_call *test = start(&request);
	int fd;

	(void)state;
	assert_true(outbound_send(&test->call, view_of("while connecting"), false));
	fd = back_end_accept();
	back_end_expect(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n10\r\nwhile connecting\r\n");
	assert_true(outbound_send(&test->call, view_of("second"), false));
	assert_true(outbound_send(&test->call, view_of(""), false));
	back_end_expect(fd, "6\r\nsecond\r\n");
	assert_true(outbound_send(&test->call, view_of("end"), true));
	back_end_expect(fd, "3\r\nend\r\n0\r\n\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	free(test);
	exchange_one(fd);
	close(fd);
}

static void an_empty_chunked_body_is_ended(void **state)
{
	struct outbound_request request = { .target = &target, .head = view_of(POST_HEAD), .timeout_ms = 2000,
		.body = OUTBOUND_BODY_CHUNKED, .body_complete = true };
	struct test_call *test = start(&request);
	int fd = back_end_accept();

	(void)state;
	back_end_expect(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	outbound_cancel(&test->call);
	back_end_expect_end(fd);
	free(test);
}

/* Answer a GET with `answer`, sent in two pieces cut at `cut`; the call must end well with `body`. */
static void answer_in_two(const char *answer, size_t cut, bool close_after, const char *body)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);
	int fd = is_readable(listener, 0) ? -1 : -1;

	fd = back_end_accept();
	back_end_expect(fd, GET_HEAD "\r\n");
	if (cut) {
		assert_int_equal((ssize_t)cut, send(fd, answer, cut, MSG_NOSIGNAL));
		for (int i = 0; i < 3; i++)
			assert_int_equal(0, loop_turn(loop, false));
	}
	if (answer[cut])
		back_end_send(fd, answer + cut);
	if (close_after)
		shutdown(fd, SHUT_WR);
	TURN_UNTIL(is_over(test));
	if (test->errors || test->body_count != strlen(body) || memcmp(test->body, body, test->body_count) != 0)
		fail_msg("cut at %zu: errors %u (%d), body '%.*s'", cut, test->errors, (int)test->error, (int)test->body_count, test->body);
	assert_int_equal(1, test->heads);
	assert_int_equal(1, test->lasts);
	free(test);
	close(fd);
	for (int i = 0; i < 3; i++)
		assert_int_equal(0, loop_turn(loop, false)); /* the idle connection notices that it was closed */
}

static void answers_may_be_cut_anywhere(void **state)
{
	static const struct {
		const char *answer, *body;
		bool close_after;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", "hello", false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n", "abcde", false },
		{ "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz", "z",
			false },
		{ "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end", "until the end", true },
	};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
		for (size_t cut = 0; cut <= strlen(cases[c].answer); cut++)
			answer_in_two(cases[c].answer, cut, cases[c].close_after, cases[c].body);
}

static void a_head_has_no_body_whatever_its_length_says(void **state)
{
	struct outbound_request request = get();
	struct test_call *test;
	int fd;

	(void)state;
	request.is_head = true;
	test = start(&request);
	fd = back_end_accept();
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	free(test);
	exchange_one(fd);
	close(fd);
}

/* --- what is not kept ------------------------------------------------------------------------------------------------------ */

static void connections_that_can_not_be_trusted_are_closed(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct outbound_request request = get();
		struct test_call *test = start(&request);
		int fd = back_end_accept();

		back_end_expect(fd, GET_HEAD "\r\n");
		back_end_send(fd, answers[i]);
		TURN_UNTIL(is_over(test));
		assert_int_equal(1, test->lasts);
		assert_int_equal(2, test->body_count);
		free(test);
		back_end_expect_end(fd);
	}
}

static void bytes_on_an_idle_connection_close_it(void **state)
{
	int fd = open_connection();

	(void)state;
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
	TURN_UNTIL(counted(COUNTERS_upstream_connections_open, 0) == 0);
	close(fd);
	fd = open_connection();
	close(fd);
}

static void malformed_answers_fail(void **state)
{
	static const char *const answers[] = {
		"HTTP/2 200 OK\r\n\r\n",
		"garbage\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct outbound_request request = get();
		struct test_call *test = start(&request);
		int fd = back_end_accept();

		back_end_expect(fd, GET_HEAD "\r\n");
		back_end_send(fd, answers[i]);
		TURN_UNTIL(is_over(test));
		if (test->errors != 1 || test->error != OUTBOUND_MALFORMED)
			fail_msg("'%s' gave %u errors (%d)", answers[i], test->errors, (int)test->error);
		free(test);
		back_end_expect_end(fd);
	}
}

static void an_endless_head_fails(void **state)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);
	int fd = back_end_accept();

	(void)state;
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nX: ");
	for (int i = 0; i < 100000 && !is_over(test); i++) {
		if (send(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64, MSG_NOSIGNAL) < 0)
			break;
		assert_int_equal(0, loop_turn(loop, false));
	}
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_MALFORMED, test->error);
	free(test);
	close(fd);
}

static void an_answer_cut_short_fails(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "HTTP/1.1 20", "" };

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct outbound_request request = get();
		struct test_call *test = start(&request);
		int fd = back_end_accept();

		back_end_expect(fd, GET_HEAD "\r\n");
		back_end_send(fd, answers[i]);
		close(fd);
		TURN_UNTIL(is_over(test));
		assert_int_equal(OUTBOUND_CLOSED, test->error);
		assert_int_equal(0, test->lasts);
		free(test);
	}
}

/* --- retries ----------------------------------------------------------------------------------------------------------------- */

static void a_stale_connection_is_replaced_for_a_get(void **state)
{
	int fd = open_connection(), second;
	struct outbound_request request = get();
	struct test_call *test = start(&request);

	(void)state;
	back_end_expect(fd, GET_HEAD "\r\n");
	close(fd); /* the request crossed with the end */
	second = back_end_accept();
	back_end_expect(second, GET_HEAD "\r\n");
	back_end_send(second, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	free(test);
	close(second);
}

static void it_is_replaced_once_only(void **state)
{
	int fd = open_connection(), second;
	struct outbound_request request = get();
	struct test_call *test = start(&request);

	(void)state;
	back_end_expect(fd, GET_HEAD "\r\n");
	close(fd);
	second = back_end_accept();
	back_end_expect(second, GET_HEAD "\r\n");
	close(second);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_CLOSED, test->error);
	assert_false(is_readable(listener, 0));
	free(test);
}

static void what_is_not_safe_is_never_sent_twice(void **state)
{
	struct outbound_request requests[4] = { post("x"), post("x"), get(), get() };

	(void)state;
	requests[1].idempotent = true; /* PUT, but its body is gone */
	for (size_t i = 0; i < 3; i++) {
		int fd = open_connection();
		struct test_call *test = start(&requests[i]);
		char bytes[256];

		turn_until_readable(fd);
		assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
		if (i == 2)
			back_end_send(fd, "HTTP/1.1 200"); /* something of an answer came */
		close(fd);
		TURN_UNTIL(is_over(test));
		assert_int_equal(OUTBOUND_CLOSED, test->error);
		assert_false(is_readable(listener, 0));
		free(test);
	}
}

static void a_put_whose_body_stays_is_sent_again(void **state)
{
	int fd = open_connection(), second;
	struct outbound_request request = post("body");
	struct test_call *test;

	(void)state;
	request.idempotent = request.body_stays = true;
	test = start(&request);
	back_end_expect(fd, POST_HEAD "Content-Length: 4\r\n\r\nbody");
	close(fd);
	second = back_end_accept();
	back_end_expect(second, POST_HEAD "Content-Length: 4\r\n\r\nbody");
	back_end_send(second, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	free(test);
	close(second);
}

/* --- failures ----------------------------------------------------------------------------------------------------------------- */

static void no_listener_is_a_connect_error(void **state)
{
	struct outbound_request request = get();
	struct test_call *test;

	(void)state;
	close(listener);
	test = start(&request);
	assert_int_equal(0, test->errors); /* never within outbound_start() */
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_CONNECT, test->error);
	free(test);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void a_forbidden_address_is_never_connected_to(void **state)
{
	struct outbound_request request = get();
	struct test_call *test;

	(void)state;
	rules.allowed_count = 0;
	test = start(&request);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_FORBIDDEN, test->error);
	assert_false(is_readable(listener, 0));
	free(test);
}

static void a_name_is_judged_by_its_address(void **state)
{
	struct outbound_request request = get();
	struct outbound_target named;
	struct test_call *test;

	(void)state;
	assert_int_equal(0, outbound_target_init(&named, view_of("LocalHost"), port, false, false));
	request.target = &named;
	rules.allowed_count = 0;
	test = start(&request);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_FORBIDDEN, test->error);
	free(test);
}

static void an_unknown_name_is_a_name_error(void **state)
{
	struct outbound_request request = get();
	struct outbound_target named;
	struct test_call *test;

	(void)state;
	assert_int_equal(0, outbound_target_init(&named, view_of("no such name"), port, false, false));
	request.target = &named;
	test = start(&request);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_NAME, test->error);
	free(test);
}

static void silence_is_a_time_out(void **state)
{
	struct outbound_request request = get();
	struct test_call *test;
	int fd;

	(void)state;
	request.timeout_ms = 50;
	test = start(&request);
	fd = back_end_accept();
	back_end_expect(fd, GET_HEAD "\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_TIMEOUT, test->error);
	assert_int_equal(0, test->heads);
	free(test);
	back_end_expect_end(fd);
}

static void a_body_that_stalls_is_a_time_out(void **state)
{
	struct outbound_request request = get();
	struct test_call *test;
	int fd;

	(void)state;
	request.timeout_ms = 60;
	test = start(&request);
	fd = back_end_accept();
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->heads);
	assert_int_equal(OUTBOUND_TIMEOUT, test->error);
	free(test);
	close(fd);
}

static void a_slow_client_is_not_the_back_ends_fault(void **state)
{
	struct outbound_request request = { .target = &target, .head = view_of(POST_HEAD), .timeout_ms = 50,
		.body = OUTBOUND_BODY_LENGTH, .body_bytes = 4 };
	struct test_call *test = start(&request);
	struct timer pause = { 0 };
	int fd = back_end_accept();

	(void)state;
	expired = false;
	timer_arm(loop, &pause, 200, patience_ends);
	while (!expired)
		assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(0, test->errors);
	assert_true(outbound_send(&test->call, view_of("late"), true));
	back_end_expect(fd, POST_HEAD "Content-Length: 4\r\n\r\nlate");
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_TIMEOUT, test->error);
	free(test);
	close(fd);
}

static void too_many_connections_are_refused(void **state)
{
	struct outbound_request request = get();
	struct test_call *first, *second;
	int fd;

	(void)state;
	outbound_free(outbound);
	settings.connection_count = 1;
	outbound = outbound_new(loop, &settings);
	first = start(&request);
	second = start(&request);
	TURN_UNTIL(is_over(second));
	assert_int_equal(OUTBOUND_OVERLOADED, second->error);
	fd = back_end_accept();
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	TURN_UNTIL(is_over(first));
	assert_int_equal(1, first->lasts);
	free(first);
	free(second);
	close(fd);
}

static void idle_connections_end_by_time_and_number(void **state)
{
	struct outbound_request request = get();
	struct test_call *tests[2];
	int fds[2];

	(void)state;
	outbound_free(outbound);
	settings.idle_per_target_count = 1;
	settings.idle_timeout_ms = 100;
	outbound = outbound_new(loop, &settings);
	for (size_t i = 0; i < 2; i++) {
		tests[i] = start(&request);
		fds[i] = back_end_accept();
		back_end_expect(fds[i], GET_HEAD "\r\n");
	}
	for (size_t i = 0; i < 2; i++) {
		back_end_send(fds[i], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		TURN_UNTIL(is_over(tests[i]));
		free(tests[i]);
	}
	back_end_expect_end(fds[0]); /* the older one was one too many */
	assert_int_equal(1, counted(COUNTERS_upstream_connections_open, 0));
	TURN_UNTIL(counted(COUNTERS_upstream_connections_open, 0) == 0);
	back_end_expect_end(fds[1]);
}

/* --- handlers that do things --------------------------------------------------------------------------------------------------- */

static void cancelling_within_a_handler_ends_the_call(void **state)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);
	int fd = back_end_accept();

	(void)state;
	test->cancel_in_head = true;
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	TURN_UNTIL(test->heads == 1);
	back_end_expect_end(fd);
	assert_int_equal(0, test->lasts + test->errors + test->body_count);
	outbound_cancel(&test->call); /* again: harmless */
	assert_true(outbound_send(&test->call, view_of("x"), true));
	free(test);
}

static void cancelling_a_failed_call_keeps_its_error_away(void **state)
{
	struct outbound_request request = get();
	struct test_call *test;

	(void)state;
	rules.allowed_count = 0;
	test = start(&request);
	outbound_cancel(&test->call);
	for (int i = 0; i < 3; i++)
		assert_int_equal(0, loop_turn(loop, false));
	assert_int_equal(0, test->errors);
	free(test);
}

static void the_next_call_may_start_within_the_last_piece(void **state)
{
	struct outbound_request request = get();
	struct test_call *first = start(&request), *second = calloc(1, sizeof *second);
	int fd = back_end_accept();

	(void)state;
	first->start_at_end = second;
	first->next_request = &request;
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	back_end_expect(fd, GET_HEAD "\r\n"); /* on the same connection */
	back_end_send(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
	TURN_UNTIL(is_over(second));
	assert_int_equal(201, second->status);
	free(first);
	free(second);
	close(fd);
}

/* --- back-pressure --------------------------------------------------------------------------------------------------------------- */

static void a_paused_answer_waits_in_the_back_end(void **state)
{
	struct outbound_request request = get();
	struct test_call *test = start(&request);
	static char megabyte[1 << 20];
	size_t sent = 0, at_pause;
	int fd = back_end_accept();

	(void)state;
	test->pause_in_head = true;
	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
	while (sent < sizeof megabyte) {
		ssize_t count = send(fd, megabyte + sent, sizeof megabyte - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		for (int i = 0; i < 3; i++)
			assert_int_equal(0, loop_turn(loop, false));
		if (count < 0)
			break;
		sent += (size_t)count;
	}
	at_pause = test->body_count;
	assert_true(at_pause <= LOOP_RECEIVE_BUFFER_BYTES);
	outbound_resume(&test->call);
	while (!is_over(test)) {
		ssize_t count = sent < sizeof megabyte ? send(fd, megabyte + sent, sizeof megabyte - sent, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

		if (count > 0)
			sent += (size_t)count;
		assert_int_equal(0, loop_turn(loop, false));
	}
	assert_int_equal(sizeof megabyte, test->body_count);
	assert_int_equal(1, test->lasts);
	free(test);
	close(fd);
}

static void a_slow_back_end_stops_the_sender(void **state)
{
	struct outbound_request request = { .target = &target, .head = view_of(POST_HEAD), .timeout_ms = 4000,
		.body = OUTBOUND_BODY_CHUNKED };
	struct test_call *test = start(&request);
	static char piece[65536], sink[65536];
	int fd = back_end_accept();
	unsigned int pieces = 1;

	(void)state;
	TURN_UNTIL(test->call.upstream != NULL);
	while (outbound_send(&test->call, view_from(piece, sizeof piece), false)) {
		assert_int_equal(0, loop_turn(loop, false));
		assert_true(pieces++ < 1000);
	}
	assert_int_equal(0, test->writables);
	while (!test->writables) {
		if (is_readable(fd, 0))
			assert_true(recv(fd, sink, sizeof sink, 0) > 0);
		assert_int_equal(0, loop_turn(loop, false));
	}
	assert_int_equal(1, test->writables);
	outbound_cancel(&test->call);
	free(test);
	close(fd);
}

static void an_early_answer_is_heard_although_sending_fails(void **state)
{
	struct outbound_request request = { .target = &target, .head = view_of(POST_HEAD), .timeout_ms = 2000,
		.body = OUTBOUND_BODY_LENGTH, .body_bytes = 1 << 20 };
	struct test_call *test = start(&request);
	int fd = back_end_accept();

	(void)state;
	back_end_expect(fd, POST_HEAD "Content-Length: 1048576\r\n\r\n");
	back_end_send(fd, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
	TURN_UNTIL(is_over(test));
	assert_int_equal(413, test->status);
	assert_int_equal(1, test->lasts);
	assert_true(outbound_send(&test->call, view_of("more"), false));
	back_end_expect_end(fd);
	free(test);
}

/* --- targets ------------------------------------------------------------------------------------------------------------------------ */

static void origins_are_taken_apart(void **state)
{
	struct outbound_origin origin;

	(void)state;
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("https://Pets.example:8443/v1?a=b"), true, true));
	assert_true(view_equals_text(origin.authority, "Pets.example:8443"));
	assert_true(view_equals_text(origin.target.host, "Pets.example"));
	assert_int_equal(8443, origin.target.port);
	assert_true(origin.target.tls && origin.target.insecure_skip_verification);
	assert_int_equal(strlen("https://Pets.example:8443"), origin.count);
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("http://h?x"), true, false));
	assert_int_equal(80, origin.target.port);
	assert_int_equal(8, origin.count);
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("http://h"), true, false));
	assert_int_equal(-EAGAIN, outbound_origin_parse(&origin, view_of("http://h"), false, false));
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("http://h/"), false, false));
	assert_true(outbound_origin_parse(&origin, view_of("ftp://h/"), true, false) < 0);
	assert_int_equal(-EINVAL, outbound_origin_parse(&origin, view_of("/path"), true, false));
}

static void targets_differ_by_every_part(void **state)
{
	struct outbound_target a, b;

	(void)state;
	assert_int_equal(0, outbound_target_init(&a, view_of("Host"), 80, false, false));
	assert_int_equal(0, outbound_target_init(&b, view_of("hOST"), 80, false, false));
	assert_true(a.hash == b.hash);
	assert_int_equal(0, outbound_target_init(&b, view_of("host"), 81, false, false));
	assert_false(a.hash == b.hash);
	assert_int_equal(0, outbound_target_init(&b, view_of("host"), 80, true, false));
	assert_false(a.hash == b.hash);
	assert_int_equal(-EINVAL, outbound_target_init(&b, view_of(""), 80, false, false));
	assert_int_equal(-EINVAL, outbound_target_init(&b, view_of("a\0b"), 80, false, false));
	assert_int_equal(-EINVAL, outbound_target_init(&b, view_of("h"), 0, false, false));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_kept_and_used_again),
		TEST(a_whole_body_is_sent_with_its_length),
		TEST(pieces_are_sent_as_chunks),
		TEST(an_empty_chunked_body_is_ended),
		TEST(answers_may_be_cut_anywhere),
		TEST(a_head_has_no_body_whatever_its_length_says),
		TEST(connections_that_can_not_be_trusted_are_closed),
		TEST(bytes_on_an_idle_connection_close_it),
		TEST(malformed_answers_fail),
		TEST(an_endless_head_fails),
		TEST(an_answer_cut_short_fails),
		TEST(a_stale_connection_is_replaced_for_a_get),
		TEST(it_is_replaced_once_only),
		TEST(what_is_not_safe_is_never_sent_twice),
		TEST(a_put_whose_body_stays_is_sent_again),
		TEST(no_listener_is_a_connect_error),
		TEST(a_forbidden_address_is_never_connected_to),
		TEST(a_name_is_judged_by_its_address),
		TEST(an_unknown_name_is_a_name_error),
		TEST(silence_is_a_time_out),
		TEST(a_body_that_stalls_is_a_time_out),
		TEST(a_slow_client_is_not_the_back_ends_fault),
		TEST(too_many_connections_are_refused),
		TEST(idle_connections_end_by_time_and_number),
		TEST(cancelling_within_a_handler_ends_the_call),
		TEST(cancelling_a_failed_call_keeps_its_error_away),
		TEST(the_next_call_may_start_within_the_last_piece),
		TEST(a_paused_answer_waits_in_the_back_end),
		TEST(a_slow_back_end_stops_the_sender),
		TEST(an_early_answer_is_heard_although_sending_fails),
		TEST(origins_are_taken_apart),
		TEST(targets_differ_by_every_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
