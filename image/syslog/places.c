/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/places.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_BYTES 64

static const char *const names[] = {
	[MESSAGE_CONSOLE] = "console", [MESSAGE_AUDIT] = "audit", [MESSAGE_ACCESS] = "access"
};

static void read_boot(char ret[BOOT_ID_BYTES])
{
	FILE *file = fopen(BOOT_ID_PATH, "re");

	ret[0] = '\0';
	if (file && !fgets(ret, BOOT_ID_BYTES, file))
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	if (file)
		fclose(file);
}

void places_read(const char *path, struct follow_place ret[MESSAGE_SOURCES_COUNT])
{
	char line[256], boot[BOOT_ID_BYTES], name[16], text[BOOT_ID_BYTES] = "";
	struct follow_place place;
	FILE *file = fopen(path, "re");

	memset(ret, 0, sizeof *ret * MESSAGE_SOURCES_COUNT);
	if (!file)
		return;
	read_boot(boot);
	while (fgets(line, sizeof line, file)) {
		(void)sscanf(line, "boot %63s", text);
		if (sscanf(line, "%15s %" SCNu64 " %" SCNu64 " %" SCNu64, name, &place.inode, &place.born_ns,
			    &place.offset_bytes) != 4)
			continue;
		for (size_t i = 0; i < MESSAGE_SOURCES_COUNT; i++)
			if (strcmp(name, names[i]) == 0)
				ret[i] = place;
	}
	fclose(file);
	/* Those of another boot are gone with its memory, and were never this one's. */
	if (strcmp(text, boot) != 0)
		ret[MESSAGE_CONSOLE] = (struct follow_place){ .inode = 0 };
}

int places_write(const char *path, const struct follow_place places[MESSAGE_SOURCES_COUNT])
{
	char beside[PATH_MAX], boot[BOOT_ID_BYTES];
	FILE *file;
	int error = 0;

	snprintf(beside, sizeof beside, "%s.new", path);
	file = fopen(beside, "we");
	if (!file)
		return -errno;
	for (size_t i = 0; i < MESSAGE_SOURCES_COUNT; i++)
		fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", names[i], places[i].inode, places[i].born_ns,
			places[i].offset_bytes);
	read_boot(boot);
	fprintf(file, "boot %s\n", boot);
	if (ferror(file))
		error = -EIO;
	if (fclose(file) != 0 && !error)
		error = -errno;
	if (!error && rename(beside, path) < 0)
		error = -errno;
	if (error)
		(void)unlink(beside);
	return error;
}
