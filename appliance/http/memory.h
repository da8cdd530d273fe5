/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory: an exchange that comes by no connection. Its request is made of what the caller has, its response is kept; who answers
 * it sees an exchange like any other.
 *
 *	http_memory_open(memory, request)   the head is made and parsed as one from a client would be
 *	http_memory_begin(memory)           the handler's request(); it answers there or later
 *	done(memory)                        the handler has called http_done(): status, fields and body can be looked at
 *	http_memory_close(memory)           in done() or later
 *
 * The body is there as a whole from the start, so http_body_try_whole() always succeeds the first time, and the ways to have
 * one piece by piece are not for such exchanges. The response is bounded: a longer one can't be given (-ENOBUFS).
 * Threads: the loop's.
 */
#ifndef POSTERN_HTTP_MEMORY_H
#define POSTERN_HTTP_MEMORY_H

#include "appliance/base/buffer.h"
#include "appliance/http/exchange.h"

/* Longest answer that is kept: above all that is gathered for a client, and what can be shown of a streamed one. */
#define HTTP_MEMORY_ANSWER_MAX_BYTES ((size_t)32 << 20)

struct http_memory {
	struct exchange exchange; /* first; exchange.status is 0 if there was no answer */
	const struct http_handler *handler;
	void (*done)(struct http_memory *memory);

	/* --- the answer; lives until http_memory_close() */
	struct http_field *fields; /* as given to http_respond_head(): without Date, Connection and framing */
	size_t field_count;
	struct buffer answer; /* the body; its sticky error says that it did not fit */

	/* --- private */
	struct http_peer peer;
	struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];
	struct view body;
};

/* What is needed to make one. Views live until the exchange is closed, but for fields, which are copied. */
struct http_memory_request {
	struct loop *loop;
	void *context, *identity; /* as a server's and a listener's */
	const struct http_handler *handler;
	void (*done)(struct http_memory *memory);
	struct view peer_text; /* what stands for the client's address */
	struct view method, target;
	const struct http_field
		*fields; /* Content-Length and Transfer-Encoding among them are dropped: they can't be right */
	size_t field_count;
	struct view body;
};

/*
 * Make the exchange. Returns 0; -EINVAL if it is no request that a client could have sent (exchange.request.rule says why, or is
 * HTTP1_RULE_NONE for a field or a target that could end its line early), -ENOMEM. http_memory_close() is due in any case.
 */
int http_memory_open(struct http_memory *memory, const struct http_memory_request *request)
	__attribute__((warn_unused_result));

/* Hand it to the handler. */
void http_memory_begin(struct http_memory *memory);

/* Nobody wants the answer any more: the handler's gone() is called, if it has not answered. done() follows, there or later. */
void http_memory_abandon(struct http_memory *memory);

void http_memory_close(struct http_memory *memory);

/* --- for the files of this folder --- */
int memory_respond_head(struct exchange *x, int status, const struct http_field *fields, size_t field_count);
ssize_t memory_respond_body(struct exchange *x, struct view bytes, bool last);
bool memory_body_try_whole(struct exchange *x, struct view *ret_body);
void memory_done(struct exchange *x);

#endif
