/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address: IP addresses and CIDRs as numbers, and sorted sets of them.
 *
 * Private to policy/. Host bits under a mask are ignored; a bare address is a single one (/32; /128 for IPv6 is
 * unconfirmed). Families never match each other, so each set keeps two lists; ::ffff:10.0.0.1 is IPv6 here.
 * Threads: pure.
 * Source: IAM User Guide, "IP address condition operators"; spec/policy.md 2.
 */
#ifndef POSTERN_POLICY_ADDRESS_H
#define POSTERN_POLICY_ADDRESS_H

#include "policy/arena.h"

typedef unsigned __int128 policy_wide;

struct policy_address {
	bool v6;
	policy_wide number; /* host order; IPv4 in the low 32 bits */
};

struct policy_range_v4 {
	uint32_t first, last;
};

struct policy_range_v6 {
	policy_wide first, last;
};

/* Sorted, disjoint, neighbours merged. */
struct policy_ranges {
	const struct policy_range_v4 *v4;
	const struct policy_range_v6 *v6;
	uint32_t v4_count, v6_count;
};

/* Dotted decimal without leading zeros, or RFC 4291 text without a zone. Returns false for anything else. */
bool policy_address_parse(struct policy_address *ret, struct policy_text text);

/* An address or CIDR as the range that it covers. Returns false for anything else. */
bool policy_cidr_parse(struct policy_address *ret_first, struct policy_address *ret_last, struct policy_text text);

/*
 * The set of all CIDRs of a list; texts that are none are left out (the caller has judged them).
 * Returns false if memory is out.
 */
bool policy_ranges_build(
	struct policy_ranges *ret, struct policy_arena *arena, const struct policy_text *cidrs, size_t count);

/* Binary search. */
bool policy_ranges_hold(const struct policy_ranges *ranges, const struct policy_address *address);

#endif
