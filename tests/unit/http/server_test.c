/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of http/: requests and responses over real sockets; pipelining at every split; clients that leave. */
#include "tests/unit/http/site.h"

#include "appliance/http/connection.h"

static struct client client, other;

static void a_request_is_answered_and_the_connection_lives_on(void **state)
{
	static const char *const lines[] = { "HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/plain\r\n",
		"\r\nContent-Length: 5\r\n", "\r\nConnection: keep-alive\r\n", "\r\nDate: ", "\r\n\r\nhello" };

	(void)state;
	client_open(&client);
	for (size_t i = 1; i <= 3; i++) {
		client_send_text(&client, "GET /hello?a=b HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n");
		SITE_UNTIL(&client, client_count_of(&client, "\r\n\r\nhello") == i);
	}
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
		assert_int_equal(3, client_count_of(&client, lines[i]));
	assert_int_equal(3, http_server_stats(site.server)->requests);
	assert_int_equal(1, http_server_stats(site.server)->connections_accepted);
	client_close(&client);
	SITE_UNTIL_CONNECTIONS(&client, 0);
}

/* One of each kind of body, one after the other without waiting; the answers' bodies are told from their dates. */
static const char pipeline[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
			       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nfirst body."
			       "\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			       "3;e=f\r\none\r\n5\r\n, two\r\n0\r\nTrailer: t\r\n\r\n"
			       "POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd"
			       "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nunread"
			       "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n"
			       "GET /empty HTTP/1.1\r\nHost: x\r\n\r\n"
			       "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static void expect_pipeline_answers(void)
{
	static const char *const answers[] = { "\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
		"\r\n\r\nfirst body.HTTP/1.1 200 OK\r\n", "\r\n\r\none, twoHTTP/1.1 200 OK\r\n",
		"\r\n\r\n4HTTP/1.1 404 Not Found\r\n", "\r\n\r\nnoneHTTP/1.1 200 OK\r\n",
		"\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 204 No Content\r\n",
		"\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 200 OK\r\n", "\r\nConnection: close\r\n\r\nhello" };
	const char *at = client.input;

	SITE_UNTIL(&client, client.ended);
	assert_false(client.was_reset);
	for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
		at = memmem(at, client.count - (size_t)(at - client.input), answers[i], strlen(answers[i]));
		if (!at)
			fail_msg("no '%s' in '%.*s'", answers[i], (int)client.count, client.input);
	}
	assert_int_equal(8, client_count_of(&client, "HTTP/1.1 "));
	client_close(&client);
}

static void a_pipeline_is_answered_the_same_at_every_split(void **state)
{
	(void)state;
	for (size_t split = 0; split < sizeof pipeline; split++) {
		client_open(&client);
		client_send(&client, pipeline, split);
		site_turn();
		site_turn();
		client_send(&client, pipeline + split, sizeof pipeline - 1 - split);
		expect_pipeline_answers();
	}
	SITE_UNTIL_CONNECTIONS(&client, 0);
}

static void a_pipeline_is_answered_the_same_byte_by_byte(void **state)
{
	(void)state;
	client_open(&client);
	for (size_t i = 0; i + 1 < sizeof pipeline; i++) {
		client_send(&client, pipeline + i, 1);
		site_turn();
		client_read(&client);
	}
	expect_pipeline_answers();
}

static void requests_behind_a_waiting_one_are_answered_after_it(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	client_send_text(&client, "GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 5; i++)
		site_turn();
	assert_int_equal(0, client.count);
	assert_int_equal(1, http_server_stats(site.server)->requests);
	site_answer(site.held, 200, view_of("waited"));
	SITE_UNTIL(&client, client_has(&client, "204 No Content"));
	assert_true(client_has(&client, "\r\n\r\nwaitedHTTP/1.1 200 OK\r\n"));
	client_close(&client);
}

static void a_client_that_sends_ahead_without_end_is_held_up(void **state)
{
	/* More than the kernel's buffers of both sides ever hold. */
	static const size_t far_too_much_bytes = (size_t)256 << 20;
	static char ahead[1 << 16];
	size_t sent = 0;
	ssize_t now;

	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	memset(ahead, 'x', sizeof ahead);
	for (int idle = 0; idle < 50;) {
		now = send(client.fd, ahead, sizeof ahead, MSG_NOSIGNAL);
		sent += now > 0 ? (size_t)now : 0;
		idle = now > 0 ? 0 : idle + 1;
		site_turn();
		if (sent > far_too_much_bytes)
			fail_msg("the server took %zu bytes ahead of its answer", sent);
	}
	site_answer(site.held, 200, view_of("waited"));
	SITE_UNTIL(&client, client_has(&client, "waited"));
	SITE_UNTIL(&client, client_has(&client, "400 Bad Request"));
	client_close(&client);
}

static void old_clients_get_their_connection_closed_unless_they_ask(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "\r\n\r\nhello"));
	client_send_text(&client, "GET /hello HTTP/1.0\r\n\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_int_equal(1, client_count_of(&client, "Connection: keep-alive"));
	assert_int_equal(1, client_count_of(&client, "Connection: close"));
	client_close(&client);
	/* No length and no chunks: the end of the connection is the end of the body. */
	site.big_bytes = 100000;
	client_open(&client);
	client_send_text(&client, "GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_false(client_has(&client, "Transfer-Encoding") || client_has(&client, "Content-Length"));
	assert_true(client_has(&client, "Connection: close\r\n\r\nabc"));
	assert_true(client.count > 100000);
	client_close(&client);
}

static void an_incomplete_response_ends_in_a_reset(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /broken HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client.ended);
	assert_true(client.was_reset);
	client_close(&client);
}

static void a_field_that_the_server_writes_itself_or_that_is_malformed_is_refused(void **state)
{
	static const struct http_field bad[] = { { VIEW_INIT("content-length"), VIEW_INIT("5") },
		{ VIEW_INIT("Transfer-Encoding"), VIEW_INIT("chunked") },
		{ VIEW_INIT("Connection"), VIEW_INIT("close") }, { VIEW_INIT("Date"), VIEW_INIT("today") },
		{ VIEW_INIT("X"), VIEW_INIT("a\r\nSet-Cookie: b") }, { VIEW_INIT("X Y"), VIEW_INIT("a") } };
	static char large[HTTP_RESPONSE_HEAD_MAX_BYTES];
	struct http_field too_large = { VIEW_INIT("X"), { large, sizeof large } };

	(void)state;
	memset(large, 'x', sizeof large);
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(-EINVAL, http_respond(site.held, 200, &bad[i], 1, view_of("")));
	assert_int_equal(-ENOBUFS, http_respond(site.held, 200, &too_large, 1, view_of("")));
	site_answer(site.held, 502, view_of("instead"));
	SITE_UNTIL(&client, client_has(&client, "instead"));
	assert_memory_equal(client.input, "HTTP/1.1 502 ", 13);
	client_close(&client);
}

static void more_or_less_body_than_announced_is_a_reset(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		client_open(&client);
		client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
		SITE_UNTIL(&client, site.held);
		assert_int_equal(0, http_respond_head(site.held, 200, NULL, 0, 10));
		assert_int_equal(
			-EPROTO, http_respond_body(site.held, i ? view_of("much too long") : view_of("short"), true));
		http_done(site.held);
		site.held = NULL;
		SITE_UNTIL(&client, client.ended);
		assert_true(client.was_reset);
		client_close(&client);
	}
}

/* --- clients that leave */

static void expect_gone(void)
{
	SITE_UNTIL_CONNECTIONS(&client, 0);
	SITE_UNTIL(&client, site.gone_count == 1);
	assert_int_equal(1, http_server_stats(site.server)->exchanges_abandoned);
	assert_int_equal(0, http_server_stats(site.server)->exchanges_open);
}

static void a_client_that_resets_while_it_waits_is_told_to_the_handler(void **state)
{
	struct linger at_once = { .l_onoff = 1 };

	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	assert_int_equal(0, setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
	close(client.fd);
	client.ended = true;
	expect_gone();
}

static void a_client_that_leaves_in_the_middle_of_its_body_is_told_to_the_handler(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
	SITE_UNTIL(&client, http_server_stats(site.server)->requests == 1);
	client_close(&client);
	client.ended = true;
	expect_gone();
}

static void a_client_that_leaves_in_the_middle_of_a_response_is_told_to_the_handler(void **state)
{
	(void)state;
	site.big_bytes = 64 << 20;
	client_open(&client);
	client_send_text(&client, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client.count > 100000);
	client_close(&client);
	client.ended = true;
	expect_gone();
}

/* What was written for it must not be sent by whoever has its struct next. */
static void a_response_to_a_client_that_is_gone_is_forgotten(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, site.held);
	client_open(&other);
	client_send_text(&other, "GET /pour HTTP/1.1\r\nHost: x\r\n\r\n");
	client_close(&other);
	SITE_UNTIL(&client, client.ended);
	SITE_UNTIL_CONNECTIONS(&client, 0);
	client_close(&client);
	client_open(&client);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "hello"));
	assert_memory_equal("HTTP/1.1 200 OK", client.input, 15);
	client_close(&client);
}

static void a_half_closed_client_gets_its_response(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
	assert_int_equal(0, shutdown(client.fd, SHUT_WR));
	SITE_UNTIL(&client, site.held);
	for (int i = 0; i < 5; i++)
		site_turn();
	assert_int_equal(0, site.gone_count);
	assert_int_equal(0, http_body_collect(site.held, UINT64_MAX, site_collected));
	SITE_UNTIL(&client, client.ended);
	assert_true(client_has(&client, "\r\n\r\nbody"));
	assert_false(client.was_reset);
	client_close(&client);
}

static void a_half_closed_pipeline_is_answered_to_its_end(void **state)
{
	(void)state;
	client_open(&client);
	client_send_text(
		&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /inc");
	assert_int_equal(0, shutdown(client.fd, SHUT_WR));
	SITE_UNTIL(&client, client.ended);
	assert_int_equal(2, client_count_of(&client, "\r\n\r\nhello"));
	client_close(&client);
}

/* --- slow clients */

static void expect_big(size_t body_at)
{
	static char checked[1 << 20];
	size_t checked_count = 0;

	/* What has come is checked and thrown away, so that the buffer never stops the client. */
	memmove(client.input, client.input + body_at, client.count - body_at);
	client.count -= body_at;
	while (checked_count < site.big_bytes) {
		SITE_UNTIL(&client, client.count > 0);
		assert_true(client.count <= sizeof checked);
		for (size_t i = 0; i < client.count; i++)
			assert_int_equal(site_byte(checked_count + i), client.input[i]);
		checked_count += client.count;
		client.count = 0;
	}
}

static void a_slow_client_holds_up_its_producer_and_gets_every_byte(void **state)
{
	const char *body;

	(void)state;
	site.big_bytes = 16 << 20;
	client_open(&client);
	client_send_text(&client, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	/* It reads nothing: the server must come to rest. */
	for (int i = 0; i < 200; i++)
		site_turn();
	assert_non_null(site.held);
	assert_true(site.big_sent < site.big_bytes);
	SITE_UNTIL(&client, (body = memmem(client.input, client.count, "\r\n\r\n", 4)));
	expect_big((size_t)(body + 4 - client.input));
	assert_true(site.drained_count > 0);
	assert_true(site.high_water_bytes <= HTTP_WAITING_HIGH_BYTES + 32768);
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "\r\n\r\nhello"));
	client_close(&client);
}

static void a_response_without_length_is_chunked(void **state)
{
	size_t count = 0, decoded = 0;
	struct http1_chunked chunked;
	enum http1_result result;
	struct view data;
	char *at;

	(void)state;
	site.big_bytes = 300000;
	client_open(&client);
	client_send_text(&client, "GET /chunked HTTP/1.1\r\nHost: x\r\n\r\n");
	SITE_UNTIL(&client, client_has(&client, "\r\n0\r\n\r\n"));
	assert_true(client_has(&client, "\r\nTransfer-Encoding: chunked\r\n"));
	at = (char *)memmem(client.input, client.count, "\r\n\r\n", 4) + 4;
	http1_chunked_init(&chunked);
	while ((result = http1_chunked_next(&chunked, at, client.count - (size_t)(at - client.input), &count, &data)) ==
		HTTP1_OK) {
		for (size_t i = 0; i < data.count; i++)
			assert_int_equal(site_byte(decoded + i), data.at[i]);
		decoded += data.count;
		at += count;
	}
	assert_int_equal(HTTP1_END, result);
	assert_int_equal(site.big_bytes, decoded);
	client_close(&client);
}

/* --- memory */

static void the_steady_state_takes_nothing_from_the_heap(void **state)
{
	uint64_t arena_mallocs = 0;

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		client_open(&client);
		for (size_t i = 1; i <= 20; i++) {
			client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
			site_turn();
			client_send_text(&client, "cd");
			SITE_UNTIL(&client, client_count_of(&client, "\r\n\r\nabcd") == i);
		}
		client_close(&client);
		client.ended = true;
		SITE_UNTIL_CONNECTIONS(&client, 0);
		if (round == 0)
			arena_mallocs = site.server->arenas.malloc_count;
		/* One connection and one exchange, used again and again. */
		assert_int_equal(arena_mallocs, site.server->arenas.malloc_count);
		assert_int_equal(1, site.server->free_connection_count);
		assert_null(site.server->free_exchanges->next_free);
	}
}

/* Memory goes to what was sent, not to what was announced, and large bodies can't take all of it. */
static void collected_bodies_share_a_bounded_memory(void **state)
{
	static char body[3000000];

	(void)state;
	memset(body, 'b', sizeof body);
	site.server->arenas.large_max_bytes = 2u << 20;
	client_open(&client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
	client_send(&client, body, 10000);
	SITE_UNTIL(&client, http_server_stats(site.server)->request_bytes >= 10000);
	assert_int_equal(0, site.server->arenas.large_bytes);
	client_send(&client, body, 490000);
	SITE_UNTIL(&client, http_server_stats(site.server)->request_bytes >= 500000);
	assert_true(site.server->arenas.large_bytes > 0);
	client_open(&other);
	client_send_text(&other, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nsmall");
	SITE_UNTIL(&other, client_has(&other, "small"));
	client_close(&other);
	client_send(&client, body, 2500000);
	SITE_UNTIL(&client, client_has(&client, "HTTP/1.1 400 "));
	assert_int_equal(-ENOMEM, site.body_error);
	client_close(&client);
	SITE_UNTIL_CONNECTIONS(&other, 0);
	assert_int_equal(0, site.server->arenas.large_bytes);
}

static void an_idle_connection_holds_no_buffer(void **state)
{
	const struct http_connection *connection;

	(void)state;
	client_open(&client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd");
	SITE_UNTIL(&client, client_has(&client, "abcd"));
	connection = CONTAINER_OF(list_first(&site.server->connections), struct http_connection, link);
	assert_int_equal(CONNECTION_IDLE, connection->state);
	assert_null(connection->kept.first);
	assert_null(connection->stream.waiting.first);
	assert_null(connection->x);
	assert_true(sizeof *connection <= 1024);
	client_close(&client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, site_set_up, site_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_and_the_connection_lives_on),
		TEST(a_pipeline_is_answered_the_same_at_every_split),
		TEST(a_pipeline_is_answered_the_same_byte_by_byte),
		TEST(requests_behind_a_waiting_one_are_answered_after_it),
		TEST(a_client_that_sends_ahead_without_end_is_held_up),
		TEST(old_clients_get_their_connection_closed_unless_they_ask),
		TEST(an_incomplete_response_ends_in_a_reset),
		TEST(a_field_that_the_server_writes_itself_or_that_is_malformed_is_refused),
		TEST(more_or_less_body_than_announced_is_a_reset),
		TEST(a_client_that_resets_while_it_waits_is_told_to_the_handler),
		TEST(a_client_that_leaves_in_the_middle_of_its_body_is_told_to_the_handler),
		TEST(a_client_that_leaves_in_the_middle_of_a_response_is_told_to_the_handler),
		TEST(a_response_to_a_client_that_is_gone_is_forgotten),
		TEST(a_half_closed_client_gets_its_response),
		TEST(a_half_closed_pipeline_is_answered_to_its_end),
		TEST(a_slow_client_holds_up_its_producer_and_gets_every_byte),
		TEST(a_response_without_length_is_chunked),
		TEST(the_steady_state_takes_nothing_from_the_heap),
		TEST(collected_bodies_share_a_bounded_memory),
		TEST(an_idle_connection_holds_no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
