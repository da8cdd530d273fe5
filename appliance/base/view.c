/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/view.h"

#include <errno.h>

bool view_starts_with_ignore_case(struct view whole, struct view start)
{
	if (whole.count < start.count)
		return false;
	for (size_t i = 0; i < start.count; i++) {
		if (view_lower_byte(whole.at[i]) != view_lower_byte(start.at[i]))
			return false;
	}
	return true;
}

bool view_equals_ignore_case(struct view a, struct view b)
{
	return a.count == b.count && view_starts_with_ignore_case(a, b);
}

int view_compare(struct view a, struct view b)
{
	size_t common = a.count < b.count ? a.count : b.count;
	int order = common ? memcmp(a.at, b.at, common) : 0;

	return order ? order : (a.count > b.count) - (a.count < b.count);
}

size_t view_find_byte(struct view whole, char byte)
{
	const char *place = whole.count ? memchr(whole.at, byte, whole.count) : NULL;

	return place ? (size_t)(place - whole.at) : VIEW_NOWHERE;
}

size_t view_find_last_byte(struct view whole, char byte)
{
	const char *place = whole.count ? memrchr(whole.at, byte, whole.count) : NULL;

	return place ? (size_t)(place - whole.at) : VIEW_NOWHERE;
}

size_t view_find(struct view whole, struct view part)
{
	const char *place;

	if (part.count == 0)
		return 0;
	if (whole.count < part.count)
		return VIEW_NOWHERE;
	place = memmem(whole.at, whole.count, part.at, part.count);
	return place ? (size_t)(place - whole.at) : VIEW_NOWHERE;
}

struct view view_trim(struct view whole)
{
	return view_trim_set(whole, " \t");
}

struct view view_trim_set(struct view whole, const char *set)
{
	while (whole.count && whole.at[0] && strchr(set, whole.at[0])) {
		whole.at++;
		whole.count--;
	}
	while (whole.count && whole.at[whole.count - 1] && strchr(set, whole.at[whole.count - 1]))
		whole.count--;
	return whole;
}

bool view_split(struct view *rest, char separator, struct view *ret_part)
{
	size_t place;

	if (!rest->at)
		return false;
	place = view_find_byte(*rest, separator);
	if (place == VIEW_NOWHERE) {
		*ret_part = *rest;
		*rest = (struct view){ .at = NULL, .count = 0 };
	} else {
		*ret_part = view_part(*rest, 0, place);
		*rest = (struct view){ .at = rest->at + place + 1, .count = rest->count - place - 1 };
	}
	return true;
}

bool view_cut(struct view whole, char separator, struct view *ret_left, struct view *ret_right)
{
	size_t place = view_find_byte(whole, separator);

	if (place == VIEW_NOWHERE) {
		*ret_left = whole;
		*ret_right = (struct view){ .at = NULL, .count = 0 };
		return false;
	}
	*ret_left = view_part(whole, 0, place);
	*ret_right = view_after(whole, place + 1);
	return true;
}

int view_parse_u64(struct view text, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	if (text.count == 0 || (text.count > 1 && text.at[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return -EINVAL;
	}
	for (size_t i = 0; i < text.count; i++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, (uint64_t)(text.at[i] - '0'), &number))
			return -ERANGE;
	}
	if (number > max)
		return -ERANGE;
	*ret = number;
	return 0;
}

int view_parse_i64(struct view text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text.count && text.at[0] == '-';
	uint64_t magnitude;
	int64_t number;
	int error = view_parse_u64(negative ? view_after(text, 1) : text, (uint64_t)INT64_MAX + negative, &magnitude);

	if (error)
		return error;
	number = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (number < min || number > max)
		return -ERANGE;
	*ret = number;
	return 0;
}

size_t view_utf8_character(struct view text, uint32_t *ret_point)
{
	const unsigned char *at = (const unsigned char *)text.at;
	uint32_t point, smallest;
	size_t count;

	if (text.count == 0)
		return 0;
	if (at[0] < 0x80) {
		count = 1, point = at[0], smallest = 0;
	} else if (at[0] >= 0xc2 && at[0] < 0xe0) {
		count = 2, point = at[0] & 0x1fu, smallest = 0x80;
	} else if (at[0] >= 0xe0 && at[0] < 0xf0) {
		count = 3, point = at[0] & 0x0fu, smallest = 0x800;
	} else if (at[0] >= 0xf0 && at[0] < 0xf5) {
		count = 4, point = at[0] & 0x07u, smallest = 0x10000;
	} else {
		return 0;
	}
	if (text.count < count)
		return 0;
	for (size_t i = 1; i < count; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3fu);
	}
	if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	if (ret_point)
		*ret_point = point;
	return count;
}

bool view_is_utf8(struct view text)
{
	size_t i = 0;

	while (i < text.count) {
		size_t count;

		if ((unsigned char)text.at[i] < 0x80) {
			i++;
			continue;
		}
		count = view_utf8_character(view_after(text, i), NULL);
		if (count == 0)
			return false;
		i += count;
	}
	return true;
}

size_t view_character_count(struct view text)
{
	size_t count = 0;

	/* Continuation bytes begin no character. */
	for (size_t i = 0; i < text.count; i++)
		count += ((uint8_t)text.at[i] & 0xc0) != 0x80;
	return count;
}
