/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/base/pattern.h"

static struct pattern_scratch *scratch;

static int matches(const char *text, unsigned flags, const char *subject)
{
	struct pattern *pattern;
	int result;

	assert_int_equal(0, pattern_compile(&pattern, view_from_text(text), flags, NULL));
	result = pattern_match(
		pattern, scratch, view_from(at_page_end(subject, strlen(subject)), strlen(subject)), NULL, 0);
	pattern_free(pattern);
	return result;
}

static void flags_mean_what_they_say(void **state)
{
	(void)state;
	assert_int_equal(1, matches("b", 0, "abc"));
	assert_int_equal(0, matches("b", PATTERN_WHOLE, "abc"));
	assert_int_equal(1, matches("a|abc", PATTERN_WHOLE, "abc"));
	assert_int_equal(0, matches("[0-9]+", PATTERN_WHOLE, "12\n"));
	assert_int_equal(1, matches("ABC", PATTERN_IGNORE_CASE, "abc"));
	assert_int_equal(0, matches("a.b", PATTERN_WHOLE, "a\nb"));
	assert_int_equal(1, matches("a.b", PATTERN_WHOLE | PATTERN_DOT_ALL, "a\nb"));
	assert_int_equal(1, matches("^.$", 0, "\xe2\x82\xac"));
	assert_int_equal(1, matches("", PATTERN_WHOLE, ""));
	assert_int_equal(-EILSEQ, matches("a", 0, "a\xff"));
}

static void groups_are_views_of_the_subject(void **state)
{
	struct pattern *pattern;
	struct view groups[4];

	(void)state;
	assert_int_equal(0, pattern_compile(&pattern, view_of("(a)(x)?(b+)"), 0, NULL));
	assert_int_equal(1, pattern_match(pattern, scratch, view_of("-abb-"), groups, 4));
	assert_true(view_equals_text(groups[0], "abb") && view_equals_text(groups[1], "a") &&
		    view_equals_text(groups[3], "bb"));
	assert_null(groups[2].at);
	pattern_free(pattern);
}

static void a_runaway_match_ends(void **state)
{
	(void)state;
	assert_int_equal(-E2BIG, matches("^(a+)+$", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
}

/* PCRE2's own limit is for each place where a match may begin: over a long subject it is none. */
static void a_search_of_a_long_subject_ends(void **state)
{
	enum { COUNT = 1 << 20 };
	char *subject = malloc(COUNT);
	uint64_t start_ns = clock_thread_ns();
	struct pattern *pattern;

	(void)state;
	assert_non_null(subject);
	memset(subject, 'a', COUNT);
	assert_int_equal(0, pattern_compile(&pattern, view_of("(aa?)+[bc]"), 0, NULL));
	assert_int_equal(-E2BIG, pattern_match(pattern, scratch, view_from(subject, COUNT), NULL, 0));
	assert_true(clock_thread_ns() - start_ns < 20 * PATTERN_BUDGET_NS);
	pattern_free(pattern);
	free(subject);
}

static void matches_of_a_budget_end_together(void **state)
{
	const char *runaway = "aaaaaaaaaaaaaaaaaab";
	struct pattern_budget budget = { 0 };
	struct pattern *pattern;
	uint64_t start_ns = clock_thread_ns();
	unsigned count = 0;
	int last = 0;

	(void)state;
	assert_int_equal(0, pattern_compile(&pattern, view_of("^(a+)+$"), 0, NULL));
	while (!budget.over && count++ < 10000000)
		last = pattern_match_within(pattern, scratch, &budget, view_from_text(runaway), 0, NULL, 0);
	assert_true(last == 0 || last == -E2BIG);
	assert_true(budget.over && clock_thread_ns() - start_ns < 20 * PATTERN_BUDGET_NS);
	assert_int_equal(-E2BIG, pattern_match_within(pattern, scratch, &budget, view_of("a"), 0, NULL, 0));
	pattern_free(pattern);
}

/* A search in parts finds what one search does, wherever it stands. */
static void parts_of_a_search_are_not_seen(void **state)
{
	static const char *const patterns[] = { "x", "(?<=\xe2\x82\xac)x", "x$", "\\bx", "(?m)^x", "(?m)$", "\\z" };
	char subject[600];
	struct view group;

	(void)state;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		struct pattern *pattern;

		assert_int_equal(0, pattern_compile(&pattern, view_from_text(patterns[i]), PATTERN_JAVA, NULL));
		for (size_t at = 5; at + 2 < sizeof subject; at++) {
			size_t count = i == 0 ? sizeof subject : at + 1, wanted = i >= 5 ? count : at;

			memset(subject, ' ', sizeof subject);
			memcpy(subject + at - 3, i == 4 ? " \r\n" : i == 1 ? "\xe2\x82\xac" : "  ,", 3);
			subject[at] = 'x';
			assert_int_equal(1, pattern_match(pattern, scratch, view_from(subject, count), &group, 1));
			assert_int_equal(wanted, (size_t)(group.at - subject));
		}
		pattern_free(pattern);
	}
}

static void a_bad_pattern_is_explained(void **state)
{
	static char longest[PATTERN_MAX_BYTES + 1];
	struct pattern_error error;
	struct pattern *pattern;

	(void)state;
	assert_int_equal(-EINVAL, pattern_compile(&pattern, view_of("a(b"), 0, &error));
	assert_int_equal(3, error.offset);
	assert_true(strlen(error.text) > 5);
	assert_int_equal(-EMSGSIZE, pattern_compile(&pattern, view_from(longest, sizeof longest), 0, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_mean_what_they_say),
		cmocka_unit_test(groups_are_views_of_the_subject),
		cmocka_unit_test(a_runaway_match_ends),
		cmocka_unit_test(a_search_of_a_long_subject_ends),
		cmocka_unit_test(matches_of_a_budget_end_together),
		cmocka_unit_test(parts_of_a_search_are_not_seen),
		cmocka_unit_test(a_bad_pattern_is_explained),
	};
	int result;

	scratch = pattern_scratch_new();
	result = cmocka_run_group_tests(tests, NULL, NULL);
	pattern_scratch_free(scratch);
	return result;
}
