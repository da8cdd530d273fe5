/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/parse and its parts: each rule of rules.def is broken once, with the place that the error names; cut
 * and damaged documents never do more than fail.
 */
#include "tests/unit/policy/cases.h"

#include <errno.h>

#include "policy/json.h"

static int parse_as(enum policy_kind kind, bool stored, const char *text, struct policy_error *error)
{
	struct policy_options options = case_options(kind);
	char *quoted = case_quoted(text);
	size_t count = strlen(quoted);
	struct policy *policy = NULL;
	int err;

	options.stored = stored;
	err = policy_parse(&policy, at_page_end(quoted, count), count, &options, error);
	assert_true((err == 0) == (policy != NULL));
	policy_free(policy);
	free(quoted);
	return err;
}

#define STATEMENT(members) "{'Version':'2012-10-17','Statement':[{" members "}]}"
#define HEAD "'Effect':'Allow','Principal':'*','Action':'*'"
#define FULL HEAD ",'Resource':'*'"
#define IF(condition) STATEMENT(FULL ",'Condition':{" condition "}")

static const struct {
	const char *text;
	enum policy_rule rule;
	int statement;
	const char *member, *value;
} refused[] = {
	{ "", POLICY_RULE_SYNTAX, -1, "", "" },
	{ "[]", POLICY_RULE_WRONG_TYPE, -1, "", "" },
	{ "{} {}", POLICY_RULE_SYNTAX, -1, "", "" },
	{ "{'Statement':[],}", POLICY_RULE_SYNTAX, -1, "", "" },
	{ "{'Statement':[nul]}", POLICY_RULE_SYNTAX, -1, "", "" },
	{ "{'Statement':01}", POLICY_RULE_SYNTAX, -1, "", "" },
	{ "{'Statement':'\t'}", POLICY_RULE_SYNTAX, -1, "", "" },
	{ "{'Statement':'\\u0000'}", POLICY_RULE_TEXT_ENCODING, -1, "", "" },
	{ "{'Statement':'\\ud800x'}", POLICY_RULE_TEXT_ENCODING, -1, "", "" },
	{ "{'Statement':'\xc0\xaf'}", POLICY_RULE_TEXT_ENCODING, -1, "", "" },
	{ "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", POLICY_RULE_TOO_DEEP, -1, "", "" },
	{ "{'Statement':[],'Statemen\\u0074':[]}", POLICY_RULE_DUPLICATE_MEMBER, -1, "", "" },
	{ "{'Version':'2012-10-17'}", POLICY_RULE_MISSING_MEMBER, -1, "Statement", "" },
	{ "{'statement':[]}", POLICY_RULE_UNKNOWN_MEMBER, -1, "", "statement" },
	{ "{'Version':'2012-10-18','Statement':[]}", POLICY_RULE_BAD_VERSION, -1, "Version", "2012-10-18" },
	{ "{'Version':2012,'Statement':[]}", POLICY_RULE_WRONG_TYPE, -1, "Version", "2012" },
	{ "{'Id':7,'Statement':[]}", POLICY_RULE_WRONG_TYPE, -1, "Id", "7" },
	{ "{'Statement':[]}", POLICY_RULE_EMPTY_LIST, -1, "Statement", "" },
	{ "{'Statement':'x'}", POLICY_RULE_WRONG_TYPE, -1, "Statement", "x" },
	{ "{'Statement':['x']}", POLICY_RULE_WRONG_TYPE, 0, "Statement", "x" },
	{ STATEMENT(FULL "},{" FULL ",'Effekt':1"), POLICY_RULE_UNKNOWN_MEMBER, 1, "", "Effekt" },
	{ STATEMENT("'Effect':'allow','Principal':'*','Action':'*','Resource':'*'"), POLICY_RULE_BAD_EFFECT, 0,
		"Effect", "allow" },
	{ STATEMENT("'Principal':'*','Action':'*','Resource':'*'"), POLICY_RULE_MISSING_MEMBER, 0, "Effect", "" },
	{ STATEMENT("'Effect':'Allow','Action':'*','Resource':'*'"), POLICY_RULE_MISSING_MEMBER, 0, "Principal", "" },
	{ STATEMENT("'Effect':'Allow','Principal':'*','Resource':'*'"), POLICY_RULE_MISSING_MEMBER, 0, "Action", "" },
	{ STATEMENT(HEAD), POLICY_RULE_MISSING_MEMBER, 0, "Resource", "" },
	{ STATEMENT(FULL ",'NotAction':'*'"), POLICY_RULE_EXCLUSIVE_MEMBERS, 0, "NotAction", "*" },
	{ STATEMENT(FULL ",'NotPrincipal':'*'"), POLICY_RULE_EXCLUSIVE_MEMBERS, 0, "NotPrincipal", "*" },
	{ STATEMENT(HEAD ",'Resource':[]"), POLICY_RULE_EMPTY_LIST, 0, "Resource", "" },
	{ STATEMENT(HEAD ",'Resource':[[]]"), POLICY_RULE_WRONG_TYPE, 0, "Resource", "" },
	{ STATEMENT(HEAD ",'Resource':7"), POLICY_RULE_WRONG_TYPE, 0, "Resource", "7" },
	{ STATEMENT(HEAD ",'Resource':'pets'"), POLICY_RULE_BAD_RESOURCE, 0, "Resource", "pets" },
	{ STATEMENT(HEAD ",'Resource':'arn:aws:execute-*:us-east-1:1:x/*'"), POLICY_RULE_WILDCARD_SERVICE, 0,
		"Resource", "arn:aws:execute-*:us-east-1:1:x/*" },
	{ STATEMENT(HEAD ",'Resource':'arn:aws:execute-api:${aws:username}:1:x/*'"), POLICY_RULE_VARIABLE_PLACE, 0,
		"Resource", "arn:aws:execute-api:${aws:username}:1:x/*" },
	{ STATEMENT(HEAD ",'Resource':'execute-api:/${aws:username, x}'"), POLICY_RULE_BAD_VARIABLE, 0, "Resource",
		"execute-api:/${aws:username, x}" },
	{ STATEMENT(FULL ",'Sid':'a'},{" FULL ",'Sid':'b'},{" FULL ",'Sid':'a'"), POLICY_RULE_DUPLICATE_SID, 2, "Sid",
		"a" },
	{ STATEMENT("'Effect':'Allow','Principal':'me','Action':'*','Resource':'*'"), POLICY_RULE_BAD_PRINCIPAL, 0,
		"Principal", "me" },
	{ STATEMENT("'Effect':'Allow','Principal':['*'],'Action':'*','Resource':'*'"), POLICY_RULE_WRONG_TYPE, 0,
		"Principal", "" },
	{ STATEMENT("'Effect':'Allow','Principal':{},'Action':'*','Resource':'*'"), POLICY_RULE_EMPTY_LIST, 0,
		"Principal", "" },
	{ STATEMENT("'Effect':'Allow','Principal':{'aws':'*'},'Action':'*','Resource':'*'"), POLICY_RULE_UNKNOWN_MEMBER,
		0, "Principal", "aws" },
	{ STATEMENT("'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/"
		    "*'},'Action':'*','Resource':'*'"),
		POLICY_RULE_WILDCARD_PRINCIPAL, 0, "Principal", "arn:aws:iam::111122223333:user/*" },
	{ STATEMENT("'Effect':'Allow','Principal':{'AWS':'11112222333'},'Action':'*','Resource':'*'"),
		POLICY_RULE_BAD_PRINCIPAL, 0, "Principal", "11112222333" },
	{ STATEMENT("'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:group/"
		    "g'},'Action':'*','Resource':'*'"),
		POLICY_RULE_BAD_PRINCIPAL, 0, "Principal", "arn:aws:iam::111122223333:group/g" },
	{ STATEMENT("'Effect':'Allow','Principal':'*','Action':'Invoke','Resource':'*'"), POLICY_RULE_BAD_ACTION, 0,
		"Action", "Invoke" },
	{ STATEMENT("'Effect':'Allow','Principal':'*','Action':['*','execute-*:Invoke'],'Resource':'*'"),
		POLICY_RULE_BAD_ACTION, 0, "Action", "execute-*:Invoke" },
	{ IF("'StringEqual':{}"), POLICY_RULE_UNKNOWN_OPERATOR, 0, "Condition.StringEqual", "StringEqual" },
	{ IF("'NullIfExists':{'a':'true'}"), POLICY_RULE_UNKNOWN_OPERATOR, 0, "Condition.NullIfExists",
		"NullIfExists" },
	{ IF("'Bool':{'a':'true'},'bool':{'b':'true'}"), POLICY_RULE_DUPLICATE_OPERATOR, 0, "Condition.bool", "bool" },
	{ IF("'Bool':{'aws:a':'true','AWS:a':'true'}"), POLICY_RULE_DUPLICATE_KEY, 0, "Condition.Bool.AWS:a", "AWS:a" },
	{ IF("'Bool':{'':'true'}"), POLICY_RULE_BAD_KEY, 0, "Condition.Bool.", "" },
	{ IF("'Bool':[]"), POLICY_RULE_WRONG_TYPE, 0, "Condition.Bool", "" },
	{ IF("'StringEquals':{'a':null}"), POLICY_RULE_WRONG_TYPE, 0, "Condition.StringEquals.a", "null" },
	{ IF("'StringEquals':{'a':['x',{}]}"), POLICY_RULE_WRONG_TYPE, 0, "Condition.StringEquals.a", "" },
	{ IF("'Bool':{'a':'yes'}"), POLICY_RULE_BAD_BOOLEAN, 0, "Condition.Bool.a", "yes" },
	{ IF("'Null':{'a':'maybe'}"), POLICY_RULE_BAD_BOOLEAN, 0, "Condition.Null.a", "maybe" },
	{ IF("'NumericEquals':{'a':'x'}"), POLICY_RULE_BAD_NUMBER, 0, "Condition.NumericEquals.a", "x" },
	{ IF("'DateLessThan':{'aws:CurrentTime':['2026-01-01','2026-02-30']}"), POLICY_RULE_BAD_DATE, 0,
		"Condition.DateLessThan.aws:CurrentTime", "2026-02-30" },
	{ IF("'BinaryEquals':{'a':'x'}"), POLICY_RULE_BAD_BINARY, 0, "Condition.BinaryEquals.a", "x" },
	{ IF("'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/33'}"), POLICY_RULE_BAD_CIDR, 0,
		"Condition.IpAddress.aws:VpcSourceIp", "10.0.0.0/33" },
	{ IF("'StringLike':{'a':'${}'}"), POLICY_RULE_BAD_VARIABLE, 0, "Condition.StringLike.a", "${}" },
};

static void every_broken_rule_is_named_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct policy_error error;

		if (parse_as(POLICY_KIND_API, false, refused[i].text, &error) != -EINVAL)
			fail_msg("accepted: %s", refused[i].text);
		if (error.rule != refused[i].rule || error.statement != refused[i].statement ||
			strcmp(error.member, refused[i].member) != 0 || strcmp(error.value, refused[i].value) != 0)
			fail_msg("%s in statement %d, member '%s', value '%s': %s", policy_rule_name(error.rule),
				error.statement, error.member, error.value, refused[i].text);
	}
}

static void kinds_differ_in_principal_id_and_shorthand(void **state)
{
	static const char identity[] = STATEMENT("'Effect':'Allow','Action':'*','Resource':'*'");
	static const char shorthand[] = STATEMENT(HEAD ",'Resource':'execute-api:/*'");
	static const char deep_shorthand[] = STATEMENT(HEAD ",'Resource':'execute-api:/prod/*'");
	struct policy_error error;

	(void)state;
	assert_int_equal(0, parse_as(POLICY_KIND_IDENTITY, false, identity, &error));
	assert_int_equal(-EINVAL, parse_as(POLICY_KIND_IDENTITY, false, STATEMENT(FULL), &error));
	assert_int_equal(POLICY_RULE_PRINCIPAL_NOT_ALLOWED, error.rule);
	assert_int_equal(
		-EINVAL, parse_as(POLICY_KIND_IDENTITY, false,
				 "{'Id':'x','Statement':{'Effect':'Allow','Action':'*','Resource':'*'}}", &error));
	assert_int_equal(POLICY_RULE_ID_NOT_ALLOWED, error.rule);
	assert_int_equal(0, parse_as(POLICY_KIND_API, false, deep_shorthand, &error));
	assert_int_equal(0, parse_as(POLICY_KIND_DOMAIN, false, shorthand, &error));
	assert_int_equal(-EINVAL, parse_as(POLICY_KIND_DOMAIN, false, deep_shorthand, &error));
	assert_int_equal(-EINVAL, parse_as(POLICY_KIND_ENDPOINT, false, shorthand, &error));
	assert_int_equal(POLICY_RULE_SHORTHAND_NOT_ALLOWED, error.rule);
}

static void a_stored_policy_may_break_rules_of_saving_and_the_value_matches_nothing(void **state)
{
	struct policy_options options = { .stored = true };
	struct policy_request request;
	struct policy *policy;
	char *text = case_quoted(
		STATEMENT("'Effect':'Deny','Principal':{'AWS':['bad','111122223333:*']},'Action':'*',"
			  "'Resource':['pets','*']},{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*',"
			  "'Condition':{'IpAddress':{'aws:VpcSourceIp':['10.0.0.0/33','10.9.0.0/16']}}},{" FULL));

	(void)state;
	assert_int_equal(0, policy_parse(&policy, text, strlen(text), &options, NULL));
	policy_request_init(&request, policy_text_of(CASE_METHOD));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.1.2.3"));
	assert_int_equal(POLICY_ALLOW, case_verdict(policy, &request));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.9.2.3"));
	assert_int_equal(POLICY_EXPLICIT_DENY, case_verdict(policy, &request));
	policy_free(policy);
	free(text);
}

static void the_quota_counts_the_normalised_text(void **state)
{
	struct policy_options options = case_options(POLICY_KIND_API);
	char *text = case_quoted(
		"{'Statement':  {'Effect':'Allow','Principal':'*','Action':['*'],'Resource':'execute-api:/*'}}");
	struct policy_error error;
	struct policy *policy;
	size_t count;
	char *normal;

	(void)state;
	assert_int_equal(0, policy_normalise(&normal, &count, text, strlen(text), &options, NULL));
	options.max_bytes = count;
	assert_int_equal(0, policy_parse(&policy, text, strlen(text), &options, &error));
	policy_free(policy);
	options.max_bytes = count - 1;
	assert_int_equal(-EINVAL, policy_parse(&policy, text, strlen(text), &options, &error));
	assert_int_equal(POLICY_RULE_TOO_LARGE, error.rule);
	options.stored = true;
	assert_int_equal(0, policy_parse(&policy, text, strlen(text), &options, &error));
	policy_free(policy);
	free(normal);
	free(text);
}

static void errors_name_line_and_column(void **state)
{
	static const char text[] = "{\n  \"Statement\": [\n    { \"Effect\": \"Maybe\" }\n  ]\n}";
	struct policy_options options = { .kind = POLICY_KIND_ENDPOINT };
	struct policy_error error;
	struct policy *policy;
	char line[256];

	(void)state;
	assert_int_equal(-EINVAL, policy_parse(&policy, text, sizeof text - 1, &options, &error));
	assert_int_equal(3, error.line);
	assert_int_equal(17, error.column);
	policy_error_write(&error, line, sizeof line);
	assert_string_equal(
		"statement 0, Effect: bad_effect: Effect is Allow or Deny ('Maybe', line 3, column 17)", line);
	assert_int_equal(-EINVAL, policy_parse(&policy, "{\n ]", 4, &options, &error));
	policy_error_endpoint_message(&error, line, sizeof line);
	assert_string_equal("The Policy Document is not valid. Syntax error at position (2,2)", line);
	assert_true(policy_error_write(&error, NULL, 0) > 0);
}

#define RICH                                                                                                           \
	"{'Version':'2012-10-17','Id':'\\u00e9\\ud83d\\ude00\\n','Statement':[{'Sid':'a','Effect':'Deny','"            \
	"NotPrincipal':{'AWS':"                                                                                        \
	"['111122223333'],'Service':'x.amazonaws.com'},'NotAction':'execute-api:M*','NotResource':['execute-api:/a/"   \
	"*','*'],"                                                                                                     \
	"'Condition':{'IpAddress':{'aws:VpcSourceIp':['10.0.0.0/8','::1']},'ForAnyValue:StringLikeIfExists':{'aws:x':" \
	"['a*','${aws:username}',-1.5e3,true]},'DateLessThan':{'aws:CurrentTime':1767225600},'Null':{'aws:y':false}}}" \
	"]}"

static void a_document_cut_or_damaged_anywhere_is_refused_or_read_and_never_more(void **state)
{
	struct policy_options options = case_options(POLICY_KIND_API);
	char *text = case_quoted(RICH);
	size_t count = strlen(text);
	struct policy *policy;

	(void)state;
	assert_int_equal(0, policy_parse(&policy, text, count, &options, NULL));
	policy_free(policy);
	for (size_t cut = 0; cut < count; cut++)
		assert_int_equal(-EINVAL, policy_parse(&policy, at_page_end(text, cut), cut, &options, NULL));
	for (size_t at = 0; at < count; at++) {
		static const char bytes[] = { '"', '\\', '{', '}', '[', ']', ',', ':', '\0', '\x80', '\xff', '$', '*',
			'x' };
		char kept = text[at];

		for (size_t i = 0; i < sizeof bytes; i++) {
			text[at] = bytes[i];
			if (policy_parse(&policy, text, count, &options, NULL) == 0)
				policy_free(policy);
		}
		text[at] = kept;
	}
	free(text);
}

static void an_object_with_too_many_members_and_an_overlong_text_are_refused(void **state)
{
	struct policy_options options = { 0 };
	struct policy_error error;
	struct policy *policy;
	char *text = NULL;
	size_t count;
	FILE *stream = open_memstream(&text, &count);

	(void)state;
	fputc('{', stream);
	for (int i = 0; i <= POLICY_JSON_MEMBERS_MAX; i++)
		fprintf(stream, "%s\"%d\":0", i ? "," : "", i);
	fputc('}', stream);
	fclose(stream);
	assert_int_equal(-EINVAL, policy_parse(&policy, text, count, &options, &error));
	assert_int_equal(POLICY_RULE_INPUT_TOO_LARGE, error.rule);
	assert_true(error.column > 1000);
	free(text);
	text = calloc(1, POLICY_TEXT_MAX_BYTES + 1);
	assert_int_equal(-EINVAL, policy_parse(&policy, text, POLICY_TEXT_MAX_BYTES + 1, &options, &error));
	assert_int_equal(POLICY_RULE_INPUT_TOO_LARGE, error.rule);
	free(text);
}

static int collect(void *context, size_t statement, struct policy_text arn)
{
	char *line = context;

	sprintf(line + strlen(line), "%zu %.*s\n", statement, (int)arn.count, arn.bytes);
	return arn.bytes[arn.count - 1] == 'z';
}

static void principals_are_visited_for_the_owner_of_the_directory(void **state)
{
	struct policy *policy =
		case_policy(STATEMENT("'Effect':'Allow','Principal':{'AWS':['*','111122223333','arn:aws:iam::"
				      "111122223333:role/p/dev'],'Service':'s'},"
				      "'Action':'*','Resource':'*'},{" FULL
				      "},{'Effect':'Deny','NotPrincipal':{'AWS':'arn:aws:iam::111122223333:user/z'},"
				      "'Action':'*','Resource':'*'"));
	char lines[512] = "";

	(void)state;
	assert_int_equal(1, policy_visit_principals(policy, collect, lines));
	assert_string_equal("0 arn:aws:iam::111122223333:root\n0 arn:aws:iam::111122223333:role/p/dev\n"
			    "2 arn:aws:iam::111122223333:user/z\n",
		lines);
	policy_free(policy);
}

static void a_fingerprint_tells_documents_apart_and_is_the_same_each_time(void **state)
{
	struct policy *a = case_policy(STATEMENT(FULL)), *again = case_policy(STATEMENT(FULL)),
		      *b = case_policy(STATEMENT(FULL ",'Sid':'b'"));

	(void)state;
	assert_int_equal(policy_fingerprint(a), policy_fingerprint(again));
	assert_int_not_equal(policy_fingerprint(a), policy_fingerprint(b));
	assert_int_not_equal(0, policy_fingerprint(a));
	policy_free(a);
	policy_free(again);
	policy_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_broken_rule_is_named_with_its_place),
		cmocka_unit_test(kinds_differ_in_principal_id_and_shorthand),
		cmocka_unit_test(a_stored_policy_may_break_rules_of_saving_and_the_value_matches_nothing),
		cmocka_unit_test(the_quota_counts_the_normalised_text),
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(a_document_cut_or_damaged_anywhere_is_refused_or_read_and_never_more),
		cmocka_unit_test(an_object_with_too_many_members_and_an_overlong_text_are_refused),
		cmocka_unit_test(principals_are_visited_for_the_owner_of_the_directory),
		cmocka_unit_test(a_fingerprint_tells_documents_apart_and_is_the_same_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
