/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/profile: AWS's configuration file. */
#include "tests/unit/support.h"

#include "appliance/cli/profile.h"

static struct view value(const char *text, const char *name, const char *key)
{
	size_t count = strlen(text);

	return profile_value(view_from(at_page_end(text, count), count), view_from_text(name), key);
}

static void a_value_is_that_of_its_profile(void **state)
{
	static const char file[] = "ca_bundle = /nowhere\n[default]\r\nregion = eu-west-1\r\n# ca_bundle = /no\n"
				   "[profile remote]\nCA_Bundle = /etc/my ca.pem \nendpoint_url=https://gw:4566/\n"
				   "[services x]\nca_bundle=/other";

	(void)state;
	assert_true(view_equals_text(value(file, "remote", "ca_bundle"), "/etc/my ca.pem"));
	assert_true(view_equals_text(value(file, "remote", "endpoint_url"), "https://gw:4566/"));
	assert_true(view_equals_text(value(file, "default", "region"), "eu-west-1"));
	assert_int_equal(0, value(file, "default", "ca_bundle").count);
	assert_int_equal(0, value(file, "none", "region").count);
	assert_int_equal(0, value("", "default", "region").count);
	assert_int_equal(0, value("[default", "default", "region").count);
	assert_int_equal(0, value("[default]\nregion", "default", "region").count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_that_of_its_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
