/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/gateway_sockets.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/log.h"
#include "appliance/launch/gateway_state.h"

/* Questions that are under way at a time: enough to keep posternd busy, too few to fill the socket to it. */
#define ASKED_MAX 8
/* How often it is said that there are none. */
#define COMPLAINT_MS 10000

_Static_assert(SOCKET_STOCK_BATCH_MAX <= VERB_OUTGOING_MAX, "an order is one message");

static struct socket_order *order_at(struct list_link *link)
{
	return CONTAINER_OF(link, struct socket_order, link);
}

static struct verb_outgoing_sockets wish_of(const struct socket_order *order)
{
	struct verb_outgoing_sockets wish = {
		.family = order->family, .type = (uint16_t)order->type, .count = order->wanted_count
	};

	strncpy(wish.id, order->place, sizeof wish.id - 1);
	return wish;
}

/* --- Back to the worker, on its thread ------------------------------------------------------------------------------- */

static void deliver(struct loop_message *message)
{
	socket_stock_deliver(CONTAINER_OF(message, struct socket_order, message));
}

static void send_home(struct socket_order *order)
{
	loop_post(order->loop, &order->message, deliver);
}

/* --- Asking ---------------------------------------------------------------------------------------------------------- */

static void ask_next(struct gateway *gateway)
{
	struct list_link *link;

	while (gateway->orders_asked_count < ASKED_MAX && (link = list_first(&gateway->orders_waiting))) {
		const struct verb_outgoing_sockets wish = wish_of(order_at(link));

		if (!posternd_link_send(&gateway->link, VERB_OUTGOING_SOCKETS, &wish, NULL, 0))
			return; /* it is gone: see gateway_sockets_resume() */
		list_remove(link);
		list_append(&gateway->orders_asked, link);
		gateway->orders_asked_count++;
	}
}

static void ordered(struct loop_message *message)
{
	struct socket_order *order = CONTAINER_OF(message, struct socket_order, message);
	struct gateway *gateway = order->maker;

	list_append(&gateway->orders_waiting, &order->link);
	ask_next(gateway);
}

void gateway_sockets_order(void *gateway, struct socket_order *order)
{
	order->maker = gateway;
	loop_post(((struct gateway *)gateway)->loop, &order->message, ordered);
}

/* --- Answers --------------------------------------------------------------------------------------------------------- */

static void complain(struct gateway *gateway, const struct socket_order *order)
{
	uint64_t now_ms = loop_now_ms(gateway->loop);

	/* An endpoint that has just been deleted has none. */
	if (order->error == -ENOENT || now_ms < gateway->next_complaint_ms)
		return;
	gateway->next_complaint_ms = now_ms + COMPLAINT_MS;
	log_warning("no sockets to call back ends from an endpoint's subnet", LOG_TEXT("endpoint", order->place),
		LOG_ERRNO(order->error));
}

static int take_sockets(struct socket_order *order, struct verb_message *message)
{
	const struct verb_outgoing_sockets wish = wish_of(order), *given = &message->body.outgoing_sockets;
	int fd;

	if (message->header.status < 0)
		return message->header.status;
	if (memcmp(given->id, wish.id, sizeof wish.id) != 0 || given->family != wish.family || given->type != wish.type)
		return -EPROTO;
	while (order->count < order->wanted_count && (fd = client_take_fd(message, order->count)) >= 0)
		order->fds[order->count++] = fd;
	/* The kernel gave us none of them: we have as many descriptors as we may. */
	return order->count > 0 ? 0 : -EMFILE;
}

void gateway_sockets_answered(struct gateway *gateway, struct verb_message *message)
{
	struct list_link *link = list_take_first(&gateway->orders_asked);
	struct socket_order *order;

	if (!link)
		return;
	gateway->orders_asked_count--;
	order = order_at(link);
	order->error = take_sockets(order, message);
	if (order->error)
		complain(gateway, order);
	send_home(order);
	ask_next(gateway);
}

void gateway_sockets_resume(struct gateway *gateway)
{
	struct list_link *link;

	while ((link = list_last(&gateway->orders_asked))) {
		list_remove(link);
		list_prepend(&gateway->orders_waiting, link);
	}
	gateway->orders_asked_count = 0;
	ask_next(gateway);
}

void gateway_sockets_init(struct gateway *gateway)
{
	list_init(&gateway->orders_waiting);
	list_init(&gateway->orders_asked);
}
