/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * target_health: health checks of the targets of load balancers: one checker in a gateway, on one worker's loop.
 *
 * Several times a second the checker walks the target groups of the current snapshot and begins the checks that are due: a TCP connection,
 * or an HTTP(S) GET whose status is judged by the group's matcher; certificates are not verified. A target that was just
 * registered is checked at once: the first good check makes it healthy, `unhealthy_count` bad ones unhealthy. From then on
 * as many consecutive checks as the thresholds say turn it. Each change is written to the target's word (base/target_state.h), at
 * once seen by the other workers and by control, and logged.
 *
 * A gateway that starts finds the words of the last one: what was healthy stays so until a check says otherwise, so that a restart
 * moves no traffic.
 *
 * Checks leave from where requests do: a place of an endpoint in the group's VPC, if the owner gives one.
 *
 * Life cycle: target_health_new() on the loop's thread or before it runs; target_health_stop() there; target_health_free().
 * Threads: that loop's. Memory: some 2 KB for each target while it is registered.
 * Source: ELB User Guide for Network Load Balancers, "Health checks for your target groups"; ELBv2 API Reference, TargetHealth.
 */
#ifndef POSTERN_INTEGRATE_TARGET_HEALTH_H
#define POSTERN_INTEGRATE_TARGET_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/model/current.h"
#include "appliance/outbound/outbound.h"

struct counters_slot;
struct loop;
struct snapshot;
struct target_health;

/* Where a check leaves from. */
struct target_health_place {
	struct outbound_place *place; /* NULL: the gateway's own namespace */
	void *hold;                   /* given back when the check has ended; NULL: nothing is */
};

struct target_health_config {
	struct loop *loop;
	struct outbound *outbound;
	struct current *current;
	unsigned worker;                /* whose slot pins */
	_Atomic uint64_t *states;       /* counters_targets() */
	struct counters_slot *counters; /* NULL: nothing is counted */
	/*
	 * Find a place in that VPC, and keep it until give_place(). False: there is none now, and nothing is checked. NULL: all
	 * checks leave from the gateway's own namespace.
	 */
	bool (*take_place)(
		void *context, const struct snapshot *snapshot, struct view vpc_id, struct target_health_place *ret);
	void (*give_place)(void *context, void *hold);
	void *context;
};

/* Begin. NULL without memory. What `config` points to is borrowed. */
struct target_health *target_health_new(const struct target_health_config *config) __attribute__((warn_unused_result));

/* Give up what is under way and begin no more; states stay. On the loop's thread, or when it does not run any more. */
void target_health_stop(struct target_health *health);

/* Stopped before. NULL is fine. */
void target_health_free(struct target_health *health);

#endif
