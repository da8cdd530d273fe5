/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/diff: chosen pairs of policies and the regions in which they differ, then random pairs (fixed seed) in
 * both directions: each witness really has another verdict, and where no change is told and the comparison was complete no
 * sampled request has one.
 */
#include "tests/unit/policy/cases.h"

#include <errno.h>

#include "policy/diff.h"

#define DOCUMENT(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define S(effect, rest) "{'Effect':'" effect "','Principal':'*','Action':'execute-api:Invoke'," rest "}"
#define ALLOW_ALL S("Allow", "'Resource':'execute-api:/*'")
#define DENY_IF(condition) S("Deny", "'Resource':'execute-api:/*','Condition':{" condition "}")

static const struct diff_options options = { .api_arn = { CASE_API, sizeof CASE_API - 1 } };

struct told {
	const struct policy *old_policy, *new_policy;
	size_t count;
	bool changes[3][3]; /* old and new verdict of some line */
	unsigned incomplete;
	char text[4096]; /* of all lines: the axes that play a part, and the verdicts */
};

static void on_line(void *context, const struct diff_line *line)
{
	struct told *told = context;
	enum policy_verdict old_verdict = case_verdict(told->old_policy, line->witness);
	enum policy_verdict new_verdict = case_verdict(told->new_policy, line->witness);
	size_t used;

	assert_int_not_equal(old_verdict, new_verdict);
	assert_int_equal(old_verdict, line->old_verdict);
	assert_int_equal(new_verdict, line->new_verdict);
	told->count++;
	told->changes[old_verdict][new_verdict] = true;
	for (size_t i = 0; i < line->extent_count; i++) {
		const struct diff_extent *extent = &line->extents[i];

		if (extent->any)
			continue;
		for (size_t j = 0; j < extent->class_count; j++) {
			used = strlen(told->text);
			snprintf(told->text + used, sizeof told->text - used, "%s%.*s=%.*s", used ? " " : "",
				(int)extent->name.count, extent->name.bytes, (int)extent->classes[j].count,
				extent->classes[j].bytes);
		}
	}
	used = strlen(told->text);
	snprintf(told->text + used, sizeof told->text - used, " %s>%s;", policy_verdict_name(old_verdict),
		policy_verdict_name(new_verdict));
}

static void compare(struct told *told, const struct policy *old_policy, const struct policy *new_policy)
{
	*told = (struct told){ .old_policy = old_policy, .new_policy = new_policy };
	assert_int_equal(0, diff_policies(old_policy, new_policy, &options, on_line, told, &told->incomplete));
}

static void expect(const char *wanted, const char *old_text, const char *new_text)
{
	struct policy *old_policy = case_policy(old_text), *new_policy = case_policy(new_text);
	struct told told;

	compare(&told, old_policy, new_policy);
	assert_int_equal(0, told.incomplete);
	assert_string_equal(wanted, told.text);
	policy_free(old_policy);
	policy_free(new_policy);
}

/* Larger than the quota. */
static struct policy *case_stored(const char *text)
{
	struct policy_options stored = case_options(POLICY_KIND_API);
	struct policy *policy = NULL;
	char *quoted = case_quoted(text);

	stored.stored = true;
	assert_int_equal(0, policy_parse(&policy, quoted, strlen(quoted), &stored, NULL));
	free(quoted);
	return policy;
}

static void another_text_with_the_same_meaning_is_no_change(void **state)
{
	(void)state;
	expect("", DOCUMENT(ALLOW_ALL), DOCUMENT(ALLOW_ALL "," ALLOW_ALL));
	expect("", DOCUMENT(ALLOW_ALL "," DENY_IF("'IpAddress':{'aws:VpcSourceIp':['10.0.0.0/9','10.128.0.0/9']}")),
		DOCUMENT(DENY_IF("'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}") "," ALLOW_ALL));
	expect("", DOCUMENT(S("Allow", "'Resource':['execute-api:/prod/GET/*','execute-api:/prod/GET/a/*/b']")),
		DOCUMENT(S("Allow", "'Resource':'execute-api:/prod/GET/*'")));
	expect("", DOCUMENT(ALLOW_ALL "," DENY_IF("'NotIpAddress':{'aws:SourceIp':'203.0.113.0/24'}")),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'Null':{'aws:SourceIp':'true'}")));
	expect("", DOCUMENT(S("Allow", "'Resource':'*','Condition':{'StringLike':{'aws:SourceVpce':'vpce-?*'}}")),
		DOCUMENT(S("Allow", "'Resource':'*','Condition':{'StringLike':{'aws:SourceVpce':'vpce-*?'}}")));
}

static void regions_are_told_by_what_plays_a_part(void **state)
{
	(void)state;
	expect("action=execute-api:Invoke aws:VpcSourceIp=10.0.0.0/8 Allow>ExplicitDeny;", DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}")));
	expect("action=execute-api:Invoke aws:SourceVpce=vpce-0a2 Allow>ExplicitDeny;",
		DOCUMENT(ALLOW_ALL "," DENY_IF("'StringNotEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a2']}")),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'StringNotEquals':{'aws:SourceVpce':'vpce-0a1'}")));
	expect("action=execute-api:Invoke aws:VpcSourceIp=2001:db8::/32 Allow>ExplicitDeny;", DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'IpAddress':{'aws:VpcSourceIp':'2001:db8::/32'}")));
	expect("action=execute-api:Invoke time=2026-02-01T00:00:00Z Allow>ExplicitDeny;",
		DOCUMENT(ALLOW_ALL "," DENY_IF("'DateLessThan':{'aws:CurrentTime':'2026-02-01T00:00:00Z'}")),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'DateLessThanEquals':{'aws:CurrentTime':'2026-02-01T00:00:00Z'}")));
	expect("action=execute-api:Invoke resource=POST not in /*/GET/*, /*/PUT/*, /*/HEAD/*, /*/PATCH/*, "
	       "/*/DELETE/*, /*/OPTIONS/*, such as x/POST/ Allow>ImplicitDeny;",
		DOCUMENT(S("Allow", "'Resource':'execute-api:/*'")),
		DOCUMENT(S("Allow", "'Resource':['execute-api:/*/GET/*','execute-api:/*/PUT/*','execute-api:/*/HEAD/*',"
				    "'execute-api:/*/PATCH/*','execute-api:/*/DELETE/*','execute-api:/*/OPTIONS/*']")));
}

static void a_region_names_all_that_it_holds(void **state)
{
	(void)state;
	expect("action=execute-api:Invoke aws:SourceVpce=vpce-0a1, vpce-0a2 Allow>ExplicitDeny;", DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'StringEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a2']}")));
	expect("action=execute-api:Invoke aws:SourceVpce=such as vpce-other Allow>ExplicitDeny;", DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'StringNotEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a2']}")));
	expect("action=execute-api:Invoke time=up to 2026-01-31T23:59:59Z Allow>ExplicitDeny;", DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'DateLessThan':{'aws:CurrentTime':'2026-02-01T00:00:00Z'}")));
	expect("action=execute-api:Invoke time=2026-02-01T00:00:00Z to 2026-02-28T23:59:59Z "
	       "Allow>ImplicitDeny;",
		DOCUMENT(ALLOW_ALL),
		DOCUMENT(S("Allow",
			"'Resource':'*','Condition':{'DateLessThan':{'aws:CurrentTime':"
			"'2026-02-01T00:00:00Z'}}") "," S("Allow", "'Resource':'*','Condition':{'DateGreaterThanEquals'"
								   ":{'aws:EpochTime':'2026-03-01T00:00:00Z'}}")));
	expect("action=execute-api:Invoke aws:Referer=(absent) Allow>ExplicitDeny;", DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'Null':{'aws:Referer':'true'}")));
	expect("caller=arn:aws:iam::111122223333:root caller=others of account 111122223333 "
	       "action=execute-api:Invoke Allow>ExplicitDeny;",
		DOCUMENT(ALLOW_ALL),
		DOCUMENT(ALLOW_ALL ",{'Effect':'Deny','Principal':{'AWS':'111122223333'},'Action':'execute-api:Invoke',"
				   "'Resource':'*'}"));
	expect("action=execute-api:Invoke resource=in /prod/*, not in /prod/GET/pets, such as prod/GET/ "
	       "Allow>ImplicitDeny;",
		DOCUMENT(S("Allow", "'Resource':'execute-api:/prod/*'")),
		DOCUMENT(S("Allow", "'Resource':'execute-api:/prod/GET/pets'")));
}

static void what_is_not_exact_says_so(void **state)
{
	struct policy *old_policy =
		case_policy(DOCUMENT(S("Allow", "'Resource':'execute-api:/prod/GET/${aws:username}'")));
	struct policy *new_policy = case_policy(DOCUMENT(ALLOW_ALL));
	const struct diff_options none = { .api_arn = policy_text_of("no ARN") };
	struct told told;
	unsigned incomplete;

	(void)state;
	compare(&told, old_policy, new_policy);
	assert_true(told.incomplete & DIFF_SAMPLED);
	assert_true(told.count > 0);
	for (unsigned bit = 0; bit < DIFF_INCOMPLETE_COUNT; bit++)
		assert_true(strlen(diff_incomplete_text(bit)) > 10);
	assert_int_equal(-EINVAL, diff_policies(old_policy, new_policy, &none, on_line, &told, &incomplete));
	policy_free(old_policy);
	policy_free(new_policy);
}

/* One Deny a page, or one for all of them. */
static void write_pages(char *text, size_t bytes, bool apart)
{
	snprintf(text, bytes, "{'Version':'2012-10-17','Statement':[" ALLOW_ALL);
	for (int i = 0; i < 80; i++) {
		size_t used = strlen(text);

		if (apart || i == 0)
			snprintf(text + used, bytes - used,
				",{'Effect':'%s','Principal':'*','Action':'*','Resource':'*','Condition':{'"
				"StringEquals':"
				"{'aws:Referer':['page%d'",
				i % 2 ? "Allow" : "Deny", i);
		else
			snprintf(text + used, bytes - used, ",'page%d'", i);
		if (apart || i == 79)
			strcat(text, "]}}}");
	}
	strcat(text, "]}");
}

static void too_many_classes_are_cut_with_a_word(void **state)
{
	static char text[32768];
	struct policy *old_policy = case_policy(DOCUMENT(ALLOW_ALL)), *new_policy;
	struct told told;

	(void)state;
	write_pages(text, sizeof text, true);
	new_policy = case_stored(text);
	compare(&told, old_policy, new_policy);
	assert_true(told.incomplete & DIFF_CLASSES_CUT);
	assert_true(told.count > 0);
	policy_free(new_policy);
	/* A long list is one class. */
	write_pages(text, sizeof text, false);
	new_policy = case_stored(text);
	compare(&told, old_policy, new_policy);
	assert_int_equal(0, told.incomplete);
	assert_int_equal(2, told.count); /* two of the actions were allowed by nobody */
	policy_free(new_policy);
	policy_free(old_policy);
}

/* Twenty statements that each ask for much; the last one is left out. */
static void write_heavy(char *text, size_t bytes, int count)
{
	snprintf(text, bytes, "{'Version':'2012-10-17','Statement':[" ALLOW_ALL);
	for (int i = 0; i < count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, bytes - used,
			",{'Effect':'Deny','Principal':'*','Action':'execute-api:Invoke','Resource':['execute-api:/"
			"prod/*/x%d*/y*'],"
			"'Condition':{'StringLike':{'aws:Referer':['*r%d*','q%d*z'],'aws:UserAgent':'*u%d*'},'"
			"NotIpAddress':"
			"{'aws:VpcSourceIp':'10.%d.0.0/"
			"16'},'StringNotEquals':{'aws:SourceVpce':'vpce-%d','aws:SourceVpc':"
			"'vpc-%d'}}}",
			i, i, i, i, i, i, i);
	}
	strcat(text, "]}");
}

static void a_statement_too_many_is_found_where_not_all_is_compared(void **state)
{
	static char text[32768];
	struct policy *old_policy, *new_policy;
	struct told told;

	(void)state;
	write_heavy(text, sizeof text, 20);
	old_policy = case_stored(text);
	write_heavy(text, sizeof text, 19);
	new_policy = case_stored(text);
	compare(&told, old_policy, new_policy);
	assert_true(told.incomplete & DIFF_REQUESTS_CUT);
	assert_true(told.changes[POLICY_EXPLICIT_DENY][POLICY_ALLOW]);
	policy_free(old_policy);
	policy_free(new_policy);
}

/* ---- random policies ---- */

static uint64_t seed = 0x2545f4914f6cdd1du;

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

static const char *const principals[] = { "'Principal':'*'", "'Principal':'*'", "'Principal':'*'",
	"'Principal':{'AWS':'111122223333'}", "'Principal':{'AWS':'arn:aws:iam::111122223333:user/alice'}",
	"'NotPrincipal':{'AWS':['444455556666','arn:aws:iam::444455556666:user/bob']}",
	"'Principal':{'AWS':['444455556666','arn:aws:iam::111122223333:role/r']}",
	"'Principal':{'AWS':'arn:aws:sts::111122223333:assumed-role/r/s'}" };
static const char *const actions[] = { "'Action':'*'", "'Action':'execute-api:Invoke'",
	"'NotAction':'execute-api:Inv*'" };
static const char *const resources[] = { "'Resource':'*'", "'Resource':'execute-api:/*'", "'Resource':'execute-api:/*'",
	"'Resource':'execute-api:/prod/*'", "'Resource':'execute-api:/prod/GET/pets'",
	"'NotResource':['execute-api:/prod/*','execute-api:/?ev/*']", "'Resource':'execute-api:/*/GET/*'",
	"'Resource':'execute-api:/prod/*/a*b'", "'Resource':['execute-api:/*/?ET/*','execute-api:/*/pets*']",
	"'NotResource':'execute-api:/*/POST/*'", "'Resource':'arn:aws:execute-api:*:*:a1b2*/*/*s/1'",
	"'Resource':'arn:aws:execute-api:us-west-2:*:*'", "'NotResource':'*'" };
static const char *const conditions[] = { "'StringEquals':{'aws:SourceVpce':'vpce-1'}",
	"'StringNotEquals':{'aws:SourceVpce':['vpce-1','vpce-2']}", "'StringLike':{'aws:SourceVpce':'vpce-?'}",
	"'StringEqualsIgnoreCase':{'aws:SourceVpce':'VPCE-1'}", "'Null':{'aws:SourceVpce':'true'}",
	"'StringNotLike':{'aws:SourceVpc':'vpc-1*'}", "'IpAddress':{'aws:VpcSourceIp':['10.0.0.0/9','10.128.0.0/9']}",
	"'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}", "'NotIpAddress':{'aws:VpcSourceIp':['10.1.0.0/16','::/1']}",
	"'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}", "'Bool':{'aws:SecureTransport':'false'}",
	"'StringLike':{'aws:Referer':'a*'}", "'StringNotEqualsIfExists':{'aws:Referer':'ab'}",
	"'DateLessThan':{'aws:CurrentTime':'2026-02-01T00:00:00Z'}",
	"'NumericGreaterThanEquals':{'aws:EpochTime':'1769904000'}", "'Bool':{'aws:MultiFactorAuthPresent':'true'}",
	"'NumericLessThan':{'aws:MultiFactorAuthAge':'100'}", "'StringEquals':{'aws:PrincipalTag/team':'a'}",
	"'NumericNotEquals':{'aws:MultiFactorAuthAge':['99','0.5']}", "'Null':{'aws:MultiFactorAuthAge':'false'}",
	"'BoolIfExists':{'aws:MultiFactorAuthPresent':'false'}",
	"'ForAllValues:StringEquals':{'aws:Referer':['a','b']}", "'ForAnyValue:StringNotLike':{'aws:Referer':'?'}",
	"'StringEqualsIfExists':{'aws:SourceVpc':'vpc-2'}", "'StringNotEqualsIgnoreCase':{'aws:Referer':['A','AB']}",
	"'StringLike':{'aws:Referer':['*b','a?*']}", "'IpAddressIfExists':{'aws:SourceIp':'10.0.0.0/8'}",
	"'NotIpAddress':{'aws:VpcSourceIp':'0.0.0.0/0'}",
	"'DateGreaterThan':{'aws:CurrentTime':'2026-01-31T23:59:58Z'},'DateLessThanEquals':{'aws:CurrentTime':"
	"'2026-02-01T00:00:00Z'}",
	"'StringNotEquals':{'aws:SourceVpce':'vpce-1'},'IpAddress':{'aws:VpcSourceIp':"
	"'10.1.0.0/16'}",
	"'Null':{'aws:PrincipalTag/team':'true'}", "'StringEquals':{'nobody:Key':'x'}",
	"'StringNotEquals':{'nobody:Key':'x'}", "'NumericLessThan':{'aws:EpochTime':'1769903999.5'}" };

#define STATEMENTS_MAX 4
struct statements {
	char list[STATEMENTS_MAX][1024];
	unsigned count;
};

static void a_random_statement(struct statements *into)
{
	snprintf(into->list[into->count++], sizeof into->list[0], "{'Effect':'%s',%s,%s,%s,'Condition':{%s}}",
		below(3) ? "Allow" : "Deny", PICK(principals), PICK(actions), PICK(resources),
		below(2) ? PICK(conditions) : "");
}

static char texts[16384]; /* of the pair under way */

static struct policy *policy_of(const struct statements *statements, bool backwards)
{
	char text[8192] = "{'Version':'2012-10-17','Statement':[";

	for (unsigned i = 0; i < statements->count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof text - used, "%s%s", i ? "," : "",
			statements->list[backwards ? statements->count - 1 - i : i]);
	}
	snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
	snprintf(texts + strlen(texts), sizeof texts - strlen(texts), "%s\n", text);
	return case_policy(text);
}

/* Two policies that have nothing in common, or of which the second has one statement more than the first. */
static void a_random_pair(struct policy **ret_old, struct policy **ret_new)
{
	struct statements statements = { .count = 0 };
	unsigned count = 1 + below(3);

	texts[0] = '\0';
	while (statements.count < count)
		a_random_statement(&statements);
	*ret_old = policy_of(&statements, false);
	if (below(2))
		statements.count = 0;
	a_random_statement(&statements);
	*ret_new = policy_of(&statements, true);
}

/* A call through an endpoint: what the gateway sets is set. */
static void a_random_request(struct policy_request *request, struct policy_named_value *tag)
{
	static const char *const arns[] = { CASE_METHOD, CASE_API "/dev/GET/", CASE_API "/prod/POST/a/b",
		CASE_API "/other/PUT/x", CASE_API "/prod/GET/pets/1", CASE_API "/Dev/GET/ab",
		CASE_API "/prod/DELETE/ab" };
	static const char *const callers[] = { "anonymous", "arn:aws:iam::111122223333:user/alice",
		"arn:aws:iam::111122223333:user/carol", "arn:aws:iam::444455556666:root",
		"arn:aws:iam::444455556666:user/bob", "arn:aws:iam::111122223333:root",
		"arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:sts::111122223333:assumed-role/r/t",
		"arn:aws:iam::222222222222:user/alice" };
	static const char *const endpoints[] = { "vpce-1", "vpce-2", "vpce-3", "VPCE-1", "vpce-12" };
	static const char *const vpcs[] = { "vpc-1", "vpc-12", "vpc-2" };
	static const char *const addresses[] = { "10.1.2.3", "10.128.0.0", "11.0.0.0", "9.255.255.255", "::1",
		"8000::" };
	static const char *const referers[] = { NULL, "a", "ab", "b" };
	static const char *const times[][2] = { { "2026-01-31T23:59:59Z", "1769903999" },
		{ "2026-02-01T00:00:00Z", "1769904000" }, { "2030-01-01T00:00:00Z", "1893456000" } };
	static const char *const names[] = { "execute-api:Invoke", "execute-api:Invoke", "execute-api:InvalidateCache",
		"execute-api:ManageConnections" };
	static const char *const flags[] = { "true", "false", NULL };
	static const char *const ages[] = { "0", "99", "100", NULL };
	unsigned time = below(3);

	policy_request_init(request, policy_text_of(PICK(arns)));
	request->action = policy_text_of(PICK(names));
	assert_int_equal(0, policy_caller_parse(&request->caller, policy_text_of(PICK(callers))));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_of(PICK(endpoints)));
	policy_request_set(request, POLICY_KEY_SOURCE_VPC, policy_text_of(PICK(vpcs)));
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of(PICK(addresses)));
	policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of(pick(flags, 2)));
	policy_request_set(request, POLICY_KEY_REFERER, policy_text_of(PICK(referers)));
	policy_request_set(request, POLICY_KEY_CURRENT_TIME, policy_text_of(times[time][0]));
	policy_request_set(request, POLICY_KEY_EPOCH_TIME, policy_text_of(times[time][1]));
	if (request->caller.type == POLICY_CALLER_ANONYMOUS)
		return;
	policy_request_set(request, POLICY_KEY_MFA_PRESENT, policy_text_of(PICK(flags)));
	policy_request_set(request, POLICY_KEY_MFA_AGE, policy_text_of(PICK(ages)));
	*tag = (struct policy_named_value){ .name = policy_text_of("aws:PrincipalTag/team"),
		.value.text = policy_text_of(below(2) ? "a" : "b") };
	request->others = tag;
	request->other_count = below(2);
}

static void witnesses_disagree_and_no_change_is_missed(void **state)
{
	size_t same = 0, changed = 0;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct policy *old_policy, *new_policy;
		struct told told;

		a_random_pair(&old_policy, &new_policy);
		compare(&told, old_policy, new_policy);
		assert_int_equal(0, told.incomplete & ~(unsigned)DIFF_LINES_CUT);
		if (told.count)
			changed++;
		else
			same++;
		for (int sample = 0; sample < 200; sample++) {
			enum policy_verdict old_verdict, new_verdict;
			struct policy_named_value tag;
			struct policy_request request;

			a_random_request(&request, &tag);
			old_verdict = case_verdict(old_policy, &request);
			new_verdict = case_verdict(new_policy, &request);
			if (old_verdict != new_verdict && !told.changes[old_verdict][new_verdict])
				fail_msg("round %d: from %s to %s is not told: %s", round,
					policy_verdict_name(old_verdict), policy_verdict_name(new_verdict), texts);
		}
		policy_free(old_policy);
		policy_free(new_policy);
	}
	print_message("%zu pairs mean the same, %zu do not\n", same, changed);
	assert_true(same > 50 && changed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_text_with_the_same_meaning_is_no_change),
		cmocka_unit_test(regions_are_told_by_what_plays_a_part),
		cmocka_unit_test(a_region_names_all_that_it_holds),
		cmocka_unit_test(what_is_not_exact_says_so),
		cmocka_unit_test(too_many_classes_are_cut_with_a_word),
		cmocka_unit_test(a_statement_too_many_is_found_where_not_all_is_compared),
		cmocka_unit_test(witnesses_disagree_and_no_change_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
