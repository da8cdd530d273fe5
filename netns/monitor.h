/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * monitor: the children's connections. Who a peer is comes from the kernel (SO_PEERCRED against the children that live);
 * every packet is checked against netns/verbs.def before it is looked at; anything odd from a child ends that child.
 * Nothing here waits: what a child has no room for is kept (bounded), endpoints are told when there is room, filter events
 * are dropped and counted.
 */
#ifndef POSTERN_NETNS_MONITOR_H
#define POSTERN_NETNS_MONITOR_H

#include "netns/posternd.h"

/* Listen on <run_dir>/posternd.sock. Returns 0 or a negative errno. */
int monitor_open(struct posternd *posternd) __attribute__((warn_unused_result));
/* Close the socket and every connection. */
void monitor_close(struct posternd *posternd);
/* Close the connections of a child that has ended or is being ended. */
void monitor_forget_child(struct posternd *posternd, enum child_role role);

/* Answer a request that was put off and whose reply has no content: `status` is 0 or a negative errno. */
void monitor_answer_empty(struct connection *connection, const struct verb_header *request, int status);
/* Tell the gateway about endpoints that it does not know yet, and about those that are gone. */
void monitor_tell_endpoints(struct posternd *posternd);
/* An endpoint is gone: the gateway must close its sockets. */
void monitor_tell_gone(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES]);
/* Send the collected filter events to control, or count them as lost. */
void monitor_tell_events(struct posternd *posternd);
/* Tell both children to drain. */
void monitor_tell_drain(struct posternd *posternd, uint32_t limit_ms);
/* Tell both children to read the settings again. */
void monitor_tell_reload(struct posternd *posternd);

#endif
