/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own_filter: what /metrics and the log tell of the source filters. Threads: the operations thread. */
#ifndef POSTERN_CONTROL_OWN_FILTER_H
#define POSTERN_CONTROL_OWN_FILTER_H

#include "appliance/base/buffer.h"
#include "appliance/control/call.h"
#include "netns/verbs.h"

/* Append the filters' counters in Prometheus' text format. */
void own_filter_write_metrics(struct control *control, struct call *call, struct buffer *buffer);

/* The counters of an endpoint as posternd reads them. 0 or a negative errno: -ENOENT if it has no filter. */
int own_filter_read_stats(struct control *control, const char *id, struct verb_filter_stats *ret)
	__attribute__((warn_unused_result));

/* INET6_ADDRSTRLEN. */
#define OWN_FILTER_ADDRESS_BYTES 46

/* An address of 128 bits as text in `text`: IPv4 in its own form. */
const char *own_filter_address_text(const uint8_t bytes[16], char text[OWN_FILTER_ADDRESS_BYTES]);

#endif
