/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <fcntl.h>

#include "image/configure/say.h"

static char said[16384];

/* What `speak` says, in `said`. */
static void listen_to(void (*speak)(void))
{
	int ends[2], output = dup(STDOUT_FILENO);
	ssize_t count;

	assert_int_equal(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	fflush(stdout);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	speak();
	assert_true(dup2(output, STDOUT_FILENO) >= 0);
	close(output);
	count = read(ends[0], said, sizeof said - 1);
	said[count > 0 ? count : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
}

static void say_what_a_terminal_obeys(void)
{
	say("a\033[2Jb\nc\x7f"
	    "d\xc2\x9b"
	    "e\x9b \xc3\xa4 \xe2\x80\xa6");
}

static void say_much(void)
{
	static char text[4096];

	memset(text, 'x', sizeof text - 1);
	say("%s", text);
}

static void say_in_lines(void)
{
	say_lines("> ", view_of("one\ntwo\n"), 3);
	say_lines("> ", view_of("1\n2\n3\n4"), 2);
	say_lines("> ", view_of(""), 2);
}

static void test_lines(void **state)
{
	(void)state;
	listen_to(say_what_a_terminal_obeys);
	assert_string_equal("a?[2Jb?c?d??"
			    "e? \xc3\xa4 \xe2\x80\xa6\n",
		said);
	listen_to(say_much);
	assert_int_equal(SAY_LINE_BYTES, strlen(said));
	assert_int_equal('\n', said[SAY_LINE_BYTES - 1]);
	listen_to(say_in_lines);
	assert_string_equal("> one\n> two\n> 1\n> 2\n> … (more)\n", said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
