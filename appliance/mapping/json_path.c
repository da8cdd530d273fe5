/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/json_path.h"

#include <errno.h>
#include <string.h>

#include "appliance/mapping/json_path_program.h"

int json_path_refuse(struct json_path_reader *reader, const char *rule)
{
	*reader->error = (struct json_path_error){ .offset = reader->at, .rule = rule };
	return -EINVAL;
}

bool json_path_is_definite(const struct json_path *path)
{
	return path->definite;
}

int json_path_read_quoted(struct json_path_reader *reader, struct view *ret)
{
	char quote = json_path_here(reader);
	size_t start = ++reader->at, count = 0;
	char *text;

	while (reader->at < reader->text.count && json_path_here(reader) != quote)
		reader->at += json_path_here(reader) == '\\' ? 2 : 1;
	if (reader->at >= reader->text.count)
		return json_path_refuse(reader, "a quote is not closed");
	text = arena_alloc(reader->arena, reader->at - start + 1);
	if (!text)
		return -ENOMEM;
	for (size_t i = start; i < reader->at; i++) {
		char byte = reader->text.at[i];

		/* a backslash before anything else is one */
		if (byte == '\\' && strchr("'\"\\/", reader->text.at[i + 1]) && reader->text.at[i + 1] != '\0')
			byte = reader->text.at[++i];
		text[count++] = byte;
	}
	reader->at++;
	*ret = view_from(text, count);
	return 0;
}

/* --- Steps in brackets ---------------------------------------------------------------------------------------------- */

static int read_number(struct json_path_reader *reader, int32_t *ret)
{
	size_t count = 0;
	int64_t number;

	while ((reader->at + count < reader->text.count && reader->text.at[reader->at + count] >= '0' &&
		       reader->text.at[reader->at + count] <= '9') ||
		(count == 0 && json_path_here(reader) == '-'))
		count++;
	if (view_parse_i64(view_part(reader->text, reader->at, count), INT32_MIN, INT32_MAX, &number) != 0)
		return json_path_refuse(reader, "an index is no number");
	reader->at += count;
	*ret = (int32_t)number;
	return 0;
}

static bool is_number_here(const struct json_path_reader *reader)
{
	char byte = json_path_here(reader);

	return byte == '-' || (byte >= '0' && byte <= '9');
}

/* "a:b", "a:", ":b" from ':' on. */
static int read_slice_end(struct json_path_reader *reader, struct json_step *ret)
{
	reader->at++;
	json_path_skip_blanks(reader);
	ret->kind = JSON_STEP_SLICE;
	ret->has_to = is_number_here(reader);
	if (!ret->has_to && !ret->has_from)
		return json_path_refuse(reader, "a slice has neither begin nor end");
	return ret->has_to ? read_number(reader, &ret->to) : 0;
}

/* How many commas are there up to the bracket that closes? The most that a list of indexes or names can need. */
static size_t items_ahead(const struct json_path_reader *reader)
{
	size_t count = 1;

	for (size_t i = reader->at; i < reader->text.count; i++)
		count += reader->text.at[i] == ',';
	return count;
}

static int read_indexes(struct json_path_reader *reader, struct json_step *ret)
{
	int32_t *indexes, first;
	int result = read_number(reader, &first);

	if (result)
		return result;
	json_path_skip_blanks(reader);
	if (json_path_here(reader) == ':') {
		ret->from = first;
		ret->has_from = true;
		return read_slice_end(reader, ret);
	}
	indexes = ARENA_NEW_ARRAY(reader->arena, int32_t, items_ahead(reader));
	if (!indexes)
		return -ENOMEM;
	ret->kind = JSON_STEP_INDEXES;
	ret->indexes = indexes;
	indexes[ret->count++] = first;
	while (json_path_here(reader) == ',') {
		reader->at++;
		json_path_skip_blanks(reader);
		result = read_number(reader, &indexes[ret->count++]);
		if (result)
			return result;
		json_path_skip_blanks(reader);
	}
	return 0;
}

static int read_names(struct json_path_reader *reader, struct json_step *ret)
{
	struct view *names = ARENA_NEW_ARRAY(reader->arena, struct view, items_ahead(reader));

	if (!names)
		return -ENOMEM;
	ret->kind = JSON_STEP_NAMES;
	ret->names = names;
	for (;;) {
		int result;

		if (json_path_here(reader) != '\'' && json_path_here(reader) != '"')
			return json_path_refuse(reader, "a name in brackets is not quoted");
		result = json_path_read_quoted(reader, &names[ret->count++]);
		if (result)
			return result;
		json_path_skip_blanks(reader);
		if (json_path_here(reader) != ',')
			return 0;
		reader->at++;
		json_path_skip_blanks(reader);
	}
}

/* (@.length-1), (@.size()-1): counted from the end. */
static int read_from_end(struct json_path_reader *reader, struct json_step *ret)
{
	static const struct view functions[] = { VIEW_INIT("@.length()"), VIEW_INIT("@.length"), VIEW_INIT("@.size()"),
		VIEW_INIT("@.size") };
	int result = -EINVAL;

	reader->at++;
	json_path_skip_blanks(reader);
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		if (!view_starts_with(view_after(reader->text, reader->at), functions[i]))
			continue;
		reader->at += functions[i].count;
		json_path_skip_blanks(reader);
		if (json_path_here(reader) != '-')
			break;
		reader->at++;
		json_path_skip_blanks(reader);
		ret->kind = JSON_STEP_FROM_END;
		result = json_path_here(reader) == '-' ? -EINVAL : read_number(reader, &ret->from);
		break;
	}
	json_path_skip_blanks(reader);
	if (result || json_path_here(reader) != ')')
		return json_path_refuse(reader, "only (@.length-N) is reckoned");
	reader->at++;
	return 0;
}

static int read_filter(struct json_path_reader *reader, struct json_step *ret)
{
	int result;

	reader->at++;
	json_path_skip_blanks(reader);
	if (json_path_here(reader) != '(')
		return json_path_refuse(reader, "a filter is ?(...)");
	reader->at++;
	ret->kind = JSON_STEP_FILTER;
	result = json_filter_read(reader, &ret->filter);
	if (result)
		return result;
	if (json_path_here(reader) != ')')
		return json_path_refuse(reader, "a filter's parenthesis is not closed");
	reader->at++;
	return 0;
}

static int read_bracket(struct json_path_reader *reader, struct json_step *ret)
{
	int result;

	reader->at++;
	json_path_skip_blanks(reader);
	switch (json_path_here(reader)) {
	case '*':
		reader->at++;
		ret->kind = JSON_STEP_ALL;
		result = 0;
		break;
	case '\'':
	case '"':
		result = read_names(reader, ret);
		break;
	case '?':
		result = read_filter(reader, ret);
		break;
	case '(':
		result = read_from_end(reader, ret);
		break;
	case ':':
		result = read_slice_end(reader, ret);
		break;
	default:
		result = is_number_here(reader) ? read_indexes(reader, ret)
						: json_path_refuse(reader, "this can't stand in brackets");
	}
	if (result)
		return result;
	json_path_skip_blanks(reader);
	if (json_path_here(reader) != ']')
		return json_path_refuse(reader, "a bracket is not closed");
	reader->at++;
	return 0;
}

/* --- Paths ---------------------------------------------------------------------------------------------------------- */

/* A name behind a point ends at a point, bracket or blank; in a filter also where something of the filter begins. */
static bool ends_name(char byte, bool in_filter)
{
	if (byte == '.' || byte == '[' || byte == ' ' || byte == '\0')
		return true;
	return in_filter && strchr("\t)=!<>~&|,]", byte) != NULL;
}

static int read_name(struct json_path_reader *reader, bool in_filter, struct json_step *ret)
{
	size_t start = reader->at;
	struct view *name;

	while (reader->at < reader->text.count && !ends_name(json_path_here(reader), in_filter))
		reader->at++;
	if (reader->at == start)
		return json_path_refuse(reader, "a name is missing");
	if (reader->at == start + 1 && reader->text.at[start] == '*') {
		ret->kind = JSON_STEP_ALL;
		return 0;
	}
	name = ARENA_NEW(reader->arena, struct view);
	if (!name)
		return -ENOMEM;
	*name = arena_copy(reader->arena, view_part(reader->text, start, reader->at - start));
	ret->kind = JSON_STEP_NAMES;
	ret->count = 1;
	ret->names = name;
	return name->at ? 0 : -ENOMEM;
}

/* One step; several points in a row are one scan. */
static int read_step(struct json_path_reader *reader, bool in_filter, struct json_step *ret)
{
	char byte = json_path_here(reader);

	if (byte == '[')
		return read_bracket(reader, ret);
	if (byte == '*') {
		reader->at++;
		ret->kind = JSON_STEP_ALL;
		return 0;
	}
	if (byte != '.')
		return read_name(reader, in_filter, ret);
	reader->at++;
	if (json_path_here(reader) == '.') {
		reader->at++;
		if (json_path_here(reader) == '.')
			reader->at++;
		if (reader->at == reader->text.count)
			return json_path_refuse(reader, "a scan for nothing");
		ret->kind = JSON_STEP_SCAN;
		return 0;
	}
	if (json_path_here(reader) == '[') /* "$.['a']" */
		return read_bracket(reader, ret);
	return read_name(reader, in_filter, ret);
}

static bool is_certain(const struct json_step *step)
{
	return step->kind == JSON_STEP_NAMES || step->kind == JSON_STEP_FROM_END ||
	       (step->kind == JSON_STEP_INDEXES && step->count == 1);
}

int json_path_read(struct json_path_reader *reader, bool in_filter, const struct json_path **ret)
{
	struct json_step steps[JSON_PATH_STEPS_MAX], *kept;
	struct json_path *path = ARENA_NEW(reader->arena, struct json_path);

	if (!path)
		return -ENOMEM;
	path->of_item = json_path_here(reader) == '@';
	reader->at++;
	while (in_filter ? json_path_here(reader) == '.' || json_path_here(reader) == '[' ||
				   (path->count && steps[path->count - 1].kind == JSON_STEP_SCAN)
			 : reader->at < reader->text.count) {
		struct json_step *step = &steps[path->count];
		int result;

		if (path->count == JSON_PATH_STEPS_MAX)
			return json_path_refuse(reader, "too many steps");
		if (path->count && step[-1].kind == JSON_STEP_NAMES && step[-1].count > 1)
			return json_path_refuse(reader, "several names can only be the last step");
		*step = (struct json_step){ .kind = JSON_STEP_ALL };
		result = read_step(reader, in_filter, step);
		if (result)
			return result;
		if (path->certain == path->count)
			path->certain += is_certain(step);
		path->count++;
	}
	if (path->count && steps[path->count - 1].kind == JSON_STEP_SCAN)
		return json_path_refuse(reader, "a scan for nothing");
	kept = ARENA_NEW_ARRAY(reader->arena, struct json_step, path->count + 1);
	if (!kept)
		return -ENOMEM;
	memcpy(kept, steps, path->count * sizeof steps[0]);
	path->steps = kept;
	path->definite = path->certain == path->count;
	*ret = path;
	return 0;
}

int json_path_compile(
	const struct json_path **ret, struct arena *arena, struct view text, struct json_path_error *ret_error)
{
	struct json_path_error error = { 0 };
	struct json_path_reader reader = { .arena = arena, .error = ret_error ? ret_error : &error };
	const struct json_path *path = NULL;
	int result;

	if (text.count > JSON_PATH_MAX_BYTES)
		return -EMSGSIZE;
	reader.text = view_trim_set(text, " \t\r\n");
	if (reader.text.count == 0)
		return json_path_refuse(&reader, "the path is empty");
	if (reader.text.at[0] != '$' && reader.text.at[0] != '@') {
		reader.text = arena_printf(arena, "$." VIEW_FMT, VIEW_ARG(reader.text));
		if (!reader.text.at)
			return -ENOMEM;
	}
	reader.at = 1;
	if (reader.text.count > 1 && json_path_here(&reader) != '.' && json_path_here(&reader) != '[')
		return json_path_refuse(&reader, "'.' or '[' must follow the '$'");
	reader.at = 0;
	result = json_path_read(&reader, false, &path);
	if (result == 0)
		*ret = path;
	return result;
}
