/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/java_pattern.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"

/* Where the translation stands. */
struct translation {
	struct view text;
	size_t at;
	struct buffer *out;
	unsigned nesting;
};

static bool at_end(const struct translation *t)
{
	return t->at >= t->text.count;
}

static char here(const struct translation *t)
{
	return at_end(t) ? '\0' : t->text.at[t->at];
}

static bool looks_at(const struct translation *t, const char *text)
{
	return view_starts_with(view_after(t->text, t->at), view_from_text(text));
}

static int hex_digit(char byte)
{
	byte = view_lower_byte(byte);
	return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* --- Escapes -------------------------------------------------------------------------------------------------------- */

/* Java's names of properties that PCRE2 has otherwise; what is inside of a class. */
static const struct {
	const char *java, *yes, *no;
} properties[] = {
	{ "Lower", "a-z", "[:^lower:]" },
	{ "Upper", "A-Z", "[:^upper:]" },
	{ "ASCII", "\\x00-\\x7f", "[:^ascii:]" },
	{ "Alpha", "a-zA-Z", "[:^alpha:]" },
	{ "Digit", "0-9", "[:^digit:]" },
	{ "Alnum", "a-zA-Z0-9", "[:^alnum:]" },
	{ "Punct", "!-\\/:-@\\[-`{-~", "[:^punct:]" },
	{ "Graph", "!-~", "[:^graph:]" },
	{ "Print", " -~", "[:^print:]" },
	{ "Blank", " \\t", "[:^blank:]" },
	{ "Cntrl", "\\x00-\\x1f\\x7f", "[:^cntrl:]" },
	{ "XDigit", "0-9a-fA-F", "[:^xdigit:]" },
	{ "Space", "\\s", "\\S" },
	{ "javaLowerCase", "\\p{Ll}", "\\P{Ll}" },
	{ "javaUpperCase", "\\p{Lu}", "\\P{Lu}" },
	{ "javaWhitespace", "\\s", "\\S" },
	{ "javaLetter", "\\p{L}", "\\P{L}" },
	{ "javaLetterOrDigit", "\\p{L}\\p{Nd}", NULL },
	{ "javaDigit", "\\p{Nd}", "\\P{Nd}" },
	{ "javaAlphabetic", "\\p{L}\\p{Nl}", NULL },
	{ "IsAlphabetic", "\\p{L}\\p{Nl}", NULL },
	{ "IsLetter", "\\p{L}", "\\P{L}" },
	{ "IsDigit", "\\p{Nd}", "\\P{Nd}" },
	{ "IsLowercase", "\\p{Ll}", "\\P{Ll}" },
	{ "IsUppercase", "\\p{Lu}", "\\P{Lu}" },
	{ "IsPunctuation", "\\p{P}", "\\P{P}" },
	{ "IsWhite_Space", "\\s", "\\S" },
};

/* \p{NAME} and \P{NAME}, the place behind the letter. */
static int write_property(struct translation *t, bool in_class, bool negated)
{
	size_t close = view_find_byte(view_after(t->text, t->at), '}');
	struct view name;

	if (here(t) != '{' || close == VIEW_NOWHERE) { /* \pL */
		buffer_append_text(t->out, negated ? "\\P" : "\\p");
		return 0;
	}
	name = view_part(t->text, t->at + 1, close - 1);
	t->at += close + 1;
	for (size_t i = 0; i < ARRAY_COUNT(properties); i++) {
		const char *set = negated && in_class ? properties[i].no : properties[i].yes;

		if (!view_equals_text(name, properties[i].java))
			continue;
		if (!set)
			return -EINVAL;
		buffer_append_text(t->out, in_class ? "" : negated ? "[^" : "[");
		buffer_append_text(t->out, set);
		buffer_append_text(t->out, in_class ? "" : "]");
		return 0;
	}
	if (view_starts_with(name, view_of("Is")) || view_starts_with(name, view_of("In")))
		name = view_after(name, 2);
	for (const char *const *prefix = (const char *const[]){ "script=", "sc=", "general_category=", "gc=", NULL };
		*prefix; prefix++) {
		if (view_starts_with(name, view_from_text(*prefix)))
			name = view_after(name, strlen(*prefix));
	}
	buffer_append_text(t->out, negated ? "\\P{" : "\\p{");
	buffer_append(t->out, name);
	buffer_append_byte(t->out, '}');
	return 0;
}

/* \uXXXX, also a pair of surrogates. */
static int write_unit(struct translation *t)
{
	uint32_t unit[2] = { 0 };
	size_t count = 1;

	for (size_t i = 0; i < count; i++) {
		for (size_t digit = 0; digit < 4; digit++) {
			int value = hex_digit(here(t));

			if (value < 0)
				return -EINVAL;
			unit[i] = unit[i] << 4 | (uint32_t)value;
			t->at++;
		}
		if (i == 0 && (unit[0] & 0xfc00) == 0xd800 && looks_at(t, "\\u")) {
			t->at += 2;
			count = 2;
		}
	}
	if (count == 2)
		unit[0] = 0x10000 + ((unit[0] & 0x3ff) << 10) + (unit[1] & 0x3ff);
	buffer_printf(t->out, "\\x{%x}", unit[0]);
	return 0;
}

/* \0n, \0nn, \0mnn. */
static int write_octal(struct translation *t)
{
	unsigned value = 0, digits = 0;

	while (digits < 3 && here(t) >= '0' && here(t) <= '7' && value * 8 + (unsigned)(here(t) - '0') <= 0377) {
		value = value * 8 + (unsigned)(here(t) - '0');
		t->at++;
		digits++;
	}
	buffer_printf(t->out, "\\x{%x}", value);
	return digits ? 0 : -EINVAL;
}

/* \Q…\E: every character escaped, so that it also serves in classes. */
static void write_quoted(struct translation *t)
{
	while (!at_end(t) && !looks_at(t, "\\E")) {
		char byte = here(t);

		if ((unsigned char)byte < 0x80 && hex_digit(byte) < 0 &&
			!(view_lower_byte(byte) >= 'a' && view_lower_byte(byte) <= 'z'))
			buffer_append_byte(t->out, '\\');
		buffer_append_byte(t->out, byte);
		t->at++;
	}
	t->at += at_end(t) ? 0 : 2;
}

static int write_escape(struct translation *t, bool in_class)
{
	char byte;

	t->at++;
	byte = here(t);
	if (at_end(t))
		return -EINVAL;
	t->at++;
	switch (byte) {
	case 'u':
		return write_unit(t);
	case '0':
		return write_octal(t);
	case 'p':
	case 'P':
		return write_property(t, in_class, byte == 'P');
	case 'Q':
		write_quoted(t);
		return 0;
	default:
		buffer_append_byte(t->out, '\\');
		buffer_append_byte(t->out, byte);
		return 0;
	}
}

/* --- Classes -------------------------------------------------------------------------------------------------------- */

/* Does the class from here on hold another, or an intersection? Such a one becomes alternatives and lookaheads. */
static bool is_nested(const struct translation *t)
{
	size_t i = t->at + 1;

	if (i < t->text.count && t->text.at[i] == '^')
		i++;
	for (bool first = true; i < t->text.count; first = false, i++) {
		char byte = t->text.at[i];

		if (byte == ']' && !first)
			return false;
		if (byte == '[' || view_starts_with(view_after(t->text, i), view_of("&&")))
			return true;
		i += byte == '\\';
	}
	return false;
}

static int write_class(struct translation *t);

/* What stands in a class until something ends a run of plain items: "]", "[" or "&&". */
static int write_items(struct translation *t, bool *ret_any)
{
	*ret_any = false;
	while (!at_end(t) && here(t) != ']' && here(t) != '[' && !looks_at(t, "&&")) {
		*ret_any = true;
		if (here(t) == '\\') {
			int result = write_escape(t, true);

			if (result)
				return result;
			continue;
		}
		buffer_append_byte(t->out, here(t));
		t->at++;
	}
	return 0;
}

static int write_plain_class(struct translation *t)
{
	bool any;
	int result;

	buffer_append_byte(t->out, '[');
	t->at++;
	if (here(t) == '^') {
		buffer_append_byte(t->out, '^');
		t->at++;
	}
	if (here(t) == ']') { /* the first one is an item */
		buffer_append_text(t->out, "\\]");
		t->at++;
	}
	result = write_items(t, &any);
	if (result == 0 && here(t) != ']')
		return -EINVAL;
	buffer_append_byte(t->out, ']');
	t->at++;
	return result;
}

/* One operand of &&: items and classes, any of which may match. */
static int write_union(struct translation *t)
{
	bool any = false;
	int result = 0;

	buffer_append_text(t->out, "(?:");
	while (result == 0 && !at_end(t) && here(t) != ']' && !looks_at(t, "&&")) {
		if (any)
			buffer_append_byte(t->out, '|');
		any = true;
		if (here(t) == '[') {
			result = write_class(t);
		} else {
			bool items;

			buffer_append_byte(t->out, '[');
			result = write_items(t, &items);
			buffer_append_byte(t->out, ']');
		}
	}
	buffer_append_byte(t->out, ')');
	return any ? result : -EINVAL;
}

/* [^A&&B] is a character that (A and B) does not match: (?!(?=A)B)(?s:.) */
static int write_class(struct translation *t)
{
	bool negated;
	int result;

	if (!is_nested(t))
		return write_plain_class(t);
	if (++t->nesting > JAVA_PATTERN_NESTING_MAX)
		return -EINVAL;
	t->at++;
	negated = here(t) == '^';
	t->at += negated;
	buffer_append_text(t->out, negated ? "(?:(?!" : "(?:");
	for (;;) {
		buffer_append_text(t->out, "(?=");
		result = write_union(t);
		buffer_append_byte(t->out, ')');
		if (result || !looks_at(t, "&&"))
			break;
		t->at += 2;
	}
	if (result == 0 && here(t) != ']')
		return -EINVAL;
	t->at++;
	t->nesting--;
	buffer_append_text(t->out, negated ? ")(?s:.))" : "(?s:.))");
	return result;
}

/* --- The whole ------------------------------------------------------------------------------------------------------ */

/* "(?" and flags: u, d and U are dropped, for PCRE2 means others by them or none. */
static void write_flags(struct translation *t)
{
	buffer_append_text(t->out, "(?");
	t->at += 2;
	while (!at_end(t) && strchr("idmsuxU-", here(t))) {
		if (!strchr("duU", here(t)))
			buffer_append_byte(t->out, here(t));
		t->at++;
	}
}

int java_pattern_translate(struct buffer *out, struct view text)
{
	struct translation t = { .text = text, .out = out };
	int result = 0;

	while (result == 0 && !at_end(&t)) {
		if (here(&t) == '\\') {
			result = write_escape(&t, false);
		} else if (here(&t) == '[') {
			result = write_class(&t);
		} else if (looks_at(&t, "(?") && !looks_at(&t, "(?<") && !looks_at(&t, "(?=") && !looks_at(&t, "(?!") &&
			   !looks_at(&t, "(?>") && !looks_at(&t, "(?:")) {
			write_flags(&t);
		} else {
			buffer_append_byte(out, here(&t));
			t.at++;
		}
	}
	return result ? result : buffer_error(out);
}

int java_pattern_compile(struct arena *arena, const struct pattern **ret, struct view text, unsigned flags,
	struct pattern_error *ret_error)
{
	struct buffer translated;
	int result;

	buffer_init_arena(&translated, arena, PATTERN_MAX_BYTES);
	result = java_pattern_translate(&translated, text);
	if (result == -EINVAL && ret_error)
		*ret_error = (struct pattern_error){ .text = "no pattern of Java" };
	return result ? result
		      : pattern_compile_in(arena, ret, buffer_view(&translated),
				flags | PATTERN_JAVA | PATTERN_TRANSLATED, ret_error);
}
