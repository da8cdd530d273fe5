/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/policy_diff: the exit status: a change is no failure, a file that is no policy is one. */
#include "tests/unit/support.h"

#include <unistd.h>

#include "appliance/cli/policy_diff.h"

static void write_file(char *path, const char *text)
{
	int descriptor = mkstemp(path);

	assert_true(descriptor >= 0);
	assert_int_equal(strlen(text), write(descriptor, text, strlen(text)));
	close(descriptor);
}

static int diff(const char *old_text, const char *new_text, char *api_arn, bool as_json)
{
	char old_path[] = "/tmp/postern-diff-XXXXXX", new_path[] = "/tmp/postern-diff-XXXXXX";
	char name[] = "diff", option[] = "--api-arn";
	char *argv[] = { name, old_path, new_path, option, api_arn, NULL };
	struct cli cli = { .json = as_json };
	int status;

	write_file(old_path, old_text);
	write_file(new_path, new_text);
	arena_init(&cli.arena, NULL, (size_t)16 << 20);
	status = policy_diff_command(&cli, api_arn ? 5 : 3, argv);
	arena_fini(&cli.arena);
	unlink(old_path);
	unlink(new_path);
	return status;
}

#define STATEMENT(effect, rest)                                                                                        \
	"{\"Statement\":{\"Effect\":\"" effect "\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"" rest "}}"

static void a_change_is_no_failure_and_no_policy_is_one(void **state)
{
	static const char everybody[] = STATEMENT("Allow", "");
	static const char some[] =
		STATEMENT("Allow", ",\"Condition\":{\"IpAddress\":{\"aws:VpcSourceIp\":\"10.0.0.0/8\"},"
				   "\"StringEquals\":{\"aws:PrincipalTag/team\":\"a\"}}");
	char no_arn[] = "nothing";

	(void)state;
	assert_int_equal(CLI_OK, diff(everybody, everybody, NULL, false));
	assert_int_equal(CLI_OK, diff(everybody, some, NULL, false));
	assert_int_equal(CLI_OK, diff(everybody, some, NULL, true));
	assert_int_equal(CLI_FAILED, diff(everybody, "{", NULL, false));
	assert_int_equal(CLI_FAILED, diff("", everybody, NULL, true));
	assert_int_equal(CLI_FAILED, diff(everybody, some, no_arn, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_change_is_no_failure_and_no_policy_is_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
