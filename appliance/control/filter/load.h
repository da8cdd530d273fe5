/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_load: one endpoint's filter in the form in which posternd takes it: the order, the records for its memfd, and what
 * the statement indexes in them mean.
 *
 * Life cycle: filter_load_init() from a compiled filter, filter_load_fini(). It keeps no pointer into policies.
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_FILTER_LOAD_H
#define POSTERN_CONTROL_FILTER_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/crypto/digest.h"
#include "ebpf/filter_contract.h"
#include "netns/verbs.h"
#include "policy/source_filter.h"

struct control;

struct filter_statement_row {
	char *policy; /* ARN of the API or the domain, or "endpoint-policy" */
	char *sid;    /* empty without one */
	int statement;
};

struct filter_load {
	struct verb_filter_load order; /* its generation is 0 until it is sent */
	struct filter_prefix_record *prefixes;
	struct filter_admission_record *admissions;
	struct filter_statement_row *rows;
	uint32_t row_count, row_room;
	size_t needed_count; /* prefixes of the exact filter */
	bool widened;
};

/*
 * Take over what `filter` says; `input` has the endpoint's policy and, as its first target, the one that reasons name. The
 * order's id, mode, dns and flags are the caller's, as are admissions (from malloc(), then the load's).
 */
void filter_load_init(
	struct filter_load *load, const struct source_filter *filter, const struct source_filter_input *input);

void filter_load_fini(struct filter_load *load);

/* What tells loads apart, but for their generation. */
void filter_load_digest(const struct filter_load *load, uint8_t ret[DIGEST_SHA256_BYTES]);

/* Have posternd load it. 0 or a negative errno of posternd_call(). */
int filter_load_send(struct control *control, const struct filter_load *load) __attribute__((warn_unused_result));

#endif
