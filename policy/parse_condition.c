/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Condition: spec/policy.md 1, 2 and 3. */
#include "policy/compile.h"

#include <errno.h>

#include "policy/text.h"

/* ---- operators ---- */

/* Take `prefix` off the start of `text`, without case. */
static bool take_prefix(struct policy_text *text, const char *prefix)
{
	struct policy_text wanted = policy_text_of(prefix);

	if (text->count < wanted.count ||
		!policy_text_equal_folded((struct policy_text){ .bytes = text->bytes, .count = wanted.count }, wanted))
		return false;
	*text = policy_text_behind(*text, wanted.count);
	return true;
}

static bool take_suffix(struct policy_text *text, const char *suffix)
{
	struct policy_text wanted = policy_text_of(suffix);

	if (text->count < wanted.count ||
		!policy_text_equal_folded(policy_text_behind(*text, text->count - wanted.count), wanted))
		return false;
	text->count -= wanted.count;
	return true;
}

/* [ForAllValues:|ForAnyValue:]operator[IfExists] */
static bool parse_operator(struct policy_condition *ret, struct policy_text text)
{
	ret->set = POLICY_SET_NONE;
	if (take_prefix(&text, "ForAllValues:"))
		ret->set = POLICY_SET_ALL_VALUES;
	else if (take_prefix(&text, "ForAnyValue:"))
		ret->set = POLICY_SET_ANY_VALUE;
	ret->if_exists = take_suffix(&text, "IfExists");
	for (int i = 0; i < POLICY_OPERATOR_COUNT; i++) {
		const struct policy_operator_row *row = policy_operator_row((enum policy_operator)i);

		if (!policy_text_equal_folded(text, policy_text_of(row->text)))
			continue;
		ret->which = (enum policy_operator)i;
		ret->value_class = row->value_class;
		ret->relation = row->relation;
		ret->negated = row->negated;
		return !(ret->if_exists && ret->value_class == POLICY_CLASS_NULL);
	}
	return false;
}

/* ---- values ---- */

/*
 * Judge what wildcard_compile() or policy_arn_pattern_compile() said of a value. `*ret_kept` false: a stored policy with a
 * bad value, which matches nothing.
 */
static bool judge_pattern(struct policy_compile *compile, int err, const struct policy_json *node, bool *ret_kept)
{
	*ret_kept = !err;
	if (err == -EINVAL)
		return !policy_compile_refuses(compile, POLICY_RULE_BAD_VARIABLE, NULL, node);
	if (err == -E2BIG)
		return policy_compile_fail(compile, POLICY_RULE_TOO_MANY_VARIABLES, NULL, node);
	return err ? policy_compile_no_memory(compile) : true;
}

static unsigned syntax_of(const struct policy_compile *compile, const struct policy_condition *condition)
{
	unsigned syntax = compile->variables && policy_operator_row(condition->which)->variables
				  ? (unsigned)WILDCARD_VARIABLES
				  : 0;

	if (condition->value_class == POLICY_CLASS_GLOB || condition->value_class == POLICY_CLASS_ARN)
		syntax |= WILDCARD_GLOB;
	if (condition->value_class == POLICY_CLASS_FOLDED || condition->value_class == POLICY_CLASS_BOOLEAN)
		syntax |= WILDCARD_FOLDED;
	return syntax;
}

static bool compile_patterns(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	struct wildcard *patterns = policy_arena_take(compile->arena, condition->text_count, sizeof *patterns);
	const struct policy_json *element = policy_list_first(node);
	unsigned syntax = syntax_of(compile, condition);
	bool kept, boolean;

	if (!patterns)
		return policy_compile_no_memory(compile);
	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		struct policy_text text = condition->texts[i];

		if (condition->value_class == POLICY_CLASS_BOOLEAN && !wildcard_has_variable(text, syntax) &&
			!policy_boolean_parse(&boolean, text)) {
			if (policy_compile_refuses(compile, POLICY_RULE_BAD_BOOLEAN, NULL, element))
				return false;
			continue;
		}
		if (!judge_pattern(compile,
			    wildcard_compile(&patterns[condition->value_count], compile->arena, text, syntax), element,
			    &kept))
			return false;
		condition->value_count += kept;
	}
	condition->patterns = patterns;
	return true;
}

static bool compile_arns(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	struct policy_arn_pattern *arns = policy_arena_take(compile->arena, condition->text_count, sizeof *arns);
	const struct policy_json *element = policy_list_first(node);
	bool kept;

	if (!arns)
		return policy_compile_no_memory(compile);
	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		if (!judge_pattern(compile,
			    policy_arn_pattern_compile(&arns[condition->value_count], compile->arena,
				    condition->texts[i], compile->variables),
			    element, &kept))
			return false;
		condition->value_count += kept;
	}
	condition->arns = arns;
	return true;
}

static bool compile_numbers(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	policy_number *numbers = policy_arena_take(compile->arena, condition->text_count, sizeof *numbers);
	const struct policy_json *element = policy_list_first(node);

	if (!numbers)
		return policy_compile_no_memory(compile);
	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		if (policy_number_parse(&numbers[condition->value_count], condition->texts[i]))
			condition->value_count++;
		else if (policy_compile_refuses(compile, POLICY_RULE_BAD_NUMBER, NULL, element))
			return false;
	}
	condition->numbers = numbers;
	return true;
}

static bool compile_instants(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	int64_t *instants = policy_arena_take(compile->arena, condition->text_count, sizeof *instants);
	const struct policy_json *element = policy_list_first(node);

	if (!instants)
		return policy_compile_no_memory(compile);
	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		if (policy_instant_parse(&instants[condition->value_count], condition->texts[i]))
			condition->value_count++;
		else if (policy_compile_refuses(compile, POLICY_RULE_BAD_DATE, NULL, element))
			return false;
	}
	condition->instants_us = instants;
	return true;
}

static bool compile_binaries(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	struct policy_text *binaries = policy_arena_take(compile->arena, condition->text_count, sizeof *binaries);
	const struct policy_json *element = policy_list_first(node);

	if (!binaries)
		return policy_compile_no_memory(compile);
	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		int err = policy_base64_decode(&binaries[condition->value_count], compile->arena, condition->texts[i]);

		if (err == -ENOMEM)
			return policy_compile_no_memory(compile);
		if (!err)
			condition->value_count++;
		else if (policy_compile_refuses(compile, POLICY_RULE_BAD_BINARY, NULL, element))
			return false;
	}
	condition->binaries = binaries;
	return true;
}

static bool compile_ranges(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	const struct policy_json *element = policy_list_first(node);
	struct policy_address first, last;

	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		if (policy_cidr_parse(&first, &last, condition->texts[i]))
			condition->value_count++;
		else if (policy_compile_refuses(compile, POLICY_RULE_BAD_CIDR, NULL, element))
			return false;
	}
	if (!policy_ranges_build(&condition->ranges, compile->arena, condition->texts, condition->text_count))
		return policy_compile_no_memory(compile);
	return true;
}

static bool compile_null(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	const struct policy_json *element = policy_list_first(node);
	bool absent;

	for (uint32_t i = 0; i < condition->text_count; i++, element = policy_list_next(node, element)) {
		if (policy_boolean_parse(&absent, condition->texts[i])) {
			*(absent ? &condition->null.wants_absent : &condition->null.wants_present) = true;
			condition->value_count++;
		} else if (policy_compile_refuses(compile, POLICY_RULE_BAD_BOOLEAN, NULL, element)) {
			return false;
		}
	}
	return true;
}

static bool compile_values(
	struct policy_compile *compile, struct policy_condition *condition, const struct policy_json *node)
{
	if (node->type == POLICY_JSON_OBJECT || node->type == POLICY_JSON_NULL)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, NULL, node);
	if (!policy_compile_texts(compile, NULL, node, true, true, &condition->texts, &condition->text_count))
		return false;
	for (uint32_t i = 0; i < condition->text_count; i++)
		if (wildcard_has_variable(condition->texts[i], syntax_of(compile, condition)))
			condition->has_variable = true;
	switch (condition->value_class) {
	case POLICY_CLASS_STRING:
	case POLICY_CLASS_FOLDED:
	case POLICY_CLASS_GLOB:
	case POLICY_CLASS_BOOLEAN:
		return compile_patterns(compile, condition, node);
	case POLICY_CLASS_ARN:
		return compile_arns(compile, condition, node);
	case POLICY_CLASS_NUMBER:
		return compile_numbers(compile, condition, node);
	case POLICY_CLASS_INSTANT:
		return compile_instants(compile, condition, node);
	case POLICY_CLASS_BINARY:
		return compile_binaries(compile, condition, node);
	case POLICY_CLASS_ADDRESS:
		return compile_ranges(compile, condition, node);
	case POLICY_CLASS_NULL:
		return compile_null(compile, condition, node);
	}
	return false;
}

/* ---- the Condition block ---- */

/* How dear a condition is at run time: 0 to COST_MAX. Up to COST_CHEAP_MAX they are asked before the resource. */
#define COST_MAX 6
#define COST_CHEAP_MAX 3

static unsigned cost_of(const struct policy_condition *condition)
{
	static const unsigned char costs[] = { [POLICY_CLASS_NULL] = 0,
		[POLICY_CLASS_BOOLEAN] = 1,
		[POLICY_CLASS_STRING] = 1,
		[POLICY_CLASS_BINARY] = 1,
		[POLICY_CLASS_ADDRESS] = 2,
		[POLICY_CLASS_FOLDED] = 2,
		[POLICY_CLASS_NUMBER] = 3,
		[POLICY_CLASS_INSTANT] = 3,
		[POLICY_CLASS_GLOB] = 4,
		[POLICY_CLASS_ARN] = 5 };

	return condition->key < 0 || condition->has_variable ? COST_MAX : costs[condition->value_class];
}

static bool order_conditions(struct policy_compile *compile, struct policy_statement *statement)
{
	uint32_t *order = policy_arena_take(compile->arena, statement->condition_count, sizeof *order);
	uint32_t count = 0;

	if (!order)
		return policy_compile_no_memory(compile);
	for (unsigned cost = 0; cost <= COST_MAX; cost++) {
		for (uint32_t i = 0; i < statement->condition_count; i++)
			if (cost_of(&statement->conditions[i]) == cost)
				order[count++] = i;
		if (cost == COST_CHEAP_MAX)
			statement->cheap_count = count;
	}
	statement->condition_order = order;
	return true;
}

static bool is_key_duplicate(const struct policy_json *block, const struct policy_json *key)
{
	for (const struct policy_json *other = block->first; other != key; other = other->next)
		if (policy_text_equal_folded(other->name, key->name))
			return true;
	return false;
}

/* One key with its values under the operator of `shape`. */
static bool compile_key(struct policy_compile *compile, struct policy_condition *condition,
	const struct policy_condition *shape, const struct policy_json *block, const struct policy_json *node)
{
	*condition = *shape;
	condition->key_text = policy_arena_copy(compile->arena, node->name);
	if (!condition->key_text.bytes)
		return policy_compile_no_memory(compile);
	compile->key_text = condition->key_text;
	condition->key = policy_key_find(node->name);
	if (!node->name.count && policy_compile_refuses(compile, POLICY_RULE_BAD_KEY, NULL, node))
		return false;
	if (is_key_duplicate(block, node))
		return policy_compile_fail(compile, POLICY_RULE_DUPLICATE_KEY, NULL, node);
	return compile_values(compile, condition, node);
}

/* The same operator twice, perhaps in another case. */
static bool is_operator_duplicate(const struct policy_json *root, const struct policy_json *block)
{
	for (const struct policy_json *other = root->first; other != block; other = other->next)
		if (policy_text_equal_folded(other->name, block->name))
			return true;
	return false;
}

static bool compile_block(struct policy_compile *compile, struct policy_condition *conditions, uint32_t *count,
	const struct policy_json *root, const struct policy_json *block)
{
	struct policy_condition shape = { 0 };

	compile->key_text = (struct policy_text){ 0 };
	compile->operator_text = shape.operator_text = policy_arena_copy(compile->arena, block->name);
	if (!shape.operator_text.bytes)
		return policy_compile_no_memory(compile);
	if (!parse_operator(&shape, block->name))
		return policy_compile_fail(compile, POLICY_RULE_UNKNOWN_OPERATOR, NULL, block);
	if (is_operator_duplicate(root, block))
		return policy_compile_fail(compile, POLICY_RULE_DUPLICATE_OPERATOR, NULL, block);
	if (block->type != POLICY_JSON_OBJECT)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, NULL, block);
	for (const struct policy_json *node = block->first; node; node = node->next)
		if (!compile_key(compile, &conditions[(*count)++], &shape, block, node))
			return false;
	return true;
}

bool policy_compile_conditions(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node)
{
	struct policy_condition *conditions;
	size_t room = 0;

	if (node->type != POLICY_JSON_OBJECT)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Condition", node);
	for (const struct policy_json *block = node->first; block; block = block->next)
		room += block->count;
	conditions = policy_arena_take(compile->arena, room, sizeof *conditions);
	if (!conditions)
		return policy_compile_no_memory(compile);
	for (const struct policy_json *block = node->first; block; block = block->next)
		if (!compile_block(compile, conditions, &statement->condition_count, node, block))
			return false;
	compile->operator_text = compile->key_text = (struct policy_text){ 0 };
	statement->conditions = conditions;
	return order_conditions(compile, statement);
}
