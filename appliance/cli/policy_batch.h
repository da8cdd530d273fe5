/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_batch: feed the cases of a file to a policy command, one by one: a JSON array of objects, or JSON lines (one object
 * a line), told apart by the first byte. Lines are read as they come, so that a batch may be longer than memory.
 */
#ifndef POSTERN_CLI_POLICY_BATCH_H
#define POSTERN_CLI_POLICY_BATCH_H

#include "appliance/cli/cli.h"

/* Longest array that is read; JSON lines have no limit but that of one line, JSON_MAX_BYTES. */
#define POLICY_BATCH_ARRAY_MAX_BYTES ((size_t)64 << 20)

/* One case: the object and the answer to fill, which already has the case's `id`. Returns false for a case that failed. */
typedef bool policy_batch_each(void *context, const struct json *object, struct json *answer);

/*
 * Call `each` for all cases of the file at `path` ("-": stdin) and print each answer as one line of JSON. A case that failed,
 * or is no JSON, gets a line with `error`, and the batch goes on. Returns CLI_OK, or CLI_FAILED if a case failed or the
 * file can't be read (said on stderr).
 */
int policy_batch_run(struct cli *cli, const char *path, policy_batch_each *each, void *context);

#endif
