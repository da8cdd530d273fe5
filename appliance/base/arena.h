/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena: memory for what lives and dies together, such as one exchange: many small allocations, one release.
 *
 * An arena is a chain of chunks that it takes from an arena pool and gives back all at once. The pool keeps returned
 * chunks (up to a bound), so that a worker in its steady state serves requests without calling malloc. Allocations
 * larger than a chunk of the smallest class get a chunk of the class that fits (powers of two up to
 * ARENA_CLASS_MAX_BYTES, beyond which malloc is used directly).
 *
 * Life cycle: arena_pool_init() once per thread; arena_init() … arena_reset() … arena_fini(). Views and pointers from an
 * arena live until its next reset or fini. An arena's limit bounds what outsiders can make it hold: past it
 * allocations return NULL.
 *
 * Threads: a pool and its arenas belong to one thread. Alignment is that of max_align_t.
 */
#ifndef POSTERN_BASE_ARENA_H
#define POSTERN_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Smallest chunk: the head of an ordinary request with its header views fits into one. */
#define ARENA_CLASS_MIN_BYTES 4096
/* Largest chunk that is recycled; 4 KiB << 8 = 1 MiB. */
#define ARENA_CLASS_COUNT 9
#define ARENA_CLASS_MAX_BYTES (ARENA_CLASS_MIN_BYTES << (ARENA_CLASS_COUNT - 1))

/* Every arena may have so much; what it holds beyond is large: see large_max_bytes. */
#define ARENA_LARGE_BYTES 65536

struct arena_chunk;

struct arena_pool {
	struct arena_chunk *free_chunks[ARENA_CLASS_COUNT];
	size_t kept_bytes;     /* in free_chunks */
	size_t kept_max_bytes; /* what is returned beyond is freed */
	size_t large_bytes;    /* what arenas hold beyond ARENA_LARGE_BYTES each */
	/* Bound of it for all arenas together, so that large things do not starve the small ones; 0, as at first: none. */
	size_t large_max_bytes;
	uint64_t malloc_count; /* chunks that had to come from malloc: flat in the steady state */
};

struct arena {
	struct arena_pool *pool;
	struct arena_chunk *chunks; /* newest first; the newest is the one allocated from */
	char *next, *end;           /* free room of the newest chunk */
	size_t held_bytes;          /* of all chunks */
	size_t limit_bytes;
};

/* Start an empty pool that keeps at most `kept_max_bytes` of returned chunks. */
void arena_pool_init(struct arena_pool *pool, size_t kept_max_bytes);

/* Free what the pool keeps. All its arenas must have ended. */
void arena_pool_fini(struct arena_pool *pool);

/*
 * Start an empty arena, which holds nothing until the first allocation. `pool` may be NULL: chunks then come from malloc
 * and go to free. `limit_bytes` bounds the chunks held, rounding included.
 */
void arena_init(struct arena *arena, struct arena_pool *pool, size_t limit_bytes);

/* Give all chunks back. The arena may be used again at once (reset) or is over (fini). */
void arena_reset(struct arena *arena);
void arena_fini(struct arena *arena);

/* `count` bytes, not cleared / cleared; aligned for any type. NULL if the limit or memory is exhausted. `count` may be 0. */
void *arena_alloc(struct arena *arena, size_t count) __attribute__((warn_unused_result));
void *arena_alloc_zero(struct arena *arena, size_t count) __attribute__((warn_unused_result));

/* Room for `count` objects of `each` bytes, cleared; NULL also if the product overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t each) __attribute__((warn_unused_result));
#define ARENA_NEW(arena, type) ((type *)arena_alloc_zero((arena), sizeof(type)))
#define ARENA_NEW_ARRAY(arena, type, count) ((type *)arena_alloc_array((arena), (count), sizeof(type)))

/*
 * Grow the newest allocation in place if there is room for it: true and its size is now `new_count`. `at` and `old_count`
 * must be those of the newest allocation, else false.
 */
bool arena_try_extend(struct arena *arena, const void *at, size_t old_count, size_t new_count);

/* A copy of `text` that also ends in NUL (not counted). On failure the view has `at` NULL. */
struct view arena_copy(struct arena *arena, struct view text);

/* The same as a C string; NULL on failure. */
char *arena_text(struct arena *arena, struct view text) __attribute__((warn_unused_result));

/* Formatted text, NUL-terminated (not counted); on failure the view has `at` NULL. */
struct view arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct view arena_vprintf(struct arena *arena, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

#endif
