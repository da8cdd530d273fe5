/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of JSON documents as values; the containers of them that a template changed. */
#include <errno.h>
#include <math.h>

#include "appliance/base/json_value.h"
#include "appliance/mapping/java_number.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/value.h"

/* --- Reading -------------------------------------------------------------------------------------------------------- */

/* Digits that fit into 64 bits whatever they are. */
#define SHORT_DIGITS 18

static struct value of_integer(struct view text)
{
	size_t at = text.at[0] == '-';
	int64_t number = 0;

	if (text.count - at <= SHORT_DIGITS) {
		bool negative = at;

		for (; at < text.count; at++)
			number = number * 10 + (text.at[at] - '0');
		return value_integer(negative ? -number : number);
	}
	return java_number_to_value(java_number_of_text(text));
}

/* Few digits, no exponent, as most decimals are: one division makes them a double, rounded as it should be. */
static bool quick_decimal(struct view text, double *ret)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
		1e15 };
	size_t at = text.at[0] == '-', places = 0;
	uint64_t digits = 0;

	if (text.count - at > sizeof powers / sizeof powers[0]) /* with the point: 15 digits */
		return false;
	for (; at < text.count; at++) {
		unsigned digit = (unsigned)(unsigned char)text.at[at] - '0';

		if (digit <= 9)
			digits = digits * 10 + digit;
		else if (text.at[at] == '.')
			places = text.count - at - 1;
		else
			return false;
	}
	*ret = (double)digits / powers[places];
	if (text.at[0] == '-')
		*ret = -*ret;
	return true;
}

static struct value of_decimal(struct view text)
{
	double number;

	return quick_decimal(text, &number) ? value_double(number) : java_number_to_value(java_number_of_text(text));
}

struct value value_of_json(const struct json_value *json)
{
	switch (json_value_kind(json)) {
	case JSON_VALUE_TEXT:
		return value_text(json_value_text(json));
	case JSON_VALUE_INTEGER:
		return of_integer(json_value_text(json));
	case JSON_VALUE_DECIMAL:
		return of_decimal(json_value_text(json));
	case JSON_VALUE_OBJECT:
		return (struct value){ .kind = VALUE_JSON_OBJECT, .json = json };
	case JSON_VALUE_ARRAY:
		return (struct value){ .kind = VALUE_JSON_ARRAY, .json = json };
	case JSON_VALUE_FALSE:
	case JSON_VALUE_TRUE:
		return value_boolean(json->kind == JSON_VALUE_TRUE);
	case JSON_VALUE_NULL:
		break;
	}
	return value_missing();
}

/* --- Changing ------------------------------------------------------------------------------------------------------- */

struct change {
	const struct json_value *json; /* NULL: free */
	struct value value;
};

/* A hash table by the container's address; at most half full. */
struct value_changes {
	size_t count, room;
	struct change *entries;
};

#define CHANGES_FIRST_ROOM 16

static struct change *change_place(const struct value_changes *changes, const struct json_value *json)
{
	size_t mask = changes->room - 1;
	size_t at = (size_t)(((uintptr_t)json >> 4) * 0x9e3779b97f4a7c15u >> 20) & mask;

	while (changes->entries[at].json && changes->entries[at].json != json)
		at = (at + 1) & mask;
	return &changes->entries[at];
}

struct value value_current_slowly(struct template_run *run, struct value value)
{
	const struct change *change = change_place(run->changes, value.json);

	return change->json ? change->value : value;
}

static int change_add(struct template_run *run, const struct json_value *json, struct value value)
{
	struct value_changes *changes = run->changes;

	if (!changes || changes->count * 2 >= changes->room) {
		struct value_changes *grown = ARENA_NEW(run->arena, struct value_changes);

		if (!grown)
			return template_no_memory(run);
		grown->room = changes ? changes->room * 2 : CHANGES_FIRST_ROOM;
		grown->entries = ARENA_NEW_ARRAY(run->arena, struct change, grown->room);
		if (!grown->entries)
			return template_no_memory(run);
		for (size_t i = 0; changes && i < changes->room; i++) {
			if (changes->entries[i].json)
				*change_place(grown, changes->entries[i].json) = changes->entries[i];
		}
		grown->count = changes ? changes->count : 0;
		run->changes = changes = grown;
	}
	*change_place(changes, json) = (struct change){ .json = json, .value = value };
	changes->count++;
	return 0;
}

static int list_of_array(struct template_run *run, const struct json_value *json, struct value *ret)
{
	struct value_list *list;
	int result = value_list_new(run, VALUE_LIST_JSON, json_value_count(json), &list);

	if (result)
		return result;
	for (size_t i = 0; i < json_value_count(json); i++)
		list->items[list->count++] = value_of_json(json_value_at(json, i));
	*ret = value_list(list);
	return 0;
}

static int map_of_object(struct template_run *run, const struct json_value *json, struct value *ret)
{
	struct value_map *map;
	int result = value_map_new(run, json_value_count(json), &map);

	for (size_t i = 0; !result && i < json_value_count(json); i++)
		result = value_map_put(
			run, map, value_text(json_value_name_at(json, i)), value_of_json(json_value_at(json, i)), NULL);
	if (!result)
		*ret = value_map(map);
	return result;
}

int value_change(struct template_run *run, struct value *value)
{
	struct value changed = value_current(run, *value);
	int result;

	if (changed.kind == VALUE_LIST || changed.kind == VALUE_MAP) {
		*value = changed;
		return 0;
	}
	if (changed.kind != VALUE_JSON_ARRAY && changed.kind != VALUE_JSON_OBJECT)
		return template_fail(run, "what is not a list or map can't be changed");
	result = template_work(run, json_value_count(value->json));
	if (!result)
		result = value->kind == VALUE_JSON_ARRAY ? list_of_array(run, value->json, &changed)
							 : map_of_object(run, value->json, &changed);
	if (!result)
		result = change_add(run, value->json, changed);
	if (!result)
		*value = changed;
	return result;
}

/* --- Copying -------------------------------------------------------------------------------------------------------- */

static int copy_at(
	struct arena *arena, const struct json_value *json, enum value_list_flavor flavor, int depth, struct value *ret)
{
	size_t count = json_value_count(json);
	int result = 0;

	*ret = value_of_json(json);
	if (ret->kind != VALUE_JSON_ARRAY && ret->kind != VALUE_JSON_OBJECT) {
		if (value_is_null(*ret))
			*ret = value_null();
		return 0;
	}
	if (depth == 0)
		return -EMSGSIZE;
	if (ret->kind == VALUE_JSON_ARRAY) {
		struct value_list *list = ARENA_NEW(arena, struct value_list);
		struct value *items = arena_alloc(arena, count * sizeof *items);

		if (!list || !items)
			return -ENOMEM;
		for (size_t i = 0; !result && i < count; i++)
			result = copy_at(arena, json_value_at(json, i), flavor, depth - 1, &items[i]);
		*list = (struct value_list){
			.items = items, .count = (uint32_t)count, .room = (uint32_t)count, .flavor = (uint8_t)flavor
		};
		*ret = value_list(list);
	} else {
		struct value_map *map = ARENA_NEW(arena, struct value_map);

		if (!map)
			return -ENOMEM;
		for (size_t i = 0; !result && i < count; i++) {
			struct value member;

			result = copy_at(arena, json_value_at(json, i), flavor, depth - 1, &member);
			if (!result)
				result = value_map_put_in(arena, map, value_text(json_value_name_at(json, i)), member);
		}
		*ret = value_map(map);
	}
	return result;
}

int value_copy_json(
	struct arena *arena, const struct json_value *json, enum value_list_flavor flavor, struct value *ret)
{
	return copy_at(arena, json, flavor, VALUE_DEPTH_MAX, ret);
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

/* A document's own container, of which nothing was changed. */
static int write_json_container(struct template_run *run, const struct json_value *json, struct buffer *out)
{
	bool array = json_value_is_array(json);
	int result = 0;

	buffer_append_byte(out, array ? '[' : '{');
	for (size_t i = 0; !result && i < json_value_count(json); i++) {
		const struct json_value *child = json_value_at(json, i);

		if (i)
			buffer_append_byte(out, ',');
		if (!array) {
			json_value_write_text(out, json_value_name_at(json, i));
			buffer_append_byte(out, ':');
		}
		if (json_value_is_text(child))
			json_value_write_text(out, json_value_text(child));
		else if (json_value_is_number(child))
			java_number_write_json(out, json_value_text(child));
		else
			result = value_write_json(run, value_of_json(child), out);
	}
	buffer_append_byte(out, array ? ']' : '}');
	return result;
}

static int write_list(struct template_run *run, const struct value_list *list, struct buffer *out)
{
	int result = 0;

	buffer_append_byte(out, '[');
	for (size_t i = 0; !result && i < list->count; i++) {
		if (i)
			buffer_append_byte(out, ',');
		result = value_write_json(run, list->items[i], out);
	}
	buffer_append_byte(out, ']');
	return result;
}

static int write_map(struct template_run *run, const struct value_map *map, struct buffer *out)
{
	int result = 0;

	buffer_append_byte(out, '{');
	for (size_t i = 0; !result && i < map->count; i++) {
		struct view key;

		if (i)
			buffer_append_byte(out, ',');
		result = value_to_text(run, map->entries[i].key, true, &key);
		if (result)
			return result;
		json_value_write_text(out, key);
		buffer_append_byte(out, ':');
		result = value_write_json(run, map->entries[i].value, out);
	}
	buffer_append_byte(out, '}');
	return result;
}

static int write_scalar(struct template_run *run, struct value value, struct buffer *out)
{
	struct view text;
	int result;

	switch ((enum value_kind)value.kind) {
	case VALUE_NULL:
		buffer_append_text(out, "null");
		return 0;
	case VALUE_DOUBLE:
		if (!isfinite(value.number)) {
			buffer_append_text(out, "null");
			return 0;
		}
		return value_print(run, value, out);
	case VALUE_TEXT:
		json_value_write_text(out, value_view(value));
		return 0;
	case VALUE_OBJECT:
		result = value_to_text(run, value, true, &text);
		if (!result)
			json_value_write_text(out, text);
		return result;
	default:
		return value_print(run, value, out);
	}
}

static int write_inside(struct template_run *run, struct value value, struct buffer *out)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_LIST:
		return write_list(run, value.list, out);
	case VALUE_MAP:
		return write_map(run, value.map, out);
	default:
		return write_json_container(run, value.json, out);
	}
}

int value_write_json(struct template_run *run, struct value value, struct buffer *out)
{
	int result = template_work(run, 1);

	if (result)
		return result;
	value = value_current(run, value);
	if (value.kind < VALUE_LIST || value.kind > VALUE_JSON_OBJECT)
		return write_scalar(run, value, out);
	result = template_enter(run);
	if (result)
		return result;
	result = write_inside(run, value, out);
	template_leave(run);
	return result;
}
