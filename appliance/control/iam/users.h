/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * users: IAM users as records, for the operations that name one.
 *
 * A user is the record of its unique id (AIDA…), whose parent is its name in lower case: names are unique without regard to case,
 * and may change. What belongs to a user (keys, policies) has the id as parent.
 * Threads: the operations thread. Source: IAM API Reference, "User"; IAM User Guide, "IAM identifiers".
 */
#ifndef POSTERN_CONTROL_IAM_USERS_H
#define POSTERN_CONTROL_IAM_USERS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* The user of that name in any case; NULL if there is none. The caller frees it. */
struct json *user_find(struct call *call, const char *name);

/*
 * Whom a call is about: UserName, or without it the caller. 0; or CALL_FAILED with NoSuchEntity, or with ValidationError if the
 * caller is the root user, who has to say whom.
 */
int user_wanted(struct call *call, struct json **ret) __attribute__((warn_unused_result));

/* Its unique id; lives as long as the record. */
const char *user_id_of(const struct json *user);

/*
 * Path and name, as they stand in an ARN behind "user": "/team/alice". Of whom the call is about (NULL: the operation is about no
 * user; an unknown user has the path "/"), of the same as UpdateUser would name it, and of whose access key `key_id` is (NULL: of
 * no user). They live as long as the call.
 */
const char *user_place_wanted(struct call *call);
const char *user_place_renamed(struct call *call);
const char *user_place_of_key(struct call *call, const char *key_id);

#endif
