/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/init/console.h"
#include "image/init/record.h"

#define TIME_COUNT 25 /* "2026-11-22T16:28:00.123Z " */

static char folder[] = "/tmp/record_test_XXXXXX";
static char newer[64], older[64];

static int64_t size_of(const char *path)
{
	struct stat facts;

	return stat(path, &facts) < 0 ? -1 : facts.st_size;
}

static void expect_line(const char *text, const char *line)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

	for (size_t i = 0; i < TIME_COUNT; i++)
		assert_true(form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i]);
	assert_memory_equal(text + TIME_COUNT, line, strlen(line));
}

static void lines_are_kept_with_their_time(void **state)
{
	struct stat facts;
	char *text;

	(void)state;
	record_take("lost\n", 5);
	record_open(newer, getgid());
	console_say("posternd", "a %d", 1);
	record_take("kernel: b\n", 10);
	text = whole_file(newer, NULL);
	expect_line(text, "posternd: a 1\n");
	expect_line(strchr(text, '\n') + 1, "kernel: b\n");
	free(text);
	assert_int_equal(0, stat(newer, &facts));
	assert_int_equal(0640, facts.st_mode & 07777);
	assert_int_equal(-1, size_of(older));
}

/* All lines are there, in the older file or in the newer, until they are too many. */
static void both_files_are_bounded(void **state)
{
	char line[CONSOLE_LINE_BYTES], *text;
	unsigned wanted = 12000, before;

	(void)state;
	for (unsigned i = 0; i <= wanted; i++) {
		record_take(line, (size_t)snprintf(line, sizeof line, "p: line %u of many\n", i));
		assert_true(size_of(newer) <= RECORD_FILE_BYTES);
		assert_true(size_of(older) <= RECORD_FILE_BYTES);
	}
	assert_true(size_of(older) > RECORD_FILE_BYTES - 100);
	text = whole_file(older, NULL);
	before = (unsigned)strtoul(strstr(text, "line ") + 5, NULL, 10);
	assert_true(before > 0);
	for (const char *at = text; *at; at = strchr(at, '\n') + 1, before++) {
		snprintf(line, sizeof line, "p: line %u of many\n", before);
		expect_line(at, line);
	}
	free(text);
	text = whole_file(newer, NULL);
	for (const char *at = text; *at; at = strchr(at, '\n') + 1, before++) {
		snprintf(line, sizeof line, "p: line %u of many\n", before);
		expect_line(at, line);
	}
	free(text);
	assert_int_equal(wanted + 1, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_kept_with_their_time),
		cmocka_unit_test(both_files_are_bounded),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(newer, sizeof newer, "%s/console.log", folder);
	snprintf(older, sizeof older, "%s/console.log.1", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(newer);
	(void)unlink(older);
	(void)rmdir(folder);
	return failed;
}
