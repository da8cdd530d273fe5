/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * system: the parts of `postern system` (system.def), each in a file of its own; and what they share.
 *
 * All of them talk to the management address (client.h), so that they work from the operator's machine as well.
 */
#ifndef POSTERN_CLI_SYSTEM_H
#define POSTERN_CLI_SYSTEM_H

#include "appliance/base/json.h"
#include "appliance/cli/cli.h"

#define PART(name, function, text) int function(struct cli *cli, int argc, char **argv);
#include "appliance/cli/system.def"
#undef PART

/* GET `target`, or POST `body` (NULL: an empty object) to it. As client_call(). */
int system_get(struct cli *cli, const char *target, struct json **ret_answer) __attribute__((warn_unused_result));
int system_post(struct cli *cli, const char *target, const struct json *body, struct json **ret_answer)
	__attribute__((warn_unused_result));

/* One line about a checkpoint as the appliance describes it (operation GetCheckpoint): open, or how the last one ended. */
void system_checkpoint_print(const struct json *checkpoint);

#endif
