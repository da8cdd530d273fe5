/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "image/init/service.h"

#define LATEST UINT64_MAX
static char said[8][CONSOLE_LINE_BYTES];
static size_t said_count;

static void note(const struct service *service)
{
	if (said_count < sizeof said / sizeof *said)
		snprintf(said[said_count++], sizeof *said, "%s", service->line);
}

static struct service shell(const char *script)
{
	return (struct service){
		.name = "shell", .arguments = { "/bin/sh", "-c", script }, .on_line = note, .output = -1
	};
}

/* Its output to the end, then its end, as init does. */
static void wait_for_end(struct service *service)
{
	int status;

	while (service->output >= 0) {
		struct pollfd fd = { .fd = service->output, .events = POLLIN };

		assert_int_equal(1, poll(&fd, 1, 10000));
		service_pass_output(service);
	}
	assert_int_equal(service->pid, waitpid(service->pid, &status, 0));
	service_ended(service, status, 0);
}

static int begin(void **state)
{
	(void)state;
	said_count = 0;
	return 0;
}

static void lines_are_passed_on_whole(void **state)
{
	struct service one =
		shell("printf 'one\\ntw'; printf 'o\\n' >&2; head -c 3000 /dev/zero | tr '\\0' x; echo; echo end");

	(void)state;
	service_start_due(&one, 1, LATEST);
	assert_true(one.pid > 0);
	wait_for_end(&one);
	assert_string_equal("one", said[0]);
	assert_string_equal("two", said[1]);
	/* A long line comes in pieces that fit. */
	assert_int_equal(960, strlen(said[2]));
	assert_string_equal("end", said[6]);
	assert_int_equal(7, said_count);
}

static void what_ends_is_started_again_later_and_later(void **state)
{
	struct service one = shell("exit 1");
	unsigned expected_ms = SERVICE_BACK_OFF_MIN_MS;

	(void)state;
	for (int i = 0; i < 10; i++) {
		uint64_t now;

		one.start_at_ms = 0;
		service_start_due(&one, 1, LATEST);
		wait_for_end(&one);
		now = service_now_ms();
		assert_int_equal(expected_ms, one.back_off_ms);
		assert_in_range(one.start_at_ms, now + expected_ms - 1000, now + expected_ms);
		assert_int_equal(one.start_at_ms, service_start_due(&one, 1, LATEST));
		assert_int_equal(0, one.pid);
		expected_ms = expected_ms < SERVICE_BACK_OFF_MAX_MS / 2 ? 2 * expected_ms : SERVICE_BACK_OFF_MAX_MS;
	}
	assert_int_equal(SERVICE_BACK_OFF_MAX_MS, one.back_off_ms);
	/* One that lasted is started at once. */
	one.started_ms = 0;
	if (service_now_ms() > SERVICE_LASTED_MS) {
		one.pid = 1;
		service_ended(&one, 0, 0);
		assert_int_equal(SERVICE_BACK_OFF_MIN_MS, one.back_off_ms);
	}
}

static void a_row_that_runs_once_holds_the_next_ones_back(void **state)
{
	struct service table[] = { shell("exit 0"), shell("exit 0") };

	(void)state;
	table[0].once_ms = 60000;
	service_start_due(table, 2, LATEST);
	assert_true(table[0].pid > 0);
	assert_int_equal(0, table[1].pid);
	wait_for_end(&table[0]);
	service_start_due(table, 2, LATEST);
	assert_int_equal(0, table[0].pid);
	assert_true(table[1].pid > 0);
	wait_for_end(&table[1]);
}

static void a_row_that_takes_too_long_is_ended(void **state)
{
	struct service table[] = { shell("exec sleep 1000"), shell("exit 0") };

	(void)state;
	table[0].once_ms = 60000;
	assert_in_range(service_start_due(table, 2, LATEST), service_now_ms() + 50000, service_now_ms() + 60000);
	table[0].started_ms -= 60000;
	service_start_due(table, 2, LATEST);
	wait_for_end(&table[0]);
	service_start_due(table, 2, LATEST);
	assert_true(table[1].pid > 0);
	wait_for_end(&table[1]);
}

static void what_is_not_there_is_passed_over(void **state)
{
	struct service table[] = { shell("exit 0"), shell("exit 0"), shell("exit 0") };

	(void)state;
	table[0].arguments[0] = "/no/such/program";
	table[0].once_ms = 60000;
	table[1].if_there = "/no/such/file";
	table[2].if_there = "/dev/null";
	service_start_due(table, 3, LATEST);
	assert_int_equal(0, table[0].pid);
	assert_int_equal(0, table[1].pid);
	assert_true(table[2].pid > 0);
	wait_for_end(&table[2]);
	/* A file that appears later starts its row then. */
	table[1].if_there = "/dev/null";
	service_start_due(table, 2, LATEST);
	assert_true(table[1].pid > 0);
	wait_for_end(&table[1]);
}

/* A program inherits nothing of init's but a SIGHUP that does nothing before it is wanted. */
static void signals_are_as_a_program_expects_them(void **state)
{
	struct service one = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; kill -HUP $$; echo here");
	sigset_t all;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	service_start_due(&one, 1, LATEST);
	wait_for_end(&one);
	assert_string_equal("SigBlk:\t0000000000000000", said[0]);
	assert_int_equal(1 << (SIGHUP - 1), strtoull(strchr(said[1], '\t'), NULL, 16) & (1 << (SIGHUP - 1)));
	assert_string_equal("here", said[2]);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(lines_are_passed_on_whole),
		TEST(what_ends_is_started_again_later_and_later),
		TEST(a_row_that_runs_once_holds_the_next_ones_back),
		TEST(a_row_that_takes_too_long_is_ended),
		TEST(what_is_not_there_is_passed_over),
		TEST(signals_are_as_a_program_expects_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
