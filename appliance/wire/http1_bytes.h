/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http1_bytes: classes of bytes and scanners that the HTTP/1.1 parser, its chunk decoder and its writers share. For files
 * of this folder.
 *
 * A scanner returns the first byte in [at, end) that is not of its class, or `end`. It reads no byte at or behind `end`,
 * also where it looks at 16 bytes at a time.
 * Threads: pure functions. Source: RFC 9110 5.5 and 5.6.2, RFC 3986 2.
 */
#ifndef POSTERN_WIRE_HTTP1_BYTES_H
#define POSTERN_WIRE_HTTP1_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	HTTP1_BYTE_TOKEN = 1,  /* of methods and field names */
	HTTP1_BYTE_TARGET = 2, /* visible ASCII but '#' (no fragments on the wire) and '|' (which AWS refuses) */
};

extern const uint8_t http1_byte_classes[256];

static inline const char *http1_skip_token(const char *at, const char *end)
{
	while (at < end && (http1_byte_classes[(unsigned char)*at] & HTTP1_BYTE_TOKEN))
		at++;
	return at;
}

static inline const char *http1_skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* Bytes of a field value: all but control bytes; tabs belong to it. */
static inline const char *http1_skip_value(const char *at, const char *end)
{
	for (;;) {
#ifdef __SSE2__
		const __m128i control_last = _mm_set1_epi8(0x1f), delete = _mm_set1_epi8(0x7f);

		while (end - at >= 16) {
			__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
			__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control_last), bytes);
			int mask = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, delete)));

			if (mask) {
				at += __builtin_ctz((unsigned)mask);
				goto stopped;
			}
			at += 16;
		}
#endif
		while (at < end && (unsigned char)*at >= 0x20 && *at != 0x7f)
			at++;
		if (at == end)
			return at;
#ifdef __SSE2__
	stopped:
#endif
		if (*at != '\t')
			return at;
		at++;
	}
}

static inline const char *http1_skip_target(const char *at, const char *end)
{
	while (at < end && (http1_byte_classes[(unsigned char)*at] & HTTP1_BYTE_TARGET))
		at++;
	return at;
}

#endif
