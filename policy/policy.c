/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/compiled.h"
#include "policy/text.h"

struct policy_text policy_text_of(const char *string)
{
	return (struct policy_text){ .bytes = string, .count = string ? strlen(string) : 0 };
}

/* ---- tables ---- */

static const struct {
	const char *name, *text;
} rules[] = {
#define RULE(name, label, save_only, text) { label, text },
#include "policy/rules.def"
#undef RULE
};

static const struct policy_operator_row operators[] = {
#define OPERATOR(name, text, class, relation, negated, variables)                                                      \
	{ text, POLICY_CLASS_##class, POLICY_RELATION_##relation, negated, variables },
#include "policy/operators.def"
#undef OPERATOR
};

static const struct policy_key_row keys[] = {
#define KEY(name, text, type, many, known, presence) { text, POLICY_TYPE_##type, many, known },
#include "policy/keys.def"
#undef KEY
};

const struct policy_operator_row *policy_operator_row(enum policy_operator which)
{
	return &operators[which];
}

const struct policy_key_row *policy_key_row(enum policy_key key)
{
	return &keys[key];
}

const char *policy_key_name(enum policy_key key)
{
	return keys[key].text;
}

int policy_key_find(struct policy_text name)
{
	for (int key = 0; key < POLICY_KEY_COUNT; key++)
		if (policy_text_equal_folded(name, policy_text_of(keys[key].text)))
			return key;
	return -1;
}

const char *policy_rule_name(enum policy_rule rule)
{
	return rules[rule < POLICY_RULE_COUNT ? rule : POLICY_RULE_NONE].name;
}

const char *policy_rule_text(enum policy_rule rule)
{
	return rules[rule < POLICY_RULE_COUNT ? rule : POLICY_RULE_NONE].text;
}

const char *policy_verdict_name(enum policy_verdict verdict)
{
	static const char *const names[] = { [POLICY_IMPLICIT_DENY] = "ImplicitDeny",
		[POLICY_EXPLICIT_DENY] = "ExplicitDeny",
		[POLICY_ALLOW] = "Allow" };

	return names[verdict];
}

/* ---- policies ---- */

size_t policy_statement_count(const struct policy *policy)
{
	return policy->statement_count;
}

struct policy_text policy_statement_sid(const struct policy *policy, size_t statement)
{
	return policy->statements[statement].sid;
}

bool policy_statement_denies(const struct policy *policy, size_t statement)
{
	return policy->statements[statement].denies;
}

enum policy_kind policy_kind_of(const struct policy *policy)
{
	return policy->kind;
}

uint64_t policy_fingerprint(const struct policy *policy)
{
	return policy->fingerprint;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	policy_arena_fini(&policy->arena);
	free(policy);
}

int policy_visit_principals(const struct policy *policy,
	int (*visit)(void *context, size_t statement, struct policy_text arn), void *context)
{
	for (size_t i = 0; i < policy->statement_count; i++) {
		const struct policy_statement *statement = &policy->statements[i];

		for (size_t j = 0; j < statement->principal_count; j++) {
			int result;

			if (statement->principals[j].kind == POLICY_PRINCIPAL_NEVER)
				continue;
			result = visit(context, i, statement->principals[j].arn);
			if (result)
				return result;
		}
	}
	return 0;
}

/* ---- errors ---- */

size_t policy_error_endpoint_message(const struct policy_error *error, char *buffer, size_t buffer_bytes)
{
	return (size_t)snprintf(buffer, buffer_bytes,
		"The Policy Document is not valid. Syntax error at position (%u,%u)", error->line, error->column);
}

size_t policy_error_write(const struct policy_error *error, char *buffer, size_t buffer_bytes)
{
	char statement[32] = "";
	bool named = error->statement >= 0 || error->member[0];

	if (error->statement >= 0)
		snprintf(statement, sizeof statement, "statement %d", error->statement);
	return (size_t)snprintf(buffer, buffer_bytes, "%s%s%s%s%s: %s (%s%s%sline %u, column %u)", statement,
		error->statement >= 0 && error->member[0] ? ", " : "", error->member, named ? ": " : "",
		policy_rule_name(error->rule), policy_rule_text(error->rule), error->value[0] ? "'" : "", error->value,
		error->value[0] ? "', " : "", error->line, error->column);
}

/* ---- requests ---- */

void policy_request_init(struct policy_request *request, struct policy_text resource)
{
	*request = (struct policy_request){ .action = policy_text_of("execute-api:Invoke"), .resource = resource };
}

void policy_request_set(struct policy_request *request, enum policy_key key, struct policy_text value)
{
	request->keys[key] = (struct policy_value){ .text = value };
}

static bool is_present(const struct policy_value *value)
{
	return value->text.bytes || value->list;
}

const struct policy_value *policy_request_find(const struct policy_request *request, struct policy_text name)
{
	int key = policy_key_find(name);

	if (key >= 0)
		return is_present(&request->keys[key]) ? &request->keys[key] : NULL;
	return policy_request_other(request, name);
}

/* The text up to the first '/', and the rest behind it. */
static bool split_name(struct policy_text text, struct policy_text *ret_kind, struct policy_text *ret_name)
{
	const char *slash = text.count ? memchr(text.bytes, '/', text.count) : NULL;

	if (!slash || (size_t)(slash - text.bytes) + 1 == text.count)
		return false;
	*ret_kind = (struct policy_text){ .bytes = text.bytes, .count = (size_t)(slash - text.bytes) };
	*ret_name = policy_text_behind(text, ret_kind->count + 1);
	return true;
}

int policy_caller_parse(struct policy_caller *ret, struct policy_text arn)
{
	static const struct {
		const char *service, *kind;
		enum policy_caller_type type;
	} kinds[] = {
		{ "iam", "user", POLICY_CALLER_USER },
		{ "iam", "role", POLICY_CALLER_ROLE_SESSION },
		{ "sts", "assumed-role", POLICY_CALLER_ROLE_SESSION },
		{ "sts", "federated-user", POLICY_CALLER_FEDERATED_USER },
	};
	struct policy_text parts[POLICY_ARN_PARTS], kind, name;
	struct policy_caller caller = { .arn = arn };

	if (policy_text_equal(arn, policy_text_of("anonymous"))) {
		*ret = (struct policy_caller){ .type = POLICY_CALLER_ANONYMOUS };
		return 0;
	}
	if (!policy_arn_split(parts, arn) || !policy_text_equal(parts[0], policy_text_of("arn")) || !parts[4].count)
		return -EINVAL;
	caller.account = parts[4];
	if (policy_text_equal(parts[5], policy_text_of("root"))) {
		caller.type = POLICY_CALLER_ACCOUNT;
	} else if (split_name(parts[5], &kind, &name)) {
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (policy_text_equal(kind, policy_text_of(kinds[i].kind)) &&
				policy_text_equal(parts[2], policy_text_of(kinds[i].service)))
				caller.type = kinds[i].type;
		if (policy_text_equal(kind, policy_text_of("role")))
			caller.role_arn = arn;
	}
	if (caller.type == POLICY_CALLER_ANONYMOUS)
		return -EINVAL;
	*ret = caller;
	return 0;
}
