/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server: the loop's side of the control program: management connections → whole requests → operations thread → answers.
 *
 * `/ping` is answered on the loop, so that it tells of the loop alone; `/metrics` and every management call by the operations
 * thread, in the order in which they came. A call that waits for the gateway (call.h) leaves that thread to the others, and comes back
 * to it with the answer.
 * Threads: the loop's.
 */
#ifndef POSTERN_CONTROL_SERVER_H
#define POSTERN_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct control;
struct loop;

/* Sets control->server. 0 or a negative errno. */
int control_server_open(struct control *control, struct loop *loop) __attribute__((warn_unused_result));
void control_server_close(struct control *control);

#endif
