/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <sys/stat.h>

#include "image/configure/files.h"
#include "image/configure/kept.h"

static char folder[64], path[96];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/kept_test.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/user-data", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct source_bytes bytes_of(const char *text, size_t count, const char *from)
{
	struct source_bytes ret = { .at = malloc(count + 1), .count = count };

	assert_non_null(ret.at);
	memcpy(ret.at, text, count);
	snprintf(ret.from, sizeof ret.from, "%s", from);
	return ret;
}

static void test_kept_as_it_was(void **state)
{
	struct source_bytes given = bytes_of("a: b\n\0\xff", 7, "fw_cfg"), kept = { .at = NULL };
	struct stat before, after;

	(void)state;
	assert_int_equal(-ENOENT, kept_read(path, &kept));
	assert_int_equal(0, kept_write(path, &given));
	assert_int_equal(0, kept_read(path, &kept));
	assert_int_equal(7, kept.count);
	assert_memory_equal(given.at, kept.at, 7);
	assert_string_equal("fw_cfg", kept.from);
	free(kept.at);
	assert_int_equal(0, stat(path, &before));
	assert_int_equal(0600, before.st_mode & 07777);
	/* The same again does not write; another source of the same does. */
	assert_int_equal(0, kept_write(path, &given));
	assert_int_equal(0, stat(path, &after));
	assert_int_equal(before.st_ino, after.st_ino);
	strcpy(given.from, "the volume CIDATA on /dev/sda");
	assert_int_equal(0, kept_write(path, &given));
	assert_int_equal(0, kept_read(path, &kept));
	assert_string_equal(given.from, kept.from);
	free(kept.at);
	free(given.at);
}

static void test_what_is_not_ours(void **state)
{
	static const char *const texts[] = { "", "#", "#fw_cfg", "fw_cfg\nx", "\n" };
	struct source_bytes kept = { .at = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(0, files_write(path, view_from_text(texts[i]), 0600));
		assert_int_equal(-EBADMSG, kept_read(path, &kept));
	}
	assert_null(kept.at);
}

static void test_files(void **state)
{
	char *text, new[128], link[128];
	size_t count;

	(void)state;
	snprintf(new, sizeof new, "%s.new", path);
	snprintf(link, sizeof link, "%s.link", path);
	/* What a power cut left is in nobody's way. */
	assert_int_equal(0, symlink("/nowhere/at/all", new));
	assert_int_equal(0, files_write(path, view_of("12345"), 0600));
	assert_int_equal(-1, access(new, F_OK));
	assert_int_equal(-EFBIG, files_read(path, 4, &text, &count));
	assert_int_equal(0, files_read(path, 5, &text, &count));
	assert_string_equal("12345", text);
	free(text);
	assert_int_equal(0, symlink(path, link));
	assert_int_equal(-ELOOP, files_read(link, 100, &text, &count));
	assert_int_equal(-EINVAL, files_read(folder, 100, &text, &count));
	assert_int_equal(0, files_remove(path));
	assert_int_equal(0, files_remove(path));
	assert_int_equal(-ENOENT, files_read(path, 5, &text, &count));
	assert_int_equal(-ENOENT, files_write("/nowhere/at/all", view_of("x"), 0600));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept_as_it_was, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
