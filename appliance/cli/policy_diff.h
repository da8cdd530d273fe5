/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_diff: `postern policy diff OLD NEW`, policy/diff.h for people and for scripts.
 */
#ifndef POSTERN_CLI_POLICY_DIFF_H
#define POSTERN_CLI_POLICY_DIFF_H

#include "appliance/base/json.h"
#include "appliance/cli/cli.h"

/* The command: prints the regions whose verdict changes. CLI_FAILED only if the policies can't be compared. */
int policy_diff_command(struct cli *cli, int argc, char **argv);

/*
 * What changes from one resource policy to another, both as they are stored: {"changes", "incomplete"} as the command prints it,
 * the caller's. 0, or a negative errno if they can't be compared.
 */
int policy_diff_texts(struct view before, struct view after, const char *api_arn, struct json **ret)
	__attribute__((warn_unused_result));

/* A change of it in one line: "allow -> explicitDeny for caller: anonymous; aws:SourceVpc: vpc-1". Lives as long as the cli. */
struct view policy_diff_line(struct cli *cli, const struct json *change);

#endif
