/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/logs/filter_pattern: which messages a pattern fits, and which texts are no patterns. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/control/logs/filter_pattern.h"

#define LINE "10.0.0.9 - - [04/Mar/2020:19:15:17 +0000] \"GET /pets/{id} HTTP/1.1\" 200 57"
#define ACCESS                                                                                                         \
	"{\"status\":\"403\",\"ip\":\"10.1.2.3\",\"ms\":12,\"big\":1.5e3,\"no\":false,\"yes\":true,\"nil\":null,"      \
	"\"a\":{\"b\":[{\"c\":\"x\"},7]},\"a.b\":\"dotted\",\"quote\":\"say \\\"hi\\\"\",\"text\":\"two words\"}"

static const struct {
	const char *pattern, *message;
	bool fits;
} cases[] = {
	/* terms */
	{ "", "anything", true },
	{ "  ", "", true },
	{ "ERROR", "[ERROR 400] BAD", true },
	{ "ERROR", "[error 400] BAD", false },
	{ "ERROR BAD", "[ERROR 400] BAD", true },
	{ "ERROR GOOD", "[ERROR 400] BAD", false },
	{ "\"ERROR 400\"", "[ERROR 400] BAD", true },
	{ "\"ERROR  400\"", "[ERROR 400] BAD", false },
	{ "\"say \\\"hi\\\"\"", "they say \"hi\"", true },
	{ "ERROR -BAD", "[ERROR 400] BAD", false },
	{ "ERROR -GOOD", "[ERROR 400] BAD", true },
	{ "-\"400] B\"", "[ERROR 400] BAD", false },
	{ "-nothing", "", true },
	{ "?WARN ?ERROR", "[ERROR 400] BAD", true },
	{ "?WARN ?INFO", "[ERROR 400] BAD", false },
	{ "?\"no such\" ?\"400]\"", "[ERROR 400] BAD", true },
	{ "?WARN BAD", "[ERROR 400] BAD", true },
	{ "?WARN -GOOD", "[ERROR 400] BAD", true },
	{ "%ERR[A-Z]+ [0-9]{3}%", "[ERROR 400] BAD", true },
	{ "%^ERR%", "[ERROR 400] BAD", false },
	{ "BAD -%4[0-9]{2}%", "[ERROR 400] BAD", false },
	{ "\xc3\xa4pfel", "vier \xc3\xa4pfel", true },
	/* JSON */
	{ "{ $.status = 403 }", ACCESS, true },
	{ "{ $.status = 403 && $.ip = \"10.*\" }", ACCESS, true },
	{ "{ $.status = 403 && $.ip = \"192.*\" }", ACCESS, false },
	{ "{ $.status = \"4*\" }", ACCESS, true },
	{ "{$.status=4*}", ACCESS, true },
	{ "{ $.status != 200 }", ACCESS, true },
	{ "{ $.status != 403 }", ACCESS, false },
	{ "{ $.ip = 10.*.3 }", ACCESS, true },
	{ "{ $.ip = 10.*.4 }", ACCESS, false },
	{ "{ $.missing = 1 }", ACCESS, false },
	{ "{ $.missing != 1 }", ACCESS, false },
	{ "{ $.missing NOT EXISTS }", ACCESS, true },
	{ "{ $.status NOT EXISTS }", ACCESS, false },
	{ "{ $.nil IS NULL }", ACCESS, true },
	{ "{ $.missing IS NULL }", ACCESS, false },
	{ "{ $.nil NOT EXISTS }", ACCESS, false },
	{ "{ $.nil = \"*\" }", ACCESS, false },
	{ "{ $.yes IS TRUE && $.no IS FALSE }", ACCESS, true },
	{ "{ $.no IS TRUE }", ACCESS, false },
	{ "{ $.yes = true }", ACCESS, true },
	{ "{ $.ms = 12 }", ACCESS, true },
	{ "{ $.ms = 12.0 }", ACCESS, true },
	{ "{ $.ms = 1* }", ACCESS, true },
	{ "{ $.ms > 11 && $.ms < 13 && $.ms >= 12 && $.ms <= 12 }", ACCESS, true },
	{ "{ $.ms > 12 }", ACCESS, false },
	{ "{ $.big = 1500 }", ACCESS, true },
	{ "{ $.big > 1.4e3 }", ACCESS, true },
	{ "{ $.status > 400 }", ACCESS, false },
	{ "{ $.a.b[0].c = x }", ACCESS, true },
	{ "{ $.a.b[1] = 7 }", ACCESS, true },
	{ "{ $.a.b[2] NOT EXISTS }", ACCESS, true },
	{ "{ $.a.b[0].c.d NOT EXISTS }", ACCESS, true },
	{ "{ $.a.b = \"*\" }", ACCESS, false },
	{ "{ $.['a.b'] = dotted }", ACCESS, true },
	{ "{ $[\"a.b\"] = dotted }", ACCESS, true },
	{ "{ $.quote = \"say \\\"hi\\\"\" }", ACCESS, true },
	{ "{ $.text = \"two words\" }", ACCESS, true },
	{ "{ $.ip = %^10\\.[0-9.]+$% }", ACCESS, true },
	{ "{ $.ip != %^10% }", ACCESS, false },
	{ "{ $.ms = 1 || $.ms = 2 && $.ms = 3 || $.ms = 12 }", ACCESS, true },
	{ "{ ($.ms = 12 || $.ms = 2) && $.ms = 3 }", ACCESS, false },
	{ "{ ($.ms = 12) && (($.no IS FALSE) || $.x = 1) }", ACCESS, true },
	{ "{ $.ms = 12 }", "no JSON", false },
	{ "{ $.ms = 12 }", "[12]", false },
	{ "{ $.ms = 12 }", "{\"ms\":12", false },
	{ "{ $.ms NOT EXISTS }", "no JSON", false },
	{ "{ $.ms = 12 }", "{\"ms\":12}\n", true },
	/* fields */
	{ "[ip, user, name, time, request, status, bytes]", LINE, true },
	{ "[ip, user, name, time, request, status]", LINE, false },
	{ "[ip, user, name, time, request, status = 2*, bytes > 50]", LINE, true },
	{ "[ip, user, name, time, request, status = 4*, bytes]", LINE, false },
	{ "[ip = 10.*, ..., status = 200, bytes]", LINE, true },
	{ "[..., bytes < 50]", LINE, false },
	{ "[...]", LINE, true },
	{ "[a, b, c, d, e, f, g, ...]", LINE, true },
	{ "[a, b, c, d, e, f, g, h, ...]", LINE, false },
	{ "[ip, user, name, time, request = \"GET /pets*\", status = 200 || status = 201, bytes]", LINE, true },
	{ "[ip, user, name, time = %2020%, request, status != 200 && status != 201, bytes]", LINE, false },
};

static void test_what_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		size_t pattern_count = strlen(cases[i].pattern), message_count = strlen(cases[i].message);
		struct view text = view_from(at_page_end(cases[i].pattern, pattern_count), pattern_count);
		struct view message = view_from(at_page_end(cases[i].message, message_count), message_count);
		struct filter_pattern *pattern = NULL;
		char why[FILTER_PATTERN_WHY_BYTES];

		if (filter_pattern_compile(&pattern, text, why) < 0)
			fail_msg("%s: %s", cases[i].pattern, why);
		if (filter_pattern_fits(pattern, message) != cases[i].fits)
			fail_msg("%s with %s", cases[i].pattern, cases[i].message);
		filter_pattern_free(pattern);
	}
}

/* What regular expressions and wildcards see of a message ends after 64 KiB, with a whole character; terms see all of it. */
static void test_long_messages(void **state)
{
	static const struct {
		const char *pattern;
		size_t at; /* of "end"; 0: nowhere */
		bool fits;
	} rows[] = {
		{ "end", 100000, true },
		{ "%end%", 65533, true },
		{ "%end%", 65534, false },
		{ "[a = *end*]", 65533, true },
		{ "[a = *end*]", 65534, false },
		{ "%^x%", 0, true },
	};
	size_t count = 131072;
	char *message = malloc(count), why[FILTER_PATTERN_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct filter_pattern *pattern = NULL;

		memset(message, 'x', count);
		if (rows[i].at)
			memcpy(message + rows[i].at, "end", 3);
		else /* a character of two bytes, the second of which is behind what is seen */
			memcpy(message + 65535, "\xc3\xa4", 2);
		assert_int_equal(0, filter_pattern_compile(&pattern, view_from_text(rows[i].pattern), why));
		if (filter_pattern_fits(pattern, view_from(message, count)) != rows[i].fits)
			fail_msg("%s with end at %zu", rows[i].pattern, rows[i].at);
		filter_pattern_free(pattern);
	}
	free(message);
}

static const struct {
	const char *pattern, *why;
} odd[] = {
	{ "foo-bar", "Invalid character(s) in term 'foo-bar'" },
	{ "a /b", "Invalid character(s) in term '/b'" },
	{ "\"no end", "a quoted text has no end" },
	{ "%no end", "a regular expression has no end" },
	{ "%(%", "a regular expression is malformed" },
	{ "%a% %b% %c%", "too many regular expressions" },
	{ "a - b", "a term is empty" },
	{ "{", "a comparison lacks what is compared" },
	{ "{ }", "a comparison lacks what is compared" },
	{ "{ $ = 1 }", "a comparison lacks what is compared" },
	{ "{ $.a }", "a comparison lacks its operator" },
	{ "{ $.a IS }", "a comparison lacks its operator" },
	{ "{ $.a = }", "a comparison has no value" },
	{ "{ $.a > x }", "only numbers are less or greater" },
	{ "{ $.a > %x% }", "a regular expression is compared by = and != only" },
	{ "{ $.a = 1 ", "the expression does not end with }" },
	{ "{ $.a = 1 && }", "a comparison lacks what is compared" },
	{ "{ ($.a = 1 }", "a parenthesis is not closed" },
	{ "{ $.a = 1 } x", "something follows the expression" },
	{ "{ $.a[x] = 1 }", "a comparison lacks its operator" },
	{ "[a, b = 1", "the fields do not end with ]" },
	{ "[a,, b]", "a field has no name" },
	{ "[]", "a field has no name" },
};

static void test_what_is_none(void **state)
{
	char deep[200] = "{ ", why[FILTER_PATTERN_WHY_BYTES], *longest = malloc(FILTER_PATTERN_MAX_BYTES + 2);
	struct filter_pattern *pattern = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
		assert_int_equal(-EINVAL, filter_pattern_compile(&pattern, view_from_text(odd[i].pattern), why));
		assert_string_equal(odd[i].why, why);
	}
	memset(deep + 2, '(', 150);
	assert_int_equal(-EINVAL, filter_pattern_compile(&pattern, view_from_text(deep), why));
	assert_string_equal("too many parentheses", why);
	memset(longest, 'a', FILTER_PATTERN_MAX_BYTES + 1);
	assert_int_equal(
		-EINVAL, filter_pattern_compile(&pattern, view_from(longest, FILTER_PATTERN_MAX_BYTES + 1), why));
	assert_int_equal(0, filter_pattern_compile(&pattern, view_from(longest, FILTER_PATTERN_MAX_BYTES), why));
	filter_pattern_free(pattern);
	free(longest);
}

/* Every prefix of every pattern is one or none, and fits a message or not, without a byte read that is not its own. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		for (size_t count = 0; count <= strlen(cases[i].pattern); count++) {
			struct filter_pattern *pattern = NULL;
			char why[FILTER_PATTERN_WHY_BYTES], *text = malloc(count + 1);

			memcpy(text, cases[i].pattern, count);
			if (filter_pattern_compile(&pattern, view_from(text, count), why) == 0)
				(void)filter_pattern_fits(pattern, view_from_text(cases[i].message));
			filter_pattern_free(pattern);
			free(text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_long_messages),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
