/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arn: Amazon resource names and patterns of them: six parts at the first five colons, compared pairwise.
 *
 * Private to policy/. A star never crosses from one of the first five parts into the next; in the sixth it crosses '/' and
 * ':' alike. A resource pattern keeps its first five parts in a head that the policy's patterns share, since nearly all of
 * them name the same API: a request then compares each different head only once.
 * Threads: immutable once compiled.
 * Source: IAM User Guide, "IAM JSON policy elements: Resource"; spec/policy.md 1.3 and 2 (ArnLike).
 */
#ifndef POSTERN_POLICY_ARN_H
#define POSTERN_POLICY_ARN_H

#include "policy/wildcard.h"

#define POLICY_ARN_PARTS 6

/* Split at the first five colons. False if there are fewer; `parts` is then untouched. */
bool policy_arn_split(struct policy_text parts[POLICY_ARN_PARTS], struct policy_text arn);

/* The same for a pattern: with `variables`, colons inside of ${…} don't count. */
bool policy_arn_split_pattern(struct policy_text parts[POLICY_ARN_PARTS], struct policy_text pattern, bool variables);

/* A pattern in a condition (ArnLike): case-sensitive throughout. */
struct policy_arn_pattern {
	bool usable; /* false: fewer than six parts, matches nothing */
	struct wildcard parts[POLICY_ARN_PARTS];
};

/* Returns what wildcard_compile() returns for the first part that fails. A pattern with fewer parts is no error. */
int policy_arn_pattern_compile(struct policy_arn_pattern *ret, struct policy_arena *arena, struct policy_text text,
	bool variables) __attribute__((warn_unused_result));

bool policy_arn_pattern_match(
	const struct policy_arn_pattern *pattern, struct policy_text arn, const struct policy_request *request);

/* The first five parts of a resource pattern: without case, with wildcards, without variables. */
struct policy_arn_head {
	struct policy_text text; /* as written, up to the fifth colon */
	struct wildcard parts[POLICY_ARN_PARTS - 1];
};

bool policy_arn_head_match(const struct policy_arn_head *head, const struct policy_text parts[POLICY_ARN_PARTS]);

#endif
