/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * naive: a second policy evaluator, for the tests alone, so that the engine is judged by something it shares nothing with.
 *
 * Written from the text of spec/policy.md, section by section, over the JSON trees themselves: no compiling, no remembering,
 * recursion instead of cleverness. It has no file, parser or table in common with policy/; documents are taken as valid.
 * Each entry of a truth table passes naive_truth() with a number of its own. naive_mutated turns one of them round, which
 * makes a wrong evaluator: a generator of test cases is good enough if it tells each of them from the engine.
 * Source: spec/policy.md 1.1 to 1.4, 2, 3 and 5.
 */
#ifndef POSTERN_TESTS_UNIT_POLICY_NAIVE_H
#define POSTERN_TESTS_UNIT_POLICY_NAIVE_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

/* What comparing a request's value with a policy's value gives. Without an order, UNEQUAL stands for GREATER. */
enum naive_outcome { NAIVE_LESS, NAIVE_EQUAL, NAIVE_GREATER, NAIVE_UNREADABLE, NAIVE_OUTCOMES };
#define NAIVE_UNEQUAL NAIVE_GREATER
/* Prefix and suffix of an operator as one number: the set (none, ForAllValues, ForAnyValue) twice, plus 1 with IfExists. */
#define NAIVE_FORMS 6
/* Entries of an operator's truth table: the outcomes; then for each form an absent key, and a list that says nothing. */
#define NAIVE_ABSENT NAIVE_OUTCOMES
#define NAIVE_LIST (NAIVE_ABSENT + NAIVE_FORMS)
#define NAIVE_ENTRIES (NAIVE_LIST + NAIVE_FORMS)

/* The table of section 2: what an operator compares, which outcome it wants and whether it negates is in its name. */
static const char *const naive_operators[] = { "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
	"StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "NumericEquals", "NumericNotEquals",
	"NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals",
	"DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool",
	"BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null" };
#define NAIVE_OPERATORS ((int)(sizeof naive_operators / sizeof *naive_operators))

/* The rules besides the operators' tables are numbered by the line where they are asked. */
#define NAIVE_RULES (NAIVE_OPERATORS * NAIVE_ENTRIES)
#define NAIVE_RULE (NAIVE_RULES + __LINE__)
#define NAIVE_TRUTHS (NAIVE_RULES + 500)

static int naive_mutated = -1;           /* the entry that is turned round; -1: none */
static bool naive_touched[NAIVE_TRUTHS]; /* entries looked at since the caller last cleared this */

static bool naive_truth(int entry, bool value)
{
	naive_touched[entry] = true;
	return value != (entry == naive_mutated);
}

/* A policy with its request, as JSON: action, resource, principal ("anonymous" or an ARN), role (of a session), context. */
struct naive_case {
	const cJSON *policy, *request;
	const char *kind;  /* "api", "endpoint" or "identity" */
	const char *owner; /* ARN of the API, for the shorthand */
};

static const char *naive_member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* ---- texts and patterns (1.2, 1.3, 3) ---- */
#define NAIVE_TEXT_MAX 512
/* Bytes after variables are replaced; `written` marks those of the document, which alone may be wildcards or separators. */
struct naive_pattern {
	char bytes[NAIVE_TEXT_MAX];
	bool written[NAIVE_TEXT_MAX];
	size_t count;
};

static void naive_append(struct naive_pattern *pattern, const char *bytes, size_t count, bool written)
{
	if (pattern->count + count >= NAIVE_TEXT_MAX)
		abort();
	memcpy(pattern->bytes + pattern->count, bytes, count);
	memset(pattern->written + pattern->count, written, count);
	pattern->count += count;
}

/* Append what stands for ${inside}; false if it is unresolved. */
static bool naive_variable(struct naive_pattern *pattern, const struct naive_case *of, const char *inside, size_t count)
{
	char name[256], *comma, *first;
	const cJSON *value;

	snprintf(name, sizeof name, "%.*s", (int)count, inside);
	if (strcmp(name, "*") == 0 || strcmp(name, "?") == 0 || strcmp(name, "$") == 0) {
		naive_append(pattern, name, 1, false);
		return true;
	}
	comma = strchr(name, ',');
	name[strcspn(name, ",")] = '\0';
	value = cJSON_GetObjectItem(cJSON_GetObjectItemCaseSensitive(of->request, "context"), name);
	if (value && naive_truth(NAIVE_RULE, cJSON_IsString(value))) {
		inside = cJSON_IsString(value) ? value->valuestring : "alice";
		naive_append(pattern, inside, strlen(inside), naive_truth(NAIVE_RULE, false));
		return true;
	}
	if (!naive_truth(NAIVE_RULE, comma) || !comma)
		return false;
	first = strchr(comma + 1, '\'') + 1;
	naive_append(pattern, first, (size_t)(strrchr(first, '\'') - first), false);
	return true;
}

/* A text of the document with variables replaced if `variables` (and the version) say so; false: unresolved. */
static bool naive_expand(struct naive_pattern *pattern, const struct naive_case *of, const char *text, bool variables)
{
	const char *version = naive_member(of->policy, "Version");

	*pattern = (struct naive_pattern){ .count = 0 };
	if (variables && strstr(text, "${"))
		variables = naive_truth(NAIVE_RULE, version && strcmp(version, "2012-10-17") == 0);
	while (*text) {
		const char *close = variables && strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;

		if (close && !naive_variable(pattern, of, text + 2, (size_t)(close - text - 2)))
			return false;
		if (!close)
			naive_append(pattern, text, 1, true);
		text = close ? close + 1 : text + 1;
	}
	return true;
}

/* The pattern's bytes from `at` to before `end` against `count` bytes of text. */
static bool naive_like(
	const struct naive_pattern *pattern, size_t at, size_t end, const char *text, size_t count, bool folded)
{
	if (at == end)
		return count == 0;
	if (pattern->written[at] && pattern->bytes[at] == '*') {
		for (size_t taken = 0; taken <= count; taken++)
			if (naive_like(pattern, at + 1, end, text + taken, count - taken, folded))
				return true;
		return false;
	}
	if (count == 0 ||
		!((pattern->written[at] && pattern->bytes[at] == '?' && naive_truth(NAIVE_RULE, true)) ||
			pattern->bytes[at] == text[0] || (folded && strncasecmp(pattern->bytes + at, text, 1) == 0)))
		return false;
	return naive_like(pattern, at + 1, end, text + 1, count - 1, folded);
}

/* Six parts, each against its own; a resource compares the first five without case. */
static bool naive_arn(const struct naive_pattern *pattern, const char *arn, bool resource)
{
	size_t at = 0, end;

	for (int part = 0; part < 5; part++) {
		const char *colon = strchr(arn, ':');

		for (end = at; end < pattern->count && !(pattern->written[end] && pattern->bytes[end] == ':'); end++)
			;
		if (!colon || end == pattern->count)
			return false;
		if (!naive_like(
			    pattern, at, end, arn, (size_t)(colon - arn), resource && naive_truth(NAIVE_RULE, true)))
			return false;
		at = end + 1;
		arn = colon + 1;
	}
	return naive_like(pattern, at, pattern->count, arn, strlen(arn), resource && naive_truth(NAIVE_RULE, false));
}

/* ---- values (2) ---- */
static bool naive_number(const char *text, long double *ret)
{
	static const char digits[] = "0123456789";
	size_t at = text[0] == '-', whole = strspn(text + at, digits), fraction = 1;

	at += whole;
	if (text[at] == '.')
		at += 1 + (fraction = strspn(text + at + 1, digits));
	*ret = strtold(text, NULL);
	return whole && fraction && !text[at];
}

/* Epoch seconds, or YYYY-MM[-DD[Thh:mm[:ss[.fraction]]zone]]. */
static bool naive_date(const char *text, long double *ret)
{
	struct tm tm = { .tm_mday = 1 };
	long double fraction = 0;
	int day, hours = 0, minutes = 0, used = 0;
	char *rest, sign[2] = "";

	if (naive_number(text, ret))
		return true;
	rest = strptime(text, "%Y-%m", &tm);
	rest = rest && *rest == '-' ? strptime(rest, "-%d", &tm) : rest;
	if (rest && *rest == 'T') {
		rest = strptime(rest, "T%H:%M", &tm);
		rest = rest && *rest == ':' ? strptime(rest, ":%S", &tm) : rest;
		if (rest && *rest == '.')
			fraction = strtold(rest, &rest);
		if (rest && sscanf(rest, "%1[+-]%2d:%2d%n", sign, &hours, &minutes, &used) == 3)
			rest += used;
		else if (!rest || *rest++ != 'Z')
			return false;
	}
	if (!rest || *rest)
		return false;
	day = tm.tm_mday;
	*ret = (long double)timegm(&tm) + fraction - (sign[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
	return tm.tm_mday == day; /* timegm() turned 30 February into March */
}

static enum naive_outcome naive_ip(const char *cidr, const char *address)
{
	unsigned char network[16], host[16];
	int family = strchr(cidr, ':') ? AF_INET6 : AF_INET, other = strchr(address, ':') ? AF_INET6 : AF_INET;
	int width = family == AF_INET ? 32 : 128, bits = width, used = 0;
	char base[64] = "";

	if (sscanf(cidr, "%63[^/]/%d%n", base, &bits, &used) == 2 ? cidr[used] || bits > width
								  : strchr(cidr, '/') != NULL)
		return NAIVE_UNREADABLE;
	if (inet_pton(family, base, network) != 1 || inet_pton(other, address, host) != 1)
		return NAIVE_UNREADABLE;
	if (!naive_truth(NAIVE_RULE, family == other))
		return NAIVE_UNEQUAL;
	if (!naive_truth(NAIVE_RULE, true)) /* bits under the mask don't count */
		bits = width;
	for (int bit = 0; bit < bits; bit++)
		if ((network[bit / 8] ^ host[bit / 8]) & (0x80 >> bit % 8))
			return NAIVE_UNEQUAL;
	return NAIVE_EQUAL;
}

/* The policy's value is base64 of the value wanted, which may be written in base64 too. */
static bool naive_binary(const char *value, const char *actual)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[NAIVE_TEXT_MAX] = "";
	size_t count = strlen(actual), to = 0;

	for (size_t at = 0; at < count; at += 3) {
		unsigned bits = 0;

		for (size_t i = at; i < at + 3; i++)
			bits = bits << 8 | (i < count ? (unsigned char)actual[i] : 0u);
		for (size_t i = 0; i < 4; i++)
			text[to++] = i > count - at ? '=' : digits[bits >> (18 - 6 * i) & 63];
	}
	return strcmp(text, value) == 0 || strcmp(actual, value) == 0;
}

static bool naive_boolean(const char *text, long double *ret)
{
	*ret = strcasecmp(text, "true") == 0;
	return *ret != 0 || strcasecmp(text, "false") == 0;
}

/* With Null, `actual` is "true" if the key is absent. */
static enum naive_outcome naive_compare(
	const struct naive_case *of, const char *op, const char *value, const char *actual)
{
	bool variables = strstr(op, "String") || strncmp(op, "Arn", 3) == 0 || strcmp(op, "Bool") == 0, equal;
	bool (*read)(const char *, long double *) = strncmp(op, "Numeric", 7) == 0                       ? naive_number
						    : strncmp(op, "Date", 4) == 0                        ? naive_date
						    : strcmp(op, "Bool") == 0 || strcmp(op, "Null") == 0 ? naive_boolean
													 : NULL;
	struct naive_pattern pattern;
	long double left, right;

	if (!naive_expand(&pattern, of, value, variables))
		return NAIVE_UNREADABLE;
	if (read && (!read(pattern.bytes, &right) || !read(actual, &left)))
		return NAIVE_UNREADABLE;
	if (read)
		return left < right ? NAIVE_LESS : left > right ? NAIVE_GREATER : NAIVE_EQUAL;
	if (strstr(op, "IpAddress"))
		return naive_ip(value, actual);
	if (strcmp(op, "BinaryEquals") == 0)
		equal = naive_binary(value, actual);
	else if (strncmp(op, "Arn", 3) == 0)
		equal = naive_arn(&pattern, actual, false);
	else if (strstr(op, "Like"))
		equal = naive_like(&pattern, 0, pattern.count, actual, strlen(actual), false);
	else
		equal = (strstr(op, "IgnoreCase") ? strcasecmp : strcmp)(pattern.bytes, actual) == 0;
	return equal ? NAIVE_EQUAL : NAIVE_UNEQUAL;
}

/* Does the operator, without its Not, want this outcome? */
static bool naive_wants(const char *op, enum naive_outcome outcome)
{
	const char *than = strstr(op, "Than");

	return outcome == NAIVE_EQUAL
		       ? !than || strstr(than, "Equals")
		       : than && strstr(op, outcome == NAIVE_LESS ? "Less" : "Greater") && outcome != NAIVE_UNREADABLE;
}

/* ---- conditions (2, 2.1) ---- */
/* Elements of a list; a value without brackets is one. Values of members are told from elements by their name. */
#define NAIVE_EACH(element, node)                                                                                      \
	for (const cJSON *element = cJSON_IsArray(node) ? (node)->child : (node); element;                             \
		element = element->string ? NULL : element->next)
/* One value of the request against the list: alternatives, or none of them. */
static bool naive_value(const struct naive_case *of, int op, const cJSON *values, const char *actual)
{
	bool any = false;

	NAIVE_EACH(value, values)
	{
		char *printed = cJSON_IsString(value) ? NULL : cJSON_PrintUnformatted(value);
		enum naive_outcome outcome =
			naive_compare(of, naive_operators[op], printed ? printed : value->valuestring, actual);

		if (naive_truth(op * NAIVE_ENTRIES + (int)outcome, naive_wants(naive_operators[op], outcome)))
			any = true;
		free(printed);
	}
	return any != (strstr(naive_operators[op], "Not") != NULL);
}

static bool naive_holds(const struct naive_case *of, int op, int form, const cJSON *values, const cJSON *actual)
{
	bool if_exists = form & 1, null = strcmp(naive_operators[op], "Null") == 0;
	bool negated = strstr(naive_operators[op], "Not");
	int set = form / 2, entry = op * NAIVE_ENTRIES;

	if (!actual && set == 0 && !if_exists)
		return naive_truth(entry + NAIVE_ABSENT, null ? naive_value(of, op, values, "true") : negated);
	if (!actual)
		return naive_truth(entry + NAIVE_ABSENT + form, set == 1 || if_exists);
	if (cJSON_IsArray(actual) && set == 0) /* an array is present, and that is all that can be said of it */
		return naive_truth(entry + NAIVE_LIST + form, null && naive_value(of, op, values, "false"));
	if (cJSON_IsArray(actual) && !actual->child)
		return naive_truth(entry + NAIVE_LIST + form, set == 1 || if_exists);
	NAIVE_EACH(element, actual)
	{
		bool holds = naive_value(of, op, values, null ? "false" : element->valuestring);

		if (holds != (set == 1))
			return holds;
	}
	return set == 1;
}

static bool naive_condition(const struct naive_case *of, const char *name, const cJSON *values, const cJSON *actual)
{
	static const char *const prefixes[] = { "", "ForAllValues:", "ForAnyValue:" };
	char text[64];

	for (int i = 0; i < NAIVE_OPERATORS * NAIVE_FORMS; i++) {
		int op = i / NAIVE_FORMS, form = i % NAIVE_FORMS;

		snprintf(text, sizeof text, "%s%s%s", prefixes[form / 2], naive_operators[op],
			form & 1 ? "IfExists" : "");
		if (strcasecmp(text, name) == 0)
			return naive_holds(of, op, form, values, actual);
	}
	abort();
}

static bool naive_conditions(const struct naive_case *of, const cJSON *statement)
{
	const cJSON *context = cJSON_GetObjectItemCaseSensitive(of->request, "context");
	const cJSON *blocks = cJSON_GetObjectItemCaseSensitive(statement, "Condition");

	for (const cJSON *block = blocks ? blocks->child : NULL; block; block = block->next)
		for (const cJSON *key = block->child; key; key = key->next)
			if (!naive_condition(of, block->string, key, cJSON_GetObjectItem(context, key->string)))
				return false;
	return true;
}

/* ---- principals, actions, resources (1.1 to 1.4) ---- */
/* The fifth part of an ARN. */
static void naive_account(char ret[64], const char *arn)
{
	for (int i = 0; i < 4; i++)
		arn = strchr(arn, ':') + 1;
	snprintf(ret, 64, "%.*s", (int)strcspn(arn, ":"), arn);
}

/* May the account as principal match? In an Allow of a resource policy the resource's own account only delegates. */
static bool naive_delegates(const struct naive_case *of, const cJSON *statement, const char *account)
{
	char own[64];

	naive_account(own, naive_member(of->request, "resource"));
	return strcmp(naive_member(statement, "Effect"), "Allow") == 0 && strcmp(of->kind, "endpoint") != 0 &&
	       cJSON_GetObjectItemCaseSensitive(statement, "Principal") && strcmp(account, own) == 0 &&
	       !strstr(naive_member(of->request, "principal"), ":root");
}

static bool naive_is_caller(const struct naive_case *of, const cJSON *statement, const char *principal)
{
	const char *caller = naive_member(of->request, "principal"), *role = naive_member(of->request, "role");
	char account[64], wanted[64] = "";

	if (strcmp(principal, "*") == 0)
		return naive_truth(NAIVE_RULE, true);
	if (strcmp(caller, "anonymous") == 0)
		return naive_truth(NAIVE_RULE, false);
	naive_account(account, caller);
	if (!strchr(principal, ':'))
		snprintf(wanted, sizeof wanted, "%s", principal);
	else if (strlen(principal) > 5 && strcmp(principal + strlen(principal) - 5, ":root") == 0)
		naive_account(wanted, principal);
	if (wanted[0])
		return naive_truth(NAIVE_RULE, strcmp(wanted, account) == 0) &&
		       naive_truth(NAIVE_RULE, !naive_delegates(of, statement, wanted));
	return naive_truth(NAIVE_RULE, strcmp(principal, caller) == 0) ||
	       naive_truth(NAIVE_RULE, role && strcmp(principal, role) == 0);
}

/* The list under `name` or under `not_name`. */
static const cJSON *naive_list(const cJSON *statement, const char *name, const char *not_name, bool *ret_negated)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(statement, name);

	*ret_negated = !list;
	return list ? list : cJSON_GetObjectItemCaseSensitive(statement, not_name);
}

static bool naive_principal(const struct naive_case *of, const cJSON *statement)
{
	bool negated;
	const cJSON *list = naive_list(statement, "Principal", "NotPrincipal", &negated);
	bool listed = cJSON_IsString(list);

	if (strcmp(of->kind, "identity") == 0)
		return true;
	for (const cJSON *type = list->child; type; type = type->next)
		NAIVE_EACH(principal, type)
	listed = (strcmp(type->string, "AWS") == 0 ? naive_is_caller(of, statement, principal->valuestring)
						   : naive_truth(NAIVE_RULE, false)) ||
		 listed;
	return negated ? naive_truth(NAIVE_RULE, !listed) : listed;
}

static bool naive_action(const struct naive_case *of, const cJSON *statement)
{
	const char *action = naive_member(of->request, "action");
	bool listed = false, negated;
	const cJSON *list = naive_list(statement, "Action", "NotAction", &negated);
	struct naive_pattern pattern;

	NAIVE_EACH(text, list)
	{
		naive_expand(&pattern, of, text->valuestring, false);
		if (naive_like(&pattern, 0, pattern.count, action, strlen(action), naive_truth(NAIVE_RULE, true)))
			listed = true;
	}
	return negated ? naive_truth(NAIVE_RULE, !listed) : listed;
}

static bool naive_resource(const struct naive_case *of, const cJSON *statement)
{
	const char *resource = naive_member(of->request, "resource");
	bool listed = false, negated;
	const cJSON *list = naive_list(statement, "Resource", "NotResource", &negated);
	struct naive_pattern pattern;

	NAIVE_EACH(text, list)
	{
		char expanded[NAIVE_TEXT_MAX];
		bool shorthand = strncmp(text->valuestring, "execute-api:/", 13) == 0 &&
				 naive_truth(NAIVE_RULE, strcmp(of->kind, "api") == 0);

		snprintf(expanded, sizeof expanded, "%s%s", shorthand ? of->owner : "",
			text->valuestring + (shorthand ? 12 : 0));
		if (strcmp(expanded, "*") == 0)
			listed = naive_truth(NAIVE_RULE, true) || listed;
		else if (naive_expand(&pattern, of, expanded, true))
			listed = naive_arn(&pattern, resource, true) || listed;
	}
	return negated ? naive_truth(NAIVE_RULE, !listed) : listed;
}

/* ---- the policy (5) ---- */
/* The verdict; `*ret_statement` is the first statement that gives it, or -1. */
static const char *naive_evaluate(const struct naive_case *of, int *ret_statement)
{
	const cJSON *statements = cJSON_GetObjectItemCaseSensitive(of->policy, "Statement");
	int allow = -1, deny = -1, index = -1;

	NAIVE_EACH(statement, statements)
	{
		int *first = strcmp(naive_member(statement, "Effect"), "Deny") == 0 ? &deny : &allow;

		index++;
		if (*first < 0 && naive_principal(of, statement) && naive_action(of, statement) &&
			naive_resource(of, statement) && naive_conditions(of, statement))
			*first = index;
	}
	*ret_statement = deny >= 0 && naive_truth(NAIVE_RULE, true) ? deny : allow;
	return *ret_statement < 0 ? "ImplicitDeny" : *ret_statement == deny ? "ExplicitDeny" : "Allow";
}

#endif
