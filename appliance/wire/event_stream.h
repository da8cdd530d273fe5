/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event_stream: messages of application/vnd.amazon.eventstream, the framing in which AWS services stream their answers. Sans-I/O
 * and without allocation.
 *
 * A message is: its length and that of its headers (4 bytes each, big endian), a CRC-32 of these 8 bytes, the headers, the
 * payload, and a CRC-32 of all before it. The payload is handed on as it comes, so a message of any length passes through in
 * constant memory; that its checksum is wrong is only known at its end, and what was handed on must then count as broken off.
 *
 * Life cycle: event_stream_init(), then event_stream_next() with each piece of bytes of whatever size until all of it is consumed.
 * Threads: no global state; one stream belongs to one thread. Not here: what messages mean (integrate/lambda_stream.h).
 * Source: Amazon Transcribe developer guide, "Event stream encoding"; Smithy, "Amazon Event Stream specification".
 */
#ifndef POSTERN_WIRE_EVENT_STREAM_H
#define POSTERN_WIRE_EVENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Headers of one message together: those of Lambda have about 100 bytes; the format allows 128 KiB, which nobody needs. */
#define EVENT_STREAM_HEADERS_MAX_BYTES 4096
/* Longest message that the format knows: 16 MiB of payload, 128 KiB of headers, and what frames them. */
#define EVENT_STREAM_MESSAGE_MAX_BYTES ((size_t)16777216 + 131072 + 16)

enum event_stream_result {
	EVENT_STREAM_NEED_MORE, /* all bytes were consumed, there is nothing to tell */
	EVENT_STREAM_HEAD,      /* a message begins: event_stream_find() */
	EVENT_STREAM_PAYLOAD,   /* `*ret_data` is a piece of its payload, never empty, a view into the given bytes */
	EVENT_STREAM_END,       /* the message is complete, its checksum is right */
	EVENT_STREAM_REFUSED,   /* see `error`; nothing can follow */
};

enum event_stream_error {
	EVENT_STREAM_FINE,
	EVENT_STREAM_BAD_LENGTH,   /* lengths that contradict each other, or are over the limit */
	EVENT_STREAM_BAD_HEADERS,  /* headers that do not fill their room exactly, or of an unknown type */
	EVENT_STREAM_BAD_CHECKSUM, /* of the lengths or of the message */
};

struct event_stream {
	uint8_t state;
	enum event_stream_error error;
	uint32_t checksum;     /* of the message so far */
	uint32_t header_bytes; /* of the message */
	uint32_t left_bytes;   /* of the payload */
	uint32_t have_count;   /* bytes of what is gathered */
	char trailer[4];
	char room[EVENT_STREAM_HEADERS_MAX_BYTES]; /* lengths, then headers */
};

void event_stream_init(struct event_stream *stream);

/*
 * Decode the next piece: consumes `*ret_consumed` of `bytes`, and says what was found. Call again with the rest until
 * EVENT_STREAM_NEED_MORE or EVENT_STREAM_REFUSED.
 */
enum event_stream_result event_stream_next(struct event_stream *stream, struct view bytes, size_t *ret_consumed,
	struct view *ret_data) __attribute__((warn_unused_result));

/* Between messages? An end of the bytes anywhere else cuts one short. */
bool event_stream_is_between(const struct event_stream *stream);

/* The text of the message's header `name`, from EVENT_STREAM_HEAD until EVENT_STREAM_END; `at` NULL: it has none, or it is no text. */
struct view event_stream_find(const struct event_stream *stream, struct view name);

/* One line for logs. Static storage. */
const char *event_stream_error_text(enum event_stream_error error);

#endif
