/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/json_lexeme.h"

#include <string.h>

#include "appliance/base/view.h"

static bool refuse(struct json_lexeme *lexeme, const char *rule)
{
	lexeme->rule = lexeme->at >= lexeme->end ? JSON_LEXEME_EARLY_END : rule;
	return false;
}

static int hex_digit(unsigned char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

int32_t json_lexeme_hex_quad(const unsigned char *at, const unsigned char *end)
{
	int32_t number = 0;

	if (end - at < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		number = number * 16 + digit;
	}
	return number;
}

/* Behind a backslash: check one escape and step over it. */
static bool step_over_escape(struct json_lexeme *lexeme)
{
	static const bool is_short[256] = { ['"'] = true,
		['\\'] = true,
		['/'] = true,
		['b'] = true,
		['f'] = true,
		['n'] = true,
		['r'] = true,
		['t'] = true };
	int byte = lexeme->at < lexeme->end ? *lexeme->at : -1;
	int32_t unit, low = -1;

	if (byte > 0 && is_short[byte]) {
		lexeme->at++;
		return true;
	}
	if (byte != 'u')
		return refuse(lexeme, "unknown escape in a text");
	unit = json_lexeme_hex_quad(lexeme->at + 1, lexeme->end);
	if (unit < 0)
		return refuse(lexeme, "\\u needs four hexadecimal digits");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return refuse(lexeme, "a low surrogate without a high one");
	lexeme->at += 5;
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	if (lexeme->end - lexeme->at >= 2 && lexeme->at[0] == '\\' && lexeme->at[1] == 'u')
		low = json_lexeme_hex_quad(lexeme->at + 2, lexeme->end);
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(lexeme, "a high surrogate without a low one");
	lexeme->at += 6;
	return true;
}

bool json_lexeme_text_rest(struct json_lexeme *lexeme)
{
	for (;;) {
		lexeme->at = json_lexeme_plain_end(lexeme->at, lexeme->end);
		if (lexeme->at == lexeme->end)
			return refuse(lexeme, "");
		if (*lexeme->at == '"')
			return true;
		if (*lexeme->at == '\\') {
			lexeme->escaped = true;
			lexeme->at++;
			if (!step_over_escape(lexeme))
				return false;
		} else if (*lexeme->at < 0x20) {
			return refuse(lexeme, "a control character in a text must be escaped");
		} else {
			size_t left = (size_t)(lexeme->end - lexeme->at);
			size_t count = view_utf8_character(view_from(lexeme->at, left), NULL);

			if (count == 0)
				return refuse(lexeme, "the text is not well-formed UTF-8");
			lexeme->at += count;
		}
	}
}

static inline bool at_digit(const struct json_lexeme *lexeme)
{
	return lexeme->at < lexeme->end && *lexeme->at >= '0' && *lexeme->at <= '9';
}

static inline bool at_byte(const struct json_lexeme *lexeme, unsigned char byte)
{
	return lexeme->at < lexeme->end && *lexeme->at == byte;
}

static bool step_over_digits(struct json_lexeme *lexeme)
{
	if (!at_digit(lexeme))
		return false;
	do
		lexeme->at++;
	while (at_digit(lexeme));
	return true;
}

bool json_lexeme_number(struct json_lexeme *lexeme)
{
	lexeme->decimal = false;
	if (at_byte(lexeme, '-'))
		lexeme->at++;
	if (at_byte(lexeme, '0'))
		lexeme->at++;
	else if (!step_over_digits(lexeme))
		return refuse(lexeme, "a number needs a digit here");
	if (at_digit(lexeme))
		return refuse(lexeme, "a number must not have a leading zero");
	if (at_byte(lexeme, '.')) {
		lexeme->at++;
		lexeme->decimal = true;
		if (!step_over_digits(lexeme))
			return refuse(lexeme, "a number needs a digit behind the point");
	}
	if (at_byte(lexeme, 'e') || at_byte(lexeme, 'E')) {
		lexeme->at++;
		lexeme->decimal = true;
		if (at_byte(lexeme, '+') || at_byte(lexeme, '-'))
			lexeme->at++;
		if (!step_over_digits(lexeme))
			return refuse(lexeme, "a number needs a digit in its exponent");
	}
	return true;
}

bool json_lexeme_word(struct json_lexeme *lexeme, const char *word, size_t count)
{
	size_t left = (size_t)(lexeme->end - lexeme->at);

	if (left >= count && memcmp(lexeme->at, word, count) == 0) {
		lexeme->at += count;
		return true;
	}
	if (left < count && memcmp(lexeme->at, word, left) == 0) /* cut short */
		lexeme->at = lexeme->end;
	return refuse(lexeme, "expected a value");
}
