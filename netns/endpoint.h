/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoint: the table of endpoints. A real one is a network namespace with its links, its filter and its listening sockets;
 * local mode has a single one that is sockets only.
 *
 * Life cycle: endpoint_create() writes the endpoint's record before it makes anything and completes it at the end, so that
 * a successor knows what is whole and what is left over; a failure on the way is undone. The filter is on every link
 * before that goes up and denies all until the first generation is loaded. endpoint_delete() takes all down, the record last.
 * Not here: who may ask (netns/monitor), generations (netns/load), finding endpoints again (netns/reconcile), links in detail (netns/link).
 */
#ifndef POSTERN_NETNS_ENDPOINT_H
#define POSTERN_NETNS_ENDPOINT_H

#include "netns/posternd.h"

/* Port numbers of an endpoint's sockets are those that its filter lets through (ebpf/filter_contract.h). */

/* No endpoint yet. */
void endpoint_init(struct posternd *posternd);
/* The endpoint with this id (the empty id: local mode's), or NULL. */
struct endpoint *endpoint_find(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES]);
/* How many there are. */
uint32_t endpoint_count(const struct posternd *posternd);
/* A free row with its index and no resources, now used; NULL if all are taken. */
struct endpoint *endpoint_new(struct posternd *posternd);
/* Let go of what this process holds (descriptors, filter, row); links and namespace stay. */
void endpoint_close(struct posternd *posternd, struct endpoint *endpoint);

/* Local mode's one endpoint, without sockets yet. */
void endpoint_make_local(struct posternd *posternd);

/*
 * Make an endpoint. Returns 0 and `*ret_index`, also if exactly this one exists already; -EEXIST for another of that id,
 * -EINVAL for addresses that are not the networks', -EADDRINUSE for one that another endpoint has, -EBUSY for a NIC that is
 * taken, -ENODEV for a bridge or NIC that is not there, -ENOSPC if the table is full, -EOPNOTSUPP in local mode, or
 * the kernel's negative errno; reported unless 0.
 */
int endpoint_create(struct posternd *posternd, const struct verb_endpoint_create *wanted, uint32_t *ret_index)
	__attribute__((warn_unused_result));
/* Take an endpoint down. Returns 0, -ENOENT for an unknown id, -EOPNOTSUPP in local mode, or what remained undone. */
int endpoint_delete(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES])
	__attribute__((warn_unused_result));

/* Make the sockets of every endpoint that has none. Returns 0, or a negative errno after having reported which. */
int endpoint_complete_sockets(struct posternd *posternd) __attribute__((warn_unused_result));
/*
 * Take an endpoint's sockets back from the gateway: those that are kept become -1 in `fds`, those that we hold already stay
 * the caller's. Returns 0, -ENOENT for an unknown endpoint, -EINVAL for descriptors that are not its sockets.
 */
int endpoint_take_back(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES], int *fds, size_t fd_count)
	__attribute__((warn_unused_result));
/* The gateway is gone: the next one knows no endpoint. */
void endpoint_forget_told(struct posternd *posternd);

/* Start following the filter's events. Returns 0 or a negative errno. */
int endpoint_watch_events(struct posternd *posternd, struct endpoint *endpoint) __attribute__((warn_unused_result));

#endif
