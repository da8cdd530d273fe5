/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_case: one question to the policy engine, as the policy commands take it: a JSON object with the members of the
 * test vectors.
 *
 *	{"id": "P01", "policy": {…}, "identityPolicy": {…}, "vpcEndpointPolicy": {…}, "domainArn": "arn:…", "domainPolicy": {…},
 *	 "request": {"principal": "anonymous", "action": "execute-api:Invoke", "resource": "arn:…", "context": {key: value}}}
 *
 * and for the source filter "source": {"aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp", "aws:SecureTransport"} and
 * "othersCanGrant" in the place of the request. "domainArn" means that the call came by that private custom domain. Policies may be objects or texts; null and absent mean none; unknown members
 * are ignored; that principals exist is not checked.
 *
 * Life cycle: policy_case_load() … policy_case_fini(). The case points into the JSON tree, which must live as long.
 */
#ifndef POSTERN_CLI_POLICY_CASE_H
#define POSTERN_CLI_POLICY_CASE_H

#include "appliance/base/arena.h"
#include "appliance/base/json.h"
#include "policy/combine.h"
#include "policy/policy.h"
#include "policy/source_filter.h"

/* The API that policies belong to unless --api-arn says otherwise: the one of the test vectors. */
#define POLICY_CASE_API_ARN "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"

struct policy_case {
	struct arena arena; /* lists of values */
	struct policy *resource, *identity, *endpoint, *domain;
	struct policy_text domain_arn; /* absent: not by a custom domain */
	struct policy_request request;
	struct source_filter_target target; /* the resource policy as the only target */
	struct source_filter_input filter;
	struct source_filter_address source;
	char error[512]; /* why loading failed: one line */
};

/* What a case is loaded for: which of "request" and "source" it needs. */
enum policy_case_use { POLICY_CASE_REQUEST, POLICY_CASE_SOURCE };

/*
 * Load `*ret` from a JSON object. With `stored` the rules of saving are not applied. Returns true, or false with the reason
 * in `ret->error`; policy_case_fini() is due either way.
 */
bool policy_case_load(struct policy_case *ret, const struct json *object, const char *api_arn, bool stored,
	enum policy_case_use use) __attribute__((warn_unused_result));

void policy_case_fini(struct policy_case *policy_case);

/*
 * The decision on the request: endpoint policy first (with a domain, for the domain's ARN before the API's, and then the domain's
 * policy), then resource policy and identity policy as for a method of type NONE (anonymous callers) or AWS_IAM.
 */
void policy_case_decide(const struct policy_case *policy_case, struct combine_decision *ret);

/* The request as it is judged for the domain: the same with the domain's ARN. */
struct policy_request policy_case_domain_request(const struct policy_case *policy_case);

/* Who decided, as the vectors say it: a statement's index, "identity", "vpce" or null; or "domain". */
struct json *policy_case_by(const struct combine_decision *decision);

static inline struct policy_text policy_text_of_view(struct view view)
{
	return (struct policy_text){ .bytes = view.at, .count = view.count };
}

static inline struct view view_of_policy_text(struct policy_text text)
{
	return view_from(text.bytes, text.count);
}

#endif
