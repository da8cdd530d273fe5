/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linear probing; an entry whose value is NULL is free. Deletion shifts the entries behind it back, so no tombstones. */
#include "appliance/base/table.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "appliance/base/random.h"

struct table_entry {
	struct view key;
	void *value; /* NULL: free */
	uint64_t hash;
};

#define FIRST_ROOM 8

static uint64_t process_key[2];
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void make_process_key(void)
{
	random_bytes(process_key, sizeof process_key);
}

static inline uint64_t rotate(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one compression and three final rounds. */
uint64_t table_hash_keyed(struct view key, uint64_t key_0, uint64_t key_1)
{
	uint64_t v[4] = { key_0 ^ 0x736f6d6570736575, key_1 ^ 0x646f72616e646f6d, key_0 ^ 0x6c7967656e657261,
		key_1 ^ 0x7465646279746573 };
	uint64_t last = (uint64_t)key.count << 56, word;
	size_t whole = key.count & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&word, key.at + i, sizeof word);
		word = le64toh(word);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = whole; i < key.count; i++)
		last |= (uint64_t)(unsigned char)key.at[i] << (8 * (i - whole));
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t table_hash(struct view key)
{
	pthread_once(&process_key_once, make_process_key);
	return table_hash_keyed(key, process_key[0], process_key[1]);
}

void table_init(struct table *table)
{
	*table = (struct table){ .entries = NULL };
}

void table_fini(struct table *table)
{
	free(table->entries);
	table_init(table);
}

/* The entry of `key`, or the free entry where it belongs. There is always a free one. */
static struct table_entry *entry_for(const struct table *table, struct view key, uint64_t hash)
{
	size_t i = hash & (table->room - 1);

	while (table->entries[i].value && !(table->entries[i].hash == hash && view_equals(table->entries[i].key, key)))
		i = (i + 1) & (table->room - 1);
	return &table->entries[i];
}

static int grow(struct table *table)
{
	struct table larger = { .count = table->count, .room = table->room ? 2 * table->room : FIRST_ROOM };

	larger.entries = calloc(larger.room, sizeof *larger.entries);
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < table->room; i++) {
		if (table->entries[i].value)
			*entry_for(&larger, table->entries[i].key, table->entries[i].hash) = table->entries[i];
	}
	free(table->entries);
	*table = larger;
	return 0;
}

int table_set(struct table *table, struct view key, void *value, void **ret_previous)
{
	uint64_t hash = table_hash(key);
	struct table_entry *entry;
	int error;

	if (4 * (table->count + 1) > 3 * table->room) {
		error = grow(table);
		if (error)
			return error;
	}
	entry = entry_for(table, key, hash);
	if (ret_previous)
		*ret_previous = entry->value;
	table->count += !entry->value;
	*entry = (struct table_entry){ .key = key, .value = value, .hash = hash };
	return 0;
}

int table_add(struct table *table, struct view key, void *value)
{
	return table_find(table, key) ? -EEXIST : table_set(table, key, value, NULL);
}

void *table_find(const struct table *table, struct view key)
{
	return table->count ? entry_for(table, key, table_hash(key))->value : NULL;
}

void *table_take(struct table *table, struct view key)
{
	struct table_entry *entry = table->count ? entry_for(table, key, table_hash(key)) : NULL;
	size_t mask = table->room - 1, hole, i;
	void *value;

	if (!entry || !entry->value)
		return NULL;
	value = entry->value;
	hole = (size_t)(entry - table->entries);
	for (i = (hole + 1) & mask; table->entries[i].value; i = (i + 1) & mask) {
		size_t home = table->entries[i].hash & mask;

		/* an entry may move to the hole unless its home lies behind the hole, cyclically */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			table->entries[hole] = table->entries[i];
			hole = i;
		}
	}
	table->entries[hole].value = NULL;
	table->count--;
	return value;
}

void *table_next(const struct table *table, size_t *cursor, struct view *ret_key)
{
	while (*cursor < table->room) {
		struct table_entry *entry = &table->entries[(*cursor)++];

		if (entry->value) {
			if (ret_key)
				*ret_key = entry->key;
			return entry->value;
		}
	}
	return NULL;
}
