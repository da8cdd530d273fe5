/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage1: /init of the initramfs: from the kernel's hand to the verified root of a slot.
 *
 * Loads the modules that lead to the disk, maps the slot's root through dm-verity, reads all of it once, mounts it and becomes
 * /sbin/init there. While one process reads the root the other loads the modules that are in it: dm-verity lets no wrong byte
 * through, and no program of the root runs before all of it was read. The kernel's command line says which: slot=a|b, and verity=BLOCKS:SALT:HASH, the number of data blocks and what
 * the tree of hashes was made with. A single flipped bit anywhere in the root ends here, not hours later: the console says so, the
 * slot's tries are used up, and the machine starts anew with the other slot.
 *
 * Linked statically: the initramfs holds nothing but this program, modules and their list.
 * Source: the kernel's admin-guide/device-mapper/verity.rst; linux/dm-ioctl.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/init/console.h"
#include "image/init/disk.h"
#include "image/init/grubenv.h"
#include "image/init/modules.h"

#define BLOCK_BYTES 4096
#define SECTORS_PER_BLOCK (BLOCK_BYTES / 512)
/* How long the disk may take to appear: slow controllers, not slow disks. */
#define DISK_WAIT_MS 20000
#define DISK_PAUSE_MS 5
/* People should be able to read why before the firmware clears the screen. */
#define REBOOT_PAUSE_MS 1000

/* ---- dm-verity ---- */

struct order {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char parameters[512];
};

static int device_mapper(int control, unsigned long request, struct order *order)
{
	order->head.version[0] = DM_VERSION_MAJOR;
	order->head.data_size = sizeof *order;
	order->head.data_start = sizeof order->head;
	strcpy(order->head.name, "root");
	return ioctl(control, request, order) < 0 ? -errno : 0;
}

/* /dev/dm-0 over `device`, whose data blocks are followed by the tree. */
static int map_root(const char *device, unsigned long blocks, const char *salt, const char *hash)
{
	struct order create = { .head.flags = 0 }, resume = { .head.flags = 0 };
	struct order load = { .head = { .flags = DM_READONLY_FLAG, .target_count = 1 },
		.target = { .length = blocks * SECTORS_PER_BLOCK, .target_type = "verity" } };
	int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC), error;

	if (control < 0)
		return -errno;
	snprintf(load.parameters, sizeof load.parameters, "1 %s %s %d %d %lu %lu sha256 %s %s", device, device,
		BLOCK_BYTES, BLOCK_BYTES, blocks, blocks, hash, salt);
	error = device_mapper(control, DM_DEV_CREATE, &create);
	if (!error)
		error = device_mapper(control, DM_TABLE_LOAD, &load);
	if (!error)
		error = device_mapper(control, DM_DEV_SUSPEND, &resume);
	close(control);
	return error;
}

/* Read every block once. The number of the first that does not verify, or -1. */
static long first_bad_block(void)
{
	static char bytes[64 * BLOCK_BYTES];
	int fd = open("/dev/dm-0", O_RDONLY | O_CLOEXEC);
	long at = 0;
	ssize_t count;

	if (fd < 0)
		return 0;
	while ((count = read(fd, bytes, sizeof bytes)) > 0)
		at += count;
	close(fd);
	return count < 0 ? at / BLOCK_BYTES : -1;
}

/* The same in a process of its own. It tells by the pipe `*ret_answer`; -1 if there can be none. */
static pid_t begin_check(int *ret_answer)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		long bad = first_bad_block();

		_exit(write(ends[1], &bad, sizeof bad) == (ssize_t)sizeof bad ? 0 : 1);
	}
	close(ends[1]);
	*ret_answer = ends[0];
	return pid;
}

/* What came of it: as first_bad_block(). Who does not answer has found nothing good. */
static long end_check(pid_t pid, int answer)
{
	long bad = 0;

	if (pid < 0)
		return first_bad_block();
	if (read(answer, &bad, sizeof bad) != (ssize_t)sizeof bad)
		bad = 0;
	close(answer);
	waitpid(pid, NULL, 0);
	return bad;
}

/* ---- the two ends ---- */

/* This slot has no more tries: the boot loader takes the other one, and whoever asks later reads why. */
static void use_up_tries(const char *why)
{
	static struct grubenv env;
	int error = grubenv_read(&env);

	if (!error)
		error = grubenv_put(&env, "tries", "0");
	if (!error)
		error = grubenv_put(&env, "why", why);
	if (!error)
		error = grubenv_write(&env);
	if (error)
		console_say("postern", "the boot loader can't be told: %s", strerror(-error));
}

static _Noreturn void give_up(const char *slot, const char *why)
{
	char text[GRUBENV_VALUE_BYTES];

	snprintf(text, sizeof text, "slot %s does not start: %s", slot, why);
	console_say("postern", "%s", text);
	use_up_tries(text);
	console_say("postern", "starting again, with the other slot");
	sync();
	console_pause_ms(REBOOT_PAUSE_MS);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void become(const char *root)
{
	static const char *const folders[] = { "/dev", "/proc", "/sys" };
	char target[64];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		snprintf(target, sizeof target, "%s%s", root, folders[i]);
		(void)!mount(folders[i], target, NULL, MS_MOVE, NULL);
	}
	if (chdir(root) < 0 || mount(root, "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return;
	execl("/sbin/init", "init", (char *)NULL);
}

/* ---- the way ---- */

static void mount_kernel_folders(void)
{
	(void)!mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
	(void)!mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)!mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* Load modules until the partition is there: a bus may find its devices long after its driver was loaded. */
static int wait_for_partition(const char *name, char ret[DISK_PATH_BYTES])
{
	for (long waited = 0; waited < DISK_WAIT_MS; waited += DISK_PAUSE_MS) {
		modules_load("", "/modules");
		if (disk_find(name, ret) == 0)
			return 0;
		console_pause_ms(DISK_PAUSE_MS);
	}
	return -ENOENT;
}

int main(void)
{
	char slot[8], salt[129] = "", hash[129] = "", name[16], device[DISK_PATH_BYTES], text[96];
	unsigned long blocks = 0;
	long bad;
	int error, answer = -1;
	pid_t check;

	mount_kernel_folders();
	snprintf(slot, sizeof slot, "%s", console_argument("slot"));
	snprintf(name, sizeof name, "root-%s", slot);
	if (wait_for_partition(name, device) < 0)
		give_up(slot, "its root partition is not there");
	if (sscanf(console_argument("verity"), "%lu:%128[0-9a-f]:%128[0-9a-f]", &blocks, salt, hash) != 3 || !blocks)
		give_up(slot, "the command line has no usable verity=");
	error = map_root(device, blocks, salt, hash);
	if (error)
		give_up(slot, strerror(-error));
	check = begin_check(&answer);
	error = mount("/dev/dm-0", "/root", "squashfs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) < 0 ? errno : 0;
	if (!error)
		modules_load("/root", MODULES_OF_THE_ROOT);
	bad = end_check(check, answer);
	if (bad >= 0) {
		snprintf(text, sizeof text, "its root is damaged near block %ld of %lu", bad, blocks);
		give_up(slot, text);
	}
	if (error)
		give_up(slot, strerror(error));
	become("/root");
	give_up(slot, strerror(errno));
}
