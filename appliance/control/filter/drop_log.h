/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * drop_log: what the kernel filter dropped, as lines of the log: sampled drops with the statement behind each, and once a
 * minute the counters of each endpoint if they changed.
 *
 * The kernel sends at most so many events a second and endpoint; here the same (endpoint, source, reason) is one line per
 * DROP_LOG_WINDOW_MS, and the next line, or one at the end of the window, says how many were left out. The table of what
 * was said is bounded: while it is full, further sources are only counted.
 *
 * Life cycle: zeroed memory is ready. Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_DROP_LOG_H
#define POSTERN_CONTROL_DROP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/verbs.h"

struct control;

/* How long a source that keeps trying is not named again: often enough to see that it goes on. */
#define DROP_LOG_WINDOW_MS 10000
/* Sources that are followed at a time: with the window, 100 new ones a second. About 130 KB. */
#define DROP_LOG_SOURCES_MAX 1024
#define DROP_LOG_COUNTERS_MS 60000

struct drop_log_source {
	struct verb_filter_event last;
	uint64_t until_ms; /* monotonic; 0: unused */
	uint64_t suppressed_count;
};

struct drop_log_counters {
	char id[FILTER_ENDPOINT_ID_BYTES]; /* empty: unused */
	uint64_t packets[FILTER_REASON_COUNT];
};

struct drop_log {
	struct drop_log_source sources[DROP_LOG_SOURCES_MAX];
	size_t source_count;  /* in use */
	uint64_t last_number; /* of the events seen */
	uint64_t
		missed_count; /* events of sources that found no room, or that were overwritten before they were seen */
	uint64_t missed_due_ms; /* when that is said next */
	struct drop_log_counters counters[VERB_ENDPOINTS_MAX];
	uint64_t counters_due_ms;
};

/* Log the events that came since the last call, and the ends of windows; `now_ms` is monotonic. */
void drop_log_run(struct control *control, uint64_t now_ms);

/* Log the counters if they are due. */
void drop_log_count(struct control *control, uint64_t now_ms);

#endif
