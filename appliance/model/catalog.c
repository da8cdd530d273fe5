/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"

/* Longest joined key that catalog_find_pair() looks for: an endpoint's id and a host name of 255 bytes fit. */
#define PAIR_MAX_BYTES 512

struct shard_entry {
	uint64_t hash;
	struct catalog_object *object;
};

/* Shared by all catalogs that hold it; holds one reference to each of its objects. */
struct catalog_shard {
	uint32_t reference_count;
	uint32_t count;
	struct shard_entry entries[]; /* sorted by hash */
};

struct catalog_object *catalog_object_ref(struct catalog_object *object)
{
	object->reference_count++;
	return object;
}

void catalog_object_unref(struct catalog_object *object)
{
	if (!object)
		return;
	ASSERT(object->reference_count > 0);
	if (--object->reference_count == 0)
		object->free(object);
}

static void shard_unref(struct catalog_shard *shard)
{
	if (!shard || --shard->reference_count > 0)
		return;
	for (uint32_t i = 0; i < shard->count; i++)
		catalog_object_unref(shard->entries[i].object);
	free(shard);
}

/* The upper bits choose the shard, the whole hash the place in it. */
static size_t shard_number(uint64_t hash)
{
	return (size_t)(hash >> 56) % CATALOG_SHARD_COUNT;
}

/* The first entry whose hash is not below `hash`. */
static uint32_t shard_lower_bound(const struct catalog_shard *shard, uint64_t hash)
{
	uint32_t low = 0, high = shard->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (shard->entries[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The place of `key` in the shard, or its count. */
static uint32_t shard_find(const struct catalog_shard *shard, uint64_t hash, struct view key)
{
	for (uint32_t i = shard_lower_bound(shard, hash); i < shard->count && shard->entries[i].hash == hash; i++) {
		if (view_equals(shard->entries[i].object->key, key))
			return i;
	}
	return shard->count;
}

static struct catalog_shard *shard_new(uint32_t count)
{
	struct catalog_shard *shard = malloc(sizeof *shard + count * sizeof(struct shard_entry));

	if (shard) {
		shard->reference_count = 1;
		shard->count = 0;
	}
	return shard;
}

static void shard_append(struct catalog_shard *shard, uint64_t hash, struct catalog_object *object)
{
	shard->entries[shard->count++] = (struct shard_entry){ .hash = hash, .object = catalog_object_ref(object) };
}

void catalog_init(struct catalog *catalog)
{
	memset(catalog, 0, sizeof *catalog);
}

void catalog_init_copy(struct catalog *catalog, const struct catalog *other)
{
	*catalog = *other;
	for (size_t i = 0; i < CATALOG_SHARD_COUNT; i++) {
		if (catalog->shards[i])
			catalog->shards[i]->reference_count++;
	}
}

void catalog_fini(struct catalog *catalog)
{
	for (size_t i = 0; i < CATALOG_SHARD_COUNT; i++)
		shard_unref(catalog->shards[i]);
	memset(catalog, 0, sizeof *catalog);
}

int catalog_put(struct catalog *catalog, struct catalog_object *object)
{
	static const struct catalog_shard empty;
	uint64_t hash = table_hash(object->key);
	struct catalog_shard **place = &catalog->shards[shard_number(hash)];
	const struct catalog_shard *old = *place ? *place : &empty;
	uint32_t replaced = shard_find(old, hash, object->key);
	struct catalog_shard *new = shard_new(old->count + 1);
	bool added = false;

	if (!new)
		return -ENOMEM;
	for (uint32_t i = 0; i < old->count; i++) {
		if (!added && old->entries[i].hash >= hash) {
			shard_append(new, hash, object);
			added = true;
		}
		if (i != replaced)
			shard_append(new, old->entries[i].hash, old->entries[i].object);
	}
	if (!added)
		shard_append(new, hash, object);
	if (replaced == old->count)
		catalog->count++;
	shard_unref(*place);
	*place = new;
	return 0;
}

int catalog_remove(struct catalog *catalog, struct view key)
{
	uint64_t hash = table_hash(key);
	struct catalog_shard **place = &catalog->shards[shard_number(hash)];
	struct catalog_shard *old = *place, *new;
	uint32_t at;

	if (!old || (at = shard_find(old, hash, key)) == old->count)
		return 0;
	new = shard_new(old->count);
	if (!new)
		return -ENOMEM;
	for (uint32_t i = 0; i < old->count; i++) {
		if (i != at)
			shard_append(new, old->entries[i].hash, old->entries[i].object);
	}
	shard_unref(old);
	*place = new;
	catalog->count--;
	return 0;
}

struct catalog_object *catalog_find(const struct catalog *catalog, struct view key)
{
	uint64_t hash = table_hash(key);
	const struct catalog_shard *shard = catalog->shards[shard_number(hash)];
	uint32_t at;

	if (!shard)
		return NULL;
	at = shard_find(shard, hash, key);
	return at == shard->count ? NULL : shard->entries[at].object;
}

struct catalog_object *catalog_find_pair(const struct catalog *catalog, struct view first, struct view second)
{
	char joined[PAIR_MAX_BYTES];

	if (first.count + 1 + second.count > sizeof joined)
		return NULL;
	memcpy(joined, first.at, first.count);
	joined[first.count] = '/';
	memcpy(joined + first.count + 1, second.at, second.count);
	return catalog_find(catalog, view_from(joined, first.count + 1 + second.count));
}

int catalog_each(
	const struct catalog *catalog, int (*visit)(void *context, struct catalog_object *object), void *context)
{
	for (size_t i = 0; i < CATALOG_SHARD_COUNT; i++) {
		const struct catalog_shard *shard = catalog->shards[i];

		for (uint32_t j = 0; shard && j < shard->count; j++) {
			int error = visit(context, shard->entries[j].object);

			if (error < 0)
				return error;
		}
	}
	return 0;
}
