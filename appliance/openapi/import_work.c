/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/import_work.h"

#include <stdlib.h>

#include "appliance/base/random.h"

/* References to references; a longer chain is a circle. */
#define REFERENCE_HOPS_MAX_COUNT 16
/* Deepest place in a document that is named in full (json.h bounds the depth itself). */
#define POINTER_DEPTH_MAX 128

struct view openapi_text(struct openapi_work *work, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(&work->arena, format, arguments);
	va_end(arguments);
	return text.at ? text : view_of("");
}

void openapi_warn(struct openapi_work *work, const char *format, ...)
{
	va_list arguments;

	if (++work->warning_count > OPENAPI_WARNINGS_MAX_COUNT)
		return;
	va_start(arguments, format);
	json_append_text(work->warnings, arena_vprintf(&work->arena, format, arguments));
	va_end(arguments);
}

/* --- Places --------------------------------------------------------------------------------------------------------- */

static size_t index_in(const struct json *array, const struct json *item)
{
	size_t index = 0;

	while (index < json_count(array) && json_at(array, index) != item)
		index++;
	return index;
}

/* RFC 6901: '~' and '/' of a name are escaped. */
static void append_pointer(struct buffer *text, const struct json *at)
{
	const struct json *chain[POINTER_DEPTH_MAX];
	size_t depth = 0;

	for (; at && json_parent(at) && depth < POINTER_DEPTH_MAX; at = json_parent(at))
		chain[depth++] = at;
	if (depth == 0)
		buffer_append_byte(text, '/');
	while (depth-- > 0) {
		struct view name = json_name(chain[depth]);

		buffer_append_byte(text, '/');
		if (json_is_array(json_parent(chain[depth]))) {
			buffer_append_u64(text, index_in(json_parent(chain[depth]), chain[depth]));
			continue;
		}
		for (size_t i = 0; i < name.count; i++) {
			if (name.at[i] == '~')
				buffer_append_text(text, "~0");
			else if (name.at[i] == '/')
				buffer_append_text(text, "~1");
			else
				buffer_append_byte(text, name.at[i]);
		}
	}
}

static void note_place(struct openapi_work *work, const struct json *at)
{
	if (work->error_count == 0 && at) {
		work->line = json_line(at);
		work->column = json_column(at);
	}
	work->error_count++;
}

static void append_place(struct buffer *text, const struct json *at)
{
	if (at && json_line(at))
		buffer_printf(text, "line %u, column %u, ", json_line(at), json_column(at));
	append_pointer(text, at);
}

void openapi_error(struct openapi_work *work, const struct json *at, const char *format, ...)
{
	va_list arguments;

	note_place(work, at);
	if (work->error_count > OPENAPI_ERRORS_MAX_COUNT)
		return;
	va_start(arguments, format);
	buffer_append_text(&work->errors, "\n\t");
	buffer_vprintf(&work->errors, format, arguments);
	va_end(arguments);
	buffer_append_text(&work->errors, " (");
	append_place(&work->errors, at);
	buffer_append_text(&work->errors, ")");
	if (work->details.count)
		buffer_append_text(&work->details, "; ");
	append_place(&work->details, at);
	va_start(arguments, format);
	buffer_append_text(&work->details, ": ");
	buffer_vprintf(&work->details, format, arguments);
	va_end(arguments);
}

void openapi_invalid(struct openapi_work *work, const struct json *at, const char *rule)
{
	openapi_error(work, at, "%s", rule);
	work->is_invalid = true;
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

/* The value at a JSON pointer in a URI fragment, or NULL. Only '~' escapes: names of components need no others. */
static const struct json *at_pointer(struct openapi_work *work, struct view pointer)
{
	const struct json *value = work->document;
	struct view part;

	pointer = view_after(pointer, 1); /* the first slash */
	while (value && view_split(&pointer, '/', &part)) {
		char *name = arena_alloc(&work->arena, part.count + 1);
		size_t count = 0;
		uint64_t index;

		if (!name)
			return NULL;
		for (size_t i = 0; i < part.count; i++) {
			if (part.at[i] == '~' && i + 1 < part.count && (part.at[i + 1] == '0' || part.at[i + 1] == '1'))
				name[count++] = part.at[++i] == '0' ? '~' : '/';
			else
				name[count++] = part.at[i];
		}
		if (json_is_array(value))
			value = view_parse_u64(view_from(name, count), SIZE_MAX, &index) == 0 ? json_at(value, index)
											      : NULL;
		else
			value = json_find_view(value, view_from(name, count));
	}
	return value;
}

const struct json *openapi_resolve(struct openapi_work *work, const struct json *value)
{
	const struct json *start = value;

	for (int hop = 0; hop < REFERENCE_HOPS_MAX_COUNT; hop++) {
		const struct json *reference = json_find(value, "$ref");
		struct view target = json_text(reference);

		if (!reference)
			return value;
		if (!view_starts_with(target, view_of("#/"))) {
			openapi_error(work, reference,
				"Only references within the document are supported: '" VIEW_FMT "'", VIEW_ARG(target));
			return NULL;
		}
		value = at_pointer(work, view_after(target, 1));
		if (!value) {
			openapi_error(work, reference, "Unable to resolve reference '" VIEW_FMT "'", VIEW_ARG(target));
			return NULL;
		}
	}
	openapi_error(work, start, "References form a circle");
	return NULL;
}

struct view openapi_scalar(struct openapi_work *work, const struct json *value)
{
	switch (json_type(value)) {
	case JSON_TEXT:
		return json_text(value);
	case JSON_NUMBER:
		return json_number_text(value);
	case JSON_BOOL:
		return openapi_text(work, "%s", json_bool(value, false) ? "true" : "false");
	default:
		return view_from(NULL, 0);
	}
}

static struct view printed(struct openapi_work *work, const struct json *value)
{
	char *text = json_print_text(value);
	struct view copy = openapi_text(work, "%.200s", text ? text : "");

	free(text);
	return copy;
}

struct json *openapi_text_map(
	struct openapi_work *work, const struct json *map, const char *what, struct view path, struct view verb)
{
	struct json *texts = json_object_new();

	JSON_EACH(entry, (struct json *)(uintptr_t)map)
	{
		if (json_is_text(entry)) {
			json_set_view(texts, json_name(entry), json_copy(entry));
			continue;
		}
		openapi_warn(work,
			"Invalid format for '%s'. Expected type string for property '" VIEW_FMT
			"' of resource '" VIEW_FMT "' and method '" VIEW_FMT "' but got '" VIEW_FMT "'",
			what, VIEW_ARG(json_name(entry)), VIEW_ARG(path), VIEW_ARG(verb),
			VIEW_ARG(printed(work, entry)));
	}
	return texts;
}

/* --- Items ---------------------------------------------------------------------------------------------------------- */

struct json *openapi_find(const struct json *list, const char *member, struct view text)
{
	for (size_t i = 0; i < json_count(list); i++) {
		struct json *item = json_at(list, i);

		if (view_equals(json_find_text(item, member), text))
			return item;
	}
	return NULL;
}

void openapi_set_new_id(const struct json *list, struct json *item)
{
	char id[7];

	do
		random_lower_alnum(id, 6);
	while (openapi_find(list, "id", view_from(id, 6)));
	json_set_c_string(item, "id", id);
}

struct json *openapi_put(
	struct openapi_work *work, const char *name, const char *member, bool with_id, struct json *item)
{
	struct json *list = json_ensure_array(work->definition, name);
	struct view identity = json_find_text(item, member);
	const struct json *old = openapi_find(json_find(work->existing, name), member, identity);
	struct json *same = openapi_find(list, member, identity);
	const struct json *id = json_find(same ? same : old, "id");

	if (with_id && id)
		json_set(item, "id", json_copy(id));
	else if (with_id)
		openapi_set_new_id(list, item);
	for (size_t i = 0; same && i < json_count(list); i++) {
		if (json_at(list, i) == same) {
			json_remove_at(list, i);
			json_insert(list, i, item);
			return item;
		}
	}
	json_append(list, item);
	return item;
}
