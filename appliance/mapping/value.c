/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/value.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/base/table.h"
#include "appliance/mapping/java_number.h"
#include "appliance/mapping/template.h"

/* Containers hold at most so much; the arena's limit is met long before. */
#define ITEMS_MAX ((size_t)1 << 24)

/* Maps up to this size are searched one entry after the other. */
#define MAP_SEARCHED_MAX 8

/* --- Lists ---------------------------------------------------------------------------------------------------------- */

int value_list_new(struct template_run *run, enum value_list_flavor flavor, size_t room, struct value_list **ret)
{
	struct value_list *list = ARENA_NEW(run->arena, struct value_list);

	if (!list || room > ITEMS_MAX)
		return template_no_memory(run);
	if (room) {
		list->items = arena_alloc(run->arena, room * sizeof(struct value));
		if (!list->items)
			return template_no_memory(run);
	}
	list->room = (uint32_t)room;
	list->flavor = (uint8_t)flavor;
	*ret = list;
	return 0;
}

static bool list_grow(struct arena *arena, struct value_list *list)
{
	size_t room = list->room ? (size_t)list->room * 2 : 8;
	struct value *items;

	if (room > ITEMS_MAX)
		return false;
	if (list->room && arena_try_extend(arena, list->items, list->room * sizeof *items, room * sizeof *items)) {
		list->room = (uint32_t)room;
		return true;
	}
	items = arena_alloc(arena, room * sizeof *items);
	if (!items)
		return false;
	if (list->count)
		memcpy(items, list->items, list->count * sizeof *items);
	list->items = items;
	list->room = (uint32_t)room;
	return true;
}

int value_list_add(struct template_run *run, struct value_list *list, struct value item)
{
	if (list->count == list->room && !list_grow(run->arena, list))
		return template_no_memory(run);
	list->items[list->count++] = item;
	return 0;
}

int value_list_insert(struct template_run *run, struct value_list *list, size_t at, struct value item)
{
	int result = value_list_add(run, list, item);

	if (result)
		return result;
	memmove(list->items + at + 1, list->items + at, (list->count - 1 - at) * sizeof item);
	list->items[at] = item;
	return template_work(run, list->count / 16);
}

void value_list_remove(struct value_list *list, size_t at)
{
	list->count--;
	memmove(list->items + at, list->items + at + 1, (list->count - at) * sizeof *list->items);
}

/* --- Maps ----------------------------------------------------------------------------------------------------------- */

/* Keys: texts by their bytes, numbers by kind and value; containers and objects as keys are what they are, not what they hold. */
static bool same_key(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return false;
	switch ((enum value_kind)a.kind) {
	case VALUE_NULL:
		return true;
	case VALUE_TEXT:
	case VALUE_BIG:
		return view_equals(value_view(a), value_view(b));
	case VALUE_BOOLEAN:
		return a.boolean == b.boolean;
	case VALUE_INTEGER:
	case VALUE_LONG:
		return a.integer == b.integer;
	case VALUE_DOUBLE:
		return memcmp(&a.number, &b.number, sizeof a.number) == 0;
	default:
		return a.object == b.object;
	}
}

static uint64_t key_hash(struct value key)
{
	if (key.kind == VALUE_TEXT || key.kind == VALUE_BIG)
		return table_hash(value_view(key));
	return key.kind == VALUE_NULL      ? 0
	       : key.kind == VALUE_BOOLEAN ? 1 + (uint64_t)key.boolean
					   : table_hash(view_from(&key.integer, sizeof key.integer));
}

/* Where in the index the key is or would be. The index has free places. */
static size_t index_place(const struct value_map *map, struct value key)
{
	size_t mask = map->index_room - 1, at = (size_t)key_hash(key) & mask;

	while (map->index[at] && !same_key(map->entries[map->index[at] - 1].key, key))
		at = (at + 1) & mask;
	return at;
}

static struct value_entry *map_find(const struct value_map *map, struct value key)
{
	if (map->index) {
		uint32_t position = map->index[index_place(map, key)];

		return position ? &map->entries[position - 1] : NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (same_key(map->entries[i].key, key))
			return &map->entries[i];
	}
	return NULL;
}

static void index_fill(struct value_map *map)
{
	memset(map->index, 0, map->index_room * sizeof *map->index);
	for (uint32_t i = 0; i < map->count; i++)
		map->index[index_place(map, map->entries[i].key)] = i + 1;
}

/* Take the entry at `position` out of the index, and count those behind it one less. The entries have not moved yet. */
static void index_remove(struct value_map *map, size_t position)
{
	size_t mask = map->index_room - 1, hole = index_place(map, map->entries[position].key);

	for (size_t at = (hole + 1) & mask; map->index[at]; at = (at + 1) & mask) {
		size_t home = (size_t)key_hash(map->entries[map->index[at] - 1].key) & mask;

		if (((at - home) & mask) < ((at - hole) & mask))
			continue; /* it is found without going over the hole */
		map->index[hole] = map->index[at];
		hole = at;
	}
	map->index[hole] = 0;
	for (size_t at = 0; at < map->index_room; at++)
		map->index[at] -= map->index[at] > position;
}

static bool map_grow(struct arena *arena, struct value_map *map)
{
	size_t room = map->room ? (size_t)map->room * 2 : 4;
	struct value_entry *entries;

	if (room > ITEMS_MAX)
		return false;
	entries = arena_alloc(arena, room * sizeof *entries);
	if (!entries)
		return false;
	if (map->count)
		memcpy(entries, map->entries, map->count * sizeof *entries);
	map->entries = entries;
	map->room = (uint32_t)room;
	if (room > MAP_SEARCHED_MAX) {
		map->index = arena_alloc(arena, room * 2 * sizeof *map->index);
		if (!map->index)
			return false;
		map->index_room = (uint32_t)room * 2;
		index_fill(map);
	}
	return true;
}

int value_map_new(struct template_run *run, size_t room, struct value_map **ret)
{
	struct value_map *map = ARENA_NEW(run->arena, struct value_map);

	if (!map || room > ITEMS_MAX)
		return template_no_memory(run);
	if (room && room <= MAP_SEARCHED_MAX) {
		map->entries = arena_alloc(run->arena, room * sizeof *map->entries);
		if (!map->entries)
			return template_no_memory(run);
		map->room = (uint32_t)room;
	}
	*ret = map;
	return 0;
}

struct value *value_map_find(const struct value_map *map, struct value key)
{
	struct value_entry *entry = map_find(map, key);

	return entry ? &entry->value : NULL;
}

struct value *value_map_find_text(const struct value_map *map, struct view key)
{
	return value_map_find(map, value_text(key));
}

static int map_put(
	struct arena *arena, struct value_map *map, struct value key, struct value value, struct value *ret_previous)
{
	struct value_entry *entry = map_find(map, key);

	if (ret_previous)
		*ret_previous = entry ? entry->value : value_null();
	if (entry) {
		entry->value = value;
		map->repeated = true;
		return 0;
	}
	if (map->count == map->room && !map_grow(arena, map))
		return -ENOMEM;
	map->entries[map->count] = (struct value_entry){ .key = key, .value = value };
	if (map->index)
		map->index[index_place(map, key)] = map->count + 1;
	map->count++;
	return 0;
}

int value_map_put(struct template_run *run, struct value_map *map, struct value key, struct value value,
	struct value *ret_previous)
{
	if (map_put(run->arena, map, key, value, ret_previous))
		return template_no_memory(run);
	return template_work(run, key.kind == VALUE_TEXT ? key.count / 64 : 0);
}

int value_map_put_in(struct arena *arena, struct value_map *map, struct value key, struct value value)
{
	return map_put(arena, map, key, value, NULL);
}

bool value_map_remove(struct value_map *map, struct value key, struct value *ret_previous)
{
	struct value_entry *entry = map_find(map, key);

	if (ret_previous)
		*ret_previous = entry ? entry->value : value_null();
	if (!entry)
		return false;
	if (map->index)
		index_remove(map, (size_t)(entry - map->entries));
	map->count--;
	memmove(entry, entry + 1, (size_t)(map->entries + map->count - entry) * sizeof *entry);
	return true;
}

void value_map_clear(struct value_map *map)
{
	map->count = 0;
	if (map->index)
		index_fill(map);
}

/* --- Equality ------------------------------------------------------------------------------------------------------- */

/* Steps that looking at a text takes: 10 MB of a payload can be compared in a loop. */
static size_t text_work(struct value value)
{
	return value.kind == VALUE_TEXT || value.kind == VALUE_BIG ? value.count / 64 : 0;
}

static bool equals_at(struct template_run *run, struct value a, struct value b, int depth);

/* Two containers as something to walk; false if they are not of one kind. */
static bool list_of(struct template_run *run, struct value value, struct value_walk *ret)
{
	bool can;

	return (value.kind == VALUE_LIST || value.kind == VALUE_JSON_ARRAY) &&
	       value_walk_start(run, value, ret, &can) == 0 && can;
}

static bool equal_lists(struct template_run *run, struct value a, struct value b, int depth)
{
	struct value_walk left, right;

	if (!list_of(run, a, &left) || !list_of(run, b, &right) || left.count != right.count)
		return false;
	for (size_t i = 0; i < left.count; i++) {
		if (!equals_at(run, value_walk_at(&left, i), value_walk_at(&right, i), depth))
			return false;
	}
	return true;
}

/* The number of members of a map or JSON object. */
static size_t member_count(struct value value)
{
	return value.kind == VALUE_MAP ? value.map->count : json_value_count(value.json);
}

static struct value member_key(struct value value, size_t at)
{
	return value.kind == VALUE_MAP ? value.map->entries[at].key : value_text(json_value_name_at(value.json, at));
}

static struct value member_value(struct value value, size_t at)
{
	return value.kind == VALUE_MAP ? value.map->entries[at].value : value_of_json(json_value_at(value.json, at));
}

static bool member_find(struct template_run *run, struct value value, struct value key, struct value *ret)
{
	const struct json_value *json;
	struct value *found;

	if (value.kind == VALUE_MAP) {
		found = value_map_find(value.map, key);
		if (found)
			*ret = *found;
		return found != NULL;
	}
	(void)template_work(run, json_value_count(value.json) / 16); /* what counts next finds out */
	json = key.kind == VALUE_TEXT ? json_value_find(value.json, value_view(key)) : NULL;
	*ret = value_of_json(json);
	return json != NULL;
}

static bool equal_maps(struct template_run *run, struct value a, struct value b, int depth)
{
	if ((b.kind != VALUE_MAP && b.kind != VALUE_JSON_OBJECT) || member_count(a) != member_count(b))
		return false;
	for (size_t i = 0; i < member_count(a); i++) {
		struct value other;

		if (!member_find(run, b, member_key(a, i), &other) || !equals_at(run, member_value(a, i), other, depth))
			return false;
	}
	return true;
}

static bool equals_at(struct template_run *run, struct value a, struct value b, int depth)
{
	if (depth == 0 || template_work(run, 1 + text_work(a)))
		return false;
	a = value_current(run, a);
	b = value_current(run, b);
	switch ((enum value_kind)a.kind) {
	case VALUE_NULL:
		return b.kind == VALUE_NULL;
	case VALUE_BOOLEAN:
		return b.kind == VALUE_BOOLEAN && a.boolean == b.boolean;
	case VALUE_INTEGER:
	case VALUE_LONG:
	case VALUE_BIG:
	case VALUE_DOUBLE:
		return value_is_number(b) && java_number_equals(java_number_of_value(a), java_number_of_value(b));
	case VALUE_TEXT:
		return b.kind == VALUE_TEXT && view_equals(value_view(a), value_view(b));
	case VALUE_LIST:
	case VALUE_JSON_ARRAY:
		return equal_lists(run, a, b, depth - 1);
	case VALUE_MAP:
	case VALUE_JSON_OBJECT:
		return equal_maps(run, a, b, depth - 1);
	case VALUE_OBJECT:
		break;
	}
	return b.kind == VALUE_OBJECT && a.object == b.object;
}

bool value_equals(struct template_run *run, struct value a, struct value b)
{
	return equals_at(run, a, b, VALUE_DEPTH_MAX);
}

/* --- Properties, indexes, assignment -------------------------------------------------------------------------------- */

/* A list or map in the place of an object; anything else is what it is now. */
static int expand(struct template_run *run, struct value value, struct value *ret)
{
	*ret = value_current(run, value);
	if (value.kind != VALUE_OBJECT)
		return 0;
	*ret = value_null();
	return value.object->class->expand ? value.object->class->expand(run, value.object, ret) : 0;
}

int value_property(struct template_run *run, struct value value, struct view name, struct value *ret)
{
	struct value *found;

	value = value_current(run, value);
	*ret = value_null();
	switch ((enum value_kind)value.kind) {
	case VALUE_JSON_OBJECT:
		*ret = value_of_json(json_value_find(value.json, name));
		return template_work(run, json_value_count(value.json) / 16);
	case VALUE_MAP:
		found = value_map_find_text(value.map, name);
		if (found)
			*ret = *found;
		return 0;
	case VALUE_OBJECT:
		return value.object->class->property ? value.object->class->property(run, value.object, name, ret) : 0;
	case VALUE_TEXT:
		if (view_equals(name, view_of("empty")))
			*ret = value_boolean(value.count == 0);
		return 0;
	case VALUE_LIST:
	case VALUE_JSON_ARRAY:
		if (view_equals(name, view_of("empty")))
			*ret = value_boolean(
				(value.kind == VALUE_LIST ? value.list->count : json_value_count(value.json)) == 0);
		return 0;
	default:
		return 0;
	}
}

/* The position that `key` means in a list of `count` items: negative ones count from the end. */
static int list_position(struct template_run *run, struct value key, size_t count, size_t *ret)
{
	int64_t at = key.integer;

	if (at < 0)
		at += (int64_t)count;
	if (at < 0 || (uint64_t)at >= count)
		return template_fail(run, "index %lld is outside of a list of %zu", (long long)key.integer, count);
	*ret = (size_t)at;
	return 0;
}

int value_index(struct template_run *run, struct value value, struct value key, struct value *ret)
{
	struct value found;
	size_t at = 0;
	int result = template_work(run, text_work(key));

	*ret = value_null();
	if (!result)
		result = expand(run, value, &value);
	if (result)
		return result;
	switch ((enum value_kind)value.kind) {
	case VALUE_MAP:
	case VALUE_JSON_OBJECT:
		if (member_find(run, value, key, &found))
			*ret = found;
		else if (value.kind == VALUE_JSON_OBJECT)
			*ret = value_missing();
		return 0;
	case VALUE_LIST:
		if (key.kind != VALUE_INTEGER || value.list->flavor > VALUE_LIST_ARRAY)
			return 0;
		result = list_position(run, key, value.list->count, &at);
		if (!result)
			*ret = value.list->items[at];
		return result;
	case VALUE_JSON_ARRAY:
		if (key.kind != VALUE_INTEGER)
			return 0;
		result = list_position(run, key, json_value_count(value.json), &at);
		if (!result)
			*ret = value_of_json(json_value_at(value.json, at));
		return result;
	default:
		return 0;
	}
}

int value_assign(struct template_run *run, struct value value, struct value key, struct value member)
{
	size_t at = 0;
	int result;

	value = value_current(run, value);
	if (value.kind == VALUE_OBJECT) {
		const struct value_class *class = value.object->class;

		return class->assign ? class->assign(run, value.object, key, member) : 0;
	}
	if (value.kind != VALUE_MAP && value.kind != VALUE_LIST && value.kind != VALUE_JSON_OBJECT &&
		value.kind != VALUE_JSON_ARRAY)
		return 0;
	result = value_change(run, &value);
	if (result)
		return result;
	if (value.kind == VALUE_MAP)
		return value_map_put(run, value.map, key, member, NULL);
	if (key.kind != VALUE_INTEGER || value.list->flavor > VALUE_LIST_ARRAY)
		return 0;
	result = list_position(run, key, value.list->count, &at);
	if (!result)
		value.list->items[at] = member;
	return result;
}

/* --- Walking -------------------------------------------------------------------------------------------------------- */

int value_walk_start(struct template_run *run, struct value value, struct value_walk *ret, bool *ret_can)
{
	int result = expand(run, value, &value);

	*ret = (struct value_walk){ 0 };
	*ret_can = true;
	if (result)
		return result;
	switch ((enum value_kind)value.kind) {
	case VALUE_LIST:
		ret->items = value.list->items;
		ret->count = value.list->count;
		return 0;
	case VALUE_MAP:
		ret->entries = value.map->entries;
		ret->count = value.map->count;
		return 0;
	case VALUE_JSON_ARRAY:
	case VALUE_JSON_OBJECT:
		ret->json = value.json;
		ret->count = json_value_count(value.json);
		return 0;
	default:
		*ret_can = false;
		return 0;
	}
}

struct value value_walk_at(const struct value_walk *walk, size_t at)
{
	return walk->json    ? value_of_json(json_value_at(walk->json, at))
	       : walk->items ? walk->items[at]
			     : walk->entries[at].value;
}
