/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/evaluate: principals, actions, resources, the order of statements, and that nothing is allocated. */
#include "tests/unit/policy/cases.h"

#include <malloc.h>

#define ALICE "arn:aws:iam::111122223333:user/team/alice"
#define BOB "arn:aws:iam::444455556666:user/bob"
#define SESSION "arn:aws:sts::444455556666:assumed-role/dev/s1"

static bool applies_to(enum policy_kind kind, const char *effect, const char *member, const char *principal,
	const char *caller, const char *role_arn)
{
	char text[1024];
	struct policy_request request;
	struct policy *policy;
	enum policy_verdict verdict;

	snprintf(text, sizeof text, "{'Statement':{'Effect':'%s','%s':%s,'Action':'*','Resource':'*'}}", effect, member,
		principal);
	policy = case_policy_of(kind, text);
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_int_equal(0, policy_caller_parse(&request.caller, policy_text_of(caller)));
	if (role_arn)
		request.caller.role_arn = policy_text_of(role_arn);
	verdict = case_verdict(policy, &request);
	policy_free(policy);
	return verdict != POLICY_IMPLICIT_DENY;
}

static bool allows(const char *principal, const char *caller)
{
	return applies_to(POLICY_KIND_API, "Allow", "Principal", principal, caller, NULL);
}

static void everybody_includes_the_anonymous_caller_and_names_do_not(void **state)
{
	(void)state;
	assert_true(allows("'*'", "anonymous"));
	assert_true(allows("{'AWS':'*'}", "anonymous"));
	assert_true(allows("{'AWS':['" BOB "','*']}", "anonymous"));
	assert_true(allows("{'AWS':'*'}", BOB));
	assert_false(allows("{'AWS':'" BOB "'}", "anonymous"));
	assert_false(allows("{'AWS':'444455556666'}", "anonymous"));
	assert_false(allows("{'Service':'apigateway.amazonaws.com'}", BOB));
}

static void a_user_is_its_arn_and_an_account_all_of_its_principals(void **state)
{
	(void)state;
	assert_true(allows("{'AWS':'" ALICE "'}", ALICE));
	assert_false(allows("{'AWS':'arn:aws:iam::111122223333:user/team/Alice'}", ALICE));
	assert_false(allows("{'AWS':'arn:aws:iam::111122223333:user/alice'}", ALICE));
	assert_true(allows("{'AWS':'444455556666'}", BOB));
	assert_true(allows("{'AWS':'arn:aws:iam::444455556666:root'}", SESSION));
	assert_true(allows("{'Service':'s','AWS':'444455556666'}", "arn:aws:sts::444455556666:federated-user/f"));
	assert_false(allows("{'AWS':'444455556666'}", ALICE));
}

static void a_role_is_any_of_its_sessions_and_a_session_only_itself(void **state)
{
	static const char role[] = "{'AWS':'arn:aws:iam::444455556666:role/dev'}",
			  deep_role[] = "{'AWS':'arn:aws:iam::444455556666:role/p/dev'}";

	(void)state;
	assert_true(allows(role, SESSION));
	assert_false(allows(deep_role, SESSION));
	assert_true(applies_to(
		POLICY_KIND_API, "Allow", "Principal", deep_role, SESSION, "arn:aws:iam::444455556666:role/p/dev"));
	assert_false(applies_to(
		POLICY_KIND_API, "Allow", "Principal", role, SESSION, "arn:aws:iam::444455556666:role/p/dev"));
	assert_false(allows("{'AWS':'arn:aws:iam::444455556666:role/de'}", SESSION));
	assert_false(allows("{'AWS':'arn:aws:iam::444455556666:role/dev/s1'}", SESSION));
	assert_true(allows("{'AWS':'" SESSION "'}", SESSION));
	assert_false(allows("{'AWS':'arn:aws:sts::444455556666:assumed-role/dev/s2'}", SESSION));
	assert_false(allows(role, "arn:aws:iam::444455556666:user/dev"));
}

static void the_resource_s_own_account_is_delegation_in_an_allow_only(void **state)
{
	static const char own[] = "{'AWS':'111122223333'}";

	(void)state;
	assert_false(allows(own, ALICE));
	assert_true(allows(own, "arn:aws:iam::111122223333:root"));
	assert_true(applies_to(POLICY_KIND_API, "Deny", "Principal", own, ALICE, NULL));
	assert_true(applies_to(POLICY_KIND_ENDPOINT, "Allow", "Principal", own, ALICE, NULL));
}

static void not_principal_is_everybody_else(void **state)
{
	(void)state;
	assert_true(applies_to(POLICY_KIND_API, "Deny", "NotPrincipal", "{'AWS':'" BOB "'}", "anonymous", NULL));
	assert_true(applies_to(POLICY_KIND_API, "Deny", "NotPrincipal", "{'AWS':'" BOB "'}", ALICE, NULL));
	assert_false(applies_to(POLICY_KIND_API, "Deny", "NotPrincipal", "{'AWS':'" BOB "'}", BOB, NULL));
	assert_false(applies_to(POLICY_KIND_API, "Deny", "NotPrincipal", "{'AWS':'444455556666'}", BOB, NULL));
	assert_false(applies_to(POLICY_KIND_API, "Deny", "NotPrincipal", "'*'", BOB, NULL));
}

static enum policy_verdict verdict_of(const char *members, const char *action, const char *resource)
{
	char text[2048];
	struct policy_request request;
	struct policy *policy;
	enum policy_verdict verdict;

	snprintf(text, sizeof text, "{'Version':'2012-10-17','Statement':{'Effect':'Allow','Principal':'*',%s}}",
		members);
	policy = case_policy(text);
	policy_request_init(&request, policy_text_of(resource));
	request.action = policy_text_of(action);
	verdict = case_verdict(policy, &request);
	policy_free(policy);
	return verdict;
}

static bool action_allowed(const char *member, const char *patterns, const char *action)
{
	char members[512];

	snprintf(members, sizeof members, "'%s':%s,'Resource':'*'", member, patterns);
	return verdict_of(members, action, CASE_METHOD) == POLICY_ALLOW;
}

static void actions_ignore_case_and_take_wildcards(void **state)
{
	(void)state;
	assert_true(action_allowed("Action", "'EXECUTE-API:inv*'", "execute-api:Invoke"));
	assert_true(action_allowed("Action", "'execute-api:In?o*'", "Execute-Api:INVOKE"));
	assert_false(action_allowed("Action", "'execute-api:Invoke'", "execute-api:InvalidateCache"));
	assert_true(action_allowed("Action", "['s3:*','execute-api:*']", "execute-api:ManageConnections"));
	assert_true(action_allowed("Action", "'apigateway:P*'", "apigateway:PATCH"));
	assert_false(action_allowed("Action", "'apigateway:P*'", "apigateway:GET"));
	assert_true(action_allowed("NotAction", "'execute-api:ManageConnections'", "execute-api:Invoke"));
	assert_false(action_allowed("NotAction", "'*'", "apigateway:GET"));
}

static bool resource_allowed(const char *member, const char *patterns, const char *resource)
{
	char members[1024];

	snprintf(members, sizeof members, "'Action':'*','%s':%s", member, patterns);
	return verdict_of(members, "execute-api:Invoke", resource) == POLICY_ALLOW;
}

static void resources_compare_part_by_part(void **state)
{
	(void)state;
	assert_true(resource_allowed("Resource", "'execute-api:/prod/GET/*'", CASE_METHOD));
	assert_true(resource_allowed("Resource", "'arn:AWS:execute-api:US-*:1111?2223333:a1b2c3d4e5/*'", CASE_METHOD));
	assert_false(
		resource_allowed("Resource", "'arn:aws:execute-api:us-east-1:111122223333:A1B2C3D4E5/*'", CASE_METHOD));
	assert_false(resource_allowed("Resource", "'arn:*:execute-api:*'", CASE_METHOD));
	assert_true(resource_allowed("Resource", "'*'", "no-arn"));
	assert_false(resource_allowed("Resource", "'arn:aws:execute-api:*:*:*'", "no-arn"));
	assert_true(resource_allowed("Resource", "'execute-api:/prod/GET/'", CASE_API "/prod/GET/"));
	assert_true(resource_allowed("NotResource", "'execute-api:/prod/GET/*'", CASE_API "/prod/POST/pets"));
	assert_false(resource_allowed("NotResource", "['execute-api:/dev/*','execute-api:/prod/GET/*']", CASE_METHOD));
	assert_true(resource_allowed("NotResource", "'execute-api:/prod/GET/${aws:username}'", CASE_METHOD));
	assert_false(resource_allowed("Resource", "'execute-api:/prod/GET/${aws:username}'", CASE_METHOD));
}

static void more_heads_than_are_remembered_still_match(void **state)
{
	char text[16384] = "'Action':'*','Resource':[";

	(void)state;
	for (int i = 0; i < 90; i++)
		sprintf(text + strlen(text), "'arn:aws:execute-api:us-east-1:%012d:*',", i);
	strcat(text, "'execute-api:/*','arn:aws:execute-api:us-east-1:000000000089:x']");
	char document[20000];
	struct policy_options options = case_options(POLICY_KIND_API);
	struct policy_request request;
	struct policy *policy;
	char *quoted;

	snprintf(document, sizeof document, "{'Statement':{'Effect':'Allow','Principal':'*',%s}}", text);
	quoted = case_quoted(document);
	options.max_bytes = SIZE_MAX;
	assert_int_equal(0, policy_parse(&policy, quoted, strlen(quoted), &options, NULL));
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_int_equal(POLICY_ALLOW, case_verdict(policy, &request));
	policy_request_init(&request, policy_text_of("arn:aws:execute-api:us-east-1:000000000089:abc"));
	assert_int_equal(POLICY_ALLOW, case_verdict(policy, &request));
	policy_request_init(&request, policy_text_of("arn:aws:execute-api:us-east-1:000000000091:abc"));
	assert_int_equal(POLICY_IMPLICIT_DENY, case_verdict(policy, &request));
	policy_free(policy);
	free(quoted);
}

static void a_deny_wins_wherever_it_stands_and_the_first_match_is_named(void **state)
{
	static const char allow[] = "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}";
	static const char deny[] = "{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*'}";
	static const char miss[] = "{'Effect':'Deny','Principal':'*','Action':'s3:*','Resource':'*'}";
	static const struct {
		const char *statements[3];
		enum policy_verdict verdict;
		int statement;
	} orders[] = {
		{ { allow, allow, deny }, POLICY_EXPLICIT_DENY, 2 },
		{ { deny, allow, deny }, POLICY_EXPLICIT_DENY, 0 },
		{ { miss, allow, allow }, POLICY_ALLOW, 1 },
		{ { miss, miss, miss }, POLICY_IMPLICIT_DENY, -1 },
	};
	struct policy_request request;
	struct policy_result result;
	char text[1024];

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct policy *policy;

		snprintf(text, sizeof text, "{'Statement':[%s,%s,%s]}", orders[i].statements[0],
			orders[i].statements[1], orders[i].statements[2]);
		policy = case_policy(text);
		policy_evaluate(policy, &request, &result);
		assert_int_equal(orders[i].verdict, result.verdict);
		assert_int_equal(orders[i].statement, result.statement);
		policy_free(policy);
	}
}

static void evaluation_allocates_nothing(void **state)
{
	struct policy *policy =
		case_policy("{'Version':'2012-10-17','Statement':[{'Effect':'Deny','NotPrincipal':{'AWS':'" BOB
			    "'},'NotAction':'s3:*',"
			    "'Resource':['execute-api:/*/GET/${aws:username, "
			    "\\u0027x\\u0027}','execute-api:/p?od/*'],'Condition':{'IpAddress':"
			    "{'aws:VpcSourceIp':['10.0.0.0/8','::/"
			    "0']},'DateGreaterThan':{'aws:CurrentTime':'2030-01-01'},'ForAllValues:ArnLike':"
			    "{'k':'arn:*:*:*:*:*'}}}]}");
	struct policy_request request;
	size_t before;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.1.2.3"));
	policy_request_set(&request, POLICY_KEY_CURRENT_TIME, policy_text_of("2031-01-01T00:00:00Z"));
	before = mallinfo2().uordblks;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(POLICY_EXPLICIT_DENY, case_verdict(policy, &request));
	assert_int_equal(before, mallinfo2().uordblks);
	policy_free(policy);
}

static void callers_are_read_from_their_arns(void **state)
{
	static const char *const bad[] = { "", "x", "arn:aws:iam::1:group/g", "arn:aws:iam::1:user/",
		"arn:aws:iam:::root", "arn:aws:s3::1:user/x", "arn:aws:iam::1:assumed-role/a/b" };
	struct policy_caller caller;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (policy_caller_parse(&caller, policy_text_of(bad[i])) == 0)
			fail_msg("'%s' is no caller", bad[i]);
	assert_int_equal(0, policy_caller_parse(&caller, policy_text_of("arn:aws:iam::111122223333:role/p/dev")));
	assert_int_equal(POLICY_CALLER_ROLE_SESSION, caller.type);
	assert_int_equal(12, caller.account.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_includes_the_anonymous_caller_and_names_do_not),
		cmocka_unit_test(a_user_is_its_arn_and_an_account_all_of_its_principals),
		cmocka_unit_test(a_role_is_any_of_its_sessions_and_a_session_only_itself),
		cmocka_unit_test(the_resource_s_own_account_is_delegation_in_an_allow_only),
		cmocka_unit_test(not_principal_is_everybody_else),
		cmocka_unit_test(actions_ignore_case_and_take_wildcards),
		cmocka_unit_test(resources_compare_part_by_part),
		cmocka_unit_test(more_heads_than_are_remembered_still_match),
		cmocka_unit_test(a_deny_wins_wherever_it_stands_and_the_first_match_is_named),
		cmocka_unit_test(evaluation_allocates_nothing),
		cmocka_unit_test(callers_are_read_from_their_arns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
