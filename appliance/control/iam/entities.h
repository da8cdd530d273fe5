/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entities: what the operations of IAM share: names, paths, ids, ARNs, dates, lists, quotas, in AWS's words.
 *
 * Threads: the operations thread.
 * Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas" and "IAM identifiers"; answers of AWS recorded in 2026, which
 * no longer repeat the offending value.
 */
#ifndef POSTERN_CONTROL_IAM_ENTITIES_H
#define POSTERN_CONTROL_IAM_ENTITIES_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/store.h"

/* Characters of the name of a user, and of a policy. */
#define ENTITY_USER_NAME_MAX 64
#define ENTITY_POLICY_NAME_MAX 128

/* "1 validation error detected: Value at 'userName' failed to satisfy constraint: …". Returns CALL_FAILED. */
int entity_violates(struct call *call, const char *member, const char *constraint);

/* Judge names, paths ("/team/"; NULL is fine) and one of "A, B". `member` is how a message calls it. 0 or CALL_FAILED. */
int entity_check_name(struct call *call, const char *member, const char *name) __attribute__((warn_unused_result));
int entity_check_path(struct call *call, const char *member, const char *path) __attribute__((warn_unused_result));
int entity_check_one_of(struct call *call, const char *member, const char *value, const char *values)
	__attribute__((warn_unused_result));

/* LimitExceeded: "Cannot exceed quota for …: n". Returns CALL_FAILED. */
int entity_over_quota(struct call *call, const char *quota, unsigned limit);

/* In lower case (ASCII, which names are); lives as long as the call. */
const char *entity_lower(struct call *call, const char *name);

/* A unique id: `prefix` and 17 characters, of which no record of the kind has it. */
const char *entity_new_id(struct call *call, enum store_kind kind, const char *prefix);

/* arn:aws:iam::{account}:{type}{path}{name}; `path` NULL is "/". */
const char *entity_arn(struct call *call, const char *type, const char *path, const char *name);

/* Now, as IAM writes dates: 2026-11-22T20:00:00Z. */
struct json *entity_now(const struct call *call);

/* How many records of the kind there are (of one parent if it is not NULL). */
size_t entity_count(struct call *call, enum store_kind kind, const char *parent);

/* Of `items` (consumed), in no order, those whose Path begins with the input's PathPrefix. */
struct json *entity_below(struct call *call, struct json *items);

/*
 * Answer with the page of `items` (consumed) that MaxItems and Marker ask for, as the list `member`, with IsTruncated and
 * Marker. Items are texts, or objects which the member `key` tells apart; they are put in order of it unless `key` is NULL: then
 * they stay in theirs, and VersionId tells them apart. 0 or CALL_FAILED.
 */
int entity_list(struct call *call, const char *member, struct json *items, const char *key);

#endif
