/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 58 verdicts of tests/vectors/policy-vectors.json: endpoint policy, then resource policy with identity policies. */
#include "tests/unit/policy/cases.h"

#include "policy/combine.h"

/* The member `by` of a vector, as text. */
static void write_by(const struct combine_decision *decision, char buffer[16])
{
	if (decision->by == COMBINE_BY_ENDPOINT)
		strcpy(buffer, "vpce");
	else if (decision->verdict == POLICY_IMPLICIT_DENY)
		strcpy(buffer, "null");
	else if (decision->by == COMBINE_BY_IDENTITY)
		strcpy(buffer, "identity");
	else
		snprintf(buffer, 16, "%d", decision->statement);
}

static void expected_by(const cJSON *vector, char buffer[16])
{
	const cJSON *by = cJSON_GetObjectItemCaseSensitive(vector, "by");

	if (cJSON_IsString(by))
		snprintf(buffer, 16, "%s", by->valuestring);
	else if (cJSON_IsNumber(by))
		snprintf(buffer, 16, "%d", by->valueint);
	else
		strcpy(buffer, "null");
}

static void run(const cJSON *vector)
{
	const cJSON *asked = cJSON_GetObjectItemCaseSensitive(vector, "request");
	struct policy *resource = case_member_policy(vector, "policy", POLICY_KIND_API);
	struct policy *identity = case_member_policy(vector, "identityPolicy", POLICY_KIND_IDENTITY);
	struct policy *endpoint = case_member_policy(vector, "vpcEndpointPolicy", POLICY_KIND_ENDPOINT);
	const struct policy *callers[] = { identity };
	struct combine_method_input input = { .private_api = true,
		.resource_policy = resource,
		.caller_policies = callers,
		.caller_policy_count = identity ? 1 : 0 };
	struct case_request request = { 0 };
	struct combine_decision decision;
	char by[16], wanted_by[16];

	policy_request_init(&request.request, policy_text_of(case_string(asked, "resource")));
	request.request.action = policy_text_of(case_string(asked, "action"));
	assert_int_equal(
		0, policy_caller_parse(&request.request.caller, policy_text_of(case_string(asked, "principal"))));
	case_context(&request, cJSON_GetObjectItemCaseSensitive(asked, "context"));
	input.auth = request.request.caller.type == POLICY_CALLER_ANONYMOUS ? COMBINE_AUTH_NONE : COMBINE_AUTH_IAM;

	combine_endpoint(endpoint, &request.request, &decision);
	if (decision.verdict == POLICY_ALLOW)
		combine_method(&input, &request.request, &decision);
	write_by(&decision, by);
	expected_by(vector, wanted_by);
	if (strcmp(policy_verdict_name(decision.verdict), case_string(vector, "expect")) != 0 ||
		strcmp(by, wanted_by) != 0)
		fail_msg("%s: %s by %s, wanted %s by %s (%s)", case_string(vector, "id"),
			policy_verdict_name(decision.verdict), by, case_string(vector, "expect"), wanted_by,
			case_string(vector, "note"));
	policy_free(resource);
	policy_free(identity);
	policy_free(endpoint);
}

static void all_policy_vectors_agree(void **state)
{
	cJSON *vectors = case_vectors("tests/vectors/policy-vectors.json");
	const cJSON *vector;
	size_t count = 0;

	(void)state;
	cJSON_ArrayForEach(vector, vectors)
	{
		run(vector);
		count++;
	}
	assert_int_equal(58, count);
	cJSON_Delete(vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_policy_vectors_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
