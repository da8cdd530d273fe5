/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/source_filter_prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_BITS 128

static unsigned trailing_zeros(policy_wide number)
{
	if ((uint64_t)number)
		return (unsigned)__builtin_ctzll((uint64_t)number);
	if ((uint64_t)(number >> 64))
		return 64 + (unsigned)__builtin_ctzll((uint64_t)(number >> 64));
	return ADDRESS_BITS;
}

static policy_wide host_mask(unsigned bits)
{
	return bits == ADDRESS_BITS ? ADDRESS_WIDE_MAX : ((policy_wide)1 << bits) - 1;
}

/* Host bits of the greatest prefix that starts at `first` and ends at `last` at most. */
static unsigned greatest_prefix(policy_wide first, policy_wide last)
{
	unsigned bits = trailing_zeros(first);

	while (host_mask(bits) > last - first)
		bits--;
	return bits;
}

static size_t count_prefixes(const struct address_interval *interval)
{
	policy_wide first = interval->first;
	size_t count = 0;

	for (;;) {
		policy_wide end = first | host_mask(greatest_prefix(first, interval->last));

		count++;
		if (end == interval->last)
			return count;
		first = end + 1;
	}
}

static void add_prefixes(
	struct source_filter *filter, const struct address_interval *interval, enum source_filter_verdict verdict)
{
	policy_wide first = interval->first;

	for (;;) {
		struct source_filter_prefix *prefix = &filter->prefixes[filter->prefix_count++];
		unsigned host_bits = greatest_prefix(first, interval->last);
		policy_wide end = first | host_mask(host_bits), number = first;

		prefix->prefix_bits = (uint8_t)(ADDRESS_BITS - host_bits);
		prefix->verdict = verdict;
		prefix->reason = interval->reason;
		for (size_t i = sizeof prefix->address.bytes; i-- > 0; number >>= 8)
			prefix->address.bytes[i] = (uint8_t)number;
		if (end == interval->last)
			return;
		first = end + 1;
	}
}

static bool same_reason(struct source_filter_reason a, struct source_filter_reason b)
{
	return a.target == b.target && a.statement == b.statement;
}

struct reason_count {
	struct source_filter_reason reason;
	size_t count;
};

static int compare_reasons(const void *left, const void *right)
{
	const struct reason_count *a = left, *b = right;

	if (a->reason.target != b->reason.target)
		return a->reason.target < b->reason.target ? -1 : 1;
	return (a->reason.statement > b->reason.statement) - (a->reason.statement < b->reason.statement);
}

/* Prefixes of all of `dropped`, and the reason that has most of them. */
static int count_dropped(const struct address_set *dropped, size_t *ret_count, struct reason_count *ret_top)
{
	struct reason_count *counts = calloc(dropped->count + 1, sizeof *counts);
	struct reason_count current = { 0 };

	*ret_count = 0;
	*ret_top = (struct reason_count){ 0 };
	if (!counts)
		return -ENOMEM;
	for (size_t i = 0; i < dropped->count; i++) {
		counts[i] =
			(struct reason_count){ dropped->intervals[i].reason, count_prefixes(&dropped->intervals[i]) };
		*ret_count += counts[i].count;
	}
	qsort(counts, dropped->count, sizeof *counts, compare_reasons);
	for (size_t i = 0; i < dropped->count; i++) {
		if (i && same_reason(current.reason, counts[i].reason))
			current.count += counts[i].count;
		else
			current = counts[i];
		if (current.count > ret_top->count)
			*ret_top = current;
	}
	free(counts);
	return 0;
}

/* Both lists are sorted and disjoint; prefixes come out in the order of their addresses. */
static void write_default_drop(
	struct source_filter *filter, const struct address_set *dropped, const struct address_set *passed)
{
	size_t i = 0, j = 0;

	while (i < dropped->count || j < passed->count) {
		if (j == passed->count ||
			(i < dropped->count && dropped->intervals[i].first < passed->intervals[j].first)) {
			if (!same_reason(dropped->intervals[i].reason, filter->default_reason))
				add_prefixes(filter, &dropped->intervals[i], SOURCE_FILTER_DROP);
			i++;
		} else {
			add_prefixes(filter, &passed->intervals[j++], SOURCE_FILTER_PASS);
		}
	}
}

int source_filter_prefixes_make(struct source_filter *ret, const struct address_set *dropped, size_t max_prefixes)
{
	struct source_filter_reason none = { 0 };
	size_t dropped_count, passed_count = 0, other_count;
	struct reason_count top;
	struct address_set passed;
	int err = address_set_complement(&passed, dropped, none);

	if (!err)
		err = count_dropped(dropped, &dropped_count, &top);
	if (err)
		goto out;
	for (size_t i = 0; i < passed.count; i++)
		passed_count += count_prefixes(&passed.intervals[i]);
	other_count = passed_count + dropped_count - top.count;
	ret->default_verdict = dropped_count && other_count < dropped_count ? SOURCE_FILTER_DROP : SOURCE_FILTER_PASS;
	if (ret->default_verdict == SOURCE_FILTER_PASS)
		other_count = dropped_count;
	else
		ret->default_reason = top.reason;
	if (other_count > max_prefixes) {
		ret->prefix_count = other_count;
		err = -E2BIG;
		goto out;
	}
	ret->prefixes = calloc(other_count ? other_count : 1, sizeof *ret->prefixes);
	err = ret->prefixes ? 0 : -ENOMEM;
	if (err)
		goto out;
	if (ret->default_verdict == SOURCE_FILTER_DROP)
		write_default_drop(ret, dropped, &passed);
	else
		for (size_t i = 0; i < dropped->count; i++)
			add_prefixes(ret, &dropped->intervals[i], SOURCE_FILTER_DROP);
out:
	address_set_fini(&passed);
	return err;
}

void source_filter_fini(struct source_filter *filter)
{
	free(filter->prefixes);
	*filter = (struct source_filter){ 0 };
}

static bool covers(const struct source_filter_prefix *prefix, const struct source_filter_address *address)
{
	size_t bytes = prefix->prefix_bits / 8;
	unsigned bits = prefix->prefix_bits % 8;

	if (memcmp(prefix->address.bytes, address->bytes, bytes) != 0)
		return false;
	return !bits || (prefix->address.bytes[bytes] ^ address->bytes[bytes]) >> (8 - bits) == 0;
}

enum source_filter_verdict source_filter_find(const struct source_filter *filter,
	const struct source_filter_address *address, struct source_filter_reason *ret_reason)
{
	enum source_filter_verdict verdict = filter->default_verdict;
	struct source_filter_reason reason = filter->default_reason;
	size_t low = 0, high = filter->prefix_count;

	/* The last prefix that does not start behind the address is the only one that can hold it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(filter->prefixes[middle].address.bytes, address->bytes, sizeof address->bytes) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && covers(&filter->prefixes[low - 1], address)) {
		verdict = filter->prefixes[low - 1].verdict;
		reason = filter->prefixes[low - 1].reason;
	}
	if (ret_reason && verdict == SOURCE_FILTER_DROP)
		*ret_reason = reason;
	return verdict;
}
