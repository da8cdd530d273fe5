/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about arrays and objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/validate/schema_rules.h"

/* additionalItems and additionalProperties: a schema, or whether there may be more. */
static int fill_rest(struct schema_work *work, const char *keyword, bool *ret_closed, const struct schema_node **ret)
{
	const struct json_value *value = schema_work_find(work, keyword);

	switch (json_value_kind(value)) {
	case JSON_VALUE_FALSE:
		*ret_closed = true;
		return 0;
	case JSON_VALUE_TRUE:
		return 0;
	case JSON_VALUE_OBJECT:
		return schema_work_node(work, value, keyword, NULL, ret);
	default:
		return value ? schema_work_fail(work, -EINVAL, "%s must be a boolean or a schema", keyword) : 0;
	}
}

/* --- arrays ---------------------------------------------------------------------------------------------------------------------- */

static int fill_tuple(struct schema_work *work, const struct json_value *items, struct schema_array_rules *rules)
{
	const struct schema_node **nodes = ARENA_NEW_ARRAY(work->arena, const struct schema_node *, items->count);

	if (!nodes)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < items->count; i++) {
		struct view name = arena_printf(work->arena, "%zu", i);
		int error = schema_work_node(work, &items->items[i], "items", &name, &nodes[i]);

		if (error)
			return error;
	}
	rules->tuple = (struct schema_nodes){ .count = items->count, .at = nodes };
	return 0;
}

static int fill_items(struct schema_work *work, struct schema_array_rules *rules)
{
	const struct json_value *items = schema_work_find(work, "items");
	bool closed = false;
	int error = fill_rest(work, "additionalItems", &closed, &rules->rest);

	if (error)
		return error;
	if (json_value_is_array(items)) {
		rules->closed = closed;
		return fill_tuple(work, items, rules);
	}
	if (!items)
		return 0;
	/* One schema for every item leaves none that would be additional. */
	rules->rest = NULL;
	return schema_work_node(work, items, "items", NULL, &rules->each);
}

static int fill_array(struct schema_work *work, struct schema_node *node)
{
	static const char *const keywords[] = { "items", "additionalItems", "minItems", "maxItems", "uniqueItems" };
	const struct json_value *unique = schema_work_find(work, "uniqueItems");
	struct schema_array_rules *rules;
	bool any = false;
	int error;

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		any |= schema_work_find(work, keywords[i]) != NULL;
	if (!any)
		return 0;
	rules = ARENA_NEW(work->arena, struct schema_array_rules);
	if (!rules)
		return schema_work_no_memory(work);
	node->array = rules;
	rules->max_items = SCHEMA_UNBOUNDED;
	rules->unique = json_value_kind(unique) == JSON_VALUE_TRUE;
	if (unique && !rules->unique && json_value_kind(unique) != JSON_VALUE_FALSE)
		return schema_work_fail(work, -EINVAL, "uniqueItems must be a boolean");
	error = schema_work_count(work, "minItems", &rules->min_items);
	if (!error)
		error = schema_work_count(work, "maxItems", &rules->max_items);
	return error ? error : fill_items(work, rules);
}

/* --- objects --------------------------------------------------------------------------------------------------------------------- */

static int compare_properties(const void *left, const void *right)
{
	const struct schema_property *one = left, *other = right;

	return view_compare(json_value_text(&one->name), json_value_text(&other->name));
}

static int object_of(struct schema_work *work, const char *keyword, const struct json_value **ret)
{
	*ret = schema_work_find(work, keyword);
	if (*ret && !json_value_is_object(*ret))
		return schema_work_fail(work, -EINVAL, "%s must be an object", keyword);
	return 0;
}

/* A hash table over the sorted properties. */
static int index_properties(struct schema_work *work, struct schema_object_rules *rules)
{
	size_t room = 4;
	uint32_t *slots;

	while (room < 2 * rules->property_count)
		room *= 2;
	slots = ARENA_NEW_ARRAY(work->arena, uint32_t, room);
	if (!slots)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < rules->property_count; i++) {
		size_t slot = rules->properties[i].name.mark & (room - 1);

		while (slots[slot])
			slot = (slot + 1) & (room - 1);
		slots[slot] = (uint32_t)i + 1;
	}
	rules->slots = slots;
	rules->slot_mask = (uint32_t)room - 1;
	return 0;
}

static struct json_value property_name(struct view name)
{
	struct json_value value = json_value_of_text(name);

	value.mark = json_value_mark(name);
	return value;
}

/* properties and required, in one table. */
static int fill_properties(struct schema_work *work, struct schema_object_rules *rules)
{
	const struct json_value *map, *required = schema_work_find(work, "required");
	struct schema_property *known;
	size_t count = 0, kept = 0;
	int error = object_of(work, "properties", &map);

	if (!error && required && !json_value_is_array(required))
		error = schema_work_fail(work, -EINVAL, "required must be a list of names");
	if (!error && required)
		error = schema_work_names(work, "required", required, &rules->required);
	if (error)
		return error;
	known = ARENA_NEW_ARRAY(work->arena, struct schema_property, json_value_count(map) + rules->required.count);
	if (!known)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < json_value_count(map); i++) {
		struct view name = json_value_name_at(map, i);

		known[count].name = map->members[i].name;
		error = schema_work_node(work, json_value_at(map, i), "properties", &name, &known[count++].node);
		if (error)
			return error;
	}
	for (size_t i = 0; i < rules->required.count; i++)
		known[count++] =
			(struct schema_property){ .name = property_name(rules->required.at[i]), .required = true };
	if (count > 1)
		qsort(known, count, sizeof *known, compare_properties);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && compare_properties(&known[kept - 1], &known[i]) == 0) {
			known[kept - 1].required |= known[i].required;
			if (known[i].node)
				known[kept - 1].node = known[i].node;
			continue;
		}
		known[kept++] = known[i];
	}
	rules->properties = known;
	rules->property_count = kept;
	return index_properties(work, rules);
}

static int compare_patterns(const void *left, const void *right)
{
	const struct schema_pattern_property *one = left, *other = right;

	return view_compare(one->pattern->text, other->pattern->text);
}

static int fill_patterns(struct schema_work *work, struct schema_object_rules *rules)
{
	struct schema_pattern_property *patterns;
	const struct json_value *map;
	int error = object_of(work, "patternProperties", &map);
	size_t count = json_value_count(map);

	if (error || count == 0)
		return error;
	patterns = ARENA_NEW_ARRAY(work->arena, struct schema_pattern_property, count);
	if (!patterns)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < count && !error; i++) {
		struct view name = json_value_name_at(map, i);

		error = schema_work_pattern(work, "patternProperties", name, &patterns[i].pattern);
		if (!error)
			error = schema_work_node(
				work, json_value_at(map, i), "patternProperties", &name, &patterns[i].node);
	}
	if (error)
		return error;
	if (count > 1)
		qsort(patterns, count, sizeof *patterns, compare_patterns);
	rules->patterns = patterns;
	rules->pattern_count = count;
	return 0;
}

/* Those of schemas come last, by their names; the others stay as they were written. */
static int compare_dependencies(const void *left, const void *right)
{
	const struct schema_dependency *one = left, *other = right;

	if (one->node && other->node)
		return view_compare(one->name, other->name);
	if (one->node || other->node)
		return one->node ? 1 : -1;
	return one->order < other->order ? -1 : 1;
}

static int fill_dependencies(struct schema_work *work, struct schema_object_rules *rules)
{
	struct schema_dependency *dependencies;
	const struct json_value *map;
	int error = object_of(work, "dependencies", &map);
	size_t count = json_value_count(map);

	if (error || count == 0)
		return error;
	dependencies = ARENA_NEW_ARRAY(work->arena, struct schema_dependency, count);
	if (!dependencies)
		return schema_work_no_memory(work);
	for (size_t i = 0; i < count && !error; i++) {
		const struct json_value *value = json_value_at(map, i);

		dependencies[i].name = json_value_name_at(map, i);
		dependencies[i].order = i;
		if (json_value_is_object(value))
			error = schema_work_node(
				work, value, "dependencies", &dependencies[i].name, &dependencies[i].node);
		else if (json_value_is_array(value))
			error = schema_work_names(work, "dependencies", value, &dependencies[i].names);
		else
			error = schema_work_fail(work, -EINVAL, "dependencies must be lists of names or schemas");
	}
	if (error)
		return error;
	if (count > 1)
		qsort(dependencies, count, sizeof *dependencies, compare_dependencies);
	rules->dependencies = dependencies;
	rules->dependency_count = count;
	return 0;
}

static int fill_object(struct schema_work *work, struct schema_node *node)
{
	static const char *const keywords[] = { "properties", "required", "patternProperties", "additionalProperties",
		"dependencies", "minProperties", "maxProperties" };
	struct schema_object_rules *rules;
	bool any = false;
	int error;

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		any |= schema_work_find(work, keywords[i]) != NULL;
	if (!any)
		return 0;
	rules = ARENA_NEW(work->arena, struct schema_object_rules);
	if (!rules)
		return schema_work_no_memory(work);
	node->object = rules;
	rules->max_members = SCHEMA_UNBOUNDED;
	error = schema_work_count(work, "minProperties", &rules->min_members);
	if (!error)
		error = schema_work_count(work, "maxProperties", &rules->max_members);
	if (!error)
		error = fill_properties(work, rules);
	if (!error)
		error = fill_patterns(work, rules);
	if (!error)
		error = fill_rest(work, "additionalProperties", &rules->closed, &rules->rest);
	if (!error)
		error = fill_dependencies(work, rules);
	return error;
}

int schema_container_rules_fill(struct schema_work *work, struct schema_node *node)
{
	int error = fill_array(work, node);

	return error ? error : fill_object(work, node);
}
