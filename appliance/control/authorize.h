/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authorize: may the caller make this call? Each call of a user is judged by the user's own policies (iam/identity.h) with the
 * one policy engine: an explicit deny wins, and what nothing allows is denied. The root user's keys and Postern's own calls are
 * not limited.
 *
 * What is asked follows from tables: the action from operations.def, the resources from services.def, what differs from
 * permissions.def; and guarded.def names members of records whose change needs one more permission. A row that is added to
 * operations.def is judged without more ado.
 *
 * Condition keys: aws:SourceIp, aws:SecureTransport, aws:CurrentTime, aws:EpochTime, aws:UserAgent, aws:Referer, aws:RequestedRegion,
 * aws:PrincipalAccount, aws:PrincipalArn, aws:PrincipalType, aws:PrincipalTag/…, aws:userid, aws:username,
 * aws:ResourceAccount, aws:RequestTag/…, aws:TagKeys; for API Gateway aws:ResourceTag/…: tags of the API count for what is in it;
 * for IAM iam:PolicyARN; for ec2:CreateTags that another operation of EC2 asks for ec2:CreateAction.
 * Threads: the operations thread.
 * Source: IAM User Guide, "Policy evaluation logic"; Service Authorization Reference; spec/policy.md 5.
 */
#ifndef POSTERN_CONTROL_AUTHORIZE_H
#define POSTERN_CONTROL_AUTHORIZE_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/store.h"

/*
 * Once the operation and its input are read, before the input is checked. 0; or CALL_FAILED with AccessDeniedException, the
 * policy and the statement that decided in call->detail.
 */
int authorize(struct call *call) __attribute__((warn_unused_result));

/*
 * May the caller do `action` to the resource `arn`? For operations that do to other services' resources what has an action there.
 * 0, or CALL_FAILED as authorize().
 */
int authorize_action(struct call *call, const char *action, struct view arn) __attribute__((warn_unused_result));

/*
 * A record is about to be changed by the call: from `old_body`, a JSON text (NULL: there was none), to `body`. What guarded.def says of it
 * is asked; a refusal fails the call.
 */
void authorize_change(struct call *call, enum store_kind kind, const char *old_body, const struct json *body);

#endif
