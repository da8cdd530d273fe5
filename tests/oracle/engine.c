/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What our own engines make of templates and JSONPaths: a case a line on standard input, an answer a line on standard output.
 *
 *	{"template": "…", "context": {…}}  →  {"output": "…"} or {"error": "parse" | "runtime", "text": "…"}
 *	{"path": "…", "document": "…"}     →  {"found": VALUE} or {"error": "path" | "missing"}
 *
 * "context" is that of mapping/template_sample.h. usage: engine < CASES, or engine bench CASE, which measures a template: each line of
 * standard input asks for a measurement of so many seconds, whose answer is CPU nanoseconds per rendering; an empty line asks for
 * what is rendered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/json_path.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"

#define CASE_ARENA_MAX_BYTES ((size_t)256 << 20)
#define KEPT_BYTES ((size_t)4 << 20)

static struct arena_pool pool;
static struct pattern_scratch *patterns;

static void die(const char *what)
{
	(void)fprintf(stderr, "engine: %s\n", what);
	exit(2);
}

static void print_error(const char *kind, const char *text)
{
	char room[4096];
	struct buffer out;

	buffer_init_fixed(&out, room, sizeof room);
	buffer_printf(&out, "{\"error\":\"%s\",\"text\":", kind);
	json_value_write_text(&out, view_from_text(text));
	buffer_append_text(&out, "}\n");
	(void)fwrite(out.at, 1, out.count, stdout);
}

static void print_buffer(struct buffer *out)
{
	buffer_append_text(out, "}\n");
	if (buffer_error(out))
		die("an answer is too long");
	(void)fwrite(out->at, 1, out->count, stdout);
}

static void render(struct arena *arena, const struct json_value *test)
{
	struct template_error error = { 0 };
	struct template_sample sample;
	struct template_run run;
	struct template *template;
	struct buffer out, line;
	const char *rule = "";
	int result = template_sample_load(&sample, arena, json_value_find(test, view_of("context")), &rule);

	if (result)
		die(rule);
	result = template_compile(
		&template, arena, json_value_text(json_value_find(test, view_of("template"))), NULL, &error);
	if (result) {
		print_error("parse", error.text);
		return;
	}
	template_sample_run(&sample, &run, arena, patterns);
	buffer_init_arena(&out, arena, run.limits.output_bytes);
	result = template_render(template, &run, &out);
	if (result) {
		print_error("runtime", run.error);
		return;
	}
	buffer_init_arena(&line, arena, CASE_ARENA_MAX_BYTES);
	buffer_append_text(&line, "{\"output\":");
	json_value_write_text(&line, buffer_view(&out));
	print_buffer(&line);
}

static void find(struct arena *arena, const struct json_value *test)
{
	const struct json_path *path;
	struct json_path_result found;
	struct json_value document;
	struct buffer line;

	if (json_path_compile(&path, arena, json_value_text(json_value_find(test, view_of("path"))), NULL) != 0) {
		print_error("path", "");
		return;
	}
	if (json_value_parse(
		    arena, json_value_text(json_value_find(test, view_of("document"))), NULL, &document, NULL) ||
		json_path_find(path, &document, arena, patterns, &found) != 0)
		die("a document does not parse, or a search takes too long");
	if (found.definite && !found.first) {
		print_error("missing", "");
		return;
	}
	buffer_init_arena(&line, arena, CASE_ARENA_MAX_BYTES);
	buffer_append_text(&line, found.definite ? "{\"found\":" : "{\"found\":[");
	for (size_t i = 0; i < found.count; i++) {
		if (i)
			buffer_append_byte(&line, ',');
		json_value_write(&line, found.values[i]);
	}
	if (!found.definite)
		buffer_append_byte(&line, ']');
	print_buffer(&line);
}

static void answer_cases(void)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t count;

	while ((count = getline(&text, &room, stdin)) > 0) {
		struct json_value test;
		struct arena arena;

		arena_init(&arena, &pool, CASE_ARENA_MAX_BYTES);
		if (json_value_parse(&arena, view_from(text, (size_t)count), NULL, &test, NULL) != 0)
			die("a line is not JSON");
		if (json_value_find(&test, view_of("template")))
			render(&arena, &test);
		else
			find(&arena, &test);
		arena_fini(&arena);
	}
	free(text);
}

/* --- Measuring ------------------------------------------------------------------------------------------------------ */

static struct view whole_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *bytes = malloc(1 << 20);
	size_t count = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;

	if (count == 0)
		die(path);
	(void)fclose(file);
	return view_from(bytes, count);
}

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As for one request: fresh overrides, the body is read again, the memory goes back to the pool. */
static void render_measured(struct template_sample *sample, const struct template *template, bool show)
{
	struct template_run run;
	struct buffer out, line;
	struct arena arena;

	arena_init(&arena, &pool, CASE_ARENA_MAX_BYTES);
	if (template_overrides_init(&sample->overrides, &arena))
		die("no memory");
	template_sample_run(sample, &run, &arena, patterns);
	buffer_init_arena(&out, &arena, run.limits.output_bytes);
	if (template_render(template, &run, &out) != 0)
		die(run.error);
	if (show) {
		buffer_init_arena(&line, &arena, CASE_ARENA_MAX_BYTES);
		buffer_append_text(&line, "{\"output\":");
		json_value_write_text(&line, buffer_view(&out));
		print_buffer(&line);
	}
	arena_fini(&arena);
}

static void measure_once(struct template_sample *sample, const struct template *template, double seconds)
{
	double until = seconds_of(CLOCK_MONOTONIC) + seconds, before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	size_t count = 0;

	do {
		for (int i = 0; i < 50; i++)
			render_measured(sample, template, false);
		count += 50;
	} while (seconds_of(CLOCK_MONOTONIC) < until);
	(void)printf("%.0f\n", (seconds_of(CLOCK_THREAD_CPUTIME_ID) - before) * 1e9 / (double)count);
}

static void measure(const char *path)
{
	struct template_error error = { 0 };
	struct template_sample sample;
	struct template *template;
	struct json_value test;
	struct arena arena;
	const char *rule = "";
	char line[64];

	arena_init(&arena, NULL, CASE_ARENA_MAX_BYTES);
	if (json_value_parse(&arena, whole_file(path), NULL, &test, NULL) != 0)
		die("the case is not JSON");
	if (template_compile(
		    &template, &arena, json_value_text(json_value_find(&test, view_of("template"))), NULL, &error) != 0)
		die(error.text);
	if (template_sample_load(&sample, &arena, json_value_find(&test, view_of("context")), &rule) != 0)
		die(rule);
	while (fgets(line, sizeof line, stdin)) {
		if (line[0] == '\n')
			render_measured(&sample, template, true);
		else
			measure_once(&sample, template, strtod(line, NULL));
		(void)fflush(stdout);
	}
	arena_fini(&arena);
}

int main(int count, char **arguments)
{
	arena_pool_init(&pool, KEPT_BYTES);
	patterns = pattern_scratch_new();
	if (!patterns)
		die("no memory");
	if (count == 3 && strcmp(arguments[1], "bench") == 0)
		measure(arguments[2]);
	else
		answer_cases();
	pattern_scratch_free(patterns);
	arena_pool_fini(&pool);
	return 0;
}
