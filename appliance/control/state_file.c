/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/control/state.h"
#include "appliance/crypto/compare.h"

/* Does the file hold this already, for those who may read it? */
static bool file_holds(const char *path, mode_t mode, struct view content)
{
	struct stat facts;
	char bytes[STATE_FILE_MAX_BYTES];
	ssize_t count = -1;
	bool same;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	if (fstat(fd, &facts) == 0 && (facts.st_mode & 07777) == mode && facts.st_uid == geteuid())
		count = read(fd, bytes, sizeof bytes);
	close(fd);
	same = count >= 0 && view_equals(view_from(bytes, (size_t)count), content);
	compare_wipe(bytes, sizeof bytes);
	return same;
}

/* The name of a file that came or went, durable. */
static int sync_folder(const struct control *control)
{
	int error = 0, fd = open(control->settings.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

int state_file_write(const struct control *control, const char *name, mode_t mode, struct view content)
{
	char path[CONTROL_PATH_MAX_BYTES], fresh[CONTROL_PATH_MAX_BYTES + 8];
	int fd, error = 0;

	control_path(control, name, path);
	if (file_holds(path, mode, content))
		return 0;
	snprintf(fresh, sizeof fresh, "%s.new", path);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0)
		error = -errno;
	while (error == 0 && content.count) {
		ssize_t count = write(fd, content.at, content.count);

		if (count < 0 && errno != EINTR)
			error = -errno;
		else if (count > 0)
			content = view_after(content, (size_t)count);
	}
	if (error == 0 && fsync(fd) < 0)
		error = -errno;
	close(fd);
	if (error == 0 && rename(fresh, path) < 0)
		error = -errno;
	if (error < 0) {
		(void)unlink(fresh);
		return error;
	}
	return sync_folder(control);
}

int state_file_read(
	const struct control *control, const char *name, char ret[STATE_FILE_MAX_BYTES], struct view *ret_content)
{
	char path[CONTROL_PATH_MAX_BYTES];
	ssize_t count;
	int fd, error = 0;

	control_path(control, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	count = read(fd, ret, STATE_FILE_MAX_BYTES);
	if (count < 0)
		error = -errno;
	else if (count == STATE_FILE_MAX_BYTES)
		error = -EMSGSIZE;
	close(fd);
	if (error == 0)
		*ret_content = view_from(ret, (size_t)count);
	return error;
}

int state_file_remove(const struct control *control, const char *name)
{
	char path[CONTROL_PATH_MAX_BYTES];

	control_path(control, name, path);
	/* Asked first: a read-only file system refuses to remove even what is not there. */
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	return sync_folder(control);
}
