/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/source_filter_parts and source_filter_widen: what endpoints have in common is compiled once, domains
 * are second doors in front of stages, and filters that are too fine become coarser without ever dropping more.
 */
#include "tests/unit/policy/cases.h"

#include <errno.h>

#include "policy/combine.h"
#include "policy/source_filter.h"

#define DOMAIN_ARN "arn:aws:execute-api:us-east-1:111122223333:/domainnames/pets.example+d1"
#define OTHER_API "arn:aws:execute-api:us-east-1:111122223333:zzzzzzzzzz"
#define ALLOW_ALL "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}"
#define DENY_IF(condition) "{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*','Condition':{" condition "}}"
#define DOCUMENT(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define DENY_FROM(cidrs) DOCUMENT(ALLOW_ALL "," DENY_IF("'IpAddress':{'aws:VpcSourceIp':" cidrs "}"))

static struct source_filter_address address_of(const char *text)
{
	struct source_filter_address address;

	assert_int_equal(0, source_filter_address_parse(&address, policy_text_of(text)));
	return address;
}

static struct source_filter_target target_of(const struct policy *policy)
{
	return (struct source_filter_target){ .policy = policy, .arn = policy_text_of(CASE_API) };
}

static struct source_filter_input input_of(const struct source_filter_target *targets, size_t count)
{
	return (struct source_filter_input){ .endpoint_id = policy_text_of("vpce-0a1"),
		.vpc_id = policy_text_of("vpc-0b1"),
		.targets = targets,
		.target_count = count };
}

/* Compiled and asked address by address: the same answer. */
static bool drops(const struct source_filter_input *input, const char *source, struct source_filter_reason *ret_reason)
{
	struct source_filter_address address = address_of(source);
	struct source_filter_reason direct = { 0 }, compiled = { 0 };
	struct source_filter filter;
	bool drop;

	assert_int_equal(0, source_filter_compile(&filter, input));
	drop = source_filter_find(&filter, &address, &compiled) == SOURCE_FILTER_DROP;
	assert_int_equal(drop, source_filter_point(input, &address, &direct) == SOURCE_FILTER_DROP);
	assert_int_equal(direct.target, compiled.target);
	assert_int_equal(direct.statement, compiled.statement);
	assert_int_equal(direct.by_domain, compiled.by_domain);
	source_filter_fini(&filter);
	if (ret_reason)
		*ret_reason = compiled;
	return drop;
}

/* ---- domains ---- */

struct doors {
	struct policy *api, *domain;
	struct source_filter_target front, target;
};

static void doors_init(struct doors *doors, const char *api, const char *domain)
{
	doors->api = case_policy(api);
	doors->domain = domain ? case_policy_of(POLICY_KIND_DOMAIN, domain) : NULL;
	/* Were it looked at, a domain would drop nothing for want of an Allow. */
	doors->front = (struct source_filter_target){
		.policy = doors->domain, .arn = policy_text_of(DOMAIN_ARN), .others_can_grant = true
	};
	doors->target = target_of(doors->api);
	doors->target.domain = &doors->front;
}

static void doors_fini(struct doors *doors)
{
	policy_free(doors->api);
	policy_free(doors->domain);
}

static void a_stage_behind_a_domain_drops_what_either_policy_drops(void **state)
{
	struct source_filter_reason reason;
	struct source_filter_input input;
	struct doors doors;

	(void)state;
	doors_init(&doors, DENY_FROM("'10.1.0.0/16'"), DENY_FROM("'10.2.0.0/16'"));
	input = input_of(&doors.target, 1);
	assert_true(drops(&input, "10.1.0.1", &reason));
	assert_false(reason.by_domain);
	assert_true(drops(&input, "10.2.0.1", &reason));
	assert_true(reason.by_domain);
	assert_int_equal(1, reason.statement);
	assert_false(drops(&input, "10.3.0.1", NULL));
	doors_fini(&doors);
}

static void a_stage_that_can_be_called_directly_is_judged_by_its_own_policy(void **state)
{
	struct source_filter_input input;
	struct doors doors;

	(void)state;
	doors_init(&doors, DENY_FROM("'10.1.0.0/16'"), DENY_FROM("'10.2.0.0/16'"));
	doors.target.domain = NULL;
	input = input_of(&doors.target, 1);
	/* The domain in front allows it, but no call by it passes the API's policy: certain, so it is dropped. */
	assert_true(drops(&input, "10.1.0.1", NULL));
	/* The domain denies it, and the API's own name does not. */
	assert_false(drops(&input, "10.2.0.1", NULL));
	doors_fini(&doors);
}

static void one_domain_that_lets_in_keeps_the_stage_open(void **state)
{
	struct doors strict, loose;
	struct source_filter_target ways[2];
	struct source_filter_input input;

	(void)state;
	doors_init(&strict, DENY_FROM("'10.1.0.0/16'"), DENY_FROM("['10.2.0.0/16','10.3.0.0/16']"));
	doors_init(&loose, DENY_FROM("'10.1.0.0/16'"), DENY_FROM("'10.3.0.0/16'"));
	ways[0] = strict.target;
	ways[1] = loose.target;
	input = input_of(ways, 2);
	assert_true(drops(&input, "10.1.0.1", NULL));
	assert_false(drops(&input, "10.2.0.1", NULL));
	assert_true(drops(&input, "10.3.0.1", NULL));
	doors_fini(&strict);
	doors_fini(&loose);
}

static void a_domain_without_policy_lets_nobody_in(void **state)
{
	struct source_filter_input input;
	struct doors doors;

	(void)state;
	doors_init(&doors, DOCUMENT(ALLOW_ALL), NULL);
	input = input_of(&doors.target, 1);
	assert_true(drops(&input, "10.1.0.1", NULL));
	/* Nobody else can grant what the domain does not: only the API's policy asks others. */
	doors.target.others_can_grant = true;
	assert_true(drops(&input, "10.1.0.1", NULL));
	doors_fini(&doors);
}

static void an_endpoint_policy_is_asked_for_the_api_behind_a_domain(void **state)
{
	struct policy *endpoint = case_policy_of(POLICY_KIND_ENDPOINT,
		DOCUMENT(ALLOW_ALL ",{'Effect':'Deny','Principal':'*','Action':'*','Resource':'" CASE_API "/*',"
				   "'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.4.0.0/16'}}}"));
	struct source_filter_reason reason;
	struct source_filter_input input;
	struct doors doors;

	(void)state;
	doors_init(&doors, DOCUMENT(ALLOW_ALL), DOCUMENT(ALLOW_ALL));
	input = input_of(&doors.target, 1);
	input.endpoint_policy = endpoint;
	assert_true(drops(&input, "10.4.0.1", &reason));
	assert_int_equal(SOURCE_FILTER_ENDPOINT_POLICY, reason.target);
	assert_false(drops(&input, "10.5.0.1", NULL));
	doors_fini(&doors);
	policy_free(endpoint);
}

/* Is the call allowed on this way in, by all that stands before the back end? */
static bool is_allowed(const struct policy *endpoint, const struct source_filter_target *target, const char *source)
{
	struct combine_method_input method = {
		.auth = COMBINE_AUTH_NONE, .private_api = true, .resource_policy = target->policy
	};
	struct combine_decision decision;
	struct policy_request request;
	char resource[256];

	snprintf(resource, sizeof resource, "%.*s/prod/GET/pets", (int)target->arn.count, target->arn.bytes);
	policy_request_init(&request, policy_text_of(DOMAIN_ARN));
	policy_request_set(&request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1"));
	policy_request_set(&request, POLICY_KEY_SOURCE_VPC, policy_text_of("vpc-0b1"));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of(source));
	policy_request_set(&request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
	if (target->domain) {
		policy_request_set(&request, POLICY_KEY_VIA_DOMAIN_ARN, policy_text_of(DOMAIN_ARN));
		combine_endpoint(endpoint, &request, &decision);
		if (decision.verdict != POLICY_ALLOW)
			return false;
		combine_domain(target->domain->policy, &request, &decision);
		if (decision.verdict != POLICY_ALLOW)
			return false;
	}
	request.resource = policy_text_of(resource);
	combine_endpoint(endpoint, &request, &decision);
	if (decision.verdict != POLICY_ALLOW)
		return false;
	combine_method(&method, &request, &decision);
	return decision.verdict == POLICY_ALLOW;
}

/*
 * Policies of which every part is certain: the filter must drop a source exactly if no way in allows it. All pairs of ways
 * into two APIs from a small alphabet, each direct or by a domain, behind endpoint policies for all and for some of them.
 */
static void with_certain_policies_the_filter_is_exactly_what_no_way_in_allows(void **state)
{
	static const char *const documents[] = { DOCUMENT(ALLOW_ALL), DENY_FROM("'10.1.0.0/16'"),
		DENY_FROM("['10.2.0.0/15']"),
		DOCUMENT(ALLOW_ALL "," DENY_IF("'NotIpAddress':{'aws:VpcSourceIp':'10.3.0.0/16'}")),
		DOCUMENT(DENY_IF("'IpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'}")) };
	static const char *const gates[] = { DOCUMENT(ALLOW_ALL), DENY_FROM("'10.1.0.0/16'"),
		DOCUMENT(DENY_IF("'IpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'}")),
		DOCUMENT("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'" CASE_API "/*'}"),
		DOCUMENT("{'Effect':'Allow','Principal':'*','Action':'*','Resource':['" OTHER_API "/*','" DOMAIN_ARN
			 "']}"),
		DOCUMENT(ALLOW_ALL ",{'Effect':'Deny','Principal':'*','Action':'*','Resource':'" DOMAIN_ARN
				   "','Condition':{'IpAddress':{'aws:VpcSourceIp':'10.2.0.0/16'}}}"),
		DOCUMENT(ALLOW_ALL ",{'Effect':'Deny','Principal':'*','Action':'*','Resource':'" OTHER_API
				   "/*','Condition':{'NotIpAddress':{'aws:VpcSourceIp':'10.4.0.0/16'}}}") };
	static const char *const sources[] = { "10.1.0.9", "10.2.0.9", "10.3.0.9", "10.4.0.9", "2001:db8::1" };
	enum {
		DOCUMENTS = sizeof documents / sizeof *documents,
		WAYS = DOCUMENTS * (DOCUMENTS + 1),
		GATES = sizeof gates / sizeof *gates
	};
	struct policy *apis[DOCUMENTS], *domains[DOCUMENTS], *endpoints[GATES];
	struct source_filter_target fronts[DOCUMENTS], ways[WAYS];
	size_t dropped = 0, passed = 0;

	(void)state;
	for (size_t i = 0; i < DOCUMENTS; i++) {
		apis[i] = case_policy(documents[i]);
		domains[i] = case_policy_of(POLICY_KIND_DOMAIN, documents[i]);
		fronts[i] = (struct source_filter_target){ .policy = domains[i], .arn = policy_text_of(DOMAIN_ARN) };
	}
	for (size_t i = 0; i < GATES; i++)
		endpoints[i] = case_policy_of(POLICY_KIND_ENDPOINT, gates[i]);
	for (size_t i = 0; i < WAYS; i++) {
		ways[i] = target_of(apis[i % DOCUMENTS]);
		ways[i].domain = i / DOCUMENTS ? &fronts[i / DOCUMENTS - 1] : NULL;
	}
	for (size_t n = 0; n < WAYS * WAYS * GATES; n++) {
		struct source_filter_target pair[] = { ways[n % WAYS], ways[n / WAYS % WAYS] };
		struct source_filter_input input = input_of(pair, 2);

		pair[1].arn = policy_text_of(OTHER_API);
		input.endpoint_policy = endpoints[n / WAYS / WAYS];
		for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
			bool allowed = is_allowed(input.endpoint_policy, &pair[0], sources[i]) ||
				       is_allowed(input.endpoint_policy, &pair[1], sources[i]);

			if (drops(&input, sources[i], NULL) == allowed)
				fail_msg("policies %zu: %s is %s", n, sources[i], allowed ? "dropped" : "passed");
			*(allowed ? &passed : &dropped) += 1;
		}
	}
	assert_true(dropped > 1000 && passed > 1000);
	for (size_t i = 0; i < DOCUMENTS; i++) {
		policy_free(apis[i]);
		policy_free(domains[i]);
	}
	for (size_t i = 0; i < GATES; i++)
		policy_free(endpoints[i]);
}

/* ---- parts ---- */

static struct source_filter_part *part_of(const struct source_filter_input *input, int target)
{
	struct source_filter_part *part = NULL;

	assert_int_equal(0, source_filter_part_new(&part, NULL, input, target));
	return part;
}

/* The filter of these parts at an endpoint without policy. */
static int combine(struct source_filter *ret, struct source_filter_part *const *parts, size_t count)
{
	const struct source_filter_input open = { .endpoint_policy = NULL };
	struct source_filter_way ways[8];
	struct source_filter_part *gate;
	int error;

	assert_int_equal(0, source_filter_gate_new(&gate, NULL, &open, SOURCE_FILTER_NO_TARGET));
	assert_int_equal(0, source_filter_part_count(gate));
	for (size_t i = 0; i < count; i++)
		ways[i] = (struct source_filter_way){ gate, parts[i] };
	error = source_filter_combine(ret, ways, count, NULL, 0, false);
	source_filter_part_free(gate);
	return error;
}

static void a_part_serves_every_endpoint_that_its_policy_does_not_tell_apart(void **state)
{
	struct policy *policy =
		case_policy(DOCUMENT(ALLOW_ALL "," DENY_IF("'StringNotEquals':{'aws:SourceVpce':'vpce-0a1'},"
							   "'IpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'}")));
	struct source_filter_target target = target_of(policy);
	struct source_filter_input named = input_of(&target, 1), other = input_of(&target, 1),
				   third = input_of(&target, 1);
	struct source_filter_part *part;

	(void)state;
	other.endpoint_id = policy_text_of("vpce-0b2");
	third.endpoint_id = policy_text_of("vpce-0c3");
	part = part_of(&other, 0);
	assert_int_equal(1, source_filter_part_count(part));
	assert_true(source_filter_part_serves(part, &third, 0));
	assert_false(source_filter_part_serves(part, &named, 0));
	source_filter_part_free(part);
	part = part_of(&named, 0);
	assert_int_equal(0, source_filter_part_count(part));
	assert_false(source_filter_part_serves(part, &other, 0));
	source_filter_part_free(part);
	policy_free(policy);
}

static void a_gate_serves_the_targets_that_mean_the_same_to_the_endpoint_policy(void **state)
{
	struct policy *policy = case_policy(DOCUMENT(ALLOW_ALL));
	struct policy *endpoint = case_policy_of(POLICY_KIND_ENDPOINT,
		DOCUMENT(ALLOW_ALL ",{'Effect':'Deny','Principal':'*','Action':'*','Resource':'" CASE_API "/*'}"));
	struct source_filter_target targets[] = { target_of(policy), target_of(policy), target_of(policy) };
	struct source_filter_input input = input_of(targets, 3);
	struct source_filter_part *gate;

	(void)state;
	targets[2].arn = policy_text_of(OTHER_API);
	input.endpoint_policy = endpoint;
	assert_int_equal(0, source_filter_gate_new(&gate, NULL, &input, 0));
	assert_int_equal(1, source_filter_part_count(gate));
	assert_true(source_filter_part_serves(gate, &input, 1));
	assert_false(source_filter_part_serves(gate, &input, 2));
	source_filter_part_free(gate);
	/* What may be made later is no reason to drop. */
	assert_int_equal(0, source_filter_gate_new(&gate, NULL, &input, SOURCE_FILTER_NO_TARGET));
	assert_int_equal(0, source_filter_part_count(gate));
	source_filter_part_free(gate);
	policy_free(policy);
	policy_free(endpoint);
}

static void an_api_that_the_endpoint_policy_forbids_keeps_nothing_open(void **state)
{
	struct policy *strict = case_policy(DENY_FROM("'10.1.0.0/16'")), *open = case_policy(DOCUMENT(ALLOW_ALL));
	struct policy *endpoint = case_policy_of(POLICY_KIND_ENDPOINT,
		DOCUMENT("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'" CASE_API "/*'}"));
	struct source_filter_target targets[] = { target_of(strict), target_of(open) };
	struct source_filter_input input = input_of(targets, 2);

	(void)state;
	targets[1].arn = policy_text_of(OTHER_API);
	assert_false(drops(&input, "10.1.0.1", NULL));
	input.endpoint_policy = endpoint;
	assert_true(drops(&input, "10.1.0.1", NULL));
	assert_false(drops(&input, "10.2.0.1", NULL));
	policy_free(strict);
	policy_free(open);
	policy_free(endpoint);
}

static void parts_make_what_the_policies_make(void **state)
{
	static const char *const documents[] = { DENY_FROM("['10.0.0.0/8','192.168.0.0/16']"),
		DENY_FROM("['10.1.0.0/16','10.2.0.0/16','192.168.7.0/24']"),
		DENY_FROM("['10.1.0.0/16','10.2.0.0/16','192.168.7.0/24']"),
		DENY_FROM("['10.0.0.0/14','172.16.0.0/12','192.168.0.0/17','2001:db8::/32']") };
	enum { COUNT = sizeof documents / sizeof *documents };
	struct policy *policies[COUNT];
	struct source_filter_target targets[COUNT];
	struct source_filter_part *parts[COUNT];
	struct source_filter_input input = input_of(targets, COUNT);
	struct source_filter compiled, combined;

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		policies[i] = case_policy(documents[i]);
		targets[i] = target_of(policies[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		parts[i] = part_of(&input, (int)i);
	assert_int_equal(0, source_filter_compile(&compiled, &input));
	assert_int_equal(0, combine(&combined, parts, COUNT));
	assert_int_equal(3, combined.prefix_count);
	assert_int_equal(compiled.prefix_count, combined.prefix_count);
	assert_memory_equal(compiled.prefixes, combined.prefixes, combined.prefix_count * sizeof *combined.prefixes);
	source_filter_fini(&compiled);
	source_filter_fini(&combined);
	assert_int_equal(0, source_filter_combine(&combined, NULL, 0, NULL, 0, false));
	assert_int_equal(SOURCE_FILTER_PASS, combined.default_verdict);
	assert_int_equal(0, combined.prefix_count);
	source_filter_fini(&combined);
	for (size_t i = 0; i < COUNT; i++) {
		source_filter_part_free(parts[i]);
		policy_free(policies[i]);
	}
}

static void equal_parts_share_their_intervals(void **state)
{
	static const char *const documents[] = { DENY_FROM("'10.0.0.0/8'"), DENY_FROM("'10.0.0.0/8'"),
		DENY_FROM("'10.0.0.0/9'"),
		/* The same addresses for another statement. */
		DOCUMENT(ALLOW_ALL "," ALLOW_ALL "," DENY_IF("'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/8'}")) };
	enum { COUNT = sizeof documents / sizeof *documents };
	static const size_t different[] = { 1, 1, 2, 3 };
	struct source_filter_pool *pool = source_filter_pool_new();
	struct policy *policies[COUNT];
	struct source_filter_target targets[COUNT];
	struct source_filter_part *parts[COUNT];
	struct source_filter_input input = input_of(targets, COUNT);
	struct source_filter filter;

	(void)state;
	assert_non_null(pool);
	for (size_t i = 0; i < COUNT; i++) {
		policies[i] = case_policy(documents[i]);
		targets[i] = target_of(policies[i]);
		assert_int_equal(0, source_filter_part_new(&parts[i], pool, &input, (int)i));
		assert_int_equal(different[i], source_filter_pool_count(pool));
	}
	assert_int_equal(0, combine(&filter, parts, COUNT));
	assert_int_equal(1, filter.prefix_count);
	assert_int_equal(96 + 9, filter.prefixes[0].prefix_bits);
	source_filter_fini(&filter);
	source_filter_part_free(parts[0]);
	assert_int_equal(3, source_filter_pool_count(pool));
	for (size_t i = 1; i < COUNT; i++)
		source_filter_part_free(parts[i]);
	assert_int_equal(0, source_filter_pool_count(pool));
	source_filter_pool_free(pool);
	for (size_t i = 0; i < COUNT; i++)
		policy_free(policies[i]);
}

/* ---- the limit ---- */

static uint64_t seed = 0x2545f4914f6cdd1d;

static unsigned below(unsigned limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 0x2545f4914f6cdd1d >> 33) % limit);
}

/* Deny these addresses, or with `negated` all others: `count` random prefixes, every eighth of IPv6. */
static struct policy *random_list(unsigned count, bool negated)
{
	struct policy_options options = case_options(POLICY_KIND_API);
	struct policy *policy;
	size_t bytes;
	char *text = NULL;
	FILE *stream = open_memstream(&text, &bytes);

	options.max_bytes = SIZE_MAX;
	fprintf(stream,
		"{\"Version\":\"2012-10-17\",\"Statement\":["
		"{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"},"
		"{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{"
		"\"%s\":{\"aws:VpcSourceIp\":[",
		negated ? "NotIpAddress" : "IpAddress");
	for (unsigned i = 0; i < count; i++) {
		if (below(8) == 0)
			fprintf(stream, "%s\"2001:db8:%x:%x::/%u\"", i ? "," : "", below(65536), below(65536),
				64 - below(17));
		else
			fprintf(stream, "%s\"10.%u.%u.%u/%u\"", i ? "," : "", below(256), below(256), below(256),
				32 - below(5));
	}
	fputs("]}}}]}", stream);
	fclose(stream);
	assert_int_equal(0, policy_parse(&policy, text, bytes, &options, NULL));
	free(text);
	return policy;
}

/* Disjoint and sorted, host bits zero; PASS where `exact` passes. Returns how many of the samples are dropped by each. */
static void check_widened(
	const struct source_filter *widened, const struct source_filter *exact, size_t *ret_dropped, size_t *ret_exact)
{
	for (size_t i = 1; i < widened->prefix_count; i++)
		assert_true(memcmp(widened->prefixes[i - 1].address.bytes, widened->prefixes[i].address.bytes, 16) < 0);
	*ret_dropped = *ret_exact = 0;
	for (unsigned i = 0; i < 20000; i++) {
		struct source_filter_address address = address_of("10.0.0.0");
		bool drop, exact_drop;

		/* Near what the policy names: an edge of a prefix of either filter, or one beside it, or any address. */
		if (i % 4 == 3 || exact->prefix_count == 0)
			for (size_t at = 13; at < 16; at++)
				address.bytes[at] = (uint8_t)below(256);
		else if (i % 4 == 2 && widened->prefix_count)
			address = widened->prefixes[below((unsigned)widened->prefix_count)].address;
		else
			address = exact->prefixes[below((unsigned)exact->prefix_count)].address;
		if (i % 8 == 1)
			for (int at = 15; at >= 0 && address.bytes[at]-- == 0; at--)
				;
		drop = source_filter_find(widened, &address, NULL) == SOURCE_FILTER_DROP;
		exact_drop = source_filter_find(exact, &address, NULL) == SOURCE_FILTER_DROP;
		if (drop && !exact_drop)
			fail_msg("dropped by the widened filter alone");
		*ret_dropped += drop;
		*ret_exact += exact_drop;
	}
}

static void a_widened_filter_fits_and_drops_nothing_more(void **state)
{
	static const size_t limits[] = { 1, 2, 16, 100, 900 };

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		bool negated = round % 2;
		struct policy *policy = random_list(1000, negated);
		struct source_filter_target target = target_of(policy);
		struct source_filter_input input = input_of(&target, 1);
		struct source_filter exact, widened;
		size_t dropped, exactly, limit = limits[round / 2 % 5];

		assert_int_equal(0, source_filter_compile(&exact, &input));
		assert_false(exact.widened);
		assert_int_equal(exact.prefix_count, exact.needed_count);
		input.max_prefixes = limit;
		assert_int_equal(-E2BIG, source_filter_compile(&widened, &input));
		assert_int_equal(exact.prefix_count, widened.needed_count);
		assert_null(widened.prefixes);
		input.may_widen = true;
		assert_int_equal(0, source_filter_compile(&widened, &input));
		assert_true(widened.widened);
		assert_int_equal(exact.prefix_count, widened.needed_count);
		assert_true(widened.prefix_count <= limit);
		check_widened(&widened, &exact, &dropped, &exactly);
		/* The form that keeps more is taken: with nine tenths of the prefixes nearly all stays. */
		if (limit == 900)
			assert_true(dropped * 10 > exactly * 8);
		assert_int_equal(
			negated && limit > 1 ? SOURCE_FILTER_DROP : widened.default_verdict, widened.default_verdict);
		source_filter_fini(&exact);
		source_filter_fini(&widened);
		policy_free(policy);
	}
}

static void the_largest_drops_and_the_cheapest_joins_are_chosen(void **state)
{
	struct policy *listed = case_policy(DENY_FROM("['10.0.0.1','10.1.0.0/16','10.2.0.0/24','10.3.0.1']"));
	struct policy *others = case_policy(DOCUMENT(ALLOW_ALL "," DENY_IF(
		"'NotIpAddress':{'aws:VpcSourceIp':['10.0.0.0','10.0.0.2','10.9.0.0/16','192.168.0.0/24']}")));
	struct source_filter_target target = target_of(listed);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter filter;

	(void)state;
	input.max_prefixes = 2;
	input.may_widen = true;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(SOURCE_FILTER_PASS, filter.default_verdict);
	assert_int_equal(2, filter.prefix_count);
	assert_int_equal(96 + 16, filter.prefixes[0].prefix_bits);
	assert_int_equal(96 + 24, filter.prefixes[1].prefix_bits);
	assert_int_equal(1, filter.prefixes[0].reason.statement);
	source_filter_fini(&filter);
	target.policy = others;
	input.max_prefixes = 3;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(SOURCE_FILTER_DROP, filter.default_verdict);
	assert_int_equal(1, filter.default_reason.statement);
	assert_int_equal(3, filter.prefix_count);
	/* 10.0.0.0 and 10.0.0.2 share 10.0.0.0/30. */
	assert_int_equal(96 + 30, filter.prefixes[0].prefix_bits);
	assert_int_equal(96 + 16, filter.prefixes[1].prefix_bits);
	assert_int_equal(96 + 24, filter.prefixes[2].prefix_bits);
	source_filter_fini(&filter);
	policy_free(listed);
	policy_free(others);
}

static void reasons_are_given_up_before_addresses(void **state)
{
	struct policy *policy =
		case_policy(DOCUMENT(ALLOW_ALL "," DENY_IF("'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/25'}") "," DENY_IF(
			"'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/24'}")));
	struct source_filter_target target = target_of(policy);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter filter;

	(void)state;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_int_equal(2, filter.prefix_count);
	source_filter_fini(&filter);
	input.max_prefixes = 1;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_false(filter.widened);
	assert_int_equal(1, filter.prefix_count);
	assert_int_equal(1, filter.needed_count);
	assert_int_equal(96 + 24, filter.prefixes[0].prefix_bits);
	assert_int_equal(-1, filter.prefixes[0].reason.statement);
	source_filter_fini(&filter);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stage_behind_a_domain_drops_what_either_policy_drops),
		cmocka_unit_test(a_stage_that_can_be_called_directly_is_judged_by_its_own_policy),
		cmocka_unit_test(one_domain_that_lets_in_keeps_the_stage_open),
		cmocka_unit_test(a_domain_without_policy_lets_nobody_in),
		cmocka_unit_test(an_endpoint_policy_is_asked_for_the_api_behind_a_domain),
		cmocka_unit_test(with_certain_policies_the_filter_is_exactly_what_no_way_in_allows),
		cmocka_unit_test(a_part_serves_every_endpoint_that_its_policy_does_not_tell_apart),
		cmocka_unit_test(a_gate_serves_the_targets_that_mean_the_same_to_the_endpoint_policy),
		cmocka_unit_test(an_api_that_the_endpoint_policy_forbids_keeps_nothing_open),
		cmocka_unit_test(parts_make_what_the_policies_make),
		cmocka_unit_test(equal_parts_share_their_intervals),
		cmocka_unit_test(a_widened_filter_fits_and_drops_nothing_more),
		cmocka_unit_test(the_largest_drops_and_the_cheapest_joins_are_chosen),
		cmocka_unit_test(reasons_are_given_up_before_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
