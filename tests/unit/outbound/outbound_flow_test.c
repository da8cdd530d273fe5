/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound: failures, time-outs, limits, handlers that start and cancel calls, back-pressure, targets. */
#include "tests/unit/outbound/outbound_scene.h"

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
	assert_int_equal(0, outbound_target_init(&named, view_of("LocalHost"), port, false, TLS_VERIFY_ALL));
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
	assert_int_equal(0, outbound_target_init(&named, view_of("no such name"), port, false, TLS_VERIFY_ALL));
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
	struct outbound_request request = { .target = &target,
		.head = view_of(POST_HEAD),
		.timeout_ms = 50,
		.body = OUTBOUND_BODY_LENGTH,
		.body_bytes = 4 };
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

/* A second answer behind the first is nobody's, also when it begins where a read has ended. */
static void what_follows_an_answer_is_not_the_next_one_s(void **state)
{
	static const char evil[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
	static char answer[LOOP_RECEIVE_BUFFER_BYTES + sizeof evil];
	struct outbound_request request = get();
	struct test_call *first = start(&request), *second = calloc(1, sizeof *second);
	int fd = back_end_accept(), second_fd, head_chars, more = 4 * LOOP_RECEIVE_BUFFER_BYTES;

	(void)state;
	first->start_at_end = second;
	first->next_request = &request;
	back_end_expect(fd, GET_HEAD "\r\n");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &more, sizeof more);
	memset(answer, 'x', sizeof answer);
	head_chars = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LOOP_RECEIVE_BUFFER_BYTES - 42);
	assert_int_equal(42, head_chars);
	answer[42] = 'x';
	memcpy(answer + LOOP_RECEIVE_BUFFER_BYTES, evil, sizeof evil);
	back_end_send(fd, answer);
	TURN_UNTIL(is_over(first));
	assert_int_equal(LOOP_RECEIVE_BUFFER_BYTES - 42, first->body_count);
	second_fd = back_end_accept();
	back_end_expect(second_fd, GET_HEAD "\r\n");
	back_end_send(second_fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
	TURN_UNTIL(is_over(second));
	assert_memory_equal("good", second->body, 4);
	close(fd);
	close(second_fd);
	free(first);
	free(second);
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
		ssize_t count = sent < sizeof megabyte
					? send(fd, megabyte + sent, sizeof megabyte - sent, MSG_DONTWAIT | MSG_NOSIGNAL)
					: 0;

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
	struct outbound_request request = {
		.target = &target, .head = view_of(POST_HEAD), .timeout_ms = 4000, .body = OUTBOUND_BODY_CHUNKED
	};
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
	struct outbound_request request = { .target = &target,
		.head = view_of(POST_HEAD),
		.timeout_ms = 2000,
		.body = OUTBOUND_BODY_LENGTH,
		.body_bytes = 1 << 20 };
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
	assert_int_equal(
		0, outbound_origin_parse(&origin, view_of("https://Pets.example:8443/v1?a=b"), true, TLS_VERIFY_NAME));
	assert_true(view_equals_text(origin.authority, "Pets.example:8443"));
	assert_true(view_equals_text(origin.target.host, "Pets.example"));
	assert_int_equal(8443, origin.target.port);
	assert_true(origin.target.tls && origin.target.verification == TLS_VERIFY_NAME);
	assert_int_equal(strlen("https://Pets.example:8443"), origin.count);
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("http://h?x"), true, TLS_VERIFY_ALL));
	assert_int_equal(80, origin.target.port);
	assert_int_equal(8, origin.count);
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("http://h"), true, TLS_VERIFY_ALL));
	assert_int_equal(-EAGAIN, outbound_origin_parse(&origin, view_of("http://h"), false, TLS_VERIFY_ALL));
	assert_int_equal(0, outbound_origin_parse(&origin, view_of("http://h/"), false, TLS_VERIFY_ALL));
	assert_true(outbound_origin_parse(&origin, view_of("ftp://h/"), true, TLS_VERIFY_ALL) < 0);
	assert_int_equal(-EINVAL, outbound_origin_parse(&origin, view_of("/path"), true, TLS_VERIFY_ALL));
}

static void targets_differ_by_every_part(void **state)
{
	static const struct outbound_identity identity = { .fingerprint = { 1, 2, 3 } };
	struct outbound_target a, b;

	(void)state;
	assert_int_equal(0, outbound_target_init(&a, view_of("Host"), 80, false, TLS_VERIFY_ALL));
	assert_int_equal(0, outbound_target_init(&b, view_of("hOST"), 80, false, TLS_VERIFY_ALL));
	assert_true(a.hash == b.hash);
	assert_int_equal(0, outbound_target_init(&b, view_of("host"), 81, false, TLS_VERIFY_ALL));
	assert_false(a.hash == b.hash);
	assert_int_equal(0, outbound_target_init(&b, view_of("host"), 80, true, TLS_VERIFY_ALL));
	assert_false(a.hash == b.hash);
	/* By who we are to it, too, but only where that is shown. */
	outbound_target_identify(&b, NULL);
	a = b;
	outbound_target_identify(&b, &identity);
	assert_false(a.hash == b.hash);
	assert_ptr_equal(&identity, b.identity);
	assert_int_equal(0, outbound_target_init(&b, view_of("host"), 80, false, TLS_VERIFY_ALL));
	outbound_target_identify(&b, &identity);
	assert_null(b.identity);
	assert_int_equal(-EINVAL, outbound_target_init(&b, view_of(""), 80, false, TLS_VERIFY_ALL));
	assert_int_equal(-EINVAL, outbound_target_init(&b, view_of("a\0b"), 80, false, TLS_VERIFY_ALL));
	assert_int_equal(-EINVAL, outbound_target_init(&b, view_of("h"), 0, false, TLS_VERIFY_ALL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_listener_is_a_connect_error),
		TEST(a_forbidden_address_is_never_connected_to),
		TEST(a_name_is_judged_by_its_address),
		TEST(an_unknown_name_is_a_name_error),
		TEST(silence_is_a_time_out),
		TEST(a_body_that_stalls_is_a_time_out),
		TEST(a_slow_client_is_not_the_back_ends_fault),
		TEST(too_many_connections_are_refused),
		TEST(what_follows_an_answer_is_not_the_next_one_s),
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
