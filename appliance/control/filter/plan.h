/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_plan: the filters of all endpoints as the records of the moment make them, not yet loaded. Private to filter.c.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_FILTER_PLAN_H
#define POSTERN_CONTROL_FILTER_PLAN_H

#include "appliance/base/json.h"
#include "appliance/control/filter/load.h"
#include "appliance/control/filter/targets.h"

struct control;

/* What is kept of an endpoint from one plan to the next: its number, and its policy as last read. */
struct filter_place {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint64_t serial;
	char *document;
	struct policy *policy;
	struct filter_gates gates;
};

void filter_place_fini(struct filter_place *place);

struct filter_plan {
	struct filter_load *loads; /* one for each endpoint that has a filter */
	size_t count;
	bool incomplete; /* the filter of some endpoint can't be derived */
};

/*
 * Derive all filters. 0 and a plan to be ended with filter_plan_fini(); a negative errno if the records can't be read, and
 * then there is no plan.
 */
int filter_plan_make(struct filter_plan *ret, struct control *control) __attribute__((warn_unused_result));

void filter_plan_fini(struct filter_plan *plan);

#endif
