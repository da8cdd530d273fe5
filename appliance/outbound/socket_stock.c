/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/outbound/socket_stock.h"

#include <errno.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/counters.h"

static void tidy(struct timer *timer);

enum socket_kind socket_kind_of(int family, int type)
{
	ASSERT((family == AF_INET || family == AF_INET6) && (type == SOCK_STREAM || type == SOCK_DGRAM));
	if (type == SOCK_STREAM)
		return family == AF_INET ? SOCKET_KIND_TCP4 : SOCKET_KIND_TCP6;
	return family == AF_INET ? SOCKET_KIND_UDP4 : SOCKET_KIND_UDP6;
}

static void count(const struct socket_stock *stock, enum counters_endpoint_sockets what, uint64_t amount)
{
	counters_add(stock->settings.counters, COUNTERS_upstream_endpoint_sockets, what, amount);
}

static void close_all(int *fds, uint32_t *fd_count)
{
	while (*fd_count > 0)
		close(fds[--*fd_count]);
}

/* --- ordering ------------------------------------------------------------------------------------------------------------ */

static void send_order(struct socket_stock *stock, struct socket_shelf *shelf)
{
	struct socket_order *order = &shelf->order;

	if (order->is_away)
		return;
	order->is_away = true;
	order->wanted_count = shelf->batch_count;
	order->error = 0;
	order->count = 0;
	stock->settings.order(stock->settings.context, order);
}

/* Somebody waits, so what was ordered at a time was too little. */
static void grow(struct socket_shelf *shelf)
{
	if (!list_is_empty(&shelf->waiting))
		return; /* the batch that is away was not even seen yet */
	shelf->batch_count *= 2;
	if (shelf->batch_count > SOCKET_STOCK_BATCH_MAX)
		shelf->batch_count = SOCKET_STOCK_BATCH_MAX;
}

/* Tell all who wait now that there will be none; who waits again while being told waits for the next order. */
static void refuse_waiting(struct socket_shelf *shelf, int error)
{
	struct list refused;
	struct list_link *link;

	list_init(&refused);
	while ((link = list_take_first(&shelf->waiting)))
		list_append(&refused, link);
	while ((link = list_take_first(&refused)))
		CONTAINER_OF(link, struct socket_waiter, link)
			->ready(CONTAINER_OF(link, struct socket_waiter, link), error);
}

/* Put what an order brought on its shelf, where there is room for two batches. */
static void shelve(struct socket_shelf *shelf, struct socket_order *order)
{
	ASSERT(shelf->count + order->count <= 2 * SOCKET_STOCK_BATCH_MAX);
	while (order->count > 0)
		shelf->fds[shelf->count++] = order->fds[--order->count];
}

static void serve_waiting(struct socket_stock *stock, struct socket_shelf *shelf)
{
	struct list_link *link;

	while (shelf->count > 0 && (link = list_take_first(&shelf->waiting))) {
		struct socket_waiter *waiter = CONTAINER_OF(link, struct socket_waiter, link);

		waiter->ready(waiter, 0);
		if (stock->is_closed)
			return;
	}
	if (!list_is_empty(&shelf->waiting))
		send_order(stock, shelf);
}

void socket_stock_deliver(struct socket_order *order)
{
	struct socket_stock *stock = order->stock;
	struct socket_shelf *shelf = CONTAINER_OF(order, struct socket_shelf, order);

	ASSERT(order->is_away && order->count <= order->wanted_count);
	order->is_away = false;
	if (stock->is_closed) {
		close_all(order->fds, &order->count);
		if (socket_stock_is_idle(stock) && stock->settings.idle)
			stock->settings.idle(stock);
		return;
	}
	if (order->count == 0) {
		count(stock, COUNTERS_ENDPOINT_SOCKETS_REFUSED, 1);
		refuse_waiting(shelf, order->error < 0 ? order->error : -EIO);
		return;
	}
	count(stock, COUNTERS_ENDPOINT_SOCKETS_RECEIVED, order->count);
	shelve(shelf, order);
	shelf->was_used = true;
	if (!timer_is_armed(&stock->timer))
		timer_arm(stock->loop, &stock->timer, stock->settings.keep_ms, tidy);
	serve_waiting(stock, shelf);
}

/* --- taking -------------------------------------------------------------------------------------------------------------- */

int socket_stock_has(struct socket_stock *stock, enum socket_kind kind)
{
	struct socket_shelf *shelf = &stock->shelves[kind];

	if (stock->is_closed)
		return -EPIPE;
	if (shelf->count > 0)
		return 0;
	send_order(stock, shelf);
	return -EAGAIN;
}

int socket_stock_take(struct socket_stock *stock, enum socket_kind kind)
{
	struct socket_shelf *shelf = &stock->shelves[kind];
	int error = socket_stock_has(stock, kind), fd;

	if (error < 0)
		return error;
	fd = shelf->fds[--shelf->count];
	shelf->was_used = true;
	count(stock, COUNTERS_ENDPOINT_SOCKETS_USED, 1);
	if (shelf->count < shelf->batch_count / 2)
		send_order(stock, shelf);
	return fd;
}

void socket_stock_wait(struct socket_stock *stock, enum socket_kind kind, struct socket_waiter *waiter)
{
	struct socket_shelf *shelf = &stock->shelves[kind];

	ASSERT(!stock->is_closed && shelf->order.is_away && waiter->ready);
	count(stock, COUNTERS_ENDPOINT_SOCKETS_WAITED, 1);
	grow(shelf);
	list_append(&shelf->waiting, &waiter->link);
}

void socket_waiter_cancel(struct socket_waiter *waiter)
{
	list_remove(&waiter->link);
}

/* --- the stock ------------------------------------------------------------------------------------------------------------ */

/* Close what was not needed. An endpoint that was busy once starts small again. */
static void tidy(struct timer *timer)
{
	struct socket_stock *stock = CONTAINER_OF(timer, struct socket_stock, timer);
	bool any = false;

	for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++) {
		struct socket_shelf *shelf = &stock->shelves[kind];

		if (!shelf->was_used) {
			close_all(shelf->fds, &shelf->count);
			shelf->batch_count = SOCKET_STOCK_BATCH_MIN;
		}
		shelf->was_used = false;
		any = any || shelf->count > 0;
	}
	if (any)
		timer_arm(stock->loop, &stock->timer, stock->settings.keep_ms, tidy);
}

void socket_stock_init(struct socket_stock *stock, struct loop *loop, const struct socket_stock_settings *settings)
{
	*stock = (struct socket_stock){ .loop = loop, .settings = *settings };
	if (stock->settings.keep_ms == 0)
		stock->settings.keep_ms = SOCKET_STOCK_KEEP_MS;
	for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++) {
		struct socket_shelf *shelf = &stock->shelves[kind];

		shelf->batch_count = SOCKET_STOCK_BATCH_MIN;
		list_init(&shelf->waiting);
		shelf->order = (struct socket_order){
			.loop = loop,
			.place = settings->place,
			.family = kind == SOCKET_KIND_TCP4 || kind == SOCKET_KIND_UDP4 ? AF_INET : AF_INET6,
			.type = kind == SOCKET_KIND_TCP4 || kind == SOCKET_KIND_TCP6 ? SOCK_STREAM : SOCK_DGRAM,
			.stock = stock,
		};
	}
}

void socket_stock_close(struct socket_stock *stock)
{
	if (stock->is_closed)
		return;
	stock->is_closed = true;
	timer_disarm(stock->loop, &stock->timer);
	for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++)
		close_all(stock->shelves[kind].fds, &stock->shelves[kind].count);
	for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++)
		refuse_waiting(&stock->shelves[kind], -EPIPE);
}

bool socket_stock_is_idle(const struct socket_stock *stock)
{
	for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++)
		if (stock->shelves[kind].order.is_away)
			return false;
	return true;
}

void socket_stock_fini(struct socket_stock *stock)
{
	ASSERT(stock->is_closed);
	for (int kind = 0; kind < SOCKET_KIND_COUNT; kind++) {
		struct socket_order *order = &stock->shelves[kind].order;

		close_all(order->fds, &order->count);
		order->is_away = false;
	}
}
