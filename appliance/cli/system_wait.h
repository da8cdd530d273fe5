/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * system_wait: how the appliance's machine stands (operation GetSystem), and waiting for it while it starts anew.
 */
#ifndef POSTERN_CLI_SYSTEM_WAIT_H
#define POSTERN_CLI_SYSTEM_WAIT_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/cli/cli.h"

/* A start, a trial that fails, and three of them: what a machine may be away for. */
#define SYSTEM_WAIT_MAX_S 1800
#define SYSTEM_WAIT_DEFAULT_S 600

/* The answer of GetSystem, the caller's to free; `quiet`: NULL if it can't be had, and nothing is said. Else as client_call(). */
int system_wait_state(struct cli *cli, struct json **ret) __attribute__((warn_unused_result));
struct json *system_wait_try_state(struct cli *cli);

/*
 * Wait until the machine has another boot id than `before` says, and its start was found good (or is not on trial and fails for
 * other reasons: then it answers, and that is told). The state, or NULL if it did not come within `seconds`: nothing is said.
 */
struct json *system_wait_restart(struct cli *cli, const struct json *before, long seconds);

/* Seconds of an option: 0 with `*ret`, or the exit status of a misuse. `text` NULL: `*ret` is left alone. */
int system_wait_seconds(struct cli *cli, const struct cli_usage *usage, const char *option, const char *text,
	long least, long most, long *ret) __attribute__((warn_unused_result));

/* A line on standard error that replaces the one before, for people who watch; nothing if nobody does. */
void system_wait_show(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sleep between two looks. */
void system_wait_pause(void);

/* What is on trial and what became of it, for people. */
void system_wait_print(const struct json *state);

#endif
