/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements judged three-valued, per endpoint: spec/policy.md 10.2 and 10.3. Prefixes are made in source_filter_prefixes.c. */
#include "policy/source_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "policy/address_set.h"
#include "policy/evaluation.h"
#include "policy/source_filter_prefixes.h"
#include "policy/text.h"

static enum source_filter_value least(enum source_filter_value a, enum source_filter_value b)
{
	return a < b ? a : b;
}

static enum source_filter_value greatest(enum source_filter_value a, enum source_filter_value b)
{
	return a > b ? a : b;
}

/* True and False exchanged, Maybe stays. */
static enum source_filter_value inverse(enum source_filter_value value)
{
	return (enum source_filter_value)(SOURCE_FILTER_TRUE - value);
}

static enum source_filter_value certain(bool value)
{
	return value ? SOURCE_FILTER_TRUE : SOURCE_FILTER_FALSE;
}

/* ---- parts that don't look at the address ---- */

static enum source_filter_value principal_value(const struct policy_statement *statement)
{
	if (!statement->has_principal)
		return SOURCE_FILTER_TRUE;
	if (statement->everybody)
		return certain(!statement->not_principal);
	return SOURCE_FILTER_MAYBE;
}

static enum source_filter_value action_value(const struct policy_statement *statement)
{
	bool listed = statement->action_bits >> POLICY_ACTION_INVOKE & 1;

	return certain(listed != statement->not_action);
}

/* How many bytes two texts have in common at their start. */
static size_t common_count(struct policy_text a, struct policy_text b)
{
	size_t count = 0;

	while (count < a.count && count < b.count && a.bytes[count] == b.bytes[count])
		count++;
	return count;
}

/* A pattern's sixth part against the one ARN of a domain: certain unless a variable is in it. */
static enum source_filter_value domain_value(const struct wildcard *tail, struct policy_text domain)
{
	if (!tail->variable_count)
		return certain(wildcard_match(tail, domain, NULL));
	return common_count(tail->literal, domain) == tail->literal.count ? SOURCE_FILTER_MAYBE : SOURCE_FILTER_FALSE;
}

/*
 * A pattern's sixth part against every ARN {api}/{stage}/{METHOD}/{path} of an API, or of one of its stages. It covers all
 * of them as a star behind nothing, behind {api} or behind a longer part of what they have in common; it covers none if its
 * literal start differs from that.
 */
static enum source_filter_value api_value(const struct wildcard *tail, struct policy_text api, struct policy_text stage)
{
	struct policy_text literal = tail->literal, rest;
	struct policy_text pieces[] = { api, policy_text_of("/"), stage, policy_text_of("/") };
	size_t piece_count = stage.bytes ? 4 : 2;
	bool covers = tail->shape == WILDCARD_PREFIX && (!literal.count || literal.count >= api.count);

	rest = literal;
	for (size_t i = 0; i < piece_count && rest.count; i++) {
		size_t count = common_count(rest, pieces[i]);

		if (count < rest.count && count < pieces[i].count)
			return SOURCE_FILTER_FALSE;
		rest = policy_text_behind(rest, count);
	}
	return covers && !rest.count ? SOURCE_FILTER_TRUE : SOURCE_FILTER_MAYBE;
}

static enum source_filter_value pattern_value(
	const struct policy *policy, const struct policy_resource *resource, const struct source_filter_target *target)
{
	struct policy_text parts[POLICY_ARN_PARTS];

	if (resource->any)
		return SOURCE_FILTER_TRUE;
	if (!resource->usable || !policy_arn_split(parts, target->arn) ||
		!policy_arn_head_match(&policy->heads[resource->head], parts))
		return SOURCE_FILTER_FALSE;
	if (policy_text_starts(parts[5], "/domainnames/"))
		return domain_value(&resource->tail, parts[5]);
	return api_value(&resource->tail, parts[5], target->stage);
}

static enum source_filter_value target_resource_value(const struct policy *policy,
	const struct policy_statement *statement, const struct source_filter_target *target)
{
	enum source_filter_value value = SOURCE_FILTER_FALSE;

	for (uint32_t i = 0; i < statement->resource_count && value != SOURCE_FILTER_TRUE; i++)
		value = greatest(value, pattern_value(policy, &statement->resources[i], target));
	return statement->not_resource ? inverse(value) : value;
}

/* Any resource that is served at the endpoint may be meant: certain only if it is the same for all of them. */
static enum source_filter_value endpoint_resource_value(
	const struct source_filter_input *input, const struct policy_statement *statement)
{
	const struct source_filter_target any = { .arn = policy_text_of("") };
	enum source_filter_value value;

	if (!input->target_count) {
		value = target_resource_value(input->endpoint_policy, statement, &any);
		/* Without targets only "*" is certain; a pattern may cover what is made later. */
		return value == certain(!statement->not_resource) ? value : SOURCE_FILTER_MAYBE;
	}
	value = target_resource_value(input->endpoint_policy, statement, &input->targets[0]);
	for (size_t i = 1; i < input->target_count && value != SOURCE_FILTER_MAYBE; i++)
		if (target_resource_value(input->endpoint_policy, statement, &input->targets[i]) != value)
			value = SOURCE_FILTER_MAYBE;
	return value;
}

/* ---- conditions ---- */

/* What is known of a connection before its first byte, as a request. */
static void known_request(
	struct policy_request *request, const struct source_filter_input *input, struct policy_text address)
{
	policy_request_init(request, policy_text_of(""));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, input->endpoint_id);
	policy_request_set(request, POLICY_KEY_SOURCE_VPC, input->vpc_id);
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, address);
	policy_request_set(
		request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of(input->plain_listener ? "false" : "true"));
}

/* A condition whose value changes from CIDR edge to CIDR edge. */
static bool looks_at_address(const struct policy_condition *condition)
{
	return condition->value_class == POLICY_CLASS_ADDRESS && condition->key == POLICY_KEY_VPC_SOURCE_IP;
}

/*
 * Can the condition be evaluated for a connection? Not if the key is unknown, nor with a variable. Texts of addresses are
 * compared by the full evaluator alone (an IPv6 address is even shaped like an ARN), and an address operator on a text key
 * says nothing for sure.
 */
static bool is_certain(const struct policy_condition *condition)
{
	const struct policy_key_row *key;

	if (condition->key < 0 || condition->has_variable)
		return false;
	key = policy_key_row((enum policy_key)condition->key);
	if (!key->known)
		return false;
	switch (condition->value_class) {
	case POLICY_CLASS_STRING:
	case POLICY_CLASS_FOLDED:
	case POLICY_CLASS_GLOB:
	case POLICY_CLASS_BINARY:
	case POLICY_CLASS_ARN:
		return key->type != POLICY_TYPE_ADDRESS;
	case POLICY_CLASS_ADDRESS:
		return key->type == POLICY_TYPE_ADDRESS;
	case POLICY_CLASS_NUMBER:
	case POLICY_CLASS_INSTANT:
	case POLICY_CLASS_BOOLEAN:
	case POLICY_CLASS_NULL:
		break;
	}
	return true;
}

/* A policy in its place: whose it is, and the connection to judge. */
struct subject {
	const struct source_filter_input *input;
	int target; /* or SOURCE_FILTER_ENDPOINT_POLICY */
	const struct policy *policy;
	bool others_can_grant;
	struct policy_evaluation evaluation;
	struct policy_request request;
};

static void subject_init(
	struct subject *subject, const struct source_filter_input *input, int target, struct policy_text address)
{
	bool endpoint = target == SOURCE_FILTER_ENDPOINT_POLICY;

	subject->input = input;
	subject->target = target;
	subject->policy = endpoint ? input->endpoint_policy : input->targets[target].policy;
	subject->others_can_grant = !endpoint && input->targets[target].others_can_grant;
	known_request(&subject->request, input, address);
	if (subject->policy)
		policy_evaluation_start(&subject->evaluation, subject->policy, &subject->request);
}

/* Least value of a statement's parts; with `addresses` false, of those that don't look at the address. */
static enum source_filter_value statement_value(
	struct subject *subject, const struct policy_statement *statement, bool addresses)
{
	enum source_filter_value value = least(principal_value(statement), action_value(statement));

	if (value != SOURCE_FILTER_FALSE) {
		if (subject->target == SOURCE_FILTER_ENDPOINT_POLICY)
			value = least(value, endpoint_resource_value(subject->input, statement));
		else
			value = least(value, target_resource_value(subject->policy, statement,
						     &subject->input->targets[subject->target]));
	}
	for (uint32_t i = 0; i < statement->condition_count && value != SOURCE_FILTER_FALSE; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		if (looks_at_address(condition) && !addresses)
			continue;
		if (is_certain(condition))
			value = least(value, certain(policy_evaluation_condition(&subject->evaluation, condition)));
		else
			value = least(value, SOURCE_FILTER_MAYBE);
	}
	return value;
}

/* ---- one address ---- */

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
	char buffer[INET6_ADDRSTRLEN];
	struct subject subject;

	subject_init(&subject, input, target, address_text(address, buffer));
	return statement_value(&subject, &subject.policy->statements[statement], true);
}

/* Does the policy drop the address of the subject? */
static bool drops(struct subject *subject, struct source_filter_reason *ret_reason)
{
	const struct policy *policy = subject->policy;
	bool can_allow = subject->others_can_grant;

	*ret_reason = (struct source_filter_reason){ .target = subject->target, .statement = -1 };
	if (!policy)
		return subject->target != SOURCE_FILTER_ENDPOINT_POLICY;
	for (uint32_t i = 0; i < policy->statement_count; i++) {
		enum source_filter_value value = statement_value(subject, &policy->statements[i], true);

		if (policy->statements[i].denies && value == SOURCE_FILTER_TRUE) {
			ret_reason->statement = (int)i;
			return true;
		}
		if (!policy->statements[i].denies && value != SOURCE_FILTER_FALSE)
			can_allow = true;
	}
	return !can_allow;
}

enum source_filter_verdict source_filter_point(const struct source_filter_input *input,
	const struct source_filter_address *address, struct source_filter_reason *ret_reason)
{
	struct source_filter_reason reason, first = { 0 };
	char buffer[INET6_ADDRSTRLEN];
	struct policy_text text = address_text(address, buffer);
	struct subject subject;
	bool all = input->target_count > 0;

	subject_init(&subject, input, SOURCE_FILTER_ENDPOINT_POLICY, text);
	if (drops(&subject, &reason)) {
		if (ret_reason)
			*ret_reason = reason;
		return SOURCE_FILTER_DROP;
	}
	for (size_t i = 0; i < input->target_count && all; i++) {
		subject_init(&subject, input, (int)i, text);
		all = drops(&subject, &reason);
		if (i == 0)
			first = reason;
	}
	if (all && ret_reason)
		*ret_reason = first;
	return all ? SOURCE_FILTER_DROP : SOURCE_FILTER_PASS;
}

/* ---- all addresses ---- */

/* Where the conditions of a statement on the address hold. */
static int statement_set(
	struct address_set *ret, const struct policy_statement *statement, struct source_filter_reason reason)
{
	struct address_set set, part, cut;
	int err = address_set_all(&set, reason);

	for (uint32_t i = 0; i < statement->condition_count && !err; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		if (!looks_at_address(condition))
			continue;
		err = address_set_of_ranges(&part, &condition->ranges, reason);
		if (!err && condition->negated) {
			err = address_set_complement(&cut, &part, reason);
			address_set_fini(&part);
			part = cut;
		}
		if (err)
			break;
		err = address_set_intersect(&cut, &set, &part);
		address_set_fini(&part);
		address_set_fini(&set);
		set = cut;
	}
	if (err)
		address_set_fini(&set);
	*ret = set;
	return err;
}

/* Union of the sets of all statements of one effect whose other parts have at least the value `at_least`. */
static int effect_set(struct address_set *ret, struct subject *subject, bool denies, enum source_filter_value at_least)
{
	const struct policy *policy = subject->policy;
	struct address_set *sets = calloc(policy->statement_count + 1u, sizeof *sets);
	size_t count = 0;
	int err = 0, united;

	*ret = (struct address_set){ 0 };
	if (!sets)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->statement_count && !err; i++) {
		const struct policy_statement *statement = &policy->statements[i];
		/* Only the union of the Allow sets is asked for: one reason for all keeps it small. */
		struct source_filter_reason reason = { .target = subject->target, .statement = denies ? (int)i : -1 };

		if (statement->denies == denies && statement_value(subject, statement, false) >= at_least)
			err = statement_set(&sets[count++], statement, reason);
	}
	united = address_set_unite_all(ret, sets, count);
	free(sets);
	if (err) {
		address_set_fini(ret);
		return err;
	}
	return united;
}

/* The addresses that one policy drops. */
static int drop_set(struct address_set *ret, const struct source_filter_input *input, int target)
{
	struct source_filter_reason no_allow = { .target = target, .statement = -1 };
	struct address_set denied, allowed, silent;
	struct subject subject;
	int err;

	*ret = (struct address_set){ 0 };
	/* No part that is judged here looks at the address; any text of one will do. */
	subject_init(&subject, input, target, policy_text_of("0.0.0.0"));
	if (!subject.policy)
		return target == SOURCE_FILTER_ENDPOINT_POLICY ? 0 : address_set_all(ret, no_allow);
	err = effect_set(&denied, &subject, true, SOURCE_FILTER_TRUE);
	if (err || subject.others_can_grant) {
		*ret = denied;
		return err;
	}
	err = effect_set(&allowed, &subject, false, SOURCE_FILTER_MAYBE);
	if (!err) {
		err = address_set_complement(&silent, &allowed, no_allow);
		address_set_fini(&allowed);
	}
	if (!err) {
		err = address_set_unite(ret, &denied, &silent);
		address_set_fini(&silent);
	}
	address_set_fini(&denied);
	return err;
}

/* The addresses that all targets drop; none if there are no targets. */
static int common_set(struct address_set *ret, const struct source_filter_input *input)
{
	struct address_set next, both;
	int err;

	*ret = (struct address_set){ 0 };
	if (!input->target_count)
		return 0;
	err = drop_set(ret, input, 0);
	/* Once nothing is left no further policy can change that. */
	for (size_t i = 1; i < input->target_count && ret->count && !err; i++) {
		err = drop_set(&next, input, (int)i);
		if (err)
			break;
		err = address_set_intersect(&both, ret, &next);
		address_set_fini(&next);
		address_set_fini(ret);
		*ret = both;
	}
	return err;
}

int source_filter_compile(struct source_filter *ret, const struct source_filter_input *input)
{
	struct address_set endpoint, common = { 0 }, dropped = { 0 };
	int err = drop_set(&endpoint, input, SOURCE_FILTER_ENDPOINT_POLICY);

	*ret = (struct source_filter){ 0 };
	if (!err)
		err = common_set(&common, input);
	if (!err)
		err = address_set_unite(&dropped, &endpoint, &common);
	if (!err)
		err = source_filter_prefixes_make(
			ret, &dropped, input->max_prefixes ? input->max_prefixes : SOURCE_FILTER_DEFAULT_MAX_PREFIXES);
	address_set_fini(&endpoint);
	address_set_fini(&common);
	address_set_fini(&dropped);
	return err;
}
