/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/scalar and policy/address: what is a number, an instant, bytes, an address, a CIDR, and what is not. */
#include "tests/unit/policy/cases.h"

#include <errno.h>

#include "policy/address.h"
#include "policy/scalar.h"

static struct policy_text edge(const char *text)
{
	size_t count = strlen(text);

	return (struct policy_text){ at_page_end(text, count), count };
}

static bool number_equal(const char *a, const char *b)
{
	policy_number left, right;

	assert_true(policy_number_parse(&left, edge(a)));
	assert_true(policy_number_parse(&right, edge(b)));
	return left == right;
}

static void numbers_are_exact_decimals(void **state)
{
	static const char *const bad[] = { "", "-", "+", ".5", "5.", "1e3", "0x10", " 1", "1 ", "1,5", "--1",
		"1234567890123456789", "0.1234567890123456789", "1.2.3", "NaN" };
	policy_number number;

	(void)state;
	assert_true(number_equal("0.1", "0.10"));
	assert_true(number_equal("-0", "0"));
	assert_true(number_equal("+7", "007"));
	assert_false(number_equal("123456789012345678", "123456789012345677"));
	assert_false(number_equal("0.000000000000000001", "0"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (policy_number_parse(&number, edge(bad[i])))
			fail_msg("'%s' is no number", bad[i]);
}

static int64_t instant(const char *text)
{
	int64_t us;

	if (!policy_instant_parse(&us, edge(text)))
		fail_msg("'%s' is an instant", text);
	return us;
}

static void instants_know_zones_fractions_and_epoch_seconds(void **state)
{
	static const char *const bad[] = { "", "yesterday", "2026-13-01", "2026-00-10", "2026-02-29", "1900-02-29",
		"2026-01-32", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z",
		"2026-01-31T12:00:00.Z", "2026-01-31T12Z", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00+1", "2026-1-31",
		"2026-01-31T12:00:00Zx", "2026/01/31", "1e9", "99999999999999999" };
	int64_t us;

	(void)state;
	assert_int_equal(0, instant("1970-01-01"));
	assert_int_equal(1767225600000000, instant("2026-01-01T00:00:00Z"));
	assert_int_equal(1767225600000000, instant("1767225600"));
	assert_int_equal(1767225600500000, instant("1767225600.5"));
	assert_int_equal(1767225600000000, instant("2026-01-01T01:00:00+01:00"));
	assert_int_equal(1767225600000000, instant("2025-12-31T19:00:00-0500"));
	assert_int_equal(1767225600000000, instant("2026-01"));
	assert_int_equal(1767225600000000, instant("2026-01-01T00:00Z"));
	assert_int_equal(1767225600123456, instant("2026-01-01T00:00:00.1234569Z"));
	assert_int_equal(951782400000000, instant("2000-02-29"));
	assert_int_equal(-86400000000, instant("1969-12-31"));
	assert_true(instant("9999-12-31T23:59:59Z") > instant("2026-01-01"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (policy_instant_parse(&us, edge(bad[i])))
			fail_msg("'%s' is no instant", bad[i]);
}

static void every_day_of_four_centuries_follows_its_predecessor(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t expected = instant("1800-01-01");
	char text[32];

	(void)state;
	for (int year = 1800; year < 2200; year++) {
		bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

		for (int month = 1; month <= 12; month++) {
			int64_t us;

			snprintf(text, sizeof text, "%04d-%02d-01", year, month);
			assert_true(policy_instant_parse(&us, policy_text_of(text)));
			assert_int_equal(expected, us);
			expected += (days[month - 1] + (month == 2 && leap)) * INT64_C(86400000000);
		}
	}
}

static void base64_is_decoded_or_refused(void **state)
{
	static const char *const bad[] = { "a", "ab=", "a===", "ab=c", "ab c", "YQ=" };
	struct policy_arena arena = { 0 };
	struct policy_text bytes;

	(void)state;
	assert_int_equal(0, policy_base64_decode(&bytes, &arena, edge("aGVsbG8=")));
	assert_int_equal(5, bytes.count);
	assert_memory_equal("hello", bytes.bytes, 5);
	assert_int_equal(0, policy_base64_decode(&bytes, &arena, edge("AP//")));
	assert_memory_equal("\0\377\377", bytes.bytes, 3);
	assert_int_equal(0, policy_base64_decode(&bytes, &arena, edge("")));
	assert_int_equal(0, bytes.count);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (policy_base64_decode(&bytes, &arena, edge(bad[i])) != -EINVAL)
			fail_msg("'%s' is not base64", bad[i]);
	policy_arena_fini(&arena);
}

static void cidrs_ignore_host_bits_and_refuse_what_is_none(void **state)
{
	static const char *const bad[] = { "", "10", "10.0.0", "10.0.0.0.0", "256.0.0.0", "010.0.0.1", "10.0.0.0/33",
		"10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "::/129", ":::", "1:2", "fe80::1%eth0", "*",
		"10.0.0.*", " 10.0.0.0", "10.0.0.0/8 " };
	struct policy_address first, last;

	(void)state;
	assert_true(policy_cidr_parse(&first, &last, edge("10.1.2.3/8")));
	assert_true(first.number == 0x0a000000 && last.number == 0x0affffff && !first.v6);
	assert_true(policy_cidr_parse(&first, &last, edge("10.1.2.3")));
	assert_true(first.number == last.number);
	assert_true(policy_cidr_parse(&first, &last, edge("1.2.3.4/0")));
	assert_true(first.number == 0 && last.number == 0xffffffff);
	assert_true(policy_cidr_parse(&first, &last, edge("2001:db8::1/64")));
	assert_true(first.v6 && first.number == (policy_wide)0x20010db8 << 96);
	assert_true(last.number - first.number == ((policy_wide)1 << 64) - 1);
	assert_true(policy_cidr_parse(&first, &last, edge("::/0")));
	assert_true(first.number == 0 && last.number == (policy_wide)-1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (policy_cidr_parse(&first, &last, edge(bad[i])))
			fail_msg("'%s' is no CIDR", bad[i]);
}

static void ranges_merge_and_families_stay_apart(void **state)
{
	struct policy_text cidrs[] = { policy_text_of("10.0.1.0/24"), policy_text_of("10.0.0.0/24"),
		policy_text_of("255.255.255.255"), policy_text_of("255.255.255.254"), policy_text_of("::/1"),
		policy_text_of("8000::/1"), policy_text_of("10.0.0.128/25") };
	struct policy_arena arena = { 0 };
	struct policy_ranges ranges;
	struct policy_address address;

	(void)state;
	assert_true(policy_ranges_build(&ranges, &arena, cidrs, sizeof cidrs / sizeof *cidrs));
	assert_int_equal(2, ranges.v4_count);
	assert_int_equal(1, ranges.v6_count);
	assert_true(policy_address_parse(&address, edge("10.0.1.255")) && policy_ranges_hold(&ranges, &address));
	assert_true(policy_address_parse(&address, edge("10.0.2.0")) && !policy_ranges_hold(&ranges, &address));
	assert_true(policy_address_parse(&address, edge("9.255.255.255")) && !policy_ranges_hold(&ranges, &address));
	assert_true(policy_address_parse(&address, edge("::ffff:10.0.2.0")) && policy_ranges_hold(&ranges, &address));
	policy_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_exact_decimals),
		cmocka_unit_test(instants_know_zones_fractions_and_epoch_seconds),
		cmocka_unit_test(every_day_of_four_centuries_follows_its_predecessor),
		cmocka_unit_test(base64_is_decoded_or_refused),
		cmocka_unit_test(cidrs_ignore_host_bits_and_refuse_what_is_none),
		cmocka_unit_test(ranges_merge_and_families_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
