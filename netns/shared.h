/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shared: what posternd keeps for its children besides endpoints: the counters' memory, the wake-up eventfd, the access log,
 * the management listeners. Made when first needed, taken back from children after posternd's own restart.
 */
#ifndef POSTERN_NETNS_SHARED_H
#define POSTERN_NETNS_SHARED_H

#include "netns/posternd.h"

/* Nothing is held yet. */
void shared_init(struct shared *shared);
/* Make what is not held. Returns 0, or a negative errno after having reported what to do. */
int shared_complete(struct posternd *posternd) __attribute__((warn_unused_result));
/* (Re)open the access log. Returns 0 or a negative errno, reported; the old one is then kept. */
int shared_open_access_log(struct posternd *posternd) __attribute__((warn_unused_result));
/*
 * Take back counters and eventfd, or the management listeners, from a child: those that are kept become -1 in `fds`, those
 * that we hold already stay the caller's. Returns 0, or -EINVAL for descriptors that are not what they should be.
 */
int shared_take_back(struct posternd *posternd, uint32_t what, int *fds, size_t fd_count)
	__attribute__((warn_unused_result));
/* Close all. */
void shared_close(struct shared *shared);

#endif
