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

unsigned source_filter_prefix_host_bits(policy_wide first, policy_wide last)
{
	unsigned bits = trailing_zeros(first);

	while (source_filter_host_mask(bits) > last - first)
		bits--;
	return bits;
}

static size_t count_prefixes(const struct address_interval *interval)
{
	policy_wide first = interval->first;
	size_t count = 0;

	for (;;) {
		policy_wide end =
			first | source_filter_host_mask(source_filter_prefix_host_bits(first, interval->last));

		count++;
		if (end == interval->last)
			return count;
		first = end + 1;
	}
}

void source_filter_prefix_add(struct source_filter *filter, policy_wide first, unsigned host_bits,
	enum source_filter_verdict verdict, struct source_filter_reason reason)
{
	struct source_filter_prefix *prefix = &filter->prefixes[filter->prefix_count++];

	prefix->prefix_bits = (uint8_t)(ADDRESS_BITS - host_bits);
	prefix->verdict = verdict;
	prefix->reason = reason;
	for (size_t i = sizeof prefix->address.bytes; i-- > 0; first >>= 8)
		prefix->address.bytes[i] = (uint8_t)first;
}

static void add_prefixes(
	struct source_filter *filter, const struct address_interval *interval, enum source_filter_verdict verdict)
{
	policy_wide first = interval->first;

	for (;;) {
		unsigned host_bits = source_filter_prefix_host_bits(first, interval->last);
		policy_wide end = first | source_filter_host_mask(host_bits);

		source_filter_prefix_add(filter, first, host_bits, verdict, interval->reason);
		if (end == interval->last)
			return;
		first = end + 1;
	}
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
	if (a->reason.by_domain != b->reason.by_domain)
		return a->reason.by_domain ? 1 : -1;
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
		if (i && address_reason_same(current.reason, counts[i].reason))
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
			if (!address_reason_same(dropped->intervals[i].reason, filter->default_reason))
				add_prefixes(filter, &dropped->intervals[i], SOURCE_FILTER_DROP);
			i++;
		} else {
			add_prefixes(filter, &passed->intervals[j++], SOURCE_FILTER_PASS);
		}
	}
}

static int allocate(struct source_filter *filter, size_t count)
{
	filter->prefixes = calloc(count ? count : 1, sizeof *filter->prefixes);
	return filter->prefixes ? 0 : -ENOMEM;
}

/* Exactly, and each with its reason. -E2BIG if that takes too many. */
static int make_with_reasons(struct source_filter *ret, const struct address_set *dropped,
	const struct address_set *passed, size_t passed_count, size_t max_prefixes)
{
	size_t dropped_count, count;
	struct reason_count top;
	int err = count_dropped(dropped, &dropped_count, &top);
	bool by_default;

	if (err)
		return err;
	count = passed_count + dropped_count - top.count;
	by_default = dropped_count && count < dropped_count;
	if (!by_default)
		count = dropped_count;
	if (count > max_prefixes)
		return -E2BIG;
	err = allocate(ret, count);
	if (err)
		return err;
	ret->needed_count = count;
	if (by_default) {
		ret->default_verdict = SOURCE_FILTER_DROP;
		ret->default_reason = top.reason;
		write_default_drop(ret, dropped, passed);
	} else {
		for (size_t i = 0; i < dropped->count; i++)
			add_prefixes(ret, &dropped->intervals[i], SOURCE_FILTER_DROP);
	}
	return 0;
}

/* Exactly, but only as many reasons as there are runs of addresses. -E2BIG, with the count, if that takes too many. */
static int make_joined(struct source_filter *ret, const struct address_set *joined, const struct address_set *passed,
	size_t passed_count, size_t max_prefixes, struct source_filter_reason reason)
{
	const struct address_set *written = joined;
	size_t dropped_count = 0;
	int err;

	for (size_t i = 0; i < joined->count; i++)
		dropped_count += count_prefixes(&joined->intervals[i]);
	ret->needed_count = passed_count < dropped_count ? passed_count : dropped_count;
	if (ret->needed_count > max_prefixes)
		return -E2BIG;
	err = allocate(ret, ret->needed_count);
	if (err)
		return err;
	if (passed_count < dropped_count) {
		ret->default_verdict = SOURCE_FILTER_DROP;
		ret->default_reason = reason;
		written = passed;
	}
	for (size_t i = 0; i < written->count; i++)
		add_prefixes(ret, &written->intervals[i], written == passed ? SOURCE_FILTER_PASS : SOURCE_FILTER_DROP);
	return 0;
}

/* One reason for all. */
static struct source_filter_reason reason_of_all(const struct address_set *joined)
{
	struct source_filter_reason reason = { 0 };

	for (size_t i = 0; i < joined->count; i++) {
		if (i == 0)
			reason = joined->intervals[i].reason;
		else if (!address_reason_same(reason, joined->intervals[i].reason))
			reason.statement = -1;
	}
	return reason;
}

int source_filter_prefixes_make(
	struct source_filter *ret, const struct address_set *dropped, size_t max_prefixes, bool may_widen)
{
	struct source_filter_reason none = { 0 };
	struct address_set passed, joined = { 0 };
	size_t passed_count = 0;
	int err = address_set_complement(&passed, dropped, none);

	if (err)
		return err;
	for (size_t i = 0; i < passed.count; i++)
		passed_count += count_prefixes(&passed.intervals[i]);
	err = make_with_reasons(ret, dropped, &passed, passed_count, max_prefixes);
	if (err == -E2BIG)
		err = address_set_join(&joined, dropped, true);
	else
		goto out;
	if (!err)
		err = make_joined(ret, &joined, &passed, passed_count, max_prefixes, reason_of_all(&joined));
	if (err == -E2BIG && may_widen)
		err = source_filter_widen(ret, &joined, &passed, max_prefixes, reason_of_all(&joined));
	address_set_fini(&joined);
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
