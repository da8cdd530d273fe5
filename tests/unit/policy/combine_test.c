/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/combine: tables A and B in full, the cases C1 to C12 of the specification, and AWS's exact texts. */
#include "tests/unit/policy/cases.h"

#include "policy/combine.h"

#define ALICE "arn:aws:iam::111122223333:user/alice"
#define BOB "arn:aws:iam::444455556666:user/bob"
#define STAND "execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********3333:a1b2c3d4e5/prod/GET/pets"

/* A policy with this verdict on every request. */
static struct policy *policy_with(enum policy_kind kind, enum policy_verdict verdict)
{
	char text[256];

	snprintf(text, sizeof text, "{'Statement':{'Effect':'%s',%s'Action':'%s','Resource':'*'}}",
		verdict == POLICY_EXPLICIT_DENY ? "Deny" : "Allow",
		kind == POLICY_KIND_IDENTITY ? "" : "'Principal':'*',", verdict == POLICY_IMPLICIT_DENY ? "s3:*" : "*");
	return case_policy_of(kind, text);
}

static struct combine_decision decide(
	enum combine_auth auth, const char *caller, const struct policy *resource, enum policy_verdict caller_verdict)
{
	struct policy *caller_policy = policy_with(POLICY_KIND_IDENTITY, caller_verdict);
	const struct policy *callers[] = { caller_policy };
	struct combine_method_input input = { .auth = auth,
		.private_api = true,
		.resource_policy = resource,
		.caller_policies = callers,
		.caller_policy_count = 1 };
	struct combine_decision decision;
	struct policy_request request;

	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_int_equal(0, policy_caller_parse(&request.caller, policy_text_of(caller)));
	combine_method(&input, &request, &decision);
	policy_free(caller_policy);
	return decision;
}

static void tables_a_and_b_are_those_of_the_guide(void **state)
{
	/* Rows: caller Allow, silent, Deny; columns: resource Allow, silent, Deny. */
	static const enum policy_verdict verdicts[] = { POLICY_ALLOW, POLICY_IMPLICIT_DENY, POLICY_EXPLICIT_DENY };
	static const char a[3][4] = { "AAE", "AIE", "EEE" }, b[3][4] = { "AIE", "IIE", "EEE" };
	static const char letters[] = {
		[POLICY_IMPLICIT_DENY] = 'I', [POLICY_EXPLICIT_DENY] = 'E', [POLICY_ALLOW] = 'A'
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++) {
			struct policy *resource = policy_with(POLICY_KIND_API, verdicts[j]);

			assert_int_equal(
				a[i][j], letters[decide(COMBINE_AUTH_IAM, ALICE, resource, verdicts[i]).verdict]);
			assert_int_equal(
				b[i][j], letters[decide(COMBINE_AUTH_IAM, BOB, resource, verdicts[i]).verdict]);
			assert_int_equal(a[i][j],
				letters[decide(COMBINE_AUTH_CUSTOM, "anonymous", resource, verdicts[i]).verdict]);
			/* The caller's policy plays no part. */
			assert_int_equal(letters[verdicts[j]],
				letters[decide(COMBINE_AUTH_NONE, "anonymous", resource, verdicts[i]).verdict]);
			assert_int_equal(letters[verdicts[j]],
				letters[decide(COMBINE_AUTH_COGNITO, "anonymous", resource, verdicts[i]).verdict]);
			policy_free(resource);
		}
	}
}

static void several_caller_policies_deny_before_they_allow(void **state)
{
	struct policy *allow = policy_with(POLICY_KIND_IDENTITY, POLICY_ALLOW),
		      *deny = policy_with(POLICY_KIND_IDENTITY, POLICY_EXPLICIT_DENY),
		      *silent = policy_with(POLICY_KIND_IDENTITY, POLICY_IMPLICIT_DENY),
		      *resource = policy_with(POLICY_KIND_API, POLICY_IMPLICIT_DENY);
	const struct policy *callers[] = { silent, allow, allow, deny };
	struct combine_method_input input = { .auth = COMBINE_AUTH_IAM,
		.resource_policy = resource,
		.caller_policies = callers,
		.caller_policy_count = 3 };
	struct combine_decision decision;
	struct policy_request request;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_int_equal(0, policy_caller_parse(&request.caller, policy_text_of(ALICE)));
	combine_method(&input, &request, &decision);
	assert_int_equal(POLICY_ALLOW, decision.verdict);
	assert_int_equal(1, decision.policy);
	input.caller_policy_count = 4;
	combine_method(&input, &request, &decision);
	assert_int_equal(POLICY_EXPLICIT_DENY, decision.verdict);
	assert_int_equal(3, decision.policy);
	policy_free(allow);
	policy_free(deny);
	policy_free(silent);
	policy_free(resource);
}

static void an_explicit_deny_ends_before_the_authorizer_and_nothing_else_does(void **state)
{
	static const enum policy_verdict verdicts[] = { POLICY_ALLOW, POLICY_IMPLICIT_DENY, POLICY_EXPLICIT_DENY };
	struct combine_decision decision;
	struct policy_request request;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	for (int i = 0; i < 3; i++) {
		struct policy *resource = policy_with(POLICY_KIND_API, verdicts[i]);

		assert_int_equal(verdicts[i] == POLICY_EXPLICIT_DENY,
			combine_before_authorizer(resource, true, &request, &decision));
		policy_free(resource);
	}
	assert_true(combine_before_authorizer(NULL, true, &request, &decision));
	assert_int_equal(POLICY_IMPLICIT_DENY, decision.verdict);
	assert_false(combine_before_authorizer(NULL, false, &request, &decision));
}

static void without_a_resource_policy_a_private_api_is_closed_and_a_public_one_open(void **state)
{
	struct combine_method_input input = { .auth = COMBINE_AUTH_NONE, .private_api = true };
	struct combine_decision decision;
	struct policy_request request;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	combine_method(&input, &request, &decision);
	assert_int_equal(POLICY_IMPLICIT_DENY, decision.verdict);
	assert_int_equal(COMBINE_BY_RESOURCE, decision.by);
	input.private_api = false;
	combine_method(&input, &request, &decision);
	assert_int_equal(POLICY_ALLOW, decision.verdict);
	assert_int_equal(COMBINE_BY_NOBODY, decision.by);
	input.auth = COMBINE_AUTH_CUSTOM;
	combine_method(&input, &request, &decision);
	assert_int_equal(POLICY_IMPLICIT_DENY, decision.verdict);
	assert_int_equal(COMBINE_BY_AUTHORIZER, decision.by);
	input.auth = COMBINE_AUTH_IAM;
	input.private_api = true;
	combine_method(&input, &request, &decision);
	assert_int_equal(POLICY_IMPLICIT_DENY, decision.verdict);
}

static void endpoint_and_domain_policies_have_opposite_defaults(void **state)
{
	struct combine_decision decision;
	struct policy_request request;

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	combine_endpoint(NULL, &request, &decision);
	assert_int_equal(POLICY_ALLOW, decision.verdict);
	combine_domain(NULL, &request, &decision);
	assert_int_equal(POLICY_IMPLICIT_DENY, decision.verdict);
	assert_string_equal("domain", combine_by_name(decision.by));
}

/* ---- texts ---- */

static void expect_text(enum combine_by by, enum policy_verdict verdict, const char *caller, enum combine_style style,
	const char *wanted)
{
	struct combine_decision decision = { .verdict = verdict, .by = by };
	char text[COMBINE_DENIAL_MAX_BYTES], cut[8];
	struct policy_request request;

	policy_request_init(&request, policy_text_of(CASE_METHOD));
	assert_int_equal(0, policy_caller_parse(&request.caller, policy_text_of(caller)));
	assert_int_equal(strlen(wanted), combine_denial_write(&decision, &request, style, text, sizeof text));
	assert_string_equal(wanted, text);
	assert_int_equal(strlen(wanted), combine_denial_write(&decision, &request, style, cut, sizeof cut));
	assert_int_equal(7, strlen(cut));
}

static void denials_read_as_recorded(void **state)
{
	const enum combine_style now = COMBINE_STYLE_2025, classic = COMBINE_STYLE_CLASSIC;
	const enum policy_verdict silent = POLICY_IMPLICIT_DENY, deny = POLICY_EXPLICIT_DENY;

	(void)state;
	expect_text(COMBINE_BY_RESOURCE, silent, "anonymous", classic,
		"User: anonymous is not authorized to perform: " STAND);
	expect_text(COMBINE_BY_RESOURCE, deny, "anonymous", classic,
		"User: anonymous is not authorized to perform: " STAND " with an explicit deny");
	expect_text(COMBINE_BY_RESOURCE, silent, "anonymous", now,
		"User: anonymous is not authorized to perform: " STAND
		" because no resource-based policy allows the execute-api:Invoke action");
	expect_text(COMBINE_BY_RESOURCE, deny, "anonymous", now,
		"User: anonymous is not authorized to perform: " STAND
		" with an explicit deny in a resource-based policy");
	expect_text(COMBINE_BY_DOMAIN, deny, "arn:aws:sts::111122223333:assumed-role/r/s", now,
		"User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: " STAND
		" with an explicit deny in a resource-based policy");
	expect_text(COMBINE_BY_IDENTITY, silent, ALICE, now,
		"User: " ALICE " is not authorized to perform: " STAND
		" because no identity-based policy allows the execute-api:Invoke action");
	expect_text(COMBINE_BY_IDENTITY, deny, ALICE, now,
		"User: " ALICE " is not authorized to perform: " STAND
		" with an explicit deny in an identity-based policy");
	expect_text(COMBINE_BY_ENDPOINT, silent, "anonymous", now,
		"User: anonymous is not authorized to perform: " STAND
		" because no VPC endpoint policy allows the execute-api:Invoke action");
	expect_text(COMBINE_BY_ENDPOINT, deny, "anonymous", now,
		"User: anonymous is not authorized to perform: " STAND
		" with an explicit deny in a VPC endpoint policy");
	expect_text(COMBINE_BY_AUTHORIZER, silent, "anonymous", now, "User is not authorized to access this resource");
	expect_text(COMBINE_BY_AUTHORIZER, deny, "anonymous", now,
		"User is not authorized to access this resource with an explicit deny in an identity-based policy");
	expect_text(COMBINE_BY_AUTHORIZER, deny, "anonymous", classic,
		"User is not authorized to access this resource with an explicit deny");
}

static void the_real_capture_is_reproduced_byte_for_byte(void **state)
{
	static const char body[] = "{\"Message\":\"%s\"}";
	struct combine_decision decision = { .verdict = POLICY_IMPLICIT_DENY, .by = COMBINE_BY_RESOURCE };
	struct policy_request request;
	char text[512], whole[600];

	(void)state;
	policy_request_init(
		&request, policy_text_of("arn:aws:execute-api:us-west-2:123456787089:u1hp5d8r0b/api/GET/prod"));
	combine_denial_write(&decision, &request, COMBINE_STYLE_CLASSIC, text, sizeof text);
	assert_int_equal(158, snprintf(whole, sizeof whole, body, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_a_and_b_are_those_of_the_guide),
		cmocka_unit_test(several_caller_policies_deny_before_they_allow),
		cmocka_unit_test(an_explicit_deny_ends_before_the_authorizer_and_nothing_else_does),
		cmocka_unit_test(without_a_resource_policy_a_private_api_is_closed_and_a_public_one_open),
		cmocka_unit_test(endpoint_and_domain_policies_have_opposite_defaults),
		cmocka_unit_test(denials_read_as_recorded),
		cmocka_unit_test(the_real_capture_is_reproduced_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
