/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/combine.h"

#include <stdio.h>

#include "policy/arn.h"
#include "policy/text.h"

const char *combine_by_name(enum combine_by by)
{
	static const char *const names[] = { [COMBINE_BY_NOBODY] = "nobody",
		[COMBINE_BY_ENDPOINT] = "endpoint",
		[COMBINE_BY_DOMAIN] = "domain",
		[COMBINE_BY_RESOURCE] = "resource",
		[COMBINE_BY_IDENTITY] = "identity",
		[COMBINE_BY_AUTHORIZER] = "authorizer" };

	return names[by];
}

static struct combine_decision decide(const struct policy_result *result, enum combine_by by)
{
	return (struct combine_decision){ .verdict = result->verdict,
		.by = by,
		.policy = result->verdict == POLICY_IMPLICIT_DENY ? -1 : 0,
		.statement = result->statement };
}

static struct combine_decision silence(enum combine_by by)
{
	return (struct combine_decision){ .verdict = POLICY_IMPLICIT_DENY, .by = by, .policy = -1, .statement = -1 };
}

void combine_endpoint(
	const struct policy *endpoint_policy, const struct policy_request *request, struct combine_decision *ret)
{
	struct policy_result result;

	if (!endpoint_policy) {
		*ret = (struct combine_decision){
			.verdict = POLICY_ALLOW, .by = COMBINE_BY_NOBODY, .policy = -1, .statement = -1
		};
		return;
	}
	policy_evaluate(endpoint_policy, request, &result);
	*ret = decide(&result, COMBINE_BY_ENDPOINT);
}

void combine_domain(
	const struct policy *domain_policy, const struct policy_request *request, struct combine_decision *ret)
{
	struct policy_result result;

	*ret = silence(COMBINE_BY_DOMAIN);
	if (!domain_policy)
		return;
	policy_evaluate(domain_policy, request, &result);
	*ret = decide(&result, COMBINE_BY_DOMAIN);
}

bool combine_before_authorizer(const struct policy *resource_policy, bool private_api,
	const struct policy_request *request, struct combine_decision *ret)
{
	struct policy_result result;

	*ret = silence(COMBINE_BY_RESOURCE);
	if (!resource_policy)
		return private_api;
	policy_evaluate(resource_policy, request, &result);
	*ret = decide(&result, COMBINE_BY_RESOURCE);
	return result.verdict == POLICY_EXPLICIT_DENY;
}

/* Verdict of all policies of a caller: an explicit deny of one wins over an allow of another. */
static struct combine_decision decide_caller(const struct policy *const *policies, size_t policy_count,
	const struct policy_request *request, enum combine_by by)
{
	struct combine_decision decision = silence(by);

	for (size_t i = 0; i < policy_count; i++) {
		struct policy_result result;

		policy_evaluate(policies[i], request, &result);
		if (result.verdict == POLICY_IMPLICIT_DENY ||
			(result.verdict == POLICY_ALLOW && decision.verdict == POLICY_ALLOW))
			continue;
		decision = decide(&result, by);
		decision.policy = (int)i;
		if (result.verdict == POLICY_EXPLICIT_DENY)
			break;
	}
	return decision;
}

void combine_identity(const struct policy *const *policies, size_t policy_count, const struct policy_request *request,
	struct combine_decision *ret)
{
	*ret = decide_caller(policies, policy_count, request, COMBINE_BY_IDENTITY);
}

/* Does the caller belong to the account that owns the resource? */
static bool is_same_account(const struct policy_request *request)
{
	struct policy_text parts[POLICY_ARN_PARTS];

	return policy_arn_split(parts, request->resource) && policy_text_equal(parts[4], request->caller.account);
}

/*
 * Tables A (`either`: one Allow is enough) and B (both must allow). With two implicit denials, and in table B with a silent
 * caller policy, the silence of the caller's policy is reported, which is the one that AWS's texts name.
 */
static struct combine_decision combine_tables(
	const struct combine_decision *caller, const struct combine_decision *resource, bool either)
{
	if (resource->verdict == POLICY_EXPLICIT_DENY)
		return *resource;
	if (caller->verdict == POLICY_EXPLICIT_DENY)
		return *caller;
	if (either)
		return resource->verdict == POLICY_ALLOW ? *resource : *caller;
	return caller->verdict == POLICY_ALLOW ? *resource : *caller;
}

void combine_method(
	const struct combine_method_input *input, const struct policy_request *request, struct combine_decision *ret)
{
	bool asks_caller = input->auth == COMBINE_AUTH_IAM || input->auth == COMBINE_AUTH_CUSTOM;
	struct combine_decision resource = silence(COMBINE_BY_RESOURCE), caller;
	struct policy_result result;

	*ret = resource;
	if (!input->resource_policy && input->private_api)
		return;
	if (input->resource_policy) {
		policy_evaluate(input->resource_policy, request, &result);
		*ret = resource = decide(&result, COMBINE_BY_RESOURCE);
	} else if (!asks_caller) {
		*ret = (struct combine_decision){
			.verdict = POLICY_ALLOW, .by = COMBINE_BY_NOBODY, .policy = -1, .statement = -1
		};
	}
	if (!asks_caller)
		return;
	caller = decide_caller(input->caller_policies, input->caller_policy_count, request,
		input->auth == COMBINE_AUTH_CUSTOM ? COMBINE_BY_AUTHORIZER : COMBINE_BY_IDENTITY);
	*ret = combine_tables(&caller, &resource, input->auth == COMBINE_AUTH_CUSTOM || is_same_account(request));
}

/* ---- denial texts: spec/policy.md 8 ---- */

#define MASK "********"
#define ACCOUNT_SHOWN_DIGITS 4

/* What follows the resource, or the authorizer's sentence; the text of an implicit deny goes on with the action. */
static const char *suffix_of(const struct combine_decision *decision, enum combine_style style)
{
	bool explicit_deny = decision->verdict == POLICY_EXPLICIT_DENY;

	if (style == COMBINE_STYLE_CLASSIC)
		return explicit_deny ? " with an explicit deny" : "";
	switch (decision->by) {
	case COMBINE_BY_ENDPOINT:
		return explicit_deny ? " with an explicit deny in a VPC endpoint policy"
				     : " because no VPC endpoint policy allows the ";
	case COMBINE_BY_IDENTITY:
	case COMBINE_BY_AUTHORIZER:
		return explicit_deny ? " with an explicit deny in an identity-based policy"
				     : " because no identity-based policy allows the ";
	case COMBINE_BY_NOBODY:
	case COMBINE_BY_DOMAIN:
	case COMBINE_BY_RESOURCE:
		break;
	}
	return explicit_deny ? " with an explicit deny in a resource-based policy"
			     : " because no resource-based policy allows the ";
}

size_t combine_denial_write(const struct combine_decision *decision, const struct policy_request *request,
	enum combine_style style, char *buffer, size_t buffer_bytes)
{
	bool explicit_deny = decision->verdict == POLICY_EXPLICIT_DENY;
	struct policy_text caller =
		request->caller.type == POLICY_CALLER_ANONYMOUS ? policy_text_of("anonymous") : request->caller.arn;
	struct policy_text parts[POLICY_ARN_PARTS], before = request->resource, shown = policy_text_of(""),
						    behind = policy_text_of("");
	bool names_action = !explicit_deny && style != COMBINE_STYLE_CLASSIC;
	bool names_resource = style != COMBINE_STYLE_MANAGEMENT || !policy_text_equal(before, policy_text_of("*"));
	const char *suffix = suffix_of(decision, style);

	if (decision->by == COMBINE_BY_AUTHORIZER)
		return (size_t)snprintf(buffer, buffer_bytes, "User is not authorized to access this resource%s",
			explicit_deny ? suffix : "");
	if (!names_resource) {
		before = shown;
	} else if (style != COMBINE_STYLE_MANAGEMENT && policy_arn_split(parts, request->resource)) {
		before.count = (size_t)(parts[4].bytes - before.bytes);
		shown = parts[4].count > ACCOUNT_SHOWN_DIGITS
				? policy_text_behind(parts[4], parts[4].count - ACCOUNT_SHOWN_DIGITS)
				: parts[4];
		behind = (struct policy_text){ .bytes = parts[5].bytes - 1, .count = parts[5].count + 1 };
	}
	return (size_t)snprintf(buffer, buffer_bytes,
		"User: %.*s is not authorized to perform: %.*s%s%.*s%s%.*s%.*s%s%.*s%s", POLICY_TEXT_ARG(caller),
		POLICY_TEXT_ARG(request->action), names_resource ? " on resource: " : "", POLICY_TEXT_ARG(before),
		behind.count ? MASK : "", POLICY_TEXT_ARG(shown), POLICY_TEXT_ARG(behind), suffix,
		names_action ? (int)request->action.count : 0, request->action.bytes, names_action ? " action" : "");
}
