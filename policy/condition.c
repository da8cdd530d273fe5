/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One condition on one request: spec/policy.md 2 and 2.1. */
#include "policy/evaluation.h"

#include "policy/text.h"

const struct policy_value *policy_condition_value(
	const struct policy_condition *condition, const struct policy_request *request)
{
	const struct policy_value *value;

	if (condition->key < 0)
		return policy_request_other(request, condition->key_text);
	value = &request->keys[condition->key];
	return value->text.bytes || value->list ? value : NULL;
}

/*
 * Is the request's value to be read once and remembered? Only the single value of a key of keys.def: lists and other keys
 * are rare.
 */
static bool is_remembered(const struct policy_evaluation *evaluation, const struct policy_condition *condition)
{
	return condition->key >= 0 && !evaluation->request->keys[condition->key].list;
}

static bool read_address(struct policy_evaluation *evaluation, const struct policy_condition *condition,
	struct policy_text text, struct policy_address *ret)
{
	uint32_t bit;

	if (!is_remembered(evaluation, condition))
		return policy_address_parse(ret, text);
	bit = (uint32_t)1 << condition->key;
	if (!(evaluation->addresses_known & bit)) {
		evaluation->addresses_known |= bit;
		if (policy_address_parse(&evaluation->addresses[condition->key], text))
			evaluation->addresses_usable |= bit;
	}
	*ret = evaluation->addresses[condition->key];
	return evaluation->addresses_usable & bit;
}

static bool read_number(struct policy_evaluation *evaluation, const struct policy_condition *condition,
	struct policy_text text, policy_number *ret)
{
	uint32_t bit;

	if (!is_remembered(evaluation, condition))
		return policy_number_parse(ret, text);
	bit = (uint32_t)1 << condition->key;
	if (!(evaluation->numbers_known & bit)) {
		evaluation->numbers_known |= bit;
		if (policy_number_parse(&evaluation->numbers[condition->key], text))
			evaluation->numbers_usable |= bit;
	}
	*ret = evaluation->numbers[condition->key];
	return evaluation->numbers_usable & bit;
}

static bool read_instant(struct policy_evaluation *evaluation, const struct policy_condition *condition,
	struct policy_text text, int64_t *ret_us)
{
	uint32_t bit;

	if (!is_remembered(evaluation, condition))
		return policy_instant_parse(ret_us, text);
	bit = (uint32_t)1 << condition->key;
	if (!(evaluation->instants_known & bit)) {
		evaluation->instants_known |= bit;
		if (policy_instant_parse(&evaluation->instants_us[condition->key], text))
			evaluation->instants_usable |= bit;
	}
	*ret_us = evaluation->instants_us[condition->key];
	return evaluation->instants_usable & bit;
}

bool policy_relation_holds(enum policy_relation relation, int order)
{
	switch (relation) {
	case POLICY_RELATION_EQUAL:
		return order == 0;
	case POLICY_RELATION_LESS:
		return order < 0;
	case POLICY_RELATION_LESS_EQUAL:
		return order <= 0;
	case POLICY_RELATION_GREATER:
		return order > 0;
	case POLICY_RELATION_GREATER_EQUAL:
		return order >= 0;
	}
	return false;
}

static bool matches_number(
	struct policy_evaluation *evaluation, const struct policy_condition *condition, struct policy_text text)
{
	policy_number value;

	if (!read_number(evaluation, condition, text, &value))
		return false;
	for (uint32_t i = 0; i < condition->value_count; i++)
		if (policy_relation_holds(
			    condition->relation, (value > condition->numbers[i]) - (value < condition->numbers[i])))
			return true;
	return false;
}

static bool matches_instant(
	struct policy_evaluation *evaluation, const struct policy_condition *condition, struct policy_text text)
{
	int64_t value;

	if (!read_instant(evaluation, condition, text, &value))
		return false;
	for (uint32_t i = 0; i < condition->value_count; i++)
		if (policy_relation_holds(condition->relation,
			    (value > condition->instants_us[i]) - (value < condition->instants_us[i])))
			return true;
	return false;
}

static bool matches_pattern(
	struct policy_evaluation *evaluation, const struct policy_condition *condition, struct policy_text text)
{
	for (uint32_t i = 0; i < condition->value_count; i++)
		if (wildcard_match(&condition->patterns[i], text, evaluation->request))
			return true;
	return false;
}

static bool matches_arn(
	struct policy_evaluation *evaluation, const struct policy_condition *condition, struct policy_text text)
{
	for (uint32_t i = 0; i < condition->value_count; i++)
		if (policy_arn_pattern_match(&condition->arns[i], text, evaluation->request))
			return true;
	return false;
}

/* A key of bytes comes as them, or, where a request is written in JSON, as their base64. */
static bool matches_binary(const struct policy_condition *condition, struct policy_text text)
{
	for (uint32_t i = 0; i < condition->value_count; i++)
		if (policy_text_equal(condition->binaries[i], text) ||
			policy_base64_is_of(text, condition->binaries[i]))
			return true;
	return false;
}

/* Does one value of the request stand in the relation to some value of the policy? Before negation. */
static bool matches(
	struct policy_evaluation *evaluation, const struct policy_condition *condition, struct policy_text text)
{
	struct policy_address address;
	bool boolean;

	switch (condition->value_class) {
	case POLICY_CLASS_STRING:
	case POLICY_CLASS_FOLDED:
	case POLICY_CLASS_GLOB:
		return matches_pattern(evaluation, condition, text);
	case POLICY_CLASS_BOOLEAN:
		return policy_boolean_parse(&boolean, text) && matches_pattern(evaluation, condition, text);
	case POLICY_CLASS_ARN:
		return matches_arn(evaluation, condition, text);
	case POLICY_CLASS_NUMBER:
		return matches_number(evaluation, condition, text);
	case POLICY_CLASS_INSTANT:
		return matches_instant(evaluation, condition, text);
	case POLICY_CLASS_ADDRESS:
		return read_address(evaluation, condition, text, &address) &&
		       policy_ranges_hold(&condition->ranges, &address);
	case POLICY_CLASS_BINARY:
		return matches_binary(condition, text);
	case POLICY_CLASS_NULL:
		return condition->null.wants_present;
	}
	return false;
}

/* The condition on a key that the request does not have. */
static bool holds_absent(const struct policy_condition *condition)
{
	if (condition->if_exists || condition->set == POLICY_SET_ALL_VALUES)
		return true;
	if (condition->set == POLICY_SET_ANY_VALUE)
		return false;
	return condition->value_class == POLICY_CLASS_NULL ? condition->null.wants_absent : condition->negated;
}

/* The condition on an array-valued key. */
static bool holds_list(struct policy_evaluation *evaluation, const struct policy_condition *condition,
	const struct policy_value *value)
{
	bool all = condition->set == POLICY_SET_ALL_VALUES;

	if (condition->set == POLICY_SET_NONE)
		return condition->value_class == POLICY_CLASS_NULL && condition->null.wants_present;
	if (value->list_count == 0)
		return all || condition->if_exists;
	for (size_t i = 0; i < value->list_count; i++)
		if ((matches(evaluation, condition, value->list[i]) != condition->negated) != all)
			return !all;
	return all;
}

bool policy_evaluation_condition(struct policy_evaluation *evaluation, const struct policy_condition *condition)
{
	const struct policy_value *value = policy_condition_value(condition, evaluation->request);

	if (!value)
		return holds_absent(condition);
	if (value->list)
		return holds_list(evaluation, condition, value);
	return matches(evaluation, condition, value->text) != condition->negated;
}
