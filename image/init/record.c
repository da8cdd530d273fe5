/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image/init/console.h"

#define MODE 0640
/* "2026-11-22T16:28:00.123Z " */
#define TIME_BYTES 32

static int file = -1;
static size_t file_count;
static char newer[PATH_MAX], older[PATH_MAX + 4];
static gid_t owner_group;

static void begin_file(void)
{
	if (file >= 0)
		close(file);
	file_count = 0;
	file = open(newer, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (file >= 0)
		(void)!fchown(file, (uid_t)-1, owner_group);
}

void record_take(const char *line, size_t count)
{
	char text[TIME_BYTES + CONSOLE_LINE_BYTES];
	struct timespec now;
	struct tm parts;
	size_t used;

	/* Nothing was opened, or there is no memory left for it: the next file is tried when this one would be full. */
	if (!*newer)
		return;
	if (file_count + TIME_BYTES + count > RECORD_FILE_BYTES) {
		(void)!rename(newer, older);
		begin_file();
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	used = strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
	used += (size_t)snprintf(text + used, sizeof text - used, ".%03ldZ ", now.tv_nsec / 1000000);
	memcpy(text + used, line, count);
	file_count += used + count;
	(void)!write(file, text, used + count);
}

void record_open(const char *path, gid_t group)
{
	snprintf(newer, sizeof newer, "%s", path);
	snprintf(older, sizeof older, "%s.1", path);
	owner_group = group;
	begin_file();
	if (file < 0)
		console_say("init", "%s: %s", path, strerror(errno));
	else
		console_tee(record_take);
}
