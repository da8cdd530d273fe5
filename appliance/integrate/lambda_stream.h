/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lambda_stream: the answer of InvokeWithResponseStream, taken apart as it comes. Sans-I/O.
 *
 * It is an event stream (wire/event_stream.h). The payloads of its PayloadChunk events, joined, are: an object of metadata
 * (status, fields, cookies), eight NUL bytes, then the client's body; where one event ends and the next begins means nothing. An
 * InvokeComplete event ends it, and says whether the function failed. The metadata is kept until it is whole, the body is handed
 * on as it comes: constant memory, whatever the length.
 *
 * Life cycle: lambda_stream_init(); lambda_stream_next() with each piece of bytes until it is consumed; at the end of the bytes
 * lambda_stream_finish(). Memory: the arena that was given. Threads: that of the exchange.
 * Not here: the call (pipeline/integrate_lambda.c).
 * Source: Lambda API reference, InvokeWithResponseStream; Developer Guide, "Set up a Lambda proxy integration with payload
 * response streaming"; spec/lambda.md 3.6, 4.2.
 */
#ifndef POSTERN_INTEGRATE_LAMBDA_STREAM_H
#define POSTERN_INTEGRATE_LAMBDA_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/view.h"
#include "appliance/wire/event_stream.h"

/* Within so many bytes the metadata and its eight NUL bytes must have come (Developer Guide). */
#define LAMBDA_STREAM_METADATA_MAX_BYTES 16384
/* What InvokeComplete says: a code, details, at most 4 KB of log as base64. */
#define LAMBDA_STREAM_COMPLETE_MAX_BYTES 65536
/* NUL bytes between metadata and body. */
#define LAMBDA_STREAM_DELIMITER_BYTES 8

enum lambda_stream_result {
	LAMBDA_STREAM_NEED_MORE, /* all bytes were consumed, there is nothing to tell */
	LAMBDA_STREAM_HEAD, /* the metadata is whole: lambda_stream_metadata(); `*ret_data` is body, perhaps empty */
	LAMBDA_STREAM_BODY, /* `*ret_data` is a piece of the body, never empty, a view into the given bytes */
	LAMBDA_STREAM_COMPLETE,  /* the function has ended well; nothing that follows matters */
	LAMBDA_STREAM_FAILED,    /* it has not: lambda_stream_error() */
	LAMBDA_STREAM_MALFORMED, /* no such stream: lambda_stream_error() */
};

struct lambda_stream {
	struct event_stream events;
	uint8_t state; /* of the payloads joined */
	uint8_t event; /* what the message under way is */
	uint8_t nul_count;
	struct arena *arena;
	struct buffer metadata;
	struct buffer detail; /* payload of an event that ends the stream */
	struct view error;
};

/* Begin. `arena` must outlive the stream. */
void lambda_stream_init(struct lambda_stream *stream, struct arena *arena);

/* Decode the next piece: consumes `*ret_consumed` of `bytes`. Call again with the rest until NEED_MORE or one of the last three. */
enum lambda_stream_result lambda_stream_next(struct lambda_stream *stream, struct view bytes, size_t *ret_consumed,
	struct view *ret_data) __attribute__((warn_unused_result));

/* The bytes have ended: COMPLETE if it was told before, else MALFORMED. */
enum lambda_stream_result lambda_stream_finish(struct lambda_stream *stream);

/* The metadata as JSON, from LAMBDA_STREAM_HEAD on. */
struct view lambda_stream_metadata(const struct lambda_stream *stream);

/* Why it FAILED or is MALFORMED: one line of text, for logs. */
struct view lambda_stream_error(const struct lambda_stream *stream);

#endif
