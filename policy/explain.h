/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain: why a policy gives its verdict: statement by statement and part by part, what matched, which value the request
 * had, and what would have to be different for the part to turn out the other way.
 *
 * It walks the same compiled statements with the same matching functions as policy_evaluate(), but asks every part of
 * every statement instead of stopping at the first that fails. For people and tools: not for the request path, although
 * it allocates nothing either.
 *
 * Threads: pure; the visitor runs on the calling thread.
 */
#ifndef POSTERN_POLICY_EXPLAIN_H
#define POSTERN_POLICY_EXPLAIN_H

#include "policy/policy.h"

enum explain_part_kind { EXPLAIN_PRINCIPAL, EXPLAIN_ACTION, EXPLAIN_RESOURCE, EXPLAIN_CONDITION };

/* One part of a statement. Views live until the visitor returns; those into the policy as long as the policy. */
struct explain_part {
	enum explain_part_kind kind;
	bool negated;                     /* NotPrincipal, NotAction, NotResource, a …Not… operator */
	bool matched;                     /* after negation: true lets the statement apply */
	struct policy_text operator_name; /* conditions: as written, "ForAnyValue:StringLike"; else absent */
	struct policy_text
		key; /* conditions: key name as written; else "Principal", "Action", "Resource" or the Not form */
	size_t wanted_count;              /* number of the policy's alternatives */
	const struct policy_text *wanted; /* the policy's alternatives as written (shorthand expanded) */
	bool present;                     /* the request has a value; always true for action and resource */
	size_t actual_count;              /* number of the request's values: 1 unless the key is array-valued */
	const struct policy_text *actual; /* the request's values */
	const char *remedy;               /* what would have to change for the other outcome; never NULL */
	bool fixed;                       /* no request turns the part: only another policy would */
};

struct explain_statement {
	size_t index;
	struct policy_text sid; /* absent if it has none */
	bool denies;
	bool matched;  /* all parts matched: the statement applies */
	bool decisive; /* it is the statement that the verdict names */
	size_t part_count;
	size_t failed_count; /* parts that did not match */
};

struct explain_visitor {
	/* Before the parts of each statement. May be NULL. */
	void (*statement)(void *context, const struct explain_statement *statement);
	/* For each part, in the order principal, action, resource, conditions. May be NULL. */
	void (*part)(void *context, const struct explain_statement *statement, const struct explain_part *part);
	void *context;
};

/*
 * Visit all statements of `policy` on `request` and give the verdict, which is always that of policy_evaluate().
 */
void explain_policy(const struct policy *policy, const struct policy_request *request,
	const struct explain_visitor *visitor, struct policy_result *ret);

/*
 * A few sentences on what would turn the verdict: which Deny has to stop matching, whether others remain and an Allow holds
 * then, or which Allow is nearest and what it lacks. Changes that were tried out are found by turn.h. Writes at most `buffer_bytes` bytes with NUL; returns the length that the whole text has.
 */
size_t explain_summary_write(
	const struct policy *policy, const struct policy_request *request, char *buffer, size_t buffer_bytes);

#endif
