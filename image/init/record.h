/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record: the last lines of the console, kept in memory for whoever may read them: support bundles, the syslog sender.
 *
 *   /run/postern/console.log     the newest lines, each with the time before it
 *   /run/postern/console.log.1   those before, if there are any
 *
 * A line is `2026-11-22T16:28:00.123Z posternd: text`. At RECORD_FILE_BYTES the newer file becomes the older one and a new one
 * is begun, so that both together are never more than twice that: a reader takes the older, then the newer, or follows the
 * newer one by its inode. Mode 0640, group postern: lines hold no secrets, but are not for everybody.
 *
 * Life cycle: record_open() once, when /run/postern is there; then every line of console_say() is taken by itself.
 * Process: init; single-threaded. The files are in memory: nothing here waits for a disk.
 */
#ifndef POSTERN_INIT_RECORD_H
#define POSTERN_INIT_RECORD_H

#include <stddef.h>
#include <sys/types.h>

#define RECORD_PATH "/run/postern/console.log"
#define RECORD_FILE_BYTES (128 << 10)
/* Of the image's /etc/group: postern. */
#define RECORD_GROUP ((gid_t)101)

/* Begin to keep lines in `path` and `path`.1, which belong to `group`. Says so on the console if it can't. */
void record_open(const char *path, gid_t group);

/* A line that is not on the console by init's doing, its line feed included. Nothing, while none are kept. */
void record_take(const char *line, size_t count);

#endif
