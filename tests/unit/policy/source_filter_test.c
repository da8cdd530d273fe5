/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/source_filter: the 22 vectors, then random policies (fixed seed) in two directions: the compiled
 * prefixes say at every CIDR edge and beside it what the policies say address by address, and a dropped source has every
 * sampled request denied by the evaluator.
 */
#include "tests/unit/policy/random_filters.h"

#include <errno.h>

/* ---- vectors ---- */

static void run_vector(const cJSON *vector)
{
	static const char *const values[] = { "F", "M", "T" };
	const cJSON *source = cJSON_GetObjectItemCaseSensitive(vector, "source");
	const cJSON *statements = cJSON_GetObjectItemCaseSensitive(vector, "statements");
	struct policy *policy = case_member_policy(vector, "policy", POLICY_KIND_API);
	struct source_filter_target target =
		target_of(policy, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(vector, "othersCanGrant")));
	struct source_filter_address address = address_of(case_string(source, "aws:VpcSourceIp"));
	struct source_filter_input input = input_of(&target, 1);
	bool wanted = strcmp(case_string(vector, "expect"), "DROP") == 0;
	struct source_filter filter;

	input.endpoint_id = policy_text_of(case_string(source, "aws:SourceVpce"));
	input.vpc_id = policy_text_of(case_string(source, "aws:SourceVpc"));
	for (int i = 0; i < cJSON_GetArraySize(statements); i++) {
		const char *value = values[source_filter_statement_value(&input, 0, (size_t)i, &address)];

		if (strcmp(value, cJSON_GetArrayItem(statements, i)->valuestring) != 0)
			fail_msg("%s: statement %d is %s", case_string(vector, "id"), i, value);
	}
	if ((source_filter_point(&input, &address, NULL) == SOURCE_FILTER_DROP) != wanted)
		fail_msg("%s: point is not %s", case_string(vector, "id"), case_string(vector, "expect"));
	assert_int_equal(0, source_filter_compile(&filter, &input));
	if ((source_filter_find(&filter, &address, NULL) == SOURCE_FILTER_DROP) != wanted)
		fail_msg("%s: compiled is not %s", case_string(vector, "id"), case_string(vector, "expect"));
	source_filter_fini(&filter);
	policy_free(policy);
}

static void all_filter_vectors_agree(void **state)
{
	cJSON *vectors = case_vectors("tests/vectors/filter-vectors.json");
	const cJSON *vector;
	size_t count = 0;

	(void)state;
	cJSON_ArrayForEach(vector, vectors)
	{
		run_vector(vector);
		count++;
	}
	assert_int_equal(22, count);
	cJSON_Delete(vectors);
}

/* ---- chosen cases ---- */

#define ALLOW_ALL "{'Effect':'Allow','Principal':'*','Action':'execute-api:Invoke','Resource':'execute-api:/*'}"
#define DENY_IF(sid, condition)                                                                                        \
	"{'Sid':'" sid "','Effect':'Deny','Principal':'*','Action':'*','Resource':'*','Condition':{" condition "}}"
#define DOCUMENT(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"

static void a_deny_outside_of_a_prefix_defaults_to_drop_and_names_its_statement(void **state)
{
	struct policy *policy = case_policy(
		DOCUMENT(ALLOW_ALL "," DENY_IF("OnlyLeft", "'NotIpAddress':{'aws:VpcSourceIp':'10.20.0.0/26'}")));
	struct source_filter_target target = target_of(policy, false);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter_address inside = address_of("10.20.0.63"), outside = address_of("10.20.0.64"),
				     v6 = address_of("2001:db8::1");
	struct source_filter_reason reason = { .target = 9, .statement = 9 };
	struct source_filter filter;

	(void)state;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(SOURCE_FILTER_DROP, filter.default_verdict);
	assert_int_equal(1, filter.prefix_count);
	assert_int_equal(96 + 26, filter.prefixes[0].prefix_bits);
	assert_int_equal(SOURCE_FILTER_PASS, filter.prefixes[0].verdict);
	assert_int_equal(SOURCE_FILTER_PASS, source_filter_find(&filter, &inside, &reason));
	assert_int_equal(9, reason.statement);
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_find(&filter, &outside, &reason));
	assert_int_equal(0, reason.target);
	assert_int_equal(1, reason.statement);
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_find(&filter, &v6, NULL));
	source_filter_fini(&filter);
	policy_free(policy);
}

static void different_reasons_are_kept_apart(void **state)
{
	struct policy *policy = case_policy(
		DOCUMENT(ALLOW_ALL "," DENY_IF("Lower", "'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/25'}") "," DENY_IF(
			"Upper", "'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/24'}")));
	struct source_filter_target target = target_of(policy, true);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter filter;

	(void)state;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(SOURCE_FILTER_PASS, filter.default_verdict);
	assert_int_equal(2, filter.prefix_count);
	assert_int_equal(1, filter.prefixes[0].reason.statement);
	assert_int_equal(2, filter.prefixes[1].reason.statement);
	assert_int_equal(96 + 25, filter.prefixes[1].prefix_bits);
	source_filter_fini(&filter);
	policy_free(policy);
}

static void all_targets_must_drop_and_the_endpoint_policy_alone_is_enough(void **state)
{
	struct policy *strict = case_policy(
		DOCUMENT(ALLOW_ALL "," DENY_IF("a", "'IpAddress':{'aws:VpcSourceIp':['10.1.0.0/16','10.2.0.0/16']}")));
	struct policy *loose = case_policy(
		DOCUMENT(ALLOW_ALL "," DENY_IF("b", "'IpAddress':{'aws:VpcSourceIp':['10.2.0.0/16','10.3.0.0/16']}")));
	struct policy *endpoint = case_policy_of(POLICY_KIND_ENDPOINT,
		DOCUMENT("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}," DENY_IF(
			"c", "'IpAddress':{'aws:VpcSourceIp':'10.4.0.0/16'}")));
	struct source_filter_target targets[] = { target_of(strict, true), target_of(loose, true) };
	struct source_filter_input input = input_of(targets, 2);
	struct source_filter_address common = address_of("10.2.0.1"), one = address_of("10.1.0.1"),
				     other = address_of("10.3.0.1"), at_endpoint = address_of("10.4.0.1");
	struct source_filter_reason reason;
	struct source_filter filter;

	(void)state;
	input.endpoint_policy = endpoint;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_find(&filter, &common, &reason));
	assert_int_equal(0, reason.target);
	assert_int_equal(SOURCE_FILTER_PASS, source_filter_find(&filter, &one, NULL));
	assert_int_equal(SOURCE_FILTER_PASS, source_filter_find(&filter, &other, NULL));
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_find(&filter, &at_endpoint, &reason));
	assert_int_equal(SOURCE_FILTER_ENDPOINT_POLICY, reason.target);
	assert_int_equal(1, reason.statement);
	source_filter_fini(&filter);
	policy_free(strict);
	policy_free(loose);
	policy_free(endpoint);
}

static void without_targets_everything_passes_and_a_missing_policy_drops(void **state)
{
	struct source_filter_target target = target_of(NULL, true);
	struct source_filter_input none = input_of(NULL, 0), missing = input_of(&target, 1);
	struct source_filter_address address = address_of("10.2.0.1");
	struct source_filter filter;

	(void)state;
	assert_int_equal(0, source_filter_compile(&filter, &none));
	assert_int_equal(SOURCE_FILTER_PASS, source_filter_find(&filter, &address, NULL));
	assert_int_equal(0, filter.prefix_count);
	source_filter_fini(&filter);
	assert_int_equal(0, source_filter_compile(&filter, &missing));
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_find(&filter, &address, NULL));
	assert_int_equal(0, filter.prefix_count);
	assert_int_equal(-1, filter.default_reason.statement);
	source_filter_fini(&filter);
}

static void an_ipv6_cidr_never_covers_the_ipv4_block(void **state)
{
	struct policy *policy = case_policy(
		DOCUMENT(ALLOW_ALL "," DENY_IF("Six", "'IpAddress':{'aws:VpcSourceIp':['::/0','::ffff:0:0/96']}")));
	struct source_filter_target target = target_of(policy, false);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter_address v4 = address_of("10.0.0.1"), v6 = address_of("::1");
	struct source_filter filter;

	(void)state;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(SOURCE_FILTER_PASS, source_filter_find(&filter, &v4, NULL));
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_find(&filter, &v6, NULL));
	assert_int_equal(1, filter.prefix_count);
	source_filter_fini(&filter);
	policy_free(policy);
}

static void only_the_documented_patterns_are_certain(void **state)
{
	static const struct {
		const char *resource;
		enum source_filter_value value;
	} patterns[] = {
		{ "*", SOURCE_FILTER_TRUE },
		{ "arn:aws:execute-api:*:*:*", SOURCE_FILTER_TRUE },
		{ "arn:AWS:execute-api:us-east-?:111122223333:**", SOURCE_FILTER_TRUE },
		{ CASE_API "*", SOURCE_FILTER_TRUE },
		{ CASE_API "/*", SOURCE_FILTER_TRUE },
		{ "arn:aws:execute-api:us-east-1:111122223333:a1b2*", SOURCE_FILTER_MAYBE },
		{ "arn:aws:execute-api:us-east-1:111122223333:*/GET/*", SOURCE_FILTER_MAYBE },
		{ CASE_API "/", SOURCE_FILTER_MAYBE },
		{ CASE_API "/${aws:username}*", SOURCE_FILTER_MAYBE },
		{ CASE_API "x/*", SOURCE_FILTER_FALSE },
		{ "arn:aws:execute-api:us-east-1:111122223333:zzzz*", SOURCE_FILTER_FALSE },
		{ "arn:aws:execute-api:eu-*:111122223333:*", SOURCE_FILTER_FALSE },
		{ "arn:aws:execute-api:*", SOURCE_FILTER_FALSE },
	};
	struct source_filter_address address = address_of("10.0.0.1");
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		struct source_filter_target target;
		struct source_filter_input input = input_of(&target, 1);
		struct policy *policy;

		snprintf(text, sizeof text,
			DOCUMENT("{'Effect':'Deny','Principal':'*','Action':'*','Resource':'%s'},"
				 "{'Effect':'Deny','Principal':'*','Action':'*','NotResource':'%s'}"),
			patterns[i].resource, patterns[i].resource);
		policy = case_policy(text);
		target = target_of(policy, false);
		if (source_filter_statement_value(&input, 0, 0, &address) != patterns[i].value)
			fail_msg("%s", patterns[i].resource);
		assert_int_equal(
			SOURCE_FILTER_TRUE - patterns[i].value, source_filter_statement_value(&input, 0, 1, &address));
		policy_free(policy);
	}
}

static void a_domain_is_one_arn(void **state)
{
	static const char domain[] = "arn:aws:execute-api:us-east-1:111122223333:/domainnames/api.pets.internal+abc";
	struct policy_options options = { .kind = POLICY_KIND_DOMAIN, .owner_arn = policy_text_of(domain) };
	char *text =
		case_quoted(DOCUMENT("{'Effect':'Deny','Principal':'*','Action':'*','Resource':'execute-api:/*'},"
				     "{'Effect':'Deny','Principal':'*','Action':'*','Resource':'" CASE_API "/*'}"));
	struct source_filter_address address = address_of("10.0.0.1");
	struct source_filter_target target = { .arn = policy_text_of(domain) };
	struct source_filter_input input = input_of(&target, 1);
	struct policy *policy;

	(void)state;
	assert_int_equal(0, policy_parse(&policy, text, strlen(text), &options, NULL));
	target.policy = policy;
	assert_int_equal(SOURCE_FILTER_TRUE, source_filter_statement_value(&input, 0, 0, &address));
	assert_int_equal(SOURCE_FILTER_FALSE, source_filter_statement_value(&input, 0, 1, &address));
	policy_free(policy);
	free(text);
}

static void a_listener_without_tls_is_known_to_be_one(void **state)
{
	struct policy *policy =
		case_policy(DOCUMENT(ALLOW_ALL "," DENY_IF("Plain", "'Bool':{'aws:SecureTransport':'false'}")));
	struct source_filter_target target = target_of(policy, true);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter_address address = address_of("10.0.0.1");

	(void)state;
	assert_int_equal(SOURCE_FILTER_PASS, source_filter_point(&input, &address, NULL));
	input.plain_listener = true;
	assert_int_equal(SOURCE_FILTER_DROP, source_filter_point(&input, &address, NULL));
	policy_free(policy);
}

static void a_stage_pattern_is_certain_for_its_own_stage_only(void **state)
{
	struct policy *policy = case_policy(
		DOCUMENT(ALLOW_ALL ",{'Effect':'Deny','Principal':'*','Action':'*','Resource':'execute-api:/prod/*'}"));
	struct source_filter_target target = target_of(policy, false);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter_address address = address_of("10.0.0.1");

	(void)state;
	assert_int_equal(SOURCE_FILTER_MAYBE, source_filter_statement_value(&input, 0, 1, &address));
	target.stage = policy_text_of("prod");
	assert_int_equal(SOURCE_FILTER_TRUE, source_filter_statement_value(&input, 0, 1, &address));
	target.stage = policy_text_of("production");
	assert_int_equal(SOURCE_FILTER_FALSE, source_filter_statement_value(&input, 0, 1, &address));
	policy_free(policy);
}

/* ---- many CIDRs ---- */

/* An Allow for all, then `statements` Deny statements of `cidrs` scattered /31 each. */
static struct policy *scattered_policy(unsigned statements, unsigned cidrs)
{
	struct policy_options options = case_options(POLICY_KIND_API);
	struct policy *policy;
	char *text = NULL;
	size_t count = 0;
	FILE *stream = open_memstream(&text, &count);

	options.max_bytes = SIZE_MAX;
	fputs("{\"Version\":\"2012-10-17\",\"Statement\":["
	      "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}",
		stream);
	for (unsigned i = 0; i < statements; i++) {
		fputs(",{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
		      "{\"IpAddress\":{\"aws:VpcSourceIp\":[",
			stream);
		for (unsigned j = 0; j < cidrs; j++) {
			unsigned host = (j * statements + i) * 6;

			fprintf(stream, "%s\"10.%u.%u.%u/31\"", j ? "," : "", host >> 16, host >> 8 & 255, host & 255);
		}
		fputs("]}}}", stream);
	}
	fputs("]}", stream);
	fclose(stream);
	assert_int_equal(0, policy_parse(&policy, text, count, &options, NULL));
	free(text);
	return policy;
}

static void ten_thousand_cidrs_keep_their_statements_and_the_limit_is_named(void **state)
{
	static const unsigned shapes[][2] = { { 1, 10000 }, { 1000, 10 }, { 10000, 1 } };
	struct source_filter filter;

	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct policy *policy = scattered_policy(shapes[i][0], shapes[i][1]);
		struct source_filter_target target = target_of(policy, false);
		struct source_filter_input input = input_of(&target, 1);

		assert_int_equal(0, source_filter_compile(&filter, &input));
		assert_int_equal(10000, filter.prefix_count);
		for (size_t j = 0; j < filter.prefix_count; j++)
			assert_int_equal(1 + j % shapes[i][0], filter.prefixes[j].reason.statement);
		source_filter_fini(&filter);
		input.max_prefixes = 9999;
		assert_int_equal(-E2BIG, source_filter_compile(&filter, &input));
		assert_int_equal(10000, filter.needed_count);
		assert_null(filter.prefixes);
		policy_free(policy);
	}
}

/* ---- random policies ---- */

#define ROUNDS 4000

static void compiled_filters_agree_with_the_policies_and_never_drop_what_could_be_allowed(void **state)
{
	struct source_filter_address addresses[4 * sizeof source_cidrs / sizeof *source_cidrs];
	size_t address_count = edge_addresses(addresses), drops = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct policy *policies[2] = { random_policy(POLICY_KIND_API), random_policy(POLICY_KIND_API) };
		struct policy *identity = random_policy(POLICY_KIND_IDENTITY);
		struct policy *endpoint = below(3) ? NULL : random_policy(POLICY_KIND_ENDPOINT);
		struct source_filter_target targets[] = { target_of(policies[0], below(2)),
			target_of(policies[1], below(2)) };
		struct source_filter_input input = input_of(targets, 1 + below(3) / 2);
		struct source_filter filter;

		input.endpoint_policy = endpoint;
		assert_int_equal(0, source_filter_compile(&filter, &input));
		for (size_t i = 1; i < filter.prefix_count; i++)
			assert_true(
				memcmp(filter.prefixes[i - 1].address.bytes, filter.prefixes[i].address.bytes, 16) < 0);
		for (size_t i = 0; i < address_count; i++) {
			struct source_filter_reason compiled = { 0 }, direct = { 0 };
			enum source_filter_verdict verdict = source_filter_find(&filter, &addresses[i], &compiled);

			assert_int_equal(source_filter_point(&input, &addresses[i], &direct), verdict);
			assert_int_equal(direct.target, compiled.target);
			assert_int_equal(direct.statement, compiled.statement);
			if (some_request_allowed(&input, identity, &addresses[i]))
				assert_int_equal(SOURCE_FILTER_PASS, verdict);
			else
				refused++;
			drops += verdict == SOURCE_FILTER_DROP;
		}
		source_filter_fini(&filter);
		policy_free(policies[0]);
		policy_free(policies[1]);
		policy_free(identity);
		policy_free(endpoint);
	}
	/* The test has teeth: both verdicts are common, and most of what is always refused is found. */
	assert_true(drops > ROUNDS * address_count / 10);
	assert_true(drops * 10 > refused * 5);
	print_message("%zu of %zu sources refused in all samples were dropped\n", drops, refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_filter_vectors_agree),
		cmocka_unit_test(a_deny_outside_of_a_prefix_defaults_to_drop_and_names_its_statement),
		cmocka_unit_test(different_reasons_are_kept_apart),
		cmocka_unit_test(all_targets_must_drop_and_the_endpoint_policy_alone_is_enough),
		cmocka_unit_test(without_targets_everything_passes_and_a_missing_policy_drops),
		cmocka_unit_test(an_ipv6_cidr_never_covers_the_ipv4_block),
		cmocka_unit_test(only_the_documented_patterns_are_certain),
		cmocka_unit_test(a_domain_is_one_arn),
		cmocka_unit_test(a_listener_without_tls_is_known_to_be_one),
		cmocka_unit_test(a_stage_pattern_is_certain_for_its_own_stage_only),
		cmocka_unit_test(ten_thousand_cidrs_keep_their_statements_and_the_limit_is_named),
		cmocka_unit_test(compiled_filters_agree_with_the_policies_and_never_drop_what_could_be_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
