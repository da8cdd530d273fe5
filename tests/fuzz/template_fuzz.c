/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes: up to the first NUL a mapping template, behind it the payload. What compiles is rendered twice within small limits: the same
 * output both times, or the same error with a reason; a literal renders to itself.
 */
#include <errno.h>
#include <stdint.h>

#include "appliance/base/assert.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"

#define ARENA_MAX_BYTES ((size_t)32 << 20)
#define STEPS 20000
#define OUTPUT_MAX_BYTES 65536

static const char variables_json[] = "{\"@input\": {\"body\": \"\", \"params\": {\"path\": {\"id\": \"p1\"}, "
				     "\"querystring\": {\"q\": \"1\", \"e\": \"\"}, \"header\":"
				     " {\"X-Test\": \"hv\"}}}, \"context\": {\"stage\": \"prod\", \"identity\": "
				     "{\"sourceIp\": \"10.0.0.1\", \"user\": null}},"
				     " \"stageVariables\": {\"table\": \"t1\"}, \"name\": \"Ann\", \"n\": 7, \"f\": "
				     "1.5, \"t\": true, \"s\": \"a,b,c\","
				     " \"l\": [1, 2, 3], \"m\": {\"k\": \"v\", \"n\": 1, \"in\": {\"d\": \"deep\"}}, "
				     "\"lo\": [{\"id\": 1}, {\"id\": 2}]}";

static struct pattern_scratch *patterns;
static struct template_run run;

static int render(struct arena *arena, const struct template *template, struct view body, struct buffer *out)
{
	struct template_sample sample;
	struct json_value variables;
	const char *rule;
	int result;

	ASSERT(json_value_parse(arena, view_from(variables_json, sizeof variables_json - 1), NULL, &variables, NULL) ==
		0);
	ASSERT(template_sample_load(&sample, arena, &variables, &rule) == 0);
	sample.body = body;
	template_sample_run(&sample, &run, arena, patterns);
	run.limits.steps = STEPS;
	run.limits.output_bytes = OUTPUT_MAX_BYTES;
	buffer_init(out, (size_t)OUTPUT_MAX_BYTES * 2);
	result = template_render(template, &run, out);
	ASSERT(result <= 0);
	ASSERT(result || out->count <= OUTPUT_MAX_BYTES);
	ASSERT(!result || run.error[0]);
	if (!result) {
		struct buffer overrides;

		buffer_init_arena(&overrides, arena, ARENA_MAX_BYTES);
		(void)template_sample_write_overrides(&sample, &run, &overrides);
	}
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_from(data, size), literal;
	size_t cut = view_find_byte(input, '\0');
	struct view text = view_part(input, 0, cut);
	struct view body = cut == VIEW_NOWHERE ? view_of("") : view_after(input, cut + 1);
	struct arena program, first, second;
	struct template_error error;
	struct template *template;
	struct buffer out, again;
	int result;

	if (!patterns)
		patterns = pattern_scratch_new();
	ASSERT(patterns);
	arena_init(&program, NULL, ARENA_MAX_BYTES);
	arena_init(&first, NULL, ARENA_MAX_BYTES);
	arena_init(&second, NULL, ARENA_MAX_BYTES);
	result = template_compile(&template, &program, text, NULL, &error);
	ASSERT(result != -EINVAL || error.text[0]);
	if (!result) {
		result = render(&first, template, body, &out);
		ASSERT(render(&second, template, body, &again) == result);
		ASSERT(result || view_equals(buffer_view(&out), buffer_view(&again)));
		if (template_is_literal(template, &literal) && literal.count <= OUTPUT_MAX_BYTES)
			ASSERT(!result && view_equals(literal, buffer_view(&out)));
		buffer_fini(&out);
		buffer_fini(&again);
	}
	arena_fini(&program);
	arena_fini(&first);
	arena_fini(&second);
	return 0;
}
