/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * follow: the thread that turns the store's revisions into snapshots.
 *
 * It opens the store read-only, builds the first snapshot, and from then on follows: woken by the eventfd that control
 * raises after a commit, and besides that every 250 ms by asking SQLite for its data_version. What changed since the last
 * revision is read in one read transaction, compiled, checked and published (current.h). Several commits that it finds
 * together become one snapshot. A revision that does not build leaves the old snapshot serving; why is in the status, in
 * the log and in a counter, and the next revision is tried anew together with it. It never publishes an older revision
 * than it already has.
 *
 * Life cycle: follow_start() starts the thread and waits for the first snapshot as long as asked; follow_stop() ends it.
 * Process: the gateway. Threads: as said; the functions here are for the thread that starts it, follow_status() for any.
 */
#ifndef POSTERN_MODEL_FOLLOW_H
#define POSTERN_MODEL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/model/current.h"

/* How often the store is asked even if nobody raised the eventfd. */
#define FOLLOW_POLL_MS 250

/* Longest text that says why a revision did not build. */
#define FOLLOW_MESSAGE_MAX_BYTES 512

struct compile;
struct counters_slot;
struct follow;
struct seal_key;
struct store;

/*
 * Something else that reads the store on the follower's thread, where it keeps no request waiting: given to follow_post(), which
 * has `run` called once, with the follower's own settings for compiling and its store, NULL while that can't be opened.
 */
struct follow_job {
	struct follow_job *next; /* private */
	void (*run)(struct follow_job *job, const struct compile *compile, struct store *store);
};

/* Called on the follower's thread after each published snapshot; must be quick and must not block. */
typedef void follow_published(void *context, uint64_t revision);

struct follow_config {
	const char *store_path;
	const struct seal_key *key; /* opens sealed private keys; NULL only with no_tls. Borrowed */
	int wake_fd;                /* non-blocking eventfd that control raises; -1: poll only. Borrowed */
	unsigned worker_count;
	uint32_t integration_timeout_max_ms; /* 0: as each integration says */
	struct current *current;             /* borrowed; must outlive the thread */
	struct counters_slot *counters;      /* of the reader thread; NULL: nothing is counted */
	follow_published *published;         /* may be NULL */
	void *context;
	bool no_tls; /* skip TLS contexts: for tools and tests that serve plain connections only */
};

struct follow_status {
	uint64_t revision;                      /* served */
	uint64_t revision_in_store;             /* seen last */
	uint64_t built_count;                   /* snapshots published */
	uint64_t failed_count;                  /* revisions that did not build */
	uint64_t rebuilt_count;                 /* objects compiled by the last snapshot */
	uint32_t build_us;                      /* the last one: from the first read to the swap */
	size_t in_use_count;                    /* replaced snapshots that requests still pin */
	char message[FOLLOW_MESSAGE_MAX_BYTES]; /* why the revision in the store is not served; "" if it is */
};

/*
 * Start the thread. Returns once the first snapshot is published, after `wait_ms` at the latest: 0
 * if one serves, -EAGAIN if none does yet (the thread goes on trying), other errno values if the thread can't start.
 */
int follow_start(struct follow **ret, const struct follow_config *config, unsigned wait_ms)
	__attribute__((warn_unused_result));

/* Have `job` run soon. It belongs to the follower until `run` is called, which it is for every job, at the latest by follow_stop(). */
void follow_post(struct follow *follow, struct follow_job *job);

/* End and free it; the snapshots stay with `current`. NULL is fine. */
void follow_stop(struct follow *follow);

/* Copy the status; from any thread. */
void follow_status(struct follow *follow, struct follow_status *ret);

#endif
