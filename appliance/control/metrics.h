/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * metrics: the text of /metrics: the gateway's shared counters, the filters' counters, and the control program's own.
 *
 * Threads: the operations thread. Source: Prometheus text exposition format 0.0.4.
 */
#ifndef POSTERN_CONTROL_METRICS_H
#define POSTERN_CONTROL_METRICS_H

struct control;
struct dispatch_response;

/* Fill the answer. */
void metrics_answer(struct control *control, struct dispatch_response *ret);

#endif
