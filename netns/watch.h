/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch: posternd's event loop: epoll, one event a turn, so that a handler may close any other watch without leaving a stale
 * event behind. Single-threaded. Not here: timers (posternd arms one timerfd for its earliest deadline).
 */
#ifndef POSTERN_NETNS_WATCH_H
#define POSTERN_NETNS_WATCH_H

#include <stdint.h>
#include <sys/epoll.h>

struct watch;
typedef void watch_handler(struct watch *watch, uint32_t events);

/* A descriptor that is waited for; embedded in what it belongs to. fd -1: not watched. The loop never closes it. */
struct watch {
	int fd;
	watch_handler *ready;
	void *owner; /* for the handler */
};

/* Returns the loop's descriptor, or a negative errno. */
int watch_open(void) __attribute__((warn_unused_result));
/* Watch `watch->fd` for EPOLL* `events`. Returns 0 or a negative errno. */
int watch_add(int loop, struct watch *watch, uint32_t events) __attribute__((warn_unused_result));
/* Change what is waited for; the watch must have been added. */
void watch_change(int loop, struct watch *watch, uint32_t events);
/* Watch no more, close the descriptor and set it to -1; nothing happens if it is -1. */
void watch_end(int loop, struct watch *watch);
/* Wait for one event and handle it. Returns 0 or a negative errno. */
int watch_turn(int loop) __attribute__((warn_unused_result));

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t watch_now_ns(void);

#endif
