/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * posternd_link: a child's connection to posternd on its event loop: greeting, messages, and coming back after posternd's death.
 *
 * Life cycle: posternd_link_open() connects and says HELLO, waiting for the answer: the program can't start without. Then
 * the loop delivers messages to `message`. When posternd is gone the child goes on serving; the link tries to
 * connect again every CLIENT_RETRY_MS, says HELLO with resuming = 1 and calls `back`, in which the owner hands back what it holds.
 * posternd_link_close() at the end.
 *
 * Threads: the loop's. Not here: what messages mean (gateway.c, control_program.c).
 */
#ifndef POSTERN_LAUNCH_POSTERND_LINK_H
#define POSTERN_LAUNCH_POSTERND_LINK_H

#include "appliance/loop/loop.h"
#include "appliance/loop/timer.h"
#include "netns/client.h"

struct posternd_link;

struct posternd_link_handlers {
	/* A push, or the reply to something sent. Borrowed until the handler returns; descriptors are taken with client_take_fd(). */
	void (*message)(struct posternd_link *link, struct verb_message *message);
	/* Connected anew, HELLO answered. */
	void (*back)(struct posternd_link *link);
};

struct posternd_link {
	struct loop *loop;
	const char *path;
	const struct posternd_link_handlers *handlers;
	struct client *client; /* NULL: posternd is gone */
	struct loop_watch watch;
	struct timer retry;
	struct loop_task kept_task;
	bool greeting; /* HELLO was sent on a new connection, its answer is due */
};

/* Longest wait for posternd at the start: it has just started us. */
#define POSTERND_LINK_START_MS 10000

/*
 * Connect to the socket at `path` (borrowed). `*ret_welcome` is the answer to HELLO, valid until the next use of the link.
 * Returns 0, or a negative errno after logging why.
 */
int posternd_link_open(struct posternd_link *link, struct loop *loop, const char *path,
	const struct posternd_link_handlers *handlers, struct verb_message **ret_welcome)
	__attribute__((warn_unused_result));

/*
 * Send a message. False if posternd is gone or can't keep up, which ends the connection: it will be told everything anew in
 * `back`.
 */
bool posternd_link_send(struct posternd_link *link, enum verb verb, const void *body, const int *fds, size_t fd_count);

void posternd_link_close(struct posternd_link *link);

#endif
