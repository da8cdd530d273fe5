/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 texts as the UTF-16 units that Java counts. */
#include "appliance/mapping/method_parts.h"

size_t method_unit_count(struct view text)
{
	size_t count = text.count;

	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		/* bytes that continue a character are no units, four bytes are two */
		count -= (byte & 0xc0) == 0x80;
		count += byte >= 0xf0;
	}
	return count;
}

size_t method_unit_offset(struct view text, size_t unit, bool *ret_inside)
{
	size_t offset = 0;

	*ret_inside = false;
	while (unit && offset < text.count) {
		unsigned char byte = (unsigned char)text.at[offset];
		size_t units = byte >= 0xf0 ? 2 : 1;

		if (unit < units) {
			*ret_inside = true;
			return offset;
		}
		unit -= units;
		offset++;
		while (offset < text.count && ((unsigned char)text.at[offset] & 0xc0) == 0x80)
			offset++;
	}
	return offset;
}

int method_units(struct template_run *run, struct view text, size_t from, size_t to, struct value *ret)
{
	bool starts_inside, ends_inside;
	size_t start = method_unit_offset(text, from, &starts_inside), end = method_unit_offset(text, to, &ends_inside);
	struct buffer halves;

	if (from >= to) {
		*ret = value_text(view_of(""));
		return 0;
	}
	if (!starts_inside && !ends_inside) {
		*ret = value_text(view_part(text, start, end - start));
		return 0;
	}
	method_text_start(run, &halves);
	if (starts_inside) {
		buffer_append_byte(&halves, '?');
		start += 4;
	}
	if (end > start)
		buffer_append(&halves, view_part(text, start, end - start));
	if (ends_inside && to > from + starts_inside)
		buffer_append_byte(&halves, '?');
	return method_text_finish(run, &halves, ret);
}

/* One unit after the other. */
struct unit_walk {
	struct view rest;
	uint16_t second;
};

static bool next_unit(struct unit_walk *walk, uint16_t *ret)
{
	uint32_t point = 0;
	size_t count;

	if (walk->second) {
		*ret = walk->second;
		walk->second = 0;
		return true;
	}
	if (walk->rest.count == 0)
		return false;
	count = view_utf8_character(walk->rest, &point);
	if (count == 0) {
		count = 1;
		point = 0xfffd;
	}
	walk->rest = view_after(walk->rest, count);
	if (point >= 0x10000) {
		*ret = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
		walk->second = (uint16_t)(0xdc00 + (point & 0x3ff));
	} else {
		*ret = (uint16_t)point;
	}
	return true;
}

int32_t method_units_compare(struct view left, struct view right)
{
	struct unit_walk a = { .rest = left }, b = { .rest = right };
	uint16_t x, y;

	for (;;) {
		bool has_left = next_unit(&a, &x), has_right = next_unit(&b, &y);

		if (!has_left || !has_right)
			break;
		if (x != y)
			return (int32_t)x - (int32_t)y;
	}
	return (int32_t)((int64_t)method_unit_count(left) - (int64_t)method_unit_count(right));
}

int32_t method_units_hash(struct view text)
{
	struct unit_walk walk = { .rest = text };
	uint32_t hash = 0;
	uint16_t unit;

	while (next_unit(&walk, &unit))
		hash = hash * 31 + unit;
	return (int32_t)hash;
}
