/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway_sockets: sockets of endpoints' namespaces on their way from posternd to the workers that have ordered them
 * (appliance/outbound/socket_stock.h, verb OUTGOING_SOCKETS).
 *
 * A worker's order is posted to the main thread, asked of posternd as soon as there is room, and posted back with what came. Some
 * are asked for at a time, the others wait in the order in which they came; answers come in the order of the questions.
 * When posternd is gone all wait for its successor, who is asked anew: a call that can't wait so long ends by its own time-out.
 *
 * Life cycle: with struct gateway. Threads: the main thread's, but for gateway_sockets_order(). Nothing here waits or allocates.
 */
#ifndef POSTERN_LAUNCH_GATEWAY_SOCKETS_H
#define POSTERN_LAUNCH_GATEWAY_SOCKETS_H

#include "appliance/outbound/socket_stock.h"
#include "netns/verbs.h"

struct gateway;

void gateway_sockets_init(struct gateway *gateway);

/* A worker's order: a socket_order_fn whose context is the gateway. Any thread. */
void gateway_sockets_order(void *gateway, struct socket_order *order);

/* posternd's answer to OUTGOING_SOCKETS. */
void gateway_sockets_answered(struct gateway *gateway, struct verb_message *message);

/* posternd's successor knows nothing of what was asked: ask again. */
void gateway_sockets_resume(struct gateway *gateway);

#endif
