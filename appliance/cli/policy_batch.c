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

static void refuse_line(struct batch *batch, size_t line, const struct json_error *error)
{
	struct json *answer JSON_CLEANUP = json_object_new();

	json_set(answer, "id", json_null_new());
	json_set(answer, "error",
		json_text_new_printf(
			"line %zu, column %u: %s", line, error->column, error->rule ? error->rule : "too large"));
	cli_print_json(answer);
	batch->failed = true;
}

static void run_line(struct batch *batch, struct view text, size_t line)
{
	struct json_error error = { 0 };
	struct json *object = NULL;

	if (view_trim_set(text, " \t\r\n").count == 0)
		return;
	if (json_parse(text, NULL, &object, &error) != 0) {
		refuse_line(batch, line, &error);
		return;
	}
	run_one(batch, object);
	json_free(object);
}

/* The rest of `file` behind `first`, its first byte. */
static int run_array(struct cli *cli, struct batch *batch, const char *path, FILE *file)
{
	const struct json_limits limits = { .max_bytes = POLICY_BATCH_ARRAY_MAX_BYTES,
		.max_depth = JSON_MAX_DEPTH,
		.max_values = POLICY_BATCH_ARRAY_MAX_BYTES };
	struct json *array JSON_CLEANUP = NULL;
	struct json_error error = { 0 };
	struct buffer buffer;
	char piece[65536];
	size_t count;
	int result;

	buffer_init(&buffer, POLICY_BATCH_ARRAY_MAX_BYTES);
	while ((count = fread(piece, 1, sizeof piece, file)) > 0)
		buffer_append_bytes(&buffer, piece, count);
	result = ferror(file) ? -EIO : buffer_error(&buffer);
	if (result == 0)
		result = json_parse(buffer_view(&buffer), &limits, &array, &error);
	buffer_fini(&buffer);
	if (result != 0)
		return error.rule
			       ? cli_fail(cli, "%s: line %u, column %u: %s", path, error.line, error.column, error.rule)
			       : cli_fail(cli, "%s: %s", path, strerror(-result));
	JSON_EACH(object, array)
	run_one(batch, object);
	return CLI_OK;
}

static int run_lines(struct cli *cli, struct batch *batch, const char *path, FILE *file)
{
	size_t room = 0, line = 0;
	char *text = NULL;
	ssize_t count;

	errno = 0;
	while ((count = getline(&text, &room, file)) >= 0)
		run_line(batch, view_from(text, (size_t)count), ++line);
	free(text);
	if (ferror(file))
		return cli_fail(cli, "%s: %s", path, strerror(errno ? errno : EIO));
	return CLI_OK;
}

/* The first byte that is no white space, put back; EOF in an empty file. */
static int first_byte(FILE *file)
{
	int byte;

	do
		byte = getc(file);
	while (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
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
