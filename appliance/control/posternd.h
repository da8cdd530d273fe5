/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * posternd: orders to posternd from the operations thread, over a connection of its own that is made when it is needed.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_POSTERND_H
#define POSTERN_CONTROL_POSTERND_H

#include <stddef.h>

#include "netns/client.h"

struct control;

/* How long posternd may take for an order: it is a busy program's neighbour. */
#define POSTERND_TIMEOUT_MS 5000
/* To make an endpoint the kernel judges a program: 8 s in an emulated machine on a host with five times its work. */
#define POSTERND_CREATE_TIMEOUT_MS 30000
/* A load may take so much longer: measured 500 prefixes a millisecond on an idle machine, 260 on one with five times its work. */
#define POSTERND_PREFIXES_PER_MS 50

/*
 * Call and wait. Returns the reply's status, or a negative errno if posternd can't be reached: -ENOTCONN without one (tests),
 * -EAGAIN while it is away. The reply (may be NULL) is valid until the next call.
 */
int posternd_call(struct control *control, enum verb verb, const void *body, const int *fds, size_t fd_count,
	struct verb_message **ret) __attribute__((warn_unused_result));

/* Forget the connection: posternd is a new one. */
void posternd_forget(struct control *control);

#endif
