/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client: the control program's side of the connection to the system daemon: one call, one connection, one reply.
 *
 * Blocking, bounded by SYSTEM_CLIENT_TIMEOUT_MS: for the operations thread, never on an event loop. Needs socket(), connect(), sendmsg()
 * and memfd_create(), which control's system call filter allows; the socket's file needs no right of Landlock's.
 */
#ifndef POSTERN_SYSTEM_CLIENT_H
#define POSTERN_SYSTEM_CLIENT_H

#include "image/system/protocol.h"

/* The longest order is to check settings in a process of its own, on a machine that is busy starting. */
#define SYSTEM_CLIENT_TIMEOUT_MS 15000

/*
 * Send `verb` with `body` (NULL for an empty one) and `data_bytes` of `data`, wait for the reply. 0 with `*ret` filled: its `status` is
 * the answer. -ENOENT if this machine has no system daemon, -ECONNREFUSED or -EPIPE while it is away, -ETIMEDOUT, -EPROTO, or another errno.
 */
int system_client_call(const char *socket_path, enum system_verb verb, const void *body, const void *data,
	size_t data_bytes, struct system_reply *ret) __attribute__((warn_unused_result));

#endif
