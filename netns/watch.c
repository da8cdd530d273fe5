/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/watch.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

int watch_open(void)
{
	int loop = epoll_create1(EPOLL_CLOEXEC);

	return loop < 0 ? -errno : loop;
}

int watch_add(int loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

void watch_change(int loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	/* Can only fail for a descriptor that was never added. */
	(void)epoll_ctl(loop, EPOLL_CTL_MOD, watch->fd, &event);
}

void watch_end(int loop, struct watch *watch)
{
	if (watch->fd < 0)
		return;
	(void)epoll_ctl(loop, EPOLL_CTL_DEL, watch->fd, NULL);
	close(watch->fd);
	watch->fd = -1;
}

int watch_turn(int loop)
{
	struct epoll_event event;
	int count = epoll_wait(loop, &event, 1, -1);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	if (count > 0) {
		struct watch *watch = event.data.ptr;

		watch->ready(watch, event.events);
	}
	return 0;
}

uint64_t watch_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
