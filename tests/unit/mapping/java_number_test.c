/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <math.h>

#include "appliance/mapping/java_number.h"

static struct arena arena;

static const char *text_of(struct java_number number)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &arena, 1 << 20);
	java_number_write(&buffer, number);
	return buffer_text(&buffer);
}

static const char *shown(const char *json)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &arena, 1 << 20);
	java_number_write_text(&buffer, view_from_text(json));
	return buffer_text(&buffer);
}

static struct java_number number_of(const char *text)
{
	return java_number_of_text(view_from_text(text));
}

static const char *reckoned(const char *left, enum java_operator operation, const char *right)
{
	struct java_number result;

	if (java_number_reckon(&arena, operation, number_of(left), number_of(right), &result) != 0)
		return "none";
	return text_of(result);
}

/* What java.lang.Double.toString() gives. */
static void test_texts_of_doubles(void **state)
{
	static const struct {
		const char *json, *java;
	} cases[] = { { "1.50", "1.5" }, { "1.0", "1.0" }, { "0.1", "0.1" }, { "1e3", "1000.0" }, { "1e7", "1.0E7" },
		{ "123456789.5", "1.234567895E8" }, { "0.001", "0.001" }, { "0.0001", "1.0E-4" }, { "-0.0", "-0.0" },
		{ "0.0", "0.0" }, { "0e5", "0.0" }, { "-1.5e-10", "-1.5E-10" }, { "9999999.0", "9999999.0" },
		{ "12345678.0", "1.2345678E7" }, { "100.0", "100.0" }, { "1e21", "1.0E21" }, { "1e400", "Infinity" },
		{ "-1e400", "-Infinity" }, { "1e-400", "0.0" }, { "4.9e-324", "4.9E-324" },
		{ "1.7976931348623157e308", "1.7976931348623157E308" },
		{ "0.30000000000000004", "0.30000000000000004" },
		{ "2.2250738585072014E-308", "2.2250738585072014E-308" }, { "0.012345", "0.012345" },
		{ "0.00999", "0.00999" }, { "1234567.125", "1234567.125" },
		{ "3.0000000000000000000000000000001", "3.0" }, { "9007199254740993.0", "9.007199254740992E15" },
		{ "0.000123e4", "1.23" }, { "5", "5" }, { "-0", "0" },
		{ "123456789012345678901234567890", "123456789012345678901234567890" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(shown(cases[i].json), cases[i].java);
		assert_string_equal(text_of(number_of(cases[i].json)), cases[i].java);
	}
	assert_string_equal(text_of(java_number_of_double(0x1p-509)), "5.966672584960166E-154");
	assert_string_equal(text_of(java_number_of_double(247600580198296.625)), "2.4760058019829662E14");
	assert_string_equal(text_of(java_number_of_double(0x1p-1074 * 2)), "9.9E-324");
	assert_string_equal(text_of(java_number_of_double(NAN)), "NaN");
	assert_string_equal(text_of(java_number_of_double(1.0 / 3)), "0.3333333333333333");
	assert_string_equal(text_of(java_number_of_double(0.1 + 0.2)), "0.30000000000000004");
}

static void test_kinds_grow_with_the_value(void **state)
{
	(void)state;
	assert_int_equal(number_of("2147483647").kind, JAVA_INTEGER);
	assert_int_equal(number_of("-2147483648").kind, JAVA_INTEGER);
	assert_int_equal(number_of("2147483648").kind, JAVA_LONG);
	assert_int_equal(number_of("9223372036854775807").kind, JAVA_LONG);
	assert_int_equal(number_of("-9223372036854775808").kind, JAVA_LONG);
	assert_int_equal(number_of("9223372036854775808").kind, JAVA_BIG);
	assert_string_equal(reckoned("2147483647", JAVA_ADD, "1"), "2147483648");
	assert_string_equal(reckoned("100000", JAVA_MULTIPLY, "100000"), "10000000000");
	assert_string_equal(reckoned("9223372036854775807", JAVA_ADD, "1"), "9223372036854775808");
	assert_string_equal(reckoned("9223372036854775807", JAVA_MULTIPLY, "-3"), "-27670116110564327421");
}

static void test_division_truncates_and_never_by_zero(void **state)
{
	(void)state;
	assert_string_equal(reckoned("-7", JAVA_DIVIDE, "2"), "-3");
	assert_string_equal(reckoned("-7", JAVA_MODULO, "2"), "-1");
	assert_string_equal(reckoned("7", JAVA_DIVIDE, "2.0"), "3.5");
	assert_string_equal(reckoned("7.5", JAVA_MODULO, "2"), "1.5");
	assert_string_equal(reckoned("5", JAVA_DIVIDE, "0"), "none");
	assert_string_equal(reckoned("5", JAVA_MODULO, "0.0"), "none");
	assert_string_equal(reckoned("-9223372036854775808", JAVA_DIVIDE, "-1"), "-9223372036854775808");
}

static void test_big_integers(void **state)
{
	(void)state;
	assert_string_equal(
		reckoned("123456789012345678901234567890", JAVA_ADD, "-123456789012345678901234567889"), "1");
	assert_string_equal(reckoned("1", JAVA_SUBTRACT, "100000000000000000000"), "-99999999999999999999");
	assert_string_equal(reckoned("100000000000000000000", JAVA_SUBTRACT, "100000000000000000000"), "0");
	assert_string_equal(
		reckoned("123456789012345678901234567890", JAVA_DIVIDE, "-1234567890123456789"), "-100000000000");
	assert_string_equal(
		reckoned("-123456789012345678901234567890", JAVA_MODULO, "1234567890123456789"), "-1234567890");
	assert_string_equal(reckoned("99999999999999999999", JAVA_MULTIPLY, "99999999999999999999"),
		"9999999999999999999800000000000000000001");
	assert_string_equal(reckoned("99999999999999999999", JAVA_DIVIDE, "0"), "none");
	assert_true(java_number_compare(number_of("-99999999999999999999"), number_of("5")) < 0);
	assert_true(java_number_compare(number_of("99999999999999999999"), number_of("99999999999999999998")) > 0);
}

static void test_big_integers_are_bounded(void **state)
{
	char digits[JAVA_DIGITS_MAX + 1];
	struct java_number result, operand;

	(void)state;
	memset(digits, '9', sizeof digits);
	operand = java_number_of_text(view_from(digits, JAVA_DIGITS_MAX));
	assert_int_equal(java_number_reckon(&arena, JAVA_ADD, operand, operand, &result), -EMSGSIZE);
	assert_int_equal(java_number_reckon(&arena, JAVA_DIVIDE, operand, operand, &result), 0);
	assert_string_equal(text_of(result), "1");
}

static void test_equality_looks_at_kinds_and_order_does_not(void **state)
{
	(void)state;
	assert_true(java_number_equals(number_of("7"), number_of("7")));
	assert_false(java_number_equals(number_of("7"), number_of("7.0")));
	assert_false(java_number_equals(number_of("7"), java_number_of_long(7)));
	assert_int_equal(java_number_compare(number_of("7"), number_of("7.0")), 0);
	assert_int_equal(java_number_compare(number_of("1.5"), number_of("1")), 1);
}

static void test_narrowing(void **state)
{
	(void)state;
	assert_int_equal(java_number_int(number_of("4294967297")), 1);
	assert_int_equal(java_number_int(number_of("1e20")), INT32_MAX);
	assert_true(java_number_long(number_of("-1e30")) == INT64_MIN);
	assert_true(java_number_long(number_of("18446744073709551617")) == 1);
	assert_true(java_number_double(number_of("100000000000000000000")) == 1e20);
}

static void test_parsing_as_java_does(void **state)
{
	int64_t number;
	double value;

	(void)state;
	assert_int_equal(java_parse_integer(view_of("+12"), INT32_MIN, INT32_MAX, &number), 0);
	assert_int_equal(number, 12);
	assert_int_equal(java_parse_integer(view_of(" 12"), INT32_MIN, INT32_MAX, &number), -EINVAL);
	assert_int_equal(java_parse_integer(view_of(""), INT32_MIN, INT32_MAX, &number), -EINVAL);
	assert_int_equal(java_parse_integer(view_of("-"), INT32_MIN, INT32_MAX, &number), -EINVAL);
	assert_int_equal(java_parse_integer(view_of("2147483648"), INT32_MIN, INT32_MAX, &number), -EINVAL);
	assert_int_equal(java_parse_double(view_of(" 1.5e1d "), &value), 0);
	assert_true(value == 15);
	assert_int_equal(java_parse_double(view_of(".5"), &value), 0);
	assert_true(value == 0.5);
	assert_int_equal(java_parse_double(view_of("-Infinity"), &value), 0);
	assert_int_equal(java_parse_double(view_of("1.5e"), &value), -EINVAL);
	assert_int_equal(java_parse_double(view_of("."), &value), -EINVAL);
	assert_int_equal(java_parse_double(view_of("x"), &value), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_of_doubles),
		cmocka_unit_test(test_kinds_grow_with_the_value),
		cmocka_unit_test(test_division_truncates_and_never_by_zero),
		cmocka_unit_test(test_big_integers),
		cmocka_unit_test(test_big_integers_are_bounded),
		cmocka_unit_test(test_equality_looks_at_kinds_and_order_does_not),
		cmocka_unit_test(test_narrowing),
		cmocka_unit_test(test_parsing_as_java_does),
	};
	int result;

	arena_init(&arena, NULL, 8 << 20);
	result = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return result;
}
