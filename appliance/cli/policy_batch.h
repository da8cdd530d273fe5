/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_batch: feed the cases of a file to a policy command, one by one (batch.h), each as a JSON tree.
 */
#ifndef POSTERN_CLI_POLICY_BATCH_H
#define POSTERN_CLI_POLICY_BATCH_H

#include "appliance/cli/cli.h"

/* One case: the object and the answer to fill, which already has the case's `id`. Returns false for a case that failed. */
typedef bool policy_batch_each(void *context, const struct json *object, struct json *answer);

/*
 * Call `each` for all cases of the file at `path` ("-": stdin) and print each answer as one line of JSON. A case that failed,
 * or is no JSON, gets a line with `error`, and the batch goes on. Returns CLI_OK, or CLI_FAILED if a case failed or the
 * file can't be read (said on stderr).
 */
int policy_batch_run(struct cli *cli, const char *path, policy_batch_each *each, void *context);

#endif
