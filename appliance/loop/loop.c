/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/loop/state.h"

_Static_assert(
	sizeof(struct event) <= sizeof(((struct loop_watch *)0)->read_event), "struct event outgrew its storage");
_Static_assert(_Alignof(struct event) <= _Alignof(uint64_t), "struct event needs more alignment");

static struct event *read_event(struct loop_watch *watch)
{
	return (struct event *)(void *)watch->read_event;
}

static struct event *write_event(struct loop_watch *watch)
{
	return (struct event *)(void *)watch->write_event;
}

/* --- time ------------------------------------------------------------------------------------------------------------ */

/* libevent has no hook between waiting and the first callback, so the first one of a turn that asks reads the clock. */
static void read_clock_once(struct loop *loop)
{
	if (!loop->clock_is_read) {
		clock_turn();
		loop->clock_is_read = true;
	}
}

uint64_t loop_now_ns(struct loop *loop)
{
	read_clock_once(loop);
	return clock_turn_monotonic_ns();
}

uint64_t loop_now_ms(struct loop *loop)
{
	return loop_now_ns(loop) / 1000000;
}

/* --- descriptors ----------------------------------------------------------------------------------------------------- */

static void watch_is_ready(evutil_socket_t fd, short what, void *argument)
{
	struct loop_watch *watch = argument;
	unsigned events = 0;

	(void)fd;
	read_clock_once(watch->loop);
	if (what & EV_READ)
		events |= LOOP_READABLE;
	if (what & EV_WRITE) {
		events |= LOOP_WRITABLE;
		watch->writing = false;
	}
	watch->call(watch, events);
}

void loop_watch_init(struct loop_watch *watch, struct loop *loop, int fd, loop_watch_fn *call)
{
	*watch = (struct loop_watch){ .loop = loop, .fd = fd, .call = call };
	event_assign(read_event(watch), loop->base, fd, EV_READ | EV_PERSIST, watch_is_ready, watch);
	event_assign(write_event(watch), loop->base, fd, EV_WRITE, watch_is_ready, watch);
}

int loop_watch_read(struct loop_watch *watch, bool enable)
{
	if (watch->reading == enable)
		return 0;
	if ((enable ? event_add(read_event(watch), NULL) : event_del(read_event(watch))) != 0)
		return -EIO;
	watch->reading = enable;
	return 0;
}

int loop_watch_write(struct loop_watch *watch, bool enable)
{
	if (watch->writing == enable)
		return 0;
	if ((enable ? event_add(write_event(watch), NULL) : event_del(write_event(watch))) != 0)
		return -EIO;
	watch->writing = enable;
	return 0;
}

void loop_watch_fini(struct loop_watch *watch)
{
	if (!watch->loop)
		return;
	/* Both always: an event that is active but not yet called in this turn must go too. */
	event_del(read_event(watch));
	event_del(write_event(watch));
	watch->reading = watch->writing = false;
	watch->loop = NULL;
}

/* --- deferred work --------------------------------------------------------------------------------------------------- */

void loop_defer(struct loop *loop, struct loop_task *task, loop_task_fn *call)
{
	if (task->link)
		return;
	task->call = call;
	task->next = NULL;
	task->link = loop->tasks_end;
	*loop->tasks_end = task;
	loop->tasks_end = &task->next;
}

void loop_task_cancel(struct loop *loop, struct loop_task *task)
{
	if (!task->link)
		return;
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
	else
		loop->tasks_end = task->link;
	task->link = NULL;
}

/* Run the tasks deferred so far; those that they defer are left for the next turn, lest two tasks keep it from ever ending. */
static void run_tasks(struct loop *loop)
{
	struct loop_task end_mark = { 0 };

	if (!loop->tasks)
		return;
	loop_defer(loop, &end_mark, NULL);
	while (loop->tasks != &end_mark) {
		struct loop_task *task = loop->tasks;

		loop_task_cancel(loop, task);
		task->call(task);
	}
	loop_task_cancel(loop, &end_mark);
}

/* --- messages from other threads ------------------------------------------------------------------------------------- */

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	/* Fails only with EAGAIN when the counter is full, and then the loop is awake anyway. */
	if (write(loop->wake.fd, &one, sizeof one) < 0)
		return;
}

void loop_post(struct loop *loop, struct loop_message *message, loop_message_fn *call)
{
	struct loop_message *newest = atomic_load_explicit(&loop->messages, memory_order_relaxed);

	message->call = call;
	do
		message->next = newest;
	while (!atomic_compare_exchange_weak_explicit(
		&loop->messages, &newest, message, memory_order_release, memory_order_relaxed));
	if (!newest)
		wake(loop);
}

void loop_request_stop(struct loop *loop)
{
	atomic_store(&loop->stop_requested, true);
	wake(loop);
}

static void woken(struct loop_watch *watch, unsigned events)
{
	struct loop *loop = watch->loop;
	struct loop_message *newest_first, *oldest_first = NULL;
	uint64_t count;

	(void)events;
	/* The counter is reset before the queue is taken, so that a message posted in between wakes the loop again. */
	if (read(watch->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		ASSERT_UNREACHABLE();
	if (atomic_load(&loop->stop_requested))
		loop->stop = true;
	newest_first = atomic_exchange_explicit(&loop->messages, NULL, memory_order_acquire);
	while (newest_first) {
		struct loop_message *next = newest_first->next;

		newest_first->next = oldest_first;
		oldest_first = newest_first;
		newest_first = next;
	}
	while (oldest_first) {
		struct loop_message *message = oldest_first;

		oldest_first = message->next;
		message->call(message);
	}
}

/* --- signals --------------------------------------------------------------------------------------------------------- */

static void signal_arrived(struct loop_watch *watch, unsigned events)
{
	struct loop *loop = watch->loop;
	struct signalfd_siginfo info;

	(void)events;
	while (watch->loop && read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info)
		loop->signal_call(loop->signal_context, (int)info.ssi_signo);
}

int loop_watch_signals(struct loop *loop, const int *numbers, loop_signal_fn *call, void *context)
{
	bool is_new = loop->signals.loop == NULL;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (; *numbers; numbers++)
		sigaddset(&set, *numbers);
	fd = signalfd(is_new ? -1 : loop->signals.fd, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	loop->signal_call = call;
	loop->signal_context = context;
	if (!is_new)
		return 0;
	loop_watch_init(&loop->signals, loop, fd, signal_arrived);
	return loop_watch_read(&loop->signals, true);
}

/* --- timers' tick (timer.c) ------------------------------------------------------------------------------------------ */

static void tick_is_due(evutil_socket_t fd, short what, void *argument)
{
	struct loop *loop = argument;

	(void)fd;
	(void)what;
	read_clock_once(loop);
	timer_wheel_run(loop);
}

int timer_wheel_init(struct loop *loop)
{
	loop->timer_event = event_new(loop->base, -1, 0, tick_is_due, loop);
	if (!loop->timer_event)
		return -ENOMEM;
	loop->timer_start_ms = clock_monotonic_ms();
	loop->timer_wake_tick = UINT64_MAX;
	return 0;
}

void timer_wheel_fini(struct loop *loop)
{
	if (loop->timer_event)
		event_free(loop->timer_event);
}

void loop_wake_in_ms(struct loop *loop, uint64_t delay_ms)
{
	struct timeval delay = { .tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };

	event_add(loop->timer_event, &delay);
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	/* A base belongs to one thread; the environment shall not choose another back end. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof *loop);
	int wake_fd = -1, error = ENOMEM;

	if (!loop)
		return NULL;
	loop->tasks_end = &loop->tasks;
	loop->base = new_base();
	if (!loop->base || timer_wheel_init(loop) < 0)
		goto failed;
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0) {
		error = errno;
		goto failed;
	}
	loop_watch_init(&loop->wake, loop, wake_fd, woken);
	if (loop_watch_read(&loop->wake, true) == 0)
		return loop;
	error = EIO;
failed:
	loop_free(loop);
	errno = error;
	return NULL;
}

static void close_watch(struct loop_watch *watch)
{
	int fd = watch->fd;

	if (!watch->loop)
		return;
	loop_watch_fini(watch);
	close(fd);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	close_watch(&loop->signals);
	close_watch(&loop->wake);
	timer_wheel_fini(loop);
	chunk_fini(loop);
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
}

int loop_turn(struct loop *loop, bool wait)
{
	int flags = EVLOOP_ONCE;

	if (!wait || loop->tasks)
		flags |= EVLOOP_NONBLOCK;
	loop->clock_is_read = false;
	if (event_base_loop(loop->base, flags) < 0)
		return -EIO;
	read_clock_once(loop);
	run_tasks(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	loop->stop = atomic_load(&loop->stop_requested);
	while (!loop->stop) {
		int error = loop_turn(loop, true);

		if (error)
			return error;
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

char *loop_receive_buffer(struct loop *loop)
{
	return loop->receive_buffer;
}
