/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements judged three-valued, per endpoint: spec/policy.md 10.2. */
#include "policy/source_filter_values.h"

#include "policy/text.h"

static enum source_filter_value least(enum source_filter_value a, enum source_filter_value b)
{
	return a < b ? a : b;
}

static enum source_filter_value greatest(enum source_filter_value a, enum source_filter_value b)
{
	return a > b ? a : b;
}

/* True and False exchanged, Maybe stays. */
static enum source_filter_value inverse(enum source_filter_value value)
{
	return (enum source_filter_value)(SOURCE_FILTER_TRUE - value);
}

static enum source_filter_value certain(bool value)
{
	return value ? SOURCE_FILTER_TRUE : SOURCE_FILTER_FALSE;
}

/* ---- parts that don't look at the address ---- */

static enum source_filter_value principal_value(const struct policy_statement *statement)
{
	if (!statement->has_principal)
		return SOURCE_FILTER_TRUE;
	if (statement->everybody)
		return certain(!statement->not_principal);
	return SOURCE_FILTER_MAYBE;
}

static enum source_filter_value action_value(const struct policy_statement *statement)
{
	bool listed = statement->action_bits >> POLICY_ACTION_INVOKE & 1;

	return certain(listed != statement->not_action);
}

/* How many bytes two texts have in common at their start. */
static size_t common_count(struct policy_text a, struct policy_text b)
{
	size_t count = 0;

	while (count < a.count && count < b.count && a.bytes[count] == b.bytes[count])
		count++;
	return count;
}

/* A pattern's sixth part against the one ARN of a domain: certain unless a variable is in it. */
static enum source_filter_value domain_value(const struct wildcard *tail, struct policy_text domain)
{
	if (!tail->variable_count)
		return certain(wildcard_match(tail, domain, NULL));
	return common_count(tail->literal, domain) == tail->literal.count ? SOURCE_FILTER_MAYBE : SOURCE_FILTER_FALSE;
}

/*
 * A pattern's sixth part against every ARN {api}/{stage}/{METHOD}/{path} of an API, or of one of its stages. It covers all
 * of them as a star behind nothing, behind {api} or behind a longer part of what they have in common; it covers none if its
 * literal start differs from that.
 */
static enum source_filter_value api_value(const struct wildcard *tail, struct policy_text api, struct policy_text stage)
{
	struct policy_text literal = tail->literal, rest;
	struct policy_text pieces[] = { api, policy_text_of("/"), stage, policy_text_of("/") };
	size_t piece_count = stage.bytes ? 4 : 2;
	bool covers = tail->shape == WILDCARD_PREFIX && (!literal.count || literal.count >= api.count);

	rest = literal;
	for (size_t i = 0; i < piece_count && rest.count; i++) {
		size_t count = common_count(rest, pieces[i]);

		if (count < rest.count && count < pieces[i].count)
			return SOURCE_FILTER_FALSE;
		rest = policy_text_behind(rest, count);
	}
	return covers && !rest.count ? SOURCE_FILTER_TRUE : SOURCE_FILTER_MAYBE;
}

static enum source_filter_value pattern_value(
	const struct policy *policy, const struct policy_resource *resource, const struct source_filter_target *target)
{
	struct policy_text parts[POLICY_ARN_PARTS];

	if (resource->any)
		return SOURCE_FILTER_TRUE;
	if (!resource->usable || !policy_arn_split(parts, target->arn) ||
		!policy_arn_head_match(&policy->heads[resource->head], parts))
		return SOURCE_FILTER_FALSE;
	if (policy_text_starts(parts[5], "/domainnames/"))
		return domain_value(&resource->tail, parts[5]);
	return api_value(&resource->tail, parts[5], target->stage);
}

static enum source_filter_value target_resource_value(const struct policy *policy,
	const struct policy_statement *statement, const struct source_filter_target *target)
{
	enum source_filter_value value = SOURCE_FILTER_FALSE;

	for (uint32_t i = 0; i < statement->resource_count && value != SOURCE_FILTER_TRUE; i++)
		value = greatest(value, pattern_value(policy, &statement->resources[i], target));
	return statement->not_resource ? inverse(value) : value;
}

/* While nothing is served only "*" is certain: a pattern may cover what is made later. */
static enum source_filter_value any_resource_value(
	const struct policy *policy, const struct policy_statement *statement)
{
	const struct source_filter_target any = { .arn = policy_text_of("") };
	enum source_filter_value value = target_resource_value(policy, statement, &any);

	return value == certain(!statement->not_resource) ? value : SOURCE_FILTER_MAYBE;
}

/* ---- conditions ---- */

/* What is known of a connection before its first byte, as a request. */
static void known_request(
	struct policy_request *request, const struct source_filter_input *input, struct policy_text address)
{
	policy_request_init(request, policy_text_of(""));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, input->endpoint_id);
	policy_request_set(request, POLICY_KEY_SOURCE_VPC, input->vpc_id);
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, address);
	policy_request_set(
		request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of(input->plain_listener ? "false" : "true"));
}

bool filter_subject_looks_at_address(const struct policy_condition *condition)
{
	return condition->value_class == POLICY_CLASS_ADDRESS && condition->key == POLICY_KEY_VPC_SOURCE_IP;
}

/*
 * Can the condition be evaluated for a connection? Not if the key is unknown, nor with a variable. Texts of addresses are
 * compared by the full evaluator alone (an IPv6 address is even shaped like an ARN), and an address operator on a text key
 * says nothing for sure.
 */
static bool is_certain(const struct policy_condition *condition)
{
	const struct policy_key_row *key;

	if (condition->key < 0 || condition->has_variable)
		return false;
	key = policy_key_row((enum policy_key)condition->key);
	if (!key->known)
		return false;
	switch (condition->value_class) {
	case POLICY_CLASS_STRING:
	case POLICY_CLASS_FOLDED:
	case POLICY_CLASS_GLOB:
	case POLICY_CLASS_BINARY:
	case POLICY_CLASS_ARN:
		return key->type != POLICY_TYPE_ADDRESS;
	case POLICY_CLASS_ADDRESS:
		return key->type == POLICY_TYPE_ADDRESS;
	case POLICY_CLASS_NUMBER:
	case POLICY_CLASS_INSTANT:
	case POLICY_CLASS_BOOLEAN:
	case POLICY_CLASS_NULL:
		break;
	}
	return true;
}

void filter_subject_init(struct filter_subject *subject, const struct source_filter_input *input,
	const struct policy *policy, const struct source_filter_target *resource, struct policy_text address)
{
	subject->resource = resource;
	subject->policy = policy;
	known_request(&subject->request, input, address);
	if (policy)
		policy_evaluation_start(&subject->evaluation, policy, &subject->request);
}

enum source_filter_value filter_subject_statement(
	struct filter_subject *subject, const struct policy_statement *statement, bool addresses)
{
	enum source_filter_value value = least(principal_value(statement), action_value(statement));

	if (value != SOURCE_FILTER_FALSE)
		value = least(value, subject->resource
					     ? target_resource_value(subject->policy, statement, subject->resource)
					     : any_resource_value(subject->policy, statement));
	for (uint32_t i = 0; i < statement->condition_count && value != SOURCE_FILTER_FALSE; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		if (filter_subject_looks_at_address(condition) && !addresses)
			continue;
		if (is_certain(condition))
			value = least(value, certain(policy_evaluation_condition(&subject->evaluation, condition)));
		else
			value = least(value, SOURCE_FILTER_MAYBE);
	}
	return value;
}
