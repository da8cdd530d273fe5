/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Access log lines become log events. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/base/table.h"
#include "appliance/control/logs/groups.h"
#include "appliance/control/logs/logs.h"
#include "appliance/control/state.h"
#include "appliance/observe/line_record.h"

/* Lines of one transaction, and how long all of them may take at a time: calls wait meanwhile. */
enum { LINES_AT_ONCE = 5000, INTAKE_BUDGET_MS = 250 };

/* Bytes of one transaction's lines: what a nearly full database has room for above its bound. */
#define BYTES_AT_ONCE ((size_t)1 << 20)

/* ---- names of streams ---- */

#define STREAM_NAME_BYTES 32

static uint32_t rotate(uint32_t word, unsigned count)
{
	return word << count | word >> (32 - count);
}

/* MD5 (RFC 1321) of a text of at most 55 bytes, as hexadecimal digits. A name, nothing that anybody relies on. */
static void write_stream_name(char ret[STREAM_NAME_BYTES + 1], const char *text)
{
	static const unsigned char turns[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 },
		{ 6, 10, 15, 21 } };
	const uint32_t start[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint32_t a = start[0], b = start[1], c = start[2], d = start[3], words[16] = { 0 }, sums[4];
	size_t count = strlen(text);

	memcpy(words, text, count);
	words[count / 4] |= UINT32_C(0x80) << 8 * (count % 4);
	words[14] = (uint32_t)count * 8;
	for (unsigned i = 0; i < 64; i++) {
		uint32_t mix = i < 16   ? (b & c) | (~b & d)
			       : i < 32 ? (d & b) | (~d & c)
			       : i < 48 ? b ^ c ^ d
					: c ^ (b | ~d);
		unsigned word = i < 16 ? i : i < 32 ? (5 * i + 1) % 16 : i < 48 ? (3 * i + 5) % 16 : 7 * i % 16;
		uint32_t sine = (uint32_t)(int64_t)(fabs(sin(i + 1)) * 4294967296.0), next = b;

		next += rotate(a + mix + sine + words[word], turns[i / 16][i % 4]);
		a = d;
		d = c;
		c = b;
		b = next;
	}
	sums[0] = start[0] + a;
	sums[1] = start[1] + b;
	sums[2] = start[2] + c;
	sums[3] = start[3] + d;
	for (unsigned i = 0; i < 16; i++)
		snprintf(ret + 2 * i, 3, "%02x", sums[i / 4] >> 8 * (i % 4) & 0xff);
}

/* ---- one batch ---- */

/* A group that lines of the batch are for. */
struct destination {
	int64_t stream; /* 0: there is no such group */
	char name[];
};

struct batch {
	struct control *control;
	struct table destinations; /* by name */
	const struct destination *last;
	struct view last_name;
	unsigned worker;
	int64_t now_ms;
	int count;
	size_t bytes;
	bool has_begun; /* the transaction: only if there is anything to be written */
	uint64_t stored_count, ungrouped_count;
};

/* The worker's stream in the group of that record, made if there is none. */
static int find_stream(struct batch *batch, struct view group_name, int64_t *ret)
{
	struct log_events *events = batch->control->logs.events;
	char number[16], name[STREAM_NAME_BYTES + 1], group[LINE_RECORD_GROUP_MAX_BYTES + 1];
	struct json JSON_CLEANUP *body = NULL;
	struct store_record record;
	int error;

	*ret = 0;
	/* The gateway is not believed: a name that would be cut is none. */
	if (view_find_byte(group_name, '\0') != VIEW_NOWHERE)
		return 0;
	snprintf(group, sizeof group, VIEW_FMT, VIEW_ARG(group_name));
	error = store_get(batch->control->store, STORE_loggroup, group, &record);
	if (error < 0)
		return error == -ENOENT ? 0 : error;
	error = json_parse(view_from(record.body, record.body_bytes), NULL, &body, NULL);
	store_record_fini(&record);
	if (error < 0)
		return -EUCLEAN;
	snprintf(number, sizeof number, "%u", batch->worker);
	write_stream_name(name, number);
	error = log_events_find_stream(events, log_group_key(body), view_from_text(name), ret);
	if (error == -ENOENT)
		error = log_events_create_stream(events, log_group_key(body), view_from_text(name), batch->now_ms, ret);
	return error;
}

static int find_destination(struct batch *batch, struct view group)
{
	struct destination *destination;
	int error;

	if (batch->last && view_equals(batch->last_name, group))
		return 0;
	destination = table_find(&batch->destinations, group);
	if (!destination) {
		destination = malloc(sizeof *destination + group.count);
		ASSERT(destination);
		memcpy(destination->name, group.at, group.count);
		error = find_stream(batch, group, &destination->stream);
		if (error == 0)
			error = table_add(&batch->destinations, view_from(destination->name, group.count), destination);
		if (error < 0) {
			free(destination);
			return error;
		}
	}
	batch->last = destination;
	batch->last_name = view_from(destination->name, group.count);
	return 0;
}

/* Messages are texts: what is none, of what a client sent, shows as question marks. */
static void make_text(char *text, size_t count)
{
	for (size_t done = 0; done < count;) {
		size_t bytes = text[done] ? view_utf8_character(view_from(text + done, count - done), NULL) : 0;

		if (bytes == 0)
			text[done] = '?';
		done += bytes ? bytes : 1;
	}
}

static int put_line(struct batch *batch, uint64_t time_ms, struct view line)
{
	static char text[LINE_RECORD_LINE_MAX_BYTES]; /* one thread's */
	struct log_event event = { .stream = batch->last->stream,
		.time_ms = time_ms < (uint64_t)INT64_MAX / 2 ? (int64_t)time_ms : batch->now_ms,
		.arrived_ms = batch->now_ms,
		.message = view_from(text, line.count) };

	memcpy(text, line.at, line.count);
	make_text(text, line.count);
	return log_events_put(batch->control->logs.events, &event);
}

static int begin(struct batch *batch)
{
	int error = batch->has_begun ? 0 : log_events_begin(batch->control->logs.events);

	batch->has_begun = batch->has_begun || error == 0;
	return error;
}

/* Stops by 1 when the batch is full. */
static int take_line(void *context, uint64_t time_ms, struct view group, struct view line)
{
	struct batch *batch = context;
	int error = begin(batch);

	if (error == 0)
		error = find_destination(batch, group);
	if (error == 0 && batch->last->stream)
		error = put_line(batch, time_ms, line);
	if (error < 0)
		return error;
	if (batch->last->stream)
		batch->stored_count++;
	else
		batch->ungrouped_count++;
	batch->bytes += line.count;
	return ++batch->count == LINES_AT_ONCE || batch->bytes >= BYTES_AT_ONCE;
}

static void forget_destinations(struct batch *batch)
{
	struct destination *destination;
	size_t cursor = 0;

	while ((destination = table_next(&batch->destinations, &cursor, NULL)))
		free(destination);
	table_fini(&batch->destinations);
}

static void count_lines(struct control *control, const struct batch *batch, uint64_t lost_count)
{
	counters_add(control->counts, COUNTERS_log_group_lines, COUNTERS_LOG_LINES_STORED, batch->stored_count);
	counters_add(control->counts, COUNTERS_log_group_lines, COUNTERS_LOG_LINES_NO_GROUP, batch->ungrouped_count);
	counters_add(control->counts, COUNTERS_log_group_lines, COUNTERS_LOG_LINES_LOST, lost_count);
	control->logs.lost_count += lost_count;
	control->logs.ungrouped_count += batch->ungrouped_count;
}

/* Keep how far the batch came, with what became of its lines. */
static int finish(struct batch *batch, const struct line_cursor *cursor)
{
	const struct log_line_cursor kept = { cursor->epoch, cursor->serial, cursor->number };
	int error = begin(batch);

	if (error == 0)
		error = log_events_put_cursor(batch->control->logs.events, batch->worker, &kept);
	return error < 0 ? error : log_events_commit(batch->control->logs.events);
}

/* A batch of one worker's lines: 1 if there is more, 0 if not, or a negative errno; then nothing has happened. */
static int take_batch(struct control *control, unsigned worker)
{
	struct log_events *events = control->logs.events;
	struct batch batch = { .control = control, .worker = worker, .now_ms = (int64_t)clock_wall_ms() };
	struct log_line_cursor kept;
	struct line_cursor cursor;
	uint64_t lost_count = 0;
	int result = log_events_get_cursor(events, worker, &kept), error;

	if (result < 0)
		return result;
	table_init(&batch.destinations);
	cursor = (struct line_cursor){ kept.epoch, kept.serial, kept.number };
	result = line_record_follow(control->settings.line_record_fd, worker, &cursor, take_line, &batch, &lost_count);
	error = result;
	if (result >= 0 && (cursor.epoch != kept.epoch || cursor.serial != kept.serial))
		error = finish(&batch, &cursor);
	if (error < 0)
		log_events_rollback(events);
	else
		count_lines(control, &batch, lost_count);
	forget_destinations(&batch);
	return error < 0 ? error : result;
}

void logs_take_lines(struct control *control)
{
	uint64_t until_ms = clock_monotonic_ms() + INTAKE_BUDGET_MS;
	int count, error = 0;

	if (!control->logs.events || control->settings.line_record_fd < 0)
		return;
	count = line_record_worker_count(control->settings.line_record_fd);
	/* What one worker's lines fail with is no reason to leave the others'. */
	for (int worker = 0; worker < count; worker++) {
		int result;

		do
			result = take_batch(control, (unsigned)worker);
		while (result == 1 && clock_monotonic_ms() < until_ms);
		if (result < 0 && result != -ENODATA)
			error = result;
	}
	if (error < 0)
		log_error("access log lines can't be stored as log events; it is tried again", LOG_ERRNO(error));
}
