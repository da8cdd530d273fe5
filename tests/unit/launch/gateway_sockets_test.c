/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders for sockets on their way: three workers' stocks, all on this loop, and a posternd that is this test itself. */
#include "tests/unit/support.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "appliance/base/log.h"
#include "appliance/launch/gateway_state.h"

#define VPCE "vpce-0a1b2c3d4e5f60718"
#define STOCKS 3
/* As many as gateway_sockets.c asks for at a time. */
#define ASKED 8

static struct gateway gateway;
static struct socket_stock stocks[STOCKS];
static char folder[] = "/tmp/postern-sockets-XXXXXX";
static char path[64];
static int listener, peer;

static void connect_link(void)
{
	assert_int_equal(0, client_open(&gateway.link.client, path));
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
}

static int set_up(void **state)
{
	const struct socket_stock_settings settings = {
		.place = VPCE, .order = gateway_sockets_order, .context = &gateway
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	log_start("test", LOG_LEVEL_ERROR, LOG_FORM_JSON);
	strcpy(folder + sizeof folder - 7, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/posternd.sock", folder);
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(listener, 4));
	memset(&gateway, 0, sizeof gateway);
	gateway.loop = loop_new();
	gateway.link.loop = gateway.loop;
	gateway_sockets_init(&gateway);
	connect_link();
	for (size_t i = 0; i < STOCKS; i++)
		socket_stock_init(&stocks[i], gateway.loop, &settings);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < STOCKS; i++) {
		socket_stock_close(&stocks[i]);
		socket_stock_fini(&stocks[i]);
	}
	client_close(gateway.link.client);
	loop_free(gateway.loop);
	close(peer);
	close(listener);
	unlink(path);
	return rmdir(folder);
}

static void turn(void)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(0, loop_turn(gateway.loop, false));
}

struct asked {
	struct verb_header header;
	struct verb_outgoing_sockets wish;
};

/* The next question that has come to posternd; false if there is none. */
static bool is_asked(struct asked *ret)
{
	ssize_t count;

	turn();
	count = recv(peer, ret, sizeof *ret, MSG_DONTWAIT);
	if (count < 0)
		return false;
	assert_int_equal(sizeof *ret, count);
	assert_int_equal(VERB_OUTGOING_SOCKETS, ret->header.verb);
	assert_int_equal(0, verb_check(ret, sizeof *ret, 0, VERB_FROM_GATEWAY));
	assert_string_equal(VPCE, ret->wish.id);
	return true;
}

static void answer(const struct asked *asked, int status, size_t fd_count)
{
	struct verb_message message = { .header = asked->header, .body.outgoing_sockets = asked->wish };

	message.header.status = status;
	for (message.fd_count = 0; message.fd_count < fd_count; message.fd_count++)
		message.fds[message.fd_count] = socket(asked->wish.family, asked->wish.type | SOCK_CLOEXEC, 0);
	gateway_sockets_answered(&gateway, &message);
	for (size_t i = 0; i < message.fd_count; i++)
		assert_true(i >= fd_count || message.fds[i] == -1);
	turn();
}

static void order_all(void)
{
	for (size_t i = 0; i < STOCKS; i++)
		for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++)
			assert_int_equal(-EAGAIN, socket_stock_take(&stocks[i], (enum socket_kind)kind));
}

static size_t count_asked(struct asked *asked, size_t capacity)
{
	size_t count = 0;

	while (count < capacity && is_asked(&asked[count]))
		count++;
	return count;
}

static void some_are_asked_for_at_a_time_and_the_others_in_turn(void **state)
{
	struct asked asked[STOCKS * SOCKET_KIND_COUNT + 1];

	(void)state;
	order_all();
	assert_int_equal(ASKED, count_asked(asked, 13));
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(i % 2 ? AF_INET6 : AF_INET, asked[i].wish.family);
		assert_int_equal(i % 4 < 2 ? SOCK_STREAM : SOCK_DGRAM, asked[i].wish.type);
		answer(&asked[i], 0, asked[i].wish.count);
		assert_int_equal(i + ASKED < 12, count_asked(&asked[i + ASKED < 12 ? i + ASKED : 12], 1));
	}
	for (size_t i = 0; i < STOCKS; i++)
		for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++) {
			int fd = socket_stock_take(&stocks[i], (enum socket_kind)kind);

			assert_true(fd >= 0);
			close(fd);
		}
}

struct waiting {
	struct socket_waiter waiter;
	int error;
};

static void ready(struct socket_waiter *waiter, int error)
{
	((struct waiting *)waiter)->error = error;
}

/* What a waiter for IPv4 is told when the only order is answered like that. */
static int told(int status, size_t fd_count, bool other)
{
	struct waiting waiting = { .waiter.ready = ready, .error = 1 };
	struct asked asked;

	assert_int_equal(-EAGAIN, socket_stock_take(&stocks[0], SOCKET_KIND_TCP4));
	socket_stock_wait(&stocks[0], SOCKET_KIND_TCP4, &waiting.waiter);
	assert_true(is_asked(&asked));
	if (other)
		asked.wish.type = SOCK_DGRAM;
	answer(&asked, status, fd_count);
	socket_waiter_cancel(&waiting.waiter);
	return waiting.error;
}

static void who_waits_is_told_why_there_are_none(void **state)
{
	(void)state;
	assert_int_equal(-ENOENT, told(-ENOENT, 0, false));
	assert_int_equal(-EBUSY, told(-EBUSY, 0, false));
	assert_int_equal(-EMFILE, told(0, 0, false)); /* the kernel had no room for them */
	assert_int_equal(-EPROTO, told(0, 0, true));
	assert_int_equal(0, told(0, 1, false)); /* fewer than were wanted will do */
}

static void a_successor_is_asked_again_in_the_same_order(void **state)
{
	struct asked first[ASKED], again[ASKED];
	const struct asked nothing = { 0 };

	(void)state;
	order_all();
	assert_int_equal(ASKED, count_asked(first, ASKED));
	client_close(gateway.link.client);
	gateway.link.client = NULL;
	close(peer);
	gateway_sockets_resume(&gateway); /* nobody is there yet */
	connect_link();
	gateway_sockets_resume(&gateway);
	assert_int_equal(ASKED, count_asked(again, ASKED));
	for (size_t i = 0; i < ASKED; i++)
		assert_memory_equal(&first[i].wish, &again[i].wish, sizeof first[i].wish);
	assert_false(is_asked(&first[0]));
	for (size_t i = 0; i < ASKED; i++)
		answer(&again[i], -EAGAIN, 0);
	assert_int_equal(4, count_asked(again, ASKED));
	for (size_t i = 0; i < 4; i++)
		answer(&again[i], 0, 2);
	/* An answer that nobody waits for changes nothing. */
	answer(&nothing, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(some_are_asked_for_at_a_time_and_the_others_in_turn),
		TEST(who_waits_is_told_why_there_are_none),
		TEST(a_successor_is_asked_again_in_the_same_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
