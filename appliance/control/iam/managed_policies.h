/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * managed_policies: policies with an ARN of their own and up to five versions: the account's, which are records, and AWS's
 * (aws_policies.def), which are always there.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_IAM_MANAGED_POLICIES_H
#define POSTERN_CONTROL_IAM_MANAGED_POLICIES_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* The policy with that ARN, or NULL. The caller frees it. */
struct json *managed_policy_find(struct call *call, const char *arn);

/* The document of its default version, or NULL; it lives as long as the call. */
const char *managed_policy_document(struct call *call, const char *arn);

/* NoSuchEntity: "Policy … was not found." Returns CALL_FAILED. */
int managed_policy_missing(struct call *call, const char *arn);

#endif
