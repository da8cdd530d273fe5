/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter_prefixes: write a set of dropped addresses as prefixes. Private to policy/.
 */
#ifndef POSTERN_POLICY_SOURCE_FILTER_PREFIXES_H
#define POSTERN_POLICY_SOURCE_FILTER_PREFIXES_H

#include "policy/address_set.h"

/*
 * Fill `*ret` so that exactly the addresses of `dropped` are dropped, each with its reason. The default verdict is the one
 * that needs fewer prefixes; a default DROP has the reason that would need most of them. If that is more than
 * `max_prefixes`, reasons are given up where they cut, and then, with `may_widen`, addresses: see source_filter.h.
 *
 * Returns 0; -E2BIG with the number needed in `ret->needed_count`; -ENOMEM.
 */
int source_filter_prefixes_make(struct source_filter *ret, const struct address_set *dropped, size_t max_prefixes,
	bool may_widen) __attribute__((warn_unused_result));

/* Host bits of the greatest prefix that starts at `first` and ends at `last` at most. */
unsigned source_filter_prefix_host_bits(policy_wide first, policy_wide last);

/* All host bits set. */
static inline policy_wide source_filter_host_mask(unsigned bits)
{
	return bits == 128 ? ADDRESS_WIDE_MAX : ((policy_wide)1 << bits) - 1;
}

/* Append a prefix. There must be room. */
void source_filter_prefix_add(struct source_filter *filter, policy_wide first, unsigned host_bits,
	enum source_filter_verdict verdict, struct source_filter_reason reason);

/*
 * The widened form of a filter that drops `dropped` (joined) and passes its complement `passed`, in at most `max_prefixes`
 * (at least 1) prefixes: only addresses of `dropped` are dropped, and not all of them. `reason` is that of a default DROP.
 * Returns 0 or -ENOMEM.
 */
int source_filter_widen(struct source_filter *ret, const struct address_set *dropped, const struct address_set *passed,
	size_t max_prefixes, struct source_filter_reason reason) __attribute__((warn_unused_result));

#endif
