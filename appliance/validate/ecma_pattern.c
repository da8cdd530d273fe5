/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/validate/ecma_pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

/* Groups may nest so deep; PCRE2's own limit is 250. */
#define NESTING_MAX 200
/* Greatest count in a quantifier that PCRE2 takes. */
#define REPEAT_MAX 65535

/* White space and line terminators beyond what PCRE2's \s takes. */
#define MORE_SPACES "\\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}"

struct translation {
	struct view regex;
	size_t at;
	struct buffer *ret; /* NULL: nobody wants it */
	size_t group_count;
	bool has_names;
	size_t depth;
	bool repeatable; /* what stands in front may be repeated */
};

static int byte_at(const struct translation *t, size_t at)
{
	return at < t->regex.count ? (unsigned char)t->regex.at[at] : -1;
}

static void put(struct translation *t, const char *text)
{
	if (t->ret)
		buffer_append_text(t->ret, text);
}

static void put_byte(struct translation *t, int byte)
{
	if (t->ret)
		buffer_append_byte(t->ret, (char)byte);
}

static void put_point(struct translation *t, uint32_t point)
{
	if (t->ret)
		buffer_printf(t->ret, "\\x{%x}", point);
}

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter(int byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_word(int byte)
{
	return is_letter(byte) || is_digit(byte) || byte == '_' || byte == '$';
}

/* The number of `count` hexadecimal digits, or -1. */
static int32_t hex_at(const struct translation *t, size_t at, size_t count)
{
	int32_t number = 0;

	for (size_t i = 0; i < count; i++) {
		int byte = byte_at(t, at + i), low = byte | 0x20;

		if (is_digit(byte))
			number = number * 16 + byte - '0';
		else if (low >= 'a' && low <= 'f')
			number = number * 16 + low - 'a' + 10;
		else
			return -1;
	}
	return number;
}

/* How many capturing groups there are, and whether any has a name. */
static void count_groups(struct translation *t)
{
	bool in_class = false;

	for (size_t i = 0; i < t->regex.count; i++) {
		int byte = byte_at(t, i), next = byte_at(t, i + 1), third = byte_at(t, i + 2),
		    fourth = byte_at(t, i + 3);

		if (byte == '\\') {
			i++;
		} else if (in_class) {
			in_class = byte != ']';
		} else if (byte == '[') {
			in_class = true;
		} else if (byte == '(' && next != '?') {
			t->group_count++;
		} else if (byte == '(' && third == '<' && fourth != '=' && fourth != '!') {
			t->group_count++;
			t->has_names = true;
		}
	}
}

/* --- Escapes ---------------------------------------------------------------------------------------------------------------- */

/* At the 'u' of an escape. Without four digits it is the letter itself. */
static int put_unicode(struct translation *t)
{
	int32_t unit = hex_at(t, t->at + 1, 4), low = -1;

	if (unit < 0) {
		t->at++;
		put_byte(t, 'u');
		return 0;
	}
	t->at += 5;
	if (unit >= 0xd800 && unit <= 0xdbff && byte_at(t, t->at) == '\\' && byte_at(t, t->at + 1) == 'u')
		low = hex_at(t, t->at + 2, 4);
	if (low >= 0xdc00 && low <= 0xdfff) {
		t->at += 6;
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	} else if (unit >= 0xd800 && unit <= 0xdfff) {
		return -EINVAL;
	}
	put_point(t, (uint32_t)unit);
	return 0;
}

/* At a digit of an escape that is no reference: an octal number, or 8 or 9 as they are. */
static void put_octal(struct translation *t)
{
	uint32_t number = 0;
	size_t count = 0;

	while (count < 3 && byte_at(t, t->at) >= '0' && byte_at(t, t->at) <= '7' && number < 32) {
		number = number * 8 + (uint32_t)(byte_at(t, t->at++) - '0');
		count++;
	}
	if (count == 0)
		number = (uint32_t)byte_at(t, t->at++);
	put_point(t, number);
}

/* At the 'x' or 'c' of an escape; what is not complete stands for itself. */
static void put_coded(struct translation *t)
{
	int byte = byte_at(t, t->at), next = byte_at(t, t->at + 1);
	int32_t code = hex_at(t, t->at + 1, 2);

	if (byte == 'x' && code >= 0) {
		put_point(t, (uint32_t)code);
		t->at += 3;
	} else if (byte == 'c' && is_letter(next)) {
		put_point(t, (uint32_t)next & 31);
		t->at += 2;
	} else {
		put(t, byte == 'c' ? "\\\\c" : "x");
		t->at++;
	}
}

/* Behind a backslash, at what means the same in a class and outside. */
static int put_escape(struct translation *t, bool in_class)
{
	int byte = byte_at(t, t->at);

	switch (byte) {
	case -1:
		return -EINVAL;
	case 'd':
	case 'D':
	case 'w':
	case 'W':
	case 't':
	case 'n':
	case 'f':
	case 'r':
		put_byte(t, '\\');
		put_byte(t, byte);
		break;
	case 'v':
		put(t, "\\x{b}");
		break;
	case 's':
		put(t, in_class ? "\\s" MORE_SPACES : "[\\s" MORE_SPACES "]");
		break;
	case 'S':
		put(t, in_class ? "\\S" : "[^\\s" MORE_SPACES "]");
		break;
	case 'u':
		return put_unicode(t);
	case 'x':
	case 'c':
		put_coded(t);
		return 0;
	default:
		if (is_digit(byte)) {
			put_octal(t);
			return 0;
		}
		if (byte < 0x80 && !is_letter(byte))
			put_byte(t, '\\');
		put_byte(t, byte);
	}
	t->at++;
	return 0;
}

/* At a digit: a reference if there are so many groups. True if it was one. */
static bool try_reference(struct translation *t)
{
	size_t number = 0, at = t->at;

	while (is_digit(byte_at(t, at)) && number <= t->group_count)
		number = number * 10 + (size_t)(byte_at(t, at++) - '0');
	if (number == 0 || number > t->group_count)
		return false;
	if (t->ret)
		buffer_printf(t->ret, "\\g{%zu}", number);
	t->at = at;
	return true;
}

/* "<name>" at `at`: its length, or 0. */
static size_t name_length(const struct translation *t, size_t at)
{
	size_t end = at + 1;

	if (byte_at(t, at) != '<' || is_digit(byte_at(t, end)))
		return 0;
	while (is_word(byte_at(t, end)) && byte_at(t, end) != '$')
		end++;
	return byte_at(t, end) == '>' && end > at + 1 && end - at <= 33 ? end + 1 - at : 0;
}

static void put_bytes(struct translation *t, size_t count)
{
	while (count-- > 0)
		put_byte(t, byte_at(t, t->at++));
}

/* At a backslash outside a class. */
static int translate_escape(struct translation *t)
{
	int byte = byte_at(t, ++t->at);

	t->repeatable = true;
	if (byte == 'b' || byte == 'B') {
		put_byte(t, '\\');
		put_bytes(t, 1);
		t->repeatable = false;
		return 0;
	}
	if (byte == 'k' && t->has_names) {
		size_t count = name_length(t, t->at + 1);

		put_byte(t, '\\');
		put_bytes(t, 1 + count);
		return count ? 0 : -EINVAL;
	}
	if (is_digit(byte) && try_reference(t))
		return 0;
	return put_escape(t, false);
}

/* --- Classes, groups, quantifiers --------------------------------------------------------------------------------------------- */

static int translate_class_escape(struct translation *t)
{
	if (byte_at(t, ++t->at) == 'b') {
		t->at++;
		put(t, "\\x{8}");
		return 0;
	}
	return put_escape(t, true);
}

static int translate_class(struct translation *t)
{
	bool inverted = byte_at(t, t->at + 1) == '^';

	t->repeatable = true;
	t->at += inverted ? 2 : 1;
	if (byte_at(t, t->at) == ']') {
		t->at++;
		put(t, inverted ? "(?s:.)" : "(?!)");
		return 0;
	}
	put(t, inverted ? "[^" : "[");
	for (;;) {
		int byte = byte_at(t, t->at);

		if (byte < 0)
			return -EINVAL;
		if (byte == '\\') {
			if (translate_class_escape(t) < 0)
				return -EINVAL;
			continue;
		}
		if (byte == '[')
			put_byte(t, '\\');
		put_bytes(t, 1);
		if (byte == ']')
			return 0;
	}
}

/* At an opening parenthesis. */
static int translate_group(struct translation *t)
{
	int third = byte_at(t, t->at + 2), fourth = byte_at(t, t->at + 3);

	if (++t->depth > NESTING_MAX)
		return -EINVAL;
	t->repeatable = false;
	if (byte_at(t, t->at + 1) == '*')
		return -EINVAL;
	if (byte_at(t, t->at + 1) != '?') {
		put_bytes(t, 1);
	} else if (third == ':' || third == '=' || third == '!') {
		put_bytes(t, 3);
	} else if (third == '<' && (fourth == '=' || fourth == '!')) {
		put_bytes(t, 4);
	} else {
		size_t count = name_length(t, t->at + 2);

		if (count == 0)
			return -EINVAL;
		put_bytes(t, 2 + count);
	}
	return 0;
}

/* The length of "{n}", "{n,}" or "{n,m}" at hand; 0 if the brace is no quantifier, -EINVAL if it can't be one. */
static ssize_t braces_length(const struct translation *t)
{
	size_t at = t->at + 1, from = at;
	int64_t least = 0, most = 0;

	for (; is_digit(byte_at(t, at)); at++)
		least = least > REPEAT_MAX ? least : least * 10 + byte_at(t, at) - '0';
	if (at == from)
		return 0;
	most = least;
	if (byte_at(t, at) == ',') {
		from = ++at;
		for (most = 0; is_digit(byte_at(t, at)); at++)
			most = most > REPEAT_MAX ? most : most * 10 + byte_at(t, at) - '0';
		if (at == from)
			most = REPEAT_MAX;
	}
	if (byte_at(t, at) != '}')
		return 0;
	return least > most || most > REPEAT_MAX ? -EINVAL : (ssize_t)(at + 1 - t->at);
}

/* At '*', '+', '?' or '{'. */
static int translate_quantifier(struct translation *t)
{
	ssize_t count = byte_at(t, t->at) == '{' ? braces_length(t) : 1;

	if (count == 0) {
		put(t, "\\{");
		t->at++;
		t->repeatable = true;
		return 0;
	}
	if (count < 0 || !t->repeatable)
		return -EINVAL;
	put_bytes(t, (size_t)count);
	if (byte_at(t, t->at) == '?')
		put_bytes(t, 1);
	t->repeatable = false;
	return 0;
}

static int translate_one(struct translation *t)
{
	int byte = byte_at(t, t->at);

	switch (byte) {
	case '\\':
		return translate_escape(t);
	case '[':
		return translate_class(t);
	case '(':
		return translate_group(t);
	case '*':
	case '+':
	case '?':
	case '{':
		return translate_quantifier(t);
	case ')':
		if (t->depth-- == 0)
			return -EINVAL;
		t->repeatable = true;
		break;
	case '|':
	case '^':
	case '$':
		t->repeatable = false;
		break;
	case '.':
		put(t, "[^\\n\\r\\x{2028}\\x{2029}]");
		t->at++;
		t->repeatable = true;
		return 0;
	case ']':
	case '}':
		put_byte(t, '\\');
		t->repeatable = true;
		break;
	default:
		t->repeatable = true;
	}
	put_bytes(t, 1);
	return 0;
}

int ecma_pattern_translate(struct view regex, struct buffer *ret)
{
	struct translation t = { .regex = regex, .ret = ret };

	if (regex.count > ECMA_PATTERN_MAX_BYTES)
		return -EMSGSIZE;
	count_groups(&t);
	while (t.at < regex.count) {
		if (translate_one(&t) < 0)
			return -EINVAL;
	}
	if (t.depth > 0)
		return -EINVAL;
	return ret && buffer_error(ret) ? -EMSGSIZE : 0;
}
