/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine of a test's own in the place of image/init's disk, boot loader's words and command line: partitions are files of a folder, and so are
 * the words, each written as a whole. Calls that change a disk need power, which can be made to end (cut_after).
 */
#ifndef POSTERN_TEST_FAKE_MACHINE_H
#define POSTERN_TEST_FAKE_MACHINE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/init/console.h"
#include "image/init/disk.h"
#include "image/init/grubenv.h"
#include "tests/unit/support.h"

#define CUT_STATUS 77

static char machine_folder[48];
static const char *machine_slot = "a";
static long machine_calls = -1; /* until the power goes; -1: never */

static inline void use_power(void)
{
	if (machine_calls == 0)
		_exit(CUT_STATUS);
	if (machine_calls > 0)
		machine_calls--;
}

/* ---- image/init ---- */

const char *console_argument(const char *name)
{
	return strcmp(name, "slot") == 0 ? machine_slot : "";
}

int disk_find(const char *name, char ret[DISK_PATH_BYTES])
{
	snprintf(ret, DISK_PATH_BYTES, "%s/%.12s", machine_folder, name);
	return access(ret, F_OK) == 0 ? 0 : -ENOENT;
}

static inline void words_path(char ret[64])
{
	snprintf(ret, 64, "%s/words", machine_folder);
}

/* One `name=value` a line. */
int grubenv_read(struct grubenv *ret)
{
	char path[64];
	FILE *file;
	size_t count;

	words_path(path);
	file = fopen(path, "r");
	if (!file)
		return -ENOENT;
	count = fread(ret->bytes, 1, GRUBENV_BYTES, file);
	ret->bytes[count] = '\0';
	fclose(file);
	return 0;
}

void grubenv_get(const struct grubenv *env, const char *name, char *ret)
{
	size_t count = strlen(name);

	ret[0] = '\0';
	for (const char *at = env->bytes; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, name, count) == 0 && at[count] == '=')
			snprintf(ret, GRUBENV_VALUE_BYTES, "%.*s", (int)strcspn(at + count + 1, "\n"), at + count + 1);
}

int grubenv_put(struct grubenv *env, const char *name, const char *value)
{
	static char made[GRUBENV_BYTES + 1];
	size_t count = strlen(name), used = 0;

	for (const char *at = env->bytes; *at; at = strchr(at, '\n') + 1)
		if (strncmp(at, name, count) != 0 || at[count] != '=')
			used += (size_t)snprintf(made + used, sizeof made - used, "%.*s\n", (int)strcspn(at, "\n"), at);
	if (*value)
		used += (size_t)snprintf(made + used, sizeof made - used, "%s=%s\n", name, value);
	made[used] = '\0';
	memcpy(env->bytes, made, sizeof made);
	return 0;
}

static inline void write_words(const char *text)
{
	char path[64], made[72];
	FILE *file;

	words_path(path);
	snprintf(made, sizeof made, "%s.new", path);
	file = fopen(made, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(made, path), 0);
}

int grubenv_write(const struct grubenv *env)
{
	use_power();
	write_words(env->bytes);
	return 0;
}

/* ---- libc ---- */

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at);
int fsync(int fd);

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
	use_power();
	return syscall(SYS_pwrite64, fd, bytes, count, at);
}

int fsync(int fd)
{
	use_power();
	return (int)syscall(SYS_fsync, fd);
}

/* ---- for tests ---- */

/* Beside the build: memory file systems may know no direct I/O. */
static inline int machine_begin(void **state)
{
	(void)state;
	strcpy(machine_folder, "/var/tmp/machine-XXXXXX");
	assert_non_null(mkdtemp(machine_folder));
	machine_slot = "a";
	machine_calls = -1;
	return 0;
}

static inline int machine_end(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", machine_folder);
	return system(command);
}

static inline void make_partition(const char *name, uint64_t bytes)
{
	char path[DISK_PATH_BYTES];
	int fd;

	(void)!disk_find(name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

/* The word's value now; empty if there is none. */
static inline const char *word(const char *name)
{
	static struct grubenv env;
	static char value[GRUBENV_VALUE_BYTES];

	assert_int_equal(grubenv_read(&env), 0);
	grubenv_get(&env, name, value);
	return value;
}

#endif
