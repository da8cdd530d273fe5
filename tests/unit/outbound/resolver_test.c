/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound/resolver: against a scripted name server on loopback: TTLs, coalescing, order, failure. */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "appliance/loop/loop.h"
#include "appliance/loop/timer.h"
#include "appliance/outbound/resolver.h"

#define PATIENCE_MS 8000

static struct loop *loop;
static struct resolver *resolver;
static struct loop_watch server;

/* What the name server says, and how often it was asked. */
static struct {
	const char *ipv4[8], *ipv6[8];
	uint32_t ttl_s;
	uint8_t rcode;
	bool silent;
	unsigned int asked;
} script;

static size_t put_record(uint8_t *at, uint16_t type, uint32_t ttl_s, const void *data, uint16_t data_bytes)
{
	const uint8_t head[] = { 0xc0, 12, (uint8_t)(type >> 8), (uint8_t)type, 0, 1, (uint8_t)(ttl_s >> 24),
		(uint8_t)(ttl_s >> 16), (uint8_t)(ttl_s >> 8), (uint8_t)ttl_s, (uint8_t)(data_bytes >> 8),
		(uint8_t)data_bytes };

	memcpy(at, head, sizeof head);
	memcpy(at + sizeof head, data, data_bytes);
	return sizeof head + data_bytes;
}

static void server_asked(struct loop_watch *watch, unsigned events)
{
	uint8_t message[2048];
	struct sockaddr_in peer;
	socklen_t peer_bytes = sizeof peer;
	ssize_t count = recvfrom(watch->fd, message, 512, MSG_DONTWAIT, (struct sockaddr *)&peer, &peer_bytes);
	size_t end = 12;
	uint16_t type;
	uint8_t answers = 0;

	(void)events;
	if (count < 17)
		return;
	while (message[end])
		end += message[end] + 1u;
	type = (uint16_t)(message[end + 1] << 8 | message[end + 2]);
	end += 5;
	script.asked++;
	if (script.silent)
		return;
	for (size_t i = 0; script.rcode == 0 && i < 8; i++) {
		const char *text = type == 1 ? script.ipv4[i] : type == 28 ? script.ipv6[i] : NULL;
		uint8_t address[16];

		if (!text)
			continue;
		assert_int_equal(1, inet_pton(type == 1 ? AF_INET : AF_INET6, text, address));
		end += put_record(message + end, type, script.ttl_s, address, type == 1 ? 4 : 16);
		answers++;
	}
	message[2] = 0x84; /* an authoritative answer */
	message[3] = script.rcode;
	memset(message + 6, 0, 6);
	message[7] = answers;
	assert_int_equal((ssize_t)end, sendto(watch->fd, message, end, 0, (struct sockaddr *)&peer, peer_bytes));
}

/* The name server of these tests. Its port. */
static unsigned listen_at(const char *text, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(text)
	};
	socklen_t address_bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail_msg("%s port %u: %s (port 53 is root's)", text, port, strerror(errno));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &address_bytes));
	loop_watch_init(&server, loop, fd, server_asked);
	assert_int_equal(0, loop_watch_read(&server, true));
	return ntohs(address.sin_port);
}

static void stop_listening(void)
{
	int fd = server.fd;

	loop_watch_fini(&server);
	close(fd);
}

static int set_up(void **state)
{
	char servers[64];

	(void)state;
	memset(&script, 0, sizeof script);
	script.ttl_s = 60;
	loop = loop_new();
	assert_non_null(loop);
	snprintf(servers, sizeof servers, "127.0.0.1:%u", listen_at("127.0.0.1", 0));
	resolver = resolver_new(loop, servers, NULL);
	assert_non_null(resolver);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	resolver_free(resolver);
	stop_listening();
	loop_free(loop);
	return 0;
}

struct wait {
	struct resolver_query query;
	bool done, failed;
	struct resolver_addresses addresses;
};

static void told(struct resolver_query *query, const struct resolver_addresses *addresses)
{
	struct wait *wait = (struct wait *)query;

	assert_false(wait->done);
	wait->done = true;
	wait->failed = addresses == NULL;
	if (addresses)
		wait->addresses = *addresses;
}

static bool expired;

static void patience_ends(struct timer *timer)
{
	(void)timer;
	expired = true;
}

static void turn_for(uint64_t milliseconds, const bool *done)
{
	struct timer patience = { 0 };

	expired = false;
	timer_arm(loop, &patience, milliseconds, patience_ends);
	while (!expired && !(done && *done))
		assert_int_equal(0, loop_turn(loop, true));
	timer_disarm(loop, &patience);
}

/* Ask and wait for the answer; true if there is one. */
static bool ask(const char *name, struct wait *ret)
{
	enum resolver_answer answer;

	memset(ret, 0, sizeof *ret);
	ret->query.done = told;
	answer = resolver_find(resolver, view_from_text(name), &ret->query, &ret->addresses);
	if (answer != RESOLVER_WAITING)
		return answer == RESOLVER_READY;
	turn_for(PATIENCE_MS, &ret->done);
	assert_true(ret->done);
	return !ret->failed;
}

static const char *text_of(const union resolver_address *address)
{
	static char text[INET6_ADDRSTRLEN];

	return inet_ntop(address->any.sa_family,
		address->any.sa_family == AF_INET ? (const void *)&address->in.sin_addr
						  : (const void *)&address->in6.sin6_addr,
		text, sizeof text);
}

static void addresses_need_no_question(void **state)
{
	struct wait wait;

	(void)state;
	assert_true(ask("10.0.0.9", &wait));
	assert_string_equal("10.0.0.9", text_of(&wait.addresses.list[0]));
	assert_true(ask("fd00::9", &wait));
	assert_string_equal("fd00::9", text_of(&wait.addresses.list[0]));
	assert_int_equal(0, script.asked);
}

static void a_name_is_asked_once_by_many_and_kept(void **state)
{
	struct wait first = { .query.done = told }, second = { .query.done = told }, third;

	(void)state;
	script.ipv4[0] = "10.0.0.1";
	assert_int_equal(
		RESOLVER_WAITING, resolver_find(resolver, view_of("Back.Example."), &first.query, &first.addresses));
	assert_int_equal(
		RESOLVER_WAITING, resolver_find(resolver, view_of("back.example"), &second.query, &second.addresses));
	turn_for(PATIENCE_MS, &first.done);
	assert_true(first.done && second.done && !first.failed && !second.failed);
	assert_int_equal(2, script.asked); /* A and AAAA */
	assert_true(ask("BACK.example", &third));
	assert_false(third.done);
	assert_int_equal(2, script.asked);
	assert_int_equal(0, third.addresses.list[0].in.sin_port);
}

static void families_take_turns_and_the_better_one_leads(void **state)
{
	struct wait wait;

	(void)state;
	script.ipv4[0] = "10.0.0.1";
	script.ipv4[1] = "10.0.0.2";
	script.ipv6[0] = "fd00::1";
	assert_true(ask("b.example", &wait));
	assert_int_equal(3, wait.addresses.count);
	assert_int_equal(AF_INET6, wait.addresses.list[0].any.sa_family);
	assert_int_equal(AF_INET, wait.addresses.list[1].any.sa_family);
	assert_int_equal(AF_INET, wait.addresses.list[2].any.sa_family);
	resolver_prefer(resolver, view_of("b.example"), AF_INET);
	assert_true(ask("b.example", &wait));
	assert_string_equal("10.0.0.2", text_of(&wait.addresses.list[0])); /* rotated by one */
	assert_int_equal(AF_INET6, wait.addresses.list[1].any.sa_family);
	assert_true(ask("b.example", &wait));
	assert_string_equal("10.0.0.1", text_of(&wait.addresses.list[0]));
}

static void a_long_answer_of_one_family_leaves_room_for_the_other(void **state)
{
	struct wait wait;
	size_t ipv4_count = 0;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		script.ipv6[i] = "fd00::1";
	script.ipv4[0] = "10.0.0.1";
	assert_true(ask("b.example", &wait));
	for (size_t i = 0; i < wait.addresses.count; i++)
		ipv4_count += wait.addresses.list[i].any.sa_family == AF_INET;
	assert_int_equal(1, ipv4_count);
	assert_true(wait.addresses.count <= RESOLVER_ADDRESSES_MAX);
}

static void an_answer_ends_with_its_ttl(void **state)
{
	struct wait wait;

	(void)state;
	script.ipv4[0] = "10.0.0.1";
	script.ttl_s = 0; /* counts as RESOLVER_TTL_MIN_MS */
	assert_true(ask("b.example", &wait));
	assert_true(ask("b.example", &wait));
	assert_int_equal(2, script.asked);
	turn_for(RESOLVER_TTL_MIN_MS + 50, NULL);
	script.ipv4[0] = "10.0.0.2";
	assert_true(ask("b.example", &wait));
	assert_string_equal("10.0.0.2", text_of(&wait.addresses.list[0]));
}

static void a_name_that_does_not_exist_is_remembered(void **state)
{
	struct wait wait;
	unsigned int asked;

	(void)state;
	script.rcode = 3;
	assert_false(ask("none.example", &wait));
	asked = script.asked;
	assert_true(asked > 0);
	assert_false(ask("none.example", &wait));
	assert_int_equal(asked, script.asked);
}

static void a_dead_name_server_leaves_the_last_answer(void **state)
{
	struct wait wait;

	(void)state;
	script.ipv4[0] = "10.0.0.1";
	script.ttl_s = 1;
	assert_true(ask("b.example", &wait));
	turn_for(RESOLVER_TTL_MIN_MS + 50, NULL);
	script.rcode = 2; /* SERVFAIL */
	assert_true(ask("b.example", &wait));
	assert_string_equal("10.0.0.1", text_of(&wait.addresses.list[0]));
	assert_false(ask("other.example", &wait));
}

static void a_cancelled_query_is_not_told(void **state)
{
	struct wait first = { .query.done = told }, second = { .query.done = told };

	(void)state;
	script.ipv4[0] = "10.0.0.1";
	assert_int_equal(
		RESOLVER_WAITING, resolver_find(resolver, view_of("b.example"), &first.query, &first.addresses));
	assert_int_equal(
		RESOLVER_WAITING, resolver_find(resolver, view_of("b.example"), &second.query, &second.addresses));
	resolver_cancel(&first.query);
	resolver_cancel(&first.query);
	turn_for(PATIENCE_MS, &second.done);
	assert_true(second.done);
	assert_false(first.done);
}

static void malformed_names_fail_at_once(void **state)
{
	static const char *const names[] = { "", "a b", "a\tb", "a\x7f" };
	char longest[RESOLVER_NAME_MAX_BYTES + 2];
	struct wait wait;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(RESOLVER_FAILED,
			resolver_find(resolver, view_from_text(names[i]), &wait.query, &wait.addresses));
	memset(longest, 'a', sizeof longest);
	assert_int_equal(RESOLVER_FAILED,
		resolver_find(resolver, view_from(longest, RESOLVER_NAME_MAX_BYTES + 1), &wait.query, &wait.addresses));
	assert_int_equal(0, script.asked);
}

static void names_beyond_the_limit_give_way(void **state)
{
	struct wait wait;

	(void)state;
	script.ipv4[0] = "10.0.0.1";
	for (unsigned int i = 0; i < RESOLVER_NAMES_MAX + 10; i++) {
		char name[32];

		snprintf(name, sizeof name, "n%u.example", i);
		assert_true(ask(name, &wait));
	}
	assert_true(ask("n0.example", &wait)); /* asked again */
	assert_true(wait.done);
}

static void bad_servers_are_refused(void **state)
{
	(void)state;
	errno = 0;
	assert_null(resolver_new(loop, "not an address", NULL));
	assert_int_equal(EINVAL, errno);
}

/* The name server of these tests in the system's file, and what it was before: none that answers. */
static void write_system(const char *path, const char *text)
{
	char new[64];
	FILE *file;

	snprintf(new, sizeof new, "%s.new", path);
	file = fopen(new, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(0, fclose(file));
	assert_int_equal(0, rename(new, path));
}

static void a_changed_system_file_is_followed(void **state)
{
	char path[] = "/tmp/postern-resolver-XXXXXX";
	const char *before = resolver_system_path;
	struct wait first = { .query.done = told };

	(void)state;
	close(mkstemp(path));
	write_system(path, "");
	resolver_system_path = path;
	resolver_free(resolver);
	resolver = resolver_new(loop, NULL, NULL);
	assert_non_null(resolver);
	script.ipv4[0] = "192.0.2.7";
	stop_listening();
	(void)listen_at("127.83.80.53", 53);
	write_system(path, "nameserver 127.83.80.53\n");
	assert_true(ask("late.example", &first));
	assert_int_equal(1, first.addresses.count);
	resolver_system_path = before;
	unlink(path);
}

static void freeing_forgets_what_is_under_way(void **state)
{
	struct wait wait = { .query.done = told };

	(void)state;
	script.silent = true;
	assert_int_equal(RESOLVER_WAITING, resolver_find(resolver, view_of("b.example"), &wait.query, &wait.addresses));
	assert_int_equal(0, loop_turn(loop, false));
	resolver_free(resolver);
	assert_false(wait.done);
	assert_null(wait.query.entry);
	resolver = resolver_new(loop, NULL, NULL);
	assert_non_null(resolver);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_need_no_question),
		TEST(a_name_is_asked_once_by_many_and_kept),
		TEST(families_take_turns_and_the_better_one_leads),
		TEST(a_long_answer_of_one_family_leaves_room_for_the_other),
		TEST(an_answer_ends_with_its_ttl),
		TEST(a_name_that_does_not_exist_is_remembered),
		TEST(a_dead_name_server_leaves_the_last_answer),
		TEST(a_cancelled_query_is_not_told),
		TEST(malformed_names_fail_at_once),
		TEST(names_beyond_the_limit_give_way),
		TEST(bad_servers_are_refused),
		TEST(a_changed_system_file_is_followed),
		TEST(freeing_forgets_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
