/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe: what is written down about each request: its access log line and the counters, and the ids it is known by.
 *
 * A worker collects lines in its own buffer and gives them to the O_APPEND descriptor in one write when the buffer is full
 * and at most OBSERVE_DELAY_MS after the first of them, at the end of a turn. Whole lines only, so lines of several workers never
 * mix. A line that can't be written is counted as lost; requests never wait for the log and never fail because of it.
 * Compiled formats are kept by their text.
 *
 * Life cycle: observe_new() → observe_finish() for each exchange → observe_free(), which writes what is left.
 * The descriptor may be replaced at any time (SIGHUP: posternd opens a new file). Threads: a worker's; the descriptor may be shared.
 * Source: spec/throttling-caching-logging.md C; architecture.md 9.
 */
#ifndef POSTERN_OBSERVE_OBSERVE_H
#define POSTERN_OBSERVE_OBSERVE_H

#include "appliance/base/counters.h"
#include "appliance/base/view.h"
#include "appliance/loop/loop.h"
#include "appliance/observe/access_format.h"
#include "appliance/observe/request_id.h"

/*
 * The buffer: Postern's own line always fits, whatever the client sent (a URL of 8 KB all of which is escaped, a user agent of 8 KB
 * whose bytes become three each, a message). A stage's format that repeats such values beyond it gives way to that line. Lines up
 * to OBSERVE_LINE_MAX_BYTES never make the buffer be written before it is that full.
 */
#define OBSERVE_BUFFER_BYTES 65536
#define OBSERVE_LINE_MAX_BYTES 32768

/* Long enough to gather the lines of many turns under load, short enough for someone who watches the file. */
#define OBSERVE_DELAY_MS 20

/* Formats kept compiled; stages beyond that many different ones compile theirs anew. */
#define OBSERVE_FORMATS_MAX 256

struct client_table;
struct line_log;
struct observe_worker;
struct request_log;

/*
 * `log_fd` (borrowed, -1: no access log) was opened for appending. `counters` may be NULL. NULL with errno set if memory is
 * exhausted.
 */
struct observe_worker *observe_new(struct loop *loop, int log_fd, struct counters_slot *counters)
	__attribute__((warn_unused_result));
void observe_free(struct observe_worker *worker);

/* Write what is held to the old descriptor and go on with a new one. */
void observe_set_log(struct observe_worker *worker, int log_fd);

/* Write what is held now. */
void observe_flush(struct observe_worker *worker);

/* Ids come from here. */
struct request_id_generator *observe_ids(struct observe_worker *worker);

/* The worker's parts of the records of clients, of requests and of lines for log groups, from now on; borrowed, NULL for none. */
void observe_set_records(struct observe_worker *worker, struct client_table *clients, struct request_log *requests,
	struct line_log *lines);
struct client_table *observe_clients(const struct observe_worker *worker);
struct request_log *observe_requests(const struct observe_worker *worker);

/* Counters of this worker, for what is counted elsewhere; may be NULL. */
struct counters_slot *observe_counters(struct observe_worker *worker);

/* What a stage wants its access log to be. */
struct observe_access {
	struct view format;    /* empty: Postern's own JSON */
	struct view log_group; /* name of the log group that gets each line too (line_record.h); empty: none */
	bool is_canary;        /* by a canary: the group "{log_group}/Canary" gets it as well */
};

/* An exchange is over: write its line and count it. Every exchange once. */
void observe_finish(struct observe_worker *worker, struct observe_access access, const struct access_record *record);

#endif
