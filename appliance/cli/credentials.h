/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * credentials: who calls, found as AWS's own tools find it: environment, shared credentials file, then the appliance's
 * state folder (where the appliance wrote its first key), and for who may read secret.key and the store the root user's key in
 * it: a key that is sealed to an operator, or was lost, keeps nobody out who owns the machine.
 *
 * Source: AWS CLI User Guide, "Configuration and credential file settings"; "Environment variables".
 */
#ifndef POSTERN_CLI_CREDENTIALS_H
#define POSTERN_CLI_CREDENTIALS_H

#include "appliance/base/view.h"
#include "appliance/cli/cli.h"

struct credentials {
	struct view access_key, secret, security_token, region; /* security_token and region may be empty */
	const char *from;                                       /* where they were found, for messages */
};

/*
 * Look for them; `state_dir` is the appliance's. Returns 0, or CLI_FAILED after cli_fail() has said where was looked. The
 * views live as long as the cli's arena and the environment.
 */
int credentials_find(struct cli *cli, const char *state_dir, struct credentials *ret)
	__attribute__((warn_unused_result));

/*
 * The profile `name` of a file in AWS's format. True if it has both keys. Exposed for the tests.
 */
bool credentials_parse(struct view file, struct view name, struct credentials *ret);

#endif
