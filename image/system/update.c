/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/update.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/init/disk.h"

static const char *const partition_names[UPDATE_PARTITION_COUNT] = { "boot", "root" };

__attribute__((format(printf, 3, 4))) static int refuse(
	char reason[UPDATE_REASON_BYTES], int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(reason, UPDATE_REASON_BYTES, format, arguments);
	va_end(arguments);
	return error;
}

static bool is_missing(const struct update *update, uint32_t index)
{
	return update->missing[index / 8] & 1u << index % 8;
}

static void set_missing(struct update *update, uint32_t index, bool missing)
{
	if (is_missing(update, index) == missing)
		return;
	update->missing[index / 8] = (uint8_t)(update->missing[index / 8] ^ 1u << index % 8);
	update->missing_count += missing ? 1u : -1u;
}

static void close_partitions(struct update *update)
{
	for (unsigned i = 0; i < UPDATE_PARTITION_COUNT; i++) {
		if (update->partitions[i] >= 0)
			close(update->partitions[i]);
		update->partitions[i] = -1;
	}
}

int update_init(struct update *update)
{
	*update = (struct update){ .partitions = { -1, -1 } };
	return posix_memalign(&update->chunk, UPDATE_BLOCK_BYTES, UPDATE_CHUNK_BYTES) == 0 ? 0 : -ENOMEM;
}

void update_fini(struct update *update)
{
	close_partitions(update);
	free(update->chunk);
	update->chunk = NULL;
}

void update_cancel(struct update *update)
{
	close_partitions(update);
	update->state = SYSTEM_UPDATE_NONE;
}

/* ---- begin ---- */

static int size_of(int fd, uint64_t *ret)
{
	struct stat facts;

	if (fstat(fd, &facts) < 0)
		return -errno;
	*ret = (uint64_t)facts.st_size;
	return S_ISBLK(facts.st_mode) && ioctl(fd, BLKGETSIZE64, ret) < 0 ? -errno : 0;
}

/* O_EXCL: what is mounted, or mapped as the running root, can't be opened so, whatever the words say. */
static int open_partition(const char *name, char slot, uint64_t bytes, int *ret, char reason[UPDATE_REASON_BYTES])
{
	char label[16], device[DISK_PATH_BYTES];
	uint64_t has = 0;
	int error;

	snprintf(label, sizeof label, "%s-%c", name, slot);
	error = disk_find(label, device);
	if (error)
		return refuse(reason, error, "the disk has no partition %s", label);
	*ret = open(device, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC);
	if (*ret < 0)
		return refuse(reason, -errno, "the partition %s can't be written: %s", label, strerror(errno));
	error = size_of(*ret, &has);
	if (error)
		return refuse(reason, error, "the partition %s: %s", label, strerror(-error));
	if (has < bytes)
		return refuse(reason, -EFBIG, "the partition %s has %llu bytes, the update needs %llu", label,
			(unsigned long long)has, (unsigned long long)bytes);
	return 0;
}

static int open_partitions(struct update *update, char slot, char reason[UPDATE_REASON_BYTES])
{
	int error = 0;

	for (unsigned i = 0; i < UPDATE_PARTITION_COUNT && !error; i++)
		error = open_partition(partition_names[i], slot, update->head.bytes[i], &update->partitions[i], reason);
	if (error)
		close_partitions(update);
	return error;
}

int update_begin(struct update *update, const struct slots *slots, const struct update_order *order,
	char reason[UPDATE_REASON_BYTES])
{
	static struct update_head head;
	const char *rule;
	int error;

	if (!order->key)
		return refuse(reason, -ENOKEY, "this image has no key for updates");
	error = update_head_parse(&head, order->head, order->head_count, order->key, &rule);
	if (error)
		return refuse(reason, error, "%s", rule);
	if (!order->allows_older && update_version_compare(head.version, order->version) < 0)
		return refuse(reason, -ESTALE, "version %s is older than %s, which runs: --allow-older installs it",
			head.version, order->version);
	update_cancel(update);
	update->head = head;
	error = open_partitions(update, slots->other, reason);
	if (error)
		return error;
	memset(update->missing, 0, sizeof update->missing);
	update->missing_count = 0;
	update->next = 0;
	update->failure[0] = '\0';
	update->state = SYSTEM_UPDATE_SCANNING;
	return 0;
}

/* ---- chunks ---- */

void *update_room(struct update *update)
{
	return update->chunk;
}

/* Into the room; all of it or an error. */
static int read_chunk(struct update *update, uint32_t index)
{
	struct update_place place = update_head_place(&update->head, index);
	ssize_t count = pread(update->partitions[place.partition], update->chunk, place.bytes, (off_t)place.at);

	if (count < 0)
		return -errno;
	return count == (ssize_t)place.bytes ? 0 : -EIO;
}

static int write_chunk(struct update *update, uint32_t index)
{
	struct update_place place = update_head_place(&update->head, index);
	ssize_t count = pwrite(update->partitions[place.partition], update->chunk, place.bytes, (off_t)place.at);

	if (count < 0)
		return -errno;
	return count == (ssize_t)place.bytes ? 0 : -EIO;
}

static bool is_there(struct update *update, uint32_t index)
{
	return read_chunk(update, index) == 0 &&
	       update_head_fits(&update->head, index, update->chunk, update_head_place(&update->head, index).bytes);
}

int update_chunk(
	struct update *update, struct slots *slots, uint32_t index, size_t count, char reason[UPDATE_REASON_BYTES])
{
	int error;

	if (update->state != SYSTEM_UPDATE_RECEIVING)
		return refuse(reason, -EBUSY, "no chunks are waited for now");
	if (index >= update_head_chunks(&update->head))
		return refuse(reason, -EINVAL, "the update has no chunk %u", index);
	if (!is_missing(update, index))
		return 0;
	if (!update_head_fits(&update->head, index, update->chunk, count))
		return refuse(
			reason, -EBADMSG, "chunk %u is not what the update's head says: the file is damaged", index);
	error = slots_mark_unusable(slots);
	if (error)
		return refuse(reason, error, "the boot loader can't be told: %s", strerror(-error));
	error = write_chunk(update, index);
	if (error)
		return refuse(reason, error, "chunk %u can't be written: %s", index, strerror(-error));
	set_missing(update, index, false);
	return 0;
}

int update_finish(struct update *update, char reason[UPDATE_REASON_BYTES])
{
	if (update->state != SYSTEM_UPDATE_RECEIVING)
		return refuse(reason, -EBUSY, "no update waits for its end");
	if (update->missing_count)
		return refuse(reason, -EAGAIN, "%u chunks are missing", update->missing_count);
	for (unsigned i = 0; i < UPDATE_PARTITION_COUNT; i++)
		if (fsync(update->partitions[i]) < 0)
			return refuse(reason, -errno, "the slot can't be flushed: %s", strerror(errno));
	update->next = 0;
	update->failure[0] = '\0';
	update->state = SYSTEM_UPDATE_VERIFYING;
	return 0;
}

/* ---- steps ---- */

static bool end_verification(struct update *update, struct slots *slots)
{
	int error;

	if (update->missing_count) {
		update->state = SYSTEM_UPDATE_RECEIVING;
		(void)refuse(update->failure, 0,
			"the disk does not give back what was written: %u chunks are to be sent again",
			update->missing_count);
		return false;
	}
	error = slots_switch(slots, update->head.version);
	if (error) {
		update->state = SYSTEM_UPDATE_RECEIVING;
		(void)refuse(update->failure, 0, "the boot loader can't be told: %s", strerror(-error));
		return false;
	}
	close_partitions(update);
	update->state = SYSTEM_UPDATE_RESTARTING;
	return true;
}

bool update_turn(struct update *update, struct slots *slots)
{
	if (!update_is_busy(update))
		return false;
	set_missing(update, update->next, !is_there(update, update->next));
	if (++update->next < update_head_chunks(&update->head))
		return false;
	if (update->state == SYSTEM_UPDATE_VERIFYING)
		return end_verification(update, slots);
	update->state = SYSTEM_UPDATE_RECEIVING;
	return false;
}
