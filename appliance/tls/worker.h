/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker: what one thread needs for TLS: a buffer for received and one for outgoing records, the list of recycled engines,
 * its copy of the ticket keys. One per loop.
 *
 * Life cycle: tls_worker_new() beside the loop, tls_worker_free() after all its streams were closed.
 * Threads: the loop's; only the random seed of the ticket keys is common to all workers.
 */
#ifndef POSTERN_TLS_WORKER_H
#define POSTERN_TLS_WORKER_H

#include <stdint.h>

#include "appliance/loop/loop.h"

struct tls_worker;

/* Threads that may serve TLS in one process: the length of each server context's table of per-thread states. */
#define TLS_WORKER_MAX_COUNT 64

/*
 * Seed of the session ticket keys. All workers of a process (later: of a fleet) get the same seed and start time and derive
 * the same keys from it, hour by hour, forgetting the older ones: a ticket of one worker resumes at another, and keys that
 * are gone can't be computed back.
 */
struct tls_ticket_seed {
	uint8_t secret[32];
	int64_t start_s; /* wall-clock time of period 0 */
};

/* Make a seed from the system's randomness, starting now. Returns 0 or -EIO. */
int tls_ticket_seed_make(struct tls_ticket_seed *ret) __attribute__((warn_unused_result));

/*
 * Make the TLS side of `loop`. `worker_index` (< TLS_WORKER_MAX_COUNT) names the slot of this thread in the server contexts.
 * `seed` is copied; NULL: no session tickets are issued. Returns NULL with errno set on failure.
 */
struct tls_worker *tls_worker_new(struct loop *loop, unsigned worker_index, const struct tls_ticket_seed *seed)
	__attribute__((warn_unused_result));

/* NULL is fine. */
void tls_worker_free(struct tls_worker *worker);

#endif
