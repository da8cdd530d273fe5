/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/lint: each finding in a policy that has it and not in one that nearly has; then random policies (fixed
 * seed), in which a statement that is said to never matter may go without any request noticing.
 */
#include "tests/unit/policy/cases.h"

#include "policy/lint.h"

#define FINDINGS_MAX 64

struct findings {
	struct lint_finding list[FINDINGS_MAX];
	size_t count;
};

static void keep(void *context, const struct lint_finding *finding)
{
	struct findings *findings = context;

	assert_true(findings->count < FINDINGS_MAX);
	findings->list[findings->count++] = *finding;
}

static void lint_with(struct findings *findings, const char *text, const struct lint_options *options)
{
	char *quoted = case_quoted(text);
	size_t count = strlen(quoted);

	findings->count = 0;
	assert_int_equal(0, lint_policy(at_page_end(quoted, count), count, options, keep, findings));
	free(quoted);
}

static const struct lint_finding *find(const struct findings *findings, const char *code)
{
	for (size_t i = 0; i < findings->count; i++)
		if (strcmp(lint_row(findings->list[i].code)->code, code) == 0)
			return &findings->list[i];
	return NULL;
}

/* `codes`: those that are expected, in order, each behind a blank. */
static void expect(const char *codes, const char *text, const struct lint_options *options)
{
	struct findings findings;
	char got[512] = "";

	lint_with(&findings, text, options);
	for (size_t i = 0; i < findings.count; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), " %s", lint_row(findings.list[i].code)->code);
	if (strcmp(codes, got) != 0)
		fail_msg("expected%s, found%s: %s", codes, got, text);
}

#define S(effect, rest) "{'Effect':'" effect "','Principal':'*','Action':'execute-api:Invoke'," rest "}"
#define ANY "'Resource':'execute-api:/*'"
#define GUARD S("Deny", ANY ",'Condition':{'StringNotEquals':{'aws:SourceVpce':'vpce-0a1'}}")
#define DOCUMENT(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define IF(condition) S("Allow", ANY ",'Condition':{" condition "}")

static const struct lint_options owned = { .policy = { .owner_arn = { CASE_API, sizeof CASE_API - 1 } } };
static const struct lint_options unowned = { 0 };

static void a_good_policy_has_no_finding(void **state)
{
	(void)state;
	expect("", DOCUMENT(S("Allow", ANY) "," GUARD), &owned);
	expect("", DOCUMENT(S("Allow", ANY) "," GUARD), &unowned);
	expect("", DOCUMENT(IF("'StringEquals':{'aws:SourceVpce':'vpce-0a1'}")), &owned);
	expect("", DOCUMENT(S("Allow", "'Resource':'" CASE_API "/prod/GET/*'") "," GUARD), &owned);
}

static void good_policies_of_other_kinds_have_none_either(void **state)
{
	const struct lint_options endpoint = { .policy.kind = POLICY_KIND_ENDPOINT };
	const struct lint_options identity = { .policy.kind = POLICY_KIND_IDENTITY };
	const struct lint_options domain = { .policy.kind = POLICY_KIND_DOMAIN };
	const struct lint_options management = { .policy.kind = POLICY_KIND_MANAGEMENT };

	(void)state;
	expect("", "{'Statement':[{'Action':'*','Effect':'Allow','Principal':'*','Resource':'*'}]}", &endpoint);
	expect("",
		DOCUMENT(S("Allow",
			"'Resource':['arn:aws:execute-api:us-east-1:111122223333:/domainnames/a.example+b','" CASE_API
			"/*']")),
		&endpoint);
	expect("",
		DOCUMENT("{'Effect':'Allow','Action':['execute-api:Invoke','execute-api:ManageConnections'],'Resource':"
			 "'arn:aws:execute-api:*:*:*'},{'Effect':'Allow','Action':'apigateway:GET','Resource':"
			 "'arn:aws:apigateway:*::/*'}"),
		&identity);
	expect("", DOCUMENT(S("Allow", ANY) "," GUARD), &domain);
	expect("",
		DOCUMENT("{'Effect':'Allow','Principal':{'AWS':'444455556666'},'Action':'apigateway:"
			 "CreateAccessAssociation',"
			 "'Resource':'arn:aws:apigateway:us-east-1::/domainnames/x'}"),
		&management);
}

static void refusals_come_with_place_and_rule(void **state)
{
	struct findings findings;
	const struct lint_finding *finding;

	(void)state;
	lint_with(&findings,
		DOCUMENT(S("Allow", ANY) ",\n" S(
			"Deny", ANY ",'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/33'}}")),
		&owned);
	finding = find(&findings, "PL001");
	assert_non_null(finding);
	assert_int_equal(POLICY_RULE_BAD_CIDR, finding->rule);
	assert_int_equal(1, finding->statement);
	assert_int_equal(2, finding->line);
	assert_string_equal("Condition.IpAddress.aws:VpcSourceIp", finding->member);
	assert_string_equal("10.0.0.0/33", finding->value);
	finding = find(&findings, "PL005");
	assert_non_null(finding);
	assert_int_equal(1, finding->statement);
	expect(" PL001", "{'Statement':", &owned);
	expect(" PL001", "", &owned);
	expect(" PL001", DOCUMENT("{'Effect':'Maybe'}"), &owned);
}

static void conditions_that_mean_something_else(void **state)
{
	const struct lint_options open = { .public_api = true };

	(void)state;
	expect(" PL002 PL012", DOCUMENT(IF("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}")), &owned);
	expect(" PL002 PL003 PL012", DOCUMENT(IF("'IpAddress':{'aws:SourceIp':'10.1.0.0/16'}")), &owned);
	expect(" PL003", DOCUMENT(IF("'IpAddress':{'aws:SourceIp':['203.0.113.0/24','192.168.0.0/16']}")), &open);
	expect("", DOCUMENT(IF("'IpAddress':{'aws:SourceIp':'10.0.0.0/7'}")), &open);
	expect(" PL004", DOCUMENT(IF("'IpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'}")), &owned);
	expect(" PL004", DOCUMENT(S("Allow", ANY)), &owned);
	expect("", DOCUMENT(S("Allow", ANY)), &open);
	expect(" PL013", DOCUMENT(IF("'StringEquals':{'aws:SourceVpce':'vpce-*'}")), &owned);
	expect("", DOCUMENT(IF("'StringLike':{'aws:SourceVpce':'vpce-*'}")), &owned);
	expect(" PL015",
		DOCUMENT(S("Allow", ANY) "," GUARD "," S(
			"Deny", ANY ",'Condition':{'StringEquals':{'aws:SourceVpcEndpoint':'x'}}")),
		&owned);
	expect("",
		DOCUMENT(S("Allow", ANY) "," GUARD "," S(
			"Deny", ANY ",'Condition':{'StringEquals':{'aws:PrincipalTag/team':'x'}}")),
		&owned);
	expect(" PL014",
		"{'Version':'2008-10-17','Statement':[" S(
			"Allow", "'Resource':'execute-api:/prod/GET/${aws:username}'") "," GUARD "]}",
		&owned);
}

static void statements_that_never_match(void **state)
{
	(void)state;
	expect(" PL006 PL012", DOCUMENT(S("Allow", "'Resource':'" CASE_API "/'")), &owned);
	expect(" PL006 PL012", DOCUMENT(S("Allow", "'Resource':'arn:aws:execute-api:us-east-1:111111111111:api-id/'")),
		&unowned);
	expect(" PL007",
		DOCUMENT(S("Allow", "'Resource':'arn:aws:execute-api:us-east-1:111122223333:another/*'") "," S(
			"Allow", ANY) "," GUARD),
		&owned);
	expect(" PL016", DOCUMENT(S("Allow", "'Resource':['execute-api:/prod/get/x','execute-api:/*']") "," GUARD),
		&owned);
	expect(" PL005",
		DOCUMENT(S("Allow", ANY) "," GUARD ",{'Effect':'Deny','NotPrincipal':'*','Action':'*','Resource':'*'}"),
		&owned);
	expect(" PL005",
		DOCUMENT(S("Allow", ANY) "," GUARD ",{'Effect':'Deny','Principal':'*','Action':'s3:*','Resource':'*'}"),
		&owned);
	expect(" PL005",
		DOCUMENT(S("Allow", ANY) "," GUARD ",{'Effect':'Deny','Principal':'*','NotAction':'*','Resource':'*'}"),
		&owned);
	expect(" PL005",
		DOCUMENT(S("Allow", ANY) "," GUARD ",{'Effect':'Deny','Principal':{'Service':"
					 "'apigateway.amazonaws.com'},'Action':'*','Resource':'*'}"),
		&owned);
	expect(" PL005 PL012",
		DOCUMENT(IF("'StringEquals':{'aws:SourceVpce':'vpce-0a1'},"
			    "'StringNotEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a2']}")),
		&owned);
	expect(" PL005 PL012",
		DOCUMENT(IF("'StringEquals':{'aws:SourceVpce':'vpce-0a1'},"
			    "'Null':{'aws:SourceVpce':'true'}")),
		&owned);
	expect("",
		DOCUMENT(IF("'StringEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a3']},"
			    "'StringNotEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a2']}")),
		&owned);
	expect(" PL005 PL012",
		DOCUMENT(IF("'IpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'},"
			    "'NotIpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}")),
		&owned);
}

static void conditions_that_no_private_call_meets(void **state)
{
	const struct lint_options open = { .public_api = true };

	(void)state;
	expect(" PL005 PL012", DOCUMENT(IF("'Bool':{'aws:SecureTransport':'false'}")), &owned);
	expect(" PL005 PL012", DOCUMENT(IF("'Null':{'aws:SourceVpce':'true'}")), &owned);
	expect(" PL005 PL012", DOCUMENT(IF("'ArnEquals':{'aws:SourceArn':'arn:aws:s3:::b'}")), &owned);
	expect(" PL005 PL012", DOCUMENT(IF("'ArnEquals':{'aws:SourceArn':'arn:aws:s3:::b'}")), &open);
	expect("", DOCUMENT(IF("'Bool':{'aws:SecureTransport':'false'}")), &open);
	expect("", DOCUMENT(IF("'Null':{'aws:SourceVpce':'true'}")), &open);
	expect(" PL004", DOCUMENT(IF("'Bool':{'aws:SecureTransport':'true'}")), &owned);
	expect(" PL002 PL009",
		DOCUMENT(S("Allow", ANY) "," S("Deny", ANY ",'Condition':{'NotIpAddress':{'aws:SourceIp':"
							   "'203.0.113.0/24'}}")),
		&owned);
	expect(" PL005 PL012",
		DOCUMENT(IF("'DateGreaterThan':{'aws:CurrentTime':'2026-06-01'},'DateLessThan':{'aws:CurrentTime':"
			    "'2026-01-01'}")),
		&open);
	expect("",
		DOCUMENT(IF("'DateGreaterThan':{'aws:CurrentTime':'2026-01-01'},'DateLessThan':{'aws:CurrentTime':"
			    "'2026-06-01'}")),
		&open);
	expect(" PL005 PL012",
		DOCUMENT(IF("'NumericGreaterThan':{'aws:MultiFactorAuthAge':'4'},'NumericLessThanEquals':"
			    "{'aws:MultiFactorAuthAge':['4','3.5']}")),
		&open);
	expect("",
		DOCUMENT(IF("'NumericGreaterThan':{'aws:MultiFactorAuthAge':'4'},'NumericLessThan':"
			    "{'aws:MultiFactorAuthAge':'4.000000000000000002'}")),
		&open);
}

static void a_guard_meets_all_that_is_allowed(void **state)
{
#define GUARD_OF(resource) S("Deny", resource ",'Condition':{'StringNotEquals':{'aws:SourceVpce':'vpce-0a1'}}")
	(void)state;
	expect(" PL004", DOCUMENT(S("Allow", ANY) "," GUARD_OF("'Resource':'execute-api:/dev/*'")), &owned);
	expect("",
		DOCUMENT(S("Allow", "'Resource':['execute-api:/dev/*','execute-api:/prod/*']") "," GUARD_OF(
			"'Resource':'execute-api:/dev/*'") "," GUARD_OF("'Resource':'execute-api:/prod/*'")),
		&owned);
	expect("", DOCUMENT(S("Allow", ANY) "," GUARD_OF("'Resource':'*'")), &owned);
	expect(" PL004",
		DOCUMENT(S("Allow",
			ANY) ",{'Effect':'Deny','Principal':{'AWS':'111122223333'},'Action':'*','Resource':'*',"
			     "'Condition':{'StringNotEquals':{'aws:SourceVpce':'vpce-0a1'}}}"),
		&owned);
}

static void statements_that_never_matter(void **state)
{
	struct findings findings;

	(void)state;
	lint_with(&findings,
		DOCUMENT(S("Allow", "'Resource':'execute-api:/prod/GET/pets'") "," S("Allow", ANY) "," GUARD), &owned);
	assert_int_equal(1, findings.count);
	assert_string_equal("PL008", lint_row(findings.list[0].code)->code);
	assert_int_equal(0, findings.list[0].statement);
	assert_int_equal(1, findings.list[0].other);
	expect(" PL008", DOCUMENT(S("Allow", ANY) "," S("Allow", ANY) "," GUARD), &unowned);
	expect(" PL009",
		DOCUMENT(S("Allow", "'Resource':'execute-api:/dev/*'") "," S("Allow", ANY) "," GUARD "," S(
			"Deny", "'Resource':'execute-api:/dev*'")),
		&owned);
	expect("",
		DOCUMENT(S("Allow", "'Resource':'execute-api:/dev*'") "," GUARD
								      "," S("Deny", "'Resource':'execute-api:/dev/*'")),
		&owned);
}

static void not_principal_traps(void **state)
{
#define NOT(effect, principals)                                                                                        \
	DOCUMENT(S("Allow", ANY) "," GUARD ",{'Effect':'" effect "','NotPrincipal':{'AWS':[" principals                \
				 "]},'Action':'*','Resource':'execute-api:/x/*'}")
	(void)state;
	expect(" PL010", NOT("Allow", "'111122223333'"), &owned);
	expect(" PL011", NOT("Deny", "'arn:aws:iam::111122223333:user/alice'"), &owned);
	expect("", NOT("Deny", "'arn:aws:iam::111122223333:user/alice','111122223333'"), &owned);
	expect(" PL011", NOT("Deny", "'arn:aws:sts::111122223333:assumed-role/r/s','111122223333'"), &owned);
	expect(" PL011",
		NOT("Deny", "'arn:aws:sts::111122223333:assumed-role/r/s','arn:aws:iam::111122223333:role/"
			    "q','111122223333'"),
		&owned);
	expect("",
		NOT("Deny", "'arn:aws:sts::111122223333:assumed-role/r/s','arn:aws:iam::111122223333:role/p/"
			    "r','111122223333'"),
		&owned);
#undef NOT
}

/* ---- random policies ---- */

static uint64_t seed = 0x9e3779b97f4a7c15u;

/* xorshift64*: the same sequence in every run. */
static unsigned below(unsigned count)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 0x2545f4914f6cdd1du >> 33) % count);
}

static const char *pick(const char *const *list, unsigned count)
{
	return list[below(count)];
}
#define PICK(list) pick(list, sizeof(list) / sizeof *(list))

static const char *const principals[] = { "'Principal':'*'", "'Principal':{'AWS':'111122223333'}",
	"'Principal':{'AWS':'arn:aws:iam::111122223333:user/alice'}",
	"'NotPrincipal':{'AWS':'arn:aws:iam::111122223333:user/alice'}",
	"'NotPrincipal':{'AWS':['444455556666','arn:aws:iam::111122223333:user/alice']}" };
static const char *const actions[] = { "'Action':'*'", "'Action':'execute-api:Invoke'",
	"'NotAction':'execute-api:In*'" };
static const char *const resources[] = { "'Resource':'*'", "'Resource':'execute-api:/*'",
	"'Resource':'execute-api:/prod/*'", "'Resource':'execute-api:/prod/GET/pets'",
	"'NotResource':'execute-api:/prod/*'", "'NotResource':['execute-api:/prod/*','execute-api:/dev/*']",
	"'Resource':'execute-api:/*/GET/*'", "'Resource':'" CASE_API "/'" };
static const char *const operators[] = { "'StringEquals':{'aws:SourceVpce':'vpce-1'}",
	"'StringEquals':{'aws:SourceVpce':['vpce-1','vpce-2']}", "'StringNotEquals':{'aws:SourceVpce':'vpce-1'}",
	"'StringNotEquals':{'aws:SourceVpce':['vpce-1','vpce-2']}",
	"'StringEqualsIfExists':{'aws:SourceVpce':'vpce-1'}", "'Null':{'aws:SourceVpce':'true'}",
	"'IpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'}", "'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}",
	"'NotIpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}", "'ForAllValues:StringLike':{'aws:SourceVpce':'vpce-*'}",
	"'NotIpAddress':{'aws:SourceIp':'10.0.0.0/8'}", "'IpAddressIfExists':{'aws:SourceIp':'10.0.0.0/8'}",
	"'Bool':{'aws:SecureTransport':'false'}", "'Bool':{'aws:SecureTransport':'true'}",
	"'ArnNotLike':{'aws:SourceArn':'arn:aws:s3:::*'}", "'Null':{'aws:SourceVpc':'false'}",
	"'DateLessThan':{'aws:CurrentTime':'2026-02-01'}", "'DateGreaterThanEquals':{'aws:CurrentTime':'2026-02-01'}",
	"'DateNotEquals':{'aws:CurrentTime':'2026-02-01'}",
	"'DateEquals':{'aws:CurrentTime':['2026-02-01','2026-03-01']}" };

static void write_statement(char *into, size_t bytes)
{
	const char *first = PICK(operators), *second = PICK(operators);
	unsigned count = below(3);
	bool same = strcspn(first, ":") == strcspn(second, ":") && !strncmp(first, second, strcspn(first, ":"));

	snprintf(into, bytes, "{'Effect':'%s',%s,%s,%s,'Condition':{%s%s%s}}", below(2) ? "Allow" : "Deny",
		PICK(principals), PICK(actions), PICK(resources), count ? first : "", count > 1 && !same ? "," : "",
		count > 1 && !same ? second : "");
}

static void a_random_request(struct policy_request *request)
{
	static const char *const arns[] = { CASE_METHOD, CASE_API "/dev/GET/", CASE_API "/prod/POST/a/b",
		CASE_API "/other/PUT/x" };
	static const char *const callers[] = { "anonymous", "arn:aws:iam::111122223333:user/alice",
		"arn:aws:iam::111122223333:user/bob", "arn:aws:iam::444455556666:root",
		"arn:aws:iam::111122223333:root" };
	static const char *const endpoints[] = { "vpce-1", "vpce-2", "vpce-3" };
	static const char *const addresses[] = { "10.1.2.3", "10.2.0.0", "11.0.0.0", "::1" };
	static const char *const instants[] = { "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z",
		"2026-03-01T00:00:00Z" };
	static const char *const names[] = { "execute-api:Invoke", "execute-api:InvalidateCache",
		"execute-api:ManageConnections" };

	policy_request_init(request, policy_text_of(PICK(arns)));
	request->action = policy_text_of(PICK(names));
	assert_int_equal(0, policy_caller_parse(&request->caller, policy_text_of(PICK(callers))));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_of(PICK(endpoints)));
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of(PICK(addresses)));
	policy_request_set(request, POLICY_KEY_SOURCE_VPC, policy_text_of("vpc-1"));
	policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
	policy_request_set(request, POLICY_KEY_CURRENT_TIME, policy_text_of(PICK(instants)));
}

/* Compile the statements but the `without`th; NULL if none is left. */
static struct policy *policy_without(char (*statements)[1024], unsigned count, unsigned without)
{
	char text[8192] = "{'Version':'2012-10-17','Statement':[";
	size_t length = strlen(text);
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++)
		if (i != without)
			length += (size_t)snprintf(
				text + length, sizeof text - length, "%s%s", kept++ ? "," : "", statements[i]);
	snprintf(text + length, sizeof text - length, "]}");
	return kept ? case_policy(text) : NULL;
}

static void what_is_said_to_never_matter_never_does(void **state)
{
	size_t said = 0;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		char statements[4][1024], text[8192] = "{'Version':'2012-10-17','Statement':[";
		unsigned count = 2 + below(3);
		struct findings findings;
		struct policy *whole;

		for (unsigned i = 0; i < count; i++)
			write_statement(statements[i], sizeof statements[i]);
		for (unsigned i = 0; i < count; i++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "," : "", statements[i]);
		snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
		lint_with(&findings, text, &owned);
		whole = case_policy(text);
		for (size_t i = 0; i < findings.count; i++) {
			const struct lint_finding *finding = &findings.list[i];
			struct policy *rest;

			if (finding->code != LINT_NEVER_MATCHES && finding->code != LINT_SHADOWED &&
				finding->code != LINT_DENIED && finding->code != LINT_BARE_ARN)
				continue;
			said++;
			rest = policy_without(statements, count, (unsigned)finding->statement);
			for (int sample = 0; rest && sample < 100; sample++) {
				struct policy_request request;

				a_random_request(&request);
				if (case_verdict(whole, &request) != case_verdict(rest, &request))
					fail_msg("%s says that statement %d never matters: %s",
						lint_row(finding->code)->code, finding->statement, text);
			}
			policy_free(rest);
		}
		policy_free(whole);
	}
	assert_true(said > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_policy_has_no_finding),
		cmocka_unit_test(good_policies_of_other_kinds_have_none_either),
		cmocka_unit_test(refusals_come_with_place_and_rule),
		cmocka_unit_test(conditions_that_mean_something_else),
		cmocka_unit_test(statements_that_never_match),
		cmocka_unit_test(conditions_that_no_private_call_meets),
		cmocka_unit_test(a_guard_meets_all_that_is_allowed),
		cmocka_unit_test(statements_that_never_matter),
		cmocka_unit_test(not_principal_traps),
		cmocka_unit_test(what_is_said_to_never_matter_never_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
