/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch: the entries of a file, one by one, as texts: a JSON array of objects, or JSON lines (one object a line), told apart by
 * the first byte. Lines are read as they come, so that a batch may be longer than memory. What an entry says is for whoever
 * is called with it: it may be no JSON at all.
 */
#ifndef POSTERN_CLI_BATCH_H
#define POSTERN_CLI_BATCH_H

#include "appliance/cli/cli.h"

/* Longest array that is read; JSON lines have no limit but that of one line, JSON_MAX_BYTES. */
#define BATCH_ARRAY_MAX_BYTES ((size_t)64 << 20)

/* One entry, perhaps with blanks around it, and where it begins. Returns false if it failed. */
typedef bool batch_each(void *context, struct view text, size_t line, size_t column);

/*
 * Call `each` for all entries of the file at `path` ("-": stdin). Returns CLI_OK, or CLI_FAILED if an entry failed or the
 * file can't be read (said on stderr).
 */
int batch_run(struct cli *cli, const char *path, batch_each *each, void *context);

/*
 * Length of the value at the start of `text`, told by brackets and quotes alone, so that an entry that is no JSON ends where its
 * neighbours begin.
 */
size_t batch_value_length(struct view text);

#endif
