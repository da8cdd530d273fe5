/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * current: the place where the current snapshot hangs, and the pins that keep older ones alive.
 *
 * The follower publishes a new snapshot by swapping one atomic pointer. A worker pins the current one for as long as a
 * request (or a handshake, or a DNS answer) uses it. Pins are counted in a slot of the worker's own, in a cache line of
 * its own: pinning costs one exchange on that line and shares nothing that is written. The follower frees a replaced
 * snapshot once no worker is in the act of pinning and no slot of it counts anything; it never waits for that, but looks
 * again the next time it wakes.
 *
 * Threads: current_pin() and current_unpin() of slot w on worker w's thread only; current_publish() and
 * current_retire() on the follower's thread only. A pin is given back on the thread that took it.
 */
#ifndef POSTERN_MODEL_CURRENT_H
#define POSTERN_MODEL_CURRENT_H

#include <stddef.h>
#include <stdint.h>

struct current;
struct snapshot;

/* Most threads that may pin: gateway workers and the DNS thread. */
#define CURRENT_WORKERS_MAX 256

/* A place for snapshots with slots 0..worker_count-1; NULL if there is no memory. Empty at first. */
struct current *current_new(unsigned worker_count);

/* Free it with all snapshots. No pin may be left: that is asserted. */
void current_free(struct current *current);

/* Pin the current snapshot, or NULL if none was published yet. Give it back with current_unpin(). */
const struct snapshot *current_pin(struct current *current, unsigned worker);

/* Give back a pin of that worker. `snapshot` may be NULL. */
void current_unpin(struct current *current, unsigned worker, const struct snapshot *snapshot);

/*
 * Make `snapshot` the current one, owning it; what was current is retired when its last pin has ended. Returns 0, or
 * -ENOMEM, and then nothing changed and `snapshot` is still the caller's.
 */
int current_publish(struct current *current, struct snapshot *snapshot) __attribute__((warn_unused_result));

/* The current snapshot without a pin, or NULL: for the follower's thread alone, which is the one that frees. */
const struct snapshot *current_peek(const struct current *current);

/* Free the replaced snapshots that nobody uses any more. Returns how many replaced ones are still in use. */
size_t current_retire(struct current *current);

/* Revision of the current snapshot, 0 if there is none. From any thread. */
uint64_t current_revision(const struct current *current);

#endif
