/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A timer lies on the level of the highest six-bit digit in which its deadline differs from the present tick, in the slot of
 * that digit. So all timers of a level come before those of the levels above it, and the earliest is found with one bit
 * scan. When the present tick reaches a slot of a higher level, its timers move to lower ones.
 */
#include "appliance/loop/timer.h"

#include "appliance/base/assert.h"
#include "appliance/loop/state.h"

static uint64_t tick_of_now(struct loop *loop)
{
	int64_t age_ms = (int64_t)(loop_now_ms(loop) - loop->timer_start_ms);

	/* The time of the turn in which the loop was made may be older than the loop. */
	return age_ms > 0 ? (uint64_t)age_ms / TIMER_TICK_MS : 0;
}

static unsigned level_of(const struct loop *loop, uint64_t deadline_tick)
{
	uint64_t differing = (loop->timer_tick ^ deadline_tick) | (TIMER_SLOT_COUNT - 1);

	return (unsigned)(63 - __builtin_clzll(differing)) / TIMER_SLOT_BITS;
}

/* Link into the slot of its deadline and return the tick at which that slot is due. */
static uint64_t link_timer(struct loop *loop, struct timer *timer)
{
	unsigned level = level_of(loop, timer->deadline_tick), shift = level * TIMER_SLOT_BITS;
	unsigned slot = (unsigned)(timer->deadline_tick >> shift) & (TIMER_SLOT_COUNT - 1);
	struct timer **head;

	ASSERT(level < TIMER_LEVEL_COUNT);
	head = &loop->timer_slots[level][slot];
	timer->next = *head;
	timer->link = head;
	if (timer->next)
		timer->next->link = &timer->next;
	*head = timer;
	loop->timer_slots_used[level] |= UINT64_C(1) << slot;
	return timer->deadline_tick >> shift << shift;
}

static void unlink_timer(struct loop *loop, struct timer *timer)
{
	struct timer **link = timer->link, **slots = &loop->timer_slots[0][0];

	*link = timer->next;
	if (timer->next)
		timer->next->link = link;
	timer->link = NULL;
	/* The last timer of a slot clears the slot's bit; only then does its link point into the table. */
	if (!*link && link >= slots && link < slots + TIMER_LEVEL_COUNT * TIMER_SLOT_COUNT) {
		size_t index = (size_t)(link - slots);

		loop->timer_slots_used[index / TIMER_SLOT_COUNT] &= ~(UINT64_C(1) << index % TIMER_SLOT_COUNT);
	}
}

/* Tick at which the first used slot is due, UINT64_MAX if none is. */
static uint64_t first_due_tick(const struct loop *loop, unsigned *ret_level, unsigned *ret_slot)
{
	for (unsigned level = 0; level < TIMER_LEVEL_COUNT; level++) {
		unsigned shift = level * TIMER_SLOT_BITS, slot;

		if (!loop->timer_slots_used[level])
			continue;
		slot = (unsigned)__builtin_ctzll(loop->timer_slots_used[level]);
		*ret_level = level;
		*ret_slot = slot;
		return loop->timer_tick >> (shift + TIMER_SLOT_BITS) << (shift + TIMER_SLOT_BITS) | (uint64_t)slot
													    << shift;
	}
	return UINT64_MAX;
}

static void wake_at(struct loop *loop, uint64_t tick)
{
	uint64_t now_ms = loop_now_ms(loop), due_ms = loop->timer_start_ms + tick * TIMER_TICK_MS;

	loop->timer_wake_tick = tick;
	loop_wake_in_ms(loop, due_ms > now_ms ? due_ms - now_ms : 1);
}

void timer_arm(struct loop *loop, struct timer *timer, uint64_t delay_ms, timer_fn *call)
{
	uint64_t deadline_ms, due_tick;

	timer_disarm(loop, timer);
	if (delay_ms > TIMER_DELAY_MAX_MS)
		delay_ms = TIMER_DELAY_MAX_MS;
	/* Nothing is pending, so the wheel may jump to now and the new timer lies as low as it can. */
	if (loop->timer_count == 0)
		loop->timer_tick = tick_of_now(loop);
	/* One millisecond more, because the present one has partly gone; then up to the next tick: never early. */
	deadline_ms = loop_now_ms(loop) + delay_ms + 1 - loop->timer_start_ms;
	timer->deadline_tick = (deadline_ms + TIMER_TICK_MS - 1) / TIMER_TICK_MS;
	if (timer->deadline_tick <= loop->timer_tick)
		timer->deadline_tick = loop->timer_tick + 1;
	timer->call = call;
	due_tick = link_timer(loop, timer);
	loop->timer_count++;
	if (due_tick < loop->timer_wake_tick)
		wake_at(loop, due_tick);
}

void timer_disarm(struct loop *loop, struct timer *timer)
{
	if (!timer->link)
		return;
	/* The wake-up stays as it is: firing once for nothing is cheaper than moving it for every request. */
	unlink_timer(loop, timer);
	loop->timer_count--;
}

void timer_wheel_run(struct loop *loop)
{
	uint64_t now_tick = tick_of_now(loop), due_tick;
	unsigned level, slot;

	loop->timer_wake_tick = UINT64_MAX;
	/* Counted as one more, so that no callback finds the wheel empty and turns it while a slot is being walked. */
	loop->timer_count++;
	while ((due_tick = first_due_tick(loop, &level, &slot)) <= now_tick) {
		struct timer *timer;

		loop->timer_tick = due_tick;
		while ((timer = loop->timer_slots[level][slot])) {
			unlink_timer(loop, timer);
			if (timer->deadline_tick > due_tick) {
				link_timer(loop, timer);
				continue;
			}
			loop->timer_count--;
			timer->call(timer);
		}
	}
	loop->timer_count--;
	/* A callback may have armed a timer and thereby set a wake-up already; the earliest one holds. */
	if (due_tick != UINT64_MAX && due_tick < loop->timer_wake_tick)
		wake_at(loop, due_tick);
}
