/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fds: one packet and its descriptors over a SOCK_SEQPACKET Unix socket: the only SCM_RIGHTS code there is.
 *
 * Never waits. Descriptors received are close-on-exec; those of a packet that is refused are closed here. Used by both
 * ends (netns/monitor, netns/client). Not here: what the bytes mean (netns/verbs).
 */
#ifndef POSTERN_NETNS_FDS_H
#define POSTERN_NETNS_FDS_H

#include <stddef.h>

/*
 * Send `count` bytes and `fd_count` descriptors (at most VERB_FDS_MAX), which stay the caller's, as one packet.
 * Returns 0, -EAGAIN if the peer does not keep up, -EPIPE if it is gone, or another negative errno.
 */
int fds_send(int socket, const void *bytes, size_t count, const int *fds, size_t fd_count)
	__attribute__((warn_unused_result));

/*
 * Receive one packet into `bytes` (room for `capacity`) and its descriptors into `fds` (room for VERB_FDS_MAX); they are the
 * caller's. Returns 0 with `*ret_count` and `*ret_fd_count`; -EAGAIN if none waits, -EPIPE at the end of the
 * connection, -EMSGSIZE for a packet that does not fit. -EMFILE if the descriptors, of which there are none then, did not fit,
 * or the process may have no more of them: the bytes are there nevertheless.
 */
int fds_receive(int socket, void *bytes, size_t capacity, size_t *ret_count, int *fds, size_t *ret_fd_count)
	__attribute__((warn_unused_result));

/* Close each of `fds` that is not negative and make it -1. */
void fds_close(int *fds, size_t count);

#endif
