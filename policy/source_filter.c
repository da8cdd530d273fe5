/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decision of spec/policy.md 10.3 for one address. For all addresses: source_filter_parts.c. */
#include "policy/source_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "policy/address_set.h"
#include "policy/source_filter_values.h"

int source_filter_address_parse(struct source_filter_address *ret, struct policy_text text)
{
	struct policy_address address;
	policy_wide number;

	if (!policy_address_parse(&address, text))
		return -EINVAL;
	number = address.v6 ? address.number : ADDRESS_V4_FIRST | address.number;
	for (size_t i = sizeof ret->bytes; i-- > 0; number >>= 8)
		ret->bytes[i] = (uint8_t)number;
	return 0;
}

/* Canonical text: dotted decimal for the IPv4 block, else RFC 5952. */
static struct policy_text address_text(const struct source_filter_address *address, char buffer[INET6_ADDRSTRLEN])
{
	static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = memcmp(address->bytes, v4_prefix, sizeof v4_prefix) == 0;

	return policy_text_of(inet_ntop(
		v4 ? AF_INET : AF_INET6, v4 ? address->bytes + 12 : address->bytes, buffer, INET6_ADDRSTRLEN));
}

enum source_filter_value source_filter_statement_value(const struct source_filter_input *input, int target,
	size_t statement, const struct source_filter_address *address)
{
	bool endpoint = target == SOURCE_FILTER_ENDPOINT_POLICY;
	const struct source_filter_target *first = input->target_count ? &input->targets[0] : NULL;
	const struct source_filter_target *resource = endpoint ? first : &input->targets[target];
	char buffer[INET6_ADDRSTRLEN];
	struct filter_subject subject;

	filter_subject_init(&subject, input, endpoint ? input->endpoint_policy : resource->policy, resource,
		address_text(address, buffer));
	return filter_subject_statement(&subject, &subject.policy->statements[statement], true);
}

/* Does a policy drop calls to `resource` from the address? `*ret_statement` is the Deny behind it, or -1. */
static bool policy_drops(const struct source_filter_input *input, const struct policy *policy,
	const struct source_filter_target *resource, bool others_can_grant, struct policy_text address,
	int *ret_statement)
{
	bool can_allow = others_can_grant;
	struct filter_subject subject;

	*ret_statement = -1;
	filter_subject_init(&subject, input, policy, resource, address);
	for (uint32_t i = 0; i < policy->statement_count; i++) {
		const struct policy_statement *statement = &policy->statements[i];
		enum source_filter_value value = filter_subject_statement(&subject, statement, true);

		if (statement->denies && value == SOURCE_FILTER_TRUE) {
			*ret_statement = (int)i;
			return true;
		}
		if (!statement->denies && value != SOURCE_FILTER_FALSE)
			can_allow = true;
	}
	return !can_allow;
}

/* The endpoint's policy for calls to a target, or to any while there is none. */
static bool endpoint_drops(const struct source_filter_input *input, const struct source_filter_target *target,
	struct policy_text address, struct source_filter_reason *ret_reason)
{
	*ret_reason = (struct source_filter_reason){ .target = SOURCE_FILTER_ENDPOINT_POLICY };
	if (!input->endpoint_policy)
		return false;
	return policy_drops(input, input->endpoint_policy, target, false, address, &ret_reason->statement) ||
	       (target && target->domain &&
		       policy_drops(
			       input, input->endpoint_policy, target->domain, false, address, &ret_reason->statement));
}

/* A policy of the target's own. Without one nobody may call. */
static bool owner_drops(const struct source_filter_input *input, const struct source_filter_target *owner,
	bool others_can_grant, struct policy_text address, int *ret_statement)
{
	*ret_statement = -1;
	return !owner->policy || policy_drops(input, owner->policy, owner, others_can_grant, address, ret_statement);
}

/* All policies on the way must allow, so each of them may drop. */
static bool way_drops(const struct source_filter_input *input, int index, struct policy_text address,
	struct source_filter_reason *ret_reason)
{
	const struct source_filter_target *target = &input->targets[index];

	if (endpoint_drops(input, target, address, ret_reason))
		return true;
	*ret_reason = (struct source_filter_reason){ .target = index };
	if (owner_drops(input, target, target->others_can_grant, address, &ret_reason->statement))
		return true;
	ret_reason->by_domain = true;
	return target->domain && owner_drops(input, target->domain, false, address, &ret_reason->statement);
}

enum source_filter_verdict source_filter_point(const struct source_filter_input *input,
	const struct source_filter_address *address, struct source_filter_reason *ret_reason)
{
	struct source_filter_reason reason, first = { 0 };
	char buffer[INET6_ADDRSTRLEN];
	struct policy_text text = address_text(address, buffer);
	bool all = true;

	if (!input->target_count)
		all = endpoint_drops(input, NULL, text, &first);
	for (size_t i = 0; i < input->target_count && all; i++) {
		all = way_drops(input, (int)i, text, &reason);
		if (i == 0)
			first = reason;
	}
	if (all && ret_reason)
		*ret_reason = first;
	return all ? SOURCE_FILTER_DROP : SOURCE_FILTER_PASS;
}
