/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern schema`: ask the validator that the gateway uses whether a body matches a model, without an appliance. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/json_value.h"
#include "appliance/cli/batch.h"
#include "appliance/cli/cli.h"
#include "appliance/validate/schema.h"

/* One case, and the memory that it may take. */
#define CASE_MAX_BYTES ((size_t)64 << 20)
#define CASE_MEMORY_MAX_BYTES ((size_t)256 << 20)

static const struct json_limits batch_limits = {
	.max_bytes = CASE_MAX_BYTES,
	.max_depth = JSON_MAX_DEPTH,
	.max_values = 10 * JSON_MAX_VALUES,
};

struct judge {
	struct pattern_scratch *scratch;
};

/* The models that a case brings along: https://.../models/{name}. */
static const struct json_value *find_model(void *models, struct view url)
{
	static const struct view before = VIEW_INIT("/models/");
	size_t place = view_find(url, before);

	return place == VIEW_NOWHERE ? NULL : json_value_find(models, view_after(url, place + before.count));
}

/* `{"valid":…,"validationErrorString":…}` or `{"error":…}`, without the opening brace. False: the latter. */
static bool judge_one(struct judge *judge, struct arena *arena, const struct json_value *object, struct buffer *ret)
{
	const struct json_value *schema_json = json_value_find(object, view_of("schema"));
	const struct json_value *body = json_value_find(object, view_of("body"));
	const struct json_value *models = json_value_find(object, view_of("models"));
	union {
		const struct json_value *constant;
		void *context;
	} known = { .constant = models };
	struct schema_error why = { .text = "" };
	struct schema *schema = NULL;
	struct buffer report;
	int result = -EINVAL;

	if (!schema_json || !body) {
		buffer_append(ret, view_of("\"error\":\"a case needs schema and body\"}"));
		return false;
	}
	buffer_init_arena(&report, arena, SCHEMA_MAX_REPORT_BYTES + 2);
	if (schema_compile(arena, schema_json, find_model, known.context, &schema, &why) == 0)
		result = schema_check(schema, body, arena, judge->scratch, NULL, &report);
	schema_fini(schema);
	if (result < 0) {
		char text[sizeof why.place + sizeof why.text + 4];

		snprintf(text, sizeof text, "%s%s%s", why.place, why.place[0] ? ": " : "",
			why.text[0] ? why.text : "out of memory");
		buffer_append(ret, view_of("\"error\":"));
		json_value_write_text(ret, view_from_text(text));
		buffer_append_byte(ret, '}');
		return false;
	}
	buffer_append(ret, result ? view_of("\"valid\":true,\"validationErrorString\":")
				  : view_of("\"valid\":false,\"validationErrorString\":"));
	if (result)
		buffer_append(ret, view_of("null"));
	else
		json_value_write_text(ret, buffer_view(&report));
	buffer_append_byte(ret, '}');
	return true;
}

/* One case, one line. False if it could not be judged. */
static bool answer(struct judge *judge, const struct json_value *object, const char *unreadable)
{
	struct arena arena;
	struct buffer line;
	bool judged = !unreadable;

	arena_init(&arena, NULL, CASE_MEMORY_MAX_BYTES);
	buffer_init(&line, CASE_MEMORY_MAX_BYTES);
	buffer_append(&line, view_of("{\"name\":"));
	json_value_write(&line, json_value_find(object, view_of("name")));
	buffer_append_byte(&line, ',');
	if (unreadable) {
		buffer_append(&line, view_of("\"error\":"));
		json_value_write_text(&line, view_from_text(unreadable));
		buffer_append_byte(&line, '}');
	} else {
		judged = judge_one(judge, &arena, object, &line);
	}
	buffer_append_byte(&line, '\n');
	fwrite(line.at, 1, line.count, stdout);
	buffer_fini(&line);
	arena_fini(&arena);
	return judged;
}

/* An entry that can't be read has an answer too. */
static bool batch_entry(void *context, struct view text, size_t line, size_t column)
{
	struct judge *judge = context;
	struct json_error why = { 0 };
	struct json_value object;
	struct arena arena;
	char unreadable[256];
	bool judged;

	arena_init(&arena, NULL, CASE_MEMORY_MAX_BYTES);
	if (json_value_parse(&arena, text, &batch_limits, &object, &why) == 0) {
		judged = answer(judge, &object, NULL);
	} else {
		snprintf(unreadable, sizeof unreadable, "line %zu, column %zu: %s",
			line + (why.line ? why.line - 1 : 0),
			why.line > 1 ? why.column : column + (why.column ? why.column - 1 : 0),
			why.rule ? why.rule : "too large");
		judged = answer(judge, NULL, unreadable);
	}
	arena_fini(&arena);
	return judged;
}

static int parse_document(struct cli *cli, const char *what, const char *given, struct json_value *ret)
{
	struct json_error why;
	struct view text;

	if (cli_document(cli, what, given, &text))
		return -1;
	if (json_value_parse(&cli->arena, text, NULL, ret, &why) == 0)
		return 0;
	cli_fail(cli, "%s is not JSON: %s in line %u, column %u", what, why.rule, why.line, why.column);
	return -1;
}

static int run_one(struct cli *cli, struct judge *judge, const char *schema_text, const char *body_text)
{
	struct json_value schema_json, body;
	struct schema *schema = NULL;
	struct schema_error why;
	struct buffer report;
	int result;

	if (parse_document(cli, "--schema", schema_text, &schema_json) ||
		parse_document(cli, "--body", body_text, &body))
		return CLI_FAILED;
	if (schema_compile(&cli->arena, &schema_json, NULL, NULL, &schema, &why))
		return cli_fail(cli, "--schema: %s: %s", why.place, why.text);
	buffer_init_arena(&report, &cli->arena, SCHEMA_MAX_REPORT_BYTES + 2);
	result = schema_check(schema, &body, &cli->arena, judge->scratch, NULL, &report);
	schema_fini(schema);
	if (result < 0)
		return cli_fail(cli, "out of memory");
	if (cli->json) {
		struct json *object JSON_CLEANUP = json_object_new();

		json_set_bool(object, "valid", result);
		json_set(object, "validationErrorString",
			result ? json_null_new() : json_text_new(buffer_view(&report)));
		cli_print_json(object);
	} else if (result) {
		printf("valid\n");
	} else {
		printf("invalid: " VIEW_FMT "\n", VIEW_ARG(buffer_view(&report)));
	}
	return result ? CLI_OK : CLI_FAILED;
}

static int validate(struct cli *cli, int argc, char **argv)
{
	const char *batch = NULL, *schema = NULL, *body = NULL;
	const struct cli_option options[] = {
		{ "schema", "DOCUMENT", "the model's schema: JSON, or file://PATH", &schema, NULL },
		{ "body", "DOCUMENT", "the body: JSON, or file://PATH", &body, NULL },
		{ "batch", "FILE",
			"cases, as JSON lines or one array (-: stdin): {name, schema, body}, and models by name",
			&batch, NULL },
	};
	const struct cli_usage usage = { "postern schema validate --schema DOCUMENT --body DOCUMENT | --batch FILE",
		"Is a body valid against a model (JSON Schema draft 4), and if not, what would "
		"$context.error.validationErrorString\n"
		"say? Exit status 1 if it is not valid; of a batch, if a case could not be judged. Each case of a "
		"batch is "
		"answered\n"
		"by one line: {name, valid, validationErrorString} or {name, error}.",
		options, sizeof options / sizeof options[0], 0, 0 };
	struct judge judge = { .scratch = NULL };
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (batch ? schema || body : !schema || !body)
		return cli_misuse(cli, &usage, "either --batch, or --schema and --body");
	judge.scratch = pattern_scratch_new();
	if (!judge.scratch)
		return cli_fail(cli, "out of memory");
	end = batch ? batch_run(cli, batch, batch_entry, &judge) : run_one(cli, &judge, schema, body);
	pattern_scratch_free(judge.scratch);
	return end;
}

int cli_schema(struct cli *cli, int argc, char **argv)
{
	static const struct cli_part parts[] = { { "validate", validate } };
	static const struct cli_usage usage = { "postern schema validate [--help]",
		"Models of request validation, offline. `postern schema validate --help` tells more.", NULL, 0, 1, 1 };

	return cli_parts(cli, &usage, parts, sizeof parts / sizeof parts[0], argc, argv);
}
