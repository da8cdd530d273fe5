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
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/*
 * Copies for the writers: all `count` bytes go to `to` whatever they are, and the answer is whether they may stand there.
 * What is copied is looked at in the same pass.
 */
#ifdef __SSE2__

/* Copy 1 to 15 bytes; the result holds each of them at least once, and no others. */
static inline __m128i http1_copy_short(char *to, const char *at, size_t count)
{
	uint64_t first = 0, last = 0;

	if (count >= 8) {
		memcpy(&first, at, 8);
		memcpy(&last, at + count - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + count - 8, &last, 8);
		return _mm_set_epi64x((long long)last, (long long)first);
	}
	if (count >= 4) {
		memcpy(&first, at, 4);
		memcpy(&last, at + count - 4, 4);
		memcpy(to, &first, 4);
		memcpy(to + count - 4, &last, 4);
		return _mm_set1_epi64x((long long)(last << 32 | first));
	}
	first = (unsigned char)at[0] | (uint64_t)(unsigned char)at[count / 2] << 8 |
		(uint64_t)(unsigned char)at[count - 1] << 16;
	to[0] = (char)first;
	to[count / 2] = (char)(first >> 8);
	to[count - 1] = (char)(first >> 16);
	return _mm_set1_epi32((int)(first | (first & 0xff) << 24));
}

/* Bits of the bytes that a field value may not have. */
static inline int http1_control_mask(__m128i bytes)
{
	__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
	__m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), control),
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));

	return _mm_movemask_epi8(bad);
}

/* Bits of the bytes that are neither letters, nor digits, nor '-'. */
static inline int http1_unusual_mask(__m128i bytes)
{
	__m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
	__m128i letter = _mm_and_si128(
		_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
	__m128i digit = _mm_and_si128(
		_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));

	return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')))) ^
	       0xffff;
}

#define HTTP1_COPY(to, at, count, mask_of, ret_mask)                                                                   \
	do {                                                                                                           \
		size_t copied_ = 0;                                                                                    \
		if ((count) < 16) {                                                                                    \
			if (count)                                                                                     \
				*(ret_mask) = mask_of(http1_copy_short((to), (at), (count)));                          \
			break;                                                                                         \
		}                                                                                                      \
		for (; copied_ + 16 <= (count); copied_ += 16) {                                                       \
			__m128i bytes_ = _mm_loadu_si128((const __m128i *)(const void *)((at) + copied_));             \
			_mm_storeu_si128((__m128i *)(void *)((to) + copied_), bytes_);                                 \
			*(ret_mask) |= mask_of(bytes_);                                                                \
		}                                                                                                      \
		{                                                                                                      \
			__m128i bytes_ = _mm_loadu_si128((const __m128i *)(const void *)((at) + (count)-16));          \
			_mm_storeu_si128((__m128i *)(void *)((to) + (count)-16), bytes_);                              \
			*(ret_mask) |= mask_of(bytes_);                                                                \
		}                                                                                                      \
	} while (0)

static inline bool http1_copy_value(char *to, const char *at, size_t count)
{
	int mask = 0;

	HTTP1_COPY(to, at, count, http1_control_mask, &mask);
	return mask == 0;
}

static inline bool http1_copy_name(char *to, const char *at, size_t count)
{
	int mask = 0;

	HTTP1_COPY(to, at, count, http1_unusual_mask, &mask);
	/* Unusual is not wrong: '_' and its like are tokens as well. */
	return count && (mask == 0 || http1_skip_token(at, at + count) == at + count);
}

#else

static inline bool http1_copy_value(char *to, const char *at, size_t count)
{
	if (count)
		memcpy(to, at, count);
	return http1_skip_value(at, at + count) == at + count;
}

static inline bool http1_copy_name(char *to, const char *at, size_t count)
{
	if (count)
		memcpy(to, at, count);
	return count && http1_skip_token(at, at + count) == at + count;
}

#endif

#endif
