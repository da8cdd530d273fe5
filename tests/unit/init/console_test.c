/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <time.h>

#include "image/init/console.h"

static int ends[2], terminal;
static size_t taken_count;

static int start(void **state)
{
	(void)state;
	assert_int_equal(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	terminal = dup(STDOUT_FILENO);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	return 0;
}

static int end(void **state)
{
	(void)state;
	dup2(terminal, STDOUT_FILENO);
	close(terminal);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void count_line(const char *line, size_t count)
{
	assert_int_equal('\n', line[count - 1]);
	taken_count++;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t read_all(char *ret, size_t room)
{
	ssize_t count = read(ends[0], ret, room - 1);

	ret[count > 0 ? count : 0] = '\0';
	return count > 0 ? (size_t)count : 0;
}

static void lines_are_whole_and_bounded(void **state)
{
	static char text[4096], got[8192];

	(void)state;
	console_say("a", "b %d", 3);
	read_all(got, sizeof got);
	assert_string_equal("a: b 3\n", got);
	memset(text, 'x', sizeof text - 1);
	console_say("a", "%s", text);
	assert_int_equal(CONSOLE_LINE_BYTES - 1, read_all(got, sizeof got));
	assert_int_equal('\n', got[CONSOLE_LINE_BYTES - 2]);
}

/* Nobody reads: one wait, then none; every line is still taken by whoever keeps them. */
static void a_console_that_takes_nothing_holds_nobody_up(void **state)
{
	static char got[1 << 20];
	long begun = now_ms();
	size_t lines = 3000;
	const char *said;

	(void)state;
	console_never_block();
	taken_count = 0;
	console_tee(count_line);
	for (size_t i = 0; i < lines; i++)
		console_say("p", "line %zu that is long enough to fill a pipe of 64 KiB before all were said", i);
	assert_in_range(now_ms() - begun, CONSOLE_PATIENCE_MS, 3 * CONSOLE_PATIENCE_MS);
	assert_int_equal(lines, taken_count);
	read_all(got, sizeof got);
	assert_non_null(strstr(got, "p: line 0 that"));
	assert_null(strstr(got, "p: line 2999 that"));
	/* It reads again: it learns what it missed. */
	console_say("p", "after");
	read_all(got, sizeof got);
	said = strstr(got, "init: ");
	assert_non_null(said);
	assert_in_range(strtoul(said + 6, NULL, 10), 1000, lines);
	assert_non_null(strstr(said, " lines are left out here\np: after\n"));
	console_say("p", "and on");
	read_all(got, sizeof got);
	assert_string_equal("p: and on\n", got);
	console_tee(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(lines_are_whole_and_bounded),
		TEST(a_console_that_takes_nothing_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
