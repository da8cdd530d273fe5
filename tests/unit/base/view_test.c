/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/view.h"

static struct view edge(const char *text)
{
	return view_from(at_page_end(text, strlen(text)), strlen(text));
}

static void comparing_reads_no_byte_too_many(void **state)
{
	(void)state;
	assert_true(view_equals(edge("Host"), view_of("Host")));
	assert_false(view_equals(edge("Host"), view_of("Hose")));
	assert_true(view_equals_ignore_case(edge("X-Api-KEY"), view_of("x-api-key")));
	assert_false(view_equals_ignore_case(edge("k\xe2\x84\xaa"), view_of("kk")));
	assert_true(view_starts_with(edge("/prod/pets"), view_of("/prod")));
	assert_false(view_starts_with(edge("/p"), view_of("/prod")));
	assert_true(view_ends_with(edge("api.execute-api"), view_of("-api")));
	assert_true(view_compare(view_of("a"), view_of("ab")) < 0 && view_compare(view_of("b"), view_of("ab")) > 0);
	assert_true(view_equals((struct view){ 0 }, view_of("")));
}

static void finding_and_cutting(void **state)
{
	struct view left, right;

	(void)state;
	assert_int_equal(4, view_find(edge("a: bpets"), view_of("pets")));
	assert_int_equal(VIEW_NOWHERE, view_find(edge("pet"), view_of("pets")));
	assert_int_equal(0, view_find(edge("pet"), view_of("")));
	assert_int_equal(3, view_find_last_byte(edge("a:b:"), ':'));
	assert_true(view_cut(edge("a=b=c"), '=', &left, &right));
	assert_true(view_equals_text(left, "a") && view_equals_text(right, "b=c"));
	assert_false(view_cut(edge("abc"), '=', &left, &right));
	assert_true(view_equals_text(left, "abc") && right.count == 0);
	assert_true(view_equals_text(view_trim(edge(" \t a b\t")), "a b"));
	assert_int_equal(0, view_trim(edge(" \t ")).count);
	assert_true(view_equals_text(view_part(edge("abcdef"), 2, 3), "cde"));
	assert_int_equal(0, view_part(edge("abc"), 9, 1).count);
}

static void splitting_gives_empty_parts_too(void **state)
{
	static const struct {
		const char *whole, *parts[5];
	} cases[] = { { "a,,b", { "a", "", "b" } }, { "", { "" } }, { "a,", { "a", "" } }, { ",", { "", "" } } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct view rest = edge(cases[i].whole), part;
		size_t count = 0;

		while (view_split(&rest, ',', &part))
			assert_true(view_equals_text(part, cases[i].parts[count++]));
		assert_null(cases[i].parts[count]);
	}
}

static void numbers_are_strict_and_bounded(void **state)
{
	static const char *const bad[] = { "", "-", "+1", "01", "1 ", " 1", "0x1", "1e3", "--1", "-01", "1.0" };
	uint64_t number = 7;
	int64_t with_sign = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(-EINVAL, view_parse_i64(edge(bad[i]), INT64_MIN, INT64_MAX, &with_sign));
		assert_int_equal(-EINVAL, view_parse_u64(edge(bad[i]), UINT64_MAX, &number));
	}
	assert_true(number == 7 && with_sign == 7);
	assert_int_equal(0, view_parse_u64(edge("18446744073709551615"), UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_int_equal(-ERANGE, view_parse_u64(edge("18446744073709551616"), UINT64_MAX, &number));
	assert_int_equal(-ERANGE, view_parse_u64(edge("99999999999999999999999"), UINT64_MAX, &number));
	assert_int_equal(-ERANGE, view_parse_u64(edge("65536"), 65535, &number));
	assert_int_equal(0, view_parse_i64(edge("-9223372036854775808"), INT64_MIN, INT64_MAX, &with_sign));
	assert_true(with_sign == INT64_MIN);
	assert_int_equal(-ERANGE, view_parse_i64(edge("9223372036854775808"), INT64_MIN, INT64_MAX, &with_sign));
	assert_int_equal(-ERANGE, view_parse_i64(edge("-2"), -1, 1, &with_sign));
}

static void utf8_is_judged_as_the_rfc_says(void **state)
{
	static const char *const good[] = { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "a\xf0\x9f\x98" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(view_is_utf8(edge(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(view_is_utf8(edge(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing_reads_no_byte_too_many),
		cmocka_unit_test(finding_and_cutting),
		cmocka_unit_test(splitting_gives_empty_parts_too),
		cmocka_unit_test(numbers_are_strict_and_bounded),
		cmocka_unit_test(utf8_is_judged_as_the_rfc_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
