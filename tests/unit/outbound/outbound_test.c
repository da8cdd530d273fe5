/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound: what is on the wire, both ways; what is kept; what is sent twice. */
#include "tests/unit/outbound/outbound_scene.h"

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
	struct outbound_request request = { .target = &target,
		.head = view_of(POST_HEAD),
		.timeout_ms = 2000,
		.body = OUTBOUND_BODY_CHUNKED,
		.first_body = view_of("first") };
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
	struct outbound_request request = { .target = &target,
		.head = view_of(POST_HEAD),
		.timeout_ms = 2000,
		.body = OUTBOUND_BODY_CHUNKED,
		.body_complete = true };
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
		fail_msg("cut at %zu: errors %u (%d), body '%.*s'", cut, test->errors, (int)test->error,
			(int)test->body_count, test->body);
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
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n",
			"abcde", false },
		{ "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "
		  "OK\r\nContent-Length: 1\r\n\r\nz",
			"z", false },
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
