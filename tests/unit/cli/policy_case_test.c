/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/policy_case: the vectors as the commands read them, and what is said of a case that makes no sense. */
#include "tests/unit/support.h"

#include "appliance/cli/policy_case.h"

static struct json *vectors_at(const char *path)
{
	struct json *vectors = NULL;
	size_t count;
	char *text = whole_file(path, &count);

	assert_int_equal(0, json_parse(view_from(text, count), NULL, &vectors, NULL));
	free(text);
	return vectors;
}

/* Returns how many cases the file has. */
static size_t run_all(const char *path)
{
	struct json *vectors JSON_CLEANUP = vectors_at(path);

	JSON_EACH(vector, vectors)
	{
		struct combine_decision decision;
		struct policy_case one;
		struct json *by;

		if (!policy_case_load(&one, vector, POLICY_CASE_API_ARN, true, POLICY_CASE_REQUEST))
			fail_msg("%s: %s", json_find_c_string(vector, "id"), one.error);
		policy_case_decide(&one, &decision);
		by = policy_case_by(&decision);
		if (strcmp(json_find_c_string(vector, "expect"), policy_verdict_name(decision.verdict)) != 0 ||
			!json_equals(by, json_find(vector, "by")))
			fail_msg("%s (%s): %s by %s %d", json_find_c_string(vector, "id"),
				json_find_c_string(vector, "note"), policy_verdict_name(decision.verdict),
				combine_by_name(decision.by), decision.statement);
		json_free(by);
		policy_case_fini(&one);
	}
	return json_count(vectors);
}

static void all_policy_vectors_have_their_verdict_and_by(void **state)
{
	(void)state;
	assert_int_equal(58, run_all("tests/vectors/policy-vectors.json"));
}

/* Written by hand, each from the section of spec/policy.md that its id begins with. */
static void all_policy_cases_have_their_verdict_and_by(void **state)
{
	(void)state;
	assert_in_range(run_all("tests/vectors/policy-cases.json"), 436, 9999);
}

static void all_filter_vectors_have_their_verdict(void **state)
{
	struct json *vectors JSON_CLEANUP = vectors_at("tests/vectors/filter-vectors.json");

	(void)state;
	assert_int_equal(22, json_count(vectors));
	JSON_EACH(vector, vectors)
	{
		struct policy_case one;
		bool drops;

		if (!policy_case_load(&one, vector, POLICY_CASE_API_ARN, true, POLICY_CASE_SOURCE))
			fail_msg("%s: %s", json_find_c_string(vector, "id"), one.error);
		drops = source_filter_point(&one.filter, &one.source, NULL) == SOURCE_FILTER_DROP;
		assert_string_equal(json_find_c_string(vector, "expect"), drops ? "DROP" : "PASS");
		policy_case_fini(&one);
	}
}

#define RESOURCE "\"resource\":\"" POLICY_CASE_API_ARN "/prod/GET/pets\""

static void a_case_that_makes_no_sense_says_why(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "[]", "an object is needed" },
		{ "{}", "request: an object with principal, action, resource and context is needed" },
		{ "{\"request\":{}}", "request: resource is needed: the invoke ARN" },
		{ "{\"request\":{" RESOURCE ",\"principal\":\"me\"}}",
			"request: principal is neither \"anonymous\" nor the ARN of a caller" },
		{ "{\"policy\":{},\"request\":{" RESOURCE "}}",
			"policy: Statement: missing_member: a required member is missing (line 1, column 1)" },
		{ "{\"identityPolicy\":\"{\\n]\",\"request\":{" RESOURCE "}}",
			"identityPolicy: syntax: not a JSON text (RFC 8259) (line 2, column 1)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json *object JSON_CLEANUP = NULL;
		struct policy_case one;

		assert_int_equal(0, json_parse(view_from_text(cases[i].text), NULL, &object, NULL));
		assert_false(policy_case_load(&one, object, POLICY_CASE_API_ARN, false, POLICY_CASE_REQUEST));
		assert_string_equal(cases[i].error, one.error);
		policy_case_fini(&one);
	}
}

static void context_values_may_be_scalars_and_lists_and_a_session_brings_its_role(void **state)
{
	static const char text[] =
		"{\"policy\":{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:"
		"role/p/dev\"},"
		"\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:MultiFactorAuthPresent\":true},"
		"\"NumericEquals\":{\"aws:MultiFactorAuthAge\":300},\"ForAnyValue:StringEquals\":{\"x:y\":\"b\"}}}},"
		"\"identityPolicy\":{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}},"
		"\"request\":{\"principal\":\"arn:aws:sts::444455556666:assumed-role/dev/s\"," RESOURCE ",\"context\":{"
		"\"aws:PrincipalArn\":\"arn:aws:iam::444455556666:role/p/dev\",\"aws:MultiFactorAuthPresent\":true,"
		"\"aws:MultiFactorAuthAge\":300,\"X:Y\":[\"a\",\"b\"]}}}";
	struct json *object JSON_CLEANUP = NULL;
	struct combine_decision decision;
	struct policy_case one;

	(void)state;
	assert_int_equal(0, json_parse(view_from_text(text), NULL, &object, NULL));
	if (!policy_case_load(&one, object, POLICY_CASE_API_ARN, false, POLICY_CASE_REQUEST))
		fail_msg("%s", one.error);
	policy_case_decide(&one, &decision);
	assert_int_equal(POLICY_ALLOW, decision.verdict);
	policy_case_fini(&one);
}

/* ---- custom domains ---- */

#define DOMAIN_ARN "arn:aws:execute-api:us-east-1:111122223333:/domainnames/a.internal+b2c3d4e5f6"
#define ALLOW(resource)                                                                                                \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","        \
	"\"Resource\":\"" resource "\"}}"
#define BY_DOMAIN(members)                                                                                             \
	"{\"policy\":" ALLOW("execute-api:/*") ",\"domainArn\":\"" DOMAIN_ARN "\"," members                            \
					       "\"request\":{\"resource\":\"" POLICY_CASE_API_ARN                      \
					       "/prod/GET/pets\",\"context\":{\"aws:SourceVpce\":\"vpce-0a1\"}}}"

/* Endpoint policy for the domain, domain policy, endpoint policy for the API, resource policy: each has to allow. */
static void a_call_by_a_domain_needs_all_policies(void **state)
{
	static const struct {
		const char *text;
		enum policy_verdict verdict;
		enum combine_by by;
	} cases[] = {
		{ BY_DOMAIN("\"domainPolicy\":" ALLOW("execute-api:/*") ","), POLICY_ALLOW, COMBINE_BY_RESOURCE },
		{ BY_DOMAIN(""), POLICY_IMPLICIT_DENY, COMBINE_BY_DOMAIN },
		{ BY_DOMAIN(
			  "\"domainPolicy\":" ALLOW("arn:aws:execute-api:us-east-1:111122223333:/domainnames/c*") ","),
			POLICY_IMPLICIT_DENY, COMBINE_BY_DOMAIN },
		{ BY_DOMAIN(
			  "\"domainPolicy\":" ALLOW("*") ",\"vpcEndpointPolicy\":" ALLOW(POLICY_CASE_API_ARN "/*") ","),
			POLICY_IMPLICIT_DENY, COMBINE_BY_ENDPOINT },
		{ BY_DOMAIN("\"domainPolicy\":" ALLOW("*") ",\"vpcEndpointPolicy\":" ALLOW(DOMAIN_ARN) ","),
			POLICY_IMPLICIT_DENY, COMBINE_BY_ENDPOINT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json *object JSON_CLEANUP = NULL;
		struct combine_decision decision;
		struct policy_case one;

		assert_int_equal(0, json_parse(view_from_text(cases[i].text), NULL, &object, NULL));
		if (!policy_case_load(&one, object, POLICY_CASE_API_ARN, true, POLICY_CASE_REQUEST))
			fail_msg("%zu: %s", i, one.error);
		policy_case_decide(&one, &decision);
		assert_int_equal(cases[i].verdict, decision.verdict);
		assert_int_equal(cases[i].by, decision.by);
		policy_case_fini(&one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_policy_vectors_have_their_verdict_and_by),
		cmocka_unit_test(all_policy_cases_have_their_verdict_and_by),
		cmocka_unit_test(all_filter_vectors_have_their_verdict),
		cmocka_unit_test(a_case_that_makes_no_sense_says_why),
		cmocka_unit_test(a_call_by_a_domain_needs_all_policies),
		cmocka_unit_test(context_values_may_be_scalars_and_lists_and_a_session_brings_its_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
