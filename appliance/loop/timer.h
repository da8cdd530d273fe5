/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timer: time-outs on a loop, by a hierarchical wheel: arming and disarming cost a list operation, no system call and no
 * allocation, so a time-out per request is free. Coarse: a timer fires up to one tick and one turn late, never early.
 *
 * Life cycle: embed `struct timer` zeroed in its owner; timer_arm() links it, firing or timer_disarm() unlinks it. The
 * owner disarms before its memory goes: a timer left armed on freed memory is the classic fault of such code.
 *
 * Threads: as loop.h.
 */
#ifndef POSTERN_LOOP_TIMER_H
#define POSTERN_LOOP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/loop/loop.h"

/* Granularity. A power of two, well under the shortest time-out that AWS allows (50 ms for an integration). */
#define TIMER_TICK_MS 4

/* Longest delay; what is longer fires then (over 18 hours: 2^24 ticks). */
#define TIMER_DELAY_MAX_MS ((uint64_t)TIMER_TICK_MS << 24)

struct timer;
typedef void timer_fn(struct timer *timer);

struct timer {
	timer_fn *call;
	struct timer *next, **link; /* private; `link` is NULL while not armed */
	uint64_t deadline_tick;     /* private */
};

/* Have `call(timer)` called in `delay_ms` milliseconds, once. An armed timer is moved. O(1). */
void timer_arm(struct loop *loop, struct timer *timer, uint64_t delay_ms, timer_fn *call);

/* Forget it; harmless if it is not armed. O(1). */
void timer_disarm(struct loop *loop, struct timer *timer);

static inline bool timer_is_armed(const struct timer *timer)
{
	return timer->link != NULL;
}

#endif
