/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * upstream: the inside of outbound.h: one connection to a back end, its states, and the pool that owns all of a worker's.
 * Included by this folder's .c files only.
 *
 *	            outbound_start()                              ┌────────── next call ──────────┐
 *	                  │                                       ▼                               │
 *	  RESOLVING ──► CONNECTING ──► SECURING (TLS only) ──► BUSY ──► (answer complete) ──► IDLE ┘
 *	      └──────────────┴──────────────┴───────────────────┴──────────────────────────────┴──► CLOSED ──► free at the end
 *	                                                                                               of the turn
 *
 * One owner: the pool. One setter: upstream_set_state() in upstream.c. A connection has a call in every state but IDLE and
 * CLOSED; the call points back. The one timer lies inside and is disarmed by the setter on the way to CLOSED, so nothing
 * is left armed on freed memory.
 *
 * Files: upstream.c (connecting, states, closing), upstream_pool.c (targets, idle connections, limits), upstream_answer.c
 * (what comes), outbound_place.c (places), outbound.c (what is sent; the interface).
 */
#ifndef POSTERN_OUTBOUND_UPSTREAM_H
#define POSTERN_OUTBOUND_UPSTREAM_H

#include "appliance/base/assert.h"
#include "appliance/base/counters.h"
#include "appliance/base/list.h"
#include "appliance/loop/chunk.h"
#include "appliance/loop/stream.h"
#include "appliance/loop/timer.h"
#include "appliance/outbound/destination.h"
#include "appliance/outbound/outbound.h"
#include "appliance/outbound/resolver.h"
#include "appliance/tls/client.h"

enum upstream_state {
	UPSTREAM_RESOLVING,  /* waits for the addresses of the target's host */
	UPSTREAM_CONNECTING, /* TCP to one of them */
	UPSTREAM_SECURING,   /* TLS handshake */
	UPSTREAM_BUSY,       /* a request is being sent, its answer awaited or read */
	UPSTREAM_IDLE,       /* kept alive, in its target's list */
	UPSTREAM_CLOSED,     /* unlinked; freed at the end of the turn */
};

#define UPSTREAM_MAGIC MAGIC('u', 'p', 's', 't')

/* Fields of an answer's head that are taken; nginx sends 8, chatty frameworks 30. */
#define UPSTREAM_HEADERS_MAX 128

/* Targets (host, port, TLS) that a worker remembers; those without connections give way. */
#define UPSTREAM_TARGETS_MAX 4096
#define UPSTREAM_BUCKETS 1024

/* Connection structs that are kept for the next connection. */
#define UPSTREAM_SPARE_MAX 64

/* One address gets this long while there are others to try (RFC 8305 section 8 calls 250 ms a good delay). */
#define UPSTREAM_ATTEMPT_MS 300

/* Where connections leave from, if not from the gateway's own namespace. Lives until it is freed and no order is away. */
struct outbound_place {
	struct outbound *pool;
	struct list_link link; /* in pool->places; once it is freed, in pool->leaving */
	struct socket_stock stock;
	struct resolver *resolver;
	char name[OUTBOUND_PLACE_MAX_BYTES + 1];
};

/* A host, port and kind of TLS at a place, with its idle connections. Lives while it has connections or is remembered. */
struct upstream_target {
	struct upstream_target *next;      /* in its bucket */
	struct list_link link;             /* in pool->targets, the one used last at the end */
	struct outbound_target facts;      /* its names point to `host` and `server_name` */
	struct outbound_identity identity; /* what facts.identity points to, if anything: the fingerprint alone */
	struct outbound_place *place;      /* NULL: the gateway's own */
	struct list idle;                  /* the one used last first: it is the warmest, and the others age out */
	uint32_t idle_count;
	uint32_t connection_count; /* in any state */
	struct tls_client_session session;
	char host[RESOLVER_NAME_MAX_BYTES + 1], server_name[RESOLVER_NAME_MAX_BYTES + 1];
};

/* A head that did not come in one piece, kept until it is complete. */
struct upstream_partial {
	struct upstream_partial *next; /* on the spare list */
	struct http1_head head;
	struct http1_header headers[UPSTREAM_HEADERS_MAX];
	size_t count;
	char bytes[OUTBOUND_HEAD_MAX_BYTES +
		   LOOP_RECEIVE_BUFFER_BYTES]; /* a head that just fits, and the body that came with its end */
};

struct upstream {
	uint32_t magic;
	enum upstream_state state;
	struct outbound *pool;
	struct upstream_target *target;
	struct outbound_call *call;
	struct list_link target_link; /* IDLE: in target->idle */
	struct list_link
		pool_link; /* IDLE: in pool->idle, the one idle for longest first; CLOSED: in pool->closed; else in pool->active */
	struct timer timer;
	struct loop_task task; /* CLOSED: free */
	struct upstream *next_spare;

	struct stream stream;
	uint64_t opened_ms;
	bool reused;              /* the call at hand is not its first */
	bool answered;            /* bytes have come for the call at hand */
	bool read_full;           /* the last read filled its buffer: there may be more in the kernel */
	bool send_broken;         /* nothing can be sent any more; an answer may still be there to be read */
	struct chunk_list queued; /* framed body that was given before there was a connection */

	/* the answer */
	struct upstream_partial *partial;
	enum http1_framing framing;
	bool keep_alive;
	uint64_t left_bytes; /* HTTP1_FRAMING_LENGTH */
	struct http1_chunked chunked;
	uint64_t sent_ns; /* when the request was handed to the kernel */

	/* connecting: last, since a kept connection never looks at it again */
	struct resolver_query query;
	struct resolver_addresses addresses;
	size_t next_address;
	struct socket_waiter waiter;       /* for a socket of the place, to the address before next_address */
	enum outbound_error connect_error; /* the best reason so far, if no address works */
	struct loop_watch connecting;
	int fd; /* until a stream owns it; else -1 */
	uint64_t connect_deadline_ms;
};

struct outbound {
	struct loop *loop;
	struct outbound_settings settings;
	struct resolver *resolver;
	struct tls_client_context *contexts[TLS_VERIFY_NOTHING + 1]; /* each made when it is first needed */
	bool context_tried[TLS_VERIFY_NOTHING + 1];                  /* what could not be made is not tried again */
	struct upstream_target *buckets[UPSTREAM_BUCKETS];
	struct list targets;
	uint32_t target_count;
	struct list places, leaving;
	struct list idle, active, closed;
	uint32_t idle_count, connection_count;
	struct upstream *spare;
	uint32_t spare_count;
	struct upstream_partial *spare_partial;
	/* Heads that come in one piece are parsed in place with these: none of it outlives the callback. */
	struct http1_head head;
	struct http1_header headers[UPSTREAM_HEADERS_MAX];
};

/* --- upstream_pool.c --- */

/* The remembered target equal to `facts` at `place`, made if need be; NULL if there is no memory or too many are in use. */
struct upstream_target *upstream_pool_target(
	struct outbound *pool, const struct outbound_target *facts, struct outbound_place *place);

/* Close the idle connections from a place. */
void upstream_pool_close_idle(struct outbound *pool, const struct outbound_place *place);
/* Forget the targets of a place, which has no connections. */
void upstream_pool_forget_place(struct outbound *pool, const struct outbound_place *place);

/* An idle connection to the target that may be used, taken out of the lists; NULL if there is none. */
struct upstream *upstream_pool_take_idle(struct upstream_target *target);

/* A new connection struct to `target` in state RESOLVING for `call`; NULL if a limit is reached or there is no memory. */
struct upstream *upstream_new(struct outbound *pool, struct upstream_target *target, struct outbound_call *call);

/* Give the struct back. */
void upstream_free(struct upstream *upstream);

/* Put an upstream whose state has just become IDLE into the lists; closes whichever is too many. */
void upstream_pool_keep_idle(struct upstream *upstream);

/* Take it out of whatever list it is in. */
void upstream_pool_unlink(struct upstream *upstream);

struct upstream_partial *upstream_pool_take_partial(struct outbound *pool);
void upstream_pool_give_partial(struct outbound *pool, struct upstream_partial *partial);

/* Forget everything; for outbound_free(). */
void upstream_pool_fini(struct outbound *pool);

/* --- upstream.c --- */

/* The only place where `state` changes. */
void upstream_set_state(struct upstream *upstream, enum upstream_state state);

/* Begin to connect a new upstream (RESOLVING). */
void upstream_connect(struct upstream *upstream);

/* Close it without telling its call, which it lets go. */
void upstream_close(struct upstream *upstream);

/* It broke: close it, and have its call sent again if that is safe, else failed. */
void upstream_fail(struct upstream *upstream, enum outbound_error error);

/* Arm the time-out for what the call waits for now. */
void upstream_arm(struct upstream *upstream);

/* --- upstream_answer.c --- */

/* The owner's callback: input on a BUSY or IDLE connection. */
void upstream_readable(struct stream *stream);

/* --- outbound_place.c --- */

/* For outbound_free(): every place is freed, and what is still away does not come home. */
void outbound_place_forget_all(struct outbound *pool);

/* --- outbound.c --- */

/* Send the call's head and what there is of its body: the connection is up (BUSY). */
void outbound_call_send_head(struct upstream *upstream);

/* The call has failed, on_error is due at the end of the turn. Its upstream is gone already. */
void outbound_call_fail(struct outbound_call *call, enum outbound_error error);

/* Find or make a connection for the call, and send. `fresh` takes no idle one. */
void outbound_call_dispatch(struct outbound_call *call, bool fresh);

/* More may be sent. */
void outbound_call_drained(struct upstream *upstream);

#endif
