/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SECTOR_BYTES 512
/* 128 entries of 128 bytes, as build.py writes them: 32 sectors. */
#define ENTRIES_COUNT 128
#define ENTRIES_SECTORS 32
/* Partitions begin and end on a MiB. */
#define ALIGNMENT_SECTORS 2048

struct table_header {
	char signature[8];
	uint32_t revision, header_bytes, header_crc, reserved;
	uint64_t own_sector, other_sector, first_usable, last_usable;
	uint8_t disk_id[16];
	uint64_t entries_sector;
	uint32_t entries_count, entry_bytes, entries_crc;
	uint8_t padding[SECTOR_BYTES - 92];
} __attribute__((packed));

struct table_entry {
	uint8_t type[16], id[16];
	uint64_t first_sector, last_sector, attributes;
	uint16_t name[36];
};

struct table {
	struct table_header header;
	struct table_entry entries[ENTRIES_COUNT];
};

_Static_assert(sizeof(struct table_header) == SECTOR_BYTES, "a sector");
_Static_assert(sizeof(struct table) == (size_t)(1 + ENTRIES_SECTORS) * SECTOR_BYTES, "header and entries");

/* Does the file have the line `wanted`? */
static bool has_line(const char *path, const char *wanted)
{
	FILE *file = fopen(path, "re");
	char line[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strcmp(line, wanted) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

int disk_find(const char *name, char ret[DISK_PATH_BYTES])
{
	char wanted[96], path[320];
	struct dirent *entry;
	DIR *folder = opendir("/sys/class/block");
	int error = -ENOENT;

	snprintf(wanted, sizeof wanted, "PARTNAME=%s", name);
	while (folder && error && (entry = readdir(folder)) != NULL) {
		snprintf(path, sizeof path, "/sys/class/block/%s/uevent", entry->d_name);
		if (!has_line(path, wanted))
			continue;
		snprintf(ret, DISK_PATH_BYTES, "/dev/%.50s", entry->d_name);
		error = access(ret, R_OK) == 0 ? 0 : -ENOENT;
	}
	if (folder)
		closedir(folder);
	return error;
}

static uint32_t crc32_of(const void *bytes, size_t count)
{
	const uint8_t *at = bytes;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < count; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static uint32_t header_crc(const struct table_header *header)
{
	struct table_header copy = *header;

	copy.header_crc = 0;
	return crc32_of(&copy, 92);
}

static bool is_sound(const struct table *table)
{
	return memcmp(table->header.signature, "EFI PART", 8) == 0 && table->header.header_bytes == 92 &&
	       table->header.entries_count == ENTRIES_COUNT &&
	       table->header.entry_bytes == sizeof(struct table_entry) && table->header.entries_sector == 2 &&
	       table->header.header_crc == header_crc(&table->header) &&
	       table->header.entries_crc == crc32_of(table->entries, sizeof table->entries);
}

static int put(int disk, const void *bytes, size_t count, uint64_t sector)
{
	if (pwrite(disk, bytes, count, (off_t)(sector * SECTOR_BYTES)) != (ssize_t)count)
		return errno ? -errno : -EIO;
	return 0;
}

/* One of the two copies, with the places of both and its checksum set. */
static int put_table(int disk, struct table *table, uint64_t own, uint64_t other, uint64_t entries)
{
	int error;

	table->header.own_sector = own;
	table->header.other_sector = other;
	table->header.entries_sector = entries;
	table->header.entries_crc = crc32_of(table->entries, sizeof table->entries);
	table->header.header_crc = header_crc(&table->header);
	error = put(disk, table->entries, sizeof table->entries, entries);
	if (!error)
		error = put(disk, &table->header, sizeof table->header, own);
	return !error && fsync(disk) < 0 ? -errno : error;
}

/* The disk that a partition is on, and the partition's number. */
static int find_disk(const char *device, char ret[DISK_PATH_BYTES], int *number)
{
	char path[128], text[16] = "", *real, *slash;
	FILE *file;

	snprintf(path, sizeof path, "/sys/class/block/%.50s/partition", device + strlen("/dev/"));
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fgets(text, sizeof text, file))
		*number = atoi(text);
	fclose(file);
	snprintf(path, sizeof path, "/sys/class/block/%.50s/..", device + strlen("/dev/"));
	real = realpath(path, NULL);
	slash = real ? strrchr(real, '/') : NULL;
	if (slash)
		snprintf(ret, DISK_PATH_BYTES, "/dev/%.50s", slash + 1);
	free(real);
	return slash && *number > 0 && *number <= ENTRIES_COUNT ? 0 : -EINVAL;
}

static int tell_kernel(int disk, int number, const struct table_entry *entry)
{
	struct blkpg_partition partition = { .pno = number,
		.start = (long long)entry->first_sector * SECTOR_BYTES,
		.length = (long long)(entry->last_sector + 1 - entry->first_sector) * SECTOR_BYTES };
	struct blkpg_ioctl_arg order = {
		.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof partition, .data = &partition
	};

	return ioctl(disk, BLKPG, &order) < 0 ? -errno : 0;
}

static int grow(int disk, int number)
{
	static struct table table;
	struct table_entry *entry = &table.entries[number - 1];
	uint64_t bytes, last, end;
	int error;

	if (ioctl(disk, BLKGETSIZE64, &bytes) < 0)
		return -errno;
	if (pread(disk, &table, sizeof table, SECTOR_BYTES) != (ssize_t)sizeof table || !is_sound(&table))
		return -EINVAL;
	last = bytes / SECTOR_BYTES - 1;
	end = (last - ENTRIES_SECTORS) / ALIGNMENT_SECTORS * ALIGNMENT_SECTORS - 1;
	if (end < entry->last_sector + ALIGNMENT_SECTORS)
		return 0;
	entry->last_sector = end;
	table.header.last_usable = last - ENTRIES_SECTORS - 1;
	error = put_table(disk, &table, last, 1, last - ENTRIES_SECTORS);
	if (!error)
		error = put_table(disk, &table, 1, last, 2);
	if (!error)
		error = tell_kernel(disk, number, entry);
	return error ? error : 1;
}

int disk_grow(const char *device)
{
	char path[DISK_PATH_BYTES];
	int number = 0, fd, result = find_disk(device, path, &number);

	if (result)
		return result;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = grow(fd, number);
	close(fd);
	return result;
}
