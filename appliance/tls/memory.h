/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory: the library takes and frees two record buffers for each request. On a worker's thread these come from lists of
 * blocks of that worker instead of the heap, so that its steady state allocates nothing. Private to this folder.
 *
 * Blocks are the heap's own (their size is asked of malloc), so one that was taken anywhere may be freed anywhere: threads
 * without a worker, and whatever used the library before, just use the heap.
 * Threads: a cache belongs to its worker's thread.
 */
#ifndef POSTERN_TLS_MEMORY_H
#define POSTERN_TLS_MEMORY_H

#include <stddef.h>

/* Sizes are told apart in steps of 64 bytes, up to a record of 16 KB with its header, tag and alignment. */
#define MEMORY_STEP_BYTES 64
#define MEMORY_CLASS_COUNT 264

/* Kept by one worker; what is freed beyond goes back to the heap. */
#define MEMORY_KEPT_MAX_BYTES ((size_t)1 << 20)

struct memory_block;

/* Zeroed is empty. */
struct memory_cache {
	struct memory_block *blocks[MEMORY_CLASS_COUNT];
	size_t kept_bytes;
};

/* Have the library allocate through here. Once per process. */
void memory_init(void);

/* This thread's library calls use `cache` from now on. */
void memory_use(struct memory_cache *cache);

/* Free what is kept, and forget the cache if this thread uses it. */
void memory_fini(struct memory_cache *cache);

#endif
