/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor: the checks of `postern doctor` for others: a support bundle holds what they found. */
#ifndef POSTERN_CLI_DOCTOR_H
#define POSTERN_CLI_DOCTOR_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/cli/cli.h"

struct settings;

/* Try all that Postern needs of this host with these settings: "ok" and the list "checks" of `report`. Prints a line for
 * each check unless `cli->json` is set. Returns whether anything is missing. */
bool doctor_check(struct cli *cli, const struct settings *settings, bool local, struct json *report);

#endif
