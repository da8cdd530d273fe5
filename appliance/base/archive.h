/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * archive: a zip archive, written member by member into a file or into memory. The only file that knows minizip.
 *
 * Life cycle: archive_create() or archive_begin(), archive_add() for each member, archive_close(). Errors stick: the first one
 * is what archive_close() returns, and nothing more is written after it.
 * Source: PKWARE APPNOTE 6.3, as zlib's contrib/minizip writes it.
 */
#ifndef POSTERN_BASE_ARCHIVE_H
#define POSTERN_BASE_ARCHIVE_H

#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

struct archive;

/* Begin the new file `path`, for its owner alone. 0; -EEXIST if it is there; other errno values of open(2). */
int archive_create(struct archive **ret, const char *path) __attribute__((warn_unused_result));

/* Begin an archive in the empty buffer `target`, which must outlive it. 0 or a negative errno. */
int archive_begin(struct archive **ret, struct buffer *target) __attribute__((warn_unused_result));

/* Add a member, compressed, as of that time. `name` has slashes between folders and none at its start. */
void archive_add(struct archive *archive, const char *name, struct view content, uint64_t wall_ms);

/* Write the directory of members, make a file durable, free. 0 or a negative errno; what was written is then of no use. */
int archive_close(struct archive *archive) __attribute__((warn_unused_result));

#endif
