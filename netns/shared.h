/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shared: what posternd keeps for its children besides endpoints: the counters' memory, the wake-up eventfd, the logs of
 * requests and of management calls, the management listeners, the records. Made when first needed, taken back from children after posternd's own restart;
 * logs and records are files and simply opened again.
 *
 * The records are clients.record, requests.record and lines.record in state_dir: what the gateway saw, for control to read. posternd
 * makes them, of the settings' size and with their room on the disk reserved, so that a full disk later hurts nobody who
 * has them mapped; it never reads them. They are root's and mode 0640: the gateway writes them by the descriptor that it
 * is given, and can't change their mode or owner; the group may read. SIGHUP leaves them alone.
 */
#ifndef POSTERN_NETNS_SHARED_H
#define POSTERN_NETNS_SHARED_H

#include "netns/posternd.h"

/* Nothing is held yet. */
void shared_init(struct shared *shared);
/* Make what is not held. Returns 0, or a negative errno after having reported what to do. */
int shared_complete(struct posternd *posternd) __attribute__((warn_unused_result));
/*
 * Open the records, or make them (again) if they are not files of ours of the size wanted; a symbolic link is not followed.
 * What can't be made is reported, and there is none of it then. To be called while we may still write into state_dir.
 */
void shared_open_records(struct posternd *posternd);
/* (Re)open the access log and the audit log. Returns 0 or a negative errno, reported; what can't be opened stays as it was. */
int shared_open_logs(struct posternd *posternd) __attribute__((warn_unused_result));
/*
 * Take back counters and eventfd, or the management listeners, from a child: those that are kept become -1 in `fds`, those
 * that we hold already stay the caller's. Returns 0, or -EINVAL for descriptors that are not what they should be.
 */
int shared_take_back(struct posternd *posternd, uint32_t what, int *fds, size_t fd_count)
	__attribute__((warn_unused_result));
/* Close all. */
void shared_close(struct shared *shared);

#endif
