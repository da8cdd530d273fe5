/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/configure/source.h"

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/source_test.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void put(const char *name, const char *text, size_t count)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_true(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
	strcat(path, "/raw");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal((ssize_t)count, write(fd, text, count));
	close(fd);
}

static void test_fw_cfg(void **state)
{
	struct sources sources = { 0 };

	(void)state;
	source_find_fw_cfg(&sources, folder);
	assert_true(source_wants(&sources, SOURCE_USER_DATA));
	put("user-data", "region: eu\n", 11);
	put("meta-data", "", 0);
	source_find_fw_cfg(&sources, folder);
	assert_string_equal("region: eu\n", sources.files[SOURCE_USER_DATA].at);
	assert_int_equal(11, sources.files[SOURCE_USER_DATA].count);
	assert_string_equal("fw_cfg", sources.files[SOURCE_USER_DATA].from);
	/* An empty file is none. */
	assert_true(source_wants(&sources, SOURCE_META_DATA));
	/* A later source changes nothing. */
	source_find_command_line(&sources, "postern.user-data=eA==");
	assert_string_equal("region: eu\n", sources.files[SOURCE_USER_DATA].at);
	sources_fini(&sources);
}

static void test_fw_cfg_at_its_limits(void **state)
{
	struct sources sources = { 0 };
	char *text = calloc(1, PLACES_FILE_MAX_BYTES + 1), path[256];

	(void)state;
	assert_non_null(text);
	memset(text, '#', PLACES_FILE_MAX_BYTES + 1);
	put("user-data", text, PLACES_FILE_MAX_BYTES + 1);
	source_find_fw_cfg(&sources, folder);
	assert_true(source_wants(&sources, SOURCE_USER_DATA));
	put("user-data", text, PLACES_FILE_MAX_BYTES);
	source_find_fw_cfg(&sources, folder);
	assert_int_equal(PLACES_FILE_MAX_BYTES, sources.files[SOURCE_USER_DATA].count);
	free(text);
	/* What is no file is not read, and not waited for. */
	snprintf(path, sizeof path, "%s/network-config", folder);
	assert_int_equal(0, mkdir(path, 0700));
	strcat(path, "/raw");
	assert_int_equal(0, mkfifo(path, 0600));
	source_find_fw_cfg(&sources, folder);
	assert_true(source_wants(&sources, SOURCE_NETWORK_CONFIG));
	sources_fini(&sources);
}

static const char *from_line(const char *line, struct sources *sources)
{
	memset(sources, 0, sizeof *sources);
	source_find_command_line(sources, line);
	return sources->files[SOURCE_USER_DATA].at;
}

static void test_command_line(void **state)
{
	struct sources sources;

	(void)state;
	/* Both alphabets, with and without padding: "a?b>" and "ab". */
	assert_string_equal("a?b>", from_line("quiet postern.user-data=YT9iPg== panic=5\n", &sources));
	sources_fini(&sources);
	assert_string_equal("a?b>", from_line("postern.user-data=YT9iPg", &sources));
	sources_fini(&sources);
	assert_string_equal("\xff\xfe\xfd", from_line("postern.user-data=//79", &sources));
	sources_fini(&sources);
	assert_string_equal("\xff\xfe\xfd", from_line("postern.user-data=__79", &sources));
	assert_string_equal("the kernel's command line", sources.files[SOURCE_USER_DATA].from);
	sources_fini(&sources);
	/* The first one counts; other files go beside. */
	assert_string_equal("ab",
		from_line("ds=nocloud;s=/x/ postern.user-data=YWI postern.user-data=eA postern.network-config=eHk=",
			&sources));
	assert_string_equal("xy", sources.files[SOURCE_NETWORK_CONFIG].at);
	sources_fini(&sources);
}

static void test_command_lines_without(void **state)
{
	static const char *const lines[] = { "", "\n", "quiet", "postern.user-data",
		"postern.user-data=", "postern.user-data=%%%%", "postern.user-data=Y", "postern.user-data=YT9iPg===x",
		"xpostern.user-data=YWI", "postern.user-dat=YWI", "postern.=YWI" };
	struct sources sources;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_null(from_line(at_page_end(lines[i], strlen(lines[i]) + 1), &sources));
		sources_fini(&sources);
	}
}

static void test_kept_between_runs(void **state)
{
	struct sources sources = { 0 }, again = { 0 };
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/source", folder);
	source_find_command_line(&sources, "postern.user-data=YQBi postern.meta-data=eA");
	sources_save(&sources, path);
	sources_load(&again, path);
	assert_int_equal(3, again.files[SOURCE_USER_DATA].count);
	assert_memory_equal("a\0b", again.files[SOURCE_USER_DATA].at, 4);
	assert_string_equal("the kernel's command line", again.files[SOURCE_META_DATA].from);
	assert_true(source_wants(&again, SOURCE_NETWORK_CONFIG));
	sources_fini(&sources);
	sources_fini(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fw_cfg, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fw_cfg_at_its_limits, set_up, tear_down),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_command_lines_without),
		cmocka_unit_test_setup_teardown(test_kept_between_runs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
