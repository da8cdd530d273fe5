/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_targets: the ways into the stages of private APIs, and what each of them drops at an endpoint.
 *
 * A way is a stage with one of its deployments (a canary is a second one), called directly or, if its default endpoint is
 * disabled, by one private domain that is mapped to it and associated with the endpoint. Each has the policies that stand
 * in it; see policy/source_filter.h for why domains count only there.
 *
 * Everything is kept from one gathering to the next: a stage's record is parsed when it changes, a deployment's once (it
 * never changes), a domain's policy when its text changes; and a way's part is compiled once for all endpoints that its
 * policies don't tell apart. So a gathering after one API's change compiles one part, and reads the others' stage records
 * without parsing them.
 *
 * Life cycle, each time: filter_targets_gather(), then filter_targets_at() and filter_way_drops() for each endpoint, then
 * filter_targets_sweep(). Gathering within a transaction sees what is not committed; if it is rolled back, the next
 * gathering finds the old state, and what was kept for the other is swept away.
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_FILTER_TARGETS_H
#define POSTERN_CONTROL_FILTER_TARGETS_H

#include <stddef.h>

#include "appliance/base/table.h"
#include "appliance/control/call.h"
#include "policy/source_filter.h"

struct filter_way {
	struct source_filter_target target,
		front; /* `front`: the domain that target.domain points to, if there is one */
	char *key, *stage;
	struct way_part *parts;
	struct way_use *uses;
	size_t use_count, use_room;
	uint64_t turn;
};

struct filter_ways {
	struct filter_way **items;
	size_t count, room;
};

struct filter_targets {
	struct table stages;             /* record id → struct filter_stage */
	struct table deployments;        /* "api id/deployment id" → struct filter_deployment */
	struct table domains;            /* id and policy → struct filter_domain */
	struct table ways;               /* key → struct filter_way */
	struct source_filter_pool *pool; /* of parts and gates; NULL until there is one */
	struct filter_ways direct;       /* open at every endpoint */
	/* Stages whose default endpoint is disabled, and how domains lead to them; texts live as long as the call. */
	struct filter_hidden *hidden;
	struct filter_access *accesses;
	struct filter_mapping *mappings;
	size_t hidden_count, hidden_room, access_count, access_room, mapping_count, mapping_room;
	uint64_t turn, domain_serial;
	uint64_t parsed_count, compiled_count; /* records parsed and parts compiled since the start */
};

/* Read the present records. 0 or a negative errno. */
int filter_targets_gather(struct filter_targets *targets, struct call *call) __attribute__((warn_unused_result));

/*
 * The ways at one endpoint, into `ret` (emptied first; filter_ways_fini() ends it). They live until the sweep after the next
 * gathering. `call` is that of the gathering. 0 or a negative errno.
 */
int filter_targets_at(struct filter_targets *targets, struct call *call, const char *endpoint_id,
	struct filter_ways *ret) __attribute__((warn_unused_result));

/* What an endpoint's policy drops of the calls to its ways: few different sets. Zeroed memory is ready. */
struct filter_gates {
	struct way_part *first;
	uint64_t version; /* of the policy: another one has another number */
};

/* The endpoint's policy has changed, or the endpoint is gone. `version` is never given to another policy. */
void filter_gates_reset(struct filter_gates *gates, uint64_t version);

/*
 * What the way drops at the endpoint that `facts` describes (its targets are not looked at), behind which gate. `serial` is
 * the endpoint's number, never given to another. The part lives as long as the way, the gate until the gates are reset. 0 or
 * -ENOMEM.
 */
int filter_way_drops(struct filter_targets *targets, struct filter_way *way, const struct source_filter_input *facts,
	uint64_t serial, struct filter_gates *gates, struct source_filter_way *ret) __attribute__((warn_unused_result));

/* Forget what was not met since filter_targets_gather(). */
void filter_targets_sweep(struct filter_targets *targets);

/* Forget an endpoint. */
void filter_targets_forget(struct filter_targets *targets, uint64_t serial);

void filter_ways_fini(struct filter_ways *ways);
void filter_targets_fini(struct filter_targets *targets);

#endif
