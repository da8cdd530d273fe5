/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Principal and NotPrincipal: spec/policy.md 1.1. */
#include "policy/compile.h"

#include "policy/text.h"

#define ACCOUNT_DIGITS 12

static const char *name_of(const struct policy_statement *statement)
{
	return statement->not_principal ? "NotPrincipal" : "Principal";
}

static bool is_account(struct policy_text text)
{
	if (text.count != ACCOUNT_DIGITS)
		return false;
	for (size_t i = 0; i < text.count; i++)
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
	return true;
}

/* A bare account id, as the ARN that it stands for. */
static struct policy_text root_arn(struct policy_compile *compile, struct policy_text account)
{
	static const char head[] = "arn:aws:iam::", tail[] = ":root";
	char text[sizeof head + ACCOUNT_DIGITS + sizeof tail];

	memcpy(text, head, sizeof head - 1);
	memcpy(text + sizeof head - 1, account.bytes, ACCOUNT_DIGITS);
	memcpy(text + sizeof head - 1 + ACCOUNT_DIGITS, tail, sizeof tail);
	return policy_arena_copy(compile->arena, policy_text_of(text));
}

/* A value under AWS that is not "*". `ret->text` is set. */
static bool compile_aws(struct policy_compile *compile, const char *member, struct policy_principal *ret,
	const struct policy_json *node)
{
	struct policy_caller caller;

	ret->kind = POLICY_PRINCIPAL_NEVER;
	ret->arn = ret->text;
	if (policy_text_has(ret->text, '*') || policy_text_has(ret->text, '?'))
		return !policy_compile_refuses(compile, POLICY_RULE_WILDCARD_PRINCIPAL, member, node);
	if (is_account(ret->text)) {
		ret->kind = POLICY_PRINCIPAL_ACCOUNT;
		ret->account = ret->text;
		ret->arn = root_arn(compile, ret->text);
		return ret->arn.bytes ? true : policy_compile_no_memory(compile);
	}
	if (policy_caller_parse(&caller, ret->text) || !is_account(caller.account))
		return !policy_compile_refuses(compile, POLICY_RULE_BAD_PRINCIPAL, member, node);
	ret->account = caller.account;
	if (caller.type == POLICY_CALLER_ACCOUNT)
		ret->kind = POLICY_PRINCIPAL_ACCOUNT;
	else
		ret->kind = caller.role_arn.bytes ? POLICY_PRINCIPAL_ROLE : POLICY_PRINCIPAL_ARN;
	return true;
}

/* One member of the object: AWS, Service, Federated or CanonicalUser with its values. */
static bool compile_member(struct policy_compile *compile, struct policy_statement *statement,
	struct policy_principal *principals, const struct policy_json *node)
{
	static const char *const others[] = { "Service", "Federated", "CanonicalUser" };
	bool aws = policy_text_equal(node->name, policy_text_of("AWS")), known = aws;
	const char *member = name_of(statement);
	const struct policy_text *texts;
	const struct policy_json *element;
	uint32_t count;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		known = known || policy_text_equal(node->name, policy_text_of(others[i]));
	if (!known)
		return policy_compile_fail(compile, POLICY_RULE_UNKNOWN_MEMBER, member, node);
	if (!policy_compile_texts(compile, member, node, false, false, &texts, &count))
		return false;
	element = policy_list_first(node);
	for (uint32_t i = 0; i < count; i++, element = policy_list_next(node, element)) {
		struct policy_principal *principal = &principals[statement->principal_count++];

		*principal = (struct policy_principal){ .kind = POLICY_PRINCIPAL_NEVER, .text = texts[i] };
		if (aws && policy_text_equal(texts[i], policy_text_of("*"))) {
			statement->everybody = true;
		} else if (aws) {
			if (!compile_aws(compile, member, principal, element))
				return false;
		} else if ((!texts[i].count || policy_text_has(texts[i], '*')) &&
			   policy_compile_refuses(compile, POLICY_RULE_WILDCARD_PRINCIPAL, member, element)) {
			return false;
		}
	}
	return true;
}

/* The texts of all principals in a row, for explanations. */
static bool keep_texts(struct policy_compile *compile, struct policy_statement *statement)
{
	struct policy_text *texts = policy_arena_take(compile->arena, statement->principal_count, sizeof *texts);

	if (!texts)
		return policy_compile_no_memory(compile);
	for (uint32_t i = 0; i < statement->principal_count; i++)
		texts[i] = statement->principals[i].text;
	statement->principal_texts = texts;
	return true;
}

bool policy_compile_principals(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node)
{
	struct policy_principal *principals;
	size_t count = 1;

	if (node->type != POLICY_JSON_STRING && node->type != POLICY_JSON_OBJECT)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, name_of(statement), node);
	if (node->type == POLICY_JSON_OBJECT)
		for (const struct policy_json *member = node->first; member; member = member->next)
			count += policy_list_count(member);
	principals = policy_arena_take(compile->arena, count, sizeof *principals);
	if (!principals)
		return policy_compile_no_memory(compile);
	statement->principals = principals;
	if (node->type == POLICY_JSON_STRING) {
		principals[0].kind = POLICY_PRINCIPAL_NEVER;
		principals[0].text = policy_arena_copy(compile->arena, node->text);
		if (!principals[0].text.bytes)
			return policy_compile_no_memory(compile);
		statement->principal_count = 1;
		statement->everybody = policy_text_equal(node->text, policy_text_of("*"));
		if (!statement->everybody &&
			policy_compile_refuses(compile, POLICY_RULE_BAD_PRINCIPAL, name_of(statement), node))
			return false;
		return keep_texts(compile, statement);
	}
	if (!node->count && policy_compile_refuses(compile, POLICY_RULE_EMPTY_LIST, name_of(statement), node))
		return false;
	for (const struct policy_json *member = node->first; member; member = member->next)
		if (!compile_member(compile, statement, principals, member))
			return false;
	return keep_texts(compile, statement);
}
