/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decision: Deny statements first, since one of them ends it; then the Allow statements up to the first that matches.
 * Within a statement the parts run from cheap to dear.
 */
#include "policy/evaluation.h"

#include "policy/text.h"

enum policy_action policy_action_find(struct policy_text action)
{
	static const char *const names[POLICY_ACTION_COUNT] = { [POLICY_ACTION_INVOKE] = "execute-api:Invoke",
		[POLICY_ACTION_INVALIDATE_CACHE] = "execute-api:InvalidateCache",
		[POLICY_ACTION_MANAGE_CONNECTIONS] = "execute-api:ManageConnections" };

	for (int i = 0; i < POLICY_ACTION_COUNT; i++)
		if (policy_text_equal_folded(action, policy_text_of(names[i])))
			return (enum policy_action)i;
	return POLICY_ACTION_COUNT;
}

void policy_evaluation_start(
	struct policy_evaluation *evaluation, const struct policy *policy, const struct policy_request *request)
{
	evaluation->policy = policy;
	evaluation->request = request;
	evaluation->action = policy_action_find(request->action);
	evaluation->has_parts = policy_arn_split(evaluation->parts, request->resource);
	evaluation->heads_known = evaluation->heads_matching = 0;
	evaluation->addresses_known = evaluation->addresses_usable = 0;
	evaluation->numbers_known = evaluation->numbers_usable = 0;
	evaluation->instants_known = evaluation->instants_usable = 0;
}

/* ---- principal ---- */

/*
 * Is the caller a session of the role `role_arn`? A caller without role_arn is a session of a role without a path:
 * arn:aws:sts::{account}:assumed-role/{name}/{session} of arn:aws:iam::{account}:role/{name}.
 */
static bool is_session_of(const struct policy_caller *caller, struct policy_text role_arn)
{
	struct policy_text role[POLICY_ARN_PARTS], session[POLICY_ARN_PARTS], name, rest;
	static const char session_prefix[] = "assumed-role/", role_prefix[] = "role/";

	if (caller->type != POLICY_CALLER_ROLE_SESSION)
		return false;
	if (caller->role_arn.bytes)
		return policy_text_equal(caller->role_arn, role_arn);
	if (!policy_arn_split(role, role_arn) || !policy_arn_split(session, caller->arn) ||
		!policy_text_equal(role[1], session[1]) || !policy_text_equal(role[4], session[4]) ||
		!policy_text_starts(session[5], session_prefix) || !policy_text_starts(role[5], role_prefix))
		return false;
	name = policy_text_behind(role[5], sizeof role_prefix - 1);
	rest = policy_text_behind(session[5], sizeof session_prefix - 1);
	return rest.count > name.count && rest.bytes[name.count] == '/' &&
	       policy_text_equal(name, (struct policy_text){ .bytes = rest.bytes, .count = name.count });
}

/*
 * In an Allow of a resource policy the resource's own account is delegation: it leaves the decision to the identity
 * policies of that account, so that only the account's root user is allowed by it. Endpoint policies delegate nothing.
 */
static bool is_delegation(const struct policy_evaluation *evaluation, const struct policy_statement *statement,
	const struct policy_principal *principal)
{
	if (statement->denies || statement->not_principal || evaluation->policy->kind == POLICY_KIND_ENDPOINT)
		return false;
	return evaluation->request->caller.type != POLICY_CALLER_ACCOUNT && evaluation->has_parts &&
	       policy_text_equal(principal->account, evaluation->parts[4]);
}

static bool is_caller(const struct policy_evaluation *evaluation, const struct policy_statement *statement,
	const struct policy_principal *principal)
{
	const struct policy_caller *caller = &evaluation->request->caller;

	switch (principal->kind) {
	case POLICY_PRINCIPAL_ACCOUNT:
		return policy_text_equal(principal->account, caller->account) &&
		       !is_delegation(evaluation, statement, principal);
	case POLICY_PRINCIPAL_ARN:
		return policy_text_equal(principal->arn, caller->arn);
	case POLICY_PRINCIPAL_ROLE:
		return is_session_of(caller, principal->arn);
	case POLICY_PRINCIPAL_NEVER:
		break;
	}
	return false;
}

bool policy_evaluation_principal(struct policy_evaluation *evaluation, const struct policy_statement *statement)
{
	if (!statement->has_principal)
		return true;
	if (statement->everybody)
		return !statement->not_principal;
	if (evaluation->request->caller.type != POLICY_CALLER_ANONYMOUS)
		for (uint32_t i = 0; i < statement->principal_count; i++)
			if (is_caller(evaluation, statement, &statement->principals[i]))
				return !statement->not_principal;
	return statement->not_principal;
}

/* ---- action and resource ---- */

bool policy_evaluation_action(const struct policy_evaluation *evaluation, const struct policy_statement *statement)
{
	bool listed = false;

	if (evaluation->action < POLICY_ACTION_COUNT)
		listed = statement->action_bits >> evaluation->action & 1;
	else
		for (uint32_t i = 0; i < statement->action_count && !listed; i++)
			listed = wildcard_match(&statement->actions[i], evaluation->request->action, NULL);
	return listed != statement->not_action;
}

static bool head_matches(struct policy_evaluation *evaluation, uint32_t head)
{
	uint64_t bit;

	if (head >= POLICY_HEADS_REMEMBERED)
		return policy_arn_head_match(&evaluation->policy->heads[head], evaluation->parts);
	bit = (uint64_t)1 << head;
	if (!(evaluation->heads_known & bit)) {
		evaluation->heads_known |= bit;
		if (policy_arn_head_match(&evaluation->policy->heads[head], evaluation->parts))
			evaluation->heads_matching |= bit;
	}
	return evaluation->heads_matching & bit;
}

bool policy_evaluation_resource(struct policy_evaluation *evaluation, const struct policy_statement *statement)
{
	for (uint32_t i = 0; i < statement->resource_count; i++) {
		const struct policy_resource *resource = &statement->resources[i];

		if (resource->any)
			return !statement->not_resource;
		if (resource->usable && evaluation->has_parts && head_matches(evaluation, resource->head) &&
			wildcard_match(&resource->tail, evaluation->parts[5], evaluation->request))
			return !statement->not_resource;
	}
	return statement->not_resource;
}

/* ---- the whole ---- */

/* The conditions from the `from`th to before the `to`th in their order. */
static bool conditions_hold(
	struct policy_evaluation *evaluation, const struct policy_statement *statement, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (!policy_evaluation_condition(evaluation, &statement->conditions[statement->condition_order[i]]))
			return false;
	return true;
}

bool policy_evaluation_statement(struct policy_evaluation *evaluation, const struct policy_statement *statement)
{
	return policy_evaluation_action(evaluation, statement) && policy_evaluation_principal(evaluation, statement) &&
	       conditions_hold(evaluation, statement, 0, statement->cheap_count) &&
	       policy_evaluation_resource(evaluation, statement) &&
	       conditions_hold(evaluation, statement, statement->cheap_count, statement->condition_count);
}

void policy_evaluate(const struct policy *policy, const struct policy_request *request, struct policy_result *ret)
{
	struct policy_evaluation evaluation;

	policy_evaluation_start(&evaluation, policy, request);
	for (uint32_t i = 0; i < policy->statement_count; i++) {
		uint32_t index = policy->order[i];

		if (!policy_evaluation_statement(&evaluation, &policy->statements[index]))
			continue;
		ret->verdict = i < policy->deny_count ? POLICY_EXPLICIT_DENY : POLICY_ALLOW;
		ret->statement = (int)index;
		return;
	}
	*ret = (struct policy_result){ .verdict = POLICY_IMPLICIT_DENY, .statement = -1 };
}
