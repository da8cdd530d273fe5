/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unchanged: a condition that a client may put on a call: "only if nothing of this was changed since I looked".
 *
 * A request's field UNCHANGED_FIELD holds a revision and what it is about:
 *	x-postern-unchanged-since: 1234 restapi/a1b2c3d4e5 hostedzone
 * `kind/id` is the record of that kind and id (kinds.def) with all that belongs to it, `kind` any record of the kind. If one of
 * them was made, changed or deleted after the revision, the call fails with 412 PreconditionFailedException, which names its kind,
 * and the record if the scope did, and changes nothing. An unknown kind, and a slash without an id behind it, are refused. The check
 * is made within the call's own transaction, so nothing can come between it and the change.
 *
 * Every answer tells in UNCHANGED_REVISION_FIELD which revision of the store it shows or made, so that a client that makes a
 * row of calls knows what to ask for next. Calls without the field are as ever.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_UNCHANGED_H
#define POSTERN_CONTROL_UNCHANGED_H

#include "appliance/control/call.h"
#include "appliance/store/store.h"

#define UNCHANGED_FIELD "x-postern-unchanged-since"
#define UNCHANGED_REVISION_FIELD "x-postern-revision"

/* Judge the call's condition, if it has one, within its transaction. 0 or CALL_FAILED. */
int unchanged_check(struct call *call) __attribute__((warn_unused_result));

/* Is a record meant by the scope `kind/id` or `kind`? Exposed for the tests. */
bool unchanged_concerns(struct view scope, const struct store_record *record);

#endif
