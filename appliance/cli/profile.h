/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile: AWS's files of profiles: the shared credentials file ([NAME]) and the configuration file ([default], [profile NAME]).
 *
 * Source: AWS CLI User Guide, "Configuration and credential file settings".
 */
#ifndef POSTERN_CLI_PROFILE_H
#define POSTERN_CLI_PROFILE_H

#include "appliance/base/view.h"
#include "appliance/cli/cli.h"

/* A file holds a few profiles; what is larger is something else. */
#define PROFILE_FILE_MAX_BYTES (256u * 1024)

/* The profile that is asked for: --profile, AWS_PROFILE, or "default". */
struct view profile_name(const struct cli *cli);

/*
 * The value of `key` (in lower case) in the profile `name` of such a file, a view into it; empty if there is none. Exposed for
 * the tests.
 */
struct view profile_value(struct view file, struct view name, const char *key);

/* The same from the configuration file (AWS_CONFIG_FILE, else ~/.aws/config), for the profile that is asked for. NULL if there
 * is none. */
const char *profile_setting(struct cli *cli, const char *key);

#endif
