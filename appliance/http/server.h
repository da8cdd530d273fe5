/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server: the HTTP server of one worker: listeners, connections, limits, drain. Requests go to one handler as exchanges
 * (exchange.h). HTTP/1.1 and 1.0, plain or TLS, keep-alive, pipelining (one request of a connection at a time).
 *
 * Life cycle: http_server_new() on a loop → http_listener_open() for each listening socket, close as endpoints go →
 * http_server_drain() to end well → http_server_free().
 *
 * Slow and odd clients: each connection has one timer: handshake, head, body progress, send progress, or idle, whichever
 * applies. A connection that is closed while the client still sends lingers for a moment so that the response is not lost
 * to a reset. None of these touches another connection.
 *
 * Memory: an idle connection is one struct (and its TLS state); buffers are the worker's. Connections, exchanges and
 * chunks are recycled.
 * Threads: all on the loop's thread; one server per worker; statistics are plain words that other threads may read
 * late.
 */
#ifndef POSTERN_HTTP_SERVER_H
#define POSTERN_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/http/exchange.h"
#include "appliance/tls/server.h"

struct http_server;
struct http_listener;

struct http_limits {
	struct http1_limits head;
	uint64_t body_max_bytes;
	uint64_t handshake_timeout_ms; /* accept → TLS secured */
	uint64_t head_timeout_ms;      /* first byte of a head → its last */
	uint64_t body_timeout_ms;      /* between two pieces of a body that is wanted */
	uint64_t send_timeout_ms;      /* between two pieces that the client takes */
	uint64_t idle_timeout_ms;      /* between two requests, and before the first */
	uint64_t linger_timeout_ms;    /* how long a closing connection listens for the client's end */
	size_t connection_max_count;   /* more wait in the kernel's queue; the one idle longest makes room */
};

/* Those of private APIs: 8,192 bytes URL, 8,000 of header section, 10 MB body, 310 s idle; the rest is ours. */
extern const struct http_limits http_limits_private;

/* Counted since http_server_new(); monotonic except the first two. */
struct http_server_stats {
	uint64_t connections_open;
	uint64_t exchanges_open;
	uint64_t connections_accepted;
	uint64_t handshakes_done, handshakes_resumed, handshakes_failed;
	uint64_t requests;
	uint64_t requests_refused;    /* 4xx/5xx by the server itself: malformed, too large, too slow */
	uint64_t exchanges_abandoned; /* clients that went before their response was complete */
	uint64_t timeouts;
	uint64_t request_bytes, response_bytes; /* heads and bodies, without TLS */
};

/*
 * Make a server on `loop`. `tls` may be NULL if no listener is secure. `limits` and `handler` are borrowed and must outlive
 * it. `context` becomes x->context of every exchange. Returns NULL with errno set on failure.
 */
struct http_server *http_server_new(struct loop *loop, struct tls_worker *tls, const struct http_limits *limits,
	const struct http_handler *handler, void *context) __attribute__((warn_unused_result));

/* Close everything at once (exchanges get gone() and must be done() in it) and free. NULL is fine. */
void http_server_free(struct http_server *server);

struct http_listener_settings {
	int fd;         /* listening, TCP (or Unix stream) */
	void *identity; /* becomes x->identity; e.g. the endpoint */
	/* Called with `identity` when the listener is closed and its last connection has ended. May be NULL. */
	void (*release)(void *identity);
	/* TLS if not NULL: chooses the certificate by the ClientHello. `choose_context` may be NULL: then it is called with `identity`. */
	tls_server_choose_fn *choose;
	void *choose_context;
};

/*
 * Accept connections of `settings->fd`, which the server owns from now on (made non-blocking and given TCP_NODELAY). Returns
 * 0 and `*ret`, or a negative errno, and then the descriptor stays the caller's.
 */
int http_listener_open(struct http_server *server, const struct http_listener_settings *settings,
	struct http_listener **ret) __attribute__((warn_unused_result));

/*
 * Stop accepting. The descriptor is closed, or left open for whoever else serves it if `keep_fd`. Connections go on;
 * with `end_connections` idle ones close now and the others after their present exchange.
 */
void http_listener_close(struct http_listener *listener, bool keep_fd, bool end_connections);

/*
 * Stop accepting everywhere, close idle connections, let the running exchanges end (their responses say Connection: close),
 * cut what is left after `limit_ms`, then call `drained(context)` once.
 */
void http_server_drain(
	struct http_server *server, uint64_t limit_ms, void (*drained)(void *drained_context), void *drained_context);

const struct http_server_stats *http_server_stats(const struct http_server *server);

#endif
