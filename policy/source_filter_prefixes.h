/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter_prefixes: write a set of dropped addresses as prefixes. Private to policy/.
 */
#ifndef POSTERN_POLICY_SOURCE_FILTER_PREFIXES_H
#define POSTERN_POLICY_SOURCE_FILTER_PREFIXES_H

#include "policy/address_set.h"

/*
 * Fill `*ret` so that exactly the addresses of `dropped` are dropped, each with its reason. The default verdict is the one
 * that needs fewer prefixes; a default DROP has the reason that would need most of them.
 *
 * Returns 0; -E2BIG with the number needed in `ret->prefix_count` if that is more than `max_prefixes`; -ENOMEM.
 */
int source_filter_prefixes_make(struct source_filter *ret, const struct address_set *dropped, size_t max_prefixes)
	__attribute__((warn_unused_result));

#endif
