/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * random_pairs: random policies with a request each, as JSON texts, for comparing evaluators.
 *
 * A pair depends on one number only, so that a failing one can be made again. Values come from small pools in which values
 * of policies and of requests often meet, and every member that may be absent, negated, listed or spelt in another case
 * sometimes is. All policies are accepted by the engine; some hold values that can't be read, as stored policies may.
 */
#ifndef POSTERN_TESTS_UNIT_POLICY_RANDOM_PAIRS_H
#define POSTERN_TESTS_UNIT_POLICY_RANDOM_PAIRS_H

#include "tests/unit/policy/cases.h"

#include <ctype.h>

struct random_pair {
	char policy[8192], request[8192]; /* JSON */
	enum policy_kind kind;            /* API, ENDPOINT or IDENTITY */
};

static uint64_t pair_state;

/* xorshift64*, from a seed whose neighbours give unlike sequences. */
static unsigned below(unsigned limit)
{
	pair_state ^= pair_state >> 12;
	pair_state ^= pair_state << 25;
	pair_state ^= pair_state >> 27;
	return (unsigned)((pair_state * 0x2545f4914f6cdd1d >> 33) % limit);
}

static void seed_pair(uint64_t seed)
{
	seed += 0x9e3779b97f4a7c15;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111eb;
	pair_state = (seed ^ seed >> 31) | 1;
}

#define PICK(list) (list)[below(sizeof(list) / sizeof *(list))]

/* ---- pools ---- */

enum pool { POOL_TEXT, POOL_NUMBER, POOL_DATE, POOL_BOOL, POOL_BINARY, POOL_IP, POOL_ARN, POOL_NULL, POOL_COUNT };

#define POOL_VALUES_MAX 24

/* Values that stand in policies, without quotes: JSON numbers and booleans keep none. Wrong ones are for stored policies. */
static const char *const policy_values[POOL_COUNT][POOL_VALUES_MAX] = {
	[POOL_TEXT] = { "alice", "alice", "Alice", "bob", "a*", "?lice", "al*ce", "*", "", "a?ice*", "*b*", "**e",
		"${aws:username}", "${AWS:UserName, 'alice'}", "${aws:PrincipalTag/team,'bob'}", "${*}", "a${*}",
		"${$}{x", "${aws:PrincipalOrgPaths}", "${aws:PrincipalOrgPaths, 'bob'}", "${example:nowhere}",
		"a${aws:userid, ''}", "?${example:nowhere, '*'}", "true" },
	[POOL_NUMBER] = { "5", "5", "5.0", "#5", "#10", "#2.5", "-1", "0", "-0", "4.999999", "5.000001", "10", "300",
		"1769860800", "0.10", "00.1" },
	[POOL_DATE] = { "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31", "2026-01-31T00:00:00Z",
		"2026-01-31T13:00:00+01:00", "2026-01-31T11:59:59.999Z", "#1769860800", "1769860800.000",
		"2026-01-31T12:00Z", "2026-01", "2028-02-29T23:30:00-05:30", "1969-12-31", "-86400" },
	[POOL_BOOL] = { "true", "false", "TRUE", "#true", "#false", "${aws:MultiFactorAuthPresent}",
		"${aws:PrincipalTag/flag, 'true'}", "${aws:PrincipalTag/flag}" },
	[POOL_BINARY] = { "YWxpY2U=", "YWxpY2U=", "Ym9i", "", "Kg==", "QWxpY2U=", "dHJ1ZQ==" },
	[POOL_IP] = { "10.1.0.0/16", "10.1.2.3", "10.1.2.3/32", "10.1.2.3/31", "10.1.200.3/16", "10.0.0.0/8",
		"0.0.0.0/0", "::/0", "2001:db8::/32", "2001:DB8:0::1", "2001:db8::1/127", "2001:db8:ffff::9/32",
		"::ffff:10.1.2.3", "::ffff:0:0/96", "192.168.0.0/24" },
	[POOL_ARN] = { "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/alice",
		"arn:aws:iam::*:user/al*", "arn:*:iam::1111?2223333:*",
		"arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:iam::${aws:PrincipalAccount}:user/alice",
		"arn:aws:iam::${aws:PrincipalArn}:x", "*", "arn:aws:iam::111122223333:user/${*}",
		"ARN:aws:iam::111122223333:user/alice", "arn:aws:iam", "${aws:PrincipalArn}",
		"arn:aws:iam::111122223333:user/a:b*", "arn:aws:iam:*:*:${example:nowhere, 'x'}" },
	[POOL_NULL] = { "true", "false", "#true", "#false", "TRUE" },
};

static const char *const wrong_values[POOL_COUNT][POOL_VALUES_MAX] = {
	[POOL_NUMBER] = { "five", "", "0x5", "5 ", "." },
	[POOL_DATE] = { "2026-02-30", "2026-13-01", "yesterday", "2026-01-31T25:00:00Z", "" },
	[POOL_BOOL] = { "yes", "", "1" },
	[POOL_BINARY] = { "YWx", "Y*==" },
	[POOL_IP] = { "10.0.0.0/33", "2001:db8::/129", "10.0.0", "x", "", "10.1.2.3/" },
	[POOL_NULL] = { "yes", "" },
};

static const char *const request_values[POOL_COUNT][POOL_VALUES_MAX] = {
	[POOL_TEXT] = { "alice", "alice", "alice", "Alice", "bob", "*", "a*", "", "ALICE", "al?ce", "true",
		"${aws:username}", "${}{x", "${*}", "a" },
	[POOL_NUMBER] = { "5", "5", "4.999999", "5.000001", "10.0", "2.5", "-1", "0", "-0.0", "0.1", "five", "",
		"300" },
	[POOL_DATE] = { "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z", "2026-01-31T00:00:00Z",
		"2026-01-31T11:59:59.999Z", "1769860800", "2028-03-01T05:00:00Z", "1969-12-31T00:00:00Z", "2026-02-30",
		"now", "2026-01-01" },
	[POOL_BOOL] = { "true", "true", "false", "TRUE", "False", "yes", "" },
	[POOL_IP] = { "10.1.2.3", "10.1.2.3", "10.1.2.2", "10.2.0.1", "192.168.0.1", "2001:db8::1", "2001:db8::",
		"2001:db9::1", "::ffff:10.1.2.3", "::1", "255.255.255.255", "0.0.0.0", "x", "10.1.2", "010.1.2.3", "" },
	[POOL_ARN] = { "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/alice",
		"arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:user/*",
		"arn:aws:iam::444455556666:role/p/dev", "arn:aws:iam::111122223333:user/a:b", "arn:aws:iam", "x",
		"arn:aws:iam::111122223333:user/" },
};

static const struct {
	const char *name;
	enum pool pool;
} pair_keys[] = {
	{ "aws:SourceVpce", POOL_TEXT },
	{ "aws:username", POOL_TEXT },
	{ "aws:PrincipalTag/team", POOL_TEXT },
	{ "aws:PrincipalOrgPaths", POOL_TEXT },
	{ "aws:MultiFactorAuthAge", POOL_NUMBER },
	{ "example:Numbers", POOL_NUMBER },
	{ "aws:CurrentTime", POOL_DATE },
	{ "example:Dates", POOL_DATE },
	{ "aws:MultiFactorAuthPresent", POOL_BOOL },
	{ "example:Flags", POOL_BOOL },
	{ "aws:PrincipalTag/flag", POOL_BOOL },
	{ "aws:VpcSourceIp", POOL_IP },
	{ "example:Addresses", POOL_IP },
	{ "aws:PrincipalArn", POOL_ARN },
	{ "example:Arns", POOL_ARN },
	{ "aws:PrincipalAccount", POOL_TEXT },
};

#define PAIR_KEYS (sizeof pair_keys / sizeof *pair_keys)

static const struct {
	const char *name;
	enum pool pool;
} pair_operators[] = {
	{ "StringEquals", POOL_TEXT },
	{ "StringNotEquals", POOL_TEXT },
	{ "StringEqualsIgnoreCase", POOL_TEXT },
	{ "StringNotEqualsIgnoreCase", POOL_TEXT },
	{ "StringLike", POOL_TEXT },
	{ "StringNotLike", POOL_TEXT },
	{ "NumericEquals", POOL_NUMBER },
	{ "NumericNotEquals", POOL_NUMBER },
	{ "NumericLessThan", POOL_NUMBER },
	{ "NumericLessThanEquals", POOL_NUMBER },
	{ "NumericGreaterThan", POOL_NUMBER },
	{ "NumericGreaterThanEquals", POOL_NUMBER },
	{ "DateEquals", POOL_DATE },
	{ "DateNotEquals", POOL_DATE },
	{ "DateLessThan", POOL_DATE },
	{ "DateLessThanEquals", POOL_DATE },
	{ "DateGreaterThan", POOL_DATE },
	{ "DateGreaterThanEquals", POOL_DATE },
	{ "Bool", POOL_BOOL },
	{ "BinaryEquals", POOL_BINARY },
	{ "IpAddress", POOL_IP },
	{ "NotIpAddress", POOL_IP },
	{ "ArnEquals", POOL_ARN },
	{ "ArnNotEquals", POOL_ARN },
	{ "ArnLike", POOL_ARN },
	{ "ArnNotLike", POOL_ARN },
	{ "Null", POOL_NULL },
};

#define API_ACCOUNT "111122223333"
#define OTHER_ACCOUNT "444455556666"

static const char *const pair_principals[] = { "*", API_ACCOUNT, OTHER_ACCOUNT, "arn:aws:iam::" API_ACCOUNT ":root",
	"arn:aws:iam::" OTHER_ACCOUNT ":root", "arn:aws:iam::" API_ACCOUNT ":user/alice",
	"arn:aws:iam::" API_ACCOUNT ":user/Alice", "arn:aws:iam::" OTHER_ACCOUNT ":user/bob",
	"arn:aws:iam::" OTHER_ACCOUNT ":role/dev", "arn:aws:iam::" OTHER_ACCOUNT ":role/p/dev",
	"arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/dev/s1", "arn:aws:sts::" API_ACCOUNT ":federated-user/f" };
/* The caller, and the role of a session; a role without a path is sometimes left for the engine to derive. */
static const char *const pair_callers[][2] = { { "anonymous" }, { "anonymous" },
	{ "arn:aws:iam::" API_ACCOUNT ":user/alice" }, { "arn:aws:iam::" API_ACCOUNT ":user/alice" },
	{ "arn:aws:iam::" OTHER_ACCOUNT ":user/bob" }, { "arn:aws:iam::" API_ACCOUNT ":root" },
	{ "arn:aws:iam::" OTHER_ACCOUNT ":root" }, { "arn:aws:sts::" API_ACCOUNT ":federated-user/f" },
	{ "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/dev/s1", "arn:aws:iam::" OTHER_ACCOUNT ":role/dev" },
	{ "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/dev/s2", "arn:aws:iam::" OTHER_ACCOUNT ":role/p/dev" } };
static const char *const pair_actions[] = { "*", "execute-api:Invoke", "execute-api:*", "EXECUTE-API:inv*",
	"execute-api:In?oke", "execute-api:ManageConnections", "execute-api:Inv*e", "s3:*", "apigateway:G?T" };
static const char *const asked_actions[] = { "execute-api:Invoke", "execute-api:Invoke", "execute-api:Invoke",
	"execute-api:InvalidateCache", "execute-api:ManageConnections", "Execute-API:INVOKE", "apigateway:GET" };
static const char *const pair_resources[] = { "*", "*", CASE_API "/*", CASE_API "/*", CASE_API "/prod/*",
	CASE_API "/prod/GET/pets", CASE_API "/prod/get/pets", CASE_API "/*/pets", CASE_API "/", "arn:aws:execute-api:*",
	"arn:aws:execute-api:*:*:*", "arn:AWS:execute-api:US-*:1111?2223333:a1b2*/GET/*", CASE_API "/prod/GET/p?ts",
	CASE_API "/prod/GET/${aws:username}", CASE_API "/prod/GET/${aws:username, 'pets'}", CASE_API "/prod/GET/${*}",
	"arn:aws:execute-api:us-east-1:444455556666:*", CASE_API "/prod/GET/a/${aws:PrincipalTag/team}*" };
static const char *const shorthands[] = { "execute-api:/*", "execute-api:/prod/*",
	"execute-api:/prod/GET/${aws:username}", "execute-api:/*/GET/*" };
static const char *const asked_resources[] = { CASE_METHOD, CASE_METHOD, CASE_METHOD, CASE_API "/prod/GET/alice",
	CASE_API "/prod/GET/*", CASE_API "/prod/GET/", CASE_API "/dev/POST/a/b/pets", CASE_API "/prod/GET/a/bob/c:d",
	"arn:aws:execute-api:eu-west-1:444455556666:a1b2c3d4e5/prod/GET/pets", CASE_API "/prod/GET/${aws:username}" };

/* ---- writing ---- */

static const char *pick_value(const char *const pool[POOL_VALUES_MAX])
{
	unsigned count = 0;

	while (count < POOL_VALUES_MAX && pool[count])
		count++;
	return pool[below(count)];
}

static void write_string(FILE *to, const char *text)
{
	if (text[0] == '#') /* a JSON number or boolean */
		fputs(text + 1, to);
	else
		fprintf(to, "\"%s\"", text);
}

/* A name; now and then in another case. */
static void write_name(FILE *to, const char *prefix, const char *name, const char *suffix)
{
	char text[128];

	snprintf(text, sizeof text, "%s%s%s", prefix, name, suffix);
	if (!below(8))
		for (char *at = text; *at; at++)
			*at = (char)(below(2) ? tolower(*at) : toupper(*at));
	fprintf(to, "\"%s\":", text);
}

/* One value without brackets, or a list of up to three. */
static void write_list(FILE *to, const char *const *values, unsigned count)
{
	unsigned wanted = 1 + below(3);

	if (below(2)) {
		write_string(to, values[below(count)]);
		return;
	}
	fputc('[', to);
	for (unsigned i = 0; i < wanted; i++) {
		fputs(i ? "," : "", to);
		write_string(to, values[below(count)]);
	}
	fputc(']', to);
}

#define WRITE_LIST(to, list) write_list(to, list, sizeof(list) / sizeof *(list))

static void write_condition_values(FILE *to, enum pool pool)
{
	unsigned count = below(12) ? 1 + below(3) : 0; /* an empty list is fine, and matches nothing */
	bool brackets = count != 1 || below(2);

	fputs(brackets ? "[" : "", to);
	for (unsigned i = 0; i < count; i++) {
		fputs(i ? "," : "", to);
		write_string(
			to, pick_value(below(8) || !wrong_values[pool][0] ? policy_values[pool] : wrong_values[pool]));
	}
	fputs(brackets ? "]" : "", to);
}

static size_t key_of_pool(enum pool pool)
{
	size_t key;

	if (pool == POOL_BINARY)
		pool = POOL_TEXT;
	do
		key = below(PAIR_KEYS);
	while (pool != POOL_NULL && pair_keys[key].pool != pool && below(12));
	return key;
}

/* Up to two operators with up to two keys. */
static void write_condition(FILE *to)
{
	static const char *const prefixes[] = { "", "", "ForAllValues:", "ForAnyValue:" };
	unsigned first = below(sizeof pair_operators / sizeof *pair_operators), blocks = 1 + !below(6);

	fputs(",\"Condition\":{", to);
	for (unsigned i = 0; i < blocks; i++) {
		unsigned op = (first + i * 7) % (sizeof pair_operators / sizeof *pair_operators);
		enum pool pool = pair_operators[op].pool;
		size_t key = key_of_pool(pool), other = key_of_pool(pool);

		fputs(i ? "," : "", to);
		write_name(
			to, PICK(prefixes), pair_operators[op].name, pool != POOL_NULL && below(2) ? "IfExists" : "");
		fputc('{', to);
		write_name(to, "", pair_keys[key].name, "");
		write_condition_values(to, pool);
		if (other != key && !below(4)) {
			fputc(',', to);
			write_name(to, "", pair_keys[other].name, "");
			write_condition_values(to, pool);
		}
		fputc('}', to);
	}
	fputc('}', to);
}

static void write_principal(FILE *to)
{
	static const char *const services[] = { "apigateway.amazonaws.com", "s3.amazonaws.com" };

	if (below(4)) {
		fputs("\"Principal\":\"*\",", to);
		return;
	}
	fprintf(to, "\"%s\":", below(3) ? "Principal" : "NotPrincipal");
	if (!below(12)) {
		fputs("\"*\",", to);
		return;
	}
	fputc('{', to);
	if (!below(4)) {
		fputs("\"Service\":", to);
		WRITE_LIST(to, services);
		fputc(',', to);
	}
	fputs("\"AWS\":", to);
	WRITE_LIST(to, pair_principals);
	fputs("},", to);
}

static void write_statement(FILE *to, enum policy_kind kind)
{
	fprintf(to, "{\"Effect\":\"%s\",", below(3) ? "Allow" : "Deny");
	if (kind != POLICY_KIND_IDENTITY)
		write_principal(to);
	fprintf(to, "\"%s\":", below(8) ? "Action" : "NotAction");
	if (below(4))
		fputs("\"*\"", to);
	else
		WRITE_LIST(to, pair_actions);
	fprintf(to, ",\"%s\":", below(8) ? "Resource" : "NotResource");
	if (kind == POLICY_KIND_API && !below(4))
		WRITE_LIST(to, shorthands);
	else if (below(3))
		fputs("\"*\"", to);
	else
		WRITE_LIST(to, pair_resources);
	if (below(8))
		write_condition(to);
	fputc('}', to);
}

static void write_policy(FILE *to, enum policy_kind kind)
{
	static const char *const versions[] = { "\"Version\":\"2012-10-17\",", "\"Version\":\"2012-10-17\",",
		"\"Version\":\"2012-10-17\",", "\"Version\":\"2008-10-17\",", "" };
	unsigned count = 1 + below(3);
	bool brackets = count > 1 || below(2);

	fprintf(to, "{%s\"Statement\":%s", PICK(versions), brackets ? "[" : "");
	for (unsigned i = 0; i < count; i++) {
		fputs(i ? "," : "", to);
		write_statement(to, kind);
	}
	fprintf(to, "%s}", brackets ? "]" : "");
}

/* All keys: each absent, with one value, or with a list; the engine's room for lists is CASE_LIST_MAX. */
static void write_context(FILE *to)
{
	unsigned room = CASE_LIST_MAX;
	bool any = false;

	fputs("\"context\":{", to);
	for (size_t key = 0; key < PAIR_KEYS; key++) {
		unsigned form = below(8), count = below(3);
		enum pool pool = below(16) ? pair_keys[key].pool : POOL_TEXT;

		if (form < 2)
			continue;
		fprintf(to, "%s\"%s\":", any ? "," : "", pair_keys[key].name);
		any = true;
		if (form > 3 || count > room) {
			write_string(to, pick_value(request_values[pool]));
			continue;
		}
		fputc('[', to);
		for (unsigned i = 0; i < count; i++) {
			fputs(i ? "," : "", to);
			write_string(to, pick_value(request_values[pool]));
		}
		room -= count;
		fputc(']', to);
	}
	fputs("}}", to);
}

static void write_request(FILE *to)
{
	unsigned caller = below(sizeof pair_callers / sizeof *pair_callers);

	fprintf(to, "{\"action\":\"%s\",\"resource\":\"%s\",\"principal\":\"%s\",", PICK(asked_actions),
		PICK(asked_resources), pair_callers[caller][0]);
	if (pair_callers[caller][1])
		fprintf(to, "\"role\":\"%s\",", pair_callers[caller][1]);
	write_context(to);
}

/* The pair of this number. */
static void random_pair(struct random_pair *ret, uint64_t seed)
{
	static const enum policy_kind kinds[] = { POLICY_KIND_API, POLICY_KIND_API, POLICY_KIND_API,
		POLICY_KIND_ENDPOINT, POLICY_KIND_IDENTITY };
	FILE *to;

	seed_pair(seed);
	ret->kind = PICK(kinds);
	to = fmemopen(ret->policy, sizeof ret->policy, "w");
	write_policy(to, ret->kind);
	assert_int_equal(0, fclose(to));
	to = fmemopen(ret->request, sizeof ret->request, "w");
	write_request(to);
	assert_int_equal(0, fclose(to));
}

#endif
