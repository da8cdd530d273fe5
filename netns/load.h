/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load: a generation on its way into an endpoint's filter, as FILTER_LOAD orders it.
 *
 * load_start() checks what came and hands the long part, building and verifying the table, to a thread that touches nothing
 * of posternd's; the loop goes on with the children, signals and events. When it is done the loop swaps the table in, a
 * second thread cuts connections if that was asked, and control is answered. One load is under way at a time, and control's
 * next verb of any kind waits for it (netns/monitor calls load_finish()), so that orders take effect in their order and no
 * endpoint goes away meanwhile.
 * Not here: who may ask (netns/monitor), the table (ebpf/filter), how connections are cut (netns/cut).
 */
#ifndef POSTERN_NETNS_LOAD_H
#define POSTERN_NETNS_LOAD_H

#include "netns/posternd.h"

/*
 * Begin to load what the sealed memfd `records_fd` holds (netns/verbs.h), which stays the caller's, for the request of
 * `connection` with `header`. Returns 0: it will be answered when the generation is in force, or is not; else nothing has
 * begun and the caller answers: -ENOENT, -EOPNOTSUPP (local mode), -E2BIG, -EBADF for a descriptor without the seals, -EMSGSIZE if it
 * does not hold exactly the records announced, -EBUSY while one is under way, or another negative errno. Reported.
 */
int load_start(struct posternd *posternd, struct connection *connection, const struct verb_header *header,
	const struct verb_filter_load *load, int records_fd) __attribute__((warn_unused_result));
/* Wait for the load under way, if there is one, and bring it to its end. May close connections. */
void load_finish(struct posternd *posternd);
/* The connection is being closed: nobody waits for that answer any more. What was ordered is done. */
void load_forget(struct posternd *posternd, const struct connection *connection);

#endif
