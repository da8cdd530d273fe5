/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child: a short-lived process that meets bytes from outside: what root's daemon must not do itself.
 *
 * A child is a fork with its parent's memory, a user that no other process has, no capability and no right to gain one. It writes at most
 * CHILD_OUTPUT_BYTES to a pipe and ends, or is ended after its time. The parent goes on meanwhile: child_poll() when the pipe is readable or
 * time passes. One that works on bytes from the network also limits its system calls (child_filter_calls()).
 *
 * Process: the daemon's, single-threaded.
 */
#ifndef POSTERN_SYSTEM_CHILD_H
#define POSTERN_SYSTEM_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* User and group of the children: `postern-system` in the image's passwd. */
#define CHILD_ID 107
/* A settings file's faults, a line each; the rest is cut off. */
#define CHILD_OUTPUT_BYTES 1024

struct child {
	pid_t pid;  /* 0: none runs */
	int output; /* -1 */
	uint64_t deadline_ms;
	size_t count;
	char bytes[CHILD_OUTPUT_BYTES + 1]; /* what it has written, NUL-terminated */
};

#define CHILD_NONE ((struct child){ .output = -1 })

/* The child's work: returns its exit status. Standard error and `output` are the pipe. */
typedef int child_work(const void *context, int output);

/*
 * Start `work(context, …)`, in the network namespace `namespace_fd` (-1: ours), with standard input from `input_fd` (-1: nothing), for at
 * most `limit_ms`. 0, or a negative errno.
 */
int child_start(struct child *child, int namespace_fd, int input_fd, child_work *work, const void *context,
	uint64_t limit_ms) __attribute__((warn_unused_result));

/*
 * See how far it is; never waits. -EAGAIN while it runs; 0 if it ended with status 0; its status if that is another (> 0); -ETIMEDOUT if it
 * was ended for its time, -EPROTO for another signal. Its output is then in `bytes`.
 */
int child_poll(struct child *child, uint64_t now_ms) __attribute__((warn_unused_result));

/* In a child, before it reads the first byte from a network: only what a client of TCP and TLS needs from now on. 0 or a negative errno. */
int child_filter_calls(void) __attribute__((warn_unused_result));

/* End it if it runs. */
void child_end(struct child *child);

#endif
