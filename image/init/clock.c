/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "image/init/console.h"

static int64_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	int64_t number = 0;

	if (file && fscanf(file, "%19" SCNd64, &number) != 1)
		number = 0;
	if (file)
		fclose(file);
	return number > 0 ? number : 0;
}

int64_t clock_floor(const char *built_path, const char *const *noted_paths)
{
	int64_t built = read_number(built_path), floor = built;

	for (; *noted_paths; noted_paths++) {
		struct stat facts;

		if (stat(*noted_paths, &facts) == 0 && facts.st_mtim.tv_sec > floor &&
			facts.st_mtim.tv_sec < built + CLOCK_BELIEVED_SECONDS)
			floor = facts.st_mtim.tv_sec;
	}
	return floor;
}

static const char *write_time(time_t seconds, char ret[32])
{
	struct tm parts;

	gmtime_r(&seconds, &parts);
	strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return ret;
}

void clock_raise(void)
{
	/* The store's log is newer than the store while it is in use. */
	static const char *const noted[] = { CLOCK_NOTED_PATH, "/var/lib/postern/store.db",
		"/var/lib/postern/store.db-wal", NULL };
	struct timespec now, floor = { .tv_sec = clock_floor(CLOCK_BUILT_PATH, noted) };
	char was[32], is[32];

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec >= floor.tv_sec)
		return;
	if (clock_settime(CLOCK_REALTIME, &floor) < 0)
		console_say("init", "the clock can't be set: %s", strerror(errno));
	else
		console_say("init", "the clock stood at %s and was set to %s, before which it can't be",
			write_time(now.tv_sec, was), write_time(floor.tv_sec, is));
}
