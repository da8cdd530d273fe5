/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter_pool: address sets that several parts have in common, kept once. Private to policy/; its life cycle is in
 * source_filter.h.
 *
 * Sets are equal here if they have the same intervals with the same reasons. Each user counts as a reference.
 */
#ifndef POSTERN_POLICY_SOURCE_FILTER_POOL_H
#define POSTERN_POLICY_SOURCE_FILTER_POOL_H

#include "policy/address_set.h"

/* An address set that does not change. */
struct source_filter_set {
	struct address_set set;
	uint64_t hash;                  /* of the addresses, whatever the reasons */
	struct source_filter_set *next; /* in its pool */
	struct source_filter_pool *pool;
	size_t reference_count;
};

/*
 * Take over `set`: an equal one of the pool (NULL: none) with one reference more, or a new one. 0 or -ENOMEM; `set` is empty
 * afterwards in either case.
 */
int source_filter_set_new(struct source_filter_set **ret, struct source_filter_pool *pool, struct address_set *set)
	__attribute__((warn_unused_result));

/* Drop a reference. NULL is fine. */
void source_filter_set_unref(struct source_filter_set *set);

#endif
