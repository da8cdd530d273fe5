/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The document and its statements: spec/policy.md 1. Parts of a statement are in the other parse_ files. */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/text.h"

/* ---- errors ---- */

static bool is_save_only(enum policy_rule rule)
{
	static const bool save_only[] = {
#define RULE(name, label, save_only, text) save_only,
#include "policy/rules.def"
#undef RULE
	};

	return save_only[rule];
}

/* Copy what fits, cut between characters, controls shown as '?'. */
static void copy_shown(char *buffer, size_t buffer_bytes, struct policy_text text)
{
	size_t count = text.count < buffer_bytes - 1 ? text.count : buffer_bytes - 1;

	while (count < text.count && count && ((unsigned char)text.bytes[count] & 0xc0) == 0x80)
		count--;
	for (size_t i = 0; i < count; i++)
		buffer[i] = (unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7f ? '?' : text.bytes[i];
	buffer[count] = '\0';
}

void policy_compile_locate(
	struct policy_compile *compile, enum policy_rule rule, size_t offset, struct policy_text value)
{
	struct policy_error *error = compile->error;

	error->rule = rule;
	error->line = error->column = 1;
	for (size_t i = 0; i < offset && i < compile->text.count; i++) {
		error->column++;
		if (compile->text.bytes[i] == '\n') {
			error->line++;
			error->column = 1;
		}
	}
	copy_shown(error->value, sizeof error->value, value);
}

static void name_member(struct policy_compile *compile, const char *member)
{
	struct policy_text pieces[] = { policy_text_of("Condition"), compile->operator_text, compile->key_text };
	char *out = compile->error->member;
	size_t room = sizeof compile->error->member;

	if (member) {
		copy_shown(out, room, policy_text_of(member));
		return;
	}
	for (size_t i = 0; i < 3 && pieces[i].bytes && room > 1; i++) {
		if (i) {
			*out++ = '.';
			room--;
		}
		copy_shown(out, room, pieces[i]);
		room -= strlen(out);
		out += strlen(out);
	}
}

bool policy_compile_fail(
	struct policy_compile *compile, enum policy_rule rule, const char *member, const struct policy_json *node)
{
	bool about_name = rule == POLICY_RULE_UNKNOWN_MEMBER || rule == POLICY_RULE_UNKNOWN_OPERATOR ||
			  rule == POLICY_RULE_DUPLICATE_OPERATOR || rule == POLICY_RULE_DUPLICATE_KEY ||
			  rule == POLICY_RULE_BAD_KEY;

	policy_compile_locate(
		compile, rule, about_name ? node->name_offset : node->offset, about_name ? node->name : node->text);
	compile->error->statement = compile->statement;
	name_member(compile, member);
	return false;
}

bool policy_compile_refuses(
	struct policy_compile *compile, enum policy_rule rule, const char *member, const struct policy_json *node)
{
	if (compile->options->stored && is_save_only(rule))
		return false;
	policy_compile_fail(compile, rule, member, node);
	return true;
}

bool policy_compile_no_memory(struct policy_compile *compile)
{
	compile->out_of_memory = true;
	return false;
}

/* ---- lists ---- */

const struct policy_json *policy_list_first(const struct policy_json *node)
{
	return node->type == POLICY_JSON_ARRAY ? node->first : node;
}

const struct policy_json *policy_list_next(const struct policy_json *node, const struct policy_json *element)
{
	return node->type == POLICY_JSON_ARRAY ? element->next : NULL;
}

size_t policy_list_count(const struct policy_json *node)
{
	return node->type == POLICY_JSON_ARRAY ? node->count : 1;
}

bool policy_compile_texts(struct policy_compile *compile, const char *member, const struct policy_json *node,
	bool scalars, bool may_be_empty, const struct policy_text **ret, uint32_t *ret_count)
{
	size_t count = policy_list_count(node), at = 0;
	struct policy_text *texts = policy_arena_take(compile->arena, count, sizeof *texts);

	if (!texts)
		return policy_compile_no_memory(compile);
	if (!count && !may_be_empty && policy_compile_refuses(compile, POLICY_RULE_EMPTY_LIST, member, node))
		return false;
	for (const struct policy_json *element = policy_list_first(node); element;
		element = policy_list_next(node, element)) {
		bool scalar = element->type == POLICY_JSON_NUMBER || element->type == POLICY_JSON_BOOLEAN;

		if (element->type != POLICY_JSON_STRING && !(scalars && scalar))
			return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, member, element);
		texts[at] = policy_arena_copy(compile->arena, element->text);
		if (!texts[at].bytes)
			return policy_compile_no_memory(compile);
		at++;
	}
	*ret = texts;
	*ret_count = (uint32_t)count;
	return true;
}

/* ---- statements ---- */

enum member {
	MEMBER_SID,
	MEMBER_EFFECT,
	MEMBER_PRINCIPAL,
	MEMBER_NOT_PRINCIPAL,
	MEMBER_ACTION,
	MEMBER_NOT_ACTION,
	MEMBER_RESOURCE,
	MEMBER_NOT_RESOURCE,
	MEMBER_CONDITION,
	MEMBER_COUNT,
};

static const char *const member_names[MEMBER_COUNT] = { "Sid", "Effect", "Principal", "NotPrincipal", "Action",
	"NotAction", "Resource", "NotResource", "Condition" };

static bool collect_members(
	struct policy_compile *compile, const struct policy_json *node, const struct policy_json *members[MEMBER_COUNT])
{
	if (node->type != POLICY_JSON_OBJECT)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Statement", node);
	for (const struct policy_json *member = node->first; member; member = member->next) {
		size_t i = 0;

		while (i < MEMBER_COUNT && !policy_text_equal(member->name, policy_text_of(member_names[i])))
			i++;
		if (i == MEMBER_COUNT)
			return policy_compile_fail(compile, POLICY_RULE_UNKNOWN_MEMBER, "", member);
		members[i] = member;
	}
	return true;
}

/* Of a member and its Not form one must be there, and not both. */
static bool check_pair(struct policy_compile *compile, const struct policy_json *node,
	const struct policy_json *const members[MEMBER_COUNT], enum member plain)
{
	if (members[plain] && members[plain + 1])
		return policy_compile_fail(
			compile, POLICY_RULE_EXCLUSIVE_MEMBERS, member_names[plain + 1], members[plain + 1]);
	if (!members[plain] && !members[plain + 1])
		return policy_compile_fail(compile, POLICY_RULE_MISSING_MEMBER, member_names[plain], node);
	return true;
}

static bool compile_sid(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node)
{
	if (!node)
		return true;
	if (node->type != POLICY_JSON_STRING)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Sid", node);
	statement->sid = policy_arena_copy(compile->arena, node->text);
	return statement->sid.bytes ? true : policy_compile_no_memory(compile);
}

static bool compile_effect(struct policy_compile *compile, struct policy_statement *statement,
	const struct policy_json *parent, const struct policy_json *node)
{
	if (!node)
		return policy_compile_fail(compile, POLICY_RULE_MISSING_MEMBER, "Effect", parent);
	if (node->type != POLICY_JSON_STRING)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Effect", node);
	statement->denies = policy_text_equal(node->text, policy_text_of("Deny"));
	if (!statement->denies && !policy_text_equal(node->text, policy_text_of("Allow")))
		return policy_compile_fail(compile, POLICY_RULE_BAD_EFFECT, "Effect", node);
	return true;
}

static bool compile_principal(struct policy_compile *compile, struct policy_statement *statement,
	const struct policy_json *node, const struct policy_json *const members[MEMBER_COUNT])
{
	const struct policy_json *plain = members[MEMBER_PRINCIPAL], *negated = members[MEMBER_NOT_PRINCIPAL];

	if (compile->options->kind == POLICY_KIND_IDENTITY) {
		if (!plain && !negated)
			return true;
		return policy_compile_fail(compile, POLICY_RULE_PRINCIPAL_NOT_ALLOWED,
			member_names[plain ? MEMBER_PRINCIPAL : MEMBER_NOT_PRINCIPAL], plain ? plain : negated);
	}
	if (!check_pair(compile, node, members, MEMBER_PRINCIPAL))
		return false;
	statement->has_principal = true;
	statement->not_principal = negated;
	return policy_compile_principals(compile, statement, plain ? plain : negated);
}

static bool compile_statement(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node)
{
	const struct policy_json *members[MEMBER_COUNT] = { 0 };
	const struct policy_json *action, *resource;

	if (!collect_members(compile, node, members) || !compile_sid(compile, statement, members[MEMBER_SID]) ||
		!compile_effect(compile, statement, node, members[MEMBER_EFFECT]) ||
		!compile_principal(compile, statement, node, members) ||
		!check_pair(compile, node, members, MEMBER_ACTION) ||
		!check_pair(compile, node, members, MEMBER_RESOURCE))
		return false;
	action = members[MEMBER_ACTION];
	statement->not_action = !action;
	resource = members[MEMBER_RESOURCE];
	statement->not_resource = !resource;
	return policy_compile_actions(compile, statement, action ? action : members[MEMBER_NOT_ACTION]) &&
	       policy_compile_resources(compile, statement, resource ? resource : members[MEMBER_NOT_RESOURCE]) &&
	       (!members[MEMBER_CONDITION] || policy_compile_conditions(compile, statement, members[MEMBER_CONDITION]));
}

/* ---- the document ---- */

static int compare_sids(const void *left, const void *right)
{
	const struct policy_json *const *a = left, *const *b = right;
	size_t count = (*a)->text.count < (*b)->text.count ? (*a)->text.count : (*b)->text.count;
	int order = memcmp((*a)->text.bytes, (*b)->text.bytes, count);

	if (!order)
		order = ((*a)->text.count > (*b)->text.count) - ((*a)->text.count < (*b)->text.count);
	/* Equal ones in the order of the document, so that the later one is named. */
	return order ? order : ((*a)->offset > (*b)->offset) - ((*a)->offset < (*b)->offset);
}

/* Index of the statement whose Sid stands at `sid`. */
static int statement_of(const struct policy_json *list, const struct policy_json *sid)
{
	int index = 0;

	for (const struct policy_json *node = policy_list_first(list); node;
		node = policy_list_next(list, node), index++)
		if (policy_json_member(node, "Sid") == sid)
			return index;
	return -1;
}

static bool check_sids(struct policy_compile *compile, const struct policy_json *list)
{
	const struct policy_json **sids = calloc(policy_list_count(list), sizeof *sids);
	size_t count = 0;
	bool fine = true;

	if (!sids)
		return policy_compile_no_memory(compile);
	for (const struct policy_json *node = policy_list_first(list); node; node = policy_list_next(list, node)) {
		sids[count] = policy_json_member(node, "Sid");
		if (sids[count] && sids[count]->text.count)
			count++;
	}
	qsort(sids, count, sizeof *sids, compare_sids);
	for (size_t i = 1; i < count && fine; i++) {
		if (!policy_text_equal(sids[i - 1]->text, sids[i]->text))
			continue;
		compile->statement = statement_of(list, sids[i]);
		fine = !policy_compile_refuses(compile, POLICY_RULE_DUPLICATE_SID, "Sid", sids[i]);
	}
	compile->statement = -1;
	free(sids);
	return fine;
}

/* Deny statements first, each kind as written. */
static bool order_statements(struct policy_compile *compile, struct policy *policy)
{
	uint32_t *order = policy_arena_take(compile->arena, policy->statement_count, sizeof *order);
	uint32_t count = 0;

	if (!order)
		return policy_compile_no_memory(compile);
	for (int denies = 1; denies >= 0; denies--) {
		for (uint32_t i = 0; i < policy->statement_count; i++)
			if (policy->statements[i].denies == (denies == 1))
				order[count++] = i;
		if (denies)
			policy->deny_count = count;
	}
	policy->order = order;
	return true;
}

static bool compile_statements(struct policy_compile *compile, struct policy *policy, const struct policy_json *list)
{
	size_t count = policy_list_count(list);
	struct policy_statement *statements;

	if (list->type != POLICY_JSON_ARRAY && list->type != POLICY_JSON_OBJECT)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Statement", list);
	if (count > POLICY_STATEMENTS_MAX)
		return policy_compile_fail(compile, POLICY_RULE_TOO_MANY_STATEMENTS, "Statement", list);
	if (!count && policy_compile_refuses(compile, POLICY_RULE_EMPTY_LIST, "Statement", list))
		return false;
	statements = policy_arena_take(compile->arena, count, sizeof *statements);
	if (!statements)
		return policy_compile_no_memory(compile);
	compile->statement = 0;
	for (const struct policy_json *node = policy_list_first(list); node; node = policy_list_next(list, node)) {
		if (!compile_statement(compile, &statements[compile->statement], node))
			return false;
		compile->statement++;
	}
	compile->statement = -1;
	policy->statements = statements;
	policy->statement_count = (uint32_t)count;
	return check_sids(compile, list) && order_statements(compile, policy);
}

static bool compile_version(struct policy_compile *compile, const struct policy_json *node)
{
	if (!node)
		return true;
	if (node->type != POLICY_JSON_STRING)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Version", node);
	compile->variables = policy_text_equal(node->text, policy_text_of("2012-10-17"));
	if (!compile->variables && !policy_text_equal(node->text, policy_text_of("2008-10-17")))
		return policy_compile_fail(compile, POLICY_RULE_BAD_VERSION, "Version", node);
	return true;
}

static bool check_id(struct policy_compile *compile, const struct policy_json *node)
{
	if (!node)
		return true;
	if (node->type != POLICY_JSON_STRING)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "Id", node);
	return compile->options->kind != POLICY_KIND_IDENTITY ||
	       !policy_compile_refuses(compile, POLICY_RULE_ID_NOT_ALLOWED, "Id", node);
}

/* Move the shared heads from the heap, where they grew, to their place beside the statements. */
static bool keep_heads(struct policy_compile *compile, struct policy *policy)
{
	struct policy_arn_head *heads = policy_arena_take(compile->arena, compile->head_count, sizeof *heads);

	if (!heads)
		return policy_compile_no_memory(compile);
	if (compile->head_count)
		memcpy(heads, compile->heads, compile->head_count * sizeof *heads);
	policy->heads = heads;
	policy->head_count = compile->head_count;
	return true;
}

static bool compile_root(struct policy_compile *compile, struct policy *policy, const struct policy_json *root)
{
	const struct policy_json *version = NULL, *id = NULL, *list = NULL;

	if (root->type != POLICY_JSON_OBJECT)
		return policy_compile_fail(compile, POLICY_RULE_WRONG_TYPE, "", root);
	for (const struct policy_json *member = root->first; member; member = member->next) {
		if (policy_text_equal(member->name, policy_text_of("Version")))
			version = member;
		else if (policy_text_equal(member->name, policy_text_of("Id")))
			id = member;
		else if (policy_text_equal(member->name, policy_text_of("Statement")))
			list = member;
		else
			return policy_compile_fail(compile, POLICY_RULE_UNKNOWN_MEMBER, "", member);
	}
	if (!list)
		return policy_compile_fail(compile, POLICY_RULE_MISSING_MEMBER, "Statement", root);
	if (!compile_version(compile, version) || !check_id(compile, id) ||
		!compile_statements(compile, policy, list) || !keep_heads(compile, policy))
		return false;
	policy->kind = compile->options->kind;
	policy->variables = compile->variables;
	if (policy_normal_length(root, compile->options) > policy_options_max_bytes(compile->options) &&
		policy_compile_refuses(compile, POLICY_RULE_TOO_LARGE, "", root))
		return false;
	return true;
}

size_t policy_options_max_bytes(const struct policy_options *options)
{
	return options->max_bytes ? options->max_bytes : POLICY_DEFAULT_MAX_BYTES;
}

/* Source: Fowler, Noll, Vo, "FNV-1a". */
static uint64_t fingerprint_of(struct policy_text text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.count; i++)
		hash = (hash ^ (unsigned char)text.bytes[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

int policy_compile_document(struct policy **ret, struct policy_json **ret_document, struct policy_text text,
	const struct policy_options *options, struct policy_error *error)
{
	struct policy_error unused;
	struct policy_compile compile = {
		.options = options, .text = text, .error = error ? error : &unused, .statement = -1
	};
	struct policy *policy = NULL;
	struct policy_json *document;
	enum policy_rule rule;
	size_t offset;
	int err;

	*compile.error = (struct policy_error){ .statement = -1 };
	err = policy_json_read(&document, text, &rule, &offset);
	if (err) {
		if (err == -EINVAL)
			policy_compile_locate(&compile, rule, offset, (struct policy_text){ 0 });
		return err;
	}
	policy = calloc(1, sizeof *policy);
	err = -ENOMEM;
	if (!policy)
		goto out;
	compile.arena = &policy->arena;
	if (compile_root(&compile, policy, document)) {
		policy->fingerprint = fingerprint_of(text);
		*ret = policy;
		*ret_document = document;
		policy = NULL;
		document = NULL;
		err = 0;
	} else if (!compile.out_of_memory) {
		err = -EINVAL;
	}
out:
	free(compile.heads);
	policy_free(policy);
	free(document);
	return err;
}

int policy_parse(struct policy **ret, const char *text, size_t text_bytes, const struct policy_options *options,
	struct policy_error *error)
{
	struct policy_json *document;
	int err = policy_compile_document(
		ret, &document, (struct policy_text){ .bytes = text, .count = text_bytes }, options, error);

	if (!err)
		free(document);
	return err;
}
