/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view: a borrowed run of bytes: where it starts and how many there are. It need not end in NUL and may hold any byte.
 *
 * Whoever hands out a view says how long it lives; a view owns nothing, so it is passed by value and never freed. The
 * empty view may have any `at`, also NULL; no function here reads from an empty view.
 *
 * Not here: making longer-lived copies (arena.h, buffer.h), URIs and headers (wire/). Letter case is ASCII's alone:
 * nothing depends on the locale. Threads: pure functions.
 */
#ifndef POSTERN_BASE_VIEW_H
#define POSTERN_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const char *at;
	size_t count; /* bytes */
};

/* A view of a string literal, without its NUL; usable in initialisers of static objects with VIEW_INIT. */
#define view_of(literal) ((struct view){ .at = "" literal, .count = sizeof(literal) - 1 })
#define VIEW_INIT(literal)                                                                                             \
	{                                                                                                              \
		.at = "" literal, .count = sizeof(literal) - 1                                                         \
	}

/* printf: printf("name=" VIEW_FMT "\n", VIEW_ARG(view)); counts past INT_MAX are cut. */
#define VIEW_FMT "%.*s"
#define VIEW_ARG(view) ((view).count > 0x7fffffff ? 0x7fffffff : (int)(view).count), ((view).count ? (view).at : "")

/* What view_find() and view_find_byte() return when there is no such place. */
#define VIEW_NOWHERE SIZE_MAX

static inline struct view view_from(const void *at, size_t count)
{
	return (struct view){ .at = (const char *)at, .count = count };
}

/* A view of a NUL-terminated text without its NUL; NULL gives the empty view. */
static inline struct view view_from_text(const char *text)
{
	return (struct view){ .at = text, .count = text ? strlen(text) : 0 };
}

static inline bool view_equals(struct view a, struct view b)
{
	return a.count == b.count && (a.count == 0 || memcmp(a.at, b.at, a.count) == 0);
}

static inline bool view_equals_text(struct view a, const char *text)
{
	return view_equals(a, view_from_text(text));
}

static inline bool view_starts_with(struct view whole, struct view start)
{
	return whole.count >= start.count && (start.count == 0 || memcmp(whole.at, start.at, start.count) == 0);
}

static inline bool view_ends_with(struct view whole, struct view end)
{
	return whole.count >= end.count &&
	       (end.count == 0 || memcmp(whole.at + whole.count - end.count, end.at, end.count) == 0);
}

/* The bytes from `from` on, at most `count` of them; a start past the end gives the empty view at the end. */
static inline struct view view_part(struct view whole, size_t from, size_t count)
{
	if (from > whole.count)
		from = whole.count;
	if (count > whole.count - from)
		count = whole.count - from;
	return (struct view){ .at = count ? whole.at + from : whole.at, .count = count };
}

/* The bytes from `from` on to the end. */
static inline struct view view_after(struct view whole, size_t from)
{
	return view_part(whole, from, SIZE_MAX);
}

/* Equal but for the case of ASCII letters. */
bool view_equals_ignore_case(struct view a, struct view b);
bool view_starts_with_ignore_case(struct view whole, struct view start);

/* Order by bytes, then by length: <0, 0 or >0. */
int view_compare(struct view a, struct view b);

/* Offset of the first `byte` / first occurrence of `part`, or VIEW_NOWHERE. The empty part is found at 0. */
size_t view_find_byte(struct view whole, char byte);
size_t view_find_last_byte(struct view whole, char byte);
size_t view_find(struct view whole, struct view part);

/* Without the spaces and tabs (view_trim) or the bytes of `set` (view_trim_set) at both ends. */
struct view view_trim(struct view whole);
struct view view_trim_set(struct view whole, const char *set);

/*
 * Walk the parts between separators: `struct view rest = whole, part; while (view_split(&rest, ',', &part)) …`.
 * "a,,b" gives "a", "", "b"; "" gives one empty part; "a," gives "a", "". After the last part `rest.at` is NULL.
 * A walk over an empty view whose `at` is NULL gives no part.
 */
bool view_split(struct view *rest, char separator, struct view *ret_part);

/* Cut at the first `separator`: true and both sides, or false and `*ret_left` = whole, `*ret_right` = empty. */
bool view_cut(struct view whole, char separator, struct view *ret_left, struct view *ret_right);

/*
 * Parse the whole of `text` as a decimal number without sign, without blanks and without leading zeros other than "0".
 * Returns 0 and the number, -EINVAL if it is none, -ERANGE if it is greater than `max`; on failure `*ret` is untouched.
 */
int view_parse_u64(struct view text, uint64_t max, uint64_t *ret) __attribute__((warn_unused_result));

/* The same with an optional '-' in front and bounds on both sides. */
int view_parse_i64(struct view text, int64_t min, int64_t max, int64_t *ret) __attribute__((warn_unused_result));

/* True if all bytes are well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). Source: RFC 3629. */
bool view_is_utf8(struct view text);

/*
 * Length in bytes of the well-formed UTF-8 character that `text` starts with (1 to 4), or 0 if it starts with none.
 * `*ret_point` (may be NULL) gets the code point.
 */
size_t view_utf8_character(struct view text, uint32_t *ret_point);

/* How many characters UTF-8 text has. */
size_t view_character_count(struct view text);

static inline char view_lower_byte(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

#endif
