/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/credentials: AWS's file format, profiles, and files that are something else. */
#include "tests/unit/support.h"

#include "appliance/cli/credentials.h"

static bool parse(const char *text, const char *profile, struct credentials *ret)
{
	size_t count = strlen(text);

	return credentials_parse(view_from(at_page_end(text, count), count), view_from_text(profile), ret);
}

static void a_profile_is_found_by_its_name(void **state)
{
	static const char file[] = "# comment\n[other]\naws_access_key_id=A\naws_secret_access_key=B\n"
				   "[default]\r\naws_access_key_id = AKIDEXAMPLE\r\nAWS_SECRET_ACCESS_KEY =  se=cret "
				   "\r\nregion=eu-west-1\r\n"
				   "[profile third]\naws_access_key_id=C\naws_secret_access_key=D\naws_session_token=E";
	struct credentials found;

	(void)state;
	assert_true(parse(file, "default", &found));
	assert_true(view_equals_text(found.access_key, "AKIDEXAMPLE"));
	assert_true(view_equals_text(found.secret, "se=cret"));
	assert_true(view_equals_text(found.region, "eu-west-1"));
	assert_int_equal(0, found.security_token.count);
	assert_true(parse(file, "third", &found));
	assert_true(view_equals_text(found.security_token, "E"));
	assert_false(parse(file, "fourth", &found));
}

static void half_a_key_pair_is_none(void **state)
{
	struct credentials found = { .access_key = view_of("kept") };

	(void)state;
	assert_false(parse("[default]\naws_access_key_id=A\n", "default", &found));
	assert_false(parse("[default]\naws_access_key_id=\naws_secret_access_key=B\n", "default", &found));
	assert_false(parse("aws_access_key_id=A\naws_secret_access_key=B\n", "default", &found));
	assert_true(view_equals_text(found.access_key, "kept"));
}

static void any_prefix_of_a_file_is_read_without_harm(void **state)
{
	static const char file[] = "[default]\naws_access_key_id=A\naws_secret_access_key=B\n=\n[\n]\n==";
	struct credentials found;

	(void)state;
	for (size_t i = 0; i < sizeof file; i++)
		(void)credentials_parse(view_from(at_page_end(file, i), i), view_of("default"), &found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_is_found_by_its_name),
		cmocka_unit_test(half_a_key_pair_is_none),
		cmocka_unit_test(any_prefix_of_a_file_is_read_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
