/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * impact: what another resource policy would mean for one client of an API: cut off, let in, nothing, or something that
 * depends on what the record of clients does not hold.
 *
 * The policies in force and the new one are asked by the engine about one request of the client. A part of a statement whose
 * outcome rests on what is not known of the client's requests (the time, headers, other paths of the same resource, a
 * signed caller's own keys) counts as open. For all combinations of the open parts, alike ones taken together, the decision
 * before and after is compared; so nothing is guessed, and two policies with the same open part don't differ by it.
 * The caller's own policies and an authorizer's answer are open too.
 *
 * Life cycle: one call for each client. Threads: pure.
 * Source: spec/policy.md 7.
 */
#ifndef POSTERN_CONTROL_IMPACT_H
#define POSTERN_CONTROL_IMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "policy/combine.h"

/* Open parts that are combined; with more of them everything is open. */
#define IMPACT_OPEN_MAX 8
/* Statements and parts of all policies that one client meets: policies have 8 KB by default. */
#define IMPACT_STATEMENTS_MAX 1024
#define IMPACT_PARTS_MAX 16384

/* One client's request and who judges it. All borrowed. */
struct impact_question {
	const struct policy_request *request; /* its resource is the ARN of one of the paths */
	struct view arn_prefix;               /* arn:…:{api}/{stage}/{METHOD}/ */
	struct view resource;                 /* of the API, "/pets/{id}" */
	bool path_is_cut;                     /* the record does not hold the whole path */
	struct policy_text domain_arn;        /* absent: not by a custom domain */
	const struct policy *endpoint_policy; /* NULL: full access */
	const struct policy *domain_policy;   /* NULL: nobody may call by the domain */
	const struct policy *old_policy;      /* NULL: the API has none */
	const struct policy *new_policy;
	enum combine_auth auth; /* of the method */
	bool private_api;
};

enum impact_change { IMPACT_NOTHING, IMPACT_CUT_OFF, IMPACT_LET_IN, IMPACT_DEPENDS };

struct impact_answer {
	enum impact_change change;
	/* On the request as it is known, the caller's own policies taken as silent. */
	struct combine_decision before, after;
	/* With IMPACT_DEPENDS: whether the client may be cut off, let in, or stay as it is; and on what. */
	bool may_cut_off, may_let_in, may_stay;
	size_t open_count;
	struct policy_text open[IMPACT_OPEN_MAX]; /* keys as the policies write them, or "Resource" */
	bool caller_is_open;                      /* the caller's own policies or the authorizer decide too */
	bool is_beyond;                           /* more than could be compared */
};

/* "cutOff", "letIn", "depends" or "nothing". */
const char *impact_change_name(enum impact_change change);

/* Returns 0 or -ENOMEM. */
int impact_judge(const struct impact_question *question, struct impact_answer *ret) __attribute__((warn_unused_result));

#endif
