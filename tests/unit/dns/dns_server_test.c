/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of dns/dns_server: real sockets on loopback: UDP, TCP whole and bytewise, limits, odd clients. */
#include "tests/unit/support.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "appliance/base/clock.h"
#include "appliance/dns/dns_server.h"
#include "appliance/loop/timer.h"
#include "appliance/model/current.h"
#include "tests/unit/dns/dns_scene.h"
#include "appliance/wire/dns.h"

#define PATIENCE_MS 5000

static struct snapshot *snapshot;
static struct loop *loop;
static struct current *current;
static struct counters *counters;
static struct dns_server *server;
static struct dns_listener *listener;
static struct sockaddr_in udp_address, tcp_address;

/* api.example.com A, id 0x1234 */
static const uint8_t query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03"
			       "api\x07"
			       "example\x03"
			       "com\x00\x00\x01\x00\x01";
#define QUERY_BYTES (sizeof query - 1)

static int open_socket(int type, struct sockaddr_in *ret)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t bytes = sizeof *ret;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(
		0, bind(fd, (struct sockaddr *)&address, sizeof address)); /* wildcard, as posternd may bind it */
	if (type == SOCK_STREAM)
		assert_int_equal(0, listen(fd, 128));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)ret, &bytes));
	ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1); /* 127.0.0.2: answers have to come from there */
	return fd;
}

static int set_up(void **state)
{
	(void)state;
	snapshot = calloc(1, sizeof *snapshot);
	assert_non_null(snapshot);
	scene_make(snapshot);
	loop = loop_new();
	current = current_new(1);
	assert_int_equal(0, current_publish(current, snapshot));
	counters = counters_new_private(1);
	server = dns_server_new(loop, current, 0, counters_slot(counters, 0));
	assert_non_null(server);
	assert_int_equal(
		0, dns_server_open(server, view_of("vpce-0a1b2c3d4e5f60718"), open_socket(SOCK_DGRAM, &udp_address),
			   open_socket(SOCK_STREAM, &tcp_address), &listener));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dns_server_free(server);
	loop_free(loop);
	counters_unmap(counters);
	current_free(current); /* and the snapshot; its parts are static memory */
	return 0;
}

static bool wait_readable(int fd, int patience_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	for (int i = 0; i < patience_ms; i++) {
		assert_int_equal(0, loop_turn(loop, false));
		if (poll(&wait, 1, 1) == 1)
			return true;
	}
	return false;
}

static int udp_client(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, connect(fd, (struct sockaddr *)&udp_address, sizeof udp_address));
	return fd;
}

static int tcp_client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, connect(fd, (struct sockaddr *)&tcp_address, sizeof tcp_address));
	return fd;
}

/* Two A records, the question echoed. */
static void check_answer(const uint8_t *bytes, size_t count)
{
	assert_true(count > QUERY_BYTES);
	assert_memory_equal("\x12\x34\x85\x00\x00\x01\x00\x02\x00\x00", bytes, 10);
	assert_memory_equal(query + 12, bytes + 12, QUERY_BYTES - 12);
}

static void a_datagram_is_answered_from_where_it_was_sent_to(void **state)
{
	uint8_t answer[1500];
	int fd = udp_client(); /* connected: an answer from another address would not reach it */

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_int_equal(QUERY_BYTES, send(fd, query, QUERY_BYTES, 0));
	for (int i = 0; i < 50; i++) {
		ssize_t count;

		assert_true(wait_readable(fd, PATIENCE_MS));
		count = recv(fd, answer, sizeof answer, 0);
		assert_true(count > 0);
		check_answer(answer, (size_t)count);
	}
	assert_int_equal(50, counters_read(counters, COUNTERS_dns_queries, COUNTERS_DNS_ANSWERED));
	close(fd);
}

static void broken_datagrams_get_an_error_or_nothing(void **state)
{
	static const uint8_t response[] = "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01";
	static const uint8_t two_questions[] =
		"\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x01\x00\x01";
	uint8_t answer[1500], huge[DNS_SERVER_QUERY_MAX_BYTES + 10] = { 0 };
	int fd = udp_client();

	(void)state;
	assert_int_equal(3, send(fd, "abc", 3, 0));
	assert_int_equal(sizeof response - 1, send(fd, response, sizeof response - 1, 0));
	memcpy(huge, query, QUERY_BYTES);
	assert_int_equal(sizeof huge, send(fd, huge, sizeof huge, 0));
	assert_false(wait_readable(fd, 30));
	assert_int_equal(sizeof two_questions - 1, send(fd, two_questions, sizeof two_questions - 1, 0));
	assert_true(wait_readable(fd, PATIENCE_MS));
	assert_true(recv(fd, answer, sizeof answer, 0) >= 12);
	assert_int_equal(DNS_FORMERR, answer[3] & 0xf);
	close(fd);
}

static void refusals_have_a_limit_and_answers_have_none(void **state)
{
	static const uint8_t foreign[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03org\x00\x00\x01\x00\x01";
	uint8_t answer[1500];
	int fd = udp_client();
	uint64_t refused;

	(void)state;
	for (int i = 0; i < 3 * DNS_SERVER_REFUSALS_PER_S; i++) {
		(void)!send(fd, foreign, sizeof foreign - 1, 0);
		assert_int_equal(0, loop_turn(loop, false));
		while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0)
			;
	}
	refused = counters_read(counters, COUNTERS_dns_queries, COUNTERS_DNS_REFUSED);
	assert_true(refused > DNS_SERVER_REFUSALS_PER_S);
	assert_int_equal(QUERY_BYTES, send(fd, query, QUERY_BYTES, 0));
	assert_true(wait_readable(fd, PATIENCE_MS));
	check_answer(answer, (size_t)recv(fd, answer, sizeof answer, 0));
	close(fd);
}

static void read_exactly(int fd, uint8_t *bytes, size_t count)
{
	for (size_t at = 0; at < count;) {
		ssize_t got;

		assert_true(wait_readable(fd, PATIENCE_MS));
		got = recv(fd, bytes + at, count - at, 0);
		assert_true(got > 0);
		at += (size_t)got;
	}
}

static void read_tcp_answer(int fd)
{
	uint8_t length[2], answer[2048];
	size_t count;

	read_exactly(fd, length, 2);
	count = (size_t)length[0] << 8 | length[1];
	assert_true(count <= sizeof answer);
	read_exactly(fd, answer, count);
	check_answer(answer, count);
}

static void several_queries_share_a_connection_cut_anywhere(void **state)
{
	uint8_t stream[3 * (2 + QUERY_BYTES)];
	size_t count = 0;
	int fd = tcp_client();

	(void)state;
	for (int i = 0; i < 3; i++) {
		stream[count] = 0;
		stream[count + 1] = QUERY_BYTES;
		memcpy(stream + count + 2, query, QUERY_BYTES);
		count += 2 + QUERY_BYTES;
	}
	assert_int_equal(count, send(fd, stream, count, 0));
	for (int i = 0; i < 3; i++)
		read_tcp_answer(fd);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(1, send(fd, stream + i, 1, 0));
		assert_int_equal(0, loop_turn(loop, false));
	}
	for (int i = 0; i < 3; i++)
		read_tcp_answer(fd);
	shutdown(fd, SHUT_WR);
	assert_true(wait_readable(fd, PATIENCE_MS));
	assert_int_equal(0, recv(fd, stream, 1, 0));
	close(fd);
}

static void nonsense_over_tcp_ends_the_connection(void **state)
{
	static const struct {
		const char *bytes;
		size_t count;
	} cases[] = { { "\0\0", 2 }, { "\xff\xff", 2 },
		{ "\0\x03"
		  "abc",
			5 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = tcp_client();
		char byte;

		assert_int_equal(cases[i].count, send(fd, cases[i].bytes, cases[i].count, 0));
		assert_true(wait_readable(fd, PATIENCE_MS));
		assert_true(recv(fd, &byte, 1, 0) <= 0);
		close(fd);
	}
	assert_int_equal(0, counters_read(counters, COUNTERS_connections_open, COUNTERS_LISTENER_DNS_TCP));
}

static void a_client_that_does_not_read_is_not_read_from(void **state)
{
	static uint8_t stream[400 * (2 + QUERY_BYTES)];
	size_t count = 0, sent = 0;
	int fd = tcp_client(), idle_turns = 0;

	(void)state;
	while (count + 2 + QUERY_BYTES <= sizeof stream) {
		stream[count + 1] = QUERY_BYTES;
		memcpy(stream + count + 2, query, QUERY_BYTES);
		count += 2 + QUERY_BYTES;
	}
	while (idle_turns < 20 && sent < ((size_t)64 << 20)) {
		ssize_t got = send(fd, stream + sent % count, count - sent % count, MSG_DONTWAIT | MSG_NOSIGNAL);

		assert_int_equal(0, loop_turn(loop, false));
		idle_turns = got > 0 ? 0 : idle_turns + 1;
		sent += got > 0 ? (size_t)got : 0;
	}
	assert_int_equal(20, idle_turns); /* it was held up, far below 64 MB */
	while (sent >= 2 + QUERY_BYTES) {
		read_tcp_answer(fd);
		sent -= 2 + QUERY_BYTES;
	}
	close(fd);
}

static void connections_have_a_limit_and_others_wait(void **state)
{
	int fds[DNS_SERVER_CONNECTIONS_MAX + 1];
	uint8_t stream[2 + QUERY_BYTES] = { 0, QUERY_BYTES };

	(void)state;
	memcpy(stream + 2, query, QUERY_BYTES);
	for (size_t i = 0; i <= DNS_SERVER_CONNECTIONS_MAX; i++)
		fds[i] = tcp_client();
	for (int i = 0; i < 10; i++)
		assert_int_equal(0, loop_turn(loop, false));
	assert_int_equal(DNS_SERVER_CONNECTIONS_MAX,
		counters_read(counters, COUNTERS_connections_open, COUNTERS_LISTENER_DNS_TCP));
	assert_int_equal(sizeof stream, send(fds[DNS_SERVER_CONNECTIONS_MAX], stream, sizeof stream, 0));
	assert_false(wait_readable(fds[DNS_SERVER_CONNECTIONS_MAX], 20));
	close(fds[0]);
	read_tcp_answer(fds[DNS_SERVER_CONNECTIONS_MAX]);
	for (size_t i = 1; i <= DNS_SERVER_CONNECTIONS_MAX; i++)
		close(fds[i]);
}

/* Without descriptors the loop sleeps instead of being told again and again of the connection that waits. */
static void without_descriptors_accepting_rests(void **state)
{
	uint8_t stream[2 + QUERY_BYTES] = { 0, QUERY_BYTES };
	int fd = tcp_client(), turns = 0;
	struct rlimit before, none;

	(void)state;
	memcpy(stream + 2, query, QUERY_BYTES);
	assert_int_equal(sizeof stream, send(fd, stream, sizeof stream, 0));
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
	for (uint64_t until_ms = clock_monotonic_ms() + 250; clock_monotonic_ms() < until_ms; turns++)
		assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_true(turns < 50);
	read_tcp_answer(fd);
	close(fd);
}

static void a_closed_listener_may_leave_its_sockets(void **state)
{
	int fd = tcp_client(), kept;
	struct dns_listener *other;
	struct sockaddr_in address;
	char byte;

	(void)state;
	assert_int_equal(0, loop_turn(loop, false));
	kept = open_socket(SOCK_DGRAM, &address);
	assert_int_equal(0, dns_server_open(server, view_of("x"), kept, -1, &other));
	dns_server_close(other, true);
	assert_int_equal(0, close(kept));
	dns_server_close(listener, false);
	assert_true(wait_readable(fd, PATIENCE_MS));
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_is_answered_from_where_it_was_sent_to),
		TEST(broken_datagrams_get_an_error_or_nothing),
		TEST(refusals_have_a_limit_and_answers_have_none),
		TEST(several_queries_share_a_connection_cut_anywhere),
		TEST(nonsense_over_tcp_ends_the_connection),
		TEST(a_client_that_does_not_read_is_not_read_from),
		TEST(connections_have_a_limit_and_others_wait),
		TEST(without_descriptors_accepting_rests),
		TEST(a_closed_listener_may_leave_its_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
