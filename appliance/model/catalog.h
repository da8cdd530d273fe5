/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * catalog: a persistent hash table from byte strings to ref-counted objects, the index of a snapshot.
 *
 * A catalog is cut into shards by hash. Copying one shares all shards; putting into the copy or removing from it replaces
 * one shard, and the original stays as it was. So two snapshots that differ in one API differ in one shard, and a change
 * costs the same whether the estate has ten APIs or a hundred thousand. Within a shard the entries are sorted by hash; a
 * lookup hashes the key, takes a shard, searches by halves and compares one key.
 *
 * Objects begin with a struct catalog_object; a catalog holds one reference to each of its values and borrows the key's bytes
 * from the value. References are counted without atomics: they are taken and given back on the builder's thread only,
 * while workers read objects through a pinned snapshot (current.h), which needs no reference.
 *
 * Threads: catalog_find() from any thread while the catalog lives; everything else on the builder's thread.
 */
#ifndef POSTERN_MODEL_CATALOG_H
#define POSTERN_MODEL_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Number of shards. With 256 a hundred thousand entries make shards of 400, found in 9 steps. */
#define CATALOG_SHARD_COUNT 256

/* First member of every object that a catalog may hold. */
struct catalog_object {
	uint32_t reference_count;                    /* builder's thread only */
	void (*free)(struct catalog_object *object); /* called when the last reference goes */
	struct view key;                             /* lives as long as the object */
};

struct catalog_shard;

struct catalog {
	struct catalog_shard *shards[CATALOG_SHARD_COUNT]; /* NULL if empty */
	size_t count;
};

/* Make `*catalog` empty. */
void catalog_init(struct catalog *catalog);

/* Make `*catalog` equal to `*other`, sharing all shards. */
void catalog_init_copy(struct catalog *catalog, const struct catalog *other);

/* Give up the shards and, with the last catalog that shares them, the objects. */
void catalog_fini(struct catalog *catalog);

/*
 * Put `object` into `*catalog`, in the place of the one with the same key if there is one. Takes a reference of its own.
 * Returns 0 or -ENOMEM (nothing changed).
 */
int catalog_put(struct catalog *catalog, struct catalog_object *object) __attribute__((warn_unused_result));

/* Take the object with that key out of `*catalog`; no-op if there is none. Returns 0 or -ENOMEM (nothing changed). */
int catalog_remove(struct catalog *catalog, struct view key) __attribute__((warn_unused_result));

/* The object with that key, or NULL. Borrowed: valid as long as the catalog holds it. */
struct catalog_object *catalog_find(const struct catalog *catalog, struct view key);

/* The object whose key is `first` + '/' + `second`, or NULL, without building that key. */
struct catalog_object *catalog_find_pair(const struct catalog *catalog, struct view first, struct view second);

/* Visit all objects in no particular order; a negative return value of `visit` ends it and is returned. */
int catalog_each(
	const struct catalog *catalog, int (*visit)(void *context, struct catalog_object *object), void *context);

/* Take and give back one reference; catalog_object_unref(NULL) is fine. Builder's thread only. */
struct catalog_object *catalog_object_ref(struct catalog_object *object);
void catalog_object_unref(struct catalog_object *object);

#endif
