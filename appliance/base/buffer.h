/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer: bytes that grow at the end, up to a hard limit: for building texts and messages.
 *
 * Its error is sticky: after the first failure (limit reached, no memory) every further append does nothing, so that a
 * caller writes a whole text and checks once, with buffer_error(). A failed buffer keeps what it held.
 *
 * Three kinds of storage: the heap (buffer_init), an arena (buffer_init_arena; old storage is left to the arena) and the
 * caller's own fixed room (buffer_init_fixed; never allocates).
 *
 * Life cycle: init, append…, then view, take or fini. reset keeps the storage for the next use, so a reused buffer does
 * not allocate in the steady state. Threads: one at a time.
 */
#ifndef POSTERN_BASE_BUFFER_H
#define POSTERN_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

struct buffer {
	char *at;
	size_t count;       /* bytes held */
	size_t room;        /* bytes that fit before it must grow; heap and arena storage has one more for a NUL */
	size_t limit_bytes; /* `count` never passes it */
	int error;          /* 0, -EMSGSIZE (limit) or -ENOMEM */
	struct arena *arena;
	bool fixed;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_init_arena(struct buffer *buffer, struct arena *arena, size_t limit_bytes);

/* Use the caller's `room` bytes at `at`, which must outlive the buffer. The limit is `room`. */
void buffer_init_fixed(struct buffer *buffer, void *at, size_t room);

/* Free heap storage. The buffer is empty and usable afterwards as if newly initialised. */
void buffer_fini(struct buffer *buffer);

/* Empty it and forget its error; storage stays. */
void buffer_reset(struct buffer *buffer);

void buffer_append(struct buffer *buffer, struct view bytes);
void buffer_append_bytes(struct buffer *buffer, const void *at, size_t count);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_u64(struct buffer *buffer, uint64_t number); /* decimal */
void buffer_append_utf8(struct buffer *buffer, uint32_t point); /* a code point that is no surrogate, as UTF-8 */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/*
 * Make room for `count` more bytes and return where they go; the caller writes up to `count` bytes there and calls
 * buffer_commit() with how many. NULL (and the sticky error) if they don't fit.
 */
char *buffer_reserve(struct buffer *buffer, size_t count);
void buffer_commit(struct buffer *buffer, size_t count);

/* Remove the first `count` bytes (at most all); moves the rest down. */
void buffer_drop_front(struct buffer *buffer, size_t count);

/* Cut back to `count` bytes, which must not be more than it holds. */
void buffer_truncate(struct buffer *buffer, size_t count);

/* What it holds; the view lives until the next change. */
static inline struct view buffer_view(const struct buffer *buffer)
{
	return (struct view){ .at = buffer->at, .count = buffer->count };
}

static inline int buffer_error(const struct buffer *buffer)
{
	return buffer->error;
}

/*
 * The content as a C string (NUL added, not counted), or NULL after an error. buffer_text lends it until the next change;
 * buffer_take hands the storage over (free() it; an arena's stays the arena's; not for fixed storage) and empties the buffer.
 */
const char *buffer_text(struct buffer *buffer);
char *buffer_take(struct buffer *buffer, size_t *ret_count) __attribute__((warn_unused_result));

#endif
