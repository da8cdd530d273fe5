/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk: the partitions of the image's disk, found by their names in the partition table, and the growth of the last one.
 *
 * Process: stage1 and init; single-threaded. Needs /dev (devtmpfs) and /sys.
 */
#ifndef POSTERN_INIT_DISK_H
#define POSTERN_INIT_DISK_H

/* "/dev/" and a name of the kernel's. */
#define DISK_PATH_BYTES 64

/* The device of the partition called `name`. 0, or -ENOENT if there is none (yet). */
int disk_find(const char *name, char ret[DISK_PATH_BYTES]) __attribute__((warn_unused_result));

/*
 * Let the partition `device`, the last one, reach to the end of its disk: the partition table's two copies first, the one at the
 * disk's end before the other, then the kernel's own view. Does nothing where less than a MiB can be won. 1 if it grew, 0 if not;
 * -EINVAL if the table is none that this understands, or another errno.
 * Source: UEFI Specification 2.10, 5.3 GUID Partition Table (GPT) Disk Layout.
 */
int disk_grow(const char *device) __attribute__((warn_unused_result));

#endif
