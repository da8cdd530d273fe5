/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase authorize: who calls, and what the resource policy says about that caller. */
#include "appliance/pipeline/state.h"

/*
 * A method that asks for what this version can't enforce is never served: it answers 500, so that nobody takes it for
 * protected and nobody gets through.
 */
enum verdict phase_authorize(struct pipeline *p)
{
	const struct snapshot_deployment *deployment = p->resolved.deployment;
	const struct combine_method_input input = {
		.auth = COMBINE_AUTH_NONE,
		.private_api = deployment->type == SNAPSHOT_PRIVATE,
		.resource_policy = deployment->policy,
	};

	if (p->match.method->needs_authorization)
		return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, p->match.method->refused);
	combine_method(&input, &p->policy_request, &p->decision);
	if (p->decision.verdict != POLICY_ALLOW)
		return state_deny(p, deployment->policy);
	p->allowed = true;
	if (p->match.method->refused)
		return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, p->match.method->refused);
	return VERDICT_NEXT;
}
