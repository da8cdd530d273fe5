/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/observe.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"
#include "appliance/loop/timer.h"
#include "appliance/observe/line_record.h"

struct observe_worker {
	struct loop *loop;
	struct counters_slot *counters;
	int log_fd;
	uint64_t held_lines;
	struct timer timer;
	struct request_id_generator ids;
	struct client_table *clients;
	struct request_log *requests;
	struct line_log *lines;
	struct table formats; /* text → struct access_format */
	const struct access_format *last_format;
	struct buffer buffer;
	char bytes[OBSERVE_BUFFER_BYTES];
};

struct observe_worker *observe_new(struct loop *loop, int log_fd, struct counters_slot *counters)
{
	struct observe_worker *worker = calloc(1, sizeof *worker);

	if (!worker)
		return NULL;
	worker->loop = loop;
	worker->log_fd = log_fd;
	worker->counters = counters;
	buffer_init_fixed(&worker->buffer, worker->bytes, sizeof worker->bytes);
	request_id_seed(&worker->ids);
	return worker;
}

static void forget_formats(struct observe_worker *worker)
{
	struct access_format *format;
	size_t cursor = 0;

	worker->last_format = NULL;
	while ((format = table_next(&worker->formats, &cursor, NULL)))
		access_format_free(format);
	table_fini(&worker->formats);
	table_init(&worker->formats);
}

void observe_free(struct observe_worker *worker)
{
	if (!worker)
		return;
	observe_flush(worker);
	forget_formats(worker);
	free(worker);
}

void observe_set_log(struct observe_worker *worker, int log_fd)
{
	observe_flush(worker);
	worker->log_fd = log_fd;
}

struct request_id_generator *observe_ids(struct observe_worker *worker)
{
	return &worker->ids;
}

void observe_set_records(struct observe_worker *worker, struct client_table *clients, struct request_log *requests,
	struct line_log *lines)
{
	worker->clients = clients;
	worker->requests = requests;
	worker->lines = lines;
}

struct client_table *observe_clients(const struct observe_worker *worker)
{
	return worker->clients;
}

struct request_log *observe_requests(const struct observe_worker *worker)
{
	return worker->requests;
}

struct counters_slot *observe_counters(struct observe_worker *worker)
{
	return worker->counters;
}

/* --- the log ---------------------------------------------------------------------------------------------------------- */

void observe_flush(struct observe_worker *worker)
{
	struct view left = buffer_view(&worker->buffer);
	bool lost = false;

	timer_disarm(worker->loop, &worker->timer);
	while (left.count && !lost) {
		ssize_t written = write(worker->log_fd, left.at, left.count);

		if (written > 0)
			left = view_after(left, (size_t)written);
		else if (written == 0 || errno != EINTR)
			lost = true;
	}
	if (worker->held_lines)
		counters_add(worker->counters, COUNTERS_access_log_lines, lost ? COUNTERS_FAILED : COUNTERS_OK,
			worker->held_lines);
	worker->held_lines = 0;
	buffer_reset(&worker->buffer);
}

static void flush_is_due(struct timer *timer)
{
	observe_flush(CONTAINER_OF(timer, struct observe_worker, timer));
}

/* The compiled form of a format; NULL if it can't be compiled. */
static const struct access_format *format_of(struct observe_worker *worker, struct view text)
{
	struct access_format *format;

	if (worker->last_format && view_equals(access_format_text(worker->last_format), text))
		return worker->last_format;
	format = table_find(&worker->formats, text);
	if (!format) {
		if (worker->formats.count >= OBSERVE_FORMATS_MAX)
			forget_formats(worker);
		format = access_format_new(text);
		if (format && table_add(&worker->formats, access_format_text(format), format) < 0) {
			access_format_free(format);
			format = NULL;
		}
	}
	worker->last_format = format;
	return format;
}

/* False if the line does not fit; then the buffer holds what it held. */
static bool try_line(
	struct observe_worker *worker, const struct access_format *format, const struct access_record *record)
{
	size_t before = worker->buffer.count;

	if (format)
		access_format_write(format, record, &worker->buffer);
	else
		access_format_write_json(record, &worker->buffer);
	if (!buffer_error(&worker->buffer))
		return true;
	/* The lines before it stay, and are written, so that its error does not stick to them. */
	buffer_truncate(&worker->buffer, before);
	observe_flush(worker);
	return false;
}

/* A line for the log groups of a stage. */
static void write_groups(
	struct observe_worker *worker, const struct observe_access *access, uint64_t time_ms, struct view line)
{
	static const struct view canary = VIEW_INIT("/Canary");
	char name[LINE_RECORD_GROUP_MAX_BYTES];
	struct view group = access->log_group;

	line_log_write(worker->lines, time_ms, group, line);
	if (!access->is_canary || group.count + canary.count > sizeof name)
		return;
	memcpy(name, group.at, group.count);
	memcpy(name + group.count, canary.at, canary.count);
	line_log_write(worker->lines, time_ms, view_from(name, group.count + canary.count), line);
}

/* The line that was written last, which began at `start`, for its log groups as well. Without a log it is not kept. */
static void pass_on(struct observe_worker *worker, size_t start, const struct observe_access *access,
	const struct access_record *record)
{
	struct view line = view_after(buffer_view(&worker->buffer), start);

	if (access->log_group.count && worker->lines)
		write_groups(worker, access, record->request_time_ms > 0 ? (uint64_t)record->request_time_ms : 0,
			view_part(line, 0, line.count - 1));
	if (worker->log_fd < 0)
		buffer_truncate(&worker->buffer, start);
}

/*
 * A client shall not be able to keep its request out of the log by making its line long: a line that does not fit behind the others
 * has the whole buffer, which any line of Postern's own fits in; a format that repeats long values gives way to that one.
 */
static void write_line(
	struct observe_worker *worker, const struct observe_access *access, const struct access_record *record)
{
	const struct access_format *format = access->format.count ? format_of(worker, access->format) : NULL;
	size_t start;

	if (worker->buffer.count > OBSERVE_BUFFER_BYTES - OBSERVE_LINE_MAX_BYTES)
		observe_flush(worker);
	start = worker->buffer.count;
	/* After a first attempt that failed, the buffer is empty. */
	if (!try_line(worker, format, record)) {
		start = 0;
		if (!try_line(worker, format, record) && !try_line(worker, NULL, record)) {
			counters_up(worker->counters, COUNTERS_access_log_lines, COUNTERS_FAILED);
			return;
		}
	}
	pass_on(worker, start, access, record);
	if (worker->log_fd < 0)
		return;
	worker->held_lines++;
	if (!timer_is_armed(&worker->timer))
		timer_arm(worker->loop, &worker->timer, OBSERVE_DELAY_MS, flush_is_due);
}

/* --- an exchange is over ---------------------------------------------------------------------------------------------- */

void observe_finish(struct observe_worker *worker, struct observe_access access, const struct access_record *record)
{
	struct counters_slot *slot = worker->counters;

	if (record->status >= 100 && record->status <= 599)
		counters_up(slot, COUNTERS_requests, (unsigned int)(record->status / 100 - 1));
	if (record->response_latency_us >= 0)
		counters_time(slot, COUNTERS_request_time, (uint64_t)record->response_latency_us);
	if (record->request_length_bytes > 0)
		counters_add(slot, COUNTERS_body_bytes, COUNTERS_RECEIVED, (uint64_t)record->request_length_bytes);
	if (record->response_length_bytes > 0)
		counters_add(slot, COUNTERS_body_bytes, COUNTERS_SENT, (uint64_t)record->response_length_bytes);
	if (worker->log_fd >= 0 || (access.log_group.count && worker->lines))
		write_line(worker, &access, record);
}
