/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"

/* First storage of a growing buffer: most texts fit, so that they cost one allocation. */
#define FIRST_ROOM_BYTES 256

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
	*buffer = (struct buffer){ .limit_bytes = limit_bytes };
}

void buffer_init_arena(struct buffer *buffer, struct arena *arena, size_t limit_bytes)
{
	*buffer = (struct buffer){ .limit_bytes = limit_bytes, .arena = arena };
}

void buffer_init_fixed(struct buffer *buffer, void *at, size_t room)
{
	*buffer = (struct buffer){ .at = at, .room = room, .limit_bytes = room, .fixed = true };
}

void buffer_fini(struct buffer *buffer)
{
	if (buffer->fixed) {
		buffer_reset(buffer);
		return;
	}
	if (!buffer->arena)
		free(buffer->at);
	buffer->at = NULL;
	buffer->count = buffer->room = 0;
	buffer->error = 0;
}

void buffer_reset(struct buffer *buffer)
{
	buffer->count = 0;
	buffer->error = 0;
}

/* Move to storage for `room` bytes and a NUL. */
static bool move_to(struct buffer *buffer, size_t room)
{
	char *at;

	if (!buffer->arena) {
		at = realloc(buffer->at, room + 1);
	} else if (buffer->at && arena_try_extend(buffer->arena, buffer->at, buffer->room + 1, room + 1)) {
		at = buffer->at;
	} else {
		at = arena_alloc(buffer->arena, room + 1);
		if (at && buffer->count)
			memcpy(at, buffer->at, buffer->count);
	}
	if (!at) {
		buffer->error = -ENOMEM;
		return false;
	}
	buffer->at = at;
	buffer->room = room;
	return true;
}

char *buffer_reserve(struct buffer *buffer, size_t count)
{
	size_t room = buffer->room ? buffer->room : FIRST_ROOM_BYTES;

	if (buffer->error)
		return NULL;
	if (count > buffer->limit_bytes - buffer->count) {
		buffer->error = -EMSGSIZE;
		return NULL;
	}
	if (buffer->at && count <= buffer->room - buffer->count)
		return buffer->at + buffer->count;
	while (room < buffer->count + count)
		room = room > SIZE_MAX / 4 ? buffer->limit_bytes : room * 2;
	if (room > buffer->limit_bytes)
		room = buffer->limit_bytes;
	return move_to(buffer, room) ? buffer->at + buffer->count : NULL;
}

void buffer_commit(struct buffer *buffer, size_t count)
{
	ASSERT(count <= buffer->room - buffer->count);
	buffer->count += count;
}

void buffer_append_bytes(struct buffer *buffer, const void *at, size_t count)
{
	char *room;

	if (count == 0)
		return;
	room = buffer_reserve(buffer, count);
	if (room) {
		memcpy(room, at, count);
		buffer->count += count;
	}
}

void buffer_append(struct buffer *buffer, struct view bytes)
{
	buffer_append_bytes(buffer, bytes.at, bytes.count);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append_bytes(buffer, text, strlen(text));
}

void buffer_append_byte(struct buffer *buffer, char byte)
{
	buffer_append_bytes(buffer, &byte, 1);
}

void buffer_append_u64(struct buffer *buffer, uint64_t number)
{
	char digits[20];
	size_t first = sizeof digits;

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buffer_append_bytes(buffer, digits + first, sizeof digits - first);
}

void buffer_append_utf8(struct buffer *buffer, uint32_t point)
{
	unsigned char bytes[4];
	size_t count;

	ASSERT(point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
	if (point < 0x80) {
		bytes[0] = (unsigned char)point;
		count = 1;
	} else if (point < 0x800) {
		bytes[0] = (unsigned char)(0xc0 | point >> 6);
		bytes[1] = (unsigned char)(0x80 | (point & 0x3f));
		count = 2;
	} else if (point < 0x10000) {
		bytes[0] = (unsigned char)(0xe0 | point >> 12);
		bytes[1] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
		bytes[2] = (unsigned char)(0x80 | (point & 0x3f));
		count = 3;
	} else {
		bytes[0] = (unsigned char)(0xf0 | point >> 18);
		bytes[1] = (unsigned char)(0x80 | (point >> 12 & 0x3f));
		bytes[2] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
		bytes[3] = (unsigned char)(0x80 | (point & 0x3f));
		count = 4;
	}
	buffer_append_bytes(buffer, bytes, count);
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments)
{
	char small[256];
	va_list again;
	char *whole;
	int count;

	if (buffer->error)
		return;
	va_copy(again, arguments);
	count = vsnprintf(small, sizeof small, format, arguments);
	if (count < 0) {
		buffer->error = -EMSGSIZE;
	} else if ((size_t)count < sizeof small) {
		buffer_append_bytes(buffer, small, (size_t)count);
	} else if ((size_t)count > buffer->limit_bytes - buffer->count) {
		buffer->error = -EMSGSIZE;
	} else {
		/* vsnprintf wants room for its NUL, which a buffer at its limit need not have */
		whole = malloc((size_t)count + 1);
		if (!whole) {
			buffer->error = -ENOMEM;
		} else {
			vsnprintf(whole, (size_t)count + 1, format, again);
			buffer_append_bytes(buffer, whole, (size_t)count);
			free(whole);
		}
	}
	va_end(again);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buffer_vprintf(buffer, format, arguments);
	va_end(arguments);
}

void buffer_drop_front(struct buffer *buffer, size_t count)
{
	if (count > buffer->count)
		count = buffer->count;
	if (count == 0)
		return;
	memmove(buffer->at, buffer->at + count, buffer->count - count);
	buffer->count -= count;
}

void buffer_truncate(struct buffer *buffer, size_t count)
{
	ASSERT(count <= buffer->count);
	buffer->count = count;
}

const char *buffer_text(struct buffer *buffer)
{
	if (buffer->error)
		return NULL;
	if (buffer->fixed) {
		if (buffer->count == buffer->room) {
			buffer->error = -EMSGSIZE;
			return NULL;
		}
	} else if (!buffer->at &&
		   !move_to(buffer, buffer->limit_bytes < FIRST_ROOM_BYTES ? buffer->limit_bytes : FIRST_ROOM_BYTES)) {
		return NULL;
	}
	buffer->at[buffer->count] = '\0';
	return buffer->at;
}

char *buffer_take(struct buffer *buffer, size_t *ret_count)
{
	char *taken;

	ASSERT(!buffer->fixed);
	if (!buffer_text(buffer))
		return NULL;
	taken = buffer->at;
	if (ret_count)
		*ret_count = buffer->count;
	buffer->at = NULL;
	buffer->count = buffer->room = 0;
	return taken;
}
