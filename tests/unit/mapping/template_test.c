/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of mapping/template: all vectors of API Gateway's dialect, and what they leave out: limits, errors and their places, what
 * Velocity 1.7 was asked, one program for many runs.
 */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"

static struct arena arena;
static struct pattern_scratch *patterns;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)256 << 20);
	patterns = pattern_scratch_new();
	return patterns ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	pattern_scratch_free(patterns);
	arena_fini(&arena);
	return 0;
}

/* --- Vectors -------------------------------------------------------------------------------------------------------- */

/* Is every member of `wanted` in `got`, equal? */
static bool holds(const struct json_value *got, const struct json_value *wanted)
{
	for (size_t i = 0; i < json_value_count(wanted); i++) {
		if (!json_value_equals(json_value_find(got, json_value_name_at(wanted, i)), json_value_at(wanted, i)))
			return false;
	}
	return true;
}

static bool overrides_hold(struct template_sample *sample, struct template_run *run, const struct json_value *wanted)
{
	struct json_value got;
	struct buffer text;

	buffer_init_arena(&text, &arena, 1 << 20);
	assert_int_equal(0, template_sample_write_overrides(sample, run, &text));
	assert_int_equal(0, json_value_parse(&arena, buffer_view(&text), NULL, &got, NULL));
	return holds(&got, wanted);
}

/* One vector; prints what is wrong. */
static bool run_vector(const struct json_value *vector)
{
	struct view name = json_value_text(json_value_find(vector, view_of("name")));
	struct view wanted = json_value_text(json_value_find(vector, view_of("expected")));
	struct view failure = json_value_text(json_value_find(vector, view_of("expect_error")));
	struct view text = json_value_text(json_value_find(vector, view_of("template")));
	struct template_error error = { 0 };
	struct template_sample sample;
	struct template *template;
	struct template_run run;
	struct buffer out;
	const char *rule;
	int result;

	assert_int_equal(0, template_sample_load(&sample, &arena, json_value_find(vector, view_of("context")), &rule));
	result = template_compile(&template, &arena, text, NULL, &error);
	if (result) {
		if (view_equals_text(failure, "parse") && result == -EINVAL && error.text[0])
			return true;
		print_error(VIEW_FMT ": does not compile: %u:%u: %s\n", VIEW_ARG(name), error.line, error.column,
			error.text);
		return false;
	}
	template_sample_run(&sample, &run, &arena, patterns);
	buffer_init_arena(&out, &arena, 1 << 20);
	result = template_render(template, &run, &out);
	if (result && view_equals_text(failure, "runtime") && run.error[0])
		return true;
	if (result || failure.at || !view_equals(wanted, buffer_view(&out))) {
		print_error(VIEW_FMT ": result %d (%s)\n  got    <" VIEW_FMT ">\n  wanted <" VIEW_FMT ">\n",
			VIEW_ARG(name), result, run.error, VIEW_ARG(buffer_view(&out)), VIEW_ARG(wanted));
		return false;
	}
	if (!overrides_hold(&sample, &run, json_value_find(vector, view_of("context_after")))) {
		print_error(VIEW_FMT ": other overrides\n", VIEW_ARG(name));
		return false;
	}
	return true;
}

static void test_vectors(void **state)
{
	size_t count, run_count = 0, failed = 0;
	char *text = whole_file("tests/vectors/template-vectors.json", &count);
	struct json_value vectors;

	(void)state;
	assert_int_equal(0, json_value_parse(&arena, view_from(text, count), NULL, &vectors, NULL));
	for (size_t i = 0; i < json_value_count(&vectors); i++) {
		const struct json_value *vector = json_value_at(&vectors, i);

		if (view_equals_text(json_value_text(json_value_find(vector, view_of("undefined"))), "literal"))
			continue;
		run_count++;
		failed += !run_vector(vector);
	}
	free(text);
	assert_int_equal(525, run_count);
	assert_int_equal(0, failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
