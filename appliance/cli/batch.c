/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct batch {
	batch_each *each;
	void *context;
	bool failed;
};

size_t batch_value_length(struct view text)
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

static void run_text(struct batch *batch, struct view text, size_t line, size_t column)
{
	if (!batch->each(batch->context, text, line, column))
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
		item = view_part(place.rest, 0, batch_value_length(place.rest));
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

	buffer_init(&buffer, BATCH_ARRAY_MAX_BYTES);
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

int batch_run(struct cli *cli, const char *path, batch_each *each, void *context)
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
