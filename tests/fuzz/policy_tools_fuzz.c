/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_tools_fuzz: any bytes as one or two policy documents for lint, diff and turn. A document means what its normal form
 * means; a difference between two is one on its witness; a turn that is told turns the verdict; lint ends.
 *
 * The first byte chooses the kind of policy and whether the API is public; a byte 0x1e parts the documents. Seeds are in
 * tests/fuzz/corpus/policy_tools.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/diff.h"
#include "policy/lint.h"
#include "policy/policy.h"
#include "policy/turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OWNER "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"
/* Larger documents are slow and no richer. */
#define DOCUMENT_MAX_BYTES 4096

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void on_finding(void *context, const struct lint_finding *finding)
{
	(void)context;
	require(finding->code < LINT_CODE_COUNT && finding->line > 0 && finding->column > 0);
	require(strlen(finding->member) < sizeof finding->member && strlen(finding->value) < sizeof finding->value);
}

struct pair {
	const struct policy *old_policy, *new_policy;
	size_t told;
};

static void on_line(void *context, const struct diff_line *line)
{
	struct pair *pair = context;
	struct policy_result before, after;

	policy_evaluate(pair->old_policy, line->witness, &before);
	policy_evaluate(pair->new_policy, line->witness, &after);
	require(before.verdict == line->old_verdict && after.verdict == line->new_verdict);
	require(before.verdict != after.verdict);
	pair->told++;
}

static void compare(const struct policy *old_policy, const struct policy *new_policy, bool public_api, bool same)
{
	const struct diff_options options = { .api_arn = policy_text_of(OWNER), .public_api = public_api };
	struct pair pair = { old_policy, new_policy, 0 };
	unsigned incomplete;

	require(diff_policies(old_policy, new_policy, &options, on_line, &pair, &incomplete) == 0);
	require(!same || !pair.told);
}

static void on_turn(void *context, const struct turn *turn)
{
	const struct policy_result *result = context;

	require(turn->change_count > 0 && (turn->verdict == POLICY_ALLOW) != (result->verdict == POLICY_ALLOW));
}

static void look_for_turns(const struct policy *policy, bool public_api)
{
	struct policy_request request;
	struct turn_input input = { .policies = { policy }, .policy_count = 1, .request = &request };
	struct policy_result result;

	policy_request_init(&request, policy_text_of(OWNER "/prod/GET/a/b"));
	if (!public_api)
		policy_request_set(&request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1"));
	policy_evaluate(policy, &request, &result);
	require(turn_find(&input, on_turn, &result) >= 0);
}

static struct policy *parse(const char *text, size_t bytes, enum policy_kind kind)
{
	struct policy_options options = {
		.kind = kind, .owner_arn = policy_text_of(OWNER), .max_bytes = SIZE_MAX, .stored = true
	};
	struct policy *policy;

	return policy_parse(&policy, text, bytes, &options, NULL) ? NULL : policy;
}

static struct policy *parse_normal(const char *text, size_t bytes, enum policy_kind kind)
{
	struct policy_options options = {
		.kind = kind, .owner_arn = policy_text_of(OWNER), .max_bytes = SIZE_MAX, .stored = true
	};
	struct policy *policy;
	size_t normal_bytes;
	char *normal;

	require(policy_normalise(&normal, &normal_bytes, text, bytes, &options, NULL) == 0);
	policy = parse(normal, normal_bytes, kind);
	require(policy);
	free(normal);
	return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum policy_kind kinds[] = { POLICY_KIND_API, POLICY_KIND_ENDPOINT, POLICY_KIND_IDENTITY };
	struct lint_options lint = { .policy = { .owner_arn = policy_text_of(OWNER) } };
	const char *text = (const char *)data + 1, *part;
	struct policy *first, *second;
	size_t bytes;

	if (size < 2 || size > DOCUMENT_MAX_BYTES)
		return 0;
	lint.policy.kind = kinds[data[0] % 3];
	lint.public_api = data[0] & 0x80;
	part = memchr(text, 0x1e, size - 1);
	bytes = part ? (size_t)(part - text) : size - 1;
	require(lint_policy(text, bytes, &lint, on_finding, NULL) == 0);
	first = parse(text, bytes, lint.policy.kind);
	if (!first)
		return 0;
	second = part ? parse(part + 1, size - 2 - bytes, lint.policy.kind)
		      : parse_normal(text, bytes, lint.policy.kind);
	if (second) {
		compare(first, second, lint.public_api, !part);
		compare(second, first, lint.public_api, !part);
	}
	look_for_turns(first, lint.public_api);
	policy_free(first);
	policy_free(second);
	return 0;
}
