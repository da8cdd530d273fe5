/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * remedy: the words for what would have to change so that one part of a statement turns out the other way. Private to policy/:
 * explain.c shows them. What no request can change is said to be so (`fixed`), never more than is sure.
 * Threads: pure.
 */
#ifndef POSTERN_POLICY_REMEDY_H
#define POSTERN_POLICY_REMEDY_H

#include "policy/evaluation.h"

struct remedy {
	const char *text; /* never NULL; a constant */
	bool fixed;       /* no request turns the part */
};

/* `matched` is what the evaluation says of the part, after negation. */
struct remedy remedy_of_condition(
	const struct policy_condition *condition, const struct policy_value *value, bool matched);
struct remedy remedy_of_principal(
	struct policy_evaluation *evaluation, const struct policy_statement *statement, bool matched);
struct remedy remedy_of_action(const struct policy_statement *statement, bool matched);
struct remedy remedy_of_resource(const struct policy_statement *statement, bool matched);

#endif
