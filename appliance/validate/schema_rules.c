/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/validate/schema_rules.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/validate/ecma_pattern.h"

#define ALL_KINDS 0xff
#define BIT(kind) (1u << (kind))

const struct json_value *schema_work_find(const struct schema_work *work, const char *keyword)
{
	return json_value_find(work->json, view_from_text(keyword));
}

int schema_work_count(struct schema_work *work, const char *keyword, uint64_t *ret)
{
	const struct json_value *value = schema_work_find(work, keyword);
	struct decimal number;

	if (!value)
		return 0;
	number = decimal_of(json_value_text(value));
	if (!json_value_is_number(value) || number.negative || number.exponent < 0)
		return schema_work_fail(work, -EINVAL, "%s must be a count", keyword);
	/* Nothing has so many of anything. */
	if ((int64_t)decimal_digit_count(&number) + number.exponent > 18) {
		*ret = SCHEMA_UNBOUNDED - 1;
		return 0;
	}
	*ret = 0;
	for (size_t i = 0; i < number.head.count; i++)
		*ret = *ret * 10 + (uint64_t)(number.head.at[i] - '0');
	for (size_t i = 0; i < number.tail.count; i++)
		*ret = *ret * 10 + (uint64_t)(number.tail.at[i] - '0');
	for (int64_t i = 0; i < number.exponent; i++)
		*ret *= 10;
	return 0;
}

int schema_work_pattern(
	struct schema_work *work, const char *keyword, struct view text, const struct schema_pattern **ret)
{
	struct schema_pattern *pattern = ARENA_NEW(work->arena, struct schema_pattern);
	struct pattern_error why = { .text = "" };
	struct buffer translated;
	int error;

	if (!pattern)
		return schema_work_no_memory(work);
	if (++work->pattern_count > SCHEMA_PATTERNS_MAX)
		return schema_work_fail(work, -EMSGSIZE, "more than %d regular expressions", SCHEMA_PATTERNS_MAX);
	buffer_init(&translated, ECMA_PATTERN_TRANSLATED_MAX_BYTES);
	error = ecma_pattern_translate(text, &translated);
	if (!error)
		error = pattern_compile(&pattern->compiled, buffer_view(&translated), PATTERN_TRANSLATED, &why);
	buffer_fini(&translated);
	if (error == -ENOMEM)
		return schema_work_no_memory(work);
	if (error)
		return schema_work_fail(work, error, "%s: '" VIEW_FMT "' is no regular expression%s%s", keyword,
			VIEW_ARG(view_part(text, 0, 64)), why.text[0] ? ": " : "", why.text);
	pattern->text = text;
	pattern->next = work->schema->patterns;
	work->schema->patterns = pattern;
	*ret = pattern;
	return 0;
}

static int compare_views(const void *left, const void *right)
{
	return view_compare(*(const struct view *)left, *(const struct view *)right);
}

int schema_work_names(
	struct schema_work *work, const char *keyword, const struct json_value *array, struct schema_names *ret)
{
	size_t count = json_value_count(array), kept = 0;
	struct view *names = ARENA_NEW_ARRAY(work->arena, struct view, count);

	if (!names)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < count; i++) {
		if (!json_value_is_array(array) || !json_value_is_text(json_value_at(array, i)))
			return schema_work_fail(work, -EINVAL, "%s must be a list of names", keyword);
		names[i] = json_value_text(json_value_at(array, i));
	}
	if (count > 1)
		qsort(names, count, sizeof *names, compare_views);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !view_equals(names[kept - 1], names[i]))
			names[kept++] = names[i];
	}
	*ret = (struct schema_names){ .count = kept, .at = names };
	return 0;
}

/* --- type ------------------------------------------------------------------------------------------------------------------------ */

static const struct {
	struct view name;
	unsigned kinds;
} types[] = {
	{ VIEW_INIT("array"), BIT(JSON_VALUE_ARRAY) },
	{ VIEW_INIT("boolean"), BIT(JSON_VALUE_FALSE) | BIT(JSON_VALUE_TRUE) },
	{ VIEW_INIT("integer"), BIT(JSON_VALUE_INTEGER) },
	{ VIEW_INIT("null"), BIT(JSON_VALUE_NULL) },
	{ VIEW_INIT("number"), BIT(JSON_VALUE_INTEGER) | BIT(JSON_VALUE_DECIMAL) },
	{ VIEW_INIT("object"), BIT(JSON_VALUE_OBJECT) },
	{ VIEW_INIT("string"), BIT(JSON_VALUE_TEXT) },
};

static unsigned kinds_of(const struct json_value *name)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (view_equals(types[i].name, json_value_text(name)))
			return types[i].kinds;
	}
	return 0;
}

static int fill_type(struct schema_work *work, struct schema_node *node)
{
	const struct json_value *type = schema_work_find(work, "type");
	size_t count = json_value_is_array(type) ? json_value_count(type) : 0;
	unsigned kinds = 0;

	node->kinds = ALL_KINDS;
	if (!type)
		return 0;
	if (json_value_is_text(type))
		kinds = kinds_of(type);
	for (size_t i = 0; i < count; i++) {
		unsigned more = json_value_is_text(json_value_at(type, i)) ? kinds_of(json_value_at(type, i)) : 0;

		kinds = more ? kinds | more : 0;
		if (!more)
			break;
	}
	if (kinds == 0)
		return schema_work_fail(work, -EINVAL, "type must be a primitive type or a list of them");
	node->kinds = (uint16_t)kinds;
	return 0;
}

/* --- numbers --------------------------------------------------------------------------------------------------------------------- */

/* An integer of so many digits fits into 64 bits. */
#define SMALL_DIGITS_MAX 18

static int fill_bound(struct schema_work *work, const char *keyword, const char *exclusive, struct schema_bound *ret)
{
	const struct json_value *value = schema_work_find(work, keyword);
	const struct json_value *strict = schema_work_find(work, exclusive);

	if (strict && json_value_kind(strict) != JSON_VALUE_TRUE && json_value_kind(strict) != JSON_VALUE_FALSE)
		return schema_work_fail(work, -EINVAL, "%s must be a boolean", exclusive);
	if (!value)
		return 0;
	if (!json_value_is_number(value))
		return schema_work_fail(work, -EINVAL, "%s must be a number", keyword);
	ret->number = value;
	ret->value = decimal_of(json_value_text(value));
	ret->exclusive = json_value_kind(strict) == JSON_VALUE_TRUE;
	if (value->kind == JSON_VALUE_INTEGER && value->count <= SMALL_DIGITS_MAX) {
		ret->is_small = true;
		ret->small = strtoll(value->text, NULL, 10);
	}
	return 0;
}

static int fill_divisor(struct schema_work *work, struct schema_number_rules *rules)
{
	const struct json_value *value = schema_work_find(work, "multipleOf");

	if (!value)
		return 0;
	rules->divisor_value = decimal_of(json_value_text(value));
	if (!json_value_is_number(value) || rules->divisor_value.negative ||
		decimal_digit_count(&rules->divisor_value) == 0)
		return schema_work_fail(work, -EINVAL, "multipleOf must be a number greater than 0");
	if (decimal_digit_count(&rules->divisor_value) > DECIMAL_DIVISOR_DIGITS_MAX)
		return schema_work_fail(
			work, -EMSGSIZE, "multipleOf has more than %d digits", DECIMAL_DIVISOR_DIGITS_MAX);
	rules->divisor = value;
	return 0;
}

static int fill_numbers(struct schema_work *work, struct schema_node *node)
{
	struct schema_number_rules *rules;
	int error;

	if (!schema_work_find(work, "minimum") && !schema_work_find(work, "maximum") &&
		!schema_work_find(work, "multipleOf"))
		return 0;
	rules = ARENA_NEW(work->arena, struct schema_number_rules);
	if (!rules)
		return schema_work_no_memory(work);
	error = fill_bound(work, "minimum", "exclusiveMinimum", &rules->minimum);
	if (!error)
		error = fill_bound(work, "maximum", "exclusiveMaximum", &rules->maximum);
	if (!error)
		error = fill_divisor(work, rules);
	node->number = rules;
	return error;
}

/* --- texts ----------------------------------------------------------------------------------------------------------------------- */

static int fill_texts(struct schema_work *work, struct schema_node *node)
{
	const struct json_value *pattern = schema_work_find(work, "pattern"),
				*format = schema_work_find(work, "format");
	struct schema_text_rules *rules;
	int error;

	if (!pattern && !format && !schema_work_find(work, "minLength") && !schema_work_find(work, "maxLength"))
		return 0;
	rules = ARENA_NEW(work->arena, struct schema_text_rules);
	if (!rules)
		return schema_work_no_memory(work);
	rules->max_length = SCHEMA_UNBOUNDED;
	if (pattern && !json_value_is_text(pattern))
		return schema_work_fail(work, -EINVAL, "pattern must be a regular expression");
	if (format && !json_value_is_text(format))
		return schema_work_fail(work, -EINVAL, "format must be a name");
	error = schema_work_count(work, "minLength", &rules->min_length);
	if (!error)
		error = schema_work_count(work, "maxLength", &rules->max_length);
	if (!error && pattern)
		error = schema_work_pattern(work, "pattern", json_value_text(pattern), &rules->pattern);
	if (format)
		rules->format = schema_format_find(json_value_text(format));
	node->text = rules;
	return error;
}

/* --- values of any kind ---------------------------------------------------------------------------------------------------------- */

static int fill_enum(struct schema_work *work, struct schema_any_rules *rules)
{
	const struct json_value *values = schema_work_find(work, "enum");

	if (!values)
		return 0;
	if (!json_value_is_array(values) || values->count == 0)
		return schema_work_fail(work, -EINVAL, "enum must be a list of values");
	rules->values = values;
	rules->values_are_texts = true;
	for (size_t i = 0; i < values->count; i++)
		rules->values_are_texts &= json_value_is_text(&values->items[i]);
	return 0;
}

static int fill_schemas(struct schema_work *work, const char *keyword, struct schema_nodes *ret)
{
	const struct json_value *list = schema_work_find(work, keyword);
	size_t count = json_value_count(list);
	const struct schema_node **nodes;

	if (!list)
		return 0;
	if (!json_value_is_array(list) || count == 0)
		return schema_work_fail(work, -EINVAL, "%s must be a list of schemas", keyword);
	nodes = ARENA_NEW_ARRAY(work->arena, const struct schema_node *, count);
	if (!nodes)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < count; i++) {
		struct view name = arena_printf(work->arena, "%zu", i);
		int error = schema_work_node(work, json_value_at(list, i), keyword, &name, &nodes[i]);

		if (error)
			return error;
	}
	*ret = (struct schema_nodes){ .count = count, .at = nodes };
	return 0;
}

static int fill_any(struct schema_work *work, struct schema_node *node)
{
	const struct json_value *not = schema_work_find(work, "not");
	struct schema_any_rules *rules;
	int error;

	if (!not &&!schema_work_find(work, "enum") && !schema_work_find(work, "allOf") &&
		!schema_work_find(work, "anyOf") && !schema_work_find(work, "oneOf"))
		return 0;
	rules = ARENA_NEW(work->arena, struct schema_any_rules);
	if (!rules)
		return schema_work_no_memory(work);
	node->any = rules;
	error = fill_enum(work, rules);
	if (!error)
		error = fill_schemas(work, "allOf", &rules->all_of);
	if (!error)
		error = fill_schemas(work, "anyOf", &rules->any_of);
	if (!error)
		error = fill_schemas(work, "oneOf", &rules->one_of);
	if (!error && not )
		error = schema_work_node(work, not, "not", NULL, &rules->not );
	return error;
}

int schema_rules_fill(struct schema_work *work, struct schema_node *node)
{
	int error = fill_type(work, node);

	if (!error)
		error = fill_numbers(work, node);
	if (!error)
		error = fill_texts(work, node);
	if (!error)
		error = fill_any(work, node);
	if (!error)
		error = schema_container_rules_fill(work, node);
	node->is_open = !node->any && !node->number && !node->text && !node->array && !node->object;
	return error;
}
