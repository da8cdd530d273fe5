/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/import_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"

/* References to references; a longer chain is a circle. */
#define REFERENCE_HOPS_MAX_COUNT 16
/* Deepest place in a document that is named in full (json.h bounds the depth itself). */
#define POINTER_DEPTH_MAX 128
/* Texts of one import: names, pointers, warnings. */
#define WORK_ARENA_MAX_BYTES ((size_t)128 << 20)
/* One error or warning, and one place in full. */
#define LINE_MAX_BYTES 1024
/* Of a wrong value as much is repeated in the warning as tells it apart. */
#define VALUE_SHOWN_MAX_BYTES 200
/* What one member costs besides its name and its text. */
#define MEMBER_BYTES 32

/* --- The text ------------------------------------------------------------------------------------------------------- */

/* ${AWS::AccountId} and its like are replaced before anything is parsed; other ${…} stay. */
static void substitute(struct buffer *ret, struct view text, const struct openapi_options *options)
{
	const struct {
		struct view name, value;
	} variables[] = {
		{ view_of("${AWS::AccountId}"), options->account_id },
		{ view_of("${AWS::Partition}"), view_of("aws") },
		{ view_of("${AWS::Region}"), options->region },
	};

	while (text.count) {
		size_t start = view_find(text, view_of("${AWS::")), i = 0;
		struct view rest;

		if (start == VIEW_NOWHERE)
			start = text.count;
		buffer_append(ret, view_part(text, 0, start));
		rest = view_after(text, start);
		while (i < ARRAY_COUNT(variables) && !view_starts_with(rest, variables[i].name))
			i++;
		if (i < ARRAY_COUNT(variables)) {
			buffer_append(ret, variables[i].value);
			start += variables[i].name.count;
		} else if (rest.count) {
			buffer_append_byte(ret, rest.at[0]);
			start++;
		}
		text = view_after(text, start);
	}
}

static int parse(struct openapi_work *work, struct view text, struct openapi_failure *failure)
{
	const struct json_limits limits = {
		.max_bytes = 2 * OPENAPI_MAX_BYTES, .max_depth = JSON_MAX_DEPTH, .max_values = JSON_MAX_VALUES
	};
	struct view start = view_trim_set(text, " \t\r\n");
	struct json_error error = { 0 };
	bool is_json = start.count && start.at[0] == '{';
	int result = is_json ? json_parse(text, &limits, &work->document, &error)
			     : yaml_parse(text, &limits, &work->document, &error);

	if (result == 0 || result == -ENOMEM)
		return result;
	failure->line = error.line;
	failure->column = error.column;
	failure->message = strdup("Invalid OpenAPI input.");
	if (asprintf(&failure->detail, "line %u, column %u: %s: %s", error.line, error.column,
		    is_json ? "the document is not JSON" : "the document is not YAML",
		    error.rule ? error.rule : "it is too large") < 0)
		failure->detail = NULL;
	return -EINVAL;
}

static bool holds_nul(struct view text)
{
	return text.count && memchr(text.at, '\0', text.count);
}

/* The first value whose text or name holds a NUL, or NULL: as C strings they would be others. The parsers bound the depth. */
static const struct json *find_nul(const struct json *value)
{
	JSON_EACH(child, value)
	{
		const struct json *found = find_nul(child);

		if (holds_nul(json_name(child)) || (json_is_text(child) && holds_nul(json_text(child))))
			return child;
		if (found)
			return found;
	}
	return NULL;
}

int openapi_work_init(struct openapi_work *work, struct openapi_failure *failure, const struct json *existing,
	struct view text, const struct openapi_options *options)
{
	struct buffer substituted;
	int result;

	*work = (struct openapi_work){
		.options = options,
		.existing = existing,
		.warnings = json_array_new(),
		.generated_schemas = json_array_new(),
	};
	*failure = (struct openapi_failure){ 0 };
	arena_init(&work->arena, NULL, WORK_ARENA_MAX_BYTES);
	/* A place may be written before it is cut: no longer than the document. */
	buffer_init(&work->errors, 4 * OPENAPI_MAX_BYTES);
	buffer_init(&work->details, 4 * OPENAPI_MAX_BYTES);
	if (text.count > OPENAPI_MAX_BYTES) {
		failure->message = strdup("Invalid OpenAPI input.");
		failure->detail = strdup("the document is larger than 6 MB");
		return -EINVAL;
	}
	buffer_init(&substituted, 2 * OPENAPI_MAX_BYTES);
	substitute(&substituted, text, options);
	result = buffer_error(&substituted) ? -ENOMEM : parse(work, buffer_view(&substituted), failure);
	buffer_fini(&substituted);
	return result;
}

void openapi_work_fini(struct openapi_work *work)
{
	struct table *tables[] = { &work->resources, &work->resource_ids, &work->old_resources,
		&work->variable_children, &work->schemas, &work->references, &work->generated, &work->sources };
	struct table *index;
	size_t cursor = 0;

	json_free(work->definition);
	json_free(work->warnings);
	json_free(work->generated_schemas);
	json_free(work->document);
	buffer_fini(&work->errors);
	buffer_fini(&work->details);
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
		table_fini(tables[i]);
	for (size_t i = 0; i < OPENAPI_LIST_COUNT; i++) {
		table_fini(&work->lists[i].by_key);
		table_fini(&work->lists[i].old_by_key);
		table_fini(&work->lists[i].ids);
	}
	while ((index = table_next(&work->indexes, &cursor, NULL)) != NULL)
		table_fini(index);
	table_fini(&work->indexes);
	arena_fini(&work->arena);
}

bool openapi_check_version(struct openapi_work *work)
{
	const struct json *odd = find_nul(work->document), *openapi = json_find(work->document, "openapi"),
			  *swagger = json_find(work->document, "swagger");
	struct view version = openapi_scalar(work, openapi ? openapi : swagger);

	work->is_swagger = !openapi && view_equals(version, view_of("2.0"));
	if (odd)
		openapi_invalid(
			work, holds_nul(json_name(odd)) ? json_parent(odd) : odd, "texts hold no NUL character");
	else if (!json_is_object(work->document))
		openapi_invalid(work, work->document, "the document must be an object");
	else if (!openapi && !swagger)
		openapi_invalid(
			work, work->document, "'openapi' or 'swagger' must say the version of the specification");
	else if (!work->is_swagger && (!openapi || !view_starts_with(version, view_of("3.0"))))
		openapi_invalid(work, openapi ? openapi : swagger, "only OpenAPI 3.0 and Swagger 2.0 are supported");
	return work->error_count == 0;
}

/* --- What is told --------------------------------------------------------------------------------------------------- */

/* The arena has no room left. The import goes on without the text, and fails. */
static void note_full(struct openapi_work *work)
{
	openapi_error(work, work->document, "The document makes too many texts");
}

struct view openapi_text(struct openapi_work *work, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(&work->arena, format, arguments);
	va_end(arguments);
	if (text.at)
		return text;
	note_full(work);
	return view_of("");
}

/* A line of a message, cut where it is too long. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t count;
};

/* The start of `text`, not ending within a character. */
static struct view clipped(struct view text, size_t max_bytes)
{
	if (text.count <= max_bytes)
		return text;
	while (max_bytes && ((unsigned char)text.at[max_bytes] & 0xc0) == 0x80)
		max_bytes--;
	return view_part(text, 0, max_bytes);
}

static void set_line(struct line *line, const char *format, va_list arguments)
{
	int count = vsnprintf(line->text, sizeof line->text, format, arguments);

	line->count = count < 0 ? 0 : (size_t)count;
	if (line->count >= sizeof line->text) /* the last byte may be the first of a character */
		line->count = clipped(view_from(line->text, sizeof line->text - 1), sizeof line->text - 4).count;
}

void openapi_warn(struct openapi_work *work, const char *format, ...)
{
	struct line line;
	va_list arguments;

	if (++work->warning_count > OPENAPI_WARNINGS_MAX_COUNT)
		return;
	va_start(arguments, format);
	set_line(&line, format, arguments);
	va_end(arguments);
	json_append_text(work->warnings, view_from(line.text, line.count));
}

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
	size_t start;

	if (at && json_line(at))
		buffer_printf(text, "line %u, column %u, ", json_line(at), json_column(at));
	start = text->count;
	append_pointer(text, at);
	if (text->count - start > LINE_MAX_BYTES) {
		buffer_truncate(text, start);
		buffer_append_text(text, "/…");
	}
}

void openapi_error(struct openapi_work *work, const struct json *at, const char *format, ...)
{
	struct line line;
	va_list arguments;

	note_place(work, at);
	if (work->error_count > OPENAPI_ERRORS_MAX_COUNT)
		return;
	va_start(arguments, format);
	set_line(&line, format, arguments);
	va_end(arguments);
	buffer_append_text(&work->errors, "\n\t");
	buffer_append_bytes(&work->errors, line.text, line.count);
	buffer_append_text(&work->errors, " (");
	append_place(&work->errors, at);
	buffer_append_text(&work->errors, ")");
	if (work->details.count)
		buffer_append_text(&work->details, "; ");
	append_place(&work->details, at);
	buffer_append_text(&work->details, ": ");
	buffer_append_bytes(&work->details, line.text, line.count);
}

void openapi_invalid(struct openapi_work *work, const struct json *at, const char *rule)
{
	openapi_error(work, at, "%s", rule);
	work->is_invalid = true;
}

static void append_warnings(struct buffer *message, const struct json *warnings)
{
	JSON_EACH(warning, warnings)
	buffer_printf(message, "\n\t" VIEW_FMT, VIEW_ARG(json_text(warning)));
}

int openapi_report(struct openapi_work *work, struct openapi_failure *failure)
{
	struct buffer message;

	if (work->error_count == 0 && (work->warning_count == 0 || !work->options->fail_on_warnings))
		return 0;
	buffer_init(&message, 1 << 20);
	if (work->is_invalid) {
		buffer_append_text(&message, "Invalid OpenAPI input.");
	} else if (work->error_count) {
		buffer_append_text(&message, "Errors found during import:");
		buffer_append(&message, buffer_view(&work->errors));
		if (work->error_count > OPENAPI_ERRORS_MAX_COUNT)
			buffer_printf(&message, "\n\tand %zu more", work->error_count - OPENAPI_ERRORS_MAX_COUNT);
		if (work->warning_count)
			buffer_append_text(&message, "\nAdditionally, these warnings were found:");
		append_warnings(&message, work->warnings);
	} else {
		buffer_append_text(&message, "Warnings found during import:");
		append_warnings(&message, work->warnings);
	}
	failure->message = buffer_take(&message, NULL);
	failure->detail = work->details.count ? buffer_take(&work->details, NULL) : NULL;
	failure->line = work->line;
	failure->column = work->column;
	buffer_fini(&message);
	return -EINVAL;
}

bool openapi_charge(struct openapi_work *work, const struct json *at, size_t bytes)
{
	bool was_full = work->definition_bytes > OPENAPI_DEFINITION_MAX_BYTES;

	work->definition_bytes += bytes + MEMBER_BYTES;
	if (work->definition_bytes <= OPENAPI_DEFINITION_MAX_BYTES)
		return true;
	if (!was_full)
		openapi_error(work, at, "References make the definition larger than %zu bytes",
			(size_t)OPENAPI_DEFINITION_MAX_BYTES);
	return false;
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static int hex_digit(char byte)
{
	byte = view_lower_byte(byte);
	return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* One part of a JSON pointer in a URI fragment: %XX, then ~1 and ~0, are what they stand for. */
static struct view pointer_name(struct openapi_work *work, struct view part)
{
	char *name = arena_alloc(&work->arena, part.count + 1);
	size_t count = 0;

	if (!name) {
		note_full(work);
		return view_of("");
	}
	for (size_t i = 0; i < part.count; i++) {
		bool is_escape = part.at[i] == '%' && i + 2 < part.count && hex_digit(part.at[i + 1]) >= 0 &&
				 hex_digit(part.at[i + 2]) >= 0;

		name[count++] = part.at[i];
		if (is_escape) {
			name[count - 1] = (char)(hex_digit(part.at[i + 1]) * 16 + hex_digit(part.at[i + 2]));
			i += 2;
		}
		if (count > 1 && name[count - 2] == '~' && (name[count - 1] == '0' || name[count - 1] == '1')) {
			name[count - 2] = name[count - 1] == '0' ? '~' : '/';
			count--;
		}
	}
	return view_from(name, count);
}

/* Objects with fewer members are searched as they are. */
enum { INDEXED_MIN_COUNT = 64 };

/*
 * A member of an object of the document. Large objects get a table, so that thousands of references into them take thousands
 * of steps. Texts are left out: they are rewritten (import_models.c), while objects and lists stay where they are.
 */
static const struct json *member_of(struct openapi_work *work, const struct json *object, struct view name)
{
	struct table *members;
	struct view address;

	if (json_count(object) < INDEXED_MIN_COUNT)
		return json_find_view(object, name);
	members = table_find(&work->indexes, view_from(&object, sizeof object));
	if (members)
		return table_find(members, name);
	address = arena_copy(&work->arena, view_from(&object, sizeof object));
	members = ARENA_NEW(&work->arena, struct table);
	if (!address.at || !members) {
		note_full(work);
		return NULL;
	}
	ASSERT(table_set(&work->indexes, address, members, NULL) == 0);
	JSON_EACH(member, object)
	{
		if (json_is_object(member) || json_is_array(member))
			ASSERT(table_set(members, json_name(member), member, NULL) == 0);
	}
	return table_find(members, name);
}

const struct json *openapi_at_reference(struct openapi_work *work, struct view reference)
{
	const struct json *value = table_find(&work->references, reference);
	struct view pointer = view_after(reference, 2), part, key;
	uint64_t index;

	if (value || !view_starts_with(reference, view_of("#/")))
		return value;
	value = work->document;
	while (value && view_split(&pointer, '/', &part)) {
		struct view name = pointer_name(work, part);

		if (!json_is_array(value))
			value = member_of(work, value, name);
		else
			value = view_parse_u64(name, SIZE_MAX, &index) == 0 ? json_at(value, index) : NULL;
	}
	/* Texts are rewritten (import_models.c), objects stay where they are. */
	if (!json_is_object(value))
		return value;
	key = arena_copy(&work->arena, reference);
	if (key.at)
		ASSERT(table_set(&work->references, key, (void *)(uintptr_t)value, NULL) == 0);
	else
		note_full(work);
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
		value = openapi_at_reference(work, target);
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
	struct view shown = clipped(view_from_text(text), VALUE_SHOWN_MAX_BYTES),
		    copy = openapi_text(work, VIEW_FMT, VIEW_ARG(shown));

	free(text);
	return copy;
}

struct json *openapi_text_map(
	struct openapi_work *work, const struct json *map, const char *what, struct view path, struct view verb)
{
	struct json *texts = json_object_new();

	JSON_EACH(entry, map)
	{
		if (!openapi_charge(work, entry, json_name(entry).count + json_text(entry).count))
			break;
		if (json_is_text(entry)) {
			json_add_unchecked(texts, json_name(entry), json_copy(entry));
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
