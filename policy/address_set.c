/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/address_set.h"

#include <errno.h>
#include <stdlib.h>

void address_set_fini(struct address_set *set)
{
	free(set->intervals);
	*set = (struct address_set){ 0 };
}

/* Room for `room` intervals; the caller adds no more. */
static int start(struct address_set *ret, size_t room)
{
	ret->count = 0;
	ret->intervals = calloc(room ? room : 1, sizeof *ret->intervals);
	return ret->intervals ? 0 : -ENOMEM;
}

/* Add an interval behind all others. */
static void add(struct address_set *set, policy_wide first, policy_wide last, struct source_filter_reason reason)
{
	struct address_interval *top = set->count ? &set->intervals[set->count - 1] : NULL;

	/* A neighbour: top->last can't be the greatest address, since something stands behind it. */
	if (top && top->last + 1 == first && address_reason_same(top->reason, reason))
		top->last = last;
	else
		set->intervals[set->count++] = (struct address_interval){ first, last, reason };
}

int address_set_all(struct address_set *ret, struct source_filter_reason reason)
{
	int err = start(ret, 1);

	if (!err)
		add(ret, 0, ADDRESS_WIDE_MAX, reason);
	return err;
}

/* The IPv6 ranges that start below the IPv4 block, then that block, then the rest; a range around it is cut in two. */
int address_set_of_ranges(
	struct address_set *ret, const struct policy_ranges *ranges, struct source_filter_reason reason)
{
	int err = start(ret, (size_t)ranges->v4_count + ranges->v6_count + 1);

	if (err)
		return err;
	for (uint32_t i = 0; i < ranges->v6_count && ranges->v6[i].first < ADDRESS_V4_FIRST; i++) {
		policy_wide last = ranges->v6[i].last;

		add(ret, ranges->v6[i].first, last < ADDRESS_V4_FIRST ? last : ADDRESS_V4_FIRST - 1, reason);
	}
	for (uint32_t i = 0; i < ranges->v4_count; i++)
		add(ret, ADDRESS_V4_FIRST | ranges->v4[i].first, ADDRESS_V4_FIRST | ranges->v4[i].last, reason);
	for (uint32_t i = 0; i < ranges->v6_count; i++) {
		policy_wide first = ranges->v6[i].first;

		if (ranges->v6[i].last > ADDRESS_V4_LAST)
			add(ret, first > ADDRESS_V4_LAST ? first : ADDRESS_V4_LAST + 1, ranges->v6[i].last, reason);
	}
	return 0;
}

int address_set_complement(struct address_set *ret, const struct address_set *set, struct source_filter_reason reason)
{
	policy_wide next = 0;
	int err = start(ret, set->count + 1);

	if (err)
		return err;
	for (size_t i = 0; i < set->count; i++) {
		if (set->intervals[i].first > next)
			add(ret, next, set->intervals[i].first - 1, reason);
		if (set->intervals[i].last == ADDRESS_WIDE_MAX)
			return 0;
		next = set->intervals[i].last + 1;
	}
	add(ret, next, ADDRESS_WIDE_MAX, reason);
	return 0;
}

/* Index of the first interval at `from` or behind it that ends at `address` or behind it: first in growing steps. */
static size_t skip_to(const struct address_set *set, size_t from, policy_wide address)
{
	size_t step = 1, low = from, high = from;

	while (high < set->count && set->intervals[high].last < address) {
		low = high + 1;
		high += step;
		step *= 2;
	}
	if (high > set->count)
		high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->intervals[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Intervals of an intersection: each ends where one of either set ends, and the smaller set's neighbours bound the rest. */
static size_t count_common(const struct address_set *first, const struct address_set *second)
{
	size_t i = 0, j = 0, count = 0;

	while (i < first->count && j < second->count) {
		const struct address_interval *a = &first->intervals[i], *b = &second->intervals[j];

		if (a->last < b->first) {
			i = skip_to(first, i, b->first);
		} else if (b->last < a->first) {
			j = skip_to(second, j, a->first);
		} else {
			count++;
			if (a->last < b->last)
				i++;
			else
				j++;
		}
	}
	return count;
}

int address_set_intersect(struct address_set *ret, const struct address_set *first, const struct address_set *second)
{
	size_t i = 0, j = 0;
	int err = start(ret, count_common(first, second));

	if (err)
		return err;
	while (i < first->count && j < second->count) {
		const struct address_interval *a = &first->intervals[i], *b = &second->intervals[j];

		if (a->last < b->first) {
			i = skip_to(first, i, b->first);
		} else if (b->last < a->first) {
			j = skip_to(second, j, a->first);
		} else {
			add(ret, a->first > b->first ? a->first : b->first, a->last < b->last ? a->last : b->last,
				a->reason);
			if (a->last < b->last)
				i++;
			else
				j++;
		}
	}
	return 0;
}

/*
 * Sweep both sets from the lowest address; `next` is the lowest that is not yet decided. Each round adds one interval, which
 * ends where an interval of either set ends or begins.
 */
int address_set_unite(struct address_set *ret, const struct address_set *first, const struct address_set *second)
{
	size_t i = 0, j = 0;
	policy_wide next = 0;
	int err = start(ret, 2 * (first->count + second->count));

	if (err)
		return err;
	while (i < first->count || j < second->count) {
		const struct address_interval *a = i < first->count ? &first->intervals[i] : NULL;
		const struct address_interval *b = j < second->count ? &second->intervals[j] : NULL;
		policy_wide low, high;

		if (b && b->last < next) {
			j++; /* covered by what `first` has added */
			continue;
		}
		if (b && (!a || b->first < a->first) && (!a || next < a->first)) {
			low = b->first > next ? b->first : next;
			high = a && a->first <= b->last ? a->first - 1 : b->last;
			add(ret, low, high, b->reason);
			if (high == b->last)
				j++;
		} else {
			high = a->last;
			add(ret, a->first, high, a->reason);
			i++;
		}
		if (high == ADDRESS_WIDE_MAX)
			return 0;
		next = high + 1;
	}
	return 0;
}

int address_set_unite_all(struct address_set *ret, struct address_set *sets, size_t count)
{
	int err = 0;

	*ret = (struct address_set){ 0 };
	while (count > 1 && !err) {
		size_t kept = 0;

		for (size_t i = 0; i < count; i += 2) {
			struct address_set united = { 0 };

			if (i + 1 == count) {
				united = sets[i];
				sets[i] = (struct address_set){ 0 };
			} else if (!err) {
				err = address_set_unite(&united, &sets[i], &sets[i + 1]);
			}
			address_set_fini(&sets[i]);
			if (i + 1 < count)
				address_set_fini(&sets[i + 1]);
			sets[kept++] = united;
		}
		count = kept;
	}
	if (count && !err) {
		*ret = sets[0];
		sets[0] = (struct address_set){ 0 };
	}
	for (size_t i = 0; i < count; i++)
		address_set_fini(&sets[i]);
	return err;
}

int address_set_join(struct address_set *ret, const struct address_set *set, bool keep_reasons)
{
	const struct source_filter_reason none = { 0 };
	int err = start(ret, set->count);

	if (err)
		return err;
	for (size_t i = 0; i < set->count; i++) {
		const struct address_interval *next = &set->intervals[i];
		struct address_interval *top = ret->count ? &ret->intervals[ret->count - 1] : NULL;

		if (!keep_reasons) {
			add(ret, next->first, next->last, none);
		} else if (top && top->last + 1 == next->first) {
			top->last = next->last;
			if (!address_reason_same(top->reason, next->reason))
				top->reason.statement = -1;
		} else {
			add(ret, next->first, next->last, next->reason);
		}
	}
	return 0;
}

/* The end of the run of neighbours that begins at interval `*index`, which moves behind the run. */
static policy_wide run_end(const struct address_set *set, size_t *index)
{
	policy_wide last = set->intervals[(*index)++].last;

	while (*index < set->count && set->intervals[*index].first == last + 1)
		last = set->intervals[(*index)++].last;
	return last;
}

bool address_set_equal(const struct address_set *first, const struct address_set *second)
{
	size_t i = 0, j = 0;

	while (i < first->count && j < second->count)
		if (first->intervals[i].first != second->intervals[j].first ||
			run_end(first, &i) != run_end(second, &j))
			return false;
	return i == first->count && j == second->count;
}

/* FNV-1a over 64-bit words. */
static uint64_t mix(uint64_t hash, policy_wide number)
{
	hash = (hash ^ (uint64_t)number) * 0x100000001b3;
	hash ^= hash >> 32;
	hash = (hash ^ (uint64_t)(number >> 64)) * 0x100000001b3;
	return hash ^ hash >> 29;
}

uint64_t address_set_hash(const struct address_set *set)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < set->count;) {
		hash = mix(hash, set->intervals[i].first);
		hash = mix(hash, run_end(set, &i));
	}
	return hash;
}

int address_set_trim(struct address_set *set)
{
	struct address_interval *intervals =
		reallocarray(set->intervals, set->count ? set->count : 1, sizeof *set->intervals);

	if (!intervals)
		return -ENOMEM;
	set->intervals = intervals;
	return 0;
}
