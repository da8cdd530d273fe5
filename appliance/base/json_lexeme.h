/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_lexeme: the one place that decides what a text, a number and a word of JSON are, for the readers of this folder:
 * json_scanner.c and json_value.c. What is common is decided inline, all else in functions.
 *
 * Each function starts at `at` and moves it: behind what was read, or, when it returns false, to the byte that is wrong, with
 * `rule` set. At `end` the rule is that of texts that end too early, whatever was expected. Nothing behind `end` is read.
 *
 * Threads: one at a time. Source: RFC 8259, 6 and 7; RFC 3629.
 */
#ifndef POSTERN_BASE_JSON_LEXEME_H
#define POSTERN_BASE_JSON_LEXEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct json_lexeme {
	const unsigned char *at, *end;
	const char *rule; /* as json_error's */
	bool escaped;     /* the last text has escapes */
	bool decimal;     /* the last number has a fraction or an exponent */
};

#define JSON_LEXEME_EARLY_END "the text ends too early"

/* The same as json_lexeme_text(), for what is not all plain. */
bool json_lexeme_text_rest(struct json_lexeme *lexeme);

/* At a minus sign or anything that may be a digit. */
bool json_lexeme_number(struct json_lexeme *lexeme);

/* At the first letter of `word`, which has `count` bytes: true, false or null. */
bool json_lexeme_word(struct json_lexeme *lexeme, const char *word, size_t count);

/* The number that four hexadecimal digits at `at` make, or -1. */
int32_t json_lexeme_hex_quad(const unsigned char *at, const unsigned char *end);

/* To the first byte from `at` on that is not plain in a text: quote, backslash, control character, no ASCII; or the end. */
static inline const unsigned char *json_lexeme_plain_end(const unsigned char *at, const unsigned char *end)
{
#ifdef __SSE2__
	while (end - at >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		/* Signed: bytes from 0x80 on are negative, so one comparison finds them and the control characters. */
		__m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
		__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
		__m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
		int mask = _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash)));

		if (mask)
			return at + __builtin_ctz((unsigned)mask);
		at += 16;
	}
#endif
	while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
		at++;
	return at;
}

/* Behind the opening quote of a text: its closing quote if all in between is plain, else NULL: ask json_lexeme_text(). */
static inline const unsigned char *json_lexeme_plain_text_end(const unsigned char *at, const unsigned char *end)
{
	at = json_lexeme_plain_end(at, end);
	return at < end && *at == '"' ? at : NULL;
}

/* The end of a plain number: no sign, no zero in front, no exponent, something else behind it. NULL: ask json_lexeme_number(). */
static inline const unsigned char *json_lexeme_plain_number_end(
	const unsigned char *at, const unsigned char *end, bool *ret_decimal)
{
	*ret_decimal = false;
	if (at == end || *at < '1' || *at > '9')
		return NULL;
	do
		at++;
	while (at < end && *at >= '0' && *at <= '9');
	if (at < end && *at == '.') {
		const unsigned char *point = at++;

		while (at < end && *at >= '0' && *at <= '9')
			at++;
		if (at == point + 1)
			return NULL;
		*ret_decimal = true;
	}
	return at < end && (*at | 0x20) != 'e' ? at : NULL;
}

/* Behind the opening quote of a text: to its closing quote. */
static inline bool json_lexeme_text(struct json_lexeme *lexeme)
{
	const unsigned char *plain_end = json_lexeme_plain_text_end(lexeme->at, lexeme->end);

	lexeme->escaped = false;
	if (!plain_end)
		return json_lexeme_text_rest(lexeme);
	lexeme->at = plain_end;
	return true;
}

#endif
