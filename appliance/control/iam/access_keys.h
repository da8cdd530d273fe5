/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access_keys: the keys that calls are signed with: of IAM users, at most two each; and of the root user besides the appliance's own
 * (access_key.h). A secret is shown once, in the answer that makes the key, and kept sealed.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_IAM_ACCESS_KEYS_H
#define POSTERN_CONTROL_IAM_ACCESS_KEYS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Keys of one user; the appliance's own does not count. Source: IAM User Guide, "IAM and AWS STS quotas". */
#define ACCESS_KEYS_MAX 2

/* The record of a key, whoever's it is, or NULL. The caller frees it. */
struct json *access_key_find(struct call *call, const char *id);

/* May calls be signed with it? */
bool access_key_is_active(const struct json *key);

/* Unique id of the user whose key the record is, or NULL: the root user's. */
const char *access_key_user(const struct json *key);

/* The same by the key's id; NULL, too, if there is no such key. It lives as long as the call. */
const char *access_key_owner(struct call *call, const char *id);

/*
 * A key is about to be revoked. While a checkpoint is open it can't be: if the changes are taken back it would be valid again, or
 * the key that was to replace it gone. 0, or CALL_FAILED with that error code.
 */
int access_key_check_revocable(struct call *call, const char *code) __attribute__((warn_unused_result));

#endif
