/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/arena.h"

#include <stdlib.h>
#include <string.h>

/* A policy at the default quota compiles into one or two chunks. */
#define CHUNK_BYTES 16384
#define ALIGNMENT 16

struct policy_arena_chunk {
	struct policy_arena_chunk *next;
	size_t used_bytes, room_bytes;
	_Alignas(ALIGNMENT) unsigned char memory[];
};

static struct policy_arena_chunk *chunk_new(size_t least_bytes)
{
	size_t room_bytes = least_bytes > CHUNK_BYTES ? least_bytes : CHUNK_BYTES;
	struct policy_arena_chunk *chunk = calloc(1, sizeof *chunk + room_bytes);

	if (chunk)
		chunk->room_bytes = room_bytes;
	return chunk;
}

void *policy_arena_take(struct policy_arena *arena, size_t count, size_t element_bytes)
{
	struct policy_arena_chunk *chunk = arena->chunks;
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, element_bytes, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (!chunk || bytes > chunk->room_bytes - chunk->used_bytes) {
		chunk = chunk_new(bytes);
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	memory = chunk->memory + chunk->used_bytes;
	chunk->used_bytes += bytes;
	return memory;
}

struct policy_text policy_arena_copy(struct policy_arena *arena, struct policy_text text)
{
	char *bytes = policy_arena_take(arena, text.count ? text.count : 1, 1);

	if (!bytes)
		return (struct policy_text){ 0 };
	if (text.count)
		memcpy(bytes, text.bytes, text.count);
	return (struct policy_text){ .bytes = bytes, .count = text.count };
}

void policy_arena_fini(struct policy_arena *arena)
{
	while (arena->chunks) {
		struct policy_arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
}
