/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_table: the longest-prefix table of one generation: made from a policy's prefixes and the admitted prefixes, filled,
 * read back and compared. Only filter.c uses it.
 *
 * Both sets are merged into one, so that the kernel needs a single lookup: for each prefix of either set, the entry holds
 * the verdict of the longest policy prefix around it and the services of all the admissions around it. That is exact: the
 * longest match of an address lies within every prefix of either set that holds the address, since of two prefixes that
 * hold it the shorter holds the longer. Sorting makes it n log n.
 */
#ifndef POSTERN_EBPF_FILTER_TABLE_H
#define POSTERN_EBPF_FILTER_TABLE_H

#include "ebpf/filter.h"

/* Make, fill and verify the maps of a generation. Returns 0 and `*ret`, or as filter_load(). */
int filter_table_new(struct filter_prepared *ret, const struct filter_generation *generation)
	__attribute__((warn_unused_result));

/* The kernel's id of a table. Returns 0 or a negative errno. */
int filter_table_id(int table_fd, uint32_t *ret) __attribute__((warn_unused_result));

/* The generation that the entries carry (0 for an empty table) and how many there are. Returns 0 or a negative errno. */
int filter_table_summary(int table_fd, uint64_t *ret_generation, uint32_t *ret_count)
	__attribute__((warn_unused_result));

/* As filter_lookup(), for the table at `table_fd`. */
int filter_table_lookup(int table_fd, const uint8_t address[16], struct filter_value *ret)
	__attribute__((warn_unused_result));

/* As filter_show(), for the table at `table_fd`. */
int filter_table_read(int table_fd, const struct filter_key *after, struct filter_entry *entries, size_t capacity)
	__attribute__((warn_unused_result));

#endif
