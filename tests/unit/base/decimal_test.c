/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include "appliance/base/decimal.h"

/* In ascending order; those of one row are equal. */
static const char *const rows[][4] = {
	{ "-1e1000000000000000000000", "-2E1000000000000000000000", NULL },
	{ "-12345678901234567890123456789012345678", NULL },
	{ "-1.5", "-15e-1", "-0.15E1", NULL },
	{ "0", "-0", "0.000", "0e999" },
	{ "1e-400", "0.1e-399", NULL },
	{ "0.1", "1e-1", "0.10", "100e-3" },
	{ "0.3", NULL },
	{ "0.30000000000000000000001", NULL },
	{ "1", "1.0", "10e-1", "0.001e3" },
	{ "25", "25.0", NULL },
	{ "1200", "12e2", "1.2E+3", "120e1" },
	{ "9007199254740992", NULL },
	{ "9007199254740993", NULL },
	{ "9007199254740993.5", NULL },
	{ "1e400", "10e399", NULL },
};

static void numbers_compare_by_their_value(void **state)
{
	(void)state;
	for (size_t i = 1; i < sizeof rows / sizeof *rows; i++) {
		for (size_t k = 0; k < 4 && rows[i][k]; k++) {
			struct view text = view_from_text(rows[i][k]);
			struct decimal value, first = decimal_of(view_from_text(rows[i][0]));

			text.at = at_page_end(text.at, text.count);
			value = decimal_of(text);
			assert_int_equal(0, decimal_compare(&value, &first));
			assert_true(decimal_hash(&value) == decimal_hash(&first));
			assert_true(decimal_compare_texts(view_from_text(rows[i - 1][0]), text) < 0);
			assert_true(decimal_compare_texts(text, view_from_text(rows[i - 1][0])) > 0);
		}
	}
}

static void an_exponent_is_bounded(void **state)
{
	struct decimal value = decimal_of(view_of("1e99999999999999999999999999"));

	(void)state;
	assert_true(value.exponent == DECIMAL_EXPONENT_MAX);
	value = decimal_of(view_of("1e-99999999999999999999999999"));
	assert_true(value.exponent == -DECIMAL_EXPONENT_MAX);
}

static void multiples_are_found_in_decimal_not_in_binary(void **state)
{
	static const struct {
		const char *value, *divisor;
		bool is;
	} cases[] = {
		{ "0.3", "0.1", true },
		{ "0.35", "0.1", false },
		{ "0", "7", true },
		{ "-21", "7", true },
		{ "22", "7", false },
		{ "1e1000000000", "7", false },
		{ "7e1000000000", "7", true },
		{ "1e1000000000", "16", true },
		{ "0.0075", "0.0001", true },
		{ "0.00751", "0.0001", false },
		{ "4.5", "1.5", true },
		{ "35", "1.5", false },
		{ "1e308", "0.5", true },
		{ "12391239123", "1e-8", true },
		{ "999999999999999999999999999999999999999999", "3", true },
		{ "999999999999999999999999999999999999999998", "3", false },
		{ "246913578024691356", "123456789012345678", true },
		{ "246913578024691357", "123456789012345678", false },
		{ "999999999999999998e60", "999999999999999999", false },
		{ "999999999999999999e60", "999999999999999999", true },
		{ "1e59", "576460752303423488", true }, /* 2^59 */
		{ "1e58", "576460752303423488", false },
		{ "3e59", "576460752303423488", true },
		{ "1e60", "576460752303423488", true },
		{ "3e9999", "0.0000000000000000007", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct decimal value = decimal_of(view_from_text(cases[i].value));
		struct decimal divisor = decimal_of(view_from_text(cases[i].divisor));

		if (decimal_is_multiple(&value, &divisor) != cases[i].is)
			fail_msg("%s and %s", cases[i].value, cases[i].divisor);
	}
}

static void numbers_are_written_as_java_does(void **state)
{
	static const char *const pairs[][2] = { { "0", "0" }, { "-0", "0" }, { "-17", "-17" }, { "25.0", "25.0" },
		{ "0.0", "0.0" }, { "-0.0", "0.0" }, { "1e3", "1E+3" }, { "1.5E2", "1.5E+2" }, { "1.50e1", "15.0" },
		{ "123e-2", "1.23" }, { "0.000001", "0.000001" }, { "0.0000001", "1E-7" }, { "-0.00000012", "-1.2E-7" },
		{ "0.10", "0.10" }, { "1e0", "1" }, { "1e-3", "0.001" },
		{ "12345678901234567890.5", "12345678901234567890.5" }, { "0e5", "0E+5" }, { "0.000e0", "0.000" },
		{ "1E400", "1E+400" }, { "0.00e-7", "0E-9" } };

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char room[64];
		struct buffer buffer;

		buffer_init_fixed(&buffer, room, sizeof room);
		decimal_write_java(&buffer, view_from_text(pairs[i][0]));
		room[buffer.count] = '\0';
		assert_string_equal(pairs[i][1], room);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_compare_by_their_value),
		cmocka_unit_test(an_exponent_is_bounded),
		cmocka_unit_test(numbers_are_written_as_java_does),
		cmocka_unit_test(multiples_are_found_in_decimal_not_in_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
