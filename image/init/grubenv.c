/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/grubenv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/init/disk.h"

#define SIGNATURE "# GRUB Environment Block\n"
#define SIGNATURE_COUNT (sizeof SIGNATURE - 1)
#define SECTOR_BYTES 512
/* The partition that build.py makes is smaller. */
#define PARTITION_MAX_BYTES (64 << 20)

_Static_assert(sizeof((struct grubenv *)0)->device == DISK_PATH_BYTES, "the path of a device");

/* GRUB's own program has the signature in it too, but never a sector that begins with it and a block that ends so. */
static bool is_block(const char *bytes)
{
	return memcmp(bytes, SIGNATURE, SIGNATURE_COUNT) == 0 && bytes[GRUBENV_BYTES - 1] == '#';
}

/* Steps of 64 KiB that overlap by a block's second sector. */
static int find(int fd, struct grubenv *ret)
{
	static char bytes[65536 + SECTOR_BYTES];

	for (off_t at = 0; at < PARTITION_MAX_BYTES; at += 65536) {
		ssize_t count = pread(fd, bytes, sizeof bytes, at);

		if (count < 0)
			return -errno;
		for (ssize_t i = 0; i < 65536 && i + GRUBENV_BYTES <= count; i += SECTOR_BYTES)
			if (is_block(bytes + i)) {
				memcpy(ret->bytes, bytes + i, GRUBENV_BYTES);
				ret->bytes[GRUBENV_BYTES] = '\0';
				ret->at = at + i;
				return 0;
			}
		if (count < (ssize_t)sizeof bytes)
			break;
	}
	return -ENOENT;
}

int grubenv_read(struct grubenv *ret)
{
	int fd, error = disk_find("esp", ret->device);

	if (error)
		return error;
	fd = open(ret->device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = find(fd, ret);
	close(fd);
	return error;
}

/* The line of `name`, and what is behind it; NULL if there is none. */
static char *find_line(const char *bytes, const char *name, char **end)
{
	size_t count = strlen(name);

	for (const char *at = bytes + SIGNATURE_COUNT; *at && *at != '#'; at = strchr(at, '\n') + 1) {
		if (!strchr(at, '\n'))
			break;
		if (strncmp(at, name, count) == 0 && at[count] == '=') {
			*end = strchr(at, '\n') + 1;
			return (char *)(size_t)at;
		}
	}
	return NULL;
}

void grubenv_get(const struct grubenv *env, const char *name, char *ret)
{
	char *end, *line = find_line(env->bytes, name, &end);

	ret[0] = '\0';
	if (line)
		snprintf(ret, GRUBENV_VALUE_BYTES, "%.*s", (int)(end - line) - (int)strlen(name) - 2,
			line + strlen(name) + 1);
}

int grubenv_put(struct grubenv *env, const char *name, const char *value)
{
	char *end, *line = find_line(env->bytes, name, &end);
	char text[GRUBENV_VALUE_BYTES + 64];
	size_t used, count;

	if (line) {
		memmove(line, end, (size_t)(env->bytes + GRUBENV_BYTES - end));
		memset(env->bytes + GRUBENV_BYTES - (end - line), '#', (size_t)(end - line));
	}
	if (!*value)
		return 0;
	count = (size_t)snprintf(text, sizeof text, "%.60s=%.*s\n", name, GRUBENV_VALUE_BYTES - 1, value);
	/* Words end where the padding begins: the first line that begins with '#', after the signature's. */
	for (used = SIGNATURE_COUNT; used < GRUBENV_BYTES && env->bytes[used] != '#';)
		used = (size_t)(strchrnul(env->bytes + used, '\n') + 1 - env->bytes);
	if (used + count > GRUBENV_USED_MAX_BYTES)
		return -ENOSPC;
	memcpy(env->bytes + used, text, count);
	return 0;
}

int grubenv_write(const struct grubenv *env)
{
	int fd = open(env->device, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (pwrite(fd, env->bytes, GRUBENV_BYTES, env->at) != GRUBENV_BYTES || fsync(fd) < 0)
		error = errno ? -errno : -EIO;
	close(fd);
	return error;
}
