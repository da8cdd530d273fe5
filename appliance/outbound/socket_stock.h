/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * socket_stock: sockets, neither bound nor connected, of a network namespace that this process can't enter, kept in readiness
 * on one loop: for back ends (TCP) and for name servers (UDP, and TCP when an answer was cut).
 *
 * Sockets come in batches from whoever can make them: an *order* is handed to the maker, on the loop's thread, and comes
 * home filled by socket_stock_deliver(), on the same thread; in between it is the maker's. For each kind of socket one order at
 * a time is away. A stock orders when it is asked for the first time and when half of a batch is left; the first batch is
 * small, the next is twice as large whenever somebody had to wait; what nobody took for SOCKET_STOCK_KEEP_MS is closed. So an
 * endpoint that calls nobody holds no descriptor, and a busy one never waits.
 *
 * Taking a socket is a look into an array: no call of the system, no allocation, no lock. If there is none, the taker waits, by a
 * struct embedded in him, for as long as he likes: the stock knows no time-out, his own timer does.
 *
 * Life cycle: socket_stock_init() → take, wait … → socket_stock_close(): all sockets are closed and all who wait are told; the
 * struct must stay until the last order is home (socket_stock_is_idle(), which can be so at once; else `idle` is called then), unless
 * nobody will deliver any more, and socket_stock_fini() ends it.
 * Threads: the loop's. An order's fields belong to its maker while it is away.
 * Not here: how orders travel (appliance/launch), what is done with the sockets (upstream.c, resolver.c).
 */
#ifndef POSTERN_OUTBOUND_SOCKET_STOCK_H
#define POSTERN_OUTBOUND_SOCKET_STOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "appliance/base/list.h"
#include "appliance/loop/loop.h"
#include "appliance/loop/timer.h"

/* Sockets of the first order: a call, and one or two that come with it. */
#define SOCKET_STOCK_BATCH_MIN 4
/* As many as come in one message (netns/verbs.h, VERB_OUTGOING_MAX). */
#define SOCKET_STOCK_BATCH_MAX 32
/* What was not needed for so long is closed. */
#define SOCKET_STOCK_KEEP_MS 30000

enum socket_kind { SOCKET_KIND_TCP4, SOCKET_KIND_TCP6, SOCKET_KIND_UDP4, SOCKET_KIND_UDP6, SOCKET_KIND_COUNT };

struct counters_slot;
struct socket_stock;

struct socket_order {
	/* --- for the maker, while the order is away */
	struct loop_message message; /* to send it to another thread and back */
	struct list_link link;
	void *maker;
	/* --- what is wanted; not to be changed */
	struct loop *loop; /* where it is to be delivered */
	const char *place; /* whose namespace: an endpoint's id; valid while the order is away */
	sa_family_t family;
	int type;
	uint32_t wanted_count;
	/* --- filled by the maker: descriptors, the stock's from delivery on, or a negative errno */
	int error;
	uint32_t count;
	int fds[SOCKET_STOCK_BATCH_MAX];
	/* --- private */
	struct socket_stock *stock;
	bool is_away;
};

/* Make what `order` wants, or know why not, and then call socket_stock_deliver(). Never calls it from within. */
typedef void socket_order_fn(void *context, struct socket_order *order);

struct socket_stock_settings {
	const char *place;                        /* copied into orders as it is; outlives the stock */
	socket_order_fn *order;                   /* where orders go */
	void *context;                            /* for `order` */
	void (*idle)(struct socket_stock *stock); /* after socket_stock_close(): the last order is home. May be NULL */
	uint64_t keep_ms;                         /* 0: SOCKET_STOCK_KEEP_MS */
	struct counters_slot *counters;           /* NULL: nothing is counted */
};

/* One who waits; zeroed before its first use. */
struct socket_waiter {
	/*
	 * Called from the loop, once: with 0 there is a socket, to be taken within, or waited for again; with a negative errno, as the
	 * maker gave it, or -EPIPE for a stock that is closed, there will be none.
	 */
	void (*ready)(struct socket_waiter *waiter, int error);
	struct list_link link; /* private */
};

/* The sockets of one kind. */
struct socket_shelf {
	int fds[2 * SOCKET_STOCK_BATCH_MAX];
	uint32_t count;
	uint32_t batch_count; /* of the next order */
	bool was_used;        /* since the timer fired last */
	struct list waiting;
	struct socket_order order;
};

struct socket_stock {
	struct loop *loop;
	struct socket_stock_settings settings;
	struct socket_shelf shelves[SOCKET_KIND_COUNT];
	struct timer timer;
	bool is_closed;
};

/* AF_INET or AF_INET6, SOCK_STREAM or SOCK_DGRAM. */
enum socket_kind socket_kind_of(int family, int type);

/* Prepare an empty stock; nothing is ordered yet. `*settings` is copied. */
void socket_stock_init(struct socket_stock *stock, struct loop *loop, const struct socket_stock_settings *settings);

/*
 * A socket of that kind, now the caller's; -EAGAIN if there is none, in which case one is on order, or -EPIPE if the stock is
 * closed.
 */
int socket_stock_take(struct socket_stock *stock, enum socket_kind kind);

/* 0 if socket_stock_take() would give one now; else as that. */
int socket_stock_has(struct socket_stock *stock, enum socket_kind kind);

/* Be told when there is one of that kind: after -EAGAIN only, and not while it waits already. */
void socket_stock_wait(struct socket_stock *stock, enum socket_kind kind, struct socket_waiter *waiter);
/* Wait no more; harmless if it does not. */
void socket_waiter_cancel(struct socket_waiter *waiter);

/* An order is home. */
void socket_stock_deliver(struct socket_order *order);

/* No sockets any more; see above. A second call changes nothing. */
void socket_stock_close(struct socket_stock *stock);
/* Is no order away? */
bool socket_stock_is_idle(const struct socket_stock *stock);
/* Close what orders that will never be delivered hold. The stock is closed, and nobody else touches its orders any more. */
void socket_stock_fini(struct socket_stock *stock);

#endif
