/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client: a child's side of the connection to posternd (postern-gateway, postern-control).
 *
 * Life cycle: client_open() connects; the first message is HELLO, by client_ask() before the event loop runs or by
 * client_post() on it. client_fd() is polled for reading; when it is readable, client_receive() is called until -EAGAIN.
 * When it returns -EPIPE posternd has died or thrown us out: client_close(), and client_open() again every
 * CLIENT_RETRY_MS; then HELLO with resuming = 1, HAND_BACK of everything held, READY, and for the gateway SOCKETS. A child
 * goes on serving all the while.
 *
 * Each connection belongs to one thread. A thread that calls and waits opens its own with VERB_CHANNEL_CALLS; nothing is
 * pushed on that one.
 *
 * How a child is started: standard input is the settings file, opened for reading by posternd (the child may not be able to
 * open it by name), standard output and error are posternd's error output, argv is {program, "--posternd",
 * "<run_dir>/posternd.sock"}. Uid, gid, no_new_privs and an empty capability set are in place.
 * Not here: event loops (no dependency on libevent), what the messages mean (netns/verbs.h, netns/verbs.def).
 */
#ifndef POSTERN_NETNS_CLIENT_H
#define POSTERN_NETNS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "netns/verbs.h"

/* How long to wait before connecting again; posternd's successor waits for its children several times as long. */
#define CLIENT_RETRY_MS 200

struct client;

/*
 * Connect to the socket at `path`. Returns 0 and `*ret`, which the caller closes, or a negative errno: -ENOENT and
 * -ECONNREFUSED while no posternd listens. Does not wait.
 */
int client_open(struct client **ret, const char *path) __attribute__((warn_unused_result));

/* The descriptor to poll for reading, owned by `client`. */
int client_fd(const struct client *client);

/*
 * Send `verb` with `body` (as verbs.def names it, copied; NULL for an empty one) and `fd_count` descriptors, which stay the
 * caller's. Returns the message's sequence (> 0), -EAGAIN if posternd does not keep up, -EPIPE if it is gone, -EINVAL for
 * what verb_check() refuses. Never waits.
 */
int64_t client_post(struct client *client, enum verb verb, const void *body, const int *fds, size_t fd_count)
	__attribute__((warn_unused_result));

/*
 * The next message: a reply (header.is_reply, header.sequence) or a push. Returns 0 with `*ret`, valid until the next
 * call on `client`; -EAGAIN if none waits, -EPIPE when the connection has ended, -EPROTO for what verb_check() refuses.
 * Descriptors of the message are closed with it unless taken by client_take_fd().
 */
int client_receive(struct client *client, struct verb_message **ret) __attribute__((warn_unused_result));

/*
 * Send a request and wait for its reply. Messages that are pushed meanwhile are kept for client_receive().
 * Those do not show in poll(): after calls on a loop's connection, call client_receive() until -EAGAIN before polling.
 * Returns the reply's status (0 or negative errno, in which case `*ret` may be NULL) and the reply in `*ret`, valid until the
 * next call on `client`; -ETIMEDOUT after `timeout_ms` (the connection is then out of step: close it), -EPIPE, -EPROTO.
 * Waits: never on an event loop.
 */
int client_ask(struct client *client, enum verb verb, const void *body, const int *fds, size_t fd_count,
	unsigned int timeout_ms, struct verb_message **ret) __attribute__((warn_unused_result));

/* Descriptor `index` of `message`, now the caller's; close-on-exec. -1 if there is none or it was taken before. */
int client_take_fd(struct verb_message *message, size_t index);

/* Close the connection and what was not taken; NULL is allowed. */
void client_close(struct client *client);

#endif
