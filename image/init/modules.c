/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/init/console.h"

/* Devices looked at, and the longest name of one (PCI's have 54 bytes, ACPI's may list several ids). */
#define DEVICES_MAX 256
#define MODALIAS_BYTES 256

struct devices {
	char modalias[DEVICES_MAX][MODALIAS_BYTES];
	size_t count;
};

static void find_devices(struct devices *ret)
{
	glob_t paths;

	ret->count = 0;
	if (glob("/sys/bus/*/devices/*/modalias", GLOB_NOSORT, NULL, &paths) != 0)
		return;
	for (size_t i = 0; i < paths.gl_pathc && ret->count < DEVICES_MAX; i++) {
		char *modalias = ret->modalias[ret->count];
		int fd = open(paths.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		ssize_t count = fd < 0 ? 0 : read(fd, modalias, MODALIAS_BYTES - 1);

		if (fd >= 0)
			close(fd);
		if (count <= 0)
			continue;
		modalias[count] = '\0';
		modalias[strcspn(modalias, "\n")] = '\0';
		ret->count++;
	}
	globfree(&paths);
}

static bool has_device(const struct devices *devices, const char *pattern)
{
	for (size_t i = 0; i < devices->count; i++)
		if (fnmatch(pattern, devices->modalias[i], 0) == 0)
			return true;
	return false;
}

static bool is_of_use(const struct devices *devices, char *patterns)
{
	char *pattern;

	if (!patterns || !*patterns)
		return true;
	while ((pattern = strsep(&patterns, " ")) != NULL)
		if (has_device(devices, pattern))
			return true;
	return false;
}

static void load(const char *root, const char *path)
{
	char whole[256];
	int fd;

	snprintf(whole, sizeof whole, "%s%s", root, path);
	fd = open(whole, O_RDONLY | O_CLOEXEC);

	/* Loaded already (a second call), or for hardware that is not there after all (watchdogs). */
	if (fd < 0 ||
		(syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST && errno != ENODEV && errno != EOPNOTSUPP))
		console_say("init", "module %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool is_loaded(const char *path)
{
	const char *name = strrchr(path, '/');
	char folder[128];
	int count = snprintf(folder, sizeof folder, "/sys/module/%s", name ? name + 1 : path);

	for (char *at = folder; *at; at++)
		if (*at == '-')
			*at = '_';
	if (count > 3 && strcmp(folder + count - 3, ".ko") == 0)
		folder[count - 3] = '\0';
	return access(folder, F_OK) == 0;
}

void modules_load(const char *root, const char *list_path)
{
	static char line[MODULES_LINE_BYTES];
	static struct devices devices;
	char whole[256];
	FILE *list;

	snprintf(whole, sizeof whole, "%s%s", root, list_path);
	list = fopen(whole, "re");
	find_devices(&devices);
	while (list && fgets(line, sizeof line, list)) {
		char *patterns = line, *path;

		line[strcspn(line, "\n")] = '\0';
		path = strsep(&patterns, " ");
		if (is_loaded(path) || !is_of_use(&devices, patterns))
			continue;
		load(root, path);
		/* A bus: its devices are what the next lines are for. */
		if (patterns)
			find_devices(&devices);
	}
	if (list)
		fclose(list);
}

int modules_load_named(const char *list_path, const char *name)
{
	static char line[MODULES_LINE_BYTES];
	FILE *list = fopen(list_path, "re");
	int error = -ENOENT;

	while (list && error && fgets(line, sizeof line, list)) {
		char *rest = line, *path;

		line[strcspn(line, "\n")] = '\0';
		if (strcmp(strsep(&rest, " "), name) != 0)
			continue;
		while ((path = strsep(&rest, " ")) != NULL)
			load("", path);
		error = 0;
	}
	if (list)
		fclose(list);
	return error;
}
