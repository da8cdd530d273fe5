/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * last_used: when each user's access key was last used, and for what. It is kept in memory and written to the store now and then,
 * in a transaction of its own: a call that only reads needs no disk.
 *
 * Threads: the operations thread.
 * Source: IAM API Reference, "AccessKeyLastUsed".
 */
#ifndef POSTERN_CONTROL_IAM_LAST_USED_H
#define POSTERN_CONTROL_IAM_LAST_USED_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* What the store has may be this much older than the last use: AWS's data lags as well. */
#define LAST_USED_WRITE_S 3600

/* The authenticated call was signed with its user's key. */
void last_used_note(struct call *call);

/* LastUsedDate (not of a key that was never used), ServiceName and Region, into `ret`. */
void last_used_describe(struct call *call, const char *key_id, struct json *ret);

/* The key is gone. */
void last_used_forget(struct call *call, const char *key_id);

/* At the end. */
void last_used_fini(struct control *control);

#endif
