/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own_filter: what /metrics tells of the source filters. Threads: the operations thread. */
#ifndef POSTERN_CONTROL_OWN_FILTER_H
#define POSTERN_CONTROL_OWN_FILTER_H

#include "appliance/base/buffer.h"
#include "appliance/control/call.h"

/* Append the filters' counters in Prometheus' text format. */
void own_filter_write_metrics(struct control *control, struct call *call, struct buffer *buffer);

#endif
