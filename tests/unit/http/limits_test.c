/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of http/: what is refused, what is too large, what is too slow, how it ends. */
#include "tests/unit/http/site.h"

static struct client client, other;

/* A server whose time-outs are as short as the timers allow. */
static int impatient_set_up(void **state)
{
	int result = site_set_up(state);

	site.limits.head_timeout_ms = site.limits.body_timeout_ms = site.limits.send_timeout_ms = 40;
	site.limits.idle_timeout_ms = site.limits.linger_timeout_ms = 40;
	return result;
}

static void malformed_requests_are_refused_and_the_connection_closed(void **state)
{
	static char long_target[9000], long_headers[9000];
	const struct {
		const char *request, *answer;
	} cases[] = {
		{ "GET /hello HTTP/1.1\r\n\r\n", "400 Bad Request" },
		{ "GET /hello HTTP/1.1\nHost: x\n\n", "400 Bad Request" },
		{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
			"400 Bad Request" },
		{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
			"400 Bad Request" },
		{ "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", "400 Bad Request" },
		{ "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501 Not Implemented" },
		{ "GET /hello HTTP/1.1\r\nHost: x\r\nFoo : bar\r\n\r\n", "400 Bad Request" },
		{ "GET /hello HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400 Bad Request" },
		{ "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported" },
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", "400 Bad Request" },
		{ "POST /hello HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", "417 Expectation Failed" },
		{ long_target, "414 URI Too Long" },
		{ long_headers, "431 Request Header Fields Too Large" },
	};

	(void)state;
	memset(long_target, 'a', sizeof long_target - 1);
	memcpy(long_target, "GET /", 5);
	memset(long_headers, 'a', sizeof long_headers - 1);
	memcpy(long_headers, "GET /hello HTTP/1.1\r\nHost: x\r\nX: ", 33);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		client_open(&client);
		client_send_text(&client, cases[i].request);
		SITE_UNTIL(&client, client_has(&client, "\r\n\r\n{\"message\":"));
		if (!client_has(&client, cases[i].answer))
			fail_msg("'%s': '%.*s'", cases[i].request, (int)client.count, client.input);
		/* What a smuggler has sent behind it is never looked at. */
		client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
		SITE_UNTIL(&client, client.ended);
		assert_false(client.was_reset);
		assert_int_equal(1, client_count_of(&client, "HTTP/1.1 "));
		assert_true(client_has(&client, "Connection: close\r\n"));
		client_close(&client);
	}
	SITE_UNTIL_CONNECTIONS(&client, 0);
	assert_int_equal(ARRAY_COUNT(cases), http_server_stats(site.server)->requests_refused);
	assert_int_equal(0, http_server_stats(site.server)->requests);
}

static void a_handler_may_answer_malformed_requests_itself(void **state)
{
	(void)state;
	http_server_free(site.server);
	site.released_count = 0;
	site.answers_refusals = true;
	site_listen(NULL, NULL);
	client_open(&client);
	client_send_text(
		&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_int_equal(HTTP1_RULE_HOST_MANY, site.refused_rule);
	assert_true(client_has(&client, "\r\n\r\nhelloHTTP/1.1 400 Bad Request\r\n"));
	assert_true(client_has(&client, "Connection: close\r\n\r\nthere is more than one Host field"));
	client_close(&client);
}

static void malformed_chunks_are_told_to_the_handler(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_int_equal(-EPROTO, site.body_error);
	assert_true(client_has(&client, "HTTP/1.1 400 ") && client_has(&client, "Connection: close\r\n"));
	client_close(&client);
}

static void a_body_over_the_limit_gets_the_recorded_answer(void **state)
{
	static const char *const heads[] = { "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n",
		"POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nA00001\r\n",
		"POST /pieces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nA00001\r\n" };
	static char body[10485761];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
		client_open(&client);
		client_send_text(&client, heads[i]);
		if (i >= 2)
			client_send(&client, body, sizeof body);
		SITE_UNTIL(&client, client.ended);
		assert_false(client.was_reset);
		assert_true(client_has(&client, "HTTP/1.1 413 "));
		assert_true(client_has(&client, "\r\nContent-Type: text; charset=utf-8\r\n"));
		assert_true(client_has(&client, "\r\nContent-Length: 44\r\n"));
		assert_true(client_has(&client, "\r\n\r\nHTTP content length exceeded 10485760 bytes."));
		client_close(&client);
	}
}

static void a_body_of_exactly_the_limit_is_taken(void **state)
{
	static char body[10485760];

	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /pieces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nA00000\r\n");
	client_send(&client, body, sizeof body);
	client_send_text(&client, "\r\n0\r\n\r\nPOST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n");
	client_send(&client, body, sizeof body);
	SITE_UNTIL(&client, client_count_of(&client, "\r\n\r\n10485760") == 2);
	client_close(&client);
}

/* --- bodies that are asked for late, or not at all */

static void a_client_that_expects_100_gets_it_when_the_body_is_wanted(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(
		&client, "POST /wait HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	for (int i = 0; i < 5; i++)
		site_turn();
	client_read(&client);
	assert_int_equal(0, client.count);
	assert_int_equal(0, http_body_collect(site.held, UINT64_MAX, site_collected));
	SITE_UNTIL(&client, client_has(&client, "HTTP/1.1 100 Continue\r\n\r\n"));
	client_send_text(&client, "body");
	SITE_UNTIL(&client, client_has(&client, "Connection: keep-alive\r\n\r\nbody"));
	client_close(&client);
}

static void a_client_that_expects_100_and_is_refused_gets_no_100(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(
		&client, "POST /early HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_memory_equal(client.input, "HTTP/1.1 404 ", 13);
	assert_true(client_has(&client, "Connection: close\r\n"));
	client_close(&client);
}

static void a_long_unwanted_body_closes_the_connection_without_losing_the_answer(void **state)
{
	static char body[300000];

	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	client_send(&client, body, sizeof body);
	SITE_UNTIL(&client, client.ended);
	assert_false(client.was_reset);
	assert_true(client_has(&client, "HTTP/1.1 404 ") && client_has(&client, "Connection: close\r\n"));
	client_close(&client);
}

static void a_short_unwanted_body_that_comes_late_is_read_past(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "\r\n\r\nnone"));
	client_send_text(&client, "GET /junGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "\r\n\r\nhello"));
	client_close(&client);
}

static void a_whole_body_is_given_without_a_copy_if_it_is_there(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
				  "GET /whole HTTP/1.1\r\nHost: x\r\n\r\n"
				  "POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal");
	SITE_UNTIL(&client, client_has(&client, "not here"));
	assert_true(client_has(&client, "\r\n\r\nbodyHTTP/1.1 200 OK\r\n"));
	assert_true(client_has(&client, "Content-Length: 0\r\n"));
	client_close(&client);
}

static void a_paused_body_holds_the_client_up(void **state)
{
	static char body[8 << 20];
	size_t sent = 0;

	(void)state;
	site.pause_pieces = true;
	client_open(&client);
	client_send_text(&client, "POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n");
	for (unsigned resumed = 0; !client_has(&client, "\r\n\r\n8388608");) {
		ssize_t now = sent < sizeof body ? send(client.fd, body + sent, sizeof body - sent, MSG_NOSIGNAL) : 0;

		sent += now > 0 ? (size_t)now : 0;
		site_turn();
		client_read(&client);
		if (site.held) {
			struct exchange *x = site.held;
			uint64_t before = x->request_body_bytes;

			/* While it is paused nothing more is delivered. */
			for (int i = 0; i < 3; i++)
				site_turn();
			assert_int_equal(before, x->request_body_bytes);
			assert_true(++resumed < 100000);
			site.held = NULL;
			http_body_resume(x);
		}
	}
	client_close(&client);
}

/* --- time */

static void a_head_that_does_not_come_is_answered_408(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHo");
	SITE_UNTIL(&client, client.ended);
	assert_true(client_has(&client, "HTTP/1.1 408 Request Timeout\r\n"));
	assert_int_equal(1, http_server_stats(site.server)->timeouts);
	client_close(&client);
}

/* A byte each millisecond: faster, the head would meet the limit of its size first. */
static void trickle(uint64_t *last_ms)
{
	uint64_t now_ms = clock_monotonic_ms();

	if (now_ms == *last_ms)
		return;
	*last_ms = now_ms;
	(void)!send(client.fd, "x", 1, MSG_NOSIGNAL);
}

static void a_head_that_trickles_does_not_move_its_time_limit(void **state)
{
	uint64_t last_ms = 0;

	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: x\r\nX: ");
	SITE_UNTIL(&client, (trickle(&last_ms), client_has(&client, "HTTP/1.1 408 ")));
	client_close(&client);
}

static void an_idle_connection_is_closed_quietly(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_false(client.was_reset);
	assert_int_equal(1, client_count_of(&client, "HTTP/1.1 "));
	client_close(&client);
}

static void a_body_that_does_not_come_is_told_to_the_handler(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
	SITE_UNTIL(&client, client.ended);
	assert_int_equal(-ETIMEDOUT, site.body_error);
	assert_true(client_has(&client, "HTTP/1.1 408 "));
	client_close(&client);
}

static void a_client_that_takes_nothing_is_given_up(void **state)
{
	(void)state;
	site.big_bytes = 64 << 20;
	client_open(&client);
	client_send_text(&client, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	client.count = sizeof client.input; /* reads no more */
	SITE_UNTIL(&client, site.gone_count == 1);
	client.count = 0;
	SITE_UNTIL_CONNECTIONS(&client, 0);
	client_close(&client);
}

static void a_handler_may_take_its_time(void **state)
{
	uint64_t until_ms = clock_monotonic_ms() + 200;

	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held && clock_monotonic_ms() > until_ms);
	site_answer(site.held, 200, view_of("at last"));
	SITE_UNTIL(&client, client_has(&client, "at last"));
	client_close(&client);
}

/* --- ends */

static bool is_drained;

static void drained(void *context)
{
	assert_ptr_equal(&client, context);
	is_drained = true;
}

static void a_drain_lets_running_exchanges_end_and_says_so(void **state)
{
	(void)state;
	is_drained = false;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	client_open(&other); /* recent: it may be about to send, and gets its answer */
	SITE_UNTIL_CONNECTIONS(&other, 2);
	http_server_drain(site.server, SITE_WAIT_MS, drained, &client);
	client_send_text(&other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&other, other.ended);
	assert_true(client_has(&other, "Connection: close\r\n\r\nhello"));
	assert_false(is_drained);
	site_answer(site.held, 200, view_of("waited"));
	SITE_UNTIL(&client, client.ended);
	assert_true(client_has(&client, "Connection: close\r\n\r\nwaited"));
	SITE_UNTIL(&client, is_drained);
	client_close(&client);
	client_close(&other);
}

static void a_drain_ends_connections_that_stay_idle(void **state)
{
	(void)state;
	is_drained = false;
	client_open(&client);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "hello"));
	http_server_drain(site.server, 60000, drained, &client);
	SITE_UNTIL(&client, client.ended);
	client_close(&client);
	SITE_UNTIL(&other, is_drained);
}

static void a_drain_cuts_what_is_left_at_its_limit(void **state)
{
	(void)state;
	is_drained = false;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	http_server_drain(site.server, 20, drained, &client);
	SITE_UNTIL(&client, is_drained);
	assert_int_equal(1, site.gone_count);
	client_close(&client);
}

static void a_drain_of_an_idle_server_is_over_at_once(void **state)
{
	(void)state;
	is_drained = false;
	http_server_drain(site.server, SITE_WAIT_MS, drained, &client);
	SITE_UNTIL(&client, is_drained);
}

static void freeing_the_server_tells_waiting_exchanges(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	http_server_free(site.server);
	assert_int_equal(1, site.gone_count);
	assert_int_equal(1, site.released_count);
	site.released_count = 0;
	site_listen(NULL, NULL); /* for the tear-down */
	client_close(&client);
}

static void a_closed_listener_is_released_after_its_last_connection(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	client_open(&other);
	SITE_UNTIL_CONNECTIONS(&client, 2);
	http_listener_close(site.listener, false, true);
	SITE_UNTIL(&other, other.ended);
	assert_int_equal(0, site.released_count);
	site_answer(site.held, 200, view_of("waited"));
	SITE_UNTIL(&client, client.ended);
	assert_true(client_has(&client, "Connection: close\r\n\r\nwaited"));
	SITE_UNTIL(&client, site.released_count == 1);
	client_close(&client);
	client_close(&other);
}

static void connections_over_the_limit_wait_in_the_kernel(void **state)
{
	(void)state;
	site.limits.connection_max_count = 1;
	client_open(&client);
	SITE_UNTIL_CONNECTIONS(&client, 1);
	client_open(&other);
	client_send_text(&other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 5; i++)
		site_turn();
	assert_int_equal(1, http_server_stats(site.server)->connections_accepted);
	client_close(&client);
	client.ended = true;
	SITE_UNTIL(&other, client_has(&other, "\r\n\r\nhello"));
	client_close(&other);
}

static void an_idle_connection_makes_room_for_one_that_asks(void **state)
{
	(void)state;
	site.limits.connection_max_count = 1;
	client_open(&client);
	SITE_UNTIL_CONNECTIONS(&client, 1);
	client_open(&other);
	client_send_text(&other, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&other, client_has(&other, "\r\n\r\nhello"));
	SITE_UNTIL(&client, client.ended);
	client_close(&client);
	client_close(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, site_set_up, site_tear_down)
#define IMPATIENT_TEST(name) cmocka_unit_test_setup_teardown(name, impatient_set_up, site_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(malformed_requests_are_refused_and_the_connection_closed),
		TEST(a_handler_may_answer_malformed_requests_itself),
		TEST(malformed_chunks_are_told_to_the_handler),
		TEST(a_body_over_the_limit_gets_the_recorded_answer),
		TEST(a_body_of_exactly_the_limit_is_taken),
		TEST(a_client_that_expects_100_gets_it_when_the_body_is_wanted),
		TEST(a_client_that_expects_100_and_is_refused_gets_no_100),
		TEST(a_long_unwanted_body_closes_the_connection_without_losing_the_answer),
		TEST(a_short_unwanted_body_that_comes_late_is_read_past),
		TEST(a_whole_body_is_given_without_a_copy_if_it_is_there),
		TEST(a_paused_body_holds_the_client_up),
		IMPATIENT_TEST(a_head_that_does_not_come_is_answered_408),
		IMPATIENT_TEST(a_head_that_trickles_does_not_move_its_time_limit),
		IMPATIENT_TEST(an_idle_connection_is_closed_quietly),
		IMPATIENT_TEST(a_body_that_does_not_come_is_told_to_the_handler),
		IMPATIENT_TEST(a_client_that_takes_nothing_is_given_up),
		IMPATIENT_TEST(a_handler_may_take_its_time),
		TEST(a_drain_lets_running_exchanges_end_and_says_so),
		TEST(a_drain_ends_connections_that_stay_idle),
		TEST(a_drain_cuts_what_is_left_at_its_limit),
		TEST(a_drain_of_an_idle_server_is_over_at_once),
		TEST(freeing_the_server_tells_waiting_exchanges),
		TEST(a_closed_listener_is_released_after_its_last_connection),
		TEST(connections_over_the_limit_wait_in_the_kernel),
		TEST(an_idle_connection_makes_room_for_one_that_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
