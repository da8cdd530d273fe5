/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/explain: all vectors explained agree with the evaluator, and the words name what has to change. */
#include "tests/unit/policy/cases.h"

#include "policy/explain.h"

struct tally {
	size_t statements, parts, matched_parts, decisive;
	bool all_matched;
	char lines[4096];
};

static void on_statement(void *context, const struct explain_statement *statement)
{
	struct tally *tally = context;

	tally->statements++;
	tally->decisive += statement->decisive;
	assert_int_equal(statement->matched, statement->failed_count == 0);
	assert_true(!statement->decisive || statement->matched);
	sprintf(tally->lines + strlen(tally->lines), "%zu %s %s\n", statement->index,
		statement->denies ? "Deny" : "Allow", statement->matched ? "applies" : "does not apply");
}

static void on_part(void *context, const struct explain_statement *statement, const struct explain_part *part)
{
	struct tally *tally = context;

	(void)statement;
	tally->parts++;
	tally->matched_parts += part->matched;
	assert_true(part->remedy && *part->remedy);
	assert_int_equal(part->present, part->actual != NULL);
	sprintf(tally->lines + strlen(tally->lines), "  %.*s%s%.*s: %s\n", (int)part->operator_name.count,
		part->operator_name.bytes ? part->operator_name.bytes : "", part->operator_name.bytes ? " " : "",
		(int)part->key.count, part->key.bytes, part->matched ? "yes" : "no");
}

static void every_vector_explained_has_the_evaluator_s_verdict(void **state)
{
	cJSON *vectors = case_vectors("tests/vectors/policy-vectors.json");
	const cJSON *vector;

	(void)state;
	cJSON_ArrayForEach(vector, vectors)
	{
		const cJSON *asked = cJSON_GetObjectItemCaseSensitive(vector, "request");
		struct policy *policy = case_member_policy(vector, "policy", POLICY_KIND_API);
		struct case_request request = { 0 };
		struct tally tally = { 0 };
		struct explain_visitor visitor = { on_statement, on_part, &tally };
		struct policy_result explained, evaluated;
		char summary[1024];

		policy_request_init(&request.request, policy_text_of(case_string(asked, "resource")));
		assert_int_equal(0,
			policy_caller_parse(&request.request.caller, policy_text_of(case_string(asked, "principal"))));
		case_context(&request, cJSON_GetObjectItemCaseSensitive(asked, "context"));
		policy_evaluate(policy, &request.request, &evaluated);
		explain_policy(policy, &request.request, &visitor, &explained);
		assert_int_equal(evaluated.verdict, explained.verdict);
		assert_int_equal(evaluated.statement, explained.statement);
		assert_int_equal(policy_statement_count(policy), tally.statements);
		assert_int_equal(evaluated.statement >= 0, tally.decisive);
		assert_true(explain_summary_write(policy, &request.request, summary, sizeof summary) < sizeof summary);
		policy_free(policy);
	}
	cJSON_Delete(vectors);
}

static void parts_come_in_order_with_values_and_outcome(void **state)
{
	struct policy *policy =
		case_policy("{'Statement':[{'Effect':'Allow','Principal':'*','Action':'execute-api:Invoke','Resource':'"
			    "execute-api:/dev/*'},"
			    "{'Sid':'OnlyLeft','Effect':'Deny','NotPrincipal':{'AWS':'111122223333'},'Action':'*','"
			    "Resource':'*','Condition':"
			    "{'NotIpAddress':{'aws:VpcSourceIp':'10.20.0.0/26'},'Null':{'aws:Referer':'true'}}}]}");
	struct tally tally = { 0 };
	struct explain_visitor visitor = { on_statement, on_part, &tally };
	struct policy_request request;
	struct policy_result result;
	char summary[1024], cut[16];
	size_t count;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.20.0.66"));
	explain_policy(policy, &request, &visitor, &result);
	assert_string_equal("0 Allow does not apply\n"
			    "  Principal: yes\n  Action: yes\n  Resource: no\n"
			    "1 Deny applies\n"
			    "  NotPrincipal: yes\n  Action: yes\n  Resource: yes\n"
			    "  NotIpAddress aws:VpcSourceIp: yes\n  Null aws:Referer: yes\n",
		tally.lines);
	count = explain_summary_write(policy, &request, summary, sizeof summary);
	assert_int_equal(strlen(summary), count);
	assert_string_equal("Denied by statement 1 (OnlyLeft). It stops matching if one of its parts does: "
			    "NotPrincipal (the request has "
			    "anonymous): the caller would have to be one of these principals; NotIpAddress on "
			    "aws:VpcSourceIp (the request has "
			    "10.20.0.66): the value would have to be one of this list; Null on aws:Referer (the "
			    "request has no value): the "
			    "request would have to carry this key. Without a Deny it would still be refused: no Allow "
			    "matches.",
		summary);
	assert_int_equal(count, explain_summary_write(policy, &request, cut, sizeof cut));
	assert_int_equal(15, strlen(cut));
	assert_int_equal(count, explain_summary_write(policy, &request, NULL, 0));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.20.0.6"));
	explain_summary_write(policy, &request, summary, sizeof summary);
	assert_string_equal(
		"No statement matches. Nearest is statement 0, which fails on Resource (the request has " CASE_METHOD
		"): the request's stage, method and path would have to match one of these patterns.",
		summary);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_explained_has_the_evaluator_s_verdict),
		cmocka_unit_test(parts_come_in_order_with_values_and_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
