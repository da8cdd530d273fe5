/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exchange: one request and its response. The central struct: every protocol fills it, the handler (the pipeline of the
 * gateway, the operations of the control program) reads the request from it and writes the response through it, and
 * neither knows the other.
 *
 * Life cycle, in the handler's words:
 *
 *	request(x)           the head is complete: x->request, x->peer, x->tls are good until http_done(x)
 *	http_body_…(x)       if the body is wanted: whole, collected, or piece by piece with pause and resume
 *	http_respond…(x)     once: a whole response, or a head and then pieces of body
 *	http_done(x)         exactly once per request(x) or refused(x), the response being complete or not: x is gone
 *
 * The handler may do all that inside request(), or return and go on when something else calls it. A client that goes away
 * meanwhile makes gone(x) be called: the handler stops what it does and calls http_done(x), there or later. http_done()
 * before the response is complete resets the connection, so that half a response never looks whole.
 *
 * Words: the *handler* is who answers; the *peer* is the client's address; *waiting* bytes are those that the client has
 * not taken yet; an exchange is *abandoned* when its client is gone.
 *
 * Memory: x->arena is for everything that lives as long as the exchange. Its chunks are recycled per worker.
 * Threads: an exchange belongs to its worker's loop; nothing here may be called by another thread.
 * Not here: listening, connections, limits (server.h); what a request means (pipeline/).
 * Source: RFC 9110, RFC 9112; spec/endpoints.md 1; spec/recorded-errors.md 2.
 */
#ifndef POSTERN_HTTP_EXCHANGE_H
#define POSTERN_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "appliance/base/arena.h"
#include "appliance/base/assert.h"
#include "appliance/base/view.h"
#include "appliance/loop/loop.h"
#include "appliance/tls/facts.h"
#include "appliance/wire/http1.h"

struct http_server;
struct http_connection;
struct http_memory;
struct exchange;

#define EXCHANGE_MAGIC MAGIC('x', 'c', 'h', 'g')

/*
 * What one exchange's arena may hold: two payloads of 10 MB, request and answer, each as received and as mapped, and what templates
 * make of them on the way: the values of a JSON text take about three times its bytes.
 */
#define EXCHANGE_ARENA_MAX_BYTES ((size_t)192 << 20)

/* Above so many waiting bytes a producer should pause until drained(): two TLS records more than a receive buffer. */
#define HTTP_WAITING_HIGH_BYTES 65536

/* The client's address. IPv4 is held as ::ffff:a.b.c.d. */
struct http_peer {
	uint8_t address[16]; /* network order */
	uint16_t port;       /* host order */
	bool is_ipv4;
	struct view text; /* "10.20.0.5", "fd00::5"; lives as long as the exchange */
};

/* Who answers. Called by the loop only, never inside a call of the handler's own. Members but `request` may be NULL. */
struct http_handler {
	/* A request's head is complete. */
	void (*request)(struct exchange *x);
	/*
	 * What came is no acceptable request: x->request.rule says why, `status` is what to answer (400, 408, 414, 417, 431,
	 * 501, 505). The head may be filled in part. To be answered with http_respond() and http_done(), at once; the
	 * connection closes afterwards. NULL: the server answers with the bare status.
	 */
	void (*refused)(struct exchange *x, int status);
	/* Everything that waited has been taken by the client; a producer that paused goes on. Only while the response is incomplete. */
	void (*drained)(struct exchange *x);
	/* The client is gone, or the server gives it up (time-out, shutdown). At most once, never after the response was complete. */
	void (*gone)(struct exchange *x);
};

struct exchange {
	uint32_t magic;

	/* --- for the handler to read */
	int status; /* of the response, 0 until it is begun */
	struct http1_head request;
	struct arena arena;
	struct loop *loop;
	void *context;                /* of http_server_new(): the worker that serves */
	void *identity;               /* of http_listener_open(): the endpoint by which the request came in */
	const struct http_peer *peer; /* never NULL */
	const struct tls_facts *tls;  /* never NULL; of a plain connection all empty */
	uint64_t begun_ns;            /* monotonic: first byte of the request was read */
	uint64_t received_ns;         /* monotonic: head was complete */
	uint64_t received_wall_ms;    /* the same on the wall clock */
	uint64_t request_body_bytes;  /* body bytes received so far */
	uint64_t response_body_bytes; /* body bytes given to http_respond…() so far, framing not counted */
	uint64_t response_bytes;      /* heads and framing included, TLS not */
	bool abandoned;               /* gone() was or would have been called */
	bool response_complete;

	/* --- the handler's own */
	void *pipeline; /* NULL when request() is called */

	/* --- the handler's to set, before it asks for the body */
	uint64_t body_max_bytes; /* longest body; the server's limit at first, UINT64_MAX: any */

	/* --- the server's own */
	struct http_connection *connection; /* NULL only with `memory` */
	struct http_memory *memory;         /* it came by no connection (memory.h) */
	struct exchange *next_free;
	const struct http_body_sink *sink;
	struct http_collect *collect;
	int64_t response_left_bytes; /* of a declared length; -1 if there is none */
	uint8_t body_state;          /* enum body_state of connection.h */
	bool body_paused;
	bool continue_owed; /* the client waits for 100 Continue */
	bool response_chunked, response_bodiless, keep_alive;
	bool gone_told;
};

/* --- the request's body --------------------------------------------------------------------------------------------- */

/* Receives a body piece by piece. Called by the loop only, never inside a call of the handler's. */
struct http_body_sink {
	/* The next bytes; gone after the call. */
	void (*data)(struct exchange *x, struct view bytes);
	/* The body is complete; nothing more is called. */
	void (*end)(struct exchange *x);
	/*
	 * It will never be complete: -EMSGSIZE longer than x->body_max_bytes (answer with http_respond_too_large()), -EPROTO malformed
	 * chunks (answer 400), -ETIMEDOUT the client is too slow (answer 408). The connection closes after the response.
	 * A client that is gone is told by gone() of the handler, not here.
	 */
	void (*failed)(struct exchange *x, int error);
};

/* True if a body follows the head (a length of 0 is none). */
static inline bool http_body_is_expected(const struct exchange *x)
{
	return x->request.framing == HTTP1_FRAMING_CHUNKED ||
	       (x->request.framing == HTTP1_FRAMING_LENGTH && x->request.content_length_bytes > 0);
}

/*
 * If the whole body is here already (or there is none), give it and count it as read: no copy, no callback. The view lives
 * until the handler returns to the loop; copy it (arena_copy()) to keep it. False: use one of the other two. To be called
 * inside request() only, before the others. Bodies in chunks are never given this way.
 */
bool http_body_try_whole(struct exchange *x, struct view *ret_body);

/*
 * Want the body, piece by piece, from the end of the present callback on. Sends 100 Continue if the client waits for it.
 * A body that does not exist is ended at once (still not inside this call). Returns 0; -EMSGSIZE if the announced length
 * is over x->body_max_bytes (nothing will be called); -EALREADY if it was wanted before.
 */
int http_body_start(struct exchange *x, const struct http_body_sink *sink) __attribute__((warn_unused_result));

/* Stop and go on being called with data: the client is held up by TCP. At most one more data() may follow a pause. */
void http_body_pause(struct exchange *x);
void http_body_resume(struct exchange *x);

/*
 * Want the whole body as one view in x->arena: `collected(x, 0, body)` is called once, by the loop, with it, or with an
 * error as sink->failed() has, or -ENOMEM when the arena is full. `limit_bytes` may be lower than x->body_max_bytes.
 * Returns as http_body_start().
 */
typedef void http_collected_fn(struct exchange *x, int error, struct view body);
int http_body_collect(struct exchange *x, uint64_t limit_bytes, http_collected_fn *collected)
	__attribute__((warn_unused_result));

/* A body that is not wanted needs no call: the server reads past a short one and closes the connection on a long one. */

/* --- the response --------------------------------------------------------------------------------------------------- */

struct http_field {
	struct view name, value;
};

/* The length of a body that is not known beforehand: chunked to HTTP/1.1 clients, until close to older ones. */
#define HTTP_LENGTH_UNKNOWN ((int64_t)-1)

/* Room for a response's status line and fields; what does not fit is refused with -ENOBUFS. */
#define HTTP_RESPONSE_HEAD_MAX_BYTES 32768

/*
 * Begin the response. The server itself writes Date, Connection, Content-Length and Transfer-Encoding: they must not be
 * among `fields`. `content_length` is that of the body that will be given (for HEAD: would be), or HTTP_LENGTH_UNKNOWN.
 * The head goes out with the first piece of body, or at the end of the turn. `status` 200–599; no body is sent with 204,
 * 304 and to HEAD, whatever is given.
 *
 * Returns 0; -ENOBUFS if the head is too large; -EINVAL if a field is malformed or one of the four (after both nothing was
 * sent and another response can be begun); -EPIPE if the client is gone.
 */
int http_respond_head(struct exchange *x, int status, const struct http_field *fields, size_t field_count,
	int64_t content_length) __attribute__((warn_unused_result));

/*
 * Send the next piece of body; `bytes` is not needed after the call and may be empty. `last` completes the response; a
 * declared length must then have been given exactly (else the connection is reset, and -EPROTO returned; too much is -EPROTO
 * as well). Returns the number of bytes waiting (compare with HTTP_WAITING_HIGH_BYTES), -EPIPE if the client is gone, or
 * -ENOBUFS if nobody is there who takes it and it is more than is kept (memory.h): then nothing more can be given.
 */
ssize_t http_respond_body(struct exchange *x, struct view bytes, bool last);

/* A whole response in one call, head and body in one send. Returns as http_respond_head(). */
int http_respond(struct exchange *x, int status, const struct http_field *fields, size_t field_count, struct view body)
	__attribute__((warn_unused_result));

/* The answer to a body over x->body_max_bytes, as AWS gives it: 413, `HTTP content length exceeded 10485760 bytes.`; then still http_done(). */
void http_respond_too_large(struct exchange *x);

/* Bytes of this connection that the client has not taken yet. */
size_t http_waiting_bytes(const struct exchange *x);

/* The connection shall close after this response. Before http_respond_head(). */
void http_close_after(struct exchange *x);

/* Done with `x`, which is gone now, arena and all. If the response is not complete the connection is reset. */
void http_done(struct exchange *x);

#endif
