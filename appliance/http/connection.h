/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * connection: the server's inside: a connection and its states, the worker's output buffer. Private to this folder.
 *
 *   connection.c  states, input, parsing, timers
 *   body.c        the request's body: fed to sinks, or read past
 *   respond.c     the response: heads, framing, the output buffer
 *   server.c      listeners, drain, recycling
 *
 * Threads: the server's loop.
 */
#ifndef POSTERN_HTTP_CONNECTION_H
#define POSTERN_HTTP_CONNECTION_H

#include <netinet/in.h>

#include "appliance/base/list.h"
#include "appliance/http/exchange.h"
#include "appliance/http/server.h"
#include "appliance/loop/stream.h"
#include "appliance/loop/timer.h"

/* An unwanted body up to this size is read past, so that the connection lives on; a longer one closes it. */
#define HTTP_DISCARD_MAX_BYTES 65536

/* Input kept while an exchange runs (the next requests of a pipelining client); then the client is held up by TCP. */
#define HTTP_KEPT_MAX_BYTES 16384

/* Pieces of body up to this size are copied behind what is to be sent before them; larger ones are gathered. */
#define HTTP_COPY_MAX_BYTES 4096

/* Bytes gathered before a send: a head, and the small pieces behind it. */
#define HTTP_OUTPUT_BUFFER_BYTES 65536

/* Room for a textual IPv6 address with its scope. */
#define HTTP_PEER_TEXT_BYTES 64

/* Arena chunks that a worker keeps for the next exchanges. */
#define HTTP_ARENA_KEPT_MAX_BYTES ((size_t)8 << 20)

/* What large things of a worker's exchanges (collected bodies, mostly) may take together: fifty of the largest bodies. */
#define HTTP_ARENA_LARGE_MAX_BYTES ((size_t)512 << 20)

enum connection_state {
	CONNECTION_HANDSHAKE, /* TLS is not agreed yet */
	CONNECTION_IDLE,      /* between requests; nothing of the next one has come */
	CONNECTION_HEAD,      /* a part of a head has come */
	CONNECTION_EXCHANGE,  /* from a complete head to http_done() */
	CONNECTION_DISCARD,   /* the exchange is over; the rest of its request's body is being read past */
	CONNECTION_CLOSING,   /* the last response is still being taken by the client */
	CONNECTION_LINGER, /* our side has ended; waiting for the client's end, so that no reset overtakes the response */
	CONNECTION_CLOSED, /* unlinked; memory goes at the end of the turn, or with its exchange */
};

enum body_state {
	BODY_UNREAD, /* nobody has asked for it yet */
	BODY_WANTED, /* goes to the sink */
	BODY_ENDED,  /* the sink has been told its end, or the handler took it whole */
	BODY_FAILED, /* the sink has been told that it failed */
};

#define CONNECTION_MAGIC MAGIC('c', 'o', 'n', 'n')

struct http_connection {
	uint32_t magic;
	enum connection_state state;
	struct http_server *server;
	struct http_listener *listener;
	struct list_link link; /* in server->connections, then ->orphans while its exchange lasts, then ->ended */
	struct stream stream;
	struct exchange *x; /* between its head and http_done() */

	/* Input that was received and not used; while `processing`, what is left of it in the receive buffer. */
	struct chunk_list kept;
	struct view input;

	/* The body of the present request, as far as it has not been taken from the input. */
	bool body_open;
	uint64_t body_left_bytes; /* framing LENGTH */
	uint64_t discarded_bytes;
	struct http1_chunked chunked;
	enum http1_framing body_framing;

	bool processing;   /* connection_process() is on the stack */
	bool close_after;  /* no further request is read */
	bool linger_after; /* and the client may be sending still */
	bool input_ended;

	struct timer timer;
	uint64_t deadline_ms; /* UINT64_MAX: none; the timer may be due earlier and is then moved */
	uint64_t timer_ms;    /* when the timer is due */
	uint64_t sent_bytes;  /* of the stream, when the send limit was last set */
	uint64_t idle_since_ms;
	uint64_t begun_ns;      /* first byte of the present head */
	size_t head_seen_bytes; /* of an incomplete head, at its last parsing */
	struct loop_task process_task;
	struct http_connection *next_free;

	struct http_peer peer;
	char peer_text[HTTP_PEER_TEXT_BYTES];
	struct tls_facts tls;
};

struct http_listener {
	struct http_server *server;
	struct http_listener_settings settings;
	struct list_link link; /* in server->listeners, while it accepts */
	struct loop_watch watch;
	size_t connection_count;
	bool closed;
};

struct http_server {
	struct loop *loop;
	struct tls_worker *tls;
	const struct http_limits *limits;
	const struct http_handler *handler;
	void *context;
	struct http_server_stats stats;

	struct list connections, orphans, ended, listeners;
	struct loop_task sweep_task; /* frees what is in `ended` */
	struct arena_pool arenas;
	struct http_connection *free_connections;
	size_t free_connection_count;
	struct exchange *free_exchanges;

	/* Where heads are parsed; a complete one is copied into its exchange's arena. */
	struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];

	/* What `output_owner` sends next; flushed when another connection writes, when it is full, at the end of the turn. */
	struct http_connection *output_owner;
	size_t output_count;
	struct loop_task output_task;

	bool accept_held; /* at the connection limit, or out of descriptors */
	struct timer accept_timer;

	bool draining;
	struct timer drain_timer, drain_sweep_timer;
	struct loop_task drained_task;
	void (*drained)(void *drained_context);
	void *drained_context;

	char output[HTTP_OUTPUT_BUFFER_BYTES];
};

/* --- connection.c --- */

/* Take over an accepted descriptor. `address` is its peer. Closes it on failure. */
void connection_open(struct http_listener *listener, int fd, const struct sockaddr_storage *address);

/* The one state setter; it also sets the state's time limit. */
void connection_set_state(struct http_connection *connection, enum connection_state state);

/* Set when the connection's time is up, `delay_ms` from now; UINT64_MAX: no limit. */
void connection_set_deadline(struct http_connection *connection, uint64_t delay_ms);

/* Use the input at hand soon: kept bytes, a body that has become wanted, a next request. */
void connection_process_soon(struct http_connection *connection);

/* The response is complete and the request's body read: wait for the next request, or end. */
void connection_exchange_ended(struct http_connection *connection);

/* Answer `status` to a request that is not read to its end, and close. */
void connection_refuse(struct http_connection *connection, int status);

/* No more requests: give the client what is waiting for it, then close. */
void connection_finish(struct http_connection *connection);

/* End it now. The handler of a running exchange is told at the end of the turn that its client is gone. */
void connection_close(struct http_connection *connection, bool reset);

/* The connection was aborted: tell the handler of its exchange, if it does not know yet. */
void connection_tell_gone(struct http_connection *connection);

/*
 * The connection shall end as soon as no request is lost by it: at once if it is idle (with `also_recent` false only if it has
 * been for a second, since a client may be sending its next request right now), else with its next response.
 */
void connection_end_soon(struct http_connection *connection, bool also_recent);

/* --- body.c --- */

/* A request with this head has begun: set up the reading of its body. */
void body_begin(struct http_connection *connection, const struct http1_head *head);

/* Give input to the body's sink, or past it. False if it can't go on now (no input, paused, not wanted). */
bool body_advance(struct http_connection *connection);

/* Is somebody waiting for more body bytes from the client? */
bool body_is_awaited(const struct http_connection *connection);

/* Tell the sink that the body failed; the connection will close after the response. */
void body_fail(struct http_connection *connection, int error);

/* --- respond.c --- */

/* Send what is in the output buffer. */
void output_flush(struct http_server *server);

/* Forget what is in the output buffer for this connection. */
void output_drop(struct http_connection *connection);

/* Put bytes that are no response into the output (100 Continue). */
void output_append(struct http_connection *connection, struct view bytes);

/* --- server.c --- */

/* Recycled structs. A connection is given back in two steps: out of all lists at once, its memory at the end of the turn. */
struct http_connection *server_take_connection(struct http_listener *listener);
void server_unlink_connection(struct http_connection *connection);
void server_free_connection_later(struct http_connection *connection);
struct exchange *server_take_exchange(struct http_server *server);
void server_give_exchange(struct http_server *server, struct exchange *x);

#endif
