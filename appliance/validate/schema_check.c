/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/validate/schema_check.h"

#include <errno.h>
#include <stdlib.h>

/* Schemas that are asked within each other: each costs some hundred bytes of the machine's stack. Circles end here. */
#define FRAMES_MAX 512
/* Items up to this many are compared with each other. */
#define PAIRWISE_ITEMS_MAX 16
/* Texts of an enum that are compared in the time of one step. */
#define TEXTS_PER_STEP 8
/* A short match of a regular expression; long ones are bounded by their time. */
#define PATTERN_STEPS 2
/* Integers of so many bytes, sign included, fit into 64 bits. */
#define SMALL_BYTES_MAX 18

const struct schema_limits schema_limits_default = {
	.max_depth = SCHEMA_MAX_DEPTH,
	.max_steps = SCHEMA_MAX_STEPS,
	.max_report_bytes = SCHEMA_MAX_REPORT_BYTES,
};

static bool step(struct schema_check *check)
{
	if (++check->steps > check->limits->max_steps)
		check->over = true;
	return !check->over;
}

bool schema_check_enter(struct schema_check *check)
{
	if (!step(check))
		return false;
	if (check->frames == FRAMES_MAX) {
		check->over = true;
		return false;
	}
	check->frames++;
	return true;
}

void schema_check_leave(struct schema_check *check)
{
	check->frames--;
}

bool schema_check_descend(struct schema_check *check)
{
	if (check->levels == check->limits->max_depth) {
		check->over = true;
		return false;
	}
	check->levels++;
	return true;
}

void schema_check_ascend(struct schema_check *check)
{
	check->levels--;
}

/* --- single keywords ------------------------------------------------------------------------------------------------------------- */

/* An integer that fits, without the C library's locale and without reading behind it. */
static bool small_integer(const struct json_value *number, int64_t *ret)
{
	bool negative = number->text[0] == '-';
	int64_t value = 0;

	if (number->kind != JSON_VALUE_INTEGER || number->count > SMALL_BYTES_MAX)
		return false;
	for (uint32_t i = negative; i < number->count; i++)
		value = value * 10 + (number->text[i] - '0');
	*ret = negative ? -value : value;
	return true;
}

bool schema_check_bound(const struct schema_bound *bound, const struct json_value *number, bool is_maximum)
{
	int64_t small;
	int order;

	if (bound->is_small && small_integer(number, &small)) {
		order = (small > bound->small) - (small < bound->small);
	} else {
		struct decimal value = decimal_of(json_value_text(number));

		order = decimal_compare(&value, &bound->value);
	}
	if (order == 0)
		return !bound->exclusive;
	return is_maximum ? order < 0 : order > 0;
}

bool schema_check_divisor(const struct schema_number_rules *rules, const struct json_value *number)
{
	struct decimal value = decimal_of(json_value_text(number));

	return decimal_is_multiple(&value, &rules->divisor_value);
}

bool schema_check_pattern(struct schema_check *check, const struct schema_pattern *pattern, struct view text)
{
	int matched = -E2BIG;

	check->steps += PATTERN_STEPS - 1;
	if (step(check))
		matched = pattern_match_within(pattern->compiled, check->scratch, &check->budget, text, 0, NULL, 0);
	if (matched < 0)
		check->over = true;
	return matched > 0;
}

bool schema_check_enum(const struct schema_any_rules *rules, const struct json_value *value)
{
	const struct json_value *values = rules->values;

	if (!rules->values_are_texts) {
		for (size_t i = 0; i < values->count; i++) {
			if (json_value_equals(&values->items[i], value))
				return true;
		}
		return false;
	}
	if (!json_value_is_text(value))
		return false;
	for (size_t i = 0; i < values->count; i++) {
		if (json_value_is_same_text(&values->items[i], value))
			return true;
	}
	return false;
}

/* With a table of 1 + indices, by hash. */
static bool are_unique_by_hash(struct schema_check *check, const struct json_value *array)
{
	size_t room = 64;
	uint32_t *slots;

	while (room < 2 * (size_t)array->count)
		room *= 2;
	slots = ARENA_NEW_ARRAY(check->arena, uint32_t, room);
	if (!slots) {
		check->over = check->no_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < array->count; i++) {
		size_t slot = json_value_hash(&array->items[i]) & (room - 1);

		for (; slots[slot]; slot = (slot + 1) & (room - 1)) {
			if (!step(check) || json_value_equals(&array->items[slots[slot] - 1], &array->items[i]))
				return false;
		}
		slots[slot] = i + 1;
	}
	return true;
}

bool schema_check_unique(struct schema_check *check, const struct json_value *array)
{
	if (array->count > PAIRWISE_ITEMS_MAX)
		return are_unique_by_hash(check, array);
	for (uint32_t i = 1; i < array->count; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (json_value_equals(&array->items[k], &array->items[i]))
				return false;
		}
	}
	return true;
}

size_t schema_check_count(struct schema_check *check, const struct schema_nodes *nodes, const struct json_value *value)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count && !check->over; i++)
		count += schema_check_node(check, nodes->at[i], value);
	return count;
}

const struct schema_node *schema_check_item(const struct schema_array_rules *rules, size_t index)
{
	if (rules->each)
		return rules->each;
	return index < rules->tuple.count ? rules->tuple.at[index] : rules->rest;
}

/* --- rules by kind --------------------------------------------------------------------------------------------------------------- */

static bool check_any(struct schema_check *check, const struct schema_any_rules *rules, const struct json_value *value)
{
	bool found = rules->any_of.count == 0;

	if (rules->values) {
		check->steps += rules->values->count / (rules->values_are_texts ? TEXTS_PER_STEP : 1);
		if (!schema_check_enum(rules, value))
			return false;
	}
	for (size_t i = 0; i < rules->all_of.count; i++) {
		if (!schema_check_node(check, rules->all_of.at[i], value))
			return false;
	}
	for (size_t i = 0; i < rules->any_of.count && !found; i++)
		found = schema_check_node(check, rules->any_of.at[i], value);
	if (!found)
		return false;
	if (rules->one_of.count > 0 && schema_check_count(check, &rules->one_of, value) != 1)
		return false;
	return !rules->not || !schema_check_node(check, rules->not, value);
}

static bool check_number(const struct schema_number_rules *rules, const struct json_value *value)
{
	if (rules->minimum.number && !schema_check_bound(&rules->minimum, value, false))
		return false;
	if (rules->maximum.number && !schema_check_bound(&rules->maximum, value, true))
		return false;
	return !rules->divisor || schema_check_divisor(rules, value);
}

static bool is_length_good(const struct schema_text_rules *rules, struct view text)
{
	size_t count;

	/* A character has 1 to 4 bytes. */
	if (text.count / 4 >= rules->min_length && text.count <= rules->max_length)
		return true;
	count = view_character_count(text);
	return count >= rules->min_length && count <= rules->max_length;
}

static bool check_text(
	struct schema_check *check, const struct schema_text_rules *rules, const struct json_value *value)
{
	struct view text = json_value_text(value);

	if (!is_length_good(rules, text))
		return false;
	if (rules->pattern && !schema_check_pattern(check, rules->pattern, text))
		return false;
	return !rules->format || schema_format_check(rules->format, text);
}

static bool check_items(
	struct schema_check *check, const struct schema_array_rules *rules, const struct json_value *array)
{
	bool good = true;

	if (!rules->each && !rules->rest && rules->tuple.count == 0)
		return true;
	if (!schema_check_descend(check))
		return false;
	for (uint32_t i = 0; i < array->count && good; i++) {
		const struct schema_node *node = schema_check_item(rules, i);

		good = !node || schema_check_node(check, node, &array->items[i]);
	}
	schema_check_ascend(check);
	return good;
}

static bool check_array(
	struct schema_check *check, const struct schema_array_rules *rules, const struct json_value *array)
{
	if (array->count < rules->min_items || array->count > rules->max_items)
		return false;
	if (rules->closed && array->count > rules->tuple.count)
		return false;
	return check_items(check, rules, array) && (!rules->unique || schema_check_unique(check, array));
}

static bool check_patterns(struct schema_check *check, const struct schema_object_rules *rules,
	const struct json_member *member, bool *matched)
{
	for (size_t i = 0; i < rules->pattern_count; i++) {
		if (!schema_check_pattern(check, rules->patterns[i].pattern, json_value_text(&member->name)))
			continue;
		*matched = true;
		if (!schema_check_node(check, rules->patterns[i].node, &member->value))
			return false;
	}
	return !check->over;
}

static bool check_member(struct schema_check *check, const struct schema_object_rules *rules,
	const struct json_member *member, const struct schema_property *property)
{
	bool matched = property && property->node;

	if (matched && !schema_check_node(check, property->node, &member->value))
		return false;
	if (rules->pattern_count > 0 && !check_patterns(check, rules, member, &matched))
		return false;
	if (matched)
		return true;
	return !rules->closed && (!rules->rest || schema_check_node(check, rules->rest, &member->value));
}

static bool check_dependencies(
	struct schema_check *check, const struct schema_object_rules *rules, const struct json_value *object)
{
	for (size_t i = 0; i < rules->dependency_count; i++) {
		const struct schema_dependency *dependency = &rules->dependencies[i];

		if (!json_value_find(object, dependency->name))
			continue;
		if (dependency->node && !schema_check_node(check, dependency->node, object))
			return false;
		for (size_t k = 0; k < dependency->names.count; k++) {
			if (!step(check) || !json_value_find(object, dependency->names.at[k]))
				return false;
		}
	}
	return true;
}

static bool check_object(
	struct schema_check *check, const struct schema_object_rules *rules, const struct json_value *object)
{
	size_t required_count = 0;
	bool good = true;

	if (object->count < rules->min_members || object->count > rules->max_members)
		return false;
	if (!schema_check_descend(check))
		return false;
	/* Names are there once each, so counting those that are required is enough. */
	for (uint32_t i = 0; i < object->count && good; i++) {
		const struct json_member *member = &object->members[i];
		const struct schema_property *property = schema_property_find(rules, &member->name);

		required_count += property && property->required;
		good = check_member(check, rules, member, property);
	}
	schema_check_ascend(check);
	return good && required_count == rules->required.count && check_dependencies(check, rules, object);
}

static bool check_rules(struct schema_check *check, const struct schema_node *node, const struct json_value *value)
{
	switch (json_value_kind(value)) {
	case JSON_VALUE_INTEGER:
	case JSON_VALUE_DECIMAL:
		if (node->number && !check_number(node->number, value))
			return false;
		break;
	case JSON_VALUE_TEXT:
		if (node->text && !check_text(check, node->text, value))
			return false;
		break;
	case JSON_VALUE_ARRAY:
		if (node->array && !check_array(check, node->array, value))
			return false;
		break;
	case JSON_VALUE_OBJECT:
		if (node->object && !check_object(check, node->object, value))
			return false;
		break;
	default:
		break;
	}
	return !node->any || check_any(check, node->any, value);
}

bool schema_check_node(struct schema_check *check, const struct schema_node *node, const struct json_value *value)
{
	bool good;

	if (!(node->kinds >> value->kind & 1))
		return false;
	if (node->is_open)
		return true;
	if (!schema_check_enter(check))
		return false;
	good = check_rules(check, node, value);
	schema_check_leave(check);
	return good && !check->over;
}

int schema_check(const struct schema *schema, const struct json_value *value, struct arena *arena,
	struct pattern_scratch *scratch, const struct schema_limits *limits, struct buffer *report)
{
	struct schema_check check = {
		.limits = limits ? limits : &schema_limits_default, .arena = arena, .scratch = scratch
	};

	if (schema_check_node(&check, schema->root, value))
		return 1;
	if (!check.no_memory && report)
		schema_report_write(&check, schema->root, value, report);
	return check.no_memory ? -ENOMEM : 0;
}
