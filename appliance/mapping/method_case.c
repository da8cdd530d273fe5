/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Upper and lower case, without a locale. */
#include "appliance/base/assert.h"
#include "appliance/mapping/method_parts.h"

struct case_range {
	uint32_t first, last, step;
	int32_t change;
};

#define CASE_UPPER(first, last, step, change) { first, last, step, change },
#define CASE_LOWER(first, last, step, change)
#define CASE_LONG(letter, upper)
static const struct case_range uppers[] = {
#include "appliance/mapping/letter_case.def"
};
#undef CASE_UPPER
#undef CASE_LOWER

#define CASE_UPPER(first, last, step, change)
#define CASE_LOWER(first, last, step, change) { first, last, step, change },
static const struct case_range lowers[] = {
#include "appliance/mapping/letter_case.def"
};
#undef CASE_LOWER
#undef CASE_LONG

#define CASE_LOWER(first, last, step, change)
#define CASE_LONG(letter, upper) { letter, VIEW_INIT(upper) },
static const struct {
	uint32_t letter;
	struct view upper;
} longs[] = {
#include "appliance/mapping/letter_case.def"
};
#undef CASE_UPPER
#undef CASE_LOWER
#undef CASE_LONG

static uint32_t change(const struct case_range *ranges, size_t count, uint32_t point)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].last < point)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || point < ranges[low].first || (point - ranges[low].first) % ranges[low].step != 0)
		return point;
	return (uint32_t)((int32_t)point + ranges[low].change);
}

uint32_t method_upper_letter(uint32_t point)
{
	if (point < 0x80)
		return point >= 'a' && point <= 'z' ? point - 'a' + 'A' : point;
	return change(uppers, ARRAY_COUNT(uppers), point);
}

uint32_t method_lower_letter(uint32_t point)
{
	if (point < 0x80)
		return point >= 'A' && point <= 'Z' ? point - 'A' + 'a' : point;
	return change(lowers, ARRAY_COUNT(lowers), point);
}

static struct view long_upper(uint32_t point)
{
	for (size_t i = 0; i < ARRAY_COUNT(longs); i++) {
		if (longs[i].letter == point)
			return longs[i].upper;
	}
	return view_from(NULL, 0);
}

/* A character, or U+FFFD for a byte that is none. */
static uint32_t take_character(struct view *rest)
{
	uint32_t point = 0xfffd;
	size_t count = view_utf8_character(*rest, &point);

	*rest = view_after(*rest, count ? count : 1);
	return count ? point : 0xfffd;
}

static uint32_t folded(uint32_t point)
{
	return method_lower_letter(method_upper_letter(point));
}

bool method_equals_ignore_case(struct view left, struct view right)
{
	while (left.count && right.count) {
		uint32_t a = take_character(&left), b = take_character(&right);

		if (a != b && folded(a) != folded(b))
			return false;
	}
	return left.count == 0 && right.count == 0;
}

/* The units of a point that decide its order: itself, or the first of two. */
static int32_t leading_unit(uint32_t point)
{
	return (int32_t)(point >= 0x10000 ? 0xd800 + ((point - 0x10000) >> 10) : point);
}

int32_t method_compare_ignore_case(struct view left, struct view right)
{
	size_t left_units = method_unit_count(left), right_units = method_unit_count(right);

	while (left.count && right.count) {
		uint32_t a = folded(take_character(&left)), b = folded(take_character(&right));

		if (a == b)
			continue;
		if (leading_unit(a) == leading_unit(b))
			return (int32_t)(a & 0x3ff) - (int32_t)(b & 0x3ff);
		return leading_unit(a) - leading_unit(b);
	}
	return (int32_t)((int64_t)left_units - (int64_t)right_units);
}

static bool is_letter(uint32_t point)
{
	return method_upper_letter(point) != point || method_lower_letter(point) != point;
}

#define CAPITAL_SIGMA 0x3a3
#define SMALL_SIGMA 0x3c3
#define FINAL_SIGMA 0x3c2
#define CAPITAL_DOTTED_I 0x130

int method_text_to_upper_case(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view rest = value_view(self);
	struct buffer out;
	int result = method_work(run, 4 * rest.count);

	(void)call;
	if (result)
		return result;
	method_text_start(run, &out);
	(void)buffer_reserve(&out, rest.count);
	while (rest.count) {
		uint32_t point = take_character(&rest);
		struct view several = point < 0x80 ? view_from(NULL, 0) : long_upper(point);

		if (several.at)
			buffer_append(&out, several);
		else
			buffer_append_utf8(&out, method_upper_letter(point));
	}
	return method_text_finish(run, &out, ret);
}

int method_text_to_lower_case(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view rest = value_view(self);
	struct buffer out;
	bool in_word = false;
	int result = method_work(run, 4 * rest.count);

	(void)call;
	if (result)
		return result;
	method_text_start(run, &out);
	(void)buffer_reserve(&out, rest.count);
	while (rest.count) {
		uint32_t point = take_character(&rest), lower = method_lower_letter(point);

		if (point == CAPITAL_SIGMA && in_word) {
			struct view behind = rest;

			lower = behind.count && is_letter(take_character(&behind)) ? SMALL_SIGMA : FINAL_SIGMA;
		}
		if (point == CAPITAL_DOTTED_I)
			buffer_append_text(&out, "i\xcc\x87");
		else
			buffer_append_utf8(&out, lower);
		in_word = is_letter(point);
	}
	return method_text_finish(run, &out, ret);
}
