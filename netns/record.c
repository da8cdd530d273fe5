/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAGIC 0x50534550u
#define RECORD_VERSION 1
#define RECORD_PATH_BYTES (NETNS_PATH_BYTES + 64)

static void path_of(char path[RECORD_PATH_BYTES], const char *run_dir, const char *id, const char *suffix)
{
	snprintf(path, RECORD_PATH_BYTES, "%s/endpoints/%s%s", run_dir, id, suffix);
}

static int write_file(const char *path, const struct record *record)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t count;

	if (fd < 0)
		return -errno;
	count = write(fd, record, sizeof *record);
	close(fd);
	return count == (ssize_t)sizeof *record ? 0 : -EIO;
}

int record_write(const char *run_dir, struct record *record)
{
	char path[RECORD_PATH_BYTES], fresh[RECORD_PATH_BYTES];
	int rc;

	record->magic = RECORD_MAGIC;
	record->version = RECORD_VERSION;
	path_of(path, run_dir, record->wanted.id, "");
	path_of(fresh, run_dir, record->wanted.id, ".new");
	rc = write_file(fresh, record);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(fresh);
	return rc;
}

void record_remove(const char *run_dir, const char id[FILTER_ENDPOINT_ID_BYTES])
{
	char path[RECORD_PATH_BYTES];

	path_of(path, run_dir, id, "");
	unlink(path);
}

static int read_file(int dir, const char *name, struct record *ret)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t count;

	if (fd < 0)
		return -errno;
	count = read(fd, ret, sizeof *ret);
	close(fd);
	if (count != (ssize_t)sizeof *ret || ret->magic != RECORD_MAGIC || ret->version != RECORD_VERSION ||
		ret->index >= VERB_ENDPOINTS_MAX || ret->wanted.address_count > VERB_ADDRESSES_MAX ||
		!verb_endpoint_id_valid(ret->wanted.id) || strcmp(ret->wanted.id, name) != 0)
		return -EINVAL;
	return 0;
}

int record_visit(const char *run_dir, record_visitor *visit, void *context)
{
	char path[RECORD_PATH_BYTES];
	struct dirent *entry;
	DIR *dir;

	path_of(path, run_dir, "", "");
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		struct record record;

		if (entry->d_name[0] == '.')
			continue;
		if (read_file(dirfd(dir), entry->d_name, &record) < 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
		else
			visit(context, &record);
	}
	closedir(dir);
	return 0;
}
