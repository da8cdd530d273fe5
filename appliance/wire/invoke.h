/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * invoke: what postern-control asks of postern-gateway, and what it is told: run this method (or this authorizer) of an API as
 * it stands in the store, and say what came of it. As structs and as bytes; sans-I/O.
 *
 * A question and its answer travel over a byte stream of their own, one message each way: a `struct invoke_header`, then as many
 * bytes as it says. Numbers are in host order: both ends are programs of one build on one machine; INVOKE_VERSION differs
 * otherwise. Texts may hold any bytes.
 *
 * Neither end trusts the other: a message is bounded before a byte of it is read, every count and length in it is checked against
 * what is there, and views never lead out of it.
 *
 * Threads: pure functions. Not here: who opens the stream (netns/verbs.def, INVOKE_CHANNEL), what a test does (pipeline/test_invoke.h).
 */
#ifndef POSTERN_WIRE_INVOKE_H
#define POSTERN_WIRE_INVOKE_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

#define INVOKE_VERSION 2

/* Largest message: a body of 10 MB, as much of it again in a log, fields. */
#define INVOKE_MESSAGE_MAX_BYTES ((size_t)24 << 20)

/* Most pairs of one list: what a header section or a stage may hold, several times. */
#define INVOKE_PAIRS_MAX 1024

/* How long a test may take at least, from the question to the answer: the longest integration that AWS has without a raised quota. */
#define INVOKE_LIMIT_MS 30000

/* How long it may take where integrations may take `integration_max_ms`. */
static inline uint32_t invoke_limit_ms(uint32_t integration_max_ms)
{
	return integration_max_ms + 1000 > INVOKE_LIMIT_MS ? integration_max_ms + 1000 : INVOKE_LIMIT_MS;
}

struct invoke_header {
	uint32_t version; /* INVOKE_VERSION */
	uint32_t bytes;   /* what follows; at most INVOKE_MESSAGE_MAX_BYTES */
};

struct invoke_pair {
	struct view name, value;
};

struct invoke_pairs {
	const struct invoke_pair *at;
	size_t count;
};

enum invoke_kind { INVOKE_METHOD = 1, INVOKE_AUTHORIZER = 2 };

struct invoke_question {
	uint32_t kind; /* enum invoke_kind */
	uint32_t has_path;
	struct view rest_api_id;
	struct view part_id;     /* resource or authorizer */
	struct view http_method; /* of a method: as configured, or one that its ANY stands for */
	struct view path;        /* with its query; only if has_path */
	struct view body;
	struct view client_certificate_id; /* shown to the back end; empty: none */
	struct invoke_pairs fields;        /* the request's, in order, repeated ones too */
	struct invoke_pairs variables;     /* the stage's */
	struct invoke_pairs context;       /* more $context, of an authorizer */
};

enum invoke_outcome {
	INVOKE_RAN = 1,         /* the rest of the answer holds */
	INVOKE_UNAVAILABLE = 2, /* not now: the store can't be read yet, the gateway is ending, too many tests */
	INVOKE_GONE = 3,        /* there is no such method or authorizer (any more) */
	INVOKE_REFUSED = 4,     /* it can't be tried: `message` says why */
};

struct invoke_answer {
	uint32_t outcome; /* enum invoke_outcome */
	uint32_t status;  /* 100–599 */
	uint32_t latency_ms;
	uint32_t spare;
	struct view message; /* one sentence for people, if there is something to say */
	struct view body;
	struct view log; /* lines with their ends */
	struct invoke_pairs fields;
};

/* Append the message, header first. Fails by the buffer's sticky error only. */
void invoke_write_question(struct buffer *buffer, const struct invoke_question *question);
void invoke_write_answer(struct buffer *buffer, const struct invoke_answer *answer);

/*
 * How many bytes the message that begins with `bytes` has, header included: 0 if that can't be said yet, or -EPROTO for another
 * version or a message that is too large.
 */
long invoke_message_bytes(struct view bytes);

/*
 * Read a whole message. Views point into `message`, lists are made in `arena`. Returns 0; -EPROTO for bytes that are none, -ENOMEM.
 */
int invoke_read_question(struct invoke_question *ret, struct view message, struct arena *arena)
	__attribute__((warn_unused_result));
int invoke_read_answer(struct invoke_answer *ret, struct view message, struct arena *arena)
	__attribute__((warn_unused_result));

#endif
