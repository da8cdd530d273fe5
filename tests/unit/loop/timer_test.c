/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of loop/timer: order, lateness, the levels of the wheel, and timers that change each other. */
#include "tests/unit/support.h"

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/loop/state.h"
#include "appliance/loop/timer.h"

#define PROBE_COUNT 2000

struct probe {
	struct timer timer;
	uint64_t due_ms;
	uint64_t fired_ms; /* 0 while it has not */
};

static struct loop *loop;
static struct probe probes[PROBE_COUNT];
static size_t fired_count;

static void probe_fires(struct timer *timer)
{
	struct probe *probe = CONTAINER_OF(timer, struct probe, timer);

	assert_int_equal(0, probe->fired_ms);
	probe->fired_ms = loop_now_ms(loop);
	fired_count++;
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	assert_non_null(loop);
	memset(probes, 0, sizeof probes);
	fired_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

/* Let the wheel believe that `ms` have passed since the last turn. */
static void pass_ms(uint64_t ms)
{
	loop->timer_start_ms -= ms;
	for (size_t i = 0; i < PROBE_COUNT; i++)
		probes[i].due_ms -= probes[i].due_ms > ms ? ms : probes[i].due_ms;
	timer_wheel_run(loop);
}

static void arm(struct probe *probe, uint64_t delay_ms)
{
	probe->due_ms = loop_now_ms(loop) + delay_ms;
	probe->fired_ms = 0;
	timer_arm(loop, &probe->timer, delay_ms, probe_fires);
}

static void timers_fire_in_real_time_never_early(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++)
		arm(&probes[i], i * 3);
	while (fired_count < 100)
		assert_int_equal(0, loop_turn(loop, true));
	for (size_t i = 0; i < 100; i++)
		assert_true(probes[i].fired_ms >= probes[i].due_ms);
	assert_int_equal(0, loop->timer_count);
}

static void every_level_of_the_wheel_fires_at_its_time(void **state)
{
	uint64_t delay_ms = 10 * TIMER_TICK_MS; /* and then three times as long each, so that they fire one by one */
	size_t count = 0;

	(void)state;
	for (; delay_ms < TIMER_DELAY_MAX_MS; delay_ms = delay_ms * 3 + 1)
		arm(&probes[count++], delay_ms);
	for (size_t next = 0; next < count; next++) {
		uint64_t left_ms = probes[next].due_ms - loop_now_ms(loop);

		if (left_ms > 2 * TIMER_TICK_MS) {
			pass_ms(left_ms - 2 * TIMER_TICK_MS);
			assert_int_equal(next, fired_count); /* not before its time */
		}
		pass_ms(4 * TIMER_TICK_MS);
		assert_int_equal(next + 1, fired_count);
	}
}

static void a_delay_past_the_longest_is_the_longest(void **state)
{
	(void)state;
	arm(&probes[0], UINT64_MAX / 2);
	pass_ms(TIMER_DELAY_MAX_MS + 2 * TIMER_TICK_MS);
	assert_int_equal(1, fired_count);
}

static void random_arming_and_disarming_loses_and_repeats_nothing(void **state)
{
	size_t disarmed = 0;

	(void)state;
	srand(1);
	for (size_t i = 0; i < PROBE_COUNT; i++)
		arm(&probes[i], (uint64_t)(rand() % 100000));
	for (size_t step = 0; step < 400; step++) {
		struct probe *probe = &probes[rand() % PROBE_COUNT];

		if (timer_is_armed(&probe->timer) && step % 2) {
			timer_disarm(loop, &probe->timer);
			disarmed++;
		} else if (timer_is_armed(&probe->timer)) {
			arm(probe, (uint64_t)(rand() % 100000)); /* moved */
		}
		pass_ms((uint64_t)(rand() % 200));
		for (size_t i = 0; i < PROBE_COUNT; i++)
			assert_true(!timer_is_armed(&probes[i].timer) ||
				    probes[i].due_ms + 2 * TIMER_TICK_MS >= loop_now_ms(loop));
	}
	pass_ms(200000);
	assert_int_equal(PROBE_COUNT, fired_count + disarmed);
	assert_int_equal(0, loop->timer_count);
}

static size_t chain_count;

static void chain_fires(struct timer *timer)
{
	/* Arms itself again and takes the next one away, both from within the slot that is being walked. */
	timer_disarm(loop, &probes[1].timer);
	if (++chain_count < 5)
		timer_arm(loop, timer, 0, chain_fires);
}

static void a_callback_may_arm_itself_and_disarm_its_neighbour(void **state)
{
	(void)state;
	chain_count = 0;
	arm(&probes[1], 0);
	timer_arm(loop, &probes[0].timer, 0, chain_fires); /* linked in front of its neighbour */
	while (chain_count < 5)
		assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(0, fired_count);
}

static void a_timer_armed_in_a_late_callback_is_not_run_in_the_same_walk(void **state)
{
	(void)state;
	chain_count = 0;
	timer_arm(loop, &probes[0].timer, 0, chain_fires);
	/* So late that the new deadline falls into the slot number that is being walked. */
	pass_ms(TIMER_TICK_MS * (TIMER_SLOT_COUNT - 1));
	assert_int_equal(1, chain_count);
	timer_disarm(loop, &probes[0].timer);
}

static void a_timer_with_nothing_else_to_do_wakes_the_loop_once(void **state)
{
	size_t turns = 0;

	(void)state;
	arm(&probes[0], 40);
	for (; !fired_count; turns++)
		assert_int_equal(0, loop_turn(loop, true));
	assert_true(turns <= 20); /* no busy waiting; libevent's clock is coarser than ours, hence some */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timers_fire_in_real_time_never_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_level_of_the_wheel_fires_at_its_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_delay_past_the_longest_is_the_longest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			random_arming_and_disarming_loses_and_repeats_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_callback_may_arm_itself_and_disarm_its_neighbour, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_timer_armed_in_a_late_callback_is_not_run_in_the_same_walk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_timer_with_nothing_else_to_do_wakes_the_loop_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
