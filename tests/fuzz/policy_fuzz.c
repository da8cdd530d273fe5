/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_fuzz: any bytes as a policy document. What is accepted has to normalise to a text that normalises to itself, and
 * both texts have to mean the same: same verdict by the same statement on a few requests, same explanation, same filter.
 *
 * The first byte chooses the kind of policy and whether it counts as stored; the rest is the document. Seeds are in
 * tests/fuzz/corpus/policy.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/explain.h"
#include "policy/policy.h"
#include "policy/source_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OWNER "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void fill(
	struct policy_request *request, struct policy_named_value *other, struct policy_text *list, unsigned which)
{
	policy_request_init(request, policy_text_of(which ? OWNER "/prod/GET/a/b" : OWNER "/dev/POST/"));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1"));
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of(which ? "10.1.2.3" : "2001:db8::1"));
	policy_request_set(request, POLICY_KEY_CURRENT_TIME, policy_text_of("2026-01-31T12:00:00Z"));
	policy_request_set(request, POLICY_KEY_EPOCH_TIME, policy_text_of("1769860800"));
	if (which == 0)
		return;
	policy_request_set(request, POLICY_KEY_USER_NAME, policy_text_of("a*"));
	require(policy_caller_parse(
			&request->caller, policy_text_of("arn:aws:sts::111122223333:assumed-role/dev/s1")) == 0);
	list[0] = policy_text_of("x");
	list[1] = policy_text_of("");
	*other = (struct policy_named_value){ .name = policy_text_of("k"),
		.value = { .list = list, .list_count = which } };
	request->others = other;
	request->other_count = 1;
}

static void compare_verdicts(const struct policy *policy, const struct policy *again)
{
	struct explain_visitor nobody = { 0 };

	for (unsigned which = 0; which < 3; which++) {
		struct policy_result first, second, explained;
		struct policy_named_value other;
		struct policy_request request;
		struct policy_text list[2];
		char summary[256];

		fill(&request, &other, list, which);
		policy_evaluate(policy, &request, &first);
		policy_evaluate(again, &request, &second);
		require(first.verdict == second.verdict && first.statement == second.statement);
		explain_policy(policy, &request, &nobody, &explained);
		require(first.verdict == explained.verdict);
		explain_summary_write(policy, &request, summary, sizeof summary);
		require(strlen(summary) < sizeof summary);
	}
}

static void compare_filter(const struct policy *policy)
{
	static const char *const addresses[] = { "0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "2001:db8::1" };
	struct source_filter_target target = { .policy = policy, .arn = policy_text_of(OWNER) };
	struct source_filter_input input = { .endpoint_id = policy_text_of("vpce-0a1"),
		.vpc_id = policy_text_of("vpc-0b1"),
		.targets = &target,
		.target_count = 1 };
	struct source_filter filter, widened;

	if (source_filter_compile(&filter, &input))
		return;
	input.max_prefixes = 3;
	input.may_widen = true;
	if (source_filter_compile(&widened, &input)) {
		source_filter_fini(&filter);
		return;
	}
	require(widened.prefix_count <= 3);
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct source_filter_address address;
		enum source_filter_verdict verdict, coarse;

		require(source_filter_address_parse(&address, policy_text_of(addresses[i])) == 0);
		verdict = source_filter_find(&filter, &address, NULL);
		coarse = source_filter_find(&widened, &address, NULL);
		require(verdict == source_filter_point(&input, &address, NULL));
		require(coarse == verdict || (widened.widened && coarse == SOURCE_FILTER_PASS));
	}
	source_filter_fini(&filter);
	source_filter_fini(&widened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_options options = { .owner_arn = policy_text_of(OWNER), .max_bytes = SIZE_MAX };
	struct policy_error error;
	struct policy *policy, *again;
	char *normal, *repeated, line[512];
	const char *text;
	size_t normal_bytes;

	if (size == 0)
		return 0;
	options.kind = (enum policy_kind)(data[0] % (POLICY_KIND_IDENTITY + 1));
	options.stored = data[0] & 0x80;
	text = (const char *)data + 1;
	if (policy_parse(&policy, text, size - 1, &options, &error)) {
		policy_error_write(&error, line, sizeof line);
		require(error.rule != POLICY_RULE_NONE);
		return 0;
	}
	require(policy_normalise(&normal, &normal_bytes, text, size - 1, &options, NULL) == 0);
	require(policy_normalise(&repeated, NULL, normal, normal_bytes, &options, NULL) == 0);
	require(strcmp(normal, repeated) == 0);
	require(policy_parse(&again, normal, normal_bytes, &options, NULL) == 0);
	compare_verdicts(policy, again);
	compare_filter(policy);
	policy_free(policy);
	policy_free(again);
	free(normal);
	free(repeated);
	return 0;
}
