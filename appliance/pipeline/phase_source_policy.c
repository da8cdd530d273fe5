/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase source_policy: what the API's resource policy says before the caller is known. */
#include "appliance/pipeline/state.h"

/*
 * An explicit deny is final whoever calls; silence is not, since an authorizer may yet allow. With authorization NONE
 * the policy alone decides, and phase authorize asks it once.
 */
enum verdict phase_source_policy(struct pipeline *p)
{
	const struct snapshot_deployment *deployment = p->resolved.deployment;

	if (!p->match.method->needs_authorization)
		return VERDICT_NEXT;
	if (combine_before_authorizer(
		    deployment->policy, deployment->type == SNAPSHOT_PRIVATE, &p->policy_request, &p->decision) &&
		p->decision.verdict != POLICY_ALLOW)
		return state_deny(p, deployment->policy);
	return VERDICT_NEXT;
}
