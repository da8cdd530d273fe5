/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logs: CloudWatch Logs, as far as API Gateway needs it: groups, streams, events, and the access log lines that become events.
 *
 * A log group is a record of the store (STORE_loggroup) with a key of its own; its streams and events are in logs.db
 * (store/log_events.h), which knows the group by that key alone. So a group that is deleted is gone at once, with its record, and
 * one that is made again under the same name begins empty; what was in it is cleared away bit by bit, but not while changes are on
 * trial (checkpoint.h).
 *
 * Lines come from the gateway through lines.record (observe/line_record.h). They are fetched LOGS_INTAKE_MS after one another, and
 * before anything is read: what was answered a moment ago is there. A line of a group that does not exist, or no more, is dropped and
 * counted, as are lines that were overwritten before they were fetched (postern_log_group_lines_total, and a warning once a
 * minute). Each gateway worker has a stream in each group, with the name that API Gateway gives it: the MD5 digest of its number.
 *
 * Without logs.db (disk full, read-only) everything else works on: the operations answer 503, lines wait in lines.record as long as they
 * have room, and it is tried again.
 *
 * Threads: the operations thread, but for what is said to be the loop's.
 */
#ifndef POSTERN_CONTROL_LOGS_H
#define POSTERN_CONTROL_LOGS_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/control/worker.h"
#include "appliance/loop/timer.h"
#include "appliance/store/log_events.h"

/* How often lines are fetched: lines.record has to hold what the gateway writes meanwhile. */
#define LOGS_INTAKE_MS 200

/* How often it is tried to open logs.db, and how often retention is looked after when there is nothing left to do. */
#define LOGS_RETRY_MS 10000
#define LOGS_KEEP_MS 60000

struct control;

struct logs {
	struct log_events *events; /* NULL: it can't be used now */
	uint64_t retry_ms;         /* monotonic: not before */
	uint64_t keep_ms;          /* likewise, for retention */

	/* Fetching lines. */
	struct timer timer;    /* the loop's */
	struct worker_job job; /* the loop's, while `posted` is false */
	_Atomic bool posted;

	/* Lines that were dropped, and events that gave way, which are not told yet; and when to tell. */
	uint64_t lost_count, ungrouped_count, displaced_count, tell_ms;
};

/* Open logs.db; what fails is logged, and tried again later. Then have lines fetched from now on, by the loop's timer. */
void logs_open(struct control *control);

/* No more timer: before the operations thread is stopped; the loop's. Then, when it has ended: close. */
void logs_stop(struct control *control);
void logs_close(struct control *control);

/* Fetch the lines that are there. */
void logs_take_lines(struct control *control);

/* Each second: open what is not open, keep the bounds, retention, clear away what was in groups that are gone; tell. */
void logs_look_after(struct control *control);

#endif
