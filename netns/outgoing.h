/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outgoing: sockets of endpoints' namespaces for the gateway, which calls back ends and name servers with them.
 *
 * The gateway has no way into a namespace. It asks for some sockets at a time (verb OUTGOING_SOCKETS), gets them neither bound nor
 * connected, and closes them when it is done; posternd keeps none. What a gateway that was taken over could do with them: call
 * whom the endpoint's routes lead to, as it may from the appliance's own namespace. Not: take calls in, for the filter
 * lets nothing through to a socket that listens or is not connected, and ports below 1024 need a capability that it hasn't.
 *
 * Limits. Nothing without the setting. No more than OUTGOING_PER_SECOND_MAX in a second, so that a gateway that asks without end
 * takes a tenth of one processor at most and leaves posternd time for others; beyond, -EBUSY, said once per burst. What a gateway
 * holds is bounded by its limit of descriptors, what it was sent and does not read by its socket's buffer: one that lets
 * that fill up is ended (netns/monitor).
 * Life cycle: none; a call makes what it returns. Thread: posternd's; it waits for the moment that the namespace is entered.
 */
#ifndef POSTERN_NETNS_OUTGOING_H
#define POSTERN_NETNS_OUTGOING_H

#include "netns/posternd.h"

/* As many connections a second to back ends that keep none alive: more than the rest of Postern would manage on two processors. */
#define OUTGOING_PER_SECOND_MAX 16384

/*
 * Make the sockets that `wanted` (checked by verb_check()) asks for, into `fds`, whose caller closes them. Returns how
 * many, at least one, or a negative errno as struct verb_outgoing_sockets says.
 */
int outgoing_make(struct posternd *posternd, const struct verb_outgoing_sockets *wanted, int fds[VERB_OUTGOING_MAX])
	__attribute__((warn_unused_result));

#endif
