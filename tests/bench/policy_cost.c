/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_cost: what the policy library costs: nanoseconds of one evaluation of a policy of 20 statements and 8 KB by requests
 * that only its last statement denies, memory allocations in all of them, and milliseconds to flatten 10,000 CIDRs.
 *
 * The policy is what large ones are made of: address lists, globs and variables in resources and values, NotPrincipal, dates
 * and sets of values; most conditions of a statement hold before one of the last ones does not.
 *
 * usage: policy_cost      (prints lines `NAME VALUE`)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"
#include "policy/source_filter.h"
#include "tests/bench/allocations.h"

#define API "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"
#define STATEMENTS 20
#define POLICY_LEAST_BYTES 8000
#define ROUNDS 15
#define EVALUATIONS 20000
#define CIDRS 10000

/* ---- documents ---- */

static void fail(const char *what)
{
	fprintf(stderr, "policy_cost: %s\n", what);
	exit(1);
}

/* Prefixes that do not hold 10.1.2.3. */
static void write_cidrs(FILE *stream, unsigned first, unsigned count)
{
	fputc('[', stream);
	for (unsigned i = 0; i < count; i++)
		fprintf(stream, "%s\"10.%u.%u.0/24\"", i ? "," : "", 20 + (first + i) % 200, (first + i) * 7 % 256);
	fputc(']', stream);
}

/* One statement that does not apply to the requests below, of the seven kinds that large policies have. */
static void write_statement(FILE *stream, unsigned n)
{
	static const char *const heads[] = {
		"\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"" API "/*\"",
		"\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"arn:aws:iam::111122223333:role/operators\","
		"\"arn:aws:iam::111122223333:user/alice\"]},"
		"\"Action\":\"execute-api:*\",\"Resource\":\"" API "/prod/*/admin/*\"",
		"\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"execute-api:Invoke\","
		"\"Resource\":[\"" API "/prod/GET/users/${aws:username}/*/orders\",\"" API
		"/*/POST/*/${aws:username, 'nobody'}/*/parts/*/drafts\"]",
		"\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:In*\",\"Resource\":\"" API
		"/prod/*/*/reports/*\"",
	};

	fprintf(stream, "{\"Sid\":\"Statement%u\",%s,\"Condition\":{", n, heads[n % 4]);
	switch (n % 7) {
	case 0:
	case 5:
		fputs("\"StringEquals\":{\"aws:SourceVpce\":\"vpce-0a1b2c3d4e5f60718\"},"
		      "\"IpAddress\":{\"aws:VpcSourceIp\":",
			stream);
		write_cidrs(stream, n * 20, 3);
		fputc('}', stream);
		break;
	case 1:
		fputs("\"StringLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:user/"
		      "*\"},\"ArnNotLike\":{\"aws:PrincipalArn\":"
		      "[\"arn:aws:iam::111122223333:user/${aws:username}\",\"arn:aws:iam::*:role/*-deploy-*\"]}",
			stream);
		break;
	case 2:
		fputs("\"StringLike\":{\"aws:UserAgent\":[\"*curl*\",\"*python-requests/2.*\",\"*Java/1?.*.*\"]},"
		      "\"NotIpAddress\":{\"aws:VpcSourceIp\":",
			stream);
		write_cidrs(stream, n * 20, 3);
		fputc('}', stream);
		break;
	case 3:
		fputs("\"DateGreaterThan\":{\"aws:CurrentTime\":\"2020-01-01T00:00:00Z\"},\"NumericLessThan\":"
		      "{\"aws:MultiFactorAuthAge\":\"300\"},\"Bool\":{\"aws:SecureTransport\":\"false\"}",
			stream);
		break;
	case 4:
		fputs("\"ForAnyValue:StringLike\":{\"aws:PrincipalOrgPaths\":[\"o-a1b2c3d4e5/r-ab12/ou-*-security/*\","
		      "\"o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/*\"]},\"StringEqualsIfExists\":"
		      "{\"aws:PrincipalTag/team\":\"${aws:PrincipalTag/owner}\"}",
			stream);
		break;
	default:
		fputs("\"Null\":{\"aws:Referer\":\"false\"},\"StringNotEqualsIgnoreCase\":{\"aws:Referer\":"
		      "[\"https://pets.internal/list\",\"https://pets.internal/cart\",\"https://pets.internal/\"]}",
			stream);
	}
	fputs("}}", stream);
}

static struct policy *parse(const char *text, size_t count, size_t max_bytes)
{
	struct policy_options options = { .owner_arn = policy_text_of(API), .max_bytes = max_bytes };
	struct policy_error error;
	struct policy *policy;
	char line[512];

	if (policy_parse(&policy, text, count, &options, &error) == 0)
		return policy;
	policy_error_write(&error, line, sizeof line);
	fail(line);
	return NULL;
}

static struct policy *large_policy(void)
{
	struct policy *policy;
	char *text = NULL;
	size_t count = 0;
	FILE *stream = open_memstream(&text, &count);

	fputs("{\"Version\":\"2012-10-17\",\"Statement\":[", stream);
	for (unsigned i = 0; i + 1 < STATEMENTS; i++) {
		write_statement(stream, i);
		fputc(',', stream);
	}
	fputs("{\"Sid\":\"Last\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"" API
	      "/*/users/*\",\"Condition\":{\"NotIpAddress\":{\"aws:VpcSourceIp\":",
		stream);
	write_cidrs(stream, 900, 8);
	fputs("}}}]}", stream);
	fclose(stream);
	if (count < POLICY_LEAST_BYTES || count > POLICY_DEFAULT_MAX_BYTES)
		fprintf(stderr, "policy_cost: the policy has %zu bytes\n", count), exit(1);
	policy = parse(text, count, POLICY_DEFAULT_MAX_BYTES);
	free(text);
	return policy;
}

static struct policy *policy_of_cidrs(void)
{
	struct policy *policy;
	char *text = NULL;
	size_t count = 0;
	FILE *stream = open_memstream(&text, &count);

	fputs("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
	      "\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\","
	      "\"Condition\":{\"IpAddress\":{\"aws:VpcSourceIp\":[",
		stream);
	for (unsigned i = 0; i < CIDRS; i++) {
		/* Scattered: an odd multiplier visits each number of 24 bits once. */
		unsigned host = (i * 2654435761u >> 8) & ~1u;

		fprintf(stream, "%s\"10.%u.%u.%u\"", i ? "," : "", host >> 16 & 255, host >> 8 & 255, host & 255);
	}
	fputs("]}}}]}", stream);
	fclose(stream);
	policy = parse(text, count, SIZE_MAX);
	free(text);
	return policy;
}

/* ---- figures ---- */

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof *values, compare);
	return values[ROUNDS / 2];
}

/* A signed call and an anonymous one: both are denied by the last statement alone. */
static void make_requests(struct policy_request requests[2], struct policy_named_value *team)
{
	static const struct policy_text paths[] = { { "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", 37 },
		{ "o-a1b2c3d4e5/r-ab12/ou-ab12-33333333/", 37 } };

	for (unsigned i = 0; i < 2; i++) {
		struct policy_request *request = &requests[i];

		policy_request_init(request, policy_text_of(API "/prod/GET/users/alice/orders/17/parts/42"));
		policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1b2c3d4e5f60718"));
		policy_request_set(request, POLICY_KEY_SOURCE_VPC, policy_text_of("vpc-0b1c2d3e4f5061728"));
		policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.1.2.3"));
		policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
		policy_request_set(request, POLICY_KEY_CURRENT_TIME, policy_text_of("2026-01-31T12:00:00Z"));
		policy_request_set(request, POLICY_KEY_EPOCH_TIME, policy_text_of("1769860800"));
		policy_request_set(request, POLICY_KEY_REFERER, policy_text_of("https://pets.internal/list"));
		policy_request_set(request, POLICY_KEY_USER_AGENT,
			policy_text_of("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"));
	}
	if (policy_caller_parse(&requests[1].caller, policy_text_of("arn:aws:iam::111122223333:user/alice")))
		fail("the caller can't be parsed");
	policy_request_set(
		&requests[1], POLICY_KEY_PRINCIPAL_ARN, policy_text_of("arn:aws:iam::111122223333:user/alice"));
	policy_request_set(&requests[1], POLICY_KEY_PRINCIPAL_ACCOUNT, policy_text_of("111122223333"));
	policy_request_set(&requests[1], POLICY_KEY_USER_NAME, policy_text_of("alice"));
	policy_request_set(&requests[1], POLICY_KEY_MFA_AGE, policy_text_of("120"));
	requests[1].keys[POLICY_KEY_PRINCIPAL_ORG_PATHS] = (struct policy_value){ .list = paths, .list_count = 2 };
	*team = (struct policy_named_value){ .name = policy_text_of("aws:PrincipalTag/team"),
		.value.text = policy_text_of("pets") };
	requests[1].others = team;
	requests[1].other_count = 1;
}

static void measure_evaluation(void)
{
	struct policy *policy = large_policy();
	struct policy_named_value team;
	struct policy_request requests[2];
	double costs[ROUNDS];
	unsigned long before;

	make_requests(requests, &team);
	for (size_t i = 0; i < 2; i++) {
		struct policy_result result;

		policy_evaluate(policy, &requests[i], &result);
		if (result.verdict != POLICY_EXPLICIT_DENY || result.statement != STATEMENTS - 1)
			fprintf(stderr, "policy_cost: request %zu: %s by statement %d\n", i,
				policy_verdict_name(result.verdict), result.statement),
				exit(1);
	}
	before = allocation_count;
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now_ns();

		for (unsigned i = 0; i < EVALUATIONS; i++) {
			struct policy_result result;

			policy_evaluate(policy, &requests[i % 2], &result);
			if (result.statement != STATEMENTS - 1)
				fail("a verdict has changed");
		}
		costs[round] = (now_ns() - start) / EVALUATIONS;
	}
	before = allocation_count - before;
	printf("policy_eval_ns %.1f\n", median(costs));
	printf("policy_eval_allocations %lu\n", before);
	policy_free(policy);
}

static void measure_flattening(void)
{
	struct policy *policy = policy_of_cidrs();
	struct source_filter_target target = { .policy = policy, .arn = policy_text_of(API) };
	struct source_filter_input input = { .endpoint_id = policy_text_of("vpce-0a1b2c3d4e5f60718"),
		.vpc_id = policy_text_of("vpc-0b1c2d3e4f5061728"),
		.targets = &target,
		.target_count = 1 };
	double costs[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct source_filter filter;
		double start = now_ns();

		if (source_filter_compile(&filter, &input) || filter.prefix_count < CIDRS / 2)
			fail("the filter can't be made");
		costs[round] = (now_ns() - start) / 1e6;
		source_filter_fini(&filter);
	}
	printf("flatten_ms %.3f\n", median(costs));
	policy_free(policy);
}

int main(void)
{
	measure_evaluation();
	measure_flattening();
	return 0;
}
