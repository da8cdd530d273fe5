/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A first piece; most files are smaller. */
#define PIECE_BYTES 4096

int files_read_fd(int fd, size_t max, char **ret, size_t *ret_count)
{
	size_t room = 0, count = 0;
	char *bytes = NULL;
	ssize_t got = 1;
	int error = 0;

	while (!error && got > 0) {
		if (room - count < 2) {
			char *more = realloc(bytes, room + (room ? room : PIECE_BYTES));

			if (!more) {
				error = -ENOMEM;
				break;
			}
			bytes = more;
			room += room ? room : PIECE_BYTES;
		}
		got = read(fd, bytes + count, room - count - 1);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			error = -errno;
		else
			count += (size_t)got;
		if (count > max)
			error = -EFBIG;
	}
	if (error) {
		free(bytes);
		return error;
	}
	bytes[count] = '\0';
	*ret = bytes;
	*ret_count = count;
	return 0;
}

int files_read(const char *path, size_t max, char **ret, size_t *ret_count)
{
	/* A pipe by this name must not make the start of the machine wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error;
	struct stat facts;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &facts) < 0)
		error = -errno;
	else if (!S_ISREG(facts.st_mode))
		error = -EINVAL;
	else
		error = files_read_fd(fd, max, ret, ret_count);
	close(fd);
	return error;
}

static int flush_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *end = strrchr(path, '/');
	int fd, error = 0;

	snprintf(folder, sizeof folder, "%.*s", end ? (int)(end - path) : 1, end ? path : ".");
	fd = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int write_all(int fd, struct view bytes)
{
	while (bytes.count) {
		ssize_t count = write(fd, bytes.at, bytes.count);

		if (count < 0 && errno != EINTR)
			return -errno;
		bytes = view_after(bytes, count > 0 ? (size_t)count : 0);
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int files_write(const char *path, struct view bytes, mode_t mode)
{
	char new[PATH_MAX];
	int fd, error;

	if ((size_t)snprintf(new, sizeof new, "%s.new", path) >= sizeof new)
		return -ENAMETOOLONG;
	/* What a power cut left is not written into, but replaced: its mode and its owner may be others. */
	if (unlink(new) < 0 && errno != ENOENT)
		return -errno;
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	error = fchmod(fd, mode) < 0 ? -errno : write_all(fd, bytes);
	close(fd);
	if (!error)
		error = files_rename(new, path);
	if (error)
		(void)unlink(new);
	return error;
}

int files_remove(const char *path)
{
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	return flush_folder(path);
}

int files_rename(const char *from, const char *to)
{
	if (rename(from, to) < 0)
		return -errno;
	return flush_folder(to);
}
