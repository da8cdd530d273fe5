/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offline: access keys by way of the state folder, for who may read secret.key and the store anyway (root, and the appliance's own
 * user): how to come back in when every key is lost or sealed to somebody else.
 *
 * Threads: the command line's; no control runs in its process.
 */
#ifndef POSTERN_CONTROL_IAM_OFFLINE_H
#define POSTERN_CONTROL_IAM_OFFLINE_H

#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* An active key of the root user, in the arena. The appliance may run. 0; -ENOENT if there is none; or another negative errno. */
int offline_root_key(struct arena *arena, const char *state_dir, const char **ret_id, struct view *ret_secret)
	__attribute__((warn_unused_result));

/*
 * Carry out CreateCredentials, ListCredentials or RevokeCredentials on the store of an appliance that does not run, in one
 * transaction; `maker` is noted as who made a key. `*ret` is the operation's output, the caller's to free. 0; -EBUSY if the
 * appliance runs; -EINVAL with why the operation refused in `message`; or another negative errno.
 */
int offline_credentials(const char *state_dir, const char *operation, const struct json *input, const char *maker,
	struct json **ret, char *message, size_t message_bytes) __attribute__((warn_unused_result));

#endif
