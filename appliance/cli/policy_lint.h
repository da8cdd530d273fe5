/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_lint: `postern policy lint FILE|-`, policy/lint.h for people and for scripts.
 */
#ifndef POSTERN_CLI_POLICY_LINT_H
#define POSTERN_CLI_POLICY_LINT_H

#include "appliance/cli/cli.h"
#include "policy/lint.h"
#include "policy/policy.h"

/* The kind of policy that --kind names. Returns false for another text. */
bool policy_kind_find(const char *name, enum policy_kind *ret);

/*
 * Would saving refuse the document `text`? Returns CLI_OK if not, CLI_FAILED after printing why as `postern policy lint` does,
 * under the name `path`.
 */
int policy_lint_refusals(struct cli *cli, const char *path, struct view text, const struct lint_options *options);

/* The command: prints the findings; CLI_FAILED if one of them is an error. */
int policy_lint_command(struct cli *cli, int argc, char **argv);

#endif
