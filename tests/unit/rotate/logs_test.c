/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "image/rotate/logs.h"

#define MIB (1u << 20)
/* A partition of 128 MiB: files of 4 MiB, 16 MiB stay free. */
static const struct logs_space roomy = { .partition_bytes = 128 * MIB, .free_bytes = 100 * MIB };
static char folder[] = "/tmp/logs_test_XXXXXX";
static int folder_fd;
static struct logs logs;
static uint64_t next_ms;

static int start(void **state)
{
	(void)state;
	strcpy(strstr(folder, "_test_") + 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder_fd >= 0);
	logs_init(&logs, folder_fd);
	return 0;
}

static int end(void **state)
{
	DIR *stream = opendir(folder);
	const struct dirent *entry;

	(void)state;
	while ((entry = readdir(stream)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(folder_fd, entry->d_name, 0);
	closedir(stream);
	close(folder_fd);
	return rmdir(folder);
}

/* `bytes` long, without taking up space. */
static void make(const char *name, uint64_t bytes)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, (off_t)bytes));
	close(fd);
}

/* -1: not there. */
static int64_t size_of(const char *name)
{
	struct stat facts;

	return fstatat(folder_fd, name, &facts, AT_SYMLINK_NOFOLLOW) < 0 ? -1 : facts.st_size;
}

static int look(const struct logs_space *space)
{
	return logs_look(&logs, space, 1000, &next_ms);
}

static void limits_are_parts_of_the_partition(void **state)
{
	(void)state;
	assert_int_equal(1 * MIB, logs_file_bytes(16 * MIB));
	assert_int_equal(4 * MIB, logs_file_bytes(128 * MIB));
	assert_int_equal(16 * MIB, logs_file_bytes(512 * MIB));
	assert_int_equal(16 * MIB, logs_file_bytes((uint64_t)1 << 40));
	assert_int_equal(16 * MIB, logs_reserve_bytes(128 * MIB));
	assert_int_equal(64 * MIB, logs_reserve_bytes((uint64_t)1 << 40));
}

static void a_log_below_its_limit_stays(void **state)
{
	(void)state;
	assert_int_equal(0, look(&roomy));
	make("access.log", 4 * MIB - 1);
	make("audit.log", 100);
	assert_int_equal(0, look(&roomy));
	assert_int_equal(4 * MIB - 1, size_of("access.log"));
	assert_int_equal(-1, size_of("access.log.1"));
}

static void a_log_at_its_limit_is_begun_anew(void **state)
{
	(void)state;
	make("audit.log", 100);
	for (uint64_t i = 0; i < 6; i++) {
		make("access.log", 4 * MIB + i);
		assert_int_equal(1, look(&roomy));
		assert_int_equal(-1, size_of("access.log"));
		assert_int_equal(4 * MIB + i, size_of("access.log.1"));
		assert_int_equal(i >= 1 ? (int64_t)(4 * MIB + i - 1) : -1, size_of("access.log.2"));
		assert_int_equal(i >= 2 ? (int64_t)(4 * MIB + i - 2) : -1, size_of("access.log.3"));
		assert_int_equal(-1, size_of("access.log.4"));
		/* Nothing to do while nobody has opened it again. */
		assert_int_equal(0, look(&roomy));
	}
	assert_int_equal(100, size_of("audit.log"));
}

static void growth_says_when_to_look_again(void **state)
{
	(void)state;
	make("access.log", 0);
	assert_int_equal(0, look(&roomy));
	assert_int_equal(LOGS_LOOK_MAX_MS, next_ms);
	make("access.log", 3 * MIB);
	assert_int_equal(0, look(&roomy));
	/* 1 MiB is left, at 3 MiB a second. */
	assert_in_range(next_ms, 150, 170);
	make("access.log", 4 * MIB - 100);
	assert_int_equal(0, look(&roomy));
	assert_int_equal(LOGS_LOOK_MIN_MS, next_ms);
}

static void space_for_the_store_is_won_from_old_logs(void **state)
{
	struct logs_space tight = { .partition_bytes = 128 * MIB, .free_bytes = 11 * MIB };

	(void)state;
	make("access.log", 3 * MIB);
	make("access.log.1", 4 * MIB);
	make("access.log.2", 5 * MIB);
	make("access.log.3", 3 * MIB);
	make("audit.log.1", 1 * MIB);
	assert_int_equal(0, look(&tight));
	assert_int_equal(-1, size_of("access.log.2"));
	assert_int_equal(4 * MIB, size_of("access.log.1"));
	assert_int_equal(1 * MIB, size_of("audit.log.1"));
	assert_int_equal(3 * MIB, size_of("access.log"));
	tight.free_bytes = 0;
	assert_int_equal(1, look(&tight));
	/* All that was rotated is gone; what was being written is rotated now, and goes next. */
	assert_int_equal(-1, size_of("audit.log.1"));
	assert_int_equal(3 * MIB, size_of("access.log.1"));
	assert_int_equal(-1, size_of("access.log"));
	make("access.log", 1000);
	assert_int_equal(0, look(&tight));
	assert_int_equal(-1, size_of("access.log.1"));
	/* A small log is never taken from whoever writes it. */
	assert_int_equal(1000, size_of("access.log"));
}

static void other_files_are_let_alone(void **state)
{
	(void)state;
	make(".hidden", 5 * MIB);
	make("name.2.txt", 5 * MIB);
	assert_int_equal(0, symlinkat("/etc/passwd", folder_fd, "link"));
	assert_int_equal(0, mkdirat(folder_fd, "folder", 0700));
	/* Not a generation, a log of that name. */
	assert_int_equal(1, look(&roomy));
	assert_int_equal(5 * MIB, size_of("name.2.txt.1"));
	assert_int_equal(5 * MIB, size_of(".hidden"));
	assert_true(size_of("link") > 0);
	assert_int_equal(0, unlinkat(folder_fd, "folder", AT_REMOVEDIR));
}

static void many_logs_are_not_all_looked_after(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < LOGS_MAX_COUNT + 5; i++) {
		snprintf(name, sizeof name, "log%d", i);
		make(name, 5 * MIB);
	}
	assert_int_equal(LOGS_MAX_COUNT, look(&roomy));
	assert_int_equal(LOGS_MAX_COUNT, logs.count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(limits_are_parts_of_the_partition),
		TEST(a_log_below_its_limit_stays),
		TEST(a_log_at_its_limit_is_begun_anew),
		TEST(growth_says_when_to_look_again),
		TEST(space_for_the_store_is_won_from_old_logs),
		TEST(other_files_are_let_alone),
		TEST(many_logs_are_not_all_looked_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
