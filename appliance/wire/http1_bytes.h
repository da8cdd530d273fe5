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
#ifdef __SSE2__
	/* Nearly all names are letters, digits and '-'; as signed numbers, bytes from 0x80 on are below every bound. */
	while (end - at >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
		__m128i letter = _mm_and_si128(
			_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
		__m128i digit = _mm_and_si128(
			_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
		__m128i fine = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
		int mask = _mm_movemask_epi8(fine) ^ 0xffff;

		if (mask) {
			at += __builtin_ctz((unsigned)mask);
			break;
		}
		at += 16;
	}
#endif
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
#ifdef __SSE2__
	/* As signed numbers, bytes from 0x80 on are below every bound. */
	const __m128i blank = _mm_set1_epi8(0x20), delete = _mm_set1_epi8(0x7f);
	const __m128i hash = _mm_set1_epi8('#'), bar = _mm_set1_epi8('|');

	while (end - at >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i fine = _mm_and_si128(_mm_cmpgt_epi8(bytes, blank), _mm_cmplt_epi8(bytes, delete));
		__m128i odd = _mm_or_si128(_mm_cmpeq_epi8(bytes, hash), _mm_cmpeq_epi8(bytes, bar));
		int mask = _mm_movemask_epi8(_mm_andnot_si128(odd, fine)) ^ 0xffff;

		if (mask)
			return at + __builtin_ctz((unsigned)mask);
		at += 16;
	}
#endif
	while (at < end && (http1_byte_classes[(unsigned char)*at] & HTTP1_BYTE_TARGET))
		at++;
	return at;
}

#endif
