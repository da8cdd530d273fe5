/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table: a hash map from a text to a pointer. Open addressing, at most 3/4 full, deletion without tombstones.
 *
 * Keys are borrowed: they must live, unchanged, as long as their entry (usually they are part of the value). Values are
 * the caller's. The hash is SipHash-1-3 with a key drawn at random once per process, so that names chosen by strangers
 * can't make a bucket long.
 *
 * Threads: none of its own; a table that is no longer changed may be read by any number of threads.
 */
#ifndef POSTERN_BASE_TABLE_H
#define POSTERN_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

struct table_entry;

struct table {
	struct table_entry *entries;
	size_t count; /* entries in use */
	size_t room;  /* 0 or a power of two */
};

/* An empty table holds no memory; zeroed memory is an empty table too. */
void table_init(struct table *table);
void table_fini(struct table *table);

/*
 * Add or replace. `value` must not be NULL. Returns 0 or -ENOMEM (nothing changed). The previous value goes to
 * `*ret_previous` (may be NULL; gets NULL if there was none); replacing takes the new key too.
 */
int table_set(struct table *table, struct view key, void *value, void **ret_previous)
	__attribute__((warn_unused_result));

/* Add only: -EEXIST if there is one (nothing changed), -ENOMEM. */
int table_add(struct table *table, struct view key, void *value) __attribute__((warn_unused_result));

/* The value, or NULL. */
void *table_find(const struct table *table, struct view key);

/* Remove and return the value, or NULL. */
void *table_take(struct table *table, struct view key);

/*
 * Walk all entries in no particular order: `size_t cursor = 0; while ((value = table_next(&table, &cursor, &key))) …`.
 * `ret_key` may be NULL. The table must not change during the walk.
 */
void *table_next(const struct table *table, size_t *cursor, struct view *ret_key);

/* The keyed hash itself, for other structures. Differs from process to process. */
uint64_t table_hash(struct view key);

/* SipHash-1-3 with an explicit key: for hashes that must be the same everywhere and for tests. */
uint64_t table_hash_keyed(struct view key, uint64_t key_0, uint64_t key_1);

#endif
