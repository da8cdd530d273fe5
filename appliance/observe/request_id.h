/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request_id: the ids of a request: $context.requestId (a version 4 UUID), $context.extendedRequestId, X-Amzn-Trace-Id.
 *
 * They name requests in logs and answers; they grant nothing and need not be secret. So they come from a fast generator
 * (xoshiro256**, Blackman and Vigna) of the worker's own, seeded from the kernel, and cost some nanoseconds.
 *
 * Threads: a generator belongs to one thread.
 * Source: spec/rest-dataplane.md 10.6–10.8; RFC 9562 5.4.
 */
#ifndef POSTERN_OBSERVE_REQUEST_ID_H
#define POSTERN_OBSERVE_REQUEST_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

struct request_id_generator {
	uint64_t state[4];
};

#define REQUEST_ID_BYTES 36          /* "c6af9ac6-7b61-41e6-9a41-93e8deadbeef" */
#define REQUEST_ID_EXTENDED_BYTES 16 /* "UBuxiEZSIAMFQ1Q=" */

/* Room for any trace header that request_id_trace() makes: what it keeps of the client's is at most 256 bytes. */
#define REQUEST_ID_TRACE_MAX_BYTES 320

/* Seed from the kernel. */
void request_id_seed(struct request_id_generator *generator);

/* The next number; also what canary draws are made of. */
uint64_t request_id_next(struct request_id_generator *generator);

/* Write the ids, without a NUL. */
void request_id_write(struct request_id_generator *generator, char ret[REQUEST_ID_BYTES]);
void request_id_write_extended(struct request_id_generator *generator, char ret[REQUEST_ID_EXTENDED_BYTES]);

/* Is `text` a UUID, which a client may choose as its request id? */
bool request_id_is_uuid(struct view text);

/*
 * The trace header to send on, written to `ret` if it is not `incoming` itself: a complete incoming one (with Root and Parent)
 * is kept; one with only Root gets a Parent; anything else is replaced by a new one, not sampled.
 */
struct view request_id_trace(struct request_id_generator *generator, struct view incoming, uint64_t wall_ms,
	char ret[REQUEST_ID_TRACE_MAX_BYTES]);

#endif
