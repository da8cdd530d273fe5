/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * events: the last drops that the kernel filter reported, bounded, for `postern filter events`.
 *
 * Threads: any; one lock inside.
 */
#ifndef POSTERN_CONTROL_EVENTS_H
#define POSTERN_CONTROL_EVENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/verbs.h"

/* Kept events: about 200 KB; older ones give way. */
#define EVENTS_MAX_COUNT 2048

struct event {
	uint64_t number;  /* 1, 2, ... since the control program started */
	uint64_t wall_ms; /* when it happened */
	struct verb_filter_event drop;
};

struct events {
	pthread_mutex_t mutex;
	struct event *ring;
	uint64_t next_number;
	uint64_t lost; /* reported as lost on the way */
};

/* 0 or -ENOMEM. */
int events_init(struct events *events) __attribute__((warn_unused_result));
void events_fini(struct events *events);

void events_add(struct events *events, const struct verb_filter_events *drops);

/*
 * Copy kept events with a number above `after`, oldest first, at most `room`; returns how many. `*ret_lost` gets what was
 * lost on the way so far.
 */
size_t events_copy(struct events *events, uint64_t after, struct event *ret, size_t room, uint64_t *ret_lost);

/* Number of the newest event, 0 if none. */
uint64_t events_newest(struct events *events);

#endif
