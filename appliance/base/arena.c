/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"

struct arena_chunk {
	struct arena_chunk *next;
	size_t bytes; /* of the whole chunk, this header included */
	_Alignas(max_align_t) char room[];
};

#define CLASS_NONE ARENA_CLASS_COUNT

static size_t class_bytes(unsigned class)
{
	return (size_t)ARENA_CLASS_MIN_BYTES << class;
}

static unsigned class_for(size_t bytes)
{
	unsigned class = 0;

	while (class < ARENA_CLASS_COUNT && class_bytes(class) < bytes)
		class ++;
	return class;
}

void arena_pool_init(struct arena_pool *pool, size_t kept_max_bytes)
{
	*pool = (struct arena_pool){ .kept_max_bytes = kept_max_bytes };
}

void arena_pool_fini(struct arena_pool *pool)
{
	for (size_t i = 0; i < ARENA_CLASS_COUNT; i++) {
		while (pool->free_chunks[i]) {
			struct arena_chunk *chunk = pool->free_chunks[i];

			pool->free_chunks[i] = chunk->next;
			free(chunk);
		}
	}
	pool->kept_bytes = 0;
}

static struct arena_chunk *chunk_take(struct arena_pool *pool, size_t bytes)
{
	unsigned class = class_for(bytes);
	struct arena_chunk *chunk;

	if (class != CLASS_NONE)
		bytes = class_bytes(class);
	if (pool && class != CLASS_NONE && pool->free_chunks[class]) {
		chunk = pool->free_chunks[class];
		pool->free_chunks[class] = chunk->next;
		pool->kept_bytes -= chunk->bytes;
	} else {
		chunk = malloc(bytes);
		if (!chunk)
			return NULL;
		chunk->bytes = bytes;
		if (pool)
			pool->malloc_count++;
	}
	return chunk;
}

static void chunk_give(struct arena_pool *pool, struct arena_chunk *chunk)
{
	unsigned class = class_for(chunk->bytes);

	if (!pool || class == CLASS_NONE || pool->kept_bytes + chunk->bytes > pool->kept_max_bytes) {
		free(chunk);
		return;
	}
	chunk->next = pool->free_chunks[class];
	pool->free_chunks[class] = chunk;
	pool->kept_bytes += chunk->bytes;
}

void arena_init(struct arena *arena, struct arena_pool *pool, size_t limit_bytes)
{
	*arena = (struct arena){ .pool = pool, .limit_bytes = limit_bytes };
}

/* What an arena that holds so much holds beyond the size that every one may have. */
static size_t large_part(size_t held_bytes)
{
	return held_bytes > ARENA_LARGE_BYTES ? held_bytes - ARENA_LARGE_BYTES : 0;
}

/* May the arena hold `bytes` more, as far as the others are concerned? */
static bool may_grow(const struct arena *arena, size_t bytes)
{
	const struct arena_pool *pool = arena->pool;
	size_t more = large_part(arena->held_bytes + bytes) - large_part(arena->held_bytes);

	return more == 0 || !pool || !pool->large_max_bytes ||
	       (pool->large_bytes <= pool->large_max_bytes && more <= pool->large_max_bytes - pool->large_bytes);
}

void arena_reset(struct arena *arena)
{
	if (arena->pool)
		arena->pool->large_bytes -= large_part(arena->held_bytes);
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		chunk_give(arena->pool, chunk);
	}
	arena->next = arena->end = NULL;
	arena->held_bytes = 0;
}

void arena_fini(struct arena *arena)
{
	arena_reset(arena);
}

/* A chunk that holds `count` bytes. A large one goes behind the newest, so that the newest's free room is not lost. */
static void *alloc_in_new_chunk(struct arena *arena, size_t count)
{
	size_t bytes = count + sizeof(struct arena_chunk);
	unsigned class = class_for(bytes);
	struct arena_chunk *chunk;
	bool behind = arena->chunks && class > 0 && (size_t)(arena->end - arena->next) > ARENA_CLASS_MIN_BYTES / 4;

	if (class != CLASS_NONE)
		bytes = class_bytes(class);
	if (bytes > arena->limit_bytes - arena->held_bytes || !may_grow(arena, bytes))
		return NULL;
	chunk = chunk_take(arena->pool, bytes);
	if (!chunk)
		return NULL;
	if (arena->pool)
		arena->pool->large_bytes +=
			large_part(arena->held_bytes + chunk->bytes) - large_part(arena->held_bytes);
	arena->held_bytes += chunk->bytes;
	if (behind) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
		return chunk->room;
	}
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->next = chunk->room + count;
	arena->end = (char *)chunk + chunk->bytes;
	return chunk->room;
}

void *arena_alloc(struct arena *arena, size_t count)
{
	size_t padded;

	if (count > SIZE_MAX / 2)
		return NULL;
	padded = (count + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (padded <= (size_t)(arena->end - arena->next) && arena->next) {
		void *at = arena->next;

		arena->next += padded;
		return at;
	}
	return alloc_in_new_chunk(arena, padded);
}

void *arena_alloc_zero(struct arena *arena, size_t count)
{
	void *at = arena_alloc(arena, count);

	return at ? memset(at, 0, count) : NULL;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t each)
{
	size_t bytes;

	return __builtin_mul_overflow(count, each, &bytes) ? NULL : arena_alloc_zero(arena, bytes);
}

bool arena_try_extend(struct arena *arena, const void *at, size_t old_count, size_t new_count)
{
	size_t align = _Alignof(max_align_t) - 1, old_padded, new_padded;

	if (new_count > SIZE_MAX / 2 || old_count > new_count)
		return false;
	old_padded = (old_count + align) & ~align;
	new_padded = (new_count + align) & ~align;
	if (!arena->next || (const char *)at + old_padded != arena->next ||
		new_padded - old_padded > (size_t)(arena->end - arena->next))
		return false;
	arena->next += new_padded - old_padded;
	return true;
}

struct view arena_copy(struct arena *arena, struct view text)
{
	char *copy = text.count < SIZE_MAX / 2 ? arena_alloc(arena, text.count + 1) : NULL;

	if (!copy)
		return (struct view){ .at = NULL, .count = 0 };
	if (text.count)
		memcpy(copy, text.at, text.count);
	copy[text.count] = '\0';
	return view_from(copy, text.count);
}

char *arena_text(struct arena *arena, struct view text)
{
	char *copy = text.count < SIZE_MAX / 2 ? arena_alloc(arena, text.count + 1) : NULL;

	if (!copy)
		return NULL;
	if (text.count)
		memcpy(copy, text.at, text.count);
	copy[text.count] = '\0';
	return copy;
}

struct view arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	va_list again;
	char *at;
	int count;

	va_copy(again, arguments);
	count = vsnprintf(NULL, 0, format, again);
	va_end(again);
	at = count < 0 ? NULL : arena_alloc(arena, (size_t)count + 1);
	if (!at)
		return (struct view){ .at = NULL, .count = 0 };
	vsnprintf(at, (size_t)count + 1, format, arguments);
	return view_from(at, (size_t)count);
}

struct view arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}
