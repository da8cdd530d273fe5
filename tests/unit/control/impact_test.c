/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/impact and impact_template: what is certain is told, what is not is never guessed. */
#include "tests/unit/support.h"

#include "appliance/control/postern/impact.h"
#include "appliance/control/postern/impact_template.h"

#define API "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"
#define PREFIX API "/prod/GET/"

/* ---- templates ---- */

static bool naive_match(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return naive_match(pattern + 1, text) || (*text && naive_match(pattern, text + 1));
	if (*pattern == '\0' || *text == '\0')
		return *pattern == *text;
	return (*pattern == '?' || *pattern == *text) && naive_match(pattern + 1, text + 1);
}

/* Is there a value of `{x}` (1 to 5 bytes of "ab/", no slash unless greedy) with which the pattern matches? */
static bool naive_may_match(const char *pattern, const char *before, const char *behind, bool greedy)
{
	static const char bytes[] = "ab/";
	size_t combinations = 1;

	for (size_t length = 1; length <= 5; length++) {
		combinations *= greedy ? 3 : 2;
		for (size_t number = 0; number < combinations; number++) {
			char text[64], *at = text + sprintf(text, "%s", before);
			size_t left = number;

			for (size_t i = 0; i < length; i++, left /= greedy ? 3 : 2)
				*at++ = bytes[left % (greedy ? 3 : 2)];
			sprintf(at, "%s", behind);
			if (naive_match(pattern, text))
				return true;
		}
	}
	return false;
}

static void templates_and_patterns_meet_as_their_texts_do(void **state)
{
	static const char bytes[] = "ab/?*";
	char pattern[8], arn_pattern[128], resource[32];

	(void)state;
	for (unsigned number = 0; number < 5 * 5 * 5 * 5 * 5; number++) {
		for (unsigned i = 0, left = number; i < 5; i++, left /= 5)
			pattern[i] = bytes[left % 5];
		for (size_t length = 1; length <= 5; length++) {
			bool greedy = number & 1;
			const char *behind = number & 2 ? "/b" : "";
			char cut[8] = "";

			if (length < 5 && number % 7)
				continue;
			memcpy(cut, pattern, length);
			snprintf(arn_pattern, sizeof arn_pattern, PREFIX "%s", cut);
			snprintf(resource, sizeof resource, "/a/{x%s}%s", greedy ? "+" : "", behind);
			if (impact_template_may_match(view_from_text(arn_pattern), view_of(PREFIX),
				    view_from_text(resource)) != naive_may_match(cut, "a/", behind, greedy))
				fail_msg("%s and %s", arn_pattern, resource);
		}
	}
}

static void heads_and_variables_of_patterns_count(void **state)
{
	static const struct {
		const char *pattern;
		bool may;
	} cases[] = {
		{ "*", true },
		{ API "/*", true },
		{ "arn:aws:execute-api:*:*:*", true },
		{ "ARN:AWS:EXECUTE-API:us-east-?:111122223333:a1b2c3d4e5/prod/*", true },
		{ "arn:aws:execute-api:us-west-1:111122223333:a1b2c3d4e5/*", false },
		{ "arn:aws:execute-api:us-east-1:111122223333:zzzzzzzzzz/*", false },
		{ "arn:aws:execute-api", false },
		{ PREFIX "pets/7", true },
		{ PREFIX "pets/7/", false },
		{ PREFIX "pets", false },
		{ API "/test/GET/pets/7", false },
		{ PREFIX "${aws:username}", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (impact_template_may_match(
			    view_from_text(cases[i].pattern), view_of(PREFIX), view_of("/pets/{id}")) != cases[i].may)
			fail_msg("%s", cases[i].pattern);
}

static void templates_are_filled(void **state)
{
	char room[64];
	struct buffer buffer;

	(void)state;
	buffer_init_fixed(&buffer, room, sizeof room);
	impact_template_fill(view_of("/a/{b}/c/{d+}"), 2, &buffer);
	assert_true(view_equals_text(buffer_view(&buffer), "a/\1\1/c/\1\1"));
	assert_true(impact_template_varies(view_of("/a/{b}")));
	assert_false(impact_template_varies(view_of("/a/b")));
	buffer_reset(&buffer);
	impact_template_fill(view_of("/"), 2, &buffer);
	assert_int_equal(0, buffer.count);
}

/* ---- judging ---- */

static struct policy *parse(enum policy_kind kind, const char *text)
{
	struct policy_options options = { .kind = kind, .owner_arn = policy_text_of(API) };
	struct policy *policy = NULL;
	char *quoted = text ? strdup(text) : NULL;

	for (char *at = quoted; at && *at; at++)
		if (*at == '\'')
			*at = '"';
	if (quoted)
		assert_int_equal(0, policy_parse(&policy, quoted, strlen(quoted), &options, NULL));
	free(quoted);
	return policy;
}

#define POLICY(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define FOR(effect, resource, condition)                                                                               \
	"{'Effect':'" effect "','Principal':'*','Action':'*','Resource':'" resource "'" condition "}"
#define ALLOW FOR("Allow", "execute-api:/*", "")
#define IF(operator, key, value) ",'Condition':{'" operator"':{'" key "':'" value "'}}"
#define FROM(prefix) IF("IpAddress", "aws:VpcSourceIp", prefix)
#define BEFORE(instant) IF("DateLessThan", "aws:CurrentTime", instant)

static struct impact_answer judge_all(const char *endpoint, const char *old_text, const char *new_text,
	const char *resource, const char *path, enum combine_auth auth, bool cut)
{
	char arn[256];
	struct policy_request request;
	struct impact_question question = { .request = &request,
		.arn_prefix = view_of(PREFIX),
		.resource = view_from_text(resource),
		.path_is_cut = cut,
		.endpoint_policy = parse(POLICY_KIND_ENDPOINT, endpoint),
		.old_policy = parse(POLICY_KIND_API, old_text),
		.new_policy = parse(POLICY_KIND_API, new_text),
		.auth = auth,
		.private_api = true };
	struct impact_answer answer;

	snprintf(arn, sizeof arn, PREFIX "%s", path);
	policy_request_init(&request, policy_text_of(arn));
	policy_request_set(&request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1"));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.1.2.3"));
	policy_request_set(&request, POLICY_KEY_CURRENT_TIME, policy_text_of("2026-06-01T00:00:00Z"));
	assert_int_equal(0, impact_judge(&question, &answer));
	/* Keys of what is open point into the policies, which go: only their number is kept. */
	for (size_t i = 0; i < answer.open_count; i++)
		answer.open[i] = (struct policy_text){ 0 };
	policy_free((struct policy *)(uintptr_t)question.endpoint_policy);
	policy_free((struct policy *)(uintptr_t)question.old_policy);
	policy_free((struct policy *)(uintptr_t)question.new_policy);
	return answer;
}

static struct impact_answer judge(const char *old_text, const char *new_text)
{
	return judge_all(NULL, old_text, new_text, "/pets/{id}", "pets/7", COMBINE_AUTH_NONE, false);
}

static void what_is_certain_is_told(void **state)
{
	static const struct {
		const char *old_text, *new_text;
		enum impact_change change;
	} cases[] = {
		{ POLICY(ALLOW), POLICY(ALLOW), IMPACT_NOTHING },
		{ POLICY(ALLOW), POLICY(ALLOW "," FOR("Deny", "execute-api:/*", FROM("10.0.0.0/8"))), IMPACT_CUT_OFF },
		{ POLICY(ALLOW), POLICY(FOR("Allow", "execute-api:/*", FROM("192.168.0.0/16"))), IMPACT_CUT_OFF },
		{ POLICY(FOR("Allow", "execute-api:/*", FROM("192.168.0.0/16"))), POLICY(ALLOW), IMPACT_LET_IN },
		{ NULL, POLICY(ALLOW), IMPACT_LET_IN },
		{ POLICY(ALLOW), POLICY(FOR("Allow", "execute-api:/prod/GET/pets/*", "")), IMPACT_NOTHING },
		{ POLICY(ALLOW), POLICY(FOR("Allow", "execute-api:/prod/POST/*", "")), IMPACT_CUT_OFF },
		{ POLICY(ALLOW), POLICY(ALLOW "," FOR("Deny", "execute-api:/prod/GET/cats/*", "")), IMPACT_NOTHING },
		{ POLICY(ALLOW),
			POLICY("{'Effect':'Allow','Principal':'*','Action':'*','NotResource':'execute-api:/prod/GET/"
			       "cats/*'}"),
			IMPACT_NOTHING },
		{ POLICY(ALLOW),
			POLICY("{'Effect':'Allow','Principal':'*','Action':'*','NotResource':'execute-api:/prod/GET/"
			       "pets*'}"),
			IMPACT_CUT_OFF },
		{ POLICY(ALLOW), POLICY(FOR("Allow", "execute-api:/*/GET/p*s/*", "")), IMPACT_NOTHING },
		/* The same open part on both sides changes nothing. */
		{ POLICY(FOR("Allow", "execute-api:/*", BEFORE("2027-01-01"))),
			POLICY(FOR("Allow", "*", BEFORE("2027-01-01"))), IMPACT_NOTHING },
		/* Whatever the time: the Deny on the address is certain. */
		{ POLICY(ALLOW),
			POLICY(FOR("Allow", "*", BEFORE("2027-01-01")) "," FOR("Deny", "*", FROM("10.1.0.0/16"))),
			IMPACT_CUT_OFF },
		/* Absent for certain: an anonymous caller has no name. */
		{ POLICY(ALLOW), POLICY(FOR("Allow", "*", IF("StringEquals", "aws:username", "a"))), IMPACT_CUT_OFF },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct impact_answer answer = judge(cases[i].old_text, cases[i].new_text);

		if (answer.change != cases[i].change)
			fail_msg("%zu: %s", i, impact_change_name(answer.change));
		assert_int_equal(cases[i].change == IMPACT_CUT_OFF,
			answer.before.verdict == POLICY_ALLOW && answer.after.verdict != POLICY_ALLOW);
		assert_int_equal(cases[i].change == IMPACT_LET_IN,
			answer.before.verdict != POLICY_ALLOW && answer.after.verdict == POLICY_ALLOW);
	}
}

static void what_is_open_depends(void **state)
{
	static const struct {
		const char *old_text, *new_text;
		bool cut_off, let_in;
		size_t open_count;
	} cases[] = {
		{ POLICY(ALLOW), POLICY(FOR("Allow", "*", BEFORE("2027-01-01"))), true, false, 1 },
		{ POLICY(FOR("Allow", "*", BEFORE("2027-01-01"))), POLICY(ALLOW), false, true, 1 },
		{ POLICY(FOR("Allow", "*", BEFORE("2026-01-01"))), POLICY(FOR("Allow", "*", BEFORE("2027-01-01"))),
			true, true, 2 },
		{ POLICY(ALLOW), POLICY(ALLOW "," FOR("Deny", "*", IF("StringLike", "aws:UserAgent", "curl*"))), true,
			false, 1 },
		{ POLICY(ALLOW), POLICY(ALLOW "," FOR("Deny", "*", IF("Null", "aws:Referer", "true"))), true, false,
			1 },
		/* One of the paths of the resource. */
		{ POLICY(ALLOW), POLICY(ALLOW "," FOR("Deny", "execute-api:/prod/GET/pets/7", "")), true, false, 1 },
		{ POLICY(ALLOW), POLICY(ALLOW "," FOR("Deny", "execute-api:/prod/GET/pets/8", "")), true, false, 1 },
		{ POLICY(ALLOW), POLICY(FOR("Allow", "execute-api:/prod/GET/pets/?", "")), true, false, 1 },
		{ POLICY(ALLOW),
			POLICY("{'Effect':'Allow','Principal':'*','Action':'*','NotResource':'execute-api:/prod/GET/"
			       "pets/8'}"),
			true, false, 1 },
		{ POLICY(ALLOW), POLICY(FOR("Allow", "*", IF("StringEquals", "aws:SourceVpce", "${aws:UserAgent}"))),
			true, false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct impact_answer answer = judge(cases[i].old_text, cases[i].new_text);

		if (answer.change != IMPACT_DEPENDS || answer.may_cut_off != cases[i].cut_off ||
			answer.may_let_in != cases[i].let_in || answer.open_count != cases[i].open_count)
			fail_msg("%zu: %s, %d %d, %zu open", i, impact_change_name(answer.change), answer.may_cut_off,
				answer.may_let_in, answer.open_count);
	}
}

static void the_endpoints_policy_stands_before(void **state)
{
	static const char silent[] =
		POLICY(FOR("Allow", "arn:aws:execute-api:us-east-1:111122223333:zzzzzzzzzz/*", ""));
	struct impact_answer answer = judge_all(
		silent, POLICY(FOR("Deny", "*", "")), POLICY(ALLOW), "/pets", "pets", COMBINE_AUTH_NONE, false);

	(void)state;
	assert_int_equal(IMPACT_NOTHING, answer.change);
	assert_int_equal(COMBINE_BY_ENDPOINT, answer.after.by);
}

static void a_callers_own_policies_are_open(void **state)
{
	struct impact_answer answer = judge_all(NULL, POLICY(ALLOW), POLICY(FOR("Allow", "execute-api:/dev/*", "")),
		"/pets", "pets", COMBINE_AUTH_CUSTOM, false);

	(void)state;
	assert_int_equal(IMPACT_DEPENDS, answer.change);
	assert_true(answer.caller_is_open && answer.may_cut_off && answer.may_stay && !answer.may_let_in);
	answer = judge_all(NULL, POLICY(FOR("Allow", "execute-api:/dev/*", "")), POLICY(FOR("Deny", "*", "")), "/pets",
		"pets", COMBINE_AUTH_COGNITO, false);
	assert_int_equal(IMPACT_NOTHING, answer.change);
}

static void a_path_that_was_cut_is_open(void **state)
{
	static const char old_text[] = POLICY(ALLOW),
			  new_text[] = POLICY(FOR("Allow", "execute-api:/prod/GET/files/a", ""));
	struct impact_answer answer =
		judge_all(NULL, old_text, new_text, "/files/{name+}", "files/a", COMBINE_AUTH_NONE, true);

	(void)state;
	assert_int_equal(IMPACT_DEPENDS, answer.change);
}

static void more_than_can_be_compared_is_said(void **state)
{
	char text[4096] = "{'Version':'2012-10-17','Statement':[" ALLOW;
	struct impact_answer answer;

	(void)state;
	for (int i = 0; i < IMPACT_OPEN_MAX + 1; i++)
		sprintf(text + strlen(text),
			",{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*','Condition':{'StringLike':{'aws:"
			"UserAgent':'%d*'}}}",
			i);
	strcat(text, "]}");
	answer = judge(POLICY(ALLOW), text);
	assert_int_equal(IMPACT_DEPENDS, answer.change);
	assert_true(answer.is_beyond);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_and_patterns_meet_as_their_texts_do),
		cmocka_unit_test(heads_and_variables_of_patterns_count),
		cmocka_unit_test(templates_are_filled),
		cmocka_unit_test(what_is_certain_is_told),
		cmocka_unit_test(what_is_open_depends),
		cmocka_unit_test(the_endpoints_policy_stands_before),
		cmocka_unit_test(a_callers_own_policies_are_open),
		cmocka_unit_test(a_path_that_was_cut_is_open),
		cmocka_unit_test(more_than_can_be_compared_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
