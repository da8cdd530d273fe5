/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place: where the appliance is: its management address and its state folder, from options, environment and settings.
 */
#ifndef POSTERN_CLI_PLACE_H
#define POSTERN_CLI_PLACE_H

#include "appliance/cli/cli.h"

struct place {
	const char *endpoint_url; /* without a slash at its end */
	const char *state_dir;
	const char *region; /* NULL: not known from the settings */
};

/*
 * Fill `*ret`; the texts live as long as the cli's arena. Returns 0, or CLI_FAILED after cli_fail(): a settings file that was
 * named can't be read or is wrong.
 */
int place_find(struct cli *cli, struct place *ret) __attribute__((warn_unused_result));

/*
 * Root works on the store for control, which owns the state folder: what was made by root is given to that owner. 0 or a negative
 * errno.
 */
int place_give_to_owner(struct cli *cli, const struct place *place) __attribute__((warn_unused_result));

#endif
