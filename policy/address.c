/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/address.h"

#include "policy/text.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* Up to `most` decimal digits without leading zero, at most `limit`; -1 otherwise. Moves `*at`. */
static int take_decimal(struct policy_text text, size_t *at, unsigned most, int limit)
{
	size_t start = *at;
	int value = 0;

	while (*at < text.count && *at - start < most && text.bytes[*at] >= '0' && text.bytes[*at] <= '9')
		value = value * 10 + (text.bytes[(*at)++] - '0');
	if (*at == start || (*at - start > 1 && text.bytes[start] == '0') || value > limit)
		return -1;
	return value;
}

static bool parse_v4(uint32_t *ret, struct policy_text text)
{
	uint32_t number = 0;
	size_t at = 0;

	for (unsigned part = 0; part < 4; part++) {
		int value;

		if (part && (at == text.count || text.bytes[at++] != '.'))
			return false;
		value = take_decimal(text, &at, 3, 255);
		if (value < 0)
			return false;
		number = number << 8 | (uint32_t)value;
	}
	*ret = number;
	return at == text.count;
}

static bool parse_v6(policy_wide *ret, struct policy_text text)
{
	char string[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	policy_wide number = 0;

	if (text.count >= sizeof string || policy_text_has(text, '\0'))
		return false;
	memcpy(string, text.bytes, text.count);
	string[text.count] = '\0';
	if (inet_pton(AF_INET6, string, bytes) != 1)
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		number = number << 8 | bytes[i];
	*ret = number;
	return true;
}

bool policy_address_parse(struct policy_address *ret, struct policy_text text)
{
	uint32_t v4;

	if (policy_text_has(text, ':')) {
		ret->v6 = true;
		return parse_v6(&ret->number, text);
	}
	if (!parse_v4(&v4, text))
		return false;
	*ret = (struct policy_address){ .number = v4 };
	return true;
}

bool policy_cidr_parse(struct policy_address *ret_first, struct policy_address *ret_last, struct policy_text text)
{
	const char *slash = text.count ? memchr(text.bytes, '/', text.count) : NULL;
	struct policy_text address = text;
	struct policy_address base;
	policy_wide host_mask = 0;
	int width, bits;

	if (slash)
		address.count = (size_t)(slash - text.bytes);
	if (!policy_address_parse(&base, address))
		return false;
	width = base.v6 ? 128 : 32;
	if (slash) {
		size_t at = address.count + 1;

		bits = take_decimal(text, &at, 3, width);
		if (bits < 0 || at != text.count)
			return false;
		/* Two steps: a shift by the whole width is undefined. */
		if (bits < width)
			host_mask = ((policy_wide)1 << (width - bits - 1) << 1) - 1;
	}
	*ret_first = (struct policy_address){ .v6 = base.v6, .number = base.number & ~host_mask };
	*ret_last = (struct policy_address){ .v6 = base.v6, .number = base.number | host_mask };
	return true;
}

static int compare_v4(const void *left, const void *right)
{
	const struct policy_range_v4 *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

static int compare_v6(const void *left, const void *right)
{
	const struct policy_range_v6 *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

/* Sort and merge what overlaps or touches; returns the number left. */
static uint32_t merge_v4(struct policy_range_v4 *ranges, uint32_t count)
{
	uint32_t kept = 0;

	qsort(ranges, count, sizeof *ranges, compare_v4);
	for (uint32_t i = 0; i < count; i++) {
		struct policy_range_v4 *top = kept ? &ranges[kept - 1] : NULL;

		if (top && (top->last == UINT32_MAX || ranges[i].first <= top->last + 1)) {
			if (ranges[i].last > top->last)
				top->last = ranges[i].last;
		} else {
			ranges[kept++] = ranges[i];
		}
	}
	return kept;
}

static uint32_t merge_v6(struct policy_range_v6 *ranges, uint32_t count)
{
	uint32_t kept = 0;

	qsort(ranges, count, sizeof *ranges, compare_v6);
	for (uint32_t i = 0; i < count; i++) {
		struct policy_range_v6 *top = kept ? &ranges[kept - 1] : NULL;

		if (top && (top->last == (policy_wide)-1 || ranges[i].first <= top->last + 1)) {
			if (ranges[i].last > top->last)
				top->last = ranges[i].last;
		} else {
			ranges[kept++] = ranges[i];
		}
	}
	return kept;
}

bool policy_ranges_build(
	struct policy_ranges *ret, struct policy_arena *arena, const struct policy_text *cidrs, size_t count)
{
	struct policy_address first, last;
	struct policy_range_v4 *v4;
	struct policy_range_v6 *v6;
	uint32_t v4_count = 0, v6_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (!policy_cidr_parse(&first, &last, cidrs[i]))
			continue;
		*(first.v6 ? &v6_count : &v4_count) += 1;
	}
	v4 = policy_arena_take(arena, v4_count, sizeof *v4);
	v6 = policy_arena_take(arena, v6_count, sizeof *v6);
	if (!v4 || !v6)
		return false;
	v4_count = v6_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!policy_cidr_parse(&first, &last, cidrs[i]))
			continue;
		if (first.v6)
			v6[v6_count++] = (struct policy_range_v6){ first.number, last.number };
		else
			v4[v4_count++] = (struct policy_range_v4){ (uint32_t)first.number, (uint32_t)last.number };
	}
	ret->v4 = v4;
	ret->v6 = v6;
	ret->v4_count = merge_v4(v4, v4_count);
	ret->v6_count = merge_v6(v6, v6_count);
	return true;
}

bool policy_ranges_hold(const struct policy_ranges *ranges, const struct policy_address *address)
{
	uint32_t low = 0, high = address->v6 ? ranges->v6_count : ranges->v4_count;

	/* Find the first range that starts behind the address; the one before it is the only candidate. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		policy_wide first = address->v6 ? ranges->v6[middle].first : ranges->v4[middle].first;

		if (first <= address->number)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	return address->number <= (address->v6 ? ranges->v6[low - 1].last : ranges->v4[low - 1].last);
}
