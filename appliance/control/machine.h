/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine: what control asks of the appliance's system daemon (image/system), and what it tells it: updates, settings, restarts; and what a
 * good start has to serve. On a host without the image there is no such daemon, and operations say so.
 *
 * Each call is a connection of its own, bounded in time (image/system/client.h). Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_MACHINE_H
#define POSTERN_CONTROL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/system/protocol.h"

struct call;
struct control;

struct machine {
	uint64_t next_ms; /* monotonic: when it is told again */
	bool knows_good;  /* the start is good: it said so */
};

/* Each second: tell the daemon what there is to serve, until it has found that the start is good; then now and then. */
void machine_tell(struct control *control);

/*
 * Make a call for an operation. 0 with the reply in `*ret`; else the result of call_fail(): no daemon (NotFoundException), one that is away
 * (ServiceUnavailableException), or its refusal with its reason (BadRequestException, ConflictException).
 */
int machine_call(struct call *call, enum system_verb verb, const void *body, const void *data, size_t data_bytes,
	struct system_reply *ret) __attribute__((warn_unused_result));

/*
 * Confirm settings that are on trial. 0 with `*ret_were_on_trial`; also where there is no daemon, and then none were. A negative errno: it
 * could not be asked, or could not keep them.
 */
int machine_confirm(struct control *control, bool *ret_were_on_trial) __attribute__((warn_unused_result));

#endif
