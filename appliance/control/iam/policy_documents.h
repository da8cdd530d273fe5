/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_documents: identity policies as they come in: judged by the policy engine, refused in IAM's words. They are kept and shown
 * as they were given.
 *
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language"; refusals of AWS recorded in 2026.
 */
#ifndef POSTERN_CONTROL_IAM_POLICY_DOCUMENTS_H
#define POSTERN_CONTROL_IAM_POLICY_DOCUMENTS_H

#include <stddef.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Quotas in characters without white space. Source: IAM User Guide, "IAM and AWS STS quotas". */
#define POLICY_DOCUMENT_MANAGED_MAX 6144
#define POLICY_DOCUMENT_INLINE_MAX 2048

/* 0; or CALL_FAILED with MalformedPolicyDocument and the rule in call->detail. */
int policy_document_check(struct call *call, const char *text) __attribute__((warn_unused_result));

/* Characters that count for a quota. */
size_t policy_document_size(const char *text);

/* As answers carry it: percent-encoded. */
struct json *policy_document_shown(struct call *call, const char *text);

#endif
