/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/init/clock.h"

#define BUILT 1795348800ll /* 2026-11-22 */

static char folder[] = "/tmp/clock_test_XXXXXX";
static char built[64], noted[64], store[64];

static int start(void **state)
{
	(void)state;
	strcpy(strstr(folder, "_test_") + 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(built, sizeof built, "%s/built", folder);
	snprintf(noted, sizeof noted, "%s/noted", folder);
	snprintf(store, sizeof store, "%s/store", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)unlink(built);
	(void)unlink(noted);
	(void)unlink(store);
	return rmdir(folder);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static void change_at(const char *path, int64_t seconds)
{
	const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	write_text(path, "");
	assert_int_equal(0, utimensat(AT_FDCWD, path, times, 0));
}

static int64_t earliest(void)
{
	const char *const paths[] = { noted, store, NULL };

	return clock_floor(built, paths);
}

static void it_is_not_before_the_build(void **state)
{
	(void)state;
	assert_int_equal(0, earliest());
	write_text(built, "1795348800\n");
	assert_int_equal(BUILT, earliest());
	change_at(noted, BUILT - 1);
	assert_int_equal(BUILT, earliest());
}

static void it_is_not_before_what_was_noted(void **state)
{
	(void)state;
	write_text(built, "1795348800\n");
	change_at(noted, BUILT + 10);
	assert_int_equal(BUILT + 10, earliest());
	change_at(store, BUILT + 20);
	assert_int_equal(BUILT + 20, earliest());
	change_at(noted, BUILT + 30);
	assert_int_equal(BUILT + 30, earliest());
}

static void a_time_far_off_is_not_believed(void **state)
{
	(void)state;
	write_text(built, "1795348800\n");
	change_at(store, BUILT + 20);
	change_at(noted, BUILT + CLOCK_BELIEVED_SECONDS);
	assert_int_equal(BUILT + 20, earliest());
	change_at(noted, BUILT + CLOCK_BELIEVED_SECONDS - 1);
	assert_int_equal(BUILT + CLOCK_BELIEVED_SECONDS - 1, earliest());
}

static void a_file_without_a_number_says_nothing(void **state)
{
	static const char *const texts[] = { "", "now\n", "-5\n", "\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_text(built, texts[i]);
		assert_int_equal(0, earliest());
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(it_is_not_before_the_build),
		TEST(it_is_not_before_what_was_noted),
		TEST(a_time_far_off_is_not_believed),
		TEST(a_file_without_a_number_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
