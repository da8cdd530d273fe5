/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity: an IAM user as a caller: who it is, and its policies, parsed.
 *
 * What was read is kept in the control's `identities` until a record that it was made from changes (identities_forget(), after the
 * commit). The root user and Postern itself have none: nothing is refused to them.
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_IAM_IDENTITY_H
#define POSTERN_CONTROL_IAM_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/store.h"
#include "policy/policy.h"

/* Identities that are kept; one more, and all are read anew. A user's policies are some 10 KB. */
#define IDENTITIES_MAX_COUNT 512

struct identity {
	char *user_id;
	const char *name, *arn;
	struct json *user; /* the record */
	struct policy **policies;
	struct json *names; /* of the policies, for messages: "inline policy NAME" */
	size_t policy_count;
};

/*
 * The identity of the user with that id; NULL if there is none (any more), or if the store or a stored policy can't be read: then
 * call->store_error is set. It lives as long as the call.
 */
const struct identity *identity_find(struct call *call, const char *user_id);

/* Do identities follow from records of this kind? */
bool identity_follows(enum store_kind kind);

/* Read them anew when they are asked for. */
void identities_forget(struct control *control);

#endif
