/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of policy/normalise: the text that is stored, as recorded from AWS, and that it stays the same. */
#include "tests/unit/policy/cases.h"

#include <errno.h>

static void expect(enum policy_kind kind, const char *owner, const char *text, const char *wanted)
{
	struct policy_options options = { .kind = kind, .owner_arn = policy_text_of(owner) };
	char *quoted = case_quoted(text), *wanted_quoted = case_quoted(wanted), *normal, *again;
	size_t count = strlen(quoted), normal_count;

	assert_int_equal(
		0, policy_normalise(&normal, &normal_count, at_page_end(quoted, count), count, &options, NULL));
	assert_string_equal(wanted_quoted, normal);
	assert_int_equal(strlen(normal), normal_count);
	assert_int_equal(0, policy_normalise(&again, NULL, normal, normal_count, &options, NULL));
	assert_string_equal(normal, again);
	free(quoted);
	free(wanted_quoted);
	free(normal);
	free(again);
}

static void the_recorded_case_is_reproduced(void **state)
{
	(void)state;
	expect(POLICY_KIND_API, "arn:aws:execute-api:us-east-1:000000000000:abcde12345",
		"{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Principal':'*','Action':'execute-api:Invoke',"
		"'Resource':['execute-api:/*']}]}",
		"{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Principal':'*','Action':'execute-api:Invoke',"
		"'Resource':'arn:aws:execute-api:us-east-1:000000000000:abcde12345/*'}]}");
}

static void lists_of_one_collapse_and_scalars_become_strings(void **state)
{
	(void)state;
	expect(POLICY_KIND_API, CASE_API,
		" { 'Statement' : { 'NotPrincipal':{'AWS':['111122223333']}, 'Effect':'Deny',\n\t'NotAction':[ "
		"'execute-api:M*' ],"
		"'NotResource':['execute-api:/a','execute-api:/b'],'Condition':{'Bool':{'aws:SecureTransport':[false]},"
		"'NumericEquals':{'a':[5,'6.0'],'b':7},'StringEquals':{'c':[]}}}}",
		"{'Statement':{'NotPrincipal':{'AWS':'111122223333'},'Effect':'Deny','NotAction':'execute-api:M*',"
		"'NotResource':['" CASE_API "/a','" CASE_API "/b'],'Condition':{'Bool':{'aws:SecureTransport':'false'},"
		"'NumericEquals':{'a':['5','6.0'],'b':'7'},'StringEquals':{'c':[]}}}}");
}

static void a_domain_s_shorthand_is_its_own_arn(void **state)
{
	(void)state;
	expect(POLICY_KIND_DOMAIN, "arn:aws:execute-api:us-east-1:111122223333:/domainnames/api.pets.internal+abc123",
		"{'Statement':{'Effect':'Allow','Principal':'*','Action':'*','Resource':['execute-api:/*']}}",
		"{'Statement':{'Effect':'Allow','Principal':'*','Action':'*','Resource':"
		"'arn:aws:execute-api:us-east-1:111122223333:/domainnames/api.pets.internal+abc123'}}");
}

static void an_endpoint_policy_without_shorthand_keeps_its_words(void **state)
{
	(void)state;
	expect(POLICY_KIND_ENDPOINT, NULL,
		"{\n  'Statement': [\n    {'Action':'*','Effect':'Allow','Principal':'*','Resource':'*'}\n  ]\n}",
		"{'Statement':[{'Action':'*','Effect':'Allow','Principal':'*','Resource':'*'}]}");
}

static void strings_are_escaped_as_little_as_json_allows(void **state)
{
	(void)state;
	expect(POLICY_KIND_API, CASE_API,
		"{'Statement':{'Sid':'\\u0001\\u00e9\\/"
		"\\\\\\ud83d\\ude00\\n','Effect':'Allow','Principal':'*','Action':'*',"
		"'Resource':'*'}}",
		"{'Statement':{'Sid':'\\u0001é/"
		"\\\\😀\\n','Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}}");
}

static void what_is_refused_to_parse_is_refused_to_normalise(void **state)
{
	struct policy_options options = { 0 };
	struct policy_error error;
	char *normal = NULL;

	(void)state;
	assert_int_equal(-EINVAL, policy_normalise(&normal, NULL, "{}", 2, &options, &error));
	assert_null(normal);
	assert_int_equal(POLICY_RULE_MISSING_MEMBER, error.rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_recorded_case_is_reproduced),
		cmocka_unit_test(lists_of_one_collapse_and_scalars_become_strings),
		cmocka_unit_test(a_domain_s_shorthand_is_its_own_arn),
		cmocka_unit_test(an_endpoint_policy_without_shorthand_keeps_its_words),
		cmocka_unit_test(strings_are_escaped_as_little_as_json_allows),
		cmocka_unit_test(what_is_refused_to_parse_is_refused_to_normalise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
