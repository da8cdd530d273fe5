/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * build: a new snapshot out of the previous one and what changed in the store since.
 *
 * Only what changed is read and compiled; all else is shared. The reads happen in one read transaction, so a snapshot is
 * that of one revision. If anything does not compile there is no new snapshot, with one exception: the first one, which
 * has no predecessor that could go on serving, leaves out what does not compile (it is then unknown, so refused) and says
 * what and why.
 *
 * Threads: the follower's alone.
 */
#ifndef POSTERN_MODEL_BUILD_H
#define POSTERN_MODEL_BUILD_H

#include "appliance/model/compile.h"
#include "appliance/model/snapshot.h"
#include "appliance/store/store.h"

/* What a build did. */
struct build_result {
	uint64_t revision_in_store;
	size_t compiled_count; /* objects compiled */
	size_t left_out_count; /* first snapshot only: objects that did not compile; the last message is in compile->message */
};

/*
 * Build the snapshot of the store's present revision; `previous` (NULL at first) stays as it is and may be freed later in
 * any order. `*ret` is NULL if the store is at previous->revision, or older (never goes back).
 *
 * Returns 0; -EINVAL, -ENOTSUP, -EKEYREJECTED ... if a record did not compile (compile->message says which); -EBUSY, -EIO
 * from the store; -ENOMEM.
 */
int build_snapshot(struct compile *compile, struct store *store, const struct snapshot *previous, struct snapshot **ret,
	struct build_result *ret_result) __attribute__((warn_unused_result));

/* A snapshot with the objects of `previous` (NULL: none), or NULL without memory. */
struct snapshot *snapshot_new(const struct snapshot *previous, const struct store_identity *identity);

/* Give up all objects of a snapshot that no worker pins. NULL is fine. */
void snapshot_free(struct snapshot *snapshot);

#endif
