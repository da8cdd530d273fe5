/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/rotate/logs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* NAME and ".3". */
#define PATH_BYTES (LOGS_NAME_BYTES + 8)

uint64_t logs_file_bytes(uint64_t partition_bytes)
{
	uint64_t bytes = partition_bytes / LOGS_FILE_PART;

	if (bytes < LOGS_FILE_MIN_BYTES)
		return LOGS_FILE_MIN_BYTES;
	return bytes < LOGS_FILE_MAX_BYTES ? bytes : LOGS_FILE_MAX_BYTES;
}

uint64_t logs_reserve_bytes(uint64_t partition_bytes)
{
	uint64_t bytes = partition_bytes / LOGS_RESERVE_PART;

	return bytes < LOGS_RESERVE_MAX_BYTES ? bytes : LOGS_RESERVE_MAX_BYTES;
}

void logs_init(struct logs *logs, int folder)
{
	*logs = (struct logs){ .folder = folder };
}

static const char *generation_name(const char *name, unsigned generation, char ret[PATH_BYTES])
{
	if (generation == 0)
		snprintf(ret, PATH_BYTES, "%s", name);
	else
		snprintf(ret, PATH_BYTES, "%s.%u", name, generation);
	return ret;
}

static uint64_t size_of(const struct logs *logs, const char *name)
{
	struct stat facts;

	if (fstatat(logs->folder, name, &facts, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(facts.st_mode))
		return 0;
	return (uint64_t)facts.st_size;
}

/* NAME of NAME and of NAME.3. Rotated files may be there without the one that is written. */
static size_t count_of_name(const char *name)
{
	const char *point = strrchr(name, '.');

	return point && point[1] && point[1 + strspn(point + 1, "0123456789")] == '\0' ? (size_t)(point - name)
										       : strlen(name);
}

static void note(struct logs *logs, const char *name, size_t count)
{
	struct stat facts;

	if (count == 0 || count >= LOGS_NAME_BYTES || fstatat(logs->folder, name, &facts, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(facts.st_mode))
		return;
	for (size_t i = 0; i < logs->count; i++)
		if (strncmp(logs->files[i].name, name, count) == 0 && !logs->files[i].name[count])
			return;
	if (logs->count < LOGS_MAX_COUNT)
		snprintf(logs->files[logs->count++].name, LOGS_NAME_BYTES, "%.*s", (int)count, name);
}

/* Logs that appeared since the last look. One that is gone stays in the list, with nothing in it. */
static int find_logs(struct logs *logs)
{
	int fd = openat(logs->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			note(logs, entry->d_name, count_of_name(entry->d_name));
	closedir(folder);
	return 0;
}

/* From the oldest on, so that a power cut leaves a gap at worst, never two names for one file. */
static int begin_anew(struct logs *logs, const char *name)
{
	char from[PATH_BYTES], to[PATH_BYTES];

	for (unsigned i = LOGS_GENERATIONS; i > 0; i--)
		if (renameat(logs->folder, generation_name(name, i - 1, from), logs->folder,
			    generation_name(name, i, to)) < 0 &&
			errno != ENOENT)
			return -errno;
	return 0;
}

/* Remove the largest rotated file. Its bytes; 0 if there is none. */
static uint64_t remove_largest(struct logs *logs)
{
	char name[PATH_BYTES], largest[PATH_BYTES] = "";
	uint64_t largest_bytes = 0;

	for (size_t i = 0; i < logs->count; i++)
		for (unsigned generation = LOGS_GENERATIONS; generation > 0; generation--) {
			uint64_t bytes = size_of(logs, generation_name(logs->files[i].name, generation, name));

			if (bytes > largest_bytes) {
				largest_bytes = bytes;
				strcpy(largest, name);
			}
		}
	return largest_bytes && unlinkat(logs->folder, largest, 0) == 0 ? largest_bytes : 0;
}

/* What grew to its limit, or what there is no room for any more. */
static int rotate(struct logs *logs, uint64_t limit_bytes)
{
	int begun = 0, error = 0;

	for (size_t i = 0; i < logs->count; i++) {
		int result;

		if (logs->files[i].bytes < limit_bytes)
			continue;
		result = begin_anew(logs, logs->files[i].name);
		if (result == 0)
			begun++;
		else if (!error)
			error = result;
		logs->files[i].bytes = 0;
	}
	return error ? error : begun;
}

static void measure(struct logs *logs, uint64_t *ret_largest_bytes, uint64_t *ret_growth_bytes)
{
	*ret_largest_bytes = *ret_growth_bytes = 0;
	for (size_t i = 0; i < logs->count; i++) {
		struct logs_file *file = &logs->files[i];
		uint64_t bytes = size_of(logs, file->name), growth = bytes > file->bytes ? bytes - file->bytes : 0;

		file->bytes = bytes;
		*ret_largest_bytes = bytes > *ret_largest_bytes ? bytes : *ret_largest_bytes;
		*ret_growth_bytes = growth > *ret_growth_bytes ? growth : *ret_growth_bytes;
	}
}

/* Half the time after which the largest is full, if they go on growing like this. */
static uint64_t next_ms(uint64_t left_bytes, uint64_t growth_bytes, uint64_t since_ms)
{
	uint64_t ms = growth_bytes ? left_bytes / 2 * (since_ms ? since_ms : 1) / growth_bytes : LOGS_LOOK_MAX_MS;

	if (ms < LOGS_LOOK_MIN_MS)
		return LOGS_LOOK_MIN_MS;
	return ms < LOGS_LOOK_MAX_MS ? ms : LOGS_LOOK_MAX_MS;
}

int logs_look(struct logs *logs, const struct logs_space *space, uint64_t since_ms, uint64_t *ret_next_ms)
{
	uint64_t limit_bytes = logs_file_bytes(space->partition_bytes), largest_bytes, growth_bytes;
	uint64_t reserve_bytes = logs_reserve_bytes(space->partition_bytes), free_bytes = space->free_bytes, won_bytes;
	int error = find_logs(logs), begun;

	measure(logs, &largest_bytes, &growth_bytes);
	*ret_next_ms = next_ms(largest_bytes < limit_bytes ? limit_bytes - largest_bytes : 0, growth_bytes, since_ms);
	begun = rotate(logs, limit_bytes);
	while (free_bytes < reserve_bytes && (won_bytes = remove_largest(logs)) > 0)
		free_bytes += won_bytes;
	/* What is still being written goes at the next look, as a rotated file: its writer has opened another one by then. */
	if (free_bytes < reserve_bytes && begun == 0)
		begun = rotate(logs, LOGS_FILE_MIN_BYTES);
	return begun < 0 ? begun : error ? error : begun;
}
