/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_index: the index of a generation, of the IPv4 sources that pass to the HTTPS service (see FILTER_INDEX_FANOUT in the
 * contract): made from the entries of its table, filled, read back and compared. Only filter_table.c uses it.
 */
#ifndef POSTERN_EBPF_FILTER_INDEX_H
#define POSTERN_EBPF_FILTER_INDEX_H

#include "ebpf/filter.h"

/*
 * Make the index of the table `table_id`, which has these entries (sorted by key, IPv4's behind ::ffff:0:0/96, its own prefix
 * among them). Returns its descriptor, which the caller closes; -ENOENT if the entries have less than `edges_min` edges (none:
 * always -ENOENT); -EIO if the map read back differs; -ENOMEM, or the kernel's negative errno.
 */
int filter_index_new(const struct filter_entry *entries, size_t count, uint32_t table_id, size_t edges_min)
	__attribute__((warn_unused_result));

#endif
