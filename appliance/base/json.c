/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree: values, reading, building. json_print.c writes it, json_parse.c reads it from text. */
#include "appliance/base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/json_tree.h"

/* Names are short: most need no memory of their own. */
#define SHORT_NAME_BYTES 24

/* One piece of memory a value: a text or number lies behind it. */
struct json {
	enum json_type type;
	bool truth;
	uint32_t line, column;
	struct arena *fixed; /* of a fixed tree: all its memory; NULL: a value's is its own */
	struct json *parent;
	char *name; /* in the parent, if that is an object; NUL-terminated: `short_name`, or on the heap */
	size_t name_bytes;
	union {
		struct {
			char *at; /* of a text or number, NUL-terminated: `bytes` */
			size_t count;
		} text;
		struct {
			struct json **items;
			size_t count, room;
		} children;
	};
	char short_name[SHORT_NAME_BYTES];
	char bytes[];
};

static bool is_container(const struct json *value)
{
	return value && (value->type == JSON_ARRAY || value->type == JSON_OBJECT);
}

/* Building never fails: see the header. */
static void *must_have(void *memory)
{
	ASSERT(memory && "out of memory");
	return memory;
}

static struct json *value_sized(struct arena *fixed, enum json_type type, size_t bytes)
{
	struct json *value;

	bytes += sizeof *value;
	value = must_have(fixed ? arena_alloc(fixed, bytes) : malloc(bytes));
	memset(value, 0, offsetof(struct json, short_name));
	value->type = type;
	value->fixed = fixed;
	return value;
}

static struct json *value_new(enum json_type type)
{
	return value_sized(NULL, type, 0);
}

static void free_name(struct json *value)
{
	if (value->name != value->short_name && !value->fixed)
		free(value->name);
}

/* `name` may be part of the child's own. */
static void rename_to(struct json *child, struct view name)
{
	char *copy = child->short_name;

	if (name.count >= SHORT_NAME_BYTES)
		copy = must_have(child->fixed ? arena_alloc(child->fixed, name.count + 1) : malloc(name.count + 1));
	if (name.count)
		memmove(copy, name.at, name.count);
	copy[name.count] = '\0';
	if (copy != child->name)
		free_name(child);
	child->name = copy;
	child->name_bytes = name.count;
}

void json_free(struct json *value)
{
	if (!value)
		return;
	ASSERT(!value->parent);
	if (value->fixed) {
		json_tree_end(value->fixed);
		return;
	}
	if (is_container(value)) {
		for (size_t i = 0; i < value->children.count; i++) {
			value->children.items[i]->parent = NULL;
			json_free(value->children.items[i]);
		}
		free(value->children.items);
	}
	free_name(value);
	free(value);
}

void json_free_pointer(struct json **value)
{
	json_free(*value);
}

/* --- Reading ------------------------------------------------------------------------------------------------------- */

enum json_type json_type(const struct json *value)
{
	return value ? value->type : JSON_NULL;
}

bool json_is_null(const struct json *value)
{
	return json_type(value) == JSON_NULL;
}

bool json_is_bool(const struct json *value)
{
	return json_type(value) == JSON_BOOL;
}

bool json_is_number(const struct json *value)
{
	return json_type(value) == JSON_NUMBER;
}

bool json_is_text(const struct json *value)
{
	return json_type(value) == JSON_TEXT;
}

bool json_is_array(const struct json *value)
{
	return json_type(value) == JSON_ARRAY;
}

bool json_is_object(const struct json *value)
{
	return json_type(value) == JSON_OBJECT;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = { "null", "boolean", "number", "string", "array", "object" };

	return names[type];
}

struct view json_text(const struct json *value)
{
	return json_is_text(value) ? view_from(value->text.at, value->text.count) : view_from(NULL, 0);
}

const char *json_c_string(const struct json *value)
{
	return json_is_text(value) && strlen(value->text.at) == value->text.count ? value->text.at : NULL;
}

struct view json_number_text(const struct json *value)
{
	return json_is_number(value) ? view_from(value->text.at, value->text.count) : view_from(NULL, 0);
}

/* Take the exponent off the end of a number's text; far exponents are clamped, which changes no verdict. */
static int64_t take_exponent(struct view *number)
{
	size_t place = view_find_byte(*number, 'e');
	int64_t exponent = 0;
	struct view text;
	bool negative;

	if (place == VIEW_NOWHERE)
		place = view_find_byte(*number, 'E');
	if (place == VIEW_NOWHERE)
		return 0;
	text = view_after(*number, place + 1);
	*number = view_part(*number, 0, place);
	negative = text.at[0] == '-';
	for (size_t i = text.at[0] == '-' || text.at[0] == '+'; i < text.count && exponent < 100000000; i++)
		exponent = exponent * 10 + (text.at[i] - '0');
	return negative ? -exponent : exponent;
}

int json_integer(const struct json *value, int64_t min, int64_t max, int64_t *ret)
{
	struct view digits = json_number_text(value);
	int64_t exponent, zeros = 0; /* zeros: seen but not yet counted in, so that trailing ones cost nothing */
	uint64_t number = 0;
	bool negative, behind_point = false, started = false;

	if (!json_is_number(value))
		return -EINVAL;
	exponent = take_exponent(&digits);
	negative = digits.at[0] == '-';
	for (size_t i = negative; i < digits.count; i++) {
		if (digits.at[i] == '.') {
			behind_point = true;
			continue;
		}
		exponent -= behind_point;
		if (digits.at[i] == '0') {
			zeros += started;
			continue;
		}
		started = true;
		for (; zeros > 0; zeros--) {
			if (__builtin_mul_overflow(number, 10, &number))
				return exponent < 0 && behind_point ? -EINVAL : -ERANGE;
		}
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, (uint64_t)(digits.at[i] - '0'), &number))
			return -ERANGE;
	}
	for (exponent += zeros; number && exponent > 0; exponent--) {
		if (__builtin_mul_overflow(number, 10, &number))
			return -ERANGE;
	}
	if (number && exponent < 0)
		return -EINVAL;
	if (number > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - number) : (int64_t)number;
	return *ret < min || *ret > max ? -ERANGE : 0;
}

int json_double(const struct json *value, double *ret)
{
	if (!json_is_number(value))
		return -EINVAL;
	*ret = strtod(value->text.at, NULL);
	return 0;
}

bool json_bool(const struct json *value, bool otherwise)
{
	return json_is_bool(value) ? value->truth : otherwise;
}

size_t json_count(const struct json *container)
{
	return is_container(container) ? container->children.count : 0;
}

struct json *json_at(const struct json *container, size_t index)
{
	return index < json_count(container) ? container->children.items[index] : NULL;
}

struct view json_name(const struct json *member)
{
	return member && member->name ? view_from(member->name, member->name_bytes) : view_from(NULL, 0);
}

struct json *json_parent(const struct json *value)
{
	return value ? value->parent : NULL;
}

/* Index of a member, or the count. */
static size_t index_of(const struct json *object, struct view name)
{
	size_t i = 0;

	while (i < object->children.count && !view_equals(json_name(object->children.items[i]), name))
		i++;
	return i;
}

struct json *json_find_view(const struct json *object, struct view name)
{
	return json_is_object(object) ? json_at(object, index_of(object, name)) : NULL;
}

struct json *json_find(const struct json *object, const char *name)
{
	return json_find_view(object, view_from_text(name));
}

struct view json_find_text(const struct json *object, const char *name)
{
	return json_text(json_find(object, name));
}

const char *json_find_c_string(const struct json *object, const char *name)
{
	return json_c_string(json_find(object, name));
}

bool json_find_bool(const struct json *object, const char *name, bool otherwise)
{
	return json_bool(json_find(object, name), otherwise);
}

int64_t json_find_integer(const struct json *object, const char *name, int64_t otherwise)
{
	int64_t number;

	return json_integer(json_find(object, name), INT64_MIN, INT64_MAX, &number) ? otherwise : number;
}

bool json_has_text(const struct json *array, struct view text)
{
	JSON_EACH(item, array)
	if (json_is_text(item) && view_equals(json_text(item), text))
		return true;
	return false;
}

struct json *json_find_path(const struct json *value, ...)
{
	struct json *found = NULL;
	const char *name;
	va_list names;

	va_start(names, value);
	while ((name = va_arg(names, const char *)) != NULL)
		value = found = json_find(value, name);
	va_end(names);
	return found;
}

uint32_t json_line(const struct json *value)
{
	return value ? value->line : 0;
}

uint32_t json_column(const struct json *value)
{
	return value ? value->column : 0;
}

void json_place_set(struct json *value, uint32_t line, uint32_t column)
{
	value->line = line;
	value->column = column;
}

bool json_equals(const struct json *a, const struct json *b)
{
	if (json_type(a) != json_type(b))
		return false;
	switch (json_type(a)) {
	case JSON_NULL:
		return true;
	case JSON_BOOL:
		return a->truth == b->truth;
	case JSON_NUMBER:
	case JSON_TEXT:
		return a->text.count == b->text.count && memcmp(a->text.at, b->text.at, a->text.count) == 0;
	default:
		break;
	}
	if (json_count(a) != json_count(b))
		return false;
	for (size_t i = 0; i < json_count(a); i++) {
		const struct json *item = json_at(a, i);
		const struct json *other = json_is_array(a) ? json_at(b, i) : json_find_view(b, json_name(item));

		if (!other || !json_equals(item, other))
			return false;
	}
	return true;
}

/* --- Building ------------------------------------------------------------------------------------------------------ */

struct json *json_object_new(void)
{
	return value_new(JSON_OBJECT);
}

struct json *json_array_new(void)
{
	return value_new(JSON_ARRAY);
}

struct json *json_null_new(void)
{
	return value_new(JSON_NULL);
}

static struct json *new_with_text(struct arena *fixed, enum json_type type, struct view text)
{
	struct json *value = value_sized(fixed, type, text.count + 1);

	value->text.at = value->bytes;
	value->text.count = text.count;
	if (text.count)
		memcpy(value->bytes, text.at, text.count);
	value->bytes[text.count] = '\0';
	return value;
}

static struct json *with_text(enum json_type type, struct view text)
{
	return new_with_text(NULL, type, text);
}

struct json *json_text_new(struct view text)
{
	return with_text(JSON_TEXT, text);
}

struct json *json_text_new_c(const char *text)
{
	return with_text(JSON_TEXT, view_from_text(text));
}

struct json *json_text_new_printf(const char *format, ...)
{
	struct json *value;
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	ASSERT(count >= 0);
	value = value_sized(NULL, JSON_TEXT, (size_t)count + 1);
	va_start(arguments, format);
	(void)vsnprintf(value->bytes, (size_t)count + 1, format, arguments);
	va_end(arguments);
	value->text.at = value->bytes;
	value->text.count = (size_t)count;
	return value;
}

struct json *json_integer_new(int64_t number)
{
	char text[24];
	int count = snprintf(text, sizeof text, "%lld", (long long)number);

	return with_text(JSON_NUMBER, view_from(text, (size_t)count));
}

struct json *json_number_new(struct view number_text)
{
	return with_text(JSON_NUMBER, number_text);
}

struct json *json_bool_new(bool truth)
{
	struct json *value = value_new(JSON_BOOL);

	value->truth = truth;
	return value;
}

struct json *json_copy(const struct json *value)
{
	struct json *copy;

	if (!value)
		return json_null_new();
	if (!is_container(value)) {
		copy = value->text.at ? with_text(value->type, view_from(value->text.at, value->text.count))
				      : value_new(value->type);
		copy->truth = value->truth;
	} else {
		copy = value_new(value->type);
		for (size_t i = 0; i < value->children.count; i++) {
			struct json *child = json_copy(value->children.items[i]);

			if (value->type == JSON_OBJECT)
				rename_to(child, json_name(value->children.items[i]));
			json_append(copy, child);
		}
	}
	copy->line = value->line;
	copy->column = value->column;
	return copy;
}

static void make_room(struct json *container)
{
	size_t room = container->children.room ? 2 * container->children.room : 4;
	struct json **items;

	if (container->fixed) {
		items = must_have(arena_alloc_array(container->fixed, room, sizeof *items));
		if (container->children.count)
			memcpy(items, container->children.items, container->children.count * sizeof *items);
	} else {
		items = must_have(reallocarray(container->children.items, room, sizeof *items));
	}
	container->children.items = items;
	container->children.room = room;
}

/* Put a parentless child at `index`, its name already right. */
static void place_child(struct json *container, size_t index, struct json *child)
{
	ASSERT(child && !child->parent && child != container);
	if (container->children.count == container->children.room)
		make_room(container);
	if (index > container->children.count)
		index = container->children.count;
	memmove(container->children.items + index + 1, container->children.items + index,
		(container->children.count - index) * sizeof *container->children.items);
	container->children.items[index] = child;
	container->children.count++;
	child->parent = container;
}

/* --- Fixed trees ---------------------------------------------------------------------------------------------------- */

struct arena *json_tree_begin(void)
{
	struct arena arena, *fixed;

	arena_init(&arena, NULL, SIZE_MAX);
	fixed = arena_alloc(&arena, sizeof *fixed);
	if (fixed)
		*fixed = arena;
	return fixed;
}

void json_tree_end(struct arena *fixed)
{
	struct arena arena = *fixed; /* which lies in its own memory */

	arena_fini(&arena);
}

struct json *json_tree_value(struct arena *fixed, enum json_type type, struct view text, bool truth)
{
	struct json *value;

	if (type == JSON_TEXT || type == JSON_NUMBER)
		return new_with_text(fixed, type, text);
	value = value_sized(fixed, type, 0);
	value->truth = truth;
	return value;
}

void json_tree_add(struct json *container, struct view name, struct json *child)
{
	ASSERT(container->fixed == child->fixed);
	if (container->type == JSON_OBJECT)
		rename_to(child, name);
	place_child(container, SIZE_MAX, child);
}

/* --- Changing ------------------------------------------------------------------------------------------------------- */

void json_set_view(struct json *object, struct view name, struct json *child)
{
	size_t index;

	ASSERT(json_is_object(object) && !object->fixed && !(child && child->fixed));
	index = index_of(object, name);
	if (child)
		rename_to(child, name); /* before the old member goes: `name` may be part of it */
	if (index < object->children.count)
		json_remove_at(object, index);
	if (child)
		place_child(object, index, child);
}

void json_add_unchecked(struct json *object, struct view name, struct json *child)
{
	ASSERT(json_is_object(object) && !object->fixed && !child->fixed);
	rename_to(child, name);
	place_child(object, SIZE_MAX, child);
}

void json_set(struct json *object, const char *name, struct json *child)
{
	json_set_view(object, view_from_text(name), child);
}

void json_set_text(struct json *object, const char *name, struct view text)
{
	json_set(object, name, json_text_new(text));
}

void json_set_c_string(struct json *object, const char *name, const char *text)
{
	if (text)
		json_set(object, name, json_text_new_c(text));
}

void json_set_integer(struct json *object, const char *name, int64_t number)
{
	json_set(object, name, json_integer_new(number));
}

void json_set_bool(struct json *object, const char *name, bool truth)
{
	json_set(object, name, json_bool_new(truth));
}

static struct json *ensure(struct json *object, const char *name, enum json_type type)
{
	struct json *found = json_find(object, name);

	if (json_type(found) != type) {
		found = value_new(type);
		json_set(object, name, found);
	}
	return found;
}

struct json *json_ensure_object(struct json *object, const char *name)
{
	return ensure(object, name, JSON_OBJECT);
}

struct json *json_ensure_array(struct json *object, const char *name)
{
	return ensure(object, name, JSON_ARRAY);
}

void json_append(struct json *array, struct json *child)
{
	ASSERT(is_container(array) && !array->fixed && (array->type == JSON_ARRAY || child->name));
	place_child(array, SIZE_MAX, child);
}

void json_append_text(struct json *array, struct view text)
{
	json_append(array, json_text_new(text));
}

void json_insert(struct json *array, size_t index, struct json *child)
{
	ASSERT(json_is_array(array) && !array->fixed);
	place_child(array, index, child);
}

struct json *json_take_at(struct json *container, size_t index)
{
	struct json *child = json_at(container, index);

	if (!child)
		return NULL;
	ASSERT(!container->fixed);
	memmove(container->children.items + index, container->children.items + index + 1,
		(container->children.count - index - 1) * sizeof *container->children.items);
	container->children.count--;
	child->parent = NULL;
	return child;
}

struct json *json_take(struct json *object, const char *name)
{
	return json_is_object(object) ? json_take_at(object, index_of(object, view_from_text(name))) : NULL;
}

bool json_remove_at(struct json *container, size_t index)
{
	struct json *child = json_take_at(container, index);

	json_free(child);
	return child != NULL;
}

bool json_remove_view(struct json *object, struct view name)
{
	return json_is_object(object) && json_remove_at(object, index_of(object, name));
}

bool json_remove(struct json *object, const char *name)
{
	return json_remove_view(object, view_from_text(name));
}

static int compare_items(const void *left, const void *right, void *compare)
{
	return (*(json_compare **)compare)(*(struct json *const *)left, *(struct json *const *)right);
}

void json_sort(struct json *container, json_compare *compare)
{
	if (json_count(container) > 1)
		qsort_r(container->children.items, container->children.count, sizeof *container->children.items,
			compare_items, &compare);
}

void json_merge(struct json *object, const struct json *from)
{
	JSON_EACH(member, from)
	json_set_view(object, json_name(member), json_copy(member));
}
