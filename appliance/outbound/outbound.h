/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outbound: calls to HTTP and HTTPS back ends over a pool of kept-alive connections.
 *
 * A worker has one `struct outbound`. A call is embedded in what needs it (an exchange), is started with a target and a
 * request head, takes its body in pieces or whole, and reports through its handlers: on_head once, on_body until its `last`,
 * or on_error once at any time. HTTP/1.1 only; redirects are answers like any other; 1xx answers are skipped.
 *
 * What is on the wire is framed here and nowhere else: the caller's head holds the request line and the fields, without
 * Content-Length, Transfer-Encoding and the empty line; those are written from `body` and `body_bytes`, so head and framing
 * can't contradict each other.
 *
 * Back-pressure. Towards the back end: outbound_send() takes all it is given, and says when to stop; on_writable says when to
 * go on. Towards the client: outbound_pause() stops reading from the back end, outbound_resume() goes on; what had been
 * received already is still handed over in the same turn (at most LOOP_RECEIVE_BUFFER_BYTES).
 *
 * Retries. A kept-alive connection may be closed by the back end while a request is under way to it. Such a call is sent once
 * more, on a new connection, if nothing of an answer arrived, the method is idempotent (RFC 9110 9.2.2), and the body is empty
 * or still at hand (`body_stays`). Nothing else is ever sent twice.
 *
 * Time. `timeout_ms` bounds the call from start until the answer's head is complete, names and TLS included, and then each
 * wait for more of its body. Time that others take does not count: while the caller has not given the whole request body
 * and all that it gave was sent, and while the answer is paused.
 *
 * Places. A call leaves from the gateway's own network namespace, or from a *place*: the namespace of an endpoint, with the
 * endpoint's addresses and routes. Sockets of a place come from outside (socket_stock.h), its names are looked up by a
 * resolver of its own whose questions leave from there too, and connections, idle ones too, are never shared with another
 * place. There is no way back: if a place has no socket to give, or is closed, the call fails. destination.h judges addresses as
 * for every call; besides, a place refuses its own host, exceptions or not: loopback there, and its own addresses, are the
 * endpoint itself. The limits in struct outbound_settings are for all places together.
 *
 * Life cycle: outbound_new() → calls → outbound_free(), which drops idle connections; calls must have ended or been cancelled.
 * A call ends with on_body(last), on_error or outbound_cancel(); afterwards the struct belongs to the caller again, also
 * within that very callback. Handlers may start, send, pause and cancel any call.
 * Threads: an outbound and its calls belong to the thread of their loop.
 * Not here: what the head says (integrate/), gateway responses, HTTP/2, caching.
 * Source: RFC 9112; spec/rest-dataplane.md 15; performance.md 1 (why this is not libcurl).
 */
#ifndef POSTERN_OUTBOUND_OUTBOUND_H
#define POSTERN_OUTBOUND_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/loop/loop.h"
#include "appliance/outbound/socket_stock.h"
#include "appliance/tls/client.h"
#include "appliance/wire/http1.h"

struct counters_slot;
struct destination_rules;
struct loop;
struct outbound;
struct outbound_place;
struct tls_worker;
struct upstream;

/* Longest answer head, in bytes. AWS documents 10,240 for requests and no figure for answers; nginx's default is 8 KB. */
#define OUTBOUND_HEAD_MAX_BYTES 32768

/* Unsent request body above which outbound_send() asks to stop; on_writable comes when all of it was taken. */
#define OUTBOUND_SEND_HIGH_BYTES 65536

struct outbound_settings {
	uint32_t connect_timeout_ms; /* names, TCP and TLS together, all addresses */
	uint32_t idle_timeout_ms;    /* an idle connection is closed after that */
	uint32_t max_age_ms;         /* an older connection is not used again, so that changed names reach busy ones */
	uint32_t idle_per_target_count; /* idle connections kept for one target, by worker */
	uint32_t idle_count;            /* idle connections kept, by worker; the one idle for longest goes first */
	uint32_t connection_count;      /* all connections, by worker; above it calls fail with OUTBOUND_OVERLOADED */
	const char *name_servers;       /* "10.0.0.2,[fd00::2]:53"; NULL: those of /etc/resolv.conf */
	const char *authorities_path;   /* PEM file of roots that vouch for back ends besides the system's; NULL: none;
					 one that can't be read is logged and left out */
	const struct destination_rules *destinations; /* must be set; outlives the outbound */
	struct tls_worker *tls;         /* outlives the outbound; NULL: HTTPS back ends fail with OUTBOUND_TLS */
	struct counters_slot *counters; /* NULL: nothing is counted */
};

/* Sensible values for all numbers; pointers are NULL. */
void outbound_settings_init(struct outbound_settings *ret);

/* Why a call failed. */
enum outbound_error {
	OUTBOUND_NAME = 1,   /* the name does not exist, has no address, or could not be looked up */
	OUTBOUND_FORBIDDEN,  /* every address of it is refused by destination.h */
	OUTBOUND_CONNECT,    /* no address accepted a connection in time */
	OUTBOUND_TLS,        /* handshake or verification failed */
	OUTBOUND_CLOSED,     /* the connection broke before the answer was complete */
	OUTBOUND_MALFORMED,  /* the answer is no HTTP/1.1 message, or its head is too long */
	OUTBOUND_TIMEOUT,    /* timeout_ms passed */
	OUTBOUND_OVERLOADED, /* connection_count is reached */
};

/* A short text for logs and $context.integration.error: "connection refused or unreachable". Never NULL. */
const char *outbound_error_text(enum outbound_error error);

/* Who the gateway is to HTTPS back ends that ask for a certificate. */
struct outbound_identity {
	struct tls_client_identity pem;
	uint8_t fingerprint[32]; /* SHA-256 of the certificate: tells one from another */
};

/*
 * Where to: made once for an integration (outbound_target_init) and kept in the snapshot, or for one call when its URI has
 * placeholders in the authority. Connections are shared by equal targets, whoever made them.
 */
struct outbound_target {
	struct view
		host; /* name or address, no brackets; borrowed from the maker, who keeps it while the target is used */
	uint16_t port;
	bool tls;
	enum tls_verification verification;       /* of the back end's certificate */
	const struct outbound_identity *identity; /* NULL: none; borrowed as `host` is */
	struct view server_name; /* that TLS asks for and verifies, if it is not `host`; else empty. As host */
	uint64_t hash;           /* of all of the above; made by outbound_target_init() */
};

/* Fill `*ret`. Host case is ignored. Returns 0, or -EINVAL if host is empty, longer than 253 bytes or holds a NUL, or port is 0. */
int outbound_target_init(struct outbound_target *ret, struct view host, uint16_t port, bool tls,
	enum tls_verification verification) __attribute__((warn_unused_result));

/* The same for a target that is known by its address, and whose certificate is for `server_name` (empty: for the host). */
int outbound_target_init_named(struct outbound_target *ret, struct view host, uint16_t port, bool tls,
	enum tls_verification verification, struct view server_name) __attribute__((warn_unused_result));

/* Show `identity` there, if it is an HTTPS target. NULL changes nothing. Connections are shared under the same identity only. */
void outbound_target_identify(struct outbound_target *target, const struct outbound_identity *identity);

/* The start of an integration's URI, "https://b.example:8443", taken apart once. */
struct outbound_origin {
	struct outbound_target target;
	struct view authority; /* what a Host field says: "b.example:8443" */
	size_t count;          /* bytes of the URI up to the end of the authority */
};

/*
 * Take the start of `uri` apart; views point into it. `is_whole` says that nothing follows `uri`; else its authority must end
 * within it, at a '/' or '?'. Returns 0; -EAGAIN if it may go on behind `uri` (a placeholder stands in the authority);
 * -EINVAL or -EPROTONOSUPPORT as uri_parse().
 */
int outbound_origin_parse(struct outbound_origin *ret, struct view uri, bool is_whole,
	enum tls_verification verification) __attribute__((warn_unused_result));

enum outbound_body {
	OUTBOUND_BODY_NONE,    /* no body and no framing field */
	OUTBOUND_BODY_LENGTH,  /* Content-Length: body_bytes */
	OUTBOUND_BODY_CHUNKED, /* Transfer-Encoding: chunked */
};

struct outbound_request {
	const struct outbound_target *target; /* borrowed until the call ends */
	struct outbound_place *place;         /* where it leaves from; NULL: the gateway's own namespace */
	struct view
		head; /* "GET /p HTTP/1.1\r\nHost: b\r\n…\r\n": whole fields, no empty line; borrowed until on_head or on_error */
	struct view first_body; /* as much of the body as is there, sent together with the head */
	uint64_t body_bytes;    /* OUTBOUND_BODY_LENGTH: length of the whole */
	uint32_t timeout_ms;    /* 50–29000 by the API, larger by quota */
	enum outbound_body body;
	bool body_complete; /* first_body is all of it: no outbound_send() follows */
	bool body_stays;    /* first_body stays valid until on_head or on_error, so that it may be sent again */
	bool idempotent;    /* GET, HEAD, OPTIONS, TRACE, PUT, DELETE */
	bool is_head;       /* HEAD: the answer has no body whatever its fields say */
	bool connect_only; /* nothing is sent: a new connection is made and closed again. on_head(NULL) says that it was there, and the
			     * call has ended */
};

struct outbound_call;

struct outbound_handlers {
	/* The answer's head, 1xx excluded; NULL with connect_only. Borrowed until the handler returns. */
	void (*on_head)(struct outbound_call *call, const struct http1_head *head);
	/* A piece of the body, de-chunked, borrowed until the handler returns; may be empty. `last`: the call has ended well. */
	void (*on_body)(struct outbound_call *call, struct view bytes, bool last);
	/* After outbound_send() returned false: more of the request's body is welcome. */
	void (*on_writable)(struct outbound_call *call);
	/* The call has ended badly; after on_head this means that the answer is cut short. */
	void (*on_error)(struct outbound_call *call, enum outbound_error error);
};

/* Embedded in its owner, who gets from it to himself with CONTAINER_OF(). All fields are outbound's own. */
struct outbound_call {
	const struct outbound_handlers *handlers;
	struct outbound *outbound;
	struct upstream
		*upstream; /* the connection that it has or waits for; NULL if it is not under way or has failed */
	struct outbound_request request;
	struct loop_task failure; /* deferred: on_error is due */
	enum outbound_error error;
	uint64_t deadline_ms;   /* for the answer's head */
	uint64_t unsent_bytes;  /* OUTBOUND_BODY_LENGTH: of the body, not yet given to us */
	bool body_complete;     /* all of the request's body was given to us */
	bool first_body_queued; /* request.first_body was copied: it is not to be looked at any more */
	bool held_up;           /* outbound_send() has said stop */
	bool head_seen;
	bool paused;
	bool retried;
};

/*
 * A pool on `loop`; `*settings` is copied, what it points to is borrowed as said there. NULL with errno set on failure
 * (EINVAL: name_servers). One thread at a time may be in here.
 */
struct outbound *outbound_new(struct loop *loop, const struct outbound_settings *settings)
	__attribute__((warn_unused_result));

/*
 * Close all connections. No call may be under way, every place has been freed, and orders of theirs that are still away will not
 * be delivered any more. NULL is fine.
 */
void outbound_free(struct outbound *outbound);

/*
 * Start a call. `call` need not be initialised; `*request` is copied. No handler runs within this nor within any other
 * function here: errors are reported at the end of the loop's turn.
 */
void outbound_start(struct outbound *outbound, struct outbound_call *call, const struct outbound_handlers *handlers,
	const struct outbound_request *request);

/*
 * Send a piece of the request's body (copied if it can't be sent at once). `last` ends the body; for OUTBOUND_BODY_LENGTH
 * the pieces add up to body_bytes exactly, which is asserted. True if more is welcome now, false if on_writable will say
 * when. On a call that has ended (an answer may come before the body was sent) the bytes are dropped.
 */
bool outbound_send(struct outbound_call *call, struct view bytes, bool last);

/* Stop and go on reading the answer's body. Both are harmless on a call that has ended. */
void outbound_pause(struct outbound_call *call);
void outbound_resume(struct outbound_call *call);

/* End a call of which no handler shall run again; its connection is closed. Does nothing if it is not under way. */
void outbound_cancel(struct outbound_call *call);

/* --- places ----------------------------------------------------------------------------------------------------------- */

/* Longest name of a place: an endpoint's id. */
#define OUTBOUND_PLACE_MAX_BYTES 32

/*
 * A place by its name, which is copied and stands in its orders for sockets; these go to `order` (socket_stock.h). Nothing is
 * ordered yet. NULL with errno set: ENOMEM, ENAMETOOLONG, or as outbound_new().
 */
struct outbound_place *outbound_place_new(struct outbound *outbound, const char *name, socket_order_fn *order,
	void *order_context) __attribute__((warn_unused_result));

/*
 * Make no more connections from there, and close those that are idle and the sockets that wait. Calls that have a
 * connection go on, and it ends with them; those that wait for a socket or a name fail. A second time changes nothing.
 */
void outbound_place_close(struct outbound_place *place);

/* Close it, and give it back: no call that names it may be under way, and none may follow. NULL is fine. */
void outbound_place_free(struct outbound_place *place);

#endif
