/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * follow: the lines of a log file, whole and in order, through its rotations: PATH is the newest, PATH.1 the one before, and so on.
 *
 * The files are the queue: what has not been taken stays on the disk until rotation removes it, so that nothing waits in memory while
 * nobody can take it. A file that is removed before its last line was taken is counted: its lines are lost.
 *
 * A rotated file is left only when it has been read to its end and nothing was added for FOLLOW_LINGER_MS: who writes may hold it
 * open that long.
 *
 * Life cycle: follow_init() → follow_take_line() whenever there may be something new; follow_check() when the folder changed;
 * follow_return() to read a part again → follow_fini().
 * Process: syslog; single-threaded. Reads regular files only, which do not block for long.
 * Not here: waiting for changes, rotating (image/rotate).
 */
#ifndef POSTERN_SYSLOG_FOLLOW_H
#define POSTERN_SYSLOG_FOLLOW_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* A longer line is cut there: messages are shorter anyway (message.h). */
#define FOLLOW_LINE_MAX_BYTES 16384
/* PATH.1 … PATH.9 are looked for. */
#define FOLLOW_GENERATIONS_MAX 9
#define FOLLOW_LINGER_MS 2000

/* A place between two lines. Zeroed: none known. The time of birth tells a file from another that got its number later. */
struct follow_place {
	uint64_t inode, born_ns, offset_bytes;
};

struct follow {
	char path[PATH_MAX - 16];
	int fd; /* -1: there is no such file (yet) */
	struct follow_place place;
	uint64_t lost_lines;
	uint64_t ended_at_ms; /* since when a rotated file has had nothing more; 0: it has */
	bool cut;             /* the rest of a line that was too long is being skipped */
	bool lost_place;      /* the place to go on from was not found */
	size_t begin, end;    /* of what has been read and not taken, in `bytes` */
	char bytes[FOLLOW_LINE_MAX_BYTES];
};

/*
 * Follow `path` from `from` on, if the file is still there; else from the beginning of the newest one. Nothing has to exist yet.
 * A `from` that is not zeroed and not found means that lines may have been lost: `lost_place` is set.
 */
void follow_init(struct follow *follow, const char *path, const struct follow_place *from);

void follow_fini(struct follow *follow);

/*
 * The next line, without its line feed, valid until the next call; `now_ms` is any clock that never goes back. False if there
 * is no whole line. `follow->place` is behind the line then.
 */
bool follow_take_line(struct follow *follow, uint64_t now_ms, struct view *ret);

/*
 * Read from `to` on again, which `place` once was. If that file is gone, from the oldest that is left; likewise if it is zeroed:
 * there was no file then.
 */
void follow_return(struct follow *follow, const struct follow_place *to);

/* Give up a file that was removed: its rest is counted in `lost_lines` and the oldest that is left comes next. */
void follow_check(struct follow *follow);

#endif
