/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_impact: `postern policy impact NEW --api ID`: which clients a new resource policy would cut off or let in, from what
 * the running gateway recorded.
 */
#ifndef POSTERN_CLI_POLICY_IMPACT_H
#define POSTERN_CLI_POLICY_IMPACT_H

#include "appliance/cli/cli.h"

/* Exit statuses of the command, as those of diff(1). */
enum { POLICY_IMPACT_NOTHING = 0, POLICY_IMPACT_SOMETHING = 1, POLICY_IMPACT_ERROR = 2 };

/* The command. */
int policy_impact_command(struct cli *cli, int argc, char **argv);

#endif
