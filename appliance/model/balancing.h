/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * balancing: VPC links, load balancers and target groups from the store into a snapshot (load_balancer.h): one that changed, for
 * the next snapshot, or all of them, for a test of a private integration (draft.h).
 *
 * Threads: the follower's alone. Inside a read transaction.
 */
#ifndef POSTERN_MODEL_BALANCING_H
#define POSTERN_MODEL_BALANCING_H

#include "appliance/model/compile.h"
#include "appliance/store/store.h"

/*
 * Put the object of that record into `snapshot`, or take it out if there is none (any more). `kind` is vpclink, loadbalancer or
 * targetgroup. Errors as build_snapshot().
 */
int balancing_build(struct compile *compile, struct store *store, struct snapshot *snapshot, enum store_kind kind,
	const char *id) __attribute__((warn_unused_result));

/* All of them. */
int balancing_build_all(struct compile *compile, struct store *store, struct snapshot *snapshot)
	__attribute__((warn_unused_result));

#endif
