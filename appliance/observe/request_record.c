/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/request_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "policy/combine.h"

/* Areas of a region, and which of its counters says how many were written there. */
enum { AREA_REFUSED, AREA_ALLOWED, AREA_COUNT };

enum slot_flag { SLOT_HAS_USER_AGENT = 1 << 0, SLOT_HAS_REFERER = 1 << 1, SLOT_SECURE = 1 << 2, SLOT_FLAGS = 7 };

struct request_slot {
	struct record_slot head;
	uint64_t time_ms;
	uint64_t fingerprints[REQUEST_POLICY_COUNT];
	char request_id[REQUEST_ID_BYTES];
	uint32_t cut;
	int16_t statement;
	uint16_t status;
	uint8_t outcome, verdict, by, auth;
	uint16_t lengths[REQUEST_TEXT_COUNT];
	uint8_t flags, spare;
	char texts[];
};

_Static_assert(REQUEST_TEXT_COUNT <= RECORD_TEXTS_MAX, "a text is a bit in a word of 32");

static const uint32_t slot_bytes[AREA_COUNT] = {
	[AREA_REFUSED] = REQUEST_RECORD_REFUSED_BYTES, [AREA_ALLOWED] = REQUEST_RECORD_ALLOWED_BYTES
};

static const uint16_t limits[REQUEST_TEXT_COUNT] = {
#define TEXT(name, limit_bytes, text) limit_bytes,
#include "appliance/observe/request_texts.def"
#undef TEXT
};

/* Of allowed requests less is kept of what only describes the client: they are many. */
static const uint16_t allowed_limits[REQUEST_TEXT_COUNT] = {
#define TEXT(name, limit_bytes, text)                                                                                  \
	REQUEST_TEXT_##name == REQUEST_TEXT_USER_AGENT || REQUEST_TEXT_##name == REQUEST_TEXT_REFERER ? 96             \
												      : limit_bytes,
#include "appliance/observe/request_texts.def"
#undef TEXT
};

static uint64_t time_of(const void *slot)
{
	return ((const struct request_slot *)slot)->time_ms;
}

static const struct record_kind kind = {
	.magic = "PSTNREQU",
	.version = 1,
	.area_count = AREA_COUNT,
	.areas = { [AREA_REFUSED] = { .slot_bytes = REQUEST_RECORD_REFUSED_BYTES, .share = 1 },
		[AREA_ALLOWED] = { .slot_bytes = REQUEST_RECORD_ALLOWED_BYTES, .share = 1 } },
	/* no word of a slot changes by itself */
	.live_offset = sizeof(struct record_slot),
	.live_bytes = 0,
	.order = time_of,
};

struct request_log {
	const struct record_region *region;
	uint64_t next[AREA_COUNT]; /* index of the slot that is written next: the oldest */
};

struct request_record {
	struct record_file *file;
	struct request_log *logs;
};

/* ---- writing ---- */

static void start_log(struct request_log *log, const struct record_region *region)
{
	log->region = region;
	for (unsigned area = 0; area < AREA_COUNT; area++)
		log->next[area] = atomic_load_explicit(&region->counters[area], memory_order_relaxed) %
				  region->areas[area].slot_count;
}

static struct request_slot *next_slot(struct request_log *log, unsigned area)
{
	uint64_t index = log->next[area];

	log->next[area] = index + 1 == log->region->areas[area].slot_count ? 0 : index + 1;
	record_add(&log->region->counters[area], 1);
	return (void *)(log->region->areas[area].slots + index * slot_bytes[area]);
}

static uint32_t pack(struct request_slot *slot, unsigned area, const struct request_entry *entry)
{
	size_t room_bytes = slot_bytes[area] - sizeof *slot;

	if (area == AREA_REFUSED)
		return record_texts_pack(
			slot->texts, room_bytes, slot->lengths, entry->texts, limits, REQUEST_TEXT_COUNT);
	memset(slot->lengths + REQUEST_TEXT_ASKED, 0,
		(REQUEST_TEXT_COUNT - REQUEST_TEXT_ASKED) * sizeof *slot->lengths);
	return record_texts_pack(
		slot->texts, room_bytes, slot->lengths, entry->texts, allowed_limits, REQUEST_TEXT_ASKED);
}

/* The slot that comes next was left alone for a whole round of the ring: it is fetched while the next request is served. */
static void fetch_next(const struct request_log *log, unsigned area)
{
	const unsigned char *slot = log->region->areas[area].slots + log->next[area] * slot_bytes[area];

	for (unsigned line = 0; line < 5; line++)
		__builtin_prefetch(slot + 64 * line, 1);
}

void request_log_write(struct request_log *log, const struct request_entry *entry)
{
	unsigned area = entry->outcome == REQUEST_ALLOWED ? AREA_ALLOWED : AREA_REFUSED;
	struct request_slot *slot = next_slot(log, area);

	record_slot_begin(&slot->head);
	slot->time_ms = entry->time_ms;
	memcpy(slot->fingerprints, entry->fingerprints, sizeof slot->fingerprints);
	ASSERT(entry->request_id.count == sizeof slot->request_id);
	memcpy(slot->request_id, entry->request_id.at, sizeof slot->request_id);
	slot->statement = entry->statement;
	slot->status = entry->status;
	slot->outcome = (uint8_t)entry->outcome;
	slot->verdict = entry->verdict;
	slot->by = entry->by;
	slot->auth = entry->auth;
	slot->flags = (uint8_t)((entry->has_user_agent ? SLOT_HAS_USER_AGENT : 0) |
				(entry->has_referer ? SLOT_HAS_REFERER : 0) | (entry->secure ? SLOT_SECURE : 0));
	slot->spare = 0;
	slot->cut = entry->cut | pack(slot, area, entry);
	record_slot_end(&slot->head, log->region->epoch);
	fetch_next(log, area);
}

/* ---- the file ---- */

/* Slots come oldest first, and are dealt out evenly: the newest of all stay. */
static void keep(struct record_file *file, unsigned area, const void *bytes)
{
	const struct record_region *least = record_file_region(file, 0);
	struct request_log log;
	struct request_slot *slot;

	for (unsigned i = 1; i < record_file_region_count(file); i++)
		if (record_file_region(file, i)->counters[area] < least->counters[area])
			least = record_file_region(file, i);
	start_log(&log, least);
	slot = next_slot(&log, area);
	record_slot_begin(&slot->head);
	memcpy((char *)slot + sizeof slot->head, (const char *)bytes + sizeof slot->head,
		slot_bytes[area] - sizeof slot->head);
	record_slot_end(&slot->head, least->epoch);
}

int request_record_open(struct request_record **ret, int fd, unsigned worker_count)
{
	struct request_record *record = calloc(1, sizeof *record);
	int error = -ENOMEM;

	if (!record)
		return error;
	error = record_file_open(&record->file, fd, &kind, worker_count, keep);
	if (error) {
		free(record);
		return error;
	}
	record->logs = calloc(worker_count, sizeof *record->logs);
	if (!record->logs) {
		request_record_close(record);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < worker_count; i++)
		start_log(&record->logs[i], record_file_region(record->file, i));
	*ret = record;
	return 0;
}

void request_record_close(struct request_record *record)
{
	if (!record)
		return;
	free(record->logs);
	record_file_close(record->file);
	free(record);
}

struct request_log *request_record_log(struct request_record *record, unsigned worker)
{
	return record ? &record->logs[worker] : NULL;
}

/* ---- reading ---- */

struct reading {
	request_record_visit *visit;
	void *context;
	struct request_record_state *state;
};

static bool read_slot(struct request_entry *ret, unsigned area, const struct request_slot *slot)
{
	*ret = (struct request_entry){ .request_id = view_from(slot->request_id, sizeof slot->request_id),
		.time_ms = slot->time_ms,
		.outcome = slot->outcome,
		.verdict = slot->verdict,
		.by = slot->by,
		.statement = slot->statement,
		.status = slot->status,
		.auth = slot->auth,
		.has_user_agent = slot->flags & SLOT_HAS_USER_AGENT,
		.has_referer = slot->flags & SLOT_HAS_REFERER,
		.secure = slot->flags & SLOT_SECURE,
		.cut = slot->cut };
	memcpy(ret->fingerprints, slot->fingerprints, sizeof ret->fingerprints);
	return slot->time_ms <= INT64_MAX && slot->outcome <= REQUEST_UNJUDGED && slot->verdict <= POLICY_ALLOW &&
	       slot->by <= COMBINE_BY_AUTHORIZER &&
	       (slot->auth <= COMBINE_AUTH_COGNITO || slot->auth == REQUEST_AUTH_UNKNOWN) &&
	       request_id_is_uuid(ret->request_id) && (slot->outcome == REQUEST_ALLOWED) == (area == AREA_ALLOWED) &&
	       !(slot->flags & ~SLOT_FLAGS) && slot->statement >= -1 && slot->cut >> REQUEST_TEXT_COUNT == 0 &&
	       record_texts_unpack(ret->texts, slot->texts, slot_bytes[area] - sizeof *slot, slot->lengths, limits,
		       REQUEST_TEXT_COUNT);
}

static int visit_slot(void *context, unsigned area, const void *bytes)
{
	struct reading *reading = context;
	struct request_record_state *state = reading->state;
	uint64_t *oldest_ms = area == AREA_ALLOWED ? &state->oldest_allowed_ms : &state->oldest_refused_ms;
	struct request_entry entry;

	if (!read_slot(&entry, area, bytes)) {
		state->odd_count++;
		return 0;
	}
	if (*oldest_ms == 0 || entry.time_ms < *oldest_ms)
		*oldest_ms = entry.time_ms;
	return reading->visit(reading->context, &entry);
}

int request_record_each(int fd, request_record_visit *visit, void *context, struct request_record_state *ret)
{
	struct reading reading = { .visit = visit, .context = context, .state = ret };
	struct record_file_facts facts;
	int result;

	*ret = (struct request_record_state){ 0 };
	result = record_file_each(fd, &kind, visit ? visit_slot : NULL, &reading, &facts);
	ret->begun_ms = facts.begun_ms;
	ret->allowed_room = facts.slot_counts[AREA_ALLOWED];
	ret->refused_room = facts.slot_counts[AREA_REFUSED];
	ret->busy_count = facts.busy_count;
	return result;
}
