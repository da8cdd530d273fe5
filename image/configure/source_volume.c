/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/source_volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "image/configure/say.h"
#include "image/configure/source.h"

#define LABEL "CIDATA"
#define DEVICES_FOLDER "/sys/class/block"
#define MOUNT_POINT PLACES_CONFIG "/volume"
#define DEVICE_BYTES 64
/* Of a machine with very many disks the first ones are asked. */
#define DEVICES_MAX 64

/* Does the field at `at` hold the label, in either case, padded with blanks or NULs? */
static bool is_label(struct view start, size_t at, size_t count)
{
	struct view field = view_part(start, at, count);

	while (field.count && (field.at[field.count - 1] == ' ' || field.at[field.count - 1] == '\0'))
		field.count--;
	return view_equals_ignore_case(field, view_of(LABEL));
}

static bool has(struct view start, size_t at, const char *text)
{
	return view_equals_text(view_part(start, at, strlen(text)), text);
}

const char *source_volume_file_system(struct view start)
{
	bool is_fat = has(start, 510, "\x55\xaa");

	if (is_fat && has(start, 0x52, "FAT32") && is_label(start, 0x47, 11))
		return "vfat";
	if (is_fat && has(start, 0x36, "FAT") && is_label(start, 0x2b, 11))
		return "vfat";
	if (has(start, 16 * 2048,
		    "\x01"
		    "CD001") &&
		is_label(start, 16 * 2048 + 40, 32))
		return "iso9660";
	return NULL;
}

/* --- The machine's disks ------------------------------------------------------------------------------------------- */

/* What never is a volume, and what takes a second to find out (a floppy disk drive). */
static int may_be_volume(const struct dirent *entry)
{
	static const char *const others[] = { ".", "dm-", "fd", "loop", "ram", "zram", "md" };

	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		if (strncmp(entry->d_name, others[i], strlen(others[i])) == 0)
			return 0;
	return strlen(entry->d_name) < DEVICE_BYTES - strlen("/dev/");
}

static const char *look_at(const char *device)
{
	static char bytes[SOURCE_VOLUME_START_BYTES];
	int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t count = 0;
	ssize_t got = 1;

	/* A drive without a disk. */
	if (fd < 0)
		return NULL;
	while (got > 0 && count < sizeof bytes) {
		got = pread(fd, bytes + count, sizeof bytes - count, (off_t)count);
		count += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	return source_volume_file_system(view_from(bytes, count));
}

static void read_volume(struct sources *sources, const char *device, const char *file_system)
{
	char from[PLACES_FROM_BYTES], path[sizeof MOUNT_POINT + 32];

	if (mkdir(MOUNT_POINT, 0700) < 0 && errno != EEXIST)
		say("%s: %s", MOUNT_POINT, strerror(errno));
	if (mount(device, MOUNT_POINT, file_system, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		say("the volume " LABEL " on %s (%s) can't be read: %s", device, file_system, strerror(errno));
		return;
	}
	snprintf(from, sizeof from, "the volume " LABEL " on %s", device);
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++) {
		snprintf(path, sizeof path, MOUNT_POINT "/%s", source_names[file]);
		if (source_wants(sources, file))
			source_offer_file(sources, file, path, from);
	}
	if (umount2(MOUNT_POINT, 0) < 0)
		say("%s stays in use: %s", device, strerror(errno));
	rmdir(MOUNT_POINT);
}

void source_find_volumes(struct sources *sources)
{
	struct dirent **entries;
	int count = scandir(DEVICES_FOLDER, &entries, may_be_volume, alphasort);

	for (int i = 0; i < count; i++) {
		char device[DEVICE_BYTES + 8];
		const char *file_system;

		snprintf(device, sizeof device, "/dev/%.*s", DEVICE_BYTES, entries[i]->d_name);
		file_system = i < DEVICES_MAX ? look_at(device) : NULL;
		if (file_system)
			read_volume(sources, device, file_system);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}
