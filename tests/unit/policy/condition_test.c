/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/condition: every operator's truth table, absent keys, bad values, lists and sets. */
#include "tests/unit/policy/cases.h"

/* One operator: the policy's value, a request value that fulfils the plain relation and one that does not. */
static const struct {
	const char *name, *key, *wanted, *inside, *outside;
	bool negated;
} operators[] = {
	{ "StringEquals", "k", "a*b", "a*b", "aXb", false },
	{ "StringNotEquals", "k", "a*b", "a*b", "aXb", true },
	{ "StringEquals", "k", "Ab", "Ab", "ab", false },
	{ "StringEqualsIgnoreCase", "k", "Ab", "aB", "abc", false },
	{ "StringNotEqualsIgnoreCase", "k", "Ab", "aB", "abc", true },
	{ "StringLike", "k", "a*b?", "aXXbc", "aXXb", false },
	{ "StringNotLike", "k", "a*b?", "aXXbc", "aXXb", true },
	{ "StringLike", "k", "A*", "Ab", "ab", false },
	{ "NumericEquals", "k", "5.0", "5", "5.01", false },
	{ "NumericNotEquals", "k", "5.0", "5", "5.01", true },
	{ "NumericLessThan", "k", "5", "4.99", "5", false },
	{ "NumericLessThanEquals", "k", "5", "5", "5.01", false },
	{ "NumericGreaterThan", "k", "-5", "-4", "-5", false },
	{ "NumericGreaterThanEquals", "k", "-5", "-5", "-6", false },
	{ "NumericLessThan", "aws:EpochTime", "1767225600", "1767225599", "1767225600", false },
	{ "DateEquals", "aws:CurrentTime", "1767225600", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", false },
	{ "DateNotEquals", "aws:CurrentTime", "2026-01-01", "1767225600", "2026-01-01T00:00:01Z", true },
	{ "DateLessThan", "aws:CurrentTime", "2026-02-01T00:00:00Z", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z",
		false },
	{ "DateLessThanEquals", "k", "2026-02-01", "2026-02-01T00:00:00Z", "2026-02-01T00:00:01Z", false },
	{ "DateGreaterThan", "k", "2026-02-01", "2026-02-01T00:00:01Z", "2026-02-01T00:00:00Z", false },
	{ "DateGreaterThanEquals", "k", "2026-02-01", "2026-02-01T00:00:00Z", "2026-01-31", false },
	{ "Bool", "k", "True", "tRUE", "false", false },
	{ "Bool", "k", "false", "false", "true", false },
	{ "BinaryEquals", "k", "aGVsbG8=", "hello", "aGVsbG8", false },
	{ "IpAddress", "aws:VpcSourceIp", "10.1.0.9/16", "10.1.255.255", "10.2.0.0", false },
	{ "NotIpAddress", "aws:SourceIp", "10.1.0.9/16", "10.1.255.255", "10.2.0.0", true },
	{ "IpAddress", "k", "2001:db8::/32", "2001:db8::17", "10.0.0.1", false },
	{ "NotIpAddress", "aws:VpcSourceIp", "0.0.0.0/0", "10.0.0.1", "2001:db8::1", true },
	{ "IpAddress", "k", "10.0.0.1", "10.0.0.1", "10.0.0.2", false },
	{ "ArnEquals", "k", "arn:aws:*:*:1?:a/*", "arn:aws:s3::12:a/b/c:d", "arn:aws:s3::123:a/b", false },
	{ "ArnLike", "k", "arn:*:x::1:*", "arn:aws:x::1:", "arn:aws:X::1:y", false },
	{ "ArnNotEquals", "k", "arn:aws:*:*:1:a", "arn:aws:s3::1:a", "arn:aws:s3::1:b", true },
	{ "ArnNotLike", "k", "arn:aws:s3:::*", "arn:aws:s3:::b", "arn:aws:s3:x::b", true },
	{ "ArnLike", "k", "arn:aws:s3:*", "", "arn:aws:s3:::b", false },
};

static bool holds(const char *name, const char *key, const char *wanted, const char *value)
{
	char text[512];

	snprintf(text, sizeof text, "{'%s':{'%s':%s}}", name, key, wanted);
	return case_holds(text, key, value);
}

static void every_operator_has_its_truth_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		char if_exists[64], wanted[128];
		const char *key = operators[i].key;
		bool negated = operators[i].negated;

		snprintf(wanted, sizeof wanted, "'%s'", operators[i].wanted);
		snprintf(if_exists, sizeof if_exists, "%sIfExists", operators[i].name);
		if (*operators[i].inside && holds(operators[i].name, key, wanted, operators[i].inside) == negated)
			fail_msg("%s %s on %s", operators[i].name, wanted, operators[i].inside);
		if (holds(operators[i].name, key, wanted, operators[i].outside) != negated)
			fail_msg("%s %s on %s", operators[i].name, wanted, operators[i].outside);
		/* An absent key: false, or true where negated, always true with IfExists. */
		assert_int_equal(negated, holds(operators[i].name, key, wanted, NULL));
		assert_true(holds(if_exists, key, wanted, NULL));
		/* IfExists changes nothing for a key that is there. */
		assert_int_equal(negated, holds(if_exists, key, wanted, operators[i].outside));
		/* An empty list never matches. */
		assert_int_equal(negated, holds(operators[i].name, key, "[]", operators[i].inside));
	}
}

static void values_are_alternatives_and_a_negated_list_means_none_of_them(void **state)
{
	(void)state;
	assert_true(holds("StringEquals", "k", "['a','b']", "b"));
	assert_false(holds("StringEquals", "k", "['a','b']", "c"));
	assert_false(holds("StringNotEquals", "k", "['a','b']", "b"));
	assert_true(holds("StringNotEquals", "k", "['a','b']", "c"));
	assert_true(holds("NumericLessThan", "k", "[5,10]", "7"));
	assert_true(holds("IpAddress", "k", "['10.0.0.0/8','2001:db8::/32']", "2001:db8::1"));
}

static void an_unreadable_request_value_is_not_a_match(void **state)
{
	(void)state;
	assert_false(holds("NumericLessThan", "k", "5", "few"));
	assert_true(holds("NumericNotEquals", "k", "5", "few"));
	assert_false(holds("DateLessThan", "aws:CurrentTime", "'2026-01-01'", "soon"));
	assert_true(holds("DateNotEquals", "aws:CurrentTime", "'2026-01-01'", "soon"));
	assert_false(holds("IpAddress", "aws:VpcSourceIp", "'0.0.0.0/0'", "here"));
	assert_true(holds("NotIpAddress", "aws:VpcSourceIp", "'0.0.0.0/0'", "here"));
	assert_false(holds("Bool", "k", "'true'", "yes"));
	assert_false(holds("ArnLike", "k", "'*:*:*:*:*:*'", "a:b"));
}

static void null_asks_for_presence_only(void **state)
{
	(void)state;
	assert_true(holds("Null", "aws:SourceVpce", "'true'", NULL));
	assert_false(holds("Null", "aws:SourceVpce", "'true'", "x"));
	assert_false(holds("Null", "aws:SourceVpce", "false", NULL));
	assert_true(holds("Null", "aws:SourceVpce", "false", ""));
	assert_true(holds("Null", "k", "['true','false']", NULL));
	assert_true(holds("Null", "k", "['true','false']", "x"));
}

static void names_of_keys_and_operators_ignore_case(void **state)
{
	(void)state;
	assert_true(case_holds("{'stringequals':{'AWS:sourceVPCE':'x'}}", "aws:SourceVpce", "x"));
	assert_true(case_holds("{'StringEquals':{'aws:principaltag/TEAM':'x'}}", "aws:PrincipalTag/team", "x"));
	assert_true(case_holds("{'foranyvalue:stringlikeifexists':{'k':'x*'}}", "k", "xy"));
}

static void operators_and_keys_are_anded(void **state)
{
	(void)state;
	assert_true(case_holds("{'StringLike':{'k':'a*'},'StringNotEquals':{'k':'ab'}}", "k", "ac"));
	assert_false(case_holds("{'StringLike':{'k':'a*'},'StringNotEquals':{'k':'ab'}}", "k", "ab"));
	assert_false(case_holds("{'StringEquals':{'k':'a','other':'b'}}", "k", "a"));
	assert_true(case_holds("{}", "k", "a"));
	assert_true(case_holds("{'StringEquals':{}}", "k", "a"));
}

/* ---- sets ---- */

/* Does the condition hold with `values` (NULL-terminated) as a list under the key "k"? */
static bool holds_list(const char *condition, const char *const *values)
{
	struct policy *policy = case_condition("Allow", condition);
	struct policy_text list[8] = { { 0 } };
	struct policy_named_value other = { .name = policy_text_of("k"), .value.list = list };
	struct policy_request request;
	enum policy_verdict verdict;

	while (values[other.value.list_count]) {
		list[other.value.list_count] = policy_text_of(values[other.value.list_count]);
		other.value.list_count++;
	}
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	request.others = &other;
	request.other_count = 1;
	verdict = case_verdict(policy, &request);
	policy_free(policy);
	return verdict == POLICY_ALLOW;
}

static void sets_quantify_over_the_request_s_values(void **state)
{
	static const char *const none[] = { NULL }, *const ab[] = { "a", "b", NULL }, *const ac[] = { "a", "c", NULL },
				 *const cd[] = { "c", "d", NULL };
	static const struct {
		const char *condition;
		bool none, ab, ac, cd, absent;
	} sets[] = {
		{ "{'ForAllValues:StringEquals':{'k':['a','b']}}", true, true, false, false, true },
		{ "{'ForAnyValue:StringEquals':{'k':['a','b']}}", false, true, true, false, false },
		{ "{'ForAnyValue:StringEqualsIfExists':{'k':['a','b']}}", true, true, true, false, true },
		{ "{'ForAllValues:StringEqualsIfExists':{'k':['a','b']}}", true, true, false, false, true },
		{ "{'ForAllValues:StringNotEquals':{'k':['a','b']}}", true, false, false, true, true },
		{ "{'ForAnyValue:StringNotEquals':{'k':['a','b']}}", false, false, true, true, false },
		{ "{'ForAllValues:StringNotLike':{'k':'*'}}", true, false, false, false, true },
		/* Without a set operator an array-valued key fulfils nothing, negated or not. */
		{ "{'StringEquals':{'k':['a','b']}}", false, false, false, false, false },
		{ "{'StringNotEquals':{'k':['a','b']}}", false, false, false, false, true },
		{ "{'StringNotEqualsIfExists':{'k':['a','b']}}", false, false, false, false, true },
		{ "{'Null':{'k':'false'}}", true, true, true, true, false },
		{ "{'Null':{'k':'true'}}", false, false, false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		if (holds_list(sets[i].condition, none) != sets[i].none ||
			holds_list(sets[i].condition, ab) != sets[i].ab ||
			holds_list(sets[i].condition, ac) != sets[i].ac ||
			holds_list(sets[i].condition, cd) != sets[i].cd ||
			case_holds(sets[i].condition, "k", NULL) != sets[i].absent)
			fail_msg("%s", sets[i].condition);
	}
	/* A single value counts as a list of one. */
	assert_true(case_holds("{'ForAllValues:StringEquals':{'k':'a'}}", "k", "a"));
	assert_false(case_holds("{'ForAnyValue:StringEquals':{'k':'a'}}", "k", "b"));
	assert_true(case_holds(
		"{'ForAnyValue:IpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}}", "aws:VpcSourceIp", "10.1.1.1"));
}

/* ---- variables ---- */

static bool holds_with_user(const char *version, const char *condition, const char *value)
{
	char text[1024];
	struct policy_named_value other = { .name = policy_text_of("k"), .value.text = policy_text_of(value) };
	struct policy_request request;
	struct policy *policy;
	enum policy_verdict verdict;

	snprintf(text, sizeof text,
		"{'Version':'%s','Statement':{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':"
		"%s}}",
		version, condition);
	policy = case_policy(text);
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	policy_request_set(&request, POLICY_KEY_USER_NAME, policy_text_of("alice"));
	request.others = &other;
	request.other_count = 1;
	verdict = case_verdict(policy, &request);
	policy_free(policy);
	return verdict == POLICY_ALLOW;
}

static void variables_stand_in_texts_arns_and_booleans_of_version_2012(void **state)
{
	static const char now[] = "2012-10-17", old[] = "2008-10-17";

	(void)state;
	assert_true(holds_with_user(now, "{'StringEquals':{'k':'x-${aws:username}'}}", "x-alice"));
	assert_false(holds_with_user(old, "{'StringEquals':{'k':'x-${aws:username}'}}", "x-alice"));
	assert_true(holds_with_user(old, "{'StringEquals':{'k':'x-${aws:username}'}}", "x-${aws:username}"));
	assert_true(holds_with_user(now, "{'StringEqualsIgnoreCase':{'k':'${aws:username}'}}", "ALICE"));
	assert_true(holds_with_user(
		now, "{'ArnLike':{'k':'arn:aws:iam::1:user/${aws:username}'}}", "arn:aws:iam::1:user/alice"));
	assert_true(holds_with_user(now, "{'ArnLike':{'k':'arn:aws:${aws:username}::1:x'}}", "arn:aws:alice::1:x"));
	assert_true(holds_with_user(now, "{'Bool':{'k':'${aws:MultiFactorAuthPresent, \\u0027true\\u0027}'}}", "true"));
	/* What a variable brings in has to be a boolean too. */
	assert_false(holds_with_user(now, "{'Bool':{'k':'${aws:username}'}}", "alice"));
	/* Unresolved: never a match, so the negation holds. */
	assert_false(holds_with_user(now, "{'StringLike':{'k':'${aws:userid}*'}}", "x"));
	assert_true(holds_with_user(now, "{'StringNotLike':{'k':'${aws:userid}*'}}", "x"));
	/* An alternative without a variable still counts. */
	assert_true(holds_with_user(now, "{'StringLike':{'k':['${aws:userid}*','x']}}", "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operator_has_its_truth_table),
		cmocka_unit_test(values_are_alternatives_and_a_negated_list_means_none_of_them),
		cmocka_unit_test(an_unreadable_request_value_is_not_a_match),
		cmocka_unit_test(null_asks_for_presence_only),
		cmocka_unit_test(names_of_keys_and_operators_ignore_case),
		cmocka_unit_test(operators_and_keys_are_anded),
		cmocka_unit_test(sets_quantify_over_the_request_s_values),
		cmocka_unit_test(variables_stand_in_texts_arns_and_booleans_of_version_2012),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
