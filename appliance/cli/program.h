/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: where Postern's other programs are, and becoming posternd.
 */
#ifndef POSTERN_CLI_PROGRAM_H
#define POSTERN_CLI_PROGRAM_H

#include "appliance/cli/cli.h"

/* The full path of a program beside this one ("posternd"), in the arena; NULL if the kernel does not tell our own. */
const char *program_path(struct cli *cli, const char *name);

/*
 * Replace this process by posternd with the settings file `settings`; with `down` it takes the appliance down. Returns only
 * if that fails: CLI_FAILED after cli_fail().
 */
int program_become_posternd(struct cli *cli, const char *settings, bool down);

#endif
