/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/line_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"

/* Counters of a region. */
enum { COUNTER_END_SERIAL, COUNTER_LINES };

/* What the bytes of a line's slots begin with, one slot's `data` behind the other's. */
struct line_head {
	uint64_t number; /* lines of this worker before it */
	uint64_t time_ms;
	uint32_t line_bytes;
	uint16_t group_bytes;
	uint16_t spare;
};

struct line_slot {
	struct record_slot head;
	uint64_t serial; /* its index in the ring is this, modulo its slots */
	uint8_t is_first;
	uint8_t spare[7];
	char data[LINE_RECORD_SLOT_BYTES - 24];
};

_Static_assert(sizeof(struct line_slot) == LINE_RECORD_SLOT_BYTES, "slots divide the page");

#define DATA_BYTES sizeof(((struct line_slot *)0)->data)
#define ENTRY_MAX_BYTES (sizeof(struct line_head) + LINE_RECORD_GROUP_MAX_BYTES + LINE_RECORD_LINE_MAX_BYTES)
#define ENTRY_MAX_SLOTS ((ENTRY_MAX_BYTES + DATA_BYTES - 1) / DATA_BYTES)

/* Slots don't move to another geometry: see the header. */
static const struct record_kind kind = {
	.magic = "PSTNLINE",
	.version = 1,
	.area_count = 1,
	.areas = { { .slot_bytes = LINE_RECORD_SLOT_BYTES, .share = 1 } },
	/* no word of a slot changes by itself */
	.live_offset = sizeof(struct record_slot),
	.live_bytes = 0,
};

struct line_log {
	const struct record_region *region;
	uint64_t slot_count;
	uint64_t next_serial;
	uint64_t next_index;
};

struct line_record {
	struct record_file *file;
	struct line_log *logs;
};

/* ---- writing ---- */

int line_record_open(struct line_record **ret, int fd, unsigned worker_count)
{
	struct line_record *record = calloc(1, sizeof *record);
	int error = -ENOMEM;

	if (!record)
		return error;
	error = record_file_open(&record->file, fd, &kind, worker_count, NULL);
	if (error)
		goto out;
	error = -ENOMEM;
	record->logs = calloc(worker_count, sizeof *record->logs);
	if (!record->logs)
		goto out;
	for (unsigned i = 0; i < worker_count; i++) {
		struct line_log *log = &record->logs[i];

		log->region = record_file_region(record->file, i);
		log->slot_count = log->region->areas[0].slot_count;
		log->next_serial =
			atomic_load_explicit(&log->region->counters[COUNTER_END_SERIAL], memory_order_relaxed);
		log->next_index = log->next_serial % log->slot_count;
	}
	if (record->logs[0].slot_count < ENTRY_MAX_SLOTS) {
		error = -EFBIG;
		goto out;
	}
	*ret = record;
	return 0;
out:
	line_record_close(record);
	return error;
}

void line_record_close(struct line_record *record)
{
	if (!record)
		return;
	free(record->logs);
	record_file_close(record->file);
	free(record);
}

struct line_log *line_record_log(struct line_record *record, unsigned worker)
{
	return record ? &record->logs[worker] : NULL;
}

/* An entry on its way into slots. */
struct filling {
	struct line_log *log;
	struct line_slot *slot; /* NULL: none is begun */
	size_t slot_bytes;      /* of its data that are filled */
	bool has_first;
};

static void end_slot(struct filling *filling)
{
	record_slot_end(&filling->slot->head, filling->log->region->epoch);
	filling->slot = NULL;
}

static void begin_slot(struct filling *filling)
{
	struct line_log *log = filling->log;
	unsigned char *at = log->region->areas[0].slots + log->next_index * LINE_RECORD_SLOT_BYTES;

	filling->slot = (void *)at;
	filling->slot_bytes = 0;
	record_slot_begin(&filling->slot->head);
	filling->slot->serial = log->next_serial++;
	filling->slot->is_first = !filling->has_first;
	filling->has_first = true;
	log->next_index = log->next_index + 1 == log->slot_count ? 0 : log->next_index + 1;
	/* The one behind it was left alone for a whole round of the ring. */
	__builtin_prefetch(log->region->areas[0].slots + log->next_index * LINE_RECORD_SLOT_BYTES, 1);
}

static void fill(struct filling *filling, const void *bytes, size_t count)
{
	const char *from = bytes;

	while (count) {
		size_t part;

		if (!filling->slot)
			begin_slot(filling);
		part = DATA_BYTES - filling->slot_bytes;
		part = count < part ? count : part;
		memcpy(filling->slot->data + filling->slot_bytes, from, part);
		filling->slot_bytes += part;
		from += part;
		count -= part;
		if (filling->slot_bytes == DATA_BYTES)
			end_slot(filling);
	}
}

void line_log_write(struct line_log *log, uint64_t time_ms, struct view group, struct view line)
{
	_Atomic uint64_t *counters = log->region->counters;
	struct filling filling = { .log = log };
	struct line_head head = { .number = atomic_load_explicit(&counters[COUNTER_LINES], memory_order_relaxed),
		.time_ms = time_ms,
		.line_bytes = (uint32_t)line.count,
		.group_bytes = (uint16_t)group.count };

	/* Numbered all the same: it counts as lost. */
	record_add(&counters[COUNTER_LINES], 1);
	if (group.count > LINE_RECORD_GROUP_MAX_BYTES || line.count > LINE_RECORD_LINE_MAX_BYTES)
		return;
	fill(&filling, &head, sizeof head);
	fill(&filling, group.at, group.count);
	fill(&filling, line.at, line.count);
	if (filling.slot)
		end_slot(&filling);
	atomic_store_explicit(&counters[COUNTER_END_SERIAL], log->next_serial, memory_order_release);
}

/* ---- reading ---- */

/* A walk along one ring. */
struct following {
	struct line_cursor *cursor;
	uint64_t end_serial;
	uint64_t due_serial; /* of the next slot, within the ring's part that is read */
	line_record_visit *visit;
	void *context;
	uint64_t lost_count;
	bool counts_lost; /* false until a number is known that a missing line could be told from */
	size_t count;     /* bytes of the entry that is put together; 0: its first slot is awaited */
	char bytes[ENTRY_MAX_SLOTS * DATA_BYTES];
};

/* The whole entry's bytes once its head is there; 0 if no writer made that head. */
static size_t entry_bytes(const struct following *following, struct line_head *ret)
{
	memcpy(ret, following->bytes, sizeof *ret);
	if (ret->line_bytes > LINE_RECORD_LINE_MAX_BYTES || ret->group_bytes > LINE_RECORD_GROUP_MAX_BYTES)
		return 0;
	return sizeof *ret + ret->group_bytes + ret->line_bytes;
}

static int visit_entry(struct following *following, const struct line_head *head)
{
	struct line_cursor *cursor = following->cursor;
	struct view group = view_from(following->bytes + sizeof *head, head->group_bytes);
	struct view line = view_from(group.at + group.count, head->line_bytes);

	/* A number that went back is no writer's: the line is taken, and nothing concluded. */
	if (following->counts_lost && head->number > cursor->number)
		following->lost_count += head->number - cursor->number;
	following->counts_lost = true;
	cursor->number = head->number + 1;
	cursor->serial = following->due_serial;
	return following->visit(following->context, head->time_ms, group, line);
}

static int take_slot(void *context, unsigned area, const void *bytes)
{
	struct following *following = context;
	const struct line_slot *slot = bytes;
	struct line_head head;
	size_t whole;

	(void)area;
	if (slot->serial < following->due_serial || slot->serial >= following->end_serial)
		return 0; /* overwritten by then, or never written in this round */
	if (slot->serial != following->due_serial)
		following->count = 0;
	following->due_serial = slot->serial + 1;
	if (slot->is_first)
		following->count = 0;
	else if (following->count == 0)
		return 0;
	if (following->count + DATA_BYTES > sizeof following->bytes) {
		following->count = 0;
		return 0;
	}
	memcpy(following->bytes + following->count, slot->data, DATA_BYTES);
	following->count += DATA_BYTES;
	whole = entry_bytes(following, &head);
	if (whole > following->count)
		return 0;
	following->count = 0;
	return whole ? visit_entry(following, &head) : 0;
}

int line_record_worker_count(int fd)
{
	struct record_region_state state;
	int error = record_file_look(fd, &kind, 0, &state);

	return error ? error : (int)state.region_count;
}

/* Where reading begins: behind the cursor, or with the oldest slot that there still is. */
static void find_start(struct following *following, const struct record_region_state *state)
{
	struct line_cursor *cursor = following->cursor;
	uint64_t slot_count = state->slot_counts[0];

	following->end_serial = state->counters[COUNTER_END_SERIAL];
	following->counts_lost = cursor->epoch != 0;
	/* Ahead of its own file: the end went back with a writer that was killed. What is there was read. */
	if (cursor->epoch == state->epoch && cursor->serial > following->end_serial)
		cursor->serial = following->end_serial;
	if (cursor->epoch != state->epoch)
		*cursor = (struct line_cursor){ .epoch = state->epoch };
	if (following->end_serial - cursor->serial > slot_count)
		cursor->serial = following->end_serial - slot_count;
	following->due_serial = cursor->serial;
}

int line_record_follow(int fd, unsigned worker, struct line_cursor *cursor, line_record_visit *visit, void *context,
	uint64_t *ret_lost_count)
{
	struct record_region_state state;
	struct following *following;
	int result = record_file_look(fd, &kind, worker, &state);

	*ret_lost_count = 0;
	if (result)
		return result;
	if (cursor->epoch == state.epoch && cursor->serial == state.counters[COUNTER_END_SERIAL])
		return 0;
	following = malloc(sizeof *following);
	if (!following)
		return -ENOMEM;
	*following = (struct following){ .cursor = cursor, .visit = visit, .context = context };
	find_start(following, &state);
	while (!result && following->due_serial < following->end_serial) {
		uint64_t first = following->due_serial % state.slot_counts[0];
		uint64_t count = following->end_serial - following->due_serial, to_end = state.slot_counts[0] - first;
		uint64_t behind = following->due_serial + (count < to_end ? count : to_end);

		result = record_file_read(
			fd, &kind, worker, 0, first, behind - following->due_serial, take_slot, following);
		if (!result)
			following->due_serial = behind;
	}
	/* What is behind the last whole entry was overwritten in part, or is damaged: it is never going to be whole. */
	if (!result)
		cursor->serial = following->end_serial;
	*ret_lost_count = following->lost_count;
	free(following);
	return result;
}
