/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/loop/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/loop/state.h"

struct chunk *chunk_take(struct loop *loop)
{
	struct chunk *chunk = loop->chunks;

	if (chunk) {
		loop->chunks = chunk->next;
		loop->chunk_count--;
	} else {
		chunk = malloc(CHUNK_TOTAL_BYTES);
		ASSERT(chunk);
	}
	chunk->next = NULL;
	chunk->begin = chunk->end = 0;
	return chunk;
}

void chunk_give(struct loop *loop, struct chunk *chunk)
{
	if (loop->chunk_count >= CHUNK_FREE_MAX_COUNT) {
		free(chunk);
		return;
	}
	chunk->next = loop->chunks;
	loop->chunks = chunk;
	loop->chunk_count++;
}

void chunk_fini(struct loop *loop)
{
	while (loop->chunks) {
		struct chunk *chunk = loop->chunks;

		loop->chunks = chunk->next;
		free(chunk);
	}
	loop->chunk_count = 0;
}

void chunk_list_append(struct loop *loop, struct chunk_list *list, const void *bytes, size_t count_bytes)
{
	const char *from = bytes;

	list->bytes += count_bytes;
	while (count_bytes > 0) {
		struct chunk *last = list->last;
		size_t room;

		if (!last || last->end == CHUNK_ROOM_BYTES) {
			last = chunk_take(loop);
			if (list->last)
				list->last->next = last;
			else
				list->first = last;
			list->last = last;
		}
		room = CHUNK_ROOM_BYTES - last->end;
		if (room > count_bytes)
			room = count_bytes;
		memcpy(last->bytes + last->end, from, room);
		last->end += (uint32_t)room;
		from += room;
		count_bytes -= room;
	}
}

void chunk_list_prepend(struct loop *loop, struct chunk_list *list, const void *bytes, size_t count_bytes)
{
	struct chunk_list before = { 0 };

	chunk_list_append(loop, &before, bytes, count_bytes);
	if (!before.last)
		return;
	before.last->next = list->first;
	list->first = before.first;
	if (!list->last)
		list->last = before.last;
	list->bytes += before.bytes;
}

void chunk_list_drop(struct loop *loop, struct chunk_list *list, size_t count_bytes)
{
	ASSERT(count_bytes <= list->bytes);
	list->bytes -= count_bytes;
	while (count_bytes > 0) {
		struct chunk *first = list->first;
		size_t held = first->end - first->begin;

		if (held > count_bytes) {
			first->begin += (uint32_t)count_bytes;
			return;
		}
		count_bytes -= held;
		list->first = first->next;
		if (!list->first)
			list->last = NULL;
		chunk_give(loop, first);
	}
}

size_t chunk_list_take(struct loop *loop, struct chunk_list *list, void *buffer, size_t room_bytes)
{
	char *to = buffer;
	size_t taken = 0;

	for (const struct chunk *chunk = list->first; chunk && taken < room_bytes; chunk = chunk->next) {
		size_t held = chunk->end - chunk->begin;

		if (held > room_bytes - taken)
			held = room_bytes - taken;
		memcpy(to + taken, chunk->bytes + chunk->begin, held);
		taken += held;
	}
	chunk_list_drop(loop, list, taken);
	return taken;
}

int chunk_list_parts(const struct chunk_list *list, struct iovec *parts, int room_count)
{
	int count = 0;

	for (struct chunk *chunk = list->first; chunk && count < room_count; chunk = chunk->next)
		parts[count++] =
			(struct iovec){ .iov_base = chunk->bytes + chunk->begin, .iov_len = chunk->end - chunk->begin };
	return count;
}

void chunk_list_clear(struct loop *loop, struct chunk_list *list)
{
	chunk_list_drop(loop, list, list->bytes);
}
