/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_targets: the policies that can be reached through an endpoint: those of the deployments on the stages of private
 * APIs. Parsed once per deployment, since a deployment never changes.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_FILTER_TARGETS_H
#define POSTERN_CONTROL_FILTER_TARGETS_H

#include <stddef.h>

#include "appliance/base/table.h"
#include "appliance/control/call.h"
#include "policy/source_filter.h"

struct filter_targets {
	struct table deployments; /* "api id/deployment id" → struct deployment_policy */
	struct source_filter_target *items;
	size_t count, room;
	uint64_t turn; /* deployments not met in a turn are dropped */
};

/* Gather the targets of the present records. `items` live until the next call. 0 or a negative errno. */
int filter_targets_gather(struct filter_targets *targets, struct call *call) __attribute__((warn_unused_result));

void filter_targets_fini(struct filter_targets *targets);

#endif
