/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state: what a loop holds. Private to the files of this folder, which each own one part of it.
 * Threads: the loop's, except where a member says otherwise.
 */
#ifndef POSTERN_LOOP_STATE_H
#define POSTERN_LOOP_STATE_H

#include <stdatomic.h>

#include "appliance/loop/chunk.h"
#include "appliance/loop/loop.h"
#include "appliance/loop/timer.h"

/* Six levels of 64 slots: 2^36 ticks from the loop's start, more than eight years. */
#define TIMER_LEVEL_COUNT 6
#define TIMER_SLOT_BITS 6
#define TIMER_SLOT_COUNT (1 << TIMER_SLOT_BITS)

struct event;
struct event_base;

struct loop {
	struct event_base *base;
	bool stop;
	bool clock_is_read; /* in this turn */

	/* deferred work */
	struct loop_task *tasks, **tasks_end;

	/* messages: any thread pushes, newest first; the loop takes all and turns them round */
	_Atomic(struct loop_message *) messages;
	atomic_bool stop_requested;
	struct loop_watch wake;

	/* signals */
	struct loop_watch signals;
	loop_signal_fn *signal_call;
	void *signal_context;

	/* timers: a slot's bit is set while its list is not empty */
	uint64_t timer_start_ms;
	uint64_t timer_tick;      /* all timers up to here have fired */
	uint64_t timer_wake_tick; /* when the tick event is due; UINT64_MAX: it is not armed */
	size_t timer_count;
	uint64_t timer_slots_used[TIMER_LEVEL_COUNT];
	struct timer *timer_slots[TIMER_LEVEL_COUNT][TIMER_SLOT_COUNT];
	struct event *timer_event;

	/* chunks */
	struct chunk *chunks;
	size_t chunk_count;

	char receive_buffer[LOOP_RECEIVE_BUFFER_BYTES];
};

/* timer.c: make and free the tick event. Returns 0 or -ENOMEM. */
int timer_wheel_init(struct loop *loop) __attribute__((warn_unused_result));
void timer_wheel_fini(struct loop *loop);

/* timer.c: the tick event is due. */
void timer_wheel_run(struct loop *loop);

/* loop.c: have timer_wheel_run() called in `delay_ms`. */
void loop_wake_in_ms(struct loop *loop, uint64_t delay_ms);

/* chunk.c: free the recycled chunks. */
void chunk_fini(struct loop *loop);

#endif
