/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/source_filter: the 22 vectors, then random policies (fixed seed) in two directions: the compiled
 * prefixes say at every CIDR edge and beside it what the policies say address by address, and a dropped source has every
 * sampled request denied by the evaluator.
 */
#include "tests/unit/policy/cases.h"

#include <arpa/inet.h>
#include <errno.h>

#include "policy/combine.h"
#include "policy/source_filter.h"

static struct source_filter_address address_of(const char *text)
{
	struct source_filter_address address;

	assert_int_equal(0, source_filter_address_parse(&address, policy_text_of(text)));
	return address;
}

static struct source_filter_target target_of(const struct policy *policy, bool others_can_grant)
{
	return (struct source_filter_target){
		.policy = policy, .arn = policy_text_of(CASE_API), .others_can_grant = others_can_grant
	};
}

static struct source_filter_input input_of(const struct source_filter_target *targets, size_t count)
{
	return (struct source_filter_input){ .endpoint_id = policy_text_of("vpce-0a1"),
		.vpc_id = policy_text_of("vpc-0b1"),
		.targets = targets,
		.target_count = count };
}

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

static uint64_t seed = 0x9e3779b97f4a7c15;

/* xorshift64*: the same sequence in every run. */
static unsigned below(unsigned limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 0x2545f4914f6cdd1d >> 33) % limit);
}

#define PICK(list) (list)[below(sizeof(list) / sizeof *(list))]

static const char *const cidrs[] = { "10.1.0.0/16", "10.1.2.0/24", "10.1.2.128/25", "10.0.0.0/8", "0.0.0.0/0",
	"10.1.2.3", "10.1.2.2/31", "192.168.0.0/16", "2001:db8::/32", "2001:db8::/127", "::/0", "2001:db8::1",
	"::ffff:0:0/90" };
static const char *const principals[] = { "'*'", "'*'", "'*'", "{'AWS':'*'}", "{'AWS':'444455556666'}",
	"{'AWS':['arn:aws:iam::111122223333:user/alice','*']}", "{'AWS':'arn:aws:iam::111122223333:user/alice'}" };
static const char *const actions[] = { "'*'", "'execute-api:Invoke'", "'execute-api:*'",
	"'execute-api:ManageConnections'", "'execute-api:In?oke'" };
static const char *const resources[] = { "'*'", "'" CASE_API "/*'", "'" CASE_API "/*'", "'" CASE_API "/prod/*'",
	"'arn:aws:execute-api:*:*:*'", "'arn:aws:execute-api:us-east-1:111122223333:zzzzzzzzzz/*'",
	"'arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5*'", "'" CASE_API "/prod/GET/${aws:username}'",
	"['" CASE_API "/dev/*','" CASE_API "/*/GET/*']", "'arn:aws:execute-api:us-east-1:*:a1b2*/pets'" };
static const char *const conditions[] = { "'StringEquals':{'aws:SourceVpce':'vpce-0a1'}",
	"'StringNotEquals':{'aws:SourceVpce':['vpce-0a1','vpce-0a2']}", "'StringLike':{'aws:SourceVpc':'vpc-*'}",
	"'StringEqualsIfExists':{'aws:SourceVpce':'vpce-0ff'}", "'Bool':{'aws:SecureTransport':'true'}",
	"'Bool':{'aws:SecureTransport':false}", "'Null':{'aws:VpcSourceIp':'true'}", "'Null':{'aws:SourceIp':'true'}",
	"'NotIpAddress':{'aws:SourceIp':'10.0.0.0/8'}", "'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}",
	"'StringLike':{'aws:UserAgent':'curl*'}", "'StringNotEquals':{'aws:username':'alice'}",
	"'StringLike':{'aws:VpcSourceIp':'10.1.*'}", "'ArnLike':{'aws:VpcSourceIp':'*:*:*:*:*:*'}",
	"'DateLessThan':{'aws:CurrentTime':'2030-01-01'}", "'ForAllValues:StringEquals':{'aws:PrincipalOrgPaths':'o/'}",
	"'StringEquals':{'aws:SourceVpce':'${aws:PrincipalTag/vpce}'}", "'Null':{'aws:Referer':'true'}",
	"'IpAddress':{'aws:SourceVpc':'10.0.0.0/8'}", "'NumericLessThan':{'aws:VpcSourceIp':'5'}" };

/* A condition on the source: an operator over one to three CIDRs. */
static void write_source_condition(FILE *stream, const char *name)
{
	unsigned count = 1 + below(3);

	fprintf(stream, "'%s':{'aws:VpcSourceIp':[", name);
	for (unsigned i = 0; i < count; i++)
		fprintf(stream, "%s'%s'", i ? "," : "", PICK(cidrs));
	fputs("]}", stream);
}

static void write_statement(FILE *stream, bool identity)
{
	static const char *const operators[] = { "IpAddress", "NotIpAddress", "IpAddressIfExists",
		"ForAnyValue:NotIpAddress" };

	fprintf(stream, "{'Effect':'%s'", below(2) ? "Allow" : "Deny");
	if (!identity)
		fprintf(stream, ",'%s':%s", below(8) ? "Principal" : "NotPrincipal", PICK(principals));
	fprintf(stream, ",'%s':%s", below(8) ? "Action" : "NotAction", PICK(actions));
	fprintf(stream, ",'%s':%s,'Condition':{", below(6) ? "Resource" : "NotResource", PICK(resources));
	switch (below(4)) {
	case 0:
		break;
	case 1:
		fputs(PICK(conditions), stream);
		break;
	case 2:
		write_source_condition(stream, PICK(operators));
		break;
	default:
		write_source_condition(stream, "IpAddress");
		fputc(',', stream);
		write_source_condition(stream, "NotIpAddress");
		fputc(',', stream);
		fputs(conditions[10 + below(2)], stream);
	}
	fputs("}}", stream);
}

static struct policy *random_policy(enum policy_kind kind)
{
	unsigned count = 1 + below(4);
	struct policy *policy;
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	fputs("{'Version':'2012-10-17','Statement':[", stream);
	for (unsigned i = 0; i < count; i++) {
		if (i)
			fputc(',', stream);
		write_statement(stream, kind == POLICY_KIND_IDENTITY);
	}
	fputs("]}", stream);
	fclose(stream);
	policy = case_policy_of(kind, text);
	free(text);
	return policy;
}

/* Every CIDR edge, and one address to each side of it. */
static size_t edge_addresses(struct source_filter_address *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof cidrs / sizeof *cidrs; i++) {
		char text[64];
		char *slash;
		struct source_filter_address first, last;
		int bits;

		snprintf(text, sizeof text, "%s", cidrs[i]);
		slash = strchr(text, '/');
		bits = slash ? atoi(slash + 1) + (strchr(text, ':') ? 0 : 96) : 128;
		if (slash)
			*slash = '\0';
		first = last = address_of(text);
		for (int bit = bits; bit < 128; bit++) {
			first.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
			last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		}
		ret[count++] = first;
		ret[count++] = last;
		for (int at = 15; at >= 0 && first.bytes[at]-- == 0; at--)
			;
		for (int at = 15; at >= 0 && ++last.bytes[at] == 0; at--)
			;
		ret[count++] = first;
		ret[count++] = last;
	}
	return count;
}

static void a_random_request_from(struct policy_request *request, const char *address, struct policy_named_value *tag)
{
	static const char *const paths[] = { CASE_API "/prod/GET/pets", CASE_API "/prod/GET/alice",
		CASE_API "/dev/POST/", CASE_API "/prod/POST/pets" };
	static const char *const agents[] = { "curl/8", "Mozilla", NULL };

	policy_request_init(request, policy_text_of(PICK(paths)));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1"));
	policy_request_set(request, POLICY_KEY_SOURCE_VPC, policy_text_of("vpc-0b1"));
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of(address));
	policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
	policy_request_set(request, POLICY_KEY_CURRENT_TIME,
		policy_text_of(below(2) ? "2026-01-31T12:00:00Z" : "2031-01-31T12:00:00Z"));
	policy_request_set(request, POLICY_KEY_USER_AGENT, policy_text_of(PICK(agents)));
	policy_request_set(request, POLICY_KEY_REFERER, policy_text_of(below(2) ? "https://x/" : NULL));
	if (below(2)) {
		bool alice = below(2);

		assert_int_equal(0, policy_caller_parse(&request->caller,
					    policy_text_of(alice ? "arn:aws:iam::111122223333:user/alice"
								 : "arn:aws:iam::444455556666:user/bob")));
		policy_request_set(request, POLICY_KEY_USER_NAME, policy_text_of(alice ? "alice" : "bob"));
		*tag = (struct policy_named_value){ .name = policy_text_of("aws:principaltag/VPCE"),
			.value.text = policy_text_of("vpce-0a1") };
		request->others = tag;
		request->other_count = below(2);
	}
}

/* Is any of some sampled requests from this address allowed by all that stands before the back end? */
static bool some_request_allowed(const struct source_filter_input *input, const struct policy *identity,
	const struct source_filter_address *address)
{
	static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = memcmp(address->bytes, v4_prefix, sizeof v4_prefix) == 0;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address->bytes + 12 : address->bytes, text, sizeof text);
	for (unsigned i = 0; i < 12; i++) {
		const struct source_filter_target *target = &input->targets[below((unsigned)input->target_count)];
		struct combine_method_input method = { .private_api = true,
			.resource_policy = target->policy,
			.caller_policies = &identity,
			.caller_policy_count = 1 };
		struct combine_decision decision;
		struct policy_named_value tag;
		struct policy_request request;

		a_random_request_from(&request, text, &tag);
		method.auth = target->others_can_grant ? (below(2) ? COMBINE_AUTH_IAM : COMBINE_AUTH_CUSTOM)
						       : COMBINE_AUTH_NONE;
		combine_endpoint(input->endpoint_policy, &request, &decision);
		if (decision.verdict != POLICY_ALLOW)
			continue;
		combine_method(&method, &request, &decision);
		if (decision.verdict == POLICY_ALLOW)
			return true;
	}
	return false;
}

#define ROUNDS 4000

static void compiled_filters_agree_with_the_policies_and_never_drop_what_could_be_allowed(void **state)
{
	struct source_filter_address addresses[4 * sizeof cidrs / sizeof *cidrs];
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
