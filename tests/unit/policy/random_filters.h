/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * random_filters: random policies behind an endpoint, the addresses at which their source filter can change, and random
 * requests from these, for comparing filter and evaluator: in user space (source_filter_test) and in the kernel (tests/unit/netns).
 */
#ifndef POSTERN_TESTS_UNIT_POLICY_RANDOM_FILTERS_H
#define POSTERN_TESTS_UNIT_POLICY_RANDOM_FILTERS_H

#include "tests/unit/policy/cases.h"

#include <arpa/inet.h>

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

/* ---- random policies ---- */

static uint64_t random_seed = 0x9e3779b97f4a7c15;

/* xorshift64*: the same sequence in every run, unless `random_seed` is set to another number than 0. */
static unsigned below(unsigned limit)
{
	random_seed ^= random_seed >> 12;
	random_seed ^= random_seed << 25;
	random_seed ^= random_seed >> 27;
	return (unsigned)((random_seed * 0x2545f4914f6cdd1d >> 33) % limit);
}

#define PICK(list) (list)[below(sizeof(list) / sizeof *(list))]

static const char *const source_cidrs[] = { "10.1.0.0/16", "10.1.2.0/24", "10.1.2.128/25", "10.0.0.0/8", "0.0.0.0/0",
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
		fprintf(stream, "%s'%s'", i ? "," : "", PICK(source_cidrs));
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

	for (size_t i = 0; i < sizeof source_cidrs / sizeof *source_cidrs; i++) {
		char text[64];
		char *slash;
		struct source_filter_address first, last;
		int bits;

		snprintf(text, sizeof text, "%s", source_cidrs[i]);
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

#endif
