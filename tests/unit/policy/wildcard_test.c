/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/wildcard: the documented cases, the hostile ones, variables, and the edges of memory. */
#include "tests/unit/policy/cases.h"

#include <errno.h>

#include "policy/wildcard.h"

#define ALL (WILDCARD_GLOB | WILDCARD_VARIABLES)

static bool match_as(const char *pattern, const char *text, unsigned syntax, const struct policy_request *request)
{
	size_t pattern_count = strlen(pattern), text_count = strlen(text);
	struct policy_arena arena = { 0 };
	struct wildcard compiled;
	bool matched;

	assert_int_equal(
		0, wildcard_compile(&compiled, &arena,
			   (struct policy_text){ at_page_end(pattern, pattern_count), pattern_count }, syntax));
	matched = wildcard_match(&compiled, (struct policy_text){ at_page_end(text, text_count), text_count }, request);
	policy_arena_fini(&arena);
	return matched;
}

static bool match(const char *pattern, const char *text)
{
	return match_as(pattern, text, ALL, NULL);
}

static void a_star_crosses_slashes_and_matches_nothing_too(void **state)
{
	(void)state;
	assert_true(match("prod/*/pets", "prod/GET/a/b/pets"));
	assert_true(match("prod/GET/*", "prod/GET/"));
	assert_false(match("prod/GET/pets", "prod/GET/pets/1"));
	assert_true(match("", ""));
	assert_false(match("", "x"));
	assert_true(match("*", ""));
	assert_true(match("a*b*c", "aXbXbc"));
	assert_false(match("a*b*c", "aXcXb"));
	assert_false(match("ab*ba", "aba")); /* the ends may not overlap */
	assert_true(match("*ab*ab*", "xababx"));
	assert_false(match("*abc*abc", "xabcbc"));
}

static void a_question_mark_is_exactly_one_byte(void **state)
{
	(void)state;
	assert_true(match("pet?", "pets"));
	assert_false(match("pet?", "pet"));
	assert_false(match("pet?", "petss"));
	assert_true(match("*?", "x"));
	assert_false(match("*?", ""));
	assert_true(match("?*s", "pets"));
}

static void an_escape_is_a_literal_byte(void **state)
{
	(void)state;
	assert_true(match("a${*}b", "a*b"));
	assert_false(match("a${*}b", "axxb"));
	assert_true(match("a${?}", "a?"));
	assert_false(match("a${?}", "ab"));
	assert_true(match("${$}{x}", "${x}"));
	assert_true(match("*${*}", "abc*"));
}

static void without_the_syntax_nothing_is_special(void **state)
{
	(void)state;
	assert_true(match_as("a*?", "a*?", 0, NULL));
	assert_false(match_as("a*", "ab", 0, NULL));
	assert_true(match_as("a${*}", "a${}", WILDCARD_GLOB, NULL)); /* version 2008: the star between is a wildcard */
	assert_true(match_as("a${b", "a${b", ALL, NULL));            /* never closed: ordinary text */
	assert_true(match_as("EXECUTE-api:In*", "execute-API:invoke", WILDCARD_GLOB | WILDCARD_FOLDED, NULL));
	assert_false(match_as("A", "a", ALL, NULL));
}

static void a_variable_brings_in_literal_bytes(void **state)
{
	struct policy_request request;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_false(match_as("home/${aws:username}/*", "home//x", ALL, &request));
	policy_request_set(&request, POLICY_KEY_USER_NAME, policy_text_of("al*"));
	assert_true(match_as("home/${aws:username}/*", "home/al*/x", ALL, &request));
	assert_true(match_as("home/${AWS:USERNAME}/*", "home/al*/x", ALL, &request));
	assert_false(match_as("home/${aws:username}/*", "home/alice/x", ALL, &request));
	assert_true(match_as("*${aws:username}", "xxal*al*", ALL, &request));
	assert_true(match_as("${aws:username}${aws:username}", "al*al*", ALL, &request));
	policy_request_set(&request, POLICY_KEY_USER_NAME, policy_text_of(""));
	assert_true(match_as("home/${aws:username}/*", "home//x", ALL, &request));
	assert_true(match_as("${aws:username}", "", ALL, &request));
	assert_true(match_as("*${aws:username}*${aws:username}", "abc", ALL, &request));
}

static void a_default_stands_in_for_an_absent_key_only(void **state)
{
	struct policy_text list[] = { policy_text_of("a") };
	struct policy_request request;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_true(match_as("${aws:PrincipalTag/team, 'shared'}", "shared", ALL, &request));
	assert_true(match_as("${aws:PrincipalTag/team,'sh*'}", "sh*", ALL, &request));
	assert_true(match_as("${aws:username, ''}x", "x", ALL, &request));
	policy_request_set(&request, POLICY_KEY_USER_NAME, policy_text_of("bob"));
	assert_true(match_as("${aws:username, 'shared'}", "bob", ALL, &request));
	/* A multivalued key has no single value. */
	request.keys[POLICY_KEY_PRINCIPAL_ORG_PATHS] = (struct policy_value){ .list = list, .list_count = 1 };
	assert_false(match_as("${aws:PrincipalOrgPaths}", "a", ALL, &request));
}

static void malformed_and_too_many_variables_are_refused(void **state)
{
	char many[(POLICY_VARIABLES_MAX + 1) * 4 + 1] = "";
	struct policy_arena arena = { 0 };
	struct wildcard compiled;

	(void)state;
	assert_int_equal(-EINVAL, wildcard_compile(&compiled, &arena, policy_text_of("${aws:username, shared}"), ALL));
	assert_int_equal(-EINVAL, wildcard_compile(&compiled, &arena, policy_text_of("${}"), ALL));
	for (int i = 0; i <= POLICY_VARIABLES_MAX; i++)
		strcat(many, "${a}");
	assert_int_equal(-E2BIG, wildcard_compile(&compiled, &arena, policy_text_of(many), ALL));
	assert_int_equal(0, wildcard_compile(&compiled, &arena, policy_text_of(many + 4), ALL));
	policy_arena_fini(&arena);
}

static void hostile_patterns_stay_polynomial(void **state)
{
	struct policy_request request;
	char pattern[129], text[2049];

	(void)state;
	for (size_t i = 0; i < 128; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[128] = '\0';
	memset(text, 'a', 2048);
	text[2047] = 'b';
	text[2048] = '\0';
	assert_false(match(pattern, text)); /* exponential matchers never come back from this one */
	memcpy(pattern, "?", 1);            /* the byte-wise way */
	assert_false(match(pattern, text));
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	policy_request_set(&request, POLICY_KEY_USER_NAME, policy_text_of(text));
	assert_false(match_as("*${aws:username}*${aws:username}c", text, ALL, &request));
}

/* Segments that fail at many places before they stand: searched by bits (one word, several) and by hash. */
static void late_segments_are_found_where_they_stand(void **state)
{
	static const size_t lengths[] = { 1, 2, 3, 31, 32, 62, 63, 64, 65, 127, 128, 129, 700 };
	struct policy_request request;
	char pattern[4096], text[4096], value[1024];

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		size_t length = lengths[i];

		/* a…a?b behind many a. */
		memset(pattern, 'a', sizeof pattern);
		pattern[0] = '*';
		memcpy(pattern + 1 + length, "?b*", 4);
		memset(text, 'a', 3000);
		text[3000] = '\0';
		assert_false(match(pattern, text));
		text[2999] = 'b';
		assert_true(match(pattern, text));
		text[2998] = 'x';
		assert_true(match(pattern, text));
		text[2997] = 'x';
		assert_false(match(pattern, text));
		/* The same with the letters from a variable, without and with a free byte. */
		memset(value, 'a', length);
		value[length] = '\0';
		policy_request_init(&request, policy_text_of(CASE_METHOD));
		policy_request_set(&request, POLICY_KEY_USER_NAME, policy_text_of(value));
		memset(text, 'a', 3000);
		memcpy(text + 2500, "bc", 2);
		assert_true(match_as("*${aws:username}b*", text, ALL, &request));
		assert_true(match_as("*${aws:username}b?*", text, ALL, &request));
		assert_true(match_as("*${aws:username}?c*", text, ALL, &request));
		assert_false(match_as("*${aws:username}c*", text, ALL, &request));
		assert_false(match_as("*${aws:username}?b?b*", text, ALL, &request));
		/* 498 letters are left behind. */
		assert_true(match_as("*${aws:username}b*c${aws:username}*", text, ALL, &request) == (length < 498));
		assert_true(match_as("*${aws:username}b*${aws:username}*", text, ALL, &request) == (length < 498));
	}
}

#define TEXT_MAX 400

/* By definition: which beginnings of the text does each beginning of the pattern match? */
static bool match_by_table(const char *pattern, const char *text)
{
	size_t count = strlen(text);
	bool ends[TEXT_MAX + 1] = { true };

	for (; *pattern; pattern++) {
		bool before = ends[0];

		ends[0] = before && *pattern == '*';
		for (size_t i = 1; i <= count; i++) {
			bool here = ends[i];

			ends[i] = *pattern == '*' ? here || ends[i - 1]
						  : before && (*pattern == '?' || *pattern == text[i - 1]);
			before = here;
		}
	}
	return ends[count];
}

/* Words of hardly more than one letter, so that much matches nearly: every way of searching against the definition. */
static void random_segments_agree_with_the_definition(void **state)
{
	char pattern[128], text[TEXT_MAX];
	unsigned seed = 1;
	size_t matched = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		size_t length = 2 + (size_t)rand_r(&seed) % (round % 2 ? 10 : 110);
		size_t count = 100 + (size_t)rand_r(&seed) % 250;

		for (size_t i = 0; i < length; i++)
			pattern[i] = "*?ab"[rand_r(&seed) % 40 == 0  ? 0
					    : rand_r(&seed) % 6 == 0 ? 1
					    : rand_r(&seed) % 12     ? 2
								     : 3];
		pattern[0] = pattern[length] = '*';
		pattern[length + 1] = '\0';
		for (size_t i = 0; i < count; i++)
			text[i] = rand_r(&seed) % 14 ? 'a' : 'b';
		text[count] = '\0';
		if (match(pattern, text) != match_by_table(pattern, text))
			fail_msg("%s on %s", pattern, text);
		matched += match(pattern, text);
	}
	print_message("%zu of 4000 match\n", matched);
	assert_in_range(matched, 400, 3600);
}

/* The straightforward matcher, for patterns of '*', '?' and letters. */
static bool match_recursively(const char *pattern, const char *text)
{
	if (!*pattern)
		return !*text;
	if (*pattern == '*')
		return match_recursively(pattern + 1, text) || (*text && match_recursively(pattern, text + 1));
	return *text && (*pattern == '?' || *pattern == *text) && match_recursively(pattern + 1, text + 1);
}

static void all_short_patterns_agree_with_the_plain_definition(void **state)
{
	static const char letters[] = "ab*?";
	char pattern[6] = "", text[6] = "";

	(void)state;
	for (unsigned p = 0; p < 1024 * 4; p++) {
		unsigned pattern_count = p >> 10 ? 5 : p % 5;

		for (unsigned i = 0; i < pattern_count; i++)
			pattern[i] = letters[p >> 2 * i & 3];
		pattern[pattern_count] = '\0';
		for (unsigned t = 0; t < 64; t++) {
			unsigned text_count = t % 6;

			for (unsigned i = 0; i < text_count; i++)
				text[i] = "ab"[t >> i & 1];
			text[text_count] = '\0';
			struct policy_arena arena = { 0 };
			struct wildcard compiled;

			assert_int_equal(0, wildcard_compile(&compiled, &arena, policy_text_of(pattern), ALL));
			if (wildcard_match(&compiled, policy_text_of(text), NULL) != match_recursively(pattern, text))
				fail_msg("'%s' on '%s'", pattern, text);
			policy_arena_fini(&arena);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_star_crosses_slashes_and_matches_nothing_too),
		cmocka_unit_test(a_question_mark_is_exactly_one_byte),
		cmocka_unit_test(an_escape_is_a_literal_byte),
		cmocka_unit_test(without_the_syntax_nothing_is_special),
		cmocka_unit_test(a_variable_brings_in_literal_bytes),
		cmocka_unit_test(a_default_stands_in_for_an_absent_key_only),
		cmocka_unit_test(malformed_and_too_many_variables_are_refused),
		cmocka_unit_test(hostile_patterns_stay_polynomial),
		cmocka_unit_test(late_segments_are_found_where_they_stand),
		cmocka_unit_test(random_segments_agree_with_the_definition),
		cmocka_unit_test(all_short_patterns_agree_with_the_plain_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
