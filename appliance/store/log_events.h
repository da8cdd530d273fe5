/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log_events: the events of log groups, in a database of their own (logs.db): bulk data, which has no place in the store.
 *
 * Log groups themselves (name, retention, tags) are records of the store; each has a key that no other group ever had, and here
 * that key is all that is known of a group. A group holds streams, a stream holds events: a time, a time of arrival, a message,
 * and a serial number in order of arrival. Events are read in order of (time, serial).
 *
 * Everything that changes something happens within a transaction, log_events_begin() … log_events_commit(), which is on the disk
 * when that returns 0 (WAL, synchronous=FULL) and has not happened otherwise: a process that is killed in the middle leaves no half
 * batch. How far the access log's lines were taken over (line cursors) is kept by the same transaction as the events made of
 * them.
 *
 * Bounds: FILE never takes more than `max_bytes` (4 MiB more or less), nor more than an eighth of its file system; where it
 * does, log_events_shrink() takes the oldest events away, whatever their group. FILE-wal is bounded by LOG_EVENTS_WAL_BYTES. Events
 * that are older than their group's retention go by log_events_expire(), events of groups that are gone by
 * log_events_drop_group(): a limited number at a time, so that nobody waits long.
 *
 * A damaged file is put aside as FILE.damaged and begun anew: what is lost is no reason not to start. Not part of a backup.
 *
 * Life cycle: log_events_open() … log_events_close(). Threads: one at a time. Processes: one.
 * Not here: rules for names, retention, AWS's errors (control/logs).
 */
#ifndef POSTERN_STORE_LOG_EVENTS_H
#define POSTERN_STORE_LOG_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Largest message: AWS's is 256 KB with its 26 bytes of overhead. */
#define LOG_EVENTS_MESSAGE_MAX_BYTES ((size_t)256 * 1024)

/* What each event counts besides its message in stored bytes. Source: CloudWatch Logs API Reference, PutLogEvents. */
#define LOG_EVENTS_OVERHEAD_BYTES 26

/* Least that a database is allowed. */
#define LOG_EVENTS_MIN_BYTES ((uint64_t)1 << 20)

/* FILE-wal is cut to that after each commit; within a transaction it holds what that changes. */
#define LOG_EVENTS_WAL_BYTES ((uint64_t)4 << 20)

struct log_events;

struct log_event {
	int64_t serial; /* in order of arrival; greater than 0 */
	int64_t stream; /* id of its stream */
	int64_t time_ms;
	int64_t arrived_ms;
	struct view message; /* UTF-8 */
};

/* What is known of a stream. */
struct log_stream {
	int64_t id;
	struct view name;
	int64_t created_ms;
	int64_t first_ms, last_ms; /* times of its events; negative: it has none */
	int64_t last_arrived_ms;   /* negative: it never had one */
};

/*
 * Open `path`, making it if there is none. `*ret_message` as store_open(). Returns 0; -EBUSY if another process has it; -ENOSPC,
 * -EROFS, -EACCES, -EIO.
 */
int log_events_open(struct log_events **ret, const char *path, uint64_t max_bytes, const char **ret_message)
	__attribute__((warn_unused_result));
void log_events_close(struct log_events *events);

/* ---- transactions ---- */

int log_events_begin(struct log_events *events) __attribute__((warn_unused_result));
int log_events_commit(struct log_events *events) __attribute__((warn_unused_result));
void log_events_rollback(struct log_events *events); /* no-op without one */

/* ---- streams; those that change something within a transaction ---- */

/* Make a stream. 0 with its id (`ret_id` may be NULL); -EEXIST. */
int log_events_create_stream(struct log_events *events, struct view group, struct view name, int64_t now_ms,
	int64_t *ret_id) __attribute__((warn_unused_result));

/* Remove a stream with its events; of very many, the rest goes with groups that are no more. -ENOENT. */
int log_events_delete_stream(struct log_events *events, struct view group, struct view name)
	__attribute__((warn_unused_result));

/* The id of a stream: 0, or -ENOENT. */
int log_events_find_stream(struct log_events *events, struct view group, struct view name, int64_t *ret_id)
	__attribute__((warn_unused_result));

/* How many streams a group has: a number, or a negative errno. */
int64_t log_events_stream_count(struct log_events *events, struct view group) __attribute__((warn_unused_result));

/* Views are gone after the call. Non-zero ends the walk. */
typedef int log_stream_visit(void *context, const struct log_stream *stream);

enum log_stream_order { LOG_STREAM_BY_NAME, LOG_STREAM_BY_LAST_EVENT };

/* Visit the streams of a group, those without events as the earliest. 0 or what `visit` returned, or a negative errno. */
int log_events_each_stream(struct log_events *events, struct view group, enum log_stream_order order, bool descending,
	log_stream_visit *visit, void *context) __attribute__((warn_unused_result));

/* ---- events ---- */

/* Add one, within a transaction; `event->serial` is not asked for. -EMSGSIZE, -ENOENT if there is no such stream. */
int log_events_put(struct log_events *events, const struct log_event *event) __attribute__((warn_unused_result));

/* A place between events: before the event of that time and serial, if there is one. */
struct log_position {
	int64_t time_ms, serial;
};

struct log_query {
	struct view group;
	int64_t stream;            /* of it alone; 0: of the whole group */
	struct log_position after; /* from there on */
	struct log_position before;
	bool descending;
};

/* From the beginning to the end of time. */
#define LOG_QUERY_ALL(group_) ((struct log_query){ .group = (group_), .before = { INT64_MAX, INT64_MAX } })

/* The view is gone after the call. Non-zero ends the walk. */
typedef int log_event_visit(void *context, const struct log_event *event);

/* Visit events in order of (time, serial), or backwards. 0 or what `visit` returned, or a negative errno. */
int log_events_each(struct log_events *events, const struct log_query *query, log_event_visit *visit, void *context)
	__attribute__((warn_unused_result));

/* Bytes of a group's events as AWS counts them, or a negative errno. */
int64_t log_events_bytes(struct log_events *events, struct view group) __attribute__((warn_unused_result));

/* ---- looking after; each within a transaction of its own, removing `max_count` events at most: how many, or a negative errno ---- */

/* Events of a group before a time. */
int log_events_expire(struct log_events *events, struct view group, int64_t before_ms, int max_count)
	__attribute__((warn_unused_result));

/* A group that is no more: its events and, once there are none, its streams and itself. */
int log_events_drop_group(struct log_events *events, struct view group, int max_count)
	__attribute__((warn_unused_result));

/* The oldest events while the file is too large, and once if something did not fit into it. */
int log_events_shrink(struct log_events *events, int max_count) __attribute__((warn_unused_result));

/* Keys of all groups that anything is known of. Views are gone after the call; nothing may be changed from it. */
typedef int log_group_visit(void *context, struct view group);
int log_events_each_group(struct log_events *events, log_group_visit *visit, void *context)
	__attribute__((warn_unused_result));

/* Bytes that the file takes with what it holds, and how many it may take. */
int log_events_used_bytes(struct log_events *events, uint64_t *ret_used, uint64_t *ret_max)
	__attribute__((warn_unused_result));

/* ---- how far the access log's lines were taken over (observe/line_record.h), by worker ---- */

struct log_line_cursor {
	uint32_t epoch;
	uint64_t serial, number;
};

/* All 0 if none was kept. */
int log_events_get_cursor(struct log_events *events, unsigned worker, struct log_line_cursor *ret)
	__attribute__((warn_unused_result));

/* Within a transaction. */
int log_events_put_cursor(struct log_events *events, unsigned worker, const struct log_line_cursor *cursor)
	__attribute__((warn_unused_result));

#endif
