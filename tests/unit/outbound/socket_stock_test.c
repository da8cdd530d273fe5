/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound/socket_stock: what is ordered when, who waits for what, and that no descriptor is lost. */
#include "tests/unit/support.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "appliance/base/counters.h"
#include "appliance/outbound/socket_stock.h"

#define TCP4 SOCKET_KIND_TCP4

static struct loop *loop;
static struct counters *counters;
static struct socket_stock stock;
static struct socket_order *ordered[16];
static size_t ordered_count;
static unsigned int idle_count;

static void take_order(void *context, struct socket_order *order)
{
	assert_ptr_equal(&stock, context);
	assert_true(ordered_count < 16);
	ordered[ordered_count++] = order;
}

static void is_idle(struct socket_stock *idle)
{
	assert_ptr_equal(&stock, idle);
	idle_count++;
}

/* Answer the oldest order with so many sockets, or with an error. */
static void deliver(int what)
{
	struct socket_order *order = ordered[0];

	assert_true(ordered_count > 0);
	memmove(ordered, ordered + 1, --ordered_count * sizeof *ordered);
	order->error = what < 0 ? what : 0;
	for (order->count = 0; (int)order->count < what; order->count++) {
		order->fds[order->count] = socket(order->family, order->type | SOCK_CLOEXEC, 0);
		assert_true(order->fds[order->count] >= 0);
	}
	socket_stock_deliver(order);
}

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static unsigned int fds_before;

static int set_up(void **state)
{
	struct socket_stock_settings settings = {
		.place = "here", .order = take_order, .context = &stock, .idle = is_idle
	};

	(void)state;
	loop = loop_new();
	counters = counters_new_private(1);
	settings.counters = counters_slot(counters, 0);
	ordered_count = idle_count = 0;
	fds_before = count_fds();
	socket_stock_init(&stock, loop, &settings);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	socket_stock_close(&stock);
	while (ordered_count)
		deliver(2);
	assert_true(socket_stock_is_idle(&stock));
	assert_int_equal(fds_before, count_fds());
	counters_unmap(counters);
	loop_free(loop);
	return 0;
}

static uint64_t counted(enum counters_endpoint_sockets what)
{
	return counters_read(counters, COUNTERS_upstream_endpoint_sockets, what);
}

struct waiting {
	struct socket_waiter waiter;
	enum socket_kind kind;
	unsigned int told;
	int error, fd;
	bool again; /* wait once more when told of an error */
};

static void ready(struct socket_waiter *waiter, int error)
{
	struct waiting *waiting = (struct waiting *)waiter;

	waiting->told++;
	waiting->error = error;
	waiting->fd = error ? -1 : socket_stock_take(&stock, waiting->kind);
	if (error && waiting->again && socket_stock_take(&stock, waiting->kind) == -EAGAIN)
		socket_stock_wait(&stock, waiting->kind, &waiting->waiter);
}

static struct waiting waits_for(enum socket_kind kind)
{
	return (struct waiting){ .waiter.ready = ready, .kind = kind, .fd = -1 };
}

static void nothing_is_ordered_before_it_is_needed(void **state)
{
	(void)state;
	assert_int_equal(0, ordered_count);
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, SOCKET_KIND_UDP6));
	assert_int_equal(1, ordered_count);
	assert_int_equal(AF_INET6, ordered[0]->family);
	assert_int_equal(SOCK_DGRAM, ordered[0]->type);
	assert_int_equal(SOCKET_STOCK_BATCH_MIN, ordered[0]->wanted_count);
	assert_string_equal("here", ordered[0]->place);
	/* One order of a kind at a time; another kind is another matter. */
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, SOCKET_KIND_UDP6));
	assert_int_equal(1, ordered_count);
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, SOCKET_KIND_TCP6));
	assert_int_equal(2, ordered_count);
}

static void a_stock_is_filled_again_before_it_is_empty(void **state)
{
	int fds[SOCKET_STOCK_BATCH_MIN];

	(void)state;
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
	deliver(SOCKET_STOCK_BATCH_MIN);
	for (int i = 0; i < SOCKET_STOCK_BATCH_MIN; i++) {
		fds[i] = socket_stock_take(&stock, TCP4);
		assert_true(fds[i] >= 0);
		assert_int_equal(i > SOCKET_STOCK_BATCH_MIN / 2 - 1, ordered_count);
	}
	assert_int_equal(SOCKET_STOCK_BATCH_MIN, ordered[0]->wanted_count); /* nobody had to wait */
	assert_int_equal(SOCKET_STOCK_BATCH_MIN, counted(COUNTERS_ENDPOINT_SOCKETS_USED));
	assert_int_equal(SOCKET_STOCK_BATCH_MIN, counted(COUNTERS_ENDPOINT_SOCKETS_RECEIVED));
	for (int i = 0; i < SOCKET_STOCK_BATCH_MIN; i++)
		close(fds[i]);
}

static void who_waits_is_served_in_turn_and_more_is_ordered_at_a_time(void **state)
{
	struct waiting many[7];
	unsigned int wanted = SOCKET_STOCK_BATCH_MIN;

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		many[i] = waits_for(TCP4);
		assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
		socket_stock_wait(&stock, TCP4, &many[i].waiter);
	}
	deliver(SOCKET_STOCK_BATCH_MIN);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(i < SOCKET_STOCK_BATCH_MIN, many[i].told);
	assert_int_equal(1, ordered_count); /* for those who are left */
	assert_int_equal(2 * wanted, ordered[0]->wanted_count);
	socket_waiter_cancel(&many[5].waiter);
	deliver((int)(2 * wanted));
	assert_int_equal(1, many[4].told);
	assert_int_equal(0, many[5].told);
	assert_int_equal(1, many[6].told);
	assert_int_equal(7, counted(COUNTERS_ENDPOINT_SOCKETS_WAITED));
	for (size_t i = 0; i < 7; i++)
		if (many[i].fd >= 0)
			close(many[i].fd);
	assert_int_equal(0, ordered_count);
}

static void an_order_never_grows_beyond_a_message(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct waiting one = waits_for(TCP4);

		while (socket_stock_has(&stock, TCP4) == 0)
			close(socket_stock_take(&stock, TCP4));
		socket_stock_wait(&stock, TCP4, &one.waiter);
		assert_true(ordered[0]->wanted_count <= SOCKET_STOCK_BATCH_MAX);
		deliver((int)ordered[0]->wanted_count);
		assert_int_equal(1, one.told);
		close(one.fd);
	}
	while (socket_stock_has(&stock, TCP4) == 0)
		close(socket_stock_take(&stock, TCP4));
	assert_int_equal(SOCKET_STOCK_BATCH_MAX, ordered[0]->wanted_count);
}

static void a_refusal_is_told_to_all_who_wait_and_to_nobody_later(void **state)
{
	struct waiting first = waits_for(TCP4), second = waits_for(TCP4), other = waits_for(SOCKET_KIND_UDP4);

	(void)state;
	second.again = true;
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
	socket_stock_wait(&stock, TCP4, &first.waiter);
	socket_stock_wait(&stock, TCP4, &second.waiter);
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, SOCKET_KIND_UDP4));
	socket_stock_wait(&stock, SOCKET_KIND_UDP4, &other.waiter);
	deliver(-EBUSY);
	assert_int_equal(-EBUSY, first.error);
	assert_int_equal(1, second.told);
	assert_int_equal(0, other.told);
	assert_int_equal(1, counted(COUNTERS_ENDPOINT_SOCKETS_REFUSED));
	/* Who waits on has made it ask again. */
	assert_int_equal(2, ordered_count);
	deliver(1);
	deliver(1);
	assert_int_equal(1, first.told);
	assert_int_equal(2, second.told);
	close(other.fd);
	close(second.fd);
}

static void a_closed_stock_gives_nothing_and_keeps_nothing(void **state)
{
	struct waiting one = waits_for(SOCKET_KIND_TCP6);

	(void)state;
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
	deliver(4);
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, SOCKET_KIND_TCP6));
	socket_stock_wait(&stock, SOCKET_KIND_TCP6, &one.waiter);
	socket_stock_close(&stock);
	assert_int_equal(-EPIPE, one.error);
	assert_int_equal(-EPIPE, socket_stock_take(&stock, TCP4));
	assert_int_equal(fds_before, count_fds());
	assert_int_equal(0, idle_count);
	assert_false(socket_stock_is_idle(&stock));
	deliver(3); /* what comes home late is closed */
	assert_int_equal(fds_before, count_fds());
	assert_int_equal(1, idle_count);
	socket_stock_close(&stock);
}

static void what_is_not_used_is_closed_after_a_while(void **state)
{
	(void)state;
	stock.settings.keep_ms = 8;
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
	deliver(4);
	assert_int_equal(fds_before + 4, count_fds());
	while (timer_is_armed(&stock.timer))
		assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(fds_before, count_fds());
	/* It begins as it began. */
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
	assert_int_equal(SOCKET_STOCK_BATCH_MIN, ordered[0]->wanted_count);
}

static void what_never_comes_home_is_closed_at_the_end(void **state)
{
	struct socket_order *order;

	(void)state;
	assert_int_equal(-EAGAIN, socket_stock_take(&stock, TCP4));
	order = ordered[--ordered_count];
	order->fds[order->count++] = socket(AF_INET, SOCK_STREAM, 0);
	socket_stock_close(&stock);
	socket_stock_fini(&stock);
	assert_int_equal(fds_before, count_fds());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_ordered_before_it_is_needed),
		TEST(a_stock_is_filled_again_before_it_is_empty),
		TEST(who_waits_is_served_in_turn_and_more_is_ordered_at_a_time),
		TEST(an_order_never_grows_beyond_a_message),
		TEST(a_refusal_is_told_to_all_who_wait_and_to_nobody_later),
		TEST(a_closed_stock_gives_nothing_and_keeps_nothing),
		TEST(what_is_not_used_is_closed_after_a_while),
		TEST(what_never_comes_home_is_closed_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
