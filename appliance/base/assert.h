/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * assert: checks of our own invariants, which stay on in production, and the magic numbers that guard casts of `void *`.
 *
 * An assertion says what can't be false whatever arrives from outside; input is judged with errors, never with these.
 * One that fails prints the expression and the place on standard error and aborts: posternd restarts the program while
 * the listening sockets stay open, so a crash is an incident and not an outage.
 *
 * Threads: any. Does not log through log.h, whose state may be what is broken.
 */
#ifndef POSTERN_BASE_ASSERT_H
#define POSTERN_BASE_ASSERT_H

#include <stdint.h>

/* Ends the process if `expression` is false. Always evaluated, also in optimised builds. */
#define ASSERT(expression)                                                                                             \
	do {                                                                                                           \
		if (__builtin_expect(!(expression), 0))                                                                \
			assert_failed(#expression, __FILE__, __LINE__, __func__);                                      \
	} while (0)

/* For a place that can't be reached. */
#define ASSERT_UNREACHABLE() assert_failed("unreachable", __FILE__, __LINE__, __func__)

/*
 * A magic number of four letters as the first member of a struct that travels as `void *`:
 *
 *	struct stream { uint32_t magic; … };
 *	#define STREAM_MAGIC MAGIC('s', 't', 'r', 'm')
 *	struct stream *stream = argument;
 *	ASSERT_MAGIC(stream, STREAM_MAGIC);
 *
 * Set it when the object is made; overwrite it with 0 when it is freed, so that a late use is caught.
 */
#define MAGIC(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define ASSERT_MAGIC(object, expected) ASSERT((object) && (object)->magic == (expected))

/* The struct that `member` at `pointer` is part of. */
#define CONTAINER_OF(pointer, type, member)                                                                            \
	((type *)(void *)((char *)(1 ? (pointer) : &((type *)0)->member) - offsetof(type, member)))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

_Noreturn void assert_failed(const char *expression, const char *file, int line, const char *function);

#endif
