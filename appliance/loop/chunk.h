/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chunk: blocks of one size, recycled on a per-loop free list, and queues of bytes made of them: input that is kept until it
 * can be used, and output that waits for a slow peer. A connection with nothing kept holds no chunk.
 *
 * Threads: as loop.h.
 */
#ifndef POSTERN_LOOP_CHUNK_H
#define POSTERN_LOOP_CHUNK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct loop;

/* A chunk with its header. One TLS record of 16 KB takes two; a kept request head takes one. */
#define CHUNK_TOTAL_BYTES 8192

/* Free chunks kept by a loop (2 MB); more go back to the heap, so that a burst of slow peers does not stay resident. */
#define CHUNK_FREE_MAX_COUNT 256

struct chunk {
	struct chunk *next;
	uint32_t begin, end; /* the bytes in use are bytes[begin..end) */
	char bytes[];
};

#define CHUNK_ROOM_BYTES (CHUNK_TOTAL_BYTES - sizeof(struct chunk))

/* A queue of bytes. Zeroed is empty. */
struct chunk_list {
	struct chunk *first, *last;
	size_t bytes;
};

/* Take a chunk from the loop's free list or the heap; never NULL (out of memory ends the process, as everywhere). */
struct chunk *chunk_take(struct loop *loop);

/* Give a chunk back. */
void chunk_give(struct loop *loop, struct chunk *chunk);

/* Copy `bytes` to the end of the queue. */
void chunk_list_append(struct loop *loop, struct chunk_list *list, const void *bytes, size_t count_bytes);

/* Copy `bytes` to the beginning of the queue. */
void chunk_list_prepend(struct loop *loop, struct chunk_list *list, const void *bytes, size_t count_bytes);

/* Copy the queue's first bytes into `buffer`, at most `room_bytes`, and remove them. Returns how many. */
size_t chunk_list_take(struct loop *loop, struct chunk_list *list, void *buffer, size_t room_bytes);

/* Remove the first `count_bytes`, which the queue must have. */
void chunk_list_drop(struct loop *loop, struct chunk_list *list, size_t count_bytes);

/* Describe the queue's first bytes for writev(). Returns the number of parts, at most `room_count`. */
int chunk_list_parts(const struct chunk_list *list, struct iovec *parts, int room_count);

/* Give all chunks back. */
void chunk_list_clear(struct loop *loop, struct chunk_list *list);

#endif
