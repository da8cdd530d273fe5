/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What values print as: Java's toString(), but for JSON arrays, which print as JSON. */
#include "appliance/base/json_value.h"
#include "appliance/mapping/java_number.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/value.h"

/* Room for the text of a value at first; longer ones move. */
#define TEXT_ROOM 256

static void print_integer(int64_t number, struct buffer *out)
{
	if (number < 0)
		buffer_append_byte(out, '-');
	buffer_append_u64(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* A member of a container: null has a name there. */
static int print_member(struct template_run *run, struct value value, struct buffer *out)
{
	if (value_is_null(value)) {
		buffer_append_text(out, "null");
		return 0;
	}
	return value_print(run, value, out);
}

static int print_list(struct template_run *run, struct value_list *list, struct buffer *out)
{
	int result = 0;

	if (list->flavor == VALUE_LIST_JSON)
		return value_write_json(run, value_list(list), out);
	if (list->printing) {
		buffer_append_text(out, "(this Collection)");
		return 0;
	}
	list->printing = true;
	buffer_append_byte(out, '[');
	for (size_t i = 0; !result && i < list->count; i++) {
		if (i)
			buffer_append_text(out, ", ");
		result = print_member(run, list->items[i], out);
	}
	buffer_append_byte(out, ']');
	list->printing = false;
	return result;
}

static int print_map(struct template_run *run, struct value_map *map, struct buffer *out)
{
	int result = 0;

	if (map->silent)
		return 0;
	if (map->printing) {
		buffer_append_text(out, "(this Map)");
		return 0;
	}
	map->printing = true;
	buffer_append_byte(out, '{');
	for (size_t i = 0; !result && i < map->count; i++) {
		if (i)
			buffer_append_text(out, ", ");
		result = print_member(run, map->entries[i].key, out);
		buffer_append_byte(out, '=');
		if (!result)
			result = print_member(run, map->entries[i].value, out);
	}
	buffer_append_byte(out, '}');
	map->printing = false;
	return result;
}

static int print_json_object(struct template_run *run, const struct json_value *json, struct buffer *out)
{
	int result = 0;

	buffer_append_byte(out, '{');
	for (size_t i = 0; !result && i < json_value_count(json); i++) {
		if (i)
			buffer_append_text(out, ", ");
		buffer_append(out, json_value_name_at(json, i));
		buffer_append_byte(out, '=');
		result = print_member(run, value_of_json(json_value_at(json, i)), out);
	}
	buffer_append_byte(out, '}');
	return result;
}

static int print_object(struct template_run *run, struct value_object *object, struct buffer *out)
{
	return object->class->print ? object->class->print(run, object, out) : 0;
}

static int print_inside(struct template_run *run, struct value value, struct buffer *out)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_LIST:
		return print_list(run, value.list, out);
	case VALUE_MAP:
		return print_map(run, value.map, out);
	case VALUE_JSON_ARRAY:
		return value_write_json(run, value, out);
	case VALUE_JSON_OBJECT:
		return print_json_object(run, value.json, out);
	default:
		return print_object(run, value.object, out);
	}
}

int value_print(struct template_run *run, struct value value, struct buffer *out)
{
	int result = template_work(run, 1);

	if (result)
		return result;
	value = value_current(run, value);
	switch ((enum value_kind)value.kind) {
	case VALUE_NULL:
		return 0;
	case VALUE_BOOLEAN:
		buffer_append_text(out, value.boolean ? "true" : "false");
		return 0;
	case VALUE_INTEGER:
	case VALUE_LONG:
		print_integer(value.integer, out);
		return 0;
	case VALUE_BIG:
	case VALUE_TEXT:
		buffer_append(out, value_view(value));
		return 0;
	case VALUE_DOUBLE:
		java_number_write(out, java_number_of_double(value.number));
		return 0;
	default:
		break;
	}
	result = template_enter(run);
	if (result)
		return result;
	result = print_inside(run, value, out);
	template_leave(run);
	return result;
}

int value_to_text(struct template_run *run, struct value value, bool named_null, struct view *ret)
{
	struct buffer text;
	int result;

	value = value_current(run, value);
	switch ((enum value_kind)value.kind) {
	case VALUE_NULL:
		*ret = named_null ? view_of("null") : view_of("");
		return 0;
	case VALUE_BOOLEAN:
		*ret = value.boolean ? view_of("true") : view_of("false");
		return 0;
	case VALUE_TEXT:
	case VALUE_BIG:
		*ret = value_view(value);
		return 0;
	default:
		break;
	}
	buffer_init_arena(&text, run->arena, VALUE_TEXT_MAX_BYTES);
	if (value.kind > VALUE_DOUBLE)
		(void)buffer_reserve(&text, TEXT_ROOM);
	result = value_print(run, value, &text);
	if (result)
		return result;
	if (buffer_error(&text))
		return template_no_memory(run);
	*ret = text.count ? buffer_view(&text) : view_of("");
	return 0;
}
