/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * target: which target of a load balancer a private integration (connectionType VPC_LINK) calls.
 *
 * The URI of the integration chooses scheme, Host and path; its port chooses the listener; link, load balancer and listener lead
 * to a target group, and of its healthy targets the one with the fewest outstanding requests of this worker is taken, ties in
 * rotation. If no target is healthy all are in the choice, as with a Network Load Balancer. What is taken is a lease,
 * given back when the call has ended.
 *
 * Hot path: three look-ups in the snapshot, one pass over the targets; no lock, no heap. Each worker counts for itself: on its
 * own the least outstanding of each worker spreads load as well, and nothing is shared that is written.
 *
 * Threads: a worker's. Not here: health checks (target_health.h); whether the address may be called at all (outbound/destination.h).
 * Source: ELB User Guide for Network Load Balancers, "Health checks for your target groups"; spec/rest-dataplane.md, VPC_LINK.
 */
#ifndef POSTERN_INTEGRATE_TARGET_H
#define POSTERN_INTEGRATE_TARGET_H

#include <stdatomic.h>
#include <stdint.h>

#include "appliance/base/counters.h"
#include "appliance/base/view.h"
#include "appliance/model/integration.h"
#include "appliance/model/load_balancer.h"
#include "appliance/model/snapshot.h"
#include "appliance/outbound/outbound.h"

/* What a worker counts of one target. */
struct target_count {
	uint32_t outstanding;
	uint32_t
		turn; /* when it was last chosen, in turns of the worker: of several with as few, the one that waited longest is */
};

/* What choosing needs of a worker; zeroed but for `states`. */
struct target_worker {
	const _Atomic uint64_t *states; /* counters_targets(); NULL: all are taken for healthy */
	uint32_t turn;
	struct target_count counts[COUNTERS_TARGETS_MAX];
};

/* A request that a target has. Zeroed: none. */
struct target_lease {
	uint32_t *outstanding;
};

struct target_wanted {
	const struct snapshot *snapshot;
	struct view link_id; /* connectionId, stage variables put in */
	struct view arn;     /* integrationTarget: of a load balancer or a listener; empty: the link's own */
};

/*
 * What a connectionId or integrationTarget says with these stage variables; one that is not set is the empty text. A view into the
 * snapshot, or a copy in the arena; `at` NULL: it is exhausted.
 */
struct view target_text(
	struct arena *arena, const struct integration_uri *parts, const struct snapshot_variables *variables);

/*
 * Choose. `target` holds what the integration's URI says (http_request.h), and is made the target's: its views point to the
 * snapshot and to what they pointed to. Returns 0, and the lease is the caller's; -ENOENT if there is no such link or load
 * balancer, or the link has failed: 500 API_CONFIGURATION_ERROR; -ECONNREFUSED if no listener has that port, it does not take
 * what the scheme says, or it has no target: INTEGRATION_FAILURE.
 */
int target_take(struct target_worker *worker, const struct target_wanted *wanted, struct outbound_target *target,
	struct target_lease *ret) __attribute__((warn_unused_result));

/* The call has ended. Harmless a second time. */
void target_give_back(struct target_lease *lease);

#endif
