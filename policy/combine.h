/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * combine: one decision out of endpoint policy, domain policy, API resource policy, method authorization and the caller's
 * own policies; and the text with which AWS says no.
 *
 * A private call is decided in this order, each step only if the one before allowed:
 *   1. combine_endpoint()   the endpoint's policy, for the API's ARN, and for the domain's ARN too if one was used
 *   2. combine_domain()     the policy of the private custom domain
 *   3. combine_before_authorizer() for methods of type CUSTOM, before the authorizer runs: an explicit deny ends here
 *      combine_method()     once the caller is known: tables A and B
 *
 * A management call is decided by combine_identity() alone.
 *
 * All functions are pure, allocate nothing and may run on any thread.
 * Source: API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow"; spec/policy.md 7, 8.
 */
#ifndef POSTERN_POLICY_COMBINE_H
#define POSTERN_POLICY_COMBINE_H

#include "policy/policy.h"

enum combine_auth { COMBINE_AUTH_NONE, COMBINE_AUTH_IAM, COMBINE_AUTH_CUSTOM, COMBINE_AUTH_COGNITO };

/* Whose policy a decision rests on. With an implicit deny: whose silence. */
enum combine_by {
	COMBINE_BY_NOBODY, /* there was no policy to ask: a public API without one */
	COMBINE_BY_ENDPOINT,
	COMBINE_BY_DOMAIN,
	COMBINE_BY_RESOURCE,
	COMBINE_BY_IDENTITY,
	COMBINE_BY_AUTHORIZER,
};

struct combine_decision {
	enum policy_verdict verdict; /* the request may pass only with POLICY_ALLOW */
	enum combine_by by;
	int policy;    /* BY_IDENTITY, BY_AUTHORIZER: index of the caller policy; else 0; -1 with an implicit deny */
	int statement; /* of that policy; -1 with an implicit deny */
};

/* "endpoint", "domain", "resource", "identity", "authorizer" or "nobody". */
const char *combine_by_name(enum combine_by by);

/* The endpoint's policy; NULL means the default, full access. `request->resource` is the API's or the domain's ARN. */
void combine_endpoint(
	const struct policy *endpoint_policy, const struct policy_request *request, struct combine_decision *ret);

/* The domain's policy; NULL means that nobody may call. `request->resource` is the domain's ARN. */
void combine_domain(
	const struct policy *domain_policy, const struct policy_request *request, struct combine_decision *ret);

/*
 * Phase 1 of a CUSTOM method: before the authorizer is asked. An explicit deny, and a private API without policy, are
 * final; any other verdict means: run the authorizer, then ask combine_method().
 * Returns true if `*ret` is final.
 */
bool combine_before_authorizer(const struct policy *resource_policy, bool private_api,
	const struct policy_request *request, struct combine_decision *ret) __attribute__((warn_unused_result));

struct combine_method_input {
	enum combine_auth auth;
	bool private_api; /* without a resource policy nobody may call a private API, everybody a public one */
	const struct policy *resource_policy; /* NULL: none */
	/* AWS_IAM: the caller's identity policies; CUSTOM: the authorizer's policy. An explicit deny in one of them wins. */
	const struct policy *const *caller_policies;
	size_t caller_policy_count;
};

/*
 * The decision on the method once the caller is authenticated (`request->caller`). Table A (either side's Allow is enough)
 * for CUSTOM and for AWS_IAM callers of the API's own account; table B (both must allow) for AWS_IAM callers of another
 * account; the resource policy alone for NONE and COGNITO_USER_POOLS. When both sides allow, or both deny explicitly, the
 * resource policy's statement is reported.
 */
void combine_method(
	const struct combine_method_input *input, const struct policy_request *request, struct combine_decision *ret);

/*
 * The decision of the caller's own policies: an explicit deny of one wins over an allow of another; with no policies, or only
 * silent ones, nobody allows.
 */
void combine_identity(const struct policy *const *policies, size_t policy_count, const struct policy_request *request,
	struct combine_decision *ret);

/* Which words follow the resource in a denial, and how the resource is shown. */
enum combine_style {
	COMBINE_STYLE_2025,       /* names the kind of policy */
	COMBINE_STYLE_CLASSIC,    /* before 2025: only says whether the deny was explicit */
	COMBINE_STYLE_MANAGEMENT, /* as 2025; the resource with its account, and no word about it if it is "*" */
};

/*
 * AWS's text for a decision that is not Allow: the member `Message` of the 403 body, before JSON escaping (a path may hold
 * any byte that a request line may). The owner's account in the resource is masked to its last four digits, but for
 * management's style.
 *
 * Writes at most `buffer_bytes` bytes with NUL and returns the length that the whole text has, as snprintf() does; with
 * resources up to 1,600 bytes and callers up to 2,048 COMBINE_DENIAL_MAX_BYTES is enough.
 */
size_t combine_denial_write(const struct combine_decision *decision, const struct policy_request *request,
	enum combine_style style, char *buffer, size_t buffer_bytes);
#define COMBINE_DENIAL_MAX_BYTES 4096

#endif
