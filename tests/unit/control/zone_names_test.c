/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/zone_names: Route 53's printed form of names. */
#include "tests/unit/support.h"

#include "appliance/control/route53/zone_names.h"

static struct call test_call;

static int make_call(void **state)
{
	(void)state;
	arena_init(&test_call.arena, NULL, 1 << 20);
	return 0;
}

static int end_call(void **state)
{
	(void)state;
	arena_fini(&test_call.arena);
	return 0;
}

static void names_are_lower_case_with_a_final_dot(void **state)
{
	(void)state;
	assert_string_equal("a.example.com.", zone_name_normalise(&test_call, "A.Example.COM"));
	assert_string_equal("a.example.com.", zone_name_normalise(&test_call, "a.example.com."));
	assert_string_equal("_acme-1.example.com.", zone_name_normalise(&test_call, "_acme-1.example.com"));
}

static void odd_bytes_are_printed_in_octal(void **state)
{
	(void)state;
	assert_string_equal("\\052.example.com.", zone_name_normalise(&test_call, "*.example.com"));
	assert_string_equal("\\052.example.com.", zone_name_normalise(&test_call, "\\052.example.com"));
	assert_string_equal("a\\041.x.", zone_name_normalise(&test_call, "a!.x"));
	assert_string_equal("a.x.", zone_name_normalise(&test_call, "\\101.x"));
}

static void what_is_no_name_is_refused(void **state)
{
	char label[65], name[300] = "";

	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	assert_null(zone_name_normalise(&test_call, ""));
	assert_null(zone_name_normalise(&test_call, "."));
	assert_null(zone_name_normalise(&test_call, "a..b"));
	assert_null(zone_name_normalise(&test_call, ".a"));
	assert_null(zone_name_normalise(&test_call, label));
	assert_non_null(zone_name_normalise(&test_call, label + 1));
	for (unsigned i = 0; i < 60; i++)
		strcat(name, "abc.");
	assert_non_null(zone_name_normalise(&test_call, name));
	for (unsigned i = 0; i < 10; i++)
		strcat(name, "abc.");
	assert_null(zone_name_normalise(&test_call, name));
}

static void a_name_lies_in_a_zone_by_whole_labels(void **state)
{
	(void)state;
	assert_true(zone_name_lies_in("a.pets.internal.", "pets.internal."));
	assert_true(zone_name_lies_in("pets.internal.", "pets.internal."));
	assert_false(zone_name_lies_in("mypets.internal.", "pets.internal."));
	assert_false(zone_name_lies_in("internal.", "pets.internal."));
}

#define WITH_CALL(test) cmocka_unit_test_setup_teardown(test, make_call, end_call)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(names_are_lower_case_with_a_final_dot),
		WITH_CALL(odd_bytes_are_printed_in_octal),
		WITH_CALL(what_is_no_name_is_refused),
		cmocka_unit_test(a_name_lies_in_a_zone_by_whole_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
