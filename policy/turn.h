/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * turn: what about a request would have to be different for the other verdict.
 *
 * Around one request the values that the policies tell apart are tried, as diff finds them: first each alone, then two, then
 * three at once. A turn is told only after the judge has said the other verdict on the changed request, so it is true; only
 * turns with the fewest changes are told. Not everything can be tried: that none was found does not mean that there is none.
 * What a client can't choose is left as it is: the action, and keys that no client's request has.
 *
 * Life cycle: one call. Threads: pure; judge and visitor run on the calling thread. No I/O, no clock.
 */
#ifndef POSTERN_POLICY_TURN_H
#define POSTERN_POLICY_TURN_H

#include "policy/policy.h"

/* Parts of the request that are changed at once: caller, resource, time, or one key each. */
#define TURN_STEPS_MAX 3
/* What a turn lists: another caller brings four keys along. */
#define TURN_CHANGES_MAX 16
/* Turns that are told. */
#define TURN_COUNT_MAX 4
/* Changed requests that are judged: a fraction of a second. */
#define TURN_JUDGED_MAX 200000u
/* Policies that are looked at: endpoint's, resource's, caller's. */
#define TURN_POLICIES_MAX 3

/* Views live until the visitor returns. */
struct turn_change {
	struct policy_text name;      /* "caller", "resource" or a condition key */
	struct policy_value from, to; /* absent: all zero */
};

struct turn {
	enum policy_verdict verdict;
	size_t change_count;
	struct turn_change changes[TURN_CHANGES_MAX];
};

typedef enum policy_verdict turn_judge(void *context, const struct policy_request *request);
typedef void turn_visit(void *context, const struct turn *turn);

struct turn_input {
	const struct policy *policies[TURN_POLICIES_MAX]; /* those that the judge asks; they tell which values matter */
	size_t policy_count;
	const struct policy_request *request;
	bool same_caller;  /* another caller would have other policies of its own: don't try one */
	turn_judge *judge; /* NULL: policies[0] alone */
	void *judge_context;
};

/*
 * Call `visit` for up to TURN_COUNT_MAX turns: from Allow to a denial, else to Allow.
 * Returns the number of turns told (0: none was found), -EINVAL if the request's resource is no ARN, or -ENOMEM.
 */
int turn_find(const struct turn_input *input, turn_visit *visit, void *context) __attribute__((warn_unused_result));

#endif
