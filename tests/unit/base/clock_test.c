/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <time.h>

#include "appliance/base/clock.h"

static void every_day_for_a_century_agrees_with_libc(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < 36525 * 2; day++) {
		uint64_t wall_ms = day * 86400000 + day * 997 % 86400000;
		time_t seconds = (time_t)(wall_ms / 1000);
		struct clock_civil civil;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		clock_civil_from_ms(&civil, wall_ms);
		assert_int_equal(tm.tm_year + 1900, civil.year);
		assert_int_equal(tm.tm_mon + 1, civil.month);
		assert_int_equal(tm.tm_mday, civil.day);
		assert_int_equal(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec,
			civil.hour * 3600 + civil.minute * 60 + civil.second);
		assert_int_equal(tm.tm_wday, civil.weekday);
		assert_true(clock_civil_to_ms(&civil) == wall_ms);
	}
}

#define SOME_MS UINT64_C(1767323045678) /* 2026-01-02T03:04:05.678Z, a Friday */

static void times_are_written_in_the_forms_of_aws_and_the_web(void **state)
{
	char text[CLOCK_TEXT_MAX_BYTES];

	(void)state;
	assert_int_equal(20, clock_write_iso(text, SOME_MS));
	assert_string_equal("2026-01-02T03:04:05Z", text);
	clock_write_iso_ms(text, SOME_MS);
	assert_string_equal("2026-01-02T03:04:05.678Z", text);
	clock_write_iso_basic(text, SOME_MS);
	assert_string_equal("20260102T030405Z", text);
	clock_write_date(text, SOME_MS);
	assert_string_equal("20260102", text);
	assert_int_equal(29, clock_write_http(text, SOME_MS));
	assert_string_equal("Fri, 02 Jan 2026 03:04:05 GMT", text);
	assert_int_equal(26, clock_write_clf(text, SOME_MS));
	assert_string_equal("02/Jan/2026:03:04:05 +0000", text);
}

typedef int parse(struct view text, uint64_t *ret);

static void check(parse *parse_text, const char *text, int64_t expected)
{
	uint64_t wall_ms = 42;
	int error = parse_text(view_from(at_page_end(text, strlen(text)), strlen(text)), &wall_ms);

	if (expected < 0) {
		assert_int_equal(-EINVAL, error);
		assert_true(wall_ms == 42);
	} else {
		assert_int_equal(0, error);
		assert_true(wall_ms == (uint64_t)expected);
	}
	for (size_t count = 0; expected >= 0 && count + 1 < strlen(text); count++) {
		if (count != 10) /* a date alone is a time too */
			assert_int_equal(-EINVAL, parse_text(view_from(at_page_end(text, count), count), &wall_ms));
	}
}

static void times_are_read_whole_or_not_at_all(void **state)
{
	int64_t second = SOME_MS / 1000 * 1000;

	(void)state;
	check(clock_parse_iso_basic, "20260102T030405Z", second);
	check(clock_parse_iso_basic, "20260230T030405Z", -1);
	check(clock_parse_iso_basic, "20260102T250405Z", -1);
	check(clock_parse_iso_basic, "20260102T030405", -1);
	check(clock_parse_iso, "2026-01-02T03:04:05Z", second);
	check(clock_parse_iso, "2026-01-02", second - (3 * 3600 + 4 * 60 + 5) * 1000);
	check(clock_parse_iso, "2026-01-02T05:04:05+02:00", second);
	check(clock_parse_iso, "2026-01-02T03:04:05.678Z ", -1);
	check(clock_parse_iso, "2024-02-29", 1709164800000);
	check(clock_parse_iso, "2023-02-29", -1);
	check(clock_parse_iso, "1970-01-01T00:00:00+01:00", -1);
	check(clock_parse_http, "Fri, 02 Jan 2026 03:04:05 GMT", second);
	check(clock_parse_http, "Fri, 02 Jan 2026 03:04:60 GMT", -1);
	check(clock_parse_http, "Fri, 2 Jan 2026 03:04:05 GMT", -1);
	uint64_t wall_ms;

	assert_int_equal(0, clock_parse_iso(view_of("2026-01-02T03:04:05.678901Z"), &wall_ms));
	assert_true(wall_ms == SOME_MS);
}

static void a_turn_reads_the_clock_once(void **state)
{
	uint64_t first;

	(void)state;
	clock_turn();
	first = clock_turn_monotonic_ns();
	assert_true(first <= clock_monotonic_ns());
	assert_true(first == clock_turn_monotonic_ns());
	assert_true(clock_turn_http().count == 29 && clock_turn_clf().count == 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_for_a_century_agrees_with_libc),
		cmocka_unit_test(times_are_written_in_the_forms_of_aws_and_the_web),
		cmocka_unit_test(times_are_read_whole_or_not_at_all),
		cmocka_unit_test(a_turn_reads_the_clock_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
