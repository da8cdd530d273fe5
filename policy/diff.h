/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diff: what changes in meaning between two policies: for whom, from where and for what the verdict is another one.
 *
 * The requests that can be told apart are cut into classes, axis by axis: caller, action, method and path, endpoint, VPC,
 * source prefixes, and each further condition key that one of the policies names. Two requests of the same classes meet the
 * same parts of both policies. One request of each combination is really evaluated by both; combinations whose verdict
 * changes in the same way are put together into regions, and a region is told only with a witness: a request on which the
 * evaluator disagrees.
 *
 * What is compared is a REST API's data plane: invoke ARNs {api}/{stage}/{METHOD}/{path} of printable ASCII, calls through an
 * endpoint (with `public_api` from the internet too), times and counts in whole seconds and numbers. Classes are exact for
 * the usual conditions. Where they are not (`incomplete`), what is found is still true, but more may differ: variables, ARN
 * operators, conditions on the caller's own keys, and whatever a limit cut off.
 *
 * Life cycle: one call. Threads: pure. No I/O, no clock.
 */
#ifndef POSTERN_POLICY_DIFF_H
#define POSTERN_POLICY_DIFF_H

#include "policy/policy.h"

/* Classes of one axis: a bit each in a word of 64. */
#define DIFF_CLASSES_MAX 64
/* Axes: the fixed ones and the further keys of the policies; few policies name three. */
#define DIFF_AXES_MAX 14
/* Combinations that are evaluated: a second or two. */
#define DIFF_REQUESTS_MAX (1u << 20)
/* Combinations with another verdict that are kept before they are put together: 8 MiB. */
#define DIFF_CELLS_MAX 65536u
/* Regions that are told. */
#define DIFF_LINES_MAX 256
/* Conditions on one key, and statements, by which classes are told apart. */
#define DIFF_CONDITIONS_MAX 256

/* Why a comparison is incomplete: bits. */
enum diff_incomplete {
	DIFF_CLASSES_CUT = 1 << 0,
	DIFF_AXES_CUT = 1 << 1,
	DIFF_REQUESTS_CUT = 1 << 2,
	DIFF_CELLS_CUT = 1 << 3,
	DIFF_LINES_CUT = 1 << 4,
	DIFF_CONDITIONS_CUT = 1 << 5,
	DIFF_SAMPLED = 1 << 6, /* variables, or operators whose classes are not exact */
	DIFF_INCOMPLETE_COUNT = 7,
};

/* One line on the `bit`-th reason (0 to DIFF_INCOMPLETE_COUNT - 1); never NULL. */
const char *diff_incomplete_text(unsigned bit);

struct diff_options {
	/* arn:aws:execute-api:{region}:{account}:{apiId}: the API that is called, and for which shorthands were expanded. */
	struct policy_text api_arn;
	bool public_api; /* calls from the internet count too */
};

/* One axis of a region. All views live until the visitor returns. */
struct diff_extent {
	struct policy_text name; /* "caller", "action", "resource", "aws:SourceVpce", … */
	bool any;                /* all classes: the axis plays no part here */
	size_t class_count;
	/*
	 * What each class is: ranges "10.0.0.0/8, 192.168.0.0-192.168.0.9" or "up to 2026-01-31T23:59:59Z"; values that a policy
	 * names "vpce-1, vpce-2"; methods and patterns "GET in A, not in B, such as prod/GET/x"; what no policy
	 * names by an example, "such as other".
	 */
	const struct policy_text *classes;
};

struct diff_line {
	enum policy_verdict old_verdict, new_verdict; /* of the witness, and of every request of the region */
	const struct policy_request *witness;
	const struct diff_extent *extents;
	size_t extent_count;
};

typedef void diff_visit(void *context, const struct diff_line *line);

/*
 * Call `visit` for each region whose verdict changes. `*ret_incomplete` are bits of enum diff_incomplete; with 0 and no line
 * the two policies mean the same.
 *
 * Returns 0; -EINVAL if `api_arn` is no ARN; -ENOMEM.
 */
int diff_policies(const struct policy *old_policy, const struct policy *new_policy, const struct diff_options *options,
	diff_visit *visit, void *context, unsigned *ret_incomplete) __attribute__((warn_unused_result));

#endif
