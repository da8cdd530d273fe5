/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/pattern.h"
#include "appliance/validate/ecma_pattern.h"

static struct pattern_scratch *scratch;

/* 1 if it matches somewhere, 0 if not, negative if the translation or PCRE2 refuses it. */
static int match(const char *regex, const char *subject)
{
	struct view text = view_from(at_page_end(regex, strlen(regex)), strlen(regex));
	struct pattern *pattern = NULL;
	struct pattern_error why;
	struct buffer translated;
	int result;

	buffer_init(&translated, ECMA_PATTERN_TRANSLATED_MAX_BYTES);
	result = ecma_pattern_translate(text, &translated);
	assert_int_equal(result, ecma_pattern_translate(text, NULL));
	if (!result && pattern_compile(&pattern, buffer_view(&translated), PATTERN_TRANSLATED, &why))
		fail_msg("%s became %s: %s", regex, buffer_text(&translated), why.text);
	if (!result)
		result = pattern_match(pattern, scratch, view_from_text(subject), NULL, 0);
	pattern_free(pattern);
	buffer_fini(&translated);
	return result;
}

static void patterns_match_as_in_ecmascript(void **state)
{
	static const struct {
		const char *regex, *subject;
		int matches;
	} cases[] = {
		{ "^[0-9]+$", "12\n", 0 },
		{ "b", "abc", 1 },
		{ "^.$", "\r", 0 },
		{ "^.$", "\xe2\x80\xa8", 0 }, /* U+2028 ends lines */
		{ "^.$", "\xf0\x9f\x98\x80", 1 },
		{ "^\\s$", "\xc2\xa0", 1 },
		{ "^[\\s]$", "\xef\xbb\xbf", 1 },
		{ "^\\S$", "\xc2\xa0", 0 },
		{ "^\\w$", "\xc3\xa4", 0 },
		{ "^\\d$", "\xd9\xa1", 0 },
		{ "^\\v$", "\x0b", 1 },
		{ "^\\v$", "\n", 0 },
		{ "^\\a\\A\\z\\Q$", "aAzQ", 1 },
		{ "^\\p{L}$", "p{L}", 1 },
		{ "^\\u0041\\x42\\103\\cJ\\0$", "ABC\n", 0 },
		{ "^\\u0041\\x42\\103\\cJ$", "ABC\n", 1 },
		{ "^\\ud83d\\ude00$", "\xf0\x9f\x98\x80", 1 },
		{ "^\\u12$", "u12", 1 },
		{ "^\\x1$", "x1", 1 },
		{ "^\\c1$", "\\c1", 1 },
		{ "^(a)(b)\\2\\1$", "abba", 1 },
		{ "^(?<x>a)\\k<x>$", "aa", 1 },
		{ "^\\k<x>$", "k<x>", 1 },
		{ "^a\\9$", "a9", 1 },
		{ "[]", "a", 0 },
		{ "^[^]$", "\n", 1 },
		{ "^[[:alpha:]]$", ":]", 1 },
		{ "^[\\b]$", "\b", 1 },
		{ "^[a\\-z]+$", "a-z", 1 },
		{ "^[^\\]]$", "]", 0 },
		{ "^a{2}$", "aa", 1 },
		{ "^a{,2}$", "a{,2}", 1 },
		{ "^{a}]$", "{a}]", 1 },
		{ "^x{1,}?$", "xx", 1 },
		{ "a(?=b)b", "ab", 1 },
		{ "a(?!b)", "ab", 0 },
		{ "(?<=a)b", "ab", 1 },
		{ "(?<!a)b", "ab", 0 },
		{ "^(?:a|b)*$", "abab", 1 },
		{ "^#  x$", "#  x", 1 },
		{ "\\bfoo\\B", "a food", 1 },
		{ "^\\/\\.\\-$", "/.-", 1 },
		{ "", "x", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (match(cases[i].regex, cases[i].subject) != cases[i].matches)
			fail_msg("%s", cases[i].regex);
	}
}

static void what_is_no_pattern_is_refused(void **state)
{
	static const char *const bad[] = { "(", ")", "a)", "[a", "[\\", "\\", "*", "a**", "a++", "a?+", "a{2}{3}",
		"{2}", "a{3,2}", "a{70000}", "(?i)a", "(?>a)", "(?#c)", "(*UTF)a", "(?<1>a)", "(?<a", "(?P<a>b)",
		"(?<x>a)\\k<", "|*", "(*a)", "^*", "\\b+", "\\ud800", "[\\udc00]" };
	char *deep = malloc(4096);

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (match(bad[i], "a") != -EINVAL)
			fail_msg("%s", bad[i]);
	}
	assert_non_null(deep);
	memset(deep, '(', 2000);
	memset(deep + 2000, ')', 2000);
	assert_int_equal(-EINVAL, ecma_pattern_translate(view_from(deep, 4000), NULL));
	free(deep);
}

static void long_ones_are_refused(void **state)
{
	static char text[ECMA_PATTERN_MAX_BYTES + 1];

	(void)state;
	memset(text, '.', sizeof text);
	assert_int_equal(0, ecma_pattern_translate(view_from(text, sizeof text / 4), NULL));
	assert_int_equal(-EMSGSIZE, ecma_pattern_translate(view_from(text, sizeof text), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_as_in_ecmascript),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(long_ones_are_refused),
	};

	scratch = pattern_scratch_new();
	return scratch ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
