/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of loop/loop: turns, tasks, messages of other threads, signals, descriptors. */
#include "tests/unit/support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "appliance/base/assert.h"
#include "appliance/loop/loop.h"

#define THREAD_COUNT 3
#define MESSAGE_COUNT 20000

static struct loop *loop;

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	assert_non_null(loop);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

/* --- tasks */

struct step {
	struct loop_task task;
	char letter;
	struct step *defers, *cancels;
};

static char trace[32];

static void step_runs(struct loop_task *task)
{
	struct step *step = CONTAINER_OF(task, struct step, task);

	strncat(trace, &step->letter, 1);
	if (step->defers)
		loop_defer(loop, &step->defers->task, step_runs);
	if (step->cancels)
		loop_task_cancel(loop, &step->cancels->task);
}

static void tasks_run_in_order_and_those_of_tasks_in_the_next_turn(void **state)
{
	struct step d = { .letter = 'd' }, c = { .letter = 'c' }, b = { .letter = 'b', .defers = &d, .cancels = &c };
	struct step a = { .letter = 'a' };

	(void)state;
	trace[0] = '\0';
	a.defers = &a; /* itself, again */
	loop_defer(loop, &a.task, step_runs);
	loop_defer(loop, &b.task, step_runs);
	loop_defer(loop, &c.task, step_runs);
	loop_defer(loop, &a.task, step_runs); /* keeps its place */
	assert_int_equal(0, loop_turn(loop, true));
	assert_string_equal("ab", trace);
	a.defers = NULL;
	assert_int_equal(0, loop_turn(loop, true)); /* does not wait */
	assert_string_equal("abad", trace);
	assert_false(loop_task_is_deferred(&a.task) || loop_task_is_deferred(&c.task));
}

/* --- messages */

struct note {
	struct loop_message message;
	size_t thread, number;
};

static struct note notes[THREAD_COUNT][MESSAGE_COUNT];
static size_t seen[THREAD_COUNT], seen_count;

static void note_arrives(struct loop_message *message)
{
	struct note *note = CONTAINER_OF(message, struct note, message);

	assert_int_equal(seen[note->thread]++, note->number);
	if (++seen_count == THREAD_COUNT * MESSAGE_COUNT)
		loop_stop(loop);
}

static void *post_notes(void *argument)
{
	struct note *mine = argument;

	for (size_t i = 0; i < MESSAGE_COUNT; i++)
		loop_post(loop, &mine[i].message, note_arrives);
	return NULL;
}

static void messages_of_many_threads_all_arrive_each_threads_in_order(void **state)
{
	pthread_t threads[THREAD_COUNT];

	(void)state;
	for (size_t t = 0; t < THREAD_COUNT; t++) {
		for (size_t i = 0; i < MESSAGE_COUNT; i++)
			notes[t][i] = (struct note){ .thread = t, .number = i };
		assert_int_equal(0, pthread_create(&threads[t], NULL, post_notes, notes[t]));
	}
	assert_int_equal(0, loop_run(loop));
	for (size_t t = 0; t < THREAD_COUNT; t++)
		assert_int_equal(0, pthread_join(threads[t], NULL));
	assert_int_equal(THREAD_COUNT * MESSAGE_COUNT, seen_count);
}

static void a_stop_requested_before_the_run_is_not_lost(void **state)
{
	(void)state;
	loop_request_stop(loop);
	assert_int_equal(0, loop_run(loop));
}

/* --- signals */

static int last_signal;

static void signal_arrives(void *context, int number)
{
	assert_ptr_equal(&last_signal, context);
	last_signal = number;
}

static void signals_arrive_on_the_loop(void **state)
{
	const int numbers[] = { SIGUSR1, SIGUSR2, 0 }, fewer[] = { SIGUSR1, 0 };
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	assert_int_equal(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	assert_int_equal(0, loop_watch_signals(loop, numbers, signal_arrives, &last_signal));
	raise(SIGUSR2);
	while (!last_signal)
		assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(SIGUSR2, last_signal);
	assert_int_equal(0, loop_watch_signals(loop, fewer, signal_arrives, &last_signal));
	raise(SIGUSR1);
	while (last_signal != SIGUSR1)
		assert_int_equal(0, loop_turn(loop, true));
}

/* --- descriptors */

struct peek {
	struct loop_watch watch;
	unsigned calls, events;
	struct peek *ends;
};

static void peek_is_ready(struct loop_watch *watch, unsigned events)
{
	struct peek *peek = CONTAINER_OF(watch, struct peek, watch);

	peek->calls++;
	peek->events |= events;
	if (peek->ends)
		loop_watch_fini(&peek->ends->watch);
}

static void reading_interest_persists_and_writing_interest_is_for_once(void **state)
{
	struct peek peek = { .calls = 0 };
	int pair[2];

	(void)state;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	loop_watch_init(&peek.watch, loop, pair[0], peek_is_ready);
	assert_int_equal(0, loop_watch_write(&peek.watch, true));
	assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(0, loop_turn(loop, false));
	assert_int_equal(1, peek.calls);
	assert_int_equal(LOOP_WRITABLE, peek.events);
	assert_int_equal(0, loop_watch_read(&peek.watch, true));
	assert_int_equal(1, write(pair[1], "x", 1));
	assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(0, loop_turn(loop, true)); /* the byte is still there */
	assert_int_equal(3, peek.calls);
	assert_int_equal(0, loop_watch_read(&peek.watch, false));
	assert_int_equal(0, loop_turn(loop, false));
	assert_int_equal(3, peek.calls);
	loop_watch_fini(&peek.watch);
	loop_watch_fini(&peek.watch);
	close(pair[0]);
	close(pair[1]);
}

static void a_watch_that_was_ended_in_this_turn_is_not_called_any_more(void **state)
{
	struct peek first = { .calls = 0 }, second = { .calls = 0 };
	int pairs[2][2];

	(void)state;
	first.ends = &second;
	second.ends = &first;
	for (int i = 0; i < 2; i++) {
		struct peek *peek = i ? &second : &first;

		assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]));
		assert_int_equal(1, write(pairs[i][1], "x", 1));
		loop_watch_init(&peek->watch, loop, pairs[i][0], peek_is_ready);
		assert_int_equal(0, loop_watch_read(&peek->watch, true));
	}
	assert_int_equal(0, loop_turn(loop, true));
	assert_int_equal(1, first.calls + second.calls);
	loop_watch_fini(&first.watch);
	loop_watch_fini(&second.watch);
	for (int i = 0; i < 4; i++)
		close(pairs[i / 2][i % 2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			tasks_run_in_order_and_those_of_tasks_in_the_next_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			messages_of_many_threads_all_arrive_each_threads_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stop_requested_before_the_run_is_not_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signals_arrive_on_the_loop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			reading_interest_persists_and_writing_interest_is_for_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_watch_that_was_ended_in_this_turn_is_not_called_any_more, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
