/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/client_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"

/* Clients that a worker remembers by their hints: a thousand busy ones, in 100 KB. */
#define REMEMBERED_COUNT 1024

enum { COUNTER_EVICTED };

enum slot_flag { SLOT_DENIED = 1 << 0, SLOT_SECURE = 1 << 1, SLOT_HAS_USER_AGENT = 1 << 2, SLOT_FLAGS = 7 };
/* Of those, what tells clients apart. */
#define SLOT_KEY_FLAGS (SLOT_DENIED | SLOT_SECURE)

#define TEXT_BYTES (CLIENT_RECORD_SLOT_BYTES - 84)

struct client_slot {
	struct record_slot head;
	_Atomic uint64_t last_seen_ms, count;
	uint64_t first_seen_ms;
	uint64_t hash;
	uint8_t source[16];
	uint16_t lengths[CLIENT_TEXT_COUNT];
	uint16_t cut, flags;
	uint32_t spare;
	char texts[TEXT_BYTES];
};

_Static_assert(sizeof(struct client_slot) == CLIENT_RECORD_SLOT_BYTES, "a slot is as large as said");
_Static_assert(CLIENT_RECORD_SLOT_BYTES *CLIENT_RECORD_WAYS == RECORD_FILE_PAGE_BYTES, "a bucket is a page");
_Static_assert(offsetof(struct client_slot, lengths) == offsetof(struct client_slot, source) + 16, "hashed at once");
_Static_assert(CLIENT_TEXT_COUNT <= 16, "a text is a bit in a word of 16");

static const uint16_t limits[CLIENT_TEXT_COUNT] = {
#define TEXT(name, limit_bytes, text) limit_bytes,
#include "appliance/observe/client_texts.def"
#undef TEXT
};

static uint64_t last_seen(const void *slot)
{
	const struct client_slot *client = slot;

	return atomic_load_explicit(&client->last_seen_ms, memory_order_relaxed);
}

static const struct record_kind kind = {
	.magic = "PSTNCLNT",
	.version = 1,
	.area_count = 1,
	.areas = { { .slot_bytes = CLIENT_RECORD_SLOT_BYTES, .share = 1 } },
	.live_offset = offsetof(struct client_slot, last_seen_ms),
	.live_bytes = 2 * sizeof(uint64_t),
	.order = last_seen,
};

struct remembered {
	struct client_hint hint;
	struct client_slot *slot; /* NULL: nobody */
	uint32_t sequence;        /* of the slot when it was this client's */
};

struct client_table {
	const struct record_region *region;
	struct client_slot *slots;
	uint64_t bucket_count;
	struct remembered remembered[REMEMBERED_COUNT];
};

struct client_record {
	struct record_file *file;
	struct client_table **tables;
};

/* ---- tables ---- */

static void find_slots(struct client_table *table, const struct record_region *region)
{
	table->region = region;
	table->slots = (void *)region->areas[0].slots;
	table->bucket_count = region->areas[0].slot_count / CLIENT_RECORD_WAYS;
}

static struct client_slot *bucket_of(const struct client_table *table, uint64_t hash)
{
	/* The high bits choose the bucket: those that choose the worker when slots move are other ones. */
	return table->slots + (hash >> 16) % table->bucket_count * CLIENT_RECORD_WAYS;
}

static uint32_t sequence_of(const struct client_slot *slot)
{
	return atomic_load_explicit(&slot->head.sequence, memory_order_relaxed);
}

static size_t key_bytes(const struct client_slot *slot)
{
	size_t count = 0;

	for (unsigned i = 0; i < CLIENT_TEXT_KEYS; i++)
		count += slot->lengths[i];
	return count;
}

/* `slot` is ours, on the stack, so its lengths fit; what a file says counts only where it is the same. */
static bool is_same_client(const struct client_slot *found, const struct client_slot *slot, size_t key_count)
{
	return found->hash == slot->hash && ((found->flags ^ slot->flags) & ~SLOT_HAS_USER_AGENT) == 0 &&
	       memcmp(found->source, slot->source, sizeof slot->source) == 0 &&
	       memcmp(found->lengths, slot->lengths, CLIENT_TEXT_KEYS * sizeof *slot->lengths) == 0 &&
	       memcmp(found->texts, slot->texts, key_count) == 0;
}

/* Where a new client goes: a free slot, else that of the client seen longest ago. */
static struct client_slot *choose_victim(const struct client_table *table, struct client_slot *bucket)
{
	struct client_slot *victim = bucket;

	for (unsigned i = 0; i < CLIENT_RECORD_WAYS; i++) {
		if (!record_slot_is_live(&bucket[i].head, table->region->epoch))
			return &bucket[i];
		if (last_seen(&bucket[i]) < last_seen(victim))
			victim = &bucket[i];
	}
	return victim;
}

static struct client_slot *find_slot(
	const struct client_table *table, struct client_slot *bucket, const struct client_slot *slot)
{
	size_t key_count = key_bytes(slot);

	for (unsigned i = 0; i < CLIENT_RECORD_WAYS; i++)
		if (record_slot_is_live(&bucket[i].head, table->region->epoch) &&
			is_same_client(&bucket[i], slot, key_count))
			return &bucket[i];
	return NULL;
}

/* Put `slot` in the place of `victim`; only as much of it as there is text. */
static void replace(struct client_table *table, struct client_slot *victim, const struct client_slot *slot)
{
	size_t from = offsetof(struct client_slot, last_seen_ms), behind = offsetof(struct client_slot, texts);

	for (unsigned i = 0; i < CLIENT_TEXT_COUNT; i++)
		behind += slot->lengths[i];
	if (record_slot_is_live(&victim->head, table->region->epoch))
		record_add(&table->region->counters[COUNTER_EVICTED], 1);
	record_slot_begin(&victim->head);
	memcpy((char *)victim + from, (const char *)slot + from, behind - from);
	record_slot_end(&victim->head, table->region->epoch);
}

/* ---- noting ---- */

/* Of all that tells clients apart; of a text that was cut, of the whole of it. */
static uint64_t hash_of(
	const struct client_table *table, const struct client_slot *slot, const struct client_facts *facts)
{
	const uint64_t *key = table->region->key;
	uint64_t hash = table_hash_keyed(view_from(slot->texts, key_bytes(slot)), key[0], key[1]);

	/* the lengths stand behind the address */
	hash = table_hash_keyed(view_from((const char *)slot + offsetof(struct client_slot, source),
					sizeof slot->source + CLIENT_TEXT_KEYS * sizeof *slot->lengths),
		key[0] ^ hash, key[1] + (slot->flags & SLOT_KEY_FLAGS));
	for (unsigned i = 0; i < CLIENT_TEXT_KEYS; i++)
		if (slot->cut >> i & 1)
			hash = table_hash_keyed(facts->texts[i], key[0] ^ hash, key[1]);
	return hash;
}

/* The texts behind those that there are stay as they were on the stack: replace() copies none of that. */
static void fill(
	const struct client_table *table, struct client_slot *slot, const struct client_facts *facts, uint64_t wall_ms)
{
	memset(slot, 0, offsetof(struct client_slot, texts));
	slot->first_seen_ms = wall_ms;
	atomic_store_explicit(&slot->last_seen_ms, wall_ms, memory_order_relaxed);
	atomic_store_explicit(&slot->count, 1, memory_order_relaxed);
	memcpy(slot->source, facts->source, sizeof slot->source);
	slot->flags = (uint16_t)((facts->denied ? SLOT_DENIED : 0) | (facts->secure ? SLOT_SECURE : 0) |
				 (facts->has_user_agent ? SLOT_HAS_USER_AGENT : 0));
	slot->cut = (uint16_t)record_texts_pack(
		slot->texts, sizeof slot->texts, slot->lengths, facts->texts, limits, CLIENT_TEXT_COUNT);
	slot->hash = hash_of(table, slot, facts);
}

static struct remembered *remembered_of(struct client_table *table, const struct client_hint *hint)
{
	uint64_t mixed = 0;

	/* Sums of products: they don't wait for one another. */
	for (unsigned i = 0; i < CLIENT_HINT_WORDS; i++)
		mixed += hint->words[i] * (UINT64_C(0x9e3779b97f4a7c15) * (2 * i + 1));
	return &table->remembered[(mixed >> 40) % REMEMBERED_COUNT];
}

static void count_again(struct client_slot *slot, uint64_t wall_ms)
{
	record_add(&slot->count, 1);
	atomic_store_explicit(&slot->last_seen_ms, wall_ms, memory_order_relaxed);
}

bool client_table_again(struct client_table *table, const struct client_hint *hint, uint64_t wall_ms)
{
	struct remembered *remembered = remembered_of(table, hint);

	if (!remembered->slot || memcmp(&remembered->hint, hint, sizeof *hint) != 0 ||
		sequence_of(remembered->slot) != remembered->sequence)
		return false;
	count_again(remembered->slot, wall_ms);
	return true;
}

void client_table_note(
	struct client_table *table, const struct client_hint *hint, const struct client_facts *facts, uint64_t wall_ms)
{
	struct client_slot slot, *bucket, *place;

	fill(table, &slot, facts, wall_ms);
	bucket = bucket_of(table, slot.hash);
	place = find_slot(table, bucket, &slot);
	if (place) {
		count_again(place, wall_ms);
	} else {
		place = choose_victim(table, bucket);
		replace(table, place, &slot);
	}
	if (hint)
		*remembered_of(table, hint) = (struct remembered){ *hint, place, sequence_of(place) };
}

/* ---- the file ---- */

/* A slot of the file as it was; its hash goes with it, since the file's key does. */
static void keep(struct record_file *file, unsigned area, const void *bytes)
{
	const struct client_slot *slot = bytes;
	struct client_table table = { 0 };
	struct client_slot copy;
	size_t text_bytes = 0;

	(void)area;
	for (unsigned i = 0; i < CLIENT_TEXT_COUNT; i++)
		text_bytes += slot->lengths[i];
	if (text_bytes > sizeof slot->texts)
		return;
	memcpy(&copy, slot, sizeof copy);
	find_slots(&table, record_file_region(file, (unsigned)(slot->hash % record_file_region_count(file))));
	replace(&table, choose_victim(&table, bucket_of(&table, slot->hash)), &copy);
}

int client_record_open(struct client_record **ret, int fd, unsigned worker_count)
{
	struct client_record *record = calloc(1, sizeof *record);
	int error = -ENOMEM;

	if (!record)
		return error;
	error = record_file_open(&record->file, fd, &kind, worker_count, keep);
	if (error) {
		free(record);
		return error;
	}
	record->tables = calloc(worker_count, sizeof *record->tables);
	for (unsigned i = 0; record->tables && i < worker_count; i++) {
		record->tables[i] = calloc(1, sizeof **record->tables);
		if (!record->tables[i])
			break;
		find_slots(record->tables[i], record_file_region(record->file, i));
	}
	if (!record->tables || !record->tables[worker_count - 1]) {
		client_record_close(record);
		return -ENOMEM;
	}
	*ret = record;
	return 0;
}

void client_record_close(struct client_record *record)
{
	if (!record)
		return;
	for (unsigned i = 0; record->tables && i < record_file_region_count(record->file); i++)
		free(record->tables[i]);
	free(record->tables);
	record_file_close(record->file);
	free(record);
}

struct client_table *client_record_table(struct client_record *record, unsigned worker)
{
	return record ? record->tables[worker] : NULL;
}

/* ---- reading ---- */

struct reading {
	client_record_visit *visit;
	void *context;
	uint64_t odd_count;
};

static int visit_slot(void *context, unsigned area, const void *bytes)
{
	struct reading *reading = context;
	const struct client_slot *slot = bytes;
	struct client_facts facts = { .denied = slot->flags & SLOT_DENIED,
		.secure = slot->flags & SLOT_SECURE,
		.has_user_agent = slot->flags & SLOT_HAS_USER_AGENT,
		.cut = slot->cut,
		.first_seen_ms = slot->first_seen_ms,
		.last_seen_ms = last_seen(slot),
		.count = atomic_load_explicit(&slot->count, memory_order_relaxed) };

	(void)area;
	if ((slot->flags & ~SLOT_FLAGS) || slot->cut >> CLIENT_TEXT_COUNT || facts.count == 0 ||
		facts.first_seen_ms > INT64_MAX || facts.last_seen_ms > INT64_MAX || facts.count > INT64_MAX ||
		!record_texts_unpack(
			facts.texts, slot->texts, sizeof slot->texts, slot->lengths, limits, CLIENT_TEXT_COUNT)) {
		reading->odd_count++;
		return 0;
	}
	memcpy(facts.source, slot->source, sizeof facts.source);
	return reading->visit(reading->context, &facts);
}

int client_record_each(int fd, client_record_visit *visit, void *context, struct client_record_state *ret)
{
	struct reading reading = { .visit = visit, .context = context };
	struct record_file_facts facts;
	int result = record_file_each(fd, &kind, visit ? visit_slot : NULL, &reading, &facts);

	*ret = (struct client_record_state){ .begun_ms = facts.begun_ms,
		.room = facts.slot_counts[0],
		.evicted_count = facts.counters[COUNTER_EVICTED],
		.odd_count = reading.odd_count,
		.busy_count = facts.busy_count };
	return result;
}
