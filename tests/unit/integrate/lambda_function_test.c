/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/lambda_function: paths that invoke functions. Source: spec/lambda.md 1. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/lambda_function.h"

static struct view edge(const char *text)
{
	return view_from(at_page_end(text, strlen(text)), strlen(text));
}

static void functions_are_named_in_many_ways(void **state)
{
	static const struct {
		const char *path, *name, *qualifier;
		bool streams;
	} cases[] = {
		{ "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:fn/invocations", "fn", "",
			false },
		{ "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:fn:live/invocations", "fn",
			"live", false },
		{ "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:fn:$LATEST/invocations", "fn",
			"$LATEST", false },
		{ "/2015-03-31/functions/000000000000:function:fn:1/invocations", "fn", "1", false },
		{ "/2015-03-31/functions/function:fn/invocations", "fn", "", false },
		{ "/2015-03-31/functions/fn/invocations", "fn", "", false },
		{ "/2015-03-31/functions/fn:live/invocations", "fn", "live", false },
		{ "/2021-11-15/functions/arn:aws:lambda:us-east-1:000000000000:function:fn/"
		  "response-streaming-invocations",
			"fn", "", true },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 65536);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct lambda_function function;

		assert_int_equal(0, lambda_function_parse(&function, edge(cases[i].path)));
		assert_true(view_equals_text(function.name, cases[i].name));
		assert_true(view_equals_text(function.qualifier, cases[i].qualifier));
		assert_int_equal(cases[i].streams, function.streams);
		assert_true(view_equals_text(lambda_function_path(&arena, &function, false), cases[i].path));
		assert_true(view_equals_text(lambda_function_path(&arena, &function, true),
			cases[i].streams ? "/2021-11-15/functions/fn/response-streaming-invocations"
					 : "/2015-03-31/functions/fn/invocations"));
	}
	arena_fini(&arena);
}

static void other_paths_invoke_nothing(void **state)
{
	static const char *const paths[] = { "", "/", "/2015-03-31/functions", "/2015-03-31/functions/fn",
		"/2015-03-31/functions//invocations", "/2015-03-31/functions/invocations", "/functions/fn/invocations",
		"2015-03-31/functions/fn/invocations", "/2015-03-31/functions/fn/configuration",
		"/2015-03-31/functions/fn/x/invocations", "/a/b/functions/fn/invocations",
		"/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:/invocations",
		"/2015-03-31/functions/arn:aws:lambda/invocations", "/2015-03-31/functions/:live/invocations",
		"/2015-03-31/functions/fn:a:b/invocations" };
	struct lambda_function function;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (lambda_function_parse(&function, edge(paths[i])) != -EINVAL)
			fail_msg("%s was taken", paths[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_named_in_many_ways),
		cmocka_unit_test(other_paths_invoke_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
