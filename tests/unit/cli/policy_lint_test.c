/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/policy_lint: the exit status, which scripts look at, and the names of kinds. */
#include "tests/unit/support.h"

#include <unistd.h>

#include "appliance/cli/policy_lint.h"

static int lint(const char *text, char *kind)
{
	char path[] = "/tmp/postern-lint-XXXXXX", name[] = "lint", option[] = "--kind";
	char *argv[] = { name, path, option, kind, NULL };
	struct cli cli = { .json = true };
	int descriptor = mkstemp(path), status;

	assert_true(descriptor >= 0);
	assert_int_equal(strlen(text), write(descriptor, text, strlen(text)));
	close(descriptor);
	arena_init(&cli.arena, NULL, (size_t)16 << 20);
	status = policy_lint_command(&cli, 4, argv);
	arena_fini(&cli.arena);
	unlink(path);
	return status;
}

static void errors_end_with_1_and_warnings_do_not(void **state)
{
	char api[] = "api", identity[] = "identity", other[] = "other";

	(void)state;
	assert_int_equal(CLI_FAILED, lint("{\"Statement\": 1}", api));
	assert_int_equal(CLI_FAILED, lint("", api));
	/* Reachable from any endpoint: a warning. */
	assert_int_equal(CLI_OK, lint("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
				      "\"Action\":\"execute-api:Invoke\",\"Resource\":\"execute-api:/*\"}}",
					 api));
	/* An identity policy names no principal. */
	assert_int_equal(CLI_FAILED, lint("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
					  "\"Action\":\"execute-api:Invoke\",\"Resource\":\"*\"}}",
					     identity));
	assert_int_equal(CLI_USAGE, lint("{}", other));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(errors_end_with_1_and_warnings_do_not) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
