/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEWEST 0
#define NONE (-1)

/* "PATH", "PATH.1", … */
static const char *generation_path(const struct follow *follow, int generation, char ret[PATH_MAX])
{
	if (generation == NEWEST)
		snprintf(ret, PATH_MAX, "%s", follow->path);
	else
		snprintf(ret, PATH_MAX, "%s.%d", follow->path, generation);
	return ret;
}

/* Which file this is: the place at its beginning. */
static int identify(int folder, const char *path, int flags, struct follow_place *ret)
{
	struct statx facts;

	if (statx(folder, path, flags, STATX_INO | STATX_TYPE | STATX_BTIME, &facts) < 0)
		return -errno;
	if (!S_ISREG(facts.stx_mode))
		return -EINVAL;
	*ret = (struct follow_place){ .inode = facts.stx_ino };
	if (facts.stx_mask & STATX_BTIME)
		ret->born_ns = (uint64_t)facts.stx_btime.tv_sec * 1000000000u + facts.stx_btime.tv_nsec;
	return 0;
}

static bool is_same_file(const struct follow_place *a, const struct follow_place *b)
{
	return a->inode == b->inode && a->born_ns == b->born_ns;
}

/* The generation that the file of `place` is now; NONE if it is gone. */
static int find(const struct follow *follow, const struct follow_place *place)
{
	char path[PATH_MAX];

	for (int i = NEWEST; i <= FOLLOW_GENERATIONS_MAX; i++) {
		struct follow_place other;

		generation_path(follow, i, path);
		if (identify(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &other) == 0 && is_same_file(&other, place))
			return i;
	}
	return NONE;
}

static int find_oldest(const struct follow *follow)
{
	char path[PATH_MAX];
	struct follow_place ignored;

	for (int i = FOLLOW_GENERATIONS_MAX; i > NEWEST; i--)
		if (identify(AT_FDCWD, generation_path(follow, i, path), AT_SYMLINK_NOFOLLOW, &ignored) == 0)
			return i;
	return NEWEST;
}

static void leave(struct follow *follow)
{
	if (follow->fd >= 0)
		close(follow->fd);
	follow->fd = -1;
	follow->begin = follow->end = 0;
	follow->cut = false;
	follow->ended_at_ms = 0;
}

/* Go on at `offset_bytes` of a generation, if it is there. */
static void enter(struct follow *follow, int generation, uint64_t offset_bytes)
{
	char path[PATH_MAX];

	leave(follow);
	follow->fd = open(generation_path(follow, generation, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (follow->fd < 0)
		return;
	if (identify(follow->fd, "", AT_EMPTY_PATH, &follow->place) < 0)
		leave(follow);
	follow->place.offset_bytes = offset_bytes;
}

void follow_init(struct follow *follow, const char *path, const struct follow_place *from)
{
	int generation = NONE;

	*follow = (struct follow){ .fd = -1 };
	snprintf(follow->path, sizeof follow->path, "%s", path);
	if (from->inode) {
		generation = find(follow, from);
		follow->lost_place = generation == NONE;
	}
	if (generation == NONE)
		enter(follow, from->inode ? find_oldest(follow) : NEWEST, 0);
	else
		enter(follow, generation, from->offset_bytes);
}

void follow_fini(struct follow *follow)
{
	leave(follow);
}

/* More bytes behind those that are there. False at the file's end. */
static bool fill(struct follow *follow)
{
	uint64_t at = follow->place.offset_bytes + (follow->end - follow->begin);
	ssize_t count;

	memmove(follow->bytes, follow->bytes + follow->begin, follow->end - follow->begin);
	follow->end -= follow->begin;
	follow->begin = 0;
	count = pread(follow->fd, follow->bytes + follow->end, sizeof follow->bytes - follow->end, (off_t)at);
	if (count <= 0)
		return false;
	follow->end += (size_t)count;
	return true;
}

static void pass(struct follow *follow, size_t count)
{
	follow->begin += count;
	follow->place.offset_bytes += count;
}

/* A line from what has been read. One without an end that fills the room is cut there. */
static bool take(struct follow *follow, struct view *ret)
{
	for (;;) {
		const char *start = follow->bytes + follow->begin;
		size_t count = follow->end - follow->begin;
		const char *end = memchr(start, '\n', count);
		bool skipped = follow->cut;

		if (!end && count < sizeof follow->bytes)
			return false;
		follow->cut = !end;
		*ret = view_from(start, end ? (size_t)(end - start) : count);
		pass(follow, end ? ret->count + 1 : count);
		if (!skipped)
			return true;
	}
}

static bool take_or_read(struct follow *follow, struct view *ret)
{
	while (!take(follow, ret))
		if (!fill(follow))
			return false;
	follow->ended_at_ms = 0;
	return true;
}

/* Somebody emptied the file: what comes is new. */
static bool was_emptied(struct follow *follow)
{
	struct stat facts;

	return fstat(follow->fd, &facts) == 0 && (uint64_t)facts.st_size < follow->place.offset_bytes;
}

/* The one after `generation`: a power cut may have left a gap. */
static void enter_next(struct follow *follow, int generation)
{
	if (generation == NONE)
		generation = find_oldest(follow) + 1;
	do
		enter(follow, --generation, 0);
	while (follow->fd < 0 && generation > NEWEST);
}

/* The file was read to its end: if it was rotated some time ago, the one after it comes next. */
static bool go_on(struct follow *follow, uint64_t now_ms)
{
	int generation = find(follow, &follow->place);

	if (generation == NEWEST) {
		if (!was_emptied(follow))
			return false;
		enter(follow, NEWEST, 0);
		return follow->fd >= 0;
	}
	if (!follow->ended_at_ms)
		follow->ended_at_ms = now_ms ? now_ms : 1;
	if (now_ms < follow->ended_at_ms + FOLLOW_LINGER_MS)
		return false;
	/* What is left has no line feed, and will not get one any more. */
	if (follow->end > follow->begin)
		follow->lost_lines++;
	enter_next(follow, generation);
	return follow->fd >= 0;
}

bool follow_take_line(struct follow *follow, uint64_t now_ms, struct view *ret)
{
	if (follow->fd < 0)
		enter(follow, NEWEST, 0);
	if (follow->fd < 0)
		return false;
	while (!take_or_read(follow, ret))
		if (!go_on(follow, now_ms))
			return false;
	return true;
}

void follow_return(struct follow *follow, const struct follow_place *to)
{
	int generation = to->inode ? find(follow, to) : NONE;

	follow->lost_place |= to->inode && generation == NONE;
	if (generation == NONE)
		enter(follow, find_oldest(follow), 0);
	else
		enter(follow, generation, to->offset_bytes);
}

/* The lines behind the place, those that were read but not taken among them. */
static uint64_t count_rest(struct follow *follow)
{
	uint64_t lines = 0;
	struct view line;

	do
		while (take(follow, &line))
			lines++;
	while (fill(follow));
	return lines;
}

void follow_check(struct follow *follow)
{
	struct stat facts;

	if (follow->fd < 0 || fstat(follow->fd, &facts) < 0 || facts.st_nlink > 0)
		return;
	follow->lost_lines += count_rest(follow);
	enter(follow, find_oldest(follow), 0);
}
