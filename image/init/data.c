/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/data.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "image/init/console.h"
#include "image/init/disk.h"

#define BLOCK_BYTES 4096
#define FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)
/*
 * What ext4 reserves (1%) is for control (its number in /etc/passwd): on a partition that logs filled up, it can still open its store, and
 * says why it changes nothing.
 */
#define OPTIONS "errors=remount-ro,resuid=102"
/* Of fs/ext4/ext4.h: ext4 has no header of its own among those for programs. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
/* The file system's own structures are part of the partition, not of f_blocks: smaller differences mean nothing. */
#define GROWTH_MIN_BLOCKS (8 << 20 >> 12)

static void grow_file_system(const char *device)
{
	int disk = open(device, O_RDONLY | O_CLOEXEC), folder = open("/var", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs facts;
	uint64_t bytes = 0, blocks;

	if (disk >= 0 && folder >= 0 && ioctl(disk, BLKGETSIZE64, &bytes) == 0 && fstatfs(folder, &facts) == 0) {
		blocks = bytes / BLOCK_BYTES;
		if (blocks > (uint64_t)facts.f_blocks + GROWTH_MIN_BLOCKS &&
			ioctl(folder, EXT4_IOC_RESIZE_FS, &blocks) < 0)
			console_say("init", "the data partition can't be used to its end: %s", strerror(errno));
	}
	if (disk >= 0)
		close(disk);
	if (folder >= 0)
		close(folder);
}

static void use_memory(const char *why)
{
	console_say("init", "no data partition (%s): what is stored now is lost at the next reboot", why);
	if (mount("memory", "/var", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=25%") < 0)
		console_say("init", "nor memory: %s", strerror(errno));
}

static void say_read_only(const char *why)
{
	console_say("init", "the data partition is read-only (%s): serving goes on, nothing can be changed", why);
}

static void mount_device(const char *device)
{
	struct statvfs facts;
	int error;

	if (mount(device, "/var", "ext4", FLAGS, OPTIONS) == 0) {
		if (statvfs("/var", &facts) == 0 && (facts.f_flag & ST_RDONLY))
			say_read_only("its file system says so");
		else
			grow_file_system(device);
		return;
	}
	error = errno;
	/* `noload`: a journal that would have to be replayed can't be, on a disk that takes no writes. */
	if (mount(device, "/var", "ext4", FLAGS | MS_RDONLY, NULL) == 0 ||
		mount(device, "/var", "ext4", FLAGS | MS_RDONLY, "noload") == 0)
		say_read_only(strerror(error));
	else
		use_memory(strerror(errno));
}

/* What is not made by its owner, who may write nowhere else. Ids are those of the image's /etc/passwd. */
static void make_folders(void)
{
	static const struct {
		const char *path;
		mode_t mode;
		uid_t owner;
	} folders[] = { { "/var/lib", 0755, 0 }, { "/var/log", 0755, 0 }, { "/var/lib/system", 0700, 0 },
		{ "/var/lib/chrony", 0750, 103 }, { "/var/lib/syslog", 0700, 106 } };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if ((mkdir(folders[i].path, folders[i].mode) < 0 && errno != EEXIST && errno != EROFS) ||
			(chown(folders[i].path, folders[i].owner, folders[i].owner) < 0 && errno != EROFS))
			console_say("init", "%s: %s", folders[i].path, strerror(errno));
}

void data_mount(void)
{
	char device[DISK_PATH_BYTES];
	int error = disk_find("data", device);

	if (error) {
		use_memory("there is none");
	} else {
		error = disk_grow(device);
		if (error < 0 && error != -EROFS && error != -EACCES)
			console_say("init", "the partition table can't be enlarged: %s", strerror(-error));
		mount_device(device);
	}
	make_folders();
}

void data_unmount(void)
{
	sync();
	if (umount2("/var", 0) < 0 && mount(NULL, "/var", NULL, MS_REMOUNT | MS_RDONLY | FLAGS, NULL) < 0)
		console_say("init", "/var is left as it is: %s", strerror(errno));
}
