/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * evaluation: one policy on one request, part by part. Private to policy/: evaluate.c decides with it, explain.c asks every
 * part, source_filter.c asks single conditions.
 *
 * An evaluation remembers what several statements ask alike: which ARN heads match, and the request's addresses, numbers and
 * instants once read. It lives on the caller's stack, for the length of one call.
 */
#ifndef POSTERN_POLICY_EVALUATION_H
#define POSTERN_POLICY_EVALUATION_H

#include "policy/compiled.h"

/* Heads with a remembered outcome: one bit each in a word. Policies with more compare the others each time. */
#define POLICY_HEADS_REMEMBERED 64

struct policy_evaluation {
	const struct policy *policy;
	const struct policy_request *request;
	enum policy_action action;
	bool has_parts; /* the request's resource is an ARN */
	struct policy_text parts[POLICY_ARN_PARTS];
	uint64_t heads_known, heads_matching;
	/* One bit a key of keys.def: the value was read; it could be read. The arrays are filled as needed. */
	uint32_t addresses_known, addresses_usable;
	uint32_t numbers_known, numbers_usable;
	uint32_t instants_known, instants_usable;
	struct policy_address addresses[POLICY_KEY_COUNT];
	policy_number numbers[POLICY_KEY_COUNT];
	int64_t instants_us[POLICY_KEY_COUNT];
};

_Static_assert(POLICY_KEY_COUNT <= 32, "a key is a bit in a word of 32");

void policy_evaluation_start(
	struct policy_evaluation *evaluation, const struct policy *policy, const struct policy_request *request);

/* Each says whether the part lets the statement apply, negation included. An identity policy has no principal: true. */
bool policy_evaluation_principal(struct policy_evaluation *evaluation, const struct policy_statement *statement);
bool policy_evaluation_action(const struct policy_evaluation *evaluation, const struct policy_statement *statement);
bool policy_evaluation_resource(struct policy_evaluation *evaluation, const struct policy_statement *statement);
bool policy_evaluation_condition(struct policy_evaluation *evaluation, const struct policy_condition *condition);

/* Does `order`, the sign of request value minus policy value, fulfil the relation? */
bool policy_relation_holds(enum policy_relation relation, int order);

/* All parts, cheap ones first. */
bool policy_evaluation_statement(struct policy_evaluation *evaluation, const struct policy_statement *statement);

/* Value of a condition's key in the request; NULL if absent. */
const struct policy_value *policy_condition_value(
	const struct policy_condition *condition, const struct policy_request *request);

#endif
