/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why a value is not valid, in the words and in the order of the Java library: the keywords of a schema by their names, then, if nothing was
 * wrong so far in the whole list, its items or members.
 */
#include <stdlib.h>

#include "appliance/validate/schema_check.h"

struct report {
	struct schema_check *check;
	struct buffer list;    /* messages, ", " between them */
	struct buffer message; /* the one that is being written */
	size_t count;
	bool full; /* there is no room for more */
};

static void describe(struct report *report, const struct schema_node *node, const struct json_value *value);

/* Put the message into the list, or leave it out if it does not fit: then nothing follows. */
static void add(struct report *report)
{
	if (buffer_error(&report->message) ||
		report->list.count + report->message.count + 4 > report->check->limits->max_report_bytes)
		report->full = true;
	if (!report->full) {
		buffer_append(&report->list, report->list.count ? view_of(", ") : view_of(""));
		buffer_append(&report->list, buffer_view(&report->message));
	}
	report->count++;
	buffer_reset(&report->message);
}

/* A whole message. */
__attribute__((format(printf, 2, 3))) static void say(struct report *report, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buffer_vprintf(&report->message, format, arguments);
	va_end(arguments);
	add(report);
}

/* --- parts of messages ---------------------------------------------------------------------------------------------------------- */

/* A value as Jackson prints it. */
static void write_value(struct buffer *ret, const struct json_value *value)
{
	bool is_object = json_value_is_object(value);

	if (json_value_is_number(value)) {
		decimal_write_java(ret, json_value_text(value));
		return;
	}
	if (!json_value_is_array(value) && !is_object) {
		json_value_write(ret, value);
		return;
	}
	buffer_append_byte(ret, is_object ? '{' : '[');
	for (size_t i = 0; i < value->count && !buffer_error(ret); i++) {
		if (i > 0)
			buffer_append_byte(ret, ',');
		if (is_object) {
			json_value_write_text(ret, json_value_name_at(value, i));
			buffer_append_byte(ret, ':');
		}
		write_value(ret, json_value_at(value, i));
	}
	buffer_append_byte(ret, is_object ? '}' : ']');
}

static void write_names(struct buffer *ret, const struct schema_names *names)
{
	buffer_append_byte(ret, '[');
	for (size_t i = 0; i < names->count; i++) {
		if (i > 0)
			buffer_append_byte(ret, ',');
		json_value_write_text(ret, names->at[i]);
	}
	buffer_append_byte(ret, ']');
}

/* Those of `names` that the object lacks. */
static bool find_missing(struct report *report, const struct schema_names *names, const struct json_value *object,
	struct schema_names *ret)
{
	struct view *missing = ARENA_NEW_ARRAY(report->check->arena, struct view, names->count);
	size_t count = 0;

	for (size_t i = 0; missing && i < names->count; i++) {
		if (!json_value_find(object, names->at[i]))
			missing[count++] = names->at[i];
	}
	report->full |= !missing;
	*ret = (struct schema_names){ .count = count, .at = missing };
	return count > 0;
}

/* Of larger objects the members stay as they were written: their messages would not fit anyway. */
#define SORTED_MEMBERS_MAX 4096

/* Members in the order of their names, sorted in place without the heap. */
static void sift(const struct json_member **members, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		const struct json_member *swapped = members[root];

		if (child + 1 < count && view_compare(json_value_text(&members[child]->name),
						 json_value_text(&members[child + 1]->name)) < 0)
			child++;
		if (view_compare(json_value_text(&swapped->name), json_value_text(&members[child]->name)) >= 0)
			return;
		members[root] = members[child];
		members[child] = swapped;
	}
}

static const struct json_member **sorted_members(struct report *report, const struct json_value *object)
{
	const struct json_member **members =
		ARENA_NEW_ARRAY(report->check->arena, const struct json_member *, object->count);

	if (!members) {
		report->full = true;
		return NULL;
	}
	for (size_t i = 0; i < object->count; i++)
		members[i] = &object->members[i];
	if (object->count > SORTED_MEMBERS_MAX)
		return members;
	for (size_t i = object->count / 2; i > 0; i--)
		sift(members, i - 1, object->count);
	for (size_t i = object->count; i > 1; i--) {
		const struct json_member *largest = members[0];

		members[0] = members[i - 1];
		members[i - 1] = largest;
		sift(members, 0, i - 1);
	}
	return members;
}

/* --- keywords of objects ---------------------------------------------------------------------------------------------------------- */

static bool is_known(struct report *report, const struct schema_object_rules *rules, const struct json_value *name)
{
	const struct schema_property *property = schema_property_find(rules, name);

	if (property && property->node)
		return true;
	for (size_t i = 0; i < rules->pattern_count; i++) {
		if (schema_check_pattern(report->check, rules->patterns[i].pattern, json_value_text(name)))
			return true;
	}
	return false;
}

static void say_additional(
	struct report *report, const struct schema_object_rules *rules, const struct json_value *object)
{
	const struct json_member **members = rules->closed ? sorted_members(report, object) : NULL;
	size_t count = 0;

	for (size_t i = 0; members && i < object->count && !buffer_error(&report->message); i++) {
		if (is_known(report, rules, &members[i]->name))
			continue;
		buffer_append(&report->message,
			count++ ? view_of(",")
				: view_of("object instance has properties which are not allowed by the schema: ["));
		json_value_write_text(&report->message, json_value_text(&members[i]->name));
	}
	if (count > 0)
		say(report, "]");
}

static void say_dependencies(
	struct report *report, const struct schema_object_rules *rules, const struct json_value *object)
{
	for (size_t i = 0; i < rules->dependency_count; i++) {
		const struct schema_dependency *dependency = &rules->dependencies[i];
		struct schema_names missing;

		if (!json_value_find(object, dependency->name))
			continue;
		if (dependency->node) {
			describe(report, dependency->node, object);
			continue;
		}
		if (!find_missing(report, &dependency->names, object, &missing))
			continue;
		buffer_append(&report->message, view_of("property \""));
		buffer_append(&report->message, dependency->name);
		buffer_append(
			&report->message, view_of("\" of object has missing property dependencies (schema requires "));
		write_names(&report->message, &dependency->names);
		buffer_append(&report->message, view_of("; missing: "));
		write_names(&report->message, &missing);
		say(report, ")");
	}
}

static void say_required(
	struct report *report, const struct schema_object_rules *rules, const struct json_value *object)
{
	struct schema_names missing;

	if (!find_missing(report, &rules->required, object, &missing))
		return;
	buffer_append(&report->message, view_of("object has missing required properties ("));
	write_names(&report->message, &missing);
	say(report, ")");
}

static void say_member_counts(
	struct report *report, const struct schema_object_rules *rules, const struct json_value *object, bool most)
{
	if (most && object->count > rules->max_members)
		say(report, "object has too many properties (found %u but schema requires at most %llu)", object->count,
			(unsigned long long)rules->max_members);
	if (!most && object->count < rules->min_members)
		say(report, "object has too few properties (found %u but schema requires at least %llu)", object->count,
			(unsigned long long)rules->min_members);
}

/* --- keywords of arrays, texts, numbers -------------------------------------------------------------------------------------------- */

static void say_item_counts(
	struct report *report, const struct schema_array_rules *rules, const struct json_value *array, bool most)
{
	if (most && array->count > rules->max_items)
		say(report, "array is too long: must have at most %llu elements but instance has %u elements",
			(unsigned long long)rules->max_items, array->count);
	if (!most && array->count < rules->min_items)
		say(report, "array is too short: must have at least %llu elements but instance has %u elements",
			(unsigned long long)rules->min_items, array->count);
}

static void say_length(
	struct report *report, const struct schema_text_rules *rules, const struct json_value *value, bool most)
{
	struct view text = json_value_text(value);
	size_t count = view_character_count(text);

	if (most ? count <= rules->max_length : count >= rules->min_length)
		return;
	buffer_append(&report->message, view_of("string \""));
	buffer_append(&report->message, text);
	if (most)
		say(report, "\" is too long (length: %zu, maximum allowed: %llu)", count,
			(unsigned long long)rules->max_length);
	else
		say(report, "\" is too short (length: %zu, required minimum: %llu)", count,
			(unsigned long long)rules->min_length);
}

static void say_pattern(struct report *report, const struct schema_text_rules *rules, const struct json_value *value)
{
	if (!rules->pattern || schema_check_pattern(report->check, rules->pattern, json_value_text(value)))
		return;
	buffer_append(&report->message, view_of("ECMA 262 regex \""));
	buffer_append(&report->message, rules->pattern->text);
	buffer_append(&report->message, view_of("\" does not match input string \""));
	buffer_append(&report->message, json_value_text(value));
	say(report, "\"");
}

static void say_format(struct report *report, const struct schema_text_rules *rules, const struct json_value *value)
{
	if (!rules->format || schema_format_check(rules->format, json_value_text(value)))
		return;
	schema_format_explain(rules->format, json_value_text(value), &report->message);
	add(report);
}

static void say_bound(
	struct report *report, const struct schema_bound *bound, const struct json_value *value, bool is_maximum)
{
	struct decimal number = decimal_of(json_value_text(value));

	if (!bound->number || schema_check_bound(bound, value, is_maximum))
		return;
	if (decimal_compare(&number, &bound->value) == 0) {
		buffer_printf(&report->message, "numeric instance is not strictly %s than the required %s ",
			is_maximum ? "lower" : "greater", is_maximum ? "maximum" : "minimum");
		decimal_write_java(&report->message, json_value_text(bound->number));
		add(report);
		return;
	}
	buffer_printf(&report->message,
		"numeric instance is %s than the required %s (%s: ", is_maximum ? "greater" : "lower",
		is_maximum ? "maximum" : "minimum", is_maximum ? "maximum" : "minimum");
	decimal_write_java(&report->message, json_value_text(bound->number));
	buffer_append(&report->message, view_of(", found: "));
	decimal_write_java(&report->message, json_value_text(value));
	say(report, ")");
}

static void say_divisor(struct report *report, const struct schema_number_rules *rules, const struct json_value *value)
{
	if (!rules->divisor || schema_check_divisor(rules, value))
		return;
	buffer_append(&report->message, view_of("remainder of division is not zero ("));
	decimal_write_java(&report->message, json_value_text(value));
	buffer_append(&report->message, view_of(" / "));
	decimal_write_java(&report->message, json_value_text(rules->divisor));
	say(report, ")");
}

/* --- keywords of all kinds --------------------------------------------------------------------------------------------------------- */

static void say_type(struct report *report, const struct schema_node *node, const struct json_value *value)
{
	static const char *const names[] = { "null", "boolean", "boolean", "integer", "number", "string", "array",
		"object" };
	static const enum json_value_kind order[] = { JSON_VALUE_ARRAY, JSON_VALUE_FALSE, JSON_VALUE_INTEGER,
		JSON_VALUE_NULL, JSON_VALUE_DECIMAL, JSON_VALUE_OBJECT, JSON_VALUE_TEXT };
	size_t count = 0;

	if (node->kinds >> value->kind & 1)
		return;
	buffer_printf(&report->message, "instance type (%s) does not match any allowed primitive type (allowed: [",
		names[value->kind]);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (node->kinds >> order[i] & 1)
			buffer_printf(&report->message, "%s\"%s\"", count++ ? "," : "", names[order[i]]);
	}
	say(report, "])");
}

static void say_enum(struct report *report, const struct schema_any_rules *rules, const struct json_value *value)
{
	if (!rules->values || schema_check_enum(rules, value))
		return;
	buffer_append(&report->message, view_of("instance value ("));
	write_value(&report->message, value);
	buffer_append(&report->message, view_of(") not found in enum (possible values: "));
	write_value(&report->message, rules->values);
	say(report, ")");
}

static void say_all_of(struct report *report, const struct schema_any_rules *rules, const struct json_value *value)
{
	size_t count = schema_check_count(report->check, &rules->all_of, value);

	if (count < rules->all_of.count)
		say(report, "instance failed to match all required schemas (matched only %zu out of %zu)", count,
			rules->all_of.count);
}

static void say_any_of(struct report *report, const struct schema_any_rules *rules, const struct json_value *value)
{
	if (rules->any_of.count > 0 && schema_check_count(report->check, &rules->any_of, value) == 0)
		say(report, "instance failed to match at least one required schema among %zu", rules->any_of.count);
}

static void say_one_of(struct report *report, const struct schema_any_rules *rules, const struct json_value *value)
{
	size_t count = schema_check_count(report->check, &rules->one_of, value);

	if (rules->one_of.count > 0 && count != 1)
		say(report, "instance failed to match exactly one schema (matched %zu out of %zu)", count,
			rules->one_of.count);
}

static void say_not(struct report *report, const struct schema_any_rules *rules, const struct json_value *value)
{
	if (rules->not &&schema_check_node(report->check, rules->not, value))
		say(report, "instance matched a schema which it should not have");
}

/* --- a whole schema ---------------------------------------------------------------------------------------------------------------- */

/* All keywords, in the order of their names. */
static void say_keywords(struct report *report, const struct schema_node *node, const struct json_value *value)
{
	const struct schema_any_rules *any = node->any;
	const struct schema_object_rules *object = json_value_is_object(value) ? node->object : NULL;
	const struct schema_array_rules *array = json_value_is_array(value) ? node->array : NULL;
	const struct schema_text_rules *text = json_value_is_text(value) ? node->text : NULL;
	const struct schema_number_rules *number = json_value_is_number(value) ? node->number : NULL;

	if (array && array->closed && value->count > array->tuple.count)
		say(report, "schema only allows %zu elements in array but instance has %u elements", array->tuple.count,
			value->count);
	if (object)
		say_additional(report, object, value);
	if (any) {
		say_all_of(report, any, value);
		say_any_of(report, any, value);
	}
	if (object)
		say_dependencies(report, object, value);
	if (any)
		say_enum(report, any, value);
	if (text)
		say_format(report, text, value);
	if (array)
		say_item_counts(report, array, value, true);
	if (text)
		say_length(report, text, value, true);
	if (object)
		say_member_counts(report, object, value, true);
	if (number)
		say_bound(report, &number->maximum, value, true);
	if (array)
		say_item_counts(report, array, value, false);
	if (text)
		say_length(report, text, value, false);
	if (object)
		say_member_counts(report, object, value, false);
	if (number) {
		say_bound(report, &number->minimum, value, false);
		say_divisor(report, number, value);
	}
	if (any) {
		say_not(report, any, value);
		say_one_of(report, any, value);
	}
	if (text)
		say_pattern(report, text, value);
	if (object)
		say_required(report, object, value);
	say_type(report, node, value);
	if (array && array->unique && !schema_check_unique(report->check, value) && !report->check->over)
		say(report, "array must not contain duplicate elements");
}

static void describe_members(
	struct report *report, const struct schema_object_rules *rules, const struct json_value *object)
{
	const struct json_member **members = sorted_members(report, object);

	for (size_t i = 0; members && i < object->count && !report->full; i++) {
		const struct json_member *member = members[i];
		const struct schema_property *property = schema_property_find(rules, &member->name);
		bool matched = property && property->node;

		if (matched)
			describe(report, property->node, &member->value);
		for (size_t k = 0; k < rules->pattern_count; k++) {
			if (!schema_check_pattern(
				    report->check, rules->patterns[k].pattern, json_value_text(&member->name)))
				continue;
			matched = true;
			describe(report, rules->patterns[k].node, &member->value);
		}
		if (!matched && rules->rest)
			describe(report, rules->rest, &member->value);
	}
}

static void describe_items(
	struct report *report, const struct schema_array_rules *rules, const struct json_value *array)
{
	for (uint32_t i = 0; i < array->count && !report->full && !report->check->over; i++) {
		const struct schema_node *node = schema_check_item(rules, i);

		if (node)
			describe(report, node, &array->items[i]);
	}
}

static void describe(struct report *report, const struct schema_node *node, const struct json_value *value)
{
	if (report->full || !schema_check_enter(report->check))
		return;
	say_keywords(report, node, value);
	if (report->count == 0 && json_value_count(value) > 0 && schema_check_descend(report->check)) {
		if (json_value_is_array(value) && node->array)
			describe_items(report, node->array, value);
		else if (json_value_is_object(value) && node->object)
			describe_members(report, node->object, value);
		schema_check_ascend(report->check);
	}
	schema_check_leave(report->check);
}

void schema_report_write(
	struct schema_check *check, const struct schema_node *node, const struct json_value *value, struct buffer *ret)
{
	struct schema_check fresh = { .limits = check->limits, .arena = check->arena, .scratch = check->scratch };
	struct report report = { .check = &fresh };

	if (!check->over) {
		buffer_init_arena(&report.list, check->arena, check->limits->max_report_bytes);
		buffer_init_arena(&report.message, check->arena, check->limits->max_report_bytes);
		describe(&report, node, value);
	}
	buffer_append_byte(ret, '[');
	if (check->over || fresh.over)
		buffer_append(ret, view_of("the instance takes too much to be checked"));
	else if (report.list.count == 0)
		buffer_append(ret, view_of("the messages are too long"));
	else
		buffer_append(ret, buffer_view(&report.list));
	buffer_append_byte(ret, ']');
	check->no_memory |= fresh.no_memory;
}
