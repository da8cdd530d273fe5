/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern template`: mapping templates, rendered by the engine that the gateway uses, without an appliance. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/cli/batch.h"
#include "appliance/cli/cli.h"
#include "appliance/crypto/base64.h"
#include "appliance/mapping/template_sample.h"

/* All that one template may take; the gateway gives a request less. */
#define RENDER_MEMORY_MAX_BYTES ((size_t)256 << 20)
/* Payload, output with what JSON makes of it, overrides. */
#define LINE_MAX_BYTES ((size_t)128 << 20)
#define EVENT_MAX_BYTES ((size_t)16 << 20)

/* One rendering: what it takes and what came of it. */
struct rendering {
	struct arena arena;
	struct pattern_scratch *patterns;
	struct template_sample sample;
	struct template_run run;
	struct buffer output;
	char error[512]; /* empty: it went well */
};

static bool rendering_init(struct cli *cli, struct rendering *rendering)
{
	arena_init(&rendering->arena, &cli->pool, RENDER_MEMORY_MAX_BYTES);
	rendering->patterns = pattern_scratch_new();
	return rendering->patterns != NULL;
}

static void rendering_fini(struct rendering *rendering)
{
	pattern_scratch_free(rendering->patterns);
	arena_fini(&rendering->arena);
}

static bool fail(struct rendering *rendering, const char *what, const char *reason)
{
	snprintf(rendering->error, sizeof rendering->error, "%s%s", what, reason);
	return false;
}

/* Render `text` with the sample; false with rendering->error. */
static bool render(struct rendering *rendering, struct view text)
{
	struct template_error error;
	struct template *template;
	int result = template_compile(&template, &rendering->arena, text, NULL, &error);

	rendering->error[0] = '\0';
	template_sample_run(&rendering->sample, &rendering->run, &rendering->arena, rendering->patterns);
	buffer_init_arena(&rendering->output, &rendering->arena, TEMPLATE_OUTPUT_MAX_BYTES);
	if (result == -EINVAL && error.line) {
		snprintf(rendering->error, sizeof rendering->error, "line %u, column %u: %s", error.line, error.column,
			error.text);
		return false;
	}
	if (result)
		return fail(rendering, "", error.text[0] ? error.text : strerror(-result));
	result = template_render(template, &rendering->run, &rendering->output);
	return !result || fail(rendering, "", rendering->run.error[0] ? rendering->run.error : strerror(-result));
}

/* --- Output in JSON ------------------------------------------------------------------------------------------------- */

/* Print {"name": …, "output": …, "context_after": …} or {"name": …, "error": …}; no name if `named` is false. */
static bool print_line(struct rendering *rendering, bool named, const struct json_value *name)
{
	struct buffer line;
	bool written = true;

	buffer_init(&line, LINE_MAX_BYTES);
	buffer_append_byte(&line, '{');
	if (named) {
		buffer_append_text(&line, "\"name\":");
		json_value_write(&line, name ? name : &json_value_null);
		buffer_append_byte(&line, ',');
	}
	if (rendering->error[0]) {
		buffer_append_text(&line, "\"error\":");
		json_value_write_text(&line, view_from_text(rendering->error));
	} else {
		buffer_append_text(&line, "\"output\":");
		json_value_write_text(&line, buffer_view(&rendering->output));
		buffer_append_text(&line, ",\"context_after\":");
		written = template_sample_write_overrides(&rendering->sample, &rendering->run, &line) == 0;
	}
	buffer_append_text(&line, "}\n");
	written = written && !buffer_error(&line);
	if (written)
		fwrite(line.at, 1, line.count, stdout);
	buffer_fini(&line);
	return written;
}

/* --- Batches -------------------------------------------------------------------------------------------------------- */

static bool render_entry(struct rendering *rendering, const struct json_value *entry)
{
	const struct json_value *template = json_value_find(entry, view_of("template"));
	const char *rule;
	int result;

	if (!json_value_is_object(entry) || !json_value_is_text(template))
		return fail(rendering, "", "an entry is an object with a template, which is a text");
	result = template_sample_load(
		&rendering->sample, &rendering->arena, json_value_find(entry, view_of("context")), &rule);
	if (result)
		return fail(rendering, "context: ", result == -EINVAL ? rule : strerror(-result));
	(void)render(rendering, json_value_text(template)); /* an error is an answer too */
	return true;
}

static bool batch_entry(void *context, struct view text, size_t line, size_t column)
{
	struct rendering *rendering = context;
	struct json_error error = { 0 };
	struct json_value entry;
	bool done = false;

	rendering->error[0] = '\0';
	if (json_value_parse(&rendering->arena, text, NULL, &entry, &error) == 0) {
		done = render_entry(rendering, &entry);
		if (!print_line(rendering, true, json_value_find(&entry, view_of("name")))) {
			fail(rendering, "", "the answer is too long");
			done = print_line(rendering, true, json_value_find(&entry, view_of("name"))) && false;
		}
	} else {
		snprintf(rendering->error, sizeof rendering->error, "line %zu, column %zu: %s",
			line + (error.line ? error.line - 1 : 0),
			error.line > 1 ? error.column : column + (error.column ? error.column - 1 : 0),
			error.rule ? error.rule : "too large");
		(void)print_line(rendering, true, NULL);
	}
	arena_reset(&rendering->arena);
	return done;
}

/* --- One template --------------------------------------------------------------------------------------------------- */

/* Say on stderr what a text on stdout would mix up with the output. */
static void print_overrides(struct rendering *rendering)
{
	struct buffer text;

	if (!rendering->sample.overrides.touched)
		return;
	if (template_overrides_repeated(&rendering->sample.overrides))
		fprintf(stderr, "a parameter is overridden twice: the gateway answers 500\n");
	buffer_init(&text, LINE_MAX_BYTES);
	if (template_sample_write_overrides(&rendering->sample, &rendering->run, &text) == 0 && !buffer_error(&text))
		fprintf(stderr, "overrides: " VIEW_FMT "\n", VIEW_ARG(buffer_view(&text)));
	buffer_fini(&text);
}

/* The body that an event with isBase64Encoded has. */
static int decode_body(struct rendering *rendering, const struct json_value *event, const char **ret_rule)
{
	struct view text = rendering->sample.body;
	uint8_t *bytes;
	long count;

	if (json_value_kind(json_value_find(event, view_of("isBase64Encoded"))) != JSON_VALUE_TRUE)
		return 0;
	*ret_rule = "isBase64Encoded is true, and the body is not base64";
	bytes = arena_alloc(&rendering->arena, text.count + 1);
	if (!bytes)
		return -ENOMEM;
	count = base64_decode_lines(bytes, text);
	if (count < 0)
		return -EINVAL;
	rendering->sample.body = view_from((const char *)bytes, (size_t)count);
	return 0;
}

/* The sample of an event, or of a payload alone. */
static bool load_event(struct cli *cli, struct rendering *rendering, const char *path, const char *body_path)
{
	struct json_value event = { .kind = JSON_VALUE_OBJECT };
	struct json_error error = { 0 };
	const char *rule = "";
	struct view text;
	int result;

	if (path) {
		result = cli_read_file(cli, path, EVENT_MAX_BYTES, &text);
		if (result) {
			cli_fail(cli, "can't read %s: %s", path, strerror(-result));
			return false;
		}
		result = json_value_parse(&rendering->arena, text, NULL, &event, &error);
		if (result) {
			cli_fail(cli, "%s: line %u, column %u: %s", path, error.line, error.column,
				error.rule ? error.rule : "too large");
			return false;
		}
	}
	/* An entry of a batch has its variables in "context"; they may be given alone. */
	if (json_value_find(&event, view_of("@input")))
		result = template_sample_load(&rendering->sample, &rendering->arena, &event, &rule);
	else
		result = template_sample_load_event(&rendering->sample, &rendering->arena, &event, &rule);
	if (!result)
		result = decode_body(rendering, &event, &rule);
	if (result) {
		cli_fail(cli, "%s: %s", path ? path : "event", result == -EINVAL ? rule : strerror(-result));
		return false;
	}
	if (body_path) {
		result = cli_read_file(cli, body_path, EVENT_MAX_BYTES, &rendering->sample.body);
		if (result)
			cli_fail(cli, "can't read %s: %s", body_path, strerror(-result));
	}
	return result == 0;
}

static int render_file(
	struct cli *cli, struct rendering *rendering, const char *path, const char *event, const char *body)
{
	struct view text;
	int result;

	if (!load_event(cli, rendering, event, body))
		return CLI_FAILED;
	result = cli_read_file(cli, path, TEMPLATE_MAX_BYTES + 1, &text);
	if (result)
		return cli_fail(cli, "can't read %s: %s", path, strerror(-result));
	if (!render(rendering, text))
		return cli_fail(cli, "%s: %s", path, rendering->error);
	if (cli->json)
		return print_line(rendering, false, NULL) ? CLI_OK : cli_fail(cli, "%s: too long", path);
	fwrite(rendering->output.at, 1, rendering->output.count, stdout);
	if (rendering->output.count && rendering->output.at[rendering->output.count - 1] != '\n')
		putchar('\n');
	fflush(stdout);
	print_overrides(rendering);
	return CLI_OK;
}

static int run_render(struct cli *cli, int argc, char **argv)
{
	const char *batch = NULL, *event = NULL, *body = NULL;
	const struct cli_option options[] = {
		{ "event", "FILE", "the request: a Lambda proxy event in JSON (body, headers, pathParameters, …)",
			&event, NULL },
		{ "body", "FILE", "the payload, in the place of the event's", &body, NULL },
		{ "batch", "FILE",
			"many: an array or lines of {name, template, context}, one answer in JSON a line; - is stdin",
			&batch, NULL },
	};
	const struct cli_usage usage = { "postern template render TEMPLATE [--event FILE] [--body FILE] | --batch FILE",
		"Renders a mapping template file as the gateway would, and prints what it makes. Overrides of the\n"
		"request and the response go to stderr, or with --json into context_after. Either file may be\n"
		"- for stdin.",
		options, sizeof options / sizeof options[0], 0, 1 };
	struct rendering rendering = { .error = "" };
	char **arguments;
	size_t count;
	int status = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (status >= 0)
		return status;
	if (!!batch == (count == 1) || (batch && (event || body)))
		return cli_misuse(cli, &usage, "either one template or --batch");
	if (!rendering_init(cli, &rendering))
		return cli_fail(cli, "out of memory");
	status = batch ? batch_run(cli, batch, batch_entry, &rendering)
		       : render_file(cli, &rendering, arguments[0], event, body);
	rendering_fini(&rendering);
	return status;
}

int cli_template(struct cli *cli, int argc, char **argv)
{
	static const struct cli_part parts[] = {
		{ "render", run_render },
	};
	static const struct cli_usage usage = { "postern template render [--help]",
		"Mapping templates, offline. `postern template render --help` tells more.", NULL, 0, 1, 1 };

	return cli_parts(cli, &usage, parts, sizeof parts / sizeof parts[0], argc, argv);
}
