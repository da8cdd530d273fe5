/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/compile.h"
#include "policy/cover.h"
#include "policy/text.h"

static const struct lint_row rows[] = {
#define LINT(name, code, severity, text, documentation) { code, LINT_SEVERITY_##severity, text, documentation },
#include "policy/lints.def"
#undef LINT
};

const struct lint_row *lint_row(enum lint_code code)
{
	return &rows[code];
}

const char *lint_severity_name(enum lint_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

struct lint {
	struct policy_text text;
	const struct lint_options *options;
	lint_visit *visit;
	void *context;
	const struct policy *policy;
	const struct policy_json *document;
	bool has_owner; /* of the caller: else the shorthand stands for an API that nothing else names */
	bool *never;    /* statements that are known to match nothing */
	bool *denied;   /* Allow statements that a Deny is known to cover */
	bool out_of_memory;
};

/* ---- places ---- */

static const struct policy_json *member_of(const struct policy_json *object, struct policy_text name)
{
	if (object && object->type == POLICY_JSON_OBJECT)
		for (const struct policy_json *member = object->first; member; member = member->next)
			if (policy_text_equal(member->name, name))
				return member;
	return NULL;
}

static const struct policy_json *element_at(const struct policy_json *list, uint32_t index)
{
	const struct policy_json *element = list ? policy_list_first(list) : NULL;

	while (element && index--)
		element = policy_list_next(list, element);
	return element;
}

static const struct policy_json *statement_node(const struct lint *lint, int statement)
{
	return element_at(member_of(lint->document, policy_text_of("Statement")), (uint32_t)statement);
}

/* As it may be shown on one line. */
static void copy_shown(char *buffer, size_t buffer_bytes, struct policy_text text)
{
	size_t count = text.count < buffer_bytes ? text.count : buffer_bytes - 1;

	for (size_t i = 0; i < count; i++)
		buffer[i] = (unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7f ? '?' : text.bytes[i];
	buffer[count] = '\0';
}

static void set_place(const struct lint *lint, struct lint_finding *finding, const struct policy_json *node)
{
	finding->line = finding->column = 1;
	for (size_t i = 0; node && i < node->offset && i < lint->text.count; i++) {
		finding->column++;
		if (lint->text.bytes[i] == '\n') {
			finding->line++;
			finding->column = 1;
		}
	}
	if (node && node->type != POLICY_JSON_ARRAY && node->type != POLICY_JSON_OBJECT)
		copy_shown(finding->value, sizeof finding->value, node->text);
}

/* A finding on element `index` of a member of a statement; `member` NULL means the whole statement. */
static void report(struct lint *lint, enum lint_code code, int statement, const char *member, uint32_t index, int other)
{
	struct lint_finding finding = { .code = code, .statement = statement, .other = other };
	const struct policy_json *node = statement < 0 ? lint->document : statement_node(lint, statement);

	if (member) {
		snprintf(finding.member, sizeof finding.member, "%s", member);
		node = member_of(node, policy_text_of(member));
		/* The values of principals stand under their type: the member as a whole is named. */
		if (strcmp(member, "Principal") != 0 && strcmp(member, "NotPrincipal") != 0)
			node = element_at(node, index);
	}
	set_place(lint, &finding, node);
	lint->visit(lint->context, &finding);
}

static void report_condition(
	struct lint *lint, enum lint_code code, int statement, const struct policy_condition *condition, uint32_t index)
{
	struct lint_finding finding = { .code = code, .statement = statement, .other = -1 };
	const struct policy_json *node = member_of(statement_node(lint, statement), policy_text_of("Condition"));
	struct policy_text name = { finding.member, 0 };

	name.count = (size_t)snprintf(finding.member, sizeof finding.member, "Condition.%.*s.%.*s",
		POLICY_TEXT_ARG(condition->operator_text), POLICY_TEXT_ARG(condition->key_text));
	if (name.count >= sizeof finding.member)
		name.count = sizeof finding.member - 1;
	copy_shown(finding.member, name.count + 1, name);
	node = member_of(member_of(node, condition->operator_text), condition->key_text);
	set_place(lint, &finding, element_at(node, index));
	lint->visit(lint->context, &finding);
}

/* Are all calls made through an endpoint? */
static bool is_private(const struct lint *lint)
{
	return (!lint->options->public_api && lint->policy->kind != POLICY_KIND_IDENTITY &&
		       lint->policy->kind != POLICY_KIND_MANAGEMENT) ||
	       lint->policy->kind == POLICY_KIND_ENDPOINT;
}

/* ---- one statement: principal, action ---- */

static const struct policy_statement *statement_at(const struct lint *lint, int index)
{
	return &lint->policy->statements[index];
}

static void never(struct lint *lint, int index, const char *member)
{
	lint->never[index] = true;
	report(lint, LINT_NEVER_MATCHES, index, member, 0, -1);
}

/* Can the session (the parts of its ARN) be one of the role? A session's ARN has no path. */
static bool is_role_of(struct policy_text role, const struct policy_text session[POLICY_ARN_PARTS])
{
	static const char begin[] = "assumed-role/";
	struct policy_text parts[POLICY_ARN_PARTS], name;
	const char *slash;

	if (!policy_text_starts(session[5], begin) || !policy_arn_split(parts, role) ||
		!policy_text_equal(parts[4], session[4]))
		return false;
	name = policy_text_behind(session[5], sizeof begin - 1);
	slash = name.count ? memchr(name.bytes, '/', name.count) : NULL;
	if (slash)
		name.count = (size_t)(slash - name.bytes);
	return parts[5].count > name.count && parts[5].bytes[parts[5].count - name.count - 1] == '/' &&
	       policy_text_equal(policy_text_behind(parts[5], parts[5].count - name.count), name);
}

/* Does the list name the account's root besides this principal, and a session's role? */
static bool is_complete(const struct policy_statement *statement, const struct policy_principal *principal)
{
	struct policy_text parts[POLICY_ARN_PARTS];
	bool account = false, role = false;

	if (principal->kind != POLICY_PRINCIPAL_ARN && principal->kind != POLICY_PRINCIPAL_ROLE)
		return true;
	if (!policy_arn_split(parts, principal->arn))
		return true;
	for (uint32_t i = 0; i < statement->principal_count; i++) {
		const struct policy_principal *other = &statement->principals[i];

		if (other->kind == POLICY_PRINCIPAL_ACCOUNT && policy_text_equal(other->account, parts[4]))
			account = true;
		if (other->kind == POLICY_PRINCIPAL_ROLE && is_role_of(other->arn, parts))
			role = true;
	}
	return account && (role || !policy_text_starts(parts[5], "assumed-role/"));
}

static void check_principal(struct lint *lint, int index)
{
	const struct policy_statement *statement = statement_at(lint, index);
	bool possible = false;

	if (!statement->has_principal)
		return;
	if (statement->not_principal) {
		if (statement->everybody) {
			never(lint, index, "NotPrincipal");
			return;
		}
		if (!statement->denies) {
			report(lint, LINT_NOT_PRINCIPAL_ALLOW, index, "NotPrincipal", 0, -1);
			return;
		}
		for (uint32_t i = 0; i < statement->principal_count; i++) {
			if (!is_complete(statement, &statement->principals[i])) {
				report(lint, LINT_NOT_PRINCIPAL_DENY, index, "NotPrincipal", 0, -1);
				return;
			}
		}
		return;
	}
	for (uint32_t i = 0; i < statement->principal_count; i++)
		possible = possible || statement->principals[i].kind != POLICY_PRINCIPAL_NEVER;
	if (!statement->everybody && !possible)
		never(lint, index, "Principal");
}

/* Policies of identities and of management are asked for other services' actions too. */
static bool is_invoked(const struct lint *lint)
{
	return lint->policy->kind != POLICY_KIND_IDENTITY && lint->policy->kind != POLICY_KIND_MANAGEMENT;
}

static void check_action(struct lint *lint, int index)
{
	const struct policy_statement *statement = statement_at(lint, index);
	const unsigned all = (1u << POLICY_ACTION_COUNT) - 1;
	unsigned bits = statement->action_bits ^ (statement->not_action ? all : 0);

	if (!bits && is_invoked(lint))
		never(lint, index, statement->not_action ? "NotAction" : "Action");
}

/* ---- resource ---- */

/* An ARN of execute-api without wildcard that has no part for stage, method and path. */
static bool is_bare(const struct lint *lint, const struct policy_resource *resource)
{
	const struct policy_arn_head *head = &lint->policy->heads[resource->head];
	struct policy_text tail = resource->tail.literal;
	size_t slashes = 0;

	if (resource->tail.shape != WILDCARD_EXACT || policy_text_starts(tail, "/domainnames/"))
		return false;
	if (!wildcard_match(&head->parts[2], policy_text_of("execute-api"), NULL))
		return false;
	for (size_t i = 0; i < tail.count; i++)
		slashes += tail.bytes[i] == '/';
	return slashes < 3;
}

/* No ARN of the owner matches: another head, or a literal start that is not {id}/. */
static bool is_of_another(const struct lint *lint, const struct policy_resource *resource)
{
	struct policy_text parts[POLICY_ARN_PARTS], literal = resource->tail.literal;
	size_t count = 0;

	if (!lint->has_owner || lint->policy->kind != POLICY_KIND_API ||
		!policy_arn_split(parts, lint->options->policy.owner_arn))
		return false;
	if (!policy_arn_head_match(&lint->policy->heads[resource->head], parts))
		return true;
	while (count < literal.count && count < parts[5].count && literal.bytes[count] == parts[5].bytes[count])
		count++;
	if (count == parts[5].count)
		return count < literal.count && literal.bytes[count] != '/';
	return count < literal.count;
}

/* {id}/{stage}/get/…: the third part is a method in lower case, and nothing before its end is a wildcard. */
static bool has_method_in_lower_case(const struct policy_resource *resource)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS" };
	struct policy_text literal = resource->tail.literal, parts[3];

	for (size_t i = 0; i < 3; i++) {
		const char *slash = literal.count ? memchr(literal.bytes, '/', literal.count) : NULL;

		if (!slash)
			return false;
		parts[i] = (struct policy_text){ literal.bytes, (size_t)(slash - literal.bytes) };
		literal = policy_text_behind(literal, parts[i].count + 1);
	}
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (policy_text_equal_folded(parts[2], policy_text_of(methods[i])))
			return parts[0].count && !policy_text_equal(parts[2], policy_text_of(methods[i]));
	return false;
}

/* What is wrong with one pattern, so that it matches nothing; LINT_CODE_COUNT if nothing is. */
static enum lint_code judge_resource(const struct lint *lint, const struct policy_resource *resource)
{
	if (resource->any)
		return LINT_CODE_COUNT;
	if (!resource->usable)
		return policy_text_starts(resource->text, "execute-api:/") ? LINT_CODE_COUNT : LINT_NEVER_MATCHES;
	if (!is_invoked(lint))
		return LINT_CODE_COUNT;
	if (is_bare(lint, resource))
		return LINT_BARE_ARN;
	if (is_of_another(lint, resource))
		return LINT_OTHER_API;
	return has_method_in_lower_case(resource) ? LINT_METHOD_CASE : LINT_CODE_COUNT;
}

static void check_resource(struct lint *lint, int index)
{
	const struct policy_statement *statement = statement_at(lint, index);
	const char *member = statement->not_resource ? "NotResource" : "Resource";
	uint32_t bad_count = 0;
	bool any = false;

	for (uint32_t i = 0; i < statement->resource_count; i++) {
		enum lint_code code = judge_resource(lint, &statement->resources[i]);

		any = any || statement->resources[i].any;
		if (code == LINT_CODE_COUNT)
			continue;
		bad_count++;
		report(lint, code, index, member, i, -1);
	}
	if (statement->not_resource && any)
		never(lint, index, member);
	if (!statement->not_resource && bad_count == statement->resource_count)
		lint->never[index] = true;
}

/* ---- conditions ---- */

/* 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16: does the CIDR lie within one of them? */
static bool is_private_range(struct policy_text text)
{
	static const struct policy_range_v4 ranges[] = {
		{ 0x0a000000, 0x0affffff },
		{ 0xac100000, 0xac1fffff },
		{ 0xc0a80000, 0xc0a8ffff },
	};
	struct policy_address first, last;

	if (!policy_cidr_parse(&first, &last, text) || first.v6)
		return false;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (first.number >= ranges[i].first && last.number <= ranges[i].last)
			return true;
	return false;
}

static void check_source_ip(struct lint *lint, int index, const struct policy_condition *condition)
{
	if (condition->key != POLICY_KEY_SOURCE_IP)
		return;
	/* Null on the key asks whether the call is private, and is right. */
	if (is_private(lint) && condition->value_class != POLICY_CLASS_NULL)
		report_condition(lint, LINT_SOURCE_IP_PRIVATE, index, condition, 0);
	for (uint32_t i = 0; i < condition->text_count && condition->value_class == POLICY_CLASS_ADDRESS; i++)
		if (is_private_range(condition->texts[i]))
			report_condition(lint, LINT_SOURCE_IP_RANGE, index, condition, i);
}

static void check_values(struct lint *lint, int index, const struct policy_condition *condition)
{
	static const char tag[] = "aws:principaltag/";
	struct policy_text start = condition->key_text;

	for (uint32_t i = 0; i < condition->text_count; i++) {
		bool text =
			condition->value_class == POLICY_CLASS_STRING || condition->value_class == POLICY_CLASS_FOLDED;

		if (text && !condition->has_variable && !policy_text_has(condition->texts[i], '$') &&
			(policy_text_has(condition->texts[i], '*') || policy_text_has(condition->texts[i], '?')) &&
			condition->key != POLICY_KEY_REFERER && condition->key != POLICY_KEY_USER_AGENT)
			report_condition(lint, LINT_LITERAL_WILDCARD, index, condition, i);
		if (!lint->policy->variables && policy_operator_row(condition->which)->variables &&
			wildcard_has_variable(condition->texts[i], WILDCARD_VARIABLES))
			report_condition(lint, LINT_OLD_VERSION, index, condition, i);
	}
	start.count = start.count < sizeof tag - 1 ? start.count : sizeof tag - 1;
	if (is_invoked(lint) && condition->key < 0 && !policy_text_equal_folded(start, policy_text_of(tag)))
		report_condition(lint, LINT_UNKNOWN_KEY, index, condition, 0);
}

static void check_conditions(struct lint *lint, int index)
{
	const struct policy_statement *statement = statement_at(lint, index);
	int impossible = cover_impossible_condition(lint->policy, statement, &lint->out_of_memory);

	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		check_source_ip(lint, index, condition);
		check_values(lint, index, condition);
		if (!is_invoked(lint) || cover_constant(lint->policy, condition, is_private(lint)) != COVER_FALSE)
			continue;
		lint->never[index] = true;
		/* PL002 says it of aws:SourceIp. */
		if ((int)i != impossible &&
			(condition->key != POLICY_KEY_SOURCE_IP || condition->value_class == POLICY_CLASS_NULL))
			report_condition(lint, LINT_NEVER_MATCHES, index, condition, 0);
	}
	if (impossible < 0)
		return;
	lint->never[index] = true;
	report_condition(lint, LINT_NEVER_MATCHES, index, &statement->conditions[impossible], 0);
}

static void check_version(struct lint *lint, int index)
{
	const struct policy_statement *statement = statement_at(lint, index);

	for (uint32_t i = 0; i < statement->resource_count && !lint->policy->variables; i++)
		if (wildcard_has_variable(statement->resource_texts[i], WILDCARD_VARIABLES))
			report(lint, LINT_OLD_VERSION, index, statement->not_resource ? "NotResource" : "Resource", i,
				-1);
}

/* ---- statements against each other ---- */

/* The first statement that covers the `index`th, with this effect; -1 if none is sure to. */
static int find_cover(const struct lint *lint, int index, int count, bool denies)
{
	const struct policy *policy = lint->policy;
	const struct policy_statement *statement = statement_at(lint, index);

	for (int i = 0; i < count; i++) {
		const struct policy_statement *other = statement_at(lint, i);

		if (i == index || lint->never[i] || other->denies != denies ||
			!cover_includes(policy, other, statement, is_private(lint)))
			continue;
		/* Of two that mean the same the later one is superfluous. */
		if (i < index || denies != statement->denies ||
			!cover_includes(policy, statement, other, is_private(lint)))
			return i;
	}
	return -1;
}

static void check_covers(struct lint *lint)
{
	int count = (int)lint->policy->statement_count;
	int compared = count < LINT_COMPARED_MAX ? count : LINT_COMPARED_MAX;

	for (int i = 0; i < compared; i++) {
		const struct policy_statement *statement = statement_at(lint, i);
		int denied = -1, shadowed;

		if (lint->never[i])
			continue;
		if (!statement->denies)
			denied = find_cover(lint, i, compared, true);
		shadowed = denied < 0 ? find_cover(lint, i, compared, statement->denies) : -1;
		lint->denied[i] = denied >= 0;
		if (denied >= 0)
			report(lint, LINT_DENIED, i, NULL, 0, denied);
		if (shadowed >= 0)
			report(lint, LINT_SHADOWED, i, NULL, 0, shadowed);
	}
	if (compared < count)
		report(lint, LINT_LIMIT, -1, NULL, 0, -1);
}

/* ---- the document ---- */

static bool names_endpoint(const struct policy_statement *statement)
{
	for (uint32_t i = 0; i < statement->condition_count; i++)
		if (statement->conditions[i].key == POLICY_KEY_SOURCE_VPCE ||
			statement->conditions[i].key == POLICY_KEY_SOURCE_VPC)
			return true;
	return false;
}

/* Does a Deny that asks for the endpoint meet all that the Allow gives, be it piece by piece? */
static bool is_guarded(const struct lint *lint, const struct policy_statement *allow)
{
	for (uint32_t i = 0; i < allow->resource_count; i++) {
		bool guarded = false;

		for (int j = 0; j < (int)lint->policy->statement_count && !guarded; j++) {
			const struct policy_statement *deny = statement_at(lint, j);

			guarded = deny->denies && !lint->never[j] && names_endpoint(deny) &&
				  cover_reaches(lint->policy, deny, allow, i);
		}
		if (!guarded)
			return false;
	}
	return true;
}

/* Is there an Allow that may matter, and does one let everybody in through any endpoint? */
static void check_reach(struct lint *lint)
{
	bool allowed = false;

	for (int i = 0; i < (int)lint->policy->statement_count; i++) {
		const struct policy_statement *statement = statement_at(lint, i);

		if (statement->denies || lint->never[i])
			continue;
		allowed = true;
		if (lint->policy->kind != POLICY_KIND_ENDPOINT && is_private(lint) && !lint->denied[i] &&
			statement->everybody && !statement->not_principal && !names_endpoint(statement) &&
			!is_guarded(lint, statement))
			report(lint, LINT_ANY_ENDPOINT, i, NULL, 0, -1);
	}
	if (!allowed && is_invoked(lint))
		report(lint, LINT_NOTHING_ALLOWED, -1, NULL, 0, -1);
}

static void check_all(struct lint *lint)
{
	for (int i = 0; i < (int)lint->policy->statement_count; i++) {
		check_principal(lint, i);
		check_action(lint, i);
		check_resource(lint, i);
		check_version(lint, i);
		check_conditions(lint, i);
	}
	check_covers(lint);
	check_reach(lint);
}

/* What saving would refuse. Returns 0, or -ENOMEM. */
static int check_save(struct lint *lint, const struct policy_options *options)
{
	struct lint_finding finding = { .code = LINT_SAVE, .other = -1 };
	struct policy_error error;
	struct policy *policy;
	int err = policy_parse(&policy, lint->text.bytes, lint->text.count, options, &error);

	if (!err)
		policy_free(policy);
	if (err != -EINVAL)
		return err;
	finding.rule = error.rule;
	finding.statement = error.statement;
	finding.line = error.line;
	finding.column = error.column;
	memcpy(finding.member, error.member, sizeof finding.member);
	memcpy(finding.value, error.value, sizeof finding.value);
	lint->visit(lint->context, &finding);
	return 0;
}

int lint_policy(
	const char *text, size_t text_bytes, const struct lint_options *options, lint_visit *visit, void *context)
{
	/* Owners that no ARN names, so that shorthands compare with each other. */
	static const char no_api[] = "arn:aws:execute-api:nowhere:000000000000:nobody";
	static const char no_domain[] = "arn:aws:execute-api:nowhere:000000000000:/domainnames/nobody+nobody";
	struct lint lint = { .text = { text, text_bytes },
		.options = options,
		.visit = visit,
		.context = context,
		.has_owner = options->policy.owner_arn.bytes };
	struct policy_options stored = options->policy;
	struct policy_json *document;
	struct policy *policy;
	int err = check_save(&lint, &options->policy);

	if (err)
		return err;
	stored.stored = true;
	if (!lint.has_owner)
		stored.owner_arn = policy_text_of(stored.kind == POLICY_KIND_DOMAIN ? no_domain : no_api);
	err = policy_compile_document(&policy, &document, lint.text, &stored, NULL);
	if (err)
		return err == -ENOMEM ? err : 0;
	lint.policy = policy;
	lint.document = document;
	lint.never = calloc(policy->statement_count + 1u, sizeof *lint.never);
	lint.denied = calloc(policy->statement_count + 1u, sizeof *lint.denied);
	if (lint.never && lint.denied)
		check_all(&lint);
	if (!lint.never || !lint.denied || lint.out_of_memory)
		err = -ENOMEM;
	free(lint.never);
	free(lint.denied);
	free(document);
	policy_free(policy);
	return err;
}
