/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_diff: `postern policy diff OLD NEW`, policy/diff.h for people and for scripts.
 */
#ifndef POSTERN_CLI_POLICY_DIFF_H
#define POSTERN_CLI_POLICY_DIFF_H

#include "appliance/cli/cli.h"

/* The command: prints the regions whose verdict changes. CLI_FAILED only if the policies can't be compared. */
int policy_diff_command(struct cli *cli, int argc, char **argv);

#endif
