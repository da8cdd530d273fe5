/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter_values: what a statement is worth to an endpoint: True, Maybe or False. Private to policy/:
 * source_filter.c asks for one address, source_filter_parts.c for all of them.
 *
 * A subject lives on the caller's stack as long as its input, policy and resource do. Threads: none of its own.
 * Source: spec/policy.md 10.1 and 10.2.
 */
#ifndef POSTERN_POLICY_SOURCE_FILTER_VALUES_H
#define POSTERN_POLICY_SOURCE_FILTER_VALUES_H

#include "policy/evaluation.h"
#include "policy/source_filter.h"

/* A policy, what it is asked for, and the connection to judge. */
struct filter_subject {
	const struct policy *policy;                 /* NULL: there is none */
	const struct source_filter_target *resource; /* whose ARN is called; NULL: it may be any */
	struct policy_evaluation evaluation;
	struct policy_request request;
};

void filter_subject_init(struct filter_subject *subject, const struct source_filter_input *input,
	const struct policy *policy, const struct source_filter_target *resource, struct policy_text address);

/* Least value of the parts of a statement; with `addresses` false, of those that don't look at the address. */
enum source_filter_value filter_subject_statement(
	struct filter_subject *subject, const struct policy_statement *statement, bool addresses);

/* A condition whose value changes from CIDR edge to CIDR edge. */
bool filter_subject_looks_at_address(const struct policy_condition *condition);

#endif
