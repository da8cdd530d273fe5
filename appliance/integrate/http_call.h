/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http_call: one call of an HTTP back end on behalf of an exchange: streams the request's body to it and the answer's body to
 * the client, neither faster than the other side takes it, and holds nothing of them in between.
 *
 * On the way a body may change its content coding: the client's is decompressed if the caller says so in `decode`, a streamed
 * answer is compressed or decompressed after http_call_compress() or http_call_decompress(). Each piece leaves as it comes, flushed,
 * so that both sides can talk in turns. What has been decompressed counts for the limits, and is made no faster than it is taken.
 *
 * Life cycle, in the caller's words:
 *
 *	http_call_start(…)     in phase integrate; then it waits
 *	head(call, head)       the answer's head is there. The caller calls http_respond_head() within (streaming), or
 *	                       sets call->buffer, and the body is collected (bounded) into call->body instead; if neither is
 *	                       possible (the client is gone) it cancels the call
 *	done(call)             the answer is complete, and with streaming the response too; the call is over
 *	failed(call, error)    the call is over. Before head(): answer with a gateway response; after it, in a streamed response:
 *	                       the exchange can only be ended as it is (http_done() then resets the connection)
 *	http_call_drained()    from the exchange's drained()
 *	http_call_cancel()     from the exchange's gone(): nothing is called any more
 *
 * Memory: embed the struct in the pipeline's state in the exchange's arena. A call that decompresses holds the rest of a piece
 * there while the back end takes nothing.
 * Threads: the worker's loop.
 * Source: architecture.md 4, "Bodies stream with back-pressure".
 */
#ifndef POSTERN_INTEGRATE_HTTP_CALL_H
#define POSTERN_INTEGRATE_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/http/exchange.h"
#include "appliance/integrate/http_request.h"
#include "appliance/integrate/target.h"
#include "appliance/outbound/outbound.h"

/* A buffered answer may have as much as API Gateway passes on. */
#define HTTP_CALL_BUFFER_MAX_BYTES 10485760

/* A small request body of an idempotent method is kept, so that a stale connection does not fail the call. */
#define HTTP_CALL_REPLAY_MAX_BYTES 16384

struct http_call;
struct http_call_piece;

/* A body that changes its coding on the way. */
struct http_call_coding {
	struct compression *stream; /* NULL: it goes as it is */
	struct view rest;           /* of a piece, until the other side takes more; in `room` */
	char *room;
	size_t room_bytes;
	uint64_t given_bytes, max_bytes;
	enum compression_coding undone; /* what is being decompressed; IDENTITY: it is compressed */
	bool last;                      /* the piece is the last one */
	bool waits;                     /* there is a rest, or the stream has more to say */
	bool crowded;                   /* the other side has enough at the moment */
};

/* Why a call failed: outbound's reasons, and those that lie on our side. */
enum http_call_failure {
	HTTP_CALL_BACK_END, /* see call->error; OUTBOUND_TIMEOUT is INTEGRATION_TIMEOUT, the others INTEGRATION_FAILURE */
	HTTP_CALL_BODY_TOO_LARGE, /* the client's body is over x->body_max_bytes: http_respond_too_large() */
	HTTP_CALL_BODY_CODING,    /* the client's body is not of the coding that it says: 415 */
	HTTP_CALL_BODY_BAD,       /* the client's body is malformed: 400 */
	HTTP_CALL_BODY_SLOW,      /* the client is too slow with its body: 408 */
	HTTP_CALL_ANSWER_TOO_LARGE, /* an answer over its limit, or memory is exhausted: 500, or cut off if it was begun */
	HTTP_CALL_ANSWER_CODING,    /* a streamed answer is not of the coding that it says: cut off */
};

/* What an owner says of a piece of the answer that it has taken. */
enum http_call_taken {
	HTTP_CALL_MORE,    /* the next one is welcome */
	HTTP_CALL_CROWDED, /* not until http_call_drained() */
	HTTP_CALL_OVER,    /* the owner has cancelled the call, which may be gone: nothing of it is touched */
};

struct http_call_owner {
	void (*head)(struct http_call *call, const struct http1_head *head);
	/*
	 * NULL: pieces of a streamed answer go to the client as they are. Else they come here, whose owner keeps to
	 * answer_max_bytes, and done() follows the last.
	 */
	enum http_call_taken (*body)(struct http_call *call, struct view bytes, bool last);
	/*
	 * A buffered answer has come to hold_bytes: what there is of it and what follows are streamed from now on. The owner calls
	 * http_respond_head() within, as in head(). Needed with hold_bytes only.
	 */
	void (*overflow)(struct http_call *call);
	void (*done)(struct http_call *call);
	void (*failed)(struct http_call *call, enum http_call_failure failure);
};

/* Where the request's body comes from. */
enum http_call_body {
	HTTP_CALL_BODY_CLIENT, /* the exchange's own, streamed; it was not asked for yet */
	HTTP_CALL_BODY_WHOLE,  /* call->whole: collected or rendered; lives as long as the exchange */
};

struct http_call {
	/* --- set by the caller */
	const struct http_call_owner *owner;
	struct exchange *exchange;
	struct outbound_place *place;             /* where it leaves from; NULL: the gateway's own namespace */
	const struct outbound_identity *identity; /* shown to an HTTPS back end that asks; NULL: none */
	struct target_lease lease;                /* given back when the call has ended, or can't begin; zeroed: none */
	enum http_call_body body_source;
	struct view whole;
	enum compression_coding
		decode; /* of the client's body: what it says in Content-Encoding, if it is to be decompressed */
	uint64_t answer_max_bytes; /* of a streamed answer; 0: the worker's streamed_max_bytes; UINT64_MAX: any */
	bool in_request;     /* no return to the loop since the exchange's request(): its body may be here already */
	bool buffer;         /* may be set in head(): collect the answer's body in `body` */
	uint64_t hold_bytes; /* may be set with `buffer`: collect no more than that, see overflow(); 0: all of it */

	/* --- facts for logs; times are loop_now_ns() */
	uint64_t started_ns, head_ns, ended_ns; /* 0 if it did not come to that */
	int status;                             /* of the back end; 0 if it did not answer */
	enum outbound_error error;              /* after HTTP_CALL_BACK_END */
	struct view body;                       /* if buffered: the answer's body */

	/* --- private */
	struct outbound_call outbound;
	struct http_request request;
	struct integrate_worker *worker;
	struct http_call_coding body_coding, answer_coding;
	uint64_t answered_bytes;
	struct http_body_sink sink; /* here rather than static, so that the call is found from the exchange */
	struct http_call_piece *first_piece, *last_piece;
	uint64_t buffered_bytes;
	bool *over; /* while pieces that were held are streamed: set when the call ends */
	bool running;
};

/*
 * Begin. The caller has set its fields, all others are 0. `*request` was made by http_request_write(); `timeout_ms` is the
 * integration's. The client's own body may be as long as is streamed (integrate.h). Returns 0 (the owner will be called, never
 * within this), -EMSGSIZE if the body is over x->body_max_bytes, -EBADMSG if it is not of the coding that it says, -ENOMEM,
 * -EALREADY if the body was asked for before.
 */
int http_call_start(struct http_call *call, struct integrate_worker *worker, const struct http_request *request,
	uint32_t timeout_ms) __attribute__((warn_unused_result));

/*
 * In head(), or before the first piece of body: compress the answer, or decompress it. It then has no known length, and the caller
 * sets the fields. False if the worker can't: the answer goes as it is. An answer to be decompressed whose first bytes are not of
 * the coding goes as it is, too.
 */
bool http_call_compress(struct http_call *call, enum compression_coding coding) __attribute__((warn_unused_result));
bool http_call_decompress(struct http_call *call, enum compression_coding coding) __attribute__((warn_unused_result));

/* The client has taken all that waited. */
void http_call_drained(struct http_call *call);

/* Give up: nothing of the owner is called any more. Harmless if it is over. */
void http_call_cancel(struct http_call *call);

#endif
