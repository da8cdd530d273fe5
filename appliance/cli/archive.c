/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <minizip/zip.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"

struct archive {
	zipFile zip;
	int fd, error;
};

int archive_create(struct archive **ret, const char *path)
{
	struct archive *archive = calloc(1, sizeof *archive);
	int error;

	if (!archive)
		return -ENOMEM;
	/* Made here for its mode, and held to be synced; minizip opens it by its name. */
	archive->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (archive->fd < 0) {
		error = -errno;
		free(archive);
		return error;
	}
	archive->zip = zipOpen64(path, APPEND_STATUS_CREATE);
	if (!archive->zip) {
		close(archive->fd);
		free(archive);
		return -EIO;
	}
	*ret = archive;
	return 0;
}

static void keep(struct archive *archive, int result)
{
	if (result != ZIP_OK && archive->error == 0)
		archive->error = result == ZIP_ERRNO && errno ? -errno : -EIO;
}

void archive_add(struct archive *archive, const char *name, struct view content, uint64_t wall_ms)
{
	struct clock_civil civil;
	zip_fileinfo info = { .external_fa = (uLong)(S_IFREG | 0600) << 16 };

	if (archive->error < 0)
		return;
	if (content.count >= UINT32_MAX) {
		archive->error = -EFBIG;
		return;
	}
	clock_civil_from_ms(&civil, wall_ms);
	info.tmz_date = (tm_zip){ .tm_sec = civil.second,
		.tm_min = civil.minute,
		.tm_hour = civil.hour,
		.tm_mday = civil.day,
		.tm_mon = civil.month - 1,
		.tm_year = civil.year < 1980 ? 1980 : civil.year };
	errno = 0;
	/* "Made by" Unix (3), so that the modes above count. */
	keep(archive, zipOpenNewFileInZip4(archive->zip, name, &info, NULL, 0, NULL, 0, NULL, Z_DEFLATED, 6, 0,
			      -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, NULL, 0, 3 << 8 | 20, 0));
	if (archive->error < 0)
		return;
	keep(archive, zipWriteInFileInZip(archive->zip, content.at, (unsigned)content.count));
	keep(archive, zipCloseFileInZip(archive->zip));
}

int archive_close(struct archive *archive)
{
	int error;

	errno = 0;
	keep(archive, zipClose(archive->zip, NULL));
	if (archive->error == 0 && fsync(archive->fd) < 0)
		archive->error = -errno;
	close(archive->fd);
	error = archive->error;
	free(archive);
	return error;
}
