/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/cover.h"

#include "policy/address_set.h"
#include "policy/evaluation.h"
#include "policy/text.h"

/* ---- conditions ---- */

bool cover_needs_key(const struct policy_condition *condition)
{
	if (condition->if_exists || condition->set == POLICY_SET_ALL_VALUES)
		return false;
	if (condition->set == POLICY_SET_ANY_VALUE)
		return true;
	return condition->value_class == POLICY_CLASS_NULL ? !condition->null.wants_absent : !condition->negated;
}

bool cover_same_key(const struct policy_condition *a, const struct policy_condition *b)
{
	if (a->key != b->key)
		return false;
	return a->key >= 0 || policy_text_equal_folded(a->key_text, b->key_text);
}

/* True only for a key that is absent. */
static bool needs_absence(const struct policy_condition *condition)
{
	return condition->value_class == POLICY_CLASS_NULL && condition->set == POLICY_SET_NONE &&
	       condition->null.wants_absent && !condition->null.wants_present;
}

/* False for every request: a positive operator with nothing to compare with. */
static bool is_empty(const struct policy_condition *condition)
{
	if (condition->value_class == POLICY_CLASS_NULL)
		return condition->set == POLICY_SET_NONE && !condition->null.wants_absent &&
		       !condition->null.wants_present;
	return !condition->value_count && !condition->negated && cover_needs_key(condition);
}

/* True only if the key is one of the list's texts, letter for letter. */
static bool is_list_of_texts(const struct policy_condition *condition)
{
	return condition->value_class == POLICY_CLASS_STRING && condition->set == POLICY_SET_NONE &&
	       !condition->negated && !condition->if_exists && !condition->has_variable;
}

/* Is `other` false for each text that `list` accepts? */
static bool excludes(
	const struct policy *policy, const struct policy_condition *list, const struct policy_condition *other)
{
	struct policy_named_value named = { .name = list->key_text };
	struct policy_evaluation evaluation;
	struct policy_request request;

	if (other->has_variable)
		return false;
	for (uint32_t i = 0; i < list->text_count; i++) {
		policy_request_init(&request, policy_text_of(""));
		if (list->key >= 0) {
			policy_request_set(&request, (enum policy_key)list->key, list->texts[i]);
		} else {
			named.value.text = list->texts[i];
			request.others = &named;
			request.other_count = 1;
		}
		policy_evaluation_start(&evaluation, policy, &request);
		if (policy_evaluation_condition(&evaluation, other))
			return false;
	}
	return true;
}

static bool looks_at_address(const struct policy_condition *condition)
{
	return condition->key == POLICY_KEY_VPC_SOURCE_IP && condition->value_class == POLICY_CLASS_ADDRESS &&
	       condition->set == POLICY_SET_NONE;
}

/* Narrow `set` to where the condition holds. Returns 0 or -ENOMEM. */
static int narrow(struct address_set *set, const struct policy_condition *condition)
{
	const struct source_filter_reason reason = { 0 };
	struct address_set part, cut;
	int err = address_set_of_ranges(&part, &condition->ranges, reason);

	if (!err && condition->negated) {
		err = address_set_complement(&cut, &part, reason);
		address_set_fini(&part);
		part = cut;
	}
	if (err)
		return err;
	err = address_set_intersect(&cut, set, &part);
	address_set_fini(&part);
	if (err)
		return err;
	address_set_fini(set);
	*set = cut;
	return 0;
}

/*
 * The condition on aws:VpcSourceIp after which no address is left, or -1. Certain only if one of them needs the key and is
 * false for a text that is no address, that is, a positive one.
 */
static int without_address(const struct policy_statement *statement, bool *ret_out_of_memory)
{
	const struct source_filter_reason reason = { 0 };
	struct address_set set;
	bool positive = false;
	int found = -1, err;

	for (uint32_t i = 0; i < statement->condition_count; i++)
		if (looks_at_address(&statement->conditions[i]) && cover_needs_key(&statement->conditions[i]))
			positive = true;
	if (!positive)
		return -1;
	err = address_set_all(&set, reason);
	for (uint32_t i = 0; i < statement->condition_count && !err && found < 0; i++) {
		if (!looks_at_address(&statement->conditions[i]))
			continue;
		err = narrow(&set, &statement->conditions[i]);
		if (!err && !set.count)
			found = (int)i;
	}
	address_set_fini(&set);
	if (err)
		*ret_out_of_memory = true;
	return found;
}

/* ---- numbers and instants ---- */

static bool is_ordered(const struct policy_condition *condition)
{
	return (condition->value_class == POLICY_CLASS_NUMBER || condition->value_class == POLICY_CLASS_INSTANT) &&
	       condition->set == POLICY_SET_NONE;
}

static policy_number edge_of(const struct policy_condition *condition, uint32_t index)
{
	return condition->value_class == POLICY_CLASS_NUMBER ? condition->numbers[index]
							     : condition->instants_us[index];
}

static bool takes_number(const struct policy_condition *condition, policy_number number)
{
	bool found = false;

	for (uint32_t i = 0; i < condition->value_count && !found; i++) {
		policy_number edge = edge_of(condition, i);

		found = policy_relation_holds(condition->relation, (number > edge) - (number < edge));
	}
	return found != condition->negated;
}

/* Do all ordered conditions on the key of `one` take the number? */
static bool all_take(const struct policy_statement *statement, const struct policy_condition *one, policy_number number)
{
	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *other = &statement->conditions[i];

		if (is_ordered(other) && other->value_class == one->value_class && cover_same_key(one, other) &&
			!takes_number(other, number))
			return false;
	}
	return true;
}

/*
 * Conditions change at their edges only: if neither an edge nor what lies beside it is taken by all, nothing is. `one` is
 * positive, so that a value which is no number fails it.
 */
static bool leaves_number(const struct policy_statement *statement, const struct policy_condition *one)
{
	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *other = &statement->conditions[i];

		if (!is_ordered(other) || other->value_class != one->value_class || !cover_same_key(one, other))
			continue;
		for (uint32_t j = 0; j < other->value_count; j++)
			for (int beside = -1; beside <= 1; beside++)
				if (all_take(statement, one, edge_of(other, j) + beside))
					return true;
	}
	return false;
}

static int without_number(const struct policy_statement *statement)
{
	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *one = &statement->conditions[i];

		if (is_ordered(one) && cover_needs_key(one) && one->value_count && !leaves_number(statement, one))
			return (int)i;
	}
	return -1;
}

/* ---- what a client's request always has ---- */

enum cover_constant cover_constant(
	const struct policy *policy, const struct policy_condition *condition, bool private_api)
{
	struct policy_evaluation evaluation;
	struct policy_request request;

	policy_request_init(&request, policy_text_of(""));
	switch (condition->key) {
	case POLICY_KEY_SOURCE_VPCE:
	case POLICY_KEY_SOURCE_VPC:
	case POLICY_KEY_VPC_SOURCE_IP:
		/* Only whether they are there is certain. */
		if (!private_api || condition->value_class != POLICY_CLASS_NULL)
			return COVER_OPEN;
		policy_request_set(&request, (enum policy_key)condition->key, policy_text_of("x"));
		break;
	case POLICY_KEY_SECURE_TRANSPORT:
		if (!private_api || condition->has_variable)
			return COVER_OPEN;
		policy_request_set(&request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
		break;
	case POLICY_KEY_SOURCE_IP:
		if (!private_api)
			return COVER_OPEN;
		break;
	case POLICY_KEY_SOURCE_ARN:
	case POLICY_KEY_SOURCE_ACCOUNT:
		break;
	default:
		return COVER_OPEN;
	}
	policy_evaluation_start(&evaluation, policy, &request);
	return policy_evaluation_condition(&evaluation, condition) ? COVER_TRUE : COVER_FALSE;
}

int cover_impossible_condition(
	const struct policy *policy, const struct policy_statement *statement, bool *ret_out_of_memory)
{
	int found;

	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *one = &statement->conditions[i];

		if (is_empty(one))
			return (int)i;
		for (uint32_t j = 0; j < statement->condition_count; j++) {
			const struct policy_condition *other = &statement->conditions[j];

			if (i == j || !cover_same_key(one, other))
				continue;
			if (cover_needs_key(one) && needs_absence(other))
				return (int)j;
			if (is_list_of_texts(one) && excludes(policy, one, other))
				return (int)j;
		}
	}
	found = without_number(statement);
	return found >= 0 ? found : without_address(statement, ret_out_of_memory);
}

/* ---- one statement within another ---- */

static bool holds_text(const struct policy_text *texts, uint32_t count, struct policy_text text)
{
	for (uint32_t i = 0; i < count; i++)
		if (policy_text_equal(texts[i], text))
			return true;
	return false;
}

/* Is each of `few` among `many`? */
static bool holds_all(
	const struct policy_text *many, uint32_t many_count, const struct policy_text *few, uint32_t few_count)
{
	for (uint32_t i = 0; i < few_count; i++)
		if (!holds_text(many, many_count, few[i]))
			return false;
	return true;
}

static bool principal_includes(const struct policy_statement *wide, const struct policy_statement *narrow_one)
{
	if (!wide->has_principal)
		return true;
	if (wide->everybody)
		return !wide->not_principal;
	if (wide->not_principal != narrow_one->not_principal || narrow_one->everybody)
		return false;
	for (uint32_t i = 0; i < (wide->not_principal ? wide : narrow_one)->principal_count; i++) {
		const struct policy_statement *many = wide->not_principal ? narrow_one : wide;
		const struct policy_statement *few = wide->not_principal ? wide : narrow_one;
		bool found = false;

		for (uint32_t j = 0; j < many->principal_count && !found; j++)
			found = policy_text_equal(many->principals[j].text, few->principals[i].text) &&
				many->principals[j].kind == few->principals[i].kind;
		if (!found)
			return false;
	}
	return true;
}

static bool action_includes(
	const struct policy *policy, const struct policy_statement *wide, const struct policy_statement *narrow_one)
{
	const unsigned all = (1u << POLICY_ACTION_COUNT) - 1;
	unsigned wide_bits = wide->action_bits ^ (wide->not_action ? all : 0);
	unsigned narrow_bits = narrow_one->action_bits ^ (narrow_one->not_action ? all : 0);

	/* Only API Gateway's own actions are asked of resource and endpoint policies. */
	if (policy->kind != POLICY_KIND_IDENTITY && policy->kind != POLICY_KIND_MANAGEMENT)
		return !(narrow_bits & ~wide_bits);
	if (!wide->not_action && holds_text(wide->action_texts, wide->action_count, policy_text_of("*")))
		return true;
	if (wide->not_action != narrow_one->not_action)
		return false;
	if (wide->not_action)
		return holds_all(
			narrow_one->action_texts, narrow_one->action_count, wide->action_texts, wide->action_count);
	return holds_all(wide->action_texts, wide->action_count, narrow_one->action_texts, narrow_one->action_count);
}

static bool pattern_includes(
	const struct policy *policy, const struct policy_resource *wide, const struct policy_resource *narrow_one)
{
	const struct wildcard *tail = &wide->tail;

	if (wide->any || policy_text_equal(wide->text, narrow_one->text))
		return true;
	if (narrow_one->any || !wide->usable || !narrow_one->usable || tail->variable_count)
		return false;
	if (!policy_text_equal_folded(policy->heads[wide->head].text, policy->heads[narrow_one->head].text))
		return false;
	if (tail->shape == WILDCARD_PREFIX)
		return narrow_one->tail.literal.count >= tail->literal.count &&
		       policy_text_equal(tail->literal,
			       (struct policy_text){ narrow_one->tail.literal.bytes, tail->literal.count });
	return narrow_one->tail.shape == WILDCARD_EXACT && !narrow_one->tail.variable_count &&
	       wildcard_match(tail, narrow_one->tail.literal, NULL);
}

static bool resource_includes(
	const struct policy *policy, const struct policy_statement *wide, const struct policy_statement *narrow_one)
{
	for (uint32_t i = 0; i < wide->resource_count; i++)
		if (wide->resources[i].any)
			return !wide->not_resource;
	if (wide->not_resource != narrow_one->not_resource)
		return false;
	if (wide->not_resource)
		return holds_all(narrow_one->resource_texts, narrow_one->resource_count, wide->resource_texts,
			wide->resource_count);
	for (uint32_t i = 0; i < narrow_one->resource_count; i++) {
		bool found = false;

		for (uint32_t j = 0; j < wide->resource_count && !found; j++)
			found = pattern_includes(policy, &wide->resources[j], &narrow_one->resources[i]);
		if (!found)
			return false;
	}
	return true;
}

/* Is each range of `few` within one of `many`? */
static bool ranges_include(const struct policy_ranges *many, const struct policy_ranges *few)
{
	for (uint32_t i = 0; i < few->v4_count; i++) {
		bool found = false;

		for (uint32_t j = 0; j < many->v4_count && !found; j++)
			found = many->v4[j].first <= few->v4[i].first && many->v4[j].last >= few->v4[i].last;
		if (!found)
			return false;
	}
	for (uint32_t i = 0; i < few->v6_count; i++) {
		bool found = false;

		for (uint32_t j = 0; j < many->v6_count && !found; j++)
			found = many->v6[j].first <= few->v6[i].first && many->v6[j].last >= few->v6[i].last;
		if (!found)
			return false;
	}
	return true;
}

/* Does `strict` holding mean that `loose` holds? A longer list is looser for a positive operator, stricter for a negated. */
static bool condition_implies(const struct policy_condition *strict, const struct policy_condition *loose)
{
	const struct policy_condition *many = loose->negated ? strict : loose;
	const struct policy_condition *few = loose->negated ? loose : strict;

	if (!cover_same_key(strict, loose) || strict->which != loose->which || strict->set != loose->set ||
		(strict->if_exists && !loose->if_exists))
		return false;
	if (loose->value_class == POLICY_CLASS_ADDRESS)
		return ranges_include(&many->ranges, &few->ranges);
	return holds_all(many->texts, many->text_count, few->texts, few->text_count);
}

bool cover_reaches(const struct policy *policy, const struct policy_statement *wide,
	const struct policy_statement *narrow_one, uint32_t resource)
{
	if (!principal_includes(wide, narrow_one) || !action_includes(policy, wide, narrow_one))
		return false;
	if (resource_includes(policy, wide, narrow_one))
		return true;
	for (uint32_t i = 0; !wide->not_resource && !narrow_one->not_resource && i < wide->resource_count; i++)
		if (pattern_includes(policy, &wide->resources[i], &narrow_one->resources[resource]))
			return true;
	return false;
}

bool cover_includes(const struct policy *policy, const struct policy_statement *wide,
	const struct policy_statement *narrow_one, bool private_api)
{
	if (!principal_includes(wide, narrow_one) || !action_includes(policy, wide, narrow_one) ||
		!resource_includes(policy, wide, narrow_one))
		return false;
	for (uint32_t i = 0; i < wide->condition_count; i++) {
		bool found = cover_constant(policy, &wide->conditions[i], private_api) == COVER_TRUE;

		for (uint32_t j = 0; j < narrow_one->condition_count && !found; j++)
			found = condition_implies(&narrow_one->conditions[j], &wide->conditions[i]);
		if (!found)
			return false;
	}
	return true;
}
