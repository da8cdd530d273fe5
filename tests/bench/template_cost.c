/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template_cost: microseconds of rendering tests/bench/template.vtl (4 KB) with the payload tests/bench/template_body.json (10 KB), reading
 * the payload included, from compiled template to finished output, in the memory of a request; and allocations from the heap
 * in all of that, once the first request has warmed the pool. template_compile_us is what compiling it takes.
 *
 * usage: template_cost      (prints lines `NAME VALUE`; from the root of the tree)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appliance/base/arena.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"
#include "tests/bench/allocations.h"

#define ROUNDS 15
#define RENDERINGS 400
#define FILE_MAX_BYTES 65536
#define POOL_MAX_BYTES ((size_t)4 << 20)
#define ARENA_MAX_BYTES ((size_t)16 << 20)

static const char context_json[] =
	"{\"@input\": {\"params\": {\"path\": {\"store\": \"north\"}, \"querystring\": {\"origin\": "
	"\"https://a.example/x?y\"},"
	" \"header\": {\"Accept\": \"application/json\", \"User-Agent\": \"bench/1.0 (it's a \\\"test\\\")\"}}},"
	" \"context\": {\"apiId\": \"a1b2c3d4e5\", \"stage\": \"prod\", \"httpMethod\": \"POST\", \"resourcePath\": "
	"\"/orders\","
	" \"requestId\": \"8d806089-46cf-4172-baee-aebe038de750\","
	" \"identity\": {\"sourceIp\": \"10.0.0.1\", \"userAgent\": \"bench/1.0 (it's a \\\"test\\\")\"}},"
	" \"stageVariables\": {\"table\": \"orders-prod\"}}";

/* --- The work ------------------------------------------------------------------------------------------------------- */

static const struct view context_text = { .at = context_json, .count = sizeof context_json - 1 };

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "template_cost: %s: %s\n", what, why);
	exit(1);
}

static struct view read_file(const char *path)
{
	static char rooms[2][FILE_MAX_BYTES];
	static size_t used;
	FILE *file = fopen(path, "rb");
	char *room = rooms[used++ % 2];
	size_t count;

	if (!file)
		fail(path, "can't be read");
	count = fread(room, 1, FILE_MAX_BYTES, file);
	fclose(file);
	return view_from(room, count);
}

static double now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof *values, compare);
	return values[ROUNDS / 2];
}

/* One request: what is not the payload is there already; the overrides are a request's own. */
static size_t render(struct template_sample *sample, const struct template *template, struct arena *arena,
	struct pattern_scratch *patterns)
{
	struct template_run run;
	struct buffer out;
	size_t count;

	if (template_overrides_init(&sample->overrides, arena))
		fail("overrides", "no memory");
	template_sample_run(sample, &run, arena, patterns);
	buffer_init_arena(&out, arena, TEMPLATE_OUTPUT_MAX_BYTES);
	if (template_render(template, &run, &out))
		fail("the template fails", run.error);
	count = out.count;
	arena_reset(arena);
	return count;
}

static double compile_us(struct view text)
{
	double values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		struct template *template;
		struct arena arena;
		double start = now_us();

		arena_init(&arena, NULL, ARENA_MAX_BYTES);
		if (template_compile(&template, &arena, text, NULL, NULL))
			fail("the template", "does not compile");
		values[round] = now_us() - start;
		arena_fini(&arena);
	}
	return median(values);
}

static double render_us(struct template_sample *sample, const struct template *template, struct arena *arena,
	struct pattern_scratch *patterns)
{
	double values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_us();

		for (int i = 0; i < RENDERINGS; i++)
			render(sample, template, arena, patterns);
		values[round] = (now_us() - start) / RENDERINGS;
	}
	return median(values);
}

int main(void)
{
	struct view text = read_file("tests/bench/template.vtl"), body = read_file("tests/bench/template_body.json");
	struct pattern_scratch *patterns = pattern_scratch_new();
	struct template_error error;
	struct template_sample sample;
	struct template *template;
	struct json_value context;
	struct arena long_lived, arena;
	struct arena_pool pool;
	unsigned long before;
	const char *rule;
	double figure;

	arena_pool_init(&pool, POOL_MAX_BYTES);
	arena_init(&long_lived, NULL, ARENA_MAX_BYTES);
	arena_init(&arena, &pool, ARENA_MAX_BYTES);
	if (json_value_parse(&long_lived, context_text, NULL, &context, NULL) ||
		template_sample_load(&sample, &long_lived, &context, &rule))
		fail("the sample", "can't be read");
	if (template_compile(&template, &long_lived, text, NULL, &error))
		fail("the template does not compile", error.text);
	sample.body = body;
	printf("template_bytes %zu\n", text.count);
	printf("template_body_bytes %zu\n", body.count);
	printf("template_output_bytes %zu\n", render(&sample, template, &arena, patterns));
	(void)render_us(&sample, template, &arena, patterns);
	before = allocation_count;
	figure = render_us(&sample, template, &arena, patterns);
	printf("template_allocations %lu\n", allocation_count - before);
	printf("template_us %.2f\n", figure);
	printf("template_compile_us %.2f\n", compile_us(text));
	pattern_scratch_free(patterns);
	arena_fini(&arena);
	arena_fini(&long_lived);
	arena_pool_fini(&pool);
	return 0;
}
