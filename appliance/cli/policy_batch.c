/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct batch {
	policy_batch_each *each;
	void *context;
	bool failed;
};

static void run_one(struct batch *batch, const struct json *object)
{
	struct json *answer JSON_CLEANUP = json_object_new();
	const struct json *id = json_find(object, "id");

	json_set(answer, "id", json_copy(id));
	if (!batch->each(batch->context, object, answer))
		batch->failed = true;
	cli_print_json(answer);
}

/*
 * Length of the value at the start of `text`, told by brackets and quotes alone, so that a case that is no JSON ends where its
 * neighbours begin.
 */
static size_t value_length(struct view text)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < text.count; i++) {
		char byte = text.at[i];

		if (quoted) {
			i += byte == '\\';
			quoted = byte != '"';
		} else if (byte == '"') {
			quoted = true;
		} else if (byte == '{' || byte == '[') {
			depth++;
		} else if (depth ? byte == '}' || byte == ']' : byte == ',' || byte == ':' || byte == ']') {
			if (!depth)
				return i;
			depth--;
		}
	}
	return text.count;
}

static struct view trim(struct view text)
{
	return view_trim_set(text, " \t\r\n");
}

/* The `id` of an object that the parser refused, for its duplicated member perhaps; a null value if it can't be found. */
static struct json *find_id(struct view text)
{
	struct json *id = NULL;

	text = trim(text);
	while (text.count && (text.at[0] == '{' || text.at[0] == ',')) {
		struct view name, value;

		text = trim(view_after(text, 1));
		name = view_part(text, 0, value_length(text));
		text = view_after(text, name.count);
		if (!text.count || text.at[0] != ':')
			break;
		text = view_after(text, 1);
		value = view_part(text, 0, value_length(text));
		text = view_after(text, value.count);
		if (view_equals(trim(name), view_of("\"id\"")) && json_parse(trim(value), NULL, &id, NULL) == 0)
			return id;
	}
	return json_null_new();
}

/* One case, or what stands in the place of one; `line` and `column` are where it begins. */
static void run_text(struct batch *batch, struct view text, size_t line, size_t column)
{
	struct json *answer JSON_CLEANUP = NULL, *object JSON_CLEANUP = NULL;
	struct json_error error = { 0 };

	if (json_parse(text, NULL, &object, &error) == 0) {
		run_one(batch, object);
		return;
	}
	answer = json_object_new();
	json_set(answer, "id", find_id(text));
	json_set(answer, "error",
		json_text_new_printf("line %zu, column %zu: %s", line + (error.line ? error.line - 1 : 0),
			error.line > 1 ? error.column : column + (error.column ? error.column - 1 : 0),
			error.rule ? error.rule : "too large"));
	cli_print_json(answer);
	batch->failed = true;
}

/* Where the walk through an array stands. */
struct place {
	struct view rest;
	size_t line, column;
};

static void move(struct place *place, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		place->column++;
		if (place->rest.at[i] == '\n') {
			place->line++;
			place->column = 1;
		}
	}
	place->rest = view_after(place->rest, count);
}

static void skip_space(struct place *place)
{
	size_t count = 0;

	while (count < place->rest.count && strchr(" \t\r\n", place->rest.at[count]) && place->rest.at[count])
		count++;
	move(place, count);
}

static bool take_byte(struct place *place, char byte)
{
	skip_space(place);
	if (!place->rest.count || place->rest.at[0] != byte)
		return false;
	move(place, 1);
	return true;
}

/* `text` begins with a bracket. */
static int run_items(struct cli *cli, struct batch *batch, const char *path, struct view text)
{
	struct place place = { .rest = text, .line = 1, .column = 1 };
	bool closed;

	(void)take_byte(&place, '[');
	closed = take_byte(&place, ']');
	while (!closed) {
		struct view item;

		skip_space(&place);
		item = view_part(place.rest, 0, value_length(place.rest));
		if (!place.rest.count)
			break;
		run_text(batch, trim(item), place.line, place.column);
		move(&place, item.count);
		closed = take_byte(&place, ']');
		if (!closed && !take_byte(&place, ','))
			break;
	}
	skip_space(&place);
	if (!closed || place.rest.count)
		return cli_fail(cli, "%s: line %zu, column %zu: %s", path, place.line, place.column,
			closed ? "something follows the array" : "the array is not closed");
	return CLI_OK;
}

/* `file` begins with a bracket. */
static int run_array(struct cli *cli, struct batch *batch, const char *path, FILE *file)
{
	struct buffer buffer;
	char piece[65536];
	size_t count;
	int result, status;

	buffer_init(&buffer, POLICY_BATCH_ARRAY_MAX_BYTES);
	while ((count = fread(piece, 1, sizeof piece, file)) > 0)
		buffer_append_bytes(&buffer, piece, count);
	result = ferror(file) ? -EIO : buffer_error(&buffer);
	status = result == 0 ? run_items(cli, batch, path, buffer_view(&buffer))
			     : cli_fail(cli, "%s: %s", path, strerror(-result));
	buffer_fini(&buffer);
	return status;
}

static int run_lines(struct cli *cli, struct batch *batch, const char *path, FILE *file)
{
	size_t room = 0, line = 0;
	char *text = NULL;
	ssize_t count;

	errno = 0;
	while ((count = getline(&text, &room, file)) >= 0) {
		line++;
		if (trim(view_from(text, (size_t)count)).count)
			run_text(batch, view_from(text, (size_t)count), line, 1);
	}
	free(text);
	if (ferror(file))
		return cli_fail(cli, "%s: %s", path, strerror(errno ? errno : EIO));
	return CLI_OK;
}

/* The first byte that is no white space and no byte order mark, put back; EOF in an empty file. */
static int first_byte(FILE *file)
{
	static const char skipped[] = "\xef\xbb\xbf \t\r\n";
	int byte;

	do
		byte = getc(file);
	while (byte > 0 && strchr(skipped, byte));
	if (byte != EOF)
		ungetc(byte, file);
	return byte;
}

int policy_batch_run(struct cli *cli, const char *path, policy_batch_each *each, void *context)
{
	bool standard_input = strcmp(path, "-") == 0;
	FILE *file = standard_input ? stdin : fopen(path, "re");
	struct batch batch = { .each = each, .context = context };
	int status;

	if (!file)
		return cli_fail(cli, "can't read %s: %s", path, strerror(errno));
	status = first_byte(file) == '[' ? run_array(cli, &batch, path, file) : run_lines(cli, &batch, path, file);
	if (!standard_input)
		fclose(file);
	return status == CLI_OK && batch.failed ? CLI_FAILED : status;
}
