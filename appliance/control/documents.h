/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * documents: policies as the APIs take and give them: checked and normalised when they come in, escaped when they go out.
 *
 * Source: spec/policy.md 1 and 6; spec/control-plane.md 6.2.
 */
#ifndef POSTERN_CONTROL_DOCUMENTS_H
#define POSTERN_CONTROL_DOCUMENTS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "policy/policy.h"

/*
 * Normalise `text`, a policy of `kind` that belongs to `owner_arn` (NULL: none). `*ret` lives as long as the call. On
 * failure the call fails as the service does for that kind, with place and rule in call->detail. 0 or CALL_FAILED.
 */
int document_normalise(
	struct call *call, enum policy_kind kind, const char *owner_arn, const char *text, const char **ret);

/* The member `name` of `object`, if it is there, with its backslashes and quotes escaped once more. */
void document_escape_member(struct json *object, const char *name);

/* arn:aws:execute-api:{region}:{account}:{api id} */
const char *document_api_arn(struct call *call, const char *api_id);

/* arn:aws:execute-api:{region}:{account}:/domainnames/{name}+{id} */
const char *document_domain_arn(struct call *call, const char *name, const char *domain_name_id);

#endif
