/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/store/sqlite.h"

int file_sync(const char *path, int flags)
{
	int error = 0, fd = open(path, O_RDONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* Make the name of a new file durable: sync the folder that holds it. */
int file_sync_folder_of(const char *path)
{
	char folder[FILE_PATH_MAX_BYTES];
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(folder, sizeof folder, ".");
	else
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return file_sync(folder, O_DIRECTORY);
}

/* Create the file ourselves: SQLite would give it 0644 by umask, and the -wal and -shm files take its mode. */
int file_create(const char *path)
{
	int error = 0, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	/* What is on a read-only disk can be read. */
	if (fd < 0)
		return errno == EROFS && access(path, R_OK) == 0 ? 0 : -errno;
	if (fchmod(fd, 0640) < 0)
		error = -errno;
	close(fd);
	return error < 0 ? error : file_sync_folder_of(path);
}

/*
 * One writer at a time; the kernel drops the lock with the process. The file is for its owner alone: who can open it, if only to
 * read, could take the lock and keep the writer out.
 */
int file_take_writer_lock(const char *path, int *ret_fd)
{
	char lock_path[FILE_PATH_MAX_BYTES];
	int fd;

	if ((size_t)snprintf(lock_path, sizeof lock_path, "%s-writer", path) >= sizeof lock_path)
		return -ENAMETOOLONG;
	fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EROFS)
		fd = open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) < 0 && errno != EPERM && errno != EROFS) {
		int error = -errno;

		close(fd);
		return error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(fd);
		return error;
	}
	*ret_fd = fd;
	return 0;
}

/* Copy the database to the new file `path`, consistent and synced. */
int file_copy_database(struct sqlite *db, const char *path, mode_t mode)
{
	/* Made here so that its mode is right from its first byte; VACUUM INTO accepts an empty file. */
	int error, fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	error = fchmod(fd, mode) < 0 ? -errno : 0;
	close(fd);
	if (error == 0)
		error = sqlite_exec_quoted(db, "VACUUM INTO %Q", path, NULL);
	if (error == 0)
		error = file_sync(path, 0);
	if (error == 0)
		error = file_sync_folder_of(path);
	if (error < 0)
		(void)unlink(path);
	return error;
}
