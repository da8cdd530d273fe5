/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address_set: sets of 128-bit addresses as sorted disjoint intervals, each with the reason why it is in the set.
 *
 * Private to policy/: the algebra of source_filter. IPv4 stands at ::ffff:0:0/96. Every operation walks its operands once
 * and makes a new set; neighbours with the same reason are one interval.
 *
 * Life cycle: a set is plain memory; address_set_fini() ends it; all zero is the empty set. On -ENOMEM the result is empty.
 * Threads: none of its own.
 */
#ifndef POSTERN_POLICY_ADDRESS_SET_H
#define POSTERN_POLICY_ADDRESS_SET_H

#include "policy/address.h"
#include "policy/source_filter.h"

struct address_interval {
	policy_wide first, last;
	struct source_filter_reason reason;
};

struct address_set {
	struct address_interval *intervals;
	size_t count;
};

#define ADDRESS_WIDE_MAX ((policy_wide)-1)
/* ::ffff:0:0 and ::ffff:ffff:ffff. */
#define ADDRESS_V4_FIRST ((policy_wide)0xffff << 32)
#define ADDRESS_V4_LAST (ADDRESS_V4_FIRST | 0xffffffff)

void address_set_fini(struct address_set *set);

/* Every address. */
int address_set_all(struct address_set *ret, struct source_filter_reason reason) __attribute__((warn_unused_result));

/* What the CIDRs of a condition hold: IPv4 ranges in their block, IPv6 ranges outside of it. */
int address_set_of_ranges(struct address_set *ret, const struct policy_ranges *ranges,
	struct source_filter_reason reason) __attribute__((warn_unused_result));

/* Every address that is not in `set`. */
int address_set_complement(struct address_set *ret, const struct address_set *set, struct source_filter_reason reason)
	__attribute__((warn_unused_result));

/* Addresses in both, with the reasons of `first`. A small set against a large one of n intervals costs log n for each of its own. */
int address_set_intersect(struct address_set *ret, const struct address_set *first, const struct address_set *second)
	__attribute__((warn_unused_result));

/* Addresses in either; where both hold one, with the reason of `first`. */
int address_set_unite(struct address_set *ret, const struct address_set *first, const struct address_set *second)
	__attribute__((warn_unused_result));

/*
 * The same addresses in as few intervals as can be. With `keep_reasons` an interval whose pieces had one reason keeps it,
 * others have statement -1 of the first's policy; else all have the zero reason.
 */
int address_set_join(struct address_set *ret, const struct address_set *set, bool keep_reasons)
	__attribute__((warn_unused_result));

/* Same addresses, whatever the reasons. */
bool address_set_equal(const struct address_set *first, const struct address_set *second);

/* The same number for equal sets, in every process. */
uint64_t address_set_hash(const struct address_set *set);

/* Give back memory beyond the intervals: for sets that are kept. */
int address_set_trim(struct address_set *set) __attribute__((warn_unused_result));

static inline bool address_reason_same(struct source_filter_reason a, struct source_filter_reason b)
{
	return a.target == b.target && a.statement == b.statement && a.by_domain == b.by_domain;
}

/*
 * Unite `count` sets, earlier ones first, in rounds of pairs: n intervals in k sets cost n log k. Ends all sets of the
 * array, on failure too.
 */
int address_set_unite_all(struct address_set *ret, struct address_set *sets, size_t count)
	__attribute__((warn_unused_result));

#endif
