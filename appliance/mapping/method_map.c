/* SPDX-License-Identifier: GPL-3.0-or-later */
/* java.util.Map and its entries. */
#include "appliance/base/json_value.h"
#include "appliance/mapping/method_parts.h"

static size_t count_of(struct value self)
{
	return self.kind == VALUE_JSON_OBJECT ? json_value_count(self.json) : self.map->count;
}

static struct value key_at(struct value self, size_t at)
{
	return self.kind == VALUE_JSON_OBJECT ? value_text(json_value_name_at(self.json, at))
					      : self.map->entries[at].key;
}

static struct value value_at(struct value self, size_t at)
{
	return self.kind == VALUE_JSON_OBJECT ? value_of_json(json_value_at(self.json, at))
					      : self.map->entries[at].value;
}

/* Is the key there? Its value. */
static bool find(struct value self, struct value key, struct value *ret)
{
	const struct value *found;

	if (self.kind == VALUE_JSON_OBJECT) {
		const struct json_value *json =
			key.kind == VALUE_TEXT ? json_value_find(self.json, value_view(key)) : NULL;

		*ret = value_of_json(json);
		return json != NULL;
	}
	found = value_map_find(self.map, key);
	*ret = found ? *found : value_null();
	return found != NULL;
}

int method_map_size(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_integer((int64_t)count_of(self));
	return 0;
}

int method_map_is_empty(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_boolean(count_of(self) == 0);
	return 0;
}

int method_map_get(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)find(self, call->arguments[0], ret);
	return template_work(run, 1 + (self.kind == VALUE_JSON_OBJECT ? count_of(self) / 16 : 0));
}

int method_map_get_or_default(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	if (!find(self, call->arguments[0], ret))
		*ret = call->arguments[1];
	return template_work(run, 1 + (self.kind == VALUE_JSON_OBJECT ? count_of(self) / 16 : 0));
}

int method_map_contains_key(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value value;

	*ret = value_boolean(find(self, call->arguments[0], &value));
	return template_work(run, 1 + (self.kind == VALUE_JSON_OBJECT ? count_of(self) / 16 : 0));
}

int method_map_contains_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	*ret = value_boolean(false);
	for (size_t i = 0; i < count_of(self); i++) {
		int result = template_work(run, 1);

		if (result)
			return result;
		if (value_equals(run, value_at(self, i), call->arguments[0]))
			*ret = value_boolean(true);
	}
	return 0;
}

/* --- Changing ------------------------------------------------------------------------------------------------------- */

int method_map_put(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int result = value_change(run, &self);

	return result ? result : value_map_put(run, self.map, call->arguments[0], call->arguments[1], ret);
}

int method_map_put_if_absent(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	if (find(self, call->arguments[0], ret) && !value_is_null(*ret))
		return 0;
	return method_map_put(run, self, call, ret);
}

int method_map_replace(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value old;
	bool there = find(self, call->arguments[0], &old);
	int result;

	if (call->count == 3) {
		there = there && value_equals(run, old, call->arguments[1]);
		*ret = value_boolean(there);
	}
	if (!there)
		return 0;
	result = value_change(run, &self);
	if (result == 0)
		result = value_map_put(run, self.map, call->arguments[0], call->arguments[call->count - 1],
			call->count == 2 ? ret : NULL);
	return result;
}

int method_map_put_all(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value other = value_current(run, call->arguments[0]);
	size_t count;
	int result;

	if (other.kind == VALUE_OBJECT && other.object->class->expand) {
		result = other.object->class->expand(run, other.object, &other);
		if (result)
			return result;
	}
	if (other.kind != VALUE_MAP && other.kind != VALUE_JSON_OBJECT)
		return 0;
	*ret = method_void();
	count = count_of(other);
	result = template_work(run, count);
	if (result == 0)
		result = value_change(run, &self);
	for (size_t i = 0; i < count && result == 0; i++)
		result = value_map_put(run, self.map, key_at(other, i), value_at(other, i), NULL);
	return result;
}

int method_map_remove(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int result = value_change(run, &self);

	if (result == 0)
		(void)value_map_remove(self.map, call->arguments[0], ret);
	return result ? result : template_work(run, self.map->count / 2); /* all behind it moved */
}

int method_map_clear(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int result = value_change(run, &self);

	(void)call;
	*ret = method_void();
	if (result == 0)
		value_map_clear(self.map);
	return result ? result : template_work(run, self.map->index_room / 64);
}

/* --- Views ---------------------------------------------------------------------------------------------------------- */

/* An entry shows what its map has for the key now. */
struct entry {
	struct value_object object;
	struct value key, value; /* as it was at last */
	struct value map;        /* null: an entry of its own */
};

static struct value entry_value(struct template_run *run, struct entry *entry)
{
	struct value now;

	if (!value_is_null(entry->map) && find(value_current(run, entry->map), entry->key, &now))
		entry->value = now;
	return entry->value;
}

static int entry_set(struct template_run *run, struct entry *entry, struct value value, struct value *ret)
{
	int result;

	*ret = entry_value(run, entry);
	entry->value = value;
	if (value_is_null(entry->map))
		return 0;
	result = value_change(run, &entry->map);
	return result ? result : value_map_put(run, entry->map.map, entry->key, value, NULL);
}

static int entry_property(struct template_run *run, struct value_object *self, struct view name, struct value *ret)
{
	struct entry *entry = (struct entry *)self;

	if (view_equals(name, view_of("key")))
		*ret = entry->key;
	else if (view_equals(name, view_of("value")))
		*ret = entry_value(run, entry);
	return 0;
}

static int entry_print(struct template_run *run, struct value_object *self, struct buffer *out)
{
	struct entry *entry = (struct entry *)self;
	struct view key, value;
	int result = value_to_text(run, entry->key, true, &key);

	if (result == 0)
		result = value_to_text(run, entry_value(run, entry), true, &value);
	if (result)
		return result;
	buffer_append(out, key);
	buffer_append_byte(out, '=');
	buffer_append(out, value);
	return 0;
}

static int entry_call(
	struct template_run *run, struct value_object *self, const struct value_call *call, struct value *ret)
{
	struct entry *entry = (struct entry *)self;

	if (call->method == METHOD_SET_VALUE && call->count == 1)
		return entry_set(run, entry, call->arguments[0], ret);
	if (call->count)
		return 0;
	if (call->method == METHOD_GET_KEY)
		*ret = entry->key;
	else if (call->method == METHOD_GET_VALUE)
		*ret = entry_value(run, entry);
	else if (call->method == METHOD_TO_STRING)
		return method_any_to_string(run, value_object(self), call, ret);
	return 0;
}

static const struct value_class entry_class = {
	.name = "entry",
	.property = entry_property,
	.call = entry_call,
	.print = entry_print,
};

int method_entry_new(struct template_run *run, struct value key, struct value value, struct value *ret)
{
	struct entry *entry = ARENA_NEW(run->arena, struct entry);

	if (!entry)
		return template_no_memory(run);
	entry->object.class = &entry_class;
	entry->key = key;
	entry->value = value;
	*ret = value_object(&entry->object);
	return 0;
}

static int keep_key(struct template_run *run, struct value self, size_t at, struct value *ret)
{
	(void)run;
	*ret = key_at(self, at);
	return 0;
}

static int keep_value(struct template_run *run, struct value self, size_t at, struct value *ret)
{
	(void)run;
	*ret = value_at(self, at);
	return 0;
}

static int keep_entry(struct template_run *run, struct value self, size_t at, struct value *ret)
{
	int result = method_entry_new(run, key_at(self, at), value_at(self, at), ret);

	if (result == 0)
		((struct entry *)ret->object)->map = self;
	return result;
}

static int collect(struct template_run *run, struct value self, enum value_list_flavor flavor,
	int (*keep)(struct template_run *run, struct value self, size_t at, struct value *ret), struct value *ret)
{
	struct value_list *list;
	int result = template_work(run, count_of(self));

	if (result == 0)
		result = value_list_new(run, flavor, count_of(self), &list);
	for (size_t i = 0; i < count_of(self) && result == 0; i++) {
		struct value item;

		result = keep(run, self, i, &item);
		if (result == 0)
			result = value_list_add(run, list, item);
	}
	if (result == 0)
		*ret = value_list(list);
	return result;
}

int method_map_key_set(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	return collect(run, self, VALUE_LIST_SET, keep_key, ret);
}

int method_map_values(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	return collect(run, self, VALUE_LIST_BAG, keep_value, ret);
}

int method_map_entry_set(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	return collect(run, self, VALUE_LIST_SET, keep_entry, ret);
}
