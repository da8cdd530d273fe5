/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of tls/: handshakes and bytes through streams, cut into pieces of every kind; ends and breaks. */
#include "tests/unit/tls/pair.h"

static char pattern[1 << 20];

static void fill_pattern(void)
{
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (char)(i * 31 + i / 253);
}

static void a_handshake_gives_its_facts(void **state)
{
	struct tls_facts facts;

	(void)state;
	pair_open_as(pair.worker, pair.trusting, "API.Example.TEST");
	PAIR_SECURED();
	tls_facts_read(&pair.server.stream, &facts);
	assert_string_equal("TLSv1.3", facts.version);
	assert_string_equal("TLS_AES_128_GCM_SHA256", facts.cipher);
	assert_true(view_equals(facts.server_name, view_of("api.example.test")));
	assert_false(facts.resumed || facts.is_http2);
	tls_facts_read(&pair.client.stream, &facts);
	assert_string_equal("TLSv1.3", facts.version);
	tls_facts_read(NULL, &facts);
	assert_string_equal("", facts.version);
	assert_string_equal("", facts.cipher);
	assert_int_equal(0, facts.server_name.count);
}

static void handshake_and_bytes_survive_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 64, 1000, 16384, 65536 };

	(void)state;
	fill_pattern();
	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		size_t count = pieces[i] < 64 ? 20000 : sizeof pattern;

		pair.piece_bytes = pieces[i];
		pair_open();
		PAIR_SECURED();
		end_write(&pair.client, pattern, count);
		end_write(&pair.server, pattern, count);
		PAIR_UNTIL(pair.server.count >= count && pair.client.count >= count);
		assert_int_equal(count, pair.server.count);
		assert_memory_equal(pattern, pair.server.input, count);
		assert_memory_equal(pattern, pair.client.input, count);
		pair_close();
	}
}

static void parts_of_a_write_arrive_in_order_whatever_their_sizes(void **state)
{
	static const size_t sizes[][4] = { { 200, 18, 5000, 2 }, { 0, 16384, 0, 1 }, { 16384, 16384, 16384, 16384 },
		{ 1, 16383, 16385, 32769 }, { 300, 65536, 2, 0 }, { 40000, 1, 40000, 1 } };
	size_t at = 0;

	(void)state;
	fill_pattern();
	pair_open();
	PAIR_SECURED();
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct iovec parts[4];

		for (size_t j = 0; j < 4; j++) {
			parts[j] = (struct iovec){ .iov_base = pattern + at, .iov_len = sizes[i][j] };
			at += sizes[i][j];
		}
		assert_true(stream_write(&pair.server.stream, parts, 4) >= 0);
	}
	PAIR_UNTIL(pair.client.count == at);
	assert_memory_equal(pattern, pair.client.input, at);
}

static void a_small_reader_gets_all_of_a_large_record(void **state)
{
	(void)state;
	fill_pattern();
	pair_open();
	PAIR_SECURED();
	pair.server.read_room = 100; /* a record of 16 KB and what came behind it wait inside */
	end_write(&pair.client, pattern, 100000);
	PAIR_UNTIL(pair.server.count == 100000);
	assert_memory_equal(pattern, pair.server.input, 100000);
}

static void a_paused_stream_keeps_what_is_inside_until_it_is_resumed(void **state)
{
	size_t count;

	(void)state;
	fill_pattern();
	pair_open();
	PAIR_SECURED();
	pair.server.read_room = 100;
	end_write(&pair.client, pattern, 40000);
	PAIR_UNTIL(pair.server.count >= 100);
	stream_pause(&pair.server.stream);
	count = pair.server.count;
	for (int i = 0; i < 20; i++)
		pair_turn();
	assert_int_equal(count, pair.server.count);
	stream_resume(&pair.server.stream);
	PAIR_UNTIL(pair.server.count == 40000);
	assert_memory_equal(pattern, pair.server.input, 40000);
}

static void a_farewell_is_the_end_of_input_and_the_other_way_stays_open(void **state)
{
	(void)state;
	pair_open();
	PAIR_SECURED();
	end_write(&pair.client, "last", 4);
	stream_end(&pair.client.stream);
	PAIR_UNTIL(pair.server.ended);
	assert_int_equal(4, pair.server.count);
	end_write(&pair.server, "reply", 5);
	PAIR_UNTIL(pair.client.count == 5);
	stream_end(&pair.server.stream);
	PAIR_UNTIL(pair.client.ended);
}

static void an_end_without_farewell_is_an_error(void **state)
{
	(void)state;
	pair.piece_bytes = 65536;
	pair_open();
	PAIR_SECURED();
	assert_int_equal(0, shutdown(pair.relay[0], SHUT_WR));
	PAIR_UNTIL(pair.server.error);
	assert_int_equal(-ECONNABORTED, pair.server.error);
}

static void a_changed_byte_breaks_the_stream(void **state)
{
	char piece[65536];
	ssize_t count;

	(void)state;
	pair.piece_bytes = 65536;
	pair_open();
	PAIR_SECURED();
	end_write(&pair.client, "secret", 6);
	count = recv(pair.relay[1], piece, sizeof piece, 0);
	assert_true(count > 20);
	piece[count - 3] ^= 1;
	assert_int_equal(count, send(pair.relay[0], piece, (size_t)count, 0));
	PAIR_UNTIL(pair.server.error);
	assert_int_equal(-EPROTO, pair.server.error);
	assert_int_equal(0, pair.server.count);
	assert_true(stream_write(&pair.server.stream, &(struct iovec){ .iov_base = piece, .iov_len = 1 }, 1) < 0);
}

static void output_that_the_peer_does_not_take_waits_and_drains(void **state)
{
	size_t sent = 0;

	(void)state;
	fill_pattern();
	pair_open();
	PAIR_SECURED();
	stream_pause(&pair.client.stream);
	for (; sent < sizeof pattern; sent += 32768)
		end_write(&pair.server, pattern + sent, 32768);
	assert_true(stream_waiting_bytes(&pair.server.stream) > 0);
	stream_resume(&pair.client.stream);
	PAIR_UNTIL(pair.client.count == sizeof pattern && pair.server.drained);
	assert_memory_equal(pattern, pair.client.input, sizeof pattern);
}

/* --- what is no handshake */

static void what_is_no_hello_fails_without_an_answer(void **state)
{
	static const char *const garbage[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x80\x2e\x01\x00\x02",
		"\x17\x03\x03\x01", "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(garbage); i++) {
		size_t count = i == 3 ? 10 : strlen(garbage[i]);
		int server_fd, client_fd;
		char answer;

		pair_reset_ends();
		pair_sockets(&server_fd, &client_fd);
		assert_int_equal(0,
			tls_server_open(&pair.server.stream, pair.worker, server_fd, &end_owner, pair_choose, &pair));
		for (size_t at = 0; at < count && !pair.server.error; at++) {
			assert_int_equal(1, send(client_fd, garbage[i] + at, 1, MSG_NOSIGNAL));
			pair_turn();
		}
		PAIR_UNTIL(pair.server.error);
		assert_int_equal(-EPROTO, pair.server.error);
		assert_true(recv(client_fd, &answer, 1, 0) <= 0);
		assert_false(stream_is_open(&pair.server.stream));
		close(client_fd);
	}
}

static void a_client_that_leaves_in_the_middle_of_its_hello_fails(void **state)
{
	int server_fd, client_fd;

	(void)state;
	pair_sockets(&server_fd, &client_fd);
	assert_int_equal(
		0, tls_server_open(&pair.server.stream, pair.worker, server_fd, &end_owner, pair_choose, &pair));
	assert_int_equal(5, send(client_fd, "\x16\x03\x01\x02\x00", 5, 0));
	pair_turn();
	assert_int_equal(0, pair.server.error);
	close(client_fd);
	PAIR_UNTIL(pair.server.error);
	assert_int_equal(-ECONNRESET, pair.server.error);
}

static void a_name_that_nobody_serves_is_refused_with_an_alert(void **state)
{
	(void)state;
	tls_server_context_unref(pair.context);
	pair.context = NULL;
	pair_open();
	PAIR_UNTIL(pair.server.error && pair.client.error);
	assert_int_equal(-EPROTO, pair.server.error);
	assert_true(pair.client.error == -EPROTO || pair.client.error == -ECONNRESET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_handshake_gives_its_facts),
		TEST(handshake_and_bytes_survive_any_pieces),
		TEST(parts_of_a_write_arrive_in_order_whatever_their_sizes),
		TEST(a_small_reader_gets_all_of_a_large_record),
		TEST(a_paused_stream_keeps_what_is_inside_until_it_is_resumed),
		TEST(a_farewell_is_the_end_of_input_and_the_other_way_stays_open),
		TEST(an_end_without_farewell_is_an_error),
		TEST(a_changed_byte_breaks_the_stream),
		TEST(output_that_the_peer_does_not_take_waits_and_drains),
		TEST(what_is_no_hello_fails_without_an_answer),
		TEST(a_client_that_leaves_in_the_middle_of_its_hello_fails),
		TEST(a_name_that_nobody_serves_is_refused_with_an_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
