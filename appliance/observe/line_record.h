/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * line_record: access log lines on their way from the gateway to their log groups, on disk, in lines.record.
 *
 *	worker ── line_log_write() ──► ring of the worker ── line_record_follow() ──► control ──► logs.db (store/log_events.h)
 *
 * A stage whose access log has a log group as its destination has each line written here besides the access log. Each worker has
 * a ring of small slots (record_file.h): a line takes as many consecutive ones as it needs, and is there for readers when all of
 * them are written, by one store of the ring's end. So the gateway neither waits nor allocates, a gateway that is killed leaves no
 * half lines, and what it wrote is read after its death too.
 *
 * Control follows the rings, several times a second, and keeps how far it came in the same transaction as the events that it made
 * of them: killed at any instant it neither loses a line nor takes one twice. While it is down the rings hold the lines: as many as
 * fit into line_record_kb, a line of 200 bytes taking one slot of LINE_RECORD_SLOT_BYTES, one of 450 two. Beyond that the
 * oldest are overwritten. Lines are numbered, so that the reader knows how many it missed: they are counted
 * (postern_log_group_lines_total) and told. A ring that is begun anew (another line_record_kb, another number of workers) forgets
 * what control had not read by then.
 *
 * The reader trusts nothing (record_file.h): lengths are checked against what was read, numbers and serials against what is due.
 *
 * Threads: a log is its worker's; the reader may be another process. Not here: which stage has which group (model), what
 * becomes of the lines (control/logs).
 */
#ifndef POSTERN_OBSERVE_LINE_RECORD_H
#define POSTERN_OBSERVE_LINE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/observe/record_file.h"

#define LINE_RECORD_SLOT_BYTES 256

/* Longest name of a log group. Source: CloudWatch Logs API Reference, CreateLogGroup. */
#define LINE_RECORD_GROUP_MAX_BYTES 512

/* Longest line: as much as a worker's buffer holds (observe.h). */
#define LINE_RECORD_LINE_MAX_BYTES 65536

struct line_record; /* the file, for the gateway */
struct line_log;    /* of one worker */

/*
 * Map the file behind `fd` (borrowed) for `worker_count` workers. As record_file_open(), and -EFBIG too if a ring would have no
 * room for the longest line.
 */
int line_record_open(struct line_record **ret, int fd, unsigned worker_count) __attribute__((warn_unused_result));
void line_record_close(struct line_record *record);

/* The log of a worker; NULL if `record` is. */
struct line_log *line_record_log(struct line_record *record, unsigned worker);

/* Write a line (without its newline) for the group of that name. What is longer than the limits is not written. */
void line_log_write(struct line_log *log, uint64_t time_ms, struct view group, struct view line);

/* ---- reading ---- */

/* How far a reader came in one worker's ring. All 0: nothing was read yet. */
struct line_cursor {
	uint32_t epoch;  /* of the file */
	uint64_t serial; /* of the slot that is read next */
	uint64_t number; /* of the line that is due next */
};

/* One line; views are gone after the call and hold any bytes. Non-zero ends the walk, with the line counted as read. */
typedef int line_record_visit(void *context, uint64_t time_ms, struct view group, struct view line);

/* How many workers' rings the file behind `fd` has; -ENODATA if it is none (yet), or what the system said. */
int line_record_worker_count(int fd) __attribute__((warn_unused_result));

/*
 * Visit the lines that a worker wrote behind `cursor`, and move it. `*ret_lost_count` is how many lines before those were
 * overwritten before they were read. Returns 0 or what `visit` returned; -ENODATA as above; -ENOMEM or what the system said, with
 * the cursor behind the last line that was visited.
 */
int line_record_follow(int fd, unsigned worker, struct line_cursor *cursor, line_record_visit *visit, void *context,
	uint64_t *ret_lost_count) __attribute__((warn_unused_result));

#endif
