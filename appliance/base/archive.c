/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <minizip/zip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"

struct archive {
	zipFile zip;
	int fd; /* -1: in memory */
	int error;
	struct buffer *target; /* of one in memory */
	size_t place;          /* where the next byte goes, at most at the end */
};

/* --- memory ----------------------------------------------------------------------------------------------------------- */

static voidpf memory_open(voidpf archive, const void *name, int mode)
{
	(void)name, (void)mode;
	return archive;
}

static uLong memory_read(voidpf archive, voidpf stream, void *bytes, uLong count)
{
	/* Nothing that was written is read again. */
	(void)archive, (void)stream, (void)bytes, (void)count;
	return 0;
}

static uLong memory_write(voidpf context, voidpf stream, const void *bytes, uLong count)
{
	struct archive *archive = context;
	struct buffer *target = archive->target;
	size_t over = target->count - archive->place;

	(void)stream;
	if (over > count)
		over = count;
	memcpy(target->at + archive->place, bytes, over);
	buffer_append_bytes(target, (const char *)bytes + over, count - over);
	if (buffer_error(target) < 0)
		return 0;
	archive->place += count;
	return count;
}

static ZPOS64_T memory_tell(voidpf archive, voidpf stream)
{
	(void)stream;
	return ((struct archive *)archive)->place;
}

static long memory_seek(voidpf context, voidpf stream, ZPOS64_T offset, int origin)
{
	struct archive *archive = context;
	size_t from = origin == ZLIB_FILEFUNC_SEEK_SET ? 0 : archive->place;

	(void)stream;
	if (origin == ZLIB_FILEFUNC_SEEK_END)
		from = archive->target->count;
	if (offset > archive->target->count - from)
		return -1;
	archive->place = from + (size_t)offset;
	return 0;
}

static int memory_close(voidpf archive, voidpf stream)
{
	(void)archive, (void)stream;
	return 0;
}

int archive_begin(struct archive **ret, struct buffer *target)
{
	struct archive *archive = calloc(1, sizeof *archive);
	zlib_filefunc64_def functions = { .zopen64_file = memory_open,
		.zread_file = memory_read,
		.zwrite_file = memory_write,
		.ztell64_file = memory_tell,
		.zseek64_file = memory_seek,
		.zclose_file = memory_close,
		.zerror_file = memory_close,
		.opaque = archive };

	if (!archive)
		return -ENOMEM;
	archive->fd = -1;
	archive->target = target;
	archive->zip = zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &functions);
	if (!archive->zip) {
		free(archive);
		return -ENOMEM;
	}
	*ret = archive;
	return 0;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

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
	if (archive->fd >= 0) {
		if (archive->error == 0 && fsync(archive->fd) < 0)
			archive->error = -errno;
		close(archive->fd);
	} else if (buffer_error(archive->target) < 0) {
		archive->error = buffer_error(archive->target);
	}
	error = archive->error;
	free(archive);
	return error;
}
