/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop: one thread's event loop. Descriptors, deferred work, messages from other threads, the time of the turn, and the
 * thread's receive buffer. Timers are in timer.h, byte streams in stream.h. libevent is known here and nowhere else.
 *
 * Life cycle: loop_new() → loop_run() on the thread that shall own it → loop_stop() → loop_free(). All objects given to
 * a loop (watches, tasks, timers) are embedded in their owners; the loop allocates nothing after loop_new().
 *
 * A turn: wait for descriptors and timers; call the watches; call the due timers; run the deferred tasks; again. An
 * object that is closed in a turn unlinks itself at once and frees itself in a task, so that no callback of the same
 * turn meets freed memory.
 *
 * Threads: a loop belongs to the thread that runs it; every function here must be called by that thread, except
 * loop_post() and loop_request_stop(), which any thread may call. There is no lock.
 *
 * Not here: sockets' set-up (their owners'), names, TLS (appliance/tls), buffering (stream.h).
 */
#ifndef POSTERN_LOOP_LOOP_H
#define POSTERN_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* Size of the thread's receive buffer: four TLS records; a larger one measured no gain on 1 MB bodies. */
#define LOOP_RECEIVE_BUFFER_BYTES 65536

/* Make a loop. Returns NULL with errno set (out of memory or of descriptors). */
struct loop *loop_new(void) __attribute__((warn_unused_result));

/* Free a loop that does not run. Watches, tasks and timers that are still linked are forgotten, not called. NULL is fine. */
void loop_free(struct loop *loop);

/* Run turns until loop_stop(). Returns 0, or a negative errno if waiting itself failed. */
int loop_run(struct loop *loop) __attribute__((warn_unused_result));

/*
 * Run one turn. With `wait` the turn waits until something happens, without it only does what is due now. For tests, and
 * for programs that end by hand. Returns 0 or a negative errno.
 */
int loop_turn(struct loop *loop, bool wait) __attribute__((warn_unused_result));

/* End loop_run() after the present turn. */
void loop_stop(struct loop *loop);

/* The same from any thread, also before loop_run() (which then returns at once); safe in a signal handler. */
void loop_request_stop(struct loop *loop);

/* Monotonic time of the present turn in nanoseconds, read at most once a turn: good for deadlines and latencies. */
uint64_t loop_now_ns(struct loop *loop);

/* The same in milliseconds. */
uint64_t loop_now_ms(struct loop *loop);

/*
 * The thread's receive buffer, LOOP_RECEIVE_BUFFER_BYTES large. Whoever handles a readable descriptor may read into it
 * and must have used or copied what it read when its callback returns. Nested use is forbidden: a callback that is handed
 * bytes from this buffer must not make something else read (work that would is deferred, loop_defer()).
 */
char *loop_receive_buffer(struct loop *loop);

/* --- descriptors ---------------------------------------------------------------------------------------------------- */

#define LOOP_READABLE 0x1u
#define LOOP_WRITABLE 0x2u

struct loop_watch;
typedef void loop_watch_fn(struct loop_watch *watch, unsigned events);

/*
 * Interest in one descriptor, embedded in its owner. Reading interest is persistent and level-triggered; writing interest
 * is for one call. An error or hang-up of the descriptor is reported as both, to whichever is armed. Members are private
 * to loop.c; `fd` and `loop` may be read.
 */
struct loop_watch {
	struct loop *loop;
	loop_watch_fn *call;
	int fd;
	bool reading, writing;
	uint64_t read_event[16], write_event[16]; /* storage of two struct event; loop.c asserts the size */
};

/* Prepare `watch` for `fd` with nothing armed yet. The descriptor stays the caller's. */
void loop_watch_init(struct loop_watch *watch, struct loop *loop, int fd, loop_watch_fn *call);

/* Arm or disarm reading. Returns 0 or a negative errno (the kernel refused the descriptor). */
int loop_watch_read(struct loop_watch *watch, bool enable);

/* Arm writing for one call of `call` with LOOP_WRITABLE, or disarm it. To be used only after a write met -EAGAIN. */
int loop_watch_write(struct loop_watch *watch, bool enable);

/* Disarm both. Call it before closing the descriptor. Harmless on a watch that is zeroed or already finished. */
void loop_watch_fini(struct loop_watch *watch);

/* --- deferred work -------------------------------------------------------------------------------------------------- */

struct loop_task;
typedef void loop_task_fn(struct loop_task *task);

struct loop_task {
	loop_task_fn *call;
	struct loop_task *next, **link; /* private; `link` is NULL while not deferred */
};

/*
 * Call `call(task)` at the end of this turn, after all callbacks, in order of deferral. A task that is deferred already
 * keeps its place. A task deferred by a task runs in the next turn, which then does not wait.
 */
void loop_defer(struct loop *loop, struct loop_task *task, loop_task_fn *call);

/* Forget a deferred task; harmless if it is not deferred. */
void loop_task_cancel(struct loop *loop, struct loop_task *task);

static inline bool loop_task_is_deferred(const struct loop_task *task)
{
	return task->link != NULL;
}

/* --- messages from other threads ------------------------------------------------------------------------------------ */

struct loop_message;
typedef void loop_message_fn(struct loop_message *message);

struct loop_message {
	loop_message_fn *call;
	struct loop_message *next; /* private */
};

/*
 * Have the loop's thread call `call(message)` soon. Any thread. The message belongs to the loop until the call begins;
 * messages of one thread arrive in order. Lock-free; wakes the loop with one eventfd write if its queue was empty.
 */
void loop_post(struct loop *loop, struct loop_message *message, loop_message_fn *call);

/* --- signals -------------------------------------------------------------------------------------------------------- */

typedef void loop_signal_fn(void *context, int signal_number);

/*
 * Call `call(context, number)` on this loop for each signal of `numbers` (0-ended), by signalfd. The caller has blocked
 * these signals in all threads. One set per loop; a later call replaces it. Returns 0 or a negative errno.
 */
int loop_watch_signals(struct loop *loop, const int *numbers, loop_signal_fn *call, void *context)
	__attribute__((warn_unused_result));

#endif
